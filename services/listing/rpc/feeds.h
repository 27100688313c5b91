#pragma once

#include "libs/rpc/feed.h"
#include "services/listing/app/listing_app.h"

namespace ttx::listing {

/// Each takes one event of another service; events that mean nothing here succeed without an effect.
Status OnPartyEvent(const ListingApp& app, storage::Txn& txn, const rpc::FeedEvent& event);
Status OnAuctionEvent(const ListingApp& app, storage::Txn& txn, const rpc::FeedEvent& event);
Status OnSettlementEvent(const ListingApp& app, storage::Txn& txn, const rpc::FeedEvent& event);
Status OnContractEvent(const ListingApp& app, storage::Txn& txn, const rpc::FeedEvent& event);
Status OnDisclosureEvent(const ListingApp& app, storage::Txn& txn, const rpc::FeedEvent& event);

}  // namespace ttx::listing
