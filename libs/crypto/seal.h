#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "libs/core/result.h"

namespace ttx::crypto {

inline constexpr size_t kSealKeyBytes = 32;
inline constexpr size_t kMaxSealedBytes = 64 * 1024;

/// Encrypts a small secret at rest (a reserve price, a sealed bid) with AES-256-GCM under a random nonce.
/// `context` is not stored but must be the same when opening: put the resource name and field there, so that
/// a sealed value copied to another record does not open. Result: one version byte, 12 bytes nonce,
/// ciphertext, 16 bytes tag. `key` has 32 bytes and seals at most 2^32 values; `secret` at most 64 KiB.
std::string Seal(std::string_view key, std::string_view secret, std::string_view context);

/// The secret, or DATA_LOSS when the value, the key or the context is not the one it was sealed with.
Result<std::string> Open(std::string_view key, std::string_view sealed, std::string_view context);

}  // namespace ttx::crypto
