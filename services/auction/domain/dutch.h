#pragma once

#include "libs/bidding/dutch.h"
#include "services/auction/domain/engine.h"

namespace ttx::auction {

/// The price now of a session whose price is falling (domain.md 5.7 DUTCH). Suspensions have moved its end,
/// so time is counted from there.
Fen CurrentDutchPrice(const Auction& auction, Time now);

std::optional<Reason> RefuseAcceptance(const Auction& auction, Fen price, Time now);
/// The first valid acceptance wins.
void AcceptDutch(Recorder& recorder, const std::string& code);

}  // namespace ttx::auction
