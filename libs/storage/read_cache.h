#pragma once

#include <bitset>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libs/storage/kv.h"

namespace ttx::storage {

/// The values the only writer of a store has read lately, as they are committed. Whoever else reads the store reads the
/// store. Bounded: it keeps two generations, and when the young one is full, the old one goes.
class ReadCache : public Reader {
 public:
  /// `base` must outlive the object. Keeps at most 2 x `generation_keys` values of at most `value_bytes` each.
  explicit ReadCache(const Reader& base, size_t generation_keys = 16384, size_t value_bytes = 4096)
      : base_(base), generation_keys_(generation_keys), value_bytes_(value_bytes) {}

  std::optional<std::string> Get(std::string_view key) const override;
  std::vector<std::optional<std::string>> MultiGet(const std::vector<std::string>& keys) const override {
    return base_.MultiGet(keys);
  }
  std::vector<Entry> Scan(const KeyRange& range, size_t limit, Direction direction) const override {
    return base_.Scan(range, limit, direction);
  }

  /// After a commit: what it changed.
  void Apply(const Changes& changes);

  size_t size() const { return young_.size() + old_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };
  using Generation = std::unordered_map<std::string, std::string, Hash, std::equal_to<>>;

  void Keep(std::string key, std::string value) const;

  const Reader& base_;
  const size_t generation_keys_;
  const size_t value_bytes_;
  // Tables, the first byte of keys, of which values were ever kept: most commits add to logs that nobody reads by key.
  mutable std::bitset<256> tables_;
  mutable Generation young_;
  mutable Generation old_;
};

}  // namespace ttx::storage
