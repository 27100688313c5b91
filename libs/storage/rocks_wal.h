#pragma once

#include <string>

#include "libs/core/result.h"

namespace ttx::storage {

/// Looks at the write-ahead logs of the RocksDB at `path` before it is opened. RocksDB takes a record whose length
/// points past the end of the file for the torn end of a crashed write, and skips what follows a zeroed header: a
/// fault of the medium in the wrong place thus loses acknowledged writes without a word. A complete record that lies
/// there proves the damage: DATA_DAMAGED. Everything else is left to RocksDB; nothing is changed.
Status VerifyWals(const std::string& path);

}  // namespace ttx::storage
