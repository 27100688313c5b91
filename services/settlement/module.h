#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/core/result.h"
#include "libs/rpc/module.h"
#include "services/settlement/domain/limits.h"

namespace ttx::settlement {

struct ModuleConfig {
  /// The texts of the fee table files (deploy/fees/*.textproto).
  std::vector<std::string> fee_tables;
  /// The name of the table that deals are charged by.
  std::string fee_table = "changsha-2022-09";
  Options options;
};

/// The settlement service, ready to be hosted. An Error when its protos lack a policy, a fee table is bad
/// (BAD_FEE_TABLE), or none of the name that is charged by is in force today (FEE_TABLE_MISSING).
Result<std::unique_ptr<rpc::Module>> MakeSettlementModule(rpc::ModuleDeps deps, ModuleConfig config);

}  // namespace ttx::settlement
