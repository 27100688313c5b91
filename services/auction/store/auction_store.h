#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/storage/txn.h"
#include "services/auction/domain/auction.h"

namespace ttx::auction {

/// Tables of the auction key space. Part of the format on disk: do not renumber.
enum class Table : uint8_t {
  kAuction = 0x10,         // text id -> AuctionRecord
  kBid = 0x11,             // text auction, u64 number -> BidRecord
  kBidderByOrg = 0x12,     // text auction, text organization -> BidderRecord
  kBidderByCode = 0x13,    // text auction, text code -> BidderRecord
  kEventByAuction = 0x14,  // text auction, u64 outbox sequence -> nothing; public events only
  kOpen = 0x15,            // text id -> nothing, while the session is not closed
  kByExchange = 0x16,      // text exchange, text id -> nothing
  kRefusedBid = 0x17,      // text auction, i64 time -> BidRefusedRecord
  kHeartbeat = 0x18,       // -> u64 time of the planned heartbeat
  kOpenCount = 0x19,       // -> u64 number of sessions that are not closed
  kRecovery = 0x1a,        // -> u64 time since which the server was away, while a recovery is under way
  kMilestone = 0x1b,       // u64 outbox sequence -> nothing; events that are no bids, accepted or refused
};

/// An auction with the hash chain over its events (docs/formats.md): not part of the decisions, but of the record.
struct StoredAuction {
  Auction auction;
  std::string log_hash;  // 32 bytes
  // When its timer is planned: at the next change or, once bids have moved that on, before it. The timer then plans
  // itself anew, so a bid need not.
  std::optional<Time> due;
};

/// One entry of the event log with what readers need besides.
struct StoredEvent {
  uint64_t sequence = 0;
  AuctionId auction;
  std::string listing;
  std::string exchange;
  std::string log_hash;
  uint64_t previous_milestone = 0;  // of a milestone
  Event event;
};

struct RefusedBid {
  Time time;
  BidRefused refusal;
};

/// Checked after reading: damage stops the process.
std::optional<StoredAuction> LoadAuction(const storage::Reader& reader, const AuctionId& id);
/// The key LoadAuction reads, for prefetching.
std::string AuctionKey(const AuctionId& id);

/// Stages everything a decision writes: the state, its indices, its timer, its bids, its events. `before` is the
/// stored state the decision started from (nullopt for a new auction).
StoredAuction SaveDecision(storage::Txn& txn, const std::optional<StoredAuction>& before, const Decision& decision);
/// The auction's timer came due and is gone: the same, for what the timer decided.
StoredAuction SaveDueDecision(storage::Txn& txn, StoredAuction before, const Decision& decision);

std::optional<Bidder> FindBidder(const storage::Reader& reader, const AuctionId& id, std::string_view organization);
std::optional<Bid> LoadBid(const storage::Reader& reader, const AuctionId& id, int64_t number);

/// At most `limit` auctions with ids after `after`, of one exchange or of all when `exchange` is empty.
std::vector<StoredAuction> ListAuctions(const storage::Reader& reader, std::string_view exchange,
                                        std::string_view after, size_t limit);
/// At most `limit` accepted bids with numbers after `after`.
std::vector<Bid> ListBids(const storage::Reader& reader, const AuctionId& id, int64_t after, size_t limit);
/// At most `limit` refused bids with times after `after`.
std::vector<RefusedBid> ListRefusedBids(const storage::Reader& reader, const AuctionId& id, Time after, size_t limit);
/// Ids of the sessions that are not closed, after `after`.
std::vector<AuctionId> ListOpen(const storage::Reader& reader, std::string_view after, size_t limit);

/// Since when the server was away, as a recovery that is not finished has noted it.
std::optional<Time> LoadRecovery(const storage::Reader& reader);
/// Notes it, or that the recovery is finished.
void SaveRecovery(storage::Txn& txn, std::optional<Time> since);

/// How many sessions are not closed.
uint64_t CountOpen(const storage::Reader& reader);

/// Moves the one planned heartbeat to `at`.
void PlanHeartbeat(storage::Txn& txn, Time at, std::string_view subject);

/// The auction that an event is about, "auctions/{id}".
std::string AuctionOf(const storage::OutboxEvent& event);
/// At most `limit` events after `after_sequence`: the public ones of one auction, or all of all when `id` is empty.
std::vector<StoredEvent> ListEvents(const storage::Reader& reader, const AuctionId& id, uint64_t after_sequence,
                                    size_t limit);
/// At most `limit` events after `after_sequence` that are no bids, accepted or refused.
std::vector<StoredEvent> ListMilestones(const storage::Reader& reader, uint64_t after_sequence, size_t limit);

}  // namespace ttx::auction
