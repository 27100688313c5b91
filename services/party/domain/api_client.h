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

/// Whether a client may call; numbers are stored. PENDING waits for a second person.
enum class ClientState { kActive = 1, kDisabled = 2, kPending = 3 };

/// What an enrolment code is known by: whoever presents it once, in time, gets the secret.
struct EnrolmentCode {
  std::string hash;  // SHA-256, 32 bytes; empty when there was never one
  Time expire_time;
  bool operator==(const EnrolmentCode&) const = default;
};

/// What a program calls the API with: acts for an organization, a person answers for it.
struct ApiClient {
  ApiClientId id;
  OrganizationId organization;
  PersonId person;
  std::string display_name;
  std::vector<std::string> roles;   // sorted; effective while the organization is ACTIVE
  bool manager = false;             // may manage people, clients and roles of its organization
  std::string secret_hash;          // SHA-256, 32 bytes; empty until its person has enrolled
  EnrolmentCode code;               // the latest one
  Time enrol_time;                  // when the code was exchanged; none before
  std::vector<std::string> makers;  // "people/{id}", sorted: whose steps wait for another person; none unless
                                    // PENDING or disabled while it was
  std::string approver;  // "people/{id}" of the latest second person
  ClientState state = ClientState::kActive;
  Time create_time;
  Time update_time;
  int64_t version = 0;
  bool operator==(const ApiClient&) const = default;
};

// --- Events. `maker` is empty where no second person is needed.

struct ApiClientCreated {
  ApiClientId id;
  OrganizationId organization;
  PersonId person;
  std::string display_name;
  std::vector<std::string> roles;
  bool manager = false;
  std::string secret_hash;
  EnrolmentCode code{};
  std::string maker{};
  bool operator==(const ApiClientCreated&) const = default;
};
struct SecretRotated {
  std::string secret_hash;
  bool operator==(const SecretRotated&) const = default;
};
struct SecretReset {
  EnrolmentCode code;
  std::string maker;
  bool operator==(const SecretReset&) const = default;
};
struct ApiClientEnrolled {
  std::string secret_hash;
  bool operator==(const ApiClientEnrolled&) const = default;
};
struct ApiClientApproved {
  std::string person;
  bool operator==(const ApiClientApproved&) const = default;
};
struct RolesSet {
  std::vector<std::string> roles;
  std::string maker{};
  bool operator==(const RolesSet&) const = default;
};
struct ApiClientStateChanged {
  ClientState state;
  bool operator==(const ApiClientStateChanged&) const = default;
};
using ApiClientEvent = std::variant<ApiClientCreated, SecretRotated, SecretReset, ApiClientEnrolled,
                                    ApiClientApproved, RolesSet, ApiClientStateChanged>;
using ApiClientDecision = Decision<ApiClient, ApiClientEvent>;

// --- Commands; `kind` and `operates` are the organization's, `maker` ("people/{id}") is who gives the
// command

/// With a secret for whoever registers their own organization, otherwise with an enrolment code. `vouched`:
/// somebody else admits the client with its organization (KYC), so it does not wait for a second person of
/// its own. `name_field` names the request's field of the display name.
struct CreateApiClient {
  ApiClientId id;
  OrganizationId organization;
  PersonId person;
  std::string display_name;
  std::vector<std::string> roles;
  bool manager = false;
  std::string secret_hash{};
  EnrolmentCode code{};
  Kind kind;
  bool operates = false;
  bool vouched = false;
  std::string maker{};
  std::string name_field = "display_name";
};
/// By the client itself.
struct RotateSecret {
  std::string secret_hash;
};
/// By somebody else: the old secret ends, a new one is for whoever presents the code.
struct ResetSecret {
  EnrolmentCode code;
  Kind kind;
  bool operates = false;
  std::string maker;
};
/// With the client's code, as the caller has made sure.
struct EnrolApiClient {
  std::string secret_hash;
};
struct ApproveApiClient {
  std::string person;
};
struct SetRoles {
  std::vector<std::string> roles;
  Kind kind;
  bool operates = false;
  std::string maker{};
};
/// kActive enables: back to PENDING when it waited for a second person.
struct SetApiClientState {
  AccessState state;
};

// Each is total.

/// INVALID_FIELD.
Result<ApiClientDecision> Decide(const CreateApiClient& command, Time now);
/// WRONG_STATE unless ACTIVE.
Result<ApiClientDecision> Decide(const ApiClient& state, const RotateSecret& command, Time now);
/// WRONG_STATE unless ACTIVE or PENDING.
Result<ApiClientDecision> Decide(const ApiClient& state, const ResetSecret& command, Time now);
/// WRONG_STATE unless ACTIVE or PENDING, ENROLMENT_CODE_USED, ENROLMENT_CODE_EXPIRED.
Result<ApiClientDecision> Decide(const ApiClient& state, const EnrolApiClient& command, Time now);
/// WRONG_STATE unless PENDING, SAME_PERSON for whoever had a hand in it, for the client's own person and for
/// nobody.
Result<ApiClientDecision> Decide(const ApiClient& state, const ApproveApiClient& command, Time now);
/// INVALID_FIELD, then WRONG_STATE unless ACTIVE.
Result<ApiClientDecision> Decide(const ApiClient& state, const SetRoles& command, Time now);
/// WRONG_STATE when it is in that state already.
Result<ApiClientDecision> Decide(const ApiClient& state, const SetApiClientState& command, Time now);

[[nodiscard]] ApiClient Apply(ApiClient state, const ApiClientEvent& event, Time time);
std::optional<std::string> Check(const ApiClient& client);

std::string_view StateName(ClientState state);
std::string ResourceName(const ApiClientId& id);

}  // namespace ttx::party
