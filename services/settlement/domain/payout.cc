#include "services/settlement/domain/payout.h"

#include "services/settlement/domain/limits.h"

namespace ttx::settlement {
namespace {

using PayoutRecorder = Recorder<Payout, PayoutChange>;

Error WrongState(const Payout& payout, std::string command) {
  return Error(Reason::kWRONG_STATE, {{"resource", NameOf(payout.id)},
                                      {"state", std::string(StateName(payout.state))},
                                      {"command", std::move(command)}});
}

std::optional<Journal> JournalOf(const Payout& payout, Time now) {
  const PostingContext context{payout.exchange, NameOf(payout.id), now};
  return payout.kind == PayoutKind::kProceeds
             ? ProceedsPaid(context, payout.owed_to, payout.amount)
             : RefundPaid(context, payout.owed_to, payout.account, payout.amount);
}

PayoutChange ChangeTo(PayoutState result) {
  switch (result) {
    case PayoutState::kSucceeded:
      return PayoutChange::kSucceeded;
    case PayoutState::kFailed:
      return PayoutChange::kFailed;
    case PayoutState::kUnknown:
      return PayoutChange::kUnknown;
    case PayoutState::kPrepared:
    case PayoutState::kPending:
    case PayoutState::kSent:
      break;
  }
  TTX_CHECK(false, "not a result");
}

}  // namespace

std::string_view StateName(PayoutState state) {
  switch (state) {
    case PayoutState::kPrepared:
      return "PREPARED";
    case PayoutState::kPending:
      return "PENDING";
    case PayoutState::kSent:
      return "SENT";
    case PayoutState::kSucceeded:
      return "SUCCEEDED";
    case PayoutState::kFailed:
      return "FAILED";
    case PayoutState::kUnknown:
      return "UNKNOWN";
  }
  TTX_CHECK(false, "unreachable");
}

std::string_view ChangeName(PayoutChange change) {
  switch (change) {
    case PayoutChange::kPrepared:
      return "PAYOUT_PREPARED";
    case PayoutChange::kApproved:
      return "PAYOUT_APPROVED";
    case PayoutChange::kSent:
      return "PAYOUT_SENT";
    case PayoutChange::kSucceeded:
      return "PAYOUT_SUCCEEDED";
    case PayoutChange::kFailed:
      return "PAYOUT_FAILED";
    case PayoutChange::kUnknown:
      return "PAYOUT_UNKNOWN";
  }
  TTX_CHECK(false, "unreachable");
}

std::string NameOf(const PayoutId& id) { return "payouts/" + id.text; }

std::string EndToEndId(const Payout& payout) {
  return payout.attempt == 0 ? "" : payout.id.text + "-" + std::to_string(payout.attempt);
}

PayoutDecision Decide(const PreparePayout& command, Time now) {
  Payout payout;
  payout.id = command.id;
  payout.kind = command.kind;
  payout.exchange = command.exchange;
  payout.account = command.account;
  payout.subject = command.subject;
  payout.owed_to = command.owed_to;
  payout.amount = command.amount;
  payout.payee_name = command.payee_name;
  payout.payee_account = command.payee_account;
  payout.due = command.due;
  payout.bank = command.bank;
  payout.maker = command.maker;
  payout.create_time = now;
  PayoutRecorder recorder(std::move(payout), now);
  recorder.Record(PayoutChange::kPrepared);
  return recorder.Take();
}

Result<PayoutDecision> Decide(const Payout& state, const ApprovePayout& command, Time now) {
  const bool open = state.state == PayoutState::kPrepared || state.state == PayoutState::kFailed;
  if (!open || state.attempt >= kMaxPayoutAttempts) return WrongState(state, "approve");
  if (command.person.empty() || command.person == state.maker) return Error(Reason::kSAME_PERSON);
  PayoutRecorder recorder(state, now);
  recorder.state().state = PayoutState::kPending;
  recorder.state().approver = command.person;
  recorder.state().attempt += 1;
  recorder.state().bank_transaction.clear();
  recorder.state().detail.clear();
  recorder.Record(PayoutChange::kApproved);
  return recorder.Take();
}

Result<PayoutDecision> Decide(const Payout& state, const SendPayout&, Time now) {
  PayoutRecorder recorder(state, now);
  if (state.state == PayoutState::kSent) return recorder.Take();
  if (state.state != PayoutState::kPending) return WrongState(state, "markSent");
  recorder.state().state = PayoutState::kSent;
  recorder.Record(PayoutChange::kSent);
  return recorder.Take();
}

Result<PayoutDecision> Decide(const Payout& state, const ReportPayout& command, Time now) {
  if (state.attempt == 0) return WrongState(state, "reportResult");
  if (command.end_to_end_id != EndToEndId(state)) {
    return Error(Reason::kEND_TO_END_ID_MISMATCH, {{"payout", NameOf(state.id)}});
  }
  PayoutRecorder recorder(state, now);
  if (state.state == command.result) {
    if (state.bank_transaction == command.bank_transaction) return recorder.Take();
    return Error(Reason::kREPORT_DIFFERS,
                 {{"payout", NameOf(state.id)}, {"bank_transaction", state.bank_transaction}});
  }
  if (state.state != PayoutState::kSent && state.state != PayoutState::kUnknown) {
    return WrongState(state, "reportResult");
  }
  recorder.state().state = command.result;
  recorder.state().bank_transaction = command.bank_transaction;
  recorder.state().detail = command.detail;
  recorder.Record(ChangeTo(command.result));
  if (command.result == PayoutState::kSucceeded) recorder.Post(JournalOf(state, now));
  return recorder.Take();
}

std::optional<std::string> Check(const Payout& payout) {
  if (payout.id.empty() || payout.exchange.empty() || payout.subject.empty())
    return "a payout without its names";
  if (payout.amount <= Fen{}) return "a payout of nothing";
  if (payout.payee_account.empty()) return "a payout to nowhere";
  if ((payout.state == PayoutState::kPrepared) != (payout.attempt == 0))
    return "a payout that skipped its approval";
  if ((payout.attempt > 0) == payout.approver.empty()) return "a payout that nobody approved";
  if (payout.attempt > 0 && payout.approver == payout.maker)
    return "a payout made and approved by one person";
  return std::nullopt;
}

}  // namespace ttx::settlement
