#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/clock.h"
#include "libs/core/principal.h"
#include "libs/core/result.h"
#include "libs/rpc/answer_vault.h"
#include "libs/rpc/commit_signal.h"
#include "libs/rpc/reader_pool.h"
#include "libs/storage/shell.h"

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf
namespace grpc {
class CallbackServerContext;
class ServerUnaryReactor;
}  // namespace grpc

namespace ttx::rpc {

/// The policy of one method, read from its proto options at start.
struct Method {
  std::string name;        // "PlaceBid"
  std::string permission;  // libs/auth/permissions.h
  bool audit = false;
  bool write = false;
  const google::protobuf::FieldDescriptor* request_id = nullptr;  // of the request message; set when `write`
};

/// What a handler knows about the call it serves.
struct Call {
  Principal principal;
  const Method* method = nullptr;
  std::string request_id;
  std::string trace;  // W3C traceparent, may be empty
};

/// One finished call: what metrics, the request log and the audit log are made from.
struct CallRecord {
  std::string_view service;
  std::string_view method;
  std::string_view subject;
  std::string_view organization;
  std::string_view person;
  std::string_view request_id;
  std::string_view trace;
  Code code;
  std::string_view reason;  // empty on success
  int64_t latency_us;
  bool audit;
  bool replayed;
};

/// What the composition root gives every service's handler.
struct HandlerDeps {
  const Clock* clock;
  std::function<Result<Principal>(std::string_view bearer_token)> authenticate;
  std::string service_secret;  // proves that a caller is a service of this process
  /// Told of every finished call; it calls `answer`, on any thread, once the record is safe: then the answer leaves.
  /// Must not block. `call` is good only until it returns.
  std::function<void(const CallRecord& call, std::function<void()> answer)> on_call;
  /// Whether a record of an audited call could be made now; if not, such a call is UNAVAILABLE. Empty: always.
  std::function<bool()> can_audit{};
  /// The installation's secrets key, 32 bytes, under which answers are stored sealed. Empty: they are stored in clear.
  std::string answers_key{};
};

/// The usual last step of a command's answer.
struct NothingToReveal {
  template <class Response>
  Status operator()(Response&, bool /*replayed*/) const {
    return {};
  }
};

/// The one wrapper round every method of a service (architecture.md section 4), in this order: deadline ->
/// authenticate -> authorize -> validate -> run -> one record of the call. Thus 401 before 403 before 400 before 404.
/// Before all of it, an audited method is UNAVAILABLE while nothing can be recorded, also to callers without a token.
class Handler {
 public:
  /// `service` is the full proto name. Every method of it must carry a policy with a known permission; otherwise
  /// an Error that names the method. `shell`, `readers` and `signal` must outlive the object.
  static Result<std::unique_ptr<Handler>> Make(std::string_view service, HandlerDeps deps, storage::Shell& shell,
                                               ReaderPool& readers, CommitSignal& signal);

  /// A command. `parse(request, call)` -> Result<C> checks and converts on the caller's thread; then
  /// `run(txn, call, command)` -> Result<Response> decides and stages on the writer's. The response is stored under
  /// the request id and replayed to a retry. `reveal(response, replayed)` -> Status changes the copy that leaves, on
  /// the first answer and on every replay: for answers that hold a secret, which is stored sealed.
  template <class Request, class Response, class Parse, class Run, class Reveal = NothingToReveal>
  grpc::ServerUnaryReactor* Write(grpc::CallbackServerContext* context, const Request* request, Response* response,
                                  std::string_view method, Parse parse, Run run, Reveal reveal = {}) {
    return StartWrite(
        context, *request, *response, method,
        [=](const Call& call) -> Result<WriteWork> {
          auto command = parse(*request, call);
          if (!command.ok()) return std::move(command).error();
          return WriteWork([run, response, call, command = std::move(command).value()](storage::Txn& txn) -> Status {
            Result<Response> result = run(txn, call, command);
            if (!result.ok()) return std::move(result).error();
            *response = std::move(result).value();
            return {};
          });
        },
        [reveal, response](bool replayed) -> Status { return reveal(*response, replayed); });
  }

  /// A query: `run(reader, call, request)` -> Result<Response> on a reader thread, over a snapshot.
  template <class Request, class Response, class Run>
  grpc::ServerUnaryReactor* Read(grpc::CallbackServerContext* context, const Request* request, Response* response,
                                 std::string_view method, Run run) {
    return StartRead(context, *request, method, [=](const storage::Reader& reader, const Call& call) -> Status {
      Result<Response> result = run(reader, call, *request);
      if (!result.ok()) return std::move(result).error();
      *response = std::move(result).value();
      return {};
    });
  }

  /// A long poll for a state: like Read, but while `empty(response)`, it is asked again after each commit until `wait`
  /// has passed (bounded by kMaxWait).
  template <class Request, class Response, class Run, class Empty>
  grpc::ServerUnaryReactor* Poll(grpc::CallbackServerContext* context, const Request* request, Response* response,
                                 std::string_view method, Duration wait, Run run, Empty empty) {
    return StartPoll(context, *request, method, wait, 0,
                     [=](const storage::Reader& reader, const Call& call, uint64_t) -> Result<Looked> {
                       Result<Response> result = run(reader, call, *request);
                       if (!result.ok()) return std::move(result).error();
                       *response = std::move(result).value();
                       return Looked{.found = !empty(*response)};
                     });
  }

  /// A long poll over the event log: `look(reader, call, request, after_sequence)` -> Result<StreamPage> on a reader
  /// thread. While it finds nothing it is asked again, each time for what comes after the last look: at once, but
  /// behind those who wait for the thread, if the log goes on, otherwise after the next commit, until `wait` has
  /// passed (bounded by kMaxWait). Without a wait there is one look. The response gets `events` and `last_sequence`.
  template <class Request, class Response, class Look>
  grpc::ServerUnaryReactor* PollLog(grpc::CallbackServerContext* context, const Request* request, Response* response,
                                    std::string_view method, Duration wait, Look look) {
    return StartPoll(context, *request, method, wait, static_cast<uint64_t>(request->after_sequence()),
                     [=](const storage::Reader& reader, const Call& call, uint64_t after) -> Result<Looked> {
                       auto page = look(reader, call, *request, after);
                       if (!page.ok()) return std::move(page).error();
                       response->set_last_sequence(static_cast<int64_t>(page->last_sequence));
                       for (auto& [sequence, event] : page->events) *response->add_events() = std::move(event);
                       return Looked{!page->events.empty(), page->more, page->last_sequence};
                     });
  }

  /// The shared first half of every call: who calls and whether they may. For streams, which have no unary reactor.
  Result<Call> Admit(grpc::CallbackServerContext& context, const google::protobuf::Message& request,
                     std::string_view method) const;

  const Method& MethodNamed(std::string_view name) const;
  std::string_view service() const { return service_; }
  ReaderPool& readers() const { return readers_; }
  CommitSignal& signal() const { return signal_; }
  const storage::Kv& kv() const { return shell_.kv(); }

 private:
  using WriteWork = std::function<Status(storage::Txn&)>;
  struct Pending;
  // What one look of a poll came to.
  struct Looked {
    bool found = false;
    bool more = false;           // the log goes on after last_sequence
    uint64_t last_sequence = 0;  // everything up to here was looked at
  };
  using LookFunction = std::function<Result<Looked>(const storage::Reader&, const Call&, uint64_t after)>;

  Handler(std::string_view service, HandlerDeps deps, storage::Shell& shell, ReaderPool& readers, CommitSignal& signal)
      : service_(service), deps_(std::move(deps)), shell_(shell), readers_(readers), signal_(signal) {
    if (!deps_.answers_key.empty()) answers_ = std::make_unique<AnswerVault>(deps_.answers_key, service_);
  }

  grpc::ServerUnaryReactor* StartWrite(grpc::CallbackServerContext* context, const google::protobuf::Message& request,
                                       google::protobuf::Message& response, std::string_view method,
                                       const std::function<Result<WriteWork>(const Call&)>& parse,
                                       std::function<Status(bool replayed)> reveal);
  grpc::ServerUnaryReactor* StartRead(grpc::CallbackServerContext* context, const google::protobuf::Message& request,
                                      std::string_view method,
                                      std::function<Status(const storage::Reader&, const Call&)> run);
  grpc::ServerUnaryReactor* StartPoll(grpc::CallbackServerContext* context, const google::protobuf::Message& request,
                                      std::string_view method, Duration wait, uint64_t after, LookFunction look);
  void PollOnce(std::shared_ptr<Pending> pending);
  std::shared_ptr<Pending> Begin(grpc::CallbackServerContext* context, std::string_view method) const;
  void Finish(const std::shared_ptr<Pending>& pending, const Status& status, bool replayed = false) const;
  Result<Principal> Authenticate(const grpc::CallbackServerContext& context) const;

  const std::string service_;
  const HandlerDeps deps_;
  storage::Shell& shell_;
  ReaderPool& readers_;
  CommitSignal& signal_;
  std::map<std::string, Method, std::less<>> methods_;
  std::unique_ptr<AnswerVault> answers_;  // null: answers are stored in clear
};

/// The longest a long poll waits.
inline constexpr Duration kMaxWait = Seconds(30);

}  // namespace ttx::rpc
