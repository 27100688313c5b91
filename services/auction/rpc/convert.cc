#include "services/auction/rpc/convert.h"

#include <charconv>

#include "libs/core/encoding.h"
#include "libs/rpc/proto_time.h"

namespace ttx::auction {
namespace {

v1::Auction::State ToProto(State state) {
  switch (state) {
    case State::kScheduled:
      return v1::Auction::SCHEDULED;
    case State::kFree:
      return v1::Auction::FREE;
    case State::kPreparing:
      return v1::Auction::PREPARING;
    case State::kLimited:
      return v1::Auction::LIMITED;
    case State::kSuspended:
      return v1::Auction::SUSPENDED;
    case State::kClosed:
      return v1::Auction::CLOSED;
  }
  TTX_CHECK(false, "unreachable");
}

v1::Auction::Outcome ToProto(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNone:
      return v1::Auction::OUTCOME_UNSPECIFIED;
    case Outcome::kWinner:
      return v1::Auction::WINNER;
    case Outcome::kNoBid:
      return v1::Auction::NO_BID;
    case Outcome::kBelowReserve:
      return v1::Auction::BELOW_RESERVE;
  }
  TTX_CHECK(false, "unreachable");
}

v1::Rules::LimitedEntry ToProto(LimitedEntry entry) {
  switch (entry) {
    case LimitedEntry::kAlways:
      return v1::Rules::ALWAYS;
    case LimitedEntry::kIfTwoBidders:
      return v1::Rules::IF_TWO_BIDDERS;
    case LimitedEntry::kIfTwoInLastHour:
      return v1::Rules::IF_TWO_IN_LAST_HOUR;
  }
  TTX_CHECK(false, "unreachable");
}

v1::Rules ToProto(const Rules& rules) {
  v1::Rules proto;
  proto.set_mode(v1::Rules::MULTI);
  proto.set_start_price_fen(rules.start_price.value);
  for (const Increment& increment : rules.increments) {
    auto* tier = proto.add_increments();
    tier->set_from_fen(increment.from.value);
    tier->set_step_fen(increment.step.value);
  }
  proto.set_multiple_base(rules.multiple_base == MultipleBase::kFromStart ? v1::Rules::FROM_START
                                                                          : v1::Rules::FROM_CURRENT);
  *proto.mutable_free_period() = rpc::ToProtoDuration(rules.free_period);
  *proto.mutable_preparation() = rpc::ToProtoDuration(rules.preparation);
  *proto.mutable_cycle() = rpc::ToProtoDuration(rules.cycle);
  proto.set_limited_entry(ToProto(rules.limited_entry));
  proto.set_max_steps_per_bid(rules.max_steps_per_bid);
  proto.set_self_outbid(rules.self_outbid);
  if (rules.cap) proto.set_cap_fen(rules.cap->value);
  return proto;
}

struct PayloadToProto {
  const StoredEvent& stored;
  v1::Event& out;

  void operator()(const Scheduled& e) const {
    auto& to = *out.mutable_auction_scheduled();
    *to.mutable_rules() = ToProto(e.rules);
    *to.mutable_start_time() = rpc::ToProtoTime(e.start_time);
    if (e.reserve) to.set_reserve_commitment(Hex(e.reserve->commitment));
  }
  void operator()(const PhaseStarted& e) const {
    auto& to = *out.mutable_phase_started();
    to.set_state(ToProto(e.state));
    *to.mutable_start_time() = rpc::ToProtoTime(e.start);
    *to.mutable_end_time() = rpc::ToProtoTime(e.end);
  }
  void operator()(const BidAccepted& e) const {
    *out.mutable_bid_accepted() = auction::ToProto(stored.auction, e.bid, e.phase_end);
  }
  void operator()(const BidRefused& e) const {
    *out.mutable_bid_refused() = auction::ToProto(RefusedBid{stored.event.time, e});
  }
  void operator()(const Suspended& e) const {
    auto& to = *out.mutable_auction_suspended();
    *to.mutable_suspend_time() = rpc::ToProtoTime(e.time);
    to.set_reason(e.reason);
    *to.mutable_resume_time() = rpc::ToProtoTime(e.resume_time);
  }
  void operator()(const Resumed& e) const {
    auto& to = *out.mutable_auction_resumed();
    to.set_state(ToProto(e.state));
    *to.mutable_end_time() = rpc::ToProtoTime(e.end);
  }
  void operator()(const Closed& e) const {
    auto& to = *out.mutable_auction_closed();
    to.set_outcome(ToProto(e.outcome));
    *to.mutable_close_time() = rpc::ToProtoTime(e.time);
    to.set_log_hash(Hex(stored.log_hash));
    to.set_bid_count(e.bid_count);
    if (e.winner) {
      to.set_winner_code(e.winner->code);
      to.set_price_fen(e.winner->price.value);
    }
    if (e.reserve) {
      to.set_reserve_fen(e.reserve->price.value);
      to.set_reserve_salt(Hex(e.reserve->salt));
    }
  }
};

}  // namespace

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
  proto.set_name("auctions/" + auction.id.text);
  proto.set_uid(auction.id.text);
  proto.set_listing(auction.listing);
  proto.set_exchange(auction.exchange);
  proto.set_title(auction.title);
  proto.set_state(ToProto(auction.state));
  *proto.mutable_rules() = ToProto(auction.rules);
  *proto.mutable_start_time() = rpc::ToProtoTime(auction.start_time);
  *proto.mutable_phase_end_time() = rpc::ToProtoTime(auction.phase_end);
  proto.set_cycle_number(auction.cycle_number);
  proto.set_bid_count(auction.bid_count);
  if (auction.leading) *proto.mutable_leading_bid() = ToProto(auction.id, *auction.leading, auction.phase_end);
  if (const auto price = MinAcceptable(auction)) proto.set_min_acceptable_fen(price->value);
  proto.set_currency_code("CNY");
  if (auction.reserve) proto.set_reserve_commitment(Hex(auction.reserve->commitment));
  if (auction.state == State::kClosed) {
    if (auction.reserve) {
      proto.set_reserve_fen(auction.reserve->price.value);
      proto.set_reserve_salt(Hex(auction.reserve->salt));
    }
    *proto.mutable_close_time() = rpc::ToProtoTime(auction.phase_end);
  }
  proto.set_outcome(ToProto(auction.outcome));
  proto.set_log_hash(Hex(stored.log_hash));
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

v1::Event ToProto(const StoredEvent& stored) {
  v1::Event proto;
  proto.set_sequence(static_cast<int64_t>(stored.sequence));
  *proto.mutable_event_time() = rpc::ToProtoTime(stored.event.time);
  proto.set_auction("auctions/" + stored.auction.text);
  proto.set_listing(stored.listing);
  proto.set_exchange(stored.exchange);
  std::visit(PayloadToProto{stored, proto}, stored.event.payload);
  return proto;
}

}  // namespace ttx::auction
