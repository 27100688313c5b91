#include "services/auction/replay/line_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ttx::auction::replay {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

}  // namespace

Result<InputFile> InputFile::Open(const std::string& path) {
  const int descriptor = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return Error(Reason::kCANNOT_OPEN_FILE, {{"path", path}, {"detail", std::strerror(errno)}});
  }
  return InputFile(descriptor);
}

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

LineReader::LineReader(int descriptor, size_t max_line_bytes)
    : descriptor_(descriptor), max_line_bytes_(max_line_bytes), buffer_(max_line_bytes + kPieceBytes) {}

LineReader::Filled LineReader::Fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  ssize_t got;
  do {
    got = ::read(descriptor_, buffer_.data() + end_, buffer_.size() - end_);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return Filled::kFailed;
  if (got == 0) return Filled::kEnd;
  end_ += static_cast<size_t>(got);
  bytes_ += got;
  return Filled::kMore;
}

LineReader::Found LineReader::SkipRest() {
  for (;;) {
    const auto* feed = static_cast<const char*>(std::memchr(buffer_.data() + begin_, '\n', end_ - begin_));
    if (feed != nullptr) {
      begin_ = static_cast<size_t>(feed - buffer_.data()) + 1;
      return Found::kOverlong;
    }
    begin_ = end_;
    switch (Fill()) {
      case Filled::kMore:
        break;
      case Filled::kEnd:
        terminated_ = false;
        return Found::kOverlong;
      case Filled::kFailed:
        return Found::kFailed;
    }
  }
}

LineReader::Found LineReader::Next(std::string_view& line) {
  size_t searched = 0;
  for (;;) {
    const char* from = buffer_.data() + begin_ + searched;
    const auto* feed = static_cast<const char*>(std::memchr(from, '\n', end_ - begin_ - searched));
    if (feed != nullptr) {
      line = {buffer_.data() + begin_, static_cast<size_t>(feed - buffer_.data()) - begin_};
      begin_ += line.size() + 1;
      ++line_number_;
      terminated_ = true;
      return line.size() > max_line_bytes_ ? Found::kOverlong : Found::kLine;
    }
    searched = end_ - begin_;
    if (searched > max_line_bytes_) {
      ++line_number_;
      terminated_ = true;
      return SkipRest();
    }
    switch (Fill()) {
      case Filled::kMore:
        break;
      case Filled::kFailed:
        return Found::kFailed;
      case Filled::kEnd:
        if (begin_ == end_) return Found::kEnd;
        line = {buffer_.data() + begin_, end_ - begin_};
        begin_ = end_;
        ++line_number_;
        terminated_ = false;
        return Found::kLine;
    }
  }
}

}  // namespace ttx::auction::replay
