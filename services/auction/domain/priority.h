#pragma once

#include "services/auction/domain/engine.h"

namespace ttx::auction {

/// domain.md 5.9 P1 SAME_PRICE: a holder may bid the leading price when the leader has no right or a lower
/// one.
bool MayMatch(const Auction& auction, std::string_view code, Fen price);

/// domain.md 5.9 P2 ASK_AT_END: asks the holders of the next rank, or closes when nobody is left to be asked.
void AskNextRank(Recorder& recorder, Time time);
/// The answering time is over: silence waives.
void EndAsking(Recorder& recorder);
/// All who were asked have answered, or their time is over.
void ResolveAsking(Recorder& recorder, Time time);
/// A holder takes the best bidder's place at its price; the best bidder may raise where the rules say so.
void TakePlace(Recorder& recorder, const std::string& code, Time time);
std::optional<Reason> RefuseRaise(const Auction& auction, std::string_view code, Fen price, bool confirm);
/// The displaced bidder raises, and the holder is asked again.
void AcceptRaise(Recorder& recorder, const std::string& code, Fen price);

/// PRO_RATA: what each of several holders takes, by capital share; the largest remainders get the odd units.
/// Empty when one alone wins.
std::vector<Portion> PortionsOf(const Auction& auction);

}  // namespace ttx::auction
