#include "services/auction/domain/dutch.h"

namespace ttx::auction {

Fen CurrentDutchPrice(const Auction& auction, Time now) {
  const Time begun = auction.phase_end - DutchLength(auction.rules());
  return DutchPrice(auction.rules(), (now - begun).ns / auction.rules().dutch.interval.ns);
}

std::optional<Reason> RefuseAcceptance(const Auction& auction, Fen price, Time now) {
  if (price != CurrentDutchPrice(auction, now)) return Reason::kPRICE_MISMATCH;
  return std::nullopt;
}

void AcceptDutch(Recorder& recorder, const std::string& code) {
  const Auction& auction = recorder.state();
  const Time now = recorder.now();
  recorder.Add(
      BidAccepted{{auction.bid_count + 1, code, CurrentDutchPrice(auction, now), now, RankOf(auction, code)},
                  auction.phase_end,
                  auction.cycle_number});
  Finish(recorder, now);
}

}  // namespace ttx::auction
