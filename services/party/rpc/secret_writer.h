#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "libs/rpc/handler.h"
#include "libs/storage/writer.h"

namespace ttx::party {

/// Serves write methods whose answers hold a new secret. Like rpc::Handler::Write, but what is stored for
/// replay is not what is sent: `run` answers with the secret sealed, that is stored, and `reveal` opens it in
/// the copy that leaves, on the first answer and on every replay alike. Everything referred to outlives the
/// object and the calls.
class SecretWriter {
 public:
  SecretWriter(const rpc::Handler& handler, storage::Writer& writer, const Clock& clock,
               std::function<void(const rpc::CallRecord&)> on_call)
      : handler_(handler), writer_(writer), clock_(clock), on_call_(std::move(on_call)) {}

  /// `parse(request, call)` -> Result<C> on the caller's thread, `run(txn, call, command)` ->
  /// Result<Response> on the writer's, `reveal(response)` -> Status after the commit.
  template <class Request, class Response, class Parse, class Run, class Reveal>
  grpc::ServerUnaryReactor* Write(grpc::CallbackServerContext* context, const Request* request,
                                  Response* response, std::string_view method, Parse parse, Run run,
                                  Reveal reveal) {
    return Start(
        context, *request, *response, method,
        [=](const rpc::Call& call) -> Result<Work> {
          auto command = parse(*request, call);
          if (!command.ok()) return std::move(command).error();
          return Work(
              [run, response, call, command = std::move(command).value()](storage::Txn& txn) -> Status {
                Result<Response> result = run(txn, call, command);
                if (!result.ok()) return std::move(result).error();
                *response = std::move(result).value();
                return {};
              });
        },
        [reveal, response] { return reveal(*response); });
  }

 private:
  using Work = std::function<Status(storage::Txn&)>;
  struct Pending;

  grpc::ServerUnaryReactor* Start(grpc::CallbackServerContext* context,
                                  const google::protobuf::Message& request,
                                  google::protobuf::Message& response, std::string_view method,
                                  const std::function<Result<Work>(const rpc::Call&)>& parse,
                                  std::function<Status()> reveal);
  void Finish(const Pending& pending, const Status& status, bool replayed) const;

  const rpc::Handler& handler_;
  storage::Writer& writer_;
  const Clock& clock_;
  const std::function<void(const rpc::CallRecord&)> on_call_;
};

}  // namespace ttx::party
