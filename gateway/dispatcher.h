#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "gateway/calls.h"
#include "gateway/gateway.h"
#include "gateway/https/server.h"
#include "gateway/live/event_stream.h"
#include "gateway/problem/problem.h"
#include "gateway/rate_limit.h"
#include "gateway/transcode/router.h"
#include "libs/rpc/directory.h"

namespace ttx::gateway {

/// What the HTTPS listener answers: /healthz, /readyz, /openapi.json and the routes of the table.
class Dispatcher final : public Handler {
 public:
  Dispatcher(const GatewayConfig& config, const GatewayHooks& hooks, const Router& router,
             const rpc::Directory& directory, Calls& calls);

  size_t BodyLimit(const Request& request) override;
  void Handle(std::shared_ptr<const Request> request, std::function<void(Response)> done) override;
  Response Refuse(const Refusal& refusal, const RequestHead* head, const std::string& peer) override;

 private:
  struct Exchange;
  std::optional<Response> FixedAnswer(const Request& request) const;
  void Call(std::shared_ptr<Exchange> exchange);
  void CallOnce(std::shared_ptr<Exchange> exchange, std::shared_ptr<grpc::Channel> channel,
                const std::string& bytes, Duration timeout);
  void CallStream(std::shared_ptr<Exchange> exchange, std::shared_ptr<grpc::Channel> channel,
                  std::string bytes);
  void FinishUnary(Exchange& exchange, UnaryResult result);
  void Finish(Exchange& exchange, Response response, const std::string& reason);
  void Fail(Exchange& exchange, const Problem& problem, std::string extra_headers = "");
  Response Render(const Exchange& exchange, const Problem& problem, std::string extra_headers = "") const;
  std::string NewTraceId();

  const GatewayConfig& config_;
  const GatewayHooks& hooks_;
  const Router& router_;
  const rpc::Directory& directory_;
  Calls& calls_;
  LiveEvents live_;
  RateLimit rate_limit_;
  RateLimit peer_rate_limit_;
  const std::string openapi_;
  const std::string trace_prefix_;  // 16 random hex digits of this process
  std::atomic<uint64_t> trace_count_{0};
};

/// What the admin listener answers: /metrics, /feeds, /healthz, /readyz and nothing else.
class AdminDispatcher final : public Handler {
 public:
  explicit AdminDispatcher(const GatewayHooks& hooks) : hooks_(hooks) {}
  size_t BodyLimit(const Request&) override { return 0; }
  void Handle(std::shared_ptr<const Request> request, std::function<void(Response)> done) override;
  Response Refuse(const Refusal& refusal, const RequestHead* head, const std::string& peer) override;

 private:
  const GatewayHooks& hooks_;
};

}  // namespace ttx::gateway
