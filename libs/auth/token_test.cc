#include "libs/auth/token.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include "libs/core/encoding.h"

namespace ttx::auth {
namespace {

constexpr char kIssuer[] = "https://ttx.example/party";
constexpr char kAudience[] = "ttx";
constexpr Time kNow{1'795'000'000'000'000'000};
constexpr int64_t kNowSeconds = kNow.ns / 1'000'000'000;

std::string Contents(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(length));
  BIO_free(bio);
  return text;
}

// A key that signs whatever a test wants, without the code under test.
class Forger {
 public:
  explicit Forger(const char* curve = "P-256") : key_(EVP_EC_gen(curve)) {}
  ~Forger() { EVP_PKEY_free(key_); }
  Forger(const Forger&) = delete;
  Forger& operator=(const Forger&) = delete;

  std::string PrivatePem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, key_, nullptr, nullptr, 0, nullptr, nullptr);
    return Contents(bio);
  }
  std::string PublicPem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(bio, key_);
    return Contents(bio);
  }
  // r and s of an ES256 signature.
  std::string Sign(const std::string& input) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    unsigned char der[80];
    size_t length = sizeof der;
    EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_);
    EVP_DigestSign(context, der, &length, reinterpret_cast<const unsigned char*>(input.data()), input.size());
    EVP_MD_CTX_free(context);
    const unsigned char* at = der;
    ECDSA_SIG* numbers = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(length));
    std::string raw(64, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(numbers), reinterpret_cast<unsigned char*>(raw.data()), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(numbers), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
    ECDSA_SIG_free(numbers);
    return raw;
  }
  std::string Token(const std::string& header, const std::string& payload) const {
    const std::string input = Base64Url(header) + "." + Base64Url(payload);
    return input + "." + Base64Url(Sign(input));
  }

 private:
  EVP_PKEY* key_;
};

const char* const kHeader = R"({"alg":"ES256","typ":"at+jwt","kid":"k1"})";

// The claims of a good token, in their text the first `from` replaced by `to`.
std::string Payload(const std::string& from = "", const std::string& to = "") {
  std::string text =
      R"({"iss":"https://ttx.example/party","aud":"ttx","sub":"apiClients/01c","org":"organizations/01o",)"
      R"("person":"people/01p","roles":["BIDDER"],"iat":IAT,"exp":EXP,"jti":"01j"})";
  const auto replace = [&text](const std::string& what, const std::string& with) {
    const size_t at = text.find(what);
    ASSERT_NE(at, text.npos) << what;
    text.replace(at, what.size(), with);
  };
  if (!from.empty()) replace(from, to);
  while (text.find("IAT") != text.npos) replace("IAT", std::to_string(kNowSeconds));
  if (text.find("EXP") != text.npos) replace("EXP", std::to_string(kNowSeconds + 600));
  return text;
}

class TokenTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(verifier_.SetKeys({{"k1", forger_.PublicPem()}}).ok()); }

  bool Accepts(const std::string& token, Time now = kNow) {
    const Result<Principal> result = verifier_.Verify(token, now);
    if (result.ok()) return true;
    EXPECT_EQ(result.error(), Error(Reason::kUNAUTHENTICATED)) << "no reason is told";
    return false;
  }
  bool AcceptsHeader(const std::string& header) { return Accepts(forger_.Token(header, Payload())); }
  bool AcceptsPayload(const std::string& payload) { return Accepts(forger_.Token(kHeader, payload)); }
  Claims GoodClaims() const {
    return {kIssuer,
            kAudience,
            "apiClients/01c",
            "organizations/01o",
            "people/01p",
            {"BIDDER", "TRANSFEROR"},
            kNow,
            kNow + Minutes(10),
            "01j"};
  }
  std::string Issue(const Claims& claims) const {
    return TokenSigner::Make("k1", forger_.PrivatePem()).value().Issue(claims);
  }

  Forger forger_;
  TokenVerifier verifier_{kIssuer, kAudience, 4};
};

TEST_F(TokenTest, WhatIsIssuedIsAcceptedAndNamesTheCaller) {
  const Principal caller = verifier_.Verify(Issue(GoodClaims()), kNow).value();
  EXPECT_EQ(caller.subject, "apiClients/01c");
  EXPECT_EQ(caller.organization, "organizations/01o");
  EXPECT_EQ(caller.person, "people/01p");
  EXPECT_EQ(caller.roles, (std::vector<std::string>{"BIDDER", "TRANSFEROR"}));
  Claims system = GoodClaims();
  system.organization = system.person = "";
  system.roles.clear();
  const Principal bank = verifier_.Verify(Issue(system), kNow).value();
  EXPECT_EQ(bank.organization + bank.person, "");
  EXPECT_TRUE(bank.roles.empty());
}

TEST_F(TokenTest, TheForgersTokenIsGoodBeforeATestSpoilsIt) {
  EXPECT_TRUE(AcceptsHeader(kHeader));
  EXPECT_TRUE(AcceptsHeader(R"({"kid":"k1","typ":"at+jwt","alg":"ES256"})"));
}

TEST_F(TokenTest, N28NoCredentials) {
  for (const char* token : {"", ".", "..", "...", "a.b", "a.b.c.d", "Bearer", "e30.e30."}) {
    EXPECT_FALSE(Accepts(token)) << token;
  }
}

TEST_F(TokenTest, N29NoAlgorithm) {
  for (const char* algorithm : {"none", "None", "nOnE", "NONE", ""}) {
    const std::string header = std::string(R"({"alg":")") + algorithm + R"(","typ":"at+jwt","kid":"k1"})";
    EXPECT_FALSE(Accepts(Base64Url(header) + "." + Base64Url(Payload()) + ".")) << algorithm;
    EXPECT_FALSE(AcceptsHeader(header)) << algorithm;
  }
  const std::string good = forger_.Token(kHeader, Payload());
  EXPECT_FALSE(Accepts(good.substr(0, good.rfind('.') + 1))) << "empty signature";
}

TEST_F(TokenTest, N30AnotherAlgorithmOverThePublicKey) {
  const std::string header = R"({"alg":"HS256","typ":"at+jwt","kid":"k1"})";
  const std::string input = Base64Url(header) + "." + Base64Url(Payload());
  const std::string secret = forger_.PublicPem();
  std::string mac(32, '\0');
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(input.data()), input.size(),
       reinterpret_cast<unsigned char*>(mac.data()), nullptr);
  EXPECT_FALSE(Accepts(input + "." + Base64Url(mac)));
  for (const char* algorithm : {"HS256", "RS256", "ES384", "PS256", "EdDSA", "es256", "ES256 "}) {
    EXPECT_FALSE(AcceptsHeader(std::string(R"({"alg":")") + algorithm + R"(","typ":"at+jwt","kid":"k1"})"))
        << algorithm;
  }
  EXPECT_FALSE(AcceptsHeader(R"({"alg":["ES256"],"typ":"at+jwt","kid":"k1"})"));
}

TEST_F(TokenTest, N31OtherKeyIds) {
  const std::string ids[] = {"../../dev/null", "' or 1=1", std::string(4096, 'k'), "k2", "", "K1",
                             "k1\\u0000"};
  for (const std::string& kid : ids) {
    EXPECT_FALSE(AcceptsHeader(R"({"alg":"ES256","typ":"at+jwt","kid":")" + kid + R"("})")) << kid;
  }
  EXPECT_FALSE(AcceptsHeader(R"({"alg":"ES256","typ":"at+jwt"})"));
  EXPECT_FALSE(AcceptsHeader(R"({"alg":"ES256","typ":"at+jwt","kid":1})"));
  EXPECT_EQ(verifier_.signatures_checked(), 0u) << "no signature is looked at without a key";
}

TEST_F(TokenTest, N32AndN35HeaderMembersThatCarryKeysOrMeaning) {
  const char* members[] = {R"("jku":"https://attacker.example/jwks")",
                           R"("x5u":"https://attacker.example/cert")",
                           R"("jwk":{"kty":"EC"})",
                           R"("x5c":["MII="])",
                           R"("crit":["exp"])",
                           R"("crit":["b64"],"b64":false)",
                           R"("zip":"DEF")",
                           R"("b64":true)",
                           R"("cty":"JWT")",
                           R"("enc":"A256GCM")",
                           R"("alg":"ES256")",
                           R"("kid":"k1")"};
  for (const char* member : members) {
    EXPECT_FALSE(AcceptsHeader(R"({"alg":"ES256","typ":"at+jwt","kid":"k1",)" + std::string(member) + "}"))
        << member;
  }
  EXPECT_EQ(verifier_.signatures_checked(), 0u);
  const Forger attacker;
  EXPECT_FALSE(Accepts(attacker.Token(kHeader, Payload())));
}

TEST_F(TokenTest, N33TimesWithALeewayOfThirtySeconds) {
  const std::string token = forger_.Token(kHeader, Payload("\"iat\"", "\"nbf\":IAT,\"iat\""));
  const Time expiry = kNow + Seconds(600);
  EXPECT_TRUE(Accepts(token, expiry + Seconds(30) - Nanoseconds(1)));
  EXPECT_FALSE(Accepts(token, expiry + Seconds(30)));
  EXPECT_FALSE(Accepts(token, expiry + Seconds(31)));
  EXPECT_TRUE(Accepts(token, kNow - Seconds(30)));
  EXPECT_FALSE(Accepts(token, kNow - Seconds(31)));
  const auto seconds = [](int64_t offset) { return std::to_string(kNowSeconds + offset); };
  EXPECT_FALSE(AcceptsPayload(Payload("EXP", seconds(-31))));
  EXPECT_FALSE(AcceptsPayload(Payload("\"iat\"", "\"nbf\":" + seconds(31) + ",\"iat\"")));
  EXPECT_TRUE(AcceptsPayload(Payload("\"iat\"", "\"nbf\":" + seconds(30) + ",\"iat\"")));
  EXPECT_FALSE(AcceptsPayload(Payload("IAT", seconds(31)))) << "issued in the future";
  EXPECT_FALSE(AcceptsPayload(Payload(",\"exp\":EXP", "")));
  EXPECT_FALSE(AcceptsPayload(Payload("\"iat\":IAT,", "")));
  EXPECT_TRUE(AcceptsPayload(Payload("EXP", seconds(3600))));
  EXPECT_FALSE(AcceptsPayload(Payload("EXP", seconds(3601))));
  EXPECT_FALSE(AcceptsPayload(Payload("EXP", seconds(315'360'000)))) << "ten years";
  EXPECT_FALSE(AcceptsPayload(Payload("EXP", seconds(0)))) << "no lifetime";
  for (const char* number :
       {"\"1795000600\"", "1795000600.5", "1e30", "-1", "9223372036854775807", "null", "[]"}) {
    EXPECT_FALSE(AcceptsPayload(Payload("EXP", number))) << number;
    EXPECT_FALSE(AcceptsPayload(Payload("\"iat\"", std::string("\"nbf\":") + number + ",\"iat\""))) << number;
  }
  EXPECT_FALSE(AcceptsPayload(Payload("\"jti\"", "\"iat_us\":1,\"jti\"")))
      << "the two times of issue disagree";
}

TEST_F(TokenTest, N34OtherIssuerAudienceOrType) {
  EXPECT_FALSE(AcceptsPayload(Payload("https://ttx.example/party", "https://ttx.example/party/")));
  EXPECT_FALSE(AcceptsPayload(Payload("https://ttx.example/party", "https://other.example")));
  EXPECT_FALSE(AcceptsPayload(Payload("\"iss\":\"https://ttx.example/party\",", "")));
  EXPECT_FALSE(AcceptsPayload(Payload("\"aud\":\"ttx\"", "\"aud\":\"other\"")));
  EXPECT_FALSE(AcceptsPayload(Payload("\"aud\":\"ttx\"", "\"aud\":[\"ttx\"]")));
  EXPECT_FALSE(AcceptsPayload(Payload("\"aud\":\"ttx\",", "")));
  EXPECT_FALSE(AcceptsPayload(Payload("\"aud\":\"ttx\"", "\"aud\":\"ttx\\u0000\"")));
  for (const char* typ : {"JWT", "jwt", "AT+JWT", "application/at+jwt", "id+jwt", ""}) {
    EXPECT_FALSE(AcceptsHeader(std::string(R"({"alg":"ES256","kid":"k1","typ":")") + typ + R"("})")) << typ;
  }
  EXPECT_FALSE(AcceptsHeader(R"({"alg":"ES256","kid":"k1"})")) << "an ID token has no such type";
}

TEST_F(TokenTest, N35DuplicateClaimsNestedTokensAndSize) {
  EXPECT_FALSE(AcceptsPayload(Payload("\"sub\"", "\"sub\":\"apiClients/01x\",\"sub\"")));
  EXPECT_FALSE(AcceptsPayload(Payload("\"sub\"", "\"s\\u0075b\":\"apiClients/01x\",\"sub\"")))
      << "escaped name";
  EXPECT_FALSE(AcceptsPayload(Payload("\"jti\"", "\"exp\":1,\"jti\"")));
  EXPECT_FALSE(AcceptsPayload(forger_.Token(kHeader, Payload()))) << "a token in a token";
  EXPECT_FALSE(AcceptsPayload("\"" + forger_.Token(kHeader, Payload()) + "\""));
  EXPECT_TRUE(AcceptsPayload(Payload("01j", std::string(5000, 'j'))));
  EXPECT_FALSE(AcceptsPayload(Payload("01j", std::string(6500, 'j')))) << "over 8 KiB";
  for (const char* payload : {"", "{}", "[]", "null", "{", "{} {}", "\xff"})
    EXPECT_FALSE(AcceptsPayload(payload)) << payload;
  EXPECT_FALSE(AcceptsPayload(std::string(4000, '[')));
}

TEST_F(TokenTest, NoTokenSpeaksForAService) {
  for (const char* subject :
       {"services/auction", "", "apiClients/", "apiClients/A", "apiClients/a/b", "people/01p"}) {
    EXPECT_FALSE(AcceptsPayload(Payload("apiClients/01c", subject))) << subject;
  }
  EXPECT_FALSE(AcceptsPayload(Payload("\"sub\":\"apiClients/01c\",", "")));
  EXPECT_FALSE(AcceptsPayload(Payload("organizations/01o", "people/01o")));
  EXPECT_FALSE(AcceptsPayload(Payload("people/01p", "services/auction")));
  EXPECT_FALSE(AcceptsPayload(Payload("[\"BIDDER\"]", "\"BIDDER\"")));
  EXPECT_FALSE(AcceptsPayload(Payload("[\"BIDDER\"]", "[1]")));
  std::string many = "[\"A\"";
  for (size_t i = 0; i < kMaxTokenRoles; ++i) many += ",\"A\"";
  EXPECT_FALSE(AcceptsPayload(Payload("[\"BIDDER\"]", many + "]")));
}

TEST_F(TokenTest, EveryChangedSymbolIsNoticed) {
  const std::string good = forger_.Token(kHeader, Payload());
  ASSERT_TRUE(Accepts(good));
  for (size_t at = 0; at < good.size(); ++at) {
    std::string changed = good;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(Accepts(changed)) << at;
  }
  EXPECT_FALSE(Accepts(good + "="));
  EXPECT_FALSE(Accepts(good + "A"));
  EXPECT_FALSE(Accepts(good.substr(0, good.size() - 1)));
  EXPECT_FALSE(Accepts(" " + good));
  const std::string input = good.substr(0, good.rfind('.'));
  EXPECT_FALSE(Accepts(input + "." + Base64Url(std::string(64, '\0'))));
  EXPECT_FALSE(Accepts(input + "." + Base64Url(std::string(1, '\0') + forger_.Sign(input))));
}

TEST_F(TokenTest, AcceptedTokensAreRememberedAndOthersAreNot) {
  const std::string good = Issue(GoodClaims());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Accepts(good));
  EXPECT_EQ(verifier_.signatures_checked(), 1u);
  const std::string bad = Forger().Token(kHeader, Payload());
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(Accepts(bad));
  EXPECT_EQ(verifier_.signatures_checked(), 4u);
}

TEST_F(TokenTest, ARememberedTokenStillExpires) {
  const std::string token = Issue(GoodClaims());
  ASSERT_TRUE(Accepts(token));
  EXPECT_TRUE(Accepts(token, kNow + Minutes(10)));
  EXPECT_FALSE(Accepts(token, kNow + Minutes(10) + Seconds(30)));
  EXPECT_FALSE(Accepts(token, kNow - Seconds(31))) << "the clock stepped back";
  EXPECT_TRUE(Accepts(token));
  EXPECT_EQ(verifier_.signatures_checked(), 1u);
}

TEST_F(TokenTest, ARememberedTokenCanBeRevoked) {
  const std::string token = Issue(GoodClaims());
  ASSERT_TRUE(Accepts(token));
  verifier_.SetRevocations({{"apiClients/01c", kNow + Nanoseconds(1000)}});
  EXPECT_FALSE(Accepts(token));
  Claims later = GoodClaims();
  later.issued_at = kNow + Nanoseconds(1000);
  EXPECT_TRUE(Accepts(Issue(later), later.issued_at)) << "issued right after the revocation";
  verifier_.SetRevocations({{"apiClients/01x", kNow + Hours(1)}});
  EXPECT_TRUE(Accepts(token)) << "another subject";
  verifier_.SetRevocations({{"apiClients/01c", kNow + Hours(1)}});
  EXPECT_FALSE(Accepts(forger_.Token(kHeader, Payload()))) << "revoked before it is first seen";
  verifier_.SetRevocations({});
  EXPECT_TRUE(Accepts(token));
}

TEST_F(TokenTest, ARememberedTokenFallsWithItsKey) {
  const std::string token = Issue(GoodClaims());
  ASSERT_TRUE(Accepts(token));
  ASSERT_TRUE(verifier_.SetKeys({{"k1", forger_.PublicPem()}, {"k2", Forger().PublicPem()}}).ok());
  EXPECT_TRUE(Accepts(token));
  EXPECT_EQ(verifier_.signatures_checked(), 1u) << "the same key under the same id is the same key";
  ASSERT_TRUE(verifier_.SetKeys({{"k2", forger_.PublicPem()}}).ok());
  EXPECT_FALSE(Accepts(token)) << "the id is gone";
  ASSERT_TRUE(verifier_.SetKeys({{"k1", Forger().PublicPem()}}).ok());
  EXPECT_FALSE(Accepts(token)) << "the id names another key";
  ASSERT_TRUE(verifier_.SetKeys({}).ok());
  EXPECT_FALSE(Accepts(token));
}

TEST_F(TokenTest, TheCacheForgetsWhatIsNotUsed) {
  std::vector<std::string> tokens;
  for (int i = 0; i < 20; ++i) {
    Claims claims = GoodClaims();
    claims.id = std::to_string(i);
    tokens.push_back(Issue(claims));
    ASSERT_TRUE(Accepts(tokens.back()));
    ASSERT_TRUE(Accepts(tokens.front()));
  }
  EXPECT_EQ(verifier_.signatures_checked(), 20u) << "the one in use stays";
  EXPECT_TRUE(Accepts(tokens[1]));
  EXPECT_EQ(verifier_.signatures_checked(), 21u) << "an old one was forgotten";
}

TEST_F(TokenTest, BadKeysChangeNothing) {
  const std::string token = Issue(GoodClaims());
  const auto refusal = [this](const std::map<std::string, std::string>& keys) {
    const Status status = verifier_.SetKeys(keys);
    return status.ok() ? Reason::kINTERNAL : status.error().violations.at(0).reason;
  };
  EXPECT_EQ(refusal({{"k1", "not a key"}}), Reason::kUNSUPPORTED_KEY);
  EXPECT_EQ(refusal({{"k1", ""}}), Reason::kUNSUPPORTED_KEY);
  EXPECT_EQ(refusal({{"k1", Forger("P-384").PublicPem()}}), Reason::kUNSUPPORTED_KEY);
  EXPECT_EQ(refusal({{"k1", forger_.PrivatePem()}}), Reason::kUNSUPPORTED_KEY);
  EXPECT_EQ(refusal({{"../k", forger_.PublicPem()}}), Reason::kBAD_FORMAT);
  std::map<std::string, std::string> many;
  for (size_t i = 0; i <= kMaxTokenKeys; ++i) many["k" + std::to_string(i)] = forger_.PublicPem();
  EXPECT_EQ(refusal(many), Reason::kTOO_MANY);
  EXPECT_TRUE(Accepts(token));
}

TEST_F(TokenTest, TheSignerRefusesWhatNobodyWouldAccept) {
  EXPECT_FALSE(TokenSigner::Make("", forger_.PrivatePem()).ok());
  EXPECT_FALSE(TokenSigner::Make("a b", forger_.PrivatePem()).ok());
  EXPECT_FALSE(TokenSigner::Make("k1", forger_.PublicPem()).ok());
  EXPECT_FALSE(TokenSigner::Make("k1", Forger("P-384").PrivatePem()).ok());
  Claims claims = GoodClaims();
  claims.expires_at = claims.issued_at + kMaxTokenLifetime + Nanoseconds(1);
  EXPECT_DEATH(Issue(claims), "at most an hour");
  claims.expires_at = claims.issued_at;
  EXPECT_DEATH(Issue(claims), "at most an hour");
  claims = GoodClaims();
  claims.subject.clear();
  EXPECT_DEATH(Issue(claims), "needs a subject");
  claims = GoodClaims();
  claims.issued_at = claims.issued_at + Milliseconds(900);
  claims.expires_at = claims.issued_at + kMaxTokenLifetime;
  EXPECT_TRUE(Accepts(Issue(claims))) << "the longest lifetime, between two seconds";
}

}  // namespace
}  // namespace ttx::auth
