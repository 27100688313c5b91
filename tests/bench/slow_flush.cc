// Preloaded into servers by `tests/bench/run bids --flush-us N`: each flush to the disk takes $TTX_BENCH_FLUSH_US
// longer, as on a slower disk.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>

namespace {

using Flush = int (*)(int);

int Slow(const char* name, int file) {
  static const useconds_t delay_us = static_cast<useconds_t>(std::atoi(std::getenv("TTX_BENCH_FLUSH_US")));
  const int result = reinterpret_cast<Flush>(dlsym(RTLD_NEXT, name))(file);
  usleep(delay_us);
  return result;
}

}  // namespace

extern "C" int fsync(int file) { return Slow("fsync", file); }
extern "C" int fdatasync(int file) { return Slow("fdatasync", file); }
