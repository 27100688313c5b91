#include "services/auction/app/auction_app.h"

#include "libs/crypto/digest.h"
#include "services/auction/app/opening.h"
#include "services/auction/app/staff.h"
#include "services/auction/domain/limits.h"

namespace ttx::auction {
namespace {

constexpr size_t kRecoverPerStep = 100;
constexpr std::string_view kHeartbeatSubject = "heartbeat";
constexpr size_t kDrawSeedBytes = 32;

std::string ReserveCommitment(const Reserve& reserve) {
  return crypto::Sha256(reserve.salt + "TTX-RESERVE-1|" + std::to_string(reserve.price.value));
}

DrawSeed MakeDrawSeed(IdSource& ids) {
  std::string seed = ids.RandomBytes(kDrawSeedBytes);
  std::string commitment = crypto::Sha256("TTX-DRAW-SEED-1|" + seed);
  return {std::move(seed), std::move(commitment)};
}

// What the caller's price became: its own bid, whatever the engine did after it.
const BidAccepted& AcceptedOf(const std::vector<Event>& events, const std::string& code) {
  for (const Event& event : events) {
    const auto* accepted = std::get_if<BidAccepted>(&event.payload);
    if (accepted != nullptr && accepted->bid.code == code && !accepted->bid.automatic) return *accepted;
  }
  TTX_CHECK(false, "a price that was taken without a bid");
}

}  // namespace

// --- What all commands share

Result<StoredAuction> AuctionApp::Open(storage::Txn& txn, const AuctionId& id) const {
  if (HoldAfterSilence(txn)) {
    txn.KeepOnError();
    return Error(Reason::kUNAVAILABLE, {{"cause", "CLOCK_HOLD"}});
  }
  std::optional<StoredAuction> stored = Load(txn, id);
  if (!stored) return NoAuction(id);
  return *std::move(stored);
}

Result<StoredAuction> AuctionApp::OpenForStaff(storage::Txn& txn, const Principal& caller,
                                               const AuctionId& id) const {
  TTX_TRY(StoredAuction stored, Open(txn, id));
  TTX_RETURN_IF_ERROR(CheckStaff(stored.auction, caller));
  return stored;
}

Result<StoredAuction> AuctionApp::OpenAdvanced(storage::Txn& txn, const AuctionId& id) const {
  TTX_TRY(const StoredAuction before, Open(txn, id));
  return Save(txn, before, Decide(before.auction, Advance{}, txn.now()));
}

StoredAuction AuctionApp::Save(storage::Txn& txn, const std::optional<StoredAuction>& before,
                               const Decision& decision) const {
  StoredAuction after = DrawIfWaiting(txn, SaveDecision(txn, vault_, before, decision));
  FollowOpening(txn, before, after);
  return after;
}

StoredAuction AuctionApp::DrawIfWaiting(storage::Txn& txn, StoredAuction stored) const {
  if (stored.auction.state != State::kDrawing) return stored;
  const std::string digest = crypto::Sha256(DrawMaterial(stored.auction));
  return SaveDecision(txn, vault_, stored, Decide(stored.auction, DrawLot{digest}, txn.now()));
}

// --- Bidders

Result<AuctionApp::PlacedBid> AuctionApp::PlaceBid(storage::Txn& txn, const Principal& caller,
                                                   const PlaceBidInput& input) const {
  TTX_TRY(const StoredAuction before, Open(txn, input.auction));
  const std::optional<Bidder> bidder = Find(txn, input.auction, caller);
  TTX_TRY(const Taken taken, Take(txn, before,
                                  auction::PlaceBid{.bidder = bidder,
                                                    .organization = caller.organization,
                                                    .claimed_code = input.claimed_code,
                                                    .price = input.price,
                                                    .confirm = input.confirm}));
  return PlacedBid{AcceptedOf(taken.events, bidder->code).bid, taken.after.auction.phase_end};
}

Result<AuctionApp::ProxyStanding> AuctionApp::SetProxy(storage::Txn& txn, const Principal& caller,
                                                       const SetProxyInput& input) const {
  TTX_TRY(const StoredAuction before, Open(txn, input.auction));
  const std::optional<Bidder> bidder = Find(txn, input.auction, caller);
  TTX_TRY(const Taken taken,
          Take(txn, before, auction::SetProxy{bidder, caller.organization, input.maximum}));
  const Auction& after = taken.after.auction;
  return ProxyStanding{bidder->code, after.leading && after.leading->code == bidder->code,
                       after.proxy && after.proxy->code == bidder->code};
}

Result<StoredAuction> AuctionApp::AnswerPriority(storage::Txn& txn, const Principal& caller,
                                                 const AnswerPriorityInput& input) const {
  TTX_TRY(const StoredAuction before, Open(txn, input.auction));
  TTX_TRY(Taken taken, Take(txn, before,
                            auction::AnswerPriority{Find(txn, input.auction, caller), caller.organization,
                                                    input.exercise}));
  return std::move(taken.after);
}

// --- Two persons

Result<PendingAct> AuctionApp::RequestAct(storage::Txn& txn, const Principal& caller,
                                          const RequestActInput& input) const {
  TTX_TRY(const StoredAuction before, OpenForStaff(txn, caller, input.auction));
  TTX_TRY(const Taken taken,
          Take(txn, before, auction::RequestAct{input.act, caller.person, input.reason, input.resume_time}));
  return *taken.after.auction.pending;
}

Result<StoredAuction> AuctionApp::ConfirmAct(storage::Txn& txn, const Principal& caller,
                                             const ConfirmActInput& input) const {
  TTX_TRY(const StoredAuction before, OpenForStaff(txn, caller, input.auction));
  const std::optional<PendingAct>& pending = before.auction.pending;
  if (pending && ActEtag(*pending) != input.etag) {
    return Error(Reason::kETAG_MISMATCH, {{"etag", ActEtag(*pending)}});
  }
  TTX_TRY(Taken taken, Take(txn, before, auction::ConfirmAct{input.act, caller.person}));
  return std::move(taken.after);
}

Result<StoredAuction> AuctionApp::WithdrawAct(storage::Txn& txn, const Principal& caller,
                                              const AuctionId& id) const {
  TTX_TRY(const StoredAuction before, OpenForStaff(txn, caller, id));
  TTX_TRY(Taken taken, Take(txn, before, auction::WithdrawAct{caller.person}));
  return std::move(taken.after);
}

Result<StoredAuction> AuctionApp::DeclareDefault(storage::Txn& txn, const Principal& caller,
                                                 const AuctionId& id,
                                                 const auction::DeclareDefault& command) const {
  TTX_TRY(const StoredAuction before, OpenForStaff(txn, caller, id));
  if (!FindBidderByCode(txn, vault_, id, command.code))
    return InvalidField("bidder_code", Reason::kUNKNOWN_VALUE);
  TTX_TRY(Taken taken, Take(txn, before, command));
  return std::move(taken.after);
}

// --- From the listing service

Status AuctionApp::Schedule(storage::Txn& txn, ScheduleAuction command) const {
  if (Load(txn, command.id)) return {};
  if (command.reserve && command.reserve->commitment != ReserveCommitment(*command.reserve)) {
    return InvalidField("reserve_commitment", Reason::kBAD_FORMAT);
  }
  if (IsSealed(command.rules.mode)) TTX_RETURN_IF_ERROR(CheckEnvelopeRules(command.rules));
  if (MayDraw(command.rules) && !command.draw_seed) command.draw_seed = MakeDrawSeed(ids_);
  TTX_TRY(const Decision decision, Decide(command, txn.now()));
  Save(txn, std::nullopt, decision);
  return {};
}

Status AuctionApp::AddBidder(storage::Txn& txn, const AuctionId& id, const Bidder& bidder) const {
  const std::optional<StoredAuction> before = Load(txn, id);
  if (!before) return NoAuction(id);
  if (FindBidder(txn, vault_, id, bidder.organization)) return {};
  if (FindBidderByCode(txn, vault_, id, bidder.code)) return InvalidField("bidders", Reason::kDUPLICATE);
  TTX_TRY(const Taken taken, Take(txn, *before, auction::AddBidder{bidder}));
  return {};
}

Status AuctionApp::MoveFreeEnd(storage::Txn& txn, const AuctionId& id, Time end) const {
  const std::optional<StoredAuction> before = Load(txn, id);
  if (!before) return NoAuction(id);
  TTX_TRY(const Taken taken, Take(txn, *before, auction::MoveFreeEnd{end}));
  return {};
}

// --- Time

void AuctionApp::Heartbeat(storage::Txn& txn) const {
  last_command_ = txn.now();
  PlanHeartbeat(txn, txn.now() + (CountOpen(txn) == 0 ? kIdleHeartbeat : kHeartbeat), kHeartbeatSubject);
}

void AuctionApp::NoteOutageOf(storage::Txn& txn, const AuctionId& id, Time since) const {
  const std::optional<StoredAuction> before = Load(txn, id);
  TTX_CHECK(before.has_value(), "an indexed auction is missing");
  Save(txn, before, Decide(before->auction, NoteOutage{since}, txn.now()));
}

bool AuctionApp::HoldAfterSilence(storage::Txn& txn) const {
  const Time now = txn.now();
  const Time last = std::exchange(last_command_, now);
  if (!options_.hold_after_silence) return false;
  const std::optional<Time> planned = PlannedHeartbeat(txn);
  // A busy writer runs the heartbeat late, and is no silence.
  if (!planned || now - *planned <= kMaxSilence || now - last <= kMaxSilence) return false;
  const Time since = std::max(*planned, last);
  // All at once: a session that is told later could close meanwhile.
  std::string cursor;
  while (true) {
    const std::vector<AuctionId> open = ListOpen(txn, cursor, kRecoverPerStep);
    for (const AuctionId& id : open) NoteOutageOf(txn, id, since);
    if (open.size() < kRecoverPerStep) break;
    cursor = open.back().text;
  }
  Heartbeat(txn);
  return true;
}

void AuctionApp::OnDue(storage::Txn& txn, const std::string& subject) const {
  HoldAfterSilence(txn);
  if (subject == kHeartbeatSubject) {
    Heartbeat(txn);
    return;
  }
  if (subject.starts_with(kOpenSubject)) {
    OpenSome(txn, {subject.substr(kOpenSubject.size())});
    return;
  }
  const std::optional<StoredAuction> before = Load(txn, {subject});
  TTX_CHECK(before.has_value(), "a timer of an auction that does not exist");
  // Its timer may have been moved by what was noted just now.
  if (!before->due || *before->due > txn.now()) return;
  FollowOpening(txn, before,
                DrawIfWaiting(txn, SaveDueDecision(txn, vault_, *before,
                                                   Decide(before->auction, Advance{}, txn.now()))));
}

std::optional<std::string> AuctionApp::Recover(storage::Txn& txn, Time since, std::string_view cursor) const {
  // A crash in the middle must not make the outage look short: each step's commit is a sign of life too.
  since = std::min(since, LoadRecovery(txn).value_or(since));
  if (txn.now() - since <= kMaxSilence) return std::nullopt;
  const std::vector<AuctionId> open = ListOpen(txn, cursor, kRecoverPerStep);
  for (const AuctionId& id : open) NoteOutageOf(txn, id, since);
  const bool more = open.size() == kRecoverPerStep;
  SaveRecovery(txn, more ? std::optional(since) : std::nullopt);
  return more ? std::optional(open.back().text) : std::nullopt;
}

}  // namespace ttx::auction
