#pragma once

#include <string>
#include <string_view>

#include "gateway/https/strict_http.h"
#include "gateway/transcode/router.h"
#include "libs/core/result.h"

namespace ttx::gateway {

/// A request message ready for the wire.
struct TranscodedRequest {
  std::string bytes;
  int64_t wait_seconds = 0;  // of the field `wait_time`, rounded up, at most kLongPollSecondsMax
};

/// Makes the request message of a matched route from its path, query, headers and body (checked to be JSON by
/// type already). Every field is set from one place only; INVALID_FIELD names the fields that are unknown,
/// given twice with different values, or required and missing (`request_id` of a write).
Result<TranscodedRequest> TranscodeRequest(const RouteMatch& match, const RequestHead& head,
                                           std::string_view body);

/// The JSON of an answer and what of it goes into headers.
struct TranscodedResponse {
  std::string json;
  std::string etag;  // as an entity tag with quotes; empty when the answer has none
};

/// INTERNAL when `bytes` are not a message of the method's response type.
Result<TranscodedResponse> TranscodeResponse(const MethodInfo& method, std::string_view bytes);

/// One message of a stream as one Server-Sent Event, with "\n\n", and its place in the log when it carries one.
struct TranscodedEvent {
  std::string text;
  uint64_t sequence = 0;
};
Result<TranscodedEvent> TranscodeEvent(const MethodInfo& method, std::string_view bytes);

/// Whether a Content-Type header value is JSON in UTF-8.
bool IsJsonContentType(std::string_view value);

}  // namespace ttx::gateway
