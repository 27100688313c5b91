#include "libs/rpc/testdata/probe.h"

#include <grpcpp/grpcpp.h>

namespace ttx::rpc::testdata {

Result<Principal> PrincipalOf(std::string_view token) {
  if (token == "bidder") return Principal{"apiClients/bidder", "organizations/b", "people/b", {"BIDDER"}};
  if (token == "rival") return Principal{"apiClients/rival", "organizations/r", "people/r", {"BIDDER"}};
  if (token == "clerk") return Principal{"apiClients/clerk", "organizations/c", "people/c", {"KYC_CLERK"}};
  if (token == "operator") return Principal{"apiClients/operator", "organizations/o", "people/o", {"OPERATOR"}};
  return Error(Reason::kUNAUTHENTICATED);
}

ProbeHost::ProbeHost(const Clock& clock, ProbeOptions options, std::unique_ptr<storage::Kv> kv)
    : options_(options),
      shell_(std::move(kv), clock, {.queue_commands = options.queue_commands},
             {.on_due = [](storage::Txn&, const std::string&) {}, .on_failure = [](const Error&) {}}),
      readers_(options.reader_threads, options.reader_queue),
      handler_(MakeHandler(clock)),
      service_(*handler_) {
  shell_.writer().OnCommit([this](uint64_t last_sequence) { signal_.Publish(last_sequence); });
  signal_.OnStreamEnd([this](const CallRecord& call) { Record(call); });
  // An event "a:one" is about "a".
  signal_.FindTopics([this](uint64_t after, uint64_t last) {
    std::vector<std::string> topics;
    for (const auto& event : storage::ReadOutbox(shell_.kv(), after, last - after)) {
      topics.push_back(event.payload.substr(0, event.payload.find(':')));
    }
    return topics;
  });
  if (options_.run_writer) shell_.Start();
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(&service_);
  server_ = builder.BuildAndStart();
  TTX_CHECK(server_ != nullptr && port_ != 0, "the probe's server does not start");
  channel_ = options_.tcp ? TcpChannel() : server_->InProcessChannel({});
  stub_ = v1::ProbeService::NewStub(channel_);
}

ProbeHost::~ProbeHost() { Stop(); }

std::unique_ptr<Handler> ProbeHost::MakeHandler(const Clock& clock) {
  HandlerDeps deps{&clock,
                   [this](std::string_view token) -> Result<Principal> {
                     if (revoked_.load()) return Error(Reason::kUNAUTHENTICATED);
                     return PrincipalOf(token);
                   },
                   std::string(kServiceSecret),
                   [this](const CallRecord& call, const std::function<void()>& answer) {
                     Record(call);
                     Answer(call, answer);
                   },
                   [this] { return can_audit_.load(); },
                   std::string(32, 'k')};
  return std::move(Handler::Make(kProbeService, std::move(deps), shell_, readers_, signal_)).value();
}

void ProbeHost::Record(const CallRecord& call) {
  const std::lock_guard lock(mutex_);
  records_.push_back({std::string(call.method), std::string(call.subject), std::string(call.request_id), call.code,
                      std::string(call.reason), call.audit, call.replayed});
}

void ProbeHost::Answer(const CallRecord& call, const std::function<void()>& answer) {
  if (call.audit && call.code == Code::kOk && !can_audit_.load()) {
    const std::lock_guard lock(mutex_);
    held_.push_back(answer);
  } else {
    answer();
  }
}

void ProbeHost::SetCanAudit(bool can_audit) {
  std::vector<std::function<void()>> held;
  {
    const std::lock_guard lock(mutex_);
    can_audit_.store(can_audit);
    if (can_audit) held.swap(held_);
  }
  for (const auto& answer : held) answer();
}

size_t ProbeHost::held() const {
  const std::lock_guard lock(mutex_);
  return held_.size();
}

void ProbeHost::Stop() {
  if (server_ == nullptr) return;
  signal_.Close();
  StepAll();
  channel_.reset();
  stub_.reset();
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(10));
  readers_.Stop();
  shell_.Drain();
  signal_.Stop();
  server_.reset();
}

std::shared_ptr<grpc::Channel> ProbeHost::TcpChannel() const {
  return grpc::CreateChannel("127.0.0.1:" + std::to_string(port_), grpc::InsecureChannelCredentials());
}

}  // namespace ttx::rpc::testdata
