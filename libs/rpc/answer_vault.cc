#include "libs/rpc/answer_vault.h"

#include "libs/core/check.h"

namespace ttx::rpc {
namespace {

std::string PurposeOf(std::string_view service, std::string_view purpose) {
  return "ttx/answers/v1/" + std::string(service) + "/" + std::string(purpose);
}

}  // namespace

AnswerVault::AnswerVault(std::string_view secrets_key, std::string_view service)
    : name_key_(crypto::HkdfSha256(secrets_key, "", PurposeOf(service, "name"))),
      fingerprint_key_(crypto::HkdfSha256(secrets_key, "", PurposeOf(service, "fingerprint"))),
      sealer_(secrets_key, PurposeOf(service, "seal")) {}

std::string AnswerVault::NameOf(std::string_view principal, std::string_view method,
                                std::string_view request_id) const {
  std::string name;
  name.reserve(principal.size() + method.size() + request_id.size() + 2);
  name.append(principal).append(1, '\0').append(method).append(1, '\0').append(request_id);
  return Base64Url(name_key_.Mac(name));
}

std::string AnswerVault::Seal(std::string_view name, std::string_view answer) { return sealer_.Seal(answer, name); }

std::string AnswerVault::Open(std::string_view name, std::string_view sealed) const {
  Result<std::string> answer = sealer_.Open(sealed, name);
  TTX_CHECK(answer.ok(), "a stored answer does not open: another secrets key, or damage");
  return std::move(answer).value();
}

}  // namespace ttx::rpc
