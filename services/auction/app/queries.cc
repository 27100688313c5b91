#include <map>

#include "libs/core/encoding.h"
#include "libs/crypto/digest.h"
#include "services/auction/app/auction_app.h"
#include "services/auction/app/staff.h"
#include "services/auction/domain/limits.h"

namespace ttx::auction {
namespace {

// What bidders do with envelopes is nobody else's business before the opening, nor what they do too early.
bool RefusalsAreSecret(const Auction& auction) {
  const bool too_early = IsSealed(auction.rules().mode) && auction.state == State::kScheduled;
  return too_early || KeepsEnvelopesSecret(auction);
}

// Who may see an event of an auction's envelopes, asked once for each auction. Before the start there is none but
// refusals.
class EnvelopeSight {
 public:
  EnvelopeSight(const storage::Reader& reader, const Vault& vault) : reader_(reader), vault_(vault) {}

  bool Allows(const StoredEvent& event) {
    // A refusal tells who tried to hand in an envelope.
    const bool refusal = std::holds_alternative<BidRefused>(event.event.payload);
    if (!refusal && AudienceOf(event.event) != Audience::kAfterOpening) return true;
    const auto [entry, fresh] = secret_.try_emplace(event.auction.text, false);
    if (fresh) entry->second = RefusalsAreSecret(LoadAuction(reader_, vault_, event.auction)->auction);
    return !entry->second;
  }

 private:
  const storage::Reader& reader_;
  const Vault& vault_;
  std::map<std::string, bool> secret_;
};

}  // namespace

std::string ActEtag(const PendingAct& act) {
  const std::string text = std::string(ActName(act.act)) + "|" + act.person + "|" + act.reason + "|" +
                           std::to_string(act.resume_time.ns) + "|" + act.code + "|" +
                           std::string(ForfeitCauseName(act.cause));
  return Hex(crypto::Sha256(text)).substr(0, 16);
}

Result<StoredAuction> AuctionApp::Get(const storage::Reader& reader, const AuctionId& id) const {
  std::optional<StoredAuction> stored = LoadAuction(reader, vault_, id);
  if (!stored) return NoAuction(id);
  return *std::move(stored);
}

std::vector<StoredAuction> AuctionApp::List(const storage::Reader& reader, std::string_view exchange,
                                            std::string_view after, size_t limit) const {
  return ListAuctions(reader, vault_, exchange, after, limit);
}

Result<Bid> AuctionApp::GetBid(const storage::Reader& reader, const AuctionId& id, int64_t number) const {
  const std::optional<Bid> bid = LoadBid(reader, id, number);
  if (!bid) return NotFound("auctions/" + id.text + "/bids/" + std::to_string(number));
  return *bid;
}

Result<std::vector<Bid>> AuctionApp::ListBids(const storage::Reader& reader, const AuctionId& id,
                                              int64_t after, size_t limit) const {
  TTX_TRY(const StoredAuction stored, Get(reader, id));
  return auction::ListBids(reader, id, after, limit);
}

Result<std::vector<RefusedBid>> AuctionApp::ListRefusedBids(const storage::Reader& reader,
                                                            const Principal& caller, const AuctionId& id,
                                                            Time after, size_t limit) const {
  TTX_TRY(const StoredAuction stored, Get(reader, id));
  if (IsStaff(stored.auction, caller) && !RefusalsAreSecret(stored.auction)) {
    return auction::ListRefusedBids(reader, id, after, limit);
  }
  return ListRefusedBidsOf(reader, id, vault_.OrganizationDigest(id, caller.organization), after, limit);
}

Result<Proxy> AuctionApp::GetProxy(const storage::Reader& reader, const Principal& caller,
                                   const AuctionId& id) const {
  TTX_TRY(const StoredAuction stored, Get(reader, id));
  const std::optional<Bidder> bidder = Find(reader, id, caller);
  const std::optional<Proxy>& proxy = stored.auction.proxy;
  if (!bidder || !proxy || proxy->code != bidder->code) {
    return NotFound("auctions/" + id.text + "/proxy");
  }
  return *proxy;
}

Result<Bidder> AuctionApp::GetBidder(const storage::Reader& reader, const Principal& caller,
                                     const AuctionId& id, const std::string& code) const {
  TTX_TRY(const StoredAuction stored, Get(reader, id));
  std::optional<Bidder> bidder = FindBidderByCode(reader, vault_, id, code);
  const bool own = bidder && bidder->organization == caller.organization;
  const bool told = IsStaff(stored.auction, caller) && stored.auction.state == State::kClosed;
  if (!bidder || (!own && !told)) {
    return NotFound("auctions/" + id.text + "/bidders/" + code);
  }
  return *std::move(bidder);
}

Result<PendingAct> AuctionApp::GetPendingAct(const storage::Reader& reader, const Principal& caller,
                                             const AuctionId& id) const {
  TTX_TRY(const StoredAuction stored, Get(reader, id));
  TTX_RETURN_IF_ERROR(CheckStaff(stored.auction, caller));
  if (!stored.auction.pending) {
    return NotFound("auctions/" + id.text + "/pendingAct");
  }
  return *stored.auction.pending;
}

Result<std::string> AuctionApp::GetCloseProof(const storage::Reader& reader, const Principal& caller,
                                              const AuctionId& id) const {
  TTX_TRY(const StoredAuction stored, Get(reader, id));
  TTX_RETURN_IF_ERROR(CheckStaff(stored.auction, caller));
  std::optional<std::string> proof = LoadCloseProof(reader, id, stored.auction.envelopes.round);
  if (!proof) return NotFound("auctions/" + id.text + "/closeProof");
  return *std::move(proof);
}

Result<std::vector<AuctionApp::Envelope>> AuctionApp::ListEnvelopes(const storage::Reader& reader,
                                                                    const Principal& caller,
                                                                    const AuctionId& id,
                                                                    std::string_view after,
                                                                    size_t limit) const {
  TTX_TRY(const StoredAuction stored, Get(reader, id));
  const Auction& auction = stored.auction;
  const int32_t round = auction.envelopes.round;
  const bool all = IsStaff(auction, caller) && PhaseOf(auction) != State::kSubmitting;
  std::vector<EnvelopeEntry> entries;
  if (all) {
    static_assert(kMaxBidders <= storage::kLookedAtMost, "one look reaches all of a session's envelopes");
    entries = storage::LookAtList<EnvelopeEntry>(
                  after, limit,
                  [&](const std::string& last, size_t most) {
                    return auction::ListEnvelopes(reader, id, round, last, most);
                  },
                  [](const EnvelopeEntry& entry) { return entry.code; },
                  [](const EnvelopeEntry& entry) { return entry.standing; })
                  .items;
  } else if (const std::optional<Bidder> bidder = Find(reader, id, caller); bidder && after < bidder->code) {
    const EnvelopeEntry own = LoadEnvelope(reader, id, round, bidder->code);
    if (own.standing) entries.push_back(own);
  }
  std::vector<Envelope> envelopes;
  for (EnvelopeEntry& entry : entries) {
    std::string bytes = LoadEnvelopeBytes(reader, id, round, entry.code).value_or("");
    EnvelopeVerdict verdict;
    if (EnvelopesAreOpen(auction))
      verdict = LoadVerdict(reader, vault_, id, round, entry.code).value_or(verdict);
    envelopes.push_back({std::move(entry), std::move(bytes), std::move(verdict)});
  }
  return envelopes;
}

storage::LogPage<StoredEvent> AuctionApp::ListEvents(const storage::Reader& reader, const Principal& caller,
                                                     uint64_t after_sequence, size_t limit,
                                                     bool milestones_only) const {
  EnvelopeSight envelopes(reader, vault_);
  uint64_t told = after_sequence;
  storage::LogPage<StoredEvent> page = storage::LookAtLog<StoredEvent>(
      after_sequence, limit,
      [&](uint64_t after, size_t most) {
        return milestones_only ? ListMilestones(reader, vault_, after, most)
                               : auction::ListEvents(reader, vault_, after, most);
      },
      [&](const StoredEvent& event) {
        if (caller.service()) return !std::holds_alternative<ProxySet>(event.event.payload);
        if (AudienceOf(event.event) == Audience::kNobody || !envelopes.Allows(event)) return false;
        told = event.sequence;
        return event.exchange == caller.organization;
      });
  for (StoredEvent& event : page.events) event.log_number = 0;
  // A position that moved with each secret maximum and envelope would tell when there is one: it stays until
  // something else follows.
  if (!caller.service() && !page.more) page.last_sequence = told;
  return page;
}

Result<StoredAuction> AuctionApp::GetForExport(const storage::Reader& reader, const Principal& caller,
                                               const AuctionId& id) const {
  TTX_TRY(StoredAuction stored, Get(reader, id));
  const Auction& auction = stored.auction;
  // Whether a secret maximum stands is nobody's business either, nor when each bidder of a DYNAMIC session qualified.
  const bool has_secrets = auction.rules().proxy_bids || auction.rules().mode == Mode::kDynamic ||
                           RefusalsAreSecret(auction);
  if (auction.state != State::kClosed && (has_secrets || !IsStaff(auction, caller))) {
    return Error(Reason::kWRONG_STATE, {{"resource", "auctions/" + id.text},
                                        {"state", std::string(StateName(auction.state))},
                                        {"command", "ExportAuction"}});
  }
  return stored;
}

Result<storage::LogPage<StoredEvent>> AuctionApp::WatchEvents(const storage::Reader& reader,
                                                              const AuctionId& id, uint64_t after,
                                                              size_t limit) const {
  TTX_TRY(const StoredAuction stored, Get(reader, id));
  // Whoever waited there would miss what comes before.
  if (after > stored.public_count) {
    return InvalidField("after_sequence", Reason::kOUT_OF_RANGE, "<= " + std::to_string(stored.public_count));
  }
  const bool secret = KeepsEnvelopesSecret(stored.auction);
  storage::LogPage<StoredEvent> page;
  page.events = ListPublicEvents(reader, vault_, stored, after, limit);
  page.last_sequence = after;
  for (StoredEvent& event : page.events) {
    event.sequence = ++page.last_sequence;
    event.previous_milestone = 0;
    if (secret) event.log_number = 0;
  }
  page.more = page.last_sequence < stored.public_count;
  return page;
}

}  // namespace ttx::auction
