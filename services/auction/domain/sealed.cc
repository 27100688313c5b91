#include "services/auction/domain/sealed.h"

#include <algorithm>
#include <bit>
#include <set>

#include "services/auction/domain/limits.h"
#include "services/auction/domain/suspension.h"
#include "services/auction/domain/weighted.h"

namespace ttx::auction {
namespace {

constexpr size_t kDigestBytes = 32;

std::optional<Error> RefuseSubmitting(const Auction& auction, const std::optional<Bidder>& bidder) {
  if (!IsSealed(auction.rules().mode)) return WrongMode(auction);
  if (auction.state == State::kScheduled) return Reason::kNOT_OPEN;
  if (auction.state == State::kSuspended) return Reason::kAUCTION_SUSPENDED;
  if (auction.state != State::kSubmitting) return Reason::kPHASE_CLOSED;
  if (const auto reason = RefuseCaller(auction, bidder, "")) return *reason;
  const bool invited = auction.envelopes.tied.empty() || Contains(auction.envelopes.tied, bidder->code);
  return invited ? std::nullopt : std::optional<Error>(Reason::kNOT_ASKED);
}

std::optional<Error> RefuseEnvelope(const Auction& auction, const SubmitEnvelope& command) {
  if (auto error = RefuseSubmitting(auction, command.bidder)) return error;
  const int32_t limit = auction.rules().sealed.submissions;
  if (command.submitted >= limit)
    return Error(Reason::kALREADY_SUBMITTED, {{"limit", std::to_string(limit)}});
  if (command.unfit) return command.unfit;
  if (command.digest.size() != kDigestBytes) return InvalidField("envelope", Reason::kBAD_FORMAT, "32 bytes");
  return std::nullopt;
}

bool IsComplete(const Auction& auction, const OpenEnvelopes& command) {
  std::set<std::string_view> codes;
  for (const EnvelopeContent& content : command.envelopes) codes.insert(content.bidder.code);
  return codes.size() == command.envelopes.size() &&
         codes.size() == static_cast<size_t>(auction.envelopes.count);
}

std::optional<Reason> Invalid(const Auction& auction, const EnvelopeContent& content) {
  const Rules& rules = auction.rules();
  if (!content.price) return content.unreadable;
  if (IsBarred(auction, content.bidder.code)) return Reason::kNOT_QUALIFIED;
  if (*content.price < StartPrice(auction)) return Reason::kBELOW_START;
  if (content.price->value > kMaxFen) return Reason::kOUT_OF_RANGE;
  if (rules.sealed.check_multiple && !IsMultiple(rules, std::nullopt, *content.price))
    return Reason::kNOT_MULTIPLE;
  return std::nullopt;
}

// In the order in which the envelopes came.
std::vector<OpenedBid> Verdicts(const Auction& auction, std::vector<EnvelopeContent> envelopes) {
  std::sort(envelopes.begin(), envelopes.end(), [](const EnvelopeContent& a, const EnvelopeContent& b) {
    return a.time != b.time ? a.time < b.time : a.bidder.code < b.bidder.code;
  });
  std::vector<OpenedBid> bids;
  int64_t number = auction.bid_count;
  for (const EnvelopeContent& content : envelopes) {
    const std::string& code = content.bidder.code;
    bids.push_back({{++number, code, content.price.value_or(Fen{}), content.time, RankOf(auction, code)},
                    Invalid(auction, content),
                    0,
                    0});
  }
  return bids;
}

std::vector<Bid> ValidBids(const std::vector<OpenedBid>& opened) {
  std::vector<Bid> bids;
  for (const OpenedBid& bid : opened) {
    if (!bid.invalid) bids.push_back(bid.bid);
  }
  return bids;
}

// The valid bids at the highest price, the one that ties fall to first.
std::vector<Bid> BestBids(const std::vector<OpenedBid>& opened) {
  std::vector<Bid> bids = ValidBids(opened);
  std::sort(bids.begin(), bids.end(), IsBetterSealed);
  const auto lower =
      std::find_if(bids.begin(), bids.end(), [&](const Bid& bid) { return bid.price < bids[0].price; });
  bids.erase(lower, bids.end());
  return bids;
}

// A second round brought nothing: the first round's order stands, unless all who were first in it are barred.
void EndSecondRound(Recorder& recorder, Time end) {
  if (recorder.state().leading) {
    Finish(recorder, end);
  } else {
    CloseUnsold(recorder, end);
  }
}

void DecideSealed(Recorder& recorder) {
  const Auction& auction = recorder.state();
  const bool second_round = !auction.envelopes.tied.empty();
  const std::vector<Bid> best = BestBids(auction.envelopes.opened);
  if (best.empty()) {
    second_round ? EndSecondRound(recorder, recorder.now()) : Finish(recorder, recorder.now());
    return;
  }
  recorder.Add(LeaderNamed{best.front()});
  if (best.size() > 1 && !second_round && auction.rules().tie_rule == TieRule::kRequote) {
    std::vector<std::string> codes;
    for (const Bid& bid : best) codes.push_back(bid.code);
    std::sort(codes.begin(), codes.end());
    recorder.Add(RequoteCalled{std::move(codes), best.front().price});
    StartPhase(recorder, State::kSubmitting, recorder.now());
    return;
  }
  Finish(recorder, recorder.now());
}

// What the barred handed in does not count towards the fewest, which showed only now that all is open.
bool CloseIfBarredLeaveTooFew(Recorder& recorder) {
  const Auction& auction = recorder.state();
  const std::vector<OpenedBid>& opened = auction.envelopes.opened;
  const auto count = std::count_if(opened.begin(), opened.end(), [&](const OpenedBid& bid) {
    return !IsBarred(auction, bid.bid.code);
  });
  const bool second_round = !auction.envelopes.tied.empty();
  if (second_round || count >= auction.rules().min_bidders) return false;
  CloseWithout(recorder, Outcome::kTooFewBidders, recorder.now());
  return true;
}

void DecideTender(Recorder& recorder) {
  if (!CloseIfTooFew(recorder)) StartPhase(recorder, State::kEvaluating, recorder.now());
}

bool HasQuorum(const Auction& auction) {
  return std::popcount(auction.envelopes.holders) >= auction.rules().sealed.shares_needed;
}

bool HolderIsMissing(const Auction& auction) {
  return std::popcount(auction.envelopes.holders) < auction.rules().sealed.shares_total;
}

// Whether shares count: as long as they are collected, and while it is tried to open with those that are in.
bool TakesShares(const Auction& auction) {
  return auction.state == State::kSharesCollecting ||
         (auction.state == State::kOpening && !auction.envelopes.bidders_asked);
}

// The phase in which somebody else may open what does not open now; nothing when everybody was asked.
std::optional<PhaseStarted> NextTry(const Auction& auction, Time now) {
  const SealedRules& rules = auction.rules().sealed;
  const Envelopes& envelopes = auction.envelopes;
  if (envelopes.bidders_asked) return std::nullopt;
  if (HolderIsMissing(auction) && envelopes.collect_end > now) {
    return PhaseStarted{State::kSharesCollecting, now, envelopes.collect_end};
  }
  if (HolderIsMissing(auction) && envelopes.date == 1 && rules.second_period > Duration{}) {
    return PhaseStarted{State::kSharesCollecting, now, now + rules.second_period};
  }
  if (rules.reveal_period > Duration{}) {
    return PhaseStarted{State::kSelfRevealing, now, now + rules.reveal_period};
  }
  return std::nullopt;
}

std::optional<Error> RefuseOpening(const Auction& auction, const OpenEnvelopes& command) {
  if (!IsSealed(auction.rules().mode)) return WrongMode(auction);
  if (auction.state == State::kSharesCollecting) {
    return Error(Reason::kQUORUM_NOT_REACHED,
                 {{"count", std::to_string(std::popcount(auction.envelopes.holders))},
                  {"threshold", std::to_string(auction.rules().sealed.shares_needed)}});
  }
  if (auction.state != State::kOpening) return WrongState(auction, "OpenEnvelopes");
  if (!IsComplete(auction, command)) {
    return InvalidField("envelopes", Reason::kOUT_OF_RANGE, std::to_string(auction.envelopes.count));
  }
  return std::nullopt;
}

// Where what was sealed in a round still is.
bool IsBeforeOpening(State phase) {
  switch (phase) {
    case State::kSubmitting:
    case State::kClosedForOpening:
    case State::kOpeningRequested:
    case State::kSharesCollecting:
    case State::kSelfRevealing:
    case State::kOpening:
      return true;
    case State::kScheduled:
    case State::kFree:
    case State::kPreparing:
    case State::kLimited:
    case State::kSuspended:
    case State::kClosed:
    case State::kEnglish:
    case State::kDutch:
    case State::kCapDeclaring:
    case State::kDrawing:
    case State::kPriorityExercise:
    case State::kRaise:
    case State::kEvaluating:
    case State::kPublicity:
      return false;
  }
  TTX_CHECK(false, "unreachable");
}

// A session closed before its envelopes were opened: nobody could, too few came, or two persons or the end of its
// listing annulled it. Bids are numbered as envelopes are opened: where OPENING came to that, it was not before.
bool ClosedUnopened(const Auction& auction) {
  switch (auction.outcome) {
    case Outcome::kNotOpened:
      return true;
    case Outcome::kTooFewBidders:
      return auction.bid_count == 0;
    case Outcome::kAnnulled:
      if (auction.suspended_state == State::kScheduled) return true;
      return IsBeforeOpening(auction.suspended_state) && auction.bid_count == auction.phase_base->bid_count;
    case Outcome::kNone:
    case Outcome::kWinner:
    case Outcome::kNoBid:
    case Outcome::kBelowReserve:
      return false;
  }
  TTX_CHECK(false, "unreachable");
}

}  // namespace

State PhaseOf(const Auction& auction) {
  return auction.state == State::kSuspended ? auction.suspended_state : auction.state;
}

bool KeepsEnvelopesSecret(const Auction& auction) { return IsBeforeOpening(PhaseOf(auction)); }

bool EnvelopesAreOpen(const Auction& auction) {
  return IsSealed(auction.rules().mode) && PhaseOf(auction) != State::kScheduled &&
         !KeepsEnvelopesSecret(auction) && !ClosedUnopened(auction);
}

bool BeforeAtEqualPrice(const Bid& a, const Bid& b) {
  constexpr int32_t kLast = INT32_MAX;
  const int32_t rank_a = a.rank == 0 ? kLast : a.rank;
  const int32_t rank_b = b.rank == 0 ? kLast : b.rank;
  if (rank_a != rank_b) return rank_a < rank_b;
  return a.time != b.time ? a.time < b.time : a.number < b.number;
}

bool IsBetterSealed(const Bid& a, const Bid& b) {
  return a.price != b.price ? a.price > b.price : BeforeAtEqualPrice(a, b);
}

bool CloseIfTooFew(Recorder& recorder) {
  const auto valid = static_cast<int32_t>(ValidBids(recorder.state().envelopes.opened).size());
  if (valid >= recorder.state().rules().min_bidders) return false;
  CloseWithout(recorder, Outcome::kTooFewBidders, recorder.now());
  return true;
}

void EndSubmitting(Recorder& recorder) {
  const Auction& auction = recorder.state();
  const Time end = auction.phase_end;
  const bool second_round = !auction.envelopes.tied.empty();
  if (auction.envelopes.count == 0 && second_round) {
    EndSecondRound(recorder, end);
  } else if (auction.envelopes.count == 0 && auction.rules().mode != Mode::kTender) {
    Finish(recorder, end);
  } else if (!second_round && auction.envelopes.count < auction.rules().min_bidders) {
    CloseWithout(recorder, Outcome::kTooFewBidders, end);  // unopened
  } else {
    StartPhase(recorder, State::kClosedForOpening, end);
  }
}

// Nobody could open the envelopes.
void CloseUnopened(Recorder& recorder, Time end) {
  if (recorder.state().envelopes.tied.empty()) {
    CloseWithout(recorder, Outcome::kNotOpened, end);
  } else {
    EndSecondRound(recorder, end);
  }
}

void EndCollecting(Recorder& recorder) {
  const Auction& auction = recorder.state();
  const SealedRules& rules = auction.rules().sealed;
  const Time end = auction.phase_end;
  if (auction.envelopes.date == 1 && rules.second_period > Duration{}) {
    StartPhase(recorder, State::kSharesCollecting, end);
  } else if (rules.reveal_period > Duration{}) {
    StartPhase(recorder, State::kSelfRevealing, end);
  } else if (HasQuorum(auction)) {
    StartPhase(recorder, State::kOpening, end);
  } else {
    CloseUnopened(recorder, end);
  }
}

void EndRevealing(Recorder& recorder) {
  const Time end = recorder.state().phase_end;
  if (recorder.state().envelopes.revealed == 0 && !HasQuorum(recorder.state())) {
    CloseUnopened(recorder, end);
  } else {
    StartPhase(recorder, State::kOpening, end);
  }
}

std::optional<Error> CheckOpening(const Auction& auction) {
  if (!IsSealed(auction.rules().mode)) return WrongMode(auction);
  if (auction.state != State::kClosedForOpening && auction.state != State::kOpeningRequested) {
    return WrongState(auction, ActName(Act::kOpen));
  }
  if (auction.rules().mode == Mode::kWeighted && auction.envelopes.scores.empty())
    return Reason::kSCORES_NOT_FIXED;
  return std::nullopt;
}

Decision Decide(const Auction& state, const SubmitEnvelope& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  if (auto error = RefuseEnvelope(recorder.state(), command)) {
    return RefuseAndRecord(recorder, command.bidder, command.organization, Fen{}, *std::move(error));
  }
  recorder.Add(EnvelopeAccepted{command.bidder->code, recorder.state().envelopes.round, command.digest,
                                command.standing});
  return recorder.Take();
}

Decision Decide(const Auction& state, const WithdrawEnvelope& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  auto error = RefuseSubmitting(recorder.state(), command.bidder);
  if (!error && !recorder.state().rules().sealed.may_withdraw) {
    error = Error(Reason::kRULE_OFF, {{"rule", "sealed.may_withdraw"}});
  }
  if (!error && !command.standing) error = Reason::kNOT_SUBMITTED;
  if (error) return RefuseAndRecord(recorder, command.bidder, command.organization, Fen{}, *std::move(error));
  recorder.Add(EnvelopeWithdrawn{command.bidder->code, recorder.state().envelopes.round});
  return recorder.Take();
}

Decision Decide(const Auction& state, const HandInShares& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  const Auction& auction = recorder.state();
  if (!IsSealed(auction.rules().mode)) return recorder.Refuse(WrongMode(auction));
  if (!TakesShares(auction)) return recorder.Refuse(WrongState(auction, "HandInShares"));
  const SealedRules& rules = auction.rules().sealed;
  if (command.holder < 0 || command.holder >= rules.shares_total) {
    return recorder.Refuse(
        InvalidField("holder", Reason::kOUT_OF_RANGE, "0.." + std::to_string(rules.shares_total - 1)));
  }
  if ((auction.envelopes.holders >> command.holder & 1U) != 0) {
    return recorder.Refuse(InvalidField("holder", Reason::kDUPLICATE));
  }
  if (!command.complete) return recorder.Take();
  recorder.Add(SharesReceived{command.holder});
  if (auction.state == State::kSharesCollecting && HasQuorum(auction)) {
    StartPhase(recorder, State::kOpening, now);
  }
  return recorder.Take();
}

Decision Decide(const Auction& state, const RevealEnvelope& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  const Auction& auction = recorder.state();
  if (!IsSealed(auction.rules().mode)) return recorder.Refuse(WrongMode(auction));
  if (auction.state != State::kSelfRevealing) return recorder.Refuse(WrongState(auction, "RevealEnvelope"));
  if (const auto reason = RefuseCaller(auction, command.bidder, "")) return recorder.Refuse(*reason);
  if (!command.standing) return recorder.Refuse(Reason::kNOT_SUBMITTED);
  if (command.revealed) return recorder.Refuse(InvalidField("envelope", Reason::kDUPLICATE));
  recorder.Add(EnvelopeRevealed{command.bidder->code});
  if (command.last || recorder.state().envelopes.revealed == recorder.state().envelopes.count) {
    StartPhase(recorder, State::kOpening, now);
  }
  return recorder.Take();
}

bool MayAskAgain(const Auction& auction, Time now) {
  return auction.state == State::kOpening && NextTry(auction, now).has_value();
}

Decision Decide(const Auction& state, const AskAgain&, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  const Auction& auction = recorder.state();
  if (!IsSealed(auction.rules().mode)) return recorder.Refuse(WrongMode(auction));
  if (!MayAskAgain(auction, now)) return recorder.Refuse(WrongState(auction, "AskAgain"));
  if (auction.objected) return recorder.Refuse(ObjectionOpen(auction));
  recorder.Add(*NextTry(auction, now));
  return recorder.Take();
}

Decision Decide(const Auction& state, const OpenEnvelopes& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  if (auto error = RefuseOpening(recorder.state(), command)) return recorder.Refuse(*std::move(error));
  if (recorder.state().objected) return recorder.Refuse(ObjectionOpen(recorder.state()));
  std::vector<OpenedBid> bids = Verdicts(recorder.state(), command.envelopes);
  const Mode mode = recorder.state().rules().mode;
  if (mode == Mode::kWeighted) AddTotals(recorder.state(), bids);
  recorder.Add(Opened{std::move(bids)});
  if (mode == Mode::kTender) {
    DecideTender(recorder);
  } else if (CloseIfBarredLeaveTooFew(recorder)) {
    return recorder.Take();
  } else if (mode == Mode::kWeighted) {
    DecideWeighted(recorder);
  } else {
    DecideSealed(recorder);
  }
  return recorder.Take();
}

}  // namespace ttx::auction
