#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/core/result.h"
#include "libs/core/time.h"
#include "libs/sealed/envelope.h"
#include "libs/sealed/holders.h"

namespace ttx::demo {

// What bidders and key holders do on machines of their own (docs/sealed_bids.md). Seeds and keys are made here and
// leave only as the protocol says.

inline constexpr int kSharesNeeded = 3;

/// Five key holders, any kSharesNeeded of whom open envelopes.
struct KeyHolders {
  std::vector<sealed::HolderKey> keys;
  sealed::HolderSet set;
};
KeyHolders MakeKeyHolders();

/// A price in its envelope, and the seed that only the bidder has.
struct SealedPrice {
  std::string seed;
  std::string bytes;
  std::string digest;
};

/// To what an envelope is addressed, as the public auction says.
struct Address {
  std::string origin;
  std::string auction;
  std::string round;
  std::string rules_hash_hex;
  std::string holder_set;  // the published list
};

/// What the bidder with `code` hands in as its `version`-th envelope. WRONG_HOLDER_SET when the published list is not
/// the one the key holders made.
Result<SealedPrice> SealPrice(const Address& address, const KeyHolders& holders, const std::string& code,
                              uint32_t version, int64_t fen);

/// What the exchange shows the key holders once no more envelopes are taken.
struct ClosedRound {
  std::string auction;
  std::string proof;
  std::string record_key_pem;  // which the holders were given beforehand
  std::vector<std::string> envelopes;
};

/// What a holder says of all envelopes, once it is convinced that the session has closed; NOT_PROVEN_CLOSED and others
/// otherwise. `holder` counts from 0.
Result<std::string> ReportShares(const KeyHolders& holders, size_t holder, const ClosedRound& round, Time now);

/// The price in an envelope, as anybody finds it with the published seed; BIDDER_INVALID bids are MALFORMED_BODY.
Result<int64_t> VerifyOpened(const KeyHolders& holders, const std::string& envelope, const std::string& seed);

}  // namespace ttx::demo
