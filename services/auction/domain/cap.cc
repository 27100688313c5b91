#include "services/auction/domain/cap.h"

#include <algorithm>

#include "services/auction/domain/draw.h"

namespace ttx::auction {

void ReachCap(Recorder& recorder) {
  switch (recorder.state().rules().cap_policy) {
    case CapPolicy::kEndAtCap:
      Finish(recorder, recorder.now());
      return;
    case CapPolicy::kLotteryAtCap:
      StartPhase(recorder, State::kCapDeclaring, recorder.now());
      return;
  }
}

std::optional<Reason> RefuseDeclaration(const Auction& auction, std::string_view code, Fen price) {
  const Fen cap = *auction.rules().cap;
  if (price > cap) return Reason::kABOVE_CAP;
  if (price < cap) return Reason::kNOT_HIGHER;
  const bool declared = std::any_of(auction.declared.begin(), auction.declared.end(),
                                    [&](const Bid& bid) { return bid.code == code; });
  return declared ? std::optional(Reason::kSELF_LEADING) : std::nullopt;
}

void AcceptDeclaration(Recorder& recorder, const std::string& code) {
  const Auction& auction = recorder.state();
  recorder.Add(
      BidAccepted{{auction.bid_count + 1, code, *auction.rules().cap, recorder.now(), RankOf(auction, code)},
                  auction.phase_end,
                  auction.cycle_number});
}

void EndDeclaring(Recorder& recorder) {
  const Auction& auction = recorder.state();
  if (auction.declared.size() == 1) {
    Finish(recorder, auction.phase_end);
    return;
  }
  std::vector<std::string> codes;
  for (const Bid& bid : auction.declared) codes.push_back(bid.code);
  OpenLot(recorder, std::move(codes));
}

}  // namespace ttx::auction
