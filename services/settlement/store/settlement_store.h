#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/storage/txn.h"
#include "services/settlement/domain/deposit.h"
#include "services/settlement/domain/ledger.h"
#include "services/settlement/domain/notice.h"
#include "services/settlement/domain/payout.h"
#include "services/settlement/domain/settlement.h"

namespace ttx::settlement {

/// Tables of the settlement key space. Part of the format on disk: do not renumber.
enum class Table : uint8_t {
  kDeposit = 0x10,           // text id -> DepositRecord
  kDepositByIntent = 0x11,   // text intent -> id
  kNotice = 0x12,            // text id -> NoticeRecord
  kNoticeByBank = 0x13,      // text bank, text bank_reference -> id
  kSettlement = 0x14,        // text id -> SettlementRecord
  kSettlementByDeal = 0x15,  // text deal -> id
  kPayout = 0x16,            // text id -> PayoutRecord
  kReference = 0x17,         // text reference -> ReferenceRecord
  kDealFacts = 0x18,         // text deal -> DealFactsRecord: what was said before the settlement existed
  kOrganization = 0x19,      // text organization -> OrganizationRecord
  kByOwner = 0x1a,           // u64 Kind, text owner, text id -> nothing
  kJournal = 0x1b,           // text exchange, u64 number -> JournalRecord
  kJournalById = 0x1c,       // text exchange, text journal id -> number
  kBalance =
      0x1d,  // text exchange, u64 account, text dimension ("" for the control account) -> BalanceRecord
  kPayoutByTransaction = 0x1e,  // text bank, text bank_transaction -> id of the payout it settled
  kByState = 0x1f,              // u64 Kind, text owner, u64 state as it is shown, text id -> nothing
};

/// What lists are made of, and for whom; part of the format. An entry of kByOwner and kByState stands exactly
/// where its owner may see the resource.
enum class Kind : uint64_t {
  kDeposit = 1,     // the exchange, the depositor
  kNotice = 2,      // the exchange
  kSettlement = 3,  // the exchange, the seller, the buyer; "" for every one
  kPayout = 4,      // the exchange
  kBankNotice = 5,  // the bank that sent it
  kBankPayout = 6,  // the bank that executes it, once it is approved
};

/// What somebody pays for with a reference.
struct ReferenceTarget {
  std::string resource;      // "deposits/{id}" or "settlements/{id}"
  Item item = Item::kPrice;  // of a settlement
};

/// What settlement knows of an organization: whom to pay.
struct Organization {
  std::string legal_name;
  std::string account_name;
  std::string account_number;
  bool operator==(const Organization&) const = default;
};

using DepositEvent = Event<Deposit, DepositChange>;
using NoticeEvent = Event<Notice, NoticeChange>;
using SettlementEvent = Event<Settlement, SettlementChange>;
using PayoutEvent = Event<Payout, PayoutChange>;

/// One entry of the event log.
struct StoredEvent {
  uint64_t sequence = 0;
  Time time;
  std::variant<DepositEvent, NoticeEvent, SettlementEvent, PayoutEvent> event;
};
const std::string& ExchangeOf(const StoredEvent& event);

// Aggregates are checked after reading and before writing: damage stops the process.
std::optional<Deposit> LoadDeposit(const storage::Reader& reader, const DepositId& id);
std::optional<Deposit> FindDeposit(const storage::Reader& reader, std::string_view intent);
std::optional<Notice> LoadNotice(const storage::Reader& reader, const NoticeId& id);
std::optional<Notice> FindNotice(const storage::Reader& reader, std::string_view bank,
                                 std::string_view bank_reference);
std::optional<Settlement> LoadSettlement(const storage::Reader& reader, const SettlementId& id);
std::optional<Settlement> FindSettlement(const storage::Reader& reader, std::string_view deal);
std::optional<Payout> LoadPayout(const storage::Reader& reader, const PayoutId& id);
/// The payout that a bank's transaction settled.
std::optional<PayoutId> FindPayout(const storage::Reader& reader, std::string_view bank,
                                   std::string_view bank_transaction);

/// Stages a decision: the state, its indices and timer, its events, its journals. Refused when the ledger
/// refuses a journal (LEDGER_REFUSED, JOURNAL_EXISTS); the command must then be refused too.
Status Save(storage::Txn& txn, const DepositDecision& decision);
Status Save(storage::Txn& txn, const NoticeDecision& decision);
Status Save(storage::Txn& txn, const SettlementDecision& decision);
Status Save(storage::Txn& txn, const PayoutDecision& decision);

std::optional<ReferenceTarget> FindReference(const storage::Reader& reader, std::string_view reference);
DealFacts LoadFacts(const storage::Reader& reader, std::string_view deal);
void SaveFacts(storage::Txn& txn, std::string_view deal, const DealFacts& facts);
std::optional<Organization> LoadOrganization(const storage::Reader& reader, std::string_view name);
void SaveOrganization(storage::Txn& txn, std::string_view name, const Organization& organization);

/// What one page of a list consists of.
struct ListOf {
  Kind kind;
  std::string owner;              // an organization, or "" where Kind says so
  std::optional<uint64_t> state;  // only those that show it
};
/// At most `limit` ids after `after`, in order, by index: as many keys are read as are given.
std::vector<std::string> ListIds(const storage::Reader& reader, const ListOf& list, std::string_view after,
                                 size_t limit);

/// At most `limit` journals of an exchange with numbers after `after`.
std::vector<Journal> ListJournals(const storage::Reader& reader, std::string_view exchange, int64_t after,
                                  size_t limit);

/// The control accounts of an exchange, by account, with how many journals there are.
struct TrialBalance {
  std::map<Account, Balance> accounts;
  int64_t journal_count = 0;
  bool operator==(const TrialBalance&) const = default;
};
TrialBalance ReadTrialBalance(const storage::Reader& reader, std::string_view exchange);

/// Recomputes every balance of an exchange from its journals and compares with what is stored, by another way
/// than the ledger itself goes. Names what differs, at most 20; nothing differs in a sound ledger. Reads
/// everything.
std::vector<std::string> AuditLedger(const storage::Reader& reader, std::string_view exchange);

/// At most `limit` events after `after_sequence`.
std::vector<StoredEvent> ListEvents(const storage::Reader& reader, uint64_t after_sequence, size_t limit);

}  // namespace ttx::settlement
