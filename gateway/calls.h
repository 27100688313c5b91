#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include "libs/core/time.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace ttx::gateway {

/// Every call in flight, so that none outlives the drain (a call on an in-process channel after
/// `Server::Shutdown` crashes gRPC 1.51). Safe from any thread.
class Calls {
 public:
  /// False once closed: the call must not be started.
  bool Add(grpc::ClientContext& context);
  /// The last use of `context` by its owner's callback.
  void Remove(grpc::ClientContext& context);
  /// No call starts any more; those in flight are cancelled. Returns when the last has ended.
  void CloseAndWait();
  /// Cancels those in flight and refuses new ones, without waiting.
  void CloseAndCancel();

 private:
  std::mutex mutex_;
  std::condition_variable empty_;
  std::unordered_set<grpc::ClientContext*> contexts_;
  bool closed_ = false;
};

/// What every call carries (and nothing else of what the client sent).
struct CallMetadata {
  std::string authorization;
  std::string traceparent;
};

struct UnaryResult {
  grpc::Status status;
  std::string bytes;
  bool replayed = false;  // metadata `x-ttx-replayed: 1`
};

/// One unary call; `done` runs on one of gRPC's threads, or at once with UNAVAILABLE when `calls` is closed.
void CallUnary(Calls& calls, const std::shared_ptr<grpc::Channel>& channel, const std::string& grpc_path,
               const std::string& request, const CallMetadata& metadata, Duration timeout,
               std::function<void(UnaryResult)> done);

/// Fills a context's metadata and deadline.
void PrepareContext(grpc::ClientContext& context, const CallMetadata& metadata, Duration timeout);
grpc::ByteBuffer ToByteBuffer(const std::string& bytes);
std::string ToString(const grpc::ByteBuffer& buffer);

}  // namespace ttx::gateway
