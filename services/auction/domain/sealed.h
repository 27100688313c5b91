#pragma once

#include "services/auction/domain/engine.h"

namespace ttx::auction {

/// domain.md 5.5: no more envelopes. Opens nothing; too few of them close the session unopened.
void EndSubmitting(Recorder& recorder);
/// By the deadline too few shares, or false ones: the second date, then the bidders themselves, then what
/// opens without them, if anything (reliability.md 4.1).
void EndCollecting(Recorder& recorder);
void EndRevealing(Recorder& recorder);
/// Whether the opening may be asked for.
std::optional<Error> CheckOpening(const Auction& auction);

/// Whether `a` comes before `b` when their prices are equal: priority holder, then time (PRIORITY_THEN_TIME).
bool BeforeAtEqualPrice(const Bid& a, const Bid& b);

}  // namespace ttx::auction
