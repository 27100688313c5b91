#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "libs/core/time.h"

namespace ttx::settlement {

inline constexpr size_t kMaxNameChars = 200;       // of a payer
inline constexpr size_t kMaxAccountChars = 64;     // of an account number
inline constexpr size_t kMaxReferenceChars = 140;  // what banks carry in a remittance text
inline constexpr size_t kMaxBankIdChars = 64;
inline constexpr size_t kMaxReasonChars = 500;
inline constexpr size_t kMaxDetailChars = 200;
inline constexpr size_t kMaxHolds = 64;  // objections and the like that freeze one deal
inline constexpr size_t kMaxJournalLines = 16;
inline constexpr size_t kMaxFeeRules = 64;
inline constexpr size_t kMaxFeeBands = 32;
inline constexpr int kMaxPayoutAttempts = 100;
inline constexpr int32_t kMaxDueWorkdays = 400;  // of a deposit whose due time is provisional
/// How far the bank's clock may be ahead of ours.
inline constexpr Duration kMaxNoticeAhead = Minutes(5);

/// What an installation chooses (domain.md 7.5, 7.6).
struct Options {
  Duration deposit_grace = Hours(2);  // how long late notices of timely money are waited for
  int refund_workdays = 3;            // a deposit that is no longer needed goes back within
  int release_workdays = 3;           // the proceeds are paid out within, from the seller's request
  int payment_workdays = 5;           // for a price whose contract names no day
  int overdue_workdays = 3;           // grace for a price that was due
  // By exchange, the only bank that reports its money in and pays it out; names of organizations.
  std::map<std::string, std::string> escrow_banks{};
};

}  // namespace ttx::settlement
