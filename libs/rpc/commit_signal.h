#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "libs/core/time.h"

namespace ttx::rpc {

struct CallRecord;

/// Tells those who wait for new events of a service that some have been committed. One thread serves all waiters.
///
/// A waiter may name a topic ("auctions/1") and is then woken only for events about it, so that a thousand auctions
/// with ten watchers each cost one commit ten wakes, not ten thousand. Those without a topic are woken no more often
/// than every kLeastPause, so that hundreds of commits a second do not cost each of them hundreds of looks.
class CommitSignal {
 public:
  static constexpr Duration kLeastPause = Milliseconds(10);

  enum class Wakeup { kCommitted, kTimedOut, kClosed };
  using Callback = std::function<void(Wakeup)>;
  /// What the events after `after` up to `last` are about, in their order; "" for nothing in particular.
  using TopicsOf = std::function<std::vector<std::string>(uint64_t after, uint64_t last)>;

  CommitSignal();
  ~CommitSignal();

  /// How topics are found; without it a topic is as good as none. Called on the signal's thread, and only while
  /// somebody waits for a topic. Before the first Publish.
  void FindTopics(TopicsOf topics_of) { topics_of_ = std::move(topics_of); }

  /// Who is told of each stream that has ended (EventStream), as handlers tell of each unary call. Before the first.
  void OnStreamEnd(std::function<void(const CallRecord&)> listener) { on_stream_end_ = std::move(listener); }
  void StreamEnded(const CallRecord& call) const {
    if (on_stream_end_) on_stream_end_(call);
  }

  /// New events exist up to `last_sequence`. Never blocks for long: callbacks run on the signal's own thread.
  void Publish(uint64_t last_sequence);
  /// Calls `callback` once, on the signal's thread: when an event after `after_sequence` (about `topic`, if not
  /// empty) is committed, when `timeout` has passed, or when the signal closes. A waiter with a topic may now and then
  /// be woken for nothing. `callback` must not block.
  void Wait(uint64_t after_sequence, Duration timeout, Callback callback, std::string_view topic = {});
  /// Wakes everybody with kClosed, now and from now on. Idempotent.
  void Close();
  /// Close, and returns when no callback runs and topics are no longer asked for. Whoever comes later is told on its
  /// own thread. Idempotent; not from a callback.
  void Stop();

 private:
  struct Waiter {
    uint64_t after;
    int64_t timeout_ns;  // steady
    std::string topic;
    Callback callback;
  };
  using Ready = std::vector<std::pair<Callback, Wakeup>>;

  void Loop();
  bool Due(const Waiter& waiter) const;
  void Take(uint64_t id, Wakeup wakeup, Ready& ready);
  void TakeAll(Ready& ready);
  void TakeCommitted(int64_t now_ns, Ready& ready);
  void TakeTimedOut(int64_t now_ns, Ready& ready);
  void ReadTopics(std::unique_lock<std::mutex>& lock, Ready& ready);
  // Whether somebody without a topic has missed a commit.
  bool GeneralDue() const { return !general_.empty() && general_.begin()->first < last_sequence_; }
  // When the loop must look again though nothing happens, steady; INT64_MAX: never.
  int64_t NextLookNs() const;

  TopicsOf topics_of_;
  std::function<void(const CallRecord&)> on_stream_end_;

  std::mutex mutex_;
  std::condition_variable wake_;
  uint64_t last_sequence_ = 0;
  bool changed_ = false;
  int64_t general_from_ns_ = 0;  // no waiter without a topic is woken before, steady
  bool pausing_ = false;         // the loop will look at general_from_ns_ in any case
  bool closed_ = false;
  bool stopping_ = false;
  uint64_t next_id_ = 1;
  std::unordered_map<uint64_t, Waiter> waiters_;
  std::set<std::pair<int64_t, uint64_t>> timeouts_;  // with the waiter's id
  std::set<std::pair<uint64_t, uint64_t>> general_;  // waiters without a topic: what they have seen, id
  std::unordered_map<std::string, std::set<uint64_t>> by_topic_;
  std::vector<uint64_t> arrived_;  // with a topic, not looked at yet
  // The topics of the newest events up to `told_`, for those who looked at the log before they were told.
  std::deque<std::string> recent_;
  uint64_t told_ = 0;
  std::thread thread_;
};

}  // namespace ttx::rpc
