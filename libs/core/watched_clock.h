#pragma once

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "libs/core/clock.h"

namespace ttx {

/// A clock that notices when time passed without it. Somebody looks at it every few milliseconds (a shell's
/// timers and its writer do); two looks that lie further apart than `longest` mean that the process was
/// stopped or that the clock has jumped ahead. A clock that goes back is no gap: the time until it is where
/// it was counts as none.
class WatchedClock : public Clock {
 public:
  struct Gap {
    Time since;
    Time until;
  };

  /// `clock` must outlive the object.
  WatchedClock(const Clock& clock, Duration longest) : clock_(clock), longest_(longest) {}

  Time Now() const override {
    const Time now = clock_.Now();
    const std::lock_guard lock(mutex_);
    if (last_ && now - *last_ > longest_) gap_ = {gap_ ? gap_->since : *last_, now};
    last_ = std::max(last_.value_or(now), now);
    return now;
  }

  /// What was noticed since it was last asked, nothing when all was well. Several gaps are one.
  std::optional<Gap> TakeGap() const {
    const std::lock_guard lock(mutex_);
    return std::exchange(gap_, std::nullopt);
  }

 private:
  const Clock& clock_;
  const Duration longest_;
  mutable std::mutex mutex_;
  mutable std::optional<Time> last_;
  mutable std::optional<Gap> gap_;
};

}  // namespace ttx
