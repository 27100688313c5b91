#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "libs/core/result.h"

namespace ttx::auction::replay {

/// An open file or pipe; closed with the object.
class InputFile {
 public:
  /// "-" is standard input. CANNOT_OPEN_FILE.
  static Result<InputFile> Open(const std::string& path);
  InputFile(InputFile&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile();
  int descriptor() const { return descriptor_; }

 private:
  explicit InputFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

/// Cuts what a descriptor delivers into lines, in one buffer that is used again: memory does not grow with
/// the input.
class LineReader {
 public:
  enum class Found { kLine, kOverlong, kEnd, kFailed };

  /// Lines of more than `max_line_bytes` are skipped and reported. The descriptor must outlive the reader.
  LineReader(int descriptor, size_t max_line_bytes);

  /// `line`, without its line feed, is valid until the next call. A last line may lack its line feed.
  Found Next(std::string_view& line);
  /// Of the line read last, from 1.
  int64_t line_number() const { return line_number_; }
  /// Whether the line read last ended with a line feed.
  bool terminated() const { return terminated_; }
  /// Read so far.
  int64_t bytes() const { return bytes_; }

 private:
  enum class Filled { kMore, kEnd, kFailed };
  Filled Fill();
  Found SkipRest();

  const int descriptor_;
  const size_t max_line_bytes_;
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  int64_t line_number_ = 0;
  int64_t bytes_ = 0;
  bool terminated_ = false;
};

}  // namespace ttx::auction::replay
