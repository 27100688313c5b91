#include "libs/core/calendar.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace ttx {
namespace {

constexpr std::string_view kBlank = " \t\r";

struct YearTable {
  int year = 0;
  std::map<Date, bool> days;  // true: worked
};

Error BadLine(int year, int line, std::string detail) {
  return Error(Reason::kBAD_CALENDAR, {{"year", year == 0 ? "?" : std::to_string(year)},
                                       {"line", std::to_string(line)},
                                       {"detail", std::move(detail)}});
}

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

bool IsWeekend(Date date) { return Weekday(date) >= 5; }

// "YYYY" -> the year, 1970..2260, or nothing.
std::optional<int> ReadYear(std::string_view text) {
  const Result<Date> day = ParseDate(std::string(text) + "-12-31", "year");
  if (text.size() != 4 || !day.ok() || YearOf(*day) >= 2261) return std::nullopt;
  return YearOf(*day);
}

// One "off" or "work" line into `table`; the text of what is wrong otherwise.
std::optional<std::string> ReadDays(std::string_view range, bool worked, YearTable& table) {
  const size_t dots = range.find("..");
  const Result<Date> begin = ParseDate(range.substr(0, dots), "date");
  const Result<Date> end = dots == range.npos ? begin : ParseDate(range.substr(dots + 2), "date");
  if (!begin.ok() || !end.ok()) return "not a date or range of dates";
  if (*end < *begin) return "the range ends before it begins";
  if (*begin < MakeDate(table.year - 1, 12, 1) || *end > MakeDate(table.year, 12, 31)) {
    return "the day belongs to another year";
  }
  for (Date date = *begin; date <= *end; date = date + 1) {
    if (worked && !IsWeekend(date)) return FormatDate(date) + " is not a Saturday or Sunday";
    if (!table.days.emplace(date, worked).second) return FormatDate(date) + " is named twice";
  }
  return std::nullopt;
}

Result<YearTable> ReadTable(std::string_view text) {
  YearTable table;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const size_t newline = text.find('\n');
    const std::string_view line = Trim(text.substr(0, newline));
    text.remove_prefix(newline == text.npos ? text.size() : newline + 1);
    if (line.empty() || line.front() == '#') continue;
    const size_t blank = std::min(line.find_first_of(kBlank), line.size());
    const std::string_view word = line.substr(0, blank);
    const std::string_view rest = Trim(line.substr(blank));
    if (table.year == 0) {
      const std::optional<int> year = word == "year" ? ReadYear(rest) : std::nullopt;
      if (!year) return BadLine(0, number, "expected \"year YYYY\"");
      table.year = *year;
      continue;
    }
    if (word != "off" && word != "work") return BadLine(table.year, number, "expected \"off\" or \"work\"");
    if (std::optional<std::string> wrong = ReadDays(rest, word == "work", table)) {
      return BadLine(table.year, number, *std::move(wrong));
    }
  }
  if (table.year == 0) return BadLine(0, number, "expected \"year YYYY\"");
  return table;
}

}  // namespace

Time AtHour(Date date, int hour, int minute) {
  TTX_CHECK(hour >= 0 && minute >= 0 && minute < 60 && hour * 60 + minute <= 24 * 60,
            "no such hour of a day");
  return StartOfDay(date) + Hours(hour) + Minutes(minute);
}

Result<Calendar> Calendar::Parse(std::span<const std::string> tables) {
  if (tables.empty()) return BadLine(0, 0, "no table was given");
  std::map<int, YearTable> years;
  for (const std::string& text : tables) {
    TTX_TRY(YearTable table, ReadTable(text));
    const int year = table.year;
    if (!years.emplace(year, std::move(table)).second) return BadLine(year, 0, "the year is loaded twice");
  }
  const Date first = MakeDate(years.begin()->first, 1, 1);
  const Date last = MakeDate(years.rbegin()->first, 12, 31);
  if (years.rbegin()->first - years.begin()->first + 1 != static_cast<int>(years.size())) {
    return BadLine(years.rbegin()->first, 0, "a year between the first and the last is missing");
  }
  std::vector<bool> working(static_cast<size_t>(last - first + 1));
  for (Date date = first; date <= last; date = date + 1)
    working[static_cast<size_t>(date - first)] = !IsWeekend(date);
  for (const auto& [year, table] : years) {  // in order: a later notice may move days of the December before
    for (const auto& [date, worked] : table.days) {
      if (date >= first) working[static_cast<size_t>(date - first)] = worked;
    }
  }
  return Calendar(first, std::move(working));
}

bool Calendar::IsWorkday(Date date) const {
  if (date < first_ || date > horizon()) return !IsWeekend(date);
  return working_[static_cast<size_t>(date - first_)];
}

Date Calendar::NextWorkday(Date date) const {
  while (!IsWorkday(date)) date = date + 1;
  return date;
}

LegalDate Calendar::Judge(Date first_consulted, Date last) const {
  return {last, first_consulted < first_ || last > horizon()};
}

LegalDate Calendar::ListingEnd(Date start, int days) const {
  TTX_CHECK(days >= 1 && days <= kMaxPeriodDays, "a legal period has 1..3660 days");
  Date date = NextWorkday(start);
  for (int counted = 1; counted < days; ++counted) date = NextWorkday(date + 1);
  return Judge(start, date);
}

LegalDate Calendar::DeadlineWorkdays(Date event, int days) const { return ListingEnd(event + 1, days); }

LegalDate Calendar::DeadlineNatural(Date event, int days) const {
  TTX_CHECK(days >= 1 && days <= kMaxPeriodDays, "a legal period has 1..3660 days");
  return Judge(event + days, NextWorkday(event + days));
}

}  // namespace ttx
