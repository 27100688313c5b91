#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "libs/core/clock.h"
#include "libs/core/result.h"

namespace ttx::obs {

enum class Level { kDebug, kInfo, kWarning, kError };

/// One name and value of a record. Borrows both strings: lives only as long as the call it is written in.
/// `name` is a literal in lower_snake_case with the unit last ("latency_us"); "time", "level", "event" and
/// "sequence" are taken.
class Field {
 public:
  Field(std::string_view name, std::string_view value) : name_(name), value_(value) {}
  Field(std::string_view name, const std::string& value) : name_(name), value_(std::string_view(value)) {}
  Field(std::string_view name, const char* value) : name_(name), value_(std::string_view(value)) {}
  Field(std::string_view name, std::same_as<bool> auto value) : name_(name), value_(value) {}
  /// Integers past int64 are shown as its largest value.
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Field(std::string_view name, T value)
      : name_(name),
        value_(std::in_range<int64_t>(value) ? static_cast<int64_t>(value)
                                             : std::numeric_limits<int64_t>::max()) {}

  std::string_view name() const { return name_; }
  const std::variant<std::string_view, int64_t, bool>& value() const { return value_; }

 private:
  std::string_view name_;
  std::variant<std::string_view, int64_t, bool> value_;
};

/// A string value longer than this many bytes is cut at a character and marked with "...".
inline constexpr size_t kLogStringBytesMax = 4096;

struct LogOptions {
  std::string file{};        // opened for appending, mode 0640; empty = standard error
  std::string audit_file{};  // where audit records go, opened in the same way; empty = where the others go
  Level level = Level::kInfo;
  size_t queue_bytes_max = 4 << 20;  // what may wait for the writer; the rest is dropped and counted
};

/// Writes records as lines of JSON: {"time":"...","level":"info","event":"...",<fields>}. One record is one
/// line whatever the values hold: control characters, line and paragraph separators and direction marks are
/// escaped, bytes that are not UTF-8 become U+FFFD (reliability.md N87). Safe from any thread.
///
/// `Log` copies the line into a bounded buffer that one thread writes every few milliseconds; when the buffer
/// is full the record is dropped, and a record "log_records_dropped" with the count follows. A crash loses
/// what the thread had not written yet. `Audit` has no buffer: it returns after write(2) took the line, in a
/// shared file behind everything logged before it.
class Logger {
 public:
  /// `clock` is borrowed and must outlive the logger. CANNOT_OPEN_FILE when a file cannot be opened.
  static Result<std::unique_ptr<Logger>> Open(LogOptions options, const Clock& clock);
  /// Writes what is left.
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  bool Enabled(Level level) const { return level >= level_; }
  /// `event` names what happened, in lower_snake_case.
  void Log(Level level, std::string_view event, std::initializer_list<Field> fields);
  /// Level "audit"; carries "sequence", counted from 1 by each process: a gap is a lost record. UNAVAILABLE
  /// with the "detail" when the line could not be written; it then used up no number, and the action that it
  /// records may not be called done.
  Status Audit(std::string_view event, std::initializer_list<Field> fields);
  /// Returns when everything logged before has been handed to the operating system.
  void Flush();
  /// Opens the files anew under their names, after they were moved away; no line is lost or torn. When one
  /// cannot be opened, CANNOT_OPEN_FILE, and both go on as they were.
  Status Reopen();

 private:
  struct State;
  Logger(std::unique_ptr<State> state, Level level);

  std::unique_ptr<State> state_;
  Level level_;
};

/// Opens the logger of the process. Until then, and after ShutdownLog, the functions below discard what they
/// are given.
Status InitLog(LogOptions options, const Clock& clock);
/// Writes what is left and closes. No other thread may log any more.
void ShutdownLog();

/// Logger::Log, Audit, Flush and Reopen of the process's logger.
void Log(Level level, std::string_view event, std::initializer_list<Field> fields = {});
Status Audit(std::string_view event, std::initializer_list<Field> fields = {});
void Flush();
Status ReopenLog();

/// Appends `text` to `out` as the inside of a JSON string, escaped as described at Logger, without quotes and
/// uncut.
void AppendEscaped(std::string_view text, std::string& out);

}  // namespace ttx::obs
