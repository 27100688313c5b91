#pragma once

#include <string_view>

namespace ttx {

/// Writes one line to standard error and aborts. For bugs and damaged data only: an expected failure is an `Error`.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition, std::string_view message) noexcept;

}  // namespace ttx

/// Stops the process when `condition` does not hold. Stays on in every build type.
#define TTX_CHECK(condition, message)                                        \
  do {                                                                       \
    if (!(condition)) [[unlikely]] {                                         \
      ::ttx::CheckFailed(__FILE__, __LINE__, #condition, message);           \
    }                                                                        \
  } while (false)
