#pragma once

// Events as protobuf records and back. Private to the folder: includes generated code.

#include "libs/storage/txn.h"
#include "services/auction/store/records.h"

namespace ttx::auction {

/// The record of `event`, without its context and its place among the milestones.
void PayloadToRecord(const Event& event, const Secrets& secrets, store::EventRecord& record);

StoredEvent EventFromOutbox(const storage::OutboxEvent& stored, const Vault& vault);

store::BidRefusedRecord ToRecord(const BidRefused& event, const Secrets& secrets);
/// Without the organization, of which only the digest is kept.
BidRefused FromRecord(const store::BidRefusedRecord& record);

}  // namespace ttx::auction
