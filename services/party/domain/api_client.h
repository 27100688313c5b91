#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/core/id.h"
#include "libs/core/result.h"
#include "libs/core/time.h"
#include "services/party/domain/decision.h"
#include "services/party/domain/organization.h"
#include "services/party/domain/person.h"

namespace ttx::party {

struct ApiClientTag;
using ApiClientId = Id<ApiClientTag>;

/// What a program calls the API with: acts for an organization, a person answers for it.
struct ApiClient {
  ApiClientId id;
  OrganizationId organization;
  PersonId person;
  std::string display_name;
  std::vector<std::string> roles;  // sorted; effective while the organization is ACTIVE
  bool manager = false;            // may manage people, clients and roles of its organization
  std::string secret_hash;         // SHA-256, 32 bytes
  AccessState state = AccessState::kActive;
  Time create_time;
  Time update_time;
  int64_t version = 0;
  bool operator==(const ApiClient&) const = default;
};

struct ApiClientCreated {
  ApiClientId id;
  OrganizationId organization;
  PersonId person;
  std::string display_name;
  std::vector<std::string> roles;
  bool manager = false;
  std::string secret_hash;
  bool operator==(const ApiClientCreated&) const = default;
};
struct SecretRotated {
  std::string secret_hash;
  bool operator==(const SecretRotated&) const = default;
};
struct RolesSet {
  std::vector<std::string> roles;
  bool operator==(const RolesSet&) const = default;
};
struct ApiClientStateChanged {
  AccessState state;
  bool operator==(const ApiClientStateChanged&) const = default;
};
using ApiClientEvent = std::variant<ApiClientCreated, SecretRotated, RolesSet, ApiClientStateChanged>;
using ApiClientDecision = Decision<ApiClient, ApiClientEvent>;

/// `name_field` names the request's field of the display name. `kind` and `operates` are the organization's.
struct CreateApiClient {
  ApiClientId id;
  OrganizationId organization;
  PersonId person;
  std::string display_name;
  std::vector<std::string> roles;
  bool manager = false;
  std::string secret_hash;
  Kind kind;
  bool operates = false;
  std::string name_field = "display_name";
};
struct RotateSecret {
  std::string secret_hash;
};
struct SetRoles {
  std::vector<std::string> roles;
  Kind kind;
  bool operates = false;
};
struct SetApiClientState {
  AccessState state;
};

/// INVALID_FIELD.
Result<ApiClientDecision> Decide(const CreateApiClient& command, Time now);
/// WRONG_STATE unless ACTIVE.
Result<ApiClientDecision> Decide(const ApiClient& state, const RotateSecret& command, Time now);
/// INVALID_FIELD, then WRONG_STATE unless ACTIVE.
Result<ApiClientDecision> Decide(const ApiClient& state, const SetRoles& command, Time now);
/// WRONG_STATE when it is in that state already.
Result<ApiClientDecision> Decide(const ApiClient& state, const SetApiClientState& command, Time now);

[[nodiscard]] ApiClient Apply(ApiClient state, const ApiClientEvent& event, Time time);
std::optional<std::string> Check(const ApiClient& client);

std::string ResourceName(const ApiClientId& id);

}  // namespace ttx::party
