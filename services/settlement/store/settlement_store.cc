#include "services/settlement/store/settlement_store.h"

#include "libs/storage/codec.h"
#include "services/settlement/store/codec.h"

namespace ttx::settlement {
namespace {

using storage::Key;
using storage::KeyReader;

constexpr size_t kAuditPage = 500;
constexpr size_t kMaxDifferences = 20;

constexpr uint8_t Id8(Table table) { return static_cast<uint8_t>(table); }

template <class Record>
Record Parse(std::string_view bytes) {
  Record record;
  TTX_CHECK(record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())),
            "a settlement record cannot be read");
  return record;
}

template <class State>
void MustHold(const State& state) {
  const auto violation = Check(state);
  TTX_CHECK(!violation, violation.value_or(""));
}

template <class State, class Record>
std::optional<State> Load(const storage::Reader& reader, Table table, const std::string& id) {
  const auto bytes = reader.Get(Key(Id8(table)).Text(id).str());
  if (!bytes) return std::nullopt;
  State state = FromRecord(Parse<Record>(*bytes));
  MustHold(state);
  return state;
}

std::string OwnerKey(Kind kind, std::string_view owner, std::string_view id) {
  return Key(Id8(Table::kByOwner)).U64(static_cast<uint64_t>(kind)).Text(owner).Text(id).str();
}

std::string TransactionKey(std::string_view bank, std::string_view bank_transaction) {
  return Key(Id8(Table::kPayoutByTransaction)).Text(bank).Text(bank_transaction).str();
}

void PutReference(storage::Txn& txn, const std::string& reference, const ReferenceTarget& target) {
  store::ReferenceRecord record;
  record.set_resource(target.resource);
  record.set_item(static_cast<int32_t>(target.item));
  txn.Put(Key(Id8(Table::kReference)).Text(reference).str(), record.SerializeAsString());
}

// --- Ledger
// ----------------------------------------------------------------------------------------------------------

std::string JournalKey(std::string_view exchange, int64_t number) {
  return Key(Id8(Table::kJournal)).Text(exchange).U64(static_cast<uint64_t>(number)).str();
}

std::string BalanceKeyOf(std::string_view exchange, const BalanceKey& key) {
  return Key(Id8(Table::kBalance))
      .Text(exchange)
      .U64(static_cast<uint64_t>(key.account))
      .Text(key.dimension)
      .str();
}

Balance ReadBalance(const std::optional<std::string>& bytes) {
  if (!bytes) return {};
  const auto record = Parse<store::BalanceRecord>(*bytes);
  return {{record.debit_fen()}, {record.credit_fen()}};
}

int64_t LastJournalNumber(const storage::Reader& reader, std::string_view exchange) {
  const auto prefix = Key(Id8(Table::kJournal)).Text(exchange).str();
  const auto last = reader.Scan(storage::PrefixRange(prefix), 1, storage::Direction::kReverse);
  if (last.empty()) return 0;
  KeyReader key(last[0].key, Id8(Table::kJournal));
  key.Text();
  return static_cast<int64_t>(key.U64());
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
    const std::string id_key = Key(Id8(Table::kJournalById)).Text(exchange).Text(journal.id).str();
    if (txn.Get(id_key)) return Error(Reason::kJOURNAL_EXISTS, {{"journal", journal.id}});
    journal.number = ++number;
    std::string value;
    storage::AppendU64(value, static_cast<uint64_t>(number));
    txn.Put(id_key, std::move(value));
    txn.Put(JournalKey(exchange, number), ToRecord(journal).SerializeAsString());
  }
  return {};
}

// --- Saving a decision
// -----------------------------------------------------------------------------------------------

void SetAfter(store::EventRecord& record, const Notice& state) { *record.mutable_notice() = ToRecord(state); }
void SetAfter(store::EventRecord& record, const Deposit& state) {
  *record.mutable_deposit() = ToRecord(state);
}
void SetAfter(store::EventRecord& record, const Settlement& state) {
  *record.mutable_settlement() = ToRecord(state);
}
void SetAfter(store::EventRecord& record, const Payout& state) { *record.mutable_payout() = ToRecord(state); }

template <class State, class Change>
Status SaveDecision(storage::Txn& txn, Table table, const Decision<State, Change>& decision) {
  if (decision.events.empty()) return {};
  MustHold(decision.next);
  TTX_RETURN_IF_ERROR(PostJournals(txn, decision.journals));
  txn.Put(Key(Id8(table)).Text(decision.next.id.text).str(), ToRecord(decision.next).SerializeAsString());
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

void MoveTimer(storage::Txn& txn, const std::string& subject, std::optional<Time> before,
               std::optional<Time> after) {
  if (before == after) return;
  if (before) txn.ClearDue(*before, subject);
  if (after) txn.SetDue(*after, subject);
}

std::optional<Time> NextChange(const Deposit& deposit) {
  return deposit.state == DepositState::kExpected ? std::optional(deposit.close_time) : std::nullopt;
}

// --- Audit
// -----------------------------------------------------------------------------------------------------------

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
    storage::KeyRange range = storage::PrefixRange(Key(Id8(Table::kBalance)).Text(exchange_).str());
    while (true) {
      const std::vector<storage::Entry> page = reader_.Scan(range, kAuditPage);
      for (const storage::Entry& entry : page) {
        KeyReader key(entry.key, Id8(Table::kBalance));
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
  return Load<Deposit, store::DepositRecord>(reader, Table::kDeposit, id.text);
}

std::optional<Deposit> FindDeposit(const storage::Reader& reader, std::string_view intent) {
  const auto id = reader.Get(Key(Id8(Table::kDepositByIntent)).Text(intent).str());
  return id ? LoadDeposit(reader, {*id}) : std::nullopt;
}

std::optional<Notice> LoadNotice(const storage::Reader& reader, const NoticeId& id) {
  return Load<Notice, store::NoticeRecord>(reader, Table::kNotice, id.text);
}

std::optional<Notice> FindNotice(const storage::Reader& reader, std::string_view bank,
                                 std::string_view bank_reference) {
  const auto id = reader.Get(Key(Id8(Table::kNoticeByBank)).Text(bank).Text(bank_reference).str());
  return id ? LoadNotice(reader, {*id}) : std::nullopt;
}

std::optional<Settlement> LoadSettlement(const storage::Reader& reader, const SettlementId& id) {
  return Load<Settlement, store::SettlementRecord>(reader, Table::kSettlement, id.text);
}

std::optional<Settlement> FindSettlement(const storage::Reader& reader, std::string_view deal) {
  const auto id = reader.Get(Key(Id8(Table::kSettlementByDeal)).Text(deal).str());
  return id ? LoadSettlement(reader, {*id}) : std::nullopt;
}

std::optional<Payout> LoadPayout(const storage::Reader& reader, const PayoutId& id) {
  return Load<Payout, store::PayoutRecord>(reader, Table::kPayout, id.text);
}

std::optional<PayoutId> FindPayout(const storage::Reader& reader, std::string_view bank,
                                   std::string_view bank_transaction) {
  const auto id = reader.Get(TransactionKey(bank, bank_transaction));
  return id ? std::optional(PayoutId{*id}) : std::nullopt;
}

Status Save(storage::Txn& txn, const DepositDecision& decision) {
  const Deposit& deposit = decision.next;
  const std::optional<Deposit> before = LoadDeposit(txn, deposit.id);
  TTX_RETURN_IF_ERROR(SaveDecision(txn, Table::kDeposit, decision));
  MoveTimer(txn, NameOf(deposit.id), before ? NextChange(*before) : std::nullopt, NextChange(deposit));
  if (!IsNew(decision)) return {};
  txn.Put(Key(Id8(Table::kDepositByIntent)).Text(deposit.intent).str(), deposit.id.text);
  txn.Put(OwnerKey(Kind::kDeposit, deposit.exchange, deposit.id.text), "");
  txn.Put(OwnerKey(Kind::kDeposit, deposit.organization, deposit.id.text), "");
  PutReference(txn, deposit.reference, {NameOf(deposit.id)});
  return {};
}

Status Save(storage::Txn& txn, const NoticeDecision& decision) {
  const Notice& notice = decision.next;
  TTX_RETURN_IF_ERROR(SaveDecision(txn, Table::kNotice, decision));
  if (!IsNew(decision)) return {};
  const Receipt& receipt = notice.receipt;
  txn.Put(Key(Id8(Table::kNoticeByBank)).Text(receipt.bank).Text(receipt.bank_reference).str(),
          notice.id.text);
  txn.Put(OwnerKey(Kind::kNotice, receipt.exchange, notice.id.text), "");
  txn.Put(OwnerKey(Kind::kNotice, receipt.bank, notice.id.text), "");
  return {};
}

Status Save(storage::Txn& txn, const SettlementDecision& decision) {
  const Settlement& settlement = decision.next;
  const std::optional<Settlement> before = LoadSettlement(txn, settlement.id);
  TTX_RETURN_IF_ERROR(SaveDecision(txn, Table::kSettlement, decision));
  MoveTimer(txn, NameOf(settlement.id), before ? NextChange(*before) : std::nullopt, NextChange(settlement));
  if (!IsNew(decision)) return {};
  txn.Put(Key(Id8(Table::kSettlementByDeal)).Text(settlement.deal).str(), settlement.id.text);
  for (const std::string& owner : {std::string(), settlement.exchange, settlement.seller, settlement.buyer}) {
    txn.Put(OwnerKey(Kind::kSettlement, owner, settlement.id.text), "");
  }
  for (const Item item : {Item::kPrice, Item::kBuyerFee}) {
    PutReference(txn, ReferenceOf(settlement.id, item), {NameOf(settlement.id), item});
  }
  return {};
}

Status Save(storage::Txn& txn, const PayoutDecision& decision) {
  const Payout& payout = decision.next;
  TTX_RETURN_IF_ERROR(SaveDecision(txn, Table::kPayout, decision));
  if (payout.state == PayoutState::kSucceeded) {
    txn.Put(TransactionKey(payout.bank, payout.bank_transaction), payout.id.text);
  }
  if (!IsNew(decision)) return {};
  txn.Put(OwnerKey(Kind::kPayout, payout.exchange, payout.id.text), "");
  if (!payout.bank.empty()) txn.Put(OwnerKey(Kind::kPayout, payout.bank, payout.id.text), "");
  txn.Put(OwnerKey(Kind::kPayout, "", payout.id.text), "");
  return {};
}

std::optional<ReferenceTarget> FindReference(const storage::Reader& reader, std::string_view reference) {
  const auto bytes = reader.Get(Key(Id8(Table::kReference)).Text(reference).str());
  if (!bytes) return std::nullopt;
  const auto record = Parse<store::ReferenceRecord>(*bytes);
  return ReferenceTarget{record.resource(), static_cast<Item>(record.item())};
}

DealFacts LoadFacts(const storage::Reader& reader, std::string_view deal) {
  const auto bytes = reader.Get(Key(Id8(Table::kDealFacts)).Text(deal).str());
  return bytes ? FromRecord(Parse<store::DealFactsRecord>(*bytes)) : DealFacts{};
}

void SaveFacts(storage::Txn& txn, std::string_view deal, const DealFacts& facts) {
  txn.Put(Key(Id8(Table::kDealFacts)).Text(deal).str(), ToRecord(facts).SerializeAsString());
}

std::optional<Organization> LoadOrganization(const storage::Reader& reader, std::string_view name) {
  const auto bytes = reader.Get(Key(Id8(Table::kOrganization)).Text(name).str());
  if (!bytes) return std::nullopt;
  const auto record = Parse<store::OrganizationRecord>(*bytes);
  return Organization{record.legal_name(), record.account_name(), record.account_number()};
}

void SaveOrganization(storage::Txn& txn, std::string_view name, const Organization& organization) {
  store::OrganizationRecord record;
  record.set_legal_name(organization.legal_name);
  record.set_account_name(organization.account_name);
  record.set_account_number(organization.account_number);
  txn.Put(Key(Id8(Table::kOrganization)).Text(name).str(), record.SerializeAsString());
}

std::vector<std::string> ListIds(const storage::Reader& reader, Kind kind, std::string_view owner,
                                 std::string_view after, size_t limit) {
  const std::string prefix = Key(Id8(Table::kByOwner)).U64(static_cast<uint64_t>(kind)).Text(owner).str();
  storage::KeyRange range = storage::PrefixRange(prefix);
  if (!after.empty()) range.begin = OwnerKey(kind, owner, after) + '\0';
  std::vector<std::string> ids;
  for (const storage::Entry& entry : reader.Scan(range, limit)) {
    KeyReader key(entry.key, Id8(Table::kByOwner));
    key.U64();
    key.Text();
    ids.push_back(key.Text());
  }
  return ids;
}

std::vector<Journal> ListJournals(const storage::Reader& reader, std::string_view exchange, int64_t after,
                                  size_t limit) {
  storage::KeyRange range = storage::PrefixRange(Key(Id8(Table::kJournal)).Text(exchange).str());
  range.begin = JournalKey(exchange, after + 1);
  std::vector<Journal> journals;
  for (const storage::Entry& entry : reader.Scan(range, limit)) {
    journals.push_back(FromRecord(Parse<store::JournalRecord>(entry.value)));
  }
  return journals;
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
  std::vector<StoredEvent> events;
  for (const storage::OutboxEvent& stored : storage::ReadOutbox(reader, after_sequence, limit)) {
    const auto record = Parse<store::EventRecord>(stored.payload);
    StoredEvent event{stored.sequence, stored.time, {}};
    switch (record.after_case()) {
      case store::EventRecord::kNotice:
        event.event = NoticeEvent{static_cast<NoticeChange>(record.change()), FromRecord(record.notice())};
        break;
      case store::EventRecord::kDeposit:
        event.event = DepositEvent{static_cast<DepositChange>(record.change()), FromRecord(record.deposit())};
        break;
      case store::EventRecord::kSettlement:
        event.event =
            SettlementEvent{static_cast<SettlementChange>(record.change()), FromRecord(record.settlement())};
        break;
      case store::EventRecord::kPayout:
        event.event = PayoutEvent{static_cast<PayoutChange>(record.change()), FromRecord(record.payout())};
        break;
      case store::EventRecord::AFTER_NOT_SET:
        TTX_CHECK(false, "an event without a state");
    }
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace ttx::settlement
