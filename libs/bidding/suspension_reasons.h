#pragma once

#include <string_view>

namespace ttx::bidding {

/// Whether it is one of the reason codes of domain.md 4.6, for which a listing or its session is suspended or ended.
bool IsSuspensionReason(std::string_view reason);

}  // namespace ttx::bidding
