#include "libs/rpc/commit_signal.h"

#include <chrono>
#include <vector>

namespace ttx::rpc {
namespace {

int64_t SteadyNs() { return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1); }

}  // namespace

CommitSignal::CommitSignal() : thread_([this] { Loop(); }) {}

CommitSignal::~CommitSignal() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void CommitSignal::Publish(uint64_t last_sequence) {
  {
    const std::lock_guard lock(mutex_);
    if (last_sequence <= last_sequence_) return;
    last_sequence_ = last_sequence;
    published_ = true;
    if (waiters_.empty()) return;
  }
  wake_.notify_one();
}

void CommitSignal::Wait(uint64_t after_sequence, Duration timeout, std::function<void(Wakeup)> callback) {
  {
    const std::lock_guard lock(mutex_);
    waiters_.emplace(SteadyNs() + timeout.ns, Waiter{after_sequence, std::move(callback)});
    published_ = true;
  }
  wake_.notify_one();
}

void CommitSignal::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    published_ = true;
  }
  wake_.notify_one();
}

void CommitSignal::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    std::vector<std::pair<std::function<void(Wakeup)>, Wakeup>> ready;
    const int64_t now = SteadyNs();
    for (auto it = waiters_.begin(); it != waiters_.end();) {
      const bool committed = it->second.after_sequence < last_sequence_;
      if (!closed_ && !committed && it->first > now) {
        ++it;
        continue;
      }
      ready.emplace_back(std::move(it->second.callback),
                         closed_ ? Wakeup::kClosed : (committed ? Wakeup::kCommitted : Wakeup::kTimedOut));
      it = waiters_.erase(it);
    }
    published_ = false;
    if (!ready.empty()) {
      lock.unlock();
      for (auto& [callback, wakeup] : ready) callback(wakeup);
      lock.lock();
      continue;
    }
    // Closed is not the end: whoever comes to wait later must be told too.
    if (stopping_) return;
    const auto changed = [this] { return published_ || stopping_; };
    if (waiters_.empty()) {
      wake_.wait(lock, changed);
    } else {
      wake_.wait_for(lock, std::chrono::nanoseconds(waiters_.begin()->first - now), changed);
    }
  }
}

}  // namespace ttx::rpc
