#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "libs/core/time.h"
#include "libs/storage/kv.h"

namespace ttx::storage {

/// Table ids the shell keeps in every service's key space; services use ids from kFirstServiceTable on.
/// Part of the format on disk: do not renumber.
enum class ShellTable : uint8_t {
  kMeta = 0x01,          // text name -> the writer's own state
  kOutbox = 0x02,        // u64 sequence -> OutboxEvent
  kAnswer = 0x03,        // text principal, text method, text request_id -> stored answer
  kAnswerByTime = 0x04,  // i64 time of a batch's last command -> keys of its answers, for removal
  kDue = 0x05,           // i64 time, text subject -> nothing
  kFeedCursor = 0x06,    // text source -> u64 sequence of the last event taken
  kFeedRefusal = 0x07,   // text source, u64 sequence -> why the event had no effect
};
inline constexpr uint8_t kFirstServiceTable = 0x10;

/// One entry of a service's permanent event log.
struct OutboxEvent {
  uint64_t sequence = 0;  // 1, 2, 3 ... without gaps
  Time time;
  std::string payload;  // the service's private event record
};

/// What a batch of commands has changed so far.
using Overlay = Changes;

/// One command's view of the store: reads see its own writes, then those of earlier commands of the batch,
/// then the store. Writes are staged; the Writer commits them together with everything else in the batch.
class Txn : public Reader {
 public:
  /// `base`, `batch` and `prefetched` must outlive the object. Events get sequences from `next_sequence` on.
  Txn(const Reader& base, const Overlay& batch,
      const std::unordered_map<std::string, std::optional<std::string>>& prefetched, Time now,
      uint64_t next_sequence)
      : base_(base), batch_(batch), prefetched_(prefetched), now_(now), next_sequence_(next_sequence) {}

  std::optional<std::string> Get(std::string_view key) const override;
  std::vector<std::optional<std::string>> MultiGet(const std::vector<std::string>& keys) const override;
  std::vector<Entry> Scan(const KeyRange& range, size_t limit,
                          Direction direction = Direction::kForward) const override;

  void Put(std::string key, std::string value);
  void Delete(std::string key);
  /// Appends to the service's event log and returns the event's sequence.
  uint64_t Emit(std::string payload);
  /// Plans a call of the service's due handler for `subject` at `time` or soon after. Any number per subject.
  void SetDue(Time time, std::string_view subject);
  void ClearDue(Time time, std::string_view subject);

  /// The command's time: strictly later than that of every command before it.
  Time now() const { return now_; }

  /// Makes staged changes survive a refusal: for commands whose refusal itself is recorded.
  void KeepOnError() { keep_on_error_ = true; }
  /// Drops everything staged.
  void Discard();

  // For the Writer.
  const Overlay& staged() const { return staged_; }
  /// Moves what is staged into `batch`, over what is there.
  void MoveInto(Overlay& batch);
  size_t staged_bytes() const { return staged_bytes_; }
  uint64_t next_sequence() const { return next_sequence_; }
  bool keeps_on_error() const { return keep_on_error_; }

 private:
  const Reader& base_;
  const Overlay& batch_;
  const std::unordered_map<std::string, std::optional<std::string>>& prefetched_;
  const Time now_;
  uint64_t next_sequence_;
  uint64_t first_sequence_ = next_sequence_;
  Overlay staged_;
  size_t staged_bytes_ = 0;
  bool keep_on_error_ = false;
};

/// At most `limit` events after `after_sequence`, in order.
std::vector<OutboxEvent> ReadOutbox(const Reader& reader, uint64_t after_sequence, size_t limit);
/// The events at these sequences, which must exist.
std::vector<OutboxEvent> ReadOutboxAt(const Reader& reader, const std::vector<uint64_t>& sequences);
/// The sequence of the newest event, 0 when there is none.
uint64_t LastSequence(const Reader& reader);

struct Due {
  Time time;
  std::string subject;
};
/// The range of the planned calls' keys, one such key, and whether a call is still planned.
KeyRange DueRange();
Due ParseDueKey(std::string_view key);
bool HasDue(const Reader& reader, const Due& due);
/// The earliest planned calls, at most `limit`, with time <= `until`.
std::vector<Due> ReadDue(const Reader& reader, Time until, size_t limit);
/// The time of the earliest planned call.
std::optional<Time> NextDue(const Reader& reader);

}  // namespace ttx::storage
