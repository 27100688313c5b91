#include "services/party/app/secrets.h"

#include "libs/core/encoding.h"
#include "libs/crypto/digest.h"
#include "libs/crypto/seal.h"

namespace ttx::party {
namespace {

constexpr size_t kSecretBytes = 32;
constexpr size_t kMaxPresentedBytes = 256;

std::string RandomText(IdSource& ids) {
  const std::string bytes = ids.RandomBytes(kSecretBytes);
  TTX_CHECK(bytes.size() == kSecretBytes, "an id source must give the bytes asked for");
  return Base64Url(bytes);
}

std::string SecretContext(std::string_view client_name) {
  return std::string(client_name) + ".client_secret";
}
std::string KeyContext(std::string_view kid) { return "tokenKeys/" + std::string(kid) + ".private_key"; }

}  // namespace

std::string MakeClientSecret(IdSource& ids) { return "ttx_" + RandomText(ids); }

std::string MakeEnrolmentCode(IdSource& ids) { return "tte_" + RandomText(ids); }

std::string ClientSecretHash(std::string_view secret) { return crypto::Sha256(secret); }

bool ClientSecretMatches(std::string_view presented, std::string_view stored_hash) {
  return crypto::ConstantTimeEqual(crypto::Sha256(presented.substr(0, kMaxPresentedBytes)), stored_hash);
}

std::string SealClientSecret(std::string_view secrets_key, std::string_view secret,
                             std::string_view client_name) {
  return Base64Url(crypto::Seal(secrets_key, secret, SecretContext(client_name)));
}

Result<std::string> OpenClientSecret(std::string_view secrets_key, std::string_view sealed,
                                     std::string_view client_name) {
  const std::optional<std::string> bytes = FromBase64Url(sealed);
  if (!bytes) return Error(Reason::kDATA_LOSS);
  return crypto::Open(secrets_key, *bytes, SecretContext(client_name));
}

std::string SealTokenKey(std::string_view secrets_key, std::string_view private_pem, std::string_view kid) {
  return crypto::Seal(secrets_key, private_pem, KeyContext(kid));
}

Result<std::string> OpenTokenKey(std::string_view secrets_key, std::string_view sealed,
                                 std::string_view kid) {
  return crypto::Open(secrets_key, sealed, KeyContext(kid));
}

}  // namespace ttx::party
