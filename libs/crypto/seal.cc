#include "libs/crypto/seal.h"

#include <openssl/evp.h>

#include <memory>

#include "libs/crypto/random.h"

namespace ttx::crypto {
namespace {

constexpr char kVersion = 1;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kHeaderBytes = 1 + kNonceBytes;
constexpr size_t kMaxContextBytes = 4096;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// A context keyed for one direction that has taken in version and associated data.
CipherContext Begin(bool encrypt, std::string_view key, std::string_view header,
                    std::string_view associated) {
  CipherContext context(EVP_CIPHER_CTX_new());
  TTX_CHECK(context != nullptr, "out of memory");
  int ignored = 0;
  const bool ready = EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, Bytes(key),
                                       Bytes(header) + 1, encrypt ? 1 : 0) == 1 &&
                     EVP_CipherUpdate(context.get(), nullptr, &ignored, Bytes(header), 1) == 1 &&
                     EVP_CipherUpdate(context.get(), nullptr, &ignored, Bytes(associated),
                                      static_cast<int>(associated.size())) == 1;
  TTX_CHECK(ready, "AES-256-GCM is not available");
  return context;
}

}  // namespace

std::string Seal(std::string_view key, std::string_view secret, std::string_view context) {
  TTX_CHECK(key.size() == kSealKeyBytes, "a sealing key has 32 bytes");
  TTX_CHECK(secret.size() <= kMaxSealedBytes && context.size() <= kMaxContextBytes,
            "the secret is too long to seal");
  std::string out = kVersion + RandomBytes(kNonceBytes);
  const CipherContext cipher = Begin(true, key, out, context);
  out.resize(kHeaderBytes + secret.size() + kTagBytes);
  auto* cipher_text = reinterpret_cast<unsigned char*>(out.data()) + kHeaderBytes;
  int written = 0;
  int rest = 0;
  const bool done =
      EVP_CipherUpdate(cipher.get(), cipher_text, &written, Bytes(secret), static_cast<int>(secret.size())) ==
          1 &&
      EVP_CipherFinal_ex(cipher.get(), cipher_text + written, &rest) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, cipher_text + secret.size()) == 1;
  TTX_CHECK(done && static_cast<size_t>(written + rest) == secret.size(), "sealing failed");
  return out;
}

Result<std::string> Open(std::string_view key, std::string_view sealed, std::string_view context) {
  TTX_CHECK(key.size() == kSealKeyBytes, "a sealing key has 32 bytes");
  if (sealed.size() < kHeaderBytes + kTagBytes ||
      sealed.size() > kHeaderBytes + kMaxSealedBytes + kTagBytes || sealed[0] != kVersion ||
      context.size() > kMaxContextBytes) {
    return Error(Reason::kDATA_LOSS);
  }
  const CipherContext cipher = Begin(false, key, sealed, context);
  const std::string_view cipher_text = sealed.substr(kHeaderBytes, sealed.size() - kHeaderBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string secret(cipher_text.size(), '\0');
  auto* out = reinterpret_cast<unsigned char*>(secret.data());
  int written = 0;
  int rest = 0;
  const bool genuine = EVP_CipherUpdate(cipher.get(), out, &written, Bytes(cipher_text),
                                        static_cast<int>(cipher_text.size())) == 1 &&
                       EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 &&
                       EVP_CipherFinal_ex(cipher.get(), out + written, &rest) == 1;
  if (!genuine) return Error(Reason::kDATA_LOSS);
  return secret;
}

}  // namespace ttx::crypto
