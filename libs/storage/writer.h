#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "libs/core/clock.h"
#include "libs/storage/kv.h"
#include "libs/storage/read_cache.h"
#include "libs/storage/txn.h"

namespace ttx::storage {

/// What a command answers: the serialized response, or why it was refused.
struct Answer {
  Result<std::string> body;
  bool replayed = false;  // it was given before, to the same request id
};

/// Keeps stored answers from whoever has the store. For the thread that runs batches.
class AnswerSeal {
 public:
  virtual ~AnswerSeal() = default;
  /// `name` is the key under which the answer stands: at another one it does not open.
  virtual std::string Seal(std::string_view name, std::string_view answer) = 0;
  /// The inverse. Stops the process when the value does not open.
  virtual std::string Open(std::string_view name, std::string_view sealed) const = 0;
};

/// One unit of work for a service's only writer.
struct Command {
  // The scope of idempotency. An empty request_id means the answer is not stored (timers, feeds).
  std::string principal;
  std::string method;
  std::string request_id;
  std::string fingerprint;  // digest of the request; another one under the same id is REQUEST_ID_REUSED
  AnswerSeal* seal = nullptr;  // with which the answer is stored; null: as it is

  /// Asked right before `run`: whether the caller has gone or its deadline has passed. May be empty.
  std::function<bool()> abandoned;
  /// Decides and stages. Called once on the writer's thread; what it staged is dropped when it returns an Error,
  /// unless it called Txn::KeepOnError. Must not block.
  std::function<Result<std::string>(Txn&)> run;
  /// Gets the answer once it is durable. Called on one of the writer's two threads, or on the caller's when refused
  /// at the door; in no order. Must not block. May be empty.
  std::function<void(Answer)> done;
};

struct WriterOptions {
  size_t queue_commands = 8192;  // beyond it: QUEUE_FULL
  size_t batch_commands = 256;
  size_t batch_bytes = 4 << 20;
  size_t answered_batches = 4;  // the batches whose answers may wait for the second thread; then the writer waits
};

/// Turns queued commands into decisions, one after the other, and commits many of them with one durable write
/// (architecture.md section 4). In the order of the queue, for each command: drop it if abandoned; replay the stored
/// answer of its (principal, method, request_id); otherwise stamp a strictly increasing time, run it under a
/// savepoint, store its answer. Then one Kv::Write, then all `done`: by a second thread when the next commands wait
/// already, so that giving answers and deciding overlap.
///
/// Answers are stored for refusals too, except UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED and INTERNAL.
///
/// Drive it with Step on one thread (the simulator, recovery before a start), then with Start/Stop, which give it a
/// thread of its own; never both at once.
class Writer {
 public:
  /// `kv` and `clock` must outlive the object. `on_failure` is called when a write fails: the outcome of every
  /// command in it is unknown, the writer takes no more, and the process is expected to stop.
  Writer(Kv& kv, const Clock& clock, WriterOptions options, std::function<void(const Error&)> on_failure);
  ~Writer();

  /// Queues a command. When it cannot be queued, `done` is called at once with QUEUE_FULL or UNAVAILABLE.
  void Submit(Command command);

  /// Runs one batch on the caller's thread; returns how many commands it completed.
  size_t Step();

  void Start();
  /// Refuses new commands, completes the queued ones, stops the threads. Idempotent.
  void Stop();

  /// Called after each commit that emitted events, on the writer's thread, with the newest sequence. Set before Start.
  void OnCommit(std::function<void(uint64_t last_sequence)> listener) { on_commit_ = std::move(listener); }

  /// Called after each commit with everything it changed, on the thread that runs batches. Set before the first Step.
  void OnApplied(std::function<void(const Overlay&)> listener) { on_applied_ = std::move(listener); }

  /// Removes stored answers older than `before`, batch by batch until `limit` are gone; returns how many. Call from
  /// within a command.
  static size_t RemoveAnswers(Txn& txn, Time before, size_t limit);

  /// The time of the last committed command, before this process or in it. Not while a thread runs batches.
  Time last_time() const { return last_time_; }
  size_t queued() const;

 private:
  struct Batch;
  // A batch after its write.
  struct Answered {
    std::vector<Command> commands;
    std::vector<Answer> answers;  // one for each
    std::optional<Error> failure;
  };

  std::vector<Command> Take();
  // Puts commands[from...] back at the head of the queue.
  void Requeue(std::vector<Command>& commands, size_t from);
  void Prefetch(const std::vector<Command>& commands, Batch& batch) const;
  Answer Run(const Command& command, Batch& batch);
  Answered RunBatch();
  void Deliver(Answered batch) const;
  void HandOver(Answered batch);
  void Loop();
  void AnswerLoop();

  Kv& kv_;
  ReadCache cache_;
  const Clock& clock_;
  const WriterOptions options_;
  const std::function<void(const Error&)> on_failure_;
  std::function<void(uint64_t)> on_commit_;
  std::function<void(const Overlay&)> on_applied_;

  // The writer's own state; touched by the thread that runs batches only.
  Time last_time_;
  uint64_t next_sequence_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Command> queue_;
  bool stopping_ = false;
  bool failed_ = false;
  std::thread thread_;

  std::mutex answers_mutex_;
  std::condition_variable answers_changed_;
  std::deque<Answered> answers_;
  bool no_more_answers_ = false;
  std::thread answers_thread_;
};

}  // namespace ttx::storage
