#pragma once

#include <memory>
#include <string>

#include "libs/core/result.h"
#include "libs/rpc/module.h"
#include "services/party/domain/organization.h"

namespace ttx::party {

/// What goes into access tokens; from the configuration (Token).
struct PartyConfig {
  std::string issuer = "ttx";
  std::string audience = "ttx";
  Duration token_lifetime = Seconds(600);   // 1 s to 1 h
  Duration enrolment_lifetime = Hours(72);  // of the code of a client that somebody else made
};

/// The party service, ready to be hosted. An Error when its protos lack a policy.
Result<std::unique_ptr<rpc::Module>> MakePartyModule(rpc::ModuleDeps deps, PartyConfig config);

/// The organization that operates a new installation and its two administrators.
struct BootstrapInput {
  Profile profile;
  std::string person_display_name;
  std::string second_person_display_name;
  std::string client_display_name;
};
struct BootstrappedClient {
  std::string person;         // "people/{id}"
  std::string client_id;      // for POST /v1/token
  std::string client_secret;  // shown only here
};
struct Bootstrapped {
  std::string organization;  // "organizations/{id}"
  BootstrappedClient first;
  BootstrappedClient second;
};
/// Fills the empty key space of the party service (`ttx init`): the operator organization, ACTIVE at once, two
/// persons with an ADMINISTRATOR client each, and the first token key, in one durable write. No module may have the
/// store open. STORE_NOT_EMPTY when there is anything in it, INVALID_FIELD for the input,
/// OUTCOME_UNKNOWN when the write failed.
Result<Bootstrapped> Bootstrap(storage::Kv& kv, const Clock& clock, IdSource& ids,
                               const std::string& secrets_key, const BootstrapInput& input);

}  // namespace ttx::party
