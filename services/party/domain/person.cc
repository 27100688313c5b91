#include "services/party/domain/person.h"

#include "libs/core/text.h"
#include "services/party/domain/limits.h"

namespace ttx::party {
namespace {

PersonDecision Decided(Person state, PersonEvent event, Time now) {
  return {Apply(std::move(state), event, now), {std::move(event)}};
}

void Fold(Person& state, const PersonCreated& event, Time time) {
  state = {event.id, event.organization, event.display_name, AccessState::kActive, time, time, 0};
}
void Fold(Person& state, const PersonStateChanged& event, Time) { state.state = event.state; }

}  // namespace

Result<PersonDecision> Decide(const CreatePerson& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckText(command.display_name, 1, kMaxPersonNameChars, command.field));
  return Decided({}, PersonCreated{command.id, command.organization, command.display_name}, now);
}

Result<PersonDecision> Decide(const Person& state, const SetPersonState& command, Time now) {
  if (state.state == command.state) {
    return Error(Reason::kWRONG_STATE,
                 {{"resource", ResourceName(state.id)},
                  {"state", std::string(StateName(state.state))},
                  {"command", command.state == AccessState::kActive ? "EnablePerson" : "DisablePerson"}});
  }
  return Decided(state, PersonStateChanged{command.state}, now);
}

Person Apply(Person state, const PersonEvent& event, Time time) {
  std::visit([&](const auto& payload) { Fold(state, payload, time); }, event);
  state.update_time = time;
  ++state.version;
  return state;
}

std::optional<std::string> Check(const Person& person) {
  if (!IsUlid(person.id.text) || !IsUlid(person.organization.text)) return "id";
  if (!CheckText(person.display_name, 1, kMaxPersonNameChars, "display_name").ok()) return "display_name";
  if (person.version < 1 || person.update_time < person.create_time) return "version or time";
  return std::nullopt;
}

std::string_view StateName(AccessState state) {
  switch (state) {
    case AccessState::kActive:
      return "ACTIVE";
    case AccessState::kDisabled:
      return "DISABLED";
  }
  TTX_CHECK(false, "unreachable");
}

std::string ResourceName(const PersonId& id) { return "people/" + id.text; }

}  // namespace ttx::party
