#include "libs/crypto/sealer.h"

#include "libs/core/check.h"
#include "libs/crypto/digest.h"
#include "libs/crypto/gcm.h"
#include "libs/crypto/random.h"
#include "libs/crypto/seal.h"

namespace ttx::crypto {
namespace {

constexpr char kVersion = 2;
constexpr size_t kSaltBytes = 16;
constexpr size_t kNumberBytes = 8;
constexpr size_t kHeaderBytes = 1 + kSaltBytes + kNumberBytes;

std::string NonceOf(std::string_view header) {
  return std::string(kGcmNonceBytes - kNumberBytes, '\0') + std::string(header.substr(1 + kSaltBytes));
}

std::string Associated(std::string_view header, std::string_view context) {
  return std::string(header).append(context);
}

}  // namespace

Sealer::Sealer(std::string_view key, std::string_view purpose)
    : key_(key), purpose_(purpose), salt_(RandomBytes(kSaltBytes)), cipher_(std::make_unique<Gcm>(KeyFor(salt_))) {
  TTX_CHECK(key.size() == kSealKeyBytes, "a sealing key has 32 bytes");
}

Sealer::~Sealer() = default;

std::string Sealer::KeyFor(std::string_view salt) const { return HkdfSha256(key_, salt, purpose_); }

std::string Sealer::Seal(std::string_view secret, std::string_view context) {
  const uint64_t number = ++sealed_;
  std::string out = kVersion + salt_;
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift);
  cipher_->Seal(NonceOf(out), Associated(out, context), secret, out);
  return out;
}

Result<std::string> Sealer::Open(std::string_view sealed, std::string_view context) const {
  if (sealed.size() < kHeaderBytes + kGcmTagBytes || sealed[0] != kVersion) return Error(Reason::kDATA_LOSS);
  const std::string_view header = sealed.substr(0, kHeaderBytes);
  Gcm cipher(KeyFor(sealed.substr(1, kSaltBytes)));
  return cipher.Open(NonceOf(header), Associated(header, context), sealed.substr(kHeaderBytes));
}

}  // namespace ttx::crypto
