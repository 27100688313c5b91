#include "services/party/app/secrets.h"

#include <gtest/gtest.h>

#include "libs/core/encoding.h"
#include "libs/testing/seeded_ids.h"

namespace ttx::party {
namespace {

TEST(Secret, ItHas256BitsAndOnlyItsHashIsNeeded) {
  ttx::testing::SeededIds random(7);
  const std::string secret = MakeClientSecret(random);
  EXPECT_TRUE(secret.starts_with("ttx_"));
  EXPECT_EQ(FromBase64Url(secret.substr(4)).value().size(), 32u);
  EXPECT_NE(MakeClientSecret(random), secret);
  const std::string stored = ClientSecretHash(secret);
  EXPECT_EQ(stored.size(), 32u);
  EXPECT_TRUE(ClientSecretMatches(secret, stored));
}

TEST(Secret, NothingElseMatches) {
  ttx::testing::SeededIds random(7);
  const std::string secret = MakeClientSecret(random);
  const std::string stored = ClientSecretHash(secret);
  for (size_t at = 0; at < secret.size(); ++at) {
    std::string changed = secret;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(ClientSecretMatches(changed, stored)) << at;
  }
  EXPECT_FALSE(ClientSecretMatches("", stored));
  EXPECT_FALSE(ClientSecretMatches(stored, stored)) << "the hash is not the secret";
  EXPECT_FALSE(ClientSecretMatches(secret, ""));
  EXPECT_FALSE(ClientSecretMatches(secret, stored.substr(1)));
  const std::string too_long(257, 'a');
  EXPECT_FALSE(ClientSecretMatches(too_long, ClientSecretHash(too_long)));
}

}  // namespace
}  // namespace ttx::party
