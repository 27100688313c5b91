#pragma once

#include "libs/rpc/feed.h"
#include "services/auction/app/auction_app.h"

namespace ttx::auction {

/// Takes one event of the listing service: bidding_scheduled schedules a session, others mean nothing here.
Status OnListingEvent(const AuctionApp& app, storage::Txn& txn, const rpc::FeedEvent& event);

}  // namespace ttx::auction
