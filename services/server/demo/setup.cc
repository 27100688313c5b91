#include <nlohmann/json.hpp>
#include <vector>

#include "libs/core/encoding.h"
#include "libs/core/uscc.h"
#include "libs/crypto/digest.h"
#include "libs/crypto/random.h"
#include "services/server/demo/bidding.h"

namespace ttx::demo {
namespace {

std::string RandomDigits(size_t count) {
  std::string digits;
  for (const char byte : crypto::RandomBytes(count)) digits += static_cast<char>('0' + static_cast<uint8_t>(byte) % 10);
  return digits;
}

// A code nobody has (GB 32100, domain.md 2.1): `type` is "12" for public institutions and "91" for enterprises.
std::string NewUscc(const std::string& type) {
  const std::string body = type + "110000" + RandomDigits(9);
  return body + UsccCheckSymbol(body);
}

Json Registration(Member& member, const std::string& kind, const std::string& name,
                  const std::vector<std::string>& roles) {
  const bool enterprise = kind == "ENTERPRISE" || kind == "BANK" || kind == "EXCHANGE";
  member.uscc = NewUscc(enterprise ? "91" : "12");
  member.legal_name = name + member.uscc.substr(12, 5);
  member.account = "62" + RandomDigits(16);
  return {{"profile",
           {{"uscc", member.uscc},
            {"legal_name", member.legal_name},
            {"kind", kind},
            {"domicile", "北京市海淀区示范路 1 号"},
            {"region_code", "110108"},
            {"licence_digest", Hex(crypto::Sha256(member.legal_name))},
            {"legal_representative", "王示范"},
            {"bank_account",
             {{"name", member.legal_name}, {"number", member.account}, {"bank", "示范银行北京分行"}}}}},
          {"person_display_name", "李示范"},
          {"client_display_name", "ttx demo"},
          {"roles", roles}};
}

Actor ActorFrom(const Json& answer) {
  return {Text(answer, "/api_client/organization"), Text(answer, "/api_client/person"),
          Text(answer, "/api_client/uid"), Text(answer, "/client_secret"), ""};
}

// What the person does who was handed the code in `answer`: nobody else ever sees the secret.
Actor Enrol(Market& market, const Json& answer) {
  Actor nobody;
  return ActorFrom(market.Post(nobody, Path(Text(answer, "/api_client/name")) + ":enrol",
                               {{"enrolment_code", Text(answer, "/enrolment_code")}}));
}

// Another person of an organization, with a client of their own: two-person steps need two. `manager` makes it,
// `second` approves it, the person enrols.
Actor AddPerson(Market& market, Actor& manager, Actor& second, const std::string& organization,
                const std::string& name, const std::vector<std::string>& roles) {
  const Json person = market.Post(manager, Path(organization) + "/people", {{"display_name", name}});
  const Json made = market.Post(
      manager, "/v1/apiClients",
      {{"person", Text(person, "/name")}, {"display_name", "ttx demo"}, {"roles", roles}});
  market.Expect(made, "/api_client/state", "PENDING");
  const Json approved = market.Confirm(second, Text(made, "/api_client/name"), "approve", Json::object());
  market.Expect(approved, "/state", "ACTIVE");
  return Enrol(market, made);
}

void AddOrganization(Market& market, Deal& deal, Actor& submitter, const std::string& path, Member& member,
                     const Json& registration, const Words& what) {
  const Json made = market.Post(submitter, path, registration);
  member.client = Text(made, "/enrolment_code").empty() ? ActorFrom(made) : Enrol(market, made);
  const Json approved =
      market.Confirm(deal.kyc_officer, member.client.organization, "approveKyc", Json::object());
  market.Expect(approved, "/state", "ACTIVE");
  market.Step(Verb::kSetup, what, member.client.organization,
              {{"uscc", member.uscc}, {"legal_name", member.legal_name}, {"state", Text(approved, "/state")}});
}

void AddKey(Market& market, Actor& actor, crypto::Suite suite, SigningKey& key, const Words& what) {
  if (!market.ok()) return;
  const crypto::KeyPair pair = crypto::GenerateKey(suite);
  const std::string fingerprint = *crypto::PublicKeyFingerprint(pair.public_pem);
  const std::string proof =
      *crypto::Sign(suite, pair.private_pem, "TTX-KEY-1|" + actor.organization + "|" + fingerprint);
  const std::string suite_id(crypto::SuiteId(suite));
  const Json added = market.Post(
      actor, Path(actor.organization) + "/signingKeys",
      {{"suite", suite_id}, {"public_key_pem", pair.public_pem}, {"proof", Base64(proof)}});
  key = {suite, pair.private_pem, fingerprint};
  market.Expect(added, "/uid", fingerprint);
  market.Step(Verb::kSetup, what, Text(added, "/name"), {{"suite", suite_id}});
}

void AddStaff(Market& market, Deal& deal) {
  Actor& manager = deal.clerk;
  Actor& second = deal.administrator;
  const std::string& exchange = manager.organization;
  deal.officer = AddPerson(market, manager, second, exchange, "交易所负责人", {"EXCHANGE_OFFICER"});
  deal.business_reviewer = AddPerson(market, manager, second, exchange, "业务审核人", {"EXCHANGE_REVIEWER_BUSINESS"});
  deal.compliance_reviewer = AddPerson(market, manager, second, exchange, "合规审核人", {"EXCHANGE_REVIEWER_COMPLIANCE"});
  deal.secrecy_reviewer = AddPerson(market, manager, second, exchange, "保密审查人", {"SECRECY_REVIEWER"});
  deal.rights_reviewer = AddPerson(market, manager, second, exchange, "权属核验人", {"RIGHTS_REVIEWER"});
  deal.settlement_clerk = AddPerson(market, manager, second, exchange, "结算经办人", {"SETTLEMENT_CLERK"});
  deal.settlement_officer = AddPerson(market, manager, second, exchange, "结算负责人", {"SETTLEMENT_OFFICER"});
  market.Step(Verb::kSetup, {"交易所工作人员（八人，均经另一人批准）", "staff of the exchange: eight, each approved by another"}, exchange,
              {{"people", "8"}});
}

// Who it takes to open envelopes: another officer, and the key holders with keys of their own.
void AddOpening(Market& market, Deal& deal) {
  deal.second_officer = AddPerson(market, deal.clerk, deal.administrator, deal.clerk.organization, "交易所副负责人",
                                  {"EXCHANGE_OFFICER"});
  market.Step(Verb::kSetup, {"开标须由另一名负责人确认", "another officer, who confirms openings"},
              deal.second_officer.person);
  if (market.ok()) deal.key_holders = MakeKeyHolders();
  market.Step(Verb::kSetup, {"五名密钥保管人各自生成密钥，任意三名可开标", "five key holders make their keys, any three open"},
              "", {{"holder_set", market.ok() ? Hex(deal.key_holders->set.id()) : ""}});
}

}  // namespace

void SetUp(Market& market, Deal& deal) {
  deal.kyc_officer =
      AddPerson(market, deal.administrator, deal.second_administrator, deal.administrator.organization,
                "准入审核人", {"KYC_OFFICER"});
  market.Step(Verb::kSetup, {"准入审核人", "KYC officer"}, deal.kyc_officer.person);
  const std::string by_administrator = "/v1/organizations";
  const std::string by_itself = "/v1/organizations:register";
  Member institution;
  AddOrganization(market, deal, deal.administrator, by_administrator, institution,
                  Registration(institution, "EXCHANGE", "示范技术交易所", {"EXCHANGE_CLERK"}),
                  {"交易机构准入", "exchange admitted"});
  deal.clerk = institution.client;
  AddOrganization(market, deal, deal.administrator, by_administrator, institution,
                  Registration(institution, "BANK", "示范结算银行", {"SETTLEMENT_BANK"}),
                  {"结算银行准入", "settlement bank admitted"});
  deal.bank = institution.client;
  AddOrganization(market, deal, deal.administrator, by_administrator, institution,
                  Registration(institution, "REGISTRY", "示范技术合同登记站", {"REGISTRY"}),
                  {"合同登记机构准入", "contract registry admitted"});
  deal.registry = institution.client;
  AddOrganization(market, deal, deal.anybody, by_itself, deal.seller,
                  Registration(deal.seller, "UNIVERSITY", "示范大学", {"TRANSFEROR"}),
                  {"高校注册并准入", "university registered and admitted"});
  AddOrganization(market, deal, deal.anybody, by_itself, deal.winner,
                  Registration(deal.winner, "ENTERPRISE", "示范新材料有限公司", {"BIDDER"}),
                  {"企业甲注册并准入", "first enterprise registered and admitted"});
  AddOrganization(market, deal, deal.anybody, by_itself, deal.loser,
                  Registration(deal.loser, "ENTERPRISE", "示范能源有限公司", {"BIDDER"}),
                  {"企业乙注册并准入", "second enterprise registered and admitted"});
  while (static_cast<int>(deal.further.size()) + 2 < deal.mode->bidders) {
    Member& member = deal.further.emplace_back();
    AddOrganization(market, deal, deal.anybody, by_itself, member,
                    Registration(member, "ENTERPRISE", "示范装备有限公司", {"BIDDER"}),
                    {"企业丙注册并准入", "third enterprise registered and admitted"});
  }
  AddStaff(market, deal);
  if (deal.mode->sealed) AddOpening(market, deal);
  AddKey(market, deal.officer, crypto::Suite::kEcdsaP256Sha256, deal.officer_key,
         {"交易所签名公钥", "signing key of the exchange"});
  AddKey(market, deal.seller.client, crypto::Suite::kEcdsaP256Sha256, deal.seller.key,
         {"高校签名公钥", "signing key of the university"});
  AddKey(market, deal.winner.client, crypto::Suite::kSm2Sm3, deal.winner.key,
         {"企业甲签名公钥（国密）", "signing key of the first enterprise (SM2)"});
}

std::string Base64(const std::string& bytes) {
  std::string text = ttx::Base64Url(bytes);
  for (char& symbol : text) symbol = symbol == '-' ? '+' : symbol == '_' ? '/' : symbol;
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::string FromBase64(std::string text) {
  std::erase(text, '=');
  for (char& symbol : text) symbol = symbol == '+' ? '-' : symbol == '/' ? '_' : symbol;
  return FromBase64Url(text).value_or("");
}

void AdvanceToField(Market& market, Deal& deal, const Json& document, const std::string& pointer,
                    const std::string& provisional_pointer) {
  if (!market.ok()) return;
  const std::string text = Text(document, pointer);
  market.Check(Text(document, provisional_pointer) != "true",
               "the period ends on " + text + ", but the holiday table that decides it is not loaded yet: nothing "
               "closes on a provisional date");
  const Result<Time> time = ParseTime(text, "time");
  market.Check(time.ok(), "no time at " + pointer);
  if (time.ok()) market.AdvanceTo(deal.administrator, *time);
}

Json ReportReceipt(Market& market, Deal& deal, const std::string& account, const Member& payer, int64_t fen,
                   const std::string& reference) {
  return market.Post(deal.bank, "/v1/bankNotices",
                     {{"bank_reference", "B" + RandomDigits(20)},
                      {"account", account},
                      {"payer_name", payer.legal_name},
                      {"payer_account", payer.account},
                      {"amount_fen", std::to_string(fen)},
                      {"currency_code", "CNY"},
                      {"arrive_time", FormatTime(market.Now())},
                      {"reference", reference}});
}

Json ExecutePayout(Market& market, Deal& deal, const std::string& payout) {
  const Json sent = market.Post(deal.bank, Path(payout) + ":markSent", Json::object());
  return market.Post(deal.bank, Path(payout) + ":reportResult",
                     {{"end_to_end_id", Text(sent, "/end_to_end_id")},
                      {"result", "SUCCEEDED"},
                      {"bank_transaction", "T" + RandomDigits(20)}});
}

}  // namespace ttx::demo
