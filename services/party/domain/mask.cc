#include "services/party/domain/mask.h"

#include <vector>

namespace ttx::party {
namespace {

// The code points of text that was checked to be UTF-8 when it came in.
std::vector<std::string_view> Characters(std::string_view utf8) {
  std::vector<std::string_view> characters;
  for (size_t begin = 0; begin < utf8.size();) {
    size_t end = begin + 1;
    while (end < utf8.size() && (static_cast<unsigned char>(utf8[end]) & 0xC0) == 0x80) ++end;
    characters.push_back(utf8.substr(begin, end - begin));
    begin = end;
  }
  return characters;
}

}  // namespace

std::string MaskName(std::string_view utf8) {
  const std::vector<std::string_view> characters = Characters(utf8);
  if (characters.empty()) return "";
  if (characters.size() == 1) return "*";
  std::string masked = std::string(characters.front()) + "*";
  if (characters.size() > 2) masked += characters.back();
  return masked;
}

std::string MaskAccount(std::string_view number) {
  if (number.empty()) return "";
  return "****" + std::string(number.size() > 4 ? number.substr(number.size() - 4) : "");
}

}  // namespace ttx::party
