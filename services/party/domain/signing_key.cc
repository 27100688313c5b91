#include "services/party/domain/signing_key.h"

#include "libs/core/encoding.h"

namespace ttx::party {
namespace {

SigningKeyDecision Decided(SigningKey state, SigningKeyEvent event, Time now) {
  return {Apply(std::move(state), event, now), {std::move(event)}};
}

void Fold(SigningKey& state, const SigningKeyAdded& event, Time time) {
  state = {event.fingerprint,
           event.organization,
           event.suite,
           event.public_key_pem,
           event.person,
           SigningKeyState::kActive,
           time,
           Time{},
           time,
           0};
}
void Fold(SigningKey& state, const SigningKeyRevoked&, Time time) {
  state.state = SigningKeyState::kRevoked;
  state.revoke_time = time;
}

}  // namespace

SigningKeyDecision Decide(const AddSigningKey& command, Time now) {
  return Decided({},
                 SigningKeyAdded{command.fingerprint, command.organization, command.suite,
                                 command.public_key_pem, command.person},
                 now);
}

Result<SigningKeyDecision> Decide(const SigningKey& state, const RevokeSigningKey& command, Time now) {
  if (state.state != SigningKeyState::kActive) {
    return Error(Reason::kWRONG_STATE, {{"resource", ResourceName(state)},
                                        {"state", std::string(StateName(state.state))},
                                        {"command", "RevokeSigningKey"}});
  }
  return Decided(state, SigningKeyRevoked{command.person}, now);
}

SigningKey Apply(SigningKey state, const SigningKeyEvent& event, Time time) {
  std::visit([&](const auto& payload) { Fold(state, payload, time); }, event);
  state.update_time = time;
  ++state.version;
  return state;
}

std::optional<std::string> Check(const SigningKey& key) {
  const std::optional<std::string> digest = FromHex(key.fingerprint);
  if (!digest || digest->size() != 32) return "fingerprint";
  if (!IsUlid(key.organization.text)) return "organization";
  if (key.suite.empty() || key.public_key_pem.empty()) return "key";
  if ((key.state == SigningKeyState::kRevoked) != static_cast<bool>(key.revoke_time)) return "revoke_time";
  if (key.version < 1 || key.update_time < key.create_time) return "version or time";
  return std::nullopt;
}

std::string PossessionText(const OrganizationId& organization, std::string_view fingerprint) {
  return "TTX-KEY-1|" + ResourceName(organization) + "|" + std::string(fingerprint);
}

std::string_view StateName(SigningKeyState state) {
  switch (state) {
    case SigningKeyState::kActive:
      return "ACTIVE";
    case SigningKeyState::kRevoked:
      return "REVOKED";
  }
  TTX_CHECK(false, "unreachable");
}

std::string ResourceName(const SigningKey& key) {
  return ResourceName(key.organization) + "/signingKeys/" + key.fingerprint;
}

}  // namespace ttx::party
