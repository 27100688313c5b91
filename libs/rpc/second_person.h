#pragma once

#include "libs/core/result.h"
#include "libs/rpc/handler.h"

namespace ttx::rpc {

/// A parser for a method that confirms, releases or decides what another person made: like `parse`, but the request
/// must name the version that was seen, because nobody may agree to what they have not looked at (domain.md 1.2).
/// REQUIRED on `etag`; a stale one is the use case's to refuse (ETAG_MISMATCH).
template <class Parse>
auto Seen(Parse parse) {
  return [parse](const auto& request, const Call& call) -> decltype(parse(request, call)) {
    if (request.etag().empty()) return InvalidField("etag", Reason::kREQUIRED);
    return parse(request, call);
  };
}

}  // namespace ttx::rpc
