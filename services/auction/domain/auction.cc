// The session's clock and its bidders: what every mode shares (domain.md 5.2, 5.13).

#include "services/auction/domain/auction.h"

#include <algorithm>
#include <set>

#include "services/auction/domain/cap.h"
#include "services/auction/domain/default.h"
#include "services/auction/domain/dutch.h"
#include "services/auction/domain/dynamic.h"
#include "services/auction/domain/engine.h"
#include "services/auction/domain/limits.h"
#include "services/auction/domain/multi.h"
#include "services/auction/domain/priority.h"
#include "services/auction/domain/sealed.h"
#include "services/auction/domain/single_bidder.h"
#include "services/auction/domain/suspension.h"

namespace ttx::auction {
namespace {

State FirstPhase(Mode mode) {
  switch (mode) {
    case Mode::kMulti:
    case Mode::kDynamic:
      return State::kFree;
    case Mode::kEnglish:
      return State::kEnglish;
    case Mode::kDutch:
      return State::kDutch;
    case Mode::kSealed:
    case Mode::kWeighted:
    case Mode::kTender:
      return State::kSubmitting;
  }
  TTX_CHECK(false, "unreachable");
}

void Begin(Recorder& recorder) {
  const Auction& auction = recorder.state();
  const Rules& rules = auction.rules();
  // Elsewhere it shows later how many take part: at the end of FREE, at the last envelope.
  const bool known = rules.mode != Mode::kDynamic && !IsSealed(rules.mode);
  if (known && EligibleCount(auction) < rules.min_bidders) {
    CloseWithout(recorder, Outcome::kTooFewBidders, auction.phase_end);
  } else {
    StartPhase(recorder, FirstPhase(rules.mode), auction.phase_end);
  }
}

void EndOfRises(Recorder& recorder) {
  if (IsSingleQuote(recorder.state())) {
    EndSingleQuote(recorder);
  } else {
    Finish(recorder, recorder.state().phase_end);
  }
}

// The end of the phase has come.
void EndPhase(Recorder& recorder) {
  const Time end = recorder.state().phase_end;
  switch (recorder.state().state) {
    case State::kScheduled:
      return Begin(recorder);
    case State::kFree:
      return recorder.state().rules().mode == Mode::kMulti && IsSingleQuote(recorder.state())
                 ? EndSingleQuote(recorder)
                 : EndFree(recorder);
    case State::kPreparing:
      return StartPhase(recorder, State::kLimited, end);
    case State::kLimited:
    case State::kEnglish:
      return EndOfRises(recorder);
    case State::kDutch:
    case State::kPublicity:
      return Finish(recorder, end);
    case State::kCapDeclaring:
      return EndDeclaring(recorder);
    case State::kPriorityExercise:
      return EndAsking(recorder);
    case State::kRaise:
      return Close(recorder, end);
    case State::kSubmitting:
      return EndSubmitting(recorder);
    case State::kSharesCollecting:
      return EndCollecting(recorder);
    case State::kSelfRevealing:
      return EndRevealing(recorder);
    case State::kSuspended:
    case State::kClosed:
    case State::kDrawing:
    case State::kClosedForOpening:
    case State::kOpeningRequested:
    case State::kOpening:
    case State::kEvaluating:
      break;
  }
  TTX_CHECK(false, "a phase without an end of its own");
}

Status CheckSecrets(const Terms& terms) {
  const Rules& rules = terms.rules;
  if (terms.reserve) {
    if (rules.mode == Mode::kDutch)
      return InvalidField("reserve_fen", Reason::kOUT_OF_RANGE, "none; a floor");
    TTX_RETURN_IF_ERROR(CheckAmount(terms.reserve->price, rules.start_price, "reserve_fen"));
    if (rules.cap && terms.reserve->price > *rules.cap) {
      return InvalidField("reserve_fen", Reason::kOUT_OF_RANGE, std::to_string(rules.cap->value));
    }
  }
  if (MayDraw(rules) && !terms.draw_seed) return InvalidField("draw_seed", Reason::kREQUIRED);
  return {};
}

Status CheckBidder(const Terms& terms, const Bidder& bidder) {
  if (bidder.rank < 0) return InvalidField("bidders", Reason::kOUT_OF_RANGE, ">= 0");
  if (bidder.share < 0 || bidder.share > kMaxFen)
    return InvalidField("bidders", Reason::kOUT_OF_RANGE, ">= 0");
  if (Contains(terms.barred_organizations, bidder.organization)) {
    return Error(Reason::kBIDDER_BARRED, {{"organization", bidder.organization}});
  }
  return {};
}

Status CheckBidders(const ScheduleAuction& command) {
  if (command.bidders.empty() && command.rules.mode != Mode::kDynamic) {
    return InvalidField("bidders", Reason::kREQUIRED);
  }
  if (command.bidders.size() > kMaxBidders) {
    return InvalidField("bidders", Reason::kTOO_MANY, std::to_string(kMaxBidders));
  }
  std::set<std::string> codes;
  std::set<std::string> organizations;
  for (const Bidder& bidder : command.bidders) {
    TTX_RETURN_IF_ERROR(CheckBidder(command, bidder));
    if (!codes.insert(bidder.code).second || !organizations.insert(bidder.organization).second) {
      return InvalidField("bidders", Reason::kDUPLICATE);
    }
  }
  return {};
}

}  // namespace

bool IsTimed(State state) {
  switch (state) {
    case State::kScheduled:
    case State::kFree:
    case State::kPreparing:
    case State::kLimited:
    case State::kEnglish:
    case State::kDutch:
    case State::kCapDeclaring:
    case State::kPriorityExercise:
    case State::kRaise:
    case State::kSubmitting:
    case State::kSharesCollecting:
    case State::kSelfRevealing:
    case State::kPublicity:
      return true;
    case State::kSuspended:
    case State::kClosed:
    case State::kDrawing:
    case State::kClosedForOpening:
    case State::kOpeningRequested:
    case State::kOpening:
    case State::kEvaluating:
      return false;
  }
  TTX_CHECK(false, "unreachable");
}

Duration FullLength(const Auction& auction, State phase) {
  const Rules& rules = auction.rules();
  switch (phase) {
    case State::kFree:
    case State::kEnglish:
    case State::kSubmitting:
      return rules.free_period;
    case State::kPreparing:
      return rules.preparation;
    case State::kLimited:
    case State::kCapDeclaring:
    case State::kRaise:
      return rules.cycle;
    case State::kDutch:
      return DutchLength(rules);
    case State::kPriorityExercise:
      return rules.priority.answer_period;
    case State::kSharesCollecting:
      return auction.envelopes.date == 0 ? rules.sealed.shares_period : rules.sealed.second_period;
    case State::kSelfRevealing:
      return rules.sealed.reveal_period;
    case State::kPublicity:
      return rules.scoring.publicity;
    case State::kScheduled:
    case State::kSuspended:
    case State::kClosed:
    case State::kDrawing:
    case State::kClosedForOpening:
    case State::kOpeningRequested:
    case State::kOpening:
    case State::kEvaluating:
      return {};
  }
  TTX_CHECK(false, "unreachable");
}

void StartPhase(Recorder& recorder, State phase, Time start) {
  recorder.Add(PhaseStarted{phase, start, start + FullLength(recorder.state(), phase)});
  if (recorder.state().objected) SuspendForObjection(recorder, start);
}

void AdvanceUntil(Recorder& recorder, Time until) {
  while (IsTimed(recorder.state().state) && recorder.state().phase_end <= until) EndPhase(recorder);
}

void AdvanceAndResume(Recorder& recorder) {
  const Auction& auction = recorder.state();
  const bool goes_on =
      auction.state == State::kSuspended && auction.phase_end && auction.phase_end <= recorder.now();
  if (goes_on) Resume(recorder);
  AdvanceUntil(recorder, recorder.now());
}

bool IsOpen(State state) { return state != State::kScheduled && state != State::kClosed; }

std::optional<Time> NextChange(const Auction& auction) {
  const bool resumes = auction.state == State::kSuspended && auction.phase_end;
  // A lot is drawn at once, by whoever computes its digest.
  const bool changes = resumes || IsTimed(auction.state) || auction.state == State::kDrawing;
  return changes ? std::optional(auction.phase_end) : std::nullopt;
}

bool IsOverlong(const Auction& auction, Time now) {
  const Duration limit = auction.rules().max_total;
  return IsOpen(auction.state) && limit > Duration{} && now - auction.terms->start_time > limit;
}

Result<Decision> Decide(const ScheduleAuction& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckRules(command.rules));
  TTX_RETURN_IF_ERROR(CheckSecrets(command));
  TTX_RETURN_IF_ERROR(CheckBidders(command));
  Terms terms = command;
  // A start that has passed already begins now: nobody loses bidding time to a late decision.
  terms.start_time = std::max(command.start_time, now);
  if (terms.rules.mode == Mode::kDynamic) {
    // ... but FREE still ends with the listing (domain.md 5.4).
    const Duration late = terms.start_time - command.start_time;
    terms.rules.free_period = std::max(terms.rules.free_period - late, kMinFreePeriod);
  }
  terms.holders.clear();
  for (const Bidder& bidder : command.bidders) {
    if (bidder.rank > 0) terms.holders.push_back({bidder.code, bidder.rank, bidder.share});
  }
  std::stable_sort(terms.holders.begin(), terms.holders.end(),
                   [](const Holder& a, const Holder& b) { return a.rank < b.rank; });
  Recorder recorder({}, now);
  recorder.Add(Scheduled{std::move(terms), command.bidders});
  AdvanceUntil(recorder, now);
  return recorder.Take();
}

Decision Decide(const Auction& state, const AddBidder& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  const Auction& auction = recorder.state();
  if (!TakesBidders(auction, command.qualify_time)) return recorder.Refuse(WrongState(auction, "AddBidder"));
  if (auto status = CheckBidder(*auction.terms, command.bidder); !status.ok()) {
    return recorder.Refuse(std::move(status).error());
  }
  if (auction.bidder_count >= static_cast<int32_t>(kMaxBidders)) {
    return recorder.Refuse(InvalidField("bidders", Reason::kTOO_MANY, std::to_string(kMaxBidders)));
  }
  recorder.Add(BidderAdded{command.bidder});
  return recorder.Take();
}

Decision Decide(const Auction& state, const Advance&, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  return recorder.Take();
}

}  // namespace ttx::auction
