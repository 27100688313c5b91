#pragma once

#include "libs/rpc/feed.h"
#include "services/auction/app/auction_app.h"

namespace ttx::auction {

/// Takes one event of the listing service: bidding_scheduled schedules a session; while it runs,
/// intent_qualified adds a bidder and listing_extended moves its end when they name it (domain.md 5.4).
/// Others mean nothing here.
Status OnListingEvent(const AuctionApp& app, storage::Txn& txn, const rpc::FeedEvent& event);

}  // namespace ttx::auction
