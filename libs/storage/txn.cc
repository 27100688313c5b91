#include "libs/storage/txn.h"

#include <iterator>

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

// The changes in a range, one after the other in either direction.
class OverlayCursor {
 public:
  OverlayCursor(const Overlay& overlay, const KeyRange& range, Direction direction)
      : forward_(direction == Direction::kForward),
        begin_(overlay.lower_bound(range.begin)),
        end_(range.begin < range.end ? overlay.lower_bound(range.end) : begin_) {}

  bool done() const { return begin_ == end_; }
  const std::string& key() const { return at()->first; }
  const std::optional<std::string>& value() const { return at()->second; }
  void Next() { forward_ ? ++begin_ : --end_; }

 private:
  Overlay::const_iterator at() const { return forward_ ? begin_ : std::prev(end_); }

  const bool forward_;
  Overlay::const_iterator begin_;
  Overlay::const_iterator end_;
};

// The stored entries of a range, read in pages of `page` entries.
class StoredCursor {
 public:
  StoredCursor(const Reader& reader, KeyRange range, size_t page, Direction direction)
      : reader_(reader), range_(std::move(range)), page_(page), direction_(direction) {
    Read();
  }

  bool done() const { return next_ == entries_.size(); }
  const std::string& key() const { return entries_[next_].key; }
  std::optional<std::string> value() { return std::move(entries_[next_].value); }
  void Next() {
    if (++next_ < entries_.size() || entries_.size() < page_) return;
    if (direction_ == Direction::kForward) {
      range_.begin = entries_.back().key + '\0';
    } else {
      range_.end = entries_.back().key;
    }
    Read();
  }

 private:
  void Read() {
    entries_ = reader_.Scan(range_, page_, direction_);
    next_ = 0;
  }

  const Reader& reader_;
  KeyRange range_;
  const size_t page_;
  const Direction direction_;
  std::vector<Entry> entries_;
  size_t next_ = 0;
};

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
  std::vector<Entry> entries;
  if (limit == 0) return entries;
  OverlayCursor staged(staged_, range, direction);
  OverlayCursor batch(batch_, range, direction);
  StoredCursor stored(base_, range, limit, direction);
  const auto comes_first = [direction](const std::string& a, const std::string& b) {
    return direction == Direction::kForward ? a < b : b < a;
  };
  while (entries.size() < limit) {
    const std::string* first = nullptr;
    const auto look = [&](const auto& cursor) {
      if (!cursor.done() && (first == nullptr || comes_first(cursor.key(), *first))) first = &cursor.key();
    };
    look(staged);
    look(batch);
    look(stored);
    if (first == nullptr) break;
    const std::string key = *first;
    std::optional<std::optional<std::string>> newest;
    const auto take = [&](auto& cursor) {
      if (cursor.done() || cursor.key() != key) return;
      if (!newest) newest = cursor.value();
      cursor.Next();
    };
    take(staged);
    take(batch);
    take(stored);
    if (*newest) entries.push_back({key, std::move(**newest)});
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
