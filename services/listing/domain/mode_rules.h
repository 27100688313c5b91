#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/core/money.h"
#include "libs/core/time.h"

namespace ttx::listing {

// What the modes of an auction add to its rules (domain.md 5.1, 5.4-5.9, 5.11). The numbers of the enums are those of
// the API and of records: do not renumber.

enum class CapPolicy : int32_t { kUnspecified = 0, kEndAtCap = 1, kLotteryAtCap = 2 };
enum class TieRule : int32_t { kUnspecified = 0, kPriorityThenTime = 1, kRequote = 2 };
enum class SingleBidder : int32_t { kUnspecified = 0, kStartPriceSale = 1, kAgreementAtQuote = 2, kRetender = 3 };
enum class PriorityMode : int32_t { kUnspecified = 0, kAsOrdinary = 1, kSamePrice = 2, kAskAtEnd = 3 };
enum class EqualRank : int32_t { kUnspecified = 0, kEarliest = 1, kLottery = 2, kProRata = 3 };

struct PriorityRules {
  PriorityMode mode = PriorityMode::kUnspecified;
  EqualRank equal_rank = EqualRank::kUnspecified;
  Duration answer_period;
  bool best_bidder_may_raise = false;
  bool operator==(const PriorityRules&) const = default;
};

/// Exactly one of `decrement` and `decrement_share` (of the start price).
struct DutchRules {
  Fen decrement;
  Ppm decrement_share;
  Duration interval;
  Fen floor;
  bool operator==(const DutchRules&) const = default;
};

struct SealedRules {
  int32_t submissions = 0;
  bool may_withdraw = false;
  bool check_multiple = false;
  int32_t shares_needed = 0;
  int32_t shares_total = 0;
  Duration shares_period;
  Duration second_period;
  Duration reveal_period;
  std::string holder_set;  // the list of key holders (docs/formats.md, "Sealed envelopes")
  bool operator==(const SealedRules&) const = default;
};

struct Criterion {
  std::string name;
  Ppm weight;
  bool operator==(const Criterion&) const = default;
};

struct ScoringRules {
  Ppm price_weight;
  std::vector<Criterion> criteria;
  Duration publicity;
  bool operator==(const ScoringRules&) const = default;
};

struct SuspensionRules {
  Duration outage_notice;
  Duration resume_notice;
  Duration longest;
  bool operator==(const SuspensionRules&) const = default;
};

struct ModeRules {
  CapPolicy cap_policy = CapPolicy::kUnspecified;
  bool proxy_bids = false;
  int32_t min_bidders = 0;
  SingleBidder single_bidder = SingleBidder::kUnspecified;
  TieRule tie_rule = TieRule::kUnspecified;
  std::vector<Duration> warnings;
  Duration max_total;
  bool forfeit_when_silent = false;
  PriorityRules priority;
  std::optional<DutchRules> dutch;
  std::optional<SealedRules> sealed;
  std::optional<ScoringRules> scoring;
  std::optional<SuspensionRules> suspension;
  bool operator==(const ModeRules&) const = default;
};

}  // namespace ttx::listing
