#pragma once

#include <string>
#include <vector>

#include "services/server/demo/bidding.h"

namespace ttx::demo {

// What the envelope modes share (domain.md 5.5-5.7, reliability.md 4.1).

/// The rules of envelopes: `submissions` of each bidder, the key holders, how long they have.
void AddEnvelopeRules(const Deal& deal, Json& rules, int submissions);

/// A bidder's price in an envelope.
struct HandedIn {
  const Member* bidder = nullptr;
  int64_t fen = 0;
  SealedPrice price;
};

/// Seals on the bidder's side and hands in, as its `version`-th envelope.
HandedIn HandIn(Market& market, Deal& deal, Member& bidder, uint32_t version, int64_t fen, const Words& what);
/// What a session that takes envelopes refuses: an open bid, and `other`'s envelope from another bidder.
void RefuseMisuse(Market& market, Deal& deal, const HandedIn& other, Member& bidder);
/// The deadline passes, with all envelopes secret; a late one is refused.
void EndSubmitting(Market& market, Deal& deal, Member& late, int envelopes);
/// One officer asks, and cannot confirm alone; another confirms.
void ConfirmOpening(Market& market, Deal& deal);
/// Key holders are shown the close proof and the envelopes and hand in their shares, until they are enough; the session
/// then is in `state`. Every envelope's published seed gives the price the bidder sealed.
void OpenByHolders(Market& market, Deal& deal, const std::vector<HandedIn>& handed_in, const std::string& state);

}  // namespace ttx::demo
