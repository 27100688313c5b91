#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/result.h"
#include "libs/sealed/secret.h"
#include "libs/sealed/suite.h"

namespace ttx::sealed {

inline constexpr int kMinThreshold = 2;
inline constexpr int kMaxHolders = 15;
inline constexpr size_t kMaxHolderNameBytes = 64;

/// A key holder as everybody sees it.
struct Holder {
  std::string name;         // 1..64 of [a-z0-9-]
  std::string box_key;      // raw public key of the suite's key agreement: shares are sealed to it
  std::string signing_pem;  // SubjectPublicKeyInfo: signs the shares the holder hands out

  bool operator==(const Holder&) const = default;
};

/// A key holder's own secrets, as MakeHolderKey and ParseHolderKey give them. They never leave its machine.
struct HolderKey {
  Suite suite = Suite::kTtxSb1;
  Holder holder;            // the public half, which follows from the other two
  SecretBytes box_private;  // 32 bytes
  SecretBytes signing_pem;  // PKCS#8
};

/// Makes a holder's key. The box key is derived from `seed`, 32 bytes nobody can foresee;
/// `signing_private_pem` is a key of SignatureSuite(suite). INVALID_FIELD on `name` or UNSUPPORTED_KEY on
/// `private_key`.
Result<HolderKey> MakeHolderKey(Suite suite, std::string_view name, std::string_view seed,
                                std::string_view signing_private_pem);
/// The holder's key file (docs/formats.md, "Sealed envelopes").
SecretBytes FormatHolderKey(const HolderKey& key);
/// BAD_SEALED_FILE when it is not exactly what FormatHolderKey writes.
Result<HolderKey> ParseHolderKey(std::string_view text);

/// The card a holder hands to the exchange: suite and public half.
struct HolderCard {
  Suite suite = Suite::kTtxSb1;
  Holder holder;
};
std::string FormatHolderCard(const HolderCard& card);
/// BAD_SEALED_FILE when it is not exactly what FormatHolderCard writes.
Result<HolderCard> ParseHolderCard(std::string_view text);

/// The holders of an auction, in order, and how many of them open an envelope. Immutable: bids are bound to
/// it.
class HolderSet {
 public:
  /// BAD_SEALED_FILE unless 2 <= threshold <= number of holders <= 15, all names and keys different and
  /// usable.
  static Result<HolderSet> Make(Suite suite, int threshold, std::vector<Holder> holders);
  /// Reads text(), byte for byte; BAD_SEALED_FILE otherwise.
  static Result<HolderSet> Parse(std::string_view text);

  Suite suite() const { return suite_; }
  int threshold() const { return threshold_; }
  /// The holder with index i of the shares is holders()[i - 1].
  const std::vector<Holder>& holders() const { return holders_; }
  int size() const { return static_cast<int>(holders_.size()); }
  const Holder& holder(int index) const { return holders_[static_cast<size_t>(index - 1)]; }
  /// 1..n, or 0 when `key` is none of the set's: name and both keys have to be its.
  int IndexOf(const HolderKey& key) const;
  /// The text of which `id` is the digest: the file that is published with the rules.
  const std::string& text() const { return text_; }
  /// 32 bytes: names the set in every envelope.
  const std::string& id() const { return id_; }

 private:
  HolderSet() = default;
  Suite suite_ = Suite::kTtxSb1;
  int threshold_ = 0;
  std::vector<Holder> holders_;
  std::string text_;
  std::string id_;
};

}  // namespace ttx::sealed
