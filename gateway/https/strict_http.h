#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/core/error.h"

namespace ttx::gateway {

enum class Verb { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions };
std::string_view VerbName(Verb verb);

/// What a request's head says, as views into the bytes it was read from. Only fields the gateway acts on are
/// kept; everything else a client sends (`X-Forwarded-*`, `X-User-*`, `X-HTTP-Method-Override`, names with
/// `_`) ends here.
struct RequestHead {
  Verb verb = Verb::kGet;
  std::string_view path;   // raw, origin form, checked; still percent-encoded
  std::string_view query;  // raw, without '?'
  std::string_view host;   // without port
  std::string_view authorization;
  std::string_view content_type;
  std::optional<std::string_view> idempotency_key;
  std::string_view if_match;
  std::string_view accept_language;
  std::string_view traceparent;
  std::string_view last_event_id;
  std::optional<uint64_t> content_length;
  size_t header_count = 0;  // lines; a trailer makes the parsed message have more
  bool chunked = false;
  bool expect_continue = false;
  bool keep_alive = true;
};

/// A request that is not routed. The connection closes after the answer: what follows on it cannot be
/// trusted.
struct Refusal {
  int status;
  Reason reason;
  std::string_view detail;  // static text
  bool operator==(const Refusal&) const = default;
};

enum class HeadScan { kIncomplete, kComplete, kMalformed, kTooLong };

/// Looks for the end of a head. `position` is where the search goes on and, when complete, one past the final
/// CRLF. Bare LF, NUL and a first byte no method starts with are malformed at once, so that nobody waits for
/// a timeout.
HeadScan ScanHead(std::string_view bytes, size_t& position);

/// Why a head that outgrew its bound is refused: 414 when the target did it, 431 otherwise.
Refusal TooLong(std::string_view bytes);

/// Judges the raw bytes of one head, up to and including the empty line, by the rules of reliability.md 3.3.
/// `allowed_hosts` empty admits every host; its names are as PlainHost gives them. Pure; the views in the answer point
/// into `head`.
std::variant<RequestHead, Refusal> JudgeHead(std::string_view head,
                                             const std::vector<std::string>& allowed_hosts);

/// Percent-decodes one path once; nullopt when that gives anything that could name something else: control or
/// non-ASCII bytes, '/', '\\', '%', or a segment "." or "..".
std::optional<std::string> DecodePath(std::string_view path);

/// The host of "host", "HOST:port" or "[v6]:port", in lower case and without the port; empty when it is none of them.
std::string PlainHost(std::string_view value);

}  // namespace ttx::gateway
