#include "gateway/rate_key.h"

#include <rapidjson/document.h>

#include <optional>

#include "gateway/limits.h"
#include "libs/core/encoding.h"
#include "libs/core/id.h"

namespace ttx::gateway {
namespace {

constexpr std::string_view kScheme = "bearer ";

bool HasScheme(std::string_view authorization) {
  if (authorization.size() <= kScheme.size()) return false;
  for (size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != kScheme[i]) return false;
  }
  return true;
}

// "apiClients/{id}" of a compact JWT, or empty.
std::string SubjectOf(std::string_view token) {
  if (token.size() > kTokenBytesMax) return "";
  const size_t first = token.find('.');
  const size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos) return "";
  const std::optional<std::string> payload = FromBase64Url(token.substr(first + 1, second - first - 1));
  if (!payload) return "";
  rapidjson::Document claims;
  claims.Parse<rapidjson::kParseIterativeFlag>(payload->data(), payload->size());
  if (claims.HasParseError() || !claims.IsObject()) return "";
  const auto subject = claims.FindMember("sub");
  if (subject == claims.MemberEnd() || !subject->value.IsString()) return "";
  const std::string_view name(subject->value.GetString(), subject->value.GetStringLength());
  return ParseName(name, "apiClients", "sub").ok() ? std::string(name) : "";
}

}  // namespace

std::string RateKey(std::string_view authorization, std::string_view peer) {
  std::string key(peer);
  if (!HasScheme(authorization)) return key;
  authorization.remove_prefix(kScheme.size());
  const std::string subject = SubjectOf(authorization);
  return subject.empty() ? key : key + " " + subject;
}

}  // namespace ttx::gateway
