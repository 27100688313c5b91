#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/storage/txn.h"
#include "services/party/domain/api_client.h"
#include "services/party/domain/credit.h"
#include "services/party/domain/organization.h"
#include "services/party/domain/person.h"
#include "services/party/domain/signing_key.h"
#include "services/party/domain/token_key.h"

namespace ttx::party {

/// Tables of the party key space. Part of the format on disk: do not renumber.
enum class Table : uint8_t {
  kOrganization = 0x10,              // text id -> OrganizationRecord
  kOrganizationByUscc = 0x11,        // text uscc -> id of who holds it
  kPerson = 0x12,                    // text id -> PersonRecord
  kPersonByOrganization = 0x13,      // text organization, text id -> nothing
  kApiClient = 0x14,                 // text id -> ApiClientRecord
  kApiClientByOrganization = 0x15,   // text organization, text id -> nothing
  kSigningKey = 0x16,                // text fingerprint -> SigningKeyRecord
  kSigningKeyByOrganization = 0x17,  // text organization, text fingerprint -> nothing
  kTokenKey = 0x18,                  // text kid -> TokenKeyRecord
  kRevocation = 0x19,                // text subject -> u64 time before which its tokens do not count
  kTokenFailures = 0x1a,             // text client id, known or not -> TokenFailuresRecord
  kCreditEvent = 0x1b,               // text organization, u64 number -> CreditRecord
  kVerification = 0x1c,              // -> u64 version of keys and revocations
  kOrganizationByState = 0x1d,       // text state, text id -> nothing
};

// --- Aggregates. What is loaded is checked: damage stops the process. Save stages the state, its indices and
// one event
// --- each; the events of a decision carry the time of the command.

std::optional<Organization> LoadOrganization(const storage::Reader& reader, const OrganizationId& id);
/// Who holds the (normalised) code, in whatever state.
std::optional<OrganizationId> FindByUscc(const storage::Reader& reader, std::string_view uscc);
/// `before` is the state the decision started from, nullopt for a new organization.
void Save(storage::Txn& txn, const std::optional<Organization>& before, const OrganizationDecision& decision);

std::optional<Person> LoadPerson(const storage::Reader& reader, const PersonId& id);
void Save(storage::Txn& txn, const PersonDecision& decision);

std::optional<ApiClient> LoadApiClient(const storage::Reader& reader, const ApiClientId& id);
void Save(storage::Txn& txn, const ApiClientDecision& decision);

std::optional<SigningKey> LoadSigningKey(const storage::Reader& reader, std::string_view fingerprint);
void Save(storage::Txn& txn, const SigningKeyDecision& decision);

/// The number of the newest entry of an organization's record, 0 when there is none.
int64_t LastCreditNumber(const storage::Reader& reader, const OrganizationId& id);
void Save(storage::Txn& txn, const CreditEntry& entry);

// --- Tokens

/// All keys, oldest first.
std::vector<TokenKey> LoadTokenKeys(const storage::Reader& reader);
/// Stages a key; the event only when it is new.
void SaveTokenKey(storage::Txn& txn, const TokenKey& key, bool is_new);
void ForgetTokenKey(storage::Txn& txn, std::string_view kid);

std::optional<TokenFailures> LoadTokenFailures(const storage::Reader& reader, std::string_view client_id);
void SaveTokenFailures(storage::Txn& txn, std::string_view client_id, const TokenFailures& failures);
void ForgetTokenFailures(storage::Txn& txn, std::string_view client_id);

struct Revocation {
  std::string subject;
  Time not_before;
  bool operator==(const Revocation&) const = default;
};
std::optional<Time> LoadRevocation(const storage::Reader& reader, std::string_view subject);
void SaveRevocation(storage::Txn& txn, const Revocation& revocation);
void ForgetRevocation(storage::Txn& txn, std::string_view subject);
std::vector<Revocation> LoadRevocations(const storage::Reader& reader);

/// Grows with every key made or forgotten and every revocation.
int64_t VerificationVersion(const storage::Reader& reader);
void BumpVerificationVersion(storage::Txn& txn);

// --- Lists: at most `limit` items after the id, fingerprint or number `after` (empty or 0 for the first
// page) ------

/// Only those in `state`, if given.
std::vector<Organization> ListOrganizations(const storage::Reader& reader,
                                            std::optional<OrganizationState> state, std::string_view after,
                                            size_t limit);
std::vector<Person> ListPeople(const storage::Reader& reader, const OrganizationId& id,
                               std::string_view after, size_t limit);
std::vector<ApiClient> ListApiClients(const storage::Reader& reader, const OrganizationId& id,
                                      std::string_view after, size_t limit);
std::vector<SigningKey> ListSigningKeys(const storage::Reader& reader, const OrganizationId& id,
                                        std::string_view after, size_t limit);
std::vector<CreditEntry> ListCreditEntries(const storage::Reader& reader, const OrganizationId& id,
                                           int64_t after, size_t limit);

/// One entry of the event log with what readers need besides.
struct StoredEvent {
  uint64_t sequence = 0;
  Time time;
  OrganizationId organization;  // empty for token keys
  std::string id;               // of what changed
  Profile profile;              // with KycApproved: what was admitted
  std::vector<std::string> client_roles;
  ClientState client_state = ClientState::kActive;
  std::variant<OrganizationRegistered, OrganizationResubmitted, KycApproved, KycRejected,
               OrganizationSuspended, RequestMade, OrganizationReinstated, OrganizationClosed, PersonCreated,
               PersonStateChanged, ApiClientCreated, SecretRotated, SecretReset, ApiClientEnrolled,
               ApiClientApproved, RolesSet, ApiClientStateChanged, SigningKeyAdded, SigningKeyRevoked,
               TokenKeyAdded, TokenKeyForgotten, CreditEntry>
      payload;
};
std::vector<StoredEvent> ListEvents(const storage::Reader& reader, uint64_t after_sequence, size_t limit);

}  // namespace ttx::party
