#pragma once

#include "libs/rpc/feed.h"
#include "services/contract/app/contract_app.h"

namespace ttx::contract {

/// deal_determined opens a deal.
Status OnListingEvent(const ContractApp& app, storage::Txn& txn, const rpc::FeedEvent& event);
/// Exchanges (their codes stand in numbers) and signing keys.
Status OnPartyEvent(const ContractApp& app, storage::Txn& txn, const rpc::FeedEvent& event);
/// objection_accepted suspends deals, objection_closed ends that.
Status OnDisclosureEvent(const ContractApp& app, storage::Txn& txn, const rpc::FeedEvent& event);

}  // namespace ttx::contract
