#include "services/settlement/domain/postings.h"

namespace ttx::settlement {
namespace {

Line Debit(Account account, std::string dimension, Fen amount) {
  return {account, std::move(dimension), Side::kDebit, amount};
}
Line Credit(Account account, std::string dimension, Fen amount) {
  return {account, std::move(dimension), Side::kCredit, amount};
}

// The dimension of a bank account is what it is used for.
std::string BankDimension(Escrow escrow) { return escrow == Escrow::kDeposit ? "deposit" : "price"; }

Line BankDebit(Escrow escrow, Fen amount) {
  return Debit(BankAccount(escrow), BankDimension(escrow), amount);
}
Line BankCredit(Escrow escrow, Fen amount) {
  return Credit(BankAccount(escrow), BankDimension(escrow), amount);
}

// Takes received money from where it stands.
Line Take(const Source& source, Fen amount) {
  return source.unmatched ? Debit(Account::kUnmatchedReceipt, source.notice, amount)
                          : BankDebit(source.escrow, amount);
}

std::string BuyerOf(const std::string& deal) { return deal + "/buyer"; }
std::string SellerOf(const std::string& deal) { return deal + "/seller"; }

std::optional<Journal> Make(const PostingContext& context, Template name, std::vector<Line> lines) {
  std::erase_if(lines, [](const Line& line) { return line.amount == Fen{}; });
  if (lines.empty()) return std::nullopt;
  return Journal{.id = std::string(TemplateName(name)) + "/" + context.subject,
                 .exchange = context.exchange,
                 .name = name,
                 .subject = context.subject,
                 .lines = std::move(lines),
                 .reverses = {},
                 .time = context.time};
}

}  // namespace

Account BankAccount(Escrow escrow) {
  return escrow == Escrow::kDeposit ? Account::kBankEscrowDeposit : Account::kBankEscrowPrice;
}

std::optional<Journal> NoticeUnmatched(const PostingContext& context, const Source& source, Fen amount) {
  return Make(context, Template::kNoticeUnmatched,
              {BankDebit(source.escrow, amount), Credit(Account::kUnmatchedReceipt, source.notice, amount)});
}

std::optional<Journal> DepositMatched(const PostingContext& context, const Source& source,
                                      const std::string& intent, Fen amount) {
  return Make(context, Template::kDepositMatched,
              {Take(source, amount), Credit(Account::kDepositPayable, intent, amount)});
}

std::optional<Journal> DepositConverted(const PostingContext& context, const std::string& intent,
                                        const std::string& deal, Fen amount) {
  return Make(context, Template::kDepositConverted,
              {Debit(Account::kDepositPayable, intent, amount), Credit(Account::kTradeFunds, deal, amount),
               BankDebit(Escrow::kPrice, amount), BankCredit(Escrow::kDeposit, amount)});
}

std::optional<Journal> PricePaid(const PostingContext& context, const Source& source, const std::string& deal,
                                 Fen amount, Fen excess) {
  return Make(context, Template::kPricePaid,
              {Take(source, amount + excess), Credit(Account::kTradeFunds, deal, amount),
               Credit(Account::kRefundPayable, source.notice, excess)});
}

std::optional<Journal> BuyerFeePaid(const PostingContext& context, const Source& source,
                                    const std::string& deal, Fen amount, Fen excess) {
  return Make(context, Template::kBuyerFeePaid,
              {Take(source, amount + excess), Credit(Account::kFeeHeld, BuyerOf(deal), amount),
               Credit(Account::kRefundPayable, source.notice, excess)});
}

std::optional<Journal> SellerFeeDeducted(const PostingContext& context, const std::string& deal, Fen amount) {
  return Make(context, Template::kSellerFeeDeducted,
              {Debit(Account::kTradeFunds, deal, amount), Credit(Account::kFeeHeld, SellerOf(deal), amount)});
}

std::optional<Journal> ReleaseMet(const PostingContext& context, const std::string& deal, Fen amount) {
  return Make(context, Template::kReleaseMet,
              {Debit(Account::kTradeFunds, deal, amount), Credit(Account::kSellerPayable, deal, amount)});
}

std::optional<Journal> ProceedsPaid(const PostingContext& context, const std::string& deal, Fen amount) {
  return Make(context, Template::kProceedsPaid,
              {Debit(Account::kSellerPayable, deal, amount), BankCredit(Escrow::kPrice, amount)});
}

std::optional<Journal> FeeEarned(const PostingContext& context, const std::string& deal, Fen buyer_fee,
                                 Fen seller_fee) {
  return Make(context, Template::kFeeEarned,
              {Debit(Account::kFeeHeld, BuyerOf(deal), buyer_fee),
               Debit(Account::kFeeHeld, SellerOf(deal), seller_fee),
               Credit(Account::kFeeIncome, deal, buyer_fee + seller_fee)});
}

std::optional<Journal> FeeSwept(const PostingContext& context, Fen amount) {
  return Make(context, Template::kFeeSwept,
              {Debit(Account::kBankOwn, "own", amount), BankCredit(Escrow::kPrice, amount)});
}

std::optional<Journal> DepositToRefund(const PostingContext& context, const std::string& intent, Fen amount) {
  return Make(
      context, Template::kDepositToRefund,
      {Debit(Account::kDepositPayable, intent, amount), Credit(Account::kRefundPayable, intent, amount)});
}

std::optional<Journal> NoticeToRefund(const PostingContext& context, const Source& source, Fen amount) {
  return Make(context, Template::kNoticeToRefund,
              {Take(source, amount), Credit(Account::kRefundPayable, source.notice, amount)});
}

std::optional<Journal> RefundPaid(const PostingContext& context, const std::string& owed_to, Escrow escrow,
                                  Fen amount) {
  return Make(context, Template::kRefundPaid,
              {Debit(Account::kRefundPayable, owed_to, amount), BankCredit(escrow, amount)});
}

}  // namespace ttx::settlement
