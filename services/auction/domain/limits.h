#pragma once

#include <cstddef>

#include "libs/core/time.h"

namespace ttx::auction {

inline constexpr size_t kMaxBidders = 1000;
inline constexpr size_t kMaxIncrements = 16;
inline constexpr int kMaxStepsPerBid = 10'000;
inline constexpr size_t kMaxTitleChars = 200;
inline constexpr Duration kMinFreePeriod = Seconds(1);
inline constexpr Duration kMaxFreePeriod = Hours(24 * 60);
inline constexpr Duration kMaxPreparation = Hours(24);
inline constexpr Duration kMinCycle = Seconds(1);
inline constexpr Duration kMaxCycle = Hours(24);
/// An open session whose server was away for longer than this is suspended before it takes a bid (domain.md 5.2).
inline constexpr Duration kMaxOutage = Milliseconds(2000);
/// After an outage longer than this, bidders get as long a notice before the session goes on (domain.md 5.11).
inline constexpr Duration kOutageNotice = Minutes(30);
/// How often a server with open sessions records that it is alive.
inline constexpr Duration kHeartbeat = Milliseconds(500);
/// ... and one without.
inline constexpr Duration kIdleHeartbeat = Seconds(5);

}  // namespace ttx::auction
