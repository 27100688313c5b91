#pragma once

#include <memory>

#include "libs/core/result.h"
#include "libs/rpc/module.h"

namespace ttx::contract {

/// The contract service, ready to be hosted. An Error when its protos lack a policy.
Result<std::unique_ptr<rpc::Module>> MakeContractModule(rpc::ModuleDeps deps);

}  // namespace ttx::contract
