#include "libs/crypto/digest.h"

#include <gtest/gtest.h>

#include "libs/core/id.h"
#include "libs/crypto/random.h"

namespace ttx::crypto {
namespace {

// FIPS 180-4 and GB/T 32905 examples.
TEST(Digest, PublishedVectors) {
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(Sm3("abc")), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
  std::string repeated;
  for (int i = 0; i < 16; ++i) repeated += "abcd";
  EXPECT_EQ(Hex(Sm3(repeated)), "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732");
}

TEST(DigestTest, AnHmacKeyGivesTheSameAsHmac) {
  for (const size_t key : {0, 1, 20, 63, 64, 65, 131}) {
    for (const size_t message : {0, 1, 55, 64, 1000}) {
      const std::string text(message, 'm');
      EXPECT_EQ(HmacKey(std::string(key, 'k')).Mac(text), HmacSha256(std::string(key, 'k'), text)) << key;
    }
  }
}

// RFC 5869, the first 32 bytes of test cases 1 and 3.
TEST(DigestTest, HkdfSha256) {
  EXPECT_EQ(Hex(HkdfSha256(std::string(22, '\x0b'), *FromHex("000102030405060708090a0b0c"),
                           *FromHex("f0f1f2f3f4f5f6f7f8f9"))),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
  EXPECT_EQ(Hex(HkdfSha256(std::string(22, '\x0b'), "", "")),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

// RFC 4231, cases 1, 2 and 6.
TEST(Digest, KeyedVectors) {
  EXPECT_EQ(Hex(HmacSha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(Hex(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      Hex(HmacSha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(Hex(HmacSha256("", "")), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Digest, EqualityLooksAtEveryByte) {
  EXPECT_TRUE(ConstantTimeEqual("", ""));
  EXPECT_TRUE(ConstantTimeEqual("abc", "abc"));
  EXPECT_FALSE(ConstantTimeEqual("abc", "abd"));
  EXPECT_FALSE(ConstantTimeEqual("abc", "bbc"));
  EXPECT_FALSE(ConstantTimeEqual("abc", "ab"));
}

TEST(Random, TheOperatingSystemGivesDifferentBytes) {
  OsIds ids;
  EXPECT_EQ(RandomBytes(0).size(), 0u);
  EXPECT_EQ(RandomBytes(32).size(), 32u);
  EXPECT_NE(RandomBytes(32), RandomBytes(32));
  const std::string id = ids.Next(Time{1});
  EXPECT_TRUE(IsUlid(id));
  EXPECT_NE(id, ids.Next(Time{1}));
}

}  // namespace
}  // namespace ttx::crypto
