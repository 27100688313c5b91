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
// -----------------------------------------------------------------------------------------

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
// -----------------------------------------------------------------------------------------

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
// --------------------------------------------------------------------------------------------------------

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
// -------------------------------------------------------------------------------------------------------

CreateApiClient Creation() {
  return {.id = kClient,
          .organization = kOrganization,
          .person = kPerson,
          .display_name = "报价系统",
          .roles = {"BIDDER"},
          .secret_hash = std::string(32, 'h'),
          .kind = Kind::kEnterprise};
}

TEST(ApiClient, EveryStateAnswersEveryCommand) {
  const ApiClient active = Decide(Creation(), kNow)->next;
  const ApiClient disabled =
      Decide(active, SetApiClientState{AccessState::kDisabled}, kNow + Seconds(1))->next;
  EXPECT_EQ(Check(active), std::nullopt);
  EXPECT_EQ(Check(disabled), std::nullopt);

  const RotateSecret rotate{std::string(32, 'n')};
  ASSERT_TRUE(Decide(active, rotate, kNow + Seconds(1)).ok());
  EXPECT_EQ(Decide(active, rotate, kNow + Seconds(1))->next.secret_hash, rotate.secret_hash);
  EXPECT_EQ(Decide(disabled, rotate, kNow).error().reason, Reason::kWRONG_STATE);

  const SetRoles roles{{"TRANSFEROR", "BIDDER"}, Kind::kEnterprise};
  EXPECT_EQ(Decide(active, roles, kNow + Seconds(1))->next.roles,
            (std::vector<std::string>{"BIDDER", "TRANSFEROR"}));
  EXPECT_EQ(Decide(disabled, roles, kNow).error().reason, Reason::kWRONG_STATE);
  EXPECT_EQ(Decide(active, SetRoles{{"KYC_OFFICER"}, Kind::kEnterprise}, kNow).error().violations[0].reason,
            Reason::kROLE_NOT_FOR_KIND);

  EXPECT_EQ(Decide(active, SetApiClientState{AccessState::kActive}, kNow).error().reason,
            Reason::kWRONG_STATE);
  EXPECT_EQ(Decide(disabled, SetApiClientState{AccessState::kDisabled}, kNow).error().reason,
            Reason::kWRONG_STATE);
  EXPECT_EQ(Decide(disabled, SetApiClientState{AccessState::kActive}, kNow + Seconds(2))->next.state,
            AccessState::kActive);
}

TEST(ApiClient, EventsRebuildIt) {
  const auto created = Decide(Creation(), kNow);
  ApiClient folded = Apply({}, created->events[0], kNow);
  const auto rotated = Decide(created->next, RotateSecret{std::string(32, 'n')}, kNow + Seconds(1));
  folded = Apply(folded, rotated->events[0], kNow + Seconds(1));
  const auto roles = Decide(rotated->next, SetRoles{{"TRANSFEROR"}, Kind::kEnterprise}, kNow + Seconds(2));
  folded = Apply(folded, roles->events[0], kNow + Seconds(2));
  const auto disabled = Decide(roles->next, SetApiClientState{AccessState::kDisabled}, kNow + Seconds(3));
  folded = Apply(folded, disabled->events[0], kNow + Seconds(3));
  EXPECT_EQ(folded, disabled->next);
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
// --------------------------------------------------------------------------------------------------

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
// ----------------------------------------------------------------------------------------------------

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
