#include "libs/auth/secret.h"

#include <gtest/gtest.h>

#include "libs/core/encoding.h"
#include "libs/testing/seeded_ids.h"

namespace ttx::auth {
namespace {

TEST(Secret, ItHas256BitsAndOnlyItsHashIsNeeded) {
  testing::SeededIds random(7);
  const std::string secret = MakeSecret(random);
  EXPECT_TRUE(secret.starts_with("ttx_"));
  EXPECT_EQ(FromBase64Url(secret.substr(4)).value().size(), 32u);
  EXPECT_NE(MakeSecret(random), secret);
  const std::string stored = HashSecret(secret);
  EXPECT_EQ(stored.size(), 32u);
  EXPECT_TRUE(SecretMatches(secret, stored));
}

TEST(Secret, NothingElseMatches) {
  testing::SeededIds random(7);
  const std::string secret = MakeSecret(random);
  const std::string stored = HashSecret(secret);
  for (size_t at = 0; at < secret.size(); ++at) {
    std::string changed = secret;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(SecretMatches(changed, stored)) << at;
  }
  EXPECT_FALSE(SecretMatches("", stored));
  EXPECT_FALSE(SecretMatches(stored, stored)) << "the hash is not the secret";
  EXPECT_FALSE(SecretMatches(secret, ""));
  EXPECT_FALSE(SecretMatches(secret, stored.substr(1)));
  EXPECT_FALSE(SecretMatches(std::string(257, 'a'), HashSecret(std::string(257, 'a'))))
      << "too long to be one of ours";
}

}  // namespace
}  // namespace ttx::auth
