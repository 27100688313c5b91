#pragma once

#include <cstdint>
#include <string>

#include "libs/core/result.h"
#include "libs/core/time.h"
#include "services/party/domain/organization.h"

namespace ttx::party {

/// What goes on record about an organization (domain.md 1.3); numbers are stored.
enum class CreditType {
  kWinDefault = 1,
  kNoBidAfterDeposit = 2,
  kFalseMaterial = 3,
  kCollusion = 4,
  kLatePay = 5,
  kGoodPerformance = 6,
};

/// One entry of the record, which only grows: state and event are the same.
struct CreditEntry {
  OrganizationId organization{};
  int64_t number = 0;  // 1, 2, 3 ... without gaps
  CreditType type = CreditType::kWinDefault;
  std::string subject{};  // a resource name
  std::string detail{};
  std::string person{};
  Time time{};
  bool operator==(const CreditEntry&) const = default;
};

/// INVALID_FIELD on `subject` or `detail`.
Status CheckCredit(const CreditEntry& entry);

}  // namespace ttx::party
