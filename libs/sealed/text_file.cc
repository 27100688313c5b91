#include "libs/sealed/text_file.h"

#include <algorithm>
#include <charconv>

#include "libs/core/encoding.h"

namespace ttx::sealed {

Error BadFile(std::string_view file, std::string detail) {
  return Error(Reason::kBAD_SEALED_FILE, {{"file", std::string(file)}, {"detail", std::move(detail)}});
}

bool IsToken(std::string_view text, size_t max) {
  return !text.empty() && text.size() <= max &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::optional<std::string> Hash32FromHex(std::string_view hex) {
  std::optional<std::string> bytes = hex.size() == 64 ? FromHex(hex) : std::nullopt;
  if (bytes && Hex(*bytes) != hex) return std::nullopt;
  return bytes;
}

std::optional<int64_t> ParseDecimal(std::string_view text, int64_t max) {
  int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool canonical = failed == std::errc() && end == text.data() + text.size() && value >= 0 &&
                         value <= max && text[0] != '-' && (text[0] != '0' || text.size() == 1);
  if (!canonical) return std::nullopt;
  return value;
}

std::optional<std::string_view> LineReader::Next() {
  const size_t end = rest_.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end + 1);
  return line;
}

std::optional<std::string_view> LineReader::After(std::string_view word) {
  const std::string_view before = rest_;
  const std::optional<std::string_view> line = Next();
  if (line && line->size() > word.size() && line->starts_with(word) && (*line)[word.size()] == ' ') {
    return line->substr(word.size() + 1);
  }
  rest_ = before;
  return std::nullopt;
}

std::string_view TakeWord(std::string_view& line) {
  const size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

}  // namespace ttx::sealed
