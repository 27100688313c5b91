#include "gateway/dispatcher.h"

#include <grpcpp/support/status.h>

#include <algorithm>
#include <cstdio>

#include "gateway/https/process.h"
#include "gateway/limits.h"
#include "gateway/live/event_stream.h"
#include "gateway/openapi.h"
#include "gateway/rate_key.h"
#include "gateway/transcode/transcoder.h"

namespace ttx::gateway {
namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kProblemJson = "application/problem+json";

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// W3C trace context, version 00.
bool IsTraceparent(std::string_view text) {
  return text.size() == 55 && text.starts_with("00-") && text[35] == '-' && text[52] == '-' &&
         IsHex(text.substr(3, 32)) && IsHex(text.substr(36, 16)) && IsHex(text.substr(53, 2)) &&
         text.substr(3, 32) != std::string(32, '0');
}

Response TextAnswer(int status, std::string_view text, const char* type = "text/plain; charset=utf-8") {
  Response response;
  response.status = status;
  response.content_type = type;
  response.body = text;
  return response;
}

std::optional<Response> HealthAnswer(std::string_view path, const GatewayHooks& hooks) {
  if (path == "/healthz") return TextAnswer(200, "ok\n");
  if (path != "/readyz") return std::nullopt;
  return !hooks.ready || hooks.ready() ? TextAnswer(200, "ready\n") : TextAnswer(503, "not ready\n");
}

bool IsRead(Verb verb) { return verb == Verb::kGet || verb == Verb::kHead; }

Problem RefusalProblem(const Refusal& refusal) {
  std::map<std::string, std::string> metadata;
  if (!refusal.detail.empty()) metadata.emplace("detail", refusal.detail);
  return MakeProblem(Error(refusal.reason, std::move(metadata)), refusal.status);
}

}  // namespace

/// One request on its way, shared by the callbacks that work on it.
struct Dispatcher::Exchange {
  std::shared_ptr<const Request> request;
  std::function<void(Response)> done;
  RouteMatch match;
  std::string trace_id;
  std::string traceparent;
  Language language = Language::kChinese;
  Time start;
};

Dispatcher::Dispatcher(const GatewayConfig& config, const GatewayHooks& hooks, const Router& router,
                       const rpc::Directory& directory, Calls& calls)
    : config_(config),
      hooks_(hooks),
      router_(router),
      directory_(directory),
      calls_(calls),
      live_(calls),
      rate_limit_(config.requests_per_second_per_principal),
      peer_rate_limit_(config.requests_per_second_per_principal * kPeerRateFactor),
      openapi_(MakeOpenApi(router, {config.descriptors, config.public_url})),
      trace_prefix_(RandomHex(8)) {}

size_t Dispatcher::BodyLimit(const Request& request) {
  const RouteMatch match = router_.Find(request.head.verb, request.path);
  if (match.route == nullptr) return config_.body_bytes_max;
  if (match.route->body.empty()) return 0;
  const auto it = config_.body_bytes_max_by_method.find(match.route->method->full_name);
  return it == config_.body_bytes_max_by_method.end() ? config_.body_bytes_max : it->second;
}

std::string Dispatcher::NewTraceId() {
  char count[17];
  std::snprintf(count, sizeof count, "%016llx", static_cast<unsigned long long>(++trace_count_));
  return trace_prefix_ + count;
}

std::optional<Response> Dispatcher::FixedAnswer(const Request& request) const {
  if (auto health = HealthAnswer(request.path, hooks_)) return health;
  if (request.path == "/openapi.json") return TextAnswer(200, openapi_, kJson);
  return std::nullopt;
}

void Dispatcher::Handle(std::shared_ptr<const Request> request, std::function<void(Response)> done) {
  auto exchange = std::make_shared<Exchange>();
  const RequestHead& head = request->head;
  exchange->request = std::move(request);
  exchange->done = std::move(done);
  exchange->start = MonotonicNow();
  exchange->language = ChooseLanguage(head.accept_language);
  if (IsTraceparent(head.traceparent)) {
    exchange->trace_id = head.traceparent.substr(3, 32);
    exchange->traceparent = head.traceparent;
  } else {
    exchange->trace_id = NewTraceId();
    exchange->traceparent = "00-" + exchange->trace_id + "-" + exchange->trace_id.substr(16) + "-01";
  }
  if (IsRead(head.verb)) {
    if (std::optional<Response> fixed = FixedAnswer(*exchange->request)) {
      Finish(*exchange, std::move(*fixed), "");
      return;
    }
  }
  // Tokens are not verified here, so a peer that makes them up is bounded by its own, larger bucket.
  const std::string& peer = exchange->request->peer;
  if (!peer_rate_limit_.Admit(peer, exchange->start) ||
      !rate_limit_.Admit(RateKey(head.authorization, peer), exchange->start)) {
    Fail(*exchange, MakeProblem(Error(Reason::kRATE_LIMITED)));
    return;
  }
  exchange->match = router_.Find(head.verb, exchange->request->path);
  if (exchange->match.route != nullptr) {
    Call(std::move(exchange));
    return;
  }
  if (exchange->match.allowed.empty()) {
    Fail(*exchange, MakeProblem(Error(Reason::kROUTE_NOT_FOUND)));
    return;
  }
  const std::string allow = "Allow: " + AllowHeader(exchange->match.allowed) + "\r\n";
  if (head.verb == Verb::kOptions) {
    Response response;
    response.status = 204;
    response.headers = allow;
    Finish(*exchange, std::move(response), "");
    return;
  }
  Fail(*exchange, MakeProblem(Error(Reason::kMETHOD_NOT_ALLOWED), 405), allow);
}

void Dispatcher::Call(std::shared_ptr<Exchange> exchange) {
  const Request& request = *exchange->request;
  const MethodInfo& method = *exchange->match.route->method;
  if (!request.body.empty() && !IsJsonContentType(request.head.content_type)) {
    Fail(*exchange, MakeProblem(Error(Reason::kUNSUPPORTED_MEDIA_TYPE), 415));
    return;
  }
  Result<TranscodedRequest> transcoded = TranscodeRequest(exchange->match, request.head, request.body);
  if (!transcoded.ok()) {
    Fail(*exchange, MakeProblem(transcoded.error()));
    return;
  }
  std::shared_ptr<grpc::Channel> channel = directory_.Channel(method.service);
  if (channel == nullptr) {
    Fail(*exchange, MakeProblem(Error(Reason::kUNAVAILABLE)));
    return;
  }
  if (method.streaming) {
    CallStream(std::move(exchange), std::move(channel), std::move(transcoded->bytes));
    return;
  }
  const bool long_poll = transcoded->wait_seconds > 0;
  const Duration timeout =
      long_poll ? Seconds(transcoded->wait_seconds) + config_.long_poll_margin : config_.call_timeout;
  CallOnce(std::move(exchange), std::move(channel), transcoded->bytes, timeout);
}

void Dispatcher::CallOnce(std::shared_ptr<Exchange> exchange, std::shared_ptr<grpc::Channel> channel,
                          const std::string& bytes, Duration timeout) {
  const CallMetadata metadata{std::string(exchange->request->head.authorization), exchange->traceparent};
  const std::string& path = exchange->match.route->method->grpc_path;
  CallUnary(calls_, channel, path, bytes, metadata, timeout,
            [this, exchange = std::move(exchange)](UnaryResult result) {
              FinishUnary(*exchange, std::move(result));
            });
}

void Dispatcher::FinishUnary(Exchange& exchange, UnaryResult result) {
  if (!result.status.ok()) {
    Problem problem =
        MakeProblem(result.status.error_code(), result.status.error_message(), result.status.error_details());
    if (exchange.match.route->method->write) problem = AsOutcomeUnknown(std::move(problem));
    Fail(exchange, problem);
    return;
  }
  Result<TranscodedResponse> answer = TranscodeResponse(*exchange.match.route->method, result.bytes);
  if (!answer.ok()) {
    Fail(exchange, MakeProblem(answer.error()));
    return;
  }
  Response response;
  response.content_type = kJson;
  response.body = std::move(answer->json);
  if (!answer->etag.empty()) response.headers += "ETag: " + answer->etag + "\r\n";
  if (result.replayed) response.headers += "Idempotent-Replayed: true\r\n";
  Finish(exchange, std::move(response), "");
}

void Dispatcher::CallStream(std::shared_ptr<Exchange> exchange, std::shared_ptr<grpc::Channel> channel,
                            std::string bytes) {
  EventStreamRequest stream;
  stream.method = exchange->match.route->method;
  stream.channel = std::move(channel);
  stream.bytes = std::move(bytes);
  stream.metadata = {std::string(exchange->request->head.authorization), exchange->traceparent};
  stream.lifetime = config_.stream_lifetime;
  const auto problem_of = [](const grpc::Status& status) {
    return MakeProblem(status.error_code(), status.error_message(), status.error_details());
  };
  stream.render_failure = [this, exchange, problem_of](const grpc::Status& status) {
    return Render(*exchange, problem_of(status));
  };
  auto answer = std::move(exchange->done);
  stream.on_end = [this, exchange, problem_of](const grpc::Status& status) {
    const Problem problem = problem_of(status);
    Response ended;
    ended.status = status.ok() ? 200 : problem.status;
    Finish(*exchange, std::move(ended), status.ok() ? "" : problem.reason);
  };
  exchange->done = [](Response) {};
  Response response;
  response.content_type = "text/event-stream";
  response.stream = live_.Open(std::move(stream));
  answer(std::move(response));
}

void Dispatcher::Finish(Exchange& exchange, Response response, const std::string& reason) {
  if (hooks_.on_request) {
    RequestLog log;
    log.method = VerbName(exchange.request->head.verb);
    if (exchange.match.route != nullptr) {
      log.route = exchange.match.route->pattern;
      log.rpc = exchange.match.route->method->full_name;
    }
    log.peer = exchange.request->peer;
    log.trace_id = exchange.trace_id;
    log.reason = reason;
    log.status = response.status;
    log.duration = MonotonicNow() - exchange.start;
    log.request_bytes = exchange.request->body.size();
    log.response_bytes = response.body.size();
    hooks_.on_request(log);
  }
  exchange.done(std::move(response));
}

Response Dispatcher::Render(const Exchange& exchange, const Problem& problem,
                            std::string extra_headers) const {
  Response response;
  response.status = problem.status;
  response.content_type = kProblemJson;
  response.headers = std::move(extra_headers);
  if (const auto seconds = RetryAfterSeconds(problem))
    response.headers += "Retry-After: " + std::to_string(*seconds) + "\r\n";
  if (problem.status == 401) response.headers += "WWW-Authenticate: Bearer\r\n";
  response.headers +=
      exchange.language == Language::kChinese ? "Content-Language: zh-CN\r\n" : "Content-Language: en\r\n";
  const std::string_view body_field =
      exchange.match.route == nullptr ? "" : std::string_view(exchange.match.route->body);
  response.body =
      RenderProblem(problem, exchange.language, {exchange.request->path, exchange.trace_id, body_field});
  return response;
}

void Dispatcher::Fail(Exchange& exchange, const Problem& problem, std::string extra_headers) {
  Finish(exchange, Render(exchange, problem, std::move(extra_headers)), problem.reason);
}

Response Dispatcher::Refuse(const Refusal& refusal, const RequestHead* head, const std::string& peer) {
  Exchange exchange;
  auto request = std::make_shared<Request>();
  if (head != nullptr) {
    request->head.verb = head->verb;
    request->path = DecodePath(head->path).value_or("");
    exchange.language = ChooseLanguage(head->accept_language);
  }
  request->peer = peer;
  exchange.request = request;
  exchange.trace_id = NewTraceId();
  exchange.start = MonotonicNow();
  Problem problem = RefusalProblem(refusal);
  if (refusal.reason == Reason::kBODY_TOO_LARGE)
    problem.metadata.emplace("limit", std::to_string(BodyLimit(*request)));
  Response response = Render(exchange, problem);
  if (refusal.status == 405) response.headers += "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n";
  exchange.done = [](Response) {};
  Finish(exchange, response, problem.reason);
  return response;
}

void AdminDispatcher::Handle(std::shared_ptr<const Request> request, std::function<void(Response)> done) {
  if (!IsRead(request->head.verb)) {
    Response response = TextAnswer(405, "method not allowed\n");
    response.headers = "Allow: GET, HEAD\r\n";
    done(std::move(response));
  } else if (auto health = HealthAnswer(request->path, hooks_)) {
    done(std::move(*health));
  } else if (request->path == "/metrics" && hooks_.metrics_text) {
    done(TextAnswer(200, hooks_.metrics_text(), "text/plain; version=0.0.4; charset=utf-8"));
  } else if (request->path == "/feeds" && hooks_.feeds_json) {
    done(TextAnswer(200, hooks_.feeds_json(), kJson));
  } else {
    done(TextAnswer(404, "not found\n"));
  }
}

Response AdminDispatcher::Refuse(const Refusal& refusal, const RequestHead*, const std::string&) {
  return TextAnswer(refusal.status, std::string(ReasonName(refusal.reason)) + "\n");
}

}  // namespace ttx::gateway
