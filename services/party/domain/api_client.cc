#include "services/party/domain/api_client.h"

#include <algorithm>

#include "libs/core/text.h"
#include "services/party/domain/limits.h"

namespace ttx::party {
namespace {

constexpr size_t kSecretHashBytes = 32;

ApiClientDecision Decided(ApiClient state, ApiClientEvent event, Time now) {
  return {Apply(std::move(state), event, now), {std::move(event)}};
}

Error WrongState(const ApiClient& state, std::string_view command) {
  return Error(Reason::kWRONG_STATE, {{"resource", ResourceName(state.id)},
                                      {"state", std::string(StateName(state.state))},
                                      {"command", std::string(command)}});
}

void Fold(ApiClient& state, const ApiClientCreated& event, Time time) {
  state = {event.id,
           event.organization,
           event.person,
           event.display_name,
           event.roles,
           event.manager,
           event.secret_hash,
           AccessState::kActive,
           time,
           time,
           0};
}
void Fold(ApiClient& state, const SecretRotated& event, Time) { state.secret_hash = event.secret_hash; }
void Fold(ApiClient& state, const RolesSet& event, Time) { state.roles = event.roles; }
void Fold(ApiClient& state, const ApiClientStateChanged& event, Time) { state.state = event.state; }

}  // namespace

Result<ApiClientDecision> Decide(const CreateApiClient& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckText(command.display_name, 1, kMaxClientNameChars, command.name_field));
  TTX_TRY(std::vector<std::string> roles, ParseRoles(command.roles, command.kind, command.operates, "roles"));
  return Decided({},
                 ApiClientCreated{command.id, command.organization, command.person, command.display_name,
                                  std::move(roles), command.manager, command.secret_hash},
                 now);
}

Result<ApiClientDecision> Decide(const ApiClient& state, const RotateSecret& command, Time now) {
  if (state.state != AccessState::kActive) return WrongState(state, "RotateSecret");
  return Decided(state, SecretRotated{command.secret_hash}, now);
}

Result<ApiClientDecision> Decide(const ApiClient& state, const SetRoles& command, Time now) {
  TTX_TRY(std::vector<std::string> roles, ParseRoles(command.roles, command.kind, command.operates, "roles"));
  if (state.state != AccessState::kActive) return WrongState(state, "SetRoles");
  return Decided(state, RolesSet{std::move(roles)}, now);
}

Result<ApiClientDecision> Decide(const ApiClient& state, const SetApiClientState& command, Time now) {
  if (state.state == command.state) {
    return WrongState(state, command.state == AccessState::kActive ? "EnableApiClient" : "DisableApiClient");
  }
  return Decided(state, ApiClientStateChanged{command.state}, now);
}

ApiClient Apply(ApiClient state, const ApiClientEvent& event, Time time) {
  std::visit([&](const auto& payload) { Fold(state, payload, time); }, event);
  state.update_time = time;
  ++state.version;
  return state;
}

std::optional<std::string> Check(const ApiClient& client) {
  if (!IsUlid(client.id.text) || !IsUlid(client.organization.text) || !IsUlid(client.person.text))
    return "id";
  if (!CheckText(client.display_name, 1, kMaxClientNameChars, "display_name").ok()) return "display_name";
  if (client.secret_hash.size() != kSecretHashBytes) return "secret_hash";
  if (!std::is_sorted(client.roles.begin(), client.roles.end())) return "roles";
  if (client.version < 1 || client.update_time < client.create_time) return "version or time";
  return std::nullopt;
}

std::string ResourceName(const ApiClientId& id) { return "apiClients/" + id.text; }

}  // namespace ttx::party
