#pragma once

#include "libs/core/result.h"
#include "services/auction/app/auction_app.h"
#include "services/auction/domain/auction.h"
#include "ttx/auction/v1/auction.pb.h"

namespace ttx::auction {

/// Requests to commands: shape errors name the field.
Result<AuctionApp::PlaceBidInput> FromProto(const v1::PlaceBidRequest& request);
/// "auctions/{id}".
Result<AuctionId> ParseAuctionName(std::string_view name, std::string_view field);

struct BidName {
  AuctionId auction;
  int64_t number;
};
/// "auctions/{id}/bids/{number}".
Result<BidName> ParseBidName(std::string_view name);

/// Resources as everybody may see them: nothing secret before the close.
v1::Auction ToProto(const StoredAuction& stored, Time server_time);
v1::Bid ToProto(const AuctionId& auction, const Bid& bid, Time phase_end);
v1::RefusedBid ToProto(const RefusedBid& refused);
v1::Event ToProto(const StoredEvent& stored);

}  // namespace ttx::auction
