#pragma once

#include <string>
#include <string_view>

#include "libs/crypto/digest.h"
#include "libs/crypto/sealer.h"
#include "libs/storage/writer.h"

namespace ttx::rpc {

/// Keeps from whoever has a service's store what its stored answers tell: who asked for what, and the answer. Names and
/// fingerprints are safe from any thread, the rest is for the writer's.
class AnswerVault : public storage::AnswerSeal {
 public:
  /// `secrets_key` has 32 bytes; `service` is the full proto name.
  AnswerVault(std::string_view secrets_key, std::string_view service);

  /// Under which an answer is stored, in place of who asked, for what and under which request id.
  std::string NameOf(std::string_view principal, std::string_view method, std::string_view request_id) const;
  /// Of a request: nobody without the key can tell whether a guess is right. 32 raw bytes.
  std::string Fingerprint(std::string_view request) const { return fingerprint_key_.Mac(request); }

  std::string Seal(std::string_view name, std::string_view answer) override;
  std::string Open(std::string_view name, std::string_view sealed) const override;

 private:
  const crypto::HmacKey name_key_;
  const crypto::HmacKey fingerprint_key_;
  crypto::Sealer sealer_;
};

}  // namespace ttx::rpc
