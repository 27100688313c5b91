#pragma once

#include "libs/core/result.h"
#include "services/auction/domain/rules.h"

namespace ttx::listing::v1 {
class AuctionRules;
}

namespace ttx::auction {

/// The rules a listing was published with. A rule that this service does not know is refused (UNKNOWN_VALUE),
/// never replaced by another.
Result<Rules> FromListing(const listing::v1::AuctionRules& from);

}  // namespace ttx::auction
