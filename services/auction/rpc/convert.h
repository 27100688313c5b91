#pragma once

#include "libs/core/result.h"
#include "services/auction/app/auction_app.h"
#include "services/auction/domain/auction.h"
#include "ttx/auction/v1/auction.pb.h"

namespace ttx::auction {

/// Requests to commands: shape errors name the field.
Result<AuctionApp::PlaceBidInput> FromProto(const v1::PlaceBidRequest& request);
Result<AuctionApp::SetProxyInput> FromProto(const v1::SetProxyRequest& request);
Result<AuctionApp::AnswerPriorityInput> FromProto(const v1::AnswerPriorityRequest& request);
Result<AuctionApp::SubmitEnvelopeInput> FromProto(const v1::SubmitEnvelopeRequest& request);
Result<AuctionApp::RevealEnvelopeInput> FromProto(const v1::RevealEnvelopeRequest& request);
Result<AuctionApp::HandInSharesInput> FromProto(const v1::HandInSharesRequest& request);
Result<AuctionApp::RequestActInput> FromProto(const v1::RequestActRequest& request);
Result<AuctionApp::RequestActInput> FromProto(const v1::RequestOpeningRequest& request);
Result<AuctionApp::ConfirmActInput> FromProto(const v1::ConfirmActRequest& request);

/// The auction alone.
Result<AuctionId> FromProto(const v1::WithdrawActRequest& request);
Result<AuctionId> FromProto(const v1::WithdrawEnvelopeRequest& request);

struct ScoresInput {
  AuctionId auction;
  std::vector<NonPriceScore> scores;
};
Result<ScoresInput> FromProto(const v1::FixScoresRequest& request);

struct ReportInput {
  AuctionId auction;
  ReportTender report;
};
Result<ReportInput> FromProto(const v1::ReportTenderRequest& request);

/// "auctions/{id}".
Result<AuctionId> ParseAuctionName(std::string_view name, std::string_view field);

struct BidName {
  AuctionId auction;
  int64_t number;
};
/// "auctions/{id}/bids/{number}".
Result<BidName> ParseBidName(std::string_view name);

struct BidderName {
  AuctionId auction;
  std::string code;
};
/// "auctions/{id}/bidders/{code}".
Result<BidderName> ParseBidderName(std::string_view name);
/// "auctions/{id}/proxy" and "auctions/{id}/pendingAct".
Result<AuctionId> ParseProxyName(std::string_view name);
Result<AuctionId> ParsePendingActName(std::string_view name);
/// "auctions/{id}/closeProof".
Result<AuctionId> ParseCloseProofName(std::string_view name);

/// Resources as everybody may see them: nothing secret before the close.
/// `origin` names the installation.
v1::Auction ToProto(const StoredAuction& stored, Time server_time, const std::string& origin);
v1::Bid ToProto(const AuctionId& auction, const Bid& bid, Time phase_end);
v1::RefusedBid ToProto(const RefusedBid& refused);
v1::ProxyStanding ToProto(const AuctionApp::ProxyStanding& standing);
v1::Proxy ToProto(const AuctionId& auction, const Proxy& proxy);
v1::Bidder ToProto(const AuctionId& auction, const Bidder& bidder);
/// Without the bytes.
v1::Envelope ToProto(const EnvelopeEntry& entry);
v1::Envelope ToProto(const AuctionApp::Envelope& envelope);
v1::EnvelopesOpened::Envelope ToProto(const AuctionId& auction, const OpenedBid& opened);
v1::PendingAct ToProto(const AuctionId& auction, const PendingAct& act);
v1::Event ToProto(const StoredEvent& stored);

}  // namespace ttx::auction
