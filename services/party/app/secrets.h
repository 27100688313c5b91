#pragma once

#include <string>
#include <string_view>

#include "libs/core/id.h"
#include "libs/core/result.h"

namespace ttx::party {

/// A new secret for an API client: "ttx_" and 32 random bytes in base64url. The prefix lets leak scanners
/// find it.
std::string MakeClientSecret(IdSource& ids);

/// A code its person exchanges once for the secret of a client that somebody else made: "tte_" and 32 random
/// bytes in base64url. Hashed, matched and sealed like a secret.
std::string MakeEnrolmentCode(IdSource& ids);

/// What is stored: SHA-256. A slow, salted hash protects secrets people choose; 256 random bits need none.
std::string ClientSecretHash(std::string_view secret);

/// Whether `presented` has the stored hash; takes as long whether or not it does.
bool ClientSecretMatches(std::string_view presented, std::string_view stored_hash);

/// A client's secret as it may stand in an answer that is kept for replay: sealed under the installation's
/// secrets key and bound to the client's name, in base64url. Answers are stored for a week; a copy of the
/// store must not be a copy of the credentials.
std::string SealClientSecret(std::string_view secrets_key, std::string_view secret,
                             std::string_view client_name);
/// DATA_LOSS when it was sealed with another key or for another client.
Result<std::string> OpenClientSecret(std::string_view secrets_key, std::string_view sealed,
                                     std::string_view client_name);

/// The private half of a token key at rest, bound to its kid.
std::string SealTokenKey(std::string_view secrets_key, std::string_view private_pem, std::string_view kid);
Result<std::string> OpenTokenKey(std::string_view secrets_key, std::string_view sealed, std::string_view kid);

}  // namespace ttx::party
