#include "services/listing/domain/achievement.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "services/listing/domain/testing.h"

namespace ttx::listing {
namespace {

using testing::kExchange;
using testing::kOwner;
using testing::kOwnerUscc;
using testing::MakeAchievementContent;

using S = AchievementState;

constexpr Time kNow{1'790'000'000'000'000'000};
const RightScope kTransfer{Kind::kTransferPatent, {}, {}, "", ""};
const RightScope kOrdinary{Kind::kLicenseOrdinary, {}, {}, "", ""};

Achievement Must(Result<AchievementDecision> result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message());
  EXPECT_EQ(Check(result->next), std::nullopt);
  return result->next;
}

Achievement Draft() {
  return Must(Decide(CreateAchievement{{"a1"}, kOwner, "people/maker", MakeAchievementContent()}, kNow));
}

// An achievement brought to `state` by commands only.
Achievement In(S state) {
  Achievement achievement = Draft();
  const auto submit = [&] {
    achievement =
        Must(Decide(achievement, SubmitAchievement{"people/submitter", kExchange, kOwnerUscc}, kNow));
  };
  const auto clear = [&] {
    achievement = Must(Decide(achievement, ClearAchievement{"people/s", Secrecy::kNonSecret, ""}, kNow));
  };
  const auto pass = [&] {
    achievement = Must(Decide(achievement, PassRights{"people/r", kOwnerUscc, ""}, kNow));
  };
  const auto publish = [&] {
    achievement = Must(Decide(achievement, PublishAchievement{"people/maker"}, kNow));
  };
  const auto attach = [&] {
    achievement = Must(Decide(achievement, AttachListing{"listings/l", kTransfer}, kNow));
  };
  switch (state) {
    case S::kDraft:
      return achievement;
    case S::kWithdrawn:
      return Must(Decide(achievement, WithdrawAchievement{"people/maker"}, kNow));
    case S::kSecrecyReview:
      submit();
      return achievement;
    case S::kSealed:
      submit();
      return Must(Decide(achievement, ClassifyAchievement{"people/s", Secrecy::kWorkSecret}, kNow));
    case S::kRightsCheck:
      submit(), clear();
      return achievement;
    case S::kRegistered:
      submit(), clear(), pass();
      return achievement;
    case S::kPublished:
      submit(), clear(), pass(), publish();
      return achievement;
    case S::kListed:
      submit(), clear(), pass(), publish(), attach();
      return achievement;
    case S::kTransferred:
      submit(), clear(), pass(), publish(), attach();
      return Must(Decide(achievement, CompleteDeal{"listings/l", "organizations/buyer", ""}, kNow));
  }
  return achievement;
}

constexpr S kAllStates[] = {S::kDraft,  S::kSecrecyReview, S::kRightsCheck, S::kRegistered, S::kPublished,
                            S::kListed, S::kTransferred,   S::kSealed,      S::kWithdrawn};

using Run = std::function<Result<AchievementDecision>(const Achievement&)>;
struct Row {
  const char* command;
  Run run;
  std::map<S, S> next;  // states that allow it
};
const Row kRows[] = {
    {"Update",
     [](const Achievement& a) {
       return Decide(a, UpdateAchievement{"people/m", MakeAchievementContent()}, kNow);
     },
     {{S::kDraft, S::kDraft}}},
    {"Submit",
     [](const Achievement& a) {
       return Decide(a, SubmitAchievement{"people/m", kExchange, kOwnerUscc}, kNow);
     },
     {{S::kDraft, S::kSecrecyReview}}},
    {"Clear",
     [](const Achievement& a) {
       return Decide(a, ClearAchievement{"people/s", Secrecy::kNonSecret, ""}, kNow);
     },
     {{S::kSecrecyReview, S::kRightsCheck}}},
    {"Classify",
     [](const Achievement& a) {
       return Decide(a, ClassifyAchievement{"people/s", Secrecy::kStateSecret}, kNow);
     },
     {{S::kSecrecyReview, S::kSealed}}},
    {"PassRights",
     [](const Achievement& a) {
       return Decide(a, PassRights{"people/r", kOwnerUscc, ""}, kNow);
     },
     {{S::kRightsCheck, S::kRegistered}}},
    {"FailRights",
     [](const Achievement& a) {
       return Decide(a, FailRights{"people/r", "缺材料"}, kNow);
     },
     {{S::kRightsCheck, S::kDraft}}},
    {"Publish",
     [](const Achievement& a) { return Decide(a, PublishAchievement{"people/m"}, kNow); },
     {{S::kRegistered, S::kPublished}}},
    {"Withdraw",
     [](const Achievement& a) { return Decide(a, WithdrawAchievement{"people/m"}, kNow); },
     {{S::kDraft, S::kWithdrawn},
      {S::kSecrecyReview, S::kWithdrawn},
      {S::kRightsCheck, S::kWithdrawn},
      {S::kRegistered, S::kWithdrawn},
      {S::kPublished, S::kWithdrawn}}},
    {"Attach",
     [](const Achievement& a) {
       return Decide(a, AttachListing{"listings/x", kOrdinary}, kNow);
     },
     {{S::kPublished, S::kListed}}},  // the LISTED one holds a transfer, which conflicts
    {"Detach",
     [](const Achievement& a) { return Decide(a, DetachListing{"listings/l"}, kNow); },
     {{S::kListed, S::kPublished}}},
    {"CompleteDeal",
     [](const Achievement& a) {
       return Decide(a, CompleteDeal{"listings/l", "organizations/b", ""}, kNow);
     },
     {{S::kListed, S::kTransferred}}},
};

TEST(Achievement, EveryStateAnswersEveryCommand) {
  for (const Row& row : kRows) {
    for (const S state : kAllStates) {
      const Achievement before = In(state);
      const auto result = row.run(before);
      const auto allowed = row.next.find(state);
      ASSERT_EQ(result.ok(), allowed != row.next.end()) << row.command << " in " << StateName(state);
      if (!result.ok()) {
        EXPECT_EQ(result.error().code(), Code::kFailedPrecondition)
            << row.command << " in " << StateName(state);
        continue;
      }
      EXPECT_EQ(result->next.state, allowed->second) << row.command << " in " << StateName(state);
      EXPECT_EQ(Check(result->next), std::nullopt) << row.command << " in " << StateName(state);
      EXPECT_EQ(result->next.version, before.version + 1);
      Achievement folded = before;
      for (const AchievementEvent& event : result->events) folded = Apply(folded, event);
      EXPECT_EQ(folded, result->next) << row.command;
    }
  }
}

TEST(Achievement, ReviewersAreNotTheOnesWhoWroteIt) {
  const Achievement review = In(S::kSecrecyReview);
  const Achievement rights = In(S::kRightsCheck);
  for (const char* person : {"people/maker", "people/submitter"}) {
    // The person is judged before the fields.
    EXPECT_EQ(Decide(review, ClearAchievement{person, Secrecy::kStateSecret, ""}, kNow).error().reason,
              Reason::kSAME_PERSON);
    EXPECT_EQ(Decide(review, ClassifyAchievement{person, Secrecy::kNonSecret}, kNow).error().reason,
              Reason::kSAME_PERSON);
    EXPECT_EQ(Decide(rights, PassRights{person, kOwnerUscc, ""}, kNow).error().reason, Reason::kSAME_PERSON);
    EXPECT_EQ(Decide(rights, FailRights{person, ""}, kNow).error().reason, Reason::kSAME_PERSON);
  }
}

TEST(Achievement, AStateSecretLeavesNothing) {
  const Achievement sealed =
      Must(Decide(In(S::kSecrecyReview), ClassifyAchievement{"people/s", Secrecy::kStateSecret}, kNow));
  EXPECT_EQ(sealed.content, AchievementContent{});
  const Achievement work =
      Must(Decide(In(S::kSecrecyReview), ClassifyAchievement{"people/s", Secrecy::kWorkSecret}, kNow));
  EXPECT_FALSE(work.content.title.empty());
  EXPECT_FALSE(IsPublic(work.state));
}

TEST(Achievement, ARedactedAbstractReplacesTheOther) {
  const Achievement review = In(S::kSecrecyReview);
  const Achievement cleared =
      Must(Decide(review, ClearAchievement{"people/s", Secrecy::kTradeSecretRedacted, "脱密摘要"}, kNow));
  EXPECT_EQ(cleared.content.abstract_public, "脱密摘要");
  EXPECT_EQ(Decide(review, ClearAchievement{"people/s", Secrecy::kTradeSecretRedacted, ""}, kNow)
                .error()
                .violations[0]
                .field,
            "redacted_abstract");
  EXPECT_EQ(Decide(review, ClearAchievement{"people/s", Secrecy::kNonSecret, "x"}, kNow)
                .error()
                .violations[0]
                .field,
            "redacted_abstract");
}

TEST(Achievement, RightsNeedLivingRightsAndConsents) {
  Achievement rights = In(S::kRightsCheck);
  for (const IpStatus dead :
       {IpStatus::kLapsedFee, IpStatus::kInvalidated, IpStatus::kExpired, IpStatus::kRevoked}) {
    Achievement state = rights;
    state.content.ip_items[0].status = dead;
    EXPECT_EQ(Decide(state, PassRights{"people/r", kOwnerUscc, ""}, kNow).error().reason,
              Reason::kRIGHTS_NOT_ALIVE);
  }
  Achievement pledged = rights;
  pledged.content.ip_items[0].pledged = true;
  EXPECT_EQ(Decide(pledged, PassRights{"people/r", kOwnerUscc, ""}, kNow).error().metadata.at("party"),
            "PLEDGEE");
  Achievement alone = rights;
  alone.content.ownership.consents.clear();
  EXPECT_EQ(Decide(alone, PassRights{"people/r", kOwnerUscc, ""}, kNow).error().metadata.at("party"),
            "CO_OWNER");
  // The consent has to be the co-owner's, not somebody else's.
  Achievement other = rights;
  other.content.ownership.consents[0].holder = kOwnerUscc;
  EXPECT_EQ(Decide(other, PassRights{"people/r", kOwnerUscc, ""}, kNow).error().metadata.at("holder"),
            "91110108MA01ABCD5T");
  EXPECT_EQ(Decide(rights, PassRights{"people/r", "91310115MA1K3Y2E36", ""}, kNow).error().reason,
            Reason::kNOT_AN_OWNER);
  EXPECT_EQ(Decide(rights, PassRights{"people/r", kOwnerUscc, "ZL1"}, kNow).error().metadata.at("number"),
            "ZL1");
}

TEST(Achievement, WhoSubmitsIsOneOfTheOwners) {
  Achievement draft = Draft();
  draft.content.ownership.owners = {{"91110108MA01ABCD5T", 1'000'000}};
  EXPECT_EQ(Decide(draft, SubmitAchievement{"p", kExchange, kOwnerUscc}, kNow).error().reason,
            Reason::kNOT_AN_OWNER);
}

TEST(Achievement, APatentAndItsApplicationAreOneRight) {
  IpItem patent;
  patent.kind = IpKind::kInvention;
  patent.number = "ZL201710601862.3";
  IpItem application = patent;
  application.kind = IpKind::kApplication;
  application.number = "CN201710601862.3";
  EXPECT_EQ(IpIdentity(patent), IpIdentity(application));
  IpItem software = patent;
  software.kind = IpKind::kSoftwareCopyright;
  EXPECT_NE(IpIdentity(patent), IpIdentity(software));
  EXPECT_EQ(IpIdentity(IpItem{}), "");
}

TEST(Achievement, SubmissionNeedsTheWholeFileInItsOrder) {
  Achievement draft = Draft();
  EXPECT_EQ(Decide(draft, SubmitAchievement{"p", "exchange", kOwnerUscc}, kNow).error().violations[0].field,
            "exchange");
  EXPECT_EQ(Decide(draft, SubmitAchievement{"p", kOwner, kOwnerUscc}, kNow).error().violations[0].field,
            "exchange");
  EXPECT_EQ(Decide(draft, SubmitAchievement{"p", kExchange, "91310115MA1K3Y2E36"}, kNow).error().reason,
            Reason::kNOT_COMPLETING_UNIT);
  draft.content.ownership.negative_list = true;
  EXPECT_EQ(Decide(draft, SubmitAchievement{"p", kExchange, kOwnerUscc}, kNow).error().reason,
            Reason::kNEGATIVE_LIST);
  draft.content.tech_field.clear();
  EXPECT_EQ(Decide(draft, SubmitAchievement{"p", kExchange, kOwnerUscc}, kNow).error().violations[0].field,
            "tech_field");
}

TEST(Achievement, BadContentNamesTheField) {
  using Spoil = std::function<void(AchievementContent&)>;
  struct BadField {
    const char* field;
    Reason reason;
    Spoil spoil;
  };
  const BadField rows[] = {
      {"title", Reason::kREQUIRED, [](auto& c) { c.title = ""; }},
      {"title", Reason::kTOO_LONG, [](auto& c) { c.title = std::string(201, 'x'); }},
      {"reg_no", Reason::kBAD_FORMAT, [](auto& c) { c.reg_no = "110202600001"; }},
      {"keywords", Reason::kTOO_MANY,
       [](auto& c) {
         c.keywords = {"a", "b", "c", "d"};
       }},
      {"abstract_public", Reason::kTOO_LONG, [](auto& c) { c.abstract_public = std::string(2001, 'x'); }},
      {"trl.level", Reason::kOUT_OF_RANGE, [](auto& c) { c.trl.level = 10; }},
      {"trl.assess_date", Reason::kBAD_FORMAT, [](auto& c) { c.trl.assess_date = "2026-02-30"; }},
      {"tech_field", Reason::kBAD_FORMAT, [](auto& c) { c.tech_field = "12"; }},
      {"tech_field", Reason::kBAD_FORMAT, [](auto& c) { c.tech_field = "00"; }},
      {"industry", Reason::kBAD_FORMAT, [](auto& c) { c.industry = "U12"; }},
      {"sei", Reason::kOUT_OF_RANGE, [](auto& c) { c.sei = 10; }},
      {"ipc[0]", Reason::kBAD_FORMAT, [](auto& c) { c.ipc = {"I01L31/02"}; }},
      {"completing_units[0].uscc", Reason::kBAD_CHECK_DIGIT,
       [](auto& c) { c.completing_units[0].uscc = "12100000400000018P"; }},
      {"completing_units", Reason::kOUT_OF_RANGE, [](auto& c) { c.completing_units[0].share_ppm = 699'999; }},
      {"completing_units[1].uscc", Reason::kDUPLICATE,
       [](auto& c) { c.completing_units[1].uscc = kOwnerUscc; }},
      {"inventors[0].display_name", Reason::kREQUIRED, [](auto& c) { c.inventors[0].display_name = ""; }},
      {"ip_items[0].number", Reason::kBAD_CHECK_DIGIT,
       [](auto& c) { c.ip_items[0].number = "ZL201710601862.4"; }},
      {"ip_items[0].kind", Reason::kOUT_OF_RANGE, [](auto& c) { c.ip_items[0].kind = IpKind::kDesign; }},
      {"ip_items[1].number", Reason::kDUPLICATE,
       [](auto& c) {
         c.ip_items.push_back(c.ip_items[0]);
         c.ip_items[1].kind = IpKind::kApplication;
       }},
      {"ownership.owners", Reason::kOUT_OF_RANGE, [](auto& c) { c.ownership.owners.pop_back(); }},
      {"detail_restricted[0].sha256", Reason::kBAD_FORMAT,
       [](auto& c) { c.detail_restricted[0].sha256 = "zz"; }},
      {"ask_price_fen", Reason::kOUT_OF_RANGE, [](auto& c) { c.ask_price = Fen{-1}; }},
  };
  for (const BadField& row : rows) {
    AchievementContent content = MakeAchievementContent();
    row.spoil(content);
    const auto result = NormalizeContent(content);
    ASSERT_FALSE(result.ok()) << row.field;
    ASSERT_EQ(result.error().violations.size(), 1u) << row.field;
    EXPECT_EQ(result.error().violations[0].field, row.field);
    EXPECT_EQ(result.error().violations[0].reason, row.reason) << row.field;
  }
}

TEST(Achievement, PatentNumbersGetTheirNormalForm) {
  const auto content = NormalizeContent(MakeAchievementContent());
  ASSERT_TRUE(content.ok()) << content.error().violations[0].field;
  EXPECT_EQ(content->ip_items[0].number, "ZL201710601862.3");
  EXPECT_EQ(IpNumbers(*content), std::vector<std::string>{"ZL201710601862.3"});
}

TEST(Achievement, ThePublicPartHasNoRestrictedOrInternalField) {
  const AchievementContent shown = PublicPart(MakeAchievementContent());
  EXPECT_TRUE(shown.detail_restricted.empty());
  EXPECT_TRUE(shown.trl.evidence.empty());
  EXPECT_TRUE(shown.price_basis.empty());
  EXPECT_TRUE(shown.expected_result.empty());
  EXPECT_TRUE(shown.ownership.consents.empty());
  ASSERT_EQ(shown.inventors.size(), 1u);
  EXPECT_EQ(shown.inventors[0], (Inventor{"张三", "", "", 0, ""}));
  // What is public stays.
  EXPECT_EQ(shown.title, MakeAchievementContent().title);
  EXPECT_EQ(shown.ownership.owners, MakeAchievementContent().ownership.owners);
  EXPECT_EQ(shown.ip_items, MakeAchievementContent().ip_items);
}

// domain.md 3.1, the compatibility matrix.
TEST(RightScope, TheMatrix) {
  const auto scope = [](Kind kind) { return RightScope{kind, {}, {}, "", ""}; };
  const Kind licences[] = {Kind::kLicenseExclusive, Kind::kLicenseSole, Kind::kLicenseOrdinary};
  for (int kind = 1; kind <= 8; ++kind) {
    for (const Kind transfer : {Kind::kTransferPatent, Kind::kTransferKnowhow, Kind::kEquityContribution}) {
      EXPECT_TRUE(Conflicts(scope(transfer), scope(static_cast<Kind>(kind))));
    }
  }
  for (const Kind a : licences) {
    for (const Kind b : licences) {
      EXPECT_EQ(Conflicts(scope(a), scope(b)), a != Kind::kLicenseOrdinary || b != Kind::kLicenseOrdinary);
    }
  }
  RightScope north = scope(Kind::kLicenseExclusive);
  north.territories = {"110000", "120000"};
  RightScope south = scope(Kind::kLicenseSole);
  south.territories = {"440000"};
  EXPECT_FALSE(Conflicts(north, south));
  south.territories.push_back("120000");
  EXPECT_TRUE(Conflicts(north, south));
  north.term_end_date = "2027-12-31";
  south.term_start_date = "2028-01-01";
  EXPECT_FALSE(Conflicts(north, south));
  south.term_start_date = "2027-12-31";
  EXPECT_TRUE(Conflicts(north, south));
  north.fields = {"光伏"};
  south.fields = {"照明"};
  EXPECT_FALSE(Conflicts(north, south));
}

RC_GTEST_PROP(RightScope, ConflictIsSymmetricAndOverlapsItself, (uint8_t a, uint8_t b, uint8_t bits)) {
  const auto make = [](uint8_t kind, uint8_t part) {
    RightScope scope{static_cast<Kind>(1 + kind % 8), {}, {}, "", ""};
    if (part & 1) scope.territories = {"110000"};
    if (part & 2) scope.fields = {"光伏"};
    if (part & 4) scope.term_start_date = "2027-01-01";
    if (part & 8) scope.term_end_date = "2026-12-31";
    return scope;
  };
  const RightScope x = make(a, bits & 15);
  const RightScope y = make(b, bits >> 4);
  RC_ASSERT(Conflicts(x, y) == Conflicts(y, x));
}

TEST(Achievement, OrdinaryLicencesStandSideBySideAndUnlockOneByOne) {
  Achievement state = Must(Decide(In(S::kPublished), AttachListing{"listings/a", kOrdinary}, kNow));
  state = Must(Decide(state, AttachListing{"listings/b", kOrdinary}, kNow));
  EXPECT_EQ(Decide(state, AttachListing{"listings/c", kTransfer}, kNow).error().metadata.at("listing"),
            "listings/a");
  EXPECT_EQ(Decide(state, AttachListing{"listings/b", kOrdinary}, kNow).error().reason,
            Reason::kRIGHT_SCOPE_LOCKED);
  state = Must(Decide(state, CompleteDeal{"listings/a", "organizations/b", "普通许可"}, kNow));
  EXPECT_EQ(state.state, S::kListed);
  EXPECT_EQ(state.owner, kOwner);
  EXPECT_EQ(state.content.encumbrances.back(), (Encumbrance{EncumbranceKind::kLicence, "普通许可"}));
  state = Must(Decide(state, DetachListing{"listings/b"}, kNow));
  EXPECT_EQ(state.state, S::kPublished);
}

TEST(Achievement, ATransferChangesTheOwner) { EXPECT_EQ(In(S::kTransferred).owner, "organizations/buyer"); }

}  // namespace
}  // namespace ttx::listing
