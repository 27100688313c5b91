#pragma once

#include <cstddef>
#include <cstdint>

namespace ttx::disclosure {

inline constexpr size_t kMaxContentBytes = 256 << 10;
inline constexpr size_t kMaxContentFields = 64;
inline constexpr size_t kMaxContentListItems = 1000;
inline constexpr size_t kMaxReplacements = 20;
inline constexpr size_t kMaxReplacementChars = 20'000;
inline constexpr size_t kMaxRealNameChars = 64;
inline constexpr size_t kMaxStatementChars = 4000;
inline constexpr size_t kMaxReasonChars = 2000;
inline constexpr size_t kMaxConclusionChars = 500;
inline constexpr size_t kMaxEvidence = 20;
/// Natural names have at most this many characters in the second factor of a verification; longer ones match
/// nothing.
inline constexpr size_t kMaxCheckBytes = 600;
/// The respondent answers within this many working days of acceptance (domain.md 8.2).
inline constexpr int kAnswerWorkdays = 3;
/// The objector may go to the authority within this many days of the decision (domain.md 8.2).
inline constexpr int kAppealDays = 10;
/// A certificate is issued within this many working days of its conditions (domain.md 9.1).
inline constexpr int kIssueWorkdays = 3;
/// The shortest window of a transaction notice, in working days (domain.md 8.1, N8).
inline constexpr int kMinContractWindowDays = 5;
/// How many transaction notices of one listing are looked at: one for each of its deals, and their corrections.
inline constexpr size_t kMaxDealNotices = 1000;
/// The last number of one exchange, year and type of certificate (domain.md 9.3).
inline constexpr int64_t kMaxCertificateSequence = 999'999;

}  // namespace ttx::disclosure
