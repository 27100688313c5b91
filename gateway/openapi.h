#pragma once

#include <string>
#include <string_view>

namespace ttx::gateway {

class Router;

/// What the table of routes does not know.
struct OpenApiSource {
  std::string_view descriptors = {};  // see Comments; empty: a description without prose
  std::string server_url = {};        // how clients reach the gateway; empty: where they got the document
};

/// OpenAPI 3.1 in JSON for every route of the table: parameters, bodies, answers, enums, security, and what
/// the comments of the protos say of them.
std::string MakeOpenApi(const Router& router, const OpenApiSource& source);

}  // namespace ttx::gateway
