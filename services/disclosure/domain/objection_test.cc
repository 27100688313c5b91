#include "services/disclosure/domain/objection.h"

#include <gtest/gtest.h>

#include "services/disclosure/domain/limits.h"
#include "services/disclosure/domain/testing.h"

namespace ttx::disclosure {
namespace {

using testing::At;
using testing::Day;
using testing::Published;

const Time kFile = At("2026-11-24", 9);

FileObjection File() {
  FileObjection command;
  command.id = {"o1"};
  command.notice = {"n1"};
  command.subject = {"organizations/x", "", "listings/l1", "deals/d1"};
  command.objector = "organizations/rival";
  command.person = "people/objector";
  command.real_name = "李四";
  command.cause = ObjectionCause::kOwnership;
  command.statement = "权属有争议";
  command.evidence = {std::string(32, 'e')};
  return command;
}

Objection Filed() { return Decide(File(), kFile).value().next; }
Objection Accepted() {
  return Decide(Filed(), AcceptObjection{"people/clerk"}, Published(), kFile).value().next;
}
Objection Reviewed() {
  return Decide(Accepted(), ReviewObjection{"people/clerk", "答复"}, kFile).value().next;
}
Objection Proposed(ObjectionState decision) {
  return Decide(Reviewed(), ProposeDecision{{decision, "理由", "people/clerk"}}, kFile).value().next;
}
Objection Decided(ObjectionState decision) {
  return Decide(Proposed(decision), ConfirmDecision{"people/officer", decision}, Published(), kFile)
      .value()
      .next;
}

std::vector<Objection> EveryState() {
  FileObjection late = File();
  late.late = true;
  const Objection rejected = Decided(ObjectionState::kRejected);
  return {Filed(),
          Accepted(),
          Decide(Filed(), DismissObjection{"people/officer", "形式不符"}, kFile).value().next,
          Reviewed(),
          Proposed(ObjectionState::kRejected),
          Decided(ObjectionState::kUpheld),
          rejected,
          Decide(Filed(), WithdrawObjection{"people/objector"}, kFile).value().next,
          Decide(rejected, EscalateObjection{"people/objector"}, kFile).value().next,
          Decide(late, kFile).value().next};
}

// domain.md 8.2 as a table: the state after the command, or nothing when it is WRONG_STATE (or the reason
// below).
TEST(Objection, StateCommandTable) {
  using S = ObjectionState;
  struct Row {
    S state;
    std::optional<S> accept, dismiss, review, propose, confirm, withdraw, escalate;
  };
  const std::optional<S> no;
  const Row rows[] = {
      {S::kFiled, S::kAccepted, S::kDismissed, no, no, no, S::kWithdrawn, no},
      {S::kAccepted, no, no, S::kUnderReview, no, no, S::kWithdrawn, no},
      {S::kDismissed, no, no, no, no, no, no, no},
      {S::kUnderReview, no, no, no, S::kUnderReview, no, S::kWithdrawn, no},  // confirm: NOT_REQUESTED
      {S::kUnderReview, no, no, no, S::kUnderReview, S::kRejected, S::kWithdrawn, no},
      {S::kUpheld, no, no, no, no, no, no, no},
      {S::kRejected, no, no, no, no, no, no, S::kEscalated},
      {S::kWithdrawn, no, no, no, no, no, no, no},
      {S::kEscalated, no, no, no, no, no, no, no},
      {S::kLate, no, no, no, no, no, no, no},
  };
  const std::vector<Objection> states = EveryState();
  ASSERT_EQ(states.size(), std::size(rows));
  for (size_t i = 0; i < states.size(); ++i) {
    const Objection& state = states[i];
    SCOPED_TRACE(StateName(state.state));
    EXPECT_EQ(state.state, rows[i].state);
    EXPECT_EQ(Check(state), std::nullopt);
    const auto expect = [&](const Result<ObjectionDecision>& result, std::optional<S> next,
                            const char* command) {
      SCOPED_TRACE(command);
      ASSERT_EQ(result.ok(), next.has_value());
      if (next) {
        EXPECT_EQ(result->next.state, *next);
        EXPECT_EQ(Check(result->next), std::nullopt);
        Objection folded = state;
        for (const ObjectionEvent& event : result->events) folded = Apply(folded, event);
        EXPECT_EQ(folded, result->next);
      } else if (i == 3 && std::string_view(command) == "confirm") {
        EXPECT_EQ(result.error().reason, Reason::kNOT_REQUESTED);
      } else {
        EXPECT_EQ(result.error().reason, Reason::kWRONG_STATE);
      }
    };
    expect(Decide(state, AcceptObjection{"people/p"}, Published(), kFile), rows[i].accept, "accept");
    expect(Decide(state, DismissObjection{"people/p", "因"}, kFile), rows[i].dismiss, "dismiss");
    expect(Decide(state, ReviewObjection{"people/p", ""}, kFile), rows[i].review, "review");
    expect(Decide(state, ProposeDecision{{S::kUpheld, "因", "people/p"}}, kFile), rows[i].propose, "propose");
    expect(Decide(state, ConfirmDecision{"people/p", S::kRejected}, Published(), kFile), rows[i].confirm,
           "confirm");
    expect(Decide(state, WithdrawObjection{"people/p"}, kFile), rows[i].withdraw, "withdraw");
    expect(Decide(state, EscalateObjection{"people/p"}, kFile), rows[i].escalate, "escalate");
  }
}

TEST(Objection, TwoPersonsDecideAndNeitherFiledIt) {
  const auto reason = [](const Result<ObjectionDecision>& result) { return result.error().reason; };
  const Objection proposed = Proposed(ObjectionState::kUpheld);
  const auto confirm = [&](std::string person, ObjectionState decision) {
    return Decide(proposed, ConfirmDecision{std::move(person), decision}, Published(), kFile);
  };
  EXPECT_EQ(reason(confirm("people/clerk", ObjectionState::kUpheld)), Reason::kSAME_PERSON);
  EXPECT_EQ(reason(confirm("people/objector", ObjectionState::kUpheld)), Reason::kSAME_PERSON);
  EXPECT_EQ(reason(confirm("people/clerk", ObjectionState::kRejected)), Reason::kPROPOSAL_DIFFERS);
  EXPECT_EQ(reason(confirm("people/officer", ObjectionState::kFiled)), Reason::kINVALID_FIELD);
  EXPECT_EQ(
      reason(Decide(Reviewed(), ProposeDecision{{ObjectionState::kUpheld, "因", "people/objector"}}, kFile)),
      Reason::kSAME_PERSON);
  // A new proposal replaces the old one; its person is then the first of the two.
  const Objection again =
      Decide(proposed, ProposeDecision{{ObjectionState::kRejected, "新", "people/officer"}}, kFile)
          .value()
          .next;
  EXPECT_EQ(
      reason(Decide(again, ConfirmDecision{"people/officer", ObjectionState::kRejected}, Published(), kFile)),
      Reason::kSAME_PERSON);
  EXPECT_TRUE(
      Decide(again, ConfirmDecision{"people/clerk", ObjectionState::kRejected}, Published(), kFile).ok());
}

TEST(Objection, DeadlinesFollowTheCalendar) {
  EXPECT_EQ(Accepted().answer_due.date, Day("2026-11-27"));
  const Objection rejected = Decided(ObjectionState::kRejected);
  EXPECT_EQ(rejected.appeal_until.date, Day("2026-12-04"));
  const Time end = rejected.appeal_until.end();
  EXPECT_TRUE(Decide(rejected, EscalateObjection{"people/objector"}, end - Nanoseconds(1)).ok());
  EXPECT_EQ(Decide(rejected, EscalateObjection{"people/objector"}, end).error().reason, Reason::kAPPEAL_LATE);
}

TEST(Objection, BadInputNamesTheField) {
  const auto violation = [](auto change) {
    FileObjection command = File();
    change(command);
    return Decide(command, kFile).error().violations.at(0);
  };
  const std::string digest(32, 'x');
  EXPECT_EQ(violation([](auto& c) { c.real_name = ""; }).field, "real_name");
  EXPECT_EQ(violation([](auto& c) { c.real_name = "李"; }).reason, Reason::kREQUIRED);
  EXPECT_EQ(violation([](auto& c) { c.real_name = std::string(65, 'a'); }).reason, Reason::kTOO_LONG);
  EXPECT_EQ(violation([](auto& c) { c.cause = ObjectionCause::kNone; }).field, "cause");
  EXPECT_EQ(violation([](auto& c) { c.statement = "\u202E"; }).reason, Reason::kBAD_TEXT);
  EXPECT_EQ(violation([](auto& c) { c.statement = std::string(kMaxStatementChars + 1, 'a'); }).field,
            "statement");
  EXPECT_EQ(violation([](auto& c) { c.evidence.clear(); }).reason, Reason::kREQUIRED);
  EXPECT_EQ(violation([](auto& c) { c.evidence.push_back("short"); }).field, "evidence_digests[1]");
  EXPECT_EQ(violation([&](auto& c) { c.evidence.assign(2, digest); }).reason, Reason::kDUPLICATE);
  EXPECT_EQ(violation([&](auto& c) { c.evidence.assign(kMaxEvidence + 1, digest); }).reason,
            Reason::kTOO_MANY);
  EXPECT_EQ(Decide(Filed(), DismissObjection{"people/p", ""}, kFile).error().violations.at(0).field,
            "reason");
}

}  // namespace
}  // namespace ttx::disclosure
