#include "services/auction/rpc/auction_service.h"

#include "libs/rpc/event_stream.h"
#include "libs/rpc/page.h"
#include "libs/rpc/proto_time.h"
#include "services/auction/rpc/convert.h"

namespace ttx::auction {
namespace {

rpc::StreamPage<v1::Event> ToPage(const std::vector<StoredEvent>& events) {
  rpc::StreamPage<v1::Event> page;
  for (const StoredEvent& event : events) page.emplace_back(event.sequence, ToProto(event));
  return page;
}

}  // namespace

grpc::ServerUnaryReactor* AuctionService::GetAuction(grpc::CallbackServerContext* context,
                                                     const v1::GetAuctionRequest* request, v1::Auction* response) {
  return handler_.Read(context, request, response, "GetAuction",
                       [this](const storage::Reader& reader, const rpc::Call&,
                              const v1::GetAuctionRequest& from) -> Result<v1::Auction> {
                         TTX_TRY(const AuctionId id, ParseAuctionName(from.name(), "name"));
                         TTX_TRY(const StoredAuction stored, app_.Get(reader, id));
                         return ToProto(stored, clock_.Now());
                       });
}

grpc::ServerUnaryReactor* AuctionService::ListAuctions(grpc::CallbackServerContext* context,
                                                       const v1::ListAuctionsRequest* request,
                                                       v1::ListAuctionsResponse* response) {
  return handler_.Read(context, request, response, "ListAuctions",
                       [this](const storage::Reader& reader, const rpc::Call&,
                              const v1::ListAuctionsRequest& from) -> Result<v1::ListAuctionsResponse> {
                         if (!from.exchange().empty()) {
                           TTX_TRY(const std::string id, ParseName(from.exchange(), "organizations", "exchange"));
                         }
                         TTX_TRY(const rpc::PageRequest page, rpc::ReadPage(from));
                         v1::ListAuctionsResponse to;
                         for (const StoredAuction& stored :
                              auction::ListAuctions(reader, from.exchange(), page.after, page.size + 1)) {
                           *to.add_auctions() = ToProto(stored, clock_.Now());
                         }
                         rpc::FinishPage(page, to, *to.mutable_auctions(),
                                         [](const v1::Auction& last) { return last.uid(); });
                         return to;
                       });
}

grpc::ServerUnaryReactor* AuctionService::PlaceBid(grpc::CallbackServerContext* context,
                                                   const v1::PlaceBidRequest* request, v1::Bid* response) {
  return handler_.Write(
      context, request, response, "PlaceBid",
      [](const v1::PlaceBidRequest& from, const rpc::Call&) { return FromProto(from); },
      [this](storage::Txn& txn, const rpc::Call& call, const AuctionApp::PlaceBidInput& input) -> Result<v1::Bid> {
        TTX_TRY(const AuctionApp::PlacedBid placed, app_.PlaceBid(txn, call.principal, input));
        return ToProto(input.auction, placed.bid, placed.phase_end);
      });
}

grpc::ServerUnaryReactor* AuctionService::GetBid(grpc::CallbackServerContext* context, const v1::GetBidRequest* request,
                                                 v1::Bid* response) {
  return handler_.Read(
      context, request, response, "GetBid",
      [this](const storage::Reader& reader, const rpc::Call&, const v1::GetBidRequest& from) -> Result<v1::Bid> {
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
                         TTX_TRY(const std::vector<Bid> bids, app_.ListBids(reader, id, after, page.size + 1));
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
        TTX_TRY(const std::vector<StoredEvent> events, app_.WatchEvents(reader, id, after, limit));
        return ToPage(events);
      },
      [](const v1::Event& event) { return event.has_auction_closed(); },
      [this, name = request->name()](const storage::Reader& reader) {
        const Result<AuctionId> id = ParseAuctionName(name, "name");
        const Result<StoredAuction> stored = id.ok() ? app_.Get(reader, *id) : Result<StoredAuction>(id.error());
        return stored.ok() && stored->auction.state == State::kClosed;
      },
      /*topic=*/request->name());
}

grpc::ServerUnaryReactor* AuctionService::ListEvents(grpc::CallbackServerContext* context,
                                                     const v1::ListEventsRequest* request,
                                                     v1::ListEventsResponse* response) {
  return handler_.Poll(
      context, request, response, "ListEvents", rpc::WaitOf(*request),
      [this](const storage::Reader& reader, const rpc::Call& call,
             const v1::ListEventsRequest& from) -> Result<v1::ListEventsResponse> {
        TTX_TRY(const uint64_t after, rpc::SequenceAfter(from.after_sequence()));
        TTX_TRY(const size_t size, rpc::PageSize(from.page_size()));
        v1::ListEventsResponse to;
        for (const StoredEvent& event : app_.ListEvents(reader, call.principal, after, size, from.milestones_only())) {
          *to.add_events() = ToProto(event);
        }
        return to;
      },
      [](const v1::ListEventsResponse& page) { return page.events().empty(); });
}

grpc::ServerWriteReactor<v1::Event>* AuctionService::StreamEvents(grpc::CallbackServerContext* context,
                                                                  const v1::StreamEventsRequest* request) {
  using Stream = rpc::EventStream<v1::StreamEventsRequest, v1::Event>;
  return Stream::Start(
      handler_, context, *request, "StreamEvents", request->after_sequence(),
      [this](const storage::Reader& reader, const rpc::Call& call, uint64_t after,
             size_t limit) -> Result<rpc::StreamPage<v1::Event>> {
        return ToPage(app_.ListEvents(reader, call.principal, after, limit, /*milestones_only=*/false));
      },
      [](const v1::Event&) { return false; });
}

}  // namespace ttx::auction
