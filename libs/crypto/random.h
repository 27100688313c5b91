#pragma once

#include <cstddef>
#include <string>

#include "libs/core/id.h"

namespace ttx::crypto {

/// Bytes nobody can foresee, for keys, salts and secrets. The process stops when the operating system gives
/// none.
std::string RandomBytes(size_t count);

/// Identifiers whose randomness comes from the operating system. Safe from any thread.
class OsIds : public IdSource {
 public:
  std::string RandomBytes(size_t count) override { return crypto::RandomBytes(count); }
};

}  // namespace ttx::crypto
