#include "libs/storage/mem_kv.h"

namespace ttx::storage {
namespace {

using Map = std::map<std::string, std::string, std::less<>>;

std::optional<std::string> GetFrom(const Map& map, std::string_view key) {
  const auto it = map.find(key);
  return it == map.end() ? std::nullopt : std::optional(it->second);
}

std::vector<std::optional<std::string>> MultiGetFrom(const Map& map, const std::vector<std::string>& keys) {
  std::vector<std::optional<std::string>> values;
  values.reserve(keys.size());
  for (const std::string& key : keys) values.push_back(GetFrom(map, key));
  return values;
}

std::vector<Entry> ScanFrom(const Map& map, const KeyRange& range, size_t limit, Direction direction) {
  std::vector<Entry> entries;
  if (range.begin >= range.end) return entries;
  const auto first = map.lower_bound(range.begin);
  const auto last = map.lower_bound(range.end);
  if (direction == Direction::kForward) {
    for (auto it = first; it != last && entries.size() < limit; ++it) entries.push_back({it->first, it->second});
  } else {
    for (auto it = last; it != first && entries.size() < limit;) {
      --it;
      entries.push_back({it->first, it->second});
    }
  }
  return entries;
}

}  // namespace

class MemKv::View : public Reader {
 public:
  View(std::shared_ptr<const Map> map, std::mutex& mutex) : map_(std::move(map)), mutex_(mutex) {}
  // Under the mutex, so that a writer that finds itself the map's only owner has seen this reader finish.
  ~View() override {
    const std::lock_guard lock(mutex_);
    map_.reset();
  }
  std::optional<std::string> Get(std::string_view key) const override { return GetFrom(*map_, key); }
  std::vector<std::optional<std::string>> MultiGet(const std::vector<std::string>& keys) const override {
    return MultiGetFrom(*map_, keys);
  }
  std::vector<Entry> Scan(const KeyRange& range, size_t limit, Direction direction) const override {
    return ScanFrom(*map_, range, limit, direction);
  }

 private:
  std::shared_ptr<const Map> map_;
  std::mutex& mutex_;
};

std::optional<std::string> MemKv::Get(std::string_view key) const {
  const std::lock_guard lock(mutex_);
  return GetFrom(*map_, key);
}

std::vector<std::optional<std::string>> MemKv::MultiGet(const std::vector<std::string>& keys) const {
  const std::lock_guard lock(mutex_);
  return MultiGetFrom(*map_, keys);
}

std::vector<Entry> MemKv::Scan(const KeyRange& range, size_t limit, Direction direction) const {
  const std::lock_guard lock(mutex_);
  return ScanFrom(*map_, range, limit, direction);
}

std::unique_ptr<Reader> MemKv::Snapshot() const {
  const std::lock_guard lock(mutex_);
  return std::make_unique<View>(map_, mutex_);
}

Status MemKv::Write(const WriteBatch& batch) {
  const std::lock_guard lock(mutex_);
  if (map_.use_count() > 1) map_ = std::make_shared<Map>(*map_);
  for (const auto& [key, value] : batch.changes()) {
    if (value) {
      map_->insert_or_assign(key, *value);
    } else {
      map_->erase(key);
    }
  }
  return {};
}

}  // namespace ttx::storage
