#include <nlohmann/json.hpp>

#include "services/server/demo/deal.h"

namespace ttx::demo {
namespace {

Json Price(int64_t fen) { return {{"price_fen", std::to_string(fen)}, {"currency_code", "CNY"}}; }

void Schedule(Market& market, Deal& deal) {
  // On the first morning that leaves the bidders the notice of the profile.
  const Json scheduled = market.Post(deal.officer, Path(deal.listing) + ":scheduleBidding", Json::object());
  deal.auction = Text(scheduled, "/auction");
  const Json auction = market.WaitFor(deal.anybody, Path(deal.auction), "/state", "SCHEDULED");
  market.ExpectNumber(auction, "/rules/start_price_fen", kStartPrice);
  market.Step(Verb::kBid, {"安排竞价专场", "bidding session scheduled"}, deal.auction,
              {{"start_time", Text(auction, "/phase_end_time")},
               Amount("start_price", kStartPrice),
               Amount("increment", kIncrement),
               {"state", Text(auction, "/state")}});
}

void Accepted(Market& market, Deal& deal, Member& bidder, int64_t fen, bool retry, const Words& what) {
  const std::string path = Path(deal.auction) + "/bids";
  const Json bid =
      retry ? market.PostTwice(bidder.client, path, Price(fen)) : market.Post(bidder.client, path, Price(fen));
  market.ExpectNumber(bid, "/price_fen", fen);
  market.Step(Verb::kBid, what, Text(bid, "/name"),
              {Amount("price", fen),
               {"bidder_code", Text(bid, "/bidder_code")},
               {"accept_time", Text(bid, "/accept_time")}});
}

void AdvanceToPhase(Market& market, Deal& deal, const std::string& state, const Words& what) {
  AdvanceToField(market, deal, market.Get(deal.anybody, Path(deal.auction)), "/phase_end_time", "");
  const Json auction = market.WaitFor(deal.anybody, Path(deal.auction), "/state", state);
  market.Step(Verb::kBid, what, deal.auction,
              {{"state", Text(auction, "/state")}, {"phase_end_time", Text(auction, "/phase_end_time")}});
}

}  // namespace

void Bid(Market& market, Deal& deal) {
  Schedule(market, deal);
  AdvanceToPhase(market, deal, "FREE", {"自由报价期开始", "free bidding begins"});
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
  const Json auction = market.Get(deal.anybody, Path(deal.auction));
  market.Expect(auction, "/outcome", "WINNER");
  market.ExpectNumber(auction, "/leading_bid/price_fen", kPrice);
  market.ExpectNumber(auction, "/reserve_fen", kReserve);
  market.ExpectNumber(auction, "/bid_count", 4);
  const Json pending = market.WaitFor(deal.officer, Path(deal.listing), "/state", "DEAL_PENDING");
  market.ExpectNumber(pending, "/deal_price_fen", kPrice);
  market.Expect(pending, "/buyer", deal.winner.client.organization);
  deal.deal = Text(pending, "/deal");
  market.Step(Verb::kBid, {"成交", "a deal is determined"}, deal.deal,
              {Amount("price", kPrice),
               Amount("reserve", kReserve),
               {"winner", deal.winner.legal_name},
               {"log_hash", Text(auction, "/log_hash")}});
}

}  // namespace ttx::demo
