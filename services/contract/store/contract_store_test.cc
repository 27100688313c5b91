#include "services/contract/store/contract_store.h"

#include <gtest/gtest.h>

#include "libs/core/encoding.h"
#include "libs/storage/exchange_codes.h"
#include "services/contract/domain/fixtures.h"

namespace ttx::contract {
namespace {

using fixtures::Start;

// One command's view of an empty store.
struct EmptyStore : storage::Reader {
  std::optional<std::string> Get(std::string_view) const override { return std::nullopt; }
  std::vector<std::optional<std::string>> MultiGet(const std::vector<std::string>& keys) const override {
    return std::vector<std::optional<std::string>>(keys.size());
  }
  std::vector<storage::Entry> Scan(const storage::KeyRange&, size_t, storage::Direction) const override {
    return {};
  }
};

class StoreTest : public ::testing::Test {
 protected:
  std::string ValueAt(const std::string& hex_key) const {
    const auto it = txn_.staged().find(*FromHex(hex_key));
    return it == txn_.staged().end() || !it->second ? "(none)" : Hex(*it->second);
  }

  EmptyStore store_;
  storage::Overlay batch_;
  std::unordered_map<std::string, std::optional<std::string>> prefetched_;
  storage::Txn txn_{store_, batch_, prefetched_, Start(), 1};
};

// The format on disk: a change breaks every store that exists.
TEST_F(StoreTest, GoldenKeysAndRecords) {
  SaveSigningKey(txn_, {.key_id = "k",
                        .organization = "o",
                        .suite = "s",
                        .public_key_pem = "p",
                        .person = "q",
                        .add_time = {1},
                        .revoke_time = {2}});
  EXPECT_EQ(ValueAt("1a6b00"), "0a016b12016f1a01732201702a017130013802");
  const Status given = storage::GiveExchangeCode(txn_, Table::kExchangeCode, Table::kExchangeByCode, "o",
                                                 "91110108MA01ABCD5T");
  ASSERT_TRUE(given.ok());
  EXPECT_EQ(ValueAt("206f00"), "42434435");
  EXPECT_EQ(ValueAt("214243443500"), "6f");
  SaveObjection(txn_, "d", {"x", ObjectionState::kUpheld});
  EXPECT_EQ(ValueAt("1c64007800"), "55");
  EXPECT_EQ(TakeDealSequence(txn_, "H7TX", 2026).value(), 1);
  EXPECT_EQ(TakeDealSequence(txn_, "H7TX", 2026).value(), 2);
  EXPECT_EQ(ValueAt("1d483754580000000000000007ea"), "0000000000000002");
}

TEST_F(StoreTest, ASeriesOfNumbersEndsWithAnError) {
  txn_.Put(*FromHex("1d483754580000000000000007ea"), *FromHex("00000000000f423e"));
  EXPECT_EQ(TakeDealSequence(txn_, "H7TX", 2026).value(), kMaxDealSequence);
  for (int i = 0; i < 2; ++i) {
    const Result<int64_t> exhausted = TakeDealSequence(txn_, "H7TX", 2026);
    ASSERT_FALSE(exhausted.ok());
    EXPECT_EQ(exhausted.error().reason, Reason::kDEAL_NUMBERS_EXHAUSTED);
    EXPECT_EQ(exhausted.error().metadata.at("year"), "2026");
  }
  EXPECT_EQ(ValueAt("1d483754580000000000000007ea"), "00000000000f423f");
  EXPECT_EQ(TakeDealSequence(txn_, "H7TX", 2027).value(), 1);
}

TEST_F(StoreTest, ADealIsFoundByItsPartiesItsListingAndItsDocument) {
  const DealDecision created = Decide(fixtures::NewDeal(), Start()).value();
  SaveDecision(txn_, static_cast<const Deal*>(nullptr), created);
  EXPECT_EQ(LoadDeal(txn_, {"d1"}), created.next);
  EXPECT_EQ(LoadDeal(txn_, {"d2"}), std::nullopt);
  for (const std::string& organization : {fixtures::kSeller, fixtures::kBuyer, fixtures::kExchange}) {
    EXPECT_EQ(ListByParty(txn_, Table::kDealByParty, organization, "", 10), std::vector<std::string>{"d1"});
    EXPECT_TRUE(ListByParty(txn_, Table::kDealByParty, organization, "d1", 10).empty());
  }
  EXPECT_TRUE(ListByParty(txn_, Table::kDealByParty, "organizations/exchang", "", 10).empty());
  EXPECT_EQ(ListDealsOfListing(txn_, "listings/l1"), std::vector<DealId>{{"d1"}});
  EXPECT_EQ(FindDocument(txn_, created.next.hashes.sha256), "deals/d1");
  EXPECT_EQ(FindDocument(txn_, created.next.hashes.sm3), "deals/d1");
  EXPECT_EQ(storage::NextDue(txn_), EndOfDay(created.next.confirmation_deadline.date));
}

TEST_F(StoreTest, ATimerFollowsTheDeadline) {
  Deal deal = Decide(fixtures::NewDeal(), Start()).value().next;
  SaveDecision(txn_, static_cast<const Deal*>(nullptr), Decide(fixtures::NewDeal(), Start()).value());
  const DealDecision suspended = Decide(deal, OpenObjection{"objections/o"}, Start());
  SaveDecision(txn_, &deal, suspended);
  EXPECT_EQ(storage::NextDue(txn_), std::nullopt);
  const Deadline later{MakeDate(2026, 11, 25), 2, MakeDate(2026, 11, 27), false};
  SaveDecision(txn_, &suspended.next,
               Decide(suspended.next, CloseObjection{"objections/o", false, later, later}, Start()));
  EXPECT_EQ(storage::NextDue(txn_), EndOfDay(later.date));
}

TEST_F(StoreTest, ClosedObjectionsAreForgottenUpheldOnesAreNot) {
  SaveObjection(txn_, "deals/d", {"objections/a", ObjectionState::kOpen});
  SaveObjection(txn_, "deals/d", {"objections/b", ObjectionState::kOpen});
  SaveObjection(txn_, "deals/d", {"objections/a", ObjectionState::kClosed});
  SaveObjection(txn_, "deals/d", {"objections/b", ObjectionState::kUpheld});
  const auto known = ListObjections(txn_, "deals/d");
  ASSERT_EQ(known.size(), 1u);
  EXPECT_EQ(known[0].objection, "objections/b");
  EXPECT_EQ(known[0].state, ObjectionState::kUpheld);
}

}  // namespace
}  // namespace ttx::contract
