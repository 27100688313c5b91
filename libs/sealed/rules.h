#pragma once

#include "libs/bidding/rules.h"
#include "libs/core/result.h"
#include "libs/sealed/holders.h"

namespace ttx::sealed {

/// The key holders of a session with envelopes; INVALID_FIELD on `rules.sealed.holder_set` unless the list
/// can be read and agrees with shares_needed and shares_total.
Result<HolderSet> HoldersOf(const bidding::Rules& rules);

}  // namespace ttx::sealed
