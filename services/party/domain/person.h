#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "libs/core/id.h"
#include "libs/core/result.h"
#include "libs/core/time.h"
#include "services/party/domain/decision.h"
#include "services/party/domain/organization.h"

namespace ttx::party {

struct PersonTag;
using PersonId = Id<PersonTag>;

/// Whether a person, a client may act; numbers are stored.
enum class AccessState { kActive = 1, kDisabled = 2 };

/// A natural person bound to an organization: whom the four-eyes rules tell apart (domain.md 1.2).
struct Person {
  PersonId id;
  OrganizationId organization;
  std::string display_name;
  AccessState state = AccessState::kActive;
  Time create_time;
  Time update_time;
  int64_t version = 0;
  bool operator==(const Person&) const = default;
};

struct PersonCreated {
  PersonId id;
  OrganizationId organization;
  std::string display_name;
  bool operator==(const PersonCreated&) const = default;
};
struct PersonStateChanged {
  AccessState state;
  bool operator==(const PersonStateChanged&) const = default;
};
using PersonEvent = std::variant<PersonCreated, PersonStateChanged>;
using PersonDecision = Decision<Person, PersonEvent>;

/// `field` names the request's field of the name.
struct CreatePerson {
  PersonId id;
  OrganizationId organization;
  std::string display_name;
  std::string field = "display_name";
};
struct SetPersonState {
  AccessState state;
};

/// INVALID_FIELD.
Result<PersonDecision> Decide(const CreatePerson& command, Time now);
/// WRONG_STATE when it is in that state already.
Result<PersonDecision> Decide(const Person& state, const SetPersonState& command, Time now);

[[nodiscard]] Person Apply(Person state, const PersonEvent& event, Time time);
std::optional<std::string> Check(const Person& person);

std::string_view StateName(AccessState state);
std::string ResourceName(const PersonId& id);

}  // namespace ttx::party
