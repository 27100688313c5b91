#include "services/contract/domain/manifest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

#include "services/contract/domain/canonical_json.h"
#include "services/contract/domain/contract.h"
#include "services/contract/domain/fixtures.h"
#include "services/contract/domain/limits.h"

namespace ttx::contract {
namespace {

using fixtures::CompleteManifest;
using fixtures::Yuan;

// docs/formats.md: these bytes are what people have signed. A change of the format takes a new name in
// "format".
TEST(CanonicalJson, GoldenBytesOfAnItemAndAPayment) {
  EXPECT_EQ(CanonicalJson(LineItem{"样机", ItemKind::kCarrier, Yuan(60'000)}),
            R"({"amount_fen":6000000,"description":"样机","kind":"CARRIER"})");
  Payment payment;
  payment.form = PaymentForm::kInstalments;
  payment.due_workdays = 5;
  payment.instalments = {{"交付后", {100}}, {"验收后", {200}}};
  EXPECT_EQ(
      CanonicalJson(payment),
      R"({"books_inspection":"","due_workdays":5,"entry_fee_fen":0,"form":"INSTALMENTS",)"
      R"("instalments":[{"amount_fen":100,"condition":"交付后"},{"amount_fen":200,"condition":"验收后"}],)"
      R"("royalty_base":"ROYALTY_BASE_UNSPECIFIED","royalty_ppm":0,"royalty_rate":"ROYALTY_RATE_UNSPECIFIED"})");
}

TEST(CanonicalJson, GoldenBytesOfADealConfirmation) {
  EXPECT_EQ(
      fixtures::NewDeal().confirmation,
      R"({"achievement":"achievements/a1","auction":"auctions/a1","bid_count":7,"bidder_code":"B01",)"
      R"("buyer":"organizations/enterprise","buyer_legal_name":"某科技有限公司","confirmation_date":"2026-11-24",)"
      R"("confirmation_workdays":1,"contract_date":"2026-11-30","contract_workdays":5,"currency_code":"CNY",)"
      R"("deal":"deals/d1","deposit_fen":10000000,"deposit_handling":"CONVERTED_TO_PRICE",)"
      R"("determine_time":"2026-11-23T01:00:00Z","exchange":"organizations/exchange","format":"TTX-DEAL-1",)"
      R"("intent":"listings/l1/intents/i1","ip_numbers":["ZL201710601862.3"],"kind":"LICENSE_EXCLUSIVE",)"
      R"("listed_price_fen":100000000,"listing":"listings/l1","listing_end_date":"2026-11-16",)"
      R"("listing_start_date":"2026-10-20","listing_version":2,)"
      R"("log_hash":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","method":"AUCTION",)"
      R"("number":")" +
          DealNumber("0000", 2026, 1) +
          R"(","price_capital":"人民币壹佰贰拾万元整","price_fen":120000000,)"
          R"("profile":"PUBLIC_RDI","reserve_met":true,"right_scope":"全国；独占许可；十年",)"
          R"("seller":"organizations/university","seller_legal_name":"某大学","title":"高效催化剂制备方法"})");
}

TEST(CanonicalJson, GoldenBytesOfAContract) {
  DealDecision deal = Decide(fixtures::NewDeal(), fixtures::Start()).value();
  Manifest manifest = CompleteManifest();
  manifest.attachments = {{"技术资料清单", std::string(64, 'b')}};
  EXPECT_EQ(
      CanonicalText({"c1"}, deal.next, manifest),
      R"({"auction":"auctions/a1","contract":"contracts/c1","deal":"deals/d1","deal_number":")" +
          deal.next.number +
          R"(","exchange":"organizations/exchange","format":"TTX-CONTRACT-1",)"
          R"("log_hash":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","manifest":{)"
          R"("acceptance_method":"双方共同测试","acceptance_standard":"中试产率不低于百分之九十",)"
          R"("approval_required":false,"attachments":[{)"
          R"("sha256":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","title":"技术资料清单"}],)"
          R"("breach_liability":"逾期每日万分之五","buyer":{"domicile":"上海市浦东新区二号",)"
          R"("legal_name":"某科技有限公司","organization":"organizations/enterprise","representative":"李四"},)"
          R"("confidentiality":"双方保密五年","content":"发明专利的独占实施许可","currency_code":"CNY",)"
          R"("dispute_resolution":"提交北京仲裁委员会仲裁","glossary":"本合同所称技术资料指附件所列文件","items":[)"
          R"({"amount_fen":99000000,"description":"专利实施许可","kind":"TECHNICAL"},)"
          R"({"amount_fen":15000000,"description":"通用设备","kind":"NON_TECHNICAL"},)"
          R"({"amount_fen":6000000,"description":"样机一套","kind":"CARRIER"}],"method":"现场交付","object":{)"
          R"("ip_numbers":["ZL201710601862.3"],"kind":"LICENSE_EXCLUSIVE","listing":"listings/l1",)"
          R"("listing_version":2,"quality":"达到授权文本所述效果","quantity":"一项",)"
          R"("right_scope":"全国；独占许可；十年","title":"高效催化剂制备方法"},"patents":[{"applicant":"某大学",)"
          R"("application_number":"201710601862.3","filing_date":"2017-07-21","invention_name":"一种催化剂",)"
          R"("ip_number":"ZL201710601862.3","patent_number":"ZL201710601862.3","patentee":"某大学",)"
          R"("term_end_date":"2037-07-20"}],"payment":{"books_inspection":"","due_workdays":5,"entry_fee_fen":0,)"
          R"("form":"LUMP_SUM","instalments":[],"royalty_base":"ROYALTY_BASE_UNSPECIFIED","royalty_ppm":0,)"
          R"("royalty_rate":"ROYALTY_RATE_UNSPECIFIED"},"place":"上海","price_fen":120000000,)"
          R"("project_name":"高效催化剂独占实施许可","requirements":"交付全部技术资料并提供指导",)"
          R"("result_ownership":"后续改进归完成方","result_sharing":"另行约定","schedule":"生效后三十日内交付",)"
          R"("scope":"全国范围内制造、使用、销售","seller":{"domicile":"北京市海淀区一号","legal_name":"某大学",)"
          R"("organization":"organizations/university","representative":"张三"},"valid_until":"2036-11-22"},)"
          R"("method":"AUCTION","price_capital":"人民币壹佰贰拾万元整"})");
}

RC_GTEST_PROP(CanonicalJson, TwoManifestsHaveTheSameBytesOnlyWhenEqual, (std::string a, std::string b)) {
  Manifest first = CompleteManifest();
  Manifest second = CompleteManifest();
  first.content = a;
  second.content = b;
  RC_ASSERT((CanonicalJson(first) == CanonicalJson(second)) == (a == b));
}

struct Removal {
  const char* field;
  Reason reason;
  std::function<void(Manifest&)> remove;
};

std::vector<Removal> PaymentRemovals() {
  std::vector<Removal> cases;
  const auto add = [&](const char* field, std::function<void(Manifest&)> remove,
                       Reason reason = Reason::kREQUIRED) {
    cases.push_back({field, reason, std::move(remove)});
  };
  add("manifest.payment.form", [](Manifest& m) { m.payment.form = PaymentForm::kUnspecified; });
  add("manifest.payment.due_workdays", [](Manifest& m) { m.payment.due_workdays = 0; });
  add("manifest.payment.instalments", [](Manifest& m) { m.payment.form = PaymentForm::kInstalments; });
  add(
      "manifest.payment.instalments",
      [](Manifest& m) {
        m.payment.form = PaymentForm::kInstalments;
        m.payment.instalments = {{"交付后", Yuan(1'199'999)}};
      },
      Reason::kAMOUNTS_MISMATCH);
  const auto royalty = [&](const char* field, std::function<void(Payment&)> remove) {
    add(field, [remove](Manifest& m) {
      m.payment = {PaymentForm::kRoyaltyWithEntryFee,
                   5,
                   {},
                   Yuan(1),
                   RoyaltyBase::kSales,
                   RoyaltyRate::kFixed,
                   30'000,
                   "每季度查账"};
      remove(m.payment);
    });
  };
  royalty("manifest.payment.entry_fee_fen", [](Payment& p) { p.entry_fee = {}; });
  royalty("manifest.payment.royalty_base", [](Payment& p) { p.royalty_base = RoyaltyBase::kUnspecified; });
  royalty("manifest.payment.royalty_rate", [](Payment& p) { p.royalty_rate = RoyaltyRate::kUnspecified; });
  royalty("manifest.payment.royalty_ppm", [](Payment& p) { p.royalty_ppm = 0; });
  royalty("manifest.payment.books_inspection", [](Payment& p) { p.books_inspection = ""; });
  return cases;
}

std::vector<Removal> Removals() {
  std::vector<Removal> cases;
  const auto text = [&](const char* field, std::string Manifest::*member) {
    cases.push_back({field, Reason::kREQUIRED, [member](Manifest& m) { m.*member = " \n"; }});
  };
  text("manifest.project_name", &Manifest::project_name);
  text("manifest.content", &Manifest::content);
  text("manifest.scope", &Manifest::scope);
  text("manifest.requirements", &Manifest::requirements);
  text("manifest.schedule", &Manifest::schedule);
  text("manifest.place", &Manifest::place);
  text("manifest.method", &Manifest::method);
  text("manifest.confidentiality", &Manifest::confidentiality);
  text("manifest.result_ownership", &Manifest::result_ownership);
  text("manifest.result_sharing", &Manifest::result_sharing);
  text("manifest.acceptance_standard", &Manifest::acceptance_standard);
  text("manifest.acceptance_method", &Manifest::acceptance_method);
  text("manifest.glossary", &Manifest::glossary);
  text("manifest.breach_liability", &Manifest::breach_liability);
  text("manifest.dispute_resolution", &Manifest::dispute_resolution);
  text("manifest.currency_code", &Manifest::currency_code);
  text("manifest.valid_until", &Manifest::valid_until);
  const auto add = [&](const char* field, std::function<void(Manifest&)> remove,
                       Reason reason = Reason::kREQUIRED) {
    cases.push_back({field, reason, std::move(remove)});
  };
  add("manifest.seller.organization", [](Manifest& m) { m.seller.organization = ""; });
  add("manifest.seller.legal_name", [](Manifest& m) { m.seller.legal_name = ""; });
  add("manifest.seller.domicile", [](Manifest& m) { m.seller.domicile = ""; });
  add("manifest.buyer.organization", [](Manifest& m) { m.buyer.organization = ""; });
  add("manifest.buyer.legal_name", [](Manifest& m) { m.buyer.legal_name = ""; });
  add("manifest.buyer.domicile", [](Manifest& m) { m.buyer.domicile = ""; });
  add("manifest.object.title", [](Manifest& m) { m.object.title = ""; });
  add("manifest.object.kind", [](Manifest& m) { m.object.kind = ""; });
  add("manifest.object.right_scope", [](Manifest& m) { m.object.right_scope = ""; });
  add("manifest.object.quantity", [](Manifest& m) { m.object.quantity = ""; });
  add("manifest.object.quality", [](Manifest& m) { m.object.quality = ""; });
  add("manifest.patents[ZL201710601862.3]", [](Manifest& m) { m.patents.clear(); });
  add("manifest.patents[0].invention_name", [](Manifest& m) { m.patents[0].invention_name = ""; });
  add("manifest.patents[0].applicant", [](Manifest& m) { m.patents[0].applicant = ""; });
  add("manifest.patents[0].patentee", [](Manifest& m) { m.patents[0].patentee = ""; });
  add("manifest.patents[0].filing_date", [](Manifest& m) { m.patents[0].filing_date = ""; });
  add("manifest.patents[0].application_number", [](Manifest& m) { m.patents[0].application_number = ""; });
  add("manifest.patents[0].patent_number", [](Manifest& m) { m.patents[0].patent_number = ""; });
  add("manifest.patents[0].term_end_date", [](Manifest& m) { m.patents[0].term_end_date = ""; });
  add("manifest.items", [](Manifest& m) { m.items.clear(); });
  add("manifest.items[1].kind", [](Manifest& m) { m.items[1].kind = ItemKind::kUnspecified; });
  add("manifest.items[1].description", [](Manifest& m) { m.items[1].description = ""; });
  add(
      "manifest.items[1].amount_fen", [](Manifest& m) { m.items[1].amount = {}; }, Reason::kOUT_OF_RANGE);
  add(
      "manifest.items", [](Manifest& m) { m.items[0].amount += Fen{1}; }, Reason::kAMOUNTS_MISMATCH);
  for (Removal& removal : PaymentRemovals()) cases.push_back(std::move(removal));
  return cases;
}

TEST(Manifest, ACompleteOneLacksNothing) {
  EXPECT_EQ(MissingElements(CompleteManifest()), std::vector<FieldViolation>());
  EXPECT_TRUE(CheckShape(CompleteManifest()).ok());
  EXPECT_TRUE(DealDifferences(CompleteManifest(), fixtures::Facts()).empty());
}

TEST(Manifest, EachMissingElementIsNamedAlone) {
  for (const Removal& removal : Removals()) {
    Manifest manifest = CompleteManifest();
    removal.remove(manifest);
    const std::vector<FieldViolation> missing = MissingElements(manifest);
    ASSERT_EQ(missing.size(), 1u) << removal.field;
    EXPECT_EQ(missing[0].field, removal.field);
    EXPECT_EQ(missing[0].reason, removal.reason) << removal.field;
  }
}

TEST(Manifest, AllMissingElementsComeInOneAnswer) {
  const std::vector<FieldViolation> missing = MissingElements({});
  std::vector<std::string> fields;
  for (const FieldViolation& violation : missing) fields.push_back(violation.field);
  EXPECT_EQ(fields.size(), 32u);
  for (const char* field :
       {"manifest.project_name", "manifest.seller.domicile", "manifest.buyer.legal_name",
        "manifest.object.quality", "manifest.glossary", "manifest.price_fen", "manifest.items",
        "manifest.payment.form", "manifest.payment.due_workdays", "manifest.valid_until"}) {
    EXPECT_NE(std::find(fields.begin(), fields.end(), field), fields.end()) << field;
  }
}

TEST(Manifest, AnApplicationHasNoPatentee) {
  Manifest manifest = CompleteManifest();
  manifest.object.ip_numbers = {"CN201710601862.3"};
  manifest.patents = {
      {"CN201710601862.3", "一种催化剂", "某大学", "", "2017-07-21", "201710601862.3", "", ""}};
  EXPECT_TRUE(MissingElements(manifest).empty());
}

TEST(Manifest, WhatCouldNeverBeRightIsRefusedAtOnceAndTogether) {
  Manifest manifest = CompleteManifest();
  manifest.content = "看不见\xE2\x80\x8B的字";
  manifest.place = std::string(kMaxClauseChars + 1, 'a');
  manifest.valid_until = "2026-02-30";
  manifest.patents[0].filing_date = "2017/07/21";
  manifest.attachments = {{"附件", "abc"}};
  manifest.price = {-1};
  manifest.currency_code = "USD";
  manifest.payment.due_workdays = -1;
  manifest.payment.royalty_ppm = 1'000'001;
  manifest.items.resize(kMaxElements + 1, {"a", ItemKind::kTechnical, {1}});
  const Status status = CheckShape(manifest);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().reason, Reason::kINVALID_FIELD);
  const auto has = [&](const char* field, Reason reason) {
    for (const FieldViolation& violation : status.error().violations) {
      if (violation.field == field && violation.reason == reason) return true;
    }
    return false;
  };
  EXPECT_TRUE(has("manifest.content", Reason::kBAD_TEXT));
  EXPECT_TRUE(has("manifest.place", Reason::kTOO_LONG));
  EXPECT_TRUE(has("manifest.valid_until", Reason::kBAD_FORMAT));
  EXPECT_TRUE(has("manifest.patents[0].filing_date", Reason::kBAD_FORMAT));
  EXPECT_TRUE(has("manifest.attachments[0].sha256", Reason::kBAD_FORMAT));
  EXPECT_TRUE(has("manifest.price_fen", Reason::kOUT_OF_RANGE));
  EXPECT_TRUE(has("manifest.currency_code", Reason::kUNSUPPORTED_CURRENCY));
  EXPECT_TRUE(has("manifest.payment.due_workdays", Reason::kOUT_OF_RANGE));
  EXPECT_TRUE(has("manifest.payment.royalty_ppm", Reason::kOUT_OF_RANGE));
  EXPECT_TRUE(has("manifest.items", Reason::kTOO_MANY));
  EXPECT_EQ(status.error().violations.size(), 10u);
}

// Invariant C4.
TEST(Manifest, EveryDepartureFromTheDealIsNamed) {
  const std::pair<const char*, std::function<void(Manifest&)>> cases[] = {
      {"manifest.seller.organization", [](Manifest& m) { m.seller.organization = "organizations/other"; }},
      {"manifest.seller.legal_name", [](Manifest& m) { m.seller.legal_name = "另一大学"; }},
      {"manifest.buyer.organization", [](Manifest& m) { m.buyer.organization = "organizations/other"; }},
      {"manifest.buyer.legal_name", [](Manifest& m) { m.buyer.legal_name = "另一公司"; }},
      {"manifest.object.listing", [](Manifest& m) { m.object.listing = "listings/l2"; }},
      {"manifest.object.listing_version", [](Manifest& m) { m.object.listing_version = 1; }},
      {"manifest.object.title", [](Manifest& m) { m.object.title = "另一标的"; }},
      {"manifest.object.kind", [](Manifest& m) { m.object.kind = "LICENSE_SOLE"; }},
      {"manifest.object.right_scope", [](Manifest& m) { m.object.right_scope = "上海"; }},
      {"manifest.object.ip_numbers", [](Manifest& m) { m.object.ip_numbers.push_back("ZL2"); }},
      {"manifest.price_fen", [](Manifest& m) { m.price += Fen{1}; }}};
  for (const auto& [field, change] : cases) {
    Manifest manifest = CompleteManifest();
    change(manifest);
    const auto differences = DealDifferences(manifest, fixtures::Facts());
    ASSERT_EQ(differences.size(), 1u) << field;
    EXPECT_EQ(differences[0].field, field);
    EXPECT_EQ(differences[0].reason, Reason::kDEAL_MISMATCH);
  }
}

// domain.md 5.9, PRO_RATA: the contract names the share it is about; of the whole it says nothing.
TEST(Manifest, AContractOfAPortionNamesItsShare) {
  DealFacts facts = fixtures::Facts();
  facts.share = {300'000};
  Manifest manifest = CompleteManifest();
  const auto differences = DealDifferences(manifest, facts);
  ASSERT_EQ(differences.size(), 1u);
  EXPECT_EQ(differences[0].field, "manifest.object.share_ppm");
  EXPECT_EQ(differences[0].limit, "300000");
  manifest.object.share = {300'000};
  EXPECT_TRUE(DealDifferences(manifest, facts).empty());
  EXPECT_TRUE(MissingElements(manifest).empty());
  DealDecision deal = Decide(fixtures::NewDeal(), fixtures::Start()).value();
  EXPECT_NE(CanonicalText({"c1"}, deal.next, manifest).find(R"("share_ppm":300000)"), std::string::npos);
  EXPECT_EQ(CanonicalText({"c1"}, deal.next, CompleteManifest()).find("share_ppm"), std::string::npos);
  for (const int32_t ppm : {-1, 1'000'001}) {
    manifest.object.share = {ppm};
    const Status shape = CheckShape(manifest);
    ASSERT_FALSE(shape.ok());
    EXPECT_EQ(shape.error().violations[0].field, "manifest.object.share_ppm");
  }
}

// The worked example of domain.md 6.6.
TEST(Manifest, CarriersAreNotDeducted) {
  EXPECT_EQ(AmountsOf(fixtures::Items()), (Amounts{Yuan(1'200'000), Yuan(1'050'000), Yuan(150'000)}));
}

RC_GTEST_PROP(Manifest, TechnicalAndNonTechnicalAlwaysMakeUpTheTotal, ()) {
  std::vector<LineItem> items;
  for (int i = *rc::gen::inRange(1, 20); i > 0; --i) {
    items.push_back(
        {"x", static_cast<ItemKind>(*rc::gen::inRange(1, 4)), {*rc::gen::inRange<int64_t>(1, kMaxFen / 20)}});
  }
  const Amounts amounts = AmountsOf(items);
  RC_ASSERT(amounts.technical + amounts.non_technical == amounts.total);
  RC_ASSERT(amounts.technical.value >= 0);
}

}  // namespace
}  // namespace ttx::contract
