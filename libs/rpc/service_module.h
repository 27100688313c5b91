#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/rpc/feed.h"
#include "libs/rpc/module.h"
#include "libs/storage/shell.h"

namespace ttx::rpc {

/// What all modules share: the shell, the handler, the feeds, and the order in which they start and stop. A service
/// adds its app, its gRPC service, its feeds and its timers.
class ServiceModule : public Module {
 public:
  ~ServiceModule() override;

  std::string_view service_name() const override { return service_name_; }
  void Start() final;
  void StartFeeds() final;
  void StopFeeds() final;
  void CloseStreams() final;
  void Drain() final;

 protected:
  ServiceModule(std::string_view service_name, ModuleDeps deps);

  /// Before Start: subscribes to another service's events under a short name, which keys the cursor.
  void AddFeed(std::string source_name, std::string service_full_name, Feed::Handler handler);
  /// Before Start: what an event is about, for streams that wait for a topic (CommitSignal). A pure function.
  void NameTopics(std::function<std::string(const storage::OutboxEvent&)> topic_of);
  /// Checks the service's method policies; handler() may be used afterwards.
  Status MakeHandler();

  /// A planned call came due (Txn::SetDue). Runs on the writer's thread.
  virtual void OnDue(storage::Txn& txn, const std::string& subject) = 0;
  /// Submits what must be decided before anything else.
  virtual void BeforeStart() {}

  /// Submits a command of the service's own, without an answer.
  void SubmitOwn(std::function<void(storage::Txn&)> run);

  storage::Shell& shell() { return *shell_; }
  Handler& handler() { return *handler_; }
  const Clock& clock() const { return deps_.clock; }
  const ModuleDeps& deps() const { return deps_; }

 private:
  const std::string service_name_;
  ModuleDeps deps_;
  CommitSignal signal_;
  std::unique_ptr<storage::Shell> shell_;
  std::unique_ptr<Handler> handler_;
  std::vector<std::unique_ptr<Feed>> feeds_;
};

}  // namespace ttx::rpc
