#include "libs/sealed/holders.h"

#include <gtest/gtest.h>

#include "libs/sealed/test_parties.h"

namespace ttx::sealed {
namespace {

class HoldersOf : public testing::TestWithParam<Suite> {};
INSTANTIATE_TEST_SUITE_P(Suites, HoldersOf, testing::Values(Suite::kTtxSb1, Suite::kTtxSbSm),
                         [](const auto& suite) {
                           return suite.param == Suite::kTtxSb1 ? "TtxSb1" : "TtxSbSm";
                         });

TEST_P(HoldersOf, FilesAreReadBackByteForByte) {
  const TestParties parties = MakeTestParties(GetParam(), 3, 5);
  const Result<HolderSet> set = HolderSet::Parse(parties.holders.text());
  ASSERT_TRUE(set.ok()) << set.error().message();
  EXPECT_EQ(set->id(), parties.holders.id());
  EXPECT_EQ(set->holders(), parties.holders.holders());
  EXPECT_EQ(set->threshold(), 3);
  const HolderKey& key = parties.keys[1];
  const SecretBytes file = FormatHolderKey(key);
  const Result<HolderKey> read = ParseHolderKey(file.view());
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(FormatHolderKey(*read), file);
  EXPECT_EQ(set->IndexOf(*read), 2);
  const std::string card = FormatHolderCard({GetParam(), key.holder});
  ASSERT_TRUE(ParseHolderCard(card).ok());
  EXPECT_EQ(ParseHolderCard(card)->holder, key.holder);
  EXPECT_EQ(file.view().find(card), std::string_view::npos);
}

TEST_P(HoldersOf, AKeyIsOfTheSetOnlyAsAWhole) {
  const TestParties parties = MakeTestParties(GetParam(), 2, 3);
  const auto index = [&](std::string_view name, std::string_view seed_of, size_t signer) {
    const std::string_view pem = parties.keys[signer].signing_pem.view();
    return parties.holders.IndexOf(MakeHolderKey(GetParam(), name, TestSeed(seed_of), pem).value());
  };
  EXPECT_EQ(index("holder-1", "holder-1", 0), 1);
  EXPECT_EQ(index("holder-3", "holder-3", 2), 3);
  EXPECT_EQ(index("holder-2", "holder-1", 0), 0);
  EXPECT_EQ(index("holder-1", "holder-2", 0), 0);
  EXPECT_EQ(index("holder-1", "holder-1", 1), 0);
}

TEST_P(HoldersOf, AnyChangedByteOfASetIsAnotherSetOrNone) {
  const TestParties parties = MakeTestParties(GetParam(), 2, 2);
  const std::string& text = parties.holders.text();
  for (size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const Result<HolderSet> set = HolderSet::Parse(changed);
    if (set.ok()) {
      EXPECT_NE(set->id(), parties.holders.id()) << at;
    } else {
      EXPECT_EQ(set.error().reason, Reason::kBAD_SEALED_FILE) << at;
    }
    EXPECT_FALSE(HolderSet::Parse(text.substr(0, at)).ok()) << at;
  }
  EXPECT_FALSE(HolderSet::Parse(text + "\n").ok());
}

TEST(Holders, ASetHasTwoToFifteenDifferentHoldersAndAThresholdAmongThem) {
  const TestParties parties = MakeTestParties(Suite::kTtxSb1, 2, 15);
  const std::vector<Holder>& holders = parties.holders.holders();
  const auto make = [&](int threshold, size_t count) {
    return HolderSet::Make(Suite::kTtxSb1, threshold,
                           {holders.begin(), holders.begin() + static_cast<long>(count)});
  };
  EXPECT_TRUE(make(2, 2).ok());
  EXPECT_TRUE(make(15, 15).ok());
  EXPECT_FALSE(make(1, 2).ok());
  EXPECT_FALSE(make(3, 2).ok());
  EXPECT_FALSE(make(2, 0).ok());
  std::vector<Holder> sixteen = holders;
  sixteen.push_back(holders[0]);
  EXPECT_FALSE(HolderSet::Make(Suite::kTtxSb1, 2, sixteen).ok());
  for (const auto spoil : std::vector<void (*)(std::vector<Holder>&)>{
           [](std::vector<Holder>& set) { set[1].name = set[0].name; },
           [](std::vector<Holder>& set) { set[1].box_key = set[0].box_key; },
           [](std::vector<Holder>& set) { set[1].signing_pem = set[0].signing_pem; },
           [](std::vector<Holder>& set) { set[1].name = "Notary"; },
           [](std::vector<Holder>& set) { set[1].name = ""; },
           [](std::vector<Holder>& set) { set[1].box_key = std::string(32, '\0'); },
           [](std::vector<Holder>& set) { set[1].signing_pem = "none"; }}) {
    std::vector<Holder> set(holders.begin(), holders.begin() + 3);
    spoil(set);
    const Result<HolderSet> made = HolderSet::Make(Suite::kTtxSb1, 2, set);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().reason, Reason::kBAD_SEALED_FILE);
  }
}

TEST(Holders, KeysOfAnotherSuiteAreRefused) {
  const std::string sm2 = crypto::GenerateKey(crypto::Suite::kSm2Sm3).private_pem;
  const Result<HolderKey> key = MakeHolderKey(Suite::kTtxSb1, "notary", TestSeed("1"), sm2);
  ASSERT_FALSE(key.ok());
  EXPECT_FALSE(MakeHolderKey(Suite::kTtxSbSm, "a notary", TestSeed("1"), sm2).ok());
  EXPECT_TRUE(MakeHolderKey(Suite::kTtxSbSm, "notary", TestSeed("1"), sm2).ok());
  const TestParties parties = MakeTestParties(Suite::kTtxSb1, 2, 2);
  EXPECT_FALSE(HolderSet::Make(Suite::kTtxSbSm, 2, parties.holders.holders()).ok());
  std::string file(FormatHolderKey(parties.keys[0]).view());
  EXPECT_FALSE(ParseHolderKey(file.replace(file.find("TTX-SB-1"), 8, "TTX-SB-SM")).ok());
}

}  // namespace
}  // namespace ttx::sealed
