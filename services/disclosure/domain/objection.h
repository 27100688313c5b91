#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/core/calendar.h"
#include "libs/core/id.h"
#include "libs/core/result.h"
#include "services/disclosure/domain/notice.h"

namespace ttx::disclosure {

using ObjectionId = Id<struct ObjectionTag>;

/// Where an objection stands (domain.md 8.2); the numbers are stored.
enum class ObjectionState {
  kFiled = 1,
  kAccepted = 2,
  kDismissed = 3,
  kUnderReview = 4,
  kUpheld = 5,
  kRejected = 6,
  kWithdrawn = 7,
  kEscalated = 8,
  kLate = 9,
};

/// What it is about (domain.md 8.2); the numbers are stored.
enum class ObjectionCause {
  kNone = 0,
  kOwnership = 1,
  kInventorship = 2,
  kPriceTooLow = 3,
  kRelatedParty = 4,
  kSecrecy = 5,
  kInfringement = 6,
  kProcedure = 7,
  kQualification = 8,
  kFalseInfo = 9,
};

/// A decision that waits for its second person, then the decision itself.
struct Proposal {
  ObjectionState decision = ObjectionState::kRejected;  // UPHELD or REJECTED
  std::string reasons;
  std::string person;
  bool operator==(const Proposal&) const = default;
};

/// An objection (异议). Names a person, so it is never public.
struct Objection {
  ObjectionId id;
  ObjectionState state = ObjectionState::kFiled;
  NoticeId notice;
  Subject subject;
  std::string objector;  // "organizations/{id}"
  std::string person;    // "people/{id}" who filed it
  std::string real_name;
  ObjectionCause cause = ObjectionCause::kNone;
  std::string statement;
  std::vector<std::string> evidence;  // SHA-256, 32 bytes each
  std::string answer;
  LegalDate answer_due;
  std::optional<Proposal> proposal;
  std::string decided_by;
  std::string dismissal_reason;
  LegalDate appeal_until;
  Time close_time;
  Time create_time;
  Time update_time;
  int64_t revision = 0;

  bool operator==(const Objection&) const = default;
};

// --- Events ------------------------------------------------------------------------------------------------

struct ObjectionFiled {
  Objection objection;
  bool operator==(const ObjectionFiled&) const = default;
};
/// A step to another state. What `text` and `due` mean follows from it: the reason of a dismissal, the
/// respondent's answer; when the answer is due, until when an appeal lies.
struct ObjectionMoved {
  ObjectionState state;
  std::string person;
  std::string text;
  LegalDate due;
  bool operator==(const ObjectionMoved&) const = default;
};
struct DecisionProposed {
  Proposal proposal;
  bool operator==(const DecisionProposed&) const = default;
};

struct ObjectionEvent {
  Time time;
  std::variant<ObjectionFiled, ObjectionMoved, DecisionProposed> payload;
  bool operator==(const ObjectionEvent&) const = default;
};

// --- Commands ----------------------------------------------------------------------------------------------

struct FileObjection {
  ObjectionId id;
  NoticeId notice;
  Subject subject;
  std::string objector;
  std::string person;
  std::string real_name;
  ObjectionCause cause = ObjectionCause::kNone;
  std::string statement;
  std::vector<std::string> evidence;  // 32 bytes each
  bool late = false;                  // filed after the window: recorded as LATE
};
struct AcceptObjection {
  std::string person;
};
struct DismissObjection {
  std::string person;
  std::string reason;
};
struct ReviewObjection {
  std::string person;
  std::string answer;
};
struct ProposeDecision {
  Proposal proposal;
};
struct ConfirmDecision {
  std::string person;
  ObjectionState decision = ObjectionState::kRejected;
};
struct WithdrawObjection {
  std::string person;
};
struct EscalateObjection {
  std::string person;
};

struct ObjectionDecision {
  Objection next;
  std::vector<ObjectionEvent> events;
};

/// INVALID_FIELD for the first field, in the order of the request, that cannot be taken.
Status CheckFields(const FileObjection& command);
Status CheckFields(const DismissObjection& command);
Status CheckFields(const ReviewObjection& command);
Status CheckFields(const ProposeDecision& command);
Status CheckFields(const ConfirmDecision& command);

/// Each is total: every state answers; reasons in order of precedence.
/// INVALID_FIELD.
Result<ObjectionDecision> Decide(const FileObjection& command, Time now);
/// FILED -> ACCEPTED. WRONG_STATE.
Result<ObjectionDecision> Decide(const Objection& state, const AcceptObjection& command,
                                 const Calendar& calendar, Time now);
/// FILED -> DISMISSED. INVALID_FIELD, WRONG_STATE.
Result<ObjectionDecision> Decide(const Objection& state, const DismissObjection& command, Time now);
/// ACCEPTED -> UNDER_REVIEW. INVALID_FIELD, WRONG_STATE.
Result<ObjectionDecision> Decide(const Objection& state, const ReviewObjection& command, Time now);
/// UNDER_REVIEW stays. INVALID_FIELD, WRONG_STATE, SAME_PERSON (as the objector's).
Result<ObjectionDecision> Decide(const Objection& state, const ProposeDecision& command, Time now);
/// UNDER_REVIEW -> UPHELD | REJECTED. INVALID_FIELD, WRONG_STATE, NOT_REQUESTED, PROPOSAL_DIFFERS,
/// SAME_PERSON.
Result<ObjectionDecision> Decide(const Objection& state, const ConfirmDecision& command,
                                 const Calendar& calendar, Time now);
/// FILED | ACCEPTED | UNDER_REVIEW -> WITHDRAWN. WRONG_STATE.
Result<ObjectionDecision> Decide(const Objection& state, const WithdrawObjection& command, Time now);
/// REJECTED -> ESCALATED. WRONG_STATE, APPEAL_LATE.
Result<ObjectionDecision> Decide(const Objection& state, const EscalateObjection& command, Time now);

[[nodiscard]] Objection Apply(Objection state, const ObjectionEvent& event);
std::optional<std::string> Check(const Objection& objection);

/// FILED, ACCEPTED or UNDER_REVIEW: it blocks whatever would follow from its notice.
bool IsOpen(ObjectionState state);
/// ACCEPTED or UNDER_REVIEW: the window stands still.
bool IsAccepted(ObjectionState state);
std::string_view StateName(ObjectionState state);
std::string NameOf(const ObjectionId& id);

}  // namespace ttx::disclosure
