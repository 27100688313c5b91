#include "services/auction/domain/proxy.h"

#include <algorithm>

namespace ttx::auction {
namespace {

bool Leads(const Auction& auction, std::string_view code) {
  return auction.leading && auction.leading->code == code;
}

std::optional<Error> RefuseProxy(const Auction& auction, const SetProxy& command) {
  const Rules& rules = auction.rules();
  if (!IsAscending(rules.mode)) return WrongMode(auction);
  if (!rules.proxy_bids) return Error(Reason::kRULE_OFF, {{"rule", "proxy_bids"}});
  if (auction.state == State::kSuspended) return Reason::kAUCTION_SUSPENDED;
  if (auction.state == State::kScheduled || auction.state == State::kPreparing) return Reason::kNOT_OPEN;
  if (!TakesRises(auction.state)) return Reason::kPHASE_CLOSED;
  if (const auto reason = RefuseCaller(auction, command.bidder, "")) return *reason;
  if (command.maximum < StartPrice(auction)) return Reason::kBELOW_START;
  if (!IsMultiple(rules, std::nullopt, command.maximum)) return Reason::kNOT_MULTIPLE;
  if (rules.cap && command.maximum > *rules.cap) return Reason::kABOVE_CAP;
  if (auction.leading && command.maximum <= auction.leading->price) return Reason::kNOT_HIGHER;
  return std::nullopt;
}

// The price at which the challenger stands after it has met the leader's proxy.
Fen PriceAgainst(const Auction& auction, Fen maximum) {
  if (!auction.proxy) return NextRise(auction);
  if (auction.proxy->maximum > maximum) return maximum;
  return std::min(maximum, NextPrice(auction.rules(), auction.proxy->maximum));
}

}  // namespace

bool ProxyTakes(const Auction& auction, std::string_view code, Fen price) {
  return auction.proxy && auction.proxy->code != code && auction.proxy->maximum == price;
}

void BidForProxy(Recorder& recorder, Fen price) {
  AcceptRise(recorder, std::string(recorder.state().proxy->code), price, /*automatic=*/true);
  AfterRise(recorder);
}

void AnswerByProxy(Recorder& recorder) {
  const Auction& auction = recorder.state();
  if (!auction.proxy || Leads(auction, auction.proxy->code)) return;
  const Fen step = NextPrice(auction.rules(), auction.leading->price);
  AcceptRise(recorder, std::string(auction.proxy->code), std::min(auction.proxy->maximum, step),
             /*automatic=*/true);
}

Decision Decide(const Auction& state, const SetProxy& command, Time now) {
  Recorder recorder(state, now);
  AdvanceAndResume(recorder);
  const Auction& auction = recorder.state();
  if (auto error = RefuseProxy(auction, command)) {
    return RefuseAndRecord(recorder, command.bidder, command.organization, Fen{}, *std::move(error));
  }
  const std::string& code = command.bidder->code;
  if (ProxyTakes(auction, code, command.maximum)) {
    BidForProxy(recorder, command.maximum);
    return RefuseAndRecord(recorder, command.bidder, command.organization, Fen{}, Reason::kNOT_HIGHER);
  }
  if (!Leads(auction, code)) {
    AcceptRise(recorder, code, PriceAgainst(auction, command.maximum), /*automatic=*/false);
    AnswerByProxy(recorder);
    AfterRise(recorder);
  }
  const bool has_more =
      Leads(auction, code) && TakesRises(auction.state) && command.maximum > auction.leading->price;
  if (has_more) recorder.Add(ProxySet{code, command.maximum});
  return recorder.Take();
}

}  // namespace ttx::auction
