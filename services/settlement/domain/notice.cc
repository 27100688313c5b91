#include "services/settlement/domain/notice.h"

#include "libs/core/text.h"
#include "services/settlement/domain/limits.h"

namespace ttx::settlement {
namespace {

using NoticeRecorder = Recorder<Notice, NoticeChange>;

Error WrongState(const Notice& notice, std::string command) {
  return Error(Reason::kWRONG_STATE, {{"resource", NameOf(notice.id)},
                                      {"state", std::string(StateName(notice.state))},
                                      {"command", std::move(command)}});
}

void SetJudgement(Notice& notice, const std::string& target, const Judgement& judgement,
                  const std::string& payout) {
  notice.state = judgement.accepted > Fen{} ? NoticeState::kMatched : NoticeState::kToRefund;
  notice.target = target;
  notice.accepted = judgement.accepted;
  notice.refund = judgement.refund;
  notice.refund_reason = judgement.reason;
  notice.payout = payout;
  notice.proposed_reference.clear();
}

NoticeChange ChangeTo(const Notice& notice) {
  return notice.state == NoticeState::kMatched ? NoticeChange::kMatched : NoticeChange::kRefundDue;
}

Notice NewNotice(const NoticeId& id, const Receipt& receipt, Time now) {
  Notice notice;
  notice.id = id;
  notice.receipt = receipt;
  notice.create_time = now;
  return notice;
}

}  // namespace

std::string_view StateName(NoticeState state) {
  switch (state) {
    case NoticeState::kUnmatched:
      return "UNMATCHED";
    case NoticeState::kMatched:
      return "MATCHED";
    case NoticeState::kToRefund:
      return "TO_REFUND";
    case NoticeState::kRefunded:
      return "REFUNDED";
  }
  TTX_CHECK(false, "unreachable");
}

std::string_view ChangeName(NoticeChange change) {
  switch (change) {
    case NoticeChange::kRecorded:
      return "NOTICE_RECORDED";
    case NoticeChange::kMatched:
      return "NOTICE_MATCHED";
    case NoticeChange::kRefundDue:
      return "NOTICE_REFUND_DUE";
    case NoticeChange::kMatchProposed:
      return "MATCH_PROPOSED";
    case NoticeChange::kMatchRejected:
      return "MATCH_REJECTED";
    case NoticeChange::kRefunded:
      return "NOTICE_REFUNDED";
  }
  TTX_CHECK(false, "unreachable");
}

std::string NameOf(const NoticeId& id) { return "bankNotices/" + id.text; }

Source SourceOf(const Notice& notice) {
  return {notice.receipt.account, NameOf(notice.id), notice.state == NoticeState::kUnmatched};
}

Status CheckReceipt(const Receipt& receipt, Time now) {
  TTX_RETURN_IF_ERROR(CheckText(receipt.bank_reference, 1, kMaxBankIdChars, "bank_reference"));
  TTX_RETURN_IF_ERROR(CheckText(receipt.payer_name, 1, kMaxNameChars, "payer_name"));
  TTX_RETURN_IF_ERROR(CheckText(receipt.payer_account, 1, kMaxAccountChars, "payer_account"));
  TTX_RETURN_IF_ERROR(CheckAmount(receipt.amount, Fen{1}, "amount_fen"));
  TTX_RETURN_IF_ERROR(CheckText(receipt.reference, 0, kMaxReferenceChars, "reference"));
  if (!receipt.arrive_time) return InvalidField("arrive_time", Reason::kREQUIRED);
  if (receipt.arrive_time > now + kMaxNoticeAhead) {
    return InvalidField("arrive_time", Reason::kOUT_OF_RANGE, FormatTime(now + kMaxNoticeAhead));
  }
  return {};
}

NoticeDecision Decide(const RecordUnmatched& command, Time now) {
  NoticeRecorder recorder(NewNotice(command.id, command.receipt, now), now);
  recorder.Record(NoticeChange::kRecorded);
  const Receipt& receipt = command.receipt;
  recorder.Post(NoticeUnmatched({receipt.exchange, NameOf(command.id), now},
                                {receipt.account, NameOf(command.id)}, receipt.amount));
  return recorder.Take();
}

NoticeDecision Decide(const RecordJudged& command, Time now) {
  NoticeRecorder recorder(NewNotice(command.id, command.receipt, now), now);
  SetJudgement(recorder.state(), command.target, command.judgement, command.payout);
  recorder.Record(ChangeTo(recorder.state()));
  const Receipt& receipt = command.receipt;
  const PostingContext context{receipt.exchange, NameOf(command.id), now};
  const Source source{receipt.account, NameOf(command.id)};
  if (command.judgement.accepted == Fen{}) {
    recorder.Post(NoticeToRefund(context, source, command.judgement.refund));
  } else if (receipt.account == Escrow::kDeposit) {
    recorder.Post(NoticeUnmatched(context, source, receipt.amount));
  }
  return recorder.Take();
}

Result<NoticeDecision> Decide(const Notice& state, const ProposeMatch& command, Time now) {
  if (state.state != NoticeState::kUnmatched) return WrongState(state, "match");
  NoticeRecorder recorder(state, now);
  recorder.state().proposed_reference = command.reference;
  recorder.state().proposer = command.person;
  recorder.Record(NoticeChange::kMatchProposed);
  return recorder.Take();
}

Result<NoticeDecision> Decide(const Notice& state, const RejectMatch&, Time now) {
  if (state.state != NoticeState::kUnmatched || state.proposed_reference.empty()) {
    return WrongState(state, "rejectMatch");
  }
  NoticeRecorder recorder(state, now);
  recorder.state().proposed_reference.clear();
  recorder.state().proposer.clear();
  recorder.Record(NoticeChange::kMatchRejected);
  return recorder.Take();
}

Result<NoticeDecision> Decide(const Notice& state, const ApplyMatch& command, Time now) {
  if (state.state != NoticeState::kUnmatched || state.proposed_reference.empty()) {
    return WrongState(state, "approveMatch");
  }
  if (state.proposer == command.person) return Error(Reason::kSAME_PERSON);
  NoticeRecorder recorder(state, now);
  SetJudgement(recorder.state(), command.target, command.judgement, command.payout);
  recorder.state().approver = command.person;
  recorder.Record(ChangeTo(recorder.state()));
  if (command.judgement.accepted == Fen{}) {
    recorder.Post(NoticeToRefund({state.receipt.exchange, NameOf(state.id), now}, SourceOf(state),
                                 command.judgement.refund));
  }
  return recorder.Take();
}

Result<NoticeDecision> Decide(const Notice& state, const RefundUnmatched& command, Time now) {
  if (state.state != NoticeState::kUnmatched) return WrongState(state, "refund");
  NoticeRecorder recorder(state, now);
  SetJudgement(recorder.state(), "", {{}, state.receipt.amount, RefundReason::kByClerk}, command.payout);
  recorder.state().proposer.clear();
  recorder.Record(NoticeChange::kRefundDue);
  recorder.Post(
      NoticeToRefund({state.receipt.exchange, NameOf(state.id), now}, SourceOf(state), state.receipt.amount));
  return recorder.Take();
}

Result<NoticeDecision> Decide(const Notice& state, const FinishNoticeRefund&, Time now) {
  if (state.payout.empty() || state.state == NoticeState::kRefunded)
    return WrongState(state, "finish the refund");
  NoticeRecorder recorder(state, now);
  if (state.state == NoticeState::kToRefund) recorder.state().state = NoticeState::kRefunded;
  recorder.Record(NoticeChange::kRefunded);
  return recorder.Take();
}

std::optional<std::string> Check(const Notice& notice) {
  const bool unmatched = notice.state == NoticeState::kUnmatched;
  if (notice.id.empty() || notice.receipt.exchange.empty()) return "a notice without an id or exchange";
  if (notice.receipt.amount <= Fen{}) return "a notice without money";
  if (notice.accepted < Fen{} || notice.refund < Fen{}) return "a notice with negative parts";
  if (!unmatched && notice.accepted + notice.refund != notice.receipt.amount)
    return "parts of a notice are missing";
  if (unmatched && (notice.accepted > Fen{} || notice.refund > Fen{}))
    return "an unmatched notice with parts";
  if ((notice.refund > Fen{}) == notice.payout.empty())
    return "a refund without payout, or a payout without refund";
  if ((notice.refund > Fen{}) != (notice.refund_reason != RefundReason::kNone))
    return "a refund without reason";
  if ((notice.state == NoticeState::kMatched) != (notice.accepted > Fen{}))
    return "a match that accepts nothing";
  return std::nullopt;
}

}  // namespace ttx::settlement
