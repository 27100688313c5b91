#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "libs/core/id.h"
#include "libs/core/money.h"
#include "libs/core/time.h"

namespace ttx::contract {

/// Each value of this service names its fields once, in a function found by its argument:
///
///   template <FieldsOf<Party> S, class V>
///   void Visit(S& party, V&& visit) { visit("legal_name", party.legal_name); ... }
///
/// Canonical bytes (canonical_json.h), records on disk and messages of the API (message_fields.h) all follow
/// from it, so that a field can be forgotten nowhere. A field is text, bool, int32_t, int64_t, Fen, Time,
/// Date, Share, an enum whose names `NamesOf` lists, an Id, another such value, or a vector of texts or values.
template <class S, class T>
concept FieldsOf = std::same_as<std::remove_const_t<S>, T>;

/// Takes any field; serves to ask whether a type is such a value.
struct AnyField {
  template <class Field>
  void operator()(const char*, Field&) const {}
};

template <class T>
concept HasFields = requires(T& value) {
  Visit(value, AnyField{});
};

/// The share of an object that is sold (份额). 0 is the whole: canonical bytes do not speak of it, and are those
/// of a time before objects were sold in portions.
struct Share {
  int32_t ppm = 0;
  bool operator==(const Share&) const = default;
};

template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr bool kIsId = false;
template <class Tag>
inline constexpr bool kIsId<Id<Tag>> = true;

/// The name of an enumerator; NamesOf(E{}) is an array in the order of the enumerators.
template <class E>
requires std::is_enum_v<E> std::string NameOf(E value) {
  return std::string(NamesOf(E{})[static_cast<size_t>(value)]);
}

/// The enumerator with this name.
template <class E>
requires std::is_enum_v<E> std::optional<E> EnumNamed(std::string_view name) {
  const auto& names = NamesOf(E{});
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace ttx::contract
