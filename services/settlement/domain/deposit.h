#pragma once

#include <optional>
#include <string>

#include "libs/core/id.h"
#include "libs/core/money.h"
#include "libs/core/result.h"
#include "services/settlement/domain/decision.h"
#include "services/settlement/domain/notice.h"

namespace ttx::settlement {

using DepositId = Id<struct DepositTag>;

/// domain.md 4.5. RECEIVED is the state of the bank notice; CONVERTIBLE lasts no longer than the conversion,
/// because a contract that takes effect is the first that settlement hears of the winner.
enum class DepositState { kExpected, kEffective, kToRefund, kRefunded, kConverted, kMissed, kReleased };
std::string_view StateName(DepositState state);

struct Deposit {
  DepositId id;
  std::string intent;
  std::string listing;
  std::string exchange;
  std::string organization;
  std::string legal_name;
  Fen required;
  Time due_time;
  Time close_time;  // due_time plus the grace for late notices
  // The due time lies past the holiday tables: nobody is late until the table is there. Then the deadline is
  // `due_workdays` working days after the day of creation.
  bool due_provisional = false;
  int32_t due_workdays = 0;
  std::string reference;

  DepositState state = DepositState::kExpected;
  Fen amount;
  Time arrive_time;
  std::string notice;      // "bankNotices/{id}"
  std::string payer_name;  // refunds go to this account and no other
  std::string payer_account;
  std::string deal;
  Fen converted;
  std::string refund_reason;  // INTENT_LOST, ...
  std::string payout;         // "payouts/{id}"
  std::optional<Date> refund_due;
  Time create_time;
  Time update_time;
  int64_t version = 0;
  bool operator==(const Deposit&) const = default;
};

enum class DepositChange { kExpected, kEffective, kMissed, kReleased, kRefundDue, kRefunded, kConverted, kDueFirm };
std::string_view ChangeName(DepositChange change);
using DepositDecision = Decision<Deposit, DepositChange>;

/// An intent was confirmed. A deposit of 0 is effective at once.
struct ExpectDeposit {
  DepositId id;
  std::string intent;
  std::string listing;
  std::string exchange;
  std::string organization;
  std::string legal_name;
  Fen required;
  Time due_time;
  Duration grace;
  std::string reference;
  bool due_provisional = false;
  int32_t due_workdays = 0;  // of a provisional due time
};
/// Money arrived that Judge accepted.
struct TakeDeposit {
  NoticeId notice;
  Receipt receipt;
  Source source;
};
/// The holiday table of a provisional due time is there.
struct FirmDue {
  Time due_time;
  Duration grace;
};
/// The time for notices has passed.
struct CloseDeposit {};
/// The intent is over: what was paid goes back.
struct ReturnDeposit {
  std::string reason;
  std::string payout;  // used when there is something to refund
  Date due;
};
/// The contract took effect: up to `most` becomes price, the rest goes back.
struct ConvertDeposit {
  std::string deal;
  Fen most;
  std::string payout;  // used when there is a rest
  Date due;
};
/// The payout of the refund succeeded.
struct FinishDepositRefund {};

/// In this order: WRONG_ACCOUNT, WRONG_PAYER, ALREADY_PAID, CLOSED, LATE, SHORT; otherwise all of it is
/// accepted. Nothing is LATE while the due time is provisional.
Judgement Judge(const Deposit& deposit, const Receipt& receipt);

DepositDecision Decide(const ExpectDeposit& command, Time now);
/// WRONG_STATE unless EXPECTED; the receipt must have been judged.
Result<DepositDecision> Decide(const Deposit& state, const TakeDeposit& command, Time now);
/// Nothing unless EXPECTED with a provisional due time.
DepositDecision Decide(const Deposit& state, const FirmDue& command, Time now);
/// Nothing unless EXPECTED and the time has come for certain.
DepositDecision Decide(const Deposit& state, const CloseDeposit& command, Time now);
/// EXPECTED -> RELEASED, EFFECTIVE -> TO_REFUND; nothing in other states.
DepositDecision Decide(const Deposit& state, const ReturnDeposit& command, Time now);
/// WRONG_STATE unless EFFECTIVE.
Result<DepositDecision> Decide(const Deposit& state, const ConvertDeposit& command, Time now);
/// WRONG_STATE unless a refund is under way.
Result<DepositDecision> Decide(const Deposit& state, const FinishDepositRefund& command, Time now);

/// What must hold of every deposit; names the first violation.
std::optional<std::string> Check(const Deposit& deposit);

std::string NameOf(const DepositId& id);
/// What goes, or went, back.
Fen RefundOf(const Deposit& deposit);

}  // namespace ttx::settlement
