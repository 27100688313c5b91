#include "services/auction/rpc/feeds.h"

#include "libs/core/encoding.h"
#include "libs/rpc/proto_time.h"
#include "services/auction/rpc/convert.h"
#include "ttx/listing/v1/listing.pb.h"

namespace ttx::auction {
namespace {

Result<Rules> FromListing(const listing::v1::AuctionRules& from) {
  Rules rules;
  rules.start_price = {from.start_price_fen()};
  for (const auto& tier : from.increments()) rules.increments.push_back({{tier.from_fen()}, {tier.step_fen()}});
  rules.multiple_base = from.multiple_base() == listing::v1::AuctionRules::FROM_CURRENT ? MultipleBase::kFromCurrent
                                                                                        : MultipleBase::kFromStart;
  TTX_TRY(rules.free_period, rpc::FromProtoDuration(from.free_period(), "rules.free_period"));
  TTX_TRY(rules.preparation, rpc::FromProtoDuration(from.preparation(), "rules.preparation"));
  TTX_TRY(rules.cycle, rpc::FromProtoDuration(from.cycle(), "rules.cycle"));
  switch (from.limited_entry()) {
    case listing::v1::AuctionRules::IF_TWO_BIDDERS:
      rules.limited_entry = LimitedEntry::kIfTwoBidders;
      break;
    case listing::v1::AuctionRules::IF_TWO_IN_LAST_HOUR:
      rules.limited_entry = LimitedEntry::kIfTwoInLastHour;
      break;
    default:
      rules.limited_entry = LimitedEntry::kAlways;
  }
  rules.max_steps_per_bid = from.max_steps_per_bid();
  rules.self_outbid = from.self_outbid();
  if (from.cap_fen() != 0) rules.cap = Fen{from.cap_fen()};
  return rules;
}

}  // namespace

Status OnListingEvent(const AuctionApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  listing::v1::Event proto;
  if (!proto.ParseFromString(event.bytes)) return Error(Reason::kINTERNAL);
  if (!proto.has_bidding_scheduled()) return {};
  const listing::v1::BiddingScheduled& from = proto.bidding_scheduled();
  ScheduleAuction command;
  TTX_TRY(command.id, ParseAuctionName(from.auction(), "auction"));
  command.listing = from.listing();
  command.exchange = from.exchange();
  command.title = from.title();
  TTX_TRY(command.rules, FromListing(from.rules()));
  TTX_TRY(command.start_time, rpc::FromProtoTime(from.start_time(), "start_time"));
  if (from.reserve_fen() != 0) {
    const auto salt = FromHex(from.reserve_salt());
    const auto commitment = FromHex(from.reserve_commitment());
    if (!salt || !commitment) return InvalidField("reserve_salt", Reason::kBAD_FORMAT);
    command.reserve = Reserve{{from.reserve_fen()}, *salt, *commitment};
  }
  for (const auto& bidder : from.bidders()) {
    command.bidders.push_back({bidder.code(), bidder.organization(), bidder.intent()});
  }
  return app.Schedule(txn, command);
}

}  // namespace ttx::auction
