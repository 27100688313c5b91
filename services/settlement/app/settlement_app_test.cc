#include "services/settlement/app/settlement_app.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "libs/storage/mem_kv.h"
#include "libs/storage/shell.h"
#include "libs/testing/counting_reader.h"
#include "libs/testing/manual_clock.h"
#include "libs/testing/seeded_ids.h"
#include "services/settlement/store/fee_file.h"

namespace ttx::settlement {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  TTX_CHECK(file.good(), "cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Calendar TestCalendar() {
  const std::vector<std::string> tables = {ReadText("deploy/calendar/2025.txt"),
                                           ReadText("deploy/calendar/2026.txt")};
  return Calendar::Parse(tables).value();
}

// Enough of a table for 2027 to be known; see deploy/calendar.
const std::string kTableOf2027 = "year 2027\noff 2027-01-01..2027-01-03\n";

FeeTable TestFees(const std::string& name) {
  return ParseFeeTable(ReadText("deploy/fees/" + name + ".textproto")).value();
}

/// 2026-09-17 10:00 in Shanghai, a Thursday.
Time TestStart() { return StartOfDay(MakeDate(2026, 9, 17)) + Hours(10); }

const std::string kExchangeName = "organizations/exchange";
const std::string kBuyerName = "东湖科技有限公司";
const std::string kLoserName = "西湖科技有限公司";
const std::string kDealName = "deals/d1";

Principal Staff(const std::string& person, std::vector<std::string> roles,
                const std::string& exchange = kExchangeName) {
  return {"apiClients/" + person, exchange, "people/" + person, std::move(roles)};
}
Principal Clerk() { return Staff("clerk", {"SETTLEMENT_CLERK"}); }
Principal Officer() { return Staff("officer", {"SETTLEMENT_OFFICER"}); }
Principal Bank(const std::string& name = "bank") {
  return {"apiClients/" + name, "organizations/" + name, "people/" + name, {"SETTLEMENT_BANK"}};
}
Principal Seller() { return {"apiClients/seller", "organizations/seller", "people/seller", {"TRANSFEROR"}}; }
Principal Buyer() { return {"apiClients/buyer", "organizations/buyer", "people/buyer", {"BIDDER"}}; }

std::unique_ptr<storage::Kv> CopyOf(const storage::Reader& disk) {
  auto copy = std::make_unique<storage::MemKv>();
  storage::WriteBatch batch;
  for (const storage::Entry& entry : disk.Scan({"", "\xff"}, 100'000, storage::Direction::kForward)) {
    batch.Put(entry.key, entry.value);
  }
  TTX_CHECK(copy->Write(batch).ok(), "memory refuses a write");
  return copy;
}

// The service without its wire: shell, app, calendar and a clock that the test moves.
class AppFixture {
 public:
  explicit AppFixture(std::string fee_table = "changsha-2022-09", uint64_t seed = 1,
                      std::unique_ptr<storage::Kv> kv = std::make_unique<storage::MemKv>(),
                      Calendar tables = TestCalendar(), Options options = {})
      : clock(TestStart()),
        ids(seed),
        calendar(std::move(tables)),
        app(std::move(options), {TestFees("changsha-2022-09")}, std::move(fee_table), calendar, ids),
        shell(std::move(kv), clock, {},
              {.on_due = [this](storage::Txn& txn, const std::string& subject) { app.OnDue(txn, subject); },
               .on_failure = [](const Error&) { TTX_CHECK(false, "a write failed"); }}) {}

  /// Runs one command; `run(txn)` gives a Result<T>.
  template <class T, class Run>
  Result<T> Do(Run run) {
    Result<T> result = Error(Reason::kINTERNAL);
    storage::Command command;
    command.run = [&](storage::Txn& txn) -> Result<std::string> {
      result = run(txn);
      if (!result.ok()) return result.error();
      return std::string();
    };
    shell.writer().Submit(std::move(command));
    Drain();
    return result;
  }
  template <class Run>
  Status Feed(Run run) {
    const Result<bool> result = Do<bool>([&](storage::Txn& txn) -> Result<bool> {
      TTX_RETURN_IF_ERROR(run(txn));
      return true;
    });
    if (!result.ok()) return result.error();
    return {};
  }
  void Drain() {
    while (shell.writer().Step() > 0) {
    }
  }
  void AdvanceTo(Time time) {
    clock.Set(time);
    for (int i = 0; i < 20; ++i) {
      shell.Tick();
      Drain();
    }
  }

  Status Confirm(const std::string& intent, const std::string& organization, const std::string& legal_name,
                 const std::string& reference, int64_t fen = 10'000'000) {
    return Feed([&](storage::Txn& txn) {
      return app.OnIntentConfirmed(txn, {.intent = "listings/l1/intents/" + intent,
                                         .listing = "listings/l1",
                                         .exchange = kExchangeName,
                                         .organization = organization,
                                         .legal_name = legal_name,
                                         .deposit = {fen},
                                         .due_time = StartOfDay(MakeDate(2026, 9, 23)),
                                         .reference = reference});
    });
  }
  Receipt Money(const std::string& bank_reference, const std::string& payer, int64_t fen,
                const std::string& reference, Escrow account = Escrow::kDeposit) {
    return {.bank = {},
            .bank_reference = bank_reference,
            .exchange = {},
            .account = account,
            .payer_name = payer,
            .payer_account = "6222-" + payer.substr(0, 3),
            .amount = {fen},
            .arrive_time = clock.Now(),
            .reference = reference};
  }
  Result<Notice> Notify(const Receipt& receipt, const Principal& bank = Bank()) {
    return Do<Notice>([&](storage::Txn& txn) { return app.CreateBankNotice(txn, bank, receipt); });
  }
  Status ContractTakesEffect(int64_t price_fen = 106'000'000, const std::string& intent = "b03") {
    return Feed([&](storage::Txn& txn) {
      return app.OnContractEffective(txn, {.contract = "contracts/c1",
                                           .deal = kDealName,
                                           .listing = "listings/l1",
                                           .exchange = kExchangeName,
                                           .seller = "organizations/seller",
                                           .seller_legal_name = "西山大学",
                                           .buyer = "organizations/buyer",
                                           .buyer_legal_name = kBuyerName,
                                           .intent = "listings/l1/intents/" + intent,
                                           .price = {price_fen},
                                           .listed_price = {100'000'000},
                                           .competitive = true,
                                           .effective_time = clock.Now(),
                                           .payment_due_time = StartOfDay(MakeDate(2026, 9, 29))});
    });
  }
  Status Say(Fact fact, const std::string& name = "") {
    return Feed([&](storage::Txn& txn) { return app.OnFact(txn, kDealName, fact, name); });
  }
  Status IntentOver(const std::string& intent, const std::string& reason = "INTENT_LOST") {
    return Feed(
        [&](storage::Txn& txn) { return app.OnIntentOver(txn, "listings/l1/intents/" + intent, reason); });
  }
  Status KnowSeller() {
    return Feed([&](storage::Txn& txn) {
      return app.OnOrganization(txn, "organizations/seller", {"西山大学", "西山大学", "1001-2002"});
    });
  }

  Deposit DepositOf(const std::string& intent) {
    return *FindDeposit(shell.kv(), "listings/l1/intents/" + intent);
  }
  Settlement Deal() { return *FindSettlement(shell.kv(), kDealName); }
  Payout PayoutNamed(const std::string& name) { return *LoadPayout(shell.kv(), {name.substr(8)}); }

  Result<Payout> Approve(const std::string& payout, const Principal& caller = Officer()) {
    return Do<Payout>(
        [&](storage::Txn& txn) { return app.ApprovePayout(txn, caller, {payout.substr(8)}, ""); });
  }
  Result<Payout> Send(const std::string& payout, const Principal& bank = Bank()) {
    return Do<Payout>([&](storage::Txn& txn) { return app.MarkSent(txn, bank, {payout.substr(8)}, ""); });
  }
  Result<Payout> Report(const std::string& payout, PayoutState result, std::string end_to_end_id = "",
                        std::string bank_transaction = "", const Principal& bank = Bank()) {
    if (end_to_end_id.empty()) end_to_end_id = EndToEndId(PayoutNamed(payout));
    if (bank_transaction.empty()) bank_transaction = "T-" + end_to_end_id;
    return Do<Payout>([&](storage::Txn& txn) {
      return app.ReportResult(txn, bank, {payout.substr(8)}, "",
                              {result, end_to_end_id, bank_transaction, ""});
    });
  }
  Result<Settlement> AskForProceeds(const Principal& caller = Seller()) {
    return Do<Settlement>([&](storage::Txn& txn) { return app.RequestRelease(txn, caller, Deal().id, ""); });
  }
  Result<Settlement> ReleaseProceeds(const Principal& caller = Clerk()) {
    return Do<Settlement>([&](storage::Txn& txn) { return app.ApproveRelease(txn, caller, Deal().id, ""); });
  }

  Fen On(Account account) {
    const TrialBalance trial = ReadTrialBalance(shell.kv(), kExchangeName);
    const auto it = trial.accounts.find(account);
    return it == trial.accounts.end() ? Fen{} : NetOf(account, it->second);
  }
  std::vector<StoredEvent> Events() { return settlement::ListEvents(shell.kv(), 0, 10'000); }

  testing::ManualClock clock;
  testing::SeededIds ids;
  Calendar calendar;
  SettlementApp app;
  storage::Shell shell;
};

template <class T>
std::string ReasonOf(const Result<T>& result) {
  return result.ok() ? "OK" : std::string(ReasonName(result.error().reason));
}
std::string ReasonOf(const Status& status) {
  return status.ok() ? "OK" : std::string(ReasonName(status.error().reason));
}

class SettlementAppTest : public ::testing::Test, protected AppFixture {
 protected:
  void TearDown() override {
    const std::vector<std::string> differences = AuditLedger(shell.kv(), kExchangeName);
    EXPECT_TRUE(differences.empty()) << differences.front();
    // Every aggregate can be rebuilt from the log.
    std::map<std::string, Deposit> deposits;
    std::map<std::string, Settlement> settlements;
    for (const StoredEvent& stored : Events()) {
      if (const auto* e = std::get_if<DepositEvent>(&stored.event)) {
        deposits[e->after.id.text] = Apply(deposits[e->after.id.text], *e);
      } else if (const auto* s = std::get_if<SettlementEvent>(&stored.event)) {
        settlements[s->after.id.text] = Apply(settlements[s->after.id.text], *s);
      }
    }
    for (const auto& [id, deposit] : deposits) EXPECT_EQ(deposit, *LoadDeposit(shell.kv(), {id}));
    for (const auto& [id, settlement] : settlements) EXPECT_EQ(settlement, *LoadSettlement(shell.kv(), {id}));
  }

  void PayDeposits() {
    ASSERT_TRUE(Confirm("b03", "organizations/buyer", kBuyerName, "REF-B03").ok());
    ASSERT_TRUE(Confirm("b01", "organizations/loser", kLoserName, "REF-B01").ok());
    ASSERT_EQ(ReasonOf(Notify(Money("N1", kBuyerName, 10'000'000, "REF-B03"))), "OK");
    ASSERT_EQ(ReasonOf(Notify(Money("N2", kLoserName, 10'000'000, "REF-B01"))), "OK");
  }
  void PayEverything() {
    PayDeposits();
    ASSERT_TRUE(ContractTakesEffect().ok());
    const SettlementId id = Deal().id;
    ASSERT_EQ(
        ReasonOf(Notify(Money("N3", kBuyerName, 96'000'000, ReferenceOf(id, Item::kPrice), Escrow::kPrice))),
        "OK");
    ASSERT_EQ(ReasonOf(Notify(
                  Money("N4", kBuyerName, 3'392'000, ReferenceOf(id, Item::kBuyerFee), Escrow::kPrice))),
              "OK");
  }
  void MeetConditions() {
    ASSERT_TRUE(Say(Fact::kCertified, "certificates/x").ok());
    ASSERT_TRUE(Say(Fact::kRegistered).ok());
    ASSERT_TRUE(Say(Fact::kWindowEnded).ok());
    ASSERT_TRUE(KnowSeller().ok());
  }

  template <class Kind, class Change>
  int Count(Change change) {
    int count = 0;
    for (const StoredEvent& stored : Events()) {
      const auto* event = std::get_if<Kind>(&stored.event);
      if (event != nullptr && event->change == change) ++count;
    }
    return count;
  }
};

// Two winners of one auction take 30 and 70 percent (domain.md 5.9, PRO_RATA): every deal is settled alone.
TEST_F(SettlementAppTest, TheDealsOfOneListingAreSettledAloneToTheFen) {
  PayDeposits();
  struct Part {
    std::string deal;
    std::string intent;
    int64_t price;
    int64_t listed_price;
    int64_t seller_fee;
    int64_t buyer_fee;
  };
  const std::vector<Part> parts = {{"deals/p1", "b03", 31'800'000, 30'000'000, 76'320, 1'017'600},
                                   {"deals/p2", "b01", 74'200'000, 70'000'000, 178'080, 2'374'400}};
  Fen price;
  Fen fees;
  for (const Part& part : parts) {
    ASSERT_TRUE(Feed([&](storage::Txn& txn) {
                  return app.OnContractEffective(txn, {.contract = "contracts/" + part.intent,
                                                       .deal = part.deal,
                                                       .listing = "listings/l1",
                                                       .exchange = kExchangeName,
                                                       .seller = "organizations/seller",
                                                       .seller_legal_name = "西山大学",
                                                       .buyer = "organizations/" + part.intent,
                                                       .buyer_legal_name = kBuyerName,
                                                       .intent = "listings/l1/intents/" + part.intent,
                                                       .price = {part.price},
                                                       .listed_price = {part.listed_price},
                                                       .competitive = true,
                                                       .effective_time = clock.Now(),
                                                       .payment_due_time = StartOfDay(MakeDate(2026, 9, 29))});
                }).ok());
    const Settlement settlement = *FindSettlement(shell.kv(), part.deal);
    EXPECT_EQ(settlement.price, Fen{part.price});
    EXPECT_EQ(settlement.seller_fee, Fen{part.seller_fee});
    EXPECT_EQ(settlement.buyer_fee, Fen{part.buyer_fee});
    EXPECT_EQ(DepositOf(part.intent).state, DepositState::kConverted);
    EXPECT_EQ(DepositOf(part.intent).converted, Fen{10'000'000});
    price += settlement.price;
    fees += settlement.seller_fee + settlement.buyer_fee;
  }
  EXPECT_EQ(price, Fen{106'000'000});
  EXPECT_EQ(fees, Fen{3'646'400});
  const auto pay = [&](const std::string& deal, const std::string& notice, int64_t fen, Item item) {
    const SettlementId id = FindSettlement(shell.kv(), deal)->id;
    return ReasonOf(Notify(Money(notice, kBuyerName, fen, ReferenceOf(id, item), Escrow::kPrice)));
  };
  EXPECT_EQ(pay("deals/p2", "N3", 64'200'000, Item::kPrice), "OK");
  EXPECT_EQ(pay("deals/p2", "N4", 2'374'400, Item::kBuyerFee), "OK");
  EXPECT_EQ(FindSettlement(shell.kv(), "deals/p2")->state, SettlementState::kFullyPaid);
  EXPECT_EQ(FindSettlement(shell.kv(), "deals/p1")->state, SettlementState::kAwaiting);
  // What holds one deal does not hold the other.
  ASSERT_TRUE(
      Feed([&](storage::Txn& txn) { return app.OnFact(txn, "deals/p1", Fact::kHoldPlaced, "objections/o"); }).ok());
  EXPECT_TRUE(IsFrozen(*FindSettlement(shell.kv(), "deals/p1")));
  EXPECT_FALSE(IsFrozen(*FindSettlement(shell.kv(), "deals/p2")));
}

// The deal of domain.md 7.3 through the whole service, to the fen.
TEST_F(SettlementAppTest, TheWorkedDeal) {
  PayDeposits();
  EXPECT_EQ(DepositOf("b03").state, DepositState::kEffective);
  EXPECT_EQ(On(Account::kBankEscrowDeposit), Fen{20'000'000});
  ASSERT_TRUE(ContractTakesEffect().ok());
  EXPECT_EQ(DepositOf("b03").state, DepositState::kConverted);
  EXPECT_EQ(Deal().state, SettlementState::kAwaiting);
  EXPECT_EQ(Deal().seller_fee, Fen{254'400});
  EXPECT_EQ(Deal().buyer_fee, Fen{3'392'000});
  const SettlementId id = Deal().id;
  ASSERT_TRUE(
      Notify(Money("N3", kBuyerName, 96'000'000, ReferenceOf(id, Item::kPrice), Escrow::kPrice)).ok());
  EXPECT_EQ(Deal().state, SettlementState::kPartial);
  ASSERT_TRUE(
      Notify(Money("N4", kBuyerName, 3'392'000, ReferenceOf(id, Item::kBuyerFee), Escrow::kPrice)).ok());
  EXPECT_EQ(Deal().state, SettlementState::kFullyPaid);
  EXPECT_EQ(On(Account::kBankEscrowPrice), Fen{109'392'000});
  EXPECT_EQ(On(Account::kFeeHeld), Fen{3'646'400});
  MeetConditions();
  EXPECT_EQ(Deal().state, SettlementState::kReleasable);
  EXPECT_EQ(On(Account::kFeeIncome), Fen{3'646'400});
  EXPECT_EQ(On(Account::kSellerPayable), Fen{105'745'600});
  ASSERT_EQ(ReasonOf(AskForProceeds()), "OK");
  ASSERT_EQ(ReasonOf(ReleaseProceeds()), "OK");
  const Payout proceeds = PayoutNamed(Deal().payout);
  EXPECT_EQ(proceeds.state, PayoutState::kPrepared);
  EXPECT_EQ(proceeds.amount, Fen{105'745'600});
  EXPECT_EQ(proceeds.payee_account, "1001-2002");
  EXPECT_EQ(proceeds.bank, "organizations/bank");
  EXPECT_EQ(proceeds.maker, "people/clerk");
  EXPECT_EQ(proceeds.approver, "");
  EXPECT_EQ(proceeds.due, MakeDate(2026, 9, 21));  // three working days; 09-20 is a Sunday that is worked
  EXPECT_EQ(ReasonOf(Send(Deal().payout)), "NOT_FOUND");  // one clerk alone moves nothing
  EXPECT_EQ(ReasonOf(Approve(Deal().payout, Staff("clerk", {"SETTLEMENT_OFFICER"}))), "SAME_PERSON");
  EXPECT_EQ(Approve(Deal().payout)->approver, "people/officer");
  ASSERT_EQ(ReasonOf(Send(Deal().payout)), "OK");
  EXPECT_EQ(On(Account::kSellerPayable), Fen{105'745'600});
  ASSERT_EQ(ReasonOf(Report(Deal().payout, PayoutState::kSucceeded)), "OK");
  EXPECT_EQ(Deal().state, SettlementState::kSettled);

  ASSERT_TRUE(IntentOver("b01").ok());
  const std::string refund = DepositOf("b01").payout;
  ASSERT_EQ(ReasonOf(Approve(refund)), "OK");
  ASSERT_EQ(ReasonOf(Send(refund)), "OK");
  ASSERT_EQ(ReasonOf(Report(refund, PayoutState::kSucceeded)), "OK");
  EXPECT_EQ(DepositOf("b01").state, DepositState::kRefunded);
  for (const AccountInfo& info : Chart()) {
    const bool kept = info.account == Account::kBankOwn || info.account == Account::kFeeIncome;
    EXPECT_EQ(On(info.account), kept ? Fen{3'646'400} : Fen{}) << info.title;
  }
  EXPECT_EQ(Count<DepositEvent>(DepositChange::kEffective), 2);
  EXPECT_EQ(Count<SettlementEvent>(SettlementChange::kPaid), 1);
  EXPECT_EQ(Count<SettlementEvent>(SettlementChange::kSettled), 1);
}

TEST_F(SettlementAppTest, ABankReferenceIsCreditedOnceEvenWithinOneBatch) {
  ASSERT_TRUE(Confirm("b03", "organizations/buyer", kBuyerName, "REF-B03").ok());
  const Receipt receipt = Money("N1", kBuyerName, 10'000'000, "REF-B03");
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) {
    storage::Command command;
    command.principal = "apiClients/bank";
    command.method = "CreateBankNotice";
    command.request_id = "r" + std::to_string(i);
    command.run = [&](storage::Txn& txn) -> Result<std::string> {
      TTX_TRY(const Notice notice, app.CreateBankNotice(txn, Bank(), receipt));
      return NameOf(notice.id);
    };
    command.done = [&](storage::Answer answer) { names.push_back(answer.body.value()); };
    shell.writer().Submit(std::move(command));
  }
  EXPECT_EQ(shell.writer().Step(), 3u);
  EXPECT_EQ(names, std::vector<std::string>(3, names.at(0)));
  EXPECT_EQ(On(Account::kBankEscrowDeposit), Fen{10'000'000});

  Receipt other = receipt;
  other.amount = {10'000'001};
  EXPECT_EQ(ReasonOf(Notify(other)), "BANK_REFERENCE_REUSED");
  other = receipt;
  other.arrive_time = receipt.arrive_time + Seconds(1);
  EXPECT_EQ(ReasonOf(Notify(other)), "BANK_REFERENCE_REUSED");
  Receipt named = receipt;
  named.exchange = kExchangeName;
  EXPECT_EQ(ReasonOf(Notify(named)), "OK");
  EXPECT_EQ(On(Account::kBankEscrowDeposit), Fen{10'000'000});
}

TEST_F(SettlementAppTest, MoneyThatDoesNotFitGoesBackAndTheDepositStaysOpen) {
  ASSERT_TRUE(Confirm("b03", "organizations/buyer", kBuyerName, "REF-B03").ok());
  const auto refused = [&](Receipt receipt) {
    const Result<Notice> notice = Notify(receipt);
    EXPECT_TRUE(notice.ok());
    EXPECT_EQ(notice->state, NoticeState::kToRefund);
    EXPECT_EQ(PayoutNamed(notice->payout).payee_account, receipt.payer_account);
    EXPECT_EQ(PayoutNamed(notice->payout).amount, receipt.amount);
    return notice->refund_reason;
  };
  EXPECT_EQ(refused(Money("N1", kLoserName, 10'000'000, "REF-B03")), RefundReason::kWrongPayer);
  EXPECT_EQ(refused(Money("N2", kBuyerName, 9'999'999, "REF-B03")), RefundReason::kShort);
  EXPECT_EQ(refused(Money("N3", kBuyerName, 10'000'000, "REF-B03", Escrow::kPrice)),
            RefundReason::kWrongAccount);
  Receipt elsewhere = Money("N4", kBuyerName, 10'000'000, "REF-B03");
  elsewhere.exchange = "organizations/other";
  EXPECT_EQ(refused(elsewhere), RefundReason::kWrongAccount);
  EXPECT_TRUE(AuditLedger(shell.kv(), "organizations/other").empty());
  EXPECT_EQ(DepositOf("b03").state, DepositState::kExpected);
  EXPECT_EQ(On(Account::kRefundPayable), Fen{29'999'999});
  ASSERT_EQ(Notify(Money("N5", kBuyerName, 10'000'000, "REF-B03"))->state, NoticeState::kMatched);
  EXPECT_EQ(DepositOf("b03").state, DepositState::kEffective);
  EXPECT_EQ(refused(Money("N6", kBuyerName, 10'000'000, "REF-B03")), RefundReason::kAlreadyPaid);
}

// Two banks in one installation; the exchange has its escrow accounts with the first.
TEST(EscrowBankTest, OnlyTheExchangesBankReportsItsMoneyAndItsPayouts) {
  AppFixture with("changsha-2022-09", 1, std::make_unique<storage::MemKv>(), TestCalendar(),
                  {.escrow_banks = {{kExchangeName, "organizations/bank"}}});
  const Principal other = Bank("other");
  ASSERT_TRUE(with.Confirm("b03", "organizations/buyer", kBuyerName, "REF-B03").ok());
  Receipt money = with.Money("N1", kBuyerName, 10'000'000, "REF-B03");
  Error denied(Reason::kPERMISSION_DENIED,
               {{"exchange", kExchangeName}, {"escrow_bank", "organizations/bank"}});
  denied.violations = {{"exchange", Reason::kPERMISSION_DENIED,
                        "the escrow bank of organizations/exchange is organizations/bank"}};
  EXPECT_EQ(with.Notify(money, other).error(), denied);  // its reference names the exchange
  money.exchange = kExchangeName;
  EXPECT_EQ(with.Notify(money, other).error(), denied);
  money.reference = "nobody waits for this";
  EXPECT_EQ(with.Notify(money, other).error(), denied);
  EXPECT_EQ(with.DepositOf("b03").state, DepositState::kExpected);
  // An exchange that names no bank takes money from every one, which credits no deposit of another exchange.
  money.exchange = "organizations/elsewhere";
  money.reference = "REF-B03";
  EXPECT_EQ(with.Notify(money, other)->state, NoticeState::kToRefund);
  EXPECT_EQ(with.DepositOf("b03").state, DepositState::kExpected);
  ASSERT_EQ(ReasonOf(with.Notify(with.Money("N1", kBuyerName, 10'000'000, "REF-B03"))), "OK");
  ASSERT_TRUE(with.IntentOver("b03").ok());
  const std::string refund = with.DepositOf("b03").payout;
  ASSERT_EQ(ReasonOf(with.Approve(refund)), "OK");
  EXPECT_EQ(ReasonOf(with.Send(refund, other)), "NOT_FOUND");
  ASSERT_EQ(ReasonOf(with.Send(refund)), "OK");
  EXPECT_EQ(ReasonOf(with.Report(refund, PayoutState::kSucceeded, "", "", other)), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(with.Report(refund, PayoutState::kSucceeded)), "OK");
}

// The configuration names another bank than the one that took the money in before.
TEST(EscrowBankTest, AfterAChangeTheNewBankPaysAndTheFormerOneReportsNothing) {
  AppFixture before;
  for (const auto& [intent, reference] : std::map<std::string, std::string>{{"b03", "R3"}, {"b04", "R4"}}) {
    ASSERT_TRUE(before.Confirm(intent, "organizations/buyer", kBuyerName, reference).ok());
    ASSERT_EQ(ReasonOf(before.Notify(before.Money(reference, kBuyerName, 10'000'000, reference))), "OK");
  }
  ASSERT_TRUE(before.IntentOver("b03").ok());
  const std::string sent_before = before.DepositOf("b03").payout;
  ASSERT_EQ(ReasonOf(before.Approve(sent_before)), "OK");
  ASSERT_EQ(ReasonOf(before.Send(sent_before)), "OK");
  AppFixture after("changsha-2022-09", 2, CopyOf(before.shell.kv()), TestCalendar(),
                   {.escrow_banks = {{kExchangeName, "organizations/other"}}});
  EXPECT_EQ(ReasonOf(after.Report(sent_before, PayoutState::kSucceeded)), "PERMISSION_DENIED");
  ASSERT_TRUE(after.IntentOver("b04").ok());
  const std::string refund = after.DepositOf("b04").payout;
  EXPECT_EQ(after.PayoutNamed(refund).bank, "organizations/other");
  ASSERT_EQ(ReasonOf(after.Approve(refund)), "OK");
  ASSERT_EQ(ReasonOf(after.Send(refund, Bank("other"))), "OK");
  EXPECT_EQ(ReasonOf(after.Report(refund, PayoutState::kSucceeded, "", "", Bank("other"))), "OK");
}

TEST_F(SettlementAppTest, WhatCountsIsTheArrivalNotTheNotice) {
  ASSERT_TRUE(Confirm("b03", "organizations/buyer", kBuyerName, "REF-B03").ok());
  ASSERT_TRUE(Confirm("b01", "organizations/loser", kLoserName, "REF-B01").ok());
  const Time due = DepositOf("b03").due_time;
  AdvanceTo(due + Hours(1));
  EXPECT_EQ(DepositOf("b03").state, DepositState::kExpected);
  Receipt receipt = Money("N1", kBuyerName, 10'000'000, "REF-B03");
  EXPECT_EQ(Notify(receipt)->refund_reason, RefundReason::kLate);
  receipt.bank_reference = "N2";
  receipt.arrive_time = due - Nanoseconds(1);
  EXPECT_EQ(Notify(receipt)->state, NoticeState::kMatched);
  EXPECT_EQ(DepositOf("b03").state, DepositState::kEffective);
  AdvanceTo(due + Hours(2));
  EXPECT_EQ(DepositOf("b03").state, DepositState::kEffective);
  EXPECT_EQ(DepositOf("b01").state, DepositState::kMissed);
  EXPECT_EQ(Count<DepositEvent>(DepositChange::kMissed), 1);
  receipt = Money("N3", kLoserName, 10'000'000, "REF-B01");
  receipt.arrive_time = due - Hours(1);
  EXPECT_EQ(Notify(receipt)->refund_reason, RefundReason::kClosed);
}

TEST_F(SettlementAppTest, NoDepositIsClosedOnAProvisionalDate) {
  ASSERT_TRUE(Feed([&](storage::Txn& txn) {
                return app.OnIntentConfirmed(txn, {.intent = "listings/l1/intents/b09",
                                                   .listing = "listings/l1",
                                                   .exchange = kExchangeName,
                                                   .organization = "organizations/buyer",
                                                   .legal_name = kBuyerName,
                                                   .deposit = {5},
                                                   .due_time = StartOfDay(MakeDate(2027, 1, 6)),
                                                   .reference = "REF-B09"});
              }).ok());
  AdvanceTo(StartOfDay(MakeDate(2027, 1, 7)));
  EXPECT_EQ(DepositOf("b09").state, DepositState::kExpected);
}

TEST(SettlementAppDue, AProvisionalDeadlineIsCountedAgainWhenTheTableArrives) {
  auto kv = std::make_unique<storage::MemKv>();
  storage::MemKv& disk = *kv;
  AppFixture before("changsha-2022-09", 1, std::move(kv));
  before.AdvanceTo(StartOfDay(MakeDate(2026, 12, 30)) + Hours(10));
  // Three working days after Wednesday 12-30, as far as anybody knows: Thursday, Friday 01-01, Monday 01-04.
  const auto confirm = [&](const std::string& intent, const std::string& legal_name,
                           const std::string& reference) {
    return before.Feed([&](storage::Txn& txn) {
      return before.app.OnIntentConfirmed(txn, {.intent = "listings/l1/intents/" + intent,
                                                .listing = "listings/l1",
                                                .exchange = kExchangeName,
                                                .organization = "organizations/" + intent,
                                                .legal_name = legal_name,
                                                .deposit = {1'000},
                                                .due_time = StartOfDay(MakeDate(2027, 1, 5)),
                                                .reference = reference,
                                                .due_provisional = true});
    });
  };
  ASSERT_TRUE(confirm("b03", kBuyerName, "REF-B03").ok());
  ASSERT_TRUE(confirm("b01", kLoserName, "REF-B01").ok());
  before.AdvanceTo(StartOfDay(MakeDate(2027, 1, 5)) + Hours(3));
  EXPECT_EQ(before.Notify(before.Money("N1", kBuyerName, 1'000, "REF-B03"))->state, NoticeState::kMatched);
  EXPECT_EQ(before.DepositOf("b01").state, DepositState::kExpected);

  // A server with the table of 2027, in which 01-01 is a holiday, takes over.
  const std::vector<std::string> tables = {ReadText("deploy/calendar/2026.txt"), kTableOf2027};
  AppFixture after("changsha-2022-09", 2, CopyOf(disk), Calendar::Parse(tables).value());
  const Time due = after.calendar.DeadlineWorkdays(MakeDate(2026, 12, 30), 3).end();
  ASSERT_EQ(due, StartOfDay(MakeDate(2027, 1, 6)));
  after.AdvanceTo(due + Hours(2) - Seconds(1));
  EXPECT_EQ(after.DepositOf("b01").state, DepositState::kExpected);
  after.AdvanceTo(due + Hours(26));
  EXPECT_EQ(after.DepositOf("b01").state, DepositState::kMissed);
  EXPECT_EQ(after.DepositOf("b01").due_time, due);
  EXPECT_EQ(after.DepositOf("b03").state, DepositState::kEffective);
}

TEST_F(SettlementAppTest, UnmatchedMoneyIsMatchedByTwoPersons) {
  ASSERT_TRUE(Confirm("b03", "organizations/buyer", kBuyerName, "REF-B03").ok());
  Receipt receipt = Money("N1", kBuyerName, 10'000'000, "REF B03");
  const Result<Notice> nowhere = Notify(receipt);
  ASSERT_FALSE(nowhere.ok());
  EXPECT_EQ(nowhere.error().violations.at(0), (FieldViolation{"exchange", Reason::kREQUIRED, ""}));
  receipt.exchange = kExchangeName;
  const Result<Notice> notice = Notify(receipt);
  ASSERT_EQ(ReasonOf(notice), "OK");
  EXPECT_EQ(notice->state, NoticeState::kUnmatched);
  EXPECT_EQ(On(Account::kUnmatchedReceipt), Fen{10'000'000});

  const NoticeId id = notice->id;
  const auto propose = [&](const Principal& caller, const std::string& reference,
                           const std::string& etag = "") {
    return ReasonOf(
        Do<Notice>([&](storage::Txn& txn) { return app.MatchNotice(txn, caller, id, etag, reference); }));
  };
  const auto approve = [&](const Principal& caller) {
    return ReasonOf(Do<Notice>([&](storage::Txn& txn) { return app.ApproveMatch(txn, caller, id, ""); }));
  };
  EXPECT_EQ(approve(Officer()), "WRONG_STATE");
  EXPECT_EQ(propose(Clerk(), "REF-NOBODY"), "REFERENCE_UNKNOWN");
  EXPECT_EQ(propose(Clerk(), "REF-B03", "7"), "ETAG_MISMATCH");
  EXPECT_EQ(propose(Staff("stranger", {"SETTLEMENT_CLERK"}, "organizations/other"), "REF-B03"), "NOT_FOUND");
  EXPECT_EQ(propose(Clerk(), "REF-B03", "1"), "OK");
  EXPECT_EQ(approve(Staff("clerk", {"SETTLEMENT_OFFICER"})), "SAME_PERSON");
  EXPECT_EQ(approve(Officer()), "OK");
  EXPECT_EQ(DepositOf("b03").state, DepositState::kEffective);
  EXPECT_EQ(On(Account::kUnmatchedReceipt), Fen{});
  EXPECT_EQ(On(Account::kDepositPayable), Fen{10'000'000});
  EXPECT_EQ(approve(Officer()), "WRONG_STATE");
  EXPECT_EQ(LoadNotice(shell.kv(), id)->proposer, "people/clerk");
  EXPECT_EQ(LoadNotice(shell.kv(), id)->approver, "people/officer");
}

TEST_F(SettlementAppTest, AnApprovedMatchIsStillJudged) {
  ASSERT_TRUE(Confirm("b03", "organizations/buyer", kBuyerName, "REF-B03").ok());
  Receipt receipt = Money("N1", kLoserName, 10'000'000, "");
  receipt.exchange = kExchangeName;
  const NoticeId id = Notify(receipt)->id;
  ASSERT_TRUE(
      Do<Notice>([&](storage::Txn& txn) { return app.MatchNotice(txn, Clerk(), id, "", "REF-B03"); }).ok());
  const auto approved =
      Do<Notice>([&](storage::Txn& txn) { return app.ApproveMatch(txn, Officer(), id, ""); });
  ASSERT_EQ(ReasonOf(approved), "OK");
  EXPECT_EQ(approved->state, NoticeState::kToRefund);
  EXPECT_EQ(approved->refund_reason, RefundReason::kWrongPayer);
  EXPECT_EQ(On(Account::kRefundPayable), Fen{10'000'000});
  EXPECT_EQ(DepositOf("b03").state, DepositState::kExpected);
}

TEST_F(SettlementAppTest, UnmatchedMoneyIsRefundedByTwoPersons) {
  Receipt receipt = Money("N1", kBuyerName, 700, "?");
  receipt.exchange = kExchangeName;
  const NoticeId id = Notify(receipt)->id;
  const auto refund = Do<Notice>([&](storage::Txn& txn) { return app.RefundNotice(txn, Clerk(), id, ""); });
  ASSERT_EQ(ReasonOf(refund), "OK");
  EXPECT_EQ(refund->refund_reason, RefundReason::kByClerk);
  EXPECT_EQ(ReasonOf(Approve(refund->payout, Staff("clerk", {"SETTLEMENT_OFFICER"}))), "SAME_PERSON");
  EXPECT_EQ(ReasonOf(Approve(refund->payout)), "OK");
  ASSERT_TRUE(Send(refund->payout).ok());
  ASSERT_TRUE(Report(refund->payout, PayoutState::kSucceeded).ok());
  EXPECT_EQ(LoadNotice(shell.kv(), id)->state, NoticeState::kRefunded);
  EXPECT_EQ(On(Account::kBankEscrowDeposit), Fen{});
}

TEST_F(SettlementAppTest, ALosersRefundSurvivesTheBanksTroubles) {
  PayDeposits();
  ASSERT_TRUE(IntentOver("b01").ok());
  ASSERT_TRUE(IntentOver("b01").ok());  // said twice, done once
  const Deposit deposit = DepositOf("b01");
  EXPECT_EQ(deposit.state, DepositState::kToRefund);
  EXPECT_EQ(deposit.refund_due, MakeDate(2026, 9, 21));
  const std::string payout = deposit.payout;
  EXPECT_EQ(ReasonOf(app.GetPayout(shell.kv(), Bank(), {payout.substr(8)})), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Send(payout)), "NOT_FOUND");
  ASSERT_TRUE(Approve(payout).ok());
  EXPECT_EQ(app.ListPayouts(shell.kv(), Bank(), PayoutState::kPending, "", 10).size(), 1u);
  ASSERT_TRUE(Send(payout).ok());
  ASSERT_TRUE(Report(payout, PayoutState::kUnknown).ok());
  EXPECT_EQ(ReasonOf(Approve(payout)), "WRONG_STATE");  // never repaid while unknown (E7)
  ASSERT_TRUE(Report(payout, PayoutState::kFailed).ok());
  EXPECT_EQ(On(Account::kRefundPayable), Fen{10'000'000});
  const std::string first = EndToEndId(PayoutNamed(payout));
  ASSERT_TRUE(Approve(payout).ok());
  ASSERT_TRUE(Send(payout).ok());
  EXPECT_EQ(ReasonOf(Report(payout, PayoutState::kSucceeded, first)), "END_TO_END_ID_MISMATCH");
  ASSERT_TRUE(Report(payout, PayoutState::kSucceeded).ok());
  ASSERT_TRUE(Report(payout, PayoutState::kSucceeded).ok());
  EXPECT_EQ(ReasonOf(Report(payout, PayoutState::kFailed)), "WRONG_STATE");
  EXPECT_EQ(DepositOf("b01").state, DepositState::kRefunded);
  EXPECT_EQ(On(Account::kRefundPayable), Fen{});
  EXPECT_EQ(Count<DepositEvent>(DepositChange::kRefunded), 1);
}

TEST_F(SettlementAppTest, ABankSeesAndReportsOnlyWhatItReceived) {
  PayDeposits();
  ASSERT_TRUE(IntentOver("b01").ok());
  const std::string payout = DepositOf("b01").payout;
  ASSERT_TRUE(Approve(payout).ok());
  EXPECT_EQ(PayoutNamed(payout).bank, "organizations/bank");
  const Principal other{"apiClients/b2", "organizations/bank2", "people/b2", {"SETTLEMENT_BANK"}};
  const PayoutId id{payout.substr(8)};
  EXPECT_EQ(ReasonOf(app.GetPayout(shell.kv(), other, id)), "NOT_FOUND");
  EXPECT_TRUE(app.ListPayouts(shell.kv(), other, std::nullopt, "", 10).empty());
  EXPECT_EQ(app.ListPayouts(shell.kv(), Bank(), std::nullopt, "", 10).size(), 1u);
  EXPECT_EQ(ReasonOf(Do<Payout>([&](storage::Txn& txn) { return app.MarkSent(txn, other, id, ""); })),
            "NOT_FOUND");
  ASSERT_TRUE(Send(payout).ok());
  const ReportPayout report{PayoutState::kSucceeded, EndToEndId(PayoutNamed(payout)), "T", ""};
  EXPECT_EQ(
      ReasonOf(Do<Payout>([&](storage::Txn& txn) { return app.ReportResult(txn, other, id, "", report); })),
      "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Report(payout, PayoutState::kSucceeded)), "OK");
}

TEST_F(SettlementAppTest, ABankTransactionSettlesOnePayout) {
  PayDeposits();
  ASSERT_TRUE(IntentOver("b01").ok());
  ASSERT_TRUE(IntentOver("b03").ok());
  const std::string first = DepositOf("b01").payout;
  const std::string second = DepositOf("b03").payout;
  for (const std::string& payout : {first, second}) {
    ASSERT_TRUE(Approve(payout).ok());
    ASSERT_TRUE(Send(payout).ok());
  }
  ASSERT_TRUE(Report(first, PayoutState::kSucceeded, "", "T-1").ok());
  EXPECT_EQ(ReasonOf(Report(first, PayoutState::kSucceeded, "", "T-1")), "OK");
  EXPECT_EQ(ReasonOf(Report(first, PayoutState::kSucceeded, "", "T-2")), "REPORT_DIFFERS");
  EXPECT_EQ(PayoutNamed(first).bank_transaction, "T-1");
  const Result<Payout> reused = Report(second, PayoutState::kSucceeded, "", "T-1");
  EXPECT_EQ(ReasonOf(reused), "BANK_TRANSACTION_REUSED");
  EXPECT_EQ(reused.error().metadata.at("resource"), first);
  EXPECT_EQ(PayoutNamed(second).state, PayoutState::kSent);
  EXPECT_EQ(ReasonOf(Report(second, PayoutState::kSucceeded, "", "T-2")), "OK");
}

TEST_F(SettlementAppTest, ReleasedIntentsThatPaidNothingGetNothing) {
  ASSERT_TRUE(Confirm("b01", "organizations/loser", kLoserName, "REF-B01").ok());
  ASSERT_TRUE(IntentOver("b01", "LISTING_TERMINATED").ok());
  EXPECT_EQ(DepositOf("b01").state, DepositState::kReleased);
  EXPECT_EQ(DepositOf("b01").refund_reason, "LISTING_TERMINATED");
  EXPECT_TRUE(app.ListPayouts(shell.kv(), Officer(), std::nullopt, "", 10).empty());
  EXPECT_TRUE(IntentOver("never-heard-of").ok());
}

TEST_F(SettlementAppTest, WhatExceedsTheRestGoesBack) {
  PayDeposits();
  ASSERT_TRUE(ContractTakesEffect().ok());
  const std::string price = ReferenceOf(Deal().id, Item::kPrice);
  const Result<Notice> notice = Notify(Money("N3", kBuyerName, 96'000'500, price, Escrow::kPrice));
  ASSERT_EQ(ReasonOf(notice), "OK");
  EXPECT_EQ(notice->state, NoticeState::kMatched);
  EXPECT_EQ(notice->accepted, Fen{96'000'000});
  EXPECT_EQ(PayoutNamed(notice->payout).amount, Fen{500});
  EXPECT_EQ(PayoutNamed(notice->payout).account, Escrow::kPrice);
  EXPECT_EQ(Notify(Money("N4", kBuyerName, 1, price, Escrow::kPrice))->refund_reason,
            RefundReason::kAlreadyPaid);
  ASSERT_TRUE(Approve(notice->payout).ok());
  ASSERT_TRUE(Send(notice->payout).ok());
  ASSERT_TRUE(Report(notice->payout, PayoutState::kSucceeded).ok());
  EXPECT_EQ(LoadNotice(shell.kv(), notice->id)->state, NoticeState::kMatched);
  EXPECT_EQ(On(Account::kRefundPayable), Fen{1});
}

TEST_F(SettlementAppTest, AnObjectionFreezesEverythingThatLeaves) {
  ASSERT_TRUE(Say(Fact::kHoldPlaced, "objections/early").ok());
  PayEverything();
  EXPECT_EQ(ShownState(Deal()), SettlementState::kFrozen);
  MeetConditions();
  EXPECT_EQ(Deal().state, SettlementState::kFullyPaid);
  ASSERT_TRUE(Say(Fact::kHoldLifted, "objections/early").ok());
  EXPECT_EQ(ShownState(Deal()), SettlementState::kReleasable);
  ASSERT_TRUE(Say(Fact::kHoldPlaced, "objections/o2").ok());
  EXPECT_EQ(ReasonOf(AskForProceeds()), "SETTLEMENT_FROZEN");
  ASSERT_TRUE(Say(Fact::kHoldLifted, "objections/o2").ok());
  ASSERT_EQ(ReasonOf(AskForProceeds()), "OK");
  ASSERT_TRUE(Say(Fact::kHoldPlaced, "objections/o3").ok());
  EXPECT_EQ(ReasonOf(ReleaseProceeds()), "SETTLEMENT_FROZEN");
  ASSERT_TRUE(Say(Fact::kHoldLifted, "objections/o3").ok());
  ASSERT_EQ(ReasonOf(ReleaseProceeds()), "OK");
  ASSERT_EQ(ReasonOf(Approve(Deal().payout)), "OK");
  ASSERT_TRUE(Say(Fact::kHoldPlaced, "objections/o4").ok());
  EXPECT_EQ(ReasonOf(Send(Deal().payout)), "SETTLEMENT_FROZEN");
  ASSERT_TRUE(Say(Fact::kHoldLifted, "objections/o4").ok());
  ASSERT_EQ(ReasonOf(Send(Deal().payout)), "OK");
  ASSERT_TRUE(Say(Fact::kHoldPlaced, "objections/too-late").ok());
  ASSERT_EQ(ReasonOf(Report(Deal().payout, PayoutState::kSucceeded)), "OK");
  EXPECT_EQ(ShownState(Deal()), SettlementState::kSettled);
}

TEST_F(SettlementAppTest, TheReleaseNeedsTwoPersonsAndAnAccount) {
  PayEverything();
  EXPECT_EQ(ReasonOf(AskForProceeds()), "WRONG_STATE");
  ASSERT_TRUE(Say(Fact::kCertified, "certificates/x").ok());
  ASSERT_TRUE(Say(Fact::kRegistered).ok());
  ASSERT_TRUE(Say(Fact::kWindowEnded).ok());
  EXPECT_EQ(ReasonOf(AskForProceeds(Buyer())), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(ReleaseProceeds()), "WRONG_STATE");
  ASSERT_EQ(ReasonOf(AskForProceeds()), "OK");
  EXPECT_EQ(ReasonOf(AskForProceeds()), "WRONG_STATE");
  EXPECT_EQ(ReasonOf(ReleaseProceeds(Staff("seller", {"SETTLEMENT_CLERK"}))), "SAME_PERSON");
  EXPECT_EQ(ReasonOf(ReleaseProceeds(Staff("clerk", {"SETTLEMENT_CLERK"}, "organizations/other"))),
            "NOT_FOUND");
  EXPECT_EQ(ReasonOf(ReleaseProceeds()), "PAYEE_ACCOUNT_UNKNOWN");
  EXPECT_EQ(Deal().state, SettlementState::kReleasable);
  ASSERT_TRUE(KnowSeller().ok());
  const auto rejected = Do<Settlement>(
      [&](storage::Txn& txn) { return app.RejectRelease(txn, Clerk(), Deal().id, "", "材料不全"); });
  ASSERT_EQ(ReasonOf(rejected), "OK");
  EXPECT_EQ(rejected->rejection, "材料不全");
  ASSERT_EQ(ReasonOf(AskForProceeds()), "OK");
  ASSERT_EQ(ReasonOf(ReleaseProceeds(Officer())), "OK");
  EXPECT_EQ(ReasonOf(ReleaseProceeds(Officer())), "WRONG_STATE");
}

TEST_F(SettlementAppTest, ABuyerThatDoesNotPayDefaultsAfterTheGrace) {
  PayDeposits();
  ASSERT_TRUE(ContractTakesEffect().ok());
  const Time due = Deal().due_time;
  AdvanceTo(due - Nanoseconds(2'000'000));
  EXPECT_EQ(Deal().state, SettlementState::kAwaiting);
  AdvanceTo(due);
  EXPECT_EQ(Deal().state, SettlementState::kOverdue);
  EXPECT_EQ(Deal().grace_end,
            StartOfDay(MakeDate(2026, 10, 9)));  // three working days after 09-28, across the holidays
  const std::string price = ReferenceOf(Deal().id, Item::kPrice);
  EXPECT_EQ(Notify(Money("N3", kBuyerName, 5, price, Escrow::kPrice))->state, NoticeState::kMatched);
  AdvanceTo(Deal().grace_end);
  EXPECT_EQ(Deal().state, SettlementState::kDefault);
  EXPECT_EQ(Count<SettlementEvent>(SettlementChange::kDefaulted), 1);
  EXPECT_EQ(Notify(Money("N4", kBuyerName, 5, price, Escrow::kPrice))->refund_reason, RefundReason::kClosed);
}

TEST_F(SettlementAppTest, AHeldBuyerDoesNotDefault) {
  PayDeposits();
  ASSERT_TRUE(ContractTakesEffect().ok());
  ASSERT_TRUE(Say(Fact::kHoldPlaced, "objections/o").ok());
  AdvanceTo(StartOfDay(MakeDate(2026, 10, 20)) + Hours(12));
  EXPECT_EQ(Deal().state, SettlementState::kAwaiting);
  ASSERT_TRUE(Say(Fact::kHoldLifted, "objections/o").ok());
  EXPECT_EQ(Deal().due_time, StartOfDay(MakeDate(2026, 10, 24)));
  AdvanceTo(Deal().due_time);
  EXPECT_EQ(Deal().state, SettlementState::kOverdue);
}

TEST_F(SettlementAppTest, ADepositAboveThePriceIsPartlyReturned) {
  PayDeposits();
  ASSERT_TRUE(ContractTakesEffect(9'000'000).ok());
  const Deposit deposit = DepositOf("b03");
  EXPECT_EQ(deposit.converted, Fen{9'000'000});
  EXPECT_EQ(PayoutNamed(deposit.payout).amount, Fen{1'000'000});
  EXPECT_EQ(Deal().price_paid, Fen{9'000'000});
}

TEST_F(SettlementAppTest, EventsComeTwiceAndInAnyOrder) {
  PayDeposits();
  ASSERT_TRUE(Say(Fact::kWindowEnded).ok());
  ASSERT_TRUE(ContractTakesEffect().ok());
  const size_t before = Events().size();
  ASSERT_TRUE(ContractTakesEffect().ok());
  ASSERT_TRUE(Say(Fact::kWindowEnded).ok());
  ASSERT_TRUE(Confirm("b03", "organizations/buyer", kBuyerName, "REF-B03").ok());
  EXPECT_EQ(Events().size(), before);
  EXPECT_TRUE(Deal().facts.window_ended);
  EXPECT_EQ(ReasonOf(Confirm("b77", "organizations/x", "某公司", "REF-B03")), "INVALID_FIELD");
}

TEST_F(SettlementAppTest, EveryoneSeesWhatIsTheirs) {
  PayEverything();
  const storage::Reader& reader = shell.kv();
  const DepositId deposit = DepositOf("b01").id;
  const SettlementId settlement = Deal().id;
  const Principal other = Staff("x", {"SETTLEMENT_OFFICER"}, "organizations/other");
  EXPECT_EQ(ReasonOf(app.GetDeposit(reader, Buyer(), deposit)), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(app.GetDeposit(reader, other, deposit)), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(app.GetDeposit(reader, Clerk(), deposit)), "OK");
  EXPECT_EQ(ReasonOf(app.GetSettlement(reader, Bank(), settlement)), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(app.GetSettlement(reader, other, settlement)), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(app.GetSettlement(reader, Seller(), settlement)), "OK");
  const Principal authority{"apiClients/a", "organizations/authority", "people/a", {"AUTHORITY"}};
  EXPECT_EQ(ReasonOf(app.GetSettlement(reader, authority, settlement)), "OK");
  EXPECT_EQ(app.ListSettlements(reader, authority, std::nullopt, "", "", 10).size(), 1u);
  EXPECT_EQ(app.ListDeposits(reader, Buyer(), std::nullopt, "", "", 10).size(), 1u);
  EXPECT_EQ(app.ListDeposits(reader, Clerk(), std::nullopt, "", "", 10).size(), 2u);
  EXPECT_EQ(app.ListDeposits(reader, Clerk(), DepositState::kEffective, "", "", 10).size(), 1u);
  EXPECT_EQ(app.ListDeposits(reader, Clerk(), std::nullopt, "listings/l1/intents/b01", "", 10).size(), 1u);
  EXPECT_TRUE(app.ListDeposits(reader, other, std::nullopt, "listings/l1/intents/b01", "", 10).empty());
  EXPECT_EQ(app.ListSettlements(reader, Buyer(), std::nullopt, kDealName, "", 10).size(), 1u);
  EXPECT_TRUE(app.ListSettlements(reader, other, std::nullopt, kDealName, "", 10).empty());
  const Principal other_bank{"apiClients/b2", "organizations/bank2", "people/b2", {"SETTLEMENT_BANK"}};
  EXPECT_EQ(app.ListNotices(reader, Bank(), std::nullopt, "", 10).size(), 4u);
  EXPECT_TRUE(app.ListNotices(reader, other_bank, std::nullopt, "", 10).empty());
  EXPECT_EQ(app.ListNotices(reader, Clerk(), std::nullopt, "", 3).size(), 3u);
  EXPECT_EQ(ReasonOf(app.LedgerFor(Clerk(), "")), "OK");
  EXPECT_EQ(ReasonOf(app.LedgerFor(Clerk(), "organizations/other")), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(app.LedgerFor(authority, kExchangeName)), "OK");
  const Principal service{"services/listing", "", "", {}};
  EXPECT_EQ(app.ListEvents(reader, service, 0, 1'000).events.size(), Events().size());
  EXPECT_EQ(app.ListEvents(reader, Officer(), 0, 1'000).events.size(), Events().size());
  const auto hidden = app.ListEvents(reader, other, 0, 1);
  EXPECT_TRUE(hidden.events.empty());
  EXPECT_EQ(hidden.last_sequence, Events().size()) << "everything was looked at";
  EXPECT_TRUE(app.ListEvents(reader, Principal{}, 0, 1'000).events.empty());
}

// The pages of a list, one after the other; each page costs what it gives, however much else there is.
template <class List>
std::vector<std::string> AllPages(const storage::Reader& disk, size_t size, List list) {
  const ttx::testing::CountingReader reader(disk);
  std::vector<std::string> ids;
  std::string after;
  for (bool more = true; more;) {
    const size_t before = reader.reads();
    const auto page = list(reader, after, size);
    EXPECT_LE(reader.reads() - before, 2 * size) << "a key and a record each";
    for (const auto& item : page) ids.push_back(item.id.text);
    more = page.size() == size;
    if (more) after = page.back().id.text;
  }
  return ids;
}

TEST_F(SettlementAppTest, ListsByStateCostWhatTheyGive) {
  std::vector<std::string> unmatched;
  std::vector<std::string> refunded;
  std::vector<std::string> all;
  for (int i = 0; i < 60; ++i) {
    clock.Set(clock.Now() + Milliseconds(1));  // later ids are greater
    Receipt receipt = Money("N" + std::to_string(i), kBuyerName, 1'000, "?");
    receipt.exchange = kExchangeName;
    const NoticeId id = Notify(receipt)->id;
    all.push_back(id.text);
    if (i % 4 == 1) {
      unmatched.push_back(id.text);
      continue;
    }
    refunded.push_back(id.text);
    ASSERT_TRUE(Do<Notice>([&](storage::Txn& txn) { return app.RefundNotice(txn, Clerk(), id, ""); }).ok());
  }
  const auto notices = [&](const Principal& caller, std::optional<NoticeState> state) {
    return AllPages(shell.kv(), 4, [&](const storage::Reader& reader, const std::string& after, size_t size) {
      return app.ListNotices(reader, caller, state, after, size);
    });
  };
  const auto payouts = [&](const Principal& caller, std::optional<PayoutState> state) {
    return AllPages(shell.kv(), 4, [&](const storage::Reader& reader, const std::string& after, size_t size) {
             return app.ListPayouts(reader, caller, state, after, size);
           });
  };
  for (const Principal& caller : {Clerk(), Bank()}) {
    EXPECT_EQ(notices(caller, NoticeState::kUnmatched), unmatched);
    EXPECT_EQ(notices(caller, NoticeState::kToRefund), refunded);
    EXPECT_EQ(notices(caller, std::nullopt), all);
  }
  // What changes its state moves.
  ASSERT_TRUE(Do<Notice>([&](storage::Txn& txn) {
                return app.RefundNotice(txn, Clerk(), {unmatched.front()}, "");
              }).ok());
  unmatched.erase(unmatched.begin());
  EXPECT_EQ(notices(Clerk(), NoticeState::kUnmatched), unmatched);
  EXPECT_EQ(notices(Clerk(), NoticeState::kToRefund).size(), refunded.size() + 1);

  // A bank's list begins with the approval.
  const std::vector<std::string> prepared = payouts(Clerk(), PayoutState::kPrepared);
  EXPECT_EQ(prepared.size(), refunded.size() + 1);
  EXPECT_TRUE(payouts(Bank(), std::nullopt).empty());
  for (size_t i = 0; i < prepared.size(); i += 3) ASSERT_TRUE(Approve("payouts/" + prepared[i]).ok());
  const std::vector<std::string> pending = payouts(Bank(), PayoutState::kPending);
  EXPECT_EQ(pending.size(), (prepared.size() + 2) / 3);
  EXPECT_EQ(payouts(Bank(), std::nullopt), pending);
  EXPECT_EQ(payouts(Clerk(), PayoutState::kPending), pending);
  EXPECT_EQ(payouts(Clerk(), PayoutState::kPrepared).size(), prepared.size() - pending.size());
  EXPECT_EQ(payouts(Clerk(), std::nullopt), prepared);
  ASSERT_TRUE(Send("payouts/" + pending[1]).ok());
  EXPECT_EQ(payouts(Bank(), PayoutState::kSent), (std::vector<std::string>{pending[1]}));
  EXPECT_EQ(payouts(Bank(), PayoutState::kPending).size(), pending.size() - 1);
}

TEST_F(SettlementAppTest, DepositsAndDealsAreListedByTheStateTheyShow) {
  PayDeposits();
  const auto deposits = [&](const Principal& caller, DepositState state) {
    std::set<std::string> intents;
    for (const Deposit& deposit : app.ListDeposits(shell.kv(), caller, state, "", "", 10)) {
      intents.insert(deposit.intent.substr(20));
    }
    return intents;
  };
  using Names = std::set<std::string>;
  EXPECT_EQ(deposits(Clerk(), DepositState::kEffective), (Names{"b01", "b03"}));
  ASSERT_TRUE(IntentOver("b01").ok());
  ASSERT_TRUE(ContractTakesEffect().ok());
  EXPECT_EQ(deposits(Clerk(), DepositState::kEffective), Names{});
  EXPECT_EQ(deposits(Clerk(), DepositState::kToRefund), Names{"b01"});
  EXPECT_EQ(deposits(Clerk(), DepositState::kConverted), Names{"b03"});
  EXPECT_EQ(deposits(Buyer(), DepositState::kConverted), Names{"b03"});
  EXPECT_EQ(deposits(Buyer(), DepositState::kToRefund), Names{});

  const auto deals = [&](const Principal& caller, SettlementState state) {
    return app.ListSettlements(shell.kv(), caller, state, "", "", 10).size();
  };
  const Principal authority{"apiClients/a", "organizations/authority", "people/a", {"AUTHORITY"}};
  const SettlementState open = Deal().state;
  for (const Principal& caller : {Clerk(), Seller(), Buyer(), authority}) {
    EXPECT_EQ(deals(caller, open), 1u);
    EXPECT_EQ(deals(caller, SettlementState::kFrozen), 0u);
  }
  ASSERT_TRUE(Say(Fact::kHoldPlaced, "objections/o").ok());
  EXPECT_EQ(deals(Clerk(), open), 0u);
  EXPECT_EQ(deals(Clerk(), SettlementState::kFrozen), 1u);
  ASSERT_TRUE(Say(Fact::kHoldLifted, "objections/o").ok());
  EXPECT_EQ(deals(Clerk(), open), 1u);
  EXPECT_EQ(deals(Bank(), open), 0u);
}

TEST(SettlementAppFees, WithoutATableInForceNothingIsOpened) {
  AppFixture fixture("no-such-table");
  const Status status = fixture.ContractTakesEffect();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().reason, Reason::kFEE_TABLE_MISSING);
  EXPECT_FALSE(FindSettlement(fixture.shell.kv(), kDealName).has_value());
}

// --- Random commands
// ------------------------------------------------------------------------------------------------- After
// each, the ledger's invariants hold, the auditor agrees, and every account is what a naive reading of the
// resources says it must be.

using Expected = std::map<Account, int64_t>;

bool IsPastPayment(const Settlement& s) {
  return s.state == SettlementState::kFullyPaid || s.state == SettlementState::kReleasable ||
         s.state == SettlementState::kReleasing || s.state == SettlementState::kSettled;
}
bool IsPastRelease(const Settlement& s) { return IsPastPayment(s) && s.state != SettlementState::kFullyPaid; }

void AddNotices(const std::vector<Notice>& notices, Expected& expected) {
  std::set<std::string> bank_references;
  for (const Notice& notice : notices) {
    RC_ASSERT(bank_references.insert(notice.receipt.bank_reference).second);  // E6
    const Account bank = BankAccount(notice.receipt.account);
    expected[bank] += notice.receipt.amount.value;
    if (notice.state == NoticeState::kUnmatched)
      expected[Account::kUnmatchedReceipt] += notice.receipt.amount.value;
  }
}

void AddPayouts(const std::vector<Payout>& payouts, Expected& expected) {
  std::set<std::string> subjects;
  std::set<std::string> end_to_end_ids;
  for (const Payout& payout : payouts) {
    RC_ASSERT(subjects.insert(payout.subject).second);  // E7
    if (payout.attempt > 0) RC_ASSERT(end_to_end_ids.insert(EndToEndId(payout)).second);
    if (payout.state == PayoutState::kSucceeded) {
      expected[BankAccount(payout.account)] -= payout.amount.value;
    } else if (payout.kind != PayoutKind::kProceeds) {
      expected[Account::kRefundPayable] += payout.amount.value;
    }
  }
}

void AddDeposits(const std::vector<Deposit>& deposits, Expected& expected) {
  for (const Deposit& deposit : deposits) {
    if (deposit.state == DepositState::kEffective) expected[Account::kDepositPayable] += deposit.amount.value;
    expected[Account::kBankEscrowDeposit] -= deposit.converted.value;
    expected[Account::kBankEscrowPrice] += deposit.converted.value;
  }
}

void AddSettlements(const std::vector<Settlement>& settlements, Expected& expected) {
  for (const Settlement& s : settlements) {
    const int64_t deducted = IsPastPayment(s) ? s.seller_fee.value : 0;
    const int64_t proceeds = IsPastRelease(s) ? ProceedsOf(s).value : 0;
    const int64_t earned = s.fee_earned ? s.buyer_fee.value + s.seller_fee.value : 0;
    expected[Account::kTradeFunds] += s.price_paid.value - deducted - proceeds;
    expected[Account::kSellerPayable] += s.state == SettlementState::kSettled ? 0 : proceeds;
    expected[Account::kFeeHeld] += s.buyer_fee_paid.value + deducted - earned;
    expected[Account::kFeeIncome] += earned;
    expected[Account::kBankOwn] += earned;
    expected[Account::kBankEscrowPrice] -= earned;
    RC_ASSERT(s.state != SettlementState::kSettled || (s.facts.registered && s.facts.window_ended));  // E9
  }
}

void Compare(AppFixture& f) {
  const storage::Reader& reader = f.shell.kv();
  Expected expected;
  AddNotices(f.app.ListNotices(reader, Clerk(), std::nullopt, "", 1'000), expected);
  AddPayouts(f.app.ListPayouts(reader, Officer(), std::nullopt, "", 1'000), expected);
  AddDeposits(f.app.ListDeposits(reader, Clerk(), std::nullopt, "", "", 1'000), expected);
  AddSettlements(f.app.ListSettlements(reader, Clerk(), std::nullopt, "", "", 1'000), expected);
  for (const AccountInfo& info : Chart()) {
    RC_ASSERT(f.On(info.account).value == expected[info.account]);
  }
  RC_ASSERT(expected[Account::kBankEscrowDeposit] >= 0);
  RC_ASSERT(expected[Account::kBankEscrowPrice] >= 0);
  RC_ASSERT(AuditLedger(reader, kExchangeName).empty());
}

class Workload {
 public:
  explicit Workload(AppFixture& fixture) : f_(fixture) {
    for (int i = 0; i < 3; ++i) {
      const std::string n = std::to_string(i);
      RC_ASSERT(f_.Confirm("b0" + n, "organizations/b" + n, kBuyerName, "REF-" + n, 1'000).ok());
    }
    RC_ASSERT(f_.KnowSeller().ok());
    const int progress = *rc::gen::inRange(0, 3);
    if (progress > 0) PayForADeal();
    if (progress > 1) Release();
  }

  void Step() {
    switch (*rc::gen::inRange(0, 12)) {
      case 0:
      case 1:
      case 2:
        Notify();
        break;
      case 3:
        (void)f_.IntentOver("b0" + std::to_string(*rc::gen::inRange(0, 3)));
        break;
      case 4:
        (void)f_.ContractTakesEffect(*rc::gen::element<int64_t>(900, 50'000),
                                     "b0" + std::to_string(*rc::gen::inRange(0, 3)));
        break;
      case 5:
        Say();
        break;
      case 6:
        if (HasDeal()) (void)f_.AskForProceeds();
        break;
      case 7:
        if (HasDeal()) (void)f_.ReleaseProceeds();
        break;
      case 8:
        f_.AdvanceTo(f_.clock.Now() + Hours(*rc::gen::inRange(1, 300)));
        break;
      case 9:
        Clear();
        break;
      default:
        Pay();
    }
  }

 private:
  // So that many runs reach what comes after payment.
  void PayForADeal() {
    const auto pay = [&](const std::string& bank_reference, int64_t fen, const std::string& reference,
                         Escrow account) {
      RC_ASSERT(f_.Notify(f_.Money(bank_reference, kBuyerName, fen, reference, account)).ok());
    };
    pay("P0", 1'000, "REF-0", Escrow::kDeposit);
    RC_ASSERT(f_.ContractTakesEffect(50'000, "b00").ok());
    pay("P1", 49'000, ReferenceOf(f_.Deal().id, Item::kPrice), Escrow::kPrice);
    pay("P2", 360'000, ReferenceOf(f_.Deal().id, Item::kBuyerFee), Escrow::kPrice);
    RC_ASSERT(f_.Say(Fact::kRegistered).ok());
    RC_ASSERT(f_.Say(Fact::kWindowEnded).ok());
  }

  void Release() {
    RC_ASSERT(f_.Say(Fact::kCertified, "certificates/x").ok());
    RC_ASSERT(f_.AskForProceeds().ok());
    RC_ASSERT(f_.ReleaseProceeds().ok());
  }

  bool HasDeal() { return FindSettlement(f_.shell.kv(), kDealName).has_value(); }

  void Notify() {
    std::vector<std::string> references = {"REF-0", "REF-1", "REF-2", "?"};
    if (HasDeal()) {
      references.push_back(ReferenceOf(f_.Deal().id, Item::kPrice));
      references.push_back(ReferenceOf(f_.Deal().id, Item::kBuyerFee));
    }
    Receipt receipt = f_.Money(
        "N" + std::to_string(*rc::gen::inRange(0, 30)),
        *rc::gen::elementOf(std::vector<std::string>{kBuyerName, kBuyerName, kBuyerName, kLoserName}),
        *rc::gen::element<int64_t>(1, 999, 1'000, 1'500, 49'000, 360'000), *rc::gen::elementOf(references),
        *rc::gen::element(Escrow::kDeposit, Escrow::kPrice));
    receipt.exchange = kExchangeName;
    (void)f_.Notify(receipt);
  }

  void Say() {
    const Fact fact = *rc::gen::element(Fact::kRegistered, Fact::kWindowEnded, Fact::kCertified,
                                        Fact::kHoldPlaced, Fact::kHoldLifted, Fact::kHoldLifted);
    RC_ASSERT(f_.Say(fact, fact == Fact::kCertified ? "certificates/x" : "objections/o").ok());
  }

  // A clerk and an officer deal with unmatched money.
  void Clear() {
    const auto notices = f_.app.ListNotices(f_.shell.kv(), Clerk(), NoticeState::kUnmatched, "", 100);
    if (notices.empty()) return;
    const NoticeId id = (*rc::gen::elementOf(notices)).id;
    if (*rc::gen::arbitrary<bool>()) {
      (void)f_.Do<Notice>([&](storage::Txn& txn) { return f_.app.RefundNotice(txn, Clerk(), id, ""); });
      return;
    }
    const std::string reference = "REF-" + std::to_string(*rc::gen::inRange(0, 3));
    (void)f_.Do<Notice>(
        [&](storage::Txn& txn) { return f_.app.MatchNotice(txn, Clerk(), id, "", reference); });
    (void)f_.Do<Notice>([&](storage::Txn& txn) { return f_.app.ApproveMatch(txn, Officer(), id, ""); });
  }

  void Pay() {
    const auto payouts = f_.app.ListPayouts(f_.shell.kv(), Officer(), std::nullopt, "", 1'000);
    if (payouts.empty()) return;
    const std::string name = NameOf((*rc::gen::elementOf(payouts)).id);
    if (*rc::gen::arbitrary<bool>()) {  // everything goes well
      (void)f_.Approve(name);
      (void)f_.Send(name);
      (void)f_.Report(name, PayoutState::kSucceeded);
      return;
    }
    switch (*rc::gen::inRange(0, 3)) {
      case 0:
        (void)f_.Approve(name);
        break;
      case 1:
        (void)f_.Send(name);
        break;
      default:
        (void)f_.Report(
            name, *rc::gen::element(PayoutState::kSucceeded, PayoutState::kFailed, PayoutState::kUnknown));
    }
  }

  AppFixture& f_;
};

RC_GTEST_PROP(SettlementModel, TheLedgerAgreesWithANaiveReading, ()) {
  AppFixture fixture("changsha-2022-09", *rc::gen::arbitrary<uint64_t>());
  Workload workload(fixture);
  const int steps = *rc::gen::inRange(1, 80);
  for (int i = 0; i < steps; ++i) {
    workload.Step();
    Compare(fixture);
  }
  const auto deal = FindSettlement(fixture.shell.kv(), kDealName);
  RC_TAG(deal ? std::string(StateName(ShownState(*deal))) : std::string("no deal"));
}

}  // namespace
}  // namespace ttx::settlement
