#pragma once

#include "services/auction/domain/engine.h"

namespace ttx::auction {

/// domain.md 5.6, all in 1e-4 points, rounded half up: the price's score is its part of the highest valid
/// price ...
int64_t PriceScore(Fen price, Fen highest);
/// ... and the total weighs it against the non-price score.
int64_t WeightedTotal(int64_t price_score, int64_t non_price_score, Ppm price_weight);

/// The highest valid price, 0 when nothing is valid.
Fen HighestValid(const std::vector<OpenedBid>& bids);
/// Fills `total`. A bid without a non-price score cannot be weighed and does not count (SCORES_NOT_FIXED): there is one
/// for every bidder, and none can be added once prices are open.
void AddTotals(const Auction& auction, std::vector<OpenedBid>& bids);
/// The highest total wins, then the higher price, then the earlier envelope. The winner pays its own price.
void DecideWeighted(Recorder& recorder);

}  // namespace ttx::auction
