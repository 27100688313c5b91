#include <nlohmann/json.hpp>

#include "services/server/demo/bidding.h"

namespace ttx::demo {
namespace {

constexpr const char* kTitle = "高导热碳纳米管复合薄膜制备技术";
constexpr const char* kPatentNumber = "ZL201710601862.3";

Json AchievementOf(const Member& owner) {
  const Json trl = {{"level", 7}, {"standard", "GB/T 22900-2022"}, {"assessor_type", "SELF"}};
  const Json unit = {{"uscc", owner.uscc}, {"display_name", owner.legal_name}, {"share_ppm", 1'000'000}};
  const Json patent = {{"kind", "INVENTION"},         {"number", kPatentNumber},
                       {"title", kTitle},             {"status", "GRANTED"},
                       {"filing_date", "2017-07-21"}, {"grant_date", "2019-11-05"},
                       {"expiry_date", "2037-07-20"}, {"owners", {owner.legal_name}}};
  const Json ownership = {{"nature", "SERVICE"}, {"owners", {{{"holder", owner.uscc}, {"share_ppm", 1'000'000}}}}};
  return {{"title", kTitle},
          {"keywords", {"碳纳米管", "导热膜"}},
          {"abstract_public", "一种高导热碳纳米管复合薄膜及其连续化制备方法，适用于动力电池与芯片散热。"},
          {"achievement_type", "APPLIED_TECHNOLOGY"},
          {"attribute", "ORIGINAL"},
          {"stage", "PILOT"},
          {"trl", trl},
          {"tech_field", "05"},
          {"completing_units", {unit}},
          {"inventors", {{{"display_name", "赵示范"}}}},
          {"ip_items", {patent}},
          {"ownership", ownership}};
}

Json ListingOf(const Deal& deal) {
  const std::string start_price = std::to_string(deal.mode->start_price);
  Json rules = {{"mode", deal.mode->name},
                {"start_price_fen", start_price},
                {"increments", {{{"from_fen", start_price}, {"step_fen", std::to_string(kIncrement)}}}},
                {"multiple_base", "FROM_START"},
                {"free_period", "3600s"},
                {"cycle", "300s"},
                {"limited_entry", "ALWAYS"}};
  deal.mode->add_rules(deal, rules);
  const Json deposit = {{"amount_fen", std::to_string(kDeposit)},
                        {"guarantee", "意向受让方按公告履行报价、签约和付款义务"},
                        {"disposal", "受让的转为价款；未受让的三个工作日内原路退还；违约的按规则处置"}};
  const Json listing = {{"exchange", deal.clerk.organization},
                        {"profile", "PUBLIC_RDI"},
                        {"title", kTitle},
                        {"achievement", deal.achievement},
                        {"right_scope", {{"kind", "TRANSFER_PATENT"}}},
                        {"listed_price_fen", start_price},
                        {"listing_days", 5},
                        {"rules", rules},
                        {"deposit", deposit},
                        {"buyer_conditions", "依法设立的企业"},
                        {"payment_terms", "合同生效后五个工作日内一次性付款"},
                        {"contact", "技术转移中心 010-00000000"}};
  return {{"listing", listing}, {"reserve_fen", std::to_string(deal.mode->reserve)}};
}

void PublishAchievement(Market& market, Deal& deal) {
  Actor& owner = deal.seller.client;
  const Json created = market.PostUntil(owner, "/v1/achievements", {{"achievement", AchievementOf(deal.seller)}},
                                        "ORGANIZATION_NOT_ACTIVE");
  deal.achievement = Text(created, "/name");
  market.Post(owner, Path(deal.achievement) + ":submit", {{"exchange", deal.clerk.organization}});
  market.Step(Verb::kList, {"高校提交科技成果", "university submits an achievement"}, deal.achievement,
              {{"title", kTitle}});
  market.Confirm(deal.secrecy_reviewer, deal.achievement, "clear", {{"secrecy", "NON_SECRET"}});
  market.Confirm(deal.rights_reviewer, deal.achievement, "passRights", Json::object());
  const Json published = market.Post(owner, Path(deal.achievement) + ":publish", Json::object());
  market.Expect(published, "/state", "PUBLISHED");
  market.Step(Verb::kList, {"保密审查、权属核验，成果公开", "secrecy and rights reviewed, achievement public"},
              deal.achievement, {{"state", Text(published, "/state")}, {"patent", kPatentNumber}});
}

void RegisterIntent(Market& market, Deal& deal, Member& bidder, const Words& what) {
  const Json intent = market.PostUntil(
      bidder.client, Path(deal.listing) + "/intents",
      {{"intent", {{"statement", "本公司依法设立，符合公告条件"}, {"contact", "业务部 010-11111111"}}}},
      "ORGANIZATION_NOT_ACTIVE");
  bidder.intent = Text(intent, "/name");
  market.Step(Verb::kList, what, bidder.intent,
              {{"register_time", Text(intent, "/register_time")}, {"state", Text(intent, "/state")}});
}

void PayDeposit(Market& market, Deal& deal, Member& bidder, const Words& what) {
  const Json intent = market.Get(bidder.client, Path(bidder.intent));
  market.ExpectNumber(intent, "/deposit_fen", kDeposit);
  const std::string reference = Text(intent, "/reference");
  market.WaitFor(bidder.client, "/v1/deposits?intent=" + bidder.intent, "/deposits/0/state", "EXPECTED");
  const Json notice = ReportReceipt(market, deal, "DEPOSIT", bidder, kDeposit, reference);
  market.Expect(notice, "/state", "MATCHED");
  const Json qualified = market.WaitFor(bidder.client, Path(bidder.intent), "/state", "QUALIFIED");
  bidder.code = Text(qualified, "/bidder_code");
  market.Step(Verb::kSettle, what, Text(notice, "/name"),
              {Amount("deposit", kDeposit),
               {"reference", reference},
               {"bidder_code", bidder.code},
               {"state", Text(qualified, "/state")}});
}

void EndPeriod(Market& market, Deal& deal) {
  AdvanceToField(market, deal, market.Get(deal.anybody, Path(deal.listing)), "/end_time", "/end_provisional");
  const Json ended = market.WaitFor(deal.anybody, Path(deal.listing), "/state", "QUALIFYING");
  market.Step(Verb::kList, {"挂牌期满（沙箱时钟前移）", "the period is over (sandbox clock advanced)"}, deal.listing,
              {{"end_time", Text(ended, "/end_time")}, {"state", Text(ended, "/state")}});
}

}  // namespace

void List(Market& market, Deal& deal) {
  PublishAchievement(market, deal);
  Actor& owner = deal.seller.client;
  const Json created = market.PostUntil(owner, "/v1/listings", ListingOf(deal), "ORGANIZATION_NOT_ACTIVE");
  deal.listing = Text(created, "/name");
  market.Post(owner, Path(deal.listing) + ":submit", Json::object());
  market.Step(Verb::kList, {"高校申请挂牌", "university applies for a listing"}, deal.listing,
              {Amount("listed_price", deal.mode->start_price), {"profile", Text(created, "/profile")}});
  market.Confirm(deal.clerk, deal.listing, "accept", Json::object());
  market.Confirm(deal.business_reviewer, deal.listing, "approve", {{"review", "BUSINESS"}});
  const Json approved =
      market.Confirm(deal.compliance_reviewer, deal.listing, "approve", {{"review", "COMPLIANCE"}});
  market.Expect(approved, "/state", "APPROVED");
  market.Step(Verb::kList, {"交易所受理，两人审核通过", "exchange accepts, two reviewers approve"}, deal.listing,
              {{"project_no", Text(approved, "/project_no")}});
  const Json listed = market.Confirm(deal.officer, deal.listing, "publish", Json::object());
  market.Expect(listed, "/state", "LISTED");
  market.Step(Verb::kList, {"挂牌", "listed"}, deal.listing,
              {{"end_date", Text(listed, "/end_date")},
               {"reserve_commitment", Text(listed, "/reserve_commitment")},
               {"state", Text(listed, "/state")}});
}

void Qualify(Market& market, Deal& deal) {
  RegisterIntent(market, deal, deal.winner, {"企业甲意向登记", "first enterprise registers its intent"});
  RegisterIntent(market, deal, deal.loser, {"企业乙意向登记", "second enterprise registers its intent"});
  for (Member& bidder : deal.further) {
    RegisterIntent(market, deal, bidder, {"企业丙意向登记", "third enterprise registers its intent"});
  }
  if (!deal.mode->while_listed) EndPeriod(market, deal);
  std::vector<const Member*> bidders = {&deal.winner, &deal.loser};
  for (const Member& bidder : deal.further) bidders.push_back(&bidder);
  for (const Member* bidder : bidders) {
    market.Post(deal.clerk, Path(bidder->intent) + ":giveOpinion",
                {{"qualified", true}, {"opinion", "符合公告条件"}});
    market.Confirm(deal.seller.client, bidder->intent, "consent", Json::object());
  }
  const Json confirmed = market.Get(deal.winner.client, Path(deal.winner.intent));
  market.Expect(confirmed, "/state", "CONFIRMED");
  market.Step(Verb::kList, {"交易所出具意见，转让方同意", "the exchange gives its opinion, the owner consents"},
              deal.listing, {{"deposit_due_time", Text(confirmed, "/deposit_due_time")}, {"state", "CONFIRMED"}});
  PayDeposit(market, deal, deal.winner, {"企业甲保证金到账", "deposit of the first enterprise arrives"});
  PayDeposit(market, deal, deal.loser, {"企业乙保证金到账", "deposit of the second enterprise arrives"});
  for (Member& bidder : deal.further) {
    PayDeposit(market, deal, bidder, {"企业丙保证金到账", "deposit of the third enterprise arrives"});
  }
}

}  // namespace ttx::demo
