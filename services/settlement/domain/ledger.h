#pragma once

#include <compare>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/money.h"
#include "libs/core/result.h"
#include "libs/core/time.h"

namespace ttx::settlement {

/// The chart of accounts (domain.md 7.2); the numbers are the codes and are stored.
enum class Account : int32_t {
  kBankEscrowDeposit = 1001,
  kBankEscrowPrice = 1002,
  kBankOwn = 1003,
  kUnmatchedReceipt = 2001,
  kDepositPayable = 2101,
  kRefundPayable = 2102,
  kForfeitHeld = 2103,
  kTradeFunds = 2201,
  kSellerPayable = 2202,
  kMilestoneHeld = 2203,
  kFeeHeld = 2301,
  kVoucherSubsidy = 2401,
  kFeeIncome = 4001,
  kInstalmentReceivable = 9001,
};

enum class AccountClass { kAsset, kLiability, kIncome, kMemo };

struct AccountInfo {
  Account account;
  AccountClass account_class;
  std::string_view title;
};
/// The whole chart, by code.
std::span<const AccountInfo> Chart();
/// The row of a code, or nullptr.
const AccountInfo* FindAccount(int32_t code);

/// What a journal was made for; stored by name.
enum class Template {
  kNoticeUnmatched,
  kDepositMatched,
  kDepositConverted,
  kPricePaid,
  kBuyerFeePaid,
  kSellerFeeDeducted,
  kReleaseMet,
  kProceedsPaid,
  kFeeEarned,
  kFeeSwept,
  kDepositToRefund,
  kNoticeToRefund,
  kRefundPaid,
  kReversal,
};
std::string_view TemplateName(Template name);
std::optional<Template> FindTemplate(std::string_view name);

enum class Side { kDebit, kCredit };

struct Line {
  Account account;
  std::string dimension;  // what the amount is kept for; never empty
  Side side;
  Fen amount;  // more than 0
  bool operator==(const Line&) const = default;
};

/// One entry of one exchange's ledger. Immutable; corrected by a reversing one (E12).
struct Journal {
  std::string id;        // the idempotency key, unique in the ledger (I4)
  std::string exchange;  // whose ledger
  Template name;
  std::string subject;  // a resource name
  std::vector<Line> lines;
  std::string reverses;  // id of the journal it reverses, empty for others
  Time time;
  int64_t number = 0;  // 1, 2, 3 ... in the exchange's ledger; given when it is posted
  bool operator==(const Journal&) const = default;
};

/// A balance is kept as two counters that only grow (E5).
struct Balance {
  Fen debits;
  Fen credits;
  bool operator==(const Balance&) const = default;
};

/// With an empty dimension: the control account, i.e. the sum over all dimensions of the account.
struct BalanceKey {
  Account account;
  std::string dimension;
  auto operator<=>(const BalanceKey&) const = default;
};

/// Balances of one exchange's ledger: all of them, or those that a group of journals touches.
using Books = std::map<BalanceKey, Balance>;

/// Every balance that PostAll of these journals reads: those of the lines and all control accounts.
std::vector<BalanceKey> Touched(std::span<const Journal> journals);

/// The books after all journals of one commit. `books` holds at least Touched(journals). Refusals are
/// LEDGER_REFUSED with `journal` and `invariant`: I1 (debits equal credits, every amount above 0), I3 (no
/// balance below 0), I5 (a reversal mirrors), I6 (income only from fees held), OVERFLOW (a counter would
/// exceed 63 bits), and after the last journal I2 (escrow money equals what clients are owed).
Result<Books> PostAll(Books books, std::span<const Journal> journals);

/// What is on an account: debits less credits for assets and memo accounts, credits less debits for others.
Fen NetOf(Account account, const Balance& balance);

/// The invariants that concern balances, over complete books: I2, I3, control accounts equal the sums of
/// their dimensions, debits equal credits. Names the first violation.
std::optional<std::string> Check(const Books& books);

/// The journal that undoes `journal` (I5).
Journal Reverse(const Journal& journal, Time now);

}  // namespace ttx::settlement
