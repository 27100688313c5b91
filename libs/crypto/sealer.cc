#include "libs/crypto/sealer.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <climits>

#include "libs/core/check.h"
#include "libs/crypto/digest.h"
#include "libs/crypto/random.h"
#include "libs/crypto/seal.h"

namespace ttx::crypto {
namespace {

constexpr char kVersion = 2;
constexpr size_t kSaltBytes = 16;
constexpr size_t kNumberBytes = 8;
constexpr size_t kTagBytes = 16;
constexpr size_t kHeaderBytes = 1 + kSaltBytes + kNumberBytes;

// Fetched once: looking an algorithm up costs more than sealing a short text.
const EVP_CIPHER* Algorithm() {
  static const EVP_CIPHER* const algorithm = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  TTX_CHECK(algorithm != nullptr, "AES-256-GCM is not available");
  return algorithm;
}

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

int Length(std::string_view text) {
  TTX_CHECK(text.size() <= INT_MAX, "a text that is too long to seal");
  return static_cast<int>(text.size());
}

std::string NonceOf(std::string_view header) {
  return std::string(4, '\0') + std::string(header.substr(1 + kSaltBytes));
}

}  // namespace

struct Sealer::Cipher {
  EVP_CIPHER_CTX* const context = EVP_CIPHER_CTX_new();
  ~Cipher() { EVP_CIPHER_CTX_free(context); }

  explicit Cipher(std::string_view key) {
    TTX_CHECK(context != nullptr && EVP_CipherInit_ex2(context, Algorithm(), Bytes(key), nullptr, 1, nullptr) == 1,
              "AES-256-GCM is not available");
  }
  // One message begins: its nonce, and what is authenticated besides.
  void Begin(bool encrypt, std::string_view header, std::string_view associated) const {
    const std::string nonce = NonceOf(header);
    int ignored = 0;
    const bool ready =
        EVP_CipherInit_ex2(context, nullptr, nullptr, Bytes(nonce), encrypt ? 1 : 0, nullptr) == 1 &&
        EVP_CipherUpdate(context, nullptr, &ignored, Bytes(header), Length(header)) == 1 &&
        EVP_CipherUpdate(context, nullptr, &ignored, Bytes(associated), Length(associated)) == 1;
    TTX_CHECK(ready, "AES-256-GCM is not available");
  }
};

Sealer::Sealer(std::string_view key, std::string_view purpose)
    : key_(key),
      purpose_(purpose),
      salt_(RandomBytes(kSaltBytes)),
      cipher_(std::make_unique<Cipher>(KeyFor(salt_))) {
  TTX_CHECK(key.size() == kSealKeyBytes, "a sealing key has 32 bytes");
}

Sealer::~Sealer() = default;

std::string Sealer::KeyFor(std::string_view salt) const { return HkdfSha256(key_, salt, purpose_); }

std::string Sealer::Seal(std::string_view secret, std::string_view context) {
  const uint64_t number = ++sealed_;
  std::string out = kVersion + salt_;
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift);
  cipher_->Begin(true, out, context);
  out.resize(kHeaderBytes + secret.size() + kTagBytes);
  unsigned char* const text = Bytes(out) + kHeaderBytes;
  int written = 0;
  int rest = 0;
  const bool done = EVP_CipherUpdate(cipher_->context, text, &written, Bytes(secret), Length(secret)) == 1 &&
                    EVP_CipherFinal_ex(cipher_->context, text + written, &rest) == 1 &&
                    EVP_CIPHER_CTX_ctrl(cipher_->context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, text + secret.size()) == 1;
  TTX_CHECK(done && static_cast<size_t>(written + rest) == secret.size(), "sealing failed");
  return out;
}

Result<std::string> Sealer::Open(std::string_view sealed, std::string_view context) const {
  if (sealed.size() < kHeaderBytes + kTagBytes || sealed[0] != kVersion) return Error(Reason::kDATA_LOSS);
  const Cipher cipher(KeyFor(sealed.substr(1, kSaltBytes)));
  cipher.Begin(false, sealed.substr(0, kHeaderBytes), context);
  const std::string_view text = sealed.substr(kHeaderBytes, sealed.size() - kHeaderBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string secret(text.size(), '\0');
  int written = 0;
  int rest = 0;
  const bool genuine =
      EVP_CipherUpdate(cipher.context, Bytes(secret), &written, Bytes(text), Length(text)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_CipherFinal_ex(cipher.context, Bytes(secret) + written, &rest) == 1;
  ERR_clear_error();
  if (!genuine) return Error(Reason::kDATA_LOSS);
  return secret;
}

}  // namespace ttx::crypto
