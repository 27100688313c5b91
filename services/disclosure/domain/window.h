#pragma once

#include "libs/core/calendar.h"
#include "libs/core/time.h"

namespace ttx::disclosure {

/// A publicity window (公示期, domain.md 0.4, 8.2). Half-open: an instant equal to `end` is late.
struct Window {
  Date from = {};  // the day the count begins with
  bool counts_from =
      true;          // whether `from` is itself the first day (publication) or the day before it (resumption)
  int32_t days = 0;  // working days; 0: the end was given from outside and is not computed
  Time end = {};
  bool provisional = false;

  bool operator==(const Window&) const = default;
};

/// `days` working days; the day of publication, rolled forward to a working day, is day 1.
Window OpenWindow(const Calendar& calendar, Time publish_time, int days);
/// A window whose end another rule has fixed; provisional while no loaded table covers its last day.
Window FixedWindow(const Calendar& calendar, Time end);
/// Working days that have not wholly passed at `at`, the day of `at` included; at least 1.
int RemainingWorkdays(const Calendar& calendar, const Window& window, Time at);
/// `days` whole working days after the day of `at`: a window resumed late in a day still has the next one.
Window ResumeWindow(const Calendar& calendar, Time at, int days);
/// The window by the calendar as it is now. Its end never moves forward to an earlier instant.
Window Recompute(const Calendar& calendar, Window window);

}  // namespace ttx::disclosure
