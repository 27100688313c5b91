// What of envelopes is a secret in which state: one row per state, running, suspended and annulled in it.

#include <gtest/gtest.h>

#include "services/auction/domain/test_session.h"

namespace ttx::auction {
namespace {

using testing::SessionOf;
using testing::Yuan;

constexpr Mode kSealedModes[] = {Mode::kSealed, Mode::kWeighted, Mode::kTender};

Auction In(Mode mode, State state) {
  Auction auction;
  auction.terms = Terms(SessionOf(mode, Yuan(1'000), Yuan(10)));
  auction.state = state;
  return auction;
}

// Two letters: who handed in an envelope is a secret (s) or not (.), what was in it is open (o) or not (.).
std::string Sight(const Auction& auction) {
  return std::string(KeepsEnvelopesSecret(auction) ? "s" : ".") + (EnvelopesAreOpen(auction) ? "o" : ".");
}

struct Row {
  State state;
  const char* running;
  const char* annulled;  // closed in this state with its listing, or suspended in it, then closed by two persons
};

// States that a session of envelopes can be in; while it is suspended in one, that one's row holds.
constexpr Row kRows[] = {
    {State::kSubmitting, "s.", ".."},
    {State::kClosedForOpening, "s.", ".."},
    {State::kOpeningRequested, "s.", ".."},
    {State::kSharesCollecting, "s.", ".."},
    {State::kSelfRevealing, "s.", ".."},
    {State::kOpening, "s.", ".."},
    {State::kDrawing, ".o", ".o"},
    {State::kPriorityExercise, ".o", ".o"},
    {State::kRaise, ".o", ".o"},
    {State::kEvaluating, ".o", ".o"},
    {State::kPublicity, ".o", ".o"},
};

TEST(Secrecy, OfEnvelopesInEveryState) {
  for (const Mode mode : kSealedModes) {
    EXPECT_EQ(Sight(In(mode, State::kScheduled)), "..") << "nothing was handed in yet";
    for (const Row& row : kRows) {
      SCOPED_TRACE(std::string(ModeName(mode)) + " " + std::string(StateName(row.state)));
      EXPECT_EQ(Sight(In(mode, row.state)), row.running);
      Auction suspended = In(mode, State::kSuspended);
      suspended.suspended_state = row.state;
      EXPECT_EQ(Sight(suspended), row.running) << "a suspension shows no more and hides no more";
      Auction annulled = In(mode, State::kClosed);
      annulled.suspended_state = row.state;
      annulled.outcome = Outcome::kAnnulled;
      EXPECT_EQ(Sight(annulled), row.annulled);
    }
  }
}

TEST(Secrecy, OfEnvelopesAfterTheClose) {
  const auto closed = [](Outcome outcome, int64_t bid_count) {
    Auction auction = In(Mode::kTender, State::kClosed);
    auction.outcome = outcome;
    auction.bid_count = bid_count;
    return Sight(auction);
  };
  EXPECT_EQ(closed(Outcome::kWinner, 3), ".o");
  EXPECT_EQ(closed(Outcome::kBelowReserve, 3), ".o");
  EXPECT_EQ(closed(Outcome::kNoBid, 3), ".o") << "opened, and none of them valid";
  EXPECT_EQ(closed(Outcome::kTooFewBidders, 3), ".o") << "too few of them valid";
  EXPECT_EQ(closed(Outcome::kTooFewBidders, 0), "..") << "too few handed in: not opened";
  EXPECT_EQ(closed(Outcome::kNotOpened, 0), "..");
  EXPECT_EQ(closed(Outcome::kAnnulled, 0), "..") << "with its listing, before it began";
  Auction second = In(Mode::kSealed, State::kClosed);
  second.outcome = Outcome::kAnnulled;
  second.suspended_state = State::kOpening;
  second.phase_base = Standing{2, std::nullopt, std::nullopt};
  second.bid_count = 2;
  EXPECT_EQ(Sight(second), "..") << "of the first round only";
  second.bid_count = 4;
  EXPECT_EQ(Sight(second), ".o") << "opened, and nobody may have it";
}

TEST(Secrecy, OpenModesHaveNoEnvelopes) {
  for (const Mode mode : {Mode::kMulti, Mode::kDynamic, Mode::kEnglish, Mode::kDutch}) {
    for (const State state :
         {State::kScheduled, State::kFree, State::kLimited, State::kEnglish, State::kDutch,
          State::kCapDeclaring, State::kDrawing, State::kPriorityExercise, State::kClosed}) {
      EXPECT_EQ(Sight(In(mode, state)), "..") << ModeName(mode) << " " << StateName(state);
    }
  }
}

TEST(Secrecy, EventsOfEnvelopesWaitForTheOpening) {
  const auto audience = [](Payload payload) { return AudienceOf({Time{}, std::move(payload)}); };
  EXPECT_EQ(audience(EnvelopeAccepted{}), Audience::kAfterOpening);
  EXPECT_EQ(audience(EnvelopeWithdrawn{}), Audience::kAfterOpening);
  EXPECT_EQ(audience(EnvelopeRevealed{}), Audience::kAfterOpening);
  EXPECT_EQ(audience(ScoresFixed{}), Audience::kPublic);
  EXPECT_EQ(audience(SharesReceived{}), Audience::kPublic);
  EXPECT_EQ(audience(Opened{}), Audience::kPublic);
  EXPECT_EQ(audience(BidRefused{}), Audience::kStaff);
  EXPECT_EQ(audience(ProxySet{}), Audience::kNobody);
}

TEST(Secrecy, WhoQualifiesWhileASessionRunsIsToldToNobody) {
  ScheduleAuction command = SessionOf(Mode::kDynamic, Yuan(1'000), Yuan(10));
  command.bidders.clear();
  testing::Session session(command);
  ASSERT_EQ(session.Do(AddBidder{testing::BidderOf("B01")}, testing::At(9, 10)), std::nullopt);
  EXPECT_EQ(session.state().bidder_count, 1);
  const Event& added = session.events().back();
  ASSERT_TRUE(std::holds_alternative<BidderAdded>(added.payload));
  EXPECT_EQ(AudienceOf(added), Audience::kNobody);
  EXPECT_EQ(CanonicalLine(session.state(), added), "") << "no part of the log hash";
}

}  // namespace
}  // namespace ttx::auction
