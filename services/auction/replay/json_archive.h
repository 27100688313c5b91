#pragma once

#include <rapidjson/document.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/canonical_json.h"
#include "libs/core/encoding.h"
#include "services/auction/replay/fields.h"

namespace ttx::auction::replay {

/// Who is meant by a code. A session file holds no organizations; the engine wants them different.
inline Bidder BidderOf(const std::string& code) {
  return {.code = code, .organization = "bidders/" + code, .intent = ""};
}

/// Writes members of a JSON object in the order they are visited. Amounts and times are whole numbers (fen,
/// ns).
class JsonWriter {
 public:
  template <class Number>
  void Integer(std::string_view name, const Number& value) {
    Member(name, std::to_string(value));
  }
  template <class Number>
  void IntegerWithZero(std::string_view name, const Number& value) {
    Integer(name, value);
  }
  void Flag(std::string_view name, bool value) { Member(name, value ? "true" : "false"); }
  void OptionalFlag(std::string_view name, bool value) {
    if (value) Flag(name, value);
  }
  void Amount(std::string_view name, Fen value) { Integer(name, value.value); }
  void Share(std::string_view name, Ppm value) { Integer(name, value.value); }
  void OptionalAmount(std::string_view name, const std::optional<Fen>& value) {
    Member(name, value ? std::to_string(value->value) : "null");
  }
  void Text(std::string_view name, const std::string& value) { Member(name, JsonText(value)); }
  void OptionalText(std::string_view name, const std::string& value) {
    if (!value.empty()) Text(name, value);
  }
  void Bytes(std::string_view name, const std::string& value) { Text(name, Hex(value)); }
  void Length(std::string_view name, Duration value) { Integer(std::string(name) + "_ns", value.ns); }
  void Instant(std::string_view name, Time value) { Integer(std::string(name) + "_ns", value.ns); }
  void Lengths(std::string_view name, const std::vector<Duration>& values) {
    std::vector<std::string> numbers;
    for (const Duration value : values) numbers.push_back(std::to_string(value.ns));
    Member(std::string(name) + "_ns", JsonArray(numbers));
  }
  void Integers(std::string_view name, const std::vector<int64_t>& values) {
    std::vector<std::string> numbers;
    for (const int64_t value : values) numbers.push_back(std::to_string(value));
    Member(name, JsonArray(numbers));
  }
  template <class E, size_t N>
  void Choice(std::string_view name, E value, const Choices<E, N>& choices) {
    for (const auto& [text, choice] : choices) {
      if (choice == value) Text(name, std::string(text));
    }
  }
  /// A bidder by its code; nobody is null.
  void Who(std::string_view name, const std::optional<Bidder>& bidder) {
    Member(name, bidder ? JsonText(bidder->code) : "null");
  }
  template <class T, class Visit>
  void Nested(std::string_view name, T& value, Visit visit) {
    JsonWriter writer;
    visit(writer, value);
    Member(name, writer.Object());
  }
  template <class T, class Visit>
  void Optional(std::string_view name, std::optional<T>& value, Visit visit) {
    if (value) {
      Nested(name, *value, visit);
    } else {
      Member(name, "null");
    }
  }
  template <class T, class Visit>
  void List(std::string_view name, std::vector<T>& values, Visit visit) {
    std::vector<std::string> elements;
    for (T& value : values) {
      JsonWriter writer;
      visit(writer, value);
      elements.push_back(writer.Object());
    }
    Member(name, JsonArray(elements));
  }
  void Member(std::string_view name, std::string_view json) {
    if (!members_.empty()) members_ += ',';
    members_ += '"';
    members_ += name;
    members_ += "\":";
    members_ += json;
  }
  std::string Object() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

/// Reads what JsonWriter writes. A member that is missing or of another kind leaves the value as it is:
/// whoever needs to know writes the value again and compares.
class JsonReader {
 public:
  explicit JsonReader(const rapidjson::Value& object) : object_(object) {}

  template <class Number>
  void Integer(std::string_view name, Number& value) {
    const auto* found = Find(name);
    if (found != nullptr && found->IsInt64()) value = static_cast<Number>(found->GetInt64());
  }
  template <class Number>
  void IntegerWithZero(std::string_view name, Number& value) {
    Integer(name, value);
  }
  void Flag(std::string_view name, bool& value) {
    const auto* found = Find(name);
    if (found != nullptr && found->IsBool()) value = found->GetBool();
  }
  void OptionalFlag(std::string_view name, bool& value) { Flag(name, value); }
  void Amount(std::string_view name, Fen& value) { Integer(name, value.value); }
  void Share(std::string_view name, Ppm& value) { Integer(name, value.value); }
  void OptionalAmount(std::string_view name, std::optional<Fen>& value) {
    const auto* found = Find(name);
    if (found != nullptr && found->IsInt64()) value = Fen{found->GetInt64()};
  }
  void OptionalText(std::string_view name, std::string& value) { Text(name, value); }
  void Text(std::string_view name, std::string& value) {
    const auto* found = Find(name);
    if (found != nullptr && found->IsString()) value = TextOf(*found);
  }
  void Bytes(std::string_view name, std::string& value) {
    std::string hex;
    Text(name, hex);
    if (auto bytes = FromHex(hex)) value = *std::move(bytes);
  }
  void Length(std::string_view name, Duration& value) { Integer(std::string(name) + "_ns", value.ns); }
  void Instant(std::string_view name, Time& value) { Integer(std::string(name) + "_ns", value.ns); }
  void Lengths(std::string_view name, std::vector<Duration>& values) {
    values.clear();
    const auto* found = Find(std::string(name) + "_ns");
    if (found == nullptr || !found->IsArray()) return;
    for (const auto& element : found->GetArray()) {
      if (element.IsInt64()) values.push_back({element.GetInt64()});
    }
  }
  void Integers(std::string_view name, std::vector<int64_t>& values) {
    values.clear();
    const auto* found = Find(name);
    if (found == nullptr || !found->IsArray()) return;
    for (const auto& element : found->GetArray()) {
      if (element.IsInt64()) values.push_back(element.GetInt64());
    }
  }
  template <class E, size_t N>
  void Choice(std::string_view name, E& value, const Choices<E, N>& choices) {
    std::string given;
    Text(name, given);
    for (const auto& [text, choice] : choices) {
      if (text == given) value = choice;
    }
  }
  void Who(std::string_view name, std::optional<Bidder>& bidder) {
    const auto* found = Find(name);
    bidder.reset();
    if (found != nullptr && found->IsString()) bidder = BidderOf(TextOf(*found));
  }
  template <class T, class Visit>
  void Nested(std::string_view name, T& value, Visit visit) {
    const auto* found = Find(name);
    if (found == nullptr || !found->IsObject()) return;
    JsonReader reader(*found);
    visit(reader, value);
  }
  template <class T, class Visit>
  void Optional(std::string_view name, std::optional<T>& value, Visit visit) {
    const auto* found = Find(name);
    if (found != nullptr && found->IsObject()) Nested(name, value.emplace(), visit);
  }
  template <class T, class Visit>
  void List(std::string_view name, std::vector<T>& values, Visit visit) {
    values.clear();
    const auto* found = Find(name);
    if (found == nullptr || !found->IsArray()) return;
    for (const auto& element : found->GetArray()) {
      if (!element.IsObject()) return;
      JsonReader reader(element);
      visit(reader, values.emplace_back());
    }
  }

 private:
  static std::string TextOf(const rapidjson::Value& value) {
    return {value.GetString(), value.GetStringLength()};
  }
  const rapidjson::Value* Find(std::string_view name) const {
    const auto it = object_.FindMember(rapidjson::StringRef(name.data(), name.size()));
    return it == object_.MemberEnd() ? nullptr : &it->value;
  }

  const rapidjson::Value& object_;
};

}  // namespace ttx::auction::replay
