#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/core/result.h"

namespace ttx::party {

/// What an organization is; numbers are stored.
enum class Kind {
  kUniversity = 1,
  kInstitute = 2,
  kEnterprise = 3,
  kExchange = 4,
  kBank = 5,
  kRegistry = 6,
  kIntermediary = 7,
  kAuthority = 8,
  kPersonOther = 9,
};

/// Whether only an administrator creates organizations of this kind: they judge others or handle their money.
bool IsRestricted(Kind kind);

/// Whether every new client of such an organization, and every change of its roles or its secret, needs a
/// second person: its clients judge others, release their money or admit them (domain.md 1.2), and whoever
/// could invent a colleague alone could do both halves of every two-person step.
bool NeedsSecondPerson(Kind kind, bool operates);

/// The roles clients of such an organization may hold (domain.md 1.1); those that run the installation belong
/// to the organization that operates it, whatever its kind.
std::vector<std::string_view> AllowedRoles(Kind kind, bool operates);

/// `roles` sorted, each allowed and given once; on `field` DUPLICATE or ROLE_NOT_FOR_KIND.
Result<std::vector<std::string>> ParseRoles(std::vector<std::string> roles, Kind kind, bool operates,
                                            std::string_view field);

}  // namespace ttx::party
