#pragma once

#include <string>
#include <utility>

#include "libs/core/check.h"
#include "services/contract/domain/fields.h"

namespace ttx::contract {

/// Copies the fields of a value to and from a message whose fields have the same names. `Message` is the base
/// class with protobuf's reflection; this header knows no more of it. A field the message lacks stops the
/// process, so a round trip of each value in a test proves the pair complete.
///
/// Money is an int64 of fen; a time is an int64 of nanoseconds or, only written, a Timestamp; a date is an
/// int32 of days; an enum is its number on disk (int32) and its name in the API (enum).
template <class Message>
class MessageWriter {
 public:
  explicit MessageWriter(Message& message) : message_(message), reflection_(*message.GetReflection()) {}

  template <class Field>
  void operator()(const char* name, const Field& field) {
    const auto* const to = message_.GetDescriptor()->FindFieldByName(name);
    TTX_CHECK(to != nullptr, std::string("a message lacks ") + name);
    if constexpr (kIsVector<Field>) {
      for (const auto& element : field) Add(to, element);
    } else {
      Set(to, field);
    }
  }

 private:
  template <class Descriptor, class Field>
  void Set(const Descriptor* to, const Field& field) {
    if constexpr (std::same_as<Field, std::string>) {
      reflection_.SetString(&message_, to, field);
    } else if constexpr (kIsId<Field>) {
      reflection_.SetString(&message_, to, field.text);
    } else if constexpr (std::same_as<Field, bool>) {
      reflection_.SetBool(&message_, to, field);
    } else if constexpr (std::same_as<Field, int32_t>) {
      reflection_.SetInt32(&message_, to, field);
    } else if constexpr (std::same_as<Field, Share>) {
      reflection_.SetInt32(&message_, to, field.ppm);
    } else if constexpr (std::same_as<Field, int64_t>) {
      reflection_.SetInt64(&message_, to, field);
    } else if constexpr (std::same_as<Field, Fen>) {
      reflection_.SetInt64(&message_, to, field.value);
    } else if constexpr (std::same_as<Field, Date>) {
      reflection_.SetInt32(&message_, to, field.days);
    } else if constexpr (std::same_as<Field, Time>) {
      SetTime(to, field);
    } else if constexpr (std::is_enum_v<Field>) {
      if (to->enum_type() == nullptr) {
        reflection_.SetInt32(&message_, to, static_cast<int32_t>(field));
        return;
      }
      const auto* const value = to->enum_type()->FindValueByName(NameOf(field));
      TTX_CHECK(value != nullptr, "an enum lacks " + NameOf(field));
      reflection_.SetEnum(&message_, to, value);
    } else {
      Write(*reflection_.MutableMessage(&message_, to), field);
    }
  }

  template <class Descriptor>
  void SetTime(const Descriptor* to, Time time) {
    if (to->message_type() == nullptr) {
      reflection_.SetInt64(&message_, to, time.ns);
    } else if (time) {
      auto& stamp = *reflection_.MutableMessage(&message_, to);
      const auto* const type = stamp.GetDescriptor();
      stamp.GetReflection()->SetInt64(&stamp, type->FindFieldByName("seconds"), time.ns / 1'000'000'000);
      stamp.GetReflection()->SetInt32(&stamp, type->FindFieldByName("nanos"),
                                      static_cast<int32_t>(time.ns % 1'000'000'000));
    }
  }

  template <class Descriptor, class Element>
  void Add(const Descriptor* to, const Element& element) {
    if constexpr (std::same_as<Element, std::string>) {
      reflection_.AddString(&message_, to, element);
    } else {
      Write(*reflection_.AddMessage(&message_, to), element);
    }
  }

  template <class Inner, class Value>
  static void Write(Inner& message, const Value& value) {
    Visit(value, MessageWriter<Inner>(message));
  }

  Message& message_;
  const std::remove_pointer_t<decltype(std::declval<Message>().GetReflection())>& reflection_;
};

template <class Message>
class MessageReader {
 public:
  explicit MessageReader(const Message& message) : message_(message), reflection_(*message.GetReflection()) {}

  template <class Field>
  void operator()(const char* name, Field& field) {
    const auto* const from = message_.GetDescriptor()->FindFieldByName(name);
    TTX_CHECK(from != nullptr, std::string("a message lacks ") + name);
    if constexpr (kIsVector<Field>) {
      const int size = reflection_.FieldSize(message_, from);
      field.clear();
      for (int i = 0; i < size; ++i) field.push_back(Element<typename Field::value_type>(from, i));
    } else {
      Get(from, field);
    }
  }

 private:
  template <class Descriptor, class Field>
  void Get(const Descriptor* from, Field& field) {
    if constexpr (std::same_as<Field, std::string>) {
      field = reflection_.GetString(message_, from);
    } else if constexpr (kIsId<Field>) {
      field.text = reflection_.GetString(message_, from);
    } else if constexpr (std::same_as<Field, bool>) {
      field = reflection_.GetBool(message_, from);
    } else if constexpr (std::same_as<Field, int32_t>) {
      field = reflection_.GetInt32(message_, from);
    } else if constexpr (std::same_as<Field, Share>) {
      field.ppm = reflection_.GetInt32(message_, from);
    } else if constexpr (std::same_as<Field, int64_t>) {
      field = reflection_.GetInt64(message_, from);
    } else if constexpr (std::same_as<Field, Fen>) {
      field.value = reflection_.GetInt64(message_, from);
    } else if constexpr (std::same_as<Field, Date>) {
      field.days = reflection_.GetInt32(message_, from);
    } else if constexpr (std::same_as<Field, Time>) {
      field.ns = reflection_.GetInt64(message_, from);
    } else if constexpr (std::is_enum_v<Field>) {
      if (from->enum_type() == nullptr) {
        field = static_cast<Field>(reflection_.GetInt32(message_, from));
      } else {
        field = EnumNamed<Field>(reflection_.GetEnum(message_, from)->name()).value_or(Field{});
      }
    } else {
      Visit(field,
            MessageReader<Message>(static_cast<const Message&>(reflection_.GetMessage(message_, from))));
    }
  }

  template <class Value, class Descriptor>
  Value Element(const Descriptor* from, int index) {
    if constexpr (std::same_as<Value, std::string>) {
      return reflection_.GetRepeatedString(message_, from, index);
    } else {
      Value value;
      Visit(value, MessageReader<Message>(
                       static_cast<const Message&>(reflection_.GetRepeatedMessage(message_, from, index))));
      return value;
    }
  }

  const Message& message_;
  const std::remove_pointer_t<decltype(std::declval<Message>().GetReflection())>& reflection_;
};

}  // namespace ttx::contract
