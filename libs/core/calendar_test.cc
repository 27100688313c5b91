#include "libs/core/calendar.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <sstream>

namespace ttx {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

const Calendar& Published() {
  static const Calendar calendar = [] {
    const std::vector<std::string> tables = {ReadFile("deploy/calendar/2025.txt"),
                                             ReadFile("deploy/calendar/2026.txt")};
    return Calendar::Parse(tables).value();
  }();
  return calendar;
}

Date Day(std::string_view text) { return ParseDate(text, "day").value(); }

struct Vector {
  LegalDate (Calendar::*rule)(Date, int) const;
  std::string_view start;
  int days;
  std::string_view last;
};

// domain.md 0.4.
TEST(Calendar, TheTenDatedVectorsOfTheDomain) {
  const Vector vectors[] = {
      {&Calendar::ListingEnd, "2026-09-17", 20, "2026-10-20"},
      {&Calendar::ListingEnd, "2026-09-17", 10, "2026-09-30"},
      {&Calendar::ListingEnd, "2026-09-28", 5, "2026-10-09"},
      {&Calendar::ListingEnd, "2026-02-09", 20, "2026-03-12"},
      {&Calendar::ListingEnd, "2026-11-23", 20, "2026-12-18"},
      {&Calendar::DeadlineWorkdays, "2026-09-29", 5, "2026-10-12"},
      {&Calendar::DeadlineWorkdays, "2026-10-08", 3, "2026-10-12"},
      {&Calendar::DeadlineWorkdays, "2026-02-12", 5, "2026-02-26"},
      {&Calendar::DeadlineNatural, "2026-09-17", 15, "2026-10-08"},
      {&Calendar::DeadlineNatural, "2026-09-04", 30, "2026-10-08"},
  };
  for (const Vector& v : vectors) {
    const LegalDate got = (Published().*v.rule)(Day(v.start), v.days);
    EXPECT_EQ(FormatDate(got.date), v.last) << v.start << " + " << v.days;
    EXPECT_FALSE(got.provisional) << v.start << " + " << v.days;
  }
}

TEST(Calendar, ADatePastTheLastTableIsProvisional) {
  const LegalDate past = Published().DeadlineWorkdays(Day("2026-11-23"), 30);
  EXPECT_TRUE(past.provisional);
  EXPECT_EQ(YearOf(past.date), 2027);
  EXPECT_EQ(FormatDate(Published().horizon()), "2026-12-31");
  EXPECT_FALSE(Published().ListingEnd(Day("2026-12-31"), 1).provisional);
  EXPECT_TRUE(Published().ListingEnd(Day("2026-12-31"), 2).provisional);
  EXPECT_TRUE(Published().ListingEnd(Day("2024-12-31"), 1).provisional) << "before the first table";
  EXPECT_TRUE(Published().DeadlineNatural(Day("2026-12-31"), 1).provisional);
}

TEST(Calendar, ADayEndsAtMidnightOrAtTheHourOfTheNotice) {
  const LegalDate last = Published().ListingEnd(Day("2026-09-28"), 5);
  EXPECT_EQ(FormatTime(last.end()), "2026-10-09T16:00:00Z");
  EXPECT_EQ(FormatTime(AtHour(last.date, 17, 0)), "2026-10-09T09:00:00Z");
  EXPECT_EQ(AtHour(last.date, 24, 0), last.end());
  EXPECT_DEATH(AtHour(last.date, 24, 1), "no such hour");
  EXPECT_DEATH(AtHour(last.date, 1, 60), "no such hour");
}

TEST(Calendar, APeriodHasBounds) {
  for (const int days : {-1, 0, kMaxPeriodDays + 1}) {
    EXPECT_DEATH(Published().ListingEnd(Day("2026-01-05"), days), "1..3660");
    EXPECT_DEATH(Published().DeadlineWorkdays(Day("2026-01-05"), days), "1..3660");
    EXPECT_DEATH(Published().DeadlineNatural(Day("2026-01-05"), days), "1..3660");
  }
  EXPECT_TRUE(Published().ListingEnd(Day("2026-01-05"), kMaxPeriodDays).provisional);
}

TEST(Calendar, WeekendsAreWorkedAndWeekdaysAreOffAsTheTablesSay) {
  EXPECT_TRUE(Published().IsWorkday(Day("2026-09-20")));   // Sunday, worked
  EXPECT_FALSE(Published().IsWorkday(Day("2026-10-01")));  // Thursday, off
  EXPECT_FALSE(Published().IsWorkday(Day("2026-11-22")));  // plain Sunday
  EXPECT_TRUE(Published().IsWorkday(Day("2026-11-23")));   // plain Monday
  EXPECT_TRUE(Published().IsWorkday(Day("2025-10-11")));
  EXPECT_FALSE(Published().IsWorkday(Day("2025-10-08")));
}

std::map<std::string, std::string> Refusal(const std::vector<std::string>& tables) {
  const Result<Calendar> result = Calendar::Parse(tables);
  EXPECT_FALSE(result.ok());
  if (result.ok()) return {};
  EXPECT_EQ(result.error().reason, Reason::kBAD_CALENDAR);
  return result.error().metadata;
}

TEST(Calendar, ABadTableIsRefusedByLine) {
  EXPECT_EQ(Refusal({"# c\n\nyear 2026\nrest 2026-01-01\n"})["line"], "4");
  EXPECT_EQ(Refusal({"year 2026\noff 2026-02-30\n"})["line"], "2");
  EXPECT_EQ(Refusal({"year 2026\noff 2026-01-03..2026-01-01"})["line"], "2");
  EXPECT_EQ(Refusal({"year 2026\noff 2026-01-01\noff 2026-01-01"})["line"], "3");
  EXPECT_EQ(Refusal({"year 2026\noff 2025-11-30"})["detail"], "the day belongs to another year");
  EXPECT_EQ(Refusal({"year 2026\nwork 2026-01-05"})["detail"], "2026-01-05 is not a Saturday or Sunday");
  EXPECT_EQ(Refusal({"off 2026-01-01"})["line"], "1");
  EXPECT_EQ(Refusal({"year 26"})["line"], "1");
  EXPECT_EQ(Refusal({""})["detail"], "expected \"year YYYY\"");
  EXPECT_EQ(Refusal({"year 2026", "year 2026"})["detail"], "the year is loaded twice");
  EXPECT_EQ(Refusal({"year 2024", "year 2026"})["detail"],
            "a year between the first and the last is missing");
  EXPECT_EQ(Refusal({})["detail"], "no table was given");
}

TEST(Calendar, ALaterNoticeMayMoveDaysOfTheDecemberBefore) {
  const std::vector<std::string> tables = {"year 2027\r\nwork 2026-12-27 \r\n", "year 2026"};
  const Calendar calendar = Calendar::Parse(tables).value();
  EXPECT_TRUE(calendar.IsWorkday(Day("2026-12-27")));
  EXPECT_EQ(FormatDate(calendar.horizon()), "2027-12-31");
}

Date AnyDay() { return MakeDate(2025, 1, 1) + *rc::gen::inRange(0, 730); }

RC_GTEST_PROP(Calendar, PeriodsGrowWithTheirLengthAndEndOnWorkingDays, ()) {
  const Date start = AnyDay();
  const int days = *rc::gen::inRange(1, 200);
  for (const auto rule : {&Calendar::ListingEnd, &Calendar::DeadlineWorkdays, &Calendar::DeadlineNatural}) {
    const LegalDate shorter = (Published().*rule)(start, days);
    const LegalDate longer = (Published().*rule)(start, days + 1);
    RC_ASSERT(shorter.date <= longer.date);
    RC_ASSERT(shorter.provisional <= longer.provisional);
    RC_ASSERT(Published().IsWorkday(shorter.date));
    RC_ASSERT(shorter.provisional == (shorter.date > Published().horizon()));
  }
}

RC_GTEST_PROP(Calendar, TheFirstDayCountsInAListingAndNotInADeadline, ()) {
  const Date start = AnyDay();
  const int days = *rc::gen::inRange(1, 100);
  const LegalDate listing = Published().ListingEnd(start, days);
  const LegalDate deadline = Published().DeadlineWorkdays(start, days);
  int worked = 0;
  for (Date date = start; date <= listing.date; date = date + 1)
    worked += Published().IsWorkday(date) ? 1 : 0;
  RC_ASSERT(worked == days);
  if (Published().IsWorkday(start)) {
    RC_ASSERT(deadline == Published().ListingEnd(start, days + 1));
  } else {
    RC_ASSERT(deadline.date == listing.date);
  }
}

}  // namespace
}  // namespace ttx
