#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/core/result.h"
#include "libs/core/time.h"

namespace ttx::party {

/// A key access tokens are signed with. The newest one whose activation time has come signs; an older one is
/// kept until every token it signed has expired.
struct TokenKey {
  std::string kid{};
  std::string public_key_pem{};
  std::string sealed_private_key{};  // libs/crypto/seal.h
  Time create_time{};
  Time activate_time{};
  Time expire_time{};  // none for the newest
  bool operator==(const TokenKey&) const = default;
};

/// The log keeps the public half only: a permanent log is no place for a private key, sealed or not.
struct TokenKeyAdded {
  std::string kid;
  std::string public_key_pem;
  Time activate_time;
  bool operator==(const TokenKeyAdded&) const = default;
};
struct TokenKeyForgotten {
  std::string kid;
  bool operator==(const TokenKeyForgotten&) const = default;
};
using TokenKeyEvent = std::variant<TokenKeyAdded, TokenKeyForgotten>;

/// The keys after a new one is added, oldest first: it activates a little later (at once when it is the
/// first), and the one before it expires once the tokens it signed until then have. LIMIT_REACHED.
Result<std::vector<TokenKey>> AddTokenKey(std::vector<TokenKey> keys, TokenKey key, Time now);

/// The key that signs at `now`; nullptr when there is none.
const TokenKey* SigningTokenKey(const std::vector<TokenKey>& keys, Time now);

/// Counts wrong secrets of one client id in a window that starts with the first of them.
struct TokenFailures {
  Time window_start;
  int32_t count = 0;
  bool operator==(const TokenFailures&) const = default;
};

/// When it is forgotten.
Time WindowEnd(const TokenFailures& failures);
/// Whether the id is refused at `now`, whatever the secret.
bool Blocked(const std::optional<TokenFailures>& failures, Time now);
/// The count after one more wrong secret.
TokenFailures Failed(const std::optional<TokenFailures>& failures, Time now);

}  // namespace ttx::party
