// SEALED 一次报价 (domain.md 5.5): the highest price wins. WEIGHTED 权重报价 (5.6): the highest total of price and
// non-price score wins and pays its own price.

#include <nlohmann/json.hpp>

#include "services/server/demo/opening.h"

namespace ttx::demo {
namespace {

constexpr int64_t kPpm = 1'000'000;
constexpr int64_t kPriceWeight = 600'000;   // ppm
constexpr int64_t kWinnerScore = 950'000;   // 1e-4 points, 95.0000
constexpr int64_t kLoserScore = 700'000;    // 70.0000
constexpr int64_t kLoserPrice = 110'000'000;  // the higher price loses

int64_t RoundedQuotient(int64_t numerator, int64_t denominator) { return (numerator + denominator / 2) / denominator; }

// domain.md 5.6, in 1e-4 points.
int64_t Total(int64_t price, int64_t highest, int64_t score) {
  const int64_t price_score = RoundedQuotient(kPpm * price, highest);
  return RoundedQuotient(price_score * kPriceWeight + score * (kPpm - kPriceWeight), kPpm);
}

void ExpectTotals(Market& market, Deal& deal) {
  const Json log = market.Get(deal.officer, "/v1/auctionEvents?page_size=200&milestones_only=true");
  if (!market.ok()) return;
  int totals = 0;
  for (const Json& event : log.at("events")) {
    if (Text(event, "/auction") != deal.auction || !event.contains("envelopes_opened")) continue;
    for (const Json& opened : event.at("envelopes_opened").at("envelopes")) {
      const bool won = Text(opened, "/bid/bidder_code") == deal.winner.code;
      market.ExpectNumber(opened, "/bid/price_fen", won ? kPrice : kLoserPrice);
      market.ExpectNumber(opened, "/total_score",
                          Total(won ? kPrice : kLoserPrice, kLoserPrice, won ? kWinnerScore : kLoserScore));
      ++totals;
      market.Step(Verb::kBid, {"综合得分", "total score"}, deal.auction,
                  {{"bidder_code", Text(opened, "/bid/bidder_code")},
                   Amount("price", Number(opened, "/bid/price_fen")),
                   {"total_score", Text(opened, "/total_score")}});
    }
  }
  market.Check(totals == 2, "not both envelopes were scored");
}

// The price of each side, from the first envelope to the deadline.
std::vector<HandedIn> Submit(Market& market, Deal& deal, int64_t loser_fen) {
  AdvanceToPhase(market, deal, "SUBMITTING", {"开始递交密封报价", "envelopes are taken"});
  std::vector<HandedIn> handed_in;
  handed_in.push_back(HandIn(market, deal, deal.loser, 1, loser_fen,
                             {"企业乙在本机密封并递交报价", "second enterprise seals its price and hands it in"}));
  RefuseMisuse(market, deal, handed_in.front(), deal.winner);
  handed_in.push_back(HandIn(market, deal, deal.winner, 1, kPrice,
                             {"企业甲在本机密封并递交报价", "first enterprise seals its price and hands it in"}));
  return handed_in;
}

}  // namespace

void AddSealedRules(const Deal& deal, Json& rules) { AddEnvelopeRules(deal, rules, 1); }

void BidSealed(Market& market, Deal& deal) {
  const std::vector<HandedIn> handed_in = Submit(market, deal, 103'000'000);
  EndSubmitting(market, deal, deal.loser, 2);
  ConfirmOpening(market, deal);
  OpenByHolders(market, deal, handed_in, "CLOSED");
}

void AddWeightedRules(const Deal& deal, Json& rules) {
  AddEnvelopeRules(deal, rules, 1);
  rules["scoring"] = {{"price_weight_ppm", kPriceWeight}};
}

void BidWeighted(Market& market, Deal& deal) {
  const std::vector<HandedIn> handed_in = Submit(market, deal, kLoserPrice);
  EndSubmitting(market, deal, deal.loser, 2);
  Refused(market, deal, deal.officer, ":requestOpening", {{"reason", "递交截止，按公告开标"}}, "SCORES_NOT_FIXED",
          {"非价格得分确定前不得开标", "nothing is opened before the scores are fixed"});
  const Json scores = {{{"bidder_code", deal.winner.code}, {"score", std::to_string(kWinnerScore)}},
                       {{"bidder_code", deal.loser.code}, {"score", std::to_string(kLoserScore)}}};
  market.Post(deal.officer, Path(deal.auction) + ":fixScores", {{"scores", scores}});
  market.Step(Verb::kBid, {"开标前确定非价格得分", "the non-price scores are fixed before the opening"}, deal.auction,
              {{"winner_score", std::to_string(kWinnerScore)}, {"loser_score", std::to_string(kLoserScore)}});
  ConfirmOpening(market, deal);
  OpenByHolders(market, deal, handed_in, "CLOSED");
  ExpectTotals(market, deal);
}

}  // namespace ttx::demo
