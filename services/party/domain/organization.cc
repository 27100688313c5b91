#include "services/party/domain/organization.h"

#include <algorithm>

#include "libs/core/encoding.h"
#include "libs/core/text.h"
#include "libs/core/uscc.h"
#include "services/party/domain/limits.h"

namespace ttx::party {
namespace {

bool AllDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Status CheckAccount(const BankAccount& account, std::string_view legal_name) {
  TTX_RETURN_IF_ERROR(CheckText(account.name, 1, kMaxLegalNameChars, "profile.bank_account.name"));
  if (FoldName(account.name) != FoldName(legal_name)) {
    return InvalidField("profile.bank_account.name", Reason::kACCOUNT_NAME_MISMATCH);
  }
  const std::string limit =
      std::to_string(kMinAccountDigits) + ".." + std::to_string(kMaxAccountDigits) + " digits";
  if (account.number.empty()) return InvalidField("profile.bank_account.number", Reason::kREQUIRED, limit);
  if (account.number.size() < kMinAccountDigits || account.number.size() > kMaxAccountDigits ||
      !AllDigits(account.number)) {
    return InvalidField("profile.bank_account.number", Reason::kBAD_FORMAT, limit);
  }
  return CheckText(account.bank, 1, kMaxBankNameChars, "profile.bank_account.bank");
}

Error WrongState(const Organization& state, std::string_view command) {
  return Error(Reason::kWRONG_STATE, {{"resource", ResourceName(state.id)},
                                      {"state", std::string(StateName(state.state))},
                                      {"command", std::string(command)}});
}

Status CheckNotOperator(const Organization& state) {
  if (state.operates) return Error(Reason::kOPERATOR_ORGANIZATION, {{"resource", ResourceName(state.id)}});
  return {};
}

Status CheckReason(std::string_view reason) { return CheckText(reason, 1, kMaxReasonChars, "reason"); }

// Nobody known is nobody else: a caller without a person never counts as the second one.
Status CheckOther(std::string_view maker, std::string_view checker) {
  if (checker.empty() || maker == checker) return Error(Reason::kSAME_PERSON);
  return {};
}

OrganizationDecision Decided(Organization state, std::vector<OrganizationEvent> events, Time now) {
  for (const OrganizationEvent& event : events) state = Apply(std::move(state), event, now);
  return {std::move(state), std::move(events)};
}

bool IsOpen(OrganizationState state) {
  return state == OrganizationState::kActive || state == OrganizationState::kSuspended;
}

bool Allows(OrganizationState state, RequestKind kind) {
  switch (kind) {
    case RequestKind::kReinstate:
      return state == OrganizationState::kSuspended;
    case RequestKind::kClose:
      return IsOpen(state);
  }
  TTX_CHECK(false, "unreachable");
}

std::string_view CommandName(RequestKind kind, bool approve) {
  switch (kind) {
    case RequestKind::kReinstate:
      return approve ? "ApproveReinstate" : "RequestReinstate";
    case RequestKind::kClose:
      return approve ? "ApproveClose" : "RequestClose";
  }
  TTX_CHECK(false, "unreachable");
}

}  // namespace

Result<Profile> NormalizeProfile(Profile profile) {
  TTX_TRY(profile.uscc, ParseUscc(profile.uscc, "profile.uscc"));
  TTX_RETURN_IF_ERROR(CheckText(profile.legal_name, 2, kMaxLegalNameChars, "profile.legal_name"));
  TTX_RETURN_IF_ERROR(CheckText(profile.domicile, 1, kMaxLegalNameChars, "profile.domicile"));
  if (profile.region_code.empty()) return InvalidField("profile.region_code", Reason::kREQUIRED, "6 digits");
  if (profile.region_code.size() != 6 || !AllDigits(profile.region_code)) {
    return InvalidField("profile.region_code", Reason::kBAD_FORMAT, "6 digits");
  }
  if (profile.licence_digest.empty()) return InvalidField("profile.licence_digest", Reason::kREQUIRED);
  const std::optional<std::string> digest = FromHex(profile.licence_digest);
  if (!digest || digest->size() != 32) {
    return InvalidField("profile.licence_digest", Reason::kBAD_FORMAT, "hex SHA-256");
  }
  profile.licence_digest = Hex(*digest);
  TTX_RETURN_IF_ERROR(
      CheckText(profile.legal_representative, 1, kMaxPersonNameChars, "profile.legal_representative"));
  TTX_RETURN_IF_ERROR(CheckAccount(profile.bank_account, profile.legal_name));
  return profile;
}

Result<OrganizationDecision> Decide(const RegisterOrganization& command, Time now) {
  if (!command.by_administrator && IsRestricted(command.profile.kind)) return Error(Reason::kKIND_RESTRICTED);
  TTX_TRY(Profile profile, NormalizeProfile(command.profile));
  return Decided({}, {OrganizationRegistered{command.id, std::move(profile), false, command.submitter}}, now);
}

Result<OrganizationDecision> Decide(const InstallOperator& command, Time now) {
  TTX_TRY(Profile profile, NormalizeProfile(command.profile));
  return Decided(
      {}, {OrganizationRegistered{command.id, std::move(profile), true, command.submitter}, KycApproved{}},
      now);
}

Result<OrganizationDecision> Decide(const Organization& state, const ResubmitOrganization& command,
                                    Time now) {
  if (!command.by_administrator && command.profile.kind != state.profile.kind &&
      IsRestricted(command.profile.kind)) {
    return Error(Reason::kKIND_RESTRICTED);
  }
  TTX_TRY(Profile profile, NormalizeProfile(command.profile));
  if (state.state != OrganizationState::kRejected) return WrongState(state, "ResubmitOrganization");
  return Decided(state, {OrganizationResubmitted{std::move(profile), command.person}}, now);
}

Result<OrganizationDecision> Decide(const Organization& state, const ApproveKyc& command, Time now) {
  if (state.state != OrganizationState::kKycPending) return WrongState(state, "ApproveKyc");
  TTX_RETURN_IF_ERROR(CheckOther(state.submitter, command.person));
  return Decided(state, {KycApproved{command.person}}, now);
}

Result<OrganizationDecision> Decide(const Organization& state, const RejectKyc& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckReason(command.reason));
  if (state.state != OrganizationState::kKycPending) return WrongState(state, "RejectKyc");
  TTX_RETURN_IF_ERROR(CheckOther(state.submitter, command.person));
  return Decided(state, {KycRejected{command.person, command.reason}}, now);
}

Result<OrganizationDecision> Decide(const Organization& state, const SuspendOrganization& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckReason(command.reason));
  TTX_RETURN_IF_ERROR(CheckNotOperator(state));
  if (state.state != OrganizationState::kActive) return WrongState(state, "SuspendOrganization");
  return Decided(state, {OrganizationSuspended{command.person, command.reason}}, now);
}

Result<OrganizationDecision> Decide(const Organization& state, const MakeRequest& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckReason(command.reason));
  TTX_RETURN_IF_ERROR(CheckNotOperator(state));
  if (!Allows(state.state, command.kind)) return WrongState(state, CommandName(command.kind, false));
  return Decided(state, {RequestMade{command.kind, command.person, command.reason}}, now);
}

Result<OrganizationDecision> Decide(const Organization& state, const ApproveRequest& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckNotOperator(state));
  const std::string_view name = CommandName(command.kind, true);
  if (!Allows(state.state, command.kind)) return WrongState(state, name);
  if (!state.request || state.request->kind != command.kind) {
    return Error(Reason::kNOT_REQUESTED,
                 {{"resource", ResourceName(state.id)}, {"command", std::string(name)}});
  }
  TTX_RETURN_IF_ERROR(CheckOther(state.request->person, command.person));
  switch (command.kind) {
    case RequestKind::kReinstate:
      return Decided(state, {OrganizationReinstated{command.person}}, now);
    case RequestKind::kClose:
      return Decided(state, {OrganizationClosed{command.person}}, now);
  }
  TTX_CHECK(false, "unreachable");
}

namespace {

void Fold(Organization& state, const OrganizationRegistered& event, Time time) {
  state = {};
  state.id = event.id;
  state.profile = event.profile;
  state.operates = event.operates;
  state.submitter = event.submitter;
  state.create_time = time;
}
void Fold(Organization& state, const OrganizationResubmitted& event, Time) {
  state.profile = event.profile;
  state.submitter = event.submitter;
  state.checker.clear();
  state.state_reason.clear();
  state.state = OrganizationState::kKycPending;
}
void Fold(Organization& state, const KycApproved& event, Time) {
  state.checker = event.checker;
  state.state = OrganizationState::kActive;
}
void Fold(Organization& state, const KycRejected& event, Time) {
  state.checker = event.checker;
  state.state_reason = event.reason;
  state.state = OrganizationState::kRejected;
}
void Fold(Organization& state, const OrganizationSuspended& event, Time) {
  state.state_reason = event.reason;
  state.request.reset();
  state.state = OrganizationState::kSuspended;
}
void Fold(Organization& state, const RequestMade& event, Time time) {
  state.request = PendingRequest{event.kind, event.person, event.reason, time};
}
void Fold(Organization& state, const OrganizationReinstated&, Time) {
  state.state_reason.clear();
  state.request.reset();
  state.state = OrganizationState::kActive;
}
void Fold(Organization& state, const OrganizationClosed&, Time) {
  state.state_reason = state.request ? state.request->reason : "";
  state.request.reset();
  state.state = OrganizationState::kClosed;
}

}  // namespace

Organization Apply(Organization state, const OrganizationEvent& event, Time time) {
  std::visit([&](const auto& payload) { Fold(state, payload, time); }, event);
  state.update_time = time;
  ++state.version;
  return state;
}

std::optional<std::string> Check(const Organization& organization) {
  if (!IsUlid(organization.id.text)) return "id";
  const Result<Profile> profile = NormalizeProfile(organization.profile);
  if (!profile.ok()) return profile.error().violations.front().field;
  if (!(*profile == organization.profile)) return "a profile that is not in its stored form";
  if (organization.version < 1 || organization.update_time < organization.create_time)
    return "version or time";
  if (organization.operates) {
    return organization.state == OrganizationState::kActive
               ? std::nullopt
               : std::optional<std::string>("an operator that is not ACTIVE");
  }
  const bool checked = organization.state != OrganizationState::kKycPending;
  if (checked == organization.checker.empty()) return "checker";
  if (checked && organization.checker == organization.submitter) return "one person made and checked it";
  const bool barred = organization.state == OrganizationState::kRejected ||
                      organization.state == OrganizationState::kSuspended ||
                      organization.state == OrganizationState::kClosed;
  if (barred == organization.state_reason.empty()) return "state_reason";
  if (organization.request && !Allows(organization.state, organization.request->kind)) return "request";
  return std::nullopt;
}

bool AdmitsTokens(OrganizationState state) {
  switch (state) {
    case OrganizationState::kKycPending:
    case OrganizationState::kActive:
    case OrganizationState::kRejected:
      return true;
    case OrganizationState::kSuspended:
    case OrganizationState::kClosed:
      return false;
  }
  TTX_CHECK(false, "unreachable");
}

std::string_view StateName(OrganizationState state) {
  switch (state) {
    case OrganizationState::kKycPending:
      return "KYC_PENDING";
    case OrganizationState::kActive:
      return "ACTIVE";
    case OrganizationState::kRejected:
      return "REJECTED";
    case OrganizationState::kSuspended:
      return "SUSPENDED";
    case OrganizationState::kClosed:
      return "CLOSED";
  }
  TTX_CHECK(false, "unreachable");
}

std::string ResourceName(const OrganizationId& id) { return "organizations/" + id.text; }

}  // namespace ttx::party
