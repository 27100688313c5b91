#pragma once

#include "services/auction/domain/engine.h"

namespace ttx::auction {

/// domain.md 5.7 ENGLISH: an accepted bid with no more than `cycle` left moves the end to bid time + cycle;
/// an end never comes nearer.
Time SoftClose(const Rules& rules, Time end, Time bid_time);

}  // namespace ttx::auction
