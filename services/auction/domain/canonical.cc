// The public line of an event (docs/formats.md). Lines are part of the log hash: what was written once never
// changes.

#include "libs/core/encoding.h"
#include "services/auction/domain/engine.h"

namespace ttx::auction {
namespace {

std::string Text(int64_t number) { return std::to_string(number); }

std::string Joined(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) joined += part + ";";
  return joined;
}

// "name=value;" for each rule that departs from MULTI's first form, which had none of them.
class Extras {
 public:
  void Add(std::string_view name, int64_t value, int64_t usual) {
    if (value != usual) text_ += std::string(name) + "=" + Text(value) + ";";
  }
  void Add(std::string_view name, const std::string& value) {
    if (!value.empty()) text_ += std::string(name) + "=" + value + ";";
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string ExtraRules(const Terms& terms) {
  const Rules& rules = terms.rules;
  const Rules usual;
  Extras extras;
  extras.Add("cap_policy", static_cast<int>(rules.cap_policy), static_cast<int>(usual.cap_policy));
  extras.Add("proxy_bids", rules.proxy_bids, usual.proxy_bids);
  extras.Add("min_bidders", rules.min_bidders, usual.min_bidders);
  extras.Add("single_bidder", static_cast<int>(rules.single_bidder), static_cast<int>(usual.single_bidder));
  extras.Add("tie_rule", static_cast<int>(rules.tie_rule), static_cast<int>(usual.tie_rule));
  extras.Add("forfeit_when_silent", rules.forfeit_when_silent, usual.forfeit_when_silent);
  extras.Add("priority", static_cast<int>(rules.priority.mode), static_cast<int>(usual.priority.mode));
  extras.Add("equal_rank", static_cast<int>(rules.priority.equal_rank),
             static_cast<int>(usual.priority.equal_rank));
  extras.Add("answer", rules.priority.answer_period.ns, usual.priority.answer_period.ns);
  extras.Add("raise", rules.priority.best_bidder_may_raise, usual.priority.best_bidder_may_raise);
  extras.Add("decrement", rules.dutch.decrement.value, 0);
  extras.Add("decrement_ppm", rules.dutch.decrement_share.value, 0);
  extras.Add("interval", rules.dutch.interval.ns, 0);
  extras.Add("floor", rules.dutch.floor.value, 0);
  extras.Add("submissions", rules.sealed.submissions, usual.sealed.submissions);
  extras.Add("may_withdraw", rules.sealed.may_withdraw, usual.sealed.may_withdraw);
  extras.Add("check_multiple", rules.sealed.check_multiple, usual.sealed.check_multiple);
  extras.Add("shares_needed", rules.sealed.shares_needed, usual.sealed.shares_needed);
  extras.Add("shares_total", rules.sealed.shares_total, usual.sealed.shares_total);
  extras.Add("shares_period", rules.sealed.shares_period.ns, usual.sealed.shares_period.ns);
  extras.Add("second_period", rules.sealed.second_period.ns, usual.sealed.second_period.ns);
  extras.Add("reveal_period", rules.sealed.reveal_period.ns, usual.sealed.reveal_period.ns);
  extras.Add("holder_set", Base64Url(rules.sealed.holder_set));
  extras.Add("price_weight", rules.scoring.price_weight.value, 0);
  for (const Criterion& criterion : rules.scoring.criteria)
    extras.Add("criterion", criterion.weight.value, 0);
  extras.Add("publicity", rules.scoring.publicity.ns, usual.scoring.publicity.ns);
  extras.Add("outage_notice", rules.suspension.outage_notice.ns, usual.suspension.outage_notice.ns);
  extras.Add("resume_notice", rules.suspension.resume_notice.ns, usual.suspension.resume_notice.ns);
  extras.Add("longest", rules.suspension.longest.ns, usual.suspension.longest.ns);
  extras.Add("next_best_allowed", rules.next_best_allowed, usual.next_best_allowed);
  for (const Holder& holder : terms.holders) extras.Add("holder", holder.code + "/" + Text(holder.rank));
  if (terms.draw_seed) extras.Add("draw", Hex(terms.draw_seed->commitment));
  return extras.Take();
}

std::string OpenedBids(const std::vector<OpenedBid>& bids) {
  std::string text;
  for (const OpenedBid& opened : bids) {
    text += Text(opened.bid.number) + "/" + opened.bid.code + "/" + Text(opened.bid.price.value) + "/" +
            Text(opened.bid.time.ns) + "/" +
            (opened.invalid ? std::string(ReasonName(*opened.invalid)) : "VALID") + "/" + Text(opened.total) +
            "/" + Text(opened.risk_flags) + ";";
  }
  return text;
}

using Fields = std::vector<std::string>;

// The kind of an event and its fields; no kind for a private one.
struct Line {
  std::string_view kind;
  Fields fields;
};

struct LineOf {
  Line operator()(const Scheduled& e) const {
    const Rules& rules = e.terms->rules;
    std::string increments;
    for (const Increment& increment : rules.increments) {
      increments += Text(increment.from.value) + "+" + Text(increment.step.value) + ";";
    }
    Fields fields = {e.terms->listing,
                     e.terms->exchange,
                     std::string(ModeName(rules.mode)),
                     Text(e.terms->start_time.ns),
                     Text(rules.start_price.value),
                     increments,
                     Text(static_cast<int>(rules.multiple_base)),
                     Text(rules.free_period.ns),
                     Text(rules.preparation.ns),
                     Text(rules.cycle.ns),
                     Text(static_cast<int>(rules.limited_entry)),
                     Text(rules.max_steps_per_bid),
                     rules.self_outbid ? "1" : "0",
                     rules.cap ? Text(rules.cap->value) : "0",
                     Text(static_cast<int64_t>(e.bidders.size()))};
    if (std::string extras = ExtraRules(*e.terms); !extras.empty()) fields.push_back(std::move(extras));
    return {"Scheduled", std::move(fields)};
  }
  Line operator()(const BidderAdded& e) const {
    return {"BidderAdded", {e.bidder.code, Text(e.bidder.rank)}};
  }
  Line operator()(const PhaseStarted& e) const {
    return {"PhaseStarted", {std::string(StateName(e.state)), Text(e.start.ns), Text(e.end.ns)}};
  }
  Line operator()(const BidAccepted& e) const {
    Fields fields = {Text(e.bid.number), e.bid.code, Text(e.bid.price.value), Text(e.phase_end.ns)};
    if (e.bid.rank > 0) fields.push_back("rank=" + Text(e.bid.rank));
    if (e.bid.automatic) fields.push_back("automatic");
    return {"BidAccepted", std::move(fields)};
  }
  Line operator()(const Extended& e) const { return {"Extended", {Text(e.end.ns), e.reason}}; }
  Line operator()(const Suspended& e) const {
    return {"Suspended", {Text(e.time.ns), e.reason, Text(e.resume_time.ns)}};
  }
  Line operator()(const ResumptionPlanned& e) const {
    return {"ResumptionPlanned",
            {Text(e.resume_time.ns), e.restart ? "RESTART_PHASE" : "CONTINUE", e.reason}};
  }
  Line operator()(const Resumed& e) const {
    Fields fields = {std::string(StateName(e.state)), Text(e.end.ns)};
    if (e.restart) fields.insert(fields.end(), {"RESTART_PHASE", Text(e.void_from), Text(e.void_to)});
    return {"Resumed", std::move(fields)};
  }
  Line operator()(const LotOpened& e) const { return {"LotOpened", {Joined(e.codes)}}; }
  Line operator()(const LotDrawn& e) const { return {"LotDrawn", {e.code, Hex(e.digest), Hex(e.seed)}}; }
  Line operator()(const PriorityAsked& e) const { return {"PriorityAsked", {Text(e.rank), Joined(e.codes)}}; }
  Line operator()(const PriorityAnswered& e) const {
    return {"PriorityAnswered", {e.code, e.exercise ? "EXERCISE" : "WAIVE"}};
  }
  Line operator()(const EnvelopeAccepted& e) const {
    return {"EnvelopeAccepted", {e.code, Text(e.round), Hex(e.digest)}};
  }
  Line operator()(const EnvelopeWithdrawn& e) const { return {"EnvelopeWithdrawn", {e.code, Text(e.round)}}; }
  Line operator()(const ScoresFixed& e) const {
    std::string scores;
    for (const NonPriceScore& score : e.scores) scores += score.code + "/" + Text(score.score) + ";";
    return {"ScoresFixed", {scores}};
  }
  Line operator()(const SharesReceived& e) const { return {"SharesReceived", {Text(e.holder)}}; }
  Line operator()(const EnvelopeRevealed& e) const { return {"EnvelopeRevealed", {e.code}}; }
  Line operator()(const Opened& e) const { return {"Opened", {OpenedBids(e.bids)}}; }
  Line operator()(const RequoteCalled& e) const {
    return {"RequoteCalled", {Joined(e.codes), Text(e.start_price.value)}};
  }
  Line operator()(const Evaluated& e) const { return {"Evaluated", {OpenedBids(e.ranking)}}; }
  Line operator()(const LeaderNamed& e) const {
    return {"LeaderNamed", {Text(e.bid.number), e.bid.code, Text(e.bid.price.value)}};
  }
  Line operator()(const Forfeited& e) const {
    Fields fields = {e.code, std::string(ForfeitCauseName(e.cause)), e.barred ? "1" : "0"};
    if (!e.deposit_lost) fields.push_back("KEPT");
    return {"Forfeited", std::move(fields)};
  }
  Line operator()(const BidsVoided& e) const {
    const Bid leading = e.leading.value_or(Bid{});
    return {"BidsVoided",
            {e.code, Text(leading.number), leading.code, Text(leading.price.value), Text(e.phase_end.ns)}};
  }
  Line operator()(const Closed& e) const {
    Fields fields = {std::string(OutcomeName(e.outcome)), Text(e.time.ns), e.winner ? e.winner->code : "",
                     e.winner ? Text(e.winner->price.value) : "0",
                     e.reserve ? Text(e.reserve->price.value) : "0"};
    std::string portions;
    for (const Portion& portion : e.portions) {
      portions += portion.code + "/" + Text(portion.share.value) + "/" + Text(portion.price.value) + ";";
    }
    if (!portions.empty()) fields.push_back(std::move(portions));
    if (!e.reason.empty()) fields.push_back(e.reason);
    return {"Closed", std::move(fields)};
  }
  Line operator()(const BidRefused&) const { return {}; }
  Line operator()(const ProxySet&) const { return {}; }
  Line operator()(const ActRequested&) const { return {}; }
  Line operator()(const ActConfirmed&) const { return {}; }
  Line operator()(const ActWithdrawn&) const { return {}; }
  Line operator()(const ObjectionNoted&) const { return {}; }
};

}  // namespace

Audience AudienceOf(const Event& event) {
  if (std::holds_alternative<ProxySet>(event.payload)) return Audience::kNobody;
  if (std::holds_alternative<EnvelopeAccepted>(event.payload) ||
      std::holds_alternative<EnvelopeWithdrawn>(event.payload) ||
      std::holds_alternative<EnvelopeRevealed>(event.payload)) {
    return Audience::kAfterOpening;
  }
  const bool has_line = !std::visit(LineOf{}, event.payload).kind.empty();
  return has_line ? Audience::kPublic : Audience::kStaff;
}

std::string CanonicalLine(const Auction& auction, const Event& event) {
  const Line line = std::visit(LineOf{}, event.payload);
  if (line.kind.empty()) return "";
  std::string text = std::string(line.kind) + "|" + auction.id().text + "|" + Text(event.time.ns);
  for (const std::string& field : line.fields) text += "|" + field;
  return text;
}

}  // namespace ttx::auction
