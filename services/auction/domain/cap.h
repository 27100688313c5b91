#pragma once

#include "services/auction/domain/engine.h"

namespace ttx::auction {

/// domain.md 5.7 CAP, once a bid has reached the cap. END_AT_CAP closes; LOTTERY_AT_CAP gives the others one
/// cycle to declare at the cap too.
void ReachCap(Recorder& recorder);
std::optional<Reason> RefuseDeclaration(const Auction& auction, std::string_view code, Fen price);
void AcceptDeclaration(Recorder& recorder, const std::string& code);
/// One declared: it wins. Several: a lot is drawn.
void EndDeclaring(Recorder& recorder);

}  // namespace ttx::auction
