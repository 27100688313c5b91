#pragma once

#include "services/auction/domain/engine.h"

namespace ttx::auction {

/// domain.md 5.11: what was left of the phase, at least one cycle; or, for RESTART_PHASE, all of it, without
/// its bids.
void Resume(Recorder& recorder);

/// domain.md 4.6.
bool IsSuspensionReason(std::string_view reason);

}  // namespace ttx::auction
