#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "libs/core/time.h"
#include "libs/obs/metrics.h"
#include "libs/rpc/handler.h"

namespace ttx::server {

/// Told of every finished call: counts it, logs it, and writes the audit record of an audited one.
///
/// Nothing is called done that is not in the audit log: while it cannot be written, whoever would answer an audited
/// call that succeeded waits in Record. `Writable` says so to the host, which takes no more calls and is not ready;
/// one line on standard error names the fault. All of it ends by itself as soon as a record can be written again.
class CallLog {
 public:
  ~CallLog() { Stop(); }

  /// Safe from any thread. Returns at once unless the record of a success cannot be written.
  void Record(const rpc::CallRecord& call);

  /// Whether audit records can be written; during an outage it tries, at most once a second.
  bool Writable();

  /// Before threads are joined: lets those in Record go. Records that the audit log still refuses go to standard
  /// error, which the service manager keeps. Idempotent.
  void Stop();

 private:
  struct Series {
    obs::Counter count;
    obs::Histogram latency;
  };

  const Series& Find(const rpc::CallRecord& call);
  void Begin(const Error& error);
  void End();

  std::mutex series_mutex_;
  std::unordered_map<std::string, Series> series_;

  std::atomic<bool> outage_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  int64_t next_try_ns_ = 0;  // steady
  bool stopping_ = false;
};

}  // namespace ttx::server
