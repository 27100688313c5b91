#include "tests/sim/cast.h"

#include <sstream>

#include "libs/core/uscc.h"

namespace ttx::sim {
namespace {

using party::Kind;

std::string Digits(uint64_t number, size_t count) {
  std::string digits = std::to_string(number);
  return std::string(count - std::min(count, digits.size()), '0') + digits;
}

class Casting {
 public:
  Casting(World& world, Installation& services)
      : world_(world), services_(services), party_(world.node("party")) {}

  Cast Run() {
    Install();
    Cast cast;
    for (const char* name : {"北方技术交易所", "南方技术交易所"}) cast.exchanges.push_back(AddExchange(name));
    cast.bank = Admit("示范银行", Kind::kBank, {"SETTLEMENT_BANK"});
    cast.registry = Admit("示范登记站", Kind::kRegistry, {"REGISTRY"});
    for (const char* name : {"东山大学", "西山大学"})
      cast.universities.push_back(AddParty(name, Kind::kUniversity, "TRANSFEROR"));
    for (const char* name :
         {"甲科技有限公司", "乙科技有限公司", "丙科技有限公司", "丁科技有限公司", "戊科技有限公司"}) {
      cast.enterprises.push_back(AddParty(name, Kind::kEnterprise, "BIDDER"));
    }
    world_.Settle();
    return cast;
  }

 private:
  // Whoever must exist has to be made: a refusal here is a fault of the simulation itself.
  std::vector<std::string> Must(const Principal& caller, const std::string& method, const sim::Run& run) {
    const Result<std::string> answer = world_.Request(party_, caller, method, run);
    TTX_CHECK(answer.ok(), method + " was refused: " + (answer.ok() ? "" : answer.error().message()));
    std::istringstream words(*answer);
    std::vector<std::string> out;
    for (std::string word; words >> word;) out.push_back(word);
    return out;
  }

  party::PartyApp::RegisterInput Registration(Member& member, const std::string& legal_name, Kind kind,
                                              std::vector<std::string> roles) {
    ++members_;
    const std::string code = "91110108" + Digits(100'000'000 + members_, 9);
    member.legal_name = legal_name;
    member.uscc = code + UsccCheckSymbol(code);
    member.account = Digits(6'222'000'000'000'000 + members_, 16);
    party::PartyApp::RegisterInput input;
    input.profile = {member.uscc, legal_name,           kind,   "北京市海淀区一号",
                     "110108",    std::string(64, 'a'), "张三", {legal_name, member.account, "示范银行"}};
    input.person_display_name = "第一人";
    input.client_display_name = "第一客户端";
    input.roles = std::move(roles);
    return input;
  }

  static std::string Said(const party::PartyApp::Registered& registered) {
    return ResourceName(registered.organization.id) + " " + ResourceName(registered.person.id) + " " +
           ResourceName(registered.client.id);
  }

  static Principal PrincipalOf(const std::vector<std::string>& said, std::vector<std::string> roles) {
    return {said[2], said[0], said[1], std::move(roles)};
  }

  void Install() {
    Member operator_member;
    const auto input = Registration(operator_member, "平台运营公司", Kind::kEnterprise, {});
    const Principal installer{"install", "", "", {}};
    const auto said = Must(installer, "Install", [this, input](storage::Txn& txn) -> Result<std::string> {
      TTX_TRY(const auto installed, services_.party.Install(txn, input, "第二人"));
      return Said(installed.first) + " " + Said(installed.second);
    });
    administrator_ = PrincipalOf(said, {"ADMINISTRATOR"});
    second_administrator_ = PrincipalOf({said.begin() + 3, said.end()}, {"ADMINISTRATOR"});
    kyc_officer_ = AddPerson(administrator_, second_administrator_, administrator_.organization, "准入审核人",
                             "KYC_OFFICER");
  }

  Member Admit(const std::string& legal_name, Kind kind, const std::vector<std::string>& roles) {
    Member member;
    const bool restricted = party::IsRestricted(kind);
    const auto input = Registration(member, legal_name, kind, roles);
    const Principal caller = restricted ? administrator_ : Principal{};
    const auto said =
        Must(caller, "Register", [this, caller, input, restricted](storage::Txn& txn) -> Result<std::string> {
          TTX_TRY(const auto registered, services_.party.Register(txn, caller, input, restricted));
          return Said(registered);
        });
    member.organization = said[0];
    member.client = PrincipalOf(said, roles);
    const party::OrganizationId id{said[0].substr(14)};
    Must(kyc_officer_, "ApproveKyc", [this, id](storage::Txn& txn) -> Result<std::string> {
      TTX_TRY(const auto organization, services_.party.ApproveKyc(txn, kyc_officer_, id, ""));
      return ResourceName(organization.id);
    });
    return member;
  }

  // Made by `manager`, approved by `second`, enrolled by whoever was handed the code.
  Principal AddPerson(const Principal& manager, const Principal& second, const std::string& organization,
                      const std::string& name, const std::string& role) {
    const auto person = Must(manager, "CreatePerson",
                             [this, manager, organization, name](storage::Txn& txn) -> Result<std::string> {
                               TTX_TRY(const auto made, services_.party.CreatePerson(
                                                            txn, manager, {organization.substr(14)}, name));
                               return made.id.text;
                             });
    const auto client =
        Must(manager, "CreateApiClient",
             [this, manager, person, name, role](storage::Txn& txn) -> Result<std::string> {
               TTX_TRY(const auto made,
                       services_.party.CreateApiClient(txn, manager, {{person[0]}, name, {role}, false}));
               return ResourceName(made.client.id) + " " + made.enrolment_code;
             });
    const party::ApiClientId id{client[0].substr(client[0].find('/') + 1)};
    Must(second, "ApproveApiClient", [this, second, id](storage::Txn& txn) -> Result<std::string> {
      TTX_TRY(const auto approved, services_.party.ApproveApiClient(txn, second, id, ""));
      return ResourceName(approved.id);
    });
    Must(Principal{}, "EnrolApiClient", [this, id, code = client[1]](storage::Txn& txn) -> Result<std::string> {
      TTX_TRY(const auto enrolled, services_.party.EnrolApiClient(txn, id, code));
      return ResourceName(enrolled.client.id);
    });
    return {client[0], organization, "people/" + person[0], {role}};
  }

  void AddKey(Member& member, const Principal& holder) {
    member.key.suite = world_.Chance(500) ? crypto::Suite::kSm2Sm3 : crypto::Suite::kEcdsaP256Sha256;
    member.key.pair = crypto::GenerateKey(member.key.suite);
    member.key.fingerprint = crypto::PublicKeyFingerprint(member.key.pair.public_pem).value();
    const party::OrganizationId id{member.organization.substr(14)};
    const std::string proof = crypto::Sign(member.key.suite, member.key.pair.private_pem,
                                           party::PossessionText(id, member.key.fingerprint))
                                  .value();
    const auto proven = party::PartyApp::ProveKey(
        {id, std::string(crypto::SuiteId(member.key.suite)), member.key.pair.public_pem, proof});
    TTX_CHECK(proven.ok(), "a proof of possession was refused");
    Must(holder, "AddSigningKey", [this, holder, key = *proven](storage::Txn& txn) -> Result<std::string> {
      TTX_TRY(const auto added, services_.party.AddSigningKey(txn, holder, key));
      return added.fingerprint;
    });
  }

  Member AddParty(const std::string& legal_name, Kind kind, const std::string& role) {
    Member member = Admit(legal_name, kind, {role});
    AddKey(member, member.client);
    return member;
  }

  Exchange AddExchange(const std::string& legal_name) {
    Exchange exchange;
    exchange.member = Admit(legal_name, Kind::kExchange, {"EXCHANGE_CLERK"});
    const auto staff = [&](const std::string& name, const std::string& role) {
      return AddPerson(exchange.clerk(), administrator_, exchange.member.organization, name, role);
    };
    exchange.officer = staff("负责人", "EXCHANGE_OFFICER");
    exchange.business_reviewer = staff("业务审核人", "EXCHANGE_REVIEWER_BUSINESS");
    exchange.compliance_reviewer = staff("合规审核人", "EXCHANGE_REVIEWER_COMPLIANCE");
    exchange.secrecy_reviewer = staff("保密审查人", "SECRECY_REVIEWER");
    exchange.rights_reviewer = staff("权属核验人", "RIGHTS_REVIEWER");
    exchange.settlement_clerk = staff("结算经办人", "SETTLEMENT_CLERK");
    exchange.settlement_officer = staff("结算负责人", "SETTLEMENT_OFFICER");
    AddKey(exchange.member, exchange.officer);
    return exchange;
  }

  World& world_;
  Installation& services_;
  Node& party_;
  Principal administrator_;
  Principal second_administrator_;
  Principal kyc_officer_;
  uint64_t members_ = 0;
};

}  // namespace

Cast MakeCast(World& world, Installation& services) { return Casting(world, services).Run(); }

}  // namespace ttx::sim
