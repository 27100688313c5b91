#include "services/auction/rpc/convert_rules.h"

#include "libs/rpc/proto_time.h"

namespace ttx::auction {
namespace {

v1::Rules::Mode ToProto(Mode value) {
  switch (value) {
    case Mode::kMulti:
      return v1::Rules::MULTI;
    case Mode::kDynamic:
      return v1::Rules::DYNAMIC;
    case Mode::kEnglish:
      return v1::Rules::ENGLISH;
    case Mode::kSealed:
      return v1::Rules::SEALED;
    case Mode::kWeighted:
      return v1::Rules::WEIGHTED;
    case Mode::kDutch:
      return v1::Rules::DUTCH;
    case Mode::kTender:
      return v1::Rules::TENDER;
  }
  TTX_CHECK(false, "unreachable");
}

v1::Rules::LimitedEntry ToProto(LimitedEntry value) {
  switch (value) {
    case LimitedEntry::kAlways:
      return v1::Rules::ALWAYS;
    case LimitedEntry::kIfTwoBidders:
      return v1::Rules::IF_TWO_BIDDERS;
    case LimitedEntry::kIfTwoInLastHour:
      return v1::Rules::IF_TWO_IN_LAST_HOUR;
  }
  TTX_CHECK(false, "unreachable");
}

v1::Rules::MultipleBase ToProto(MultipleBase value) {
  switch (value) {
    case MultipleBase::kFromStart:
      return v1::Rules::FROM_START;
    case MultipleBase::kFromCurrent:
      return v1::Rules::FROM_CURRENT;
  }
  TTX_CHECK(false, "unreachable");
}

v1::Rules::CapPolicy ToProto(CapPolicy value) {
  switch (value) {
    case CapPolicy::kEndAtCap:
      return v1::Rules::END_AT_CAP;
    case CapPolicy::kLotteryAtCap:
      return v1::Rules::LOTTERY_AT_CAP;
  }
  TTX_CHECK(false, "unreachable");
}

v1::Rules::TieRule ToProto(TieRule value) {
  switch (value) {
    case TieRule::kPriorityThenTime:
      return v1::Rules::PRIORITY_THEN_TIME;
    case TieRule::kRequote:
      return v1::Rules::REQUOTE;
  }
  TTX_CHECK(false, "unreachable");
}

v1::Rules::SingleBidder ToProto(SingleBidder value) {
  switch (value) {
    case SingleBidder::kStartPriceSale:
      return v1::Rules::START_PRICE_SALE;
    case SingleBidder::kAgreementAtQuote:
      return v1::Rules::AGREEMENT_AT_QUOTE;
    case SingleBidder::kRetender:
      return v1::Rules::RETENDER;
  }
  TTX_CHECK(false, "unreachable");
}

v1::Rules::PriorityMode ToProto(PriorityMode value) {
  switch (value) {
    case PriorityMode::kAsOrdinary:
      return v1::Rules::AS_ORDINARY;
    case PriorityMode::kSamePrice:
      return v1::Rules::SAME_PRICE;
    case PriorityMode::kAskAtEnd:
      return v1::Rules::ASK_AT_END;
  }
  TTX_CHECK(false, "unreachable");
}

v1::Rules::EqualRank ToProto(EqualRank value) {
  switch (value) {
    case EqualRank::kEarliest:
      return v1::Rules::EARLIEST;
    case EqualRank::kLottery:
      return v1::Rules::LOTTERY;
    case EqualRank::kProRata:
      return v1::Rules::PRO_RATA;
  }
  TTX_CHECK(false, "unreachable");
}

void Fill(const PriorityRules& rules, v1::Rules::Priority& proto) {
  proto.set_mode(ToProto(rules.mode));
  proto.set_equal_rank(ToProto(rules.equal_rank));
  *proto.mutable_answer_period() = rpc::ToProtoDuration(rules.answer_period);
  proto.set_best_bidder_may_raise(rules.best_bidder_may_raise);
}

void Fill(const DutchRules& rules, v1::Rules::Dutch& proto) {
  proto.set_decrement_fen(rules.decrement.value);
  proto.set_decrement_ppm(rules.decrement_share.value);
  *proto.mutable_interval() = rpc::ToProtoDuration(rules.interval);
  proto.set_floor_fen(rules.floor.value);
}

void Fill(const SealedRules& rules, v1::Rules::Sealed& proto) {
  proto.set_submissions(rules.submissions);
  proto.set_may_withdraw(rules.may_withdraw);
  proto.set_check_multiple(rules.check_multiple);
  proto.set_shares_needed(rules.shares_needed);
  proto.set_shares_total(rules.shares_total);
  *proto.mutable_shares_period() = rpc::ToProtoDuration(rules.shares_period);
  *proto.mutable_second_period() = rpc::ToProtoDuration(rules.second_period);
  *proto.mutable_reveal_period() = rpc::ToProtoDuration(rules.reveal_period);
  proto.set_holder_set(rules.holder_set);
}

void Fill(const ScoringRules& rules, v1::Rules::Scoring& proto) {
  proto.set_price_weight_ppm(rules.price_weight.value);
  for (const Criterion& criterion : rules.criteria) {
    auto* to = proto.add_criteria();
    to->set_name(criterion.name);
    to->set_weight_ppm(criterion.weight.value);
  }
  *proto.mutable_publicity() = rpc::ToProtoDuration(rules.publicity);
}

void Fill(const SuspensionRules& rules, v1::Rules::Suspension& proto) {
  *proto.mutable_outage_notice() = rpc::ToProtoDuration(rules.outage_notice);
  *proto.mutable_resume_notice() = rpc::ToProtoDuration(rules.resume_notice);
  *proto.mutable_longest() = rpc::ToProtoDuration(rules.longest);
}

}  // namespace

v1::Auction::State ToProto(State value) {
  switch (value) {
    case State::kScheduled:
      return v1::Auction::SCHEDULED;
    case State::kFree:
      return v1::Auction::FREE;
    case State::kPreparing:
      return v1::Auction::PREPARING;
    case State::kLimited:
      return v1::Auction::LIMITED;
    case State::kSuspended:
      return v1::Auction::SUSPENDED;
    case State::kClosed:
      return v1::Auction::CLOSED;
    case State::kEnglish:
      return v1::Auction::ENGLISH;
    case State::kDutch:
      return v1::Auction::DUTCH;
    case State::kCapDeclaring:
      return v1::Auction::CAP_DECLARING;
    case State::kDrawing:
      return v1::Auction::DRAWING;
    case State::kPriorityExercise:
      return v1::Auction::PRIORITY_EXERCISE;
    case State::kRaise:
      return v1::Auction::RAISE;
    case State::kSubmitting:
      return v1::Auction::SUBMITTING;
    case State::kClosedForOpening:
      return v1::Auction::CLOSED_FOR_OPENING;
    case State::kOpeningRequested:
      return v1::Auction::OPENING_REQUESTED;
    case State::kSharesCollecting:
      return v1::Auction::SHARES_COLLECTING;
    case State::kSelfRevealing:
      return v1::Auction::SELF_REVEALING;
    case State::kOpening:
      return v1::Auction::OPENING;
    case State::kEvaluating:
      return v1::Auction::EVALUATING;
    case State::kPublicity:
      return v1::Auction::PUBLICITY;
  }
  TTX_CHECK(false, "unreachable");
}

v1::Auction::Outcome ToProto(Outcome value) {
  switch (value) {
    case Outcome::kNone:
      return v1::Auction::OUTCOME_UNSPECIFIED;
    case Outcome::kWinner:
      return v1::Auction::WINNER;
    case Outcome::kNoBid:
      return v1::Auction::NO_BID;
    case Outcome::kBelowReserve:
      return v1::Auction::BELOW_RESERVE;
    case Outcome::kAnnulled:
      return v1::Auction::ANNULLED;
    case Outcome::kTooFewBidders:
      return v1::Auction::TOO_FEW_BIDDERS;
    case Outcome::kNotOpened:
      return v1::Auction::NOT_OPENED;
  }
  TTX_CHECK(false, "unreachable");
}

v1::Rules ToProto(const Rules& rules) {
  v1::Rules proto;
  proto.set_mode(ToProto(rules.mode));
  proto.set_start_price_fen(rules.start_price.value);
  for (const Increment& increment : rules.increments) {
    auto* tier = proto.add_increments();
    tier->set_from_fen(increment.from.value);
    tier->set_step_fen(increment.step.value);
  }
  proto.set_multiple_base(ToProto(rules.multiple_base));
  *proto.mutable_free_period() = rpc::ToProtoDuration(rules.free_period);
  *proto.mutable_preparation() = rpc::ToProtoDuration(rules.preparation);
  *proto.mutable_cycle() = rpc::ToProtoDuration(rules.cycle);
  proto.set_limited_entry(ToProto(rules.limited_entry));
  proto.set_max_steps_per_bid(rules.max_steps_per_bid);
  proto.set_self_outbid(rules.self_outbid);
  if (rules.cap) {
    proto.set_cap_fen(rules.cap->value);
    proto.set_cap_policy(ToProto(rules.cap_policy));
  }
  proto.set_proxy_bids(rules.proxy_bids);
  proto.set_min_bidders(rules.min_bidders);
  proto.set_single_bidder(ToProto(rules.single_bidder));
  proto.set_tie_rule(ToProto(rules.tie_rule));
  for (const Duration warning : rules.warnings) *proto.add_warnings() = rpc::ToProtoDuration(warning);
  *proto.mutable_max_total() = rpc::ToProtoDuration(rules.max_total);
  proto.set_forfeit_when_silent(rules.forfeit_when_silent);
  Fill(rules.priority, *proto.mutable_priority());
  if (rules.mode == Mode::kDutch) Fill(rules.dutch, *proto.mutable_dutch());
  if (IsSealed(rules.mode)) Fill(rules.sealed, *proto.mutable_sealed());
  if (rules.mode == Mode::kWeighted || rules.mode == Mode::kTender)
    Fill(rules.scoring, *proto.mutable_scoring());
  Fill(rules.suspension, *proto.mutable_suspension());
  return proto;
}

}  // namespace ttx::auction
