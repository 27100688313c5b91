#include "services/server/clocks.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstring>

namespace ttx::server {

Time SystemClock::Now() const {
  return {std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds(1)};
}

Result<std::unique_ptr<SandboxClock>> SandboxClock::Open(const std::string& path) {
  static_assert(std::atomic<int64_t>::is_always_lock_free, "shared between processes");
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  void* mapped = MAP_FAILED;
  if (file >= 0 && ::ftruncate(file, sizeof(int64_t)) == 0) {
    mapped = ::mmap(nullptr, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  }
  const int failed = errno;
  if (file >= 0) ::close(file);
  if (mapped == MAP_FAILED) return Error(Reason::kDATA_UNREADABLE, {{"path", path}, {"detail", std::strerror(failed)}});
  return std::unique_ptr<SandboxClock>(new SandboxClock(static_cast<std::atomic<int64_t>*>(mapped)));
}

SandboxClock::~SandboxClock() { ::munmap(advance_ns_, sizeof(int64_t)); }

Time SandboxClock::Now() const { return system_.Now() + advance(); }

Duration SandboxClock::advance() const { return {advance_ns_->load()}; }

void SandboxClock::Advance(Duration by) { advance_ns_->fetch_add(by.ns); }

}  // namespace ttx::server
