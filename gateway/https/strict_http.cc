#include "gateway/https/strict_http.h"

#include <algorithm>
#include <array>

#include "gateway/limits.h"

namespace ttx::gateway {
namespace {

constexpr Refusal Bad(std::string_view detail) { return {400, Reason::kMALFORMED_REQUEST, detail}; }

constexpr bool IsTokenCharacter(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool EqualsIgnoringCase(std::string_view a, std::string_view lower_case) {
  return a.size() == lower_case.size() &&
         std::equal(a.begin(), a.end(), lower_case.begin(), [](char x, char y) { return Lower(x) == y; });
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<Verb> FindVerb(std::string_view name) {
  for (const Verb verb :
       {Verb::kGet, Verb::kPost, Verb::kHead, Verb::kPut, Verb::kPatch, Verb::kDelete, Verb::kOptions}) {
    if (VerbName(verb) == name) return verb;
  }
  return std::nullopt;
}

std::optional<Refusal> JudgeTarget(std::string_view target, RequestHead& head) {
  if (target.size() > kTargetBytesMax) return Refusal{414, Reason::kTARGET_TOO_LONG, ""};
  if (target.empty() || target[0] != '/') return Bad("the target is not in origin form");
  for (const char c : target) {
    if (c <= ' ' || c >= 0x7f || std::string_view("\"#<>\\^`{|}").find(c) != std::string_view::npos) {
      return Bad("a character is not allowed in the target");
    }
  }
  const size_t question = target.find('?');
  head.path = target.substr(0, question);
  head.query = question == target.npos ? std::string_view() : target.substr(question + 1);
  if (head.path.find("//") != head.path.npos || !DecodePath(head.path))
    return Bad("the path is not canonical");
  return std::nullopt;
}

std::optional<Refusal> JudgeRequestLine(std::string_view line, RequestHead& head) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == line.npos || first == 0 || first == last) {
    return line.size() > kTargetBytesMax ? Refusal{414, Reason::kTARGET_TOO_LONG, ""}
                                         : Bad("the request line");
  }
  const std::string_view name = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!std::all_of(name.begin(), name.end(), IsTokenCharacter)) return Bad("the method");
  if (version == "HTTP/1.0") return Refusal{505, Reason::kHTTP_VERSION_UNSUPPORTED, ""};
  if (version != "HTTP/1.1") return Bad("the HTTP version");
  if (name == "TRACE" || name == "CONNECT") return Refusal{405, Reason::kMETHOD_NOT_ALLOWED, ""};
  const std::optional<Verb> verb = FindVerb(name);
  if (!verb) return Refusal{501, Reason::kUNIMPLEMENTED, ""};
  head.verb = *verb;
  return JudgeTarget(target, head);
}

std::optional<uint64_t> ParseLength(std::string_view text) {
  if (text.empty() || text.size() > 19) return std::nullopt;
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

// "host", "host:port", "[v6]:port" -> the host; nullopt when it is none of them.
std::optional<std::string_view> HostWithoutPort(std::string_view value) {
  if (value.empty()) return std::nullopt;
  size_t end = value.find(':');
  if (value[0] == '[') {
    const size_t bracket = value.find(']');
    if (bracket == value.npos || bracket < 3) return std::nullopt;
    end = bracket + 1 == value.size() ? value.npos : bracket + 1;
    if (end != value.npos && value[end] != ':') return std::nullopt;
  }
  const std::string_view host = value.substr(0, end);
  const std::string_view port = end == value.npos ? "" : value.substr(end + 1);
  if (host.empty() || port.size() > 5) return std::nullopt;
  if (!std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  const bool literal = host[0] == '[';
  for (const char c : host) {
    const bool plain =
        HexDigit(c) >= 0 || (Lower(c) >= 'a' && Lower(c) <= 'z') || c == '-' || c == '.' || c == '_';
    if (!plain && !(literal && (c == '[' || c == ']' || c == ':'))) return std::nullopt;
  }
  return host;
}

// Which header fields may appear once only, and where their value goes.
enum Field : size_t {
  kHost,
  kTransferEncoding,
  kContentLength,
  kContentType,
  kContentEncoding,
  kAuthorization,
  kIdempotencyKey,
  kIfMatch,
  kAcceptLanguage,
  kTraceparent,
  kLastEventId,
  kExpect,
  kConnection,
  kUpgrade,
  kFieldCount
};
constexpr std::array<std::string_view, kFieldCount> kFieldNames = {"host",
                                                                   "transfer-encoding",
                                                                   "content-length",
                                                                   "content-type",
                                                                   "content-encoding",
                                                                   "authorization",
                                                                   "idempotency-key",
                                                                   "if-match",
                                                                   "accept-language",
                                                                   "traceparent",
                                                                   "last-event-id",
                                                                   "expect",
                                                                   "connection",
                                                                   "upgrade"};

struct Fields {
  std::array<std::optional<std::string_view>, kFieldCount> values;
  std::string_view get(Field field) const { return values[field].value_or(std::string_view()); }
  bool has(Field field) const { return values[field].has_value(); }
};

std::optional<Refusal> ReadField(std::string_view line, Fields& fields) {
  if (line[0] == ' ' || line[0] == '\t') return Bad("a folded header");
  const size_t colon = line.find(':');
  if (colon == line.npos || colon == 0) return Bad("a header without a name");
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(colon + 1);
  if (!std::all_of(name.begin(), name.end(), IsTokenCharacter)) return Bad("a header name");
  for (const char c : value) {
    if ((c < ' ' && c != '\t') || c == 0x7f) return Bad("a header value");
  }
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  for (size_t field = 0; field < kFieldCount; ++field) {
    if (!EqualsIgnoringCase(name, kFieldNames[field])) continue;
    if (fields.values[field]) return Bad("a header that may stand only once is repeated");
    fields.values[field] = value;
    break;
  }
  return std::nullopt;
}

std::optional<Refusal> JudgeFraming(const Fields& fields, RequestHead& head) {
  if (fields.has(kTransferEncoding)) {
    if (fields.get(kTransferEncoding) != "chunked") return Bad("the transfer encoding");
    if (fields.has(kContentLength)) return Bad("both a length and a transfer encoding");
    head.chunked = true;
  }
  if (fields.has(kContentLength)) {
    head.content_length = ParseLength(fields.get(kContentLength));
    if (!head.content_length) return Bad("the content length");
  }
  if (fields.has(kUpgrade)) return Bad("upgrades are not offered");
  if (fields.has(kExpect)) {
    if (!EqualsIgnoringCase(fields.get(kExpect), "100-continue")) {
      return Refusal{417, Reason::kMALFORMED_REQUEST, "the expectation"};
    }
    head.expect_continue = true;
  }
  if (fields.has(kContentEncoding)) return Refusal{415, Reason::kUNSUPPORTED_MEDIA_TYPE, ""};
  return std::nullopt;
}

std::optional<Refusal> JudgeHost(const Fields& fields, const std::vector<std::string>& allowed,
                                 RequestHead& head) {
  const std::optional<std::string_view> host = HostWithoutPort(fields.get(kHost));
  if (!host) return Bad("the Host header");
  head.host = *host;
  if (!allowed.empty() && std::none_of(allowed.begin(), allowed.end(), [&](const std::string& name) {
        return EqualsIgnoringCase(*host, name);
      })) {
    return Refusal{421, Reason::kMISDIRECTED_REQUEST, ""};
  }
  return std::nullopt;
}

}  // namespace

std::string PlainHost(std::string_view value) {
  std::string host(HostWithoutPort(value).value_or(""));
  for (char& c : host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return host;
}

std::string_view VerbName(Verb verb) {
  switch (verb) {
    case Verb::kGet:
      return "GET";
    case Verb::kHead:
      return "HEAD";
    case Verb::kPost:
      return "POST";
    case Verb::kPut:
      return "PUT";
    case Verb::kPatch:
      return "PATCH";
    case Verb::kDelete:
      return "DELETE";
    case Verb::kOptions:
      return "OPTIONS";
  }
  return "";
}

HeadScan ScanHead(std::string_view bytes, size_t& position) {
  if (!bytes.empty() && (bytes[0] < 'A' || bytes[0] > 'Z')) return HeadScan::kMalformed;
  for (; position < bytes.size(); ++position) {
    if (position >= kHeadBytesMax) return HeadScan::kTooLong;
    if (bytes[position] == '\0') return HeadScan::kMalformed;
    if (bytes[position] != '\n') continue;
    if (position == 0 || bytes[position - 1] != '\r') return HeadScan::kMalformed;
    if (position >= 3 && bytes.substr(position - 3, 4) == "\r\n\r\n") {
      ++position;
      return HeadScan::kComplete;
    }
  }
  return position >= kHeadBytesMax ? HeadScan::kTooLong : HeadScan::kIncomplete;
}

Refusal TooLong(std::string_view bytes) {
  const size_t line = bytes.find("\r\n");
  if (line == bytes.npos || line > kTargetBytesMax + 32) return {414, Reason::kTARGET_TOO_LONG, ""};
  return {431, Reason::kHEADERS_TOO_LARGE, ""};
}

std::variant<RequestHead, Refusal> JudgeHead(std::string_view bytes,
                                             const std::vector<std::string>& allowed_hosts) {
  RequestHead head;
  if (bytes.size() > kHeadBytesMax) return TooLong(bytes);
  if (!bytes.ends_with("\r\n\r\n")) return Bad("the end of the header");
  bytes.remove_suffix(2);
  Fields fields;
  size_t count = 0;
  for (size_t start = 0; start < bytes.size();) {
    const size_t end = bytes.find("\r\n", start);
    const std::string_view line = bytes.substr(start, end - start);
    if (line.empty()) return Bad("an empty line");
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != line.npos) return Bad("a line ending");
    if (start != 0 && ++count > kHeaderCountMax) return Refusal{431, Reason::kHEADERS_TOO_LARGE, ""};
    if (auto refusal = start == 0 ? JudgeRequestLine(line, head) : ReadField(line, fields)) return *refusal;
    start = end + 2;
  }
  if (auto refusal = JudgeFraming(fields, head)) return *refusal;
  if (auto refusal = JudgeHost(fields, allowed_hosts, head)) return *refusal;
  head.header_count = count;
  head.authorization = fields.get(kAuthorization);
  head.content_type = fields.get(kContentType);
  head.idempotency_key = fields.values[kIdempotencyKey];
  head.if_match = fields.get(kIfMatch);
  head.accept_language = fields.get(kAcceptLanguage);
  head.traceparent = fields.get(kTraceparent);
  head.last_event_id = fields.get(kLastEventId);
  head.keep_alive = !EqualsIgnoringCase(fields.get(kConnection), "close");
  return head;
}

std::optional<std::string> DecodePath(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  size_t segment = 0;
  const auto segment_allowed = [&] {
    const std::string_view text = std::string_view(out).substr(segment);
    return text != "." && text != "..";
  };
  for (size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (c == '/') {
      if (!segment_allowed()) return std::nullopt;
      out += c;
      segment = out.size();
      continue;
    }
    if (c == '%') {
      if (i + 2 >= path.size()) return std::nullopt;
      const int high = HexDigit(path[i + 1]);
      const int low = HexDigit(path[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
      if (c == '/' || c == '%') return std::nullopt;
    }
    if (c <= ' ' || c >= 0x7f || c == '\\') return std::nullopt;
    out += c;
  }
  if (!segment_allowed()) return std::nullopt;
  return out;
}

}  // namespace ttx::gateway
