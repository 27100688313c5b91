#include "services/listing/domain/intent.h"

#include <array>

#include "libs/core/text.h"
#include "services/listing/domain/limits.h"

namespace ttx::listing {
namespace {

Error WrongState(const Intent& intent, std::string_view command) {
  return Error(Reason::kWRONG_STATE, {{"resource", intent.name()},
                                      {"state", std::string(StateName(intent.state))},
                                      {"command", std::string(command)}});
}

Error WrongListingState(const Listing& listing, std::string_view command) {
  return Error(Reason::kWRONG_STATE, {{"resource", "listings/" + listing.id.text},
                                      {"state", std::string(StateName(listing.state))},
                                      {"command", std::string(command)}});
}

IntentEvent MakeEvent(IntentEventType type, IntentState next, std::string person = "") {
  IntentEvent event;
  event.type = type;
  event.state = next;
  event.person = std::move(person);
  return event;
}

IntentDecision Record(IntentDecision decision, IntentEvent event, Time now) {
  event.time = now;
  decision.next = Apply(std::move(decision.next), event);
  decision.events.push_back(std::move(event));
  return decision;
}

IntentDecision Record(const Intent& state, IntentEvent event, Time now) {
  return Record(IntentDecision{state, {}}, std::move(event), now);
}

IntentDecision Ending(const Intent& state, IntentEventType type, IntentState next, std::string person,
                      std::string reason, Time now) {
  IntentEvent event = MakeEvent(type, next, std::move(person));
  event.reason = std::move(reason);
  return Record(state, std::move(event), now);
}

IntentDecision Breaching(const Intent& state, std::string person, std::string reason, bool is_barred, Time now) {
  IntentEvent event = MakeEvent(IntentEventType::kBreached, IntentState::kBreached, std::move(person));
  event.reason = std::move(reason);
  event.is_barred = is_barred;
  return Record(state, std::move(event), now);
}

IntentEvent Confirming(const IntentRegime& regime, std::string person, std::string text,
                       std::string reference, Time now) {
  IntentEvent event = MakeEvent(IntentEventType::kConfirmed, IntentState::kConfirmed, std::move(person));
  event.text = std::move(text);
  event.reference = std::move(reference);
  event.due = regime.calendar.DeadlineWorkdays(DateInShanghai(now), regime.listing.content.deposit.pay_days);
  return event;
}

// The owner was silent for its whole time: nothing is closed on a provisional date (domain.md 0.4).
bool ReplyIsLate(const Intent& state, Time now) {
  return !state.reply_due_provisional && now >= state.reply_due_time;
}

// What follows when the owner agrees with the opinion, or says nothing.
IntentDecision Agreed(IntentDecision decision, const IntentRegime& regime, std::string person,
                      std::string reference, Time now) {
  if (decision.next.opinion_qualified) {
    IntentEvent event = Confirming(regime, std::move(person), "", std::move(reference), now);
    return Record(std::move(decision), std::move(event), now);
  }
  IntentEvent event =
      MakeEvent(IntentEventType::kDisqualified, IntentState::kDisqualified, std::move(person));
  event.reason = "OPINION";
  return Record(std::move(decision), std::move(event), now);
}

// A right is confirmed to a qualified intent that claims it, and where holders were declared only to one of them.
Status CheckConfirmation(const Intent& state, bool qualified, const Listing& listing) {
  constexpr std::string_view kField = "priority_confirmed";
  const std::optional<PriorityClaim>& claim = state.content.priority;
  if (!qualified || !claim) {
    return InvalidField(std::string(kField), Reason::kOUT_OF_RANGE, "a qualified intent that claims a right");
  }
  if (IsDeclared(listing.content.priority_holders, listing.priority_notices, *claim, state.organization,
                 state.legal_name)) {
    return {};
  }
  return InvalidField(std::string(kField), Reason::kOUT_OF_RANGE,
                      "a declared holder with this right, rank and share that has not waived it");
}

}  // namespace

Result<IntentDecision> Decide(const RegisterIntent& command, const IntentRegime& regime, Time now) {
  const Listing& listing = regime.listing;
  if (listing.state != ListingState::kListed) return WrongListingState(listing, "CreateIntent");
  if (!TakesIntents(listing, now)) return Error(Reason::kLISTING_ENDED);
  TTX_RETURN_IF_ERROR(
      CheckText(command.content.statement, 1, kMaxNoteChars, "intent.statement", Lines::kMultiple));
  TTX_RETURN_IF_ERROR(CheckText(command.content.contact, 1, kMaxNameChars, "intent.contact"));
  TTX_RETURN_IF_ERROR(CheckAttachments(command.content.attachments, "intent.attachments"));
  const bool claims = command.content.priority.has_value();
  if (claims) TTX_RETURN_IF_ERROR(CheckPriorityClaim(*command.content.priority, "intent.priority_claim"));
  if (!command.active)
    return Error(Reason::kORGANIZATION_NOT_ACTIVE, {{"organization", command.organization}});
  if (command.related || (command.entitled && !claims)) return Error(Reason::kRELATED_PARTY);
  if (command.barred) return Error(Reason::kBARRED);
  if (command.registered) return Error(Reason::kALREADY_REGISTERED);
  if (command.intent_count >= kMaxIntents) return Error(Reason::kTOO_MANY_INTENTS);
  IntentEvent event = MakeEvent(IntentEventType::kRegistered, IntentState::kRegistered, command.person);
  event.id = command.id;
  event.listing = "listings/" + listing.id.text;
  event.exchange = listing.exchange;
  event.owner = listing.owner;
  event.organization = command.organization;
  event.legal_name = command.legal_name;
  event.content = command.content;
  event.deposit = listing.content.deposit.amount;
  event.is_entitled_only = command.entitled;
  return Record(Intent{}, std::move(event), now);
}

Result<IntentDecision> Decide(const Intent& state, const GiveOpinion& command, const IntentRegime& regime,
                              Time now) {
  // After the period; in DYNAMIC as they come (domain.md 4.5, 5.4).
  if (regime.listing.state != ListingState::kQualifying && !BidsWhileListed(regime.listing)) {
    return WrongListingState(regime.listing, "GiveOpinion");
  }
  if (state.state != IntentState::kRegistered) return WrongState(state, "GiveOpinion");
  TTX_RETURN_IF_ERROR(
      CheckText(command.opinion, command.qualified ? 0 : 1, kMaxNoteChars, "opinion", Lines::kMultiple));
  if (command.priority_confirmed) TTX_RETURN_IF_ERROR(CheckConfirmation(state, command.qualified, regime.listing));
  if (command.qualified && state.is_entitled_only && !command.priority_confirmed) {
    return Error(Reason::kRELATED_PARTY);
  }
  IntentEvent event = MakeEvent(IntentEventType::kOpinionGiven, IntentState::kOpinionSent, command.person);
  event.priority_confirmed = command.priority_confirmed;
  event.qualified = command.qualified;
  event.text = command.opinion;
  event.date = DateInShanghai(now);
  event.due = regime.calendar.DeadlineWorkdays(event.date, regime.profile.owner_reply_workdays);
  return Record(state, std::move(event), now);
}

Result<IntentDecision> Decide(const Intent& state, const ConsentToOpinion& command,
                              const IntentRegime& regime, Time now) {
  if (state.state != IntentState::kOpinionSent) return WrongState(state, "Consent");
  if (ReplyIsLate(state, now)) return Error(Reason::kREPLY_TOO_LATE);
  return Agreed({state, {}}, regime, command.person, command.reference, now);
}

Result<IntentDecision> Decide(const Intent& state, const ObjectToOpinion& command, const IntentRegime&,
                              Time now) {
  if (state.state != IntentState::kOpinionSent) return WrongState(state, "Object");
  if (ReplyIsLate(state, now)) return Error(Reason::kREPLY_TOO_LATE);
  const bool is_refused = !state.opinion_qualified || (state.content.priority && !state.priority_confirmed);
  if (!command.by_owner && !is_refused) return WrongState(state, "Object");
  TTX_RETURN_IF_ERROR(CheckText(command.note, 1, kMaxNoteChars, "note", Lines::kMultiple));
  IntentEvent event = MakeEvent(IntentEventType::kObjected, IntentState::kDisputed, command.person);
  event.text = command.note;
  return Record(state, std::move(event), now);
}

Result<IntentDecision> Decide(const Intent& state, const DecideDispute& command, const IntentRegime& regime,
                              Time now) {
  if (state.state != IntentState::kDisputed) return WrongState(state, "DecideDispute");
  if (command.person == state.opinion_person) return Error(Reason::kSAME_PERSON);
  TTX_RETURN_IF_ERROR(CheckText(command.note, 1, kMaxNoteChars, "note", Lines::kMultiple));
  const bool confirmed = command.priority_confirmed.value_or(state.priority_confirmed);
  if (command.priority_confirmed.value_or(false)) {
    TTX_RETURN_IF_ERROR(CheckConfirmation(state, command.qualified, regime.listing));
  }
  if (command.qualified && state.is_entitled_only && !confirmed) return Error(Reason::kRELATED_PARTY);
  if (command.qualified) {
    IntentEvent event = Confirming(regime, command.person, command.note, command.reference, now);
    event.decided_priority = command.priority_confirmed;
    return Record(state, std::move(event), now);
  }
  IntentEvent event = MakeEvent(IntentEventType::kDisqualified, IntentState::kDisqualified, command.person);
  event.text = command.note;
  event.reason = "DISPUTE";
  return Record(state, std::move(event), now);
}

Result<IntentDecision> Decide(const Intent& state, const EndReply& command, const IntentRegime& regime,
                              Time now) {
  IntentDecision decision{state, {}};
  if (state.state != IntentState::kOpinionSent) return decision;
  if (state.reply_due_provisional) {
    const LegalDate due =
        regime.calendar.DeadlineWorkdays(state.opinion_date, regime.profile.owner_reply_workdays);
    if (!due.provisional || due.end() != state.reply_due_time) {
      IntentEvent event = MakeEvent(IntentEventType::kReplyDueMoved, state.state);
      event.due = due;
      decision = Record(std::move(decision), std::move(event), now);
    }
  }
  if (!ReplyIsLate(decision.next, now)) return decision;
  return Agreed(std::move(decision), regime, "", command.reference, now);
}

Result<IntentDecision> Decide(const Intent& state, const DepositEffective& command, const IntentRegime&,
                              Time now) {
  if (state.state != IntentState::kConfirmed) return WrongState(state, "DepositEffective");
  IntentEvent event = MakeEvent(IntentEventType::kQualified, IntentState::kQualified);
  event.bidder_code = command.bidder_code;
  return Record(state, std::move(event), now);
}

Result<IntentDecision> Decide(const Intent& state, const DepositMissed&, const IntentRegime&, Time now) {
  if (state.state != IntentState::kConfirmed) return WrongState(state, "DepositMissed");
  return Ending(state, IntentEventType::kAbandoned, IntentState::kAbandoned, "", "DEPOSIT_MISSED", now);
}

Result<IntentDecision> Decide(const Intent& state, const WithdrawIntent& command, const IntentRegime& regime,
                              Time now) {
  switch (state.state) {
    case IntentState::kRegistered:
    case IntentState::kOpinionSent:
    case IntentState::kDisputed:
      return Ending(state, IntentEventType::kReleased, IntentState::kReleased, command.person, "WITHDRAWN",
                    now);
    case IntentState::kConfirmed:
      return Ending(state, IntentEventType::kAbandoned, IntentState::kAbandoned, command.person, "WITHDRAWN",
                    now);
    case IntentState::kQualified:
      if (regime.listing.state != ListingState::kQualifying)
        return WrongListingState(regime.listing, "WithdrawIntent");
      return Breaching(state, command.person, "WITHDRAWN", /*is_barred=*/true, now);
    case IntentState::kDisqualified:
    case IntentState::kAbandoned:
    case IntentState::kReleased:
    case IntentState::kBreached:
      return WrongState(state, "Withdraw");
  }
  TTX_CHECK(false, "unreachable");
}

Result<IntentDecision> Decide(const Intent& state, const ReleaseIntent& command, const IntentRegime&,
                              Time now) {
  if (IsOver(state.state)) return WrongState(state, "Release");
  return Ending(state, IntentEventType::kReleased, IntentState::kReleased, "", command.reason, now);
}

Result<IntentDecision> Decide(const Intent& state, const BreachIntent& command, const IntentRegime&,
                              Time now) {
  if (state.state != IntentState::kQualified) return WrongState(state, "Breach");
  return Breaching(state, "", command.reason, command.is_barred, now);
}

Intent Apply(Intent state, const IntentEvent& event) {
  switch (event.type) {
    case IntentEventType::kRegistered:
      state = {};
      state.id = event.id;
      state.listing = event.listing;
      state.exchange = event.exchange;
      state.owner = event.owner;
      state.organization = event.organization;
      state.legal_name = event.legal_name;
      state.person = event.person;
      state.content = *event.content;
      state.deposit = event.deposit;
      state.is_entitled_only = event.is_entitled_only;
      state.create_time = event.time;
      break;
    case IntentEventType::kOpinionGiven:
      state.opinion_qualified = event.qualified;
      state.priority_confirmed = event.priority_confirmed;
      state.opinion = event.text;
      state.opinion_person = event.person;
      state.opinion_date = event.date;
      [[fallthrough]];
    case IntentEventType::kReplyDueMoved:
      state.reply_due_time = event.due.end();
      state.reply_due_provisional = event.due.provisional;
      break;
    case IntentEventType::kObjected:
      state.objection = event.text;
      break;
    case IntentEventType::kConfirmed:
      state.decision = event.text;
      if (event.decided_priority) state.priority_confirmed = *event.decided_priority;
      state.reference = event.reference;
      state.deposit_due_time = event.due.end();
      state.deposit_due_provisional = event.due.provisional;
      break;
    case IntentEventType::kDisqualified:
      state.decision = event.text;
      state.end_reason = event.reason;
      break;
    case IntentEventType::kQualified:
      state.bidder_code = event.bidder_code;
      break;
    case IntentEventType::kAbandoned:
    case IntentEventType::kReleased:
    case IntentEventType::kBreached:
      state.end_reason = event.reason;
      break;
  }
  state.state = event.state;
  state.update_time = event.time;
  ++state.version;
  return state;
}

std::optional<std::string> Check(const Intent& intent) {
  const auto fail = [&](const char* what) { return std::optional("intent " + intent.id.text + ": " + what); };
  if (intent.id.empty() || intent.listing.empty() || intent.organization.empty())
    return fail("no id or organization");
  if (intent.organization == intent.owner || intent.organization == intent.exchange)
    return fail("a related party");
  if (intent.deposit <= Fen{}) return fail("no deposit");
  if (intent.priority_confirmed && !intent.content.priority) return fail("a priority right nobody claimed");
  if (intent.state == IntentState::kQualified && intent.is_entitled_only && !intent.priority_confirmed) {
    return fail("a related party without a priority right");
  }
  if (intent.state == IntentState::kConfirmed && (intent.reference.empty() || !intent.deposit_due_time)) {
    return fail("confirmed without a reference or a date");
  }
  const bool qualified = intent.state == IntentState::kQualified || intent.state == IntentState::kBreached;
  if (qualified && intent.bidder_code.size() != 5) return fail("a bidder without a code");
  if (IsOver(intent.state) != !intent.end_reason.empty())
    return fail("an end without a reason, or a reason without an end");
  return std::nullopt;
}

int32_t PriorityRankOf(const Intent& intent) {
  return intent.priority_confirmed ? intent.content.priority->rank : 0;
}

int64_t CapitalShareOf(const Intent& intent) {
  return intent.priority_confirmed ? intent.content.priority->capital_share : 0;
}

bool IsUndecided(IntentState state) {
  return state == IntentState::kRegistered || state == IntentState::kOpinionSent ||
         state == IntentState::kDisputed || state == IntentState::kConfirmed;
}

bool IsOver(IntentState state) { return !IsUndecided(state) && state != IntentState::kQualified; }

bool OwnerSees(const Intent& intent) { return intent.opinion_date != Date{}; }

std::string ReferenceFrom(std::string_view random) {
  static constexpr std::string_view kSymbols = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";  // 32 of them: no bias
  TTX_CHECK(random.size() == 8, "a reference takes eight random bytes");
  std::string reference = "TTX";
  for (const char byte : random) reference += kSymbols[static_cast<uint8_t>(byte) % kSymbols.size()];
  return reference;
}

std::string BidderCodeFrom(std::string_view random) {
  TTX_CHECK(random.size() == 4, "a bidder code takes four random bytes");
  uint32_t number = 0;
  for (const char byte : random) number = number << 8 | static_cast<uint8_t>(byte);
  const std::string digits = std::to_string(number % 100'000);
  return std::string(5 - digits.size(), '0') + digits;
}

std::string_view StateName(IntentState state) {
  switch (state) {
    case IntentState::kRegistered:
      return "REGISTERED";
    case IntentState::kOpinionSent:
      return "OPINION_SENT";
    case IntentState::kDisputed:
      return "DISPUTED";
    case IntentState::kConfirmed:
      return "CONFIRMED";
    case IntentState::kDisqualified:
      return "DISQUALIFIED";
    case IntentState::kQualified:
      return "QUALIFIED";
    case IntentState::kAbandoned:
      return "ABANDONED";
    case IntentState::kReleased:
      return "RELEASED";
    case IntentState::kBreached:
      return "BREACHED";
  }
  TTX_CHECK(false, "unreachable");
}

std::string_view TypeName(IntentEventType type) {
  static constexpr std::array<std::string_view, 10> kNames = {
      "REGISTERED",   "OPINION_GIVEN", "REPLY_DUE_MOVED", "OBJECTED", "CONFIRMED",
      "DISQUALIFIED", "QUALIFIED",     "ABANDONED",       "RELEASED", "BREACHED"};
  const auto index = static_cast<size_t>(type) - 1;
  TTX_CHECK(index < kNames.size(), "no such event type");
  return kNames[index];
}

}  // namespace ttx::listing
