#include "libs/sealed/shamir.h"

#include "libs/core/check.h"

namespace ttx::sealed {
namespace {

// a^254, which is 1/a for every a but 0.
uint8_t InverseGf256(uint8_t a) {
  uint8_t power = a;
  uint8_t inverse = 1;
  for (int i = 0; i < 7; ++i) {
    power = MultiplyGf256(power, power);
    inverse = MultiplyGf256(inverse, power);
  }
  return inverse;
}

}  // namespace

uint8_t MultiplyGf256(uint8_t a, uint8_t b) {
  unsigned int product = 0;
  unsigned int shifted = a;
  for (unsigned int bit = 0; bit < 8; ++bit) {
    product ^= shifted & (0U - ((b >> bit) & 1U));
    shifted = (shifted << 1) ^ (0x11BU & (0U - ((shifted >> 7) & 1U)));
  }
  return static_cast<uint8_t>(product);
}

SecretBytes ShareAt(const SecretBytes& secret, const std::vector<SecretBytes>& coefficients, int index) {
  TTX_CHECK(index >= 1 && index <= 255, "a share has an index of 1..255");
  SecretBytes share = secret;
  uint8_t power = 1;
  for (const SecretBytes& coefficient : coefficients) {
    TTX_CHECK(coefficient.size() == secret.size(), "a coefficient is as long as the secret");
    power = MultiplyGf256(power, static_cast<uint8_t>(index));
    for (size_t at = 0; at < share.size(); ++at) {
      share.data()[at] ^= MultiplyGf256(coefficient.data()[at], power);
    }
  }
  return share;
}

SecretBytes Interpolate(const std::vector<const IndexedShare*>& shares) {
  TTX_CHECK(!shares.empty(), "nothing to interpolate");
  SecretBytes secret(shares[0]->value.size());
  for (const IndexedShare* share : shares) {
    TTX_CHECK(share->value.size() == secret.size(), "shares have one length");
    uint8_t weight = 1;  // the Lagrange polynomial of this share at 0; indices are public
    for (const IndexedShare* other : shares) {
      if (other == share) continue;
      TTX_CHECK(other->index != share->index, "a share is given twice");
      const auto difference = static_cast<uint8_t>(other->index ^ share->index);
      weight =
          MultiplyGf256(weight, MultiplyGf256(static_cast<uint8_t>(other->index), InverseGf256(difference)));
    }
    for (size_t at = 0; at < secret.size(); ++at) {
      secret.data()[at] ^= MultiplyGf256(share->value.data()[at], weight);
    }
  }
  return secret;
}

}  // namespace ttx::sealed
