// Prices from bidders (domain.md 5.2): the checks all modes share, in their order, and the rising bid.

#include <algorithm>

#include "services/auction/domain/cap.h"
#include "services/auction/domain/dutch.h"
#include "services/auction/domain/engine.h"
#include "services/auction/domain/english.h"
#include "services/auction/domain/multi.h"
#include "services/auction/domain/priority.h"
#include "services/auction/domain/proxy.h"
#include "services/auction/domain/single_bidder.h"

namespace ttx::auction {
namespace {

// Step 1: whether the phase takes prices at all.
std::optional<Reason> RefusePhase(State state) {
  switch (state) {
    case State::kFree:
    case State::kLimited:
    case State::kEnglish:
    case State::kDutch:
    case State::kCapDeclaring:
    case State::kRaise:
      return std::nullopt;
    case State::kScheduled:
    case State::kPreparing:
      return Reason::kNOT_OPEN;
    case State::kSuspended:
      return Reason::kAUCTION_SUSPENDED;
    case State::kSubmitting:
      return Reason::kWRONG_MODE;
    case State::kClosed:
    case State::kDrawing:
    case State::kPriorityExercise:
    case State::kClosedForOpening:
    case State::kOpeningRequested:
    case State::kSharesCollecting:
    case State::kSelfRevealing:
    case State::kOpening:
    case State::kEvaluating:
    case State::kPublicity:
      return Reason::kPHASE_CLOSED;
  }
  TTX_CHECK(false, "unreachable");
}

// Steps 4 to 9, for rising bids.
std::optional<Reason> RefuseRise(const Auction& auction, const PlaceBid& command) {
  const Rules& rules = auction.rules();
  const std::string& code = command.bidder->code;
  const std::optional<Fen> current = auction.leading ? std::optional(auction.leading->price) : std::nullopt;
  if (command.price < rules.start_price) return Reason::kBELOW_START;
  if (!IsMultiple(rules, current, command.price)) return Reason::kNOT_MULTIPLE;
  if (rules.cap && command.price > *rules.cap) return Reason::kABOVE_CAP;
  if (current && command.price <= *current && !MayMatch(auction, code, command.price))
    return Reason::kNOT_HIGHER;
  if (!rules.self_outbid && auction.leading && auction.leading->code == code) return Reason::kSELF_LEADING;
  const Fen base = current.value_or(rules.start_price);
  if (!command.confirm && RisesTooFar(rules, base, command.price)) return Reason::kNEED_CONFIRM;
  return std::nullopt;
}

// Why the price is refused, in the order of domain.md 5.2; nothing when it is accepted.
std::optional<Reason> RefusePrice(const Auction& auction, const PlaceBid& command, Time now) {
  if (const auto reason = RefusePhase(auction.state)) return reason;
  if (const auto reason = RefuseCaller(auction, command.bidder, command.claimed_code)) return reason;
  const std::string& code = command.bidder->code;
  if (auction.state == State::kDutch) return RefuseAcceptance(auction, command.price, now);
  if (auction.state == State::kCapDeclaring) return RefuseDeclaration(auction, code, command.price);
  if (auction.state == State::kRaise) return RefuseRaise(auction, code, command.price, command.confirm);
  return RefuseRise(auction, command);
}

void AcceptPrice(Recorder& recorder, const std::string& code, Fen price) {
  const State state = recorder.state().state;
  if (state == State::kDutch) {
    AcceptDutch(recorder, code);
  } else if (state == State::kCapDeclaring) {
    AcceptDeclaration(recorder, code);
  } else if (state == State::kRaise) {
    AcceptRaise(recorder, code, price);
  } else {
    AcceptRise(recorder, code, price, /*automatic=*/false);
    AnswerByProxy(recorder);
    AfterRise(recorder);
  }
}

Time EndAfterBid(const Auction& auction, Time bid_time) {
  if (auction.state == State::kLimited) return LimitedEndAfterBid(auction.rules(), auction.phase_end, bid_time);
  if (auction.state == State::kEnglish) return SoftClose(auction.rules(), auction.phase_end, bid_time);
  return auction.phase_end;
}

}  // namespace

bool Contains(const std::vector<std::string>& codes, std::string_view code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool IsBarred(const Auction& auction, std::string_view code) { return Contains(auction.barred, code); }

int32_t RankOf(const Auction& auction, std::string_view code) {
  for (const Holder& holder : auction.terms->holders) {
    if (holder.code == code) return holder.rank;
  }
  return 0;
}

std::optional<Reason> RefuseCaller(const Auction& auction, const std::optional<Bidder>& bidder,
                                   std::string_view claimed_code) {
  if (!bidder || IsBarred(auction, bidder->code)) return Reason::kNOT_QUALIFIED;
  if (!claimed_code.empty() && claimed_code != bidder->code) return Reason::kWRONG_BIDDER_CODE;
  return std::nullopt;
}

Decision RefuseAndRecord(Recorder& recorder, const std::optional<Bidder>& bidder,
                         const std::string& organization, Fen price, Error refusal) {
  recorder.Add(BidRefused{bidder ? bidder->code : "", organization, price, refusal.reason});
  return recorder.Refuse(std::move(refusal));
}

Error WrongState(const Auction& auction, std::string_view command) {
  return Error(Reason::kWRONG_STATE, {{"resource", "auctions/" + auction.id().text},
                                      {"state", std::string(StateName(auction.state))},
                                      {"command", std::string(command)}});
}

Error WrongMode(const Auction& auction) {
  return Error(Reason::kWRONG_MODE, {{"mode", std::string(ModeName(auction.rules().mode))}});
}

bool TakesRises(State state) {
  return state == State::kFree || state == State::kLimited || state == State::kEnglish;
}

Fen StartPrice(const Auction& auction) {
  const bool second_round = !auction.envelopes.tied.empty() && auction.leading;
  return second_round ? auction.leading->price : auction.rules().start_price;
}

Fen NextRise(const Auction& auction) {
  return auction.leading ? NextPrice(auction.rules(), auction.leading->price) : auction.rules().start_price;
}

void AcceptRise(Recorder& recorder, const std::string& code, Fen price, bool automatic) {
  const Auction& auction = recorder.state();
  const Time now = recorder.now();
  const bool limited = auction.state == State::kLimited;
  recorder.Add(BidAccepted{{auction.bid_count + 1, code, price, now, RankOf(auction, code), automatic},
                           EndAfterBid(auction, now),
                           limited ? auction.cycle_number + 1 : auction.cycle_number});
}

void AfterRise(Recorder& recorder) {
  const Auction& auction = recorder.state();
  if (auction.rules().cap && auction.leading->price == *auction.rules().cap) {
    ReachCap(recorder);
  } else if (auction.rules().mode != Mode::kDynamic && IsSingleQuote(auction)) {
    Close(recorder, recorder.now());
  }
}

std::optional<Fen> MinAcceptable(const Auction& auction, Time now) {
  if (TakesRises(auction.state) || auction.state == State::kRaise) return NextRise(auction);
  if (auction.state == State::kDutch) return CurrentDutchPrice(auction, now);
  if (auction.state == State::kCapDeclaring) return auction.rules().cap;
  return std::nullopt;
}

Decision Decide(const Auction& state, const PlaceBid& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  if (const auto reason = RefusePrice(recorder.state(), command, now)) {
    // A price sent in the open to a sealed session is not even recorded.
    const bool sealed = IsSealed(recorder.state().rules().mode);
    Error refusal = *reason == Reason::kWRONG_MODE ? WrongMode(recorder.state()) : Error(*reason);
    return RefuseAndRecord(recorder, command.bidder, command.organization, sealed ? Fen{} : command.price,
                           std::move(refusal));
  }
  const std::string& code = command.bidder->code;
  if (TakesRises(recorder.state().state) && ProxyTakes(recorder.state(), code, command.price)) {
    BidForProxy(recorder, command.price);
    return RefuseAndRecord(recorder, command.bidder, command.organization, command.price,
                           Reason::kNOT_HIGHER);
  }
  AcceptPrice(recorder, code, command.price);
  return recorder.Take();
}

Error RefusalError(const Decision& decision) {
  const Auction& auction = decision.next;
  Error error = *decision.refusal;
  error.metadata.emplace("auction", "auctions/" + auction.id().text);
  error.metadata.emplace("state", StateName(auction.state));
  if (const auto price = MinAcceptable(auction, auction.update_time)) {
    error.metadata.emplace("min_acceptable_fen", std::to_string(price->value));
  }
  if (error.reason == Reason::kABOVE_CAP) {
    error.metadata.emplace("cap_fen", std::to_string(auction.rules().cap->value));
  }
  return error;
}

}  // namespace ttx::auction
