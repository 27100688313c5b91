#pragma once

#include "libs/storage/kv.h"

namespace ttx::testing {

/// A Reader that counts what is read: each key that is asked for and each entry that a scan gives. `base` must outlive
/// the object.
class CountingReader : public storage::Reader {
 public:
  explicit CountingReader(const storage::Reader& base) : base_(base) {}

  std::optional<std::string> Get(std::string_view key) const override {
    ++reads_;
    return base_.Get(key);
  }
  std::vector<std::optional<std::string>> MultiGet(const std::vector<std::string>& keys) const override {
    reads_ += keys.size();
    return base_.MultiGet(keys);
  }
  std::vector<storage::Entry> Scan(const storage::KeyRange& range, size_t limit,
                                   storage::Direction direction) const override {
    std::vector<storage::Entry> entries = base_.Scan(range, limit, direction);
    reads_ += entries.size();
    return entries;
  }

  size_t reads() const { return reads_; }

 private:
  const storage::Reader& base_;
  mutable size_t reads_ = 0;
};

}  // namespace ttx::testing
