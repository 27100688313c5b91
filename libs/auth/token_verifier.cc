#include <rapidjson/document.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "libs/auth/jwk.h"
#include "libs/auth/token.h"
#include "libs/core/encoding.h"
#include "libs/core/id.h"
#include "libs/crypto/digest.h"

namespace ttx::auth {
namespace {

constexpr size_t kSignatureBytes = 64;
constexpr size_t kMaxMembers = 64;
constexpr size_t kMaxRoleLength = 64;
constexpr int64_t kMaxSeconds = 9'000'000'000;  // a Time holds no more

std::string_view Text(const rapidjson::Value& value) { return {value.GetString(), value.GetStringLength()}; }

// A JSON object in which no member is given twice.
bool ParseObject(const std::string& text, rapidjson::Document& document) {
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(text.data(),
                                                                                         text.size());
  if (document.HasParseError() || !document.IsObject() || document.MemberCount() > kMaxMembers) return false;
  for (auto a = document.MemberBegin(); a != document.MemberEnd(); ++a) {
    for (auto b = a + 1; b != document.MemberEnd(); ++b) {
      if (Text(a->name) == Text(b->name)) return false;
    }
  }
  return true;
}

// A member that is text; nothing when it is missing or something else.
std::optional<std::string_view> TextMember(const rapidjson::Value& object, const char* name) {
  const auto it = object.FindMember(name);
  if (it == object.MemberEnd() || !it->value.IsString()) return std::nullopt;
  return Text(it->value);
}

// A member that is a whole number of `unit`s within what a Time holds; nothing when it is missing or
// something else.
std::optional<Time> TimeMember(const rapidjson::Value& object, const char* name, Duration unit = Seconds(1)) {
  const auto it = object.FindMember(name);
  if (it == object.MemberEnd() || !it->value.IsInt64()) return std::nullopt;
  const int64_t count = it->value.GetInt64();
  if (count < 0 || count > Seconds(kMaxSeconds).ns / unit.ns) return std::nullopt;
  return Time{count * unit.ns};
}

// Reads a resource name of `collection` into `out`, which stays empty when there is no such member.
bool ReadName(const rapidjson::Value& object, const char* name, std::string_view collection,
              std::string& out) {
  if (!object.HasMember(name)) return true;
  const std::optional<std::string_view> text = TextMember(object, name);
  if (!text || !ParseName(*text, collection, name).ok()) return false;
  out = *text;
  return true;
}

bool ReadRoles(const rapidjson::Value& object, std::vector<std::string>& out) {
  const auto it = object.FindMember("roles");
  if (it == object.MemberEnd()) return true;
  if (!it->value.IsArray() || it->value.Size() > kMaxTokenRoles) return false;
  for (const rapidjson::Value& role : it->value.GetArray()) {
    if (!role.IsString() || role.GetStringLength() > kMaxRoleLength) return false;
    out.emplace_back(Text(role));
  }
  return true;
}

// The kid of a header that has the members alg, typ and kid, with the only values we accept, and no others:
// jku, x5u, jwk and x5c would name keys, crit, zip and b64 change the meaning, cty mark a token inside the
// token.
std::optional<std::string> ReadHeader(std::string_view encoded) {
  const std::optional<std::string> text = FromBase64Url(encoded);
  rapidjson::Document header;
  if (!text || !ParseObject(*text, header) || header.MemberCount() != 3) return std::nullopt;
  if (TextMember(header, "alg") != "ES256" || TextMember(header, "typ") != "at+jwt") return std::nullopt;
  const std::optional<std::string_view> kid = TextMember(header, "kid");
  if (!kid || !IsKeyId(*kid)) return std::nullopt;
  return std::string(*kid);
}

}  // namespace

struct TokenVerifier::Accepted {
  Principal principal;
  std::string kid;
  std::shared_ptr<const Jwk> key;
  Time issued_at;
  Time not_before;
  Time expires_at;
};

size_t TokenVerifier::DigestHash::operator()(const Digest& digest) const {
  size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

TokenVerifier::TokenVerifier(std::string_view issuer, std::string_view audience, size_t cache_entries)
    : issuer_(issuer),
      audience_(audience),
      cache_entries_(cache_entries),
      keys_(std::make_shared<const Keys>()),
      revocations_(std::make_shared<const Revocations>()) {
  TTX_CHECK(!issuer_.empty() && !audience_.empty() && cache_entries_ > 0,
            "a verifier needs an issuer and an audience");
}

TokenVerifier::~TokenVerifier() = default;

Status TokenVerifier::SetKeys(const std::map<std::string, std::string>& public_pem_by_kid) {
  if (public_pem_by_kid.size() > kMaxTokenKeys) {
    return InvalidField("keys", Reason::kTOO_MANY, "0.." + std::to_string(kMaxTokenKeys));
  }
  std::shared_ptr<const Keys> old;
  {
    const std::lock_guard lock(mutex_);
    old = keys_;
  }
  auto keys = std::make_shared<Keys>();
  for (const auto& [kid, pem] : public_pem_by_kid) {
    if (!IsKeyId(kid)) return InvalidField("keys", Reason::kBAD_FORMAT, "1..64 of [A-Za-z0-9_-]");
    TTX_TRY(std::shared_ptr<const Jwk> key, Jwk::FromPublicPem(pem, "keys"));
    // The same key under the same kid stays the same object, so that tokens already accepted stay accepted.
    const auto it = old->find(kid);
    (*keys)[kid] = it != old->end() && it->second->point() == key->point() ? it->second : std::move(key);
  }
  const std::lock_guard lock(mutex_);
  keys_ = std::move(keys);
  return {};
}

void TokenVerifier::SetRevocations(std::unordered_map<std::string, Time> not_before_by_subject) {
  auto revocations = std::make_shared<const Revocations>(std::move(not_before_by_subject));
  const std::lock_guard lock(mutex_);
  revocations_.swap(revocations);
}

Result<Principal> TokenVerifier::Verify(std::string_view jwt, Time now) {
  if (jwt.empty() || jwt.size() > kMaxTokenBytes) return Error(Reason::kUNAUTHENTICATED);
  Digest digest;
  std::ranges::copy(crypto::Sha256(jwt), digest.begin());
  const Tables tables = Look(digest);
  if (tables.cached != nullptr) {
    if (!Holds(*tables.cached, tables, now)) return Error(Reason::kUNAUTHENTICATED);
    return tables.cached->principal;
  }
  const AcceptedPtr accepted = Examine(jwt, *tables.keys);
  if (accepted == nullptr || !Holds(*accepted, tables, now)) return Error(Reason::kUNAUTHENTICATED);
  Remember(digest, accepted);
  return accepted->principal;
}

TokenVerifier::Tables TokenVerifier::Look(const Digest& digest) {
  const std::lock_guard lock(mutex_);
  Tables tables{keys_, revocations_, nullptr};
  if (const auto it = recent_.find(digest); it != recent_.end()) {
    tables.cached = it->second;
  } else if (const auto old = older_.find(digest); old != older_.end()) {
    tables.cached = old->second;
    older_.erase(old);
    if (recent_.size() >= cache_entries_) older_ = std::exchange(recent_, {});
    recent_.emplace(digest, tables.cached);
  }
  return tables;
}

void TokenVerifier::Remember(const Digest& digest, AcceptedPtr accepted) {
  const std::lock_guard lock(mutex_);
  if (recent_.size() >= cache_entries_) older_ = std::exchange(recent_, {});
  recent_.insert_or_assign(digest, std::move(accepted));
}

TokenVerifier::AcceptedPtr TokenVerifier::Examine(std::string_view jwt, const Keys& keys) {
  const size_t first = jwt.find('.');
  const size_t second = first == jwt.npos ? jwt.npos : jwt.find('.', first + 1);
  if (second == jwt.npos || jwt.find('.', second + 1) != jwt.npos) return nullptr;
  const std::optional<std::string> kid = ReadHeader(jwt.substr(0, first));
  const auto key = kid ? keys.find(*kid) : keys.end();
  if (key == keys.end()) return nullptr;
  const std::optional<std::string> signature = FromBase64Url(jwt.substr(second + 1));
  const std::optional<std::string> payload = FromBase64Url(jwt.substr(first + 1, second - first - 1));
  if (!signature || signature->size() != kSignatureBytes || !payload) return nullptr;
  signatures_checked_.fetch_add(1, std::memory_order_relaxed);
  if (!key->second->VerifyCompact(jwt)) return nullptr;

  std::optional<Accepted> accepted = ReadClaims(*payload);
  if (!accepted) return nullptr;
  accepted->kid = *kid;
  accepted->key = key->second;
  return std::make_shared<const Accepted>(*std::move(accepted));
}

std::optional<TokenVerifier::Accepted> TokenVerifier::ReadClaims(const std::string& payload) const {
  rapidjson::Document claims;
  if (!ParseObject(payload, claims)) return std::nullopt;
  if (TextMember(claims, "iss") != issuer_ || TextMember(claims, "aud") != audience_) return std::nullopt;
  Accepted accepted;
  // Only the server itself speaks for a service, so no token may name one as its subject.
  Principal& principal = accepted.principal;
  if (!ReadName(claims, "sub", "apiClients", principal.subject) || principal.subject.empty() ||
      !ReadName(claims, "org", "organizations", principal.organization) ||
      !ReadName(claims, "person", "people", principal.person) || !ReadRoles(claims, principal.roles)) {
    return std::nullopt;
  }
  const std::optional<Time> issued_at = TimeMember(claims, "iat");
  const std::optional<Time> expires_at = TimeMember(claims, "exp");
  const std::optional<Time> not_before = claims.HasMember("nbf") ? TimeMember(claims, "nbf") : issued_at;
  const std::optional<Time> precise =
      claims.HasMember("iat_us") ? TimeMember(claims, "iat_us", Nanoseconds(1000)) : issued_at;
  if (!issued_at || !expires_at || !not_before || !precise) return std::nullopt;
  if (*precise < *issued_at || *precise >= *issued_at + Seconds(1)) return std::nullopt;
  if (*expires_at <= *issued_at || *expires_at - *issued_at > kMaxTokenLifetime) return std::nullopt;
  accepted.issued_at = *precise;
  accepted.not_before = std::max(*not_before, *issued_at);
  accepted.expires_at = *expires_at;
  return accepted;
}

bool TokenVerifier::Holds(const Accepted& accepted, const Tables& tables, Time now) {
  if (now + kTokenLeeway < accepted.not_before || now >= accepted.expires_at + kTokenLeeway) return false;
  const auto key = tables.keys->find(accepted.kid);
  if (key == tables.keys->end() || key->second != accepted.key) return false;
  const auto revoked = tables.revocations->find(accepted.principal.subject);
  return revoked == tables.revocations->end() || accepted.issued_at >= revoked->second;
}

}  // namespace ttx::auth
