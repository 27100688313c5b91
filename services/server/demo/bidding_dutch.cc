// DUTCH 荷兰式/减价 (domain.md 5.7): price(t) = max(floor, start - k * step), k whole intervals after the start.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "services/server/demo/bidding.h"

namespace ttx::demo {
namespace {

constexpr int64_t kStep = 2'000'000;
constexpr int64_t kFloor = 100'000'000;
constexpr Duration kInterval = Minutes(5);

int64_t PriceAfter(int64_t intervals) { return std::max(kFloor, kDutchStartPrice - intervals * kStep); }

// The price that stands `intervals` after `begin`.
void Fall(Market& market, Deal& deal, Time begin, int64_t intervals, const Words& what) {
  if (intervals > 0) market.AdvanceTo(deal.administrator, begin + Duration{kInterval.ns * intervals});
  const Json auction = PublicAuction(market, deal);
  market.Expect(auction, "/state", "DUTCH");
  market.ExpectNumber(auction, "/min_acceptable_fen", PriceAfter(intervals));
  market.Check(TimeAt(market, auction, "/next_price_time") == begin + Duration{kInterval.ns * (intervals + 1)},
               "the next price comes at " + Text(auction, "/next_price_time"));
  market.Step(Verb::kBid, what, deal.auction,
              {Amount("current_price", PriceAfter(intervals)), {"next_price_time", Text(auction, "/next_price_time")}});
}

}  // namespace

void AddDutchRules(const Deal&, Json& rules) {
  rules["dutch"] = {{"decrement_fen", std::to_string(kStep)},
                    {"interval", std::to_string(kInterval.ns / 1'000'000'000) + "s"},
                    {"floor_fen", std::to_string(kFloor)}};
}

void BidDutch(Market& market, Deal& deal) {
  const Time begin = TimeAt(market, PublicAuction(market, deal), "/start_time");
  AdvanceToPhase(market, deal, "DUTCH", {"减价竞价开始", "the price begins to fall"});
  Fall(market, deal, begin, 0, {"当前价为起始价", "the start price stands"});
  Refused(market, deal, deal.loser.client, "/bids", Price(PriceAfter(1)), "PRICE_MISMATCH",
          {"不等于当前价的应价被拒绝", "another price than the current one is refused"});
  Refused(market, deal, deal.loser.client, "/envelopes", {{"content", Base64("an envelope")}}, "WRONG_MODE",
          {"公开竞价不收密封报价", "an envelope is refused in open bidding"});
  Fall(market, deal, begin, 3, {"无人应价，价格下降", "nobody accepts, the price falls"});
  constexpr int64_t kIntervals = (kDutchStartPrice - kPrice) / kStep;
  Fall(market, deal, begin, kIntervals, {"价格继续下降", "the price falls on"});
  Accepted(market, deal, deal.winner, PriceAfter(kIntervals), true,
           {"企业甲应价，同一请求重试不重复应价", "first enterprise accepts; its retry is answered, not counted"});
  const Json closed = market.WaitFor(deal.anybody, Path(deal.auction), "/state", "CLOSED");
  market.Step(Verb::kBid, {"首个应价即成交", "the first acceptance closes the session"}, deal.auction,
              {{"state", Text(closed, "/state")}, {"close_time", Text(closed, "/close_time")}});
  Refused(market, deal, deal.loser.client, "/bids", Price(kPrice), "PHASE_CLOSED",
          {"稍后的应价被拒绝", "a later acceptance is refused"});
}

}  // namespace ttx::demo
