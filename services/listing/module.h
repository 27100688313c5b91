#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/core/result.h"
#include "libs/rpc/module.h"

namespace ttx::listing {

/// The listing service, ready to be hosted. `profiles` are the texts of deploy/profiles/*.textproto, every
/// version under which a listing was approved. An Error when one is not valid (BAD_PROFILE) or the protos
/// lack a policy.
Result<std::unique_ptr<rpc::Module>> MakeListingModule(rpc::ModuleDeps deps,
                                                       const std::vector<std::string>& profiles);

}  // namespace ttx::listing
