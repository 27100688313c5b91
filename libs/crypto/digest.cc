#include "libs/crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <climits>

#include "libs/core/check.h"

namespace ttx::crypto {
namespace {

// Fetched once: looking an algorithm up costs more than hashing a short message.
const EVP_MD* Fetch(const char* name) {
  const EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, nullptr);
  TTX_CHECK(algorithm != nullptr, "the cryptographic library lacks a digest");
  return algorithm;
}

const EVP_MD* Sha256Algorithm() {
  static const EVP_MD* const algorithm = Fetch("SHA256");
  return algorithm;
}

std::string Digest(const EVP_MD* algorithm, std::string_view bytes) {
  std::string out(kDigestBytes, '\0');
  unsigned int length = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()),
                              &length, algorithm, nullptr);
  TTX_CHECK(done == 1 && length == kDigestBytes, "a digest failed");
  return out;
}

}  // namespace

std::string Sha256(std::string_view bytes) { return Digest(Sha256Algorithm(), bytes); }

std::string Sm3(std::string_view bytes) {
  static const EVP_MD* const algorithm = Fetch("SM3");
  return Digest(algorithm, bytes);
}

std::string HmacSha256(std::string_view key, std::string_view message) {
  TTX_CHECK(key.size() <= INT_MAX, "the key is too long");
  std::string out(kDigestBytes, '\0');
  unsigned int length = 0;
  // A null key means "none" to OpenSSL, so an empty one still needs an address.
  const char* key_bytes = key.empty() ? "" : key.data();
  const auto* done = HMAC(Sha256Algorithm(), key_bytes, static_cast<int>(key.size()),
                          reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                          reinterpret_cast<unsigned char*>(out.data()), &length);
  TTX_CHECK(done != nullptr && length == kDigestBytes, "a message authentication code failed");
  return out;
}

HmacKey::HmacKey(std::string_view key) {
  constexpr size_t kBlockBytes = 64;
  std::string block = key.size() > kBlockBytes ? Sha256(key) : std::string(key);
  block.resize(kBlockBytes, '\0');
  for (const char byte : block) {
    inner_ += static_cast<char>(byte ^ 0x36);
    outer_ += static_cast<char>(byte ^ 0x5c);
  }
}

std::string HmacKey::Mac(std::string_view message) const {
  std::string inner;
  inner.reserve(inner_.size() + message.size());
  inner.append(inner_).append(message);
  return Sha256(outer_ + Sha256(inner));
}

std::string HkdfSha256(std::string_view key, std::string_view salt, std::string_view info) {
  return HmacSha256(HmacSha256(salt, key), std::string(info) + '\1');
}

bool ConstantTimeEqual(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace ttx::crypto
