#include "libs/rpc/reader_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace ttx::rpc {
namespace {

// Keeps one thread of a pool busy until told otherwise.
class Occupant {
 public:
  explicit Occupant(ReaderPool& pool) {
    EXPECT_TRUE(pool.Post([this] {
      busy_.set_value();
      free_.get_future().wait();
    }));
    busy_.get_future().wait();
  }
  void Leave() { free_.set_value(); }

 private:
  std::promise<void> busy_;
  std::promise<void> free_;
};

TEST(ReaderPool, RefusesWhatItsQueueCannotHold) {
  ReaderPool pool(1, 2);
  Occupant occupant(pool);
  std::atomic<int> done = 0;
  EXPECT_TRUE(pool.Post([&done] { ++done; }));
  EXPECT_TRUE(pool.Post([&done] { ++done; }));
  EXPECT_FALSE(pool.Post([&done] { done += 100; }));
  occupant.Leave();
  pool.Stop();
  EXPECT_EQ(done.load(), 2);
}

TEST(ReaderPool, AQueueOfNoneTakesNothing) {
  ReaderPool pool(1, 0);
  EXPECT_FALSE(pool.Post([] {}));
}

TEST(ReaderPool, RunsAsManyAtOnceAsItHasThreads) {
  ReaderPool pool(3, 10);
  Occupant first(pool);
  Occupant second(pool);
  Occupant third(pool);  // returns only once all three run side by side
  std::promise<void> ran;
  EXPECT_TRUE(pool.Post([&ran] { ran.set_value(); }));
  EXPECT_EQ(ran.get_future().wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  first.Leave();
  second.Leave();
  third.Leave();
  pool.Stop();
}

TEST(ReaderPool, StopCompletesWhatIsQueuedAndTakesNoMore) {
  ReaderPool pool(2, 1000);
  std::atomic<int> done = 0;
  int posted = 0;
  for (int i = 0; i < 500; ++i) posted += pool.Post([&done] { ++done; }) ? 1 : 0;
  pool.Stop();
  pool.Stop();
  EXPECT_EQ(posted, 500);
  EXPECT_EQ(done.load(), 500);
  EXPECT_FALSE(pool.Post([&done] { ++done; }));
  EXPECT_EQ(done.load(), 500);
}

TEST(ReaderPool, ACrowdOfWatchersWaitsBehindTheReaders) {
  ReaderPool pool(1, 100);
  Occupant occupant(pool);
  std::string order;
  {
    const ReaderPool::Watching watching;
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(pool.Post([&order] { order += 'w'; }));
    EXPECT_FALSE(pool.Post([] {}));
  }
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(pool.Post([&order] { order += 'r'; }));  // a queue of their own
  occupant.Leave();
  pool.Stop();
  // Watchers go on, but one for sixteen readers.
  const std::string round = std::string(16, 'r') + "w";
  EXPECT_EQ(order, round + round + std::string(8, 'r') + std::string(98, 'w'));
}

}  // namespace
}  // namespace ttx::rpc
