#include "services/settlement/domain/settlement.h"

#include <algorithm>
#include <utility>

#include "libs/core/text.h"
#include "services/settlement/domain/limits.h"

namespace ttx::settlement {
namespace {

using SettlementRecorder = Recorder<Settlement, SettlementChange>;

// Takes the last place among the holds: nothing lifts it, so that a hold that could not be kept still
// freezes. Sorts after every resource name.
constexpr const char* kTooManyHolds = "~too-many-holds";

Error WrongState(const Settlement& settlement, std::string command) {
  return Error(Reason::kWRONG_STATE, {{"resource", NameOf(settlement.id)},
                                      {"state", std::string(StateName(ShownState(settlement)))},
                                      {"command", std::move(command)}});
}

Error Frozen(const Settlement& settlement) {
  return Error(Reason::kSETTLEMENT_FROZEN,
               {{"settlement", NameOf(settlement.id)}, {"hold", settlement.facts.holds.front()}});
}

PostingContext ContextOf(const Settlement& settlement, Time now) {
  return {settlement.exchange, NameOf(settlement.id), now};
}

bool AwaitsMoney(SettlementState state) {
  return state == SettlementState::kAwaiting || state == SettlementState::kPartial ||
         state == SettlementState::kOverdue;
}

bool IsPaid(const Settlement& s) { return s.price_paid == s.price && s.buyer_fee_paid == s.buyer_fee; }

Fen RestOf(const Settlement& s, Item item) {
  return item == Item::kPrice ? s.price - s.price_paid : s.buyer_fee - s.buyer_fee_paid;
}

bool IsReleasable(const Settlement& s) {
  return s.state == SettlementState::kFullyPaid && s.fee_earned && s.facts.registered &&
         s.facts.window_ended && !s.facts.certificate.empty() && s.facts.holds.empty();
}

// Takes every step that has become possible (domain.md 7.3 steps 6, 9 with 10, 7).
void Progress(SettlementRecorder& recorder) {
  Settlement& s = recorder.state();
  const PostingContext context = ContextOf(s, recorder.now());
  if (AwaitsMoney(s.state) && IsPaid(s)) {
    s.state = SettlementState::kFullyPaid;
    s.paid_time = recorder.now();
    recorder.Record(SettlementChange::kPaid);
    recorder.Post(SellerFeeDeducted(context, s.deal, s.seller_fee));
  }
  if (s.state == SettlementState::kFullyPaid && !s.facts.certificate.empty() && !s.fee_earned) {
    s.fee_earned = true;
    recorder.Record(SettlementChange::kFeeEarned);
    recorder.Post(FeeEarned(context, s.deal, s.buyer_fee, s.seller_fee));
    recorder.Post(FeeSwept(context, s.buyer_fee + s.seller_fee));
  }
  if (IsReleasable(s)) {
    s.state = SettlementState::kReleasable;
    recorder.Record(SettlementChange::kReleasable);
    recorder.Post(ReleaseMet(context, s.deal, ProceedsOf(s)));
  }
}

}  // namespace

std::string_view StateName(SettlementState state) {
  switch (state) {
    case SettlementState::kAwaiting:
      return "AWAITING";
    case SettlementState::kPartial:
      return "PARTIAL";
    case SettlementState::kOverdue:
      return "OVERDUE";
    case SettlementState::kDefault:
      return "DEFAULT";
    case SettlementState::kFullyPaid:
      return "FULLY_PAID";
    case SettlementState::kReleasable:
      return "RELEASABLE";
    case SettlementState::kReleasing:
      return "RELEASING";
    case SettlementState::kSettled:
      return "SETTLED";
    case SettlementState::kFrozen:
      return "FROZEN";
  }
  TTX_CHECK(false, "unreachable");
}

std::string_view ChangeName(SettlementChange change) {
  switch (change) {
    case SettlementChange::kOpened:
      return "SETTLEMENT_OPENED";
    case SettlementChange::kPaymentReceived:
      return "PAYMENT_RECEIVED";
    case SettlementChange::kPaid:
      return "SETTLEMENT_PAID";
    case SettlementChange::kOverdue:
      return "SETTLEMENT_OVERDUE";
    case SettlementChange::kDefaulted:
      return "SETTLEMENT_DEFAULTED";
    case SettlementChange::kDueMoved:
      return "DUE_TIME_MOVED";
    case SettlementChange::kFactLearned:
      return "FACT_LEARNED";
    case SettlementChange::kFeeEarned:
      return "FEE_EARNED";
    case SettlementChange::kReleasable:
      return "SETTLEMENT_RELEASABLE";
    case SettlementChange::kReleaseRequested:
      return "RELEASE_REQUESTED";
    case SettlementChange::kReleaseRejected:
      return "RELEASE_REJECTED";
    case SettlementChange::kReleaseApproved:
      return "RELEASE_APPROVED";
    case SettlementChange::kSettled:
      return "SETTLEMENT_SETTLED";
  }
  TTX_CHECK(false, "unreachable");
}

bool Learn(DealFacts& facts, Fact fact, const std::string& name) {
  auto& holds = facts.holds;
  const auto at = std::lower_bound(holds.begin(), holds.end(), name);
  const bool held = at != holds.end() && *at == name;
  switch (fact) {
    case Fact::kRegistered:
      return !std::exchange(facts.registered, true);
    case Fact::kWindowEnded:
      return !std::exchange(facts.window_ended, true);
    case Fact::kCertified:
      if (facts.certificate == name) return false;
      facts.certificate = name;
      return true;
    case Fact::kHoldPlaced:
      if (held || holds.size() >= kMaxHolds) return false;
      if (holds.size() + 1 == kMaxHolds) {
        holds.push_back(kTooManyHolds);
      } else {
        holds.insert(at, name);
      }
      return true;
    case Fact::kHoldLifted:
      if (held) holds.erase(at);
      return held;
  }
  TTX_CHECK(false, "unreachable");
}

std::string NameOf(const SettlementId& id) { return "settlements/" + id.text; }

bool IsFrozen(const Settlement& settlement) {
  return !settlement.facts.holds.empty() && settlement.state != SettlementState::kSettled &&
         settlement.state != SettlementState::kDefault;
}

SettlementState ShownState(const Settlement& settlement) {
  return IsFrozen(settlement) ? SettlementState::kFrozen : settlement.state;
}

Fen ProceedsOf(const Settlement& settlement) { return settlement.price - settlement.seller_fee; }

std::string ReferenceOf(const SettlementId& id, Item item) {
  return (item == Item::kPrice ? "PRICE-" : "FEE-") + id.text;
}

std::optional<Time> NextChange(const Settlement& settlement) {
  if (IsFrozen(settlement)) return std::nullopt;
  if (settlement.state == SettlementState::kOverdue) return settlement.grace_end;
  if (AwaitsMoney(settlement.state)) return settlement.due_time;
  return std::nullopt;
}

Judgement Judge(const Settlement& settlement, Item item, const Receipt& receipt) {
  const auto refuse = [&](RefundReason reason) { return Judgement{{}, receipt.amount, reason}; };
  if (receipt.account != Escrow::kPrice || receipt.exchange != settlement.exchange) {
    return refuse(RefundReason::kWrongAccount);
  }
  if (FoldName(receipt.payer_name) != FoldName(settlement.buyer_legal_name))
    return refuse(RefundReason::kWrongPayer);
  if (settlement.state == SettlementState::kDefault) return refuse(RefundReason::kClosed);
  const Fen rest = AwaitsMoney(settlement.state) ? RestOf(settlement, item) : Fen{};
  if (rest == Fen{}) return refuse(RefundReason::kAlreadyPaid);
  const Fen accepted = std::min(rest, receipt.amount);
  const Fen excess = receipt.amount - accepted;
  return {accepted, excess, excess > Fen{} ? RefundReason::kExcess : RefundReason::kNone};
}

SettlementDecision Decide(const OpenSettlement& command, Time now) {
  Settlement s;
  s.id = command.id;
  s.contract = command.contract;
  s.deal = command.deal;
  s.listing = command.listing;
  s.exchange = command.exchange;
  s.seller = command.seller;
  s.seller_legal_name = command.seller_legal_name;
  s.buyer = command.buyer;
  s.buyer_legal_name = command.buyer_legal_name;
  s.intent = command.intent;
  s.price = command.price;
  s.converted = command.converted;
  s.price_paid = command.converted;
  s.buyer_fee = command.buyer_fee;
  s.seller_fee = std::min(command.seller_fee, command.price);
  s.fee_table = command.fee_table;
  s.due_time = command.due_time;
  s.facts = command.facts;
  s.bank = command.bank;
  s.create_time = now;
  SettlementRecorder recorder(std::move(s), now);
  recorder.Record(SettlementChange::kOpened);
  Progress(recorder);
  return recorder.Take();
}

Result<SettlementDecision> Decide(const Settlement& state, const TakePayment& command, Time now) {
  const Fen rest = AwaitsMoney(state.state) ? RestOf(state, command.item) : Fen{};
  const Fen accepted = command.judgement.accepted;
  if (accepted == Fen{} || accepted > rest) return WrongState(state, "pay");
  SettlementRecorder recorder(state, now);
  Settlement& s = recorder.state();
  const PostingContext context{s.exchange, command.source.notice, now};
  const Fen excess = command.judgement.refund;
  if (command.item == Item::kPrice) {
    s.price_paid += accepted;
    s.bank = command.bank;
    recorder.Post(PricePaid(context, command.source, s.deal, accepted, excess));
  } else {
    s.buyer_fee_paid += accepted;
    recorder.Post(BuyerFeePaid(context, command.source, s.deal, accepted, excess));
  }
  if (s.state == SettlementState::kAwaiting) s.state = SettlementState::kPartial;
  recorder.Record(SettlementChange::kPaymentReceived);
  Progress(recorder);
  return recorder.Take();
}

SettlementDecision Decide(const Settlement& state, const PassDue& command, Time now) {
  SettlementRecorder recorder(state, now);
  const bool waiting = state.state == SettlementState::kAwaiting || state.state == SettlementState::kPartial;
  if (waiting && !IsFrozen(state) && now >= state.due_time) {
    recorder.state().state = SettlementState::kOverdue;
    recorder.state().grace_end = command.grace_end;
    recorder.Record(SettlementChange::kOverdue);
  }
  return recorder.Take();
}

SettlementDecision Decide(const Settlement& state, const PassGrace&, Time now) {
  SettlementRecorder recorder(state, now);
  if (state.state == SettlementState::kOverdue && !IsFrozen(state) && now >= state.grace_end) {
    recorder.state().state = SettlementState::kDefault;
    recorder.Record(SettlementChange::kDefaulted);
  }
  return recorder.Take();
}

SettlementDecision Decide(const Settlement& state, const LearnFact& command, Time now) {
  SettlementRecorder recorder(state, now);
  Settlement& s = recorder.state();
  if (!Learn(s.facts, command.fact, command.name)) return recorder.Take();
  recorder.Record(SettlementChange::kFactLearned);
  if (command.fact == Fact::kHoldLifted && s.facts.holds.empty() && AwaitsMoney(s.state)) {
    Time& due = s.state == SettlementState::kOverdue ? s.grace_end : s.due_time;
    if (due < command.new_due && due <= now) {
      due = command.new_due;
      recorder.Record(SettlementChange::kDueMoved);
    }
  }
  Progress(recorder);
  return recorder.Take();
}

Result<SettlementDecision> Decide(const Settlement& state, const RequestRelease& command, Time now) {
  if (IsFrozen(state)) return Frozen(state);
  if (state.state != SettlementState::kReleasable || !state.release_requester.empty()) {
    return WrongState(state, "requestRelease");
  }
  SettlementRecorder recorder(state, now);
  recorder.state().release_requester = command.person;
  recorder.state().release_request_time = now;
  recorder.state().release_due = command.due;
  recorder.state().rejection.clear();
  recorder.Record(SettlementChange::kReleaseRequested);
  return recorder.Take();
}

Result<SettlementDecision> Decide(const Settlement& state, const ApproveRelease& command, Time now) {
  if (IsFrozen(state)) return Frozen(state);
  if (state.state != SettlementState::kReleasable || state.release_requester.empty()) {
    return WrongState(state, "approveRelease");
  }
  if (command.person.empty() || command.person == state.release_requester) return Error(Reason::kSAME_PERSON);
  SettlementRecorder recorder(state, now);
  recorder.state().state = SettlementState::kReleasing;
  recorder.state().release_approver = command.person;
  recorder.state().payout = ProceedsOf(state) > Fen{} ? command.payout : "";
  recorder.Record(SettlementChange::kReleaseApproved);
  if (ProceedsOf(state) == Fen{}) {
    recorder.state().state = SettlementState::kSettled;
    recorder.state().settle_time = now;
    recorder.Record(SettlementChange::kSettled);
  }
  return recorder.Take();
}

Result<SettlementDecision> Decide(const Settlement& state, const RejectRelease& command, Time now) {
  if (state.state != SettlementState::kReleasable || state.release_requester.empty()) {
    return WrongState(state, "rejectRelease");
  }
  if (command.person.empty() || command.person == state.release_requester) return Error(Reason::kSAME_PERSON);
  SettlementRecorder recorder(state, now);
  recorder.state().release_requester.clear();
  recorder.state().release_request_time = {};
  recorder.state().release_due.reset();
  recorder.state().rejection = command.reason;
  recorder.Record(SettlementChange::kReleaseRejected);
  return recorder.Take();
}

Result<SettlementDecision> Decide(const Settlement& state, const FinishSettlement&, Time now) {
  if (state.state != SettlementState::kReleasing) return WrongState(state, "settle");
  SettlementRecorder recorder(state, now);
  recorder.state().state = SettlementState::kSettled;
  recorder.state().settle_time = now;
  recorder.Record(SettlementChange::kSettled);
  return recorder.Take();
}

std::optional<std::string> Check(const Settlement& s) {
  if (s.id.empty() || s.deal.empty() || s.exchange.empty()) return "a settlement without its names";
  if (s.price <= Fen{} || s.buyer_fee < Fen{} || s.seller_fee < Fen{} || s.seller_fee > s.price) {
    return "a settlement with impossible amounts";
  }
  if (s.converted < Fen{} || s.converted > s.price_paid || s.price_paid > s.price)
    return "more paid than the price";
  if (s.buyer_fee_paid < Fen{} || s.buyer_fee_paid > s.buyer_fee) return "more paid than the fee";
  if (s.state == SettlementState::kFrozen) return "FROZEN is not stored";
  const bool past_payment = s.state == SettlementState::kFullyPaid ||
                            s.state == SettlementState::kReleasable ||
                            s.state == SettlementState::kReleasing || s.state == SettlementState::kSettled;
  if (past_payment != IsPaid(s)) return "the state and the money disagree";
  if (past_payment == !s.paid_time) return "the time of payment is missing";
  const bool past_release = past_payment && s.state != SettlementState::kFullyPaid;
  if (past_release &&
      (!s.facts.registered || !s.facts.window_ended || s.facts.certificate.empty() || !s.fee_earned)) {
    return "released before its conditions were met (E9)";
  }
  const bool approved = s.state == SettlementState::kReleasing || s.state == SettlementState::kSettled;
  if (approved == s.release_approver.empty()) return "released without approval";
  if (approved && s.release_approver == s.release_requester) return "released by one person";
  if (!s.payout.empty() && !approved) return "a payout before the release (E7)";
  if ((s.state == SettlementState::kSettled) == !s.settle_time) return "the time of settlement is missing";
  if (!std::is_sorted(s.facts.holds.begin(), s.facts.holds.end())) return "holds out of order";
  return std::nullopt;
}

}  // namespace ttx::settlement
