#include "libs/rpc/commit_signal.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <vector>

namespace ttx::rpc {
namespace {

using Wakeup = CommitSignal::Wakeup;

// Waits in the signal and remembers how it ended.
std::future<Wakeup> Wait(CommitSignal& signal, uint64_t after, Duration timeout = Hours(1)) {
  auto promise = std::make_shared<std::promise<Wakeup>>();
  std::future<Wakeup> future = promise->get_future();
  signal.Wait(after, timeout, [promise](Wakeup wakeup) { promise->set_value(wakeup); });
  return future;
}

bool Pending(const std::future<Wakeup>& future) {
  return future.wait_for(std::chrono::seconds(0)) == std::future_status::timeout;
}

TEST(CommitSignal, WakesThoseBehindTheCommitOnly) {
  CommitSignal signal;
  std::future<Wakeup> behind = Wait(signal, 4);
  std::future<Wakeup> level = Wait(signal, 5);
  signal.Publish(5);
  EXPECT_EQ(behind.get(), Wakeup::kCommitted);
  EXPECT_EQ(Wait(signal, 0).get(), Wakeup::kCommitted);  // committed before anybody waited
  EXPECT_TRUE(Pending(level));
  signal.Publish(6);
  EXPECT_EQ(level.get(), Wakeup::kCommitted);
}

TEST(CommitSignal, AnOlderCommitChangesNothing) {
  CommitSignal signal;
  signal.Publish(7);
  std::future<Wakeup> waiting = Wait(signal, 7);
  signal.Publish(3);
  signal.Publish(7);
  EXPECT_EQ(Wait(signal, 6).get(), Wakeup::kCommitted);  // the signal has looked at all of them since
  EXPECT_TRUE(Pending(waiting));
  signal.Close();
  EXPECT_EQ(waiting.get(), Wakeup::kClosed);
}

TEST(CommitSignal, TimesOutInTheOrderOfTheDeadlines) {
  CommitSignal signal;
  std::future<Wakeup> never = Wait(signal, 0);
  std::future<Wakeup> later = Wait(signal, 0, Milliseconds(30));
  std::future<Wakeup> soon = Wait(signal, 0, Milliseconds(5));
  std::future<Wakeup> past = Wait(signal, 0, Duration{});
  EXPECT_EQ(past.get(), Wakeup::kTimedOut);
  EXPECT_EQ(soon.get(), Wakeup::kTimedOut);
  EXPECT_EQ(later.get(), Wakeup::kTimedOut);
  EXPECT_TRUE(Pending(never));
  signal.Publish(1);
  EXPECT_EQ(never.get(), Wakeup::kCommitted);
}

TEST(CommitSignal, CloseWakesEverybodyNowAndFromNowOn) {
  CommitSignal signal;
  std::future<Wakeup> before = Wait(signal, 0);
  signal.Close();
  signal.Close();
  EXPECT_EQ(before.get(), Wakeup::kClosed);
  for (int i = 0; i < 100; ++i) {  // whoever looked at the log while the signal closed comes to wait afterwards
    std::future<Wakeup> after = Wait(signal, 0);
    ASSERT_EQ(after.wait_for(std::chrono::seconds(20)), std::future_status::ready);
    EXPECT_EQ(after.get(), Wakeup::kClosed);
  }
}

TEST(CommitSignal, ItsEndWakesThoseWhoStillWait) {
  std::future<Wakeup> waiting;
  {
    CommitSignal signal;
    waiting = Wait(signal, 0);
  }
  EXPECT_EQ(waiting.get(), Wakeup::kClosed);
}

TEST(CommitSignal, ACallbackMayWaitAgain) {
  CommitSignal signal;
  std::promise<Wakeup> second;
  signal.Wait(0, Hours(1), [&](Wakeup) {
    signal.Wait(1, Hours(1), [&second](Wakeup wakeup) { second.set_value(wakeup); });
  });
  signal.Publish(1);
  signal.Publish(2);
  EXPECT_EQ(second.get_future().get(), Wakeup::kCommitted);
}

// Waiters come from several threads while commits are published: each is called exactly once, and never for a
// commit it had seen.
TEST(CommitSignal, ManyWaitersAreEachCalledOnce) {
  constexpr int kThreads = 4;
  constexpr int kWaits = 1000;
  std::vector<std::atomic<int>> calls(kThreads * kWaits);
  std::atomic<uint64_t> published = 0;
  std::atomic<int> early = 0;
  {
    CommitSignal signal;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kWaits; ++i) {
          const uint64_t after = static_cast<uint64_t>(i);
          signal.Wait(after, Hours(1), [&, t, i, after](Wakeup wakeup) {
            ++calls[static_cast<size_t>(t * kWaits + i)];
            early += wakeup == Wakeup::kCommitted && published.load() <= after ? 1 : 0;
          });
        }
      });
    }
    for (uint64_t sequence = 1; sequence <= kWaits / 2; ++sequence) {
      published.store(sequence);
      signal.Publish(sequence);
    }
    for (std::thread& thread : threads) thread.join();
  }
  for (const std::atomic<int>& count : calls) EXPECT_EQ(count.load(), 1);
  EXPECT_EQ(early.load(), 0);
}

}  // namespace
}  // namespace ttx::rpc
