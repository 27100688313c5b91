#include "gateway/openapi.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

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
  std::string Done() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

std::string Array(const std::vector<std::string>& items) {
  std::string out = "[";
  for (size_t i = 0; i < items.size(); ++i) out += (i > 0 ? "," : "") + items[i];
  return out + "]";
}

std::string Reference(std::string_view name) {
  return Object().Text("$ref", "#/components/schemas/" + std::string(name)).Done();
}

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
  std::string Of(const pb::FieldDescriptor& field) {
    if (field.is_map()) {
      return Object()
          .Text("type", "object")
          .Raw("additionalProperties", Single(*field.message_type()->map_value()))
          .Done();
    }
    if (!field.is_repeated()) return Single(field);
    return Object().Text("type", "array").Raw("items", Single(field)).Done();
  }

  std::string Message(const pb::Descriptor& message) {
    const std::string& name = message.full_name();
    if (components_.emplace(name, "").second) {
      Object properties;
      for (int i = 0; i < message.field_count(); ++i)
        properties.Raw(message.field(i)->name(), Of(*message.field(i)));
      components_[name] = Object()
                              .Text("type", "object")
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
  std::string Enum(const pb::EnumDescriptor& type) {
    std::vector<std::string> names;
    for (int i = 0; i < type.value_count(); ++i) names.push_back(Quote(type.value(i)->name()));
    components_.emplace(type.full_name(), Object().Text("type", "string").Raw("enum", Array(names)).Done());
    return Reference(type.full_name());
  }

  std::string Single(const pb::FieldDescriptor& field) {
    const auto text = [](std::string_view format) {
      return Object().Text("type", "string").Text("format", format).Done();
    };
    switch (field.cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_INT32:
        return Object().Text("type", "integer").Text("format", "int32").Done();
      case pb::FieldDescriptor::CPPTYPE_UINT32:
        return Object().Text("type", "integer").Text("format", "int64").Raw("minimum", "0").Done();
      case pb::FieldDescriptor::CPPTYPE_INT64:
        return text("int64");
      case pb::FieldDescriptor::CPPTYPE_UINT64:
        return text("uint64");
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        return Object().Text("type", "boolean").Done();
      case pb::FieldDescriptor::CPPTYPE_ENUM:
        return Enum(*field.enum_type());
      case pb::FieldDescriptor::CPPTYPE_STRING:
        return field.type() == pb::FieldDescriptor::TYPE_BYTES ? text("byte")
                                                               : Object().Text("type", "string").Done();
      case pb::FieldDescriptor::CPPTYPE_MESSAGE:
        if (field.message_type() == pb::Timestamp::descriptor()) return text("date-time");
        if (field.message_type() == pb::Duration::descriptor()) return text("duration");
        return IsTextMessage(*field.message_type()) ? text("field-mask") : Message(*field.message_type());
      case pb::FieldDescriptor::CPPTYPE_FLOAT:
      case pb::FieldDescriptor::CPPTYPE_DOUBLE:
        return Object().Text("type", "number").Done();
    }
    return "{}";
  }

  std::map<std::string, std::string> components_;
};

std::string Parameter(std::string_view in, std::string_view name, std::string_view schema, bool required) {
  return Object()
      .Text("name", name)
      .Text("in", in)
      .Raw("required", required ? "true" : "false")
      .Raw("schema", schema)
      .Done();
}

// "/v1/{name=auctions/*}:open" -> "/v1/auctions/{name}:open"; a variable over several wildcards gives one
// name each. `names` receives them in order.
std::string OpenApiPath(const Route& route, std::vector<std::string>& names) {
  const Result<PathTemplate> parsed = ParsePathTemplate(route.pattern);
  std::string out;
  for (size_t i = 0; i < parsed->segments.size(); ++i) {
    out += '/';
    if (parsed->segments[i] != "*") {
      out += parsed->segments[i];
      continue;
    }
    std::string name = "id";
    for (const PathVariable& variable : route.variables) {
      if (i >= variable.first_segment && i <= variable.last_segment) name = variable.field;
    }
    if (std::find(names.begin(), names.end(), name) != names.end())
      name += "_" + std::to_string(names.size() + 1);
    names.push_back(name);
    out += "{" + name + "}";
  }
  return parsed->verb.empty() ? out : out + ":" + parsed->verb;
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
      parameters.push_back(Parameter("query", name, schemas.Of(field), false));
    } else if (!field.is_repeated() && prefix.empty()) {
      AddQueryParameters(*field.message_type(), name + ".", taken, schemas, parameters);
    }
  }
}

std::string Content(std::string_view type, std::string_view schema) {
  return Object().Raw(type, Object().Raw("schema", schema).Done()).Done();
}

std::string Operation(const Route& route, const std::vector<std::string>& path_names, Schemas& schemas) {
  const MethodInfo& method = *route.method;
  const pb::Descriptor& request = *method.descriptor->input_type();
  std::vector<std::string> parameters;
  const std::string string_schema = Object().Text("type", "string").Done();
  for (const std::string& name : path_names)
    parameters.push_back(Parameter("path", name, string_schema, true));
  if (method.request_id != nullptr) {
    parameters.push_back(
        Parameter("header", "Idempotency-Key", R"({"type":"string","minLength":1,"maxLength":64})", false));
  }
  if (method.etag != nullptr) parameters.push_back(Parameter("header", "If-Match", string_schema, false));
  if (method.streaming) parameters.push_back(Parameter("header", "Last-Event-ID", string_schema, false));
  if (route.body != "*") {
    std::set<std::string> taken;
    for (const PathVariable& variable : route.variables) taken.insert(variable.field);
    if (route.body_field != nullptr) taken.insert(route.body);
    AddQueryParameters(request, "", taken, schemas, parameters);
  }
  Object operation;
  operation.Text("operationId", method.full_name);
  operation.Raw("tags", Array({Quote(method.service)}));
  operation.Raw("parameters", Array(parameters));
  if (!route.body.empty()) {
    const pb::Descriptor& body = route.body_field == nullptr ? request : *route.body_field->message_type();
    operation.Raw("requestBody",
                  Object().Raw("content", Content("application/json", schemas.Message(body))).Done());
  }
  const std::string answer = schemas.Message(*method.descriptor->output_type());
  const char* type = method.streaming ? "text/event-stream" : "application/json";
  operation.Raw(
      "responses",
      Object()
          .Raw("200", Object().Text("description", "OK").Raw("content", Content(type, answer)).Done())
          .Raw("default", Object()
                              .Text("description", "Problem")
                              .Raw("content", Content("application/problem+json", Reference("Problem")))
                              .Done())
          .Done());
  operation.Raw("security", method.permission == "public" ? "[]" : R"([{"bearer":[]}])");
  operation.Text("x-ttx-permission", method.permission);
  return operation.Done();
}

std::string LowerVerb(Verb verb) {
  std::string out(VerbName(verb));
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return static_cast<char>(c + 32); });
  return out;
}

}  // namespace

std::string MakeOpenApi(const Router& router) {
  Schemas schemas;
  std::map<std::string, Object> paths;
  for (const auto& route : router.routes()) {
    std::vector<std::string> names;
    const std::string path = OpenApiPath(*route, names);
    paths[path].Raw(LowerVerb(route->verb), Operation(*route, names, schemas));
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
      .Raw("info", R"({"title":"TTX","version":"v1"})")
      .Raw("paths", all_paths.Done())
      .Raw("components", components)
      .Done();
}

}  // namespace ttx::gateway
