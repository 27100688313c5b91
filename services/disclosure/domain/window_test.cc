#include "services/disclosure/domain/window.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "services/disclosure/domain/testing.h"

namespace ttx::disclosure {
namespace {

using testing::At;
using testing::CalendarOf;
using testing::Day;
using testing::Published;

std::string LastDay(const Window& window) { return FormatDate(DateInShanghai(window.end - Nanoseconds(1))); }

// domain.md 0.4: the day of publication is day 1.
TEST(Window, CountsWorkingDaysFromThePublication) {
  EXPECT_EQ(OpenWindow(Published(), At("2026-09-28", 16), 5).end, EndOfDay(Day("2026-10-09")));
  EXPECT_EQ(LastDay(OpenWindow(Published(), At("2026-09-28", 0), 5)), "2026-10-09");
  EXPECT_EQ(LastDay(OpenWindow(Published(), At("2026-09-17", 23), 10)), "2026-09-30");
  EXPECT_EQ(LastDay(OpenWindow(Published(), At("2026-11-23", 9), 5)), "2026-11-27");
  // Published on a holiday: day 1 is the first working day after it, here the Saturday that is worked.
  EXPECT_EQ(LastDay(OpenWindow(Published(), At("2026-10-03", 9), 1)), "2026-10-08");
  EXPECT_EQ(LastDay(OpenWindow(Published(), At("2026-02-16", 9), 5)), "2026-02-28");
}

TEST(Window, BeyondTheTableItIsProvisionalAndMovesOnlyToLaterDays) {
  const Window guess = OpenWindow(Published(), At("2026-12-30", 9), 5);
  EXPECT_TRUE(guess.provisional);
  EXPECT_EQ(LastDay(guess), "2027-01-05");
  const Window known = Recompute(CalendarOf({2025, 2026, 2027}), guess);
  EXPECT_FALSE(known.provisional);
  EXPECT_EQ(LastDay(known), "2027-01-06");  // 2027-01-01 is a holiday in the new table
  Window later = guess;
  later.end = EndOfDay(Day("2027-01-20"));
  EXPECT_EQ(LastDay(Recompute(CalendarOf({2025, 2026, 2027}), later)), "2027-01-20");
}

TEST(Window, RemainingDaysIncludeTheCurrentOne) {
  const Window window =
      OpenWindow(Published(), At("2026-09-28", 10), 5);  // 28, 29, 30 September, 8 and 9 October
  EXPECT_EQ(RemainingWorkdays(Published(), window, At("2026-09-28", 11)), 5);
  EXPECT_EQ(RemainingWorkdays(Published(), window, At("2026-09-30", 23)), 3);
  EXPECT_EQ(RemainingWorkdays(Published(), window, At("2026-10-05", 12)), 2);
  EXPECT_EQ(RemainingWorkdays(Published(), window, At("2026-10-09", 23)), 1);
  EXPECT_EQ(RemainingWorkdays(Published(), window, At("2026-10-20", 9)), 1);  // at least one (domain.md 8.2)
}

TEST(Window, AResumedWindowRunsWholeDaysAfterTheDayOfTheDecision) {
  EXPECT_EQ(LastDay(ResumeWindow(Published(), At("2026-09-30", 23), 1)), "2026-10-08");
  EXPECT_EQ(LastDay(ResumeWindow(Published(), At("2026-10-08", 9), 3)), "2026-10-12");  // 10-10 is worked
}

TEST(Window, AFixedEndIsKept) {
  const Window window = FixedWindow(Published(), At("2026-11-27", 17));
  EXPECT_EQ(Recompute(Published(), window), window);
  EXPECT_FALSE(window.provisional);
  EXPECT_TRUE(FixedWindow(Published(), At("2027-01-04", 17)).provisional);
  EXPECT_FALSE(
      Recompute(CalendarOf({2025, 2026, 2027}), FixedWindow(Published(), At("2027-01-04", 17))).provisional);
  EXPECT_EQ(RemainingWorkdays(Published(), window, At("2026-11-26", 9)), 2);
}

// D4: an objection never shortens a window, however long it took and whenever it came.
RC_GTEST_PROP(Window, NoSuspensionShortensAWindow, ()) {
  const Date start = Day("2026-01-01") + *rc::gen::inRange(0, 250);
  const int days = *rc::gen::inRange(1, 30);
  const Window window =
      OpenWindow(Published(), StartOfDay(start) + Minutes(*rc::gen::inRange(0, 1440)), days);
  const Time suspended = StartOfDay(start) + Minutes(*rc::gen::inRange(0, 1440 * 60));
  const Time resumed = suspended + Minutes(*rc::gen::inRange(1, 1440 * 40));
  const int remaining = RemainingWorkdays(Published(), window, suspended);
  RC_ASSERT(remaining >= 1 && remaining <= days);
  const Window after = ResumeWindow(Published(), resumed, remaining);
  RC_ASSERT(after.end >= window.end || suspended >= window.end);
  // After the resumption `remaining` whole working days lie in the window.
  int whole = 0;
  for (Date date = DateInShanghai(resumed) + 1; EndOfDay(date) <= after.end; date = date + 1) {
    whole += Published().IsWorkday(date) ? 1 : 0;
  }
  RC_ASSERT(whole == remaining);
}

}  // namespace
}  // namespace ttx::disclosure
