#pragma once

#include <map>
#include <mutex>

#include "libs/storage/kv.h"

namespace ttx::storage {

/// The port in memory, for tests and the simulator. Same meaning as RocksKv, nothing survives the object.
class MemKv : public Kv {
 public:
  std::optional<std::string> Get(std::string_view key) const override;
  std::vector<std::optional<std::string>> MultiGet(const std::vector<std::string>& keys) const override;
  std::vector<Entry> Scan(const KeyRange& range, size_t limit, Direction direction) const override;
  std::unique_ptr<Reader> Snapshot() const override;
  Status Write(const WriteBatch& batch) override;

 private:
  using Map = std::map<std::string, std::string, std::less<>>;
  class View;

  // Snapshots share the map; a write copies it only while a snapshot is alive.
  mutable std::mutex mutex_;
  std::shared_ptr<Map> map_ = std::make_shared<Map>();
};

}  // namespace ttx::storage
