#pragma once

#include <cstddef>
#include <cstdint>

#include "libs/core/time.h"

namespace ttx::auction {

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
inline constexpr int32_t kMaxHolders = 16;
inline constexpr size_t kMaxCriteria = 32;
/// Scores are counted in 1e-4 points, 0..100.0000 (domain.md 0.3).
inline constexpr int64_t kFullScore = 1'000'000;
/// A committee has at least five members, an odd number, at least two thirds of them experts (Bidding Law
/// art. 37).
inline constexpr size_t kMinCommittee = 5;
inline constexpr size_t kMaxCommittee = 51;
/// From so many experts on, one highest and one lowest score per criterion are dropped (domain.md 5.7).
inline constexpr size_t kDropExtremesFrom = 7;
/// Points in all score sheets of a committee together.
inline constexpr size_t kMaxSheetPoints = 100'000;
/// Fewer than three bidders: the tender is repeated (Bidding Law art. 28).
inline constexpr int32_t kMinTenderers = 3;

/// A silence of the server, or a jump of its clock, up to this long changes nothing (reliability.md G17).
inline constexpr Duration kMaxSilence = Milliseconds(250);
/// An open session whose server was away for longer than this is suspended before it takes a bid
/// (domain.md 5.2).
inline constexpr Duration kMaxOutage = Milliseconds(2000);
/// Bounds of the notices and of the longest suspension that rules may name (domain.md 5.11).
inline constexpr Duration kMaxNotice = Hours(24 * 30);
/// How often a server with open sessions records that it is alive.
inline constexpr Duration kHeartbeat = Milliseconds(500);
/// ... and one without.
inline constexpr Duration kIdleHeartbeat = Seconds(5);

}  // namespace ttx::auction
