#pragma once

#include <functional>

#include "libs/storage/kv.h"

namespace ttx::testing {

/// What happens to one write of a FaultyKv.
enum class WriteFate {
  kCommit,
  kLoseAndFail,    // the process died before the write reached the disk
  kCommitAndFail,  // ... or after, but before anybody was told
};

/// A Kv whose writes meet the fate that `fate(n)` names for the n-th write (from 0). After a failed write every later
/// one fails and changes nothing: the process is dead. `base` must outlive the object; it is what survives the crash.
class FaultyKv : public storage::Kv {
 public:
  FaultyKv(storage::Kv& base, std::function<WriteFate(uint64_t)> fate) : base_(base), fate_(std::move(fate)) {}

  std::optional<std::string> Get(std::string_view key) const override { return base_.Get(key); }
  std::vector<std::optional<std::string>> MultiGet(const std::vector<std::string>& keys) const override {
    return base_.MultiGet(keys);
  }
  std::vector<storage::Entry> Scan(const storage::KeyRange& range, size_t limit,
                                   storage::Direction direction) const override {
    return base_.Scan(range, limit, direction);
  }
  std::unique_ptr<storage::Reader> Snapshot() const override { return base_.Snapshot(); }

  Status Write(const storage::WriteBatch& batch) override {
    const WriteFate fate = dead_ ? WriteFate::kLoseAndFail : fate_(writes_++);
    if (fate == WriteFate::kCommit) return base_.Write(batch);
    if (fate == WriteFate::kCommitAndFail) (void)base_.Write(batch);
    dead_ = true;
    return Error(Reason::kOUTCOME_UNKNOWN);
  }

  bool dead() const { return dead_; }
  uint64_t writes() const { return writes_; }

 private:
  storage::Kv& base_;
  const std::function<WriteFate(uint64_t)> fate_;
  uint64_t writes_ = 0;
  bool dead_ = false;
};

}  // namespace ttx::testing
