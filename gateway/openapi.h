#pragma once

#include <string>

namespace ttx::gateway {

class Router;

/// OpenAPI 3.1 in JSON for every route of the table: parameters, bodies, answers, enums, security.
/// Descriptors in a program carry no comments, so it has no prose.
std::string MakeOpenApi(const Router& router);

}  // namespace ttx::gateway
