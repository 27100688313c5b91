#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libs/core/result.h"

namespace ttx {

/// The largest amount a command may name, in fen (domain.md 0.3).
inline constexpr int64_t kMaxFen = 9'000'000'000'000'000;

/// An amount in fen (1 CNY = 100 fen). Sums are proven in 128 bits: an overflow stops the process, so
/// amounts from outside must pass CheckAmount first.
struct Fen {
  int64_t value = 0;
  auto operator<=>(const Fen&) const = default;
};

Fen operator+(Fen a, Fen b);
Fen operator-(Fen a, Fen b);
inline Fen& operator+=(Fen& a, Fen b) { return a = a + b; }
inline Fen& operator-=(Fen& a, Fen b) { return a = a - b; }

/// A share in parts per million (1% = 10 000 ppm).
struct Ppm {
  int32_t value = 0;
  auto operator<=>(const Ppm&) const = default;
};

/// round-half-up(amount * share); `amount` and `share` must not be negative (domain.md 0.3).
Fen MulPpm(Fen amount, Ppm share);

/// OUT_OF_RANGE on `field` unless min <= amount <= kMaxFen.
Status CheckAmount(Fen amount, Fen min, std::string_view field);

/// "1060000.00" for 106 000 000 fen: for documents read by people.
std::string FormatYuan(Fen amount);

/// The amount in the capital numerals legal papers use: 人民币壹佰零陆万元整.
std::string FormatYuanCapital(Fen amount);

}  // namespace ttx
