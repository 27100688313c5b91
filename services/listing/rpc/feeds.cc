#include "services/listing/rpc/feeds.h"

#include "ttx/auction/v1/auction.pb.h"
#include "ttx/contract/v1/contract.pb.h"
#include "ttx/disclosure/v1/disclosure.pb.h"
#include "ttx/party/v1/party.pb.h"
#include "ttx/settlement/v1/settlement.pb.h"

namespace ttx::listing {
namespace {

template <class Event>
Result<Event> Parse(const rpc::FeedEvent& event) {
  Event proto;
  if (!proto.ParseFromString(event.bytes)) return Error(Reason::kINTERNAL);
  return proto;
}

std::string ReasonOf(contract::v1::Defaulter defaulter) {
  return defaulter == contract::v1::DEFAULTER_UNSPECIFIED ? "CANCELLED"
                                                          : contract::v1::Defaulter_Name(defaulter);
}

}  // namespace

Status OnPartyEvent(const ListingApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  TTX_TRY(const auto proto, Parse<party::v1::Event>(event));
  if (proto.has_organization_activated()) {
    const auto& from = proto.organization_activated();
    TTX_RETURN_IF_ERROR(
        app.OnOrganizationActivated(txn, from.organization(), from.legal_name(), from.uscc()));
    if (from.kind() != party::v1::Organization::EXCHANGE) return {};
    return app.OnExchangeActivated(txn, from.organization(), from.uscc());
  }
  if (proto.has_organization_suspended()) {
    return app.OnOrganizationChanged(txn, proto.organization_suspended().organization(), false);
  }
  if (proto.has_organization_closed()) {
    return app.OnOrganizationChanged(txn, proto.organization_closed().organization(), false);
  }
  if (proto.has_organization_reinstated()) {
    return app.OnOrganizationChanged(txn, proto.organization_reinstated().organization(), true);
  }
  return {};
}

Status OnAuctionEvent(const ListingApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  TTX_TRY(const auto proto, Parse<auction::v1::Event>(event));
  if (proto.has_phase_started()) {
    const auction::v1::Auction::State state = proto.phase_started().state();
    const bool is_free = state == auction::v1::Auction::FREE || state == auction::v1::Auction::CAP_DECLARING;
    return app.OnBiddingStarted(txn, proto.listing(), is_free);
  }
  if (proto.has_bidder_added()) {
    return app.OnBidderAdded(txn, proto.listing(), proto.bidder_added().bidder_code());
  }
  if (proto.has_deposit_forfeited()) {
    const auto& from = proto.deposit_forfeited();
    return app.OnAuctionDefault(txn, {proto.listing(), from.bidder_code(), from.cause(), from.barred()});
  }
  if (!proto.has_auction_closed()) return {};
  const auto& from = proto.auction_closed();
  ListingApp::AuctionResult result;
  result.listing = proto.listing();
  result.won = from.outcome() == auction::v1::Auction::WINNER;
  if (!result.won) result.reason = auction::v1::Auction::Outcome_Name(from.outcome());
  result.winner_code = from.winner_code();
  result.price = {from.price_fen()};
  result.bid_count = from.bid_count();
  result.log_hash = from.log_hash();
  for (const auto& portion : from.portions()) {
    result.portions.push_back({portion.bidder_code(), portion.share_ppm(), {portion.price_fen()}});
  }
  return app.OnAuctionClosed(txn, result);
}

Status OnSettlementEvent(const ListingApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  TTX_TRY(const auto proto, Parse<settlement::v1::Event>(event));
  if (proto.has_deposit_effective()) return app.OnDepositEffective(txn, proto.deposit_effective().intent());
  if (proto.has_deposit_missed()) return app.OnDepositMissed(txn, proto.deposit_missed().intent());
  if (proto.has_settlement_settled()) {
    return app.OnSettled(txn, proto.settlement_settled().listing(), proto.settlement_settled().deal());
  }
  if (proto.has_settlement_defaulted()) {
    const auto& from = proto.settlement_defaulted();
    return app.OnDealDefaulted(txn, from.listing(), from.deal(), "PAYMENT");
  }
  return {};
}

Status OnContractEvent(const ListingApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  TTX_TRY(const auto proto, Parse<contract::v1::Event>(event));
  if (proto.has_contract_effective()) {
    return app.OnContractEffective(txn, proto.contract_effective().listing(),
                                   proto.contract_effective().deal());
  }
  if (proto.has_contract_expired()) {
    const auto& from = proto.contract_expired();
    return app.OnDealDefaulted(txn, from.listing(), from.deal(), ReasonOf(from.defaulter()));
  }
  if (proto.has_deal_cancelled()) {
    return app.OnDealDefaulted(txn, proto.deal_cancelled().listing(), proto.deal_cancelled().deal(),
                               "CANCELLED");
  }
  if (proto.has_contract_terminated()) {
    const auto& from = proto.contract_terminated();
    return app.OnDealDefaulted(txn, from.listing(), from.deal(), "CONTRACT_TERMINATED");
  }
  return {};
}

Status OnDisclosureEvent(const ListingApp& app, storage::Txn& txn, const rpc::FeedEvent& event) {
  TTX_TRY(const auto proto, Parse<disclosure::v1::Event>(event));
  if (proto.has_objection_accepted()) {
    const auto& from = proto.objection_accepted();
    if (!from.deal().empty() || from.listing().empty()) return {};  // the contract's concern
    return app.OnObjectionAccepted(txn, from.listing(), from.objection());
  }
  if (proto.has_objection_closed()) {
    const auto& from = proto.objection_closed();
    if (!from.deal().empty() || from.listing().empty()) return {};
    return app.OnObjectionClosed(txn, from.listing(), from.objection(),
                                 from.outcome() == disclosure::v1::Objection::UPHELD);
  }
  if (!proto.has_certificate_issued()) return {};
  const auto& from = proto.certificate_issued();
  if (from.type() != disclosure::v1::Certificate::TXN) return {};
  return app.OnCertified(txn, from.listing(), from.deal());
}

}  // namespace ttx::listing
