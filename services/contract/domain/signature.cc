#include "services/contract/domain/signature.h"

namespace ttx::contract {
namespace {

const std::string& HashOf(const DocumentHashes& document, std::string_view suite) {
  return suite == "SM2-SM3" ? document.sm3 : document.sha256;
}

}  // namespace

std::optional<Error> RefuseAttempt(const SignAttempt& attempt, const DocumentHashes& document) {
  if (attempt.document_hash != document.sha256 && attempt.document_hash != document.sm3) {
    return Error(attempt.other_document ? Reason::kOTHER_CONTRACT : Reason::kDOCUMENT_MISMATCH,
                 {{"expected", HashOf(document, attempt.suite)}});
  }
  const std::map<std::string, std::string> details = {{"key_id", attempt.key_id}};
  if (!attempt.key) return Error(Reason::kSIGNING_KEY_UNKNOWN, details);
  if (attempt.key->organization != attempt.organization)
    return Error(Reason::kSIGNING_KEY_NOT_YOURS, details);
  if (attempt.key->revoke_time) return Error(Reason::kSIGNING_KEY_REVOKED, details);
  if (attempt.key->suite != attempt.suite || attempt.document_hash != HashOf(document, attempt.suite)) {
    return Error(Reason::kSIGNING_SUITE_MISMATCH,
                 {{"key_id", attempt.key_id}, {"suite", attempt.key->suite}});
  }
  if (!attempt.verified) return Error(Reason::kBAD_SIGNATURE, details);
  return std::nullopt;
}

Signature Accept(const SignAttempt& attempt, Time now) {
  return {.side = attempt.side,
          .organization = attempt.organization,
          .person = attempt.person,
          .key_id = attempt.key_id,
          .suite = attempt.suite,
          .document_hash = attempt.document_hash,
          .value = attempt.value,
          .sign_time = now,
          .verify_result = "VALID"};
}

}  // namespace ttx::contract
