#include "services/contract/domain/registration.h"

#include <gtest/gtest.h>

#include <functional>

#include "services/contract/domain/fixtures.h"

namespace ttx::contract {
namespace {

using fixtures::GoodAttempt;
using fixtures::Items;
using fixtures::kTextHashes;
using fixtures::Start;
using fixtures::Yuan;

const std::string kRegistry = "organizations/registry";
const std::string kRegistrar = "people/registrar";
const std::string kNumber = "20263100010012";
const Deadline kDecideBy{MakeDate(2026, 11, 23), 15, MakeDate(2026, 12, 14), false};

Deal ConfirmedDeal() {
  Deal deal = Decide(fixtures::NewDeal(), Start()).value().next;
  for (const Side side : {Side::kBuyer, Side::kExchange}) {
    deal = Decide(deal, SignConfirmation{GoodAttempt(side, deal.hashes), deal.contract_deadline}, Start())
               .value()
               .next;
  }
  return deal;
}

Contract ContractIn(ContractState state, const std::vector<LineItem>& items = Items()) {
  const Fen price = AmountsOf(items).total;
  Deal deal = ConfirmedDeal();
  deal.facts.price = price;
  Manifest manifest = fixtures::CompleteManifest();
  manifest.price = price;
  manifest.items = items;
  Contract contract =
      Decide(deal, DraftContract{{"c1"}, manifest, kTextHashes, "people/d"}, Start()).value().next;
  for (const Side side : {Side::kSeller, Side::kBuyer}) {
    contract = Decide(contract, AcceptText{side, kTextHashes.sha256, "people/p"}, Start()).value().next;
  }
  contract = Decide(contract, FreezeContract{"people/p"}, deal, Start()).value().next;
  if (state == ContractState::kReady) return contract;
  for (const Side side : {Side::kSeller, Side::kBuyer}) {
    contract =
        Decide(contract, SignContract{GoodAttempt(side, kTextHashes), Start() + Hours(99)}, deal, Start())
            .value()
            .next;
  }
  if (state == ContractState::kTerminated) {
    contract = Decide(contract, TerminateContract{"JUDGMENT", "x"}, Start()).value().next;
  }
  return contract;
}

class RegistrationStory {
 public:
  explicit RegistrationStory(const std::vector<LineItem>& items = Items())
      : contract(ContractIn(ContractState::kEffective, items)) {
    EXPECT_EQ(Take(Decide(contract, deal, ApplyForRegistration{{"r1"}, items, "people/applicant"}, Start())),
              std::nullopt);
  }

  std::optional<Reason> Accept(const std::string& person = kRegistrar,
                               const std::string& registry = kRegistry) {
    return Take(Decide(state_, AcceptRegistration{registry, person, kDecideBy}, contract, deal, Start()));
  }
  std::optional<Reason> Request(const std::string& text = "补交附件") {
    return Take(Decide(state_, RequestSupplement{kRegistry, kRegistrar, text}, contract, Start()));
  }
  std::optional<Reason> Supplement(const std::vector<LineItem>& items = {}) {
    return Take(
        Decide(state_, SupplementRegistration{"已补交", items, "people/applicant"}, contract, Start()));
  }
  std::optional<Reason> Register(std::optional<Amounts> amounts = std::nullopt,
                                 const std::string& number = kNumber, const std::string& panel = "",
                                 const std::string& person = kRegistrar) {
    return Take(Decide(state_,
                       RegisterContract{kRegistry, person, number, amounts.value_or(state_.amounts), panel},
                       contract, deal, RegistrationRules{}, Start()));
  }
  std::optional<Reason> Refuse(RefusalCode code = RefusalCode::kNotTechContract,
                               const std::string& note = "不属于技术合同") {
    return Take(Decide(state_, RefuseRegistration{kRegistry, kRegistrar, code, note}, Start()));
  }
  const Registration& state() const { return state_; }
  const Error& error() const { return *error_; }

  Deal deal = ConfirmedDeal();
  Contract contract;

 private:
  std::optional<Reason> Take(const Result<RegistrationDecision>& decision) {
    if (!decision.ok()) {
      error_ = decision.error();
      return error_->reason;
    }
    for (const RegistrationEvent& event : decision->events) events_.push_back(event);
    Registration rebuilt;
    for (const RegistrationEvent& event : events_) rebuilt = Apply(std::move(rebuilt), event);
    state_ = decision->next;
    EXPECT_EQ(rebuilt, state_);
    EXPECT_EQ(Check(state_), std::nullopt);
    return std::nullopt;
  }

  Registration state_;
  std::vector<RegistrationEvent> events_;
  std::optional<Error> error_;
};

RegistrationStory StoryIn(RegistrationState state) {
  RegistrationStory story;
  switch (state) {
    case RegistrationState::kApplied:
      break;
    case RegistrationState::kSupplement:
      (void)story.Request();
      break;
    case RegistrationState::kAccepted:
      (void)story.Accept();
      break;
    case RegistrationState::kRegistered:
      (void)story.Accept();
      (void)story.Register();
      break;
    case RegistrationState::kRefused:
      (void)story.Accept();
      (void)story.Refuse();
      break;
  }
  EXPECT_EQ(story.state().state, state);
  return story;
}

TEST(Registration, EveryStateAnswersEveryCommand) {
  const auto ok = std::optional<Reason>();
  const auto wrong = std::optional(Reason::kWRONG_STATE);
  struct Row {
    RegistrationState state;
    std::optional<Reason> accept, request, supplement, decide, refuse;
  };
  using enum RegistrationState;
  const Row rows[] = {
      {kApplied, ok, ok, wrong, wrong, wrong},       {kSupplement, wrong, wrong, ok, wrong, wrong},
      {kAccepted, wrong, wrong, wrong, ok, ok},      {kRegistered, wrong, wrong, wrong, wrong, wrong},
      {kRefused, wrong, wrong, wrong, wrong, wrong},
  };
  for (const Row& row : rows) {
    const std::string name = NameOf(row.state);
    EXPECT_EQ(StoryIn(row.state).Accept(), row.accept) << name;
    EXPECT_EQ(StoryIn(row.state).Request(), row.request) << name;
    EXPECT_EQ(StoryIn(row.state).Supplement(), row.supplement) << name;
    EXPECT_EQ(StoryIn(row.state).Register(), row.decide) << name;
    EXPECT_EQ(StoryIn(row.state).Refuse(), row.refuse) << name;
  }
}

// The worked example of domain.md 6.6.
TEST(Registration, TheWorkedExample) {
  RegistrationStory story;
  EXPECT_EQ(story.state().contract_type, "TECHNOLOGY_LICENSE");
  EXPECT_EQ(story.state().contract_hash, kTextHashes.sha256);
  EXPECT_EQ(story.Accept(), std::nullopt);
  EXPECT_EQ(story.Register(Amounts{Yuan(1'200'000), Yuan(1'050'000), Yuan(150'000)}), std::nullopt);
  EXPECT_EQ(story.state().number, kNumber);
}

TEST(Registration, OnlyAnEffectiveContractIsRegistered) {
  for (const ContractState state : {ContractState::kReady, ContractState::kTerminated}) {
    const auto decision =
        Decide(ContractIn(state), ConfirmedDeal(), ApplyForRegistration{{"r"}, Items(), "p"}, Start());
    ASSERT_FALSE(decision.ok());
    EXPECT_EQ(decision.error().reason, Reason::kWRONG_STATE);
  }
  const Contract contract = ContractIn(ContractState::kEffective);
  Deal deal = ConfirmedDeal();
  const Time end = EndOfDay(MakeDate(2036, 11, 22));
  const ApplyForRegistration command{{"r"}, Items(), "p"};
  EXPECT_TRUE(Decide(contract, deal, command, end - Nanoseconds(1)).ok());
  EXPECT_EQ(Decide(contract, deal, command, end).error().reason, Reason::kDEADLINE_PASSED);
  deal.objections = {"objections/o"};
  EXPECT_EQ(Decide(contract, deal, command, end).error().reason, Reason::kDEAL_SUSPENDED);
}

// The first thing that is wrong with an application for a contract with `signed_items`.
std::optional<FieldViolation> WrongItem(const std::vector<LineItem>& items,
                                        const std::vector<LineItem>& signed_items = Items()) {
  const auto decision = Decide(ContractIn(ContractState::kEffective, signed_items), ConfirmedDeal(),
                               ApplyForRegistration{{"r"}, items, "p"}, Start());
  if (decision.ok()) return std::nullopt;
  return decision.error().violations.at(0);
}

TEST(Registration, TheItemsAreThoseOfTheContract) {
  EXPECT_EQ(WrongItem(Items()), std::nullopt);
  EXPECT_EQ(WrongItem({})->reason, Reason::kREQUIRED);
  std::vector<LineItem> items = Items();
  items[1].description = "办公设备";
  EXPECT_EQ(WrongItem(items), (FieldViolation{"items[1].description", Reason::kITEMS_MISMATCH, "通用设备"}));
  items = Items();
  items[1].kind = ItemKind::kTechnical;  // the same price, but nothing to deduct
  EXPECT_EQ(WrongItem(items), (FieldViolation{"items[1].kind", Reason::kITEMS_MISMATCH, "NON_TECHNICAL"}));
  items[1].kind = ItemKind::kUnspecified;
  EXPECT_EQ(WrongItem(items), (FieldViolation{"items[1].kind", Reason::kREQUIRED, ""}));
  items = Items();
  items[0].amount += Yuan(1);
  items[2].amount = items[2].amount - Yuan(1);
  EXPECT_EQ(WrongItem(items), (FieldViolation{"items[0].amount_fen", Reason::kITEMS_MISMATCH, "99000000"}));
  items = Items();
  items.pop_back();
  EXPECT_EQ(WrongItem(items), (FieldViolation{"items", Reason::kITEMS_MISMATCH, "3"}));
}

TEST(Registration, SomethingOfThePriceIsTechnical) {
  const std::vector<LineItem> nothing = {{"设备", ItemKind::kNonTechnical, Yuan(1'200'000)}};
  EXPECT_EQ(WrongItem(nothing, nothing)->reason, Reason::kOUT_OF_RANGE);
  const std::vector<LineItem> carrier = {{"样机", ItemKind::kCarrier, Yuan(1'200'000)}};
  EXPECT_EQ(WrongItem(carrier, carrier), std::nullopt);
}

TEST(Registration, WhoMayNotDecide) {
  RegistrationStory story;
  EXPECT_EQ(story.Accept("people/applicant"), Reason::kSAME_PERSON);
  EXPECT_EQ(story.Accept(kRegistrar, fixtures::kSeller), Reason::kREGISTRY_IS_PARTY);
  EXPECT_EQ(story.Accept(kRegistrar, fixtures::kBuyer), Reason::kREGISTRY_IS_PARTY);
  EXPECT_EQ(story.Accept(), std::nullopt);
  EXPECT_EQ(story.Register(std::nullopt, kNumber, "", "people/applicant"), Reason::kSAME_PERSON);
}

TEST(Registration, TheRegistrysNumberHasFourteenOrSixteenDigits) {
  for (const char* bad :
       {"", "1", "123456789012345", "12345678901234567", "2026310001001a", " 20263100010012"}) {
    EXPECT_EQ(StoryIn(RegistrationState::kAccepted).Register(std::nullopt, bad), Reason::kINVALID_FIELD)
        << bad;
  }
  EXPECT_EQ(StoryIn(RegistrationState::kAccepted).Register(std::nullopt, "2026310001000012"), std::nullopt);
}

TEST(Registration, TheRegistryFindsTheSameAmounts) {
  RegistrationStory story = StoryIn(RegistrationState::kAccepted);
  EXPECT_EQ(story.Register(Amounts{Yuan(1'200'000), Yuan(1'200'000), {}}), Reason::kAMOUNTS_MISMATCH);
  ASSERT_EQ(story.error().violations.size(), 2u);
  EXPECT_EQ(story.error().violations[0].field, "technical_fen");
  EXPECT_EQ(story.error().violations[1].field, "non_technical_fen");
}

TEST(Registration, LargeTechnicalAmountsNeedThePanelsRecord) {
  const std::string digest(64, 'd');
  for (const auto& [fen, needed] : {std::pair<int64_t, bool>(499'999'999, false), {500'000'000, true}}) {
    RegistrationStory story({{"许可费", ItemKind::kTechnical, {fen}}});
    (void)story.Accept();
    const auto without = story.Register();
    EXPECT_EQ(without, needed ? std::optional(Reason::kPANEL_RECORD_REQUIRED) : std::nullopt);
    if (!needed) continue;
    EXPECT_EQ(story.Register(std::nullopt, kNumber, "zz"), Reason::kINVALID_FIELD);
    EXPECT_EQ(story.Register(std::nullopt, kNumber, digest), std::nullopt);
    EXPECT_EQ(story.state().panel_record_sha256, digest);
  }
  const Calendar calendar = fixtures::PlainCalendar();
  const Date day = MakeDate(2026, 11, 2);
  EXPECT_EQ(DecideBy(calendar, {}, {499'999'999}, day).date, MakeDate(2026, 11, 23));
  EXPECT_EQ(DecideBy(calendar, {}, {500'000'000}, day).date, MakeDate(2026, 12, 14));
  EXPECT_EQ(DecideBy(calendar, {.decide_workdays = 10}, {1}, day).date, MakeDate(2026, 11, 16));
}

TEST(Registration, ASupplementDoesNotChangeTheItems) {
  for (const std::vector<LineItem>& good : {Items(), std::vector<LineItem>{}}) {
    RegistrationStory story = StoryIn(RegistrationState::kSupplement);
    EXPECT_EQ(story.Supplement({{"许可费", ItemKind::kTechnical, Yuan(1'200'000)}}), Reason::kITEMS_MISMATCH);
    EXPECT_EQ(story.error().metadata.at("field"), "items");
    std::vector<LineItem> items = Items();
    items[1].kind = ItemKind::kCarrier;
    EXPECT_EQ(story.Supplement(items), Reason::kITEMS_MISMATCH);
    EXPECT_EQ(story.error().violations.at(0).field, "items[1].kind");
    EXPECT_EQ(story.Supplement(good), std::nullopt);
    EXPECT_EQ(story.state().state, RegistrationState::kApplied);
    EXPECT_EQ(story.state().amounts.non_technical, Yuan(150'000));
  }
}

TEST(Registration, ARefusalHasACodeAndWords) {
  RegistrationStory story = StoryIn(RegistrationState::kAccepted);
  EXPECT_EQ(story.Refuse(RefusalCode::kUnspecified), Reason::kINVALID_FIELD);
  EXPECT_EQ(story.Refuse(RefusalCode::kFalse, ""), Reason::kINVALID_FIELD);
  EXPECT_EQ(story.Refuse(RefusalCode::kFalse), std::nullopt);
}

TEST(Registration, AnObjectionOrTheEndOfTheContractStopsIt) {
  RegistrationStory story = StoryIn(RegistrationState::kAccepted);
  story.deal.objections = {"objections/o"};
  EXPECT_EQ(story.Register(), Reason::kDEAL_SUSPENDED);
  story.deal.objections.clear();
  story.contract = ContractIn(ContractState::kTerminated);
  EXPECT_EQ(story.Register(), Reason::kWRONG_STATE);
  EXPECT_EQ(story.Refuse(RefusalCode::kDuplicate), std::nullopt) << "a case can always be closed";
}

TEST(Registration, KindsAreRegisteredAsTypes) {
  EXPECT_EQ(ContractType("TRANSFER_PATENT"), "TECHNOLOGY_TRANSFER");
  EXPECT_EQ(ContractType("EQUITY_CONTRIBUTION"), "TECHNOLOGY_TRANSFER");
  EXPECT_EQ(ContractType("LICENSE_ORDINARY"), "TECHNOLOGY_LICENSE");
  EXPECT_EQ(ContractType("DEVELOPMENT_COMMISSIONED"), "DEVELOPMENT");
  EXPECT_EQ(ContractType("CONSULTING"), "CONSULTING");
  EXPECT_EQ(ContractType("SERVICE"), "SERVICE");
}

}  // namespace
}  // namespace ttx::contract
