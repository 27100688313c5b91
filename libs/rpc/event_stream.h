#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "libs/rpc/directory.h"
#include "libs/rpc/handler.h"
#include "libs/rpc/status.h"

namespace ttx::rpc {

/// What one look at the log gives a stream: messages in order, each with the sequence it carries.
template <class Event>
using StreamPage = std::vector<std::pair<uint64_t, Event>>;

/// Serves a server-streaming method from the event log: everything after `after_sequence`, then whatever is
/// committed, until the client leaves, the server drains, `last(event)` says that nothing can follow, or `over(reader)`
/// (may be empty) says so when nothing is left to send.
/// At most one page is held in memory, so a slow client costs no more than that; it resumes by sequence.
/// `fetch(reader, call, after_sequence, limit)` runs on a reader thread and gives fewer than `limit` messages only when
/// the log holds no more. Deletes itself.
template <class Request, class Event>
class EventStream : public grpc::ServerWriteReactor<Event> {
 public:
  using Fetch =
      std::function<Result<StreamPage<Event>>(const storage::Reader&, const Call&, uint64_t after, size_t limit)>;

  static EventStream* Start(Handler& handler, grpc::CallbackServerContext* context, const Request& request,
                            std::string_view method, uint64_t after_sequence, Fetch fetch,
                            std::function<bool(const Event&)> last,
                            std::function<bool(const storage::Reader&)> over = nullptr) {
    auto* stream = new EventStream(handler, after_sequence, std::move(fetch), std::move(last), std::move(over));
    Result<Call> call = handler.Admit(*context, request, method);
    if (!call.ok()) {
      stream->End(call.error());
    } else if (after_sequence > INT64_MAX) {  // negative in the request
      stream->End(InvalidField("after_sequence", Reason::kOUT_OF_RANGE, ">= 0"));
    } else {
      stream->call_ = std::move(call).value();
      stream->Look();
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
  static constexpr Duration kLookEvery = Seconds(5);

  EventStream(Handler& handler, uint64_t after, Fetch fetch, std::function<bool(const Event&)> last,
              std::function<bool(const storage::Reader&)> over)
      : handler_(handler),
        after_(after),
        fetch_(std::move(fetch)),
        last_(std::move(last)),
        over_(std::move(over)),
        self_(this) {}

  // Exactly one of these is in progress at any time: a look at the log, a wait for a commit, a write.
  void Look() {
    const std::shared_ptr<EventStream> keep = self_;
    const bool queued = handler_.readers().Post([this, keep] {
      const std::unique_ptr<storage::Reader> snapshot = handler_.kv().Snapshot();
      seen_ = storage::LastSequence(*snapshot);
      Result<StreamPage<Event>> page = fetch_(*snapshot, call_, after_, kPage);
      if (!page.ok()) {
        End(page.error());
        return;
      }
      more_ = page->size() >= kPage;
      finished_ = page->empty() && over_ && over_(*snapshot);
      page_.assign(std::make_move_iterator(page->begin()), std::make_move_iterator(page->end()));
      Continue();
    });
    if (!queued) End(Error(Reason::kQUEUE_FULL));
  }

  void Continue() {
    if (cancelled_.load()) {
      End(Error(Reason::kUNAVAILABLE));
    } else if (finished_) {
      End({});
    } else if (page_.empty() && more_) {
      Look();
    } else if (page_.empty()) {
      after_ = std::max(after_, seen_);  // all up to here has been looked at, shown or not
      const std::shared_ptr<EventStream> keep = self_;
      handler_.signal().Wait(seen_, kLookEvery, [this, keep](CommitSignal::Wakeup wakeup) {
        if (wakeup == CommitSignal::Wakeup::kClosed || cancelled_.load()) {
          End(Error(Reason::kUNAVAILABLE));
        } else {
          Look();
        }
      });
    } else {
      after_ = page_.front().first;
      current_ = std::move(page_.front().second);
      page_.pop_front();
      finished_ = last_(current_);
      this->StartWrite(&current_);
    }
  }

  void End(const Status& status) {
    this->Finish(status.ok() ? grpc::Status::OK : ToGrpc(status.error(), ShortServiceName(handler_.service())));
  }

  Handler& handler_;
  uint64_t after_;
  const Fetch fetch_;
  const std::function<bool(const Event&)> last_;
  const std::function<bool(const storage::Reader&)> over_;
  Call call_;
  uint64_t seen_ = 0;   // the newest sequence at the last look
  bool more_ = false;   // the last look did not reach it
  std::deque<std::pair<uint64_t, Event>> page_;
  Event current_;
  bool finished_ = false;
  std::atomic<bool> cancelled_ = false;
  std::shared_ptr<EventStream> self_;
};

}  // namespace ttx::rpc
