#include <utility>

#include "services/auction/domain/default.h"
#include "services/auction/domain/engine.h"
#include "services/auction/domain/priority.h"

namespace ttx::auction {

Outcome OutcomeOf(const Auction& auction) {
  if (!auction.leading) return Outcome::kNoBid;
  const std::optional<Reserve>& reserve = auction.terms->reserve;
  if (reserve && auction.leading->price < reserve->price) return Outcome::kBelowReserve;
  return Outcome::kWinner;
}

bool WasSilent(const Auction& auction) {
  return auction.bid_count == 0 && auction.envelopes.count == 0 && !auction.envelopes.voided;
}

void Finish(Recorder& recorder, Time time) {
  const Auction& auction = recorder.state();
  const bool is_counted = !IsSealed(auction.rules().mode);  // elsewhere those count who handed in an envelope
  if (is_counted && EligibleCount(auction) < auction.rules().min_bidders) {
    CloseWithout(recorder, Outcome::kTooFewBidders, time);
  } else {
    AskOrClose(recorder, time);
  }
}

void AskOrClose(Recorder& recorder, Time time) {
  const bool sold = OutcomeOf(recorder.state()) == Outcome::kWinner;
  if (sold && recorder.state().rules().priority.mode == PriorityMode::kAskAtEnd) {
    AskNextRank(recorder, time);
  } else {
    Close(recorder, time);
  }
}

void Close(Recorder& recorder, Time time) {
  const Outcome outcome = OutcomeOf(recorder.state());
  if (recorder.state().rules().forfeit_when_silent && recorder.state().bidder_count > 1 &&
      WasSilent(recorder.state())) {
    recorder.Add(Forfeited{"", ForfeitCause::kAllSilent, false});
  }
  const Auction& auction = recorder.state();
  Closed closed{.outcome = outcome,
                .time = time,
                .winner = std::nullopt,
                .bid_count = auction.bid_count,
                .reserve = auction.terms->reserve,
                .portions = {},
                .reason = ""};
  if (outcome == Outcome::kWinner) {
    closed.winner = auction.leading;
    closed.portions = PortionsOf(auction);
  }
  recorder.Add(std::move(closed));
}

void CloseUnsold(Recorder& recorder, Time time) { CloseWithout(recorder, Outcome::kAnnulled, time, "DEFAULT"); }

void CloseWithout(Recorder& recorder, Outcome outcome, Time time, std::string reason) {
  const Auction& auction = recorder.state();
  recorder.Add(Closed{.outcome = outcome,
                      .time = time,
                      .winner = std::nullopt,
                      .bid_count = auction.bid_count,
                      .reserve = auction.terms->reserve,
                      .portions = {},
                      .reason = std::move(reason)});
}

}  // namespace ttx::auction
