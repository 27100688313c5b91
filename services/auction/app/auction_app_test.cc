#include "services/auction/app/auction_app.h"

#include <gtest/gtest.h>

#include "libs/crypto/digest.h"
#include "libs/storage/mem_kv.h"
#include "libs/storage/shell.h"
#include "libs/testing/manual_clock.h"
#include "libs/testing/seeded_ids.h"
#include "services/auction/domain/limits.h"

namespace ttx::auction {
namespace {

constexpr Time kStart{1'800'000'000'000'000'000};

Principal BidderClient(const std::string& name) {
  return {"apiClients/" + name, "organizations/" + name, "people/" + name, {"BIDDER"}};
}

// The service without its wire: shell, app and a clock that the test moves.
class AuctionAppTest : public ::testing::Test {
 protected:
  AuctionAppTest()
      : shell_(std::make_unique<storage::MemKv>(), clock_, {},
               {.on_due = [this](storage::Txn& txn, const std::string& subject) { app_.OnDue(txn, subject); },
                .on_failure = [](const Error&) { FAIL(); }}) {
    ScheduleAuction command;
    command.id = {"a1"};
    command.listing = "listings/l1";
    command.exchange = "organizations/exchange";
    command.rules.start_price = {100};
    command.rules.increments = {{{100}, {10}}};
    command.start_time = kStart + Hours(1);
    command.bidders = {{.code = "11111", .organization = "organizations/b1", .intent = "i1"},
                       {.code = "22222", .organization = "organizations/b2", .intent = "i2"}};
    EXPECT_TRUE(Own([&](storage::Txn& txn) { return app_.Schedule(txn, command); }).ok());
  }

  template <class Run>
  Result<std::string> Own(Run run) {
    Result<std::string> result = Error(Reason::kINTERNAL);
    storage::Command command;
    command.run = [&](storage::Txn& txn) -> Result<std::string> {
      TTX_RETURN_IF_ERROR(run(txn));
      return std::string("ok");
    };
    command.done = [&](storage::Answer answer) { result = std::move(answer.body); };
    shell_.writer().Submit(std::move(command));
    while (shell_.writer().Step() > 0) {
    }
    return result;
  }

  storage::Answer Bid(const std::string& name, int64_t price, const std::string& request_id,
                      const std::string& auction = "a1") {
    storage::Answer result{Error(Reason::kINTERNAL)};
    storage::Command command;
    command.principal = "apiClients/" + name;
    command.method = "PlaceBid";
    command.request_id = request_id;
    command.run = [&](storage::Txn& txn) -> Result<std::string> {
      TTX_TRY(const auto placed, app_.PlaceBid(txn, BidderClient(name), {{auction}, {price}, "", false}));
      return std::to_string(placed.bid.number);
    };
    command.done = [&](storage::Answer answer) { result = std::move(answer); };
    shell_.writer().Submit(std::move(command));
    while (shell_.writer().Step() > 0) {
    }
    return result;
  }

  void Settle() {
    for (int i = 0; i < 10; ++i) {
      shell_.Tick();
      while (shell_.writer().Step() > 0) {
      }
    }
  }

  State StateNow() { return app_.Get(shell_.kv(), {"a1"})->auction.state; }

  testing::SeededIds ids_{1};
  const AuctionApp app_{std::string(32, 'k'), ids_};
  testing::ManualClock clock_{kStart};
  storage::Shell shell_;
};

TEST_F(AuctionAppTest, TimersDriveTheSessionToItsEnd) {
  EXPECT_EQ(StateNow(), State::kScheduled);
  clock_.Set(kStart + Hours(1));
  Settle();
  EXPECT_EQ(StateNow(), State::kFree);
  clock_.Set(kStart + Hours(2));
  Settle();
  EXPECT_EQ(StateNow(), State::kLimited);
  clock_.Set(kStart + Hours(2) + Minutes(5));
  Settle();
  EXPECT_EQ(StateNow(), State::kClosed);
}

TEST_F(AuctionAppTest, ABidIsTakenOnceAndARetryGetsTheSameAnswer) {
  clock_.Set(kStart + Hours(1));
  EXPECT_EQ(*Bid("b1", 100, "r1").body, "1");
  const storage::Answer again = Bid("b1", 100, "r1");
  EXPECT_EQ(*again.body, "1");
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(app_.Get(shell_.kv(), {"a1"})->auction.bid_count, 1);
}

TEST_F(AuctionAppTest, ARefusedBidIsRecordedAndItsRetryGetsTheSameRefusal) {
  clock_.Set(kStart + Hours(1));
  EXPECT_EQ(Bid("b1", 105, "r1").body.error().reason, Reason::kNOT_MULTIPLE);
  EXPECT_TRUE(Bid("b1", 105, "r1").replayed);
  EXPECT_EQ(Bid("nobody", 100, "r1").body.error().reason, Reason::kNOT_QUALIFIED);
  const auto own = app_.ListRefusedBids(shell_.kv(), BidderClient("b1"), {"a1"}, {}, 10);
  ASSERT_EQ(own->size(), 1u);
  EXPECT_EQ(own->at(0).refusal.code, "11111");
  const Principal staff{"apiClients/s", "organizations/exchange", "people/s", {"EXCHANGE_OFFICER"}};
  EXPECT_EQ(app_.ListRefusedBids(shell_.kv(), staff, {"a1"}, {}, 10)->size(), 2u);
  EXPECT_EQ(app_.ListRefusedBids(shell_.kv(), BidderClient("b2"), {"a1"}, {}, 10)->size(), 0u);
}

TEST_F(AuctionAppTest, AnUnknownAuctionIsNotFound) {
  EXPECT_EQ(Bid("b1", 100, "r1", "a2").body.error().reason, Reason::kNOT_FOUND);
}

TEST_F(AuctionAppTest, SchedulingTwiceChangesNothing) {
  const Auction before = app_.Get(shell_.kv(), {"a1"})->auction;
  ScheduleAuction other;
  other.id = {"a1"};
  EXPECT_TRUE(Own([&](storage::Txn& txn) { return app_.Schedule(txn, other); }).ok());
  EXPECT_EQ(app_.Get(shell_.kv(), {"a1"})->auction, before);
}

TEST_F(AuctionAppTest, AReservePriceMustOpenItsCommitment) {
  ScheduleAuction command;
  command.id = {"a2"};
  command.rules.start_price = {100};
  command.rules.increments = {{{100}, {10}}};
  command.start_time = kStart + Hours(1);
  command.bidders = {{.code = "11111", .organization = "organizations/b1", .intent = "i1"}};
  command.reserve = Reserve{{200}, std::string(16, 's'), std::string(32, 'c')};
  const auto schedule = [&] { return Own([&](storage::Txn& txn) { return app_.Schedule(txn, command); }); };
  EXPECT_EQ(schedule().error().violations.at(0).field, "reserve_commitment");
  command.reserve->commitment = crypto::Sha256(std::string(16, 's') + "TTX-RESERVE-1|200");
  EXPECT_TRUE(schedule().ok());
}

TEST_F(AuctionAppTest, EventsAreSeenByThoseTheyConcern) {
  clock_.Set(kStart + Hours(1));
  EXPECT_TRUE(Bid("b1", 100, "r1").body.ok());
  EXPECT_FALSE(Bid("b2", 100, "r2").body.ok());
  const Principal service{"services/listing", "", "", {}};
  const Principal other{"apiClients/o", "organizations/other", "people/o", {"EXCHANGE_OFFICER"}};
  const Principal staff{"apiClients/s", "organizations/exchange", "people/s", {"EXCHANGE_OFFICER"}};
  EXPECT_EQ(app_.ListEvents(shell_.kv(), service, 0, 10, false).events.size(), 4u);
  EXPECT_EQ(app_.ListEvents(shell_.kv(), staff, 2, 1, false).events.size(), 1u);
  EXPECT_EQ(app_.ListEvents(shell_.kv(), other, 0, 10, false).events.size(), 0u);
  EXPECT_EQ(app_.ListEvents(shell_.kv(), staff, 0, 10, true).events.size(), 2u) << "scheduled and begun, no bids";
  EXPECT_EQ(app_.ListEvents(shell_.kv(), other, 0, 10, true).events.size(), 0u);
  EXPECT_EQ(app_.ListEvents(shell_.kv(), other, 0, 10, false).last_sequence, storage::LastSequence(shell_.kv()));
  EXPECT_EQ(app_.WatchEvents(shell_.kv(), {"a1"}, 0, 10)->events.size(), 3u) << "the refused bid is not public";
}

TEST_F(AuctionAppTest, AnOutageSuspendsOpenSessionsInSteps) {
  clock_.Set(kStart + Hours(1));
  Settle();
  clock_.Set(kStart + Hours(1) + Minutes(20));
  std::optional<std::string> cursor = "";
  EXPECT_TRUE(Own([&](storage::Txn& txn) -> Status {
                cursor = app_.Recover(txn, kStart + Hours(1) + Minutes(10), *cursor);
                return {};
              }).ok());
  EXPECT_FALSE(cursor.has_value());
  EXPECT_EQ(StateNow(), State::kSuspended);
  Settle();
  EXPECT_EQ(StateNow(), State::kFree);
  EXPECT_EQ(
      app_.Get(shell_.kv(), {"a1"})->auction.phase_end - (kStart + Hours(1) + Minutes(20)) >= Minutes(50),
      true);
}

TEST_F(AuctionAppTest, ARecoveryThatWasCutShortStillKnowsHowLongTheOutageWas) {
  for (int i = 0; i < 100; ++i) {
    ScheduleAuction command;
    command.id = {"b" + std::to_string(i)};
    command.rules.start_price = {100};
    command.rules.increments = {{{100}, {10}}};
    command.start_time = kStart + Hours(1);
    command.bidders = {{.code = "11111", .organization = "organizations/b1", .intent = "i1"}};
    ASSERT_TRUE(Own([&](storage::Txn& txn) { return app_.Schedule(txn, command); }).ok());
  }
  clock_.Set(kStart + Hours(1));
  Settle();
  clock_.Set(kStart + Hours(1) + Minutes(20));
  const auto recover = [&](Time since) {
    std::optional<std::string> cursor;
    EXPECT_TRUE(Own([&](storage::Txn& txn) -> Status {
                  cursor = app_.Recover(txn, since, "");
                  return {};
                }).ok());
    return cursor;
  };
  ASSERT_TRUE(recover(kStart + Hours(1) + Minutes(10)).has_value()) << "more than one step";
  std::optional<std::string> cursor =
      recover(kStart + Hours(1) + Minutes(20));  // the next start, a moment later
  ASSERT_TRUE(cursor.has_value());
  EXPECT_TRUE(Own([&](storage::Txn& txn) -> Status {
                cursor = app_.Recover(txn, txn.now(), *cursor);
                return {};
              }).ok());
  EXPECT_FALSE(cursor.has_value());
  EXPECT_EQ(app_.Get(shell_.kv(), {"b99"})->auction.state, State::kSuspended);
  EXPECT_FALSE(LoadRecovery(shell_.kv()).has_value());
}

TEST_F(AuctionAppTest, AShortOutageMovesTheEndByItselfAndOneCycle) {
  clock_.Set(kStart + Hours(1));
  Settle();
  clock_.Set(kStart + Hours(1) + Minutes(10));
  const Time end = app_.Get(shell_.kv(), {"a1"})->auction.phase_end;
  const auto recover = [&](Duration outage) {
    EXPECT_TRUE(Own([&](storage::Txn& txn) -> Status {
                  EXPECT_EQ(app_.Recover(txn, txn.now() - outage, ""), std::nullopt);
                  return {};
                }).ok());
    return app_.Get(shell_.kv(), {"a1"})->auction;
  };
  EXPECT_EQ(recover(kMaxSilence).phase_end, end) << "within what a healthy server needs";
  EXPECT_EQ(recover(kMaxOutage).phase_end, end + kMaxOutage + Minutes(5));
  EXPECT_EQ(StateNow(), State::kFree);
}

TEST_F(AuctionAppTest, ThereIsOneHeartbeatHoweverOftenItIsPlanned) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(Own([&](storage::Txn& txn) -> Status {
                  app_.Heartbeat(txn);
                  return {};
                }).ok());
  }
  int heartbeats = 0;
  for (const storage::Due& due : storage::ReadDue(shell_.kv(), kStart + Hours(24), 100)) {
    heartbeats += due.subject == "heartbeat" ? 1 : 0;
  }
  EXPECT_EQ(heartbeats, 1);
}

}  // namespace
}  // namespace ttx::auction
