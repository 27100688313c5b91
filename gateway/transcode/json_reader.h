#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/core/result.h"

namespace google::protobuf {
class Descriptor;
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace ttx::gateway {

/// Reads one JSON object into `message` (generated type, empty) and nothing else.
///
/// Names are the proto's snake_case names. int64 and the other integers are JSON integers or strings of plain
/// decimal digits; enums are names; Timestamp is RFC 3339 in UTC; Duration "3.5s"; bytes padded base64. There
/// is no null. MALFORMED_BODY for what is not strict JSON (duplicate names, more than 32 levels, bytes after
/// the object, NUL, invalid UTF-8, lone surrogates, BOM); INVALID_FIELD with up to 20 violations for what
/// does not fit the message. `prefix` ("auction.") is put before the field paths of violations.
Status ReadJson(std::string_view json, google::protobuf::Message& message, std::string_view prefix);

/// Sets (or adds to, when repeated) the field at the dotted `path` from the text of a query parameter.
std::optional<FieldViolation> SetFromText(google::protobuf::Message& message, const std::string& path,
                                          std::string_view text);

/// Why messages of this type cannot be carried as JSON ("ttx.x.Y.z is a double"); empty when they can.
std::string UnsupportedField(const google::protobuf::Descriptor& message);

/// Whether this message type is written as one JSON string: Timestamp, Duration, FieldMask.
bool IsTextMessage(const google::protobuf::Descriptor& message);

}  // namespace ttx::gateway
