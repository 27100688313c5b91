#pragma once

#include <cstddef>
#include <cstdint>

#include "libs/bidding/limits.h"
#include "libs/core/time.h"

namespace ttx::auction {

// What the rules are bounded by.
using bidding::kMaxAnswerPeriod;
using bidding::kMaxBidders;
using bidding::kMaxCriteria;
using bidding::kMaxCycle;
using bidding::kMaxDutchSteps;
using bidding::kMaxFreePeriod;
using bidding::kMaxHolders;
using bidding::kMaxIncrements;
using bidding::kMaxNotice;
using bidding::kMaxPreparation;
using bidding::kMaxPublicity;
using bidding::kMaxStepsPerBid;
using bidding::kMaxSubmissions;
using bidding::kMaxTitleChars;
using bidding::kMaxTotal;
using bidding::kMaxWarnings;
using bidding::kMinCycle;
using bidding::kMinFreePeriod;
using bidding::kMinHolders;
using bidding::kMinTenderers;

/// How far back it is looked for what stands without the bids of a barred bidder. The best bid of the others is
/// among the first few unless one bidder alone has bid so often.
inline constexpr int64_t kMaxBidsLookedAt = 100'000;
/// A part of a key holder's shares that leaves envelopes to others names at least so many.
inline constexpr size_t kMinPartEnvelopes = 64;
/// So many parts of each holder at most, which follows.
inline constexpr size_t kMaxShareParts = (kMaxBidders + kMinPartEnvelopes - 1) / kMinPartEnvelopes;
/// Scores are counted in 1e-4 points, 0..100.0000 (domain.md 0.3).
inline constexpr int64_t kFullScore = 1'000'000;
/// A committee has at least five members, an odd number, at least two thirds of them experts (Bidding Law
/// art. 37).
inline constexpr size_t kMinCommittee = 5;
inline constexpr size_t kMaxCommittee = 51;
/// From so many experts on, one highest and one lowest score per criterion are dropped (domain.md 5.7).
inline constexpr size_t kDropExtremesFrom = 7;
/// Points in all score sheets of a committee together: so many that the report fits into a line of a session's export,
/// also when each sheet has one criterion only.
inline constexpr size_t kMaxSheetPoints = 25'000;

/// A silence of the server, or a jump of its clock, up to this long changes nothing (reliability.md G17).
inline constexpr Duration kMaxSilence = Milliseconds(250);
/// An open session whose server was away for longer than this is suspended before it takes a bid
/// (domain.md 5.2).
inline constexpr Duration kMaxOutage = Milliseconds(2000);
/// How often a server with open sessions records that it is alive.
inline constexpr Duration kHeartbeat = Milliseconds(500);
/// ... and one without.
inline constexpr Duration kIdleHeartbeat = Seconds(5);

}  // namespace ttx::auction
