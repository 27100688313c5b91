#include "libs/rpc/reader_pool.h"

namespace ttx::rpc {
namespace {

// After so many readers a watcher has its turn, however many more of them wait.
constexpr int kReadsPerLook = 16;

// Aligned: mold 1.10 links a program that does not load when less aligned thread-local data ends up on the last bytes
// of a page.
alignas(8) thread_local bool watching = false;

}  // namespace

ReaderPool::Watching::Watching() { watching = true; }

ReaderPool::Watching::~Watching() { watching = false; }

ReaderPool::ReaderPool(int threads, size_t queue_limit) : queue_limit_(queue_limit) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
}

ReaderPool::~ReaderPool() { Stop(); }

bool ReaderPool::Post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    auto& queue = watching ? looks_ : reads_;
    if (stopping_ || queue.size() >= queue_limit_) return false;
    queue.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

// The next piece of work; one of the queues has some.
std::function<void()> ReaderPool::Next() {
  const bool look = reads_.empty() || (!looks_.empty() && reads_in_a_row_ >= kReadsPerLook);
  reads_in_a_row_ = look || looks_.empty() ? 0 : reads_in_a_row_ + 1;
  auto& queue = look ? looks_ : reads_;
  std::function<void()> work = std::move(queue.front());
  queue.pop_front();
  return work;
}

void ReaderPool::Loop() {
  while (true) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !reads_.empty() || !looks_.empty(); });
      if (reads_.empty() && looks_.empty()) return;
      work = Next();
    }
    work();
  }
}

void ReaderPool::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace ttx::rpc
