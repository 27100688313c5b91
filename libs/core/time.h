#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "libs/core/result.h"

namespace ttx {

/// A length of time in nanoseconds; may be negative.
struct Duration {
  int64_t ns = 0;
  auto operator<=>(const Duration&) const = default;
};

constexpr Duration Nanoseconds(int64_t n) { return {n}; }
constexpr Duration Milliseconds(int64_t n) { return {n * 1'000'000}; }
constexpr Duration Seconds(int64_t n) { return {n * 1'000'000'000}; }
constexpr Duration Minutes(int64_t n) { return Seconds(n * 60); }
constexpr Duration Hours(int64_t n) { return Seconds(n * 3600); }
constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }

/// An instant, nanoseconds since 1970-01-01T00:00:00Z, 0 meaning "none". Runs to the year 2262.
struct Time {
  int64_t ns = 0;
  auto operator<=>(const Time&) const = default;
  explicit constexpr operator bool() const { return ns != 0; }
};

constexpr Time operator+(Time t, Duration d) { return {t.ns + d.ns}; }
constexpr Time operator-(Time t, Duration d) { return {t.ns - d.ns}; }
constexpr Duration operator-(Time a, Time b) { return {a.ns - b.ns}; }

/// A calendar day in Asia/Shanghai (UTC+8, no daylight saving), days since 1970-01-01 (domain.md 0.3).
struct Date {
  int32_t days = 0;
  auto operator<=>(const Date&) const = default;
};

constexpr Date operator+(Date d, int32_t n) { return {d.days + n}; }
constexpr int32_t operator-(Date a, Date b) { return a.days - b.days; }

/// The proleptic Gregorian day; `month` 1..12, `day` 1..31 (not checked: use ParseDate for input).
Date MakeDate(int year, int month, int day);
/// 0 = Monday ... 6 = Sunday.
int Weekday(Date date);
int YearOf(Date date);
/// "2026-11-22".
std::string FormatDate(Date date);
/// Accepts exactly "YYYY-MM-DD" of a real day in 1970..2261; otherwise BAD_FORMAT on `field`.
Result<Date> ParseDate(std::string_view text, std::string_view field);

/// The Shanghai day an instant falls on.
Date DateInShanghai(Time time);
/// 00:00 Shanghai time of that day.
Time StartOfDay(Date date);
/// 24:00 Shanghai time of that day, i.e. 00:00 of the next: the end of a period whose last day it is (Civil Code 203).
Time EndOfDay(Date date);

/// RFC 3339 in UTC with nanoseconds as far as needed: "2026-11-22T01:02:03.5Z".
std::string FormatTime(Time time);
/// Accepts RFC 3339 in UTC ("...Z") in 1970..2261, up to nine fraction digits; otherwise BAD_FORMAT on `field`.
Result<Time> ParseTime(std::string_view text, std::string_view field);

}  // namespace ttx
