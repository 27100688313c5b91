#include "services/auction/app/auction_app.h"

#include <algorithm>
#include <utility>

#include "libs/crypto/digest.h"
#include "services/auction/app/opening.h"
#include "services/auction/app/staff.h"
#include "services/auction/domain/limits.h"

namespace ttx::auction {
namespace {

constexpr size_t kRecoverPerStep = 100;
constexpr size_t kBidsPerLook = 1000;
constexpr std::string_view kHeartbeatSubject = "heartbeat";
constexpr std::string_view kHoldSubject = "hold";
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

// For the command that notices a silence: asked again, it is decided on the moved ends.
Error ClockHold() { return Error(Reason::kUNAVAILABLE, {{"cause", "CLOCK_HOLD"}}); }

// A silence that comes before everybody was told of an earlier one is one with it for who was not.
Recovery Joined(const std::optional<Recovery>& earlier, Time since, Time until) {
  if (!earlier) return {since, since, since, until, ""};
  const Time told = earlier->latest == since ? earlier->told : earlier->latest;
  return {std::min(earlier->since, since), told, since, until, ""};
}

// Since when a session that is told at `now` has been without a server, or nothing: it lost no time, or has
// been told. The time for which it waited to be told is not lost and not counted, unless its end lies in it.
std::optional<Time> LostSince(const Auction& auction, const Recovery& recovery, Time now) {
  if (auction.update_time > recovery.latest) return std::nullopt;
  const std::optional<Time> change = NextChange(auction);
  if (!change) return std::nullopt;
  // Who waits for its start, or for going on, loses nothing before that.
  const bool waits = auction.state == State::kScheduled || auction.state == State::kSuspended;
  if (waits && *change >= recovery.until) return std::nullopt;
  const Time since = auction.update_time > recovery.told ? recovery.latest : recovery.since;
  const Time since_if_told_late = now - (recovery.until - since);
  return *change <= std::max(since, since_if_told_late) ? since : since_if_told_late;
}

}  // namespace

// --- What all commands share

std::optional<StoredAuction> AuctionApp::Load(storage::Txn& txn, const AuctionId& id) const {
  std::optional<StoredAuction> stored = LoadAuction(txn, vault_, id, &terms_);
  if (!stored || !may_recover_) return stored;
  const std::optional<Recovery> recovery = LoadRecovery(txn);
  may_recover_ = recovery.has_value();
  // An instant before the command, at which nothing was decided on this session: the log tells commands by
  // their times.
  const Time time = txn.now() - Nanoseconds(1);
  const std::optional<Time> since = recovery ? LostSince(stored->auction, *recovery, time) : std::nullopt;
  if (!since) return stored;
  last_hold_ = txn.now();
  return Save(txn, stored, Decide(stored->auction, NoteOutage{*since}, time));
}

Result<StoredAuction> AuctionApp::Open(storage::Txn& txn, const AuctionId& id) const {
  if (HoldAfterSilence(txn)) return ClockHold();
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
  // The session knows how many bidders it has, not their codes.
  const bool is_unknown = input.act == Act::kDeclareDefault && !input.code.empty() &&
                          !FindBidderByCode(txn, vault_, input.auction, input.code);
  if (is_unknown) return InvalidField("bidder_code", Reason::kUNKNOWN_VALUE);
  TTX_TRY(const Taken taken,
          Take(txn, before,
               auction::RequestAct{input.act, caller.person, input.reason, input.resume_time, input.code,
                                   input.cause}));
  return *taken.after.auction.pending;
}

Result<StoredAuction> AuctionApp::ConfirmAct(storage::Txn& txn, const Principal& caller,
                                             const ConfirmActInput& input) const {
  TTX_TRY(const StoredAuction before, OpenAdvanced(txn, input.auction));
  TTX_RETURN_IF_ERROR(CheckStaff(before.auction, caller));
  const std::optional<PendingAct>& pending = before.auction.pending;
  if (pending && ActEtag(*pending) != input.etag) {
    return Error(Reason::kETAG_MISMATCH, {{"etag", ActEtag(*pending)}});
  }
  auction::ConfirmAct command{input.act, caller.person};
  const bool is_default = pending && pending->act == Act::kDeclareDefault;
  if (is_default) command.left = LeftWithout(txn, before.auction, pending->code);
  TTX_TRY(Taken taken, Take(txn, before, command));
  return std::move(taken.after);
}

Result<StoredAuction> AuctionApp::WithdrawAct(storage::Txn& txn, const Principal& caller,
                                              const AuctionId& id) const {
  TTX_TRY(const StoredAuction before, OpenForStaff(txn, caller, id));
  TTX_TRY(Taken taken, Take(txn, before, auction::WithdrawAct{caller.person}));
  return std::move(taken.after);
}

BidsLeft AuctionApp::LeftWithout(const storage::Reader& reader, const Auction& auction,
                                 const std::string& code) const {
  BidSearch search(auction, code);
  int64_t before = auction.bid_count + 1;
  while (!search.IsDone()) {
    const std::vector<Bid> bids = ListBidsBefore(reader, auction.id(), before, kBidsPerLook);
    if (bids.empty()) break;
    for (const Bid& bid : bids) search.Look(bid);
    before = bids.back().number;
  }
  return search.left();
}

// --- From the listing service

Status AuctionApp::Schedule(storage::Txn& txn, ScheduleAuction command) const {
  if (HoldAfterSilence(txn)) return ClockHold();
  if (Load(txn, command.id)) return {};
  if (command.reserve && command.reserve->commitment != ReserveCommitment(*command.reserve)) {
    return InvalidField("reserve_commitment", Reason::kBAD_FORMAT);
  }
  if (IsSealed(command.rules.mode)) TTX_RETURN_IF_ERROR(CheckEnvelopeRules(command.rules));
  if (MayDraw(command.rules) && !command.draw_seed) command.draw_seed = MakeDrawSeed(ids_);
  TTX_TRY(const Decision decision, Decide(command, txn.now()));
  Save(txn, std::nullopt, decision);
  // The heart of an idle server beats too seldom for a session.
  if (CountOpen(txn) == 1 && PlannedHeartbeat(txn)) Heartbeat(txn);
  return {};
}

Status AuctionApp::AddBidder(storage::Txn& txn, const AuctionId& id, const Bidder& bidder,
                             Time qualify_time) const {
  if (HoldAfterSilence(txn)) return ClockHold();
  const std::optional<StoredAuction> before = Load(txn, id);
  if (!before) return NoAuction(id);
  if (FindBidder(txn, vault_, id, bidder.organization)) return {};
  if (FindBidderByCode(txn, vault_, id, bidder.code)) return InvalidField("bidders", Reason::kDUPLICATE);
  TTX_TRY(const Taken taken, Take(txn, *before, auction::AddBidder{bidder, qualify_time}));
  return {};
}

Status AuctionApp::MoveFreeEnd(storage::Txn& txn, const AuctionId& id, Time end) const {
  if (HoldAfterSilence(txn)) return ClockHold();
  const std::optional<StoredAuction> before = Load(txn, id);
  if (!before) return NoAuction(id);
  TTX_TRY(const Taken taken, Take(txn, *before, auction::MoveFreeEnd{end}));
  return {};
}

Status AuctionApp::NoteObjection(storage::Txn& txn, const AuctionId& id, bool open) const {
  if (HoldAfterSilence(txn)) return ClockHold();
  const std::optional<StoredAuction> before = Load(txn, id);
  if (!before) return NoAuction(id);
  TTX_TRY(const Taken taken, Take(txn, *before, auction::NoteObjection{open}));
  // The opening stood still.
  if (!open && taken.after.auction.state == State::kOpening) {
    txn.SetDue(txn.now(), std::string(kOpenSubject) + id.text);
  }
  return {};
}

Status AuctionApp::EndWithListing(storage::Txn& txn, const AuctionId& id, const std::string& reason) const {
  if (HoldAfterSilence(txn)) return ClockHold();
  const std::optional<StoredAuction> before = Load(txn, id);
  if (!before) return NoAuction(id);
  TTX_TRY(const Taken taken, Take(txn, *before, auction::EndWithListing{reason}));
  return {};
}

// --- Time

void AuctionApp::Heartbeat(storage::Txn& txn) const {
  last_command_ = txn.now();
  PlanHeartbeat(txn, txn.now() + (CountOpen(txn) == 0 ? kIdleHeartbeat : kHeartbeat), kHeartbeatSubject);
}

std::optional<AuctionApp::Silence> AuctionApp::SilenceBefore(const storage::Txn& txn) const {
  const Time now = txn.now();
  if (now == last_command_) return std::nullopt;  // one command runs several timers
  const Time last = std::exchange(last_command_, now);
  const auto gap = options_.clock == nullptr ? std::nullopt : options_.clock->TakeGap();
  if (!options_.hold_after_silence) return std::nullopt;
  // The process was stopped, or the clock jumped.
  if (gap && gap->until - std::max(gap->since, last) > kMaxSilence) {
    return Silence{std::max(gap->since, last), gap->until};
  }
  // The writer could not write. A busy one runs the heartbeat late, and is no silence; nor is what it takes
  // to write that sessions were told of one, or on a slow disk each would make the next.
  const Duration longest = last - last_hold_ <= kMaxSilence ? kMaxOutage : kMaxSilence;
  if (now - last <= longest) return std::nullopt;
  const std::optional<Time> planned = PlannedHeartbeat(txn);
  if (!planned || now - *planned <= longest) return std::nullopt;
  return Silence{std::max(*planned, last), now};
}

bool AuctionApp::HoldAfterSilence(storage::Txn& txn) const {
  const std::optional<Silence> silence = SilenceBefore(txn);
  if (!silence) return false;
  const std::optional<Recovery> earlier = LoadRecovery(txn);
  SaveRecovery(txn, Joined(earlier, silence->since, silence->until));
  if (!earlier) txn.SetDue(txn.now(), kHoldSubject);
  txn.KeepOnError();
  may_recover_ = true;
  last_hold_ = txn.now();
  return true;
}

void AuctionApp::TellSome(storage::Txn& txn) const {
  std::optional<Recovery> recovery = LoadRecovery(txn);
  if (!recovery) return;
  const std::vector<AuctionId> open = ListOpen(txn, recovery->cursor, kRecoverPerStep);
  for (const AuctionId& id : open) Load(txn, id);
  const bool more = open.size() == kRecoverPerStep;
  if (more) {
    recovery->cursor = open.back().text;
    txn.SetDue(txn.now(), kHoldSubject);
  }
  SaveRecovery(txn, more ? recovery : std::nullopt);
  last_hold_ = txn.now();
}

void AuctionApp::OnDue(storage::Txn& txn, const std::string& subject) const {
  HoldAfterSilence(txn);
  if (subject == kHeartbeatSubject) {
    Heartbeat(txn);
    return;
  }
  if (subject == kHoldSubject) {
    TellSome(txn);
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
  std::optional<Recovery> recovery = LoadRecovery(txn);
  if (txn.now() - since > kMaxSilence) recovery = Joined(recovery, since, txn.now());
  if (!recovery) return std::nullopt;
  SaveRecovery(txn, recovery);
  may_recover_ = true;
  const std::vector<AuctionId> open = ListOpen(txn, cursor, kRecoverPerStep);
  for (const AuctionId& id : open) Load(txn, id);
  const bool more = open.size() == kRecoverPerStep;
  if (!more) SaveRecovery(txn, std::nullopt);
  return more ? std::optional(open.back().text) : std::nullopt;
}

}  // namespace ttx::auction
