#include "services/auction/rpc/feeds.h"

#include "libs/core/encoding.h"
#include "libs/rpc/proto_time.h"
#include "services/auction/rpc/convert.h"
#include "ttx/listing/v1/listing.pb.h"

namespace ttx::auction {
namespace {

Error UnknownRule(std::string field) { return InvalidField("rules." + std::move(field), Reason::kUNKNOWN_VALUE); }

Result<MultipleBase> FromListing(listing::v1::AuctionRules::MultipleBase base) {
  if (base == listing::v1::AuctionRules::FROM_START) return MultipleBase::kFromStart;
  if (base == listing::v1::AuctionRules::FROM_CURRENT) return MultipleBase::kFromCurrent;
  return UnknownRule("multiple_base");
}

Result<LimitedEntry> FromListing(listing::v1::AuctionRules::LimitedEntry entry) {
  if (entry == listing::v1::AuctionRules::ALWAYS) return LimitedEntry::kAlways;
  if (entry == listing::v1::AuctionRules::IF_TWO_BIDDERS) return LimitedEntry::kIfTwoBidders;
  if (entry == listing::v1::AuctionRules::IF_TWO_IN_LAST_HOUR) return LimitedEntry::kIfTwoInLastHour;
  return UnknownRule("limited_entry");
}

// A rule that this service does not know is refused, never replaced by another.
Result<Rules> FromListing(const listing::v1::AuctionRules& from) {
  if (from.mode() != listing::v1::AuctionRules::MULTI) return UnknownRule("mode");
  Rules rules;
  rules.start_price = {from.start_price_fen()};
  for (const auto& tier : from.increments()) rules.increments.push_back({{tier.from_fen()}, {tier.step_fen()}});
  TTX_TRY(rules.multiple_base, FromListing(from.multiple_base()));
  TTX_TRY(rules.free_period, rpc::FromProtoDuration(from.free_period(), "rules.free_period"));
  TTX_TRY(rules.preparation, rpc::FromProtoDuration(from.preparation(), "rules.preparation"));
  TTX_TRY(rules.cycle, rpc::FromProtoDuration(from.cycle(), "rules.cycle"));
  TTX_TRY(rules.limited_entry, FromListing(from.limited_entry()));
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
