#include "gateway/transcode/router.h"

#include <algorithm>
#include <optional>
#include <set>

#include "gateway/transcode/json_reader.h"
#include "gateway/transcode/path_template.h"
#include "google/api/annotations.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "ttx/api/v1/method.pb.h"

namespace ttx::gateway {
namespace {

namespace pb = google::protobuf;

constexpr size_t kVerbCount = 7;

Error Bad(std::string detail) {
  return Error(Reason::kAPI_DEFINITION_INVALID, {{"detail", std::move(detail)}});
}

const pb::FieldDescriptor* FindField(const pb::Descriptor& message, const char* name,
                                     pb::FieldDescriptor::CppType type) {
  const pb::FieldDescriptor* field = message.FindFieldByName(name);
  return field != nullptr && !field->is_repeated() && field->cpp_type() == type ? field : nullptr;
}

// Follows "auction.name" to a string field; empty when there is none.
std::vector<const pb::FieldDescriptor*> ResolveString(const pb::Descriptor* message, std::string_view path) {
  std::vector<const pb::FieldDescriptor*> out;
  while (message != nullptr) {
    const size_t dot = path.find('.');
    const pb::FieldDescriptor* field = message->FindFieldByName(std::string(path.substr(0, dot)));
    if (field == nullptr || field->is_repeated()) return {};
    out.push_back(field);
    if (dot == path.npos) return field->type() == pb::FieldDescriptor::TYPE_STRING ? out : decltype(out){};
    message = field->message_type();
    path.remove_prefix(dot + 1);
  }
  return {};
}

struct Binding {
  Verb verb;
  std::string pattern;
};

std::optional<Binding> ReadBinding(const google::api::HttpRule& rule) {
  switch (rule.pattern_case()) {
    case google::api::HttpRule::kGet:
      return Binding{Verb::kGet, rule.get()};
    case google::api::HttpRule::kPut:
      return Binding{Verb::kPut, rule.put()};
    case google::api::HttpRule::kPost:
      return Binding{Verb::kPost, rule.post()};
    case google::api::HttpRule::kDelete:
      return Binding{Verb::kDelete, rule.delete_()};
    case google::api::HttpRule::kPatch:
      return Binding{Verb::kPatch, rule.patch()};
    case google::api::HttpRule::kCustom:
    case google::api::HttpRule::PATTERN_NOT_SET:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

struct Router::Node {
  struct End {
    std::string verb;
    std::array<const Route*, kVerbCount> routes{};
  };
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> wildcard;
  std::vector<End> ends;

  // Depth first, literals before the wildcard. True when a route for `verb` was found; otherwise
  // `match.allowed` holds what other verbs would have found.
  bool Search(const SplitPath& path, size_t depth, Verb verb, RouteMatch& match) const {
    if (depth == path.segments.size()) {
      for (const End& end : ends) {
        if (end.verb != path.verb) continue;
        if ((match.route = end.routes[static_cast<size_t>(verb)]) != nullptr) return true;
        for (size_t i = 0; i < kVerbCount; ++i) {
          if (end.routes[i] != nullptr) match.allowed.push_back(static_cast<Verb>(i));
        }
      }
      return false;
    }
    const std::string_view segment = path.segments[depth];
    if (const auto it = literals.find(segment); it != literals.end()) {
      if (it->second->Search(path, depth + 1, verb, match)) return true;
    }
    return wildcard != nullptr && !segment.empty() && wildcard->Search(path, depth + 1, verb, match);
  }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

Result<Router> Router::Build(const std::vector<std::string>& services) {
  Router router;
  for (const std::string& name : services) {
    const pb::ServiceDescriptor* service = pb::DescriptorPool::generated_pool()->FindServiceByName(name);
    if (service == nullptr) return Bad("service " + name + " is not linked into this program");
    for (int i = 0; i < service->method_count(); ++i) {
      TTX_RETURN_IF_ERROR(router.AddMethod(*service->method(i)));
    }
  }
  return router;
}

Status Router::AddMethod(const pb::MethodDescriptor& method) {
  if (!method.options().HasExtension(ttx::api::v1::policy)) return Bad(method.full_name() + " has no policy");
  if (!method.options().HasExtension(google::api::http)) return Status();  // reachable over gRPC only
  if (method.client_streaming())
    return Bad(method.full_name() + " streams from the client, which HTTP cannot carry");
  const auto& policy = method.options().GetExtension(ttx::api::v1::policy);
  auto info = std::make_unique<MethodInfo>();
  const pb::Descriptor& request = *method.input_type();
  const pb::Descriptor& response = *method.output_type();
  for (const pb::Descriptor* type : {&request, &response}) {
    if (const std::string problem = UnsupportedField(*type); !problem.empty()) {
      return Bad(method.full_name() + ": " + problem);
    }
  }
  info->descriptor = &method;
  info->request_prototype = pb::MessageFactory::generated_factory()->GetPrototype(&request);
  info->response_prototype = pb::MessageFactory::generated_factory()->GetPrototype(&response);
  info->service = method.service()->full_name();
  info->full_name = info->service + "/" + method.name();
  info->grpc_path = "/" + info->full_name;
  info->permission = policy.permission();
  info->write = policy.write();
  info->streaming = method.server_streaming();
  info->request_id = FindField(request, "request_id", pb::FieldDescriptor::CPPTYPE_STRING);
  info->etag = FindField(request, "etag", pb::FieldDescriptor::CPPTYPE_STRING);
  info->after_sequence = FindField(request, "after_sequence", pb::FieldDescriptor::CPPTYPE_INT64);
  info->wait_time = FindField(request, "wait_time", pb::FieldDescriptor::CPPTYPE_MESSAGE);
  info->response_etag = FindField(response, "etag", pb::FieldDescriptor::CPPTYPE_STRING);
  info->response_sequence = FindField(response, "sequence", pb::FieldDescriptor::CPPTYPE_INT64);
  const MethodInfo& added = *methods_.emplace_back(std::move(info));

  const google::api::HttpRule& rule = method.options().GetExtension(google::api::http);
  std::vector<const google::api::HttpRule*> rules = {&rule};
  for (const auto& additional : rule.additional_bindings()) rules.push_back(&additional);
  for (const google::api::HttpRule* each : rules) {
    const std::optional<Binding> binding = ReadBinding(*each);
    if (!binding) return Bad(method.full_name() + " has an HTTP binding without a usable verb");
    if (added.streaming && binding->verb != Verb::kGet)
      return Bad(method.full_name() + ": a stream is a GET");
    TTX_RETURN_IF_ERROR(AddRoute(added, binding->verb, binding->pattern, each->body()));
  }
  return Status();
}

Status Router::AddRoute(const MethodInfo& method, Verb verb, const std::string& pattern,
                        const std::string& body) {
  TTX_TRY(const PathTemplate parsed, ParsePathTemplate(pattern));
  const pb::Descriptor* request = method.descriptor->input_type();
  auto route = std::make_unique<Route>();
  route->method = &method;
  route->verb = verb;
  route->pattern = pattern;
  route->body = body;
  if (!body.empty() && (verb == Verb::kGet || verb == Verb::kDelete)) {
    return Bad(method.full_name + ": " + std::string(VerbName(verb)) + " has a body");
  }
  if (!body.empty() && body != "*") {
    route->body_field = FindField(*request, body.c_str(), pb::FieldDescriptor::CPPTYPE_MESSAGE);
    if (route->body_field == nullptr)
      return Bad(method.full_name + ": body " + body + " is no message field");
  }
  std::set<std::string> names;
  for (const PathTemplate::Variable& variable : parsed.variables) {
    auto fields = ResolveString(request, variable.field);
    if (fields.empty()) return Bad(method.full_name + ": " + variable.field + " is no string field");
    if (!names.insert(variable.field).second)
      return Bad(method.full_name + ": " + variable.field + " is bound twice");
    route->variables.push_back(
        {std::move(fields), variable.field, variable.first_segment, variable.last_segment});
  }
  Node* node = root_.get();
  for (const std::string& segment : parsed.segments) {
    std::unique_ptr<Node>& next = segment == "*" ? node->wildcard : node->literals[segment];
    if (next == nullptr) next = std::make_unique<Node>();
    node = next.get();
  }
  auto end = std::find_if(node->ends.begin(), node->ends.end(),
                          [&](const auto& e) { return e.verb == parsed.verb; });
  if (end == node->ends.end()) end = node->ends.insert(end, Node::End{parsed.verb, {}});
  const Route*& slot = end->routes[static_cast<size_t>(verb)];
  if (slot != nullptr) {
    return Bad(std::string(VerbName(verb)) + " " + pattern + " of " + method.full_name + " is taken by " +
               slot->method->full_name);
  }
  slot = routes_.emplace_back(std::move(route)).get();
  return Status();
}

RouteMatch Router::Find(Verb verb, std::string_view path) const {
  RouteMatch match;
  const SplitPath split = SplitRequestPath(path);
  if (!root_->Search(split, 0, verb == Verb::kHead ? Verb::kGet : verb, match)) {
    std::sort(match.allowed.begin(), match.allowed.end());
    match.allowed.erase(std::unique(match.allowed.begin(), match.allowed.end()), match.allowed.end());
    return match;
  }
  for (const PathVariable& variable : match.route->variables) {
    const std::string_view first = split.segments[variable.first_segment];
    const std::string_view last = split.segments[variable.last_segment];
    match.captures.emplace_back(first.data(), static_cast<size_t>(last.data() + last.size() - first.data()));
  }
  return match;
}

std::string AllowHeader(const std::vector<Verb>& allowed) {
  std::string out;
  for (const Verb verb : allowed) {
    if (!out.empty()) out += ", ";
    out += VerbName(verb);
    if (verb == Verb::kGet) out += ", HEAD";
  }
  return out.empty() ? "OPTIONS" : out + ", OPTIONS";
}

}  // namespace ttx::gateway
