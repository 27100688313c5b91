#include "services/listing/domain/listing.h"

#include <algorithm>
#include <array>

#include "libs/bidding/suspension_reasons.h"
#include "libs/core/text.h"
#include "libs/core/uscc.h"
#include "services/listing/domain/limits.h"

namespace ttx::listing {
namespace {

// When bidding begins on a day that nobody chose, in Shanghai.
constexpr Duration kMorning = Hours(9);

constexpr std::string_view kContractTerminated = "CONTRACT_TERMINATED";

Error WrongState(const Listing& listing, std::string_view command) {
  return Error(Reason::kWRONG_STATE, {{"resource", "listings/" + listing.id.text},
                                      {"state", std::string(StateName(listing.state))},
                                      {"command", std::string(command)}});
}

ListingEvent MakeEvent(ListingEventType type, ListingState next, std::string person = "") {
  ListingEvent event;
  event.type = type;
  event.state = next;
  event.person = std::move(person);
  return event;
}

ListingDecision Unchanged(const Listing& state) { return {state, {}}; }

ListingDecision Record(ListingDecision decision, ListingEvent event, Time now) {
  event.time = now;
  decision.next = Apply(std::move(decision.next), event);
  decision.events.push_back(std::move(event));
  return decision;
}

ListingDecision Record(const Listing& state, ListingEvent event, Time now) {
  return Record(Unchanged(state), std::move(event), now);
}

bool Wrote(const Listing& listing, const std::string& person) {
  return person == listing.maker_person || person == listing.submitter_person;
}

Time EndOf(const ListingContent& content, Date date) {
  return AtHour(date, content.closing_hour == 0 ? 24 : content.closing_hour, 0);
}

// The period has ended for certain: nothing is closed on a provisional date (domain.md 0.4).
bool PeriodOver(const Listing& listing, Time now) {
  return !listing.end_provisional && now >= listing.end_time;
}

int32_t CountWorkdays(const Calendar& calendar, Date from, Date to) {
  int32_t count = 0;
  for (Date date = from; date <= to; date = date + 1) count += calendar.IsWorkday(date) ? 1 : 0;
  return count;
}

Status CheckRange(int64_t value, int64_t min, int64_t max, std::string_view field) {
  if (value >= min && value <= max) return {};
  return InvalidField(std::string(field), Reason::kOUT_OF_RANGE,
                      std::to_string(min) + ".." + std::to_string(max));
}

Status NormalizeExtension(AutoExtend& extend, const RuleProfile& profile) {
  if (!extend.enabled) {
    extend = {};
    return {};
  }
  if (extend.cycle_days == 0) extend.cycle_days = profile.extension_workdays_default;
  if (extend.max_cycles == 0) extend.max_cycles = profile.extension_cycles_max;
  TTX_RETURN_IF_ERROR(CheckRange(extend.trigger_intents, 0, kMaxIntents, "auto_extend.trigger_intents"));
  TTX_RETURN_IF_ERROR(CheckRange(extend.cycle_days, profile.extension_workdays_min, kMaxListingDays,
                                 "auto_extend.cycle_days"));
  return CheckRange(extend.max_cycles, 1, profile.extension_cycles_max, "auto_extend.max_cycles");
}

Status NormalizeDeposit(Deposit& deposit, Fen listed_price, const RuleProfile& profile) {
  const Fen cap = std::max(MulPpm(listed_price, profile.deposit_cap), Fen{1});
  if (deposit.amount == Fen{}) {
    deposit.amount = std::clamp(MulPpm(listed_price, profile.deposit_default), Fen{1}, cap);
  }
  TTX_RETURN_IF_ERROR(CheckRange(deposit.amount.value, 1, cap.value, "deposit.amount_fen"));
  if (deposit.pay_days == 0) deposit.pay_days = profile.deposit_workdays;
  TTX_RETURN_IF_ERROR(CheckRange(deposit.pay_days, 1, kMaxPayDays, "deposit.pay_days"));
  // A forfeitable guarantee needs its published terms (domain.md 4.5).
  TTX_RETURN_IF_ERROR(CheckText(deposit.guarantee, 1, kMaxTermsChars, "deposit.guarantee", Lines::kMultiple));
  return CheckText(deposit.disposal, 1, kMaxTermsChars, "deposit.disposal", Lines::kMultiple);
}

// What holds for a single bidder, where the applicant left that open. In DYNAMIC it shows only when FREE ends, when
// nobody can be told to quote any more, that there is one.
void CloseSingleBidder(ListingContent& content, const RuleProfile& profile) {
  const bool known_before = content.rules.mode == Mode::kMulti || content.rules.mode == Mode::kEnglish;
  if (content.is_single_bidder_open && known_before && profile.single_bidder_rule == kQuoteRule) {
    content.rules.single_bidder = SingleBidder::kAgreementAtQuote;
  }
  content.is_single_bidder_open = false;
}

// domain.md 5.4: FREE lasts at least five working days from publication.
Status CheckDynamic(const ListingContent& content) {
  if (content.rules.mode != Mode::kDynamic) return {};
  const AutoExtend& extend = content.auto_extend;
  const int64_t extension = int64_t{extend.cycle_days} * extend.max_cycles;
  return CheckRange(content.listing_days, kMinDynamicDays, std::max<int64_t>(0, kMaxDynamicDays - extension),
                    "listing_days");
}

ListingDecision Unlocking(const Listing& state, ListingEventType type, ListingState next, std::string person,
                          std::string reason, std::string note, Time now) {
  ListingEvent event = MakeEvent(type, next, std::move(person));
  event.reason = std::move(reason);
  event.note = std::move(note);
  return Record(state, std::move(event), now);
}

Error ObjectionOpen(const Listing& listing) {
  return Error(Reason::kOBJECTION_OPEN, {{"resource", "listings/" + listing.id.text}});
}

// The least it can be sold for: the floor of a falling price (domain.md 5.7 DUTCH), the listed price otherwise.
Fen LowestPrice(const ListingContent& content) {
  return content.rules.mode == Mode::kDutch ? content.rules.dutch.floor : content.listed_price;
}

// Of fewer nothing comes: no session and no sale (domain.md 5.1 min_bidders, 5.8 RETENDER).
size_t FewestBidders(const Rules& rules) {
  const int32_t fewest = rules.single_bidder == SingleBidder::kRetender ? bidding::kMinTenderers : 1;
  return static_cast<size_t>(std::max(fewest, rules.min_bidders));
}

// domain.md 5.8 AGREEMENT_AT_QUOTE: the only bidder quotes, and there is no session.
bool QuotesAlone(const Rules& rules) { return rules.single_bidder == SingleBidder::kAgreementAtQuote; }

// An auction of a listing that an upheld objection has ended still reports what became of it.
bool EndedUnderAuction(const Listing& listing) {
  return listing.state == ListingState::kTerminated && !listing.auction.empty();
}

constexpr int32_t kWholePpm = 1'000'000;

bool IsPortioned(const Listing& listing) { return !listing.deals.empty() && listing.deals.front().share_ppm > 0; }

bool WasKept(const Deal& deal) { return deal.state != DealState::kDefaulted; }

// Where a listing with deals stands: as far as the last of those that are kept.
ListingState StateOf(const std::vector<Deal>& deals) {
  const auto all = [&](auto holds) { return std::all_of(deals.begin(), deals.end(), holds); };
  if (all([](const Deal& deal) { return !WasKept(deal); })) return ListingState::kDefaulted;
  if (!all([](const Deal& deal) { return deal.state != DealState::kPending; })) return ListingState::kDealPending;
  return all(static_cast<bool (*)(const Deal&)>(IsOver)) ? ListingState::kClosed : ListingState::kDealSigned;
}

// An event of one deal, with what follows for the listing: CLOSED when it was the last thing to wait for.
ListingDecision RecordOf(const Deal& deal, const Listing& state, ListingEvent event, Time now) {
  if (state.deals.size() > 1) event.deal.id = deal.id;
  const ListingState next = StateOf(Apply(state, event).deals);
  event.state = next == ListingState::kClosed ? ListingState::kDealSigned : next;
  ListingDecision decision = Record(state, std::move(event), now);
  if (next != ListingState::kClosed) return decision;
  return Record(std::move(decision), MakeEvent(ListingEventType::kClosed, next), now);
}

ListingEvent PeriodEvent(ListingEventType type, std::string person, const Calendar& calendar, Date from,
                         int32_t days) {
  ListingEvent event = MakeEvent(type, ListingState::kListed, std::move(person));
  event.from = from;
  event.days = days;
  event.end = calendar.ListingEnd(from, days);
  return event;
}

// The day of the suspension is given back whole.
ListingEvent SuspensionEvent(const Listing& state, std::string person, std::string reason, std::string note,
                             const Regime& regime, Time now) {
  ListingEvent event = MakeEvent(ListingEventType::kSuspended, ListingState::kSuspended, std::move(person));
  event.reason = std::move(reason);
  event.note = std::move(note);
  event.days =
      CountWorkdays(regime.calendar, std::max(DateInShanghai(now), state.period_from), state.end_date);
  return event;
}

ListingEvent ResumptionEvent(const Listing& state, std::string person, const Regime& regime, Time now) {
  return PeriodEvent(ListingEventType::kResumed, std::move(person), regime.calendar, DateInShanghai(now),
                     std::max({state.remaining_days, regime.profile.resume_workdays_min, 1}));
}

ListingEvent SingleBidderEvent(const std::string& intent, const Regime& regime, Time now) {
  ListingEvent event = MakeEvent(ListingEventType::kSingleBidder, ListingState::kSingleBidder);
  event.intent = intent;
  event.from = DateInShanghai(now);
  event.end = regime.calendar.DeadlineWorkdays(event.from, regime.profile.quote_workdays);
  return event;
}

// The agreed start if it leaves the bidders the notice of the profile; the first working morning that does
// when none is given. Whoever calls them alone can then not choose an hour at which nobody is there.
Result<Time> BiddingStart(Time asked, const Regime& regime, Time now) {
  const Date today = DateInShanghai(now);
  const int notice_days = regime.profile.bidding_notice_workdays_min;
  Time earliest = now + Nanoseconds(1);
  if (notice_days > 0) {
    const LegalDate notice = regime.calendar.DeadlineWorkdays(today, notice_days);
    if (notice.provisional) return Error(Reason::kPROVISIONAL_DATE, {{"date", FormatDate(notice.date)}});
    earliest = notice.end();
  }
  if (!asked) {
    const LegalDate day = regime.calendar.DeadlineWorkdays(today, notice_days + 1);
    if (day.provisional) return Error(Reason::kPROVISIONAL_DATE, {{"date", FormatDate(day.date)}});
    return StartOfDay(day.date) + kMorning;
  }
  if (asked >= earliest && asked <= now + kMaxBiddingNotice) return asked;
  return InvalidField("start_time", Reason::kOUT_OF_RANGE,
                      FormatTime(earliest) + ".." + FormatTime(now + kMaxBiddingNotice));
}

}  // namespace

Result<ListingContent> NormalizeContent(ListingContent content, const RuleProfile& profile) {
  TTX_RETURN_IF_ERROR(CheckText(content.title, 1, kMaxTitleChars, "title"));
  TTX_RETURN_IF_ERROR(CheckRightScope(content.right_scope, "right_scope"));
  TTX_RETURN_IF_ERROR(CheckAmount(content.listed_price, Fen{1}, "listed_price_fen"));
  if (content.listing_days == 0) content.listing_days = profile.disclosure_workdays_default;
  TTX_RETURN_IF_ERROR(
      CheckRange(content.listing_days, profile.disclosure_workdays_min, kMaxListingDays, "listing_days"));
  TTX_RETURN_IF_ERROR(CheckRange(content.closing_hour, 0, 24, "closing_hour"));
  TTX_RETURN_IF_ERROR(NormalizeExtension(content.auto_extend, profile));
  CloseSingleBidder(content, profile);
  TTX_TRY(content.rules, NormalizeRules(content.rules, content.listed_price, profile));
  TTX_RETURN_IF_ERROR(CheckDynamic(content));
  TTX_RETURN_IF_ERROR(NormalizeDeposit(content.deposit, content.listed_price, profile));
  TTX_RETURN_IF_ERROR(
      CheckText(content.buyer_conditions, 0, kMaxTermsChars, "buyer_conditions", Lines::kMultiple));
  TTX_RETURN_IF_ERROR(
      CheckText(content.important_disclosures, 0, kMaxTermsChars, "important_disclosures", Lines::kMultiple));
  TTX_RETURN_IF_ERROR(CheckText(content.payment_terms, 1, kMaxTermsChars, "payment_terms", Lines::kMultiple));
  TTX_RETURN_IF_ERROR(CheckText(content.contact, 1, kMaxNameChars, "contact"));
  TTX_RETURN_IF_ERROR(CheckAttachments(content.attachments, "attachments"));
  TTX_RETURN_IF_ERROR(CheckRelisting(content.relisting, content.listed_price, profile));
  TTX_RETURN_IF_ERROR(CheckPriorityHolders(content.priority_holders));
  return content;
}

Result<ListingContent> NormalizeContent(ListingContent content, const Previous& previous,
                                        const RuleProfile& profile, Time now) {
  TTX_RETURN_IF_ERROR(CheckFirstDisclosure(content.relisting, previous, profile, DateInShanghai(now)));
  const RuleProfile of_round = ProfileOfRound(profile, content.relisting, previous, content.listed_price);
  return NormalizeContent(std::move(content), of_round);
}

Status CheckReserve(const ListingContent& content, Fen reserve) {
  const int64_t most = content.rules.cap ? content.rules.cap->value : kMaxFen;
  if (content.rules.mode == Mode::kDutch) return InvalidField("reserve_fen", Reason::kOUT_OF_RANGE, "none; a floor");
  return CheckRange(reserve.value, content.listed_price.value, most, "reserve_fen");
}

// --- Application and review

Result<ListingDecision> Decide(const CreateListing& command, const Regime& regime, Time now) {
  TTX_TRY([[maybe_unused]] const auto exchange,
          ParseName(command.exchange, "organizations", "listing.exchange"));
  if (command.exchange == command.owner)
    return InvalidField("exchange", Reason::kOUT_OF_RANGE, "not the owner");
  TTX_TRY(ListingContent content, NormalizeContent(command.content, command.previous, regime.profile, now));
  ListingEvent event = MakeEvent(ListingEventType::kCreated, ListingState::kDraft, command.person);
  event.id = command.id;
  event.exchange = command.exchange;
  event.owner = command.owner;
  event.owner_legal_name = command.owner_legal_name;
  event.achievement = command.achievement;
  event.profile = regime.profile.name;
  event.content = std::move(content);
  event.reserve = command.reserve;
  event.previous = command.previous;
  return Record(Listing{}, std::move(event), now);
}

Result<ListingDecision> Decide(const Listing& state, const UpdateListing& command, const Regime& regime,
                               Time now) {
  if (state.state != ListingState::kDraft) return WrongState(state, "Update");
  TTX_TRY(ListingContent content, NormalizeContent(command.content, command.previous, regime.profile, now));
  ListingEvent event = MakeEvent(ListingEventType::kUpdated, state.state, command.person);
  event.content = std::move(content);
  event.reserve = command.reserve;
  event.previous = command.previous;
  return Record(state, std::move(event), now);
}

Result<ListingDecision> Decide(const Listing& state, const SubmitListing& command, const Regime& regime,
                               Time now) {
  if (state.state != ListingState::kDraft) return WrongState(state, "Submit");
  // The profile may have changed since the draft was written.
  TTX_TRY([[maybe_unused]] const auto content, NormalizeContent(state.content, state.previous, regime.profile, now));
  ListingEvent event = MakeEvent(ListingEventType::kSubmitted, ListingState::kSubmitted, command.person);
  event.tech_field = command.tech_field;
  return Record(state, std::move(event), now);
}

Result<ListingDecision> Decide(const Listing& state, const AcceptListing& command, const Regime&, Time now) {
  if (state.state != ListingState::kSubmitted) return WrongState(state, "Accept");
  if (Wrote(state, command.person)) return Error(Reason::kSAME_PERSON);
  return Record(state, MakeEvent(ListingEventType::kAccepted, ListingState::kUnderReview, command.person),
                now);
}

Result<ListingDecision> Decide(const Listing& state, const ReturnListing& command, const Regime&, Time now) {
  if (state.state != ListingState::kSubmitted) return WrongState(state, "Return");
  if (Wrote(state, command.person)) return Error(Reason::kSAME_PERSON);
  TTX_RETURN_IF_ERROR(CheckText(command.note, 1, kMaxNoteChars, "note", Lines::kMultiple));
  return Unlocking(state, ListingEventType::kReturned, ListingState::kDraft, command.person, "", command.note,
                   now);
}

Result<ListingDecision> Decide(const Listing& state, const ApproveListing& command, const Regime& regime,
                               Time now) {
  if (state.state != ListingState::kUnderReview) return WrongState(state, "Approve");
  if (Wrote(state, command.person)) return Error(Reason::kSAME_PERSON);
  TTX_CHECK(command.review != Review::kUnspecified, "an approval names its review");
  const bool business = command.review == Review::kBusiness;
  const std::string& own = business ? state.business_reviewer : state.compliance_reviewer;
  const std::string& other = business ? state.compliance_reviewer : state.business_reviewer;
  if (!own.empty()) return Error(Reason::kALREADY_REVIEWED);
  if (other == command.person) return Error(Reason::kSAME_PERSON);
  TTX_TRY([[maybe_unused]] const auto content, NormalizeContent(state.content, state.previous, regime.profile, now));
  if (other.empty()) {
    ListingEvent event = MakeEvent(ListingEventType::kReviewed, state.state, command.person);
    event.review = command.review;
    return Record(state, std::move(event), now);
  }
  ListingEvent event = MakeEvent(ListingEventType::kApproved, ListingState::kApproved, command.person);
  event.review = command.review;
  event.project_no = command.project_no;
  event.profile_version = regime.profile.version;
  return Record(state, std::move(event), now);
}

Result<ListingDecision> Decide(const Listing& state, const RejectListing& command, const Regime&, Time now) {
  if (state.state != ListingState::kUnderReview) return WrongState(state, "Reject");
  if (Wrote(state, command.person)) return Error(Reason::kSAME_PERSON);
  TTX_RETURN_IF_ERROR(CheckText(command.note, 1, kMaxNoteChars, "note", Lines::kMultiple));
  return Unlocking(state, ListingEventType::kRejected, ListingState::kRejected, command.person, "",
                   command.note, now);
}

// --- Holders of priority rights (domain.md 4.7)

namespace {

Status CheckHolder(const Listing& listing, int32_t holder) {
  const auto count = static_cast<int32_t>(listing.content.priority_holders.size());
  if (holder == 0) return InvalidField("holder", Reason::kREQUIRED);
  return CheckRange(holder, 1, count, "holder");
}

PriorityNotice& NoticeTo(Listing& listing, int32_t holder) {
  const auto index = static_cast<size_t>(holder) - 1;
  if (listing.priority_notices.size() <= index) listing.priority_notices.resize(index + 1);
  return listing.priority_notices[index];
}

}  // namespace

Result<ListingDecision> Decide(const Listing& state, const RecordPriorityNotice& command, const Regime&,
                               Time now) {
  if (state.state != ListingState::kUnderReview && state.state != ListingState::kApproved) {
    return WrongState(state, "RecordPriorityNotice");
  }
  TTX_RETURN_IF_ERROR(CheckHolder(state, command.holder));
  TTX_RETURN_IF_ERROR(CheckPriorityNotice(command.notice, DateInShanghai(now)));
  ListingEvent event = MakeEvent(ListingEventType::kPriorityNoticed, state.state, command.notice.person);
  event.holder = command.holder;
  event.notice = command.notice;
  return Record(state, std::move(event), now);
}

Result<ListingDecision> Decide(const Listing& state, const AnswerPriority& command, const Regime&, Time now) {
  const bool listed = state.state == ListingState::kListed && !PeriodOver(state, now);
  if (state.state != ListingState::kUnderReview && state.state != ListingState::kApproved &&
      state.state != ListingState::kSuspended && !listed) {
    return WrongState(state, "AnswerPriority");
  }
  TTX_RETURN_IF_ERROR(CheckHolder(state, command.holder));
  if (command.answer < PriorityAnswer::kWaive || command.answer > PriorityAnswer::kExerciseInFloor) {
    const bool missing = command.answer == PriorityAnswer::kNone;
    return InvalidField("answer", missing ? Reason::kREQUIRED : Reason::kUNKNOWN_VALUE);
  }
  Listing copy = state;
  if (NoticeTo(copy, command.holder).answer != PriorityAnswer::kNone) {
    return InvalidField("answer", Reason::kDUPLICATE);
  }
  ListingEvent event = MakeEvent(ListingEventType::kPriorityAnswered, state.state, command.person);
  event.holder = command.holder;
  event.notice.answer = command.answer;
  event.notice.answer_person = command.person;
  return Record(state, std::move(event), now);
}

// --- The period

Result<ListingDecision> Decide(const Listing& state, const PublishListing& command, const Regime& regime,
                               Time now) {
  if (state.state != ListingState::kApproved) return WrongState(state, "Publish");
  if (Wrote(state, command.person)) return Error(Reason::kSAME_PERSON);
  if (now < state.content.earliest_start) {
    return Error(Reason::kSTART_NOT_REACHED, {{"start_time", FormatTime(state.content.earliest_start)}});
  }
  TTX_RETURN_IF_ERROR(CheckRunnable(state.content.rules));
  const Date today = DateInShanghai(now);
  TTX_RETURN_IF_ERROR(
      CheckAllNotified(state.content.priority_holders, state.priority_notices, regime.profile, today));
  TTX_RETURN_IF_ERROR(CheckFirstDisclosure(state.content.relisting, state.previous, regime.profile, today));
  ListingEvent event = PeriodEvent(ListingEventType::kPublished, command.person, regime.calendar, today,
                                   state.content.listing_days);
  event.content_hash = command.content_hash;
  if (state.content.rules.mode != Mode::kDynamic) return Record(state, std::move(event), now);
  // The session closes with the listing, and nothing closes on a provisional date (domain.md 0.4).
  if (event.end.provisional) return Error(Reason::kPROVISIONAL_DATE, {{"date", FormatDate(event.end.date)}});
  ListingEvent scheduled = MakeEvent(ListingEventType::kBiddingScheduled, ListingState::kListed);
  scheduled.auction = command.auction;
  scheduled.start = now;
  return Record(Record(state, std::move(event), now), std::move(scheduled), now);
}

Result<ListingDecision> Decide(const Listing& state, const Propose& command, const Regime&, Time now) {
  const bool listed = state.state == ListingState::kListed && !BidsWhileListed(state);
  const bool suspended = state.state == ListingState::kSuspended;
  switch (command.proposal.action) {
    case Action::kSuspend:
      if (!listed) return WrongState(state, "Suspend");
      break;
    case Action::kResume:
      if (!suspended) return WrongState(state, "Resume");
      break;
    case Action::kTerminate:
      if (!listed && !suspended) return WrongState(state, "Terminate");
      break;
    case Action::kNone:
      TTX_CHECK(false, "a proposal names its action");
  }
  if (command.proposal.action == Action::kResume && !state.objections.empty()) return ObjectionOpen(state);
  if (command.proposal.action != Action::kResume && !bidding::IsSuspensionReason(command.proposal.reason)) {
    return InvalidField("reason",
                        command.proposal.reason.empty() ? Reason::kREQUIRED : Reason::kUNKNOWN_VALUE,
                        "domain.md 4.6");
  }
  TTX_RETURN_IF_ERROR(CheckText(command.proposal.note, 0, kMaxNoteChars, "note", Lines::kMultiple));
  ListingEvent event = MakeEvent(ListingEventType::kProposed, state.state, command.proposal.person);
  event.proposal = command.proposal;
  return Record(state, std::move(event), now);
}

Result<ListingDecision> Decide(const Listing& state, const Confirm& command, const Regime& regime, Time now) {
  const Proposal& proposal = state.proposal;
  if (proposal.action == Action::kNone) return Error(Reason::kNO_PROPOSAL);
  if (state.state != ListingState::kListed && state.state != ListingState::kSuspended) {
    return WrongState(state, "Confirm");
  }
  if (command.person == proposal.person || Wrote(state, command.person)) return Error(Reason::kSAME_PERSON);
  switch (proposal.action) {
    case Action::kSuspend:
      return Record(state,
                    SuspensionEvent(state, command.person, proposal.reason, proposal.note, regime, now), now);
    case Action::kResume:
      if (!state.objections.empty()) return ObjectionOpen(state);
      return Record(state, ResumptionEvent(state, command.person, regime, now), now);
    case Action::kTerminate:
      return Unlocking(state, ListingEventType::kTerminated, ListingState::kTerminated, command.person,
                       proposal.reason, proposal.note, now);
    case Action::kNone:
      break;
  }
  TTX_CHECK(false, "unreachable");
}

Result<ListingDecision> Decide(const Listing& state, const WithdrawListing& command, const Regime&,
                               Time now) {
  switch (state.state) {
    case ListingState::kDraft:
    case ListingState::kSubmitted:
    case ListingState::kUnderReview:
    case ListingState::kApproved:
      break;
    case ListingState::kListed:
      if (BidsWhileListed(state)) return WrongState(state, "Withdraw");
      if (command.has_intents) return Error(Reason::kHAS_INTENTS);
      break;
    case ListingState::kRejected:
    case ListingState::kSuspended:
    case ListingState::kTerminated:
    case ListingState::kWithdrawn:
    case ListingState::kQualifying:
    case ListingState::kSingleBidder:
    case ListingState::kBiddingScheduled:
    case ListingState::kBidding:
    case ListingState::kDealPending:
    case ListingState::kDealSigned:
    case ListingState::kClosed:
    case ListingState::kExpired:
    case ListingState::kDefaulted:
      return WrongState(state, "Withdraw");
  }
  return Unlocking(state, ListingEventType::kWithdrawn, ListingState::kWithdrawn, command.person, "WITHDRAWN",
                   "", now);
}

namespace {

ListingDecision EndListedBidding(const Listing& state, Time now) {
  return Record(state, MakeEvent(ListingEventType::kPeriodEnded, ListingState::kBidding), now);
}

// DYNAMIC: the session must hear of an extension before its own end, which is the same instant.
ListingDecision EndDynamicPeriod(const Listing& state, const EndPeriod& command, const Regime& regime, Time now) {
  if (PeriodOver(state, now)) return EndListedBidding(state, now);
  const std::optional<Time> due = ExtensionDue(state);
  const AutoExtend& extend = state.content.auto_extend;
  const bool few = command.registered_intents <= static_cast<size_t>(extend.trigger_intents);
  if (!due || now < *due || !few) return Unchanged(state);
  ListingEvent event =
      PeriodEvent(ListingEventType::kExtended, "", regime.calendar, state.end_date + 1, extend.cycle_days);
  return event.end.provisional ? Unchanged(state) : Record(state, std::move(event), now);
}

}  // namespace

Result<ListingDecision> Decide(const Listing& state, const EndPeriod& command, const Regime& regime,
                               Time now) {
  if (state.state != ListingState::kListed) return Unchanged(state);
  if (BidsWhileListed(state)) return EndDynamicPeriod(state, command, regime, now);
  ListingDecision decision = Unchanged(state);
  if (state.end_provisional) {
    const LegalDate end = regime.calendar.ListingEnd(state.period_from, state.period_days);
    if (end != LegalDate{state.end_date, true}) {
      ListingEvent event = MakeEvent(ListingEventType::kEndMoved, state.state);
      event.end = end;
      decision = Record(std::move(decision), std::move(event), now);
    }
  }
  const Listing& listing = decision.next;
  if (!PeriodOver(listing, now)) return decision;
  const AutoExtend& extend = listing.content.auto_extend;
  if (extend.enabled && listing.extension_count < extend.max_cycles &&
      command.registered_intents <= static_cast<size_t>(extend.trigger_intents)) {
    ListingEvent event = PeriodEvent(ListingEventType::kExtended, "", regime.calendar, listing.end_date + 1,
                                     extend.cycle_days);
    return Record(std::move(decision), std::move(event), now);
  }
  if (command.registered_intents == 0) {
    ListingEvent event = MakeEvent(ListingEventType::kExpired, ListingState::kExpired);
    event.reason = "NO_INTENT";
    return Record(std::move(decision), std::move(event), now);
  }
  return Record(std::move(decision), MakeEvent(ListingEventType::kPeriodEnded, ListingState::kQualifying),
                now);
}

// --- From intents to a deal

Result<ListingDecision> Decide(const Listing& state, const Qualification& command, const Regime& regime,
                               Time now) {
  if (state.state != ListingState::kQualifying || command.undecided > 0) return Unchanged(state);
  const Rules& rules = state.content.rules;
  if (command.qualified.size() < FewestBidders(rules)) {
    ListingEvent event = MakeEvent(ListingEventType::kExpired, ListingState::kExpired);
    event.reason = command.qualified.empty() ? "NO_QUALIFIED_BIDDER" : "TOO_FEW_BIDDERS";
    return Record(state, std::move(event), now);
  }
  if (command.qualified.size() > 1 || !QuotesAlone(rules)) return Unchanged(state);
  return Record(state, SingleBidderEvent(command.qualified.front(), regime, now), now);
}

Result<ListingDecision> Decide(const Listing& state, const ScheduleBidding& command, const Regime& regime,
                               Time now) {
  if (state.state != ListingState::kQualifying) return WrongState(state, "ScheduleBidding");
  if (!state.objections.empty()) return ObjectionOpen(state);
  if (command.qualification.undecided > 0) return Error(Reason::kINTENTS_UNDECIDED);
  const Rules& rules = state.content.rules;
  const size_t fewest = std::max<size_t>(FewestBidders(rules), QuotesAlone(rules) ? 2 : 1);
  if (command.qualification.qualified.size() < fewest) return Error(Reason::kTOO_FEW_BIDDERS);
  TTX_RETURN_IF_ERROR(CheckRunnable(state.content.rules));
  TTX_TRY(const Time start, BiddingStart(command.start_time, regime, now));
  ListingEvent event = MakeEvent(ListingEventType::kBiddingScheduled, ListingState::kBiddingScheduled);
  event.auction = command.auction;
  event.start = start;
  return Record(state, std::move(event), now);
}

Result<ListingDecision> Decide(const Listing& state, const Quote& command, const Regime&, Time now) {
  if (state.state != ListingState::kSingleBidder) return WrongState(state, "Quote");
  if (command.intent != state.single_intent) return Error(Reason::kNOT_QUALIFIED);
  if (!state.objections.empty()) return ObjectionOpen(state);
  if (!state.quote_due_provisional && now >= state.quote_due_time) return Error(Reason::kQUOTE_TOO_LATE);
  TTX_RETURN_IF_ERROR(CheckAmount(command.deal.price, Fen{1}, "price_fen"));
  if (command.deal.price < state.content.listed_price) {
    return Error(Reason::kBELOW_LISTED_PRICE,
                 {{"listed_price_fen", std::to_string(state.content.listed_price.value)}});
  }
  if (state.low_quotes >= kMaxLowQuotes) return Error(Reason::kNO_MORE_QUOTES);
  if (command.deal.price < command.reserve) {
    return Record(state, MakeEvent(ListingEventType::kQuotedLow, state.state), now);
  }
  ListingEvent event = MakeEvent(ListingEventType::kDealDetermined, ListingState::kDealPending);
  event.deal = command.deal;
  return Record(state, std::move(event), now);
}

Result<ListingDecision> Decide(const Listing& state, const EndQuote&, const Regime& regime, Time now) {
  // Who may not quote while an objection is open cannot be late; closing it gives the time anew.
  if (state.state != ListingState::kSingleBidder || !state.objections.empty()) return Unchanged(state);
  ListingDecision decision = Unchanged(state);
  if (state.quote_due_provisional) {
    const LegalDate due = regime.calendar.DeadlineWorkdays(state.single_date, regime.profile.quote_workdays);
    if (!due.provisional || due.end() != state.quote_due_time) {
      ListingEvent event = MakeEvent(ListingEventType::kQuoteDueMoved, state.state);
      event.end = due;
      decision = Record(std::move(decision), std::move(event), now);
    }
  }
  if (decision.next.quote_due_provisional || now < decision.next.quote_due_time) return decision;
  // A bidder who offered at least the listed price has kept its word; it did not meet the owner's price.
  const bool quoted = decision.next.low_quotes > 0;
  ListingEvent event = quoted ? MakeEvent(ListingEventType::kExpired, ListingState::kExpired)
                              : MakeEvent(ListingEventType::kDefaulted, ListingState::kDefaulted);
  event.reason = quoted ? "BELOW_RESERVE" : "NO_QUOTE";
  return Record(std::move(decision), std::move(event), now);
}

Result<ListingDecision> Decide(const Listing& state, const StartBidding& command, const Regime&, Time now) {
  if (EndedUnderAuction(state) || state.state == ListingState::kBidding) return Unchanged(state);
  // The auction knows when FREE is over; the listing's own timer may be a moment behind.
  if (BidsWhileListed(state)) return command.is_free ? Unchanged(state) : EndListedBidding(state, now);
  if (state.state != ListingState::kBiddingScheduled) return WrongState(state, "StartBidding");
  return Record(state, MakeEvent(ListingEventType::kBiddingStarted, ListingState::kBidding), now);
}

Result<ListingDecision> Decide(const Listing& state, const AuctionWon& command, const Regime&, Time now) {
  if (EndedUnderAuction(state)) return Unchanged(state);
  if (!HasLiveAuction(state)) {
    return WrongState(state, "AuctionWon");
  }
  TTX_CHECK(!command.deals.empty(), "an auction that was won without a deal");
  ListingDecision decision = Unchanged(state);
  const Fen listed = state.content.listed_price;
  int32_t sold_ppm = 0;
  for (const Deal& deal : command.deals) {
    ListingEvent event = MakeEvent(ListingEventType::kDealDetermined, ListingState::kDealPending);
    event.deal = deal;
    // Rounded along the sum, so that the parts add up to the listed price.
    event.deal.listed_price = MulPpm(listed, {sold_ppm + deal.share_ppm}) - MulPpm(listed, {sold_ppm});
    sold_ppm += deal.share_ppm;
    if (deal.share_ppm > 0 && deal.price == Fen{}) continue;
    decision = Record(std::move(decision), std::move(event), now);
  }
  return decision;
}

Result<ListingDecision> Decide(const Listing& state, const AuctionFailed& command, const Regime&, Time now) {
  if (EndedUnderAuction(state)) return Unchanged(state);
  if (!HasLiveAuction(state)) {
    return WrongState(state, "AuctionFailed");
  }
  ListingEvent event = MakeEvent(ListingEventType::kExpired, ListingState::kExpired);
  event.reason = command.reason;
  return Record(state, std::move(event), now);
}

// --- After the deal. Facts come from several services in any order.

Result<ListingDecision> Decide(const Listing& state, const ContractEffective& command, const Regime&,
                               Time now) {
  const Deal* deal = FindDeal(state, command.deal);
  if (deal != nullptr && IsOver(*deal)) return Unchanged(state);
  if (deal == nullptr || deal->state != DealState::kPending) return WrongState(state, "ContractEffective");
  return RecordOf(*deal, state, MakeEvent(ListingEventType::kDealSigned, state.state), now);
}

Result<ListingDecision> Decide(const Listing& state, const DealDefaulted& command, const Regime&, Time now) {
  const Deal* deal = FindDeal(state, command.deal);
  if (deal != nullptr && IsOver(*deal)) return Unchanged(state);
  const bool is_signed = deal != nullptr && deal->state == DealState::kSigned;
  if (deal == nullptr || (!is_signed && command.reason == kContractTerminated)) {
    return WrongState(state, "DealDefaulted");
  }
  // A deal that is cancelled after its contract took effect ends with the contract, which is told next.
  if (is_signed && command.reason == "CANCELLED") return Unchanged(state);
  ListingEvent event = MakeEvent(ListingEventType::kDefaulted, state.state);
  event.reason = command.reason;
  return RecordOf(*deal, state, std::move(event), now);
}

namespace {

Result<ListingDecision> Finish(const Listing& state, const std::string& name, ListingEventType type,
                               Time now) {
  const Deal* deal = FindDeal(state, name);
  if (deal == nullptr) return WrongState(state, TypeName(type));
  return IsOver(*deal) ? Unchanged(state) : RecordOf(*deal, state, MakeEvent(type, state.state), now);
}

}  // namespace

Result<ListingDecision> Decide(const Listing& state, const DealSettled& command, const Regime&, Time now) {
  return Finish(state, command.deal, ListingEventType::kSettled, now);
}

Result<ListingDecision> Decide(const Listing& state, const DealCertified& command, const Regime&, Time now) {
  return Finish(state, command.deal, ListingEventType::kCertified, now);
}

// --- Objections to the listing's own notices

namespace {

bool HasObjection(const Listing& listing, const std::string& objection) {
  return std::find(listing.objections.begin(), listing.objections.end(), objection) !=
         listing.objections.end();
}

}  // namespace

Result<ListingDecision> Decide(const Listing& state, const OpenObjection& command, const Regime& regime,
                               Time now) {
  if (!IsPublic(state) || IsOver(state.state) || !state.deals.empty() ||
      HasObjection(state, command.objection)) {
    return Unchanged(state);
  }
  ListingEvent opened = MakeEvent(ListingEventType::kObjectionOpened, state.state);
  opened.objection = command.objection;
  ListingDecision decision = Record(state, std::move(opened), now);
  if (state.state != ListingState::kListed || BidsWhileListed(state)) return decision;
  ListingEvent suspended = SuspensionEvent(decision.next, "", "OBJECTION", "", regime, now);
  return Record(std::move(decision), std::move(suspended), now);
}

Result<ListingDecision> Decide(const Listing& state, const CloseObjection& command, const Regime& regime,
                               Time now) {
  if (IsOver(state.state) || !HasObjection(state, command.objection)) return Unchanged(state);
  ListingEvent closed = MakeEvent(ListingEventType::kObjectionClosed, state.state);
  closed.objection = command.objection;
  ListingDecision decision = Record(state, std::move(closed), now);
  if (!state.deals.empty()) return decision;
  if (command.upheld) {
    ListingEvent ended = MakeEvent(ListingEventType::kTerminated, ListingState::kTerminated);
    ended.reason = "OBJECTION";
    return Record(std::move(decision), std::move(ended), now);
  }
  if (!decision.next.objections.empty()) return decision;
  if (state.suspended_by_objection) {
    ListingEvent resumed = ResumptionEvent(decision.next, "", regime, now);
    return Record(std::move(decision), std::move(resumed), now);
  }
  if (state.state == ListingState::kSingleBidder) {
    return Record(std::move(decision), SingleBidderEvent(state.single_intent, regime, now), now);
  }
  return decision;
}

// --- Folding

namespace {

void SetPeriod(Listing& listing, const ListingEvent& event) {
  listing.period_from = event.from;
  listing.period_days = event.days;
  listing.end_date = event.end.date;
  listing.end_provisional = event.end.provisional;
  listing.end_time = EndOf(listing.content, event.end.date);
}

void SetReviewer(Listing& listing, const ListingEvent& event) {
  (event.review == Review::kBusiness ? listing.business_reviewer : listing.compliance_reviewer) =
      event.person;
}

void SetCreated(Listing& listing, const ListingEvent& event) {
  listing = {};
  listing.id = event.id;
  listing.exchange = event.exchange;
  listing.owner = event.owner;
  listing.owner_legal_name = event.owner_legal_name;
  listing.achievement = event.achievement;
  listing.profile = event.profile;
  listing.create_time = event.time;
}

void ApplyApplication(Listing& state, const ListingEvent& event) {
  using Type = ListingEventType;
  if (event.type == Type::kCreated) SetCreated(state, event);
  if (event.type == Type::kCreated || event.type == Type::kUpdated) {
    state.content = *event.content;
    state.previous = event.previous;
    if (event.reserve) state.reserve = *event.reserve;
    state.maker_person = event.person;
  } else if (event.type == Type::kSubmitted) {
    state.submitter_person = event.person;
    state.tech_field = event.tech_field;
    state.note.clear();
  } else if (event.type == Type::kAccepted) {
    state.business_reviewer.clear();  // a resubmitted application is reviewed anew
    state.compliance_reviewer.clear();
  } else if (event.type == Type::kReviewed) {
    SetReviewer(state, event);
  } else if (event.type == Type::kApproved) {
    SetReviewer(state, event);
    state.project_no = event.project_no;
    state.profile_version = event.profile_version;
  } else {  // RETURNED, REJECTED
    state.note = event.note;
  }
}

void ApplyPeriod(Listing& state, const ListingEvent& event) {
  using Type = ListingEventType;
  if (event.type == Type::kPublished) {
    state.notice_version = 1;
    state.content_hash = event.content_hash;
    state.start_time = event.time;
    SetPeriod(state, event);
  } else if (event.type == Type::kExtended) {
    ++state.extension_count;
    SetPeriod(state, event);
  } else if (event.type == Type::kEndMoved) {
    state.end_date = event.end.date;
    state.end_provisional = event.end.provisional;
    state.end_time = EndOf(state.content, event.end.date);
  } else if (event.type == Type::kSuspended) {
    state.proposal = {};
    state.reason = event.reason;
    state.note = event.note;
    state.remaining_days = event.days;
    state.suspend_time = event.time;
    state.suspended_by_objection = event.person.empty();
  } else {  // RESUMED
    state.proposal = {};
    state.reason.clear();
    state.note.clear();
    state.remaining_days = 0;
    state.suspend_time = {};
    state.suspended_by_objection = false;
    SetPeriod(state, event);
  }
}

void ApplyObjection(Listing& state, const ListingEvent& event) {
  if (event.type == ListingEventType::kObjectionOpened) {
    state.objections.push_back(event.objection);
  } else {
    std::erase(state.objections, event.objection);
  }
}

void ApplyPriority(Listing& state, const ListingEvent& event) {
  PriorityNotice& notice = NoticeTo(state, event.holder);
  if (event.type == ListingEventType::kPriorityAnswered) {
    notice.answer = event.notice.answer;
    notice.answer_person = event.notice.answer_person;
    return;
  }
  const PriorityNotice before = std::move(notice);
  notice = event.notice;
  notice.answer = before.answer;
  notice.answer_person = before.answer_person;
}

void ApplyEnd(Listing& state, const ListingEvent& event) {
  state.proposal = {};
  state.reason = event.reason;
  if (event.type == ListingEventType::kTerminated) state.note = event.note;
}

void ApplyDeal(Listing& state, const ListingEvent& event) {
  using Type = ListingEventType;
  if (event.type == Type::kDealDetermined) state.deals.push_back(event.deal);
  // Of the only one there is, the name is not said again; none is there when the only bidder did not quote.
  const auto found = event.deal.id.empty()
                         ? state.deals.begin()
                         : std::find_if(state.deals.begin(), state.deals.end(),
                                        [&](const Deal& deal) { return deal.id == event.deal.id; });
  if (found == state.deals.end()) return;
  if (event.type == Type::kDealSigned) found->state = DealState::kSigned;
  if (event.type == Type::kSettled) found->settled = true;
  if (event.type == Type::kCertified) found->certified = true;
  if (event.type == Type::kDefaulted) {
    found->state = DealState::kDefaulted;
    found->end_reason = event.reason;
  }
}

void ApplySingleBidder(Listing& state, const ListingEvent& event) {
  if (event.type == ListingEventType::kSingleBidder) {
    state.single_intent = event.intent;
    state.single_date = event.from;
  }
  state.quote_due_time = event.end.end();
  state.quote_due_provisional = event.end.provisional;
}

}  // namespace

Listing Apply(Listing state, const ListingEvent& event) {
  using Type = ListingEventType;
  switch (event.type) {
    case Type::kCreated:
    case Type::kUpdated:
    case Type::kSubmitted:
    case Type::kAccepted:
    case Type::kReturned:
    case Type::kReviewed:
    case Type::kApproved:
    case Type::kRejected:
      ApplyApplication(state, event);
      break;
    case Type::kPublished:
    case Type::kExtended:
    case Type::kEndMoved:
    case Type::kSuspended:
    case Type::kResumed:
      ApplyPeriod(state, event);
      break;
    case Type::kProposed:
      state.proposal = event.proposal;
      break;
    case Type::kTerminated:
    case Type::kWithdrawn:
    case Type::kExpired:
      ApplyEnd(state, event);
      break;
    case Type::kDefaulted:
      ApplyDeal(state, event);
      if (event.state == ListingState::kDefaulted) ApplyEnd(state, event);
      break;
    case Type::kPeriodEnded:
      state.proposal = {};
      break;
    case Type::kSingleBidder:
    case Type::kQuoteDueMoved:
      ApplySingleBidder(state, event);
      break;
    case Type::kBiddingScheduled:
      state.auction = event.auction;
      state.bidding_start_time = event.start;
      break;
    case Type::kDealDetermined:
    case Type::kDealSigned:
    case Type::kSettled:
    case Type::kCertified:
      ApplyDeal(state, event);
      break;
    case Type::kObjectionOpened:
    case Type::kObjectionClosed:
      ApplyObjection(state, event);
      break;
    case Type::kQuotedLow:
      ++state.low_quotes;
      break;
    case Type::kPriorityNoticed:
    case Type::kPriorityAnswered:
      ApplyPriority(state, event);
      break;
    case Type::kBiddingStarted:
    case Type::kClosed:
      break;
  }
  state.state = event.state;
  state.update_time = event.time;
  ++state.version;
  return state;
}

namespace {

// What is wrong with the deals, or nullptr.
const char* FaultOfDeals(const Listing& listing) {
  const bool dealt = listing.state == ListingState::kDealPending ||
                     listing.state == ListingState::kDealSigned || listing.state == ListingState::kClosed;
  Fen price;
  int64_t shares_ppm = 0;
  for (const Deal& deal : listing.deals) {
    if (deal.id.empty()) return "a deal without a name";
    if ((deal.share_ppm == 0) != (listing.deals.front().share_ppm == 0)) return "a portion beside the whole";
    price += deal.price;
    shares_ppm += deal.share_ppm;
  }
  if (listing.deals.size() > 1 && shares_ppm == 0) return "two deals of the whole";
  if (shares_ppm > kWholePpm) return "portions of more than the whole";
  if (dealt && (listing.deals.empty() || price < LowestPrice(listing.content))) {
    return "a deal below the lowest price, or none";
  }
  if (!listing.deals.empty() && listing.state != StateOf(listing.deals)) {
    return "another state than its deals have: closed before settlement and certificate, for one";
  }
  return nullptr;
}

}  // namespace

std::optional<std::string> Check(const Listing& listing) {
  const auto fail = [&](const char* what) {
    return std::optional("listing " + listing.id.text + ": " + what);
  };
  if (listing.id.empty() || listing.owner.empty() || listing.exchange.empty())
    return fail("no id, owner or exchange");
  const bool approved = !listing.project_no.empty();
  if (approved && (listing.business_reviewer.empty() || listing.compliance_reviewer.empty())) {
    return fail("approved without two reviews");
  }
  if (!listing.business_reviewer.empty() && listing.business_reviewer == listing.compliance_reviewer) {
    return fail("both reviews by one person");
  }
  for (const std::string* reviewer : {&listing.business_reviewer, &listing.compliance_reviewer}) {
    if (!reviewer->empty() && Wrote(listing, *reviewer)) return fail("reviewed by the one who wrote it");
  }
  if (IsPublic(listing) != static_cast<bool>(listing.start_time)) return fail("published without a start");
  if (IsPublic(listing) && !approved) return fail("published without approval");
  if (IsPublic(listing) && listing.end_time <= listing.start_time) return fail("the end is before the start");
  if (const char* fault = FaultOfDeals(listing)) return fail(fault);
  if (listing.content.deposit.amount <= Fen{}) return fail("no deposit");
  if (listing.priority_notices.size() > listing.content.priority_holders.size()) {
    return fail("a notice to a holder that was not declared");
  }
  if (!listing.content.relisting.previous_listing.empty() && listing.previous.first_date == Date{}) {
    return fail("a re-listing of nothing");
  }
  return std::nullopt;
}

bool IsPublic(const Listing& listing) { return listing.notice_version > 0; }

bool IsOver(ListingState state) {
  return state == ListingState::kRejected || state == ListingState::kTerminated ||
         state == ListingState::kWithdrawn || state == ListingState::kClosed ||
         state == ListingState::kExpired || state == ListingState::kDefaulted;
}

const Deal* FindDeal(const Listing& listing, std::string_view deal) {
  const auto found = std::find_if(listing.deals.begin(), listing.deals.end(),
                                  [&](const Deal& one) { return one.id == deal; });
  return found == listing.deals.end() ? nullptr : &*found;
}

bool HasWon(const Listing& listing, std::string_view intent) {
  return std::any_of(listing.deals.begin(), listing.deals.end(),
                     [&](const Deal& deal) { return deal.intent == intent; });
}

bool IsOver(const Deal& deal) {
  return !WasKept(deal) || (deal.state == DealState::kSigned && deal.settled && deal.certified);
}

int32_t UnsoldShareOf(const Listing& listing) {
  if (!IsPortioned(listing)) return 0;
  int32_t unsold_ppm = kWholePpm;
  for (const Deal& deal : listing.deals) unsold_ppm -= WasKept(deal) ? deal.share_ppm : 0;
  return unsold_ppm;
}

bool MayBeRelisted(const Listing& listing) {
  return IsPublic(listing) &&
         (listing.state == ListingState::kExpired || listing.state == ListingState::kDefaulted ||
          listing.state == ListingState::kTerminated);
}

Previous AsPrevious(const Listing& listing) {
  const bool is_first = listing.content.relisting.previous_listing.empty();
  if (!is_first) return {listing.content.listed_price, listing.previous.first_date, listing.previous.first_days};
  return {listing.content.listed_price, DateInShanghai(listing.start_time), listing.content.listing_days};
}

bool HasLiveAuction(const Listing& listing) {
  return listing.state == ListingState::kBidding || listing.state == ListingState::kBiddingScheduled ||
         BidsWhileListed(listing);
}

bool TakesIntents(const Listing& listing, Time now) {
  return listing.state == ListingState::kListed && !PeriodOver(listing, now);
}

bool BidsWhileListed(const Listing& listing) {
  return listing.state == ListingState::kListed && !listing.auction.empty();
}

std::optional<Time> ExtensionDue(const Listing& listing) {
  const AutoExtend& extend = listing.content.auto_extend;
  const bool may_extend =
      BidsWhileListed(listing) && extend.enabled && listing.extension_count < extend.max_cycles;
  return may_extend ? std::optional(listing.end_time - kDynamicExtensionLead) : std::nullopt;
}

Rules AuctionRulesOf(const Listing& listing) {
  Rules rules = listing.content.rules;
  if (BidsWhileListed(listing)) rules.free_period = listing.end_time - listing.bidding_start_time;
  return rules;
}

bool IsLowQuote(const ListingDecision& decision) {
  return !decision.events.empty() && decision.events.back().type == ListingEventType::kQuotedLow;
}

namespace {

class CanonicalText {
 public:
  CanonicalText& Add(std::string_view value) {
    text_ += std::to_string(value.size()) + ":" + std::string(value) + "\n";
    return *this;
  }
  CanonicalText& Add(int64_t value) { return Add(std::to_string(value)); }
  CanonicalText& Add(const std::vector<std::string>& values) {
    Add(static_cast<int64_t>(values.size()));
    for (const std::string& value : values) Add(value);
    return *this;
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_ = "TTX-LISTING-1\n";
};

// The number of an enum in the published text, that of the API.
template <class Enum>
int64_t Number(Enum value) {
  return static_cast<int64_t>(value) + 1;
}

// Whether nothing beyond the rules that there were before there were modes is said.
bool IsPlain(const ListingContent& content) {
  Rules rules = bidding::OpenRules(Mode::kMulti);
  const Rules& said = content.rules;
  rules.mode = said.mode;
  rules.start_price = said.start_price;
  rules.increments = said.increments;
  rules.multiple_base = said.multiple_base;
  rules.free_period = said.free_period;
  rules.preparation = said.preparation;
  rules.cycle = said.cycle;
  rules.limited_entry = said.limited_entry;
  rules.max_steps_per_bid = said.max_steps_per_bid;
  rules.self_outbid = said.self_outbid;
  rules.cap = said.cap;
  return rules == said && bidding::IsAscending(said.mode) && !content.names_suspension;
}

// What departs from a MULTI auction without any of them: such a listing keeps the text it had before there were modes.
void AddModes(CanonicalText& text, const ListingContent& content) {
  if (IsPlain(content)) return;
  const Rules& rules = content.rules;
  text.Add("modes").Add(Number(rules.cap_policy)).Add(rules.proxy_bids ? 1 : 0).Add(rules.min_bidders);
  text.Add(Number(rules.single_bidder)).Add(Number(rules.tie_rule));
  for (const Duration warning : rules.warnings) text.Add(warning.ns);
  text.Add(rules.max_total.ns).Add(rules.forfeit_when_silent ? 1 : 0);
  text.Add(Number(rules.priority.mode)).Add(Number(rules.priority.equal_rank));
  text.Add(rules.priority.answer_period.ns).Add(rules.priority.best_bidder_may_raise ? 1 : 0);
  if (rules.mode == Mode::kDutch) {
    const bidding::DutchRules& dutch = rules.dutch;
    text.Add("dutch").Add(dutch.decrement.value).Add(dutch.decrement_share.value);
    text.Add(dutch.interval.ns).Add(dutch.floor.value);
  }
  if (IsSealed(rules.mode)) {
    const bidding::SealedRules& sealed = rules.sealed;
    text.Add("sealed").Add(sealed.submissions).Add(sealed.may_withdraw ? 1 : 0).Add(sealed.check_multiple ? 1 : 0);
    text.Add(sealed.shares_needed).Add(sealed.shares_total).Add(sealed.shares_period.ns);
    text.Add(sealed.second_period.ns).Add(sealed.reveal_period.ns).Add(sealed.holder_set);
  }
  if (rules.mode == Mode::kWeighted || rules.mode == Mode::kTender) {
    const bidding::ScoringRules& scoring = rules.scoring;
    text.Add("scoring").Add(scoring.price_weight.value).Add(scoring.publicity.ns);
    for (const Criterion& criterion : scoring.criteria) text.Add(criterion.name).Add(criterion.weight.value);
  }
  if (content.names_suspension) {
    const SuspensionRules& suspension = rules.suspension;
    text.Add("suspension").Add(suspension.outage_notice.ns).Add(suspension.resume_notice.ns);
    text.Add(suspension.longest.ns);
  }
  if (rules.next_best_allowed) text.Add("next_best_allowed");
}

void AddRules(CanonicalText& text, const ListingContent& content) {
  const Rules& rules = content.rules;
  text.Add(Number(rules.mode)).Add(rules.start_price.value);
  text.Add(static_cast<int64_t>(rules.increments.size()));
  for (const Increment& increment : rules.increments)
    text.Add(increment.from.value).Add(increment.step.value);
  text.Add(Number(rules.multiple_base)).Add(rules.free_period.ns).Add(rules.preparation.ns);
  text.Add(rules.cycle.ns).Add(Number(rules.limited_entry)).Add(rules.max_steps_per_bid);
  text.Add(rules.self_outbid ? 1 : 0).Add(rules.cap.value_or(Fen{}).value);
  AddModes(text, content);
}

// Nothing of a first listing without declared holders of priority rights.
void AddRound(CanonicalText& text, const ListingContent& content) {
  const Relisting& relisting = content.relisting;
  if (relisting != Relisting{}) {
    text.Add("relisting").Add(relisting.previous_listing).Add(relisting.appraisal.value);
    text.Add(static_cast<int64_t>(relisting.evidence)).Add(relisting.document.sha256);
  }
  if (!content.priority_holders.empty()) text.Add("priority_holders");
  for (const PriorityHolder& holder : content.priority_holders) {
    text.Add(holder.display_name).Add(holder.organization).Add(static_cast<int64_t>(holder.claim.right));
    text.Add(holder.claim.rank).Add(holder.claim.capital_share);
  }
}

}  // namespace

std::string CanonicalContent(const Listing& listing) {
  const ListingContent& content = listing.content;
  CanonicalText text;
  text.Add(listing.id.text).Add(listing.project_no).Add(listing.exchange).Add(listing.owner);
  text.Add(listing.owner_legal_name)
      .Add(listing.achievement)
      .Add(listing.profile)
      .Add(listing.profile_version);
  text.Add(content.title)
      .Add(static_cast<int64_t>(content.right_scope.kind))
      .Add(content.right_scope.territories);
  text.Add(content.right_scope.fields)
      .Add(content.right_scope.term_start_date)
      .Add(content.right_scope.term_end_date);
  text.Add(content.listed_price.value).Add(content.listing_days).Add(content.earliest_start.ns);
  text.Add(content.closing_hour)
      .Add(content.auto_extend.enabled ? 1 : 0)
      .Add(content.auto_extend.trigger_intents);
  text.Add(content.auto_extend.cycle_days).Add(content.auto_extend.max_cycles);
  AddRules(text, content);
  text.Add(content.deposit.amount.value).Add(content.deposit.pay_days).Add(content.deposit.guarantee);
  text.Add(content.deposit.disposal).Add(content.buyer_conditions).Add(content.joint_bid_allowed ? 1 : 0);
  text.Add(content.important_disclosures).Add(content.payment_terms).Add(content.contact);
  text.Add(static_cast<int64_t>(content.attachments.size()));
  for (const Attachment& file : content.attachments) text.Add(file.name).Add(file.sha256).Add(file.size);
  AddRound(text, content);
  return text.Add(listing.reserve.commitment).Take();
}

std::string ProjectNumber(std::string_view exchange_code, int year, int32_t profile_digit, int64_t sequence) {
  TTX_CHECK(exchange_code.size() == 4 && InUsccAlphabet(exchange_code), "an exchange code has 4 symbols");
  std::string digits = std::to_string(sequence);
  TTX_CHECK(sequence > 0 && digits.size() <= 6, "project numbers of a year are exhausted");
  digits.insert(0, 6 - digits.size(), '0');
  std::string number =
      "PJ" + std::string(exchange_code) + std::to_string(year) + std::to_string(profile_digit) + digits;
  number += UsccCheckSymbol(number);
  return number;
}

std::string_view StateName(ListingState state) {
  switch (state) {
    case ListingState::kDraft:
      return "DRAFT";
    case ListingState::kSubmitted:
      return "SUBMITTED";
    case ListingState::kUnderReview:
      return "UNDER_REVIEW";
    case ListingState::kApproved:
      return "APPROVED";
    case ListingState::kRejected:
      return "REJECTED";
    case ListingState::kListed:
      return "LISTED";
    case ListingState::kSuspended:
      return "SUSPENDED";
    case ListingState::kTerminated:
      return "TERMINATED";
    case ListingState::kWithdrawn:
      return "WITHDRAWN";
    case ListingState::kQualifying:
      return "QUALIFYING";
    case ListingState::kSingleBidder:
      return "SINGLE_BIDDER";
    case ListingState::kBiddingScheduled:
      return "BIDDING_SCHEDULED";
    case ListingState::kBidding:
      return "BIDDING";
    case ListingState::kDealPending:
      return "DEAL_PENDING";
    case ListingState::kDealSigned:
      return "DEAL_SIGNED";
    case ListingState::kClosed:
      return "CLOSED";
    case ListingState::kExpired:
      return "EXPIRED";
    case ListingState::kDefaulted:
      return "DEFAULTED";
  }
  TTX_CHECK(false, "unreachable");
}

std::string_view TypeName(ListingEventType type) {
  static constexpr std::array<std::string_view, 33> kNames = {
      "CREATED",           "UPDATED",         "SUBMITTED",       "ACCEPTED",         "RETURNED",
      "REVIEWED",          "APPROVED",        "REJECTED",        "PUBLISHED",        "EXTENDED",
      "END_MOVED",         "PROPOSED",        "SUSPENDED",       "RESUMED",          "TERMINATED",
      "WITHDRAWN",         "PERIOD_ENDED",    "EXPIRED",         "SINGLE_BIDDER",    "QUOTE_DUE_MOVED",
      "BIDDING_SCHEDULED", "BIDDING_STARTED", "DEAL_DETERMINED", "DEAL_SIGNED",      "DEFAULTED",
      "SETTLED",           "CERTIFIED",       "CLOSED",          "OBJECTION_OPENED", "OBJECTION_CLOSED",
      "QUOTED_LOW",        "PRIORITY_NOTICED", "PRIORITY_ANSWERED"};
  const auto index = static_cast<size_t>(type) - 1;
  TTX_CHECK(index < kNames.size(), "no such event type");
  return kNames[index];
}

}  // namespace ttx::listing
