#include "services/disclosure/domain/notice.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "libs/core/money.h"
#include "libs/core/text.h"
#include "services/disclosure/domain/limits.h"

namespace ttx::disclosure {
namespace {

// What says which notice a content is and what it is about: the server's, never corrected.
constexpr std::array<std::string_view, 17> kReservedKeys = {
    "achievement",     "auction",        "certificate",  "contract", "correction_reason",
    "corrects",        "deal",           "exchange",     "format",   "listing",
    "notice",          "position",       "publish_time", "type",     "version",
    "window_end_time", "window_workdays"};

NoticeDecision Record(Notice state, decltype(NoticeEvent::payload) payload, Time now) {
  NoticeEvent event{now, std::move(payload)};
  Notice next = Apply(std::move(state), event);
  return {std::move(next), {std::move(event)}};
}

WindowChanged WindowOf(const Notice& notice) {
  return {notice.state, notice.window, notice.remaining_days, notice.filed, notice.accepted};
}

NoticeDecision RecordWindow(const Notice& state, const WindowChanged& changed, Time now) {
  if (changed == WindowOf(state)) return {state, {}};
  return Record(state, changed, now);
}

// Ends an open window whose time has come.
void EndIfDue(WindowChanged& changed, const Calendar& calendar, Time now) {
  if (changed.state != NoticeState::kOpen) return;
  changed.window = Recompute(calendar, changed.window);
  if (changed.window.end <= now && !changed.window.provisional && changed.filed == 0) {
    changed.state = NoticeState::kEnded;
  }
}

Error WrongState(const Notice& notice, std::string_view command) {
  return Error(Reason::kWRONG_STATE, {{"resource", NameOf(notice.id)},
                                      {"state", std::string(StateName(notice.state))},
                                      {"command", std::string(command)}});
}

Error ObjectionOpen(const Notice& notice) {
  return Error(Reason::kOBJECTION_OPEN, {{"resource", NameOf(notice.id)}});
}

Status CheckReplacement(const Content& content, const Replacement& replacement, const std::string& field) {
  const auto it = content.find(replacement.key);
  if (it == content.end() || std::holds_alternative<std::vector<std::string>>(it->second) ||
      std::find(kReservedKeys.begin(), kReservedKeys.end(), replacement.key) != kReservedKeys.end()) {
    return InvalidField(field + ".key", Reason::kUNKNOWN_VALUE);
  }
  if (std::holds_alternative<std::string>(it->second)) {
    return CheckText(replacement.value, 1, kMaxReplacementChars, field + ".value", Lines::kMultiple);
  }
  int64_t number = 0;
  const char* const end = replacement.value.data() + replacement.value.size();
  const auto [stop, failed] = std::from_chars(replacement.value.data(), end, number);
  if (failed != std::errc() || stop != end)
    return InvalidField(field + ".value", Reason::kBAD_FORMAT, "a whole number");
  if (number < 0 || number > kMaxFen) return InvalidField(field + ".value", Reason::kOUT_OF_RANGE, "0..9e15");
  return {};
}

Notice Applied(Notice, const NoticePublished& event) { return event.notice; }

Notice Applied(Notice state, const WindowChanged& event) {
  state.state = event.state;
  state.window = event.window;
  state.remaining_days = event.remaining_days;
  state.filed = event.filed;
  state.accepted = event.accepted;
  return state;
}

Notice Applied(Notice state, const CorrectionRequested& event) {
  state.correction = event.correction;
  return state;
}

Notice Applied(Notice state, const NoticeCorrected& event) {
  state.state = NoticeState::kCorrected;
  state.corrected_by = event.successor;
  state.remaining_days = 0;
  return state;
}

}  // namespace

std::string NameOf(const NoticeId& id) { return "notices/" + id.text; }

std::string_view TypeName(NoticeType type) {
  switch (type) {
    case NoticeType::kN1:
      return "N1";
    case NoticeType::kN3:
      return "N3";
    case NoticeType::kN4:
      return "N4";
    case NoticeType::kN5:
      return "N5";
    case NoticeType::kN7:
      return "N7";
    case NoticeType::kN8:
      return "N8";
    case NoticeType::kN13:
      return "N13";
  }
  TTX_CHECK(false, "unreachable");
}

std::string_view StateName(NoticeState state) {
  switch (state) {
    case NoticeState::kStanding:
      return "STANDING";
    case NoticeState::kOpen:
      return "OPEN";
    case NoticeState::kSuspended:
      return "SUSPENDED";
    case NoticeState::kEnded:
      return "ENDED";
    case NoticeState::kSetAside:
      return "SET_ASIDE";
    case NoticeState::kCorrected:
      return "CORRECTED";
  }
  TTX_CHECK(false, "unreachable");
}

bool HasOpenObjection(const Notice& notice) { return notice.filed + notice.accepted > 0; }

std::optional<Time> NextLook(const Notice& notice, Time now) {
  if (notice.state != NoticeState::kOpen) return std::nullopt;
  if (notice.window.end > now) return notice.window.end;
  // Past its end: either a filed objection holds it, and closing that one ends it, or the holiday table is
  // missing.
  return notice.window.provisional ? std::optional(now + Hours(24)) : std::nullopt;
}

std::optional<Window> WindowFor(const PublishNotice& command, const Calendar& calendar, Time now) {
  if (command.window_days > 0) {
    Window window = OpenWindow(calendar, now, command.window_days);
    window.end = std::max(window.end, command.window_end);
    return window;
  }
  return command.window_end > now ? std::optional(FixedWindow(calendar, command.window_end)) : std::nullopt;
}

NoticeDecision Decide(const PublishNotice& command, const Calendar& calendar, Time now) {
  Notice notice;
  notice.id = command.id;
  notice.type = command.type;
  notice.subject = command.subject;
  notice.version = command.version;
  notice.corrects = command.corrects;
  notice.position = command.position;
  notice.content = command.content;
  notice.content_hash = command.content_hash;
  notice.log_hash = command.log_hash;
  notice.publish_time = now;
  if (const std::optional<Window> window = WindowFor(command, calendar, now)) {
    notice.state = NoticeState::kOpen;
    notice.window = *window;
    notice.window_days = window->days > 0 ? window->days : RemainingWorkdays(calendar, *window, now);
  }
  return Record({}, NoticePublished{std::move(notice)}, now);
}

Status CheckFields(const RequestCorrection& command) {
  const Correction& correction = command.correction;
  if (correction.replacements.empty()) return InvalidField("replacements", Reason::kREQUIRED);
  if (correction.replacements.size() > kMaxReplacements) {
    return InvalidField("replacements", Reason::kTOO_MANY, std::to_string(kMaxReplacements));
  }
  return CheckText(correction.reason, 1, kMaxReasonChars, "reason", Lines::kMultiple);
}

Result<NoticeDecision> Decide(const Notice& state, const RequestCorrection& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckFields(command));
  const Correction& correction = command.correction;
  if (state.state == NoticeState::kCorrected) return WrongState(state, "RequestCorrection");
  if (HasOpenObjection(state)) return ObjectionOpen(state);
  const std::optional<Content> content = ParseContent(state.content);
  TTX_CHECK(content.has_value(), "a published content cannot be read");
  const Result<Content> corrected = Corrected(*content, correction);
  if (!corrected.ok()) return corrected.error();
  return Record(state, CorrectionRequested{correction}, now);
}

Result<NoticeDecision> Decide(const Notice& state, const ApproveCorrection& command, Time now) {
  if (state.state == NoticeState::kCorrected) return WrongState(state, "ApproveCorrection");
  if (!state.correction) return Error(Reason::kNOT_REQUESTED, {{"command", "ApproveCorrection"}});
  if (state.correction->person == command.person) return Error(Reason::kSAME_PERSON);
  if (HasOpenObjection(state)) return ObjectionOpen(state);
  return Record(state, NoticeCorrected{command.successor, command.person}, now);
}

Result<NoticeDecision> Decide(const Notice& state, const AddObjection&, Time now) {
  const Error late(Reason::kOBJECTION_LATE,
                   {{"resource", NameOf(state.id)}, {"window_end_time", FormatTime(state.window.end)}});
  switch (state.state) {
    case NoticeState::kStanding:
    case NoticeState::kSetAside:
    case NoticeState::kCorrected:
      return WrongState(state, "CreateObjection");
    case NoticeState::kEnded:
      return late;
    case NoticeState::kOpen:
      if (state.window.end <= now) return late;
      break;
    case NoticeState::kSuspended:
      break;  // the window still has at least one working day to run
  }
  WindowChanged changed = WindowOf(state);
  ++changed.filed;
  return RecordWindow(state, changed, now);
}

NoticeDecision Decide(const Notice& state, const AcceptOne&, const Calendar& calendar, Time now) {
  TTX_CHECK(state.filed > 0, "an objection is accepted that was not filed");
  WindowChanged changed = WindowOf(state);
  --changed.filed;
  ++changed.accepted;
  if (state.state == NoticeState::kOpen) {
    changed.state = NoticeState::kSuspended;
    changed.remaining_days = RemainingWorkdays(calendar, state.window, now);
  }
  return RecordWindow(state, changed, now);
}

NoticeDecision Decide(const Notice& state, const CloseOne& command, const Calendar& calendar, Time now) {
  WindowChanged changed = WindowOf(state);
  int32_t& count = command.accepted ? changed.accepted : changed.filed;
  TTX_CHECK(count > 0, "an objection is closed that was not open");
  --count;
  if (command.outcome == ObjectionOutcome::kUpheld) {
    changed.state = NoticeState::kSetAside;
    changed.remaining_days = 0;
  } else if (changed.state == NoticeState::kSuspended && changed.accepted == 0) {
    changed.state = NoticeState::kOpen;
    const Time published_end = changed.window.end;
    changed.window = ResumeWindow(calendar, now, changed.remaining_days);
    changed.window.end = std::max(changed.window.end, published_end);
    changed.remaining_days = 0;
  }
  EndIfDue(changed, calendar, now);
  return RecordWindow(state, changed, now);
}

NoticeDecision Decide(const Notice& state, const EndWindow&, const Calendar& calendar, Time now) {
  WindowChanged changed = WindowOf(state);
  EndIfDue(changed, calendar, now);
  return RecordWindow(state, changed, now);
}

NoticeDecision Decide(const Notice& state, const ExtendWindow& command, const Calendar& calendar, Time now) {
  WindowChanged changed = WindowOf(state);
  if (state.state == NoticeState::kOpen && command.end > state.window.end) {
    changed.window = FixedWindow(calendar, command.end);
  } else if (state.state == NoticeState::kSuspended && command.end > now) {
    changed.remaining_days = std::max(changed.remaining_days,
                                      RemainingWorkdays(calendar, FixedWindow(calendar, command.end), now));
    changed.window.end = std::max(changed.window.end, command.end);
  }
  return RecordWindow(state, changed, now);
}

Result<Content> Corrected(const Content& content, const Correction& correction) {
  Content corrected = content;
  std::set<std::string> keys;
  for (size_t i = 0; i < correction.replacements.size(); ++i) {
    const Replacement& replacement = correction.replacements[i];
    const std::string field = "replacements[" + std::to_string(i) + "]";
    if (!keys.insert(replacement.key).second) return InvalidField(field + ".key", Reason::kDUPLICATE);
    TTX_RETURN_IF_ERROR(CheckReplacement(content, replacement, field));
    Value& value = corrected.find(replacement.key)->second;
    if (auto* number = std::get_if<int64_t>(&value)) {
      const std::string& text = replacement.value;
      std::from_chars(text.data(), text.data() + text.size(), *number);
    } else {
      value = replacement.value;
    }
  }
  corrected["correction_reason"] = correction.reason;
  return corrected;
}

Notice Apply(Notice state, const NoticeEvent& event) {
  const int64_t revision = state.revision;
  state = std::visit([&](const auto& payload) { return Applied(std::move(state), payload); }, event.payload);
  state.revision = revision + 1;
  state.update_time = event.time;
  return state;
}

std::optional<std::string> Check(const Notice& notice) {
  const auto fail = [&](const char* what) { return std::optional(NameOf(notice.id) + ": " + what); };
  if (notice.position < 1 || notice.version < 1) return fail("no place among the notices");
  if ((notice.version > 1) == notice.corrects.empty()) return fail("a later version corrects exactly one");
  if (notice.content_hash.size() != 32 || notice.log_hash.size() != 32) return fail("a hash is missing");
  if (notice.filed < 0 || notice.accepted < 0) return fail("fewer objections than none");
  const bool windowed = notice.window_days > 0;
  switch (notice.state) {
    case NoticeState::kStanding:
      if (windowed || HasOpenObjection(notice)) return fail("a standing notice with a window");
      break;
    case NoticeState::kOpen:
      if (!windowed || !notice.window.end || notice.accepted != 0)
        return fail("an open window that is not one");
      break;
    case NoticeState::kSuspended:
      if (notice.accepted == 0 || notice.remaining_days < 1)
        return fail("suspended by nothing, or without a rest");
      break;
    case NoticeState::kEnded:
      if (HasOpenObjection(notice) || notice.window.provisional)
        return fail("ended over an objection or a guess");
      if (notice.window.end > notice.update_time) return fail("ended before its end");
      break;
    case NoticeState::kSetAside:
      break;
    case NoticeState::kCorrected:
      if (notice.corrected_by.empty() || HasOpenObjection(notice)) return fail("corrected by nothing");
      break;
  }
  if (notice.state != NoticeState::kSuspended && notice.remaining_days != 0)
    return fail("a rest while it runs");
  return std::nullopt;
}

}  // namespace ttx::disclosure
