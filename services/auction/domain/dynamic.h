#pragma once

#include "services/auction/domain/engine.h"

namespace ttx::auction {

/// domain.md 5.4: FREE lasts as long as the listing, and bidders qualify while it runs; so it is only at its
/// end that too few of them, or a single one whose quote is the price, are known. Closes then and says so.
bool CloseAtFreeEnd(Recorder& recorder);

/// Whether who qualifies now becomes a bidder: before the start; in DYNAMIC until the end of FREE, suspended or not.
bool TakesBidders(const Auction& auction);

}  // namespace ttx::auction
