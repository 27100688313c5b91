#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/core/canonical_json.h"
#include "services/contract/domain/fields.h"

namespace ttx::contract {

template <class T>
std::string CanonicalJson(const T& value);

/// Collects the members of one object.
class JsonMembers {
 public:
  template <class Field>
  void operator()(const char* name, const Field& field) {
    if constexpr (std::same_as<Field, Share>) {
      if (field == Share{}) return;
    }
    members_.emplace(name, CanonicalJson(field));
  }
  std::string str() const { return JsonObject(members_); }

 private:
  std::map<std::string, std::string> members_;
};

/// The canonical bytes of a value (README.md, "Canonical bytes"): UTF-8, members sorted, no white space,
/// integers only, every member present even when empty, but for the share of the whole. Two values have the
/// same bytes exactly when they are equal.
template <class T>
std::string CanonicalJson(const T& value) {
  if constexpr (std::same_as<T, std::string>) {
    return JsonText(value);
  } else if constexpr (std::same_as<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::integral<T>) {
    return std::to_string(value);
  } else if constexpr (std::same_as<T, Fen>) {
    return std::to_string(value.value);
  } else if constexpr (std::same_as<T, Share>) {
    return std::to_string(value.ppm);
  } else if constexpr (std::same_as<T, Time>) {
    return JsonText(value ? FormatTime(value) : "");
  } else if constexpr (std::same_as<T, Date>) {
    return JsonText(FormatDate(value));
  } else if constexpr (std::is_enum_v<T>) {
    return JsonText(NameOf(value));
  } else if constexpr (kIsVector<T>) {
    std::vector<std::string> elements;
    for (const auto& element : value) elements.push_back(CanonicalJson(element));
    return JsonArray(elements);
  } else {
    JsonMembers members;
    Visit(value, members);
    return members.str();
  }
}

}  // namespace ttx::contract
