#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "libs/core/calendar.h"
#include "libs/core/id.h"
#include "libs/core/result.h"
#include "libs/core/time.h"
#include "services/disclosure/domain/content.h"
#include "services/disclosure/domain/window.h"

namespace ttx::disclosure {

using NoticeId = Id<struct NoticeTag>;

/// What is published (domain.md 8.1); the numbers are stored.
enum class NoticeType { kN1 = 1, kN3 = 3, kN4 = 4, kN5 = 5, kN7 = 7, kN8 = 8, kN13 = 13 };

/// Where the window of a notice stands; the numbers are stored.
enum class NoticeState {
  kStanding = 1,
  kOpen = 2,
  kSuspended = 3,
  kEnded = 4,
  kSetAside = 5,
  kCorrected = 6
};

/// How an objection ended, as far as its notice is concerned.
enum class ObjectionOutcome { kDismissed = 1, kUpheld = 2, kRejected = 3, kWithdrawn = 4 };

/// What a notice is about; resource names, empty where there is none.
struct Subject {
  std::string exchange;
  std::string achievement;
  std::string listing;
  std::string deal;
  bool operator==(const Subject&) const = default;
};

struct Replacement {
  std::string key;
  std::string value;
  bool operator==(const Replacement&) const = default;
};

/// A correction that waits for its second person.
struct Correction {
  std::vector<Replacement> replacements;
  std::string reason;
  std::string person;
  bool operator==(const Correction&) const = default;
};

/// One published version. What was published never changes; what may follow from it does.
struct Notice {
  NoticeId id;
  NoticeType type = NoticeType::kN1;
  Subject subject;
  int32_t version = 1;  // along the corrections
  NoticeId corrects;
  int64_t position = 0;      // among all notices: 1, 2, 3 ... without gaps
  std::string content;       // canonical
  std::string content_hash;  // SHA-256, 32 bytes
  std::string log_hash;      // chain over all notices, 32 bytes
  Time publish_time;
  int32_t window_days = 0;  // working days of the window at publication; 0 without a window

  NoticeState state = NoticeState::kStanding;
  Window window;
  int32_t remaining_days = 0;  // while SUSPENDED
  int32_t filed = 0;           // objections in time that nobody accepted or dismissed yet
  int32_t accepted = 0;        // objections accepted and not decided
  std::optional<Correction> correction;
  NoticeId corrected_by;
  Time update_time;
  int64_t revision = 0;

  bool operator==(const Notice&) const = default;
};

// --- Events ------------------------------------------------------------------------------------------------

struct NoticePublished {
  Notice notice;  // as published
  bool operator==(const NoticePublished&) const = default;
};
struct WindowChanged {
  NoticeState state;
  Window window;
  int32_t remaining_days;
  int32_t filed;
  int32_t accepted;
  bool operator==(const WindowChanged&) const = default;
};
struct CorrectionRequested {
  Correction correction;
  bool operator==(const CorrectionRequested&) const = default;
};
struct NoticeCorrected {
  NoticeId successor;
  std::string person;
  bool operator==(const NoticeCorrected&) const = default;
};

struct NoticeEvent {
  Time time;
  std::variant<NoticePublished, WindowChanged, CorrectionRequested, NoticeCorrected> payload;
  bool operator==(const NoticeEvent&) const = default;
};

// --- Commands ----------------------------------------------------------------------------------------------

struct PublishNotice {
  NoticeId id;
  NoticeType type = NoticeType::kN1;
  Subject subject;
  int32_t version = 1;
  NoticeId corrects;
  int64_t position = 0;
  std::string content;
  std::string content_hash;
  std::string log_hash;
  // Working days, or an end that another rule has fixed; the later one when both are given. An end that has
  // passed is no window.
  int32_t window_days = 0;
  Time window_end;
};
struct RequestCorrection {
  Correction correction;
};
struct ApproveCorrection {
  NoticeId successor;
  std::string person;
};
/// An objection was filed: in time, or OBJECTION_LATE.
struct AddObjection {};
/// A filed objection was accepted: the window stands still.
struct AcceptOne {};
/// An objection ended; `accepted` says whether it had been accepted before.
struct CloseOne {
  bool accepted = false;
  ObjectionOutcome outcome = ObjectionOutcome::kDismissed;
};
/// Ends the window if its end has come, no objection is open and no date is provisional.
struct EndWindow {};
/// The period the window follows was extended. Never shortens.
struct ExtendWindow {
  Time end;
};

/// Everything that will be written, and nothing else; no event when nothing changes.
struct NoticeDecision {
  Notice next;
  std::vector<NoticeEvent> events;
};

/// INVALID_FIELD for the first field that cannot be taken in any state: asked before the resource is looked
/// up.
Status CheckFields(const RequestCorrection& command);

/// The window a notice published now would have.
std::optional<Window> WindowFor(const PublishNotice& command, const Calendar& calendar, Time now);

/// Each is total: every state answers. Reasons stand in their order of precedence.
[[nodiscard]] NoticeDecision Decide(const PublishNotice& command, const Calendar& calendar, Time now);
/// INVALID_FIELD, WRONG_STATE (CORRECTED), OBJECTION_OPEN, INVALID_FIELD (against the content).
Result<NoticeDecision> Decide(const Notice& state, const RequestCorrection& command, Time now);
/// WRONG_STATE, NOT_REQUESTED, SAME_PERSON, OBJECTION_OPEN.
Result<NoticeDecision> Decide(const Notice& state, const ApproveCorrection& command, Time now);
/// WRONG_STATE (STANDING, SET_ASIDE, CORRECTED), OBJECTION_LATE.
Result<NoticeDecision> Decide(const Notice& state, const AddObjection& command, Time now);
[[nodiscard]] NoticeDecision Decide(const Notice& state, const AcceptOne& command, const Calendar& calendar,
                                    Time now);
[[nodiscard]] NoticeDecision Decide(const Notice& state, const CloseOne& command, const Calendar& calendar,
                                    Time now);
[[nodiscard]] NoticeDecision Decide(const Notice& state, const EndWindow& command, const Calendar& calendar,
                                    Time now);
[[nodiscard]] NoticeDecision Decide(const Notice& state, const ExtendWindow& command,
                                    const Calendar& calendar, Time now);

/// The notice after an event. `Apply({}, NoticePublished)` is the first state.
[[nodiscard]] Notice Apply(Notice state, const NoticeEvent& event);

/// What must hold of every notice at rest; names the first violation, or nothing.
std::optional<std::string> Check(const Notice& notice);

/// The content with the replacements of a correction and its reason; INVALID_FIELD on `replacements[i]` when
/// a key is missing, reserved, given twice, holds a list, or the value does not suit it.
Result<Content> Corrected(const Content& content, const Correction& correction);

bool HasOpenObjection(const Notice& notice);
/// When to look at the window again: its end, a day later while that is provisional; nothing when no time
/// will change it.
std::optional<Time> NextLook(const Notice& notice, Time now);

std::string_view TypeName(NoticeType type);
std::string_view StateName(NoticeState state);
std::string NameOf(const NoticeId& id);

}  // namespace ttx::disclosure
