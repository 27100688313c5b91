#pragma once

#include <cstdint>
#include <vector>

#include "libs/sealed/secret.h"

namespace ttx::sealed {

/// The product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1. No table and no branch, so its duration and its
/// memory accesses say nothing about the factors.
uint8_t MultiplyGf256(uint8_t a, uint8_t b);

/// One holder's share: the value of the polynomials at `index` (1..255), a byte for each byte of the secret.
struct IndexedShare {
  int index = 0;
  SecretBytes value;
};

/// The share at `index` of `secret`: secret + coefficients[0] x + coefficients[1] x^2 + ... in each byte.
/// All have the same length; any coefficients.size() + 1 shares give the secret, fewer say nothing about it.
SecretBytes ShareAt(const SecretBytes& secret, const std::vector<SecretBytes>& coefficients, int index);

/// The secret whose polynomials of degree shares.size() - 1 pass through the shares. Their indices are
/// different and their lengths equal; at least one.
SecretBytes Interpolate(const std::vector<const IndexedShare*>& shares);

}  // namespace ttx::sealed
