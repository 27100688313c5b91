#include "services/auction/rpc/auction_service.h"

#include "libs/rpc/events.h"
#include "libs/rpc/page.h"
#include "libs/rpc/proto_time.h"
#include "libs/rpc/second_person.h"
#include "services/auction/rpc/convert.h"

namespace ttx::auction {
namespace {

// In a page of an export, unless the request says.
constexpr size_t kExportLines = 1000;

rpc::StreamPage<v1::Event> ToPage(const storage::LogPage<StoredEvent>& page) {
  return rpc::ToStreamPage(page, [](const StoredEvent& event) { return ToProto(event); });
}

}  // namespace

// A command whose answer is the auction.
template <class Request, class Run>
grpc::ServerUnaryReactor* AuctionService::Change(grpc::CallbackServerContext* context, const Request* request,
                                                 v1::Auction* response, std::string_view method, Run run) {
  return handler_.Write(
      context, request, response, method,
      [](const Request& from, const rpc::Call&) { return FromProto(from); },
      [this, run](storage::Txn& txn, const rpc::Call& call, const auto& input) -> Result<v1::Auction> {
        TTX_TRY(const StoredAuction stored, run(txn, call.principal, input));
        return ToProto(stored, txn.now(), app_.options().origin);
      });
}

// A command whose answer is the caller's envelope.
template <class Request, class Run>
grpc::ServerUnaryReactor* AuctionService::ChangeEnvelope(grpc::CallbackServerContext* context,
                                                         const Request* request, v1::Envelope* response,
                                                         std::string_view method, Run run) {
  return handler_.Write(
      context, request, response, method,
      [](const Request& from, const rpc::Call&) { return FromProto(from); },
      [run](storage::Txn& txn, const rpc::Call& call, const auto& input) -> Result<v1::Envelope> {
        TTX_TRY(const EnvelopeEntry entry, run(txn, call.principal, input));
        return ToProto(entry);
      });
}

grpc::ServerUnaryReactor* AuctionService::GetAuction(grpc::CallbackServerContext* context,
                                                     const v1::GetAuctionRequest* request,
                                                     v1::Auction* response) {
  return handler_.Read(context, request, response, "GetAuction",
                       [this](const storage::Reader& reader, const rpc::Call&,
                              const v1::GetAuctionRequest& from) -> Result<v1::Auction> {
                         TTX_TRY(const AuctionId id, ParseAuctionName(from.name(), "name"));
                         TTX_TRY(const StoredAuction stored, app_.Get(reader, id));
                         return ToProto(stored, clock_.Now(), app_.options().origin);
                       });
}

grpc::ServerUnaryReactor* AuctionService::ListAuctions(grpc::CallbackServerContext* context,
                                                       const v1::ListAuctionsRequest* request,
                                                       v1::ListAuctionsResponse* response) {
  return handler_.Read(
      context, request, response, "ListAuctions",
      [this](const storage::Reader& reader, const rpc::Call&,
             const v1::ListAuctionsRequest& from) -> Result<v1::ListAuctionsResponse> {
        if (!from.exchange().empty()) {
          TTX_TRY(const std::string id, ParseName(from.exchange(), "organizations", "exchange"));
        }
        TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
        v1::ListAuctionsResponse to;
        for (const StoredAuction& stored : app_.List(reader, from.exchange(), page.after, page.size + 1)) {
          *to.add_auctions() = ToProto(stored, clock_.Now(), app_.options().origin);
        }
        rpc::FinishPage(page, to, *to.mutable_auctions(), [](const v1::Auction& last) { return last.uid(); });
        return to;
      });
}

grpc::ServerUnaryReactor* AuctionService::PlaceBid(grpc::CallbackServerContext* context,
                                                   const v1::PlaceBidRequest* request, v1::Bid* response) {
  return handler_.Write(
      context, request, response, "PlaceBid",
      [](const v1::PlaceBidRequest& from, const rpc::Call&) { return FromProto(from); },
      [this](storage::Txn& txn, const rpc::Call& call,
             const AuctionApp::PlaceBidInput& input) -> Result<v1::Bid> {
        TTX_TRY(const AuctionApp::PlacedBid placed, app_.PlaceBid(txn, call.principal, input));
        return ToProto(input.auction, placed.bid, placed.phase_end);
      });
}

grpc::ServerUnaryReactor* AuctionService::SetProxy(grpc::CallbackServerContext* context,
                                                   const v1::SetProxyRequest* request,
                                                   v1::ProxyStanding* response) {
  return handler_.Write(
      context, request, response, "SetProxy",
      [](const v1::SetProxyRequest& from, const rpc::Call&) { return FromProto(from); },
      [this](storage::Txn& txn, const rpc::Call& call,
             const AuctionApp::SetProxyInput& input) -> Result<v1::ProxyStanding> {
        TTX_TRY(const AuctionApp::ProxyStanding standing, app_.SetProxy(txn, call.principal, input));
        return ToProto(standing);
      });
}

grpc::ServerUnaryReactor* AuctionService::GetProxy(grpc::CallbackServerContext* context,
                                                   const v1::GetProxyRequest* request, v1::Proxy* response) {
  return handler_.Read(context, request, response, "GetProxy",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::GetProxyRequest& from) -> Result<v1::Proxy> {
                         TTX_TRY(const AuctionId id, ParseProxyName(from.name()));
                         TTX_TRY(const Proxy proxy, app_.GetProxy(reader, call.principal, id));
                         return ToProto(id, proxy);
                       });
}

grpc::ServerUnaryReactor* AuctionService::GetBidder(grpc::CallbackServerContext* context,
                                                    const v1::GetBidderRequest* request,
                                                    v1::Bidder* response) {
  return handler_.Read(context, request, response, "GetBidder",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::GetBidderRequest& from) -> Result<v1::Bidder> {
                         TTX_TRY(const BidderName name, ParseBidderName(from.name()));
                         TTX_TRY(const Bidder bidder,
                                 app_.GetBidder(reader, call.principal, name.auction, name.code));
                         return ToProto(name.auction, bidder);
                       });
}

grpc::ServerUnaryReactor* AuctionService::AnswerPriority(grpc::CallbackServerContext* context,
                                                         const v1::AnswerPriorityRequest* request,
                                                         v1::Auction* response) {
  return Change(
      context, request, response, "AnswerPriority",
      [this](storage::Txn& txn, const Principal& caller, const AuctionApp::AnswerPriorityInput& input) {
        return app_.AnswerPriority(txn, caller, input);
      });
}

grpc::ServerUnaryReactor* AuctionService::SubmitEnvelope(grpc::CallbackServerContext* context,
                                                         const v1::SubmitEnvelopeRequest* request,
                                                         v1::Envelope* response) {
  return ChangeEnvelope(
      context, request, response, "SubmitEnvelope",
      [this](storage::Txn& txn, const Principal& caller, const AuctionApp::SubmitEnvelopeInput& input) {
        return app_.SubmitEnvelope(txn, caller, input);
      });
}

grpc::ServerUnaryReactor* AuctionService::WithdrawEnvelope(grpc::CallbackServerContext* context,
                                                           const v1::WithdrawEnvelopeRequest* request,
                                                           v1::Envelope* response) {
  return ChangeEnvelope(context, request, response, "WithdrawEnvelope",
                        [this](storage::Txn& txn, const Principal& caller, const AuctionId& id) {
                          return app_.WithdrawEnvelope(txn, caller, id);
                        });
}

grpc::ServerUnaryReactor* AuctionService::RevealEnvelope(grpc::CallbackServerContext* context,
                                                         const v1::RevealEnvelopeRequest* request,
                                                         v1::Envelope* response) {
  return ChangeEnvelope(
      context, request, response, "RevealEnvelope",
      [this](storage::Txn& txn, const Principal& caller, const AuctionApp::RevealEnvelopeInput& input) {
        return app_.RevealEnvelope(txn, caller, input);
      });
}

grpc::ServerUnaryReactor* AuctionService::ListEnvelopes(grpc::CallbackServerContext* context,
                                                        const v1::ListEnvelopesRequest* request,
                                                        v1::ListEnvelopesResponse* response) {
  return handler_.Read(context, request, response, "ListEnvelopes",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::ListEnvelopesRequest& from) -> Result<v1::ListEnvelopesResponse> {
                         TTX_TRY(const AuctionId id, ParseAuctionName(from.parent(), "parent"));
                         TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
                         TTX_TRY(const std::vector<AuctionApp::Envelope> envelopes,
                                 app_.ListEnvelopes(reader, call.principal, id, page.after, page.size + 1));
                         v1::ListEnvelopesResponse to;
                         for (const AuctionApp::Envelope& envelope : envelopes) {
                           *to.add_envelopes() = ToProto(envelope);
                         }
                         rpc::FinishPage(page, to, *to.mutable_envelopes(),
                                         [](const v1::Envelope& last) { return last.bidder_code(); });
                         return to;
                       });
}

grpc::ServerUnaryReactor* AuctionService::GetCloseProof(grpc::CallbackServerContext* context,
                                                        const v1::GetCloseProofRequest* request,
                                                        v1::CloseProof* response) {
  return handler_.Read(context, request, response, "GetCloseProof",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::GetCloseProofRequest& from) -> Result<v1::CloseProof> {
                         TTX_TRY(const AuctionId id, ParseCloseProofName(from.name()));
                         v1::CloseProof proof;
                         proof.set_name(from.name());
                         TTX_TRY(*proof.mutable_proof(), app_.GetCloseProof(reader, call.principal, id));
                         return proof;
                       });
}

grpc::ServerUnaryReactor* AuctionService::FixScores(grpc::CallbackServerContext* context,
                                                    const v1::FixScoresRequest* request,
                                                    v1::Auction* response) {
  return Change(context, request, response, "FixScores",
                [this](storage::Txn& txn, const Principal& caller, const ScoresInput& input) {
                  return app_.FixScores(txn, caller, input.auction, input.scores);
                });
}

grpc::ServerUnaryReactor* AuctionService::HandInShares(grpc::CallbackServerContext* context,
                                                       const v1::HandInSharesRequest* request,
                                                       v1::Auction* response) {
  return Change(
      context, request, response, "HandInShares",
      [this](storage::Txn& txn, const Principal& caller, const AuctionApp::HandInSharesInput& input) {
        return app_.HandInShares(txn, caller, input);
      });
}

grpc::ServerUnaryReactor* AuctionService::ReportTender(grpc::CallbackServerContext* context,
                                                       const v1::ReportTenderRequest* request,
                                                       v1::Auction* response) {
  return Change(context, request, response, "ReportTender",
                [this](storage::Txn& txn, const Principal& caller, const ReportInput& input) {
                  return app_.ReportTender(txn, caller, input.auction, input.report);
                });
}

template <class Request>
grpc::ServerUnaryReactor* AuctionService::Ask(grpc::CallbackServerContext* context, const Request* request,
                                              v1::PendingAct* response, std::string_view method) {
  return handler_.Write(
      context, request, response, method,
      [](const Request& from, const rpc::Call&) { return FromProto(from); },
      [this](storage::Txn& txn, const rpc::Call& call,
             const AuctionApp::RequestActInput& input) -> Result<v1::PendingAct> {
        TTX_TRY(const PendingAct act, app_.RequestAct(txn, call.principal, input));
        return ToProto(input.auction, act);
      });
}

grpc::ServerUnaryReactor* AuctionService::RequestAct(grpc::CallbackServerContext* context,
                                                     const v1::RequestActRequest* request,
                                                     v1::PendingAct* response) {
  return Ask(context, request, response, "RequestAct");
}

grpc::ServerUnaryReactor* AuctionService::RequestOpening(grpc::CallbackServerContext* context,
                                                         const v1::RequestOpeningRequest* request,
                                                         v1::PendingAct* response) {
  return Ask(context, request, response, "RequestOpening");
}

grpc::ServerUnaryReactor* AuctionService::GetPendingAct(grpc::CallbackServerContext* context,
                                                        const v1::GetPendingActRequest* request,
                                                        v1::PendingAct* response) {
  return handler_.Read(context, request, response, "GetPendingAct",
                       [this](const storage::Reader& reader, const rpc::Call& call,
                              const v1::GetPendingActRequest& from) -> Result<v1::PendingAct> {
                         TTX_TRY(const AuctionId id, ParsePendingActName(from.name()));
                         TTX_TRY(const PendingAct act, app_.GetPendingAct(reader, call.principal, id));
                         return ToProto(id, act);
                       });
}

grpc::ServerUnaryReactor* AuctionService::ConfirmAct(grpc::CallbackServerContext* context,
                                                     const v1::ConfirmActRequest* request,
                                                     v1::Auction* response) {
  return handler_.Write(
      context, request, response, "ConfirmAct",
      rpc::Seen([](const v1::ConfirmActRequest& from, const rpc::Call&) { return FromProto(from); }),
      [this](storage::Txn& txn, const rpc::Call& call,
             const AuctionApp::ConfirmActInput& input) -> Result<v1::Auction> {
        TTX_TRY(const StoredAuction stored, app_.ConfirmAct(txn, call.principal, input));
        return ToProto(stored, txn.now(), app_.options().origin);
      });
}

grpc::ServerUnaryReactor* AuctionService::WithdrawAct(grpc::CallbackServerContext* context,
                                                      const v1::WithdrawActRequest* request,
                                                      v1::Auction* response) {
  return Change(context, request, response, "WithdrawAct",
                [this](storage::Txn& txn, const Principal& caller, const AuctionId& id) {
                  return app_.WithdrawAct(txn, caller, id);
                });
}

grpc::ServerUnaryReactor* AuctionService::GetBid(grpc::CallbackServerContext* context,
                                                 const v1::GetBidRequest* request, v1::Bid* response) {
  return handler_.Read(context, request, response, "GetBid",
                       [this](const storage::Reader& reader, const rpc::Call&,
                              const v1::GetBidRequest& from) -> Result<v1::Bid> {
                         TTX_TRY(const BidName name, ParseBidName(from.name()));
                         TTX_TRY(const Bid bid, app_.GetBid(reader, name.auction, name.number));
                         return ToProto(name.auction, bid, {});
                       });
}

grpc::ServerUnaryReactor* AuctionService::ListBids(grpc::CallbackServerContext* context,
                                                   const v1::ListBidsRequest* request,
                                                   v1::ListBidsResponse* response) {
  return handler_.Read(context, request, response, "ListBids",
                       [this](const storage::Reader& reader, const rpc::Call&,
                              const v1::ListBidsRequest& from) -> Result<v1::ListBidsResponse> {
                         TTX_TRY(const AuctionId id, ParseAuctionName(from.parent(), "parent"));
                         TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
                         TTX_TRY(const int64_t after, rpc::NumberAfter(page));
                         TTX_TRY(const std::vector<Bid> bids,
                                 app_.ListBids(reader, id, after, page.size + 1));
                         v1::ListBidsResponse to;
                         for (const Bid& bid : bids) *to.add_bids() = ToProto(id, bid, {});
                         rpc::FinishPage(page, to, *to.mutable_bids(),
                                         [](const v1::Bid& last) { return std::to_string(last.number()); });
                         return to;
                       });
}

grpc::ServerUnaryReactor* AuctionService::ListRefusedBids(grpc::CallbackServerContext* context,
                                                          const v1::ListRefusedBidsRequest* request,
                                                          v1::ListRefusedBidsResponse* response) {
  return handler_.Read(
      context, request, response, "ListRefusedBids",
      [this](const storage::Reader& reader, const rpc::Call& call,
             const v1::ListRefusedBidsRequest& from) -> Result<v1::ListRefusedBidsResponse> {
        TTX_TRY(const AuctionId id, ParseAuctionName(from.parent(), "parent"));
        TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
        TTX_TRY(const int64_t after_ns, rpc::NumberAfter(page));
        TTX_TRY(const std::vector<RefusedBid> refused,
                app_.ListRefusedBids(reader, call.principal, id, Time{after_ns}, page.size + 1));
        v1::ListRefusedBidsResponse to;
        for (const RefusedBid& bid : refused) *to.add_refused_bids() = ToProto(bid);
        rpc::FinishPage(page, to, *to.mutable_refused_bids(), [](const v1::RefusedBid& last) {
          return std::to_string(last.refuse_time().seconds() * 1'000'000'000 + last.refuse_time().nanos());
        });
        return to;
      });
}

grpc::ServerWriteReactor<v1::Event>* AuctionService::WatchAuction(grpc::CallbackServerContext* context,
                                                                  const v1::WatchAuctionRequest* request) {
  using Stream = rpc::EventStream<v1::WatchAuctionRequest, v1::Event>;
  return Stream::Start(
      handler_, context, *request, "WatchAuction", request->after_sequence(),
      [this, name = request->name()](const storage::Reader& reader, const rpc::Call&, uint64_t after,
                                     size_t limit) -> Result<rpc::StreamPage<v1::Event>> {
        TTX_TRY(const AuctionId id, ParseAuctionName(name, "name"));
        TTX_TRY(const storage::LogPage<StoredEvent> found, app_.WatchEvents(reader, id, after, limit));
        return ToPage(found);
      },
      [](const v1::Event& event) { return event.has_auction_closed(); },
      [this, name = request->name()](const storage::Reader& reader) {
        const Result<AuctionId> id = ParseAuctionName(name, "name");
        const Result<StoredAuction> stored =
            id.ok() ? app_.Get(reader, *id) : Result<StoredAuction>(id.error());
        return stored.ok() && stored->auction.state == State::kClosed;
      },
      /*topic=*/request->name(), rpc::Numbering::kOwn);
}

grpc::ServerUnaryReactor* AuctionService::ExportAuction(grpc::CallbackServerContext* context,
                                                        const v1::ExportAuctionRequest* request,
                                                        v1::ExportAuctionResponse* response) {
  return handler_.Read(
      context, request, response, "ExportAuction",
      [this](const storage::Reader& reader, const rpc::Call& call,
             const v1::ExportAuctionRequest& from) -> Result<v1::ExportAuctionResponse> {
        TTX_TRY(const AuctionId id, ParseAuctionName(from.name(), "name"));
        if (from.page_size() < 0) {
          return InvalidField("page_size", Reason::kOUT_OF_RANGE,
                              "0.." + std::to_string(replay::ExportPages::kMaxLines));
        }
        if (!FromBase64Url(from.page_token())) return InvalidField("page_token", Reason::kBAD_FORMAT);
        TTX_TRY(const StoredAuction stored, app_.GetForExport(reader, call.principal, id));
        const size_t lines = from.page_size() == 0 ? kExportLines : static_cast<size_t>(from.page_size());
        TTX_TRY(replay::ExportPage found, exports_.Read(reader, id, from.page_token(), lines));
        v1::ExportAuctionResponse to;
        for (std::string& line : found.lines) to.add_lines(std::move(line));
        to.set_next_page_token(std::move(found.next));
        return to;
      });
}

grpc::ServerUnaryReactor* AuctionService::ListEvents(grpc::CallbackServerContext* context,
                                                     const v1::ListEventsRequest* request,
                                                     v1::ListEventsResponse* response) {
  return rpc::ListEvents(handler_, context, request, response,
                         [this, milestones_only = request->milestones_only()](
                             const storage::Reader& reader, const rpc::Call& call, uint64_t after, size_t limit) {
                           return ToPage(app_.ListEvents(reader, call.principal, after, limit, milestones_only));
                         });
}

grpc::ServerWriteReactor<v1::Event>* AuctionService::StreamEvents(grpc::CallbackServerContext* context,
                                                                  const v1::StreamEventsRequest* request) {
  return rpc::StreamEvents<v1::Event>(
      handler_, context, request,
      [this](const storage::Reader& reader, const rpc::Call& call, uint64_t after, size_t limit) {
        return ToPage(app_.ListEvents(reader, call.principal, after, limit, /*milestones_only=*/false));
      });
}

}  // namespace ttx::auction
