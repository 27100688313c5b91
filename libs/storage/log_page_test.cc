#include "libs/storage/log_page.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>
#include <vector>

namespace ttx::storage {
namespace {

struct Event {
  uint64_t sequence = 0;
  bool visible = false;
  bool operator==(const Event&) const = default;
};

// A log of events 1, 2, 3 ... that counts what is read from it.
class Log {
 public:
  explicit Log(std::vector<bool> visible) : visible_(std::move(visible)) {}

  LogPage<Event> Look(uint64_t after, size_t limit) {
    read_ = 0;
    return LookAtLog<Event>(
        after, limit, [this](uint64_t last, size_t most) { return Fetch(last, most); },
        [](const Event& event) { return event.visible; });
  }
  ListPage<Event> LookByKey(std::string_view after, size_t limit) {
    read_ = 0;
    return LookAtList<Event>(
        after, limit,
        [this](const std::string& last, size_t most) { return Fetch(last.empty() ? 0 : std::stoull(last), most); },
        [](const Event& event) { return std::to_string(event.sequence); },
        [](const Event& event) { return event.visible; });
  }
  size_t read() const { return read_; }

 private:
  std::vector<Event> Fetch(uint64_t after, size_t most) {
    std::vector<Event> events;
    for (uint64_t n = after + 1; n <= visible_.size() && events.size() < most; ++n) {
      events.push_back({n, visible_[n - 1]});
    }
    read_ += events.size();
    return events;
  }

  const std::vector<bool> visible_;
  size_t read_ = 0;
};

TEST(LogPage, OfALogThatShowsEverythingOnlyThePageIsRead) {
  Log log(std::vector<bool>(100, true));
  const LogPage<Event> page = log.Look(7, 50);
  ASSERT_EQ(page.events.size(), 50u);
  EXPECT_EQ(page.events[0].sequence, 8u);
  EXPECT_EQ(page.last_sequence, 57u);
  EXPECT_TRUE(page.more);
  EXPECT_EQ(log.read(), 50u);
  EXPECT_FALSE(log.Look(57, 50).more);
}

TEST(LogPage, ALookThatFindsNothingEndsAtItsBound) {
  Log log(std::vector<bool>(kLookedAtMost + 1, false));
  const LogPage<Event> first = log.Look(0, 50);
  EXPECT_TRUE(first.events.empty());
  EXPECT_EQ(first.last_sequence, kLookedAtMost);
  EXPECT_TRUE(first.more);
  EXPECT_EQ(log.read(), kLookedAtMost);
  const LogPage<Event> second = log.Look(first.last_sequence, 50);
  EXPECT_EQ(second.last_sequence, kLookedAtMost + 1);
  EXPECT_FALSE(second.more);
}

TEST(LogPage, BehindTheEndNothingMoves) {
  Log log({true, true});
  const LogPage<Event> page = log.Look(1000, 50);
  EXPECT_TRUE(page.events.empty());
  EXPECT_EQ(page.last_sequence, 1000u);
  EXPECT_FALSE(page.more);
}

TEST(LogPage, ConvertsWhatItHolds) {
  Log log({true, false, true, false});
  const LogPage<uint64_t> page =
      MapPage(log.Look(0, 2), [](const Event& event) { return event.sequence * 10; });
  EXPECT_EQ(page.events, (std::vector<uint64_t>{10, 30}));
  EXPECT_EQ(page.last_sequence, 3u);
  EXPECT_TRUE(page.more);
}

// Looking on from where each look ended shows everything that is visible once and in order, in bounded looks.
RC_GTEST_PROP(LogPage, LooksCoverTheLog, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  const uint64_t rarity = 1 + random() % 3000;
  std::vector<bool> visible(random() % 6000);
  std::vector<Event> expected;
  for (size_t i = 0; i < visible.size(); ++i) {
    visible[i] = random() % rarity == 0;
    if (visible[i]) expected.push_back({i + 1, true});
  }
  Log log(visible);
  const size_t limit = 1 + random() % 200;
  std::vector<Event> seen;
  LogPage<Event> page;
  do {
    const uint64_t after = page.last_sequence;
    page = log.Look(after, limit);
    const bool moved = page.last_sequence > after || !page.more;
    if (log.read() > kLookedAtMost || page.events.size() > limit || !moved) RC_FAIL("a look without bound or end");
    seen.insert(seen.end(), page.events.begin(), page.events.end());
  } while (page.more);
  RC_ASSERT(seen == expected);
  RC_ASSERT(page.last_sequence == visible.size());

  std::vector<Event> listed;
  ListPage<Event> list;
  do {
    list = log.LookByKey(list.last, limit);
    if (log.read() > kLookedAtMost || list.items.size() > limit) RC_FAIL("a look without bound");
    listed.insert(listed.end(), list.items.begin(), list.items.end());
  } while (list.more);
  RC_ASSERT(listed == expected);
}

}  // namespace
}  // namespace ttx::storage
