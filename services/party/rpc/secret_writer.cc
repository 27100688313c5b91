#include "services/party/rpc/secret_writer.h"

#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <memory>

#include "libs/rpc/status.h"
#include "services/party/app/secrets.h"

namespace ttx::party {

struct SecretWriter::Pending {
  grpc::CallbackServerContext* context;
  grpc::ServerUnaryReactor* reactor;
  rpc::Call call;
  Time start;
};

void SecretWriter::Finish(const Pending& pending, const Status& status, bool replayed) const {
  const rpc::Call& call = pending.call;
  on_call_({
      .service = handler_.service(),
      .method = call.method->name,
      .subject = call.principal.subject,
      .organization = call.principal.organization,
      .person = call.principal.person,
      .request_id = call.request_id,
      .trace = call.trace,
      .code = status.ok() ? Code::kOk : status.error().code(),
      .reason = status.ok() ? std::string_view() : ReasonName(status.error().reason),
      .latency_us = (clock_.Now() - pending.start).ns / 1000,
      .audit = call.method->audit,
      .replayed = replayed,
  });
  if (replayed) pending.context->AddTrailingMetadata("x-ttx-replayed", "1");
  pending.reactor->Finish(status.ok() ? grpc::Status::OK : rpc::ToGrpc(status.error(), "party"));
}

grpc::ServerUnaryReactor* SecretWriter::Start(grpc::CallbackServerContext* context,
                                              const google::protobuf::Message& request,
                                              google::protobuf::Message& response, std::string_view method,
                                              const std::function<Result<Work>(const rpc::Call&)>& parse,
                                              std::function<Status()> reveal) {
  auto pending = std::make_shared<Pending>(Pending{context, context->DefaultReactor(), {}, clock_.Now()});
  grpc::ServerUnaryReactor* const reactor = pending->reactor;
  pending->call.method = &handler_.MethodNamed(method);
  Result<rpc::Call> call = handler_.Admit(*context, request, method);
  if (!call.ok()) {
    Finish(*pending, call.error(), false);
    return reactor;
  }
  pending->call = std::move(call).value();
  Result<Work> work = parse(pending->call);
  if (!work.ok()) {
    Finish(*pending, work.error(), false);
    return reactor;
  }
  storage::Command command;
  command.principal = pending->call.principal.subject;
  command.method = pending->call.method->name;
  command.request_id = pending->call.request_id;
  command.fingerprint = RequestDigest(request.SerializeAsString());
  command.abandoned = [pending] { return pending->context->IsCancelled(); };
  command.run = [work = std::move(work).value(), &response](storage::Txn& txn) -> Result<std::string> {
    TTX_RETURN_IF_ERROR(work(txn));
    return response.SerializeAsString();
  };
  command.done = [this, pending, &response, reveal = std::move(reveal)](storage::Answer answer) {
    if (!answer.body.ok()) {
      Finish(*pending, answer.body.error(), answer.replayed);
      return;
    }
    if (answer.replayed) {
      TTX_CHECK(response.ParseFromString(*answer.body), "a stored answer cannot be read");
    }
    Finish(*pending, reveal(), answer.replayed);
  };
  writer_.Submit(std::move(command));
  return reactor;
}

}  // namespace ttx::party
