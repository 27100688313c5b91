#include "libs/core/time.h"

#include <cstdio>

namespace ttx {
namespace {

constexpr int64_t kDayNs = 86'400'000'000'000;
constexpr Duration kShanghaiOffset = Hours(8);
constexpr int kLastYear = 2261;

struct CivilDay {
  int year;
  int month;
  int day;
};

// Days-from-civil and its inverse over 400-year eras that begin on 1 March.
int32_t DaysFromCivil(CivilDay c) {
  const int y = c.year - (c.month <= 2 ? 1 : 0);
  const int era = (y >= 0 ? y : y - 399) / 400;
  const int year_of_era = y - era * 400;
  const int day_of_year = (153 * (c.month + (c.month > 2 ? -3 : 9)) + 2) / 5 + c.day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

CivilDay CivilFromDays(int32_t days) {
  const int z = days + 719468;
  const int era = (z >= 0 ? z : z - 146096) / 146097;
  const int day_of_era = z - era * 146097;
  const int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int shifted_month = (5 * day_of_year + 2) / 153;
  const int month = shifted_month + (shifted_month < 10 ? 3 : -9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day_of_year - (153 * shifted_month + 2) / 5 + 1};
}

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0); }

// Reads exactly `digits` decimal digits at `at`; -1 when there are none such.
int ReadDigits(std::string_view text, size_t at, int digits) {
  if (at + static_cast<size_t>(digits) > text.size()) return -1;
  int value = 0;
  for (int i = 0; i < digits; ++i) {
    const char c = text[at + static_cast<size_t>(i)];
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<Date> ReadDate(std::string_view text) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const CivilDay c{ReadDigits(text, 0, 4), ReadDigits(text, 5, 2), ReadDigits(text, 8, 2)};
  if (c.year < 1970 || c.year > kLastYear || c.month < 1 || c.month > 12 || c.day < 1 || c.day > 31) {
    return std::nullopt;
  }
  const Date date{DaysFromCivil(c)};
  if (CivilFromDays(date.days).day != c.day) return std::nullopt;
  return date;
}

}  // namespace

Date MakeDate(int year, int month, int day) { return {DaysFromCivil({year, month, day})}; }

int Weekday(Date date) { return static_cast<int>(((date.days + 3) % 7 + 7) % 7); }

int YearOf(Date date) { return CivilFromDays(date.days).year; }

std::string FormatDate(Date date) {
  const CivilDay c = CivilFromDays(date.days);
  char text[16];
  std::snprintf(text, sizeof text, "%04d-%02d-%02d", c.year, c.month, c.day);
  return text;
}

Result<Date> ParseDate(std::string_view text, std::string_view field) {
  const std::optional<Date> date = text.size() == 10 ? ReadDate(text) : std::nullopt;
  if (!date) return InvalidField(std::string(field), Reason::kBAD_FORMAT, "YYYY-MM-DD");
  return *date;
}

Date DateInShanghai(Time time) { return {static_cast<int32_t>(FloorDiv((time + kShanghaiOffset).ns, kDayNs))}; }

Time StartOfDay(Date date) { return Time{date.days * kDayNs} - kShanghaiOffset; }

Time EndOfDay(Date date) { return StartOfDay(date + 1); }

std::string FormatTime(Time time) {
  const int64_t days = FloorDiv(time.ns, kDayNs);
  const int64_t rest = time.ns - days * kDayNs;
  const int64_t second = rest / 1'000'000'000;
  const CivilDay c = CivilFromDays(static_cast<int32_t>(days));
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day,
                static_cast<int>(second / 3600), static_cast<int>(second / 60 % 60), static_cast<int>(second % 60));
  std::string out = text;
  if (const int64_t fraction = rest % 1'000'000'000; fraction != 0) {
    std::snprintf(text, sizeof text, ".%09lld", static_cast<long long>(fraction));
    out += text;
    out.erase(out.find_last_not_of('0') + 1);
  }
  return out + "Z";
}

Result<Time> ParseTime(std::string_view text, std::string_view field) {
  const Error bad = InvalidField(std::string(field), Reason::kBAD_FORMAT, "YYYY-MM-DDThh:mm:ss[.fraction]Z");
  const std::optional<Date> date = ReadDate(text);
  if (!date || text.size() < 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text.back() != 'Z') {
    return bad;
  }
  const int hour = ReadDigits(text, 11, 2);
  const int minute = ReadDigits(text, 14, 2);
  const int second = ReadDigits(text, 17, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return bad;
  int64_t fraction = 0;
  if (text.size() > 20) {
    const size_t digits = text.size() - 21;
    if (text[19] != '.' || digits < 1 || digits > 9) return bad;
    fraction = ReadDigits(text, 20, static_cast<int>(digits));
    if (fraction < 0) return bad;
    for (size_t i = digits; i < 9; ++i) fraction *= 10;
  }
  return Time{date->days * kDayNs + ((hour * 60LL + minute) * 60 + second) * 1'000'000'000 + fraction};
}

}  // namespace ttx
