#include "libs/bidding/rules_proto.h"
#include "libs/core/encoding.h"
#include "libs/rpc/proto_time.h"
#include "services/auction/rpc/convert.h"
#include "services/auction/rpc/convert_state.h"

namespace ttx::auction {
namespace {

template <class Repeated>
void AddCodes(const std::vector<std::string>& codes, Repeated* to) {
  for (const std::string& code : codes) *to->Add() = code;
}

void Fill(const AuctionId& auction, const std::vector<OpenedBid>& bids, v1::EnvelopesOpened& proto) {
  for (const OpenedBid& opened : bids) *proto.add_envelopes() = ToProto(auction, opened);
}

void Fill(Act act, v1::ActStep::Step step, const std::string& person, v1::ActStep& proto) {
  proto.set_act(std::string(ActName(act)));
  proto.set_step(step);
  proto.set_person(person);
}

struct PayloadToProto {
  const StoredEvent& stored;
  v1::Event& out;

  void operator()(const Scheduled& e) const {
    auto& to = *out.mutable_auction_scheduled();
    *to.mutable_rules() = bidding::ToProto(e.terms->rules);
    *to.mutable_start_time() = rpc::ToProtoTime(e.terms->start_time);
    if (e.terms->reserve) to.set_reserve_commitment(Hex(e.terms->reserve->commitment));
    if (e.terms->draw_seed) to.set_draw_seed_commitment(Hex(e.terms->draw_seed->commitment));
    to.set_bidder_count(static_cast<int32_t>(e.bidders.size()));
    for (const Holder& holder : e.terms->holders) {
      to.add_holders()->set_bidder_code(holder.code);
      to.mutable_holders()->rbegin()->set_priority_rank(holder.rank);
    }
  }
  void operator()(const BidderAdded& e) const {
    out.mutable_bidder_added()->set_bidder_code(e.bidder.code);
    out.mutable_bidder_added()->set_priority_rank(e.bidder.rank);
  }
  void operator()(const PhaseStarted& e) const {
    auto& to = *out.mutable_phase_started();
    to.set_state(ToProto(e.state));
    *to.mutable_start_time() = rpc::ToProtoTime(e.start);
    *to.mutable_end_time() = rpc::ToProtoTime(e.end);
  }
  void operator()(const BidAccepted& e) const {
    *out.mutable_bid_accepted() = ToProto(stored.auction, e.bid, e.phase_end);
  }
  void operator()(const BidRefused& e) const {
    *out.mutable_bid_refused() = ToProto(RefusedBid{stored.event.time, e, ""});
  }
  // A secret maximum is nobody's business: the event has its place in the log and no content.
  void operator()(const ProxySet&) const {}
  void operator()(const Extended& e) const {
    *out.mutable_end_moved()->mutable_end_time() = rpc::ToProtoTime(e.end);
    out.mutable_end_moved()->set_reason(e.reason);
  }
  void operator()(const ActRequested& e) const {
    Fill(e.act.act, v1::ActStep::REQUESTED, e.act.person, *out.mutable_act_step());
    out.mutable_act_step()->set_reason(e.act.reason);
    if (e.act.act != Act::kDeclareDefault) return;
    out.mutable_act_step()->set_bidder_code(e.act.code);
    out.mutable_act_step()->set_cause(std::string(ForfeitCauseName(e.act.cause)));
  }
  void operator()(const ActConfirmed& e) const {
    Fill(e.act, v1::ActStep::CONFIRMED, e.person, *out.mutable_act_step());
  }
  void operator()(const ActWithdrawn& e) const {
    Fill(e.act, v1::ActStep::WITHDRAWN, e.person, *out.mutable_act_step());
  }
  void operator()(const ObjectionNoted& e) const { out.mutable_objection_noted()->set_open(e.open); }
  void operator()(const Suspended& e) const {
    auto& to = *out.mutable_auction_suspended();
    *to.mutable_suspend_time() = rpc::ToProtoTime(e.time);
    to.set_reason(e.reason);
    if (e.resume_time) *to.mutable_resume_time() = rpc::ToProtoTime(e.resume_time);
  }
  void operator()(const ResumptionPlanned& e) const {
    auto& to = *out.mutable_resumption_planned();
    *to.mutable_resume_time() = rpc::ToProtoTime(e.resume_time);
    to.set_restart(e.restart);
    to.set_reason(e.reason);
  }
  void operator()(const Resumed& e) const {
    auto& to = *out.mutable_auction_resumed();
    to.set_state(ToProto(e.state));
    *to.mutable_end_time() = rpc::ToProtoTime(e.end);
    if (!e.restart) return;
    to.set_restart(true);
    to.set_void_from(e.void_from);
    to.set_void_to(e.void_to);
  }
  void operator()(const LotOpened& e) const {
    AddCodes(e.codes, out.mutable_lot_opened()->mutable_bidder_codes());
  }
  void operator()(const LotDrawn& e) const {
    auto& to = *out.mutable_lot_drawn();
    to.set_bidder_code(e.code);
    to.set_digest(Hex(e.digest));
    to.set_seed(Hex(e.seed));
  }
  void operator()(const PriorityAsked& e) const {
    out.mutable_priority_asked()->set_rank(e.rank);
    AddCodes(e.codes, out.mutable_priority_asked()->mutable_bidder_codes());
  }
  void operator()(const PriorityAnswered& e) const {
    out.mutable_priority_answered()->set_bidder_code(e.code);
    out.mutable_priority_answered()->set_exercise(e.exercise);
  }
  void operator()(const EnvelopeAccepted& e) const {
    auto& to = *out.mutable_envelope_accepted();
    to.set_bidder_code(e.code);
    to.set_round(e.round);
    to.set_digest(Hex(e.digest));
  }
  void operator()(const EnvelopeWithdrawn& e) const {
    out.mutable_envelope_withdrawn()->set_bidder_code(e.code);
    out.mutable_envelope_withdrawn()->set_round(e.round);
  }
  void operator()(const ScoresFixed& e) const {
    for (const NonPriceScore& score : e.scores) {
      auto* to = out.mutable_scores_fixed()->add_scores();
      to->set_bidder_code(score.code);
      to->set_score(score.score);
    }
  }
  void operator()(const SharesReceived& e) const { out.mutable_shares_received()->set_holder(e.holder); }
  void operator()(const EnvelopeRevealed& e) const {
    out.mutable_envelope_revealed()->set_bidder_code(e.code);
  }
  void operator()(const Opened& e) const { Fill(stored.auction, e.bids, *out.mutable_envelopes_opened()); }
  void operator()(const RequoteCalled& e) const {
    AddCodes(e.codes, out.mutable_requote_called()->mutable_bidder_codes());
    out.mutable_requote_called()->set_start_price_fen(e.start_price.value);
  }
  void operator()(const Evaluated& e) const {
    Fill(stored.auction, e.ranking, *out.mutable_tender_evaluated());
  }
  void operator()(const LeaderNamed& e) const {
    *out.mutable_leader_named() = ToProto(stored.auction, e.bid, Time{});
  }
  void operator()(const Forfeited& e) const {
    auto& to = *out.mutable_deposit_forfeited();
    to.set_bidder_code(e.code);
    to.set_cause(std::string(ForfeitCauseName(e.cause)));
    to.set_barred(e.barred);
    to.set_deposit_lost(e.deposit_lost);
  }
  void operator()(const BidsVoided& e) const {
    auto& to = *out.mutable_bids_voided();
    to.set_bidder_code(e.code);
    if (e.leading) *to.mutable_leading_bid() = ToProto(stored.auction, *e.leading, e.phase_end);
    if (e.phase_end) *to.mutable_end_time() = rpc::ToProtoTime(e.phase_end);
  }
  void operator()(const Closed& e) const {
    auto& to = *out.mutable_auction_closed();
    to.set_outcome(ToProto(e.outcome));
    *to.mutable_close_time() = rpc::ToProtoTime(e.time);
    to.set_log_hash(Hex(stored.log_hash));
    to.set_bid_count(e.bid_count);
    if (e.winner) {
      to.set_winner_code(e.winner->code);
      to.set_price_fen(e.winner->price.value);
    }
    if (e.reserve) {
      to.set_reserve_fen(e.reserve->price.value);
      to.set_reserve_salt(Hex(e.reserve->salt));
    }
    for (const Portion& portion : e.portions) {
      auto* part = to.add_portions();
      part->set_bidder_code(portion.code);
      part->set_share_ppm(portion.share.value);
      part->set_price_fen(portion.price.value);
    }
    to.set_reason(e.reason);
  }
};

}  // namespace

v1::EnvelopesOpened::Envelope ToProto(const AuctionId& auction, const OpenedBid& opened) {
  v1::EnvelopesOpened::Envelope proto;
  *proto.mutable_bid() = ToProto(auction, opened.bid, Time{});
  if (opened.invalid) proto.set_invalid_reason(std::string(ReasonName(*opened.invalid)));
  proto.set_total_score(opened.total);
  proto.set_risk_flags(opened.risk_flags);
  return proto;
}

v1::Event ToProto(const StoredEvent& stored) {
  v1::Event proto;
  proto.set_sequence(static_cast<int64_t>(stored.sequence));
  *proto.mutable_event_time() = rpc::ToProtoTime(stored.event.time);
  proto.set_auction("auctions/" + stored.auction.text);
  proto.set_listing(stored.listing);
  proto.set_exchange(stored.exchange);
  proto.set_previous_milestone(static_cast<int64_t>(stored.previous_milestone));
  proto.set_log_number(static_cast<int64_t>(stored.log_number));
  std::visit(PayloadToProto{stored, proto}, stored.event.payload);
  return proto;
}

}  // namespace ttx::auction
