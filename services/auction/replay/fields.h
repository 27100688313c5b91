#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "services/auction/domain/auction.h"

namespace ttx::auction::replay {

/// The names of rules and of what a session is scheduled with, said once for every reader and writer: the
/// JSON of the session file and the text of ttx.type.v1.BiddingRules. An archive has
///   Integer, Flag, Amount (fen), Length (Duration), Instant (Time), Share (Ppm), Text, Bytes (hexadecimal),
///   Choice (a name out of a table), OptionalAmount, Optional, Nested and List
///   and OptionalText and OptionalFlag (left out when empty or false).

template <class E, size_t N>
using Choices = std::array<std::pair<std::string_view, E>, N>;

inline constexpr Choices<Mode, 7> kModes = {{{"MULTI", Mode::kMulti},
                                             {"DYNAMIC", Mode::kDynamic},
                                             {"ENGLISH", Mode::kEnglish},
                                             {"SEALED", Mode::kSealed},
                                             {"WEIGHTED", Mode::kWeighted},
                                             {"DUTCH", Mode::kDutch},
                                             {"TENDER", Mode::kTender}}};
inline constexpr Choices<LimitedEntry, 3> kLimitedEntries = {
    {{"ALWAYS", LimitedEntry::kAlways},
     {"IF_TWO_BIDDERS", LimitedEntry::kIfTwoBidders},
     {"IF_TWO_IN_LAST_HOUR", LimitedEntry::kIfTwoInLastHour}}};
inline constexpr Choices<MultipleBase, 2> kMultipleBases = {
    {{"FROM_START", MultipleBase::kFromStart}, {"FROM_CURRENT", MultipleBase::kFromCurrent}}};
inline constexpr Choices<CapPolicy, 2> kCapPolicies = {
    {{"END_AT_CAP", CapPolicy::kEndAtCap}, {"LOTTERY_AT_CAP", CapPolicy::kLotteryAtCap}}};
inline constexpr Choices<TieRule, 2> kTieRules = {
    {{"PRIORITY_THEN_TIME", TieRule::kPriorityThenTime}, {"REQUOTE", TieRule::kRequote}}};
inline constexpr Choices<SingleBidder, 3> kSingleBidders = {
    {{"START_PRICE_SALE", SingleBidder::kStartPriceSale},
     {"AGREEMENT_AT_QUOTE", SingleBidder::kAgreementAtQuote},
     {"RETENDER", SingleBidder::kRetender}}};
inline constexpr Choices<Anonymity, 1> kAnonymities = {{{"CODE_UNTIL_CLOSE", Anonymity::kCodeUntilClose}}};
inline constexpr Choices<PriorityMode, 3> kPriorityModes = {{{"AS_ORDINARY", PriorityMode::kAsOrdinary},
                                                             {"SAME_PRICE", PriorityMode::kSamePrice},
                                                             {"ASK_AT_END", PriorityMode::kAskAtEnd}}};
inline constexpr Choices<EqualRank, 3> kEqualRanks = {{{"EARLIEST", EqualRank::kEarliest},
                                                       {"LOTTERY", EqualRank::kLottery},
                                                       {"PRO_RATA", EqualRank::kProRata}}};

template <class Archive>
void VisitRules(Archive& archive, Rules& rules) {
  archive.Choice("mode", rules.mode, kModes);
  archive.Amount("start_price_fen", rules.start_price);
  archive.List("increments", rules.increments, [](auto& a, Increment& increment) {
    a.Amount("from_fen", increment.from);
    a.Amount("step_fen", increment.step);
  });
  archive.Choice("multiple_base", rules.multiple_base, kMultipleBases);
  archive.Length("free_period", rules.free_period);
  archive.Length("preparation", rules.preparation);
  archive.Length("cycle", rules.cycle);
  archive.Choice("limited_entry", rules.limited_entry, kLimitedEntries);
  archive.IntegerWithZero("max_steps_per_bid", rules.max_steps_per_bid);
  archive.Flag("self_outbid", rules.self_outbid);
  archive.OptionalAmount("cap_fen", rules.cap);
  archive.Choice("cap_policy", rules.cap_policy, kCapPolicies);
  archive.Flag("proxy_bids", rules.proxy_bids);
  archive.Integer("min_bidders", rules.min_bidders);
  archive.Choice("single_bidder", rules.single_bidder, kSingleBidders);
  archive.Choice("tie_rule", rules.tie_rule, kTieRules);
  archive.Choice("anonymity", rules.anonymity, kAnonymities);
  archive.Lengths("warnings", rules.warnings);
  archive.Length("max_total", rules.max_total);
  archive.Flag("forfeit_when_silent", rules.forfeit_when_silent);
  archive.Nested("priority", rules.priority, [](auto& a, PriorityRules& priority) {
    a.Choice("mode", priority.mode, kPriorityModes);
    a.Choice("equal_rank", priority.equal_rank, kEqualRanks);
    a.Length("answer_period", priority.answer_period);
    a.Flag("best_bidder_may_raise", priority.best_bidder_may_raise);
  });
  archive.Nested("dutch", rules.dutch, [](auto& a, DutchRules& dutch) {
    a.Amount("decrement_fen", dutch.decrement);
    a.Share("decrement_ppm", dutch.decrement_share);
    a.Length("interval", dutch.interval);
    a.Amount("floor_fen", dutch.floor);
  });
  archive.Nested("sealed", rules.sealed, [](auto& a, SealedRules& sealed) {
    a.Integer("submissions", sealed.submissions);
    a.Flag("may_withdraw", sealed.may_withdraw);
    a.Flag("check_multiple", sealed.check_multiple);
    a.Integer("shares_needed", sealed.shares_needed);
    a.Integer("shares_total", sealed.shares_total);
    a.Length("shares_period", sealed.shares_period);
    a.Length("second_period", sealed.second_period);
    a.Length("reveal_period", sealed.reveal_period);
    a.OptionalText("holder_set", sealed.holder_set);
  });
  archive.Nested("scoring", rules.scoring, [](auto& a, ScoringRules& scoring) {
    a.Share("price_weight_ppm", scoring.price_weight);
    a.List("criteria", scoring.criteria, [](auto& b, Criterion& criterion) {
      b.Text("name", criterion.name);
      b.Share("weight_ppm", criterion.weight);
    });
    a.Length("publicity", scoring.publicity);
  });
  archive.Nested("suspension", rules.suspension, [](auto& a, SuspensionRules& suspension) {
    a.Length("outage_notice", suspension.outage_notice);
    a.Length("resume_notice", suspension.resume_notice);
    a.Length("longest", suspension.longest);
  });
  archive.OptionalFlag("next_best_allowed", rules.next_best_allowed);
}

/// What a session was announced with, and its bidders by code: no organization, no intent.
template <class Archive>
void VisitSchedule(Archive& archive, ScheduleAuction& schedule) {
  archive.Text("auction", schedule.id.text);
  archive.Text("listing", schedule.listing);
  archive.Text("exchange", schedule.exchange);
  archive.Text("title", schedule.title);
  archive.Instant("start_time", schedule.start_time);
  archive.Nested("rules", schedule.rules, [](auto& a, Rules& rules) { VisitRules(a, rules); });
  archive.Optional("reserve", schedule.reserve, [](auto& a, Reserve& reserve) {
    a.Amount("price_fen", reserve.price);
    a.Bytes("salt", reserve.salt);
    a.Bytes("commitment", reserve.commitment);
  });
  archive.Optional("draw_seed", schedule.draw_seed, [](auto& a, DrawSeed& draw) {
    a.Bytes("seed", draw.seed);
    a.Bytes("commitment", draw.commitment);
  });
  archive.List("bidders", schedule.bidders, [](auto& a, Bidder& bidder) {
    a.Text("code", bidder.code);
    a.Integer("rank", bidder.rank);
    a.Integer("share", bidder.share);
  });
}

}  // namespace ttx::auction::replay
