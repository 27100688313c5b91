#include "gateway/rate_limit.h"

#include <algorithm>
#include <functional>

#include "gateway/limits.h"

namespace ttx::gateway {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

}  // namespace

bool RateLimit::Admit(std::string_view key, Time now) {
  if (per_second_ <= 0) return true;
  const int64_t cost_ns = kSecondNs / per_second_;
  const std::lock_guard lock(mutex_);
  const uint64_t hash = std::hash<std::string_view>()(key);
  if (buckets_.size() >= kRateBucketsMax && !buckets_.contains(hash)) Forget(now);
  Bucket& bucket = buckets_.try_emplace(hash, Bucket{now.ns}).first->second;
  const int64_t full_at_ns = std::max(bucket.full_at_ns, now.ns) + cost_ns;
  if (full_at_ns - now.ns > kSecondNs) return false;
  bucket.full_at_ns = full_at_ns;
  return true;
}

void RateLimit::Forget(Time now) {
  std::erase_if(buckets_, [&](const auto& entry) { return entry.second.full_at_ns <= now.ns; });
  // Under that many active keys at once, starting anew is kinder than refusing everyone.
  if (buckets_.size() >= kRateBucketsMax) buckets_.clear();
}

}  // namespace ttx::gateway
