#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/result.h"

namespace ttx::storage {

struct Entry {
  std::string key;
  std::string value;
  bool operator==(const Entry&) const = default;
};

/// Keys `begin <= key < end`, in byte order.
struct KeyRange {
  std::string begin;
  std::string end;
};

/// Every key that starts with `prefix`.
KeyRange PrefixRange(std::string_view prefix);

enum class Direction { kForward, kReverse };

/// A consistent view of one key space. Reads never fail: a store that finds damage stops the process, because
/// damaged data is never served (architecture.md section 8).
class Reader {
 public:
  virtual ~Reader() = default;
  virtual std::optional<std::string> Get(std::string_view key) const = 0;
  /// One answer per key, in the order asked.
  virtual std::vector<std::optional<std::string>> MultiGet(const std::vector<std::string>& keys) const = 0;
  /// At most `limit` entries of `range`, from its first key forward or from its last key backward.
  virtual std::vector<Entry> Scan(const KeyRange& range, size_t limit,
                                  Direction direction = Direction::kForward) const = 0;
};

/// The newest value of each key that changes, in byte order; nullopt when it is deleted.
using Changes = std::map<std::string, std::optional<std::string>, std::less<>>;

/// What one commit changes. The last operation on a key wins.
class WriteBatch {
 public:
  WriteBatch() = default;
  explicit WriteBatch(Changes changes) : changes_(std::move(changes)) {}

  void Put(std::string key, std::string value) { changes_.insert_or_assign(std::move(key), std::move(value)); }
  void Delete(std::string key) { changes_.insert_or_assign(std::move(key), std::nullopt); }
  const Changes& changes() const { return changes_; }
  bool empty() const { return changes_.empty(); }

 private:
  Changes changes_;
};

/// The storage port: an ordered key space with snapshots and atomic, durable writes. One contract suite
/// (tests/contract) runs on every implementation. Reads directly on a Kv see its newest committed state.
/// Reads are safe from any thread; Write is called by one thread at a time.
class Kv : public Reader {
 public:
  /// A view that later writes do not change. The Kv must outlive it.
  virtual std::unique_ptr<Reader> Snapshot() const = 0;
  /// All or nothing, and durable before it returns success. After an error the outcome is unknown
  /// (OUTCOME_UNKNOWN): the caller must stop and find out after a restart.
  virtual Status Write(const WriteBatch& batch) = 0;
};

}  // namespace ttx::storage
