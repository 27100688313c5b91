#pragma once

#include <optional>
#include <vector>

#include "libs/core/money.h"
#include "libs/core/result.h"
#include "libs/core/time.h"
#include "services/listing/domain/mode_rules.h"
#include "services/listing/domain/rule_profile.h"

namespace ttx::listing {

// The numbers of the enums are those of the API and of records: do not renumber.

enum class Mode : int32_t {
  kUnspecified = 0,
  kMulti = 1,
  kDynamic = 2,
  kEnglish = 3,
  kSealed = 4,
  kWeighted = 5,
  kDutch = 6,
  kTender = 7,
};
enum class LimitedEntry : int32_t { kUnspecified = 0, kAlways = 1, kIfTwoBidders = 2, kIfTwoInLastHour = 3 };
enum class MultipleBase : int32_t { kUnspecified = 0, kFromStart = 1, kFromCurrent = 2 };

/// An increment that holds from a price on (加价幅度分组).
struct Increment {
  Fen from;
  Fen step;
  bool operator==(const Increment&) const = default;
};

/// The rules of the auction a listing may lead to (domain.md 5.1); published with it, run by the auction
/// service.
struct Rules {
  Mode mode = Mode::kUnspecified;
  Fen start_price;
  std::vector<Increment> increments;
  MultipleBase multiple_base = MultipleBase::kUnspecified;
  Duration free_period;  // 0 in DYNAMIC: the listing period (domain.md 5.4)
  Duration preparation;
  Duration cycle;
  LimitedEntry limited_entry = LimitedEntry::kUnspecified;
  int32_t max_steps_per_bid = 0;
  bool self_outbid = false;
  Fen cap;  // 0: none
  ModeRules modes;
  bool operator==(const Rules&) const = default;
};

/// Fills what was left open with the defaults of domain.md 5.1 and starts at the listed price. INVALID_FIELD
/// for the first rule that cannot be run or that leaves bidders less time than the profile demands; field
/// paths start with "rules.".
Result<Rules> NormalizeRules(Rules rules, Fen listed_price, const RuleProfile& profile);

/// The part of it that the modes add.
Status NormalizeModes(Rules& rules);

/// 1% of the start price rounded to two significant digits, at least 1 fen.
Fen DefaultIncrement(Fen start_price);

}  // namespace ttx::listing
