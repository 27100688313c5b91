// What each event does to the state. Nothing is decided here.

#include <algorithm>

#include "services/auction/domain/engine.h"

namespace ttx::auction {
namespace {

void Applied(Auction& state, const Scheduled& event, Time time) {
  state = {};
  state.terms = event.terms;
  state.phase_end = event.terms->start_time;
  state.bidder_count = static_cast<int32_t>(event.bidders.size());
  state.create_time = time;
}

void Applied(Auction& state, const BidderAdded& event, Time) {
  ++state.bidder_count;
  const Bidder& bidder = event.bidder;
  if (bidder.rank == 0) return;
  Terms terms = *state.terms;
  const auto later = std::find_if(terms.holders.begin(), terms.holders.end(),
                                  [&](const Holder& holder) { return holder.rank > bidder.rank; });
  terms.holders.insert(later, {bidder.code, bidder.rank, bidder.share});
  state.terms = std::move(terms);
}

// Collecting goes on after a try to open, or begins a date of its own.
void FollowCollecting(Auction& state, const PhaseStarted& event) {
  Envelopes& envelopes = state.envelopes;
  if (event.state == State::kOpening && state.state == State::kSharesCollecting) {
    envelopes.collect_end = state.phase_end;
  } else if (event.state == State::kSharesCollecting) {
    const bool goes_on = state.state == State::kOpening && event.end == envelopes.collect_end;
    if (!goes_on) ++envelopes.date;
  } else if (event.state == State::kSelfRevealing) {
    envelopes.bidders_asked = true;
  }
}

void Applied(Auction& state, const PhaseStarted& event, Time) {
  FollowCollecting(state, event);
  if (event.state == State::kCapDeclaring) state.cut = {state.state, state.phase_end};
  if (state.state == State::kFree) state.free_end = event.start;
  state.state = event.state;
  state.phase_end = event.end;
  state.phase_base = Standing{state.bid_count, state.leading, state.rival};
  if (event.state == State::kLimited) state.cycle_number = 1;
  if (event.state == State::kCapDeclaring) state.declared = {*state.leading};
  if (!TakesRises(event.state)) state.proxy.reset();
}

void Applied(Auction& state, const BidAccepted& event, Time) {
  const Bid& bid = event.bid;
  state.bid_count = bid.number;
  state.phase_end = event.phase_end;
  state.cycle_number = event.cycle_number;
  if (state.state == State::kCapDeclaring) {
    state.declared.push_back(bid);
    return;
  }
  if (state.state == State::kPriorityExercise || state.state == State::kDrawing) {
    state.exercise.displaced = state.leading->code;
  }
  if (state.leading && state.leading->code != bid.code) state.rival = std::move(state.leading);
  state.leading = bid;
  const bool is_exhausted = state.proxy && bid.price >= state.proxy->maximum;
  if (is_exhausted) state.proxy.reset();
}

void Applied(Auction&, const BidRefused&, Time) {}

void Applied(Auction& state, const ProxySet& event, Time) { state.proxy = Proxy{event.code, event.maximum}; }

// Of a suspended session its phase has more left; when it goes on is another matter.
void Applied(Auction& state, const Extended& event, Time) {
  if (state.state == State::kSuspended) {
    state.remaining = event.end - state.suspend_time;
  } else {
    state.phase_end = event.end;
  }
}

void Applied(Auction& state, const ActRequested& event, Time) {
  state.pending = event.act;
  if (event.act.act == Act::kOpen) state.state = State::kOpeningRequested;
}

void Applied(Auction& state, const ActConfirmed&, Time) { state.pending.reset(); }

void Applied(Auction& state, const ActWithdrawn& event, Time) {
  state.pending.reset();
  if (event.act == Act::kOpen) state.state = State::kClosedForOpening;
}

void Applied(Auction& state, const ObjectionNoted& event, Time time) {
  state.objected = event.open;
  if (!event.open) state.objection_end_time = time;
}

// What was asked for about the phase is settled by what happened to it; a default is another matter.
void DropPending(Auction& state) {
  if (state.pending && state.pending->act != Act::kDeclareDefault) state.pending.reset();
}

void Applied(Auction& state, const Suspended& event, Time) {
  if (state.state != State::kSuspended) {
    state.suspended_state = state.state;
    state.suspend_time = event.time;
    DropPending(state);
  }
  state.remaining = event.remaining;
  state.state = State::kSuspended;
  state.phase_end = event.resume_time;
}

void Applied(Auction& state, const ResumptionPlanned& event, Time) {
  state.phase_end = event.resume_time;
  state.restart = event.restart;
}

void Applied(Auction& state, const Resumed& event, Time) {
  state.state = event.state;
  state.phase_end = event.end;
  state.suspended_state = State::kScheduled;
  state.remaining = {};
  state.suspend_time = {};
  state.restart = false;
  DropPending(state);
  if (!event.restart) return;
  state.leading = state.phase_base->leading;
  state.rival = state.phase_base->rival;
  state.proxy.reset();
  if (event.void_from <= event.void_to) {
    const bool of_earlier_phase = state.void_to > 0 && state.void_from != event.void_from;
    if (of_earlier_phase) state.earlier_voids.push_back({state.void_from, state.void_to});
    state.void_from = event.void_from;
    state.void_to = event.void_to;
  }
  if (event.state == State::kLimited) state.cycle_number = 1;
  if (event.state == State::kSubmitting) {
    ++state.envelopes.round;
    state.envelopes.voided = state.envelopes.voided || state.envelopes.count > 0;
    state.envelopes.count = 0;
  }
}

void Applied(Auction& state, const LotOpened& event, Time time) {
  state.state = State::kDrawing;
  state.phase_end = time;
  state.lot = event.codes;
}

void Applied(Auction& state, const LotDrawn&, Time) { state.lot.clear(); }

void Applied(Auction& state, const PriorityAsked& event, Time) {
  state.exercise.rank = event.rank;
  state.exercise.asked = event.codes;
  state.exercise.exercised.clear();
}

void Applied(Auction& state, const PriorityAnswered& event, Time) {
  std::erase(state.exercise.asked, event.code);
  if (event.exercise) state.exercise.exercised.push_back(event.code);
}

void Applied(Auction& state, const EnvelopeAccepted& event, Time) {
  if (!event.replaces) ++state.envelopes.count;
}

void Applied(Auction& state, const EnvelopeWithdrawn&, Time) { --state.envelopes.count; }

void Applied(Auction& state, const ScoresFixed& event, Time) { state.envelopes.scores = event.scores; }

void Applied(Auction& state, const SharesReceived& event, Time) {
  state.envelopes.holders |= 1U << event.holder;
}

void Applied(Auction& state, const EnvelopeRevealed&, Time) { ++state.envelopes.revealed; }

void Applied(Auction& state, const Opened& event, Time) {
  state.envelopes.opened = event.bids;
  if (!event.bids.empty()) state.bid_count = event.bids.back().bid.number;
}

void Applied(Auction& state, const RequoteCalled& event, Time) {
  const int32_t round = state.envelopes.round + 1;
  state.envelopes = {};
  state.envelopes.round = round;
  state.envelopes.tied = event.codes;
}

void Applied(Auction& state, const Evaluated& event, Time) { state.envelopes.opened = event.ranking; }

void Applied(Auction& state, const LeaderNamed& event, Time) {
  if (state.leading && state.leading->code != event.bid.code) state.rival = std::move(state.leading);
  state.leading = event.bid;
}

void Applied(Auction& state, const Forfeited& event, Time) {
  if (event.barred) state.barred.push_back(event.code);
}

void Applied(Auction& state, const BidsVoided& event, Time) {
  const auto is_theirs = [&](const Bid& bid) { return bid.code == event.code; };
  const bool led = state.leading && is_theirs(*state.leading);
  state.leading = event.leading;
  state.rival = event.rival;
  state.phase_base = Standing{state.phase_base->bid_count, event.base_leading, event.base_rival};
  state.phase_end = event.phase_end;
  if (state.proxy && state.proxy->code == event.code) state.proxy.reset();
  std::erase_if(state.declared, is_theirs);
  std::erase(state.lot, event.code);
  std::erase(state.exercise.asked, event.code);
  std::erase(state.exercise.exercised, event.code);
  if (state.exercise.displaced == event.code) state.exercise.displaced.clear();
  if (led) {  // holders were asked about a bid that is void
    if (state.exercise.rank > 0) state.lot.clear();
    state.exercise = {};
  }
  for (OpenedBid& opened : state.envelopes.opened) {
    if (is_theirs(opened.bid) && !opened.invalid) opened.invalid = Reason::kNOT_QUALIFIED;
  }
}

void Applied(Auction& state, const Closed& event, Time) {
  if (state.state != State::kSuspended) state.suspended_state = state.state;
  state.state = State::kClosed;
  state.outcome = event.outcome;
  state.phase_end = event.time;
  state.proxy.reset();
  state.pending.reset();
  state.declared.clear();
  state.lot.clear();
  state.envelopes.opened.clear();
}

}  // namespace

void ApplyTo(Auction& auction, const Event& event) {
  const int64_t version = auction.version;
  std::visit([&](const auto& payload) { Applied(auction, payload, event.time); }, event.payload);
  auction.version = version + 1;
  auction.update_time = event.time;
}

Auction Apply(Auction state, const Event& event) {
  ApplyTo(state, event);
  return state;
}

void Recorder::Add(Payload payload) {
  decision_.events.push_back({now_, std::move(payload)});
  ApplyTo(decision_.next, decision_.events.back());
}

}  // namespace ttx::auction
