#pragma once

#include "libs/core/result.h"

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

namespace ttx::rpc {

/// What every request must satisfy before its own rules: no unknown fields, no unknown enum values, at any depth
/// up to 32; at most 10 000 elements in a list. The field path is in the violation.
Status ValidateShape(const google::protobuf::Message& message);

}  // namespace ttx::rpc
