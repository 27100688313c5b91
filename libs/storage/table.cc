#include "libs/storage/table.h"

namespace ttx::storage {

std::vector<Entry> ScanAfter(const Reader& reader, const Key& prefix, std::string_view after, size_t limit) {
  KeyRange range = PrefixRange(prefix.str());
  if (!after.empty()) range.begin = Key(prefix).Text(after).str() + '\0';
  return reader.Scan(range, limit);
}

std::vector<Entry> ScanAfter(const Reader& reader, const Key& prefix, uint64_t after, size_t limit) {
  return reader.Scan({Key(prefix).U64(after + 1).str(), PrefixRange(prefix.str()).end}, limit);
}

std::vector<std::string> ListTexts(const Reader& reader, const Key& prefix, std::string_view after,
                                   size_t limit) {
  const size_t start = prefix.str().size();
  std::vector<std::string> texts;
  for (const Entry& entry : ScanAfter(reader, prefix, after, limit)) {
    TTX_CHECK(entry.key.find('\0', start) == entry.key.size() - 1, "a key does not end with one text");
    texts.push_back(entry.key.substr(start, entry.key.size() - start - 1));
  }
  return texts;
}

std::string NumberValue(uint64_t number) {
  std::string value;
  AppendU64(value, number);
  return value;
}

uint64_t NumberOf(std::string_view value) {
  const std::optional<uint64_t> number = TakeU64(value);
  TTX_CHECK(number.has_value() && value.empty(), "a value is not one number");
  return *number;
}

uint64_t FindNumber(const Reader& reader, std::string_view key) {
  const std::optional<std::string> value = reader.Get(key);
  return value ? NumberOf(*value) : 0;
}

uint64_t LastNumber(const Reader& reader, const Key& prefix) {
  const std::vector<Entry> last = reader.Scan(PrefixRange(prefix.str()), 1, Direction::kReverse);
  return last.empty() ? 0 : NumberOf(std::string_view(last[0].key).substr(prefix.str().size()));
}

void MoveDue(Txn& txn, std::string_view subject, std::optional<Time> before, std::optional<Time> after) {
  if (before == after) return;
  if (before) txn.ClearDue(*before, subject);
  if (after) txn.SetDue(*after, subject);
}

}  // namespace ttx::storage
