#include "libs/auth/jwk.h"

#include <cjose/cjose.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace ttx::auth {
namespace {

constexpr size_t kNumberBytes = 32;
constexpr size_t kMaxPemBytes = 2048;
constexpr size_t kMaxKeyIdLength = 64;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIGNUM* number) const { BN_clear_free(number); }
  void operator()(cjose_jws_t* jws) const { cjose_jws_release(jws); }
  void operator()(cjose_header_t* header) const { cjose_header_release(header); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

int NoPassphrase(char*, int, int, void*) { return 0; }

// One number of the key as 32 bytes, most significant first; nothing when the key has none.
std::optional<std::string> Number(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return std::nullopt;
  const Owned<BIGNUM> owned(number);
  std::string bytes(kNumberBytes, '\0');
  const int length = BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), kNumberBytes);
  return length == kNumberBytes ? std::optional(std::move(bytes)) : std::nullopt;
}

bool IsP256(EVP_PKEY* key) {
  char group[32] = {};
  size_t length = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &length) == 1 &&
         std::string_view(group, length) == "prime256v1";
}

struct Numbers {
  std::string x, y, d;  // d is empty in a public key
};

std::optional<Numbers> ReadNumbers(std::string_view pem, bool secret) {
  if (pem.empty() || pem.size() > kMaxPemBytes) return std::nullopt;
  const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Owned<EVP_PKEY> key(secret ? PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr)
                                   : PEM_read_bio_PUBKEY(bio.get(), nullptr, NoPassphrase, nullptr));
  std::optional<Numbers> numbers;
  if (key != nullptr && IsP256(key.get())) {
    const std::optional<std::string> x = Number(key.get(), OSSL_PKEY_PARAM_EC_PUB_X);
    const std::optional<std::string> y = Number(key.get(), OSSL_PKEY_PARAM_EC_PUB_Y);
    const std::optional<std::string> d = secret ? Number(key.get(), OSSL_PKEY_PARAM_PRIV_KEY) : std::string();
    if (x && y && d) numbers = Numbers{*x, *y, *d};
  }
  ERR_clear_error();
  return numbers;
}

cjose_jwk_t* MakeKey(Numbers& numbers) {
  const auto bytes = [](std::string& text) { return reinterpret_cast<uint8_t*>(text.data()); };
  cjose_jwk_ec_keyspec spec{};
  spec.crv = CJOSE_JWK_EC_P_256;
  spec.x = bytes(numbers.x);
  spec.xlen = numbers.x.size();
  spec.y = bytes(numbers.y);
  spec.ylen = numbers.y.size();
  if (!numbers.d.empty()) {
    spec.d = bytes(numbers.d);
    spec.dlen = numbers.d.size();
  }
  cjose_err error{};
  return cjose_jwk_create_EC_spec(&spec, &error);
}

Error UnsupportedKey(std::string_view field) {
  return InvalidField(std::string(field), Reason::kUNSUPPORTED_KEY, "EC P-256 in PEM");
}

}  // namespace

bool IsKeyId(std::string_view kid) {
  return !kid.empty() && kid.size() <= kMaxKeyIdLength && std::all_of(kid.begin(), kid.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

Jwk::~Jwk() { cjose_jwk_release(key_); }

Result<std::shared_ptr<const Jwk>> Jwk::FromPublicPem(std::string_view pem, std::string_view field) {
  std::optional<Numbers> numbers = ReadNumbers(pem, false);
  cjose_jwk_t* key = numbers ? MakeKey(*numbers) : nullptr;
  if (key == nullptr) return UnsupportedKey(field);
  return std::shared_ptr<const Jwk>(new Jwk(key, numbers->x + numbers->y));
}

Result<std::shared_ptr<const Jwk>> Jwk::FromPrivatePem(std::string_view pem, std::string_view field) {
  std::optional<Numbers> numbers = ReadNumbers(pem, true);
  cjose_jwk_t* key = numbers ? MakeKey(*numbers) : nullptr;
  if (numbers) OPENSSL_cleanse(numbers->d.data(), numbers->d.size());
  if (key == nullptr) return UnsupportedKey(field);
  return std::shared_ptr<const Jwk>(new Jwk(key, numbers->x + numbers->y));
}

std::string Jwk::SignCompact(std::string_view typ, std::string_view kid, std::string_view payload) const {
  cjose_err error{};
  const Owned<cjose_header_t> header(cjose_header_new(&error));
  TTX_CHECK(header != nullptr && cjose_header_set(header.get(), CJOSE_HDR_ALG, CJOSE_HDR_ALG_ES256, &error) &&
                cjose_header_set(header.get(), "typ", std::string(typ).c_str(), &error) &&
                cjose_header_set(header.get(), CJOSE_HDR_KID, std::string(kid).c_str(), &error),
            "a token header cannot be made");
  const Owned<cjose_jws_t> jws(cjose_jws_sign(
      key_, header.get(), reinterpret_cast<const uint8_t*>(payload.data()), payload.size(), &error));
  const char* compact = nullptr;
  TTX_CHECK(jws != nullptr && cjose_jws_export(jws.get(), &compact, &error), "a token cannot be signed");
  return compact;
}

bool Jwk::VerifyCompact(std::string_view text) const {
  cjose_err error{};
  const Owned<cjose_jws_t> jws(cjose_jws_import(text.data(), text.size(), &error));
  const bool genuine = jws != nullptr && cjose_jws_verify(jws.get(), key_, &error);
  ERR_clear_error();
  return genuine;
}

}  // namespace ttx::auth
