#include "services/auction/store/records.h"

#include "libs/storage/codec.h"

namespace ttx::auction {
namespace {

template <class Enum>
Enum As(int number) {
  return static_cast<Enum>(number);
}

template <class Enum>
int Number(Enum value) {
  return static_cast<int>(value);
}

// Several texts in one sealed value.
std::string Pack(const std::vector<std::string>& texts) {
  std::string packed;
  for (const std::string& text : texts) storage::AppendBytes(packed, text);
  return packed;
}

std::vector<std::string> Unpack(std::string_view packed) {
  std::vector<std::string> texts;
  while (!packed.empty()) {
    const auto text = storage::TakeBytes(packed);
    TTX_CHECK(text.has_value(), "a sealed list too short");
    texts.emplace_back(*text);
  }
  return texts;
}

std::string SealedFen(Fen fen, std::string_view field, const Secrets& secrets) {
  std::string bytes;
  storage::AppendU64(bytes, static_cast<uint64_t>(fen.value));
  return secrets.Seal(field, bytes);
}

Fen OpenFen(std::string_view sealed, std::string_view field, const Secrets& secrets) {
  const std::string bytes = secrets.Open(field, sealed);
  std::string_view in = bytes;
  const auto fen = storage::TakeU64(in);
  TTX_CHECK(fen.has_value(), "a sealed amount too short");
  return {static_cast<int64_t>(*fen)};
}

void ModeRulesToRecord(const Rules& rules, store::RulesRecord& record) {
  auto& priority = *record.mutable_priority();
  priority.set_mode(Number(rules.priority.mode));
  priority.set_equal_rank(Number(rules.priority.equal_rank));
  priority.set_answer_period_ns(rules.priority.answer_period.ns);
  priority.set_best_bidder_may_raise(rules.priority.best_bidder_may_raise);
  auto& dutch = *record.mutable_dutch();
  dutch.set_decrement_fen(rules.dutch.decrement.value);
  dutch.set_decrement_ppm(rules.dutch.decrement_share.value);
  dutch.set_interval_ns(rules.dutch.interval.ns);
  dutch.set_floor_fen(rules.dutch.floor.value);
  auto& sealed = *record.mutable_sealed();
  sealed.set_submissions(rules.sealed.submissions);
  sealed.set_may_withdraw(rules.sealed.may_withdraw);
  sealed.set_check_multiple(rules.sealed.check_multiple);
  sealed.set_shares_needed(rules.sealed.shares_needed);
  sealed.set_shares_total(rules.sealed.shares_total);
  sealed.set_shares_period_ns(rules.sealed.shares_period.ns);
  sealed.set_second_period_ns(rules.sealed.second_period.ns);
  sealed.set_reveal_period_ns(rules.sealed.reveal_period.ns);
  sealed.set_holder_set(rules.sealed.holder_set);
  auto& scoring = *record.mutable_scoring();
  scoring.set_price_weight_ppm(rules.scoring.price_weight.value);
  for (const Criterion& criterion : rules.scoring.criteria) {
    auto* to = scoring.add_criteria();
    to->set_name(criterion.name);
    to->set_weight_ppm(criterion.weight.value);
  }
  scoring.set_publicity_ns(rules.scoring.publicity.ns);
  auto& suspension = *record.mutable_suspension();
  suspension.set_outage_notice_ns(rules.suspension.outage_notice.ns);
  suspension.set_resume_notice_ns(rules.suspension.resume_notice.ns);
  suspension.set_longest_ns(rules.suspension.longest.ns);
}

void ModeRulesFromRecord(const store::RulesRecord& record, Rules& rules) {
  const auto& priority = record.priority();
  rules.priority = {As<PriorityMode>(priority.mode()),
                    As<EqualRank>(priority.equal_rank()),
                    {priority.answer_period_ns()},
                    priority.best_bidder_may_raise()};
  const auto& dutch = record.dutch();
  rules.dutch = {
      {dutch.decrement_fen()}, {dutch.decrement_ppm()}, {dutch.interval_ns()}, {dutch.floor_fen()}};
  const auto& sealed = record.sealed();
  rules.sealed.submissions = sealed.submissions();
  rules.sealed.may_withdraw = sealed.may_withdraw();
  rules.sealed.check_multiple = sealed.check_multiple();
  rules.sealed.shares_needed = sealed.shares_needed();
  rules.sealed.shares_total = sealed.shares_total();
  rules.sealed.shares_period = {sealed.shares_period_ns()};
  rules.sealed.second_period = {sealed.second_period_ns()};
  rules.sealed.reveal_period = {sealed.reveal_period_ns()};
  rules.sealed.holder_set = sealed.holder_set();
  rules.scoring.price_weight = {record.scoring().price_weight_ppm()};
  for (const auto& criterion : record.scoring().criteria()) {
    rules.scoring.criteria.push_back({criterion.name(), {criterion.weight_ppm()}});
  }
  rules.scoring.publicity = {record.scoring().publicity_ns()};
  const auto& suspension = record.suspension();
  rules.suspension = {
      {suspension.outage_notice_ns()}, {suspension.resume_notice_ns()}, {suspension.longest_ns()}};
}

void ToRecord(const Standing& standing, store::StandingRecord& record) {
  record.set_bid_count(standing.bid_count);
  if (standing.leading) ToRecord(*standing.leading, {}, *record.mutable_leading());
  if (standing.rival) ToRecord(*standing.rival, {}, *record.mutable_rival());
}

Standing StandingOf(const store::StandingRecord& record) {
  Standing standing;
  standing.bid_count = record.bid_count();
  if (record.has_leading()) standing.leading = FromRecord(record.leading());
  if (record.has_rival()) standing.rival = FromRecord(record.rival());
  return standing;
}

void ToRecord(const Exercise& exercise, store::ExerciseRecord& record) {
  record.set_rank(exercise.rank);
  for (const std::string& code : exercise.asked) record.add_asked(code);
  for (const std::string& code : exercise.exercised) record.add_exercised(code);
  record.set_displaced(exercise.displaced);
}

void ToRecord(const Envelopes& envelopes, store::EnvelopesRecord& record) {
  record.set_round(envelopes.round);
  record.set_count(envelopes.count);
  record.set_holders(envelopes.holders);
  record.set_date(envelopes.date);
  record.set_revealed(envelopes.revealed);
  record.set_collect_end_ns(envelopes.collect_end.ns);
  record.set_bidders_asked(envelopes.bidders_asked);
  record.set_voided(envelopes.voided);
  for (const std::string& code : envelopes.tied) record.add_tied(code);
  for (const NonPriceScore& score : envelopes.scores) ToRecord(score, *record.add_scores());
  for (const OpenedBid& bid : envelopes.opened) ToRecord(bid, *record.add_opened());
}

Envelopes EnvelopesOf(const store::EnvelopesRecord& record) {
  Envelopes envelopes;
  envelopes.round = record.round();
  envelopes.count = record.count();
  envelopes.holders = record.holders();
  envelopes.date = record.date();
  envelopes.revealed = record.revealed();
  envelopes.collect_end = {record.collect_end_ns()};
  envelopes.bidders_asked = record.bidders_asked();
  envelopes.voided = record.voided();
  envelopes.tied = TextsOf(record.tied());
  for (const auto& score : record.scores()) envelopes.scores.push_back(FromRecord(score));
  for (const auto& bid : record.opened()) envelopes.opened.push_back(FromRecord(bid));
  return envelopes;
}

}  // namespace

Reason ParseReason(const std::string& name) {
  const ReasonInfo* info = FindReason(name);
  TTX_CHECK(info != nullptr, "an unknown reason in an auction record");
  return static_cast<Reason>(info - AllReasons().data());
}

store::RulesRecord ToRecord(const Rules& rules) {
  store::RulesRecord record;
  record.set_mode(Number(rules.mode));
  record.set_start_price_fen(rules.start_price.value);
  for (const Increment& increment : rules.increments) {
    auto* tier = record.add_increments();
    tier->set_from_fen(increment.from.value);
    tier->set_step_fen(increment.step.value);
  }
  record.set_multiple_base(Number(rules.multiple_base));
  record.set_free_period_ns(rules.free_period.ns);
  record.set_preparation_ns(rules.preparation.ns);
  record.set_cycle_ns(rules.cycle.ns);
  record.set_limited_entry(Number(rules.limited_entry));
  record.set_max_steps_per_bid(rules.max_steps_per_bid);
  record.set_self_outbid(rules.self_outbid);
  if (rules.cap) record.set_cap_fen(rules.cap->value);
  record.set_cap_policy(Number(rules.cap_policy));
  record.set_proxy_bids(rules.proxy_bids);
  record.set_min_bidders(rules.min_bidders);
  record.set_single_bidder(Number(rules.single_bidder));
  record.set_tie_rule(Number(rules.tie_rule));
  record.set_anonymity(Number(rules.anonymity));
  for (const Duration warning : rules.warnings) record.add_warnings_ns(warning.ns);
  record.set_max_total_ns(rules.max_total.ns);
  record.set_forfeit_when_silent(rules.forfeit_when_silent);
  record.set_next_best_allowed(rules.next_best_allowed);
  ModeRulesToRecord(rules, record);
  return record;
}

Rules FromRecord(const store::RulesRecord& record) {
  Rules rules;
  rules.mode = As<Mode>(record.mode());
  rules.start_price = {record.start_price_fen()};
  for (const auto& tier : record.increments())
    rules.increments.push_back({{tier.from_fen()}, {tier.step_fen()}});
  rules.multiple_base = As<MultipleBase>(record.multiple_base());
  rules.free_period = {record.free_period_ns()};
  rules.preparation = {record.preparation_ns()};
  rules.cycle = {record.cycle_ns()};
  rules.limited_entry = As<LimitedEntry>(record.limited_entry());
  rules.max_steps_per_bid = record.max_steps_per_bid();
  rules.self_outbid = record.self_outbid();
  if (record.has_cap_fen()) rules.cap = Fen{record.cap_fen()};
  rules.cap_policy = As<CapPolicy>(record.cap_policy());
  rules.proxy_bids = record.proxy_bids();
  rules.min_bidders = record.min_bidders();
  rules.single_bidder = As<SingleBidder>(record.single_bidder());
  rules.tie_rule = As<TieRule>(record.tie_rule());
  rules.anonymity = As<Anonymity>(record.anonymity());
  rules.warnings.clear();
  for (const int64_t warning_ns : record.warnings_ns()) rules.warnings.push_back({warning_ns});
  rules.max_total = {record.max_total_ns()};
  rules.forfeit_when_silent = record.forfeit_when_silent();
  rules.next_best_allowed = record.next_best_allowed();
  ModeRulesFromRecord(record, rules);
  return rules;
}

store::TermsRecord ToRecord(const Terms& terms, const Secrets& secrets) {
  store::TermsRecord record;
  record.set_listing(terms.listing);
  record.set_exchange(terms.exchange);
  record.set_title(terms.title);
  *record.mutable_rules() = ToRecord(terms.rules);
  if (terms.reserve) {
    auto& reserve = *record.mutable_reserve();
    reserve.set_commitment(terms.reserve->commitment);
    reserve.set_sealed(
        secrets.Seal("reserve", Pack({std::to_string(terms.reserve->price.value), terms.reserve->salt})));
  }
  record.set_start_time_ns(terms.start_time.ns);
  if (terms.draw_seed) {
    record.mutable_draw_seed()->set_commitment(terms.draw_seed->commitment);
    record.mutable_draw_seed()->set_sealed(secrets.Seal("draw_seed", terms.draw_seed->seed));
  }
  if (!terms.barred_organizations.empty()) {
    record.set_sealed_barred_organizations(secrets.Seal("barred", Pack(terms.barred_organizations)));
  }
  for (const Holder& holder : terms.holders) {
    auto* to = record.add_holders();
    to->set_code(holder.code);
    to->set_rank(holder.rank);
    to->set_share(holder.share);
  }
  return record;
}

Terms FromRecord(const store::TermsRecord& record, const Secrets& secrets) {
  Terms terms;
  terms.id = secrets.auction;
  terms.listing = record.listing();
  terms.exchange = record.exchange();
  terms.title = record.title();
  terms.rules = FromRecord(record.rules());
  if (record.has_reserve()) {
    const std::vector<std::string> opened = Unpack(secrets.Open("reserve", record.reserve().sealed()));
    TTX_CHECK(opened.size() == 2, "a sealed reserve price of another form");
    terms.reserve = Reserve{{std::stoll(opened[0])}, opened[1], record.reserve().commitment()};
  }
  terms.start_time = {record.start_time_ns()};
  if (record.has_draw_seed()) {
    terms.draw_seed =
        DrawSeed{secrets.Open("draw_seed", record.draw_seed().sealed()), record.draw_seed().commitment()};
  }
  if (!record.sealed_barred_organizations().empty()) {
    terms.barred_organizations = Unpack(secrets.Open("barred", record.sealed_barred_organizations()));
  }
  for (const auto& holder : record.holders())
    terms.holders.push_back({holder.code(), holder.rank(), holder.share()});
  return terms;
}

void ToOpenRecord(const Reserve& reserve, store::ReserveRecord& record) {
  record.set_price_fen(reserve.price.value);
  record.set_salt(reserve.salt);
  record.set_commitment(reserve.commitment);
}

Reserve FromOpenRecord(const store::ReserveRecord& record) {
  return {{record.price_fen()}, record.salt(), record.commitment()};
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

store::BidderRecord ToRecord(const Bidder& bidder, const Secrets& secrets) {
  store::BidderRecord record;
  record.set_code(bidder.code);
  record.set_rank(bidder.rank);
  record.set_share(bidder.share);
  record.set_sealed(secrets.Seal("bidder/" + bidder.code, Pack({bidder.organization, bidder.intent})));
  return record;
}

Bidder FromRecord(const store::BidderRecord& record, const Secrets& secrets) {
  const std::vector<std::string> opened = Unpack(secrets.Open("bidder/" + record.code(), record.sealed()));
  TTX_CHECK(opened.size() == 2, "a sealed bidder of another form");
  return {record.code(), opened[0], opened[1], record.rank(), record.share()};
}

void ToRecord(const Proxy& proxy, const Secrets& secrets, store::ProxyRecord& record) {
  record.set_code(proxy.code);
  record.set_sealed_maximum(SealedFen(proxy.maximum, "proxy/" + proxy.code, secrets));
}

Proxy FromRecord(const store::ProxyRecord& record, const Secrets& secrets) {
  return {record.code(), OpenFen(record.sealed_maximum(), "proxy/" + record.code(), secrets)};
}

void ToRecord(const PendingAct& act, store::PendingActRecord& record) {
  record.set_act(Number(act.act));
  record.set_person(act.person);
  record.set_reason(act.reason);
  record.set_resume_time_ns(act.resume_time.ns);
  record.set_code(act.code);
  record.set_cause(Number(act.cause));
}

PendingAct FromRecord(const store::PendingActRecord& record) {
  return {As<Act>(record.act()), record.person(), record.reason(), {record.resume_time_ns()},
          record.code(),         As<ForfeitCause>(record.cause())};
}

void ToRecord(const NonPriceScore& score, store::NonPriceScoreRecord& record) {
  record.set_code(score.code);
  record.set_score(score.score);
}

NonPriceScore FromRecord(const store::NonPriceScoreRecord& record) { return {record.code(), record.score()}; }

void ToRecord(const OpenedBid& bid, store::OpenedBidRecord& record) {
  ToRecord(bid.bid, {}, *record.mutable_bid());
  if (bid.invalid) record.set_invalid(std::string(ReasonName(*bid.invalid)));
  record.set_total(bid.total);
  record.set_risk_flags(bid.risk_flags);
}

OpenedBid FromRecord(const store::OpenedBidRecord& record) {
  OpenedBid bid{FromRecord(record.bid()), std::nullopt, record.total(), record.risk_flags()};
  if (!record.invalid().empty()) bid.invalid = ParseReason(record.invalid());
  return bid;
}

store::AuctionRecord ToRecord(const StoredAuction& stored, const Secrets& secrets) {
  const Auction& auction = stored.auction;
  store::AuctionRecord record;
  record.set_id(auction.id().text);
  record.set_state(Number(auction.state));
  record.set_phase_end_ns(auction.phase_end.ns);
  record.set_cycle_number(auction.cycle_number);
  record.set_bidder_count(auction.bidder_count);
  record.set_bid_count(auction.bid_count);
  if (auction.leading) ToRecord(*auction.leading, {}, *record.mutable_leading());
  if (auction.rival) ToRecord(*auction.rival, {}, *record.mutable_rival());
  if (*auction.phase_base != Standing{}) ToRecord(*auction.phase_base, *record.mutable_phase_base());
  record.set_void_from(auction.void_from);
  record.set_void_to(auction.void_to);
  for (const BidRange& range : auction.earlier_voids) {
    auto* to = record.add_earlier_voids();
    to->set_from(range.from);
    to->set_to(range.to);
  }
  record.set_free_end_ns(auction.free_end.ns);
  if (auction.proxy) ToRecord(*auction.proxy, secrets, *record.mutable_proxy());
  record.set_suspended_state(Number(auction.suspended_state));
  record.set_remaining_ns(auction.remaining.ns);
  record.set_suspend_time_ns(auction.suspend_time.ns);
  record.set_restart(auction.restart);
  if (auction.pending) ToRecord(*auction.pending, *record.mutable_pending());
  record.set_objected(auction.objected);
  record.set_objection_end_time_ns(auction.objection_end_time.ns);
  for (const Bid& bid : auction.declared) ToRecord(bid, {}, *record.add_declared());
  if (auction.cut != CutPhase{}) {
    record.mutable_cut()->set_state(Number(auction.cut.state));
    record.mutable_cut()->set_end_ns(auction.cut.end.ns);
  }
  for (const std::string& code : auction.lot) record.add_lot(code);
  if (auction.exercise != Exercise{}) ToRecord(auction.exercise, *record.mutable_exercise());
  if (auction.envelopes != Envelopes{}) ToRecord(auction.envelopes, *record.mutable_envelopes());
  for (const std::string& code : auction.barred) record.add_barred(code);
  record.set_outcome(Number(auction.outcome));
  record.set_create_time_ns(auction.create_time.ns);
  record.set_update_time_ns(auction.update_time.ns);
  record.set_version(auction.version);
  record.set_log_hash(stored.log_hash);
  if (stored.due) record.set_due_ns(stored.due->ns);
  record.set_revision(stored.revision);
  record.set_revision_time_ns(stored.revision_time.ns);
  record.set_log_count(stored.log_count);
  record.set_public_count(stored.public_count);
  record.set_held_count(stored.held_count);
  record.set_first_released(stored.first_released);
  return record;
}

StoredAuction FromRecord(const store::AuctionRecord& record, Shared<Terms> terms, const Secrets& secrets) {
  Auction auction;
  auction.terms = std::move(terms);
  auction.state = As<State>(record.state());
  auction.phase_end = {record.phase_end_ns()};
  auction.cycle_number = record.cycle_number();
  auction.bidder_count = record.bidder_count();
  auction.bid_count = record.bid_count();
  if (record.has_leading()) auction.leading = FromRecord(record.leading());
  if (record.has_rival()) auction.rival = FromRecord(record.rival());
  if (record.has_phase_base()) auction.phase_base = StandingOf(record.phase_base());
  auction.void_from = record.void_from();
  auction.void_to = record.void_to();
  for (const auto& range : record.earlier_voids()) auction.earlier_voids.push_back({range.from(), range.to()});
  auction.free_end = {record.free_end_ns()};
  if (record.has_proxy()) auction.proxy = FromRecord(record.proxy(), secrets);
  auction.suspended_state = As<State>(record.suspended_state());
  auction.remaining = {record.remaining_ns()};
  auction.suspend_time = {record.suspend_time_ns()};
  auction.restart = record.restart();
  if (record.has_pending()) auction.pending = FromRecord(record.pending());
  auction.objected = record.objected();
  auction.objection_end_time = {record.objection_end_time_ns()};
  for (const auto& bid : record.declared()) auction.declared.push_back(FromRecord(bid));
  if (record.has_cut()) auction.cut = {As<State>(record.cut().state()), {record.cut().end_ns()}};
  auction.lot = TextsOf(record.lot());
  if (record.has_exercise()) {
    const auto& exercise = record.exercise();
    auction.exercise = {exercise.rank(), TextsOf(exercise.asked()), TextsOf(exercise.exercised()),
                        exercise.displaced()};
  }
  if (record.has_envelopes()) auction.envelopes = EnvelopesOf(record.envelopes());
  auction.barred = TextsOf(record.barred());
  auction.outcome = As<Outcome>(record.outcome());
  auction.create_time = {record.create_time_ns()};
  auction.update_time = {record.update_time_ns()};
  auction.version = record.version();
  StoredAuction stored;
  stored.auction = std::move(auction);
  stored.log_hash = record.log_hash();
  if (record.has_due_ns()) stored.due = Time{record.due_ns()};
  stored.revision = record.revision();
  stored.revision_time = {record.revision_time_ns()};
  stored.log_count = record.log_count();
  stored.public_count = record.public_count();
  stored.held_count = record.held_count();
  stored.first_released = record.first_released();
  return stored;
}

}  // namespace ttx::auction
