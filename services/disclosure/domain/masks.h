#pragma once

#include <string>
#include <string_view>

namespace ttx::disclosure {

/// The public forms of names (domain.md 8.3), in UTF-8.

/// 张三 -> 张*, 张小三 -> 张*三, longer names keep the first and the last character.
std::string MaskPersonName(std::string_view name);

/// Whether a name is that of an organisation rather than of a natural person or a household business. In
/// doubt it is not: then it is masked.
bool IsOrganizationName(std::string_view name);
/// The name as the public may see it: organisations in full, anybody else masked.
std::string PublicName(std::string_view name);

}  // namespace ttx::disclosure
