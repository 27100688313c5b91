#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "libs/core/time.h"
#include "services/server/demo/http_client.h"
#include "services/server/demo/printer.h"

namespace ttx::demo {

using Json = nlohmann::json;

/// One API client with its token, which is fetched when it is needed and again when it is refused: advancing the
/// clock of a sandbox makes it expire.
struct Actor {
  std::string organization;  // "organizations/{id}"
  std::string person;        // "people/{id}"
  std::string client_id;
  std::string client_secret;
  std::string token;
};

/// A text, number or boolean in `document` at a JSON pointer, as text; empty when there is none.
std::string Text(const Json& document, const std::string& pointer);
/// An amount or another 64-bit integer, which JSON carries as a string; -1 when there is none.
int64_t Number(const Json& document, const std::string& pointer);

/// A running sandbox, seen through its HTTPS API. The first failure is kept: after it every call does nothing and
/// answers null, so that a sequence of calls needs one look at the end, which Step takes.
class Market {
 public:
  Market(HttpClient& http, Printer& printer) : http_(http), printer_(printer) {}

  bool ok() const { return reason_.empty(); }

  /// Calls with an Idempotency-Key of their own. An Actor without a client_id calls without credentials.
  Json Get(Actor& actor, const std::string& path);
  Json Post(Actor& actor, const std::string& path, const Json& body);
  /// A step of a second person: gets `resource` as `actor` sees it, then posts to it with its etag. `verb` is
  /// "approve", ...
  Json Confirm(Actor& actor, const std::string& resource, const std::string& verb, Json body);
  /// The same request again and again (15 s at most) while it is refused with `reason`, which goes away when one
  /// service has heard of what another one did.
  Json PostUntil(Actor& actor, const std::string& path, const Json& body, const std::string& reason);
  /// A request that must be refused with `reason`; answers the problem.
  Json PostRefused(Actor& actor, const std::string& path, const Json& body, const std::string& reason);
  /// The same request twice under one key; the second answer must be the first one, replayed.
  Json PostTwice(Actor& actor, const std::string& path, const Json& body);
  /// Gets until the value at `pointer` is `value`, 15 s at most. What is not there yet may be NOT_FOUND.
  Json WaitFor(Actor& actor, const std::string& path, const std::string& pointer, const std::string& value);

  /// The sandbox's time.
  Time Now();
  /// Advances the sandbox's clock until just after `time`; `administrator` is who may.
  void AdvanceTo(Actor& administrator, Time time);

  /// Fails unless the value at `pointer` is `value`.
  void Expect(const Json& document, const std::string& pointer, const std::string& value);
  void ExpectNumber(const Json& document, const std::string& pointer, int64_t value);
  /// Fails with a text of our own.
  void Check(bool holds, const std::string& what);

  /// Ends a step: prints it, or the failure if it is the first to see it. Answers ok().
  bool Step(Verb verb, const Words& what, const std::string& resource, const std::vector<Figure>& figures = {});
  Printer& printer() { return printer_; }

 private:
  struct Answer;
  Answer Call(Actor& actor, const std::string& path, const std::string* body, const std::string& key);
  HttpResponse Send(const Actor& actor, const std::string& path, const std::string* body, const std::string& key);
  bool Authenticate(Actor& actor);
  Json Take(const Answer& answer, const std::string& path);
  void Fail(std::string reason, std::string detail);

  HttpClient& http_;
  Printer& printer_;
  std::string reason_;
  std::string detail_;
  bool told_ = false;
};

}  // namespace ttx::demo
