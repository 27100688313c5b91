#pragma once

#include <span>
#include <string_view>

#include "libs/core/principal.h"

namespace ttx::auth {

/// One row of the table in permissions.cc.
struct PermissionRow {
  std::string_view permission;  // "<service>.<resource>.<verb>"
  std::string_view
      roles;  // the roles that hold it, separated by single blanks; "*": every caller with credentials
};

/// All rows, in the order of the table.
std::span<const PermissionRow> AllPermissions();
/// The roles an organisation or a member of staff can be given (domain.md 1.1).
std::span<const std::string_view> AllRoles();

/// Whether a method may name this permission: a row of the table, "public" or "internal".
bool KnownPermission(std::string_view permission);
bool KnownRole(std::string_view role);

/// Whether the caller may call a method that demands `permission`. "public" is granted to everybody,
/// "internal" only to the services of this installation, which hold nothing else; an unknown permission is
/// granted to nobody. Which of the resources the caller may touch (its own organisation's, its own
/// exchange's) is decided by the service.
bool Grants(const Principal& principal, std::string_view permission);

}  // namespace ttx::auth
