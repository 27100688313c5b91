#include "libs/storage/codec.h"

#include "libs/core/check.h"

namespace ttx::storage {

void AppendU64(std::string& out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

void AppendBytes(std::string& out, std::string_view bytes) {
  AppendU64(out, bytes.size());
  out += bytes;
}

std::optional<uint64_t> TakeU64(std::string_view& in) {
  if (in.size() < 8) return std::nullopt;
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = (value << 8) | static_cast<uint8_t>(in[static_cast<size_t>(i)]);
  in.remove_prefix(8);
  return value;
}

std::optional<std::string_view> TakeBytes(std::string_view& in) {
  const std::optional<uint64_t> size = TakeU64(in);
  if (!size || *size > in.size()) return std::nullopt;
  const std::string_view bytes = in.substr(0, *size);
  in.remove_prefix(*size);
  return bytes;
}

Key& Key::U64(uint64_t value) & {
  AppendU64(bytes_, value);
  return *this;
}

Key& Key::Text(std::string_view text) & {
  TTX_CHECK(text.find('\0') == text.npos, "a key text holds a zero byte");
  bytes_ += text;
  bytes_ += '\0';
  return *this;
}

KeyReader::KeyReader(std::string_view key, uint8_t table) : rest_(key) {
  TTX_CHECK(!rest_.empty() && static_cast<uint8_t>(rest_[0]) == table, "key of another table");
  rest_.remove_prefix(1);
}

uint64_t KeyReader::U64() {
  const std::optional<uint64_t> value = TakeU64(rest_);
  TTX_CHECK(value.has_value(), "key too short");
  return *value;
}

std::string KeyReader::Text() {
  const size_t end = rest_.find('\0');
  TTX_CHECK(end != rest_.npos, "key text without end");
  std::string text(rest_.substr(0, end));
  rest_.remove_prefix(end + 1);
  return text;
}

}  // namespace ttx::storage
