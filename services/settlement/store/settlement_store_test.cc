#include "services/settlement/store/settlement_store.h"

#include <gtest/gtest.h>

#include "libs/core/encoding.h"
#include "libs/storage/codec.h"
#include "libs/storage/mem_kv.h"
#include "services/settlement/store/codec.h"

namespace ttx::settlement {
namespace {

using storage::Key;

Deposit FullDeposit() {
  Deposit d;
  d.id = {"d1"};
  d.intent = "listings/l/intents/i";
  d.listing = "listings/l";
  d.exchange = "organizations/e";
  d.organization = "organizations/o";
  d.legal_name = "甲";
  d.required = {7};
  d.due_time = {100};
  d.close_time = {101};
  d.reference = "R";
  d.state = DepositState::kConverted;
  d.amount = {9};
  d.arrive_time = {99};
  d.notice = "bankNotices/n";
  d.payer_name = "乙";
  d.payer_account = "62";
  d.deal = "deals/x";
  d.converted = {8};
  d.refund_reason = "EXCESS";
  d.payout = "payouts/p";
  d.refund_due = Date{0};
  d.create_time = {1};
  d.update_time = {2};
  d.version = 3;
  return d;
}

Notice FullNotice() {
  Notice n;
  n.id = {"n1"};
  n.receipt = {.bank = "organizations/b",
               .bank_reference = "B",
               .exchange = "organizations/e",
               .account = Escrow::kPrice,
               .payer_name = "乙",
               .payer_account = "62",
               .amount = {9},
               .arrive_time = {99},
               .reference = "R"};
  n.state = NoticeState::kMatched;
  n.target = "settlements/s";
  n.accepted = {5};
  n.refund = {4};
  n.refund_reason = RefundReason::kExcess;
  n.payout = "payouts/p";
  n.proposed_reference = "Q";
  n.proposer = "people/a";
  n.approver = "people/b";
  n.create_time = {1};
  n.update_time = {2};
  n.version = 3;
  return n;
}

Settlement FullSettlement() {
  Settlement s;
  s.id = {"s1"};
  s.contract = "contracts/c";
  s.deal = "deals/x";
  s.listing = "listings/l";
  s.exchange = "organizations/e";
  s.seller = "organizations/s";
  s.seller_legal_name = "丙";
  s.buyer = "organizations/o";
  s.buyer_legal_name = "甲";
  s.intent = "listings/l/intents/i";
  s.price = {50};
  s.converted = {8};
  s.buyer_fee = {3};
  s.seller_fee = {2};
  s.fee_table = "t";
  s.due_time = {100};
  s.state = SettlementState::kSettled;
  s.facts = {true, true, "certificates/z", {"objections/1", "objections/2"}};
  s.price_paid = {50};
  s.buyer_fee_paid = {3};
  s.fee_earned = true;
  s.grace_end = {110};
  s.release_requester = "people/a";
  s.release_request_time = {103};
  s.release_due = Date{0};
  s.release_approver = "people/b";
  s.rejection = "no";
  s.payout = "payouts/p";
  s.paid_time = {102};
  s.settle_time = {104};
  s.create_time = {1};
  s.update_time = {2};
  s.version = 3;
  return s;
}

Payout FullPayout() {
  Payout p;
  p.id = {"p1"};
  p.kind = PayoutKind::kProceeds;
  p.exchange = "organizations/e";
  p.account = Escrow::kPrice;
  p.subject = "settlements/s1";
  p.owed_to = "deals/x";
  p.amount = {48};
  p.payee_name = "丙";
  p.payee_account = "10";
  p.due = {20'000};
  p.maker = "people/a";
  p.state = PayoutState::kFailed;
  p.approver = "people/b";
  p.attempt = 2;
  p.bank_transaction = "T";
  p.detail = "D";
  p.create_time = {1};
  p.update_time = {2};
  p.version = 3;
  return p;
}

Journal FullJournal() {
  Journal j{.id = "REVERSAL/k",
            .exchange = "organizations/e",
            .name = Template::kReversal,
            .subject = "s",
            .lines = {{Account::kBankEscrowPrice, "price", Side::kDebit, {5}},
                      {Account::kTradeFunds, "deals/x", Side::kCredit, {5}}},
            .reverses = "k",
            .time = {7},
            .number = 300};
  return j;
}

template <class State>
void ExpectGolden(const State& state, const std::string& hex) {
  ASSERT_EQ(Check(state), std::nullopt);
  EXPECT_EQ(Hex(ToRecord(state).SerializeAsString()), hex);
  EXPECT_EQ(FromRecord(ToRecord(state)), state);
}

// The bytes on disk. A change here is a change of the format: it needs a migration, not another expectation.
TEST(SettlementStore, GoldenBytes) {
  ExpectGolden(
      FullDeposit(),
      "0a02643112146c697374696e67732f6c2f696e74656e74732f691a0a6c697374696e67732f6c220f6f7267616e697a61"
      "74696f6e732f652a0f6f7267616e697a6174696f6e732f6f3203e794b2380740644865520152580460096863720d6261"
      "6e6b4e6f74696365732f6e7a03e4b99982010236328a01076465616c732f789001089a0106455843455353a201097061"
      "796f7574732f70a80100b00101b80102c00103");
  ExpectGolden(
      FullNotice(),
      "0a026e3112370a0f6f7267616e697a6174696f6e732f621201421a0f6f7267616e697a6174696f6e732f6520012a03e4"
      "b99932023632380940634a01521801220d736574746c656d656e74732f7328053004380842097061796f7574732f704a"
      "0151520870656f706c652f615a0870656f706c652f62600168027003");
  ExpectGolden(
      FullSettlement(),
      "0a027331120b636f6e7472616374732f631a076465616c732f78220a6c697374696e67732f6c2a0f6f7267616e697a61"
      "74696f6e732f65320f6f7267616e697a6174696f6e732f733a03e4b899420f6f7267616e697a6174696f6e732f6f4a03"
      "e794b252146c697374696e67732f6c2f696e74656e74732f6958326008680370027a0174800164880107920130080110"
      "011a0e6365727469666963617465732f7a220c6f626a656374696f6e732f31220c6f626a656374696f6e732f32980132"
      "a00103a80101b0016eba010870656f706c652f61c00167c80100d2010870656f706c652f62da01026e6fe20109706179"
      "6f7574732f70e80166f00168f80101800202880203");
  ExpectGolden(
      FullPayout(),
      "0a02703110021a0f6f7267616e697a6174696f6e732f6520012a0e736574746c656d656e74732f733132076465616c73"
      "2f7838304203e4b8994a02313050a09c015a0870656f706c652f6160046a0870656f706c652f6270027a015482010144"
      "880101900102980103");
  EXPECT_EQ(Hex(ToRecord(FullJournal()).SerializeAsString()),
            "0a0a524556455253414c2f6b120f6f7267616e697a6174696f6e732f651a08524556455253414c2201732a0c08ea0712"
            "05707269636518052a0e08991112076465616c732f78200532016b380740ac02");
  EXPECT_EQ(FromRecord(ToRecord(FullJournal())), FullJournal());
}

// What came later stands behind it, so that older records still read.
TEST(SettlementStore, LaterFieldsAreAppended) {
  const auto appended = [](const auto& before, const auto& after) {
    const std::string old = ToRecord(before).SerializeAsString();
    const std::string bytes = ToRecord(after).SerializeAsString();
    EXPECT_EQ(bytes.substr(0, old.size()), old);
    EXPECT_EQ(FromRecord(ToRecord(after)), after);
    return Hex(bytes.substr(old.size()));
  };
  Deposit deposit = FullDeposit();
  deposit.due_provisional = true;
  deposit.due_workdays = 7;
  EXPECT_EQ(appended(FullDeposit(), deposit), "c80101d00107");
  Settlement settlement = FullSettlement();
  settlement.bank = "organizations/b";
  EXPECT_EQ(appended(FullSettlement(), settlement), "92020f6f7267616e697a6174696f6e732f62");
  Payout payout = FullPayout();
  payout.bank = "organizations/b";
  EXPECT_EQ(appended(FullPayout(), payout), "a2010f6f7267616e697a6174696f6e732f62");
}

class StoreTest : public ::testing::Test {
 protected:
  template <class Run>
  Status Commit(Run run, Time now = {10}) {
    const storage::Overlay nothing_staged;
    const std::unordered_map<std::string, std::optional<std::string>> nothing_prefetched;
    storage::Txn txn(kv_, nothing_staged, nothing_prefetched, now, storage::LastSequence(kv_) + 1);
    TTX_RETURN_IF_ERROR(run(txn));
    storage::WriteBatch batch;
    for (const auto& [key, value] : txn.staged()) value ? batch.Put(key, *value) : batch.Delete(key);
    return kv_.Write(batch);
  }
  Receipt Money(const std::string& bank_reference) {
    Receipt receipt = FullNotice().receipt;
    receipt.bank_reference = bank_reference;
    return receipt;
  }
  Status RecordUnmatchedNotice(const std::string& id) {
    return Commit([&](storage::Txn& txn) {
      return Save(txn, Decide(RecordUnmatched{{id}, Money("B-" + id)}, {10}));
    });
  }

  storage::MemKv kv_;
};

TEST_F(StoreTest, KeysOfANotice) {
  ASSERT_TRUE(RecordUnmatchedNotice("n1").ok());
  std::vector<std::string> keys;
  for (const storage::Entry& entry :
       kv_.Scan({"", std::string(1, '\x7f')}, 100, storage::Direction::kForward)) {
    keys.push_back(Hex(entry.key));
  }
  const std::vector<std::string> expected = {
      "020000000000000001",
      "126e3100",
      "136f7267616e697a6174696f6e732f6200422d6e3100",
      "1a00000000000000026f7267616e697a6174696f6e732f65006e3100",
      "1a00000000000000056f7267616e697a6174696f6e732f62006e3100",
      "1b6f7267616e697a6174696f6e732f65000000000000000001",
      "1c6f7267616e697a6174696f6e732f65004e4f544943455f554e4d4154434845442f62616e6b4e6f74696365732f6e3100",
      "1d6f7267616e697a6174696f6e732f650000000000000003ea00",
      "1d6f7267616e697a6174696f6e732f650000000000000003ea707269636500",
      "1d6f7267616e697a6174696f6e732f650000000000000007d100",
      "1d6f7267616e697a6174696f6e732f650000000000000007d162616e6b4e6f74696365732f6e3100",
      "1f00000000000000026f7267616e697a6174696f6e732f650000000000000000006e3100",
      "1f00000000000000056f7267616e697a6174696f6e732f620000000000000000006e3100",
  };
  EXPECT_EQ(keys, expected);
}

TEST_F(StoreTest, AJournalIsPostedOnce) {
  ASSERT_TRUE(RecordUnmatchedNotice("n1").ok());
  const Status again = RecordUnmatchedNotice("n1");
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().reason, Reason::kJOURNAL_EXISTS);
  EXPECT_EQ(ReadTrialBalance(kv_, "organizations/e").accounts.at(Account::kUnmatchedReceipt).credits, Fen{9});
  ASSERT_TRUE(RecordUnmatchedNotice("n2").ok());
  const auto journals = ListJournals(kv_, "organizations/e", 0, 10);
  ASSERT_EQ(journals.size(), 2u);
  EXPECT_EQ(journals[1].number, 2);
  EXPECT_EQ(journals[1].id, "NOTICE_UNMATCHED/bankNotices/n2");
  EXPECT_EQ(ListJournals(kv_, "organizations/e", 1, 10).size(), 1u);
  EXPECT_TRUE(ListJournals(kv_, "organizations/other", 0, 10).empty());
}

TEST_F(StoreTest, WhatTheLedgerRefusesIsNotWritten) {
  const Status status = Commit([&](storage::Txn& txn) {
    PayoutDecision decision = Decide(PreparePayout{.id = {"p"},
                                                   .kind = PayoutKind::kDepositRefund,
                                                   .exchange = "organizations/e",
                                                   .account = Escrow::kDeposit,
                                                   .subject = "deposits/d",
                                                   .owed_to = "i",
                                                   .amount = {5},
                                                   .payee_name = "x",
                                                   .payee_account = "y",
                                                   .due = {},
                                                   .bank = "organizations/b",
                                                   .maker = ""},
                                     {10});
    decision.journals.push_back(
        *RefundPaid({"organizations/e", "payouts/p", {10}}, "i", Escrow::kDeposit, {5}));
    return Save(txn, decision);
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().reason, Reason::kLEDGER_REFUSED);
  EXPECT_EQ(status.error().metadata.at("invariant"), "I3");
  EXPECT_EQ(LoadPayout(kv_, {"p"}), std::nullopt);
}

TEST_F(StoreTest, TheAuditorSeesTampering) {
  ASSERT_TRUE(RecordUnmatchedNotice("n1").ok());
  ASSERT_TRUE(RecordUnmatchedNotice("n2").ok());
  EXPECT_TRUE(AuditLedger(kv_, "organizations/e").empty());
  const auto tamper = [&](const std::string& key, std::optional<std::string> value) {
    storage::MemKv copy;
    storage::WriteBatch batch;
    for (auto& entry : kv_.Scan({"", std::string(1, '\x7f')}, 1'000, storage::Direction::kForward))
      batch.Put(entry.key, entry.value);
    value ? batch.Put(key, *value) : batch.Delete(key);
    EXPECT_TRUE(copy.Write(batch).ok());
    return AuditLedger(copy, "organizations/e");
  };
  const auto table = [](Table t) { return Key(static_cast<uint8_t>(t)).Text("organizations/e"); };
  store::BalanceRecord wrong;
  wrong.set_credit_fen(19);
  const std::string control = table(Table::kBalance).U64(2001).Text("").str();
  EXPECT_EQ(tamper(control, wrong.SerializeAsString()),
            (std::vector<std::string>{"stored balance of 2001  is off"}));
  EXPECT_EQ(tamper(control, std::nullopt), (std::vector<std::string>{"no stored balance for 2001 "}));
  const std::string first = table(Table::kJournal).U64(1).str();
  const auto missing = tamper(first, std::nullopt);
  ASSERT_FALSE(missing.empty());
  EXPECT_EQ(missing[0], "journal 1 is missing");
  Journal bent = ListJournals(kv_, "organizations/e", 0, 1).at(0);
  bent.lines[0].amount = {8};
  const auto unbalanced = tamper(first, ToRecord(bent).SerializeAsString());
  ASSERT_FALSE(unbalanced.empty());
  EXPECT_EQ(unbalanced[0], "journal 1 is not balanced");
}

TEST_F(StoreTest, LedgersOfExchangesAreKeptApart) {
  ASSERT_TRUE(RecordUnmatchedNotice("n1").ok());
  Receipt elsewhere = Money("B-2");
  elsewhere.exchange = "organizations/e2";
  ASSERT_TRUE(Commit([&](storage::Txn& txn) {
                return Save(txn, Decide(RecordUnmatched{{"n2"}, elsewhere}, {10}));
              }).ok());
  for (const char* exchange : {"organizations/e", "organizations/e2"}) {
    const TrialBalance trial = ReadTrialBalance(kv_, exchange);
    EXPECT_EQ(trial.journal_count, 1);
    EXPECT_EQ(trial.accounts.at(Account::kBankEscrowPrice).debits, Fen{9});
  }
}

TEST_F(StoreTest, IndicesLeadToTheResource) {
  ASSERT_TRUE(RecordUnmatchedNotice("n1").ok());
  EXPECT_EQ(FindNotice(kv_, "organizations/b", "B-n1")->id.text, "n1");
  EXPECT_EQ(FindNotice(kv_, "organizations/b", "B-n"), std::nullopt);
  const auto ids = [&](Kind kind, const char* owner, std::optional<NoticeState> state,
                       std::string_view after = "") {
    return ListIds(kv_, {kind, owner, state ? std::optional(static_cast<uint64_t>(*state)) : std::nullopt},
                   after, 10);
  };
  const std::vector<std::string> n1 = {"n1"};
  EXPECT_EQ(ids(Kind::kNotice, "organizations/e", std::nullopt), n1);
  EXPECT_EQ(ids(Kind::kBankNotice, "organizations/b", std::nullopt), n1);
  EXPECT_EQ(ids(Kind::kNotice, "organizations/e", NoticeState::kUnmatched), n1);
  EXPECT_TRUE(ids(Kind::kNotice, "organizations/e", NoticeState::kMatched).empty());
  EXPECT_TRUE(ids(Kind::kNotice, "organizations/b", std::nullopt).empty());
  EXPECT_TRUE(ids(Kind::kBankNotice, "organizations/e", std::nullopt).empty());
  EXPECT_TRUE(ids(Kind::kNotice, "organizations/e", std::nullopt, "n1").empty());
  EXPECT_TRUE(ids(Kind::kDeposit, "organizations/e", std::nullopt).empty());
}

TEST_F(StoreTest, DamagedRecordsStopTheProcess) {
  Deposit damaged = FullDeposit();
  damaged.converted = {10};
  storage::WriteBatch batch;
  batch.Put(Key(static_cast<uint8_t>(Table::kDeposit)).Text("d1").str(),
            ToRecord(damaged).SerializeAsString());
  ASSERT_TRUE(kv_.Write(batch).ok());
  EXPECT_DEATH((void)LoadDeposit(kv_, {"d1"}), "more converted than paid");
}

}  // namespace
}  // namespace ttx::settlement
