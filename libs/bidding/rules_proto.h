#pragma once

#include "libs/bidding/rules.h"

namespace ttx::type::v1 {
class BiddingRules;
}

namespace ttx::bidding {

/// INVALID_FIELD on "rules...." for an enum value that is not known (UNKNOWN_VALUE), for what is no length of
/// time (OUT_OF_RANGE), and for a part that the mode must have and does not, or has no use for (REQUIRED). To
/// be asked of every message that another program wrote.
Status CheckMessage(const type::v1::BiddingRules& message);

/// The rules of a message that CheckMessage takes, not checked yet (CheckRules). What it leaves open is as in
/// OpenRules. A rule that is not known here ends the program: it is never replaced by another.
Rules FromProto(const type::v1::BiddingRules& message);

/// The whole of the rules, without the parts that the mode has no use for.
type::v1::BiddingRules ToProto(const Rules& rules);

}  // namespace ttx::bidding
