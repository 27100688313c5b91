#include "libs/core/check.h"

#include <cstdio>
#include <cstdlib>

namespace ttx {

void CheckFailed(const char* file, int line, const char* condition, std::string_view message) noexcept {
  std::fprintf(stderr, "FATAL %s:%d: %s: %.*s\n", file, line, condition, static_cast<int>(message.size()),
               message.data());
  std::fflush(stderr);
  std::abort();
}

}  // namespace ttx
