#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "libs/core/result.h"

struct _cjose_jwk_int;

namespace ttx::auth {

/// An EC P-256 key in the form the JOSE library wants. Immutable; safe from any thread.
class Jwk {
 public:
  /// UNSUPPORTED_KEY on `field` when the PEM text is not an EC P-256 key of that half.
  static Result<std::shared_ptr<const Jwk>> FromPublicPem(std::string_view pem, std::string_view field);
  static Result<std::shared_ptr<const Jwk>> FromPrivatePem(std::string_view pem, std::string_view field);

  ~Jwk();
  Jwk(const Jwk&) = delete;
  Jwk& operator=(const Jwk&) = delete;

  /// A compact JWS with header {alg: ES256, typ, kid}. Needs the private half.
  std::string SignCompact(std::string_view typ, std::string_view kid, std::string_view payload) const;
  /// Whether this key made the ES256 signature of a compact JWS. The caller has judged the header.
  bool VerifyCompact(std::string_view jws) const;
  /// x and y, 64 bytes: equal exactly when the public keys are.
  const std::string& point() const { return point_; }

 private:
  Jwk(_cjose_jwk_int* key, std::string point) : key_(key), point_(std::move(point)) {}

  _cjose_jwk_int* const key_;  // owned
  const std::string point_;
};

/// Whether a key id has the form of ours: 1..64 of [A-Za-z0-9_-].
bool IsKeyId(std::string_view kid);

}  // namespace ttx::auth
