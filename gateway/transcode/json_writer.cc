#include "gateway/transcode/json_writer.h"

#include <cstdio>

#include "gateway/transcode/json_reader.h"
#include "gateway/transcode/json_text.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "libs/core/time.h"

namespace ttx::gateway {
namespace {

namespace pb = google::protobuf;

std::string DurationText(const pb::Duration& duration) {
  const bool negative = duration.seconds() < 0 || duration.nanos() < 0;
  const int64_t seconds = duration.seconds();
  std::string out = (negative ? "-" : "") + std::to_string(seconds < 0 ? -seconds : seconds);
  if (const int32_t nanos = duration.nanos(); nanos != 0) {
    char fraction[16];
    std::snprintf(fraction, sizeof fraction, ".%09d", nanos < 0 ? -nanos : nanos);
    out += fraction;
    out.erase(out.find_last_not_of('0') + 1);
  }
  return out + "s";
}

void AppendTextMessage(const pb::Message& message, std::string& out) {
  out += '"';
  if (message.GetDescriptor() == pb::Timestamp::descriptor()) {
    const auto& timestamp = static_cast<const pb::Timestamp&>(message);
    out += FormatTime(Time{timestamp.seconds() * 1'000'000'000 + timestamp.nanos()});
  } else if (message.GetDescriptor() == pb::Duration::descriptor()) {
    out += DurationText(static_cast<const pb::Duration&>(message));
  } else {
    const auto& mask = static_cast<const pb::FieldMask&>(message);
    for (int i = 0; i < mask.paths_size(); ++i) {
      if (i > 0) out += ',';
      out += mask.paths(i);
    }
  }
  out += '"';
}

// The text of a value of any type that is a JSON string or a bare word; `index` -1 reads a singular field.
class ValueWriter {
 public:
  ValueWriter(const pb::Message& message, const pb::FieldDescriptor* field, std::string& out)
      : message_(message), reflection_(*message.GetReflection()), field_(field), out_(out) {}

  void Write(int index) {
    const bool list = index >= 0;
    const auto& r = reflection_;
    const auto& m = message_;
    switch (field_->cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_INT32:
        out_ += std::to_string(list ? r.GetRepeatedInt32(m, field_, index) : r.GetInt32(m, field_));
        break;
      case pb::FieldDescriptor::CPPTYPE_UINT32:
        out_ += std::to_string(list ? r.GetRepeatedUInt32(m, field_, index) : r.GetUInt32(m, field_));
        break;
      case pb::FieldDescriptor::CPPTYPE_INT64:
        Quoted(list ? r.GetRepeatedInt64(m, field_, index) : r.GetInt64(m, field_));
        break;
      case pb::FieldDescriptor::CPPTYPE_UINT64:
        Quoted(list ? r.GetRepeatedUInt64(m, field_, index) : r.GetUInt64(m, field_));
        break;
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        out_ += (list ? r.GetRepeatedBool(m, field_, index) : r.GetBool(m, field_)) ? "true" : "false";
        break;
      case pb::FieldDescriptor::CPPTYPE_ENUM:
        WriteEnum(list ? r.GetRepeatedEnumValue(m, field_, index) : r.GetEnumValue(m, field_));
        break;
      case pb::FieldDescriptor::CPPTYPE_STRING: {
        std::string scratch;
        WriteString(list ? r.GetRepeatedStringReference(m, field_, index, &scratch)
                         : r.GetStringReference(m, field_, &scratch));
        break;
      }
      case pb::FieldDescriptor::CPPTYPE_MESSAGE:
        AppendJson(list ? r.GetRepeatedMessage(m, field_, index) : r.GetMessage(m, field_), out_);
        break;
      case pb::FieldDescriptor::CPPTYPE_FLOAT:
      case pb::FieldDescriptor::CPPTYPE_DOUBLE:
        out_ += "null";  // Router::Build admits no such field
        break;
    }
  }

 private:
  template <class Integer>
  void Quoted(Integer value) {
    out_ += '"';
    out_ += std::to_string(value);
    out_ += '"';
  }
  void WriteEnum(int number) {
    const pb::EnumValueDescriptor* value = field_->enum_type()->FindValueByNumber(number);
    if (value == nullptr) {
      out_ += std::to_string(number);
    } else {
      AppendJsonString(value->name(), out_);
    }
  }
  void WriteString(const std::string& text) {
    if (field_->type() == pb::FieldDescriptor::TYPE_BYTES) {
      AppendJsonString(EncodeBase64(text), out_);
    } else {
      AppendJsonString(text, out_);
    }
  }

  const pb::Message& message_;
  const pb::Reflection& reflection_;
  const pb::FieldDescriptor* field_;
  std::string& out_;
};

void AppendMap(const pb::Message& message, const pb::FieldDescriptor* field, std::string& out) {
  const pb::Reflection& reflection = *message.GetReflection();
  out += '{';
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    const pb::Message& entry = reflection.GetRepeatedMessage(message, field, i);
    if (i > 0) out += ',';
    std::string key;
    ValueWriter(entry, field->message_type()->map_key(), key).Write(-1);
    if (key.front() == '"') {
      out += key;
    } else {
      AppendJsonString(key, out);
    }
    out += ':';
    ValueWriter(entry, field->message_type()->map_value(), out).Write(-1);
  }
  out += '}';
}

void AppendField(const pb::Message& message, const pb::FieldDescriptor* field, std::string& out) {
  const pb::Reflection& reflection = *message.GetReflection();
  if (field->is_map()) {
    AppendMap(message, field, out);
    return;
  }
  ValueWriter writer(message, field, out);
  if (!field->is_repeated()) {
    writer.Write(-1);
    return;
  }
  out += '[';
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    if (i > 0) out += ',';
    writer.Write(i);
  }
  out += ']';
}

}  // namespace

void AppendJson(const pb::Message& message, std::string& out) {
  const pb::Descriptor& type = *message.GetDescriptor();
  if (IsTextMessage(type)) {
    AppendTextMessage(message, out);
    return;
  }
  const pb::Reflection& reflection = *message.GetReflection();
  out += '{';
  bool first = true;
  for (int i = 0; i < type.field_count(); ++i) {
    const pb::FieldDescriptor* field = type.field(i);
    if (field->has_presence() && !reflection.HasField(message, field)) continue;
    if (!first) out += ',';
    first = false;
    out += '"';
    out += field->name();
    out += "\":";
    AppendField(message, field, out);
  }
  out += '}';
}

}  // namespace ttx::gateway
