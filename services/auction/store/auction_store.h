#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "libs/storage/txn.h"
#include "services/auction/domain/auction.h"
#include "services/auction/store/vault.h"

namespace ttx::auction {

/// Tables of the auction key space. Part of the format on disk: do not renumber.
enum class Table : uint8_t {
  kAuction = 0x10,         // text id -> AuctionRecord
  kBid = 0x11,             // text auction, u64 number -> BidRecord
  kBidderByOrg = 0x12,     // text auction, text digest of the organization -> BidderRecord
  kBidderByCode = 0x13,    // text auction, text code -> BidderRecord
  kEventByAuction = 0x14,  // text auction, u64 number among its public events -> u64 outbox sequence
  kOpen = 0x15,            // text id -> nothing, while the session is not closed
  kByExchange = 0x16,      // text exchange, text id -> nothing
  kRefusedBid = 0x17,      // text auction, i64 time -> BidRefusedRecord
  kHeartbeat = 0x18,       // -> u64 time of the planned heartbeat
  kOpenCount = 0x19,       // -> u64 number of sessions that are not closed
  kRecovery = 0x1a,        // -> u64 since, told, latest, until, then the cursor; while a recovery is under way
  kMilestone = 0x1b,       // u64 outbox sequence -> nothing; events that move a session
  kTerms = 0x1c,           // text id -> TermsRecord
  kEnvelope = 0x1d,        // text auction, u64 round, text code -> EnvelopeRecord
  kEnvelopeBytes = 0x1e,   // text auction, u64 round, text code -> the standing envelope itself
  kShares = 0x1f,          // text auction, u64 round, u64 holder, from the second part on u64 part from 1
                           // -> what the holder handed in, sealed
  kVerdict = 0x20,         // text auction, u64 round, text code -> VerdictRecord, sealed
  kCloseProof = 0x21,      // text auction, u64 round -> the close proof that key holders are shown
  kRefusedBidByOrg = 0x22, // text auction, text digest of the organization, i64 time -> nothing
  kHeldEvent = 0x26,       // text auction, u64 number from 1 -> u64 outbox sequence; public once envelopes are open
  kSessionEvent = 0x28,    // text auction, u64 outbox sequence -> nothing; every event, private ones too
};

/// An auction with what is kept of it besides: not part of the decisions, but of the record.
struct StoredAuction {
  Auction auction;
  std::string log_hash;  // 32 bytes: the hash chain over its events (docs/formats.md)
  // When its timer is planned: at the next change or, once bids have moved that on, before it. The timer then
  // plans itself anew, so a bid need not.
  std::optional<Time> due;
  // Counts what everybody may notice: no refusals, envelopes, proxies or acts of staff. With the time of the last one.
  int64_t revision = 0;
  Time revision_time;
  // What is public of it has numbers of its own, in the order in which it became public: how many envelopes came
  // between two public events shows in none.
  uint64_t log_count = 0;       // events in the log hash
  uint64_t public_count = 0;    // ... of which so many are public
  uint64_t held_count = 0;      // ... and so many were held back while envelopes were secret
  uint64_t first_released = 0;  // the number of the first of those, which follow each other; 0 while they are secret
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
  uint64_t log_number = 0;  // its place among the events in the auction's log hash, from 1; 0 when it is not in it
};

struct RefusedBid {
  Time time;
  BidRefused refusal;               // without the organization
  std::string organization_digest;  // Vault::OrganizationDigest
};

/// What is known of a bidder's envelopes of one round without opening them.
struct EnvelopeEntry {
  std::string code;
  std::string digest;  // of the standing one
  Time time;           // when it was accepted
  int32_t submitted = 0;
  bool standing = false;
  bool revealed = false;
  bool operator==(const EnvelopeEntry&) const = default;
};

/// What an envelope held, once it was judged; nobody reads it before all of the round are.
struct EnvelopeVerdict {
  std::optional<Fen> price;    // of a valid one
  std::string flaw;            // why it is not, as libs/sealed names it
  std::string seed;            // with which anybody can repeat the verdict; empty when it was not recovered
  std::vector<int32_t> liars;  // key holders, from 1, whose shares were proven wrong
  uint32_t holders = 0;        // bit i: the shares of key holder i were at hand (Envelopes::holders)
  bool operator==(const EnvelopeVerdict&) const = default;
};

/// Terms as the writer has read them lately: parsed and opened once, not with every bid. Bounded. For one
/// thread.
class TermsCache {
 public:
  /// What `bytes`, the terms' record, hold.
  Shared<Terms> Get(const Vault& vault, const AuctionId& id, std::string bytes);

 private:
  struct Entry {
    std::string bytes;
    Shared<Terms> terms;
  };
  std::unordered_map<std::string, Entry> entries_;
};

/// Bidders as the writer has looked them up lately: found and opened once, not with every bid. Bounded. For one thread.
class BidderCache {
 public:
  /// FindBidder.
  std::optional<Bidder> Find(const storage::Reader& reader, const Vault& vault, const AuctionId& id,
                             std::string_view organization);

 private:
  struct Entry {
    std::string key;
    std::string bytes;
    Bidder bidder;
  };
  std::unordered_map<std::string, Entry> entries_;
};

/// Checked after reading: damage stops the process. `cache` may be null.
std::optional<StoredAuction> LoadAuction(const storage::Reader& reader, const Vault& vault,
                                         const AuctionId& id, TermsCache* cache = nullptr);
/// The key LoadAuction reads first.
std::string AuctionKey(const AuctionId& id);

/// Stages everything a decision writes: the state, its indices, its timer, its bids, its events. `before` is
/// the stored state the decision started from (nullopt for a new auction).
StoredAuction SaveDecision(storage::Txn& txn, const Vault& vault, const std::optional<StoredAuction>& before,
                           const Decision& decision);
/// The auction's timer came due and is gone: the same, for what the timer decided.
StoredAuction SaveDueDecision(storage::Txn& txn, const Vault& vault, StoredAuction before,
                              const Decision& decision);

std::optional<Bidder> FindBidder(const storage::Reader& reader, const Vault& vault, const AuctionId& id,
                                 std::string_view organization);
std::optional<Bidder> FindBidderByCode(const storage::Reader& reader, const Vault& vault, const AuctionId& id,
                                       std::string_view code);
std::optional<Bid> LoadBid(const storage::Reader& reader, const AuctionId& id, int64_t number);

/// At most `limit` auctions with ids after `after`, of one exchange or of all when `exchange` is empty.
std::vector<StoredAuction> ListAuctions(const storage::Reader& reader, const Vault& vault,
                                        std::string_view exchange, std::string_view after, size_t limit);
/// At most `limit` accepted bids with numbers after `after`.
std::vector<Bid> ListBids(const storage::Reader& reader, const AuctionId& id, int64_t after, size_t limit);
/// At most `limit` of them with numbers before `before`, the last first.
std::vector<Bid> ListBidsBefore(const storage::Reader& reader, const AuctionId& id, int64_t before, size_t limit);
/// At most `limit` refused bids with times after `after`.
std::vector<RefusedBid> ListRefusedBids(const storage::Reader& reader, const AuctionId& id, Time after,
                                        size_t limit);
/// The same of one organization's, by its Vault::OrganizationDigest.
std::vector<RefusedBid> ListRefusedBidsOf(const storage::Reader& reader, const AuctionId& id,
                                          std::string_view organization_digest, Time after, size_t limit);
/// Ids of the sessions that are not closed, after `after`.
std::vector<AuctionId> ListOpen(const storage::Reader& reader, std::string_view after, size_t limit);

/// What a bidder has handed in in this round; nothing handed in is an entry of zeros.
EnvelopeEntry LoadEnvelope(const storage::Reader& reader, const AuctionId& id, int32_t round,
                           const std::string& code);
void SaveEnvelope(storage::Txn& txn, const AuctionId& id, int32_t round, const EnvelopeEntry& entry);
/// At most `limit` entries of the round with codes after `after`, withdrawn ones too.
std::vector<EnvelopeEntry> ListEnvelopes(const storage::Reader& reader, const AuctionId& id, int32_t round,
                                         std::string_view after, size_t limit);
/// The standing envelope itself.
std::optional<std::string> LoadEnvelopeBytes(const storage::Reader& reader, const AuctionId& id,
                                             int32_t round, const std::string& code);
/// Nothing removes it.
void SaveEnvelopeBytes(storage::Txn& txn, const AuctionId& id, int32_t round, const std::string& code,
                       std::optional<std::string> bytes);
/// The parts that a key holder has handed in, in the order they came, sealed at rest.
std::vector<std::string> LoadShares(const storage::Reader& reader, const Vault& vault, const AuctionId& id,
                                    int32_t round, int32_t holder);
/// `part` is how many came before it, below kMaxShareParts.
void SaveShares(storage::Txn& txn, const Vault& vault, const AuctionId& id, int32_t round, int32_t holder,
                size_t part, const std::string& shares);

std::optional<EnvelopeVerdict> LoadVerdict(const storage::Reader& reader, const Vault& vault,
                                           const AuctionId& id, int32_t round, const std::string& code);
void SaveVerdict(storage::Txn& txn, const Vault& vault, const AuctionId& id, int32_t round,
                 const std::string& code, const EnvelopeVerdict& verdict);
/// The proof of the round's close, made when its opening begins.
std::optional<std::string> LoadCloseProof(const storage::Reader& reader, const AuctionId& id, int32_t round);
void SaveCloseProof(storage::Txn& txn, const AuctionId& id, int32_t round, std::string proof);

/// The server was away, or its clock jumped, and not every open session has been told of it yet. Nothing was
/// decided within a silence, and whoever decides anything after it tells the session first: so a session that
/// has changed since `latest` has been told.
struct Recovery {
  Time since;          // the beginning of the silence; of several, of the first
  Time told;           // a session that has changed since has been told of all silences but the last
  Time latest;         // the beginning of the last silence
  Time until;          // ... and its end
  std::string cursor;  // sessions up to this id have been told
  bool operator==(const Recovery&) const = default;
};
/// The recovery that is under way.
std::optional<Recovery> LoadRecovery(const storage::Reader& reader);
/// Notes how far it is, or that it is finished.
void SaveRecovery(storage::Txn& txn, const std::optional<Recovery>& recovery);

/// How many sessions are not closed.
uint64_t CountOpen(const storage::Reader& reader);

/// Moves the one planned heartbeat to `at`.
void PlanHeartbeat(storage::Txn& txn, Time at, std::string_view subject);
/// When the planned heartbeat is due; nothing before the first.
std::optional<Time> PlannedHeartbeat(const storage::Reader& reader);

/// Whether an event moves a session: no bid or envelope, accepted, refused or revealed, and no proxy.
bool IsMilestone(const Event& event);
/// The auction that an event is about, "auctions/{id}".
std::string AuctionOf(const storage::OutboxEvent& event);
/// At most `limit` events of all auctions after `after_sequence`.
std::vector<StoredEvent> ListEvents(const storage::Reader& reader, const Vault& vault, uint64_t after_sequence,
                                    size_t limit);
/// At most `limit` events of an auction that are public, in the order in which they became so: those with the numbers
/// after + 1, after + 2 ...
std::vector<StoredEvent> ListPublicEvents(const storage::Reader& reader, const Vault& vault,
                                          const StoredAuction& auction, uint64_t after, size_t limit);
/// At most `limit` events of one auction after `after_sequence`, private ones too.
std::vector<StoredEvent> ListSessionEvents(const storage::Reader& reader, const Vault& vault, const AuctionId& id,
                                           uint64_t after_sequence, size_t limit);
/// The sequence of the auction's last event so far; 0 when there is no such auction.
uint64_t LastSessionEvent(const storage::Reader& reader, const AuctionId& id);
/// At most `limit` milestones after `after_sequence`.
std::vector<StoredEvent> ListMilestones(const storage::Reader& reader, const Vault& vault,
                                        uint64_t after_sequence, size_t limit);

}  // namespace ttx::auction
