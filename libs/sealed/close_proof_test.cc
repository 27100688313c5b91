#include "libs/sealed/close_proof.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "libs/core/encoding.h"
#include "libs/sealed/share_report.h"
#include "libs/sealed/test_parties.h"

namespace ttx::sealed {
namespace {

constexpr Time kClose{1'795'338'000'000'000'000};

class CloseProofsOf : public testing::TestWithParam<Suite> {
 protected:
  CloseProofsOf() {
    for (int i = 1; i <= 3; ++i) {
      parties_.context.version = static_cast<uint32_t>(i);
      envelopes_.push_back(
          ParseEnvelope(parties_.MustSeal(TestSeed(std::to_string(i)), Part::kPrice, "bid")).value());
      digests_.push_back(envelopes_.back().digest);
    }
    std::sort(digests_.begin(), digests_.end());
    statement_ = {.suite = GetParam(),
                  .origin = parties_.context.origin,
                  .auction = parties_.context.auction,
                  .lot = parties_.context.lot,
                  .rules_hash = parties_.context.rules_hash,
                  .holder_set_id = parties_.holders.id(),
                  .close_time = kClose,
                  .log_hash = TestSeed("log"),
                  .envelope_count = 3,
                  .envelopes_root = EnvelopesRoot(GetParam(), digests_)};
  }

  Status Check(const CloseStatement& statement, Time now) {
    return CheckClosed(statement, parties_.context.auction, parties_.holders, digests_, now);
  }

  TestParties parties_ = MakeTestParties(GetParam(), 2, 3);
  const crypto::KeyPair record_ = crypto::GenerateKey(crypto::Suite::kEcdsaP256Sha256);
  std::vector<Envelope> envelopes_;
  std::vector<std::string> digests_;
  CloseStatement statement_;
};
INSTANTIATE_TEST_SUITE_P(Suites, CloseProofsOf, testing::Values(Suite::kTtxSb1, Suite::kTtxSbSm),
                         [](const auto& suite) {
                           return suite.param == Suite::kTtxSb1 ? "TtxSb1" : "TtxSbSm";
                         });

TEST_P(CloseProofsOf, AStatementIsProvenByTheRecordKey) {
  for (const crypto::Suite suite : {crypto::Suite::kEcdsaP256Sha256, crypto::Suite::kSm2Sm3}) {
    const crypto::KeyPair key = crypto::GenerateKey(suite);
    const std::string proof = SignCloseStatement(statement_, suite, key.private_pem).value();
    const Result<CloseStatement> statement = VerifyCloseProof(proof, key.public_pem);
    ASSERT_TRUE(statement.ok()) << statement.error().message();
    EXPECT_EQ(*statement, statement_);
  }
}

// reliability.md N94: a forged proof, whatever was changed.
TEST_P(CloseProofsOf, N94AForgedProofIsRefused) {
  const std::string proof =
      SignCloseStatement(statement_, crypto::Suite::kEcdsaP256Sha256, record_.private_pem).value();
  for (size_t at = 0; at < proof.size(); ++at) {
    std::string changed = proof;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const Result<CloseStatement> statement = VerifyCloseProof(changed, record_.public_pem);
    ASSERT_FALSE(statement.ok()) << at;
    EXPECT_EQ(statement.error().reason, Reason::kNOT_PROVEN_CLOSED);
    ASSERT_FALSE(VerifyCloseProof(proof.substr(0, at), record_.public_pem).ok()) << at;
  }
  const std::string other = crypto::GenerateKey(crypto::Suite::kEcdsaP256Sha256).public_pem;
  EXPECT_FALSE(VerifyCloseProof(proof, other).ok());
  EXPECT_FALSE(VerifyCloseProof(proof + proof, record_.public_pem).ok());
}

// reliability.md N94: a genuine proof of something else, or too early.
TEST_P(CloseProofsOf, N94OnlyTheProofOfThisAuctionAfterItsCloseCounts) {
  EXPECT_TRUE(Check(statement_, kClose).ok());
  EXPECT_EQ(Check(statement_, kClose - Nanoseconds(1)).error().reason, Reason::kNOT_PROVEN_CLOSED);
  CloseStatement other = statement_;
  other.auction = "auctions/other";
  EXPECT_FALSE(Check(other, kClose).ok());
  other = statement_;
  other.holder_set_id = TestSeed("others");
  EXPECT_FALSE(Check(other, kClose).ok());
  other = statement_;
  other.envelope_count = 2;
  EXPECT_FALSE(Check(other, kClose).ok());
  digests_[0] = TestSeed("another envelope");
  EXPECT_FALSE(Check(statement_, kClose).ok());
  digests_.pop_back();
  EXPECT_FALSE(Check(statement_, kClose).ok());
}

TEST_P(CloseProofsOf, OnlyCountedEnvelopesAreOpened) {
  for (const Envelope& envelope : envelopes_) {
    EXPECT_TRUE(CheckCounted(statement_, parties_.holders, digests_, envelope).ok());
  }
  parties_.context.version = 4;
  const Envelope late = ParseEnvelope(parties_.MustSeal(TestSeed("4"), Part::kPrice, "bid")).value();
  EXPECT_EQ(CheckCounted(statement_, parties_.holders, digests_, late).error().reason,
            Reason::kNOT_PROVEN_CLOSED);
  CloseStatement other = statement_;
  other.rules_hash = TestSeed("other rules");
  EXPECT_EQ(CheckCounted(other, parties_.holders, digests_, envelopes_[0]).error().reason,
            Reason::kENVELOPE_MISADDRESSED);
  other = statement_;
  other.origin = "elsewhere";
  EXPECT_FALSE(CheckCounted(other, parties_.holders, digests_, envelopes_[0]).ok());
}

TEST_P(CloseProofsOf, AStatementThatCannotBeReadIsNotSigned) {
  for (const auto spoil : std::vector<void (*)(CloseStatement&)>{
           [](CloseStatement& s) { s.origin = "two words"; }, [](CloseStatement& s) { s.auction = ""; },
           [](CloseStatement& s) { s.lot = "1\nlog"; }, [](CloseStatement& s) { s.log_hash = "short"; },
           [](CloseStatement& s) { s.envelope_count = -1; },
           [](CloseStatement& s) { s.envelope_count = kMaxEnvelopes + 1; }}) {
    CloseStatement statement = statement_;
    spoil(statement);
    EXPECT_FALSE(SignCloseStatement(statement, crypto::Suite::kEcdsaP256Sha256, record_.private_pem).ok());
  }
  EXPECT_FALSE(SignCloseStatement(statement_, crypto::Suite::kSm2Sm3, record_.private_pem).ok())
      << "another suite";
}

// RFC 6962, 2.1, with SHA-256: the roots of the trees of its certificate-transparency test data are over
// other leaves, so the tree is built here by hand.
TEST(CloseProof, TheRootIsThatOfATreeOverTheSortedDigests) {
  const auto hash = [](const std::string& text) { return crypto::Sha256(text); };
  const std::string a(32, 'a');
  const std::string b(32, 'b');
  const std::string c(32, 'c');
  const std::string zero(1, '\0');
  const std::string one(1, '\1');
  EXPECT_EQ(EnvelopesRoot(Suite::kTtxSb1, {}), hash(""));
  EXPECT_EQ(EnvelopesRoot(Suite::kTtxSb1, {a}), hash(zero + a));
  EXPECT_EQ(EnvelopesRoot(Suite::kTtxSb1, {c, b, a}),
            hash(one + hash(one + hash(zero + a) + hash(zero + b)) + hash(zero + c)));
  EXPECT_EQ(EnvelopesRoot(Suite::kTtxSb1, {b, a, c}), EnvelopesRoot(Suite::kTtxSb1, {c, b, a}));
}

class ReportsOf : public CloseProofsOf {
 protected:
  ShareReport Report(int holder) {
    ShareReport report{parties_.context.auction, TestSeed("proof"), holder, {}};
    for (const std::string& digest : digests_) {
      const auto it = std::find_if(envelopes_.begin(), envelopes_.end(),
                                   [&](const Envelope& envelope) { return envelope.digest == digest; });
      report.lines.push_back({digest, parties_.AllShares(*it)[static_cast<size_t>(holder - 1)].value});
    }
    report.lines[1].value.reset();
    return report;
  }
};
INSTANTIATE_TEST_SUITE_P(Suites, ReportsOf, testing::Values(Suite::kTtxSb1, Suite::kTtxSbSm),
                         [](const auto& suite) {
                           return suite.param == Suite::kTtxSb1 ? "TtxSb1" : "TtxSbSm";
                         });

TEST_P(ReportsOf, AReportIsReadBack) {
  const ShareReport report = Report(2);
  const SecretBytes text = SignShareReport(report, parties_.holders, parties_.keys[1]).value();
  const Result<ShareReport> read = VerifyShareReport(text.view(), parties_.holders);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->holder, 2);
  EXPECT_EQ(read->auction, report.auction);
  EXPECT_EQ(read->close_digest, report.close_digest);
  EXPECT_EQ(ShareOf(*read, digests_[0])->value, report.lines[0].value);
  EXPECT_EQ(ShareOf(*read, digests_[0])->holder, 2);
  EXPECT_FALSE(ShareOf(*read, digests_[1])->value.has_value());
  EXPECT_FALSE(ShareOf(*read, TestSeed("another")).has_value());
}

TEST_P(ReportsOf, PartsAddUpToTheReport) {
  const ShareReport whole = Report(2);
  ShareReport joined{whole.auction, whole.close_digest, 2, {}};
  for (const size_t i : {size_t{1}, size_t{0}, size_t{2}}) {  // in any order
    const ShareReport part{whole.auction, whole.close_digest, 2, {whole.lines[i]}};
    EXPECT_TRUE(AddPart(joined, part).value()) << "new";
    EXPECT_FALSE(AddPart(joined, part).value()) << "known";
  }
  EXPECT_EQ(SignShareReport(joined, parties_.holders, parties_.keys[1])->view().substr(0, 400),
            SignShareReport(whole, parties_.holders, parties_.keys[1])->view().substr(0, 400));
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(joined.lines[i].value, whole.lines[i].value) << i;
  EXPECT_FALSE(AddPart(joined, whole).value());
}

TEST_P(ReportsOf, APartThatContradictsOrOverlapsIsRefused) {
  const ShareReport whole = Report(2);
  const ShareReport::Line &first = whole.lines[0], &second = whole.lines[1];
  ShareReport joined{whole.auction, whole.close_digest, 2, {first}};
  const auto refused = [&](const ShareReport& part) {
    const Result<bool> added = AddPart(joined, part);
    EXPECT_EQ(joined.lines.size(), 1u) << "nothing is added";
    return added.ok() ? std::nullopt : std::optional(added.error().reason);
  };
  EXPECT_EQ(refused({whole.auction, whole.close_digest, 2, {first, second}}), Reason::kWRONG_SHARE) << "partly new";
  EXPECT_EQ(refused({whole.auction, whole.close_digest, 2, {{first.envelope_digest, std::nullopt}}}),
            Reason::kWRONG_SHARE);
  EXPECT_EQ(refused({whole.auction, whole.close_digest, 2, {{first.envelope_digest, SecretBytes(TestSeed("lie"))}}}),
            Reason::kWRONG_SHARE);
  EXPECT_EQ(refused({whole.auction, whole.close_digest, 1, {second}}), Reason::kWRONG_SHARE) << "another holder";
  EXPECT_EQ(refused({whole.auction, TestSeed("other"), 2, {second}}), Reason::kWRONG_SHARE) << "another proof";
  EXPECT_EQ(refused({"auctions/other", whole.close_digest, 2, {second}}), Reason::kWRONG_SHARE);
}

TEST(SplitReportTest, APartPassesWhereARequestIsLimited) {
  const TestParties parties = MakeTestParties(Suite::kTtxSb1, 2, 2);
  ShareReport report{std::string(kMaxAuctionBytes, 'a'), TestSeed("proof"), 1, {}};
  for (int i = 0; i < 1000; ++i) {
    const std::string digest = TestSeed(std::to_string(i));
    report.lines.push_back({digest, SecretBytes(digest)});
  }
  std::sort(report.lines.begin(), report.lines.end(),
            [](const auto& a, const auto& b) { return a.envelope_digest < b.envelope_digest; });
  ShareReport joined{report.auction, report.close_digest, 1, {}};
  const std::vector<ShareReport> parts = SplitReport(report);
  ASSERT_EQ(parts.size(), 3u);
  for (const ShareReport& part : parts) {
    const Result<SecretBytes> text = SignShareReport(part, parties.holders, parties.keys[0]);
    ASSERT_TRUE(text.ok());
    EXPECT_LE(text->size(), 60u * 1024);
    EXPECT_TRUE(AddPart(joined, *VerifyShareReport(text->view(), parties.holders)).value());
  }
  EXPECT_EQ(joined.lines.size(), 1000u);
  EXPECT_EQ(SplitReport({report.auction, report.close_digest, 1, {}}).size(), 1u);
}

TEST(SplitReportTest, PartsAreFewAndOfNearlyEqualSize) {
  for (size_t count = 1; count <= 1000; ++count) {
    ShareReport report{"auctions/a1", TestSeed("proof"), 1, {}};
    for (size_t i = 0; i < count; ++i) report.lines.push_back({std::to_string(i), std::nullopt});
    const std::vector<ShareReport> parts = SplitReport(report);
    ASSERT_EQ(parts.size(), count <= 400 ? 1u : count <= 800 ? 2u : 3u) << count;
    size_t next = 0;
    for (const ShareReport& part : parts) {
      const size_t size = part.lines.size();
      ASSERT_LE(size, kMaxPartLines) << count;
      ASSERT_TRUE(size == count / parts.size() || size == count / parts.size() + 1) << count;
      ASSERT_EQ(part.holder, 1);
      for (const ShareReport::Line& line : part.lines) ASSERT_EQ(line.envelope_digest, std::to_string(next++));
    }
    ASSERT_EQ(next, count);
  }
}

TEST_P(ReportsOf, AReportCannotBeAlteredOrSignedByAnother) {
  const SecretBytes text = SignShareReport(Report(2), parties_.holders, parties_.keys[1]).value();
  for (size_t at = 0; at < text.size(); at += 3) {
    std::string changed(text.view());
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const Result<ShareReport> read = VerifyShareReport(changed, parties_.holders);
    ASSERT_FALSE(read.ok()) << at;
    EXPECT_EQ(read.error().reason, Reason::kWRONG_SHARE);
  }
  EXPECT_FALSE(SignShareReport(Report(2), parties_.holders, parties_.keys[0]).ok());
  const TestParties others = MakeTestParties(GetParam(), 2, 3, "others");
  EXPECT_FALSE(VerifyShareReport(text.view(), others.holders).ok());
  ShareReport unsorted = Report(1);
  std::swap(unsorted.lines[0], unsorted.lines[2]);
  EXPECT_FALSE(SignShareReport(unsorted, parties_.holders, parties_.keys[0]).ok());
}

}  // namespace
}  // namespace ttx::sealed
