#include "services/listing/domain/intent.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <map>

#include "services/listing/domain/testing.h"

namespace ttx::listing {
namespace {

using testing::MakeIntentContent;
using S = IntentState;

const Calendar kCalendar = testing::MakeCalendar();
const RuleProfile kProfile = testing::MakeProfile();
const Time kNow = AtHour(MakeDate(2026, 9, 29), 10, 0);

Listing MakeListing(ListingState state) {
  Listing listing;
  listing.id = {"l"};
  listing.owner = testing::kOwner;
  listing.exchange = testing::kExchange;
  listing.content = NormalizeContent(testing::MakeListingContent(), kProfile).value();
  listing.state = state;
  listing.end_time = kNow + Hours(1);
  return listing;
}

const Listing kListed = MakeListing(ListingState::kListed);
const Listing kQualifying = MakeListing(ListingState::kQualifying);
const IntentRegime kOpen{kCalendar, kProfile, kListed};
const IntentRegime kRegime{kCalendar, kProfile, kQualifying};

Intent Must(Result<IntentDecision> result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message());
  EXPECT_EQ(Check(result->next), std::nullopt);
  return result->next;
}

Listing MakeDynamic() {
  Listing listing = MakeListing(ListingState::kListed);
  listing.auction = "auctions/x";
  return listing;
}

RegisterIntent MakeRegister() {
  RegisterIntent command;
  command.id = {"i"};
  command.organization = "organizations/buyer";
  command.legal_name = "买方公司";
  command.person = "people/buyer";
  command.content = MakeIntentContent();
  command.active = true;
  return command;
}

Intent Opinion(bool qualified) {
  const Intent intent = Must(Decide(MakeRegister(), kOpen, kNow));
  return Must(Decide(intent, GiveOpinion{"people/clerk", qualified, "意见"}, kRegime, kNow));
}

Intent In(S state) {
  const auto confirmed = [] {
    return Must(Decide(Opinion(true), ConsentToOpinion{"people/owner", "TTXREF"}, kRegime, kNow));
  };
  const auto qualified = [&] { return Must(Decide(confirmed(), DepositEffective{"00042"}, kRegime, kNow)); };
  switch (state) {
    case S::kRegistered:
      return Must(Decide(MakeRegister(), kOpen, kNow));
    case S::kOpinionSent:
      return Opinion(true);
    case S::kDisputed:
      return Must(Decide(Opinion(true), ObjectToOpinion{"people/owner", "不符合公告条件"}, kRegime, kNow));
    case S::kConfirmed:
      return confirmed();
    case S::kDisqualified:
      return Must(Decide(Opinion(false), ConsentToOpinion{"people/owner", "TTXREF"}, kRegime, kNow));
    case S::kQualified:
      return qualified();
    case S::kAbandoned:
      return Must(Decide(confirmed(), DepositMissed{}, kRegime, kNow));
    case S::kReleased:
      return Must(Decide(qualified(), ReleaseIntent{"LOST"}, kRegime, kNow));
    case S::kBreached:
      return Must(Decide(qualified(), BreachIntent{"NO_QUOTE"}, kRegime, kNow));
  }
  TTX_CHECK(false, "unreachable");
}

const Time kLate = kNow + Hours(24 * 40);
struct Row {
  const char* command;
  std::function<Result<IntentDecision>(const Intent&)> run;
  std::map<S, S> next;
  bool total = false;  // allowed in every state; changes nothing in those not in `next`
};
const Row kRows[] = {
    {"GiveOpinion",
     [](const Intent& i) {
       return Decide(i, GiveOpinion{"people/x", true, ""}, kRegime, kNow);
     },
     {{S::kRegistered, S::kOpinionSent}}},
    {"Consent",
     [](const Intent& i) {
       return Decide(i, ConsentToOpinion{"people/o", "R"}, kRegime, kNow);
     },
     {{S::kOpinionSent, S::kConfirmed}}},
    {"Object",
     [](const Intent& i) {
       return Decide(i, ObjectToOpinion{"people/o", "理由"}, kRegime, kNow);
     },
     {{S::kOpinionSent, S::kDisputed}}},
    {"DecideYes",
     [](const Intent& i) {
       return Decide(i, DecideDispute{"people/x", true, "理由", "R"}, kRegime, kNow);
     },
     {{S::kDisputed, S::kConfirmed}}},
    {"DecideNo",
     [](const Intent& i) {
       return Decide(i, DecideDispute{"people/x", false, "理由", "R"}, kRegime, kNow);
     },
     {{S::kDisputed, S::kDisqualified}}},
    {"EndReply",
     [](const Intent& i) { return Decide(i, EndReply{"R"}, kRegime, kLate); },
     {{S::kOpinionSent, S::kConfirmed}},
     true},
    {"DepositEffective",
     [](const Intent& i) { return Decide(i, DepositEffective{"12345"}, kRegime, kNow); },
     {{S::kConfirmed, S::kQualified}}},
    {"DepositMissed",
     [](const Intent& i) { return Decide(i, DepositMissed{}, kRegime, kNow); },
     {{S::kConfirmed, S::kAbandoned}}},
    {"Withdraw",
     [](const Intent& i) { return Decide(i, WithdrawIntent{"people/b"}, kRegime, kNow); },
     {{S::kRegistered, S::kReleased},
      {S::kOpinionSent, S::kReleased},
      {S::kDisputed, S::kReleased},
      {S::kConfirmed, S::kAbandoned},
      {S::kQualified, S::kBreached}}},
    {"Release",
     [](const Intent& i) { return Decide(i, ReleaseIntent{"TERMINATED"}, kRegime, kNow); },
     {{S::kRegistered, S::kReleased},
      {S::kOpinionSent, S::kReleased},
      {S::kDisputed, S::kReleased},
      {S::kConfirmed, S::kReleased},
      {S::kQualified, S::kReleased}}},
    {"Breach",
     [](const Intent& i) { return Decide(i, BreachIntent{"TRANSFEREE"}, kRegime, kNow); },
     {{S::kQualified, S::kBreached}}},
};

TEST(Intent, EveryStateAnswersEveryCommand) {
  for (const Row& row : kRows) {
    for (int number = 1; number <= 9; ++number) {
      const Intent before = In(static_cast<S>(number));
      ASSERT_EQ(before.state, static_cast<S>(number));
      const auto result = row.run(before);
      const auto allowed = row.next.find(before.state);
      const std::string what = std::string(row.command) + " in " + std::string(StateName(before.state));
      if (allowed == row.next.end()) {
        ASSERT_EQ(result.ok(), row.total) << what;
        if (row.total) {
          EXPECT_EQ(result->next, before) << what;
        } else {
          EXPECT_EQ(result.error().reason, Reason::kWRONG_STATE) << what;
        }
        continue;
      }
      ASSERT_TRUE(result.ok()) << what << ": " << result.error().message();
      EXPECT_EQ(result->next.state, allowed->second) << what;
      EXPECT_EQ(Check(result->next), std::nullopt) << what;
      Intent folded = before;
      for (const IntentEvent& event : result->events) folded = Apply(folded, event);
      EXPECT_EQ(folded, result->next) << what;
    }
  }
}

TEST(Intent, RegistrationIsRefusedInTheDocumentedOrder) {
  RegisterIntent command = MakeRegister();
  command.active = false;
  command.related = command.barred = command.registered = true;
  command.intent_count = 1000;
  command.content.statement = "";
  const auto reason = [&](const IntentRegime& regime, Time now) {
    return Decide(command, regime, now).error().reason;
  };
  EXPECT_EQ(reason(kRegime, kNow), Reason::kWRONG_STATE);
  EXPECT_EQ(reason(kOpen, kNow + Hours(1)), Reason::kLISTING_ENDED);
  EXPECT_EQ(reason(kOpen, kNow), Reason::kINVALID_FIELD);
  command.content.statement = "符合";
  EXPECT_EQ(reason(kOpen, kNow), Reason::kORGANIZATION_NOT_ACTIVE);
  command.active = true;
  EXPECT_EQ(reason(kOpen, kNow), Reason::kRELATED_PARTY);
  command.related = false;
  EXPECT_EQ(reason(kOpen, kNow), Reason::kBARRED);
  command.barred = false;
  EXPECT_EQ(reason(kOpen, kNow), Reason::kALREADY_REGISTERED);
  command.registered = false;
  EXPECT_EQ(reason(kOpen, kNow), Reason::kTOO_MANY_INTENTS);
  command.intent_count = 999;
  EXPECT_TRUE(Decide(command, kOpen, kNow).ok());
}

TEST(Intent, OpinionsAreGivenAfterThePeriodOnly) {
  const Intent intent = In(S::kRegistered);
  EXPECT_EQ(Decide(intent, GiveOpinion{"people/x", true, ""}, kOpen, kNow).error().reason,
            Reason::kWRONG_STATE);
  EXPECT_EQ(Decide(intent, GiveOpinion{"people/x", false, ""}, kRegime, kNow).error().violations[0].field,
            "opinion");
  EXPECT_FALSE(OwnerSees(intent));
  EXPECT_TRUE(OwnerSees(In(S::kOpinionSent)));
}

// domain.md 0.4: deadline_wd(2026-09-29, 5) is 2026-10-12.
TEST(Intent, SilenceIsConsentAfterFiveWorkingDays) {
  const Intent intent = Opinion(true);
  const Time due = EndOfDay(MakeDate(2026, 10, 12));
  EXPECT_EQ(intent.reply_due_time, due);
  EXPECT_TRUE(Decide(intent, EndReply{"R"}, kRegime, due - Nanoseconds(1))->events.empty());
  const Intent agreed = Must(Decide(intent, EndReply{"R"}, kRegime, due));
  EXPECT_EQ(agreed.state, S::kConfirmed);
  EXPECT_EQ(agreed.deposit_due_time, kCalendar.DeadlineWorkdays(DateInShanghai(due), 3).end());
  EXPECT_EQ(Must(Decide(Opinion(false), EndReply{"R"}, kRegime, due)).state, S::kDisqualified);
}

TEST(Intent, AnAnswerAfterTheFiveWorkingDaysIsTooLate) {
  const Intent intent = Opinion(true);
  const Time due = intent.reply_due_time;
  const auto consent = [&](Time now) {
    return Decide(intent, ConsentToOpinion{"people/o", "R"}, kRegime, now);
  };
  const auto object = [&](Time now) {
    return Decide(intent, ObjectToOpinion{"people/o", "理由"}, kRegime, now);
  };
  EXPECT_TRUE(consent(due - Nanoseconds(1)).ok());
  EXPECT_TRUE(object(due - Nanoseconds(1)).ok());
  EXPECT_EQ(consent(due).error().reason, Reason::kREPLY_TOO_LATE);
  EXPECT_EQ(object(due).error().reason, Reason::kREPLY_TOO_LATE);
  Intent provisional = intent;
  provisional.reply_due_provisional = true;
  EXPECT_TRUE(Decide(provisional, ObjectToOpinion{"people/o", "理由"}, kRegime, due + Hours(24)).ok());
}

TEST(Intent, AProvisionalReplyDateStaysOpen) {
  const Intent registered = In(S::kRegistered);
  const Time december = AtHour(MakeDate(2026, 12, 30), 10, 0);
  const Intent intent = Must(Decide(registered, GiveOpinion{"people/x", true, ""}, kRegime, december));
  EXPECT_TRUE(intent.reply_due_provisional);
  EXPECT_TRUE(Decide(intent, EndReply{"R"}, kRegime, december + Hours(24 * 60))->events.empty());
}

TEST(Intent, ADisputeIsDecidedByAnotherPersonThanGaveTheOpinion) {
  EXPECT_EQ(
      Decide(In(S::kDisputed), DecideDispute{"people/clerk", true, "", "R"}, kRegime, kNow).error().reason,
      Reason::kSAME_PERSON);
  EXPECT_EQ(Decide(In(S::kDisputed), DecideDispute{"people/x", true, "", "R"}, kRegime, kNow)
                .error()
                .violations[0]
                .field,
            "note");
}

TEST(Intent, ABidderWithdrawsOnlyWhileOthersAreStillDecided) {
  const Listing bidding = MakeListing(ListingState::kBidding);
  EXPECT_EQ(
      Decide(In(S::kQualified), WithdrawIntent{"people/b"}, IntentRegime{kCalendar, kProfile, bidding}, kNow)
          .error()
          .reason,
      Reason::kWRONG_STATE);
}

RC_GTEST_PROP(Intent, ReferencesAndCodesHaveTheirForm, (uint64_t bits)) {
  std::string bytes(8, '\0');
  for (char& byte : bytes) byte = static_cast<char>(bits & 0xff), bits >>= 8;
  const std::string reference = ReferenceFrom(bytes);
  RC_ASSERT(reference.size() == 11u && reference.starts_with("TTX"));
  RC_ASSERT(reference.substr(3).find_first_of("01IO") == std::string::npos);
  const std::string code = BidderCodeFrom(std::string_view(bytes).substr(0, 4));
  RC_ASSERT(code.size() == 5u && code.find_first_not_of("0123456789") == std::string::npos);
}

TEST(Intent, OpinionsAreGivenWhileADynamicListingRuns) {
  const Listing dynamic = MakeDynamic();
  const IntentRegime rolling{kCalendar, kProfile, dynamic};
  Intent intent = Must(Decide(MakeRegister(), rolling, kNow));
  EXPECT_EQ(Decide(intent, GiveOpinion{"people/x", true, ""}, kOpen, kNow).error().reason, Reason::kWRONG_STATE);
  intent = Must(Decide(intent, GiveOpinion{"people/x", true, ""}, rolling, kNow));
  EXPECT_EQ(intent.state, S::kOpinionSent);
  intent = Must(Decide(intent, ConsentToOpinion{"people/owner", "TTXREF"}, rolling, kNow));
  intent = Must(Decide(intent, DepositEffective{"00042"}, rolling, kNow));
  EXPECT_EQ(Decide(intent, WithdrawIntent{"people/buyer"}, rolling, kNow).error().reason, Reason::kWRONG_STATE)
      << "a bidder of a running auction stays";
}

// --- Priority rights (domain.md 4.7, 5.9)

RegisterIntent Claiming(PriorityClaim claim) {
  RegisterIntent command = MakeRegister();
  command.content.priority = claim;
  return command;
}

TEST(Intent, APriorityRightIsClaimedByTheBidderAndConfirmedByTheExchange) {
  const Intent intent = Must(Decide(Claiming({PriorityRight::kShareholder, 2, 300}), kOpen, kNow));
  EXPECT_EQ(PriorityRankOf(intent), 0) << "not confirmed yet";
  const auto opinion = [&](const Intent& of, bool qualified, bool confirmed) {
    return Decide(of, GiveOpinion{"people/x", qualified, "意见", confirmed}, kRegime, kNow);
  };
  const Intent confirmed = Must(opinion(intent, true, true));
  EXPECT_EQ(PriorityRankOf(confirmed), 2);
  EXPECT_EQ(CapitalShareOf(confirmed), 300);
  const Intent ordinary = Must(opinion(intent, true, false));
  EXPECT_EQ(PriorityRankOf(ordinary), 0);
  EXPECT_EQ(CapitalShareOf(ordinary), 0);
  EXPECT_EQ(opinion(intent, false, true).error().violations[0].field, "priority_confirmed");
  const Intent without = Must(Decide(MakeRegister(), kOpen, kNow));
  EXPECT_EQ(opinion(without, true, true).error().violations[0].field, "priority_confirmed");
}

TEST(Intent, OnlyADeclaredHoldersClaimIsConfirmed) {
  Listing declared = kQualifying;
  declared.content.priority_holders = {{"买方公司", "", {PriorityRight::kInventor, 1, 0}}};
  const Intent intent = Must(Decide(Claiming({PriorityRight::kInventor, 1, 0}), kOpen, kNow));
  const auto confirm = [&](const Intent& of) {
    return Decide(of, GiveOpinion{"people/x", true, "", true}, IntentRegime{kCalendar, kProfile, declared}, kNow);
  };
  EXPECT_EQ(PriorityRankOf(Must(confirm(intent))), 1);
  const Intent higher = Must(Decide(Claiming({PriorityRight::kCommissioner, 1, 0}), kOpen, kNow));
  EXPECT_EQ(confirm(higher).error().violations[0].field, "priority_confirmed");
  declared.priority_notices = {{{}, {}, {}, "", PriorityAnswer::kWaive, "people/h"}};
  EXPECT_EQ(confirm(intent).error().violations[0].field, "priority_confirmed") << "waived";
}

TEST(Intent, ADisputeRestoresOrTakesAClaimedRight) {
  const PriorityClaim claim{PriorityRight::kShareholder, 2, 300};
  const auto disputed = [&](bool confirmed, bool by_owner) {
    const Intent intent = Must(Decide(Claiming(claim), kOpen, kNow));
    const Intent judged = Must(Decide(intent, GiveOpinion{"people/clerk", true, "", confirmed}, kRegime, kNow));
    return Must(Decide(judged, ObjectToOpinion{"people/o", "有优先权", by_owner}, kRegime, kNow));
  };
  const auto decide = [&](const Intent& of, bool qualified, std::optional<bool> confirmed) {
    return Decide(of, DecideDispute{"people/x", qualified, "复核", "TTXREF", confirmed}, kRegime, kNow);
  };
  EXPECT_EQ(PriorityRankOf(Must(decide(disputed(false, false), true, true))), 2);
  EXPECT_EQ(PriorityRankOf(Must(decide(disputed(false, false), true, {}))), 0);
  EXPECT_EQ(PriorityRankOf(Must(decide(disputed(true, true), true, {}))), 2) << "as the opinion said";
  EXPECT_EQ(PriorityRankOf(Must(decide(disputed(true, true), true, false))), 0);
  EXPECT_EQ(decide(disputed(false, false), false, true).error().violations[0].field, "priority_confirmed");
  EXPECT_EQ(decide(In(S::kDisputed), true, true).error().violations[0].field, "priority_confirmed") << "no claim";
  // Who got what it asked for has nothing to object to.
  const Intent granted = Must(Decide(Must(Decide(Claiming(claim), kOpen, kNow)),
                                     GiveOpinion{"people/clerk", true, "", true}, kRegime, kNow));
  EXPECT_EQ(Decide(granted, ObjectToOpinion{"people/b", "x", false}, kRegime, kNow).error().reason,
            Reason::kWRONG_STATE);
  EXPECT_EQ(Must(Decide(Opinion(false), ObjectToOpinion{"people/b", "x", false}, kRegime, kNow)).state, S::kDisputed);
}

TEST(Intent, ADisputeConfirmsTheRightOfWhoIsRelatedToTheAchievement) {
  RegisterIntent command = Claiming({PriorityRight::kInventor, 1, 0});
  command.entitled = true;
  const Intent intent = Must(Decide(command, kOpen, kNow));
  const Intent refused = Must(Decide(intent, GiveOpinion{"people/clerk", false, "不符"}, kRegime, kNow));
  const Intent disputed = Must(Decide(refused, ObjectToOpinion{"people/b", "是发明人", false}, kRegime, kNow));
  const auto decide = [&](std::optional<bool> confirmed) {
    return Decide(disputed, DecideDispute{"people/x", true, "复核", "TTXREF", confirmed}, kRegime, kNow);
  };
  EXPECT_EQ(decide({}).error().reason, Reason::kRELATED_PARTY);
  EXPECT_EQ(PriorityRankOf(Must(decide(true))), 1);
}

TEST(Intent, BadClaimsNameTheField) {
  const auto refused = [](PriorityClaim claim) -> FieldViolation {
    const auto result = Decide(Claiming(claim), kOpen, kNow);
    return result.ok() ? FieldViolation{} : result.error().violations[0];
  };
  EXPECT_EQ(refused({PriorityRight::kInventor, 1, 0}), FieldViolation{});
  EXPECT_EQ(refused({PriorityRight::kShareholder, 16, kMaxFen}), FieldViolation{});
  EXPECT_EQ(refused({PriorityRight::kUnspecified, 1, 0}).field, "intent.priority_claim.right");
  EXPECT_EQ(refused({static_cast<PriorityRight>(5), 1, 0}).reason, Reason::kUNKNOWN_VALUE);
  EXPECT_EQ(refused({PriorityRight::kInventor, 0, 0}).field, "intent.priority_claim.rank");
  EXPECT_EQ(refused({PriorityRight::kInventor, 17, 0}).field, "intent.priority_claim.rank");
  EXPECT_EQ(refused({PriorityRight::kInventor, 1, 1}).field, "intent.priority_claim.capital_share");
  EXPECT_EQ(refused({PriorityRight::kShareholder, 1, -1}).field, "intent.priority_claim.capital_share");
}

TEST(Intent, WhoIsRelatedToTheAchievementBidsByAConfirmedRightAlone) {
  RegisterIntent command = MakeRegister();
  command.entitled = true;
  EXPECT_EQ(Decide(command, kOpen, kNow).error().reason, Reason::kRELATED_PARTY);
  command.content.priority = PriorityClaim{PriorityRight::kCoDeveloper, 1, 0};
  const Intent intent = Must(Decide(command, kOpen, kNow));
  EXPECT_EQ(Decide(intent, GiveOpinion{"people/x", true, ""}, kRegime, kNow).error().reason, Reason::kRELATED_PARTY);
  EXPECT_TRUE(Decide(intent, GiveOpinion{"people/x", true, "", true}, kRegime, kNow).ok());
  // A dispute cannot give what the exchange did not confirm.
  Intent disputed = Must(Decide(intent, GiveOpinion{"people/x", false, "无优先权"}, kRegime, kNow));
  disputed = Must(Decide(disputed, ObjectToOpinion{"people/owner", "不同意"}, kRegime, kNow));
  EXPECT_EQ(Decide(disputed, DecideDispute{"people/y", true, "改", "TTXREF"}, kRegime, kNow).error().reason,
            Reason::kRELATED_PARTY);
  command.related = true;
  EXPECT_EQ(Decide(command, kOpen, kNow).error().reason, Reason::kRELATED_PARTY) << "the owner never";
}

}  // namespace
}  // namespace ttx::listing
