// Every state x command of the four aggregates (domain.md 4.5, 7.5, 7.7).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "services/settlement/domain/deposit.h"
#include "services/settlement/domain/notice.h"
#include "services/settlement/domain/payout.h"
#include "services/settlement/domain/settlement.h"

namespace ttx::settlement {
namespace {

constexpr Time kNow{1'000'000'000};
constexpr Time kDue{5'000'000'000'000};
const Date kDay = MakeDate(2026, 11, 25);
const std::string kExchange = "organizations/exchange";

template <class D>
std::string Outcome(const Result<D>& result) {
  if (!result.ok()) return std::string(ReasonName(result.error().reason));
  EXPECT_EQ(Check(result->next), std::nullopt) << *Check(result->next);
  return result->events.empty() ? "same" : std::string(StateName(result->next.state));
}
template <class S, class C>
std::string Outcome(const Decision<S, C>& decision) {
  return Outcome(Result<Decision<S, C>>(decision));
}
template <class S, class C>
S NextOf(const Result<Decision<S, C>>& result) {
  EXPECT_TRUE(result.ok());
  return result->next;
}
template <class S, class C>
S NextOf(const Decision<S, C>& decision) {
  return decision.next;
}

// --- Deposit

ExpectDeposit Expect(int64_t required = 100) {
  return {.id = {"dep"},
          .intent = "listings/l/intents/i",
          .listing = "listings/l",
          .exchange = kExchange,
          .organization = "organizations/buyer",
          .legal_name = "东湖科技有限公司",
          .required = {required},
          .due_time = kDue,
          .grace = Hours(2),
          .reference = "REF"};
}

Receipt DepositReceipt() {
  return {.bank = "organizations/bank",
          .bank_reference = "B1",
          .exchange = kExchange,
          .account = Escrow::kDeposit,
          .payer_name = "东湖科技有限公司",
          .payer_account = "6222",
          .amount = {100},
          .arrive_time = kNow,
          .reference = "REF"};
}

Deposit DepositIn(DepositState state) {
  const Deposit expected = Decide(Expect(), kNow).next;
  const TakeDeposit take{{"n"}, DepositReceipt(), {Escrow::kDeposit, "bankNotices/n", true}};
  const Deposit effective = NextOf(Decide(expected, take, kNow));
  const Deposit returning = Decide(effective, ReturnDeposit{"INTENT_LOST", "payouts/p", kDay}, kNow).next;
  switch (state) {
    case DepositState::kExpected:
      return expected;
    case DepositState::kEffective:
      return effective;
    case DepositState::kToRefund:
      return returning;
    case DepositState::kRefunded:
      return NextOf(Decide(returning, FinishDepositRefund{}, kNow));
    case DepositState::kConverted:
      return NextOf(Decide(effective, ConvertDeposit{"deals/d", {1'000}, "payouts/p", kDay}, kNow));
    case DepositState::kMissed:
      return Decide(expected, CloseDeposit{}, kDue + Hours(2)).next;
    case DepositState::kReleased:
      return Decide(expected, ReturnDeposit{"INTENT_RELEASED", "payouts/p", kDay}, kNow).next;
  }
  std::abort();
}

TEST(DepositStates, EveryStateAnswersEveryCommand) {
  struct Row {
    DepositState state;
    std::string take, close, give_back, convert, finish;
  };
  const Row rows[] = {
      {DepositState::kExpected, "EFFECTIVE", "MISSED", "RELEASED", "WRONG_STATE", "WRONG_STATE"},
      {DepositState::kEffective, "WRONG_STATE", "same", "TO_REFUND", "CONVERTED", "WRONG_STATE"},
      {DepositState::kToRefund, "WRONG_STATE", "same", "same", "WRONG_STATE", "REFUNDED"},
      {DepositState::kRefunded, "WRONG_STATE", "same", "same", "WRONG_STATE", "WRONG_STATE"},
      {DepositState::kConverted, "WRONG_STATE", "same", "same", "WRONG_STATE", "WRONG_STATE"},
      {DepositState::kMissed, "WRONG_STATE", "same", "same", "WRONG_STATE", "WRONG_STATE"},
      {DepositState::kReleased, "WRONG_STATE", "same", "same", "WRONG_STATE", "WRONG_STATE"},
  };
  const Time late = kDue + Hours(3);
  for (const Row& row : rows) {
    const Deposit deposit = DepositIn(row.state);
    const auto name = StateName(row.state);
    ASSERT_EQ(deposit.state, row.state);
    const TakeDeposit take{{"n"}, DepositReceipt(), {Escrow::kDeposit, "bankNotices/n", true}};
    EXPECT_EQ(Outcome(Decide(deposit, take, kNow)), row.take) << name;
    EXPECT_EQ(Outcome(Decide(deposit, CloseDeposit{}, late)), row.close) << name;
    EXPECT_EQ(Outcome(Decide(deposit, ReturnDeposit{"INTENT_LOST", "payouts/p", kDay}, late)), row.give_back)
        << name;
    EXPECT_EQ(Outcome(Decide(deposit, ConvertDeposit{"deals/d", {1'000}, "payouts/p", kDay}, late)),
              row.convert)
        << name;
    EXPECT_EQ(Outcome(Decide(deposit, FinishDepositRefund{}, late)), row.finish) << name;
  }
}

TEST(DepositStates, TheGraceForLateNoticesIsHalfOpen) {
  const Deposit deposit = DepositIn(DepositState::kExpected);
  EXPECT_EQ(Outcome(Decide(deposit, CloseDeposit{}, kDue + Hours(2) - Nanoseconds(1))), "same");
  EXPECT_EQ(Outcome(Decide(deposit, CloseDeposit{}, kDue + Hours(2))), "MISSED");
}

TEST(DepositStates, NobodyIsLateByAProvisionalDate) {
  ExpectDeposit expect = Expect();
  expect.due_provisional = true;
  const Deposit deposit = Decide(expect, kNow).next;
  Receipt receipt = DepositReceipt();
  receipt.arrive_time = kDue + Hours(100);
  EXPECT_EQ(Judge(deposit, receipt).reason, RefundReason::kNone);
  EXPECT_EQ(Outcome(Decide(deposit, CloseDeposit{}, kDue + Hours(100))), "same");
  const TakeDeposit take{{"n"}, receipt, {Escrow::kDeposit, "bankNotices/n", true}};
  EXPECT_EQ(Check(NextOf(Decide(deposit, take, kNow))), std::nullopt);

  const Deposit firm = Decide(deposit, FirmDue{kDue + Hours(24), Hours(2)}, kNow).next;
  EXPECT_FALSE(firm.due_provisional);
  EXPECT_EQ(firm.close_time, kDue + Hours(26));
  EXPECT_EQ(Judge(firm, receipt).reason, RefundReason::kLate);
  EXPECT_EQ(Outcome(Decide(firm, CloseDeposit{}, kDue + Hours(26))), "MISSED");
  EXPECT_EQ(Outcome(Decide(firm, FirmDue{kDue, Hours(2)}, kNow)), "same");
}

TEST(DepositStates, ADepositOfNothingIsEffectiveAtOnceAndJustReleased) {
  const Deposit deposit = Decide(Expect(0), kNow).next;
  EXPECT_EQ(deposit.state, DepositState::kEffective);
  const DepositDecision back = Decide(deposit, ReturnDeposit{"INTENT_LOST", "payouts/p", kDay}, kNow);
  EXPECT_EQ(Outcome(back), "RELEASED");
  EXPECT_TRUE(back.journals.empty());
  EXPECT_EQ(NextOf(Decide(deposit, ConvertDeposit{"deals/d", {5}, "payouts/p", kDay}, kNow)).converted,
            Fen{0});
}

TEST(DepositStates, WhatExceedsThePriceGoesBack) {
  const auto decision =
      Decide(DepositIn(DepositState::kEffective), ConvertDeposit{"deals/d", {70}, "payouts/p", kDay}, kNow);
  ASSERT_TRUE(decision.ok());
  EXPECT_EQ(decision->next.converted, Fen{70});
  EXPECT_EQ(RefundOf(decision->next), Fen{30});
  EXPECT_EQ(decision->next.payout, "payouts/p");
  EXPECT_EQ(decision->journals.size(), 2u);
  EXPECT_EQ(Outcome(Decide(decision->next, FinishDepositRefund{}, kNow)), "CONVERTED");
}

TEST(DepositStates, ReceiptsAreJudgedInOrder) {
  const Deposit deposit = DepositIn(DepositState::kExpected);
  const auto reason = [&](auto change, DepositState state = DepositState::kExpected) {
    Receipt receipt = DepositReceipt();
    change(receipt);
    const Judgement judgement = Judge(DepositIn(state), receipt);
    EXPECT_EQ(judgement.accepted + judgement.refund, receipt.amount);
    return judgement.reason;
  };
  const auto nothing = [](Receipt&) {};
  EXPECT_EQ(reason(nothing), RefundReason::kNone);
  EXPECT_EQ(reason([](Receipt& r) { r.payer_name = " 东湖科技有限公司 "; }), RefundReason::kNone);
  EXPECT_EQ(reason([](Receipt& r) { r.amount = {101}; }), RefundReason::kNone);
  EXPECT_EQ(reason([](Receipt& r) { r.arrive_time = kDue - Nanoseconds(1); }), RefundReason::kNone);
  EXPECT_EQ(reason([](Receipt& r) { r.amount = {99}; }), RefundReason::kShort);
  EXPECT_EQ(reason([](Receipt& r) {
              r.arrive_time = kDue;
              r.amount = {99};
            }),
            RefundReason::kLate);
  EXPECT_EQ(reason([](Receipt& r) {
              r.payer_name = "西湖科技有限公司";
              r.arrive_time = kDue;
            }),
            RefundReason::kWrongPayer);
  EXPECT_EQ(reason([](Receipt& r) {
              r.account = Escrow::kPrice;
              r.payer_name = "x";
            }),
            RefundReason::kWrongAccount);
  EXPECT_EQ(reason([](Receipt& r) { r.exchange = "organizations/other"; }), RefundReason::kWrongAccount);
  for (const auto state : {DepositState::kEffective, DepositState::kToRefund, DepositState::kRefunded,
                           DepositState::kConverted}) {
    EXPECT_EQ(reason(nothing, state), RefundReason::kAlreadyPaid) << StateName(state);
  }
  EXPECT_EQ(reason(nothing, DepositState::kReleased), RefundReason::kClosed);
  EXPECT_EQ(reason(nothing, DepositState::kMissed), RefundReason::kClosed);
  EXPECT_EQ(reason([](Receipt& r) { r.arrive_time = kDue; }, DepositState::kMissed), RefundReason::kLate);
}

TEST(DepositStates, EventsFollowOneAnother) {
  Deposit folded;
  const DepositDecision expected = Decide(Expect(0), kNow);
  for (const auto& event : expected.events) folded = Apply(folded, event);
  EXPECT_EQ(folded, expected.next);
  EXPECT_DEATH((void)Apply(Deposit{}, expected.events[1]), "missing from the log");
}

// --- Notice

Notice NoticeIn(NoticeState state, bool proposed = false) {
  Notice unmatched = Decide(RecordUnmatched{{"n"}, DepositReceipt()}, kNow).next;
  if (proposed) unmatched = NextOf(Decide(unmatched, ProposeMatch{"REF", "people/clerk"}, kNow));
  const Notice returning = NextOf(Decide(unmatched, RefundUnmatched{"payouts/p"}, kNow));
  switch (state) {
    case NoticeState::kUnmatched:
      return unmatched;
    case NoticeState::kMatched:
      return Decide(RecordJudged{{"n"}, DepositReceipt(), "deposits/d", {{100}, {}, RefundReason::kNone}, ""},
                    kNow)
          .next;
    case NoticeState::kToRefund:
      return returning;
    case NoticeState::kRefunded:
      return NextOf(Decide(returning, FinishNoticeRefund{}, kNow));
  }
  std::abort();
}

TEST(NoticeStates, EveryStateAnswersEveryCommand) {
  struct Row {
    NoticeState state;
    bool proposed;
    std::string propose, reject, apply, refund, finish;
  };
  const Row rows[] = {
      {NoticeState::kUnmatched, false, "UNMATCHED", "WRONG_STATE", "WRONG_STATE", "TO_REFUND", "WRONG_STATE"},
      {NoticeState::kUnmatched, true, "UNMATCHED", "UNMATCHED", "MATCHED", "TO_REFUND", "WRONG_STATE"},
      {NoticeState::kMatched, false, "WRONG_STATE", "WRONG_STATE", "WRONG_STATE", "WRONG_STATE",
       "WRONG_STATE"},
      {NoticeState::kToRefund, false, "WRONG_STATE", "WRONG_STATE", "WRONG_STATE", "WRONG_STATE", "REFUNDED"},
      {NoticeState::kRefunded, false, "WRONG_STATE", "WRONG_STATE", "WRONG_STATE", "WRONG_STATE",
       "WRONG_STATE"},
  };
  const ApplyMatch apply{"people/officer", "deposits/d", {{100}, {}, RefundReason::kNone}, ""};
  for (const Row& row : rows) {
    const Notice notice = NoticeIn(row.state, row.proposed);
    const auto name = StateName(row.state);
    ASSERT_EQ(notice.state, row.state);
    EXPECT_EQ(Outcome(Decide(notice, ProposeMatch{"REF", "people/clerk"}, kNow)), row.propose) << name;
    EXPECT_EQ(Outcome(Decide(notice, RejectMatch{}, kNow)), row.reject) << name;
    EXPECT_EQ(Outcome(Decide(notice, apply, kNow)), row.apply) << name;
    EXPECT_EQ(Outcome(Decide(notice, RefundUnmatched{"payouts/p"}, kNow)), row.refund) << name;
    EXPECT_EQ(Outcome(Decide(notice, FinishNoticeRefund{}, kNow)), row.finish) << name;
  }
  ApplyMatch own = apply;
  own.person = "people/clerk";
  EXPECT_EQ(Outcome(Decide(NoticeIn(NoticeState::kUnmatched, true), own, kNow)), "SAME_PERSON");
}

TEST(NoticeStates, ReceiptFieldsAreChecked) {
  const auto fault = [](auto change) -> std::string {
    Receipt receipt = DepositReceipt();
    change(receipt);
    const Status status = CheckReceipt(receipt, kNow);
    if (status.ok()) return "";
    const FieldViolation& violation = status.error().violations.at(0);
    return violation.field + " " + std::string(ReasonName(violation.reason));
  };
  EXPECT_EQ(fault([](Receipt&) {}), "");
  EXPECT_EQ(fault([](Receipt& r) { r.reference.clear(); }), "");
  EXPECT_EQ(fault([](Receipt& r) { r.bank_reference.clear(); }), "bank_reference REQUIRED");
  EXPECT_EQ(fault([](Receipt& r) { r.payer_name = std::string(201, 'x'); }), "payer_name TOO_LONG");
  EXPECT_EQ(fault([](Receipt& r) { r.payer_account = "62\n22"; }), "payer_account BAD_TEXT");
  EXPECT_EQ(fault([](Receipt& r) { r.amount = {0}; }), "amount_fen OUT_OF_RANGE");
  EXPECT_EQ(fault([](Receipt& r) { r.amount = {kMaxFen + 1}; }), "amount_fen OUT_OF_RANGE");
  EXPECT_EQ(fault([](Receipt& r) { r.arrive_time = {}; }), "arrive_time REQUIRED");
  EXPECT_EQ(fault([](Receipt& r) { r.arrive_time = kNow + Minutes(5); }), "");
  EXPECT_EQ(fault([](Receipt& r) { r.arrive_time = kNow + Minutes(5) + Nanoseconds(1); }),
            "arrive_time OUT_OF_RANGE");
}

// --- Payout

PreparePayout Prepare(std::string maker = "") {
  return {.id = {"p"},
          .kind = PayoutKind::kDepositRefund,
          .exchange = kExchange,
          .account = Escrow::kDeposit,
          .subject = "deposits/d",
          .owed_to = "listings/l/intents/i",
          .amount = {100},
          .payee_name = "东湖",
          .payee_account = "6222",
          .due = kDay,
          .bank = "organizations/bank",
          .maker = std::move(maker)};
}
ReportPayout Report(PayoutState result, int attempt = 1) {
  return {result, "p-" + std::to_string(attempt), "T1", ""};
}

Payout PayoutIn(PayoutState state) {
  const Payout prepared = Decide(Prepare("people/clerk"), kNow).next;
  if (state == PayoutState::kPrepared) return prepared;
  const Payout pending = NextOf(Decide(prepared, ApprovePayout{"people/officer"}, kNow));
  if (state == PayoutState::kPending) return pending;
  const Payout sent = NextOf(Decide(pending, SendPayout{}, kNow));
  return state == PayoutState::kSent ? sent : NextOf(Decide(sent, Report(state), kNow));
}

TEST(PayoutStates, EveryStateAnswersEveryCommand) {
  struct Row {
    PayoutState state;
    std::string approve, send, succeed, fail, unknown;
  };
  const Row rows[] = {
      {PayoutState::kPrepared, "PENDING", "WRONG_STATE", "WRONG_STATE", "WRONG_STATE", "WRONG_STATE"},
      {PayoutState::kPending, "WRONG_STATE", "SENT", "WRONG_STATE", "WRONG_STATE", "WRONG_STATE"},
      {PayoutState::kSent, "WRONG_STATE", "same", "SUCCEEDED", "FAILED", "UNKNOWN"},
      {PayoutState::kSucceeded, "WRONG_STATE", "WRONG_STATE", "same", "WRONG_STATE", "WRONG_STATE"},
      {PayoutState::kFailed, "PENDING", "WRONG_STATE", "WRONG_STATE", "same", "WRONG_STATE"},
      {PayoutState::kUnknown, "WRONG_STATE", "WRONG_STATE", "SUCCEEDED", "FAILED", "same"},
  };
  for (const Row& row : rows) {
    const Payout payout = PayoutIn(row.state);
    const auto name = StateName(row.state);
    ASSERT_EQ(payout.state, row.state);
    EXPECT_EQ(Outcome(Decide(payout, ApprovePayout{"people/officer"}, kNow)), row.approve) << name;
    EXPECT_EQ(Outcome(Decide(payout, SendPayout{}, kNow)), row.send) << name;
    EXPECT_EQ(Outcome(Decide(payout, Report(PayoutState::kSucceeded), kNow)), row.succeed) << name;
    EXPECT_EQ(Outcome(Decide(payout, Report(PayoutState::kFailed), kNow)), row.fail) << name;
    EXPECT_EQ(Outcome(Decide(payout, Report(PayoutState::kUnknown), kNow)), row.unknown) << name;
  }
}

TEST(PayoutStates, NeverMadeTwice) {
  const auto paid = Decide(PayoutIn(PayoutState::kUnknown), Report(PayoutState::kSucceeded), kNow);
  ASSERT_TRUE(paid.ok());
  EXPECT_EQ(paid->journals.size(), 1u);
  const auto again = Decide(paid->next, Report(PayoutState::kSucceeded), kNow);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->journals.empty());
  // A new attempt has an id of its own, and a report about the old one is not taken for it.
  const Payout second = NextOf(Decide(PayoutIn(PayoutState::kFailed), ApprovePayout{"people/officer"}, kNow));
  EXPECT_EQ(EndToEndId(second), "p-2");
  const Payout sent = NextOf(Decide(second, SendPayout{}, kNow));
  EXPECT_EQ(Outcome(Decide(sent, Report(PayoutState::kSucceeded, 1), kNow)), "END_TO_END_ID_MISMATCH");
  EXPECT_EQ(Outcome(Decide(sent, Report(PayoutState::kSucceeded, 2), kNow)), "SUCCEEDED");
}

TEST(PayoutStates, ARepeatedReportNamesTheSameTransaction) {
  for (const PayoutState result : {PayoutState::kSucceeded, PayoutState::kFailed, PayoutState::kUnknown}) {
    ReportPayout other = Report(result);
    other.bank_transaction += "-other";
    EXPECT_EQ(Outcome(Decide(PayoutIn(result), other, kNow)), "REPORT_DIFFERS") << StateName(result);
  }
}

TEST(PayoutStates, TwoPersons) {
  const Payout prepared = PayoutIn(PayoutState::kPrepared);
  EXPECT_EQ(Outcome(Decide(prepared, ApprovePayout{"people/clerk"}, kNow)), "SAME_PERSON");
  EXPECT_EQ(Outcome(Decide(prepared, ApprovePayout{""}, kNow)), "SAME_PERSON");
  const Payout automatic = Decide(Prepare(), kNow).next;
  EXPECT_EQ(Outcome(Decide(automatic, ApprovePayout{"people/officer"}, kNow)), "PENDING");
  EXPECT_EQ(Outcome(Decide(Prepare("people/clerk"), kNow)), "PREPARED");
}

// --- Settlement

OpenSettlement Open(DealFacts facts = {}) {
  return {.id = {"s"},
          .contract = "contracts/c",
          .deal = "deals/d",
          .listing = "listings/l",
          .exchange = kExchange,
          .seller = "organizations/seller",
          .seller_legal_name = "西山大学",
          .buyer = "organizations/buyer",
          .buyer_legal_name = "东湖科技有限公司",
          .intent = "listings/l/intents/i",
          .price = {1'000},
          .converted = {100},
          .buyer_fee = {32},
          .seller_fee = {24},
          .fee_table = "t",
          .due_time = kDue,
          .facts = std::move(facts),
          .bank = "organizations/bank"};
}

TakePayment Pay(Item item, int64_t fen) {
  return {item, {{fen}, {}, RefundReason::kNone}, {Escrow::kPrice, "bankNotices/n"}, "organizations/bank"};
}

Settlement With(Settlement s, std::vector<LearnFact> facts) {
  for (const LearnFact& fact : facts) s = Decide(s, fact, kNow).next;
  return s;
}
const LearnFact kRegistered{Fact::kRegistered, "", {}};
const LearnFact kWindowEnded{Fact::kWindowEnded, "", {}};
const LearnFact kCertified{Fact::kCertified, "certificates/c", {}};
const LearnFact kHeld{Fact::kHoldPlaced, "objections/o", {}};
const LearnFact kLifted{Fact::kHoldLifted, "objections/o", {}};

Settlement SettlementIn(SettlementState state) {
  const Settlement awaiting = Decide(Open(), kNow).next;
  const Settlement partial = NextOf(Decide(awaiting, Pay(Item::kPrice, 400), kNow));
  const Settlement overdue = Decide(partial, PassDue{kDue + Hours(72)}, kDue).next;
  const Settlement paid =
      NextOf(Decide(NextOf(Decide(partial, Pay(Item::kPrice, 500), kNow)), Pay(Item::kBuyerFee, 32), kNow));
  const Settlement releasable = With(paid, {kCertified, kRegistered, kWindowEnded});
  const Settlement requested = NextOf(Decide(releasable, RequestRelease{"people/seller", kDay}, kNow));
  const Settlement releasing = NextOf(Decide(requested, ApproveRelease{"people/clerk", "payouts/p"}, kNow));
  switch (state) {
    case SettlementState::kAwaiting:
      return awaiting;
    case SettlementState::kPartial:
      return partial;
    case SettlementState::kOverdue:
      return overdue;
    case SettlementState::kDefault:
      return Decide(overdue, PassGrace{}, kDue + Hours(72)).next;
    case SettlementState::kFullyPaid:
      return paid;
    case SettlementState::kReleasable:
      return requested;
    case SettlementState::kReleasing:
      return releasing;
    case SettlementState::kSettled:
      return NextOf(Decide(releasing, FinishSettlement{}, kNow));
    case SettlementState::kFrozen:
      return With(requested, {kHeld});
  }
  std::abort();
}

TEST(SettlementStates, EveryStateAnswersEveryCommand) {
  struct Row {
    SettlementState state;
    std::string price, fee, due, grace, request, approve, reject, finish;
  };
  const std::string no = "WRONG_STATE";
  const Row rows[] = {
      {SettlementState::kAwaiting, "PARTIAL", "PARTIAL", "OVERDUE", "same", no, no, no, no},
      {SettlementState::kPartial, "PARTIAL", "PARTIAL", "OVERDUE", "same", no, no, no, no},
      {SettlementState::kOverdue, "OVERDUE", "OVERDUE", "same", "DEFAULT", no, no, no, no},
      {SettlementState::kDefault, no, no, "same", "same", no, no, no, no},
      {SettlementState::kFullyPaid, no, no, "same", "same", no, no, no, no},
      {SettlementState::kReleasable, no, no, "same", "same", no, "RELEASING", "RELEASABLE", no},
      {SettlementState::kReleasing, no, no, "same", "same", no, no, no, "SETTLED"},
      {SettlementState::kSettled, no, no, "same", "same", no, no, no, no},
      {SettlementState::kFrozen, no, no, "same", "same", "SETTLEMENT_FROZEN", "SETTLEMENT_FROZEN",
       "RELEASABLE", no},
  };
  const Time late = kDue + Hours(100);
  for (const Row& row : rows) {
    const Settlement s = SettlementIn(row.state);
    const auto name = StateName(row.state);
    ASSERT_EQ(ShownState(s), row.state);
    EXPECT_EQ(Outcome(Decide(s, Pay(Item::kPrice, 1), late)), row.price) << name;
    EXPECT_EQ(Outcome(Decide(s, Pay(Item::kBuyerFee, 1), late)), row.fee) << name;
    EXPECT_EQ(Outcome(Decide(s, PassDue{late}, late)), row.due) << name;
    EXPECT_EQ(Outcome(Decide(s, PassGrace{}, late)), row.grace) << name;
    EXPECT_EQ(Outcome(Decide(s, RequestRelease{"people/seller", kDay}, late)), row.request) << name;
    EXPECT_EQ(Outcome(Decide(s, ApproveRelease{"people/clerk", "payouts/p"}, late)), row.approve) << name;
    EXPECT_EQ(Outcome(Decide(s, RejectRelease{"people/clerk", "papers"}, late)), row.reject) << name;
    EXPECT_EQ(Outcome(Decide(s, FinishSettlement{}, late)), row.finish) << name;
  }
}

TEST(SettlementStates, OneStepBeforeItsTimeNothingHappens) {
  const Time early = kDue - Nanoseconds(1);
  EXPECT_EQ(Outcome(Decide(SettlementIn(SettlementState::kAwaiting), PassDue{kDue}, early)), "same");
  EXPECT_EQ(Outcome(Decide(SettlementIn(SettlementState::kOverdue), PassGrace{},
                           kDue + Hours(72) - Nanoseconds(1))),
            "same");
}

TEST(SettlementStates, TwoPersonsRelease) {
  const Settlement s = SettlementIn(SettlementState::kReleasable);
  EXPECT_EQ(Outcome(Decide(s, ApproveRelease{"people/seller", "payouts/p"}, kNow)), "SAME_PERSON");
  EXPECT_EQ(Outcome(Decide(s, ApproveRelease{"", "payouts/p"}, kNow)), "SAME_PERSON");
  EXPECT_EQ(Outcome(Decide(s, RejectRelease{"people/seller", "x"}, kNow)), "SAME_PERSON");
}

TEST(SettlementStates, ReleasableNeedsAllConditionsInAnyOrder) {
  const Settlement paid = SettlementIn(SettlementState::kFullyPaid);
  std::vector<LearnFact> facts = {kRegistered, kWindowEnded, kCertified};
  std::vector<size_t> order = {0, 1, 2};
  do {
    Settlement s = paid;
    for (size_t i = 0; i < order.size(); ++i) {
      EXPECT_EQ(s.state, SettlementState::kFullyPaid);
      s = With(s, {facts[order[i]]});
    }
    EXPECT_EQ(s.state, SettlementState::kReleasable);
  } while (std::next_permutation(order.begin(), order.end()));
  Settlement held = With(paid, {kHeld, kRegistered, kWindowEnded, kCertified});
  EXPECT_EQ(held.state, SettlementState::kFullyPaid);
  EXPECT_EQ(ShownState(held), SettlementState::kFrozen);
  EXPECT_EQ(ShownState(With(held, {kLifted})), SettlementState::kReleasable);
}

TEST(SettlementStates, FactsMayComeBeforeTheSettlement) {
  DealFacts facts;
  EXPECT_TRUE(Learn(facts, Fact::kHoldPlaced, "objections/o"));
  EXPECT_FALSE(Learn(facts, Fact::kHoldPlaced, "objections/o"));
  EXPECT_TRUE(Learn(facts, Fact::kWindowEnded, ""));
  EXPECT_FALSE(Learn(facts, Fact::kWindowEnded, ""));
  const Settlement s = Decide(Open(facts), kNow).next;
  EXPECT_EQ(ShownState(s), SettlementState::kFrozen);
  EXPECT_EQ(ShownState(With(s, {kLifted})), SettlementState::kAwaiting);
}

TEST(SettlementStates, WhileHeldNobodyDefaultsAndTheBuyerGetsNewTime) {
  const Settlement held = With(SettlementIn(SettlementState::kPartial), {kHeld});
  EXPECT_EQ(NextChange(held), std::nullopt);
  EXPECT_EQ(Outcome(Decide(held, PassDue{kDue}, kDue + Hours(9))), "same");
  const Time now = kDue + Hours(9);
  const Time fresh = now + Hours(72);
  const Settlement lifted = Decide(held, LearnFact{Fact::kHoldLifted, "objections/o", fresh}, now).next;
  EXPECT_EQ(lifted.due_time, fresh);
  EXPECT_EQ(Decide(held, LearnFact{Fact::kHoldLifted, "objections/o", fresh}, kNow).next.due_time, kDue);
  const Settlement overdue = With(SettlementIn(SettlementState::kOverdue), {kHeld});
  EXPECT_EQ(Outcome(Decide(overdue, PassGrace{}, now + Hours(100))), "same");
}

TEST(SettlementStates, MoneyIsTakenWhileHeldAndOverdue) {
  const Settlement held = With(SettlementIn(SettlementState::kAwaiting), {kHeld});
  Settlement s = NextOf(Decide(held, Pay(Item::kPrice, 900), kNow));
  s = NextOf(Decide(s, Pay(Item::kBuyerFee, 32), kNow));
  EXPECT_EQ(s.state, SettlementState::kFullyPaid);
  s = NextOf(Decide(SettlementIn(SettlementState::kOverdue), Pay(Item::kPrice, 500), kNow));
  EXPECT_EQ(s.state, SettlementState::kOverdue);
  EXPECT_EQ(NextOf(Decide(s, Pay(Item::kBuyerFee, 32), kNow)).state, SettlementState::kFullyPaid);
}

TEST(SettlementStates, ADepositThatCoversEverythingPaysAtOnce) {
  OpenSettlement open = Open();
  open.converted = {1'000};
  open.buyer_fee = {};
  const SettlementDecision decision = Decide(open, kNow);
  EXPECT_EQ(decision.next.state, SettlementState::kFullyPaid);
  EXPECT_EQ(decision.journals.size(), 1u);
  EXPECT_EQ(decision.next.paid_time, kNow);
}

TEST(SettlementStates, TheSellersFeeNeverExceedsThePrice) {
  OpenSettlement open = Open();
  open.seller_fee = {5'000};
  EXPECT_EQ(Decide(open, kNow).next.seller_fee, Fen{1'000});
  EXPECT_EQ(ProceedsOf(Decide(open, kNow).next), Fen{0});
}

TEST(SettlementStates, ReceiptsAreJudgedInOrder) {
  Receipt receipt = DepositReceipt();
  receipt.account = Escrow::kPrice;
  receipt.amount = {400};
  const auto judge = [&](SettlementState state, Item item) {
    return Judge(SettlementIn(state), item, receipt);
  };
  EXPECT_EQ(judge(SettlementState::kAwaiting, Item::kPrice), (Judgement{{400}, {}, RefundReason::kNone}));
  EXPECT_EQ(judge(SettlementState::kAwaiting, Item::kBuyerFee),
            (Judgement{{32}, {368}, RefundReason::kExcess}));
  EXPECT_EQ(judge(SettlementState::kOverdue, Item::kPrice).accepted, Fen{400});
  EXPECT_EQ(judge(SettlementState::kFullyPaid, Item::kPrice).reason, RefundReason::kAlreadyPaid);
  EXPECT_EQ(judge(SettlementState::kDefault, Item::kPrice).reason, RefundReason::kClosed);
  receipt.payer_name = "别人";
  EXPECT_EQ(judge(SettlementState::kDefault, Item::kPrice).reason, RefundReason::kWrongPayer);
  receipt.account = Escrow::kDeposit;
  EXPECT_EQ(judge(SettlementState::kAwaiting, Item::kPrice).reason, RefundReason::kWrongAccount);
}

TEST(SettlementStates, HoldsAreBoundedAndOneTooManyFreezesForGood) {
  DealFacts facts;
  for (int i = 0; i < 64; ++i)
    EXPECT_TRUE(Learn(facts, Fact::kHoldPlaced, "objections/" + std::to_string(i)));
  EXPECT_FALSE(Learn(facts, Fact::kHoldPlaced, "objections/one-more"));
  EXPECT_TRUE(std::is_sorted(facts.holds.begin(), facts.holds.end()));
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(Learn(facts, Fact::kHoldLifted, "objections/" + std::to_string(i)), i < 63);
  EXPECT_EQ(facts.holds.size(), 1u);
}

}  // namespace
}  // namespace ttx::settlement
