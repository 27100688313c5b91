#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/config/config.h"
#include "libs/core/result.h"
#include "libs/storage/kv.h"

namespace ttx::server {

/// One process of an installation: the services, gateway and feeds its roles name, started and stopped in the one
/// safe order (architecture.md section 7).
class Host {
 public:
  /// Reads every file the configuration names, as Start does before it touches anything: calendar, profiles, fee
  /// tables, keys, certificates. Opens no store and no port. The first thing that is wrong, or success.
  static Status Check(const config::Config& config);
  /// Checks, opens the stores, then listens. On an Error nothing is left running and no file was changed, except
  /// that stores that are whole may have been opened.
  static Result<std::unique_ptr<Host>> Start(const config::Config& config);
  /// Stops if Stop has not been called.
  ~Host();

  /// Not ready -> gateway stops accepting -> sessions drain -> feeds stop -> channels dropped -> gRPC server stops ->
  /// writers drain -> stores close. Idempotent.
  void Stop();

  uint16_t https_port() const;  // 0 without the gateway role
  uint16_t admin_port() const;  // 0 without an admin listener
  int grpc_port() const;        // 0 without services or on a unix socket

 private:
  struct Parts;
  explicit Host(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

/// The services of this process, and "sandbox" (the clock) beside the party service of a sandbox.
std::vector<std::string> HostedServices(const config::Config& config);

/// The folder of a service's data, and what its marker file must say (storage::ClaimFolder).
std::string ServiceFolder(const config::Config& config, std::string_view service);
std::string FolderOwner(const config::Config& config, std::string_view service);

/// Opens the store in a service's folder and notes that it has been opened: from then on a folder without its store
/// is DATA_DAMAGED, not a new one (CheckStoreIsThere). Otherwise the errors of storage::OpenRocksKv.
Result<std::unique_ptr<storage::Kv>> OpenStore(const config::Config& config, std::string_view service);
/// DATA_DAMAGED when the store was opened before and is gone. Touches nothing.
Status CheckStoreIsThere(const config::Config& config, std::string_view service);

}  // namespace ttx::server
