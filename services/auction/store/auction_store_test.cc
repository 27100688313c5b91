#include "services/auction/store/auction_store.h"

#include <gtest/gtest.h>

#include "libs/core/encoding.h"
#include "libs/storage/mem_kv.h"

namespace ttx::auction {
namespace {

ScheduleAuction Session() {
  ScheduleAuction command;
  command.id = {"a1"};
  command.listing = "listings/l1";
  command.exchange = "organizations/x1";
  command.title = "t";
  command.rules.start_price = {100};
  command.rules.increments = {{{100}, {10}}};
  command.rules.cap = Fen{1000};
  command.reserve = Reserve{{200}, "salt", "commitment"};
  command.start_time = Time{1'000'000'000};
  command.bidders = {{"11111", "organizations/b1", "listings/l1/intents/i1"},
                     {"22222", "organizations/b2", "listings/l1/intents/i2"}};
  return command;
}

const std::unordered_map<std::string, std::optional<std::string>> kNothing;

// Commits what a transaction staged.
void Commit(storage::MemKv& kv, const storage::Txn& txn) {
  storage::WriteBatch batch;
  for (const auto& [key, value] : txn.staged()) value ? batch.Put(key, *value) : batch.Delete(key);
  ASSERT_TRUE(kv.Write(batch).ok());
}

class AuctionStoreTest : public ::testing::Test {
 protected:
  // Decides and saves as the app does.
  template <class Decider>
  StoredAuction Run(int64_t now_ns, Decider decide) {
    const storage::Overlay none;
    storage::Txn txn(kv_, none, kNothing, Time{now_ns}, storage::LastSequence(kv_) + 1);
    const std::optional<StoredAuction> before = LoadAuction(txn, {"a1"});
    const StoredAuction after = SaveDecision(txn, before, decide(before, Time{now_ns}));
    Commit(kv_, txn);
    return after;
  }
  StoredAuction Schedule() {
    return Run(5, [](const auto&, Time now) { return Decide(Session(), now).value(); });
  }
  StoredAuction Bid(int64_t now_ns, const std::string& organization, int64_t price) {
    return Run(now_ns, [&](const auto& before, Time now) {
      return Decide(before->auction,
                    PlaceBid{FindBidder(kv_, {"a1"}, organization), organization, "", {price}, true}, now);
    });
  }

  // The timer that is due comes, as the shell runs it.
  void Fire(int64_t now_ns) {
    const storage::Overlay none;
    storage::Txn txn(kv_, none, kNothing, Time{now_ns}, storage::LastSequence(kv_) + 1);
    txn.ClearDue(*storage::NextDue(kv_), "a1");
    const StoredAuction before = *LoadAuction(txn, {"a1"});
    SaveDueDecision(txn, before, Decide(before.auction, Advance{}, Time{now_ns}));
    Commit(kv_, txn);
  }

  storage::MemKv kv_;
};

TEST_F(AuctionStoreTest, WhatIsSavedIsLoaded) {
  const StoredAuction scheduled = Schedule();
  EXPECT_EQ(LoadAuction(kv_, {"a1"})->auction, scheduled.auction);
  const StoredAuction bid = Bid(1'000'000'001, "organizations/b1", 110);
  EXPECT_EQ(LoadAuction(kv_, {"a1"})->auction, bid.auction);
  EXPECT_EQ(LoadAuction(kv_, {"a1"})->log_hash, bid.log_hash);
  EXPECT_EQ(LoadBid(kv_, {"a1"}, 1)->price, Fen{110});
  EXPECT_EQ(FindBidder(kv_, {"a1"}, "organizations/b2")->code, "22222");
  EXPECT_FALSE(FindBidder(kv_, {"a1"}, "organizations/b3").has_value());
  EXPECT_EQ(ListAuctions(kv_, "organizations/x1", "", 10).size(), 1u);
  EXPECT_EQ(ListAuctions(kv_, "organizations/x2", "", 10).size(), 0u);
  EXPECT_EQ(ListAuctions(kv_, "", "a1", 10).size(), 0u);
}

TEST_F(AuctionStoreTest, TheStoredEventsRebuildTheAuction) {
  Schedule();
  Bid(1'000'000'001, "organizations/b1", 110);
  Bid(1'000'000'002, "organizations/b1", 120);   // refused: leads already
  Bid(1'000'000'003, "organizations/b2", 1000);  // the cap: closes
  Auction folded;
  const auto events = ListEvents(kv_, {}, 0, 100);
  for (const StoredEvent& stored : events) folded = Apply(std::move(folded), stored.event);
  EXPECT_EQ(folded, LoadAuction(kv_, {"a1"})->auction);
  EXPECT_EQ(folded.state, State::kClosed);
  EXPECT_EQ(events.back().log_hash, LoadAuction(kv_, {"a1"})->log_hash);
  EXPECT_EQ(ListRefusedBids(kv_, {"a1"}, {}, 10).at(0).refusal.reason, Reason::kSELF_LEADING);
  EXPECT_TRUE(ListOpen(kv_, "", 10).empty());
  EXPECT_EQ(CountOpen(kv_), 0u);
  EXPECT_FALSE(storage::NextDue(kv_).has_value());
  for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].sequence, i + 1);
}

TEST_F(AuctionStoreTest, MilestonesLeaveOutBidsAndNameTheOneBefore) {
  Schedule();
  Bid(1'000'000'001, "organizations/b1", 110);
  Bid(1'000'000'002, "organizations/b1", 120);   // refused
  Bid(1'000'000'003, "organizations/b2", 1000);  // closes
  std::vector<std::pair<uint64_t, uint64_t>> found;
  for (const StoredEvent& event : ListMilestones(kv_, 0, 100)) {
    found.emplace_back(event.previous_milestone, event.sequence);
  }
  const std::vector<std::pair<uint64_t, uint64_t>> scheduled_begun_closed = {{0, 1}, {1, 2}, {2, 6}};
  EXPECT_EQ(found, scheduled_begun_closed);
  EXPECT_EQ(ListMilestones(kv_, 2, 100).size(), 1u);
  EXPECT_EQ(ListMilestones(kv_, 0, 1).size(), 1u);
}

TEST_F(AuctionStoreTest, RefusedBidsAreNoPartOfThePublicLog) {
  Schedule();
  const std::string before = Bid(1'000'000'001, "organizations/b1", 110).log_hash;
  EXPECT_EQ(Bid(1'000'000'002, "organizations/b1", 120).log_hash, before);
  EXPECT_EQ(ListEvents(kv_, {}, 0, 100).size(), 4u);
  EXPECT_EQ(ListEvents(kv_, {"a1"}, 0, 100).size(), 3u);
  const std::string closed = Bid(1'000'000'003, "organizations/b2", 1000).log_hash;
  EXPECT_NE(closed, before);
  EXPECT_EQ(Bid(1'000'000'004, "organizations/b1", 1000).log_hash, closed) << "nothing after the close";
}

TEST_F(AuctionStoreTest, ATimerThatComesEarlyPlansItselfAnew) {
  Schedule();
  EXPECT_EQ(storage::NextDue(kv_), Time{1'000'000'000});
  Bid(1'000'000'001, "organizations/b1", 110);
  EXPECT_EQ(storage::NextDue(kv_), Time{1'000'000'000}) << "a bid leaves it where it is";
  Fire(1'000'000'002);
  EXPECT_EQ(storage::NextDue(kv_), Time{1'000'000'000} + Hours(1));
  EXPECT_EQ(LoadAuction(kv_, {"a1"})->due, storage::NextDue(kv_));
  EXPECT_EQ(storage::ReadDue(kv_, Time{INT64_MAX - 1}, 10).size(), 1u);
}

TEST_F(AuctionStoreTest, GoldenBytes) {
  Schedule();
  EXPECT_EQ(Hex(AuctionKey({"a1"})), "10613100");
  const StoredAuction bid = Bid(1'000'000'001, "organizations/b1", 110);
  EXPECT_EQ(Hex(bid.log_hash), "9231898f0e6a2107cd7cf0290d29ba433379f3cb896b748188294e7c8b475dc7");
  std::string keys;
  for (const auto& entry :
       kv_.Scan({std::string(1, '\x10'), std::string(1, '\x20')}, 100, storage::Direction::kForward)) {
    keys += Hex(entry.key) + "\n";
  }
  EXPECT_EQ(keys,
            "10613100\n"
            "116131000000000000000001\n"
            "126131006f7267616e697a6174696f6e732f623100\n"
            "126131006f7267616e697a6174696f6e732f623200\n"
            "13613100313131313100\n"
            "13613100323232323200\n"
            "146131000000000000000001\n"
            "146131000000000000000002\n"
            "146131000000000000000003\n"
            "15613100\n"
            "166f7267616e697a6174696f6e732f783100613100\n"
            "19\n"
            "1b0000000000000001\n"
            "1b0000000000000002\n");
}

}  // namespace
}  // namespace ttx::auction
