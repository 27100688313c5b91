#include "libs/bidding/rules.h"

#include <algorithm>

#include "libs/bidding/dutch.h"
#include "libs/bidding/limits.h"
#include "libs/core/text.h"

namespace ttx::bidding {
namespace {

const Increment& TierAt(const Rules& rules, Fen price) {
  const Increment* found = &rules.increments.front();
  for (const Increment& increment : rules.increments) {
    if (increment.from <= price) found = &increment;
  }
  return *found;
}

Status CheckDuration(Duration value, Duration least, Duration most, std::string_view field) {
  if (value >= least && value <= most) return {};
  const auto seconds = [](Duration d) { return std::to_string(d.ns / 1'000'000'000) + "s"; };
  return InvalidField(std::string(field), Reason::kOUT_OF_RANGE, seconds(least) + ".." + seconds(most));
}

Status CheckCount(int64_t value, int64_t least, int64_t most, std::string_view field) {
  if (value >= least && value <= most) return {};
  return InvalidField(std::string(field), Reason::kOUT_OF_RANGE,
                      std::to_string(least) + ".." + std::to_string(most));
}

// A rule that the mode or another rule leaves no room for.
Status Excluded(bool excluded, std::string_view field, std::string_view instead) {
  if (!excluded) return {};
  return InvalidField(std::string(field), Reason::kOUT_OF_RANGE, std::string(instead));
}

Status CheckIncrements(const Rules& rules) {
  const std::string field = "rules.increments";
  if (rules.increments.empty()) return InvalidField(field, Reason::kREQUIRED);
  if (rules.increments.size() > kMaxIncrements) {
    return InvalidField(field, Reason::kTOO_MANY, std::to_string(kMaxIncrements));
  }
  for (size_t i = 0; i < rules.increments.size(); ++i) {
    const Increment& increment = rules.increments[i];
    const std::string path = field + "[" + std::to_string(i) + "]";
    TTX_RETURN_IF_ERROR(CheckAmount(increment.step, Fen{1}, path + ".step_fen"));
    TTX_RETURN_IF_ERROR(CheckAmount(increment.from, Fen{1}, path + ".from_fen"));
    if (i == 0) {
      if (increment.from != rules.start_price) {
        return InvalidField(path + ".from_fen", Reason::kOUT_OF_RANGE,
                            std::to_string(rules.start_price.value));
      }
      continue;
    }
    // A tier must begin on the ladder of the tier below, or no bid could ever step onto it.
    const Increment& below = rules.increments[i - 1];
    if (increment.from <= below.from || (increment.from - below.from).value % below.step.value != 0) {
      return InvalidField(path + ".from_fen", Reason::kOUT_OF_RANGE,
                          std::to_string(below.from.value) + " + k * " + std::to_string(below.step.value));
    }
  }
  return {};
}

Status CheckCap(const Rules& rules) {
  if (!rules.cap) {
    return Excluded(rules.cap_policy != CapPolicy::kEndAtCap, "rules.cap_policy", "END_AT_CAP without a cap");
  }
  TTX_RETURN_IF_ERROR(Excluded(!IsAscending(rules.mode), "rules.cap_fen", "MULTI, DYNAMIC, ENGLISH"));
  TTX_RETURN_IF_ERROR(CheckAmount(*rules.cap, rules.start_price, "rules.cap_fen"));
  const Increment& increment = TierAt(rules, *rules.cap);
  if ((*rules.cap - increment.from).value % increment.step.value != 0) {
    return InvalidField("rules.cap_fen", Reason::kOUT_OF_RANGE, "start_price_fen + k * step_fen");
  }
  // At the cap nobody could bid the same price, or be raised against.
  return Excluded(rules.priority.mode != PriorityMode::kAsOrdinary, "rules.cap_fen",
                  "none with priority rights");
}

Status CheckPriority(const Rules& rules) {
  const PriorityRules& priority = rules.priority;
  TTX_RETURN_IF_ERROR(Excluded(priority.mode == PriorityMode::kSamePrice && !IsAscending(rules.mode),
                               "rules.priority.mode", "AS_ORDINARY, ASK_AT_END"));
  TTX_RETURN_IF_ERROR(Excluded(priority.mode == PriorityMode::kAskAtEnd &&
                                   (rules.mode == Mode::kWeighted || rules.mode == Mode::kTender),
                               "rules.priority.mode", "AS_ORDINARY"));
  TTX_RETURN_IF_ERROR(Excluded(priority.best_bidder_may_raise &&
                                   (priority.mode != PriorityMode::kAskAtEnd || !IsAscending(rules.mode)),
                               "rules.priority.best_bidder_may_raise", "false"));
  TTX_RETURN_IF_ERROR(Excluded(priority.equal_rank == EqualRank::kProRata && priority.best_bidder_may_raise,
                               "rules.priority.equal_rank", "EARLIEST, LOTTERY"));
  return CheckDuration(priority.answer_period, kMinCycle, kMaxAnswerPeriod, "rules.priority.answer_period");
}

Status CheckSealed(const Rules& rules) {
  const SealedRules& sealed = rules.sealed;
  TTX_RETURN_IF_ERROR(CheckCount(sealed.submissions, 1, kMaxSubmissions, "rules.sealed.submissions"));
  TTX_RETURN_IF_ERROR(CheckCount(sealed.shares_total, kMinHolders, kMaxHolders, "rules.sealed.shares_total"));
  TTX_RETURN_IF_ERROR(CheckCount(sealed.shares_needed, kMinHolders, sealed.shares_total, "rules.sealed.shares_needed"));
  TTX_RETURN_IF_ERROR(
      CheckDuration(sealed.shares_period, Minutes(1), kMaxAnswerPeriod, "rules.sealed.shares_period"));
  TTX_RETURN_IF_ERROR(
      CheckDuration(sealed.second_period, Duration{}, kMaxAnswerPeriod, "rules.sealed.second_period"));
  return CheckDuration(sealed.reveal_period, Duration{}, kMaxAnswerPeriod, "rules.sealed.reveal_period");
}

Status CheckScoring(const Rules& rules) {
  const ScoringRules& scoring = rules.scoring;
  constexpr int32_t kWhole = 1'000'000;
  TTX_RETURN_IF_ERROR(CheckDuration(scoring.publicity, Duration{}, kMaxPublicity, "rules.scoring.publicity"));
  TTX_RETURN_IF_ERROR(CheckCount(scoring.price_weight.value, 1, kWhole, "rules.scoring.price_weight_ppm"));
  if (scoring.criteria.size() > kMaxCriteria) {
    return InvalidField("rules.scoring.criteria", Reason::kTOO_MANY, std::to_string(kMaxCriteria));
  }
  const bool must_have = rules.mode == Mode::kTender && scoring.price_weight.value < kWhole;
  if (must_have && scoring.criteria.empty()) return InvalidField("rules.scoring.criteria", Reason::kREQUIRED);
  if (scoring.criteria.empty()) return {};
  int64_t sum = scoring.price_weight.value;
  for (size_t i = 0; i < scoring.criteria.size(); ++i) {
    const Criterion& criterion = scoring.criteria[i];
    const std::string path = "rules.scoring.criteria[" + std::to_string(i) + "]";
    TTX_RETURN_IF_ERROR(CheckCount(criterion.weight.value, 1, kWhole, path + ".weight_ppm"));
    TTX_RETURN_IF_ERROR(CheckText(criterion.name, 0, kMaxTitleChars, path + ".name"));
    sum += criterion.weight.value;
  }
  return CheckCount(sum, kWhole, kWhole, "rules.scoring");
}

Status CheckAscending(const Rules& rules) {
  TTX_RETURN_IF_ERROR(CheckDuration(rules.preparation, Duration{}, kMaxPreparation, "rules.preparation"));
  TTX_RETURN_IF_ERROR(CheckCount(rules.max_steps_per_bid, 0, kMaxStepsPerBid, "rules.max_steps_per_bid"));
  // A proxy must always be able to take one step up to its maximum, and a secret maximum must not meet a
  // right to bid the same price.
  return Excluded(rules.proxy_bids && (rules.multiple_base == MultipleBase::kFromCurrent ||
                                       rules.priority.mode == PriorityMode::kSamePrice ||
                                       rules.cap_policy == CapPolicy::kLotteryAtCap),
                  "rules.proxy_bids", "false");
}

Status CheckSuspension(const SuspensionRules& rules) {
  TTX_RETURN_IF_ERROR(
      CheckDuration(rules.outage_notice, Duration{}, kMaxNotice, "rules.suspension.outage_notice"));
  TTX_RETURN_IF_ERROR(
      CheckDuration(rules.resume_notice, Duration{}, kMaxNotice, "rules.suspension.resume_notice"));
  return CheckDuration(rules.longest, rules.resume_notice, kMaxNotice, "rules.suspension.longest");
}

// In which clients remind of the end of a phase.
Status CheckWarnings(const Rules& rules) {
  if (rules.warnings.size() > kMaxWarnings) {
    return InvalidField("rules.warnings", Reason::kTOO_MANY, std::to_string(kMaxWarnings));
  }
  for (size_t i = 0; i < rules.warnings.size(); ++i) {
    TTX_RETURN_IF_ERROR(
        CheckDuration(rules.warnings[i], kMinCycle, kMaxCycle, "rules.warnings[" + std::to_string(i) + "]"));
  }
  return {};
}

Status CheckMode(const Rules& rules) {
  switch (rules.mode) {
    case Mode::kMulti:
    case Mode::kDynamic:
    case Mode::kEnglish:
      return CheckAscending(rules);
    case Mode::kDutch:
      return CheckDutch(rules);
    case Mode::kSealed:
      return CheckSealed(rules);
    case Mode::kWeighted:
    case Mode::kTender:
      TTX_RETURN_IF_ERROR(CheckSealed(rules));
      return CheckScoring(rules);
  }
  TTX_CHECK(false, "unreachable");
}

}  // namespace

bool IsAscending(Mode mode) {
  return mode == Mode::kMulti || mode == Mode::kDynamic || mode == Mode::kEnglish;
}

bool IsSealed(Mode mode) { return mode == Mode::kSealed || mode == Mode::kWeighted || mode == Mode::kTender; }

bool MayDraw(const Rules& rules) {
  const bool among_holders =
      rules.priority.mode == PriorityMode::kAskAtEnd && rules.priority.equal_rank == EqualRank::kLottery;
  return rules.cap_policy == CapPolicy::kLotteryAtCap || rules.mode == Mode::kTender || among_holders;
}

Rules OpenRules(Mode mode) {
  Rules rules;
  rules.mode = mode;
  rules.free_period = {};
  rules.cycle = {};
  rules.max_steps_per_bid = 0;
  // Open bidding that lasts as long as the listing is no cause for an alarm.
  if (mode == Mode::kDynamic) rules.max_total = kMaxFreePeriod + rules.max_total;
  if (mode == Mode::kTender) {
    rules.min_bidders = kMinTenderers;
    rules.single_bidder = SingleBidder::kRetender;
  }
  return rules;
}

Status CheckRules(const Rules& rules) {
  TTX_RETURN_IF_ERROR(CheckAmount(rules.start_price, Fen{1}, "rules.start_price_fen"));
  TTX_RETURN_IF_ERROR(CheckIncrements(rules));
  TTX_RETURN_IF_ERROR(CheckDuration(rules.free_period, kMinFreePeriod, kMaxFreePeriod, "rules.free_period"));
  TTX_RETURN_IF_ERROR(CheckDuration(rules.cycle, kMinCycle, kMaxCycle, "rules.cycle"));
  TTX_RETURN_IF_ERROR(CheckMode(rules));
  TTX_RETURN_IF_ERROR(CheckCap(rules));
  TTX_RETURN_IF_ERROR(Excluded(rules.proxy_bids && !IsAscending(rules.mode), "rules.proxy_bids", "false"));
  TTX_RETURN_IF_ERROR(CheckPriority(rules));
  TTX_RETURN_IF_ERROR(CheckDuration(rules.max_total, Duration{}, kMaxTotal, "rules.max_total"));
  const int32_t fewest = rules.mode == Mode::kTender ? kMinTenderers : 1;
  TTX_RETURN_IF_ERROR(CheckCount(rules.min_bidders, fewest, kMaxBidders, "rules.min_bidders"));
  TTX_RETURN_IF_ERROR(
      Excluded(rules.single_bidder == SingleBidder::kAgreementAtQuote && !IsAscending(rules.mode),
               "rules.single_bidder", "START_PRICE_SALE, RETENDER"));
  TTX_RETURN_IF_ERROR(Excluded(rules.tie_rule == TieRule::kRequote && rules.mode != Mode::kSealed,
                               "rules.tie_rule", "PRIORITY_THEN_TIME"));
  TTX_RETURN_IF_ERROR(CheckSuspension(rules.suspension));
  return CheckWarnings(rules);
}

Fen DefaultIncrement(Fen start_price) {
  const Fen percent = MulPpm(start_price, {10'000});
  int64_t unit = 1;
  while (percent.value / unit >= 100) unit *= 10;
  return {std::max<int64_t>(1, (percent.value + unit / 2) / unit * unit)};
}

Fen StepAt(const Rules& rules, Fen price) { return TierAt(rules, price).step; }

bool IsMultiple(const Rules& rules, std::optional<Fen> current, Fen price) {
  if (rules.cap && price == *rules.cap) return true;  // always within reach, or nobody could close at it
  if (rules.multiple_base == MultipleBase::kFromCurrent && current) {
    return (price - *current).value % StepAt(rules, *current).value == 0;
  }
  const Increment& increment = TierAt(rules, price);
  return (price - increment.from).value % increment.step.value == 0;
}

Fen NextPrice(const Rules& rules, Fen current) {
  const Fen next = current + StepAt(rules, current);
  return rules.cap ? std::min(next, *rules.cap) : next;
}

bool RisesTooFar(const Rules& rules, Fen base, Fen price) {
  if (rules.max_steps_per_bid == 0) return false;
  const __int128 most =
      base.value + static_cast<__int128>(rules.max_steps_per_bid) * StepAt(rules, base).value;
  return price.value > most;
}

std::string_view ModeName(Mode mode) {
  switch (mode) {
    case Mode::kMulti:
      return "MULTI";
    case Mode::kDynamic:
      return "DYNAMIC";
    case Mode::kEnglish:
      return "ENGLISH";
    case Mode::kSealed:
      return "SEALED";
    case Mode::kWeighted:
      return "WEIGHTED";
    case Mode::kDutch:
      return "DUTCH";
    case Mode::kTender:
      return "TENDER";
  }
  TTX_CHECK(false, "unreachable");
}

}  // namespace ttx::bidding
