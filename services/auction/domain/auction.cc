#include "services/auction/domain/auction.h"

#include <algorithm>
#include <set>

#include "services/auction/domain/limits.h"

namespace ttx::auction {
namespace {

// --- Price ladder (domain.md 5.1, 5.2 step 5)
// ----------------------------------------------------------------------

const Increment& IncrementAt(const Rules& rules, Fen price) {
  const Increment* found = &rules.increments.front();
  for (const Increment& increment : rules.increments) {
    if (increment.from <= price) found = &increment;
  }
  return *found;
}

bool IsMultiple(const Auction& auction, Fen price) {
  const Rules& rules = auction.rules;
  if (rules.cap && price == *rules.cap) return true;  // always within reach, or nobody could close at it
  if (rules.multiple_base == MultipleBase::kFromCurrent && auction.leading) {
    const Fen current = auction.leading->price;
    return (price - current).value % IncrementAt(rules, current).step.value == 0;
  }
  const Increment& increment = IncrementAt(rules, price);
  return (price - increment.from).value % increment.step.value == 0;
}

Fen NextPrice(const Rules& rules, Fen current) {
  const Fen next = current + IncrementAt(rules, current).step;
  return rules.cap ? std::min(next, *rules.cap) : next;
}

bool RisesTooFar(const Auction& auction, Fen price) {
  const Rules& rules = auction.rules;
  if (rules.max_steps_per_bid == 0) return false;
  const Fen base = auction.leading ? auction.leading->price : rules.start_price;
  const __int128 most =
      base.value + static_cast<__int128>(rules.max_steps_per_bid) * IncrementAt(rules, base).step.value;
  return price.value > most;
}

// --- Events
// ----------------------------------------------------------------------------------------------------------

// Collects events while keeping the state that follows from them.
class Recorder {
 public:
  Recorder(Auction state, Time now) : now_(now) { decision_.next = std::move(state); }

  void Add(decltype(Event::payload) payload) {
    Event event{now_, std::move(payload)};
    decision_.next = Apply(std::move(decision_.next), event);
    decision_.events.push_back(std::move(event));
  }
  const Auction& state() const { return decision_.next; }
  Decision Take(std::optional<Error> refusal = std::nullopt) {
    decision_.refusal = std::move(refusal);
    return std::move(decision_);
  }

 private:
  const Time now_;
  Decision decision_;
};

bool EntersLimited(const Auction& auction) {
  const Time free_end = auction.phase_end;
  switch (auction.rules.limited_entry) {
    case LimitedEntry::kAlways:
      return true;
    case LimitedEntry::kIfTwoBidders:
      return auction.rival.has_value();
    case LimitedEntry::kIfTwoInLastHour:
      return auction.rival.has_value() && auction.rival->time >= free_end - Hours(1);
  }
  TTX_CHECK(false, "unreachable");
}

Outcome OutcomeOf(const Auction& auction) {
  if (!auction.leading) return Outcome::kNoBid;
  if (auction.reserve && auction.leading->price < auction.reserve->price) return Outcome::kBelowReserve;
  return Outcome::kWinner;
}

Closed CloseAt(const Auction& auction, Time time) {
  const Outcome outcome = OutcomeOf(auction);
  return {outcome, time, outcome == Outcome::kWinner ? auction.leading : std::nullopt, auction.bid_count,
          auction.reserve};
}

// Ends the phases whose end is at or before `until` (domain.md 5.3): the interval of a phase is half-open.
void AdvanceUntil(Recorder& recorder, Time until) {
  while (recorder.state().state != State::kClosed && recorder.state().state != State::kSuspended &&
         recorder.state().phase_end <= until) {
    const Auction& auction = recorder.state();
    const Time end = auction.phase_end;
    switch (auction.state) {
      case State::kScheduled:
        recorder.Add(PhaseStarted{State::kFree, end, end + auction.rules.free_period});
        break;
      case State::kFree:
        if (!EntersLimited(auction)) {
          recorder.Add(CloseAt(auction, end));
        } else if (auction.rules.preparation > Duration{}) {
          recorder.Add(PhaseStarted{State::kPreparing, end, end + auction.rules.preparation});
        } else {
          recorder.Add(PhaseStarted{State::kLimited, end, end + auction.rules.cycle});
        }
        break;
      case State::kPreparing:
        recorder.Add(PhaseStarted{State::kLimited, end, end + auction.rules.cycle});
        break;
      case State::kLimited:
        recorder.Add(CloseAt(auction, end));
        break;
      case State::kSuspended:
      case State::kClosed:
        TTX_CHECK(false, "unreachable");
    }
  }
}

void AdvanceAndResume(Recorder& recorder, Time now) {
  if (recorder.state().state == State::kSuspended && recorder.state().phase_end <= now) {
    const Auction& auction = recorder.state();
    recorder.Add(Resumed{auction.suspended_state, now + std::max(auction.remaining, auction.rules.cycle)});
  }
  AdvanceUntil(recorder, now);
}

// Why the bid is refused, in the order of domain.md 5.2; nothing when it is accepted.
std::optional<Reason> Refuse(const Auction& auction, const PlaceBid& command) {
  switch (auction.state) {
    case State::kScheduled:
    case State::kPreparing:
      return Reason::kNOT_OPEN;
    case State::kSuspended:
      return Reason::kAUCTION_SUSPENDED;
    case State::kClosed:
      return Reason::kPHASE_CLOSED;
    case State::kFree:
    case State::kLimited:
      break;
  }
  const Rules& rules = auction.rules;
  if (!command.bidder) return Reason::kNOT_QUALIFIED;
  if (!command.claimed_code.empty() && command.claimed_code != command.bidder->code)
    return Reason::kWRONG_BIDDER_CODE;
  if (command.price < rules.start_price) return Reason::kBELOW_START;
  if (!IsMultiple(auction, command.price)) return Reason::kNOT_MULTIPLE;
  if (rules.cap && command.price > *rules.cap) return Reason::kABOVE_CAP;
  if (auction.leading && command.price <= auction.leading->price) return Reason::kNOT_HIGHER;
  if (!rules.self_outbid && auction.leading && auction.leading->code == command.bidder->code) {
    return Reason::kSELF_LEADING;
  }
  if (!command.confirm && RisesTooFar(auction, command.price)) return Reason::kNEED_CONFIRM;
  return std::nullopt;
}

std::map<std::string, std::string> RefusalDetails(const Auction& auction, Reason reason) {
  std::map<std::string, std::string> details = {{"auction", "auctions/" + auction.id.text},
                                                {"state", std::string(StateName(auction.state))}};
  if (const auto price = MinAcceptable(auction)) details["min_acceptable_fen"] = std::to_string(price->value);
  if (reason == Reason::kABOVE_CAP) details["cap_fen"] = std::to_string(auction.rules.cap->value);
  return details;
}

// --- Rules
// -------------------------------------------------------------------------------------------------------------

Status CheckDuration(Duration value, Duration least, Duration most, std::string_view field) {
  if (value >= least && value <= most) return {};
  const auto seconds = [](Duration d) { return std::to_string(d.ns / 1'000'000'000) + "s"; };
  return InvalidField(std::string(field), Reason::kOUT_OF_RANGE, seconds(least) + ".." + seconds(most));
}

Status CheckIncrements(const Rules& rules) {
  const std::string field = "rules.increments";
  if (rules.increments.empty()) return InvalidField(field, Reason::kREQUIRED);
  if (rules.increments.size() > kMaxIncrements) {
    return InvalidField(field, Reason::kTOO_MANY, std::to_string(kMaxIncrements));
  }
  for (size_t i = 0; i < rules.increments.size(); ++i) {
    const Increment& increment = rules.increments[i];
    const std::string path = field + "[" + std::to_string(i) + "]";
    TTX_RETURN_IF_ERROR(CheckAmount(increment.step, Fen{1}, path + ".step_fen"));
    TTX_RETURN_IF_ERROR(CheckAmount(increment.from, Fen{1}, path + ".from_fen"));
    if (i == 0) {
      if (increment.from != rules.start_price) {
        return InvalidField(path + ".from_fen", Reason::kOUT_OF_RANGE,
                            std::to_string(rules.start_price.value));
      }
      continue;
    }
    // A tier must begin on the ladder of the tier below, or no bid could ever step onto it.
    const Increment& below = rules.increments[i - 1];
    if (increment.from <= below.from || (increment.from - below.from).value % below.step.value != 0) {
      return InvalidField(path + ".from_fen", Reason::kOUT_OF_RANGE,
                          std::to_string(below.from.value) + " + k * " + std::to_string(below.step.value));
    }
  }
  return {};
}

std::string ModeName(Mode mode) {
  switch (mode) {
    case Mode::kMulti:
      return "MULTI";
  }
  TTX_CHECK(false, "unreachable");
}

}  // namespace

std::string_view StateName(State state) {
  switch (state) {
    case State::kScheduled:
      return "SCHEDULED";
    case State::kFree:
      return "FREE";
    case State::kPreparing:
      return "PREPARING";
    case State::kLimited:
      return "LIMITED";
    case State::kSuspended:
      return "SUSPENDED";
    case State::kClosed:
      return "CLOSED";
  }
  TTX_CHECK(false, "unreachable");
}

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNone:
      return "NONE";
    case Outcome::kWinner:
      return "WINNER";
    case Outcome::kNoBid:
      return "NO_BID";
    case Outcome::kBelowReserve:
      return "BELOW_RESERVE";
  }
  TTX_CHECK(false, "unreachable");
}

bool IsOpen(State state) {
  return state == State::kFree || state == State::kPreparing || state == State::kLimited ||
         state == State::kSuspended;
}

std::optional<Time> NextChange(const Auction& auction) {
  return auction.state == State::kClosed ? std::nullopt : std::optional(auction.phase_end);
}

std::optional<Fen> MinAcceptable(const Auction& auction) {
  if (auction.state != State::kFree && auction.state != State::kLimited) return std::nullopt;
  if (!auction.leading) return auction.rules.start_price;
  return NextPrice(auction.rules, auction.leading->price);
}

Fen DefaultIncrement(Fen start_price) {
  const Fen percent = MulPpm(start_price, {10'000});
  int64_t unit = 1;
  while (percent.value / unit >= 100) unit *= 10;
  return {std::max<int64_t>(1, (percent.value + unit / 2) / unit * unit)};
}

Status CheckRules(const Rules& rules) {
  TTX_RETURN_IF_ERROR(CheckAmount(rules.start_price, Fen{1}, "rules.start_price_fen"));
  TTX_RETURN_IF_ERROR(CheckIncrements(rules));
  TTX_RETURN_IF_ERROR(CheckDuration(rules.free_period, kMinFreePeriod, kMaxFreePeriod, "rules.free_period"));
  TTX_RETURN_IF_ERROR(CheckDuration(rules.preparation, Duration{}, kMaxPreparation, "rules.preparation"));
  TTX_RETURN_IF_ERROR(CheckDuration(rules.cycle, kMinCycle, kMaxCycle, "rules.cycle"));
  if (rules.max_steps_per_bid < 0 || rules.max_steps_per_bid > kMaxStepsPerBid) {
    return InvalidField("rules.max_steps_per_bid", Reason::kOUT_OF_RANGE,
                        "0.." + std::to_string(kMaxStepsPerBid));
  }
  if (rules.cap) {
    TTX_RETURN_IF_ERROR(CheckAmount(*rules.cap, rules.start_price, "rules.cap_fen"));
    const Increment& increment = IncrementAt(rules, *rules.cap);
    if ((*rules.cap - increment.from).value % increment.step.value != 0) {
      return InvalidField("rules.cap_fen", Reason::kOUT_OF_RANGE, "start_price_fen + k * step_fen");
    }
  }
  return {};
}

Result<Decision> Decide(const ScheduleAuction& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckRules(command.rules));
  if (command.reserve) {
    TTX_RETURN_IF_ERROR(CheckAmount(command.reserve->price, command.rules.start_price, "reserve_fen"));
    if (command.rules.cap && command.reserve->price > *command.rules.cap) {
      return InvalidField("reserve_fen", Reason::kOUT_OF_RANGE, std::to_string(command.rules.cap->value));
    }
  }
  if (command.bidders.empty()) return InvalidField("bidders", Reason::kREQUIRED);
  if (command.bidders.size() > kMaxBidders) {
    return InvalidField("bidders", Reason::kTOO_MANY, std::to_string(kMaxBidders));
  }
  std::set<std::string> codes;
  std::set<std::string> organizations;
  for (const Bidder& bidder : command.bidders) {
    if (!codes.insert(bidder.code).second || !organizations.insert(bidder.organization).second) {
      return InvalidField("bidders", Reason::kDUPLICATE);
    }
  }
  Recorder recorder({}, now);
  // A start that has passed already begins now: nobody loses bidding time to a late decision.
  recorder.Add(Scheduled{command.id, command.listing, command.exchange, command.title, command.rules,
                         command.reserve, std::max(command.start_time, now), command.bidders});
  AdvanceUntil(recorder, now);
  return recorder.Take();
}

Decision Decide(const Auction& state, const Advance&, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder, now);
  return recorder.Take();
}

Decision Decide(const Auction& state, const PlaceBid& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder, now);
  const Auction& auction = recorder.state();
  if (const std::optional<Reason> reason = Refuse(auction, command)) {
    recorder.Add(
        BidRefused{command.bidder ? command.bidder->code : "", command.organization, command.price, *reason});
    return recorder.Take(Error(*reason, RefusalDetails(recorder.state(), *reason)));
  }
  const bool limited = auction.state == State::kLimited;
  recorder.Add(BidAccepted{{auction.bid_count + 1, command.bidder->code, command.price, now},
                           limited ? now + auction.rules.cycle : auction.phase_end,
                           limited ? auction.cycle_number + 1 : auction.cycle_number});
  if (auction.rules.cap && command.price == *auction.rules.cap) {
    recorder.Add(CloseAt(recorder.state(), now));
  }
  return recorder.Take();
}

Decision Decide(const Auction& state, const SuspendForOutage& command, Time now) {
  Recorder recorder(state, now);
  AdvanceUntil(recorder, std::min(command.since, now));
  if (recorder.state().state == State::kScheduled && recorder.state().phase_end <= now) {
    AdvanceUntil(recorder, recorder.state().phase_end);  // it begins, and is suspended from its first instant
  }
  const Auction& auction = recorder.state();
  if (!IsOpen(auction.state)) return recorder.Take();
  if (auction.state == State::kSuspended) {
    // It was to go on while the server was away: bidders get their notice again.
    if (auction.phase_end > command.since && auction.phase_end <= now) {
      recorder.Add(Suspended{auction.phase_end, "SYSTEM_FAILURE", auction.remaining, now + kOutageNotice});
    }
    return recorder.Take();
  }
  // A session that should have begun during the outage has lost nothing: it is suspended from its start.
  const Time since = std::max(command.since, auction.start_time);
  const bool brief = now - command.since < kOutageNotice;
  recorder.Add(
      Suspended{since, "SYSTEM_FAILURE", auction.phase_end - since, brief ? now : now + kOutageNotice});
  return recorder.Take();
}

namespace {

Auction Applied(Auction state, const Scheduled& event, Time time) {
  state = {};
  state.id = event.id;
  state.listing = event.listing;
  state.exchange = event.exchange;
  state.title = event.title;
  state.rules = event.rules;
  state.reserve = event.reserve;
  state.start_time = event.start_time;
  state.phase_end = event.start_time;
  state.create_time = time;
  return state;
}

Auction Applied(Auction state, const PhaseStarted& event, Time) {
  state.state = event.state;
  state.phase_end = event.end;
  if (event.state == State::kLimited) state.cycle_number = 1;
  return state;
}

Auction Applied(Auction state, const BidAccepted& event, Time) {
  if (state.leading && state.leading->code != event.bid.code) state.rival = state.leading;
  state.leading = event.bid;
  state.bid_count = event.bid.number;
  state.phase_end = event.phase_end;
  state.cycle_number = event.cycle_number;
  return state;
}

Auction Applied(Auction state, const BidRefused&, Time) { return state; }

Auction Applied(Auction state, const Suspended& event, Time) {
  if (state.state != State::kSuspended) state.suspended_state = state.state;
  state.remaining = event.remaining;
  state.state = State::kSuspended;
  state.phase_end = event.resume_time;
  return state;
}

Auction Applied(Auction state, const Resumed& event, Time) {
  state.state = event.state;
  state.phase_end = event.end;
  state.suspended_state = State::kScheduled;
  state.remaining = {};
  return state;
}

Auction Applied(Auction state, const Closed& event, Time) {
  state.state = State::kClosed;
  state.outcome = event.outcome;
  state.phase_end = event.time;
  return state;
}

}  // namespace

Auction Apply(Auction state, const Event& event) {
  const int64_t version = state.version;
  state = std::visit([&](const auto& payload) { return Applied(std::move(state), payload, event.time); },
                     event.payload);
  state.version = version + 1;
  state.update_time = event.time;
  return state;
}

std::optional<std::string> Check(const Auction& auction) {
  const auto fail = [&](const char* what) {
    return std::optional("auction " + auction.id.text + ": " + what);
  };
  if (auction.bid_count < 0 || auction.leading.has_value() != (auction.bid_count > 0)) {
    return fail("a leader without bids, or bids without a leader");
  }
  if (auction.leading) {
    if (auction.leading->number != auction.bid_count) return fail("the leader is not the last accepted bid");
    if (auction.leading->price < auction.rules.start_price)
      return fail("the leader is below the start price");
    if (auction.rules.cap && auction.leading->price > *auction.rules.cap)
      return fail("the leader is above the cap");
  }
  if (auction.rival && (!auction.leading || auction.rival->code == auction.leading->code)) {
    return fail("the rival is the leader");
  }
  const bool closed = auction.state == State::kClosed;
  if (closed != (auction.outcome != Outcome::kNone))
    return fail("an outcome without a close, or a close without one");
  if (closed && auction.outcome != OutcomeOf(auction))
    return fail("the outcome does not follow from the bids");
  if (auction.state == State::kScheduled && auction.bid_count != 0) return fail("bids before the start");
  if (auction.state == State::kLimited && auction.cycle_number < 1)
    return fail("a limited phase without a cycle");
  return std::nullopt;
}

std::string CanonicalLine(const Auction& auction, const Event& event) {
  const auto join = [&](std::string_view kind, std::initializer_list<std::string> fields) {
    std::string line = std::string(kind) + "|" + auction.id.text + "|" + std::to_string(event.time.ns);
    for (const std::string& field : fields) line += "|" + field;
    return line;
  };
  struct Visitor {
    const decltype(join)& line;
    std::string operator()(const Scheduled& e) const {
      std::string increments;
      for (const Increment& increment : e.rules.increments) {
        increments += std::to_string(increment.from.value) + "+" + std::to_string(increment.step.value) + ";";
      }
      return line("Scheduled",
                  {e.listing, e.exchange, ModeName(e.rules.mode), std::to_string(e.start_time.ns),
                   std::to_string(e.rules.start_price.value), increments,
                   std::to_string(static_cast<int>(e.rules.multiple_base)),
                   std::to_string(e.rules.free_period.ns), std::to_string(e.rules.preparation.ns),
                   std::to_string(e.rules.cycle.ns), std::to_string(static_cast<int>(e.rules.limited_entry)),
                   std::to_string(e.rules.max_steps_per_bid), e.rules.self_outbid ? "1" : "0",
                   e.rules.cap ? std::to_string(e.rules.cap->value) : "0", std::to_string(e.bidders.size())});
    }
    std::string operator()(const PhaseStarted& e) const {
      return line("PhaseStarted",
                  {std::string(StateName(e.state)), std::to_string(e.start.ns), std::to_string(e.end.ns)});
    }
    std::string operator()(const BidAccepted& e) const {
      return line("BidAccepted", {std::to_string(e.bid.number), e.bid.code, std::to_string(e.bid.price.value),
                                  std::to_string(e.phase_end.ns)});
    }
    std::string operator()(const BidRefused&) const { return ""; }
    std::string operator()(const Suspended& e) const {
      return line("Suspended", {std::to_string(e.time.ns), e.reason, std::to_string(e.resume_time.ns)});
    }
    std::string operator()(const Resumed& e) const {
      return line("Resumed", {std::string(StateName(e.state)), std::to_string(e.end.ns)});
    }
    std::string operator()(const Closed& e) const {
      return line("Closed",
                  {std::string(OutcomeName(e.outcome)), std::to_string(e.time.ns),
                   e.winner ? e.winner->code : "", e.winner ? std::to_string(e.winner->price.value) : "0",
                   e.reserve ? std::to_string(e.reserve->price.value) : "0"});
    }
  };
  return std::visit(Visitor{join}, event.payload);
}

}  // namespace ttx::auction
