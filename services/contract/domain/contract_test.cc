#include "services/contract/domain/contract.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

#include "services/contract/domain/fixtures.h"
#include "services/contract/domain/limits.h"

namespace ttx::contract {
namespace {

using fixtures::CompleteManifest;
using fixtures::GoodAttempt;
using fixtures::kTextHashes;
using fixtures::Start;

const Time kPaymentDue = Start() + Hours(240);

Deal DealIn(DealState state) {
  Deal deal = Decide(fixtures::NewDeal(), Start()).value().next;
  if (state == DealState::kConfirmed) {
    for (const Side side : {Side::kBuyer, Side::kExchange}) {
      deal = Decide(deal, SignConfirmation{GoodAttempt(side, deal.hashes), deal.contract_deadline}, Start())
                 .value()
                 .next;
    }
  }
  return deal;
}

// Folds decisions and checks, after each, that the events rebuild the state.
class ContractStory {
 public:
  explicit ContractStory(const Manifest& manifest = CompleteManifest()) {
    Take(Decide(deal, DraftContract{{"c1"}, manifest, kTextHashes, "people/drafter"}, Start()));
  }

  std::optional<Reason> Update(const Manifest& manifest) {
    return Take(Decide(state_, UpdateContract{manifest, kTextHashes, "people/drafter"}, Start()));
  }
  std::optional<Reason> Accept(Side side, const std::string& hash = kTextHashes.sha256) {
    return Take(Decide(state_, AcceptText{side, hash, "people/p"}, Start()));
  }
  std::optional<Reason> Freeze(Time now = Start()) {
    return Take(Decide(state_, FreezeContract{"people/p"}, deal, now));
  }
  std::optional<Reason> Sign(Side side, Time now = Start()) {
    return Take(Decide(state_, SignContract{GoodAttempt(side, state_.hashes), kPaymentDue}, deal, now));
  }
  std::optional<Reason> Propose(ProposedAct act, const std::string& person = "people/o") {
    const std::string reason = act == ProposedAct::kTerminate ? "AGREEMENT" : "";
    return Take(Decide(state_, ProposeAct{act, reason, "批准文号1", person}, deal, Start()));
  }
  std::optional<Reason> Confirm(const std::string& person = "people/second") {
    return Take(Decide(state_, ConfirmAct{person, kPaymentDue}, deal, Start()));
  }
  std::optional<Reason> MeetCondition() {
    if (const auto refused = Propose(ProposedAct::kMeetCondition)) return refused;
    return Confirm();
  }
  std::optional<Reason> Complete(bool registered = true) {
    return Take(Decide(state_, CompleteContract{"done", "people/o", registered}, Start()));
  }
  std::optional<Reason> Terminate() {
    if (const auto refused = Propose(ProposedAct::kTerminate)) return refused;
    return Confirm();
  }
  std::optional<Reason> Void() {
    return Take(Decide(state_, TerminateContract{"OBJECTION_UPHELD", "objections/o"}, Start()));
  }
  std::optional<Reason> Expire() {
    return Take(Decide(state_, ExpireContract{MissingSide(state_)}, Start()));
  }

  void BothAccept() {
    EXPECT_EQ(Accept(Side::kSeller), std::nullopt);
    EXPECT_EQ(Accept(Side::kBuyer), std::nullopt);
  }
  void GoTo(ContractState target) {
    if (target == ContractState::kDrafted) return;
    BothAccept();
    if (target == ContractState::kNegotiating) return;
    EXPECT_EQ(Freeze(), std::nullopt);
    if (target == ContractState::kReady) return;
    if (target == ContractState::kExpired) return (void)Expire();
    if (target == ContractState::kTerminated) return (void)Terminate();
    EXPECT_EQ(Sign(Side::kBuyer), std::nullopt);
    if (target == ContractState::kPartial) return;
    EXPECT_EQ(Sign(Side::kSeller), std::nullopt);
    if (target == ContractState::kCompleted) (void)Complete();
  }

  const Contract& state() const { return state_; }
  const Error& error() const { return *error_; }

  Deal deal = DealIn(DealState::kConfirmed);

 private:
  std::optional<Reason> Take(const Result<ContractDecision>& decision) {
    if (!decision.ok()) {
      error_ = decision.error();
      return error_->reason;
    }
    for (const ContractEvent& event : decision->events) events_.push_back(event);
    Contract rebuilt;
    for (const ContractEvent& event : events_) rebuilt = Apply(std::move(rebuilt), event);
    state_ = decision->next;
    EXPECT_EQ(rebuilt, state_);
    EXPECT_EQ(Check(state_), std::nullopt);
    return std::nullopt;
  }

  Contract state_;
  std::vector<ContractEvent> events_;
  std::optional<Error> error_;
};

Manifest Incomplete() {
  Manifest manifest = CompleteManifest();
  manifest.glossary.clear();
  manifest.payment.form = PaymentForm::kUnspecified;
  return manifest;
}

ContractStory StoryIn(ContractState state) {
  Manifest manifest = state == ContractState::kDrafted ? Incomplete() : CompleteManifest();
  manifest.approval_required = state == ContractState::kSigned;
  ContractStory story(manifest);
  story.GoTo(state);
  EXPECT_EQ(story.state().state, state);
  return story;
}

TEST(Contract, EveryStateAnswersEveryCommand) {
  const auto ok = std::optional<Reason>();
  const auto wrong = std::optional(Reason::kWRONG_STATE);
  const auto incomplete = std::optional(Reason::kMANIFEST_INCOMPLETE);
  const auto signed_already = std::optional(Reason::kALREADY_SIGNED);
  struct Row {
    ContractState state;
    std::optional<Reason> update, accept, freeze, sign, meet, complete, terminate, expire;
  };
  using enum ContractState;
  const Row rows[] = {
      {kDrafted, ok, incomplete, incomplete, wrong, wrong, wrong, ok, ok},
      {kNegotiating, ok, ok, ok, wrong, wrong, wrong, ok, ok},
      {kReady, wrong, wrong, wrong, ok, wrong, wrong, ok, ok},
      {kPartial, wrong, wrong, wrong, signed_already, wrong, wrong, ok, ok},
      {kSigned, wrong, wrong, wrong, wrong, ok, wrong, ok, wrong},
      {kEffective, wrong, wrong, wrong, wrong, wrong, ok, ok, wrong},
      {kCompleted, wrong, wrong, wrong, wrong, wrong, wrong, wrong, wrong},
      {kExpired, wrong, wrong, wrong, wrong, wrong, wrong, wrong, wrong},
      {kTerminated, wrong, wrong, wrong, wrong, wrong, wrong, wrong, wrong},
  };
  for (const Row& row : rows) {
    const std::string name = NameOf(row.state);
    EXPECT_EQ(StoryIn(row.state).Update(CompleteManifest()), row.update) << name;
    EXPECT_EQ(StoryIn(row.state).Accept(Side::kBuyer), row.accept) << name;
    EXPECT_EQ(StoryIn(row.state).Freeze(), row.freeze) << name;
    EXPECT_EQ(StoryIn(row.state).Sign(Side::kBuyer), row.sign) << name;
    EXPECT_EQ(StoryIn(row.state).MeetCondition(), row.meet) << name;
    EXPECT_EQ(StoryIn(row.state).Complete(), row.complete) << name;
    EXPECT_EQ(StoryIn(row.state).Terminate(), row.terminate) << name;
    EXPECT_EQ(StoryIn(row.state).Void(), row.terminate) << name;
    EXPECT_EQ(StoryIn(row.state).Confirm(), Reason::kNO_PROPOSAL) << name;
    EXPECT_EQ(StoryIn(row.state).Expire(), row.expire) << name;
  }
}

TEST(Contract, ARefusalChangesNothing) {
  for (int i = 0; i <= static_cast<int>(ContractState::kTerminated); ++i) {
    ContractStory story = StoryIn(static_cast<ContractState>(i));
    const Contract before = story.state();
    story.deal.objections = {"objections/o"};
    EXPECT_NE(story.Freeze(), std::nullopt);
    EXPECT_NE(story.Sign(Side::kSeller), std::nullopt);
    EXPECT_EQ(story.state(), before);
  }
}

TEST(Contract, TheMissingElementsComeAllTogether) {
  ContractStory story(Incomplete());
  EXPECT_EQ(story.Accept(Side::kSeller), Reason::kMANIFEST_INCOMPLETE);
  ASSERT_EQ(story.error().violations.size(), 2u);
  EXPECT_EQ(story.error().violations[0].field, "manifest.glossary");
  EXPECT_EQ(story.error().violations[1].field, "manifest.payment.form");
  EXPECT_EQ(story.Update(CompleteManifest()), std::nullopt);
  EXPECT_EQ(story.state().state, ContractState::kNegotiating);
}

TEST(Contract, AnAcceptanceIsOfOneTextOnly) {
  ContractStory story;
  EXPECT_EQ(story.Accept(Side::kBuyer, std::string(64, '9')), Reason::kTEXT_CHANGED);
  EXPECT_EQ(story.Accept(Side::kBuyer), std::nullopt);
  EXPECT_EQ(story.Accept(Side::kBuyer), std::nullopt);
  EXPECT_EQ(story.state().acceptances.size(), 1u);
  EXPECT_EQ(story.Freeze(), Reason::kTEXT_NOT_ACCEPTED);
  EXPECT_EQ(story.Update(CompleteManifest()), std::nullopt);
  EXPECT_TRUE(story.state().acceptances.empty());
  EXPECT_EQ(story.Accept(Side::kSeller), std::nullopt);
  EXPECT_EQ(story.Freeze(), Reason::kTEXT_NOT_ACCEPTED);
}

TEST(Contract, FreezingDemandsTheDealAsItWasDetermined) {
  Manifest manifest = CompleteManifest();
  manifest.price = fixtures::Yuan(1'000'000);
  manifest.items = {{"许可费", ItemKind::kTechnical, fixtures::Yuan(1'000'000)}};
  ContractStory story(manifest);
  story.BothAccept();
  EXPECT_EQ(story.Freeze(), Reason::kDEAL_MISMATCH);
  ASSERT_EQ(story.error().violations.size(), 1u);
  EXPECT_EQ(story.error().violations[0].field, "manifest.price_fen");
}

TEST(Contract, OnlyALumpSumIsFrozen) {
  Manifest instalments = CompleteManifest();
  instalments.payment.form = PaymentForm::kInstalments;
  instalments.payment.instalments = {{"交付后", fixtures::Yuan(200'000)},
                                     {"验收后", fixtures::Yuan(1'000'000)}};
  Manifest royalty = CompleteManifest();
  royalty.payment = {PaymentForm::kRoyalty, 5,      {},    {}, RoyaltyBase::kSales,
                     RoyaltyRate::kFixed,   30'000, "查账"};
  Manifest entry_fee = royalty;
  entry_fee.payment.form = PaymentForm::kRoyaltyWithEntryFee;
  entry_fee.payment.entry_fee = fixtures::Yuan(100'000);
  for (const Manifest& manifest : {instalments, royalty, entry_fee}) {
    ContractStory story(manifest);
    EXPECT_EQ(story.Freeze(), Reason::kPAYMENT_FORM_UNSUPPORTED);
    EXPECT_EQ(story.error().violations.at(0),
              (FieldViolation{"manifest.payment.form", Reason::kPAYMENT_FORM_UNSUPPORTED, "LUMP_SUM"}));
    EXPECT_EQ(story.error().metadata.at("form"), NameOf(manifest.payment.form));
    story.BothAccept();
    EXPECT_EQ(story.Freeze(), Reason::kPAYMENT_FORM_UNSUPPORTED);
    EXPECT_EQ(story.state().state, ContractState::kNegotiating);
    EXPECT_EQ(story.Update(CompleteManifest()), std::nullopt);
    story.BothAccept();
    EXPECT_EQ(story.Freeze(), std::nullopt);
  }
}

TEST(Contract, OnlyARegisteredContractIsCompleted) {
  ContractStory story = StoryIn(ContractState::kEffective);
  EXPECT_EQ(story.Complete(false), Reason::kCONTRACT_NOT_REGISTERED);
  EXPECT_EQ(story.state().state, ContractState::kEffective);
  EXPECT_EQ(story.Complete(true), std::nullopt);
  EXPECT_EQ(StoryIn(ContractState::kReady).Complete(false), Reason::kWRONG_STATE);
}

TEST(Contract, FreezingChecksTheDealFirst) {
  ContractStory story;
  story.deal = DealIn(DealState::kPending);
  EXPECT_EQ(story.Freeze(), Reason::kDEAL_NOT_CONFIRMED);
  EXPECT_EQ(story.Freeze(EndOfDay(story.deal.contract_deadline.date)), Reason::kDEADLINE_PASSED);
  story.deal.objections = {"objections/o"};
  EXPECT_EQ(story.Freeze(EndOfDay(story.deal.contract_deadline.date)), Reason::kDEAL_SUSPENDED);
}

TEST(Contract, TheFrozenTextIsTheCanonicalOne) {
  const ContractStory story = StoryIn(ContractState::kReady);
  EXPECT_EQ(story.state().frozen_text, CanonicalText({"c1"}, story.deal, CompleteManifest()));
}

TEST(Contract, TheDeadlineForSigningIsHalfOpen) {
  ContractStory story = StoryIn(ContractState::kReady);
  const Time end = EndOfDay(story.deal.contract_deadline.date);
  EXPECT_EQ(story.Sign(Side::kSeller, end), Reason::kDEADLINE_PASSED);
  EXPECT_EQ(story.Sign(Side::kSeller, end - Nanoseconds(1)), std::nullopt);
  story.deal.contract_deadline.provisional = true;
  EXPECT_EQ(story.Sign(Side::kBuyer, end + Hours(1)), std::nullopt)
      << "nothing is closed on a provisional date";
}

TEST(Contract, AnObjectionStopsSignaturesUntilItIsClosed) {
  ContractStory story = StoryIn(ContractState::kReady);
  story.deal.objections = {"objections/o"};
  EXPECT_EQ(story.Sign(Side::kSeller), Reason::kDEAL_SUSPENDED);
  story.deal.objections.clear();
  EXPECT_EQ(story.Sign(Side::kSeller), std::nullopt);
}

TEST(Contract, EitherOrderOfSignaturesConcludesIt) {
  for (const auto& [first, second] :
       {std::pair(Side::kSeller, Side::kBuyer), std::pair(Side::kBuyer, Side::kSeller)}) {
    ContractStory story = StoryIn(ContractState::kReady);
    EXPECT_EQ(story.Sign(first), std::nullopt);
    EXPECT_EQ(story.state().state, ContractState::kPartial);
    EXPECT_EQ(story.Sign(first), Reason::kALREADY_SIGNED);
    EXPECT_EQ(story.Sign(second), std::nullopt);
    EXPECT_EQ(story.state().state, ContractState::kEffective);
    EXPECT_EQ(story.state().payment_due_time, kPaymentDue);
  }
}

TEST(Contract, AnApprovalThatIsRequiredHoldsTheEffect) {
  ContractStory story = StoryIn(ContractState::kSigned);
  EXPECT_FALSE(story.state().effective_time);
  story.deal.objections = {"objections/o"};
  EXPECT_EQ(story.MeetCondition(), Reason::kDEAL_SUSPENDED);
  story.deal.objections.clear();
  EXPECT_EQ(story.MeetCondition(), std::nullopt);
  EXPECT_EQ(story.state().state, ContractState::kEffective);
  EXPECT_EQ(story.state().condition_evidence, "批准文号1");
}

// domain.md 1.2: what makes a contract effective, or ends it, is stated by one person and confirmed by
// another.
TEST(Contract, OnePersonAloneNeitherEndsItNorLetsItTakeEffect) {
  for (const ProposedAct act : {ProposedAct::kMeetCondition, ProposedAct::kTerminate}) {
    ContractStory story = StoryIn(ContractState::kSigned);
    ASSERT_EQ(story.Propose(act), std::nullopt);
    EXPECT_EQ(story.state().state, ContractState::kSigned);
    EXPECT_EQ(story.state().proposal.act, act);
    EXPECT_EQ(story.Confirm("people/o"), Reason::kSAME_PERSON);
    EXPECT_EQ(story.Confirm(""), Reason::kSAME_PERSON);
    EXPECT_EQ(story.Confirm("people/second"), std::nullopt);
    EXPECT_EQ(story.state().proposal, Proposal());
    EXPECT_EQ(story.Confirm("people/third"), Reason::kNO_PROPOSAL);
  }
}

TEST(Contract, ALaterProposalTakesThePlaceOfAnEarlierOne) {
  ContractStory story = StoryIn(ContractState::kSigned);
  ASSERT_EQ(story.Propose(ProposedAct::kTerminate), std::nullopt);
  ASSERT_EQ(story.Propose(ProposedAct::kMeetCondition, "people/second"), std::nullopt);
  EXPECT_EQ(story.Confirm("people/second"), Reason::kSAME_PERSON);
  EXPECT_EQ(story.Confirm("people/o"), std::nullopt);
  EXPECT_EQ(story.state().state, ContractState::kEffective);
}

TEST(Contract, AProposalIsJudgedAgainWhenItIsConfirmed) {
  ContractStory story = StoryIn(ContractState::kSigned);
  ASSERT_EQ(story.Propose(ProposedAct::kMeetCondition), std::nullopt);
  story.deal.objections = {"objections/o"};
  EXPECT_EQ(story.Confirm(), Reason::kDEAL_SUSPENDED);
  story.deal.objections.clear();
  EXPECT_EQ(story.Void(), std::nullopt);
  EXPECT_EQ(story.Confirm(), Reason::kNO_PROPOSAL) << "it fell with the contract";
}

TEST(Contract, WhoDefaultedFollowsFromWhoDidNotAct) {
  EXPECT_EQ(MissingSide(ContractStory().state()), Defaulter::kBoth);
  ContractStory accepted;
  accepted.Accept(Side::kSeller);
  EXPECT_EQ(MissingSide(accepted.state()), Defaulter::kTransferee);
  ContractStory both;
  both.BothAccept();
  EXPECT_EQ(MissingSide(both.state()), Defaulter::kBoth);
  EXPECT_EQ(MissingSide(StoryIn(ContractState::kReady).state()), Defaulter::kBoth);
  for (const auto& [side, defaulter] :
       {std::pair(Side::kSeller, Defaulter::kTransferee), std::pair(Side::kBuyer, Defaulter::kTransferor)}) {
    ContractStory story = StoryIn(ContractState::kReady);
    story.Sign(side);
    EXPECT_EQ(MissingSide(story.state()), defaulter);
    EXPECT_EQ(story.Expire(), std::nullopt);
    EXPECT_EQ(story.state().defaulter, defaulter);
  }
}

TEST(Contract, NothingIsDraftedForADealThatIsOver) {
  Deal deal = DealIn(DealState::kPending);
  deal = Decide(deal, CloseDealIfDue{}, EndOfDay(deal.confirmation_deadline.date)).next;
  const auto decision =
      Decide(deal, DraftContract{{"c1"}, CompleteManifest(), kTextHashes, "people/p"}, Start());
  ASSERT_FALSE(decision.ok());
  EXPECT_EQ(decision.error().reason, Reason::kWRONG_STATE);
}

TEST(Contract, ATextHasABound) {
  Manifest manifest = CompleteManifest();
  std::string clause;
  for (size_t i = 0; i < kMaxClauseChars; ++i) clause += "字";
  for (std::string* field : {&manifest.content, &manifest.scope, &manifest.requirements, &manifest.schedule,
                             &manifest.confidentiality, &manifest.result_ownership, &manifest.result_sharing,
                             &manifest.glossary, &manifest.acceptance_standard}) {
    *field = clause;
  }
  const auto decision =
      Decide(DealIn(DealState::kPending), DraftContract{{"c1"}, manifest, kTextHashes, "people/p"}, Start());
  ASSERT_FALSE(decision.ok());
  EXPECT_EQ(decision.error().violations.at(0),
            (FieldViolation{"manifest", Reason::kTOO_LONG, std::to_string(kMaxCanonicalBytes)}));
}

// Any sequence of commands keeps the invariants (checked by the story) and never signs two texts.
RC_GTEST_PROP(Contract, NoOrderOfCommandsBreaksIt, (const std::vector<uint8_t>& steps)) {
  ContractStory story;
  std::string frozen;
  for (const uint8_t step : steps) {
    const Side side = step & 1 ? Side::kSeller : Side::kBuyer;
    switch ((step >> 1) % 7) {
      case 0:
        (void)story.Accept(side);
        break;
      case 1:
        (void)story.Freeze();
        break;
      case 2:
      case 3:
        (void)story.Sign(side);
        break;
      case 4:
        (void)story.Update(side == Side::kSeller ? CompleteManifest() : Incomplete());
        break;
      case 5:
        (void)story.Complete();
        break;
      case 6:
        if (step > 200) (void)story.Expire();
        break;
    }
    RC_ASSERT(frozen.empty() || story.state().frozen_text == frozen);
    frozen = story.state().frozen_text;
  }
}

}  // namespace
}  // namespace ttx::contract
