#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "libs/crypto/signature.h"
#include "libs/sealed/secret.h"

namespace ttx::sealed {

/// The sets of algorithms an envelope can be made of. Their text ids are stored and never change meaning.
///   TTX-SB-1   X25519, HKDF-SHA256, AES-256-SIV for the bid, AES-256-GCM for the boxes, SHA-256
///   TTX-SB-SM  ECDH on the SM2 curve, HKDF-SM3, SM4-CTR then HMAC-SM3, SM3
enum class Suite { kTtxSb1, kTtxSbSm };

std::string_view SuiteId(Suite suite);
std::optional<Suite> ParseSuite(std::string_view id);
/// What the holders of such a set sign with: ECDSA on P-256 with SHA-256, or SM2 with SM3.
crypto::Suite SignatureSuite(Suite suite);

inline constexpr size_t kSeedBytes = 32;
inline constexpr size_t kShareBytes = kSeedBytes;
inline constexpr size_t kHashBytes = 32;
inline constexpr size_t kMaxPublicKeyBytes = 65;

/// 32 bytes (the u coordinate) or 65 (0x04, x, y).
size_t PublicKeyBytes(Suite suite);
/// A sealed share: 32 bytes and a tag of 16 or 32.
size_t BoxBytes(Suite suite);
/// What the body is longer than the padded bid: a synthetic IV of 16 bytes; SM: and a tag of 32.
size_t BodyOverheadBytes(Suite suite);

/// The suite's digest of the parts one after the other, 32 bytes.
std::string Hash(Suite suite, std::initializer_list<std::string_view> parts);

/// HKDF (RFC 5869) with the suite's digest, no salt, and the parts one after the other as info.
SecretBytes DeriveKey(Suite suite, std::string_view secret, std::initializer_list<std::string_view> info,
                      size_t count);

/// A private key of the suite's key agreement, from HKDF of `secret`: 32 bytes. X25519: the bytes themselves.
/// SM2: 1 + (48 bytes, big-endian, mod order - 1), so that none is out of range and the bias is 2^-128.
SecretBytes DerivePrivateKey(Suite suite, std::string_view secret,
                             std::initializer_list<std::string_view> info);
/// Whether 32 bytes are a private key: SM2 needs 1..order-1.
bool IsPrivateKey(Suite suite, std::string_view private_key);
std::string PublicKeyOf(Suite suite, const SecretBytes& private_key);

/// Whether the bytes are a public key somebody could have made honestly: the right length, canonical, a point
/// of the curve, and not one of the few X25519 points with which every agreement gives zero.
bool IsPublicKey(Suite suite, std::string_view public_key);

/// The 32 bytes (x coordinate) both sides come to. `public_key` has passed IsPublicKey.
SecretBytes Agree(Suite suite, const SecretBytes& private_key, std::string_view public_key);

/// Encrypts the padded bid: deterministic, authenticates `associated` and itself. The key is derived from
/// `secret` and `info`.
std::string SealBody(Suite suite, std::string_view secret, std::initializer_list<std::string_view> info,
                     std::string_view associated, std::string_view padded);
/// Nothing when key, associated data or a byte of the body is another.
std::optional<SecretBytes> OpenBody(Suite suite, std::string_view secret,
                                    std::initializer_list<std::string_view> info, std::string_view associated,
                                    std::string_view body);

/// Encrypts one share under a key that is derived from `secret` and `info` and used for nothing else.
std::string SealBox(Suite suite, std::string_view secret, std::initializer_list<std::string_view> info,
                    std::string_view associated, const SecretBytes& share);
std::optional<SecretBytes> OpenBox(Suite suite, std::string_view secret,
                                   std::initializer_list<std::string_view> info, std::string_view associated,
                                   std::string_view box);

}  // namespace ttx::sealed
