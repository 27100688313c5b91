#pragma once

#include <cstdint>

#include "libs/bidding/rules.h"

namespace ttx::bidding {

/// domain.md 5.7 DUTCH: price(t) = max(floor, p0 - k * step), k = floor((t - t0) / interval), computed from
/// the start price every time, never accumulated.
Fen DutchPrice(const Rules& rules, int64_t steps);
/// The last step, at which the floor is reached.
int64_t DutchSteps(const Rules& rules);
/// From the start to one interval after the floor was reached.
Duration DutchLength(const Rules& rules);

/// The part of CheckRules that is about the falling price.
Status CheckDutch(const Rules& rules);

}  // namespace ttx::bidding
