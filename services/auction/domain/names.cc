#include "services/auction/domain/auction.h"

namespace ttx::auction {

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
    case State::kEnglish:
      return "ENGLISH";
    case State::kDutch:
      return "DUTCH";
    case State::kCapDeclaring:
      return "CAP_DECLARING";
    case State::kDrawing:
      return "DRAWING";
    case State::kPriorityExercise:
      return "PRIORITY_EXERCISE";
    case State::kRaise:
      return "RAISE";
    case State::kSubmitting:
      return "SUBMITTING";
    case State::kClosedForOpening:
      return "CLOSED_FOR_OPENING";
    case State::kOpeningRequested:
      return "OPENING_REQUESTED";
    case State::kSharesCollecting:
      return "SHARES_COLLECTING";
    case State::kSelfRevealing:
      return "SELF_REVEALING";
    case State::kOpening:
      return "OPENING";
    case State::kEvaluating:
      return "EVALUATING";
    case State::kPublicity:
      return "PUBLICITY";
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
    case Outcome::kAnnulled:
      return "ANNULLED";
    case Outcome::kTooFewBidders:
      return "TOO_FEW_BIDDERS";
    case Outcome::kNotOpened:
      return "NOT_OPENED";
  }
  TTX_CHECK(false, "unreachable");
}

std::string_view ActName(Act act) {
  switch (act) {
    case Act::kSuspend:
      return "SUSPEND";
    case Act::kContinue:
      return "CONTINUE";
    case Act::kRestartPhase:
      return "RESTART_PHASE";
    case Act::kAnnul:
      return "ANNUL";
    case Act::kOpen:
      return "OPEN";
    case Act::kDeclareDefault:
      return "DECLARE_DEFAULT";
  }
  TTX_CHECK(false, "unreachable");
}

std::string_view ForfeitCauseName(ForfeitCause cause) {
  switch (cause) {
    case ForfeitCause::kWithdrew:
      return "WITHDREW";
    case ForfeitCause::kNoSingleQuote:
      return "NO_SINGLE_QUOTE";
    case ForfeitCause::kAllSilent:
      return "ALL_SILENT";
    case ForfeitCause::kMisconduct:
      return "MISCONDUCT";
  }
  TTX_CHECK(false, "unreachable");
}

}  // namespace ttx::auction
