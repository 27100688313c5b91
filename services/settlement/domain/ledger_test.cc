#include "services/settlement/domain/ledger.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "services/settlement/domain/postings.h"

namespace ttx::settlement {
namespace {

const std::string kExchange = "organizations/exchange";
const std::string kDeal = "deals/d";
const std::string kWinner = "listings/l/intents/b03";
const std::string kLoser = "listings/l/intents/b01";

PostingContext Context(const std::string& subject) { return {kExchange, subject, Time{1}}; }

Source ArrivedAt(Escrow escrow, const std::string& notice, bool unmatched = false) {
  return {escrow, notice, unmatched};
}

Fen On(const Books& books, Account account, const std::string& dimension = "") {
  const auto it = books.find({account, dimension});
  return it == books.end() ? Fen{} : NetOf(account, it->second);
}

Books MustPost(Books books, std::vector<std::optional<Journal>> journals) {
  std::vector<Journal> group;
  for (auto& journal : journals) {
    EXPECT_TRUE(journal.has_value());
    if (journal) group.push_back(*journal);
  }
  Result<Books> posted = PostAll(std::move(books), group);
  EXPECT_TRUE(posted.ok()) << (posted.ok() ? "" : posted.error().message());
  if (!posted.ok()) return {};
  EXPECT_EQ(Check(*posted), std::nullopt);
  return *posted;
}

std::string InvariantBroken(const Result<Books>& result) {
  if (result.ok() || result.error().reason != Reason::kLEDGER_REFUSED) return "none";
  return result.error().metadata.at("invariant");
}

// The deal of domain.md 7.3, step by step, to the fen.
TEST(Ledger, TheWorkedDeal) {
  constexpr Fen kDeposit{10'000'000};
  constexpr Fen kRest{96'000'000};
  constexpr Fen kBuyerFee{3'392'000};
  constexpr Fen kSellerFee{254'400};
  constexpr Fen kProceeds{105'745'600};
  constexpr Fen kFees{3'646'400};
  const std::string n1 = "bankNotices/1", n2 = "bankNotices/2", n3 = "bankNotices/3", n4 = "bankNotices/4";
  Books books;
  books = MustPost(books, {NoticeUnmatched(Context(n1), ArrivedAt(Escrow::kDeposit, n1), kDeposit)});
  EXPECT_EQ(On(books, Account::kUnmatchedReceipt, n1), kDeposit);
  books = MustPost(books, {DepositMatched(Context("deposits/b03"), ArrivedAt(Escrow::kDeposit, n1, true),
                                          kWinner, kDeposit)});
  EXPECT_EQ(On(books, Account::kUnmatchedReceipt), Fen{});
  EXPECT_EQ(On(books, Account::kDepositPayable, kWinner), kDeposit);
  books = MustPost(books, {NoticeUnmatched(Context(n2), ArrivedAt(Escrow::kDeposit, n2), kDeposit),
                           DepositMatched(Context("deposits/b01"), ArrivedAt(Escrow::kDeposit, n2, true),
                                          kLoser, kDeposit)});
  EXPECT_EQ(On(books, Account::kBankEscrowDeposit), kDeposit + kDeposit);
  books = MustPost(books, {DepositConverted(Context("deposits/b03"), kWinner, kDeal, kDeposit)});
  EXPECT_EQ(On(books, Account::kDepositPayable, kWinner), Fen{});
  EXPECT_EQ(On(books, Account::kTradeFunds, kDeal), kDeposit);
  EXPECT_EQ(On(books, Account::kBankEscrowPrice), kDeposit);
  EXPECT_EQ(On(books, Account::kBankEscrowDeposit), kDeposit);
  books = MustPost(books, {PricePaid(Context(n3), ArrivedAt(Escrow::kPrice, n3), kDeal, kRest, {})});
  EXPECT_EQ(On(books, Account::kTradeFunds, kDeal), Fen{106'000'000});
  books = MustPost(books, {BuyerFeePaid(Context(n4), ArrivedAt(Escrow::kPrice, n4), kDeal, kBuyerFee, {})});
  EXPECT_EQ(On(books, Account::kBankEscrowPrice), Fen{109'392'000});
  books = MustPost(books, {SellerFeeDeducted(Context("settlements/s"), kDeal, kSellerFee)});
  EXPECT_EQ(On(books, Account::kFeeHeld), kFees);
  EXPECT_EQ(On(books, Account::kTradeFunds, kDeal), kProceeds);
  books = MustPost(books, {ReleaseMet(Context("settlements/s"), kDeal, kProceeds)});
  EXPECT_EQ(On(books, Account::kSellerPayable, kDeal), kProceeds);
  books = MustPost(books, {ProceedsPaid(Context("payouts/p"), kDeal, kProceeds)});
  EXPECT_EQ(On(books, Account::kBankEscrowPrice), kFees);
  // Earned and swept in one commit: between the two, escrow money would be owed to nobody (I2).
  const auto earned = FeeEarned(Context("settlements/s"), kDeal, kBuyerFee, kSellerFee);
  EXPECT_EQ(InvariantBroken(PostAll(books, std::vector{*earned})), "I2");
  books = MustPost(books, {earned, FeeSwept(Context("settlements/s"), kFees)});
  books = MustPost(books, {DepositToRefund(Context("deposits/b01"), kLoser, kDeposit)});
  EXPECT_EQ(On(books, Account::kRefundPayable, kLoser), kDeposit);
  books = MustPost(books, {RefundPaid(Context("payouts/l"), kLoser, Escrow::kDeposit, kDeposit)});

  for (const AccountInfo& info : Chart()) {
    const Fen expected =
        info.account == Account::kBankOwn || info.account == Account::kFeeIncome ? kFees : Fen{};
    EXPECT_EQ(On(books, info.account), expected) << info.title;
  }
  // Everything that came into escrow left it.
  EXPECT_EQ((books[{Account::kBankEscrowPrice, ""}].debits), Fen{109'392'000});
  EXPECT_EQ((books[{Account::kBankEscrowPrice, ""}].credits), Fen{109'392'000});
  __int128 debits = 0, credits = 0;
  for (const AccountInfo& info : Chart()) {
    debits += books[{info.account, ""}].debits.value;
    credits += books[{info.account, ""}].credits.value;
  }
  EXPECT_TRUE(debits == credits);
}

Journal Make(std::vector<Line> lines, Template name = Template::kPricePaid) {
  return {.id = "j",
          .exchange = kExchange,
          .name = name,
          .subject = "s",
          .lines = std::move(lines),
          .reverses = {},
          .time = Time{1}};
}

TEST(Ledger, RefusesWhatBreaksAnInvariant) {
  const Line bank{Account::kBankEscrowPrice, "price", Side::kDebit, {100}};
  const Line owed{Account::kTradeFunds, kDeal, Side::kCredit, {100}};
  const auto post = [](Journal journal) { return InvariantBroken(PostAll({}, std::vector{journal})); };
  EXPECT_EQ(post(Make({bank, owed})), "none");
  EXPECT_EQ(post(Make({bank})), "I1");
  EXPECT_EQ(post(Make({})), "I1");
  EXPECT_EQ(post(Make({bank, {Account::kTradeFunds, kDeal, Side::kCredit, {99}}})), "I1");
  EXPECT_EQ(post(Make({{Account::kBankEscrowPrice, "price", Side::kDebit, {-100}},
                       {Account::kTradeFunds, kDeal, Side::kCredit, {-100}}})),
            "I1");
  EXPECT_EQ(post(Make({bank, {Account::kTradeFunds, "", Side::kCredit, {100}}})), "I1");
  EXPECT_EQ(post(Make({{Account::kBankOwn, "own", Side::kDebit, {100}}, owed})), "I2");
  EXPECT_EQ(post(Make({{Account::kDepositPayable, kWinner, Side::kDebit, {100}}, owed})), "I3");
  EXPECT_EQ(post(Make({bank, {Account::kFeeIncome, kDeal, Side::kCredit, {100}}})), "I6");
  EXPECT_EQ(post(Make({{Account::kTradeFunds, kDeal, Side::kDebit, {100}},
                       {Account::kFeeIncome, kDeal, Side::kCredit, {100}}})),
            "I6");
  EXPECT_EQ(post(Make({bank, owed}, Template::kReversal)), "I5");
}

TEST(Ledger, CountersDoNotOverflow) {
  Books books;
  books[{Account::kBankEscrowPrice, ""}].debits = {INT64_MAX - 10};
  const Journal journal = Make({{Account::kBankEscrowPrice, "price", Side::kDebit, {11}},
                                {Account::kTradeFunds, kDeal, Side::kCredit, {11}}});
  EXPECT_EQ(InvariantBroken(PostAll(books, std::vector{journal})), "OVERFLOW");
}

TEST(Ledger, AReversalUndoesAndNeverErases) {
  const auto paid =
      PricePaid(Context("bankNotices/1"), ArrivedAt(Escrow::kPrice, "bankNotices/1"), kDeal, {500}, {40});
  Books books = MustPost({}, {paid});
  EXPECT_EQ(On(books, Account::kRefundPayable, "bankNotices/1"), Fen{40});
  books = MustPost(books, {Reverse(*paid, Time{2})});
  EXPECT_EQ(On(books, Account::kTradeFunds, kDeal), Fen{});
  EXPECT_EQ((books[{Account::kTradeFunds, kDeal}].credits), Fen{500});
  EXPECT_EQ((books[{Account::kTradeFunds, kDeal}].debits), Fen{500});
  EXPECT_EQ(Reverse(*paid, Time{2}).reverses, paid->id);
}

TEST(Ledger, EarnedFeesCanBeReversed) {
  const PostingContext context = Context("settlements/s");
  const auto fee =
      BuyerFeePaid(Context("bankNotices/1"), ArrivedAt(Escrow::kPrice, "bankNotices/1"), kDeal, {70}, {});
  const auto earned = FeeEarned(context, kDeal, {70}, {});
  const auto swept = FeeSwept(context, {70});
  const Books books = MustPost({}, {fee, earned, swept});
  const Books back = MustPost(books, {Reverse(*earned, Time{2}), Reverse(*swept, Time{2})});
  EXPECT_EQ(On(back, Account::kFeeHeld), Fen{70});
  EXPECT_EQ(On(back, Account::kFeeIncome), Fen{});
}

TEST(Ledger, CheckSeesDamage) {
  const auto paid = PricePaid(Context("n"), ArrivedAt(Escrow::kPrice, "n"), kDeal, {500}, {});
  const Books good = MustPost({}, {paid});
  Books books = good;
  books[{Account::kTradeFunds, kDeal}].credits = {501};
  EXPECT_EQ(Check(books), "a control account is off (E2)");
  books[{Account::kTradeFunds, ""}].credits = {501};
  EXPECT_EQ(Check(books), "debits and credits differ (I1)");
  books = good;
  books.erase({Account::kTradeFunds, ""});
  books.erase({Account::kTradeFunds, kDeal});
  books[{Account::kFeeIncome, ""}].credits = {500};
  books[{Account::kFeeIncome, kDeal}].credits = {500};
  EXPECT_EQ(Check(books), "escrow money is not what clients are owed (I2)");
  books[{Account::kFeeIncome, kDeal}].debits = {501};
  EXPECT_EQ(Check(books), "a balance below 0 (I3)");
}

TEST(Ledger, AmountsOfZeroPostNothing) {
  EXPECT_FALSE(DepositConverted(Context("deposits/d"), kWinner, kDeal, {}).has_value());
  EXPECT_FALSE(FeeEarned(Context("s"), kDeal, {}, {}).has_value());
  EXPECT_EQ(PricePaid(Context("n"), ArrivedAt(Escrow::kPrice, "n"), kDeal, {1}, {})->lines.size(), 2u);
}

TEST(Ledger, EveryTemplateHasAName) {
  for (int i = 0; i <= static_cast<int>(Template::kReversal); ++i) {
    const auto name = static_cast<Template>(i);
    EXPECT_EQ(FindTemplate(TemplateName(name)), name);
  }
  EXPECT_EQ(FindTemplate("NO_SUCH"), std::nullopt);
  EXPECT_EQ(FindAccount(2101)->account, Account::kDepositPayable);
  EXPECT_EQ(FindAccount(2199), nullptr);
}

RC_GTEST_PROP(LedgerProperty, RandomJournalsNeverBreakTheBooks, ()) {
  const auto accounts = Chart();
  Books books;
  const int groups = *rc::gen::inRange(1, 40);
  for (int g = 0; g < groups; ++g) {
    std::vector<Line> lines;
    const int count = *rc::gen::inRange(1, 5);
    for (int i = 0; i < count; ++i) {
      const auto& info = accounts[*rc::gen::inRange<size_t>(0, accounts.size())];
      lines.push_back({info.account,
                       *rc::gen::element<std::string>("a", "b"),
                       *rc::gen::element(Side::kDebit, Side::kCredit),
                       {*rc::gen::inRange<int64_t>(1, 4)}});
    }
    const Books before = books;
    Result<Books> posted = PostAll(books, std::vector{Make(lines)});
    if (!posted.ok()) continue;
    books = *posted;
    RC_ASSERT(Check(books) == std::nullopt);
    for (const auto& [key, balance] : before) {  // E5
      RC_ASSERT(books.at(key).debits >= balance.debits);
      RC_ASSERT(books.at(key).credits >= balance.credits);
    }
  }
}

}  // namespace
}  // namespace ttx::settlement
