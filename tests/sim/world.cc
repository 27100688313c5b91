#include "tests/sim/world.h"

#include <algorithm>

#include "libs/crypto/digest.h"

namespace ttx::sim {
namespace {

constexpr int32_t kPage = 20;
constexpr int kMaxSettleRounds = 2000;
constexpr int kMaxAttempts = 50;
// Well within the retention of answers.
constexpr Duration kResendWithin = Hours(24 * 6);

std::string Said(const Result<std::string>& answer) {
  return answer.ok() ? "ok " + *answer : std::string(ReasonName(answer.error().reason));
}

// As the writer promises (libs/storage/writer.h).
bool IsStored(const Result<std::string>& answer) {
  if (answer.ok()) return true;
  const Code code = answer.error().code();
  return code != Code::kUnavailable && code != Code::kDeadlineExceeded && code != Code::kResourceExhausted &&
         code != Code::kInternal;
}

// Reads another node's durable events over a network that loses, repeats and reorders.
class Network : public rpc::FeedSource {
 public:
  Network(World& world, std::string producer) : world_(world), producer_(std::move(producer)) {}

  Result<std::vector<rpc::FeedEvent>> Fetch(uint64_t after, int32_t limit, Duration) override {
    if (world_.Chance(world_.faults.lost_fetch)) return Error(Reason::kUNAVAILABLE);
    if (after > 0 && world_.Chance(world_.faults.duplicated_fetch))
      after -= 1 + world_.Below(std::min<uint64_t>(after, 3));
    std::vector<rpc::FeedEvent> events =
        world_.node(producer_).EventsAfter(after, static_cast<size_t>(limit));
    if (world_.Chance(world_.faults.reordered_fetch))
      std::shuffle(events.begin(), events.end(), world_.random);
    return events;
  }
  void Cancel() override {}

 private:
  World& world_;
  const std::string producer_;
};

}  // namespace

Node::Node(World& world, std::string name, MakeProcess make, Events events)
    : world_(world), name_(std::move(name)), make_(std::move(make)), events_(std::move(events)) {
  Boot();
}

Node::~Node() = default;

void Node::Boot() {
  feeds_.clear();
  shell_.reset();
  auto kv = std::make_unique<testing::FaultyKv>(disk_, [this](uint64_t) {
    ++world_.writes;
    if (!world_.Chance(world_.faults.crash_per_write)) return testing::WriteFate::kCommit;
    ++world_.crashes;
    return world_.Chance(500) ? testing::WriteFate::kCommitAndFail : testing::WriteFate::kLoseAndFail;
  });
  kv_ = kv.get();
  process_ = make_(*this);
  shell_ = std::make_unique<storage::Shell>(
      std::move(kv), process_.clock == nullptr ? world_.clock : *process_.clock,
      storage::WriterOptions{.batch_commands = 1 + world_.Below(8)},
      storage::ShellHooks{
          .on_due = [this](storage::Txn& txn, const std::string& subject) { process_.on_due(txn, subject); },
          .on_failure = [](const Error&) {}});
  for (const auto& [source, handler] : process_.feeds) {
    feeds_.push_back(std::make_unique<rpc::Feed>(
        source, std::make_unique<Network>(world_, source), *shell_, handler,
        [this](const std::string& from, uint64_t sequence, const Error& error) {
          world_.violations.push_back("S4 " + name_ + " refused event " + std::to_string(sequence) + " of " +
                                      from + ": " + error.message());
        }));
  }
  if (process_.recover) process_.recover(*shell_, shell_->writer().last_time());
}

void Node::Pump() {
  if (crashed()) Boot();
  shell_->Tick();
  for (const auto& feed : feeds_) feed->Step(kPage);
  while (!crashed() && shell_->writer().Step() > 0) {
  }
}

World::World(uint64_t seed, Faults with)
    : faults(with),
      random(seed),
      clock(StartOfDay(MakeDate(2026, 3, 2)) + Hours(9)),
      ids(seed ^ 0x9e3779b97f4a7c15) {}

Node& World::Add(std::string name, Node::MakeProcess make, Node::Events events) {
  auto node = std::make_unique<Node>(*this, name, std::move(make), std::move(events));
  return *nodes_.emplace(std::move(name), std::move(node)).first->second;
}

std::vector<Result<std::string>> World::Send(const Acknowledged& request, uint64_t copies) {
  std::vector<Result<std::string>> answers;
  Node& node = *request.node;
  for (uint64_t copy = 0; copy < copies; ++copy) {
    storage::Command command;
    command.principal = request.caller.subject;
    command.method = request.method;
    command.request_id = request.request_id;
    command.fingerprint = request.fingerprint;
    command.run = request.run;
    command.done = [&answers](storage::Answer answer) {
      const bool unknown = !answer.body.ok() && answer.body.error().code() == Code::kUnavailable;
      if (!unknown) answers.push_back(std::move(answer.body));
    };
    node.shell().writer().Submit(std::move(command));
  }
  while (!node.crashed() && node.shell().writer().Step() > 0) {
  }
  return answers;
}

Result<std::string> World::Request(Node& node, const Principal& caller, const std::string& method,
                                   const Run& run) {
  Acknowledged request{&node, caller, method, "r" + std::to_string(next_request_++), "", run, "", false, {}};
  request.fingerprint = caller.subject + "/" + method + "/" + request.request_id;
  ++requests;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    clock.Advance(Milliseconds(1 + static_cast<int64_t>(Below(50))));
    const auto answers = Send(request, Chance(faults.duplicated_command) ? 2 : 1);
    for (const Result<std::string>& answer : answers) {
      const std::string said = Said(answer);
      if (request.said.empty()) request.said = said;
      if (request.said != said) {
        violations.push_back("A18 " + request.fingerprint + " answered " + request.said + " and then " +
                             said);
      }
    }
    if (!answers.empty()) {
      request.stored = IsStored(answers.front());
      request.time = clock.Now();
      acknowledged.push_back(std::move(request));
      return answers.front();
    }
    node.Boot();
  }
  violations.push_back("S10 " + request.fingerprint + " never got an answer");
  return Error(Reason::kUNAVAILABLE);
}

void World::Resend() {
  if (acknowledged.empty()) return;
  const Acknowledged& request = acknowledged[Below(acknowledged.size())];
  if (!request.stored || request.time + kResendWithin < clock.Now()) return;
  for (const Result<std::string>& answer : Send(request, 1)) {
    if (Said(answer) != request.said) {
      violations.push_back("A18 " + request.fingerprint + " answered " + request.said + ", and much later " +
                           Said(answer));
    }
  }
}

void World::Settle() {
  std::vector<Node*> order;
  for (const auto& [name, node] : nodes_) order.push_back(node.get());
  int quiet = 0;
  for (int round = 0; round < kMaxSettleRounds; ++round) {
    const uint64_t before = writes;
    std::shuffle(order.begin(), order.end(), random);
    for (Node* node : order) node->Pump();
    clock.Advance(Milliseconds(1));
    quiet = before == writes ? quiet + 1 : 0;
    if (quiet == 5) return;
  }
  violations.push_back("S10 the services never come to rest");
}

std::string World::Digest() const {
  std::string all;
  for (const auto& [name, node] : nodes_) {
    // The shell's own table of times changes with every timer; what counts is everything from the outbox on.
    const auto entries = node->disk().Scan({std::string(1, '\x02'), std::string(1, '\xff')}, SIZE_MAX,
                                           storage::Direction::kForward);
    for (const storage::Entry& entry : entries) all += entry.key + '\x01' + entry.value + '\x02';
    all = crypto::Sha256(all);
  }
  return all;
}

}  // namespace ttx::sim
