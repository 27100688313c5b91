// Default and forfeiture (domain.md 5.12): who is barred, and what stands without its bids in every state.

#include <gtest/gtest.h>

#include "services/auction/domain/limits.h"
#include "services/auction/domain/test_session.h"

namespace ttx::auction {
namespace {

using testing::At;
using testing::BidderOf;
using testing::Session;
using testing::SessionOf;
using testing::WorkedSession;
using testing::Yuan;

constexpr std::optional<Reason> kAccepted = std::nullopt;

ScheduleAuction Rising(Mode mode = Mode::kMulti) {
  ScheduleAuction command = SessionOf(mode, Yuan(1'000), Yuan(10));
  command.bidders = {BidderOf("B01"), BidderOf("B02"), BidderOf("B03"), BidderOf("H1", 1), BidderOf("H2", 2)};
  command.draw_seed = DrawSeed{std::string(32, 'r'), std::string(32, 'c')};
  command.rules.suspension.resume_notice = {};
  return command;
}

// Where the notice says that the next best may take the place.
ScheduleAuction WithNextBest(ScheduleAuction command) {
  command.rules.next_best_allowed = true;
  return command;
}

// It ended because of a default, and nobody has the object.
void ExpectUnsold(const Session& session) {
  EXPECT_EQ(session.state().outcome, Outcome::kAnnulled);
  ASSERT_EQ(session.Count<Closed>(), 1);
  EXPECT_EQ(session.Last<Closed>().reason, "DEFAULT");
  EXPECT_FALSE(session.Last<Closed>().winner.has_value());
  EXPECT_EQ(session.LeaderCode(), "");
}

// The codes of a leader and its rival, or what there is of them.
std::string Codes(const std::optional<Bid>& leading, const std::optional<Bid>& rival) {
  return (leading ? leading->code : "nobody") + " " + (rival ? rival->code : "nobody");
}
std::string Standing(const Session& session) {
  return Codes(session.state().leading, session.state().rival);
}

// --- Who loses its deposit, and why

TEST(Default, Section5_12_AllSilent) {
  ScheduleAuction command = WorkedSession();
  command.rules.forfeit_when_silent = true;
  Session session(command);
  session.AdvanceTo(At(10, 5));
  EXPECT_EQ(session.state().outcome, Outcome::kNoBid);
  EXPECT_EQ(session.Last<Forfeited>().cause, ForfeitCause::kAllSilent);
  EXPECT_EQ(session.Last<Forfeited>().code, "") << "each of them";
  Session bid(command);
  bid.Bid("B01", Yuan(1'000'000), At(9, 30));
  bid.AdvanceTo(At(10, 5));
  EXPECT_EQ(bid.state().outcome, Outcome::kBelowReserve);
  EXPECT_EQ(bid.Count<Forfeited>(), 0) << "they did bid: all is refunded";
}

TEST(Default, WhoLeftTheBiddingToABarredBidderWasNotSilent) {
  ScheduleAuction command = WorkedSession();
  command.rules.forfeit_when_silent = true;
  Session session(command);
  session.Bid("B01", Yuan(1'000'000), At(9, 30));
  EXPECT_EQ(session.Default("B01", At(9, 40)), kAccepted);
  session.AdvanceTo(At(10, 5));
  EXPECT_EQ(session.state().outcome, Outcome::kNoBid);
  EXPECT_EQ(session.Count<Forfeited>(), 1) << "its own deposit only";
  Session silent(command);
  EXPECT_EQ(silent.Default("B01", At(9, 40)), kAccepted);
  silent.AdvanceTo(At(10, 5));
  EXPECT_EQ(silent.Last<Forfeited>().cause, ForfeitCause::kAllSilent);
}

// Their bids or envelopes are void, or nobody can open what they handed in: silent they were not.
TEST(Default, WhoQuotedInVainWasNotSilent) {
  ScheduleAuction command = Rising();
  command.rules.forfeit_when_silent = true;
  Session bid(command);
  bid.Bid("B01", Yuan(1'000), At(9, 10));
  command.rules.mode = Mode::kSealed;
  Session sealed(command);
  sealed.Submit("B01", At(9, 10));
  Session silent(command);
  for (Session* session : {&bid, &sealed, &silent}) {
    session->ByTwo(Act::kSuspend, "OBJECTION", At(9, 20));
    session->ByTwo(Act::kRestartPhase, "OBJECTION", At(9, 21), At(9, 22));
    session->AdvanceTo(At(11, 0));
    EXPECT_EQ(session->state().outcome, Outcome::kNoBid);
    EXPECT_EQ(session->Count<Forfeited>(), session == &silent ? 1 : 0);
  }
  // One envelope opens and counts for nothing, the other does not open.
  Session unread(command);
  unread.Submit("B01", At(9, 10));
  unread.Submit("B02", At(9, 11));
  unread.AdvanceTo(At(10, 0));
  unread.Collect(At(10, 1));
  OpenEnvelopes opening;
  opening.envelopes.push_back({.bidder = BidderOf("B01"), .time = At(9, 10), .price = Yuan(1)});
  opening.envelopes.push_back({.bidder = BidderOf("B02"), .time = At(9, 11), .price = std::nullopt});
  EXPECT_EQ(unread.Do(opening, At(10, 2)), kAccepted);
  EXPECT_EQ(unread.state().outcome, Outcome::kNoBid);
  EXPECT_EQ(unread.Count<Forfeited>(), 0);
  // A single bidder's quote that a restart voided.
  ScheduleAuction single = Rising(Mode::kDynamic);
  single.bidders = {BidderOf("B01")};
  single.rules.single_bidder = SingleBidder::kAgreementAtQuote;
  Session quoted(single);
  quoted.Bid("B01", Yuan(1'000), At(9, 10));
  quoted.ByTwo(Act::kSuspend, "OBJECTION", At(9, 20));
  quoted.ByTwo(Act::kRestartPhase, "OBJECTION", At(9, 21), At(9, 22));
  quoted.AdvanceTo(At(11, 0));
  EXPECT_EQ(quoted.state().outcome, Outcome::kNoBid);
  EXPECT_EQ(quoted.Count<Forfeited>(), 0);
}

TEST(Default, AfterTheCloseMisconductBarsAndTakesNoDeposit) {
  Session session(WorkedSession());
  session.Bid("B01", Yuan(1'060'000), At(9, 30));
  EXPECT_EQ(session.Default("B03", At(9, 40)), kAccepted);
  EXPECT_TRUE(session.Last<Forfeited>().deposit_lost);
  session.AdvanceTo(At(10, 5));
  EXPECT_EQ(session.Default("", At(11, 1)), Reason::kINVALID_FIELD);
  for (const ForfeitCause cause :
       {ForfeitCause::kWithdrew, ForfeitCause::kNoSingleQuote, ForfeitCause::kAllSilent}) {
    EXPECT_EQ(session.Default("B01", At(11, 2), cause), Reason::kWRONG_STATE) << ForfeitCauseName(cause);
  }
  for (const char* code : {"B01", "B02"}) {
    EXPECT_EQ(session.Default(code, At(11, 3, 2 * code[2])), kAccepted) << "who won and who lost";
    EXPECT_FALSE(session.Last<Forfeited>().deposit_lost);
    EXPECT_TRUE(session.Last<Forfeited>().barred);
  }
  EXPECT_EQ(session.Default("B01", At(11, 9)), Reason::kINVALID_FIELD) << "once";
  EXPECT_EQ(session.state().barred, (std::vector<std::string>{"B03", "B01", "B02"}));
  EXPECT_EQ(session.state().outcome, Outcome::kWinner) << "what was decided stays on record";
  EXPECT_EQ(session.LeaderCode(), "B01");
  EXPECT_EQ(session.Count<BidsVoided>(), 0);
}

TEST(Default, TheBarredStayOutOfTheRelisting) {
  ScheduleAuction command = WorkedSession();
  command.barred_organizations = {"organizations/B02"};
  EXPECT_EQ(Decide(command, At(8, 0)).error().reason, Reason::kBIDDER_BARRED);
  command.bidders = {BidderOf("B01")};
  Session session(command);
  EXPECT_EQ(session.Do(AddBidder{BidderOf("B02")}, At(8, 30)), Reason::kBIDDER_BARRED);
}

TEST(Default, TheBarredDoNotCountAmongTheFewestBidders) {
  ScheduleAuction command = Rising();
  command.bidders = {BidderOf("B01"), BidderOf("B02")};
  command.rules.min_bidders = 2;
  Session session(command);
  EXPECT_EQ(session.Default("B02", At(8, 30)), kAccepted);
  session.AdvanceTo(At(9, 0));
  EXPECT_EQ(session.state().outcome, Outcome::kTooFewBidders);
  command.rules.mode = Mode::kDynamic;
  Session dynamic(command);
  dynamic.Bid("B01", Yuan(1'000), At(9, 10));
  EXPECT_EQ(dynamic.Default("B02", At(9, 20)), kAccepted);
  dynamic.AdvanceTo(At(10, 0));
  EXPECT_EQ(dynamic.state().outcome, Outcome::kTooFewBidders);
}

TEST(Default, TheBarredDoNotCountAtTheEndOfOpenBidding) {
  ScheduleAuction command = Rising();
  command.bidders = {BidderOf("B01"), BidderOf("B02"), BidderOf("B03")};
  command.rules.min_bidders = 2;
  for (const Mode mode : {Mode::kMulti, Mode::kDynamic, Mode::kEnglish}) {
    command.rules.mode = mode;
    command.rules.free_period = Hours(mode == Mode::kEnglish ? 2 : 1);
    Session session(command);
    session.AdvanceTo(At(10, 0));
    EXPECT_EQ(session.Bid("B02", Yuan(1'000), At(10, 1)), kAccepted);
    EXPECT_EQ(session.Default("B01", At(10, 2)), kAccepted);
    Session enough = session;
    EXPECT_EQ(session.Default("B03", At(10, 3)), kAccepted);
    EXPECT_NE(session.state().state, State::kClosed) << "those who are left may still bid";
    session.AdvanceTo(At(12, 0));
    EXPECT_EQ(session.state().outcome, Outcome::kTooFewBidders);
    enough.AdvanceTo(At(12, 0));
    EXPECT_EQ(enough.state().outcome, Outcome::kWinner) << "two are left";
  }
  command.rules.mode = Mode::kDutch;
  command.rules.dutch = {Yuan(10), {}, Seconds(60), Yuan(500)};
  Session falling(command);
  falling.Default("B01", At(9, 0, 1));
  falling.Default("B03", At(9, 0, 3));
  EXPECT_EQ(falling.Bid("B02", Yuan(1'000), At(9, 0, 10)), kAccepted);
  EXPECT_EQ(falling.state().outcome, Outcome::kTooFewBidders);
}

TEST(Default, WhoIsBarredAfterTheBiddingCountedWhileItLasted) {
  ScheduleAuction command = Rising();
  command.bidders = {BidderOf("B01"), BidderOf("H1", 1)};
  command.rules.min_bidders = 2;
  command.rules.priority = {PriorityMode::kAskAtEnd, EqualRank::kEarliest, Minutes(5), true};
  Session session(command);
  session.Bid("B01", Yuan(1'000), At(9, 10));
  session.AdvanceTo(At(10, 5));
  session.Answer("H1", true, At(10, 6));
  EXPECT_EQ(session.Default("H1", At(10, 7)), kAccepted);
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.LeaderCode(), "B01");
}

TEST(Default, ABarredSingleBidderLosesItsDepositOnce) {
  ScheduleAuction command = Rising();
  command.bidders = {BidderOf("B01")};
  command.rules.single_bidder = SingleBidder::kAgreementAtQuote;
  Session session(command);
  session.Default("B01", At(9, 10));
  session.AdvanceTo(At(10, 0));
  EXPECT_EQ(session.state().outcome, Outcome::kNoBid);
  EXPECT_EQ(session.Count<Forfeited>(), 1);
}

// --- Two persons

TEST(Default, TakesTwoPersonsAndWordsForTheRecord) {
  Session session(Rising());
  const auto ask = [&](const std::string& reason) {
    return session.Do(RequestAct{Act::kDeclareDefault, "people/p1", reason, {}, "B01", ForfeitCause::kWithdrew},
                      At(9, 10));
  };
  EXPECT_EQ(ask(""), Reason::kINVALID_FIELD);
  EXPECT_EQ(ask(std::string(201, 'x')), Reason::kINVALID_FIELD);
  EXPECT_EQ(ask("its letter of today"), kAccepted);
  EXPECT_EQ(ask("its letter of today"), Reason::kPROPOSAL_DIFFERS);
  EXPECT_TRUE(session.state().barred.empty());
  EXPECT_EQ(session.Do(ConfirmAct{Act::kDeclareDefault, "people/p1"}, At(9, 11)), Reason::kSAME_PERSON);
  EXPECT_EQ(session.Do(ConfirmAct{Act::kSuspend, "people/p2"}, At(9, 11)), Reason::kPROPOSAL_DIFFERS);
  EXPECT_EQ(session.Do(WithdrawAct{"people/p2"}, At(9, 12)), kAccepted);
  EXPECT_EQ(session.ConfirmDefault(At(9, 13)), Reason::kWRONG_STATE);
  EXPECT_EQ(ask("its letter of today"), kAccepted);
  EXPECT_EQ(session.ConfirmDefault(At(9, 14)), kAccepted);
  EXPECT_EQ(session.state().barred, std::vector<std::string>{"B01"});
  EXPECT_FALSE(session.state().pending.has_value());
}

TEST(Default, ASuspensionDoesNotWaitForADefault) {
  Session session(Rising());
  EXPECT_EQ(session.AskDefault("B01", At(9, 10)), kAccepted);
  EXPECT_EQ(session.Do(RequestAct{Act::kAnnul, "people/p3", "OBJECTION", {}}, At(9, 11)),
            Reason::kPROPOSAL_DIFFERS);
  EXPECT_EQ(session.ByTwo(Act::kSuspend, "OBJECTION", At(9, 11)), kAccepted);
  EXPECT_EQ(session.state().state, State::kSuspended);
  EXPECT_EQ(session.Last<ActWithdrawn>().act, Act::kDeclareDefault) << "to be asked for anew";
  EXPECT_EQ(session.AskDefault("B01", At(9, 12)), kAccepted) << "suspended or not";
  EXPECT_EQ(session.Do(RequestAct{Act::kContinue, "people/p1", "OBJECTION", At(9, 30)}, At(9, 13)),
            Reason::kPROPOSAL_DIFFERS);
}

TEST(Default, AnOutageLeavesAPendingDefaultWhereItIs) {
  Session session(Rising());
  EXPECT_EQ(session.AskDefault("B01", At(9, 10)), kAccepted);
  session.Outage(At(9, 11), At(9, 11, 10));
  ASSERT_EQ(session.state().state, State::kSuspended);
  session.AdvanceTo(session.state().phase_end);
  EXPECT_EQ(session.state().state, State::kFree);
  EXPECT_EQ(session.ConfirmDefault(At(9, 12)), kAccepted);
  EXPECT_EQ(session.state().barred, std::vector<std::string>{"B01"});
}

TEST(Default, ACauseThatTheTimeHasOvertakenIsNotConfirmed) {
  Session session(Rising());
  session.Bid("B01", Yuan(1'000), At(9, 10));
  EXPECT_EQ(session.AskDefault("B01", At(9, 20), ForfeitCause::kWithdrew), kAccepted);
  EXPECT_EQ(session.ConfirmDefault(At(10, 5)), Reason::kWRONG_STATE) << "it has won meanwhile";
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
}

// What the command says of the older bids is checked as far as the state tells.
TEST(Default, WhatIsLeftMustBePlausible) {
  Session session(Rising());
  session.Bid("B02", Yuan(1'000), At(9, 10));
  session.Bid("B03", Yuan(1'010), At(9, 11));
  session.Bid("B01", Yuan(1'020), At(9, 12));
  session.AskDefault("B01", At(9, 20));
  const Bid second = *session.state().rival;
  const Bid first{1, "B02", Yuan(1'000), At(9, 10)};
  const auto confirm = [&](const BidsLeft& left) {
    return session.Do(ConfirmAct{Act::kDeclareDefault, "people/p2", left}, At(9, 21));
  };
  EXPECT_EQ(confirm({}), Reason::kINVALID_FIELD) << "somebody else did bid";
  EXPECT_EQ(confirm({first, {}, {}, {}}), Reason::kINVALID_FIELD) << "the better one is skipped";
  EXPECT_EQ(confirm({session.state().leading, {}, {}, {}}), Reason::kINVALID_FIELD) << "its own";
  EXPECT_EQ(confirm({Bid{4, "B02", Yuan(1'010), At(9, 13)}, {}, {}, {}}), Reason::kINVALID_FIELD)
      << "there are three";
  EXPECT_EQ(confirm({Bid{2, "B03", Yuan(1'030), At(9, 11)}, {}, {}, {}}), Reason::kINVALID_FIELD) << "above";
  EXPECT_EQ(confirm({second, second, {}, {}}), Reason::kINVALID_FIELD) << "its own rival";
  EXPECT_EQ(confirm({second, first, first, {}}), Reason::kINVALID_FIELD) << "nothing stood when FREE began";
  EXPECT_EQ(session.Count<BidsVoided>(), 0);
  EXPECT_EQ(confirm({second, first, {}, {}}), kAccepted);
  EXPECT_EQ(Standing(session), "B03 B02");
}

// --- Rising bids

TEST(DefaultRising, TheBestBidOfTheOthersLeadsAndItsRivalIsFound) {
  Session session(Rising());
  session.Bid("B03", Yuan(1'000), At(9, 10));
  session.Bid("B02", Yuan(1'010), At(9, 11));
  session.Bid("B01", Yuan(1'020), At(9, 12));
  session.Bid("B02", Yuan(1'030), At(9, 13));
  session.Bid("B01", Yuan(1'040), At(9, 14));
  EXPECT_EQ(Standing(session), "B01 B02");
  EXPECT_EQ(session.Default("B01", At(9, 20), ForfeitCause::kWithdrew), kAccepted);
  EXPECT_EQ(Standing(session), "B02 B03") << "whoever had bid besides";
  EXPECT_EQ(session.state().leading->price, Yuan(1'030));
  EXPECT_EQ(session.state().leading->number, 4);
  EXPECT_EQ(session.state().rival->number, 1);
  EXPECT_EQ(MinAcceptable(session.state(), At(9, 21)), Yuan(1'040));
  EXPECT_EQ(session.Last<BidsVoided>().code, "B01");
  EXPECT_EQ(session.Bid("B01", Yuan(1'050), At(9, 22)), Reason::kNOT_QUALIFIED);
  EXPECT_EQ(session.Bid("B03", Yuan(1'040), At(9, 23)), kAccepted);
  EXPECT_EQ(session.state().leading->number, 6) << "numbers go on";
  session.AdvanceTo(At(10, 5));
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.Last<Closed>().winner->code, "B03");
}

TEST(DefaultRising, NobodyLeadsWhenNobodyElseDidBid) {
  Session session(Rising());
  session.Bid("B01", Yuan(1'200), At(9, 10));
  EXPECT_EQ(session.Default("B01", At(9, 20)), kAccepted);
  EXPECT_EQ(Standing(session), "nobody nobody");
  EXPECT_EQ(MinAcceptable(session.state(), At(9, 21)), Yuan(1'000));
  session.AdvanceTo(At(10, 5));
  EXPECT_EQ(session.state().outcome, Outcome::kNoBid);
}

TEST(DefaultRising, WhoDoesNotLeadTakesNoPriceWithIt) {
  Session session(Rising());
  session.Bid("B03", Yuan(1'000), At(9, 10));
  session.Bid("B02", Yuan(1'010), At(9, 11));
  session.Bid("B01", Yuan(1'020), At(9, 12));
  const Time end = session.state().phase_end;
  EXPECT_EQ(session.Default("B02", At(9, 59, 58)), kAccepted);
  EXPECT_EQ(Standing(session), "B01 B03");
  EXPECT_EQ(session.state().phase_end, end);
  EXPECT_EQ(session.Default("B03", At(9, 59, 59, 100)), kAccepted);
  EXPECT_EQ(Standing(session), "B01 nobody");
  const int before = session.Count<BidsVoided>();
  EXPECT_EQ(session.Default("H1", At(10, 1)), kAccepted);
  EXPECT_EQ(session.Count<BidsVoided>(), before) << "it had no part in anything";
}

// MULTI's entry rules ask whether two bid: bidders whose bids are void did not.
TEST(DefaultRising, TheEntryRulesDoNotCountAVoidBid) {
  for (const LimitedEntry entry : {LimitedEntry::kIfTwoBidders, LimitedEntry::kIfTwoInLastHour}) {
    ScheduleAuction command = Rising();
    command.rules.limited_entry = entry;
    Session session(command);
    session.Bid("B01", Yuan(1'000), At(9, 10));
    session.Bid("B02", Yuan(1'010), At(9, 11));
    Session barred = session;
    barred.Default("B01", At(9, 20));
    session.AdvanceTo(At(10, 0));
    EXPECT_EQ(session.state().state, State::kLimited);
    barred.AdvanceTo(At(10, 0));
    EXPECT_EQ(barred.state().outcome, Outcome::kWinner);
    EXPECT_EQ(barred.LeaderCode(), "B02");
  }
  // Of several that are left the last one counts.
  ScheduleAuction command = Rising();
  command.rules.limited_entry = LimitedEntry::kIfTwoInLastHour;
  command.rules.free_period = Hours(3);
  Session session(command);
  session.Bid("B03", Yuan(1'000), At(9, 10));
  session.Bid("B02", Yuan(1'010), At(11, 10));
  session.Bid("B01", Yuan(1'020), At(11, 20));
  session.Default("B02", At(11, 30));
  session.AdvanceTo(At(12, 0));
  EXPECT_EQ(session.state().state, State::kClosed) << "B03 bid two hours before";
}

TEST(DefaultRising, TheOthersHaveAtLeastACycle) {
  Session session(Rising());
  session.Bid("B02", Yuan(1'000), At(9, 10));
  session.Bid("B01", Yuan(1'010), At(9, 11));
  session.AdvanceTo(At(10, 0));
  EXPECT_EQ(session.Default("B01", At(10, 4)), kAccepted);
  EXPECT_EQ(session.state().phase_end, At(10, 9, 1)) << "confirmed a second later, a cycle of 5 minutes";
  EXPECT_EQ(session.state().cycle_number, 1) << "no bid, no new cycle";
  EXPECT_EQ(session.Bid("B03", Yuan(1'010), At(10, 9)), kAccepted);
  EXPECT_EQ(session.state().phase_end, At(10, 14));
  Session early(Rising(Mode::kEnglish));
  early.Bid("B01", Yuan(1'010), At(9, 11));
  early.Default("B01", At(9, 20));
  EXPECT_EQ(early.state().phase_end, At(10, 0)) << "more is left";
  early.Bid("B02", Yuan(1'010), At(9, 30));
  early.Default("B02", At(9, 58));
  EXPECT_EQ(early.state().phase_end, At(10, 3, 1));
  Session preparing([] {
    ScheduleAuction command = Rising();
    command.rules.preparation = Minutes(15);
    return command;
  }());
  preparing.Bid("B01", Yuan(1'000), At(9, 10));
  preparing.AdvanceTo(At(10, 0));
  preparing.Default("B01", At(10, 14, 50));
  EXPECT_EQ(preparing.state().phase_end, At(10, 15)) << "a cycle follows";
  EXPECT_EQ(Standing(preparing), "nobody nobody");
}

TEST(DefaultRising, ItsProxyBidsNoMore) {
  ScheduleAuction command = Rising();
  command.rules.proxy_bids = true;
  Session session(command);
  session.Bid("B02", Yuan(1'000), At(9, 10));
  EXPECT_EQ(session.Proxy("B01", Yuan(1'500), At(9, 11)), kAccepted);
  EXPECT_EQ(session.Bid("B03", Yuan(1'100), At(9, 12)), kAccepted);
  ASSERT_EQ(session.LeaderCode(), "B01");
  EXPECT_EQ(session.Default("B01", At(9, 20)), kAccepted);
  EXPECT_FALSE(session.state().proxy.has_value());
  EXPECT_EQ(Standing(session), "B03 B02");
  EXPECT_EQ(session.Bid("B02", Yuan(1'110), At(9, 21)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "B02");
  EXPECT_EQ(session.Proxy("B01", Yuan(1'500), At(9, 22)), Reason::kNOT_QUALIFIED);
}

// --- Restarts

TEST(DefaultRestart, ARestartBringsNoVoidBidBack) {
  Session session(Rising());
  session.Bid("B03", Yuan(1'000), At(9, 10));
  session.Bid("B02", Yuan(1'010), At(9, 11));
  session.Bid("B01", Yuan(1'020), At(9, 12));
  session.AdvanceTo(At(10, 0));
  session.Bid("B02", Yuan(1'030), At(10, 1));
  EXPECT_EQ(session.Default("B01", At(10, 2)), kAccepted);
  EXPECT_EQ(Standing(session), "B02 B03");
  EXPECT_EQ(Codes(session.state().phase_base->leading, session.state().phase_base->rival), "B02 B03");
  EXPECT_EQ(session.ByTwo(Act::kSuspend, "OBJECTION", At(10, 3)), kAccepted);
  EXPECT_EQ(session.ByTwo(Act::kRestartPhase, "OBJECTION", At(10, 4), At(10, 10)), kAccepted);
  session.AdvanceTo(At(10, 10));
  EXPECT_EQ(session.state().leading->number, 2);
  EXPECT_EQ(Standing(session), "B02 B03");
}

TEST(DefaultRestart, WhileSuspendedTheSame) {
  Session session(Rising());
  session.Bid("B02", Yuan(1'000), At(9, 10));
  session.Bid("B01", Yuan(1'020), At(9, 12));
  session.AdvanceTo(At(10, 0));
  session.Bid("B03", Yuan(1'030), At(10, 1));
  session.Bid("B01", Yuan(1'040), At(10, 2));
  session.ByTwo(Act::kSuspend, "OBJECTION", At(10, 3));
  EXPECT_EQ(session.Default("B01", At(10, 4)), kAccepted);
  EXPECT_EQ(Standing(session), "B03 B02");
  EXPECT_FALSE(session.state().phase_end) << "two persons still decide when it goes on";
  Session again = session;
  EXPECT_EQ(session.ByTwo(Act::kContinue, "OBJECTION", At(10, 5), At(10, 10)), kAccepted);
  session.AdvanceTo(At(10, 10));
  EXPECT_EQ(Standing(session), "B03 B02");
  EXPECT_GE(session.state().phase_end, At(10, 15)) << "a cycle";
  EXPECT_EQ(again.ByTwo(Act::kRestartPhase, "OBJECTION", At(10, 5), At(10, 10)), kAccepted);
  again.AdvanceTo(At(10, 10));
  EXPECT_EQ(Standing(again), "B02 nobody");
}

// Bids that a restart voided stay void, those of earlier phases too.
TEST(DefaultRestart, VoidedBidsDoNotLeadAgain) {
  Session session(Rising());
  session.Bid("B03", Yuan(1'500), At(9, 10));
  session.ByTwo(Act::kSuspend, "OBJECTION", At(9, 11));
  session.ByTwo(Act::kRestartPhase, "OBJECTION", At(9, 12), At(9, 13));
  session.AdvanceTo(At(9, 13));
  session.Bid("B02", Yuan(1'000), At(9, 14));
  session.Bid("B01", Yuan(1'010), At(9, 15));
  session.AdvanceTo(At(10, 13));
  ASSERT_EQ(session.state().state, State::kLimited);
  session.Bid("B03", Yuan(1'020), At(10, 14));
  session.ByTwo(Act::kSuspend, "OBJECTION", At(10, 15));
  session.ByTwo(Act::kRestartPhase, "OBJECTION", At(10, 16), At(10, 17));
  session.AdvanceTo(At(10, 17));
  ASSERT_EQ(Standing(session), "B01 B02");
  EXPECT_EQ(session.Default("B01", At(10, 18)), kAccepted);
  EXPECT_EQ(Standing(session), "B02 nobody") << "both of B03's bids were voided";
  EXPECT_EQ(session.Default("B02", At(10, 19)), kAccepted);
  EXPECT_EQ(Standing(session), "nobody nobody");
}

// --- The cap

ScheduleAuction Capped(Mode mode = Mode::kMulti) {
  ScheduleAuction command = Rising(mode);
  command.rules.cap = Yuan(1'100);
  command.rules.cap_policy = CapPolicy::kLotteryAtCap;
  return command;
}

TEST(DefaultCap, TheNextWhoDeclaredLeads) {
  Session session(Capped());
  session.Bid("B03", Yuan(1'000), At(9, 10));
  session.Bid("B01", Yuan(1'100), At(9, 20));
  session.Bid("B02", Yuan(1'100), At(9, 21));
  session.Bid("B03", Yuan(1'100), At(9, 22));
  EXPECT_EQ(session.Default("B01", At(9, 23)), kAccepted);
  EXPECT_EQ(session.state().state, State::kCapDeclaring);
  EXPECT_EQ(session.LeaderCode(), "B02");
  EXPECT_EQ(session.state().declared.size(), 2u);
  session.AdvanceTo(At(9, 25));
  ASSERT_EQ(session.state().state, State::kDrawing);
  EXPECT_EQ(session.state().lot, (std::vector<std::string>{"B02", "B03"}));
  EXPECT_EQ(session.Default("B02", At(9, 26)), kAccepted);
  EXPECT_EQ(session.state().lot, std::vector<std::string>{"B03"});
  Session drawn = session;
  EXPECT_EQ(drawn.Do(DrawLot{std::string(32, '\5')}, At(9, 27)), kAccepted);
  EXPECT_EQ(drawn.Last<Closed>().winner->code, "B03");
  EXPECT_EQ(session.Default("B03", At(9, 27)), kAccepted);
  EXPECT_EQ(session.state().state, State::kFree) << "nobody is left at the cap";
  EXPECT_EQ(session.state().phase_end, At(10, 0)) << "as it would have ended";
  EXPECT_EQ(Standing(session), "nobody nobody");
}

TEST(DefaultCap, NobodyElseAtTheCapLetsTheOthersBidOn) {
  for (const Mode mode : {Mode::kMulti, Mode::kEnglish}) {
    Session session(Capped(mode));
    session.Bid("B02", Yuan(1'000), At(9, 10));
    session.Bid("B03", Yuan(1'010), At(9, 11));
    session.Bid("B01", Yuan(1'100), At(9, 20));
    ASSERT_EQ(session.state().state, State::kCapDeclaring);
    EXPECT_EQ(session.Default("B01", At(9, 21)), kAccepted);
    EXPECT_EQ(session.state().state, mode == Mode::kMulti ? State::kFree : State::kEnglish);
    EXPECT_EQ(session.state().phase_end, At(10, 0)) << "what the cap had cut short goes on";
    EXPECT_EQ(Standing(session), "B03 B02");
    EXPECT_EQ(session.Bid("B02", Yuan(1'100), At(9, 22)), kAccepted) << "the cap again";
    EXPECT_EQ(session.state().state, State::kCapDeclaring);
    session.AdvanceTo(At(9, 27));
    EXPECT_EQ(session.Last<Closed>().winner->code, "B02");
  }
}

TEST(DefaultCap, ThePhaseGoesOnForACycleAtLeast) {
  Session free(Capped());
  free.Bid("B01", Yuan(1'100), At(9, 58));
  EXPECT_EQ(free.Default("B01", At(9, 59)), kAccepted);
  EXPECT_EQ(free.state().state, State::kFree);
  EXPECT_EQ(free.state().phase_end, At(10, 4, 1));
  EXPECT_EQ(free.Bid("B02", Yuan(1'010), At(10, 4)), kAccepted);
  free.AdvanceTo(At(10, 4, 1));
  ASSERT_EQ(free.state().state, State::kLimited);
  EXPECT_EQ(free.Bid("B03", Yuan(1'100), At(10, 5)), kAccepted);
  EXPECT_EQ(free.Default("B03", At(10, 6)), kAccepted);
  EXPECT_EQ(free.state().state, State::kLimited);
  EXPECT_EQ(free.state().phase_end, At(10, 11, 1));
  free.AdvanceTo(At(10, 11, 1));
  EXPECT_EQ(free.Last<Closed>().winner->code, "B02");
}

// A listing of days is not cut down to one cycle by somebody who breaks its promise.
TEST(DefaultCap, DynamicFreeGoesOnToTheEndOfTheListingAndBiddersStillQualify) {
  ScheduleAuction command = Capped(Mode::kDynamic);
  command.rules.free_period = Hours(24 * 5);
  Session session(command);
  session.Bid("B01", Yuan(1'100), At(9, 10));
  ASSERT_EQ(session.state().state, State::kCapDeclaring);
  EXPECT_EQ(session.Do(AddBidder{BidderOf("C1"), At(9, 11)}, At(9, 11)), kAccepted);
  EXPECT_EQ(session.Default("B01", At(9, 12)), kAccepted);
  EXPECT_EQ(session.state().state, State::kFree);
  EXPECT_EQ(session.state().phase_end, At(9, 0, 0, 0, 5));
  EXPECT_EQ(session.Do(AddBidder{BidderOf("C2"), At(9, 13)}, At(9, 13)), kAccepted);
  EXPECT_EQ(session.Do(MoveFreeEnd{At(9, 0, 0, 0, 6)}, At(9, 14)), kAccepted);
  EXPECT_EQ(session.Bid("C2", Yuan(1'100), At(9, 15, 0, 0, 3)), kAccepted);
  EXPECT_EQ(session.Bid("C1", Yuan(1'100), At(9, 16, 0, 0, 3)), kAccepted) << "declared at the cap";
  session.AdvanceTo(At(9, 20, 0, 0, 3));
  EXPECT_EQ(session.state().lot, (std::vector<std::string>{"C1", "C2"}));
}

TEST(DefaultCap, AfterFreeOnlyWhoQualifiedBeforeIsTakenAtTheCap) {
  ScheduleAuction command = Capped(Mode::kDynamic);
  Session session(command);
  session.AdvanceTo(At(10, 0));
  session.Bid("B01", Yuan(1'100), At(10, 1));
  ASSERT_EQ(session.state().state, State::kCapDeclaring);
  EXPECT_EQ(session.Do(AddBidder{BidderOf("C1"), At(10, 0)}, At(10, 2)), Reason::kWRONG_STATE);
  EXPECT_EQ(session.Do(AddBidder{BidderOf("C1"), At(9, 59)}, At(10, 3)), kAccepted);
}

TEST(DefaultCap, WhileSuspendedItFollowsOnceTheSessionGoesOn) {
  Session session(Capped());
  session.Bid("B02", Yuan(1'000), At(9, 10));
  session.Bid("B01", Yuan(1'100), At(9, 20));
  session.ByTwo(Act::kSuspend, "OBJECTION", At(9, 21));
  EXPECT_EQ(session.Default("B01", At(9, 22)), kAccepted);
  EXPECT_EQ(session.state().state, State::kSuspended);
  EXPECT_EQ(session.LeaderCode(), "B02");
  session.ByTwo(Act::kContinue, "OBJECTION", At(9, 23), At(9, 58));
  session.AdvanceTo(At(9, 58));
  EXPECT_EQ(session.state().state, State::kFree);
  EXPECT_EQ(session.state().phase_end, At(10, 3));
}

// --- Priority rights

ScheduleAuction Asking(EqualRank equal_rank = EqualRank::kEarliest, bool may_raise = true) {
  ScheduleAuction command = Rising();
  command.rules.priority = {PriorityMode::kAskAtEnd, equal_rank, Minutes(5), may_raise};
  return command;
}

// B03 1000, B02 1010, B01 1020; H1 is asked from 10:05 on.
Session Asked(const ScheduleAuction& command) {
  Session session(command);
  session.Bid("B03", Yuan(1'000), At(9, 10));
  session.Bid("B02", Yuan(1'010), At(9, 11));
  session.Bid("B01", Yuan(1'020), At(9, 12));
  session.AdvanceTo(At(10, 5));
  EXPECT_EQ(session.state().exercise.asked, std::vector<std::string>{"H1"});
  return session;
}

TEST(DefaultPriority, TheOnlyHolderThatIsAskedDoesNotBlock) {
  Session session = Asked(Asking());
  EXPECT_EQ(session.Default("H1", At(10, 6)), kAccepted);
  EXPECT_EQ(session.state().exercise.asked, std::vector<std::string>{"H2"}) << "the next rank at once";
  EXPECT_EQ(session.state().phase_end, At(10, 11, 1));
  EXPECT_EQ(session.Default("H2", At(10, 7)), kAccepted);
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.LeaderCode(), "B01");
}

TEST(DefaultPriority, ALeaderThatFallsOutIsNotReplacedUnlessTheNoticeSaysSo) {
  Session session = Asked(Asking());
  Session answered = session;
  answered.Answer("H1", false, At(10, 6));
  Session suspended = session;
  suspended.ByTwo(Act::kSuspend, "OBJECTION", At(10, 6));
  for (Session* open : {&session, &answered, &suspended}) {
    EXPECT_EQ(open->Default("B02", At(10, 6, 30)), kAccepted);
    EXPECT_EQ(Standing(*open), "B01 B03") << "the leader stays";
    EXPECT_EQ(open->Default("B01", At(10, 7)), kAccepted);
    EXPECT_EQ(open->LeaderCode(), "");
  }
  ExpectUnsold(session);
  EXPECT_EQ(session.state().phase_end, At(10, 7, 1));
  ExpectUnsold(answered);
  EXPECT_EQ(suspended.state().state, State::kSuspended);
  suspended.ByTwo(Act::kContinue, "OBJECTION", At(10, 8), At(10, 20));
  suspended.AdvanceTo(At(10, 20));
  ExpectUnsold(suspended);
}

TEST(DefaultPriority, WhoWonAtAHoldersRaiseWaitsForNobodyWhenBothAreBarred) {
  for (const char* first : {"B01", "H1"}) {
    Session session = Asked(Asking());
    session.Answer("H1", true, At(10, 6));
    session.Bid("B01", Yuan(1'030), At(10, 7));
    session.ByTwo(Act::kSuspend, "OBJECTION", At(10, 8));
    EXPECT_EQ(session.Default(first, At(10, 9)), kAccepted);
    EXPECT_EQ(session.LeaderCode(), first == std::string("B01") ? "H1" : "B01");
    EXPECT_EQ(session.Default(first == std::string("B01") ? "H1" : "B01", At(10, 10)), kAccepted);
    EXPECT_EQ(session.LeaderCode(), "") << "B02 bid less than both";
    session.ByTwo(Act::kContinue, "OBJECTION", At(10, 11), At(10, 20));
    session.AdvanceTo(At(10, 20));
    ExpectUnsold(session);
  }
}

TEST(DefaultPriority, ALeaderThatFallsOutIsReplacedAndAllAreAskedAnew) {
  Session session = Asked(WithNextBest(Asking()));
  session.Answer("H1", false, At(10, 6));
  ASSERT_EQ(session.state().exercise.asked, std::vector<std::string>{"H2"});
  EXPECT_EQ(session.Default("B01", At(10, 7)), kAccepted);
  EXPECT_EQ(session.state().exercise.asked, std::vector<std::string>{"H1"}) << "at another price";
  EXPECT_EQ(Standing(session), "B02 B03");
  session.Answer("H1", true, At(10, 8));
  EXPECT_EQ(session.state().leading->price, Yuan(1'010));
}

TEST(DefaultPriority, WithoutAnotherBidTheSessionClosesUnsold) {
  Session session(Asking());
  session.Bid("B01", Yuan(1'020), At(9, 12));
  session.AdvanceTo(At(10, 5));
  EXPECT_EQ(session.Default("B01", At(10, 6)), kAccepted);
  ExpectUnsold(session);
  Session allowed(WithNextBest(Asking()));
  allowed.Bid("B01", Yuan(1'020), At(9, 12));
  allowed.AdvanceTo(At(10, 5));
  EXPECT_EQ(allowed.Default("B01", At(10, 6)), kAccepted);
  ExpectUnsold(allowed);
}

TEST(DefaultPriority, ABidBelowTheReserveIsNotAskedAbout) {
  ScheduleAuction command = WithNextBest(Asking());
  command.reserve = Reserve{Yuan(1'020), "salt", "commitment"};
  Session session = Asked(command);
  session.Default("B01", At(10, 6));
  EXPECT_EQ(session.state().outcome, Outcome::kBelowReserve);
}

TEST(DefaultPriority, AHolderThatTookThePlaceGivesItBack) {
  Session session = Asked(Asking());
  session.Answer("H1", true, At(10, 6));
  ASSERT_EQ(session.state().state, State::kRaise);
  EXPECT_EQ(session.Default("H1", At(10, 7)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "B01");
  EXPECT_EQ(session.state().state, State::kPriorityExercise);
  EXPECT_EQ(session.state().exercise.asked, std::vector<std::string>{"H2"});
}

TEST(DefaultPriority, WhoWasDisplacedRaisesNoMore) {
  Session session = Asked(Asking());
  session.Answer("H1", true, At(10, 6));
  EXPECT_EQ(session.Default("B01", At(10, 7)), kAccepted);
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.Last<Closed>().winner->code, "H1");
  EXPECT_EQ(session.Last<Closed>().winner->price, Yuan(1'020)) << "its own bid binds it";
}

TEST(DefaultPriority, AfterARaiseByWhomeverIsBarredTheHolderLeads) {
  Session session = Asked(Asking());
  session.Answer("H1", true, At(10, 6));
  session.Bid("B01", Yuan(1'030), At(10, 7));
  ASSERT_EQ(session.state().exercise.asked, std::vector<std::string>{"H1"});
  Session other = session;
  EXPECT_EQ(session.Default("B01", At(10, 8)), kAccepted);
  EXPECT_EQ(session.state().outcome, Outcome::kWinner) << "nobody comes before H1";
  EXPECT_EQ(session.Last<Closed>().winner->code, "H1");
  EXPECT_EQ(session.Last<Closed>().winner->price, Yuan(1'020));
  EXPECT_EQ(other.Default("H1", At(10, 8)), kAccepted);
  EXPECT_EQ(other.Last<Closed>().winner->code, "B01") << "nobody follows the raise";
}

TEST(DefaultPriority, OfSeveralOfOneRankTheBarredFallsOut) {
  for (const EqualRank equal_rank : {EqualRank::kLottery, EqualRank::kProRata}) {
    ScheduleAuction command = Asking(equal_rank, /*may_raise=*/false);
    command.bidders = {BidderOf("B01"), BidderOf("B02"), BidderOf("H1", 1, 3), BidderOf("H2", 1, 1)};
    Session session(command);
    session.Bid("B02", Yuan(1'010), At(9, 11));
    session.Bid("B01", Yuan(1'020), At(9, 12));
    session.AdvanceTo(At(10, 5));
    session.Answer("H1", true, At(10, 6));
    Session other = session;
    EXPECT_EQ(session.Default("H2", At(10, 7)), kAccepted);
    EXPECT_EQ(session.Last<Closed>().winner->code, "H1") << "alone";
    EXPECT_TRUE(session.Last<Closed>().portions.empty());
    EXPECT_EQ(other.Default("H1", At(10, 7)), kAccepted);
    EXPECT_EQ(other.state().exercise.asked, std::vector<std::string>{"H2"});
    EXPECT_TRUE(other.state().exercise.exercised.empty());
    other.AdvanceTo(At(10, 10));
    EXPECT_EQ(other.Last<Closed>().winner->code, "B01") << "silence waives";
  }
}

TEST(DefaultPriority, ALotOfHoldersIsDrawnAmongTheRestOrNotAtAll) {
  ScheduleAuction command = WithNextBest(Asking(EqualRank::kLottery, /*may_raise=*/false));
  command.bidders = {BidderOf("B01"), BidderOf("B02"), BidderOf("H1", 1), BidderOf("H2", 1)};
  Session session(command);
  session.Bid("B02", Yuan(1'010), At(9, 11));
  session.Bid("B01", Yuan(1'020), At(9, 12));
  session.AdvanceTo(At(10, 5));
  session.Answer("H1", true, At(10, 6));
  session.Answer("H2", true, At(10, 7));
  ASSERT_EQ(session.state().state, State::kDrawing);
  Session leader = session;
  EXPECT_EQ(session.Default("H1", At(10, 8)), kAccepted);
  EXPECT_EQ(session.state().lot, std::vector<std::string>{"H2"});
  EXPECT_EQ(session.Default("H2", At(10, 9)), kAccepted);
  EXPECT_EQ(session.Last<Closed>().winner->code, "B01");
  EXPECT_EQ(leader.Default("B01", At(10, 8)), kAccepted);
  EXPECT_EQ(leader.state().state, State::kPriorityExercise);
  EXPECT_EQ(leader.state().exercise.asked, (std::vector<std::string>{"H1", "H2"}));
  EXPECT_EQ(leader.LeaderCode(), "B02");
  command.rules.next_best_allowed = false;
  Session strict(command);
  strict.Bid("B02", Yuan(1'010), At(9, 11));
  strict.Bid("B01", Yuan(1'020), At(9, 12));
  strict.AdvanceTo(At(10, 5));
  strict.Answer("H1", true, At(10, 6));
  strict.Answer("H2", true, At(10, 7));
  EXPECT_EQ(strict.Default("B01", At(10, 8)), kAccepted);
  ExpectUnsold(strict);
}

TEST(DefaultPriority, WhileSuspendedItFollowsOnceTheSessionGoesOn) {
  for (const char* code : {"H1", "B01"}) {
    Session session = Asked(WithNextBest(Asking()));
    session.ByTwo(Act::kSuspend, "OBJECTION", At(10, 6));
    EXPECT_EQ(session.Default(code, At(10, 7)), kAccepted);
    ASSERT_EQ(session.state().state, State::kSuspended);
    session.ByTwo(Act::kContinue, "OBJECTION", At(10, 8), At(10, 20));
    session.AdvanceTo(At(10, 20));
    EXPECT_EQ(session.state().state, State::kPriorityExercise);
    EXPECT_EQ(session.state().exercise.asked.front(), code == std::string("H1") ? "H2" : "H1");
    EXPECT_EQ(session.LeaderCode(), code == std::string("H1") ? "B01" : "B02");
  }
}

TEST(DefaultPriority, P1TheBestOfTheOthersLeadsAndMayBeMatched) {
  ScheduleAuction command = Rising();
  command.rules.priority.mode = PriorityMode::kSamePrice;
  Session session(command);
  session.Bid("B01", Yuan(1'010), At(9, 11));
  session.Bid("H2", Yuan(1'010), At(9, 12));
  session.Bid("H1", Yuan(1'010), At(9, 13));
  EXPECT_EQ(session.Default("H1", At(9, 20)), kAccepted);
  EXPECT_EQ(Standing(session), "H2 B01");
  EXPECT_EQ(session.Default("H2", At(9, 21)), kAccepted);
  EXPECT_EQ(Standing(session), "B01 nobody");
}

TEST(DefaultPriority, TheOnlyAcceptanceOfTheFallingPriceIsVoid) {
  ScheduleAuction command = Rising(Mode::kDutch);
  command.rules.dutch = {Yuan(10), {}, Seconds(60), Yuan(500)};
  command.rules.priority = {PriorityMode::kAskAtEnd, EqualRank::kEarliest, Minutes(5), false};
  Session session(command);
  session.Bid("B01", Yuan(1'000), At(9, 0, 30));
  ASSERT_EQ(session.state().state, State::kPriorityExercise);
  EXPECT_EQ(session.Default("B01", At(9, 1)), kAccepted);
  ExpectUnsold(session);
}

// --- Envelopes

ScheduleAuction Sealed(Mode mode) {
  ScheduleAuction command = Rising(mode);
  command.rules.min_bidders = mode == Mode::kTender ? 3 : 1;
  command.rules.scoring.price_weight = {1'000'000};
  return command;
}

OpenEnvelopes Opening(const std::vector<std::pair<std::string, int64_t>>& prices) {
  OpenEnvelopes opening;
  for (const auto& [code, yuan] : prices) {
    opening.envelopes.push_back({.bidder = BidderOf(code), .time = At(9, 10) + Seconds(code[2]), .price = Yuan(yuan)});
  }
  return opening;
}

Session Submitted(const ScheduleAuction& command) {
  Session session(command);
  for (const char* code : {"B01", "B02", "B03"}) session.Submit(code, At(9, 10) + Seconds(code[2]));
  session.AdvanceTo(At(10, 0));
  return session;
}

TEST(DefaultSealed, AnEnvelopeOfTheBarredDoesNotWin) {
  for (const Mode mode : {Mode::kSealed, Mode::kWeighted}) {
    Session session = Submitted(Sealed(mode));
    EXPECT_EQ(session.Default("B03", At(10, 0, 1)), kAccepted);
    EXPECT_EQ(session.Count<BidsVoided>(), 0) << "whether it handed one in is nobody's business";
    if (mode == Mode::kWeighted) {
      session.Do(FixScores{{{"B01", 1}, {"B02", 2}, {"B03", 3}, {"H1", 4}, {"H2", 5}}}, At(10, 0, 30));
    }
    session.Collect(At(10, 1));
    session.Do(Opening({{"B01", 1'000}, {"B02", 1'100}, {"B03", 1'200}}), At(10, 2));
    EXPECT_EQ(session.Last<Closed>().winner->code, "B02");
    EXPECT_EQ(session.Last<Opened>().bids[2].invalid, Reason::kNOT_QUALIFIED);
  }
}

TEST(DefaultSealed, AnEnvelopeOfTheBarredDoesNotCountTowardsTheFewest) {
  for (const Mode mode : {Mode::kSealed, Mode::kWeighted}) {
    ScheduleAuction command = Sealed(mode);
    command.rules.min_bidders = 3;
    Session session = Submitted(command);
    ASSERT_EQ(session.state().state, State::kClosedForOpening);
    if (mode == Mode::kWeighted) {
      session.Do(FixScores{{{"B01", 1}, {"B02", 2}, {"B03", 3}, {"H1", 4}, {"H2", 5}}}, At(10, 0, 30));
    }
    EXPECT_EQ(session.Default("H1", At(10, 0, 40)), kAccepted);
    Session few = session;
    EXPECT_EQ(few.Default("B03", At(10, 0, 50)), kAccepted);
    for (Session* opened : {&session, &few}) {
      opened->Collect(At(10, 1));
      opened->Do(Opening({{"B01", 1'000}, {"B02", 1'100}, {"B03", 1'200}}), At(10, 2));
    }
    EXPECT_EQ(session.state().outcome, Outcome::kWinner) << "H1 had handed in nothing";
    EXPECT_EQ(few.state().outcome, Outcome::kTooFewBidders);
    EXPECT_EQ(few.Count<Opened>(), 1);
    EXPECT_TRUE(EnvelopesAreOpen(few.state()));
  }
}

TEST(DefaultSealed, WhoIsBarredWhileItSubmitsHandsInNoMore) {
  Session session(Sealed(Mode::kSealed));
  session.Submit("B01", At(9, 10));
  EXPECT_EQ(session.Default("B01", At(9, 20)), kAccepted);
  EXPECT_EQ(session.Submit("B01", At(9, 21), 1), Reason::kNOT_QUALIFIED);
}

TEST(DefaultSealed, TheNextEnvelopeLeadsWhileHoldersAreAskedIfTheNoticeSaysSo) {
  ScheduleAuction command = WithNextBest(Sealed(Mode::kSealed));
  command.rules.priority = {PriorityMode::kAskAtEnd, EqualRank::kEarliest, Minutes(5), false};
  Session session = Submitted(command);
  session.Collect(At(10, 1));
  session.Do(Opening({{"B01", 1'100}, {"B02", 1'100}, {"B03", 1'200}}), At(10, 2));
  ASSERT_EQ(session.state().state, State::kPriorityExercise);
  EXPECT_EQ(session.Default("B03", At(10, 3)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "B01") << "of equal prices the earlier";
  EXPECT_EQ(session.state().exercise.asked, std::vector<std::string>{"H1"});
  session.Default("B01", At(10, 4));
  session.Default("B02", At(10, 5));
  ExpectUnsold(session);
  command.rules.next_best_allowed = false;
  Session strict = Submitted(command);
  strict.Collect(At(10, 1));
  strict.Do(Opening({{"B01", 1'100}, {"B02", 1'100}, {"B03", 1'200}}), At(10, 2));
  EXPECT_EQ(strict.Default("B03", At(10, 3)), kAccepted);
  ExpectUnsold(strict);
}

// Nobody quotes again, nobody may, or nobody opens what was quoted: below the first price is no candidate.
TEST(DefaultSealed, InASecondRoundALowerPriceIsNoCandidate) {
  ScheduleAuction command = Sealed(Mode::kSealed);
  command.rules.tie_rule = TieRule::kRequote;
  Session session = Submitted(command);
  session.Collect(At(10, 1));
  session.Do(Opening({{"B01", 1'100}, {"B02", 1'100}, {"B03", 1'050}}), At(10, 2));
  EXPECT_EQ(session.Default("B01", At(10, 3)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "B02") << "of the same price";
  Session read = session;
  Session unread = session;
  EXPECT_EQ(session.Default("B02", At(10, 4)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "");
  EXPECT_FALSE(session.state().phase_base->leading.has_value()) << "not after a restart either";
  session.AdvanceTo(At(11, 2));
  ExpectUnsold(session);
  for (Session* quoted : {&read, &unread}) {
    EXPECT_EQ(quoted->Submit("B02", At(10, 5)), kAccepted);
    quoted->AdvanceTo(At(11, 2));
    EXPECT_EQ(quoted->Default("B02", At(11, 3)), kAccepted);
    EXPECT_EQ(quoted->state().state, State::kClosedForOpening) << "nothing shows whether it quoted";
  }
  read.Collect(At(11, 4));
  EXPECT_EQ(read.Do(Opening({{"B02", 1'200}}), At(11, 5)), kAccepted);
  ExpectUnsold(read);
  unread.ByTwo(Act::kOpen, "time has come", At(11, 4));
  unread.AdvanceTo(At(11, 4, 0, 0, 30));
  ExpectUnsold(unread);
}

TEST(DefaultSealed, InASecondRoundTheFirstRoundsOrderStandsWithoutTheBarred) {
  ScheduleAuction command = WithNextBest(Sealed(Mode::kSealed));
  command.rules.tie_rule = TieRule::kRequote;
  Session session = Submitted(command);
  session.Collect(At(10, 1));
  session.Do(Opening({{"B01", 1'100}, {"B02", 1'100}, {"B03", 1'050}}), At(10, 2));
  ASSERT_EQ(session.state().envelopes.round, 2);
  ASSERT_EQ(session.LeaderCode(), "B01");
  EXPECT_EQ(session.Default("B01", At(10, 3)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "B02");
  EXPECT_EQ(session.Submit("B01", At(10, 4)), Reason::kNOT_QUALIFIED);
  Session both = session;
  session.AdvanceTo(At(11, 2));
  EXPECT_EQ(session.Last<Closed>().winner->code, "B02") << "nobody quoted again";
  EXPECT_EQ(both.Default("B02", At(10, 4)), kAccepted);
  EXPECT_EQ(both.LeaderCode(), "B03");
  EXPECT_EQ(both.Default("B03", At(10, 5)), kAccepted);
  both.AdvanceTo(At(11, 2));
  ExpectUnsold(both);
}

Session Tender(const std::vector<std::pair<std::string, int64_t>>& prices, bool next_best_allowed = false) {
  ScheduleAuction command = Sealed(Mode::kTender);
  command.rules.next_best_allowed = next_best_allowed;
  Session session = Submitted(command);
  session.Collect(At(10, 1));
  EXPECT_EQ(session.Do(Opening(prices), At(10, 2)), kAccepted);
  return session;
}

ReportTender Report() {
  ReportTender report;
  for (int i = 0; i < 5; ++i) report.committee.push_back({"e", true});
  return report;
}

TEST(DefaultTender, TooFewAreLeftToEvaluate) {
  Session session = Tender({{"B01", 1'100}, {"B02", 1'200}, {"B03", 1'300}});
  ASSERT_EQ(session.state().state, State::kEvaluating);
  EXPECT_EQ(session.Default("H1", At(10, 3)), kAccepted);
  EXPECT_EQ(session.state().state, State::kEvaluating) << "it had no tender";
  EXPECT_EQ(session.Default("B01", At(10, 4)), kAccepted);
  EXPECT_EQ(session.state().outcome, Outcome::kTooFewBidders);
}

TEST(DefaultTender, AnObjectionHoldsWhatFollows) {
  Session session = Tender({{"B01", 1'100}, {"B02", 1'200}, {"B03", 1'300}});
  session.Do(NoteObjection{true}, At(10, 3));
  EXPECT_EQ(session.Default("B01", At(10, 4)), kAccepted);
  EXPECT_EQ(session.state().state, State::kEvaluating) << "nothing goes on";
  session.Do(NoteObjection{false}, At(10, 5));
  EXPECT_EQ(session.state().outcome, Outcome::kTooFewBidders);
  // Nobody is left at the cap: the cycle for the others waits too.
  Session declared(Capped());
  declared.Bid("B01", Yuan(1'100), At(9, 20));
  declared.Bid("B02", Yuan(1'100), At(9, 21));
  declared.AdvanceTo(At(9, 25));
  ASSERT_EQ(declared.state().state, State::kDrawing);
  declared.Do(NoteObjection{true}, At(9, 26));
  declared.Default("B01", At(9, 27));
  declared.Default("B02", At(9, 28));
  EXPECT_EQ(declared.state().state, State::kSuspended);
  EXPECT_EQ(declared.state().suspended_state, State::kFree);
}

// domain.md 5.7: "rank 2 allowed only if the document says so".
TEST(DefaultTender, WithoutTheFirstCandidateItIsRepeated) {
  Session session = Tender({{"B01", 1'100}, {"B02", 1'200}, {"B03", 1'300}});
  EXPECT_EQ(session.Do(Report(), At(10, 3)), kAccepted);
  Session suspended = session;
  EXPECT_EQ(session.Default("B02", At(10, 4)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "B03");
  EXPECT_EQ(session.Default("B03", At(10, 5)), kAccepted);
  ExpectUnsold(session);
  suspended.ByTwo(Act::kSuspend, "OBJECTION", At(10, 5));
  EXPECT_EQ(suspended.Default("B03", At(10, 6)), kAccepted);
  suspended.ByTwo(Act::kContinue, "OBJECTION", At(10, 7), At(10, 8));
  suspended.AdvanceTo(At(10, 8));
  ExpectUnsold(suspended);
  // All who were equal at its head.
  Session drawing = Tender({{"B01", 1'200}, {"B02", 1'200}, {"B03", 1'000}});
  drawing.Do(Report(), At(10, 3));
  EXPECT_EQ(drawing.Default("B01", At(10, 4)), kAccepted);
  Session drawn = drawing;
  EXPECT_EQ(drawing.Default("B02", At(10, 5)), kAccepted);
  ExpectUnsold(drawing);
  drawn.Do(DrawLot{std::string(32, '\0')}, At(10, 5));
  EXPECT_EQ(drawn.LeaderCode(), "B02") << "no lot was drawn yet: it is the first";
}

TEST(DefaultTender, TheNextCandidateIsPublishedIfTheDocumentSaysSo) {
  Session session = Tender({{"B01", 1'100}, {"B02", 1'200}, {"B03", 1'300}}, /*next_best_allowed=*/true);
  EXPECT_EQ(session.Do(Report(), At(10, 3)), kAccepted);
  ASSERT_EQ(session.LeaderCode(), "B03");
  Session suspended = session;
  EXPECT_EQ(session.Default("B03", At(10, 0, 0, 0, 1)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "B02");
  EXPECT_EQ(session.state().state, State::kPublicity);
  EXPECT_EQ(session.state().phase_end, At(10, 0, 1, 0, 1) + session.state().rules().scoring.publicity)
      << "published for as long";
  EXPECT_EQ(session.Default("B01", At(11, 0, 0, 0, 1)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "B02");
  EXPECT_EQ(session.Default("B02", At(12, 0, 0, 0, 1)), kAccepted);
  ExpectUnsold(session);
  suspended.ByTwo(Act::kSuspend, "OBJECTION", At(10, 5));
  EXPECT_EQ(suspended.Default("B03", At(10, 6)), kAccepted);
  EXPECT_EQ(suspended.LeaderCode(), "") << "named once the session goes on";
  suspended.ByTwo(Act::kContinue, "OBJECTION", At(10, 7), At(10, 8));
  suspended.AdvanceTo(At(10, 8));
  EXPECT_EQ(suspended.LeaderCode(), "B02");
}

TEST(DefaultTender, ALotAmongEqualsGoesOnWithoutTheBarred) {
  Session session = Tender({{"B01", 1'200}, {"B02", 1'200}, {"B03", 1'200}}, /*next_best_allowed=*/true);
  session.Do(Report(), At(10, 3));
  ASSERT_EQ(session.state().lot.size(), 3u);
  EXPECT_EQ(session.Default("B02", At(10, 4)), kAccepted);
  EXPECT_EQ(session.state().lot, (std::vector<std::string>{"B01", "B03"}));
  session.Do(DrawLot{std::string(32, '\0')}, At(10, 5));
  ASSERT_EQ(session.LeaderCode(), "B01");
  EXPECT_EQ(session.Default("B01", At(10, 6)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "B03") << "alone in its place";
}

// --- DYNAMIC: news of a qualification takes its time

TEST(LateBidder, WhoQualifiedBeforeTheEndOfFreeIsTakenWhileBidsAre) {
  ScheduleAuction command = Rising(Mode::kDynamic);
  command.rules.preparation = Minutes(15);
  Session session(command);
  session.Bid("B01", Yuan(1'000), At(9, 10));
  session.AdvanceTo(At(10, 0));
  const Time before = At(10, 0) - Nanoseconds(1);
  const auto add = [&](const std::string& code, Time qualified, Time now) {
    return session.Do(AddBidder{BidderOf(code), qualified}, now);
  };
  EXPECT_EQ(add("C1", At(10, 0), At(10, 1)), Reason::kWRONG_STATE) << "the end is not FREE any more";
  EXPECT_EQ(add("C1", {}, At(10, 1)), Reason::kWRONG_STATE);
  EXPECT_EQ(add("C1", before, At(10, 1)), kAccepted) << "PREPARING";
  EXPECT_EQ(add("C2", before, At(10, 16)), kAccepted) << "LIMITED";
  EXPECT_EQ(session.Bid("C2", Yuan(1'010), At(10, 17)), kAccepted);
  session.ByTwo(Act::kSuspend, "OBJECTION", At(10, 18));
  EXPECT_EQ(add("C3", before, At(10, 19)), kAccepted) << "SUSPENDED";
  EXPECT_EQ(session.state().bidder_count, 8);
  session.ByTwo(Act::kAnnul, "OBJECTION", At(10, 20));
  EXPECT_EQ(add("C4", before, At(10, 21)), Reason::kWRONG_STATE);
  ScheduleAuction multi = Rising();
  Session other(multi);
  other.AdvanceTo(At(10, 0));
  EXPECT_EQ(other.Do(AddBidder{BidderOf("C1"), before}, At(10, 1)), Reason::kWRONG_STATE);
}

}  // namespace
}  // namespace ttx::auction
