#include "services/auction/store/auction_store.h"

#include "libs/crypto/digest.h"
#include "libs/storage/codec.h"
#include "services/auction/store/record_codec.h"

namespace ttx::auction {
namespace {

using storage::Key;
using storage::KeyReader;

constexpr uint8_t Id8(Table table) { return static_cast<uint8_t>(table); }

std::vector<StoredEvent> FromOutbox(const std::vector<storage::OutboxEvent>& stored) {
  std::vector<StoredEvent> events;
  for (const storage::OutboxEvent& event : stored) events.push_back(DecodeEvent(event.sequence, event.payload));
  return events;
}

std::string BidKey(const AuctionId& id, int64_t number) {
  return Key(Id8(Table::kBid)).Text(id.text).U64(static_cast<uint64_t>(number)).str();
}

void SaveOpenCount(storage::Txn& txn, uint64_t count) {
  std::string value;
  storage::AppendU64(value, count);
  txn.Put(Key(Id8(Table::kOpenCount)).str(), std::move(value));
}

bool IsMilestone(const Event& event) {
  const bool is_bid = std::holds_alternative<BidAccepted>(event.payload) ||
                      std::holds_alternative<BidRefused>(event.payload) ||
                      std::holds_alternative<EnvelopeAccepted>(event.payload);
  return !is_bid;
}

uint64_t LastMilestone(const storage::Reader& reader) {
  const auto last = reader.Scan(storage::PrefixRange(Key(Id8(Table::kMilestone)).str()), 1,
                                storage::Direction::kReverse);
  return last.empty() ? 0 : KeyReader(last[0].key, Id8(Table::kMilestone)).U64();
}

void SaveBidder(storage::Txn& txn, const AuctionId& id, const Bidder& bidder) {
  const std::string record = EncodeBidder(bidder);
  txn.Put(Key(Id8(Table::kBidderByOrg)).Text(id.text).Text(bidder.organization).str(), record);
  txn.Put(Key(Id8(Table::kBidderByCode)).Text(id.text).Text(bidder.code).str(), record);
}

// The rows besides the auction's own that an event adds or removes.
struct SaveRows {
  storage::Txn& txn;
  const AuctionId& id;
  Time time;

  void operator()(const BidAccepted& event) const {
    txn.Put(BidKey(id, event.bid.number), EncodeBid(event.bid, event.phase_end));
  }
  void operator()(const BidRefused& event) const {
    txn.Put(Key(Id8(Table::kRefusedBid)).Text(id.text).I64(time.ns).str(), EncodeRefusal(event));
  }
  void operator()(const Opened& event) const {
    for (const OpenedBid& opened : event.bids) {
      if (!opened.invalid) txn.Put(BidKey(id, opened.bid.number), EncodeBid(opened.bid, Time{}));
    }
  }
  void operator()(const Scheduled& event) const {
    for (const Bidder& bidder : event.bidders) SaveBidder(txn, id, bidder);
    txn.Put(Key(Id8(Table::kByExchange)).Text(event.terms->exchange).Text(id.text).str(), "");
    txn.Put(Key(Id8(Table::kOpen)).Text(id.text).str(), "");
    SaveOpenCount(txn, CountOpen(txn) + 1);
  }
  void operator()(const BidderAdded& event) const { SaveBidder(txn, id, event.bidder); }
  void operator()(const Closed&) const {
    txn.Delete(Key(Id8(Table::kOpen)).Text(id.text).str());
    SaveOpenCount(txn, CountOpen(txn) - 1);
  }
  template <class Other>
  void operator()(const Other&) const {}
};

// Writes what one event adds besides the new state. What is private is no part of the public log: neither of its index
// nor of its hash. Nor is what follows the close (a default): the hash was final then.
void SaveEvent(storage::Txn& txn, StoredAuction& stored, const Event& event, bool was_closed) {
  const AuctionId& id = stored.auction.id();
  const Audience audience = AudienceOf(event);
  const bool is_logged = !was_closed && (audience == Audience::kPublic || audience == Audience::kAfterOpening);
  if (is_logged) stored.log_hash = crypto::Sha256(stored.log_hash + CanonicalLine(stored.auction, event));
  const bool is_milestone = IsMilestone(event);
  const uint64_t sequence =
      txn.Emit(EncodeEvent(stored.auction, event, stored.log_hash, is_milestone ? LastMilestone(txn) : 0));
  if (is_milestone) txn.Put(Key(Id8(Table::kMilestone)).U64(sequence).str(), "");
  if (is_logged) txn.Put(Key(Id8(Table::kEventByAuction)).Text(id.text).U64(sequence).str(), "");
  std::visit(SaveRows{txn, id, event.time}, event.payload);
}

}  // namespace

std::string AuctionKey(const AuctionId& id) { return Key(Id8(Table::kAuction)).Text(id.text).str(); }

std::optional<StoredAuction> LoadAuction(const storage::Reader& reader, const AuctionId& id) {
  const auto bytes = reader.Get(AuctionKey(id));
  if (!bytes) return std::nullopt;
  StoredAuction stored = DecodeAuction(*bytes);
  const auto violation = Check(stored.auction);
  TTX_CHECK(!violation, violation.value_or(""));
  return stored;
}

StoredAuction SaveDecision(storage::Txn& txn, const std::optional<StoredAuction>& before,
                           const Decision& decision) {
  const auto violation = Check(decision.next);
  TTX_CHECK(!violation, violation.value_or(""));
  StoredAuction after{decision.next, before ? before->log_hash : std::string(32, '\0'),
                      before ? before->due : std::nullopt};
  bool closed = before && before->auction.state == State::kClosed;
  for (const Event& event : decision.events) {
    SaveEvent(txn, after, event, closed);
    closed = closed || std::holds_alternative<Closed>(event.payload);
  }
  const std::optional<Time> change = NextChange(after.auction);
  if (after.due && (!change || *change < *after.due)) {
    txn.ClearDue(*after.due, after.auction.id().text);
    after.due.reset();
  }
  if (change && !after.due) {
    txn.SetDue(*change, after.auction.id().text);
    after.due = change;
  }
  if (!decision.events.empty() || !before || before->due != after.due) {
    txn.Put(AuctionKey(after.auction.id()), EncodeAuction(after));
  }
  return after;
}

StoredAuction SaveDueDecision(storage::Txn& txn, StoredAuction before, const Decision& decision) {
  const std::optional<Time> planned = std::exchange(before.due, std::nullopt);
  TTX_CHECK(planned.has_value(), "a timer of an auction that has planned none");
  return SaveDecision(txn, before, decision);
}

std::optional<Bidder> FindBidder(const storage::Reader& reader, const AuctionId& id,
                                 std::string_view organization) {
  const auto bytes = reader.Get(Key(Id8(Table::kBidderByOrg)).Text(id.text).Text(organization).str());
  if (!bytes) return std::nullopt;
  return DecodeBidder(*bytes);
}

std::optional<Bid> LoadBid(const storage::Reader& reader, const AuctionId& id, int64_t number) {
  const auto bytes = reader.Get(BidKey(id, number));
  if (!bytes) return std::nullopt;
  return DecodeBid(*bytes);
}

std::vector<StoredAuction> ListAuctions(const storage::Reader& reader, std::string_view exchange,
                                        std::string_view after, size_t limit) {
  std::vector<StoredAuction> auctions;
  if (exchange.empty()) {
    storage::KeyRange range = storage::PrefixRange(Key(Id8(Table::kAuction)).str());
    if (!after.empty()) range.begin = Key(Id8(Table::kAuction)).Text(after).str() + '\0';
    for (const storage::Entry& entry : reader.Scan(range, limit)) {
      auctions.push_back(DecodeAuction(entry.value));
    }
    return auctions;
  }
  storage::KeyRange range = storage::PrefixRange(Key(Id8(Table::kByExchange)).Text(exchange).str());
  if (!after.empty()) range.begin = Key(Id8(Table::kByExchange)).Text(exchange).Text(after).str() + '\0';
  for (const storage::Entry& entry : reader.Scan(range, limit)) {
    KeyReader key(entry.key, Id8(Table::kByExchange));
    key.Text();
    const auto stored = LoadAuction(reader, {key.Text()});
    TTX_CHECK(stored.has_value(), "an indexed auction is missing");
    auctions.push_back(*stored);
  }
  return auctions;
}

std::vector<Bid> ListBids(const storage::Reader& reader, const AuctionId& id, int64_t after, size_t limit) {
  storage::KeyRange range = storage::PrefixRange(Key(Id8(Table::kBid)).Text(id.text).str());
  range.begin = BidKey(id, after + 1);
  std::vector<Bid> bids;
  for (const storage::Entry& entry : reader.Scan(range, limit)) {
    bids.push_back(DecodeBid(entry.value));
  }
  return bids;
}

std::vector<RefusedBid> ListRefusedBids(const storage::Reader& reader, const AuctionId& id, Time after,
                                        size_t limit) {
  storage::KeyRange range = storage::PrefixRange(Key(Id8(Table::kRefusedBid)).Text(id.text).str());
  range.begin = Key(Id8(Table::kRefusedBid)).Text(id.text).I64(after.ns + 1).str();
  std::vector<RefusedBid> refused;
  for (const storage::Entry& entry : reader.Scan(range, limit)) {
    KeyReader key(entry.key, Id8(Table::kRefusedBid));
    key.Text();
    const Time time{key.I64()};
    refused.push_back({time, DecodeRefusal(entry.value)});
  }
  return refused;
}

std::vector<AuctionId> ListOpen(const storage::Reader& reader, std::string_view after, size_t limit) {
  storage::KeyRange range = storage::PrefixRange(Key(Id8(Table::kOpen)).str());
  if (!after.empty()) range.begin = Key(Id8(Table::kOpen)).Text(after).str() + '\0';
  std::vector<AuctionId> ids;
  for (const storage::Entry& entry : reader.Scan(range, limit)) {
    ids.push_back({KeyReader(entry.key, Id8(Table::kOpen)).Text()});
  }
  return ids;
}

std::optional<Time> LoadRecovery(const storage::Reader& reader) {
  const auto stored = reader.Get(Key(Id8(Table::kRecovery)).str());
  if (!stored) return std::nullopt;
  std::string_view in = *stored;
  const auto since = storage::TakeU64(in);
  TTX_CHECK(since.has_value(), "recovery record too short");
  return Time{static_cast<int64_t>(*since)};
}

void SaveRecovery(storage::Txn& txn, std::optional<Time> since) {
  const std::string key = Key(Id8(Table::kRecovery)).str();
  if (!since) {
    txn.Delete(key);
    return;
  }
  std::string value;
  storage::AppendU64(value, static_cast<uint64_t>(since->ns));
  txn.Put(key, std::move(value));
}

uint64_t CountOpen(const storage::Reader& reader) {
  const auto stored = reader.Get(Key(Id8(Table::kOpenCount)).str());
  if (!stored) return 0;
  std::string_view in = *stored;
  const auto count = storage::TakeU64(in);
  TTX_CHECK(count.has_value(), "open count too short");
  return *count;
}

void PlanHeartbeat(storage::Txn& txn, Time at, std::string_view subject) {
  const std::string key = Key(Id8(Table::kHeartbeat)).str();
  if (const auto planned = txn.Get(key)) {
    std::string_view in = *planned;
    const auto time = storage::TakeU64(in);
    TTX_CHECK(time.has_value(), "heartbeat record too short");
    txn.ClearDue(Time{static_cast<int64_t>(*time)}, subject);
  }
  std::string value;
  storage::AppendU64(value, static_cast<uint64_t>(at.ns));
  txn.Put(key, std::move(value));
  txn.SetDue(at, subject);
}

std::string AuctionOf(const storage::OutboxEvent& event) {
  return "auctions/" + DecodeEventAuction(event.payload);
}

std::vector<StoredEvent> ListEvents(const storage::Reader& reader, const AuctionId& id,
                                    uint64_t after_sequence, size_t limit) {
  if (id.empty()) return FromOutbox(storage::ReadOutbox(reader, after_sequence, limit));
  storage::KeyRange range = storage::PrefixRange(Key(Id8(Table::kEventByAuction)).Text(id.text).str());
  range.begin = Key(Id8(Table::kEventByAuction)).Text(id.text).U64(after_sequence + 1).str();
  std::vector<uint64_t> sequences;
  for (const storage::Entry& entry : reader.Scan(range, limit)) {
    KeyReader key(entry.key, Id8(Table::kEventByAuction));
    key.Text();
    sequences.push_back(key.U64());
  }
  return FromOutbox(storage::ReadOutboxAt(reader, sequences));
}

std::vector<StoredEvent> ListMilestones(const storage::Reader& reader, uint64_t after_sequence, size_t limit) {
  storage::KeyRange range = storage::PrefixRange(Key(Id8(Table::kMilestone)).str());
  range.begin = Key(Id8(Table::kMilestone)).U64(after_sequence + 1).str();
  std::vector<uint64_t> sequences;
  for (const storage::Entry& entry : reader.Scan(range, limit)) {
    sequences.push_back(KeyReader(entry.key, Id8(Table::kMilestone)).U64());
  }
  return FromOutbox(storage::ReadOutboxAt(reader, sequences));
}

}  // namespace ttx::auction
