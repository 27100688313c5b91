#include "services/auction/domain/draw.h"

#include <algorithm>

#include "services/auction/domain/priority.h"
#include "services/auction/domain/tender.h"

namespace ttx::auction {
namespace {

constexpr size_t kDigestBytes = 32;

const Bid& DeclaredBy(const Auction& auction, std::string_view code) {
  for (const Bid& bid : auction.declared) {
    if (bid.code == code) return bid;
  }
  TTX_CHECK(false, "a lot among codes that declared nothing");
}

}  // namespace

void OpenLot(Recorder& recorder, std::vector<std::string> codes) {
  std::sort(codes.begin(), codes.end());
  recorder.Add(LotOpened{std::move(codes)});
}

size_t DrawIndex(std::string_view digest, size_t count) {
  size_t remainder = 0;
  for (const char byte : digest) remainder = (remainder * 256 + static_cast<unsigned char>(byte)) % count;
  return remainder;
}

std::string DrawMaterial(const Auction& auction) {
  std::string material =
      "TTX-DRAW-1|" + (auction.terms->draw_seed ? auction.terms->draw_seed->seed : "") + "|";
  for (const std::string& code : auction.lot) material += code + "|";
  return material;
}

Decision Decide(const Auction& state, const DrawLot& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  if (recorder.state().state != State::kDrawing)
    return recorder.Refuse(WrongState(recorder.state(), "DrawLot"));
  if (command.digest.size() != kDigestBytes) {
    return recorder.Refuse(InvalidField("digest", Reason::kBAD_FORMAT, "32 bytes"));
  }
  const Auction& auction = recorder.state();
  const std::string code = auction.lot[DrawIndex(command.digest, auction.lot.size())];
  recorder.Add(
      LotDrawn{code, command.digest, auction.terms->draw_seed ? auction.terms->draw_seed->seed : ""});
  if (auction.rules().mode == Mode::kTender) {
    NameCandidate(recorder, code);
  } else if (auction.exercise.rank > 0) {
    TakePlace(recorder, code, now);
  } else {
    recorder.Add(LeaderNamed{DeclaredBy(auction, code)});
    Finish(recorder, now);
  }
  return recorder.Take();
}

}  // namespace ttx::auction
