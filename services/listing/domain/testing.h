#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "services/listing/domain/achievement.h"
#include "services/listing/domain/intent.h"
#include "services/listing/domain/listing.h"

// Well-formed values that tests of this service start from.
namespace ttx::listing::testing {

inline constexpr const char* kOwner = "organizations/university";
inline constexpr const char* kOwnerUscc = "12100000400000018N";
inline constexpr const char* kExchange = "organizations/exchange";

inline Attachment MakeAttachment(const std::string& name = "proof.pdf") {
  return {name, std::string(64, 'a'), 1000};
}

inline AchievementContent MakeAchievementContent() {
  AchievementContent content;
  content.title = "高效钙钛矿电池";
  content.keywords = {"光伏", "钙钛矿"};
  content.abstract_public = "公开摘要";
  content.detail_restricted = {MakeAttachment("restricted-detail.pdf")};
  content.achievement_type = AchievementType::kAppliedTechnology;
  content.attribute = Attribute::kOriginal;
  content.stage = Stage::kPilot;
  content.trl = {6,
                 "GB/T 22900-2022",
                 Assessor::kThirdParty,
                 "评价中心",
                 "2026-01-05",
                 "",
                 {MakeAttachment("trl-evidence.pdf")}};
  content.tech_field = "06";
  content.industry = "C38";
  content.sei = 6;
  content.ipc = {"H01L31/0224"};
  content.completing_units = {{kOwnerUscc, "某大学", 700'000}, {"91110108MA01ABCD5T", "某公司", 300'000}};
  content.inventors = {{"张三", "restricted-affiliation", "restricted-rank", 600'000, "people/inventor"}};
  content.ip_items.resize(1);
  content.ip_items[0].kind = IpKind::kInvention;
  content.ip_items[0].number = "ZL 201710601862.3";
  content.ip_items[0].title = "一种电池";
  content.ip_items[0].status = IpStatus::kGranted;
  content.ip_items[0].expiry_date = "2037-07-21";
  content.ownership.nature = OwnershipNature::kService;
  content.ownership.owners = {{kOwnerUscc, 700'000}, {"91110108MA01ABCD5T", 300'000}};
  content.ownership.consents = {
      {ConsentParty::kCoOwner, "restricted-consent", MakeAttachment("consent.pdf"), "91110108MA01ABCD5T"}};
  content.desired_kinds = {Kind::kTransferPatent};
  content.ask_price = Fen{100'000'000};
  content.price_basis = "restricted-price-basis";
  content.expected_result = "restricted-expected-result";
  return content;
}

/// The holiday table of 2026 alone: dates in 2027 are provisional.
inline Calendar MakeCalendar() {
  std::ifstream in("deploy/calendar/2026.txt");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::string tables[] = {text};
  return Calendar::Parse(tables).value();
}

inline RuleProfile MakeProfile() {
  RuleProfile profile;
  profile.name = "PUBLIC_RDI";
  profile.version = 1;
  profile.effective_from = MakeDate(2026, 1, 1);
  profile.project_digit = 3;
  profile.disclosure_workdays_min = 5;
  profile.disclosure_workdays_default = 10;
  profile.relisting_workdays_min = 5;
  profile.relisting_of_first = {500'000};
  profile.extension_workdays_min = 5;
  profile.extension_workdays_default = 5;
  profile.extension_cycles_max = 4;
  profile.redo_process_months = 12;
  profile.resume_workdays_min = 5;
  profile.suspension_days_max = 30;
  profile.deposit_cap = {300'000};
  profile.deposit_default = {100'000};
  profile.deposit_workdays = 3;
  profile.opinion_workdays = 5;
  profile.owner_reply_workdays = 5;
  profile.dispute_workdays = 5;
  profile.quote_workdays = 3;
  profile.single_bidder_rule = kQuoteRule;
  profile.bidding_notice_workdays_min = 1;
  profile.free_period_seconds_min = 3600;
  profile.cycle_seconds_min = 60;
  profile.result_notice_workdays = 5;
  profile.price_cut_rule = 1;
  profile.priority_notice_days = 3;
  profile.priority_public_notice_days = 5;
  return profile;
}

inline ListingContent MakeListingContent() {
  ListingContent content;
  content.title = "高效钙钛矿电池专利权转让";
  content.right_scope.kind = Kind::kTransferPatent;
  content.listed_price = Fen{100'000'000};
  content.rules.single_bidder = SingleBidder::kAgreementAtQuote;
  content.deposit.guarantee = "保证内容";
  content.deposit.disposal = "处置方法";
  content.payment_terms = "一次总付";
  content.contact = "王老师";
  return content;
}

inline IntentContent MakeIntentContent() { return {"符合受让方条件", "李经理", {MakeAttachment()}}; }

}  // namespace ttx::listing::testing
