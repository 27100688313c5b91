#include "services/listing/domain/priority.h"

#include <algorithm>

#include "libs/core/id.h"
#include "libs/core/text.h"
#include "services/listing/domain/limits.h"

namespace ttx::listing {
namespace {

// By its name in this installation, or else in law.
bool IsHolder(const PriorityHolder& holder, std::string_view organization, std::string_view legal_name) {
  return holder.organization.empty() ? holder.display_name == legal_name : holder.organization == organization;
}

bool IsSame(const PriorityHolder& a, const PriorityHolder& b) {
  return a.display_name == b.display_name || (!a.organization.empty() && a.organization == b.organization);
}

}  // namespace

Status CheckPriorityClaim(const PriorityClaim& claim, const std::string& path) {
  if (claim.right < PriorityRight::kInventor || claim.right > PriorityRight::kShareholder) {
    const bool missing = claim.right == PriorityRight::kUnspecified;
    return InvalidField(path + ".right", missing ? Reason::kREQUIRED : Reason::kUNKNOWN_VALUE);
  }
  if (claim.rank < 1 || claim.rank > kMaxPriorityRank) {
    return InvalidField(path + ".rank", Reason::kOUT_OF_RANGE, "1.." + std::to_string(kMaxPriorityRank));
  }
  const int64_t most = claim.right == PriorityRight::kShareholder ? kMaxFen : 0;
  if (claim.capital_share >= 0 && claim.capital_share <= most) return {};
  return InvalidField(path + ".capital_share", Reason::kOUT_OF_RANGE, "0.." + std::to_string(most));
}

Status CheckPriorityHolders(const std::vector<PriorityHolder>& holders) {
  constexpr std::string_view kPath = "priority_holders";
  if (holders.size() > kMaxPriorityHolders) {
    return InvalidField(std::string(kPath), Reason::kTOO_MANY, std::to_string(kMaxPriorityHolders));
  }
  for (size_t i = 0; i < holders.size(); ++i) {
    const PriorityHolder& holder = holders[i];
    const std::string path = At(kPath, i);
    TTX_RETURN_IF_ERROR(CheckText(holder.display_name, 1, kMaxNameChars, path + ".display_name"));
    if (!holder.organization.empty()) {
      TTX_TRY([[maybe_unused]] const auto id,
              ParseName(holder.organization, "organizations", path + ".organization"));
    }
    TTX_RETURN_IF_ERROR(CheckPriorityClaim(holder.claim, path));
    const auto twin = std::find_if(holders.begin(), holders.begin() + static_cast<std::ptrdiff_t>(i),
                                   [&](const PriorityHolder& other) { return IsSame(other, holder); });
    if (twin != holders.begin() + static_cast<std::ptrdiff_t>(i)) return InvalidField(path, Reason::kDUPLICATE);
  }
  return {};
}

Status CheckPriorityNotice(const PriorityNotice& notice, Date today) {
  switch (notice.method) {
    case NoticeMethod::kDirect:
    case NoticeMethod::kPublic:
      break;
    case NoticeMethod::kUnspecified:
      return InvalidField("method", Reason::kREQUIRED);
    default:
      return InvalidField("method", Reason::kUNKNOWN_VALUE);
  }
  if (notice.date > today) return InvalidField("notice_date", Reason::kOUT_OF_RANGE, "<= " + FormatDate(today));
  return CheckAttachment(notice.evidence, "evidence");
}

Status CheckAllNotified(const std::vector<PriorityHolder>& holders, const std::vector<PriorityNotice>& notices,
                        const RuleProfile& profile, Date today) {
  for (size_t i = 0; i < holders.size(); ++i) {
    const PriorityNotice notice = i < notices.size() ? notices[i] : PriorityNotice{};
    if (notice.answer != PriorityAnswer::kNone) continue;
    const bool told = notice.method != NoticeMethod::kUnspecified;
    // A public notice counts as received only after its own time.
    const bool is_public = notice.method == NoticeMethod::kPublic;
    const Date received = (told ? notice.date : today) + (is_public ? profile.priority_public_notice_days : 0);
    const Date earliest = received + profile.priority_notice_days;
    if (told && earliest <= today) continue;
    return Error(Reason::kPRIORITY_NOTICE_OPEN,
                 {{"holder", std::to_string(i + 1)}, {"earliest_time", FormatTime(StartOfDay(earliest))}});
  }
  return {};
}

bool IsDeclared(const std::vector<PriorityHolder>& holders, const std::vector<PriorityNotice>& notices,
                const PriorityClaim& claim, std::string_view organization, std::string_view legal_name) {
  if (holders.empty()) return true;
  for (size_t i = 0; i < holders.size(); ++i) {
    if (!IsHolder(holders[i], organization, legal_name) || holders[i].claim != claim) continue;
    return i >= notices.size() || notices[i].answer != PriorityAnswer::kWaive;
  }
  return false;
}

}  // namespace ttx::listing
