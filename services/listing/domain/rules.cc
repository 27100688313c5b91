#include "services/listing/domain/rules.h"

#include <algorithm>
#include <string>

#include "services/listing/domain/common.h"
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

// Each tier begins on a price that is reachable from the one below, so that a ladder never has a gap.
Status CheckIncrements(const Rules& rules) {
  if (rules.increments.size() > kMaxIncrements) {
    return InvalidField("rules.increments", Reason::kTOO_MANY, "1.." + std::to_string(kMaxIncrements));
  }
  for (size_t i = 0; i < rules.increments.size(); ++i) {
    const std::string path = At("rules.increments", i);
    const Increment& increment = rules.increments[i];
    TTX_RETURN_IF_ERROR(CheckAmount(increment.from, rules.start_price, path + ".from_fen"));
    TTX_RETURN_IF_ERROR(CheckAmount(increment.step, Fen{1}, path + ".step_fen"));
    if (i == 0) {
      if (increment.from != rules.start_price) {
        return InvalidField(path + ".from_fen", Reason::kOUT_OF_RANGE,
                            std::to_string(rules.start_price.value));
      }
      continue;
    }
    const Increment& below = rules.increments[i - 1];
    if (increment.from <= below.from || (increment.from - below.from).value % below.step.value != 0) {
      return InvalidField(path + ".from_fen", Reason::kOUT_OF_RANGE,
                          std::to_string(below.from.value) + " + k * " + std::to_string(below.step.value));
    }
  }
  return {};
}

bool TakesEnvelopes(Mode mode) {
  return mode == Mode::kSealed || mode == Mode::kWeighted || mode == Mode::kTender;
}

Status CheckCap(const Rules& rules) {
  if (rules.cap == Fen{}) return {};
  TTX_RETURN_IF_ERROR(CheckAmount(rules.cap, rules.start_price, "rules.cap_fen"));
  const Increment* tier = &rules.increments.front();
  for (const Increment& increment : rules.increments) {
    if (increment.from <= rules.cap) tier = &increment;
  }
  if ((rules.cap - tier->from).value % tier->step.value != 0) {
    return InvalidField("rules.cap_fen", Reason::kOUT_OF_RANGE, "start_price_fen + k * step_fen");
  }
  return {};
}

}  // namespace

// What the mode must have, must not have, and what was left open. The auction service checks the rest again.
Status NormalizeModes(Rules& rules) {
  ModeRules& modes = rules.modes;
  const bool tender = rules.mode == Mode::kTender;
  if (modes.cap_policy == CapPolicy::kUnspecified) modes.cap_policy = CapPolicy::kEndAtCap;
  if (modes.tie_rule == TieRule::kUnspecified) modes.tie_rule = TieRule::kPriorityThenTime;
  if (modes.single_bidder == SingleBidder::kUnspecified) {
    modes.single_bidder = tender ? SingleBidder::kRetender : SingleBidder::kStartPriceSale;
  }
  if (modes.min_bidders == 0) modes.min_bidders = tender ? 3 : 1;
  if (modes.warnings.empty()) modes.warnings = {Seconds(60), Seconds(30), Seconds(10)};
  // Open bidding that lasts as long as the listing is no cause for an alarm.
  const Duration usual_total = rules.mode == Mode::kDynamic ? kMaxFreePeriod + Hours(8) : Hours(8);
  if (modes.max_total == Duration{}) modes.max_total = usual_total;
  if (modes.priority.mode == PriorityMode::kUnspecified) modes.priority.mode = PriorityMode::kAsOrdinary;
  if (modes.priority.equal_rank == EqualRank::kUnspecified) modes.priority.equal_rank = EqualRank::kEarliest;
  if (modes.priority.answer_period == Duration{}) modes.priority.answer_period = Minutes(5);
  if (modes.min_bidders < (tender ? 3 : 1)) {
    return InvalidField("rules.min_bidders", Reason::kOUT_OF_RANGE, tender ? ">= 3" : ">= 1");
  }
  const bool sealed = TakesEnvelopes(rules.mode);
  const bool scored = rules.mode == Mode::kWeighted || tender;
  if (modes.dutch.has_value() != (rules.mode == Mode::kDutch)) {
    return InvalidField("rules.dutch", Reason::kREQUIRED, "DUTCH");
  }
  if (modes.sealed.has_value() != sealed) {
    return InvalidField("rules.sealed", Reason::kREQUIRED, "SEALED, WEIGHTED, TENDER");
  }
  if (modes.scoring.has_value() != scored) {
    return InvalidField("rules.scoring", Reason::kREQUIRED, "WEIGHTED, TENDER");
  }
  const bool rising = !sealed && rules.mode != Mode::kDutch;
  if (!rising && (modes.proxy_bids || rules.cap != Fen{})) {
    return InvalidField(modes.proxy_bids ? "rules.proxy_bids" : "rules.cap_fen", Reason::kOUT_OF_RANGE,
                        "MULTI, DYNAMIC, ENGLISH");
  }
  return {};
}

Fen DefaultIncrement(Fen start_price) {
  const Fen percent = MulPpm(start_price, {10'000});
  int64_t unit = 1;
  while (percent.value / unit >= 100) unit *= 10;
  return {std::max<int64_t>(1, (percent.value + unit / 2) / unit * unit)};
}

Result<Rules> NormalizeRules(Rules rules, Fen listed_price, const RuleProfile& profile) {
  if (rules.start_price != Fen{} && rules.start_price != listed_price) {
    return InvalidField("rules.start_price_fen", Reason::kOUT_OF_RANGE, std::to_string(listed_price.value));
  }
  rules.start_price = listed_price;
  if (rules.mode == Mode::kUnspecified) rules.mode = Mode::kMulti;
  if (rules.multiple_base == MultipleBase::kUnspecified) rules.multiple_base = MultipleBase::kFromStart;
  if (rules.limited_entry == LimitedEntry::kUnspecified) rules.limited_entry = LimitedEntry::kAlways;
  if (rules.increments.empty()) rules.increments = {{listed_price, DefaultIncrement(listed_price)}};
  const Duration min_free_period = Seconds(profile.free_period_seconds_min);
  const Duration min_cycle = Seconds(profile.cycle_seconds_min);
  const bool lasts_as_listing = rules.mode == Mode::kDynamic;
  if (rules.free_period == Duration{} && !lasts_as_listing) {
    rules.free_period = std::max(kDefaultFreePeriod, min_free_period);
  }
  if (rules.cycle == Duration{}) rules.cycle = std::max(kDefaultCycle, min_cycle);
  TTX_RETURN_IF_ERROR(NormalizeModes(rules));
  TTX_RETURN_IF_ERROR(CheckIncrements(rules));
  if (lasts_as_listing) {
    if (rules.free_period != Duration{}) {
      return InvalidField("rules.free_period", Reason::kOUT_OF_RANGE, "0s; the listing period");
    }
  } else {
    TTX_RETURN_IF_ERROR(CheckLength(rules.free_period, min_free_period, kMaxFreePeriod, "rules.free_period"));
  }
  TTX_RETURN_IF_ERROR(CheckLength(rules.preparation, Duration{}, kMaxPreparation, "rules.preparation"));
  TTX_RETURN_IF_ERROR(CheckLength(rules.cycle, min_cycle, kMaxCycle, "rules.cycle"));
  if (rules.max_steps_per_bid < 0 || rules.max_steps_per_bid > kMaxStepsPerBid) {
    return InvalidField("rules.max_steps_per_bid", Reason::kOUT_OF_RANGE,
                        "0.." + std::to_string(kMaxStepsPerBid));
  }
  TTX_RETURN_IF_ERROR(CheckCap(rules));
  return rules;
}

}  // namespace ttx::listing
