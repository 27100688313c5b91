#include "gateway/https/process.h"

#include <openssl/rand.h>

#include <chrono>
#include <vector>

#include "libs/core/check.h"

namespace ttx::gateway {

Time MonotonicNow() {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(since_start).count()};
}

std::string RandomHex(size_t bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::vector<unsigned char> random(bytes);
  TTX_CHECK(RAND_bytes(random.data(), static_cast<int>(bytes)) == 1, "the operating system gives no randomness");
  std::string out;
  for (const unsigned char byte : random) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace ttx::gateway
