#include "libs/bidding/dutch.h"

#include <algorithm>

#include "libs/bidding/limits.h"

namespace ttx::bidding {
namespace {

constexpr int64_t kWhole = 1'000'000;

// How far the price has fallen after `steps`, rounded half up when the step is a share of the start price.
Fen Decrease(const Rules& rules, int64_t steps) {
  if (rules.dutch.decrement > Fen{0}) return {rules.dutch.decrement.value * steps};
  const __int128 exact =
      static_cast<__int128>(rules.start_price.value) * rules.dutch.decrement_share.value * steps;
  return {static_cast<int64_t>((exact + kWhole / 2) / kWhole)};
}

}  // namespace

int64_t DutchSteps(const Rules& rules) {
  const int64_t range = (rules.start_price - rules.dutch.floor).value;
  if (rules.dutch.decrement > Fen{0}) {
    return (range + rules.dutch.decrement.value - 1) / rules.dutch.decrement.value;
  }
  const __int128 per_step =
      static_cast<__int128>(rules.start_price.value) * rules.dutch.decrement_share.value;
  return static_cast<int64_t>((static_cast<__int128>(range) * kWhole + per_step - 1) / per_step);
}

Fen DutchPrice(const Rules& rules, int64_t steps) {
  return std::max(rules.dutch.floor, rules.start_price - Decrease(rules, std::min(steps, DutchSteps(rules))));
}

Duration DutchLength(const Rules& rules) { return {rules.dutch.interval.ns * (DutchSteps(rules) + 1)}; }

Status CheckDutch(const Rules& rules) {
  const DutchRules& dutch = rules.dutch;
  if ((dutch.decrement > Fen{0}) == (dutch.decrement_share.value > 0) || dutch.decrement < Fen{0} ||
      dutch.decrement_share.value < 0) {
    return InvalidField("rules.dutch.decrement_fen", Reason::kOUT_OF_RANGE, "one of fen and ppm, > 0");
  }
  // A step of the whole start price falls to the floor at once; a larger one says nothing more.
  if (dutch.decrement > rules.start_price) {
    return InvalidField("rules.dutch.decrement_fen", Reason::kOUT_OF_RANGE,
                        "1.." + std::to_string(rules.start_price.value));
  }
  if (dutch.decrement_share.value > kWhole) {
    return InvalidField("rules.dutch.decrement_ppm", Reason::kOUT_OF_RANGE, "1.." + std::to_string(kWhole));
  }
  TTX_RETURN_IF_ERROR(CheckAmount(dutch.floor, Fen{1}, "rules.dutch.floor_fen"));
  if (dutch.floor > rules.start_price) {
    return InvalidField("rules.dutch.floor_fen", Reason::kOUT_OF_RANGE,
                        "1.." + std::to_string(rules.start_price.value));
  }
  if (dutch.interval < kMinCycle || dutch.interval > kMaxCycle) {
    return InvalidField("rules.dutch.interval", Reason::kOUT_OF_RANGE, "1s..86400s");
  }
  const int64_t steps = DutchSteps(rules);
  if (steps > kMaxDutchSteps || steps > kMaxFreePeriod.ns / dutch.interval.ns) {
    return InvalidField("rules.dutch.decrement_fen", Reason::kTOO_MANY, std::to_string(kMaxDutchSteps));
  }
  return {};
}

}  // namespace ttx::bidding
