#pragma once

#include <cstddef>
#include <cstdint>

#include "libs/core/time.h"

namespace ttx::bidding {

inline constexpr size_t kMaxBidders = 1000;
inline constexpr size_t kMaxIncrements = 16;
inline constexpr int kMaxStepsPerBid = 10'000;
inline constexpr size_t kMaxTitleChars = 200;
inline constexpr size_t kMaxWarnings = 8;
inline constexpr Duration kMinFreePeriod = Seconds(1);
inline constexpr Duration kMaxFreePeriod = Hours(24 * 60);
inline constexpr Duration kMaxPreparation = Hours(24);
inline constexpr Duration kMinCycle = Seconds(1);
inline constexpr Duration kMaxCycle = Hours(24);
inline constexpr Duration kMaxAnswerPeriod = Hours(24 * 14);
inline constexpr Duration kMaxPublicity = Hours(24 * 60);
inline constexpr Duration kMaxTotal = Hours(24 * 90);
inline constexpr int64_t kMaxDutchSteps = 100'000;
inline constexpr int32_t kMaxSubmissions = 16;
/// The same as of the lists of key holders that libs/sealed reads.
inline constexpr int32_t kMinHolders = 2;
inline constexpr int32_t kMaxHolders = 15;
inline constexpr size_t kMaxCriteria = 32;
/// Fewer than three bidders: the tender is repeated (Bidding Law art. 28).
inline constexpr int32_t kMinTenderers = 3;
/// Bounds of the notices and of the longest suspension that rules may name (domain.md 5.11).
inline constexpr Duration kMaxNotice = Hours(24 * 30);

}  // namespace ttx::bidding
