#include "libs/auth/secret.h"

#include <openssl/crypto.h>

#include "libs/auth/sha256.h"
#include "libs/core/encoding.h"

namespace ttx::auth {
namespace {

constexpr size_t kSecretBytes = 32;
constexpr size_t kMaxPresentedBytes = 256;

}  // namespace

std::string MakeSecret(IdSource& random) {
  const std::string bytes = random.RandomBytes(kSecretBytes);
  TTX_CHECK(bytes.size() == kSecretBytes, "an id source must give the bytes asked for");
  return "ttx_" + Base64Url(bytes);
}

std::string HashSecret(std::string_view secret) {
  const Sha256Digest digest = Sha256(secret);
  return std::string(digest.begin(), digest.end());
}

bool SecretMatches(std::string_view presented, std::string_view stored_hash) {
  if (presented.size() > kMaxPresentedBytes) return false;
  const Sha256Digest digest = Sha256(presented);
  return stored_hash.size() == digest.size() &&
         CRYPTO_memcmp(stored_hash.data(), digest.data(), digest.size()) == 0;
}

}  // namespace ttx::auth
