#pragma once

#include "services/auction/domain/engine.h"

namespace ttx::auction {

/// domain.md 5.11: what was left of the phase, at least one cycle; or, for RESTART_PHASE, all of it, without
/// its bids.
void Resume(Recorder& recorder);

/// Stops the phase at `time`, until the objection is closed and two persons let it go on; nothing where the phase has
/// no end or has not begun.
void SuspendForObjection(Recorder& recorder, Time time);

/// OBJECTION_OPEN, for what must wait.
Error ObjectionOpen(const Auction& auction);

}  // namespace ttx::auction
