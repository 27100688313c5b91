#include "libs/sealed/suite.h"

#include <gtest/gtest.h>

#include "libs/core/encoding.h"
#include "libs/crypto/digest.h"

namespace ttx::sealed {
namespace {

class SuiteOf : public testing::TestWithParam<Suite> {};
INSTANTIATE_TEST_SUITE_P(Suites, SuiteOf, testing::Values(Suite::kTtxSb1, Suite::kTtxSbSm),
                         [](const auto& suite) {
                           return suite.param == Suite::kTtxSb1 ? "TtxSb1" : "TtxSbSm";
                         });

std::string Flip(std::string bytes, size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  return bytes;
}

TEST_P(SuiteOf, IdsAreReadBack) {
  EXPECT_EQ(ParseSuite(SuiteId(GetParam())), GetParam());
  EXPECT_EQ(ParseSuite("TTX-SB-2"), std::nullopt);
}

TEST_P(SuiteOf, BothSidesAgree) {
  const SecretBytes a = DerivePrivateKey(GetParam(), crypto::Sha256("a"), {"one"});
  const SecretBytes b = DerivePrivateKey(GetParam(), crypto::Sha256("b"), {"two"});
  const std::string public_a = PublicKeyOf(GetParam(), a);
  const std::string public_b = PublicKeyOf(GetParam(), b);
  EXPECT_TRUE(IsPrivateKey(GetParam(), a.view()));
  EXPECT_TRUE(IsPublicKey(GetParam(), public_a));
  EXPECT_EQ(Agree(GetParam(), a, public_b), Agree(GetParam(), b, public_a));
  EXPECT_FALSE(Agree(GetParam(), a, public_b) == Agree(GetParam(), a, public_a));
}

TEST_P(SuiteOf, ABodyOpensOnlyAsItWasSealed) {
  const std::string secret = crypto::Sha256("secret");
  const std::string body = SealBody(GetParam(), secret, {"bid"}, "context", "plain text of the bid");
  EXPECT_EQ(body, SealBody(GetParam(), secret, {"bid"}, "context", "plain text of the bid"))
      << "deterministic";
  EXPECT_EQ(body.size(), 21 + BodyOverheadBytes(GetParam()));
  ASSERT_TRUE(OpenBody(GetParam(), secret, {"bid"}, "context", body).has_value());
  EXPECT_EQ(OpenBody(GetParam(), secret, {"bid"}, "context", body)->view(), "plain text of the bid");
  EXPECT_FALSE(OpenBody(GetParam(), crypto::Sha256("other"), {"bid"}, "context", body).has_value());
  EXPECT_FALSE(OpenBody(GetParam(), secret, {"bod"}, "context", body).has_value());
  EXPECT_FALSE(OpenBody(GetParam(), secret, {"bid"}, "Context", body).has_value());
  for (size_t at = 0; at < body.size(); ++at) {
    EXPECT_FALSE(OpenBody(GetParam(), secret, {"bid"}, "context", Flip(body, at)).has_value()) << at;
  }
}

TEST_P(SuiteOf, ABoxOpensOnlyAsItWasSealed) {
  const std::string secret = crypto::Sha256("secret");
  const SecretBytes share(crypto::Sha256("share"));
  const std::string box = SealBox(GetParam(), secret, {"box"}, "context", share);
  ASSERT_EQ(box.size(), BoxBytes(GetParam()));
  EXPECT_EQ(OpenBox(GetParam(), secret, {"box"}, "context", box), share);
  EXPECT_FALSE(OpenBox(GetParam(), secret, {"box"}, "content", box).has_value());
  for (size_t at = 0; at < box.size(); ++at) {
    EXPECT_FALSE(OpenBox(GetParam(), secret, {"box"}, "context", Flip(box, at)).has_value()) << at;
  }
}

// RFC 7748 and the "all-zero check": the list of such points is that of Bernstein's cr.yp.to/ecdh.html.
TEST(Suite, KeysThatMakeEveryAgreementZeroAreNone) {
  for (const char* hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                          "0100000000000000000000000000000000000000000000000000000000000000",
                          "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                          "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "0000000000000000000000000000000000000000000000000000000000000080",
                          "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}) {
    EXPECT_FALSE(IsPublicKey(Suite::kTtxSb1, *FromHex(hex))) << hex;
  }
  EXPECT_TRUE(IsPublicKey(Suite::kTtxSb1, "\x09" + std::string(31, '\0')));
  EXPECT_TRUE(IsPublicKey(Suite::kTtxSb1,
                          *FromHex("ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")));
  EXPECT_FALSE(IsPublicKey(Suite::kTtxSb1, std::string(31, '\x09')));
}

TEST(Suite, Sm2KeysAreUncompressedPointsOfTheCurve) {
  const std::string key = PublicKeyOf(Suite::kTtxSbSm, SecretBytes(crypto::Sha256("a")));
  EXPECT_TRUE(IsPublicKey(Suite::kTtxSbSm, key));
  EXPECT_FALSE(IsPublicKey(Suite::kTtxSbSm, Flip(key, 64)));
  EXPECT_FALSE(IsPublicKey(Suite::kTtxSbSm, Flip(key, 20)));
  EXPECT_FALSE(IsPublicKey(Suite::kTtxSbSm, "\x02" + key.substr(1, 32)));
  EXPECT_FALSE(IsPublicKey(Suite::kTtxSbSm, "\x06" + key.substr(1)));
  EXPECT_FALSE(IsPublicKey(Suite::kTtxSbSm, std::string(65, '\0')));
  EXPECT_FALSE(IsPublicKey(Suite::kTtxSbSm, std::string(1, '\0')));
  EXPECT_FALSE(IsPrivateKey(Suite::kTtxSbSm, std::string(32, '\0')));
  EXPECT_FALSE(IsPrivateKey(Suite::kTtxSbSm, std::string(32, '\xff')));
  EXPECT_FALSE(IsPrivateKey(Suite::kTtxSbSm, std::string(31, 'x')));
}

TEST(Suite, SecretsCompareByValueAndAreWiped) {
  const SecretBytes secret(std::string_view("secret"));
  EXPECT_EQ(secret, SecretBytes(std::string_view("secret")));
  EXPECT_FALSE(secret == SecretBytes(std::string_view("Secret")));
  EXPECT_EQ(Join({"a", "", "bc"}).view(), "abc");
  std::string text = "a secret that is longer than the small-string buffer";
  const char* bytes = text.data();
  Wipe(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(std::string(bytes, 8), std::string(8, '\0'));
}

}  // namespace
}  // namespace ttx::sealed
