#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <string_view>

#include "services/auction/domain/auction.h"

namespace ttx::auction {

/// Keeps what must not stand in the clear before the close (domain.md 1.2 rule 3, 5.10): each auction's
/// secrets are sealed under a key of its own, which follows from the installation's secrets key. Immutable;
/// safe from any thread.
class Vault {
 public:
  /// `secrets_key` has 32 bytes.
  explicit Vault(std::string_view secrets_key);

  /// `field` says what is sealed: a value copied to another field or auction does not open.
  std::string Seal(const AuctionId& auction, std::string_view field, std::string_view secret) const;
  /// The inverse. Stops the process when the value does not open: another secrets key, or damage.
  std::string Open(const AuctionId& auction, std::string_view field, std::string_view sealed) const;

  /// A text that a client brings back as it got it: it tells nothing of `content` but its length, and each is another
  /// one. For `use` with this auction only.
  std::string SealToken(const AuctionId& auction, std::string_view use, std::string_view content) const;
  /// Its content; nothing when it is altered, made up, or one of another auction or use.
  std::optional<std::string> OpenToken(const AuctionId& auction, std::string_view use, std::string_view token) const;

  /// Under which an organization is looked up among an auction's bidders: 32 hexadecimal digits that say
  /// nothing without the key, and are others in every auction.
  std::string OrganizationDigest(const AuctionId& auction, std::string_view organization) const;

 private:
  std::string KeyOf(const AuctionId& auction) const;

  const std::string seal_key_;
  const std::string digest_key_;
  const std::string token_key_;
};

}  // namespace ttx::auction
