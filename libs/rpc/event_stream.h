#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "libs/rpc/directory.h"
#include "libs/rpc/handler.h"
#include "libs/rpc/status.h"
#include "libs/storage/log_page.h"

namespace ttx::rpc {

/// Who opened a stream, whether they may still have it, and the record of its end.
class StreamCall {
 public:
  /// How long a caller is taken at its word: a stream outlives its token, or a client that was revoked, by no more.
  static constexpr Duration kAskAgainAfter = Seconds(1);

  /// All must outlive the object; gRPC keeps the request for as long as the stream.
  StreamCall(Handler& handler, grpc::CallbackServerContext& context, const google::protobuf::Message& request,
             std::string_view method);

  /// Handler::Admit, once.
  Status Admit();
  /// The same again, now and then: UNAUTHENTICATED once the token has expired or does not count any more.
  Status StillAdmitted();
  /// Tells the signal's listener. Once.
  grpc::Status End(const Status& status) const;

  const Call& call() const { return call_; }

 private:
  Handler& handler_;
  grpc::CallbackServerContext& context_;
  const google::protobuf::Message& request_;
  const int64_t start_ns_;  // steady, as the next one
  int64_t asked_ns_;
  Call call_;
};

/// What one look at the log gives a stream or a long poll: messages in order, each with the sequence it carries.
template <class Event>
using StreamPage = storage::LogPage<std::pair<uint64_t, Event>>;

/// The page with the message `to_proto(event)` for each event; events have a `sequence`.
template <class Stored, class ToMessage>
auto ToStreamPage(const storage::LogPage<Stored>& page, ToMessage to_proto) {
  return storage::MapPage(page, [&](const Stored& event) { return std::pair(event.sequence, to_proto(event)); });
}

/// What the sequences of a stream's events are: places in the service's log, or numbers of the stream's own, of which
/// the log's length tells nothing.
enum class Numbering { kLog, kOwn };

/// Serves a server-streaming method from the event log: everything after `after_sequence`, then whatever is
/// committed, until the client leaves, its token ends, the server drains, `last(event)` says that nothing can follow,
/// or `over(reader)` (may be empty) says so when nothing is left to send.
/// At most one page is held in memory, so a slow client costs no more than that; it resumes by sequence.
/// `fetch(reader, call, after_sequence, limit)` is one look, on a reader thread; while it leaves `more` the stream
/// looks again from where it ended, behind those who wait for the thread. With a `topic` (CommitSignal) only events
/// about it make the stream look. Deletes itself.
template <class Request, class Event>
class EventStream : public grpc::ServerWriteReactor<Event> {
 public:
  using Fetch =
      std::function<Result<StreamPage<Event>>(const storage::Reader&, const Call&, uint64_t after, size_t limit)>;

  static EventStream* Start(Handler& handler, grpc::CallbackServerContext* context, const Request& request,
                            std::string_view method, uint64_t after_sequence, Fetch fetch,
                            std::function<bool(const Event&)> last,
                            std::function<bool(const storage::Reader&)> over = nullptr, std::string topic = {},
                            Numbering numbering = Numbering::kLog) {
    auto* stream = new EventStream(handler, *context, request, method, after_sequence, std::move(fetch),
                                   std::move(last), std::move(over), std::move(topic), numbering);
    if (const Status admitted = stream->call_.Admit(); !admitted.ok()) {
      stream->End(admitted);
    } else if (after_sequence > INT64_MAX) {  // negative in the request
      stream->End(InvalidField("after_sequence", Reason::kOUT_OF_RANGE, ">= 0"));
    } else if (!stream->Look()) {
      stream->End(Error(Reason::kQUEUE_FULL));
    }
    return stream;
  }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      End(Error(Reason::kUNAVAILABLE));
    } else {
      Continue();
    }
  }
  void OnCancel() override { cancelled_.store(true); }
  void OnDone() override { self_.reset(); }

 private:
  static constexpr size_t kPage = 100;
  static constexpr Duration kAskEvery = Seconds(5);
  static constexpr Duration kTryAgainAfter = Milliseconds(100);

  EventStream(Handler& handler, grpc::CallbackServerContext& context, const Request& request, std::string_view method,
              uint64_t after, Fetch fetch, std::function<bool(const Event&)> last,
              std::function<bool(const storage::Reader&)> over, std::string topic, Numbering numbering)
      : handler_(handler),
        call_(handler, context, request, method),
        after_(after),
        fetch_(std::move(fetch)),
        last_(std::move(last)),
        over_(std::move(over)),
        topic_(std::move(topic)),
        numbering_(numbering),
        self_(this) {}

  // Exactly one of these is in progress at any time: a look at the log, a wait for a commit, a write.
  // False when the reader pool takes no more.
  bool Look() {
    return handler_.readers().Post([this, keep = self_] {
      const std::unique_ptr<storage::Reader> snapshot = handler_.kv().Snapshot();
      seen_ = storage::LastSequence(*snapshot);
      Result<StreamPage<Event>> page = fetch_(*snapshot, call_.call(), after_, kPage);
      if (!page.ok()) {
        End(page.error());
        return;
      }
      more_ = page->more;
      const bool at_end = !page->more && numbering_ == Numbering::kLog;
      looked_at_ = at_end ? std::max(page->last_sequence, seen_) : page->last_sequence;
      finished_ = page->events.empty() && !more_ && over_ && over_(*snapshot);
      page_.assign(std::make_move_iterator(page->events.begin()), std::make_move_iterator(page->events.end()));
      Continue();
    });
  }

  void Continue() {
    if (cancelled_.load()) {
      End(Error(Reason::kUNAVAILABLE));
    } else if (const Status admitted = call_.StillAdmitted(); !admitted.ok()) {
      End(admitted);
    } else if (finished_) {
      End({});
    } else if (page_.empty()) {
      after_ = std::max(after_, looked_at_);
      if (more_) {
        const ReaderPool::Watching watching;
        LookSoon();
      } else {
        Wait(seen_, kAskEvery);
      }
    } else {
      after_ = page_.front().first;
      current_ = std::move(page_.front().second);
      page_.pop_front();
      if (page_.empty()) page_.shrink_to_fit();
      finished_ = last_(current_);
      this->StartWrite(&current_);
    }
  }

  void Wait(uint64_t after, Duration timeout) {
    const auto woken = [this, keep = self_, after](CommitSignal::Wakeup wakeup) {
      if (wakeup == CommitSignal::Wakeup::kClosed || cancelled_.load()) {
        End(Error(Reason::kUNAVAILABLE));
      } else if (wakeup == CommitSignal::Wakeup::kCommitted || after == kNothing) {
        LookSoon();
      } else if (const Status admitted = call_.StillAdmitted(); !admitted.ok()) {
        End(admitted);
      } else {
        Wait(after, kAskEvery);
      }
    };
    handler_.signal().Wait(after, timeout, woken, topic_);
  }

  // A stream under way waits for its turn instead of ending when many others look too.
  void LookSoon() {
    if (!Look()) Wait(kNothing, kTryAgainAfter);
  }

  void End(const Status& status) { this->Finish(call_.End(status)); }

  static constexpr uint64_t kNothing = UINT64_MAX;  // after which no event comes: a wait for time only

  Handler& handler_;
  StreamCall call_;
  uint64_t after_;
  const Fetch fetch_;
  const std::function<bool(const Event&)> last_;
  const std::function<bool(const storage::Reader&)> over_;
  const std::string topic_;
  const Numbering numbering_;
  uint64_t seen_ = 0;       // the newest sequence at the last look
  uint64_t looked_at_ = 0;  // everything up to here has been looked at, shown or not
  bool more_ = false;       // the last look may not have reached the newest
  std::deque<std::pair<uint64_t, Event>> page_;
  Event current_;
  bool finished_ = false;
  std::atomic<bool> cancelled_ = false;
  std::shared_ptr<EventStream> self_;
};

}  // namespace ttx::rpc
