#include "services/settlement/domain/ledger.h"

#include <algorithm>
#include <set>

#include "services/settlement/domain/limits.h"

namespace ttx::settlement {
namespace {

constexpr AccountInfo kChart[] = {
    {Account::kBankEscrowDeposit, AccountClass::kAsset, "BANK_ESCROW_DEPOSIT"},
    {Account::kBankEscrowPrice, AccountClass::kAsset, "BANK_ESCROW_PRICE"},
    {Account::kBankOwn, AccountClass::kAsset, "BANK_OWN"},
    {Account::kUnmatchedReceipt, AccountClass::kLiability, "UNMATCHED_RECEIPT"},
    {Account::kDepositPayable, AccountClass::kLiability, "DEPOSIT_PAYABLE"},
    {Account::kRefundPayable, AccountClass::kLiability, "REFUND_PAYABLE"},
    {Account::kForfeitHeld, AccountClass::kLiability, "FORFEIT_HELD"},
    {Account::kTradeFunds, AccountClass::kLiability, "TRADE_FUNDS"},
    {Account::kSellerPayable, AccountClass::kLiability, "SELLER_PAYABLE"},
    {Account::kMilestoneHeld, AccountClass::kLiability, "MILESTONE_HELD"},
    {Account::kFeeHeld, AccountClass::kLiability, "FEE_HELD"},
    {Account::kVoucherSubsidy, AccountClass::kLiability, "VOUCHER_SUBSIDY"},
    {Account::kFeeIncome, AccountClass::kIncome, "FEE_INCOME"},
    {Account::kInstalmentReceivable, AccountClass::kMemo, "INSTALMENT_RECEIVABLE"},
};

constexpr std::pair<Template, std::string_view> kTemplates[] = {
    {Template::kNoticeUnmatched, "NOTICE_UNMATCHED"},
    {Template::kDepositMatched, "DEPOSIT_MATCHED"},
    {Template::kDepositConverted, "DEPOSIT_CONVERTED"},
    {Template::kPricePaid, "PRICE_PAID"},
    {Template::kBuyerFeePaid, "BUYER_FEE_PAID"},
    {Template::kSellerFeeDeducted, "SELLER_FEE_DEDUCTED"},
    {Template::kReleaseMet, "RELEASE_MET"},
    {Template::kProceedsPaid, "PROCEEDS_PAID"},
    {Template::kFeeEarned, "FEE_EARNED"},
    {Template::kFeeSwept, "FEE_SWEPT"},
    {Template::kDepositToRefund, "DEPOSIT_TO_REFUND"},
    {Template::kNoticeToRefund, "NOTICE_TO_REFUND"},
    {Template::kRefundPaid, "REFUND_PAID"},
    {Template::kReversal, "REVERSAL"},
};

AccountClass ClassOf(Account account) {
  const AccountInfo* info = FindAccount(static_cast<int32_t>(account));
  TTX_CHECK(info != nullptr, "an account outside the chart");
  return info->account_class;
}

bool IsEscrow(Account account) {
  return account == Account::kBankEscrowDeposit || account == Account::kBankEscrowPrice;
}

Error Refused(const Journal& journal, const char* invariant) {
  return Error(Reason::kLEDGER_REFUSED, {{"journal", journal.id}, {"invariant", invariant}});
}

// I1: at least two lines, every amount above 0, debits equal credits. The sums are taken in 128 bits (E14).
bool IsBalanced(const Journal& journal) {
  __int128 difference = 0;
  for (const Line& line : journal.lines) {
    if (line.amount.value <= 0 || line.dimension.empty()) return false;
    difference += line.side == Side::kDebit ? line.amount.value : -static_cast<__int128>(line.amount.value);
  }
  return difference == 0 && journal.lines.size() >= 2 && journal.lines.size() <= kMaxJournalLines;
}

// I6: what is credited to income was debited to fees held, line by line in sum; a reversal is the mirror
// image.
bool FundsIncomeRightly(const Journal& journal) {
  const Side income_side = journal.reverses.empty() ? Side::kCredit : Side::kDebit;
  __int128 income = 0;
  __int128 held = 0;
  for (const Line& line : journal.lines) {
    if (line.account == Account::kFeeIncome) {
      if (line.side != income_side) return false;
      income += line.amount.value;
    }
    if (line.account == Account::kFeeHeld && line.side != income_side) held += line.amount.value;
  }
  return income == 0 ||
         (income == held && std::all_of(journal.lines.begin(), journal.lines.end(), [](const Line& line) {
            return line.account == Account::kFeeIncome || line.account == Account::kFeeHeld;
          }));
}

bool AddTo(Balance& balance, const Line& line) {
  Fen& counter = line.side == Side::kDebit ? balance.debits : balance.credits;
  const __int128 sum = static_cast<__int128>(counter.value) + line.amount.value;
  if (sum > INT64_MAX) return false;
  counter.value = static_cast<int64_t>(sum);
  return true;
}

// I2: escrow money equals what clients are owed. In 128 bits: the difference of sums over accounts.
bool EscrowIsOwed(const Books& books) {
  __int128 difference = 0;
  for (const auto& [key, balance] : books) {
    if (!key.dimension.empty()) continue;
    const __int128 debit_balance = static_cast<__int128>(balance.debits.value) - balance.credits.value;
    if (IsEscrow(key.account) || ClassOf(key.account) == AccountClass::kLiability)
      difference += debit_balance;
  }
  return difference == 0;
}

Status Post(Books& books, const Journal& journal) {
  if (!IsBalanced(journal)) return Refused(journal, "I1");
  if (!FundsIncomeRightly(journal)) return Refused(journal, "I6");
  if ((journal.name == Template::kReversal) == journal.reverses.empty()) return Refused(journal, "I5");
  for (const Line& line : journal.lines) {
    for (const BalanceKey& key : {BalanceKey{line.account, line.dimension}, BalanceKey{line.account, ""}}) {
      if (!AddTo(books[key], line)) return Refused(journal, "OVERFLOW");
    }
  }
  for (const Line& line : journal.lines) {
    if (ClassOf(line.account) == AccountClass::kMemo) continue;
    if (NetOf(line.account, books[{line.account, line.dimension}]) < Fen{}) return Refused(journal, "I3");
  }
  return {};
}

}  // namespace

std::span<const AccountInfo> Chart() { return kChart; }

const AccountInfo* FindAccount(int32_t code) {
  for (const AccountInfo& info : kChart) {
    if (static_cast<int32_t>(info.account) == code) return &info;
  }
  return nullptr;
}

std::string_view TemplateName(Template name) {
  for (const auto& [value, text] : kTemplates) {
    if (value == name) return text;
  }
  TTX_CHECK(false, "a template without a name");
}

std::optional<Template> FindTemplate(std::string_view name) {
  for (const auto& [value, text] : kTemplates) {
    if (text == name) return value;
  }
  return std::nullopt;
}

std::vector<BalanceKey> Touched(std::span<const Journal> journals) {
  std::set<BalanceKey> keys;
  for (const AccountInfo& info : kChart) keys.insert({info.account, ""});
  for (const Journal& journal : journals) {
    for (const Line& line : journal.lines) keys.insert({line.account, line.dimension});
  }
  return {keys.begin(), keys.end()};
}

Result<Books> PostAll(Books books, std::span<const Journal> journals) {
  for (const Journal& journal : journals) TTX_RETURN_IF_ERROR(Post(books, journal));
  if (!journals.empty() && !EscrowIsOwed(books)) return Refused(journals.back(), "I2");
  return books;
}

Fen NetOf(Account account, const Balance& balance) {
  switch (ClassOf(account)) {
    case AccountClass::kAsset:
    case AccountClass::kMemo:
      return balance.debits - balance.credits;
    case AccountClass::kLiability:
    case AccountClass::kIncome:
      return balance.credits - balance.debits;
  }
  TTX_CHECK(false, "unreachable");
}

std::optional<std::string> Check(const Books& books) {
  std::map<Account, std::pair<__int128, __int128>> sums;
  __int128 difference = 0;
  for (const auto& [key, balance] : books) {
    if (balance.debits < Fen{} || balance.credits < Fen{}) return "a counter below 0 (E5)";
    const bool may_be_negative = ClassOf(key.account) == AccountClass::kMemo;
    if (!may_be_negative && NetOf(key.account, balance) < Fen{}) return "a balance below 0 (I3)";
    if (key.dimension.empty()) {
      difference += static_cast<__int128>(balance.debits.value) - balance.credits.value;
    } else {
      sums[key.account].first += balance.debits.value;
      sums[key.account].second += balance.credits.value;
    }
  }
  for (const AccountInfo& info : kChart) {
    const auto control = books.find({info.account, ""});
    const Balance balance = control == books.end() ? Balance{} : control->second;
    const auto& [debits, credits] = sums[info.account];
    if (debits != balance.debits.value || credits != balance.credits.value)
      return "a control account is off (E2)";
  }
  if (difference != 0) return "debits and credits differ (I1)";
  if (!EscrowIsOwed(books)) return "escrow money is not what clients are owed (I2)";
  return std::nullopt;
}

Journal Reverse(const Journal& journal, Time now) {
  Journal reversal = journal;
  reversal.id = "REVERSAL/" + journal.id;
  reversal.name = Template::kReversal;
  reversal.reverses = journal.id;
  reversal.time = now;
  reversal.number = 0;
  for (Line& line : reversal.lines) line.side = line.side == Side::kDebit ? Side::kCredit : Side::kDebit;
  return reversal;
}

}  // namespace ttx::settlement
