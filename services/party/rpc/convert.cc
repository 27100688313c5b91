#include "services/party/rpc/convert.h"

#include "libs/rpc/proto_time.h"
#include "services/party/domain/mask.h"

namespace ttx::party {
namespace {

using rpc::ToProtoTime;

constexpr size_t kMinPublicRequestId = 16;

v1::Organization::State ToProto(OrganizationState state) {
  switch (state) {
    case OrganizationState::kKycPending:
      return v1::Organization::KYC_PENDING;
    case OrganizationState::kActive:
      return v1::Organization::ACTIVE;
    case OrganizationState::kRejected:
      return v1::Organization::REJECTED;
    case OrganizationState::kSuspended:
      return v1::Organization::SUSPENDED;
    case OrganizationState::kClosed:
      return v1::Organization::CLOSED;
  }
  TTX_CHECK(false, "unreachable");
}

v1::Organization::Kind ToProto(Kind kind) {
  switch (kind) {
    case Kind::kUniversity:
      return v1::Organization::UNIVERSITY;
    case Kind::kInstitute:
      return v1::Organization::INSTITUTE;
    case Kind::kEnterprise:
      return v1::Organization::ENTERPRISE;
    case Kind::kExchange:
      return v1::Organization::EXCHANGE;
    case Kind::kBank:
      return v1::Organization::BANK;
    case Kind::kRegistry:
      return v1::Organization::REGISTRY;
    case Kind::kIntermediary:
      return v1::Organization::INTERMEDIARY;
    case Kind::kAuthority:
      return v1::Organization::AUTHORITY;
    case Kind::kPersonOther:
      return v1::Organization::PERSON_OTHER;
  }
  TTX_CHECK(false, "unreachable");
}

Result<Kind> FromProto(v1::Organization::Kind kind) {
  switch (kind) {
    case v1::Organization::UNIVERSITY:
      return Kind::kUniversity;
    case v1::Organization::INSTITUTE:
      return Kind::kInstitute;
    case v1::Organization::ENTERPRISE:
      return Kind::kEnterprise;
    case v1::Organization::EXCHANGE:
      return Kind::kExchange;
    case v1::Organization::BANK:
      return Kind::kBank;
    case v1::Organization::REGISTRY:
      return Kind::kRegistry;
    case v1::Organization::INTERMEDIARY:
      return Kind::kIntermediary;
    case v1::Organization::AUTHORITY:
      return Kind::kAuthority;
    case v1::Organization::PERSON_OTHER:
      return Kind::kPersonOther;
    default:
      return InvalidField("profile.kind", Reason::kREQUIRED);
  }
}

v1::Organization::PendingRequest::Kind ToProto(RequestKind kind) {
  switch (kind) {
    case RequestKind::kReinstate:
      return v1::Organization::PendingRequest::REINSTATE;
    case RequestKind::kClose:
      return v1::Organization::PendingRequest::CLOSE;
  }
  TTX_CHECK(false, "unreachable");
}

v1::CreditEvent::Type ToProto(CreditType type) {
  switch (type) {
    case CreditType::kWinDefault:
      return v1::CreditEvent::WIN_DEFAULT;
    case CreditType::kNoBidAfterDeposit:
      return v1::CreditEvent::NO_BID_AFTER_DEPOSIT;
    case CreditType::kFalseMaterial:
      return v1::CreditEvent::FALSE_MATERIAL;
    case CreditType::kCollusion:
      return v1::CreditEvent::COLLUSION;
    case CreditType::kLatePay:
      return v1::CreditEvent::LATE_PAY;
    case CreditType::kGoodPerformance:
      return v1::CreditEvent::GOOD_PERFORMANCE;
  }
  TTX_CHECK(false, "unreachable");
}

v1::Person::State ToProto(AccessState state) {
  switch (state) {
    case AccessState::kActive:
      return v1::Person::ACTIVE;
    case AccessState::kDisabled:
      return v1::Person::DISABLED;
  }
  TTX_CHECK(false, "unreachable");
}

v1::ApiClient::State ToProto(ClientState state) {
  switch (state) {
    case ClientState::kActive:
      return v1::ApiClient::ACTIVE;
    case ClientState::kDisabled:
      return v1::ApiClient::DISABLED;
    case ClientState::kPending:
      return v1::ApiClient::PENDING;
  }
  TTX_CHECK(false, "unreachable");
}

v1::Profile ToProto(const Profile& profile, View view) {
  v1::Profile proto;
  proto.set_uscc(profile.uscc);
  proto.set_legal_name(profile.legal_name);
  proto.set_kind(ToProto(profile.kind));
  if (view == View::kPublic) return proto;
  const bool full = view == View::kStaff;
  proto.set_domicile(profile.domicile);
  proto.set_region_code(profile.region_code);
  proto.set_licence_digest(profile.licence_digest);
  proto.set_legal_representative(full ? profile.legal_representative
                                      : MaskName(profile.legal_representative));
  proto.mutable_bank_account()->set_name(profile.bank_account.name);
  proto.mutable_bank_account()->set_number(full ? profile.bank_account.number
                                                : MaskAccount(profile.bank_account.number));
  proto.mutable_bank_account()->set_bank(profile.bank_account.bank);
  return proto;
}

// Fills an event's payload. Clients' and people's names stay in the service.
struct PayloadToProto {
  const StoredEvent& stored;
  const bool internal;
  v1::Event& out;

  std::string organization() const { return ResourceName(stored.organization); }
  void Client() const {
    auto& to = *out.mutable_api_client_changed();
    to.set_api_client("apiClients/" + stored.id);
    to.set_organization(organization());
    for (const std::string& role : stored.client_roles) to.add_roles(role);
    to.set_state(ToProto(stored.client_state));
  }
  void Person(AccessState state) const {
    auto& to = *out.mutable_person_changed();
    to.set_person("people/" + stored.id);
    to.set_organization(organization());
    to.set_state(ToProto(state));
  }

  void operator()(const OrganizationRegistered&) const {
    out.mutable_organization_submitted()->set_organization(organization());
  }
  void operator()(const OrganizationResubmitted&) const {
    out.mutable_organization_submitted()->set_organization(organization());
  }
  void operator()(const KycApproved&) const {
    auto& to = *out.mutable_organization_activated();
    to.set_organization(organization());
    to.set_legal_name(stored.profile.legal_name);
    to.set_uscc(stored.profile.uscc);
    to.set_kind(ToProto(stored.profile.kind));
    to.set_domicile(stored.profile.domicile);
    if (!internal) return;
    to.set_bank_account_name(stored.profile.bank_account.name);
    to.set_bank_account_number(stored.profile.bank_account.number);
    to.set_bank_account_bank(stored.profile.bank_account.bank);
  }
  void operator()(const KycRejected&) const {
    out.mutable_organization_rejected()->set_organization(organization());
  }
  void operator()(const OrganizationSuspended&) const {
    out.mutable_organization_suspended()->set_organization(organization());
  }
  void operator()(const RequestMade& e) const {
    out.mutable_organization_request_made()->set_organization(organization());
    out.mutable_organization_request_made()->set_kind(ToProto(e.kind));
  }
  void operator()(const OrganizationReinstated&) const {
    out.mutable_organization_reinstated()->set_organization(organization());
  }
  void operator()(const OrganizationClosed&) const {
    out.mutable_organization_closed()->set_organization(organization());
  }
  void operator()(const PersonCreated&) const { Person(AccessState::kActive); }
  void operator()(const PersonStateChanged& e) const { Person(e.state); }
  void operator()(const ApiClientCreated&) const { Client(); }
  void operator()(const SecretRotated&) const { Client(); }
  void operator()(const SecretReset&) const { Client(); }
  void operator()(const ApiClientEnrolled&) const { Client(); }
  void operator()(const ApiClientApproved&) const { Client(); }
  void operator()(const RolesSet&) const { Client(); }
  void operator()(const ApiClientStateChanged&) const { Client(); }
  void operator()(const SigningKeyAdded& e) const {
    auto& to = *out.mutable_signing_key_added();
    to.set_organization(organization());
    to.set_key_id(e.fingerprint);
    to.set_suite(e.suite);
    to.set_public_key_pem(e.public_key_pem);
    to.set_person(e.person);
  }
  void operator()(const SigningKeyRevoked&) const {
    out.mutable_signing_key_revoked()->set_organization(organization());
    out.mutable_signing_key_revoked()->set_key_id(stored.id);
  }
  void operator()(const TokenKeyAdded& e) const { out.mutable_token_key_changed()->set_kid(e.kid); }
  void operator()(const TokenKeyForgotten& e) const {
    out.mutable_token_key_changed()->set_kid(e.kid);
    out.mutable_token_key_changed()->set_forgotten(true);
  }
  void operator()(const CreditEntry& e) const {
    auto& to = *out.mutable_credit_event_appended();
    to.set_organization(organization());
    to.set_type(ToProto(e.type));
    to.set_subject(e.subject);
  }
};

// The two ways to register have the same fields.
template <class Request>
Result<PartyApp::RegisterInput> RegistrationOf(const Request& request) {
  TTX_TRY(Profile profile, party::FromProto(request.profile()));
  return PartyApp::RegisterInput{std::move(profile), request.person_display_name(),
                                 request.client_display_name(), RolesOf(request.roles())};
}

}  // namespace

Result<OrganizationId> ParseOrganization(std::string_view name, std::string_view field) {
  TTX_TRY(std::string id, ParseName(name, "organizations", field));
  return OrganizationId{std::move(id)};
}

Result<PersonId> ParsePerson(std::string_view name, std::string_view field) {
  TTX_TRY(std::string id, ParseName(name, "people", field));
  return PersonId{std::move(id)};
}

Result<ApiClientId> ParseApiClient(std::string_view name, std::string_view field) {
  TTX_TRY(std::string id, ParseName(name, "apiClients", field));
  return ApiClientId{std::move(id)};
}

Result<SigningKeyName> ParseSigningKey(std::string_view name) {
  constexpr std::string_view kMiddle = "/signingKeys/";
  const size_t split = name.find(kMiddle);
  if (split == name.npos) {
    return InvalidField("name", name.empty() ? Reason::kREQUIRED : Reason::kBAD_FORMAT,
                        "organizations/{id}/signingKeys/{fingerprint}");
  }
  TTX_TRY(OrganizationId organization, ParseOrganization(name.substr(0, split), "name"));
  TTX_TRY(std::string fingerprint, ParseName(name.substr(split + 1), "signingKeys", "name"));
  return SigningKeyName{std::move(organization), std::move(fingerprint)};
}

Result<Profile> FromProto(const v1::Profile& proto) {
  TTX_TRY(const Kind kind, FromProto(proto.kind()));
  return Profile{proto.uscc(),
                 proto.legal_name(),
                 kind,
                 proto.domicile(),
                 proto.region_code(),
                 proto.licence_digest(),
                 proto.legal_representative(),
                 {proto.bank_account().name(), proto.bank_account().number(), proto.bank_account().bank()}};
}

std::vector<std::string> RolesOf(const google::protobuf::RepeatedPtrField<std::string>& roles) {
  return {roles.begin(), roles.end()};
}

Result<PartyApp::RegisterInput> FromProto(const v1::RegisterOrganizationRequest& request) {
  // Anonymous callers share one scope of request ids, and a replay shows the secret: the id must be hard to
  // guess.
  if (request.request_id().size() < kMinPublicRequestId) {
    return InvalidField("request_id", Reason::kOUT_OF_RANGE,
                        std::to_string(kMinPublicRequestId) + "..64 characters");
  }
  return RegistrationOf(request);
}
Result<PartyApp::RegisterInput> FromProto(const v1::CreateOrganizationRequest& request) {
  return RegistrationOf(request);
}

v1::Organization ToProto(const Organization& organization, View view) {
  v1::Organization proto;
  proto.set_name(ResourceName(organization.id));
  proto.set_uid(organization.id.text);
  *proto.mutable_profile() = ToProto(organization.profile, view);
  proto.set_state(ToProto(organization.state));
  if (view == View::kPublic) return proto;
  proto.set_operator_(organization.operates);
  proto.set_submitter(organization.submitter);
  proto.set_checker(organization.checker);
  proto.set_state_reason(organization.state_reason);
  if (organization.request) {
    auto& request = *proto.mutable_pending_request();
    request.set_kind(ToProto(organization.request->kind));
    request.set_person(organization.request->person);
    request.set_reason(organization.request->reason);
    *request.mutable_create_time() = ToProtoTime(organization.request->time);
  }
  *proto.mutable_create_time() = ToProtoTime(organization.create_time);
  *proto.mutable_update_time() = ToProtoTime(organization.update_time);
  proto.set_etag(std::to_string(organization.version));
  return proto;
}

v1::Person ToProto(const Person& person, View view) {
  v1::Person proto;
  proto.set_name(ResourceName(person.id));
  proto.set_uid(person.id.text);
  proto.set_organization(ResourceName(person.organization));
  proto.set_display_name(view == View::kStaff ? person.display_name : MaskName(person.display_name));
  proto.set_state(ToProto(person.state));
  *proto.mutable_create_time() = ToProtoTime(person.create_time);
  *proto.mutable_update_time() = ToProtoTime(person.update_time);
  proto.set_etag(std::to_string(person.version));
  return proto;
}

v1::ApiClient ToProto(const ApiClient& client) {
  v1::ApiClient proto;
  proto.set_name(ResourceName(client.id));
  proto.set_uid(client.id.text);
  proto.set_organization(ResourceName(client.organization));
  proto.set_person(ResourceName(client.person));
  proto.set_display_name(client.display_name);
  for (const std::string& role : client.roles) proto.add_roles(role);
  proto.set_manager(client.manager);
  proto.set_state(ToProto(client.state));
  for (const std::string& maker : client.makers) proto.add_makers(maker);
  proto.set_approver(client.approver);
  if (client.enrol_time) {
    *proto.mutable_enrol_time() = ToProtoTime(client.enrol_time);
  } else if (client.code.expire_time) {
    *proto.mutable_code_expire_time() = ToProtoTime(client.code.expire_time);
  }
  *proto.mutable_create_time() = ToProtoTime(client.create_time);
  *proto.mutable_update_time() = ToProtoTime(client.update_time);
  proto.set_etag(std::to_string(client.version));
  return proto;
}

v1::SigningKey ToProto(const SigningKey& key) {
  v1::SigningKey proto;
  proto.set_name(ResourceName(key));
  proto.set_uid(key.fingerprint);
  proto.set_organization(ResourceName(key.organization));
  proto.set_suite(key.suite);
  proto.set_public_key_pem(key.public_key_pem);
  proto.set_person(key.person);
  switch (key.state) {
    case SigningKeyState::kActive:
      proto.set_state(v1::SigningKey::ACTIVE);
      break;
    case SigningKeyState::kRevoked:
      proto.set_state(v1::SigningKey::REVOKED);
      *proto.mutable_revoke_time() = ToProtoTime(key.revoke_time);
      break;
  }
  *proto.mutable_create_time() = ToProtoTime(key.create_time);
  *proto.mutable_update_time() = ToProtoTime(key.update_time);
  proto.set_etag(std::to_string(key.version));
  return proto;
}

v1::TokenKey ToProto(const TokenKey& key) {
  v1::TokenKey proto;
  proto.set_kid(key.kid);
  proto.set_alg("ES256");
  proto.set_public_key_pem(key.public_key_pem);
  *proto.mutable_activate_time() = ToProtoTime(key.activate_time);
  if (key.expire_time) *proto.mutable_expire_time() = ToProtoTime(key.expire_time);
  return proto;
}

v1::VerificationState ToProto(const PartyApp::Verification& verification) {
  v1::VerificationState proto;
  proto.set_version(verification.version);
  for (const TokenKey& key : verification.keys) *proto.add_keys() = ToProto(key);
  for (const Revocation& revocation : verification.revocations) {
    auto& to = *proto.add_revocations();
    to.set_subject(revocation.subject);
    *to.mutable_not_before() = ToProtoTime(revocation.not_before);
  }
  return proto;
}

v1::CreditEvent ToProto(const CreditEntry& entry) {
  v1::CreditEvent proto;
  const std::string organization = ResourceName(entry.organization);
  proto.set_name(organization + "/creditEvents/" + std::to_string(entry.number));
  proto.set_number(entry.number);
  proto.set_organization(organization);
  proto.set_type(ToProto(entry.type));
  proto.set_subject(entry.subject);
  proto.set_detail(entry.detail);
  proto.set_person(entry.person);
  *proto.mutable_create_time() = ToProtoTime(entry.time);
  return proto;
}

v1::Event ToProto(const StoredEvent& stored, bool internal) {
  v1::Event proto;
  proto.set_sequence(static_cast<int64_t>(stored.sequence));
  *proto.mutable_event_time() = ToProtoTime(stored.time);
  std::visit(PayloadToProto{stored, internal, proto}, stored.payload);
  return proto;
}

}  // namespace ttx::party
