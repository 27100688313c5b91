#include "services/auction/app/auction_app.h"

#include "libs/crypto/digest.h"
#include "services/auction/domain/limits.h"

namespace ttx::auction {
namespace {

constexpr size_t kRecoverPerStep = 100;
constexpr size_t kScanPerPage = 1000;
constexpr std::string_view kHeartbeatSubject = "heartbeat";

// Reads on, page by page, until `limit` of the items that `visible` lets through are found or the log ends.
// `fetch(last)` gives the page after the item `last` (nullptr for the first page).
template <class Item, class Fetch, class Visible>
std::vector<Item> ReadVisible(size_t limit, Fetch fetch, Visible visible) {
  std::vector<Item> found;
  std::vector<Item> page = fetch(nullptr);
  while (!page.empty()) {
    for (const Item& item : page) {
      if (visible(item) && found.size() < limit) found.push_back(item);
    }
    if (found.size() >= limit || page.size() < kScanPerPage) break;
    const Item last = page.back();
    page = fetch(&last);
  }
  return found;
}

std::string ReserveCommitment(const Reserve& reserve) {
  return crypto::Sha256(reserve.salt + "TTX-RESERVE-1|" + std::to_string(reserve.price.value));
}

// The caller's own bid: what the engine bids for others, before or after it, is automatic or came with the clock.
const Bid& OwnBid(const Decision& decision) {
  for (auto event = decision.events.rbegin(); event != decision.events.rend(); ++event) {
    const auto* accepted = std::get_if<BidAccepted>(&event->payload);
    if (accepted != nullptr && !accepted->bid.automatic) return accepted->bid;
  }
  TTX_CHECK(false, "an accepted bid that was not written");
}

std::string SeedCommitment(const DrawSeed& seed) { return crypto::Sha256("TTX-DRAW-SEED-1|" + seed.seed); }

Error NoAuction(const AuctionId& id) { return Error(Reason::kNOT_FOUND, {{"resource", "auctions/" + id.text}}); }

}  // namespace

Result<AuctionApp::PlacedBid> AuctionApp::PlaceBid(storage::Txn& txn, const Principal& caller,
                                                   const PlaceBidInput& input) const {
  const std::optional<StoredAuction> before = LoadAuction(txn, input.auction);
  if (!before) return NoAuction(input.auction);
  const Decision decision = Decide(before->auction,
                                   auction::PlaceBid{.bidder = FindBidder(txn, input.auction, caller.organization),
                                                     .organization = caller.organization,
                                                     .claimed_code = input.claimed_code,
                                                     .price = input.price,
                                                     .confirm = input.confirm},
                                   txn.now());
  const StoredAuction after = SaveDecision(txn, before, decision);
  if (decision.refusal) {
    txn.KeepOnError();
    return RefusalError(decision);
  }
  return PlacedBid{OwnBid(decision), after.auction.phase_end};
}

Status AuctionApp::Schedule(storage::Txn& txn, const ScheduleAuction& command) const {
  if (LoadAuction(txn, command.id)) return {};
  if (command.reserve && command.reserve->commitment != ReserveCommitment(*command.reserve)) {
    return InvalidField("reserve_commitment", Reason::kBAD_FORMAT);
  }
  if (command.draw_seed && command.draw_seed->commitment != SeedCommitment(*command.draw_seed)) {
    return InvalidField("draw_seed_commitment", Reason::kBAD_FORMAT);
  }
  TTX_TRY(const Decision decision, Decide(command, txn.now()));
  SaveDecision(txn, std::nullopt, decision);
  return {};
}

void AuctionApp::Heartbeat(storage::Txn& txn) const {
  PlanHeartbeat(txn, txn.now() + (CountOpen(txn) == 0 ? kIdleHeartbeat : kHeartbeat), kHeartbeatSubject);
}

void AuctionApp::OnDue(storage::Txn& txn, const std::string& subject) const {
  if (subject == kHeartbeatSubject) {
    Heartbeat(txn);
    return;
  }
  const std::optional<StoredAuction> before = LoadAuction(txn, {subject});
  TTX_CHECK(before.has_value(), "a timer of an auction that does not exist");
  const StoredAuction after = SaveDueDecision(txn, *before, Decide(before->auction, Advance{}, txn.now()));
  if (after.auction.state == State::kDrawing) {
    const DrawLot lot{crypto::Sha256(DrawMaterial(after.auction))};
    SaveDecision(txn, after, Decide(after.auction, lot, txn.now()));
  }
}

std::optional<std::string> AuctionApp::Recover(storage::Txn& txn, Time since, std::string_view cursor) const {
  // A crash in the middle must not make the outage look short: each step's commit is a sign of life too.
  since = std::min(since, LoadRecovery(txn).value_or(since));
  if (txn.now() - since <= kMaxSilence) return std::nullopt;
  const std::vector<AuctionId> open = ListOpen(txn, cursor, kRecoverPerStep);
  for (const AuctionId& id : open) {
    const std::optional<StoredAuction> before = LoadAuction(txn, id);
    TTX_CHECK(before.has_value(), "an indexed auction is missing");
    SaveDecision(txn, before, Decide(before->auction, NoteOutage{since}, txn.now()));
  }
  const bool more = open.size() == kRecoverPerStep;
  SaveRecovery(txn, more ? std::optional(since) : std::nullopt);
  return more ? std::optional(open.back().text) : std::nullopt;
}

Result<StoredAuction> AuctionApp::Get(const storage::Reader& reader, const AuctionId& id) const {
  const std::optional<StoredAuction> stored = LoadAuction(reader, id);
  if (!stored) return NoAuction(id);
  return *stored;
}

Result<Bid> AuctionApp::GetBid(const storage::Reader& reader, const AuctionId& id, int64_t number) const {
  const std::optional<Bid> bid = LoadBid(reader, id, number);
  if (!bid) {
    return Error(Reason::kNOT_FOUND, {{"resource", "auctions/" + id.text + "/bids/" + std::to_string(number)}});
  }
  return *bid;
}

Result<std::vector<Bid>> AuctionApp::ListBids(const storage::Reader& reader, const AuctionId& id, int64_t after,
                                              size_t limit) const {
  if (!LoadAuction(reader, id)) return NoAuction(id);
  return auction::ListBids(reader, id, after, limit);
}

Result<std::vector<RefusedBid>> AuctionApp::ListRefusedBids(const storage::Reader& reader, const Principal& caller,
                                                            const AuctionId& id, Time after, size_t limit) const {
  const std::optional<StoredAuction> stored = LoadAuction(reader, id);
  if (!stored) return NoAuction(id);
  const bool staff = caller.organization == stored->auction.terms->exchange;
  return ReadVisible<RefusedBid>(
      limit,
      [&](const RefusedBid* last) {
        return auction::ListRefusedBids(reader, id, last == nullptr ? after : last->time, kScanPerPage);
      },
      [&](const RefusedBid& bid) { return staff || bid.refusal.organization == caller.organization; });
}

std::vector<StoredEvent> AuctionApp::ListEvents(const storage::Reader& reader, const Principal& caller,
                                                uint64_t after_sequence, size_t limit, bool milestones_only) const {
  const auto list = [&](uint64_t after, size_t most) {
    return milestones_only ? ListMilestones(reader, after, most) : auction::ListEvents(reader, {}, after, most);
  };
  if (caller.service()) return list(after_sequence, limit);
  return ReadVisible<StoredEvent>(
      limit,
      [&](const StoredEvent* last) { return list(last == nullptr ? after_sequence : last->sequence, kScanPerPage); },
      [&](const StoredEvent& event) {
        const Audience audience = AudienceOf(event.event);
        const bool for_staff = audience == Audience::kPublic || audience == Audience::kStaff;
        return for_staff && event.exchange == caller.organization;
      });
}

Result<std::vector<StoredEvent>> AuctionApp::WatchEvents(const storage::Reader& reader, const AuctionId& id,
                                                         uint64_t after_sequence, size_t limit) const {
  const std::optional<StoredAuction> stored = LoadAuction(reader, id);
  if (!stored) return NoAuction(id);
  // Only a sealed session keeps something back, until its opening.
  if (!IsSealed(stored->auction.rules().mode) || EnvelopesAreOpen(stored->auction)) {
    return auction::ListEvents(reader, id, after_sequence, limit);
  }
  return ReadVisible<StoredEvent>(
      limit,
      [&](const StoredEvent* last) {
        return auction::ListEvents(reader, id, last == nullptr ? after_sequence : last->sequence, kScanPerPage);
      },
      [](const StoredEvent& event) { return AudienceOf(event.event) == Audience::kPublic; });
}

}  // namespace ttx::auction
