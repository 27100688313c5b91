#include "services/auction/store/vault.h"

#include "libs/crypto/digest.h"
#include "libs/crypto/seal.h"

namespace ttx::auction {
namespace {

constexpr size_t kDigestBytes = 16;

}  // namespace

Vault::Vault(std::string_view secrets_key)
    : seal_key_(crypto::HmacSha256(secrets_key, "ttx.auction.seal.1")),
      digest_key_(crypto::HmacSha256(secrets_key, "ttx.auction.organization.1")) {
  TTX_CHECK(secrets_key.size() == crypto::kSealKeyBytes, "the secrets key has 32 bytes");
}

std::string Vault::KeyOf(const AuctionId& auction) const {
  return crypto::HmacSha256(seal_key_, auction.text);
}

std::string Vault::Seal(const AuctionId& auction, std::string_view field, std::string_view secret) const {
  return crypto::Seal(KeyOf(auction), secret, "auctions/" + auction.text + "/" + std::string(field));
}

std::string Vault::Open(const AuctionId& auction, std::string_view field, std::string_view sealed) const {
  Result<std::string> opened =
      crypto::Open(KeyOf(auction), sealed, "auctions/" + auction.text + "/" + std::string(field));
  TTX_CHECK(opened.ok(), "a secret of an auction does not open: another secrets key, or damage");
  return std::move(opened).value();
}

std::string Vault::OrganizationDigest(const AuctionId& auction, std::string_view organization) const {
  const std::string digest = crypto::HmacSha256(digest_key_, auction.text + "|" + std::string(organization));
  return Hex(std::string_view(digest).substr(0, kDigestBytes));
}

}  // namespace ttx::auction
