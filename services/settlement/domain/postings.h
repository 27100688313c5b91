#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/settlement/domain/ledger.h"

namespace ttx::settlement {

/// The escrow account that money came into or leaves from.
enum class Escrow { kDeposit, kPrice };
Account BankAccount(Escrow escrow);

/// What every posting is made with. `subject` is the resource it is about and part of the journal's id, so
/// that a second posting of the same template for it is refused (I4).
struct PostingContext {
  std::string exchange;
  std::string subject;
  Time time;
};

/// Where received money stands: on the bank account it came into, or with the unmatched notice that brought
/// it.
struct Source {
  Escrow escrow;
  std::string notice;      // "bankNotices/{id}"
  bool unmatched = false;  // it has been booked as unmatched before
};

/// The posting templates of domain.md 7.3, numbered as there. Amounts of 0 leave their lines out; a journal
/// without lines is nothing.
std::optional<Journal> NoticeUnmatched(const PostingContext& context, const Source& source, Fen amount);  // 1
std::optional<Journal> DepositMatched(const PostingContext& context, const Source& source,
                                      const std::string& intent, Fen amount);  // 2
std::optional<Journal> DepositConverted(const PostingContext& context, const std::string& intent,
                                        const std::string& deal, Fen amount);  // 3
/// `excess` is what the payer gets back.
std::optional<Journal> PricePaid(const PostingContext& context, const Source& source, const std::string& deal,
                                 Fen amount, Fen excess);  // 4
std::optional<Journal> BuyerFeePaid(const PostingContext& context, const Source& source,
                                    const std::string& deal, Fen amount, Fen excess);  // 5
std::optional<Journal> SellerFeeDeducted(const PostingContext& context, const std::string& deal,
                                         Fen amount);                                                     // 6
std::optional<Journal> ReleaseMet(const PostingContext& context, const std::string& deal, Fen amount);    // 7
std::optional<Journal> ProceedsPaid(const PostingContext& context, const std::string& deal, Fen amount);  // 8
std::optional<Journal> FeeEarned(const PostingContext& context, const std::string& deal, Fen buyer_fee,
                                 Fen seller_fee);                            // 9
std::optional<Journal> FeeSwept(const PostingContext& context, Fen amount);  // 10
std::optional<Journal> DepositToRefund(const PostingContext& context, const std::string& intent,
                                       Fen amount);  // L1
std::optional<Journal> NoticeToRefund(const PostingContext& context, const Source& source, Fen amount);
/// `owed_to` is the intent or the notice that the refund was booked for.
std::optional<Journal> RefundPaid(const PostingContext& context, const std::string& owed_to, Escrow escrow,
                                  Fen amount);  // L2

}  // namespace ttx::settlement
