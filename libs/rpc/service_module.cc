#include "libs/rpc/service_module.h"

namespace ttx::rpc {

ServiceModule::ServiceModule(std::string_view service_name, ModuleDeps deps)
    : service_name_(service_name), deps_(std::move(deps)) {
  shell_ = std::make_unique<storage::Shell>(
      std::move(deps_.kv), deps_.clock, storage::WriterOptions{},
      storage::ShellHooks{.on_due = [this](storage::Txn& txn, const std::string& subject) { OnDue(txn, subject); },
                          .on_failure = deps_.on_failure});
  shell_->writer().OnCommit([this](uint64_t last_sequence) { signal_.Publish(last_sequence); });
  signal_.OnStreamEnd([on_call = deps_.handler.on_call](const CallRecord& call) { on_call(call, [] {}); });
}

ServiceModule::~ServiceModule() {
  StopFeeds();
  CloseStreams();
  Drain();
  signal_.Stop();  // it reads the store for topics
}

void ServiceModule::NameTopics(std::function<std::string(const storage::OutboxEvent&)> topic_of) {
  signal_.FindTopics([this, topic_of = std::move(topic_of)](uint64_t after, uint64_t last) {
    std::vector<std::string> topics;
    for (const storage::OutboxEvent& event : storage::ReadOutbox(shell_->kv(), after, last - after)) {
      topics.push_back(topic_of(event));
    }
    return topics;
  });
}

void ServiceModule::AddFeed(std::string source_name, std::string service_full_name, Feed::Handler handler) {
  feeds_.push_back(std::make_unique<Feed>(
      std::move(source_name), MakeGrpcFeedSource(deps_.directory, std::move(service_full_name), deps_.identity),
      *shell_, std::move(handler), deps_.on_feed_refusal));
}

Status ServiceModule::MakeHandler() {
  TTX_TRY(handler_, Handler::Make(service_name_, deps_.handler, *shell_, deps_.readers, signal_));
  return {};
}

void ServiceModule::SubmitOwn(std::function<void(storage::Txn&)> run) {
  storage::Command command;
  command.method = "Own";
  command.run = [run = std::move(run)](storage::Txn& txn) -> Result<std::string> {
    run(txn);
    return std::string();
  };
  shell_->writer().Submit(std::move(command));
}

void ServiceModule::Start() {
  BeforeStart();
  shell_->Start();
}

void ServiceModule::StartFeeds() {
  for (const auto& feed : feeds_) feed->Start();
}

void ServiceModule::StopFeeds() {
  for (const auto& feed : feeds_) feed->Stop();
}

void ServiceModule::CloseStreams() { signal_.Close(); }

void ServiceModule::Drain() { shell_->Drain(); }

}  // namespace ttx::rpc
