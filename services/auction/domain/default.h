#pragma once

#include "services/auction/domain/engine.h"

namespace ttx::auction {

/// domain.md 5.12: whether the bidder can be in default in this way where the session stands.
std::optional<Error> CheckDefault(const Auction& auction, const std::string& code, ForfeitCause cause);
/// Whether `left` can be what stands without the bids of `code`.
std::optional<Error> CheckLeft(const Auction& auction, const std::string& code, const BidsLeft& left);

/// The bidder is barred. After the close that is all. Before it, it loses its deposit and its bids are void: the best bid
/// of the others leads, and they have at least one cycle to bid on it; an envelope counts for nothing at the opening.
/// When nobody can bid any more the session is annulled with the reason DEFAULT, or where `next_best_allowed` holders of
/// priority rights are asked about the next best anew, and the next candidate of a tender is named (domain.md 5.7, 5.12).
void Bar(Recorder& recorder, const std::string& code, ForfeitCause cause, const BidsLeft& left);
/// What follows from that where the session waits for somebody who is barred. Of a suspended session once it goes on,
/// of one that an objection holds once that is closed.
void SettleBarred(Recorder& recorder);

/// How many may bid: the barred do not count.
int32_t EligibleCount(const Auction& auction);
/// Whether a restart of a phase voided the bid.
bool IsVoid(const Auction& auction, int64_t number);

}  // namespace ttx::auction
