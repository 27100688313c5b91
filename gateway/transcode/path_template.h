#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/core/result.h"

namespace ttx::gateway {

/// A parsed google.api.http path: literal segments and single wildcards, with an optional verb after ':'.
/// `**` is not offered: no TTX resource name has a variable number of segments.
struct PathTemplate {
  struct Variable {
    std::string field;  // dotted path
    size_t first_segment;
    size_t last_segment;  // inclusive
  };
  std::vector<std::string> segments;  // "*" for a wildcard
  std::string verb;
  std::vector<Variable> variables;
};

/// API_DEFINITION_INVALID with the template in its detail.
Result<PathTemplate> ParsePathTemplate(std::string_view text);

/// Splits a request path the way templates are split: its segments, and the verb after the last ':' of the
/// last one.
struct SplitPath {
  std::vector<std::string_view> segments;
  std::string_view verb;
};
SplitPath SplitRequestPath(std::string_view path);

}  // namespace ttx::gateway
