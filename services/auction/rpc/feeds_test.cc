// What the listing service says, as the session takes it (domain.md 4.3, 5.4, 5.11, 5.12).

#include "services/auction/rpc/feeds.h"

#include <gtest/gtest.h>

#include "libs/rpc/proto_time.h"
#include "services/auction/app/test_app.h"
#include "ttx/listing/v1/listing.pb.h"

namespace ttx::auction {
namespace {

using testing::At;
using testing::TestApp;
using testing::Yuan;

constexpr std::optional<Reason> kAccepted = std::nullopt;

class ListingFeedTest : public ::testing::Test {
 protected:
  static listing::v1::Event Scheduled(std::vector<std::string> barred = {}) {
    listing::v1::Event event;
    auto& to = *event.mutable_bidding_scheduled();
    to.set_listing("listings/l");
    to.set_exchange("organizations/x");
    to.set_title("title");
    to.set_auction("auctions/a1");
    *to.mutable_start_time() = rpc::ToProtoTime(At(9, 0));
    auto& rules = *to.mutable_rules();
    rules.set_mode(listing::v1::AuctionRules::MULTI);
    rules.set_start_price_fen(Yuan(1'000'000).value);
    rules.set_multiple_base(listing::v1::AuctionRules::FROM_START);
    rules.set_limited_entry(listing::v1::AuctionRules::ALWAYS);
    rules.mutable_free_period()->set_seconds(3600);
    rules.mutable_cycle()->set_seconds(300);
    auto* tier = rules.add_increments();
    tier->set_from_fen(Yuan(1'000'000).value);
    tier->set_step_fen(Yuan(10'000).value);
    for (const char* code : {"B01", "B02"}) {
      auto* bidder = to.add_bidders();
      bidder->set_code(code);
      bidder->set_organization(std::string("organizations/") + code);
      bidder->set_intent(std::string("listings/l/intents/") + code);
    }
    for (const std::string& organization : barred) to.add_barred_organizations(organization);
    return event;
  }
  static listing::v1::Event Objected(bool open) {
    listing::v1::Event event;
    event.mutable_listing_objected()->set_listing("listings/l");
    event.mutable_listing_objected()->set_auction("auctions/a1");
    event.mutable_listing_objected()->set_open(open);
    return event;
  }
  static listing::v1::Event Expired(const std::string& auction, const std::string& reason,
                                    const std::string& cause) {
    listing::v1::Event event;
    event.mutable_listing_expired()->set_listing("listings/l");
    event.mutable_listing_expired()->set_auction(auction);
    event.mutable_listing_expired()->set_reason(reason);
    event.mutable_listing_expired()->set_cause(cause);
    return event;
  }

  std::optional<Reason> Take(const listing::v1::Event& event, Time time) {
    rpc::FeedEvent fed;
    fed.bytes = event.SerializeAsString();
    return TestApp::ReasonOf(
        world_.At(time, [&](storage::Txn& txn) { return OnListingEvent(world_.app, txn, fed); }));
  }

  TestApp world_{At(8, 0)};
};

TEST_F(ListingFeedTest, AnEndedListingAnnulsItsSessionWithThePublishedGround) {
  ASSERT_EQ(Take(Scheduled(), At(8, 1)), kAccepted);
  ASSERT_EQ(world_.Bid("B01", Yuan(1'010'000), At(9, 10)), kAccepted);
  EXPECT_EQ(Take(Expired("", "TERMINATED", "OBJECTION"), At(9, 11)), kAccepted);
  EXPECT_EQ(world_.Now().state, State::kFree) << "a listing without an auction";
  EXPECT_EQ(Take(Expired("auctions/a1", "TERMINATED", "OBJECTION"), At(9, 20)), kAccepted);
  EXPECT_EQ(world_.Now().outcome, Outcome::kAnnulled);
  const std::vector<StoredEvent> told = world_.Public();
  const auto& closed = std::get<Closed>(told.back().event.payload);
  EXPECT_EQ(closed.reason, "OBJECTION");
  EXPECT_EQ(world_.Bid("B02", Yuan(1'020'000), At(9, 21)), Reason::kPHASE_CLOSED);
  const Auction before = world_.Now();
  EXPECT_EQ(Take(Expired("auctions/a1", "TERMINATED", "OBJECTION"), At(9, 22)), kAccepted) << "told twice";
  EXPECT_EQ(world_.Now(), before);
}

TEST_F(ListingFeedTest, ASessionThatHasClosedIsLeftAlone) {
  ASSERT_EQ(Take(Scheduled(), At(8, 1)), kAccepted);
  ASSERT_EQ(world_.Bid("B01", Yuan(1'010'000), At(9, 10)), kAccepted);
  // The end came before the news, whether or not the timer has run.
  EXPECT_EQ(Take(Expired("auctions/a1", "TERMINATED", "FALSE_MATERIAL"), At(12, 0)), kAccepted);
  EXPECT_EQ(world_.Now().outcome, Outcome::kWinner);
}

TEST_F(ListingFeedTest, AnObjectionHoldsTheSessionUntilItIsClosedAndTwoPersonsLetItGoOn) {
  ASSERT_EQ(Take(Scheduled(), At(8, 1)), kAccepted);
  EXPECT_EQ(Take(Objected(true), At(8, 30)), kAccepted);
  EXPECT_EQ(world_.Now().state, State::kScheduled);
  EXPECT_EQ(world_.Bid("B01", Yuan(1'010'000), At(9, 10)), Reason::kAUCTION_SUSPENDED) << "it begins suspended";
  for (const StoredEvent& event : world_.Public()) {
    EXPECT_FALSE(std::holds_alternative<ObjectionNoted>(event.event.payload)) << "the suspension is public, no more";
  }
  const Time resume = At(10, 0, 0, 0, 2);
  const auto ask = [&](Time time) {
    return TestApp::ReasonOf(world_.At(time, [&](storage::Txn& txn) {
      return world_.app.RequestAct(txn, testing::Officer("people/o1"), {{"a1"}, Act::kContinue, "OBJECTION", resume});
    }));
  };
  EXPECT_EQ(ask(At(9, 20)), Reason::kOBJECTION_OPEN);
  EXPECT_EQ(Take(Objected(false), At(9, 30)), kAccepted);
  EXPECT_EQ(world_.Now().state, State::kSuspended);
  EXPECT_EQ(ask(At(9, 40)), kAccepted);
  EXPECT_EQ(TestApp::ReasonOf(world_.At(At(9, 50),
                                        [&](storage::Txn& txn) {
                                          return world_.app.ConfirmAct(
                                              txn, testing::Officer("people/o2"),
                                              {{"a1"}, Act::kContinue, ActEtag(*world_.Now().pending)});
                                        })),
            kAccepted);
  world_.MoveTo(resume);
  EXPECT_EQ(world_.Bid("B01", Yuan(1'010'000), resume + Minutes(1)), kAccepted);
  EXPECT_EQ(world_.Now().phase_end, resume + Hours(1)) << "no bidding time is lost";
}

// domain.md 5.12: a barred organization among the bidders is refused with the whole session.
TEST_F(ListingFeedTest, TheBarredAreRefusedThoughTheyAreAmongTheBidders) {
  EXPECT_EQ(Take(Scheduled({"organizations/B02"}), At(8, 1)), Reason::kBIDDER_BARRED);
  EXPECT_EQ(Take(Scheduled({"organizations/B03"}), At(8, 2)), kAccepted);
  EXPECT_EQ(world_.Now().terms->barred_organizations, std::vector<std::string>{"organizations/B03"});
  listing::v1::Event qualified;
  qualified.mutable_intent_qualified()->set_auction("auctions/a1");
  qualified.mutable_intent_qualified()->set_bidder_code("B03");
  qualified.mutable_intent_qualified()->set_organization("organizations/B03");
  EXPECT_EQ(Take(qualified, At(8, 3)), Reason::kBIDDER_BARRED);
}

TEST_F(ListingFeedTest, WhatNamesNoSessionOfOursIsRefused) {
  EXPECT_EQ(Take(Objected(true), At(8, 1)), Reason::kNOT_FOUND);
  EXPECT_EQ(Take(Expired("auctions/a1", "TERMINATED", ""), At(8, 2)), Reason::kNOT_FOUND);
  EXPECT_EQ(Take(Expired("listings/a1", "TERMINATED", ""), At(8, 3)), Reason::kINVALID_FIELD);
}

}  // namespace
}  // namespace ttx::auction
