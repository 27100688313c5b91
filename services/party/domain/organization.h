#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "libs/core/id.h"
#include "libs/core/result.h"
#include "libs/core/time.h"
#include "services/party/domain/decision.h"
#include "services/party/domain/roles.h"

namespace ttx::party {

struct OrganizationTag;
using OrganizationId = Id<OrganizationTag>;

/// Where its admission stands (domain.md 1.3); numbers are stored.
enum class OrganizationState { kKycPending = 1, kActive = 2, kRejected = 3, kSuspended = 4, kClosed = 5 };

struct BankAccount {
  std::string name;    // FoldName(name) == FoldName(legal_name)
  std::string number;  // 8..32 digits
  std::string bank;
  bool operator==(const BankAccount&) const = default;
};

/// What an organization tells about itself.
struct Profile {
  std::string uscc;  // normalised
  std::string legal_name;
  Kind kind = Kind::kEnterprise;
  std::string domicile;
  std::string region_code;     // 6 digits
  std::string licence_digest;  // lower-case hex SHA-256
  std::string legal_representative;
  BankAccount bank_account;
  bool operator==(const Profile&) const = default;
};

/// The profile in its stored form; INVALID_FIELD with the first field that is wrong, paths starting with
/// "profile.": the rules of domain.md 2.1 and, for the account, the KYC guard of 1.3 (ACCOUNT_NAME_MISMATCH).
Result<Profile> NormalizeProfile(Profile profile);

/// What a second person must agree to; numbers are stored.
enum class RequestKind { kReinstate = 1, kClose = 2 };

struct PendingRequest {
  RequestKind kind = RequestKind::kReinstate;
  std::string person;  // who asked
  std::string reason;
  Time time;
  bool operator==(const PendingRequest&) const = default;
};

struct Organization {
  OrganizationId id;
  Profile profile;
  bool operates = false;  // this installation
  OrganizationState state = OrganizationState::kKycPending;
  std::string submitter;  // "people/{id}": the maker of the KYC step
  std::string checker;    // who admitted or refused it; empty for the operator, which whoever installs admits
  std::string state_reason;
  std::optional<PendingRequest> request;
  Time create_time;
  Time update_time;
  int64_t version = 0;
  bool operator==(const Organization&) const = default;
};

// --- Events: complete; folding them with Apply gives the organization

struct OrganizationRegistered {
  OrganizationId id;
  Profile profile;
  bool operates = false;
  std::string submitter;
  bool operator==(const OrganizationRegistered&) const = default;
};
struct OrganizationResubmitted {
  Profile profile;
  std::string submitter;
  bool operator==(const OrganizationResubmitted&) const = default;
};
struct KycApproved {
  std::string checker;
  bool operator==(const KycApproved&) const = default;
};
struct KycRejected {
  std::string checker;
  std::string reason;
  bool operator==(const KycRejected&) const = default;
};
struct OrganizationSuspended {
  std::string person;
  std::string reason;
  bool operator==(const OrganizationSuspended&) const = default;
};
struct RequestMade {
  RequestKind kind;
  std::string person;
  std::string reason;
  bool operator==(const RequestMade&) const = default;
};
struct OrganizationReinstated {
  std::string person;
  bool operator==(const OrganizationReinstated&) const = default;
};
struct OrganizationClosed {
  std::string person;
  bool operator==(const OrganizationClosed&) const = default;
};

using OrganizationEvent =
    std::variant<OrganizationRegistered, OrganizationResubmitted, KycApproved, KycRejected,
                 OrganizationSuspended, RequestMade, OrganizationReinstated, OrganizationClosed>;
using OrganizationDecision = Decision<Organization, OrganizationEvent>;

// --- Commands; `person` is who gives it

struct RegisterOrganization {
  OrganizationId id;
  Profile profile;
  std::string submitter;
  bool by_administrator = false;
};
/// The operator of a new installation: ACTIVE at once.
struct InstallOperator {
  OrganizationId id;
  Profile profile;
  std::string submitter;
};
struct ResubmitOrganization {
  Profile profile;
  std::string person;
  bool by_administrator = false;
};
struct ApproveKyc {
  std::string person;
};
struct RejectKyc {
  std::string person;
  std::string reason;
};
struct SuspendOrganization {
  std::string person;
  std::string reason;
};
struct MakeRequest {
  RequestKind kind;
  std::string person;
  std::string reason;
};
struct ApproveRequest {
  RequestKind kind;
  std::string person;
};

/// Each is total. Order of precedence: fields of the request, OPERATOR_ORGANIZATION, WRONG_STATE,
/// NOT_REQUESTED, SAME_PERSON. That no other organization holds the USCC is the store's to see.
Result<OrganizationDecision> Decide(const RegisterOrganization& command, Time now);
Result<OrganizationDecision> Decide(const InstallOperator& command, Time now);
Result<OrganizationDecision> Decide(const Organization& state, const ResubmitOrganization& command, Time now);
Result<OrganizationDecision> Decide(const Organization& state, const ApproveKyc& command, Time now);
Result<OrganizationDecision> Decide(const Organization& state, const RejectKyc& command, Time now);
Result<OrganizationDecision> Decide(const Organization& state, const SuspendOrganization& command, Time now);
Result<OrganizationDecision> Decide(const Organization& state, const MakeRequest& command, Time now);
Result<OrganizationDecision> Decide(const Organization& state, const ApproveRequest& command, Time now);

/// The state after an event at `time`. `Apply({}, OrganizationRegistered, time)` is the first state.
[[nodiscard]] Organization Apply(Organization state, const OrganizationEvent& event, Time time);

/// What must hold of every organization at rest; names the first violation, or nothing.
std::optional<std::string> Check(const Organization& organization);

/// Whether clients of the organization get tokens at all, and whether these carry roles.
bool AdmitsTokens(OrganizationState state);
inline bool GrantsRoles(OrganizationState state) { return state == OrganizationState::kActive; }

std::string_view StateName(OrganizationState state);
std::string ResourceName(const OrganizationId& id);

}  // namespace ttx::party
