#include "services/party/domain/organization.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <map>

#include "services/party/domain/limits.h"

namespace ttx::party {
namespace {

constexpr Time kNow{1'800'000'000'000'000'000};
constexpr const char* kMaker = "people/01maker";
constexpr const char* kOther = "people/02other";
constexpr const char* kThird = "people/03third";

Profile SomeProfile() {
  return {.uscc = "12100000400000018N",
          .legal_name = "示例大学",
          .kind = Kind::kUniversity,
          .domicile = "北京市海淀区1号",
          .region_code = "110108",
          .licence_digest = std::string(64, 'a'),
          .legal_representative = "张小三",
          .bank_account = {"示例大学", "6222000011112222", "示例银行"}};
}

const OrganizationId kId{"01hzzzzzzzzzzzzzzzzzzzzzzz"};

template <class Command>
Organization After(const Organization& state, const Command& command, Time now) {
  const auto decision = Decide(state, command, now);
  EXPECT_TRUE(decision.ok()) << ReasonName(decision.error().reason);
  EXPECT_EQ(Check(decision->next), std::nullopt);
  return decision->next;
}

Organization Registered(Kind kind = Kind::kUniversity) {
  Profile profile = SomeProfile();
  profile.kind = kind;
  return Decide(RegisterOrganization{kId, profile, kMaker, true}, kNow)->next;
}

Organization In(OrganizationState state) {
  const Organization pending = Registered();
  const Organization active = After(pending, ApproveKyc{kOther}, kNow + Seconds(1));
  if (state == OrganizationState::kKycPending) return pending;
  if (state == OrganizationState::kActive) return active;
  if (state == OrganizationState::kRejected) {
    return After(pending, RejectKyc{kOther, "执照不清晰"}, kNow + Seconds(1));
  }
  if (state == OrganizationState::kSuspended) {
    return After(active, SuspendOrganization{kOther, "悔约"}, kNow + Seconds(2));
  }
  return After(After(active, MakeRequest{RequestKind::kClose, kMaker, "注销"}, kNow + Seconds(2)),
               ApproveRequest{RequestKind::kClose, kOther}, kNow + Seconds(3));
}

constexpr OrganizationState kStates[] = {OrganizationState::kKycPending, OrganizationState::kActive,
                                         OrganizationState::kRejected, OrganizationState::kSuspended,
                                         OrganizationState::kClosed};

// --- Every state x command

using Command = std::function<Result<OrganizationDecision>(const Organization&)>;
struct Row {
  const char* name;
  Command command;
  std::map<OrganizationState, OrganizationState> next;  // states not listed refuse with WRONG_STATE
};

std::vector<Row> Table() {
  using enum OrganizationState;
  const Time now = kNow + Seconds(100);
  const auto with_request = [](const Organization& from, RequestKind kind) {
    Organization state = from;
    state.request = PendingRequest{kind, kMaker, "原因", kNow};
    return state;
  };
  return {
      {"ResubmitOrganization",
       [=](const Organization& s) {
         return Decide(s, ResubmitOrganization{SomeProfile(), kMaker}, now);
       },
       {{kRejected, kKycPending}}},
      {"ApproveKyc",
       [=](const Organization& s) { return Decide(s, ApproveKyc{kOther}, now); },
       {{kKycPending, kActive}}},
      {"RejectKyc",
       [=](const Organization& s) {
         return Decide(s, RejectKyc{kOther, "原因"}, now);
       },
       {{kKycPending, kRejected}}},
      {"SuspendOrganization",
       [=](const Organization& s) {
         return Decide(s, SuspendOrganization{kOther, "原因"}, now);
       },
       {{kActive, kSuspended}}},
      {"RequestReinstate",
       [=](const Organization& s) {
         return Decide(s, MakeRequest{RequestKind::kReinstate, kMaker, "原因"}, now);
       },
       {{kSuspended, kSuspended}}},
      {"ApproveReinstate",
       [=](const Organization& s) {
         return Decide(with_request(s, RequestKind::kReinstate),
                       ApproveRequest{RequestKind::kReinstate, kOther}, now);
       },
       {{kSuspended, kActive}}},
      {"RequestClose",
       [=](const Organization& s) {
         return Decide(s, MakeRequest{RequestKind::kClose, kMaker, "原因"}, now);
       },
       {{kActive, kActive}, {kSuspended, kSuspended}}},
      {"ApproveClose",
       [=](const Organization& s) {
         return Decide(with_request(s, RequestKind::kClose), ApproveRequest{RequestKind::kClose, kOther},
                       now);
       },
       {{kActive, kClosed}, {kSuspended, kClosed}}},
  };
}

TEST(Organization, EveryStateAnswersEveryCommand) {
  for (const Row& row : Table()) {
    for (const OrganizationState state : kStates) {
      const auto decision = row.command(In(state));
      const auto expected = row.next.find(state);
      if (expected == row.next.end()) {
        ASSERT_FALSE(decision.ok()) << row.name << " in " << StateName(state);
        EXPECT_EQ(decision.error().reason, Reason::kWRONG_STATE) << row.name << " in " << StateName(state);
        EXPECT_EQ(decision.error().metadata.at("state"), StateName(state));
        EXPECT_EQ(decision.error().metadata.at("command"), row.name);
      } else {
        ASSERT_TRUE(decision.ok()) << row.name << " in " << StateName(state);
        EXPECT_EQ(decision->next.state, expected->second) << row.name << " in " << StateName(state);
        EXPECT_EQ(Check(decision->next), std::nullopt) << row.name << " in " << StateName(state);
        EXPECT_EQ(decision->events.size(), 1u);
      }
    }
  }
}

// --- Four eyes (domain.md 1.2, 1.3)

template <class Command>
Reason Refusal(const Organization& state, const Command& command) {
  const auto decision = Decide(state, command, kNow + Seconds(50));
  return decision.ok() ? Reason::kINTERNAL : decision.error().reason;
}

TEST(Organization, TheMakerMayNotCheck) {
  EXPECT_EQ(Refusal(In(OrganizationState::kKycPending), ApproveKyc{kMaker}), Reason::kSAME_PERSON);
  EXPECT_EQ(Refusal(In(OrganizationState::kKycPending), RejectKyc{kMaker, "x"}), Reason::kSAME_PERSON);
  EXPECT_EQ(Refusal(In(OrganizationState::kKycPending), ApproveKyc{""}), Reason::kSAME_PERSON);
}

TEST(Organization, AfterAResubmissionTheNewSubmitterIsTheMaker) {
  const Organization again =
      After(In(OrganizationState::kRejected), ResubmitOrganization{SomeProfile(), kThird}, kNow + Seconds(9));
  EXPECT_EQ(Refusal(again, ApproveKyc{kThird}), Reason::kSAME_PERSON);
  EXPECT_EQ(After(again, ApproveKyc{kOther}, kNow + Seconds(10)).state, OrganizationState::kActive);
}

TEST(Organization, SecondPersonStepsNeedARequestOfTheirKindByAnother) {
  const Organization suspended = In(OrganizationState::kSuspended);
  const ApproveRequest reinstate{RequestKind::kReinstate, kOther};
  EXPECT_EQ(Refusal(suspended, reinstate), Reason::kNOT_REQUESTED);
  const Organization close =
      After(suspended, MakeRequest{RequestKind::kClose, kMaker, "x"}, kNow + Seconds(9));
  EXPECT_EQ(Refusal(close, reinstate), Reason::kNOT_REQUESTED);
  const Organization asked =
      After(close, MakeRequest{RequestKind::kReinstate, kOther, "x"}, kNow + Seconds(9));
  EXPECT_EQ(Refusal(asked, reinstate), Reason::kSAME_PERSON);
  const Organization active =
      After(asked, ApproveRequest{RequestKind::kReinstate, kMaker}, kNow + Seconds(10));
  EXPECT_EQ(active.state, OrganizationState::kActive);
  EXPECT_FALSE(active.request.has_value());
}

TEST(Organization, ASuspensionVoidsAPendingRequest) {
  const Organization asked =
      After(In(OrganizationState::kActive), MakeRequest{RequestKind::kClose, kMaker, "x"}, kNow + Seconds(5));
  const Organization suspended = After(asked, SuspendOrganization{kOther, "x"}, kNow + Seconds(6));
  EXPECT_EQ(Refusal(suspended, ApproveRequest{RequestKind::kClose, kOther}), Reason::kNOT_REQUESTED);
}

TEST(Organization, TheOperatorIsActiveAtOnceAndStays) {
  const auto decision = Decide(InstallOperator{kId, SomeProfile(), kMaker}, kNow);
  ASSERT_TRUE(decision.ok());
  EXPECT_EQ(decision->next.state, OrganizationState::kActive);
  EXPECT_EQ(Check(decision->next), std::nullopt);
  EXPECT_EQ(Refusal(decision->next, SuspendOrganization{kOther, "x"}), Reason::kOPERATOR_ORGANIZATION);
  EXPECT_EQ(Refusal(decision->next, MakeRequest{RequestKind::kClose, kOther, "x"}),
            Reason::kOPERATOR_ORGANIZATION);
}

// --- Registration

TEST(Organization, RestrictedKindsAreCreatedByAdministrators) {
  for (const Kind kind : {Kind::kExchange, Kind::kBank, Kind::kRegistry, Kind::kAuthority}) {
    Profile profile = SomeProfile();
    profile.kind = kind;
    const auto refused = Decide(RegisterOrganization{kId, profile, kMaker, false}, kNow);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().reason, Reason::kKIND_RESTRICTED);
    EXPECT_TRUE(Decide(RegisterOrganization{kId, profile, kMaker, true}, kNow).ok());
    EXPECT_EQ(Refusal(In(OrganizationState::kRejected), ResubmitOrganization{profile, kMaker}),
              Reason::kKIND_RESTRICTED);
  }
  for (const Kind kind :
       {Kind::kUniversity, Kind::kInstitute, Kind::kEnterprise, Kind::kIntermediary, Kind::kPersonOther}) {
    Profile profile = SomeProfile();
    profile.kind = kind;
    EXPECT_TRUE(Decide(RegisterOrganization{kId, profile, kMaker, false}, kNow).ok());
  }
}

struct BadProfile {
  std::function<void(Profile&)> spoil;
  const char* field;
  Reason reason;
};

TEST(Organization, EachFieldOfTheProfileIsJudged) {
  const BadProfile cases[] = {
      {[](Profile& p) { p.uscc = ""; }, "profile.uscc", Reason::kREQUIRED},
      {[](Profile& p) { p.uscc = "400000018"; }, "profile.uscc", Reason::kBAD_FORMAT},
      {[](Profile& p) { p.uscc = "12100000400000018M"; }, "profile.uscc", Reason::kBAD_CHECK_DIGIT},
      {[](Profile& p) { p.legal_name = ""; }, "profile.legal_name", Reason::kREQUIRED},
      {[](Profile& p) { p.legal_name = std::string(201, 'x'); }, "profile.legal_name", Reason::kTOO_LONG},
      {[](Profile& p) { p.legal_name = "示例\u202e大学"; }, "profile.legal_name", Reason::kBAD_TEXT},
      {[](Profile& p) { p.domicile = ""; }, "profile.domicile", Reason::kREQUIRED},
      {[](Profile& p) { p.region_code = ""; }, "profile.region_code", Reason::kREQUIRED},
      {[](Profile& p) { p.region_code = "11010"; }, "profile.region_code", Reason::kBAD_FORMAT},
      {[](Profile& p) { p.region_code = "11010x"; }, "profile.region_code", Reason::kBAD_FORMAT},
      {[](Profile& p) { p.licence_digest = ""; }, "profile.licence_digest", Reason::kREQUIRED},
      {[](Profile& p) { p.licence_digest = "abcd"; }, "profile.licence_digest", Reason::kBAD_FORMAT},
      {[](Profile& p) { p.legal_representative = ""; }, "profile.legal_representative", Reason::kREQUIRED},
      {[](Profile& p) { p.bank_account.name = ""; }, "profile.bank_account.name", Reason::kREQUIRED},
      {[](Profile& p) { p.bank_account.name = "示例大学基金会"; }, "profile.bank_account.name",
       Reason::kACCOUNT_NAME_MISMATCH},
      {[](Profile& p) { p.bank_account.number = ""; }, "profile.bank_account.number", Reason::kREQUIRED},
      {[](Profile& p) { p.bank_account.number = "1234567"; }, "profile.bank_account.number",
       Reason::kBAD_FORMAT},
      {[](Profile& p) { p.bank_account.number = std::string(33, '1'); }, "profile.bank_account.number",
       Reason::kBAD_FORMAT},
      {[](Profile& p) { p.bank_account.number = "12345678x"; }, "profile.bank_account.number",
       Reason::kBAD_FORMAT},
      {[](Profile& p) { p.bank_account.bank = ""; }, "profile.bank_account.bank", Reason::kREQUIRED},
  };
  for (const BadProfile& bad : cases) {
    Profile profile = SomeProfile();
    bad.spoil(profile);
    const auto refused = Decide(RegisterOrganization{kId, profile, kMaker}, kNow);
    ASSERT_FALSE(refused.ok()) << bad.field;
    ASSERT_EQ(refused.error().violations.size(), 1u) << bad.field;
    EXPECT_EQ(refused.error().violations[0].field, bad.field);
    EXPECT_EQ(refused.error().violations[0].reason, bad.reason) << bad.field;
  }
}

TEST(Organization, TheProfileIsStoredInOneForm) {
  Profile profile = SomeProfile();
  profile.uscc = " １２１０００００４００００００１８ｎ ";
  profile.licence_digest = std::string(64, 'A');
  profile.legal_name = "示例（北京） Technology";
  profile.bank_account.name = "示例(北京)  technology";
  const auto normal = NormalizeProfile(profile);
  ASSERT_TRUE(normal.ok());
  EXPECT_EQ(normal->uscc, "12100000400000018N");
  EXPECT_EQ(normal->licence_digest, std::string(64, 'a'));
  EXPECT_EQ(*NormalizeProfile(*normal), *normal);
}

TEST(Organization, AReasonIsRequiredWhereOneIsGiven) {
  const auto missing = Decide(In(OrganizationState::kKycPending), RejectKyc{kOther, " "}, kNow);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().violations[0].field, "reason");
  EXPECT_EQ(Refusal(In(OrganizationState::kActive), SuspendOrganization{kOther, std::string(201, 'x')}),
            Reason::kINVALID_FIELD);
}

// --- Properties

RC_GTEST_PROP(OrganizationProperty, EventsRebuildTheStateAndInvariantsHold, ()) {
  OrganizationDecision decision = *Decide(RegisterOrganization{kId, SomeProfile(), kMaker}, kNow);
  Organization state = decision.next;
  Organization folded = Apply({}, decision.events[0], kNow);
  Time now = kNow;
  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 8));
  for (const int step : steps) {
    now = now + Seconds(1);
    const std::string person = *rc::gen::element<std::string>(kMaker, kOther, kThird);
    const auto next = [&]() -> Result<OrganizationDecision> {
      switch (step) {
        case 0:
          return Decide(state, ResubmitOrganization{SomeProfile(), person}, now);
        case 1:
          return Decide(state, ApproveKyc{person}, now);
        case 2:
          return Decide(state, RejectKyc{person, "r"}, now);
        case 3:
          return Decide(state, SuspendOrganization{person, "s"}, now);
        case 4:
          return Decide(state, MakeRequest{RequestKind::kReinstate, person, "q"}, now);
        case 5:
          return Decide(state, ApproveRequest{RequestKind::kReinstate, person}, now);
        case 6:
          return Decide(state, MakeRequest{RequestKind::kClose, person, "c"}, now);
        default:
          return Decide(state, ApproveRequest{RequestKind::kClose, person}, now);
      }
    }();
    if (!next.ok()) continue;
    state = next->next;
    for (const OrganizationEvent& event : next->events) folded = Apply(std::move(folded), event, now);
    RC_ASSERT(Check(state) == std::nullopt);
    RC_ASSERT(folded == state);
  }
}

TEST(Organization, OnlySomeStatesGetTokensAndOnlyActiveOnesRoles) {
  for (const OrganizationState state : kStates) {
    EXPECT_EQ(AdmitsTokens(state),
              state != OrganizationState::kSuspended && state != OrganizationState::kClosed);
    EXPECT_EQ(GrantsRoles(state), state == OrganizationState::kActive);
  }
}

}  // namespace
}  // namespace ttx::party
