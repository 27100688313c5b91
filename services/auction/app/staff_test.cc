// What staff do with a session, what stays secret, and what happens when the server was silent.

#include <gtest/gtest.h>

#include "services/auction/app/test_app.h"
#include "services/auction/domain/limits.h"

namespace ttx::auction {
namespace {

using testing::At;
using testing::BidderClient;
using testing::ForeignOfficer;
using testing::Officer;
using testing::SessionOf;
using testing::TestApp;
using testing::WorkedSession;
using testing::Yuan;

constexpr std::optional<Reason> kAccepted = std::nullopt;

class StaffTest : public ::testing::Test {
 protected:
  StaffTest() {
    ScheduleAuction command = WorkedSession();
    command.reserve.reset();
    command.rules.proxy_bids = true;
    world_.Schedule(command);
    EXPECT_EQ(world_.Bid("B01", Yuan(1'000'000), At(9, 5)), kAccepted);
  }

  std::optional<Reason> Request(const Principal& caller, Act act, Time time, Time resume_time = {}) {
    return TestApp::ReasonOf(world_.At(time, [&](storage::Txn& txn) {
      return world_.app.RequestAct(txn, caller, {{"a1"}, act, "OBJECTION", resume_time});
    }));
  }
  std::optional<Reason> Confirm(const Principal& caller, Act act, Time time, std::string etag = "") {
    if (etag.empty() && world_.Now().pending) etag = ActEtag(*world_.Now().pending);
    return TestApp::ReasonOf(world_.At(time, [&](storage::Txn& txn) {
      return world_.app.ConfirmAct(txn, caller, {{"a1"}, act, etag});
    }));
  }
  std::optional<Reason> Proxy(const std::string& code, Fen maximum, Time time) {
    return TestApp::ReasonOf(world_.At(time, [&](storage::Txn& txn) {
      return world_.app.SetProxy(txn, BidderClient(code), {{"a1"}, maximum});
    }));
  }

  TestApp world_{At(8, 0)};
};

TEST_F(StaffTest, TwoPersonsSuspendAndContinue) {
  const std::string before = world_.Everything();
  EXPECT_EQ(Request(ForeignOfficer(), Act::kSuspend, At(9, 10)), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(Request(BidderClient("B01"), Act::kSuspend, At(9, 10)), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(Confirm(Officer("people/o2"), Act::kSuspend, At(9, 10), "any"), Reason::kWRONG_STATE);
  EXPECT_EQ(world_.Everything(), before) << "nothing else changes";
  EXPECT_EQ(Request(Officer("people/o1"), Act::kSuspend, At(9, 11)), kAccepted);
  EXPECT_EQ(Confirm(Officer("people/o2"), Act::kSuspend, At(9, 12), "stale"), Reason::kETAG_MISMATCH);
  EXPECT_EQ(Confirm(Officer("people/o1"), Act::kSuspend, At(9, 13)), Reason::kSAME_PERSON);
  EXPECT_EQ(Confirm(Officer("people/o2"), Act::kAnnul, At(9, 14)), Reason::kPROPOSAL_DIFFERS);
  EXPECT_EQ(Confirm(ForeignOfficer(), Act::kSuspend, At(9, 14)), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(Confirm(Officer("people/o2"), Act::kSuspend, At(9, 15)), kAccepted);
  EXPECT_EQ(world_.Bid("B02", Yuan(1'010'000), At(9, 16)), Reason::kAUCTION_SUSPENDED);
  const Time resume = At(10, 0, 0, 0, 1);
  EXPECT_EQ(Request(Officer("people/o1"), Act::kContinue, At(9, 20), resume), kAccepted);
  EXPECT_EQ(Confirm(Officer("people/o2"), Act::kContinue, At(9, 21)), kAccepted);
  world_.MoveTo(resume);
  EXPECT_EQ(world_.Now().state, State::kFree);
  EXPECT_EQ(world_.Now().phase_end, resume + Minutes(45));
}

TEST_F(StaffTest, ABidDoesNotMakeAConfirmationStale) {
  EXPECT_EQ(Request(Officer("people/o1"), Act::kSuspend, At(9, 11)), kAccepted);
  const std::string seen = ActEtag(*world_.Now().pending);
  EXPECT_EQ(world_.Bid("B02", Yuan(1'010'000), At(9, 12)), kAccepted);
  EXPECT_EQ(Confirm(Officer("people/o2"), Act::kSuspend, At(9, 13), seen), kAccepted);
  EXPECT_EQ(world_.Now().leading->code, "B02") << "what was bid before stands";
}

TEST_F(StaffTest, WhatWaitsIsShownToStaffOnly) {
  EXPECT_EQ(world_.app.GetPendingAct(world_.shell.kv(), Officer(), {"a1"}).error().reason,
            Reason::kNOT_FOUND);
  EXPECT_EQ(Request(Officer("people/o1"), Act::kSuspend, At(9, 11)), kAccepted);
  EXPECT_EQ(world_.app.GetPendingAct(world_.shell.kv(), Officer(), {"a1"})->person, "people/o1");
  EXPECT_EQ(world_.app.GetPendingAct(world_.shell.kv(), BidderClient("B01"), {"a1"}).error().reason,
            Reason::kPERMISSION_DENIED);
  for (const StoredEvent& event : world_.Public()) {
    EXPECT_FALSE(std::holds_alternative<ActRequested>(event.event.payload)) << "persons are not public";
  }
  const auto withdrawn = world_.At(At(9, 12), [&](storage::Txn& txn) {
    return world_.app.WithdrawAct(txn, Officer("people/o2"), {"a1"});
  });
  EXPECT_TRUE(withdrawn.ok());
  EXPECT_FALSE(world_.Now().pending.has_value());
}

TEST_F(StaffTest, TwoPersonsAnnul) {
  EXPECT_EQ(Request(ForeignOfficer(), Act::kAnnul, At(9, 13)), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(Request(Officer("people/o1"), Act::kAnnul, At(9, 14)), kAccepted);
  EXPECT_EQ(Confirm(Officer("people/o2"), Act::kAnnul, At(9, 15)), kAccepted);
  EXPECT_EQ(world_.Now().outcome, Outcome::kAnnulled);
  EXPECT_EQ(std::get<Closed>(world_.Public().back().event.payload).reason, "OBJECTION");
}

TEST_F(StaffTest, AMaximumStaysTheBiddersSecret) {
  EXPECT_EQ(Proxy("B02", Yuan(1'015'000), At(9, 10)), Reason::kNOT_MULTIPLE);
  EXPECT_EQ(Proxy("B02", Yuan(990'000), At(9, 10)), Reason::kBELOW_START);
  EXPECT_EQ(Proxy("B02", Yuan(1'000'000), At(9, 10)), Reason::kNOT_HIGHER);
  EXPECT_EQ(Proxy("B09", Yuan(1'100'000), At(9, 10)), Reason::kNOT_QUALIFIED);
  EXPECT_EQ(Proxy("B02", Yuan(1'100'000), At(9, 11)), kAccepted);
  const auto show = [&](const std::string& code) {
    return world_.app.GetProxy(world_.shell.kv(), BidderClient(code), {"a1"});
  };
  EXPECT_EQ(show("B02")->maximum, Yuan(1'100'000));
  EXPECT_EQ(show("B01").error().reason, Reason::kNOT_FOUND);
  EXPECT_EQ(world_.Bid("B01", Yuan(1'050'000), At(9, 12)), kAccepted);
  EXPECT_EQ(world_.Now().leading->code, "B02");
  EXPECT_EQ(world_.Now().leading->price, Yuan(1'060'000)) << "one step above, no further";
  const Principal service{"services/listing", "", "", {}};
  for (const Principal& caller : {service, Officer()}) {
    for (const StoredEvent& event : world_.app.ListEvents(world_.shell.kv(), caller, 0, 100, false).events) {
      EXPECT_FALSE(std::holds_alternative<ProxySet>(event.event.payload));
    }
  }
  EXPECT_EQ(world_.Bid("B03", Yuan(1'200'000), At(9, 13)), kAccepted);
  EXPECT_EQ(show("B02").error().reason, Reason::kNOT_FOUND) << "outbid past its maximum";
}

TEST_F(StaffTest, AnIdentityIsShownToItsOwnerAndAfterTheCloseToStaff) {
  const auto show = [&](const Principal& caller) {
    return world_.app.GetBidder(world_.shell.kv(), caller, {"a1"}, "B01");
  };
  EXPECT_EQ(show(BidderClient("B01"))->organization, "organizations/B01");
  EXPECT_EQ(show(BidderClient("B02")).error().reason, Reason::kNOT_FOUND);
  EXPECT_EQ(show(Officer()).error().reason, Reason::kNOT_FOUND);
  world_.MoveTo(At(10, 5));
  ASSERT_EQ(world_.Now().state, State::kClosed);
  EXPECT_EQ(show(Officer())->intent, "listings/l/intents/B01");
  EXPECT_EQ(show(ForeignOfficer()).error().reason, Reason::kNOT_FOUND);
}

// --- Default (domain.md 5.12)

class DefaultTest : public StaffTest {
 protected:
  std::optional<Reason> Ask(const Principal& caller, const std::string& code, ForfeitCause cause, Time time) {
    return TestApp::ReasonOf(world_.At(time, [&](storage::Txn& txn) {
      return world_.app.RequestAct(
          txn, caller, {{"a1"}, Act::kDeclareDefault, "its letter of today", {}, code, cause});
    }));
  }
  std::optional<Reason> Declare(const std::string& code, ForfeitCause cause, Time time) {
    if (const auto refused = Ask(Officer("people/o1"), code, cause, time)) return refused;
    return Confirm(Officer("people/o2"), Act::kDeclareDefault, time + Seconds(1));
  }
};

TEST_F(DefaultTest, ADefaultTakesTwoPersonsAndIsToldToConsumers) {
  EXPECT_EQ(Ask(ForeignOfficer(), "B02", ForfeitCause::kWithdrew, At(9, 10)), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(Ask(Officer(), "B09", ForfeitCause::kWithdrew, At(9, 10)), Reason::kINVALID_FIELD);
  EXPECT_EQ(Ask(Officer(), "", ForfeitCause::kWithdrew, At(9, 10)), Reason::kINVALID_FIELD);
  EXPECT_EQ(Ask(Officer(), "B02", ForfeitCause::kAllSilent, At(9, 10)), Reason::kWRONG_STATE);
  EXPECT_EQ(Ask(Officer("people/o1"), "B02", ForfeitCause::kMisconduct, At(9, 11)), kAccepted);
  EXPECT_TRUE(world_.Now().barred.empty());
  const std::string of_b02 = ActEtag(*world_.Now().pending);
  EXPECT_EQ(Confirm(Officer("people/o1"), Act::kDeclareDefault, At(9, 11, 10)), Reason::kSAME_PERSON);
  EXPECT_EQ(Confirm(ForeignOfficer(), Act::kDeclareDefault, At(9, 11, 20)), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(Confirm(Officer("people/o2"), Act::kDeclareDefault, At(9, 11, 30), of_b02), kAccepted);
  EXPECT_EQ(world_.Bid("B02", Yuan(1'010'000), At(9, 12)), Reason::kNOT_QUALIFIED);
  EXPECT_EQ(Ask(Officer("people/o1"), "B03", ForfeitCause::kMisconduct, At(9, 13)), kAccepted);
  EXPECT_NE(ActEtag(*world_.Now().pending), of_b02) << "whoever saw another code confirms nothing";
  EXPECT_EQ(Confirm(Officer("people/o2"), Act::kDeclareDefault, At(9, 14), of_b02), Reason::kETAG_MISMATCH);
  for (const StoredEvent& event : world_.Public()) {
    EXPECT_FALSE(std::holds_alternative<ActRequested>(event.event.payload)) << "who is accused is not public";
  }
  world_.MoveTo(At(10, 5));
  ASSERT_EQ(world_.Now().outcome, Outcome::kWinner);
  const std::string final_hash = world_.app.Get(world_.shell.kv(), {"a1"})->log_hash;
  EXPECT_EQ(Declare("B01", ForfeitCause::kWithdrew, At(10, 6)), Reason::kWRONG_STATE);
  EXPECT_EQ(Declare("B01", ForfeitCause::kMisconduct, At(10, 7)), kAccepted);
  const Principal service{"services/listing", "", "", {}};
  const auto told = world_.app.ListEvents(world_.shell.kv(), service, 0, 100, true).events;
  EXPECT_EQ(std::get<Forfeited>(told.back().event.payload).code, "B01");
  EXPECT_FALSE(std::get<Forfeited>(told.back().event.payload).deposit_lost) << "it is the deal's";
  EXPECT_EQ(world_.app.Get(world_.shell.kv(), {"a1"})->log_hash, final_hash) << "final with the close";
}

// The older bids are found on disk, and the session goes on without its best bidder.
TEST_F(DefaultTest, TheBidsOfABarredLeaderAreVoid) {
  EXPECT_EQ(world_.Bid("B02", Yuan(1'010'000), At(9, 10)), kAccepted);
  EXPECT_EQ(Proxy("B03", Yuan(3'000'000), At(9, 11)), kAccepted);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(world_.Bid("B02", *MinAcceptable(world_.Now(), At(9, 12)), At(9, 12, i)), kAccepted);
  }
  ASSERT_EQ(world_.Now().leading->code, "B03");
  ASSERT_EQ(world_.Now().bid_count, 15);
  world_.MoveTo(At(10, 0));
  ASSERT_EQ(world_.Now().state, State::kLimited);
  EXPECT_EQ(Declare("B03", ForfeitCause::kWithdrew, At(10, 4, 58)), kAccepted);
  const Auction after = world_.Now();
  EXPECT_EQ(after.leading->code, "B02");
  EXPECT_EQ(after.leading->number, 14);
  EXPECT_EQ(after.rival->code, "B01") << "the first bid of all";
  EXPECT_EQ(after.rival->number, 1);
  EXPECT_FALSE(after.proxy.has_value());
  EXPECT_EQ(after.phase_end, At(10, 9, 59)) << "a cycle for the others";
  const auto told = world_.Public();
  const auto& voided = std::get<BidsVoided>(told.back().event.payload);
  EXPECT_EQ(voided.code, "B03");
  EXPECT_EQ(voided.leading->number, 14);
  world_.MoveTo(At(10, 5));
  EXPECT_EQ(world_.Now().state, State::kLimited) << "the timer has moved";
  EXPECT_EQ(world_.Bid("B01", *MinAcceptable(world_.Now(), At(10, 6)), At(10, 6)), kAccepted);
  EXPECT_EQ(world_.Now().leading->code, "B01");
  EXPECT_EQ(Declare("B01", ForfeitCause::kMisconduct, At(10, 7)), kAccepted);
  EXPECT_EQ(Declare("B02", ForfeitCause::kMisconduct, At(10, 8)), kAccepted);
  EXPECT_FALSE(world_.Now().leading.has_value());
  world_.MoveTo(At(10, 14));
  EXPECT_EQ(world_.Now().outcome, Outcome::kNoBid);
}

TEST_F(DefaultTest, ASuspensionIsAskedForThoughADefaultWaits) {
  EXPECT_EQ(Ask(Officer("people/o1"), "B02", ForfeitCause::kMisconduct, At(9, 11)), kAccepted);
  EXPECT_EQ(Request(Officer("people/o3"), Act::kSuspend, At(9, 12)), kAccepted);
  EXPECT_EQ(Ask(Officer("people/o1"), "B02", ForfeitCause::kMisconduct, At(9, 13)), Reason::kPROPOSAL_DIFFERS);
  EXPECT_EQ(Confirm(Officer("people/o2"), Act::kSuspend, At(9, 14)), kAccepted);
  EXPECT_EQ(world_.Now().state, State::kSuspended);
  EXPECT_TRUE(world_.Now().barred.empty());
  EXPECT_EQ(Declare("B01", ForfeitCause::kMisconduct, At(9, 15)), kAccepted);
  EXPECT_FALSE(world_.Now().leading.has_value());
}

// --- Silence (reliability.md G8, G17, N106-N108)

class SilenceTest : public ::testing::Test {
 protected:
  SilenceTest() {
    ScheduleAuction command = WorkedSession();
    command.reserve.reset();
    world_.Schedule(command);
    Beat();
    // The server is alive all the time: the first bid comes at 10:04 in LIMITED.
    for (Time now = At(8, 59, 50); now < At(9, 0, 1); now = now + kHeartbeat) world_.MoveTo(now);
  }
  void Beat() {
    EXPECT_TRUE(world_
                    .Do([&](storage::Txn& txn) -> Status {
                      world_.app.Heartbeat(txn);
                      return {};
                    })
                    .ok());
  }

  TestApp world_{At(8, 59, 50), {.hold_after_silence = true}};
};

TEST_F(SilenceTest, AServerThatIsAliveHoldsNothing) {
  EXPECT_EQ(world_.Now().state, State::kFree);
  EXPECT_EQ(world_.Now().phase_end, At(10, 0));
  EXPECT_EQ(world_.Bid("B01", Yuan(1'000'000), At(9, 0, 1)), kAccepted);
}

TEST_F(SilenceTest, AJumpOfTheClockHoldsBidsAndClosesNothing) {
  world_.clock.Set(At(10, 10));  // past the end of FREE and of the first cycle
  const auto held = world_.Do([&](storage::Txn& txn) {
    return world_.app.PlaceBid(txn, BidderClient("B01"), {{"a1"}, Yuan(1'000'000), "", false});
  });
  EXPECT_EQ(held.error().reason, Reason::kUNAVAILABLE);
  EXPECT_EQ(held.error().metadata.at("cause"), "CLOCK_HOLD");
  world_.Settle();
  EXPECT_EQ(world_.Now().state, State::kSuspended) << "away for longer than the notice";
  EXPECT_EQ(world_.Now().suspended_state, State::kFree);
  EXPECT_EQ(world_.Bid("B01", Yuan(1'000'000), At(10, 10, 0, 400)), Reason::kAUCTION_SUSPENDED);
}

TEST_F(SilenceTest, AShortSilenceMovesTheEndByItselfAndOneCycle) {
  const Time end = world_.Now().phase_end;
  const Time silent_since = *PlannedHeartbeat(world_.shell.kv());
  world_.clock.Set(silent_since + Milliseconds(1500));
  world_.Settle();  // a timer notices it
  EXPECT_EQ(world_.Now().phase_end, end + Milliseconds(1500) + Minutes(5));
  EXPECT_EQ(world_.Now().state, State::kFree);
  const auto bid = world_.Do([&](storage::Txn& txn) {
    return world_.app.PlaceBid(txn, BidderClient("B01"), {{"a1"}, Yuan(1'000'000), "", false});
  });
  EXPECT_TRUE(bid.ok()) << "held once";
}

TEST_F(SilenceTest, AClockThatGoesBackClosesNothingEarlyAndMovesNoTimeBack) {
  EXPECT_EQ(world_.Bid("B01", Yuan(1'000'000), At(9, 0, 1, 100)), kAccepted);
  const Time before = world_.Now().leading->time;
  world_.clock.Set(At(8, 50));
  const auto bid = world_.Do([&](storage::Txn& txn) {
    return world_.app.PlaceBid(txn, BidderClient("B02"), {{"a1"}, Yuan(1'010'000), "", false});
  });
  ASSERT_TRUE(bid.ok());
  EXPECT_GT(bid->bid.time, before);
  EXPECT_EQ(world_.Now().phase_end, At(10, 0));
}

}  // namespace
}  // namespace ttx::auction
