#include "services/auction/domain/dynamic.h"

#include "services/auction/domain/limits.h"
#include "services/auction/domain/single_bidder.h"

namespace ttx::auction {

bool CloseAtFreeEnd(Recorder& recorder) {
  const Auction& auction = recorder.state();
  const Time end = auction.phase_end;
  if (auction.bidder_count < auction.rules().min_bidders) {
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
  if (auction.state != State::kFree) return recorder.Refuse(WrongState(auction, "MoveFreeEnd"));
  const Time latest = auction.terms->start_time + kMaxFreePeriod;
  if (command.end <= auction.phase_end || command.end > latest) {
    return recorder.Refuse(
        InvalidField("end_time", Reason::kOUT_OF_RANGE,
                     FormatTime(auction.phase_end) + " < end_time <= " + FormatTime(latest)));
  }
  recorder.Add(Extended{command.end, "LISTING_EXTENDED"});
  return recorder.Take();
}

}  // namespace ttx::auction
