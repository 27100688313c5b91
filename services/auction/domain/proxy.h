#pragma once

#include "services/auction/domain/engine.h"

namespace ttx::auction {

// 代理出价: a bidder may leave a maximum instead of a price. Only the leader's stands: whoever does not lead
// has been outbid past its own. The engine raises for it by one step at a time, and never says how far it
// would go.

/// The leader's maximum is exactly this price: it was there first, so it takes the price itself.
bool ProxyTakes(const Auction& auction, std::string_view code, Fen price);
/// The leader's proxy bids `price` itself.
void BidForProxy(Recorder& recorder, Fen price);
/// After somebody else's bid: one step above it, up to the maximum.
void AnswerByProxy(Recorder& recorder);

}  // namespace ttx::auction
