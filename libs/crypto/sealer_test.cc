#include "libs/crypto/sealer.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "libs/core/encoding.h"

namespace ttx::crypto {
namespace {

const std::string kKey(32, 'k');

TEST(SealerTest, WhatOneHasSealedAnotherOpens) {
  Sealer first(kKey, "answers");
  const std::string sealed = first.Seal("B07 leads", "record 1");
  EXPECT_EQ(sealed.size(), 1 + 16 + 8 + 9 + 16u);
  EXPECT_EQ(sealed.find("B07"), sealed.npos);
  EXPECT_EQ(first.Open(sealed, "record 1").value(), "B07 leads");
  EXPECT_EQ(Sealer(kKey, "answers").Open(sealed, "record 1").value(), "B07 leads") << "after a restart";
  EXPECT_EQ(first.Open(first.Seal("", ""), "").value(), "");
}

TEST(SealerTest, AnotherKeyPurposeOrContextOpensNothing) {
  Sealer sealer(kKey, "answers");
  const std::string sealed = sealer.Seal("secret", "record 1");
  EXPECT_EQ(sealer.Open(sealed, "record 2").error().reason, Reason::kDATA_LOSS);
  EXPECT_EQ(Sealer(std::string(32, 'l'), "answers").Open(sealed, "record 1").error().reason, Reason::kDATA_LOSS);
  EXPECT_EQ(Sealer(kKey, "others").Open(sealed, "record 1").error().reason, Reason::kDATA_LOSS);
  for (size_t length = 0; length < sealed.size(); ++length) {
    EXPECT_FALSE(sealer.Open(sealed.substr(0, length), "record 1").ok()) << length;
  }
}

// What was sealed before stays readable.
TEST(SealerTest, OpensWhatItAlwaysOpened) {
  const std::string sealed = *FromHex(
      "02bff00b92576d641aae6e1452da87d9680000000000000001b293a16dc393a50c"
      "67ab8632b33c3584b61cd45fc0400b7e78");
  EXPECT_EQ(Sealer(kKey, "answers").Open(sealed, "record 1").value(), "B07 leads");
}

TEST(SealerTest, LeavesNoErrorBehind) {
  ERR_clear_error();
  Sealer sealer(kKey, "answers");
  EXPECT_FALSE(sealer.Open(sealer.Seal("1", "a"), "b").ok());
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

TEST(SealerTest, NoTwoValuesLookAlike) {
  std::set<std::string> seen;
  for (int start = 0; start < 3; ++start) {
    Sealer sealer(kKey, "answers");
    for (int i = 0; i < 100; ++i) seen.insert(sealer.Seal("the same", "").substr(17));
  }
  EXPECT_EQ(seen.size(), 300u);
}

RC_GTEST_PROP(SealerProperty, EveryTextComesBackAndNoChangedOneDoes, (const std::string& text)) {
  Sealer sealer(kKey, "answers");
  std::string sealed = sealer.Seal(text, "context");
  RC_ASSERT(sealer.Open(sealed, "context").value() == text);
  const auto at = *rc::gen::inRange<size_t>(0, sealed.size());
  sealed[at] = static_cast<char>(sealed[at] ^ *rc::gen::inRange(1, 256));
  RC_ASSERT(!sealer.Open(sealed, "context").ok());
}

}  // namespace
}  // namespace ttx::crypto
