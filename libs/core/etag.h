#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libs/core/result.h"

namespace ttx {

/// ETAG_MISMATCH when a caller's etag is not that of the resource as it is now. The etag of a resource is its version
/// in decimal; an empty one asks for no check.
inline Status CheckEtag(int64_t version, std::string_view etag) {
  const std::string current = std::to_string(version);
  if (etag.empty() || etag == current) return {};
  return Error(Reason::kETAG_MISMATCH, {{"etag", current}});
}

}  // namespace ttx
