#pragma once

#include "libs/rpc/feed.h"
#include "services/disclosure/app/disclosure_app.h"

namespace ttx::disclosure {

/// Takes one event of the listing service: achievement_published (N1), listing_published (N3),
/// listing_extended, listing_expired, listing_defaulted and portion_defaulted (N4), bidding_scheduled (N5) and
/// deal_determined (N7); others mean nothing here.
Status OnListingEvent(const DisclosureApp& app, storage::Txn& txn, const rpc::FeedEvent& event);
/// contract_effective (N8) and contract_registered.
Status OnContractEvent(const DisclosureApp& app, storage::Txn& txn, const rpc::FeedEvent& event);
/// organization_activated of exchanges: their codes stand in numbers.
Status OnPartyEvent(const DisclosureApp& app, storage::Txn& txn, const rpc::FeedEvent& event);
/// settlement_paid and settlement_settled.
Status OnSettlementEvent(const DisclosureApp& app, storage::Txn& txn, const rpc::FeedEvent& event);

}  // namespace ttx::disclosure
