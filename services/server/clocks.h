#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "libs/core/clock.h"
#include "libs/core/result.h"

namespace ttx::server {

/// The operating system's wall clock.
class SystemClock : public Clock {
 public:
  Time Now() const override;
};

/// The system clock plus an advance that can only grow. The advance lives in a file that all processes of one
/// installation on this machine map, so that they move together and it survives a restart.
class SandboxClock : public Clock {
 public:
  /// DATA_UNREADABLE when the file cannot be made or mapped.
  static Result<std::unique_ptr<SandboxClock>> Open(const std::string& path);
  ~SandboxClock() override;

  Time Now() const override;
  Duration advance() const;
  void Advance(Duration by);

 private:
  explicit SandboxClock(std::atomic<int64_t>* advance_ns) : advance_ns_(advance_ns) {}

  const SystemClock system_;
  std::atomic<int64_t>* const advance_ns_;  // in the mapped file
};

}  // namespace ttx::server
