#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/core/calendar.h"
#include "services/contract/domain/contract.h"
#include "services/contract/domain/deal.h"
#include "services/contract/domain/registration.h"

// The deal of domain.md 6.6 (1 200 000.00 yuan), for tests.
namespace ttx::contract::fixtures {

inline constexpr Fen Yuan(int64_t yuan) { return {yuan * 100}; }
inline const std::string kSeller = "organizations/university";
inline const std::string kBuyer = "organizations/enterprise";
inline const std::string kExchange = "organizations/exchange";

/// A Monday morning in a year whose holiday table is loaded.
inline Time Start() { return StartOfDay(MakeDate(2026, 11, 23)) + Hours(9); }

/// The years 2025 and 2026 without holidays: Monday to Friday are working days.
inline Calendar PlainCalendar() {
  const std::vector<std::string> tables = {"year 2025\n", "year 2026\n"};
  return Calendar::Parse(tables).value();
}

inline DealFacts Facts() {
  DealFacts facts;
  facts.listing = "listings/l1";
  facts.listing_version = 2;
  facts.exchange = kExchange;
  facts.achievement = "achievements/a1";
  facts.title = "高效催化剂制备方法";
  facts.kind = "LICENSE_EXCLUSIVE";
  facts.right_scope = "全国；独占许可；十年";
  facts.ip_numbers = {"ZL201710601862.3"};
  facts.seller = kSeller;
  facts.seller_legal_name = "某大学";
  facts.buyer = kBuyer;
  facts.buyer_legal_name = "某科技有限公司";
  facts.intent = "listings/l1/intents/i1";
  facts.bidder_code = "B01";
  facts.price = Yuan(1'200'000);
  facts.listed_price = Yuan(1'000'000);
  facts.deposit = Yuan(100'000);
  facts.method = "AUCTION";
  facts.auction = "auctions/a1";
  facts.log_hash = std::string(64, 'a');
  facts.bid_count = 7;
  facts.profile = "PUBLIC_RDI";
  facts.listing_start_date = "2026-10-20";
  facts.listing_end_date = "2026-11-16";
  return facts;
}

inline CreateDeal NewDeal(Time now = Start()) {
  CreateDeal command;
  command.id = {"d1"};
  command.number = DealNumber("0000", 2026, 1);
  command.facts = Facts();
  command.confirmation_deadline = {DateInShanghai(now), 1, MakeDate(2026, 11, 24), false};
  command.contract_deadline = {DateInShanghai(now), 5, MakeDate(2026, 11, 30), false};
  command.confirmation = ConfirmationText(command, now);
  command.hashes = {std::string(64, '1'), std::string(64, '2')};
  return command;
}

inline std::vector<LineItem> Items() {
  return {{"专利实施许可", ItemKind::kTechnical, Yuan(990'000)},
          {"通用设备", ItemKind::kNonTechnical, Yuan(150'000)},
          {"样机一套", ItemKind::kCarrier, Yuan(60'000)}};
}

/// Every mandatory element, in accordance with Facts().
inline Manifest CompleteManifest() {
  Manifest manifest;
  manifest.project_name = "高效催化剂独占实施许可";
  manifest.seller = {kSeller, "某大学", "北京市海淀区一号", "张三"};
  manifest.buyer = {kBuyer, "某科技有限公司", "上海市浦东新区二号", "李四"};
  manifest.object = {
      "listings/l1",        2,      "高效催化剂制备方法",  "LICENSE_EXCLUSIVE", "全国；独占许可；十年",
      {"ZL201710601862.3"}, "一项", "达到授权文本所述效果"};
  manifest.content = "发明专利的独占实施许可";
  manifest.scope = "全国范围内制造、使用、销售";
  manifest.requirements = "交付全部技术资料并提供指导";
  manifest.schedule = "生效后三十日内交付";
  manifest.place = "上海";
  manifest.method = "现场交付";
  manifest.confidentiality = "双方保密五年";
  manifest.result_ownership = "后续改进归完成方";
  manifest.result_sharing = "另行约定";
  manifest.acceptance_standard = "中试产率不低于百分之九十";
  manifest.acceptance_method = "双方共同测试";
  manifest.glossary = "本合同所称技术资料指附件所列文件";
  manifest.breach_liability = "逾期每日万分之五";
  manifest.dispute_resolution = "提交北京仲裁委员会仲裁";
  manifest.patents = {{"ZL201710601862.3", "一种催化剂", "某大学", "某大学", "2017-07-21", "201710601862.3",
                       "ZL201710601862.3", "2037-07-20"}};
  manifest.price = Yuan(1'200'000);
  manifest.currency_code = "CNY";
  manifest.items = Items();
  manifest.payment.form = PaymentForm::kLumpSum;
  manifest.payment.due_workdays = 5;
  manifest.valid_until = "2036-11-22";
  return manifest;
}

inline const DocumentHashes kTextHashes = {std::string(64, '3'), std::string(64, '4')};

/// An attempt that is good for a document with `hashes`.
inline SignAttempt GoodAttempt(Side side, const DocumentHashes& hashes) {
  const std::string organization = side == Side::kSeller  ? kSeller
                                   : side == Side::kBuyer ? kBuyer
                                                          : kExchange;
  SigningKey key{.key_id = "k-" + organization, .organization = organization, .suite = "ECDSA-P256-SHA256"};
  return {.side = side,
          .organization = organization,
          .person = "people/" + organization,
          .key_id = key.key_id,
          .key = key,
          .suite = "ECDSA-P256-SHA256",
          .document_hash = hashes.sha256,
          .value = "der",
          .verified = true};
}

}  // namespace ttx::contract::fixtures
