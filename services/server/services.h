#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ttx::server {

/// The services of an installation, in the order in which they start.
inline constexpr const char* kServices[] = {"party", "listing", "auction", "contract", "settlement", "disclosure"};

/// "auction" -> "ttx.auction.v1.AuctionService".
std::string FullName(std::string_view service);

/// The full names behind the gateway; with the sandbox's clock when `sandbox`.
std::vector<std::string> PublicServices(bool sandbox);

}  // namespace ttx::server
