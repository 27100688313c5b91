#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "libs/core/result.h"
#include "libs/rpc/directory.h"
#include "libs/rpc/identity.h"
#include "libs/storage/shell.h"

namespace ttx::rpc {

/// One event of another service: its proto `Event` message, serialized.
struct FeedEvent {
  uint64_t sequence = 0;
  std::string bytes;
  uint64_t previous = sequence - 1;  // the sequence of the event before it among those the consumer is sent; 0 for none
  // For people who look for what became of it; may be empty.
  std::string type{};      // "listing_published"
  std::string resource{};  // "listings/1"
};

/// Where a feed's events come from: the network, or the simulator.
class FeedSource {
 public:
  virtual ~FeedSource() = default;
  /// Events after `after_sequence` in order, at most `limit`; may wait up to `wait` for the first one. Events may
  /// come twice; a gap is a fault of the source and is refused by the feed.
  virtual Result<std::vector<FeedEvent>> Fetch(uint64_t after_sequence, int32_t limit, Duration wait) = 0;
  /// Makes a waiting Fetch return soon. Called from another thread.
  virtual void Cancel() = 0;
};

/// Calls `ListEvents` of the service's proto API over the directory's channel, as `self`. Of a service whose request
/// offers `milestones_only`, it asks for nothing else.
std::unique_ptr<FeedSource> MakeGrpcFeedSource(const Directory& directory, std::string service_full_name,
                                               ServiceIdentity self);

/// Consumes another service's events exactly once (architecture.md section 6): each event becomes one command of the
/// consumer's writer, and the cursor moves in the batch of the effect. An event whose handler refuses it has no
/// effect but is recorded (NewestRefusals) with the reason, so a poisoned event never blocks the chain. A handler that
/// answers UNAVAILABLE cannot take the event yet (its configuration lacks something): the event waits and comes again.
class Feed {
 public:
  using Handler = std::function<Status(storage::Txn&, const FeedEvent&)>;

  /// `source_name` keys the cursor ("listing"); `shell` must outlive the object. `on_refusal` (may be empty) is told
  /// of each refused event.
  Feed(std::string source_name, std::unique_ptr<FeedSource> source, storage::Shell& shell, Handler handler,
       std::function<void(const std::string& source, uint64_t sequence, const Error&)> on_refusal);
  ~Feed();

  void Start();
  void Stop();

  /// One fetch and its submission, without a thread and without waiting for the commands: for the simulator.
  /// Returns how many events it submitted.
  size_t Step(int32_t limit);

  const std::string& source_name() const { return source_name_; }

 private:
  storage::Command MakeCommand(FeedEvent event);
  void Loop();

  const std::string source_name_;
  const std::unique_ptr<FeedSource> source_;
  storage::Shell& shell_;
  const Handler handler_;
  const std::function<void(const std::string&, uint64_t, const Error&)> on_refusal_;

  std::mutex mutex_;
  std::condition_variable wake_;
  size_t in_flight_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

/// The sequence of the last event of `source_name` that took effect.
uint64_t FeedCursor(const storage::Reader& reader, std::string_view source_name);

/// An event of a source that had no effect, and why.
struct FeedRefusal {
  uint64_t sequence = 0;
  std::string reason;
  std::string type;      // as FeedEvent's
  std::string resource;  // as FeedEvent's
  bool operator==(const FeedRefusal&) const = default;
};
/// At most `limit` of the events of `source_name` without effect, newest first.
std::vector<FeedRefusal> NewestRefusals(const storage::Reader& reader, std::string_view source_name, size_t limit);

}  // namespace ttx::rpc
