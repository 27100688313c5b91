#include "services/party/domain/roles.h"

#include <algorithm>

namespace ttx::party {

bool IsRestricted(Kind kind) {
  switch (kind) {
    case Kind::kExchange:
    case Kind::kBank:
    case Kind::kRegistry:
    case Kind::kAuthority:
      return true;
    case Kind::kUniversity:
    case Kind::kInstitute:
    case Kind::kEnterprise:
    case Kind::kIntermediary:
    case Kind::kPersonOther:
      return false;
  }
  TTX_CHECK(false, "unreachable");
}

bool NeedsSecondPerson(Kind kind, bool operates) { return operates || kind == Kind::kExchange; }

std::vector<std::string_view> AllowedRoles(Kind kind, bool operates) {
  std::vector<std::string_view> roles = {"OBJECTOR"};
  switch (kind) {
    case Kind::kUniversity:
    case Kind::kInstitute:
    case Kind::kEnterprise:
    case Kind::kPersonOther:
      roles.insert(roles.end(), {"BIDDER", "TRANSFEROR"});
      break;
    case Kind::kExchange:
      roles.insert(roles.end(), {"EXCHANGE_CLERK", "EXCHANGE_OFFICER", "EXCHANGE_REVIEWER_BUSINESS",
                                 "EXCHANGE_REVIEWER_COMPLIANCE", "RIGHTS_REVIEWER", "SECRECY_REVIEWER",
                                 "SETTLEMENT_CLERK", "SETTLEMENT_OFFICER"});
      break;
    case Kind::kBank:
      roles.push_back("SETTLEMENT_BANK");
      break;
    case Kind::kRegistry:
      roles.push_back("REGISTRY");
      break;
    case Kind::kIntermediary:
      break;
    case Kind::kAuthority:
      roles.push_back("AUTHORITY");
      break;
  }
  if (operates) roles.insert(roles.end(), {"ADMINISTRATOR", "KYC_CLERK", "KYC_OFFICER", "OPERATOR"});
  return roles;
}

Result<std::vector<std::string>> ParseRoles(std::vector<std::string> roles, Kind kind, bool operates,
                                            std::string_view field) {
  const std::vector<std::string_view> allowed = AllowedRoles(kind, operates);
  for (size_t i = 0; i < roles.size(); ++i) {
    const std::string path = std::string(field) + "[" + std::to_string(i) + "]";
    if (std::find(allowed.begin(), allowed.end(), roles[i]) == allowed.end()) {
      return InvalidField(path, Reason::kROLE_NOT_FOR_KIND);
    }
    if (std::find(roles.begin(), roles.begin() + static_cast<ptrdiff_t>(i), roles[i]) !=
        roles.begin() + static_cast<ptrdiff_t>(i)) {
      return InvalidField(path, Reason::kDUPLICATE);
    }
  }
  std::sort(roles.begin(), roles.end());
  return roles;
}

}  // namespace ttx::party
