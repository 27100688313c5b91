// Who sees what of envelopes in each state that a real session passes, suspensions and a late annulment among
// them.

#include <gtest/gtest.h>

#include "services/auction/app/test_app.h"
#include "services/auction/app/test_envelopes.h"

namespace ttx::auction {
namespace {

using testing::At;
using testing::BidderClient;
using testing::EnvelopeKit;
using testing::Officer;
using testing::TestApp;
using testing::Yuan;

class SightTest : public ::testing::Test {
 protected:
  // What the officer, bidder B01 and everybody see: "officer 2 envelopes 0 seeds 1 refusals, bidder 1 0,
  // public 0 names 0 prices". A name is an envelope handed in, withdrawn or revealed; a price an opened one.
  std::string Sight() {
    const storage::Kv& kv = world_.shell.kv();
    const auto envelopes = [&](const Principal& caller) {
      size_t seeds = 0;
      const auto listed = *world_.app.ListEnvelopes(kv, caller, {"a1"}, "", 100);
      for (const AuctionApp::Envelope& envelope : listed) seeds += envelope.verdict.seed.empty() ? 0 : 1;
      return std::to_string(listed.size()) + " " + std::to_string(seeds);
    };
    size_t names = 0;
    size_t prices = 0;
    for (const StoredEvent& stored : world_.Public()) {
      names += AudienceOf(stored.event) == Audience::kAfterOpening ? 1 : 0;
      if (const auto* opened = std::get_if<Opened>(&stored.event.payload)) prices += opened->bids.size();
    }
    size_t told = 0;  // to staff, in the list of all events
    size_t told_refused = 0;
    for (const StoredEvent& stored : world_.app.ListEvents(kv, Officer(), 0, 1000, false).events) {
      told += AudienceOf(stored.event) == Audience::kAfterOpening ? 1 : 0;
      told_refused += std::holds_alternative<BidRefused>(stored.event.payload) ? 1 : 0;
    }
    EXPECT_EQ(told, names);
    const size_t refused = world_.app.ListRefusedBids(kv, Officer(), {"a1"}, {}, 10)->size();
    EXPECT_EQ(told_refused, refused);
    return "officer " + envelopes(Officer()) + " " + std::to_string(refused) + ", bidder " +
           envelopes(BidderClient("B01")) + ", public " + std::to_string(names) + " " +
           std::to_string(prices);
  }

  void Submit(const std::string& code, Fen price, Time time) {
    const std::string envelope = kit_.Seal(world_.Now(), code, price);
    const auto answer = world_.At(time, [&](storage::Txn& txn) {
      return world_.app.SubmitEnvelope(txn, BidderClient(code), {{"a1"}, envelope});
    });
    ASSERT_TRUE(answer.ok()) << answer.error().message();
  }
  void ByTwo(Act act, Time time, Time resume_time = {}) {
    const auto asked = world_.At(time, [&](storage::Txn& txn) {
      return world_.app.RequestAct(txn, Officer("people/o1"), {{"a1"}, act, "OBJECTION", resume_time});
    });
    ASSERT_TRUE(asked.ok()) << asked.error().message();
    const auto confirmed = world_.At(time + Seconds(1), [&](storage::Txn& txn) {
      return world_.app.ConfirmAct(txn, Officer("people/o2"), {{"a1"}, act, ActEtag(*asked)});
    });
    ASSERT_TRUE(confirmed.ok()) << confirmed.error().message();
  }
  // Suspended the view is the same, and goes on a minute later.
  void ExpectSameWhileSuspended(Time time) {
    const std::string before = Sight();
    const State phase = world_.Now().state;
    ByTwo(Act::kSuspend, time);
    ASSERT_EQ(world_.Now().state, State::kSuspended);
    EXPECT_EQ(Sight(), before) << "suspended in " << StateName(phase);
    ByTwo(Act::kContinue, time + Seconds(10), time + Minutes(1));
    world_.MoveTo(time + Minutes(1));
    ASSERT_EQ(world_.Now().state, phase);
  }
  void HandIn(Time time) {
    HandInOnly(time);
    world_.Settle();
  }
  void HandInOnly(Time time) {
    std::vector<std::string> envelopes;
    const auto listed = world_.app.ListEnvelopes(world_.shell.kv(), Officer(), {"a1"}, "", 100);
    for (const AuctionApp::Envelope& envelope : *listed) envelopes.push_back(envelope.bytes);
    const std::string proof = *world_.app.GetCloseProof(world_.shell.kv(), Officer(), {"a1"});
    const std::string before = Sight();
    for (const int holder : {1, 2}) {
      const std::string shares = kit_.Report(holder, proof, envelopes);
      const auto answer = world_.At(time + Seconds(holder), [&](storage::Txn& txn) {
        return world_.app.HandInShares(txn, Officer(), {{"a1"}, shares});
      });
      ASSERT_TRUE(answer.ok()) << answer.error().message();
      EXPECT_EQ(Sight(), before) << "all at once";
    }
    ASSERT_EQ(world_.Now().state, State::kOpening);
  }
  void SubmitTwo() {
    const auto early = world_.At(At(8, 30), [&](storage::Txn& txn) {
      return world_.app.SubmitEnvelope(txn, BidderClient("B01"), {{"a1"}, "x"});
    });
    EXPECT_EQ(early.error().reason, Reason::kNOT_OPEN);
    EXPECT_EQ(Sight(), "officer 0 0 0, bidder 0 0, public 0 0") << "SCHEDULED";
    Submit("B01", Yuan(1'100), At(9, 1));
    Submit("B02", Yuan(1'200), At(9, 2));
    EXPECT_EQ(Sight(), "officer 0 0 0, bidder 1 0, public 0 0") << "SUBMITTING";
    ExpectSameWhileSuspended(At(9, 10));
    world_.MoveTo(At(10, 10));
    ASSERT_EQ(world_.Now().state, State::kClosedForOpening);
    EXPECT_EQ(Sight(), kCollected);
  }

  static constexpr const char* kCollected = "officer 2 0 0, bidder 1 0, public 0 0";

  const EnvelopeKit kit_;
  TestApp world_{At(8, 0), kit_.Options()};
};

TEST_F(SightTest, UntilTheOpeningAndAfterIt) {
  ScheduleAuction command = kit_.SessionFor(Mode::kSealed);
  command.bidders[2].rank = 1;
  command.rules.priority.mode = PriorityMode::kAskAtEnd;
  command.rules.priority.answer_period = Hours(1);
  world_.Schedule(command);
  SubmitTwo();
  ByTwo(Act::kOpen, At(10, 11));
  ASSERT_EQ(world_.Now().state, State::kSharesCollecting);
  EXPECT_EQ(Sight(), kCollected);
  ExpectSameWhileSuspended(At(10, 20));
  HandIn(At(10, 30));
  constexpr const char* kOpened = "officer 2 2 1, bidder 1 1, public 2 2";
  ASSERT_EQ(world_.Now().state, State::kPriorityExercise);
  EXPECT_EQ(Sight(), kOpened);
  ExpectSameWhileSuspended(At(10, 40));
  world_.MoveTo(At(12, 0));
  ASSERT_EQ(world_.Now().outcome, Outcome::kWinner);
  EXPECT_EQ(Sight(), kOpened);
}

TEST_F(SightTest, WhatWasRevealedBeforeAnAnnulmentStaysSealed) {
  world_.Schedule(kit_.SessionFor(Mode::kSealed));
  SubmitTwo();
  ByTwo(Act::kOpen, At(10, 11));
  world_.MoveTo(At(11, 0, 0, 0, 4));
  ASSERT_EQ(world_.Now().state, State::kSelfRevealing);
  const auto revealed = world_.At(At(11, 1, 0, 0, 4), [&](storage::Txn& txn) {
    return world_.app.RevealEnvelope(txn, BidderClient("B01"), {{"a1"}, EnvelopeKit::Seed("B01")});
  });
  ASSERT_TRUE(revealed.ok());
  EXPECT_EQ(Sight(), kCollected) << "nobody learns who revealed";
  ExpectSameWhileSuspended(At(11, 10, 0, 0, 4));
  ByTwo(Act::kSuspend, At(11, 20, 0, 0, 4));
  ByTwo(Act::kAnnul, At(11, 21, 0, 0, 4));
  ASSERT_EQ(world_.Now().outcome, Outcome::kAnnulled);
  EXPECT_EQ(Sight(), "officer 2 0 1, bidder 1 0, public 3 0") << "names for the log hash, no seeds";
}

// So many envelopes are judged in several steps, and the listing ends between two of them.
TEST_F(SightTest, WhatWasJudgedBeforeTheListingEndedStaysSealed) {
  constexpr int kEnvelopes = 20;
  const auto code = [](int i) { return (i < 10 ? "B0" : "B") + std::to_string(i); };
  ScheduleAuction command = kit_.SessionFor(Mode::kSealed);
  command.bidders.clear();
  for (int i = 1; i <= kEnvelopes; ++i) command.bidders.push_back(testing::BidderOf(code(i)));
  world_.Schedule(command);
  for (int i = 1; i <= kEnvelopes; ++i) Submit(code(i), Yuan(1'000 + 10 * i), At(9, i));
  world_.MoveTo(At(10, 0));
  ByTwo(Act::kOpen, At(10, 11));
  HandInOnly(At(10, 12));
  world_.RunSteps(1);
  ASSERT_EQ(world_.Now().state, State::kOpening);
  const auto is_judged = [&](int i) {
    return LoadVerdict(world_.shell.kv(), world_.app.vault(), {"a1"}, 1, code(i)).has_value();
  };
  ASSERT_TRUE(is_judged(1));
  ASSERT_FALSE(is_judged(kEnvelopes));
  EXPECT_EQ(Sight(), "officer 20 0 0, bidder 1 0, public 0 0");
  const auto ended =
      world_.Do([&](storage::Txn& txn) { return world_.app.EndWithListing(txn, {"a1"}, "FALSE_MATERIAL"); });
  ASSERT_TRUE(ended.ok()) << ended.error().message();
  ASSERT_EQ(world_.Now().outcome, Outcome::kAnnulled);
  for (int step = 0; step < 2; ++step) {
    EXPECT_EQ(Sight(), "officer 20 0 0, bidder 1 0, public 20 0") << "names for the log hash, no seeds";
    world_.RunSteps(5);
  }
}

TEST_F(SightTest, OfATender) {
  world_.Schedule(kit_.SessionFor(Mode::kTender));
  Submit("B01", Yuan(1'100), At(9, 1));
  Submit("B02", Yuan(1'200), At(9, 2));
  Submit("B03", Yuan(1'300), At(9, 3));
  world_.MoveTo(At(10, 0));
  ByTwo(Act::kOpen, At(10, 11));
  HandIn(At(10, 12));
  constexpr const char* kOpened = "officer 3 3 0, bidder 1 1, public 3 3";
  ASSERT_EQ(world_.Now().state, State::kEvaluating);
  EXPECT_EQ(Sight(), kOpened);
  ReportTender report;
  for (size_t member = 0; member < 5; ++member) {
    report.committee.push_back({"e", true});
    for (const char* code : {"B01", "B02", "B03"}) report.sheets.push_back({member, code, {500'000}});
  }
  ASSERT_TRUE(
      world_
          .At(At(10, 20),
              [&](storage::Txn& txn) { return world_.app.ReportTender(txn, Officer(), {"a1"}, report); })
          .ok());
  ASSERT_EQ(world_.Now().state, State::kPublicity);
  EXPECT_EQ(Sight(), kOpened);
  ExpectSameWhileSuspended(At(10, 30));
  EXPECT_EQ(Sight(), kOpened);
}

}  // namespace
}  // namespace ttx::auction
