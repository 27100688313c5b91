// The published tables of deploy/fees with the vectors of domain.md 7.4.
#include "services/settlement/store/fee_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace ttx::settlement {
namespace {

FeeTable TestFees(const std::string& name) {
  std::ifstream file("deploy/fees/" + name + ".textproto");
  EXPECT_TRUE(file.good()) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return ParseFeeTable(text.str()).value();
}

constexpr int64_t kYuan = 100;

Fees Of(const std::string& table, int64_t listed_yuan, int64_t deal_yuan, bool competitive = true) {
  return FeesOf(TestFees(table), {{deal_yuan * kYuan}, {listed_yuan * kYuan}, competitive});
}
Fees InFen(int64_t transferor, int64_t transferee) { return {{transferor}, {transferee}}; }

TEST(FeeFile, Changsha) {
  EXPECT_EQ(Of("changsha-2022-09", 1'000'000, 1'060'000), InFen(2'544'00, 33'920'00));
  EXPECT_EQ(Of("changsha-2022-09", 45'000'000, 45'000'000), InFen(102'000'00, 1'320'000'00));
  // All five bands: 72 000 + 60 000 + 60 000 + 280 000 + 30 000.
  EXPECT_EQ(Of("changsha-2022-09", 1, 600'000'000).transferor, Fen{502'000'00});
  EXPECT_EQ(Of("changsha-2022-09", 1, 10'000), InFen(24'00, 3'600'00));
  EXPECT_EQ(Of("changsha-2022-09", 1'000'000, 1'060'000, false), InFen(2'544'00, 2'544'00));
  EXPECT_EQ(Of("changsha-2022-09", 1, 10'000, false), InFen(2'000'00, 2'000'00));
}

TEST(FeeFile, Taizhou) {
  EXPECT_EQ(Of("taizhou", 12'000'000, 12'500'000), InFen(51'000'00, 141'000'00));
  EXPECT_EQ(Of("taizhou", 100'000, 100'000), InFen(500'00, 2'000'00));
  EXPECT_EQ(Of("taizhou", 200'000'000, 210'000'000), InFen(210'000'00, 840'000'00));
}

TEST(FeeFile, Guangzhou) {
  // Seller: basic 5 000.00 and value-added 6 000.00; buyer 53 000.00.
  EXPECT_EQ(Of("guangzhou-2024", 1'000'000, 1'060'000), InFen(11'000'00, 53'000'00));
  EXPECT_EQ(Of("guangzhou-2024", 1'000'000, 1'000'000, false), InFen(5'000'00, 5'000'00));
  EXPECT_EQ(Of("guangzhou-2024", 100'000, 100'000, false), InFen(1'000'00, 1'000'00));
}

TEST(FeeFile, Shandong) {
  EXPECT_EQ(Of("shandong-2020", 1'000'000, 1'000'000, false), InFen(2'000'00, 2'000'00));
  EXPECT_EQ(Of("shandong-2020", 1'000'000, 1'060'000), InFen(3'180'00, 3'180'00 + 3'000'00));
}

std::string Fault(const std::string& text) {
  const Result<FeeTable> table = ParseFeeTable(text);
  if (table.ok()) return "";
  EXPECT_EQ(table.error().reason, Reason::kBAD_FEE_TABLE);
  return table.error().metadata.at("detail");
}

TEST(FeeFile, BadFilesAreRefusedWithThePlace) {
  const std::string head = "name: 't' source: 's' effective_from: '2026-01-01' ";
  const std::string rule = "rules { id: 'r' payer: TRANSFEROR base: DEAL_PRICE bands { rate_ppm: 1 } } ";
  EXPECT_EQ(Fault(head + rule), "");
  EXPECT_EQ(Fault("name: 't'\nrulez {}").substr(0, 4), "2:7:");
  EXPECT_EQ(Fault("name: 't' source: 's' effective_from: '2026-13-01' " + rule),
            "effective_from is not a day");
  EXPECT_EQ(Fault(head + "rules { id: 'r' bands { rate_ppm: 1 } }"), "r: payer and base are needed");
  EXPECT_EQ(Fault(head), "rules: 1..64 are needed");
  EXPECT_EQ(Fault(head + rule + rule), "rule ids must differ: r");
}

}  // namespace
}  // namespace ttx::settlement
