#pragma once

#include <string>
#include <string_view>

namespace ttx::party {

/// How personal data is shown to those who need not know it (domain.md 8.3).

/// The name of a natural person: "*" for one character, "张*" for two, first and last kept of more ("张*三",
/// "欧*娜").
std::string MaskName(std::string_view utf8);
/// The last four digits: "****1234"; nothing of a shorter one.
std::string MaskAccount(std::string_view number);

}  // namespace ttx::party
