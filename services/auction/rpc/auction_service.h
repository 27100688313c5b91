#pragma once

#include "libs/rpc/handler.h"
#include "services/auction/app/auction_app.h"
#include "services/auction/replay/export_pages.h"
#include "ttx/auction/v1/auction.grpc.pb.h"

namespace ttx::auction {

/// The gRPC face of AuctionApp: convert, call, convert back. `app` and `handler` must outlive it.
class AuctionService : public v1::AuctionService::CallbackService {
 public:
  AuctionService(const AuctionApp& app, rpc::Handler& handler, const Clock& clock)
      : app_(app), handler_(handler), clock_(clock), exports_(app.vault()) {}

  grpc::ServerUnaryReactor* GetAuction(grpc::CallbackServerContext* context,
                                       const v1::GetAuctionRequest* request, v1::Auction* response) override;
  grpc::ServerUnaryReactor* ListAuctions(grpc::CallbackServerContext* context,
                                         const v1::ListAuctionsRequest* request,
                                         v1::ListAuctionsResponse* response) override;
  grpc::ServerUnaryReactor* PlaceBid(grpc::CallbackServerContext* context, const v1::PlaceBidRequest* request,
                                     v1::Bid* response) override;
  grpc::ServerUnaryReactor* SetProxy(grpc::CallbackServerContext* context, const v1::SetProxyRequest* request,
                                     v1::ProxyStanding* response) override;
  grpc::ServerUnaryReactor* GetProxy(grpc::CallbackServerContext* context, const v1::GetProxyRequest* request,
                                     v1::Proxy* response) override;
  grpc::ServerUnaryReactor* GetBidder(grpc::CallbackServerContext* context,
                                      const v1::GetBidderRequest* request, v1::Bidder* response) override;
  grpc::ServerUnaryReactor* AnswerPriority(grpc::CallbackServerContext* context,
                                           const v1::AnswerPriorityRequest* request,
                                           v1::Auction* response) override;
  grpc::ServerUnaryReactor* SubmitEnvelope(grpc::CallbackServerContext* context,
                                           const v1::SubmitEnvelopeRequest* request,
                                           v1::Envelope* response) override;
  grpc::ServerUnaryReactor* WithdrawEnvelope(grpc::CallbackServerContext* context,
                                             const v1::WithdrawEnvelopeRequest* request,
                                             v1::Envelope* response) override;
  grpc::ServerUnaryReactor* RevealEnvelope(grpc::CallbackServerContext* context,
                                           const v1::RevealEnvelopeRequest* request,
                                           v1::Envelope* response) override;
  grpc::ServerUnaryReactor* ListEnvelopes(grpc::CallbackServerContext* context,
                                          const v1::ListEnvelopesRequest* request,
                                          v1::ListEnvelopesResponse* response) override;
  grpc::ServerUnaryReactor* GetCloseProof(grpc::CallbackServerContext* context,
                                          const v1::GetCloseProofRequest* request,
                                          v1::CloseProof* response) override;
  grpc::ServerUnaryReactor* FixScores(grpc::CallbackServerContext* context,
                                      const v1::FixScoresRequest* request, v1::Auction* response) override;
  grpc::ServerUnaryReactor* HandInShares(grpc::CallbackServerContext* context,
                                         const v1::HandInSharesRequest* request,
                                         v1::Auction* response) override;
  grpc::ServerUnaryReactor* ReportTender(grpc::CallbackServerContext* context,
                                         const v1::ReportTenderRequest* request,
                                         v1::Auction* response) override;
  grpc::ServerUnaryReactor* RequestAct(grpc::CallbackServerContext* context,
                                       const v1::RequestActRequest* request,
                                       v1::PendingAct* response) override;
  grpc::ServerUnaryReactor* RequestOpening(grpc::CallbackServerContext* context,
                                           const v1::RequestOpeningRequest* request,
                                           v1::PendingAct* response) override;
  grpc::ServerUnaryReactor* GetPendingAct(grpc::CallbackServerContext* context,
                                          const v1::GetPendingActRequest* request,
                                          v1::PendingAct* response) override;
  grpc::ServerUnaryReactor* ConfirmAct(grpc::CallbackServerContext* context,
                                       const v1::ConfirmActRequest* request, v1::Auction* response) override;
  grpc::ServerUnaryReactor* WithdrawAct(grpc::CallbackServerContext* context,
                                        const v1::WithdrawActRequest* request,
                                        v1::Auction* response) override;
  grpc::ServerUnaryReactor* GetBid(grpc::CallbackServerContext* context, const v1::GetBidRequest* request,
                                   v1::Bid* response) override;
  grpc::ServerUnaryReactor* ListBids(grpc::CallbackServerContext* context, const v1::ListBidsRequest* request,
                                     v1::ListBidsResponse* response) override;
  grpc::ServerUnaryReactor* ListRefusedBids(grpc::CallbackServerContext* context,
                                            const v1::ListRefusedBidsRequest* request,
                                            v1::ListRefusedBidsResponse* response) override;
  grpc::ServerWriteReactor<v1::Event>* WatchAuction(grpc::CallbackServerContext* context,
                                                    const v1::WatchAuctionRequest* request) override;
  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context,
                                       const v1::ListEventsRequest* request,
                                       v1::ListEventsResponse* response) override;
  grpc::ServerWriteReactor<v1::Event>* StreamEvents(grpc::CallbackServerContext* context,
                                                    const v1::StreamEventsRequest* request) override;
  grpc::ServerUnaryReactor* ExportAuction(grpc::CallbackServerContext* context,
                                          const v1::ExportAuctionRequest* request,
                                          v1::ExportAuctionResponse* response) override;

 private:
  template <class Request, class Run>
  grpc::ServerUnaryReactor* Change(grpc::CallbackServerContext* context, const Request* request,
                                   v1::Auction* response, std::string_view method, Run run);
  template <class Request, class Run>
  grpc::ServerUnaryReactor* ChangeEnvelope(grpc::CallbackServerContext* context, const Request* request,
                                           v1::Envelope* response, std::string_view method, Run run);
  template <class Request>
  grpc::ServerUnaryReactor* Ask(grpc::CallbackServerContext* context, const Request* request,
                                v1::PendingAct* response, std::string_view method);

  const AuctionApp& app_;
  rpc::Handler& handler_;
  const Clock& clock_;
  const replay::ExportPages exports_;
};

}  // namespace ttx::auction
