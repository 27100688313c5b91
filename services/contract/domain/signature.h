#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "libs/core/error.h"
#include "services/contract/domain/fields.h"

namespace ttx::contract {

/// Who somebody is in a deal.
enum class Side { kSeller, kBuyer, kExchange };
inline constexpr std::array<std::string_view, 3> kSideNames = {"SELLER", "BUYER", "EXCHANGE"};
constexpr const auto& NamesOf(Side) { return kSideNames; }

/// The digests of a document's exact bytes, in lower-case hexadecimal.
struct DocumentHashes {
  std::string sha256;
  std::string sm3;
  bool operator==(const DocumentHashes&) const = default;
};
template <FieldsOf<DocumentHashes> S, class V>
void Visit(S& s, V&& visit) {
  visit("sha256", s.sha256);
  visit("sm3", s.sm3);
}

/// A signature that was accepted, with what proves its reliability later (domain.md 6.2). There is no other
/// kind: a signature that does not verify is refused and leaves nothing.
struct Signature {
  Side side = Side::kSeller;
  std::string organization;   // "organizations/{id}"
  std::string person;         // "people/{id}"
  std::string key_id;         // fingerprint of the registered key
  std::string suite;          // "ECDSA-P256-SHA256" | "SM2-SM3"
  std::string document_hash;  // hexadecimal, by the suite's digest
  std::string value;          // DER
  Time sign_time;             // the server's
  std::string verify_result;  // "VALID"
  bool operator==(const Signature&) const = default;
};
template <FieldsOf<Signature> S, class V>
void Visit(S& s, V&& visit) {
  visit("side", s.side);
  visit("organization", s.organization);
  visit("person", s.person);
  visit("key_id", s.key_id);
  visit("suite", s.suite);
  visit("document_hash", s.document_hash);
  visit("value", s.value);
  visit("sign_time", s.sign_time);
  visit("verify_result", s.verify_result);
}

/// A key as the party service told it.
struct SigningKey {
  std::string key_id = {};
  std::string organization = {};
  std::string suite = {};
  std::string public_key_pem = {};
  std::string person = {};
  Time add_time = {};
  Time revoke_time = {};  // none while it is good
  bool operator==(const SigningKey&) const = default;
};
template <FieldsOf<SigningKey> S, class V>
void Visit(S& s, V&& visit) {
  visit("key_id", s.key_id);
  visit("organization", s.organization);
  visit("suite", s.suite);
  visit("public_key_pem", s.public_key_pem);
  visit("person", s.person);
  visit("add_time", s.add_time);
  visit("revoke_time", s.revoke_time);
}

/// Somebody hands in a signature. What needs storage or cryptography has been found out before.
struct SignAttempt {
  Side side = Side::kSeller;
  std::string organization;
  std::string person;
  std::string key_id;
  std::optional<SigningKey> key;  // what is registered under key_id
  std::string suite;
  std::string document_hash;
  bool other_document = false;  // document_hash is that of another deal or contract
  std::string value;
  bool verified = false;  // `value` verifies over this document with `key` under `suite`
};

/// Why the attempt is refused, in this order: DOCUMENT_MISMATCH or OTHER_CONTRACT, SIGNING_KEY_UNKNOWN,
/// SIGNING_KEY_NOT_YOURS, SIGNING_KEY_REVOKED, SIGNING_SUITE_MISMATCH, BAD_SIGNATURE. Nothing when it is
/// good.
std::optional<Error> RefuseAttempt(const SignAttempt& attempt, const DocumentHashes& document);

/// The record of a good attempt.
Signature Accept(const SignAttempt& attempt, Time now);

}  // namespace ttx::contract
