#include "services/disclosure/domain/objection.h"

#include <algorithm>

#include "libs/core/text.h"
#include "services/disclosure/domain/limits.h"

namespace ttx::disclosure {
namespace {

constexpr size_t kDigestBytes = 32;

ObjectionDecision Record(Objection state, decltype(ObjectionEvent::payload) payload, Time now) {
  ObjectionEvent event{now, std::move(payload)};
  Objection next = Apply(std::move(state), event);
  return {std::move(next), {std::move(event)}};
}

Error WrongState(const Objection& objection, std::string_view command) {
  return Error(Reason::kWRONG_STATE, {{"resource", NameOf(objection.id)},
                                      {"state", std::string(StateName(objection.state))},
                                      {"command", std::string(command)}});
}

Status CheckDecision(ObjectionState decision) {
  if (decision == ObjectionState::kUpheld || decision == ObjectionState::kRejected) return {};
  return InvalidField("decision", Reason::kUNKNOWN_VALUE, "UPHELD, REJECTED");
}

Objection Applied(Objection, const ObjectionFiled& event, Time) { return event.objection; }

Objection Applied(Objection state, const ObjectionMoved& event, Time time) {
  state.state = event.state;
  switch (event.state) {
    case ObjectionState::kAccepted:
      state.answer_due = event.due;
      break;
    case ObjectionState::kUnderReview:
      state.answer = event.text;
      break;
    case ObjectionState::kDismissed:
      state.dismissal_reason = event.text;
      state.decided_by = event.person;
      state.close_time = time;
      break;
    case ObjectionState::kUpheld:
    case ObjectionState::kRejected:
      state.decided_by = event.person;
      state.appeal_until = event.due;
      state.close_time = time;
      break;
    case ObjectionState::kWithdrawn:
      state.close_time = time;
      break;
    case ObjectionState::kFiled:
    case ObjectionState::kEscalated:
    case ObjectionState::kLate:
      break;
  }
  return state;
}

Objection Applied(Objection state, const DecisionProposed& event, Time) {
  state.proposal = event.proposal;
  return state;
}

}  // namespace

std::string NameOf(const ObjectionId& id) { return "objections/" + id.text; }

std::string_view StateName(ObjectionState state) {
  switch (state) {
    case ObjectionState::kFiled:
      return "FILED";
    case ObjectionState::kAccepted:
      return "ACCEPTED";
    case ObjectionState::kDismissed:
      return "DISMISSED";
    case ObjectionState::kUnderReview:
      return "UNDER_REVIEW";
    case ObjectionState::kUpheld:
      return "UPHELD";
    case ObjectionState::kRejected:
      return "REJECTED";
    case ObjectionState::kWithdrawn:
      return "WITHDRAWN";
    case ObjectionState::kEscalated:
      return "ESCALATED";
    case ObjectionState::kLate:
      return "LATE";
  }
  TTX_CHECK(false, "unreachable");
}

bool IsAccepted(ObjectionState state) {
  return state == ObjectionState::kAccepted || state == ObjectionState::kUnderReview;
}

bool IsOpen(ObjectionState state) { return state == ObjectionState::kFiled || IsAccepted(state); }

Status CheckFields(const FileObjection& command) {
  TTX_RETURN_IF_ERROR(CheckText(command.real_name, 2, kMaxRealNameChars, "real_name"));
  if (command.cause == ObjectionCause::kNone) return InvalidField("cause", Reason::kREQUIRED);
  TTX_RETURN_IF_ERROR(CheckText(command.statement, 1, kMaxStatementChars, "statement", Lines::kMultiple));
  if (command.evidence.empty()) return InvalidField("evidence_digests", Reason::kREQUIRED, "1..20");
  if (command.evidence.size() > kMaxEvidence) {
    return InvalidField("evidence_digests", Reason::kTOO_MANY, std::to_string(kMaxEvidence));
  }
  for (size_t i = 0; i < command.evidence.size(); ++i) {
    const std::string field = "evidence_digests[" + std::to_string(i) + "]";
    if (command.evidence[i].size() != kDigestBytes) {
      return InvalidField(field, Reason::kBAD_FORMAT, "64 hexadecimal digits");
    }
    if (std::count(command.evidence.begin(), command.evidence.end(), command.evidence[i]) > 1) {
      return InvalidField(field, Reason::kDUPLICATE);
    }
  }
  return {};
}

Status CheckFields(const DismissObjection& command) {
  return CheckText(command.reason, 1, kMaxReasonChars, "reason", Lines::kMultiple);
}

Status CheckFields(const ReviewObjection& command) {
  return CheckText(command.answer, 0, kMaxStatementChars, "answer", Lines::kMultiple);
}

Status CheckFields(const ProposeDecision& command) {
  TTX_RETURN_IF_ERROR(CheckDecision(command.proposal.decision));
  return CheckText(command.proposal.reasons, 1, kMaxStatementChars, "reasons", Lines::kMultiple);
}

Status CheckFields(const ConfirmDecision& command) { return CheckDecision(command.decision); }

Result<ObjectionDecision> Decide(const FileObjection& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckFields(command));
  Objection objection;
  objection.id = command.id;
  objection.state = command.late ? ObjectionState::kLate : ObjectionState::kFiled;
  objection.notice = command.notice;
  objection.subject = command.subject;
  objection.objector = command.objector;
  objection.person = command.person;
  objection.real_name = command.real_name;
  objection.cause = command.cause;
  objection.statement = command.statement;
  objection.evidence = command.evidence;
  objection.create_time = now;
  return Record({}, ObjectionFiled{std::move(objection)}, now);
}

Result<ObjectionDecision> Decide(const Objection& state, const AcceptObjection& command,
                                 const Calendar& calendar, Time now) {
  if (state.state != ObjectionState::kFiled) return WrongState(state, "AcceptObjection");
  const LegalDate due = calendar.DeadlineWorkdays(DateInShanghai(now), kAnswerWorkdays);
  return Record(state, ObjectionMoved{ObjectionState::kAccepted, command.person, "", due}, now);
}

Result<ObjectionDecision> Decide(const Objection& state, const DismissObjection& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckFields(command));
  if (state.state != ObjectionState::kFiled) return WrongState(state, "DismissObjection");
  return Record(state, ObjectionMoved{ObjectionState::kDismissed, command.person, command.reason, {}}, now);
}

Result<ObjectionDecision> Decide(const Objection& state, const ReviewObjection& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckFields(command));
  if (state.state != ObjectionState::kAccepted) return WrongState(state, "ReviewObjection");
  return Record(state, ObjectionMoved{ObjectionState::kUnderReview, command.person, command.answer, {}}, now);
}

Result<ObjectionDecision> Decide(const Objection& state, const ProposeDecision& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckFields(command));
  if (state.state != ObjectionState::kUnderReview) return WrongState(state, "ProposeDecision");
  if (command.proposal.person == state.person) return Error(Reason::kSAME_PERSON);
  return Record(state, DecisionProposed{command.proposal}, now);
}

Result<ObjectionDecision> Decide(const Objection& state, const ConfirmDecision& command,
                                 const Calendar& calendar, Time now) {
  TTX_RETURN_IF_ERROR(CheckFields(command));
  if (state.state != ObjectionState::kUnderReview) return WrongState(state, "ConfirmDecision");
  if (!state.proposal) return Error(Reason::kNOT_REQUESTED, {{"command", "ConfirmDecision"}});
  if (state.proposal->decision != command.decision) {
    return Error(Reason::kPROPOSAL_DIFFERS, {{"proposed", std::string(StateName(state.proposal->decision))}});
  }
  if (command.person == state.proposal->person || command.person == state.person)
    return Error(Reason::kSAME_PERSON);
  const LegalDate appeal = calendar.DeadlineNatural(DateInShanghai(now), kAppealDays);
  return Record(state, ObjectionMoved{command.decision, command.person, "", appeal}, now);
}

Result<ObjectionDecision> Decide(const Objection& state, const WithdrawObjection& command, Time now) {
  if (!IsOpen(state.state)) return WrongState(state, "WithdrawObjection");
  return Record(state, ObjectionMoved{ObjectionState::kWithdrawn, command.person, "", {}}, now);
}

Result<ObjectionDecision> Decide(const Objection& state, const EscalateObjection& command, Time now) {
  if (state.state != ObjectionState::kRejected) return WrongState(state, "EscalateObjection");
  // A provisional day may only move to a later one, so nobody is late by a guess.
  if (now >= state.appeal_until.end() && !state.appeal_until.provisional) {
    return Error(Reason::kAPPEAL_LATE, {{"appeal_end_time", FormatTime(state.appeal_until.end())}});
  }
  return Record(state, ObjectionMoved{ObjectionState::kEscalated, command.person, "", {}}, now);
}

Objection Apply(Objection state, const ObjectionEvent& event) {
  const int64_t revision = state.revision;
  state = std::visit([&](const auto& payload) { return Applied(std::move(state), payload, event.time); },
                     event.payload);
  state.revision = revision + 1;
  state.update_time = event.time;
  return state;
}

std::optional<std::string> Check(const Objection& objection) {
  const auto fail = [&](const char* what) { return std::optional(NameOf(objection.id) + ": " + what); };
  if (objection.real_name.empty() || objection.evidence.empty()) return fail("no name or no evidence");
  const bool decided = objection.state == ObjectionState::kUpheld ||
                       objection.state == ObjectionState::kRejected ||
                       objection.state == ObjectionState::kEscalated;
  if (decided) {
    if (!objection.proposal) return fail("decided without a proposal");
    if (objection.proposal->person == objection.decided_by) return fail("decided by one person");
    const bool upheld = objection.proposal->decision == ObjectionState::kUpheld;
    if (upheld != (objection.state == ObjectionState::kUpheld))
      return fail("decided otherwise than proposed");
  }
  const bool closed = decided || objection.state == ObjectionState::kDismissed ||
                      objection.state == ObjectionState::kWithdrawn;
  if (closed != static_cast<bool>(objection.close_time)) return fail("a close without a time");
  return std::nullopt;
}

}  // namespace ttx::disclosure
