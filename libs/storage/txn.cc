#include "libs/storage/txn.h"

#include "libs/storage/codec.h"

namespace ttx::storage {
namespace {

constexpr uint8_t Table(ShellTable table) { return static_cast<uint8_t>(table); }

std::string OutboxKey(uint64_t sequence) { return Key(Table(ShellTable::kOutbox)).U64(sequence).str(); }

std::string DueKey(Time time, std::string_view subject) {
  return Key(Table(ShellTable::kDue)).I64(time.ns).Text(subject).str();
}

OutboxEvent DecodeOutbox(uint64_t sequence, std::string_view value) {
  const std::optional<uint64_t> time = TakeU64(value);
  TTX_CHECK(time.has_value(), "outbox entry too short");
  return {sequence, Time{static_cast<int64_t>(*time)}, std::string(value)};
}

const std::optional<std::string>* Find(const Overlay& overlay, std::string_view key) {
  const auto it = overlay.find(key);
  return it == overlay.end() ? nullptr : &it->second;
}

// Lays `overlay` over the `below` entries of `range`, which are complete up to where the scan of them
// stopped.
void Lay(const Overlay& overlay, const KeyRange& range, std::map<std::string, std::string>& below) {
  for (auto it = overlay.lower_bound(range.begin); it != overlay.end() && it->first < range.end; ++it) {
    if (it->second) {
      below.insert_or_assign(it->first, *it->second);
    } else {
      below.erase(it->first);
    }
  }
}

}  // namespace

std::optional<std::string> Txn::Get(std::string_view key) const {
  if (const auto* value = Find(staged_, key)) return *value;
  if (const auto* value = Find(batch_, key)) return *value;
  if (const auto it = prefetched_.find(std::string(key)); it != prefetched_.end()) return it->second;
  return base_.Get(key);
}

std::vector<std::optional<std::string>> Txn::MultiGet(const std::vector<std::string>& keys) const {
  std::vector<std::optional<std::string>> values;
  values.reserve(keys.size());
  for (const std::string& key : keys) values.push_back(Get(key));
  return values;
}

std::vector<Entry> Txn::Scan(const KeyRange& range, size_t limit, Direction direction) const {
  // Staged deletions can hide at most as many stored entries as there are staged operations in the range.
  size_t staged_in_range = 0;
  for (const Overlay* overlay : {&batch_, &staged_}) {
    for (auto it = overlay->lower_bound(range.begin); it != overlay->end() && it->first < range.end; ++it) {
      ++staged_in_range;
    }
  }
  if (staged_in_range == 0) return base_.Scan(range, limit, direction);
  const size_t wanted = limit + staged_in_range;
  std::map<std::string, std::string> merged;
  for (Entry& entry : base_.Scan(range, wanted, direction))
    merged.emplace(std::move(entry.key), std::move(entry.value));
  const bool complete = merged.size() < wanted;
  // Beyond the last stored entry that was read nothing is known, so staged entries there must not be mixed
  // in.
  KeyRange known = range;
  if (!complete && direction == Direction::kForward) known.end = merged.rbegin()->first + '\0';
  if (!complete && direction == Direction::kReverse) known.begin = merged.begin()->first;
  Lay(batch_, known, merged);
  Lay(staged_, known, merged);
  std::vector<Entry> entries;
  if (direction == Direction::kForward) {
    for (auto it = merged.begin(); it != merged.end() && entries.size() < limit; ++it) {
      entries.push_back({it->first, it->second});
    }
  } else {
    for (auto it = merged.rbegin(); it != merged.rend() && entries.size() < limit; ++it) {
      entries.push_back({it->first, it->second});
    }
  }
  return entries;
}

void Txn::Put(std::string key, std::string value) {
  staged_bytes_ += key.size() + value.size();
  staged_.insert_or_assign(std::move(key), std::move(value));
}

void Txn::Delete(std::string key) {
  staged_bytes_ += key.size();
  staged_.insert_or_assign(std::move(key), std::nullopt);
}

uint64_t Txn::Emit(std::string payload) {
  const uint64_t sequence = next_sequence_++;
  std::string value;
  AppendU64(value, static_cast<uint64_t>(now_.ns));
  value += payload;
  Put(OutboxKey(sequence), std::move(value));
  return sequence;
}

void Txn::SetDue(Time time, std::string_view subject) { Put(DueKey(time, subject), ""); }

void Txn::ClearDue(Time time, std::string_view subject) { Delete(DueKey(time, subject)); }

void Txn::MoveInto(Overlay& batch) {
  while (!staged_.empty()) {
    auto inserted = batch.insert(staged_.extract(staged_.begin()));
    if (!inserted.inserted) inserted.position->second = std::move(inserted.node.mapped());
  }
  staged_bytes_ = 0;
}

void Txn::Discard() {
  staged_.clear();
  staged_bytes_ = 0;
  next_sequence_ = first_sequence_;
  keep_on_error_ = false;
}

std::vector<OutboxEvent> ReadOutbox(const Reader& reader, uint64_t after_sequence, size_t limit) {
  const KeyRange all = PrefixRange(Key(Table(ShellTable::kOutbox)).str());
  std::vector<OutboxEvent> events;
  for (const Entry& entry : reader.Scan({OutboxKey(after_sequence + 1), all.end}, limit)) {
    events.push_back(DecodeOutbox(KeyReader(entry.key, Table(ShellTable::kOutbox)).U64(), entry.value));
  }
  return events;
}

std::vector<OutboxEvent> ReadOutboxAt(const Reader& reader, const std::vector<uint64_t>& sequences) {
  std::vector<std::string> keys;
  for (const uint64_t sequence : sequences) keys.push_back(OutboxKey(sequence));
  const auto values = reader.MultiGet(keys);
  std::vector<OutboxEvent> events;
  for (size_t i = 0; i < sequences.size(); ++i) {
    TTX_CHECK(values[i].has_value(), "an indexed event is missing");
    events.push_back(DecodeOutbox(sequences[i], *values[i]));
  }
  return events;
}

uint64_t LastSequence(const Reader& reader) {
  const auto last = reader.Scan(PrefixRange(Key(Table(ShellTable::kOutbox)).str()), 1, Direction::kReverse);
  return last.empty() ? 0 : KeyReader(last[0].key, Table(ShellTable::kOutbox)).U64();
}

KeyRange DueRange() { return PrefixRange(Key(Table(ShellTable::kDue)).str()); }

Due ParseDueKey(std::string_view key) {
  KeyReader reader(key, Table(ShellTable::kDue));
  const Time time{reader.I64()};
  return {time, reader.Text()};
}

bool HasDue(const Reader& reader, const Due& due) {
  return reader.Get(DueKey(due.time, due.subject)).has_value();
}

std::vector<Due> ReadDue(const Reader& reader, Time until, size_t limit) {
  const KeyRange range = {Key(Table(ShellTable::kDue)).str(), DueKey(until + Nanoseconds(1), "")};
  std::vector<Due> due;
  for (const Entry& entry : reader.Scan(range, limit)) due.push_back(ParseDueKey(entry.key));
  return due;
}

std::optional<Time> NextDue(const Reader& reader) {
  const auto first = reader.Scan(PrefixRange(Key(Table(ShellTable::kDue)).str()), 1);
  if (first.empty()) return std::nullopt;
  return Time{KeyReader(first[0].key, Table(ShellTable::kDue)).I64()};
}

}  // namespace ttx::storage
