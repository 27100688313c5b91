#include "libs/bidding/rules_proto.h"

#include <algorithm>
#include <string>

#include "ttx/type/v1/bidding_rules.pb.h"

namespace ttx::bidding {
namespace {

using Message = type::v1::BiddingRules;
using ProtoDuration = google::protobuf::Duration;

constexpr int64_t kNanos = 1'000'000'000;
constexpr int64_t kMaxSeconds = 4'000'000'000;

// The enums of the API are numbered as those of the rules, but from 1.
static_assert(Message::Mode_MAX == static_cast<int>(Mode::kTender) + 1);
static_assert(Message::LimitedEntry_MAX == static_cast<int>(LimitedEntry::kIfTwoInLastHour) + 1);
static_assert(Message::MultipleBase_MAX == static_cast<int>(MultipleBase::kFromCurrent) + 1);
static_assert(Message::CapPolicy_MAX == static_cast<int>(CapPolicy::kLotteryAtCap) + 1);
static_assert(Message::TieRule_MAX == static_cast<int>(TieRule::kRequote) + 1);
static_assert(Message::SingleBidder_MAX == static_cast<int>(SingleBidder::kRetender) + 1);
static_assert(Message::PriorityMode_MAX == static_cast<int>(PriorityMode::kAskAtEnd) + 1);
static_assert(Message::EqualRank_MAX == static_cast<int>(EqualRank::kProRata) + 1);

template <class Enum, class ProtoEnum>
Enum Said(ProtoEnum number, ProtoEnum last, Enum usual) {
  TTX_CHECK(number >= 0 && number <= last, "a rule that is not known");
  return number == 0 ? usual : static_cast<Enum>(number - 1);
}

template <class ProtoEnum, class Enum>
ProtoEnum Number(Enum value) {
  return static_cast<ProtoEnum>(static_cast<int>(value) + 1);
}

// A length that no rule admits stays one that can be computed with.
Duration LengthOf(const ProtoDuration& from) {
  return Seconds(std::clamp(from.seconds(), -kMaxSeconds, kMaxSeconds)) + Nanoseconds(from.nanos());
}

void Put(Duration from, ProtoDuration* to) {
  to->set_seconds(from.ns / kNanos);
  to->set_nanos(static_cast<int32_t>(from.ns % kNanos));
}

Status CheckLength(const ProtoDuration& length, const std::string& field) {
  const bool whole = length.seconds() >= 0 && length.seconds() <= kMaxSeconds && length.nanos() >= 0 &&
                     length.nanos() < kNanos;
  if (whole) return {};
  return InvalidField("rules." + field, Reason::kOUT_OF_RANGE, "a length of time");
}

Status CheckKnown(bool known, const char* field) {
  if (known) return {};
  return InvalidField("rules." + std::string(field), Reason::kUNKNOWN_VALUE);
}

Status CheckEnums(const Message& message) {
  TTX_RETURN_IF_ERROR(CheckKnown(Message::Mode_IsValid(message.mode()), "mode"));
  TTX_RETURN_IF_ERROR(CheckKnown(Message::MultipleBase_IsValid(message.multiple_base()), "multiple_base"));
  TTX_RETURN_IF_ERROR(CheckKnown(Message::LimitedEntry_IsValid(message.limited_entry()), "limited_entry"));
  TTX_RETURN_IF_ERROR(CheckKnown(Message::CapPolicy_IsValid(message.cap_policy()), "cap_policy"));
  TTX_RETURN_IF_ERROR(CheckKnown(Message::SingleBidder_IsValid(message.single_bidder()), "single_bidder"));
  TTX_RETURN_IF_ERROR(CheckKnown(Message::TieRule_IsValid(message.tie_rule()), "tie_rule"));
  const Message::Priority& priority = message.priority();
  TTX_RETURN_IF_ERROR(CheckKnown(Message::PriorityMode_IsValid(priority.mode()), "priority.mode"));
  return CheckKnown(Message::EqualRank_IsValid(priority.equal_rank()), "priority.equal_rank");
}

Status CheckLengths(const Message& message) {
  TTX_RETURN_IF_ERROR(CheckLength(message.free_period(), "free_period"));
  TTX_RETURN_IF_ERROR(CheckLength(message.preparation(), "preparation"));
  TTX_RETURN_IF_ERROR(CheckLength(message.cycle(), "cycle"));
  TTX_RETURN_IF_ERROR(CheckLength(message.max_total(), "max_total"));
  for (int i = 0; i < message.warnings_size(); ++i) {
    TTX_RETURN_IF_ERROR(CheckLength(message.warnings(i), "warnings[" + std::to_string(i) + "]"));
  }
  TTX_RETURN_IF_ERROR(CheckLength(message.priority().answer_period(), "priority.answer_period"));
  TTX_RETURN_IF_ERROR(CheckLength(message.dutch().interval(), "dutch.interval"));
  TTX_RETURN_IF_ERROR(CheckLength(message.sealed().shares_period(), "sealed.shares_period"));
  TTX_RETURN_IF_ERROR(CheckLength(message.sealed().second_period(), "sealed.second_period"));
  TTX_RETURN_IF_ERROR(CheckLength(message.sealed().reveal_period(), "sealed.reveal_period"));
  TTX_RETURN_IF_ERROR(CheckLength(message.scoring().publicity(), "scoring.publicity"));
  const Message::Suspension& suspension = message.suspension();
  TTX_RETURN_IF_ERROR(CheckLength(suspension.outage_notice(), "suspension.outage_notice"));
  TTX_RETURN_IF_ERROR(CheckLength(suspension.resume_notice(), "suspension.resume_notice"));
  return CheckLength(suspension.longest(), "suspension.longest");
}

Mode ModeOf(const Message& message) { return Said(message.mode(), Message::Mode_MAX, Mode::kMulti); }
bool IsScored(Mode mode) { return mode == Mode::kWeighted || mode == Mode::kTender; }

void Take(const Message::Priority& from, PriorityRules& to) {
  to.mode = Said(from.mode(), Message::PriorityMode_MAX, to.mode);
  to.equal_rank = Said(from.equal_rank(), Message::EqualRank_MAX, to.equal_rank);
  if (from.has_answer_period()) to.answer_period = LengthOf(from.answer_period());
  to.best_bidder_may_raise = from.best_bidder_may_raise();
}

void Take(const Message::Dutch& from, DutchRules& to) {
  to = {{from.decrement_fen()}, {from.decrement_ppm()}, LengthOf(from.interval()), {from.floor_fen()}};
}

void Take(const Message::Sealed& from, SealedRules& to) {
  to.submissions = from.submissions();
  to.may_withdraw = from.may_withdraw();
  to.check_multiple = from.check_multiple();
  to.shares_needed = from.shares_needed();
  to.shares_total = from.shares_total();
  if (from.has_shares_period()) to.shares_period = LengthOf(from.shares_period());
  if (from.has_second_period()) to.second_period = LengthOf(from.second_period());
  if (from.has_reveal_period()) to.reveal_period = LengthOf(from.reveal_period());
  to.holder_set = from.holder_set();
}

void Take(const Message::Scoring& from, ScoringRules& to) {
  to.price_weight = {from.price_weight_ppm()};
  for (const auto& criterion : from.criteria()) {
    to.criteria.push_back({criterion.name(), {criterion.weight_ppm()}});
  }
  if (from.has_publicity()) to.publicity = LengthOf(from.publicity());
}

void Take(const Message::Suspension& from, SuspensionRules& to) {
  if (from.has_outage_notice()) to.outage_notice = LengthOf(from.outage_notice());
  if (from.has_resume_notice()) to.resume_notice = LengthOf(from.resume_notice());
  if (from.has_longest()) to.longest = LengthOf(from.longest());
}

void Put(const PriorityRules& from, Message::Priority& to) {
  to.set_mode(Number<Message::PriorityMode>(from.mode));
  to.set_equal_rank(Number<Message::EqualRank>(from.equal_rank));
  Put(from.answer_period, to.mutable_answer_period());
  to.set_best_bidder_may_raise(from.best_bidder_may_raise);
}

void Put(const DutchRules& from, Message::Dutch& to) {
  to.set_decrement_fen(from.decrement.value);
  to.set_decrement_ppm(from.decrement_share.value);
  Put(from.interval, to.mutable_interval());
  to.set_floor_fen(from.floor.value);
}

void Put(const SealedRules& from, Message::Sealed& to) {
  to.set_submissions(from.submissions);
  to.set_may_withdraw(from.may_withdraw);
  to.set_check_multiple(from.check_multiple);
  to.set_shares_needed(from.shares_needed);
  to.set_shares_total(from.shares_total);
  Put(from.shares_period, to.mutable_shares_period());
  Put(from.second_period, to.mutable_second_period());
  Put(from.reveal_period, to.mutable_reveal_period());
  to.set_holder_set(from.holder_set);
}

void Put(const ScoringRules& from, Message::Scoring& to) {
  to.set_price_weight_ppm(from.price_weight.value);
  for (const Criterion& criterion : from.criteria) {
    auto* item = to.add_criteria();
    item->set_name(criterion.name);
    item->set_weight_ppm(criterion.weight.value);
  }
  Put(from.publicity, to.mutable_publicity());
}

void Put(const SuspensionRules& from, Message::Suspension& to) {
  Put(from.outage_notice, to.mutable_outage_notice());
  Put(from.resume_notice, to.mutable_resume_notice());
  Put(from.longest, to.mutable_longest());
}

}  // namespace

Status CheckMessage(const Message& message) {
  TTX_RETURN_IF_ERROR(CheckEnums(message));
  TTX_RETURN_IF_ERROR(CheckLengths(message));
  const Mode mode = ModeOf(message);
  if (message.has_dutch() != (mode == Mode::kDutch)) {
    return InvalidField("rules.dutch", Reason::kREQUIRED, "DUTCH");
  }
  if (message.has_sealed() != IsSealed(mode)) {
    return InvalidField("rules.sealed", Reason::kREQUIRED, "SEALED, WEIGHTED, TENDER");
  }
  if (message.has_scoring() != IsScored(mode)) {
    return InvalidField("rules.scoring", Reason::kREQUIRED, "WEIGHTED, TENDER");
  }
  return {};
}

Rules FromProto(const Message& message) {
  Rules rules = OpenRules(ModeOf(message));
  rules.start_price = {message.start_price_fen()};
  for (const auto& tier : message.increments()) {
    rules.increments.push_back({{tier.from_fen()}, {tier.step_fen()}});
  }
  rules.multiple_base = Said(message.multiple_base(), Message::MultipleBase_MAX, rules.multiple_base);
  rules.free_period = LengthOf(message.free_period());
  rules.preparation = LengthOf(message.preparation());
  rules.cycle = LengthOf(message.cycle());
  rules.limited_entry = Said(message.limited_entry(), Message::LimitedEntry_MAX, rules.limited_entry);
  rules.max_steps_per_bid = message.max_steps_per_bid();
  rules.self_outbid = message.self_outbid();
  if (message.cap_fen() != 0) rules.cap = Fen{message.cap_fen()};
  rules.cap_policy = Said(message.cap_policy(), Message::CapPolicy_MAX, rules.cap_policy);
  rules.proxy_bids = message.proxy_bids();
  if (message.min_bidders() != 0) rules.min_bidders = message.min_bidders();
  rules.single_bidder = Said(message.single_bidder(), Message::SingleBidder_MAX, rules.single_bidder);
  rules.tie_rule = Said(message.tie_rule(), Message::TieRule_MAX, rules.tie_rule);
  if (message.warnings_size() > 0) rules.warnings.clear();
  for (const ProtoDuration& warning : message.warnings()) rules.warnings.push_back(LengthOf(warning));
  if (message.has_max_total()) rules.max_total = LengthOf(message.max_total());
  rules.forfeit_when_silent = message.forfeit_when_silent();
  rules.next_best_allowed = message.next_best_allowed();
  Take(message.priority(), rules.priority);
  if (message.has_dutch()) Take(message.dutch(), rules.dutch);
  if (message.has_sealed()) Take(message.sealed(), rules.sealed);
  if (message.has_scoring()) Take(message.scoring(), rules.scoring);
  Take(message.suspension(), rules.suspension);
  return rules;
}

Message ToProto(const Rules& rules) {
  Message message;
  message.set_mode(Number<Message::Mode>(rules.mode));
  message.set_start_price_fen(rules.start_price.value);
  for (const Increment& increment : rules.increments) {
    auto* tier = message.add_increments();
    tier->set_from_fen(increment.from.value);
    tier->set_step_fen(increment.step.value);
  }
  message.set_multiple_base(Number<Message::MultipleBase>(rules.multiple_base));
  Put(rules.free_period, message.mutable_free_period());
  Put(rules.preparation, message.mutable_preparation());
  Put(rules.cycle, message.mutable_cycle());
  message.set_limited_entry(Number<Message::LimitedEntry>(rules.limited_entry));
  message.set_max_steps_per_bid(rules.max_steps_per_bid);
  message.set_self_outbid(rules.self_outbid);
  if (rules.cap) message.set_cap_fen(rules.cap->value);
  message.set_cap_policy(Number<Message::CapPolicy>(rules.cap_policy));
  message.set_proxy_bids(rules.proxy_bids);
  message.set_min_bidders(rules.min_bidders);
  message.set_single_bidder(Number<Message::SingleBidder>(rules.single_bidder));
  message.set_tie_rule(Number<Message::TieRule>(rules.tie_rule));
  for (const Duration warning : rules.warnings) Put(warning, message.add_warnings());
  Put(rules.max_total, message.mutable_max_total());
  message.set_forfeit_when_silent(rules.forfeit_when_silent);
  message.set_next_best_allowed(rules.next_best_allowed);
  Put(rules.priority, *message.mutable_priority());
  if (rules.mode == Mode::kDutch) Put(rules.dutch, *message.mutable_dutch());
  if (IsSealed(rules.mode)) Put(rules.sealed, *message.mutable_sealed());
  if (IsScored(rules.mode)) Put(rules.scoring, *message.mutable_scoring());
  Put(rules.suspension, *message.mutable_suspension());
  return message;
}

}  // namespace ttx::bidding
