#include "libs/crypto/signature.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "libs/crypto/digest.h"

namespace ttx::crypto {
namespace {

constexpr Suite kSuites[] = {Suite::kEcdsaP256Sha256, Suite::kSm2Sm3};

// One key per suite for the whole run.
const KeyPair& Key(Suite suite) {
  static const KeyPair ecdsa = GenerateKey(Suite::kEcdsaP256Sha256);
  static const KeyPair sm2 = GenerateKey(Suite::kSm2Sm3);
  return suite == Suite::kSm2Sm3 ? sm2 : ecdsa;
}

Suite Other(Suite suite) { return suite == Suite::kSm2Sm3 ? Suite::kEcdsaP256Sha256 : Suite::kSm2Sm3; }

TEST(Signature, SuitesHaveStableNames) {
  EXPECT_EQ(SuiteId(Suite::kEcdsaP256Sha256), "ECDSA-P256-SHA256");
  EXPECT_EQ(SuiteId(Suite::kSm2Sm3), "SM2-SM3");
  for (const Suite suite : kSuites) EXPECT_EQ(ParseSuite(SuiteId(suite)), suite);
  EXPECT_EQ(ParseSuite("sm2-sm3"), std::nullopt);
  EXPECT_EQ(ParseSuite(""), std::nullopt);
}

TEST(Signature, WhatWasSignedIsVerified) {
  for (const Suite suite : kSuites) {
    for (const std::string& message : {std::string("manifest"), std::string(100'000, 'm'), std::string()}) {
      const std::string signature = Sign(suite, Key(suite).private_pem, message).value();
      EXPECT_TRUE(Verify(suite, Key(suite).public_pem, message, signature)) << SuiteId(suite);
      EXPECT_FALSE(Verify(suite, Key(suite).public_pem, message + "x", signature));
      EXPECT_FALSE(Verify(suite, GenerateKey(suite).public_pem, message, signature));
    }
  }
}

// A SubjectPublicKeyInfo in hexadecimal (91 bytes) as PEM.
std::string PemOfHex(std::string_view der_hex) {
  std::string base64 = Base64Url(FromHex(der_hex).value()) + "==";
  for (char& c : base64) c = c == '-' ? '+' : c == '_' ? '/' : c;
  return "-----BEGIN PUBLIC KEY-----\n" + base64.substr(0, 64) + "\n" + base64.substr(64) +
         "\n-----END PUBLIC KEY-----\n";
}

// RFC 6979 A.2.5: P-256, SHA-256, message "sample".
TEST(Signature, ThePublishedEcdsaVector) {
  const std::string pem = PemOfHex(
      "3059301306072a8648ce3d020106082a8648ce3d030107034200"
      "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
      "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
  const std::string signature =
      FromHex(
          "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
          "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8")
          .value();
  ASSERT_TRUE(ParsePublicKey(pem, Suite::kEcdsaP256Sha256, "key").ok());
  EXPECT_TRUE(Verify(Suite::kEcdsaP256Sha256, pem, "sample", signature));
  EXPECT_FALSE(Verify(Suite::kEcdsaP256Sha256, pem, "test", signature));
}

// GB/T 32918.5-2017 A.2: the id is "1234567812345678", the message "message digest".
TEST(Signature, ThePublishedSm2Vector) {
  const std::string pem = PemOfHex(
      "3059301306072a8648ce3d020106082a811ccf5501822d034200"
      "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
      "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13");
  const std::string signature =
      FromHex(
          "3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
          "022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa")
          .value();
  ASSERT_TRUE(ParsePublicKey(pem, Suite::kSm2Sm3, "key").ok());
  EXPECT_TRUE(Verify(Suite::kSm2Sm3, pem, "message digest", signature));
  EXPECT_FALSE(Verify(Suite::kSm2Sm3, pem, "message digesu", signature));
}

TEST(Signature, EveryChangedByteIsNoticed) {
  for (const Suite suite : kSuites) {
    const std::string signature = Sign(suite, Key(suite).private_pem, "manifest").value();
    for (size_t at = 0; at < signature.size(); ++at) {
      for (const int mask : {0x01, 0x80, 0xff}) {
        std::string changed = signature;
        changed[at] = static_cast<char>(changed[at] ^ mask);
        EXPECT_FALSE(Verify(suite, Key(suite).public_pem, "manifest", changed))
            << SuiteId(suite) << " byte " << at;
      }
    }
    EXPECT_FALSE(Verify(suite, Key(suite).public_pem, "manifest", signature + '\0'));
    EXPECT_FALSE(Verify(suite, Key(suite).public_pem, "manifest", signature.substr(1)));
    EXPECT_FALSE(Verify(suite, Key(suite).public_pem, "manifest", ""));
    EXPECT_FALSE(Verify(suite, Key(suite).public_pem, "manifest", std::string(kMaxSignatureBytes + 1, '0')));
  }
}

TEST(Signature, AKeyServesItsOwnSuiteOnly) {
  for (const Suite suite : kSuites) {
    const std::string signature = Sign(suite, Key(suite).private_pem, "m").value();
    EXPECT_FALSE(Verify(Other(suite), Key(suite).public_pem, "m", signature));
    EXPECT_FALSE(Verify(suite, Key(Other(suite)).public_pem, "m", signature));
    EXPECT_EQ(Sign(Other(suite), Key(suite).private_pem, "m").error().violations.at(0).reason,
              Reason::kUNSUPPORTED_KEY);
    EXPECT_EQ(ParsePublicKey(Key(suite).public_pem, Other(suite), "k").error().violations.at(0).reason,
              Reason::kUNSUPPORTED_KEY);
    EXPECT_FALSE(Verify(suite, Key(suite).private_pem, "m", signature))
        << "a private key where a public one belongs";
  }
}

TEST(Signature, PublicKeysAreStoredInOneForm) {
  for (const Suite suite : kSuites) {
    const std::string& pem = Key(suite).public_pem;
    EXPECT_EQ(ParsePublicKey(pem, suite, "k").value(), pem);
    EXPECT_EQ(ParsePublicKey("comment\n" + pem, suite, "k").value(), pem);
    EXPECT_EQ(PublicKeyOf(Key(suite).private_pem, suite).value(), pem);
    EXPECT_FALSE(PublicKeyOf(Key(suite).private_pem, Other(suite)).ok());
    const std::string fingerprint = PublicKeyFingerprint(pem).value();
    EXPECT_EQ(fingerprint.size(), 64u);
    EXPECT_EQ(PublicKeyFingerprint("comment\n" + pem).value(), fingerprint);
    EXPECT_NE(PublicKeyFingerprint(GenerateKey(suite).public_pem).value(), fingerprint);
  }
  EXPECT_FALSE(PublicKeyFingerprint("").ok());
  EXPECT_FALSE(PublicKeyFingerprint(std::string(kMaxKeyPemBytes + 1, 'x')).ok());
}

Reason KeyRefusal(std::string_view pem) {
  const Result<std::string> key = ParsePublicKey(pem, Suite::kEcdsaP256Sha256, "public_key");
  if (key.ok()) return Reason::kINTERNAL;
  EXPECT_EQ(key.error().violations.at(0).field, "public_key");
  return key.error().violations.at(0).reason;
}

TEST(Signature, BadKeysAreRefused) {
  EXPECT_EQ(KeyRefusal(""), Reason::kREQUIRED);
  EXPECT_EQ(KeyRefusal("not a key"), Reason::kBAD_FORMAT);
  EXPECT_EQ(KeyRefusal(Key(Suite::kEcdsaP256Sha256).private_pem), Reason::kBAD_FORMAT);
  EXPECT_EQ(KeyRefusal(std::string(kMaxKeyPemBytes + 1, 'x')), Reason::kTOO_LONG);
  std::string off_curve = Key(Suite::kEcdsaP256Sha256).public_pem;
  const size_t last = off_curve.find("\n-----END") - 4;
  off_curve[last] = off_curve[last] == 'A' ? 'B' : 'A';
  EXPECT_EQ(KeyRefusal(off_curve), Reason::kUNSUPPORTED_KEY);
}

// The openssl command serves as the other party.
class OpensslCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "ttx-signature-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    ASSERT_TRUE(Run("version")) << "the openssl command is needed";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  bool Run(const std::string& arguments) const {
    return std::system(("cd '" + folder_.string() + "' && openssl " + arguments + " >out 2>err").c_str()) ==
           0;
  }
  void Write(const std::string& name, std::string_view bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }
  std::string Read(const std::string& name) const {
    std::ostringstream bytes;
    bytes << std::ifstream(folder_ / name, std::ios::binary).rdbuf();
    return bytes.str();
  }

  std::filesystem::path folder_;
};

TEST_F(OpensslCommand, Sm2SignaturesCrossVerifyWithTheDistinguishingId) {
  const std::string options = " -rawin -digest sm3 -pkeyopt distid:1234567812345678";
  Write("key", Key(Suite::kSm2Sm3).private_pem);
  Write("public", Key(Suite::kSm2Sm3).public_pem);
  Write("message", "manifest");
  ASSERT_TRUE(Run("pkeyutl -sign -inkey key -in message -out signature" + options)) << Read("err");
  EXPECT_TRUE(Verify(Suite::kSm2Sm3, Key(Suite::kSm2Sm3).public_pem, "manifest", Read("signature")));
  Write("ours", Sign(Suite::kSm2Sm3, Key(Suite::kSm2Sm3).private_pem, "manifest").value());
  EXPECT_TRUE(Run("pkeyutl -verify -pubin -inkey public -in message -sigfile ours" + options)) << Read("err");
}

TEST_F(OpensslCommand, Sm2SignaturesWithAnotherIdAreRefused) {
  Write("key", Key(Suite::kSm2Sm3).private_pem);
  Write("message", "manifest");
  const std::string sign = "pkeyutl -sign -inkey key -in message -out signature -rawin -digest sm3";
  for (const std::string& id : {std::string(), std::string(" -pkeyopt distid:8765432187654321")}) {
    ASSERT_TRUE(Run(sign + id)) << Read("err");
    EXPECT_FALSE(Verify(Suite::kSm2Sm3, Key(Suite::kSm2Sm3).public_pem, "manifest", Read("signature"))) << id;
  }
}

TEST_F(OpensslCommand, EcdsaSignaturesCrossVerify) {
  Write("key", Key(Suite::kEcdsaP256Sha256).private_pem);
  Write("public", Key(Suite::kEcdsaP256Sha256).public_pem);
  Write("message", "manifest");
  ASSERT_TRUE(Run("dgst -sha256 -sign key -out signature message")) << Read("err");
  EXPECT_TRUE(Verify(Suite::kEcdsaP256Sha256, Key(Suite::kEcdsaP256Sha256).public_pem, "manifest",
                     Read("signature")));
  Write("ours", Sign(Suite::kEcdsaP256Sha256, Key(Suite::kEcdsaP256Sha256).private_pem, "manifest").value());
  EXPECT_TRUE(Run("dgst -sha256 -verify public -signature ours message")) << Read("err");
}

TEST_F(OpensslCommand, KeysOfOtherKindsAreRefused) {
  const std::string commands[] = {
      "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key",
      "genpkey -algorithm ED25519 -out key",
      "ecparam -name secp384r1 -genkey -noout -out key",
      "ecparam -name secp256k1 -genkey -noout -out key",
      "ecparam -name prime256v1 -param_enc explicit -genkey -noout -out key",
  };
  for (const std::string& command : commands) {
    ASSERT_TRUE(Run(command)) << Read("err");
    ASSERT_TRUE(Run("pkey -in key -pubout -out public")) << Read("err");
    EXPECT_EQ(KeyRefusal(Read("public")), Reason::kUNSUPPORTED_KEY) << command;
    EXPECT_FALSE(Sign(Suite::kEcdsaP256Sha256, Read("key"), "m").ok()) << command;
  }
  Write("key", Key(Suite::kEcdsaP256Sha256).private_pem);
  ASSERT_TRUE(Run("ec -in key -pubout -conv_form compressed -out public")) << Read("err");
  EXPECT_EQ(KeyRefusal(Read("public")), Reason::kUNSUPPORTED_KEY) << "compressed point";
}

}  // namespace
}  // namespace ttx::crypto
