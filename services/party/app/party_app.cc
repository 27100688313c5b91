#include "services/party/app/party_app.h"

#include "libs/core/etag.h"
#include "libs/crypto/signature.h"
#include "services/party/app/secrets.h"
#include "services/party/domain/limits.h"

namespace ttx::party {
namespace {

constexpr std::string_view kFailures = "failures/";
constexpr std::string_view kRevocation = "revocation/";
constexpr std::string_view kTokenKey = "tokenKey/";

Error WrongState(std::string resource, std::string_view state, std::string_view command) {
  return Error(
      Reason::kWRONG_STATE,
      {{"resource", std::move(resource)}, {"state", std::string(state)}, {"command", std::string(command)}});
}

Error LimitReached(std::string resource, size_t limit) {
  return Error(Reason::kLIMIT_REACHED, {{"resource", std::move(resource)}, {"limit", std::to_string(limit)}});
}

Result<Organization> MustFind(const storage::Reader& reader, const OrganizationId& id) {
  std::optional<Organization> found = LoadOrganization(reader, id);
  if (!found) return NotFound(ResourceName(id));
  return *std::move(found);
}

// What belongs to an organization exists for its members and staff only.
bool Sees(const Principal& caller, const OrganizationId& organization) {
  return PartyApp::ViewOf(caller, organization) != View::kPublic;
}

Result<Person> MustSee(const storage::Reader& reader, const Principal& caller, const PersonId& id) {
  std::optional<Person> found = LoadPerson(reader, id);
  if (!found || !Sees(caller, found->organization)) return NotFound(ResourceName(id));
  return *std::move(found);
}

Result<ApiClient> MustSee(const storage::Reader& reader, const Principal& caller, const ApiClientId& id) {
  std::optional<ApiClient> found = LoadApiClient(reader, id);
  if (!found || !Sees(caller, found->organization)) return NotFound(ResourceName(id));
  return *std::move(found);
}

std::optional<ApiClient> CallerClient(const storage::Reader& reader, const Principal& caller) {
  const Result<std::string> id = ParseName(caller.subject, "apiClients", "subject");
  return id.ok() ? LoadApiClient(reader, {*id}) : std::nullopt;
}

// Who may change the people and clients of an organization: ADMINISTRATOR, or a manager of its own; that
// which operates the installation is ADMINISTRATOR's alone, because its roles reach everybody else.
Status CheckManages(const storage::Reader& reader, const Principal& caller,
                    const Organization& organization) {
  if (caller.HasRole("ADMINISTRATOR")) return {};
  if (!Sees(caller, organization.id)) return NotFound(ResourceName(organization.id));
  const Error denied(Reason::kPERMISSION_DENIED, {{"permission", "party.organization.manage"}});
  if (organization.operates || caller.organization != ResourceName(organization.id)) return denied;
  const std::optional<ApiClient> client = CallerClient(reader, caller);
  if (!client || !client->manager || client->state != ClientState::kActive) return denied;
  return {};
}

// What `presented` is compared with when there is nothing to match: no secret and no code has this hash.
bool Matches(std::string_view presented, std::string_view hash) {
  static const std::string kNoHash(32, '\0');
  return ClientSecretMatches(presented, hash.empty() ? kNoHash : hash);
}

// Counts a wrong secret or code of a client id, known or not. Whoever guesses is told to wait; whoever knows
// the secret is never locked out by them.
Status CheckCredential(storage::Txn& txn, std::string_view client_id, bool matches) {
  if (matches) return {};
  const Time now = txn.now();
  const std::optional<TokenFailures> failures = LoadTokenFailures(txn, client_id);
  if (Blocked(failures, now)) {
    const int64_t left_s = (WindowEnd(*failures) - now).ns / Seconds(1).ns + 1;
    return Error(Reason::kRATE_LIMITED, {{"retry_after_s", std::to_string(left_s)}});
  }
  const TokenFailures failed = Failed(failures, now);
  SaveTokenFailures(txn, client_id, failed);
  if (failed.count == 1) txn.SetDue(WindowEnd(failed), std::string(kFailures) + std::string(client_id));
  txn.KeepOnError();
  return Error(Reason::kUNAUTHENTICATED);
}

Status CheckActive(const Organization& organization, std::string_view command) {
  if (organization.state == OrganizationState::kActive) return {};
  return WrongState(ResourceName(organization.id), StateName(organization.state), command);
}

void Revoke(storage::Txn& txn, const ApiClientId& id) {
  const std::string subject = ResourceName(id);
  SaveRevocation(txn, {subject, txn.now()});
  txn.SetDue(txn.now() + kTokenHorizon, std::string(kRevocation) + subject);
}

template <class Matches>
void RevokeClients(storage::Txn& txn, const OrganizationId& organization, Matches matches) {
  for (const ApiClient& client : ListApiClients(txn, organization, "", kMaxClients)) {
    if (matches(client)) Revoke(txn, client.id);
  }
  BumpVerificationVersion(txn);
}

}  // namespace

PartyApp::PartyApp(IdSource& ids, PartyOptions options) : ids_(ids), options_(std::move(options)) {
  TTX_CHECK(options_.token_lifetime >= Seconds(1) && options_.token_lifetime <= Hours(1),
            "a token lives 1 s to 1 h");
  TTX_CHECK(options_.enrolment_lifetime > Duration{}, "an enrolment code lives for a while");
}

View PartyApp::ViewOf(const Principal& caller, const OrganizationId& organization) {
  if (caller.service()) return View::kStaff;
  for (const char* role : {"ADMINISTRATOR", "KYC_CLERK", "KYC_OFFICER"}) {
    if (caller.HasRole(role)) return View::kStaff;
  }
  return caller.organization == ResourceName(organization) ? View::kMember : View::kPublic;
}

// --- Organizations

Status PartyApp::CheckUscc(const storage::Reader& reader, const Organization& next) const {
  const std::optional<OrganizationId> holder = FindByUscc(reader, next.profile.uscc);
  if (!holder || *holder == next.id) return {};
  const std::optional<Organization> other = LoadOrganization(reader, *holder);
  TTX_CHECK(other.has_value(), "an indexed organization is missing");
  // A refused registration does not keep the rightful holder of the code out.
  if (other->state == OrganizationState::kRejected || other->state == OrganizationState::kClosed) return {};
  return Error(Reason::kUSCC_TAKEN, {{"uscc", next.profile.uscc}});
}

Result<PartyApp::Registered> PartyApp::AddFirstMember(storage::Txn& txn, const Organization& organization,
                                                      const PersonId& person, const RegisterInput& input,
                                                      bool enrols) const {
  TTX_TRY(const PersonDecision first, Decide(party::CreatePerson{.id = person,
                                                                 .organization = organization.id,
                                                                 .display_name = input.person_display_name,
                                                                 .field = "person_display_name"},
                                             txn.now()));
  const std::string secret = enrols ? "" : MakeClientSecret(ids_);
  const std::string code = enrols ? MakeEnrolmentCode(ids_) : "";
  TTX_TRY(
      const ApiClientDecision client,
      Decide(party::CreateApiClient{.id = {ids_.Next(txn.now())},
                                    .organization = organization.id,
                                    .person = person,
                                    .display_name = input.client_display_name,
                                    .roles = input.roles,
                                    .manager = true,
                                    .secret_hash = enrols ? "" : ClientSecretHash(secret),
                                    .code = enrols ? EnrolmentCode{ClientSecretHash(code),
                                                                   txn.now() + options_.enrolment_lifetime}
                                                   : EnrolmentCode{},
                                    .kind = organization.profile.kind,
                                    .operates = organization.operates,
                                    .vouched = true,
                                    .name_field = "client_display_name"},
             txn.now()));
  Save(txn, first);
  Save(txn, client);
  return Registered{organization, first.next, client.next, secret, code};
}

Result<PartyApp::Registered> PartyApp::Register(storage::Txn& txn, const Principal& caller,
                                                const RegisterInput& input, bool by_administrator) const {
  const PersonId person = {ids_.Next(txn.now())};
  TTX_TRY(const OrganizationDecision decision,
          Decide(RegisterOrganization{.id = {ids_.Next(txn.now())},
                                      .profile = input.profile,
                                      .submitter = by_administrator ? caller.person : ResourceName(person),
                                      .by_administrator = by_administrator},
                 txn.now()));
  TTX_RETURN_IF_ERROR(CheckUscc(txn, decision.next));
  Save(txn, std::nullopt, decision);
  return AddFirstMember(txn, decision.next, person, input, by_administrator);
}

Result<PartyApp::Installed> PartyApp::Install(storage::Txn& txn, RegisterInput input,
                                              const std::string& second_person) const {
  if (storage::LastSequence(txn) != 0) return Error(Reason::kSTORE_NOT_EMPTY);
  const PersonId person = {ids_.Next(txn.now())};
  TTX_TRY(const OrganizationDecision decision,
          Decide(InstallOperator{{ids_.Next(txn.now())}, input.profile, ResourceName(person)}, txn.now()));
  Save(txn, std::nullopt, decision);
  input.roles = {"ADMINISTRATOR"};
  TTX_TRY(Registered first, AddFirstMember(txn, decision.next, person, input, false));
  input.person_display_name = second_person;
  TTX_TRY(Registered second, AddFirstMember(txn, decision.next, {ids_.Next(txn.now())}, input, false));
  TTX_TRY(const TokenKey key, AddTokenKey(txn));
  return Installed{std::move(first), std::move(second)};
}

template <class Command>
Result<Organization> PartyApp::Change(storage::Txn& txn, const OrganizationId& id, std::string_view etag,
                                      const Command& command) const {
  TTX_TRY(const Organization before, MustFind(txn, id));
  TTX_RETURN_IF_ERROR(CheckEtag(before.version, etag));
  TTX_TRY(const OrganizationDecision decision, Decide(before, command, txn.now()));
  TTX_RETURN_IF_ERROR(CheckUscc(txn, decision.next));
  Save(txn, before, decision);
  return decision.next;
}

Result<Organization> PartyApp::Resubmit(storage::Txn& txn, const Principal& caller, const OrganizationId& id,
                                        const Profile& profile, std::string_view etag) const {
  const bool administrator = caller.HasRole("ADMINISTRATOR");
  if (!administrator && caller.organization != ResourceName(id)) return NotFound(ResourceName(id));
  return Change(txn, id, etag, ResubmitOrganization{profile, caller.person, administrator});
}

Result<Organization> PartyApp::ApproveKyc(storage::Txn& txn, const Principal& caller,
                                          const OrganizationId& id, std::string_view etag) const {
  return Change(txn, id, etag, party::ApproveKyc{caller.person});
}

Result<Organization> PartyApp::RejectKyc(storage::Txn& txn, const Principal& caller, const OrganizationId& id,
                                         const std::string& reason, std::string_view etag) const {
  return Change(txn, id, etag, party::RejectKyc{caller.person, reason});
}

Result<Organization> PartyApp::Suspend(storage::Txn& txn, const Principal& caller, const OrganizationId& id,
                                       const std::string& reason, std::string_view etag) const {
  TTX_TRY(Organization after, Change(txn, id, etag, SuspendOrganization{caller.person, reason}));
  RevokeClients(txn, id, [](const ApiClient&) { return true; });
  return after;
}

Result<Organization> PartyApp::MakeRequest(storage::Txn& txn, const Principal& caller,
                                           const OrganizationId& id, RequestKind kind,
                                           const std::string& reason, std::string_view etag) const {
  return Change(txn, id, etag, party::MakeRequest{kind, caller.person, reason});
}

Result<Organization> PartyApp::ApproveRequest(storage::Txn& txn, const Principal& caller,
                                              const OrganizationId& id, RequestKind kind,
                                              std::string_view etag) const {
  TTX_TRY(Organization after, Change(txn, id, etag, party::ApproveRequest{kind, caller.person}));
  if (!AdmitsTokens(after.state)) RevokeClients(txn, id, [](const ApiClient&) { return true; });
  return after;
}

Result<Organization> PartyApp::GetOrganization(const storage::Reader& reader,
                                               const OrganizationId& id) const {
  return MustFind(reader, id);
}

Result<Organization> PartyApp::Lookup(const storage::Reader& reader, std::string_view uscc) const {
  const std::optional<OrganizationId> id = FindByUscc(reader, uscc);
  if (!id) return NotFound("organizations?uscc=" + std::string(uscc));
  return MustFind(reader, *id);
}

// --- People

Result<Person> PartyApp::CreatePerson(storage::Txn& txn, const Principal& caller,
                                      const OrganizationId& organization,
                                      const std::string& display_name) const {
  const std::optional<Organization> owner = LoadOrganization(txn, organization);
  if (!owner) return NotFound(ResourceName(organization));
  TTX_RETURN_IF_ERROR(CheckManages(txn, caller, *owner));
  TTX_RETURN_IF_ERROR(CheckActive(*owner, "CreatePerson"));
  TTX_TRY(const PersonDecision decision,
          Decide(party::CreatePerson{{ids_.Next(txn.now())}, organization, display_name}, txn.now()));
  if (party::ListPeople(txn, organization, "", kMaxPeople).size() >= kMaxPeople) {
    return LimitReached(ResourceName(organization) + "/people", kMaxPeople);
  }
  Save(txn, decision);
  return decision.next;
}

Result<Person> PartyApp::SetPersonState(storage::Txn& txn, const Principal& caller, const PersonId& id,
                                        AccessState state, std::string_view etag) const {
  TTX_TRY(const Person before, MustSee(txn, caller, id));
  TTX_TRY(const Organization owner, MustFind(txn, before.organization));
  TTX_RETURN_IF_ERROR(CheckManages(txn, caller, owner));
  if (caller.person == ResourceName(id)) return Error(Reason::kOWN_CLIENT);
  TTX_RETURN_IF_ERROR(CheckEtag(before.version, etag));
  TTX_TRY(const PersonDecision decision, Decide(before, party::SetPersonState{state}, txn.now()));
  Save(txn, decision);
  if (state == AccessState::kDisabled) {
    RevokeClients(txn, before.organization, [&](const ApiClient& client) { return client.person == id; });
  }
  return decision.next;
}

Result<Person> PartyApp::GetPerson(const storage::Reader& reader, const Principal& caller,
                                   const PersonId& id) const {
  return MustSee(reader, caller, id);
}

Result<std::vector<Person>> PartyApp::ListPeople(const storage::Reader& reader, const Principal& caller,
                                                 const OrganizationId& organization, std::string_view after,
                                                 size_t limit) const {
  if (!Sees(caller, organization)) return NotFound(ResourceName(organization));
  TTX_TRY(const Organization owner, MustFind(reader, organization));
  return party::ListPeople(reader, organization, after, limit);
}

// --- API clients

// Stages a change; with `ends_tokens`, those issued so far end at once.
Result<ApiClient> PartyApp::ChangeClient(storage::Txn& txn, const ApiClientDecision& decision,
                                         bool ends_tokens) const {
  Save(txn, decision);
  if (ends_tokens) {
    Revoke(txn, decision.next.id);
    BumpVerificationVersion(txn);
  }
  return decision.next;
}

Result<PartyApp::ClientWithCode> PartyApp::CreateApiClient(storage::Txn& txn, const Principal& caller,
                                                           const CreateClientInput& input) const {
  TTX_TRY(const Person person, MustSee(txn, caller, input.person));
  TTX_TRY(const Organization owner, MustFind(txn, person.organization));
  TTX_RETURN_IF_ERROR(CheckManages(txn, caller, owner));
  TTX_RETURN_IF_ERROR(CheckActive(owner, "CreateApiClient"));
  if (person.state != AccessState::kActive) {
    return WrongState(ResourceName(person.id), StateName(person.state), "CreateApiClient");
  }
  std::string code = MakeEnrolmentCode(ids_);
  TTX_TRY(
      const ApiClientDecision decision,
      Decide(party::CreateApiClient{.id = {ids_.Next(txn.now())},
                                    .organization = owner.id,
                                    .person = person.id,
                                    .display_name = input.display_name,
                                    .roles = input.roles,
                                    .manager = input.manager,
                                    .code = {ClientSecretHash(code), txn.now() + options_.enrolment_lifetime},
                                    .kind = owner.profile.kind,
                                    .operates = owner.operates,
                                    .maker = caller.person},
             txn.now()));
  if (party::ListApiClients(txn, owner.id, "", kMaxClients).size() >= kMaxClients) {
    return LimitReached(ResourceName(owner.id) + "/apiClients", kMaxClients);
  }
  Save(txn, decision);
  return ClientWithCode{decision.next, std::move(code)};
}

Result<ApiClient> PartyApp::ApproveApiClient(storage::Txn& txn, const Principal& caller,
                                             const ApiClientId& id, std::string_view etag) const {
  TTX_TRY(const ApiClient before, MustSee(txn, caller, id));
  TTX_TRY(const Organization owner, MustFind(txn, before.organization));
  TTX_RETURN_IF_ERROR(CheckManages(txn, caller, owner));
  TTX_RETURN_IF_ERROR(CheckEtag(before.version, etag));
  TTX_RETURN_IF_ERROR(CheckActive(owner, "ApproveApiClient"));
  TTX_TRY(const ApiClientDecision decision,
          Decide(before, party::ApproveApiClient{caller.person}, txn.now()));
  return ChangeClient(txn, decision, false);
}

Result<PartyApp::ClientWithSecret> PartyApp::EnrolApiClient(storage::Txn& txn, const ApiClientId& id,
                                                            std::string_view enrolment_code) const {
  if (!IsUlid(id.text)) return Error(Reason::kUNAUTHENTICATED);
  const std::optional<ApiClient> before = LoadApiClient(txn, id);
  const bool matches = Matches(enrolment_code, before ? before->code.hash : "");
  TTX_RETURN_IF_ERROR(CheckCredential(txn, id.text, matches));
  std::string secret = MakeClientSecret(ids_);
  TTX_TRY(const ApiClientDecision decision,
          Decide(*before, party::EnrolApiClient{ClientSecretHash(secret)}, txn.now()));
  TTX_TRY(ApiClient after, ChangeClient(txn, decision, false));
  return ClientWithSecret{std::move(after), std::move(secret)};
}

Result<PartyApp::ClientWithCode> PartyApp::ResetSecret(storage::Txn& txn, const Principal& caller,
                                                       const ApiClientId& id, std::string_view etag) const {
  TTX_TRY(const ApiClient before, MustSee(txn, caller, id));
  TTX_TRY(const Organization owner, MustFind(txn, before.organization));
  TTX_RETURN_IF_ERROR(CheckManages(txn, caller, owner));
  if (caller.subject == ResourceName(id)) return Error(Reason::kOWN_CLIENT);
  TTX_RETURN_IF_ERROR(CheckEtag(before.version, etag));
  std::string code = MakeEnrolmentCode(ids_);
  TTX_TRY(const ApiClientDecision decision,
          Decide(before,
                 party::ResetSecret{{ClientSecretHash(code), txn.now() + options_.enrolment_lifetime},
                                    owner.profile.kind,
                                    owner.operates,
                                    caller.person},
                 txn.now()));
  TTX_TRY(ApiClient after, ChangeClient(txn, decision, true));
  return ClientWithCode{std::move(after), std::move(code)};
}

Result<PartyApp::ClientWithSecret> PartyApp::RotateSecret(storage::Txn& txn, const Principal& caller,
                                                          const ApiClientId& id,
                                                          std::string_view etag) const {
  TTX_TRY(const ApiClient before, MustSee(txn, caller, id));
  if (caller.subject != ResourceName(id)) {
    return Error(Reason::kPERMISSION_DENIED, {{"permission", "party.client.rotate"}});
  }
  TTX_RETURN_IF_ERROR(CheckEtag(before.version, etag));
  std::string secret = MakeClientSecret(ids_);
  TTX_TRY(const ApiClientDecision decision,
          Decide(before, party::RotateSecret{ClientSecretHash(secret)}, txn.now()));
  TTX_TRY(ApiClient after, ChangeClient(txn, decision, true));
  return ClientWithSecret{std::move(after), std::move(secret)};
}

Result<ApiClient> PartyApp::SetRoles(storage::Txn& txn, const Principal& caller, const ApiClientId& id,
                                     const std::vector<std::string>& roles, std::string_view etag) const {
  TTX_TRY(const ApiClient before, MustSee(txn, caller, id));
  TTX_TRY(const Organization owner, MustFind(txn, before.organization));
  TTX_RETURN_IF_ERROR(CheckManages(txn, caller, owner));
  if (caller.subject == ResourceName(id)) return Error(Reason::kOWN_CLIENT);
  TTX_RETURN_IF_ERROR(CheckEtag(before.version, etag));
  TTX_TRY(
      const ApiClientDecision decision,
      Decide(before, party::SetRoles{roles, owner.profile.kind, owner.operates, caller.person}, txn.now()));
  return ChangeClient(txn, decision, true);
}

Result<ApiClient> PartyApp::SetApiClientState(storage::Txn& txn, const Principal& caller,
                                              const ApiClientId& id, AccessState state,
                                              std::string_view etag) const {
  TTX_TRY(const ApiClient before, MustSee(txn, caller, id));
  TTX_TRY(const Organization owner, MustFind(txn, before.organization));
  TTX_RETURN_IF_ERROR(CheckManages(txn, caller, owner));
  if (caller.subject == ResourceName(id)) return Error(Reason::kOWN_CLIENT);
  TTX_RETURN_IF_ERROR(CheckEtag(before.version, etag));
  TTX_TRY(const ApiClientDecision decision, Decide(before, party::SetApiClientState{state}, txn.now()));
  return ChangeClient(txn, decision, state == AccessState::kDisabled);
}

Result<ApiClient> PartyApp::GetApiClient(const storage::Reader& reader, const Principal& caller,
                                         const ApiClientId& id) const {
  return MustSee(reader, caller, id);
}

Result<std::vector<ApiClient>> PartyApp::ListApiClients(const storage::Reader& reader,
                                                        const Principal& caller,
                                                        const OrganizationId& organization,
                                                        std::string_view after, size_t limit) const {
  if (!Sees(caller, organization)) return NotFound(ResourceName(organization));
  TTX_TRY(const Organization owner, MustFind(reader, organization));
  return party::ListApiClients(reader, organization, after, limit);
}

// --- Signing keys

Result<PartyApp::ProvenKey> PartyApp::ProveKey(const AddKeyInput& input) {
  const std::optional<crypto::Suite> suite = crypto::ParseSuite(input.suite);
  if (!suite) {
    return InvalidField("suite", input.suite.empty() ? Reason::kREQUIRED : Reason::kUNKNOWN_VALUE,
                        "ECDSA-P256-SHA256 or SM2-SM3");
  }
  TTX_TRY(std::string pem, crypto::ParsePublicKey(input.public_key_pem, *suite, "public_key_pem"));
  TTX_TRY(std::string fingerprint, crypto::PublicKeyFingerprint(pem));
  if (!crypto::Verify(*suite, pem, PossessionText(input.organization, fingerprint), input.proof)) {
    return InvalidField("proof", Reason::kBAD_SIGNATURE, PossessionText(input.organization, fingerprint));
  }
  return ProvenKey{input.organization, std::move(fingerprint), input.suite, std::move(pem)};
}

Result<SigningKey> PartyApp::AddSigningKey(storage::Txn& txn, const Principal& caller,
                                           const ProvenKey& key) const {
  if (caller.organization != ResourceName(key.organization)) return NotFound(ResourceName(key.organization));
  TTX_TRY(const Organization owner, MustFind(txn, key.organization));
  TTX_RETURN_IF_ERROR(CheckActive(owner, "AddSigningKey"));
  if (party::ListSigningKeys(txn, key.organization, "", kMaxSigningKeys).size() >= kMaxSigningKeys) {
    return LimitReached(ResourceName(key.organization) + "/signingKeys", kMaxSigningKeys);
  }
  if (LoadSigningKey(txn, key.fingerprint)) return Error(Reason::kSIGNING_KEY_EXISTS);
  const SigningKeyDecision decision = Decide(
      party::AddSigningKey{key.fingerprint, key.organization, key.suite, key.public_key_pem, caller.person},
      txn.now());
  Save(txn, decision);
  return decision.next;
}

Result<SigningKey> PartyApp::GetSigningKey(const storage::Reader& reader, const OrganizationId& organization,
                                           std::string_view fingerprint) const {
  std::optional<SigningKey> found = LoadSigningKey(reader, fingerprint);
  if (!found || found->organization != organization) {
    return NotFound(ResourceName(organization) + "/signingKeys/" + std::string(fingerprint));
  }
  return *std::move(found);
}

Result<SigningKey> PartyApp::RevokeSigningKey(storage::Txn& txn, const Principal& caller,
                                              const OrganizationId& organization,
                                              std::string_view fingerprint, std::string_view etag) const {
  if (!caller.HasRole("ADMINISTRATOR") && caller.organization != ResourceName(organization)) {
    return NotFound(ResourceName(organization) + "/signingKeys/" + std::string(fingerprint));
  }
  TTX_TRY(const SigningKey before, GetSigningKey(txn, organization, fingerprint));
  TTX_RETURN_IF_ERROR(CheckEtag(before.version, etag));
  TTX_TRY(const SigningKeyDecision decision,
          Decide(before, party::RevokeSigningKey{caller.person}, txn.now()));
  Save(txn, decision);
  return decision.next;
}

Result<std::vector<SigningKey>> PartyApp::ListSigningKeys(const storage::Reader& reader,
                                                          const OrganizationId& organization,
                                                          std::string_view after, size_t limit) const {
  TTX_TRY(const Organization owner, MustFind(reader, organization));
  return party::ListSigningKeys(reader, organization, after, limit);
}

// --- Tokens

Result<PartyApp::TokenGrant> PartyApp::IssueToken(storage::Txn& txn, std::string_view client_id,
                                                  std::string_view client_secret) const {
  const Time now = txn.now();
  // Anything else was never an id of ours, so there is nothing to guess and nothing to count.
  if (!IsUlid(client_id)) return Error(Reason::kUNAUTHENTICATED);
  const std::optional<ApiClient> client = LoadApiClient(txn, {std::string(client_id)});
  const bool matches = Matches(client_secret, client ? client->secret_hash : "");
  TTX_RETURN_IF_ERROR(CheckCredential(txn, client_id, matches));
  if (client->state != ClientState::kActive) {
    return WrongState(ResourceName(client->id), StateName(client->state), "IssueToken");
  }
  const std::optional<Person> person = LoadPerson(txn, client->person);
  TTX_CHECK(person.has_value(), "a client without a person");
  if (person->state != AccessState::kActive) {
    return WrongState(ResourceName(person->id), StateName(person->state), "IssueToken");
  }
  const std::optional<Organization> organization = LoadOrganization(txn, client->organization);
  TTX_CHECK(organization.has_value(), "a client without an organization");
  if (!AdmitsTokens(organization->state)) {
    return WrongState(ResourceName(organization->id), StateName(organization->state), "IssueToken");
  }
  const std::vector<TokenKey> keys = LoadTokenKeys(txn);
  const TokenKey* const key = SigningTokenKey(keys, now);
  if (key == nullptr) return Error(Reason::kUNAVAILABLE);
  TokenGrant grant{ids_.Next(now),
                   options_.issuer,
                   options_.audience,
                   ResourceName(client->id),
                   ResourceName(organization->id),
                   ResourceName(person->id),
                   {},
                   now,
                   now + options_.token_lifetime,
                   key->kid};
  if (GrantsRoles(organization->state)) grant.roles = client->roles;
  return grant;
}

Result<std::string> PartyApp::TokenPrivateKey(const storage::Reader& reader, std::string_view kid) const {
  for (const TokenKey& key : LoadTokenKeys(reader)) {
    if (key.kid == kid) return OpenTokenKey(options_.secrets_key, key.sealed_private_key, kid);
  }
  return NotFound("tokenKeys/" + std::string(kid));
}

Result<TokenKey> PartyApp::AddTokenKey(storage::Txn& txn) const {
  const crypto::KeyPair pair = crypto::GenerateKey(crypto::Suite::kEcdsaP256Sha256);
  TokenKey made;
  made.kid = ids_.Next(txn.now());
  made.public_key_pem = pair.public_pem;
  made.sealed_private_key = SealTokenKey(options_.secrets_key, pair.private_pem, made.kid);
  TTX_TRY(const std::vector<TokenKey> keys,
          party::AddTokenKey(LoadTokenKeys(txn), std::move(made), txn.now()));
  if (keys.size() > 1) {
    const TokenKey& previous = keys[keys.size() - 2];
    SaveTokenKey(txn, previous, false);
    txn.SetDue(previous.expire_time, std::string(kTokenKey) + previous.kid);
  }
  SaveTokenKey(txn, keys.back(), true);
  BumpVerificationVersion(txn);
  return keys.back();
}

Result<TokenKey> PartyApp::RotateTokenKey(storage::Txn& txn) const { return AddTokenKey(txn); }

PartyApp::Verification PartyApp::GetVerification(const storage::Reader& reader) const {
  return {VerificationVersion(reader), LoadTokenKeys(reader), LoadRevocations(reader)};
}

// --- Credit record, timers

Result<CreditEntry> PartyApp::AppendCredit(storage::Txn& txn, const Principal& caller,
                                           CreditEntry entry) const {
  TTX_RETURN_IF_ERROR(CheckCredit(entry));
  TTX_TRY(const Organization owner, MustFind(txn, entry.organization));
  entry.number = LastCreditNumber(txn, entry.organization) + 1;
  entry.person = caller.person;
  entry.time = txn.now();
  Save(txn, entry);
  return entry;
}

Result<std::vector<CreditEntry>> PartyApp::ListCredit(const storage::Reader& reader,
                                                      const OrganizationId& organization, int64_t after,
                                                      size_t limit) const {
  TTX_TRY(const Organization owner, MustFind(reader, organization));
  return ListCreditEntries(reader, organization, after, limit);
}

void PartyApp::OnDue(storage::Txn& txn, std::string_view subject) const {
  if (subject.starts_with(kFailures)) {
    const std::string_view client_id = subject.substr(kFailures.size());
    const std::optional<TokenFailures> failures = LoadTokenFailures(txn, client_id);
    if (failures && WindowEnd(*failures) <= txn.now()) ForgetTokenFailures(txn, client_id);
  } else if (subject.starts_with(kRevocation)) {
    // A later revocation of the same subject has a plan of its own.
    const std::string_view revoked = subject.substr(kRevocation.size());
    const std::optional<Time> not_before = LoadRevocation(txn, revoked);
    if (not_before && *not_before + kTokenHorizon <= txn.now()) ForgetRevocation(txn, revoked);
  } else {
    TTX_CHECK(subject.starts_with(kTokenKey), "a plan of no known kind");
    ForgetTokenKey(txn, subject.substr(kTokenKey.size()));
    BumpVerificationVersion(txn);
  }
}

}  // namespace ttx::party
