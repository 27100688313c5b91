#include "libs/auth/sha256.h"

#include <openssl/evp.h>

#include "libs/core/check.h"

namespace ttx::auth {

Sha256Digest Sha256(std::string_view bytes) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  Sha256Digest digest;
  TTX_CHECK(algorithm != nullptr &&
                EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, algorithm, nullptr) == 1,
            "SHA-256 failed");
  return digest;
}

}  // namespace ttx::auth
