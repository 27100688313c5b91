#include "services/server/demo/market.h"

#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "libs/core/encoding.h"
#include "libs/crypto/random.h"

namespace ttx::demo {
namespace {

constexpr std::chrono::seconds kPatience{15};
constexpr std::chrono::milliseconds kPause{50};
constexpr long kUnauthorized = 401;
constexpr long kTooManyRequests = 429;

std::string NewKey() { return Hex(crypto::RandomBytes(16)); }

// Runs `attempt` until it says true or patience ends; whether it said true.
template <class Attempt>
bool Poll(Attempt attempt) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!attempt()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

const Json* Find(const Json& document, const std::string& pointer) {
  const Json::json_pointer path(pointer);
  return document.contains(path) ? &document.at(path) : nullptr;
}

// "NOT_MULTIPLE: the price ..., price_fen: REQUIRED"
std::string Describe(const Json& problem) {
  std::string detail = Text(problem, "/detail");
  if (const Json* errors = Find(problem, "/violations"); errors != nullptr && errors->is_array()) {
    for (const Json& error : *errors) {
      detail += " [" + Text(error, "/field") + ": " + Text(error, "/reason") + " " + Text(error, "/limit") + "]";
    }
  }
  return detail;
}

}  // namespace

struct Market::Answer {
  HttpResponse response;
  Json body;

  bool ok() const { return response.status >= 200 && response.status < 300; }
  std::string reason() const { return ok() ? "" : Text(body, "/reason"); }
};

std::string Text(const Json& document, const std::string& pointer) {
  const Json* value = Find(document, pointer);
  if (value == nullptr || value->is_structured() || value->is_null()) return "";
  return value->is_string() ? value->get<std::string>() : value->dump();
}

int64_t Number(const Json& document, const std::string& pointer) {
  const std::string text = Text(document, pointer);
  int64_t value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void Market::Fail(std::string reason, std::string detail) {
  if (!ok()) return;
  reason_ = std::move(reason);
  detail_ = std::move(detail);
}

HttpResponse Market::Send(const Actor& actor, const std::string& path, const std::string* body,
                          const std::string& key) {
  std::vector<std::string> headers = {"Accept: application/json", "Accept-Language: en"};
  if (!actor.token.empty()) headers.push_back("Authorization: Bearer " + actor.token);
  if (body != nullptr) headers.push_back("Content-Type: application/json");
  if (!key.empty()) headers.push_back("Idempotency-Key: " + key);
  HttpResponse response;
  Poll([&] {  // what came too fast has not been looked at
    response = body == nullptr ? http_.Get(path, headers) : http_.Post(path, *body, headers);
    return response.status != kTooManyRequests;
  });
  return response;
}

bool Market::Authenticate(Actor& actor) {
  actor.token.clear();
  if (actor.client_id.empty()) return false;
  const std::string request = Json{{"grant_type", "client_credentials"},
                                   {"client_id", actor.client_id},
                                   {"client_secret", actor.client_secret}}
                                  .dump();
  const HttpResponse response = Send({}, "/v1/token", &request, "");
  const Json body = Json::parse(response.body, nullptr, false);
  actor.token = body.is_discarded() ? "" : Text(body, "/access_token");
  return !actor.token.empty();
}

Market::Answer Market::Call(Actor& actor, const std::string& path, const std::string* body, const std::string& key) {
  const bool fresh = actor.token.empty() && Authenticate(actor);
  HttpResponse response = Send(actor, path, body, key);
  if (response.status == kUnauthorized && !fresh && Authenticate(actor)) response = Send(actor, path, body, key);
  Json document = Json::parse(response.body, nullptr, false);
  return {std::move(response), document.is_discarded() ? Json() : std::move(document)};
}

Json Market::Take(const Answer& answer, const std::string& path) {
  if (answer.response.status == 0) {
    Fail("NO_CONNECTION", answer.response.error);
    return {};
  }
  if (!answer.ok()) {
    const std::string reason = answer.reason();
    Fail(reason.empty() ? "HTTP_" + std::to_string(answer.response.status) : reason,
         path + ": " + Describe(answer.body));
    return {};
  }
  return answer.body;
}

Json Market::Get(Actor& actor, const std::string& path) {
  if (!ok()) return {};
  return Take(Call(actor, path, nullptr, ""), path);
}

Json Market::Post(Actor& actor, const std::string& path, const Json& body) { return PostUntil(actor, path, body, ""); }

Json Market::Confirm(Actor& actor, const std::string& resource, const std::string& verb, Json body) {
  if (!ok()) return {};
  const std::string path = "/v1/" + resource;
  Answer answer;
  Poll([&] {  // an event of another service may come between the look and the step
    body["etag"] = Text(Call(actor, path, nullptr, "").body, "/etag");
    const std::string text = body.dump();
    answer = Call(actor, path + ":" + verb, &text, NewKey());
    return answer.ok() || answer.reason() != "ETAG_MISMATCH";
  });
  return Take(answer, path + ":" + verb);
}

Json Market::PostUntil(Actor& actor, const std::string& path, const Json& body, const std::string& reason) {
  if (!ok()) return {};
  const std::string text = body.dump();
  Answer answer;
  Poll([&] {
    answer = Call(actor, path, &text, NewKey());
    return answer.ok() || reason.empty() || answer.reason() != reason;
  });
  return Take(answer, path);
}

Json Market::PostRefused(Actor& actor, const std::string& path, const Json& body, const std::string& reason) {
  if (!ok()) return {};
  const std::string text = body.dump();
  const Answer answer = Call(actor, path, &text, NewKey());
  if (answer.response.status == 0) return Take(answer, path);
  if (answer.reason() != reason) {
    Fail("NOT_REFUSED", path + ": expected " + reason + ", got " + (answer.ok() ? "success" : answer.reason()));
  }
  return answer.body;
}

Json Market::PostTwice(Actor& actor, const std::string& path, const Json& body) {
  if (!ok()) return {};
  const std::string text = body.dump();
  const std::string key = NewKey();
  const Json first = Take(Call(actor, path, &text, key), path);
  if (!ok()) return {};
  const Answer second = Call(actor, path, &text, key);
  Check(second.ok() && second.body == first && second.response.HasHeader("Idempotent-Replayed", "true"),
        path + ": the retry was not answered with the first answer");
  return first;
}

Json Market::WaitFor(Actor& actor, const std::string& path, const std::string& pointer, const std::string& value) {
  if (!ok()) return {};
  Answer answer;
  const bool seen = Poll([&] {
    answer = Call(actor, path, nullptr, "");
    if (!answer.ok()) return answer.reason() != "NOT_FOUND";
    return Text(answer.body, pointer) == value;
  });
  if (!seen && (answer.ok() || answer.reason() == "NOT_FOUND")) {
    const std::string last = Text(answer.body, answer.ok() ? pointer : "/reason");
    Fail("TIMEOUT", path + ": waited " + std::to_string(kPatience.count()) + " s for " + pointer + " = " + value +
                        ", the last answer was \"" + last + "\"");
    return {};
  }
  return Take(answer, path);
}

Time Market::Now() {
  Actor nobody;
  const Json clock = Get(nobody, "/v1/sandbox/clock");
  if (!ok()) return {};
  const Result<Time> now = ParseTime(Text(clock, "/now"), "now");
  if (!now.ok()) Fail("UNEXPECTED", "/v1/sandbox/clock: no time");
  return now.ok() ? *now : Time{};
}

void Market::AdvanceTo(Actor& administrator, Time time) {
  const Time now = Now();
  if (!ok() || time < now) return;
  const int64_t seconds = (time - now).ns / Seconds(1).ns + 1;
  Post(administrator, "/v1/sandbox/clock:advance", {{"duration", std::to_string(seconds) + "s"}});
}

void Market::Expect(const Json& document, const std::string& pointer, const std::string& value) {
  if (!ok()) return;
  const std::string found = Text(document, pointer);
  if (found != value) {
    Fail("UNEXPECTED", Text(document, "/name") + pointer + " is \"" + found + "\", expected \"" + value + "\"");
  }
}

void Market::ExpectNumber(const Json& document, const std::string& pointer, int64_t value) {
  Expect(document, pointer, std::to_string(value));
}

void Market::Check(bool holds, const std::string& what) {
  if (!holds) Fail("UNEXPECTED", what);
}

bool Market::Step(Verb verb, const Words& what, const std::string& resource, const std::vector<Figure>& figures) {
  if (ok()) {
    printer_.Done(verb, what, resource, figures);
  } else if (!told_) {
    told_ = true;
    printer_.Failed(verb, what, resource, reason_, detail_);
  }
  return ok();
}

}  // namespace ttx::demo
