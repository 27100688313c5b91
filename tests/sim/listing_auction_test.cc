// A listing and its auction, each told of the other through their feeds: objections (domain.md 5.11, 8.2) and
// re-listing after a default (4.4, 5.12).

#include <gtest/gtest.h>

#include "services/auction/store/auction_store.h"
#include "services/listing/store/listing_store.h"
#include "tests/sim/cast.h"

namespace ttx::sim {
namespace {

using auction::Outcome;
using auction::State;
using listing::ListingState;

class ListingAndAuctionTest : public ::testing::Test {
 protected:
  ListingAndAuctionTest() : seeded_(1), world_(1, Faults{}), services_(world_), cast_(MakeCast(world_, services_)) {}

  // A command at a service, to its end: nothing, or the reason of its refusal.
  template <class Run>
  std::optional<Reason> Do(const char* node, Run run) {
    std::optional<Reason> reason;
    storage::Command command;
    command.method = "Test";
    command.run = [&](storage::Txn& txn) -> Result<std::string> {
      const auto result = run(txn);
      if (result.ok()) return std::string();
      reason = result.error().reason;
      return result.error();
    };
    storage::Shell& shell = world_.node(node).shell();
    shell.writer().Submit(std::move(command));
    while (shell.writer().Step() > 0) {
    }
    return reason;
  }
  template <class Run>
  void Must(const char* node, Run run) {
    EXPECT_EQ(Do(node, run), std::nullopt);
  }
  void MoveTo(Time time) {
    world_.clock.Set(time);
    world_.Settle();
  }

  const Exchange& exchange() const { return cast_.exchanges[0]; }
  const Principal& owner() const { return cast_.universities[0].client; }
  const Principal& bidder(size_t index) const { return cast_.enterprises[index].client; }

  std::string Achievement() {
    const listing::ListingApp& app = services_.listing;
    std::string id;
    Must("listing", [&](storage::Txn& txn) -> Result<bool> {
      listing::AchievementContent content;
      content.title = "碳纳米管导热膜";
      content.keywords = {"碳纳米管"};
      content.abstract_public = "一种高导热碳纳米管复合薄膜";
      content.achievement_type = listing::AchievementType::kAppliedTechnology;
      content.attribute = listing::Attribute::kOriginal;
      content.stage = listing::Stage::kPilot;
      content.trl.level = 7;
      content.trl.standard = "GB/T 22900-2022";
      content.trl.assessor_type = listing::Assessor::kSelf;
      content.tech_field = "05";
      content.completing_units = {{cast_.universities[0].uscc, cast_.universities[0].legal_name, 1'000'000}};
      content.inventors.resize(1);
      content.inventors[0].display_name = "赵示范";
      content.ip_items.resize(1);
      content.ip_items[0].kind = listing::IpKind::kSoftwareCopyright;
      content.ip_items[0].number = "2026SR0000001";
      content.ip_items[0].title = content.title;
      content.ip_items[0].status = listing::IpStatus::kGranted;
      content.ownership.nature = listing::OwnershipNature::kService;
      content.ownership.owners = {{cast_.universities[0].uscc, 1'000'000}};
      TTX_TRY(const listing::Achievement made, app.CreateAchievement(txn, owner(), content));
      id = made.id.text;
      const listing::Target target{id, ""};
      TTX_TRY(auto next, app.SubmitAchievement(txn, owner(), target, exchange().member.organization));
      TTX_TRY(next, app.ClearAchievement(txn, exchange().secrecy_reviewer, target, listing::Secrecy::kNonSecret, ""));
      TTX_TRY(next, app.PassRights(txn, exchange().rights_reviewer, target));
      TTX_TRY(next, app.PublishAchievement(txn, owner(), target));
      return true;
    });
    world_.Settle();
    return id;
  }

  // A listing brought to its auction, with these bidders; the barred try in vain.
  std::string Scheduled(const std::string& achievement, const std::vector<size_t>& bidders,
                        const listing::Relisting& relisting = {}, int64_t price = 100'000'000,
                        const std::vector<size_t>& barred = {}) {
    const listing::ListingApp& app = services_.listing;
    std::string id;
    Must("listing", [&](storage::Txn& txn) -> Result<bool> {
      listing::ListingContent content;
      content.title = "碳纳米管导热膜";
      content.right_scope.kind = listing::Kind::kTransferOtherIp;
      content.listed_price = {price};
      content.listing_days = 5;
      content.deposit.guarantee = content.deposit.disposal = "条款";
      content.payment_terms = "一次总付";
      content.contact = "王老师";
      content.relisting = relisting;
      TTX_TRY(const listing::Listing made,
              app.CreateListing(txn, owner(),
                                {exchange().member.organization, "PUBLIC_RDI", achievement, content, {}}));
      id = made.id.text;
      const listing::Target target{id, ""};
      TTX_TRY(auto next, app.SubmitListing(txn, owner(), target));
      TTX_TRY(next, app.AcceptListing(txn, exchange().clerk(), target));
      TTX_TRY(next, app.ApproveListing(txn, exchange().business_reviewer, target, listing::Review::kBusiness));
      TTX_TRY(next, app.ApproveListing(txn, exchange().compliance_reviewer, target, listing::Review::kCompliance));
      TTX_TRY(next, app.PublishListing(txn, exchange().officer, target));
      return true;
    });
    const auto register_intent = [&](size_t index) {
      return Do("listing", [&](storage::Txn& txn) {
        return app.CreateIntent(txn, bidder(index), id, {"符合受让方条件", "李经理", {}});
      });
    };
    for (const size_t index : barred) EXPECT_EQ(register_intent(index), Reason::kBARRED);
    for (const size_t index : bidders) EXPECT_EQ(register_intent(index), std::nullopt);
    MoveTo(Load(id).end_time);
    for (const listing::Intent& intent : listing::ListIntents(world_.node("listing").disk(), id, "", 10)) {
      const listing::IntentTarget target{id, intent.id.text, ""};
      Must("listing", [&](storage::Txn& txn) { return app.GiveOpinion(txn, exchange().clerk(), target, true, ""); });
      Must("listing", [&](storage::Txn& txn) { return app.ConsentIntent(txn, owner(), target); });
      Must("listing", [&](storage::Txn& txn) { return app.OnDepositEffective(txn, intent.name()); });
    }
    Must("listing",
         [&](storage::Txn& txn) { return app.ScheduleBidding(txn, exchange().officer, {id, ""}, {}); });
    world_.Settle();
    return id;
  }

  listing::Listing Load(const std::string& id) {
    return *listing::LoadListing(world_.node("listing").disk(), id);
  }
  auction::AuctionId AuctionOf(const std::string& listing) { return {Load(listing).auction.substr(9)}; }
  auction::Auction Session(const std::string& listing) {
    return services_.auction.Get(world_.node("auction").disk(), AuctionOf(listing))->auction;
  }
  std::optional<Reason> Bid(const std::string& listing, size_t index, int64_t fen) {
    return Do("auction", [&](storage::Txn& txn) {
      return services_.auction.PlaceBid(txn, bidder(index), {AuctionOf(listing), {fen}, "", true});
    });
  }
  // Two persons of the exchange let a suspended session go on.
  std::optional<Reason> Continue(const std::string& listing, Time resume) {
    const auction::AuctionId id = AuctionOf(listing);
    const auto asked = Do("auction", [&](storage::Txn& txn) {
      return services_.auction.RequestAct(txn, exchange().clerk(),
                                          {id, auction::Act::kContinue, "OBJECTION", resume});
    });
    if (asked) return asked;
    const std::string etag = auction::ActEtag(*Session(listing).pending);
    return Do("auction", [&](storage::Txn& txn) {
      return services_.auction.ConfirmAct(txn, exchange().officer, {id, auction::Act::kContinue, etag});
    });
  }
  void Objected(const std::string& listing, const char* objection) {
    Must("listing", [&](storage::Txn& txn) {
      return services_.listing.OnObjectionAccepted(txn, "listings/" + listing, objection);
    });
    world_.Settle();
  }
  void Decided(const std::string& listing, const char* objection, bool upheld) {
    Must("listing", [&](storage::Txn& txn) {
      return services_.listing.OnObjectionClosed(txn, "listings/" + listing, objection, upheld);
    });
    world_.Settle();
  }

  SeededCrypto seeded_;
  World world_;
  Installation services_;
  const Cast cast_;
};

TEST_F(ListingAndAuctionTest, AnObjectionHoldsTheSessionAndAnUpheldOneAnnulsIt) {
  const std::string listing = Scheduled(Achievement(), {0, 1});
  const Time start = Load(listing).bidding_start_time;
  MoveTo(start + Minutes(10));
  EXPECT_EQ(Load(listing).state, ListingState::kBidding);
  EXPECT_EQ(Bid(listing, 0, 101'000'000), std::nullopt);
  Objected(listing, "objections/a");
  EXPECT_EQ(Session(listing).state, State::kSuspended);
  EXPECT_EQ(Bid(listing, 1, 102'000'000), Reason::kAUCTION_SUSPENDED);
  const Time resume = start + Hours(24 * 4);
  EXPECT_EQ(Continue(listing, resume), Reason::kOBJECTION_OPEN);
  MoveTo(start + Hours(24));
  Decided(listing, "objections/a", false);
  EXPECT_EQ(Continue(listing, resume), std::nullopt);
  MoveTo(resume);
  EXPECT_EQ(Bid(listing, 1, 102'000'000), std::nullopt);
  Objected(listing, "objections/b");
  Decided(listing, "objections/b", true);
  EXPECT_EQ(Load(listing).state, ListingState::kTerminated);
  EXPECT_EQ(Session(listing).state, State::kClosed);
  EXPECT_EQ(Session(listing).outcome, Outcome::kAnnulled);
  for (const listing::Intent& intent : listing::ListIntents(world_.node("listing").disk(), listing, "", 10)) {
    EXPECT_EQ(intent.state, listing::IntentState::kReleased) << "deposits go back";
    EXPECT_EQ(intent.end_reason, "TERMINATED");
  }
  EXPECT_TRUE(Load(listing).deals.empty());
}

TEST_F(ListingAndAuctionTest, AnObjectionUpheldBeforeTheStartLeavesNothingToBidFor) {
  const std::string listing = Scheduled(Achievement(), {0, 1});
  Objected(listing, "objections/a");
  EXPECT_EQ(Session(listing).state, State::kScheduled);
  Decided(listing, "objections/a", true);
  EXPECT_EQ(Session(listing).outcome, Outcome::kAnnulled);
  MoveTo(Load(listing).bidding_start_time + Minutes(1));
  EXPECT_EQ(Bid(listing, 0, 101'000'000), Reason::kPHASE_CLOSED);
}

// Default -> re-listing for less -> who defaulted is refused by both services.
TEST_F(ListingAndAuctionTest, WhoBrokeItsWordStaysOutOfTheRelisting) {
  const std::string achievement = Achievement();
  const std::string first = Scheduled(achievement, {0, 1, 2});
  MoveTo(Load(first).bidding_start_time + Minutes(10));
  EXPECT_EQ(Bid(first, 0, 101'000'000), std::nullopt);
  MoveTo(Load(first).bidding_start_time + Hours(3));
  ASSERT_EQ(Load(first).state, ListingState::kDealPending);
  ASSERT_EQ(Load(first).deals.at(0).buyer, bidder(0).organization);
  Must("listing", [&](storage::Txn& txn) {
    return services_.listing.OnDealDefaulted(txn, "listings/" + first, Load(first).deals.at(0).id, "TRANSFEREE");
  });
  world_.Settle();
  ASSERT_EQ(Load(first).state, ListingState::kDefaulted);
  const listing::Relisting relisting{"listings/" + first,
                                     {100'000'000},
                                     listing::PriceCutEvidence::kOwnerDecision,
                                     {"decision.pdf", std::string(64, 'a'), 1}};
  const std::string second = Scheduled(achievement, {1, 2}, relisting, 80'000'000, {0});
  EXPECT_EQ(Load(second).content.relisting.previous_listing, "listings/" + first);
  EXPECT_EQ(Session(second).terms->barred_organizations, std::vector<std::string>{bidder(0).organization});
  // Smuggled into the bidders, it is refused all the same.
  EXPECT_EQ(Do("auction",
               [&](storage::Txn& txn) {
                 return services_.auction.AddBidder(
                     txn, AuctionOf(second),
                     {.code = "99999", .organization = bidder(0).organization, .intent = "listings/x/intents/y"},
                     txn.now());
               }),
            Reason::kBIDDER_BARRED);
  MoveTo(Load(second).bidding_start_time + Minutes(10));
  EXPECT_EQ(Bid(second, 0, 80'800'000), Reason::kNOT_QUALIFIED);
  EXPECT_EQ(Bid(second, 1, 80'800'000), std::nullopt);
}

}  // namespace
}  // namespace ttx::sim
