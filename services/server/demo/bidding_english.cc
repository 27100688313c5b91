// ENGLISH 英式 (domain.md 5.7): a bid in the last five minutes moves the end to five minutes after it.

#include <nlohmann/json.hpp>

#include "services/server/demo/bidding.h"

namespace ttx::demo {
namespace {

constexpr Duration kSoftClose = Minutes(5);

// A bid whose end is as the rules say: `end`, or the soft close after it when that is later.
void BidBefore(Market& market, Deal& deal, Member& bidder, int64_t fen, Time& end, const Words& what) {
  const Json bid = Accepted(market, deal, bidder, fen, false, what);
  const Time accepted = TimeAt(market, bid, "/accept_time");
  if (end - accepted <= kSoftClose) end = accepted + kSoftClose;
  market.Check(TimeAt(market, bid, "/phase_end_time") == end,
               "the session ends at " + Text(bid, "/phase_end_time") + ", the rules say " + FormatTime(end));
}

}  // namespace

void AddEnglishRules(const Deal&, Json& rules) {
  rules["free_period"] = "86400s";  // the window
  rules["cycle"] = "300s";          // the soft close
}

void BidEnglish(Market& market, Deal& deal) {
  const Json auction = AdvanceToPhase(market, deal, "ENGLISH", {"英式竞价开始", "the window opens"});
  const Time planned = TimeAt(market, auction, "/phase_end_time");
  Time end = planned;
  BidBefore(market, deal, deal.loser, kStartPrice, end, {"企业乙报起始价", "second enterprise bids the start price"});
  BidBefore(market, deal, deal.winner, 102'000'000, end, {"企业甲加价", "first enterprise raises"});
  market.Check(end == planned, "a bid long before the end has moved it");
  Refused(market, deal, deal.loser.client, "/bids", Price(102'500'000), "NOT_MULTIPLE",
          {"不符合加价幅度的报价被拒绝", "a bid off the increments is refused"});
  Refused(market, deal, deal.loser.client, "/envelopes", {{"content", Base64("an envelope")}}, "WRONG_MODE",
          {"公开竞价不收密封报价", "an envelope is refused in open bidding"});
  market.AdvanceTo(deal.administrator, end - Minutes(4));
  BidBefore(market, deal, deal.loser, 103'000'000, end,
            {"企业乙在最后五分钟内报价", "second enterprise bids in the last five minutes"});
  BidBefore(market, deal, deal.winner, kPrice, end, {"企业甲再加价", "first enterprise bids once more"});
  market.Check(end > planned, "bids in the last five minutes did not move the end");
  market.Step(Verb::kBid, {"结束时间顺延", "the end has moved"}, deal.auction,
              {{"planned_end_time", FormatTime(planned)}, {"phase_end_time", FormatTime(end)}});
  AdvanceToPhase(market, deal, "CLOSED", {"五分钟内无人加价，竞价结束", "five minutes without a bid, bidding is closed"});
  Refused(market, deal, deal.loser.client, "/bids", Price(107'000'000), "PHASE_CLOSED",
          {"逾期报价被拒绝", "a late bid is refused"});
}

}  // namespace ttx::demo
