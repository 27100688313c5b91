#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ttx {

/// The canonical outcome codes; the numbers are those of `google.rpc.Code` and go over the wire unchanged.
enum class Code : int {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

/// Why a request was refused. One entry per line of reasons.def, which also holds the code and both texts.
/// The numbers are written to disk in stored answers: append to the table's sections by name, never by number
/// (`ReasonName` is what is stored and sent).
enum class Reason : uint16_t {
#define REASON(name, code, zh, en) k##name,
#include "libs/core/reasons.def"
#undef REASON
};

enum class Language { kChinese, kEnglish };

/// One row of reasons.def.
struct ReasonInfo {
  std::string_view name;  // UPPER_SNAKE, stable, what clients switch on
  Code code;
  std::string_view zh;  // texts may hold {key}, filled from Error::metadata
  std::string_view en;
};

const ReasonInfo& Info(Reason reason);
inline std::string_view ReasonName(Reason reason) { return Info(reason).name; }
/// All rows in table order.
const std::vector<ReasonInfo>& AllReasons();
/// The row with this name, or nullptr.
const ReasonInfo* FindReason(std::string_view name);
/// Fills each {key} of a row's text from `metadata`; a missing key shows as "?".
std::string RenderReason(const ReasonInfo& info, const std::map<std::string, std::string>& metadata,
                         Language language);

/// One field of a request that is wrong. `field` is the proto field path ("rules.increment_fen").
struct FieldViolation {
  std::string field;
  Reason reason;
  std::string limit;  // what would have been accepted, if that can be said in a word ("1..200", "> 0")

  bool operator==(const FieldViolation&) const = default;
};

/// An expected failure. The code and the texts follow from `reason`; whatever a text mentions stands in `metadata`.
struct [[nodiscard]] Error {
  Reason reason;
  std::map<std::string, std::string> metadata;
  std::vector<FieldViolation> violations;

  Error(Reason why, std::map<std::string, std::string> details = {}, std::vector<FieldViolation> fields = {})
      : reason(why), metadata(std::move(details)), violations(std::move(fields)) {}

  Code code() const { return Info(reason).code; }
  std::string message(Language language = Language::kEnglish) const {
    return RenderReason(Info(reason), metadata, language);
  }
  bool operator==(const Error&) const = default;
};

/// INVALID_FIELD with one violation.
Error InvalidField(std::string field, Reason reason, std::string limit = "");

/// NOT_FOUND of a resource, by its name ("listings/1"): it does not exist, or the caller may not know that it does.
Error NotFound(std::string resource);

}  // namespace ttx
