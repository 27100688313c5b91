#include "services/server/verification_follower.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <future>
#include <memory>
#include <unordered_map>
#include <utility>

#include "libs/obs/log.h"
#include "libs/rpc/proto_time.h"
#include "ttx/party/v1/party.grpc.pb.h"

namespace ttx::server {
namespace {

constexpr Duration kWait = Seconds(20);
constexpr std::chrono::milliseconds kRetryAfter{200};

}  // namespace

bool VerificationFollower::Fetch(int64_t& version) {
  const std::shared_ptr<grpc::Channel> channel = directory_.Channel("party");
  if (channel == nullptr) return false;
  grpc::ClientContext context;
  context.AddMetadata(std::string(rpc::kServiceHeader), self_.name);
  if (directory_.InProcess("party")) context.AddMetadata(std::string(rpc::kSecretHeader), self_.secret);
  context.set_wait_for_ready(
      true);  // a process that starts first waits for the party service instead of polling it
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::nanoseconds((kWait + Seconds(10)).ns));
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    context_ = &context;
  }
  party::v1::GetVerificationStateRequest request;
  request.set_after_version(version);
  *request.mutable_wait_time() = rpc::ToProtoDuration(version == 0 ? Duration{} : kWait);
  party::v1::VerificationState state;
  // Waits on a future, not in gRPC: a thread that waits there also serves the process's sockets, and each turn at it
  // costs a call a switch of threads.
  const auto done = std::make_shared<std::promise<grpc::Status>>();
  const auto stub = party::v1::PartyService::NewStub(channel);
  stub->async()->GetVerificationState(&context, &request, &state,
                                      [done](grpc::Status ended) { done->set_value(std::move(ended)); });
  const grpc::Status status = done->get_future().get();
  {
    const std::lock_guard lock(mutex_);
    context_ = nullptr;
  }
  if (!status.ok()) return false;
  if (state.version() == version) return true;
  std::map<std::string, std::string> keys;
  for (const auto& key : state.keys()) keys[key.kid()] = key.public_key_pem();
  std::unordered_map<std::string, Time> revocations;
  for (const auto& revocation : state.revocations()) {
    const Result<Time> not_before = rpc::FromProtoTime(revocation.not_before(), "not_before");
    if (not_before.ok()) revocations[revocation.subject()] = *not_before;
  }
  // Revocations first: a token must never be accepted by a new key and an old table.
  verifier_.SetRevocations(std::move(revocations));
  if (const Status set = verifier_.SetKeys(keys); !set.ok()) {
    obs::Log(obs::Level::kError, "token_keys_refused", {{"reason", ReasonName(set.error().reason)}});
    return false;
  }
  version = state.version();
  ready_.store(true);
  return true;
}

void VerificationFollower::Loop() {
  int64_t version = 0;
  while (true) {
    const bool fetched = Fetch(version);
    std::unique_lock lock(mutex_);
    if (!fetched) wake_.wait_for(lock, kRetryAfter, [this] { return stopping_; });
    if (stopping_) return;
  }
}

void VerificationFollower::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void VerificationFollower::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (context_ != nullptr) context_->TryCancel();
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace ttx::server
