#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace ttx {

/// Keeps at most `capacity` values, and forgets first what was used longest ago. Safe from any thread; values are
/// copied out.
template <class Key, class Value>
class Recent {
 public:
  explicit Recent(size_t capacity) : capacity_(capacity) {}

  void Put(const Key& key, Value value) {
    const std::lock_guard lock(mutex_);
    entries_.insert_or_assign(key, Entry{std::move(value), ++uses_});
    if (entries_.size() <= capacity_) return;
    auto oldest = entries_.begin();
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (it->second.used < oldest->second.used) oldest = it;
    }
    entries_.erase(oldest);
  }

  /// The value of the greatest key from `least` to `most`, both included.
  std::optional<Value> Last(const Key& least, const Key& most) {
    const std::lock_guard lock(mutex_);
    auto it = entries_.upper_bound(most);
    if (it == entries_.begin() || (--it)->first < least) return std::nullopt;
    it->second.used = ++uses_;
    return it->second.value;
  }

 private:
  struct Entry {
    Value value;
    uint64_t used;
  };

  const size_t capacity_;
  std::mutex mutex_;
  std::map<Key, Entry> entries_;
  uint64_t uses_ = 0;
};

}  // namespace ttx
