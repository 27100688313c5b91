#pragma once

#include <random>

#include "libs/core/id.h"

namespace ttx::testing {

/// Identifiers that follow from a seed. For one thread.
class SeededIds : public IdSource {
 public:
  explicit SeededIds(uint64_t seed) : engine_(seed) {}
  std::string RandomBytes(size_t count) override {
    std::string bytes(count, '\0');
    for (char& byte : bytes) byte = static_cast<char>(engine_() & 0xff);
    return bytes;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace ttx::testing
