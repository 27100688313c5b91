#include "services/contract/domain/deal.h"

#include <gtest/gtest.h>

#include <functional>

#include "libs/core/uscc.h"
#include "services/contract/domain/fixtures.h"

namespace ttx::contract {
namespace {

using fixtures::GoodAttempt;
using fixtures::NewDeal;
using fixtures::Start;

const Deadline kLater{MakeDate(2026, 11, 26), 5, MakeDate(2026, 12, 3), false};

// Folds decisions and checks, after each, that the events rebuild the state.
class DealStory {
 public:
  explicit DealStory(const CreateDeal& command = NewDeal()) { Take(Decide(command, Start()).value()); }

  std::optional<Reason> Sign(Side side, Time now = Start()) {
    Result<DealDecision> decision =
        Decide(state_, SignConfirmation{GoodAttempt(side, state_.hashes), kLater}, now);
    if (!decision.ok()) return decision.error().reason;
    Take(*decision);
    return std::nullopt;
  }
  template <class Command>
  void Do(const Command& command, Time now = Start()) {
    Take(Decide(state_, command, now));
  }
  const Deal& state() const { return state_; }
  size_t events() const { return events_.size(); }

 private:
  void Take(const DealDecision& decision) {
    for (const DealEvent& event : decision.events) events_.push_back(event);
    Deal rebuilt;
    for (const DealEvent& event : events_) rebuilt = Apply(std::move(rebuilt), event);
    state_ = decision.next;
    EXPECT_EQ(rebuilt, state_);
    EXPECT_EQ(Check(state_), std::nullopt);
  }

  Deal state_;
  std::vector<DealEvent> events_;
};

Time EndOf(const Deadline& deadline) { return EndOfDay(deadline.date); }

TEST(Deal, EitherOrderOfSignaturesConfirmsIt) {
  for (const auto& [first, second] :
       {std::pair(Side::kExchange, Side::kBuyer), std::pair(Side::kBuyer, Side::kExchange)}) {
    DealStory story;
    EXPECT_EQ(story.Sign(first), std::nullopt);
    EXPECT_EQ(story.state().state, DealState::kPartial);
    EXPECT_EQ(story.Sign(first), Reason::kALREADY_SIGNED);
    EXPECT_EQ(story.Sign(second), std::nullopt);
    EXPECT_EQ(story.state().state, DealState::kConfirmed);
    EXPECT_EQ(story.state().signatures[0].verify_result, "VALID");
    EXPECT_EQ(story.state().signatures[0].sign_time, Start());
  }
}

TEST(Deal, StatesThatTakeNoSignature) {
  DealStory confirmed;
  confirmed.Sign(Side::kBuyer);
  confirmed.Sign(Side::kExchange);
  EXPECT_EQ(confirmed.Sign(Side::kBuyer), Reason::kWRONG_STATE);
  DealStory expired;
  expired.Do(CloseDealIfDue{}, EndOf(expired.state().confirmation_deadline));
  EXPECT_EQ(expired.Sign(Side::kBuyer), Reason::kWRONG_STATE);
  DealStory cancelled;
  cancelled.Do(OpenObjection{"objections/o"});
  EXPECT_EQ(cancelled.Sign(Side::kBuyer), Reason::kDEAL_SUSPENDED);
  cancelled.Do(CloseObjection{"objections/o", true, kLater, kLater});
  EXPECT_EQ(cancelled.state().state, DealState::kCancelled);
  EXPECT_EQ(cancelled.Sign(Side::kBuyer), Reason::kWRONG_STATE);
}

TEST(Deal, TheDeadlineIsHalfOpenAndTheWinnersAlone) {
  DealStory story;
  const Time end = EndOf(story.state().confirmation_deadline);
  EXPECT_EQ(story.Sign(Side::kBuyer, end), Reason::kDEADLINE_PASSED);
  EXPECT_EQ(story.Sign(Side::kBuyer, end - Nanoseconds(1)), std::nullopt);
  story.Do(CloseDealIfDue{}, end);
  EXPECT_EQ(story.state().state, DealState::kPartial)
      << "the exchange being late takes nothing from the winner";
  EXPECT_EQ(NextChange(story.state()), std::nullopt);
  EXPECT_EQ(story.Sign(Side::kExchange, end + Hours(30)), std::nullopt);
  EXPECT_EQ(story.state().contract_deadline, kLater) << "the time for the contract begins anew";
}

TEST(Deal, AWinnerThatDoesNotSignDefaults) {
  DealStory story;
  story.Sign(Side::kExchange);
  const Time end = EndOf(story.state().confirmation_deadline);
  EXPECT_EQ(NextChange(story.state()), end);
  story.Do(CloseDealIfDue{}, end - Nanoseconds(1));
  EXPECT_EQ(story.state().state, DealState::kPartial);
  story.Do(CloseDealIfDue{}, end);
  EXPECT_EQ(story.state().state, DealState::kExpired);
  EXPECT_EQ(story.state().defaulter, Defaulter::kTransferee);
  EXPECT_EQ(NextChange(story.state()), std::nullopt);
}

TEST(Deal, AConfirmedDealEndsWithItsContractsDeadlineUnlessConcluded) {
  for (const bool concluded : {true, false}) {
    DealStory story;
    story.Sign(Side::kBuyer);
    story.Sign(Side::kExchange);
    const Time end = EndOf(story.state().contract_deadline);
    EXPECT_EQ(NextChange(story.state()), end);
    story.Do(CloseDealIfDue{concluded, Defaulter::kTransferor, "contracts/c"}, end);
    EXPECT_EQ(story.state().state, concluded ? DealState::kConfirmed : DealState::kExpired);
    EXPECT_EQ(story.state().defaulter, concluded ? Defaulter::kNone : Defaulter::kTransferor);
  }
}

TEST(Deal, NothingIsClosedOnAProvisionalDate) {
  CreateDeal command = NewDeal();
  command.confirmation_deadline.provisional = true;
  DealStory story(command);
  const Time long_after = EndOf(command.confirmation_deadline) + Hours(1000);
  story.Do(CloseDealIfDue{}, long_after);
  EXPECT_EQ(story.state().state, DealState::kPending);
  EXPECT_EQ(story.Sign(Side::kBuyer, long_after), std::nullopt);
}

TEST(Deal, SuspensionStopsTheClockUntilTheLastObjectionIsClosed) {
  DealStory story;
  story.Do(OpenObjection{"objections/a"});
  story.Do(OpenObjection{"objections/b"});
  story.Do(OpenObjection{"objections/a"});
  EXPECT_EQ(story.state().objections.size(), 2u);
  EXPECT_EQ(NextChange(story.state()), std::nullopt);
  story.Do(CloseDealIfDue{}, Start() + Hours(10'000));
  EXPECT_EQ(story.state().state, DealState::kPending);
  story.Do(CloseObjection{"objections/a", false, kLater, kLater});
  EXPECT_TRUE(story.state().suspended());
  EXPECT_NE(story.state().confirmation_deadline, kLater);
  story.Do(CloseObjection{"objections/unknown", true, kLater, kLater});
  EXPECT_TRUE(story.state().suspended());
  story.Do(CloseObjection{"objections/b", false, kLater, kLater});
  EXPECT_FALSE(story.state().suspended());
  EXPECT_EQ(story.state().confirmation_deadline, kLater);
  EXPECT_EQ(NextChange(story.state()), EndOf(kLater));
}

TEST(Deal, AContractTerminatedBeforeItsEffectCancelsIt) {
  for (const bool suspended : {false, true}) {
    DealStory story;
    if (suspended) story.Do(OpenObjection{"objections/a"});
    story.Do(CancelDeal{"contracts/c1"});
    EXPECT_EQ(story.state().state, DealState::kCancelled);
    EXPECT_EQ(story.state().cancel_reason, "contracts/c1");
    EXPECT_EQ(story.state().defaulter, Defaulter::kNone);
    EXPECT_EQ(NextChange(story.state()), std::nullopt);
    EXPECT_EQ(story.Sign(Side::kBuyer), Reason::kWRONG_STATE);
  }
}

TEST(Deal, OnlyAnAuctionClaimsThatAReserveWasMet) {
  CreateDeal command = NewDeal();
  EXPECT_NE(ConfirmationText(command, Start()).find(R"("reserve_met":true)"), std::string::npos);
  command.facts.method = "SINGLE_BIDDER";
  EXPECT_NE(ConfirmationText(command, Start()).find(R"("reserve_met":false)"), std::string::npos);
}

TEST(Deal, WhatIsOverStaysOver) {
  DealStory story;
  story.Do(CloseDealIfDue{}, EndOf(story.state().confirmation_deadline));
  const Deal before = story.state();
  story.Do(OpenObjection{"objections/o"});
  story.Do(CloseObjection{"objections/o", true, kLater, kLater});
  story.Do(SetDeadlines{kLater, kLater});
  story.Do(CancelDeal{"contracts/c1"});
  story.Do(CloseDealIfDue{}, Start() + Hours(10'000));
  EXPECT_EQ(story.state(), before);
}

TEST(Deal, AnObjectionResumesWithTheWorkingDaysThatWereLeft) {
  const Calendar calendar = fixtures::PlainCalendar();
  const Deadline deadline{MakeDate(2026, 11, 2), 5, MakeDate(2026, 11, 9), false};  // Monday to Monday
  // Suspended on Wednesday the 4th: Thursday, Friday and Monday are left.
  EXPECT_EQ(Resume(calendar, deadline, MakeDate(2026, 11, 4), MakeDate(2026, 11, 18)).date,
            MakeDate(2026, 11, 23));
  // Suspended on the last day: one working day at least.
  EXPECT_EQ(Resume(calendar, deadline, MakeDate(2026, 11, 9), MakeDate(2026, 11, 20)).date,
            MakeDate(2026, 11, 23));
  const Deadline beyond = MakeDeadline(calendar, MakeDate(2026, 12, 30), 5);
  EXPECT_TRUE(beyond.provisional);
  EXPECT_EQ(Recompute(calendar, beyond), beyond);
}

TEST(Deal, ANumberCarriesTheCheckSymbolOfGb32100) {
  const std::string number = DealNumber("H7TX", 2026, 42);
  EXPECT_EQ(number.substr(0, 17), "DCH7TX20261000042");
  EXPECT_EQ(number[17], UsccCheckSymbol(number.substr(0, 17)));
}

TEST(Deal, CreationRefusesWhatCannotBeADeal) {
  const std::pair<const char*, std::function<void(DealFacts&)>> cases[] = {
      {"price_fen", [](DealFacts& f) { f.price = {}; }},
      {"deposit_fen", [](DealFacts& f) { f.deposit = {-1}; }},
      {"seller", [](DealFacts& f) { f.seller = ""; }},
      {"buyer", [](DealFacts& f) { f.buyer = ""; }},
      {"exchange", [](DealFacts& f) { f.exchange = ""; }},
      {"buyer", [](DealFacts& f) { f.buyer = f.seller; }},
      {"ip_numbers", [](DealFacts& f) { f.ip_numbers.resize(51); }}};
  for (const auto& [field, change] : cases) {
    CreateDeal command = NewDeal();
    change(command.facts);
    const auto decision = Decide(command, Start());
    ASSERT_FALSE(decision.ok()) << field;
    EXPECT_EQ(decision.error().violations.at(0).field, field);
  }
}

TEST(Signature, EachRefusalHasItsOwnReasonInOrder) {
  const DocumentHashes document{std::string(64, '1'), std::string(64, '2')};
  const std::pair<Reason, std::function<void(SignAttempt&)>> cases[] = {
      {Reason::kDOCUMENT_MISMATCH, [](SignAttempt& a) { a.document_hash = std::string(64, '9'); }},
      {Reason::kOTHER_CONTRACT,
       [](SignAttempt& a) {
         a.document_hash = std::string(64, '9');
         a.other_document = true;
       }},
      {Reason::kSIGNING_KEY_UNKNOWN, [](SignAttempt& a) { a.key.reset(); }},
      {Reason::kSIGNING_KEY_NOT_YOURS, [](SignAttempt& a) { a.key->organization = "organizations/other"; }},
      {Reason::kSIGNING_KEY_REVOKED, [](SignAttempt& a) { a.key->revoke_time = Start(); }},
      {Reason::kSIGNING_SUITE_MISMATCH, [](SignAttempt& a) { a.key->suite = "SM2-SM3"; }},
      {Reason::kSIGNING_SUITE_MISMATCH, [](SignAttempt& a) { a.document_hash = std::string(64, '2'); }},
      {Reason::kBAD_SIGNATURE, [](SignAttempt& a) { a.verified = false; }}};
  EXPECT_FALSE(RefuseAttempt(GoodAttempt(Side::kBuyer, document), document));
  for (size_t i = 0; i < std::size(cases); ++i) {
    SignAttempt attempt = GoodAttempt(Side::kBuyer, document);
    cases[i].second(attempt);
    const auto refusal = RefuseAttempt(attempt, document);
    ASSERT_TRUE(refusal) << i;
    EXPECT_EQ(refusal->reason, cases[i].first) << i;
    attempt.verified = false;  // the least important one never hides another
    EXPECT_EQ(RefuseAttempt(attempt, document)->reason, cases[i].first) << i;
  }
}

}  // namespace
}  // namespace ttx::contract
