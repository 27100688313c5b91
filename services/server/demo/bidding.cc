#include "services/server/demo/bidding.h"

#include <nlohmann/json.hpp>

namespace ttx::demo {
namespace {

constexpr BiddingMode kModes[] = {
    {"MULTI", kStartPrice, kReserve, 2, false, false, 4, AddMultiRules, BidMulti},
    {"DYNAMIC", kStartPrice, kReserve, 2, true, false, 4, AddDynamicRules, BidDynamic},
    {"ENGLISH", kStartPrice, kReserve, 2, false, false, 4, AddEnglishRules, BidEnglish},
    {"SEALED", kStartPrice, kReserve, 2, false, true, 2, AddSealedRules, BidSealed},
    {"WEIGHTED", kStartPrice, kReserve, 2, false, true, 2, AddWeightedRules, BidWeighted},
    // A falling price has its public floor instead of a reserve.
    {"DUTCH", kDutchStartPrice, 0, 2, false, false, 1, AddDutchRules, BidDutch},
    {"TENDER", kStartPrice, kReserve, 3, false, true, 3, AddTenderRules, BidTender},
};

void Schedule(Market& market, Deal& deal) {
  // On the first morning that leaves the bidders the notice of the profile; or it runs since the publication.
  const bool runs = deal.mode->while_listed;
  const Json scheduled =
      runs ? market.Get(deal.anybody, Path(deal.listing))
           : market.Post(deal.officer, Path(deal.listing) + ":scheduleBidding", Json::object());
  deal.auction = Text(scheduled, "/auction");
  const Json auction = market.WaitFor(deal.anybody, Path(deal.auction), "/state", runs ? "FREE" : "SCHEDULED");
  market.Expect(auction, "/rules/mode", deal.mode->name);
  market.ExpectNumber(auction, "/rules/start_price_fen", deal.mode->start_price);
  market.Step(Verb::kBid, {"安排竞价专场", "bidding session scheduled"}, deal.auction,
              {{"start_time", Text(auction, "/phase_end_time")},
               Amount("start_price", deal.mode->start_price),
               Amount("increment", kIncrement),
               {"state", Text(auction, "/state")}});
}

void Conclude(Market& market, Deal& deal) {
  const Json auction = PublicAuction(market, deal);
  market.Expect(auction, "/outcome", "WINNER");
  market.ExpectNumber(auction, "/leading_bid/price_fen", kPrice);
  market.Expect(auction, "/leading_bid/bidder_code", deal.winner.code);
  market.ExpectNumber(auction, "/reserve_fen", deal.mode->reserve);
  market.ExpectNumber(auction, "/bid_count", deal.mode->bid_count);
  const Json pending = market.WaitFor(deal.officer, Path(deal.listing), "/state", "DEAL_PENDING");
  market.ExpectNumber(pending, "/deal_price_fen", kPrice);
  market.Expect(pending, "/buyer", deal.winner.client.organization);
  deal.deal = Text(pending, "/deal");
  market.Step(Verb::kBid, {"成交", "a deal is determined"}, deal.deal,
              {Amount("price", kPrice),
               Amount("reserve", deal.mode->reserve),
               {"winner", deal.winner.legal_name},
               {"log_hash", Text(auction, "/log_hash")}});
}

// What no refused request may change.
std::string Standing(const Json& auction) {
  std::string standing;
  for (const char* pointer : {"/etag", "/state", "/phase_end_time", "/bid_count", "/leading_bid/number",
                              "/share_count", "/log_hash"}) {
    standing += Text(auction, pointer) + "|";
  }
  return standing;
}

}  // namespace

const BiddingMode* FindMode(std::string_view name) {
  for (const BiddingMode& mode : kModes) {
    if (name == mode.name) return &mode;
  }
  return nullptr;
}

std::string ModeNames() {
  std::string names;
  for (const BiddingMode& mode : kModes) names += (names.empty() ? "" : ", ") + std::string(mode.name);
  return names;
}

void Bid(Market& market, Deal& deal) {
  Schedule(market, deal);
  deal.mode->bid(market, deal);
  Conclude(market, deal);
}

Json Price(int64_t fen) { return {{"price_fen", std::to_string(fen)}, {"currency_code", "CNY"}}; }

Json Accepted(Market& market, Deal& deal, Member& bidder, int64_t fen, bool retry, const Words& what) {
  const std::string path = Path(deal.auction) + "/bids";
  Json bid = retry ? market.PostTwice(bidder.client, path, Price(fen)) : market.Post(bidder.client, path, Price(fen));
  market.ExpectNumber(bid, "/price_fen", fen);
  market.Step(Verb::kBid, what, Text(bid, "/name"),
              {Amount("price", fen),
               {"bidder_code", Text(bid, "/bidder_code")},
               {"accept_time", Text(bid, "/accept_time")}});
  return bid;
}

void Refused(Market& market, Deal& deal, Actor& actor, const std::string& verb, const Json& body,
             const std::string& reason, const Words& what) {
  const std::string before = Standing(PublicAuction(market, deal));
  const Json problem = market.PostRefused(actor, Path(deal.auction) + verb, body, reason);
  market.Check(Standing(PublicAuction(market, deal)) == before, verb + ": a refused request changed the session");
  std::vector<Figure> figures = {{"reason", Text(problem, "/reason")}, {"status", Text(problem, "/status")}};
  const std::string acceptable = Text(problem, "/metadata/min_acceptable_fen");
  if (!acceptable.empty()) figures.push_back({"min_acceptable_fen", acceptable});
  market.Step(Verb::kBid, what, deal.auction, figures);
}

Json AdvanceToPhase(Market& market, Deal& deal, const std::string& state, const Words& what) {
  AdvanceToField(market, deal, PublicAuction(market, deal), "/phase_end_time", "");
  Json auction = market.WaitFor(deal.anybody, Path(deal.auction), "/state", state);
  market.Step(Verb::kBid, what, deal.auction,
              {{"state", Text(auction, "/state")}, {"phase_end_time", Text(auction, "/phase_end_time")}});
  return auction;
}

Json PublicAuction(Market& market, Deal& deal) { return market.Get(deal.anybody, Path(deal.auction)); }

Time TimeAt(Market& market, const Json& document, const std::string& pointer) {
  if (!market.ok()) return {};
  const Result<Time> time = ParseTime(Text(document, pointer), "time");
  market.Check(time.ok(), "no time at " + pointer);
  return time.ok() ? *time : Time{};
}

}  // namespace ttx::demo
