#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "libs/core/time.h"
#include "libs/obs/metrics.h"
#include "libs/rpc/handler.h"

namespace ttx::server {

/// Told of every finished call: counts it, logs it, and writes the audit record of an audited one.
///
/// Nothing is called done that is not in the audit log: while it cannot be written, the answers of audited calls that
/// succeeded wait in a list, and no thread with them. `Writable` says so to the host, which takes no more calls and is
/// not ready, so that only what was under way gets into the list; one line on standard error names the fault. All of it
/// ends by itself as soon as a record can be written again.
class CallLog {
 public:
  /// At most `kept_max` answers wait; the records of more go to standard error, which the service manager keeps.
  explicit CallLog(size_t kept_max = 65'536) : kept_max_(kept_max) {}
  ~CallLog() { Stop(); }

  /// Safe from any thread; returns at once. Calls `answer` as soon as the record is written: before it returns or, when
  /// that of a success cannot be written yet, later on a thread of its own.
  void Record(const rpc::CallRecord& call, std::function<void()> answer);

  /// Whether audit records can be written; during an outage it tries, at most once a second.
  bool Writable();

  /// Lets the answers that wait go; their records go to standard error. From then on no answer waits. Idempotent, not
  /// from two threads at once.
  void Stop();

 private:
  struct Series {
    obs::Counter count;
    obs::Histogram latency;
  };

  // A call that outlives its caller. Not moved: the record's texts lie in `texts`.
  struct Kept {
    Kept(const rpc::CallRecord& call, std::function<void()> to_answer);
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;

    std::string texts{};
    rpc::CallRecord record;
    std::function<void()> answer;
  };

  // False when no answer waits any more, or too many do.
  bool Keep(const rpc::CallRecord& call, const std::function<void()>& answer);
  void WriteKept();
  const Series& Find(const rpc::CallRecord& call);
  void Begin(const Error& error);
  void End();

  const size_t kept_max_;

  std::mutex series_mutex_;
  std::unordered_map<std::string, Series> series_;

  std::atomic<bool> outage_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  int64_t next_try_ns_ = 0;  // steady
  bool stopping_ = false;
  std::list<Kept> kept_;
  std::thread thread_;  // runs from the first outage on
};

}  // namespace ttx::server
