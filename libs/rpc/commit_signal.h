#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "libs/core/time.h"

namespace ttx::rpc {

/// Tells those who wait for new events of a service that some have been committed. One thread serves all waiters.
class CommitSignal {
 public:
  enum class Wakeup { kCommitted, kTimedOut, kClosed };

  CommitSignal();
  ~CommitSignal();

  /// New events exist up to `last_sequence`. Never blocks for long: callbacks run on the signal's own thread.
  void Publish(uint64_t last_sequence);
  /// Calls `callback` once, on the signal's thread: as soon as an event after `after_sequence` is committed, when
  /// `timeout` has passed, or when the signal closes. `callback` must not block.
  void Wait(uint64_t after_sequence, Duration timeout, std::function<void(Wakeup)> callback);
  /// Wakes everybody with kClosed, now and from now on. Idempotent.
  void Close();

 private:
  struct Waiter {
    uint64_t after_sequence;
    std::function<void(Wakeup)> callback;
  };

  void Loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  uint64_t last_sequence_ = 0;
  bool published_ = false;
  bool closed_ = false;
  bool stopping_ = false;
  std::multimap<int64_t, Waiter> waiters_;  // by the steady time, in ns, at which they time out
  std::thread thread_;
};

}  // namespace ttx::rpc
