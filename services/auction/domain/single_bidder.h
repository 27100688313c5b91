#pragma once

#include "services/auction/domain/engine.h"

namespace ttx::auction {

/// domain.md 5.8 AGREEMENT_AT_QUOTE: the only qualified bidder's one valid quote, within FREE or the window,
/// is the price.
bool IsSingleQuote(const Auction& auction);
/// The time is over: without a quote the bidder loses its deposit (domain.md 5.12 b).
void EndSingleQuote(Recorder& recorder);

}  // namespace ttx::auction
