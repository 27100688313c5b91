#include "services/contract/app/contract_app.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "libs/core/uscc.h"
#include "libs/crypto/digest.h"
#include "libs/crypto/signature.h"
#include "libs/storage/codec.h"
#include "libs/storage/mem_kv.h"
#include "libs/storage/shell.h"
#include "libs/testing/counting_reader.h"
#include "libs/testing/manual_clock.h"
#include "libs/testing/seeded_ids.h"
#include "services/contract/domain/fixtures.h"

namespace ttx::contract {
namespace {

using crypto::Suite;
using fixtures::CompleteManifest;
using fixtures::kBuyer;
using fixtures::kExchange;
using fixtures::kSeller;
using fixtures::Start;

const std::string kRegistry = "organizations/registry";
const DealId kDeal{"d1"};

Principal Client(const std::string& organization, const std::string& role) {
  return {"apiClients/" + role, organization, "people/" + organization.substr(14), {role}};
}
const Principal kSellerClient = Client(kSeller, "TRANSFEROR");
const Principal kBuyerClient = Client(kBuyer, "BIDDER");
const Principal kOfficer = Client(kExchange, "EXCHANGE_OFFICER");
const Principal kClerk = {"apiClients/EXCHANGE_CLERK", kExchange, "people/clerk", {"EXCHANGE_CLERK"}};
const Principal kRegistrar = Client(kRegistry, "REGISTRY");
const Principal kStranger = Client("organizations/stranger", "BIDDER");

// Keys are slow to make: one per suite and holder for the whole program.
const crypto::KeyPair& KeyOf(const std::string& holder, Suite suite) {
  static auto* const keys = new std::map<std::pair<std::string, Suite>, crypto::KeyPair>;
  auto [it, made] = keys->try_emplace({holder, suite});
  if (made) it->second = crypto::GenerateKey(suite);
  return it->second;
}

SigningKey Registered(const std::string& holder, Suite suite, const std::string& organization) {
  const std::string& pem = KeyOf(holder, suite).public_pem;
  return {.key_id = crypto::PublicKeyFingerprint(pem).value(),
          .organization = organization,
          .suite = std::string(crypto::SuiteId(suite)),
          .public_key_pem = pem,
          .person = "people/p"};
}

SignatureInput SignedBy(const std::string& holder, Suite suite, const std::string& text) {
  const crypto::KeyPair& key = KeyOf(holder, suite);
  return {.document_hash = crypto::Hex(suite == Suite::kSm2Sm3 ? crypto::Sm3(text) : crypto::Sha256(text)),
          .key_id = crypto::PublicKeyFingerprint(key.public_pem).value(),
          .suite = std::string(crypto::SuiteId(suite)),
          .value = crypto::Sign(suite, key.private_pem, text).value()};
}

// The service without its wire: shell, app and a clock that the test moves.
class World {
 public:
  World()
      : shell_(std::make_unique<storage::MemKv>(), clock_, {},
               {.on_due = [this](storage::Txn& txn, const std::string& subject) { app_.OnDue(txn, subject); },
                .on_failure = [](const Error&) { FAIL(); }}) {
    KnowExchange(kExchange, "91350100M000100Y43");
    for (const Suite suite : {Suite::kEcdsaP256Sha256, Suite::kSm2Sm3}) {
      for (const std::string& organization : {kSeller, kBuyer, kExchange}) {
        Must([&](storage::Txn& txn) {
          return app_.OnSigningKeyAdded(txn, Registered(organization, suite, organization));
        });
      }
    }
  }

  /// Runs a command of the service's own.
  Status Own(const std::function<Status(storage::Txn&)>& run) {
    Status result;
    storage::Command command;
    command.run = [&](storage::Txn& txn) -> Result<std::string> {
      result = run(txn);
      if (!result.ok()) return result.error();
      return std::string();
    };
    shell_.writer().Submit(std::move(command));
    Drain();
    return result;
  }
  void Must(const std::function<Status(storage::Txn&)>& run) { EXPECT_TRUE(Own(run).ok()); }
  /// Runs a command and gives what it answered.
  template <class Value>
  Result<Value> Run(const std::function<Result<Value>(storage::Txn&)>& run) {
    Result<Value> result = Error(Reason::kINTERNAL);
    (void)Own([&](storage::Txn& txn) -> Status {
      result = run(txn);
      if (!result.ok()) return result.error();
      return {};
    });
    return result;
  }
  void Drain() {
    while (shell_.writer().Step() > 0) {
    }
  }
  void MoveTo(Time now) {
    clock_.Set(now);
    for (int i = 0; i < 8; ++i) {
      shell_.Tick();
      Drain();
    }
  }

  void KnowExchange(const std::string& exchange, const std::string& uscc) {
    Must([&](storage::Txn& txn) { return app_.OnExchangeActivated(txn, exchange, uscc); });
  }
  void Determine(const DealId& id = kDeal, const DealFacts& facts = fixtures::Facts()) {
    ASSERT_TRUE(Own([&](storage::Txn& txn) { return app_.OnDealDetermined(txn, id, facts); }).ok());
  }
  Result<DealView> SignDeal(const Principal& caller, const SignatureInput& input, const DealId& id = kDeal) {
    return Run<DealView>([&](storage::Txn& txn) { return app_.SignConfirmation(txn, caller, id, input); });
  }
  Result<DealView> SignDeal(const Principal& caller, Suite suite = Suite::kEcdsaP256Sha256,
                            const DealId& id = kDeal) {
    return SignDeal(caller, SignedBy(caller.organization, suite, DealNow(id).confirmation), id);
  }
  Result<ContractView> Draft(const Manifest& manifest = CompleteManifest(), const DealId& id = kDeal) {
    return Run<ContractView>(
        [&](storage::Txn& txn) { return app_.Create(txn, kSellerClient, id, manifest); });
  }
  Result<ContractView> Accept(const Principal& caller, const std::string& hash) {
    return Run<ContractView>(
        [&](storage::Txn& txn) { return app_.AcceptText(txn, caller, ContractNow().id, hash); });
  }
  Result<ContractView> Freeze(const Principal& caller = kClerk) {
    return Run<ContractView>(
        [&](storage::Txn& txn) { return app_.Freeze(txn, caller, ContractNow().id, ""); });
  }
  Result<ContractView> Sign(const Principal& caller, const SignatureInput& input) {
    return Run<ContractView>(
        [&](storage::Txn& txn) { return app_.Sign(txn, caller, ContractNow().id, input); });
  }
  Result<ContractView> Sign(const Principal& caller, Suite suite = Suite::kEcdsaP256Sha256) {
    return Sign(caller, SignedBy(caller.organization, suite, ContractNow().frozen_text));
  }
  void Confirm(const DealId& id = kDeal) {
    ASSERT_TRUE(SignDeal(kOfficer, Suite::kEcdsaP256Sha256, id).ok());
    ASSERT_TRUE(SignDeal(kBuyerClient, Suite::kSm2Sm3, id).ok());
  }
  void MakeReady() {
    Determine();
    Confirm();
    ASSERT_TRUE(Draft().ok());
    ASSERT_TRUE(Accept(kSellerClient, ContractNow().hashes.sha256).ok());
    ASSERT_TRUE(Accept(kBuyerClient, ContractNow().hashes.sha256).ok());
    ASSERT_TRUE(Freeze().ok());
  }
  void MakeEffective() {
    MakeReady();
    ASSERT_TRUE(Sign(kSellerClient, Suite::kSm2Sm3).ok());
    ASSERT_TRUE(Sign(kBuyerClient).ok());
  }
  Result<Registration> Apply(const std::vector<LineItem>& items = {}) {
    return Run<Registration>(
        [&](storage::Txn& txn) { return app_.Apply(txn, kSellerClient, ContractNow().id, items); });
  }
  Result<Registration> AcceptCase(const RegistrationId& id, const Principal& caller = kRegistrar) {
    return Run<Registration>([&](storage::Txn& txn) { return app_.AcceptCase(txn, caller, id, ""); });
  }
  Result<Registration> Register(const Registration& registration, const std::string& number,
                                const Principal& caller = kRegistrar) {
    return Run<Registration>([&](storage::Txn& txn) {
      return app_.Register(txn, caller, registration.id, {number, registration.amounts, ""}, "");
    });
  }
  Result<ContractView> Complete() {
    return Run<ContractView>([&](storage::Txn& txn) {
      return app_.Complete(txn, kOfficer, ContractNow().id, "全部履行完毕", "");
    });
  }
  Result<ContractView> Terminate() {
    TTX_TRY(const ContractView proposed, Run<ContractView>([&](storage::Txn& txn) {
              return app_.Terminate(txn, kClerk, ContractNow().id, "AGREEMENT", "双方协议", "");
            }));
    return ConfirmAct(kOfficer);
  }
  Result<ContractView> ConfirmAct(const Principal& caller, const std::string& etag = "") {
    return Run<ContractView>(
        [&](storage::Txn& txn) { return app_.Confirm(txn, caller, ContractNow().id, etag); });
  }
  Status Objection(bool open, bool upheld = false, const std::string& deal = "deals/d1") {
    return Own([&](storage::Txn& txn) {
      return open ? app_.OnObjectionAccepted(txn, "objections/o1", deal, "listings/l1")
                  : app_.OnObjectionClosed(txn, "objections/o1", deal, "listings/l1", upheld);
    });
  }

  Deal DealNow(const DealId& id = kDeal) { return LoadDeal(shell_.kv(), id).value(); }
  Contract ContractNow(const DealId& id = kDeal) {
    return LoadContract(shell_.kv(), FindContractOfDeal(shell_.kv(), id).value()).value();
  }
  std::vector<StoredEvent> Events() { return contract::ListEvents(shell_.kv(), 0, 10'000); }

  Calendar calendar_ = fixtures::PlainCalendar();
  testing::SeededIds ids_{7};
  testing::ManualClock clock_{Start()};
  ContractApp app_{ids_, calendar_};
  storage::Shell shell_;
};

template <class Value>
std::optional<Reason> ReasonOf(const Result<Value>& result) {
  return result.ok() ? std::nullopt : std::optional(result.error().reason);
}

// Every aggregate, rebuilt from the event log alone, is what is stored.
void ExpectReplayed(World& world) {
  std::map<std::string, Deal> deals;
  std::map<std::string, Contract> contracts;
  std::map<std::string, Registration> registrations;
  uint64_t sequence = 0;
  for (const StoredEvent& stored : world.Events()) {
    EXPECT_EQ(stored.sequence, ++sequence);
    if (const auto* deal = std::get_if<DealEvent>(&stored.event)) {
      deals[stored.deal.text] = contract::Apply(deals[stored.deal.text], *deal);
    } else if (const auto* event = std::get_if<ContractEvent>(&stored.event)) {
      contracts[stored.contract.text] = contract::Apply(contracts[stored.contract.text], *event);
    } else if (const auto* change = std::get_if<RegistrationEvent>(&stored.event)) {
      registrations[stored.registration.text] =
          contract::Apply(registrations[stored.registration.text], *change);
    }
  }
  for (const auto& [id, deal] : deals) EXPECT_EQ(LoadDeal(world.shell_.kv(), {id}), deal);
  for (const auto& [id, contract] : contracts) EXPECT_EQ(LoadContract(world.shell_.kv(), {id}), contract);
  for (const auto& [id, registration] : registrations) {
    EXPECT_EQ(LoadRegistration(world.shell_.kv(), {id}), registration);
  }
  EXPECT_FALSE(deals.empty());
}

TEST(ContractApp, FromADealToARegisteredContract) {
  World world;
  world.MakeEffective();
  const Contract contract = world.ContractNow();
  EXPECT_EQ(contract.state, ContractState::kEffective);
  EXPECT_EQ(contract.payment_due_time, EndOfDay(MakeDate(2026, 11, 30)));
  EXPECT_EQ(contract.hashes.sha256, crypto::Hex(crypto::Sha256(contract.frozen_text)));
  EXPECT_EQ(contract.hashes.sm3, crypto::Hex(crypto::Sm3(contract.frozen_text)));
  EXPECT_EQ(world.DealNow().number.substr(0, 6), "DC00Y4");

  const Registration applied = world.Apply(fixtures::Items()).value();
  EXPECT_EQ(world.AcceptCase(applied.id).value().decide_by.date, MakeDate(2026, 12, 14));
  const Registration registered = world.Register(applied, "20263100010012").value();
  EXPECT_EQ(registered.state, RegistrationState::kRegistered);
  ExpectReplayed(world);
}

TEST(ContractApp, TheNumbersOfDealsHaveNoGaps) {
  World world;
  for (int i = 1; i <= 3; ++i) {
    world.Determine({"d" + std::to_string(i)});
    world.Determine({"d" + std::to_string(i)});  // the feed says it again
    EXPECT_EQ(world.DealNow({"d" + std::to_string(i)}).number, DealNumber("00Y4", 2026, i));
  }
  EXPECT_EQ(world.Events().size(), 3u);
}

// domain.md 9.3: nothing is numbered for an exchange that is not known, and no two exchanges share a code.
TEST(ContractApp, ADealWaitsForItsExchangeAndEveryExchangeHasACodeOfItsOwn) {
  World world;
  const auto determine = [&](const std::string& exchange, const DealId& id) {
    DealFacts facts = fixtures::Facts();
    facts.exchange = exchange;
    return world.Own([&](storage::Txn& txn) { return world.app_.OnDealDetermined(txn, id, facts); });
  };
  const Status early = determine("organizations/x2", {"d2"});
  ASSERT_FALSE(early.ok());
  EXPECT_EQ(early.error().reason, Reason::kUNAVAILABLE);
  EXPECT_TRUE(world.Events().empty());

  // Other regions, the same four symbols at the end.
  const std::string same = "91310115M000100Y4";
  const std::string again = "91320505M000100Y4";
  world.KnowExchange("organizations/x2", same + UsccCheckSymbol(same));
  world.KnowExchange("organizations/x3", again + UsccCheckSymbol(again));
  // Admitted again, under another code: the number series go on.
  world.KnowExchange("organizations/x2", "91110108MA01ABCD5T");
  ASSERT_TRUE(determine(kExchange, {"d1"}).ok());
  ASSERT_TRUE(determine("organizations/x2", {"d2"}).ok());
  ASSERT_TRUE(determine("organizations/x3", {"d3"}).ok());
  EXPECT_EQ(world.DealNow({"d1"}).number, DealNumber("00Y4", 2026, 1));
  EXPECT_EQ(world.DealNow({"d2"}).number, DealNumber("00Y5", 2026, 1));
  EXPECT_EQ(world.DealNow({"d3"}).number, DealNumber("00Y6", 2026, 1));
}

TEST(ContractApp, ARetryGetsTheSameAnswerAndDraftsOnce) {
  World world;
  world.Determine();
  std::vector<storage::Answer> answers;
  for (int i = 0; i < 2; ++i) {
    storage::Command command;
    command.principal = "apiClients/s";
    command.method = "CreateContract";
    command.request_id = "r1";
    command.run = [&](storage::Txn& txn) -> Result<std::string> {
      TTX_TRY(const ContractView view, world.app_.Create(txn, kSellerClient, kDeal, CompleteManifest()));
      return view.contract.id.text;
    };
    command.done = [&](storage::Answer answer) { answers.push_back(std::move(answer)); };
    world.shell_.writer().Submit(std::move(command));
    world.Drain();
  }
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(*answers[0].body, *answers[1].body);
  EXPECT_TRUE(answers[1].replayed);
  EXPECT_EQ(ReasonOf(world.Draft()), Reason::kCONTRACT_EXISTS);
}

// Six commands that depend on each other in two places only; every order of the independent ones ends the
// same.
RC_GTEST_PROP(ContractApp, TheOrderOfSignaturesDoesNotMatter, ()) {
  const bool exchange_first = *rc::gen::arbitrary<bool>();
  const bool seller_accepts_first = *rc::gen::arbitrary<bool>();
  const bool seller_signs_first = *rc::gen::arbitrary<bool>();
  const bool draft_before_confirmation = *rc::gen::arbitrary<bool>();
  const auto suite = [] { return *rc::gen::element(Suite::kEcdsaP256Sha256, Suite::kSm2Sm3); };
  World world;
  world.Determine();
  if (draft_before_confirmation) RC_ASSERT(world.Draft().ok());
  RC_ASSERT(world.SignDeal(exchange_first ? kOfficer : kBuyerClient, suite()).ok());
  RC_ASSERT(world.SignDeal(exchange_first ? kBuyerClient : kOfficer, suite()).ok());
  if (!draft_before_confirmation) RC_ASSERT(world.Draft().ok());
  const std::string hash = world.ContractNow().hashes.sha256;
  RC_ASSERT(world.Accept(seller_accepts_first ? kSellerClient : kBuyerClient, hash).ok());
  RC_ASSERT(world.Accept(seller_accepts_first ? kBuyerClient : kSellerClient, hash).ok());
  RC_ASSERT(world.Freeze().ok());
  RC_ASSERT(world.Sign(seller_signs_first ? kSellerClient : kBuyerClient, suite()).ok());
  RC_ASSERT(world.Sign(seller_signs_first ? kBuyerClient : kSellerClient, suite()).ok());
  const Contract contract = world.ContractNow();
  RC_ASSERT(world.DealNow().state == DealState::kConfirmed);
  RC_ASSERT(contract.state == ContractState::kEffective);
  RC_ASSERT(contract.frozen_text == CanonicalText(contract.id, world.DealNow(), CompleteManifest()));
  for (const Signature& signature : contract.signatures) {
    const auto key = LoadSigningKey(world.shell_.kv(), signature.key_id);
    RC_ASSERT(crypto::Verify(*crypto::ParseSuite(signature.suite), key->public_key_pem, contract.frozen_text,
                             signature.value));
  }
}

TEST(ContractApp, EverySignatureThatIsNotGoodIsRefusedWithItsReason) {
  for (const Suite suite : {Suite::kEcdsaP256Sha256, Suite::kSm2Sm3}) {
    const Suite other_suite = suite == Suite::kSm2Sm3 ? Suite::kEcdsaP256Sha256 : Suite::kSm2Sm3;
    World world;
    world.MakeReady();
    // A second key of the seller, one that is revoked, and a second contract with the same parties.
    world.Must([&](storage::Txn& txn) {
      return world.app_.OnSigningKeyAdded(txn, Registered("revoked", suite, kSeller));
    });
    world.Must([&](storage::Txn& txn) {
      return world.app_.OnSigningKeyRevoked(txn, Registered("revoked", suite, kSeller).key_id);
    });
    world.Determine({"d2"});
    const std::string text = world.ContractNow().frozen_text;
    const SignatureInput good = SignedBy(kSeller, suite, text);
    const auto changed = [&](const std::function<void(SignatureInput&)>& change) {
      SignatureInput input = good;
      change(input);
      return input;
    };
    std::string altered = text;
    altered[text.find("120000000")] = '9';
    const std::string other = world.DealNow({"d2"}).confirmation;
    const std::pair<Reason, SignatureInput> cases[] = {
        {Reason::kBAD_SIGNATURE, changed([&](auto& i) { i.value = SignedBy(kBuyer, suite, text).value; })},
        {Reason::kBAD_SIGNATURE,
         changed([&](auto& i) { i.value = SignedBy(kSeller, suite, altered).value; })},
        {Reason::kBAD_SIGNATURE, changed([&](auto& i) { i.value[i.value.size() / 2] ^= 1; })},
        {Reason::kBAD_SIGNATURE, changed([&](auto& i) { i.value = "no signature"; })},
        {Reason::kDOCUMENT_MISMATCH, SignedBy(kSeller, suite, altered)},
        {Reason::kOTHER_CONTRACT, SignedBy(kSeller, suite, other)},
        {Reason::kSIGNING_KEY_UNKNOWN, SignedBy("nobody", suite, text)},
        {Reason::kSIGNING_KEY_NOT_YOURS, SignedBy(kBuyer, suite, text)},
        {Reason::kSIGNING_KEY_REVOKED, SignedBy("revoked", suite, text)},
        {Reason::kSIGNING_SUITE_MISMATCH, changed([&](auto& i) { i.suite = crypto::SuiteId(other_suite); })},
        {Reason::kSIGNING_SUITE_MISMATCH,
         changed([&](auto& i) { i.document_hash = SignedBy(kSeller, other_suite, text).document_hash; })},
    };
    const Contract before = world.ContractNow();
    const size_t events = world.Events().size();
    for (const auto& [reason, input] : cases) {
      EXPECT_EQ(ReasonOf(world.Sign(kSellerClient, input)), reason) << crypto::SuiteId(suite);
    }
    EXPECT_EQ(world.ContractNow(), before);
    EXPECT_EQ(world.Events().size(), events);
    EXPECT_EQ(ReasonOf(world.Sign(kSellerClient, good)), std::nullopt);
    EXPECT_EQ(ReasonOf(world.Sign(kSellerClient, good)), Reason::kALREADY_SIGNED);
  }
}

TEST(ContractApp, AContractsSignatureDoesNotConfirmADeal) {
  World world;
  world.MakeReady();
  world.Determine({"d2"});
  const SignatureInput over_contract = SignedBy(kBuyer, Suite::kSm2Sm3, world.ContractNow().frozen_text);
  EXPECT_EQ(ReasonOf(world.SignDeal(kBuyerClient, over_contract, {"d2"})), Reason::kOTHER_CONTRACT);
}

TEST(ContractApp, AKeyRevokedAfterTheSignatureTakesNothingBack) {
  World world;
  world.MakeReady();
  ASSERT_TRUE(world.Sign(kSellerClient).ok());
  world.Must([&](storage::Txn& txn) {
    return world.app_.OnSigningKeyRevoked(txn, Registered(kSeller, Suite::kEcdsaP256Sha256, kSeller).key_id);
  });
  ASSERT_TRUE(world.Sign(kBuyerClient).ok());
  EXPECT_EQ(world.ContractNow().state, ContractState::kEffective);
}

struct Missing {
  const char* name;
  std::function<void(World&)> prepare;
  Defaulter defaulter;
  bool drafted;
};

TEST(ContractApp, DeadlinesEndDealsAndNameTheDefaulter) {
  const Missing cases[] = {
      {"nobody signs the confirmation", [](World& w) { w.Determine(); }, Defaulter::kTransferee, false},
      {"the winner does not sign it",
       [](World& w) {
         w.Determine();
         ASSERT_TRUE(w.SignDeal(kOfficer).ok());
         ASSERT_TRUE(w.Draft().ok());
       },
       Defaulter::kTransferee, true},
      {"the seller drafts nothing",
       [](World& w) {
         w.Determine();
         w.Confirm();
       },
       Defaulter::kTransferor, false},
      {"the seller does not sign",
       [](World& w) {
         w.MakeReady();
         ASSERT_TRUE(w.Sign(kBuyerClient).ok());
       },
       Defaulter::kTransferor, true},
      {"the winner does not sign",
       [](World& w) {
         w.MakeReady();
         ASSERT_TRUE(w.Sign(kSellerClient).ok());
       },
       Defaulter::kTransferee, true},
      {"nobody signs", [](World& w) { w.MakeReady(); }, Defaulter::kBoth, true},
  };
  for (const Missing& missing : cases) {
    World world;
    missing.prepare(world);
    const bool confirmed = world.DealNow().state == DealState::kConfirmed;
    const Time end = EndOfDay(confirmed ? MakeDate(2026, 11, 30) : MakeDate(2026, 11, 24));
    world.MoveTo(end - Seconds(1));
    EXPECT_NE(world.DealNow().state, DealState::kExpired) << missing.name;
    world.MoveTo(end);
    EXPECT_EQ(world.DealNow().state, DealState::kExpired) << missing.name;
    EXPECT_EQ(world.DealNow().defaulter, missing.defaulter) << missing.name;
    size_t told = 0;
    for (const StoredEvent& stored : world.Events()) {
      const auto* deal = std::get_if<DealEvent>(&stored.event);
      if (deal == nullptr || !std::holds_alternative<DealExpired>(deal->payload)) continue;
      ++told;
      EXPECT_EQ(std::get<DealExpired>(deal->payload).contract.empty(), !missing.drafted) << missing.name;
    }
    EXPECT_EQ(told, 1u) << missing.name;
    if (!missing.drafted) continue;
    EXPECT_EQ(world.ContractNow().state, ContractState::kExpired) << missing.name;
    EXPECT_EQ(world.ContractNow().defaulter, missing.defaulter) << missing.name;
    ExpectReplayed(world);
  }
}

// How many deal_cancelled and contract_terminated events there are.
std::pair<size_t, size_t> Ends(World& world) {
  std::pair<size_t, size_t> ends;
  for (const StoredEvent& stored : world.Events()) {
    if (const auto* deal = std::get_if<DealEvent>(&stored.event)) {
      ends.first += std::holds_alternative<DealCancelled>(deal->payload);
    } else if (const auto* contract = std::get_if<ContractEvent>(&stored.event)) {
      ends.second += std::holds_alternative<ContractTerminated>(contract->payload);
    }
  }
  return ends;
}

TEST(ContractApp, ATerminationBeforeTheEffectCancelsTheDeal) {
  Manifest incomplete = CompleteManifest();
  incomplete.glossary.clear();
  Manifest conditional = CompleteManifest();
  conditional.approval_required = true;
  const auto draft = [](World& w, const Manifest& manifest) {
    w.Determine();
    w.Confirm();
    ASSERT_TRUE(w.Draft(manifest).ok());
  };
  const std::pair<ContractState, std::function<void(World&)>> cases[] = {
      {ContractState::kDrafted, [&](World& w) { draft(w, incomplete); }},
      {ContractState::kNegotiating, [&](World& w) { draft(w, CompleteManifest()); }},
      {ContractState::kReady, [](World& w) { w.MakeReady(); }},
      {ContractState::kPartial,
       [](World& w) {
         w.MakeReady();
         ASSERT_TRUE(w.Sign(kBuyerClient).ok());
       }},
      {ContractState::kSigned,
       [&](World& w) {
         draft(w, conditional);
         for (const Principal& party : {kSellerClient, kBuyerClient}) {
           ASSERT_TRUE(w.Accept(party, w.ContractNow().hashes.sha256).ok());
         }
         ASSERT_TRUE(w.Freeze().ok());
         for (const Principal& party : {kSellerClient, kBuyerClient}) ASSERT_TRUE(w.Sign(party).ok());
       }},
  };
  for (const auto& [state, prepare] : cases) {
    World world;
    prepare(world);
    ASSERT_EQ(world.ContractNow().state, state);
    EXPECT_EQ(ReasonOf(world.Terminate()), std::nullopt) << NameOf(state);
    EXPECT_EQ(world.ContractNow().state, ContractState::kTerminated) << NameOf(state);
    EXPECT_EQ(world.DealNow().state, DealState::kCancelled) << NameOf(state);
    EXPECT_EQ(world.DealNow().cancel_reason, "contracts/" + world.ContractNow().id.text) << NameOf(state);
    EXPECT_EQ(Ends(world), std::pair(size_t{1}, size_t{1})) << NameOf(state);
    EXPECT_EQ(storage::NextDue(world.shell_.kv()), std::nullopt) << NameOf(state);
    EXPECT_EQ(ReasonOf(world.Terminate()), Reason::kWRONG_STATE) << NameOf(state);
    ExpectReplayed(world);
  }
}

TEST(ContractApp, ATerminationAfterTheEffectLeavesTheDealAsItWas) {
  World world;
  world.MakeEffective();
  EXPECT_EQ(ReasonOf(world.Terminate()), std::nullopt);
  EXPECT_EQ(world.DealNow().state, DealState::kConfirmed);
  EXPECT_EQ(Ends(world), std::pair(size_t{0}, size_t{1}));
  ExpectReplayed(world);
}

TEST(ContractApp, OnlyARegisteredContractIsCompleted) {
  World world;
  world.MakeEffective();
  EXPECT_EQ(ReasonOf(world.Complete()), Reason::kCONTRACT_NOT_REGISTERED);
  const Registration applied = world.Apply().value();
  EXPECT_EQ(ReasonOf(world.Complete()), Reason::kCONTRACT_NOT_REGISTERED);
  ASSERT_TRUE(world.AcceptCase(applied.id).ok());
  EXPECT_EQ(ReasonOf(world.Complete()), Reason::kCONTRACT_NOT_REGISTERED);
  ASSERT_TRUE(world.Register(applied, "20263100010012").ok());
  EXPECT_EQ(ReasonOf(world.Complete()), std::nullopt);
  EXPECT_EQ(world.ContractNow().state, ContractState::kCompleted);
}

TEST(ContractApp, AnExhaustedSeriesRefusesTheDeal) {
  World world;
  const auto set_last = [&](uint64_t last) {
    world.Must([&](storage::Txn& txn) {
      std::string value;
      storage::AppendU64(value, last);
      txn.Put(storage::Key(static_cast<uint8_t>(Table::kDealNumber)).Text("00Y4").U64(2026).str(), value);
      return Status();
    });
  };
  set_last(kMaxDealSequence - 1);
  world.Determine();
  EXPECT_EQ(world.DealNow().number, DealNumber("00Y4", 2026, kMaxDealSequence));
  const Status refused = world.Own(
      [&](storage::Txn& txn) { return world.app_.OnDealDetermined(txn, {"d2"}, fixtures::Facts()); });
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, Reason::kDEAL_NUMBERS_EXHAUSTED);
  EXPECT_EQ(LoadDeal(world.shell_.kv(), {"d2"}), std::nullopt);
  EXPECT_EQ(world.Events().size(), 1u);
}

TEST(ContractApp, AConcludedContractOutlivesTheDeadline) {
  World world;
  world.MakeEffective();
  world.MoveTo(EndOfDay(MakeDate(2026, 12, 30)));
  EXPECT_EQ(world.ContractNow().state, ContractState::kEffective);
  EXPECT_EQ(world.DealNow().state, DealState::kConfirmed);
}

TEST(ContractApp, NothingIsClosedUntilTheHolidayTableIsOut) {
  World world;
  world.clock_.Set(StartOfDay(MakeDate(2026, 12, 30)) + Hours(9));
  world.Determine();
  EXPECT_FALSE(world.DealNow().confirmation_deadline.provisional);
  world.Confirm();
  ASSERT_TRUE(world.DealNow().contract_deadline.provisional);
  world.MoveTo(StartOfDay(MakeDate(2027, 1, 20)));
  EXPECT_EQ(world.DealNow().state, DealState::kConfirmed);
  // The table of 2027 arrives and the server starts with it: four rest days move the date, which then has
  // passed.
  const std::vector<std::string> tables = {"year 2026\n", "year 2027\noff 2027-01-01..2027-01-04\n"};
  world.calendar_ = Calendar::Parse(tables).value();
  world.MoveTo(StartOfDay(MakeDate(2027, 1, 22)));
  EXPECT_EQ(world.DealNow().contract_deadline.date, MakeDate(2027, 1, 8));
  EXPECT_FALSE(world.DealNow().contract_deadline.provisional);
  EXPECT_EQ(world.DealNow().state, DealState::kExpired);
  EXPECT_EQ(world.DealNow().defaulter, Defaulter::kTransferor);
  ExpectReplayed(world);
}

TEST(ContractApp, AnObjectionSuspendsAndItsEndResumes) {
  World world;
  world.MakeReady();
  ASSERT_TRUE(world.Objection(true).ok());
  ASSERT_TRUE(world.Objection(true).ok());
  EXPECT_EQ(ReasonOf(world.Sign(kSellerClient)), Reason::kDEAL_SUSPENDED);
  world.MoveTo(EndOfDay(MakeDate(2026, 12, 7)));
  EXPECT_EQ(world.ContractNow().state, ContractState::kReady) << "the clock stands still";
  ASSERT_TRUE(world.Objection(false).ok());
  ASSERT_TRUE(world.Objection(false).ok());
  // Five working days were left on the day of the suspension, counted again from the 8th.
  EXPECT_EQ(world.DealNow().contract_deadline.date, MakeDate(2026, 12, 15));
  EXPECT_EQ(ReasonOf(world.Sign(kSellerClient)), std::nullopt);
  world.MoveTo(EndOfDay(MakeDate(2026, 12, 15)));
  EXPECT_EQ(world.ContractNow().defaulter, Defaulter::kTransferee);
  ExpectReplayed(world);
}

TEST(ContractApp, AnObjectionStopsFreezingAndRegistration) {
  World world;
  world.Determine();
  world.Confirm();
  ASSERT_TRUE(world.Draft().ok());
  ASSERT_TRUE(world.Accept(kSellerClient, world.ContractNow().hashes.sha256).ok());
  ASSERT_TRUE(world.Accept(kBuyerClient, world.ContractNow().hashes.sha256).ok());
  ASSERT_TRUE(world.Objection(true).ok());
  EXPECT_EQ(ReasonOf(world.Freeze()), Reason::kDEAL_SUSPENDED);
  ASSERT_TRUE(world.Objection(false).ok());
  ASSERT_TRUE(world.Freeze().ok());
  ASSERT_TRUE(world.Sign(kSellerClient).ok());
  ASSERT_TRUE(world.Sign(kBuyerClient).ok());
  const Registration applied = world.Apply().value();
  ASSERT_TRUE(world.AcceptCase(applied.id).ok());
  ASSERT_TRUE(world.Objection(true).ok());
  EXPECT_EQ(ReasonOf(world.Register(applied, "20263100010012")), Reason::kDEAL_SUSPENDED);
  ASSERT_TRUE(world.Objection(false, true).ok());
  EXPECT_EQ(world.DealNow().state, DealState::kCancelled);
  EXPECT_EQ(world.ContractNow().state, ContractState::kTerminated);
  EXPECT_EQ(world.ContractNow().end_reason, "OBJECTION_UPHELD");
  EXPECT_EQ(ReasonOf(world.Register(applied, "20263100010012")), Reason::kWRONG_STATE);
  ExpectReplayed(world);
}

TEST(ContractApp, AnObjectionThatComesBeforeTheDealIsNotLost) {
  for (const std::string deal : {"deals/d1", ""}) {
    World world;
    ASSERT_TRUE(world.Objection(true, false, deal).ok());
    world.Determine();
    EXPECT_TRUE(world.DealNow().suspended());
    ASSERT_TRUE(world.Objection(false, false, deal).ok());
    EXPECT_FALSE(world.DealNow().suspended());
    world.Determine({"d2"});
    EXPECT_FALSE(world.DealNow({"d2"}).suspended());
  }
  World upheld;
  ASSERT_TRUE(upheld.Objection(true).ok());
  ASSERT_TRUE(upheld.Objection(false, true).ok());
  upheld.Determine();
  EXPECT_EQ(upheld.DealNow().state, DealState::kCancelled);
  ExpectReplayed(upheld);
}

TEST(ContractApp, ContentsAreShownToThoseConcernedOnly) {
  World world;
  world.MakeEffective();
  const ContractId contract = world.ContractNow().id;
  const auto sees = [&](const Principal& caller) {
    return ReasonOf(world.app_.GetContract(world.shell_.kv(), caller, contract));
  };
  const Principal bidder_of_exchange = Client(kExchange, "BIDDER");
  for (const Principal& caller : {kSellerClient, kBuyerClient, kOfficer, kClerk}) {
    EXPECT_EQ(sees(caller), std::nullopt);
    EXPECT_EQ(ReasonOf(world.app_.GetDeal(world.shell_.kv(), caller, kDeal)), std::nullopt);
    EXPECT_EQ(world.app_.ListContracts(world.shell_.kv(), caller, "", 10).items.size(), 1u);
    EXPECT_EQ(world.app_.ListDeals(world.shell_.kv(), caller, "", 10).items.size(), 1u);
  }
  for (const Principal& caller : {kStranger, kRegistrar, bidder_of_exchange, Principal{}}) {
    EXPECT_EQ(sees(caller), Reason::kNOT_FOUND);
    EXPECT_EQ(ReasonOf(world.app_.GetDeal(world.shell_.kv(), caller, kDeal)), Reason::kNOT_FOUND);
    EXPECT_TRUE(world.app_.ListContracts(world.shell_.kv(), caller, "", 10).items.empty());
    EXPECT_TRUE(world.app_.ListDeals(world.shell_.kv(), caller, "", 10).items.empty());
    EXPECT_EQ(ReasonOf(world.Sign(caller)), Reason::kNOT_FOUND);
  }
  EXPECT_TRUE(world.app_.ListRegistrations(world.shell_.kv(), kRegistrar, "", 10).items.empty());
  const Registration applied = world.Apply().value();
  EXPECT_EQ(sees(kRegistrar), std::nullopt);
  EXPECT_EQ(sees(kStranger), Reason::kNOT_FOUND);
  EXPECT_EQ(world.app_.ListRegistrations(world.shell_.kv(), kRegistrar, "", 10).items.size(), 1u);
  // The case is the registry's that takes it.
  const Principal other_registry = Client("organizations/registry2", "REGISTRY");
  EXPECT_EQ(sees(other_registry), std::nullopt);
  ASSERT_TRUE(world.AcceptCase(applied.id).ok());
  EXPECT_EQ(sees(kRegistrar), std::nullopt);
  EXPECT_EQ(sees(other_registry), Reason::kNOT_FOUND);
  EXPECT_EQ(sees(kSellerClient), std::nullopt);
  EXPECT_EQ(ReasonOf(world.app_.GetRegistration(world.shell_.kv(), other_registry, applied.id)),
            Reason::kNOT_FOUND);
  EXPECT_EQ(ReasonOf(world.Register(applied, "20263100010012", other_registry)), Reason::kNOT_FOUND);
  EXPECT_TRUE(world.app_.ListRegistrations(world.shell_.kv(), other_registry, "", 10).items.empty());
}

TEST(ContractApp, WhoSeesButMayNotAct) {
  World world;
  world.Determine();
  EXPECT_EQ(ReasonOf(world.SignDeal(kSellerClient)), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(ReasonOf(world.SignDeal(kClerk)), Reason::kPERMISSION_DENIED);
  const auto create = [&](const Principal& caller) {
    return ReasonOf(world.Run<ContractView>(
        [&](storage::Txn& txn) { return world.app_.Create(txn, caller, kDeal, CompleteManifest()); }));
  };
  EXPECT_EQ(create(kBuyerClient), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(create(kStranger), Reason::kNOT_FOUND);
  ASSERT_TRUE(world.Draft().ok());
  const Contract contract = world.ContractNow();
  EXPECT_EQ(ReasonOf(world.Accept(kClerk, contract.hashes.sha256)), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(ReasonOf(world.Sign(kOfficer)), Reason::kPERMISSION_DENIED);
  const auto update = [&](const Principal& caller, const std::string& etag) {
    return ReasonOf(world.Run<ContractView>([&](storage::Txn& txn) {
      return world.app_.Update(txn, caller, contract.id, CompleteManifest(), etag);
    }));
  };
  EXPECT_EQ(update(kBuyerClient, ""), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(update(kSellerClient, "99"), Reason::kETAG_MISMATCH);
  EXPECT_EQ(update(kSellerClient, std::to_string(contract.version)), std::nullopt);
  const auto terminate = [&](const Principal& caller, const std::string& reason) {
    return ReasonOf(world.Run<ContractView>([&](storage::Txn& txn) {
      return world.app_.Terminate(txn, caller, contract.id, reason, "双方协议", "");
    }));
  };
  EXPECT_EQ(terminate(kSellerClient, "AGREEMENT"), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(terminate(kOfficer, "OBJECTION_UPHELD"), Reason::kINVALID_FIELD);
  EXPECT_EQ(terminate(kOfficer, "AGREEMENT"), std::nullopt);
  EXPECT_EQ(ReasonOf(world.ConfirmAct(kSellerClient)), Reason::kPERMISSION_DENIED);
  EXPECT_EQ(ReasonOf(world.ConfirmAct(kStranger)), Reason::kNOT_FOUND);
  EXPECT_EQ(ReasonOf(world.ConfirmAct(kClerk, "99")), Reason::kETAG_MISMATCH);
  EXPECT_EQ(ReasonOf(world.ConfirmAct(kOfficer)), Reason::kSAME_PERSON);
  EXPECT_EQ(world.DealNow().state, DealState::kPending);
  EXPECT_EQ(ReasonOf(world.ConfirmAct(kClerk)), std::nullopt);
  EXPECT_EQ(world.DealNow().state, DealState::kCancelled);
}

TEST(ContractApp, ANewTextHasANewHash) {
  World world;
  world.Determine();
  const ContractView first = world.Draft().value();
  EXPECT_EQ(first.contract.hashes.sha256, crypto::Hex(crypto::Sha256(first.text)));
  ASSERT_TRUE(world.Accept(kSellerClient, first.contract.hashes.sha256).ok());
  Manifest changed = CompleteManifest();
  changed.place = "北京";
  const ContractView second =
      world
          .Run<ContractView>([&](storage::Txn& txn) {
            return world.app_.Update(txn, kSellerClient, first.contract.id, changed, "");
          })
          .value();
  EXPECT_NE(second.contract.hashes.sha256, first.contract.hashes.sha256);
  EXPECT_TRUE(second.contract.acceptances.empty());
  EXPECT_EQ(ReasonOf(world.Accept(kBuyerClient, first.contract.hashes.sha256)), Reason::kTEXT_CHANGED);
}

TEST(ContractApp, AContractIsRegisteredOnceAndANumberUsedOnce) {
  World world;
  world.MakeEffective();
  const Registration first = world.Apply().value();
  EXPECT_EQ(ReasonOf(world.Apply()), Reason::kCONTRACT_REGISTERED_ALREADY);
  ASSERT_TRUE(world.AcceptCase(first.id).ok());
  const auto refuse = world.Run<Registration>([&](storage::Txn& txn) {
    return world.app_.Refuse(txn, kRegistrar, first.id, RefusalCode::kIncomplete, "缺少附件", "");
  });
  ASSERT_TRUE(refuse.ok());
  const Registration second = world.Apply().value();
  EXPECT_NE(second.id, first.id);
  ASSERT_TRUE(world.AcceptCase(second.id).ok());
  ASSERT_TRUE(world.Register(second, "20263100010012").ok());
  EXPECT_EQ(ReasonOf(world.Apply()), Reason::kCONTRACT_REGISTERED_ALREADY);

  world.Determine({"d2"});
  world.Confirm({"d2"});
  const Contract contract = world.Draft(CompleteManifest(), {"d2"}).value().contract;
  for (const Principal& caller : {kSellerClient, kBuyerClient}) {
    ASSERT_TRUE(world
                    .Run<ContractView>([&](storage::Txn& txn) {
                      return world.app_.AcceptText(txn, caller, contract.id, contract.hashes.sha256);
                    })
                    .ok());
  }
  const std::string text = world
                               .Run<ContractView>([&](storage::Txn& txn) {
                                 return world.app_.Freeze(txn, kSellerClient, contract.id, "");
                               })
                               .value()
                               .text;
  for (const Principal& caller : {kSellerClient, kBuyerClient}) {
    ASSERT_TRUE(world
                    .Run<ContractView>([&](storage::Txn& txn) {
                      return world.app_.Sign(txn, caller, contract.id,
                                             SignedBy(caller.organization, Suite::kSm2Sm3, text));
                    })
                    .ok());
  }
  const Registration third = world
                                 .Run<Registration>([&](storage::Txn& txn) {
                                   return world.app_.Apply(txn, kSellerClient, contract.id, {});
                                 })
                                 .value();
  ASSERT_TRUE(world.AcceptCase(third.id).ok());
  EXPECT_EQ(ReasonOf(world.Register(third, "20263100010012")), Reason::kREGISTRATION_NUMBER_TAKEN);
  EXPECT_EQ(ReasonOf(world.Register(third, "20263100010013")), std::nullopt);
  ExpectReplayed(world);
}

TEST(ContractApp, APartyIsNoRegistryAndASupplementRestartsTheCase) {
  World world;
  world.MakeEffective();
  const Registration applied = world.Apply().value();
  EXPECT_EQ(ReasonOf(world.AcceptCase(applied.id, Client(kBuyer, "REGISTRY"))), Reason::kREGISTRY_IS_PARTY);
  Principal same_person = kRegistrar;
  same_person.person = kSellerClient.person;
  EXPECT_EQ(ReasonOf(world.AcceptCase(applied.id, same_person)), Reason::kSAME_PERSON);
  ASSERT_TRUE(world
                  .Run<Registration>([&](storage::Txn& txn) {
                    return world.app_.RequestSupplement(txn, kRegistrar, applied.id, "补交技术资料", "");
                  })
                  .ok());
  ASSERT_TRUE(world
                  .Run<Registration>([&](storage::Txn& txn) {
                    return world.app_.Supplement(txn, kSellerClient, applied.id, "已补交", fixtures::Items(),
                                                 "");
                  })
                  .ok());
  world.MoveTo(Start() + Hours(48));
  const Registration accepted = world.AcceptCase(applied.id).value();
  EXPECT_EQ(accepted.decide_by.base, MakeDate(2026, 11, 25));
  ExpectReplayed(world);
}

TEST(ContractApp, ServicesSeeAllEventsStaffTheirOwn) {
  World world;
  world.MakeEffective();
  DealFacts elsewhere = fixtures::Facts();
  elsewhere.exchange = "organizations/exchange2";
  world.KnowExchange(elsewhere.exchange, "91110108MA01ABCD5T");
  world.Determine({"d2"}, elsewhere);
  const Principal service{"services/settlement", "", "", {}};
  const size_t all = world.Events().size();
  const auto seen = [&](const Principal& caller, uint64_t after, size_t limit) {
    return world.app_.ListEvents(world.shell_.kv(), caller, after, limit);
  };
  EXPECT_EQ(seen(service, 0, 1000).events.size(), all);
  EXPECT_EQ(seen(kOfficer, 0, 1000).events.size(), all - 1);
  EXPECT_EQ(seen(Client("organizations/exchange2", "EXCHANGE_OFFICER"), 0, 1000).events.size(), 1u);
  const auto page = seen(service, 2, 3);
  ASSERT_EQ(page.events.size(), 3u);
  EXPECT_EQ(page.events[0].stored.sequence, 3u);
  EXPECT_EQ(page.last_sequence, 5u);
  EXPECT_TRUE(page.more);
  // Everything was looked at, though nothing is shown.
  EXPECT_EQ(seen(kStranger, 0, 3).last_sequence, all);
  EXPECT_TRUE(seen(kStranger, 0, 3).events.empty());
  EXPECT_TRUE(seen(Principal{}, 0, 3).events.empty());
}

// A registry's own cases and the untaken ones, in order and page by page, whatever other registries have taken.
TEST(ContractApp, ARegistryListsItsOwnCasesWithoutReadingThoseOfOthers) {
  World world;
  world.MakeEffective();
  const Registration applied = world.Apply().value();
  const StoredEvent event = world.Events().back();
  std::vector<RegistrationId> ids = {applied.id};
  world.Must([&](storage::Txn& txn) {
    for (int i = 0; i < 100; ++i) {
      RegistrationDecision copy{applied, {std::get<RegistrationEvent>(event.event)}};
      copy.next.id = {world.ids_.Next(txn.now())};
      ids.push_back(copy.next.id);
      SaveDecision(txn, static_cast<const Registration*>(nullptr), copy);
    }
    return Status();
  });
  const Principal other = Client("organizations/registry2", "REGISTRY");
  std::vector<std::string> expected;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i % 10 == 3) {
      ASSERT_TRUE(world.AcceptCase(ids[i]).ok());
    } else if (i % 10 > 4) {
      ASSERT_TRUE(world.AcceptCase(ids[i], other).ok());
    }
    if (i % 10 <= 4) expected.push_back(ids[i].text);
  }
  std::sort(expected.begin(), expected.end());
  const testing::CountingReader reader(world.shell_.kv());
  std::vector<std::string> listed;
  std::string after;
  size_t pages = 0;
  for (bool more = true; more; ++pages) {
    const size_t before = reader.reads();
    const auto page = world.app_.ListRegistrations(reader, kRegistrar, after, 7);
    EXPECT_LE(page.items.size(), 7u);
    EXPECT_LE(reader.reads() - before, 3 * 7u);
    for (const Registration& registration : page.items) listed.push_back(registration.id.text);
    after = page.last;
    more = page.more;
  }
  EXPECT_EQ(listed, expected);
  EXPECT_EQ(pages, expected.size() / 7 + 1);
  // What another registry takes leaves the list.
  const auto untaken = std::find_if(expected.begin(), expected.end(), [&](const std::string& id) {
    return LoadRegistration(world.shell_.kv(), {id})->registry.empty();
  });
  ASSERT_TRUE(world.AcceptCase({*untaken}, other).ok());
  expected.erase(untaken);
  listed.clear();
  for (const Registration& left : world.app_.ListRegistrations(reader, kRegistrar, "", 1000).items) {
    listed.push_back(left.id.text);
  }
  EXPECT_EQ(listed, expected);
  EXPECT_EQ(world.app_.ListRegistrations(reader, kSellerClient, "", 1000).items.size(), ids.size());
}

}  // namespace
}  // namespace ttx::contract
