#pragma once

#include <memory>
#include <string>

#include "libs/core/result.h"
#include "libs/rpc/module.h"

namespace ttx::disclosure {

/// What the composition root decides about disclosure.
struct DisclosureOptions {
  /// The private key (PEM, ECDSA P-256) that certificates are signed with (Config.record_key_file).
  std::string record_key_pem;
  /// The window of result notices (N7), in working days.
  int result_window_days = 5;
  /// The window of transaction notices (N8), in working days; at least 5.
  int contract_window_days = 5;
  /// Whether a certificate needs the registration of the contract.
  bool require_registration = false;
};

/// The disclosure service, ready to be hosted. An Error when its protos lack a policy or the options cannot
/// be used.
Result<std::unique_ptr<rpc::Module>> MakeDisclosureModule(rpc::ModuleDeps deps, DisclosureOptions options);

}  // namespace ttx::disclosure
