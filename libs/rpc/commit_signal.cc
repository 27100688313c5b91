#include "libs/rpc/commit_signal.h"

#include <algorithm>
#include <chrono>

#include "libs/rpc/reader_pool.h"

namespace ttx::rpc {
namespace {

// More events at once than this are not read for their topics: everybody is woken.
constexpr uint64_t kTopicsMax = 4096;

int64_t SteadyNs() { return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1); }

}  // namespace

CommitSignal::CommitSignal() : thread_([this] { Loop(); }) {}

CommitSignal::~CommitSignal() { Stop(); }

void CommitSignal::Publish(uint64_t last_sequence) {
  {
    const std::lock_guard lock(mutex_);
    if (last_sequence <= last_sequence_) return;
    last_sequence_ = last_sequence;
    if (waiters_.empty() || (pausing_ && by_topic_.empty())) return;
    changed_ = true;
  }
  wake_.notify_one();
}

void CommitSignal::Wait(uint64_t after_sequence, Duration timeout, Callback callback, std::string_view topic) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      const uint64_t id = next_id_++;
      const int64_t timeout_ns = SteadyNs() + timeout.ns;
      const std::string_view known = topics_of_ ? topic : std::string_view();
      timeouts_.emplace(timeout_ns, id);
      if (known.empty()) {
        general_.emplace(after_sequence, id);
      } else {
        by_topic_[std::string(known)].insert(id);
        arrived_.push_back(id);
      }
      waiters_.emplace(id, Waiter{after_sequence, timeout_ns, std::string(known), std::move(callback)});
      changed_ = true;
      callback = nullptr;
    }
  }
  if (callback) {
    callback(Wakeup::kClosed);
  } else {
    wake_.notify_one();
  }
}

void CommitSignal::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_ = true;
  }
  wake_.notify_one();
}

void CommitSignal::Stop() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void CommitSignal::Take(uint64_t id, Wakeup wakeup, Ready& ready) {
  const auto it = waiters_.find(id);
  if (it == waiters_.end()) return;
  Waiter& waiter = it->second;
  timeouts_.erase({waiter.timeout_ns, id});
  if (waiter.topic.empty()) {
    general_.erase({waiter.after, id});
  } else {
    const auto topic = by_topic_.find(waiter.topic);
    topic->second.erase(id);
    if (topic->second.empty()) by_topic_.erase(topic);
  }
  ready.emplace_back(std::move(waiter.callback), wakeup);
  waiters_.erase(it);
}

void CommitSignal::TakeAll(Ready& ready) {
  while (!waiters_.empty()) Take(waiters_.begin()->first, Wakeup::kClosed, ready);
}

// Whether a waiter that comes with a topic has missed an event about it, or may have.
bool CommitSignal::Due(const Waiter& waiter) const {
  const uint64_t known_after = told_ - recent_.size();
  if (waiter.after < known_after) return true;
  if (waiter.after >= told_) return false;
  return std::find(recent_.begin() + static_cast<std::ptrdiff_t>(waiter.after - known_after), recent_.end(),
                   waiter.topic) != recent_.end();
}

void CommitSignal::TakeCommitted(int64_t now_ns, Ready& ready) {
  if (GeneralDue() && now_ns >= general_from_ns_) {
    general_from_ns_ = now_ns + kLeastPause.ns;
    while (GeneralDue()) Take(general_.begin()->second, Wakeup::kCommitted, ready);
  }
  std::vector<uint64_t> arrived;
  arrived.swap(arrived_);
  for (const uint64_t id : arrived) {
    const auto it = waiters_.find(id);
    if (it != waiters_.end() && Due(it->second)) Take(id, Wakeup::kCommitted, ready);
  }
}

void CommitSignal::TakeTimedOut(int64_t now_ns, Ready& ready) {
  while (!timeouts_.empty() && timeouts_.begin()->first <= now_ns) {
    Take(timeouts_.begin()->second, Wakeup::kTimedOut, ready);
  }
}

// Tells those who wait for a topic what has been committed since `told_`. The log is read without the lock.
void CommitSignal::ReadTopics(std::unique_lock<std::mutex>& lock, Ready& ready) {
  const uint64_t after = told_;
  const uint64_t last = last_sequence_;
  if (after == last) return;
  std::vector<std::string> topics;
  if (!by_topic_.empty() && last - after <= kTopicsMax) {
    lock.unlock();
    topics = topics_of_(after, last);
    lock.lock();
  }
  told_ = last;
  if (topics.size() != last - after) {  // not read: nothing is known about them
    recent_.clear();
    std::vector<uint64_t> all;
    for (const auto& [topic, ids] : by_topic_) all.insert(all.end(), ids.begin(), ids.end());
    for (const uint64_t id : all) {
      if (waiters_.at(id).after < last) Take(id, Wakeup::kCommitted, ready);
    }
    return;
  }
  uint64_t sequence = after;
  for (std::string& topic : topics) {
    ++sequence;
    if (const auto waiting = by_topic_.find(topic); waiting != by_topic_.end()) {
      const std::vector<uint64_t> ids(waiting->second.begin(), waiting->second.end());
      for (const uint64_t id : ids) {
        if (waiters_.at(id).after < sequence) Take(id, Wakeup::kCommitted, ready);
      }
    }
    recent_.push_back(std::move(topic));
  }
  while (recent_.size() > kTopicsMax) recent_.pop_front();
}

int64_t CommitSignal::NextLookNs() const {
  const int64_t timeout_ns = timeouts_.empty() ? INT64_MAX : timeouts_.begin()->first;
  return GeneralDue() ? std::min(timeout_ns, general_from_ns_) : timeout_ns;
}

void CommitSignal::Loop() {
  const ReaderPool::Watching watching;
  std::unique_lock lock(mutex_);
  while (true) {
    Ready ready;
    changed_ = false;
    if (closed_) {
      TakeAll(ready);
    } else {
      ReadTopics(lock, ready);
      const int64_t now_ns = SteadyNs();
      TakeCommitted(now_ns, ready);
      TakeTimedOut(now_ns, ready);
    }
    if (!ready.empty()) {
      lock.unlock();
      for (auto& [callback, wakeup] : ready) callback(wakeup);
      ready.clear();
      lock.lock();
      continue;
    }
    // Closed is not the end: whoever comes to wait later must be told too.
    if (stopping_) return;
    const auto changed = [this] { return changed_ || stopping_; };
    const int64_t next_ns = NextLookNs();
    pausing_ = GeneralDue();
    if (next_ns == INT64_MAX) {
      wake_.wait(lock, changed);
    } else {
      wake_.wait_for(lock, std::chrono::nanoseconds(next_ns - SteadyNs()), changed);
    }
    pausing_ = false;
  }
}

}  // namespace ttx::rpc
