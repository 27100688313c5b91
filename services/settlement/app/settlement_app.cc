#include "services/settlement/app/settlement_app.h"

#include <variant>

#include "libs/core/etag.h"
#include "libs/core/text.h"

namespace ttx::settlement {
namespace {

bool IsBank(const Principal& caller) { return caller.HasRole("SETTLEMENT_BANK"); }
bool IsAuthority(const Principal& caller) { return caller.HasRole("AUTHORITY"); }

bool MaySee(const Principal& caller, const Notice& notice) {
  if (caller.organization.empty()) return false;
  return caller.organization == (IsBank(caller) ? notice.receipt.bank : notice.receipt.exchange);
}

bool MaySee(const Principal& caller, const Deposit& deposit) {
  return !caller.organization.empty() &&
         (caller.organization == deposit.exchange || caller.organization == deposit.organization);
}

bool MaySee(const Principal& caller, const Settlement& settlement) {
  if (IsAuthority(caller)) return true;
  return !caller.organization.empty() &&
         (caller.organization == settlement.exchange || caller.organization == settlement.seller ||
          caller.organization == settlement.buyer);
}

// The bank executes payouts of the escrow it serves, and only approved ones.
bool MaySee(const Principal& caller, const Payout& payout) {
  if (caller.organization.empty()) return false;
  if (IsBank(caller)) return caller.organization == payout.bank && payout.state != PayoutState::kPrepared;
  return caller.organization == payout.exchange;
}

// The resource if the caller may see it and saw its newest version.
template <class State, class Id>
Result<State> Find(std::optional<State> state, const Principal& caller, const Id& id, std::string_view etag) {
  if (!state || !MaySee(caller, *state)) return NotFound(NameOf(id));
  TTX_RETURN_IF_ERROR(CheckEtag(state->version, etag));
  return *std::move(state);
}

bool SameContent(const Receipt& a, const Receipt& b) {
  Receipt left = a;
  if (b.exchange.empty()) left.exchange.clear();
  return left == b;
}

std::string IdIn(const std::string& name) { return name.substr(name.find('/') + 1); }

// The bank that received a deposit.
std::string BankOf(const storage::Reader& reader, const Deposit& deposit) {
  const std::optional<Notice> notice = LoadNotice(reader, {IdIn(deposit.notice)});
  TTX_CHECK(notice.has_value(), "a deposit without the notice of its money");
  return notice->receipt.bank;
}

}  // namespace

// Who waits for a receipt, and how it was judged.
struct SettlementApp::Judged {
  std::variant<Deposit, Settlement> waiting;
  Item item;
  Judgement judgement;

  const std::string& exchange() const {
    return std::visit([](const auto& state) -> const std::string& { return state.exchange; }, waiting);
  }
  std::string name() const {
    return std::visit([](const auto& state) { return NameOf(state.id); }, waiting);
  }
};

std::optional<SettlementApp::Judged> SettlementApp::JudgeFor(const storage::Reader& reader,
                                                             std::string_view reference,
                                                             const Receipt& receipt) const {
  const std::optional<ReferenceTarget> target = FindReference(reader, reference);
  if (!target) return std::nullopt;
  if (target->resource.starts_with("deposits/")) {
    const std::optional<Deposit> deposit = LoadDeposit(reader, {IdIn(target->resource)});
    TTX_CHECK(deposit.has_value(), "a reference to a deposit that does not exist");
    return Judged{*deposit, Item::kPrice, Judge(*deposit, receipt)};
  }
  const std::optional<Settlement> settlement = LoadSettlement(reader, {IdIn(target->resource)});
  TTX_CHECK(settlement.has_value(), "a reference to a settlement that does not exist");
  return Judged{*settlement, target->item, Judge(*settlement, target->item, receipt)};
}

Status SettlementApp::Take(storage::Txn& txn, const Judged& judged, const NoticeId& notice,
                           const Receipt& receipt, const Source& source) const {
  if (judged.judgement.accepted == Fen{}) return {};
  if (const auto* deposit = std::get_if<Deposit>(&judged.waiting)) {
    TTX_TRY(const DepositDecision taken, Decide(*deposit, TakeDeposit{notice, receipt, source}, txn.now()));
    return Save(txn, taken);
  }
  TTX_TRY(const SettlementDecision taken,
          Decide(std::get<Settlement>(judged.waiting),
                 TakePayment{judged.item, judged.judgement, source, receipt.bank}, txn.now()));
  return Save(txn, taken);
}

// --- Bank notices

Status SettlementApp::CheckEscrowBank(const Principal& caller, const std::string& exchange) const {
  const auto it = options_.escrow_banks.find(exchange);
  if (it == options_.escrow_banks.end() || it->second == caller.organization) return {};
  Error error(Reason::kPERMISSION_DENIED, {{"exchange", exchange}, {"escrow_bank", it->second}});
  error.violations = {{"exchange", Reason::kPERMISSION_DENIED,
                       "the escrow bank of " + exchange + " is " + it->second}};
  return error;
}

const std::string& SettlementApp::PayingBank(const std::string& exchange, const std::string& received_by) const {
  const auto it = options_.escrow_banks.find(exchange);
  return it == options_.escrow_banks.end() ? received_by : it->second;
}

Result<Notice> SettlementApp::CreateBankNotice(storage::Txn& txn, const Principal& caller,
                                               Receipt receipt) const {
  receipt.bank = caller.organization;
  TTX_RETURN_IF_ERROR(CheckReceipt(receipt, txn.now()));
  if (!receipt.exchange.empty()) {
    TTX_TRY(const std::string exchange_id, ParseName(receipt.exchange, "organizations", "exchange"));
  }
  if (const auto known = FindNotice(txn, receipt.bank, receipt.bank_reference)) {
    if (SameContent(known->receipt, receipt)) return *known;
    return Error(Reason::kBANK_REFERENCE_REUSED,
                 {{"bank_reference", receipt.bank_reference}, {"resource", NameOf(known->id)}});
  }
  if (receipt.exchange.empty()) {
    const std::optional<Judged> waiting = JudgeFor(txn, receipt.reference, receipt);
    if (!waiting) return InvalidField("exchange", Reason::kREQUIRED);
    receipt.exchange = waiting->exchange();
  }
  TTX_RETURN_IF_ERROR(CheckEscrowBank(caller, receipt.exchange));
  const NoticeId id{ids_.Next(txn.now())};
  const std::optional<Judged> judged = JudgeFor(txn, receipt.reference, receipt);
  if (!judged) {
    const NoticeDecision unmatched = Decide(RecordUnmatched{id, receipt}, txn.now());
    TTX_RETURN_IF_ERROR(Save(txn, unmatched));
    return unmatched.next;
  }
  const bool returns = judged->judgement.refund > Fen{};
  const std::string payout = returns ? NameOf(PayoutId{ids_.Next(txn.now())}) : "";
  const NoticeDecision decision =
      Decide(RecordJudged{id, receipt, judged->name(), judged->judgement, payout}, txn.now());
  TTX_RETURN_IF_ERROR(Save(txn, decision));
  TTX_RETURN_IF_ERROR(
      Take(txn, *judged, id, receipt, {receipt.account, NameOf(id), receipt.account == Escrow::kDeposit}));
  TTX_RETURN_IF_ERROR(PrepareNoticeRefund(txn, decision.next, ""));
  return decision.next;
}

Result<Notice> SettlementApp::MatchNotice(storage::Txn& txn, const Principal& caller, const NoticeId& id,
                                          std::string_view etag, const std::string& reference) const {
  TTX_TRY(const Notice notice, Find(LoadNotice(txn, id), caller, id, etag));
  TTX_TRY(const NoticeDecision decision, Decide(notice, ProposeMatch{reference, caller.person}, txn.now()));
  const std::optional<Judged> judged = JudgeFor(txn, reference, notice.receipt);
  if (!judged || judged->exchange() != notice.receipt.exchange) {
    return Error(Reason::kREFERENCE_UNKNOWN, {{"reference", reference}});
  }
  TTX_RETURN_IF_ERROR(Save(txn, decision));
  return decision.next;
}

Result<Notice> SettlementApp::ApproveMatch(storage::Txn& txn, const Principal& caller, const NoticeId& id,
                                           std::string_view etag) const {
  TTX_TRY(const Notice notice, Find(LoadNotice(txn, id), caller, id, etag));
  const std::optional<Judged> judged = JudgeFor(txn, notice.proposed_reference, notice.receipt);
  const Judgement judgement = judged ? judged->judgement : Judgement{};
  const std::string payout = judgement.refund > Fen{} ? NameOf(PayoutId{ids_.Next(txn.now())}) : "";
  const std::string target = judged ? judged->name() : "";
  TTX_TRY(const NoticeDecision decision,
          Decide(notice, ApplyMatch{caller.person, target, judgement, payout}, txn.now()));
  TTX_CHECK(judged.has_value(), "a proposed reference that nobody waits for");
  TTX_RETURN_IF_ERROR(Save(txn, decision));
  TTX_RETURN_IF_ERROR(Take(txn, *judged, id, notice.receipt, SourceOf(notice)));
  TTX_RETURN_IF_ERROR(PrepareNoticeRefund(txn, decision.next, ""));
  return decision.next;
}

Result<Notice> SettlementApp::RejectMatch(storage::Txn& txn, const Principal& caller, const NoticeId& id,
                                          std::string_view etag) const {
  TTX_TRY(const Notice notice, Find(LoadNotice(txn, id), caller, id, etag));
  TTX_TRY(const NoticeDecision decision, Decide(notice, settlement::RejectMatch{}, txn.now()));
  TTX_RETURN_IF_ERROR(Save(txn, decision));
  return decision.next;
}

Result<Notice> SettlementApp::RefundNotice(storage::Txn& txn, const Principal& caller, const NoticeId& id,
                                           std::string_view etag) const {
  TTX_TRY(const Notice notice, Find(LoadNotice(txn, id), caller, id, etag));
  const std::string payout = NameOf(PayoutId{ids_.Next(txn.now())});
  TTX_TRY(const NoticeDecision decision, Decide(notice, RefundUnmatched{payout}, txn.now()));
  TTX_RETURN_IF_ERROR(Save(txn, decision));
  TTX_RETURN_IF_ERROR(PrepareNoticeRefund(txn, decision.next, caller.person));
  return decision.next;
}

// --- Release

Result<Settlement> SettlementApp::RequestRelease(storage::Txn& txn, const Principal& caller,
                                                 const SettlementId& id, std::string_view etag) const {
  TTX_TRY(const Settlement settlement, Find(LoadSettlement(txn, id), caller, id, etag));
  if (caller.organization != settlement.seller) return NotFound(NameOf(id));
  const Date due = calendar_.DeadlineWorkdays(DateInShanghai(txn.now()), options_.release_workdays).date;
  TTX_TRY(const SettlementDecision decision,
          Decide(settlement, settlement::RequestRelease{caller.person, due}, txn.now()));
  TTX_RETURN_IF_ERROR(Save(txn, decision));
  return decision.next;
}

Result<Settlement> SettlementApp::ApproveRelease(storage::Txn& txn, const Principal& caller,
                                                 const SettlementId& id, std::string_view etag) const {
  TTX_TRY(const Settlement settlement, Find(LoadSettlement(txn, id), caller, id, etag));
  if (caller.organization != settlement.exchange) return NotFound(NameOf(id));
  const PayoutId payout{ids_.Next(txn.now())};
  TTX_TRY(const SettlementDecision decision,
          Decide(settlement, settlement::ApproveRelease{caller.person, NameOf(payout)}, txn.now()));
  if (!decision.next.payout.empty()) {
    const std::optional<Organization> seller = LoadOrganization(txn, settlement.seller);
    if (!seller || seller->account_number.empty()) {
      return Error(Reason::kPAYEE_ACCOUNT_UNKNOWN, {{"organization", settlement.seller}});
    }
    TTX_RETURN_IF_ERROR(Save(txn, Decide(PreparePayout{.id = payout,
                                                       .kind = PayoutKind::kProceeds,
                                                       .exchange = settlement.exchange,
                                                       .account = Escrow::kPrice,
                                                       .subject = NameOf(id),
                                                       .owed_to = settlement.deal,
                                                       .amount = ProceedsOf(settlement),
                                                       .payee_name = seller->account_name,
                                                       .payee_account = seller->account_number,
                                                       .due = *settlement.release_due,
                                                       .bank = PayingBank(settlement.exchange, settlement.bank),
                                                       .maker = caller.person},
                                         txn.now())));
  }
  TTX_RETURN_IF_ERROR(Save(txn, decision));
  return decision.next;
}

Result<Settlement> SettlementApp::RejectRelease(storage::Txn& txn, const Principal& caller,
                                                const SettlementId& id, std::string_view etag,
                                                const std::string& reason) const {
  TTX_TRY(const Settlement settlement, Find(LoadSettlement(txn, id), caller, id, etag));
  if (caller.organization != settlement.exchange) return NotFound(NameOf(id));
  TTX_TRY(const SettlementDecision decision,
          Decide(settlement, settlement::RejectRelease{caller.person, reason}, txn.now()));
  TTX_RETURN_IF_ERROR(Save(txn, decision));
  return decision.next;
}

// --- Payouts

Status SettlementApp::PrepareNoticeRefund(storage::Txn& txn, const Notice& notice,
                                          const std::string& maker) const {
  if (notice.payout.empty()) return {};
  return Save(txn, Decide(PreparePayout{.id = {IdIn(notice.payout)},
                                        .kind = PayoutKind::kNoticeRefund,
                                        .exchange = notice.receipt.exchange,
                                        .account = notice.receipt.account,
                                        .subject = NameOf(notice.id),
                                        .owed_to = NameOf(notice.id),
                                        .amount = notice.refund,
                                        .payee_name = notice.receipt.payer_name,
                                        .payee_account = notice.receipt.payer_account,
                                        .due = RefundDue(txn.now()),
                                        .bank = PayingBank(notice.receipt.exchange, notice.receipt.bank),
                                        .maker = maker},
                          txn.now()));
}

Status SettlementApp::PrepareDepositRefund(storage::Txn& txn, const Deposit& deposit) const {
  if (deposit.payout.empty()) return {};
  return Save(txn, Decide(PreparePayout{.id = {IdIn(deposit.payout)},
                                        .kind = PayoutKind::kDepositRefund,
                                        .exchange = deposit.exchange,
                                        .account = Escrow::kDeposit,
                                        .subject = NameOf(deposit.id),
                                        .owed_to = deposit.intent,
                                        .amount = RefundOf(deposit),
                                        .payee_name = deposit.payer_name,
                                        .payee_account = deposit.payer_account,
                                        .due = *deposit.refund_due,
                                        .bank = PayingBank(deposit.exchange, BankOf(txn, deposit)),
                                        .maker = ""},
                          txn.now()));
}

Result<Payout> SettlementApp::ApprovePayout(storage::Txn& txn, const Principal& caller, const PayoutId& id,
                                            std::string_view etag) const {
  TTX_TRY(const Payout payout, Find(LoadPayout(txn, id), caller, id, etag));
  TTX_TRY(const PayoutDecision decision, Decide(payout, settlement::ApprovePayout{caller.person}, txn.now()));
  TTX_RETURN_IF_ERROR(Save(txn, decision));
  return decision.next;
}

Result<Payout> SettlementApp::MarkSent(storage::Txn& txn, const Principal& caller, const PayoutId& id,
                                       std::string_view etag) const {
  TTX_TRY(const Payout payout, Find(LoadPayout(txn, id), caller, id, etag));
  TTX_RETURN_IF_ERROR(CheckEscrowBank(caller, payout.exchange));
  TTX_TRY(const PayoutDecision decision, Decide(payout, SendPayout{}, txn.now()));
  if (payout.kind == PayoutKind::kProceeds && !decision.events.empty()) {
    const std::optional<Settlement> settlement = LoadSettlement(txn, {IdIn(payout.subject)});
    TTX_CHECK(settlement.has_value(), "a payout of a settlement that does not exist");
    if (IsFrozen(*settlement)) {
      return Error(Reason::kSETTLEMENT_FROZEN,
                   {{"settlement", NameOf(settlement->id)}, {"hold", settlement->facts.holds.front()}});
    }
  }
  TTX_RETURN_IF_ERROR(Save(txn, decision));
  return decision.next;
}

Result<Payout> SettlementApp::ReportResult(storage::Txn& txn, const Principal& caller, const PayoutId& id,
                                           std::string_view etag, const ReportPayout& report) const {
  TTX_TRY(const Payout payout, Find(LoadPayout(txn, id), caller, id, etag));
  TTX_RETURN_IF_ERROR(CheckEscrowBank(caller, payout.exchange));
  TTX_TRY(const PayoutDecision decision, Decide(payout, report, txn.now()));
  const bool succeeds = !decision.events.empty() && decision.next.state == PayoutState::kSucceeded;
  if (succeeds) {
    if (const auto settled = FindPayout(txn, payout.bank, report.bank_transaction)) {
      return Error(Reason::kBANK_TRANSACTION_REUSED,
                   {{"bank_transaction", report.bank_transaction}, {"resource", NameOf(*settled)}});
    }
  }
  TTX_RETURN_IF_ERROR(Save(txn, decision));
  if (succeeds) TTX_RETURN_IF_ERROR(FinishPayout(txn, decision.next));
  return decision.next;
}

Status SettlementApp::FinishPayout(storage::Txn& txn, const Payout& payout) const {
  const std::string id = IdIn(payout.subject);
  switch (payout.kind) {
    case PayoutKind::kDepositRefund: {
      TTX_TRY(const DepositDecision done, Decide(*LoadDeposit(txn, {id}), FinishDepositRefund{}, txn.now()));
      return Save(txn, done);
    }
    case PayoutKind::kNoticeRefund: {
      TTX_TRY(const NoticeDecision done, Decide(*LoadNotice(txn, {id}), FinishNoticeRefund{}, txn.now()));
      return Save(txn, done);
    }
    case PayoutKind::kProceeds: {
      TTX_TRY(const SettlementDecision done,
              Decide(*LoadSettlement(txn, {id}), FinishSettlement{}, txn.now()));
      return Save(txn, done);
    }
  }
  return Error(Reason::kINTERNAL);
}

// --- Timers

void SettlementApp::OnDepositDue(storage::Txn& txn, Deposit deposit) const {
  if (deposit.state == DepositState::kExpected && deposit.due_provisional) {
    const LegalDate due =
        calendar_.DeadlineWorkdays(DateInShanghai(deposit.create_time), deposit.due_workdays);
    if (due.provisional) {
      txn.SetDue(txn.now() + Hours(24), NameOf(deposit.id));
      return;
    }
    const DepositDecision firm = Decide(deposit, FirmDue{due.end(), options_.deposit_grace}, txn.now());
    const Status moved = Save(txn, firm);
    TTX_CHECK(moved.ok(), "moving a deadline posts nothing that could be refused");
    deposit = firm.next;
    if (deposit.close_time > txn.now()) {
      txn.SetDue(deposit.close_time, NameOf(deposit.id));
      return;
    }
  }
  const Status closed = Save(txn, Decide(deposit, CloseDeposit{}, txn.now()));
  TTX_CHECK(closed.ok(), "closing a deposit posts nothing that could be refused");
}

int32_t SettlementApp::WorkdaysUntil(Date day, Time end) const {
  const Date last = DateInShanghai(end - Nanoseconds(1));
  int32_t workdays = 1;
  while (workdays < kMaxDueWorkdays && calendar_.DeadlineWorkdays(day, workdays).date < last) ++workdays;
  return workdays;
}

void SettlementApp::OnDue(storage::Txn& txn, const std::string& subject) const {
  if (subject.starts_with("deposits/")) {
    const std::optional<Deposit> deposit = LoadDeposit(txn, {IdIn(subject)});
    TTX_CHECK(deposit.has_value(), "a timer of a deposit that does not exist");
    OnDepositDue(txn, *deposit);
    return;
  }
  const std::optional<Settlement> settlement = LoadSettlement(txn, {IdIn(subject)});
  TTX_CHECK(settlement.has_value(), "a timer of a settlement that does not exist");
  OnSettlementDue(txn, *settlement);
}

void SettlementApp::OnSettlementDue(storage::Txn& txn, const Settlement& settlement) const {
  const std::optional<Time> due = NextChange(settlement);
  if (!due) return;
  if (IsProvisional(*due)) {
    txn.SetDue(txn.now() + Hours(24), NameOf(settlement.id));
    return;
  }
  const Date due_day = DateInShanghai(settlement.due_time - Nanoseconds(1));
  const LegalDate grace = calendar_.DeadlineWorkdays(due_day, options_.overdue_workdays);
  const bool overdue = settlement.state == SettlementState::kOverdue;
  // The holiday table may have moved the end of grace since it was set.
  if (overdue && grace.end() > txn.now()) {
    txn.SetDue(grace.end(), NameOf(settlement.id));
    return;
  }
  const Status saved = Save(txn, overdue ? Decide(settlement, PassGrace{}, txn.now())
                                         : Decide(settlement, PassDue{grace.end()}, txn.now()));
  TTX_CHECK(saved.ok(), "a deadline posts nothing that could be refused");
}

// --- Feeds

Status SettlementApp::OnIntentConfirmed(storage::Txn& txn, const IntentConfirmed& event) const {
  if (FindDeposit(txn, event.intent)) return {};
  TTX_RETURN_IF_ERROR(CheckText(event.intent, 1, kMaxNameChars, "intent"));
  TTX_RETURN_IF_ERROR(CheckText(event.exchange, 1, kMaxNameChars, "exchange"));
  TTX_RETURN_IF_ERROR(CheckText(event.reference, 1, kMaxReferenceChars, "reference"));
  TTX_RETURN_IF_ERROR(CheckAmount(event.deposit, Fen{}, "deposit_fen"));
  if (!event.due_time) return InvalidField("deposit_due_time", Reason::kREQUIRED);
  if (FindReference(txn, event.reference)) return InvalidField("reference", Reason::kDUPLICATE);
  const bool provisional = event.due_provisional || IsProvisional(event.due_time);
  const Date today = DateInShanghai(txn.now());
  return Save(txn, Decide(ExpectDeposit{.id = {ids_.Next(txn.now())},
                                        .intent = event.intent,
                                        .listing = event.listing,
                                        .exchange = event.exchange,
                                        .organization = event.organization,
                                        .legal_name = event.legal_name,
                                        .required = event.deposit,
                                        .due_time = event.due_time,
                                        .grace = options_.deposit_grace,
                                        .reference = event.reference,
                                        .due_provisional = provisional,
                                        .due_workdays = provisional ? WorkdaysUntil(today, event.due_time) : 0},
                          txn.now()));
}

Status SettlementApp::OnIntentOver(storage::Txn& txn, const std::string& intent,
                                   const std::string& reason) const {
  const std::optional<Deposit> deposit = FindDeposit(txn, intent);
  if (!deposit) return {};
  const std::string payout = NameOf(PayoutId{ids_.Next(txn.now())});
  const DepositDecision decision =
      Decide(*deposit, ReturnDeposit{reason, payout, RefundDue(txn.now())}, txn.now());
  TTX_RETURN_IF_ERROR(Save(txn, decision));
  return decision.events.empty() ? Status() : PrepareDepositRefund(txn, decision.next);
}

Result<Fen> SettlementApp::ConvertDepositOf(storage::Txn& txn, const ContractEffective& event) const {
  const std::optional<Deposit> deposit = FindDeposit(txn, event.intent);
  if (!deposit || deposit->state != DepositState::kEffective) return Fen{};
  const std::string payout = NameOf(PayoutId{ids_.Next(txn.now())});
  TTX_TRY(const DepositDecision decision,
          Decide(*deposit, ConvertDeposit{event.deal, event.price, payout, RefundDue(txn.now())}, txn.now()));
  TTX_RETURN_IF_ERROR(Save(txn, decision));
  TTX_RETURN_IF_ERROR(PrepareDepositRefund(txn, decision.next));
  return decision.next.converted;
}

Status SettlementApp::OnContractEffective(storage::Txn& txn, const ContractEffective& event) const {
  if (FindSettlement(txn, event.deal)) return {};
  TTX_RETURN_IF_ERROR(CheckText(event.deal, 1, kMaxNameChars, "deal"));
  TTX_RETURN_IF_ERROR(CheckText(event.exchange, 1, kMaxNameChars, "exchange"));
  TTX_RETURN_IF_ERROR(CheckAmount(event.price, Fen{1}, "price_fen"));
  TTX_RETURN_IF_ERROR(CheckAmount(event.listed_price, Fen{}, "listed_price_fen"));
  const Date day = DateInShanghai(event.effective_time ? event.effective_time : txn.now());
  const Time due = event.payment_due_time ? event.payment_due_time
                                          : calendar_.DeadlineWorkdays(day, options_.payment_workdays).end();
  const FeeTable* table = TableInForce(tables_, fee_table_, day);
  if (table == nullptr) {
    return Error(Reason::kFEE_TABLE_MISSING, {{"table", fee_table_}, {"date", FormatDate(day)}});
  }
  const std::optional<Deposit> deposit = FindDeposit(txn, event.intent);
  const Fees fees = FeesOf(*table, {event.price, event.listed_price, event.competitive});
  TTX_TRY(const Fen converted, ConvertDepositOf(txn, event));
  return Save(txn, Decide(OpenSettlement{.id = {ids_.Next(txn.now())},
                                         .contract = event.contract,
                                         .deal = event.deal,
                                         .listing = event.listing,
                                         .exchange = event.exchange,
                                         .seller = event.seller,
                                         .seller_legal_name = event.seller_legal_name,
                                         .buyer = event.buyer,
                                         .buyer_legal_name = event.buyer_legal_name,
                                         .intent = event.intent,
                                         .price = event.price,
                                         .converted = converted,
                                         .buyer_fee = fees.transferee,
                                         .seller_fee = fees.transferor,
                                         .fee_table = table->name,
                                         .due_time = due,
                                         .facts = LoadFacts(txn, event.deal),
                                         .bank = converted > Fen{} ? BankOf(txn, *deposit) : ""},
                          txn.now()));
}

Status SettlementApp::OnFact(storage::Txn& txn, const std::string& deal, Fact fact,
                             const std::string& name) const {
  if (deal.empty()) return {};
  if (const std::optional<Settlement> settlement = FindSettlement(txn, deal)) {
    const Time fresh = calendar_.DeadlineWorkdays(DateInShanghai(txn.now()), options_.overdue_workdays).end();
    return Save(txn, Decide(*settlement, LearnFact{fact, name, fresh}, txn.now()));
  }
  DealFacts facts = LoadFacts(txn, deal);
  if (Learn(facts, fact, name)) SaveFacts(txn, deal, facts);
  return {};
}

Status SettlementApp::OnOrganization(storage::Txn& txn, const std::string& name,
                                     const Organization& organization) const {
  SaveOrganization(txn, name, organization);
  return {};
}

// --- Queries

Result<Notice> SettlementApp::GetNotice(const storage::Reader& reader, const Principal& caller,
                                        const NoticeId& id) const {
  return Find(LoadNotice(reader, id), caller, id, "");
}
Result<Deposit> SettlementApp::GetDeposit(const storage::Reader& reader, const Principal& caller,
                                          const DepositId& id) const {
  return Find(LoadDeposit(reader, id), caller, id, "");
}
Result<Settlement> SettlementApp::GetSettlement(const storage::Reader& reader, const Principal& caller,
                                                const SettlementId& id) const {
  return Find(LoadSettlement(reader, id), caller, id, "");
}
Result<Payout> SettlementApp::GetPayout(const storage::Reader& reader, const Principal& caller,
                                        const PayoutId& id) const {
  return Find(LoadPayout(reader, id), caller, id, "");
}

namespace {

template <class State>
std::optional<uint64_t> NumberOf(std::optional<State> state) {
  return state ? std::optional(static_cast<uint64_t>(*state)) : std::nullopt;
}

// One page of a list whose index stands exactly where the caller may see.
template <class State, class Load>
std::vector<State> PageOf(const storage::Reader& reader, const ListOf& list, std::string_view after,
                          size_t limit, Load load) {
  std::vector<State> page;
  for (const std::string& id : ListIds(reader, list, after, limit)) {
    std::optional<State> state = load(reader, {id});
    TTX_CHECK(state.has_value(), "an indexed resource is missing");
    page.push_back(*std::move(state));
  }
  return page;
}

// The list of what a unique key leads to: it, or nothing.
template <class State, class Shown>
std::vector<State> OneOf(std::optional<State> found, const Principal& caller, std::string_view after,
                         Shown shown) {
  if (!found || !MaySee(caller, *found) || !shown(*found) || found->id.text <= after) return {};
  return {*std::move(found)};
}

}  // namespace

std::vector<Notice> SettlementApp::ListNotices(const storage::Reader& reader, const Principal& caller,
                                               std::optional<NoticeState> state, std::string_view after,
                                               size_t limit) const {
  if (caller.organization.empty()) return {};
  const Kind kind = IsBank(caller) ? Kind::kBankNotice : Kind::kNotice;
  return PageOf<Notice>(reader, {kind, caller.organization, NumberOf(state)}, after, limit, LoadNotice);
}

std::vector<Deposit> SettlementApp::ListDeposits(const storage::Reader& reader, const Principal& caller,
                                                 std::optional<DepositState> state, std::string_view intent,
                                                 std::string_view after, size_t limit) const {
  if (caller.organization.empty()) return {};
  if (!intent.empty()) {
    return OneOf(FindDeposit(reader, intent), caller, after,
                 [&](const Deposit& deposit) { return !state || deposit.state == *state; });
  }
  return PageOf<Deposit>(reader, {Kind::kDeposit, caller.organization, NumberOf(state)}, after, limit,
                         LoadDeposit);
}

std::vector<Settlement> SettlementApp::ListSettlements(const storage::Reader& reader, const Principal& caller,
                                                       std::optional<SettlementState> state,
                                                       std::string_view deal, std::string_view after,
                                                       size_t limit) const {
  const std::string owner = IsAuthority(caller) ? "" : caller.organization;
  if (owner.empty() && !IsAuthority(caller)) return {};
  if (!deal.empty()) {
    return OneOf(FindSettlement(reader, deal), caller, after,
                 [&](const Settlement& settlement) { return !state || ShownState(settlement) == *state; });
  }
  return PageOf<Settlement>(reader, {Kind::kSettlement, owner, NumberOf(state)}, after, limit,
                            LoadSettlement);
}

std::vector<Payout> SettlementApp::ListPayouts(const storage::Reader& reader, const Principal& caller,
                                               std::optional<PayoutState> state, std::string_view after,
                                               size_t limit) const {
  if (caller.organization.empty()) return {};
  const Kind kind = IsBank(caller) ? Kind::kBankPayout : Kind::kPayout;
  return PageOf<Payout>(reader, {kind, caller.organization, NumberOf(state)}, after, limit, LoadPayout);
}

Result<std::string> SettlementApp::LedgerFor(const Principal& caller, const std::string& exchange) const {
  const std::string& wanted = exchange.empty() ? caller.organization : exchange;
  if (wanted.empty() || (wanted != caller.organization && !IsAuthority(caller)))
    return NotFound(wanted + "/ledger");
  return wanted;
}

storage::LogPage<StoredEvent> SettlementApp::ListEvents(const storage::Reader& reader, const Principal& caller,
                                                        uint64_t after_sequence, size_t limit) const {
  return storage::LookAtLog<StoredEvent>(
      after_sequence, limit,
      [&](uint64_t after, size_t most) { return settlement::ListEvents(reader, after, most); },
      [&](const StoredEvent& event) {
        return caller.service() || (!caller.organization.empty() && ExchangeOf(event) == caller.organization);
      });
}

}  // namespace ttx::settlement
