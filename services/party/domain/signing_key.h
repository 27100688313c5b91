#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "libs/core/result.h"
#include "libs/core/time.h"
#include "services/party/domain/decision.h"
#include "services/party/domain/organization.h"

namespace ttx::party {

/// Numbers are stored.
enum class SigningKeyState { kActive = 1, kRevoked = 2 };

/// A public key an organization signs contracts with. The private half never leaves the organization.
struct SigningKey {
  std::string
      fingerprint;  // hex SHA-256 of the SubjectPublicKeyInfo; identifies the key in the whole installation
  OrganizationId organization;
  std::string suite;  // libs/crypto/signature.h SuiteId
  std::string public_key_pem;
  std::string person;  // who added it
  SigningKeyState state = SigningKeyState::kActive;
  Time create_time;
  Time revoke_time;
  Time update_time;
  int64_t version = 0;
  bool operator==(const SigningKey&) const = default;
};

struct SigningKeyAdded {
  std::string fingerprint;
  OrganizationId organization;
  std::string suite;
  std::string public_key_pem;
  std::string person;
  bool operator==(const SigningKeyAdded&) const = default;
};
struct SigningKeyRevoked {
  std::string person;
  bool operator==(const SigningKeyRevoked&) const = default;
};
using SigningKeyEvent = std::variant<SigningKeyAdded, SigningKeyRevoked>;
using SigningKeyDecision = Decision<SigningKey, SigningKeyEvent>;

/// The key has been judged and its possession proven.
struct AddSigningKey {
  std::string fingerprint;
  OrganizationId organization;
  std::string suite;
  std::string public_key_pem;
  std::string person;
};
struct RevokeSigningKey {
  std::string person;
};

SigningKeyDecision Decide(const AddSigningKey& command, Time now);
/// WRONG_STATE when revoked already.
Result<SigningKeyDecision> Decide(const SigningKey& state, const RevokeSigningKey& command, Time now);

[[nodiscard]] SigningKey Apply(SigningKey state, const SigningKeyEvent& event, Time time);
std::optional<std::string> Check(const SigningKey& key);

/// What the holder signs to prove that the key is theirs: "TTX-KEY-1|organizations/{id}|{fingerprint}".
std::string PossessionText(const OrganizationId& organization, std::string_view fingerprint);

std::string_view StateName(SigningKeyState state);
std::string ResourceName(const SigningKey& key);

}  // namespace ttx::party
