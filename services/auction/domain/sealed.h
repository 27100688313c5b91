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
/// Whether `a` comes before `b`: the higher price, then the order at equal prices.
bool IsBetterSealed(const Bid& a, const Bid& b);
/// Fewer valid tenders than the rules ask for: the tender is repeated (RETENDER, domain.md 5.8). Whether they are.
bool CloseIfTooFew(Recorder& recorder);

}  // namespace ttx::auction
