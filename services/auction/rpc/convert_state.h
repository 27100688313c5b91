#pragma once

#include "services/auction/domain/auction.h"
#include "ttx/auction/v1/auction.pb.h"

namespace ttx::auction {

v1::Auction::State ToProto(State state);
v1::Auction::Outcome ToProto(Outcome outcome);

}  // namespace ttx::auction
