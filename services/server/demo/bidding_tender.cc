// TENDER 招投标/综合评审 (domain.md 5.7): at least three bidders, 20 days, a committee of five, three days of publicity.

#include <iterator>
#include <nlohmann/json.hpp>

#include "services/server/demo/opening.h"

namespace ttx::demo {
namespace {

constexpr int64_t kPpm = 1'000'000;
constexpr int64_t kPriceWeight = 400'000;
constexpr int64_t kCriteriaWeights[] = {350'000, 250'000};
constexpr int kMembers = 5;
constexpr int kExperts = 4;
constexpr int64_t kHighestPrice = 110'000'000;
constexpr int64_t kLowestPrice = 103'000'000;

// What member j gives for each criterion, in 1e-4 points.
int64_t Points(int64_t best, int member) { return best - member * 12'345; }

struct Tenderer {
  const Member* member;
  int64_t fen;
  int64_t best[2];  // the first member's points per criterion
};

std::vector<Tenderer> Tenderers(const Deal& deal) {
  return {{&deal.winner, kPrice, {950'000, 920'000}},
          {&deal.loser, kHighestPrice, {800'000, 780'000}},
          {&deal.further.front(), kLowestPrice, {850'000, 810'000}}};
}

// Rounded down, in 1e-4 points.
int64_t Total(const Tenderer& tenderer) {
  int64_t sum = (kPpm * tenderer.fen + kHighestPrice / 2) / kHighestPrice * kPriceWeight;
  for (size_t k = 0; k < std::size(kCriteriaWeights); ++k) {
    int64_t points = 0;
    for (int member = 0; member < kMembers; ++member) points += Points(tenderer.best[k], member);
    sum += points / kMembers * kCriteriaWeights[k];
  }
  return sum / kPpm;
}

Json Report(const Deal& deal) {
  Json committee = Json::array();
  Json sheets = Json::array();
  for (int member = 0; member < kMembers; ++member) {
    committee.push_back({{"name", "评委" + std::to_string(member + 1)}, {"is_expert", member < kExperts}});
    for (const Tenderer& tenderer : Tenderers(deal)) {
      Json points = Json::array();
      for (const int64_t best : tenderer.best) points.push_back(std::to_string(Points(best, member)));
      sheets.push_back({{"member", member}, {"bidder_code", tenderer.member->code}, {"points", points}});
    }
  }
  return {{"committee", committee}, {"sheets", sheets}};
}

void Evaluate(Market& market, Deal& deal) {
  Json small = Report(deal);
  small["committee"].erase(small["committee"].size() - 1);
  Refused(market, deal, deal.officer, ":reportTender", small, "INVALID_FIELD",
          {"评标委员会人数不合规的报告被拒绝", "a report of a committee of four is refused"});
  const Json reported = market.Post(deal.officer, Path(deal.auction) + ":reportTender", Report(deal));
  market.Expect(reported, "/state", "PUBLICITY");
  market.Expect(reported, "/leading_bid/bidder_code", deal.winner.code);
  if (market.ok()) {
    market.Check(reported.at("opened_envelopes").size() == Tenderers(deal).size(), "not every tender was scored");
    for (const Json& opened : reported.at("opened_envelopes")) {
      for (const Tenderer& tenderer : Tenderers(deal)) {
        if (Text(opened, "/bid/bidder_code") != tenderer.member->code) continue;
        market.ExpectNumber(opened, "/bid/price_fen", tenderer.fen);
        market.ExpectNumber(opened, "/total_score", Total(tenderer));
      }
      market.Step(Verb::kBid, {"综合评分", "total score"}, deal.auction,
                  {{"bidder_code", Text(opened, "/bid/bidder_code")},
                   Amount("price", Number(opened, "/bid/price_fen")),
                   {"total_score", Text(opened, "/total_score")}});
    }
  }
  market.Step(Verb::kBid, {"评标报告提交，公示中标候选人", "the committee reports, the candidate is published"}, deal.auction,
              {{"state", Text(reported, "/state")}, {"phase_end_time", Text(reported, "/phase_end_time")}});
}

}  // namespace

void AddTenderRules(const Deal& deal, Json& rules) {
  AddEnvelopeRules(deal, rules, 2);
  rules["sealed"]["may_withdraw"] = true;
  rules["free_period"] = "1728000s";  // 20 days
  rules["min_bidders"] = 3;
  rules["scoring"] = {{"price_weight_ppm", kPriceWeight},
                      {"criteria",
                       {{{"name", "技术转化方案"}, {"weight_ppm", kCriteriaWeights[0]}},
                        {{"name", "实施能力与服务"}, {"weight_ppm", kCriteriaWeights[1]}}}},
                      {"publicity", "259200s"}};
}

void BidTender(Market& market, Deal& deal) {
  AdvanceToPhase(market, deal, "SUBMITTING", {"招标文件发出，开始递交投标", "the tender documents are out, envelopes are taken"});
  if (!market.ok()) return;
  Member& third = deal.further.front();
  HandIn(market, deal, third, 1, 102'000'000, {"企业丙递交投标", "third enterprise hands in its tender"});
  std::vector<HandedIn> handed_in;
  handed_in.push_back(HandIn(market, deal, third, 2, kLowestPrice,
                             {"企业丙在截止前替换投标", "third enterprise replaces its tender before the deadline"}));
  handed_in.push_back(HandIn(market, deal, deal.loser, 1, kHighestPrice,
                             {"企业乙递交投标", "second enterprise hands in its tender"}));
  RefuseMisuse(market, deal, handed_in.back(), deal.winner);
  handed_in.push_back(
      HandIn(market, deal, deal.winner, 1, kPrice, {"企业甲递交投标", "first enterprise hands in its tender"}));
  EndSubmitting(market, deal, deal.winner, 3);
  ConfirmOpening(market, deal);
  OpenByHolders(market, deal, handed_in, "EVALUATING");
  Evaluate(market, deal);
  AdvanceToPhase(market, deal, "CLOSED", {"公示期满无异议，确定中标人", "publicity ends without objection, the award is made"});
}

}  // namespace ttx::demo
