#pragma once

#include <map>
#include <string>
#include <string_view>

#include "services/contract/domain/fields.h"

namespace ttx::contract {

/// A JSON string of `utf8`: only ", \ and control characters are escaped, in the shortest form (RFC 8785).
std::string QuoteJson(std::string_view utf8);

/// `members` as an object in byte order of the names, without white space. The values are JSON already.
std::string JsonObject(const std::map<std::string, std::string>& members);

template <class T>
std::string CanonicalJson(const T& value);

/// Collects the members of one object.
class JsonMembers {
 public:
  template <class Field>
  void operator()(const char* name, const Field& field) {
    members_.emplace(name, CanonicalJson(field));
  }
  std::string str() const { return JsonObject(members_); }

 private:
  std::map<std::string, std::string> members_;
};

/// The canonical bytes of a value (README.md, "Canonical bytes"): UTF-8, members sorted, no white space,
/// integers only, every member present even when empty. Two values have the same bytes exactly when they are
/// equal.
template <class T>
std::string CanonicalJson(const T& value) {
  if constexpr (std::same_as<T, std::string>) {
    return QuoteJson(value);
  } else if constexpr (std::same_as<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::integral<T>) {
    return std::to_string(value);
  } else if constexpr (std::same_as<T, Fen>) {
    return std::to_string(value.value);
  } else if constexpr (std::same_as<T, Time>) {
    return QuoteJson(value ? FormatTime(value) : "");
  } else if constexpr (std::same_as<T, Date>) {
    return QuoteJson(FormatDate(value));
  } else if constexpr (std::is_enum_v<T>) {
    return QuoteJson(NameOf(value));
  } else if constexpr (kIsVector<T>) {
    std::string array = "[";
    for (const auto& element : value) {
      if (array.size() > 1) array += ',';
      array += CanonicalJson(element);
    }
    return array + "]";
  } else {
    JsonMembers members;
    Visit(value, members);
    return members.str();
  }
}

}  // namespace ttx::contract
