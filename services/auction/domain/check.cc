// The invariants of an auction at rest (reliability.md 2.5, as far as one session shows them).

#include <bit>
#include <limits>

#include "services/auction/domain/engine.h"

namespace ttx::auction {
namespace {

const char* CheckLeader(const Auction& auction) {
  const Rules& rules = auction.rules();
  if (auction.bid_count < 0) return "a negative number of bids";
  if (auction.void_from > auction.void_to || auction.void_to > auction.bid_count)
    return "voided bids that never were";
  if (auction.rival && (!auction.leading || auction.rival->code == auction.leading->code)) {
    return "the rival is the leader";
  }
  if (!auction.leading) {
    const bool none_counts =
        auction.bid_count == 0 || auction.bid_count == auction.void_to ||
                             !auction.barred.empty() || IsSealed(rules.mode);
    return none_counts ? nullptr : "bids without a leader";
  }
  const Bid& leading = *auction.leading;
  const bool is_open = auction.state != State::kClosed;  // the winner may be barred later
  if (is_open && IsBarred(auction, leading.code)) return "a barred leader";
  if (is_open && auction.rival && IsBarred(auction, auction.rival->code)) return "a barred rival";
  if (leading.number < 1 || leading.number > auction.bid_count) return "a leader without bids";
  const Fen lowest = rules.mode == Mode::kDutch ? rules.dutch.floor : rules.start_price;
  if (leading.price < lowest) return "the leader is below the start price";
  if (rules.cap && leading.price > *rules.cap) return "the leader is above the cap";
  if (auction.rival && IsAscending(rules.mode) && auction.rival->price > leading.price)
    return "the rival bid more";
  const bool last_leads = IsAscending(rules.mode) && rules.cap_policy == CapPolicy::kEndAtCap &&
                          auction.bid_count != auction.void_to && auction.barred.empty();
  if (last_leads && leading.number != auction.bid_count) return "the leader is not the last accepted bid";
  return nullptr;
}

const char* CheckOutcome(const Auction& auction) {
  const bool closed = auction.state == State::kClosed;
  if (closed != (auction.outcome != Outcome::kNone))
    return "an outcome without a close, or a close without one";
  if (!closed) return nullptr;
  const bool follows = auction.outcome == Outcome::kAnnulled || auction.outcome == Outcome::kTooFewBidders ||
                       auction.outcome == Outcome::kNotOpened || auction.outcome == OutcomeOf(auction);
  return follows ? nullptr : "the outcome does not follow from the bids";
}

const char* CheckPhase(const Auction& auction) {
  const State state = auction.state;
  const Mode mode = auction.rules().mode;
  if (state == State::kScheduled && auction.bid_count != 0) return "bids before the start";
  if (state == State::kLimited && auction.cycle_number < 1) return "a limited phase without a cycle";
  if (state == State::kDutch && (mode != Mode::kDutch || auction.bid_count != 0))
    return "a falling price after a bid";
  if (state == State::kSuspended && !IsTimed(auction.suspended_state))
    return "suspended from a phase without an end";
  if (auction.objected && state != State::kScheduled && IsTimed(state)) return "goes on while an objection is open";
  if (auction.objected && state == State::kSuspended && auction.phase_end)
    return "to go on before an objection is closed";
  if ((state == State::kDrawing) != !auction.lot.empty()) return "a lot that nobody draws";
  if (state == State::kCapDeclaring && auction.declared.empty()) return "declaring at the cap after no bid";
  if (state == State::kPriorityExercise && (auction.exercise.rank < 1 || !auction.leading))
    return "nobody to be asked";
  if (state == State::kRaise && auction.exercise.displaced.empty()) return "a raise by nobody";
  const bool opening = state == State::kSubmitting || state == State::kClosedForOpening ||
                       state == State::kOpeningRequested || state == State::kSharesCollecting ||
                       state == State::kSelfRevealing || state == State::kOpening;
  if (opening && !IsSealed(mode)) return "envelopes in a session of open bids";
  return nullptr;
}

const char* CheckSecrets(const Auction& auction) {
  if (auction.proxy) {
    const bool leads = auction.leading && auction.leading->code == auction.proxy->code;
    if (!leads || auction.proxy->maximum <= auction.leading->price) return "a proxy with nothing left to bid";
    if (!auction.rules().proxy_bids) return "a proxy where none is allowed";
  }
  const Envelopes& envelopes = auction.envelopes;
  if (envelopes.count < 0 || envelopes.revealed < 0) return "a negative number of envelopes";
  const int shares = std::popcount(envelopes.holders);
  const SealedRules& rules = auction.rules().sealed;
  if (auction.state == State::kSharesCollecting) {
    // With enough of them it was tried.
    if (shares >= rules.shares_needed && !envelopes.collect_end) return "enough shares, and not opening";
    if (shares >= rules.shares_total) return "all shares, and not opening";
  }
  const bool before_opening = auction.state == State::kSubmitting ||
                              auction.state == State::kClosedForOpening ||
                              auction.state == State::kOpeningRequested;
  if (before_opening && !envelopes.opened.empty()) return "envelopes opened before their time";
  return nullptr;
}

}  // namespace

std::optional<std::string> Check(const Auction& auction) {
  for (const auto check : {CheckLeader, CheckOutcome, CheckPhase, CheckSecrets}) {
    if (const char* violation = check(auction)) return "auction " + auction.id().text + ": " + violation;
  }
  return std::nullopt;
}

}  // namespace ttx::auction
