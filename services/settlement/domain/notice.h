#pragma once

#include <optional>
#include <string>

#include "libs/core/id.h"
#include "libs/core/money.h"
#include "libs/core/result.h"
#include "services/settlement/domain/decision.h"
#include "services/settlement/domain/postings.h"

namespace ttx::settlement {

using NoticeId = Id<struct NoticeTag>;

enum class NoticeState { kUnmatched, kMatched, kToRefund, kRefunded };
std::string_view StateName(NoticeState state);

/// Why received money goes back.
enum class RefundReason {
  kNone,
  kWrongAccount,
  kWrongPayer,
  kAlreadyPaid,
  kClosed,
  kLate,
  kShort,
  kByClerk,
  kExcess,
};

/// What the bank says about one receipt.
struct Receipt {
  std::string bank;            // "organizations/{id}"
  std::string bank_reference;  // unique per bank (E6)
  std::string exchange;        // may be empty when the reference is waited for
  Escrow account = Escrow::kDeposit;
  std::string payer_name;
  std::string payer_account;
  Fen amount;
  Time arrive_time;
  std::string reference;
  bool operator==(const Receipt&) const = default;
};

/// Money that arrived (来款): domain.md 4.5, state RECEIVED of a deposit.
struct Notice {
  NoticeId id;
  Receipt receipt;
  NoticeState state = NoticeState::kUnmatched;
  std::string target;  // "deposits/{id}" or "settlements/{id}"
  Fen accepted;
  Fen refund;
  RefundReason refund_reason = RefundReason::kNone;
  std::string payout;  // "payouts/{id}"
  std::string proposed_reference;
  std::string proposer;  // "people/{id}"
  std::string approver;  // of the match
  Time create_time;
  Time update_time;
  int64_t version = 0;
  bool operator==(const Notice&) const = default;
};

enum class NoticeChange { kRecorded, kMatched, kRefundDue, kMatchProposed, kMatchRejected, kRefunded };
std::string_view ChangeName(NoticeChange change);
using NoticeDecision = Decision<Notice, NoticeChange>;

/// How a receipt was judged: either all of `accepted` + `refund` goes somewhere, or nothing waits for it.
struct Judgement {
  Fen accepted;
  Fen refund;
  RefundReason reason = RefundReason::kNone;  // of the refund
  bool operator==(const Judgement&) const = default;
};

/// Records a receipt for which nobody waits: UNMATCHED.
struct RecordUnmatched {
  NoticeId id;
  Receipt receipt;
};
/// Records a receipt that was judged: MATCHED when something was accepted, TO_REFUND otherwise. `payout` is
/// the one that takes the refund, if there is one. Deposits pass through the unmatched account (domain.md 7.3
/// steps 1 and 2); what is accepted is posted by what it is for.
struct RecordJudged {
  NoticeId id;
  Receipt receipt;
  std::string target;
  Judgement judgement;
  std::string payout;
};
struct ProposeMatch {
  std::string reference;
  std::string person;
};
struct RejectMatch {};
/// The proposed match is approved by `person` and judged.
struct ApplyMatch {
  std::string person;
  std::string target;
  Judgement judgement;
  std::string payout;
};
/// A clerk sends unmatched money back.
struct RefundUnmatched {
  std::string payout;
};
/// The payout of the refund succeeded.
struct FinishNoticeRefund {};

/// INVALID_FIELD for the first field of a receipt that cannot be.
Status CheckReceipt(const Receipt& receipt, Time now);

NoticeDecision Decide(const RecordUnmatched& command, Time now);
NoticeDecision Decide(const RecordJudged& command, Time now);
/// WRONG_STATE unless UNMATCHED; ApplyMatch and RejectMatch need a proposal; then SAME_PERSON.
Result<NoticeDecision> Decide(const Notice& state, const ProposeMatch& command, Time now);
Result<NoticeDecision> Decide(const Notice& state, const RejectMatch& command, Time now);
Result<NoticeDecision> Decide(const Notice& state, const ApplyMatch& command, Time now);
Result<NoticeDecision> Decide(const Notice& state, const RefundUnmatched& command, Time now);
/// WRONG_STATE unless a refund is under way.
Result<NoticeDecision> Decide(const Notice& state, const FinishNoticeRefund& command, Time now);

/// What must hold of every notice; names the first violation.
std::optional<std::string> Check(const Notice& notice);

std::string NameOf(const NoticeId& id);
/// Where the money of a notice stands now.
Source SourceOf(const Notice& notice);

}  // namespace ttx::settlement
