#pragma once

#include <string_view>

#include "libs/core/result.h"

namespace grpc {
class Status;
}  // namespace grpc

namespace ttx::rpc {

/// The one place where errors become gRPC statuses (architecture.md section 10): the canonical code, the English
/// text, and a google.rpc.Status with exactly one ErrorInfo (domain "<service>.ttx") plus a BadRequest whose
/// descriptions are "REASON" or "REASON:limit" when fields are named. INTERNAL leaves without detail.
grpc::Status ToGrpc(const Error& error, std::string_view service);

/// The way back, for callers inside the installation. A status without our details becomes UNAVAILABLE,
/// DEADLINE_EXCEEDED or INTERNAL by its code.
Error FromGrpc(const grpc::Status& status);

}  // namespace ttx::rpc
