#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libs/core/principal.h"
#include "libs/core/result.h"
#include "libs/core/time.h"

namespace ttx::auth {

class Jwk;

inline constexpr size_t kMaxTokenBytes = 8 * 1024;
inline constexpr Duration kMaxTokenLifetime = Hours(1);
inline constexpr Duration kTokenLeeway = Seconds(30);
inline constexpr size_t kMaxTokenRoles = 32;
inline constexpr size_t kMaxTokenKeys = 64;

/// What an access token says (RFC 9068: a JWT of type "at+jwt").
struct Claims {
  std::string issuer;
  std::string audience;
  std::string subject;       // "apiClients/{id}"
  std::string organization;  // "organizations/{id}" or empty
  std::string person;        // "people/{id}" or empty
  std::vector<std::string> roles;
  Time issued_at;   // kept to the microsecond, so that a token issued right after a revocation is told from
                    // one before
  Time expires_at;  // kept to the second; 1 s .. kMaxTokenLifetime after issued_at
  std::string id;
};

/// Makes access tokens, signed with ES256. Immutable; safe from any thread.
class TokenSigner {
 public:
  /// `kid`: 1..64 of [A-Za-z0-9_-], what verifiers know the key by. `private_pem`: an EC P-256 key in PKCS#8.
  /// INVALID_FIELD on `kid` (BAD_FORMAT) or `private_key` (UNSUPPORTED_KEY).
  static Result<TokenSigner> Make(std::string_view kid, std::string_view private_pem);

  /// The compact form. Stops the process on claims no verifier would accept: an empty subject, a lifetime not
  /// within [1 s, kMaxTokenLifetime], too many roles.
  std::string Issue(const Claims& claims) const;

  const std::string& kid() const { return kid_; }

 private:
  TokenSigner(std::string_view kid, std::shared_ptr<const Jwk> key) : kid_(kid), key_(std::move(key)) {}

  std::string kid_;
  std::shared_ptr<const Jwk> key_;
};

/// Judges access tokens (reliability.md N28-N35). Safe from any thread.
///
/// Accepted is exactly: at most 8 KiB; header with the members alg = ES256, typ = at+jwt and a known kid and
/// no others; a signature by that key; a JSON object of claims in which no name is given twice; iss and aud
/// as configured; sub "apiClients/..."; iat, exp and, if given, nbf that hold at `now` within 30 s; a
/// lifetime of at most an hour; not issued before a revocation of its subject. Nothing a token says makes the
/// verifier look anything up elsewhere.
///
/// A signature costs some 70 us to check, so accepted tokens are remembered by their SHA-256, at most 2 x
/// `cache_entries` of them. Times, revocation and the presence of the key are judged anew at every use.
class TokenVerifier {
 public:
  TokenVerifier(std::string_view issuer, std::string_view audience, size_t cache_entries = 4096);
  ~TokenVerifier();
  TokenVerifier(const TokenVerifier&) = delete;
  TokenVerifier& operator=(const TokenVerifier&) = delete;

  /// Replaces all keys (kid -> public key in PEM, EC P-256) at once; nothing changes on an error:
  /// INVALID_FIELD on `keys` with BAD_FORMAT (a kid), UNSUPPORTED_KEY or TOO_MANY.
  Status SetKeys(const std::map<std::string, std::string>& public_pem_by_kid);

  /// Replaces the revocation table: tokens of a subject issued before its time are refused. An entry may be
  /// dropped once it is older than kMaxTokenLifetime + kTokenLeeway.
  void SetRevocations(std::unordered_map<std::string, Time> not_before_by_subject);

  /// Who presents the token; UNAUTHENTICATED, without saying why, when it is not accepted.
  Result<Principal> Verify(std::string_view jwt, Time now);

  /// How many signatures have been checked: the verifications the cache did not serve.
  uint64_t signatures_checked() const { return signatures_checked_.load(std::memory_order_relaxed); }

 private:
  using Digest = std::array<uint8_t, 32>;
  struct DigestHash {
    size_t operator()(const Digest& digest) const;
  };
  struct Accepted;  // a token whose signature and form were found good
  using AcceptedPtr = std::shared_ptr<const Accepted>;
  using Cache = std::unordered_map<Digest, AcceptedPtr, DigestHash>;
  using Keys = std::map<std::string, std::shared_ptr<const Jwk>, std::less<>>;
  using Revocations = std::unordered_map<std::string, Time>;
  struct Tables {
    std::shared_ptr<const Keys> keys;
    std::shared_ptr<const Revocations> revocations;
    AcceptedPtr cached;
  };

  Tables Look(const Digest& digest);
  void Remember(const Digest& digest, AcceptedPtr accepted);
  AcceptedPtr Examine(std::string_view jwt, const Keys& keys);
  std::optional<Accepted> ReadClaims(const std::string& payload) const;
  static bool Holds(const Accepted& accepted, const Tables& tables, Time now);

  const std::string issuer_;
  const std::string audience_;
  const size_t cache_entries_;
  std::atomic<uint64_t> signatures_checked_{0};
  std::mutex mutex_;  // guards the pointers below, not what they point to
  std::shared_ptr<const Keys> keys_;
  std::shared_ptr<const Revocations> revocations_;
  // Entries move to `recent_` when used; when it is full it becomes `older_` and what was there is forgotten.
  Cache recent_;
  Cache older_;
};

}  // namespace ttx::auth
