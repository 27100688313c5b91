#include "libs/crypto/seal.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <rapidcheck/gtest.h>

#include "libs/core/encoding.h"
#include "libs/crypto/random.h"

namespace ttx::crypto {
namespace {

const std::string kKey(kSealKeyBytes, 'k');

RC_GTEST_PROP(Seal, WhatWasSealedOpensInItsContextOnly,
              (const std::string& secret, const std::string& context)) {
  const std::string sealed = Seal(kKey, secret, context);
  RC_ASSERT(Open(kKey, sealed, context).value() == secret);
  RC_ASSERT(!Open(kKey, sealed, context + "x").ok());
  RC_ASSERT(!Open(std::string(kSealKeyBytes, 'l'), sealed, context).ok());
}

TEST(Seal, EveryChangedBitIsNoticed) {
  const std::string sealed = Seal(kKey, "106000000", "listings/1 reserve");
  for (size_t at = 0; at < sealed.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = sealed;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      const Result<std::string> opened = Open(kKey, changed, "listings/1 reserve");
      ASSERT_FALSE(opened.ok()) << at;
      EXPECT_EQ(opened.error().reason, Reason::kDATA_LOSS);
    }
  }
  for (size_t length = 0; length < sealed.size(); ++length) {
    EXPECT_FALSE(Open(kKey, sealed.substr(0, length), "listings/1 reserve").ok()) << length;
  }
  EXPECT_FALSE(Open(kKey, sealed + '\0', "listings/1 reserve").ok());
}

TEST(Seal, TheSameSecretNeverLooksTheSame) { EXPECT_NE(Seal(kKey, "1", ""), Seal(kKey, "1", "")); }

// What was sealed before stays readable.
TEST(Seal, OpensWhatItAlwaysOpened) {
  const std::string sealed = *FromHex("01e39a3e5ae9e861432eb5b7f1e3d049ddc4d6b542e71d83639ebffc22a839b0bd8b19e5e76d");
  EXPECT_EQ(Open(kKey, sealed, "listings/1 reserve").value(), "106000000");
}

TEST(Seal, LeavesNoErrorBehind) {
  ERR_clear_error();
  EXPECT_FALSE(Open(kKey, Seal(kKey, "1", "a"), "b").ok());
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

TEST(Seal, SizesAreBounded) {
  EXPECT_EQ(Open(kKey, Seal(kKey, std::string(kMaxSealedBytes, 's'), "c"), "c").value().size(),
            kMaxSealedBytes);
  EXPECT_DEATH(Seal(kKey, std::string(kMaxSealedBytes + 1, 's'), "c"), "too long to seal");
  EXPECT_DEATH(Seal("short", "s", "c"), "32 bytes");
}

}  // namespace
}  // namespace ttx::crypto
