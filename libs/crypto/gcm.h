#pragma once

#include <openssl/evp.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "libs/core/result.h"

namespace ttx::crypto {

inline constexpr size_t kGcmNonceBytes = 12;
inline constexpr size_t kGcmTagBytes = 16;

/// AES-256-GCM under one key, message after message: what Seal and Sealer have in common. For one thread, and for
/// this library only. Leaves nothing in OpenSSL's queue of errors.
class Gcm {
 public:
  /// `key` has 32 bytes.
  explicit Gcm(std::string_view key);

  /// Appends ciphertext and tag to `out`. No nonce twice under one key.
  void Seal(std::string_view nonce, std::string_view associated, std::string_view secret, std::string& out);
  /// The secret, or DATA_LOSS. `sealed` has a tag at least.
  Result<std::string> Open(std::string_view nonce, std::string_view associated, std::string_view sealed);

 private:
  enum class Direction { kOpen = 0, kSeal = 1 };
  void Begin(Direction direction, std::string_view nonce, std::string_view associated);

  struct FreeContext {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  };
  const std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context_;
};

}  // namespace ttx::crypto
