#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/calendar.h"
#include "libs/core/id.h"
#include "libs/core/principal.h"
#include "libs/core/result.h"
#include "libs/storage/log_page.h"
#include "libs/storage/txn.h"
#include "services/settlement/domain/fees.h"
#include "services/settlement/domain/limits.h"
#include "services/settlement/store/settlement_store.h"

namespace ttx::settlement {

/// The settlement service's use cases: one method per RPC, timer and event. Commands run on the writer's
/// thread, queries on any. "Not yours" is NOT_FOUND; an etag that is given and stale is ETAG_MISMATCH.
class SettlementApp {
 public:
  /// `calendar` and `ids` must outlive the object. `fee_table` names the table that deals are charged by.
  SettlementApp(Options options, std::vector<FeeTable> tables, std::string fee_table,
                const Calendar& calendar, IdSource& ids)
      : options_(std::move(options)),
        tables_(std::move(tables)),
        fee_table_(std::move(fee_table)),
        calendar_(calendar),
        ids_(ids) {}

  // --- Commands

  /// By the bank: `receipt.bank` is set from the caller. The notice that exists when the same was reported
  /// before; BANK_REFERENCE_REUSED when something else was; PERMISSION_DENIED when the exchange banks elsewhere
  /// (Options::escrow_banks), as in MarkSent and ReportResult.
  Result<Notice> CreateBankNotice(storage::Txn& txn, const Principal& caller, Receipt receipt) const;
  Result<Notice> MatchNotice(storage::Txn& txn, const Principal& caller, const NoticeId& id,
                             std::string_view etag, const std::string& reference) const;
  Result<Notice> ApproveMatch(storage::Txn& txn, const Principal& caller, const NoticeId& id,
                              std::string_view etag) const;
  Result<Notice> RejectMatch(storage::Txn& txn, const Principal& caller, const NoticeId& id,
                             std::string_view etag) const;
  Result<Notice> RefundNotice(storage::Txn& txn, const Principal& caller, const NoticeId& id,
                              std::string_view etag) const;

  Result<Settlement> RequestRelease(storage::Txn& txn, const Principal& caller, const SettlementId& id,
                                    std::string_view etag) const;
  Result<Settlement> ApproveRelease(storage::Txn& txn, const Principal& caller, const SettlementId& id,
                                    std::string_view etag) const;
  Result<Settlement> RejectRelease(storage::Txn& txn, const Principal& caller, const SettlementId& id,
                                   std::string_view etag, const std::string& reason) const;

  Result<Payout> ApprovePayout(storage::Txn& txn, const Principal& caller, const PayoutId& id,
                               std::string_view etag) const;
  Result<Payout> MarkSent(storage::Txn& txn, const Principal& caller, const PayoutId& id,
                          std::string_view etag) const;
  Result<Payout> ReportResult(storage::Txn& txn, const Principal& caller, const PayoutId& id,
                              std::string_view etag, const ReportPayout& report) const;

  /// A timer came due for "deposits/{id}" or "settlements/{id}".
  void OnDue(storage::Txn& txn, const std::string& subject) const;

  // --- Feeds: each may come again and then changes nothing

  struct IntentConfirmed {
    std::string intent;
    std::string listing;
    std::string exchange;
    std::string organization;
    std::string legal_name;
    Fen deposit;
    Time due_time;
    std::string reference;
    bool due_provisional = false;
  };
  Status OnIntentConfirmed(storage::Txn& txn, const IntentConfirmed& event) const;
  /// The intent was lost or released: what was paid goes back.
  Status OnIntentOver(storage::Txn& txn, const std::string& intent, const std::string& reason) const;

  struct ContractEffective {
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
    Fen listed_price;
    bool competitive = false;
    Time effective_time;
    Time payment_due_time;
  };
  /// Converts the winner's deposit and opens the settlement. FEE_TABLE_MISSING when none is in force.
  Status OnContractEffective(storage::Txn& txn, const ContractEffective& event) const;
  /// What another service says about a deal, before or after its settlement exists.
  Status OnFact(storage::Txn& txn, const std::string& deal, Fact fact, const std::string& name) const;
  Status OnOrganization(storage::Txn& txn, const std::string& name, const Organization& organization) const;

  // --- Queries

  Result<Notice> GetNotice(const storage::Reader& reader, const Principal& caller, const NoticeId& id) const;
  Result<Deposit> GetDeposit(const storage::Reader& reader, const Principal& caller,
                             const DepositId& id) const;
  Result<Settlement> GetSettlement(const storage::Reader& reader, const Principal& caller,
                                   const SettlementId& id) const;
  Result<Payout> GetPayout(const storage::Reader& reader, const Principal& caller, const PayoutId& id) const;

  /// At most `limit` of what the caller may see, with ids after `after`, in order; only those in `state` if given.
  /// Read from indices that hold nothing else, so that what ended long ago costs nothing.
  std::vector<Notice> ListNotices(const storage::Reader& reader, const Principal& caller,
                                  std::optional<NoticeState> state, std::string_view after,
                                  size_t limit) const;
  std::vector<Deposit> ListDeposits(const storage::Reader& reader, const Principal& caller,
                                    std::optional<DepositState> state, std::string_view intent,
                                    std::string_view after, size_t limit) const;
  /// `state` is compared with what is shown.
  std::vector<Settlement> ListSettlements(const storage::Reader& reader, const Principal& caller,
                                          std::optional<SettlementState> state, std::string_view deal,
                                          std::string_view after, size_t limit) const;
  std::vector<Payout> ListPayouts(const storage::Reader& reader, const Principal& caller,
                                  std::optional<PayoutState> state, std::string_view after,
                                  size_t limit) const;

  /// Whose ledger the caller may read: its own exchange's; an authority may name any. NOT_FOUND otherwise.
  Result<std::string> LedgerFor(const Principal& caller, const std::string& exchange) const;

  /// What `caller` may see of the events after `after_sequence`: services see all, staff their own
  /// exchange's.
  storage::LogPage<StoredEvent> ListEvents(const storage::Reader& reader, const Principal& caller,
                                           uint64_t after_sequence, size_t limit) const;

 private:
  struct Judged;
  std::optional<Judged> JudgeFor(const storage::Reader& reader, std::string_view reference,
                                 const Receipt& receipt) const;
  Status Take(storage::Txn& txn, const Judged& judged, const NoticeId& notice, const Receipt& receipt,
              const Source& source) const;
  Status PrepareNoticeRefund(storage::Txn& txn, const Notice& notice, const std::string& maker) const;
  Status PrepareDepositRefund(storage::Txn& txn, const Deposit& deposit) const;
  Status FinishPayout(storage::Txn& txn, const Payout& payout) const;
  // PERMISSION_DENIED when another bank than the caller's holds the exchange's escrow accounts.
  Status CheckEscrowBank(const Principal& caller, const std::string& exchange) const;
  // Who pays out what `received_by` took in: the exchange's escrow bank, if one is named.
  const std::string& PayingBank(const std::string& exchange, const std::string& received_by) const;
  Result<Fen> ConvertDepositOf(storage::Txn& txn, const ContractEffective& event) const;
  void OnDepositDue(storage::Txn& txn, Deposit deposit) const;
  // How many working days after `day` the period ends that ends at `end`.
  int32_t WorkdaysUntil(Date day, Time end) const;
  void OnSettlementDue(storage::Txn& txn, const Settlement& settlement) const;

  Date RefundDue(Time now) const {
    return calendar_.DeadlineWorkdays(DateInShanghai(now), options_.refund_workdays).date;
  }
  /// The end of a day that no holiday table covers yet: nothing legal is closed on it.
  bool IsProvisional(Time end) const { return DateInShanghai(end - Nanoseconds(1)) > calendar_.horizon(); }

  const Options options_;
  const std::vector<FeeTable> tables_;
  const std::string fee_table_;
  const Calendar& calendar_;
  IdSource& ids_;
};

}  // namespace ttx::settlement
