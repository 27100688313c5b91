#pragma once

#include "libs/rpc/module.h"
#include "services/server/clocks.h"

namespace ttx::server {

/// The sandbox's clock as a service. Keeps nothing of its own but the answers to its callers.
Result<std::unique_ptr<rpc::Module>> MakeSandboxModule(rpc::ModuleDeps deps, SandboxClock& clock);

}  // namespace ttx::server
