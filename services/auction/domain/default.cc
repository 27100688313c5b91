// Default and forfeiture (悔约, domain.md 5.12): what the bidder did, that it loses its deposit, and what its void bids
// leave behind. Settlement spreads the amount; the listing keeps the barred out of the next session.

#include "services/auction/domain/default.h"

#include <algorithm>

#include "services/auction/domain/cap.h"
#include "services/auction/domain/limits.h"
#include "services/auction/domain/priority.h"
#include "services/auction/domain/sealed.h"
#include "services/auction/domain/suspension.h"
#include "services/auction/domain/tender.h"

namespace ttx::auction {
namespace {

// Whether the cause can be true of a bidder at this point.
bool FitsTime(const Auction& auction, ForfeitCause cause) {
  switch (cause) {
    case ForfeitCause::kNoSingleQuote:
    case ForfeitCause::kAllSilent:
      return false;  // the engine finds these itself
    case ForfeitCause::kWithdrew:
      return auction.state != State::kClosed;
    case ForfeitCause::kMisconduct:
      return true;
  }
  TTX_CHECK(false, "unreachable");
}

bool IsOf(const std::optional<Bid>& bid, std::string_view code) { return bid && bid->code == code; }

// Whether anything in the state of an open session is the bidder's.
bool HasPart(const Auction& auction, std::string_view code) {
  const Exercise& exercise = auction.exercise;
  const auto has_bid = [&](const Bid& bid) { return bid.code == code; };
  const auto has_envelope = [&](const OpenedBid& opened) { return has_bid(opened.bid) && !opened.invalid; };
  const std::vector<OpenedBid>& opened = auction.envelopes.opened;
  return IsOf(auction.leading, code) || IsOf(auction.rival, code) || IsOf(auction.phase_base->leading, code) ||
         IsOf(auction.phase_base->rival, code) || exercise.displaced == code || Contains(exercise.asked, code) ||
         Contains(exercise.exercised, code) || Contains(auction.lot, code) ||
         std::any_of(auction.declared.begin(), auction.declared.end(), has_bid) ||
         std::any_of(opened.begin(), opened.end(), has_envelope);
}

// The best of the others where the state itself knows: at the cap the first who declared, of envelopes the best.
std::optional<Bid> NextKnown(const Auction& auction, std::string_view code, int64_t last) {
  for (const Bid& bid : auction.declared) {
    if (bid.code != code && bid.number <= last) return bid;
  }
  std::optional<Bid> best;
  if (auction.rules().mode != Mode::kSealed) return best;
  for (const OpenedBid& opened : auction.envelopes.opened) {
    const bool counts = !opened.invalid && opened.bid.code != code && opened.bid.number <= last;
    if (counts && (!best || IsBetterSealed(opened.bid, *best))) best = opened.bid;
  }
  return best;
}

bool IsAsking(const Auction& auction, State phase) {
  const bool draws_holder = phase == State::kDrawing && auction.exercise.rank > 0;
  return phase == State::kPriorityExercise || phase == State::kRaise || draws_holder;
}

// Whether the best of the others may take the place of a barred leader. While they can bid, always. Afterwards only
// where the rules say so (domain.md 5.12), or where it is no second best: the bidder that a holder displaced had the
// best price itself, and the holder that is asked about a raise had the place until then.
bool MayLead(const Auction& auction, const Bid& before, const Bid& next) {
  if (auction.rules().next_best_allowed) return true;
  const Exercise& exercise = auction.exercise;
  if (IsAsking(auction, PhaseOf(auction))) {
    const bool was_raised = exercise.displaced == before.code && Contains(exercise.asked, next.code);
    return exercise.displaced == next.code || was_raised;
  }
  // Sealed bids lead from a second round on: the others of the same price quote again.
  return !IsSealed(auction.rules().mode) || next.price == before.price;
}

// Nobody leads where the best of the others may not.
void DropNextBest(const Auction& auction, const std::string& code, const std::optional<Bid>& before,
                  std::optional<Bid>& leading, std::optional<Bid>& rival) {
  if (!IsOf(before, code) || !leading || MayLead(auction, *before, *leading)) return;
  leading.reset();
  rival.reset();
}

// The bidding is over, and the leader or candidate was barred.
void GoOnWithout(Recorder& recorder) {
  if (recorder.state().leading) {
    AskOrClose(recorder, recorder.now());
  } else {
    CloseUnsold(recorder, recorder.now());
  }
}

// A tender whose candidate, or all who were equal at its head, are barred.
void NameNext(Recorder& recorder) {
  if (recorder.state().rules().next_best_allowed) {
    NameBest(recorder);
  } else {
    CloseUnsold(recorder, recorder.now());
  }
}

// Reached by nobody who counts: the phase that the cap had cut short goes on to its end, and for a cycle at least.
void BidAgain(Recorder& recorder) {
  const CutPhase& cut = recorder.state().cut;
  const Time now = recorder.now();
  recorder.Add(PhaseStarted{cut.state, now, std::max(cut.end, now + recorder.state().rules().cycle)});
  if (recorder.state().objected) SuspendForObjection(recorder, recorder.now());
}

// Nobody is left in the lot.
void SettleLot(Recorder& recorder) {
  const Auction& auction = recorder.state();
  if (auction.rules().mode == Mode::kTender) {
    NameNext(recorder);
  } else if (auction.rules().cap) {
    BidAgain(recorder);
  } else if (auction.exercise.rank == 0) {
    GoOnWithout(recorder);
  } else {
    ResolveAsking(recorder, recorder.now());
  }
}

bool IsPlausible(const Auction& auction, const std::string& code, const std::optional<Bid>& before,
                 const std::optional<Bid>& left, int64_t last) {
  if (!IsOf(before, code)) return left == before;
  if (!left) return true;
  return left->code != code && !IsBarred(auction, left->code) && left->number >= 1 && left->number <= last &&
         left->price <= before->price && !IsVoid(auction, left->number);
}

bool IsPlausibleRival(const Auction& auction, const std::string& code, const std::optional<Bid>& rival,
                      const std::optional<Bid>& leading, int64_t last) {
  if (!rival) return true;
  return leading && rival->code != leading->code && rival->code != code && !IsBarred(auction, rival->code) &&
         rival->number >= 1 && rival->number <= last && !IsVoid(auction, rival->number);
}

}  // namespace

int32_t EligibleCount(const Auction& auction) {
  return std::max(0, auction.bidder_count - static_cast<int32_t>(auction.barred.size()));
}

bool IsVoid(const Auction& auction, int64_t number) {
  const auto is_in = [&](const BidRange& range) { return number >= range.from && number <= range.to; };
  return is_in({auction.void_from, auction.void_to}) ||
         std::any_of(auction.earlier_voids.begin(), auction.earlier_voids.end(), is_in);
}

std::optional<Error> CheckDefault(const Auction& auction, const std::string& code, ForfeitCause cause) {
  if (code.empty()) return InvalidField("bidder_code", Reason::kREQUIRED);
  if (!FitsTime(auction, cause)) return WrongState(auction, ActName(Act::kDeclareDefault));
  if (IsBarred(auction, code)) return InvalidField("bidder_code", Reason::kDUPLICATE);
  return std::nullopt;
}

std::optional<Error> CheckLeft(const Auction& auction, const std::string& code, const BidsLeft& left) {
  if (auction.state == State::kClosed || !HasPart(auction, code)) return std::nullopt;
  const Standing& base = *auction.phase_base;
  // The rival is the best of the others while bids rise: nobody before it can lead.
  const bool rival_leads = IsOf(auction.leading, code) && auction.rival && !IsSealed(auction.rules().mode);
  const bool skips = rival_leads && (!left.leading || left.leading->number < auction.rival->number);
  const bool plausible = !skips && IsPlausible(auction, code, auction.leading, left.leading, auction.bid_count) &&
                         IsPlausible(auction, code, base.leading, left.base_leading, base.bid_count) &&
                         IsPlausibleRival(auction, code, left.rival, left.leading, auction.bid_count) &&
                         IsPlausibleRival(auction, code, left.base_rival, left.base_leading, base.bid_count);
  return plausible ? std::nullopt : std::optional<Error>(InvalidField("left", Reason::kOUT_OF_RANGE));
}

void Bar(Recorder& recorder, const std::string& code, ForfeitCause cause, const BidsLeft& left) {
  const Auction& auction = recorder.state();
  const bool is_open = auction.state != State::kClosed;
  const bool has_part = is_open && HasPart(auction, code);
  recorder.Add(Forfeited{code, cause, /*barred=*/true, /*deposit_lost=*/is_open});
  if (!has_part) return;
  // Whoever saw a higher price than now had no reason to bid.
  Time end = auction.phase_end;
  const bool falls = IsOf(auction.leading, code) && TakesRises(auction.state);
  if (falls) end = std::max(end, recorder.now() + auction.rules().cycle);
  BidsLeft stands = left;
  const Standing& base = *auction.phase_base;
  DropNextBest(auction, code, auction.leading, stands.leading, stands.rival);
  DropNextBest(auction, code, base.leading, stands.base_leading, stands.base_rival);
  recorder.Add(BidsVoided{code, std::move(stands.leading), std::move(stands.rival), std::move(stands.base_leading),
                          std::move(stands.base_rival), end});
  SettleBarred(recorder);
}

void SettleBarred(Recorder& recorder) {
  const Auction& auction = recorder.state();
  const Time now = recorder.now();
  switch (auction.state) {
    case State::kCapDeclaring:
      if (auction.declared.empty()) BidAgain(recorder);
      return;
    case State::kDrawing:
      if (auction.lot.empty()) SettleLot(recorder);
      return;
    case State::kPriorityExercise:
      // Who was asked, was asked about a bid that is void: all are asked about the one that leads now.
      if (auction.exercise.rank == 0) {
        GoOnWithout(recorder);
      } else if (auction.exercise.asked.empty()) {
        ResolveAsking(recorder, now);
      }
      return;
    case State::kRaise:
      if (auction.exercise.rank == 0) {
        GoOnWithout(recorder);
      } else if (auction.exercise.displaced.empty()) {
        Close(recorder, now);  // nobody is left to raise
      }
      return;
    case State::kEvaluating:
      if (!auction.objected) CloseIfTooFew(recorder);
      return;
    case State::kPublicity:
      if (!auction.leading) NameNext(recorder);
      return;
    case State::kScheduled:
    case State::kFree:
    case State::kPreparing:
    case State::kLimited:
    case State::kSuspended:
    case State::kClosed:
    case State::kEnglish:
    case State::kDutch:
    case State::kSubmitting:
    case State::kClosedForOpening:
    case State::kOpeningRequested:
    case State::kSharesCollecting:
    case State::kSelfRevealing:
    case State::kOpening:
      return;
  }
}

// --- Looking for what is left -----------------------------------------------------------------------------

BidSearch::BidSearch(const Auction& auction, std::string code)
    : auction_(auction),
      code_(std::move(code)),
      now_(PlaceOf(auction.leading, auction.rival, auction.bid_count)),
      base_(PlaceOf(auction.phase_base->leading, auction.phase_base->rival, auction.phase_base->bid_count)) {}

BidSearch::Place BidSearch::PlaceOf(std::optional<Bid> leading, std::optional<Bid> rival, int64_t last) const {
  Place place{std::move(leading), std::move(rival), last};
  const bool sealed = IsSealed(auction_.rules().mode);
  if (IsOf(place.leading, code_)) {
    place.leading = NextKnown(auction_, code_, last);
    // A tender's next candidate follows from the committee's report.
    place.wants_leading = !place.leading && auction_.rules().mode != Mode::kTender;
    place.rival.reset();
    place.wants_rival = !sealed;
  } else if (IsOf(place.rival, code_)) {
    place.rival.reset();
    place.wants_rival = !sealed;
  }
  return place;
}

bool BidSearch::IsDone() const {
  return is_far_back_ || !(now_.wants_leading || now_.wants_rival || base_.wants_leading || base_.wants_rival);
}

void BidSearch::Look(const Bid& bid) {
  if (bid.number <= auction_.bid_count - kMaxBidsLookedAt) is_far_back_ = true;
  if (is_far_back_) return;
  const bool counts = bid.code != code_ && !IsBarred(auction_, bid.code) && !IsVoid(auction_, bid.number);
  if (!counts) return;
  Fill(now_, bid);
  Fill(base_, bid);
}

// Rising bids follow one another upwards, so the last that counts is the best; the rival is the last before it by
// somebody else. Envelopes are in no order.
void BidSearch::Fill(Place& place, const Bid& bid) const {
  if (bid.number > place.last) return;
  const bool sealed = IsSealed(auction_.rules().mode);
  if (place.wants_leading && (!place.leading || (sealed && IsBetterSealed(bid, *place.leading)))) {
    place.leading = bid;
    place.wants_leading = sealed;
    return;
  }
  const bool is_rival = place.wants_rival && place.leading && bid.number < place.leading->number &&
                        bid.code != place.leading->code;
  if (!is_rival) return;
  place.rival = bid;
  place.wants_rival = false;
}

}  // namespace ttx::auction
