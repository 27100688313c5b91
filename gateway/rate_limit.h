#pragma once

#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "libs/core/time.h"

namespace ttx::gateway {

/// A token bucket per key that holds one second's worth. Safe from any thread; remembers at most
/// kRateBucketsMax keys and forgets those that are full again.
class RateLimit {
 public:
  /// 0 admits everything.
  explicit RateLimit(int per_second) : per_second_(per_second) {}
  /// `now` is any monotonic time.
  bool Admit(std::string_view key, Time now);

 private:
  struct Bucket {
    int64_t full_at_ns;  // when the bucket will be full again
  };
  void Forget(Time now);

  const int per_second_;
  std::mutex mutex_;
  std::unordered_map<uint64_t, Bucket> buckets_;
};

}  // namespace ttx::gateway
