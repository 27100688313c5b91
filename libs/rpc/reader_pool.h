#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ttx::rpc {

/// A few threads that answer queries, so that neither gRPC's threads nor the gateway's ever touch the disk.
class ReaderPool {
 public:
  ReaderPool(int threads, size_t queue_limit);
  ~ReaderPool();

  /// False when the queue is full or the pool has stopped; `work` is not called then.
  bool Post(std::function<void()> work);
  /// Completes what is queued and stops. Idempotent.
  void Stop();

 private:
  void Loop();

  const size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace ttx::rpc
