#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/core/result.h"

namespace ttx::sealed {

/// BAD_SEALED_FILE: `file` says which kind ("list of holders"), `detail` what is wrong with it.
Error BadFile(std::string_view file, std::string detail);

/// 1..`max` visible ASCII characters: what names an installation, an auction, a lot or a bidder in an
/// envelope and in the text files.
bool IsToken(std::string_view text, size_t max);
/// The 32 bytes of 64 lower-case hexadecimal digits.
std::optional<std::string> Hash32FromHex(std::string_view hex);
/// A whole number without sign or leading zeros, at most `max`.
std::optional<int64_t> ParseDecimal(std::string_view text, int64_t max);

/// Reads a text file of lines "word rest", each ended by one newline, in a fixed order.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}

  /// The next line without its newline; nothing at the end or when the last line has no newline.
  std::optional<std::string_view> Next();
  /// What follows "word " in the next line; nothing when the next line is another, which then stays.
  std::optional<std::string_view> After(std::string_view word);
  /// What has not been read.
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

/// The part of a line up to the next space, which is taken off `line`; the whole line when there is none.
std::string_view TakeWord(std::string_view& line);

}  // namespace ttx::sealed
