#include <gtest/gtest.h>

#include <set>

#include "services/party/domain/api_client.h"
#include "services/party/domain/credit.h"
#include "services/party/domain/limits.h"
#include "services/party/domain/mask.h"
#include "services/party/domain/person.h"
#include "services/party/domain/signing_key.h"
#include "services/party/domain/token_key.h"

namespace ttx::party {
namespace {

constexpr Time kNow{1'800'000'000'000'000'000};
const OrganizationId kOrganization{"01hzzzzzzzzzzzzzzzzzzzzzzz"};
const PersonId kPerson{"01hyyyyyyyyyyyyyyyyyyyyyyy"};
const ApiClientId kClient{"01hxxxxxxxxxxxxxxxxxxxxxxx"};

// --- Roles (domain.md 1.1)

std::set<std::string_view> Allowed(Kind kind, bool operates = false) {
  const auto roles = AllowedRoles(kind, operates);
  return {roles.begin(), roles.end()};
}

TEST(Roles, FitTheKind) {
  const std::set<std::string_view> trader = {"BIDDER", "OBJECTOR", "TRANSFEROR"};
  for (const Kind kind : {Kind::kUniversity, Kind::kInstitute, Kind::kEnterprise, Kind::kPersonOther}) {
    EXPECT_EQ(Allowed(kind), trader);
  }
  EXPECT_EQ(Allowed(Kind::kBank), (std::set<std::string_view>{"OBJECTOR", "SETTLEMENT_BANK"}));
  EXPECT_EQ(Allowed(Kind::kRegistry), (std::set<std::string_view>{"OBJECTOR", "REGISTRY"}));
  EXPECT_EQ(Allowed(Kind::kAuthority), (std::set<std::string_view>{"AUTHORITY", "OBJECTOR"}));
  EXPECT_EQ(Allowed(Kind::kIntermediary), (std::set<std::string_view>{"OBJECTOR"}));
  EXPECT_EQ(Allowed(Kind::kExchange),
            (std::set<std::string_view>{"EXCHANGE_CLERK", "EXCHANGE_OFFICER", "EXCHANGE_REVIEWER_BUSINESS",
                                        "EXCHANGE_REVIEWER_COMPLIANCE", "OBJECTOR", "RIGHTS_REVIEWER",
                                        "SECRECY_REVIEWER", "SETTLEMENT_CLERK", "SETTLEMENT_OFFICER"}));
}

TEST(Roles, ThoseOfTheInstallationBelongToItsOperator) {
  for (const char* role : {"ADMINISTRATOR", "KYC_CLERK", "KYC_OFFICER", "OPERATOR"}) {
    for (int kind = 1; kind <= 9; ++kind) {
      EXPECT_FALSE(Allowed(static_cast<Kind>(kind)).contains(role)) << role << " " << kind;
      EXPECT_TRUE(Allowed(static_cast<Kind>(kind), true).contains(role)) << role << " " << kind;
    }
  }
}

TEST(Roles, AreSortedAndJudgedOneByOne) {
  EXPECT_EQ(*ParseRoles({"TRANSFEROR", "BIDDER"}, Kind::kUniversity, false, "roles"),
            (std::vector<std::string>{"BIDDER", "TRANSFEROR"}));
  EXPECT_TRUE(ParseRoles({}, Kind::kBank, false, "roles")->empty());
  const auto foreign = ParseRoles({"BIDDER", "EXCHANGE_OFFICER"}, Kind::kUniversity, false, "roles");
  ASSERT_FALSE(foreign.ok());
  EXPECT_EQ(foreign.error().violations[0], (FieldViolation{"roles[1]", Reason::kROLE_NOT_FOR_KIND, ""}));
  const auto twice = ParseRoles({"BIDDER", "BIDDER"}, Kind::kUniversity, false, "roles");
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.error().violations[0], (FieldViolation{"roles[1]", Reason::kDUPLICATE, ""}));
}

// --- Masks (domain.md 8.3)

TEST(Mask, Names) {
  EXPECT_EQ(MaskName(""), "");
  EXPECT_EQ(MaskName("张"), "*");
  EXPECT_EQ(MaskName("张三"), "张*");
  EXPECT_EQ(MaskName("张小三"), "张*三");
  EXPECT_EQ(MaskName("欧阳娜娜"), "欧*娜");
  EXPECT_EQ(MaskName("𠮷田"), "𠮷*");
}

TEST(Mask, Accounts) {
  EXPECT_EQ(MaskAccount(""), "");
  EXPECT_EQ(MaskAccount("1234"), "****");
  EXPECT_EQ(MaskAccount("6222000011112345"), "****2345");
}

// --- People

TEST(Person, IsCreatedDisabledAndEnabled) {
  const auto created = Decide(CreatePerson{kPerson, kOrganization, "张三"}, kNow);
  ASSERT_TRUE(created.ok());
  const Person person = created->next;
  EXPECT_EQ(Check(person), std::nullopt);
  EXPECT_EQ(person, Apply({}, created->events[0], kNow));
  const auto refused = Decide(person, SetPersonState{AccessState::kActive}, kNow);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, Reason::kWRONG_STATE);
  const auto disabled = Decide(person, SetPersonState{AccessState::kDisabled}, kNow + Seconds(1));
  ASSERT_TRUE(disabled.ok());
  EXPECT_EQ(disabled->next.state, AccessState::kDisabled);
  EXPECT_EQ(disabled->next.version, 2);
  EXPECT_FALSE(Decide(disabled->next, SetPersonState{AccessState::kDisabled}, kNow).ok());
  EXPECT_TRUE(Decide(disabled->next, SetPersonState{AccessState::kActive}, kNow + Seconds(2)).ok());
}

TEST(Person, NeedsAName) {
  const auto refused = Decide(CreatePerson{kPerson, kOrganization, "", "person_display_name"}, kNow);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().violations[0].field, "person_display_name");
  EXPECT_FALSE(Decide(CreatePerson{kPerson, kOrganization, std::string(51, 'x')}, kNow).ok());
}

// --- Clients

CreateApiClient Creation() {
  return {.id = kClient,
          .organization = kOrganization,
          .person = kPerson,
          .display_name = "报价系统",
          .roles = {"BIDDER"},
          .secret_hash = std::string(32, 'h'),
          .kind = Kind::kEnterprise};
}

CreateApiClient StaffCreation() {
  CreateApiClient command = Creation();
  command.kind = Kind::kExchange;
  command.roles = {"EXCHANGE_OFFICER"};
  command.secret_hash = "";
  command.code = {std::string(32, 'c'), kNow + Hours(72)};
  command.maker = "people/maker";
  return command;
}

TEST(ApiClient, StaffWaitsForASecondPersonUnlessItsOrganizationIsAdmittedWithIt) {
  EXPECT_EQ(Decide(Creation(), kNow)->next.state, ClientState::kActive);
  EXPECT_EQ(Decide(StaffCreation(), kNow)->next.state, ClientState::kPending);
  CreateApiClient first = StaffCreation();
  first.vouched = true;
  EXPECT_EQ(Decide(first, kNow)->next.state, ClientState::kActive);
  CreateApiClient administrator = StaffCreation();
  administrator.kind = Kind::kEnterprise;
  administrator.roles = {};
  administrator.operates = true;
  EXPECT_EQ(Decide(administrator, kNow)->next.state, ClientState::kPending)
      << "of the operator, whatever its roles";
}

// Rows: ACTIVE, PENDING, DISABLED while active, DISABLED while pending.
TEST(ApiClient, EveryStateAnswersEveryCommand) {
  const ApiClient pending = Decide(StaffCreation(), kNow)->next;
  const ApiClient active = Decide(pending, ApproveApiClient{"people/checker"}, kNow)->next;
  const ApiClient disabled = Decide(active, SetApiClientState{AccessState::kDisabled}, kNow)->next;
  const ApiClient shelved = Decide(pending, SetApiClientState{AccessState::kDisabled}, kNow)->next;
  const std::vector<ApiClient> states = {active, pending, disabled, shelved};
  for (const ApiClient& state : states) EXPECT_EQ(Check(state), std::nullopt);

  // What each command leads to; nothing where it is refused with WRONG_STATE.
  const auto expect = [&](const char* name, const auto& command,
                          const std::vector<std::optional<ClientState>>& next) {
    for (size_t i = 0; i < states.size(); ++i) {
      const auto decision = Decide(states[i], command, kNow + Seconds(1));
      if (next[i]) {
        ASSERT_TRUE(decision.ok()) << name << " " << i;
        EXPECT_EQ(decision->next.state, *next[i]) << name << " " << i;
        EXPECT_EQ(Check(decision->next), std::nullopt) << name << " " << i;
        EXPECT_EQ(Apply(states[i], decision->events[0], kNow + Seconds(1)), decision->next)
            << name << " " << i;
      } else {
        ASSERT_FALSE(decision.ok()) << name << " " << i;
        EXPECT_EQ(decision.error().reason, Reason::kWRONG_STATE) << name << " " << i;
      }
    }
  };
  constexpr auto kActive = ClientState::kActive;
  constexpr auto kPending = ClientState::kPending;
  constexpr auto kDisabled = ClientState::kDisabled;
  constexpr std::nullopt_t kRefused = std::nullopt;
  const EnrolmentCode code{std::string(32, 'd'), kNow + Hours(1)};
  expect("rotate", RotateSecret{std::string(32, 'n')}, {kActive, kRefused, kRefused, kRefused});
  expect("reset", ResetSecret{code, Kind::kExchange, false, "people/other"},
         {kPending, kPending, kRefused, kRefused});
  expect("reset elsewhere", ResetSecret{code, Kind::kEnterprise, false, "people/other"},
         {kActive, kPending, kRefused, kRefused});
  expect("enrol", EnrolApiClient{std::string(32, 's')}, {kActive, kPending, kRefused, kRefused});
  expect("approve", ApproveApiClient{"people/checker"}, {kRefused, kActive, kRefused, kRefused});
  expect("roles", SetRoles{{"EXCHANGE_CLERK"}, Kind::kExchange, false, "people/other"},
         {kPending, kRefused, kRefused, kRefused});
  expect("roles elsewhere", SetRoles{{"BIDDER"}, Kind::kEnterprise, false, "people/other"},
         {kActive, kRefused, kRefused, kRefused});
  expect("disable", SetApiClientState{AccessState::kDisabled}, {kDisabled, kDisabled, kRefused, kRefused});
  expect("enable", SetApiClientState{AccessState::kActive}, {kRefused, kRefused, kActive, kPending});
}

TEST(ApiClient, WhoHadAHandInItDoesNotApprove) {
  const ApiClient pending = Decide(StaffCreation(), kNow)->next;
  const EnrolmentCode code{std::string(32, 'd'), kNow + Hours(1)};
  const ApiClient reset =
      Decide(pending, ResetSecret{code, Kind::kExchange, false, "people/other"}, kNow)->next;
  EXPECT_EQ(reset.makers, (std::vector<std::string>{"people/maker", "people/other"}));
  for (const std::string& person :
       {std::string("people/maker"), std::string("people/other"), ResourceName(kPerson), std::string()}) {
    EXPECT_EQ(Decide(reset, ApproveApiClient{person}, kNow).error().reason, Reason::kSAME_PERSON) << person;
  }
  EXPECT_TRUE(Decide(reset, ApproveApiClient{"people/checker"}, kNow).ok());
}

TEST(ApiClient, ACodeIsExchangedOnceAndInTime) {
  const ApiClient pending = Decide(StaffCreation(), kNow)->next;
  const EnrolApiClient enrol{std::string(32, 's')};
  EXPECT_EQ(Decide(pending, enrol, kNow + Hours(72)).error().reason, Reason::kENROLMENT_CODE_EXPIRED);
  const ApiClient enrolled = Decide(pending, enrol, kNow + Hours(72) - Nanoseconds(1))->next;
  EXPECT_EQ(enrolled.secret_hash, enrol.secret_hash);
  EXPECT_EQ(Decide(enrolled, enrol, kNow + Hours(72)).error().reason, Reason::kENROLMENT_CODE_USED);
  // One that has a secret from the start has no code to exchange.
  EXPECT_EQ(Decide(Decide(Creation(), kNow)->next, enrol, kNow).error().reason,
            Reason::kENROLMENT_CODE_EXPIRED);
}

TEST(ApiClient, EventsRebuildIt) {
  ApiClient state;
  ApiClient folded;
  Time now = kNow;
  const auto take = [&](const Result<ApiClientDecision>& decision) {
    ASSERT_TRUE(decision.ok());
    for (const ApiClientEvent& event : decision->events) folded = Apply(folded, event, now);
    state = decision->next;
    EXPECT_EQ(folded, state);
    now = now + Seconds(1);
  };
  take(Decide(StaffCreation(), now));
  take(Decide(state, EnrolApiClient{std::string(32, 's')}, now));
  take(Decide(state, ApproveApiClient{"people/checker"}, now));
  take(Decide(state, RotateSecret{std::string(32, 'n')}, now));
  take(Decide(state, SetRoles{{"EXCHANGE_CLERK"}, Kind::kExchange, false, "people/maker"}, now));
  take(Decide(state,
              ResetSecret{{std::string(32, 'd'), now + Hours(1)}, Kind::kExchange, false, "people/other"},
              now));
  take(Decide(state, SetApiClientState{AccessState::kDisabled}, now));
  take(Decide(state, SetApiClientState{AccessState::kActive}, now));
  EXPECT_EQ(state.state, ClientState::kPending);
  EXPECT_EQ(state.version, 8);
}

TEST(ApiClient, CreationJudgesNameAndRoles) {
  CreateApiClient nameless = Creation();
  nameless.display_name = "";
  EXPECT_EQ(Decide(nameless, kNow).error().violations[0].field, "display_name");
  CreateApiClient foreign = Creation();
  foreign.roles = {"REGISTRY"};
  EXPECT_EQ(Decide(foreign, kNow).error().violations[0].field, "roles[0]");
}

// --- Signing keys

TEST(SigningKey, IsRevokedOnce) {
  const auto added =
      Decide(AddSigningKey{std::string(64, 'f'), kOrganization, "SM2-SM3", "pem", "people/1"}, kNow);
  EXPECT_EQ(Check(added.next), std::nullopt);
  EXPECT_EQ(added.next, Apply({}, added.events[0], kNow));
  const auto revoked = Decide(added.next, RevokeSigningKey{"people/2"}, kNow + Seconds(1));
  ASSERT_TRUE(revoked.ok());
  EXPECT_EQ(Check(revoked->next), std::nullopt);
  EXPECT_EQ(revoked->next.revoke_time, kNow + Seconds(1));
  EXPECT_EQ(revoked->next, Apply(added.next, revoked->events[0], kNow + Seconds(1)));
  EXPECT_EQ(Decide(revoked->next, RevokeSigningKey{"people/2"}, kNow).error().reason, Reason::kWRONG_STATE);
  EXPECT_EQ(PossessionText(kOrganization, "ab"), "TTX-KEY-1|organizations/01hzzzzzzzzzzzzzzzzzzzzzzz|ab");
}

// --- Token keys

TEST(TokenKeys, TheFirstSignsAtOnceALaterOneWhenVerifiersHaveIt) {
  const auto one = AddTokenKey({}, {.kid = "k1"}, kNow);
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(SigningTokenKey(*one, kNow)->kid, "k1");
  const Time later = kNow + Hours(1);
  const auto two = AddTokenKey(*one, {.kid = "k2"}, later);
  ASSERT_TRUE(two.ok());
  EXPECT_EQ(SigningTokenKey(*two, later)->kid, "k1");
  EXPECT_EQ(SigningTokenKey(*two, later + kTokenKeyActivation - Nanoseconds(1))->kid, "k1");
  EXPECT_EQ(SigningTokenKey(*two, later + kTokenKeyActivation)->kid, "k2");
  // The last token of k1 is signed right before the activation and lives at most an hour.
  EXPECT_EQ((*two)[0].expire_time, later + kTokenKeyActivation + kTokenHorizon);
  EXPECT_FALSE((*two)[1].expire_time);
  EXPECT_EQ(SigningTokenKey({}, kNow), nullptr);
}

TEST(TokenKeys, AreBounded) {
  std::vector<TokenKey> keys;
  for (size_t i = 0; i < kMaxTokenKeys; ++i) keys = *AddTokenKey(keys, {.kid = std::to_string(i)}, kNow);
  const auto refused = AddTokenKey(keys, {.kid = "more"}, kNow);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, Reason::kLIMIT_REACHED);
}

TEST(TokenFailures, BlockAfterTenWithinAWindowThatBeginsWithTheFirst) {
  std::optional<TokenFailures> failures;
  Time now = kNow;
  for (int i = 0; i < kMaxTokenFailures; ++i) {
    EXPECT_FALSE(Blocked(failures, now));
    failures = Failed(failures, now);
    now = now + Seconds(1);
  }
  EXPECT_TRUE(Blocked(failures, now));
  EXPECT_TRUE(Blocked(failures, kNow + kTokenFailureWindow - Nanoseconds(1)));
  EXPECT_FALSE(Blocked(failures, kNow + kTokenFailureWindow));
  EXPECT_EQ(Failed(failures, kNow + kTokenFailureWindow), (TokenFailures{kNow + kTokenFailureWindow, 1}));
}

TEST(Credit, NeedsASubjectAndWords) {
  EXPECT_TRUE(CheckCredit({.subject = "listings/1", .detail = "悔约"}).ok());
  EXPECT_EQ(CheckCredit({.subject = "", .detail = "x"}).error().violations[0].field, "subject");
  EXPECT_EQ(CheckCredit({.subject = "x", .detail = ""}).error().violations[0].field, "detail");
}

}  // namespace
}  // namespace ttx::party
