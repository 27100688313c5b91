#pragma once

// What the modes share. Private to the domain.

#include <string_view>

#include "services/auction/domain/auction.h"

namespace ttx::auction {

/// Collects events while keeping the state that follows from them.
class Recorder {
 public:
  Recorder(const Auction& state, Time now) : now_(now) {
    decision_.next = state;
    decision_.events.reserve(2);
  }
  void Add(Payload payload);
  const Auction& state() const { return decision_.next; }
  Time now() const { return now_; }
  Decision Take() { return std::move(decision_); }
  Decision Refuse(Error refusal) {
    decision_.refusal = std::move(refusal);
    return std::move(decision_);
  }

 private:
  const Time now_;
  Decision decision_;
};

void ApplyTo(Auction& auction, const Event& event);

// --- Time (auction.cc)

/// Ends the phases whose end is at or before `until`: the interval of a phase is half-open.
void AdvanceUntil(Recorder& recorder, Time until);
/// What every command does first: continues a suspended session whose time has come, then ends phases up to
/// now.
void AdvanceAndResume(Recorder& recorder);
/// Whether the phase has an end that time alone brings.
bool IsTimed(State state);
/// How long a phase lasts when nothing moves its end.
Duration FullLength(const Auction& auction, State phase);
void StartPhase(Recorder& recorder, State phase, Time start);

// --- Endings (closing.cc)

/// The bidding is over: of open bids, too few bidders who are not barred close the session. Otherwise as AskOrClose.
void Finish(Recorder& recorder, Time time);
/// Priority holders are asked where the rules say so, then the session closes.
void AskOrClose(Recorder& recorder, Time time);
/// Closes with what follows from the leader and the reserve price.
void Close(Recorder& recorder, Time time);
/// Closes without a winner, for the one who had the object broke its promise (domain.md 5.12).
void CloseUnsold(Recorder& recorder, Time time);
/// Closes without a winner.
void CloseWithout(Recorder& recorder, Outcome outcome, Time time, std::string reason = "");
Outcome OutcomeOf(const Auction& auction);
/// Nobody ever quoted (domain.md 5.12 b, c): no bid was accepted and no envelope stands, nor was one voided since.
bool WasSilent(const Auction& auction);

// --- Callers (bidding.cc)

bool IsBarred(const Auction& auction, std::string_view code);
/// The rank of a bidder's priority right, 0 without one.
int32_t RankOf(const Auction& auction, std::string_view code);
/// NOT_QUALIFIED, WRONG_BIDDER_CODE or nothing.
std::optional<Reason> RefuseCaller(const Auction& auction, const std::optional<Bidder>& bidder,
                                   std::string_view claimed_code);
/// Records a refused price or envelope and refuses.
Decision RefuseAndRecord(Recorder& recorder, const std::optional<Bidder>& bidder,
                         const std::string& organization, Fen price, Error refusal);
Error WrongState(const Auction& auction, std::string_view command);
Error WrongMode(const Auction& auction);
bool Contains(const std::vector<std::string>& codes, std::string_view code);

// --- Rising bids (bidding.cc)

/// FREE, LIMITED and the window of ENGLISH take rising bids.
bool TakesRises(State state);
/// The price a first bid must reach: the start price, or the tied price in a second sealed round.
Fen StartPrice(const Auction& auction);
/// The lowest price the ladder allows now.
Fen NextRise(const Auction& auction);
void AcceptRise(Recorder& recorder, const std::string& code, Fen price, bool automatic);
/// What follows from a new leading price: the cap, a single bidder's quote.
void AfterRise(Recorder& recorder);

}  // namespace ttx::auction
