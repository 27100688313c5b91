#include <nlohmann/json.hpp>

#include "services/server/demo/deal.h"

namespace ttx::demo {
namespace {

// A detached signature over the exact bytes of a document.
Json Signed(const SigningKey& key, const Json& resource, const std::string& document_pointer) {
  const Result<std::string> value = crypto::Sign(key.suite, key.private_pem, Text(resource, document_pointer));
  const bool sm2 = key.suite == crypto::Suite::kSm2Sm3;
  return {{"signature",
           {{"document_hash", Text(resource, sm2 ? "/hashes/sm3" : "/hashes/sha256")},
            {"key_id", key.id},
            {"suite", std::string(crypto::SuiteId(key.suite))},
            {"value", value.ok() ? Base64(*value) : ""}}}};
}

Json PatentOf(const Deal& deal, const std::string& number, const std::string& title) {
  return {{"ip_number", number},
          {"invention_name", title},
          {"applicant", deal.seller.legal_name},
          {"patentee", deal.seller.legal_name},
          {"filing_date", "2017-07-21"},
          {"application_number", number.substr(std::min<size_t>(2, number.size()))},
          {"patent_number", number},
          {"term_end_date", "2037-07-20"}};
}

// What the seller copies from the deal, which it must not change.
Json ObjectOf(const Json& facts) {
  return {{"listing", facts.at("listing")},
          {"listing_version", facts.at("listing_version")},
          {"title", facts.at("title")},
          {"kind", facts.at("kind")},
          {"right_scope", facts.at("right_scope")},
          {"ip_numbers", facts.at("ip_numbers")},
          {"quantity", "专利权一项"},
          {"quality", "权利有效，无质押、无保全"}};
}

Json PartyOf(const Member& member) {
  return {{"organization", member.client.organization},
          {"legal_name", member.legal_name},
          {"domicile", "北京市海淀区示范路 1 号"},
          {"representative", "王示范"}};
}

// The mandatory elements of domain.md 6.3.
Json ManifestOf(const Deal& deal, const Json& facts, Date today) {
  const std::string title = Text(facts, "/title");
  const Json items = {{{"description", "专利权及相关技术资料"}, {"kind", "TECHNICAL"}, {"amount_fen", "100000000"}},
                      {{"description", "中试设备一套"}, {"kind", "NON_TECHNICAL"}, {"amount_fen", "6000000"}}};
  Json manifest = {{"project_name", title},
                   {"seller", PartyOf(deal.seller)},
                   {"buyer", PartyOf(deal.winner)},
                   {"object", ObjectOf(facts)},
                   {"patents", Json::array()},
                   {"price_fen", std::to_string(kPrice)},
                   {"currency_code", "CNY"},
                   {"items", items},
                   {"payment", {{"form", "LUMP_SUM"}, {"due_workdays", 5}}},
                   {"valid_until", FormatDate(today + 730)}};
  const std::pair<const char*, const char*> clauses[] = {{"content", "转让专利权并交付技术资料"},
                                                         {"scope", "中华人民共和国境内"},
                                                         {"requirements", "按说明书可重复实施"},
                                                         {"schedule", "生效后三十日内完成权利变更与资料交付"},
                                                         {"place", "北京市"},
                                                         {"method", "交付纸质与电子资料并现场指导"},
                                                         {"confidentiality", "双方对技术秘密保密五年"},
                                                         {"result_ownership", "后续改进归改进方所有"},
                                                         {"result_sharing", "各自享有各自改进的收益"},
                                                         {"acceptance_standard", "热导率不低于说明书指标"},
                                                         {"acceptance_method", "第三方检测"},
                                                         {"glossary", "专利权：附件所列发明专利"},
                                                         {"breach_liability", "违约金为合同价款的百分之十"},
                                                         {"dispute_resolution", "北京仲裁委员会仲裁"}};
  for (const auto& [key, text] : clauses) manifest[key] = text;
  for (const Json& number : facts.at("ip_numbers")) {
    manifest["patents"].push_back(PatentOf(deal, number.get<std::string>(), title));
  }
  return manifest;
}

void Confirm(Market& market, Deal& deal) {
  const Json pending = market.WaitFor(deal.officer, Path(deal.deal), "/state", "PENDING");
  market.ExpectNumber(pending, "/facts/price_fen", kPrice);
  market.Post(deal.officer, Path(deal.deal) + ":signConfirmation", Signed(deal.officer_key, pending, "/confirmation"));
  const Json confirmed = market.Post(deal.winner.client, Path(deal.deal) + ":signConfirmation",
                                     Signed(deal.winner.key, pending, "/confirmation"));
  market.Expect(confirmed, "/state", "CONFIRMED");
  market.Step(Verb::kSign, {"交易所与受让方签署成交确认书", "exchange and winner sign the deal confirmation"}, deal.deal,
              {{"number", Text(confirmed, "/number")}, {"state", Text(confirmed, "/state")}});
}

void Draft(Market& market, Deal& deal) {
  const Json confirmed = market.Get(deal.seller.client, Path(deal.deal));
  const Date today = DateInShanghai(market.Now());
  const Json manifest = market.ok() ? ManifestOf(deal, confirmed.at("facts"), today) : Json();
  const Json drafted =
      market.Post(deal.seller.client, "/v1/contracts", {{"deal", deal.deal}, {"manifest", manifest}});
  deal.contract = Text(drafted, "/name");
  market.Expect(drafted, "/state", "NEGOTIATING");
  market.Step(Verb::kSign, {"转让方起草合同", "seller drafts the contract"}, deal.contract,
              {Amount("price", Number(drafted, "/manifest/price_fen")), {"sha256", Text(drafted, "/hashes/sha256")}});
  for (Actor* party : {&deal.seller.client, &deal.winner.client}) {
    market.Post(*party, Path(deal.contract) + ":acceptText", {{"text_hash", Text(drafted, "/hashes/sha256")}});
  }
  const Json frozen = market.Post(deal.clerk, Path(deal.contract) + ":freeze", Json::object());
  market.Expect(frozen, "/state", "READY");
  market.Step(Verb::kSign, {"双方确认文本，合同定稿", "both accept the text, it is frozen"}, deal.contract,
              {{"state", Text(frozen, "/state")}});
}

void SignBy(Market& market, Deal& deal, Member& member, const std::string& state, const Words& what) {
  const Json frozen = market.Get(member.client, Path(deal.contract));
  const Json contract =
      market.Post(member.client, Path(deal.contract) + ":sign", Signed(member.key, frozen, "/canonical_text"));
  market.Expect(contract, "/state", state);
  market.Step(Verb::kSign, what, deal.contract,
              {{"suite", std::string(crypto::SuiteId(member.key.suite))}, {"state", Text(contract, "/state")}});
}

}  // namespace

void Sign(Market& market, Deal& deal) {
  Confirm(market, deal);
  Draft(market, deal);
  SignBy(market, deal, deal.seller, "PARTIAL", {"转让方签名（ECDSA P-256）", "seller signs (ECDSA P-256)"});
  SignBy(market, deal, deal.winner, "EFFECTIVE", {"受让方签名（SM2），合同生效", "buyer signs (SM2), contract effective"});
}

void Register(Market& market, Deal& deal) {
  const Json applied = market.Post(deal.seller.client, "/v1/registrations", {{"contract", deal.contract}});
  deal.registration = Text(applied, "/name");
  market.Step(Verb::kRegister, {"转让方申请合同登记", "seller applies for registration"}, deal.registration,
              {{"contract_type", Text(applied, "/contract_type")}, {"state", Text(applied, "/state")}});
  const Json accepted = market.Confirm(deal.registry, deal.registration, "accept", Json::object());
  market.Step(Verb::kRegister, {"登记机构受理", "the registry takes the case"}, deal.registration,
              {{"decide_by_date", Text(accepted, "/decide_by_date")}, {"state", Text(accepted, "/state")}});
  const std::string number = std::to_string(YearOf(DateInShanghai(market.Now()))) + deal.seller.account.substr(0, 12);
  const Json registered = market.Confirm(deal.registry, deal.registration, "register",
      {{"number", number},
       {"amounts", {{"total_fen", "106000000"}, {"technical_fen", "100000000"}, {"non_technical_fen", "6000000"}}}});
  market.Expect(registered, "/state", "REGISTERED");
  market.Step(Verb::kRegister, {"合同登记完成", "contract registered"}, deal.registration,
              {{"number", number},
               Amount("total", Number(registered, "/amounts/total_fen")),
               Amount("technical", Number(registered, "/amounts/technical_fen"))});
}

}  // namespace ttx::demo
