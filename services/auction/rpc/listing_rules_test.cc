// The rules of a listing as the session takes them.

#include "services/auction/rpc/listing_rules.h"

#include <gtest/gtest.h>

#include "ttx/listing/v1/listing.pb.h"

namespace ttx::auction {
namespace {

using From = listing::v1::AuctionRules;

From Tender() {
  From from;
  from.set_mode(From::TENDER);
  from.set_start_price_fen(100'000);
  from.set_multiple_base(From::FROM_START);
  from.set_limited_entry(From::ALWAYS);
  from.mutable_free_period()->set_seconds(3600);
  from.mutable_cycle()->set_seconds(300);
  from.mutable_scoring()->set_price_weight_ppm(1'000'000);
  return from;
}

TEST(ListingRules, WhatIsLeftOpenIsUsual) {
  const Result<Rules> rules = FromListing(Tender());
  ASSERT_TRUE(rules.ok());
  EXPECT_EQ(rules->scoring.publicity, Hours(72))
      << "a tender is not awarded without publicity by an omission";
  EXPECT_EQ(rules->warnings, (std::vector<Duration>{Seconds(60), Seconds(30), Seconds(10)}));
  EXPECT_EQ(rules->max_total, Hours(8));
  EXPECT_EQ(rules->suspension, SuspensionRules{});
  From named = Tender();
  named.mutable_scoring()->mutable_publicity();
  EXPECT_EQ(FromListing(named)->scoring.publicity, Duration{}) << "said to be none";
}

TEST(ListingRules, AnUnknownValueNamesTheField) {
  const std::vector<std::pair<const char*, void (*)(From&)>> cases = {
      {"rules.mode", [](From& f) { f.set_mode(static_cast<From::Mode>(99)); }},
      {"rules.mode", [](From& f) { f.clear_mode(); }},
      {"rules.multiple_base", [](From& f) { f.clear_multiple_base(); }},
      {"rules.limited_entry", [](From& f) { f.set_limited_entry(static_cast<From::LimitedEntry>(99)); }},
      {"rules.cap_policy", [](From& f) { f.set_cap_policy(static_cast<From::CapPolicy>(99)); }},
      {"rules.tie_rule", [](From& f) { f.set_tie_rule(static_cast<From::TieRule>(99)); }},
      {"rules.single_bidder", [](From& f) { f.set_single_bidder(static_cast<From::SingleBidder>(99)); }},
      {"rules.priority.mode",
       [](From& f) { f.mutable_priority()->set_mode(static_cast<From::PriorityMode>(99)); }},
      {"rules.priority.equal_rank",
       [](From& f) {
         f.mutable_priority()->set_mode(From::ASK_AT_END);
         f.mutable_priority()->set_equal_rank(static_cast<From::EqualRank>(99));
       }},
  };
  for (const auto& [field, change] : cases) {
    From from = Tender();
    change(from);
    const Result<Rules> rules = FromListing(from);
    ASSERT_FALSE(rules.ok()) << field;
    EXPECT_EQ(rules.error().violations.at(0).field, field);
    EXPECT_EQ(rules.error().violations.at(0).reason, Reason::kUNKNOWN_VALUE);
  }
}

}  // namespace
}  // namespace ttx::auction
