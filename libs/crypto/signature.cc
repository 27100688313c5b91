#include "libs/crypto/signature.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <utility>

#include "libs/crypto/digest.h"

namespace ttx::crypto {
namespace {

using namespace std::string_view_literals;

constexpr char kDistinguishingId[] = "1234567812345678";
constexpr size_t kPointBytes = 65;  // 0x04, x, y
constexpr size_t kMaxMessageBytes = 16 << 20;

// Everything of a SubjectPublicKeyInfo that stands before the point: id-ecPublicKey with the curve named by
// its OID.
constexpr std::string_view kP256Prefix =
    "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"sv;
constexpr std::string_view kSm2Prefix =
    "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x81\x1c\xcf\x55\x01\x82\x2d\x03\x42\x00"sv;

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(unsigned char* bytes) const { OPENSSL_free(bytes); }
  void operator()(char* text) const { OPENSSL_free(text); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Owned<BIO> ReadOnly(std::string_view text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string Contents(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(length));
}

// The DER bytes of the one "PUBLIC KEY" block of a PEM text; nothing when there is another block or none.
std::optional<std::string> PublicDer(std::string_view pem) {
  const Owned<BIO> bio = ReadOnly(pem);
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long length = 0;
  const bool read = PEM_read_bio(bio.get(), &name, &header, &data, &length) == 1;
  ERR_clear_error();
  const Owned<char> owned_name(name);
  const Owned<char> owned_header(header);
  const Owned<unsigned char> owned_data(data);
  if (!read || std::string_view(name) != PEM_STRING_PUBLIC) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(data), static_cast<size_t>(length));
}

std::optional<Suite> SuiteOf(std::string_view der) {
  if (der.size() != kP256Prefix.size() + kPointBytes || der[kP256Prefix.size()] != 4) return std::nullopt;
  if (der.starts_with(kP256Prefix)) return Suite::kEcdsaP256Sha256;
  if (der.starts_with(kSm2Prefix)) return Suite::kSm2Sm3;
  return std::nullopt;
}

// The key of canonical DER bytes, its point proven to lie on the curve; null otherwise.
Owned<EVP_PKEY> PublicKey(std::string_view der) {
  const unsigned char* at = Bytes(der);
  Owned<EVP_PKEY> key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (key != nullptr) {
    const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
    if (context == nullptr || EVP_PKEY_public_check_quick(context.get()) != 1) key.reset();
  }
  ERR_clear_error();
  return key;
}

std::string DerOf(EVP_PKEY* key) {
  unsigned char* data = nullptr;
  const int length = i2d_PUBKEY(key, &data);
  const Owned<unsigned char> owned(data);
  TTX_CHECK(length > 0, "a public key cannot be encoded");
  return std::string(reinterpret_cast<const char*>(data), static_cast<size_t>(length));
}

std::string PublicPem(EVP_PKEY* key) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  TTX_CHECK(bio != nullptr && PEM_write_bio_PUBKEY(bio.get(), key) == 1, "a public key cannot be encoded");
  return Contents(bio.get());
}

int NoPassphrase(char*, int, int, void*) { return 0; }

// The private key when it is one of `suite`; null otherwise.
Owned<EVP_PKEY> PrivateKey(std::string_view pem, Suite suite) {
  if (pem.size() > kMaxKeyPemBytes) return nullptr;
  const Owned<BIO> bio = ReadOnly(pem);
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  const bool curve_key =
      key != nullptr && (EVP_PKEY_is_a(key.get(), "EC") || EVP_PKEY_is_a(key.get(), "SM2"));
  if (!curve_key || SuiteOf(DerOf(key.get())) != suite) return nullptr;
  return key;
}

const char* DigestName(Suite suite) {
  switch (suite) {
    case Suite::kEcdsaP256Sha256:
      return "SHA256";
    case Suite::kSm2Sm3:
      return "SM3";
  }
  return nullptr;
}

// SM2 hashes the signer's id into the message; OpenSSL's default differs between versions, so it is always
// set.
const OSSL_PARAM* Parameters(Suite suite) {
  static const OSSL_PARAM sm2[] = {
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_DIST_ID, const_cast<char*>(kDistinguishingId),
                                        sizeof kDistinguishingId - 1),
      OSSL_PARAM_construct_end()};
  return suite == Suite::kSm2Sm3 ? sm2 : nullptr;
}

Error UnsupportedKey(std::string_view field) {
  return InvalidField(std::string(field), Reason::kUNSUPPORTED_KEY, "EC P-256 or SM2");
}

}  // namespace

std::string_view SuiteId(Suite suite) {
  switch (suite) {
    case Suite::kEcdsaP256Sha256:
      return "ECDSA-P256-SHA256";
    case Suite::kSm2Sm3:
      return "SM2-SM3";
  }
  return "";
}

std::optional<Suite> ParseSuite(std::string_view id) {
  for (const Suite suite : {Suite::kEcdsaP256Sha256, Suite::kSm2Sm3}) {
    if (id == SuiteId(suite)) return suite;
  }
  return std::nullopt;
}

KeyPair GenerateKey(Suite suite) {
  const Owned<EVP_PKEY> key(suite == Suite::kSm2Sm3 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "SM2")
                                                    : EVP_EC_gen("P-256"));
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  TTX_CHECK(key != nullptr && bio != nullptr, "a key cannot be made");
  TTX_CHECK(PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
            "a private key cannot be encoded");
  return {Contents(bio.get()), PublicPem(key.get())};
}

Result<std::string> ParsePublicKey(std::string_view pem, Suite suite, std::string_view field) {
  if (pem.empty()) return InvalidField(std::string(field), Reason::kREQUIRED);
  if (pem.size() > kMaxKeyPemBytes) {
    return InvalidField(std::string(field), Reason::kTOO_LONG,
                        "0.." + std::to_string(kMaxKeyPemBytes) + " bytes");
  }
  const std::optional<std::string> der = PublicDer(pem);
  if (!der) return InvalidField(std::string(field), Reason::kBAD_FORMAT, "PEM PUBLIC KEY");
  const Owned<EVP_PKEY> key = SuiteOf(*der) == suite ? PublicKey(*der) : nullptr;
  if (key == nullptr) return UnsupportedKey(field);
  return PublicPem(key.get());
}

Result<std::string> PublicKeyOf(std::string_view private_pem, Suite suite) {
  const Owned<EVP_PKEY> key = PrivateKey(private_pem, suite);
  if (key == nullptr) return UnsupportedKey("private_key");
  return PublicPem(key.get());
}

Result<std::string> PublicKeyFingerprint(std::string_view public_pem) {
  const std::optional<std::string> der =
      public_pem.size() <= kMaxKeyPemBytes ? PublicDer(public_pem) : std::nullopt;
  if (!der || !SuiteOf(*der)) return UnsupportedKey("public_key");
  return Hex(Sha256(*der));
}

Result<std::string> Sign(Suite suite, std::string_view private_pem, std::string_view message) {
  TTX_CHECK(message.size() <= kMaxMessageBytes, "the message is too long to sign");
  const Owned<EVP_PKEY> key = PrivateKey(private_pem, suite);
  if (key == nullptr) return UnsupportedKey("private_key");
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::string signature(kMaxSignatureBytes, '\0');
  size_t length = signature.size();
  const bool done = context != nullptr &&
                    EVP_DigestSignInit_ex(context.get(), nullptr, DigestName(suite), nullptr, nullptr,
                                          key.get(), Parameters(suite)) == 1 &&
                    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length,
                                   Bytes(message), message.size()) == 1;
  TTX_CHECK(done, "signing failed");
  signature.resize(length);
  return signature;
}

bool Verify(Suite suite, std::string_view public_pem, std::string_view message,
            std::string_view signature_der) {
  if (public_pem.size() > kMaxKeyPemBytes || signature_der.empty() ||
      signature_der.size() > kMaxSignatureBytes || message.size() > kMaxMessageBytes) {
    return false;
  }
  const std::optional<std::string> der = PublicDer(public_pem);
  const Owned<EVP_PKEY> key = der && SuiteOf(*der) == suite ? PublicKey(*der) : nullptr;
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const bool genuine = key != nullptr && context != nullptr &&
                       EVP_DigestVerifyInit_ex(context.get(), nullptr, DigestName(suite), nullptr, nullptr,
                                               key.get(), Parameters(suite)) == 1 &&
                       EVP_DigestVerify(context.get(), Bytes(signature_der), signature_der.size(),
                                        Bytes(message), message.size()) == 1;
  ERR_clear_error();
  return genuine;
}

}  // namespace ttx::crypto
