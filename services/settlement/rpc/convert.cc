#include "services/settlement/rpc/convert.h"

#include "libs/core/text.h"
#include "libs/rpc/proto_time.h"

namespace ttx::settlement {
namespace {

constexpr const char* kCurrency = "CNY";

// The enumerations of the API stand in the order of the domain's, behind the value that is never used.
template <class Proto, class Domain>
Proto After(Domain value) {
  return static_cast<Proto>(static_cast<int>(value) + 1);
}
template <class Domain, class Proto>
std::optional<Domain> Before(Proto value) {
  if (static_cast<int>(value) == 0) return std::nullopt;
  return static_cast<Domain>(static_cast<int>(value) - 1);
}

template <class Proto>
void SetTime(Time time, Proto& proto, google::protobuf::Timestamp* (Proto::*field)()) {
  if (time) *(proto.*field)() = rpc::ToProtoTime(time);
}

template <class Proto, class State>
void SetCommon(const State& state, Proto& proto) {
  proto.set_name(NameOf(state.id));
  proto.set_uid(state.id.text);
  proto.set_currency_code(kCurrency);
  *proto.mutable_create_time() = rpc::ToProtoTime(state.create_time);
  *proto.mutable_update_time() = rpc::ToProtoTime(state.update_time);
  proto.set_etag(std::to_string(state.version));
}

template <class Id>
Result<Id> ParseId(std::string_view name, std::string_view collection) {
  TTX_TRY(std::string id, ParseName(name, collection, "name"));
  return Id{std::move(id)};
}

v1::EscrowAccount ToProto(Escrow escrow) { return escrow == Escrow::kDeposit ? v1::DEPOSIT : v1::PRICE; }

template <class Change>
void SetChanged(v1::Event& proto, std::string resource, Change change, std::string_view state) {
  v1::ResourceChanged& to = *proto.mutable_resource_changed();
  to.set_resource(std::move(resource));
  to.set_change(std::string(ChangeName(change)));
  to.set_state(std::string(state));
}

template <class To>
void SetDealNames(const Settlement& s, To& to) {
  to.set_settlement(NameOf(s.id));
  to.set_deal(s.deal);
  to.set_contract(s.contract);
  to.set_listing(s.listing);
  to.set_exchange(s.exchange);
}

struct EventToProto {
  v1::Event& proto;

  void operator()(const NoticeEvent& e) const {
    SetChanged(proto, NameOf(e.after.id), e.change, StateName(e.after.state));
  }
  void operator()(const PayoutEvent& e) const {
    SetChanged(proto, NameOf(e.after.id), e.change, StateName(e.after.state));
  }
  void operator()(const DepositEvent& e) const {
    const Deposit& d = e.after;
    switch (e.change) {
      case DepositChange::kEffective:
        SetEffective(d, *proto.mutable_deposit_effective());
        return;
      case DepositChange::kMissed:
        proto.mutable_deposit_missed()->set_intent(d.intent);
        proto.mutable_deposit_missed()->set_listing(d.listing);
        proto.mutable_deposit_missed()->set_deposit(NameOf(d.id));
        return;
      case DepositChange::kRefunded:
        proto.mutable_deposit_refunded()->set_intent(d.intent);
        proto.mutable_deposit_refunded()->set_listing(d.listing);
        proto.mutable_deposit_refunded()->set_amount_fen(RefundOf(d).value);
        proto.mutable_deposit_refunded()->set_deposit(NameOf(d.id));
        return;
      case DepositChange::kConverted:
        proto.mutable_deposit_converted()->set_intent(d.intent);
        proto.mutable_deposit_converted()->set_deal(d.deal);
        proto.mutable_deposit_converted()->set_amount_fen(d.converted.value);
        proto.mutable_deposit_converted()->set_deposit(NameOf(d.id));
        return;
      case DepositChange::kExpected:
      case DepositChange::kReleased:
      case DepositChange::kRefundDue:
      case DepositChange::kDueFirm:
        SetChanged(proto, NameOf(d.id), e.change, StateName(d.state));
        return;
    }
  }
  void operator()(const SettlementEvent& e) const {
    const Settlement& s = e.after;
    if (e.change == SettlementChange::kPaid) {
      v1::SettlementPaid& to = *proto.mutable_settlement_paid();
      SetDealNames(s, to);
      to.set_price_fen(s.price.value);
      to.set_buyer_fee_fen(s.buyer_fee.value);
      to.set_seller_fee_fen(s.seller_fee.value);
      SetTime(s.paid_time, to, &v1::SettlementPaid::mutable_paid_time);
    } else if (e.change == SettlementChange::kSettled) {
      v1::SettlementSettled& to = *proto.mutable_settlement_settled();
      SetDealNames(s, to);
      to.set_payout_fen(ProceedsOf(s).value);
      SetTime(s.settle_time, to, &v1::SettlementSettled::mutable_settle_time);
    } else if (e.change == SettlementChange::kDefaulted) {
      SetDealNames(s, *proto.mutable_settlement_defaulted());
    } else {
      SetChanged(proto, NameOf(s.id), e.change, StateName(ShownState(s)));
    }
  }

 private:
  static void SetEffective(const Deposit& d, v1::DepositEffective& to) {
    to.set_intent(d.intent);
    to.set_listing(d.listing);
    to.set_amount_fen(d.amount.value);
    SetTime(d.arrive_time, to, &v1::DepositEffective::mutable_arrive_time);
    to.set_deposit(NameOf(d.id));
  }
};

}  // namespace

Result<Receipt> FromProto(const v1::CreateBankNoticeRequest& request) {
  if (request.account() == v1::ESCROW_ACCOUNT_UNSPECIFIED) return InvalidField("account", Reason::kREQUIRED);
  if (!request.currency_code().empty() && request.currency_code() != kCurrency) {
    return InvalidField("currency_code", Reason::kUNSUPPORTED_CURRENCY, kCurrency);
  }
  if (!request.has_arrive_time()) return InvalidField("arrive_time", Reason::kREQUIRED);
  TTX_TRY(const Time arrive_time, rpc::FromProtoTime(request.arrive_time(), "arrive_time"));
  return Receipt{.bank = {},
                 .bank_reference = request.bank_reference(),
                 .exchange = request.exchange(),
                 .account = request.account() == v1::DEPOSIT ? Escrow::kDeposit : Escrow::kPrice,
                 .payer_name = request.payer_name(),
                 .payer_account = request.payer_account(),
                 .amount = {request.amount_fen()},
                 .arrive_time = arrive_time,
                 .reference = request.reference()};
}

Result<ReportPayout> FromProto(const v1::ReportResultRequest& request) {
  const std::optional<PayoutState> result = FromProto(request.result());
  const bool is_result =
      result == PayoutState::kSucceeded || result == PayoutState::kFailed || result == PayoutState::kUnknown;
  if (!is_result) return InvalidField("result", Reason::kUNKNOWN_VALUE, "SUCCEEDED, FAILED, UNKNOWN");
  TTX_RETURN_IF_ERROR(CheckText(request.end_to_end_id(), 1, kMaxBankIdChars, "end_to_end_id"));
  const size_t least = result == PayoutState::kSucceeded ? 1 : 0;
  TTX_RETURN_IF_ERROR(CheckText(request.bank_transaction(), least, kMaxBankIdChars, "bank_transaction"));
  TTX_RETURN_IF_ERROR(CheckText(request.detail(), 0, kMaxDetailChars, "detail"));
  return ReportPayout{*result, request.end_to_end_id(), request.bank_transaction(), request.detail()};
}

Result<NoticeId> ParseNoticeName(std::string_view name) { return ParseId<NoticeId>(name, "bankNotices"); }
Result<DepositId> ParseDepositName(std::string_view name) { return ParseId<DepositId>(name, "deposits"); }
Result<SettlementId> ParseSettlementName(std::string_view name) {
  return ParseId<SettlementId>(name, "settlements");
}
Result<PayoutId> ParsePayoutName(std::string_view name) { return ParseId<PayoutId>(name, "payouts"); }

std::optional<NoticeState> FromProto(v1::BankNotice::State state) { return Before<NoticeState>(state); }
std::optional<PayoutState> FromProto(v1::Payout::State state) { return Before<PayoutState>(state); }
std::optional<DepositState> FromProto(v1::Deposit::State state) { return Before<DepositState>(state); }
std::optional<SettlementState> FromProto(v1::Settlement::State state) {
  return Before<SettlementState>(state);
}

v1::BankNotice ToProto(const Notice& notice) {
  v1::BankNotice proto;
  SetCommon(notice, proto);
  const Receipt& receipt = notice.receipt;
  proto.set_state(After<v1::BankNotice::State>(notice.state));
  proto.set_exchange(receipt.exchange);
  proto.set_bank_reference(receipt.bank_reference);
  proto.set_account(ToProto(receipt.account));
  proto.set_payer_name(receipt.payer_name);
  proto.set_payer_account(receipt.payer_account);
  proto.set_amount_fen(receipt.amount.value);
  SetTime(receipt.arrive_time, proto, &v1::BankNotice::mutable_arrive_time);
  proto.set_reference(receipt.reference);
  proto.set_target(notice.target);
  proto.set_accepted_fen(notice.accepted.value);
  proto.set_refund_fen(notice.refund.value);
  proto.set_refund_reason(static_cast<v1::BankNotice::RefundReason>(notice.refund_reason));
  proto.set_payout(notice.payout);
  proto.set_proposed_reference(notice.proposed_reference);
  proto.set_proposer(notice.proposer);
  proto.set_approver(notice.approver);
  return proto;
}

v1::Deposit ToProto(const Deposit& deposit) {
  v1::Deposit proto;
  SetCommon(deposit, proto);
  proto.set_state(After<v1::Deposit::State>(deposit.state));
  proto.set_intent(deposit.intent);
  proto.set_listing(deposit.listing);
  proto.set_exchange(deposit.exchange);
  proto.set_organization(deposit.organization);
  proto.set_legal_name(deposit.legal_name);
  proto.set_required_fen(deposit.required.value);
  SetTime(deposit.due_time, proto, &v1::Deposit::mutable_due_time);
  proto.set_reference(deposit.reference);
  proto.set_amount_fen(deposit.amount.value);
  SetTime(deposit.arrive_time, proto, &v1::Deposit::mutable_arrive_time);
  proto.set_bank_notice(deposit.notice);
  proto.set_due_provisional(deposit.due_provisional);
  proto.set_deal(deposit.deal);
  proto.set_converted_fen(deposit.converted.value);
  proto.set_refund_reason(deposit.refund_reason);
  proto.set_payout(deposit.payout);
  if (deposit.refund_due) proto.set_refund_due_date(FormatDate(*deposit.refund_due));
  return proto;
}

v1::Settlement ToProto(const Settlement& s) {
  v1::Settlement proto;
  SetCommon(s, proto);
  proto.set_state(After<v1::Settlement::State>(ShownState(s)));
  proto.set_underlying_state(After<v1::Settlement::State>(s.state));
  for (const std::string& hold : s.facts.holds) proto.add_holds(hold);
  proto.set_contract(s.contract);
  proto.set_deal(s.deal);
  proto.set_listing(s.listing);
  proto.set_exchange(s.exchange);
  proto.set_seller(s.seller);
  proto.set_buyer(s.buyer);
  proto.set_buyer_legal_name(s.buyer_legal_name);
  proto.set_price_fen(s.price.value);
  proto.set_deposit_converted_fen(s.converted.value);
  proto.set_price_paid_fen(s.price_paid.value);
  proto.set_fee_table(s.fee_table);
  proto.set_buyer_fee_fen(s.buyer_fee.value);
  proto.set_buyer_fee_paid_fen(s.buyer_fee_paid.value);
  proto.set_seller_fee_fen(s.seller_fee.value);
  proto.set_payout_fen(ProceedsOf(s).value);
  proto.set_price_reference(ReferenceOf(s.id, Item::kPrice));
  proto.set_fee_reference(ReferenceOf(s.id, Item::kBuyerFee));
  SetTime(s.due_time, proto, &v1::Settlement::mutable_due_time);
  proto.set_contract_registered(s.facts.registered);
  proto.set_notice_window_ended(s.facts.window_ended);
  proto.set_certificate(s.facts.certificate);
  proto.set_release_requester(s.release_requester);
  SetTime(s.release_request_time, proto, &v1::Settlement::mutable_release_request_time);
  if (s.release_due) proto.set_release_due_date(FormatDate(*s.release_due));
  proto.set_release_approver(s.release_approver);
  proto.set_rejection(s.rejection);
  proto.set_payout(s.payout);
  SetTime(s.paid_time, proto, &v1::Settlement::mutable_paid_time);
  SetTime(s.settle_time, proto, &v1::Settlement::mutable_settle_time);
  return proto;
}

v1::Payout ToProto(const Payout& payout) {
  v1::Payout proto;
  SetCommon(payout, proto);
  proto.set_state(After<v1::Payout::State>(payout.state));
  proto.set_kind(After<v1::Payout::Kind>(payout.kind));
  proto.set_exchange(payout.exchange);
  proto.set_account(ToProto(payout.account));
  proto.set_subject(payout.subject);
  proto.set_amount_fen(payout.amount.value);
  proto.set_payee_name(payout.payee_name);
  proto.set_payee_account(payout.payee_account);
  proto.set_end_to_end_id(EndToEndId(payout));
  proto.set_attempt(payout.attempt);
  proto.set_due_date(FormatDate(payout.due));
  proto.set_maker(payout.maker);
  proto.set_approver(payout.approver);
  proto.set_bank_transaction(payout.bank_transaction);
  proto.set_detail(payout.detail);
  proto.set_bank(payout.bank);
  return proto;
}

v1::Journal ToProto(const Journal& journal) {
  v1::Journal proto;
  proto.set_number(journal.number);
  proto.set_journal_id(journal.id);
  proto.set_template_(std::string(TemplateName(journal.name)));
  proto.set_subject(journal.subject);
  for (const Line& line : journal.lines) {
    v1::Journal::Line& to = *proto.add_lines();
    to.set_account_code(static_cast<int32_t>(line.account));
    to.set_dimension(line.dimension);
    if (line.side == Side::kDebit) {
      to.set_debit_fen(line.amount.value);
    } else {
      to.set_credit_fen(line.amount.value);
    }
  }
  proto.set_reverses(journal.reverses);
  *proto.mutable_post_time() = rpc::ToProtoTime(journal.time);
  return proto;
}

v1::TrialBalance ToProto(const std::string& exchange, const TrialBalance& trial) {
  v1::TrialBalance proto;
  proto.set_exchange(exchange);
  Fen debits;
  Fen credits;
  for (const auto& [account, balance] : trial.accounts) {
    v1::TrialBalance::Row& row = *proto.add_rows();
    row.set_account_code(static_cast<int32_t>(account));
    row.set_title(std::string(FindAccount(static_cast<int32_t>(account))->title));
    row.set_debit_fen(balance.debits.value);
    row.set_credit_fen(balance.credits.value);
    row.set_balance_fen(NetOf(account, balance).value);
    debits += balance.debits;
    credits += balance.credits;
  }
  proto.set_debit_fen(debits.value);
  proto.set_credit_fen(credits.value);
  proto.set_journal_count(trial.journal_count);
  return proto;
}

v1::Event ToProto(const StoredEvent& stored) {
  v1::Event proto;
  proto.set_sequence(static_cast<int64_t>(stored.sequence));
  *proto.mutable_event_time() = rpc::ToProtoTime(stored.time);
  proto.set_exchange(ExchangeOf(stored));
  std::visit(EventToProto{proto}, stored.event);
  return proto;
}

}  // namespace ttx::settlement
