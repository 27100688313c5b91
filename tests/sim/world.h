#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "libs/core/principal.h"
#include "libs/core/result.h"
#include "libs/rpc/feed.h"
#include "libs/storage/mem_kv.h"
#include "libs/storage/shell.h"
#include "libs/testing/faulty_kv.h"
#include "libs/testing/manual_clock.h"
#include "libs/testing/seeded_ids.h"

namespace ttx::sim {

/// How often things go wrong, in parts per thousand.
struct Faults {
  uint64_t crash_per_write = 0;     // half of them after the write reached the disk
  uint64_t lost_fetch = 0;          // a feed's call fails
  uint64_t duplicated_fetch = 0;    // it brings events again
  uint64_t reordered_fetch = 0;     // it brings them out of order
  uint64_t duplicated_command = 0;  // a client sends the same request twice at once
};

class World;

using Run = std::function<Result<std::string>(storage::Txn&)>;

/// One service of the simulated installation: its disk survives a crash, its process does not.
class Node {
 public:
  /// What a process of the service consists of besides the shell.
  struct Process {
    std::function<void(storage::Txn&, const std::string&)> on_due;
    /// Source name -> how one of its events is taken.
    std::map<std::string, rpc::Feed::Handler> feeds;
    /// Run once after each boot, before anything else.
    std::function<void(storage::Shell&, Time last_time)> recover;
    /// What the shell looks at; the world's clock when null.
    const Clock* clock = nullptr;
  };
  using MakeProcess = std::function<Process(Node&)>;
  /// The service's events as its ListEvents shows them to another service.
  using Events =
      std::function<std::vector<rpc::FeedEvent>(const storage::Reader&, uint64_t after, size_t limit)>;

  Node(World& world, std::string name, MakeProcess make, Events events);
  ~Node();

  void Boot();
  bool crashed() const { return kv_->dead(); }
  const std::string& name() const { return name_; }
  storage::Shell& shell() { return *shell_; }
  /// What is durable: what any reader sees.
  const storage::Kv& disk() const { return disk_; }
  /// For planting damage that an auditor must find.
  storage::Kv& disk_for_damage() { return disk_; }
  std::vector<rpc::FeedEvent> EventsAfter(uint64_t after, size_t limit) const {
    return events_(disk_, after, limit);
  }
  /// One step of everything the process does by itself. Reboots it when it has crashed.
  void Pump();

 private:
  World& world_;
  const std::string name_;
  const MakeProcess make_;
  const Events events_;
  storage::MemKv disk_;
  // Forwards to disk_, so that a shell may own what it is given while the disk outlives it.
  testing::FaultyKv* kv_ = nullptr;
  std::unique_ptr<storage::Shell> shell_;
  Process process_;
  std::vector<std::unique_ptr<rpc::Feed>> feeds_;
};

/// A request that was answered. Sent again within the retention of answers, it must be answered the same
/// (A18, S1).
struct Acknowledged {
  Node* node;
  Principal caller;
  std::string method;
  std::string request_id;
  std::string fingerprint;
  Run run;
  std::string said;     // "ok ..." or the reason's name
  bool stored = false;  // a passing refusal is not
  Time time;
};

/// All services in one thread, on one manual clock, driven by one seed: the same seed does the same, byte for
/// byte.
class World {
 public:
  World(uint64_t seed, Faults faults);

  Node& Add(std::string name, Node::MakeProcess make, Node::Events events);
  Node& node(const std::string& name) { return *nodes_.at(name); }
  const std::map<std::string, std::unique_ptr<Node>>& nodes() const { return nodes_; }

  /// A client's request with its request id: sent, sometimes twice at once, and sent again with the same id
  /// when the service dies under it, until there is an answer. `run` is the use case; it returns what the
  /// answer says.
  Result<std::string> Request(Node& node, const Principal& caller, const std::string& method, const Run& run);
  /// Some client sends an old request once more.
  void Resend();

  /// Lets every service work until nothing moves any more, in an order the seed decides.
  void Settle();
  void Advance(Duration by) { clock.Advance(by); }

  /// True with a chance of `permille` in a thousand.
  bool Chance(uint64_t permille) { return random() % 1000 < permille; }
  uint64_t Below(uint64_t bound) { return random() % bound; }

  /// A digest of every disk: equal for equal runs.
  std::string Digest() const;

  const Faults faults;
  std::mt19937_64 random;
  testing::ManualClock clock;
  testing::SeededIds ids;
  uint64_t writes = 0;
  uint64_t crashes = 0;
  uint64_t requests = 0;
  std::vector<Acknowledged> acknowledged;
  std::vector<std::string> violations;

 private:
  // Sends it once, or twice at once, and gives the answers that are final.
  std::vector<Result<std::string>> Send(const Acknowledged& request, uint64_t copies);

  std::map<std::string, std::unique_ptr<Node>> nodes_;
  uint64_t next_request_ = 1;
};

}  // namespace ttx::sim
