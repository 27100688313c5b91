#include "services/party/store/party_store.h"

#include <algorithm>

#include "libs/storage/table.h"
#include "services/party/store/record.pb.h"

namespace ttx::party {
namespace {

using storage::FindRecord;
using storage::In;
using storage::KeyOf;
using storage::Load;
using storage::MustHold;

constexpr size_t kAll = 1 << 20;

// --- domain <-> record

void ToRecord(const Profile& profile, store::ProfileRecord& record) {
  record.set_uscc(profile.uscc);
  record.set_legal_name(profile.legal_name);
  record.set_kind(static_cast<int>(profile.kind));
  record.set_domicile(profile.domicile);
  record.set_region_code(profile.region_code);
  record.set_licence_digest(profile.licence_digest);
  record.set_legal_representative(profile.legal_representative);
  record.set_account_name(profile.bank_account.name);
  record.set_account_number(profile.bank_account.number);
  record.set_account_bank(profile.bank_account.bank);
}

Profile FromRecord(const store::ProfileRecord& record) {
  return {record.uscc(),
          record.legal_name(),
          static_cast<Kind>(record.kind()),
          record.domicile(),
          record.region_code(),
          record.licence_digest(),
          record.legal_representative(),
          {record.account_name(), record.account_number(), record.account_bank()}};
}

store::OrganizationRecord ToRecord(const Organization& organization) {
  store::OrganizationRecord record;
  record.set_id(organization.id.text);
  ToRecord(organization.profile, *record.mutable_profile());
  record.set_operates(organization.operates);
  record.set_state(static_cast<int>(organization.state));
  record.set_submitter(organization.submitter);
  record.set_checker(organization.checker);
  record.set_state_reason(organization.state_reason);
  if (organization.request) {
    auto& request = *record.mutable_request();
    request.set_kind(static_cast<int>(organization.request->kind));
    request.set_person(organization.request->person);
    request.set_reason(organization.request->reason);
    request.set_time_ns(organization.request->time.ns);
  }
  record.set_create_time_ns(organization.create_time.ns);
  record.set_update_time_ns(organization.update_time.ns);
  record.set_version(organization.version);
  return record;
}

Organization FromRecord(const store::OrganizationRecord& record) {
  Organization organization;
  organization.id = {record.id()};
  organization.profile = FromRecord(record.profile());
  organization.operates = record.operates();
  organization.state = static_cast<OrganizationState>(record.state());
  organization.submitter = record.submitter();
  organization.checker = record.checker();
  organization.state_reason = record.state_reason();
  if (record.has_request()) {
    const auto& request = record.request();
    organization.request = PendingRequest{static_cast<RequestKind>(request.kind()), request.person(),
                                          request.reason(), Time{request.time_ns()}};
  }
  organization.create_time = {record.create_time_ns()};
  organization.update_time = {record.update_time_ns()};
  organization.version = record.version();
  return organization;
}

store::PersonRecord ToRecord(const Person& person) {
  store::PersonRecord record;
  record.set_id(person.id.text);
  record.set_organization(person.organization.text);
  record.set_display_name(person.display_name);
  record.set_state(static_cast<int>(person.state));
  record.set_create_time_ns(person.create_time.ns);
  record.set_update_time_ns(person.update_time.ns);
  record.set_version(person.version);
  return record;
}

Person FromRecord(const store::PersonRecord& record) {
  return {{record.id()},
          {record.organization()},
          record.display_name(),
          static_cast<AccessState>(record.state()),
          {record.create_time_ns()},
          {record.update_time_ns()},
          record.version()};
}

store::ApiClientRecord ToRecord(const ApiClient& client) {
  store::ApiClientRecord record;
  record.set_id(client.id.text);
  record.set_organization(client.organization.text);
  record.set_person(client.person.text);
  record.set_display_name(client.display_name);
  for (const std::string& role : client.roles) record.add_roles(role);
  record.set_manager(client.manager);
  record.set_secret_hash(client.secret_hash);
  record.set_state(static_cast<int>(client.state));
  record.set_create_time_ns(client.create_time.ns);
  record.set_update_time_ns(client.update_time.ns);
  record.set_version(client.version);
  record.set_code_hash(client.code.hash);
  record.set_code_expire_time_ns(client.code.expire_time.ns);
  record.set_enrol_time_ns(client.enrol_time.ns);
  for (const std::string& maker : client.makers) record.add_makers(maker);
  record.set_approver(client.approver);
  return record;
}

ApiClient FromRecord(const store::ApiClientRecord& record) {
  return {{record.id()},
          {record.organization()},
          {record.person()},
          record.display_name(),
          {record.roles().begin(), record.roles().end()},
          record.manager(),
          record.secret_hash(),
          {record.code_hash(), {record.code_expire_time_ns()}},
          {record.enrol_time_ns()},
          {record.makers().begin(), record.makers().end()},
          record.approver(),
          static_cast<ClientState>(record.state()),
          {record.create_time_ns()},
          {record.update_time_ns()},
          record.version()};
}

store::SigningKeyRecord ToRecord(const SigningKey& key) {
  store::SigningKeyRecord record;
  record.set_fingerprint(key.fingerprint);
  record.set_organization(key.organization.text);
  record.set_suite(key.suite);
  record.set_public_key_pem(key.public_key_pem);
  record.set_person(key.person);
  record.set_state(static_cast<int>(key.state));
  record.set_create_time_ns(key.create_time.ns);
  record.set_revoke_time_ns(key.revoke_time.ns);
  record.set_update_time_ns(key.update_time.ns);
  record.set_version(key.version);
  return record;
}

SigningKey FromRecord(const store::SigningKeyRecord& record) {
  return {record.fingerprint(),      {record.organization()},   record.suite(),
          record.public_key_pem(),   record.person(),           static_cast<SigningKeyState>(record.state()),
          {record.create_time_ns()}, {record.revoke_time_ns()}, {record.update_time_ns()},
          record.version()};
}

store::TokenKeyRecord ToRecord(const TokenKey& key) {
  store::TokenKeyRecord record;
  record.set_kid(key.kid);
  record.set_public_key_pem(key.public_key_pem);
  record.set_sealed_private_key(key.sealed_private_key);
  record.set_create_time_ns(key.create_time.ns);
  record.set_activate_time_ns(key.activate_time.ns);
  record.set_expire_time_ns(key.expire_time.ns);
  return record;
}

TokenKey FromRecord(const store::TokenKeyRecord& record) {
  return {record.kid(),
          record.public_key_pem(),
          record.sealed_private_key(),
          {record.create_time_ns()},
          {record.activate_time_ns()},
          {record.expire_time_ns()}};
}

store::CreditRecord ToRecord(const CreditEntry& entry) {
  store::CreditRecord record;
  record.set_organization(entry.organization.text);
  record.set_number(entry.number);
  record.set_type(static_cast<int>(entry.type));
  record.set_subject(entry.subject);
  record.set_detail(entry.detail);
  record.set_person(entry.person);
  record.set_time_ns(entry.time.ns);
  return record;
}

CreditEntry FromRecord(const store::CreditRecord& record) {
  return {{record.organization()}, record.number(), static_cast<CreditType>(record.type()),
          record.subject(),        record.detail(), record.person(),
          {record.time_ns()}};
}

// --- Events

void ToRecord(const OrganizationEvent& event, const Organization& next, store::EventRecord& record) {
  struct Visitor {
    const Organization& next;
    store::EventRecord& to;
    void operator()(const OrganizationRegistered& e) const {
      ToRecord(e.profile, *to.mutable_registered()->mutable_profile());
      to.mutable_registered()->set_operates(e.operates);
      to.mutable_registered()->set_submitter(e.submitter);
    }
    void operator()(const OrganizationResubmitted& e) const {
      ToRecord(e.profile, *to.mutable_resubmitted()->mutable_profile());
      to.mutable_resubmitted()->set_submitter(e.submitter);
    }
    void operator()(const KycApproved& e) const {
      to.mutable_kyc_approved()->set_checker(e.checker);
      ToRecord(next.profile, *to.mutable_kyc_approved()->mutable_profile());
    }
    void operator()(const KycRejected& e) const {
      to.mutable_kyc_rejected()->set_person(e.checker);
      to.mutable_kyc_rejected()->set_reason(e.reason);
    }
    void operator()(const OrganizationSuspended& e) const {
      to.mutable_suspended()->set_person(e.person);
      to.mutable_suspended()->set_reason(e.reason);
    }
    void operator()(const RequestMade& e) const {
      to.mutable_request_made()->set_kind(static_cast<int>(e.kind));
      to.mutable_request_made()->set_person(e.person);
      to.mutable_request_made()->set_reason(e.reason);
    }
    void operator()(const OrganizationReinstated& e) const { to.mutable_reinstated()->set_person(e.person); }
    void operator()(const OrganizationClosed& e) const { to.mutable_closed()->set_person(e.person); }
  };
  record.set_organization(next.id.text);
  record.set_id(next.id.text);
  std::visit(Visitor{next, record}, event);
}

void ToRecord(const ApiClientEvent& event, store::EventRecord& record) {
  struct Visitor {
    store::EventRecord& to;
    void operator()(const ApiClientCreated& e) const {
      auto& created = *to.mutable_client_created();
      created.set_person(e.person.text);
      created.set_display_name(e.display_name);
      for (const std::string& role : e.roles) created.add_roles(role);
      created.set_manager(e.manager);
      created.set_secret_hash(e.secret_hash);
      created.set_code_hash(e.code.hash);
      created.set_code_expire_time_ns(e.code.expire_time.ns);
      created.set_maker(e.maker);
    }
    void operator()(const SecretRotated& e) const {
      to.mutable_secret_rotated()->set_secret_hash(e.secret_hash);
    }
    void operator()(const SecretReset& e) const {
      to.mutable_secret_reset()->set_code_hash(e.code.hash);
      to.mutable_secret_reset()->set_code_expire_time_ns(e.code.expire_time.ns);
      to.mutable_secret_reset()->set_maker(e.maker);
    }
    void operator()(const ApiClientEnrolled& e) const {
      to.mutable_client_enrolled()->set_secret_hash(e.secret_hash);
    }
    void operator()(const ApiClientApproved& e) const { to.mutable_client_approved()->set_person(e.person); }
    void operator()(const RolesSet& e) const {
      to.mutable_roles_set()->set_maker(e.maker);
      for (const std::string& role : e.roles) to.mutable_roles_set()->add_roles(role);
    }
    void operator()(const ApiClientStateChanged& e) const {
      to.mutable_client_state_changed()->set_state(static_cast<int>(e.state));
    }
  };
  std::visit(Visitor{record}, event);
}

OrganizationEvent OrganizationEventOf(const store::EventRecord& from) {
  switch (from.payload_case()) {
    case store::EventRecord::kRegistered:
      return OrganizationRegistered{{from.id()},
                                    FromRecord(from.registered().profile()),
                                    from.registered().operates(),
                                    from.registered().submitter()};
    case store::EventRecord::kResubmitted:
      return OrganizationResubmitted{FromRecord(from.resubmitted().profile()),
                                     from.resubmitted().submitter()};
    case store::EventRecord::kKycApproved:
      return KycApproved{from.kyc_approved().checker()};
    case store::EventRecord::kKycRejected:
      return KycRejected{from.kyc_rejected().person(), from.kyc_rejected().reason()};
    case store::EventRecord::kSuspended:
      return OrganizationSuspended{from.suspended().person(), from.suspended().reason()};
    case store::EventRecord::kRequestMade:
      return RequestMade{static_cast<RequestKind>(from.request_made().kind()), from.request_made().person(),
                         from.request_made().reason()};
    case store::EventRecord::kReinstated:
      return OrganizationReinstated{from.reinstated().person()};
    case store::EventRecord::kClosed:
      return OrganizationClosed{from.closed().person()};
    default:
      TTX_CHECK(false, "an event of no known kind");
  }
}

ApiClientCreated FromRecord(const store::ApiClientCreatedRecord& from, const store::EventRecord& event) {
  return {{event.id()},
          {event.organization()},
          {from.person()},
          from.display_name(),
          {from.roles().begin(), from.roles().end()},
          from.manager(),
          from.secret_hash(),
          {from.code_hash(), {from.code_expire_time_ns()}},
          from.maker()};
}

decltype(StoredEvent::payload) PayloadOf(const store::EventRecord& from) {
  switch (from.payload_case()) {
    case store::EventRecord::kPersonCreated:
      return PersonCreated{{from.id()}, {from.organization()}, from.person_created().display_name()};
    case store::EventRecord::kPersonStateChanged:
      return PersonStateChanged{static_cast<AccessState>(from.person_state_changed().state())};
    case store::EventRecord::kClientCreated:
      return FromRecord(from.client_created(), from);
    case store::EventRecord::kSecretRotated:
      return SecretRotated{from.secret_rotated().secret_hash()};
    case store::EventRecord::kSecretReset:
      return SecretReset{{from.secret_reset().code_hash(), {from.secret_reset().code_expire_time_ns()}},
                         from.secret_reset().maker()};
    case store::EventRecord::kClientEnrolled:
      return ApiClientEnrolled{from.client_enrolled().secret_hash()};
    case store::EventRecord::kClientApproved:
      return ApiClientApproved{from.client_approved().person()};
    case store::EventRecord::kRolesSet:
      return RolesSet{{from.roles_set().roles().begin(), from.roles_set().roles().end()},
                      from.roles_set().maker()};
    case store::EventRecord::kClientStateChanged:
      return ApiClientStateChanged{static_cast<ClientState>(from.client_state_changed().state())};
    case store::EventRecord::kSigningKeyAdded:
      return SigningKeyAdded{from.id(),
                             {from.organization()},
                             from.signing_key_added().suite(),
                             from.signing_key_added().public_key_pem(),
                             from.signing_key_added().person()};
    case store::EventRecord::kSigningKeyRevoked:
      return SigningKeyRevoked{from.signing_key_revoked().person()};
    case store::EventRecord::kTokenKeyAdded:
      return TokenKeyAdded{
          from.id(), from.token_key_added().public_key_pem(), {from.token_key_added().activate_time_ns()}};
    case store::EventRecord::kTokenKeyForgotten:
      return TokenKeyForgotten{from.id()};
    case store::EventRecord::kCreditAppended:
      return FromRecord(from.credit_appended());
    default:
      return std::visit([](auto event) -> decltype(StoredEvent::payload) { return event; },
                        OrganizationEventOf(from));
  }
}

StoredEvent FromOutbox(const storage::OutboxEvent& event) {
  const auto record = storage::ParseRecord<store::EventRecord>(event.payload);
  StoredEvent stored;
  stored.sequence = event.sequence;
  stored.time = event.time;
  stored.organization = {record.organization()};
  stored.id = record.id();
  if (record.has_kyc_approved()) stored.profile = FromRecord(record.kyc_approved().profile());
  stored.client_roles = {record.client_roles().begin(), record.client_roles().end()};
  if (record.client_state() != 0) stored.client_state = static_cast<ClientState>(record.client_state());
  stored.payload = PayloadOf(record);
  return stored;
}

}  // namespace

// --- Aggregates

std::optional<Organization> LoadOrganization(const storage::Reader& reader, const OrganizationId& id) {
  return Load<store::OrganizationRecord>(reader, KeyOf(Table::kOrganization, id.text), FromRecord);
}

std::optional<OrganizationId> FindByUscc(const storage::Reader& reader, std::string_view uscc) {
  return storage::FindId<OrganizationId>(reader, KeyOf(Table::kOrganizationByUscc, uscc));
}

void Save(storage::Txn& txn, const std::optional<Organization>& before,
          const OrganizationDecision& decision) {
  const Organization& next = decision.next;
  MustHold(next);
  txn.Put(KeyOf(Table::kOrganization, next.id.text), ToRecord(next).SerializeAsString());
  if (!before || before->state != next.state) {
    if (before) txn.Delete(KeyOf(Table::kOrganizationByState, StateName(before->state), next.id.text));
    txn.Put(KeyOf(Table::kOrganizationByState, StateName(next.state), next.id.text), "");
  }
  // A refused or closed organization may lose its code to another that registers with it; submitting again
  // takes it back.
  const bool submitted = !before || before->state == OrganizationState::kRejected;
  if (submitted) {
    if (before && FindByUscc(txn, before->profile.uscc) == before->id) {
      txn.Delete(KeyOf(Table::kOrganizationByUscc, before->profile.uscc));
    }
    txn.Put(KeyOf(Table::kOrganizationByUscc, next.profile.uscc), next.id.text);
  }
  for (const OrganizationEvent& event : decision.events) {
    store::EventRecord record;
    ToRecord(event, next, record);
    txn.Emit(record.SerializeAsString());
  }
}

std::optional<Person> LoadPerson(const storage::Reader& reader, const PersonId& id) {
  return Load<store::PersonRecord>(reader, KeyOf(Table::kPerson, id.text), FromRecord);
}

void Save(storage::Txn& txn, const PersonDecision& decision) {
  const Person& next = decision.next;
  MustHold(next);
  txn.Put(KeyOf(Table::kPerson, next.id.text), ToRecord(next).SerializeAsString());
  txn.Put(KeyOf(Table::kPersonByOrganization, next.organization.text, next.id.text), "");
  for (const PersonEvent& event : decision.events) {
    store::EventRecord record;
    record.set_organization(next.organization.text);
    record.set_id(next.id.text);
    if (const auto* created = std::get_if<PersonCreated>(&event)) {
      record.mutable_person_created()->set_display_name(created->display_name);
    } else {
      record.mutable_person_state_changed()->set_state(
          static_cast<int>(std::get<PersonStateChanged>(event).state));
    }
    txn.Emit(record.SerializeAsString());
  }
}

std::optional<ApiClient> LoadApiClient(const storage::Reader& reader, const ApiClientId& id) {
  return Load<store::ApiClientRecord>(reader, KeyOf(Table::kApiClient, id.text), FromRecord);
}

void Save(storage::Txn& txn, const ApiClientDecision& decision) {
  const ApiClient& next = decision.next;
  MustHold(next);
  txn.Put(KeyOf(Table::kApiClient, next.id.text), ToRecord(next).SerializeAsString());
  txn.Put(KeyOf(Table::kApiClientByOrganization, next.organization.text, next.id.text), "");
  for (const ApiClientEvent& event : decision.events) {
    store::EventRecord record;
    record.set_organization(next.organization.text);
    record.set_id(next.id.text);
    for (const std::string& role : next.roles) record.add_client_roles(role);
    record.set_client_state(static_cast<int>(next.state));
    ToRecord(event, record);
    txn.Emit(record.SerializeAsString());
  }
}

std::optional<SigningKey> LoadSigningKey(const storage::Reader& reader, std::string_view fingerprint) {
  return Load<store::SigningKeyRecord>(reader, KeyOf(Table::kSigningKey, fingerprint), FromRecord);
}

void Save(storage::Txn& txn, const SigningKeyDecision& decision) {
  const SigningKey& next = decision.next;
  MustHold(next);
  txn.Put(KeyOf(Table::kSigningKey, next.fingerprint), ToRecord(next).SerializeAsString());
  txn.Put(KeyOf(Table::kSigningKeyByOrganization, next.organization.text, next.fingerprint), "");
  for (const SigningKeyEvent& event : decision.events) {
    store::EventRecord record;
    record.set_organization(next.organization.text);
    record.set_id(next.fingerprint);
    if (const auto* added = std::get_if<SigningKeyAdded>(&event)) {
      record.mutable_signing_key_added()->set_suite(added->suite);
      record.mutable_signing_key_added()->set_public_key_pem(added->public_key_pem);
      record.mutable_signing_key_added()->set_person(added->person);
    } else {
      record.mutable_signing_key_revoked()->set_person(std::get<SigningKeyRevoked>(event).person);
    }
    txn.Emit(record.SerializeAsString());
  }
}

int64_t LastCreditNumber(const storage::Reader& reader, const OrganizationId& id) {
  return static_cast<int64_t>(storage::LastNumber(reader, In(Table::kCreditEvent, id.text)));
}

void Save(storage::Txn& txn, const CreditEntry& entry) {
  const store::CreditRecord credit = ToRecord(entry);
  txn.Put(In(Table::kCreditEvent, entry.organization.text).U64(static_cast<uint64_t>(entry.number)).str(),
          credit.SerializeAsString());
  store::EventRecord record;
  record.set_organization(entry.organization.text);
  record.set_id(entry.organization.text);
  *record.mutable_credit_appended() = credit;
  txn.Emit(record.SerializeAsString());
}

// --- Tokens

std::vector<TokenKey> LoadTokenKeys(const storage::Reader& reader) {
  auto keys = storage::FromEntries<store::TokenKeyRecord>(
      storage::ScanAfter(reader, In(Table::kTokenKey), "", kAll), FromRecord);
  // Kids made within one millisecond are in no order.
  std::sort(keys.begin(), keys.end(),
            [](const TokenKey& a, const TokenKey& b) { return a.create_time < b.create_time; });
  return keys;
}

void SaveTokenKey(storage::Txn& txn, const TokenKey& key, bool is_new) {
  txn.Put(KeyOf(Table::kTokenKey, key.kid), ToRecord(key).SerializeAsString());
  if (!is_new) return;
  store::EventRecord record;
  record.set_id(key.kid);
  record.mutable_token_key_added()->set_public_key_pem(key.public_key_pem);
  record.mutable_token_key_added()->set_activate_time_ns(key.activate_time.ns);
  txn.Emit(record.SerializeAsString());
}

void ForgetTokenKey(storage::Txn& txn, std::string_view kid) {
  txn.Delete(KeyOf(Table::kTokenKey, kid));
  store::EventRecord record;
  record.set_id(std::string(kid));
  record.mutable_token_key_forgotten();
  txn.Emit(record.SerializeAsString());
}

std::optional<TokenFailures> LoadTokenFailures(const storage::Reader& reader, std::string_view client_id) {
  const auto record = FindRecord<store::TokenFailuresRecord>(reader, KeyOf(Table::kTokenFailures, client_id));
  if (!record) return std::nullopt;
  return TokenFailures{{record->window_start_ns()}, record->count()};
}

void SaveTokenFailures(storage::Txn& txn, std::string_view client_id, const TokenFailures& failures) {
  store::TokenFailuresRecord record;
  record.set_window_start_ns(failures.window_start.ns);
  record.set_count(failures.count);
  txn.Put(KeyOf(Table::kTokenFailures, client_id), record.SerializeAsString());
}

void ForgetTokenFailures(storage::Txn& txn, std::string_view client_id) {
  txn.Delete(KeyOf(Table::kTokenFailures, client_id));
}

std::optional<Time> LoadRevocation(const storage::Reader& reader, std::string_view subject) {
  const auto bytes = reader.Get(KeyOf(Table::kRevocation, subject));
  if (!bytes) return std::nullopt;
  return Time{static_cast<int64_t>(storage::NumberOf(*bytes))};
}

void SaveRevocation(storage::Txn& txn, const Revocation& revocation) {
  txn.Put(KeyOf(Table::kRevocation, revocation.subject),
          storage::NumberValue(static_cast<uint64_t>(revocation.not_before.ns)));
}

void ForgetRevocation(storage::Txn& txn, std::string_view subject) {
  txn.Delete(KeyOf(Table::kRevocation, subject));
}

std::vector<Revocation> LoadRevocations(const storage::Reader& reader) {
  std::vector<Revocation> revocations;
  for (std::string& subject : storage::ListTexts(reader, In(Table::kRevocation), "", kAll)) {
    const Time not_before = storage::Present(LoadRevocation(reader, subject));
    revocations.push_back({std::move(subject), not_before});
  }
  return revocations;
}

int64_t VerificationVersion(const storage::Reader& reader) {
  return static_cast<int64_t>(storage::FindNumber(reader, KeyOf(Table::kVerification)));
}

void BumpVerificationVersion(storage::Txn& txn) {
  txn.Put(KeyOf(Table::kVerification),
          storage::NumberValue(static_cast<uint64_t>(VerificationVersion(txn) + 1)));
}

// --- Lists

std::vector<Organization> ListOrganizations(const storage::Reader& reader,
                                            std::optional<OrganizationState> state, std::string_view after,
                                            size_t limit) {
  const storage::Key prefix =
      state ? In(Table::kOrganizationByState, StateName(*state)) : In(Table::kOrganization);
  return storage::LoadEach(storage::ListTexts(reader, prefix, after, limit),
                           [&](const std::string& id) { return LoadOrganization(reader, {id}); });
}

std::vector<Person> ListPeople(const storage::Reader& reader, const OrganizationId& id,
                               std::string_view after, size_t limit) {
  return storage::LoadEach(
      storage::ListTexts(reader, In(Table::kPersonByOrganization, id.text), after, limit),
      [&](const std::string& person) { return LoadPerson(reader, {person}); });
}

std::vector<ApiClient> ListApiClients(const storage::Reader& reader, const OrganizationId& id,
                                      std::string_view after, size_t limit) {
  return storage::LoadEach(
      storage::ListTexts(reader, In(Table::kApiClientByOrganization, id.text), after, limit),
      [&](const std::string& client) { return LoadApiClient(reader, {client}); });
}

std::vector<SigningKey> ListSigningKeys(const storage::Reader& reader, const OrganizationId& id,
                                        std::string_view after, size_t limit) {
  return storage::LoadEach(
      storage::ListTexts(reader, In(Table::kSigningKeyByOrganization, id.text), after, limit),
      [&](const std::string& fingerprint) { return LoadSigningKey(reader, fingerprint); });
}

std::vector<CreditEntry> ListCreditEntries(const storage::Reader& reader, const OrganizationId& id,
                                           int64_t after, size_t limit) {
  return storage::FromEntries<store::CreditRecord>(
      storage::ScanAfter(reader, In(Table::kCreditEvent, id.text), static_cast<uint64_t>(after), limit),
      FromRecord);
}

std::vector<StoredEvent> ListEvents(const storage::Reader& reader, uint64_t after_sequence, size_t limit) {
  return storage::ReadEvents(reader, after_sequence, limit, FromOutbox);
}

}  // namespace ttx::party
