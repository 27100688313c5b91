#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/clock.h"
#include "libs/core/principal.h"
#include "libs/core/result.h"
#include "libs/storage/txn.h"
#include "services/auction/domain/auction.h"
#include "services/auction/store/auction_store.h"

namespace ttx::auction {

/// The auction service's use cases: one method per RPC, timer and event. Commands run on the writer's thread,
/// queries on any.
class AuctionApp {
 public:
  // --- Commands ---------------------------------------------------------------------------------------------------

  struct PlaceBidInput {
    AuctionId auction;
    Fen price;
    std::string claimed_code;
    bool confirm = false;
  };
  struct PlacedBid {
    Bid bid;
    Time phase_end;
  };
  /// NOT_FOUND, or a reason of domain.md 5.2; a refusal is recorded too.
  Result<PlacedBid> PlaceBid(storage::Txn& txn, const Principal& caller, const PlaceBidInput& input) const;

  /// From listing's bidding_scheduled. Scheduling the same auction again changes nothing; a reserve price that does
  /// not open its commitment is refused, for it could not be proven at the close.
  Status Schedule(storage::Txn& txn, const ScheduleAuction& command) const;

  /// A timer came due: for the auction with this id, or for the heartbeat.
  void OnDue(storage::Txn& txn, const std::string& subject) const;

  /// Plans the next sign of life. The commit itself is one: the writer keeps the time of its last commit, from which
  /// a restart knows how long sessions were without a server.
  void Heartbeat(storage::Txn& txn) const;

  /// Once after a start, in steps: suspends sessions that were open while the server was away since `since`
  /// (domain.md 5.2). Returns the cursor for the next step, nothing when done.
  std::optional<std::string> Recover(storage::Txn& txn, Time since, std::string_view cursor) const;

  // --- Queries ----------------------------------------------------------------------------------------------------

  Result<StoredAuction> Get(const storage::Reader& reader, const AuctionId& id) const;
  Result<Bid> GetBid(const storage::Reader& reader, const AuctionId& id, int64_t number) const;
  Result<std::vector<Bid>> ListBids(const storage::Reader& reader, const AuctionId& id, int64_t after,
                                    size_t limit) const;
  /// The caller's own refused bids, or all of them for staff of the auction's exchange.
  Result<std::vector<RefusedBid>> ListRefusedBids(const storage::Reader& reader, const Principal& caller,
                                                  const AuctionId& id, Time after, size_t limit) const;
  /// What `caller` may see of the events after `after_sequence`: services see all, staff their own exchange's. With
  /// `milestones_only`, none of the bids.
  std::vector<StoredEvent> ListEvents(const storage::Reader& reader, const Principal& caller, uint64_t after_sequence,
                                      size_t limit, bool milestones_only) const;
  /// The public events of one auction; its envelopes among them once they are open.
  Result<std::vector<StoredEvent>> WatchEvents(const storage::Reader& reader, const AuctionId& id,
                                               uint64_t after_sequence, size_t limit) const;
};

}  // namespace ttx::auction
