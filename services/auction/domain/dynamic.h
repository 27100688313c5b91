#pragma once

#include "services/auction/domain/engine.h"

namespace ttx::auction {

/// domain.md 5.4: FREE lasts as long as the listing, and bidders qualify while it runs; so it is only at its
/// end that too few of them, or a single one whose quote is the price, are known. Closes then and says so.
bool CloseAtFreeEnd(Recorder& recorder);

/// Whether who qualified at `qualify_time` becomes a bidder now: before the start; in DYNAMIC in FREE, also while the
/// cap has cut it short, and as long as bids are taken after it who qualified before its end, for the news of that takes
/// its time. Suspended or not.
bool TakesBidders(const Auction& auction, Time qualify_time);

}  // namespace ttx::auction
