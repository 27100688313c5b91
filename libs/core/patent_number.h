#pragma once

#include <string>
#include <string_view>

#include "libs/core/result.h"

namespace ttx {

enum class PatentKind { kInvention, kUtilityModel, kDesign };

/// A Chinese patent or patent application number (ZC 0006-2003 and the older form, domain.md 2.3).
struct PatentNumber {
  /// With the dot and without prefix: "201710601862.3" or "95115608.X". A patent and its application share
  /// it, so it is what duplicates are found by.
  std::string number;
  PatentKind kind = PatentKind::kInvention;
  /// Written as the number of a granted patent ("ZL...").
  bool granted = false;

  /// "ZL201710601862.3" for a granted patent, "CN201710601862.3" for an application.
  std::string Display() const { return (granted ? "ZL" : "CN") + number; }
  bool operator==(const PatentNumber&) const = default;
};

/// Accepts the prefix ZL or CN or none, the dot or none, one blank after the prefix, the year and the kind
/// digit, full-width and lower-case forms. On `field`: REQUIRED, BAD_FORMAT (also for publication numbers,
/// which have no check digit) or BAD_CHECK_DIGIT.
Result<PatentNumber> ParsePatentNumber(std::string_view text, std::string_view field);

}  // namespace ttx
