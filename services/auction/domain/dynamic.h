#pragma once

#include "services/auction/domain/engine.h"

namespace ttx::auction {

/// domain.md 5.4: FREE lasts as long as the listing, and bidders qualify while it runs; so it is only at its
/// end that too few of them, or a single one whose quote is the price, are known. Closes then and says so.
bool CloseAtFreeEnd(Recorder& recorder);

}  // namespace ttx::auction
