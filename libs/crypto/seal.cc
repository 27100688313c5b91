#include "libs/crypto/seal.h"

#include "libs/core/check.h"
#include "libs/crypto/gcm.h"
#include "libs/crypto/random.h"

namespace ttx::crypto {
namespace {

constexpr char kVersion = 1;
constexpr size_t kHeaderBytes = 1 + kGcmNonceBytes;
constexpr size_t kMaxContextBytes = 4096;

std::string Associated(std::string_view context) { return kVersion + std::string(context); }

}  // namespace

std::string Seal(std::string_view key, std::string_view secret, std::string_view context) {
  TTX_CHECK(key.size() == kSealKeyBytes, "a sealing key has 32 bytes");
  TTX_CHECK(secret.size() <= kMaxSealedBytes && context.size() <= kMaxContextBytes,
            "the secret is too long to seal");
  const std::string nonce = RandomBytes(kGcmNonceBytes);
  std::string out = kVersion + nonce;
  Gcm(key).Seal(nonce, Associated(context), secret, out);
  return out;
}

Result<std::string> Open(std::string_view key, std::string_view sealed, std::string_view context) {
  TTX_CHECK(key.size() == kSealKeyBytes, "a sealing key has 32 bytes");
  if (sealed.size() < kHeaderBytes + kGcmTagBytes ||
      sealed.size() > kHeaderBytes + kMaxSealedBytes + kGcmTagBytes || sealed[0] != kVersion ||
      context.size() > kMaxContextBytes) {
    return Error(Reason::kDATA_LOSS);
  }
  return Gcm(key).Open(sealed.substr(1, kGcmNonceBytes), Associated(context), sealed.substr(kHeaderBytes));
}

}  // namespace ttx::crypto
