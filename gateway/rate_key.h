#pragma once

#include <string>
#include <string_view>

namespace ttx::gateway {

/// Whose requests are counted together: the client an access token in the `Authorization` header names
/// ("sub"), at this peer; the peer itself without a token, or with one that cannot be read.
///
/// Nothing is verified here, the service does that. So a token counts only together with the address it comes
/// from: whoever writes somebody else's name into a token spends nothing of what that client may ask
/// elsewhere.
std::string RateKey(std::string_view authorization, std::string_view peer);

}  // namespace ttx::gateway
