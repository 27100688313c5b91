#include "libs/bidding/suspension_reasons.h"

#include <algorithm>
#include <array>

namespace ttx::bidding {

bool IsSuspensionReason(std::string_view reason) {
  static constexpr std::array<std::string_view, 11> kReasons = {
      "OWNERSHIP_DISPUTE", "THIRD_PARTY_CLAIM", "COURT_OR_SUPERVISORY_ORDER",
      "IP_STATUS_CHANGE",  "FALSE_MATERIAL",    "COLLUSION_SUSPECTED",
      "SECRECY_RISK",      "SYSTEM_FAILURE",    "FORCE_MAJEURE",
      "OWNER_REQUEST",     "OBJECTION"};
  return std::find(kReasons.begin(), kReasons.end(), reason) != kReasons.end();
}

}  // namespace ttx::bidding
