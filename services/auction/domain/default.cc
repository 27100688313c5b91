// Default and forfeiture (悔约, domain.md 5.12): what the bidder did, and that it loses its deposit.
// Settlement spreads the amount; the listing keeps the barred out of the next session.

#include <algorithm>

#include "services/auction/domain/engine.h"
#include "services/auction/domain/priority.h"

namespace ttx::auction {
namespace {

// Whether the cause can be true of a bidder at this point.
bool FitsTime(const Auction& auction, ForfeitCause cause) {
  switch (cause) {
    case ForfeitCause::kNoSingleQuote:
    case ForfeitCause::kAllSilent:
      return false;  // the engine finds these itself
    case ForfeitCause::kWithdrew:
      return auction.state != State::kClosed;
    case ForfeitCause::kNotSigned:
    case ForfeitCause::kNotPaid:
    case ForfeitCause::kConditionsBroken:
      return auction.state == State::kClosed;
    case ForfeitCause::kMisconduct:
      return true;
  }
  TTX_CHECK(false, "unreachable");
}

bool IsWinner(const Auction& auction, std::string_view code) {
  if (auction.outcome != Outcome::kWinner) return false;
  if (auction.leading->code == code) return true;
  const std::vector<Portion> portions = PortionsOf(auction);
  return std::any_of(portions.begin(), portions.end(),
                     [&](const Portion& portion) { return portion.code == code; });
}

}  // namespace

Decision Decide(const Auction& state, const DeclareDefault& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  const Auction& auction = recorder.state();
  if (command.code.empty()) return recorder.Refuse(InvalidField("bidder_code", Reason::kREQUIRED));
  if (!FitsTime(auction, command.cause)) return recorder.Refuse(WrongState(auction, "DeclareDefault"));
  if (auction.state == State::kClosed && command.cause != ForfeitCause::kMisconduct &&
      !IsWinner(auction, command.code)) {
    return recorder.Refuse(Error(Reason::kNOT_ASKED));
  }
  if (IsBarred(auction, command.code))
    return recorder.Refuse(InvalidField("bidder_code", Reason::kDUPLICATE));
  recorder.Add(Forfeited{command.code, command.cause, /*barred=*/true});
  return recorder.Take();
}

}  // namespace ttx::auction
