#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "libs/core/result.h"

namespace ttx::crypto {

/// The signature algorithms TTX knows. Their text ids are stored and sent; they never change meaning.
enum class Suite { kEcdsaP256Sha256, kSm2Sm3 };

/// "ECDSA-P256-SHA256" or "SM2-SM3". SM2 always uses the distinguishing id "1234567812345678" (GM/T 0009).
std::string_view SuiteId(Suite suite);
std::optional<Suite> ParseSuite(std::string_view id);

/// No PEM text longer than this is looked at.
inline constexpr size_t kMaxKeyPemBytes = 2048;
/// No signature of these suites is longer.
inline constexpr size_t kMaxSignatureBytes = 72;

/// A key of somebody who signs.
struct KeyPair {
  std::string private_pem;  // PKCS#8
  std::string public_pem;   // SubjectPublicKeyInfo
};

/// A new key, for record keys of the server, tests and demonstration clients; a party's own key is made by
/// the party.
KeyPair GenerateKey(Suite suite);

/// The text form in which a public key is stored: one SubjectPublicKeyInfo, named curve, uncompressed point.
/// On `field`: REQUIRED, TOO_LONG, BAD_FORMAT (no PEM public key) or UNSUPPORTED_KEY (another type or curve,
/// explicit curve parameters, a compressed point, a point that is not on the curve).
Result<std::string> ParsePublicKey(std::string_view pem, Suite suite, std::string_view field);

/// The public key of a private one; UNSUPPORTED_KEY on `private_key` when it is not a key of `suite`.
Result<std::string> PublicKeyOf(std::string_view private_pem, Suite suite);

/// SHA-256 of the SubjectPublicKeyInfo in lower-case hexadecimal: names a key. UNSUPPORTED_KEY on
/// `public_key` when it is a key of no known suite.
Result<std::string> PublicKeyFingerprint(std::string_view public_pem);

/// The DER signature of `message` (which is hashed here); UNSUPPORTED_KEY on `private_key` when it is not of
/// `suite`.
Result<std::string> Sign(Suite suite, std::string_view private_pem, std::string_view message);

/// Whether `signature_der` was made over `message` by the holder of `public_pem`. Anything else, also a key
/// of another suite, is false. ECDSA and SM2 signatures can be altered into other valid ones: never identify
/// anything by its signature.
[[nodiscard]] bool Verify(Suite suite, std::string_view public_pem, std::string_view message,
                          std::string_view signature_der);

}  // namespace ttx::crypto
