#include "services/auction/domain/weighted.h"

#include <algorithm>
#include <set>

#include "services/auction/domain/limits.h"

namespace ttx::auction {
namespace {

constexpr int64_t kWhole = 1'000'000;

int64_t RoundHalfUp(__int128 numerator, int64_t denominator) {
  return static_cast<int64_t>((numerator + denominator / 2) / denominator);
}

std::optional<int64_t> ScoreOf(const Auction& auction, std::string_view code) {
  for (const NonPriceScore& score : auction.envelopes.scores) {
    if (score.code == code) return score.score;
  }
  return std::nullopt;
}

bool IsBetter(const OpenedBid& a, const OpenedBid& b) {
  if (a.total != b.total) return a.total > b.total;
  if (a.bid.price != b.bid.price) return a.bid.price > b.bid.price;
  return a.bid.number < b.bid.number;  // numbered in the order of arrival
}

// One for every bidder of the session, before any price is known. Scores of those alone who handed in an
// envelope would tell everybody who did.
std::optional<Error> CheckScores(const Auction& auction, const std::vector<NonPriceScore>& scores) {
  const auto bidders = static_cast<size_t>(auction.bidder_count);
  if (scores.size() > bidders) return InvalidField("scores", Reason::kTOO_MANY, std::to_string(bidders));
  std::set<std::string_view> codes;
  for (size_t i = 0; i < scores.size(); ++i) {
    const std::string path = "scores[" + std::to_string(i) + "]";
    if (scores[i].score < 0 || scores[i].score > kFullScore) {
      return InvalidField(path + ".score", Reason::kOUT_OF_RANGE, "0.." + std::to_string(kFullScore));
    }
    if (!codes.insert(scores[i].code).second) return InvalidField(path + ".bidder_code", Reason::kDUPLICATE);
  }
  if (scores.size() < bidders) return InvalidField("scores", Reason::kREQUIRED, std::to_string(bidders));
  return std::nullopt;
}

}  // namespace

int64_t PriceScore(Fen price, Fen highest) {
  return RoundHalfUp(static_cast<__int128>(kFullScore) * price.value, highest.value);
}

int64_t WeightedTotal(int64_t price_score, int64_t non_price_score, Ppm price_weight) {
  const __int128 sum = static_cast<__int128>(price_score) * price_weight.value +
                       static_cast<__int128>(non_price_score) * (kWhole - price_weight.value);
  return RoundHalfUp(sum, kWhole);
}

Fen HighestValid(const std::vector<OpenedBid>& bids) {
  Fen highest;
  for (const OpenedBid& bid : bids) {
    if (!bid.invalid) highest = std::max(highest, bid.bid.price);
  }
  return highest;
}

void AddTotals(const Auction& auction, std::vector<OpenedBid>& bids) {
  for (OpenedBid& bid : bids) {
    if (!bid.invalid && !ScoreOf(auction, bid.bid.code)) bid.invalid = Reason::kSCORES_NOT_FIXED;
  }
  const Fen highest = HighestValid(bids);
  for (OpenedBid& bid : bids) {
    if (bid.invalid) continue;
    bid.total = WeightedTotal(PriceScore(bid.bid.price, highest), *ScoreOf(auction, bid.bid.code),
                              auction.rules().scoring.price_weight);
  }
}

void DecideWeighted(Recorder& recorder) {
  const std::vector<OpenedBid>& opened = recorder.state().envelopes.opened;
  const OpenedBid* best = nullptr;
  for (const OpenedBid& bid : opened) {
    if (!bid.invalid && (best == nullptr || IsBetter(bid, *best))) best = &bid;
  }
  if (best != nullptr) recorder.Add(LeaderNamed{best->bid});
  Finish(recorder, recorder.now());
}

Decision Decide(const Auction& state, const FixScores& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  const Auction& auction = recorder.state();
  if (auction.rules().mode != Mode::kWeighted) return recorder.Refuse(WrongMode(auction));
  if (auction.state != State::kClosedForOpening || !auction.envelopes.scores.empty()) {
    return recorder.Refuse(WrongState(auction, "FixScores"));
  }
  if (auto error = CheckScores(auction, command.scores)) return recorder.Refuse(*std::move(error));
  std::vector<NonPriceScore> scores = command.scores;
  std::sort(scores.begin(), scores.end(),
            [](const NonPriceScore& a, const NonPriceScore& b) { return a.code < b.code; });
  recorder.Add(ScoresFixed{std::move(scores)});
  return recorder.Take();
}

}  // namespace ttx::auction
