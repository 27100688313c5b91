#pragma once

#include <string>
#include <string_view>

#include "libs/core/id.h"

namespace ttx::auth {

/// A new secret for an API client: "ttx_" and 32 random bytes in base64url. The prefix lets leak scanners
/// find it. It is shown once; only its hash is kept.
std::string MakeSecret(IdSource& random);

/// What is stored: SHA-256 of the secret, 32 raw bytes. A slow, salted hash protects secrets people choose,
/// which can be guessed from a list; 256 random bits cannot, and no two clients have the same ones.
std::string HashSecret(std::string_view secret);

/// Whether `presented` is the secret whose hash is stored; its duration does not tell where they differ.
bool SecretMatches(std::string_view presented, std::string_view stored_hash);

}  // namespace ttx::auth
