#pragma once

#include <cstddef>
#include <string>

#include "libs/core/time.h"

namespace ttx::gateway {

/// Time since some start that never goes back: for measuring, never for deciding what is legal.
Time MonotonicNow();

/// Lower-case hex digits of so many random bytes of the operating system.
std::string RandomHex(size_t bytes);

}  // namespace ttx::gateway
