#include "services/disclosure/domain/notice.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "services/disclosure/domain/dossier.h"
#include "services/disclosure/domain/testing.h"

namespace ttx::disclosure {
namespace {

using testing::At;
using testing::CalendarOf;
using testing::Day;
using testing::Published;

const Time kPublish = At("2026-11-23", 10);  // a Monday

PublishNotice Result5() {
  DealFacts facts;
  facts.deal = "deals/d1";
  facts.listing = "listings/l1";
  facts.title = "一种电池";
  facts.seller_legal_name = "南京大学";
  facts.buyer_legal_name = "江苏某某有限公司";
  facts.price = {106'000'000};
  facts.ip_numbers = {"ZL202310000001.1"};
  PublishNotice command;
  command.id = {"n1"};
  command.type = NoticeType::kN7;
  command.subject = {"organizations/x", "", "listings/l1", "deals/d1"};
  command.position = 1;
  command.window_days = 5;
  command.content = Canonical(NoticeContent(ContentOf(facts), command, Published(), kPublish));
  command.content_hash = std::string(32, 'c');
  command.log_hash = std::string(32, 'l');
  return command;
}

Notice Open() { return Decide(Result5(), Published(), kPublish).next; }

Notice Suspended() {
  Notice notice = Decide(Open(), AddObjection{}, kPublish + Hours(1)).value().next;
  return Decide(notice, AcceptOne{}, Published(), At("2026-11-25", 9)).next;  // Wed, Thu, Fri remain
}

Notice Standing() {
  PublishNotice command = Result5();
  command.window_days = 0;
  return Decide(command, Published(), kPublish).next;
}

Notice Ended() { return Decide(Open(), EndWindow{}, Published(), At("2026-11-28", 0)).next; }

Notice SetAside() {
  return Decide(Suspended(), CloseOne{true, ObjectionOutcome::kUpheld}, Published(), At("2026-11-26", 9))
      .next;
}

Notice CorrectedOne() {
  Notice notice = Open();
  notice = Decide(notice, RequestCorrection{{{{"title", "一种锂电池"}}, "笔误", "people/a"}}, kPublish)
               .value()
               .next;
  return Decide(notice, ApproveCorrection{{"n2"}, "people/b"}, kPublish).value().next;
}

std::vector<Notice> EveryState() {
  return {Standing(), Open(), Suspended(), Ended(), SetAside(), CorrectedOne()};
}

TEST(Notice, EveryStateHoldsItsInvariants) {
  const NoticeState states[] = {NoticeState::kStanding, NoticeState::kOpen,     NoticeState::kSuspended,
                                NoticeState::kEnded,    NoticeState::kSetAside, NoticeState::kCorrected};
  for (size_t i = 0; i < EveryState().size(); ++i) {
    EXPECT_EQ(EveryState()[i].state, states[i]);
    EXPECT_EQ(Check(EveryState()[i]), std::nullopt);
  }
}

// State x command: nullopt = the command is taken.
TEST(Notice, StateCommandTable) {
  using Answer = std::optional<Reason>;
  const auto wrong = Answer(Reason::kWRONG_STATE);
  const Time now = At("2026-11-24", 9);
  const auto reason = [](const Result<NoticeDecision>& result) {
    return result.ok() ? Answer() : Answer(result.error().reason);
  };
  // STANDING, OPEN, SUSPENDED, ENDED, SET_ASIDE, CORRECTED
  const Answer add[] = {wrong, {}, {}, Reason::kOBJECTION_LATE, wrong, wrong};
  const Answer request[] = {{}, {}, Reason::kOBJECTION_OPEN, {}, {}, wrong};
  const Answer approve[] = {Reason::kNOT_REQUESTED, Reason::kNOT_REQUESTED, Reason::kNOT_REQUESTED,
                            Reason::kNOT_REQUESTED, Reason::kNOT_REQUESTED, wrong};
  const std::vector<Notice> states = EveryState();
  for (size_t i = 0; i < states.size(); ++i) {
    EXPECT_EQ(reason(Decide(states[i], AddObjection{}, now)), add[i]) << StateName(states[i].state);
    EXPECT_EQ(reason(Decide(states[i], RequestCorrection{{{{"title", "新"}}, "因", "people/a"}}, now)),
              request[i])
        << StateName(states[i].state);
    EXPECT_EQ(reason(Decide(states[i], ApproveCorrection{{"n2"}, "people/b"}, now)), approve[i])
        << StateName(states[i].state);
    // A timer never changes anything before the end, and only an open window ever ends by it.
    EXPECT_TRUE(Decide(states[i], EndWindow{}, Published(), now).events.empty())
        << StateName(states[i].state);
    const NoticeDecision late = Decide(states[i], EndWindow{}, Published(), At("2026-12-20", 0));
    EXPECT_EQ(late.next.state == NoticeState::kEnded,
              states[i].state == NoticeState::kOpen || states[i].state == NoticeState::kEnded);
    EXPECT_EQ(late.events.size(), states[i].state == NoticeState::kOpen ? 1u : 0u);
  }
}

TEST(Notice, TheWindowEndsAtTheEndOfItsLastDayAndNotBefore) {
  const Time end = EndOfDay(Day("2026-11-27"));
  EXPECT_EQ(Open().window.end, end);
  EXPECT_TRUE(Decide(Open(), EndWindow{}, Published(), end - Nanoseconds(1)).events.empty());
  EXPECT_EQ(Decide(Open(), EndWindow{}, Published(), end).next.state, NoticeState::kEnded);
  EXPECT_TRUE(Decide(Open(), AddObjection{}, end - Nanoseconds(1)).ok());
  const auto late = Decide(Open(), AddObjection{}, end);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().reason, Reason::kOBJECTION_LATE);
  EXPECT_EQ(late.error().metadata.at("window_end_time"), "2026-11-27T16:00:00Z");
}

TEST(Notice, AnAcceptedObjectionStopsTheWindowAndItsRejectionGivesTheRestBack) {
  const Notice suspended = Suspended();
  EXPECT_EQ(suspended.remaining_days, 3);
  EXPECT_TRUE(Decide(suspended, EndWindow{}, Published(), At("2027-06-01", 0)).events.empty());
  const Notice resumed =
      Decide(suspended, CloseOne{true, ObjectionOutcome::kRejected}, Published(), At("2026-12-04", 15)).next;
  EXPECT_EQ(resumed.state, NoticeState::kOpen);
  EXPECT_EQ(resumed.window.end, EndOfDay(Day("2026-12-09")));  // 7, 8 and 9 December
  EXPECT_EQ(Check(resumed), std::nullopt);
}

TEST(Notice, AFiledObjectionHoldsTheEndAndItsDismissalEndsAWindowThatIsOver) {
  const Notice filed = Decide(Open(), AddObjection{}, At("2026-11-27", 23)).value().next;
  EXPECT_TRUE(Decide(filed, EndWindow{}, Published(), At("2026-11-30", 9)).events.empty());
  const CloseOne dismissed{false, ObjectionOutcome::kDismissed};
  EXPECT_EQ(Decide(filed, dismissed, Published(), At("2026-11-27", 23)).next.state, NoticeState::kOpen);
  EXPECT_EQ(Decide(filed, dismissed, Published(), At("2026-11-30", 9)).next.state, NoticeState::kEnded);
  // Accepted after the window was over: one more working day follows its rejection.
  const Notice accepted = Decide(filed, AcceptOne{}, Published(), At("2026-11-30", 9)).next;
  EXPECT_EQ(accepted.remaining_days, 1);
  const Notice resumed =
      Decide(accepted, CloseOne{true, ObjectionOutcome::kRejected}, Published(), At("2026-12-04", 9)).next;
  EXPECT_EQ(resumed.window.end, EndOfDay(Day("2026-12-07")));
}

TEST(Notice, TheLastOfSeveralObjectionsResumesTheWindow) {
  Notice notice = Decide(Suspended(), AddObjection{}, At("2026-11-26", 9)).value().next;
  notice = Decide(notice, AcceptOne{}, Published(), At("2026-11-27", 9)).next;
  EXPECT_EQ(notice.remaining_days, 3);  // as of the first suspension
  notice =
      Decide(notice, CloseOne{true, ObjectionOutcome::kWithdrawn}, Published(), At("2026-11-30", 9)).next;
  EXPECT_EQ(notice.state, NoticeState::kSuspended);
  notice =
      Decide(notice, CloseOne{true, ObjectionOutcome::kRejected}, Published(), At("2026-11-30", 10)).next;
  EXPECT_EQ(notice.state, NoticeState::kOpen);
  EXPECT_EQ(notice.window.end, EndOfDay(Day("2026-12-03")));
}

TEST(Notice, AnUpheldObjectionEndsItForGood) {
  Notice notice = SetAside();
  EXPECT_TRUE(Decide(notice, EndWindow{}, Published(), At("2027-01-10", 0)).events.empty());
  EXPECT_EQ(Decide(notice, AddObjection{}, At("2026-11-26", 10)).error().reason, Reason::kWRONG_STATE);
}

TEST(Notice, AProvisionalEndIsNotAnEnd) {
  PublishNotice command = Result5();
  const Notice notice = Decide(command, Published(), At("2026-12-30", 9)).next;
  EXPECT_TRUE(notice.window.provisional);
  const Time after = At("2027-01-06", 9);
  EXPECT_EQ(Decide(notice, EndWindow{}, Published(), after).next.state, NoticeState::kOpen);
  EXPECT_EQ(NextLook(notice, after), std::optional(after + Hours(24)));
  // The table arrives and moves the end to the 6th.
  const Calendar known = CalendarOf({2025, 2026, 2027});
  const NoticeDecision moved = Decide(notice, EndWindow{}, known, after);
  EXPECT_EQ(moved.next.state, NoticeState::kOpen);
  EXPECT_EQ(moved.next.window.end, EndOfDay(Day("2027-01-06")));
  EXPECT_EQ(Decide(moved.next, EndWindow{}, known, EndOfDay(Day("2027-01-06"))).next.state,
            NoticeState::kEnded);
}

TEST(Notice, AnExtensionOnlyLengthens) {
  PublishNotice command = Result5();
  command.type = NoticeType::kN3;
  command.window_days = 0;
  command.window_end = At("2026-12-18", 17);
  const Notice notice = Decide(command, Published(), kPublish).next;
  EXPECT_EQ(notice.window.end, At("2026-12-18", 17));
  EXPECT_TRUE(Decide(notice, ExtendWindow{At("2026-12-01", 17)}, Published(), kPublish).events.empty());
  EXPECT_EQ(Decide(notice, ExtendWindow{At("2026-12-25", 17)}, Published(), kPublish).next.window.end,
            At("2026-12-25", 17));
  EXPECT_TRUE(
      Decide(Ended(), ExtendWindow{At("2026-12-25", 17)}, Published(), At("2026-12-01", 9)).events.empty());
}

TEST(Notice, CorrectionsNeedTwoPersonsAndTouchNoIdentity) {
  const auto request = [](std::vector<Replacement> replacements) {
    return Decide(Open(), RequestCorrection{{std::move(replacements), "笔误", "people/a"}}, kPublish);
  };
  const Notice requested = request({{"title", "一种锂电池"}, {"price_fen", "107000000"}}).value().next;
  EXPECT_EQ(Decide(requested, ApproveCorrection{{"n2"}, "people/a"}, kPublish).error().reason,
            Reason::kSAME_PERSON);
  const Content content = Corrected(*ParseContent(requested.content), *requested.correction).value();
  EXPECT_EQ(TextOf(content, "title"), "一种锂电池");
  EXPECT_EQ(std::get<int64_t>(content.at("price_fen")), 107'000'000);
  EXPECT_EQ(TextOf(content, "correction_reason"), "笔误");

  const auto violation = [&](std::vector<Replacement> replacements) {
    return request(std::move(replacements)).error().violations.at(0);
  };
  EXPECT_EQ(violation({}), (FieldViolation{"replacements", Reason::kREQUIRED, ""}));
  for (const char* key : {"deal", "type", "position", "ip_numbers", "no_such_key", "window_end_time"}) {
    EXPECT_EQ(violation({{key, "x"}}), (FieldViolation{"replacements[0].key", Reason::kUNKNOWN_VALUE, ""}))
        << key;
  }
  EXPECT_EQ(violation({{"title", "一"}, {"title", "二"}}).field, "replacements[1].key");
  EXPECT_EQ(violation({{"price_fen", "1e6"}}).reason, Reason::kBAD_FORMAT);
  EXPECT_EQ(violation({{"price_fen", "-1"}}).reason, Reason::kOUT_OF_RANGE);
  EXPECT_EQ(violation({{"title", ""}}).reason, Reason::kREQUIRED);
}

RC_GTEST_PROP(Notice, FoldingTheEventsGivesTheStateAndD4D5Hold, ()) {
  std::vector<NoticeEvent> log;
  Time now = kPublish;
  NoticeDecision decision = Decide(Result5(), Published(), now);
  Notice notice = decision.next;
  log = decision.events;
  const Time first_end = notice.window.end;
  const int steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) {
    now = now + Minutes(*rc::gen::inRange(1, 60 * 60));
    switch (*rc::gen::inRange(0, 5)) {
      case 0: {
        const auto added = Decide(notice, AddObjection{}, now);
        decision = added.ok() ? *added : NoticeDecision{notice, {}};
        break;
      }
      case 1:
        decision =
            notice.filed > 0 ? Decide(notice, AcceptOne{}, Published(), now) : NoticeDecision{notice, {}};
        break;
      case 2:
        decision = notice.filed > 0
                       ? Decide(notice, CloseOne{false, ObjectionOutcome::kDismissed}, Published(), now)
                       : NoticeDecision{notice, {}};
        break;
      case 3:
        decision = notice.accepted > 0
                       ? Decide(notice, CloseOne{true, ObjectionOutcome::kRejected}, Published(), now)
                       : NoticeDecision{notice, {}};
        break;
      default:
        decision = Decide(notice, EndWindow{}, Published(), now);
    }
    if (decision.next.state == NoticeState::kEnded) {
      RC_ASSERT(now >= first_end);                  // D4
      RC_ASSERT(!HasOpenObjection(decision.next));  // D5
    }
    notice = decision.next;
    log.insert(log.end(), decision.events.begin(), decision.events.end());
    RC_ASSERT(Check(notice) == std::nullopt);
  }
  Notice folded;
  for (const NoticeEvent& event : log) folded = Apply(folded, event);
  RC_ASSERT(folded == notice);
}

}  // namespace
}  // namespace ttx::disclosure
