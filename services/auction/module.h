#pragma once

#include <memory>

#include "libs/core/result.h"
#include "libs/rpc/module.h"
#include "services/auction/app/options.h"

namespace ttx::auction {

/// The auction service, ready to be hosted. An Error when its protos lack a policy.
Result<std::unique_ptr<rpc::Module>> MakeAuctionModule(rpc::ModuleDeps deps, AuctionOptions options = {});

}  // namespace ttx::auction
