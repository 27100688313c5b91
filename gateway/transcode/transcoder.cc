#include "gateway/transcode/transcoder.h"

#include <algorithm>
#include <memory>
#include <set>

#include "gateway/limits.h"
#include "gateway/transcode/json_reader.h"
#include "gateway/transcode/json_text.h"
#include "gateway/transcode/json_writer.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/message.h"

namespace ttx::gateway {
namespace {

namespace pb = google::protobuf;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// One query name or value: '+' is a space, percent-encoding is undone once; nullopt unless UTF-8 without NUL
// results.
std::optional<std::string> DecodeQuery(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = HexValue(text[i + 1]);
    const int low = HexValue(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (!IsValidUtf8(out) || out.find('\0') != out.npos) return std::nullopt;
  return out;
}

Error Violations(std::vector<FieldViolation> violations) {
  std::string first = violations.front().field;
  return Error(Reason::kINVALID_FIELD, {{"field", std::move(first)}}, std::move(violations));
}

bool IsRepeated(const pb::Message& message, const std::string& path) {
  const pb::FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(path);
  return field != nullptr && field->is_repeated();
}

Status ReadQuery(std::string_view query, const RouteMatch& match, pb::Message& message) {
  std::set<std::string> names;
  std::vector<FieldViolation> violations;
  size_t count = 0;
  while (!query.empty()) {
    const size_t ampersand = query.find('&');
    const std::string_view parameter = query.substr(0, ampersand);
    query = ampersand == query.npos ? std::string_view() : query.substr(ampersand + 1);
    if (++count > kQueryParametersMax)
      return Error(Reason::kMALFORMED_REQUEST, {{"detail", "too many query parameters"}});
    const size_t equals = parameter.find('=');
    const auto name = DecodeQuery(parameter.substr(0, equals));
    const auto value =
        DecodeQuery(equals == parameter.npos ? std::string_view() : parameter.substr(equals + 1));
    if (!name || !value)
      return Error(Reason::kMALFORMED_REQUEST, {{"detail", "the query is not valid UTF-8"}});
    const bool bound = std::any_of(match.route->variables.begin(), match.route->variables.end(),
                                   [&](const PathVariable& variable) { return variable.field == *name; });
    if (bound || (!names.insert(*name).second && !IsRepeated(message, *name))) {
      violations.push_back({*name, Reason::kDUPLICATE, ""});
    } else if (auto violation = SetFromText(message, *name, *value)) {
      violations.push_back(std::move(*violation));
    }
    if (violations.size() >= kViolationsMax) break;
  }
  if (!violations.empty()) return Violations(std::move(violations));
  return Status();
}

// Sets a string field that the body may have set already to the same value.
Status SetOnce(pb::Message& message, const pb::FieldDescriptor* field, std::string_view value,
               const std::string& path) {
  const pb::Reflection& reflection = *message.GetReflection();
  std::string scratch;
  const std::string& present = reflection.GetStringReference(message, field, &scratch);
  if (!present.empty() && present != value) return InvalidField(path, Reason::kDUPLICATE);
  reflection.SetString(&message, field, std::string(value));
  return Status();
}

Status SetPathVariables(const RouteMatch& match, pb::Message& message) {
  for (size_t i = 0; i < match.captures.size(); ++i) {
    const PathVariable& variable = match.route->variables[i];
    pb::Message* target = &message;
    for (size_t k = 0; k + 1 < variable.field_path.size(); ++k) {
      target = target->GetReflection()->MutableMessage(target, variable.field_path[k]);
    }
    TTX_RETURN_IF_ERROR(SetOnce(*target, variable.field_path.back(), match.captures[i], variable.field));
  }
  return Status();
}

Status SetRequestId(const MethodInfo& method, const RequestHead& head, pb::Message& message) {
  if (method.request_id == nullptr) return Status();
  if (head.idempotency_key) {
    if (head.idempotency_key->empty()) return InvalidField("request_id", Reason::kREQUIRED, "1..64");
    TTX_RETURN_IF_ERROR(SetOnce(message, method.request_id, *head.idempotency_key, "request_id"));
  }
  std::string scratch;
  const std::string& id = message.GetReflection()->GetStringReference(message, method.request_id, &scratch);
  if (id.empty())
    return method.write ? Status(InvalidField("request_id", Reason::kREQUIRED, "1..64")) : Status();
  if (id.size() > kIdempotencyKeyBytesMax) return InvalidField("request_id", Reason::kTOO_LONG, "1..64");
  if (!std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7f; })) {
    return InvalidField("request_id", Reason::kBAD_TEXT, "printable ASCII without spaces");
  }
  return Status();
}

// `"abc"` and `abc` name the etag abc; `*` and weak tags are not offered.
Status SetEtag(const MethodInfo& method, const RequestHead& head, pb::Message& message) {
  if (method.etag == nullptr || head.if_match.empty()) return Status();
  std::string_view tag = head.if_match;
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') tag = tag.substr(1, tag.size() - 2);
  if (tag.empty() || tag == "*" || tag.find('"') != tag.npos || tag.find(',') != tag.npos) {
    return InvalidField("etag", Reason::kBAD_FORMAT);
  }
  return SetOnce(message, method.etag, tag, "etag");
}

Status SetLastEventId(const MethodInfo& method, const RequestHead& head, pb::Message& message) {
  if (!method.streaming || method.after_sequence == nullptr || head.last_event_id.empty()) return Status();
  if (auto violation = SetFromText(message, "after_sequence", head.last_event_id))
    return Violations({std::move(*violation)});
  return Status();
}

Result<std::unique_ptr<pb::Message>> ParseResponse(const MethodInfo& method, std::string_view bytes) {
  std::unique_ptr<pb::Message> message(method.response_prototype->New());
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return Error(Reason::kINTERNAL);
  return message;
}

}  // namespace

Result<TranscodedRequest> TranscodeRequest(const RouteMatch& match, const RequestHead& head,
                                           std::string_view body) {
  const MethodInfo& method = *match.route->method;
  const std::unique_ptr<pb::Message> message(method.request_prototype->New());
  if (!body.empty() && match.route->body_field != nullptr) {
    pb::Message* part = message->GetReflection()->MutableMessage(message.get(), match.route->body_field);
    TTX_RETURN_IF_ERROR(ReadJson(body, *part, match.route->body + "."));
  } else if (!body.empty()) {
    TTX_RETURN_IF_ERROR(ReadJson(body, *message, ""));
  }
  // With `body: "*"` every field has its place in the body, so the query has none to give.
  if (match.route->body == "*" && !head.query.empty()) {
    return Error(Reason::kMALFORMED_REQUEST, {{"detail", "this method takes no query parameters"}});
  }
  TTX_RETURN_IF_ERROR(ReadQuery(head.query, match, *message));
  TTX_RETURN_IF_ERROR(SetPathVariables(match, *message));
  TTX_RETURN_IF_ERROR(SetRequestId(method, head, *message));
  TTX_RETURN_IF_ERROR(SetEtag(method, head, *message));
  TTX_RETURN_IF_ERROR(SetLastEventId(method, head, *message));
  TranscodedRequest out;
  out.bytes = message->SerializeAsString();
  if (method.wait_time != nullptr && method.wait_time->message_type() == pb::Duration::descriptor()) {
    const auto& wait =
        static_cast<const pb::Duration&>(message->GetReflection()->GetMessage(*message, method.wait_time));
    out.wait_seconds =
        std::clamp<int64_t>(wait.seconds() + (wait.nanos() > 0 ? 1 : 0), 0, kLongPollSecondsMax);
  }
  return out;
}

Result<TranscodedResponse> TranscodeResponse(const MethodInfo& method, std::string_view bytes) {
  TTX_TRY(const std::unique_ptr<pb::Message> message, ParseResponse(method, bytes));
  TranscodedResponse out;
  out.json.reserve(bytes.size() * 2 + 64);
  AppendJson(*message, out.json);
  if (method.response_etag != nullptr) {
    std::string scratch;
    const std::string& etag =
        message->GetReflection()->GetStringReference(*message, method.response_etag, &scratch);
    const bool plain =
        std::all_of(etag.begin(), etag.end(), [](char c) { return c > ' ' && c < 0x7f && c != '"'; });
    if (!etag.empty() && plain) out.etag = '"' + etag + '"';
  }
  return out;
}

Result<TranscodedEvent> TranscodeEvent(const MethodInfo& method, std::string_view bytes) {
  TTX_TRY(const std::unique_ptr<pb::Message> message, ParseResponse(method, bytes));
  TranscodedEvent event;
  if (method.response_sequence != nullptr) {
    const int64_t sequence = message->GetReflection()->GetInt64(*message, method.response_sequence);
    event.sequence = static_cast<uint64_t>(sequence);
    event.text = "id: " + std::to_string(sequence) + "\n";
  }
  event.text += "event: message\ndata: ";
  AppendJson(*message, event.text);
  event.text += "\n\n";
  return event;
}

bool IsJsonContentType(std::string_view value) {
  std::string lower;
  for (const char c : value) {
    if (c != ' ') lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return lower == "application/json" || lower == "application/json;charset=utf-8";
}

}  // namespace ttx::gateway
