#include "libs/core/canonical_json.h"

namespace ttx {
namespace {

void AppendEscaped(std::string& out, char c) {
  constexpr std::string_view kPlain = "\b\t\n\f\r\"\\";
  constexpr std::string_view kLetter = "btnfr\"\\";
  constexpr std::string_view kHex = "0123456789abcdef";
  const unsigned char byte = static_cast<unsigned char>(c);
  if (const size_t at = kPlain.find(c); at != std::string_view::npos) {
    out += '\\';
    out += kLetter[at];
  } else if (byte < 0x20) {
    out += "\\u00";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  } else {
    out += c;
  }
}

}  // namespace

std::string JsonText(std::string_view utf8) {
  std::string out = "\"";
  for (const char c : utf8) AppendEscaped(out, c);
  return out + "\"";
}

std::string JsonArray(const std::vector<std::string>& elements) {
  std::string out = "[";
  for (const std::string& element : elements) {
    if (out.size() > 1) out += ',';
    out += element;
  }
  return out + "]";
}

std::string JsonObject(const std::map<std::string, std::string>& members) {
  std::string out = "{";
  for (const auto& [name, value] : members) {
    if (out.size() > 1) out += ',';
    out += JsonText(name);
    out += ':';
    out += value;
  }
  return out + "}";
}

}  // namespace ttx
