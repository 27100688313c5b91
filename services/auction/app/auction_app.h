#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/clock.h"
#include "libs/core/id.h"
#include "libs/core/principal.h"
#include "libs/core/result.h"
#include "libs/sealed/share_report.h"
#include "libs/storage/log_page.h"
#include "libs/storage/txn.h"
#include "services/auction/app/options.h"
#include "services/auction/domain/auction.h"
#include "services/auction/store/auction_store.h"
#include "services/auction/store/vault.h"

namespace ttx::auction {

/// No envelope of a price is longer.
inline constexpr size_t kMaxEnvelopeBytes = 16 * 1024;

/// A part of what a key holder says of the envelopes of a session is no longer: it has room for some 440 of them.
inline constexpr size_t kMaxReportBytes = 60 * 1024;

/// The auction service's use cases: one method per RPC, timer and event. Commands run on the writer's thread,
/// queries on any.
class AuctionApp {
 public:
  /// `secrets_key` has 32 bytes; `ids` must outlive the object.
  AuctionApp(std::string_view secrets_key, IdSource& ids, AuctionOptions options = {})
      : vault_(secrets_key), ids_(ids), options_(std::move(options)) {}

  // --- Bidders
  // ---------------------------------------------------------------------------------------------------- All:
  // NOT_FOUND, or a reason of domain.md 5.2; a refusal is recorded too. UNAVAILABLE while sessions are held.

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
  Result<PlacedBid> PlaceBid(storage::Txn& txn, const Principal& caller, const PlaceBidInput& input) const;

  struct SetProxyInput {
    AuctionId auction;
    Fen maximum;
  };
  /// How the bidder stands after it: never how far its proxy would go.
  struct ProxyStanding {
    std::string code;
    bool leads = false;
    bool stands = false;  // the maximum is above the price the bidder leads with
  };
  Result<ProxyStanding> SetProxy(storage::Txn& txn, const Principal& caller,
                                 const SetProxyInput& input) const;

  struct AnswerPriorityInput {
    AuctionId auction;
    bool exercise = false;
  };
  Result<StoredAuction> AnswerPriority(storage::Txn& txn, const Principal& caller,
                                       const AnswerPriorityInput& input) const;

  struct SubmitEnvelopeInput {
    AuctionId auction;
    std::string envelope;
  };
  Result<EnvelopeEntry> SubmitEnvelope(storage::Txn& txn, const Principal& caller,
                                       const SubmitEnvelopeInput& input) const;
  Result<EnvelopeEntry> WithdrawEnvelope(storage::Txn& txn, const Principal& caller,
                                         const AuctionId& id) const;

  struct RevealEnvelopeInput {
    AuctionId auction;
    std::string seed;  // 32 bytes
  };
  Result<EnvelopeEntry> RevealEnvelope(storage::Txn& txn, const Principal& caller,
                                       const RevealEnvelopeInput& input) const;

  // --- Staff of the auction's exchange
  // ---------------------------------------------------------------------------- All: NOT_FOUND,
  // PERMISSION_DENIED for staff of another exchange, then the domain's reasons.

  struct RequestActInput {
    AuctionId auction;
    Act act;
    std::string reason;
    Time resume_time;
    std::string code = {};  // of a default
    ForfeitCause cause = ForfeitCause::kWithdrew;
  };
  /// Of a default: INVALID_FIELD for a code that no bidder of the session has.
  Result<PendingAct> RequestAct(storage::Txn& txn, const Principal& caller,
                                const RequestActInput& input) const;

  struct ConfirmActInput {
    AuctionId auction;
    Act act;
    std::string etag;  // ActEtag of what the caller has seen
  };
  /// ETAG_MISMATCH besides.
  Result<StoredAuction> ConfirmAct(storage::Txn& txn, const Principal& caller,
                                   const ConfirmActInput& input) const;
  Result<StoredAuction> WithdrawAct(storage::Txn& txn, const Principal& caller, const AuctionId& id) const;

  Result<StoredAuction> FixScores(storage::Txn& txn, const Principal& caller, const AuctionId& id,
                                  const std::vector<NonPriceScore>& scores) const;

  struct HandInSharesInput {
    AuctionId auction;
    std::string report;  // what the holder signed
  };
  /// A holder has handed in its shares once its parts name every envelope that stands. A part that says nothing new
  /// changes nothing; WRONG_SHARE for one that is only partly new or says something else than an earlier one.
  Result<StoredAuction> HandInShares(storage::Txn& txn, const Principal& caller,
                                     const HandInSharesInput& input) const;
  Result<StoredAuction> ReportTender(storage::Txn& txn, const Principal& caller, const AuctionId& id,
                                     const auction::ReportTender& report) const;

  // --- From the listing service

  /// Scheduling the same auction again changes nothing; a reserve price that does not open its commitment is
  /// refused, for it could not be proven at the close.
  Status Schedule(storage::Txn& txn, ScheduleAuction command) const;
  /// A bidder that qualified while the session runs (domain.md 5.4). Adding it again changes nothing.
  Status AddBidder(storage::Txn& txn, const AuctionId& id, const Bidder& bidder, Time qualify_time) const;
  /// The listing ends later (延牌).
  Status MoveFreeEnd(storage::Txn& txn, const AuctionId& id, Time end) const;
  /// An objection to the listing is open, or the last one was closed (domain.md 5.11).
  Status NoteObjection(storage::Txn& txn, const AuctionId& id, bool open) const;
  /// The listing has ended, for `reason`: annuls the session unless it is closed.
  Status EndWithListing(storage::Txn& txn, const AuctionId& id, const std::string& reason) const;

  // --- Time

  /// A timer came due: for the auction with this id, or for the heartbeat.
  void OnDue(storage::Txn& txn, const std::string& subject) const;

  /// Plans the next sign of life. The commit itself is one: the writer keeps the time of its last commit,
  /// from which a restart knows how long sessions were without a server.
  void Heartbeat(storage::Txn& txn) const;

  /// Once after a start, in steps and before any other command: tells sessions that were open while the server
  /// was away since `since` (domain.md 5.2), and those that had not been told of an earlier silence. Returns the
  /// cursor for the next step, nothing when done.
  std::optional<std::string> Recover(storage::Txn& txn, Time since, std::string_view cursor) const;

  // --- Queries

  Result<StoredAuction> Get(const storage::Reader& reader, const AuctionId& id) const;
  std::vector<StoredAuction> List(const storage::Reader& reader, std::string_view exchange,
                                  std::string_view after, size_t limit) const;
  Result<Bid> GetBid(const storage::Reader& reader, const AuctionId& id, int64_t number) const;
  Result<std::vector<Bid>> ListBids(const storage::Reader& reader, const AuctionId& id, int64_t after,
                                    size_t limit) const;
  /// The caller's own refused bids, or all of them for staff of the auction's exchange.
  Result<std::vector<RefusedBid>> ListRefusedBids(const storage::Reader& reader, const Principal& caller,
                                                  const AuctionId& id, Time after, size_t limit) const;
  /// The caller's own maximum while it leads; NOT_FOUND otherwise.
  Result<Proxy> GetProxy(const storage::Reader& reader, const Principal& caller, const AuctionId& id) const;
  /// Who stands behind a code: the bidder itself at any time, staff of the exchange after the close
  /// (domain.md 5.10).
  Result<Bidder> GetBidder(const storage::Reader& reader, const Principal& caller, const AuctionId& id,
                           const std::string& code) const;
  /// What waits for a second person; NOT_FOUND when nothing does. Staff only.
  Result<PendingAct> GetPendingAct(const storage::Reader& reader, const Principal& caller,
                                   const AuctionId& id) const;

  /// The proof that no more envelopes are taken, for the key holders; NOT_FOUND before the opening was
  /// confirmed. Staff.
  Result<std::string> GetCloseProof(const storage::Reader& reader, const Principal& caller,
                                    const AuctionId& id) const;

  struct Envelope {
    EnvelopeEntry entry;
    std::string bytes;
    EnvelopeVerdict verdict;  // once all are opened
  };
  /// Envelopes of the current round that stand: the bidder's own at any time, all of them for staff once no
  /// more are taken.
  Result<std::vector<Envelope>> ListEnvelopes(const storage::Reader& reader, const Principal& caller,
                                              const AuctionId& id, std::string_view after,
                                              size_t limit) const;

  /// What `caller` may see of the events after `after_sequence`: services see all but proxies, staff their
  /// own exchange's, envelopes only after the opening. With `milestones_only`, what moves a session.
  storage::LogPage<StoredEvent> ListEvents(const storage::Reader& reader, const Principal& caller,
                                           uint64_t after_sequence, size_t limit, bool milestones_only) const;
  /// The auction, if `caller` may export it: everybody after the close; before it staff of the exchange, unless bids or
  /// envelopes are secret then. NOT_FOUND, WRONG_STATE.
  Result<StoredAuction> GetForExport(const storage::Reader& reader, const Principal& caller,
                                     const AuctionId& id) const;
  /// The public events of one auction after number `after`: `sequence` is the number, there is no
  /// `previous_milestone`, and no `log_number` while envelopes are secret, for each would tell how many were handed in.
  /// NOT_FOUND; INVALID_FIELD for a number that no event has yet.
  Result<storage::LogPage<StoredEvent>> WatchEvents(const storage::Reader& reader, const AuctionId& id,
                                                    uint64_t after, size_t limit) const;

  const Vault& vault() const { return vault_; }
  const AuctionOptions& options() const { return options_; }

 private:
  struct Taken {
    StoredAuction after;
    std::vector<Event> events;
  };

  /// The auction a command is about; UNAVAILABLE, kept, when sessions had to be held first.
  Result<StoredAuction> Open(storage::Txn& txn, const AuctionId& id) const;
  /// The same for staff.
  Result<StoredAuction> OpenForStaff(storage::Txn& txn, const Principal& caller, const AuctionId& id) const;
  /// The same with every phase ended whose end has come: for what is looked up by round.
  Result<StoredAuction> OpenAdvanced(storage::Txn& txn, const AuctionId& id) const;
  /// What stands of the session's bids without those of `code`.
  BidsLeft LeftWithout(const storage::Reader& reader, const Auction& auction, const std::string& code) const;
  /// Decides, saves, and says why when it was refused; what a refusal records is kept.
  template <class Command>
  Result<Taken> Take(storage::Txn& txn, const StoredAuction& before, const Command& command) const;
  /// Saves, and draws the lot where one is waiting to be drawn.
  StoredAuction Save(storage::Txn& txn, const std::optional<StoredAuction>& before,
                     const Decision& decision) const;
  StoredAuction DrawIfWaiting(storage::Txn& txn, StoredAuction stored) const;

  /// Whether envelopes can be taken and opened under these rules, here.
  Status CheckEnvelopeRules(const Rules& rules) const;
  /// What follows from the end of the submissions and of the collecting: the close proof, then the opening in
  /// steps.
  void FollowOpening(storage::Txn& txn, const std::optional<StoredAuction>& before,
                     const StoredAuction& after) const;
  /// Judges some more envelopes; with the last one, all are opened at once, or whoever may still open one
  /// that does not is asked.
  void OpenSome(storage::Txn& txn, const AuctionId& id) const;
  std::vector<EnvelopeEntry> Standing(const storage::Reader& reader, const Auction& auction) const;
  /// What the key holders of the round have handed in, by holder.
  std::vector<sealed::ShareReport> Reports(const storage::Reader& reader, const Auction& auction) const;
  /// An envelope that was not judged yet, or not with all of `reports`.
  EnvelopeVerdict JudgeAnew(const storage::Reader& reader, const Auction& auction, const std::string& code,
                            const std::optional<EnvelopeVerdict>& earlier,
                            const std::vector<sealed::ShareReport>& reports) const;
  /// Whether the holders and the bidders have opened every envelope but that of `code`.
  bool IsLast(const storage::Reader& reader, const Auction& auction, const std::string& code) const;

  /// What every command starts from: a session that has not been told of the last silence is told first.
  std::optional<StoredAuction> Load(storage::Txn& txn, const AuctionId& id) const;
  std::optional<Bidder> Find(const storage::Reader& reader, const AuctionId& id,
                             const Principal& caller) const {
    return FindBidder(reader, vault_, id, caller.organization);
  }

  std::optional<Bidder> Find(storage::Txn& txn, const AuctionId& id, const Principal& caller) const {
    return bidders_.Find(txn, vault_, id, caller.organization);
  }

  /// Whether the server was silent for too long before this command; sessions then lose nothing by it: each is
  /// told before anything else happens to it, and TellSome sees to it that all are. Kept though the command be
  /// refused.
  bool HoldAfterSilence(storage::Txn& txn) const;
  struct Silence {
    Time since;
    Time until;
  };
  std::optional<Silence> SilenceBefore(const storage::Txn& txn) const;
  /// Tells the next sessions; with the last one, the recovery is finished.
  void TellSome(storage::Txn& txn) const;

  const Vault vault_;
  IdSource& ids_;
  const AuctionOptions options_;
  // Of the writer's thread.
  mutable TermsCache terms_;
  mutable BidderCache bidders_;
  mutable Time last_command_;
  mutable Time last_hold_;           // of the last command that told sessions of a silence
  mutable bool may_recover_ = true;  // there may be a recovery under way; if not, nobody need ask the store
};

template <class Command>
Result<AuctionApp::Taken> AuctionApp::Take(storage::Txn& txn, const StoredAuction& before,
                                           const Command& command) const {
  Decision decision = Decide(before.auction, command, txn.now());
  StoredAuction after = Save(txn, before, decision);
  if (decision.refusal) {
    txn.KeepOnError();
    return RefusalError(decision);
  }
  return Taken{std::move(after), std::move(decision.events)};
}

/// SHA-256 of the canonical line of a Scheduled event of these terms with time 0, no bidders and no holders
/// of priority rights: the rules as they were published, to which envelopes are addressed.
std::string RulesHash(const Terms& terms);

/// Names what waits for a second person: changes when anything about it does.
std::string ActEtag(const PendingAct& act);

}  // namespace ttx::auction
