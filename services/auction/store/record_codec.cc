#include "services/auction/store/record_codec.h"

#include "services/auction/store/record.pb.h"

namespace ttx::auction {
namespace {

template <class Record>
Record Parse(std::string_view bytes) {
  Record record;
  TTX_CHECK(record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())),
            "an auction record cannot be read");
  return record;
}

Reason ParseReason(const std::string& name) {
  const ReasonInfo* info = FindReason(name);
  TTX_CHECK(info != nullptr, "an unknown reason in an auction record");
  return static_cast<Reason>(info - AllReasons().data());
}

template <class Repeated>
std::vector<std::string> Texts(const Repeated& from) {
  return {from.begin(), from.end()};
}

template <class Repeated>
void AddAll(const std::vector<std::string>& from, Repeated* to) {
  for (const std::string& text : from) *to->Add() = text;
}

// --- Rules
// ---------------------------------------------------------------------------------------------------------

void ToRecord(const PriorityRules& rules, store::PriorityRulesRecord& record) {
  record.set_mode(static_cast<int>(rules.mode));
  record.set_equal_rank(static_cast<int>(rules.equal_rank));
  record.set_answer_period_ns(rules.answer_period.ns);
  record.set_best_bidder_may_raise(rules.best_bidder_may_raise);
}

PriorityRules FromRecord(const store::PriorityRulesRecord& record) {
  return {static_cast<PriorityMode>(record.mode()),
          static_cast<EqualRank>(record.equal_rank()),
          {record.answer_period_ns()},
          record.best_bidder_may_raise()};
}

void ToRecord(const DutchRules& rules, store::DutchRulesRecord& record) {
  record.set_decrement_fen(rules.decrement.value);
  record.set_decrement_ppm(rules.decrement_share.value);
  record.set_interval_ns(rules.interval.ns);
  record.set_floor_fen(rules.floor.value);
}

DutchRules FromRecord(const store::DutchRulesRecord& record) {
  return {{record.decrement_fen()}, {record.decrement_ppm()}, {record.interval_ns()}, {record.floor_fen()}};
}

void ToRecord(const SealedRules& rules, store::SealedRulesRecord& record) {
  record.set_submissions(rules.submissions);
  record.set_may_withdraw(rules.may_withdraw);
  record.set_check_multiple(rules.check_multiple);
  record.set_shares_needed(rules.shares_needed);
  record.set_shares_total(rules.shares_total);
  record.set_shares_period_ns(rules.shares_period.ns);
  record.set_second_period_ns(rules.second_period.ns);
  record.set_reveal_period_ns(rules.reveal_period.ns);
}

SealedRules FromRecord(const store::SealedRulesRecord& record) {
  return {record.submissions(),        record.may_withdraw(),      record.check_multiple(),
          record.shares_needed(),      record.shares_total(),      {record.shares_period_ns()},
          {record.second_period_ns()}, {record.reveal_period_ns()}};
}

void ToRecord(const ScoringRules& rules, store::ScoringRulesRecord& record) {
  record.set_price_weight_ppm(rules.price_weight.value);
  for (const Criterion& criterion : rules.criteria) {
    auto* to = record.add_criteria();
    to->set_name(criterion.name);
    to->set_weight_ppm(criterion.weight.value);
  }
  record.set_publicity_ns(rules.publicity.ns);
}

ScoringRules FromRecord(const store::ScoringRulesRecord& record) {
  ScoringRules rules;
  rules.price_weight = {record.price_weight_ppm()};
  for (const auto& from : record.criteria()) rules.criteria.push_back({from.name(), {from.weight_ppm()}});
  rules.publicity = {record.publicity_ns()};
  return rules;
}

void ToRecord(const SuspensionRules& rules, store::SuspensionRulesRecord& record) {
  record.set_outage_notice_ns(rules.outage_notice.ns);
  record.set_resume_notice_ns(rules.resume_notice.ns);
  record.set_longest_ns(rules.longest.ns);
}

SuspensionRules FromRecord(const store::SuspensionRulesRecord& record) {
  return {{record.outage_notice_ns()}, {record.resume_notice_ns()}, {record.longest_ns()}};
}

const Rules& UsualRules() {
  static const Rules rules;
  return rules;
}

void ToRecord(const Rules& rules, store::RulesRecord& record) {
  const Rules& usual = UsualRules();
  record.set_mode(static_cast<int>(rules.mode));
  record.set_start_price_fen(rules.start_price.value);
  for (const Increment& increment : rules.increments) {
    auto* tier = record.add_increments();
    tier->set_from_fen(increment.from.value);
    tier->set_step_fen(increment.step.value);
  }
  record.set_multiple_base(static_cast<int>(rules.multiple_base));
  record.set_free_period_ns(rules.free_period.ns);
  record.set_preparation_ns(rules.preparation.ns);
  record.set_cycle_ns(rules.cycle.ns);
  record.set_limited_entry(static_cast<int>(rules.limited_entry));
  record.set_max_steps_per_bid(rules.max_steps_per_bid);
  record.set_self_outbid(rules.self_outbid);
  if (rules.cap) record.set_cap_fen(rules.cap->value);
  record.set_cap_policy(static_cast<int>(rules.cap_policy));
  record.set_proxy_bids(rules.proxy_bids);
  if (rules.min_bidders != usual.min_bidders) record.set_min_bidders(rules.min_bidders);
  record.set_single_bidder(static_cast<int>(rules.single_bidder));
  record.set_tie_rule(static_cast<int>(rules.tie_rule));
  record.set_anonymity(static_cast<int>(rules.anonymity));
  if (rules.warnings != usual.warnings) {
    auto* warnings = record.mutable_warnings();
    for (const Duration warning : rules.warnings) warnings->add_before_end_ns(warning.ns);
  }
  if (rules.max_total != usual.max_total) record.set_max_total_ns(rules.max_total.ns);
  record.set_forfeit_when_silent(rules.forfeit_when_silent);
  if (rules.priority != usual.priority) ToRecord(rules.priority, *record.mutable_priority());
  if (rules.dutch != usual.dutch) ToRecord(rules.dutch, *record.mutable_dutch());
  if (rules.sealed != usual.sealed) ToRecord(rules.sealed, *record.mutable_sealed());
  if (rules.scoring != usual.scoring) ToRecord(rules.scoring, *record.mutable_scoring());
  if (rules.suspension != usual.suspension) ToRecord(rules.suspension, *record.mutable_suspension());
}

Rules FromRecord(const store::RulesRecord& record) {
  Rules rules;
  rules.mode = static_cast<Mode>(record.mode());
  rules.start_price = {record.start_price_fen()};
  for (const auto& tier : record.increments())
    rules.increments.push_back({{tier.from_fen()}, {tier.step_fen()}});
  rules.multiple_base = static_cast<MultipleBase>(record.multiple_base());
  rules.free_period = {record.free_period_ns()};
  rules.preparation = {record.preparation_ns()};
  rules.cycle = {record.cycle_ns()};
  rules.limited_entry = static_cast<LimitedEntry>(record.limited_entry());
  rules.max_steps_per_bid = record.max_steps_per_bid();
  rules.self_outbid = record.self_outbid();
  if (record.has_cap_fen()) rules.cap = Fen{record.cap_fen()};
  rules.cap_policy = static_cast<CapPolicy>(record.cap_policy());
  rules.proxy_bids = record.proxy_bids();
  if (record.has_min_bidders()) rules.min_bidders = record.min_bidders();
  rules.single_bidder = static_cast<SingleBidder>(record.single_bidder());
  rules.tie_rule = static_cast<TieRule>(record.tie_rule());
  rules.anonymity = static_cast<Anonymity>(record.anonymity());
  if (record.has_warnings()) {
    rules.warnings.clear();
    for (const int64_t ns : record.warnings().before_end_ns()) rules.warnings.push_back({ns});
  }
  if (record.has_max_total_ns()) rules.max_total = {record.max_total_ns()};
  rules.forfeit_when_silent = record.forfeit_when_silent();
  if (record.has_priority()) rules.priority = FromRecord(record.priority());
  if (record.has_dutch()) rules.dutch = FromRecord(record.dutch());
  if (record.has_sealed()) rules.sealed = FromRecord(record.sealed());
  if (record.has_scoring()) rules.scoring = FromRecord(record.scoring());
  if (record.has_suspension()) rules.suspension = FromRecord(record.suspension());
  return rules;
}

// --- Parts of an auction
// -------------------------------------------------------------------------------------------

void ToRecord(const Reserve& reserve, store::ReserveRecord& record) {
  record.set_price_fen(reserve.price.value);
  record.set_salt(reserve.salt);
  record.set_commitment(reserve.commitment);
}

Reserve FromRecord(const store::ReserveRecord& record) {
  return {{record.price_fen()}, record.salt(), record.commitment()};
}

void ToRecord(const DrawSeed& seed, store::DrawSeedRecord& record) {
  record.set_seed(seed.seed);
  record.set_commitment(seed.commitment);
}

DrawSeed FromRecord(const store::DrawSeedRecord& record) { return {record.seed(), record.commitment()}; }

void ToRecord(const Holder& holder, store::HolderRecord& record) {
  record.set_code(holder.code);
  record.set_rank(holder.rank);
  record.set_share(holder.share);
}

Holder FromRecord(const store::HolderRecord& record) {
  return {record.code(), record.rank(), record.share()};
}

void ToRecord(const Bid& bid, Time phase_end, store::BidRecord& record) {
  record.set_number(bid.number);
  record.set_code(bid.code);
  record.set_price_fen(bid.price.value);
  record.set_time_ns(bid.time.ns);
  record.set_phase_end_ns(phase_end.ns);
  record.set_rank(bid.rank);
  record.set_automatic(bid.automatic);
}

Bid FromRecord(const store::BidRecord& record) {
  return {record.number(),    record.code(), {record.price_fen()},
          {record.time_ns()}, record.rank(), record.automatic()};
}

void ToRecord(const Bidder& bidder, store::BidderRecord& record) {
  record.set_code(bidder.code);
  record.set_organization(bidder.organization);
  record.set_intent(bidder.intent);
  record.set_rank(bidder.rank);
  record.set_share(bidder.share);
}

Bidder FromRecord(const store::BidderRecord& record) {
  return {record.code(), record.organization(), record.intent(), record.rank(), record.share()};
}

void ToRecord(const Standing& standing, store::StandingRecord& record) {
  record.set_bid_count(standing.bid_count);
  if (standing.leading) ToRecord(*standing.leading, {}, *record.mutable_leading());
  if (standing.rival) ToRecord(*standing.rival, {}, *record.mutable_rival());
}

Standing FromRecord(const store::StandingRecord& record) {
  Standing standing{.bid_count = record.bid_count(), .leading = std::nullopt, .rival = std::nullopt};
  if (record.has_leading()) standing.leading = FromRecord(record.leading());
  if (record.has_rival()) standing.rival = FromRecord(record.rival());
  return standing;
}

void ToRecord(const PendingAct& act, store::PendingActRecord& record) {
  record.set_act(static_cast<int>(act.act));
  record.set_person(act.person);
  record.set_reason(act.reason);
  record.set_resume_time_ns(act.resume_time.ns);
}

PendingAct FromRecord(const store::PendingActRecord& record) {
  return {static_cast<Act>(record.act()), record.person(), record.reason(), {record.resume_time_ns()}};
}

void ToRecord(const Exercise& exercise, store::ExerciseRecord& record) {
  record.set_rank(exercise.rank);
  AddAll(exercise.asked, record.mutable_asked());
  AddAll(exercise.exercised, record.mutable_exercised());
  record.set_displaced(exercise.displaced);
}

Exercise FromRecord(const store::ExerciseRecord& record) {
  return {record.rank(), Texts(record.asked()), Texts(record.exercised()), record.displaced()};
}

void ToRecord(const NonPriceScore& score, store::ScoreRecord& record) {
  record.set_code(score.code);
  record.set_score(score.score);
}

NonPriceScore FromRecord(const store::ScoreRecord& record) { return {record.code(), record.score()}; }

void ToRecord(const OpenedBid& opened, store::OpenedBidRecord& record) {
  ToRecord(opened.bid, {}, *record.mutable_bid());
  if (opened.invalid) record.set_invalid(std::string(ReasonName(*opened.invalid)));
  record.set_total(opened.total);
  record.set_risk_flags(opened.risk_flags);
}

OpenedBid FromRecord(const store::OpenedBidRecord& record) {
  const bool valid = record.invalid().empty();
  return {FromRecord(record.bid()), valid ? std::nullopt : std::optional(ParseReason(record.invalid())),
          record.total(), record.risk_flags()};
}

template <class Values, class Repeated>
void AddRecords(const Values& values, Repeated* to) {
  for (const auto& value : values) ToRecord(value, *to->Add());
}

template <class Value, class Repeated>
std::vector<Value> Values(const Repeated& from) {
  std::vector<Value> values;
  for (const auto& record : from) values.push_back(FromRecord(record));
  return values;
}

void ToRecord(const Envelopes& envelopes, store::EnvelopesRecord& record) {
  record.set_round(envelopes.round);
  record.set_count(envelopes.count);
  record.set_holders(envelopes.holders);
  record.set_date(envelopes.date);
  record.set_revealed(envelopes.revealed);
  AddAll(envelopes.tied, record.mutable_tied());
  AddRecords(envelopes.scores, record.mutable_scores());
  AddRecords(envelopes.opened, record.mutable_opened());
}

Envelopes FromRecord(const store::EnvelopesRecord& record) {
  return {record.round(),
          record.count(),
          record.holders(),
          record.date(),
          record.revealed(),
          Texts(record.tied()),
          Values<NonPriceScore>(record.scores()),
          Values<OpenedBid>(record.opened())};
}

void ToRecord(const BidRefused& event, store::BidRefusedRecord& record) {
  record.set_code(event.code);
  record.set_organization(event.organization);
  record.set_price_fen(event.price.value);
  record.set_reason(std::string(ReasonName(event.reason)));
}

BidRefused FromRecord(const store::BidRefusedRecord& record) {
  return {record.code(), record.organization(), {record.price_fen()}, ParseReason(record.reason())};
}

// What a record of an auction and one of its scheduling have in common.
template <class Record>
void TermsToRecord(const Terms& terms, Record& record) {
  record.set_listing(terms.listing);
  record.set_exchange(terms.exchange);
  record.set_title(terms.title);
  ToRecord(terms.rules, *record.mutable_rules());
  if (terms.reserve) ToRecord(*terms.reserve, *record.mutable_reserve());
  record.set_start_time_ns(terms.start_time.ns);
  if (terms.draw_seed) ToRecord(*terms.draw_seed, *record.mutable_draw_seed());
  AddAll(terms.barred_organizations, record.mutable_barred_organizations());
  AddRecords(terms.holders, record.mutable_holders());
}

template <class Record>
Terms TermsFromRecord(const std::string& id, const Record& record) {
  Terms terms;
  terms.id = {id};
  terms.listing = record.listing();
  terms.exchange = record.exchange();
  terms.title = record.title();
  terms.rules = FromRecord(record.rules());
  if (record.has_reserve()) terms.reserve = FromRecord(record.reserve());
  terms.start_time = {record.start_time_ns()};
  if (record.has_draw_seed()) terms.draw_seed = FromRecord(record.draw_seed());
  terms.barred_organizations = Texts(record.barred_organizations());
  terms.holders = Values<Holder>(record.holders());
  return terms;
}

void ToRecord(const Proxy& proxy, store::ProxySetRecord& record) {
  record.set_code(proxy.code);
  record.set_maximum_fen(proxy.maximum.value);
}

// What an ordinary session of rising bids has none of.
void SpecialToRecord(const Auction& auction, store::AuctionRecord& record) {
  record.set_void_from(auction.void_from);
  record.set_void_to(auction.void_to);
  if (auction.proxy) ToRecord(*auction.proxy, *record.mutable_proxy());
  record.set_suspend_time_ns(auction.suspend_time.ns);
  record.set_restart(auction.restart);
  if (auction.pending) ToRecord(*auction.pending, *record.mutable_pending());
  for (const Bid& bid : auction.declared) ToRecord(bid, {}, *record.add_declared());
  AddAll(auction.lot, record.mutable_lot());
  if (auction.exercise != Exercise{}) ToRecord(auction.exercise, *record.mutable_exercise());
  if (auction.envelopes != Envelopes{}) ToRecord(auction.envelopes, *record.mutable_envelopes());
  AddAll(auction.barred, record.mutable_barred());
}

void SpecialFromRecord(const store::AuctionRecord& record, Auction& auction) {
  auction.void_from = record.void_from();
  auction.void_to = record.void_to();
  if (record.has_proxy()) auction.proxy = Proxy{record.proxy().code(), {record.proxy().maximum_fen()}};
  auction.suspend_time = {record.suspend_time_ns()};
  auction.restart = record.restart();
  if (record.has_pending()) auction.pending = FromRecord(record.pending());
  auction.declared = Values<Bid>(record.declared());
  auction.lot = Texts(record.lot());
  if (record.has_exercise()) auction.exercise = FromRecord(record.exercise());
  if (record.has_envelopes()) auction.envelopes = FromRecord(record.envelopes());
  auction.barred = Texts(record.barred());
}

// --- Events
// --------------------------------------------------------------------------------------------------------

struct EventToRecord {
  store::EventRecord& out;

  void operator()(const Scheduled& e) const {
    TermsToRecord(*e.terms, *out.mutable_scheduled());
    AddRecords(e.bidders, out.mutable_scheduled()->mutable_bidders());
  }
  void operator()(const BidderAdded& e) const { ToRecord(e.bidder, *out.mutable_bidder_added()); }
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
  void operator()(const BidRefused& e) const { ToRecord(e, *out.mutable_bid_refused()); }
  void operator()(const ProxySet& e) const { ToRecord(Proxy{e.code, e.maximum}, *out.mutable_proxy_set()); }
  void operator()(const Extended& e) const {
    out.mutable_extended()->set_end_ns(e.end.ns);
    out.mutable_extended()->set_reason(e.reason);
  }
  void operator()(const ActRequested& e) const { ToRecord(e.act, *out.mutable_act_requested()); }
  void operator()(const ActConfirmed& e) const {
    out.mutable_act_confirmed()->set_act(static_cast<int>(e.act));
    out.mutable_act_confirmed()->set_person(e.person);
  }
  void operator()(const ActWithdrawn& e) const {
    out.mutable_act_withdrawn()->set_act(static_cast<int>(e.act));
    out.mutable_act_withdrawn()->set_person(e.person);
  }
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
  void operator()(const LotOpened& e) const { AddAll(e.codes, out.mutable_lot_opened()->mutable_codes()); }
  void operator()(const LotDrawn& e) const {
    auto& to = *out.mutable_lot_drawn();
    to.set_code(e.code);
    to.set_digest(e.digest);
    to.set_seed(e.seed);
  }
  void operator()(const PriorityAsked& e) const {
    out.mutable_priority_asked()->set_rank(e.rank);
    AddAll(e.codes, out.mutable_priority_asked()->mutable_codes());
  }
  void operator()(const PriorityAnswered& e) const {
    out.mutable_priority_answered()->set_code(e.code);
    out.mutable_priority_answered()->set_exercise(e.exercise);
  }
  void operator()(const EnvelopeAccepted& e) const {
    auto& to = *out.mutable_envelope_accepted();
    to.set_code(e.code);
    to.set_round(e.round);
    to.set_digest(e.digest);
    to.set_replaces(e.replaces);
  }
  void operator()(const EnvelopeWithdrawn& e) const {
    out.mutable_envelope_withdrawn()->set_code(e.code);
    out.mutable_envelope_withdrawn()->set_round(e.round);
  }
  void operator()(const ScoresFixed& e) const {
    AddRecords(e.scores, out.mutable_scores_fixed()->mutable_scores());
  }
  void operator()(const SharesReceived& e) const { out.mutable_shares_received()->set_holder(e.holder); }
  void operator()(const EnvelopeRevealed& e) const { out.mutable_envelope_revealed()->set_code(e.code); }
  void operator()(const Opened& e) const { AddRecords(e.bids, out.mutable_opened()->mutable_bids()); }
  void operator()(const RequoteCalled& e) const {
    AddAll(e.codes, out.mutable_requote_called()->mutable_codes());
    out.mutable_requote_called()->set_start_price_fen(e.start_price.value);
  }
  void operator()(const Evaluated& e) const {
    AddRecords(e.ranking, out.mutable_evaluated()->mutable_bids());
  }
  void operator()(const LeaderNamed& e) const {
    ToRecord(e.bid, {}, *out.mutable_leader_named()->mutable_bid());
  }
  void operator()(const Forfeited& e) const {
    auto& to = *out.mutable_forfeited();
    to.set_code(e.code);
    to.set_cause(static_cast<int>(e.cause));
    to.set_barred(e.barred);
  }
  void operator()(const Closed& e) const {
    auto& to = *out.mutable_closed();
    to.set_outcome(static_cast<int>(e.outcome));
    to.set_time_ns(e.time.ns);
    if (e.winner) ToRecord(*e.winner, {}, *to.mutable_winner());
    to.set_bid_count(e.bid_count);
    if (e.reserve) ToRecord(*e.reserve, *to.mutable_reserve());
    for (const Portion& portion : e.portions) {
      auto* record = to.add_portions();
      record->set_code(portion.code);
      record->set_share_ppm(portion.share.value);
      record->set_price_fen(portion.price.value);
    }
    to.set_reason(e.reason);
  }
};

Closed FromRecord(const store::ClosedRecord& from) {
  Closed event{.outcome = static_cast<Outcome>(from.outcome()),
               .time = {from.time_ns()},
               .winner = std::nullopt,
               .bid_count = from.bid_count(),
               .reserve = std::nullopt,
               .portions = {},
               .reason = from.reason()};
  if (from.has_winner()) event.winner = FromRecord(from.winner());
  if (from.has_reserve()) event.reserve = FromRecord(from.reserve());
  for (const auto& portion : from.portions()) {
    event.portions.push_back({portion.code(), {portion.share_ppm()}, {portion.price_fen()}});
  }
  return event;
}

// The events of a phase, a bid and a close: those every session has.
std::optional<Payload> UsualPayload(const store::EventRecord& record) {
  switch (record.payload_case()) {
    case store::EventRecord::kScheduled:
      return Scheduled{TermsFromRecord(record.auction(), record.scheduled()),
                       Values<Bidder>(record.scheduled().bidders())};
    case store::EventRecord::kPhaseStarted: {
      const auto& from = record.phase_started();
      return PhaseStarted{static_cast<State>(from.state()), {from.start_ns()}, {from.end_ns()}};
    }
    case store::EventRecord::kBidAccepted: {
      const auto& from = record.bid_accepted();
      return BidAccepted{FromRecord(from.bid()), {from.bid().phase_end_ns()}, from.cycle_number()};
    }
    case store::EventRecord::kBidRefused:
      return FromRecord(record.bid_refused());
    case store::EventRecord::kSuspended: {
      const auto& from = record.suspended();
      return Suspended{{from.time_ns()}, from.reason(), {from.remaining_ns()}, {from.resume_time_ns()}};
    }
    case store::EventRecord::kResumed: {
      const auto& from = record.resumed();
      return Resumed{static_cast<State>(from.state()),
                     {from.end_ns()},
                     from.restart(),
                     from.void_from(),
                     from.void_to()};
    }
    case store::EventRecord::kClosed:
      return FromRecord(record.closed());
    default:
      return std::nullopt;
  }
}

// Those of acts by persons, rights and lots.
std::optional<Payload> ActPayload(const store::EventRecord& record) {
  switch (record.payload_case()) {
    case store::EventRecord::kBidderAdded:
      return BidderAdded{FromRecord(record.bidder_added())};
    case store::EventRecord::kProxySet:
      return ProxySet{record.proxy_set().code(), {record.proxy_set().maximum_fen()}};
    case store::EventRecord::kExtended:
      return Extended{{record.extended().end_ns()}, record.extended().reason()};
    case store::EventRecord::kActRequested:
      return ActRequested{FromRecord(record.act_requested())};
    case store::EventRecord::kActConfirmed:
      return ActConfirmed{static_cast<Act>(record.act_confirmed().act()), record.act_confirmed().person()};
    case store::EventRecord::kActWithdrawn:
      return ActWithdrawn{static_cast<Act>(record.act_withdrawn().act()), record.act_withdrawn().person()};
    case store::EventRecord::kResumptionPlanned: {
      const auto& from = record.resumption_planned();
      return ResumptionPlanned{{from.resume_time_ns()}, from.restart(), from.reason()};
    }
    case store::EventRecord::kLotOpened:
      return LotOpened{Texts(record.lot_opened().codes())};
    case store::EventRecord::kLotDrawn:
      return LotDrawn{record.lot_drawn().code(), record.lot_drawn().digest(), record.lot_drawn().seed()};
    case store::EventRecord::kPriorityAsked:
      return PriorityAsked{record.priority_asked().rank(), Texts(record.priority_asked().codes())};
    case store::EventRecord::kPriorityAnswered:
      return PriorityAnswered{record.priority_answered().code(), record.priority_answered().exercise()};
    case store::EventRecord::kLeaderNamed:
      return LeaderNamed{FromRecord(record.leader_named().bid())};
    case store::EventRecord::kForfeited:
      return Forfeited{record.forfeited().code(), static_cast<ForfeitCause>(record.forfeited().cause()),
                       record.forfeited().barred()};
    default:
      return std::nullopt;
  }
}

std::optional<Payload> SealedPayload(const store::EventRecord& record) {
  switch (record.payload_case()) {
    case store::EventRecord::kEnvelopeAccepted: {
      const auto& from = record.envelope_accepted();
      return EnvelopeAccepted{from.code(), from.round(), from.digest(), from.replaces()};
    }
    case store::EventRecord::kEnvelopeWithdrawn:
      return EnvelopeWithdrawn{record.envelope_withdrawn().code(), record.envelope_withdrawn().round()};
    case store::EventRecord::kScoresFixed:
      return ScoresFixed{Values<NonPriceScore>(record.scores_fixed().scores())};
    case store::EventRecord::kSharesReceived:
      return SharesReceived{record.shares_received().holder()};
    case store::EventRecord::kEnvelopeRevealed:
      return EnvelopeRevealed{record.envelope_revealed().code()};
    case store::EventRecord::kOpened:
      return Opened{Values<OpenedBid>(record.opened().bids())};
    case store::EventRecord::kRequoteCalled:
      return RequoteCalled{Texts(record.requote_called().codes()),
                           {record.requote_called().start_price_fen()}};
    case store::EventRecord::kEvaluated:
      return Evaluated{Values<OpenedBid>(record.evaluated().bids())};
    default:
      return std::nullopt;
  }
}

Payload PayloadOf(const store::EventRecord& record) {
  for (const auto read : {UsualPayload, ActPayload, SealedPayload}) {
    if (auto payload = read(record)) return *std::move(payload);
  }
  TTX_CHECK(false, "an event record without a payload");
}

}  // namespace

std::string EncodeAuction(const StoredAuction& stored) {
  const Auction& auction = stored.auction;
  store::AuctionRecord record;
  record.set_id(auction.id().text);
  TermsToRecord(*auction.terms, record);
  record.set_state(static_cast<int>(auction.state));
  record.set_phase_end_ns(auction.phase_end.ns);
  record.set_cycle_number(auction.cycle_number);
  record.set_bidder_count(auction.bidder_count);
  record.set_bid_count(auction.bid_count);
  if (auction.leading) ToRecord(*auction.leading, {}, *record.mutable_leading());
  if (auction.rival) ToRecord(*auction.rival, {}, *record.mutable_rival());
  if (*auction.phase_base != Standing{}) ToRecord(*auction.phase_base, *record.mutable_phase_base());
  record.set_suspended_state(static_cast<int>(auction.suspended_state));
  record.set_remaining_ns(auction.remaining.ns);
  record.set_outcome(static_cast<int>(auction.outcome));
  record.set_create_time_ns(auction.create_time.ns);
  record.set_update_time_ns(auction.update_time.ns);
  record.set_version(auction.version);
  SpecialToRecord(auction, record);
  record.set_log_hash(stored.log_hash);
  if (stored.due) record.set_due_ns(stored.due->ns);
  return record.SerializeAsString();
}

StoredAuction DecodeAuction(std::string_view bytes) {
  const auto record = Parse<store::AuctionRecord>(bytes);
  Auction auction;
  auction.terms = TermsFromRecord(record.id(), record);
  auction.state = static_cast<State>(record.state());
  auction.phase_end = {record.phase_end_ns()};
  auction.cycle_number = record.cycle_number();
  auction.bidder_count = record.bidder_count();
  auction.bid_count = record.bid_count();
  if (record.has_leading()) auction.leading = FromRecord(record.leading());
  if (record.has_rival()) auction.rival = FromRecord(record.rival());
  if (record.has_phase_base()) auction.phase_base = FromRecord(record.phase_base());
  auction.suspended_state = static_cast<State>(record.suspended_state());
  auction.remaining = {record.remaining_ns()};
  auction.outcome = static_cast<Outcome>(record.outcome());
  auction.create_time = {record.create_time_ns()};
  auction.update_time = {record.update_time_ns()};
  auction.version = record.version();
  SpecialFromRecord(record, auction);
  return {std::move(auction), record.log_hash(),
          record.has_due_ns() ? std::optional(Time{record.due_ns()}) : std::nullopt};
}

std::string EncodeBid(const Bid& bid, Time phase_end) {
  store::BidRecord record;
  ToRecord(bid, phase_end, record);
  return record.SerializeAsString();
}

Bid DecodeBid(std::string_view bytes) { return FromRecord(Parse<store::BidRecord>(bytes)); }

std::string EncodeBidder(const Bidder& bidder) {
  store::BidderRecord record;
  ToRecord(bidder, record);
  return record.SerializeAsString();
}

Bidder DecodeBidder(std::string_view bytes) { return FromRecord(Parse<store::BidderRecord>(bytes)); }

std::string EncodeRefusal(const BidRefused& refusal) {
  store::BidRefusedRecord record;
  ToRecord(refusal, record);
  return record.SerializeAsString();
}

BidRefused DecodeRefusal(std::string_view bytes) { return FromRecord(Parse<store::BidRefusedRecord>(bytes)); }

std::string EncodeEvent(const Auction& context, const Event& event, const std::string& log_hash,
                        uint64_t previous_milestone) {
  store::EventRecord record;
  record.set_auction(context.id().text);
  record.set_listing(context.terms->listing);
  record.set_exchange(context.terms->exchange);
  record.set_time_ns(event.time.ns);
  record.set_log_hash(log_hash);
  record.set_previous_milestone(previous_milestone);
  std::visit(EventToRecord{record}, event.payload);
  return record.SerializeAsString();
}

StoredEvent DecodeEvent(uint64_t sequence, std::string_view bytes) {
  const auto record = Parse<store::EventRecord>(bytes);
  return {sequence,
          {record.auction()},
          record.listing(),
          record.exchange(),
          record.log_hash(),
          record.previous_milestone(),
          {{record.time_ns()}, PayloadOf(record)}};
}

std::string DecodeEventAuction(std::string_view bytes) { return Parse<store::EventRecord>(bytes).auction(); }

}  // namespace ttx::auction
