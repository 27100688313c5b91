#include "libs/core/encoding.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace ttx {
namespace {

// RFC 4648 section 10.
TEST(Encoding, PublishedVectors) {
  EXPECT_EQ(Base64Url(""), "");
  EXPECT_EQ(Base64Url("f"), "Zg");
  EXPECT_EQ(Base64Url("fo"), "Zm8");
  EXPECT_EQ(Base64Url("foo"), "Zm9v");
  EXPECT_EQ(Base64Url("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64Url("\xfb\xff"), "-_8");
  EXPECT_EQ(Hex("foobar"), "666f6f626172");
  EXPECT_EQ(FromHex("666F6f"), "foo");
}

TEST(Encoding, OnlyTheOneTextOfAValueIsRead) {
  for (const char* bad : {"Z", "Zg==", "Zh", "Zm9", "Zm9v ", "Zm+v", "Zm/v", "Zm9vY",
                          "Zm\xff"
                          "v"}) {
    EXPECT_EQ(FromBase64Url(bad), std::nullopt) << bad;
  }
  for (const char* bad : {"6", "6g", "0x", " 6"}) EXPECT_EQ(FromHex(bad), std::nullopt) << bad;
}

RC_GTEST_PROP(Encoding, EveryValueRoundTrips, (const std::string& bytes)) {
  RC_ASSERT(FromHex(Hex(bytes)) == bytes);
  RC_ASSERT(FromBase64Url(Base64Url(bytes)) == bytes);
}

}  // namespace
}  // namespace ttx
