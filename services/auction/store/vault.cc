#include "services/auction/store/vault.h"

#include "libs/core/encoding.h"
#include "libs/crypto/digest.h"
#include "libs/crypto/seal.h"

namespace ttx::auction {
namespace {

constexpr size_t kDigestBytes = 16;

std::string TokenContext(const AuctionId& auction, std::string_view use) {
  return "auctions/" + auction.text + "/" + std::string(use);
}

}  // namespace

Vault::Vault(std::string_view secrets_key)
    : seal_key_(crypto::HmacSha256(secrets_key, "ttx.auction.seal.1")),
      digest_key_(crypto::HmacSha256(secrets_key, "ttx.auction.organization.1")),
      token_key_(crypto::HmacSha256(secrets_key, "ttx.auction.token.1")) {
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

std::string Vault::SealToken(const AuctionId& auction, std::string_view use, std::string_view content) const {
  const std::string key = crypto::HmacSha256(token_key_, auction.text);
  return Base64Url(crypto::Seal(key, content, TokenContext(auction, use)));
}

std::optional<std::string> Vault::OpenToken(const AuctionId& auction, std::string_view use,
                                            std::string_view token) const {
  const std::optional<std::string> sealed = FromBase64Url(token);
  if (!sealed) return std::nullopt;
  const std::string key = crypto::HmacSha256(token_key_, auction.text);
  Result<std::string> opened = crypto::Open(key, *sealed, TokenContext(auction, use));
  if (!opened.ok()) return std::nullopt;
  return std::move(opened).value();
}

std::string Vault::OrganizationDigest(const AuctionId& auction, std::string_view organization) const {
  const std::string digest = crypto::HmacSha256(digest_key_, auction.text + "|" + std::string(organization));
  return Hex(std::string_view(digest).substr(0, kDigestBytes));
}

}  // namespace ttx::auction
