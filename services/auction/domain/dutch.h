#pragma once

#include "services/auction/domain/engine.h"

namespace ttx::auction {

/// domain.md 5.7 DUTCH: price(t) = max(floor, p0 - k * step), k = floor((t - t0) / interval), computed from
/// the start price every time, never accumulated.
Fen DutchPrice(const Rules& rules, int64_t steps);
/// The last step, at which the floor is reached.
int64_t DutchSteps(const Rules& rules);
/// From the start to one interval after the floor was reached.
Duration DutchLength(const Rules& rules);
/// The price now of a session whose price is falling. Suspensions have moved its end, so time is counted from
/// there.
Fen CurrentDutchPrice(const Auction& auction, Time now);

std::optional<Reason> RefuseAcceptance(const Auction& auction, Fen price, Time now);
/// The first valid acceptance wins.
void AcceptDutch(Recorder& recorder, const std::string& code);

Status CheckDutch(const Rules& rules);

}  // namespace ttx::auction
