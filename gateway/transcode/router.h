#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/https/strict_http.h"
#include "libs/core/result.h"

namespace google::protobuf {
class FieldDescriptor;
class Message;
class MethodDescriptor;
}  // namespace google::protobuf

namespace ttx::gateway {

/// What the gateway needs to know of one RPC, worked out once at start.
struct MethodInfo {
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  const google::protobuf::Message* request_prototype = nullptr;
  const google::protobuf::Message* response_prototype = nullptr;
  std::string service;    // "ttx.auction.v1.AuctionService"
  std::string full_name;  // "ttx.auction.v1.AuctionService/OpenAuction"
  std::string grpc_path;  // "/" + full_name
  std::string permission;
  bool write = false;
  bool streaming = false;
  // Fields with a meaning in HTTP; nullptr when the message has none of that name and type.
  const google::protobuf::FieldDescriptor* request_id = nullptr;      // Idempotency-Key
  const google::protobuf::FieldDescriptor* etag = nullptr;            // If-Match
  const google::protobuf::FieldDescriptor* after_sequence = nullptr;  // Last-Event-ID
  const google::protobuf::FieldDescriptor* wait_time = nullptr;       // long poll
  const google::protobuf::FieldDescriptor* response_etag = nullptr;
  const google::protobuf::FieldDescriptor* response_sequence = nullptr;
};

/// `{name=auctions/*}`: which field takes which path segments.
struct PathVariable {
  std::vector<const google::protobuf::FieldDescriptor*> field_path;
  std::string field;  // "auction.name"
  size_t first_segment = 0;
  size_t last_segment = 0;  // inclusive
};

/// One google.api.http binding of a method.
struct Route {
  const MethodInfo* method = nullptr;
  Verb verb = Verb::kGet;
  std::string pattern;  // as written in the proto: the route's name in metrics and in OpenAPI
  std::string body;     // "*", a field or empty
  const google::protobuf::FieldDescriptor* body_field = nullptr;  // when `body` names one
  std::vector<PathVariable> variables;
};

/// The outcome of a look-up. Without a route, `allowed` tells 405 (other verbs exist) from 404 (empty).
struct RouteMatch {
  const Route* route = nullptr;
  std::vector<std::string_view> captures;  // one per Route::variables, views into the path that was looked up
  std::vector<Verb> allowed;
};

/// The table of all routes. Immutable after Build; safe from any thread.
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  /// Reads the google.api.http options of every method of these services from the generated pool.
  /// API_DEFINITION_INVALID for an unknown service, a method without `ttx.api.v1.policy`, a template, body or
  /// field type the gateway cannot serve, and for two routes that could take the same request.
  static Result<Router> Build(const std::vector<std::string>& services);

  /// `path` is decoded. HEAD finds the GET route.
  RouteMatch Find(Verb verb, std::string_view path) const;

  /// In the order of the protos, for OpenAPI and for tests.
  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }
  const std::vector<std::unique_ptr<MethodInfo>>& methods() const { return methods_; }

 private:
  struct Node;
  Status AddMethod(const google::protobuf::MethodDescriptor& method);
  Status AddRoute(const MethodInfo& method, Verb verb, const std::string& pattern, const std::string& body);

  std::unique_ptr<Node> root_;
  std::vector<std::unique_ptr<MethodInfo>> methods_;
  std::vector<std::unique_ptr<Route>> routes_;
};

/// "NAME, NAME": the value of an Allow header.
std::string AllowHeader(const std::vector<Verb>& allowed);

}  // namespace ttx::gateway
