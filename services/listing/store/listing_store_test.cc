#include "services/listing/store/listing_store.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "libs/core/encoding.h"
#include "libs/storage/mem_kv.h"
#include "services/listing/domain/testing.h"
#include "services/listing/store/profile.h"
#include "services/listing/store/record.pb.h"

namespace ttx::listing {
namespace {

const std::unordered_map<std::string, std::optional<std::string>> kNothing;

// Seals nothing, so that bytes can be compared.
class PlainVault : public Vault {
 public:
  std::string NewKey(std::string_view) const override { return "key"; }
  std::string Seal(std::string_view, std::string_view plain, std::string_view context) const override {
    return std::string(context) + "|" + std::string(plain);
  }
  std::string Open(std::string_view, std::string_view sealed, std::string_view context) const override {
    EXPECT_TRUE(sealed.starts_with(std::string(context) + "|"));
    return std::string(sealed.substr(context.size() + 1));
  }
};

Intent MakeIntent() {
  Intent intent;
  intent.id = {"i1"};
  intent.listing = "listings/l1";
  intent.exchange = "organizations/x";
  intent.owner = "organizations/o";
  intent.organization = "organizations/b";
  intent.deposit = Fen{100};
  intent.create_time = {5};
  intent.update_time = {6};
  intent.version = 1;
  return intent;
}

TEST(ListingStore, GoldenBytesOfKeysAndOfAnIntent) {
  storage::MemKv kv;
  const storage::Overlay batch;
  storage::Txn txn(kv, batch, kNothing, Time{7}, 1);
  SaveDecision(txn, nullptr, IntentDecision{MakeIntent(), {IntentEvent{}}});
  const std::string key = Hex(std::string("\x17l1\0i1\0", 7));
  std::string found;
  for (const auto& [staged, value] : txn.staged()) {
    if (Hex(staged) == key) found = Hex(*value);
  }
  EXPECT_EQ(found,
            "0a0269311"
            "20b6c697374696e67732f6c311a0f6f7267616e697a6174696f6e732f78220f6f7267616e697a6174696f6e732f6f"
            "2a0f6f7267616e697a6174696f6e732f6242004864500"
            "1c00105c80106d00101");
  EXPECT_EQ(txn.Get(std::string("\x18l1\0organizations/b\0", 20)), "i1");
}

TEST(ListingStore, TableIdsDoNotMove) {
  EXPECT_EQ(static_cast<int>(Table::kAchievement), 0x10);
  EXPECT_EQ(static_cast<int>(Table::kListing), 0x14);
  EXPECT_EQ(static_cast<int>(Table::kIntent), 0x17);
  EXPECT_EQ(static_cast<int>(Table::kProjectSequence), 0x1d);
  EXPECT_EQ(static_cast<int>(Table::kHeldDefault), 0x23);
}

TEST(ListingStore, AHeldDefaultIsThatOfOneIntentUntilItIsCleared) {
  storage::MemKv kv;
  const storage::Overlay batch;
  storage::Txn txn(kv, batch, kNothing, Time{7}, 1);
  const HeldDefault held{"MISCONDUCT", true};
  SaveHeldDefault(txn, "l1", "i1", held);
  SaveHeldDefault(txn, "l1", "i2", {"COLLUSION", false});
  EXPECT_EQ(FindHeldDefault(txn, "l1", "i1"), held);
  EXPECT_EQ(FindHeldDefault(txn, "l1", "i2"), (HeldDefault{"COLLUSION", false}));
  EXPECT_EQ(FindHeldDefault(txn, "l2", "i1"), std::nullopt);
  ClearHeldDefault(txn, "l1", "i1");
  EXPECT_EQ(FindHeldDefault(txn, "l1", "i1"), std::nullopt);
  EXPECT_TRUE(FindHeldDefault(txn, "l1", "i2"));
}

TEST(ListingStore, AchievementsAndListingsReadBackAsWritten) {
  storage::MemKv kv;
  const storage::Overlay batch;
  storage::Txn txn(kv, batch, kNothing, Time{7}, 1);
  const PlainVault vault;
  AchievementContent content = NormalizeContent(testing::MakeAchievementContent()).value();
  // More than one sealed piece.
  for (int i = 0; i < 32; ++i)
    content.encumbrances.push_back({EncumbranceKind::kLicence, std::string(2000, 'x')});
  content.encumbrances.resize(32);
  const auto made = Decide(CreateAchievement{{"a1"}, testing::kOwner, "people/m", content}, Time{7});
  ASSERT_TRUE(made.ok());
  SaveDecision(txn, vault, nullptr, *made);
  EXPECT_EQ(LoadAchievement(txn, vault, "a1"), made->next);

  const Calendar calendar = testing::MakeCalendar();
  const RuleProfile profile = testing::MakeProfile();
  ListingContent offered = testing::MakeListingContent();
  offered.earliest_start = Time{1'800'000'000'000'000'001};
  offered.right_scope.territories = {"110000"};
  offered.attachments = {testing::MakeAttachment()};
  offered.auto_extend = {true, 1, 5, 2};
  const auto listing = Decide(CreateListing{{"l1"},
                                            testing::kExchange,
                                            testing::kOwner,
                                            "某大学",
                                            "achievements/a1",
                                            "people/m",
                                            offered,
                                            {"sealed", "commitment"}},
                              Regime{calendar, profile}, Time{7});
  ASSERT_TRUE(listing.ok());
  SaveDecision(txn, nullptr, *listing);
  EXPECT_EQ(LoadListing(txn, "l1"), listing->next);
  const std::vector<StoredEvent> events = ListEvents(txn, vault, 0, 10);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(std::get<AchievementEvent>(events[0].payload), made->events[0]);
  EXPECT_EQ(std::get<ListingEvent>(events[1].payload), listing->events[0]);
}

Listing MakePublic() {
  Listing listing;
  listing.id = {"l1"};
  listing.exchange = testing::kExchange;
  listing.owner = testing::kOwner;
  listing.content = testing::MakeListingContent();
  listing.content.deposit.amount = Fen{1};
  listing.project_no = "PJ1";
  listing.business_reviewer = "people/b";
  listing.compliance_reviewer = "people/c";
  listing.notice_version = 1;
  listing.start_time = Time{1};
  listing.end_time = Time{2};
  return listing;
}

Deal MakeWhole() {
  return {"deals/d", "listings/l1/intents/i", "organizations/b", "B",    "12345",
          Fen{100'000'000}, Fen{1}, Method::kAuction, "hash", 7};
}

class DealsTest : public ::testing::Test {
 protected:
  // The record of a listing that reads back as it was.
  store::ListingRecord Stored(const Listing& listing) {
    ListingEvent event;
    event.deal = listing.deals.front();
    SaveDecision(txn_, nullptr, ListingDecision{listing, {event}});
    EXPECT_EQ(LoadListing(txn_, "l1"), listing);
    store::ListingRecord record;
    EXPECT_TRUE(record.ParseFromString(*txn_.Get(std::string("\x14l1\0", 4))));
    return record;
  }

  storage::MemKv kv_;
  const storage::Overlay batch_;
  storage::Txn txn_{kv_, batch_, kNothing, Time{7}, 1};
};

TEST_F(DealsTest, ADealOfTheWholeKeepsTheBytesItHadBeforeThereWerePortions) {
  Listing listing = MakePublic();
  Deal deal = MakeWhole();
  for (const ListingState state : {ListingState::kDealPending, ListingState::kDealSigned, ListingState::kClosed,
                                   ListingState::kDefaulted}) {
    listing.state = state;
    deal.settled = deal.certified = state == ListingState::kClosed;
    deal.state = state == ListingState::kDealPending ? DealState::kPending
                 : state == ListingState::kDefaulted ? DealState::kDefaulted
                                                     : DealState::kSigned;
    listing.reason = deal.end_reason = state == ListingState::kDefaulted ? "TRANSFEREE" : "";
    listing.deals = {deal};
    const store::ListingRecord record = Stored(listing);
    EXPECT_EQ(record.settled(), deal.settled);
    EXPECT_EQ(record.certified(), deal.certified);
    EXPECT_EQ(record.portions_size(), 0);
    EXPECT_EQ(Hex(record.deal().SerializeAsString()),
              "0a076465616c732f6412156c697374696e67732f6c312f696e74656e74732f691a0f6f7267616e697a6174696f"
              "6e732f622201422a0531323334353080c2d72f380140014a04686173685007")
        << static_cast<int>(state);
  }
}

TEST_F(DealsTest, PortionsStandInAFieldOfTheirOwn) {
  Listing listing = MakePublic();
  Deal first = MakeWhole();
  first.share_ppm = 300'000;
  first.listed_price = Fen{30};
  first.state = DealState::kDefaulted;
  first.end_reason = "PAYMENT";
  Deal second = MakeWhole();
  second.id = "deals/e";
  second.share_ppm = 700'000;
  second.state = DealState::kSigned;
  second.settled = true;
  listing.state = ListingState::kDealSigned;
  listing.deals = {first, second};
  const store::ListingRecord record = Stored(listing);
  EXPECT_FALSE(record.has_deal());
  EXPECT_FALSE(record.settled());
  EXPECT_EQ(record.portions_size(), 2);
  const std::vector<StoredEvent> events = ListEvents(txn_, PlainVault(), 0, 10);
  ASSERT_EQ(events.size(), 1u);
  const Deal told = std::get<ListingEvent>(events[0].payload).deal;
  EXPECT_EQ(told.share_ppm, 300'000);
  EXPECT_EQ(told.listed_price, Fen{30});
}

std::string ReadProfile(const std::string& name) {
  std::ifstream in("deploy/profiles/" + name + ".textproto");
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(RuleProfile, TheShippedOnesAreValid) {
  const auto profile = ParseRuleProfile(ReadProfile("PUBLIC_RDI"));
  ASSERT_TRUE(profile.ok()) << profile.error().message();
  EXPECT_EQ(*profile, testing::MakeProfile());
  const auto other = ParseRuleProfile(ReadProfile("PRIVATE"));
  ASSERT_TRUE(other.ok()) << other.error().message();
  EXPECT_EQ(other->name, "PRIVATE");
  EXPECT_EQ(other->disclosure_workdays_default, 5);
  EXPECT_EQ(other->resume_workdays_min, 3);
}

TEST(RuleProfile, EveryMistakeIsNamed) {
  const std::string good = ReadProfile("PUBLIC_RDI");
  const auto detail = [](std::string text, const std::string& from, const std::string& to) {
    const size_t at = text.find(from);
    EXPECT_NE(at, text.npos) << from;
    const auto result = ParseRuleProfile(text.replace(at, from.size(), to));
    return result.ok() ? std::string("accepted") : result.error().metadata.at("detail");
  };
  EXPECT_EQ(detail(good, "\"quote_workdays\"", "\"quota_workdays\""),
            "unknown or repeated key quota_workdays");
  EXPECT_EQ(detail(good, "\"quote_workdays\"", "\"dispute_workdays\""),
            "unknown or repeated key dispute_workdays");
  EXPECT_EQ(detail(good, "value: 300000", "value: 1000001"), "deposit_cap_ppm is out of range");
  EXPECT_EQ(detail(good, "value: 300000", "value: 99999"), "deposit_default_ppm is above deposit_cap_ppm");
  EXPECT_EQ(detail(good, "source: \"CBEX timetable, step 1\"", "source: \"\""),
            "opinion_workdays has no source");
  EXPECT_EQ(detail(good, "effective_from: \"2026-01-01\"", "effective_from: \"soon\""),
            "effective_from is not a date");
  EXPECT_EQ(detail(good, "version: 1", "version: 0"), "profile and version are required");
  EXPECT_TRUE(detail(good, "profile: ", "profil: ").starts_with("line "));
}

}  // namespace
}  // namespace ttx::listing
