#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/result.h"
#include "libs/core/time.h"
#include "services/listing/domain/common.h"
#include "services/listing/domain/rule_profile.h"

namespace ttx::listing {

// Rights to be preferred (优先购买权/优先受让权, domain.md 4.7): who claims one, who is declared to hold one, what each
// holder was told before the publication and what it answered.
// The numbers of all enums here are those of the API and of records: do not renumber.

/// Whence a priority right comes.
enum class PriorityRight : int32_t {
  kUnspecified = 0,
  kInventor = 1,
  kCommissioner = 2,
  kCoDeveloper = 3,
  kShareholder = 4,
};

/// A priority right (优先权) as an organization claims it; the exchange confirms it with its opinion.
struct PriorityClaim {
  PriorityRight right = PriorityRight::kUnspecified;
  int32_t rank = 0;           // 1 before 2 ...
  int64_t capital_share = 0;  // of a shareholder
  bool operator==(const PriorityClaim&) const = default;
};

/// Who holds a right, as the owner declares it with the application.
struct PriorityHolder {
  std::string display_name;  // its legal name, or that of a person
  std::string organization;  // "organizations/{id}" of a member; empty when it is none
  PriorityClaim claim;
  bool operator==(const PriorityHolder&) const = default;
};

/// How a holder was told.
enum class NoticeMethod : int32_t {
  kUnspecified = 0,
  kDirect = 1,  // in writing, or so that the receipt can be proven
  kPublic = 2,  // it could not be reached
};

/// What a holder answers. Silence is a waiver of who does not take part.
enum class PriorityAnswer : int32_t {
  kNone = 0,
  kWaive = 1,
  kExerciseInFloor = 2,
};

/// What is known of one declared holder.
struct PriorityNotice {
  NoticeMethod method = NoticeMethod::kUnspecified;  // unspecified: not told yet
  Date date;                                         // when it was told, or the public notice began
  Attachment evidence;
  std::string person;  // who recorded it
  PriorityAnswer answer = PriorityAnswer::kNone;
  std::string answer_person;  // who answered, or recorded the answer
  bool operator==(const PriorityNotice&) const = default;
};

/// INVALID_FIELD for the first field that is wrong; field paths start with `path` + ".".
Status CheckPriorityClaim(const PriorityClaim& claim, const std::string& path);
/// The same of the declared holders, on "priority_holders[i]."; nobody is declared twice.
Status CheckPriorityHolders(const std::vector<PriorityHolder>& holders);
/// The same of what is recorded about a notice given `today` or before, on "method", "notice_date", "evidence".
Status CheckPriorityNotice(const PriorityNotice& notice, Date today);

/// PRIORITY_NOTICE_OPEN for the first holder that has neither answered nor been told long enough before `today`
/// (domain.md 4.7 step 2: counted from the notice, or from when a public one counts as received).
Status CheckAllNotified(const std::vector<PriorityHolder>& holders, const std::vector<PriorityNotice>& notices,
                        const RuleProfile& profile, Date today);

/// Whether a claim of an organization may be confirmed: it is that of a declared holder that has not waived it. Where
/// nobody is declared, every claim may.
bool IsDeclared(const std::vector<PriorityHolder>& holders, const std::vector<PriorityNotice>& notices,
                const PriorityClaim& claim, std::string_view organization, std::string_view legal_name);

}  // namespace ttx::listing
