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
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

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

// What stands for itself in JSON: nearly all of what is logged.
bool Plain(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

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
    const size_t plain = static_cast<size_t>(std::find_if_not(text.begin(), text.end(), Plain) - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
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

namespace {

// An open file, or standard error. Used under the mutex of its owner.
struct Sink {
  std::string path;  // empty = standard error
  int fd = STDERR_FILENO;
  bool torn = false;  // the last write failed in the middle of a line

  // Writes `text`, whole lines, and takes off its head what was written; errno of what stopped it, or 0.
  int Write(std::string_view& text) {
    if (torn) {
      if (::write(fd, "\n", 1) != 1) return errno;
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
      const int failed = n < 0 ? errno : EIO;
      pollfd ready{fd, POLLOUT, 0};
      if (failed == EAGAIN && ::poll(&ready, 1, kSinkWaitMs) == 1 && (ready.revents & POLLOUT) != 0) continue;
      return failed;
    }
    torn = false;
    return 0;
  }

  void Close() {
    if (!path.empty() && fd >= 0) ::close(fd);
  }
};

Result<Sink> OpenSink(const std::string& path) {
  if (path.empty()) return Sink{};
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd >= 0) return Sink{path, fd};
  return Error(Reason::kCANNOT_OPEN_FILE, {{"path", path}, {"detail", std::generic_category().message(errno)}});
}

}  // namespace

// Lock order: audit_mutex, sink_mutex, queue_mutex. Whoever holds a sink's mutex is the only one that writes to it,
// so lines reach the sink in the order in which they were queued.
struct Logger::State {
  State(Sink log_sink, std::optional<Sink> own_audit_sink, size_t limit, const Clock& time)
      : queue_bytes_max(limit), clock(time), sink(std::move(log_sink)), audit_sink(std::move(own_audit_sink)) {}
  ~State() {
    sink.Close();
    if (audit_sink) audit_sink->Close();
  }

  const size_t queue_bytes_max;
  const Clock& clock;

  std::mutex queue_mutex;
  std::condition_variable wake;
  std::string queued;   // whole lines
  int64_t dropped = 0;  // records since the last notice
  bool stopping = false;
  bool asleep = false;  // the writer waits for a line, not merely for more of them

  std::mutex sink_mutex;
  Sink sink;
  std::string writing;

  std::mutex audit_mutex;
  std::optional<Sink> audit_sink;  // none: audit records go to `sink`
  int64_t audit_sequence = 0;

  std::thread writer;

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
    std::string_view rest = writing;
    if (rest.empty() || sink.Write(rest) == 0) return;
    const std::lock_guard lock(queue_mutex);
    dropped += std::ranges::count(rest, '\n');
    if (lost > 0) dropped += lost - 1;  // the notice itself is among the lines that failed
  }

  // errno, or 0. The caller holds audit_mutex.
  int WriteAudit(std::string_view line) {
    if (audit_sink) return audit_sink->Write(line);
    const std::lock_guard lock(sink_mutex);
    Drain();
    return sink.Write(line);
  }

  void Run() {
    for (bool last = false; !last;) {
      {
        std::unique_lock lock(queue_mutex);
        wake.wait(lock, [this] {
          asleep = !stopping && queued.empty();
          return !asleep;
        });
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
}

Result<std::unique_ptr<Logger>> Logger::Open(LogOptions options, const Clock& clock) {
  TTX_TRY(Sink sink, OpenSink(options.file));
  std::optional<Sink> audit_sink;
  if (!options.audit_file.empty() && options.audit_file != options.file) {
    Result<Sink> opened = OpenSink(options.audit_file);
    if (!opened.ok()) {
      sink.Close();
      return std::move(opened).error();
    }
    audit_sink = std::move(opened).value();
  }
  auto state = std::make_unique<State>(std::move(sink), std::move(audit_sink), options.queue_bytes_max, clock);
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
    wake = std::exchange(state_->asleep, false) || (before <= half && state_->queued.size() > half);
  }
  if (wake) state_->wake.notify_one();
}

Status Logger::Audit(std::string_view event, std::initializer_list<Field> fields) {
  std::string line;
  AppendRecord(state_->clock.Now(), "audit", event, fields, line);
  const std::lock_guard lock(state_->audit_mutex);
  line += R"(,"sequence":)";
  AppendNumber(state_->audit_sequence + 1, line);
  line += "}\n";
  if (const int failed = state_->WriteAudit(line); failed != 0) {
    return Error(Reason::kUNAVAILABLE, {{"detail", std::generic_category().message(failed)}});
  }
  ++state_->audit_sequence;
  return {};
}

void Logger::Flush() {
  const std::lock_guard lock(state_->sink_mutex);
  state_->Drain();
}

Status Logger::Reopen() {
  const std::lock_guard audit_lock(state_->audit_mutex);
  const std::lock_guard lock(state_->sink_mutex);
  TTX_TRY(Sink sink, OpenSink(state_->sink.path));
  if (state_->audit_sink) {
    Result<Sink> audit_sink = OpenSink(state_->audit_sink->path);
    if (!audit_sink.ok()) {
      sink.Close();
      return std::move(audit_sink).error();
    }
    state_->audit_sink->Close();
    state_->audit_sink = std::move(audit_sink).value();
  }
  state_->Drain();  // what was logged before belongs to the file that was
  state_->sink.Close();
  state_->sink = std::move(sink);
  return {};
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

Status ReopenLog() {
  Logger* logger = process_logger.load(std::memory_order_acquire);
  return logger == nullptr ? Status() : logger->Reopen();
}

void Flush() {
  if (Logger* logger = process_logger.load(std::memory_order_acquire)) logger->Flush();
}

}  // namespace ttx::obs
