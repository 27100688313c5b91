#include "gateway/live/event_stream.h"

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include "gateway/limits.h"
#include "gateway/transcode/transcoder.h"

namespace ttx::gateway {
namespace {

class EventStream final : public BodyStream,
                          public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                          public std::enable_shared_from_this<EventStream> {
 public:
  EventStream(Calls& calls, EventStreamRequest request) : calls_(calls), request_(std::move(request)) {}

  void Open(std::function<void()> wake) override {
    wake_ = std::move(wake);
    message_ = ToByteBuffer(request_.bytes);
    PrepareContext(context_, request_.metadata, request_.lifetime);
    if (!calls_.Add(context_)) {
      status_ = grpc::Status(grpc::StatusCode::UNAVAILABLE, "stopping");
      done_ = true;
      request_.on_end(status_);
      wake_();
      return;
    }
    self_ = shared_from_this();
    grpc::GenericStub stub(request_.channel);
    stub.PrepareBidiStreamingCall(&context_, request_.method->grpc_path, {}, this);
    // Held until reading has ended: Take resumes reading from outside gRPC's callbacks.
    AddHold();
    StartWriteLast(&message_, {});
    StartRead(&received_);
    StartCall();
  }

  std::optional<Response> Failure() override {
    const std::lock_guard lock(mutex_);
    if (!done_ || status_.ok() || taken_ || !queue_.empty() || cancelled_) return std::nullopt;
    return request_.render_failure(status_);
  }

  bool Take(std::string& out) override {
    bool resume = false;
    {
      const std::lock_guard lock(mutex_);
      if (!queue_.empty()) {
        out += queue_;
        queue_.clear();
        queued_ = 0;
        taken_ = true;
      }
      resume = paused_ && !done_;
      paused_ = paused_ && !resume;
      if (done_) {
        // A deadline is the stream's lifetime: the client connects again and goes on after its last event.
        const bool failed =
            !status_.ok() && !cancelled_ && status_.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED;
        if (failed && taken_) out += "event: error\ndata: " + request_.render_failure(status_).body + "\n\n";
        return false;
      }
    }
    if (resume) StartRead(&received_);
    return true;
  }

  void Cancel() override {
    bool resume = false;
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
      if (!done_) context_.TryCancel();
      resume = paused_;
      paused_ = false;
    }
    if (resume) StartRead(&received_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      RemoveHold();
      return;
    }
    Result<std::string> event = TranscodeEvent(*request_.method, ToString(received_));
    received_.Clear();
    bool read_on = false;
    {
      const std::lock_guard lock(mutex_);
      if (event.ok()) {
        queue_ += *event;
        ++queued_;
      } else {
        context_.TryCancel();
      }
      read_on = queued_ < kStreamQueueMax || cancelled_;
      paused_ = !read_on;
    }
    wake_();
    if (read_on) StartRead(&received_);
  }

  void OnDone(const grpc::Status& status) override {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
      status_ = status;
    }
    request_.on_end(status);
    wake_();
    calls_.Remove(context_);
    const std::shared_ptr<EventStream> last = std::move(self_);
  }

 private:
  Calls& calls_;
  EventStreamRequest request_;
  std::function<void()> wake_;
  grpc::ClientContext context_;
  grpc::ByteBuffer message_;
  grpc::ByteBuffer received_;
  std::shared_ptr<EventStream> self_;  // while gRPC may call back

  std::mutex mutex_;  // guards what follows
  std::string queue_;
  size_t queued_ = 0;
  bool paused_ = false;  // the queue was full; Take reads on
  bool taken_ = false;
  bool cancelled_ = false;
  bool done_ = false;
  grpc::Status status_;
};

}  // namespace

std::shared_ptr<BodyStream> MakeEventStream(Calls& calls, EventStreamRequest request) {
  return std::make_shared<EventStream>(calls, std::move(request));
}

}  // namespace ttx::gateway
