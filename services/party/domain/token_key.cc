#include "services/party/domain/token_key.h"

#include "services/party/domain/limits.h"

namespace ttx::party {

Result<std::vector<TokenKey>> AddTokenKey(std::vector<TokenKey> keys, TokenKey key, Time now) {
  if (keys.size() >= kMaxTokenKeys) {
    return Error(Reason::kLIMIT_REACHED,
                 {{"resource", "tokenKeys"}, {"limit", std::to_string(kMaxTokenKeys)}});
  }
  key.create_time = now;
  key.activate_time = keys.empty() ? now : now + kTokenKeyActivation;
  key.expire_time = {};
  if (!keys.empty()) keys.back().expire_time = key.activate_time + kTokenHorizon;
  keys.push_back(std::move(key));
  return keys;
}

const TokenKey* SigningTokenKey(const std::vector<TokenKey>& keys, Time now) {
  const TokenKey* found = nullptr;
  for (const TokenKey& key : keys) {
    if (key.activate_time <= now) found = &key;
  }
  return found;
}

Time WindowEnd(const TokenFailures& failures) { return failures.window_start + kTokenFailureWindow; }

bool Blocked(const std::optional<TokenFailures>& failures, Time now) {
  return failures && failures->count >= kMaxTokenFailures && now < WindowEnd(*failures);
}

TokenFailures Failed(const std::optional<TokenFailures>& failures, Time now) {
  if (!failures || now >= WindowEnd(*failures)) return {now, 1};
  return {failures->window_start, failures->count + 1};
}

}  // namespace ttx::party
