#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/sealed/envelope.h"

namespace ttx::sealed {

/// What a holder says of one envelope.
struct Share {
  int holder = 0;                    // 1..n
  std::optional<SecretBytes> value;  // 32 bytes, or nothing: "my box cannot be read"
};

/// Takes the holder's share out of its box. WRONG_HOLDER_SET when the envelope was sealed for other holders
/// or the key is none of theirs. A box that cannot be read is an answer, not an error. Whether the auction
/// has closed is the caller's to prove first (close_proof.h).
Result<Share> OpenShare(const HolderKey& key, const HolderSet& holders, const Envelope& envelope);

enum class Outcome { kValid, kBidderInvalid };

/// Why a bid is not valid.
enum class Flaw {
  kNone,
  kSeedNotRecovered,  // no t of the shares give the seed the envelope commits to
  kBodyNotAuthentic,  // the seed does not open the body
  kNotReproducible,   // sealing again from the seed gives other bytes: a box or the padding was tampered with
};
/// "SEED_NOT_RECOVERED" and so on; "" for kNone.
std::string_view FlawName(Flaw flaw);

/// What became of an envelope; to be published once all envelopes of the auction are opened.
struct Verdict {
  Outcome outcome = Outcome::kBidderInvalid;
  Flaw flaw = Flaw::kSeedNotRecovered;
  std::string content;     // the bid; only of a valid envelope
  std::string seed;        // 32 bytes with which anybody can repeat the verdict; empty when not recovered
  std::vector<int> liars;  // holders whose share is proven not to be the one in their box, ascending

  /// While the seed is not known, the bidder's own seed may still make the bid valid and name the holders
  /// that lied (Reveal); every other verdict is final.
  bool provisional() const { return flaw == Flaw::kSeedNotRecovered; }
};

/// Opens an envelope with the shares of at least t holders, each at most once. With honest holders the
/// outcome is the same for every choice of them, whatever the bidder did (reliability.md 4.1, N98); a holder
/// that lies is outvoted and named if t others told the truth (N99). QUORUM_NOT_REACHED for fewer than t
/// shares, WRONG_HOLDER_SET, INVALID_FIELD on `shares` (an index that does not exist, comes twice, or another
/// length).
Result<Verdict> Combine(const Envelope& envelope, const HolderSet& holders, const std::vector<Share>& shares);

/// The same from the seed: the bidder reveals it, or anybody repeats a published verdict. Any number of
/// shares.
Result<Verdict> Reveal(const Envelope& envelope, const HolderSet& holders, std::string_view seed,
                       const std::vector<Share>& shares);

}  // namespace ttx::sealed
