#pragma once

#include <cstddef>

#include "libs/bidding/limits.h"
#include "libs/core/time.h"

namespace ttx::listing {

inline constexpr size_t kMaxTitleChars = 200;
inline constexpr size_t kMaxAbstractChars = 2000;
inline constexpr size_t kMaxNoteChars = 2000;
inline constexpr size_t kMaxTermsChars = 4000;
inline constexpr size_t kMaxNameChars = 200;
inline constexpr size_t kMaxKeywords = 3;  // domain.md 2.2
inline constexpr size_t kMaxAttachments = 32;
inline constexpr size_t kMaxTags = 32;  // IPC symbols, scenarios, regions, kinds, territories, fields
inline constexpr size_t kMaxUnits = 32;
inline constexpr size_t kMaxInventors = 64;
inline constexpr size_t kMaxIpItems = 32;
inline constexpr size_t kMaxOwners = 16;
inline constexpr size_t kMaxConsents = 32;
inline constexpr size_t kMaxEncumbrances = 32;
inline constexpr size_t kMaxLocks = 64;      // listings that offer one achievement at the same time
inline constexpr size_t kMaxIntents = 1000;  // of one listing
inline constexpr int kMaxListingDays = 250;
inline constexpr int kMaxPayDays = 60;
inline constexpr int32_t kMaxPriorityRank = 16;
inline constexpr size_t kMaxPriorityHolders = 64;
inline constexpr size_t kMaxBarred = 1000;  // organizations that are kept out of one session
/// Quotes below the reserve price that the only bidder may make: more would find the reserve out.
inline constexpr int kMaxLowQuotes = 3;
/// Of the phases of bidding; the shortest is the profile's to say.
using bidding::kMaxCycle;
using bidding::kMaxFreePeriod;
/// DYNAMIC (domain.md 5.4): the free period is the listing period, at least so many working days, and with all
/// extensions at most so many, which no row of holidays makes longer than kMaxFreePeriod.
inline constexpr int kMinDynamicDays = 5;
inline constexpr int kMaxDynamicDays = 30;
/// ... and whether it is extended is decided so long before its end, so that the session hears of it in time.
inline constexpr Duration kDynamicExtensionLead = Hours(1);
/// ... and where a session is annulled and held again, free bidding lasts so long: who bids is known by then.
inline constexpr Duration kRepeatedFreePeriod = Hours(24);
/// How far ahead an auction may be scheduled.
inline constexpr Duration kMaxBiddingNotice = Hours(24 * 60);

}  // namespace ttx::listing
