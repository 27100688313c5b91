#pragma once

#include <atomic>

#include "libs/core/clock.h"

namespace ttx::testing {

/// A clock that moves only when told to. Safe from any thread.
class ManualClock : public Clock {
 public:
  explicit ManualClock(Time start) : now_ns_(start.ns) {}
  Time Now() const override { return {now_ns_.load()}; }
  void Set(Time now) { now_ns_.store(now.ns); }
  void Advance(Duration by) { now_ns_.fetch_add(by.ns); }

 private:
  std::atomic<int64_t> now_ns_;
};

}  // namespace ttx::testing
