#pragma once

#include "libs/rpc/feed.h"
#include "services/settlement/app/settlement_app.h"

namespace ttx::settlement {

// Each takes one event of another service; events that mean nothing here are passed over.

/// intent_confirmed, intent_lost, intent_released.
Status OnListingEvent(const SettlementApp& app, storage::Txn& txn, const rpc::FeedEvent& event);
/// contract_effective, contract_registered, contract_terminated.
Status OnContractEvent(const SettlementApp& app, storage::Txn& txn, const rpc::FeedEvent& event);
/// notice_window_ended (N8), objection_accepted, objection_closed, certificate_issued and certificate_revoked
/// (TXN).
Status OnDisclosureEvent(const SettlementApp& app, storage::Txn& txn, const rpc::FeedEvent& event);
/// organization_activated: where the organization is paid.
Status OnPartyEvent(const SettlementApp& app, storage::Txn& txn, const rpc::FeedEvent& event);

}  // namespace ttx::settlement
