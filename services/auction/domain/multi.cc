#include "services/auction/domain/multi.h"

#include <algorithm>

#include "services/auction/domain/dynamic.h"

namespace ttx::auction {
namespace {

bool EntersLimited(const Auction& auction) {
  const Time free_end = auction.phase_end;
  switch (auction.rules().limited_entry) {
    case LimitedEntry::kAlways:
      return true;
    case LimitedEntry::kIfTwoBidders:
      return auction.rival.has_value();
    case LimitedEntry::kIfTwoInLastHour:
      return auction.rival.has_value() && auction.rival->time >= free_end - Hours(1);
  }
  TTX_CHECK(false, "unreachable");
}

}  // namespace

void EndFree(Recorder& recorder) {
  const Auction& auction = recorder.state();
  const Time end = auction.phase_end;
  if (auction.rules().mode == Mode::kDynamic && CloseAtFreeEnd(recorder)) return;
  if (!EntersLimited(auction)) {
    Finish(recorder, end);
  } else if (auction.rules().preparation > Duration{}) {
    StartPhase(recorder, State::kPreparing, end);
  } else {
    StartPhase(recorder, State::kLimited, end);
  }
}

Time LimitedEndAfterBid(const Rules& rules, Time end, Time bid_time) {
  return std::max(end, bid_time + rules.cycle);
}

}  // namespace ttx::auction
