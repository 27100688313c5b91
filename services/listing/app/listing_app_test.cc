#include "services/listing/app/listing_app.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "libs/core/encoding.h"
#include "libs/crypto/digest.h"
#include "libs/sealed/test_parties.h"
#include "libs/storage/mem_kv.h"
#include "libs/storage/shell.h"
#include "libs/storage/table.h"
#include "libs/testing/manual_clock.h"
#include "libs/testing/seeded_ids.h"
#include "services/listing/domain/testing.h"

namespace ttx::listing {
namespace {

using testing::kExchange;
using testing::kOwner;
using testing::kOwnerUscc;
using testing::MakeAchievementContent;
using testing::MakeIntentContent;
using testing::MakeListingContent;

// Thursday; listing_end(2026-09-17, 10) is 2026-09-30 (domain.md 0.4).
const Time kStart = AtHour(MakeDate(2026, 9, 17), 10, 0);
const Time kEnd = EndOfDay(MakeDate(2026, 9, 30));
const std::string kSecretsKey(32, 'k');

Principal Client(const std::string& organization, const std::string& person,
                 std::vector<std::string> roles = {}) {
  return {"apiClients/" + person, organization, "people/" + person, std::move(roles)};
}
const Principal kUniversity = Client(kOwner, "maker");
const Principal kSecrecy = Client(kExchange, "secrecy", {"SECRECY_REVIEWER"});
const Principal kRights = Client(kExchange, "rights");
const Principal kClerk = Client(kExchange, "clerk");
const Principal kBusiness = Client(kExchange, "business");
const Principal kCompliance = Client(kExchange, "compliance");
const Principal kOfficer = Client(kExchange, "officer");
const Principal kStranger = Client("organizations/other-exchange", "stranger", {"SECRECY_REVIEWER"});
const Principal kService{"services/auction", "", "", {}};

// The service without its wire: shell, app, a clock that the test moves, seeded ids.
class ListingAppTest : public ::testing::Test {
 protected:
  ListingAppTest()
      : shell_(std::make_unique<storage::MemKv>(), clock_, {},
               {.on_due = [this](storage::Txn& txn, const std::string& subject) { app_.OnDue(txn, subject); },
                .on_failure = [](const Error&) { FAIL(); }}) {
    Activate(kOwner, "某大学", kOwnerUscc);
    (void)Feed([this](storage::Txn& txn) { return app_.OnExchangeActivated(txn, kExchange, "91110108MA01ABCD5T"); });
    for (const char* name : {"b1", "b2", "b3"}) Activate("organizations/" + std::string(name), name, "");
  }

  void Activate(const std::string& name, const std::string& legal_name, const std::string& uscc) {
    (void)Feed(
        [=, this](storage::Txn& txn) { return app_.OnOrganizationActivated(txn, name, legal_name, uscc); });
  }

  // Runs one command through the writer; an empty request id is not remembered.
  template <class T>
  Result<T> Write(std::function<Result<T>(storage::Txn&)> run, const std::string& request_id = "") {
    Result<T> result = Error(Reason::kINTERNAL);
    storage::Command command;
    command.principal = "p";
    command.method = "M";
    command.request_id = request_id;
    command.run = [&](storage::Txn& txn) -> Result<std::string> {
      result = run(txn);
      if (!result.ok()) return result.error();
      return std::string("ok");
    };
    command.done = [&](storage::Answer answer) { replayed_ = answer.replayed; };
    shell_.writer().Submit(std::move(command));
    while (shell_.writer().Step() > 0) {
    }
    return result;
  }

  Status Feed(std::function<Status(storage::Txn&)> run) {
    const auto result = Write<bool>([&](storage::Txn& txn) -> Result<bool> {
      TTX_RETURN_IF_ERROR(run(txn));
      return true;
    });
    return result.ok() ? Status() : Status(result.error());
  }

  // Moves the clock and runs every timer that has come due.
  void AdvanceTo(Time now) {
    clock_.Set(now);
    for (int i = 0; i < 100; ++i) {
      shell_.Tick();
      while (shell_.writer().Step() > 0) {
      }
    }
  }

  // One right is in one live achievement only: each after the first is about another.
  AchievementContent NextContent() {
    AchievementContent content = MakeAchievementContent();
    if (content_count_++ > 0) {
      content.ip_items[0].kind = IpKind::kSoftwareCopyright;
      content.ip_items[0].number = "2026SR" + std::to_string(content_count_);
    }
    return content;
  }
  std::string Registered() {
    const auto made = Write<Achievement>(
        [&](auto& txn) { return app_.CreateAchievement(txn, kUniversity, NextContent()); });
    const Target target{made->id.text, ""};
    EXPECT_TRUE(Write<Achievement>([&](auto& txn) {
                  return app_.SubmitAchievement(txn, kUniversity, target, kExchange);
                }).ok());
    EXPECT_TRUE(Write<Achievement>([&](auto& txn) {
                  return app_.ClearAchievement(txn, kSecrecy, target, Secrecy::kNonSecret, "");
                }).ok());
    EXPECT_TRUE(Write<Achievement>([&](auto& txn) { return app_.PassRights(txn, kRights, target); }).ok());
    return target.id;
  }
  std::string Published() {
    const std::string id = Registered();
    EXPECT_TRUE(Write<Achievement>([&](auto& txn) {
                  return app_.PublishAchievement(txn, kUniversity, {id, ""});
                }).ok());
    return id;
  }

  std::string Drafted(ListingContent content = MakeListingContent(), Fen reserve = {}) {
    const std::string achievement = Published();
    const auto made = Write<Listing>([&](auto& txn) {
      return app_.CreateListing(txn, kUniversity, {kExchange, "PUBLIC_RDI", achievement, content, reserve});
    });
    EXPECT_TRUE(made.ok()) << made.error().message();
    return made->id.text;
  }
  std::string Approved(ListingContent content = MakeListingContent(), Fen reserve = {}) {
    return Reviewed({Drafted(std::move(content), reserve), ""});
  }
  std::string Reviewed(const Target& target) {
    EXPECT_TRUE(Write<Listing>([&](auto& txn) { return app_.SubmitListing(txn, kUniversity, target); }).ok());
    EXPECT_TRUE(Write<Listing>([&](auto& txn) { return app_.AcceptListing(txn, kClerk, target); }).ok());
    EXPECT_TRUE(Write<Listing>([&](auto& txn) {
                  return app_.ApproveListing(txn, kBusiness, target, Review::kBusiness);
                }).ok());
    EXPECT_TRUE(Write<Listing>([&](auto& txn) {
                  return app_.ApproveListing(txn, kCompliance, target, Review::kCompliance);
                }).ok());
    return target.id;
  }
  // Another listing of an achievement, brought to APPROVED.
  std::string Again(const std::string& achievement, const ListingContent& content) {
    const auto made = Write<Listing>([&](auto& txn) {
      return app_.CreateListing(txn, kUniversity, {kExchange, "PUBLIC_RDI", achievement, content, {}});
    });
    EXPECT_TRUE(made.ok()) << made.error().message();
    return Reviewed({made->id.text, ""});
  }
  std::string Listed(ListingContent content = MakeListingContent(), Fen reserve = {}) {
    const std::string id = Approved(std::move(content), reserve);
    EXPECT_TRUE(Write<Listing>([&](auto& txn) { return app_.PublishListing(txn, kOfficer, {id, ""}); }).ok());
    return id;
  }

  Result<Intent> Register(const std::string& listing, const std::string& bidder) {
    return Write<Intent>([&](auto& txn) {
      return app_.CreateIntent(txn, Client("organizations/" + bidder, bidder), listing, MakeIntentContent());
    });
  }
  // A listing after its period, with the intents of these bidders confirmed and paid.
  std::string Qualified(const std::vector<std::string>& bidders, Fen reserve = {},
                        ListingContent content = MakeListingContent()) {
    const std::string listing = Listed(std::move(content), reserve);
    for (const std::string& bidder : bidders) EXPECT_TRUE(Register(listing, bidder).ok());
    AdvanceTo(kEnd);
    EXPECT_EQ(Load(listing).state, ListingState::kQualifying);
    for (const Intent& intent : Intents(listing)) {
      const IntentTarget target{listing, intent.id.text, ""};
      EXPECT_TRUE(
          Write<Intent>([&](auto& txn) { return app_.GiveOpinion(txn, kClerk, target, true, ""); }).ok());
      EXPECT_TRUE(
          Write<Intent>([&](auto& txn) { return app_.ConsentIntent(txn, kUniversity, target); }).ok());
    }
    for (const Intent& intent : Intents(listing)) {
      EXPECT_TRUE(Feed([&](auto& txn) { return app_.OnDepositEffective(txn, intent.name()); }).ok());
    }
    return listing;
  }
  std::string Scheduled(Fen reserve = {}) {
    const std::string listing = Qualified({"b1", "b2", "b3"}, reserve);
    EXPECT_TRUE(Write<Listing>([&](auto& txn) {
                  return app_.ScheduleBidding(txn, kOfficer, {listing, ""}, {});
                }).ok());
    return listing;
  }
  std::string Won() {
    const std::string listing = Scheduled();
    EXPECT_TRUE(Feed([&](auto& txn) { return app_.OnBiddingStarted(txn, "listings/" + listing, true); }).ok());
    const std::string code = FindIntentOf(shell_.kv(), listing, "organizations/b2")->bidder_code;
    EXPECT_TRUE(Feed([&](auto& txn) {
                  return app_.OnAuctionClosed(
                      txn, {"listings/" + listing, true, "", code, Fen{120'000'000}, 7, "abcd"});
                }).ok());
    return listing;
  }

  Listing Load(const std::string& id) { return *LoadListing(shell_.kv(), id); }
  Achievement LoadOffered(const std::string& listing) {
    return app_.GetAchievement(shell_.kv(), kUniversity, Load(listing).achievement.substr(13))->value;
  }
  std::vector<Intent> Intents(const std::string& listing) {
    return ListIntents(shell_.kv(), listing, "", 100);
  }
  std::vector<StoredEvent> Events(const Principal& caller = kService) {
    return app_.ListEvents(shell_.kv(), caller, 0, 1000).events;
  }
  std::vector<Announcement> Announced(AnnouncementType type) {
    std::vector<Announcement> found;
    for (const StoredEvent& event : Events()) {
      const auto* announcement = std::get_if<Announcement>(&event.payload);
      if (announcement != nullptr && announcement->type == type) found.push_back(*announcement);
    }
    return found;
  }

  ttx::testing::ManualClock clock_{kStart};
  ttx::testing::SeededIds ids_{7};
  const Calendar calendar_ = testing::MakeCalendar();
  ListingApp app_{calendar_, ids_, {testing::MakeProfile()}, kSecretsKey};
  int content_count_ = 0;
  storage::Shell shell_;
  bool replayed_ = false;
};

TEST_F(ListingAppTest, ARequestIdMakesOneAchievement) {
  const auto create = [&](auto& txn) {
    return app_.CreateAchievement(txn, kUniversity, MakeAchievementContent());
  };
  ASSERT_TRUE(Write<Achievement>(create, "r1").ok());
  (void)Write<Achievement>(create, "r1");
  EXPECT_TRUE(replayed_);
  EXPECT_EQ(app_.ListAchievements(shell_.kv(), kUniversity, true, {}, "", 10).items.size(), 1u);
}

TEST_F(ListingAppTest, OnlyActiveOrganizationsCreate) {
  EXPECT_EQ(Write<Achievement>(
                [&](auto& txn) { return app_.CreateAchievement(txn, kStranger, MakeAchievementContent()); })
                .error()
                .reason,
            Reason::kORGANIZATION_NOT_ACTIVE);
  (void)Feed([&](auto& txn) { return app_.OnOrganizationChanged(txn, kOwner, false); });
  EXPECT_EQ(Write<Achievement>(
                [&](auto& txn) { return app_.CreateAchievement(txn, kUniversity, MakeAchievementContent()); })
                .error()
                .reason,
            Reason::kORGANIZATION_NOT_ACTIVE);
}

TEST_F(ListingAppTest, AStaleEtagIsRefusedWithTheCurrentOne) {
  const std::string id = Published();
  const auto result = Write<Achievement>([&](auto& txn) {
    return app_.WithdrawAchievement(txn, kUniversity, {id, "1"});
  });
  EXPECT_EQ(result.error().reason, Reason::kETAG_MISMATCH);
  EXPECT_EQ(result.error().metadata.at("etag"), "5");
  EXPECT_TRUE(Write<Achievement>([&](auto& txn) {
                return app_.WithdrawAchievement(txn, kUniversity, {id, "5"});
              }).ok());
}

TEST_F(ListingAppTest, ThePublicSeesNoRestrictedFieldAndNothingBeforePublication) {
  const std::string id = Registered();
  EXPECT_EQ(app_.GetAchievement(shell_.kv(), {}, id).error().reason, Reason::kNOT_FOUND);
  EXPECT_EQ(app_.GetAchievement(shell_.kv(), kStranger, id).error().reason, Reason::kNOT_FOUND);
  EXPECT_EQ(app_.GetAchievement(shell_.kv(), kRights, id)->sight, Sight::kStaff);
  ASSERT_TRUE(Write<Achievement>([&](auto& txn) {
                return app_.PublishAchievement(txn, kUniversity, {id, ""});
              }).ok());
  const auto seen = app_.GetAchievement(shell_.kv(), {}, id);
  EXPECT_EQ(seen->sight, Sight::kPublic);
  EXPECT_EQ(seen->value.content, PublicPart(seen->value.content));
  EXPECT_NE(app_.GetAchievement(shell_.kv(), kUniversity, id)->value.content, seen->value.content);
}

TEST_F(ListingAppTest, ContentIsSealedAtRestAndAStateSecretIsErased) {
  const auto made = Write<Achievement>(
      [&](auto& txn) { return app_.CreateAchievement(txn, kUniversity, MakeAchievementContent()); });
  const Target target{made->id.text, ""};
  ASSERT_TRUE(Write<Achievement>([&](auto& txn) {
                return app_.SubmitAchievement(txn, kUniversity, target, kExchange);
              }).ok());
  for (const storage::Entry& entry : shell_.kv().Scan({"", "\xff"}, 1000)) {
    EXPECT_EQ(entry.value.find("restricted-price-basis"), std::string::npos);
  }
  ASSERT_TRUE(Write<Achievement>([&](auto& txn) {
                return app_.ClassifyAchievement(txn, kSecrecy, target, Secrecy::kStateSecret);
              }).ok());
  EXPECT_TRUE(shell_.kv().Scan(storage::PrefixRange(std::string(1, '\x11')), 10).empty());
  for (const StoredEvent& event : Events()) {
    if (const auto* change = std::get_if<AchievementEvent>(&event.payload);
        change != nullptr && change->content) {
      EXPECT_EQ(*change->content, AchievementContent{});
    }
  }
  EXPECT_EQ(app_.GetAchievement(shell_.kv(), kUniversity, target.id).error().reason, Reason::kNOT_FOUND);
  EXPECT_EQ(app_.GetAchievement(shell_.kv(), kRights, target.id).error().reason, Reason::kNOT_FOUND);
  EXPECT_EQ(app_.GetAchievement(shell_.kv(), kSecrecy, target.id)->value.content, AchievementContent{});
}

TEST_F(ListingAppTest, AnotherExchangeSeesAndCommandsNothing) {
  const std::string listing = Approved();
  EXPECT_EQ(app_.GetListing(shell_.kv(), kStranger, listing).error().reason, Reason::kNOT_FOUND);
  EXPECT_EQ(Write<Listing>([&](auto& txn) {
              return app_.PublishListing(txn, kStranger, {listing, ""});
            })
                .error()
                .reason,
            Reason::kNOT_FOUND);
  EXPECT_EQ(Write<Listing>([&](auto& txn) {
              return app_.PublishListing(txn, kUniversity, {listing, ""});
            })
                .error()
                .reason,
            Reason::kNOT_FOUND);
  EXPECT_TRUE(Events(kStranger).empty());
  EXPECT_TRUE(app_.ListListings(shell_.kv(), kStranger, true, {}, "", 10).items.empty());
}

TEST_F(ListingAppTest, SubmissionLocksTheRightScopeAndReturnUnlocksIt) {
  const std::string first = Drafted();
  ASSERT_TRUE(Write<Listing>([&](auto& txn) {
                return app_.SubmitListing(txn, kUniversity, {first, ""});
              }).ok());
  EXPECT_EQ(LoadOffered(first).state, AchievementState::kListed);
  const std::string achievement = Load(first).achievement.substr(13);
  const auto second = Write<Listing>([&](auto& txn) {
    return app_.CreateListing(txn, kUniversity,
                              {kExchange, "PUBLIC_RDI", achievement, MakeListingContent(), {}});
  });
  EXPECT_EQ(Write<Listing>([&](auto& txn) {
              return app_.SubmitListing(txn, kUniversity, {second->id.text, ""});
            })
                .error()
                .reason,
            Reason::kRIGHT_SCOPE_LOCKED);
  EXPECT_EQ(Load(second->id.text).state, ListingState::kDraft);
  ASSERT_TRUE(Write<Listing>([&](auto& txn) {
                return app_.ReturnListing(txn, kClerk, {first, ""}, "缺材料");
              }).ok());
  EXPECT_EQ(LoadOffered(first).state, AchievementState::kPublished);
  EXPECT_TRUE(Write<Listing>([&](auto& txn) {
                return app_.SubmitListing(txn, kUniversity, {second->id.text, ""});
              }).ok());
}

TEST_F(ListingAppTest, ProjectNumbersRunWithoutGaps) {
  const std::string first = Load(Approved()).project_no;
  const std::string second = Load(Approved()).project_no;
  EXPECT_EQ(first.substr(0, 6), "PJBCD5") << "the exchange's code";
  EXPECT_EQ(first.substr(0, 11), second.substr(0, 11));
  EXPECT_EQ(first.substr(11, 6), "000001");
  EXPECT_EQ(second.substr(11, 6), "000002");
}

TEST_F(ListingAppTest, NoNumberIsGivenBeforeTheExchangeIsKnown) {
  const Target target{Drafted(), ""};
  ASSERT_TRUE(Write<Listing>([&](auto& txn) { return app_.SubmitListing(txn, kUniversity, target); }).ok());
  ASSERT_TRUE(Write<Listing>([&](auto& txn) { return app_.AcceptListing(txn, kClerk, target); }).ok());
  ASSERT_TRUE(Feed([](storage::Txn& txn) -> Status {
                txn.Delete(storage::KeyOf(Table::kExchangeCode, std::string(kExchange)));
                txn.Delete(storage::KeyOf(Table::kExchangeByCode, "BCD5"));
                return {};
              }).ok());
  const auto approve = [&](const Principal& caller, Review review) {
    return Write<Listing>([&](auto& txn) { return app_.ApproveListing(txn, caller, target, review); });
  };
  EXPECT_EQ(approve(kBusiness, Review::kBusiness).error().reason, Reason::kUNAVAILABLE);
  EXPECT_EQ(Load(target.id).state, ListingState::kUnderReview);
  ASSERT_TRUE(Feed([this](storage::Txn& txn) {
                return app_.OnExchangeActivated(txn, kExchange, "91320505MA25TQ7C7Y");
              }).ok());
  ASSERT_TRUE(approve(kBusiness, Review::kBusiness).ok());
  EXPECT_EQ(approve(kCompliance, Review::kCompliance)->project_no.substr(0, 6), "PJQ7C7");
}

TEST_F(ListingAppTest, ThePublicListIsFilteredByIndex) {
  const std::string listing = Listed();
  const auto count = [&](const Filter& filter) {
    return app_.ListListings(shell_.kv(), {}, false, filter, "", 10).items.size();
  };
  EXPECT_EQ(count({}), 1u);
  EXPECT_EQ(count({kExchange, "LISTED", "06"}), 1u);
  EXPECT_EQ(count({"", "", "07"}), 0u);
  EXPECT_EQ(count({"organizations/other", "", ""}), 0u);
  AdvanceTo(kEnd);  // nobody came
  EXPECT_EQ(count({"", "LISTED", ""}), 0u);
  EXPECT_EQ(count({kExchange, "EXPIRED", "06"}), 1u);
  EXPECT_EQ(app_.ListListings(shell_.kv(), {}, false, {}, listing, 10).items.size(), 0u);
}

TEST_F(ListingAppTest, ThePeriodEndsByTimerAndNobodyCame) {
  const std::string listing = Listed();
  AdvanceTo(kEnd - Nanoseconds(1));
  EXPECT_EQ(Load(listing).state, ListingState::kListed);
  AdvanceTo(kEnd);
  EXPECT_EQ(Load(listing).state, ListingState::kExpired);
  EXPECT_EQ(LoadOffered(listing).state, AchievementState::kPublished);
  EXPECT_EQ(Announced(AnnouncementType::kListingExpired)[0].reason, "NO_INTENT");
}

TEST_F(ListingAppTest, ThePeriodIsExtendedByTimer) {
  ListingContent content = MakeListingContent();
  content.auto_extend = {true, 0, 5, 1};
  const std::string listing = Listed(content);
  AdvanceTo(kEnd);
  EXPECT_EQ(FormatDate(Load(listing).end_date), "2026-10-13");
  EXPECT_EQ(Announced(AnnouncementType::kListingExtended)[0].reason, "AUTO_EXTENDED");
  EXPECT_TRUE(Register(listing, "b1").ok());
  AdvanceTo(EndOfDay(MakeDate(2026, 10, 13)));
  EXPECT_EQ(Load(listing).state, ListingState::kQualifying);
}

TEST_F(ListingAppTest, AProvisionalEndStaysOpenUntilTheTableArrives) {
  clock_.Set(AtHour(MakeDate(2026, 12, 25), 10, 0));
  const std::string listing = Listed();
  ASSERT_TRUE(Load(listing).end_provisional);
  AdvanceTo(Load(listing).end_time + Hours(24 * 10));
  EXPECT_EQ(Load(listing).state, ListingState::kListed);
  EXPECT_TRUE(Register(listing, "b1").ok());
  std::ifstream in("deploy/calendar/2026.txt");
  const std::string tables[] = {{std::istreambuf_iterator<char>(in), {}},
                                "year 2027\noff 2027-01-01..2027-01-03\n"};
  const Calendar calendar = Calendar::Parse(tables).value();
  const ListingApp restarted(calendar, ids_, {testing::MakeProfile()}, kSecretsKey);
  (void)Feed([&](storage::Txn& txn) {
    restarted.Recompute(txn);
    return Status();
  });
  EXPECT_EQ(Load(listing).state, ListingState::kQualifying);
  EXPECT_EQ(Announced(AnnouncementType::kListingExtended)[0].reason, "CALENDAR_CHANGED");
}

// One command judges a page of listings by a new calendar; the next page is a command of its own.
TEST_F(ListingAppTest, ANewCalendarReachesEveryListingPageByPage) {
  constexpr size_t kListings = 51;  // one more than a page
  clock_.Set(AtHour(MakeDate(2026, 12, 25), 10, 0));
  const Listing model = Load(Listed());
  ASSERT_TRUE(model.end_provisional);
  (void)Feed([&](storage::Txn& txn) {
    for (size_t i = 1; i < kListings; ++i) {
      ListingEvent published;
      published.type = ListingEventType::kPublished;
      ListingDecision copy{model, {published}};
      copy.next.id = {ids_.Next(clock_.Now())};
      SaveDecision(txn, nullptr, copy);
    }
    return Status();
  });
  const auto provisional = [&] {
    size_t count = 0;
    for (const std::string& id : ListPublicListings(shell_.kv(), {"", "LISTED", ""}, "", 1000)) {
      count += Load(id).end_provisional ? 1 : 0;
    }
    return count;
  };
  ASSERT_EQ(provisional(), kListings);
  std::ifstream in("deploy/calendar/2026.txt");
  const std::string tables[] = {{std::istreambuf_iterator<char>(in), {}},
                                "year 2027\noff 2027-01-01..2027-01-03\n"};
  const Calendar calendar = Calendar::Parse(tables).value();
  const ListingApp restarted(calendar, ids_, {testing::MakeProfile()}, kSecretsKey);
  const auto run = [&](const std::function<void(storage::Txn&)>& use) {
    (void)Feed([&](storage::Txn& txn) {
      use(txn);
      return Status();
    });
  };
  run([&](storage::Txn& txn) { restarted.Recompute(txn); });
  ASSERT_EQ(provisional(), 1u);
  const auto due = storage::ReadDue(shell_.kv(), clock_.Now() + Seconds(1), 1000);
  const auto next = std::find_if(due.begin(), due.end(), [](const storage::Due& plan) {
    return plan.subject.starts_with("recompute/");
  });
  ASSERT_NE(next, due.end());
  run([&](storage::Txn& txn) { restarted.OnDue(txn, next->subject); });
  EXPECT_EQ(provisional(), 0u);
}

TEST_F(ListingAppTest, IntentsOfRelatedBarredAndUnknownOrganizationsAreRefused) {
  const std::string listing = Listed();
  EXPECT_EQ(Write<Intent>(
                [&](auto& txn) { return app_.CreateIntent(txn, kUniversity, listing, MakeIntentContent()); })
                .error()
                .reason,
            Reason::kRELATED_PARTY);
  EXPECT_EQ(Register(listing, "unknown").error().reason, Reason::kORGANIZATION_NOT_ACTIVE);
  // A co-owner, the inventor and the maker behind another organization.
  Activate("organizations/co-owner", "某公司", "91110108MA01ABCD5T");
  EXPECT_EQ(Register(listing, "co-owner").error().reason, Reason::kRELATED_PARTY);
  for (const char* person : {"inventor", "maker"}) {
    EXPECT_EQ(Write<Intent>([&](auto& txn) {
                return app_.CreateIntent(txn, Client("organizations/b1", person), listing,
                                         MakeIntentContent());
              })
                  .error()
                  .reason,
              Reason::kRELATED_PARTY);
  }
  (void)Feed([&](storage::Txn& txn) {
    Bar(txn, Load(listing).achievement, "organizations/b2", "listings/before");
    return Status();
  });
  EXPECT_EQ(Register(listing, "b2").error().reason, Reason::kBARRED);
  ASSERT_TRUE(Register(listing, "b1").ok());
  EXPECT_EQ(Register(listing, "b1").error().reason, Reason::kALREADY_REGISTERED);
  AdvanceTo(kEnd);
  EXPECT_EQ(Register(listing, "b3").error().reason, Reason::kWRONG_STATE);
}

TEST_F(ListingAppTest, AnIntentAtTheEndIsLateEvenBeforeTheTimerRan) {
  const std::string listing = Listed();
  clock_.Set(kEnd);
  EXPECT_EQ(Register(listing, "b1").error().reason, Reason::kWRONG_STATE);
}

TEST_F(ListingAppTest, AnIntentIsSeenByItsOwnOrganizationTheExchangeAndLaterTheOwner) {
  const std::string listing = Listed();
  const Intent intent = *Register(listing, "b1");
  ASSERT_TRUE(Register(listing, "b2").ok());
  const auto sees = [&](const Principal& caller) {
    return app_.GetIntent(shell_.kv(), caller, listing, intent.id.text).ok();
  };
  EXPECT_TRUE(sees(Client("organizations/b1", "b1")));
  EXPECT_TRUE(sees(kClerk));
  EXPECT_FALSE(sees(kUniversity));
  EXPECT_FALSE(sees(Client("organizations/b2", "b2")));
  EXPECT_FALSE(sees({}));
  EXPECT_EQ(app_.ListIntents(shell_.kv(), Client("organizations/b2", "b2"), listing, "", 10)->items.size(), 1u);
  EXPECT_EQ(app_.ListIntents(shell_.kv(), kClerk, listing, "", 10)->items.size(), 2u);
  EXPECT_EQ(app_.ListIntents(shell_.kv(), kUniversity, listing, "", 10)->items.size(), 0u);
  AdvanceTo(kEnd);
  ASSERT_TRUE(Write<Intent>([&](auto& txn) {
                return app_.GiveOpinion(txn, kClerk, {listing, intent.id.text, ""}, true, "");
              }).ok());
  EXPECT_TRUE(sees(kUniversity));
  EXPECT_EQ(app_.ListIntents(shell_.kv(), kUniversity, listing, "", 10)->items.size(), 1u);
}

TEST_F(ListingAppTest, TheOwnersSilenceIsConsentByTimer) {
  const std::string listing = Listed();
  const Intent intent = *Register(listing, "b1");
  AdvanceTo(kEnd);
  ASSERT_TRUE(Write<Intent>([&](auto& txn) {
                return app_.GiveOpinion(txn, kClerk, {listing, intent.id.text, ""}, true, "");
              }).ok());
  const Time due = Intents(listing)[0].reply_due_time;
  AdvanceTo(due - Nanoseconds(1));
  EXPECT_EQ(Intents(listing)[0].state, IntentState::kOpinionSent);
  AdvanceTo(due);
  EXPECT_EQ(Intents(listing)[0].state, IntentState::kConfirmed);
  const auto told = Announced(AnnouncementType::kIntentConfirmed);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].intent->reference.size(), 11u);
  EXPECT_EQ(told[0].intent->deposit, Fen{10'000'000});
}

TEST_F(ListingAppTest, ALateOpinionAndALateDecisionAreAnnounced) {
  const std::string listing = Listed();
  const Intent intent = *Register(listing, "b1");
  AdvanceTo(kEnd);
  AdvanceTo(calendar_.DeadlineWorkdays(MakeDate(2026, 9, 30), 5).end());
  ASSERT_EQ(Announced(AnnouncementType::kDeadlinePassed).size(), 1u);
  EXPECT_EQ(Announced(AnnouncementType::kDeadlinePassed)[0].reason, "OPINION_DUE");
  const IntentTarget target{listing, intent.id.text, ""};
  ASSERT_TRUE(Write<Intent>([&](auto& txn) { return app_.GiveOpinion(txn, kClerk, target, true, ""); }).ok());
  ASSERT_TRUE(
      Write<Intent>([&](auto& txn) { return app_.ObjectIntent(txn, kUniversity, target, "不符合"); }).ok());
  AdvanceTo(clock_.Now() + Hours(24 * 20));
  EXPECT_EQ(Intents(listing)[0].state, IntentState::kDisputed);
  EXPECT_EQ(Announced(AnnouncementType::kDeadlinePassed).back().reason, "DISPUTE_DUE");
  EXPECT_EQ(Write<Intent>([&](auto& txn) { return app_.DecideDispute(txn, kClerk, target, true, "符合"); })
                .error()
                .reason,
            Reason::kSAME_PERSON);
  EXPECT_TRUE(Write<Intent>([&](auto& txn) {
                return app_.DecideDispute(txn, kOfficer, target, false, "不符合");
              }).ok());
  EXPECT_EQ(Load(listing).reason, "NO_QUALIFIED_BIDDER");
}

TEST_F(ListingAppTest, BidderCodesAndReferencesAreUnique) {
  const std::string listing = Listed();
  for (int i = 0; i < 60; ++i) {
    const std::string name = "x" + std::to_string(i);
    Activate("organizations/" + name, name, "");
    ASSERT_TRUE(Register(listing, name).ok());
  }
  AdvanceTo(kEnd);
  std::set<std::string> codes;
  std::set<std::string> references;
  for (const Intent& intent : Intents(listing)) {
    const IntentTarget target{listing, intent.id.text, ""};
    ASSERT_TRUE(
        Write<Intent>([&](auto& txn) { return app_.GiveOpinion(txn, kClerk, target, true, ""); }).ok());
    ASSERT_TRUE(Write<Intent>([&](auto& txn) { return app_.ConsentIntent(txn, kUniversity, target); }).ok());
    ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnDepositEffective(txn, intent.name()); }).ok());
  }
  for (const Intent& intent : Intents(listing)) {
    codes.insert(intent.bidder_code);
    references.insert(intent.reference);
  }
  EXPECT_EQ(codes.size(), 60u);
  EXPECT_EQ(references.size(), 60u);
}

TEST_F(ListingAppTest, ATakenBidderCodeIsDrawnAgain) {
  // The first draws repeat themselves.
  class Repeating : public IdSource {
   public:
    std::string RandomBytes(size_t count) override {
      return std::string(count, static_cast<char>(draws_++ / 6));
    }

   private:
    int draws_ = 0;
  };
  const std::string listing = Listed();
  ASSERT_TRUE(Register(listing, "b1").ok());
  ASSERT_TRUE(Register(listing, "b2").ok());
  AdvanceTo(kEnd);
  Repeating ids;
  const ListingApp app(calendar_, ids, {testing::MakeProfile()}, kSecretsKey);
  for (const Intent& intent : Intents(listing)) {
    const IntentTarget target{listing, intent.id.text, ""};
    ASSERT_TRUE(
        Write<Intent>([&](auto& txn) { return app.GiveOpinion(txn, kClerk, target, true, ""); }).ok());
    ASSERT_TRUE(Write<Intent>([&](auto& txn) { return app.ConsentIntent(txn, kUniversity, target); }).ok());
    ASSERT_TRUE(Feed([&](auto& txn) { return app.OnDepositEffective(txn, intent.name()); }).ok());
  }
  const std::vector<Intent> intents = Intents(listing);
  EXPECT_NE(intents[0].bidder_code, intents[1].bidder_code);
  EXPECT_NE(intents[0].reference, intents[1].reference);
}

TEST_F(ListingAppTest, TheReserveIsSealedCommittedAndOpenedForTheAuctionOnly) {
  const std::string listing = Scheduled(Fen{110'000'000});
  for (const storage::Entry& entry : shell_.kv().Scan({"", "\xff"}, 10'000)) {
    EXPECT_EQ(entry.value.find("110000000"), std::string::npos);
  }
  const auto reserve = app_.OpenReserve(Load(listing));
  ASSERT_TRUE(reserve.has_value());
  EXPECT_EQ(reserve->price, Fen{110'000'000});
  EXPECT_EQ(Load(listing).reserve.commitment,
            Hex(crypto::Sha256(*FromHex(reserve->salt) + "TTX-RESERVE-1|110000000")));
}

TEST_F(ListingAppTest, AReserveBelowTheListedPriceIsRefused) {
  const std::string achievement = Published();
  const auto result = Write<Listing>([&](auto& txn) {
    return app_.CreateListing(txn, kUniversity,
                              {kExchange, "PUBLIC_RDI", achievement, MakeListingContent(), Fen{1}});
  });
  EXPECT_EQ(result.error().violations[0].field, "reserve_fen");
  EXPECT_EQ(Write<Listing>([&](auto& txn) {
              return app_.CreateListing(txn, kUniversity,
                                        {kExchange, "NONE", achievement, MakeListingContent(), {}});
            })
                .error()
                .reason,
            Reason::kUNKNOWN_PROFILE);
}

TEST_F(ListingAppTest, ThreeBiddersAnAuctionAndEverythingDone) {
  const std::string listing = Won();
  EXPECT_EQ(Load(listing).state, ListingState::kDealPending);
  const auto scheduled = Announced(AnnouncementType::kBiddingScheduled);
  ASSERT_EQ(scheduled.size(), 1u);
  EXPECT_EQ(scheduled[0].bidders.size(), 3u);
  const auto deals = Announced(AnnouncementType::kDealDetermined);
  ASSERT_EQ(deals.size(), 1u);
  EXPECT_EQ(deals[0].listing->deals.front().buyer, "organizations/b2");
  EXPECT_EQ(deals[0].ip_numbers, std::vector<std::string>{"ZL201710601862.3"});
  EXPECT_EQ(Announced(AnnouncementType::kIntentLost).size(), 2u);
  const std::string deal = Load(listing).deals.front().id;
  const std::string name = "listings/" + listing;
  ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnContractEffective(txn, name, deal); }).ok());
  ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnSettled(txn, name, deal); }).ok());
  EXPECT_EQ(Load(listing).state, ListingState::kDealSigned);
  ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnCertified(txn, name, deal); }).ok());
  EXPECT_EQ(Load(listing).state, ListingState::kClosed);
  EXPECT_EQ(Announced(AnnouncementType::kListingClosed).size(), 1u);
  const auto transferred = app_.GetAchievement(shell_.kv(), Client("organizations/b2", "b2"),
                                               Load(listing).achievement.substr(13));
  EXPECT_EQ(transferred->value.state, AchievementState::kTransferred);
  EXPECT_EQ(transferred->value.owner, "organizations/b2");
}

// --- Several winners of one auction (domain.md 5.9, PRO_RATA)

// What each of these bidders takes of 120 000 001 fen.
struct Take {
  const char* bidder;
  int32_t share_ppm;
  int64_t price;
};
const std::vector<Take> kTwoTakes = {{"b1", 300'000, 36'000'000}, {"b3", 700'000, 84'000'001}};
const std::vector<Take> kThreeTakes = {
    {"b3", 333'334, 40'000'001}, {"b1", 333'333, 40'000'000}, {"b2", 333'333, 40'000'000}};

class PortionsTest : public ListingAppTest {
 protected:
  std::string WonBy(const std::vector<Take>& takes) {
    const std::string listing = Scheduled();
    ListingApp::AuctionResult result{"listings/" + listing, true, "", "", Fen{120'000'001}, 7, "abcd"};
    for (const Take& take : takes) {
      const auto intent = FindIntentOf(shell_.kv(), listing, std::string("organizations/") + take.bidder);
      result.portions.push_back({intent->bidder_code, take.share_ppm, Fen{take.price}});
    }
    result.winner_code = result.portions.front().code;
    EXPECT_TRUE(Feed([&](auto& txn) { return app_.OnAuctionClosed(txn, result); }).ok());
    return listing;
  }
  Status Effective(const std::string& listing, const std::string& deal) {
    return Feed([&](auto& txn) { return app_.OnContractEffective(txn, "listings/" + listing, deal); });
  }
  Status Default(const std::string& listing, const std::string& deal, const std::string& reason) {
    return Feed([&](auto& txn) { return app_.OnDealDefaulted(txn, "listings/" + listing, deal, reason); });
  }
  // Signed, settled and certified.
  void Finish(const std::string& listing, const std::string& deal) {
    const std::string name = "listings/" + listing;
    EXPECT_TRUE(Effective(listing, deal).ok());
    EXPECT_TRUE(Feed([&](auto& txn) { return app_.OnSettled(txn, name, deal); }).ok());
    EXPECT_TRUE(Feed([&](auto& txn) { return app_.OnCertified(txn, name, deal); }).ok());
  }
  IntentState StateOf(const std::string& listing, const char* bidder) {
    return FindIntentOf(shell_.kv(), listing, std::string("organizations/") + bidder)->state;
  }
};

TEST_F(PortionsTest, EveryPortionIsADealOfItsOwnAndTheLosersAreReleased) {
  const std::string listing = WonBy(kTwoTakes);
  const auto told = Announced(AnnouncementType::kDealDetermined);
  ASSERT_EQ(told.size(), 2u);
  const std::vector<Deal> deals = Load(listing).deals;
  ASSERT_EQ(deals.size(), 2u);
  EXPECT_NE(deals[0].id, deals[1].id);
  for (size_t i = 0; i < deals.size(); ++i) {
    EXPECT_EQ(told[i].deal, deals[i].id);
    EXPECT_EQ(told[i].listing->deals, deals);
    EXPECT_EQ(told[i].ip_numbers, std::vector<std::string>{"ZL201710601862.3"});
    EXPECT_EQ(deals[i].buyer, std::string("organizations/") + kTwoTakes[i].bidder);
    EXPECT_EQ(deals[i].share_ppm, kTwoTakes[i].share_ppm);
    EXPECT_EQ(deals[i].price, Fen{kTwoTakes[i].price});
    EXPECT_EQ(deals[i].log_hash, "abcd");
    EXPECT_EQ(deals[i].deposit, Load(listing).content.deposit.amount);
  }
  EXPECT_EQ(deals[0].listed_price + deals[1].listed_price, MakeListingContent().listed_price);
  EXPECT_EQ(deals[0].listed_price, Fen{30'000'000});
  const auto lost = Announced(AnnouncementType::kIntentLost);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].intent->organization, "organizations/b2");
  EXPECT_EQ(StateOf(listing, "b1"), IntentState::kQualified);
  EXPECT_EQ(StateOf(listing, "b3"), IntentState::kQualified);
}

TEST_F(PortionsTest, ABuyerSeesItsOwnDealOnlyAndTheOwnerAll) {
  const std::string listing = WonBy(kTwoTakes);
  const auto mine = app_.GetListing(shell_.kv(), Client("organizations/b3", "b3"), listing);
  EXPECT_EQ(mine->sight, Sight::kBuyer);
  EXPECT_EQ(mine->value.deals[0].id, "");
  EXPECT_EQ(mine->value.deals[0].buyer, "");
  EXPECT_EQ(mine->value.deals[0].price, Fen{});
  EXPECT_EQ(mine->value.deals[0].share_ppm, 300'000);
  EXPECT_EQ(mine->value.deals[1], Load(listing).deals[1]);
  EXPECT_EQ(app_.GetListing(shell_.kv(), kUniversity, listing)->value.deals, Load(listing).deals);
  EXPECT_EQ(app_.GetListing(shell_.kv(), Client("organizations/b2", "b2"), listing)->sight, Sight::kPublic);
  // The winners' codes are known to the owner, the loser's is not.
  const auto intents = app_.ListIntents(shell_.kv(), kUniversity, listing, "", 10);
  for (const Intent& intent : intents->items) {
    EXPECT_EQ(intent.bidder_code.empty(), intent.organization == "organizations/b2") << intent.organization;
  }
}

TEST_F(PortionsTest, TheListingIsSignedAndClosedWhenAllAre) {
  const std::string listing = WonBy(kThreeTakes);
  const std::vector<Deal> deals = Load(listing).deals;
  ASSERT_EQ(deals.size(), 3u);
  EXPECT_EQ(deals[0].listed_price + deals[1].listed_price + deals[2].listed_price,
            MakeListingContent().listed_price);
  Finish(listing, deals[2].id);
  ASSERT_TRUE(Effective(listing, deals[0].id).ok());
  EXPECT_EQ(Load(listing).state, ListingState::kDealPending);
  ASSERT_TRUE(Effective(listing, deals[1].id).ok());
  EXPECT_EQ(Load(listing).state, ListingState::kDealSigned);
  for (const size_t i : {0u, 1u}) {
    const std::string name = "listings/" + listing;
    EXPECT_TRUE(Announced(AnnouncementType::kListingClosed).empty());
    ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnCertified(txn, name, deals[i].id); }).ok());
    ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnSettled(txn, name, deals[i].id); }).ok());
  }
  EXPECT_EQ(Load(listing).state, ListingState::kClosed);
  EXPECT_EQ(UnsoldShareOf(Load(listing)), 0);
  EXPECT_EQ(Announced(AnnouncementType::kListingClosed).size(), 1u);
  // The largest share speaks for the achievement.
  const Achievement sold = app_.GetAchievement(shell_.kv(), Client("organizations/b3", "b3"),
                                               Load(listing).achievement.substr(13))->value;
  EXPECT_EQ(sold.state, AchievementState::kTransferred);
  EXPECT_EQ(sold.owner, "organizations/b3");
}

TEST_F(PortionsTest, WhoDoesNotKeepItsDealIsBarredAndTheOthersKeepTheirs) {
  const std::string listing = WonBy(kThreeTakes);
  const std::vector<Deal> deals = Load(listing).deals;
  Finish(listing, deals[0].id);
  ASSERT_TRUE(Effective(listing, deals[1].id).ok());
  ASSERT_TRUE(Default(listing, deals[2].id, "TRANSFEREE").ok());
  EXPECT_EQ(Load(listing).state, ListingState::kDealSigned);
  EXPECT_EQ(Load(listing).reason, "");
  EXPECT_EQ(UnsoldShareOf(Load(listing)), 333'333);
  EXPECT_EQ(StateOf(listing, "b2"), IntentState::kBreached);
  EXPECT_TRUE(IsBarred(shell_.kv(), Load(listing).achievement, "organizations/b2"));
  EXPECT_FALSE(IsBarred(shell_.kv(), Load(listing).achievement, "organizations/b1"));
  ASSERT_EQ(Announced(AnnouncementType::kBidderDefaulted).size(), 1u);
  const auto told = Announced(AnnouncementType::kPortionDefaulted);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].deal, deals[2].id);
  EXPECT_EQ(told[0].reason, "TRANSFEREE");
  EXPECT_TRUE(Announced(AnnouncementType::kListingDefaulted).empty());
  EXPECT_EQ(LoadOffered(listing).state, AchievementState::kListed) << "the right stays locked";
  // The other one is given up without the buyer's fault: it is released, not barred.
  ASSERT_TRUE(Default(listing, deals[1].id, "CONTRACT_TERMINATED").ok());
  EXPECT_EQ(StateOf(listing, "b1"), IntentState::kReleased);
  EXPECT_EQ(Announced(AnnouncementType::kIntentReleased).size(), 1u);
  EXPECT_EQ(Load(listing).state, ListingState::kClosed);
  EXPECT_EQ(UnsoldShareOf(Load(listing)), 666'666);
  EXPECT_EQ(StateOf(listing, "b3"), IntentState::kQualified);
  // The owner keeps the rest, and may offer it.
  const Achievement rest = LoadOffered(listing);
  EXPECT_EQ(rest.state, AchievementState::kPublished);
  EXPECT_EQ(rest.owner, kOwner);
  ASSERT_FALSE(rest.content.encumbrances.empty());
  EXPECT_EQ(rest.content.encumbrances.back().kind, EncumbranceKind::kShareSold);
  const auto again = Write<Listing>([&](auto& txn) {
    return app_.CreateListing(txn, kUniversity,
                              {kExchange, "PUBLIC_RDI", rest.id.text, MakeListingContent(), {}});
  });
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(Write<Listing>([&](auto& txn) {
                return app_.SubmitListing(txn, kUniversity, {again->id.text, ""});
              }).ok());
}

TEST_F(PortionsTest, WhenNoDealIsKeptTheListingHasDefaulted) {
  const std::string listing = WonBy(kTwoTakes);
  const std::vector<Deal> deals = Load(listing).deals;
  ASSERT_TRUE(Default(listing, deals[0].id, "TRANSFEROR").ok());
  EXPECT_EQ(Load(listing).state, ListingState::kDealPending);
  ASSERT_TRUE(Default(listing, deals[1].id, "TRANSFEREE").ok());
  EXPECT_EQ(Load(listing).state, ListingState::kDefaulted);
  EXPECT_EQ(Load(listing).reason, "TRANSFEREE");
  EXPECT_EQ(UnsoldShareOf(Load(listing)), 1'000'000);
  EXPECT_EQ(Announced(AnnouncementType::kPortionDefaulted).size(), 1u);
  ASSERT_EQ(Announced(AnnouncementType::kListingDefaulted).size(), 1u);
  EXPECT_EQ(Announced(AnnouncementType::kListingDefaulted)[0].deal, deals[1].id);
  EXPECT_EQ(StateOf(listing, "b1"), IntentState::kReleased);
  EXPECT_EQ(StateOf(listing, "b3"), IntentState::kBreached);
  EXPECT_EQ(LoadOffered(listing).state, AchievementState::kPublished);
}

TEST_F(ListingAppTest, AnAuctionWithoutASaleGivesAllDepositsBack) {
  const std::string listing = Scheduled();
  ASSERT_TRUE(
      Feed([&](auto& txn) {
        return app_.OnAuctionClosed(txn, {"listings/" + listing, false, "BELOW_RESERVE", "", {}, 3, ""});
      }).ok());
  EXPECT_EQ(Load(listing).state, ListingState::kExpired);
  EXPECT_EQ(Announced(AnnouncementType::kIntentLost).size(), 3u);
  EXPECT_EQ(Announced(AnnouncementType::kListingExpired)[0].reason, "BELOW_RESERVE");
  EXPECT_EQ(LoadOffered(listing).state, AchievementState::kPublished);
}

TEST_F(ListingAppTest, TheOnlyBidderQuotes) {
  const std::string listing = Qualified({"b1"});
  EXPECT_EQ(Load(listing).state, ListingState::kSingleBidder);
  const auto quote = [&](const std::string& bidder, int64_t price) {
    return Write<Listing>([&](auto& txn) {
      return app_.QuoteListing(txn, Client("organizations/" + bidder, bidder), {listing, ""}, Fen{price});
    });
  };
  EXPECT_EQ(quote("b2", 100'000'000).error().reason, Reason::kNOT_QUALIFIED);
  EXPECT_EQ(quote("b1", 99'999'999).error().reason, Reason::kBELOW_LISTED_PRICE);
  ASSERT_TRUE(quote("b1", 100'000'000).ok());
  EXPECT_EQ(Announced(AnnouncementType::kDealDetermined)[0].listing->deals.front().method, Method::kSingleBidder);
  AdvanceTo(clock_.Now() + Hours(24 * 30));  // the timer of the quote is moot
  EXPECT_EQ(Load(listing).state, ListingState::kDealPending);
}

// domain.md 5.8 START_PRICE_SALE: the session is held with one.
TEST_F(ListingAppTest, TheOnlyBidderMayBuyAtTheStartPriceInASession) {
  ListingContent content = MakeListingContent();
  content.rules.single_bidder = bidding::SingleBidder::kStartPriceSale;
  const std::string listing = Qualified({"b1"}, {}, content);
  const std::string name = "listings/" + listing;
  EXPECT_EQ(Load(listing).state, ListingState::kQualifying);
  ASSERT_TRUE(Write<Listing>([&](auto& txn) {
                return app_.ScheduleBidding(txn, kOfficer, {listing, ""}, {});
              }).ok());
  ASSERT_EQ(Announced(AnnouncementType::kBiddingScheduled)[0].bidders.size(), 1u);
  ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnBiddingStarted(txn, name, true); }).ok());
  // It keeps silent: that costs nothing.
  ASSERT_TRUE(
      Feed([&](auto& txn) { return app_.OnAuctionClosed(txn, {name, false, "NO_BID", "", {}, 0, ""}); }).ok());
  EXPECT_EQ(Load(listing).state, ListingState::kExpired);
  EXPECT_EQ(Intents(listing)[0].state, IntentState::kReleased);
  EXPECT_FALSE(IsBarred(shell_.kv(), Load(listing).achievement, "organizations/b1"));
}

// domain.md 5.8 RETENDER, 5.1 min_bidders: no session is held only to find too few there.
TEST_F(ListingAppTest, WithFewerBiddersThanTheRulesAskForTheDepositsGoBack) {
  ListingContent content = MakeListingContent();
  content.rules.min_bidders = 3;
  const std::string listing = Qualified({"b1", "b2"}, {}, content);
  EXPECT_EQ(Load(listing).state, ListingState::kExpired);
  EXPECT_EQ(Load(listing).reason, "TOO_FEW_BIDDERS");
  EXPECT_EQ(Announced(AnnouncementType::kListingExpired)[0].reason, "TOO_FEW_BIDDERS");
  EXPECT_EQ(Announced(AnnouncementType::kIntentLost).size(), 2u);
  EXPECT_EQ(LoadOffered(listing).state, AchievementState::kPublished);
}

TEST_F(ListingAppTest, TheOnlyBidderWhoDoesNotQuoteIsBarred) {
  const std::string listing = Qualified({"b1"});
  AdvanceTo(Load(listing).quote_due_time);
  EXPECT_EQ(Load(listing).state, ListingState::kDefaulted);
  EXPECT_EQ(Intents(listing)[0].state, IntentState::kBreached);
  EXPECT_EQ(Announced(AnnouncementType::kBidderDefaulted)[0].reason, "NO_QUOTE");
  EXPECT_TRUE(IsBarred(shell_.kv(), Load(listing).achievement, "organizations/b1"));
  EXPECT_EQ(LoadOffered(listing).state, AchievementState::kPublished);
}

TEST_F(ListingAppTest, AMissedDepositLeavesTheOthers) {
  const std::string listing = Listed();
  for (const char* bidder : {"b1", "b2"}) ASSERT_TRUE(Register(listing, bidder).ok());
  AdvanceTo(kEnd);
  for (const Intent& intent : Intents(listing)) {
    const IntentTarget target{listing, intent.id.text, ""};
    ASSERT_TRUE(
        Write<Intent>([&](auto& txn) { return app_.GiveOpinion(txn, kClerk, target, true, ""); }).ok());
    ASSERT_TRUE(Write<Intent>([&](auto& txn) { return app_.ConsentIntent(txn, kUniversity, target); }).ok());
  }
  const std::vector<Intent> intents = Intents(listing);
  ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnDepositEffective(txn, intents[0].name()); }).ok());
  EXPECT_EQ(Load(listing).state, ListingState::kQualifying);
  EXPECT_EQ(Write<Listing>([&](auto& txn) {
              return app_.ScheduleBidding(txn, kOfficer, {listing, ""}, clock_.Now() + Hours(1));
            })
                .error()
                .reason,
            Reason::kINTENTS_UNDECIDED);
  ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnDepositMissed(txn, intents[1].name()); }).ok());
  EXPECT_EQ(Load(listing).state, ListingState::kSingleBidder);
  // Money that came too late after all goes back.
  EXPECT_TRUE(Announced(AnnouncementType::kIntentReleased).empty());
  ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnDepositEffective(txn, intents[1].name()); }).ok());
  const auto told = Announced(AnnouncementType::kIntentReleased);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].intent->name(), intents[1].name());
  EXPECT_EQ(told[0].reason, "DEPOSIT_MISSED");
  EXPECT_EQ(Intents(listing)[1].state, IntentState::kAbandoned);
}

ListingContent SealedContent() {
  ListingContent content = MakeListingContent();
  content.rules = bidding::OpenRules(Mode::kSealed);
  content.rules.sealed.shares_needed = 2;
  content.rules.sealed.shares_total = 3;
  content.rules.sealed.holder_set = sealed::MakeTestParties(sealed::Suite::kTtxSb1, 2, 3).holders.text();
  return content;
}

// The auction service takes no session whose key holders it cannot read: the applicant hears of it.
TEST_F(ListingAppTest, KeyHoldersThatCannotBeReadAreRefusedToTheApplicant) {
  struct Wrong {
    Reason reason;
    std::function<void(bidding::SealedRules&)> change;
  };
  const Wrong cases[] = {
      {Reason::kREQUIRED, [](auto& s) { s.holder_set = ""; }},
      {Reason::kBAD_FORMAT, [](auto& s) { s.holder_set += "x"; }},
      {Reason::kOUT_OF_RANGE, [](auto& s) { s.shares_needed = 3; }},
      {Reason::kOUT_OF_RANGE, [](auto& s) { s.shares_total = 4; }},
  };
  const std::string achievement = Published();
  const std::string draft = Drafted(SealedContent());
  for (const Wrong& wrong : cases) {
    ListingContent content = SealedContent();
    wrong.change(content.rules.sealed);
    const auto made = Write<Listing>([&](auto& txn) {
      return app_.CreateListing(txn, kUniversity, {kExchange, "PUBLIC_RDI", achievement, content, {}});
    });
    const auto changed = Write<Listing>(
        [&](auto& txn) { return app_.UpdateListing(txn, kUniversity, {draft, ""}, content, std::nullopt); });
    for (const auto* result : {&made, &changed}) {
      ASSERT_FALSE(result->ok());
      EXPECT_EQ(result->error().violations.at(0).field, "rules.sealed.holder_set");
      EXPECT_EQ(result->error().violations.at(0).reason, wrong.reason);
    }
  }
  EXPECT_EQ(Load(draft).content.rules, Load(Listed(SealedContent())).content.rules);
}

// ... and nobody passes on what was written before that was asked.
TEST_F(ListingAppTest, KeyHoldersThatCannotBeReadAreRefusedAtEveryStep) {
  const auto spoil = [this](const std::string& id) {
    return Feed([&](storage::Txn& txn) -> Status {
      const Listing before = *LoadListing(txn, id);
      ListingDecision decision{before, {}};
      decision.next.content.rules.sealed.holder_set = "nobody";
      ListingEvent& event = decision.events.emplace_back();
      event.time = txn.now();
      event.type = ListingEventType::kUpdated;
      event.state = before.state;
      SaveDecision(txn, &before, decision);
      return {};
    });
  };
  const auto expect_refused = [this](auto step) {
    const auto result = Write<Listing>(step);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().violations.at(0).field, "rules.sealed.holder_set");
  };
  const std::string draft = Drafted(SealedContent());
  ASSERT_TRUE(spoil(draft).ok());
  expect_refused([&](auto& txn) { return app_.SubmitListing(txn, kUniversity, {draft, ""}); });

  const std::string reviewed = Drafted(SealedContent());
  ASSERT_TRUE(Write<Listing>([&](auto& txn) { return app_.SubmitListing(txn, kUniversity, {reviewed, ""}); }).ok());
  ASSERT_TRUE(Write<Listing>([&](auto& txn) { return app_.AcceptListing(txn, kClerk, {reviewed, ""}); }).ok());
  ASSERT_TRUE(spoil(reviewed).ok());
  expect_refused(
      [&](auto& txn) { return app_.ApproveListing(txn, kBusiness, {reviewed, ""}, Review::kBusiness); });

  const std::string approved = Approved(SealedContent());
  ASSERT_TRUE(spoil(approved).ok());
  expect_refused([&](auto& txn) { return app_.PublishListing(txn, kOfficer, {approved, ""}); });

  const std::string qualified = Qualified({"b1", "b2"}, {}, SealedContent());
  ASSERT_TRUE(spoil(qualified).ok());
  expect_refused([&](auto& txn) { return app_.ScheduleBidding(txn, kOfficer, {qualified, ""}, {}); });
}

// DYNAMIC (domain.md 5.4): the auction runs while the listing does, and bidders qualify one by one.
TEST_F(ListingAppTest, BiddersOfADynamicListingJoinTheAuctionAsTheyQualify) {
  ListingContent content = MakeListingContent();
  content.rules.mode = Mode::kDynamic;
  content.auto_extend = {true, 2, 5, 1};
  const std::string listing = Listed(content, Fen{110'000'000});
  const std::string name = "listings/" + listing;
  const auto scheduled = Announced(AnnouncementType::kBiddingScheduled);
  ASSERT_EQ(scheduled.size(), 1u);
  EXPECT_TRUE(scheduled[0].bidders.empty());
  EXPECT_EQ(scheduled[0].listing->bidding_start_time, scheduled[0].listing->start_time);
  EXPECT_EQ(scheduled[0].listing->auction, Load(listing).auction);
  EXPECT_EQ(scheduled[0].listing->start_time + AuctionRulesOf(*scheduled[0].listing).free_period, kEnd);
  const auto confirm = [&](const char* bidder) {
    const Intent intent = *Register(listing, bidder);
    const IntentTarget target{listing, intent.id.text, ""};
    EXPECT_TRUE(
        Write<Intent>([&](auto& txn) { return app_.GiveOpinion(txn, kClerk, target, true, ""); }).ok());
    EXPECT_TRUE(Write<Intent>([&](auto& txn) { return app_.ConsentIntent(txn, kUniversity, target); }).ok());
    return intent.name();
  };
  const auto pay = [&](const std::string& intent) {
    return Feed([&](auto& txn) { return app_.OnDepositEffective(txn, intent); }).ok();
  };
  const std::string first = confirm("b1");
  ASSERT_TRUE(pay(first));
  auto qualified = Announced(AnnouncementType::kIntentQualified);
  ASSERT_EQ(qualified.size(), 1u);
  EXPECT_EQ(qualified[0].auction, Load(listing).auction);
  EXPECT_EQ(qualified[0].intent->name(), first);
  ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnBiddingStarted(txn, name, true); }).ok());
  EXPECT_EQ(Load(listing).state, ListingState::kListed);
  // One qualified and one registered are not more than two: the period is extended, and the auction is told in time.
  const std::string second = confirm("b2");
  AdvanceTo(kEnd - Hours(1));
  const auto extended = Announced(AnnouncementType::kListingExtended);
  ASSERT_EQ(extended.size(), 1u);
  EXPECT_EQ(extended[0].listing->auction, Load(listing).auction);
  const Time end = Load(listing).end_time;
  EXPECT_GT(end, kEnd);
  const std::string third = confirm("b3");
  ASSERT_TRUE(pay(second));
  AdvanceTo(end - Nanoseconds(1));
  EXPECT_EQ(Load(listing).state, ListingState::kListed);
  // A deposit at the end is late, whether or not the timer has run; the money goes back.
  clock_.Set(end);
  ASSERT_TRUE(pay(third));
  EXPECT_EQ(Load(listing).state, ListingState::kBidding);
  EXPECT_EQ(FindIntentOf(shell_.kv(), listing, "organizations/b3")->state, IntentState::kReleased);
  EXPECT_EQ(FindIntentOf(shell_.kv(), listing, "organizations/b3")->end_reason, "PERIOD_ENDED");
  EXPECT_EQ(Announced(AnnouncementType::kIntentQualified).size(), 2u);
  AdvanceTo(end + Hours(1));
  ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnBiddingStarted(txn, name, false); }).ok());
  const std::string code = FindIntentOf(shell_.kv(), listing, "organizations/b2")->bidder_code;
  ASSERT_TRUE(Feed([&](auto& txn) {
                return app_.OnAuctionClosed(txn, {name, true, "", code, Fen{120'000'000}, 7, "abcd"});
              }).ok());
  EXPECT_EQ(Load(listing).state, ListingState::kDealPending);
  EXPECT_EQ(Load(listing).deals.front().buyer, "organizations/b2");
  EXPECT_EQ(Announced(AnnouncementType::kIntentLost).size(), 1u);
}

// domain.md 5.9: the auction gets the confirmed ranks and shares, and no others.
TEST_F(ListingAppTest, ConfirmedPriorityRightsGoToTheAuction) {
  Activate("organizations/co-owner", "某公司", "91110108MA01ABCD5T");
  const std::string listing = Listed();
  const auto claim = [&](const std::string& bidder, std::optional<PriorityClaim> priority) {
    IntentContent content = MakeIntentContent();
    content.priority = priority;
    return Write<Intent>([&](auto& txn) {
      return app_.CreateIntent(txn, Client("organizations/" + bidder, bidder), listing, content);
    });
  };
  ASSERT_TRUE(claim("b1", std::nullopt).ok());
  ASSERT_TRUE(claim("b2", PriorityClaim{PriorityRight::kShareholder, 2, 600}).ok());
  ASSERT_TRUE(claim("b3", PriorityClaim{PriorityRight::kInventor, 1, 0}).ok());
  EXPECT_EQ(claim("co-owner", std::nullopt).error().reason, Reason::kRELATED_PARTY);
  ASSERT_TRUE(claim("co-owner", PriorityClaim{PriorityRight::kCoDeveloper, 1, 0}).ok());
  AdvanceTo(kEnd);
  for (const Intent& intent : Intents(listing)) {
    const IntentTarget target{listing, intent.id.text, ""};
    const bool confirmed = intent.content.priority && intent.organization != "organizations/b3";
    ASSERT_TRUE(Write<Intent>([&](auto& txn) {
                  return app_.GiveOpinion(txn, kClerk, target, true, "", confirmed);
                }).ok());
    ASSERT_TRUE(Write<Intent>([&](auto& txn) { return app_.ConsentIntent(txn, kUniversity, target); }).ok());
    ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnDepositEffective(txn, intent.name()); }).ok());
  }
  ASSERT_TRUE(Write<Listing>([&](auto& txn) {
                return app_.ScheduleBidding(txn, kOfficer, {listing, ""}, {});
              }).ok());
  std::map<std::string, std::pair<int32_t, int64_t>> told;
  const auto scheduled = Announced(AnnouncementType::kBiddingScheduled);
  ASSERT_EQ(scheduled.size(), 1u);
  for (const Bidder& bidder : scheduled[0].bidders) {
    told[bidder.organization] = {bidder.rank, bidder.capital_share};
  }
  const decltype(told) expected = {{"organizations/b1", {0, 0}},
                                   {"organizations/b2", {2, 600}},
                                   {"organizations/b3", {0, 0}},
                                   {"organizations/co-owner", {1, 0}}};
  EXPECT_EQ(told, expected);
}

TEST_F(ListingAppTest, ADynamicListingThatNobodyBidForExpiresWithItsAuction) {
  ListingContent content = MakeListingContent();
  content.rules.mode = Mode::kDynamic;
  const std::string listing = Listed(content);
  AdvanceTo(kEnd);
  EXPECT_EQ(Load(listing).state, ListingState::kBidding);
  ASSERT_TRUE(Feed([&](auto& txn) {
                return app_.OnAuctionClosed(txn, {"listings/" + listing, false, "TOO_FEW_BIDDERS", "", {}, 0, ""});
              }).ok());
  EXPECT_EQ(Load(listing).state, ListingState::kExpired);
  EXPECT_EQ(LoadOffered(listing).state, AchievementState::kPublished);
}

TEST_F(ListingAppTest, OnlyTheBidderItselfLearnsItsCodeBeforeTheAuctionHasClosed) {
  const std::string listing = Scheduled();
  const auto seen = [&](const Principal& caller) {
    std::map<std::string, Intent> found;
    const auto listed = app_.ListIntents(shell_.kv(), caller, listing, "", 10);
    for (const Intent& intent : listed->items) {
      found[intent.organization] = intent;
      EXPECT_EQ(*app_.GetIntent(shell_.kv(), caller, listing, intent.id.text), intent);
    }
    return found;
  };
  for (const Principal& caller : {kUniversity, kClerk}) {
    EXPECT_EQ(seen(caller).size(), 3u);
    for (const auto& [organization, intent] : seen(caller)) {
      EXPECT_EQ(intent.bidder_code, "") << caller.person;
      EXPECT_EQ(intent.reference, "") << caller.person;
    }
  }
  const auto own = seen(Client("organizations/b1", "b1"));
  EXPECT_EQ(own.at("organizations/b1").bidder_code.size(), 5u);
  EXPECT_EQ(own.at("organizations/b1").reference.size(), 11u);
  size_t of_intents = 0;
  for (const StoredEvent& event : Events(kOfficer)) {
    if (const auto* change = std::get_if<IntentEvent>(&event.payload)) {
      EXPECT_EQ(change->bidder_code + change->reference, "");
      ++of_intents;
    }
    const auto* told = std::get_if<Announcement>(&event.payload);
    EXPECT_TRUE(told == nullptr || told->bidders.empty());
  }
  EXPECT_GE(of_intents, 12u);
  const std::string code = FindIntentOf(shell_.kv(), listing, "organizations/b2")->bidder_code;
  ASSERT_TRUE(Feed([&](auto& txn) {
                return app_.OnAuctionClosed(
                    txn, {"listings/" + listing, true, "", code, Fen{120'000'000}, 7, "abcd"});
              }).ok());
  const auto after = seen(kClerk);
  EXPECT_EQ(after.at("organizations/b2").bidder_code, code);
  EXPECT_EQ(after.at("organizations/b1").bidder_code, "");
  EXPECT_EQ(after.at("organizations/b2").reference, "");
}

TEST_F(ListingAppTest, TheAnswerToAConsentShowsNoReference) {
  const std::string listing = Listed();
  const IntentTarget target{listing, Register(listing, "b1")->id.text, ""};
  AdvanceTo(kEnd);
  ASSERT_TRUE(Write<Intent>([&](auto& txn) { return app_.GiveOpinion(txn, kClerk, target, true, ""); }).ok());
  const auto consent = Write<Intent>([&](auto& txn) { return app_.ConsentIntent(txn, kUniversity, target); });
  EXPECT_EQ(consent->state, IntentState::kConfirmed);
  EXPECT_EQ(consent->reference, "");
  EXPECT_EQ(Intents(listing)[0].reference.size(), 11u);
}

TEST_F(ListingAppTest, AnObjectionAfterTheOwnersTimeFindsItsSilenceTakenAsConsent) {
  const std::string listing = Listed();
  const IntentTarget target{listing, Register(listing, "b1")->id.text, ""};
  AdvanceTo(kEnd);
  ASSERT_TRUE(Write<Intent>([&](auto& txn) { return app_.GiveOpinion(txn, kClerk, target, true, ""); }).ok());
  clock_.Set(Intents(listing)[0].reply_due_time);  // no timer has run yet
  EXPECT_EQ(Write<Intent>([&](auto& txn) { return app_.ObjectIntent(txn, kUniversity, target, "不符合"); })
                .error()
                .reason,
            Reason::kREPLY_TOO_LATE);
  EXPECT_EQ(Intents(listing)[0].state, IntentState::kConfirmed);
  EXPECT_EQ(Announced(AnnouncementType::kIntentConfirmed).size(), 1u);
}

TEST_F(ListingAppTest, ASingleQuoteBelowTheReserveIsRefusedAndTheDepositGoesBack) {
  const std::string listing = Qualified({"b1"}, Fen{110'000'000});
  const auto quote = [&](int64_t price) {
    return Write<Listing>([&](auto& txn) {
      return app_.QuoteListing(txn, Client("organizations/b1", "b1"), {listing, ""}, Fen{price});
    });
  };
  const auto low = quote(109'999'999);
  EXPECT_EQ(low.error().reason, Reason::kBELOW_RESERVE_QUOTE);
  EXPECT_TRUE(low.error().metadata.empty());
  EXPECT_EQ(Load(listing).low_quotes, 1);
  AdvanceTo(Load(listing).quote_due_time);
  EXPECT_EQ(Load(listing).state, ListingState::kExpired);
  EXPECT_EQ(Announced(AnnouncementType::kIntentLost).size(), 1u);
  EXPECT_FALSE(IsBarred(shell_.kv(), Load(listing).achievement, "organizations/b1"));
}

TEST_F(ListingAppTest, ATerminatedContractEndsTheDealAndFreesTheRights) {
  const std::string listing = Won();
  const std::string name = "listings/" + listing;
  const std::string deal = Load(listing).deals.front().id;
  const auto ends = [&](const char* reason) {
    return Feed([&](auto& txn) { return app_.OnDealDefaulted(txn, name, deal, reason); });
  };
  EXPECT_FALSE(ends("CONTRACT_TERMINATED").ok());
  ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnContractEffective(txn, name, deal); }).ok());
  // The deal of an upheld objection is cancelled first, then its contract ends.
  ASSERT_TRUE(ends("CANCELLED").ok());
  EXPECT_EQ(Load(listing).state, ListingState::kDealSigned);
  ASSERT_TRUE(ends("CONTRACT_TERMINATED").ok());
  EXPECT_EQ(Load(listing).state, ListingState::kDefaulted);
  EXPECT_EQ(Load(listing).reason, "CONTRACT_TERMINATED");
  EXPECT_EQ(LoadOffered(listing).state, AchievementState::kPublished);
  EXPECT_TRUE(Announced(AnnouncementType::kBidderDefaulted).empty());
  // What other services report about the ended deal changes nothing and is no refusal.
  const Listing before = Load(listing);
  EXPECT_TRUE(Feed([&](auto& txn) { return app_.OnCertified(txn, name, deal); }).ok());
  EXPECT_TRUE(Feed([&](auto& txn) { return app_.OnSettled(txn, name, deal); }).ok());
  EXPECT_EQ(Load(listing), before);
}

TEST_F(ListingAppTest, AnObjectionToTheNoticeSuspendsTheListingAndEndsItWhenUpheld) {
  const std::string listing = Listed();
  ASSERT_TRUE(Register(listing, "b1").ok());
  const std::string name = "listings/" + listing;
  const auto accepted = [&](const char* objection) {
    return Feed([&](auto& txn) { return app_.OnObjectionAccepted(txn, name, objection); });
  };
  const auto closed = [&](const char* objection, bool upheld) {
    return Feed([&](auto& txn) { return app_.OnObjectionClosed(txn, name, objection, upheld); });
  };
  ASSERT_TRUE(accepted("objections/a").ok());
  EXPECT_EQ(Load(listing).state, ListingState::kSuspended);
  EXPECT_TRUE(Load(listing).suspended_by_objection);
  AdvanceTo(kEnd);  // the old end is moot
  EXPECT_EQ(Load(listing).state, ListingState::kSuspended);
  ASSERT_TRUE(closed("objections/a", false).ok());
  EXPECT_EQ(Load(listing).state, ListingState::kListed);
  EXPECT_GT(Load(listing).end_time, clock_.Now());
  ASSERT_TRUE(accepted("objections/b").ok());
  ASSERT_TRUE(closed("objections/b", true).ok());
  EXPECT_EQ(Load(listing).state, ListingState::kTerminated);
  EXPECT_EQ(Announced(AnnouncementType::kIntentReleased).size(), 1u);
  EXPECT_EQ(LoadOffered(listing).state, AchievementState::kPublished);
}

// domain.md 5.11: the auction hears of objections while it is scheduled or runs, and of the end.
TEST_F(ListingAppTest, TheAuctionIsToldOfObjectionsAndOfTheEnd) {
  const std::string listing = Scheduled();
  const std::string name = "listings/" + listing;
  const auto accepted = [&](const char* objection) {
    return Feed([&](auto& txn) { return app_.OnObjectionAccepted(txn, name, objection); });
  };
  const auto closed = [&](const char* objection, bool upheld) {
    return Feed([&](auto& txn) { return app_.OnObjectionClosed(txn, name, objection, upheld); });
  };
  const auto told = [&] {
    std::vector<bool> open;
    for (const Announcement& announcement : Announced(AnnouncementType::kListingObjected)) {
      EXPECT_EQ(announcement.listing->auction, Load(listing).auction);
      open.push_back(!announcement.listing->objections.empty());
    }
    return open;
  };
  ASSERT_TRUE(accepted("objections/a").ok());
  ASSERT_TRUE(accepted("objections/b").ok());
  ASSERT_TRUE(closed("objections/a", false).ok());
  EXPECT_EQ(told(), (std::vector<bool>{true, true, true}));
  ASSERT_TRUE(closed("objections/b", false).ok());
  EXPECT_EQ(told(), (std::vector<bool>{true, true, true, false}));
  ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnBiddingStarted(txn, name, true); }).ok());
  ASSERT_TRUE(accepted("objections/c").ok());
  ASSERT_TRUE(closed("objections/c", true).ok());
  EXPECT_EQ(told().size(), 5u) << "the end says the rest";
  const auto ended = Announced(AnnouncementType::kListingExpired);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].reason, "TERMINATED");
  EXPECT_EQ(ended[0].listing->reason, "OBJECTION");
  EXPECT_EQ(ended[0].listing->auction, Load(listing).auction);
  EXPECT_EQ(Announced(AnnouncementType::kIntentReleased).size(), 3u) << "deposits go back";
  // What the annulled session says is moot.
  ASSERT_TRUE(Feed([&](auto& txn) {
                return app_.OnAuctionClosed(txn, {name, false, "ANNULLED", "", {}, 0, ""});
              }).ok());
  EXPECT_EQ(Load(listing).state, ListingState::kTerminated);
}

TEST_F(ListingAppTest, ObjectionsToAListingWithoutAnAuctionAreItsOwnAffair) {
  const std::string listing = Listed();
  const std::string name = "listings/" + listing;
  ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnObjectionAccepted(txn, name, "objections/a"); }).ok());
  ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnObjectionClosed(txn, name, "objections/a", true); }).ok());
  EXPECT_TRUE(Announced(AnnouncementType::kListingObjected).empty());
  EXPECT_EQ(Announced(AnnouncementType::kListingExpired)[0].listing->auction, "");
}

// domain.md 4.4, 5.12: default, re-listing for less, and who stays out of it.
TEST_F(ListingAppTest, WhatWasNotKeptIsListedAnewWithoutWhoBrokeItsWord) {
  const std::string first = Won();
  const std::string achievement = Load(first).achievement.substr(13);
  ListingContent content = MakeListingContent();
  content.listed_price = Fen{80'000'000};
  content.relisting = {"listings/" + first, Fen{100'000'000}, PriceCutEvidence::kOwnerDecision,
                       testing::MakeAttachment()};
  const auto create = [&] {
    return Write<Listing>([&](auto& txn) {
      return app_.CreateListing(txn, kUniversity, {kExchange, "PUBLIC_RDI", achievement, content, {}});
    });
  };
  EXPECT_EQ(create().error().violations[0].field, "listing.previous_listing") << "its deal may still hold";
  ASSERT_TRUE(Feed([&](auto& txn) {
                return app_.OnDealDefaulted(txn, "listings/" + first, Load(first).deals.front().id, "TRANSFEREE");
              }).ok());
  content.relisting.evidence = PriceCutEvidence::kNone;
  content.relisting.document = {};
  EXPECT_EQ(create().error().violations[0].field, "price_cut.evidence");
  content.relisting.evidence = PriceCutEvidence::kOwnerDecision;
  content.relisting.document = testing::MakeAttachment();
  const std::string second = Again(achievement, content);
  EXPECT_EQ(Load(second).previous, (Previous{Fen{100'000'000}, MakeDate(2026, 9, 17), 10}));
  ASSERT_TRUE(Write<Listing>([&](auto& txn) { return app_.PublishListing(txn, kOfficer, {second, ""}); }).ok());
  EXPECT_TRUE(Intents(second).empty()) << "intents do not carry over";
  EXPECT_EQ(Register(second, "b2").error().reason, Reason::kBARRED);
  for (const char* bidder : {"b1", "b3"}) ASSERT_TRUE(Register(second, bidder).ok());
  AdvanceTo(Load(second).end_time);
  for (const Intent& intent : Intents(second)) {
    const IntentTarget target{second, intent.id.text, ""};
    ASSERT_TRUE(Write<Intent>([&](auto& txn) { return app_.GiveOpinion(txn, kClerk, target, true, ""); }).ok());
    ASSERT_TRUE(Write<Intent>([&](auto& txn) { return app_.ConsentIntent(txn, kUniversity, target); }).ok());
    ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnDepositEffective(txn, intent.name()); }).ok());
  }
  ASSERT_TRUE(
      Write<Listing>([&](auto& txn) { return app_.ScheduleBidding(txn, kOfficer, {second, ""}, {}); }).ok());
  const auto scheduled = Announced(AnnouncementType::kBiddingScheduled);
  ASSERT_EQ(scheduled.size(), 2u);
  EXPECT_TRUE(scheduled[0].barred_organizations.empty());
  EXPECT_EQ(scheduled[1].barred_organizations, std::vector<std::string>{"organizations/b2"});
  for (const StoredEvent& event : Events(kOfficer)) {
    const auto* announcement = std::get_if<Announcement>(&event.payload);
    if (announcement == nullptr) continue;
    EXPECT_TRUE(announcement->barred_organizations.empty()) << "not for staff";
  }
}

// A session with a barred bidder would be refused whole: whoever qualified before it was barred still bids.
TEST_F(ListingAppTest, WhoWasBarredOverAnotherLicenceStaysInTheListingItHasQualifiedFor) {
  const std::string listing = Qualified({"b1", "b2"});
  for (const char* organization : {"organizations/b1", "organizations/b3"}) {
    (void)Feed([&](storage::Txn& txn) {
      Bar(txn, Load(listing).achievement, organization, "listings/other");
      return Status();
    });
  }
  ASSERT_TRUE(
      Write<Listing>([&](auto& txn) { return app_.ScheduleBidding(txn, kOfficer, {listing, ""}, {}); }).ok());
  const auto scheduled = Announced(AnnouncementType::kBiddingScheduled);
  ASSERT_EQ(scheduled.size(), 1u);
  EXPECT_EQ(scheduled[0].bidders.size(), 2u);
  EXPECT_EQ(scheduled[0].barred_organizations, std::vector<std::string>{"organizations/b3"});
}

TEST_F(ListingAppTest, ARelistingFollowsAnEndedListingOfTheSameAchievement) {
  const std::string ended = Listed();
  AdvanceTo(kEnd);
  ASSERT_EQ(Load(ended).state, ListingState::kExpired);
  const auto create = [&](const std::string& achievement, const std::string& previous) {
    ListingContent content = MakeListingContent();
    content.relisting.previous_listing = previous;
    return Write<Listing>([&](auto& txn) {
      return app_.CreateListing(txn, kUniversity, {kExchange, "PUBLIC_RDI", achievement, content, {}});
    });
  };
  const std::string other = Published();
  const auto refused = create(other, "listings/" + ended);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().violations[0].field, "listing.previous_listing");
  const std::string achievement = Load(ended).achievement.substr(13);
  for (const char* previous : {"listings/none", "achievements/x", "listings/"}) {
    EXPECT_EQ(create(achievement, previous).error().violations[0].field, "listing.previous_listing") << previous;
  }
  const auto draft = create(achievement, "listings/" + ended);
  ASSERT_TRUE(draft.ok());
  // An update names it anew, or takes it back.
  const auto updated = Write<Listing>([&](auto& txn) {
    return app_.UpdateListing(txn, kUniversity, {draft->id.text, ""}, MakeListingContent(), {});
  });
  ASSERT_TRUE(updated.ok());
  EXPECT_EQ(updated->previous, Previous{});
}

// domain.md 4.7: who holds a right is told, and answers itself or through the exchange.
TEST_F(ListingAppTest, HoldersOfPriorityRightsAreToldAndAnswer) {
  ListingContent content = MakeListingContent();
  content.priority_holders = {{"b1", "organizations/b1", {PriorityRight::kShareholder, 1, 600}},
                              {"张三", "", {PriorityRight::kInventor, 2, 0}},
                              {"b2", "organizations/b2", {PriorityRight::kShareholder, 1, 400}}};
  const std::string listing = Approved(content);
  const Target target{listing, ""};
  const auto publish = [&] {
    return Write<Listing>([&](auto& txn) { return app_.PublishListing(txn, kOfficer, target); });
  };
  const auto tell = [&](const Principal& caller, int32_t holder) {
    const PriorityNotice notice{NoticeMethod::kDirect, MakeDate(2026, 9, 16), testing::MakeAttachment(), "", {}, ""};
    return Write<Listing>(
        [&](auto& txn) { return app_.RecordPriorityNotice(txn, caller, target, holder, notice); });
  };
  const auto answer = [&](const Principal& caller, int32_t holder, PriorityAnswer what) {
    return Write<Seen<Listing>>(
        [&](auto& txn) { return app_.AnswerPriority(txn, caller, target, holder, what); });
  };
  const Principal b1 = Client("organizations/b1", "b1");
  EXPECT_EQ(publish().error().reason, Reason::kPRIORITY_NOTICE_OPEN);
  EXPECT_EQ(tell(kUniversity, 1).error().reason, Reason::kNOT_FOUND) << "the exchange records it";
  EXPECT_EQ(answer(b1, 1, PriorityAnswer::kWaive).error().reason, Reason::kNOT_FOUND) << "not told yet";
  for (const int32_t holder : {1, 2, 3}) ASSERT_TRUE(tell(kClerk, holder).ok());
  EXPECT_EQ(Load(listing).priority_notices[0].person, "people/clerk");
  EXPECT_EQ(answer(b1, 2, PriorityAnswer::kWaive).error().reason, Reason::kNOT_FOUND) << "another's right";
  const auto own = answer(b1, 1, PriorityAnswer::kExerciseInFloor);
  ASSERT_TRUE(own.ok());
  EXPECT_EQ(own->sight, Sight::kPublic);
  ASSERT_TRUE(answer(kClerk, 3, PriorityAnswer::kWaive).ok());
  EXPECT_EQ(publish().error().metadata.at("holder"), "2") << "told a day ago";
  AdvanceTo(StartOfDay(MakeDate(2026, 9, 19)));
  ASSERT_TRUE(publish().ok());

  // The intents' claims are held against what was declared and answered.
  const auto claim = [&](const std::string& bidder, PriorityClaim priority) {
    IntentContent intent = MakeIntentContent();
    intent.priority = priority;
    const auto made = Write<Intent>([&](auto& txn) {
      return app_.CreateIntent(txn, Client("organizations/" + bidder, bidder), listing, intent);
    });
    EXPECT_TRUE(made.ok());
    return IntentTarget{listing, made->id.text, ""};
  };
  const IntentTarget first = claim("b1", {PriorityRight::kShareholder, 1, 600});
  const IntentTarget waived = claim("b2", {PriorityRight::kShareholder, 1, 400});
  const IntentTarget unknown = claim("b3", {PriorityRight::kShareholder, 1, 600});
  AdvanceTo(Load(listing).end_time);
  const auto confirm = [&](const IntentTarget& of) {
    return Write<Intent>([&](auto& txn) { return app_.GiveOpinion(txn, kClerk, of, true, "", true); });
  };
  EXPECT_TRUE(confirm(first).ok());
  for (const IntentTarget& of : {waived, unknown}) {
    EXPECT_EQ(confirm(of).error().violations[0].field, "priority_confirmed");
    ASSERT_TRUE(Write<Intent>([&](auto& txn) { return app_.GiveOpinion(txn, kClerk, of, true, ""); }).ok());
  }
  // The organization itself objects, and the exchange decides the dispute by the same rule.
  const Principal b3 = Client("organizations/b3", "b3");
  ASSERT_TRUE(Write<Intent>([&](auto& txn) { return app_.ObjectIntent(txn, b3, unknown, "有优先权"); }).ok());
  EXPECT_EQ(Write<Intent>([&](auto& txn) {
              return app_.DecideDispute(txn, kOfficer, unknown, true, "复核", true);
            })
                .error()
                .violations[0]
                .field,
            "priority_confirmed");
  EXPECT_TRUE(Write<Intent>([&](auto& txn) {
                return app_.DecideDispute(txn, kOfficer, unknown, true, "复核", false);
              }).ok());
}

TEST_F(ListingAppTest, AnExchangeListsOnlyWhatItHasReviewed) {
  const std::string achievement = Published();
  const auto result = Write<Listing>([&](auto& txn) {
    return app_.CreateListing(
        txn, kUniversity,
        {"organizations/other-exchange", "PUBLIC_RDI", achievement, MakeListingContent(), {}});
  });
  EXPECT_EQ(result.error().violations[0].field, "listing.exchange");
}

TEST_F(ListingAppTest, ASuspendedOwnersListingIsNeitherPublishedNorAuctioned) {
  const auto reason_of = [](const Result<Listing>& result) { return result.error().reason; };
  const auto active = [&](bool is) {
    (void)Feed([&](auto& txn) { return app_.OnOrganizationChanged(txn, kOwner, is); });
  };
  const std::string approved = Approved();
  active(false);
  EXPECT_EQ(reason_of(Write<Listing>([&](auto& txn) {
              return app_.PublishListing(txn, kOfficer, {approved, ""});
            })),
            Reason::kORGANIZATION_NOT_ACTIVE);
  EXPECT_EQ(Load(approved).state, ListingState::kApproved);
  active(true);
  const std::string listing = Qualified({"b1", "b2"});
  active(false);
  EXPECT_EQ(reason_of(Write<Listing>([&](auto& txn) {
              return app_.ScheduleBidding(txn, kOfficer, {listing, ""}, {});
            })),
            Reason::kORGANIZATION_NOT_ACTIVE);
  EXPECT_EQ(Load(listing).state, ListingState::kQualifying);
}

TEST_F(ListingAppTest, OneRightIsInOneLiveAchievement) {
  const std::string first = Registered();
  AchievementContent content = MakeAchievementContent();
  content.ip_items[0].kind = IpKind::kApplication;  // of the same patent
  const auto made =
      Write<Achievement>([&](auto& txn) { return app_.CreateAchievement(txn, kUniversity, content); });
  const Target target{made->id.text, ""};
  ASSERT_TRUE(Write<Achievement>([&](auto& txn) {
                return app_.SubmitAchievement(txn, kUniversity, target, kExchange);
              }).ok());
  ASSERT_TRUE(Write<Achievement>([&](auto& txn) {
                return app_.ClearAchievement(txn, kSecrecy, target, Secrecy::kNonSecret, "");
              }).ok());
  const auto pass = [&] {
    return Write<Achievement>([&](auto& txn) { return app_.PassRights(txn, kRights, target); });
  };
  EXPECT_EQ(pass().error().reason, Reason::kRIGHT_HELD_ELSEWHERE);
  ASSERT_TRUE(Write<Achievement>([&](auto& txn) {
                return app_.WithdrawAchievement(txn, kUniversity, {first, ""});
              }).ok());
  EXPECT_TRUE(pass().ok());
}

TEST_F(ListingAppTest, ADefaultIsBlamedOnWhoCausedIt) {
  const std::string bought = Won();
  ASSERT_TRUE(Feed([&](auto& txn) {
                return app_.OnDealDefaulted(txn, "listings/" + bought, Load(bought).deals.front().id, "TRANSFEREE");
              }).ok());
  EXPECT_EQ(Load(bought).state, ListingState::kDefaulted);
  EXPECT_EQ(Announced(AnnouncementType::kBidderDefaulted).size(), 1u);
  EXPECT_TRUE(IsBarred(shell_.kv(), Load(bought).achievement, "organizations/b2"));
}

// domain.md 5.12: what the auction says of its bidders.
TEST_F(ListingAppTest, ABidderThatBrokeItsWordInTheAuctionStaysOutOfTheNextListing) {
  const std::string listing = Scheduled();
  const std::string achievement = Load(listing).achievement;
  const std::string name = "listings/" + listing;
  const auto code = [&](const char* bidder) {
    return FindIntentOf(shell_.kv(), listing, std::string("organizations/") + bidder)->bidder_code;
  };
  const auto broken = [&](const std::string& who, const char* cause, bool barred) {
    return Feed([&](auto& txn) { return app_.OnAuctionDefault(txn, {name, who, cause, barred}); });
  };
  EXPECT_FALSE(broken("none", "MISCONDUCT", true).ok());
  ASSERT_TRUE(broken(code("b1"), "MISCONDUCT", true).ok());
  ASSERT_EQ(Announced(AnnouncementType::kBidderDefaulted).size(), 1u);
  EXPECT_EQ(Announced(AnnouncementType::kBidderDefaulted)[0].reason, "MISCONDUCT");
  EXPECT_EQ(FindIntentOf(shell_.kv(), listing, "organizations/b1")->state, IntentState::kBreached);
  // Told twice, it is one case.
  ASSERT_TRUE(broken(code("b1"), "MISCONDUCT", true).ok());
  // The others said nothing: they lose their deposits, and may come back.
  ASSERT_TRUE(broken("", "ALL_SILENT", false).ok());
  ASSERT_TRUE(
      Feed([&](auto& txn) { return app_.OnAuctionClosed(txn, {name, false, "NO_BID", "", {}, 0, ""}); }).ok());
  EXPECT_EQ(Announced(AnnouncementType::kBidderDefaulted).size(), 3u);
  EXPECT_TRUE(Announced(AnnouncementType::kIntentLost).empty());
  EXPECT_TRUE(IsBarred(shell_.kv(), achievement, "organizations/b1"));
  EXPECT_FALSE(IsBarred(shell_.kv(), achievement, "organizations/b2"));
  EXPECT_FALSE(IsBarred(shell_.kv(), "achievements/other", "organizations/b1"));
}

// DYNAMIC: who qualified too late to bid was no bidder, so its silence costs it nothing.
TEST_F(ListingAppTest, WhoNeverBecameABidderLosesNothingWithTheOthers) {
  ListingContent content = MakeListingContent();
  content.rules.mode = Mode::kDynamic;
  const std::string listing = Listed(content);
  const std::string name = "listings/" + listing;
  for (const char* bidder : {"b1", "b2"}) {
    const Intent intent = *Register(listing, bidder);
    const IntentTarget target{listing, intent.id.text, ""};
    ASSERT_TRUE(
        Write<Intent>([&](auto& txn) { return app_.GiveOpinion(txn, kClerk, target, true, ""); }).ok());
    ASSERT_TRUE(Write<Intent>([&](auto& txn) { return app_.ConsentIntent(txn, kUniversity, target); }).ok());
    ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnDepositEffective(txn, intent.name()); }).ok());
  }
  const auto intent = [&](const char* bidder) {
    return *FindIntentOf(shell_.kv(), listing, std::string("organizations/") + bidder);
  };
  EXPECT_FALSE(Feed([&](auto& txn) { return app_.OnBidderAdded(txn, "listings/none", "1"); }).ok());
  ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnBidderAdded(txn, name, intent("b1").bidder_code); }).ok());
  ASSERT_TRUE(Feed([&](auto& txn) { return app_.OnAuctionDefault(txn, {name, "", "ALL_SILENT", false}); }).ok());
  EXPECT_EQ(intent("b1").state, IntentState::kBreached);
  EXPECT_EQ(intent("b2").state, IntentState::kQualified);
  AdvanceTo(Load(listing).end_time);
  ASSERT_TRUE(
      Feed([&](auto& txn) { return app_.OnAuctionClosed(txn, {name, false, "NO_BID", "", {}, 0, ""}); }).ok());
  EXPECT_EQ(intent("b2").state, IntentState::kReleased) << "its deposit goes back";
  EXPECT_EQ(Announced(AnnouncementType::kBidderDefaulted).size(), 1u);
}

TEST_F(ListingAppTest, AWinnerThatTheAuctionBarsKeepsItsDealForTheContractToEnd) {
  const std::string listing = Won();
  const std::string name = "listings/" + listing;
  ASSERT_TRUE(Feed([&](auto& txn) {
                return app_.OnAuctionDefault(txn, {name, Load(listing).deals.front().bidder_code, "MISCONDUCT", true});
              }).ok());
  EXPECT_TRUE(IsBarred(shell_.kv(), Load(listing).achievement, "organizations/b2"));
  EXPECT_EQ(Load(listing).state, ListingState::kDealPending);
  EXPECT_TRUE(Announced(AnnouncementType::kBidderDefaulted).empty());
  ASSERT_TRUE(
      Feed([&](auto& txn) {
        return app_.OnDealDefaulted(txn, name, Load(listing).deals.front().id, "TRANSFEREE");
      }).ok());
  EXPECT_EQ(Announced(AnnouncementType::kBidderDefaulted).size(), 1u);
}

TEST_F(ListingAppTest, ADefaultOfTheOwnerReleasesTheWinner) {
  const std::string listing = Won();
  ASSERT_TRUE(Feed([&](auto& txn) {
                return app_.OnDealDefaulted(txn, "listings/" + listing, Load(listing).deals.front().id, "TRANSFEROR");
              }).ok());
  EXPECT_TRUE(Announced(AnnouncementType::kBidderDefaulted).empty());
  ASSERT_EQ(Announced(AnnouncementType::kIntentReleased).size(), 1u);
  EXPECT_EQ(Announced(AnnouncementType::kIntentReleased)[0].intent->organization, "organizations/b2");
  EXPECT_FALSE(IsBarred(shell_.kv(), Load(listing).achievement, "organizations/b2"));
}

TEST_F(ListingAppTest, TerminationByTwoPersonsReleasesEverybody) {
  const std::string listing = Listed();
  ASSERT_TRUE(Register(listing, "b1").ok());
  EXPECT_EQ(Write<Listing>([&](auto& txn) {
              return app_.WithdrawListing(txn, kUniversity, {listing, ""});
            })
                .error()
                .reason,
            Reason::kHAS_INTENTS);
  ASSERT_TRUE(
      Write<Listing>([&](auto& txn) {
        return app_.ProposeForListing(txn, kClerk, {listing, ""}, Action::kTerminate, "OWNER_REQUEST", "");
      }).ok());
  EXPECT_EQ(Write<Listing>([&](auto& txn) {
              return app_.ConfirmListing(txn, kClerk, {listing, ""});
            })
                .error()
                .reason,
            Reason::kSAME_PERSON);
  ASSERT_TRUE(Write<Listing>([&](auto& txn) {
                return app_.ConfirmListing(txn, kOfficer, {listing, ""});
              }).ok());
  EXPECT_EQ(Announced(AnnouncementType::kIntentReleased)[0].reason, "TERMINATED");
  EXPECT_EQ(LoadOffered(listing).state, AchievementState::kPublished);
  AdvanceTo(kEnd + Hours(1));
  EXPECT_EQ(Load(listing).state, ListingState::kTerminated);
}

TEST_F(ListingAppTest, ASuspensionIsNotEndedByTheOldTimerAndIsReviewedAfterAMonth) {
  const std::string listing = Listed();
  ASSERT_TRUE(Write<Listing>([&](auto& txn) {
                return app_.ProposeForListing(txn, kClerk, {listing, ""}, Action::kSuspend, "OBJECTION", "");
              }).ok());
  ASSERT_TRUE(Write<Listing>([&](auto& txn) {
                return app_.ConfirmListing(txn, kOfficer, {listing, ""});
              }).ok());
  AdvanceTo(kStart + Hours(24 * 31));
  EXPECT_EQ(Load(listing).state, ListingState::kSuspended);
  EXPECT_EQ(Announced(AnnouncementType::kDeadlinePassed)[0].reason, "SUSPENSION_REVIEW_DUE");
}

TEST_F(ListingAppTest, StaffSeeTheirEventsWithoutInternalOnes) {
  (void)Won();
  size_t shown = 0;
  for (const StoredEvent& event : Events(kOfficer)) {
    EXPECT_EQ(event.exchange, kExchange);
    const auto* announcement = std::get_if<Announcement>(&event.payload);
    if (announcement != nullptr) {
      EXPECT_FALSE(IsInternal(announcement->type));
      ++shown;
    }
  }
  EXPECT_GE(shown, 4u);  // achievement_published, listing_published, bidding_scheduled, deal_determined
}

// Events are complete: folding them gives every resource bit for bit, and their sequence has no gap.
TEST_F(ListingAppTest, FoldingTheLogGivesTheState) {
  const std::string listing = Won();
  std::map<std::string, Listing> listings;
  std::map<std::string, Intent> intents;
  std::map<std::string, Achievement> achievements;
  uint64_t sequence = 0;
  for (const StoredEvent& event : Events()) {
    ASSERT_EQ(event.sequence, ++sequence);
    if (const auto* e = std::get_if<ListingEvent>(&event.payload))
      listings[event.resource] = Apply(listings[event.resource], *e);
    if (const auto* e = std::get_if<IntentEvent>(&event.payload))
      intents[event.resource] = Apply(intents[event.resource], *e);
    if (const auto* e = std::get_if<AchievementEvent>(&event.payload))
      achievements[event.resource] = Apply(achievements[event.resource], *e);
  }
  EXPECT_EQ(listings.at("listings/" + listing), Load(listing));
  for (const Intent& intent : Intents(listing)) EXPECT_EQ(intents.at(intent.name()), intent);
  EXPECT_EQ(achievements.at(Load(listing).achievement), LoadOffered(listing));
}

}  // namespace
}  // namespace ttx::listing
