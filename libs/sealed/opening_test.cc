#include "libs/sealed/opening.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "libs/sealed/test_parties.h"

namespace ttx::sealed {
namespace {

class OpeningsOf : public testing::TestWithParam<Suite> {
 protected:
  const TestParties parties_ = MakeTestParties(GetParam(), 3, 5);
  const std::string seed_ = TestSeed("the bidder's");
  const Envelope envelope_ = ParseEnvelope(parties_.MustSeal(seed_, Part::kPrice, "bid")).value();
};
INSTANTIATE_TEST_SUITE_P(Suites, OpeningsOf, testing::Values(Suite::kTtxSb1, Suite::kTtxSbSm),
                         [](const auto& suite) {
                           return suite.param == Suite::kTtxSb1 ? "TtxSb1" : "TtxSbSm";
                         });

Envelope WithBytes(const Envelope& envelope, size_t at, std::string_view bytes) {
  std::string changed = envelope.bytes;
  return ParseEnvelope(changed.replace(at, bytes.size(), bytes)).value();
}

Share Lie(int holder) { return {holder, SecretBytes(TestSeed("a lie"))}; }

TEST_P(OpeningsOf, AnyThreeOfFiveHoldersOpen) {
  const std::vector<Share> shares = parties_.AllShares(envelope_);
  for (int count = 3; count <= 5; ++count) {
    for (const std::vector<Share>& subset : Subsets(shares, count)) {
      const Verdict verdict = Combine(envelope_, parties_.holders, subset).value();
      EXPECT_EQ(verdict.outcome, Outcome::kValid);
      EXPECT_EQ(verdict.content, "bid");
      EXPECT_EQ(verdict.seed, seed_);
      EXPECT_TRUE(verdict.liars.empty());
      EXPECT_FALSE(verdict.provisional());
    }
  }
}

TEST_P(OpeningsOf, FewerThanThresholdOpenNothing) {
  const std::vector<Share> shares = parties_.AllShares(envelope_);
  for (const std::vector<Share>& subset : Subsets(shares, 2)) {
    const Result<Verdict> verdict = Combine(envelope_, parties_.holders, subset);
    ASSERT_FALSE(verdict.ok());
    EXPECT_EQ(verdict.error(), Error(Reason::kQUORUM_NOT_REACHED, {{"count", "2"}, {"threshold", "3"}}));
  }
}

// reliability.md N98: a box of garbage, whichever holders come: with its holder among three, two shares are
// left.
TEST_P(OpeningsOf, N98AGarbageBoxInvalidatesTheBidForEverySubset) {
  const size_t at = envelope_.bytes.find(envelope_.boxes[1].sealed_share);
  const Envelope envelope = WithBytes(envelope_, at, TestSeed("garbage"));
  const std::vector<Share> shares = parties_.AllShares(envelope);
  EXPECT_FALSE(shares[1].value.has_value());
  for (int count = 3; count <= 5; ++count) {
    for (const std::vector<Share>& subset : Subsets(shares, count)) {
      const Verdict verdict = Combine(envelope, parties_.holders, subset).value();
      EXPECT_EQ(verdict.outcome, Outcome::kBidderInvalid);
      EXPECT_EQ(verdict.content, "");
      EXPECT_TRUE(verdict.liars.empty()) << "no honest holder is blamed for the bidder's garbage";
    }
  }
  const Verdict all = Combine(envelope, parties_.holders, shares).value();
  EXPECT_EQ(all.flaw, Flaw::kNotReproducible);
  EXPECT_EQ(Reveal(envelope, parties_.holders, seed_, shares).value().outcome, Outcome::kBidderInvalid)
      << "nor does the bidder's own seed help";
}

// Boxes another key was used for look the same to everybody but their holder.
TEST_P(OpeningsOf, N98ABoxForSomebodyElseInvalidatesTheBid) {
  const size_t at = envelope_.bytes.find(envelope_.boxes[0].ephemeral_key);
  const Envelope envelope = WithBytes(envelope_, at, envelope_.boxes[1].ephemeral_key);
  for (const std::vector<Share>& subset : Subsets(parties_.AllShares(envelope), 3)) {
    EXPECT_EQ(Combine(envelope, parties_.holders, subset).value().outcome, Outcome::kBidderInvalid);
  }
}

// reliability.md N99.
TEST_P(OpeningsOf, N99AHolderThatLiesIsOutvotedAndNamed) {
  std::vector<Share> shares = parties_.AllShares(envelope_);
  shares[3] = Lie(4);
  for (int count = 4; count <= 5; ++count) {
    for (const std::vector<Share>& subset : Subsets(shares, count)) {
      const Verdict verdict = Combine(envelope_, parties_.holders, subset).value();
      EXPECT_EQ(verdict.outcome, Outcome::kValid);
      const bool present =
          std::any_of(subset.begin(), subset.end(), [](const Share& s) { return s.holder == 4; });
      EXPECT_EQ(verdict.liars, present ? std::vector<int>{4} : std::vector<int>{});
    }
  }
}

TEST_P(OpeningsOf, N99ClaimingThatABoxCannotBeReadIsALieToo) {
  std::vector<Share> shares = parties_.AllShares(envelope_);
  shares[0].value.reset();
  shares[4] = Lie(5);
  const Verdict verdict = Combine(envelope_, parties_.holders, shares).value();
  EXPECT_EQ(verdict.outcome, Outcome::kValid);
  EXPECT_EQ(verdict.liars, (std::vector<int>{1, 5}));
}

TEST_P(OpeningsOf, TheBidderDefeatsHoldersThatLieTogether) {
  std::vector<Share> shares = parties_.AllShares(envelope_);
  for (int holder = 1; holder <= 3; ++holder) shares[static_cast<size_t>(holder - 1)] = Lie(holder);
  const Verdict verdict = Combine(envelope_, parties_.holders, shares).value();
  EXPECT_EQ(verdict.outcome, Outcome::kBidderInvalid);
  EXPECT_EQ(verdict.flaw, Flaw::kSeedNotRecovered);
  EXPECT_TRUE(verdict.provisional());
  EXPECT_TRUE(verdict.liars.empty());
  const Verdict wrong = Reveal(envelope_, parties_.holders, TestSeed("wrong"), shares).value();
  EXPECT_TRUE(wrong.provisional());
  const Verdict revealed = Reveal(envelope_, parties_.holders, seed_, shares).value();
  EXPECT_EQ(revealed.outcome, Outcome::kValid);
  EXPECT_EQ(revealed.content, "bid");
  EXPECT_EQ(revealed.liars, (std::vector<int>{1, 2, 3}));
}

TEST_P(OpeningsOf, ALiarIsNamedEvenWhenTheBidIsNotValid) {
  const size_t at = envelope_.bytes.find(envelope_.boxes[1].sealed_share);
  const Envelope envelope = WithBytes(envelope_, at, TestSeed("garbage"));
  std::vector<Share> shares = parties_.AllShares(envelope);
  shares[1] = Lie(2);  // about a box of which nothing is known
  shares[2] = Lie(3);
  const Verdict verdict = Combine(envelope, parties_.holders, shares).value();
  EXPECT_EQ(verdict.outcome, Outcome::kBidderInvalid);
  EXPECT_EQ(verdict.liars, std::vector<int>{3});
}

TEST_P(OpeningsOf, SharesHaveToBeOfDifferentHoldersOfTheSet) {
  const std::vector<Share> shares = parties_.AllShares(envelope_);
  const auto reason = [&](Share odd) {
    std::vector<Share> given = {shares[0], shares[1], std::move(odd)};
    return Combine(envelope_, parties_.holders, given).error().violations.at(0).reason;
  };
  EXPECT_EQ(reason(shares[1]), Reason::kDUPLICATE);
  EXPECT_EQ(reason({0, shares[2].value}), Reason::kOUT_OF_RANGE);
  EXPECT_EQ(reason({6, shares[2].value}), Reason::kOUT_OF_RANGE);
  EXPECT_EQ(reason({3, SecretBytes(std::string_view("short"))}), Reason::kBAD_FORMAT);
}

TEST(Opening, TheLargestSetFindsTheHonestAmongLiars) {
  const TestParties parties = MakeTestParties(Suite::kTtxSb1, 8, 15);
  const Envelope envelope = ParseEnvelope(parties.MustSeal(TestSeed("1"), Part::kPrice, "bid")).value();
  std::vector<Share> shares = parties.AllShares(envelope);
  std::vector<int> liars;
  for (int holder = 1; holder <= 7; ++holder) {
    shares[static_cast<size_t>(holder - 1)] = Lie(holder);
    liars.push_back(holder);
  }
  const Verdict verdict = Combine(envelope, parties.holders, shares).value();
  EXPECT_EQ(verdict.outcome, Outcome::kValid);
  EXPECT_EQ(verdict.liars, liars);
}

}  // namespace
}  // namespace ttx::sealed
