#include "services/contract/rpc/feeds.h"

#include "services/contract/rpc/convert.h"
#include "ttx/disclosure/v1/disclosure.pb.h"
#include "ttx/listing/v1/listing.pb.h"
#include "ttx/party/v1/party.pb.h"

namespace ttx::contract {
namespace {

template <class Texts>
std::string Joined(const Texts& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ",") + text;
  return joined;
}

// The scope of the right as one line of text, the same for the same scope, so that a contract can be compared
// with it.
std::string ScopeText(const listing::v1::RightScope& scope) {
  return "kind=" + listing::v1::RightScope::Kind_Name(scope.kind()) +
         ";territories=" + Joined(scope.territories()) + ";fields=" + Joined(scope.fields()) +
         ";term=" + scope.term_start_date() + ".." + scope.term_end_date() +
         ";exclusivity=" + listing::v1::RightScope::Exclusivity_Name(scope.exclusivity());
}

DealFacts FactsOf(const listing::v1::DealDetermined& from) {
  DealFacts facts;
  facts.listing = from.listing();
  facts.listing_version = from.listing_version();
  facts.exchange = from.exchange();
  facts.achievement = from.achievement();
  facts.title = from.title();
  facts.kind = listing::v1::RightScope::Kind_Name(from.kind());
  facts.right_scope = ScopeText(from.right_scope());
  facts.ip_numbers.assign(from.ip_numbers().begin(), from.ip_numbers().end());
  facts.seller = from.seller();
  facts.seller_legal_name = from.seller_legal_name();
  facts.buyer = from.buyer();
  facts.buyer_legal_name = from.buyer_legal_name();
  facts.intent = from.intent();
  facts.bidder_code = from.bidder_code();
  facts.price = {from.price_fen()};
  facts.listed_price = {from.listed_price_fen()};
  facts.deposit = {from.deposit_fen()};
  facts.method = listing::v1::DealDetermined::Method_Name(from.method());
  facts.auction = from.auction();
  facts.log_hash = from.log_hash();
  facts.bid_count = from.bid_count();
  facts.profile = from.profile();
  facts.listing_start_date = from.listing_start_date();
  facts.listing_end_date = from.listing_end_date();
  facts.share = {from.share_ppm()};
  return facts;
}

}  // namespace

Status OnListingEvent(const ContractApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  listing::v1::Event proto;
  if (!proto.ParseFromString(event.bytes)) return Error(Reason::kINTERNAL);
  if (!proto.has_deal_determined()) return {};
  const listing::v1::DealDetermined& from = proto.deal_determined();
  TTX_TRY(const DealId id, ParseDealName(from.deal(), "deal"));
  return app.OnDealDetermined(txn, id, FactsOf(from));
}

Status OnPartyEvent(const ContractApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  party::v1::Event proto;
  if (!proto.ParseFromString(event.bytes)) return Error(Reason::kINTERNAL);
  if (proto.has_organization_activated()) {
    const party::v1::OrganizationActivated& from = proto.organization_activated();
    if (from.kind() != party::v1::Organization::EXCHANGE) return {};
    return app.OnExchangeActivated(txn, from.organization(), from.uscc());
  }
  if (proto.has_signing_key_added()) {
    const party::v1::SigningKeyAdded& from = proto.signing_key_added();
    return app.OnSigningKeyAdded(txn, {.key_id = from.key_id(),
                                       .organization = from.organization(),
                                       .suite = from.suite(),
                                       .public_key_pem = from.public_key_pem(),
                                       .person = from.person()});
  }
  if (proto.has_signing_key_revoked())
    return app.OnSigningKeyRevoked(txn, proto.signing_key_revoked().key_id());
  return {};
}

Status OnDisclosureEvent(const ContractApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  disclosure::v1::Event proto;
  if (!proto.ParseFromString(event.bytes)) return Error(Reason::kINTERNAL);
  if (proto.has_objection_accepted()) {
    const auto& from = proto.objection_accepted();
    return app.OnObjectionAccepted(txn, from.objection(), from.deal(), from.listing());
  }
  if (proto.has_objection_closed()) {
    const auto& from = proto.objection_closed();
    return app.OnObjectionClosed(txn, from.objection(), from.deal(), from.listing(),
                                 from.outcome() == disclosure::v1::Objection::UPHELD);
  }
  return {};
}

}  // namespace ttx::contract
