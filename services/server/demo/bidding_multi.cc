// MULTI 多次报价 (domain.md 5.3), and DYNAMIC 动态报价 (5.4), which differs in how long free bidding is.

#include <nlohmann/json.hpp>

#include "services/server/demo/bidding.h"

namespace ttx::demo {
namespace {

// From the free period, which has begun, to the end of the limited cycles.
void BidInCycles(Market& market, Deal& deal) {
  Accepted(market, deal, deal.loser, kStartPrice, false, {"企业乙报起始价", "second enterprise bids the start price"});
  Accepted(market, deal, deal.winner, 101'000'000, true,
           {"企业甲报价，同一请求重试不重复报价", "first enterprise bids; its retry is answered, not counted"});
  const Json refusal =
      market.PostRefused(deal.loser.client, Path(deal.auction) + "/bids", Price(102'500'000), "NOT_MULTIPLE");
  market.Step(Verb::kBid, {"不符合加价幅度的报价被拒绝", "a bid off the increments is refused"}, deal.auction,
              {{"reason", Text(refusal, "/reason")},
               Amount("price", 102'500'000),
               Amount("min_acceptable", Number(refusal, "/metadata/min_acceptable_fen"))});
  AdvanceToPhase(market, deal, "LIMITED", {"限时报价期开始", "limited bidding begins"});
  Accepted(market, deal, deal.loser, 103'000'000, false, {"企业乙限时报价", "second enterprise bids"});
  Accepted(market, deal, deal.winner, kPrice, false, {"企业甲限时报价", "first enterprise bids"});
  AdvanceToPhase(market, deal, "CLOSED", {"限时报价期满，竞价结束", "the cycle ends, bidding is closed"});
}

}  // namespace

void AddMultiRules(const Deal&, Json&) {}

void BidMulti(Market& market, Deal& deal) {
  AdvanceToPhase(market, deal, "FREE", {"自由报价期开始", "free bidding begins"});
  BidInCycles(market, deal);
}

void AddDynamicRules(const Deal&, Json& rules) {
  rules.erase("free_period");  // as long as the listing
  rules["cycle"] = "180s";
}

void BidDynamic(Market& market, Deal& deal) {
  BidInCycles(market, deal);
  Refused(market, deal, deal.loser.client, "/bids", Price(107'000'000), "PHASE_CLOSED",
          {"逾期报价被拒绝", "a late bid is refused"});
}

}  // namespace ttx::demo
