#include "gateway/live/event_stream.h"

#include <google/protobuf/message.h>
#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <unordered_set>

#include "gateway/limits.h"
#include "gateway/transcode/transcoder.h"

namespace ttx::gateway {
namespace {

/// One call to a service. `Sink` has OnEvent(bytes) -> whether to read on, and OnEnd(status), once. It is held from
/// Start to the end.
template <class Sink>
class StreamingCall final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                            public std::enable_shared_from_this<StreamingCall<Sink>> {
 public:
  explicit StreamingCall(Calls& calls) : calls_(calls) {}

  void Start(std::shared_ptr<Sink> sink, const EventStreamRequest& from, const std::string& request) {
    PrepareContext(context_, from.metadata, from.lifetime);
    if (!calls_.Add(context_)) {
      sink->OnEnd(grpc::Status(grpc::StatusCode::UNAVAILABLE, "stopping"));
      return;
    }
    sink_ = std::move(sink);
    self_ = this->shared_from_this();
    message_ = ToByteBuffer(request);
    grpc::GenericStub stub(from.channel);
    stub.PrepareBidiStreamingCall(&context_, from.method->grpc_path, {}, this);
    // Held until reading has ended: Resume goes on from outside gRPC's callbacks.
    AddHold();
    StartWriteLast(&message_, {});
    StartRead(&received_);
    StartCall();
  }

  /// After OnEvent said not to read on, once.
  void Resume() { StartRead(&received_); }
  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) {
      RemoveHold();
      return;
    }
    const std::string bytes = ToString(received_);
    received_.Clear();
    if (sink_->OnEvent(bytes)) StartRead(&received_);
  }

  void OnDone(const grpc::Status& status) override {
    {
      // The sink goes before the call is counted as over: it belongs to those who wait for that.
      const std::shared_ptr<Sink> sink = std::move(sink_);
      sink->OnEnd(status);
    }
    const std::shared_ptr<StreamingCall> last = std::move(self_);
    calls_.Remove(context_);
  }

 private:
  Calls& calls_;
  std::shared_ptr<Sink> sink_;
  grpc::ClientContext context_;
  grpc::ByteBuffer message_;
  grpc::ByteBuffer received_;
  std::shared_ptr<StreamingCall> self_;  // while gRPC may call back
};

/// A request without the place in the log that it starts from, and that place.
struct Asked {
  std::unique_ptr<google::protobuf::Message> message;
  uint64_t after = 0;
  bool resumable = false;  // whether it has such a place, and the answers their own

  std::string From(const MethodInfo& method, uint64_t start) const {
    if (resumable) {
      message->GetReflection()->SetInt64(message.get(), method.after_sequence, static_cast<int64_t>(start));
    }
    return message->SerializeAsString();
  }
};

Asked ReadAsked(const MethodInfo& method, const std::string& bytes) {
  Asked asked{std::unique_ptr<google::protobuf::Message>(method.request_prototype->New())};
  const bool read = asked.message->ParseFromString(bytes);
  if (!read || method.after_sequence == nullptr || method.response_sequence == nullptr) return asked;
  const int64_t after = asked.message->GetReflection()->GetInt64(*asked.message, method.after_sequence);
  if (after < 0) return asked;  // for the service to refuse
  asked.after = static_cast<uint64_t>(after);
  asked.resumable = true;
  return asked;
}

class Watcher;

}  // namespace

/// One call and the newest of its events, for one client or for all who ask for the same.
class EventFeed : public std::enable_shared_from_this<EventFeed> {
 public:
  /// `key` is empty when it serves one client.
  EventFeed(LiveEvents& live, std::string key, const MethodInfo& method, const Asked& asked, uint64_t after)
      : live_(live),
        key_(std::move(key)),
        method_(method),
        resumable_(asked.resumable),
        request_(asked.From(method, after)),
        call_(std::make_shared<StreamingCall<EventFeed>>(live.calls_)),
        start_(after),
        after_(after),
        newest_(after),
        taken_(after) {}
  ~EventFeed() {
    if (!key_.empty()) live_.Forget(key_);
  }

  /// Makes the call, unless another one who joined has.
  void Start(const EventStreamRequest& from) {
    {
      const std::lock_guard lock(mutex_);
      if (started_ || over_) return;
      started_ = true;
    }
    call_->Start(shared_from_this(), from, request_);
  }

  /// Whether those who ask from `position` may share it, at once or when they have caught up. A place that nothing has
  /// come after yet is good for those who ask from there only: the service may still refuse it.
  bool Serves(uint64_t position) const {
    const std::lock_guard lock(mutex_);
    return !over_ && (newest_ > start_ || position == start_);
  }

  /// Has `watcher` notified of what comes after `position`; false when that is not held here, is further than what has
  /// come, which may be where nothing ever comes, or when the call is over.
  bool Join(Watcher* watcher, uint64_t position) {
    const std::lock_guard lock(mutex_);
    if (over_ || position < after_ || position > newest_) return false;
    watchers_.insert(watcher);
    return true;
  }

  /// The last one's leaving ends the call.
  void Leave(Watcher* watcher) {
    bool resume = false;
    {
      const std::lock_guard lock(mutex_);
      watchers_.erase(watcher);
      if (!watchers_.empty() || over_) return;
      over_ = true;
      resume = paused_;
      paused_ = false;
    }
    call_->Cancel();
    if (resume) call_->Resume();
  }

  struct Taken {
    bool behind = false;  // what comes after the position is not held any more
    bool over = false;    // nothing comes after what was taken
    grpc::Status status;  // when over
  };

  /// Appends the events after `position` and moves it.
  Taken Take(uint64_t& position, std::string& out) {
    bool resume = false;
    Taken taken;
    {
      const std::lock_guard lock(mutex_);
      if (position < after_) return {.behind = true, .over = false, .status = {}};
      for (const Event& event : events_) {
        if (event.sequence <= position) continue;
        out += *event.text;
        position = event.sequence;
      }
      taken_ = std::max(taken_, position);
      resume = paused_ && events_.front().sequence <= taken_;
      paused_ = paused_ && !resume;
      taken.over = over_;
      taken.status = status_;
    }
    if (resume) call_->Resume();
    return taken;
  }

  // For the call.
  bool OnEvent(const std::string& bytes);
  void OnEnd(const grpc::Status& status);

 private:
  struct Event {
    uint64_t sequence;
    std::shared_ptr<const std::string> text;
  };
  void Notify();

  LiveEvents& live_;
  const std::string key_;
  const MethodInfo& method_;
  const bool resumable_;
  const std::string request_;
  const std::shared_ptr<StreamingCall<EventFeed>> call_;
  const uint64_t start_;  // what the service was asked to go on after

  mutable std::mutex mutex_;  // guards what follows
  bool started_ = false;
  std::unordered_set<Watcher*> watchers_;
  std::deque<Event> events_;
  size_t bytes_ = 0;
  uint64_t after_;       // every event after it that has come is held
  uint64_t newest_;      // ... up to this one
  uint64_t taken_;       // how far the fastest has read
  bool paused_ = false;  // full of what nobody has taken: Take reads on
  bool over_ = false;
  grpc::Status status_;
};

namespace {

/// One client. Used by its session's thread; feeds only notify it.
class Watcher final : public BodyStream {
 public:
  Watcher(LiveEvents& live, EventStreamRequest request, Asked asked, std::shared_ptr<EventFeed> shared)
      : live_(live),
        request_(std::move(request)),
        asked_(std::move(asked)),
        shared_(std::move(shared)),
        position_(asked_.after) {}
  ~Watcher() override { Cancel(); }

  void Open(std::function<void()> wake) override {
    wake_ = std::move(wake);
    if (shared_ != nullptr && shared_->Join(this, position_)) {
      feed_ = shared_;
      feed_->Start(request_);
    } else {
      ReadAlone();
    }
  }

  std::optional<Response> Failure() override {
    if (ended_ && Failed() && !answered_) return request_.render_failure(status_);
    answered_ = true;
    return std::nullopt;
  }

  bool Take(std::string& out) override {
    notified_.store(false);
    if (ended_) return false;
    const EventFeed::Taken taken = feed_->Take(position_, out);
    if (taken.behind) {
      feed_->Leave(this);
      ReadAlone();
    } else if (feed_ != shared_ && shared_ != nullptr && shared_->Join(this, position_)) {
      feed_->Leave(this);
      feed_ = shared_;
      shared_->Take(position_, out);
    } else if (taken.over) {
      // What was taken may be the first of an answer that has not begun, and then comes before the error.
      End(taken.status);
      answered_ = answered_ || !out.empty();
      if (Failed() && answered_) out += "event: error\ndata: " + request_.render_failure(status_).body + "\n\n";
      return false;
    }
    return true;
  }

  void Cancel() override {
    if (ended_) return;
    cancelled_ = true;
    End(grpc::Status::CANCELLED);
  }

  /// From any thread.
  void Notify() {
    if (!notified_.exchange(true)) wake_();
  }

 private:
  // A stream's lifetime is a deadline: the client connects again and goes on after its last event.
  bool Failed() const {
    return !cancelled_ && !status_.ok() && status_.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED;
  }

  void ReadAlone() {
    feed_ = std::make_shared<EventFeed>(live_, "", *request_.method, asked_, position_);
    feed_->Join(this, position_);
    feed_->Start(request_);
  }

  void End(const grpc::Status& status) {
    ended_ = true;
    status_ = status;
    if (feed_ != nullptr) feed_->Leave(this);
    feed_.reset();
    shared_.reset();
    request_.on_end(status);
  }

  LiveEvents& live_;
  const EventStreamRequest request_;
  const Asked asked_;
  std::shared_ptr<EventFeed> shared_;  // none when it cannot be shared
  std::shared_ptr<EventFeed> feed_;    // the one it reads
  std::function<void()> wake_;
  uint64_t position_;
  std::atomic<bool> notified_ = false;
  bool answered_ = false;  // the answer has begun
  bool ended_ = false;
  bool cancelled_ = false;
  grpc::Status status_;
};

}  // namespace

void EventFeed::Notify() {
  for (Watcher* watcher : watchers_) watcher->Notify();
}

bool EventFeed::OnEvent(const std::string& bytes) {
  Result<TranscodedEvent> event = TranscodeEvent(method_, bytes);
  if (!event.ok()) call_->Cancel();
  const std::lock_guard lock(mutex_);
  if (over_ || !event.ok()) return true;
  Event next{resumable_ ? event->sequence : newest_ + 1,
             std::make_shared<const std::string>(std::move(event->text))};
  newest_ = next.sequence;
  bytes_ += next.text->size();
  events_.push_back(std::move(next));
  const auto full = [this] { return events_.size() > kStreamQueueMax || bytes_ > kStreamQueueBytesMax; };
  // What the fastest has left behind makes room; who has not taken it yet reads it again by itself.
  while (full() && events_.front().sequence <= taken_) {
    after_ = events_.front().sequence;
    bytes_ -= events_.front().text->size();
    events_.pop_front();
  }
  paused_ = full();
  Notify();
  return !paused_;
}

void EventFeed::OnEnd(const grpc::Status& status) {
  const std::lock_guard lock(mutex_);
  over_ = true;
  status_ = status;
  Notify();
}

std::shared_ptr<BodyStream> LiveEvents::Open(EventStreamRequest request) {
  Asked asked = ReadAsked(*request.method, request.bytes);
  std::shared_ptr<EventFeed> feed;
  std::shared_ptr<EventFeed> known;  // goes after the lock, which its end may take
  if (asked.resumable) {
    const std::string same = asked.From(*request.method, 0);
    const std::string key = request.method->full_name + " " + std::to_string(same.size()) + " " + same +
                            request.metadata.authorization;
    const std::lock_guard lock(mutex_);
    std::weak_ptr<EventFeed>& place = feeds_[key];
    known = place.lock();
    if (known != nullptr && known->Serves(asked.after)) {
      feed = known;
    } else {
      feed = std::make_shared<EventFeed>(*this, key, *request.method, asked, asked.after);
      place = feed;
    }
  }
  return std::make_shared<Watcher>(*this, std::move(request), std::move(asked), std::move(feed));
}

size_t LiveEvents::shared() const {
  const std::lock_guard lock(mutex_);
  return feeds_.size();
}

void LiveEvents::Forget(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto it = feeds_.find(key);
  if (it != feeds_.end() && it->second.expired()) feeds_.erase(it);
}

}  // namespace ttx::gateway
