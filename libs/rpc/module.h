#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "libs/core/calendar.h"
#include "libs/core/clock.h"
#include "libs/core/id.h"
#include "libs/rpc/directory.h"
#include "libs/rpc/handler.h"
#include "libs/rpc/identity.h"
#include "libs/rpc/reader_pool.h"
#include "libs/storage/kv.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace ttx::rpc {

/// What the composition root gives every module. Everything referred to outlives the module.
struct ModuleDeps {
  std::unique_ptr<storage::Kv> kv;  // the service's own key space
  const Clock& clock;
  IdSource& ids;  // safe from any thread
  const Calendar& calendar;
  HandlerDeps handler;
  ReaderPool& readers;
  const Directory& directory;  // for feeds
  ServiceIdentity identity;    // this service's own
  std::string secrets_key;     // 32 bytes: seals secrets at rest (libs/crypto/seal.h)
  std::function<void(const Error&)> on_failure;  // a write failed: the process must stop
  std::function<void(const std::string& source, uint64_t sequence, const Error&)> on_feed_refusal;
};

/// One service as the composition root sees it. Order: Start -> (serve) -> StopFeeds -> gRPC server shutdown ->
/// Drain (architecture.md section 7).
class Module {
 public:
  virtual ~Module() = default;
  /// "ttx.auction.v1.AuctionService".
  virtual std::string_view service_name() const = 0;
  virtual grpc::Service& service() = 0;
  /// Starts the writer and timers; feeds begin with StartFeeds, once channels exist.
  virtual void Start() = 0;
  virtual void StartFeeds() = 0;
  virtual void StopFeeds() = 0;
  /// Ends streams and long polls, so that the gRPC server can shut down.
  virtual void CloseStreams() = 0;
  /// Completes queued commands and stops the writer. The store closes with the object.
  virtual void Drain() = 0;
};

}  // namespace ttx::rpc
