#pragma once

// What the tests of this folder share: sessions of three bidders on a day in November 2026.

#include <string>
#include <utility>
#include <vector>

#include "services/auction/domain/auction.h"

namespace ttx::auction::testing {

constexpr Fen Yuan(int64_t yuan) { return {yuan * 100}; }

/// Shanghai time on Monday 2026-11-23, `day` days later.
inline Time At(int hour, int minute, int second = 0, int millisecond = 0, int day = 0) {
  return StartOfDay(MakeDate(2026, 11, 23)) + Hours(24 * day + hour) + Minutes(minute) + Seconds(second) +
         Milliseconds(millisecond);
}

inline Bidder BidderOf(const std::string& code, int32_t rank = 0, int64_t share = 0) {
  return {code, "organizations/" + code, "listings/l/intents/" + code, rank, share};
}

/// The rules of the worked example of domain.md 5.3.
inline Rules WorkedRules() {
  Rules rules;
  rules.start_price = Yuan(1'000'000);
  rules.increments = {{Yuan(1'000'000), Yuan(10'000)}};
  rules.free_period = Hours(1);
  rules.cycle = Seconds(300);
  return rules;
}

inline ScheduleAuction WorkedSession() {
  ScheduleAuction command;
  command.id = {"a1"};
  command.listing = "listings/l";
  command.exchange = "organizations/x";
  command.title = "title";
  command.rules = WorkedRules();
  command.reserve = Reserve{Yuan(1'050'000), std::string(16, 's'), std::string(32, 'c')};
  command.start_time = At(9, 0);
  command.bidders = {BidderOf("B01"), BidderOf("B02"), BidderOf("B03")};
  return command;
}

/// The same without a reserve, of another mode, price and step.
inline ScheduleAuction SessionOf(Mode mode, Fen start_price, Fen step) {
  ScheduleAuction command = WorkedSession();
  command.reserve.reset();
  command.rules.mode = mode;
  command.rules.start_price = start_price;
  command.rules.increments = {{start_price, step}};
  return command;
}

/// The accepted bids, and the valid ones of envelopes.
inline void AddBids(const std::vector<Event>& events, std::vector<Bid>& bids) {
  for (const Event& event : events) {
    if (const auto* accepted = std::get_if<BidAccepted>(&event.payload)) bids.push_back(accepted->bid);
    const auto* opened = std::get_if<Opened>(&event.payload);
    if (opened == nullptr) continue;
    for (const OpenedBid& bid : opened->bids) {
      if (!bid.invalid) bids.push_back(bid.bid);
    }
  }
}

/// What a pending default leaves of a session's bids when it is confirmed now.
inline BidsLeft LeftAt(const Auction& state, std::vector<Bid> bids, Time now) {
  const Decision advanced = Decide(state, Advance{}, now);
  const std::optional<PendingAct>& pending = advanced.next.pending;
  if (!pending || pending->act != Act::kDeclareDefault) return {};
  AddBids(advanced.events, bids);
  BidSearch search(advanced.next, pending->code);
  for (auto bid = bids.rbegin(); bid != bids.rend() && !search.IsDone(); ++bid) search.Look(*bid);
  return search.left();
}

/// Runs commands and stops the process when, after any of them, the events do not rebuild the state or an
/// invariant does not hold.
class Session {
 public:
  explicit Session(const ScheduleAuction& command, Time now = At(8, 0)) {
    Take(auction::Decide(command, now).value());
    for (const Bidder& bidder : command.bidders) bidders_.push_back(bidder);
  }

  /// The reason of a refusal, or nothing.
  template <class Command>
  std::optional<Reason> Do(const Command& command, Time now) {
    return Take(auction::Decide(state_, command, now));
  }

  std::optional<Reason> Bid(const std::string& code, Fen price, Time now, bool confirm = false) {
    return Do(PlaceBid{.bidder = Find(code),
                       .organization = "organizations/" + code,
                       .claimed_code = "",
                       .price = price,
                       .confirm = confirm},
              now);
  }
  std::optional<Reason> Proxy(const std::string& code, Fen maximum, Time now) {
    return Do(SetProxy{Find(code), "organizations/" + code, maximum}, now);
  }
  std::optional<Reason> Answer(const std::string& code, bool exercise, Time now) {
    return Do(AnswerPriority{Find(code), "organizations/" + code, exercise}, now);
  }
  std::optional<Reason> Submit(const std::string& code, Time now, int32_t submitted = 0) {
    return Do(
        SubmitEnvelope{Find(code), "organizations/" + code, std::string(32, 'd'), submitted, submitted > 0},
        now);
  }
  /// Two persons, the second a second later.
  std::optional<Reason> ByTwo(Act act, const std::string& reason, Time now, Time resume_time = {}) {
    if (const auto refused = Do(RequestAct{act, "people/p1", reason, resume_time}, now)) return refused;
    return Do(ConfirmAct{act, "people/p2"}, now + Seconds(1));
  }
  /// The same for a default.
  std::optional<Reason> Default(const std::string& code, Time now,
                                ForfeitCause cause = ForfeitCause::kMisconduct) {
    if (const auto refused = AskDefault(code, now, cause)) return refused;
    return ConfirmDefault(now + Seconds(1));
  }
  std::optional<Reason> AskDefault(const std::string& code, Time now,
                                   ForfeitCause cause = ForfeitCause::kMisconduct) {
    return Do(RequestAct{Act::kDeclareDefault, "people/p1", "it said so itself", {}, code, cause}, now);
  }
  /// With what is left of the bids, as the service finds it.
  std::optional<Reason> ConfirmDefault(Time now) {
    return Do(ConfirmAct{Act::kDeclareDefault, "people/p2", LeftAt(state_, bids_, now)}, now);
  }
  /// From CLOSED_FOR_OPENING to OPENING, with the shares of the first holders.
  void Collect(Time now) {
    TTX_CHECK(!ByTwo(Act::kOpen, "time has come", now), "the opening is refused");
    for (int32_t holder = 0; holder < state_.rules().sealed.shares_needed; ++holder) {
      TTX_CHECK(!Do(HandInShares{holder}, now + Seconds(2 + holder)), "shares are refused");
    }
  }
  void AdvanceTo(Time now) { Do(Advance{}, now); }
  void Outage(Time since, Time now) { Do(NoteOutage{since}, now); }

  const Auction& state() const { return state_; }
  const std::vector<Event>& events() const { return events_; }
  const Decision& last() const { return last_; }
  std::string LeaderCode() const { return state_.leading ? state_.leading->code : ""; }
  template <class Payload>
  int Count() const {
    int count = 0;
    for (const Event& event : events_) count += std::holds_alternative<Payload>(event.payload) ? 1 : 0;
    return count;
  }
  template <class Payload>
  const Payload& Last() const {
    for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
      if (const auto* payload = std::get_if<Payload>(&event->payload)) return *payload;
    }
    TTX_CHECK(false, "no such event");
  }

 private:
  std::optional<Bidder> Find(const std::string& code) const {
    for (const Bidder& bidder : bidders_) {
      if (bidder.code == code) return bidder;
    }
    return std::nullopt;
  }

  std::optional<Reason> Take(const Decision& decision) {
    for (const Event& event : decision.events) {
      state_ = Apply(std::move(state_), event);
      events_.push_back(event);
      if (const auto* added = std::get_if<BidderAdded>(&event.payload)) bidders_.push_back(added->bidder);
    }
    TTX_CHECK(state_ == decision.next, "the events do not rebuild the state");
    const std::optional<std::string> violation = Check(state_);
    TTX_CHECK(!violation, violation.value_or(""));
    AddBids(decision.events, bids_);
    last_ = decision;
    if (!decision.refusal) return std::nullopt;
    return decision.refusal->reason;
  }

  Auction state_;
  std::vector<Event> events_;
  std::vector<auction::Bid> bids_;
  std::vector<Bidder> bidders_;
  Decision last_;
};

}  // namespace ttx::auction::testing
