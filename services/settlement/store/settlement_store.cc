#include "services/settlement/store/settlement_store.h"

#include <set>

#include "libs/storage/table.h"
#include "services/settlement/store/codec.h"

namespace ttx::settlement {
namespace {

using storage::In;
using storage::KeyOf;
using storage::Load;

constexpr size_t kAuditPage = 500;
constexpr size_t kMaxDifferences = 20;

// --- Lists

void AddKeys(std::set<std::string>& keys, Kind kind, std::string_view owner, uint64_t state,
             std::string_view id) {
  const auto number = static_cast<uint64_t>(kind);
  keys.insert(In(Table::kByOwner).U64(number).Text(owner).Text(id).str());
  keys.insert(In(Table::kByState).U64(number).Text(owner).U64(state).Text(id).str());
}

template <class State>
uint64_t U64(State state) {
  return static_cast<uint64_t>(state);
}

std::set<std::string> IndexKeys(const Deposit& deposit) {
  std::set<std::string> keys;
  for (const std::string& owner : {deposit.exchange, deposit.organization}) {
    AddKeys(keys, Kind::kDeposit, owner, U64(deposit.state), deposit.id.text);
  }
  return keys;
}

std::set<std::string> IndexKeys(const Notice& notice) {
  std::set<std::string> keys;
  AddKeys(keys, Kind::kNotice, notice.receipt.exchange, U64(notice.state), notice.id.text);
  AddKeys(keys, Kind::kBankNotice, notice.receipt.bank, U64(notice.state), notice.id.text);
  return keys;
}

std::set<std::string> IndexKeys(const Settlement& settlement) {
  std::set<std::string> keys;
  for (const std::string& owner : {std::string(), settlement.exchange, settlement.seller, settlement.buyer}) {
    AddKeys(keys, Kind::kSettlement, owner, U64(ShownState(settlement)), settlement.id.text);
  }
  return keys;
}

std::set<std::string> IndexKeys(const Payout& payout) {
  std::set<std::string> keys;
  AddKeys(keys, Kind::kPayout, payout.exchange, U64(payout.state), payout.id.text);
  if (!payout.bank.empty() && payout.state != PayoutState::kPrepared) {
    AddKeys(keys, Kind::kBankPayout, payout.bank, U64(payout.state), payout.id.text);
  }
  return keys;
}

// Index entries move with the resource, in the same transaction.
template <class State>
void MoveIndex(storage::Txn& txn, const std::optional<State>& before, const State& after) {
  const std::set<std::string> old_keys = before ? IndexKeys(*before) : std::set<std::string>{};
  const std::set<std::string> new_keys = IndexKeys(after);
  for (const std::string& key : old_keys) {
    if (!new_keys.contains(key)) txn.Delete(key);
  }
  for (const std::string& key : new_keys) {
    if (!old_keys.contains(key)) txn.Put(key, "");
  }
}

void PutReference(storage::Txn& txn, const std::string& reference, const ReferenceTarget& target) {
  store::ReferenceRecord record;
  record.set_resource(target.resource);
  record.set_item(static_cast<int32_t>(target.item));
  txn.Put(KeyOf(Table::kReference, reference), record.SerializeAsString());
}

// --- Ledger

std::string JournalKey(std::string_view exchange, int64_t number) {
  return In(Table::kJournal, exchange).U64(static_cast<uint64_t>(number)).str();
}

std::string BalanceKeyOf(std::string_view exchange, const BalanceKey& key) {
  return In(Table::kBalance, exchange).U64(static_cast<uint64_t>(key.account)).Text(key.dimension).str();
}

Balance ReadBalance(const std::optional<std::string>& bytes) {
  if (!bytes) return {};
  const auto record = storage::ParseRecord<store::BalanceRecord>(*bytes);
  return {{record.debit_fen()}, {record.credit_fen()}};
}

int64_t LastJournalNumber(const storage::Reader& reader, std::string_view exchange) {
  return static_cast<int64_t>(storage::LastNumber(reader, In(Table::kJournal, exchange)));
}

Books LoadBooks(const storage::Reader& reader, std::string_view exchange,
                const std::vector<BalanceKey>& keys) {
  std::vector<std::string> stored_keys;
  for (const BalanceKey& key : keys) stored_keys.push_back(BalanceKeyOf(exchange, key));
  const auto values = reader.MultiGet(stored_keys);
  Books books;
  for (size_t i = 0; i < keys.size(); ++i) books.emplace(keys[i], ReadBalance(values[i]));
  return books;
}

void SaveBooks(storage::Txn& txn, std::string_view exchange, const Books& before, const Books& after) {
  for (const auto& [key, balance] : after) {
    if (before.at(key) == balance) continue;
    store::BalanceRecord record;
    record.set_debit_fen(balance.debits.value);
    record.set_credit_fen(balance.credits.value);
    txn.Put(BalanceKeyOf(exchange, key), record.SerializeAsString());
  }
}

// All journals of one decision belong to one exchange and hold together (I2).
Status PostJournals(storage::Txn& txn, const std::vector<Journal>& journals) {
  if (journals.empty()) return {};
  const std::string& exchange = journals.front().exchange;
  const Books before = LoadBooks(txn, exchange, Touched(journals));
  TTX_TRY(const Books after, PostAll(before, journals));
  SaveBooks(txn, exchange, before, after);
  int64_t number = LastJournalNumber(txn, exchange);
  for (Journal journal : journals) {
    TTX_CHECK(journal.exchange == exchange, "journals of two ledgers in one decision");
    const std::string id_key = KeyOf(Table::kJournalById, exchange, journal.id);
    if (txn.Get(id_key)) return Error(Reason::kJOURNAL_EXISTS, {{"journal", journal.id}});
    journal.number = ++number;
    txn.Put(id_key, storage::NumberValue(static_cast<uint64_t>(number)));
    txn.Put(JournalKey(exchange, number), ToRecord(journal).SerializeAsString());
  }
  return {};
}

// --- Saving a decision

void SetAfter(store::EventRecord& record, const Notice& state) { *record.mutable_notice() = ToRecord(state); }
void SetAfter(store::EventRecord& record, const Deposit& state) {
  *record.mutable_deposit() = ToRecord(state);
}
void SetAfter(store::EventRecord& record, const Settlement& state) {
  *record.mutable_settlement() = ToRecord(state);
}
void SetAfter(store::EventRecord& record, const Payout& state) { *record.mutable_payout() = ToRecord(state); }

template <class State, class Change>
Status SaveDecision(storage::Txn& txn, Table table, const std::optional<State>& before,
                    const Decision<State, Change>& decision) {
  if (decision.events.empty()) return {};
  storage::MustHold(decision.next);
  TTX_RETURN_IF_ERROR(PostJournals(txn, decision.journals));
  txn.Put(KeyOf(table, decision.next.id.text), ToRecord(decision.next).SerializeAsString());
  MoveIndex(txn, before, decision.next);
  for (const auto& event : decision.events) {
    store::EventRecord record;
    record.set_change(static_cast<int32_t>(event.change));
    SetAfter(record, event.after);
    txn.Emit(record.SerializeAsString());
  }
  return {};
}

template <class Decision>
bool IsNew(const Decision& decision) {
  return !decision.events.empty() && decision.events.front().after.version == 1;
}

std::optional<Time> NextChange(const Deposit& deposit) {
  return deposit.state == DepositState::kExpected ? std::optional(deposit.close_time) : std::nullopt;
}

StoredEvent FromOutbox(const storage::OutboxEvent& stored) {
  const auto record = storage::ParseRecord<store::EventRecord>(stored.payload);
  const int32_t change = record.change();
  StoredEvent event{stored.sequence, stored.time, {}};
  switch (record.after_case()) {
    case store::EventRecord::kNotice:
      event.event = NoticeEvent{static_cast<NoticeChange>(change), FromRecord(record.notice())};
      break;
    case store::EventRecord::kDeposit:
      event.event = DepositEvent{static_cast<DepositChange>(change), FromRecord(record.deposit())};
      break;
    case store::EventRecord::kSettlement:
      event.event = SettlementEvent{static_cast<SettlementChange>(change), FromRecord(record.settlement())};
      break;
    case store::EventRecord::kPayout:
      event.event = PayoutEvent{static_cast<PayoutChange>(change), FromRecord(record.payout())};
      break;
    case store::EventRecord::AFTER_NOT_SET:
      TTX_CHECK(false, "an event without a state");
  }
  return event;
}

// --- Audit

// Sums over journals, kept in 128 bits and by the stored key, so that nothing is shared with the ledger's own
// code.
struct Sums {
  __int128 debits = 0;
  __int128 credits = 0;
};

class Auditor {
 public:
  Auditor(const storage::Reader& reader, std::string_view exchange) : reader_(reader), exchange_(exchange) {}

  std::vector<std::string> Run() {
    AddJournals();
    CompareBalances();
    for (const auto& [key, sums] : expected_) Differ("no stored balance for " + Name(key));
    return std::move(differences_);
  }

 private:
  using AuditKey = std::pair<int32_t, std::string>;

  static std::string Name(const AuditKey& key) { return std::to_string(key.first) + " " + key.second; }

  void Differ(std::string text) {
    if (differences_.size() < kMaxDifferences) differences_.push_back(std::move(text));
  }

  void AddJournals() {
    int64_t number = 0;
    while (true) {
      const std::vector<Journal> page = ListJournals(reader_, exchange_, number, kAuditPage);
      for (const Journal& journal : page) {
        if (journal.number != ++number) Differ("journal " + std::to_string(number) + " is missing");
        number = journal.number;
        __int128 difference = 0;
        for (const Line& line : journal.lines) difference += Add(line);
        if (difference != 0) Differ("journal " + std::to_string(number) + " is not balanced");
      }
      if (page.size() < kAuditPage) return;
    }
  }

  __int128 Add(const Line& line) {
    const int32_t code = static_cast<int32_t>(line.account);
    const bool debit = line.side == Side::kDebit;
    for (const AuditKey& key : {AuditKey{code, line.dimension}, AuditKey{code, ""}}) {
      (debit ? expected_[key].debits : expected_[key].credits) += line.amount.value;
    }
    return debit ? line.amount.value : -static_cast<__int128>(line.amount.value);
  }

  void CompareBalances() {
    storage::KeyRange range = storage::PrefixRange(KeyOf(Table::kBalance, exchange_));
    while (true) {
      const std::vector<storage::Entry> page = reader_.Scan(range, kAuditPage);
      for (const storage::Entry& entry : page) {
        storage::KeyReader key(entry.key, static_cast<uint8_t>(Table::kBalance));
        key.Text();
        const auto code = static_cast<int32_t>(key.U64());
        Compare({code, key.Text()}, ReadBalance(entry.value));
      }
      if (page.size() < kAuditPage) return;
      range.begin = page.back().key + '\0';
    }
  }

  void Compare(const AuditKey& key, const Balance& stored) {
    const auto found = expected_.find(key);
    const Sums sums = found == expected_.end() ? Sums{} : found->second;
    if (sums.debits != stored.debits.value || sums.credits != stored.credits.value) {
      Differ("stored balance of " + Name(key) + " is off");
    }
    if (found != expected_.end()) expected_.erase(found);
  }

  const storage::Reader& reader_;
  const std::string exchange_;
  std::map<AuditKey, Sums> expected_;
  std::vector<std::string> differences_;
};

}  // namespace

const std::string& ExchangeOf(const StoredEvent& stored) {
  struct Visitor {
    const std::string& operator()(const DepositEvent& e) const { return e.after.exchange; }
    const std::string& operator()(const NoticeEvent& e) const { return e.after.receipt.exchange; }
    const std::string& operator()(const SettlementEvent& e) const { return e.after.exchange; }
    const std::string& operator()(const PayoutEvent& e) const { return e.after.exchange; }
  };
  return std::visit(Visitor{}, stored.event);
}

std::optional<Deposit> LoadDeposit(const storage::Reader& reader, const DepositId& id) {
  return Load<store::DepositRecord>(reader, KeyOf(Table::kDeposit, id.text), FromRecord);
}

std::optional<Deposit> FindDeposit(const storage::Reader& reader, std::string_view intent) {
  const auto id = reader.Get(KeyOf(Table::kDepositByIntent, intent));
  return id ? LoadDeposit(reader, {*id}) : std::nullopt;
}

std::optional<Notice> LoadNotice(const storage::Reader& reader, const NoticeId& id) {
  return Load<store::NoticeRecord>(reader, KeyOf(Table::kNotice, id.text), FromRecord);
}

std::optional<Notice> FindNotice(const storage::Reader& reader, std::string_view bank,
                                 std::string_view bank_reference) {
  const auto id = reader.Get(KeyOf(Table::kNoticeByBank, bank, bank_reference));
  return id ? LoadNotice(reader, {*id}) : std::nullopt;
}

std::optional<Settlement> LoadSettlement(const storage::Reader& reader, const SettlementId& id) {
  return Load<store::SettlementRecord>(reader, KeyOf(Table::kSettlement, id.text), FromRecord);
}

std::optional<Settlement> FindSettlement(const storage::Reader& reader, std::string_view deal) {
  const auto id = reader.Get(KeyOf(Table::kSettlementByDeal, deal));
  return id ? LoadSettlement(reader, {*id}) : std::nullopt;
}

std::optional<Payout> LoadPayout(const storage::Reader& reader, const PayoutId& id) {
  return Load<store::PayoutRecord>(reader, KeyOf(Table::kPayout, id.text), FromRecord);
}

std::optional<PayoutId> FindPayout(const storage::Reader& reader, std::string_view bank,
                                   std::string_view bank_transaction) {
  return storage::FindId<PayoutId>(reader, KeyOf(Table::kPayoutByTransaction, bank, bank_transaction));
}

Status Save(storage::Txn& txn, const DepositDecision& decision) {
  const Deposit& deposit = decision.next;
  const std::optional<Deposit> before = LoadDeposit(txn, deposit.id);
  TTX_RETURN_IF_ERROR(SaveDecision(txn, Table::kDeposit, before, decision));
  storage::MoveDue(txn, NameOf(deposit.id), before ? NextChange(*before) : std::nullopt, NextChange(deposit));
  if (!IsNew(decision)) return {};
  txn.Put(KeyOf(Table::kDepositByIntent, deposit.intent), deposit.id.text);
  PutReference(txn, deposit.reference, {NameOf(deposit.id)});
  return {};
}

Status Save(storage::Txn& txn, const NoticeDecision& decision) {
  const Notice& notice = decision.next;
  TTX_RETURN_IF_ERROR(SaveDecision(txn, Table::kNotice, LoadNotice(txn, notice.id), decision));
  if (!IsNew(decision)) return {};
  const Receipt& receipt = notice.receipt;
  txn.Put(KeyOf(Table::kNoticeByBank, receipt.bank, receipt.bank_reference), notice.id.text);
  return {};
}

Status Save(storage::Txn& txn, const SettlementDecision& decision) {
  const Settlement& settlement = decision.next;
  const std::optional<Settlement> before = LoadSettlement(txn, settlement.id);
  TTX_RETURN_IF_ERROR(SaveDecision(txn, Table::kSettlement, before, decision));
  storage::MoveDue(txn, NameOf(settlement.id), before ? NextChange(*before) : std::nullopt,
                   NextChange(settlement));
  if (!IsNew(decision)) return {};
  txn.Put(KeyOf(Table::kSettlementByDeal, settlement.deal), settlement.id.text);
  for (const Item item : {Item::kPrice, Item::kBuyerFee}) {
    PutReference(txn, ReferenceOf(settlement.id, item), {NameOf(settlement.id), item});
  }
  return {};
}

Status Save(storage::Txn& txn, const PayoutDecision& decision) {
  const Payout& payout = decision.next;
  TTX_RETURN_IF_ERROR(SaveDecision(txn, Table::kPayout, LoadPayout(txn, payout.id), decision));
  if (payout.state == PayoutState::kSucceeded) {
    txn.Put(KeyOf(Table::kPayoutByTransaction, payout.bank, payout.bank_transaction), payout.id.text);
  }
  return {};
}

std::optional<ReferenceTarget> FindReference(const storage::Reader& reader, std::string_view reference) {
  const auto record =
      storage::FindRecord<store::ReferenceRecord>(reader, KeyOf(Table::kReference, reference));
  if (!record) return std::nullopt;
  return ReferenceTarget{record->resource(), static_cast<Item>(record->item())};
}

DealFacts LoadFacts(const storage::Reader& reader, std::string_view deal) {
  const auto record = storage::FindRecord<store::DealFactsRecord>(reader, KeyOf(Table::kDealFacts, deal));
  return record ? FromRecord(*record) : DealFacts{};
}

void SaveFacts(storage::Txn& txn, std::string_view deal, const DealFacts& facts) {
  txn.Put(KeyOf(Table::kDealFacts, deal), ToRecord(facts).SerializeAsString());
}

std::optional<Organization> LoadOrganization(const storage::Reader& reader, std::string_view name) {
  const auto record =
      storage::FindRecord<store::OrganizationRecord>(reader, KeyOf(Table::kOrganization, name));
  if (!record) return std::nullopt;
  return Organization{record->legal_name(), record->account_name(), record->account_number()};
}

void SaveOrganization(storage::Txn& txn, std::string_view name, const Organization& organization) {
  store::OrganizationRecord record;
  record.set_legal_name(organization.legal_name);
  record.set_account_name(organization.account_name);
  record.set_account_number(organization.account_number);
  txn.Put(KeyOf(Table::kOrganization, name), record.SerializeAsString());
}

std::vector<std::string> ListIds(const storage::Reader& reader, const ListOf& list, std::string_view after,
                                 size_t limit) {
  storage::Key prefix = In(list.state ? Table::kByState : Table::kByOwner);
  prefix.U64(U64(list.kind)).Text(list.owner);
  if (list.state) prefix.U64(*list.state);
  return storage::ListTexts(reader, prefix, after, limit);
}

std::vector<Journal> ListJournals(const storage::Reader& reader, std::string_view exchange, int64_t after,
                                  size_t limit) {
  return storage::FromEntries<store::JournalRecord>(
      storage::ScanAfter(reader, In(Table::kJournal, exchange), static_cast<uint64_t>(after), limit),
      FromRecord);
}

TrialBalance ReadTrialBalance(const storage::Reader& reader, std::string_view exchange) {
  std::vector<BalanceKey> keys;
  for (const AccountInfo& info : Chart()) keys.push_back({info.account, ""});
  TrialBalance trial;
  trial.journal_count = LastJournalNumber(reader, exchange);
  for (const auto& [key, balance] : LoadBooks(reader, exchange, keys)) {
    if (balance != Balance{}) trial.accounts.emplace(key.account, balance);
  }
  return trial;
}

std::vector<std::string> AuditLedger(const storage::Reader& reader, std::string_view exchange) {
  return Auditor(reader, exchange).Run();
}

std::vector<StoredEvent> ListEvents(const storage::Reader& reader, uint64_t after_sequence, size_t limit) {
  return storage::ReadEvents(reader, after_sequence, limit, FromOutbox);
}

}  // namespace ttx::settlement
