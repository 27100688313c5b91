#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/error.h"

namespace ttx::gateway {

/// One field of the request that is wrong, as it came over the wire: reasons a newer service knows and this
/// gateway does not are passed on by name.
struct ProblemViolation {
  std::string field;
  std::string reason;
  std::string limit;
  bool operator==(const ProblemViolation&) const = default;
};

/// An answer other than success, before it is put into words (RFC 9457, architecture.md section 10).
struct Problem {
  int status = 500;
  Code code = Code::kInternal;
  std::string reason;
  std::map<std::string, std::string> metadata;
  std::vector<ProblemViolation> violations;
  std::string fallback_detail;  // shown when no text is known for `reason`
  bool detailed = true;         // the service said so itself; false: gRPC did, on the way
};

/// The HTTP status a code is answered with.
int HttpStatus(Code code);

/// A refusal by the gateway itself; `status` 0 takes the status of the error's code.
Problem MakeProblem(const Error& error, int status = 0);

/// The status of a call. `details` is the serialized `google.rpc.Status` of the error (may be empty or
/// damaged: then the code alone decides). INTERNAL, UNKNOWN and DATA_LOSS lose everything but their code.
Problem MakeProblem(int code, const std::string& message, const std::string& details);

/// What a failure on the way means to the caller of a method that changes state: perhaps it was done. The
/// same request id finds out (reliability.md 3.2). Anything the service itself said stays as it is.
Problem AsOutcomeUnknown(Problem problem);

/// Chinese unless `Accept-Language` prefers English: by weight (q), among equals by place. "q=0" refuses a language, a
/// weight that is not well-formed is the least.
Language ChooseLanguage(std::string_view accept_language);

/// Seconds for `Retry-After` on 429 and 503, from metadata `retry_after_s` or 1; nothing for other statuses.
std::optional<int> RetryAfterSeconds(const Problem& problem);

/// Where a rendered problem was met. `body_field` is the `body` of the route's google.api.http option: "*", a
/// field or empty; it decides which violations lie in the JSON body and so have a pointer.
struct ProblemPlace {
  std::string_view instance;
  std::string_view trace_id;
  std::string_view body_field;
};

/// "application/problem+json" of at most a few KiB.
std::string RenderProblem(const Problem& problem, Language language, const ProblemPlace& place);

/// "items[2].title" -> "/items/2/title" relative to the JSON body; empty when the field does not lie in the
/// body.
std::string FieldPointer(std::string_view field, std::string_view body_field);

}  // namespace ttx::gateway
