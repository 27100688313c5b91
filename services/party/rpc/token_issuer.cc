#include "services/party/rpc/token_issuer.h"

namespace ttx::party {

Result<std::string> TokenIssuer::Sign(const storage::Reader& reader, const PartyApp::TokenGrant& grant) {
  if (!signer_ || signer_->kid() != grant.kid) {
    TTX_TRY(const std::string pem, app_.TokenPrivateKey(reader, grant.kid));
    TTX_TRY(signer_, auth::TokenSigner::Make(grant.kid, pem));
  }
  auth::Claims claims;
  claims.issuer = grant.issuer;
  claims.audience = grant.audience;
  claims.subject = grant.subject;
  claims.organization = grant.organization;
  claims.person = grant.person;
  claims.roles = grant.roles;
  claims.issued_at = grant.issued_at;
  claims.expires_at = grant.expires_at;
  claims.id = grant.id;
  return signer_->Issue(claims);
}

}  // namespace ttx::party
