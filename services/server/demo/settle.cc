#include <nlohmann/json.hpp>

#include "services/server/demo/deal.h"

namespace ttx::demo {
namespace {

void ReportPayment(Market& market, Deal& deal, int64_t fen, const std::string& reference, const Words& what) {
  const Json notice = ReportReceipt(market, deal, "PRICE", deal.winner, fen, reference);
  market.Expect(notice, "/state", "MATCHED");
  market.ExpectNumber(notice, "/accepted_fen", fen);
  market.Step(Verb::kSettle, what, Text(notice, "/name"), {Amount("accepted", fen), {"reference", reference}});
}

void RefundLoser(Market& market, Deal& deal, Member& loser) {
  const std::string path = "/v1/deposits?intent=" + loser.intent;
  const Json owed = market.WaitFor(loser.client, path, "/deposits/0/state", "TO_REFUND");
  const std::string payout = Text(owed, "/deposits/0/payout");
  market.Confirm(deal.settlement_officer, payout, "approve", Json::object());
  const Json paid = ExecutePayout(market, deal, payout);
  market.ExpectNumber(paid, "/amount_fen", kDeposit);
  market.Expect(paid, "/payee_account", loser.account);
  market.WaitFor(loser.client, path, "/deposits/0/state", "REFUNDED");
  market.Step(Verb::kSettle, {"未受让方保证金原路退还", "the loser's deposit goes back to its account"}, payout,
              {Amount("refund", kDeposit), {"state", Text(paid, "/state")}});
}

}  // namespace

void Pay(Market& market, Deal& deal) {
  const std::string path = "/v1/settlements?deal=" + deal.deal;
  const Json opened = market.WaitFor(deal.winner.client, path, "/settlements/0/state", "AWAITING");
  deal.settlement = Text(opened, "/settlements/0/name");
  market.ExpectNumber(opened, "/settlements/0/price_fen", kPrice);
  market.ExpectNumber(opened, "/settlements/0/deposit_converted_fen", kDeposit);
  market.ExpectNumber(opened, "/settlements/0/buyer_fee_fen", kBuyerFee);
  market.ExpectNumber(opened, "/settlements/0/seller_fee_fen", kSellerFee);
  market.ExpectNumber(opened, "/settlements/0/payout_fen", kPayout);
  market.Step(Verb::kSettle, {"结算单，保证金转为价款", "settlement opened, the deposit becomes part of the price"},
              deal.settlement,
              {Amount("price", kPrice),
               Amount("converted", kDeposit),
               Amount("buyer_fee", kBuyerFee),
               Amount("seller_fee", kSellerFee)});
  ReportPayment(market, deal, kPrice - kDeposit, Text(opened, "/settlements/0/price_reference"),
                {"受让方剩余价款到账", "the rest of the price arrives"});
  ReportPayment(market, deal, kBuyerFee, Text(opened, "/settlements/0/fee_reference"),
                {"受让方服务费到账", "the buyer's fee arrives"});
  const Json paid = market.WaitFor(deal.winner.client, Path(deal.settlement), "/state", "FULLY_PAID");
  market.ExpectNumber(paid, "/price_paid_fen", kPrice);
  market.Step(Verb::kSettle, {"价款与服务费到齐", "price and fees are in"}, deal.settlement,
              {Amount("price_paid", kPrice), {"state", Text(paid, "/state")}});
  RefundLoser(market, deal, deal.loser);
  for (Member& loser : deal.further) RefundLoser(market, deal, loser);
}

void Release(Market& market, Deal& deal) {
  market.WaitFor(deal.seller.client, Path(deal.settlement), "/state", "RELEASABLE");
  market.Post(deal.seller.client, Path(deal.settlement) + ":requestRelease", Json::object());
  const Json released = market.Confirm(deal.settlement_clerk, deal.settlement, "approveRelease", Json::object());
  market.Confirm(deal.settlement_officer, Text(released, "/payout"), "approve", Json::object());
  market.Step(Verb::kSettle,
              {"转让方申请、结算经办人制单、结算负责人批准放款",
               "seller asks for the release, the clerk prepares the payout, the officer approves it"},
              deal.settlement, {{"release_due_date", Text(released, "/release_due_date")}});
  const std::string payout = Text(released, "/payout");
  const Json paid = ExecutePayout(market, deal, payout);
  market.ExpectNumber(paid, "/amount_fen", kPayout);
  market.Expect(paid, "/payee_account", deal.seller.account);
  market.Step(Verb::kSettle, {"银行向转让方付款", "the bank pays the seller"}, payout,
              {Amount("payout", kPayout), {"state", Text(paid, "/state")}});
  market.WaitFor(deal.seller.client, Path(deal.settlement), "/state", "SETTLED");
  const Json closed = market.WaitFor(deal.anybody, Path(deal.listing), "/state", "CLOSED");
  market.Step(Verb::kSettle, {"结清，项目结束", "settled, the listing is closed"}, deal.listing,
              {{"settlement", "SETTLED"}, {"state", Text(closed, "/state")}});
}

}  // namespace ttx::demo
