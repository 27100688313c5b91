#include "libs/rpc/validate.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <string>
#include <vector>

namespace ttx::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kMaxDepth = 32;
constexpr int kMaxElements = 10'000;

std::string Join(const std::string& path, const FieldDescriptor& field, int index) {
  std::string joined = path.empty() ? field.name() : path + "." + field.name();
  if (index >= 0) joined += "[" + std::to_string(index) + "]";
  return joined;
}

Status Walk(const Message& message, const std::string& path, int depth);

Status CheckValue(const Message& message, const FieldDescriptor& field, int index, const std::string& path,
                  int depth) {
  const Reflection& reflection = *message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    const int number = index < 0 ? reflection.GetEnumValue(message, &field)
                                 : reflection.GetRepeatedEnumValue(message, &field, index);
    if (field.enum_type()->FindValueByNumber(number) == nullptr) {
      return InvalidField(Join(path, field, index), Reason::kUNKNOWN_VALUE);
    }
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    const Message& child = index < 0 ? reflection.GetMessage(message, &field)
                                     : reflection.GetRepeatedMessage(message, &field, index);
    return Walk(child, Join(path, field, index), depth + 1);
  }
  return {};
}

Status Walk(const Message& message, const std::string& path, int depth) {
  const Reflection& reflection = *message.GetReflection();
  if (depth > kMaxDepth) return InvalidField(path, Reason::kOUT_OF_RANGE, "depth " + std::to_string(kMaxDepth));
  if (const auto& unknown = reflection.GetUnknownFields(message); !unknown.empty()) {
    const std::string number = std::to_string(unknown.field(0).number());
    return InvalidField(path.empty() ? number : path + "." + number, Reason::kUNKNOWN_FIELD);
  }
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (!field->is_repeated()) {
      TTX_RETURN_IF_ERROR(CheckValue(message, *field, -1, path, depth));
      continue;
    }
    const int size = reflection.FieldSize(message, field);
    if (size > kMaxElements) {
      return InvalidField(Join(path, *field, -1), Reason::kTOO_MANY, std::to_string(kMaxElements));
    }
    for (int i = 0; i < size; ++i) TTX_RETURN_IF_ERROR(CheckValue(message, *field, i, path, depth));
  }
  return {};
}

}  // namespace

Status ValidateShape(const Message& message) { return Walk(message, "", 0); }

}  // namespace ttx::rpc
