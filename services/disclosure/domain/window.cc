#include "services/disclosure/domain/window.h"

#include <algorithm>

namespace ttx::disclosure {
namespace {

LegalDate LastDay(const Calendar& calendar, const Window& window) {
  return window.counts_from ? calendar.ListingEnd(window.from, window.days)
                            : calendar.DeadlineWorkdays(window.from, window.days);
}

}  // namespace

Window OpenWindow(const Calendar& calendar, Time publish_time, int days) {
  return Recompute(calendar, {.from = DateInShanghai(publish_time), .counts_from = true, .days = days});
}

Window FixedWindow(const Calendar& calendar, Time end) { return Recompute(calendar, {.end = end}); }

int RemainingWorkdays(const Calendar& calendar, const Window& window, Time at) {
  const Date last = DateInShanghai(window.end - Nanoseconds(1));
  Date date = DateInShanghai(at);
  if (window.days != 0) date = std::max(date, window.counts_from ? window.from : window.from + 1);
  int remaining = 0;
  for (; date <= last && remaining < kMaxPeriodDays; date = date + 1)
    remaining += calendar.IsWorkday(date) ? 1 : 0;
  return std::max(remaining, 1);
}

Window ResumeWindow(const Calendar& calendar, Time at, int days) {
  return Recompute(calendar, {.from = DateInShanghai(at), .counts_from = false, .days = days});
}

Window Recompute(const Calendar& calendar, Window window) {
  if (window.days == 0) {
    window.provisional = DateInShanghai(window.end - Nanoseconds(1)) > calendar.horizon();
    return window;
  }
  const LegalDate last = LastDay(calendar, window);
  window.end = std::max(window.end, last.end());
  window.provisional = last.provisional;
  return window;
}

}  // namespace ttx::disclosure
