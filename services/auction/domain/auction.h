#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/core/id.h"
#include "libs/core/money.h"
#include "libs/core/result.h"
#include "libs/core/time.h"
#include "services/auction/domain/rules.h"

namespace ttx::auction {

using AuctionId = Id<struct AuctionTag>;

/// Where a session stands (domain.md 5.3-5.9, 5.13). The numbers are stored.
enum class State {
  kScheduled,
  kFree,
  kPreparing,
  kLimited,
  kSuspended,
  kClosed,
  kEnglish,           // the window of ENGLISH
  kDutch,             // the price falls
  kCapDeclaring,      // the cap was bid: others declare at it too, then a lot is drawn (LOTTERY_AT_CAP)
  kDrawing,           // waits for the digest that draws the lot
  kPriorityExercise,  // holders of priority rights are asked (P2)
  kRaise,             // the displaced best bidder may raise (P2)
  kSubmitting,        // envelopes
  kClosedForOpening,  // no more envelopes
  kOpeningRequested,  // by one officer; another must confirm
  kSharesCollecting,  // key holders hand in their shares
  kSelfRevealing,     // too few did: bidders reveal their own
  kOpening,           // what it takes to open is there
  kEvaluating,        // opened; the committee of a TENDER is at work
  kPublicity,         // its candidates are published
};

/// How it ended. The numbers are stored.
enum class Outcome {
  kNone,
  kWinner,
  kNoBid,
  kBelowReserve,
  kAnnulled,
  kTooFewBidders,  // fewer than min_bidders (RETENDER in a TENDER)
  kNotOpened,      // the envelopes could not be opened by anybody
};

/// What two different persons decide together (domain.md 5.11; reliability.md 4.1). The numbers are stored.
enum class Act { kSuspend, kContinue, kRestartPhase, kAnnul, kOpen, kDeclareDefault };

/// What a bidder has done in the session (domain.md 5.12 a, b, c, f). What a winner does not do afterwards (d, e, g) has
/// its deadlines in contract and settlement. The numbers are stored.
enum class ForfeitCause {
  kWithdrew = 0,
  kNoSingleQuote = 1,
  kAllSilent = 2,
  kMisconduct = 5,
};

/// A value that never changes and is shared: a copy costs a pointer. Equal when the values are.
template <class T>
class Shared {
 public:
  Shared() : value_(Default()) {}
  Shared(T value) : value_(std::make_shared<const T>(std::move(value))) {}
  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  bool operator==(const Shared& other) const { return value_ == other.value_ || *value_ == *other.value_; }

 private:
  static const std::shared_ptr<const T>& Default() {
    static const auto value = std::make_shared<const T>();
    return value;
  }
  std::shared_ptr<const T> value_;
};

/// A secret lowest price (保留价), committed to before the start and revealed at the close.
struct Reserve {
  Fen price;
  std::string salt;        // 16 bytes
  std::string commitment;  // SHA-256(salt || "TTX-RESERVE-1|" || decimal fen), 32 bytes
  bool operator==(const Reserve&) const = default;
};

/// The secret that lots are drawn with, committed to before the start and revealed when it has drawn.
struct DrawSeed {
  std::string seed;        // 32 bytes
  std::string commitment;  // SHA-256("TTX-DRAW-SEED-1|" || seed), 32 bytes
  bool operator==(const DrawSeed&) const = default;
};

/// Who may bid: known to others by `code` only until the session closes (domain.md 5.10).
struct Bidder {
  std::string code;          // 竞买代码
  std::string organization;  // "organizations/{id}"
  std::string intent;        // "listings/{id}/intents/{id}"
  int32_t rank = 0;          // of its priority right: 1 before 2 ...; 0 none
  int64_t share = 0;         // weight of its capital share, for PRO_RATA
  bool operator==(const Bidder&) const = default;
};

/// A bidder with a priority right.
struct Holder {
  std::string code;
  int32_t rank = 0;
  int64_t share = 0;
  bool operator==(const Holder&) const = default;
};

/// What was announced (竞价公告). Changes with the qualified holders only, and those only before the end of
/// FREE.
struct Terms {
  AuctionId id;
  std::string listing;
  std::string exchange;
  std::string title;
  Rules rules;
  std::optional<Reserve> reserve;
  Time start_time;
  std::optional<DrawSeed> draw_seed;
  std::vector<std::string> barred_organizations;  // defaulted on the same object (domain.md 5.12)
  std::vector<Holder> holders;                    // by rank
  bool operator==(const Terms&) const = default;
};

struct Bid {
  int64_t number = 0;  // 1, 2, 3 ... without gaps
  std::string code;
  Fen price;
  Time time;
  int32_t rank = 0;        // of the bidder's priority right
  bool automatic = false;  // made by the engine for a proxy
  bool operator==(const Bid&) const = default;
};

/// What stands while bids rise.
struct Standing {
  int64_t bid_count = 0;
  std::optional<Bid> leading;
  std::optional<Bid> rival;
  bool operator==(const Standing&) const = default;
};

/// A secret maximum up to which the engine bids for the leader (代理出价).
struct Proxy {
  std::string code;
  Fen maximum;
  bool operator==(const Proxy&) const = default;
};

/// What one person asked for and a second one must confirm.
struct PendingAct {
  Act act = Act::kSuspend;
  std::string person;
  std::string reason;
  Time resume_time;
  // Of a default: who is said to have broken its promise, and how.
  std::string code = {};
  ForfeitCause cause = ForfeitCause::kWithdrew;
  bool operator==(const PendingAct&) const = default;
};

/// The bids from one number to another.
struct BidRange {
  int64_t from = 0;
  int64_t to = 0;
  bool operator==(const BidRange&) const = default;
};

/// A phase that was cut short, and when it would have ended.
struct CutPhase {
  State state = State::kLimited;
  Time end;
  bool operator==(const CutPhase&) const = default;
};

/// Where the asking of priority holders stands (domain.md 5.9 P2).
struct Exercise {
  int32_t rank = 0;                    // being asked, or the last asked; 0: nobody was
  std::vector<std::string> asked;      // of that rank, who may answer
  std::vector<std::string> exercised;  // of them, in the order of their answers
  std::string displaced;               // the best bidder, once a holder took its place
  bool operator==(const Exercise&) const = default;
};

/// A score outside the price, fixed before prices are opened (domain.md 5.6).
struct NonPriceScore {
  std::string code;
  int64_t score = 0;  // 1e-4 points
  bool operator==(const NonPriceScore&) const = default;
};

/// One envelope after its opening.
struct OpenedBid {
  Bid bid;                        // the price is 0 when the envelope could not be read
  std::optional<Reason> invalid;  // why it does not count
  int64_t total = 0;              // of WEIGHTED and TENDER, 1e-4 points
  int32_t risk_flags = 0;         // of TENDER
  bool operator==(const OpenedBid&) const = default;
};

/// Where a sealed session stands (domain.md 5.5-5.7). Envelopes themselves are the store's.
struct Envelopes {
  int32_t round = 1;
  int32_t count = 0;                  // bidders with a standing envelope of this round
  uint32_t holders = 0;               // bit i: key holder i has handed in its shares
  int32_t date = 0;                   // of collecting shares: 1, then 2
  Time collect_end;                   // of collecting, as it was when enough holders had come
  bool bidders_asked = false;         // to reveal their own: what does not open then never will
  int32_t revealed = 0;               // bidders who revealed their own
  std::vector<std::string> tied;      // who takes part in the second round; empty: everybody
  std::vector<NonPriceScore> scores;  // by code
  std::vector<OpenedBid> opened;      // until the close
  bool voided = false;                // a restart voided envelopes that stood
  bool operator==(const Envelopes&) const = default;
};

/// A bidding session (竞价专场). Cheap to copy: grows neither with its bids nor with its bidders, but for the
/// lists of priority answers, declarations at the cap and opened envelopes while they last.
struct Auction {
  Shared<Terms> terms;

  State state = State::kScheduled;
  Time phase_end;  // start_time while SCHEDULED, the time to go on while SUSPENDED (none: until two persons
                   // decide), the end once CLOSED
  int64_t cycle_number = 0;  // limited cycles begun
  int32_t bidder_count = 0;
  int64_t bid_count = 0;
  std::optional<Bid> leading;
  // The latest bid by somebody else than the leader: says whether two bidders took part, and when.
  std::optional<Bid> rival;
  Shared<Standing> phase_base;  // what stood when the phase began (RESTART_PHASE)
  int64_t void_from = 0;        // bids numbered void_from..void_to were voided by a restart
  int64_t void_to = 0;
  std::vector<BidRange> earlier_voids;  // ... and these by restarts of phases before, one each at most
  Time free_end;                        // when FREE was over; none before
  std::optional<Proxy> proxy;

  State suspended_state = State::kScheduled;  // the phase that was open when SUSPENDED, or when CLOSED
  Duration remaining;                         // of that phase
  Time suspend_time;
  bool restart = false;  // goes on with RESTART_PHASE
  std::optional<PendingAct> pending;
  bool objected = false;    // an objection to the listing is open: nothing goes on (domain.md 5.11)
  Time objection_end_time;  // when the last one was closed

  std::vector<Bid> declared;     // at the cap
  CutPhase cut;                  // by the declaring at the cap, the last time
  std::vector<std::string> lot;  // codes to draw one from, sorted
  Exercise exercise;
  Envelopes envelopes;
  std::vector<std::string> barred;  // codes that may bid no more, here or on the re-listing

  Outcome outcome = Outcome::kNone;
  Time create_time;
  Time update_time;
  int64_t version = 0;

  const AuctionId& id() const { return terms->id; }
  const Rules& rules() const { return terms->rules; }
  bool operator==(const Auction&) const = default;
};

// --- Events: complete; folding them with Apply gives the auction, always

struct Scheduled {
  Shared<Terms> terms;
  std::vector<Bidder> bidders;
  bool operator==(const Scheduled&) const = default;
};
/// Qualified after the session was scheduled (domain.md 5.4: rolling qualification).
struct BidderAdded {
  Bidder bidder;
  bool operator==(const BidderAdded&) const = default;
};
struct PhaseStarted {
  State state;
  Time start;
  Time end;
  bool operator==(const PhaseStarted&) const = default;
};
struct BidAccepted {
  Bid bid;
  Time phase_end;
  int64_t cycle_number;
  bool operator==(const BidAccepted&) const = default;
};
/// Changes nothing but the record (domain.md 5.2: every rejection is recorded with its reason).
struct BidRefused {
  std::string code;  // empty when the caller was no bidder of the session
  std::string organization;
  Fen price;  // 0 when the amount is secret
  Reason reason;
  bool operator==(const BidRefused&) const = default;
};
/// Private: the maximum is the bidder's secret.
struct ProxySet {
  std::string code;
  Fen maximum;
  bool operator==(const ProxySet&) const = default;
};
/// The end moved without a bid: an outage or the listing's extension (延牌).
struct Extended {
  Time end;  // of the phase; while it is suspended, as if it had not been
  std::string reason;
  bool operator==(const Extended&) const = default;
};
/// Private: persons are named. What follows from it is public.
struct ActRequested {
  PendingAct act;
  bool operator==(const ActRequested&) const = default;
};
struct ActConfirmed {
  Act act;
  std::string person;
  bool operator==(const ActConfirmed&) const = default;
};
struct ActWithdrawn {
  Act act;
  std::string person;
  bool operator==(const ActWithdrawn&) const = default;
};
/// Private: that the session stops is public.
struct ObjectionNoted {
  bool open;
  bool operator==(const ObjectionNoted&) const = default;
};
struct Suspended {
  Time time;
  std::string reason;  // domain.md 4.6
  Duration remaining;
  Time resume_time;  // none: until two persons decide
  bool operator==(const Suspended&) const = default;
};
/// Two persons decided when and how a suspended session goes on.
struct ResumptionPlanned {
  Time resume_time;
  bool restart;
  std::string reason;
  bool operator==(const ResumptionPlanned&) const = default;
};
struct Resumed {
  State state;
  Time end;
  bool restart = false;
  int64_t void_from = 0;  // with `restart`: the bids of the phase, none when void_to < void_from
  int64_t void_to = 0;
  bool operator==(const Resumed&) const = default;
};
struct LotOpened {
  std::vector<std::string> codes;  // sorted
  bool operator==(const LotOpened&) const = default;
};
struct LotDrawn {
  std::string code;
  std::string digest;
  std::string seed;
  bool operator==(const LotDrawn&) const = default;
};
/// The holders of one rank are asked (domain.md 5.9 P2).
struct PriorityAsked {
  int32_t rank;
  std::vector<std::string> codes;
  bool operator==(const PriorityAsked&) const = default;
};
struct PriorityAnswered {
  std::string code;
  bool exercise;
  bool operator==(const PriorityAnswered&) const = default;
};
/// Public only after the opening: whether and when somebody submitted is nobody's business before.
struct EnvelopeAccepted {
  std::string code;
  int32_t round;
  std::string digest;
  bool replaces;
  bool operator==(const EnvelopeAccepted&) const = default;
};
struct EnvelopeWithdrawn {
  std::string code;
  int32_t round;
  bool operator==(const EnvelopeWithdrawn&) const = default;
};
struct ScoresFixed {
  std::vector<NonPriceScore> scores;  // by code
  bool operator==(const ScoresFixed&) const = default;
};
struct SharesReceived {
  int32_t holder;  // 0 .. shares_total - 1
  bool operator==(const SharesReceived&) const = default;
};
/// Public only after the opening, as the envelope itself.
struct EnvelopeRevealed {
  std::string code;
  bool operator==(const EnvelopeRevealed&) const = default;
};
/// All envelopes of the round at once, by number.
struct Opened {
  std::vector<OpenedBid> bids;
  bool operator==(const Opened&) const = default;
};
/// Equal best prices: a second sealed round among them (REQUOTE).
struct RequoteCalled {
  std::vector<std::string> codes;
  Fen start_price;
  bool operator==(const RequoteCalled&) const = default;
};
/// One member's points for one bidder, one per criterion, 1e-4 points.
struct ScoreSheet {
  size_t member = 0;
  std::string code;
  std::vector<int64_t> points;
  bool operator==(const ScoreSheet&) const = default;
};
/// The committee's report: the valid bids, best first, with their totals, and what these follow from. Members are kept
/// by number alone.
struct Evaluated {
  std::vector<OpenedBid> ranking;
  std::vector<bool> experts;  // of each member, whether it is an expert
  std::vector<ScoreSheet> sheets;
  bool operator==(const Evaluated&) const = default;
};
/// The leader, where it does not follow from the last accepted bid.
struct LeaderNamed {
  Bid bid;
  bool operator==(const LeaderNamed&) const = default;
};
/// A deposit is lost, or somebody is barred (domain.md 5.12).
struct Forfeited {
  std::string code;  // empty: every bidder of the session
  ForfeitCause cause;
  bool barred;               // from the re-listing
  bool deposit_lost = true;  // not after the close: it is the deal's, or went back
  bool operator==(const Forfeited&) const = default;
};
/// All bids of a barred bidder are void (domain.md 5.12). What stands without them, where it had a part in that.
struct BidsVoided {
  std::string code;
  std::optional<Bid> leading;
  std::optional<Bid> rival;
  // The same as of the beginning of the phase.
  std::optional<Bid> base_leading;
  std::optional<Bid> base_rival;
  Time phase_end;
  bool operator==(const BidsVoided&) const = default;
};
/// A part of the object that a holder takes (PRO_RATA).
struct Portion {
  std::string code;
  Ppm share;
  Fen price;
  bool operator==(const Portion&) const = default;
};
/// Everything that consumers and the public need; the reserve price is revealed here.
struct Closed {
  Outcome outcome;
  Time time;
  std::optional<Bid> winner;
  int64_t bid_count = 0;
  std::optional<Reserve> reserve;
  std::vector<Portion> portions;  // of several winners; empty for one
  std::string reason;             // of an annulment
  bool operator==(const Closed&) const = default;
};

using Payload =
    std::variant<Scheduled, PhaseStarted, BidAccepted, BidRefused, Suspended, Resumed, Closed, BidderAdded,
                 ProxySet, Extended, ActRequested, ActConfirmed, ActWithdrawn, ResumptionPlanned, LotOpened,
                 LotDrawn, PriorityAsked, PriorityAnswered, EnvelopeAccepted, EnvelopeWithdrawn, ScoresFixed,
                 SharesReceived, EnvelopeRevealed, Opened, RequoteCalled, Evaluated, LeaderNamed, Forfeited,
                 BidsVoided, ObjectionNoted>;

struct Event {
  Time time;  // when it was decided; a phase change carries its legal instant besides
  Payload payload;
  bool operator==(const Event&) const = default;
};

/// Who reads an event: everybody, everybody once the envelopes are open, staff of the exchange, nobody. The
/// first two enter the log hash.
enum class Audience { kPublic, kAfterOpening, kStaff, kNobody };
[[nodiscard]] Audience AudienceOf(const Event& event);

/// The phase a session is in, or was in when it was suspended.
[[nodiscard]] State PhaseOf(const Auction& auction);
/// Nobody else may learn who handed in an envelope, when, or how many did: until they are opened, or the session closes
/// without that.
[[nodiscard]] bool KeepsEnvelopesSecret(const Auction& auction);
/// What was found in the envelopes of the round may be shown. They are opened all at once: never because some could be.
[[nodiscard]] bool EnvelopesAreOpen(const Auction& auction);

// --- Commands

/// `holders` is filled from the bidders.
struct ScheduleAuction : Terms {
  std::vector<Bidder> bidders;  // may be empty in DYNAMIC, whose bidders qualify while it runs
};
/// Before the start; in DYNAMIC while bids are taken, suspended or not, if it qualified before the end of FREE.
struct AddBidder {
  Bidder bidder;
  Time qualify_time = {};
};
/// Ends every phase whose end has come, in order; continues a suspended session whose time to go on has come
/// (domain.md 5.11).
struct Advance {};
/// A price: a bid, an acceptance of the falling price, a declaration at the cap, a raise - as the phase takes
/// it.
struct PlaceBid {
  std::optional<Bidder> bidder;  // what the store knows of the caller's organization in this session
  std::string organization;
  std::string claimed_code;  // checked when not empty
  Fen price;
  bool confirm = false;
};
struct SetProxy {
  std::optional<Bidder> bidder;
  std::string organization;
  Fen maximum;
};
/// The server was away since `since`, or its clock jumped (domain.md 5.2; reliability.md G8, G17): up to 2 s
/// the end moves by the outage and one cycle; after more the session is suspended, and goes on at once after
/// a short outage, after a notice otherwise.
struct NoteOutage {
  Time since;
};
/// DYNAMIC: the listing ends later (延牌); a suspended FREE has so much more left.
struct MoveFreeEnd {
  Time end;
};
/// An objection to the listing was accepted (`open`), or the last one was closed (domain.md 5.11, 8.2). While one is
/// open the session is SUSPENDED, from its start when it has not begun, and two persons cannot make it go on; where a
/// phase has no end, what would bring the next one is refused. Afterwards they can, within the longest suspension
/// counted from the close of the objection. Nothing once CLOSED.
struct NoteObjection {
  bool open = false;
};
/// The listing has ended: the session is ANNULLED in every state but CLOSED.
struct EndWithListing {
  std::string reason;  // of the listing's end; published
};
struct RequestAct {
  Act act;
  std::string person;
  std::string reason;  // domain.md 4.6, what is published; of kOpen and kDeclareDefault words for the record
  Time resume_time;    // of kContinue and kRestartPhase
  // Of kDeclareDefault (domain.md 5.12): any bidder; after the close for misconduct only.
  std::string code = {};
  ForfeitCause cause = ForfeitCause::kWithdrew;
};
/// What stands of a session's bids when those of one more bidder are void: what BidSearch finds. The state knows the
/// last bids only.
struct BidsLeft {
  std::optional<Bid> leading;
  std::optional<Bid> rival;
  std::optional<Bid> base_leading;
  std::optional<Bid> base_rival;
  bool operator==(const BidsLeft&) const = default;
};
struct ConfirmAct {
  Act act;  // what the second person believes to confirm
  std::string person;
  BidsLeft left = {};  // of kDeclareDefault
};
struct WithdrawAct {
  std::string person;
};
/// EXERCISE or WAIVE, by a holder that is being asked.
struct AnswerPriority {
  std::optional<Bidder> bidder;
  std::string organization;
  bool exercise = false;
};
/// The lot of a session that is DRAWING: `digest` is the 32 bytes of SHA-256 over DrawMaterial.
struct DrawLot {
  std::string digest;
};
struct SubmitEnvelope {
  std::optional<Bidder> bidder;
  std::string organization;
  std::string digest;     // of the envelope, 32 bytes
  int32_t submitted = 0;  // envelopes the bidder handed in before in this round, withdrawn ones too
  bool standing = false;  // one of them stands
  std::optional<Error> unfit = {};  // why the envelope itself cannot be taken, as whoever reads envelopes found
};
struct WithdrawEnvelope {
  std::optional<Bidder> bidder;
  std::string organization;
  bool standing = false;
};
struct FixScores {
  std::vector<NonPriceScore> scores;
};
/// Key holder `holder` handed in shares: with this part, or without one, it has told of every envelope.
struct HandInShares {
  int32_t holder = 0;
  bool complete = true;  // if not, nothing is decided: other parts are to come
};
struct RevealEnvelope {
  std::optional<Bidder> bidder;
  std::string organization;
  bool standing = false;  // the bidder has an envelope
  bool revealed = false;  // ... and revealed it before, or the holders opened it
  bool last = false;      // every other envelope is open
};
/// What was found in a bidder's standing envelope.
struct EnvelopeContent {
  Bidder bidder;
  Time time;                 // when the envelope was accepted
  std::optional<Fen> price;  // nothing: not readable
  Reason unreadable = Reason::kENVELOPE_UNREADABLE;
};
struct OpenEnvelopes {
  std::vector<EnvelopeContent> envelopes;  // all of the round
};
/// An envelope of an OPENING session does not open with the shares that are in: the holders that are missing
/// are waited for, and after them its bidder.
struct AskAgain {};
struct Expert {
  std::string name;
  bool is_expert = true;  // otherwise it represents the tenderer
};
struct RiskFlags {
  std::string code;
  int32_t count = 0;
};
struct ReportTender {
  std::vector<Expert> committee;
  std::vector<ScoreSheet> sheets;
  std::vector<RiskFlags> risks;
};
/// Everything that will be written, and nothing else. A refused bid has events too: it is recorded.
struct Decision {
  Auction next;
  std::vector<Event> events;
  std::optional<Error> refusal;  // RefusalError says more
};

/// Each is total: every state answers. `now` is later than that of every command before.
Result<Decision> Decide(const ScheduleAuction& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const AddBidder& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const Advance& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const PlaceBid& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const SetProxy& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const NoteOutage& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const MoveFreeEnd& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const NoteObjection& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const EndWithListing& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const RequestAct& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const ConfirmAct& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const WithdrawAct& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const AnswerPriority& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const DrawLot& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const SubmitEnvelope& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const WithdrawEnvelope& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const FixScores& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const HandInShares& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const RevealEnvelope& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const OpenEnvelopes& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const AskAgain& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const ReportTender& command, Time now);

/// The refusal with what would have been accepted (`min_acceptable_fen`); for a decision that has one.
[[nodiscard]] Error RefusalError(const Decision& decision);

/// The state after an event. `Apply({}, Scheduled)` is the first state.
[[nodiscard]] Auction Apply(Auction state, const Event& event);

/// Finds what stands of a session's bids without those of `code`, among all its accepted and opened bids, of which it
/// looks at one after the other from the last to the first. `auction` is as it stands at the time of the default
/// (advanced to it) and outlives the search. Only the last kMaxBidsLookedAt numbers count.
class BidSearch {
 public:
  BidSearch(const Auction& auction, std::string code);
  /// Nothing that is looked for is missing.
  bool IsDone() const;
  void Look(const Bid& bid);
  BidsLeft left() const { return {now_.leading, now_.rival, base_.leading, base_.rival}; }

 private:
  // A leader and its rival, of the bids up to `last`.
  struct Place {
    std::optional<Bid> leading;
    std::optional<Bid> rival;
    int64_t last = 0;
    bool wants_leading = false;
    bool wants_rival = false;
  };
  Place PlaceOf(std::optional<Bid> leading, std::optional<Bid> rival, int64_t last) const;
  void Fill(Place& place, const Bid& bid) const;

  const Auction& auction_;
  const std::string code_;
  Place now_;
  Place base_;
  bool is_far_back_ = false;
};

/// What must hold of every auction at rest; names the first violation, or nothing.
std::optional<std::string> Check(const Auction& auction);

/// When the session next changes by itself; nothing once closed or while it waits for somebody.
std::optional<Time> NextChange(const Auction& auction);

/// Whether there is anybody left who could open an envelope of an OPENING session that does not open.
bool MayAskAgain(const Auction& auction, Time now);

/// From the start to the close.
bool IsOpen(State state);

/// The lowest price that would be accepted at `now`, or nothing when no bid would be or prices are sealed.
std::optional<Fen> MinAcceptable(const Auction& auction, Time now);

/// Open for longer than max_total: somebody should look.
bool IsOverlong(const Auction& auction, Time now);

/// The bytes whose digest draws the lot: "TTX-DRAW-1|" || seed || "|" || codes, each followed by "|".
std::string DrawMaterial(const Auction& auction);

std::string_view StateName(State state);
std::string_view OutcomeName(Outcome outcome);
std::string_view ActName(Act act);
std::string_view ForfeitCauseName(ForfeitCause cause);

/// One line of text per event that is not private, from which outsiders recompute the log hash
/// (docs/formats.md); empty for a private one.
std::string CanonicalLine(const Auction& auction, const Event& event);

}  // namespace ttx::auction
