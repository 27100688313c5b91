#pragma once

#include "libs/rpc/handler.h"
#include "services/auction/app/auction_app.h"
#include "ttx/auction/v1/auction.grpc.pb.h"

namespace ttx::auction {

/// The gRPC face of AuctionApp: convert, call, convert back. `app` and `handler` must outlive it.
class AuctionService : public v1::AuctionService::CallbackService {
 public:
  AuctionService(const AuctionApp& app, rpc::Handler& handler, const Clock& clock)
      : app_(app), handler_(handler), clock_(clock) {}

  grpc::ServerUnaryReactor* GetAuction(grpc::CallbackServerContext* context, const v1::GetAuctionRequest* request,
                                       v1::Auction* response) override;
  grpc::ServerUnaryReactor* ListAuctions(grpc::CallbackServerContext* context, const v1::ListAuctionsRequest* request,
                                         v1::ListAuctionsResponse* response) override;
  grpc::ServerUnaryReactor* PlaceBid(grpc::CallbackServerContext* context, const v1::PlaceBidRequest* request,
                                     v1::Bid* response) override;
  grpc::ServerUnaryReactor* GetBid(grpc::CallbackServerContext* context, const v1::GetBidRequest* request,
                                   v1::Bid* response) override;
  grpc::ServerUnaryReactor* ListBids(grpc::CallbackServerContext* context, const v1::ListBidsRequest* request,
                                     v1::ListBidsResponse* response) override;
  grpc::ServerUnaryReactor* ListRefusedBids(grpc::CallbackServerContext* context,
                                            const v1::ListRefusedBidsRequest* request,
                                            v1::ListRefusedBidsResponse* response) override;
  grpc::ServerWriteReactor<v1::Event>* WatchAuction(grpc::CallbackServerContext* context,
                                                    const v1::WatchAuctionRequest* request) override;
  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context, const v1::ListEventsRequest* request,
                                       v1::ListEventsResponse* response) override;
  grpc::ServerWriteReactor<v1::Event>* StreamEvents(grpc::CallbackServerContext* context,
                                                    const v1::StreamEventsRequest* request) override;

 private:
  const AuctionApp& app_;
  rpc::Handler& handler_;
  const Clock& clock_;
};

}  // namespace ttx::auction
