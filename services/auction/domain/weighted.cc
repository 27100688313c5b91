#include "services/auction/domain/weighted.h"

#include <algorithm>

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

std::optional<Error> CheckScores(const std::vector<NonPriceScore>& scores) {
  if (scores.empty()) return InvalidField("scores", Reason::kREQUIRED);
  if (scores.size() > kMaxBidders)
    return InvalidField("scores", Reason::kTOO_MANY, std::to_string(kMaxBidders));
  for (size_t i = 0; i < scores.size(); ++i) {
    const std::string path = "scores[" + std::to_string(i) + "]";
    if (scores[i].score < 0 || scores[i].score > kFullScore) {
      return InvalidField(path + ".score", Reason::kOUT_OF_RANGE, "0.." + std::to_string(kFullScore));
    }
    if (i > 0 && scores[i].code == scores[i - 1].code) return InvalidField("scores", Reason::kDUPLICATE);
  }
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

std::optional<Error> AddTotals(const Auction& auction, std::vector<OpenedBid>& bids) {
  const Fen highest = HighestValid(bids);
  for (OpenedBid& bid : bids) {
    if (bid.invalid) continue;
    const std::optional<int64_t> score = ScoreOf(auction, bid.bid.code);
    if (!score) return InvalidField("scores", Reason::kREQUIRED, bid.bid.code);
    bid.total =
        WeightedTotal(PriceScore(bid.bid.price, highest), *score, auction.rules().scoring.price_weight);
  }
  return std::nullopt;
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
  std::vector<NonPriceScore> scores = command.scores;
  std::sort(scores.begin(), scores.end(),
            [](const NonPriceScore& a, const NonPriceScore& b) { return a.code < b.code; });
  if (auto error = CheckScores(scores)) return recorder.Refuse(*std::move(error));
  recorder.Add(ScoresFixed{std::move(scores)});
  return recorder.Take();
}

}  // namespace ttx::auction
