#include "services/auction/rpc/convert.h"

#include <charconv>

#include "libs/core/encoding.h"
#include "libs/rpc/proto_time.h"
#include "services/auction/rpc/convert_rules.h"

namespace ttx::auction {

Result<AuctionId> ParseAuctionName(std::string_view name, std::string_view field) {
  TTX_TRY(std::string id, ParseName(name, "auctions", field));
  return AuctionId{std::move(id)};
}

Result<BidName> ParseBidName(std::string_view name) {
  const size_t split = name.find("/bids/");
  if (split == name.npos) return InvalidField("name", Reason::kBAD_FORMAT, "auctions/{id}/bids/{number}");
  TTX_TRY(AuctionId auction, ParseAuctionName(name.substr(0, split), "name"));
  const std::string_view digits = name.substr(split + 6);
  int64_t number = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failed != std::errc() || end != digits.data() + digits.size() || number < 1) {
    return InvalidField("name", Reason::kBAD_FORMAT, "auctions/{id}/bids/{number}");
  }
  return BidName{std::move(auction), number};
}

Result<AuctionApp::PlaceBidInput> FromProto(const v1::PlaceBidRequest& request) {
  TTX_TRY(AuctionId auction, ParseAuctionName(request.parent(), "parent"));
  TTX_RETURN_IF_ERROR(CheckAmount({request.price_fen()}, Fen{1}, "price_fen"));
  if (!request.currency_code().empty() && request.currency_code() != "CNY") {
    return InvalidField("currency_code", Reason::kUNSUPPORTED_CURRENCY, "CNY");
  }
  if (request.bidder_code().size() > 16) return InvalidField("bidder_code", Reason::kTOO_LONG, "16");
  return AuctionApp::PlaceBidInput{std::move(auction), {request.price_fen()}, request.bidder_code(), request.confirm()};
}

v1::Auction ToProto(const StoredAuction& stored, Time server_time) {
  const Auction& auction = stored.auction;
  v1::Auction proto;
  proto.set_name("auctions/" + auction.id().text);
  proto.set_uid(auction.id().text);
  proto.set_listing(auction.terms->listing);
  proto.set_exchange(auction.terms->exchange);
  proto.set_title(auction.terms->title);
  proto.set_state(ToProto(auction.state));
  *proto.mutable_rules() = ToProto(auction.rules());
  *proto.mutable_start_time() = rpc::ToProtoTime(auction.terms->start_time);
  if (auction.phase_end) *proto.mutable_phase_end_time() = rpc::ToProtoTime(auction.phase_end);
  proto.set_cycle_number(auction.cycle_number);
  proto.set_bid_count(auction.bid_count);
  if (auction.leading) *proto.mutable_leading_bid() = ToProto(auction.id(), *auction.leading, auction.phase_end);
  if (const auto price = MinAcceptable(auction, server_time)) proto.set_min_acceptable_fen(price->value);
  proto.set_currency_code("CNY");
  if (auction.terms->reserve) proto.set_reserve_commitment(Hex(auction.terms->reserve->commitment));
  if (auction.state == State::kClosed) {
    if (auction.terms->reserve) {
      proto.set_reserve_fen(auction.terms->reserve->price.value);
      proto.set_reserve_salt(Hex(auction.terms->reserve->salt));
    }
    *proto.mutable_close_time() = rpc::ToProtoTime(auction.phase_end);
  }
  proto.set_outcome(ToProto(auction.outcome));
  // Until the opening the hash would tell of each envelope.
  if (!IsSealed(auction.rules().mode) || EnvelopesAreOpen(auction)) proto.set_log_hash(Hex(stored.log_hash));
  *proto.mutable_server_time() = rpc::ToProtoTime(server_time);
  *proto.mutable_create_time() = rpc::ToProtoTime(auction.create_time);
  *proto.mutable_update_time() = rpc::ToProtoTime(auction.update_time);
  proto.set_etag(std::to_string(auction.version));
  return proto;
}

v1::Bid ToProto(const AuctionId& auction, const Bid& bid, Time phase_end) {
  v1::Bid proto;
  proto.set_name("auctions/" + auction.text + "/bids/" + std::to_string(bid.number));
  proto.set_number(bid.number);
  proto.set_bidder_code(bid.code);
  proto.set_price_fen(bid.price.value);
  *proto.mutable_accept_time() = rpc::ToProtoTime(bid.time);
  if (phase_end) *proto.mutable_phase_end_time() = rpc::ToProtoTime(phase_end);
  proto.set_priority_rank(bid.rank);
  proto.set_automatic(bid.automatic);
  return proto;
}

v1::RefusedBid ToProto(const RefusedBid& refused) {
  v1::RefusedBid proto;
  proto.set_bidder_code(refused.refusal.code);
  proto.set_price_fen(refused.refusal.price.value);
  *proto.mutable_refuse_time() = rpc::ToProtoTime(refused.time);
  proto.set_reason(std::string(ReasonName(refused.refusal.reason)));
  return proto;
}

}  // namespace ttx::auction
