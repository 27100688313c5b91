#pragma once

// Envelopes of one round as libs/sealed knows them. Private to the folder.

#include <optional>
#include <string>
#include <vector>

#include "libs/sealed/close_proof.h"
#include "libs/sealed/holders.h"
#include "libs/sealed/share_report.h"
#include "services/auction/app/options.h"
#include "services/auction/store/auction_store.h"

namespace ttx::auction {

/// The envelope that `code` may hand in as its `version`-th of the round: ENVELOPE_MALFORMED,
/// ENVELOPE_MISADDRESSED, WRONG_HOLDER_SET.
Result<sealed::Envelope> ReadEnvelope(const Auction& auction, const AuctionOptions& options,
                                      const std::string& code, int32_t version, std::string_view bytes);

/// The proof that the round has closed with exactly these envelopes.
std::string MakeCloseProof(const StoredAuction& stored, const AuctionOptions& options,
                           const std::vector<EnvelopeEntry>& envelopes);

/// What a holder says of all or some of the round's envelopes, whose digests are `digests`, ascending: WRONG_SHARE
/// unless it is the holder's, about this session and proof and about nothing else.
Result<sealed::ShareReport> ReadShares(const Auction& auction, std::string_view close_proof,
                                       const std::vector<std::string>& digests, std::string_view report);

/// What holder `holder`, from 1, has said so far, in parts that were taken.
sealed::ShareReport JoinShares(const Auction& auction, std::string_view close_proof, int holder,
                               const std::vector<std::string>& parts);

/// What the envelope holds, from the shares handed in: every choice of shares_needed of them is tried until
/// one gives the seed that the envelope commits to, C(15, 7) = 6435 choices at most. Its seed is empty when
/// none does, as with too few reports.
EnvelopeVerdict Judge(const Auction& auction, std::string_view envelope,
                      const std::vector<sealed::ShareReport>& reports);
/// The same from the seed, be it the bidder's or found before; ENVELOPE_UNREADABLE when it is not the
/// envelope's.
Result<EnvelopeVerdict> JudgeBySeed(const Auction& auction, std::string_view envelope, std::string_view seed,
                                    const std::vector<sealed::ShareReport>& reports);

}  // namespace ttx::auction
