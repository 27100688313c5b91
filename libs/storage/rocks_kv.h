#pragma once

#include <memory>
#include <string>

#include "libs/storage/kv.h"

namespace ttx::storage {

struct RocksOptions {
  std::string path;
  int64_t block_cache_bytes = 32 << 20;
  int64_t write_buffer_bytes = 32 << 20;
};

/// Opens (or makes) a RocksDB at `path` with the profile of architecture.md section 8. DATA_DAMAGED when the store
/// is corrupt, DATA_LOCKED when another process has it open, DATA_UNREADABLE otherwise. After opening, damage found
/// by a read stops the process.
Result<std::unique_ptr<Kv>> OpenRocksKv(const RocksOptions& options);

}  // namespace ttx::storage
