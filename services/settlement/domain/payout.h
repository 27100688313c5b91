#pragma once

#include <optional>
#include <string>

#include "libs/core/id.h"
#include "libs/core/money.h"
#include "libs/core/result.h"
#include "services/settlement/domain/decision.h"
#include "services/settlement/domain/postings.h"

namespace ttx::settlement {

using PayoutId = Id<struct PayoutTag>;

/// domain.md 7.7. PREPARED waits for approval; UNKNOWN is resolved only by a later report of the bank.
enum class PayoutState { kPrepared, kPending, kSent, kSucceeded, kFailed, kUnknown };
std::string_view StateName(PayoutState state);

enum class PayoutKind { kDepositRefund, kNoticeRefund, kProceeds };

struct Payout {
  PayoutId id;
  PayoutKind kind = PayoutKind::kDepositRefund;
  std::string exchange;
  Escrow account = Escrow::kDeposit;
  std::string subject;  // "deposits/{id}", "bankNotices/{id}" or "settlements/{id}"
  std::string owed_to;  // the ledger dimension it is owed to: an intent, a notice or a deal
  Fen amount;
  std::string payee_name;
  std::string payee_account;
  Date due;
  std::string bank;   // "organizations/{id}": it received the money, so it pays it out
  std::string maker;  // "people/{id}", empty for the system

  PayoutState state = PayoutState::kPrepared;
  std::string approver;
  int32_t attempt = 0;
  std::string bank_transaction;
  std::string detail;
  Time create_time;
  Time update_time;
  int64_t version = 0;
  bool operator==(const Payout&) const = default;
};

enum class PayoutChange { kPrepared, kApproved, kSent, kSucceeded, kFailed, kUnknown };
std::string_view ChangeName(PayoutChange change);
using PayoutDecision = Decision<Payout, PayoutChange>;

struct PreparePayout {
  PayoutId id;
  PayoutKind kind;
  std::string exchange;
  Escrow account;
  std::string subject;
  std::string owed_to;
  Fen amount;
  std::string payee_name;
  std::string payee_account;
  Date due;
  std::string bank;
  std::string maker;
};
struct ApprovePayout {
  std::string person;
};
struct SendPayout {};
struct ReportPayout {
  PayoutState result;  // kSucceeded, kFailed or kUnknown
  std::string end_to_end_id;
  std::string bank_transaction;
  std::string detail;
};

PayoutDecision Decide(const PreparePayout& command, Time now);
/// PREPARED or FAILED -> PENDING with the next attempt. WRONG_STATE, then SAME_PERSON.
Result<PayoutDecision> Decide(const Payout& state, const ApprovePayout& command, Time now);
/// PENDING -> SENT; nothing when SENT. WRONG_STATE.
Result<PayoutDecision> Decide(const Payout& state, const SendPayout& command, Time now);
/// SENT or UNKNOWN -> the result; nothing when the same was reported before. END_TO_END_ID_MISMATCH, then
/// REPORT_DIFFERS when it was reported with another transaction, then WRONG_STATE. Success posts once (E7).
Result<PayoutDecision> Decide(const Payout& state, const ReportPayout& command, Time now);

/// What must hold of every payout; names the first violation.
std::optional<std::string> Check(const Payout& payout);

std::string NameOf(const PayoutId& id);
/// What the bank executes at most once: unique to the attempt. Empty before the first approval.
std::string EndToEndId(const Payout& payout);

}  // namespace ttx::settlement
