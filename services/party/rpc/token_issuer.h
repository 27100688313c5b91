#pragma once

#include <optional>
#include <string>

#include "libs/auth/token.h"
#include "services/party/app/party_app.h"

namespace ttx::party {

/// Signs granted tokens. Keeps the current key opened, so that the store and the seal are touched once per
/// key. For one thread: the writer's.
class TokenIssuer {
 public:
  explicit TokenIssuer(const PartyApp& app) : app_(app) {}

  /// The compact JWT. DATA_LOSS when the key cannot be opened.
  Result<std::string> Sign(const storage::Reader& reader, const PartyApp::TokenGrant& grant);

 private:
  const PartyApp& app_;
  std::optional<auth::TokenSigner> signer_;
};

}  // namespace ttx::party
