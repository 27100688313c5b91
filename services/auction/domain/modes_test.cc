// The worked examples of domain.md 5.4 to 5.7, and what lies at their edges. 5.3 is in auction_test.cc, 5.9
// in priority_test.cc.

#include <gtest/gtest.h>

#include "services/auction/domain/draw.h"
#include "services/auction/domain/dutch.h"
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

// --- DYNAMIC

// Published on Monday 2026-11-23 at 09:00, FREE to Friday 17:00, cycles of 180 s.
ScheduleAuction DynamicSession() {
  ScheduleAuction command = SessionOf(Mode::kDynamic, Yuan(800'000), Yuan(20'000));
  command.start_time = At(9, 0);
  command.rules.free_period = At(17, 0, 0, 0, 4) - At(9, 0);
  command.rules.cycle = Seconds(180);
  command.bidders.clear();
  return command;
}

TEST(Dynamic, Section5_4) {
  Session session(DynamicSession(), At(9, 0));
  EXPECT_EQ(session.state().state, State::kFree) << "publication opens the bidding";
  EXPECT_EQ(session.Bid("B11", Yuan(800'000), At(10, 0, 0, 0, 1)), Reason::kNOT_QUALIFIED);
  EXPECT_EQ(session.Do(AddBidder{BidderOf("B11")}, At(10, 0, 0, 0, 2)), kAccepted);
  EXPECT_EQ(session.Do(AddBidder{BidderOf("B12")}, At(11, 0, 0, 0, 2)), kAccepted);
  EXPECT_EQ(session.Bid("B11", Yuan(800'000), At(9, 0, 0, 0, 3)), kAccepted);
  EXPECT_EQ(session.Bid("B12", Yuan(820'000), At(16, 59, 40, 0, 4)), kAccepted);
  EXPECT_EQ(session.Bid("B11", Yuan(840'000), At(17, 2, 59, 0, 4)), kAccepted);
  EXPECT_EQ(session.state().state, State::kLimited);
  EXPECT_EQ(session.state().phase_end, At(17, 5, 59, 0, 4));
  session.AdvanceTo(At(17, 5, 59, 0, 4));
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.LeaderCode(), "B11");
  EXPECT_EQ(session.state().leading->price, Yuan(840'000));
}

TEST(Dynamic, TheListingsExtensionMovesTheEndOfFree) {
  Session session(DynamicSession(), At(9, 0));
  EXPECT_EQ(session.Do(MoveFreeEnd{At(17, 0, 0, 0, 4)}, At(10, 0)), Reason::kINVALID_FIELD)
      << "not earlier or equal";
  EXPECT_EQ(session.Do(MoveFreeEnd{At(9, 0) + kMaxFreePeriod + Nanoseconds(1)}, At(10, 1)),
            Reason::kINVALID_FIELD);
  EXPECT_EQ(session.Do(MoveFreeEnd{At(17, 0, 0, 0, 11)}, At(10, 2)), kAccepted);
  EXPECT_EQ(session.state().phase_end, At(17, 0, 0, 0, 11));
  EXPECT_EQ(session.state().state, State::kFree);
}

TEST(Dynamic, WhileFreeIsSuspendedBiddersQualifyAndTheListingIsExtended) {
  ScheduleAuction command = DynamicSession();
  command.rules.suspension.resume_notice = Minutes(30);
  Session session(command, At(9, 0));
  ASSERT_EQ(session.ByTwo(Act::kSuspend, "OBJECTION", At(10, 0)), kAccepted);
  ASSERT_EQ(session.state().state, State::kSuspended);
  EXPECT_EQ(session.Do(AddBidder{BidderOf("B11")}, At(10, 1)), kAccepted);
  EXPECT_EQ(session.Do(MoveFreeEnd{At(17, 0, 0, 0, 4)}, At(10, 2)), Reason::kINVALID_FIELD);
  EXPECT_EQ(session.Do(MoveFreeEnd{At(17, 0, 0, 0, 11)}, At(10, 3)), kAccepted);
  EXPECT_EQ(session.state().state, State::kSuspended);
  EXPECT_EQ(session.state().remaining, At(17, 0, 0, 0, 11) - session.state().suspend_time);
  EXPECT_FALSE(session.state().phase_end) << "two persons still have to say when it goes on";
  EXPECT_EQ(session.Last<Extended>().end, At(17, 0, 0, 0, 11));
  EXPECT_EQ(session.Count<Suspended>(), 1) << "the published reason of the suspension stands";
  EXPECT_EQ(session.Last<Suspended>().reason, "OBJECTION");
  ASSERT_EQ(session.ByTwo(Act::kContinue, "OBJECTION", At(10, 10), At(11, 0)), kAccepted);
  EXPECT_EQ(session.Bid("B11", Yuan(800'000), At(11, 5)), kAccepted);
  EXPECT_EQ(session.state().state, State::kFree);
  // The lost hour is given back beside the extension.
  EXPECT_GE(session.state().phase_end, At(18, 0, 0, 0, 11));
  EXPECT_LE(session.state().phase_end, At(18, 5, 0, 0, 11));
}

TEST(Dynamic, AnExtensionLeavesWhenASuspendedFreeGoesOn) {
  ScheduleAuction command = DynamicSession();
  command.rules.suspension.resume_notice = Minutes(30);
  Session session(command, At(9, 0));
  session.ByTwo(Act::kSuspend, "OBJECTION", At(10, 0));
  ASSERT_EQ(session.ByTwo(Act::kContinue, "OBJECTION", At(10, 10), At(11, 0)), kAccepted);
  EXPECT_EQ(session.Do(MoveFreeEnd{At(17, 0, 0, 0, 11)}, At(10, 20)), kAccepted);
  EXPECT_EQ(session.Do(MoveFreeEnd{At(17, 0, 0, 0, 11)}, At(10, 21)), Reason::kINVALID_FIELD) << "not later";
  EXPECT_EQ(session.state().phase_end, At(11, 0));
  session.AdvanceTo(At(11, 0));
  EXPECT_EQ(session.state().state, State::kFree);
  EXPECT_EQ(session.state().phase_end, At(18, 0, 0, 0, 11) - Seconds(1)) << "it stopped a second after ten";
}

TEST(Dynamic, FreeEndsWithTheListingHoweverLateItWasScheduled) {
  Session late(DynamicSession(), At(9, 0, 2));
  EXPECT_EQ(late.state().state, State::kFree);
  EXPECT_EQ(late.state().terms->start_time, At(9, 0, 2));
  EXPECT_EQ(late.state().phase_end, At(17, 0, 0, 0, 4));
  Session too_late(DynamicSession(), At(18, 0, 0, 0, 4));
  EXPECT_EQ(too_late.state().phase_end, At(18, 0, 0, 0, 4) + kMinFreePeriod);
}

TEST(Dynamic, NobodyQualifiesUntilTheEnd) {
  Session session(DynamicSession(), At(9, 0));
  session.AdvanceTo(At(17, 0, 0, 0, 4));
  EXPECT_EQ(session.state().outcome, Outcome::kTooFewBidders);
}

TEST(Dynamic, ASingleBiddersQuoteIsThePriceAtTheEndOfFree) {
  ScheduleAuction command = DynamicSession();
  command.rules.single_bidder = SingleBidder::kAgreementAtQuote;
  Session session(command, At(9, 0));
  session.Do(AddBidder{BidderOf("B11")}, At(10, 0));
  EXPECT_EQ(session.Bid("B11", Yuan(820'000), At(11, 0)), kAccepted);
  EXPECT_EQ(session.state().state, State::kFree) << "another may still qualify";
  session.AdvanceTo(At(17, 0, 0, 0, 4));
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.state().phase_end, At(17, 0, 0, 0, 4)) << "without a limited phase";
}

TEST(Dynamic, BiddersQualifyInFreeOnly) {
  Session dynamic(DynamicSession(), At(9, 0));
  EXPECT_EQ(dynamic.Do(AddBidder{BidderOf("B11")}, At(17, 0, 0, 0, 4)), Reason::kWRONG_STATE);
  Session multi(WorkedSession());
  EXPECT_EQ(multi.Do(AddBidder{BidderOf("B04")}, At(8, 30)), kAccepted);
  EXPECT_EQ(multi.Do(AddBidder{BidderOf("B05")}, At(9, 0)), Reason::kWRONG_STATE);
  EXPECT_EQ(multi.Do(MoveFreeEnd{At(23, 0)}, At(9, 1)), Reason::kWRONG_MODE);
}

// --- ENGLISH

// A window of 24 hours from 10:00.
ScheduleAuction EnglishSession() {
  ScheduleAuction command = SessionOf(Mode::kEnglish, Yuan(500'000), Yuan(5'000));
  command.start_time = At(10, 0);
  command.rules.free_period = Hours(24);
  return command;
}

TEST(English, Section5_7) {
  Session session(EnglishSession());
  EXPECT_EQ(session.Bid("B01", Yuan(505'000), At(9, 54, 59, 0, 1)), kAccepted);
  EXPECT_EQ(session.state().phase_end, At(10, 0, 0, 0, 1)) << "5:01 left: no extension";
  EXPECT_EQ(session.Bid("B02", Yuan(510'000), At(9, 56, 0, 0, 1)), kAccepted);
  EXPECT_EQ(session.state().phase_end, At(10, 1, 0, 0, 1));
  EXPECT_EQ(session.Bid("B01", Yuan(520'000), At(10, 0, 30, 0, 1)), kAccepted);
  EXPECT_EQ(session.state().phase_end, At(10, 5, 30, 0, 1));
  EXPECT_EQ(session.Bid("B02", Yuan(525'000), At(10, 5, 30, 0, 1)), Reason::kPHASE_CLOSED);
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.LeaderCode(), "B01");
  EXPECT_EQ(session.state().leading->price, Yuan(520'000));
}

TEST(English, ExactlyFiveMinutesBeforeTheEndMovesNothingFurther) {
  Session session(EnglishSession());
  EXPECT_EQ(session.Bid("B01", Yuan(500'000), At(9, 55, 0, 0, 1)), kAccepted);
  EXPECT_EQ(session.state().phase_end, At(10, 0, 0, 0, 1));
  EXPECT_EQ(session.Bid("B02", Yuan(505'000), At(9, 55, 0, 0, 1) + Nanoseconds(1)), kAccepted);
  EXPECT_EQ(session.state().phase_end, At(10, 0, 0, 0, 1) + Nanoseconds(1));
}

TEST(English, ARejectedBidMovesNothing) {
  Session session(EnglishSession());
  EXPECT_EQ(session.Bid("B01", Yuan(499'000), At(9, 59, 0, 0, 1)), Reason::kBELOW_START);
  EXPECT_EQ(session.state().phase_end, At(10, 0, 0, 0, 1));
  session.AdvanceTo(At(10, 0, 0, 0, 1));
  EXPECT_EQ(session.state().outcome, Outcome::kNoBid);
}

TEST(English, SlippingOfAnotherLength) {  // peers.md S7
  ScheduleAuction command = EnglishSession();
  command.rules.cycle = Minutes(15);
  Session session(command);
  EXPECT_EQ(session.Bid("B01", Yuan(500'000), At(9, 40, 0, 0, 1)), kAccepted);
  EXPECT_EQ(session.state().phase_end, At(10, 0, 0, 0, 1)) << "20 minutes left";
  EXPECT_EQ(session.Bid("B02", Yuan(505'000), At(9, 57, 0, 0, 1)), kAccepted);
  EXPECT_EQ(session.state().phase_end, At(10, 12, 0, 0, 1)) << "3 minutes left";
}

TEST(English, ExactDecimalSteps) {  // peers.md S8
  ScheduleAuction command = SessionOf(Mode::kEnglish, Fen{8990}, Fen{1020});
  command.rules.max_steps_per_bid = 0;
  Session session(command);
  EXPECT_EQ(session.Bid("B01", Fen{8990}, At(9, 1)), kAccepted);
  EXPECT_EQ(session.Bid("B02", Fen{10009}, At(9, 2)), Reason::kNOT_MULTIPLE);
  EXPECT_EQ(RefusalError(session.last()).metadata.at("min_acceptable_fen"), "10010");
  EXPECT_EQ(session.Bid("B02", Fen{10010}, At(9, 3)), kAccepted);
}

// --- MULTI, once more

TEST(Multi, SoftCloseOfPeersS6) {
  ScheduleAuction command = SessionOf(Mode::kMulti, Yuan(900'000), Yuan(100'000));
  command.start_time = At(10, 0);
  command.rules.max_steps_per_bid = 0;
  command.rules.multiple_base = MultipleBase::kFromStart;
  Session a(command);
  a.Bid("B01", Yuan(1'200'000), At(10, 59, 59));
  a.AdvanceTo(At(11, 5));
  EXPECT_EQ(a.state().outcome, Outcome::kWinner);
  EXPECT_EQ(a.state().phase_end, At(11, 5));
  Session b(command);
  EXPECT_EQ(b.Bid("B01", Yuan(1'200'000), At(11, 4, 59, 999)), kAccepted);
  EXPECT_EQ(b.state().phase_end, At(11, 9, 59, 999));
  Session c(command);
  EXPECT_EQ(c.Bid("B01", Yuan(1'200'000), At(11, 5)), Reason::kPHASE_CLOSED);
  EXPECT_EQ(c.state().outcome, Outcome::kNoBid);
  command.reserve = Reserve{Yuan(1'000'000), "salt", "commitment"};
  Session e(command);
  e.Bid("B01", Yuan(900'000), At(10, 30));
  e.AdvanceTo(At(11, 5));
  EXPECT_EQ(e.state().outcome, Outcome::kBelowReserve);
  Session f(command);
  EXPECT_EQ(f.Bid("B01", Yuan(950'000), At(11, 4, 59)), Reason::kNOT_MULTIPLE);
  EXPECT_EQ(f.state().phase_end, At(11, 5));
}

// --- DUTCH

ScheduleAuction DutchSession() {
  ScheduleAuction command = SessionOf(Mode::kDutch, Yuan(2'000'000), Yuan(1));
  command.rules.dutch = {Yuan(20'000), {}, Seconds(60), Yuan(1'400'000)};
  return command;
}

TEST(Dutch, Section5_7) {
  Session session(DutchSession());
  session.AdvanceTo(At(9, 0));
  EXPECT_EQ(session.state().state, State::kDutch);
  EXPECT_EQ(MinAcceptable(session.state(), At(9, 11, 59, 999)), Yuan(1'780'000));
  EXPECT_EQ(session.Bid("B01", Yuan(1'760'000), At(9, 12)), kAccepted);
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.state().leading->price, Yuan(1'760'000));
  EXPECT_EQ(session.state().phase_end, At(9, 12));
  EXPECT_EQ(session.Bid("B02", Yuan(1'760'000), At(9, 12, 0, 1)), Reason::kPHASE_CLOSED) << "late";
}

TEST(Dutch, OnlyTheCurrentPriceIsAccepted) {  // peers.md S12
  Session session(DutchSession());
  EXPECT_EQ(session.Bid("B01", Yuan(2'000'000), At(8, 59)), Reason::kNOT_OPEN);
  EXPECT_EQ(session.Bid("B01", Yuan(1'960'000), At(9, 3)), Reason::kPRICE_MISMATCH)
      << "the price of the step before";
  EXPECT_EQ(RefusalError(session.last()).metadata.at("min_acceptable_fen"),
            std::to_string(Yuan(1'940'000).value));
  EXPECT_EQ(session.Bid("B01", Yuan(10), At(9, 3, 1)), Reason::kPRICE_MISMATCH);
  EXPECT_EQ(session.Bid("stranger", Yuan(1'940'000), At(9, 3, 2)), Reason::kNOT_QUALIFIED);
  EXPECT_EQ(session.Bid("B01", Yuan(1'940'000), At(9, 3, 3)), kAccepted);
}

TEST(Dutch, TheFloorStaysOneIntervalThenNobodyWins) {
  Session session(DutchSession());
  const Time floor_reached = At(9, 30);
  EXPECT_EQ(MinAcceptable((session.AdvanceTo(At(9, 0)), session.state()), floor_reached), Yuan(1'400'000));
  EXPECT_EQ(session.state().phase_end, At(9, 31));
  session.AdvanceTo(At(9, 31));
  EXPECT_EQ(session.state().outcome, Outcome::kNoBid);
  Session last(DutchSession());
  EXPECT_EQ(last.Bid("B01", Yuan(1'400'000), At(9, 31) - Nanoseconds(1)), kAccepted);
  EXPECT_EQ(last.state().outcome, Outcome::kWinner);
}

TEST(Dutch, ThePriceIsComputedFromTheStartNeverAccumulated) {  // peers.md S12
  const auto prices = [](Fen start) {
    Rules rules;
    rules.start_price = start;
    rules.dutch = {{}, {10'000}, Minutes(5), Fen{1}};
    return [rules](int64_t step) { return DutchPrice(rules, step); };
  };
  EXPECT_EQ(prices(Yuan(1'000'000))(1), Yuan(990'000));
  EXPECT_EQ(prices(Yuan(1'000'000))(80), Yuan(200'000));
  EXPECT_EQ(prices(Yuan(35'000))(1), Yuan(34'650));
  EXPECT_EQ(prices(Yuan(35'000))(80), Yuan(7'000));
  EXPECT_EQ(prices(Fen{33'333})(80), Fen{6'667});
}

TEST(Dutch, HalfAFenOfAStepIsAWholeOne) {
  Rules rules;
  rules.start_price = Fen{33'350};
  rules.dutch = {{}, {10'000}, Minutes(5), Fen{1}};
  EXPECT_EQ(DutchPrice(rules, 1), Fen{33'016}) << "fallen by 333.5, which is 334";
  EXPECT_EQ(DutchPrice(rules, 3), Fen{32'349}) << "by 1000.5, which is 1001";
  rules.start_price = Fen{33'349};
  EXPECT_EQ(DutchPrice(rules, 1), Fen{33'016}) << "by 333.49, which is 333";
}

TEST(Dutch, ThePriceGoesOnWhereAnOutageFoundIt) {
  Session session(DutchSession());
  session.AdvanceTo(At(9, 5, 30));
  session.Outage(At(9, 5, 30), At(9, 5, 31));  // short: the schedule moves by it
  EXPECT_EQ(session.state().state, State::kDutch);
  EXPECT_EQ(MinAcceptable(session.state(), At(9, 6)), Yuan(1'900'000)) << "half a minute and a second later";
  EXPECT_EQ(MinAcceptable(session.state(), At(9, 6, 1)), Yuan(1'880'000));
  session.Outage(At(9, 6, 1), At(9, 16, 1));  // long: suspended, goes on at once
  EXPECT_EQ(session.Bid("B01", Yuan(1'880'000), At(9, 16, 2)), kAccepted);
}

// --- CAP

ScheduleAuction LotterySession() {
  ScheduleAuction command = SessionOf(Mode::kMulti, Yuan(1'000'000), Yuan(10'000));
  command.rules.cap = Yuan(1'060'000);
  command.rules.cap_policy = CapPolicy::kLotteryAtCap;
  command.draw_seed = DrawSeed{std::string(32, 'r'), std::string(32, 'c')};
  return command;
}

TEST(Cap, Section5_7_EndAtCap) {
  ScheduleAuction command = LotterySession();
  command.rules.cap_policy = CapPolicy::kEndAtCap;
  Session session(command);
  EXPECT_EQ(session.Bid("B01", Yuan(1'050'000), At(9, 5)), kAccepted);
  EXPECT_EQ(session.Bid("B02", Yuan(1'060'000), At(9, 6)), kAccepted);
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.state().phase_end, At(9, 6));
}

TEST(Cap, Section5_7_LotteryAtCap) {
  Session session(LotterySession());
  EXPECT_EQ(session.Bid("B03", Yuan(1'060'000), At(9, 5)), kAccepted);
  EXPECT_EQ(session.state().state, State::kCapDeclaring);
  EXPECT_EQ(session.state().phase_end, At(9, 10)) << "one cycle for the others";
  EXPECT_EQ(session.Bid("B03", Yuan(1'060'000), At(9, 6)), Reason::kSELF_LEADING);
  EXPECT_EQ(session.Bid("B01", Yuan(1'050'000), At(9, 7)), Reason::kNOT_HIGHER);
  EXPECT_EQ(session.Bid("B01", Yuan(1'070'000), At(9, 8)), Reason::kABOVE_CAP);
  EXPECT_EQ(session.Bid("B01", Yuan(1'060'000), At(9, 10) - Nanoseconds(1)), kAccepted);
  EXPECT_EQ(session.state().phase_end, At(9, 10)) << "declaring extends nothing";
  EXPECT_EQ(session.Bid("B02", Yuan(1'060'000), At(9, 10)), Reason::kPHASE_CLOSED);
  EXPECT_EQ(session.state().state, State::kDrawing);
  EXPECT_EQ(session.state().lot, (std::vector<std::string>{"B01", "B03"})) << "sorted";
  EXPECT_EQ(DrawMaterial(session.state()), "TTX-DRAW-1|" + std::string(32, 'r') + "|B01|B03|");
  EXPECT_EQ(session.Do(DrawLot{"short"}, At(9, 10, 1)), Reason::kINVALID_FIELD);
  EXPECT_EQ(session.Do(DrawLot{std::string(31, '\0') + '\x05'}, At(9, 10, 2)), kAccepted);
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.LeaderCode(), "B03") << "5 mod 2 = 1, the second of the sorted codes";
  EXPECT_EQ(session.Last<LotDrawn>().seed, std::string(32, 'r'));
  EXPECT_EQ(session.Do(DrawLot{std::string(32, '\0')}, At(9, 10, 3)), Reason::kWRONG_STATE);
}

TEST(Cap, TheDigestIsOneNumberOfAllItsBytes) {
  const auto index = [](std::string_view last_bytes, size_t count) {
    return DrawIndex(std::string(32 - last_bytes.size(), '\0') + std::string(last_bytes), count);
  };
  EXPECT_EQ(index({"\x01\x02", 2}, 7), 258u % 7);
  EXPECT_EQ(index({"\x01\x00", 2}, 3), 256u % 3);
  EXPECT_EQ(index({"\xff\xff\xff", 3}, 1000), 16'777'215u % 1000) << "no byte is negative";
  EXPECT_EQ(DrawIndex(std::string(32, '\xff'), 2), 1u) << "2^256 - 1 is odd";
}

TEST(Cap, ALotteryOfOneNeedsNoDraw) {
  Session session(LotterySession());
  session.Bid("B03", Yuan(1'060'000), At(9, 5));
  session.AdvanceTo(At(9, 10));
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.LeaderCode(), "B03");
  EXPECT_EQ(session.state().phase_end, At(9, 10));
}

TEST(Cap, ALotteryNeedsASeedCommittedToBefore) {
  ScheduleAuction command = LotterySession();
  command.draw_seed.reset();
  EXPECT_EQ(Decide(command, At(8, 0)).error().violations.at(0).field, "draw_seed");
}

// --- Single bidder (5.8)

TEST(SingleBidder, Section5_8_AgreementAtQuote) {
  ScheduleAuction command = SessionOf(Mode::kMulti, Yuan(1'000'000), Yuan(10'000));
  command.bidders = {BidderOf("B01")};
  command.rules.single_bidder = SingleBidder::kAgreementAtQuote;
  Session session(command);
  EXPECT_EQ(session.Bid("B01", Yuan(990'000), At(9, 10)), Reason::kBELOW_START);
  EXPECT_EQ(session.Bid("B01", Yuan(1'020'000), At(9, 20)), kAccepted);
  EXPECT_EQ(session.state().outcome, Outcome::kWinner) << "one valid quote is the price";
  EXPECT_EQ(session.state().phase_end, At(9, 20));
  Session silent(command);
  silent.AdvanceTo(At(10, 0));
  EXPECT_EQ(silent.state().outcome, Outcome::kNoBid) << "without a limited phase";
  EXPECT_EQ(silent.Last<Forfeited>().cause, ForfeitCause::kNoSingleQuote);
}

TEST(SingleBidder, Section5_8_StartPriceSale) {
  ScheduleAuction command = SessionOf(Mode::kEnglish, Yuan(1'000'000), Yuan(10'000));
  command.bidders = {BidderOf("B01")};
  Session session(command);
  EXPECT_EQ(session.Bid("B01", Yuan(1'000'000), At(9, 10)), kAccepted);
  session.AdvanceTo(At(10, 0));
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
}

TEST(SingleBidder, FewerThanTheRulesAskFor) {  // peers.md S16
  ScheduleAuction command = SessionOf(Mode::kMulti, Yuan(1'000'000), Yuan(10'000));
  command.bidders = {BidderOf("B01")};
  command.rules.min_bidders = 2;
  Session session(command);
  session.AdvanceTo(At(9, 0));
  EXPECT_EQ(session.state().outcome, Outcome::kTooFewBidders);
  EXPECT_EQ(session.state().phase_end, At(9, 0));
}

// --- Rules

TEST(Rules, WhatAModeLeavesNoRoomForNamesTheField) {
  const auto field = [](ScheduleAuction command, auto change) {
    change(command.rules);
    const auto decision = Decide(command, At(8, 0));
    return decision.ok() ? "" : decision.error().violations.at(0).field;
  };
  const ScheduleAuction dutch = DutchSession();
  EXPECT_EQ(field(dutch, [](Rules&) {}), "");
  EXPECT_EQ(field(dutch, [](Rules& r) { r.dutch.decrement = {}; }), "rules.dutch.decrement_fen");
  EXPECT_EQ(field(dutch, [](Rules& r) { r.dutch.decrement_share = {1}; }), "rules.dutch.decrement_fen");
  EXPECT_EQ(field(dutch, [](Rules& r) { r.dutch.decrement = {1}; }), "rules.dutch.decrement_fen");
  EXPECT_EQ(field(dutch, [](Rules& r) { r.dutch.floor = Yuan(2'000'001); }), "rules.dutch.floor_fen");
  EXPECT_EQ(field(dutch, [](Rules& r) { r.dutch.interval = {}; }), "rules.dutch.interval");
  EXPECT_EQ(field(dutch, [](Rules& r) { r.proxy_bids = true; }), "rules.proxy_bids");
  EXPECT_EQ(field(dutch, [](Rules& r) { r.cap = Yuan(3'000'000); }), "rules.cap_fen");
  const ScheduleAuction multi = SessionOf(Mode::kMulti, Yuan(1'000), Yuan(10));
  EXPECT_EQ(field(multi, [](Rules& r) { r.cap_policy = CapPolicy::kLotteryAtCap; }), "rules.cap_policy");
  EXPECT_EQ(field(multi, [](Rules& r) { r.min_bidders = 0; }), "rules.min_bidders");
  EXPECT_EQ(field(multi, [](Rules& r) { r.tie_rule = TieRule::kRequote; }), "rules.tie_rule");
  EXPECT_EQ(field(multi, [](Rules& r) { r.max_total = Hours(-1); }), "rules.max_total");
  EXPECT_EQ(field(multi, [](Rules& r) { r.suspension.longest = Hours(1); }), "rules.suspension.longest");
  EXPECT_EQ(field(multi, [](Rules& r) { r.priority.answer_period = {}; }), "rules.priority.answer_period");
  EXPECT_EQ(field(multi, [](Rules& r) { r.priority.best_bidder_may_raise = true; }),
            "rules.priority.best_bidder_may_raise");
  EXPECT_EQ(field(multi,
                  [](Rules& r) {
                    r.priority.mode = PriorityMode::kSamePrice;
                    r.cap = Yuan(2'000);
                  }),
            "rules.cap_fen");
  EXPECT_EQ(field(multi,
                  [](Rules& r) {
                    r.proxy_bids = true;
                    r.multiple_base = MultipleBase::kFromCurrent;
                  }),
            "rules.proxy_bids");
  const ScheduleAuction sealed = SessionOf(Mode::kSealed, Yuan(1'000), Yuan(10));
  EXPECT_EQ(field(sealed, [](Rules& r) { r.proxy_bids = true; }), "rules.proxy_bids");
  EXPECT_EQ(field(sealed, [](Rules& r) { r.sealed.submissions = 0; }), "rules.sealed.submissions");
  EXPECT_EQ(field(sealed, [](Rules& r) { r.sealed.shares_needed = 6; }), "rules.sealed.shares_needed");
  EXPECT_EQ(field(sealed, [](Rules& r) { r.sealed.shares_needed = 1; }), "rules.sealed.shares_needed");
  EXPECT_EQ(field(sealed, [](Rules& r) { r.sealed.shares_total = 16; }), "rules.sealed.shares_total");
  EXPECT_EQ(field(sealed, [](Rules& r) { r.priority.mode = PriorityMode::kSamePrice; }),
            "rules.priority.mode");
  EXPECT_EQ(field(sealed, [](Rules& r) { r.single_bidder = SingleBidder::kAgreementAtQuote; }),
            "rules.single_bidder");
  const ScheduleAuction tender = SessionOf(Mode::kTender, Yuan(1'000), Yuan(10));
  EXPECT_EQ(field(tender, [](Rules&) {}), "rules.scoring.price_weight_ppm");
  const auto scored = [](Rules& r) {
    r.scoring.price_weight = {600'000};
    r.scoring.criteria = {{"technology", {400'000}}};
  };
  EXPECT_EQ(field(tender, [&](Rules& r) { scored(r); }), "rules.min_bidders") << "three at least";
  EXPECT_EQ(field(tender,
                  [&](Rules& r) {
                    scored(r);
                    r.scoring.criteria[0].weight = {399'999};
                  }),
            "rules.scoring");
}

TEST(Rules, AnOverlongSessionRaisesAnAlarm) {
  Session session(testing::SessionOf(Mode::kEnglish, Yuan(1'000), Yuan(10)));
  session.AdvanceTo(At(9, 0));
  EXPECT_FALSE(IsOverlong(session.state(), At(17, 0)));
  EXPECT_TRUE(IsOverlong(session.state(), At(17, 0) + Nanoseconds(1)));
  session.AdvanceTo(At(10, 0));
  EXPECT_FALSE(IsOverlong(session.state(), At(18, 0))) << "closed";
}

}  // namespace
}  // namespace ttx::auction
