#include "libs/sealed/suite.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <memory>

#include "libs/core/check.h"
#include "libs/core/encoding.h"
#include "libs/crypto/digest.h"

namespace ttx::sealed {
namespace {

constexpr size_t kSivBytes = 16;
constexpr size_t kGcmTagBytes = 16;
constexpr size_t kMacBytes = 32;
constexpr size_t kX25519Bytes = 32;
constexpr size_t kPointBytes = 65;
constexpr size_t kScalarBytes = 32;
constexpr size_t kWideScalarBytes = 48;
constexpr size_t kSm4KeyBytes = 16;
constexpr size_t kAesKeyBytes = 32;
constexpr size_t kAesSivKeyBytes = 64;
constexpr size_t kBlockBytes = 16;

struct Free {
  void operator()(BIGNUM* number) const { BN_clear_free(number); }
  void operator()(BN_CTX* context) const { BN_CTX_free(context); }
  void operator()(EC_POINT* point) const { EC_POINT_clear_free(point); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

template <class T>
T* Available(T* algorithm) {
  TTX_CHECK(algorithm != nullptr, "the cryptographic library lacks an algorithm of the sealed envelopes");
  return algorithm;
}

// Fetched once: looking an algorithm up costs more than using it on a few bytes.
const EVP_MD* DigestOf(Suite suite) {
  static const EVP_MD* const sha256 = Available(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  static const EVP_MD* const sm3 = Available(EVP_MD_fetch(nullptr, "SM3", nullptr));
  return suite == Suite::kTtxSbSm ? sm3 : sha256;
}

const EVP_CIPHER* AesSiv() {
  static const EVP_CIPHER* const cipher = Available(EVP_CIPHER_fetch(nullptr, "AES-256-SIV", nullptr));
  return cipher;
}

const EVP_CIPHER* AesGcm() {
  static const EVP_CIPHER* const cipher = Available(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  return cipher;
}

const EVP_CIPHER* Sm4Ctr() {
  static const EVP_CIPHER* const cipher = Available(EVP_CIPHER_fetch(nullptr, "SM4-CTR", nullptr));
  return cipher;
}

EVP_KDF* Hkdf() {
  static EVP_KDF* const kdf = Available(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  return kdf;
}

EVP_MAC* Hmac() {
  static EVP_MAC* const mac = Available(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  return mac;
}

const EC_GROUP* Sm2Group() {
  static const EC_GROUP* const group = Available(EC_GROUP_new_by_curve_name(NID_sm2));
  return group;
}

char* DigestName(Suite suite) { return const_cast<char*>(suite == Suite::kTtxSbSm ? "SM3" : "SHA256"); }

OSSL_PARAM Octets(const char* name, std::string_view bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(bytes.data()), bytes.size());
}

std::string HmacSm3(std::string_view key, std::initializer_list<std::string_view> parts) {
  const Owned<EVP_MAC_CTX> context(EVP_MAC_CTX_new(Hmac()));
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, DigestName(Suite::kTtxSbSm), 0),
      OSSL_PARAM_construct_end()};
  bool done = context != nullptr && EVP_MAC_init(context.get(), Bytes(key), key.size(), parameters) == 1;
  for (const std::string_view part : parts) {
    done = done && EVP_MAC_update(context.get(), Bytes(part), part.size()) == 1;
  }
  std::string out(kMacBytes, '\0');
  size_t length = 0;
  done = done && EVP_MAC_final(context.get(), Bytes(out), &length, out.size()) == 1;
  TTX_CHECK(done && length == kMacBytes, "a message authentication code failed");
  return out;
}

// SM4 in counter mode; the same call encrypts and decrypts.
void ApplySm4Ctr(std::string_view key, std::string_view iv, std::string_view in, unsigned char* out) {
  const Owned<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  int written = 0;
  const bool done =
      context != nullptr &&
      EVP_EncryptInit_ex2(context.get(), Sm4Ctr(), Bytes(key), Bytes(iv), nullptr) == 1 &&
      EVP_EncryptUpdate(context.get(), out, &written, Bytes(in), static_cast<int>(in.size())) == 1;
  TTX_CHECK(done && static_cast<size_t>(written) == in.size(), "SM4-CTR failed");
}

// An AEAD context that has taken in the associated data; `iv` is null for SIV. When decrypting, `tag` is what
// the text must carry.
Owned<EVP_CIPHER_CTX> BeginAead(const EVP_CIPHER* cipher, bool encrypt, std::string_view key,
                                const unsigned char* iv, std::string_view associated, std::string tag) {
  Owned<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  int ignored = 0;
  bool ready = context != nullptr &&
               EVP_CipherInit_ex2(context.get(), cipher, Bytes(key), iv, encrypt ? 1 : 0, nullptr) == 1;
  if (!encrypt) {
    ready = ready && EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()),
                                         tag.data()) == 1;
  }
  ready = ready && EVP_CipherUpdate(context.get(), nullptr, &ignored, Bytes(associated),
                                    static_cast<int>(associated.size())) == 1;
  TTX_CHECK(ready, "an authenticated cipher is not available");
  return context;
}

// Ciphertext without its tag, which is stored to `tag`.
std::string EncryptAead(const EVP_CIPHER* cipher, std::string_view key, const unsigned char* iv,
                        std::string_view associated, std::string_view plain, std::string& tag) {
  const Owned<EVP_CIPHER_CTX> context = BeginAead(cipher, true, key, iv, associated, "");
  std::string out(plain.size(), '\0');
  int written = 0;
  int rest = 0;
  const bool done = EVP_CipherUpdate(context.get(), Bytes(out), &written, Bytes(plain),
                                     static_cast<int>(plain.size())) == 1 &&
                    EVP_CipherFinal_ex(context.get(), Bytes(out) + written, &rest) == 1 &&
                    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag.size()),
                                        tag.data()) == 1;
  TTX_CHECK(done && static_cast<size_t>(written + rest) == plain.size(), "sealing failed");
  return out;
}

std::optional<SecretBytes> DecryptAead(const EVP_CIPHER* cipher, std::string_view key,
                                       const unsigned char* iv, std::string_view associated,
                                       std::string_view text, std::string_view tag) {
  const Owned<EVP_CIPHER_CTX> context = BeginAead(cipher, false, key, iv, associated, std::string(tag));
  SecretBytes out(text.size());
  int written = 0;
  int rest = 0;
  const bool genuine = EVP_CipherUpdate(context.get(), out.data(), &written, Bytes(text),
                                        static_cast<int>(text.size())) == 1 &&
                       EVP_CipherFinal_ex(context.get(), out.data() + written, &rest) == 1;
  ERR_clear_error();
  if (!genuine) return std::nullopt;
  return out;
}

Owned<BIGNUM> Number(std::string_view big_endian) {
  Owned<BIGNUM> number(BN_bin2bn(Bytes(big_endian), static_cast<int>(big_endian.size()), nullptr));
  TTX_CHECK(number != nullptr, "out of memory");
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  return number;
}

SecretBytes Sm2Scalar(const SecretBytes& wide) {
  const Owned<BN_CTX> context(BN_CTX_secure_new());
  const Owned<BIGNUM> scalar = Number(wide.view());
  const Owned<BIGNUM> range(BN_dup(EC_GROUP_get0_order(Sm2Group())));
  const Owned<BIGNUM> rest(BN_secure_new());
  SecretBytes out(kScalarBytes);
  const bool done = context != nullptr && range != nullptr && rest != nullptr &&
                    BN_sub_word(range.get(), 1) == 1 &&
                    BN_nnmod(rest.get(), scalar.get(), range.get(), context.get()) == 1 &&
                    BN_add_word(rest.get(), 1) == 1 &&
                    BN_bn2binpad(rest.get(), out.data(), static_cast<int>(out.size())) == kScalarBytes;
  TTX_CHECK(done, "an SM2 key cannot be derived");
  return out;
}

// The point of its uncompressed form, or null when it is none of the curve.
Owned<EC_POINT> Sm2Point(std::string_view bytes) {
  Owned<EC_POINT> point(EC_POINT_new(Sm2Group()));
  TTX_CHECK(point != nullptr, "out of memory");
  const bool valid = bytes.size() == kPointBytes && bytes[0] == POINT_CONVERSION_UNCOMPRESSED &&
                     EC_POINT_oct2point(Sm2Group(), point.get(), Bytes(bytes), bytes.size(), nullptr) == 1;
  ERR_clear_error();
  if (!valid) point.reset();
  return point;
}

Owned<EVP_PKEY> X25519PrivateKey(const SecretBytes& private_key) {
  Owned<EVP_PKEY> key(
      EVP_PKEY_new_raw_private_key_ex(nullptr, "X25519", nullptr, private_key.data(), private_key.size()));
  TTX_CHECK(key != nullptr, "X25519 is not available");
  return key;
}

// The u coordinates of small order below the prime; every agreement with one of them gives zero.
bool HasSmallOrder(std::string_view u) {
  static const std::array<std::string, 5> points = {
      std::string(kX25519Bytes, '\0'), "\x01" + std::string(kX25519Bytes - 1, '\0'),
      FromHex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800").value(),
      FromHex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157").value(),
      FromHex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f").value()};
  return std::find(points.begin(), points.end(), u) != points.end();
}

// Whether a little-endian number is below 2^255 - 19.
bool IsCanonicalX25519(std::string_view u) {
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(u[at]); };
  if (byte(31) != 0x7F) return byte(31) < 0x7F;
  for (size_t at = 30; at > 0; --at) {
    if (byte(at) != 0xFF) return true;
  }
  return byte(0) < 0xED;
}

// SM4 in counter mode, then HMAC-SM3 over associated data, IV and text: text and tag. A box needs no IV of
// its own: its key is used once.
std::string Sm4Seal(std::string_view sm4_key, std::string_view mac_key, std::string_view iv,
                    std::string_view associated, std::string_view plain) {
  std::string text(plain.size(), '\0');
  ApplySm4Ctr(sm4_key, iv, plain, Bytes(text));
  return text + HmacSm3(mac_key, {associated, iv, text});
}

std::optional<SecretBytes> Sm4Open(std::string_view sm4_key, std::string_view mac_key, std::string_view iv,
                                   std::string_view associated, std::string_view sealed) {
  const std::string_view text = sealed.substr(0, sealed.size() - kMacBytes);
  if (!crypto::ConstantTimeEqual(HmacSm3(mac_key, {associated, iv, text}), sealed.substr(text.size()))) {
    return std::nullopt;
  }
  SecretBytes plain(text.size());
  ApplySm4Ctr(sm4_key, iv, text, plain.data());
  return plain;
}

}  // namespace

std::string_view SuiteId(Suite suite) {
  switch (suite) {
    case Suite::kTtxSb1:
      return "TTX-SB-1";
    case Suite::kTtxSbSm:
      return "TTX-SB-SM";
  }
  return "";
}

std::optional<Suite> ParseSuite(std::string_view id) {
  for (const Suite suite : {Suite::kTtxSb1, Suite::kTtxSbSm}) {
    if (id == SuiteId(suite)) return suite;
  }
  return std::nullopt;
}

crypto::Suite SignatureSuite(Suite suite) {
  return suite == Suite::kTtxSbSm ? crypto::Suite::kSm2Sm3 : crypto::Suite::kEcdsaP256Sha256;
}

size_t PublicKeyBytes(Suite suite) { return suite == Suite::kTtxSbSm ? kPointBytes : kX25519Bytes; }

size_t BoxBytes(Suite suite) { return kShareBytes + (suite == Suite::kTtxSbSm ? kMacBytes : kGcmTagBytes); }

size_t BodyOverheadBytes(Suite suite) { return kSivBytes + (suite == Suite::kTtxSbSm ? kMacBytes : 0); }

std::string Hash(Suite suite, std::initializer_list<std::string_view> parts) {
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  bool done = context != nullptr && EVP_DigestInit_ex2(context.get(), DigestOf(suite), nullptr) == 1;
  for (const std::string_view part : parts) {
    done = done && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  std::string out(kHashBytes, '\0');
  done = done && EVP_DigestFinal_ex(context.get(), Bytes(out), nullptr) == 1;
  TTX_CHECK(done, "a digest failed");
  return out;
}

SecretBytes DeriveKey(Suite suite, std::string_view secret, std::initializer_list<std::string_view> info,
                      size_t count) {
  const SecretBytes joined = Join(info);
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, DigestName(suite), 0),
      Octets(OSSL_KDF_PARAM_KEY, secret), Octets(OSSL_KDF_PARAM_INFO, joined.view()),
      OSSL_PARAM_construct_end()};
  const Owned<EVP_KDF_CTX> context(EVP_KDF_CTX_new(Hkdf()));
  SecretBytes out(count);
  TTX_CHECK(context != nullptr && EVP_KDF_derive(context.get(), out.data(), out.size(), parameters) == 1,
            "a key cannot be derived");
  return out;
}

SecretBytes DerivePrivateKey(Suite suite, std::string_view secret,
                             std::initializer_list<std::string_view> info) {
  if (suite == Suite::kTtxSb1) return DeriveKey(suite, secret, info, kX25519Bytes);
  return Sm2Scalar(DeriveKey(suite, secret, info, kWideScalarBytes));
}

bool IsPrivateKey(Suite suite, std::string_view private_key) {
  if (private_key.size() != kScalarBytes) return false;
  if (suite == Suite::kTtxSb1) return true;
  const Owned<BIGNUM> scalar = Number(private_key);
  return !BN_is_zero(scalar.get()) && BN_cmp(scalar.get(), EC_GROUP_get0_order(Sm2Group())) < 0;
}

std::string PublicKeyOf(Suite suite, const SecretBytes& private_key) {
  TTX_CHECK(private_key.size() == kScalarBytes, "a private key has 32 bytes");
  std::string out(PublicKeyBytes(suite), '\0');
  size_t length = out.size();
  if (suite == Suite::kTtxSb1) {
    const Owned<EVP_PKEY> key = X25519PrivateKey(private_key);
    TTX_CHECK(EVP_PKEY_get_raw_public_key(key.get(), Bytes(out), &length) == 1 && length == out.size(),
              "an X25519 public key cannot be made");
    return out;
  }
  const Owned<BN_CTX> context(BN_CTX_secure_new());
  const Owned<BIGNUM> scalar = Number(private_key.view());
  const Owned<EC_POINT> point(EC_POINT_new(Sm2Group()));
  const bool done =
      context != nullptr && point != nullptr &&
      EC_POINT_mul(Sm2Group(), point.get(), scalar.get(), nullptr, nullptr, context.get()) == 1 &&
      EC_POINT_point2oct(Sm2Group(), point.get(), POINT_CONVERSION_UNCOMPRESSED, Bytes(out), length,
                         context.get()) == length;
  TTX_CHECK(done, "an SM2 public key cannot be made");
  return out;
}

bool IsPublicKey(Suite suite, std::string_view public_key) {
  if (public_key.size() != PublicKeyBytes(suite)) return false;
  if (suite == Suite::kTtxSb1) return IsCanonicalX25519(public_key) && !HasSmallOrder(public_key);
  return Sm2Point(public_key) != nullptr;
}

SecretBytes Agree(Suite suite, const SecretBytes& private_key, std::string_view public_key) {
  SecretBytes shared(kX25519Bytes);
  size_t length = shared.size();
  if (suite == Suite::kTtxSb1) {
    const Owned<EVP_PKEY> own = X25519PrivateKey(private_key);
    const Owned<EVP_PKEY> peer(
        EVP_PKEY_new_raw_public_key_ex(nullptr, "X25519", nullptr, Bytes(public_key), public_key.size()));
    const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, own.get(), nullptr));
    const bool done = peer != nullptr && context != nullptr && EVP_PKEY_derive_init(context.get()) == 1 &&
                      EVP_PKEY_derive_set_peer(context.get(), peer.get()) == 1 &&
                      EVP_PKEY_derive(context.get(), shared.data(), &length) == 1 && length == shared.size();
    TTX_CHECK(done, "X25519 failed");
    return shared;
  }
  const Owned<BN_CTX> context(BN_CTX_secure_new());
  const Owned<BIGNUM> scalar = Number(private_key.view());
  const Owned<BIGNUM> x(BN_secure_new());
  const Owned<EC_POINT> peer = Sm2Point(public_key);
  const Owned<EC_POINT> point(EC_POINT_new(Sm2Group()));
  const bool done =
      context != nullptr && x != nullptr && peer != nullptr && point != nullptr &&
      EC_POINT_mul(Sm2Group(), point.get(), nullptr, peer.get(), scalar.get(), context.get()) == 1 &&
      EC_POINT_get_affine_coordinates(Sm2Group(), point.get(), x.get(), nullptr, context.get()) == 1 &&
      BN_bn2binpad(x.get(), shared.data(), static_cast<int>(shared.size())) ==
          static_cast<int>(shared.size());
  TTX_CHECK(done, "ECDH on the SM2 curve failed");
  return shared;
}

std::string SealBody(Suite suite, std::string_view secret, std::initializer_list<std::string_view> info,
                     std::string_view associated, std::string_view padded) {
  if (suite == Suite::kTtxSb1) {
    const SecretBytes key = DeriveKey(suite, secret, info, kAesSivKeyBytes);
    std::string iv(kSivBytes, '\0');
    const std::string text = EncryptAead(AesSiv(), key.view(), nullptr, associated, padded, iv);
    return iv + text;
  }
  const SecretBytes keys = DeriveKey(suite, secret, info, kSm4KeyBytes + 2 * kMacBytes);
  const std::string_view iv_key = keys.view().substr(kSm4KeyBytes, kMacBytes);
  const std::string iv = HmacSm3(iv_key, {associated, padded}).substr(0, kBlockBytes);
  return iv + Sm4Seal(keys.view().substr(0, kSm4KeyBytes), keys.view().substr(kSm4KeyBytes + kMacBytes), iv,
                      associated, padded);
}

std::optional<SecretBytes> OpenBody(Suite suite, std::string_view secret,
                                    std::initializer_list<std::string_view> info, std::string_view associated,
                                    std::string_view body) {
  TTX_CHECK(body.size() >= BodyOverheadBytes(suite), "a body is longer than its overhead");
  if (suite == Suite::kTtxSb1) {
    const SecretBytes key = DeriveKey(suite, secret, info, kAesSivKeyBytes);
    return DecryptAead(AesSiv(), key.view(), nullptr, associated, body.substr(kSivBytes),
                       body.substr(0, kSivBytes));
  }
  const SecretBytes keys = DeriveKey(suite, secret, info, kSm4KeyBytes + 2 * kMacBytes);
  return Sm4Open(keys.view().substr(0, kSm4KeyBytes), keys.view().substr(kSm4KeyBytes + kMacBytes),
                 body.substr(0, kBlockBytes), associated, body.substr(kBlockBytes));
}

std::string SealBox(Suite suite, std::string_view secret, std::initializer_list<std::string_view> info,
                    std::string_view associated, const SecretBytes& share) {
  constexpr std::array<unsigned char, kBlockBytes> kZeroIv{};
  if (suite == Suite::kTtxSb1) {
    const SecretBytes key = DeriveKey(suite, secret, info, kAesKeyBytes);
    std::string tag(kGcmTagBytes, '\0');
    const std::string text = EncryptAead(AesGcm(), key.view(), kZeroIv.data(), associated, share.view(), tag);
    return text + tag;
  }
  const SecretBytes keys = DeriveKey(suite, secret, info, kSm4KeyBytes + kMacBytes);
  return Sm4Seal(keys.view().substr(0, kSm4KeyBytes), keys.view().substr(kSm4KeyBytes),
                 std::string(kBlockBytes, '\0'), associated, share.view());
}

std::optional<SecretBytes> OpenBox(Suite suite, std::string_view secret,
                                   std::initializer_list<std::string_view> info, std::string_view associated,
                                   std::string_view box) {
  TTX_CHECK(box.size() == BoxBytes(suite), "a box has one length");
  constexpr std::array<unsigned char, kBlockBytes> kZeroIv{};
  if (suite == Suite::kTtxSb1) {
    const SecretBytes key = DeriveKey(suite, secret, info, kAesKeyBytes);
    return DecryptAead(AesGcm(), key.view(), kZeroIv.data(), associated, box.substr(0, kShareBytes),
                       box.substr(kShareBytes));
  }
  const SecretBytes keys = DeriveKey(suite, secret, info, kSm4KeyBytes + kMacBytes);
  return Sm4Open(keys.view().substr(0, kSm4KeyBytes), keys.view().substr(kSm4KeyBytes),
                 std::string(kBlockBytes, '\0'), associated, box);
}

}  // namespace ttx::sealed
