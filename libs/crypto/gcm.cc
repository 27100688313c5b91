#include "libs/crypto/gcm.h"

#include <openssl/err.h>

#include <climits>

#include "libs/core/check.h"

namespace ttx::crypto {
namespace {

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

}  // namespace

Gcm::Gcm(std::string_view key) : context_(EVP_CIPHER_CTX_new()) {
  TTX_CHECK(key.size() == static_cast<size_t>(EVP_CIPHER_get_key_length(Algorithm())), "a key of another length");
  TTX_CHECK(context_ != nullptr &&
                EVP_CipherInit_ex2(context_.get(), Algorithm(), Bytes(key), nullptr, 1, nullptr) == 1,
            "AES-256-GCM is not available");
}

void Gcm::Begin(Direction direction, std::string_view nonce, std::string_view associated) {
  TTX_CHECK(nonce.size() == kGcmNonceBytes, "a nonce of another length");
  EVP_CIPHER_CTX* const context = context_.get();
  int ignored = 0;
  const bool ready =
      EVP_CipherInit_ex2(context, nullptr, nullptr, Bytes(nonce), static_cast<int>(direction), nullptr) == 1 &&
      EVP_CipherUpdate(context, nullptr, &ignored, Bytes(associated), Length(associated)) == 1;
  TTX_CHECK(ready, "AES-256-GCM is not available");
}

void Gcm::Seal(std::string_view nonce, std::string_view associated, std::string_view secret, std::string& out) {
  Begin(Direction::kSeal, nonce, associated);
  EVP_CIPHER_CTX* const context = context_.get();
  const size_t before = out.size();
  out.resize(before + secret.size() + kGcmTagBytes);
  unsigned char* const text = Bytes(out) + before;
  int written = 0;
  int rest = 0;
  const bool done = EVP_CipherUpdate(context, text, &written, Bytes(secret), Length(secret)) == 1 &&
                    EVP_CipherFinal_ex(context, text + written, &rest) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kGcmTagBytes, text + secret.size()) == 1;
  TTX_CHECK(done && static_cast<size_t>(written + rest) == secret.size(), "sealing failed");
}

Result<std::string> Gcm::Open(std::string_view nonce, std::string_view associated, std::string_view sealed) {
  TTX_CHECK(sealed.size() >= kGcmTagBytes, "a sealed text without a tag");
  Begin(Direction::kOpen, nonce, associated);
  EVP_CIPHER_CTX* const context = context_.get();
  const std::string_view text = sealed.substr(0, sealed.size() - kGcmTagBytes);
  std::string tag(sealed.substr(text.size()));
  std::string secret(text.size(), '\0');
  int written = 0;
  int rest = 0;
  const bool genuine =
      EVP_CipherUpdate(context, Bytes(secret), &written, Bytes(text), Length(text)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kGcmTagBytes, tag.data()) == 1 &&
      EVP_CipherFinal_ex(context, Bytes(secret) + written, &rest) == 1;
  ERR_clear_error();
  if (!genuine) return Error(Reason::kDATA_LOSS);
  return secret;
}

}  // namespace ttx::crypto
