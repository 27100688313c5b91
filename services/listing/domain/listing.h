#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/calendar.h"
#include "services/listing/domain/common.h"
#include "services/listing/domain/priority.h"
#include "services/listing/domain/relisting.h"
#include "services/listing/domain/rule_profile.h"
#include "services/listing/domain/rules.h"

namespace ttx::listing {

// The numbers of all enums here are those of the API and of records: do not renumber.

/// Where a listing stands (domain.md 4.3).
enum class ListingState : int32_t {
  kDraft = 1,
  kSubmitted = 2,
  kUnderReview = 3,
  kApproved = 4,
  kRejected = 5,
  kListed = 6,
  kSuspended = 7,
  kTerminated = 8,
  kWithdrawn = 9,
  kQualifying = 10,
  kSingleBidder = 11,
  kBiddingScheduled = 12,
  kBidding = 13,
  kDealPending = 14,
  kDealSigned = 15,
  kClosed = 16,
  kExpired = 17,
  kDefaulted = 18,
};

enum class Review : int32_t { kUnspecified = 0, kBusiness = 1, kCompliance = 2 };
enum class Action : int32_t { kNone = 0, kSuspend = 1, kResume = 2, kTerminate = 3 };
enum class Method : int32_t { kUnspecified = 0, kAuction = 1, kSingleBidder = 2 };

/// What happens at the end of the period when at most `trigger_intents` intents are registered (延牌).
struct AutoExtend {
  bool enabled = false;
  int32_t trigger_intents = 0;
  int32_t cycle_days = 0;  // working days
  int32_t max_cycles = 0;
  bool operator==(const AutoExtend&) const = default;
};

struct Deposit {
  Fen amount;
  int32_t pay_days = 0;  // working days
  std::string guarantee;
  std::string disposal;
  bool operator==(const Deposit&) const = default;
};

/// What the owner applies for and what is published (domain.md 4.2).
struct ListingContent {
  std::string title;
  RightScope right_scope;
  Fen listed_price;
  int32_t listing_days = 0;  // working days
  Time earliest_start;       // none: at publication
  int32_t closing_hour = 0;  // 1..24 of the last day; 0 means 24
  AutoExtend auto_extend;
  Rules rules = bidding::OpenRules(Mode::kMulti);
  bool is_single_bidder_open = false;  // `rules.single_bidder` is for the profile to say; never at rest
  bool names_suspension = false;  // whether `rules.suspension` was said: the published text tells
  Deposit deposit;
  std::string buyer_conditions;
  bool joint_bid_allowed = false;
  std::string important_disclosures;
  std::string payment_terms;
  std::string contact;
  std::vector<Attachment> attachments;
  Relisting relisting = {};
  std::vector<PriorityHolder> priority_holders = {};
  bool operator==(const ListingContent&) const = default;
};

/// A reserve price as it is kept: sealed price and salt, and the commitment that is published
/// (domain.md 4.5).
struct SealedReserve {
  std::string sealed;      // opaque here; empty when there is no reserve price
  std::string commitment;  // hex
  bool operator==(const SealedReserve&) const = default;
};

/// What waits for a second person (domain.md 1.2).
struct Proposal {
  Action action = Action::kNone;
  std::string reason;
  std::string note;
  std::string person;
  bool operator==(const Proposal&) const = default;
};

/// Where one deal of a listing stands. The numbers are those of records.
enum class DealState : int32_t { kPending = 0, kSigned = 1, kDefaulted = 2 };

/// What one winner takes. Several winners of one auction take a portion each (domain.md 5.9, PRO_RATA).
struct Deal {
  std::string id;  // "deals/{id}"
  std::string intent;
  std::string buyer;
  std::string buyer_legal_name;
  std::string bidder_code;
  Fen price;
  Fen deposit;
  Method method = Method::kUnspecified;
  std::string log_hash;
  int64_t bid_count = 0;
  int32_t share_ppm = 0;  // of the object; 0: the whole
  Fen listed_price = {};  // of a portion: its part of the listed price; 0 of the whole
  DealState state = DealState::kPending;
  std::string end_reason = {};  // DEFAULTED: why
  bool settled = false;
  bool certified = false;
  bool operator==(const Deal&) const = default;
};

struct Listing {
  ListingId id;
  std::string exchange;
  std::string owner;
  std::string owner_legal_name;
  std::string achievement;  // "achievements/{id}"
  std::string tech_field;   // of the achievement, since submission
  std::string profile;
  int32_t profile_version = 0;  // since approval
  ListingContent content;
  Previous previous;  // of a re-listing
  SealedReserve reserve;
  ListingState state = ListingState::kDraft;
  std::string maker_person;
  std::string submitter_person;
  std::string business_reviewer;
  std::string compliance_reviewer;
  std::string project_no;
  Proposal proposal;
  std::string reason;  // a code
  std::string note;    // words

  std::vector<PriorityNotice> priority_notices;  // by declared holder; may be shorter

  int32_t notice_version = 0;
  std::string content_hash;  // hex
  Time start_time;
  Date period_from;         // the period that runs: counted from this day ...
  int32_t period_days = 0;  // ... so many working days
  Date end_date;
  bool end_provisional = false;
  Time end_time;
  int32_t extension_count = 0;
  int32_t remaining_days = 0;  // while SUSPENDED
  Time suspend_time;

  std::string single_intent;  // the only bidder
  Date single_date;           // when it was told to quote
  Time quote_due_time;
  bool quote_due_provisional = false;
  int32_t low_quotes = 0;  // that were below the reserve price

  std::vector<std::string> objections;  // open ones against its own notices
  bool suspended_by_objection = false;  // while SUSPENDED: resumes when the last one is closed

  std::string auction;
  Time bidding_start_time;
  std::vector<Deal> deals;  // of its winners, the leading one first; empty before there is one

  Time create_time;
  Time update_time;
  int64_t version = 0;
  bool operator==(const Listing&) const = default;
};

enum class ListingEventType : int32_t {
  kCreated = 1,
  kUpdated = 2,
  kSubmitted = 3,
  kAccepted = 4,
  kReturned = 5,
  kReviewed = 6,
  kApproved = 7,
  kRejected = 8,
  kPublished = 9,
  kExtended = 10,
  kEndMoved = 11,
  kProposed = 12,
  kSuspended = 13,
  kResumed = 14,
  kTerminated = 15,
  kWithdrawn = 16,
  kPeriodEnded = 17,
  kExpired = 18,
  kSingleBidder = 19,
  kQuoteDueMoved = 20,
  kBiddingScheduled = 21,
  kBiddingStarted = 22,
  kDealDetermined = 23,
  kDealSigned = 24,
  kDefaulted = 25,
  kSettled = 26,
  kCertified = 27,
  kClosed = 28,
  kObjectionOpened = 29,
  kObjectionClosed = 30,
  kQuotedLow = 31,
  kPriorityNoticed = 32,
  kPriorityAnswered = 33,
};

/// One decision. Which fields count depends on `type`: the rest is empty.
struct ListingEvent {
  Time time;
  ListingEventType type = ListingEventType::kCreated;
  ListingState state = ListingState::kDraft;  // the state after it: always
  std::string person;                         // who did it, where a person did
  // CREATED: who and what; `content` and `reserve` also UPDATED
  ListingId id;
  std::string exchange;
  std::string owner;
  std::string owner_legal_name;
  std::string achievement;
  std::string profile;
  std::optional<ListingContent> content;
  std::optional<SealedReserve> reserve;
  std::string tech_field;                // SUBMITTED
  Review review = Review::kUnspecified;  // REVIEWED, APPROVED
  std::string project_no;                // APPROVED
  int32_t profile_version = 0;           // APPROVED
  std::string content_hash;              // PUBLISHED
  Proposal proposal;                     // PROPOSED
  std::string reason;                    // SUSPENDED, TERMINATED, EXPIRED, DEFAULTED
  std::string note;                      // RETURNED, REJECTED, SUSPENDED, TERMINATED
  Date from;              // PUBLISHED, EXTENDED, RESUMED: the period begins; SINGLE_BIDDER: told
  int32_t days = 0;       // PUBLISHED, EXTENDED, RESUMED: its length; SUSPENDED: what remains
  LegalDate end;          // PUBLISHED, EXTENDED, END_MOVED, RESUMED, SINGLE_BIDDER, QUOTE_DUE_MOVED
  std::string intent;     // SINGLE_BIDDER
  std::string auction;    // BIDDING_SCHEDULED; DYNAMIC: with the publication, the state stays LISTED
  Time start;             // BIDDING_SCHEDULED
  // DEAL_DETERMINED: one event each. Afterwards (DEAL_SIGNED, SETTLED, CERTIFIED, DEFAULTED) only its id, and only
  // where there are several: a DEFAULTED that leaves the state as it is ended that one alone.
  Deal deal;
  std::string objection;  // OBJECTION_OPENED, OBJECTION_CLOSED
  Previous previous;      // CREATED, UPDATED
  int32_t holder = 0;     // PRIORITY_NOTICED, PRIORITY_ANSWERED: 1 for the first declared one
  PriorityNotice notice;  // PRIORITY_NOTICED: without an answer; PRIORITY_ANSWERED: the answer
  bool operator==(const ListingEvent&) const = default;
};

struct ListingDecision {
  Listing next;
  std::vector<ListingEvent> events;  // empty: nothing changed
};

/// What periods and checks are decided by. Both outlive the call.
struct Regime {
  const Calendar& calendar;
  const RuleProfile& profile;
};

// --- Commands. The caller has been found to be the owner or staff of the exchange.

struct CreateListing {
  ListingId id;
  std::string exchange;
  std::string owner;
  std::string owner_legal_name;
  std::string achievement;
  std::string person;
  ListingContent content;
  SealedReserve reserve;
  Previous previous = {};  // of the listing that `content` names
};
struct UpdateListing {
  std::string person;
  ListingContent content;
  std::optional<SealedReserve> reserve;  // kept when absent
  Previous previous = {};
};
struct SubmitListing {
  std::string person;
  std::string tech_field;
};
struct AcceptListing {
  std::string person;
};
struct ReturnListing {
  std::string person;
  std::string note;
};
struct ApproveListing {
  std::string person;
  Review review = Review::kUnspecified;
  std::string project_no;  // used only when this is the second approval
};
struct RejectListing {
  std::string person;
  std::string note;
};
/// How a declared holder of a priority right was told, recorded by the exchange while the application is under review
/// or approved (domain.md 4.7 step 2). A later record replaces an earlier one.
struct RecordPriorityNotice {
  int32_t holder = 0;     // 1 for the first declared one
  PriorityNotice notice;  // without an answer
};
/// What the holder answers, until the period ends; once.
struct AnswerPriority {
  int32_t holder = 0;
  PriorityAnswer answer = PriorityAnswer::kNone;
  std::string person;
};
struct PublishListing {
  std::string person;
  std::string content_hash;
  std::string auction = {};  // used in DYNAMIC, where publication opens the bidding (domain.md 5.4)
};
struct Propose {
  Proposal proposal;
};
struct Confirm {
  std::string person;
};
struct WithdrawListing {
  std::string person;
  bool has_intents = false;
};
/// The timer of the period: closes it, extends it, or moves its end when a new holiday table says so.
struct EndPeriod {
  size_t registered_intents = 0;  // not given up, disqualified or released
};
/// What became of the intents after the period.
struct Qualification {
  size_t undecided = 0;
  std::vector<std::string> qualified;  // intents
};
struct ScheduleBidding {
  std::string auction;
  Time start_time;  // none: the first working morning after the notice of the profile
  Qualification qualification;
};
struct Quote {
  std::string intent;  // the caller's; empty when it has none
  Deal deal;           // with the price it quotes
  Fen reserve;         // the owner's lowest price; 0: none
};
/// The timer of the only bidder's quote.
struct EndQuote {};
/// The auction began a phase: its first one, or a later one (after FREE, a second sealed round).
struct StartBidding {
  bool is_free = false;  // FREE, or the declaring at the cap, which goes back to it when all who declare are barred
};
/// One deal for the whole, or one for each portion with its share; the shares are at most the whole. A portion too
/// small to cost a fen is no deal.
struct AuctionWon {
  std::vector<Deal> deals;
};
struct AuctionFailed {
  std::string reason;  // NO_BID, BELOW_RESERVE, TOO_FEW_BIDDERS ...
};
struct ContractEffective {
  std::string deal;
};
/// CONTRACT_TERMINATED ends a signed deal, CANCELLED one that is not signed yet, every other reason either.
struct DealDefaulted {
  std::string deal;
  std::string reason;
};
struct DealSettled {
  std::string deal;
};
struct DealCertified {
  std::string deal;
};
/// An objection to a notice of the listing was accepted. What concerns a deal is judged by contract and
/// settlement.
struct OpenObjection {
  std::string objection;
};
struct CloseObjection {
  std::string objection;
  bool upheld = false;
};

/// Each is total: every state answers. Precedence: state, then persons (SAME_PERSON), then facts, then
/// fields.
Result<ListingDecision> Decide(const CreateListing& command, const Regime& regime, Time now);
Result<ListingDecision> Decide(const Listing& state, const UpdateListing& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const SubmitListing& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const AcceptListing& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const ReturnListing& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const ApproveListing& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const RejectListing& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const RecordPriorityNotice& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const AnswerPriority& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const PublishListing& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const Propose& command, const Regime& regime, Time now);
Result<ListingDecision> Decide(const Listing& state, const Confirm& command, const Regime& regime, Time now);
Result<ListingDecision> Decide(const Listing& state, const WithdrawListing& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const EndPeriod& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const Qualification& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const ScheduleBidding& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const Quote& command, const Regime& regime, Time now);
Result<ListingDecision> Decide(const Listing& state, const EndQuote& command, const Regime& regime, Time now);
Result<ListingDecision> Decide(const Listing& state, const StartBidding& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const AuctionWon& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const AuctionFailed& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const ContractEffective& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const DealDefaulted& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const DealSettled& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const DealCertified& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const OpenObjection& command, const Regime& regime,
                               Time now);
Result<ListingDecision> Decide(const Listing& state, const CloseObjection& command, const Regime& regime,
                               Time now);

/// The state after an event; folding all events gives the listing, always.
[[nodiscard]] Listing Apply(Listing state, const ListingEvent& event);

/// What must hold of every listing at rest; names the first violation, or nothing.
std::optional<std::string> Check(const Listing& listing);

/// Fills defaults and checks every field, also against the profile (domain.md 4.2 "hard validations", 4.1).
Result<ListingContent> NormalizeContent(ListingContent content, const RuleProfile& profile);
/// The same in the round that it is: a re-listing by what is known of the listings before it (domain.md 4.4).
/// REDO_APPRAISAL besides.
Result<ListingContent> NormalizeContent(ListingContent content, const Previous& previous,
                                        const RuleProfile& profile, Time now);
/// Start price <= reserve <= cap, on "reserve_fen".
Status CheckReserve(const ListingContent& content, Fen reserve);

/// Whether everybody may see it: it was published once.
bool IsPublic(const Listing& listing);
/// Whether it will never change again.
bool IsOver(ListingState state);
/// The deal with this name, or nullptr.
const Deal* FindDeal(const Listing& listing, std::string_view deal);
/// Whether the intent has won: alone, or a portion. Also when its deal was not kept.
bool HasWon(const Listing& listing, std::string_view intent);
/// Whether nothing that other services still report changes the deal: it was not kept, or it is signed, settled and
/// certified.
bool IsOver(const Deal& deal);
/// What is left with the owner of an object that was sold in portions: the shares of the deals that were not kept, and
/// what no deal was made of. 0 where there are no portions.
int32_t UnsoldShareOf(const Listing& listing);
/// Whether it may be listed anew: it was public and ended without a deal that held (domain.md 4.3, 4.4, 5.12).
bool MayBeRelisted(const Listing& listing);
/// What a listing that names it as the one before it has to know.
Previous AsPrevious(const Listing& listing);
/// Whether its auction is scheduled or runs: an objection to the listing holds it (domain.md 5.11).
bool HasLiveAuction(const Listing& listing);
/// Whether its auction runs while it is listed (DYNAMIC, domain.md 5.4): bidders qualify one by one until its end.
/// Such a listing is suspended and annulled as its auction is (domain.md 5.11).
bool BidsWhileListed(const Listing& listing);
/// When it is decided whether a listing with BidsWhileListed is extended; nothing when it will not be.
std::optional<Time> ExtensionDue(const Listing& listing);
/// The rules its auction runs by: in DYNAMIC the free period ends with the listing.
Rules AuctionRulesOf(const Listing& listing);
/// Whether intents are taken at `now`: LISTED and before a certain end.
bool TakesIntents(const Listing& listing, Time now);
/// Whether the quote was refused because it was below the reserve price: only `Decide(..., Quote)` answers
/// so.
bool IsLowQuote(const ListingDecision& decision);

/// The published content as text, one length-prefixed field after the other: what `content_hash` is over.
std::string CanonicalContent(const Listing& listing);
/// "PJ" + exchange code(4) + year(4) + profile digit + sequence(6) + check symbol (domain.md 9.3).
std::string ProjectNumber(std::string_view exchange_code, int year, int32_t profile_digit, int64_t sequence);

std::string_view StateName(ListingState state);
std::string_view TypeName(ListingEventType type);

}  // namespace ttx::listing
