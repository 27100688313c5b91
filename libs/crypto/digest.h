#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "libs/core/encoding.h"

namespace ttx::crypto {

inline constexpr size_t kDigestBytes = 32;

/// 32 raw bytes.
std::string Sha256(std::string_view bytes);
/// 32 raw bytes (GB/T 32905).
std::string Sm3(std::string_view bytes);
/// 32 raw bytes. The key may have any length.
std::string HmacSha256(std::string_view key, std::string_view message);

/// HMAC-SHA-256 under one key for many messages. Immutable; safe from any thread.
class HmacKey {
 public:
  explicit HmacKey(std::string_view key);
  /// 32 raw bytes.
  std::string Mac(std::string_view message) const;

 private:
  std::string inner_;  // the key, padded to a block
  std::string outer_;
};

/// A key of 32 bytes that follows from another: HKDF-SHA-256 (RFC 5869).
std::string HkdfSha256(std::string_view key, std::string_view salt, std::string_view info);

/// Compares without telling by its duration where the two differ (their lengths are not secret).
bool ConstantTimeEqual(std::string_view a, std::string_view b);

using ttx::Base64Url;
using ttx::FromBase64Url;
using ttx::FromHex;
using ttx::Hex;

}  // namespace ttx::crypto
