#include "services/auction/store/event_records.h"

#include "libs/storage/table.h"

namespace ttx::auction {
namespace {

struct PayloadWriter {
  const Secrets& secrets;
  store::EventRecord& out;

  void operator()(const Scheduled& e) const {
    auto& to = *out.mutable_scheduled();
    *to.mutable_terms() = ToRecord(*e.terms, secrets);
    for (const Bidder& bidder : e.bidders) *to.add_bidders() = ToRecord(bidder, secrets);
  }
  void operator()(const BidderAdded& e) const { *out.mutable_bidder_added() = ToRecord(e.bidder, secrets); }
  void operator()(const PhaseStarted& e) const {
    auto& to = *out.mutable_phase_started();
    to.set_state(static_cast<int>(e.state));
    to.set_start_ns(e.start.ns);
    to.set_end_ns(e.end.ns);
  }
  void operator()(const BidAccepted& e) const {
    auto& to = *out.mutable_bid_accepted();
    ToRecord(e.bid, e.phase_end, *to.mutable_bid());
    to.set_cycle_number(e.cycle_number);
  }
  void operator()(const BidRefused& e) const { *out.mutable_bid_refused() = ToRecord(e, secrets); }
  void operator()(const ProxySet& e) const {
    ToRecord(Proxy{e.code, e.maximum}, secrets, *out.mutable_proxy_set());
  }
  void operator()(const Extended& e) const {
    auto& to = *out.mutable_extended();
    to.set_end_ns(e.end.ns);
    to.set_reason(e.reason);
  }
  void operator()(const ActRequested& e) const { ToRecord(e.act, *out.mutable_act_requested()); }
  void operator()(const ActConfirmed& e) const { Write(e.act, e.person, *out.mutable_act_confirmed()); }
  void operator()(const ActWithdrawn& e) const { Write(e.act, e.person, *out.mutable_act_withdrawn()); }
  void operator()(const Suspended& e) const {
    auto& to = *out.mutable_suspended();
    to.set_time_ns(e.time.ns);
    to.set_reason(e.reason);
    to.set_remaining_ns(e.remaining.ns);
    to.set_resume_time_ns(e.resume_time.ns);
  }
  void operator()(const ResumptionPlanned& e) const {
    auto& to = *out.mutable_resumption_planned();
    to.set_resume_time_ns(e.resume_time.ns);
    to.set_restart(e.restart);
    to.set_reason(e.reason);
  }
  void operator()(const Resumed& e) const {
    auto& to = *out.mutable_resumed();
    to.set_state(static_cast<int>(e.state));
    to.set_end_ns(e.end.ns);
    to.set_restart(e.restart);
    to.set_void_from(e.void_from);
    to.set_void_to(e.void_to);
  }
  void operator()(const LotOpened& e) const { Write(e.codes, *out.mutable_lot_opened()); }
  void operator()(const LotDrawn& e) const {
    auto& to = *out.mutable_lot_drawn();
    to.set_code(e.code);
    to.set_digest(e.digest);
    to.set_seed(e.seed);
  }
  void operator()(const PriorityAsked& e) const {
    auto& to = *out.mutable_priority_asked();
    to.set_rank(e.rank);
    Write(e.codes, to);
  }
  void operator()(const PriorityAnswered& e) const {
    auto& to = *out.mutable_priority_answered();
    to.set_code(e.code);
    to.set_exercise(e.exercise);
  }
  void operator()(const EnvelopeAccepted& e) const {
    auto& to = *out.mutable_envelope_accepted();
    to.set_code(e.code);
    to.set_round(e.round);
    to.set_digest(e.digest);
    to.set_replaces(e.replaces);
  }
  void operator()(const EnvelopeWithdrawn& e) const {
    auto& to = *out.mutable_envelope_withdrawn();
    to.set_code(e.code);
    to.set_round(e.round);
  }
  void operator()(const ScoresFixed& e) const {
    auto& to = *out.mutable_scores_fixed();
    for (const NonPriceScore& score : e.scores) ToRecord(score, *to.add_scores());
  }
  void operator()(const SharesReceived& e) const { out.mutable_shares_received()->set_holder(e.holder); }
  void operator()(const EnvelopeRevealed& e) const { out.mutable_envelope_revealed()->set_code(e.code); }
  void operator()(const Opened& e) const {
    auto& to = *out.mutable_opened();
    for (const OpenedBid& bid : e.bids) ToRecord(bid, *to.add_bids());
  }
  void operator()(const RequoteCalled& e) const {
    auto& to = *out.mutable_requote_called();
    Write(e.codes, to);
    to.set_start_price_fen(e.start_price.value);
  }
  void operator()(const Evaluated& e) const {
    auto& to = *out.mutable_evaluated();
    for (const OpenedBid& bid : e.ranking) ToRecord(bid, *to.add_bids());
    for (const bool is_expert : e.experts) to.add_experts(is_expert);
    for (const ScoreSheet& sheet : e.sheets) {
      auto& record = *to.add_sheets();
      record.set_member(static_cast<int32_t>(sheet.member));
      record.set_code(sheet.code);
      for (const int64_t points : sheet.points) record.add_points(points);
    }
  }
  void operator()(const LeaderNamed& e) const { ToRecord(e.bid, {}, *out.mutable_leader_named()); }
  void operator()(const Forfeited& e) const {
    auto& to = *out.mutable_forfeited();
    to.set_code(e.code);
    to.set_cause(static_cast<int>(e.cause));
    to.set_barred(e.barred);
    to.set_deposit_kept(!e.deposit_lost);
  }
  void operator()(const BidsVoided& e) const {
    auto& to = *out.mutable_bids_voided();
    to.set_code(e.code);
    if (e.leading) ToRecord(*e.leading, {}, *to.mutable_leading());
    if (e.rival) ToRecord(*e.rival, {}, *to.mutable_rival());
    if (e.base_leading) ToRecord(*e.base_leading, {}, *to.mutable_base_leading());
    if (e.base_rival) ToRecord(*e.base_rival, {}, *to.mutable_base_rival());
    to.set_phase_end_ns(e.phase_end.ns);
  }
  void operator()(const ObjectionNoted& e) const { out.mutable_objection_noted()->set_open(e.open); }
  void operator()(const Closed& e) const {
    auto& to = *out.mutable_closed();
    to.set_outcome(static_cast<int>(e.outcome));
    to.set_time_ns(e.time.ns);
    if (e.winner) ToRecord(*e.winner, {}, *to.mutable_winner());
    to.set_bid_count(e.bid_count);
    if (e.reserve) ToOpenRecord(*e.reserve, *to.mutable_reserve());
    for (const Portion& portion : e.portions) {
      auto* part = to.add_portions();
      part->set_code(portion.code);
      part->set_share_ppm(portion.share.value);
      part->set_price_fen(portion.price.value);
    }
    to.set_reason(e.reason);
  }

 private:
  static void Write(Act act, const std::string& person, store::ActRecord& to) {
    to.set_act(static_cast<int>(act));
    to.set_person(person);
  }
  template <class Record>
  static void Write(const std::vector<std::string>& codes, Record& to) {
    for (const std::string& code : codes) to.add_codes(code);
  }
};

template <class Record>
std::vector<OpenedBid> BidsOf(const Record& record) {
  std::vector<OpenedBid> bids;
  for (const auto& bid : record.bids()) bids.push_back(FromRecord(bid));
  return bids;
}

Scheduled ScheduledOf(const store::ScheduledRecord& record, const Secrets& secrets) {
  Scheduled event{FromRecord(record.terms(), secrets), {}};
  for (const auto& bidder : record.bidders()) event.bidders.push_back(FromRecord(bidder, secrets));
  return event;
}

Closed ClosedOf(const store::ClosedRecord& record) {
  Closed event;
  event.outcome = static_cast<Outcome>(record.outcome());
  event.time = {record.time_ns()};
  if (record.has_winner()) event.winner = FromRecord(record.winner());
  event.bid_count = record.bid_count();
  if (record.has_reserve()) event.reserve = FromOpenRecord(record.reserve());
  for (const auto& portion : record.portions()) {
    event.portions.push_back({portion.code(), {portion.share_ppm()}, {portion.price_fen()}});
  }
  event.reason = record.reason();
  return event;
}

ScoresFixed ScoresFixedOf(const store::ScoresFixedRecord& record) {
  ScoresFixed event;
  for (const auto& score : record.scores()) event.scores.push_back(FromRecord(score));
  return event;
}

Evaluated EvaluatedOf(const store::EvaluatedRecord& record) {
  Evaluated event{BidsOf(record), {record.experts().begin(), record.experts().end()}, {}};
  for (const auto& sheet : record.sheets()) {
    event.sheets.push_back({static_cast<size_t>(sheet.member()),
                            sheet.code(),
                            {sheet.points().begin(), sheet.points().end()}});
  }
  return event;
}

PhaseStarted PhaseStartedOf(const store::PhaseStartedRecord& from) {
  return PhaseStarted{static_cast<State>(from.state()), {from.start_ns()}, {from.end_ns()}};
}

BidAccepted BidAcceptedOf(const store::BidAcceptedRecord& from) {
  return BidAccepted{FromRecord(from.bid()), {from.bid().phase_end_ns()}, from.cycle_number()};
}

Suspended SuspendedOf(const store::SuspendedRecord& from) {
  return Suspended{{from.time_ns()}, from.reason(), {from.remaining_ns()}, {from.resume_time_ns()}};
}

ResumptionPlanned ResumptionPlannedOf(const store::ResumptionPlannedRecord& from) {
  return ResumptionPlanned{{from.resume_time_ns()}, from.restart(), from.reason()};
}

Resumed ResumedOf(const store::ResumedRecord& from) {
  return Resumed{static_cast<State>(from.state()), {from.end_ns()}, from.restart(), from.void_from(), from.void_to()};
}

EnvelopeAccepted EnvelopeAcceptedOf(const store::EnvelopeAcceptedRecord& from) {
  return EnvelopeAccepted{from.code(), from.round(), from.digest(), from.replaces()};
}

RequoteCalled RequoteCalledOf(const store::RequoteCalledRecord& from) {
  return RequoteCalled{TextsOf(from.codes()), {from.start_price_fen()}};
}

Forfeited ForfeitedOf(const store::ForfeitedRecord& from) {
  return Forfeited{from.code(), static_cast<ForfeitCause>(from.cause()), from.barred(), !from.deposit_kept()};
}

BidsVoided BidsVoidedOf(const store::BidsVoidedRecord& from) {
  BidsVoided event;
  event.code = from.code();
  if (from.has_leading()) event.leading = FromRecord(from.leading());
  if (from.has_rival()) event.rival = FromRecord(from.rival());
  if (from.has_base_leading()) event.base_leading = FromRecord(from.base_leading());
  if (from.has_base_rival()) event.base_rival = FromRecord(from.base_rival());
  event.phase_end = {from.phase_end_ns()};
  return event;
}

Payload PayloadOf(const store::EventRecord& record, const Secrets& secrets) {
  using Case = store::EventRecord;
  switch (record.payload_case()) {
    case Case::kScheduled:
      return ScheduledOf(record.scheduled(), secrets);
    case Case::kBidderAdded:
      return BidderAdded{FromRecord(record.bidder_added(), secrets)};
    case Case::kPhaseStarted:
      return PhaseStartedOf(record.phase_started());
    case Case::kBidAccepted:
      return BidAcceptedOf(record.bid_accepted());
    case Case::kBidRefused:
      return FromRecord(record.bid_refused());
    case Case::kProxySet: {
      const Proxy proxy = FromRecord(record.proxy_set(), secrets);
      return ProxySet{proxy.code, proxy.maximum};
    }
    case Case::kExtended:
      return Extended{{record.extended().end_ns()}, record.extended().reason()};
    case Case::kActRequested:
      return ActRequested{FromRecord(record.act_requested())};
    case Case::kActConfirmed:
      return ActConfirmed{static_cast<Act>(record.act_confirmed().act()), record.act_confirmed().person()};
    case Case::kActWithdrawn:
      return ActWithdrawn{static_cast<Act>(record.act_withdrawn().act()), record.act_withdrawn().person()};
    case Case::kSuspended:
      return SuspendedOf(record.suspended());
    case Case::kResumptionPlanned:
      return ResumptionPlannedOf(record.resumption_planned());
    case Case::kResumed:
      return ResumedOf(record.resumed());
    case Case::kLotOpened:
      return LotOpened{TextsOf(record.lot_opened().codes())};
    case Case::kLotDrawn:
      return LotDrawn{record.lot_drawn().code(), record.lot_drawn().digest(), record.lot_drawn().seed()};
    case Case::kPriorityAsked:
      return PriorityAsked{record.priority_asked().rank(), TextsOf(record.priority_asked().codes())};
    case Case::kPriorityAnswered:
      return PriorityAnswered{record.priority_answered().code(), record.priority_answered().exercise()};
    case Case::kEnvelopeAccepted:
      return EnvelopeAcceptedOf(record.envelope_accepted());
    case Case::kEnvelopeWithdrawn:
      return EnvelopeWithdrawn{record.envelope_withdrawn().code(), record.envelope_withdrawn().round()};
    case Case::kScoresFixed:
      return ScoresFixedOf(record.scores_fixed());
    case Case::kSharesReceived:
      return SharesReceived{record.shares_received().holder()};
    case Case::kEnvelopeRevealed:
      return EnvelopeRevealed{record.envelope_revealed().code()};
    case Case::kOpened:
      return Opened{BidsOf(record.opened())};
    case Case::kRequoteCalled:
      return RequoteCalledOf(record.requote_called());
    case Case::kEvaluated:
      return EvaluatedOf(record.evaluated());
    case Case::kLeaderNamed:
      return LeaderNamed{FromRecord(record.leader_named())};
    case Case::kForfeited:
      return ForfeitedOf(record.forfeited());
    case Case::kBidsVoided:
      return BidsVoidedOf(record.bids_voided());
    case Case::kObjectionNoted:
      return ObjectionNoted{record.objection_noted().open()};
    case Case::kClosed:
      return ClosedOf(record.closed());
    case Case::PAYLOAD_NOT_SET:
      break;
  }
  TTX_CHECK(false, "an event record without a payload");
}

}  // namespace

void PayloadToRecord(const Event& event, const Secrets& secrets, store::EventRecord& record) {
  std::visit(PayloadWriter{secrets, record}, event.payload);
}

StoredEvent EventFromOutbox(const storage::OutboxEvent& stored, const Vault& vault) {
  const auto record = storage::ParseRecord<store::EventRecord>(stored.payload);
  const AuctionId id{record.auction()};
  return {stored.sequence,
          id,
          record.listing(),
          record.exchange(),
          record.log_hash(),
          record.previous_milestone(),
          {{record.time_ns()}, PayloadOf(record, {vault, id})},
          record.log_number()};
}

store::BidRefusedRecord ToRecord(const BidRefused& event, const Secrets& secrets) {
  store::BidRefusedRecord record;
  record.set_code(event.code);
  record.set_organization_digest(secrets.vault.OrganizationDigest(secrets.auction, event.organization));
  record.set_price_fen(event.price.value);
  record.set_reason(std::string(ReasonName(event.reason)));
  return record;
}

BidRefused FromRecord(const store::BidRefusedRecord& record) {
  return {record.code(), "", {record.price_fen()}, ParseReason(record.reason())};
}

}  // namespace ttx::auction
