#include "gateway/transcode/json_reader.h"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <bitset>
#include <charconv>
#include <limits>
#include <set>
#include <vector>

#include "gateway/limits.h"
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

constexpr int kFieldCountMax = 256;
constexpr size_t kShownNameBytesMax = 64;

enum class TokenKind { kString, kNumber, kBool, kQuery };

struct Token {
  TokenKind kind;
  std::string_view text;
};

struct Fault {
  Reason reason;
  std::string limit;
};
using MaybeFault = std::optional<Fault>;

// Plain decimal digits with an optional '-', no leading zeros, no "-0".
template <class Integer>
MaybeFault ReadInteger(Token token, Integer& value) {
  constexpr const char* kFormat = std::is_signed_v<Integer> ? "-?[0-9]+" : "[0-9]+";
  if (token.kind == TokenKind::kBool) return Fault{Reason::kBAD_FORMAT, kFormat};
  std::string_view digits = token.text;
  if (std::is_signed_v<Integer> && digits.starts_with('-')) digits.remove_prefix(1);
  const bool plain = !digits.empty() &&
                     std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!plain || (digits[0] == '0' && token.text != "0")) return Fault{Reason::kBAD_FORMAT, kFormat};
  const auto result = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
  if (result.ec != std::errc()) {
    return Fault{Reason::kOUT_OF_RANGE, std::to_string(std::numeric_limits<Integer>::min()) + ".." +
                                            std::to_string(std::numeric_limits<Integer>::max())};
  }
  return std::nullopt;
}

MaybeFault ReadTimestamp(std::string_view text, pb::Message& message) {
  const Result<Time> time = ParseTime(text, "");
  if (!time.ok()) return Fault{Reason::kBAD_FORMAT, time.error().violations.front().limit};
  auto& timestamp = static_cast<pb::Timestamp&>(message);
  timestamp.set_seconds(time->ns / 1'000'000'000);
  timestamp.set_nanos(static_cast<int32_t>(time->ns % 1'000'000'000));
  return std::nullopt;
}

// "-?digits[.1-9 digits]s", within the range of pb::Duration.
MaybeFault ReadDuration(std::string_view text, pb::Message& message) {
  const Fault bad{Reason::kBAD_FORMAT, "1.5s"};
  if (!text.ends_with('s')) return bad;
  text.remove_suffix(1);
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t dot = text.find('.');
  int64_t seconds = 0;
  if (ReadInteger({TokenKind::kNumber, text.substr(0, dot)}, seconds) || seconds < 0) return bad;
  if (seconds > 315'576'000'000) return Fault{Reason::kOUT_OF_RANGE, "315576000000s"};
  int32_t nanos = 0;
  if (dot != text.npos) {
    const std::string_view fraction = text.substr(dot + 1);
    if (fraction.empty() || fraction.size() > 9) return bad;
    for (size_t i = 0; i < 9; ++i) {
      const char c = i < fraction.size() ? fraction[i] : '0';
      if (c < '0' || c > '9') return bad;
      nanos = nanos * 10 + (c - '0');
    }
  }
  auto& duration = static_cast<pb::Duration&>(message);
  duration.set_seconds(negative ? -seconds : seconds);
  duration.set_nanos(negative ? -nanos : nanos);
  return std::nullopt;
}

MaybeFault ReadFieldMask(std::string_view text, pb::Message& message) {
  auto& mask = static_cast<pb::FieldMask&>(message);
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view path = text.substr(0, comma);
    const bool plain = !path.empty() && std::all_of(path.begin(), path.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    });
    if (!plain || (comma != text.npos && comma + 1 == text.size()))
      return Fault{Reason::kBAD_FORMAT, "field,field"};
    mask.add_paths(std::string(path));
    text = comma == text.npos ? std::string_view() : text.substr(comma + 1);
  }
  return std::nullopt;
}

MaybeFault ReadTextMessage(Token token, pb::Message& message) {
  if (token.kind != TokenKind::kString && token.kind != TokenKind::kQuery)
    return Fault{Reason::kBAD_FORMAT, "string"};
  if (message.GetDescriptor() == pb::Timestamp::descriptor()) return ReadTimestamp(token.text, message);
  if (message.GetDescriptor() == pb::Duration::descriptor()) return ReadDuration(token.text, message);
  return ReadFieldMask(token.text, message);
}

// Sets a singular field or adds to a repeated one.
template <class Value, class Set, class Add>
void Store(pb::Message& message, const pb::FieldDescriptor* field, Value value, Set set, Add add) {
  const pb::Reflection& reflection = *message.GetReflection();
  if (field->is_repeated()) {
    (reflection.*add)(&message, field, std::move(value));
  } else {
    (reflection.*set)(&message, field, std::move(value));
  }
}

template <class Integer, class Set, class Add>
MaybeFault StoreInteger(pb::Message& message, const pb::FieldDescriptor* field, Token token, Set set,
                        Add add) {
  Integer value = 0;
  if (auto fault = ReadInteger(token, value)) return fault;
  Store(message, field, value, set, add);
  return std::nullopt;
}

MaybeFault StoreString(pb::Message& message, const pb::FieldDescriptor* field, Token token) {
  if (token.kind != TokenKind::kString && token.kind != TokenKind::kQuery)
    return Fault{Reason::kBAD_FORMAT, "string"};
  std::string value(token.text);
  if (field->type() == pb::FieldDescriptor::TYPE_BYTES && !DecodeBase64(token.text, value)) {
    return Fault{Reason::kBAD_FORMAT, "base64"};
  }
  Store(message, field, std::move(value), &pb::Reflection::SetString, &pb::Reflection::AddString);
  return std::nullopt;
}

MaybeFault StoreScalar(pb::Message& message, const pb::FieldDescriptor* field, Token token) {
  using R = pb::Reflection;
  switch (field->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT32:
      return StoreInteger<int32_t>(message, field, token, &R::SetInt32, &R::AddInt32);
    case pb::FieldDescriptor::CPPTYPE_INT64:
      return StoreInteger<int64_t>(message, field, token, &R::SetInt64, &R::AddInt64);
    case pb::FieldDescriptor::CPPTYPE_UINT32:
      return StoreInteger<uint32_t>(message, field, token, &R::SetUInt32, &R::AddUInt32);
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      return StoreInteger<uint64_t>(message, field, token, &R::SetUInt64, &R::AddUInt64);
    case pb::FieldDescriptor::CPPTYPE_BOOL: {
      const bool kind_fits = token.kind == TokenKind::kBool || token.kind == TokenKind::kQuery;
      if (!kind_fits || (token.text != "true" && token.text != "false"))
        return Fault{Reason::kBAD_FORMAT, "true, false"};
      Store(message, field, token.text == "true", &R::SetBool, &R::AddBool);
      return std::nullopt;
    }
    case pb::FieldDescriptor::CPPTYPE_ENUM: {
      if (token.kind != TokenKind::kString && token.kind != TokenKind::kQuery)
        return Fault{Reason::kBAD_FORMAT, "string"};
      const pb::EnumValueDescriptor* value = field->enum_type()->FindValueByName(std::string(token.text));
      if (value == nullptr) return Fault{Reason::kUNKNOWN_VALUE, ""};
      Store(message, field, value, &R::SetEnum, &R::AddEnum);
      return std::nullopt;
    }
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return StoreString(message, field, token);
    case pb::FieldDescriptor::CPPTYPE_MESSAGE: {
      if (!IsTextMessage(*field->message_type())) return Fault{Reason::kBAD_FORMAT, "object"};
      const pb::Reflection& reflection = *message.GetReflection();
      return ReadTextMessage(token, field->is_repeated() ? *reflection.AddMessage(&message, field)
                                                         : *reflection.MutableMessage(&message, field));
    }
    case pb::FieldDescriptor::CPPTYPE_FLOAT:
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
      break;
  }
  return Fault{Reason::kBAD_FORMAT, ""};
}

bool IsObject(const pb::FieldDescriptor* field) {
  return field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE && !IsTextMessage(*field->message_type());
}

// Takes RapidJSON's events in the order of the text. A method returns false to stop the parser.
class Handler {
 public:
  Handler(pb::Message& message, std::string_view prefix) : root_(message), prefix_(prefix) {}

  const std::vector<FieldViolation>& violations() const { return violations_; }
  std::string_view malformed() const { return malformed_; }

  bool Null() { return Scalar({TokenKind::kString, ""}, true); }
  bool Bool(bool value) { return Scalar({TokenKind::kBool, value ? "true" : "false"}, false); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    return Scalar({TokenKind::kNumber, {text, size}}, false);
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return CheckText({text, size}) && Scalar({TokenKind::kString, {text, size}}, false);
  }
  // Numbers arrive as raw text only.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }

  bool StartObject() {
    if (!Deeper()) return false;
    if (frames_.empty()) return Push(root_, nullptr);
    if (skip_depth_ > 0 || skip_next_) return ++skip_depth_ > 0;
    Frame& frame = frames_.back();
    const pb::FieldDescriptor* field = frame.field;
    const bool list = field->is_repeated() && !field->is_map();
    if (list && !frame.in_array) return Violate(Reason::kBAD_FORMAT, "array") && ++skip_depth_ > 0;
    if (frame.in_array && !NextElement()) return false;
    if (!IsObject(field)) return Violate(Reason::kBAD_FORMAT, "") && ++skip_depth_ > 0;
    if (field->is_map()) return Push(*frame.message, field);
    const pb::Reflection& reflection = *frame.message->GetReflection();
    return Push(list ? *reflection.AddMessage(frame.message, field)
                     : *reflection.MutableMessage(frame.message, field),
                nullptr);
  }

  bool Key(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view name(text, size);
    if (!CheckText(name)) return false;
    if (skip_depth_ > 0) return true;
    Frame& frame = frames_.back();
    if (frame.map != nullptr) return MapKey(frame, name);
    const pb::FieldDescriptor* field = frame.message->GetDescriptor()->FindFieldByName(std::string(name));
    frame.field = field;
    if (field == nullptr) {
      frame.unknown = std::string(name.substr(0, kShownNameBytesMax));
      if (!IsValidUtf8(frame.unknown)) frame.unknown = "?";
      skip_next_ = true;
      return frame.names.insert(std::string(name)).second ? Violate(Reason::kUNKNOWN_FIELD, "")
                                                          : Malformed("a name is given twice");
    }
    const auto index = static_cast<size_t>(field->index());
    if (frame.seen[index]) return Malformed("a name is given twice");
    frame.seen[index] = true;
    return true;
  }

  bool EndObject(rapidjson::SizeType) {
    --depth_;
    if (skip_depth_ > 0) return EndSkipped();
    frames_.pop_back();
    return true;
  }

  bool StartArray() {
    if (!Deeper()) return false;
    if (frames_.empty()) return Malformed("the body is not an object");
    if (skip_depth_ > 0 || skip_next_) return ++skip_depth_ > 0;
    Frame& frame = frames_.back();
    if (!frame.field->is_repeated() || frame.field->is_map() || frame.in_array) {
      return Violate(Reason::kBAD_FORMAT, "") && ++skip_depth_ > 0;
    }
    frame.in_array = true;
    frame.element = -1;
    return true;
  }

  bool EndArray(rapidjson::SizeType) {
    --depth_;
    if (skip_depth_ > 0) return EndSkipped();
    frames_.back().in_array = false;
    return true;
  }

 private:
  struct Frame {
    pb::Message* message = nullptr;  // whose fields the names are; a map's entry while inside a map
    pb::Message* map_owner = nullptr;
    const pb::FieldDescriptor* map = nullptr;    // set when this object is a map field of `map_owner`
    const pb::FieldDescriptor* field = nullptr;  // the field of the last name
    std::string unknown;                         // the last name when it is no field
    std::string map_key;
    bool in_array = false;
    int element = -1;
    std::bitset<kFieldCountMax> seen;
    std::set<std::string> names;  // of unknown fields and of map keys
  };

  bool Deeper() { return ++depth_ <= kJsonDepthMax || Malformed("it is nested too deeply"); }

  bool Push(pb::Message& message, const pb::FieldDescriptor* map) {
    Frame frame;
    frame.message = &message;
    frame.map_owner = map == nullptr ? nullptr : &message;
    frame.map = map;
    frames_.push_back(std::move(frame));
    return true;
  }

  bool EndSkipped() {
    if (--skip_depth_ == 0) skip_next_ = false;
    return true;
  }

  bool MapKey(Frame& frame, std::string_view name) {
    if (!frame.names.insert(std::string(name)).second) return Malformed("a name is given twice");
    if (frame.names.size() > static_cast<size_t>(kJsonElementsMax))
      return Malformed("a map has too many entries");
    frame.message = frame.map_owner->GetReflection()->AddMessage(frame.map_owner, frame.map);
    frame.map_key = std::string(name.substr(0, kShownNameBytesMax));
    frame.field = frame.map->message_type()->map_value();
    const MaybeFault fault =
        StoreScalar(*frame.message, frame.map->message_type()->map_key(), {TokenKind::kQuery, name});
    return !fault || Violate(fault->reason, fault->limit);
  }

  bool NextElement() {
    if (++frames_.back().element < kJsonElementsMax) return true;
    Violate(Reason::kTOO_MANY, "0.." + std::to_string(kJsonElementsMax));
    return false;
  }

  bool Scalar(Token token, bool null) {
    if (frames_.empty()) return Malformed("the body is not an object");
    if (skip_depth_ > 0) return true;
    if (skip_next_) {
      skip_next_ = false;
      return true;
    }
    Frame& frame = frames_.back();
    if (frame.in_array && !NextElement()) return false;
    if (null) return Violate(Reason::kBAD_FORMAT, "not null");
    if (frame.field->is_repeated() && !frame.in_array)
      return Violate(Reason::kBAD_FORMAT, frame.field->is_map() ? "object" : "array");
    const MaybeFault fault = StoreScalar(*frame.message, frame.field, token);
    return !fault || Violate(fault->reason, fault->limit);
  }

  bool CheckText(std::string_view text) {
    if (!IsValidUtf8(text)) return Malformed("a string is not valid UTF-8");
    if (text.find('\0') != text.npos) return Malformed("a string holds NUL");
    return true;
  }

  bool Malformed(std::string_view why) {
    malformed_ = why;
    return false;
  }

  std::string FieldPath() const {
    std::string path(prefix_);
    for (size_t i = 0; i < frames_.size(); ++i) {
      const Frame& frame = frames_[i];
      if (frame.map != nullptr) {
        path += "[" + frame.map_key + "]";
        continue;
      }
      if (i > 0) path += '.';
      path += frame.field == nullptr ? frame.unknown : frame.field->name();
      if (frame.in_array) path += "[" + std::to_string(frame.element) + "]";
    }
    return path;
  }

  bool Violate(Reason reason, std::string limit) {
    violations_.push_back({FieldPath(), reason, std::move(limit)});
    return violations_.size() < kViolationsMax;
  }

  pb::Message& root_;
  std::string_view prefix_;
  std::vector<Frame> frames_;
  int depth_ = 0;
  int skip_depth_ = 0;      // open brackets inside a value nobody wants
  bool skip_next_ = false;  // the next value belongs to an unknown field
  std::vector<FieldViolation> violations_;
  std::string_view malformed_;
};

Error MalformedBody(std::string_view detail) {
  return Error(Reason::kMALFORMED_BODY, {{"detail", std::string(detail)}});
}

void Explore(const pb::Descriptor& message, std::set<const pb::Descriptor*>& known, std::string& problem) {
  if (!problem.empty() || IsTextMessage(message) || !known.insert(&message).second) return;
  if (message.file()->package() == "google.protobuf" && message.name() != "Empty") {
    problem = message.full_name() + " has no JSON form here";
  }
  if (message.field_count() > kFieldCountMax) problem = message.full_name() + " has too many fields";
  for (int i = 0; i < message.field_count() && problem.empty(); ++i) {
    const pb::FieldDescriptor& field = *message.field(i);
    if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_DOUBLE ||
        field.cpp_type() == pb::FieldDescriptor::CPPTYPE_FLOAT) {
      problem = field.full_name() + " is a floating-point number";
    } else if (field.message_type() != nullptr) {
      Explore(*field.message_type(), known, problem);
    }
  }
}

}  // namespace

bool IsTextMessage(const pb::Descriptor& message) {
  return &message == pb::Timestamp::descriptor() || &message == pb::Duration::descriptor() ||
         &message == pb::FieldMask::descriptor();
}

std::string UnsupportedField(const pb::Descriptor& message) {
  std::set<const pb::Descriptor*> known;
  std::string problem;
  Explore(message, known, problem);
  return problem;
}

Status ReadJson(std::string_view json, pb::Message& message, std::string_view prefix) {
  // RapidJSON takes a NUL for the end of the text.
  if (json.find('\0') != json.npos) return MalformedBody("it holds NUL");
  rapidjson::MemoryStream stream(json.data(), json.size());
  rapidjson::Reader reader;
  Handler handler(message, prefix);
  const rapidjson::ParseResult result =
      reader.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag>(stream, handler);
  if (!handler.malformed().empty()) return MalformedBody(handler.malformed());
  if (!handler.violations().empty()) {
    return Error(Reason::kINVALID_FIELD, {{"field", handler.violations().front().field}},
                 handler.violations());
  }
  if (result.IsError()) return MalformedBody(rapidjson::GetParseError_En(result.Code()));
  return Status();
}

std::optional<FieldViolation> SetFromText(pb::Message& message, const std::string& path,
                                          std::string_view text) {
  pb::Message* target = &message;
  std::string_view rest = path;
  while (true) {
    const size_t dot = rest.find('.');
    const pb::FieldDescriptor* field =
        target->GetDescriptor()->FindFieldByName(std::string(rest.substr(0, dot)));
    if (field == nullptr || field->is_map()) return FieldViolation{path, Reason::kUNKNOWN_FIELD, ""};
    const pb::Reflection& reflection = *target->GetReflection();
    if (dot != rest.npos) {
      if (field->is_repeated() || !IsObject(field)) return FieldViolation{path, Reason::kUNKNOWN_FIELD, ""};
      target = reflection.MutableMessage(target, field);
      rest.remove_prefix(dot + 1);
      continue;
    }
    if (field->is_repeated() && reflection.FieldSize(*target, field) >= kJsonElementsMax) {
      return FieldViolation{path, Reason::kTOO_MANY, ""};
    }
    const MaybeFault fault = StoreScalar(*target, field, {TokenKind::kQuery, text});
    return fault ? std::optional(FieldViolation{path, fault->reason, fault->limit}) : std::nullopt;
  }
}

}  // namespace ttx::gateway
