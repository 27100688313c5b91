#include "services/auction/rpc/feeds.h"

#include "libs/bidding/rules_proto.h"
#include "libs/core/encoding.h"
#include "libs/rpc/proto_time.h"
#include "services/auction/rpc/convert.h"
#include "ttx/listing/v1/listing.pb.h"

namespace ttx::auction {
namespace {

Status Schedule(const AuctionApp& app, storage::Txn& txn, const listing::v1::BiddingScheduled& from) {
  ScheduleAuction command;
  TTX_TRY(command.id, ParseAuctionName(from.auction(), "auction"));
  command.listing = from.listing();
  command.exchange = from.exchange();
  command.title = from.title();
  TTX_RETURN_IF_ERROR(bidding::CheckMessage(from.rules()));
  command.rules = bidding::FromProto(from.rules());
  TTX_TRY(command.start_time, rpc::FromProtoTime(from.start_time(), "start_time"));
  if (from.reserve_fen() != 0) {
    const auto salt = FromHex(from.reserve_salt());
    const auto commitment = FromHex(from.reserve_commitment());
    if (!salt || !commitment) return InvalidField("reserve_salt", Reason::kBAD_FORMAT);
    command.reserve = Reserve{{from.reserve_fen()}, *salt, *commitment};
  }
  for (const auto& bidder : from.bidders()) {
    command.bidders.push_back({.code = bidder.code(),
                               .organization = bidder.organization(),
                               .intent = bidder.intent(),
                               .rank = bidder.priority_rank(),
                               .share = bidder.capital_share()});
  }
  for (const std::string& organization : from.barred_organizations()) {
    command.barred_organizations.push_back(organization);
  }
  return app.Schedule(txn, std::move(command));
}

// Events that name no auction concern listings that are not being bid for.
Status TakeBidder(const AuctionApp& app, storage::Txn& txn, const listing::v1::IntentQualified& from,
                  Time qualify_time) {
  if (from.auction().empty()) return {};
  TTX_TRY(const AuctionId id, ParseAuctionName(from.auction(), "auction"));
  return app.AddBidder(txn, id,
                       {.code = from.bidder_code(),
                        .organization = from.organization(),
                        .intent = from.intent(),
                        .rank = from.priority_rank(),
                        .share = from.capital_share()},
                       qualify_time);
}

Status MoveEnd(const AuctionApp& app, storage::Txn& txn, const listing::v1::ListingExtended& from) {
  if (from.auction().empty()) return {};
  TTX_TRY(const AuctionId id, ParseAuctionName(from.auction(), "auction"));
  TTX_TRY(const Time end, rpc::FromProtoTime(from.end_time(), "end_time"));
  return app.MoveFreeEnd(txn, id, end);
}

Status TakeObjection(const AuctionApp& app, storage::Txn& txn, const listing::v1::ListingObjected& from) {
  TTX_TRY(const AuctionId id, ParseAuctionName(from.auction(), "auction"));
  return app.NoteObjection(txn, id, from.open());
}

// Of a listing that ended as its session did, the session is closed already.
Status End(const AuctionApp& app, storage::Txn& txn, const listing::v1::ListingExpired& from) {
  if (from.auction().empty()) return {};
  TTX_TRY(const AuctionId id, ParseAuctionName(from.auction(), "auction"));
  return app.EndWithListing(txn, id, from.cause().empty() ? from.reason() : from.cause());
}

}  // namespace

Status OnListingEvent(const AuctionApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  listing::v1::Event proto;
  if (!proto.ParseFromString(event.bytes)) return Error(Reason::kINTERNAL);
  if (proto.has_bidding_scheduled()) return Schedule(app, txn, proto.bidding_scheduled());
  if (proto.has_intent_qualified()) {
    TTX_TRY(const Time qualify_time, rpc::FromProtoTime(proto.event_time(), "event_time"));
    return TakeBidder(app, txn, proto.intent_qualified(), qualify_time);
  }
  if (proto.has_listing_extended()) return MoveEnd(app, txn, proto.listing_extended());
  if (proto.has_listing_objected()) return TakeObjection(app, txn, proto.listing_objected());
  if (proto.has_listing_expired()) return End(app, txn, proto.listing_expired());
  return {};
}

}  // namespace ttx::auction
