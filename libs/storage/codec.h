#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ttx::storage {

/// Builds a key: one byte of table id, then fields whose byte order is their order. A text field ends with a zero
/// byte, so texts must not hold one (libs/core/text.h refuses it at the door).
class Key {
 public:
  explicit Key(uint8_t table) : bytes_(1, static_cast<char>(table)) {}
  Key& U64(uint64_t value) &;
  Key& I64(int64_t value) & { return U64(static_cast<uint64_t>(value) ^ (uint64_t{1} << 63)); }
  Key& Text(std::string_view text) &;
  Key&& U64(uint64_t value) && { return std::move(U64(value)); }
  Key&& I64(int64_t value) && { return std::move(I64(value)); }
  Key&& Text(std::string_view text) && { return std::move(Text(text)); }
  const std::string& str() const& { return bytes_; }
  std::string str() && { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads back what Key wrote. Reading past the end or a wrong table stops the process: keys are our own.
class KeyReader {
 public:
  KeyReader(std::string_view key, uint8_t table);
  uint64_t U64();
  int64_t I64() { return static_cast<int64_t>(U64() ^ (uint64_t{1} << 63)); }
  std::string Text();

 private:
  std::string_view rest_;
};

/// Length-prefixed fields for the shell's own records (stored answers, outbox entries).
void AppendU64(std::string& out, uint64_t value);
void AppendBytes(std::string& out, std::string_view bytes);
/// nullopt when the input is too short.
std::optional<uint64_t> TakeU64(std::string_view& in);
std::optional<std::string_view> TakeBytes(std::string_view& in);

}  // namespace ttx::storage
