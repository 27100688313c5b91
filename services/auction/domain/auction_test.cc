#include "services/auction/domain/auction.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "services/auction/domain/limits.h"
#include "services/auction/domain/test_session.h"

namespace ttx::auction {
namespace {

using testing::At;
using testing::BidderOf;
using testing::Session;
using testing::WorkedSession;
using testing::Yuan;

TEST(Multi, Section5_3) {
  Session session(WorkedSession());
  EXPECT_EQ(session.state().state, State::kScheduled);
  EXPECT_EQ(session.Bid("B01", Yuan(1'000'000), At(9, 5)), std::nullopt);
  EXPECT_EQ(session.state().state, State::kFree);
  EXPECT_EQ(session.Bid("B02", Yuan(1'010'000), At(9, 20)), std::nullopt);
  EXPECT_EQ(session.Bid("B02", Yuan(1'020'000), At(9, 21)), Reason::kSELF_LEADING);
  EXPECT_EQ(session.Bid("B03", Yuan(1'015'000), At(9, 59, 58)), Reason::kNOT_MULTIPLE);
  EXPECT_EQ(session.Bid("B01", Yuan(1'030'000), At(10, 0)), std::nullopt);
  EXPECT_EQ(session.state().state, State::kLimited);
  EXPECT_EQ(session.state().phase_end, At(10, 5));
  EXPECT_EQ(session.Bid("B03", Yuan(1'060'000), At(10, 4, 59, 999)), std::nullopt);
  EXPECT_EQ(session.state().phase_end, At(10, 9, 59, 999));
  EXPECT_EQ(session.Bid("B01", Yuan(1'070'000), At(10, 9, 59, 999)), Reason::kPHASE_CLOSED);
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.state().leading->code, "B03");
  EXPECT_EQ(session.state().leading->price, Yuan(1'060'000));
  EXPECT_EQ(session.state().phase_end, At(10, 9, 59, 999));
  EXPECT_EQ(session.Count<Closed>(), 1);
  EXPECT_EQ(session.Count<BidRefused>(), 3);
}

TEST(Multi, TheClosingInstantIsHalfOpenToTheNanosecond) {
  for (const int64_t offset : {-1, 0, 1}) {
    Session session(WorkedSession());
    session.Bid("B01", Yuan(1'060'000), At(9, 30));
    const auto refused = session.Bid("B02", Yuan(1'070'000), At(10, 5) + Nanoseconds(offset));
    EXPECT_EQ(refused, offset < 0 ? std::nullopt : std::optional(Reason::kPHASE_CLOSED)) << offset;
  }
}

TEST(Multi, NobodyBidsInTheFirstLimitedCycleThenTheBestFreeBidderWins) {
  Session session(WorkedSession());
  session.Bid("B01", Yuan(1'050'000), At(9, 30));
  session.AdvanceTo(At(10, 5));
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.state().leading->code, "B01");
  EXPECT_EQ(session.state().phase_end, At(10, 5));
}

TEST(Multi, OneBidderSuffices) {  // domain.md 5.8 START_PRICE_SALE, 5.1 min_bidders
  ScheduleAuction command = WorkedSession();
  command.bidders = {BidderOf("B01")};
  command.reserve.reset();
  Session session(command);
  session.Bid("B01", Yuan(1'000'000), At(9, 30));
  session.AdvanceTo(At(11, 0));
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
}

TEST(Multi, NoBidAndBelowReserve) {
  Session none(WorkedSession());
  none.AdvanceTo(At(23, 0));
  EXPECT_EQ(none.state().outcome, Outcome::kNoBid);
  EXPECT_EQ(none.state().phase_end, At(10, 5));
  Session low(WorkedSession());
  low.Bid("B01", Yuan(1'040'000), At(9, 30));
  low.AdvanceTo(At(23, 0));
  EXPECT_EQ(low.state().outcome, Outcome::kBelowReserve);
  const auto& closed = std::get<Closed>(low.events().back().payload);
  EXPECT_FALSE(closed.winner.has_value());
  EXPECT_EQ(closed.reserve->price, Yuan(1'050'000));
}

TEST(Multi, PreparationLiesBetweenFreeAndLimited) {
  ScheduleAuction command = WorkedSession();
  command.rules.preparation = Minutes(15);
  Session session(command);
  session.Bid("B01", Yuan(1'050'000), At(9, 30));
  EXPECT_EQ(session.Bid("B02", Yuan(1'060'000), At(10, 0)), Reason::kNOT_OPEN);
  EXPECT_EQ(session.state().state, State::kPreparing);
  EXPECT_EQ(session.Bid("B02", Yuan(1'060'000), At(10, 15)), std::nullopt);
  EXPECT_EQ(session.state().phase_end, At(10, 20));
}

struct EntryCase {
  const char* name;
  LimitedEntry rule;
  std::vector<std::pair<const char*, Time>> free_bids;
  bool limited;
};

TEST(Multi, EntryIntoLimitedBidding) {
  const std::vector<EntryCase> cases = {
      {"always, nobody", LimitedEntry::kAlways, {}, true},
      {"two bidders, nobody", LimitedEntry::kIfTwoBidders, {}, false},
      {"two bidders, one", LimitedEntry::kIfTwoBidders, {{"B01", At(9, 5)}}, false},
      {"two bidders, two", LimitedEntry::kIfTwoBidders, {{"B01", At(9, 5)}, {"B02", At(9, 6)}}, true},
      {"last hour, two before",
       LimitedEntry::kIfTwoInLastHour,
       {{"B01", At(7, 5)}, {"B02", At(8, 59, 59)}},
       false},
      {"last hour, one of two",
       LimitedEntry::kIfTwoInLastHour,
       {{"B01", At(8, 59, 59, 999)}, {"B02", At(9, 30)}},
       false},
      {"last hour, at its first instant",
       LimitedEntry::kIfTwoInLastHour,
       {{"B01", At(9, 0)}, {"B02", At(9, 30)}},
       true},
      {"last hour, a third one",
       LimitedEntry::kIfTwoInLastHour,
       {{"B01", At(7, 0)}, {"B02", At(9, 30)}, {"B03", At(9, 31)}},
       true},
  };
  for (const EntryCase& test : cases) {
    ScheduleAuction command = WorkedSession();
    command.reserve.reset();
    command.start_time = At(7, 0);
    command.rules.free_period = Hours(3);
    command.rules.limited_entry = test.rule;
    Session session(command, At(6, 0));
    Fen price = Yuan(1'000'000);
    for (const auto& [code, time] : test.free_bids) {
      ASSERT_EQ(session.Bid(code, price, time), std::nullopt) << test.name;
      price += Yuan(10'000);
    }
    session.AdvanceTo(At(10, 0));
    EXPECT_EQ(session.state().state, test.limited ? State::kLimited : State::kClosed) << test.name;
  }
}

TEST(PlaceBid, EveryRefusalInItsOrderOfPrecedence) {
  ScheduleAuction command = WorkedSession();
  command.rules.cap = Yuan(1'500'000);
  command.rules.max_steps_per_bid = 3;
  Session session(command);
  EXPECT_EQ(session.Bid("stranger", Yuan(1), At(8, 30)), Reason::kNOT_OPEN);  // before NOT_QUALIFIED
  EXPECT_EQ(session.Bid("stranger", Yuan(1), At(9, 1)), Reason::kNOT_QUALIFIED);
  EXPECT_EQ(session.Bid("B01", Yuan(995'000), At(9, 2)), Reason::kBELOW_START);     // before NOT_MULTIPLE
  EXPECT_EQ(session.Bid("B01", Yuan(1'505'000), At(9, 3)), Reason::kNOT_MULTIPLE);  // before ABOVE_CAP
  EXPECT_EQ(session.Bid("B01", Yuan(1'510'000), At(9, 4)), Reason::kABOVE_CAP);
  EXPECT_EQ(session.Bid("B01", Yuan(1'040'000), At(9, 5)), Reason::kNEED_CONFIRM);
  EXPECT_EQ(session.Bid("B01", Yuan(1'030'000), At(9, 6)), std::nullopt);
  EXPECT_EQ(session.Bid("B01", Yuan(1'030'000), At(9, 7)), Reason::kNOT_HIGHER);    // before SELF_LEADING
  EXPECT_EQ(session.Bid("B01", Yuan(1'080'000), At(9, 8)), Reason::kSELF_LEADING);  // before NEED_CONFIRM
  EXPECT_EQ(session.Bid("B02", Yuan(1'080'000), At(9, 9)), Reason::kNEED_CONFIRM);
  EXPECT_EQ(session.Bid("B02", Yuan(1'080'000), At(9, 10), /*confirm=*/true), std::nullopt);
  const Decision wrong_code = Decide(
      session.state(), PlaceBid{BidderOf("B03"), "organizations/B03", "B01", Yuan(1'090'000)}, At(9, 11));
  EXPECT_EQ(wrong_code.refusal->reason, Reason::kWRONG_BIDDER_CODE);
  EXPECT_EQ(RefusalError(wrong_code).metadata.at("min_acceptable_fen"),
            std::to_string(Yuan(1'090'000).value));
}

TEST(PlaceBid, SelfOutbidIsARule) {
  ScheduleAuction command = WorkedSession();
  command.rules.self_outbid = true;
  Session session(command);
  EXPECT_EQ(session.Bid("B01", Yuan(1'000'000), At(9, 5)), std::nullopt);
  EXPECT_EQ(session.Bid("B01", Yuan(1'010'000), At(9, 6)), std::nullopt);
  EXPECT_FALSE(session.state().rival.has_value());
}

TEST(PlaceBid, TheCapClosesAtOnce) {
  ScheduleAuction command = WorkedSession();
  command.rules.cap = Yuan(1'060'000);
  Session session(command);
  EXPECT_EQ(session.Bid("B01", Yuan(1'060'000), At(9, 5)), std::nullopt);
  EXPECT_EQ(session.state().state, State::kClosed);
  EXPECT_EQ(session.state().phase_end, At(9, 5));
  EXPECT_EQ(session.Bid("B02", Yuan(1'060'000), At(9, 6)), Reason::kPHASE_CLOSED);
}

TEST(PlaceBid, TheCapIsWithinReachFromAnyPrice) {
  ScheduleAuction command = WorkedSession();
  command.rules.max_steps_per_bid = 0;
  command.rules.multiple_base = MultipleBase::kFromCurrent;
  command.rules.increments = {{Yuan(1'000'000), Yuan(10'000)}, {Yuan(1'100'000), Yuan(50'000)}};
  command.rules.cap = Yuan(1'200'000);
  Session session(command);
  EXPECT_EQ(session.Bid("B01", Yuan(1'090'000), At(9, 1)), std::nullopt);
  EXPECT_EQ(session.Bid("B02", Yuan(1'160'000), At(9, 2)), std::nullopt);
  EXPECT_EQ(MinAcceptable(session.state(), At(9, 59)), Yuan(1'200'000));
  EXPECT_EQ(session.Bid("B01", Yuan(1'200'000), At(9, 3)), std::nullopt);
  EXPECT_EQ(session.state().state, State::kClosed);
}

TEST(PlaceBid, TieredIncrementsAndBothMultipleBases) {
  ScheduleAuction command = WorkedSession();
  command.rules.max_steps_per_bid = 0;
  command.rules.increments = {{Yuan(1'000'000), Yuan(10'000)}, {Yuan(1'100'000), Yuan(50'000)}};
  Session from_start(command);
  EXPECT_EQ(from_start.Bid("B01", Yuan(1'090'000), At(9, 1)), std::nullopt);
  EXPECT_EQ(MinAcceptable(from_start.state(), At(9, 59)), Yuan(1'100'000));
  EXPECT_EQ(from_start.Bid("B02", Yuan(1'110'000), At(9, 2)), Reason::kNOT_MULTIPLE);
  EXPECT_EQ(from_start.Bid("B02", Yuan(1'150'000), At(9, 3)), std::nullopt);
  EXPECT_EQ(MinAcceptable(from_start.state(), At(9, 59)), Yuan(1'200'000));
  command.rules.multiple_base = MultipleBase::kFromCurrent;
  Session from_current(command);
  EXPECT_EQ(from_current.Bid("B01", Yuan(1'090'000), At(9, 1)), std::nullopt);
  EXPECT_EQ(from_current.Bid("B02", Yuan(1'110'000), At(9, 2)), std::nullopt);
  EXPECT_EQ(from_current.Bid("B01", Yuan(1'150'000), At(9, 3)), Reason::kNOT_MULTIPLE);
  EXPECT_EQ(from_current.Bid("B01", Yuan(1'160'000), At(9, 4)), std::nullopt);
}

TEST(Outage, AShortOneGoesOnAtOnceWithAtLeastACycle) {
  Session session(WorkedSession());
  session.Bid("B01", Yuan(1'060'000), At(9, 30));
  session.AdvanceTo(At(10, 1));
  session.Outage(At(10, 4), At(10, 20));
  EXPECT_EQ(session.state().state, State::kSuspended);
  EXPECT_EQ(session.Bid("B02", Yuan(1'070'000), At(10, 20, 1)), std::nullopt)
      << "the bid resumes the session first";
  Session quiet(WorkedSession());
  quiet.Bid("B01", Yuan(1'060'000), At(9, 30));
  quiet.AdvanceTo(At(10, 1));
  quiet.Outage(At(10, 4), At(10, 20));
  quiet.AdvanceTo(At(10, 20));
  EXPECT_EQ(quiet.state().state, State::kLimited);
  EXPECT_EQ(quiet.state().phase_end, At(10, 25));
}

TEST(Outage, ALongOneIsAnnouncedFirst) {
  Session session(WorkedSession());
  session.AdvanceTo(At(9, 0));
  session.Outage(At(9, 10), At(12, 0));
  EXPECT_EQ(session.Bid("B01", Yuan(1'000'000), At(12, 29)), Reason::kAUCTION_SUSPENDED);
  session.AdvanceTo(At(12, 30));
  EXPECT_EQ(session.state().state, State::kFree);
  EXPECT_EQ(session.state().phase_end, At(13, 20)) << "50 minutes of free bidding were left";
}

TEST(Outage, OverTheStartLosesNoBiddingTime) {
  Session session(WorkedSession());
  session.Outage(At(8, 50), At(9, 10));
  session.AdvanceTo(At(9, 10));
  EXPECT_EQ(session.state().state, State::kFree);
  EXPECT_EQ(session.state().phase_end, At(10, 10));
}

TEST(Outage, OneOverTheEndOfASuspensionIsAnnouncedAgain) {
  Session session(WorkedSession());
  session.AdvanceTo(At(9, 0));
  session.Outage(At(9, 10), At(12, 0));  // goes on at 12:30
  session.Outage(At(12, 10), At(13, 0));
  EXPECT_EQ(session.Bid("B01", Yuan(1'000'000), At(13, 29)), Reason::kAUCTION_SUSPENDED);
  session.AdvanceTo(At(13, 30));
  EXPECT_EQ(session.state().state, State::kFree);
  EXPECT_EQ(session.state().phase_end, At(14, 20));
  Session within(WorkedSession());
  within.AdvanceTo(At(9, 0));
  within.Outage(At(9, 10), At(12, 0));
  within.Outage(At(12, 5), At(12, 20));  // back before it goes on
  within.AdvanceTo(At(12, 30));
  EXPECT_EQ(within.state().state, State::kFree);
}

TEST(Outage, WhatIsNotOpenStaysAsItIs) {
  Session scheduled(WorkedSession());
  scheduled.Outage(At(8, 10), At(8, 20));
  EXPECT_EQ(scheduled.state().state, State::kScheduled);
  Session closed(WorkedSession());
  closed.AdvanceTo(At(11, 0));
  const Auction before = closed.state();
  closed.Outage(At(11, 0), At(12, 0));
  EXPECT_EQ(closed.state(), before);
  Session ended(WorkedSession());
  ended.Bid("B01", Yuan(1'060'000), At(9, 30));
  ended.Outage(At(10, 6), At(10, 30));  // the last cycle had ended before the server went away
  EXPECT_EQ(ended.state().outcome, Outcome::kWinner);
}

TEST(Schedule, AStartThatHasPassedBeginsNow) {
  Session session(WorkedSession(), At(9, 30));
  EXPECT_EQ(session.state().state, State::kFree);
  EXPECT_EQ(session.state().phase_end, At(10, 30));
}

TEST(Schedule, BadRulesNameTheField) {
  const auto field = [](auto change) {
    ScheduleAuction command = WorkedSession();
    change(command);
    const auto decision = Decide(command, At(8, 0));
    return decision.ok() ? "" : decision.error().violations.at(0).field;
  };
  EXPECT_EQ(field([](auto&) {}), "");
  EXPECT_EQ(field([](auto& c) { c.rules.start_price = {0}; }), "rules.start_price_fen");
  EXPECT_EQ(field([](auto& c) { c.rules.increments.clear(); }), "rules.increments");
  EXPECT_EQ(field([](auto& c) { c.rules.increments.resize(17, {Yuan(1), Yuan(1)}); }), "rules.increments");
  EXPECT_EQ(field([](auto& c) { c.rules.increments[0].step = {0}; }), "rules.increments[0].step_fen");
  EXPECT_EQ(field([](auto& c) { c.rules.increments[0].from = {1}; }), "rules.increments[0].from_fen");
  EXPECT_EQ(field([](auto& c) {
              c.rules.increments.push_back({Yuan(1'005'000), {1}});
            }),
            "rules.increments[1].from_fen");
  EXPECT_EQ(field([](auto& c) { c.rules.free_period = {}; }), "rules.free_period");
  EXPECT_EQ(field([](auto& c) { c.rules.preparation = Hours(25); }), "rules.preparation");
  EXPECT_EQ(field([](auto& c) { c.rules.cycle = {}; }), "rules.cycle");
  EXPECT_EQ(field([](auto& c) { c.rules.max_steps_per_bid = -1; }), "rules.max_steps_per_bid");
  EXPECT_EQ(field([](auto& c) { c.rules.cap = Yuan(1'005'000); }), "rules.cap_fen");
  EXPECT_EQ(field([](auto& c) { c.reserve->price = Yuan(1); }), "reserve_fen");
  EXPECT_EQ(field([](auto& c) { c.rules.cap = Yuan(1'040'000); }), "reserve_fen");
  EXPECT_EQ(field([](auto& c) { c.bidders.clear(); }), "bidders");
  EXPECT_EQ(field([](auto& c) { c.bidders.push_back(BidderOf("B01")); }), "bidders");
}

TEST(Rules, DefaultIncrementIsOnePercentInTwoDigits) {
  EXPECT_EQ(DefaultIncrement(Yuan(1'000'000)), Yuan(10'000));
  EXPECT_EQ(DefaultIncrement(Yuan(1'234'567)), Yuan(12'000));
  EXPECT_EQ(DefaultIncrement(Yuan(1'256'000)), Yuan(13'000));
  EXPECT_EQ(DefaultIncrement({1}), Fen{1});
}

// Random sessions against the rules said once more, naively: A1, A3, A4, A5, A9, A19 of reliability.md 2.5.
RC_GTEST_PROP(MultiProperty, RandomSessionsKeepTheInvariants, ()) {
  ScheduleAuction command = WorkedSession();
  command.rules.max_steps_per_bid = 0;
  command.rules.free_period = Seconds(60);
  command.rules.cycle = Seconds(10);
  command.rules.self_outbid = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) command.rules.cap = Yuan(1'200'000);
  Session session(command);
  Time now = At(8, 59, 30);
  std::vector<Bid> accepted;
  Time last_end;
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  const auto below = [&random](uint64_t bound) { return static_cast<int64_t>(random() % bound); };
  while (session.state().state != State::kClosed) {
    now = now + Milliseconds(1 + below(9000));
    const std::string code = "B0" + std::to_string(1 + below(3));
    const Fen price = Yuan(990'000 + 5'000 * below(60));
    const Auction before = session.state();
    if (session.Bid(code, price, now).has_value()) continue;
    const Bid& bid = *session.state().leading;
    RC_ASSERT(bid.number == static_cast<int64_t>(accepted.size()) + 1);
    RC_ASSERT(price >= command.rules.start_price);
    RC_ASSERT((price - command.rules.start_price).value % Yuan(10'000).value == 0);
    if (!accepted.empty()) {
      RC_ASSERT(price >= accepted.back().price + Yuan(10'000));
      RC_ASSERT(accepted.back().time < bid.time);
      RC_ASSERT(command.rules.self_outbid || accepted.back().code != code);
    }
    accepted.push_back(bid);
    if (session.state().state == State::kLimited)
      RC_ASSERT(session.state().phase_end == now + command.rules.cycle);
    last_end = session.state().phase_end;
  }
  RC_ASSERT(session.Count<Closed>() == 1);
  if (accepted.empty()) {
    RC_ASSERT(session.state().outcome == Outcome::kNoBid);
  } else {
    const bool met = accepted.back().price >= command.reserve->price;
    RC_ASSERT(session.state().outcome == (met ? Outcome::kWinner : Outcome::kBelowReserve));
    const bool capped = command.rules.cap && accepted.back().price == *command.rules.cap;
    const Time limited_end = At(9, 1) + command.rules.cycle;
    RC_ASSERT(session.state().phase_end ==
              (capped ? accepted.back().time
                      : std::max(limited_end, accepted.back().time >= At(9, 1) ? last_end : limited_end)));
  }
}

}  // namespace
}  // namespace ttx::auction
