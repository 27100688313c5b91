#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "libs/core/check.h"
#include "libs/storage/codec.h"
#include "libs/storage/txn.h"

namespace ttx::storage {

// What the stores of all services do alike. `Table` is a service's enum of table ids; a record is a protobuf
// message; `Check(state)` names what is wrong with a state and is found by its argument. Damage stops the
// process.

/// A key of `table` that begins with `texts`.
template <class Table, class... Texts>
requires std::is_enum_v<Table> Key In(Table table, const Texts&... texts) {
  Key key(static_cast<uint8_t>(table));
  (key.Text(texts), ...);
  return key;
}

template <class Table, class... Texts>
requires std::is_enum_v<Table> std::string KeyOf(Table table, const Texts&... texts) {
  return In(table, texts...).str();
}

template <class Record>
Record ParseRecord(std::string_view bytes) {
  Record record;
  TTX_CHECK(record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())),
            record.GetTypeName() + " cannot be read");
  return record;
}

template <class State>
void MustHold(const State& state) {
  const std::optional<std::string> violation = Check(state);
  TTX_CHECK(!violation, violation.value_or(""));
}

/// What an index names must be there.
template <class T>
T Present(std::optional<T> value) {
  TTX_CHECK(value.has_value(), "an indexed record is missing");
  return *std::move(value);
}

template <class Record>
std::optional<Record> FindRecord(const Reader& reader, std::string_view key) {
  const std::optional<std::string> bytes = reader.Get(key);
  return bytes ? std::optional(ParseRecord<Record>(*bytes)) : std::nullopt;
}

/// The state whose record stands at `key`, checked.
template <class Record, class State>
std::optional<State> Load(const Reader& reader, std::string_view key, State (*from_record)(const Record&)) {
  const std::optional<Record> record = FindRecord<Record>(reader, key);
  if (!record) return std::nullopt;
  State state = from_record(*record);
  MustHold(state);
  return state;
}

/// The id that an index keeps at `key`.
template <class Id>
std::optional<Id> FindId(const Reader& reader, std::string_view key) {
  std::optional<std::string> id = reader.Get(key);
  return id ? std::optional(Id{*std::move(id)}) : std::nullopt;
}

/// The entries of the keys that begin with `prefix` and go on with one text later than `after` (empty: any).
std::vector<Entry> ScanAfter(const Reader& reader, const Key& prefix, std::string_view after, size_t limit);
/// The same for keys that go on with a number.
std::vector<Entry> ScanAfter(const Reader& reader, const Key& prefix, uint64_t after, size_t limit);
/// The texts that the keys of ScanAfter end with.
std::vector<std::string> ListTexts(const Reader& reader, const Key& prefix, std::string_view after,
                                   size_t limit);

/// The values of `entries`.
template <class Record, class State>
std::vector<State> FromEntries(const std::vector<Entry>& entries, State (*from_record)(const Record&)) {
  std::vector<State> states;
  for (const Entry& entry : entries) states.push_back(from_record(ParseRecord<Record>(entry.value)));
  return states;
}

/// `load(id)` of each id that an index lists: every one must be there.
template <class LoadOne>
auto LoadEach(const std::vector<std::string>& ids, LoadOne load) {
  std::vector<typename std::invoke_result_t<LoadOne, const std::string&>::value_type> loaded;
  for (const std::string& id : ids) loaded.push_back(Present(load(id)));
  return loaded;
}

/// `from_outbox` of at most `limit` events after `after_sequence`.
template <class FromOutbox>
auto ReadEvents(const Reader& reader, uint64_t after_sequence, size_t limit, FromOutbox from_outbox) {
  std::vector<std::invoke_result_t<FromOutbox, const OutboxEvent&>> events;
  for (const OutboxEvent& event : ReadOutbox(reader, after_sequence, limit))
    events.push_back(from_outbox(event));
  return events;
}

/// A value that is one number.
std::string NumberValue(uint64_t number);
uint64_t NumberOf(std::string_view value);
/// The number at `key`, 0 at first.
uint64_t FindNumber(const Reader& reader, std::string_view key);
/// The number that the last of the keys with `prefix` goes on with, 0 when there is none.
uint64_t LastNumber(const Reader& reader, const Key& prefix);

/// Moves the planned call for `subject` to where its state has it now.
void MoveDue(Txn& txn, std::string_view subject, std::optional<Time> before, std::optional<Time> after);

}  // namespace ttx::storage
