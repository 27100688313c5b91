#include "services/settlement/domain/deposit.h"

#include <algorithm>

#include "libs/core/text.h"

namespace ttx::settlement {
namespace {

using DepositRecorder = Recorder<Deposit, DepositChange>;

Error WrongState(const Deposit& deposit, std::string command) {
  return Error(Reason::kWRONG_STATE, {{"resource", NameOf(deposit.id)},
                                      {"state", std::string(StateName(deposit.state))},
                                      {"command", std::move(command)}});
}

PostingContext ContextOf(const Deposit& deposit, Time now) {
  return {deposit.exchange, NameOf(deposit.id), now};
}

}  // namespace

std::string_view StateName(DepositState state) {
  switch (state) {
    case DepositState::kExpected:
      return "EXPECTED";
    case DepositState::kEffective:
      return "EFFECTIVE";
    case DepositState::kToRefund:
      return "TO_REFUND";
    case DepositState::kRefunded:
      return "REFUNDED";
    case DepositState::kConverted:
      return "CONVERTED";
    case DepositState::kMissed:
      return "MISSED";
    case DepositState::kReleased:
      return "RELEASED";
  }
  TTX_CHECK(false, "unreachable");
}

std::string_view ChangeName(DepositChange change) {
  switch (change) {
    case DepositChange::kExpected:
      return "DEPOSIT_EXPECTED";
    case DepositChange::kEffective:
      return "DEPOSIT_EFFECTIVE";
    case DepositChange::kMissed:
      return "DEPOSIT_MISSED";
    case DepositChange::kReleased:
      return "DEPOSIT_RELEASED";
    case DepositChange::kRefundDue:
      return "DEPOSIT_REFUND_DUE";
    case DepositChange::kRefunded:
      return "DEPOSIT_REFUNDED";
    case DepositChange::kConverted:
      return "DEPOSIT_CONVERTED";
    case DepositChange::kDueFirm:
      return "DEPOSIT_DUE_FIRM";
  }
  TTX_CHECK(false, "unreachable");
}

std::string NameOf(const DepositId& id) { return "deposits/" + id.text; }

Fen RefundOf(const Deposit& deposit) {
  return deposit.payout.empty() ? Fen{} : deposit.amount - deposit.converted;
}

Judgement Judge(const Deposit& deposit, const Receipt& receipt) {
  const auto refuse = [&](RefundReason reason) { return Judgement{{}, receipt.amount, reason}; };
  if (receipt.account != Escrow::kDeposit || receipt.exchange != deposit.exchange) {
    return refuse(RefundReason::kWrongAccount);
  }
  if (FoldName(receipt.payer_name) != FoldName(deposit.legal_name)) return refuse(RefundReason::kWrongPayer);
  switch (deposit.state) {
    case DepositState::kExpected:
      break;
    case DepositState::kEffective:
    case DepositState::kToRefund:
    case DepositState::kRefunded:
    case DepositState::kConverted:
      return refuse(RefundReason::kAlreadyPaid);
    case DepositState::kReleased:
      return refuse(RefundReason::kClosed);
    case DepositState::kMissed:
      return refuse(receipt.arrive_time < deposit.due_time ? RefundReason::kClosed : RefundReason::kLate);
  }
  if (!deposit.due_provisional && receipt.arrive_time >= deposit.due_time) return refuse(RefundReason::kLate);
  if (receipt.amount < deposit.required) return refuse(RefundReason::kShort);
  return {receipt.amount, {}, RefundReason::kNone};
}

DepositDecision Decide(const ExpectDeposit& command, Time now) {
  Deposit deposit;
  deposit.id = command.id;
  deposit.intent = command.intent;
  deposit.listing = command.listing;
  deposit.exchange = command.exchange;
  deposit.organization = command.organization;
  deposit.legal_name = command.legal_name;
  deposit.required = command.required;
  deposit.due_time = command.due_time;
  deposit.close_time = command.due_time + command.grace;
  deposit.reference = command.reference;
  deposit.due_provisional = command.due_provisional;
  deposit.due_workdays = command.due_workdays;
  deposit.create_time = now;
  DepositRecorder recorder(std::move(deposit), now);
  recorder.Record(DepositChange::kExpected);
  if (command.required == Fen{}) {
    recorder.state().state = DepositState::kEffective;
    recorder.state().arrive_time = now;
    recorder.Record(DepositChange::kEffective);
  }
  return recorder.Take();
}

Result<DepositDecision> Decide(const Deposit& state, const TakeDeposit& command, Time now) {
  if (state.state != DepositState::kExpected) return WrongState(state, "pay");
  DepositRecorder recorder(state, now);
  Deposit& next = recorder.state();
  next.state = DepositState::kEffective;
  next.amount = command.receipt.amount;
  next.arrive_time = command.receipt.arrive_time;
  next.notice = NameOf(command.notice);
  next.payer_name = command.receipt.payer_name;
  next.payer_account = command.receipt.payer_account;
  recorder.Record(DepositChange::kEffective);
  recorder.Post(DepositMatched(ContextOf(state, now), command.source, state.intent, next.amount));
  return recorder.Take();
}

DepositDecision Decide(const Deposit& state, const FirmDue& command, Time now) {
  DepositRecorder recorder(state, now);
  if (state.state == DepositState::kExpected && state.due_provisional) {
    recorder.state().due_time = command.due_time;
    recorder.state().close_time = command.due_time + command.grace;
    recorder.state().due_provisional = false;
    recorder.Record(DepositChange::kDueFirm);
  }
  return recorder.Take();
}

DepositDecision Decide(const Deposit& state, const CloseDeposit&, Time now) {
  DepositRecorder recorder(state, now);
  if (state.state == DepositState::kExpected && !state.due_provisional && now >= state.close_time) {
    recorder.state().state = DepositState::kMissed;
    recorder.Record(DepositChange::kMissed);
  }
  return recorder.Take();
}

DepositDecision Decide(const Deposit& state, const ReturnDeposit& command, Time now) {
  DepositRecorder recorder(state, now);
  Deposit& next = recorder.state();
  if (state.state == DepositState::kExpected ||
      (state.state == DepositState::kEffective && state.amount == Fen{})) {
    next.state = DepositState::kReleased;
    next.refund_reason = command.reason;
    recorder.Record(DepositChange::kReleased);
  } else if (state.state == DepositState::kEffective) {
    next.state = DepositState::kToRefund;
    next.refund_reason = command.reason;
    next.payout = command.payout;
    next.refund_due = command.due;
    recorder.Record(DepositChange::kRefundDue);
    recorder.Post(DepositToRefund(ContextOf(state, now), state.intent, state.amount));
  }
  return recorder.Take();
}

Result<DepositDecision> Decide(const Deposit& state, const ConvertDeposit& command, Time now) {
  if (state.state != DepositState::kEffective) return WrongState(state, "convert");
  DepositRecorder recorder(state, now);
  Deposit& next = recorder.state();
  next.state = DepositState::kConverted;
  next.deal = command.deal;
  next.converted = std::min(state.amount, command.most);
  const Fen rest = state.amount - next.converted;
  if (rest > Fen{}) {
    next.refund_reason = "EXCESS";
    next.payout = command.payout;
    next.refund_due = command.due;
  }
  recorder.Record(DepositChange::kConverted);
  recorder.Post(DepositConverted(ContextOf(state, now), state.intent, command.deal, next.converted));
  recorder.Post(DepositToRefund(ContextOf(state, now), state.intent, rest));
  return recorder.Take();
}

Result<DepositDecision> Decide(const Deposit& state, const FinishDepositRefund&, Time now) {
  if (state.payout.empty() || state.state == DepositState::kRefunded)
    return WrongState(state, "finish the refund");
  DepositRecorder recorder(state, now);
  if (state.state == DepositState::kToRefund) recorder.state().state = DepositState::kRefunded;
  recorder.Record(DepositChange::kRefunded);
  return recorder.Take();
}

std::optional<std::string> Check(const Deposit& deposit) {
  if (deposit.id.empty() || deposit.intent.empty() || deposit.exchange.empty())
    return "a deposit without its names";
  if (deposit.required < Fen{} || deposit.amount < Fen{}) return "a negative deposit";
  if (deposit.converted < Fen{} || deposit.converted > deposit.amount) return "more converted than paid (E4)";
  const bool paid = deposit.state == DepositState::kEffective || deposit.state == DepositState::kToRefund ||
                    deposit.state == DepositState::kRefunded || deposit.state == DepositState::kConverted;
  if (paid && deposit.amount < deposit.required) return "a short deposit is effective";
  if (!paid && deposit.amount > Fen{}) return "a deposit with money that is not effective";
  const bool late = !deposit.due_provisional && deposit.arrive_time >= deposit.due_time;
  if (deposit.amount > Fen{} && (deposit.notice.empty() || late)) {
    return "a deposit that did not arrive in time";
  }
  const bool returns = deposit.state == DepositState::kToRefund || deposit.state == DepositState::kRefunded ||
                       (deposit.state == DepositState::kConverted && deposit.converted < deposit.amount);
  if (returns == deposit.payout.empty()) return "a refund without payout, or a payout without refund";
  if (deposit.state != DepositState::kConverted && deposit.converted > Fen{})
    return "converted in the wrong state";
  return std::nullopt;
}

}  // namespace ttx::settlement
