#include "libs/storage/rocks_kv.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <filesystem>

#include "libs/storage/rocks_wal.h"

namespace ttx::storage {
namespace {

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }

void CheckRead(const rocksdb::Status& status) {
  TTX_CHECK(status.ok() || status.IsNotFound(), "the store cannot be read: " + status.ToString());
}

// Reads at one rocksdb::ReadOptions, with or without a snapshot.
class View {
 public:
  View(rocksdb::DB* db, const rocksdb::Snapshot* snapshot) : db_(db) { options_.snapshot = snapshot; }

  std::optional<std::string> Get(std::string_view key) const {
    rocksdb::PinnableSlice value;
    const rocksdb::Status status = db_->Get(options_, db_->DefaultColumnFamily(), ToSlice(key), &value);
    CheckRead(status);
    return status.ok() ? std::optional(value.ToString()) : std::nullopt;
  }

  std::vector<std::optional<std::string>> MultiGet(const std::vector<std::string>& keys) const {
    const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
    std::vector<rocksdb::PinnableSlice> values(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    db_->MultiGet(options_, db_->DefaultColumnFamily(), slices.size(), slices.data(), values.data(), statuses.data());
    std::vector<std::optional<std::string>> out(keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
      CheckRead(statuses[i]);
      if (statuses[i].ok()) out[i] = values[i].ToString();
    }
    return out;
  }

  std::vector<Entry> Scan(const KeyRange& range, size_t limit, Direction direction) const {
    std::vector<Entry> entries;
    if (range.begin >= range.end || limit == 0) return entries;
    const rocksdb::Slice lower = ToSlice(range.begin);
    const rocksdb::Slice upper = ToSlice(range.end);
    rocksdb::ReadOptions options = options_;
    options.iterate_lower_bound = &lower;
    options.iterate_upper_bound = &upper;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options));
    const bool forward = direction == Direction::kForward;
    forward ? it->SeekToFirst() : it->SeekToLast();
    for (; it->Valid() && entries.size() < limit; forward ? it->Next() : it->Prev()) {
      entries.push_back({it->key().ToString(), it->value().ToString()});
    }
    CheckRead(it->status());
    return entries;
  }

 private:
  rocksdb::DB* const db_;
  rocksdb::ReadOptions options_;
};

class RocksSnapshot : public Reader {
 public:
  explicit RocksSnapshot(std::shared_ptr<rocksdb::DB> db)
      : db_(std::move(db)), snapshot_(db_->GetSnapshot()), view_(db_.get(), snapshot_) {}
  ~RocksSnapshot() override { db_->ReleaseSnapshot(snapshot_); }

  std::optional<std::string> Get(std::string_view key) const override { return view_.Get(key); }
  std::vector<std::optional<std::string>> MultiGet(const std::vector<std::string>& keys) const override {
    return view_.MultiGet(keys);
  }
  std::vector<Entry> Scan(const KeyRange& range, size_t limit, Direction direction) const override {
    return view_.Scan(range, limit, direction);
  }

 private:
  const std::shared_ptr<rocksdb::DB> db_;
  const rocksdb::Snapshot* const snapshot_;
  const View view_;
};

class RocksKv : public Kv {
 public:
  explicit RocksKv(std::shared_ptr<rocksdb::DB> db) : db_(std::move(db)), view_(db_.get(), nullptr) {}

  std::optional<std::string> Get(std::string_view key) const override { return view_.Get(key); }
  std::vector<std::optional<std::string>> MultiGet(const std::vector<std::string>& keys) const override {
    return view_.MultiGet(keys);
  }
  std::vector<Entry> Scan(const KeyRange& range, size_t limit, Direction direction) const override {
    return view_.Scan(range, limit, direction);
  }
  std::unique_ptr<Reader> Snapshot() const override { return std::make_unique<RocksSnapshot>(db_); }

  Status Write(const WriteBatch& batch) override {
    rocksdb::WriteBatch native(0, 0, /*protection_bytes_per_key=*/8, 0);
    for (const auto& [key, value] : batch.changes()) {
      const rocksdb::Status staged =
          value ? native.Put(ToSlice(key), ToSlice(*value)) : native.Delete(ToSlice(key));
      if (!staged.ok()) return Error(Reason::kOUTCOME_UNKNOWN, {{"detail", staged.ToString()}});
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    const rocksdb::Status status = db_->Write(options, &native);
    if (!status.ok()) return Error(Reason::kOUTCOME_UNKNOWN, {{"detail", status.ToString()}});
    return {};
  }

 private:
  const std::shared_ptr<rocksdb::DB> db_;
  const View view_;
};

// Where a key goes in the memtable: near the key before it of the same table and, in tables by owner, of the same
// owner. Most keys that are written rise within that, and are then put there without a search.
class Neighbourhood : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "ttx.Neighbourhood"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), key.size() > kOwnerBytes ? kOwnerBytes : kTableBytes};
  }
  bool InDomain(const rocksdb::Slice& key) const override { return !key.empty(); }

 private:
  static constexpr size_t kTableBytes = 1;
  static constexpr size_t kOwnerBytes = kTableBytes + 26;  // an id's text
};

// A flush or compaction that failed must not leave a process that serves on what it can no longer keep.
class StopOnBackgroundError : public rocksdb::EventListener {
 public:
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override {
    TTX_CHECK(false, "the store failed in the background: " + status->ToString());
  }
};

// RocksDB makes a new store wherever CURRENT is missing, whatever else lies there; what is left of a damaged store must
// not be served as an empty one.
Status CheckIsNewOrWhole(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code failed;
  if (fs::exists(fs::path(path) / "CURRENT", failed)) return {};
  for (fs::directory_iterator it(path, failed), end; !failed && it != end; it.increment(failed)) {
    const std::string extension = it->path().extension().string();
    if (extension == ".log" || extension == ".sst") {
      return Error(Reason::kDATA_DAMAGED,
                   {{"path", path}, {"detail", "CURRENT is missing beside " + it->path().filename().string()}});
    }
  }
  return {};
}

// The profile of architecture.md section 8. Each line guards against a fault measured or fixed after RocksDB 7.8.
rocksdb::Options Profile(const RocksOptions& from) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.track_and_verify_wals_in_manifest = true;
  options.max_bgerror_resume_count = 0;
  options.listeners.push_back(std::make_shared<StopOnBackgroundError>());
  options.recycle_log_file_num = 0;
  options.wal_compression = rocksdb::kNoCompression;
  options.allow_mmap_writes = false;
  options.paranoid_checks = true;
  options.max_write_buffer_number = 2;
  options.max_background_jobs = 2;
  options.write_buffer_size = static_cast<size_t>(from.write_buffer_bytes);
  // Every write asks first whether its request id is known, and mostly it is not.
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = 0.05;
  options.memtable_insert_with_hint_prefix_extractor = std::make_shared<Neighbourhood>();
  options.keep_log_file_num = 4;
  options.max_open_files = 256;
  rocksdb::BlockBasedTableOptions table;
  // Few shards: index blocks are kept in the cache too, and one must fit into a shard many times over, or every read
  // loads it again.
  table.block_cache = rocksdb::NewLRUCache(static_cast<size_t>(from.block_cache_bytes), /*num_shard_bits=*/1);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

// Another opener holds the store, in this process or another; not: the LOCK file could not be opened.
bool IsHeld(const rocksdb::Status& status) {
  const std::string text = status.ToString();
  return text.find("lock hold by current process") != text.npos || text.find("While lock file") != text.npos;
}

}  // namespace

Result<std::unique_ptr<Kv>> OpenRocksKv(const RocksOptions& options) {
  TTX_RETURN_IF_ERROR(CheckIsNewOrWhole(options.path));
  TTX_RETURN_IF_ERROR(VerifyWals(options.path));
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(Profile(options), options.path, &db);
  if (!status.ok()) {
    const std::map<std::string, std::string> details = {{"path", options.path}, {"detail", status.ToString()}};
    if (status.IsCorruption()) return Error(Reason::kDATA_DAMAGED, details);
    if (IsHeld(status)) return Error(Reason::kDATA_LOCKED, details);
    return Error(Reason::kDATA_UNREADABLE, details);
  }
  return std::unique_ptr<Kv>(std::make_unique<RocksKv>(std::shared_ptr<rocksdb::DB>(db)));
}

}  // namespace ttx::storage
