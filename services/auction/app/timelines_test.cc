// The worked timelines of domain.md section 5 over the whole service: timers, store and log included.

#include <gtest/gtest.h>

#include "services/auction/app/test_app.h"
#include "services/auction/domain/limits.h"

namespace ttx::auction {
namespace {

using testing::At;
using testing::BidderOf;
using testing::SessionOf;
using testing::TestApp;
using testing::Yuan;

constexpr std::optional<Reason> kAccepted = std::nullopt;

// What every session must be when it is over: its public log rebuilds it, and its hash is the state's.
void ExpectWhole(const TestApp& world) {
  Auction folded;
  for (const StoredEvent& event : ListEvents(world.shell.kv(), world.app.vault(), 0, 10'000)) {
    folded = Apply(std::move(folded), event.event);
  }
  EXPECT_EQ(folded, world.Now());
  EXPECT_EQ(world.Public().back().log_hash, world.app.Get(world.shell.kv(), {"a1"})->log_hash);
}

void ExpectWinner(const TestApp& world, const std::string& code, Fen price) {
  const Auction auction = world.Now();
  ASSERT_EQ(auction.state, State::kClosed);
  EXPECT_EQ(auction.outcome, Outcome::kWinner);
  EXPECT_EQ(auction.leading->code, code);
  EXPECT_EQ(auction.leading->price, price);
  ExpectWhole(world);
}

TEST(Section5_3_Multi, TheWorkedExample) {
  TestApp world(At(8, 0));
  ScheduleAuction command = testing::WorkedSession();
  command.reserve.reset();
  world.Schedule(command);
  EXPECT_EQ(world.Bid("B01", Yuan(1'000'000), At(9, 5)), kAccepted);
  EXPECT_EQ(world.Bid("B02", Yuan(1'010'000), At(9, 20)), kAccepted);
  EXPECT_EQ(world.Bid("B02", Yuan(1'020'000), At(9, 21)), Reason::kSELF_LEADING);
  EXPECT_EQ(world.Bid("B03", Yuan(1'015'000), At(9, 59, 58)), Reason::kNOT_MULTIPLE);
  EXPECT_EQ(world.Bid("B01", Yuan(1'030'000), At(10, 0)), kAccepted);
  EXPECT_EQ(world.Bid("B03", Yuan(1'060'000), At(10, 4, 59, 999)), kAccepted);
  EXPECT_EQ(world.Bid("B01", Yuan(1'070'000), At(10, 9, 59, 999)), Reason::kPHASE_CLOSED);
  ExpectWinner(world, "B03", Yuan(1'060'000));
  EXPECT_EQ(world.Now().phase_end, At(10, 9, 59, 999));
}

TEST(Section5_4_Dynamic, BiddersQualifyWhileItRunsAndTheListingMovesTheEnd) {
  TestApp world(At(9, 0));
  ScheduleAuction command = SessionOf(Mode::kDynamic, Yuan(800'000), Yuan(20'000));
  command.bidders.clear();
  command.rules.free_period = At(17, 0, 0, 0, 3) - At(9, 0);
  command.rules.cycle = Seconds(180);
  world.Schedule(command);
  const auto add = [&](const std::string& code, Time time) {
    return TestApp::ReasonOf(
        world.At(time, [&](storage::Txn& txn) { return world.app.AddBidder(txn, {"a1"}, BidderOf(code), time); }));
  };
  EXPECT_EQ(add("B11", At(10, 0, 0, 0, 2)), kAccepted);
  EXPECT_EQ(add("B11", At(10, 1, 0, 0, 2)), kAccepted) << "the feed may tell it twice";
  EXPECT_EQ(world.Now().bidder_count, 1);
  EXPECT_EQ(world.Bid("B12", Yuan(800'000), At(11, 0, 0, 0, 2)), Reason::kNOT_QUALIFIED);
  EXPECT_EQ(add("B12", At(10, 0, 0, 0, 3)), kAccepted);
  EXPECT_TRUE(
      world
          .At(At(10, 1, 0, 0, 3),
              [&](storage::Txn& txn) { return world.app.MoveFreeEnd(txn, {"a1"}, At(17, 0, 0, 0, 4)); })
          .ok());
  EXPECT_EQ(world.Bid("B11", Yuan(800'000), At(10, 0, 0, 0, 4)), kAccepted);
  EXPECT_EQ(world.Bid("B12", Yuan(820'000), At(16, 59, 40, 0, 4)), kAccepted);
  EXPECT_EQ(world.Bid("B11", Yuan(840'000), At(17, 2, 59, 0, 4)), kAccepted);
  EXPECT_EQ(add("B13", At(17, 3, 0, 0, 4)), Reason::kWRONG_STATE);
  const auto told_late = world.At(At(17, 3, 0, 0, 4), [&](storage::Txn& txn) {
    return world.app.AddBidder(txn, {"a1"}, BidderOf("B13"), At(16, 59, 59, 999, 4));
  });
  EXPECT_TRUE(told_late.ok()) << "the news took longer than FREE did";
  EXPECT_EQ(world.Bid("B13", Yuan(840'000), At(17, 4, 0, 0, 4)), Reason::kNOT_HIGHER) << "a bidder like the others";
  world.MoveTo(At(17, 5, 59, 0, 4));
  ExpectWinner(world, "B11", Yuan(840'000));
}

TEST(Section5_7_English, ALateBidMovesTheEnd) {
  TestApp world(At(8, 0));
  ScheduleAuction command = SessionOf(Mode::kEnglish, Yuan(500'000), Yuan(5'000));
  command.start_time = At(10, 0);
  command.rules.free_period = Hours(24);
  world.Schedule(command);
  EXPECT_EQ(world.Bid("B01", Yuan(505'000), At(9, 54, 59, 0, 1)), kAccepted);
  EXPECT_EQ(world.Now().phase_end, At(10, 0, 0, 0, 1)) << "five minutes and a second before the end";
  EXPECT_EQ(world.Bid("B02", Yuan(510'000), At(9, 56, 0, 0, 1)), kAccepted);
  EXPECT_EQ(world.Bid("B01", Yuan(520'000), At(10, 0, 30, 0, 1)), kAccepted);
  EXPECT_EQ(world.Now().phase_end, At(10, 5, 30, 0, 1));
  EXPECT_EQ(world.Bid("B02", Yuan(525'000), At(10, 5, 30, 0, 1)), Reason::kPHASE_CLOSED);
  ExpectWinner(world, "B01", Yuan(520'000));
}

TEST(Section5_7_Dutch, TheFirstToAcceptWins) {
  TestApp world(At(8, 0));
  ScheduleAuction command = SessionOf(Mode::kDutch, Yuan(2'000'000), Yuan(1));
  command.rules.dutch = {Yuan(20'000), {}, Seconds(60), Yuan(1'400'000)};
  world.Schedule(command);
  EXPECT_EQ(world.Bid("B01", Yuan(1'780'000), At(9, 12)), Reason::kPRICE_MISMATCH);
  EXPECT_EQ(world.Bid("B01", Yuan(1'760'000), At(9, 12, 0, 1)), kAccepted);
  EXPECT_EQ(world.Bid("B02", Yuan(1'760'000), At(9, 12, 0, 2)), Reason::kPHASE_CLOSED);
  ExpectWinner(world, "B01", Yuan(1'760'000));
}

TEST(Section5_7_Dutch, NobodyAcceptsTheFloor) {
  TestApp world(At(8, 0));
  ScheduleAuction command = SessionOf(Mode::kDutch, Yuan(2'000'000), Yuan(1));
  command.rules.dutch = {Yuan(20'000), {}, Seconds(60), Yuan(1'400'000)};
  world.Schedule(command);
  world.MoveTo(At(9, 30, 59, 999));
  EXPECT_EQ(world.Now().state, State::kDutch);
  world.MoveTo(At(9, 31));
  EXPECT_EQ(world.Now().outcome, Outcome::kNoBid);
  ExpectWhole(world);
}

TEST(Section5_7_Cap, ALotIsDrawnAmongThoseAtTheCap) {
  TestApp world(At(8, 0));
  ScheduleAuction command = SessionOf(Mode::kMulti, Yuan(1'000'000), Yuan(10'000));
  command.rules.cap = Yuan(1'060'000);
  command.rules.cap_policy = CapPolicy::kLotteryAtCap;
  world.Schedule(command);
  const std::string commitment = world.Now().terms->draw_seed->commitment;
  EXPECT_EQ(commitment.size(), 32u) << "made and committed to when it is scheduled";
  EXPECT_EQ(world.Bid("B02", Yuan(1'060'000), At(9, 10)), kAccepted);
  EXPECT_EQ(world.Now().state, State::kCapDeclaring);
  EXPECT_EQ(world.Bid("B03", Yuan(1'060'000), At(9, 11)), kAccepted);
  EXPECT_EQ(world.Bid("B03", Yuan(1'060'000), At(9, 12)), Reason::kSELF_LEADING);
  world.MoveTo(At(9, 15));
  EXPECT_EQ(world.Now().state, State::kClosed) << "the lot is drawn at once";
  const auto events = world.Public();
  const LotDrawn* drawn = nullptr;
  for (const StoredEvent& event : events) {
    if (const auto* lot = std::get_if<LotDrawn>(&event.event.payload)) drawn = lot;
  }
  ASSERT_NE(drawn, nullptr);
  EXPECT_EQ(crypto::Sha256("TTX-DRAW-SEED-1|" + drawn->seed), commitment);
  EXPECT_EQ(crypto::Sha256("TTX-DRAW-1|" + drawn->seed + "|B02|B03|"), drawn->digest);
  ExpectWinner(world, drawn->code, Yuan(1'060'000));
}

TEST(Section5_9_P1, AHolderBidsTheSamePrice) {
  TestApp world(At(8, 0));
  ScheduleAuction command = SessionOf(Mode::kMulti, Yuan(500'000), Yuan(5'000));
  command.rules.priority.mode = PriorityMode::kSamePrice;
  command.bidders = {BidderOf("B01"), BidderOf("B02"), BidderOf("H1", 1)};
  world.Schedule(command);
  EXPECT_EQ(world.Bid("B02", Yuan(510'000), At(10, 1)), kAccepted);
  EXPECT_EQ(world.Bid("B01", Yuan(510'000), At(10, 2)), Reason::kNOT_HIGHER);
  EXPECT_EQ(world.Bid("H1", Yuan(510'000), At(10, 3)), kAccepted);
  EXPECT_EQ(world.Now().phase_end, At(10, 8)) << "the cycle begins anew";
  EXPECT_EQ(world.Bid("B02", Yuan(515'000), At(10, 4)), kAccepted);
  EXPECT_EQ(world.Bid("H1", Yuan(515'000), At(10, 5)), kAccepted);
  world.MoveTo(At(10, 10));
  ExpectWinner(world, "H1", Yuan(515'000));
}

TEST(Section5_9_P2, AHolderIsAskedAtTheEndAndTheBestBidderRaises) {
  TestApp world(At(8, 0));
  ScheduleAuction command = testing::WorkedSession();
  command.reserve.reset();
  command.rules.priority = {PriorityMode::kAskAtEnd, EqualRank::kEarliest, Minutes(5), true};
  command.bidders.push_back(BidderOf("H1", 1));
  world.Schedule(command);
  EXPECT_EQ(world.Bid("B03", Yuan(1'060'000), At(10, 4, 59)), kAccepted);
  EXPECT_EQ(world.Answer("H1", true, At(10, 5)), Reason::kNOT_ASKED);
  world.MoveTo(At(10, 9, 59));
  EXPECT_EQ(world.Now().state, State::kPriorityExercise);
  EXPECT_EQ(world.Answer("B03", true, At(10, 10)), Reason::kNOT_ASKED);
  EXPECT_EQ(world.Answer("H1", true, At(10, 12)), kAccepted);
  EXPECT_EQ(world.Now().state, State::kRaise);
  EXPECT_EQ(world.Bid("B01", Yuan(1'070'000), At(10, 14)), Reason::kNOT_ASKED);
  EXPECT_EQ(world.Bid("B03", Yuan(1'070'000), At(10, 15)), kAccepted);
  EXPECT_EQ(world.Answer("H1", true, At(10, 18)), kAccepted);
  world.MoveTo(At(10, 23));
  ExpectWinner(world, "H1", Yuan(1'070'000));
}

TEST(Section5_9_P2, ALotAmongEqualRanksIsDrawnAtOnce) {
  TestApp world(At(8, 0));
  ScheduleAuction command = testing::WorkedSession();
  command.reserve.reset();
  command.rules.priority = {PriorityMode::kAskAtEnd, EqualRank::kLottery, Minutes(5), false};
  command.bidders.push_back(BidderOf("H1", 1));
  command.bidders.push_back(BidderOf("H2", 1));
  world.Schedule(command);
  EXPECT_EQ(world.Bid("B03", Yuan(1'060'000), At(9, 30)), kAccepted);
  EXPECT_EQ(world.Answer("H1", true, At(10, 6)), kAccepted);
  EXPECT_EQ(world.Answer("H2", true, At(10, 7)), kAccepted);
  EXPECT_EQ(world.Now().state, State::kClosed);
  EXPECT_TRUE(world.Now().leading->code.starts_with("H"));
  ExpectWhole(world);
}

}  // namespace
}  // namespace ttx::auction
