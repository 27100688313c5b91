#include "services/party/domain/api_client.h"

#include <algorithm>

#include "libs/core/text.h"
#include "services/party/domain/limits.h"

namespace ttx::party {
namespace {

constexpr size_t kHashBytes = 32;

ApiClientDecision Decided(ApiClient state, ApiClientEvent event, Time now) {
  return {Apply(std::move(state), event, now), {std::move(event)}};
}

Error WrongState(const ApiClient& state, std::string_view command) {
  return Error(Reason::kWRONG_STATE, {{"resource", ResourceName(state.id)},
                                      {"state", std::string(StateName(state.state))},
                                      {"command", std::string(command)}});
}

// From now on another person than `maker` must agree; nobody has to when it is empty.
void AwaitSecondPerson(ApiClient& state, const std::string& maker) {
  if (maker.empty()) return;
  const auto at = std::lower_bound(state.makers.begin(), state.makers.end(), maker);
  if (at == state.makers.end() || *at != maker) state.makers.insert(at, maker);
  state.state = ClientState::kPending;
}

void Fold(ApiClient& state, const ApiClientCreated& event, Time time) {
  state = {};
  state.id = event.id;
  state.organization = event.organization;
  state.person = event.person;
  state.display_name = event.display_name;
  state.roles = event.roles;
  state.manager = event.manager;
  state.secret_hash = event.secret_hash;
  state.code = event.code;
  state.create_time = time;
  AwaitSecondPerson(state, event.maker);
}
void Fold(ApiClient& state, const SecretRotated& event, Time) { state.secret_hash = event.secret_hash; }
void Fold(ApiClient& state, const SecretReset& event, Time) {
  state.secret_hash.clear();
  state.code = event.code;
  state.enrol_time = {};
  AwaitSecondPerson(state, event.maker);
}
void Fold(ApiClient& state, const ApiClientEnrolled& event, Time time) {
  state.secret_hash = event.secret_hash;
  state.enrol_time = time;
}
void Fold(ApiClient& state, const ApiClientApproved& event, Time) {
  state.makers.clear();
  state.approver = event.person;
  state.state = ClientState::kActive;
}
void Fold(ApiClient& state, const RolesSet& event, Time) {
  state.roles = event.roles;
  AwaitSecondPerson(state, event.maker);
}
void Fold(ApiClient& state, const ApiClientStateChanged& event, Time) { state.state = event.state; }

std::string MakerIfSecondNeeded(Kind kind, bool operates, const std::string& maker) {
  return NeedsSecondPerson(kind, operates) ? maker : std::string();
}

}  // namespace

Result<ApiClientDecision> Decide(const CreateApiClient& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckText(command.display_name, 1, kMaxClientNameChars, command.name_field));
  TTX_TRY(std::vector<std::string> roles, ParseRoles(command.roles, command.kind, command.operates, "roles"));
  std::string maker =
      command.vouched ? std::string() : MakerIfSecondNeeded(command.kind, command.operates, command.maker);
  return Decided({},
                 ApiClientCreated{command.id, command.organization, command.person, command.display_name,
                                  std::move(roles), command.manager, command.secret_hash, command.code,
                                  std::move(maker)},
                 now);
}

Result<ApiClientDecision> Decide(const ApiClient& state, const RotateSecret& command, Time now) {
  if (state.state != ClientState::kActive) return WrongState(state, "RotateSecret");
  return Decided(state, SecretRotated{command.secret_hash}, now);
}

Result<ApiClientDecision> Decide(const ApiClient& state, const ResetSecret& command, Time now) {
  if (state.state == ClientState::kDisabled) return WrongState(state, "ResetSecret");
  return Decided(
      state, SecretReset{command.code, MakerIfSecondNeeded(command.kind, command.operates, command.maker)},
      now);
}

Result<ApiClientDecision> Decide(const ApiClient& state, const EnrolApiClient& command, Time now) {
  if (state.state == ClientState::kDisabled) return WrongState(state, "EnrolApiClient");
  if (state.enrol_time) {
    return Error(Reason::kENROLMENT_CODE_USED, {{"enrol_time", FormatTime(state.enrol_time)}});
  }
  if (now >= state.code.expire_time) {
    return Error(Reason::kENROLMENT_CODE_EXPIRED, {{"expire_time", FormatTime(state.code.expire_time)}});
  }
  return Decided(state, ApiClientEnrolled{command.secret_hash}, now);
}

Result<ApiClientDecision> Decide(const ApiClient& state, const ApproveApiClient& command, Time now) {
  if (state.state != ClientState::kPending) return WrongState(state, "ApproveApiClient");
  if (command.person.empty() || command.person == ResourceName(state.person) ||
      std::binary_search(state.makers.begin(), state.makers.end(), command.person)) {
    return Error(Reason::kSAME_PERSON);
  }
  return Decided(state, ApiClientApproved{command.person}, now);
}

Result<ApiClientDecision> Decide(const ApiClient& state, const SetRoles& command, Time now) {
  TTX_TRY(std::vector<std::string> roles, ParseRoles(command.roles, command.kind, command.operates, "roles"));
  if (state.state != ClientState::kActive) return WrongState(state, "SetRoles");
  return Decided(
      state, RolesSet{std::move(roles), MakerIfSecondNeeded(command.kind, command.operates, command.maker)},
      now);
}

Result<ApiClientDecision> Decide(const ApiClient& state, const SetApiClientState& command, Time now) {
  const bool disabled = state.state == ClientState::kDisabled;
  switch (command.state) {
    case AccessState::kActive:
      if (!disabled) return WrongState(state, "EnableApiClient");
      return Decided(
          state, ApiClientStateChanged{state.makers.empty() ? ClientState::kActive : ClientState::kPending},
          now);
    case AccessState::kDisabled:
      if (disabled) return WrongState(state, "DisableApiClient");
      return Decided(state, ApiClientStateChanged{ClientState::kDisabled}, now);
  }
  TTX_CHECK(false, "unreachable");
}

ApiClient Apply(ApiClient state, const ApiClientEvent& event, Time time) {
  const int64_t version = state.version;
  std::visit([&](const auto& payload) { Fold(state, payload, time); }, event);
  state.update_time = time;
  state.version = version + 1;
  return state;
}

std::optional<std::string> Check(const ApiClient& client) {
  if (!IsUlid(client.id.text) || !IsUlid(client.organization.text) || !IsUlid(client.person.text))
    return "id";
  if (!CheckText(client.display_name, 1, kMaxClientNameChars, "display_name").ok()) return "display_name";
  const bool has_secret = !client.secret_hash.empty();
  if (has_secret && client.secret_hash.size() != kHashBytes) return "secret_hash";
  if (!client.code.hash.empty() && client.code.hash.size() != kHashBytes) return "code";
  if (!has_secret && (client.code.hash.empty() || client.enrol_time)) return "neither a secret nor a code";
  if (!std::is_sorted(client.roles.begin(), client.roles.end())) return "roles";
  if (!std::is_sorted(client.makers.begin(), client.makers.end())) return "makers";
  if (client.state == ClientState::kPending && client.makers.empty()) return "pending on nobody";
  if (client.state == ClientState::kActive && !client.makers.empty()) return "active without a second person";
  if (client.version < 1 || client.update_time < client.create_time) return "version or time";
  return std::nullopt;
}

std::string_view StateName(ClientState state) {
  switch (state) {
    case ClientState::kActive:
      return "ACTIVE";
    case ClientState::kDisabled:
      return "DISABLED";
    case ClientState::kPending:
      return "PENDING";
  }
  TTX_CHECK(false, "unreachable");
}

std::string ResourceName(const ApiClientId& id) { return "apiClients/" + id.text; }

}  // namespace ttx::party
