#include "services/listing/domain/rules.h"

#include <algorithm>
#include <string>

#include "services/listing/domain/limits.h"

namespace ttx::listing {
namespace {

constexpr Duration kDefaultFreePeriod = Hours(1);
constexpr Duration kDefaultCycle = Minutes(5);

Status CheckLength(Duration length, Duration min, Duration max, const std::string& field) {
  if (length >= min && length <= max) return {};
  return InvalidField(
      field, Reason::kOUT_OF_RANGE,
      std::to_string(min.ns / 1'000'000'000) + "s.." + std::to_string(max.ns / 1'000'000'000) + "s");
}

}  // namespace

Result<Rules> NormalizeRules(Rules rules, Fen listed_price, const RuleProfile& profile) {
  if (rules.start_price != Fen{} && rules.start_price != listed_price) {
    return InvalidField("rules.start_price_fen", Reason::kOUT_OF_RANGE, std::to_string(listed_price.value));
  }
  rules.start_price = listed_price;
  if (rules.increments.empty()) rules.increments = {{listed_price, DefaultIncrement(listed_price)}};
  const Duration min_free_period = Seconds(profile.free_period_seconds_min);
  const Duration min_cycle = Seconds(profile.cycle_seconds_min);
  const bool lasts_as_listing = rules.mode == Mode::kDynamic;
  if (rules.free_period == Duration{} && !lasts_as_listing) {
    rules.free_period = std::max(kDefaultFreePeriod, min_free_period);
  }
  if (rules.cycle == Duration{}) rules.cycle = std::max(kDefaultCycle, min_cycle);
  if (lasts_as_listing) {
    if (rules.free_period != Duration{}) {
      return InvalidField("rules.free_period", Reason::kOUT_OF_RANGE, "0s; the listing period");
    }
  } else {
    TTX_RETURN_IF_ERROR(CheckLength(rules.free_period, min_free_period, kMaxFreePeriod, "rules.free_period"));
  }
  TTX_RETURN_IF_ERROR(CheckLength(rules.cycle, min_cycle, kMaxCycle, "rules.cycle"));
  TTX_RETURN_IF_ERROR(CheckRunnable(rules));
  return rules;
}

Status CheckRunnable(Rules rules) {
  if (rules.mode == Mode::kDynamic) rules.free_period = kMaxFreePeriod;
  return bidding::CheckRules(rules);
}

}  // namespace ttx::listing
