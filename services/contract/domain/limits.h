#pragma once

#include <cstddef>

namespace ttx::contract {

inline constexpr size_t kMaxShortChars = 200;      // names, titles, numbers
inline constexpr size_t kMaxClauseChars = 10'000;  // one clause of a contract
inline constexpr size_t kMaxElements = 50;         // patents, items, instalments or documents of one contract
inline constexpr size_t kMaxIpNumbers = 50;
inline constexpr size_t kMaxCanonicalBytes = 256 << 10;
inline constexpr size_t kMaxOpenObjections = 100;
inline constexpr int kMaxPaymentWorkdays = 366;

}  // namespace ttx::contract
