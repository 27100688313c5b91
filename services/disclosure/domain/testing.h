#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/calendar.h"
#include "libs/core/check.h"

namespace ttx::disclosure::testing {

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  TTX_CHECK(file.good(), path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The calendar with the tables of these years.
inline Calendar CalendarOf(const std::vector<int>& years) {
  std::vector<std::string> tables;
  for (const int year : years) {
    tables.push_back(year <= 2026
                         ? ReadFile("deploy/calendar/" + std::to_string(year) + ".txt")
                         : "year " + std::to_string(year) + "\noff " + std::to_string(year) + "-01-01\n");
  }
  return Calendar::Parse(tables).value();
}

inline const Calendar& Published() {
  static const Calendar calendar = CalendarOf({2025, 2026});
  return calendar;
}

inline Date Day(std::string_view text) { return ParseDate(text, "day").value(); }
/// `hour` o'clock in Shanghai.
inline Time At(std::string_view day, int hour) { return AtHour(Day(day), hour, 0); }

}  // namespace ttx::disclosure::testing
