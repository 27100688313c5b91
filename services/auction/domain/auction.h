#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/core/id.h"
#include "libs/core/money.h"
#include "libs/core/result.h"
#include "libs/core/time.h"

namespace ttx::auction {

using AuctionId = Id<struct AuctionTag>;

/// Where a session stands (domain.md 5.3, 5.13).
enum class State { kScheduled, kFree, kPreparing, kLimited, kSuspended, kClosed };

/// How it ended.
enum class Outcome { kNone, kWinner, kNoBid, kBelowReserve };

enum class Mode { kMulti };
enum class LimitedEntry { kAlways, kIfTwoBidders, kIfTwoInLastHour };
enum class MultipleBase { kFromStart, kFromCurrent };

/// An increment that holds from a price on (加价幅度分组).
struct Increment {
  Fen from;
  Fen step;
  bool operator==(const Increment&) const = default;
};

/// The rules of a session, fixed before its start (domain.md 5.1).
struct Rules {
  Mode mode = Mode::kMulti;
  Fen start_price;
  std::vector<Increment> increments;  // by rising `from`; the first one from the start price
  MultipleBase multiple_base = MultipleBase::kFromStart;
  Duration free_period = Hours(1);
  Duration preparation;
  Duration cycle = Minutes(5);
  LimitedEntry limited_entry = LimitedEntry::kAlways;
  int32_t max_steps_per_bid = 20;  // 0: any rise without confirmation
  bool self_outbid = false;
  std::optional<Fen> cap;  // the first bid at this price closes the session (END_AT_CAP)
  bool operator==(const Rules&) const = default;
};

/// A secret lowest price (保留价), committed to before the start and revealed at the close.
struct Reserve {
  Fen price;
  std::string salt;        // 16 bytes
  std::string commitment;  // SHA-256(salt || "TTX-RESERVE-1|" || decimal fen), 32 bytes
  bool operator==(const Reserve&) const = default;
};

/// Who may bid: known to others by `code` only until the session closes (domain.md 5.10).
struct Bidder {
  std::string code;          // 竞买代码
  std::string organization;  // "organizations/{id}"
  std::string intent;        // "listings/{id}/intents/{id}"
  bool operator==(const Bidder&) const = default;
};

struct Bid {
  int64_t number = 0;  // 1, 2, 3 ... without gaps
  std::string code;
  Fen price;
  Time time;
  bool operator==(const Bid&) const = default;
};

/// A bidding session (竞价专场). Grows neither with its bids nor with its bidders.
struct Auction {
  AuctionId id;
  std::string listing;
  std::string exchange;
  std::string title;
  Rules rules;
  std::optional<Reserve> reserve;
  Time start_time;

  State state = State::kScheduled;
  Time phase_end;            // start_time while SCHEDULED, the time to go on while SUSPENDED, the end once CLOSED
  int64_t cycle_number = 0;  // limited cycles begun
  int64_t bid_count = 0;
  std::optional<Bid> leading;
  // The latest bid by somebody else than the leader: says whether two bidders took part, and when.
  std::optional<Bid> rival;

  State suspended_state = State::kScheduled;  // the phase that was open when SUSPENDED
  Duration remaining;                         // of that phase

  Outcome outcome = Outcome::kNone;
  Time create_time;
  Time update_time;
  int64_t version = 0;

  bool operator==(const Auction&) const = default;
};

// --- Events: complete; folding them with Apply gives the auction, always ------------------------------------------

struct Scheduled {
  AuctionId id;
  std::string listing;
  std::string exchange;
  std::string title;
  Rules rules;
  std::optional<Reserve> reserve;
  Time start_time;
  std::vector<Bidder> bidders;
  bool operator==(const Scheduled&) const = default;
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
  Fen price;
  Reason reason;
  bool operator==(const BidRefused&) const = default;
};
struct Suspended {
  Time time;
  std::string reason;  // domain.md 4.6
  Duration remaining;
  Time resume_time;
  bool operator==(const Suspended&) const = default;
};
struct Resumed {
  State state;
  Time end;
  bool operator==(const Resumed&) const = default;
};
/// Everything that consumers and the public need; the reserve price is revealed here.
struct Closed {
  Outcome outcome;
  Time time;
  std::optional<Bid> winner;
  int64_t bid_count = 0;
  std::optional<Reserve> reserve;
  bool operator==(const Closed&) const = default;
};

struct Event {
  Time time;  // when it was decided; a phase change carries its legal instant besides
  std::variant<Scheduled, PhaseStarted, BidAccepted, BidRefused, Suspended, Resumed, Closed> payload;
  bool operator==(const Event&) const = default;
};

// --- Commands ------------------------------------------------------------------------------------------------------

struct ScheduleAuction {
  AuctionId id;
  std::string listing;
  std::string exchange;
  std::string title;
  Rules rules;
  std::optional<Reserve> reserve;
  Time start_time;
  std::vector<Bidder> bidders;
};
/// Ends every phase whose end has come, in order; continues a suspended session whose time to go on has come
/// (domain.md 5.11, CONTINUE).
struct Advance {};
struct PlaceBid {
  std::optional<Bidder> bidder;  // what the store knows of the caller's organization in this session
  std::string organization;
  std::string claimed_code;  // checked when not empty
  Fen price;
  bool confirm = false;
};
/// The server was away since `since` (domain.md 5.2, crash rule). Suspends a session that was open or should have
/// begun meanwhile; it goes on at once after a short outage, after a notice otherwise. Others stay as they are.
struct SuspendForOutage {
  Time since;
};

/// Everything that will be written, and nothing else. A refused bid has events too: it is recorded.
struct Decision {
  Auction next;
  std::vector<Event> events;
  std::optional<Error> refusal;
};

/// Each is total: every state answers. `now` is later than that of every command before.
Result<Decision> Decide(const ScheduleAuction& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const Advance& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const PlaceBid& command, Time now);
[[nodiscard]] Decision Decide(const Auction& state, const SuspendForOutage& command, Time now);

/// The state after an event. `Apply({}, Scheduled)` is the first state.
[[nodiscard]] Auction Apply(Auction state, const Event& event);

/// What must hold of every auction at rest; names the first violation, or nothing.
std::optional<std::string> Check(const Auction& auction);

/// When the session next changes by itself; nothing once closed.
std::optional<Time> NextChange(const Auction& auction);

/// Whether bids are taken now or will be: SCHEDULED sessions are not open.
bool IsOpen(State state);

/// The lowest price that would be accepted, or nothing when no bid would be.
std::optional<Fen> MinAcceptable(const Auction& auction);

/// 1% of the start price rounded to two significant digits, at least 1 fen (domain.md 5.1).
Fen DefaultIncrement(Fen start_price);

/// INVALID_FIELD for the first rule that cannot be run; field paths start with "rules.".
Status CheckRules(const Rules& rules);

std::string_view StateName(State state);
std::string_view OutcomeName(Outcome outcome);

/// One line of text per public event, from which outsiders recompute the log hash (docs/formats.md); empty for a
/// refused bid.
std::string CanonicalLine(const Auction& auction, const Event& event);

}  // namespace ttx::auction
