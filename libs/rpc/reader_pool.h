#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ttx::rpc {

/// A few threads that answer queries, so that neither gRPC's threads nor the gateway's ever touch the disk.
///
/// Whoever was woken because something was committed (work posted by a thread that is Watching) queues apart from
/// those who ask on their own: the readers come first, so that a crowd of watchers delays none of them.
class ReaderPool {
 public:
  /// `queue_limit` bounds each of the two queues.
  ReaderPool(int threads, size_t queue_limit);
  ~ReaderPool();

  /// False when the queue is full or the pool has stopped; `work` is not called then.
  bool Post(std::function<void()> work);
  /// Completes what is queued and stops. Idempotent.
  void Stop();

  /// While it lives, what this thread posts is a watcher's.
  class Watching {
   public:
    Watching();
    ~Watching();
    Watching(const Watching&) = delete;
    Watching& operator=(const Watching&) = delete;
  };

 private:
  void Loop();
  std::function<void()> Next();

  const size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> reads_;
  std::deque<std::function<void()>> looks_;  // of watchers
  int reads_in_a_row_ = 0;                   // while a look waited
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace ttx::rpc
