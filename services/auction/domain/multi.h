#pragma once

#include "services/auction/domain/engine.h"

namespace ttx::auction {

/// domain.md 5.3 (and 5.4): FREE is over at its end. LIMITED follows, after the preparation if there is one;
/// or the session closes when the entry rule is not met.
void EndFree(Recorder& recorder);
/// LIMITED: a bid restarts the cycle (reset_policy RESTART_FROM_BID). What an outage added to the end stays.
Time LimitedEndAfterBid(const Rules& rules, Time end, Time bid_time);

}  // namespace ttx::auction
