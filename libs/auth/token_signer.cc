#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <utility>

#include "libs/auth/jwk.h"
#include "libs/auth/token.h"

namespace ttx::auth {

Result<TokenSigner> TokenSigner::Make(std::string_view kid, std::string_view private_pem) {
  if (!IsKeyId(kid)) return InvalidField("kid", Reason::kBAD_FORMAT, "1..64 of [A-Za-z0-9_-]");
  TTX_TRY(std::shared_ptr<const Jwk> key, Jwk::FromPrivatePem(private_pem, "private_key"));
  return TokenSigner(kid, std::move(key));
}

std::string TokenSigner::Issue(const Claims& claims) const {
  const Duration lifetime = claims.expires_at - claims.issued_at;
  TTX_CHECK(lifetime >= Seconds(1) && lifetime <= kMaxTokenLifetime, "a token lives at most an hour");
  TTX_CHECK(!claims.subject.empty() && claims.roles.size() <= kMaxTokenRoles,
            "a token needs a subject and few roles");
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  const auto text = [&json](const char* name, const std::string& value) {
    json.Key(name);
    json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  const auto number = [&json](const char* name, int64_t value) {
    json.Key(name);
    json.Int64(value);
  };
  json.StartObject();
  text("iss", claims.issuer);
  text("aud", claims.audience);
  text("sub", claims.subject);
  if (!claims.organization.empty()) text("org", claims.organization);
  if (!claims.person.empty()) text("person", claims.person);
  json.Key("roles");
  json.StartArray();
  for (const std::string& role : claims.roles)
    json.String(role.data(), static_cast<rapidjson::SizeType>(role.size()));
  json.EndArray();
  number("iat", claims.issued_at.ns / Seconds(1).ns);
  number("iat_us", claims.issued_at.ns / Nanoseconds(1000).ns);
  number("exp", claims.expires_at.ns / Seconds(1).ns);
  text("jti", claims.id);
  json.EndObject();
  return key_->SignCompact("at+jwt", kid_, {buffer.GetString(), buffer.GetSize()});
}

}  // namespace ttx::auth
