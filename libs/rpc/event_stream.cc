#include "libs/rpc/event_stream.h"

#include <chrono>

namespace ttx::rpc {
namespace {

int64_t SteadyNs() { return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1); }

}  // namespace

StreamCall::StreamCall(Handler& handler, grpc::CallbackServerContext& context,
                       const google::protobuf::Message& request, std::string_view method)
    : handler_(handler), context_(context), request_(request), start_ns_(SteadyNs()), asked_ns_(start_ns_) {
  call_.method = &handler.MethodNamed(method);
}

Status StreamCall::Admit() {
  TTX_TRY(call_, handler_.Admit(context_, request_, call_.method->name));
  return {};
}

Status StreamCall::StillAdmitted() {
  const int64_t now_ns = SteadyNs();
  if (call_.principal.anonymous() || now_ns - asked_ns_ < kAskAgainAfter.ns) return {};
  asked_ns_ = now_ns;
  const Result<Call> again = handler_.Admit(context_, request_, call_.method->name);
  if (again.ok() || again.error().code() == Code::kUnavailable) return {};
  return again.error();
}

grpc::Status StreamCall::End(const Status& status) const {
  handler_.signal().StreamEnded({
      .service = handler_.service(),
      .method = call_.method->name,
      .subject = call_.principal.subject,
      .organization = call_.principal.organization,
      .person = call_.principal.person,
      .request_id = call_.request_id,
      .trace = call_.trace,
      .code = status.ok() ? Code::kOk : status.error().code(),
      .reason = status.ok() ? std::string_view() : ReasonName(status.error().reason),
      .latency_us = (SteadyNs() - start_ns_) / 1000,
      .audit = call_.method->audit,
      .replayed = false,
  });
  return status.ok() ? grpc::Status::OK : ToGrpc(status.error(), ShortServiceName(handler_.service()));
}

}  // namespace ttx::rpc
