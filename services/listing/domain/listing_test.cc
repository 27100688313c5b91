#include "services/listing/domain/listing.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <span>

#include "libs/core/uscc.h"
#include "services/listing/domain/testing.h"

namespace ttx::listing {
namespace {

using testing::kExchange;
using testing::kOwner;
using testing::MakeListingContent;
using testing::MakeProfile;
using S = ListingState;

const Calendar kCalendar = testing::MakeCalendar();
const RuleProfile kProfile = MakeProfile();
const Regime kRegime{kCalendar, kProfile};
// domain.md 0.4: listing_end(2026-09-17, 10) is 2026-09-30.
const Time kPublish = AtHour(MakeDate(2026, 9, 17), 10, 0);
const Time kEnd = EndOfDay(MakeDate(2026, 9, 30));

Listing Must(Result<ListingDecision> result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message());
  EXPECT_EQ(Check(result->next), std::nullopt);
  return result->next;
}

Deal MakeDeal(int64_t price = 120'000'000) {
  Deal deal;
  deal.id = "deals/d";
  deal.intent = "listings/l/intents/i";
  deal.buyer = "organizations/buyer";
  deal.price = Fen{price};
  deal.method = Method::kAuction;
  return deal;
}

Listing Draft(ListingContent content = MakeListingContent()) {
  return Must(
      Decide(CreateListing{{"l"}, kExchange, kOwner, "某大学", "achievements/a", "people/maker", content, {}},
             kRegime, kPublish));
}

Listing Approved(ListingContent content = MakeListingContent()) {
  Listing listing = Draft(std::move(content));
  listing = Must(Decide(listing, SubmitListing{"people/submitter", "06"}, kRegime, kPublish));
  listing = Must(Decide(listing, AcceptListing{"people/clerk"}, kRegime, kPublish));
  listing = Must(Decide(listing, ApproveListing{"people/b", Review::kBusiness, "PJ1"}, kRegime, kPublish));
  return Must(Decide(listing, ApproveListing{"people/c", Review::kCompliance, "PJ1"}, kRegime, kPublish));
}

Listing Listed(ListingContent content = MakeListingContent()) {
  return Must(
      Decide(Approved(std::move(content)), PublishListing{"people/officer", "hash"}, kRegime, kPublish));
}

const Qualification kTwo{0, {"listings/l/intents/i", "listings/l/intents/j"}};

// A listing brought to `state` by commands only.
Listing In(S state) {
  const auto qualifying = [] { return Must(Decide(Listed(), EndPeriod{2}, kRegime, kEnd)); };
  const auto scheduled = [&] {
    return Must(Decide(qualifying(), ScheduleBidding{"auctions/x", {}, kTwo}, kRegime, kEnd));
  };
  const auto pending = [&] {
    return Must(Decide(scheduled(), AuctionWon{{MakeDeal()}}, kRegime, kEnd + Hours(49)));
  };
  const auto suspended = [] {
    const Listing listing =
        Must(Decide(Listed(), Propose{{Action::kSuspend, "OBJECTION", "", "people/p"}}, kRegime, kPublish));
    return Must(Decide(listing, Confirm{"people/q"}, kRegime, kPublish));
  };
  switch (state) {
    case S::kDraft:
      return Draft();
    case S::kSubmitted:
      return Must(Decide(Draft(), SubmitListing{"people/submitter", "06"}, kRegime, kPublish));
    case S::kUnderReview:
      return Must(Decide(In(S::kSubmitted), AcceptListing{"people/clerk"}, kRegime, kPublish));
    case S::kApproved:
      return Approved();
    case S::kRejected:
      return Must(Decide(In(S::kUnderReview), RejectListing{"people/b", "不符"}, kRegime, kPublish));
    case S::kListed:
      return Listed();
    case S::kSuspended:
      return suspended();
    case S::kTerminated: {
      const Listing listing = Must(Decide(
          Listed(), Propose{{Action::kTerminate, "OWNER_REQUEST", "", "people/p"}}, kRegime, kPublish));
      return Must(Decide(listing, Confirm{"people/q"}, kRegime, kPublish));
    }
    case S::kWithdrawn:
      return Must(Decide(Draft(), WithdrawListing{"people/maker", false}, kRegime, kPublish));
    case S::kQualifying:
      return qualifying();
    case S::kSingleBidder:
      return Must(Decide(qualifying(), Qualification{0, {"listings/l/intents/i"}}, kRegime, kEnd));
    case S::kBiddingScheduled:
      return scheduled();
    case S::kBidding:
      return Must(Decide(scheduled(), StartBidding{}, kRegime, kEnd + Hours(48)));
    case S::kDealPending:
      return pending();
    case S::kDealSigned:
      return Must(Decide(pending(), ContractEffective{"deals/d"}, kRegime, kEnd + Hours(50)));
    case S::kClosed: {
      const Listing settled =
          Must(Decide(In(S::kDealSigned), DealSettled{"deals/d"}, kRegime, kEnd + Hours(51)));
      return Must(Decide(settled, DealCertified{"deals/d"}, kRegime, kEnd + Hours(52)));
    }
    case S::kExpired:
      return Must(Decide(Listed(), EndPeriod{0}, kRegime, kEnd));
    case S::kDefaulted:
      return Must(Decide(pending(), DealDefaulted{"deals/d", "TRANSFEREE"}, kRegime, kEnd + Hours(50)));
  }
  TTX_CHECK(false, "unreachable");
}

Listing WithHolder(Listing listing) {
  listing.content.priority_holders = {{"张三", "", {PriorityRight::kInventor, 1, 0}}};
  return listing;
}
PriorityNotice Told() {
  PriorityNotice notice;
  notice.method = NoticeMethod::kDirect;
  notice.date = MakeDate(2026, 9, 16);
  notice.evidence = testing::MakeAttachment();
  notice.person = "people/clerk";
  return notice;
}

const Time kLate = kEnd + Hours(24 * 30);
struct Row {
  const char* command;
  std::function<Result<ListingDecision>(const Listing&)> run;
  std::map<S, S> next;
  bool total = false;  // allowed in every state; changes nothing in those not in `next`
};
const Row kRows[] = {
    {"Update",
     [](const Listing& l) {
       return Decide(l, UpdateListing{"people/m", MakeListingContent(), {}}, kRegime, kPublish);
     },
     {{S::kDraft, S::kDraft}}},
    {"Submit",
     [](const Listing& l) {
       return Decide(l, SubmitListing{"people/m", "06"}, kRegime, kPublish);
     },
     {{S::kDraft, S::kSubmitted}}},
    {"Accept",
     [](const Listing& l) { return Decide(l, AcceptListing{"people/x"}, kRegime, kPublish); },
     {{S::kSubmitted, S::kUnderReview}}},
    {"Return",
     [](const Listing& l) {
       return Decide(l, ReturnListing{"people/x", "缺材料"}, kRegime, kPublish);
     },
     {{S::kSubmitted, S::kDraft}}},
    {"Approve",
     [](const Listing& l) {
       return Decide(l, ApproveListing{"people/x", Review::kBusiness, "PJ1"}, kRegime, kPublish);
     },
     {{S::kUnderReview, S::kUnderReview}}},
    {"Reject",
     [](const Listing& l) {
       return Decide(l, RejectListing{"people/x", "不符"}, kRegime, kPublish);
     },
     {{S::kUnderReview, S::kRejected}}},
    {"RecordPriorityNotice",
     [](const Listing& l) {
       return Decide(WithHolder(l), RecordPriorityNotice{1, Told()}, kRegime, kPublish);
     },
     {{S::kUnderReview, S::kUnderReview}, {S::kApproved, S::kApproved}}},
    {"AnswerPriority",
     [](const Listing& l) {
       return Decide(WithHolder(l), AnswerPriority{1, PriorityAnswer::kWaive, "people/x"}, kRegime, kPublish);
     },
     {{S::kUnderReview, S::kUnderReview},
      {S::kApproved, S::kApproved},
      {S::kListed, S::kListed},
      {S::kSuspended, S::kSuspended}}},
    {"Publish",
     [](const Listing& l) {
       return Decide(l, PublishListing{"people/x", "h"}, kRegime, kPublish);
     },
     {{S::kApproved, S::kListed}}},
    {"Suspend",
     [](const Listing& l) {
       return Decide(l, Propose{{Action::kSuspend, "OBJECTION", "", "people/x"}}, kRegime, kPublish);
     },
     {{S::kListed, S::kListed}}},
    {"Resume",
     [](const Listing& l) {
       return Decide(l, Propose{{Action::kResume, "", "", "people/x"}}, kRegime, kPublish);
     },
     {{S::kSuspended, S::kSuspended}}},
    {"Terminate",
     [](const Listing& l) {
       return Decide(l, Propose{{Action::kTerminate, "OBJECTION", "", "people/x"}}, kRegime, kPublish);
     },
     {{S::kListed, S::kListed}, {S::kSuspended, S::kSuspended}}},
    {"Confirm", [](const Listing& l) { return Decide(l, Confirm{"people/y"}, kRegime, kPublish); }, {}},
    {"Withdraw",
     [](const Listing& l) {
       return Decide(l, WithdrawListing{"people/m", false}, kRegime, kPublish);
     },
     {{S::kDraft, S::kWithdrawn},
      {S::kSubmitted, S::kWithdrawn},
      {S::kUnderReview, S::kWithdrawn},
      {S::kApproved, S::kWithdrawn},
      {S::kListed, S::kWithdrawn}}},
    {"EndPeriod",
     [](const Listing& l) { return Decide(l, EndPeriod{1}, kRegime, kLate); },
     {{S::kListed, S::kQualifying}},
     true},
    {"Qualification",
     [](const Listing& l) {
       return Decide(l, Qualification{0, {}}, kRegime, kEnd);
     },
     {{S::kQualifying, S::kExpired}},
     true},
    {"ScheduleBidding",
     [](const Listing& l) {
       return Decide(l, ScheduleBidding{"auctions/y", {}, kTwo}, kRegime, kEnd);
     },
     {{S::kQualifying, S::kBiddingScheduled}}},
    {"Quote",
     [](const Listing& l) {
       return Decide(l, Quote{"listings/l/intents/i", MakeDeal(), {}}, kRegime, kEnd);
     },
     {{S::kSingleBidder, S::kDealPending}}},
    {"EndQuote",
     [](const Listing& l) { return Decide(l, EndQuote{}, kRegime, kLate); },
     {{S::kSingleBidder, S::kDefaulted}},
     true},
    {"StartBidding",
     [](const Listing& l) { return Decide(l, StartBidding{}, kRegime, kEnd); },
     // Also a later phase, as the second sealed round of equal bidders.
     {{S::kBiddingScheduled, S::kBidding}, {S::kBidding, S::kBidding}}},
    {"AuctionWon",
     [](const Listing& l) { return Decide(l, AuctionWon{{MakeDeal()}}, kRegime, kEnd); },
     {{S::kBiddingScheduled, S::kDealPending}, {S::kBidding, S::kDealPending}}},
    {"AuctionFailed",
     [](const Listing& l) { return Decide(l, AuctionFailed{"NO_BID"}, kRegime, kEnd); },
     {{S::kBiddingScheduled, S::kExpired}, {S::kBidding, S::kExpired}}},
    {"ContractEffective",
     [](const Listing& l) { return Decide(l, ContractEffective{"deals/d"}, kRegime, kLate); },
     {{S::kDealPending, S::kDealSigned}, {S::kClosed, S::kClosed}, {S::kDefaulted, S::kDefaulted}}},
    {"DealDefaulted",
     [](const Listing& l) {
       return Decide(l, DealDefaulted{"deals/d", "TRANSFEREE"}, kRegime, kLate);
     },
     {{S::kDealPending, S::kDefaulted},
      {S::kDealSigned, S::kDefaulted},
      {S::kClosed, S::kClosed},
      {S::kDefaulted, S::kDefaulted}}},
    {"DealCancelled",
     [](const Listing& l) {
       return Decide(l, DealDefaulted{"deals/d", "CANCELLED"}, kRegime, kLate);
     },
     {{S::kDealPending, S::kDefaulted},
      {S::kDealSigned, S::kDealSigned},
      {S::kClosed, S::kClosed},
      {S::kDefaulted, S::kDefaulted}}},
    {"ContractTerminated",
     [](const Listing& l) {
       return Decide(l, DealDefaulted{"deals/d", "CONTRACT_TERMINATED"}, kRegime, kLate);
     },
     {{S::kDealSigned, S::kDefaulted}, {S::kClosed, S::kClosed}, {S::kDefaulted, S::kDefaulted}}},
    {"OpenObjection",
     [](const Listing& l) { return Decide(l, OpenObjection{"objections/o"}, kRegime, kPublish); },
     {{S::kListed, S::kSuspended},
      {S::kSuspended, S::kSuspended},
      {S::kQualifying, S::kQualifying},
      {S::kSingleBidder, S::kSingleBidder},
      {S::kBiddingScheduled, S::kBiddingScheduled},
      {S::kBidding, S::kBidding}},
     true},
    {"CloseUnknownObjection",
     [](const Listing& l) {
       return Decide(l, CloseObjection{"objections/x", true}, kRegime, kLate);
     },
     {},
     true},
    {"DealSettled",
     [](const Listing& l) { return Decide(l, DealSettled{"deals/d"}, kRegime, kLate); },
     {{S::kDealPending, S::kDealPending},
      {S::kDealSigned, S::kDealSigned},
      {S::kClosed, S::kClosed},
      {S::kDefaulted, S::kDefaulted}}},
    {"DealCertified",
     [](const Listing& l) { return Decide(l, DealCertified{"deals/d"}, kRegime, kLate); },
     {{S::kDealPending, S::kDealPending},
      {S::kDealSigned, S::kDealSigned},
      {S::kClosed, S::kClosed},
      {S::kDefaulted, S::kDefaulted}}},
};

TEST(Listing, EveryStateAnswersEveryCommand) {
  for (const Row& row : kRows) {
    for (int number = 1; number <= 18; ++number) {
      const Listing before = In(static_cast<S>(number));
      ASSERT_EQ(before.state, static_cast<S>(number));
      const auto result = row.run(before);
      const auto allowed = row.next.find(before.state);
      const std::string what = std::string(row.command) + " in " + std::string(StateName(before.state));
      if (allowed == row.next.end()) {
        ASSERT_EQ(result.ok(), row.total) << what;
        if (row.total) {
          EXPECT_EQ(result->next, before) << what;
        } else {
          EXPECT_EQ(result.error().code(), Code::kFailedPrecondition) << what;
        }
        continue;
      }
      ASSERT_TRUE(result.ok()) << what << ": " << result.error().message();
      EXPECT_EQ(result->next.state, allowed->second) << what;
      EXPECT_EQ(Check(result->next), std::nullopt) << what;
      Listing folded = before;
      folded.content = result->next.content;  // a row may need more in it
      for (const ListingEvent& event : result->events) folded = Apply(folded, event);
      EXPECT_EQ(folded, result->next) << what;
      EXPECT_EQ(result->next.version, before.version + static_cast<int64_t>(result->events.size())) << what;
    }
  }
}

// --- Several winners of one auction (domain.md 5.9, PRO_RATA)

Deal MakePortion(const std::string& id, int32_t share_ppm, int64_t price) {
  Deal deal = MakeDeal(price);
  deal.id = id;
  deal.intent = "listings/l/intents/" + id;
  deal.share_ppm = share_ppm;
  return deal;
}

Listing WithPortions(const std::vector<Deal>& deals) {
  return Must(Decide(In(S::kBidding), AuctionWon{deals}, kRegime, kLate));
}

using Fact = std::function<Result<ListingDecision>(const Listing&, const std::string&)>;
template <class Command>
Fact Tell(const std::string& reason = "") {
  return [reason](const Listing& listing, const std::string& deal) {
    if constexpr (std::is_same_v<Command, DealDefaulted>) {
      return Decide(listing, DealDefaulted{deal, reason}, kRegime, kLate);
    } else {
      return Decide(listing, Command{deal}, kRegime, kLate);
    }
  };
}
const Fact kEffective = Tell<ContractEffective>();
const Fact kSettled = Tell<DealSettled>();
const Fact kCertified = Tell<DealCertified>();
const Fact kBroken = Tell<DealDefaulted>("TRANSFEREE");
const Fact kCancelled = Tell<DealDefaulted>("CANCELLED");
const Fact kEnded = Tell<DealDefaulted>("CONTRACT_TERMINATED");

// How far a deal can be: pending, signed, signed and settled, done, not kept.
const std::map<char, std::vector<Fact>> kProgress = {{'P', {}},
                                                     {'S', {kEffective}},
                                                     {'M', {kEffective, kSettled}},
                                                     {'D', {kEffective, kSettled, kCertified}},
                                                     {'X', {kBroken}}};
// What each fact makes of it; '-' is refused.
struct FactRow {
  const char* name;
  Fact fact;
  std::map<char, char> next;
};
const FactRow kFactRows[] = {
    {"ContractEffective", kEffective, {{'P', 'S'}, {'S', '-'}, {'M', '-'}, {'D', 'D'}, {'X', 'X'}}},
    {"Transferee", kBroken, {{'P', 'X'}, {'S', 'X'}, {'M', 'X'}, {'D', 'D'}, {'X', 'X'}}},
    {"Cancelled", kCancelled, {{'P', 'X'}, {'S', 'S'}, {'M', 'M'}, {'D', 'D'}, {'X', 'X'}}},
    {"Terminated", kEnded, {{'P', '-'}, {'S', 'X'}, {'M', 'X'}, {'D', 'D'}, {'X', 'X'}}},
    {"Settled", kSettled, {{'P', 'P'}, {'S', 'M'}, {'M', 'M'}, {'D', 'D'}, {'X', 'X'}}},
    {"Certified", kCertified, {{'P', 'P'}, {'S', 'S'}, {'M', 'D'}, {'D', 'D'}, {'X', 'X'}}},
};
// Where the listing is with two deals that far; an S is signed, settled or not.
const std::map<std::string, S> kWhole = {{"PP", S::kDealPending}, {"PS", S::kDealPending}, {"PD", S::kDealPending},
                                         {"PX", S::kDealPending}, {"SS", S::kDealSigned},  {"SD", S::kDealSigned},
                                         {"SX", S::kDealSigned},  {"DD", S::kClosed},      {"DX", S::kClosed},
                                         {"XX", S::kDefaulted}};

S WholeOf(char a, char b) {
  for (std::string pair : {std::string{a, b}, std::string{b, a}}) {
    for (char& letter : pair) letter = letter == 'M' ? 'S' : letter;
    if (const auto found = kWhole.find(pair); found != kWhole.end()) return found->second;
  }
  TTX_CHECK(false, "no such pair");
}

char ProgressOf(const Deal& deal) {
  if (deal.state == DealState::kDefaulted) return 'X';
  if (deal.state == DealState::kPending) return 'P';
  return !deal.settled ? 'S' : deal.certified ? 'D' : 'M';
}

TEST(Portions, EveryPairOfDealsAnswersEveryFact) {
  const Listing won =
      WithPortions({MakePortion("deals/a", 300'000, 36'000'000), MakePortion("deals/b", 700'000, 84'000'000)});
  EXPECT_EQ(won.state, S::kDealPending);
  int pairs = 0;
  for (const auto& [a, facts_of_a] : kProgress) {
    for (const auto& [b, facts_of_b] : kProgress) {
      Listing before = won;
      for (const Fact& fact : facts_of_a) before = Must(fact(before, "deals/a"));
      for (const Fact& fact : facts_of_b) before = Must(fact(before, "deals/b"));
      ASSERT_EQ(before.state, WholeOf(a, b)) << a << b;
      ++pairs;
      for (const FactRow& row : kFactRows) {
        const std::string what = std::string(row.name) + " of " + a + " beside " + b;
        const auto result = row.fact(before, "deals/a");
        EXPECT_EQ(row.fact(before, "deals/other").error().reason, Reason::kWRONG_STATE) << what;
        const char next = row.next.at(a);
        if (next == '-') {
          ASSERT_FALSE(result.ok()) << what;
          EXPECT_EQ(result.error().reason, Reason::kWRONG_STATE) << what;
          continue;
        }
        ASSERT_TRUE(result.ok()) << what;
        EXPECT_EQ(ProgressOf(result->next.deals[0]), a == 'S' && next == 'S' ? 'S' : next) << what;
        EXPECT_EQ(result->next.deals[1], before.deals[1]) << what;
        EXPECT_EQ(result->next.state, WholeOf(next, b)) << what;
        EXPECT_EQ(Check(result->next), std::nullopt) << what;
        Listing folded = before;
        for (const ListingEvent& event : result->events) folded = Apply(folded, event);
        EXPECT_EQ(folded, result->next) << what;
        EXPECT_EQ(UnsoldShareOf(result->next), (next == 'X' ? 300'000 : 0) + (b == 'X' ? 700'000 : 0)) << what;
      }
    }
  }
  EXPECT_EQ(pairs, 25);
}

TEST(Portions, AFactThatCameEarlyCountsOnceTheDealIsSigned) {
  Listing listing =
      WithPortions({MakePortion("deals/a", 300'000, 36'000'000), MakePortion("deals/b", 700'000, 84'000'000)});
  for (const Fact& fact : {kSettled, kCertified}) listing = Must(fact(listing, "deals/a"));
  for (const Fact& fact : {kEffective, kSettled, kCertified}) listing = Must(fact(listing, "deals/b"));
  EXPECT_EQ(listing.state, S::kDealPending);
  const auto last = kEffective(listing, "deals/a");
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(last->next.state, S::kClosed);
  ASSERT_EQ(last->events.size(), 2u);
  EXPECT_EQ(last->events[0].deal.id, "deals/a");
  EXPECT_EQ(last->events[0].state, S::kDealSigned);
}

TEST(Portions, TheEventsOfTheOnlyDealDoNotNameIt) {
  const auto effective = kEffective(In(S::kDealPending), "deals/d");
  ASSERT_EQ(effective->events.size(), 1u);
  EXPECT_EQ(effective->events[0].deal, Deal{});
  EXPECT_TRUE(kBroken(In(S::kDealPending), "deals/d")->events[0].deal.id.empty());
  EXPECT_EQ(UnsoldShareOf(In(S::kDefaulted)), 0) << "without portions";
}

TEST(Portions, APortionTooSmallToCostAFenIsNoDeal) {
  const Listing listing =
      WithPortions({MakePortion("deals/a", 1, 0), MakePortion("deals/b", 999'999, 120'000'000)});
  ASSERT_EQ(listing.deals.size(), 1u);
  EXPECT_EQ(listing.deals[0].id, "deals/b");
  EXPECT_EQ(UnsoldShareOf(listing), 1);
  EXPECT_FALSE(HasWon(listing, "listings/l/intents/deals/a"));
  EXPECT_TRUE(HasWon(listing, "listings/l/intents/deals/b"));
}

TEST(Portions, DealsThatCannotStandTogetherAreFaults) {
  const Listing good =
      WithPortions({MakePortion("deals/a", 300'000, 36'000'000), MakePortion("deals/b", 700'000, 84'000'000)});
  const auto fault = [&](auto change) {
    Listing bad = good;
    change(bad);
    return Check(bad).has_value();
  };
  EXPECT_FALSE(fault([](Listing&) {}));
  EXPECT_TRUE(fault([](Listing& l) { l.deals[1].share_ppm = 700'001; })) << "more than the whole";
  EXPECT_TRUE(fault([](Listing& l) { l.deals[1].share_ppm = 0; })) << "the whole beside a portion";
  EXPECT_TRUE(fault([](Listing& l) { l.deals[0].share_ppm = l.deals[1].share_ppm = 0; })) << "the whole twice";
  EXPECT_TRUE(fault([](Listing& l) { l.deals[1].price = Fen{1}; })) << "together below the listed price";
  EXPECT_TRUE(fault([](Listing& l) { l.deals[0].id.clear(); }));
  EXPECT_TRUE(fault([](Listing& l) { l.deals.clear(); }));
  EXPECT_TRUE(fault([](Listing& l) { l.state = S::kDealSigned; }));
  EXPECT_TRUE(fault([](Listing& l) { l.state = S::kClosed; }));
}

RC_GTEST_PROP(PortionsProperty, WhateverIsReportedTheSharesAddUpAndTheFoldHolds, ()) {
  const auto weights = *rc::gen::resize(5, rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(
                                               rc::gen::inRange(1, 1000))));
  std::vector<Deal> deals;
  int64_t sum = 0;
  for (const int weight : weights) sum += weight;
  int32_t left_ppm = 1'000'000;
  for (size_t i = 0; i < weights.size(); ++i) {
    const bool last = i + 1 == weights.size();
    const auto share_ppm = last ? left_ppm : static_cast<int32_t>(1'000'000 * int64_t{weights[i]} / sum);
    left_ppm -= share_ppm;
    deals.push_back(MakePortion("deals/" + std::to_string(i), share_ppm, 120'000'000));
  }
  Listing listing = WithPortions(deals);
  Fen listed;
  for (const Deal& deal : listing.deals) listed += deal.listed_price;
  RC_ASSERT(listed == listing.content.listed_price);
  const int steps = *rc::gen::inRange(0, 40);
  for (int i = 0; i < steps; ++i) {
    const FactRow& row = kFactRows[*rc::gen::inRange<size_t>(0, std::size(kFactRows))];
    const auto result = row.fact(listing, "deals/" + std::to_string(*rc::gen::inRange<size_t>(0, deals.size())));
    if (!result.ok()) continue;
    Listing folded = listing;
    for (const ListingEvent& event : result->events) folded = Apply(folded, event);
    RC_ASSERT(folded == result->next);
    RC_ASSERT(Check(folded) == std::nullopt);
    listing = folded;
    int32_t kept_ppm = 0;
    for (const Deal& deal : listing.deals) kept_ppm += deal.state == DealState::kDefaulted ? 0 : deal.share_ppm;
    RC_ASSERT(kept_ppm + UnsoldShareOf(listing) == 1'000'000);
    RC_ASSERT((listing.state == S::kDefaulted) == (kept_ppm == 0));
  }
}

// --- DYNAMIC (domain.md 5.4)

ListingContent DynamicContent() {
  ListingContent content = MakeListingContent();
  content.rules.mode = Mode::kDynamic;
  content.closing_hour = 17;
  return content;
}

Result<ListingDecision> PublishDynamic(ListingContent content, Time now = kPublish) {
  return Decide(Approved(std::move(content)), PublishListing{"people/officer", "hash", "auctions/x"}, kRegime, now);
}

const Time kDynamicEnd = AtHour(MakeDate(2026, 9, 30), 17, 0);

TEST(DynamicListing, PublicationOpensTheBiddingUntilTheListingEnds) {
  const auto published = PublishDynamic(DynamicContent());
  ASSERT_TRUE(published.ok());
  ASSERT_EQ(published->events.size(), 2u);
  EXPECT_EQ(published->events[1].type, ListingEventType::kBiddingScheduled);
  const Listing& listing = published->next;
  EXPECT_EQ(listing.state, S::kListed);
  EXPECT_EQ(listing.auction, "auctions/x");
  EXPECT_EQ(listing.bidding_start_time, kPublish);
  EXPECT_EQ(listing.end_time, kDynamicEnd);
  EXPECT_EQ(kPublish + AuctionRulesOf(listing).free_period, kDynamicEnd);
  EXPECT_TRUE(BidsWhileListed(listing));
  EXPECT_FALSE(BidsWhileListed(Listed()));
  EXPECT_EQ(Listed().auction, "");
}

TEST(DynamicListing, ListedItAnswersEveryCommand) {
  const std::map<std::string, S> next = {{"EndPeriod", S::kBidding},
                                         {"StartBidding", S::kBidding},
                                         {"AuctionWon", S::kDealPending},
                                         {"AuctionFailed", S::kExpired},
                                         {"OpenObjection", S::kListed},
                                         {"AnswerPriority", S::kListed}};
  const Listing before = PublishDynamic(DynamicContent())->next;
  for (const Row& row : kRows) {
    const auto result = row.run(before);
    const auto allowed = next.find(row.command);
    if (allowed == next.end()) {
      ASSERT_EQ(result.ok(), row.total) << row.command;
      if (row.total) {
        EXPECT_EQ(result->next, before) << row.command;
      } else {
        EXPECT_EQ(result.error().code(), Code::kFailedPrecondition) << row.command;
      }
      continue;
    }
    ASSERT_TRUE(result.ok()) << row.command;
    EXPECT_EQ(result->next.state, allowed->second) << row.command;
    EXPECT_FALSE(result->events.empty()) << row.command;
    EXPECT_EQ(Check(result->next), std::nullopt) << row.command;
  }
}

TEST(DynamicListing, ThePeriodEndsOnceByItsTimerOrByTheAuction) {
  const Listing listing = PublishDynamic(DynamicContent())->next;
  EXPECT_TRUE(Decide(listing, EndPeriod{0}, kRegime, kDynamicEnd - Nanoseconds(1))->events.empty());
  EXPECT_TRUE(Decide(listing, StartBidding{/*is_free=*/true}, kRegime, kPublish)->events.empty());
  // Whether anybody qualified is the auction's to say.
  const Listing ended = Must(Decide(listing, EndPeriod{0}, kRegime, kDynamicEnd));
  EXPECT_EQ(ended.state, S::kBidding);
  EXPECT_TRUE(Decide(ended, StartBidding{false}, kRegime, kDynamicEnd)->events.empty());
  EXPECT_EQ(Must(Decide(ended, AuctionFailed{"TOO_FEW_BIDDERS"}, kRegime, kDynamicEnd)).reason, "TOO_FEW_BIDDERS");
  const Listing told = Must(Decide(listing, StartBidding{false}, kRegime, kDynamicEnd - Nanoseconds(1)));
  EXPECT_EQ(told.state, S::kBidding);
  EXPECT_TRUE(Decide(told, EndPeriod{0}, kRegime, kDynamicEnd)->events.empty());
}

TEST(DynamicListing, AnUpheldObjectionEndsItAndTheAuctionsReportsAreMoot) {
  const Listing listing = PublishDynamic(DynamicContent())->next;
  const Listing open = Must(Decide(listing, OpenObjection{"objections/o"}, kRegime, kPublish));
  EXPECT_EQ(open.state, S::kListed);
  EXPECT_EQ(Must(Decide(open, CloseObjection{"objections/o", false}, kRegime, kPublish)).state, S::kListed);
  const Listing ended = Must(Decide(open, CloseObjection{"objections/o", true}, kRegime, kPublish));
  EXPECT_EQ(ended.state, S::kTerminated);
  EXPECT_TRUE(Decide(ended, AuctionFailed{"ANNULLED"}, kRegime, kPublish)->events.empty());
}

TEST(DynamicListing, AnExtensionIsDecidedBeforeTheSessionWouldEnd) {
  ListingContent content = DynamicContent();
  content.auto_extend = {true, 1, 5, 1};
  const Listing listing = PublishDynamic(content)->next;
  const Time due = kDynamicEnd - Hours(1);
  EXPECT_EQ(ExtensionDue(listing), due);
  EXPECT_TRUE(Decide(listing, EndPeriod{1}, kRegime, due - Nanoseconds(1))->events.empty());
  EXPECT_TRUE(Decide(listing, EndPeriod{2}, kRegime, due)->events.empty()) << "enough came";
  const Listing extended = Must(Decide(listing, EndPeriod{1}, kRegime, due));
  EXPECT_EQ(extended.state, S::kListed);
  EXPECT_EQ(extended.end_time, AtHour(MakeDate(2026, 10, 13), 17, 0));
  EXPECT_EQ(ExtensionDue(extended), std::nullopt) << "no cycle is left";
  EXPECT_EQ(Must(Decide(extended, EndPeriod{0}, kRegime, extended.end_time)).state, S::kBidding);
  EXPECT_EQ(Must(Decide(listing, EndPeriod{0}, kRegime, kDynamicEnd)).state, S::kBidding) << "too late to be heard";
}

TEST(DynamicListing, NothingIsScheduledOrExtendedToAProvisionalDate) {
  const Time december = AtHour(MakeDate(2026, 12, 25), 10, 0);
  EXPECT_EQ(PublishDynamic(DynamicContent(), december).error().reason, Reason::kPROVISIONAL_DATE);
  ListingContent content = DynamicContent();
  content.listing_days = 5;
  content.auto_extend = {true, 1, 5, 1};
  const Listing listing = PublishDynamic(content, AtHour(MakeDate(2026, 12, 21), 10, 0))->next;
  ASSERT_FALSE(listing.end_provisional);
  EXPECT_TRUE(Decide(listing, EndPeriod{0}, kRegime, *ExtensionDue(listing))->events.empty());
}

TEST(DynamicListing, TheFreePeriodIsTheListingPeriod) {
  const auto refused = [](auto change) {
    ListingContent content = DynamicContent();
    change(content);
    const auto result = NormalizeContent(content, kProfile);
    return result.ok() ? "" : result.error().violations[0].field;
  };
  EXPECT_EQ(refused([](auto&) {}), "");
  EXPECT_EQ(refused([](auto& c) { c.rules.free_period = Hours(24 * 7); }), "rules.free_period");
  EXPECT_EQ(refused([](auto& c) { c.listing_days = 30; }), "");
  EXPECT_EQ(refused([](auto& c) { c.listing_days = 31; }), "listing_days");
  EXPECT_EQ(refused([](auto& c) {
              c.listing_days = 21;
              c.auto_extend = {true, 0, 5, 2};
            }),
            "listing_days");
  RuleProfile profile = kProfile;
  profile.disclosure_workdays_min = 1;
  ListingContent brief = DynamicContent();
  brief.listing_days = 4;
  EXPECT_EQ(NormalizeContent(brief, profile).error().violations[0].field, "listing_days") << "five working days";
  brief.rules.mode = Mode::kMulti;
  EXPECT_TRUE(NormalizeContent(brief, profile).ok());
}

TEST(Listing, TwoReviewersWhoAreNeitherTheMakerNorOnePerson) {
  const Listing review = In(S::kUnderReview);
  const auto approve = [](const Listing& l, const char* person, Review r) {
    return Decide(l, ApproveListing{person, r, "PJ1"}, kRegime, kPublish);
  };
  EXPECT_EQ(approve(review, "people/maker", Review::kBusiness).error().reason, Reason::kSAME_PERSON);
  EXPECT_EQ(approve(review, "people/submitter", Review::kCompliance).error().reason, Reason::kSAME_PERSON);
  const Listing once = Must(approve(review, "people/b", Review::kBusiness));
  EXPECT_EQ(once.state, S::kUnderReview);
  EXPECT_EQ(once.project_no, "");
  EXPECT_EQ(approve(once, "people/z", Review::kBusiness).error().reason, Reason::kALREADY_REVIEWED);
  EXPECT_EQ(approve(once, "people/b", Review::kCompliance).error().reason, Reason::kSAME_PERSON);
  const Listing twice = Must(approve(once, "people/c", Review::kCompliance));
  EXPECT_EQ(twice.state, S::kApproved);
  EXPECT_EQ(twice.project_no, "PJ1");
  EXPECT_EQ(twice.profile_version, 1);
}

TEST(Listing, ThePeriodIsCountedFromTheDayOfPublication) {
  const Listing listing = Listed();
  EXPECT_EQ(FormatDate(listing.end_date), "2026-09-30");
  EXPECT_EQ(listing.end_time, kEnd);
  EXPECT_TRUE(TakesIntents(listing, kEnd - Nanoseconds(1)));
  EXPECT_FALSE(TakesIntents(listing, kEnd));
  ListingContent content = MakeListingContent();
  content.closing_hour = 17;
  EXPECT_EQ(Listed(content).end_time, AtHour(MakeDate(2026, 9, 30), 17, 0));
  content.earliest_start = kPublish + Nanoseconds(1);
  EXPECT_EQ(Decide(Approved(content), PublishListing{"people/o", "h"}, kRegime, kPublish).error().reason,
            Reason::kSTART_NOT_REACHED);
}

TEST(Listing, TheEndExtendsWhileTooFewCameAndCyclesAreLeft) {
  ListingContent content = MakeListingContent();
  content.auto_extend = {true, 1, 5, 2};
  Listing listing = Listed(content);
  const auto early = Decide(listing, EndPeriod{0}, kRegime, kEnd - Nanoseconds(1));
  EXPECT_TRUE(early->events.empty());
  listing = Must(Decide(listing, EndPeriod{1}, kRegime, kEnd));
  EXPECT_EQ(listing.state, S::kListed);
  EXPECT_EQ(FormatDate(listing.end_date), "2026-10-13");  // 10-08, 09, 10 (worked Saturday), 12, 13
  listing = Must(Decide(listing, EndPeriod{1}, kRegime, listing.end_time));
  EXPECT_EQ(listing.extension_count, 2);
  EXPECT_EQ(Must(Decide(listing, EndPeriod{1}, kRegime, listing.end_time)).state, S::kQualifying);
  EXPECT_EQ(Must(Decide(listing, EndPeriod{0}, kRegime, listing.end_time)).reason, "NO_INTENT");
  EXPECT_EQ(Must(Decide(Listed(content), EndPeriod{2}, kRegime, kEnd)).state, S::kQualifying);
}

TEST(Listing, NothingClosesOnAProvisionalDate) {
  const Time publish = AtHour(MakeDate(2026, 12, 25), 10, 0);
  const Listing listing = Must(Decide(Approved(), PublishListing{"people/officer", "h"}, kRegime, publish));
  ASSERT_TRUE(listing.end_provisional);
  const Time late = listing.end_time + Hours(24 * 30);
  const auto open = Decide(listing, EndPeriod{0}, kRegime, late);
  EXPECT_TRUE(open->events.empty());
  EXPECT_TRUE(TakesIntents(listing, late));
  // The table of 2027 arrives, with the first days of the year off.
  std::ifstream in("deploy/calendar/2026.txt");
  const std::string tables[] = {{std::istreambuf_iterator<char>(in), {}},
                                "year 2027\noff 2027-01-01..2027-01-03\n"};
  const Calendar calendar = Calendar::Parse(tables).value();
  const Regime later{calendar, kProfile};
  const Listing moved = Must(Decide(listing, EndPeriod{0}, later, publish + Hours(1)));
  EXPECT_EQ(moved.state, S::kListed);
  EXPECT_FALSE(moved.end_provisional);
  EXPECT_EQ(moved.end_date, calendar.ListingEnd(MakeDate(2026, 12, 25), 10).date);
  EXPECT_EQ(Must(Decide(listing, EndPeriod{0}, later, late)).state, S::kExpired);
}

TEST(Listing, SuspensionFreezesThePeriodAndNeedsTwoPersons) {
  Listing listing = Listed();
  EXPECT_EQ(Decide(listing, Confirm{"people/q"}, kRegime, kPublish).error().reason, Reason::kNO_PROPOSAL);
  EXPECT_EQ(Decide(listing, Propose{{Action::kSuspend, "BORED", "", "people/p"}}, kRegime, kPublish)
                .error()
                .violations[0]
                .reason,
            Reason::kUNKNOWN_VALUE);
  const Time day = AtHour(MakeDate(2026, 9, 28), 9, 0);  // 28, 29, 30 remain
  listing = Must(
      Decide(listing, Propose{{Action::kSuspend, "OWNERSHIP_DISPUTE", "异议", "people/p"}}, kRegime, day));
  for (const char* person : {"people/p", "people/maker", "people/submitter"}) {
    EXPECT_EQ(Decide(listing, Confirm{person}, kRegime, day).error().reason, Reason::kSAME_PERSON);
  }
  listing = Must(Decide(listing, Confirm{"people/q"}, kRegime, day));
  EXPECT_EQ(listing.remaining_days, 3);
  EXPECT_EQ(listing.reason, "OWNERSHIP_DISPUTE");
  EXPECT_FALSE(TakesIntents(listing, day));
  EXPECT_TRUE(Decide(listing, EndPeriod{0}, kRegime, kEnd)->events.empty());
  listing = Must(Decide(listing, Propose{{Action::kResume, "", "", "people/p"}}, kRegime, day));
  const Time resume = AtHour(MakeDate(2026, 10, 12), 9, 0);
  listing = Must(Decide(listing, Confirm{"people/q"}, kRegime, resume));
  // At least the profile's five working days: 12, 13, 14, 15, 16.
  EXPECT_EQ(FormatDate(listing.end_date), "2026-10-16");
}

// domain.md 5.1 min_bidders, 5.8; peers.md S16.
TEST(Listing, HowManyQualifyDecidesWhatFollows) {
  using bidding::SingleBidder;
  struct Case {
    const char* what;
    SingleBidder rule;
    int32_t min_bidders;
    size_t qualified;
    S next;
    const char* reason;
    bool can_schedule;
  };
  const Case cases[] = {
      {"agreement", SingleBidder::kAgreementAtQuote, 1, 0, S::kExpired, "NO_QUALIFIED_BIDDER", false},
      {"agreement", SingleBidder::kAgreementAtQuote, 1, 1, S::kSingleBidder, "", false},
      {"agreement", SingleBidder::kAgreementAtQuote, 1, 2, S::kQualifying, "", true},
      {"agreement", SingleBidder::kAgreementAtQuote, 2, 1, S::kExpired, "TOO_FEW_BIDDERS", false},
      {"agreement", SingleBidder::kAgreementAtQuote, 3, 2, S::kExpired, "TOO_FEW_BIDDERS", false},
      {"start price", SingleBidder::kStartPriceSale, 1, 0, S::kExpired, "NO_QUALIFIED_BIDDER", false},
      {"start price", SingleBidder::kStartPriceSale, 1, 1, S::kQualifying, "", true},
      {"start price", SingleBidder::kStartPriceSale, 2, 1, S::kExpired, "TOO_FEW_BIDDERS", false},
      {"start price", SingleBidder::kStartPriceSale, 2, 2, S::kQualifying, "", true},
      {"tender", SingleBidder::kRetender, 3, 1, S::kExpired, "TOO_FEW_BIDDERS", false},
      {"tender", SingleBidder::kRetender, 1, 2, S::kExpired, "TOO_FEW_BIDDERS", false},
      {"tender", SingleBidder::kRetender, 3, 3, S::kQualifying, "", true},
      {"tender", SingleBidder::kRetender, 4, 3, S::kExpired, "TOO_FEW_BIDDERS", false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.what) + " " + std::to_string(c.min_bidders) + " " + std::to_string(c.qualified));
    Listing listing = In(S::kQualifying);
    listing.content.rules.single_bidder = c.rule;
    listing.content.rules.min_bidders = c.min_bidders;
    const Qualification count{0, std::vector<std::string>(c.qualified, "listings/l/intents/i")};
    const Listing next = Must(Decide(listing, count, kRegime, kEnd));
    EXPECT_EQ(next.state, c.next);
    EXPECT_EQ(next.reason, c.reason);
    const auto scheduled = Decide(listing, ScheduleBidding{"auctions/x", {}, count}, kRegime, kEnd);
    EXPECT_EQ(scheduled.ok(), c.can_schedule);
    if (!c.can_schedule) EXPECT_EQ(scheduled.error().reason, Reason::kTOO_FEW_BIDDERS);
    Qualification early = count;
    early.undecided = 1;
    EXPECT_TRUE(Decide(listing, early, kRegime, kEnd)->events.empty()) << "another one may still qualify";
  }
}

TEST(Listing, WhatHoldsForASingleBidderIsTheProfilesToSayWhereTheApplicantDoesNot) {
  using bidding::SingleBidder;
  RuleProfile sale = kProfile;
  sale.single_bidder_rule = 0;
  const auto rule = [](Mode mode, bool is_open, SingleBidder said, const RuleProfile& profile) {
    ListingContent content = MakeListingContent();
    content.rules.mode = mode;
    content.rules.single_bidder = said;
    content.is_single_bidder_open = is_open;
    const ListingContent made = NormalizeContent(content, profile).value();
    EXPECT_FALSE(made.is_single_bidder_open);
    return made.rules.single_bidder;
  };
  constexpr auto kSale = SingleBidder::kStartPriceSale;
  constexpr auto kQuote = SingleBidder::kAgreementAtQuote;
  EXPECT_EQ(rule(Mode::kMulti, true, kSale, kProfile), kQuote);
  EXPECT_EQ(rule(Mode::kEnglish, true, kSale, kProfile), kQuote);
  EXPECT_EQ(rule(Mode::kDynamic, true, kSale, kProfile), kSale);
  EXPECT_EQ(rule(Mode::kMulti, true, kSale, sale), kSale);
  EXPECT_EQ(rule(Mode::kMulti, false, kSale, kProfile), kSale);
  EXPECT_EQ(rule(Mode::kDynamic, false, kQuote, kProfile), kQuote);
}

TEST(Listing, TheOnlyBidderQuotesInTimeAndNotBelowTheListedPrice) {
  const Listing single = In(S::kSingleBidder);
  EXPECT_EQ(single.quote_due_time, kCalendar.DeadlineWorkdays(DateInShanghai(kEnd), 3).end());
  const auto quote = [&](const char* intent, int64_t price, Time now) {
    return Decide(single, Quote{intent, MakeDeal(price), {}}, kRegime, now);
  };
  EXPECT_EQ(quote("listings/l/intents/j", 1, single.quote_due_time).error().reason, Reason::kNOT_QUALIFIED);
  EXPECT_EQ(quote("listings/l/intents/i", 1, single.quote_due_time).error().reason, Reason::kQUOTE_TOO_LATE);
  EXPECT_EQ(quote("listings/l/intents/i", 99'999'999, kEnd).error().reason, Reason::kBELOW_LISTED_PRICE);
  EXPECT_EQ(quote("listings/l/intents/i", 0, kEnd).error().violations[0].field, "price_fen");
  EXPECT_TRUE(quote("listings/l/intents/i", 100'000'000, single.quote_due_time - Nanoseconds(1)).ok());
  EXPECT_TRUE(Decide(single, EndQuote{}, kRegime, single.quote_due_time - Nanoseconds(1))->events.empty());
  EXPECT_EQ(Must(Decide(single, EndQuote{}, kRegime, single.quote_due_time)).reason, "NO_QUOTE");
}

TEST(Listing, AQuoteBelowTheReserveIsNotTakenButIsNoDefault) {
  Listing single = In(S::kSingleBidder);
  const auto quote = [&](int64_t price) {
    Quote command{"listings/l/intents/i", MakeDeal(price), Fen{110'000'000}};
    return Decide(single, command, kRegime, kEnd);
  };
  EXPECT_EQ(quote(99'999'999).error().reason, Reason::kBELOW_LISTED_PRICE);
  EXPECT_FALSE(IsLowQuote(*quote(110'000'000)));
  EXPECT_EQ(quote(110'000'000)->next.state, S::kDealPending);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(IsLowQuote(*quote(109'999'999)));
    single = Must(quote(109'999'999));
    EXPECT_EQ(single.state, S::kSingleBidder);
  }
  // Nobody finds the reserve price out by trying.
  EXPECT_EQ(quote(110'000'000).error().reason, Reason::kNO_MORE_QUOTES);
  const Listing over = Must(Decide(single, EndQuote{}, kRegime, single.quote_due_time));
  EXPECT_EQ(over.state, S::kExpired);
  EXPECT_EQ(over.reason, "BELOW_RESERVE");
}

TEST(Listing, AnObjectionSuspendsTheListingUntilItIsClosed) {
  const Time day = AtHour(MakeDate(2026, 9, 28), 9, 0);  // 28, 29, 30 remain
  const auto open = [&](const Listing& l, const char* name) {
    return Must(Decide(l, OpenObjection{name}, kRegime, day));
  };
  const auto close = [&](const Listing& l, const char* name, bool upheld) {
    return Must(Decide(l, CloseObjection{name, upheld}, kRegime, day));
  };
  Listing held = open(Listed(), "objections/a");
  EXPECT_EQ(held.state, S::kSuspended);
  EXPECT_EQ(held.reason, "OBJECTION");
  EXPECT_EQ(held.remaining_days, 3);
  EXPECT_TRUE(Decide(held, OpenObjection{"objections/a"}, kRegime, day)->events.empty());
  EXPECT_EQ(Decide(held, Propose{{Action::kResume, "", "", "people/p"}}, kRegime, day).error().reason,
            Reason::kOBJECTION_OPEN);
  held = open(held, "objections/b");
  held = close(held, "objections/a", false);
  EXPECT_EQ(held.state, S::kSuspended);
  const Listing resumed = close(held, "objections/b", false);
  EXPECT_EQ(resumed.state, S::kListed);
  EXPECT_EQ(FormatDate(resumed.end_date), FormatDate(kCalendar.ListingEnd(MakeDate(2026, 9, 28), 5).date));
  EXPECT_EQ(close(held, "objections/b", true).state, S::kTerminated);
  // What two persons have suspended only two persons resume.
  const Listing by_persons = close(open(In(S::kSuspended), "objections/c"), "objections/c", false);
  EXPECT_EQ(by_persons.state, S::kSuspended);
}

TEST(Listing, AnOpenObjectionStopsSchedulingAndQuoting) {
  const auto open = [](S state) {
    return Must(Decide(In(state), OpenObjection{"objections/a"}, kRegime, kEnd));
  };
  EXPECT_EQ(Decide(open(S::kQualifying), ScheduleBidding{"auctions/x", {}, kTwo}, kRegime, kEnd)
                .error()
                .reason,
            Reason::kOBJECTION_OPEN);
  const Listing single = open(S::kSingleBidder);
  EXPECT_EQ(Decide(single, Quote{"listings/l/intents/i", MakeDeal(), {}}, kRegime, kEnd).error().reason,
            Reason::kOBJECTION_OPEN);
  // The bidder is not late for what it may not do: its time begins anew.
  EXPECT_TRUE(Decide(single, EndQuote{}, kRegime, single.quote_due_time)->events.empty());
  const Listing again =
      Must(Decide(single, CloseObjection{"objections/a", false}, kRegime, single.quote_due_time));
  EXPECT_EQ(again.quote_due_time, kCalendar.DeadlineWorkdays(DateInShanghai(single.quote_due_time), 3).end());
  for (const S state : {S::kQualifying, S::kSingleBidder, S::kBiddingScheduled, S::kBidding}) {
    const Listing ended = Must(Decide(open(state), CloseObjection{"objections/a", true}, kRegime, kEnd));
    EXPECT_EQ(ended.state, S::kTerminated);
    EXPECT_EQ(ended.reason, "OBJECTION");
    // The auction that was under way still reports.
    if (!ended.auction.empty()) {
      EXPECT_TRUE(Decide(ended, AuctionWon{{MakeDeal()}}, kRegime, kEnd)->events.empty());
      EXPECT_TRUE(Decide(ended, StartBidding{}, kRegime, kEnd)->events.empty());
      EXPECT_TRUE(Decide(ended, AuctionFailed{"NO_BID"}, kRegime, kEnd)->events.empty());
    }
  }
}

// --- Holders of priority rights (domain.md 4.7)

TEST(Listing, NothingIsPublishedBeforeEveryDeclaredHolderWasToldOrAnswered) {
  ListingContent content = MakeListingContent();
  content.priority_holders = {{"张三", "", {PriorityRight::kInventor, 1, 0}},
                              {"某公司", "organizations/co-owner", {PriorityRight::kCoDeveloper, 2, 0}}};
  Listing listing = Approved(content);
  const auto publish = [&](Time now) {
    return Decide(listing, PublishListing{"people/officer", "hash"}, kRegime, now);
  };
  EXPECT_EQ(publish(kPublish).error().reason, Reason::kPRIORITY_NOTICE_OPEN);
  listing = Must(Decide(listing, RecordPriorityNotice{2, Told()}, kRegime, kPublish));
  listing = Must(Decide(listing, AnswerPriority{1, PriorityAnswer::kExerciseInFloor, "people/p"}, kRegime, kPublish));
  EXPECT_EQ(publish(kPublish).error().metadata.at("holder"), "2");
  EXPECT_EQ(publish(StartOfDay(MakeDate(2026, 9, 19)) - Nanoseconds(1)).error().reason, Reason::kPRIORITY_NOTICE_OPEN);
  EXPECT_TRUE(publish(StartOfDay(MakeDate(2026, 9, 19))).ok());
  // A holder answers once, and a later record of how it was told does not undo the answer.
  EXPECT_EQ(Decide(listing, AnswerPriority{1, PriorityAnswer::kWaive, "people/p"}, kRegime, kPublish)
                .error()
                .violations[0]
                .reason,
            Reason::kDUPLICATE);
  listing = Must(Decide(listing, RecordPriorityNotice{1, Told()}, kRegime, kPublish));
  EXPECT_EQ(listing.priority_notices[0].answer, PriorityAnswer::kExerciseInFloor);
  for (const int32_t holder : {0, -1, 3}) {
    EXPECT_EQ(Decide(listing, RecordPriorityNotice{holder, Told()}, kRegime, kPublish).error().violations[0].field,
              "holder");
  }
  for (const PriorityAnswer answer : {PriorityAnswer::kNone, static_cast<PriorityAnswer>(3)}) {
    EXPECT_EQ(Decide(listing, AnswerPriority{2, answer, "people/p"}, kRegime, kPublish).error().violations[0].field,
              "answer");
  }
}

// --- Re-listing (domain.md 4.4)

TEST(Listing, ARelistingIsJudgedAtEveryStepByWhatWentBefore) {
  RuleProfile profile = kProfile;
  profile.price_cut_rule = static_cast<int32_t>(PriceCutRule::kApprovalBody);
  profile.disclosure_workdays_min = profile.disclosure_workdays_default = 20;
  const Regime regime{kCalendar, profile};
  ListingContent content = MakeListingContent();
  content.listed_price = Fen{900'000'000};
  content.listing_days = 5;
  content.relisting = {"listings/before", Fen{1'000'000'000}, PriceCutEvidence::kOwnerDecision,
                       testing::MakeAttachment()};
  const Previous previous{Fen{1'000'000'000}, MakeDate(2025, 9, 17), 10};
  CreateListing command{{"l"}, kExchange, kOwner, "某大学", "achievements/a", "people/maker", content, {}, previous};
  const Listing draft = Must(Decide(command, regime, kPublish));
  EXPECT_EQ(draft.previous, previous);
  EXPECT_EQ(draft.content.listing_days, 5) << "the period after a price cut";
  const Time late = kPublish + Hours(24);
  EXPECT_EQ(Decide(command, regime, late).error().reason, Reason::kREDO_APPRAISAL);
  EXPECT_EQ(Decide(draft, SubmitListing{"people/m", "06"}, regime, late).error().reason, Reason::kREDO_APPRAISAL);
  Listing approved = draft;
  approved.state = S::kApproved;
  EXPECT_EQ(Decide(approved, PublishListing{"people/x", "h"}, regime, late).error().reason, Reason::kREDO_APPRAISAL);
  command.content.listed_price = Fen{899'999'999};
  EXPECT_EQ(Decide(command, regime, kPublish).error().violations[0].field, "price_cut.evidence");
  command.content.listed_price = Fen{1'000'000'000};
  EXPECT_EQ(Decide(command, regime, kPublish).error().violations[0].field, "listing_days") << "no cut";
}

TEST(Listing, WhatEndedInPublicWithoutADealThatHeldMayBeListedAnew) {
  for (int number = 1; number <= 18; ++number) {
    const S state = static_cast<S>(number);
    const bool may = state == S::kTerminated || state == S::kExpired || state == S::kDefaulted;
    EXPECT_EQ(MayBeRelisted(In(state)), may) << StateName(state);
  }
  const Listing first = In(S::kExpired);
  EXPECT_EQ(AsPrevious(first), (Previous{Fen{100'000'000}, MakeDate(2026, 9, 17), 10}));
  Listing second = first;
  second.content.relisting.previous_listing = "listings/first";
  second.content.listed_price = Fen{90'000'000};
  second.previous = {Fen{100'000'000}, MakeDate(2026, 3, 2), 20};
  EXPECT_EQ(AsPrevious(second), (Previous{Fen{90'000'000}, MakeDate(2026, 3, 2), 20})) << "the first of all counts";
}

TEST(Listing, BiddingNeedsTwoAndEverythingDecided) {
  const Listing listing = In(S::kQualifying);
  const auto schedule = [&](Qualification q, Time start) {
    return Decide(listing, ScheduleBidding{"auctions/x", start, q}, kRegime, kEnd);
  };
  EXPECT_EQ(schedule({1, {}}, {}).error().reason, Reason::kINTENTS_UNDECIDED);
  EXPECT_EQ(schedule({0, {"i"}}, {}).error().reason, Reason::kTOO_FEW_BIDDERS);
  EXPECT_EQ(schedule(kTwo, kEnd).error().violations[0].field, "start_time");
  EXPECT_EQ(schedule(kTwo, kEnd + Hours(24 * 60) + Nanoseconds(1)).error().violations[0].reason,
            Reason::kOUT_OF_RANGE);
}

TEST(Listing, BiddersAreCalledWithTheNoticeOfTheProfile) {
  const Listing listing = In(S::kQualifying);
  RuleProfile profile = testing::MakeProfile();
  const auto start = [&](int days, Time asked, Time now) -> Result<Time> {
    profile.bidding_notice_workdays_min = days;
    TTX_TRY(const ListingDecision decision,
            Decide(listing, ScheduleBidding{"auctions/x", asked, kTwo}, Regime{kCalendar, profile}, now));
    return decision.next.bidding_start_time;
  };
  // Wednesday 2026-09-30 is the last working day before eight days off; Saturday 10-10 is worked.
  const Time now = StartOfDay(MakeDate(2026, 9, 30)) + Hours(15);
  const Time after_one = StartOfDay(MakeDate(2026, 10, 9));
  EXPECT_EQ(*start(1, after_one, now), after_one);
  EXPECT_EQ(start(1, after_one - Nanoseconds(1), now).error().violations[0],
            (FieldViolation{"start_time", Reason::kOUT_OF_RANGE,
                            FormatTime(after_one) + ".." + FormatTime(now + Hours(24 * 60))}));
  EXPECT_EQ(*start(3, {}, now), StartOfDay(MakeDate(2026, 10, 12)) + Hours(9));
  EXPECT_EQ(*start(1, {}, now), after_one + Hours(9));
  EXPECT_EQ(*start(0, now + Nanoseconds(1), now), now + Nanoseconds(1));
  EXPECT_FALSE(start(0, now, now).ok());
  const Time new_year = StartOfDay(MakeDate(2026, 12, 31)) + Hours(15);
  EXPECT_EQ(start(1, {}, new_year).error().reason, Reason::kPROVISIONAL_DATE);
}

TEST(Listing, PhasesAreNoShorterThanTheProfileSays) {
  RuleProfile profile = testing::MakeProfile();
  profile.free_period_seconds_min = 7200;
  profile.cycle_seconds_min = 600;
  ListingContent content = testing::MakeListingContent();
  const auto defaults = NormalizeContent(content, profile);
  EXPECT_EQ(defaults->rules.free_period, Hours(2));
  EXPECT_EQ(defaults->rules.cycle, Minutes(10));
  content.rules.free_period = Hours(2) - Nanoseconds(1);
  EXPECT_EQ(NormalizeContent(content, profile).error().violations[0].field, "rules.free_period");
  content.rules.free_period = Hours(2);
  content.rules.cycle = Minutes(10) - Nanoseconds(1);
  EXPECT_EQ(NormalizeContent(content, profile).error().violations[0].field, "rules.cycle");
  content.rules.cycle = Minutes(10);
  EXPECT_TRUE(NormalizeContent(content, profile).ok());
}

TEST(Listing, SettlementAndCertificateCloseItInAnyOrder) {
  const Listing pending = In(S::kDealPending);
  const Time now = kEnd + Hours(60);
  const Listing settled = Must(Decide(pending, DealSettled{"deals/d"}, kRegime, now));
  const Listing both = Must(Decide(settled, DealCertified{"deals/d"}, kRegime, now));
  EXPECT_EQ(both.state, S::kDealPending);
  EXPECT_EQ(Must(Decide(both, ContractEffective{"deals/d"}, kRegime, now)).state, S::kClosed);
  EXPECT_EQ(Decide(pending, ContractEffective{"deals/other"}, kRegime, now).error().reason,
            Reason::kWRONG_STATE);
  EXPECT_EQ(In(S::kClosed).state, S::kClosed);
}

TEST(Listing, AnOwnerWithIntentsCannotSimplyWithdraw) {
  EXPECT_EQ(Decide(Listed(), WithdrawListing{"people/m", true}, kRegime, kPublish).error().reason,
            Reason::kHAS_INTENTS);
}

struct BadField {
  const char* field;
  std::function<void(ListingContent&)> spoil;
};

void ExpectRefused(std::span<const BadField> rows) {
  for (const BadField& row : rows) {
    ListingContent content = MakeListingContent();
    row.spoil(content);
    const auto result = NormalizeContent(content, kProfile);
    ASSERT_FALSE(result.ok()) << row.field;
    EXPECT_EQ(result.error().violations[0].field, row.field);
  }
}

TEST(Listing, BadContentNamesTheField) {
  const BadField rows[] = {
      {"title", [](auto& c) { c.title = "\n"; }},
      {"right_scope.kind", [](auto& c) { c.right_scope.kind = Kind::kUnspecified; }},
      {"right_scope.territories[0]", [](auto& c) { c.right_scope.territories = {"11"}; }},
      {"listed_price_fen", [](auto& c) { c.listed_price = Fen{0}; }},
      {"listing_days", [](auto& c) { c.listing_days = 4; }},
      {"closing_hour", [](auto& c) { c.closing_hour = 25; }},
      {"auto_extend.cycle_days",
       [](auto& c) {
         c.auto_extend = {true, 0, 4, 1};
       }},
      {"auto_extend.max_cycles",
       [](auto& c) {
         c.auto_extend = {true, 0, 5, 5};
       }},
      {"rules.start_price_fen", [](auto& c) { c.rules.start_price = Fen{1}; }},
      {"rules.increments[0].step_fen",
       [](auto& c) {
         c.rules.increments = {{c.listed_price, Fen{0}}};
       }},
      {"rules.cycle", [](auto& c) { c.rules.cycle = Milliseconds(1); }},
      {"rules.cap_fen", [](auto& c) { c.rules.cap = Fen{c.listed_price.value + 1}; }},
      {"deposit.amount_fen", [](auto& c) { c.deposit.amount = Fen{30'000'001}; }},
      {"deposit.amount_fen", [](auto& c) { c.deposit.amount = Fen{-1}; }},
      {"deposit.guarantee", [](auto& c) { c.deposit.guarantee = ""; }},
      {"payment_terms", [](auto& c) { c.payment_terms = ""; }},
      {"contact", [](auto& c) { c.contact = ""; }},
      {"attachments[0].size",
       [](auto& c) {
         c.attachments = {{"a", std::string(64, 'a'), 0}};
       }},
  };
  ExpectRefused(rows);
}

// Everything that the auction service would refuse, and by the same name.
TEST(Listing, RulesThatNoSessionCouldRunByAreRefused) {
  const BadField rows[] = {
      {"rules.preparation", [](auto& c) { c.rules.preparation = Hours(25); }},
      {"rules.max_total", [](auto& c) { c.rules.max_total = Hours(24 * 91); }},
      {"rules.warnings[0]", [](auto& c) { c.rules.warnings = {Hours(25)}; }},
      {"rules.cap_policy", [](auto& c) { c.rules.cap_policy = bidding::CapPolicy::kLotteryAtCap; }},
      {"rules.tie_rule", [](auto& c) { c.rules.tie_rule = bidding::TieRule::kRequote; }},
      {"rules.proxy_bids",
       [](auto& c) {
         c.rules.proxy_bids = true;
         c.rules.multiple_base = bidding::MultipleBase::kFromCurrent;
       }},
      {"rules.priority.answer_period", [](auto& c) { c.rules.priority.answer_period = Hours(24 * 15); }},
      {"rules.priority.best_bidder_may_raise", [](auto& c) { c.rules.priority.best_bidder_may_raise = true; }},
      {"rules.suspension.longest", [](auto& c) { c.rules.suspension.longest = Hours(1); }},
      {"rules.dutch.decrement_fen",
       [](auto& c) {
         c.rules = bidding::OpenRules(Mode::kDutch);
         c.rules.dutch = {Fen{1}, {}, Seconds(1), Fen{1}};
       }},
      {"rules.dutch.floor_fen",
       [](auto& c) {
         c.rules = bidding::OpenRules(Mode::kDutch);
         c.rules.dutch = {Fen{1'000'000}, {}, Seconds(1), Fen{c.listed_price.value + 1}};
       }},
      {"rules.sealed.shares_needed",
       [](auto& c) {
         c.rules = bidding::OpenRules(Mode::kSealed);
         c.rules.sealed.shares_needed = 6;
       }},
      {"rules.scoring",
       [](auto& c) {
         c.rules = bidding::OpenRules(Mode::kWeighted);
         c.rules.scoring = {{600'000}, {{"team", {300'000}}}, {}};
       }},
      {"rules.min_bidders",
       [](auto& c) {
         c.rules = bidding::OpenRules(Mode::kTender);
         c.rules.scoring.price_weight = {1'000'000};
         c.rules.min_bidders = 2;
       }},
      {"rules.preparation",
       [](auto& c) {
         c.rules = bidding::OpenRules(Mode::kDynamic);
         c.rules.preparation = Hours(25);
       }},
  };
  ExpectRefused(rows);
}

// Rules that were approved before they were checked wholly stop where somebody can be told of it.
TEST(Listing, RulesThatCannotRunAreNeitherPublishedNorScheduled) {
  const auto spoilt = [](Listing listing) {
    listing.content.rules.tie_rule = bidding::TieRule::kRequote;
    return listing;
  };
  const auto published = Decide(spoilt(In(S::kApproved)), PublishListing{"people/officer", "hash"}, kRegime, kPublish);
  ASSERT_FALSE(published.ok());
  EXPECT_EQ(published.error().violations.at(0).field, "rules.tie_rule");
  const auto scheduled =
      Decide(spoilt(In(S::kQualifying)), ScheduleBidding{"auctions/x", {}, kTwo}, kRegime, kEnd);
  ASSERT_FALSE(scheduled.ok());
  EXPECT_EQ(scheduled.error().violations.at(0).field, "rules.tie_rule");
}

// reliability.md N83: a file is kept by its digest; its name leads nowhere.
TEST(Listing, N83NamesOfAttachmentsHoldNoPath) {
  const auto refused = [](const std::string& name) -> std::optional<Reason> {
    ListingContent content = MakeListingContent();
    content.attachments = {{name, std::string(64, 'a'), 1}};
    const auto result = NormalizeContent(content, kProfile);
    if (result.ok()) return std::nullopt;
    EXPECT_EQ(result.error().violations[0].field, "attachments[0].name") << name;
    return result.error().violations[0].reason;
  };
  for (const char* name : {"../../x", "..\\x", "%2e%2e/", "/etc/passwd", "C:\\x", "a/b", ".", ".."}) {
    EXPECT_EQ(refused(name), Reason::kBAD_FORMAT) << name;
  }
  EXPECT_EQ(refused(std::string(300, 'a')), Reason::kTOO_LONG);
  EXPECT_EQ(refused(std::string("a\0b", 3)), Reason::kBAD_TEXT);
  EXPECT_EQ(refused("a\u202Efdp.exe"), Reason::kBAD_TEXT);
  EXPECT_EQ(refused(""), Reason::kREQUIRED);
  for (const char* name : {"合同（终稿）.pdf", "..a", "a..b", "%2e%2e"})
    EXPECT_EQ(refused(name), std::nullopt) << name;
}

TEST(Listing, DefaultsComeFromTheProfileAndTheOnePercentRule) {
  const ListingContent content = NormalizeContent(MakeListingContent(), kProfile).value();
  EXPECT_EQ(content.listing_days, 10);
  EXPECT_EQ(content.deposit.amount, Fen{10'000'000});
  EXPECT_EQ(content.deposit.pay_days, 3);
  EXPECT_EQ(content.rules.start_price, content.listed_price);
  EXPECT_EQ(content.rules.increments, (std::vector<Increment>{{Fen{100'000'000}, Fen{1'000'000}}}));
  EXPECT_EQ(content.rules.free_period, Hours(1));
  EXPECT_EQ(content.rules.cycle, Minutes(5));
  EXPECT_EQ(DefaultIncrement(Fen{123'456'789}), Fen{1'200'000});
  EXPECT_EQ(DefaultIncrement(Fen{10}), Fen{1});
}

RC_GTEST_PROP(Listing, NormalContentIsAFixedPoint, (int64_t price)) {
  ListingContent content = MakeListingContent();
  content.listed_price = Fen{1 + std::abs(price % 9'000'000'000'000'000)};
  const auto once = NormalizeContent(content, kProfile);
  RC_ASSERT(once.ok());
  const auto twice = NormalizeContent(*once, kProfile);
  RC_ASSERT(twice.ok());
  RC_ASSERT(*twice == *once);
  RC_ASSERT(once->deposit.amount.value >= 1);
}

TEST(Listing, TheReserveLiesBetweenStartAndCap) {
  ListingContent content = NormalizeContent(MakeListingContent(), kProfile).value();
  EXPECT_TRUE(CheckReserve(content, content.listed_price).ok());
  EXPECT_EQ(CheckReserve(content, content.listed_price - Fen{1}).error().violations[0].field, "reserve_fen");
  content.rules.cap = content.listed_price + Fen{1'000'000};
  EXPECT_FALSE(CheckReserve(content, *content.rules.cap + Fen{1}).ok());
}

TEST(Listing, ProjectNumbersCarryACheckSymbol) {
  const std::string number = ProjectNumber("ABCD", 2026, 3, 42);
  EXPECT_EQ(number.substr(0, 17), "PJABCD20263000042");
  EXPECT_EQ(number.back(), UsccCheckSymbol(number.substr(0, 17)));
  EXPECT_DEATH(ProjectNumber("ABCO", 2026, 3, 42), "4 symbols");  // no O among them
}

TEST(Listing, TheContentHashCoversEveryPublishedField) {
  const Listing listing = Approved();
  std::set<std::string> texts = {CanonicalContent(listing)};
  size_t expected = 1;
  const auto changed = [&](auto change) {
    Listing other = listing;
    change(other);
    texts.insert(CanonicalContent(other));
    ++expected;
  };
  changed([](Listing& l) { l.content.title += "x"; });
  changed([](Listing& l) { l.content.listed_price += Fen{1}; });
  changed([](Listing& l) { l.content.listing_days += 1; });
  changed([](Listing& l) { l.content.deposit.amount += Fen{1}; });
  changed([](Listing& l) { l.content.buyer_conditions = "x"; });
  changed([](Listing& l) { l.content.important_disclosures = "x"; });
  changed([](Listing& l) { l.content.rules.max_steps_per_bid = 7; });
  changed([](Listing& l) { l.content.attachments = {testing::MakeAttachment()}; });
  changed([](Listing& l) { l.content.right_scope.fields = {"x"}; });
  changed([](Listing& l) { l.reserve.commitment = "x"; });
  changed([](Listing& l) { l.content.relisting.previous_listing = "listings/x"; });
  changed([](Listing& l) { l.content.relisting.appraisal = Fen{1}; });
  changed([](Listing& l) { l.content.priority_holders = {{"张三", "", {PriorityRight::kInventor, 1, 0}}}; });
  EXPECT_EQ(texts.size(), expected);
}

}  // namespace
}  // namespace ttx::listing
