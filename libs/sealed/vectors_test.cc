// The frozen vectors of tests/vectors/sealed: made by the independent implementation in tests/sealed, so that
// each of the two opens what the other seals.

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "libs/core/encoding.h"
#include "libs/sealed/close_proof.h"
#include "libs/sealed/share_report.h"
#include "libs/sealed/test_parties.h"

namespace ttx::sealed {
namespace {

// What the files are for ever, whatever tests/sealed/make_vectors.py would make of them.
constexpr const char* kFrozen[2] = {"9b5dc2312bc1388e638bd36c692ce2d9226d463176642e05cf7b6ff2b8afdaea",
                                    "10f743c646d64ecb78de468b600ebe5ec7f48df0ad831b83c3529a931d0e6a51"};

std::string ReadVectors(Suite suite) {
  std::ifstream in(suite == Suite::kTtxSb1 ? "tests/vectors/sealed/ttx-sb-1.json"
                                           : "tests/vectors/sealed/ttx-sb-sm.json");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string Text(const rapidjson::Value& object, const char* key) {
  return {object[key].GetString(), object[key].GetStringLength()};
}

std::string Bytes(const rapidjson::Value& object, const char* key) {
  return FromHex(Text(object, key)).value();
}

Context ContextOf(const rapidjson::Value& entry) {
  const rapidjson::Value& context = entry["context"];
  return {.suite = ParseSuite(Text(context, "suite")).value(),
          .origin = Text(context, "origin"),
          .auction = Text(context, "auction"),
          .lot = Text(context, "lot"),
          .bidder = Text(context, "bidder"),
          .version = context["version"].GetUint(),
          .rules_hash = Bytes(context, "rules_hash"),
          .holder_set_id = Bytes(entry, "holder_set_id")};
}

class VectorsOf : public testing::TestWithParam<Suite> {
 protected:
  VectorsOf() : text_(ReadVectors(GetParam())) { document_.Parse(text_.c_str()); }
  const std::string text_;
  rapidjson::Document document_;
};
INSTANTIATE_TEST_SUITE_P(Suites, VectorsOf, testing::Values(Suite::kTtxSb1, Suite::kTtxSbSm),
                         [](const auto& suite) {
                           return suite.param == Suite::kTtxSb1 ? "TtxSb1" : "TtxSbSm";
                         });

TEST_P(VectorsOf, AreFrozen) {
  EXPECT_EQ(Hex(crypto::Sha256(text_)), kFrozen[GetParam() == Suite::kTtxSb1 ? 0 : 1]);
  ASSERT_FALSE(document_.HasParseError());
  EXPECT_EQ(Text(document_, "suite"), SuiteId(GetParam()));
}

// What the other implementation sealed, honestly or not, is sealed, opened and judged alike here.
TEST_P(VectorsOf, AreReproduced) {
  ASSERT_GE(document_["cases"].Size(), 14u);
  for (const rapidjson::Value& entry : document_["cases"].GetArray()) {
    SCOPED_TRACE(Text(entry, "name"));
    const HolderSet holders = HolderSet::Parse(Text(entry, "holders")).value();
    EXPECT_EQ(holders.id(), Bytes(entry, "holder_set_id"));
    const Context context = ContextOf(entry);
    EXPECT_EQ(internal::EncodeContext(context), Bytes(entry, "encoded_context"));
    std::string bytes = entry.HasMember("envelope") ? Bytes(entry, "envelope") : "";
    if (entry["honest"].GetBool()) {
      const Part part = Text(entry, "part") == "price" ? Part::kPrice : Part::kDocuments;
      const std::string sealed =
          Seal(Bytes(entry, "seed"), context, holders, part, Bytes(entry, "content")).value();
      EXPECT_EQ(sealed.size(), entry["envelope_bytes"].GetUint());
      EXPECT_TRUE(bytes.empty() || sealed == bytes);
      bytes = sealed;
    }
    const Envelope envelope = ParseEnvelope(bytes).value();
    EXPECT_TRUE(CheckAddressed(envelope, context, holders).ok());
    EXPECT_EQ(envelope.digest, Bytes(entry, "envelope_digest"));
    EXPECT_EQ(envelope.commitment, Bytes(entry, "commitment"));
    std::vector<Share> shares;
    for (int index = 1; index <= holders.size(); ++index) {
      const rapidjson::Value& expected = entry["shares"][static_cast<rapidjson::SizeType>(index - 1)];
      const SecretBytes box_private(
          FromHex(entry["box_private"][static_cast<rapidjson::SizeType>(index - 1)].GetString()).value());
      EXPECT_EQ(PublicKeyOf(GetParam(), box_private), holders.holder(index).box_key);
      shares.push_back(
          {index, internal::ReadBox(envelope, box_private, holders.holder(index).box_key, index)});
      ASSERT_EQ(shares.back().value.has_value(), !expected.IsNull());
      EXPECT_EQ(expected.IsNull() ? "" : Hex(shares.back().value->view()),
                expected.IsNull() ? "" : expected.GetString());
    }
    const Verdict verdict = Combine(envelope, holders, shares).value();
    EXPECT_EQ(verdict.outcome == Outcome::kValid ? "VALID" : "BIDDER_INVALID", Text(entry, "outcome"));
    EXPECT_EQ(FlawName(verdict.flaw), Text(entry, "flaw"));
    EXPECT_EQ(verdict.content, verdict.outcome == Outcome::kValid ? Bytes(entry, "content") : "");
    EXPECT_TRUE(verdict.liars.empty());
    for (const std::vector<Share>& subset : Subsets(shares, holders.threshold())) {
      EXPECT_EQ(Combine(envelope, holders, subset).value().outcome, verdict.outcome);
    }
  }
}

TEST_P(VectorsOf, SignedTextsAreRead) {
  const rapidjson::Value& entry = document_["signed"];
  const HolderSet holders = HolderSet::Parse(Text(entry, "holders")).value();
  std::vector<std::string> digests;
  std::vector<Envelope> envelopes;
  for (const rapidjson::Value& hex : entry["envelopes"].GetArray()) {
    envelopes.push_back(ParseEnvelope(FromHex(hex.GetString()).value()).value());
    digests.push_back(envelopes.back().digest);
  }
  std::sort(digests.begin(), digests.end());
  std::string der = Base64Url(Bytes(entry, "record_key"));
  for (char& c : der) c = c == '-' ? '+' : c == '_' ? '/' : c;
  while (der.size() % 4 != 0) der += '=';
  const std::string pem = "-----BEGIN PUBLIC KEY-----\n" + der.substr(0, 64) + "\n" + der.substr(64) +
                          "\n-----END PUBLIC KEY-----\n";
  const std::string proof = Text(entry, "close_proof");
  const CloseStatement statement = VerifyCloseProof(proof, pem).value();
  EXPECT_TRUE(
      CheckClosed(statement, envelopes[0].context.auction, holders, digests, statement.close_time).ok());
  for (const Envelope& envelope : envelopes) {
    EXPECT_TRUE(CheckCounted(statement, holders, digests, envelope).ok());
  }
  const ShareReport report = VerifyShareReport(Text(entry, "share_report"), holders).value();
  EXPECT_EQ(report.holder, 2);
  EXPECT_EQ(report.close_digest, CloseProofDigest(GetParam(), proof));
  EXPECT_FALSE(ShareOf(report, envelopes[0].digest)->value.has_value());
  const SecretBytes box_private(FromHex(entry["box_private"][1].GetString()).value());
  EXPECT_EQ(ShareOf(report, envelopes[1].digest)->value,
            internal::ReadBox(envelopes[1], box_private, holders.holder(2).box_key, 2));
}

}  // namespace
}  // namespace ttx::sealed
