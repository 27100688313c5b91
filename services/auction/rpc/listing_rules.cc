#include "services/auction/rpc/listing_rules.h"

#include "libs/rpc/proto_time.h"
#include "ttx/listing/v1/listing.pb.h"

namespace ttx::auction {
namespace {

using From = listing::v1::AuctionRules;

// The enums of the API are numbered as those of the domain, but from 1; `last` is the last that is known
// here.
template <class Enum>
Status Take(int from, Enum last, std::string field, Enum& to) {
  if (from < 1 || from > static_cast<int>(last) + 1)
    return InvalidField("rules." + field, Reason::kUNKNOWN_VALUE);
  to = static_cast<Enum>(from - 1);
  return {};
}
static_assert(From::TENDER == static_cast<int>(Mode::kTender) + 1);
static_assert(From::IF_TWO_IN_LAST_HOUR == static_cast<int>(LimitedEntry::kIfTwoInLastHour) + 1);
static_assert(From::FROM_CURRENT == static_cast<int>(MultipleBase::kFromCurrent) + 1);
static_assert(From::LOTTERY_AT_CAP == static_cast<int>(CapPolicy::kLotteryAtCap) + 1);
static_assert(From::REQUOTE == static_cast<int>(TieRule::kRequote) + 1);
static_assert(From::RETENDER == static_cast<int>(SingleBidder::kRetender) + 1);
static_assert(From::ASK_AT_END == static_cast<int>(PriorityMode::kAskAtEnd) + 1);
static_assert(From::PRO_RATA == static_cast<int>(EqualRank::kProRata) + 1);

Status Take(const google::protobuf::Duration& from, const std::string& field, Duration& to) {
  TTX_TRY(to, rpc::FromProtoDuration(from, "rules." + field));
  return {};
}

Status Take(const From::Dutch& from, DutchRules& to) {
  to.decrement = {from.decrement_fen()};
  to.decrement_share = {from.decrement_ppm()};
  to.floor = {from.floor_fen()};
  return Take(from.interval(), "dutch.interval", to.interval);
}

Status Take(const From::Sealed& from, SealedRules& to) {
  to.submissions = from.submissions();
  to.may_withdraw = from.may_withdraw();
  to.check_multiple = from.check_multiple();
  to.shares_needed = from.shares_needed();
  to.shares_total = from.shares_total();
  to.holder_set = from.holder_set();
  TTX_RETURN_IF_ERROR(Take(from.shares_period(), "sealed.shares_period", to.shares_period));
  TTX_RETURN_IF_ERROR(Take(from.second_period(), "sealed.second_period", to.second_period));
  return Take(from.reveal_period(), "sealed.reveal_period", to.reveal_period);
}

Status Take(const From::Scoring& from, ScoringRules& to) {
  to.price_weight = {from.price_weight_ppm()};
  for (const auto& criterion : from.criteria())
    to.criteria.push_back({criterion.name(), {criterion.weight_ppm()}});
  if (!from.has_publicity()) return {};
  return Take(from.publicity(), "scoring.publicity", to.publicity);
}

Status Take(const From::Suspension& from, SuspensionRules& to) {
  TTX_RETURN_IF_ERROR(Take(from.outage_notice(), "suspension.outage_notice", to.outage_notice));
  TTX_RETURN_IF_ERROR(Take(from.resume_notice(), "suspension.resume_notice", to.resume_notice));
  return Take(from.longest(), "suspension.longest", to.longest);
}

Status Take(const From::Priority& from, PriorityRules& to) {
  TTX_RETURN_IF_ERROR(Take(from.mode(), PriorityMode::kAskAtEnd, "priority.mode", to.mode));
  TTX_RETURN_IF_ERROR(Take(from.equal_rank(), EqualRank::kProRata, "priority.equal_rank", to.equal_rank));
  to.best_bidder_may_raise = from.best_bidder_may_raise();
  return Take(from.answer_period(), "priority.answer_period", to.answer_period);
}

// What listings before the modes left out has the default of domain.md 5.1.
Status TakeModes(const From& from, Rules& to) {
  if (from.cap_policy() != 0) {
    TTX_RETURN_IF_ERROR(Take(from.cap_policy(), CapPolicy::kLotteryAtCap, "cap_policy", to.cap_policy));
  }
  if (from.single_bidder() != 0) {
    TTX_RETURN_IF_ERROR(
        Take(from.single_bidder(), SingleBidder::kRetender, "single_bidder", to.single_bidder));
  }
  if (from.tie_rule() != 0)
    TTX_RETURN_IF_ERROR(Take(from.tie_rule(), TieRule::kRequote, "tie_rule", to.tie_rule));
  to.proxy_bids = from.proxy_bids();
  if (from.min_bidders() != 0) to.min_bidders = from.min_bidders();
  if (from.warnings_size() > 0) to.warnings.clear();
  for (const auto& warning : from.warnings()) {
    TTX_RETURN_IF_ERROR(Take(warning, "warnings", to.warnings.emplace_back()));
  }
  if (from.has_max_total()) TTX_RETURN_IF_ERROR(Take(from.max_total(), "max_total", to.max_total));
  to.forfeit_when_silent = from.forfeit_when_silent();
  if (from.priority().mode() != 0) TTX_RETURN_IF_ERROR(Take(from.priority(), to.priority));
  if (from.has_dutch()) TTX_RETURN_IF_ERROR(Take(from.dutch(), to.dutch));
  if (from.has_sealed()) TTX_RETURN_IF_ERROR(Take(from.sealed(), to.sealed));
  if (from.has_scoring()) TTX_RETURN_IF_ERROR(Take(from.scoring(), to.scoring));
  if (from.has_suspension()) TTX_RETURN_IF_ERROR(Take(from.suspension(), to.suspension));
  return {};
}

}  // namespace

Result<Rules> FromListing(const From& from) {
  Rules rules;
  TTX_RETURN_IF_ERROR(Take(from.mode(), Mode::kTender, "mode", rules.mode));
  rules.start_price = {from.start_price_fen()};
  for (const auto& tier : from.increments())
    rules.increments.push_back({{tier.from_fen()}, {tier.step_fen()}});
  TTX_RETURN_IF_ERROR(
      Take(from.multiple_base(), MultipleBase::kFromCurrent, "multiple_base", rules.multiple_base));
  TTX_RETURN_IF_ERROR(Take(from.free_period(), "free_period", rules.free_period));
  TTX_RETURN_IF_ERROR(Take(from.preparation(), "preparation", rules.preparation));
  TTX_RETURN_IF_ERROR(Take(from.cycle(), "cycle", rules.cycle));
  TTX_RETURN_IF_ERROR(
      Take(from.limited_entry(), LimitedEntry::kIfTwoInLastHour, "limited_entry", rules.limited_entry));
  rules.max_steps_per_bid = from.max_steps_per_bid();
  rules.self_outbid = from.self_outbid();
  if (from.cap_fen() != 0) rules.cap = Fen{from.cap_fen()};
  TTX_RETURN_IF_ERROR(TakeModes(from, rules));
  return rules;
}

}  // namespace ttx::auction
