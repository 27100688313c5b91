#include "libs/sealed/rules.h"

#include "libs/bidding/limits.h"

namespace ttx::sealed {

static_assert(bidding::kMinHolders == kMinThreshold && bidding::kMaxHolders == kMaxHolders,
              "rules allow the lists of key holders that can be read");

Result<HolderSet> HoldersOf(const bidding::Rules& rules) {
  const std::string field = "rules.sealed.holder_set";
  Result<HolderSet> holders = HolderSet::Parse(rules.sealed.holder_set);
  if (!holders.ok()) {
    return InvalidField(field, rules.sealed.holder_set.empty() ? Reason::kREQUIRED : Reason::kBAD_FORMAT);
  }
  if (holders->threshold() != rules.sealed.shares_needed || holders->size() != rules.sealed.shares_total) {
    return InvalidField(
        field, Reason::kOUT_OF_RANGE,
        std::to_string(rules.sealed.shares_needed) + " of " + std::to_string(rules.sealed.shares_total));
  }
  return holders;
}

}  // namespace ttx::sealed
