#pragma once

#include <string>

namespace google::protobuf {
class Message;
}  // namespace google::protobuf

namespace ttx::gateway {

/// Appends `message` as one line of JSON: snake_case names, 64-bit integers as strings, enums by name, lists
/// and scalars even when they hold their default, absent sub-messages and absent `optional` fields left out.
void AppendJson(const google::protobuf::Message& message, std::string& out);

}  // namespace ttx::gateway
