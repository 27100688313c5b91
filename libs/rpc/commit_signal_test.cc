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
std::future<Wakeup> Wait(CommitSignal& signal, uint64_t after, Duration timeout = Hours(1),
                         const std::string& topic = "") {
  auto promise = std::make_shared<std::promise<Wakeup>>();
  std::future<Wakeup> future = promise->get_future();
  signal.Wait(after, timeout, [promise](Wakeup wakeup) { promise->set_value(wakeup); }, topic);
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

TEST(CommitSignal, ManyCommitsWakeAWaiterWithoutATopicOncePerPause) {
  using Clock = std::chrono::steady_clock;
  constexpr uint64_t kCommits = 20'000;
  CommitSignal signal;
  std::promise<void> caught_up;
  std::atomic<uint64_t> published = 0;
  std::atomic<int64_t> wakes = 0;
  std::function<void(Wakeup)> look = [&](Wakeup) {
    ++wakes;
    const uint64_t seen = published;
    if (seen == kCommits) {
      caught_up.set_value();
    } else {
      signal.Wait(seen, Hours(1), look);
    }
  };
  const Clock::time_point start = Clock::now();
  signal.Wait(0, Hours(1), look);
  for (uint64_t sequence = 1; sequence <= kCommits; ++sequence) {
    published = sequence;
    signal.Publish(sequence);
  }
  caught_up.get_future().get();  // nobody misses the last one
  const int64_t elapsed_ns = (Clock::now() - start) / std::chrono::nanoseconds(1);
  EXPECT_LE(wakes, elapsed_ns / CommitSignal::kLeastPause.ns + 1);
}

// A log whose events are about "even" and "odd" by their sequence.
void TellEvenFromOdd(CommitSignal& signal, std::atomic<int>* reads = nullptr) {
  signal.FindTopics([reads](uint64_t after, uint64_t last) {
    if (reads != nullptr) ++*reads;
    std::vector<std::string> topics;
    for (uint64_t sequence = after + 1; sequence <= last; ++sequence) {
      topics.push_back(sequence % 2 == 0 ? "even" : "odd");
    }
    return topics;
  });
}

TEST(CommitSignal, WakesThoseWhoseTopicItIsOnly) {
  CommitSignal signal;
  TellEvenFromOdd(signal);
  std::future<Wakeup> even = Wait(signal, 0, Hours(1), "even");
  std::future<Wakeup> odd = Wait(signal, 0, Hours(1), "odd");
  std::future<Wakeup> any = Wait(signal, 0);
  signal.Publish(1);
  EXPECT_EQ(odd.get(), Wakeup::kCommitted);
  EXPECT_EQ(any.get(), Wakeup::kCommitted);
  EXPECT_TRUE(Pending(even));
  signal.Publish(2);
  EXPECT_EQ(even.get(), Wakeup::kCommitted);
}

TEST(CommitSignal, AnEventBetweenTheLookAndTheWaitIsNotMissed) {
  CommitSignal signal;
  TellEvenFromOdd(signal);
  std::future<Wakeup> odd = Wait(signal, 0, Hours(1), "odd");  // so that topics are read
  signal.Publish(1);
  EXPECT_EQ(odd.get(), Wakeup::kCommitted);
  std::future<Wakeup> keeper = Wait(signal, 9, Hours(1), "odd");
  std::future<Wakeup> told = Wait(signal, 1, Hours(1), "even");
  signal.Publish(4);
  EXPECT_EQ(told.get(), Wakeup::kCommitted);
  EXPECT_EQ(Wait(signal, 3, Hours(1), "even").get(), Wakeup::kCommitted);  // 4 came after it had looked
  std::future<Wakeup> nothing_new = Wait(signal, 3, Hours(1), "odd");
  std::future<Wakeup> level = Wait(signal, 4, Hours(1), "even");
  signal.Publish(5);
  EXPECT_EQ(nothing_new.get(), Wakeup::kCommitted);
  EXPECT_TRUE(Pending(level));
  EXPECT_TRUE(Pending(keeper));
}

TEST(CommitSignal, WithoutAnybodyThereTopicsAreNotReadAndTheNextOneLooks) {
  CommitSignal signal;
  std::atomic<int> reads = 0;
  TellEvenFromOdd(signal, &reads);
  signal.Publish(1);
  signal.Publish(100'000);
  EXPECT_EQ(Wait(signal, 99'998, Hours(1), "odd").get(), Wakeup::kCommitted);
  EXPECT_EQ(reads.load(), 0);
  std::future<Wakeup> many = Wait(signal, 100'000, Hours(1), "odd");
  signal.Publish(200'000);  // more than it cares to read
  EXPECT_EQ(many.get(), Wakeup::kCommitted);
  EXPECT_EQ(reads.load(), 0);
}

TEST(CommitSignal, TopicsTimeOutAndClose) {
  CommitSignal signal;
  TellEvenFromOdd(signal);
  EXPECT_EQ(Wait(signal, 0, Milliseconds(5), "even").get(), Wakeup::kTimedOut);
  std::future<Wakeup> waiting = Wait(signal, 0, Hours(1), "even");
  signal.Stop();
  EXPECT_EQ(waiting.get(), Wakeup::kClosed);
  EXPECT_EQ(Wait(signal, 0, Hours(1), "even").get(), Wakeup::kClosed);
  EXPECT_EQ(Wait(signal, 0).get(), Wakeup::kClosed);
}

// Whoever looks at the log and then waits learns of every event about its topic, whenever the two come.
TEST(CommitSignal, NoTopicIsMissedUnderLoad) {
  constexpr uint64_t kEvents = 20'000;
  std::atomic<uint64_t> log = 0;  // what a look at the log would find
  CommitSignal signal;
  TellEvenFromOdd(signal);
  std::vector<std::thread> watchers;
  for (const char* topic : {"even", "odd", "even", "odd"}) {
    watchers.emplace_back([&, topic] {
      const uint64_t last = topic == std::string("even") ? kEvents : kEvents - 1;
      for (uint64_t seen = log.load(); seen < last; seen = log.load()) {
        ASSERT_EQ(Wait(signal, seen, Hours(1), topic).get(), Wakeup::kCommitted);
      }
    });
  }
  for (uint64_t sequence = 1; sequence <= kEvents; ++sequence) {
    log.store(sequence);
    signal.Publish(sequence);
  }
  for (std::thread& watcher : watchers) watcher.join();
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
