#include "libs/sealed/shamir.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace ttx::sealed {
namespace {

// The definition, bit by bit, with branches.
uint8_t SlowProduct(unsigned int a, unsigned int b) {
  unsigned int product = 0;
  for (; b != 0; b >>= 1) {
    if ((b & 1) != 0) product ^= a;
    a <<= 1;
    if ((a & 0x100) != 0) a ^= 0x11B;
  }
  return static_cast<uint8_t>(product);
}

TEST(Shamir, TheProductIsThatOfTheField) {
  for (unsigned int a = 0; a < 256; ++a) {
    for (unsigned int b = 0; b < 256; ++b) {
      ASSERT_EQ(MultiplyGf256(static_cast<uint8_t>(a), static_cast<uint8_t>(b)), SlowProduct(a, b))
          << a << " " << b;
    }
  }
  EXPECT_EQ(MultiplyGf256(0x57, 0x83), 0xC1);  // FIPS 197, 4.2
}

SecretBytes Draw(std::mt19937_64& random) {
  SecretBytes bytes(32);
  for (size_t i = 0; i < bytes.size(); ++i) bytes.data()[i] = static_cast<unsigned char>(random());
  return bytes;
}

RC_GTEST_PROP(Shamir, AnyThresholdOfSharesGivesTheSecretAndOneFewerDoesNot, ()) {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  const int threshold = 2 + static_cast<int>(random() % 7);
  const SecretBytes secret = Draw(random);
  std::vector<SecretBytes> coefficients;
  for (int i = 1; i < threshold; ++i) coefficients.push_back(Draw(random));
  std::vector<int> indices;
  for (int i = 1; i <= 15; ++i) indices.push_back(i);
  std::shuffle(indices.begin(), indices.end(), random);
  std::vector<IndexedShare> shares;
  for (int i = 0; i < threshold; ++i) {
    const int index = indices[static_cast<size_t>(i)];
    shares.push_back({index, ShareAt(secret, coefficients, index)});
  }
  std::vector<const IndexedShare*> chosen;
  for (const IndexedShare& share : shares) chosen.push_back(&share);
  RC_ASSERT(Interpolate(chosen) == secret);
  chosen.pop_back();
  RC_ASSERT(!(Interpolate(chosen) == secret));
}

TEST(Shamir, AShareGivenTwiceIsABug) {
  const IndexedShare share{3, SecretBytes(std::string(32, 'x'))};
  const IndexedShare same{3, SecretBytes(std::string(32, 'y'))};
  EXPECT_DEATH(Interpolate({&share, &same}), "given twice");
  EXPECT_DEATH(ShareAt(share.value, {}, 0), "1..255");
}

}  // namespace
}  // namespace ttx::sealed
