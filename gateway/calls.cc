#include "gateway/calls.h"

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>

namespace ttx::gateway {
namespace {

struct Unary {
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
};

bool HasReplayMark(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  const auto it = metadata.find("x-ttx-replayed");
  return it != metadata.end() && it->second == "1";
}

}  // namespace

bool Calls::Add(grpc::ClientContext& context) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  contexts_.insert(&context);
  return true;
}

void Calls::Remove(grpc::ClientContext& context) {
  const std::lock_guard lock(mutex_);
  contexts_.erase(&context);
  if (contexts_.empty()) empty_.notify_all();
}

void Calls::CloseAndCancel() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (grpc::ClientContext* context : contexts_) context->TryCancel();
}

void Calls::CloseAndWait() {
  CloseAndCancel();
  std::unique_lock lock(mutex_);
  empty_.wait(lock, [this] { return contexts_.empty(); });
}

void PrepareContext(grpc::ClientContext& context, const CallMetadata& metadata, Duration timeout) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::microseconds(timeout.ns / 1000));
  if (!metadata.authorization.empty()) context.AddMetadata("authorization", metadata.authorization);
  if (!metadata.traceparent.empty()) context.AddMetadata("traceparent", metadata.traceparent);
}

grpc::ByteBuffer ToByteBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  grpc::Slice single;
  if (buffer.TrySingleSlice(&single).ok())
    return {reinterpret_cast<const char*>(single.begin()), single.size()};
  std::vector<grpc::Slice> slices;
  std::string out;
  if (!buffer.Dump(&slices).ok()) return out;
  out.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices)
    out.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return out;
}

void CallUnary(Calls& calls, const std::shared_ptr<grpc::Channel>& channel, const std::string& grpc_path,
               const std::string& request, const CallMetadata& metadata, Duration timeout,
               std::function<void(UnaryResult)> done) {
  auto call = std::make_shared<Unary>();
  PrepareContext(call->context, metadata, timeout);
  call->request = ToByteBuffer(request);
  if (!calls.Add(call->context)) {
    done({grpc::Status(grpc::StatusCode::UNAVAILABLE, "stopping"), "", false});
    return;
  }
  grpc::GenericStub stub(channel);
  stub.UnaryCall(&call->context, grpc_path, {}, &call->request, &call->response,
                 [&calls, call, done = std::move(done)](grpc::Status status) {
                   UnaryResult result;
                   if (status.ok()) {
                     result.bytes = ToString(call->response);
                     result.replayed = HasReplayMark(call->context.GetServerInitialMetadata()) ||
                                       HasReplayMark(call->context.GetServerTrailingMetadata());
                   }
                   result.status = std::move(status);
                   done(std::move(result));
                   calls.Remove(call->context);
                 });
}

}  // namespace ttx::gateway
