#include "libs/crypto/random.h"

#include <openssl/rand.h>

#include <climits>

#include "libs/core/check.h"

namespace ttx::crypto {

std::string RandomBytes(size_t count) {
  TTX_CHECK(count <= INT_MAX, "too many random bytes");
  std::string bytes(count, '\0');
  TTX_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1,
            "the operating system gives no randomness");
  return bytes;
}

}  // namespace ttx::crypto
