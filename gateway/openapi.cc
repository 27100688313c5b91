#include "gateway/openapi.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "gateway/comments.h"
#include "gateway/limits.h"
#include "gateway/transcode/json_reader.h"
#include "gateway/transcode/json_text.h"
#include "gateway/transcode/path_template.h"
#include "gateway/transcode/router.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace ttx::gateway {
namespace {

namespace pb = google::protobuf;

std::string Quote(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

// `"key":value,...` of rendered values, in order.
class Object {
 public:
  Object& Raw(std::string_view key, std::string_view value) {
    if (!text_.empty()) text_ += ',';
    text_ += Quote(key);
    text_ += ':';
    text_ += value;
    return *this;
  }
  Object& Text(std::string_view key, std::string_view value) { return Raw(key, Quote(value)); }
  Object& TextUnlessEmpty(std::string_view key, std::string_view value) {
    return value.empty() ? *this : Text(key, value);
  }
  std::string Done() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

std::string Array(const std::vector<std::string>& items) {
  std::string out = "[";
  for (size_t i = 0; i < items.size(); ++i) out += (i > 0 ? "," : "") + items[i];
  return out + "]";
}

Object Reference(std::string_view name) {
  return Object().Text("$ref", "#/components/schemas/" + std::string(name));
}

constexpr std::string_view kInfo =
    "A refusal is an `application/problem+json` whose `reason` clients switch on. Besides the reasons an operation "
    "names, any may be refused with UNAUTHENTICATED, PERMISSION_DENIED, RATE_LIMITED, QUEUE_FULL, "
    "DEADLINE_EXCEEDED, UNAVAILABLE or INTERNAL, and a write with REQUEST_ID_REUSED or OUTCOME_UNKNOWN.";

constexpr std::string_view kWriteRule =
    "Every write needs a name of its own: the `Idempotency-Key` header or the field `request_id`, 1 to 64 bytes. "
    "A new attempt takes a new one; the same one with the same request gives the stored answer again. A write "
    "without it is refused: INVALID_FIELD, `request_id` REQUIRED.";

constexpr std::string_view kProblemSchema =
    R"({"type":"object","required":["type","title","status","code","reason","trace_id"],"properties":{)"
    R"("type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},)"
    R"("detail":{"type":"string"},"instance":{"type":"string"},"code":{"type":"string"},)"
    R"("reason":{"type":"string"},"metadata":{"type":"object","additionalProperties":{"type":"string"}},)"
    R"("violations":{"type":"array","items":{"type":"object","required":["field","reason"],)"
    R"("properties":{"field":{"type":"string"},"pointer":{"type":"string"},"reason":{"type":"string"},)"
    R"("detail":{"type":"string"},"limit":{"type":"string"}}}},"trace_id":{"type":"string"}}})";

class Schemas {
 public:
  explicit Schemas(const Comments& comments) : comments_(comments) {}

  std::string Of(const pb::FieldDescriptor& field) {
    return Shape(field).TextUnlessEmpty("description", comments_.Of(field.full_name())).Done();
  }

  Object Message(const pb::Descriptor& message) {
    const std::string& name = message.full_name();
    if (components_.emplace(name, "").second) {
      Object properties;
      for (int i = 0; i < message.field_count(); ++i)
        properties.Raw(message.field(i)->name(), Of(*message.field(i)));
      components_[name] = Object()
                              .Text("type", "object")
                              .TextUnlessEmpty("description", comments_.Of(name))
                              .Raw("properties", properties.Done())
                              .Raw("additionalProperties", "false")
                              .Done();
    }
    return Reference(name);
  }

  std::string Components() const {
    Object out;
    for (const auto& [name, schema] : components_) out.Raw(name, schema);
    out.Raw("Problem", kProblemSchema);
    return out.Done();
  }

 private:
  Object Shape(const pb::FieldDescriptor& field) {
    if (field.is_map()) {
      return Object()
          .Text("type", "object")
          .Raw("additionalProperties", Single(*field.message_type()->map_value()).Done());
    }
    if (!field.is_repeated()) return Single(field);
    return Object().Text("type", "array").Raw("items", Single(field).Done());
  }

  Object Enum(const pb::EnumDescriptor& type) {
    std::vector<std::string> names;
    std::string description(comments_.Of(type.full_name()));
    for (int i = 0; i < type.value_count(); ++i) {
      const std::string& name = type.value(i)->name();
      names.push_back(Quote(name));
      const std::string_view comment = comments_.Of(type.full_name() + "." + name);
      if (!comment.empty()) description += "\n- `" + name + "`: " + std::string(comment);
    }
    components_.emplace(type.full_name(), Object()
                                              .Text("type", "string")
                                              .TextUnlessEmpty("description", description)
                                              .Raw("enum", Array(names))
                                              .Done());
    return Reference(type.full_name());
  }

  Object Single(const pb::FieldDescriptor& field) {
    const auto text = [](std::string_view format) {
      return Object().Text("type", "string").Text("format", format);
    };
    switch (field.cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_INT32:
        return Object().Text("type", "integer").Text("format", "int32");
      case pb::FieldDescriptor::CPPTYPE_UINT32:
        return Object().Text("type", "integer").Text("format", "int64").Raw("minimum", "0");
      case pb::FieldDescriptor::CPPTYPE_INT64:
        return text("int64");
      case pb::FieldDescriptor::CPPTYPE_UINT64:
        return text("uint64");
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        return Object().Text("type", "boolean");
      case pb::FieldDescriptor::CPPTYPE_ENUM:
        return Enum(*field.enum_type());
      case pb::FieldDescriptor::CPPTYPE_STRING:
        return field.type() == pb::FieldDescriptor::TYPE_BYTES ? text("byte")
                                                               : Object().Text("type", "string");
      case pb::FieldDescriptor::CPPTYPE_MESSAGE:
        if (field.message_type() == pb::Timestamp::descriptor()) return text("date-time");
        if (field.message_type() == pb::Duration::descriptor()) return text("duration");
        return IsTextMessage(*field.message_type()) ? text("field-mask") : Message(*field.message_type());
      case pb::FieldDescriptor::CPPTYPE_FLOAT:
      case pb::FieldDescriptor::CPPTYPE_DOUBLE:
        return Object().Text("type", "number");
    }
    return Object();
  }

  const Comments& comments_;
  std::map<std::string, std::string> components_;
};

std::string Parameter(std::string_view in, std::string_view name, std::string_view schema, bool required,
                      std::string_view description) {
  return Object()
      .Text("name", name)
      .Text("in", in)
      .TextUnlessEmpty("description", description)
      .Raw("required", required ? "true" : "false")
      .Raw("schema", schema)
      .Done();
}

// "auctions" -> "auction", "apiClients" -> "api_client".
std::string ResourceOf(std::string_view collection) {
  if (collection == "people") return "person";
  std::string out;
  for (const char c : collection) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper) out += '_';
    out += upper ? static_cast<char>(c + 32) : c;
  }
  if (out.ends_with("ies")) return out.substr(0, out.size() - 3) + "y";
  return out.ends_with("s") ? out.substr(0, out.size() - 1) : out;
}

struct OpenApiPath {
  std::string text;                     // "/v1/auctions/{auction}:open"
  std::vector<std::string> parameters;  // rendered, in order
};

// Each wildcard becomes a parameter named after the resource whose id it is: "/v1/{name=auctions/*/bids/*}"
// ->
// "/v1/auctions/{auction}/bids/{bid}".
OpenApiPath MakePath(const Route& route) {
  const Result<PathTemplate> parsed = ParsePathTemplate(route.pattern);
  const std::string schema = Object().Text("type", "string").Done();
  OpenApiPath out;
  std::set<std::string> names;
  std::string field;  // the one whose wildcards these are
  std::string value;  // of that field so far
  for (size_t i = 0; i < parsed->segments.size(); ++i) {
    const std::string& segment = parsed->segments[i];
    for (const PathVariable& variable : route.variables) {
      if (variable.first_segment == i) value.clear();
      if (i >= variable.first_segment && i <= variable.last_segment) field = variable.field;
    }
    if (segment != "*") {
      out.text += "/" + segment;
      value += (value.empty() ? "" : "/") + segment;
      continue;
    }
    std::string name = i > 0 && parsed->segments[i - 1] != "*" ? ResourceOf(parsed->segments[i - 1]) : "id";
    while (!names.insert(name).second) name += "_" + std::to_string(i);
    out.text += "/{" + name + "}";
    value += (value.empty() ? "{" : "/{") + name + "}";
    out.parameters.push_back(Parameter("path", name, schema, true,
                                       "Its id in `" + value + "`, the `" + field + "` of the request."));
  }
  if (!parsed->verb.empty()) out.text += ":" + parsed->verb;
  return out;
}

void AddQueryParameters(const pb::Descriptor& message, const std::string& prefix,
                        const std::set<std::string>& taken, Schemas& schemas,
                        std::vector<std::string>& parameters) {
  for (int i = 0; i < message.field_count(); ++i) {
    const pb::FieldDescriptor& field = *message.field(i);
    const std::string name = prefix + field.name();
    if (taken.contains(name) || field.is_map()) continue;
    const bool nested = field.message_type() != nullptr && !IsTextMessage(*field.message_type());
    if (!nested) {
      parameters.push_back(Parameter("query", name, schemas.Of(field), false, ""));
    } else if (!field.is_repeated() && prefix.empty()) {
      AddQueryParameters(*field.message_type(), name + ".", taken, schemas, parameters);
    }
  }
}

std::string Content(std::string_view type, std::string_view schema) {
  return Object().Raw(type, Object().Raw("schema", schema).Done()).Done();
}

std::vector<std::string> Parameters(const Route& route, OpenApiPath path, Schemas& schemas) {
  const MethodInfo& method = *route.method;
  std::vector<std::string> parameters = std::move(path.parameters);
  const std::string string_schema = Object().Text("type", "string").Done();
  if (method.request_id != nullptr) {
    const std::string schema = Object()
                                   .Text("type", "string")
                                   .Raw("minLength", "1")
                                   .Raw("maxLength", std::to_string(kIdempotencyKeyBytesMax))
                                   .Done();
    parameters.push_back(
        Parameter("header", "Idempotency-Key", schema, false,
                  "Fills `request_id`; required unless that is given. " + std::string(kWriteRule)));
  }
  if (method.etag != nullptr) {
    parameters.push_back(Parameter("header", "If-Match", string_schema, false,
                                   "Fills `etag`: the version the request is meant for."));
  }
  if (method.streaming) {
    parameters.push_back(Parameter("header", "Last-Event-ID", string_schema, false,
                                   "Fills `after_sequence`: goes on after this event."));
  }
  if (route.body != "*") {
    std::set<std::string> taken;
    for (const PathVariable& variable : route.variables) taken.insert(variable.field);
    if (route.body_field != nullptr) taken.insert(route.body);
    AddQueryParameters(*method.descriptor->input_type(), "", taken, schemas, parameters);
  }
  return parameters;
}

std::string Responses(const MethodInfo& method, Schemas& schemas) {
  const std::string answer = schemas.Message(*method.descriptor->output_type()).Done();
  const std::string problem = Reference("Problem").Done();
  const char* type = method.streaming ? "text/event-stream" : "application/json";
  return Object()
      .Raw("200", Object().Text("description", "OK").Raw("content", Content(type, answer)).Done())
      .Raw("default", Object()
                          .Text("description", "Problem")
                          .Raw("content", Content("application/problem+json", problem))
                          .Done())
      .Done();
}

std::string Operation(const Route& route, const std::string& id, OpenApiPath path, const Comments& comments,
                      Schemas& schemas) {
  const MethodInfo& method = *route.method;
  const std::string_view comment = comments.Of(method.descriptor->full_name());
  std::string description(comment);
  if (method.write) description += (description.empty() ? "" : "\n\n") + std::string(kWriteRule);
  Object operation;
  operation.Text("operationId", id);
  operation.TextUnlessEmpty("summary", FirstSentence(comment));
  operation.TextUnlessEmpty("description", description);
  operation.Raw("tags", Array({Quote(method.service)}));
  operation.Raw("parameters", Array(Parameters(route, std::move(path), schemas)));
  if (!route.body.empty()) {
    const pb::Descriptor& body =
        route.body_field == nullptr ? *method.descriptor->input_type() : *route.body_field->message_type();
    const std::string content = Content("application/json", schemas.Message(body).Done());
    operation.Raw("requestBody", Object().Raw("content", content).Done());
  }
  operation.Raw("responses", Responses(method, schemas));
  operation.Raw("security", method.permission == "public" ? "[]" : R"([{"bearer":[]}])");
  operation.Text("x-ttx-permission", method.permission);
  return operation.Done();
}

// One for each service, with its comment.
std::string Tags(const Router& router, const Comments& comments) {
  std::vector<std::string> tags;
  std::set<std::string> seen;
  for (const auto& method : router.methods()) {
    if (!seen.insert(method->service).second) continue;
    tags.push_back(Object()
                       .Text("name", method->service)
                       .TextUnlessEmpty("description", comments.Of(method->service))
                       .Done());
  }
  return Array(tags);
}

std::string LowerVerb(Verb verb) {
  std::string out(VerbName(verb));
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return static_cast<char>(c + 32); });
  return out;
}

}  // namespace

std::string MakeOpenApi(const Router& router, const OpenApiSource& source) {
  const Comments comments(source.descriptors);
  Schemas schemas(comments);
  std::map<std::string, Object> paths;
  std::map<const MethodInfo*, int> routes_by_method;
  for (const auto& route : router.routes()) {
    OpenApiPath path = MakePath(*route);
    const int number = ++routes_by_method[route->method];
    const std::string id = route->method->full_name + (number == 1 ? "" : "/" + std::to_string(number));
    Object& item = paths[path.text];
    item.Raw(LowerVerb(route->verb), Operation(*route, id, std::move(path), comments, schemas));
  }
  Object all_paths;
  for (const auto& [path, item] : paths) all_paths.Raw(path, item.Done());
  const std::string components =
      Object()
          .Raw("schemas", schemas.Components())
          .Raw("securitySchemes", R"({"bearer":{"type":"http","scheme":"bearer"}})")
          .Done();
  return Object()
      .Text("openapi", "3.1.0")
      .Raw("info", Object().Text("title", "TTX").Text("version", "v1").Text("description", kInfo).Done())
      .Raw("servers",
           Array({Object().Text("url", source.server_url.empty() ? "/" : source.server_url).Done()}))
      .Raw("tags", Tags(router, comments))
      .Raw("paths", all_paths.Done())
      .Raw("components", components)
      .Done();
}

}  // namespace ttx::gateway
