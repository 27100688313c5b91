#include "libs/obs/log.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

namespace ttx::obs {
namespace {

// How long a record may wait so that others share its write(2).
constexpr std::chrono::milliseconds kGather{5};
// How long a sink that takes nothing (a full pipe in non-blocking mode) is waited for.
constexpr int kSinkWaitMs = 1000;

std::string_view LevelName(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "error";
}

struct Character {
  uint32_t code;  // U+FFFD when the bytes are not UTF-8
  size_t length;  // bytes taken, at least 1
};

// The first character of `text`, which is not empty. Strict: no overlong forms, surrogates or codes past
// U+10FFFF.
Character Decode(std::string_view text) {
  constexpr Character kBad{0xFFFD, 1};
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2 || lead > 0xF4) return kBad;
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < length) return kBad;
  uint32_t code = lead & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return kBad;
    code = code << 6 | (byte(i) & 0x3F);
  }
  constexpr std::array<uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return kBad;
  return {code, length};
}

// Whether a terminal, a pager or a line reader could take the character for something other than a visible
// sign.
bool Hidden(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) || code == 0x061C ||
         code == 0xFEFF;
}

void AppendCode(uint32_t code, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[code >> shift & 0xF];
}

void AppendNumber(int64_t number, std::string& out) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

void AppendQuoted(std::string_view text, std::string& out) {
  size_t cut = text.size();
  if (cut > kLogStringBytesMax) {
    cut = kLogStringBytesMax;
    while (cut > kLogStringBytesMax - 4 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  }
  out += '"';
  AppendEscaped(text.substr(0, cut), out);
  if (cut < text.size()) out += "...";
  out += '"';
}

// A record without its closing brace.
void AppendRecord(Time now, std::string_view level, std::string_view event,
                  std::initializer_list<Field> fields, std::string& out) {
  out += R"({"time":")";
  out += FormatTime(now);
  out += R"(","level":")";
  out += level;
  out += R"(","event":)";
  AppendQuoted(event, out);
  for (const Field& field : fields) {
    out += ',';
    AppendQuoted(field.name(), out);
    out += ':';
    if (const auto* text = std::get_if<std::string_view>(&field.value())) {
      AppendQuoted(*text, out);
    } else if (const auto* number = std::get_if<int64_t>(&field.value())) {
      AppendNumber(*number, out);
    } else {
      out += std::get<bool>(field.value()) ? "true" : "false";
    }
  }
}

}  // namespace

void AppendEscaped(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const Character c = Decode(text);
    if (c.code == '"' || c.code == '\\') {
      out += '\\';
      out += static_cast<char>(c.code);
    } else if (c.code == '\n') {
      out += "\\n";
    } else if (c.code == 0xFFFD || Hidden(c.code)) {
      AppendCode(c.code, out);
    } else {
      out += text.substr(0, c.length);
    }
    text.remove_prefix(c.length);
  }
}

// Lock order: sink_mutex before queue_mutex. Whoever holds sink_mutex is the only one that writes, so lines
// reach the sink in the order in which they were queued.
struct Logger::State {
  State(int sink, bool owned, size_t limit, const Clock& time)
      : fd(sink), owns_fd(owned), queue_bytes_max(limit), clock(time) {}

  const int fd;
  const bool owns_fd;
  const size_t queue_bytes_max;
  const Clock& clock;

  std::mutex queue_mutex;
  std::condition_variable wake;
  std::string queued;   // whole lines
  int64_t dropped = 0;  // records since the last notice
  bool stopping = false;

  std::mutex sink_mutex;
  std::string writing;
  int64_t audit_sequence = 0;
  bool torn = false;  // the last write failed in the middle of a line

  std::thread writer;

  // Writes all of `text`, whole lines; false when the sink refused some of it.
  bool WriteAll(std::string_view text) {
    if (torn) {
      if (::write(fd, "\n", 1) != 1) return false;
      torn = false;
    }
    while (!text.empty()) {
      const ssize_t n = ::write(fd, text.data(), text.size());
      if (n > 0) {
        text.remove_prefix(static_cast<size_t>(n));
        torn = text.data()[-1] != '\n';
        continue;
      }
      if (n < 0 && errno == EINTR) continue;
      pollfd ready{fd, POLLOUT, 0};
      if (n < 0 && errno == EAGAIN && ::poll(&ready, 1, kSinkWaitMs) == 1 && (ready.revents & POLLOUT) != 0)
        continue;
      const std::lock_guard lock(queue_mutex);
      dropped += std::ranges::count(text, '\n');
      return false;
    }
    torn = false;
    return true;
  }

  // Takes and writes what is queued. The caller holds sink_mutex.
  void Drain() {
    writing.clear();
    int64_t lost = 0;
    {
      const std::lock_guard lock(queue_mutex);
      std::swap(writing, queued);
      std::swap(lost, dropped);
    }
    if (lost > 0) {
      AppendRecord(clock.Now(), LevelName(Level::kWarning), "log_records_dropped", {{"count", lost}},
                   writing);
      writing += "}\n";
    }
    if (!writing.empty() && !WriteAll(writing) && lost > 0) {
      const std::lock_guard lock(queue_mutex);
      dropped += lost - 1;  // the notice itself was counted with the lines that failed
    }
  }

  void Run() {
    for (bool last = false; !last;) {
      {
        std::unique_lock lock(queue_mutex);
        wake.wait(lock, [this] { return stopping || !queued.empty(); });
        wake.wait_for(lock, kGather, [this] { return stopping || queued.size() > queue_bytes_max / 2; });
        last = stopping;
      }
      const std::lock_guard lock(sink_mutex);
      Drain();
    }
  }
};

Logger::Logger(std::unique_ptr<State> state, Level level) : state_(std::move(state)), level_(level) {
  state_->writer = std::thread([s = state_.get()] { s->Run(); });
}

Logger::~Logger() {
  {
    const std::lock_guard lock(state_->queue_mutex);
    state_->stopping = true;
  }
  state_->wake.notify_one();
  state_->writer.join();
  if (state_->owns_fd) ::close(state_->fd);
}

Result<std::unique_ptr<Logger>> Logger::Open(LogOptions options, const Clock& clock) {
  int fd = STDERR_FILENO;
  if (!options.file.empty()) {
    fd = ::open(options.file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0) {
      const std::string detail = std::generic_category().message(errno);
      return Error(Reason::kCANNOT_OPEN_FILE, {{"path", options.file}, {"detail", detail}});
    }
  }
  auto state = std::make_unique<State>(fd, !options.file.empty(), options.queue_bytes_max, clock);
  return std::unique_ptr<Logger>(new Logger(std::move(state), options.level));
}

void Logger::Log(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!Enabled(level)) return;
  thread_local std::string line;
  line.clear();
  AppendRecord(state_->clock.Now(), LevelName(level), event, fields, line);
  line += "}\n";
  bool wake = false;
  {
    const std::lock_guard lock(state_->queue_mutex);
    if (state_->queued.size() + line.size() > state_->queue_bytes_max) {
      ++state_->dropped;
      return;
    }
    // The writer sleeps until the first line, then gathers; waking it for every line would cost a system call
    // each.
    const size_t before = state_->queued.size();
    state_->queued += line;
    const size_t half = state_->queue_bytes_max / 2;
    wake = before == 0 || (before <= half && state_->queued.size() > half);
  }
  if (wake) state_->wake.notify_one();
}

Status Logger::Audit(std::string_view event, std::initializer_list<Field> fields) {
  std::string line;
  AppendRecord(state_->clock.Now(), "audit", event, fields, line);
  const std::lock_guard lock(state_->sink_mutex);
  state_->Drain();
  line += R"(,"sequence":)";
  AppendNumber(++state_->audit_sequence, line);
  line += "}\n";
  if (!state_->WriteAll(line)) return Error(Reason::kUNAVAILABLE);
  return {};
}

void Logger::Flush() {
  const std::lock_guard lock(state_->sink_mutex);
  state_->Drain();
}

namespace {
std::atomic<Logger*> process_logger{nullptr};
}  // namespace

Status InitLog(LogOptions options, const Clock& clock) {
  TTX_CHECK(process_logger.load() == nullptr, "InitLog called twice");
  TTX_TRY(auto logger, Logger::Open(std::move(options), clock));
  process_logger.store(logger.release(), std::memory_order_release);
  return {};
}

void ShutdownLog() { const std::unique_ptr<Logger> last(process_logger.exchange(nullptr)); }

void Log(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (Logger* logger = process_logger.load(std::memory_order_acquire)) logger->Log(level, event, fields);
}

Status Audit(std::string_view event, std::initializer_list<Field> fields) {
  Logger* logger = process_logger.load(std::memory_order_acquire);
  return logger == nullptr ? Status() : logger->Audit(event, fields);
}

void Flush() {
  if (Logger* logger = process_logger.load(std::memory_order_acquire)) logger->Flush();
}

}  // namespace ttx::obs
