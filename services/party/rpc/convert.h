#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/core/principal.h"
#include "libs/core/result.h"
#include "services/party/app/party_app.h"
#include "ttx/party/v1/party.pb.h"

namespace ttx::party {

/// Requests to commands: shape errors name the field.
Result<OrganizationId> ParseOrganization(std::string_view name, std::string_view field);
Result<PersonId> ParsePerson(std::string_view name, std::string_view field);
Result<ApiClientId> ParseApiClient(std::string_view name, std::string_view field);
struct SigningKeyName {
  OrganizationId organization;
  std::string fingerprint;
};
/// "organizations/{id}/signingKeys/{fingerprint}".
Result<SigningKeyName> ParseSigningKey(std::string_view name);
/// The profile as it was sent; the domain judges the values. REQUIRED on `profile.kind`.
Result<Profile> FromProto(const v1::Profile& proto);
Result<PartyApp::RegisterInput> FromProto(const v1::RegisterOrganizationRequest& request);
Result<PartyApp::RegisterInput> FromProto(const v1::CreateOrganizationRequest& request);
std::vector<std::string> RolesOf(const google::protobuf::RepeatedPtrField<std::string>& roles);

/// Resources as the caller may see them.
v1::Organization ToProto(const Organization& organization, View view);
v1::Person ToProto(const Person& person, View view);
v1::ApiClient ToProto(const ApiClient& client);
v1::SigningKey ToProto(const SigningKey& key);
v1::TokenKey ToProto(const TokenKey& key);
v1::VerificationState ToProto(const PartyApp::Verification& verification);
v1::CreditEvent ToProto(const CreditEntry& entry);
/// `internal`: with the fields meant for services of the installation.
v1::Event ToProto(const StoredEvent& stored, bool internal);

}  // namespace ttx::party
