#include "gateway/problem/problem.h"

#include <algorithm>
#include <charconv>

#include "gateway/limits.h"
#include "gateway/transcode/json_text.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "ttx/api/v1/error_info.pb.h"

namespace ttx::gateway {
namespace {

constexpr std::string_view kTypePrefix = "urn:ttx:problem:";

std::string_view ReasonOf(Code code) {
  switch (code) {
    case Code::kUnauthenticated:
      return "UNAUTHENTICATED";
    case Code::kPermissionDenied:
      return "PERMISSION_DENIED";
    case Code::kUnimplemented:
      return "UNIMPLEMENTED";
    case Code::kUnavailable:
      return "UNAVAILABLE";
    case Code::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case Code::kResourceExhausted:
      return "RATE_LIMITED";
    case Code::kNotFound:
      return "NOT_FOUND";
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
      return "INVALID_ARGUMENT";
    case Code::kAlreadyExists:
      return "ALREADY_EXISTS";
    case Code::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case Code::kAborted:
      return "ABORTED";
    case Code::kCancelled:
      return "CANCELLED";
    case Code::kOk:
    case Code::kUnknown:
    case Code::kInternal:
    case Code::kDataLoss:
      return "INTERNAL";
  }
  return "INTERNAL";
}

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kOk:
      return "OK";
    case Code::kCancelled:
      return "CANCELLED";
    case Code::kUnknown:
      return "UNKNOWN";
    case Code::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case Code::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case Code::kNotFound:
      return "NOT_FOUND";
    case Code::kAlreadyExists:
      return "ALREADY_EXISTS";
    case Code::kPermissionDenied:
      return "PERMISSION_DENIED";
    case Code::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case Code::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case Code::kAborted:
      return "ABORTED";
    case Code::kOutOfRange:
      return "OUT_OF_RANGE";
    case Code::kUnimplemented:
      return "UNIMPLEMENTED";
    case Code::kInternal:
      return "INTERNAL";
    case Code::kUnavailable:
      return "UNAVAILABLE";
    case Code::kDataLoss:
      return "DATA_LOSS";
    case Code::kUnauthenticated:
      return "UNAUTHENTICATED";
  }
  return "INTERNAL";
}

// RFC 9110 reason phrases of the statuses the gateway uses: the `title` of a problem.
std::string_view StatusTitle(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Internal Server Error";
  }
}

bool HidesDetail(Code code) {
  return code == Code::kInternal || code == Code::kUnknown || code == Code::kDataLoss || code == Code::kOk;
}

Code ToCode(int code) { return code >= 0 && code <= 16 ? static_cast<Code>(code) : Code::kUnknown; }

void ReadDetails(const google::rpc::Status& status, Problem& problem) {
  for (const google::protobuf::Any& any : status.details()) {
    api::v1::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    if (any.type_url().ends_with("/google.rpc.ErrorInfo") && info.ParseFromString(any.value())) {
      problem.reason = info.reason();
      problem.metadata = std::map<std::string, std::string>(info.metadata().begin(), info.metadata().end());
    } else if (any.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        const std::string& text = violation.description();
        const size_t colon = text.find(':');
        problem.violations.push_back(
            {violation.field(), text.substr(0, colon), colon == text.npos ? "" : text.substr(colon + 1)});
      }
    }
  }
}

// Whatever a service sent becomes valid JSON.
std::string_view Printable(std::string_view text) { return IsValidUtf8(text) ? text : "?"; }

class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  void Text(std::string_view key, std::string_view value) {
    Key(key);
    AppendJsonString(Printable(value), out_);
  }
  void Key(std::string_view key) {
    if (!first_) out_ += ',';
    first_ = false;
    AppendJsonString(Printable(key), out_);
    out_ += ':';
  }
  void End() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

void RenderViolations(const Problem& problem, Language language, std::string_view body_field,
                      std::string& out) {
  out += '[';
  for (size_t i = 0; i < problem.violations.size() && i < kViolationsMax; ++i) {
    const ProblemViolation& violation = problem.violations[i];
    if (i > 0) out += ',';
    ObjectWriter object(out);
    object.Text("field", violation.field);
    if (const std::string pointer = FieldPointer(violation.field, body_field); !pointer.empty()) {
      object.Text("pointer", pointer);
    }
    object.Text("reason", violation.reason);
    if (const ReasonInfo* info = FindReason(violation.reason)) {
      object.Text("detail", RenderReason(*info, problem.metadata, language));
    }
    if (!violation.limit.empty()) object.Text("limit", violation.limit);
    object.End();
  }
  out += ']';
}

// What Accept-Language says of one language. Refusing it is less than not naming it.
struct LanguageRange {
  bool named = false;
  int weight = 0;
  int place = 0;  // in the list
};

constexpr int kFullWeight = 1000;  // q=1; in thousandths
constexpr int kLeastWeight = 1;
constexpr int kRefused = -1;

std::string_view Trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
         });
}

// Of "q=0.8" (RFC 9110 12.4.2); one that is not well-formed is the least.
int WeightOf(std::string_view parameter) {
  constexpr std::string_view kLongest = "q=0.999";
  if (parameter.size() < 3 || parameter.size() > kLongest.size()) return kLeastWeight;
  if (!EqualsIgnoringCase(parameter.substr(0, 2), "q=")) return kLeastWeight;
  int weight = 0;
  int unit = kFullWeight;
  for (size_t i = 2; i < parameter.size(); ++i) {
    if (i == 3 && parameter[i] == '.') continue;
    if (i == 3 || parameter[i] < '0' || parameter[i] > '9') return kLeastWeight;
    weight += (parameter[i] - '0') * unit;
    unit /= 10;
  }
  if (weight > kFullWeight) return kLeastWeight;
  return weight == 0 ? kRefused : weight;
}

}  // namespace

int HttpStatus(Code code) {
  switch (code) {
    case Code::kOk:
      return 200;
    case Code::kCancelled:
      return 499;
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
      return 400;
    case Code::kDeadlineExceeded:
      return 504;
    case Code::kNotFound:
      return 404;
    case Code::kAlreadyExists:
    case Code::kFailedPrecondition:
      return 409;
    case Code::kPermissionDenied:
      return 403;
    case Code::kResourceExhausted:
      return 429;
    case Code::kAborted:
      return 412;
    case Code::kUnimplemented:
      return 501;
    case Code::kUnavailable:
      return 503;
    case Code::kUnauthenticated:
      return 401;
    case Code::kUnknown:
    case Code::kInternal:
    case Code::kDataLoss:
      return 500;
  }
  return 500;
}

Problem MakeProblem(const Error& error, int status) {
  Problem problem;
  problem.code = error.code();
  problem.status = status == 0 ? HttpStatus(problem.code) : status;
  problem.reason = ReasonName(error.reason);
  problem.metadata = error.metadata;
  for (const FieldViolation& violation : error.violations) {
    problem.violations.push_back(
        {violation.field, std::string(ReasonName(violation.reason)), violation.limit});
  }
  return problem;
}

Problem MakeProblem(int code, const std::string& message, const std::string& details) {
  Problem problem;
  problem.code = ToCode(code);
  problem.detailed = false;
  problem.status = HttpStatus(problem.code == Code::kOk ? Code::kInternal : problem.code);
  if (HidesDetail(problem.code)) {
    problem.code = Code::kInternal;
    problem.reason = "INTERNAL";
    return problem;
  }
  google::rpc::Status status;
  if (status.ParseFromString(details)) ReadDetails(status, problem);
  if (problem.reason.empty()) {
    // A status without details comes from gRPC itself; its message may name addresses.
    problem.reason = ReasonOf(problem.code);
    problem.metadata.try_emplace("resource", "-");
  } else {
    problem.detailed = true;
    problem.fallback_detail = message;
  }
  return problem;
}

Problem AsOutcomeUnknown(Problem problem) {
  const bool on_the_way = problem.code == Code::kCancelled || problem.code == Code::kDeadlineExceeded ||
                          problem.code == Code::kUnavailable;
  if (problem.detailed || !on_the_way) return problem;
  problem.status = problem.code == Code::kDeadlineExceeded ? 504 : 503;
  if (problem.code == Code::kCancelled) problem.code = Code::kUnavailable;
  problem.reason = "OUTCOME_UNKNOWN";
  return problem;
}

Language ChooseLanguage(std::string_view accept_language) {
  LanguageRange chinese, english, any;
  for (int place = 0; !accept_language.empty(); ++place) {
    const std::string_view element = accept_language.substr(0, accept_language.find(','));
    accept_language.remove_prefix(std::min(element.size() + 1, accept_language.size()));
    const size_t semicolon = element.find(';');
    const std::string_view tag = Trimmed(element.substr(0, semicolon));
    const std::string_view primary = tag.substr(0, tag.find('-'));
    LanguageRange* range = nullptr;
    if (primary == "*") range = &any;
    if (EqualsIgnoringCase(primary, "zh")) range = &chinese;
    if (EqualsIgnoringCase(primary, "en")) range = &english;
    const int weight =
        semicolon == element.npos ? kFullWeight : WeightOf(Trimmed(element.substr(semicolon + 1)));
    if (range != nullptr && (!range->named || weight > range->weight)) *range = {true, weight, place};
  }
  for (LanguageRange* range : {&chinese, &english}) {
    if (!range->named && any.named) *range = {true, any.weight, any.place};
  }
  if (english.weight != chinese.weight)
    return english.weight > chinese.weight ? Language::kEnglish : Language::kChinese;
  return english.weight > 0 && english.place < chinese.place ? Language::kEnglish : Language::kChinese;
}

std::optional<int> RetryAfterSeconds(const Problem& problem) {
  if (problem.status != 429 && problem.status != 503) return std::nullopt;
  int seconds = 1;
  if (const auto it = problem.metadata.find("retry_after_s"); it != problem.metadata.end()) {
    const std::string& text = it->second;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (failure != std::errc() || end != text.data() + text.size() || seconds < 1) seconds = 1;
  }
  return seconds;
}

std::string FieldPointer(std::string_view field, std::string_view body_field) {
  if (body_field.empty() || field.empty()) return "";
  if (body_field != "*") {
    if (!field.starts_with(body_field) || field.size() <= body_field.size() ||
        field[body_field.size()] != '.')
      return "";
    field.remove_prefix(body_field.size() + 1);
  }
  std::string out = "/";
  for (const char c : field) {
    switch (c) {
      case '.':
      case '[':
        out += '/';
        break;
      case ']':
        break;
      case '~':
        out += "~0";
        break;
      case '/':
        out += "~1";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string RenderProblem(const Problem& problem, Language language, const ProblemPlace& place) {
  std::string out;
  out.reserve(512);
  const ReasonInfo* info = FindReason(problem.reason);
  ObjectWriter object(out);
  object.Text("type", std::string(kTypePrefix) + problem.reason);
  object.Text("title", StatusTitle(problem.status));
  object.Key("status");
  out += std::to_string(problem.status);
  const std::string detail = info ? RenderReason(*info, problem.metadata, language) : problem.fallback_detail;
  if (!detail.empty()) object.Text("detail", detail);
  object.Text("instance", place.instance);
  object.Text("code", CodeName(problem.code));
  object.Text("reason", problem.reason);
  object.Key("metadata");
  ObjectWriter metadata(out);
  for (const auto& [key, value] : problem.metadata) metadata.Text(key, value);
  metadata.End();
  object.Key("violations");
  RenderViolations(problem, language, place.body_field, out);
  object.Text("trace_id", place.trace_id);
  object.End();
  return out;
}

}  // namespace ttx::gateway
