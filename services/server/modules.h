#pragma once

#include <memory>
#include <string_view>

#include "libs/config/config.h"
#include "libs/core/result.h"
#include "libs/rpc/module.h"

namespace ttx::server {

/// The module of one of kServices, made of what the configuration says about it; reads the files it names. An Error
/// when one of them cannot be used.
Result<std::unique_ptr<rpc::Module>> MakeModule(std::string_view service, const config::Config& config,
                                                rpc::ModuleDeps deps);

}  // namespace ttx::server
