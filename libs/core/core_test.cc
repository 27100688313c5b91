#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "libs/core/error.h"
#include "libs/core/etag.h"
#include "libs/core/id.h"
#include "libs/core/money.h"
#include "libs/core/time.h"

namespace ttx {
namespace {

TEST(Reasons, NamesAreUniqueAndTextsAreThereInBothLanguages) {
  std::set<std::string_view> names;
  for (const ReasonInfo& info : AllReasons()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_FALSE(info.zh.empty()) << info.name;
    EXPECT_FALSE(info.en.empty()) << info.name;
    EXPECT_EQ(FindReason(info.name), &info);
  }
  EXPECT_EQ(FindReason("NO_SUCH_REASON"), nullptr);
}

TEST(Reasons, TextsTakeTheirValuesFromTheMetadata) {
  const Error error(Reason::kNOT_FOUND, {{"resource", "listings/1"}});
  EXPECT_EQ(error.message(), "listings/1 does not exist");
  EXPECT_EQ(error.message(Language::kChinese), "listings/1 不存在");
  EXPECT_EQ(Error(Reason::kNOT_FOUND).message(), "? does not exist");
}

TEST(Reasons, WhatIsNotThereIsNamed) {
  EXPECT_EQ(NotFound("listings/1"), Error(Reason::kNOT_FOUND, {{"resource", "listings/1"}}));
}

TEST(Etag, IsTheVersionOrNotAskedFor) {
  EXPECT_TRUE(CheckEtag(7, "").ok());
  EXPECT_TRUE(CheckEtag(7, "7").ok());
  for (const char* other : {"6", "07", "7 ", "x"}) {
    EXPECT_EQ(CheckEtag(7, other).error(), Error(Reason::kETAG_MISMATCH, {{"etag", "7"}})) << other;
  }
}

TEST(Time, DatesRoundTripAndKnowTheirWeekday) {
  EXPECT_EQ(FormatDate(MakeDate(2026, 11, 22)), "2026-11-22");
  EXPECT_EQ(Weekday(MakeDate(2026, 11, 22)), 6);  // Sunday
  EXPECT_EQ(Weekday(MakeDate(1970, 1, 1)), 3);    // Thursday
  EXPECT_EQ(MakeDate(2000, 3, 1) - MakeDate(2000, 2, 28), 2);
  for (const char* bad :
       {"2026-02-29", "2026-13-01", "2026-1-01", "1969-12-31", "2262-01-01", "2026-11-2２", ""}) {
    EXPECT_FALSE(ParseDate(bad, "d").ok()) << bad;
  }
}

RC_GTEST_PROP(Time, EveryDayRoundTrips, ()) {
  const Date date{*rc::gen::inRange(0, 106000)};
  RC_ASSERT(ParseDate(FormatDate(date), "d").value() == date);
  RC_ASSERT(DateInShanghai(StartOfDay(date)) == date);
  RC_ASSERT(DateInShanghai(EndOfDay(date)) == date + 1);
  RC_ASSERT(DateInShanghai(EndOfDay(date) - Nanoseconds(1)) == date);
}

RC_GTEST_PROP(Time, EveryInstantRoundTrips, ()) {
  const Time time{*rc::gen::inRange<int64_t>(0, 9'000'000'000'000'000'000)};
  RC_ASSERT(ParseTime(FormatTime(time), "t").value() == time);
}

TEST(Time, OnlyUtcIsRead) {
  EXPECT_EQ(FormatTime(ParseTime("2026-11-22T01:02:03.5Z", "t").value()), "2026-11-22T01:02:03.5Z");
  for (const char* bad :
       {"2026-11-22T01:02:03+08:00", "2026-11-22T24:00:00Z", "2026-11-22T01:02:60Z", "2026-11-22 01:02:03Z",
        "2026-11-22T01:02:03.Z", "9999-01-01T00:00:00Z", "2026-11-22T01:02:03.1234567890Z"}) {
    EXPECT_FALSE(ParseTime(bad, "t").ok()) << bad;
  }
}

TEST(Money, RoundsHalfUpInWideArithmetic) {
  EXPECT_EQ(MulPpm({100'000'000}, {32'000}), Fen{3'200'000});
  EXPECT_EQ(MulPpm({5}, {100'000}), Fen{1});  // 0.5 -> 1
  EXPECT_EQ(MulPpm({4}, {100'000}), Fen{0});
  EXPECT_EQ(MulPpm({kMaxFen}, {1'000'000}), Fen{kMaxFen});
}

TEST(Money, OverflowStopsTheProcess) {
  EXPECT_DEATH((void)(Fen{INT64_MAX} + Fen{1}), "money overflow");
  EXPECT_DEATH((void)(Fen{INT64_MIN} - Fen{1}), "money overflow");
}

TEST(Money, CapitalNumerals) {
  EXPECT_EQ(FormatYuanCapital({106'000'000}), "人民币壹佰零陆万元整");
  EXPECT_EQ(FormatYuanCapital({0}), "人民币零元整");
  EXPECT_EQ(FormatYuanCapital({105'745'600}), "人民币壹佰零伍万柒仟肆佰伍拾陆元整");
  EXPECT_EQ(FormatYuanCapital({10'000'000'105}), "人民币壹亿零壹元零伍分");
  EXPECT_EQ(FormatYuanCapital({100'050}), "人民币壹仟元伍角整");
  EXPECT_EQ(FormatYuan({-5}), "-0.05");
  EXPECT_EQ(FormatYuan({106'000'000}), "1060000.00");
}

class FixedBytes : public IdSource {
 public:
  std::string RandomBytes(size_t count) override { return std::string(count, '\xff'); }
};

TEST(Id, UlidsAreLowerCaseAndSortByTime) {
  FixedBytes source;
  const std::string early = source.Next(Time{1'000'000'000'000'000'000});
  const std::string late = source.Next(Time{1'000'000'001'000'000'000});
  EXPECT_EQ(early.size(), 26u);
  EXPECT_TRUE(IsUlid(early));
  EXPECT_LT(early, late);
  EXPECT_FALSE(IsUlid(early.substr(1)));
  EXPECT_FALSE(IsUlid("8zzzzzzzzzzzzzzzzzzzzzzzzz"));
}

TEST(Id, NamesAreChecked) {
  EXPECT_EQ(ParseName("listings/01abc", "listings", "name").value(), "01abc");
  for (const char* bad :
       {"", "listings/", "listing/01abc", "listings/01ABC", "listings/a/b", "listings/a b", "listings"}) {
    EXPECT_FALSE(ParseName(bad, "listings", "name").ok()) << bad;
  }
  EXPECT_FALSE(ParseName("listings/" + std::string(65, 'a'), "listings", "name").ok());
}

}  // namespace
}  // namespace ttx
