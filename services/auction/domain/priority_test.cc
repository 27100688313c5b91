#include <gtest/gtest.h>

#include "services/auction/domain/priority.h"
#include "services/auction/domain/test_session.h"

namespace ttx::auction {
namespace {

using testing::At;
using testing::BidderOf;
using testing::Session;
using testing::SessionOf;
using testing::Yuan;

constexpr std::optional<Reason> kAccepted = std::nullopt;

ScheduleAuction PrioritySession(PriorityMode mode) {
  ScheduleAuction command = SessionOf(Mode::kMulti, Yuan(500'000), Yuan(5'000));
  command.rules.priority.mode = mode;
  command.bidders = {BidderOf("B01"), BidderOf("B02"), BidderOf("B03"), BidderOf("H1", 1), BidderOf("H2", 2)};
  return command;
}

// --- P1

TEST(Priority, Section5_9_P1) {
  Session session(PrioritySession(PriorityMode::kSamePrice));
  session.Bid("B01", Yuan(505'000), At(9, 30));
  EXPECT_EQ(session.Bid("B02", Yuan(510'000), At(10, 1)), kAccepted);
  EXPECT_EQ(session.Bid("H1", Yuan(510'000), At(10, 2)), kAccepted) << "equal, with priority";
  EXPECT_EQ(session.LeaderCode(), "H1");
  EXPECT_EQ(session.state().phase_end, At(10, 7)) << "the cycle starts again";
  EXPECT_EQ(session.Bid("B02", Yuan(510'000), At(10, 3)), Reason::kNOT_HIGHER);
  EXPECT_EQ(session.Bid("B02", Yuan(515'000), At(10, 3, 1)), kAccepted);
  EXPECT_EQ(session.Bid("H1", Yuan(515'000), At(10, 4)), kAccepted);
  EXPECT_EQ(session.Bid("B01", Yuan(515'000), At(10, 5)), Reason::kNOT_HIGHER)
      << "a second equal bid by an ordinary one";
  session.AdvanceTo(At(10, 9));
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.LeaderCode(), "H1");
  EXPECT_EQ(session.state().leading->price, Yuan(515'000));
}

TEST(Priority, P1BetweenHoldersTheHigherRankWinsAndTheEarlierOfEqualOnes) {
  ScheduleAuction command = PrioritySession(PriorityMode::kSamePrice);
  command.bidders.push_back(BidderOf("H3", 1));
  Session session(command);
  EXPECT_EQ(session.Bid("H2", Yuan(500'000), At(9, 1)), kAccepted);
  EXPECT_EQ(session.Bid("H1", Yuan(500'000), At(9, 2)), kAccepted) << "rank 1 over rank 2";
  EXPECT_EQ(session.Bid("H2", Yuan(500'000), At(9, 3)), Reason::kNOT_HIGHER);
  EXPECT_EQ(session.Bid("H3", Yuan(500'000), At(9, 4)), Reason::kNOT_HIGHER) << "the same rank, later";
  EXPECT_EQ(session.Bid("H1", Yuan(500'000), At(9, 5)), Reason::kNOT_HIGHER);
}

TEST(Priority, P3IsNoPrivilege) {
  Session session(PrioritySession(PriorityMode::kAsOrdinary));
  session.Bid("B01", Yuan(500'000), At(9, 1));
  EXPECT_EQ(session.Bid("H1", Yuan(500'000), At(9, 2)), Reason::kNOT_HIGHER);
  EXPECT_EQ(session.Answer("H1", true, At(9, 3)), Reason::kNOT_ASKED);
  session.AdvanceTo(At(10, 5));
  EXPECT_EQ(session.LeaderCode(), "B01");
}

// --- P2

// Closed by the clock at 10:10:00 with B03 leading at 1 060 000.
ScheduleAuction AskingSession() {
  ScheduleAuction command = SessionOf(Mode::kMulti, Yuan(1'000'000), Yuan(10'000));
  command.rules.priority = {PriorityMode::kAskAtEnd, EqualRank::kEarliest, Seconds(300), true};
  command.bidders = {BidderOf("B01"), BidderOf("B03"), BidderOf("H1", 1)};
  return command;
}

TEST(Priority, Section5_9_P2) {
  Session session(AskingSession());
  session.Bid("B01", Yuan(1'000'000), At(9, 30));
  session.Bid("B03", Yuan(1'060'000), At(10, 5) - Nanoseconds(1));
  EXPECT_EQ(session.Answer("H1", true, At(10, 9)), Reason::kNOT_ASKED) << "before the bidding is over";
  Session worked(AskingSession());
  worked.Bid("B01", Yuan(1'050'000), At(10, 4));
  worked.Bid("B03", Yuan(1'060'000), At(10, 5));
  worked.AdvanceTo(At(10, 10));
  EXPECT_EQ(worked.state().state, State::kPriorityExercise);
  EXPECT_EQ(worked.state().phase_end, At(10, 15));
  EXPECT_EQ(worked.Bid("B01", Yuan(1'070'000), At(10, 11)), Reason::kPHASE_CLOSED);
  EXPECT_EQ(worked.Answer("H1", true, At(10, 12)), kAccepted);
  EXPECT_EQ(worked.LeaderCode(), "H1");
  EXPECT_EQ(worked.state().state, State::kRaise);
  EXPECT_EQ(worked.state().phase_end, At(10, 17));
  EXPECT_EQ(worked.Bid("B01", Yuan(1'070'000), At(10, 13)), Reason::kNOT_ASKED)
      << "only the displaced best bidder";
  EXPECT_EQ(worked.Bid("B03", Yuan(1'060'000), At(10, 14)), Reason::kNOT_HIGHER);
  EXPECT_EQ(worked.Bid("B03", Yuan(1'065'000), At(10, 14, 1)), Reason::kNOT_MULTIPLE);
  EXPECT_EQ(worked.Bid("B03", Yuan(1'070'000), At(10, 15)), kAccepted);
  EXPECT_EQ(worked.state().state, State::kPriorityExercise);
  EXPECT_EQ(worked.state().phase_end, At(10, 20));
  EXPECT_EQ(worked.Answer("H1", true, At(10, 18)), kAccepted);
  EXPECT_EQ(worked.state().phase_end, At(10, 23));
  worked.AdvanceTo(At(10, 23));
  EXPECT_EQ(worked.state().outcome, Outcome::kWinner);
  EXPECT_EQ(worked.LeaderCode(), "H1");
  EXPECT_EQ(worked.state().leading->price, Yuan(1'070'000));
  EXPECT_EQ(worked.state().phase_end, At(10, 23));
}

TEST(Priority, P2TheHolderDoesNotFollowTheRaise) {
  for (const bool silent : {true, false}) {
    Session session(AskingSession());
    session.Bid("B03", Yuan(1'060'000), At(10, 5) - Nanoseconds(1));
    session.AdvanceTo(At(10, 11));
    session.Answer("H1", true, At(10, 12));
    session.Bid("B03", Yuan(1'070'000), At(10, 13));
    if (!silent) session.Answer("H1", false, At(10, 14));
    session.AdvanceTo(At(10, 18));
    EXPECT_EQ(session.state().outcome, Outcome::kWinner);
    EXPECT_EQ(session.LeaderCode(), "B03");
    EXPECT_EQ(session.state().leading->price, Yuan(1'070'000));
    EXPECT_EQ(session.state().phase_end, silent ? At(10, 18) : At(10, 14));
  }
}

TEST(Priority, P2SilenceIsAWaiverAndRanksAreAskedInOrder) {
  ScheduleAuction command = AskingSession();
  command.rules.priority.best_bidder_may_raise = false;
  command.bidders = {BidderOf("H2", 2), BidderOf("B03"), BidderOf("H1", 1)};
  Session session(command);
  session.Bid("B03", Yuan(1'060'000), At(9, 30));
  session.AdvanceTo(At(10, 5));
  EXPECT_EQ(session.state().exercise.asked, std::vector<std::string>{"H1"});
  EXPECT_EQ(session.Answer("H2", true, At(10, 6)), Reason::kNOT_ASKED);
  EXPECT_EQ(session.Answer("H2", true, At(10, 10)), kAccepted) << "H1 was silent for 300 s";
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.LeaderCode(), "H2");
  Session nobody(command);
  nobody.Bid("B03", Yuan(1'060'000), At(9, 30));
  nobody.AdvanceTo(At(10, 15));
  EXPECT_EQ(nobody.LeaderCode(), "B03");
  EXPECT_EQ(nobody.state().phase_end, At(10, 15));
}

TEST(Priority, P2AsksNobodyWhoWouldNotComeBeforeTheLeader) {
  ScheduleAuction command = AskingSession();
  command.bidders = {BidderOf("B03"), BidderOf("H1", 1), BidderOf("H2", 2)};
  Session session(command);
  session.Bid("H1", Yuan(1'060'000), At(9, 30));
  session.AdvanceTo(At(10, 5));
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.Count<PriorityAsked>(), 0);
}

TEST(Priority, P2AsksNobodyBelowTheReserve) {
  ScheduleAuction command = AskingSession();
  command.reserve = Reserve{Yuan(1'050'000), "salt", "commitment"};
  Session session(command);
  session.Bid("B03", Yuan(1'000'000), At(9, 30));
  session.AdvanceTo(At(10, 5));
  EXPECT_EQ(session.state().outcome, Outcome::kBelowReserve);
}

ScheduleAuction EqualHolders(EqualRank rule) {
  ScheduleAuction command = AskingSession();
  command.rules.priority.best_bidder_may_raise = false;
  command.rules.priority.equal_rank = rule;
  command.draw_seed = DrawSeed{std::string(32, 'r'), std::string(32, 'c')};
  command.bidders = {BidderOf("B03"), BidderOf("H1", 1, 70), BidderOf("H2", 1, 30), BidderOf("H3", 1, 20)};
  return command;
}

TEST(Priority, EqualRanksEarliest) {
  Session session(EqualHolders(EqualRank::kEarliest));
  session.Bid("B03", Yuan(1'000'000), At(9, 30));
  EXPECT_EQ(session.Answer("H1", false, At(10, 6)), kAccepted);
  EXPECT_EQ(session.state().state, State::kPriorityExercise);
  EXPECT_EQ(session.Answer("H2", true, At(10, 7)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "H2");
  EXPECT_EQ(session.Answer("H3", true, At(10, 8)), Reason::kPHASE_CLOSED);
}

TEST(Priority, EqualRanksLottery) {
  Session session(EqualHolders(EqualRank::kLottery));
  session.Bid("B03", Yuan(1'000'000), At(9, 30));
  session.Answer("H2", true, At(10, 6));
  session.Answer("H1", true, At(10, 7));
  EXPECT_EQ(session.state().state, State::kPriorityExercise) << "H3 has time left";
  session.AdvanceTo(At(10, 10));
  EXPECT_EQ(session.state().state, State::kDrawing);
  EXPECT_EQ(session.Do(DrawLot{std::string(32, '\0')}, At(10, 10, 1)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "H1") << "0 mod 2, the first of the sorted codes";
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.state().leading->price, Yuan(1'000'000));
  EXPECT_TRUE(session.Last<Closed>().portions.empty());
}

TEST(Priority, EqualRanksProRata) {
  Session session(EqualHolders(EqualRank::kProRata));
  session.Bid("B03", Yuan(1'000'000), At(9, 30));
  session.Answer("H2", true, At(10, 6));
  session.Answer("H1", true, At(10, 7));
  session.Answer("H3", false, At(10, 8));
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  const std::vector<Portion> expected = {{"H2", {300'000}, Yuan(300'000)}, {"H1", {700'000}, Yuan(700'000)}};
  EXPECT_EQ(session.Last<Closed>().portions, expected);
}

TEST(Priority, PortionsAddUpToTheWhole) {
  Session session(EqualHolders(EqualRank::kProRata));
  session.Bid("B03", Yuan(1'010'000), At(9, 30));
  for (const char* code : {"H1", "H2", "H3"}) session.Answer(code, true, At(10, 6) + Seconds(code[1]));
  int64_t share = 0;
  Fen price;
  for (const Portion& portion : session.Last<Closed>().portions) {
    share += portion.share.value;
    price += portion.price;
  }
  EXPECT_EQ(session.Last<Closed>().portions.size(), 3u);
  EXPECT_EQ(share, 1'000'000);
  EXPECT_EQ(price, Yuan(1'010'000));
}

TEST(Priority, P2AfterAFallingPriceAndAfterEnvelopes) {
  ScheduleAuction dutch = SessionOf(Mode::kDutch, Yuan(2'000), Yuan(1));
  dutch.rules.dutch = {Yuan(100), {}, Seconds(60), Yuan(1'000)};
  dutch.rules.priority.mode = PriorityMode::kAskAtEnd;
  dutch.bidders = {BidderOf("B01"), BidderOf("H1", 1)};
  Session session(dutch);
  session.Bid("B01", Yuan(2'000), At(9, 0));
  EXPECT_EQ(session.state().state, State::kPriorityExercise);
  session.Answer("H1", true, At(9, 1));
  EXPECT_EQ(session.LeaderCode(), "H1");
  EXPECT_EQ(session.state().leading->price, Yuan(2'000));
}

}  // namespace
}  // namespace ttx::auction
