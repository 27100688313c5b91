#include "services/auction/store/auction_store.h"

#include <algorithm>

#include "libs/crypto/digest.h"
#include "libs/storage/codec.h"
#include "libs/storage/table.h"
#include "services/auction/domain/limits.h"
#include "services/auction/store/event_records.h"
#include "services/auction/store/records.h"

namespace ttx::auction {
namespace {

using storage::In;
using storage::KeyOf;
using storage::KeyReader;

constexpr size_t kMaxCachedTerms = 4096;
constexpr size_t kMaxCachedBidders = 32'768;

std::string RefusedBidKey(const AuctionId& id, Time time) {
  return In(Table::kRefusedBid, id.text).I64(time.ns).str();
}

std::string BidKey(const AuctionId& id, int64_t number) {
  return In(Table::kBid, id.text).U64(static_cast<uint64_t>(number)).str();
}

std::string SessionEventKey(const AuctionId& id, uint64_t sequence) {
  return In(Table::kSessionEvent, id.text).U64(sequence).str();
}

std::string EnvelopeKey(Table table, const AuctionId& id, int32_t round, std::string_view code) {
  return In(table, id.text).U64(static_cast<uint64_t>(round)).Text(code).str();
}

storage::Key SharesKey(const AuctionId& id, int32_t round, int32_t holder) {
  return In(Table::kShares, id.text).U64(static_cast<uint64_t>(round)).U64(static_cast<uint64_t>(holder));
}

std::string SharesField(int32_t round, int32_t holder, size_t part) {
  std::string field = "shares/" + std::to_string(round) + "/" + std::to_string(holder);
  if (part > 0) field += "/" + std::to_string(part);
  return field;
}

std::string VerdictField(int32_t round, const std::string& code) {
  return "verdict/" + std::to_string(round) + "/" + code;
}

Shared<Terms> ParseTerms(const Vault& vault, const AuctionId& id, const std::string& bytes) {
  return FromRecord(storage::ParseRecord<store::TermsRecord>(bytes), Secrets{vault, id});
}

// The terms of an auction that exists.
Shared<Terms> LoadTerms(const storage::Reader& reader, const Vault& vault, const AuctionId& id,
                        TermsCache* cache) {
  std::string bytes = storage::Present(reader.Get(KeyOf(Table::kTerms, id.text)));
  return cache == nullptr ? ParseTerms(vault, id, bytes) : cache->Get(vault, id, std::move(bytes));
}

StoredAuction FromBytes(const storage::Reader& reader, const Vault& vault, std::string_view bytes,
                        TermsCache* cache) {
  const auto record = storage::ParseRecord<store::AuctionRecord>(bytes);
  const AuctionId id{record.id()};
  StoredAuction stored = FromRecord(record, LoadTerms(reader, vault, id, cache), {vault, id});
  storage::MustHold(stored.auction);
  return stored;
}

void SaveOpenCount(storage::Txn& txn, uint64_t count) {
  txn.Put(KeyOf(Table::kOpenCount), storage::NumberValue(count));
}

void SaveBidder(storage::Txn& txn, const Secrets& secrets, const Bidder& bidder) {
  const std::string record = ToRecord(bidder, secrets).SerializeAsString();
  const std::string& id = secrets.auction.text;
  txn.Put(
      KeyOf(Table::kBidderByOrg, id, secrets.vault.OrganizationDigest(secrets.auction, bidder.organization)),
      record);
  txn.Put(KeyOf(Table::kBidderByCode, id, bidder.code), record);
}

RefusedBid RefusedBidOf(Time time, std::string_view bytes) {
  const auto record = storage::ParseRecord<store::BidRefusedRecord>(bytes);
  return {time, FromRecord(record), record.organization_digest()};
}

void IndexAuction(storage::Txn& txn, const Secrets& secrets, const Scheduled& scheduled) {
  const std::string& id = secrets.auction.text;
  for (const Bidder& bidder : scheduled.bidders) SaveBidder(txn, secrets, bidder);
  txn.Put(KeyOf(Table::kByExchange, scheduled.terms->exchange, id), "");
  txn.Put(KeyOf(Table::kOpen, id), "");
  SaveOpenCount(txn, CountOpen(txn) + 1);
}

// What one event adds to the tables besides the log and the new state.
void IndexEvent(storage::Txn& txn, const Secrets& secrets, const Event& event) {
  const AuctionId& id = secrets.auction;
  if (const auto* accepted = std::get_if<BidAccepted>(&event.payload)) {
    store::BidRecord record;
    ToRecord(accepted->bid, accepted->phase_end, record);
    txn.Put(BidKey(id, accepted->bid.number), record.SerializeAsString());
  } else if (const auto* refused = std::get_if<BidRefused>(&event.payload)) {
    const store::BidRefusedRecord record = ToRecord(*refused, secrets);
    txn.Put(RefusedBidKey(id, event.time), record.SerializeAsString());
    txn.Put(In(Table::kRefusedBidByOrg, id.text, record.organization_digest()).I64(event.time.ns).str(), "");
  } else if (const auto* scheduled = std::get_if<Scheduled>(&event.payload)) {
    IndexAuction(txn, secrets, *scheduled);
  } else if (const auto* added = std::get_if<BidderAdded>(&event.payload)) {
    SaveBidder(txn, secrets, added->bidder);
  } else if (const auto* opened = std::get_if<Opened>(&event.payload)) {
    for (const OpenedBid& bid : opened->bids) {
      store::BidRecord record;
      ToRecord(bid.bid, {}, record);
      if (!bid.invalid) txn.Put(BidKey(id, bid.bid.number), record.SerializeAsString());
    }
  } else if (std::holds_alternative<Closed>(event.payload)) {
    txn.Delete(KeyOf(Table::kOpen, id.text));
    SaveOpenCount(txn, CountOpen(txn) - 1);
  }
}

// What persons do about a session is told to nobody else, but for the state that asking for the opening leads to.
bool IsNoticed(const Event& event) {
  if (const auto* requested = std::get_if<ActRequested>(&event.payload)) return requested->act.act == Act::kOpen;
  if (const auto* withdrawn = std::get_if<ActWithdrawn>(&event.payload)) return withdrawn->act == Act::kOpen;
  return AudienceOf(event) == Audience::kPublic;
}

// What was held back becomes public before whatever ends the secret, which may be the last event there is.
void ReleaseHeld(StoredAuction& stored) {
  if (stored.held_count == 0 || stored.first_released > 0 || KeepsEnvelopesSecret(stored.auction)) return;
  stored.first_released = stored.public_count + 1;
  stored.public_count += stored.held_count;
}

// Gives an event of the log hash the next number among what is public, or holds it back.
void IndexPublic(storage::Txn& txn, StoredAuction& stored, const Event& event, uint64_t sequence) {
  const bool is_held = AudienceOf(event) == Audience::kAfterOpening && stored.first_released == 0 &&
                       KeepsEnvelopesSecret(stored.auction);
  const Table table = is_held ? Table::kHeldEvent : Table::kEventByAuction;
  const uint64_t number = is_held ? ++stored.held_count : ++stored.public_count;
  txn.Put(In(table, stored.auction.id().text).U64(number).str(), storage::NumberValue(sequence));
}

// Appends one event to the log. Private ones are no part of the public log: neither of its index nor of its
// hash, which nothing changes after the close.
void SaveEvent(storage::Txn& txn, const Secrets& secrets, StoredAuction& stored, const Event& event,
               bool was_closed) {
  const std::string line = CanonicalLine(stored.auction, event);
  const bool is_hashed = !line.empty() && !was_closed;
  if (is_hashed) {
    stored.log_hash = crypto::Sha256(stored.log_hash + line);
    ++stored.log_count;
  }
  if (IsNoticed(event)) {
    ++stored.revision;
    stored.revision_time = event.time;
  }
  const bool is_milestone = IsMilestone(event);
  store::EventRecord record;
  record.set_auction(secrets.auction.text);
  record.set_listing(stored.auction.terms->listing);
  record.set_exchange(stored.auction.terms->exchange);
  record.set_time_ns(event.time.ns);
  record.set_log_hash(stored.log_hash);
  if (is_hashed) record.set_log_number(stored.log_count);
  PayloadToRecord(event, secrets, record);
  if (is_milestone) record.set_previous_milestone(storage::LastNumber(txn, In(Table::kMilestone)));
  const uint64_t sequence = txn.Emit(record.SerializeAsString());
  txn.Put(SessionEventKey(secrets.auction, sequence), "");
  if (is_milestone) txn.Put(In(Table::kMilestone).U64(sequence).str(), "");
  if (!line.empty()) IndexPublic(txn, stored, event, sequence);
  IndexEvent(txn, secrets, event);
}

// Keeps the timer at the next change, or before it.
void PlanChange(storage::Txn& txn, StoredAuction& stored) {
  const std::optional<Time> change = NextChange(stored.auction);
  if (stored.due && (!change || *change < *stored.due)) {
    txn.ClearDue(*stored.due, stored.auction.id().text);
    stored.due.reset();
  }
  if (change && !stored.due) {
    txn.SetDue(*change, stored.auction.id().text);
    stored.due = change;
  }
}

std::optional<Bidder> BidderAt(const storage::Reader& reader, const Secrets& secrets,
                               const std::string& key) {
  const auto record = storage::FindRecord<store::BidderRecord>(reader, key);
  return record ? std::optional(FromRecord(*record, secrets)) : std::nullopt;
}

EnvelopeEntry FromRecord(std::string code, const store::EnvelopeRecord& record) {
  return {std::move(code),    record.digest(),   {record.time_ns()},
          record.submitted(), record.standing(), record.revealed()};
}

std::vector<StoredEvent> FromOutbox(const std::vector<storage::OutboxEvent>& stored, const Vault& vault) {
  std::vector<StoredEvent> events;
  for (const storage::OutboxEvent& event : stored) events.push_back(EventFromOutbox(event, vault));
  return events;
}

// The sequences that the keys with `prefix` go on with.
std::vector<uint64_t> SequencesAfter(const storage::Reader& reader, const storage::Key& prefix,
                                     uint64_t after, size_t limit) {
  std::vector<uint64_t> sequences;
  for (const storage::Entry& entry : storage::ScanAfter(reader, prefix, after, limit)) {
    sequences.push_back(storage::NumberOf(std::string_view(entry.key).substr(prefix.str().size())));
  }
  return sequences;
}

}  // namespace

Shared<Terms> TermsCache::Get(const Vault& vault, const AuctionId& id, std::string bytes) {
  const auto found = entries_.find(id.text);
  if (found != entries_.end() && found->second.bytes == bytes) return found->second.terms;
  if (entries_.size() >= kMaxCachedTerms) entries_.clear();
  Shared<Terms> terms = ParseTerms(vault, id, bytes);
  entries_.insert_or_assign(id.text, Entry{std::move(bytes), terms});
  return terms;
}

std::string AuctionKey(const AuctionId& id) { return KeyOf(Table::kAuction, id.text); }

std::optional<StoredAuction> LoadAuction(const storage::Reader& reader, const Vault& vault,
                                         const AuctionId& id, TermsCache* cache) {
  const auto bytes = reader.Get(AuctionKey(id));
  if (!bytes) return std::nullopt;
  return FromBytes(reader, vault, *bytes, cache);
}

StoredAuction SaveDecision(storage::Txn& txn, const Vault& vault, const std::optional<StoredAuction>& before,
                           const Decision& decision) {
  storage::MustHold(decision.next);
  const AuctionId& id = decision.next.id();
  const Secrets secrets{vault, id};
  StoredAuction after = before.value_or(StoredAuction{});
  if (!before) after.log_hash = std::string(32, '\0');
  after.auction = decision.next;
  ReleaseHeld(after);
  const bool was_closed = before && before->auction.state == State::kClosed;
  for (const Event& event : decision.events) SaveEvent(txn, secrets, after, event, was_closed);
  PlanChange(txn, after);
  const bool new_terms = !before || &*before->auction.terms != &*decision.next.terms;
  if (new_terms)
    txn.Put(KeyOf(Table::kTerms, id.text), ToRecord(*decision.next.terms, secrets).SerializeAsString());
  if (!decision.events.empty() || !before || before->due != after.due) {
    txn.Put(AuctionKey(id), ToRecord(after, secrets).SerializeAsString());
  }
  return after;
}

StoredAuction SaveDueDecision(storage::Txn& txn, const Vault& vault, StoredAuction before,
                              const Decision& decision) {
  const std::optional<Time> planned = std::exchange(before.due, std::nullopt);
  TTX_CHECK(planned.has_value(), "a timer of an auction that has planned none");
  return SaveDecision(txn, vault, before, decision);
}

std::optional<Bidder> FindBidder(const storage::Reader& reader, const Vault& vault, const AuctionId& id,
                                 std::string_view organization) {
  return BidderAt(reader, {vault, id},
                  KeyOf(Table::kBidderByOrg, id.text, vault.OrganizationDigest(id, organization)));
}

std::optional<Bidder> BidderCache::Find(const storage::Reader& reader, const Vault& vault, const AuctionId& id,
                                        std::string_view organization) {
  const std::string name = id.text + "|" + std::string(organization);
  if (const auto found = entries_.find(name); found != entries_.end()) {
    const Entry& entry = found->second;
    if (reader.Get(entry.key) == entry.bytes) return entry.bidder;
  }
  std::string key = KeyOf(Table::kBidderByOrg, id.text, vault.OrganizationDigest(id, organization));
  std::optional<std::string> bytes = reader.Get(key);
  if (!bytes) return std::nullopt;
  if (entries_.size() >= kMaxCachedBidders) entries_.clear();
  Bidder bidder = FromRecord(storage::ParseRecord<store::BidderRecord>(*bytes), {vault, id});
  entries_.insert_or_assign(name, Entry{std::move(key), *std::move(bytes), bidder});
  return bidder;
}

std::optional<Bidder> FindBidderByCode(const storage::Reader& reader, const Vault& vault, const AuctionId& id,
                                       std::string_view code) {
  return BidderAt(reader, {vault, id}, KeyOf(Table::kBidderByCode, id.text, code));
}

std::optional<Bid> LoadBid(const storage::Reader& reader, const AuctionId& id, int64_t number) {
  const auto record = storage::FindRecord<store::BidRecord>(reader, BidKey(id, number));
  return record ? std::optional(FromRecord(*record)) : std::nullopt;
}

std::vector<StoredAuction> ListAuctions(const storage::Reader& reader, const Vault& vault,
                                        std::string_view exchange, std::string_view after, size_t limit) {
  if (exchange.empty()) {
    std::vector<StoredAuction> auctions;
    for (const storage::Entry& entry : storage::ScanAfter(reader, In(Table::kAuction), after, limit)) {
      auctions.push_back(FromBytes(reader, vault, entry.value, nullptr));
    }
    return auctions;
  }
  return storage::LoadEach(storage::ListTexts(reader, In(Table::kByExchange, exchange), after, limit),
                           [&](const std::string& id) { return LoadAuction(reader, vault, {id}); });
}

std::vector<Bid> ListBids(const storage::Reader& reader, const AuctionId& id, int64_t after, size_t limit) {
  std::vector<Bid> bids;
  for (const storage::Entry& entry :
       storage::ScanAfter(reader, In(Table::kBid, id.text), static_cast<uint64_t>(after), limit)) {
    bids.push_back(FromRecord(storage::ParseRecord<store::BidRecord>(entry.value)));
  }
  return bids;
}

std::vector<Bid> ListBidsBefore(const storage::Reader& reader, const AuctionId& id, int64_t before, size_t limit) {
  std::vector<Bid> bids;
  for (const storage::Entry& entry :
       reader.Scan({BidKey(id, 0), BidKey(id, before)}, limit, storage::Direction::kReverse)) {
    bids.push_back(FromRecord(storage::ParseRecord<store::BidRecord>(entry.value)));
  }
  return bids;
}

std::vector<RefusedBid> ListRefusedBids(const storage::Reader& reader, const AuctionId& id, Time after,
                                        size_t limit) {
  storage::KeyRange range = storage::PrefixRange(KeyOf(Table::kRefusedBid, id.text));
  range.begin = RefusedBidKey(id, after) + '\0';
  std::vector<RefusedBid> refused;
  for (const storage::Entry& entry : reader.Scan(range, limit)) {
    KeyReader key(entry.key, static_cast<uint8_t>(Table::kRefusedBid));
    key.Text();
    refused.push_back(RefusedBidOf(Time{key.I64()}, entry.value));
  }
  return refused;
}

std::vector<RefusedBid> ListRefusedBidsOf(const storage::Reader& reader, const AuctionId& id,
                                          std::string_view organization_digest, Time after, size_t limit) {
  storage::KeyRange range =
      storage::PrefixRange(KeyOf(Table::kRefusedBidByOrg, id.text, organization_digest));
  range.begin = In(Table::kRefusedBidByOrg, id.text, organization_digest).I64(after.ns).str() + '\0';
  std::vector<Time> times;
  std::vector<std::string> keys;
  for (const storage::Entry& entry : reader.Scan(range, limit)) {
    KeyReader key(entry.key, static_cast<uint8_t>(Table::kRefusedBidByOrg));
    key.Text();
    key.Text();
    times.push_back({key.I64()});
    keys.push_back(RefusedBidKey(id, times.back()));
  }
  const std::vector<std::optional<std::string>> values = reader.MultiGet(keys);
  std::vector<RefusedBid> refused;
  for (size_t i = 0; i < values.size(); ++i) {
    refused.push_back(RefusedBidOf(times[i], storage::Present(values[i])));
  }
  return refused;
}

std::vector<AuctionId> ListOpen(const storage::Reader& reader, std::string_view after, size_t limit) {
  std::vector<AuctionId> ids;
  for (std::string& id : storage::ListTexts(reader, In(Table::kOpen), after, limit))
    ids.push_back({std::move(id)});
  return ids;
}

EnvelopeEntry LoadEnvelope(const storage::Reader& reader, const AuctionId& id, int32_t round,
                           const std::string& code) {
  const auto record =
      storage::FindRecord<store::EnvelopeRecord>(reader, EnvelopeKey(Table::kEnvelope, id, round, code));
  return FromRecord(code, record.value_or(store::EnvelopeRecord()));
}

void SaveEnvelope(storage::Txn& txn, const AuctionId& id, int32_t round, const EnvelopeEntry& entry) {
  store::EnvelopeRecord record;
  record.set_digest(entry.digest);
  record.set_time_ns(entry.time.ns);
  record.set_submitted(entry.submitted);
  record.set_standing(entry.standing);
  record.set_revealed(entry.revealed);
  txn.Put(EnvelopeKey(Table::kEnvelope, id, round, entry.code), record.SerializeAsString());
}

std::vector<EnvelopeEntry> ListEnvelopes(const storage::Reader& reader, const AuctionId& id, int32_t round,
                                         std::string_view after, size_t limit) {
  const storage::Key prefix = In(Table::kEnvelope, id.text).U64(static_cast<uint64_t>(round));
  std::vector<EnvelopeEntry> entries;
  for (const storage::Entry& entry : storage::ScanAfter(reader, prefix, after, limit)) {
    KeyReader key(entry.key, static_cast<uint8_t>(Table::kEnvelope));
    key.Text();
    key.U64();
    entries.push_back(FromRecord(key.Text(), storage::ParseRecord<store::EnvelopeRecord>(entry.value)));
  }
  return entries;
}

std::optional<std::string> LoadEnvelopeBytes(const storage::Reader& reader, const AuctionId& id,
                                             int32_t round, const std::string& code) {
  return reader.Get(EnvelopeKey(Table::kEnvelopeBytes, id, round, code));
}

void SaveEnvelopeBytes(storage::Txn& txn, const AuctionId& id, int32_t round, const std::string& code,
                       std::optional<std::string> bytes) {
  std::string key = EnvelopeKey(Table::kEnvelopeBytes, id, round, code);
  if (bytes) {
    txn.Put(std::move(key), *std::move(bytes));
  } else {
    txn.Delete(std::move(key));
  }
}

std::vector<std::string> LoadShares(const storage::Reader& reader, const Vault& vault, const AuctionId& id,
                                    int32_t round, int32_t holder) {
  std::vector<std::string> parts;
  const storage::KeyRange range = storage::PrefixRange(SharesKey(id, round, holder).str());
  for (const storage::Entry& entry : reader.Scan(range, kMaxShareParts)) {
    parts.push_back(vault.Open(id, SharesField(round, holder, parts.size()), entry.value));
  }
  return parts;
}

void SaveShares(storage::Txn& txn, const Vault& vault, const AuctionId& id, int32_t round, int32_t holder,
                size_t part, const std::string& shares) {
  TTX_CHECK(part < kMaxShareParts, "more parts of a key holder's shares than are taken");
  storage::Key key = SharesKey(id, round, holder);
  if (part > 0) key.U64(part);
  txn.Put(key.str(), vault.Seal(id, SharesField(round, holder, part), shares));
}

std::optional<EnvelopeVerdict> LoadVerdict(const storage::Reader& reader, const Vault& vault,
                                           const AuctionId& id, int32_t round, const std::string& code) {
  const auto sealed = reader.Get(EnvelopeKey(Table::kVerdict, id, round, code));
  if (!sealed) return std::nullopt;
  const auto record =
      storage::ParseRecord<store::VerdictRecord>(vault.Open(id, VerdictField(round, code), *sealed));
  EnvelopeVerdict verdict{std::nullopt,
                          record.flaw(),
                          record.seed(),
                          {record.liars().begin(), record.liars().end()},
                          record.holders()};
  if (record.has_price_fen()) verdict.price = Fen{record.price_fen()};
  return verdict;
}

void SaveVerdict(storage::Txn& txn, const Vault& vault, const AuctionId& id, int32_t round,
                 const std::string& code, const EnvelopeVerdict& verdict) {
  store::VerdictRecord record;
  if (verdict.price) record.set_price_fen(verdict.price->value);
  record.set_flaw(verdict.flaw);
  record.set_seed(verdict.seed);
  for (const int32_t liar : verdict.liars) record.add_liars(liar);
  record.set_holders(verdict.holders);
  txn.Put(EnvelopeKey(Table::kVerdict, id, round, code),
          vault.Seal(id, VerdictField(round, code), record.SerializeAsString()));
}

std::optional<std::string> LoadCloseProof(const storage::Reader& reader, const AuctionId& id, int32_t round) {
  return reader.Get(In(Table::kCloseProof, id.text).U64(static_cast<uint64_t>(round)).str());
}

void SaveCloseProof(storage::Txn& txn, const AuctionId& id, int32_t round, std::string proof) {
  txn.Put(In(Table::kCloseProof, id.text).U64(static_cast<uint64_t>(round)).str(), std::move(proof));
}

std::optional<Recovery> LoadRecovery(const storage::Reader& reader) {
  const auto stored = reader.Get(KeyOf(Table::kRecovery));
  if (!stored) return std::nullopt;
  std::string_view in = *stored;
  const auto take_time = [&] {
    const std::optional<uint64_t> ns = storage::TakeU64(in);
    TTX_CHECK(ns.has_value(), "a recovery that cannot be read");
    return Time{static_cast<int64_t>(*ns)};
  };
  Recovery recovery;
  recovery.since = recovery.told = recovery.latest = recovery.until = take_time();
  if (in.empty()) return recovery;  // as it was written before a hold went in steps
  recovery.told = take_time();
  recovery.latest = take_time();
  recovery.until = take_time();
  recovery.cursor = std::string(in);
  return recovery;
}

void SaveRecovery(storage::Txn& txn, const std::optional<Recovery>& recovery) {
  if (!recovery) {
    txn.Delete(KeyOf(Table::kRecovery));
    return;
  }
  std::string value;
  for (const Time time : {recovery->since, recovery->told, recovery->latest, recovery->until}) {
    storage::AppendU64(value, static_cast<uint64_t>(time.ns));
  }
  txn.Put(KeyOf(Table::kRecovery), value + recovery->cursor);
}

uint64_t CountOpen(const storage::Reader& reader) {
  return storage::FindNumber(reader, KeyOf(Table::kOpenCount));
}

std::optional<Time> PlannedHeartbeat(const storage::Reader& reader) {
  const auto stored = reader.Get(KeyOf(Table::kHeartbeat));
  return stored ? std::optional(Time{static_cast<int64_t>(storage::NumberOf(*stored))}) : std::nullopt;
}

void PlanHeartbeat(storage::Txn& txn, Time at, std::string_view subject) {
  if (const auto planned = PlannedHeartbeat(txn)) txn.ClearDue(*planned, subject);
  txn.Put(KeyOf(Table::kHeartbeat), storage::NumberValue(static_cast<uint64_t>(at.ns)));
  txn.SetDue(at, subject);
}

bool IsMilestone(const Event& event) {
  const Payload& payload = event.payload;
  return !std::holds_alternative<BidAccepted>(payload) && !std::holds_alternative<BidRefused>(payload) &&
         !std::holds_alternative<EnvelopeAccepted>(payload) &&
         !std::holds_alternative<EnvelopeWithdrawn>(payload) &&
         !std::holds_alternative<EnvelopeRevealed>(payload) && !std::holds_alternative<ProxySet>(payload);
}

std::string AuctionOf(const storage::OutboxEvent& event) {
  return "auctions/" + storage::ParseRecord<store::EventRecord>(event.payload).auction();
}

std::vector<StoredEvent> ListEvents(const storage::Reader& reader, const Vault& vault, uint64_t after_sequence,
                                    size_t limit) {
  return FromOutbox(storage::ReadOutbox(reader, after_sequence, limit), vault);
}

std::vector<StoredEvent> ListPublicEvents(const storage::Reader& reader, const Vault& vault,
                                          const StoredAuction& auction, uint64_t after, size_t limit) {
  const std::string& id = auction.auction.id().text;
  std::vector<uint64_t> sequences;
  // The numbers up to `end`; the table's own are smaller by `offset`.
  const auto read_on = [&](Table table, uint64_t offset, uint64_t end) {
    const uint64_t last = after + sequences.size();
    if (sequences.size() >= limit || last >= end) return;
    const auto most = static_cast<size_t>(std::min<uint64_t>(limit - sequences.size(), end - last));
    const std::vector<storage::Entry> entries = storage::ScanAfter(reader, In(table, id), last - offset, most);
    TTX_CHECK(entries.size() == most, "a gap in the public events of an auction");
    for (const storage::Entry& entry : entries) sequences.push_back(storage::NumberOf(entry.value));
  };
  if (auction.first_released > 0) {
    const uint64_t before = auction.first_released - 1;
    read_on(Table::kEventByAuction, 0, before);
    read_on(Table::kHeldEvent, before, before + auction.held_count);
  }
  read_on(Table::kEventByAuction, 0, auction.public_count);
  return FromOutbox(storage::ReadOutboxAt(reader, sequences), vault);
}

std::vector<StoredEvent> ListSessionEvents(const storage::Reader& reader, const Vault& vault, const AuctionId& id,
                                           uint64_t after_sequence, size_t limit) {
  return FromOutbox(storage::ReadOutboxAt(reader, SequencesAfter(reader, In(Table::kSessionEvent, id.text),
                                                                 after_sequence, limit)),
                    vault);
}

uint64_t LastSessionEvent(const storage::Reader& reader, const AuctionId& id) {
  return storage::LastNumber(reader, In(Table::kSessionEvent, id.text));
}

std::vector<StoredEvent> ListMilestones(const storage::Reader& reader, const Vault& vault,
                                        uint64_t after_sequence, size_t limit) {
  return FromOutbox(
      storage::ReadOutboxAt(reader, SequencesAfter(reader, In(Table::kMilestone), after_sequence, limit)),
      vault);
}

}  // namespace ttx::auction
