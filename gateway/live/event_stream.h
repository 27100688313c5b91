#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
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

class EventFeed;

/// Server-streaming calls as Server-Sent Events. No thread waits for one: gRPC's callbacks fill a bounded queue and
/// stop reading while it is full.
///
/// Clients that ask for the same with the same credentials share one call and one encoding of each event: a crowd in
/// front of one auction costs the service one stream. A client that is behind what the shared queue still holds, or
/// ahead of what has come, reads by itself until the two meet; what is refused to it is refused to nobody else.
class LiveEvents {
 public:
  /// `calls` must outlive the object, and the object every stream that it made.
  explicit LiveEvents(Calls& calls) : calls_(calls) {}

  std::shared_ptr<BodyStream> Open(EventStreamRequest request);

  /// The calls that are shared now.
  size_t shared() const;

 private:
  friend class EventFeed;
  void Forget(const std::string& key);

  Calls& calls_;
  mutable std::mutex mutex_;
  std::map<std::string, std::weak_ptr<EventFeed>> feeds_;  // by method, request and credentials
};

}  // namespace ttx::gateway
