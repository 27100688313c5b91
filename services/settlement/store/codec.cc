#include "services/settlement/store/codec.h"

namespace ttx::settlement {
namespace {

store::ReceiptRecord ToRecord(const Receipt& receipt) {
  store::ReceiptRecord record;
  record.set_bank(receipt.bank);
  record.set_bank_reference(receipt.bank_reference);
  record.set_exchange(receipt.exchange);
  record.set_account(static_cast<int32_t>(receipt.account));
  record.set_payer_name(receipt.payer_name);
  record.set_payer_account(receipt.payer_account);
  record.set_amount_fen(receipt.amount.value);
  record.set_arrive_time_ns(receipt.arrive_time.ns);
  record.set_reference(receipt.reference);
  return record;
}

Receipt FromRecord(const store::ReceiptRecord& record) {
  Receipt receipt;
  receipt.bank = record.bank();
  receipt.bank_reference = record.bank_reference();
  receipt.exchange = record.exchange();
  receipt.account = static_cast<Escrow>(record.account());
  receipt.payer_name = record.payer_name();
  receipt.payer_account = record.payer_account();
  receipt.amount = {record.amount_fen()};
  receipt.arrive_time = {record.arrive_time_ns()};
  receipt.reference = record.reference();
  return receipt;
}

Account AccountOf(int32_t code) {
  const AccountInfo* info = FindAccount(code);
  TTX_CHECK(info != nullptr, "a journal with an unknown account");
  return info->account;
}

}  // namespace

store::DealFactsRecord ToRecord(const DealFacts& facts) {
  store::DealFactsRecord record;
  record.set_registered(facts.registered);
  record.set_window_ended(facts.window_ended);
  record.set_certificate(facts.certificate);
  for (const std::string& hold : facts.holds) record.add_holds(hold);
  return record;
}

DealFacts FromRecord(const store::DealFactsRecord& record) {
  return {record.registered(),
          record.window_ended(),
          record.certificate(),
          {record.holds().begin(), record.holds().end()}};
}

store::NoticeRecord ToRecord(const Notice& notice) {
  store::NoticeRecord record;
  record.set_id(notice.id.text);
  *record.mutable_receipt() = ToRecord(notice.receipt);
  record.set_state(static_cast<int32_t>(notice.state));
  record.set_target(notice.target);
  record.set_accepted_fen(notice.accepted.value);
  record.set_refund_fen(notice.refund.value);
  record.set_refund_reason(static_cast<int32_t>(notice.refund_reason));
  record.set_payout(notice.payout);
  record.set_proposed_reference(notice.proposed_reference);
  record.set_proposer(notice.proposer);
  record.set_approver(notice.approver);
  record.set_create_time_ns(notice.create_time.ns);
  record.set_update_time_ns(notice.update_time.ns);
  record.set_version(notice.version);
  return record;
}

Notice FromRecord(const store::NoticeRecord& record) {
  Notice notice;
  notice.id = {record.id()};
  notice.receipt = FromRecord(record.receipt());
  notice.state = static_cast<NoticeState>(record.state());
  notice.target = record.target();
  notice.accepted = {record.accepted_fen()};
  notice.refund = {record.refund_fen()};
  notice.refund_reason = static_cast<RefundReason>(record.refund_reason());
  notice.payout = record.payout();
  notice.proposed_reference = record.proposed_reference();
  notice.proposer = record.proposer();
  notice.approver = record.approver();
  notice.create_time = {record.create_time_ns()};
  notice.update_time = {record.update_time_ns()};
  notice.version = record.version();
  return notice;
}

store::DepositRecord ToRecord(const Deposit& deposit) {
  store::DepositRecord record;
  record.set_id(deposit.id.text);
  record.set_intent(deposit.intent);
  record.set_listing(deposit.listing);
  record.set_exchange(deposit.exchange);
  record.set_organization(deposit.organization);
  record.set_legal_name(deposit.legal_name);
  record.set_required_fen(deposit.required.value);
  record.set_due_time_ns(deposit.due_time.ns);
  record.set_close_time_ns(deposit.close_time.ns);
  record.set_reference(deposit.reference);
  record.set_due_provisional(deposit.due_provisional);
  record.set_due_workdays(deposit.due_workdays);
  record.set_state(static_cast<int32_t>(deposit.state));
  record.set_amount_fen(deposit.amount.value);
  record.set_arrive_time_ns(deposit.arrive_time.ns);
  record.set_notice(deposit.notice);
  record.set_payer_name(deposit.payer_name);
  record.set_payer_account(deposit.payer_account);
  record.set_deal(deposit.deal);
  record.set_converted_fen(deposit.converted.value);
  record.set_refund_reason(deposit.refund_reason);
  record.set_payout(deposit.payout);
  if (deposit.refund_due) record.set_refund_due_days(deposit.refund_due->days);
  record.set_create_time_ns(deposit.create_time.ns);
  record.set_update_time_ns(deposit.update_time.ns);
  record.set_version(deposit.version);
  return record;
}

Deposit FromRecord(const store::DepositRecord& record) {
  Deposit deposit;
  deposit.id = {record.id()};
  deposit.intent = record.intent();
  deposit.listing = record.listing();
  deposit.exchange = record.exchange();
  deposit.organization = record.organization();
  deposit.legal_name = record.legal_name();
  deposit.required = {record.required_fen()};
  deposit.due_time = {record.due_time_ns()};
  deposit.close_time = {record.close_time_ns()};
  deposit.reference = record.reference();
  deposit.due_provisional = record.due_provisional();
  deposit.due_workdays = record.due_workdays();
  deposit.state = static_cast<DepositState>(record.state());
  deposit.amount = {record.amount_fen()};
  deposit.arrive_time = {record.arrive_time_ns()};
  deposit.notice = record.notice();
  deposit.payer_name = record.payer_name();
  deposit.payer_account = record.payer_account();
  deposit.deal = record.deal();
  deposit.converted = {record.converted_fen()};
  deposit.refund_reason = record.refund_reason();
  deposit.payout = record.payout();
  if (record.has_refund_due_days()) deposit.refund_due = Date{record.refund_due_days()};
  deposit.create_time = {record.create_time_ns()};
  deposit.update_time = {record.update_time_ns()};
  deposit.version = record.version();
  return deposit;
}

store::SettlementRecord ToRecord(const Settlement& settlement) {
  store::SettlementRecord record;
  record.set_id(settlement.id.text);
  record.set_contract(settlement.contract);
  record.set_deal(settlement.deal);
  record.set_listing(settlement.listing);
  record.set_exchange(settlement.exchange);
  record.set_seller(settlement.seller);
  record.set_seller_legal_name(settlement.seller_legal_name);
  record.set_buyer(settlement.buyer);
  record.set_buyer_legal_name(settlement.buyer_legal_name);
  record.set_intent(settlement.intent);
  record.set_price_fen(settlement.price.value);
  record.set_converted_fen(settlement.converted.value);
  record.set_buyer_fee_fen(settlement.buyer_fee.value);
  record.set_seller_fee_fen(settlement.seller_fee.value);
  record.set_fee_table(settlement.fee_table);
  record.set_due_time_ns(settlement.due_time.ns);
  record.set_state(static_cast<int32_t>(settlement.state));
  *record.mutable_facts() = ToRecord(settlement.facts);
  record.set_price_paid_fen(settlement.price_paid.value);
  record.set_buyer_fee_paid_fen(settlement.buyer_fee_paid.value);
  record.set_fee_earned(settlement.fee_earned);
  record.set_bank(settlement.bank);
  record.set_grace_end_ns(settlement.grace_end.ns);
  record.set_release_requester(settlement.release_requester);
  record.set_release_request_time_ns(settlement.release_request_time.ns);
  if (settlement.release_due) record.set_release_due_days(settlement.release_due->days);
  record.set_release_approver(settlement.release_approver);
  record.set_rejection(settlement.rejection);
  record.set_payout(settlement.payout);
  record.set_paid_time_ns(settlement.paid_time.ns);
  record.set_settle_time_ns(settlement.settle_time.ns);
  record.set_create_time_ns(settlement.create_time.ns);
  record.set_update_time_ns(settlement.update_time.ns);
  record.set_version(settlement.version);
  return record;
}

Settlement FromRecord(const store::SettlementRecord& record) {
  Settlement settlement;
  settlement.id = {record.id()};
  settlement.contract = record.contract();
  settlement.deal = record.deal();
  settlement.listing = record.listing();
  settlement.exchange = record.exchange();
  settlement.seller = record.seller();
  settlement.seller_legal_name = record.seller_legal_name();
  settlement.buyer = record.buyer();
  settlement.buyer_legal_name = record.buyer_legal_name();
  settlement.intent = record.intent();
  settlement.price = {record.price_fen()};
  settlement.converted = {record.converted_fen()};
  settlement.buyer_fee = {record.buyer_fee_fen()};
  settlement.seller_fee = {record.seller_fee_fen()};
  settlement.fee_table = record.fee_table();
  settlement.due_time = {record.due_time_ns()};
  settlement.state = static_cast<SettlementState>(record.state());
  settlement.facts = FromRecord(record.facts());
  settlement.price_paid = {record.price_paid_fen()};
  settlement.buyer_fee_paid = {record.buyer_fee_paid_fen()};
  settlement.fee_earned = record.fee_earned();
  settlement.bank = record.bank();
  settlement.grace_end = {record.grace_end_ns()};
  settlement.release_requester = record.release_requester();
  settlement.release_request_time = {record.release_request_time_ns()};
  if (record.has_release_due_days()) settlement.release_due = Date{record.release_due_days()};
  settlement.release_approver = record.release_approver();
  settlement.rejection = record.rejection();
  settlement.payout = record.payout();
  settlement.paid_time = {record.paid_time_ns()};
  settlement.settle_time = {record.settle_time_ns()};
  settlement.create_time = {record.create_time_ns()};
  settlement.update_time = {record.update_time_ns()};
  settlement.version = record.version();
  return settlement;
}

store::PayoutRecord ToRecord(const Payout& payout) {
  store::PayoutRecord record;
  record.set_id(payout.id.text);
  record.set_kind(static_cast<int32_t>(payout.kind));
  record.set_exchange(payout.exchange);
  record.set_account(static_cast<int32_t>(payout.account));
  record.set_subject(payout.subject);
  record.set_owed_to(payout.owed_to);
  record.set_amount_fen(payout.amount.value);
  record.set_payee_name(payout.payee_name);
  record.set_payee_account(payout.payee_account);
  record.set_due_days(payout.due.days);
  record.set_bank(payout.bank);
  record.set_maker(payout.maker);
  record.set_state(static_cast<int32_t>(payout.state));
  record.set_approver(payout.approver);
  record.set_attempt(payout.attempt);
  record.set_bank_transaction(payout.bank_transaction);
  record.set_detail(payout.detail);
  record.set_create_time_ns(payout.create_time.ns);
  record.set_update_time_ns(payout.update_time.ns);
  record.set_version(payout.version);
  return record;
}

Payout FromRecord(const store::PayoutRecord& record) {
  Payout payout;
  payout.id = {record.id()};
  payout.kind = static_cast<PayoutKind>(record.kind());
  payout.exchange = record.exchange();
  payout.account = static_cast<Escrow>(record.account());
  payout.subject = record.subject();
  payout.owed_to = record.owed_to();
  payout.amount = {record.amount_fen()};
  payout.payee_name = record.payee_name();
  payout.payee_account = record.payee_account();
  payout.due = {record.due_days()};
  payout.bank = record.bank();
  payout.maker = record.maker();
  payout.state = static_cast<PayoutState>(record.state());
  payout.approver = record.approver();
  payout.attempt = record.attempt();
  payout.bank_transaction = record.bank_transaction();
  payout.detail = record.detail();
  payout.create_time = {record.create_time_ns()};
  payout.update_time = {record.update_time_ns()};
  payout.version = record.version();
  return payout;
}

store::JournalRecord ToRecord(const Journal& journal) {
  store::JournalRecord record;
  record.set_id(journal.id);
  record.set_exchange(journal.exchange);
  record.set_template_(std::string(TemplateName(journal.name)));
  record.set_subject(journal.subject);
  for (const Line& line : journal.lines) {
    store::LineRecord& to = *record.add_lines();
    to.set_account(static_cast<int32_t>(line.account));
    to.set_dimension(line.dimension);
    if (line.side == Side::kDebit) {
      to.set_debit_fen(line.amount.value);
    } else {
      to.set_credit_fen(line.amount.value);
    }
  }
  record.set_reverses(journal.reverses);
  record.set_time_ns(journal.time.ns);
  record.set_number(journal.number);
  return record;
}

Journal FromRecord(const store::JournalRecord& record) {
  const std::optional<Template> name = FindTemplate(record.template_());
  TTX_CHECK(name.has_value(), "a journal with an unknown template");
  Journal journal{.id = record.id(),
                  .exchange = record.exchange(),
                  .name = *name,
                  .subject = record.subject(),
                  .lines = {},
                  .reverses = record.reverses(),
                  .time = {record.time_ns()},
                  .number = record.number()};
  for (const store::LineRecord& line : record.lines()) {
    const bool debit = line.debit_fen() != 0;
    journal.lines.push_back({AccountOf(line.account()),
                             line.dimension(),
                             debit ? Side::kDebit : Side::kCredit,
                             {debit ? line.debit_fen() : line.credit_fen()}});
  }
  return journal;
}

}  // namespace ttx::settlement
