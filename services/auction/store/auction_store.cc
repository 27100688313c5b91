#include "services/auction/store/auction_store.h"

#include "libs/crypto/digest.h"
#include "libs/storage/codec.h"
#include "services/auction/store/record.pb.h"

namespace ttx::auction {
namespace {

using storage::Key;
using storage::KeyReader;

constexpr uint8_t Id8(Table table) { return static_cast<uint8_t>(table); }

template <class Record>
Record Parse(std::string_view bytes) {
  Record record;
  TTX_CHECK(record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())),
            "an auction record cannot be read");
  return record;
}

Reason ParseReason(const std::string& name) {
  const ReasonInfo* info = FindReason(name);
  TTX_CHECK(info != nullptr, "an unknown reason in an auction record");
  return static_cast<Reason>(info - AllReasons().data());
}

// --- domain <-> record
// ---------------------------------------------------------------------------------------------

store::RulesRecord ToRecord(const Rules& rules) {
  store::RulesRecord record;
  record.set_mode(static_cast<int>(rules.mode));
  record.set_start_price_fen(rules.start_price.value);
  for (const Increment& increment : rules.increments) {
    auto* tier = record.add_increments();
    tier->set_from_fen(increment.from.value);
    tier->set_step_fen(increment.step.value);
  }
  record.set_multiple_base(static_cast<int>(rules.multiple_base));
  record.set_free_period_ns(rules.free_period.ns);
  record.set_preparation_ns(rules.preparation.ns);
  record.set_cycle_ns(rules.cycle.ns);
  record.set_limited_entry(static_cast<int>(rules.limited_entry));
  record.set_max_steps_per_bid(rules.max_steps_per_bid);
  record.set_self_outbid(rules.self_outbid);
  if (rules.cap) record.set_cap_fen(rules.cap->value);
  return record;
}

Rules FromRecord(const store::RulesRecord& record) {
  Rules rules;
  rules.mode = static_cast<Mode>(record.mode());
  rules.start_price = {record.start_price_fen()};
  for (const auto& tier : record.increments())
    rules.increments.push_back({{tier.from_fen()}, {tier.step_fen()}});
  rules.multiple_base = static_cast<MultipleBase>(record.multiple_base());
  rules.free_period = {record.free_period_ns()};
  rules.preparation = {record.preparation_ns()};
  rules.cycle = {record.cycle_ns()};
  rules.limited_entry = static_cast<LimitedEntry>(record.limited_entry());
  rules.max_steps_per_bid = record.max_steps_per_bid();
  rules.self_outbid = record.self_outbid();
  if (record.has_cap_fen()) rules.cap = Fen{record.cap_fen()};
  return rules;
}

void ToRecord(const Reserve& reserve, store::ReserveRecord& record) {
  record.set_price_fen(reserve.price.value);
  record.set_salt(reserve.salt);
  record.set_commitment(reserve.commitment);
}

Reserve FromRecord(const store::ReserveRecord& record) {
  return {{record.price_fen()}, record.salt(), record.commitment()};
}

void ToRecord(const Bid& bid, Time phase_end, store::BidRecord& record) {
  record.set_number(bid.number);
  record.set_code(bid.code);
  record.set_price_fen(bid.price.value);
  record.set_time_ns(bid.time.ns);
  record.set_phase_end_ns(phase_end.ns);
}

Bid FromRecord(const store::BidRecord& record) {
  return {record.number(), record.code(), {record.price_fen()}, {record.time_ns()}};
}

store::BidderRecord ToRecord(const Bidder& bidder) {
  store::BidderRecord record;
  record.set_code(bidder.code);
  record.set_organization(bidder.organization);
  record.set_intent(bidder.intent);
  return record;
}

Bidder FromRecord(const store::BidderRecord& record) {
  return {record.code(), record.organization(), record.intent()};
}

store::BidRefusedRecord ToRecord(const BidRefused& event) {
  store::BidRefusedRecord record;
  record.set_code(event.code);
  record.set_organization(event.organization);
  record.set_price_fen(event.price.value);
  record.set_reason(std::string(ReasonName(event.reason)));
  return record;
}

BidRefused FromRecord(const store::BidRefusedRecord& record) {
  return {record.code(), record.organization(), {record.price_fen()}, ParseReason(record.reason())};
}

store::AuctionRecord ToRecord(const StoredAuction& stored) {
  const Auction& auction = stored.auction;
  store::AuctionRecord record;
  record.set_id(auction.id.text);
  record.set_listing(auction.listing);
  record.set_exchange(auction.exchange);
  record.set_title(auction.title);
  *record.mutable_rules() = ToRecord(auction.rules);
  if (auction.reserve) ToRecord(*auction.reserve, *record.mutable_reserve());
  record.set_start_time_ns(auction.start_time.ns);
  record.set_state(static_cast<int>(auction.state));
  record.set_phase_end_ns(auction.phase_end.ns);
  record.set_cycle_number(auction.cycle_number);
  record.set_bid_count(auction.bid_count);
  if (auction.leading) ToRecord(*auction.leading, {}, *record.mutable_leading());
  if (auction.rival) ToRecord(*auction.rival, {}, *record.mutable_rival());
  record.set_suspended_state(static_cast<int>(auction.suspended_state));
  record.set_remaining_ns(auction.remaining.ns);
  record.set_outcome(static_cast<int>(auction.outcome));
  record.set_create_time_ns(auction.create_time.ns);
  record.set_update_time_ns(auction.update_time.ns);
  record.set_version(auction.version);
  record.set_log_hash(stored.log_hash);
  if (stored.due) record.set_due_ns(stored.due->ns);
  return record;
}

StoredAuction FromRecord(const store::AuctionRecord& record) {
  Auction auction;
  auction.id = {record.id()};
  auction.listing = record.listing();
  auction.exchange = record.exchange();
  auction.title = record.title();
  auction.rules = FromRecord(record.rules());
  if (record.has_reserve()) auction.reserve = FromRecord(record.reserve());
  auction.start_time = {record.start_time_ns()};
  auction.state = static_cast<State>(record.state());
  auction.phase_end = {record.phase_end_ns()};
  auction.cycle_number = record.cycle_number();
  auction.bid_count = record.bid_count();
  if (record.has_leading()) auction.leading = FromRecord(record.leading());
  if (record.has_rival()) auction.rival = FromRecord(record.rival());
  auction.suspended_state = static_cast<State>(record.suspended_state());
  auction.remaining = {record.remaining_ns()};
  auction.outcome = static_cast<Outcome>(record.outcome());
  auction.create_time = {record.create_time_ns()};
  auction.update_time = {record.update_time_ns()};
  auction.version = record.version();
  return {std::move(auction), record.log_hash(),
          record.has_due_ns() ? std::optional(Time{record.due_ns()}) : std::nullopt};
}

store::EventRecord ToRecord(const Auction& auction, const Event& event, const std::string& log_hash) {
  store::EventRecord record;
  record.set_auction(auction.id.text);
  record.set_listing(auction.listing);
  record.set_exchange(auction.exchange);
  record.set_time_ns(event.time.ns);
  record.set_log_hash(log_hash);
  struct Visitor {
    store::EventRecord& out;
    void operator()(const Scheduled& e) const {
      auto& to = *out.mutable_scheduled();
      to.set_listing(e.listing);
      to.set_exchange(e.exchange);
      to.set_title(e.title);
      *to.mutable_rules() = ToRecord(e.rules);
      if (e.reserve) ToRecord(*e.reserve, *to.mutable_reserve());
      to.set_start_time_ns(e.start_time.ns);
      for (const Bidder& bidder : e.bidders) *to.add_bidders() = ToRecord(bidder);
    }
    void operator()(const PhaseStarted& e) const {
      auto& to = *out.mutable_phase_started();
      to.set_state(static_cast<int>(e.state));
      to.set_start_ns(e.start.ns);
      to.set_end_ns(e.end.ns);
    }
    void operator()(const BidAccepted& e) const {
      auto& to = *out.mutable_bid_accepted();
      ToRecord(e.bid, e.phase_end, *to.mutable_bid());
      to.set_cycle_number(e.cycle_number);
    }
    void operator()(const BidRefused& e) const { *out.mutable_bid_refused() = ToRecord(e); }
    void operator()(const Suspended& e) const {
      auto& to = *out.mutable_suspended();
      to.set_time_ns(e.time.ns);
      to.set_reason(e.reason);
      to.set_remaining_ns(e.remaining.ns);
      to.set_resume_time_ns(e.resume_time.ns);
    }
    void operator()(const Resumed& e) const {
      auto& to = *out.mutable_resumed();
      to.set_state(static_cast<int>(e.state));
      to.set_end_ns(e.end.ns);
    }
    void operator()(const Closed& e) const {
      auto& to = *out.mutable_closed();
      to.set_outcome(static_cast<int>(e.outcome));
      to.set_time_ns(e.time.ns);
      if (e.winner) ToRecord(*e.winner, {}, *to.mutable_winner());
      to.set_bid_count(e.bid_count);
      if (e.reserve) ToRecord(*e.reserve, *to.mutable_reserve());
    }
  };
  std::visit(Visitor{record}, event.payload);
  return record;
}

decltype(Event::payload) PayloadOf(const store::EventRecord& record) {
  switch (record.payload_case()) {
    case store::EventRecord::kScheduled: {
      const auto& from = record.scheduled();
      Scheduled event{{record.auction()},       from.listing(), from.exchange(),        from.title(),
                      FromRecord(from.rules()), std::nullopt,   {from.start_time_ns()}, {}};
      if (from.has_reserve()) event.reserve = FromRecord(from.reserve());
      for (const auto& bidder : from.bidders()) event.bidders.push_back(FromRecord(bidder));
      return event;
    }
    case store::EventRecord::kPhaseStarted: {
      const auto& from = record.phase_started();
      return PhaseStarted{static_cast<State>(from.state()), {from.start_ns()}, {from.end_ns()}};
    }
    case store::EventRecord::kBidAccepted: {
      const auto& from = record.bid_accepted();
      return BidAccepted{FromRecord(from.bid()), {from.bid().phase_end_ns()}, from.cycle_number()};
    }
    case store::EventRecord::kBidRefused:
      return FromRecord(record.bid_refused());
    case store::EventRecord::kSuspended: {
      const auto& from = record.suspended();
      return Suspended{{from.time_ns()}, from.reason(), {from.remaining_ns()}, {from.resume_time_ns()}};
    }
    case store::EventRecord::kResumed:
      return Resumed{static_cast<State>(record.resumed().state()), {record.resumed().end_ns()}};
    case store::EventRecord::kClosed: {
      const auto& from = record.closed();
      Closed event{static_cast<Outcome>(from.outcome()),
                   {from.time_ns()},
                   std::nullopt,
                   from.bid_count(),
                   std::nullopt};
      if (from.has_winner()) event.winner = FromRecord(from.winner());
      if (from.has_reserve()) event.reserve = FromRecord(from.reserve());
      return event;
    }
    case store::EventRecord::PAYLOAD_NOT_SET:
      break;
  }
  TTX_CHECK(false, "an event record without a payload");
}

StoredEvent FromRecord(const storage::OutboxEvent& stored) {
  const auto record = Parse<store::EventRecord>(stored.payload);
  return {stored.sequence,   {record.auction()}, record.listing(),
          record.exchange(), record.log_hash(),  record.previous_milestone(),
          {{record.time_ns()}, PayloadOf(record)}};
}

std::vector<StoredEvent> FromOutbox(const std::vector<storage::OutboxEvent>& stored) {
  std::vector<StoredEvent> events;
  for (const storage::OutboxEvent& event : stored) events.push_back(FromRecord(event));
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
  return !std::holds_alternative<BidAccepted>(event.payload) && !std::holds_alternative<BidRefused>(event.payload);
}

uint64_t LastMilestone(const storage::Reader& reader) {
  const auto last = reader.Scan(storage::PrefixRange(Key(Id8(Table::kMilestone)).str()), 1,
                                storage::Direction::kReverse);
  return last.empty() ? 0 : KeyReader(last[0].key, Id8(Table::kMilestone)).U64();
}

// Writes what one event adds besides the new state. Refused bids are no part of the public log: neither of
// its index nor of its hash, which nothing changes after the close.
void SaveEvent(storage::Txn& txn, StoredAuction& stored, const Event& event) {
  const AuctionId& id = stored.auction.id;
  const bool is_public = !std::holds_alternative<BidRefused>(event.payload);
  if (is_public) stored.log_hash = crypto::Sha256(stored.log_hash + CanonicalLine(stored.auction, event));
  store::EventRecord event_record = ToRecord(stored.auction, event, stored.log_hash);
  if (IsMilestone(event)) event_record.set_previous_milestone(LastMilestone(txn));
  const uint64_t sequence = txn.Emit(event_record.SerializeAsString());
  if (IsMilestone(event)) txn.Put(Key(Id8(Table::kMilestone)).U64(sequence).str(), "");
  if (is_public) txn.Put(Key(Id8(Table::kEventByAuction)).Text(id.text).U64(sequence).str(), "");
  if (const auto* accepted = std::get_if<BidAccepted>(&event.payload)) {
    store::BidRecord record;
    ToRecord(accepted->bid, accepted->phase_end, record);
    txn.Put(BidKey(id, accepted->bid.number), record.SerializeAsString());
  } else if (const auto* refused = std::get_if<BidRefused>(&event.payload)) {
    txn.Put(Key(Id8(Table::kRefusedBid)).Text(id.text).I64(event.time.ns).str(),
            ToRecord(*refused).SerializeAsString());
  } else if (const auto* scheduled = std::get_if<Scheduled>(&event.payload)) {
    for (const Bidder& bidder : scheduled->bidders) {
      const std::string record = ToRecord(bidder).SerializeAsString();
      txn.Put(Key(Id8(Table::kBidderByOrg)).Text(id.text).Text(bidder.organization).str(), record);
      txn.Put(Key(Id8(Table::kBidderByCode)).Text(id.text).Text(bidder.code).str(), record);
    }
    txn.Put(Key(Id8(Table::kByExchange)).Text(scheduled->exchange).Text(id.text).str(), "");
    txn.Put(Key(Id8(Table::kOpen)).Text(id.text).str(), "");
    SaveOpenCount(txn, CountOpen(txn) + 1);
  } else if (std::holds_alternative<Closed>(event.payload)) {
    txn.Delete(Key(Id8(Table::kOpen)).Text(id.text).str());
    SaveOpenCount(txn, CountOpen(txn) - 1);
  }
}

}  // namespace

std::string AuctionKey(const AuctionId& id) { return Key(Id8(Table::kAuction)).Text(id.text).str(); }

std::optional<StoredAuction> LoadAuction(const storage::Reader& reader, const AuctionId& id) {
  const auto bytes = reader.Get(AuctionKey(id));
  if (!bytes) return std::nullopt;
  StoredAuction stored = FromRecord(Parse<store::AuctionRecord>(*bytes));
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
  for (const Event& event : decision.events) SaveEvent(txn, after, event);
  const std::optional<Time> change = NextChange(after.auction);
  if (after.due && (!change || *change < *after.due)) {
    txn.ClearDue(*after.due, after.auction.id.text);
    after.due.reset();
  }
  if (change && !after.due) {
    txn.SetDue(*change, after.auction.id.text);
    after.due = change;
  }
  if (!decision.events.empty() || !before || before->due != after.due) {
    txn.Put(AuctionKey(after.auction.id), ToRecord(after).SerializeAsString());
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
  return FromRecord(Parse<store::BidderRecord>(*bytes));
}

std::optional<Bid> LoadBid(const storage::Reader& reader, const AuctionId& id, int64_t number) {
  const auto bytes = reader.Get(BidKey(id, number));
  if (!bytes) return std::nullopt;
  return FromRecord(Parse<store::BidRecord>(*bytes));
}

std::vector<StoredAuction> ListAuctions(const storage::Reader& reader, std::string_view exchange,
                                        std::string_view after, size_t limit) {
  std::vector<StoredAuction> auctions;
  if (exchange.empty()) {
    storage::KeyRange range = storage::PrefixRange(Key(Id8(Table::kAuction)).str());
    if (!after.empty()) range.begin = Key(Id8(Table::kAuction)).Text(after).str() + '\0';
    for (const storage::Entry& entry : reader.Scan(range, limit)) {
      auctions.push_back(FromRecord(Parse<store::AuctionRecord>(entry.value)));
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
    bids.push_back(FromRecord(Parse<store::BidRecord>(entry.value)));
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
    refused.push_back({time, FromRecord(Parse<store::BidRefusedRecord>(entry.value))});
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
