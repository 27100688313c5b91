#include "services/auction/domain/dynamic.h"

#include "services/auction/domain/default.h"
#include "services/auction/domain/limits.h"
#include "services/auction/domain/single_bidder.h"

namespace ttx::auction {
namespace {

constexpr std::string_view kListingExtended = "LISTING_EXTENDED";

bool IsStoppedFree(const Auction& auction) {
  return auction.state == State::kSuspended && auction.suspended_state == State::kFree;
}

}  // namespace

bool TakesBidders(const Auction& auction, Time qualify_time) {
  const State phase = PhaseOf(auction);
  if (phase == State::kScheduled) return true;
  if (auction.rules().mode != Mode::kDynamic) return false;
  const bool is_cut_free = phase == State::kCapDeclaring && auction.cut.state == State::kFree;
  if (phase == State::kFree || is_cut_free) return true;
  const bool goes_on =
      phase == State::kPreparing || phase == State::kLimited || phase == State::kCapDeclaring;
  return goes_on && qualify_time && qualify_time < auction.free_end;
}

bool CloseAtFreeEnd(Recorder& recorder) {
  const Auction& auction = recorder.state();
  const Time end = auction.phase_end;
  if (EligibleCount(auction) < auction.rules().min_bidders) {
    CloseWithout(recorder, Outcome::kTooFewBidders, end);
    return true;
  }
  if (!IsSingleQuote(auction)) return false;
  EndSingleQuote(recorder);
  return true;
}

Decision Decide(const Auction& state, const MoveFreeEnd& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  const Auction& auction = recorder.state();
  if (auction.rules().mode != Mode::kDynamic) return recorder.Refuse(WrongMode(auction));
  const bool stopped = IsStoppedFree(auction);
  if (auction.state != State::kFree && !stopped) return recorder.Refuse(WrongState(auction, "MoveFreeEnd"));
  const Time end = stopped ? auction.suspend_time + auction.remaining : auction.phase_end;
  const Time latest = auction.terms->start_time + kMaxFreePeriod;
  if (command.end <= end || command.end > latest) {
    return recorder.Refuse(InvalidField("end_time", Reason::kOUT_OF_RANGE,
                                        FormatTime(end) + " < end_time <= " + FormatTime(latest)));
  }
  recorder.Add(Extended{command.end, std::string(kListingExtended)});
  return recorder.Take();
}

}  // namespace ttx::auction
