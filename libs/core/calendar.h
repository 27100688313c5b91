#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libs/core/result.h"
#include "libs/core/time.h"

namespace ttx {

/// The longest period, in days of either kind, a rule may ask for.
inline constexpr int kMaxPeriodDays = 3660;

/// The last day of a legal period (domain.md 0.4).
struct LegalDate {
  Date date;
  /// The period touches days no loaded holiday table covers: the date may still change, so nothing may be
  /// closed on it (PROVISIONAL_DATE); recompute when the table arrives.
  bool provisional = false;

  /// 24:00 Shanghai time of the day. The period is half-open: an instant equal to it is late.
  Time end() const { return EndOfDay(date); }
  bool operator==(const LegalDate&) const = default;
};

/// The instant `hour`:`minute` Shanghai time (0:00..24:00) of a day, for periods whose notice states a
/// closing hour.
Time AtHour(Date date, int hour, int minute);

/// The working days of the years whose tables were loaded. Immutable; safe from any thread.
class Calendar {
 public:
  /// Reads one table text per year (deploy/calendar/YYYY.txt; the format is described there). The years must
  /// follow one another without a gap, in any order. Refusals are BAD_CALENDAR with `year`, `line` (from 1)
  /// and `detail`.
  static Result<Calendar> Parse(std::span<const std::string> tables);

  /// What the tables say; Monday to Friday where they say nothing.
  bool IsWorkday(Date date) const;
  /// Publication periods (挂牌/披露/公告期): `start` rolled forward to a working day is day 1; the `days`-th
  /// working day.
  LegalDate ListingEnd(Date start, int days) const;
  /// "Within n working days of X": the day of X is not counted (Civil Code 201).
  LegalDate DeadlineWorkdays(Date event, int days) const;
  /// "Within n days of X": n natural days, rolled forward to a working day (Civil Code 201, 203).
  LegalDate DeadlineNatural(Date event, int days) const;

  /// First day of the first loaded year.
  Date first() const { return first_; }
  /// Last day of the last loaded year.
  Date horizon() const { return first_ + (static_cast<int32_t>(working_.size()) - 1); }

 private:
  Calendar(Date first, std::vector<bool> working) : first_(first), working_(std::move(working)) {}

  Date NextWorkday(Date date) const;  // `date` itself when it is one
  LegalDate Judge(Date first_consulted, Date last) const;

  Date first_;
  std::vector<bool> working_;  // one per day from first_
};

}  // namespace ttx
