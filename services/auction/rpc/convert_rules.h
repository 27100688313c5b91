#pragma once

#include "services/auction/domain/auction.h"
#include "ttx/auction/v1/auction.pb.h"

namespace ttx::auction {

v1::Auction::State ToProto(State state);
v1::Auction::Outcome ToProto(Outcome outcome);
/// What of the rules holds in the session's mode.
v1::Rules ToProto(const Rules& rules);

}  // namespace ttx::auction
