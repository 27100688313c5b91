#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "libs/core/result.h"

namespace ttx::crypto {

class Gcm;

/// Encrypts many small secrets at rest fast, with AES-256-GCM. Where Seal sets a key up each time and draws a nonce,
/// a Sealer has a key of its own, HKDF of the long-lived one under a random salt, and counts: no two values share key
/// and nonce, however many there are. Of copies of a running process (a resumed snapshot) only one may go on. For one
/// thread.
class Sealer {
 public:
  /// `key` has 32 bytes; `purpose` keeps keys for different things apart.
  Sealer(std::string_view key, std::string_view purpose);
  ~Sealer();
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  /// `context` is not stored but must be the same when opening. Result: one version byte (2), 16 bytes salt, 8 bytes
  /// number, ciphertext, 16 bytes tag.
  std::string Seal(std::string_view secret, std::string_view context);
  /// What any Sealer of the same key and purpose has sealed; DATA_LOSS when the value, the key, the purpose or the
  /// context is not the one it was sealed with.
  Result<std::string> Open(std::string_view sealed, std::string_view context) const;

 private:
  std::string KeyFor(std::string_view salt) const;

  const std::string key_;
  const std::string purpose_;
  const std::string salt_;
  const std::unique_ptr<Gcm> cipher_;  // set up with this Sealer's key
  uint64_t sealed_ = 0;
};

}  // namespace ttx::crypto
