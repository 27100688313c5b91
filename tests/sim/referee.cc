#include "tests/sim/referee.h"

#include <algorithm>

#include "libs/crypto/digest.h"

namespace ttx::sim {
namespace {

constexpr Duration kLongestMovedOutage = Seconds(2);  // after a longer one a session is suspended

int64_t StepAt(const auction::Rules& rules, int64_t fen) {
  int64_t step = rules.increments.front().step.value;
  for (const auto& tier : rules.increments) {
    if (tier.from.value <= fen) step = tier.step.value;
  }
  return step;
}

}  // namespace

void Referee::Run(const AuctionLog& log) {
  for (const auction::Event& event : log) {
    const bool may_follow = std::holds_alternative<auction::BidRefused>(event.payload) ||
                            std::holds_alternative<auction::Forfeited>(event.payload);
    Require(!closed_ || may_follow, "A7 something happened after the close");
    Require(event.time >= now_, "A19 the log goes back in time");
    now_ = event.time;
    std::visit([this](const auto& payload) { Take(payload); }, event.payload);
  }
}

bool Referee::TakesPrices() const {
  return phase_ == State::kFree || phase_ == State::kLimited || phase_ == State::kEnglish ||
         phase_ == State::kDutch || phase_ == State::kCapDeclaring || phase_ == State::kRaise;
}

// Of the phases that follow one another by time alone; none for the others.
Duration Referee::LengthOf(State phase) const {
  switch (phase) {
    case State::kFree:
    case State::kEnglish:
    case State::kSubmitting:
      return rules().free_period;
    case State::kPreparing:
      return rules().preparation;
    case State::kLimited:
      return rules().cycle;
    case State::kDutch: {
      // Every step of the price, down to the floor, holds for one interval.
      int64_t prices = 1;
      for (int64_t fen = rules().start_price.value; fen > rules().dutch.floor.value; ++prices) {
        fen -= rules().dutch.decrement.value;
      }
      return {rules().dutch.interval.ns * prices};
    }
    default:
      return {};
  }
}

int64_t Referee::DutchPriceAt(Time time) const {
  int64_t fen = rules().start_price.value;
  for (Time step = end_ - LengthOf(State::kDutch) + rules().dutch.interval; step <= time;
       step = step + rules().dutch.interval) {
    fen = std::max(rules().dutch.floor.value, fen - rules().dutch.decrement.value);
  }
  return fen;
}

void Referee::Take(const auction::Scheduled& event) {
  scheduled_ = event;
  end_ = event.terms->start_time;
}

void Referee::Take(const auction::PhaseStarted& event) {
  const Duration length = LengthOf(event.state);
  if (length > Duration{}) {
    Require(event.start == end_, "A5 a phase did not begin where the one before ended");
    Require(event.end == event.start + length, "A5 a phase has another length than its rule");
  }
  Require(event.start <= now_, "A5 a phase began before its time");
  phase_ = event.state;
  end_ = event.end;
}

void Referee::Take(const auction::Suspended& event) {
  if (phase_ != State::kSuspended) {
    before_suspension_ = phase_;
    Require(event.time < end_ && event.remaining == end_ - event.time,
            "A6 a suspension forgets what was left of the phase");
  }
  remaining_ = event.remaining;
  phase_ = State::kSuspended;
}

void Referee::Take(const auction::Resumed& event) {
  Require(event.state == before_suspension_, "A5 a session went on in another phase");
  const bool dutch = rules().mode == auction::Mode::kDutch;
  const Duration least = dutch ? rules().dutch.interval : rules().cycle;
  Require(event.restart || event.end == now_ + std::max(remaining_, least),
          "A6 a session went on with another time than was left");
  phase_ = event.state;
  end_ = event.end;
}

void Referee::Take(const auction::Extended& event) {
  Require(event.end > end_, "A6 an outage shortened a phase");
  if (event.reason == "SYSTEM_FAILURE") {
    const bool dutch = rules().mode == auction::Mode::kDutch;
    const Duration lost = event.end - end_ - (dutch ? Duration{} : rules().cycle);
    Require(lost >= Duration{} && lost <= kLongestMovedOutage,
            "A6 an outage moved the end by another time than its rule");
  }
  if (phase_ == State::kSuspended) remaining_ = remaining_ + (event.end - end_);
  end_ = event.end;
}

void Referee::JudgeRise(const auction::Bid& bid) const {
  Require(bid.price >= rules().start_price, "A3 a bid below the start price");
  if (leader_) {
    const int64_t best = leader_->price.value;
    Require(bid.price.value >= best + StepAt(rules(), best) || (rules().cap && bid.price == *rules().cap),
            "A3 a bid rises by less than the increment");
    Require(bid.price.value > best, "A3 a bid does not rise");
    Require(rules().self_outbid || bid.code != leader_->code, "A3 a leader outbid itself");
  }
  if (rules().cap) Require(bid.price <= *rules().cap, "A3 a bid above the cap");
}

void Referee::Take(const auction::BidAccepted& event) {
  const auction::Bid& bid = event.bid;
  Require(bid.number == last_number_ + 1, "A1 bids are not numbered without gaps");
  Require(bid.time > last_time_, "A19 bids are not in the order of their times");
  Require(TakesPrices() && bid.time < end_, "A5 a bid was taken outside a phase");
  const bool known = std::any_of(scheduled_.bidders.begin(), scheduled_.bidders.end(),
                                 [&](const auto& bidder) { return bidder.code == bid.code; });
  Require(known, "A11 somebody bid who was not admitted");
  Time end = end_;
  if (phase_ == State::kDutch) {
    Require(bid.price.value == DutchPriceAt(bid.time), "A12 a falling price was taken that did not hold");
    Require(bids_.empty(), "A12 a falling price was taken twice");
  } else if (phase_ == State::kCapDeclaring) {
    Require(rules().cap && bid.price == *rules().cap, "A3 a declaration at another price than the cap");
  } else {
    JudgeRise(bid);
  }
  if (phase_ == State::kLimited) end = std::max(end_, bid.time + rules().cycle);
  if (phase_ == State::kEnglish && bid.time + rules().cycle >= end_) end = bid.time + rules().cycle;
  if (phase_ != State::kRaise) {
    Require(event.phase_end == end, "A6 a bid moved the end by another time than its rule");
  }
  end_ = event.phase_end;
  last_number_ = bid.number;
  last_time_ = bid.time;
  if (!leader_ || bid.price > leader_->price) leader_ = bid;
  bids_[bid.number] = {bid.code, bid.price.value};
}

void Referee::Take(const auction::EnvelopeAccepted&) {
  Require(phase_ == State::kSubmitting && now_ < end_, "A5 an envelope was taken outside its phase");
}

void Referee::Take(const auction::EnvelopeWithdrawn&) {
  Require(phase_ == State::kSubmitting && now_ < end_, "A5 an envelope was given back outside its phase");
}

// All bids again: the highest that is not void, and among equals the first. 0 for none.
int64_t Referee::HighestBid() const {
  int64_t number = 0;
  for (const auto& [candidate, bid] : bids_) {
    if (barred_.contains(bid.code)) continue;
    if (number == 0 || bid.fen > bids_.at(number).fen) number = candidate;
  }
  return number;
}

void Referee::Take(const auction::Forfeited& event) {
  if (event.barred && !closed_) barred_.insert(event.code);
}

void Referee::Take(const auction::BidsVoided& event) {
  Require(barred_.contains(event.code), "A9 bids are void of somebody who was not barred");
  Require(event.phase_end >= end_ || phase_ == State::kSuspended, "A6 a default shortened a phase");
  leader_ = event.leading;
  if (phase_ != State::kSuspended) end_ = event.phase_end;
  if (auction::IsSealed(rules().mode)) return;
  const int64_t number = HighestBid();
  Require(event.leading ? event.leading->number == number : number == 0,
          "A9 another bid leads than the best of the others");
}

void Referee::JudgeWinner(const auction::Closed& event) const {
  const int64_t number = HighestBid();
  const auto& reserve = scheduled_.terms->reserve;
  if (number == 0) {
    Require(event.outcome == auction::Outcome::kNoBid && !event.winner, "A9 an outcome without a bid");
  } else if (reserve && bids_.at(number).fen < reserve->price.value) {
    Require(event.outcome == auction::Outcome::kBelowReserve && !event.winner,
            "A9 a sale below the reserve price");
  } else {
    Require(event.outcome == auction::Outcome::kWinner && event.winner && event.winner->number == number &&
                event.winner->code == bids_.at(number).code &&
                event.winner->price.value == bids_.at(number).fen,
            "A9 the winner is not the highest bid");
  }
}

void Referee::Take(const auction::Closed& event) {
  Require(!closed_, "A7 a session closed twice");
  closed_ = event;
  const bool capped = rules().cap && leader_ && leader_->price == *rules().cap;
  const bool taken = phase_ == State::kDutch && !bids_.empty();
  if (TakesPrices() || phase_ == State::kSubmitting) {
    Require(event.time == (capped || taken ? last_time_ : end_),
            "A5 a session closed at another time than its end");
  }
  Require(event.time <= now_, "A5 a session closed before its time");
  const auto& reserve = scheduled_.terms->reserve;
  if (reserve) {
    Require(crypto::Sha256(reserve->salt + "TTX-RESERVE-1|" + std::to_string(reserve->price.value)) ==
                reserve->commitment,
            "A9 the reserve price is not the one committed to");
  }
  if (auction::IsSealed(rules().mode)) return;
  Require(event.bid_count == static_cast<int64_t>(bids_.size()),
          "A1 the close counts other bids than were taken");
  const bool void_session =
      event.outcome == auction::Outcome::kTooFewBidders || event.outcome == auction::Outcome::kAnnulled;
  if (void_session) {
    Require(!event.winner, "A9 a winner of a session that was void");
  } else {
    JudgeWinner(event);
  }
}

}  // namespace ttx::sim
