#include "services/auction/domain/single_bidder.h"

namespace ttx::auction {

bool IsSingleQuote(const Auction& auction) {
  return auction.rules().single_bidder == SingleBidder::kAgreementAtQuote && auction.bidder_count == 1;
}

void EndSingleQuote(Recorder& recorder) {
  const Time end = recorder.state().phase_end;
  const bool is_silent = WasSilent(recorder.state()) && recorder.state().barred.empty();
  if (is_silent) recorder.Add(Forfeited{"", ForfeitCause::kNoSingleQuote, false});
  Close(recorder, end);
}

}  // namespace ttx::auction
