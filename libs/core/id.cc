#include "libs/core/id.h"

#include <algorithm>

namespace ttx {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr size_t kUlidLength = 26;
constexpr size_t kMaxIdLength = 64;

}  // namespace

std::string IdSource::Next(Time now) {
  const std::string random = RandomBytes(10);
  TTX_CHECK(random.size() == 10, "an id source must give the bytes asked for");
  unsigned __int128 bits = static_cast<uint64_t>(now.ns / 1'000'000) & 0xFFFF'FFFF'FFFFULL;
  for (const char byte : random) bits = (bits << 8) | static_cast<uint8_t>(byte);
  std::string text(kUlidLength, '0');
  for (size_t i = kUlidLength; i-- > 0; bits >>= 5) text[i] = kAlphabet[static_cast<size_t>(bits & 31)];
  return text;
}

bool IsUlid(std::string_view text) {
  return text.size() == kUlidLength && text[0] <= '7' &&
         std::all_of(text.begin(), text.end(), [](char c) { return kAlphabet.find(c) != kAlphabet.npos; });
}

Result<std::string> ParseName(std::string_view name, std::string_view collection, std::string_view field) {
  const size_t prefix = collection.size() + 1;
  if (name.size() > prefix && name.starts_with(collection) && name[collection.size()] == '/') {
    const std::string_view id = name.substr(prefix);
    const bool valid = id.size() <= kMaxIdLength && std::all_of(id.begin(), id.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
    if (valid) return std::string(id);
  }
  return InvalidField(std::string(field), name.empty() ? Reason::kREQUIRED : Reason::kBAD_FORMAT,
                      std::string(collection) + "/{id}");
}

}  // namespace ttx
