#include "services/disclosure/rpc/feeds.h"

#include "libs/rpc/proto_time.h"
#include "ttx/contract/v1/contract.pb.h"
#include "ttx/listing/v1/listing.pb.h"
#include "ttx/party/v1/party.pb.h"
#include "ttx/settlement/v1/settlement.pb.h"

namespace ttx::disclosure {
namespace {

using listing::v1::RightScope;
using type::v1::BiddingRules;

template <class Texts>
std::string Joined(const Texts& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ",") + text;
  return joined;
}

// The scope of the right as one line of text, the same as in the contract's events.
std::string ScopeText(const RightScope& scope) {
  return "kind=" + RightScope::Kind_Name(scope.kind()) + ";territories=" + Joined(scope.territories()) +
         ";fields=" + Joined(scope.fields()) + ";term=" + scope.term_start_date() + ".." +
         scope.term_end_date() + ";exclusivity=" + RightScope::Exclusivity_Name(scope.exclusivity());
}

Result<ListingFacts> FactsOf(const listing::v1::ListingPublished& from) {
  ListingFacts facts;
  facts.listing = from.listing();
  facts.version = from.version();
  facts.exchange = from.exchange();
  facts.owner = from.owner();
  facts.owner_legal_name = from.owner_legal_name();
  facts.title = from.title();
  facts.kind = RightScope::Kind_Name(from.kind());
  facts.listed_price = {from.listed_price_fen()};
  facts.deposit = {from.deposit_fen()};
  TTX_TRY(facts.start_time, rpc::FromProtoTime(from.start_time(), "start_time"));
  TTX_TRY(facts.end_time, rpc::FromProtoTime(from.end_time(), "end_time"));
  facts.mode = BiddingRules::Mode_Name(from.mode());
  facts.terms = from.terms();
  facts.project_no = from.project_no();
  facts.content_hash = from.content_hash();
  return facts;
}

Result<BiddingFacts> FactsOf(const listing::v1::BiddingScheduled& from) {
  const BiddingRules& rules = from.rules();
  BiddingFacts facts;
  facts.listing = from.listing();
  facts.exchange = from.exchange();
  facts.title = from.title();
  facts.auction = from.auction();
  TTX_TRY(facts.start_time, rpc::FromProtoTime(from.start_time(), "start_time"));
  facts.start_price = {rules.start_price_fen()};
  for (const auto& tier : rules.increments()) {
    facts.increments.push_back(std::to_string(tier.from_fen()) + "+" + std::to_string(tier.step_fen()));
  }
  facts.free_period_s = rules.free_period().seconds();
  facts.preparation_s = rules.preparation().seconds();
  facts.cycle_s = rules.cycle().seconds();
  facts.limited_entry = BiddingRules::LimitedEntry_Name(rules.limited_entry());
  facts.cap = {rules.cap_fen()};
  facts.reserve_commitment = from.reserve_commitment();
  facts.bidder_count = from.bidders_size();
  return facts;
}

DealFacts FactsOf(const listing::v1::DealDetermined& from) {
  DealFacts facts;
  facts.deal = from.deal();
  facts.listing = from.listing();
  facts.listing_version = from.listing_version();
  facts.exchange = from.exchange();
  facts.achievement = from.achievement();
  facts.title = from.title();
  facts.kind = RightScope::Kind_Name(from.kind());
  facts.right_scope = ScopeText(from.right_scope());
  facts.ip_numbers.assign(from.ip_numbers().begin(), from.ip_numbers().end());
  facts.seller = from.seller();
  facts.seller_legal_name = from.seller_legal_name();
  facts.buyer = from.buyer();
  facts.buyer_legal_name = from.buyer_legal_name();
  facts.price = {from.price_fen()};
  facts.listed_price = {from.listed_price_fen()};
  facts.method = listing::v1::DealDetermined::Method_Name(from.method());
  facts.project_no = from.project_no();
  facts.payment_terms = from.payment_terms();
  facts.auction = from.auction();
  facts.log_hash = from.log_hash();
  facts.bid_count = from.bid_count();
  facts.listing_start_date = from.listing_start_date();
  facts.listing_end_date = from.listing_end_date();
  facts.share_ppm = from.share_ppm();
  return facts;
}

Result<ContractFacts> FactsOf(const contract::v1::ContractEffective& from) {
  ContractFacts facts;
  facts.contract = from.contract();
  facts.deal = from.deal();
  facts.listing = from.listing();
  facts.exchange = from.exchange();
  facts.seller = from.seller();
  facts.seller_legal_name = from.seller_legal_name();
  facts.buyer = from.buyer();
  facts.buyer_legal_name = from.buyer_legal_name();
  facts.title = from.title();
  facts.kind = from.kind();
  facts.ip_numbers.assign(from.ip_numbers().begin(), from.ip_numbers().end());
  facts.right_scope = from.right_scope();
  facts.price = {from.price_fen()};
  facts.listed_price = {from.listed_price_fen()};
  facts.manifest_hash = from.manifest_hash();
  TTX_TRY(facts.effective_time, rpc::FromProtoTime(from.effective_time(), "effective_time"));
  facts.method = from.method();
  facts.log_hash = from.log_hash();
  facts.listing_start_date = from.listing_start_date();
  facts.listing_end_date = from.listing_end_date();
  facts.share_ppm = from.share_ppm();
  return facts;
}

}  // namespace

Status OnListingEvent(const DisclosureApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  listing::v1::Event proto;
  if (!proto.ParseFromString(event.bytes)) return Error(Reason::kINTERNAL);
  if (proto.has_achievement_published()) {
    const auto& from = proto.achievement_published();
    return app.OnAchievementPublished(
        txn, {from.achievement(), from.owner(), from.title(), from.abstract_public()});
  }
  if (proto.has_listing_published()) {
    TTX_TRY(const ListingFacts facts, FactsOf(proto.listing_published()));
    return app.OnListingPublished(txn, facts);
  }
  if (proto.has_listing_extended()) {
    const auto& from = proto.listing_extended();
    TTX_TRY(const Time end, rpc::FromProtoTime(from.end_time(), "end_time"));
    return app.OnListingExtended(txn, from.listing(), end, from.reason());
  }
  if (proto.has_listing_expired()) {
    const auto& from = proto.listing_expired();
    const bool stopped = from.reason() == "TERMINATED" || from.reason() == "WITHDRAWN";
    return app.OnListingEnded(txn, from.listing(), stopped ? from.reason() : "EXPIRED", from.reason());
  }
  if (proto.has_listing_defaulted()) {
    return app.OnListingEnded(txn, proto.listing_defaulted().listing(), "DEFAULTED",
                              proto.listing_defaulted().reason());
  }
  if (proto.has_portion_defaulted()) {
    const auto& from = proto.portion_defaulted();
    return app.OnPortionDefaulted(
        txn, {from.listing(), from.deal(), from.reason(), from.share_ppm(), from.unsold_share_ppm()});
  }
  if (proto.has_bidding_scheduled()) {
    TTX_TRY(const BiddingFacts facts, FactsOf(proto.bidding_scheduled()));
    return app.OnBiddingScheduled(txn, facts);
  }
  if (proto.has_deal_determined()) return app.OnDealDetermined(txn, FactsOf(proto.deal_determined()));
  return {};
}

Status OnContractEvent(const DisclosureApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  contract::v1::Event proto;
  if (!proto.ParseFromString(event.bytes)) return Error(Reason::kINTERNAL);
  if (proto.has_contract_effective()) {
    TTX_TRY(const ContractFacts facts, FactsOf(proto.contract_effective()));
    return app.OnContractEffective(txn, facts);
  }
  if (proto.has_contract_terminated()) return app.OnDealEnded(txn, proto.contract_terminated().deal());
  if (proto.has_deal_cancelled()) return app.OnDealEnded(txn, proto.deal_cancelled().deal());
  if (proto.has_contract_registered()) {
    const auto& from = proto.contract_registered();
    return app.OnContractRegistered(txn, {from.contract(),
                                          from.deal(),
                                          from.registration_number(),
                                          {from.total_fen()},
                                          {from.technical_fen()}});
  }
  return {};
}

Status OnPartyEvent(const DisclosureApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  party::v1::Event proto;
  if (!proto.ParseFromString(event.bytes)) return Error(Reason::kINTERNAL);
  if (!proto.has_organization_activated()) return {};
  const party::v1::OrganizationActivated& from = proto.organization_activated();
  if (from.kind() != party::v1::Organization::EXCHANGE) return {};
  return app.OnExchangeActivated(txn, from.organization(), from.uscc());
}

Status OnSettlementEvent(const DisclosureApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  settlement::v1::Event proto;
  if (!proto.ParseFromString(event.bytes)) return Error(Reason::kINTERNAL);
  if (proto.has_settlement_paid()) {
    const auto& from = proto.settlement_paid();
    TTX_TRY(const Time paid_time, rpc::FromProtoTime(from.paid_time(), "paid_time"));
    return app.OnSettlementPaid(txn, {from.settlement(), from.deal(), {from.price_fen()}, paid_time});
  }
  if (proto.has_settlement_settled()) return app.OnSettlementSettled(txn, proto.settlement_settled().deal());
  return {};
}

}  // namespace ttx::disclosure
