// Every parameter of domain.md 5.1 at its limits: taken there, refused beside them with the field and the
// reason.

#include "services/auction/domain/rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <tuple>

#include "services/auction/domain/limits.h"
#include "services/auction/domain/test_session.h"

namespace ttx::auction {
namespace {

using testing::SessionOf;
using testing::Yuan;

using Change = std::function<void(Rules&)>;

Rules Usual(Mode mode) {
  Rules rules = SessionOf(mode, Yuan(1'000), Yuan(10)).rules;
  rules.dutch = {Yuan(10), {}, Seconds(60), Yuan(500)};
  rules.scoring.price_weight = {600'000};
  rules.scoring.criteria = {{"technology", {400'000}}};
  rules.min_bidders = mode == Mode::kTender ? 3 : 1;
  return rules;
}

// "" when the rules are taken, else the field and the reason.
std::string Refusal(const Rules& rules) {
  const Status status = CheckRules(rules);
  if (status.ok()) return "";
  const FieldViolation& violation = status.error().violations.at(0);
  return violation.field + " " + std::string(ReasonName(violation.reason));
}

// A parameter that is a number of some unit: what is too little, the least, the most, too much.
struct Range {
  const char* field;
  Mode mode;
  int64_t least;
  int64_t most;
  std::function<void(Rules&, int64_t)> set;
  const char* field_below = nullptr;  // when too little is another field's fault
  const char* field_above = nullptr;
};

constexpr int64_t kWhole = 1'000'000;

std::function<void(Rules&, int64_t)> Length(Duration Rules::*member) {
  return [member](Rules& rules, int64_t ns) { rules.*member = {ns}; };
}

template <class Part>
std::function<void(Rules&, int64_t)> Length(Part Rules::*part, Duration Part::*member) {
  return [part, member](Rules& rules, int64_t ns) { (rules.*part).*member = {ns}; };
}

void SetPriceWeight(Rules& rules, int64_t weight) {
  rules.scoring.criteria.clear();
  rules.scoring.price_weight = {static_cast<int32_t>(weight)};
}

void SetStartPrice(Rules& rules, int64_t fen) {
  rules.start_price = {fen};
  rules.increments = {{{fen}, {1}}};
}

std::vector<Range> PriceRanges() {
  return {
      {"rules.start_price_fen", Mode::kMulti, 1, kMaxFen, SetStartPrice},
      {"rules.increments[0].step_fen", Mode::kMulti, 1, kMaxFen,
       [](Rules& r, int64_t fen) { r.increments[0].step = {fen}; }},
      {"rules.increments[0].from_fen", Mode::kMulti, 100'000, 100'000,
       [](Rules& r, int64_t fen) { r.increments[0].from = {fen}; }},
      {"rules.cap_fen", Mode::kMulti, 100'000, kMaxFen,
       [](Rules& r, int64_t fen) {
         r.increments[0].step = {1};
         r.cap = Fen{fen};
       }},
      {"rules.dutch.decrement_fen", Mode::kDutch, 1, 100'000,
       [](Rules& r, int64_t fen) {
         r.dutch.decrement = {fen};
         r.dutch.floor = Yuan(1'000) - Fen{500};
       }},
      {"rules.dutch.decrement_ppm", Mode::kDutch, 1, kWhole,
       [](Rules& r, int64_t ppm) {
         r.dutch = {{}, {static_cast<int32_t>(ppm)}, Seconds(1), Yuan(1'000) - Fen{500}};
       },
       "rules.dutch.decrement_fen"},  // one of the two is needed
      {"rules.dutch.floor_fen", Mode::kDutch, 1, 100'000,
       [](Rules& r, int64_t fen) { r.dutch.floor = {fen}; }},
  };
}

std::vector<Range> LengthRanges() {
  return {
      {"rules.free_period", Mode::kMulti, kMinFreePeriod.ns, kMaxFreePeriod.ns, Length(&Rules::free_period)},
      {"rules.preparation", Mode::kMulti, 0, kMaxPreparation.ns, Length(&Rules::preparation)},
      {"rules.cycle", Mode::kEnglish, kMinCycle.ns, kMaxCycle.ns, Length(&Rules::cycle)},
      {"rules.max_total", Mode::kMulti, 0, kMaxTotal.ns, Length(&Rules::max_total)},
      {"rules.warnings[1]", Mode::kMulti, kMinCycle.ns, kMaxCycle.ns,
       [](Rules& r, int64_t ns) {
         r.warnings = {Seconds(60), {ns}};
       }},
      {"rules.priority.answer_period", Mode::kMulti, kMinCycle.ns, kMaxAnswerPeriod.ns,
       Length(&Rules::priority, &PriorityRules::answer_period)},
      {"rules.dutch.interval", Mode::kDutch, kMinCycle.ns, kMaxCycle.ns,
       Length(&Rules::dutch, &DutchRules::interval)},
      {"rules.sealed.shares_period", Mode::kSealed, Minutes(1).ns, kMaxAnswerPeriod.ns,
       Length(&Rules::sealed, &SealedRules::shares_period)},
      {"rules.sealed.second_period", Mode::kWeighted, 0, kMaxAnswerPeriod.ns,
       Length(&Rules::sealed, &SealedRules::second_period)},
      {"rules.sealed.reveal_period", Mode::kTender, 0, kMaxAnswerPeriod.ns,
       Length(&Rules::sealed, &SealedRules::reveal_period)},
      {"rules.scoring.publicity", Mode::kTender, 0, kMaxPublicity.ns,
       Length(&Rules::scoring, &ScoringRules::publicity)},
      {"rules.suspension.outage_notice", Mode::kMulti, 0, kMaxNotice.ns,
       Length(&Rules::suspension, &SuspensionRules::outage_notice)},
      {"rules.suspension.longest", Mode::kMulti, Hours(24).ns, kMaxNotice.ns,
       Length(&Rules::suspension, &SuspensionRules::longest)},
      {"rules.suspension.resume_notice", Mode::kMulti, 0, kMaxNotice.ns,
       [](Rules& r, int64_t ns) {
         r.suspension.resume_notice = {ns};
         r.suspension.longest = kMaxNotice;
       }},
  };
}

std::vector<Range> CountRanges() {
  const auto small = [](int64_t value) { return static_cast<int32_t>(value); };
  return {
      {"rules.max_steps_per_bid", Mode::kDynamic, 0, kMaxStepsPerBid,
       [=](Rules& r, int64_t n) { r.max_steps_per_bid = small(n); }},
      {"rules.min_bidders", Mode::kMulti, 1, static_cast<int64_t>(kMaxBidders),
       [=](Rules& r, int64_t n) { r.min_bidders = small(n); }},
      {"rules.min_bidders", Mode::kTender, kMinTenderers, static_cast<int64_t>(kMaxBidders),
       [=](Rules& r, int64_t n) { r.min_bidders = small(n); }},
      {"rules.sealed.submissions", Mode::kSealed, 1, kMaxSubmissions,
       [=](Rules& r, int64_t n) { r.sealed.submissions = small(n); }},
      {"rules.sealed.shares_total", Mode::kSealed, kMinHolders, kMaxHolders,
       [=](Rules& r, int64_t n) {
         r.sealed.shares_total = small(n);
         r.sealed.shares_needed = kMinHolders;
       }},
      {"rules.sealed.shares_needed", Mode::kSealed, kMinHolders, 5,
       [=](Rules& r, int64_t n) { r.sealed.shares_needed = small(n); }},
      {"rules.scoring.price_weight_ppm", Mode::kWeighted, 1, kWhole, SetPriceWeight},
      {"rules.scoring.criteria[0].weight_ppm", Mode::kTender, 1, kWhole - 1,
       [=](Rules& r, int64_t ppm) {
         r.scoring.price_weight = {small(std::clamp<int64_t>(kWhole - ppm, 1, kWhole - 1))};
         r.scoring.criteria[0].weight = {small(ppm)};
       },
       nullptr, "rules.scoring"},  // one more than the whole
  };
}

void ExpectRange(const Range& range) {
  const auto refusal = [&](int64_t value) {
    Rules rules = Usual(range.mode);
    range.set(rules, value);
    return Refusal(rules);
  };
  const auto out_of_range = [&](const char* field) {
    return std::string(field == nullptr ? range.field : field) + " OUT_OF_RANGE";
  };
  EXPECT_EQ(refusal(range.least - 1), out_of_range(range.field_below)) << "too little";
  EXPECT_EQ(refusal(range.least), "") << range.field << " at its least";
  EXPECT_EQ(refusal(range.most), "") << range.field << " at its most";
  EXPECT_EQ(refusal(range.most + 1), out_of_range(range.field_above)) << "too much";
}

TEST(Rules, EveryNumberHasItsRange) {
  for (const auto& ranges : {PriceRanges(), LengthRanges(), CountRanges()}) {
    for (const Range& range : ranges) ExpectRange(range);
  }
}

// A list is refused when it is longer than its most, a text too.
struct Size {
  const char* refusal;
  Mode mode;
  size_t most;
  std::function<void(Rules&, size_t)> set;
};

TEST(Rules, EveryListAndTextHasItsMost) {
  const std::vector<Size> sizes = {
      {"rules.increments TOO_MANY", Mode::kMulti, kMaxIncrements,
       [](Rules& r, size_t count) {
         for (int64_t i = 1; i < static_cast<int64_t>(count); ++i)
           r.increments.push_back({Yuan(1'000 + 10 * i), Yuan(10)});
       }},
      {"rules.warnings TOO_MANY", Mode::kMulti, kMaxWarnings,
       [](Rules& r, size_t count) { r.warnings.assign(count, Seconds(10)); }},
      {"rules.scoring.criteria TOO_MANY", Mode::kTender, kMaxCriteria,
       [](Rules& r, size_t count) {
         r.scoring.criteria.assign(count, {"c", {1'000}});
         r.scoring.price_weight = {static_cast<int32_t>(1'000'000 - 1'000 * count)};
       }},
      {"rules.scoring.criteria[0].name TOO_LONG", Mode::kTender, kMaxTitleChars,
       [](Rules& r, size_t chars) { r.scoring.criteria[0].name = std::string(chars, 'c'); }},
      {"rules.dutch.decrement_fen TOO_MANY", Mode::kDutch, kMaxDutchSteps,
       [](Rules& r, size_t steps) {
         SetStartPrice(r, static_cast<int64_t>(steps) + 1);
         r.dutch = {{1}, {}, Seconds(1), {1}};
       }},
      {"rules.dutch.decrement_fen TOO_MANY", Mode::kDutch, 60,  // days of one step each
       [](Rules& r, size_t steps) {
         SetStartPrice(r, static_cast<int64_t>(steps) + 1);
         r.dutch = {{1}, {}, Hours(24), {1}};
       }},
  };
  for (const Size& size : sizes) {
    Rules rules = Usual(size.mode);
    size.set(rules, size.most);
    EXPECT_EQ(Refusal(rules), "") << size.refusal << " at its most";
    rules = Usual(size.mode);
    size.set(rules, size.most + 1);
    EXPECT_EQ(Refusal(rules), size.refusal);
  }
}

// What a mode or another rule leaves no room for.
TEST(Rules, WhatDoesNotGoTogetherNamesTheField) {
  const Change ask = [](Rules& r) { r.priority.mode = PriorityMode::kAskAtEnd; };
  const Change match = [](Rules& r) { r.priority.mode = PriorityMode::kSamePrice; };
  const std::vector<std::tuple<const char*, Mode, Change>> cases = {
      {"rules.increments REQUIRED", Mode::kSealed, [](Rules& r) { r.increments.clear(); }},
      {"rules.increments[1].from_fen OUT_OF_RANGE", Mode::kMulti,
       [](Rules& r) {
         r.increments.push_back({Yuan(1'005), Yuan(10)});
       }},
      {"rules.cap_fen OUT_OF_RANGE", Mode::kSealed, [](Rules& r) { r.cap = Yuan(2'000); }},
      {"rules.cap_fen OUT_OF_RANGE", Mode::kMulti, [](Rules& r) { r.cap = Yuan(1'005); }},
      {"rules.cap_policy OUT_OF_RANGE", Mode::kEnglish,
       [](Rules& r) { r.cap_policy = CapPolicy::kLotteryAtCap; }},
      {"rules.proxy_bids OUT_OF_RANGE", Mode::kTender, [](Rules& r) { r.proxy_bids = true; }},
      {"rules.proxy_bids OUT_OF_RANGE", Mode::kMulti,
       [&](Rules& r) {
         match(r);
         r.proxy_bids = true;
       }},
      {"rules.single_bidder OUT_OF_RANGE", Mode::kDutch,
       [](Rules& r) { r.single_bidder = SingleBidder::kAgreementAtQuote; }},
      {"rules.tie_rule OUT_OF_RANGE", Mode::kWeighted, [](Rules& r) { r.tie_rule = TieRule::kRequote; }},
      {"rules.priority.mode OUT_OF_RANGE", Mode::kDutch, match},
      {"rules.priority.mode OUT_OF_RANGE", Mode::kTender, ask},
      {"rules.priority.mode OUT_OF_RANGE", Mode::kWeighted, ask},
      {"rules.priority.best_bidder_may_raise OUT_OF_RANGE", Mode::kSealed,
       [&](Rules& r) {
         ask(r);
         r.priority.best_bidder_may_raise = true;
       }},
      {"rules.priority.equal_rank OUT_OF_RANGE", Mode::kMulti,
       [&](Rules& r) {
         ask(r);
         r.priority.best_bidder_may_raise = true;
         r.priority.equal_rank = EqualRank::kProRata;
       }},
      {"rules.dutch.decrement_fen OUT_OF_RANGE", Mode::kDutch,
       [](Rules& r) { r.dutch.decrement_share = {1}; }},
      {"rules.scoring.criteria REQUIRED", Mode::kTender, [](Rules& r) { r.scoring.criteria.clear(); }},
      {"rules.scoring OUT_OF_RANGE", Mode::kWeighted, [](Rules& r) { r.scoring.price_weight = {600'001}; }},
  };
  for (const auto& [refusal, mode, change] : cases) {
    Rules rules = Usual(mode);
    EXPECT_EQ(Refusal(rules), "") << ModeName(mode);
    change(rules);
    EXPECT_EQ(Refusal(rules), refusal) << ModeName(mode);
  }
}

}  // namespace
}  // namespace ttx::auction
