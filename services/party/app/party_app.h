#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/id.h"
#include "libs/core/principal.h"
#include "libs/core/result.h"
#include "libs/storage/log_page.h"
#include "libs/storage/txn.h"
#include "services/party/store/party_store.h"

namespace ttx::party {

struct PartyOptions {
  std::string issuer = "ttx";
  std::string audience = "ttx";
  Duration token_lifetime = Seconds(600);   // at most an hour
  Duration enrolment_lifetime = Hours(72);  // of the code of a client that somebody else made
  std::string secrets_key;                  // 32 bytes, libs/crypto/seal.h
};

/// How much of an organization and what belongs to it a caller sees.
enum class View {
  kPublic,  // uscc, legal name, kind, state
  kMember,  // everything, personal data masked (domain.md 8.3)
  kStaff,   // everything: ADMINISTRATOR, KYC_CLERK, KYC_OFFICER
};

/// The party service's use cases: one method per RPC and timer. Commands run on the writer's thread, queries
/// on any.
class PartyApp {
 public:
  /// `ids` must outlive the object.
  PartyApp(IdSource& ids, PartyOptions options);

  // --- Organizations

  struct RegisterInput {
    Profile profile;
    std::string person_display_name;
    std::string client_display_name;
    std::vector<std::string> roles;
  };
  struct Registered {
    Organization organization;
    Person person;
    ApiClient client;
    std::string client_secret;   // of whoever registers itself
    std::string enrolment_code;  // of whoever was registered by staff
  };
  /// By an outsider or, when `by_administrator`, by staff: the maker is then the caller, and the first client
  /// has an enrolment code instead of a secret. USCC_TAKEN, KIND_RESTRICTED ...
  Result<Registered> Register(storage::Txn& txn, const Principal& caller, const RegisterInput& input,
                              bool by_administrator) const;
  struct Installed {
    Registered first;
    Registered second;  // of the same organization
  };
  /// The first organization of an empty store, ACTIVE and operating the installation, with two administrators
  /// of two persons: from then on nobody makes an administrator, or any other client of it, alone. The first
  /// token key signs at once. STORE_NOT_EMPTY.
  Result<Installed> Install(storage::Txn& txn, RegisterInput input, const std::string& second_person) const;

  /// An organization's own member or ADMINISTRATOR; NOT_FOUND for others.
  Result<Organization> Resubmit(storage::Txn& txn, const Principal& caller, const OrganizationId& id,
                                const Profile& profile, std::string_view etag) const;
  Result<Organization> ApproveKyc(storage::Txn& txn, const Principal& caller, const OrganizationId& id,
                                  std::string_view etag) const;
  Result<Organization> RejectKyc(storage::Txn& txn, const Principal& caller, const OrganizationId& id,
                                 const std::string& reason, std::string_view etag) const;
  /// Also ends the tokens of all clients.
  Result<Organization> Suspend(storage::Txn& txn, const Principal& caller, const OrganizationId& id,
                               const std::string& reason, std::string_view etag) const;
  Result<Organization> MakeRequest(storage::Txn& txn, const Principal& caller, const OrganizationId& id,
                                   RequestKind kind, const std::string& reason, std::string_view etag) const;
  /// Closing also ends the tokens of all clients.
  Result<Organization> ApproveRequest(storage::Txn& txn, const Principal& caller, const OrganizationId& id,
                                      RequestKind kind, std::string_view etag) const;

  Result<Organization> GetOrganization(const storage::Reader& reader, const OrganizationId& id) const;
  /// `uscc` is normalised.
  Result<Organization> Lookup(const storage::Reader& reader, std::string_view uscc) const;
  /// Only those in `state`, if given.
  std::vector<Organization> ListOrganizations(const storage::Reader& reader,
                                              std::optional<OrganizationState> state, std::string_view after,
                                              size_t limit) const {
    return party::ListOrganizations(reader, state, after, limit);
  }
  static View ViewOf(const Principal& caller, const OrganizationId& organization);

  // --- People: the organization's manager or ADMINISTRATOR changes them, members and staff see them

  Result<Person> CreatePerson(storage::Txn& txn, const Principal& caller, const OrganizationId& organization,
                              const std::string& display_name) const;
  /// Disabling ends the tokens of the person's clients. OWN_CLIENT for the caller.
  Result<Person> SetPersonState(storage::Txn& txn, const Principal& caller, const PersonId& id,
                                AccessState state, std::string_view etag) const;
  Result<Person> GetPerson(const storage::Reader& reader, const Principal& caller, const PersonId& id) const;
  Result<std::vector<Person>> ListPeople(const storage::Reader& reader, const Principal& caller,
                                         const OrganizationId& organization, std::string_view after,
                                         size_t limit) const;

  // --- API clients

  struct CreateClientInput {
    PersonId person;
    std::string display_name;
    std::vector<std::string> roles;
    bool manager = false;
  };
  struct ClientWithSecret {
    ApiClient client;
    std::string secret;
  };
  struct ClientWithCode {
    ApiClient client;
    std::string enrolment_code;
  };
  /// PENDING in an organization whose clients need a second person.
  Result<ClientWithCode> CreateApiClient(storage::Txn& txn, const Principal& caller,
                                         const CreateClientInput& input) const;
  /// By a second person who manages the organization. SAME_PERSON.
  Result<ApiClient> ApproveApiClient(storage::Txn& txn, const Principal& caller, const ApiClientId& id,
                                     std::string_view etag) const;
  /// Exchanges the code for the secret, once; by whoever has it. RATE_LIMITED and UNAUTHENTICATED as
  /// IssueToken, ENROLMENT_CODE_USED, ENROLMENT_CODE_EXPIRED, WRONG_STATE.
  Result<ClientWithSecret> EnrolApiClient(storage::Txn& txn, const ApiClientId& id,
                                          std::string_view enrolment_code) const;
  /// By the client itself. Ends its tokens.
  Result<ClientWithSecret> RotateSecret(storage::Txn& txn, const Principal& caller, const ApiClientId& id,
                                        std::string_view etag) const;
  /// By whoever manages its organization: a new enrolment code. Ends the secret and its tokens. OWN_CLIENT
  /// for the caller.
  Result<ClientWithCode> ResetSecret(storage::Txn& txn, const Principal& caller, const ApiClientId& id,
                                     std::string_view etag) const;
  /// Ends its tokens. OWN_CLIENT for the caller.
  Result<ApiClient> SetRoles(storage::Txn& txn, const Principal& caller, const ApiClientId& id,
                             const std::vector<std::string>& roles, std::string_view etag) const;
  /// Disabling ends its tokens. OWN_CLIENT for the caller.
  Result<ApiClient> SetApiClientState(storage::Txn& txn, const Principal& caller, const ApiClientId& id,
                                      AccessState state, std::string_view etag) const;
  Result<ApiClient> GetApiClient(const storage::Reader& reader, const Principal& caller,
                                 const ApiClientId& id) const;
  Result<std::vector<ApiClient>> ListApiClients(const storage::Reader& reader, const Principal& caller,
                                                const OrganizationId& organization, std::string_view after,
                                                size_t limit) const;

  // --- Signing keys

  struct AddKeyInput {
    OrganizationId organization;
    std::string suite;
    std::string public_key_pem;
    std::string proof;
  };
  struct ProvenKey {
    OrganizationId organization;
    std::string fingerprint;
    std::string suite;
    std::string public_key_pem;
  };
  /// Judges the key and the proof of possession (PossessionText); on any thread. INVALID_FIELD.
  static Result<ProvenKey> ProveKey(const AddKeyInput& input);
  Result<SigningKey> AddSigningKey(storage::Txn& txn, const Principal& caller, const ProvenKey& key) const;
  Result<SigningKey> RevokeSigningKey(storage::Txn& txn, const Principal& caller,
                                      const OrganizationId& organization, std::string_view fingerprint,
                                      std::string_view etag) const;
  Result<SigningKey> GetSigningKey(const storage::Reader& reader, const OrganizationId& organization,
                                   std::string_view fingerprint) const;
  Result<std::vector<SigningKey>> ListSigningKeys(const storage::Reader& reader,
                                                  const OrganizationId& organization, std::string_view after,
                                                  size_t limit) const;

  // --- Tokens

  /// What a token is to say, and the key to sign it with.
  struct TokenGrant {
    std::string id;
    std::string issuer;
    std::string audience;
    std::string subject;
    std::string organization;
    std::string person;
    std::vector<std::string> roles;  // none unless the organization is ACTIVE
    Time issued_at;
    Time expires_at;
    std::string kid;
  };
  /// RATE_LIMITED, UNAUTHENTICATED (a wrong id and a wrong secret alike: same work, same record of the
  /// failure), WRONG_STATE when the secret is right but the client, its person or its organization is not let
  /// in.
  Result<TokenGrant> IssueToken(storage::Txn& txn, std::string_view client_id,
                                std::string_view client_secret) const;
  /// The private half in PEM. NOT_FOUND, DATA_LOSS.
  Result<std::string> TokenPrivateKey(const storage::Reader& reader, std::string_view kid) const;
  Result<TokenKey> RotateTokenKey(storage::Txn& txn) const;
  struct Verification {
    int64_t version = 0;
    std::vector<TokenKey> keys;
    std::vector<Revocation> revocations;
  };
  Verification GetVerification(const storage::Reader& reader) const;

  // --- Credit record and events

  /// `entry` without number, person and time.
  Result<CreditEntry> AppendCredit(storage::Txn& txn, const Principal& caller, CreditEntry entry) const;
  Result<std::vector<CreditEntry>> ListCredit(const storage::Reader& reader,
                                              const OrganizationId& organization, int64_t after,
                                              size_t limit) const;
  /// Whoever may list events sees all of them.
  storage::LogPage<StoredEvent> ListEvents(const storage::Reader& reader, uint64_t after_sequence,
                                           size_t limit) const {
    return storage::LookAtLog<StoredEvent>(
        after_sequence, limit,
        [&](uint64_t after, size_t most) { return party::ListEvents(reader, after, most); },
        [](const StoredEvent&) { return true; });
  }

  /// A plan came due: forgets a token key, a revocation or a count of failures whose time has passed.
  void OnDue(storage::Txn& txn, std::string_view subject) const;

  const PartyOptions& options() const { return options_; }

 private:
  template <class Command>
  Result<Organization> Change(storage::Txn& txn, const OrganizationId& id, std::string_view etag,
                              const Command& command) const;
  Status CheckUscc(const storage::Reader& reader, const Organization& next) const;
  Result<Registered> AddFirstMember(storage::Txn& txn, const Organization& organization,
                                    const PersonId& person, const RegisterInput& input, bool enrols) const;
  Result<ApiClient> ChangeClient(storage::Txn& txn, const ApiClientDecision& decision,
                                 bool ends_tokens) const;
  Result<TokenKey> AddTokenKey(storage::Txn& txn) const;

  IdSource& ids_;
  const PartyOptions options_;
};

}  // namespace ttx::party
