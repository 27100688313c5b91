#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/calls.h"
#include "gateway/https/server.h"
#include "gateway/transcode/router.h"

namespace ttx::gateway {

struct EventStreamRequest {
  const MethodInfo* method = nullptr;
  std::shared_ptr<grpc::Channel> channel;
  std::string bytes;
  CallMetadata metadata;
  Duration lifetime;
  // Puts a failure into words: as an answer of its own, or as the data of an `error` event.
  std::function<Response(const grpc::Status&)> render_failure;
  // Once, when the stream has ended.
  std::function<void(const grpc::Status&)> on_end;
};

/// A server-streaming call as Server-Sent Events. No thread waits for it: gRPC's callbacks fill a bounded
/// queue and stop reading while it is full.
std::shared_ptr<BodyStream> MakeEventStream(Calls& calls, EventStreamRequest request);

}  // namespace ttx::gateway
