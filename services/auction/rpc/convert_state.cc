#include "services/auction/rpc/convert_state.h"

namespace ttx::auction {

v1::Auction::State ToProto(State value) {
  switch (value) {
    case State::kScheduled:
      return v1::Auction::SCHEDULED;
    case State::kFree:
      return v1::Auction::FREE;
    case State::kPreparing:
      return v1::Auction::PREPARING;
    case State::kLimited:
      return v1::Auction::LIMITED;
    case State::kSuspended:
      return v1::Auction::SUSPENDED;
    case State::kClosed:
      return v1::Auction::CLOSED;
    case State::kEnglish:
      return v1::Auction::ENGLISH;
    case State::kDutch:
      return v1::Auction::DUTCH;
    case State::kCapDeclaring:
      return v1::Auction::CAP_DECLARING;
    case State::kDrawing:
      return v1::Auction::DRAWING;
    case State::kPriorityExercise:
      return v1::Auction::PRIORITY_EXERCISE;
    case State::kRaise:
      return v1::Auction::RAISE;
    case State::kSubmitting:
      return v1::Auction::SUBMITTING;
    case State::kClosedForOpening:
      return v1::Auction::CLOSED_FOR_OPENING;
    case State::kOpeningRequested:
      return v1::Auction::OPENING_REQUESTED;
    case State::kSharesCollecting:
      return v1::Auction::SHARES_COLLECTING;
    case State::kSelfRevealing:
      return v1::Auction::SELF_REVEALING;
    case State::kOpening:
      return v1::Auction::OPENING;
    case State::kEvaluating:
      return v1::Auction::EVALUATING;
    case State::kPublicity:
      return v1::Auction::PUBLICITY;
  }
  TTX_CHECK(false, "unreachable");
}

v1::Auction::Outcome ToProto(Outcome value) {
  switch (value) {
    case Outcome::kNone:
      return v1::Auction::OUTCOME_UNSPECIFIED;
    case Outcome::kWinner:
      return v1::Auction::WINNER;
    case Outcome::kNoBid:
      return v1::Auction::NO_BID;
    case Outcome::kBelowReserve:
      return v1::Auction::BELOW_RESERVE;
    case Outcome::kAnnulled:
      return v1::Auction::ANNULLED;
    case Outcome::kTooFewBidders:
      return v1::Auction::TOO_FEW_BIDDERS;
    case Outcome::kNotOpened:
      return v1::Auction::NOT_OPENED;
  }
  TTX_CHECK(false, "unreachable");
}

}  // namespace ttx::auction
