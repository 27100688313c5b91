#include "libs/rpc/handler.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <algorithm>
#include <chrono>

#include "libs/auth/permissions.h"
#include "libs/core/encoding.h"
#include "libs/crypto/digest.h"
#include "libs/rpc/directory.h"
#include "libs/rpc/identity.h"
#include "libs/rpc/status.h"
#include "libs/rpc/validate.h"
#include "ttx/api/v1/method.pb.h"

namespace ttx::rpc {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using SteadyClock = std::chrono::steady_clock;

constexpr size_t kMaxRequestId = 64;
// A caller that sets no deadline, or a distant one, gets this one.
constexpr std::chrono::seconds kMaxDeadline{60};

std::string_view Metadata(const grpc::CallbackServerContext& context, std::string_view name) {
  const auto it = context.client_metadata().find(grpc::string_ref(name.data(), name.size()));
  if (it == context.client_metadata().end()) return {};
  return {it->second.data(), it->second.size()};
}

Result<std::string> ReadRequestId(const Message& request, const FieldDescriptor* field) {
  std::string id = request.GetReflection()->GetString(request, field);
  if (id.empty()) return InvalidField("request_id", Reason::kREQUIRED);
  if (id.size() > kMaxRequestId)
    return InvalidField("request_id", Reason::kTOO_LONG, std::to_string(kMaxRequestId));
  if (!std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c <= '~'; })) {
    return InvalidField("request_id", Reason::kBAD_FORMAT, "printable ASCII");
  }
  return id;
}

// Equal requests give equal bytes: without the flag, the entries of a map come in any order.
std::string BytesOf(const Message& request) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    request.SerializeToCodedStream(&out);
  }
  return bytes;
}

}  // namespace

// One call in flight. Kept alive by the closures that will finish it.
struct Handler::Pending {
  grpc::CallbackServerContext* context;
  grpc::ServerUnaryReactor* reactor;
  Call call;
  SteadyClock::time_point start;
  std::chrono::system_clock::time_point deadline;
  // A long poll's own state.
  SteadyClock::time_point wait_until;
  LookFunction look;
  uint64_t after = 0;  // what the next look begins behind
  bool looked = false;
};

Result<std::unique_ptr<Handler>> Handler::Make(std::string_view service, HandlerDeps deps,
                                               storage::Shell& shell, ReaderPool& readers,
                                               CommitSignal& signal) {
  std::unique_ptr<Handler> handler(new Handler(service, std::move(deps), shell, readers, signal));
  const auto* descriptor = DescriptorPool::generated_pool()->FindServiceByName(std::string(service));
  TTX_CHECK(descriptor != nullptr, "a service that is not linked in: " + std::string(service));
  for (int i = 0; i < descriptor->method_count(); ++i) {
    const auto* proto = descriptor->method(i);
    const api::v1::MethodPolicy& policy = proto->options().GetExtension(api::v1::policy);
    if (!auth::KnownPermission(policy.permission())) {
      return Error(Reason::kPOLICY_MISSING, {{"method", proto->full_name()}});
    }
    Method method{proto->name(), policy.permission(), policy.audit(), policy.write(), nullptr};
    if (policy.write()) {
      method.request_id = proto->input_type()->FindFieldByName("request_id");
      if (method.request_id == nullptr || method.request_id->is_repeated() ||
          method.request_id->type() != FieldDescriptor::TYPE_STRING) {
        return Error(Reason::kPOLICY_MISSING, {{"method", proto->full_name()}});
      }
    }
    handler->methods_.emplace(proto->name(), method);
  }
  return handler;
}

const Method& Handler::MethodNamed(std::string_view name) const {
  const auto it = methods_.find(name);
  TTX_CHECK(it != methods_.end(), "no such method: " + std::string(name));
  return it->second;
}

Result<Principal> Handler::Authenticate(const grpc::CallbackServerContext& context) const {
  constexpr std::string_view kBearer = "Bearer ";
  if (const std::string_view header = Metadata(context, "authorization"); !header.empty()) {
    if (!header.starts_with(kBearer)) return Error(Reason::kUNAUTHENTICATED);
    return deps_.authenticate(header.substr(kBearer.size()));
  }
  const std::string_view name = Metadata(context, kServiceHeader);
  if (name.empty()) return Principal{};
  const std::string_view secret = Metadata(context, kSecretHeader);
  bool proven = !secret.empty() && crypto::ConstantTimeEqual(secret, deps_.service_secret);
  if (!proven && context.auth_context()->IsPeerAuthenticated()) {
    const std::string certified = CertifiedName(name);
    for (const grpc::string_ref& identity : context.auth_context()->GetPeerIdentity()) {
      proven = proven || std::string_view(identity.data(), identity.size()) == certified;
    }
  }
  if (!proven) return Error(Reason::kUNAUTHENTICATED);
  return Principal{"services/" + std::string(name), "", "", {}};
}

Result<Call> Handler::Admit(grpc::CallbackServerContext& context, const Message& request,
                            std::string_view method_name) const {
  Call call;
  call.method = &MethodNamed(method_name);
  if (call.method->audit && deps_.can_audit && !deps_.can_audit()) return Error(Reason::kUNAVAILABLE);
  call.trace = std::string(Metadata(context, "traceparent").substr(0, 64));
  TTX_TRY(call.principal, Authenticate(context));
  if (call.method->permission != "public") {
    if (call.principal.anonymous()) return Error(Reason::kUNAUTHENTICATED);
    if (!auth::Grants(call.principal, call.method->permission)) {
      return Error(Reason::kPERMISSION_DENIED, {{"permission", call.method->permission}});
    }
  }
  TTX_RETURN_IF_ERROR(ValidateShape(request));
  if (call.method->request_id != nullptr) {
    TTX_TRY(call.request_id, ReadRequestId(request, call.method->request_id));
  }
  return call;
}

std::shared_ptr<Handler::Pending> Handler::Begin(grpc::CallbackServerContext* context,
                                                 std::string_view method) const {
  auto pending = std::make_shared<Pending>();
  pending->context = context;
  pending->reactor = context->DefaultReactor();
  pending->call.method = &MethodNamed(method);
  pending->start = SteadyClock::now();
  pending->deadline = std::min(context->deadline(), std::chrono::system_clock::now() + kMaxDeadline);
  return pending;
}

void Handler::Finish(const std::shared_ptr<Pending>& pending, const Status& status, bool replayed) const {
  const Call& call = pending->call;
  if (replayed) pending->context->AddTrailingMetadata("x-ttx-replayed", "1");
  const CallRecord record = {
      .service = service_,
      .method = call.method->name,
      .subject = call.principal.subject,
      .organization = call.principal.organization,
      .person = call.principal.person,
      .request_id = call.request_id,
      .trace = call.trace,
      .code = status.ok() ? Code::kOk : status.error().code(),
      .reason = status.ok() ? std::string_view() : ReasonName(status.error().reason),
      .latency_us = (SteadyClock::now() - pending->start) / std::chrono::microseconds(1),
      .audit = call.method->audit,
      .replayed = replayed,
  };
  grpc::Status answer = status.ok() ? grpc::Status::OK : ToGrpc(status.error(), ShortServiceName(service_));
  deps_.on_call(record, [pending, answer = std::move(answer)] { pending->reactor->Finish(answer); });
}

grpc::ServerUnaryReactor* Handler::StartWrite(grpc::CallbackServerContext* context, const Message& request,
                                              Message& response, std::string_view method,
                                              const std::function<Result<WriteWork>(const Call&)>& parse,
                                              std::function<Status(bool)> reveal) {
  std::shared_ptr<Pending> pending = Begin(context, method);
  grpc::ServerUnaryReactor* const reactor = pending->reactor;
  Result<Call> call = Admit(*context, request, method);
  if (!call.ok()) {
    Finish(pending, call.error());
    return reactor;
  }
  pending->call = std::move(call).value();
  Result<WriteWork> work = parse(pending->call);
  if (!work.ok()) {
    Finish(pending, work.error());
    return reactor;
  }
  storage::Command command;
  command.method = pending->call.method->name;
  command.request_id = pending->call.request_id;
  const std::string bytes = BytesOf(request);
  command.fingerprint = answers_ ? answers_->Fingerprint(bytes) : crypto::Sha256(bytes);
  // Callers nobody knows apart share nothing but equal requests: one who guesses another's key learns nothing.
  const bool anonymous = pending->call.principal.anonymous();
  command.principal = anonymous ? Hex(command.fingerprint) : pending->call.principal.subject;
  if (answers_ && !command.request_id.empty()) {  // without a request id nothing is stored
    command.seal = answers_.get();
    command.request_id = answers_->NameOf(command.principal, command.method, command.request_id);
    command.principal.clear();
    command.method.clear();
  }
  command.abandoned = [pending] {
    return pending->context->IsCancelled() || std::chrono::system_clock::now() > pending->deadline;
  };
  command.run = [work = std::move(work).value(), &response](storage::Txn& txn) -> Result<std::string> {
    TTX_RETURN_IF_ERROR(work(txn));
    return response.SerializeAsString();
  };
  command.done = [this, pending, &response, reveal = std::move(reveal)](storage::Answer answer) {
    if (!answer.body.ok()) {
      Finish(pending, answer.body.error(), answer.replayed);
      return;
    }
    if (answer.replayed) {
      TTX_CHECK(response.ParseFromString(*answer.body), "a stored answer cannot be read");
    }
    Finish(pending, reveal(answer.replayed), answer.replayed);
  };
  shell_.writer().Submit(std::move(command));
  return reactor;
}

grpc::ServerUnaryReactor* Handler::StartRead(grpc::CallbackServerContext* context, const Message& request,
                                             std::string_view method,
                                             std::function<Status(const storage::Reader&, const Call&)> run) {
  return StartPoll(context, request, method, Duration{}, 0,
                   [run = std::move(run)](const storage::Reader& reader, const Call& call, uint64_t) -> Result<Looked> {
                     TTX_RETURN_IF_ERROR(run(reader, call));
                     return Looked{.found = true};
                   });
}

grpc::ServerUnaryReactor* Handler::StartPoll(grpc::CallbackServerContext* context, const Message& request,
                                             std::string_view method, Duration wait, uint64_t after,
                                             LookFunction look) {
  std::shared_ptr<Pending> pending = Begin(context, method);
  grpc::ServerUnaryReactor* const reactor = pending->reactor;
  Result<Call> call = Admit(*context, request, method);
  if (!call.ok()) {
    Finish(pending, call.error());
    return reactor;
  }
  pending->call = std::move(call).value();
  pending->look = std::move(look);
  pending->after = after;
  // Half a second before the deadline, so that an empty answer still arrives.
  const auto patience = pending->deadline - std::chrono::system_clock::now() - std::chrono::milliseconds(500);
  pending->wait_until =
      pending->start + std::min<std::chrono::nanoseconds>(
                           std::chrono::nanoseconds(std::clamp(wait, Duration{}, kMaxWait).ns), patience);
  PollOnce(std::move(pending));
  return reactor;
}

void Handler::PollOnce(std::shared_ptr<Pending> pending) {
  const bool queued = readers_.Post([this, pending] {
    if (std::chrono::system_clock::now() > pending->deadline) {
      Finish(pending, Error(Reason::kDEADLINE_EXCEEDED));
      return;
    }
    if (pending->context->IsCancelled()) {  // nobody waits for the answer
      Finish(pending, {});
      return;
    }
    const std::unique_ptr<storage::Reader> snapshot = shell_.kv().Snapshot();
    const uint64_t last_sequence = storage::LastSequence(*snapshot);
    const Result<Looked> looked = pending->look(*snapshot, pending->call, pending->after);
    const auto left = pending->wait_until - SteadyClock::now();
    if (!looked.ok()) {
      Finish(pending, looked.error());
      return;
    }
    pending->after = looked->last_sequence;
    pending->looked = true;
    if (looked->found || left <= left.zero() || pending->context->IsCancelled()) {
      Finish(pending, {});
    } else if (looked->more) {
      const ReaderPool::Watching watching;
      PollOnce(pending);
    } else {
      signal_.Wait(last_sequence, Nanoseconds(left / std::chrono::nanoseconds(1)),
                   [this, pending](CommitSignal::Wakeup wakeup) {
                     if (wakeup == CommitSignal::Wakeup::kCommitted) {
                       PollOnce(pending);
                     } else {
                       Finish(pending, {});
                     }
                   });
    }
  });
  if (queued) return;
  // What was looked at is looked at: the answer says how far, and the client asks again from there.
  Finish(pending, pending->looked ? Status() : Error(Reason::kQUEUE_FULL));
}

}  // namespace ttx::rpc
