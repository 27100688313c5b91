#include "services/settlement/domain/fees.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ttx::settlement {
namespace {

FeeRule Rule(std::string id, std::vector<FeeBand> bands) {
  FeeRule rule;
  rule.id = std::move(id);
  rule.bands = std::move(bands);
  return rule;
}

FeeTable Table(std::vector<FeeRule> rules) {
  return {"t", "", "somewhere", MakeDate(2026, 1, 1), std::move(rules)};
}

std::string FaultOf(const FeeTable& table) {
  const Status status = CheckFeeTable(table);
  if (status.ok()) return "";
  EXPECT_EQ(status.error().reason, Reason::kBAD_FEE_TABLE);
  return status.error().metadata.at("detail");
}

TEST(Fees, BandsAreProgressiveAndRoundedEach) {
  const FeeRule rule = Rule("r", {{Fen{100}, {5'000}}, {Fen{300}, {5'000}}, {std::nullopt, {5'000}}});
  // 100 x 0.5% = 0.5 -> 1; 200 x 0.5% = 1; 100 x 0.5% = 0.5 -> 1.
  EXPECT_EQ(FeeOf(rule, {{400}, {}, true}), Fen{3});
  EXPECT_EQ(FeeOf(rule, {{100}, {}, true}), Fen{1});
  EXPECT_EQ(FeeOf(rule, {{99}, {}, true}), Fen{0});
}

TEST(Fees, ClampedBetweenMinimumAndMaximum) {
  FeeRule rule = Rule("r", {{std::nullopt, {10'000}}});
  rule.min = {50};
  rule.max = Fen{80};
  EXPECT_EQ(FeeOf(rule, {{100}, {}, true}), Fen{50});
  EXPECT_EQ(FeeOf(rule, {{7'000}, {}, true}), Fen{70});
  EXPECT_EQ(FeeOf(rule, {{1'000'000}, {}, true}), Fen{80});
}

TEST(Fees, ConditionsAndRanges) {
  FeeRule rule = Rule("r", {{std::nullopt, {10'000}}});
  rule.condition = FeeCondition::kBid;
  EXPECT_TRUE(FeeOf(rule, {{100}, {}, true}));
  EXPECT_FALSE(FeeOf(rule, {{100}, {}, false}));
  rule.condition = FeeCondition::kAgreement;
  EXPECT_FALSE(FeeOf(rule, {{100}, {}, true}));
  rule.condition = FeeCondition::kAny;
  rule.listed_above = {1'000};
  rule.listed_up_to = Fen{2'000};
  EXPECT_FALSE(FeeOf(rule, {{100}, {1'000}, true}));
  EXPECT_TRUE(FeeOf(rule, {{100}, {1'001}, true}));
  EXPECT_TRUE(FeeOf(rule, {{100}, {2'000}, true}));
  EXPECT_FALSE(FeeOf(rule, {{100}, {2'001}, true}));
}

TEST(Fees, APremiumOfNothingCostsNothing) {
  FeeRule rule = Rule("r", {{std::nullopt, {100'000}}});
  rule.base = FeeBase::kPremium;
  rule.min = {10};
  EXPECT_EQ(FeeOf(rule, {{900}, {1'000}, true}), Fen{0});
  EXPECT_EQ(FeeOf(rule, {{1'000}, {1'000}, true}), Fen{0});
  EXPECT_EQ(FeeOf(rule, {{1'001}, {1'000}, true}), Fen{10});
}

TEST(Fees, BadTablesAreNamed) {
  const FeeRule good = Rule("r", {{Fen{100}, {1}}, {std::nullopt, {1}}});
  EXPECT_EQ(FaultOf(Table({good})), "");
  EXPECT_EQ(FaultOf(Table({})), "rules: 1..64 are needed");
  EXPECT_EQ(FaultOf(Table({good, good})), "rule ids must differ: r");
  EXPECT_EQ(FaultOf(Table({Rule("r", {})})), "r: bands: 1..32 are needed");
  EXPECT_EQ(FaultOf(Table({Rule("r", {{Fen{100}, {1}}})})),
            "r: the last band, and only it, has no upper end");
  EXPECT_EQ(FaultOf(Table({Rule("r", {{std::nullopt, {1}}, {std::nullopt, {1}}})})),
            "r: the last band, and only it, has no upper end");
  EXPECT_EQ(FaultOf(Table({Rule("r", {{Fen{5}, {1}}, {Fen{5}, {1}}, {std::nullopt, {1}}})})),
            "r: bands must rise");
  EXPECT_EQ(FaultOf(Table({Rule("r", {{std::nullopt, {1'000'001}}})})),
            "r: rates lie between 0 and 1000000 ppm");
  EXPECT_EQ(FaultOf(Table({Rule("r", {{std::nullopt, {-1}}})})), "r: rates lie between 0 and 1000000 ppm");
  FeeRule clamp = good;
  clamp.min = {10};
  clamp.max = Fen{9};
  EXPECT_EQ(FaultOf(Table({clamp})), "r: max_fen lies below min_fen");
  FeeTable nameless = Table({good});
  nameless.source.clear();
  EXPECT_EQ(FaultOf(nameless), "it names no source");
}

TEST(Fees, TheNewestTableInForceIsTaken) {
  FeeTable old = Table({Rule("a", {{std::nullopt, {1}}})});
  FeeTable next = old;
  next.effective_from = MakeDate(2026, 6, 1);
  const std::vector<FeeTable> tables = {next, old};
  EXPECT_EQ(TableInForce(tables, "t", MakeDate(2025, 12, 31)), nullptr);
  EXPECT_EQ(TableInForce(tables, "t", MakeDate(2026, 5, 31)), &tables[1]);
  EXPECT_EQ(TableInForce(tables, "t", MakeDate(2026, 6, 1)), &tables[0]);
  EXPECT_EQ(TableInForce(tables, "u", MakeDate(2026, 6, 1)), nullptr);
}

RC_GTEST_PROP(FeesProperty, GrowsWithTheBaseAndNeverPassesTheHighestRate, ()) {
  std::vector<FeeBand> bands;
  int64_t upper = 0;
  int32_t highest = 0;
  for (int n = *rc::gen::inRange(0, 5); n > 0; --n) {
    upper += *rc::gen::inRange<int64_t>(1, 1'000'000'000);
    bands.push_back({Fen{upper}, {*rc::gen::inRange(0, 100'000)}});
    highest = std::max(highest, bands.back().rate.value);
  }
  bands.push_back({std::nullopt, {*rc::gen::inRange(0, 100'000)}});
  highest = std::max(highest, bands.back().rate.value);
  const FeeRule rule = Rule("r", bands);
  const Fen base{*rc::gen::inRange<int64_t>(1, 4'000'000'000)};
  const Fen more{base.value + *rc::gen::inRange<int64_t>(0, 1'000'000'000)};
  const Fen fee = *FeeOf(rule, {base, {}, true});
  RC_ASSERT(fee <= *FeeOf(rule, {more, {}, true}));
  RC_ASSERT(fee.value <= MulPpm(base, {highest}).value + static_cast<int64_t>(bands.size()));
}

}  // namespace
}  // namespace ttx::settlement
