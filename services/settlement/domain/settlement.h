#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/core/id.h"
#include "libs/core/money.h"
#include "libs/core/result.h"
#include "services/settlement/domain/decision.h"
#include "services/settlement/domain/notice.h"

namespace ttx::settlement {

using SettlementId = Id<struct SettlementTag>;

/// domain.md 7.5. FROZEN is never stored: it is what a settlement with holds shows.
enum class SettlementState {
  kAwaiting,
  kPartial,
  kOverdue,
  kDefault,
  kFullyPaid,
  kReleasable,
  kReleasing,
  kSettled,
  kFrozen,
};
std::string_view StateName(SettlementState state);

/// What other services say about a deal. It may be said before the settlement exists.
struct DealFacts {
  bool registered = false;
  bool window_ended = false;       // of notice N8
  std::string certificate;         // "certificates/{id}"
  std::vector<std::string> holds;  // "objections/{id}", or a revoked "certificates/{id}"; sorted
  bool operator==(const DealFacts&) const = default;
};

enum class Fact { kRegistered, kWindowEnded, kCertified, kHoldPlaced, kHoldLifted };
/// Whether the fact was news. `name` is the certificate or the hold. At most kMaxHolds holds are kept; one
/// that would be too many freezes the deal for good.
bool Learn(DealFacts& facts, Fact fact, const std::string& name);

struct Settlement {
  SettlementId id;
  std::string contract;
  std::string deal;
  std::string listing;
  std::string exchange;
  std::string seller;
  std::string seller_legal_name;
  std::string buyer;
  std::string buyer_legal_name;
  std::string intent;
  Fen price;
  Fen converted;  // of the price, covered by the deposit
  Fen buyer_fee;
  Fen seller_fee;  // deducted from the price
  std::string fee_table;
  Time due_time;

  SettlementState state = SettlementState::kAwaiting;
  DealFacts facts;
  Fen price_paid;  // with the deposit
  Fen buyer_fee_paid;
  bool fee_earned = false;
  std::string bank;               // "organizations/{id}" that received the price; it pays the proceeds
  Time grace_end;                 // of OVERDUE
  std::string release_requester;  // "people/{id}"
  Time release_request_time;
  std::optional<Date> release_due;
  std::string release_approver;
  std::string rejection;
  std::string payout;  // "payouts/{id}"
  Time paid_time;
  Time settle_time;
  Time create_time;
  Time update_time;
  int64_t version = 0;
  bool operator==(const Settlement&) const = default;
};

enum class SettlementChange {
  kOpened,
  kPaymentReceived,
  kPaid,
  kOverdue,
  kDefaulted,
  kDueMoved,
  kFactLearned,
  kFeeEarned,
  kReleasable,
  kReleaseRequested,
  kReleaseRejected,
  kReleaseApproved,
  kSettled,
};
std::string_view ChangeName(SettlementChange change);
using SettlementDecision = Decision<Settlement, SettlementChange>;

/// What a payment is for.
enum class Item { kPrice, kBuyerFee };

struct OpenSettlement {
  SettlementId id;
  std::string contract;
  std::string deal;
  std::string listing;
  std::string exchange;
  std::string seller;
  std::string seller_legal_name;
  std::string buyer;
  std::string buyer_legal_name;
  std::string intent;
  Fen price;
  Fen converted;
  Fen buyer_fee;
  Fen seller_fee;  // at most the price is deducted
  std::string fee_table;
  Time due_time;
  DealFacts facts;
  std::string bank;  // of the deposit that was converted; empty when there was none
};
/// A receipt that was judged to be for `item`.
struct TakePayment {
  Item item;
  Judgement judgement;
  Source source;
  std::string bank;  // that received it
};
/// The due time has passed: OVERDUE until `grace_end`.
struct PassDue {
  Time grace_end;
};
/// The period of grace has passed.
struct PassGrace {};
struct LearnFact {
  Fact fact;
  std::string name;
  Time new_due;  // for the last hold that is lifted: the due time, if the old one passed meanwhile
};
struct RequestRelease {
  std::string person;
  Date due;
};
struct ApproveRelease {
  std::string person;
  std::string payout;
};
struct RejectRelease {
  std::string person;
  std::string reason;
};
/// The payout of the proceeds succeeded.
struct FinishSettlement {};

/// In this order: WRONG_ACCOUNT, WRONG_PAYER, CLOSED, ALREADY_PAID; what exceeds the rest goes back (EXCESS).
Judgement Judge(const Settlement& settlement, Item item, const Receipt& receipt);

SettlementDecision Decide(const OpenSettlement& command, Time now);
/// WRONG_STATE unless price or fee is still waited for.
Result<SettlementDecision> Decide(const Settlement& state, const TakePayment& command, Time now);
/// AWAITING and PARTIAL; nothing in other states, before the due time or while held.
SettlementDecision Decide(const Settlement& state, const PassDue& command, Time now);
/// OVERDUE; nothing in other states, before the end of grace or while held.
SettlementDecision Decide(const Settlement& state, const PassGrace& command, Time now);
/// Any state; nothing when it is no news.
SettlementDecision Decide(const Settlement& state, const LearnFact& command, Time now);
/// SETTLEMENT_FROZEN, then WRONG_STATE unless RELEASABLE without a request.
Result<SettlementDecision> Decide(const Settlement& state, const RequestRelease& command, Time now);
/// SETTLEMENT_FROZEN, then WRONG_STATE unless RELEASABLE with a request, then SAME_PERSON.
Result<SettlementDecision> Decide(const Settlement& state, const ApproveRelease& command, Time now);
/// WRONG_STATE unless RELEASABLE with a request, then SAME_PERSON.
Result<SettlementDecision> Decide(const Settlement& state, const RejectRelease& command, Time now);
/// WRONG_STATE unless RELEASING.
Result<SettlementDecision> Decide(const Settlement& state, const FinishSettlement& command, Time now);

/// What must hold of every settlement; names the first violation.
std::optional<std::string> Check(const Settlement& settlement);

std::string NameOf(const SettlementId& id);
/// What others are shown: FROZEN while there are holds and the money has not left.
SettlementState ShownState(const Settlement& settlement);
/// Whether an objection or a revoked certificate holds it.
bool IsFrozen(const Settlement& settlement);
/// What the seller gets: price less the seller's fee.
Fen ProceedsOf(const Settlement& settlement);
/// The text the buyer gives with a payment.
std::string ReferenceOf(const SettlementId& id, Item item);
/// When it next changes by itself.
std::optional<Time> NextChange(const Settlement& settlement);

}  // namespace ttx::settlement
