#pragma once

#include "libs/bidding/rules.h"
#include "services/listing/domain/rule_profile.h"

namespace ttx::listing {

using bidding::Criterion;
using bidding::DefaultIncrement;
using bidding::Increment;
using bidding::IsSealed;
using bidding::Mode;
using bidding::Rules;
using bidding::SingleBidder;
using bidding::SuspensionRules;

/// Fills what was left open with the defaults of domain.md 5.1 and starts at the listed price. INVALID_FIELD
/// for the first rule that cannot be run or that leaves bidders less time than the profile demands; field
/// paths start with "rules.".
Result<Rules> NormalizeRules(Rules rules, Fen listed_price, const RuleProfile& profile);

/// Whether the auction service would take the rules of a listing, whose free period in DYNAMIC is not known
/// yet (domain.md 5.4); INVALID_FIELD as from bidding::CheckRules.
Status CheckRunnable(Rules rules);

}  // namespace ttx::listing
