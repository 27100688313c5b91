#include <gtest/gtest.h>

#include "services/auction/domain/test_session.h"

namespace ttx::auction {
namespace {

using testing::At;
using testing::Session;
using testing::SessionOf;
using testing::Yuan;

constexpr std::optional<Reason> kAccepted = std::nullopt;

ScheduleAuction ProxySession() {
  ScheduleAuction command = SessionOf(Mode::kMulti, Yuan(100), Yuan(10));
  command.rules.proxy_bids = true;
  return command;
}

TEST(Proxy, TheFirstOneOpensAtTheStartPrice) {
  Session session(ProxySession());
  EXPECT_EQ(session.Proxy("B01", Yuan(200), At(9, 1)), kAccepted);
  EXPECT_EQ(session.state().leading->price, Yuan(100));
  EXPECT_EQ(session.state().proxy->maximum, Yuan(200));
}

TEST(Proxy, TheEngineRaisesByOneStep) {
  Session session(ProxySession());
  session.Proxy("B01", Yuan(200), At(9, 1));
  EXPECT_EQ(session.Bid("B02", Yuan(150), At(9, 2)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "B01");
  EXPECT_EQ(session.state().leading->price, Yuan(160));
  EXPECT_TRUE(session.state().leading->automatic);
  EXPECT_EQ(session.state().bid_count, 3) << "both bids stand in the book";
  EXPECT_EQ(session.Bid("B02", Yuan(190), At(9, 3)), kAccepted);
  EXPECT_EQ(session.state().leading->price, Yuan(200));
  EXPECT_FALSE(session.state().proxy.has_value()) << "nothing is left of it";
  EXPECT_EQ(session.Bid("B02", Yuan(210), At(9, 4)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "B02");
}

TEST(Proxy, TheMaximumItselfBelongsToWhoNamedItFirst) {
  Session session(ProxySession());
  session.Proxy("B01", Yuan(200), At(9, 1));
  EXPECT_EQ(session.Bid("B02", Yuan(200), At(9, 2)), Reason::kNOT_HIGHER);
  EXPECT_EQ(session.LeaderCode(), "B01");
  EXPECT_EQ(session.state().leading->price, Yuan(200));
  Session both(ProxySession());
  both.Proxy("B01", Yuan(200), At(9, 1));
  EXPECT_EQ(both.Proxy("B02", Yuan(200), At(9, 2)), Reason::kNOT_HIGHER);
  EXPECT_EQ(both.LeaderCode(), "B01");
  EXPECT_EQ(both.state().leading->price, Yuan(200));
}

TEST(Proxy, TwoMaximaMeetOneStepAboveTheLower) {
  Session higher(ProxySession());
  higher.Proxy("B01", Yuan(200), At(9, 1));
  EXPECT_EQ(higher.Proxy("B02", Yuan(300), At(9, 2)), kAccepted);
  EXPECT_EQ(higher.LeaderCode(), "B02");
  EXPECT_EQ(higher.state().leading->price, Yuan(210));
  EXPECT_EQ(higher.state().proxy->maximum, Yuan(300));
  Session lower(ProxySession());
  lower.Proxy("B01", Yuan(200), At(9, 1));
  EXPECT_EQ(lower.Proxy("B02", Yuan(150), At(9, 2)), kAccepted);
  EXPECT_EQ(lower.LeaderCode(), "B01");
  EXPECT_EQ(lower.state().leading->price, Yuan(160));
}

TEST(Proxy, TheLeaderMovesItsMaximumWithoutMovingThePrice) {
  Session session(ProxySession());
  session.Bid("B01", Yuan(100), At(9, 1));
  EXPECT_EQ(session.Proxy("B01", Yuan(300), At(9, 2)), kAccepted);
  EXPECT_EQ(session.state().bid_count, 1);
  EXPECT_EQ(session.Proxy("B01", Yuan(150), At(9, 3)), kAccepted);
  EXPECT_EQ(session.state().proxy->maximum, Yuan(150));
  EXPECT_EQ(session.Proxy("B01", Yuan(100), At(9, 4)), Reason::kNOT_HIGHER);
}

TEST(Proxy, AutomaticBidsMoveTheEndAndReachTheCap) {
  ScheduleAuction command = ProxySession();
  command.rules.cap = Yuan(150);
  Session session(command);
  session.Proxy("B01", Yuan(150), At(9, 1));
  session.AdvanceTo(At(10, 0));
  EXPECT_EQ(session.Bid("B02", Yuan(110), At(10, 1)), kAccepted);
  EXPECT_EQ(session.state().phase_end, At(10, 6));
  EXPECT_EQ(session.Bid("B02", Yuan(140), At(10, 2)), kAccepted);
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.LeaderCode(), "B01");
}

TEST(Proxy, RefusedWhereTheRulesOrThePhaseLeaveNoRoom) {
  ScheduleAuction off = ProxySession();
  off.rules.proxy_bids = false;
  EXPECT_EQ(Session(off).Proxy("B01", Yuan(200), At(9, 1)), Reason::kRULE_OFF);
  EXPECT_EQ(Session(SessionOf(Mode::kSealed, Yuan(100), Yuan(10))).Proxy("B01", Yuan(200), At(9, 1)),
            Reason::kWRONG_MODE);
  Session session(ProxySession());
  EXPECT_EQ(session.Proxy("B01", Yuan(200), At(8, 59)), Reason::kNOT_OPEN);
  EXPECT_EQ(session.Proxy("stranger", Yuan(200), At(9, 1)), Reason::kNOT_QUALIFIED);
  EXPECT_EQ(session.Proxy("B01", Yuan(90), At(9, 2)), Reason::kBELOW_START);
  EXPECT_EQ(session.Proxy("B01", Yuan(105), At(9, 3)), Reason::kNOT_MULTIPLE);
  EXPECT_EQ(session.Proxy("B01", Yuan(200), At(23, 0)), Reason::kPHASE_CLOSED);
}

TEST(Proxy, TheMaximumAppearsInNoPublicLine) {
  Session session(ProxySession());
  session.Proxy("B01", Yuan(777'770), At(9, 1));
  session.Bid("B02", Yuan(150), At(9, 2));
  session.Proxy("B02", Yuan(5), At(9, 3));
  for (const Event& event : session.events()) {
    EXPECT_EQ(CanonicalLine(session.state(), event).find("77777000"), std::string::npos);
    const bool is_logged = AudienceOf(event) == Audience::kPublic;
    EXPECT_EQ(CanonicalLine(session.state(), event).empty(), !is_logged);
    if (const auto* refused = std::get_if<BidRefused>(&event.payload)) {
      EXPECT_EQ(refused->price, Fen{}) << "a refused maximum is secret too";
    }
  }
}

}  // namespace
}  // namespace ttx::auction
