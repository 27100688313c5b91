#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "libs/auth/token.h"
#include "libs/rpc/directory.h"
#include "libs/rpc/identity.h"

namespace grpc {
class ClientContext;
}  // namespace grpc

namespace ttx::server {

/// Keeps a process's TokenVerifier up to date with the party service by a long poll: new and dropped token keys, and
/// clients whose earlier tokens no longer count.
class VerificationFollower {
 public:
  /// All must outlive the object. `self` is any service of this process.
  VerificationFollower(const rpc::Directory& directory, rpc::ServiceIdentity self, auth::TokenVerifier& verifier)
      : directory_(directory), self_(std::move(self)), verifier_(verifier) {}
  ~VerificationFollower() { Stop(); }

  void Start();
  void Stop();
  /// Whether the keys are known.
  bool ready() const { return ready_.load(); }

 private:
  void Loop();
  bool Fetch(int64_t& version);

  const rpc::Directory& directory_;
  const rpc::ServiceIdentity self_;
  auth::TokenVerifier& verifier_;
  std::atomic<bool> ready_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  grpc::ClientContext* context_ = nullptr;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ttx::server
