// Suspension (domain.md 5.11), outages (5.2; reliability.md G8, G17) and default (5.12).

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

// In LIMITED since 10:00, B02 leading at 1 020 000 until 10:07; B01 led with 1 010 000 at its beginning.
Session InLimited() {
  Session session(WorkedSession());
  session.Bid("B01", Yuan(1'010'000), At(9, 30));
  session.Bid("B02", Yuan(1'020'000), At(10, 2));
  return session;
}

TEST(Suspension, TakesTwoPersonsAndAPublishedReason) {
  Session session = InLimited();
  EXPECT_EQ(session.Do(RequestAct{Act::kSuspend, "people/p1", "", {}}, At(10, 3)), Reason::kINVALID_FIELD);
  EXPECT_EQ(session.Do(RequestAct{Act::kSuspend, "people/p1", "BECAUSE", {}}, At(10, 3, 1)),
            Reason::kINVALID_FIELD);
  EXPECT_EQ(session.Do(RequestAct{Act::kSuspend, "", "OBJECTION", {}}, At(10, 3, 2)), Reason::kINVALID_FIELD);
  EXPECT_EQ(session.Do(ConfirmAct{Act::kSuspend, "people/p2"}, At(10, 3, 3)), Reason::kWRONG_STATE);
  EXPECT_EQ(session.Do(RequestAct{Act::kSuspend, "people/p1", "OBJECTION", {}}, At(10, 3, 4)), kAccepted);
  EXPECT_EQ(session.state().state, State::kLimited) << "one person suspends nothing";
  EXPECT_EQ(session.Do(RequestAct{Act::kSuspend, "people/p3", "OBJECTION", {}}, At(10, 3, 5)),
            Reason::kPROPOSAL_DIFFERS);
  EXPECT_EQ(session.Do(ConfirmAct{Act::kSuspend, "people/p1"}, At(10, 3, 6)), Reason::kSAME_PERSON);
  EXPECT_EQ(session.Do(ConfirmAct{Act::kAnnul, "people/p2"}, At(10, 3, 7)), Reason::kPROPOSAL_DIFFERS);
  EXPECT_EQ(session.Do(ConfirmAct{Act::kSuspend, "people/p2"}, At(10, 4)), kAccepted);
  EXPECT_EQ(session.state().state, State::kSuspended);
  EXPECT_EQ(session.Last<Suspended>().reason, "OBJECTION");
  EXPECT_EQ(session.state().remaining, Minutes(3));
  EXPECT_EQ(NextChange(session.state()), std::nullopt) << "until two persons decide";
  EXPECT_EQ(session.Bid("B01", Yuan(1'030'000), At(10, 5)), Reason::kAUCTION_SUSPENDED);
  EXPECT_EQ(session.LeaderCode(), "B02") << "bids before it stand";
}

TEST(Suspension, ARequestMayBeWithdrawn) {
  Session session = InLimited();
  EXPECT_EQ(session.Do(WithdrawAct{"people/p1"}, At(10, 3)), Reason::kWRONG_STATE);
  session.Do(RequestAct{Act::kSuspend, "people/p1", "OBJECTION", {}}, At(10, 3, 1));
  EXPECT_EQ(session.Do(WithdrawAct{"people/p1"}, At(10, 3, 2)), kAccepted);
  EXPECT_EQ(session.Do(ConfirmAct{Act::kSuspend, "people/p2"}, At(10, 3, 3)), Reason::kWRONG_STATE);
}

TEST(Suspension, ContinueGivesWhatWasLeftButAtLeastACycle) {
  Session session = InLimited();
  session.ByTwo(Act::kSuspend, "SYSTEM_FAILURE", At(10, 4, 59));  // 2 minutes left
  const Time resume = At(11, 0, 0, 0, 1);
  EXPECT_EQ(session.ByTwo(Act::kContinue, "SYSTEM_FAILURE", At(11, 0) + Nanoseconds(1), resume),
            Reason::kINVALID_FIELD)
      << "less than the notice";
  EXPECT_EQ(session.ByTwo(Act::kContinue, "SYSTEM_FAILURE", At(10, 30), At(10, 4, 0, 0, 6)),
            Reason::kINVALID_FIELD)
      << "more than five days after the suspension";
  EXPECT_EQ(session.ByTwo(Act::kContinue, "SYSTEM_FAILURE", At(10, 59), resume), kAccepted);
  EXPECT_EQ(session.Last<ResumptionPlanned>().resume_time, resume);
  EXPECT_EQ(session.Bid("B01", Yuan(1'030'000), resume - Nanoseconds(1)), Reason::kAUCTION_SUSPENDED);
  session.AdvanceTo(resume);
  EXPECT_EQ(session.state().state, State::kLimited);
  EXPECT_EQ(session.state().phase_end, resume + Minutes(5));
  EXPECT_EQ(session.LeaderCode(), "B02");
}

TEST(Suspension, RestartVoidsTheBidsOfThePhase) {
  Session session = InLimited();
  session.ByTwo(Act::kSuspend, "SYSTEM_FAILURE", At(10, 4));
  const Time resume = At(12, 0, 0, 0, 1);
  EXPECT_EQ(session.ByTwo(Act::kRestartPhase, "SYSTEM_FAILURE", At(11, 0), resume), kAccepted);
  session.AdvanceTo(resume);
  EXPECT_EQ(session.state().state, State::kLimited);
  EXPECT_EQ(session.state().phase_end, resume + Minutes(5)) << "all of it";
  EXPECT_EQ(session.LeaderCode(), "B01") << "as when the phase began";
  EXPECT_EQ(session.Last<Resumed>().void_from, 2);
  EXPECT_EQ(session.Last<Resumed>().void_to, 2);
  EXPECT_EQ(session.Bid("B03", Yuan(1'020'000), resume + Seconds(1)), kAccepted);
  EXPECT_EQ(session.state().leading->number, 3) << "numbers are never used again";
}

TEST(Suspension, RestartOfFreeVoidsEverything) {
  Session session(WorkedSession());
  session.Bid("B01", Yuan(1'010'000), At(9, 30));
  session.ByTwo(Act::kSuspend, "IP_STATUS_CHANGE", At(9, 40));
  session.ByTwo(Act::kRestartPhase, "IP_STATUS_CHANGE", At(10, 0), At(11, 0, 0, 0, 1));
  session.AdvanceTo(At(11, 0, 0, 0, 1));
  EXPECT_EQ(session.state().state, State::kFree);
  EXPECT_FALSE(session.state().leading.has_value());
  EXPECT_EQ(session.state().phase_end, At(12, 0, 0, 0, 1));
  session.AdvanceTo(At(23, 0, 0, 0, 1));
  EXPECT_EQ(session.state().outcome, Outcome::kNoBid);
}

TEST(Suspension, OnlyPhasesWithBidsCanRestart) {
  ScheduleAuction command = WorkedSession();
  command.rules.preparation = Minutes(15);
  Session session(command);
  session.ByTwo(Act::kSuspend, "OBJECTION", At(10, 5));
  EXPECT_EQ(session.ByTwo(Act::kRestartPhase, "OBJECTION", At(10, 6), At(11, 0, 0, 0, 1)),
            Reason::kWRONG_STATE);
}

TEST(Suspension, AnnulVoidsTheSession) {
  for (const bool suspended : {false, true}) {
    Session session = InLimited();
    if (suspended) session.ByTwo(Act::kSuspend, "SYSTEM_FAILURE", At(10, 4));
    EXPECT_EQ(session.ByTwo(Act::kAnnul, "COLLUSION_SUSPECTED", At(10, 5)), kAccepted);
    EXPECT_EQ(session.state().outcome, Outcome::kAnnulled);
    EXPECT_FALSE(session.Last<Closed>().winner.has_value());
    EXPECT_EQ(session.Last<Closed>().reason, "COLLUSION_SUSPECTED");
  }
}

TEST(Suspension, AnAnnulmentIsAskedForThoughAnOpeningOrADefaultWaits) {
  Session session(SessionOf(Mode::kSealed, Yuan(1'000), Yuan(10)));
  session.Submit("B01", At(9, 10));
  session.AdvanceTo(At(10, 0));
  ASSERT_EQ(session.Do(RequestAct{Act::kOpen, "people/p1", "time has come", {}}, At(10, 1)), kAccepted);
  ASSERT_EQ(session.state().state, State::kOpeningRequested);
  const RequestAct annul{Act::kAnnul, "people/p3", "COURT_OR_SUPERVISORY_ORDER", {}};
  Session accused = session;
  accused.Do(WithdrawAct{"people/p1"}, At(10, 2));
  ASSERT_EQ(accused.AskDefault("B01", At(10, 2)), kAccepted);
  for (Session* waiting : {&session, &accused}) {
    EXPECT_EQ(waiting->Do(annul, At(10, 3)), kAccepted);
    EXPECT_EQ(waiting->state().state, State::kClosedForOpening) << "the opening was withdrawn by it";
    EXPECT_EQ(waiting->Do(RequestAct{Act::kOpen, "people/p1", "time has come", {}}, At(10, 4)),
              Reason::kPROPOSAL_DIFFERS);
    EXPECT_EQ(waiting->Do(ConfirmAct{Act::kAnnul, "people/p3"}, At(10, 5)), Reason::kSAME_PERSON);
    EXPECT_EQ(waiting->Do(ConfirmAct{Act::kAnnul, "people/p1"}, At(10, 6)), kAccepted);
    EXPECT_EQ(waiting->state().outcome, Outcome::kAnnulled);
    EXPECT_TRUE(waiting->state().barred.empty());
  }
}

TEST(Suspension, AnAnnulmentThatWaitsHoldsNothing) {
  Session session = InLimited();
  session.Do(RequestAct{Act::kAnnul, "people/p1", "FORCE_MAJEURE", {}}, At(10, 3));
  EXPECT_EQ(session.Bid("B01", Yuan(1'030'000), At(10, 4)), kAccepted);
  session.AdvanceTo(At(10, 9));
  EXPECT_EQ(session.state().outcome, Outcome::kBelowReserve);
  EXPECT_EQ(session.Do(ConfirmAct{Act::kAnnul, "people/p2"}, At(10, 10)), Reason::kWRONG_STATE);
}

TEST(Suspension, PersonsAreNotPublished) {
  Session session = InLimited();
  session.ByTwo(Act::kSuspend, "OBJECTION", At(10, 3));
  for (const Event& event : session.events()) {
    EXPECT_EQ(CanonicalLine(session.state(), event).find("people/"), std::string::npos);
  }
  EXPECT_EQ(session.Count<ActConfirmed>(), 1);
}

// --- Outages

TEST(Outage, UpToAQuarterSecondChangesNothing) {
  Session session = InLimited();
  session.Outage(At(10, 3), At(10, 3) + kMaxSilence);
  EXPECT_EQ(session.state().phase_end, At(10, 7));
}

TEST(Outage, UpToTwoSecondsMovesTheEndByItAndOneCycle) {
  Session session = InLimited();
  const Duration away = kMaxSilence + Nanoseconds(1);
  session.Outage(At(10, 3), At(10, 3) + away);
  EXPECT_EQ(session.state().state, State::kLimited);
  EXPECT_EQ(session.state().phase_end, At(10, 7) + away + Minutes(5));
  session.Outage(At(10, 5), At(10, 5) + kMaxOutage);
  EXPECT_EQ(session.state().state, State::kLimited);
  session.Outage(At(10, 6), At(10, 6) + kMaxOutage + Nanoseconds(1));
  EXPECT_EQ(session.state().state, State::kSuspended);
}

TEST(Outage, WhoBeginsAsTheServerIsBackHasLostNothing) {
  for (const Duration away : {Seconds(1), Seconds(30)}) {
    Session session(WorkedSession());
    session.Outage(At(9, 0) - away, At(9, 0));
    EXPECT_EQ(session.state().state, State::kFree);
    EXPECT_EQ(session.state().phase_end, At(10, 0));
    EXPECT_EQ(session.Count<Extended>() + session.Count<Suspended>(), 0);
  }
}

TEST(Outage, ABidTakesNothingOfWhatAnOutageAdded) {  // reliability.md A6: an end never comes nearer
  Session session = InLimited();
  session.Outage(At(10, 3), At(10, 3, 1));
  const Time end = At(10, 12, 1);
  ASSERT_EQ(session.state().phase_end, end);
  EXPECT_EQ(session.Bid("B01", Yuan(1'030'000), At(10, 4)), kAccepted);
  EXPECT_EQ(session.state().phase_end, end);
  EXPECT_EQ(session.Bid("B02", Yuan(1'040'000), At(10, 8)), kAccepted);
  EXPECT_EQ(session.state().phase_end, At(10, 13));
}

TEST(Outage, NothingClosesWhileNobodyCouldBid) {  // reliability.md A8, N108
  for (const Duration away : {Milliseconds(300), Milliseconds(1999), Seconds(30), Hours(2)}) {
    Session session = InLimited();
    const Time since = At(10, 7) - Nanoseconds(1);
    session.Outage(since, since + away);
    EXPECT_NE(session.state().state, State::kClosed) << away.ns;
    const bool suspended = session.state().state == State::kSuspended;
    const Time open_again = suspended ? std::max(*NextChange(session.state()), since + away) : since + away;
    session.AdvanceTo(open_again);
    ASSERT_EQ(session.state().state, State::kLimited) << away.ns;
    EXPECT_GE(session.state().phase_end, since + away + Minutes(5)) << away.ns;
    EXPECT_EQ(session.Bid("B03", Yuan(1'030'000), open_again + Seconds(1)), kAccepted) << away.ns;
  }
}

TEST(Outage, EnvelopesAndAnswersGetTheirTimeBackToo) {
  Session sealed(SessionOf(Mode::kSealed, Yuan(1'000), Yuan(10)));
  sealed.AdvanceTo(At(9, 30));
  sealed.Outage(At(9, 59), At(10, 1));
  sealed.AdvanceTo(At(10, 2));
  EXPECT_EQ(sealed.state().state, State::kSubmitting);
  EXPECT_EQ(sealed.Submit("B01", At(10, 3)), kAccepted);
}

TEST(Objection, TwoPersonsLetItGoOnOnceItIsClosed) {
  Session session = InLimited();
  session.Do(NoteObjection{true}, At(10, 4));
  EXPECT_EQ(session.Last<Suspended>().reason, "OBJECTION");
  EXPECT_EQ(session.Last<Suspended>().time, At(10, 4));
  EXPECT_EQ(session.state().remaining, Minutes(3));
  EXPECT_EQ(session.Bid("B01", Yuan(1'030'000), At(10, 5)), Reason::kAUCTION_SUSPENDED);
  // Longer than a suspension may last by itself: the five days count from the close of the objection.
  const Time closed = At(10, 0, 0, 0, 20);
  EXPECT_EQ(session.ByTwo(Act::kContinue, "OBJECTION", closed - Seconds(9), closed + Hours(48)),
            Reason::kOBJECTION_OPEN);
  session.Do(NoteObjection{false}, closed);
  EXPECT_EQ(session.state().state, State::kSuspended) << "it does not go on by itself";
  EXPECT_EQ(session.ByTwo(Act::kContinue, "OBJECTION", closed + Hours(1), closed + Hours(121)),
            Reason::kINVALID_FIELD);
  const Time resume = closed + Hours(48);
  EXPECT_EQ(session.ByTwo(Act::kContinue, "OBJECTION", closed + Hours(2), resume), kAccepted);
  session.AdvanceTo(resume);
  EXPECT_EQ(session.state().state, State::kLimited);
  EXPECT_EQ(session.Bid("B01", Yuan(1'030'000), resume + Seconds(1)), kAccepted);
}

TEST(Objection, StopsWhatWasPlannedOrWaitsForASecondPerson) {
  Session session = InLimited();
  session.ByTwo(Act::kSuspend, "SYSTEM_FAILURE", At(10, 4));
  const Time resume = At(12, 0, 0, 0, 1);
  session.ByTwo(Act::kContinue, "SYSTEM_FAILURE", At(10, 30), resume);
  session.Do(NoteObjection{true}, At(11, 0));
  session.AdvanceTo(resume + Hours(1));
  EXPECT_EQ(session.state().state, State::kSuspended);
  EXPECT_EQ(session.state().remaining, Minutes(3) - Seconds(1));
  session.Do(NoteObjection{false}, resume + Hours(2));
  session.Do(RequestAct{Act::kContinue, "people/p1", "OBJECTION", resume + Hours(40)}, resume + Hours(3));
  session.Do(NoteObjection{true}, resume + Hours(4));
  EXPECT_EQ(session.Do(ConfirmAct{Act::kContinue, "people/p2"}, resume + Hours(5)), Reason::kOBJECTION_OPEN);
}

TEST(Objection, ClosedBeforeTheStartItChangesNothing) {
  Session session(WorkedSession());
  session.Do(NoteObjection{true}, At(8, 10));
  session.Do(NoteObjection{false}, At(8, 50));
  EXPECT_EQ(session.Bid("B01", Yuan(1'010'000), At(9, 0)), kAccepted);
}

TEST(Objection, AnOutageDoesNotLetItGoOn) {
  Session session = InLimited();
  session.Do(NoteObjection{true}, At(10, 4));
  session.Outage(At(10, 5), At(10, 40));
  session.AdvanceTo(At(10, 0, 0, 0, 3));
  EXPECT_EQ(session.state().state, State::kSuspended);
}

}  // namespace
}  // namespace ttx::auction
