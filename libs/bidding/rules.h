#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/money.h"
#include "libs/core/result.h"
#include "libs/core/time.h"

namespace ttx::bidding {

// The rules of a bidding session (domain.md 5.1): applied for and published with a listing, run by a session.
// The numbers of the enums are stored, and those of the API from 0 instead of 1: do not renumber.

/// domain.md 5.3-5.7.
enum class Mode { kMulti, kDynamic, kEnglish, kSealed, kWeighted, kDutch, kTender };
enum class LimitedEntry { kAlways, kIfTwoBidders, kIfTwoInLastHour };
enum class MultipleBase { kFromStart, kFromCurrent };
enum class CapPolicy { kEndAtCap, kLotteryAtCap };
enum class TieRule { kPriorityThenTime, kRequote };
enum class SingleBidder { kStartPriceSale, kAgreementAtQuote, kRetender };
enum class Anonymity { kCodeUntilClose };
/// domain.md 5.9: P3, P1, P2.
enum class PriorityMode { kAsOrdinary, kSamePrice, kAskAtEnd };
enum class EqualRank { kEarliest, kLottery, kProRata };

/// An increment that holds from a price on (加价幅度分组).
struct Increment {
  Fen from;
  Fen step;
  bool operator==(const Increment&) const = default;
};

/// Priority rights (优先权, domain.md 5.9).
struct PriorityRules {
  PriorityMode mode = PriorityMode::kAsOrdinary;
  EqualRank equal_rank = EqualRank::kEarliest;
  Duration answer_period = Minutes(5);
  bool best_bidder_may_raise = false;
  bool operator==(const PriorityRules&) const = default;
};

/// The falling price (domain.md 5.7 DUTCH): exactly one of `decrement` and `decrement_share` (of the start
/// price).
struct DutchRules {
  Fen decrement;
  Ppm decrement_share;
  Duration interval;
  Fen floor;
  bool operator==(const DutchRules&) const = default;
};

/// Envelopes and their opening (domain.md 5.5, reliability.md 4.1).
struct SealedRules {
  int32_t submissions = 1;  // per bidder; of several the last counts
  bool may_withdraw = false;
  bool check_multiple = false;
  int32_t shares_needed = 3;  // t
  int32_t shares_total = 5;   // n
  Duration shares_period = Hours(24);
  Duration second_period = Hours(72);  // 0: no second date
  Duration reveal_period = Hours(72);  // 0: no self-reveal
  std::string holder_set;              // the list of key holders with their public keys; opaque here
  bool operator==(const SealedRules&) const = default;
};

struct Criterion {
  std::string name;
  Ppm weight;
  bool operator==(const Criterion&) const = default;
};

/// Scores beside the price (domain.md 5.6, 5.7 TENDER). The price has what the criteria leave of 1 000 000
/// ppm; a WEIGHTED session may leave its criteria unsaid and take the non-price score as one number.
struct ScoringRules {
  Ppm price_weight;
  std::vector<Criterion> criteria;
  Duration publicity = Hours(24 * 3);  // of a tender's candidates
  bool operator==(const ScoringRules&) const = default;
};

/// How a suspended session goes on (domain.md 5.11).
struct SuspensionRules {
  Duration outage_notice = Minutes(30);  // after an outage of at least this length
  Duration resume_notice = Hours(24);    // after a suspension by persons
  Duration longest = Hours(24 * 5);      // suspended for longer: it may only be annulled
  bool operator==(const SuspensionRules&) const = default;
};

/// Fixed before the start of the session. A new one is as usual, and leaves open what has no usual value.
struct Rules {
  Mode mode = Mode::kMulti;
  Fen start_price;
  std::vector<Increment> increments;  // by rising `from`; the first one from the start price
  MultipleBase multiple_base = MultipleBase::kFromStart;
  Duration free_period = Hours(1);  // FREE; the window of ENGLISH; SUBMITTING of the sealed modes
  Duration preparation;
  Duration cycle = Minutes(5);  // LIMITED; the soft close of ENGLISH; a raise; declaring at the cap
  LimitedEntry limited_entry = LimitedEntry::kAlways;
  int32_t max_steps_per_bid = 20;  // 0: any rise without confirmation
  bool self_outbid = false;
  std::optional<Fen> cap;
  CapPolicy cap_policy = CapPolicy::kEndAtCap;
  bool proxy_bids = false;  // 代理出价
  int32_t min_bidders = 1;
  SingleBidder single_bidder = SingleBidder::kStartPriceSale;
  TieRule tie_rule = TieRule::kPriorityThenTime;
  Anonymity anonymity = Anonymity::kCodeUntilClose;
  std::vector<Duration> warnings = {Seconds(60), Seconds(30), Seconds(10)};  // before the end, for clients
  Duration max_total = Hours(8);     // open for longer: an alarm to the operator; 0 never
  bool forfeit_when_silent = false;  // nobody quotes: everybody loses the deposit (domain.md 5.12 c)
  // A default when nobody can bid any more: the next best takes the place (domain.md 5.12, 5.7 TENDER). Otherwise the
  // session is annulled.
  bool next_best_allowed = false;
  PriorityRules priority;
  DutchRules dutch;
  SealedRules sealed;
  ScoringRules scoring;
  SuspensionRules suspension;
  bool operator==(const Rules&) const = default;
};

/// MULTI, DYNAMIC, ENGLISH: bids rise in the open.
bool IsAscending(Mode mode);
/// SEALED, WEIGHTED, TENDER: envelopes.
bool IsSealed(Mode mode);

/// Whether a lot may have to be drawn: a seed must then be committed to before the start.
bool MayDraw(const Rules& rules);

/// Rules in which an applicant has said nothing but the mode: as usual in it. What depends on more than the
/// mode is left open: no start price, no increments, periods of zero length.
Rules OpenRules(Mode mode);

/// INVALID_FIELD for the first rule that cannot be run; field paths start with "rules.". Whether the key
/// holders of `sealed.holder_set` can be read is not asked here (libs/sealed).
Status CheckRules(const Rules& rules);

/// 1% of the start price rounded to two significant digits, at least 1 fen (domain.md 5.1).
Fen DefaultIncrement(Fen start_price);

// --- The price ladder (domain.md 5.1, 5.2 step 5)

/// The increment that holds at `price`.
Fen StepAt(const Rules& rules, Fen price);
/// Whether `price` stands on the ladder; `current` is the leading price, if any. The cap always does.
bool IsMultiple(const Rules& rules, std::optional<Fen> current, Fen price);
/// One step above `current`, at most the cap.
Fen NextPrice(const Rules& rules, Fen current);
/// More than max_steps_per_bid above `base`.
bool RisesTooFar(const Rules& rules, Fen base, Fen price);

std::string_view ModeName(Mode mode);

}  // namespace ttx::bidding
