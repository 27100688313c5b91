#include "services/disclosure/app/disclosure_app.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "libs/crypto/digest.h"
#include "libs/crypto/signature.h"
#include "libs/storage/mem_kv.h"
#include "libs/storage/shell.h"
#include "libs/storage/table.h"
#include "libs/testing/faulty_kv.h"
#include "libs/testing/manual_clock.h"
#include "libs/testing/seeded_ids.h"
#include "services/disclosure/domain/testing.h"

namespace ttx::disclosure {
namespace {

using testing::At;
using testing::CalendarOf;
using testing::Day;
using testing::Published;
using ttx::testing::FaultyKv;
using ttx::testing::ManualClock;
using ttx::testing::SeededIds;
using ttx::testing::WriteFate;

constexpr const char* kExchange = "organizations/exchange";
const Time kStart = At("2026-11-23", 10);  // a Monday

Principal Caller(const std::string& organization, const std::string& person, std::vector<std::string> roles) {
  return {"apiClients/" + person, organization, "people/" + person, std::move(roles)};
}
const Principal kClerk = Caller(kExchange, "clerk", {"EXCHANGE_CLERK"});
const Principal kOfficer = Caller(kExchange, "officer", {"EXCHANGE_OFFICER"});
const Principal kOther = Caller("organizations/other", "other", {"EXCHANGE_CLERK", "EXCHANGE_OFFICER"});
const Principal kObjector = Caller("organizations/rival", "rival", {"BIDDER"});
const Principal kSeller = Caller("organizations/seller", "seller", {"TRANSFEROR"});
const Principal kAuthority = Caller("organizations/authority", "authority", {"AUTHORITY"});

const std::string& RecordKeyPem() {
  static const std::string pem = crypto::GenerateKey(crypto::Suite::kEcdsaP256Sha256).private_pem;
  return pem;
}

DealFacts Deal(const std::string& id = "d1") {
  DealFacts facts;
  facts.deal = "deals/" + id;
  facts.listing = "listings/l" + id;
  facts.exchange = kExchange;
  facts.title = "一种电池";
  facts.seller = "organizations/seller";
  facts.seller_legal_name = "南京大学";
  facts.buyer = "organizations/buyer";
  facts.buyer_legal_name = "江苏某某有限公司";
  facts.price = {106'000'000};
  facts.project_no = "PJ1";
  facts.bid_count = 3;
  return facts;
}

ContractFacts Contract(const std::string& id = "d1") {
  ContractFacts facts;
  facts.contract = "contracts/c" + id;
  facts.deal = "deals/" + id;
  facts.listing = "listings/l" + id;
  facts.exchange = kExchange;
  facts.seller = "organizations/seller";
  facts.seller_legal_name = "南京大学";
  facts.buyer = "organizations/buyer";
  facts.buyer_legal_name = "江苏某某有限公司";
  facts.title = "一种电池";
  facts.price = {106'000'000};
  facts.effective_time = kStart;
  return facts;
}

PaymentFacts Payment(const std::string& id = "d1") {
  return {"settlements/s" + id, "deals/" + id, {106'000'000}, kStart};
}

// The service without its wire: shell, app and a clock that the test moves.
class World {
 public:
  explicit World(DisclosureConfig config = {},
                 std::unique_ptr<storage::Kv> kv = std::make_unique<storage::MemKv>(),
                 const Calendar& calendar = Published())
      : app_([&] {
          config.record_key_pem = RecordKeyPem();
          return DisclosureApp::Make(std::move(config), calendar, ids_).value();
        }()),
        shell_(std::move(kv), clock_, {},
               {.on_due = [this](storage::Txn& txn, const std::string& subject) { app_.OnDue(txn, subject); },
                .on_failure = [this](const Error&) { failed_ = true; }}) {
    KnowExchange("91110108MA01ABCD5T");
  }

  // Runs one command through the writer and gives back what `run` answered.
  template <class Run>
  auto Do(Run run) {
    using Answered = decltype(run(std::declval<storage::Txn&>()));
    std::optional<Answered> answered;
    storage::Command command;
    command.run = [&](storage::Txn& txn) -> Result<std::string> {
      answered = run(txn);
      if (!answered->ok()) return answered->error();
      return std::string();
    };
    std::optional<Error> lost;
    command.done = [&](storage::Answer answer) {
      if (!answer.body.ok() && answered && answered->ok()) lost = answer.body.error();
    };
    shell_.writer().Submit(std::move(command));
    while (shell_.writer().Step() > 0) {
    }
    if (lost) answered = Answered(*lost);
    return *answered;
  }

  void KnowExchange(const std::string& uscc) {
    (void)Do([&](storage::Txn& txn) { return app_.OnExchangeActivated(txn, kExchange, uscc); });
  }

  // Moves the clock and lets every timer run that is due.
  void Until(Time time) {
    clock_.Set(time);
    for (int i = 0; i < 10; ++i) {
      shell_.Tick();
      while (shell_.writer().Step() > 0) {
      }
    }
  }

  void Feed(const DealFacts& facts) {
    EXPECT_TRUE(Do([&](storage::Txn& txn) { return app_.OnDealDetermined(txn, facts); }).ok());
  }
  void Feed(const ContractFacts& facts) {
    EXPECT_TRUE(Do([&](storage::Txn& txn) { return app_.OnContractEffective(txn, facts); }).ok());
  }
  void Feed(const PaymentFacts& facts) {
    EXPECT_TRUE(Do([&](storage::Txn& txn) { return app_.OnSettlementPaid(txn, facts); }).ok());
  }

  Notice Find(NoticeType type, const std::string& id = "d1") const {
    return FindNotice(shell_.kv(), "listings/l" + id, type).value();
  }
  Notice Reload(const Notice& notice) const { return LoadNotice(shell_.kv(), notice.id).value(); }

  Result<Objection> Object(const Notice& notice, const Principal& caller = kObjector) {
    return Do([&](storage::Txn& txn) {
      return app_.CreateObjection(
          txn, caller,
          {notice.id, "李四", ObjectionCause::kOwnership, "权属有争议", {crypto::Sha256("evidence")}});
    });
  }
  Result<Objection> Accept(const ObjectionId& id) {
    return Do([&](storage::Txn& txn) { return app_.AcceptObjection(txn, kClerk, id, ""); });
  }
  Result<Objection> Decided(const ObjectionId& id, ObjectionState decision) {
    EXPECT_TRUE(
        Do([&](storage::Txn& txn) { return app_.ReviewObjection(txn, kClerk, id, "", "答复"); }).ok());
    EXPECT_TRUE(Do([&](storage::Txn& txn) {
                  return app_.ProposeDecision(txn, kClerk, id, "", decision, "理由");
                }).ok());
    return Do([&](storage::Txn& txn) { return app_.ConfirmDecision(txn, kOfficer, id, "", decision); });
  }

  std::optional<Certificate> Pending(const std::string& id = "d1") const {
    const auto found = FindCertificate(shell_.kv(), "deals/" + id, CertificateType::kTxn);
    return found ? LoadCertificate(shell_.kv(), *found) : std::nullopt;
  }
  Result<Certificate> RequestIssue(const CertificateId& id) {
    return Do([&](storage::Txn& txn) { return app_.RequestIssue(txn, kClerk, id, "", "符合交易规则"); });
  }
  Result<Certificate> ApproveIssue(const CertificateId& id, const Principal& caller = kOfficer) {
    return Do([&](storage::Txn& txn) { return app_.ApproveIssue(txn, caller, id, ""); });
  }
  Certificate Issue(const std::string& id = "d1") {
    Feed(Deal(id));
    Feed(Contract(id));
    Feed(Payment(id));
    const CertificateId certificate = Pending(id).value().id;
    EXPECT_TRUE(RequestIssue(certificate).ok());
    return ApproveIssue(certificate).value();
  }
  Result<Certificate> Revoke(const CertificateId& id, RevocationCause cause) {
    EXPECT_TRUE(Do([&](storage::Txn& txn) {
                  return app_.RequestRevoke(txn, kClerk, id, "", cause, "材料虚假");
                }).ok());
    return Do([&](storage::Txn& txn) { return app_.ApproveRevoke(txn, kOfficer, id, ""); });
  }

  std::vector<StoredEvent> Events() const { return ListEvents(shell_.kv(), 0, 10'000); }
  const storage::Kv& kv() const { return shell_.kv(); }

  ManualClock clock_{kStart};
  SeededIds ids_{7};
  bool failed_ = false;
  DisclosureApp app_;
  storage::Shell shell_;
};

size_t Count(const World& world, NoticeState state) {
  size_t count = 0;
  for (const StoredEvent& event : world.Events()) {
    const auto* entry = std::get_if<NoticeEntry>(&event.entry);
    const auto* changed = entry == nullptr ? nullptr : std::get_if<WindowChanged>(&entry->event.payload);
    count += changed != nullptr && changed->state == state ? 1 : 0;
  }
  return count;
}

// --- Notices -----------------------------------------------------------------------------------------------

TEST(DisclosureApp, EachPublicFactMakesOneNoticeInOneChain) {
  World world;
  const auto fed = [&](auto run) { EXPECT_TRUE(world.Do(run).ok()); };
  fed([&](storage::Txn& txn) {
    return world.app_.OnAchievementPublished(txn,
                                             {"achievements/a1", "organizations/seller", "一种电池", "摘要"});
  });
  ListingFacts listing;
  listing.listing = "listings/ld1";
  listing.exchange = kExchange;
  listing.owner_legal_name = "南京大学";
  listing.title = "一种电池";
  listing.start_time = kStart;
  listing.end_time = At("2026-12-18", 17);
  fed([&](storage::Txn& txn) { return world.app_.OnListingPublished(txn, listing); });
  fed([&](storage::Txn& txn) {
    return world.app_.OnListingExtended(txn, "listings/ld1", At("2026-12-25", 17), "无人报名");
  });
  BiddingFacts bidding;
  bidding.listing = "listings/ld1";
  bidding.exchange = kExchange;
  bidding.start_time = At("2026-12-28", 9);
  bidding.increments = {"100+10"};
  bidding.free_period_s = 3600;
  bidding.preparation_s = 60;
  bidding.cycle_s = 300;
  fed([&](storage::Txn& txn) { return world.app_.OnBiddingScheduled(txn, bidding); });
  world.Feed(Deal());
  world.Feed(Contract());
  world.Feed(Deal());      // taken again
  world.Feed(Contract());  // taken again

  const std::vector<Notice> notices = ListNotices(world.kv(), std::nullopt, "", 0, 100);
  std::vector<std::string> types;
  std::string chain(32, '\0');
  for (size_t i = 0; i < notices.size(); ++i) {
    types.emplace_back(TypeName(notices[i].type));
    EXPECT_EQ(notices[i].position, static_cast<int64_t>(i) + 1);
    EXPECT_EQ(notices[i].content_hash, crypto::Sha256(notices[i].content));
    chain = crypto::Sha256("TTX-NOTICE-1|" + chain + notices[i].content_hash);
    EXPECT_EQ(notices[i].log_hash, chain);
    EXPECT_TRUE(ParseContent(notices[i].content).has_value());
  }
  EXPECT_EQ(types, (std::vector<std::string>{"N1", "N3", "N4", "N5", "N7", "N8"}));
  EXPECT_EQ(notices[1].window.end, At("2026-12-25", 17));
  EXPECT_EQ(notices[3].window.end, At("2026-12-28", 10) + Seconds(360));
  EXPECT_EQ(notices[4].window.end, EndOfDay(Day("2026-11-27")));
  EXPECT_EQ(ListNotices(world.kv(), NoticeType::kN7, "", 0, 10).size(), 1u);
  EXPECT_EQ(ListNotices(world.kv(), NoticeType::kN8, "listings/ld1", 0, 10).size(), 1u);
  EXPECT_EQ(ListNotices(world.kv(), std::nullopt, "listings/ld1", 4, 10).size(), 2u);
  EXPECT_TRUE(ListNotices(world.kv(), std::nullopt, "listings/l", 0, 10).empty());
}

TEST(DisclosureApp, GoldenContentOfAResultNotice) {
  World world;
  world.Feed(Deal());
  const Notice notice = world.Find(NoticeType::kN7);
  EXPECT_EQ(notice.content,
            "{\"bid_count\":3,\"deal\":\"deals/d1\",\"exchange\":\"organizations/"
            "exchange\",\"format\":\"ttx-notice/1\","
            "\"listed_price_fen\":0,\"listing\":\"listings/ld1\",\"listing_version\":1,\"notice\":\"" +
                NameOf(notice.id) +
                "\",\"position\":1,\"price_fen\":106000000,\"project_no\":\"PJ1\","
                "\"publish_time\":\"" +
                FormatTime(notice.publish_time) +
                "\",\"title\":\"一种电池\",\"transferee\":\"江苏某某有限公司\",\"transferor\":\"南京大学\","
                "\"type\":\"N7\",\"version\":1,\"window_end_time\":\"2026-11-27T16:00:00Z\",\"window_"
                "workdays\":5}");
}

// Several deals of one listing (domain.md 5.9, PRO_RATA).
struct TwoPortions {
  explicit TwoPortions(World& world) {
    for (const std::string& id : {std::string("d1"), std::string("d2")}) {
      DealFacts result = Deal(id);
      ContractFacts contract = Contract(id);
      result.listing = contract.listing = "listings/l1";
      result.share_ppm = contract.share_ppm = id == "d1" ? 300'000 : 700'000;
      world.Feed(result);
      world.Feed(contract);
    }
  }
};

TEST(DisclosureApp, AnObjectionToOneDealDoesNotHoldTheCertificateOfAnother) {
  World world;
  const TwoPortions portions(world);
  const std::vector<Notice> results = ListNotices(world.kv(), NoticeType::kN7, "listings/l1", 0, 10);
  ASSERT_EQ(results.size(), 2u);
  ASSERT_EQ(results[0].subject.deal, "deals/d1");
  const ObjectionId objection = world.Object(results[0])->id;
  ASSERT_TRUE(world.Accept(objection).ok());
  world.Feed(Payment("d1"));
  world.Feed(Payment("d2"));
  EXPECT_FALSE(world.Pending("d1").has_value());
  ASSERT_TRUE(world.Pending("d2").has_value());
  const CertificateId id = world.Pending("d2")->id;
  ASSERT_TRUE(world.RequestIssue(id).ok());
  const Certificate issued = world.ApproveIssue(id).value();
  EXPECT_EQ(std::get<int64_t>(ParseContent(issued.issued.content)->at("share_ppm")), 700'000);
  // An upheld one sets the notice of its own deal aside, and only that.
  ASSERT_TRUE(world.Decided(objection, ObjectionState::kUpheld).ok());
  EXPECT_TRUE(IsBlocked(world.kv(), "listings/l1", "deals/d1"));
  EXPECT_FALSE(IsBlocked(world.kv(), "listings/l1", "deals/d2"));
  EXPECT_FALSE(world.Pending("d1").has_value());
}

TEST(DisclosureApp, AnObjectionToTheListingHoldsAllItsDealsUntilItIsClosed) {
  World world;
  ListingFacts listing;
  listing.listing = "listings/l1";
  listing.exchange = kExchange;
  listing.start_time = kStart;
  listing.end_time = At("2026-12-18", 17);
  ASSERT_TRUE(world.Do([&](storage::Txn& txn) { return world.app_.OnListingPublished(txn, listing); }).ok());
  const TwoPortions portions(world);
  const ObjectionId objection = world.Object(FindNotice(world.kv(), "listings/l1", NoticeType::kN3).value())->id;
  ASSERT_TRUE(world.Accept(objection).ok());
  world.Feed(Payment("d1"));
  world.Feed(Payment("d2"));
  EXPECT_FALSE(world.Pending("d1").has_value());
  EXPECT_FALSE(world.Pending("d2").has_value());
  ASSERT_TRUE(world.Decided(objection, ObjectionState::kRejected).ok());
  EXPECT_TRUE(world.Pending("d1").has_value());
  EXPECT_TRUE(world.Pending("d2").has_value());
}

TEST(DisclosureApp, TheTimerEndsTheWindowOnceAndOnTime) {
  World world;
  world.Feed(Deal());
  world.Until(EndOfDay(Day("2026-11-27")) - Nanoseconds(1));
  EXPECT_EQ(world.Find(NoticeType::kN7).state, NoticeState::kOpen);
  world.Until(EndOfDay(Day("2026-11-27")));
  EXPECT_EQ(world.Find(NoticeType::kN7).state, NoticeState::kEnded);
  world.Until(At("2026-12-20", 0));
  EXPECT_EQ(Count(world, NoticeState::kEnded), 1u);
}

TEST(DisclosureApp, AProvisionalWindowStaysOpenUntilTheTableIsThere) {
  auto kv = std::make_unique<storage::MemKv>();
  storage::MemKv* const disk = kv.get();
  World world({}, std::move(kv));
  world.clock_.Set(At("2026-12-30", 10));
  world.Feed(Deal());
  world.Until(At("2027-01-20", 0));
  EXPECT_EQ(world.Find(NoticeType::kN7).state, NoticeState::kOpen);
  EXPECT_TRUE(storage::NextDue(*disk).has_value());  // it is looked at again
  // A server with the table of 2027 takes over.
  auto copy = std::make_unique<storage::MemKv>();
  storage::WriteBatch batch;
  for (const storage::Entry& entry : disk->Scan({"", "\xff"}, 100'000, storage::Direction::kForward)) {
    batch.Put(entry.key, entry.value);
  }
  ASSERT_TRUE(copy->Write(batch).ok());
  static const Calendar known = CalendarOf({2025, 2026, 2027});
  World next({}, std::move(copy), known);
  next.Until(At("2027-01-22", 0));
  EXPECT_EQ(next.Find(NoticeType::kN7).state, NoticeState::kEnded);
}

TEST(DisclosureApp, ACorrectionIsANewVersionByTwoOfficersWithAWholeWindow) {
  World world;
  world.Feed(Deal());
  const Notice first = world.Find(NoticeType::kN7);
  const Principal second = Caller(kExchange, "second", {"EXCHANGE_OFFICER"});
  const auto request = [&](const Principal& caller, const std::string& etag) {
    return world.Do([&](storage::Txn& txn) {
      return world.app_.RequestCorrection(txn, caller, first.id, etag, {{"title", "一种锂电池"}}, "笔误");
    });
  };
  const auto approve = [&](const Principal& caller) {
    return world.Do(
        [&](storage::Txn& txn) { return world.app_.ApproveCorrection(txn, caller, first.id, ""); });
  };
  EXPECT_EQ(request(kOther, "").error().reason, Reason::kNOT_FOUND);
  EXPECT_EQ(request(kOfficer, "99").error().reason, Reason::kETAG_MISMATCH);
  EXPECT_EQ(approve(second).error().reason, Reason::kNOT_REQUESTED);
  ASSERT_TRUE(request(kOfficer, "1").ok());
  EXPECT_EQ(approve(kOfficer).error().reason, Reason::kSAME_PERSON);
  world.Until(At("2026-11-25", 10));
  const Notice corrected = approve(second).value();
  EXPECT_EQ(corrected.version, 2);
  EXPECT_EQ(corrected.corrects, first.id);
  EXPECT_EQ(corrected.position, 2);  // the refused attempt took no place
  EXPECT_EQ(corrected.window.end, EndOfDay(Day("2026-12-01")));
  const Content content = ParseContent(corrected.content).value();
  EXPECT_EQ(TextOf(content, "title"), "一种锂电池");
  EXPECT_EQ(TextOf(content, "corrects"), NameOf(first.id));
  EXPECT_EQ(TextOf(content, "notice"), NameOf(corrected.id));
  const Notice old = world.Reload(first);
  EXPECT_EQ(old.state, NoticeState::kCorrected);
  EXPECT_EQ(old.content, first.content);  // D6
  EXPECT_EQ(old.corrected_by, corrected.id);
  world.Until(At("2026-12-20", 0));
  EXPECT_EQ(Count(world, NoticeState::kEnded), 1u);  // only the new version's window counts
}

// --- Objections --------------------------------------------------------------------------------------------

TEST(DisclosureApp, AnAcceptedObjectionStopsTheWindowUntilItIsDecided) {
  World world;
  world.Feed(Deal());
  const Notice notice = world.Find(NoticeType::kN7);
  world.Until(At("2026-11-25", 9));
  const Objection filed = world.Object(notice).value();
  EXPECT_EQ(filed.state, ObjectionState::kFiled);
  EXPECT_EQ(world.Object(notice).error().reason, Reason::kOBJECTION_EXISTS);
  ASSERT_TRUE(world.Accept(filed.id).ok());
  EXPECT_EQ(world.Reload(notice).state, NoticeState::kSuspended);
  world.Until(At("2026-12-04", 9));
  EXPECT_EQ(Count(world, NoticeState::kEnded), 0u);
  EXPECT_EQ(world.Decided(filed.id, ObjectionState::kRejected).value().state, ObjectionState::kRejected);
  EXPECT_EQ(world.Reload(notice).window.end, EndOfDay(Day("2026-12-09")));
  world.Until(EndOfDay(Day("2026-12-09")));
  EXPECT_EQ(world.Reload(notice).state, NoticeState::kEnded);
}

TEST(DisclosureApp, ALateObjectionIsRecordedAnsweredAndWithoutEffect) {
  World world;
  world.Feed(Deal());
  const Notice notice = world.Find(NoticeType::kN7);
  world.clock_.Set(notice.window.end + Seconds(1));
  const Result<Objection> late = world.Object(notice);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().reason, Reason::kOBJECTION_LATE);
  EXPECT_EQ(late.error().code(), Code::kFailedPrecondition);
  EXPECT_EQ(late.error().metadata.at("window_end_time"), "2026-11-27T16:00:00Z");
  const ObjectionId id{ParseName(late.error().metadata.at("objection"), "objections", "objection").value()};
  EXPECT_EQ(world.app_.GetObjection(world.kv(), kObjector, id).value().state, ObjectionState::kLate);
  EXPECT_EQ(world.Accept(id).error().reason, Reason::kWRONG_STATE);
  // Once per objector and notice: the record answers whoever asks again.
  const Result<Objection> again = world.Object(notice);
  EXPECT_EQ(again.error().reason, Reason::kOBJECTION_LATE);
  EXPECT_EQ(again.error().metadata.at("objection"), NameOf(id));
  EXPECT_EQ(ListObjections(world.kv(), kObjector.organization, "", 10).size(), 1u);
  EXPECT_NE(world.Object(notice, kSeller).error().metadata.at("objection"), NameOf(id));
  EXPECT_EQ(ListObjections(world.kv(), kExchange, "", 10).size(), 2u);
  world.Until(notice.window.end + Hours(1));
  EXPECT_EQ(world.Reload(notice).state, NoticeState::kEnded);
}

TEST(DisclosureApp, AFiledObjectionBlocksTheEndUntilSomebodyAnswersIt) {
  World world;
  world.Feed(Deal());
  const Notice notice = world.Find(NoticeType::kN7);
  const Objection filed = world.Object(notice).value();
  world.Until(At("2026-12-02", 9));
  EXPECT_EQ(world.Reload(notice).state, NoticeState::kOpen);  // D5
  const auto dismissed = world.Do([&](storage::Txn& txn) {
    return world.app_.DismissObjection(txn, kOfficer, filed.id, "", "形式不符");
  });
  ASSERT_TRUE(dismissed.ok());
  EXPECT_EQ(world.Reload(notice).state, NoticeState::kEnded);
}

TEST(DisclosureApp, WhoMayObjectAndWhoMaySeeIt) {
  World world;
  world.Feed(Deal());
  const Notice notice = world.Find(NoticeType::kN7);
  EXPECT_EQ(world.Object(notice, Caller("", "nobody", {})).error().reason, Reason::kPERMISSION_DENIED);
  EXPECT_EQ(world.Object(notice, kClerk).error().reason, Reason::kPERMISSION_DENIED);  // its own judge
  const ObjectionId id = world.Object(notice).value().id;
  const auto sees = [&](const Principal& caller) {
    const bool got = world.app_.GetObjection(world.kv(), caller, id).ok();
    EXPECT_EQ(world.app_.ListObjections(world.kv(), caller, "", 10).items.size(), got ? 1u : 0u);
    return got;
  };
  EXPECT_TRUE(sees(kObjector));
  EXPECT_TRUE(sees(kClerk));
  EXPECT_TRUE(sees(kAuthority));
  EXPECT_FALSE(sees(kOther));
  EXPECT_FALSE(sees(kSeller));
  EXPECT_FALSE(sees(Caller(kExchange, "bank", {"SETTLEMENT_CLERK"})));
  const auto accept = [&](const Principal& caller) {
    return world.Do([&](storage::Txn& txn) { return world.app_.AcceptObjection(txn, caller, id, ""); });
  };
  EXPECT_EQ(accept(kOther).error().reason, Reason::kNOT_FOUND);
  EXPECT_EQ(accept(kObjector).error().reason, Reason::kNOT_FOUND);
  const auto withdraw = [&](const Principal& caller) {
    return world.Do([&](storage::Txn& txn) { return world.app_.WithdrawObjection(txn, caller, id, ""); });
  };
  EXPECT_EQ(withdraw(kClerk).error().reason, Reason::kNOT_FOUND);
  EXPECT_TRUE(withdraw(kObjector).ok());
  EXPECT_TRUE(world.Object(notice).ok());  // the place is free again
}

// --- Certificates ------------------------------------------------------------------------------------------

TEST(DisclosureApp, ACertificateIsPendingAsSoonAsAllConditionsHoldInAnyOrder) {
  for (const bool registration : {false, true}) {
    DisclosureConfig config;
    config.require_registration = registration;
    World world(config);
    world.Feed(Payment());
    EXPECT_FALSE(world.Pending().has_value());
    world.Feed(Contract());
    EXPECT_EQ(world.Pending().has_value(), !registration);
    EXPECT_TRUE(world
                    .Do([&](storage::Txn& txn) {
                      return world.app_.OnContractRegistered(
                          txn,
                          {"contracts/cd1", "deals/d1", "2026320100000001", {106'000'000}, {106'000'000}});
                    })
                    .ok());
    ASSERT_TRUE(world.Pending().has_value());
    EXPECT_EQ(world.Pending()->due.date, Day("2026-11-26"));
    world.Feed(Payment());
    EXPECT_EQ(ListCertificates(world.kv(), "", "deals/d1", "", 10).size(), 1u);
  }
}

TEST(DisclosureApp, DifferingPricesMakeNoCertificate) {
  World world;
  world.Feed(Deal());
  world.Feed(Contract());
  PaymentFacts payment = Payment();
  payment.price = {105'999'999};
  world.Feed(payment);
  EXPECT_FALSE(world.Pending().has_value());
  const auto created = world.Do([&](storage::Txn& txn) {
    return world.app_.CreateCertificate(txn, kClerk, "deals/d1", CertificateType::kTxn);
  });
  EXPECT_EQ(created.error().reason, Reason::kCONDITIONS_NOT_MET);
  EXPECT_EQ(created.error().metadata.at("missing"), "PRICES_AGREE");
}

TEST(DisclosureApp, AnOpenObjectionKeepsTheCertificateBack) {
  World world;
  world.Feed(Deal());
  const Objection filed = world.Object(world.Find(NoticeType::kN7)).value();
  world.Feed(Contract());
  world.Feed(Payment());
  EXPECT_FALSE(world.Pending().has_value());
  ASSERT_TRUE(world.Accept(filed.id).ok());
  ASSERT_TRUE(world.Decided(filed.id, ObjectionState::kRejected).ok());
  ASSERT_TRUE(world.Pending().has_value());  // made when the objection ended
  const CertificateId id = world.Pending()->id;
  ASSERT_TRUE(world.RequestIssue(id).ok());
  const Objection second = world.Object(world.Find(NoticeType::kN8)).value();
  EXPECT_EQ(world.ApproveIssue(id).error().reason, Reason::kOBJECTION_OPEN);
  ASSERT_TRUE(world.Accept(second.id).ok());
  ASSERT_TRUE(world.Decided(second.id, ObjectionState::kUpheld).ok());
  EXPECT_EQ(world.ApproveIssue(id).error().reason, Reason::kOBJECTION_OPEN);  // until the notice is corrected
  const Notice notice = world.Find(NoticeType::kN8);
  const Principal other = Caller(kExchange, "officer2", {"EXCHANGE_OFFICER"});
  ASSERT_TRUE(
      world
          .Do([&](storage::Txn& txn) {
            return world.app_.RequestCorrection(txn, kOfficer, notice.id, "", {{"title", "新"}}, "异议成立");
          })
          .ok());
  ASSERT_TRUE(
      world.Do([&](storage::Txn& txn) { return world.app_.ApproveCorrection(txn, other, notice.id, ""); })
          .ok());
  EXPECT_TRUE(world.ApproveIssue(id).ok());
}

TEST(DisclosureApp, NothingIsCertifiedAfterTheContractEnded) {
  World world;
  const auto end = [&](const std::string& id) {
    EXPECT_TRUE(world.Do([&](storage::Txn& txn) { return world.app_.OnDealEnded(txn, "deals/" + id); }).ok());
  };
  world.Feed(Deal());
  world.Feed(Contract());
  world.Feed(Payment());
  const CertificateId pending = world.Pending()->id;
  ASSERT_TRUE(world.RequestIssue(pending).ok());
  end("d1");
  const size_t events = world.Events().size();
  end("d1");
  EXPECT_EQ(world.Events().size(), events);
  const Certificate refused = LoadCertificate(world.kv(), pending).value();
  EXPECT_EQ(refused.state, CertificateState::kRefused);
  EXPECT_EQ(refused.refusal_reason, "CONTRACT_IN_FORCE");
  EXPECT_EQ(refused.approver, "");
  EXPECT_EQ(world.ApproveIssue(pending).error().reason, Reason::kWRONG_STATE);
  const auto created = world.Do([&](storage::Txn& txn) {
    return world.app_.CreateCertificate(txn, kClerk, "deals/d1", CertificateType::kTxn);
  });
  EXPECT_EQ(created.error().metadata.at("missing"), "CONTRACT_IN_FORCE");

  // Whichever service is heard first.
  world.Feed(Deal("d2"));
  world.Feed(Contract("d2"));
  end("d2");
  world.Feed(Payment("d2"));
  EXPECT_FALSE(world.Pending("d2").has_value());

  // What was issued stays until two persons revoke it, and nothing replaces it.
  const CertificateId valid = world.Issue("d3").id;
  end("d3");
  EXPECT_EQ(LoadCertificate(world.kv(), valid)->state, CertificateState::kValid);
  EXPECT_EQ(world.Revoke(valid, RevocationCause::kReplaced).error().reason, Reason::kCONDITIONS_NOT_MET);
  EXPECT_EQ(world.Revoke(valid, RevocationCause::kFalseMaterial).value().state, CertificateState::kRevoked);
}

TEST(DisclosureApp, TheIssueNeedsTwoPersonsOfTheExchange) {
  World world;
  world.Feed(Contract());
  world.Feed(Payment());
  const CertificateId id = world.Pending()->id;
  const Principal both = Caller(kExchange, "clerk", {"EXCHANGE_CLERK", "EXCHANGE_OFFICER"});
  EXPECT_EQ(world.ApproveIssue(id).error().reason, Reason::kNOT_REQUESTED);
  ASSERT_TRUE(world.RequestIssue(id).ok());
  EXPECT_EQ(world.ApproveIssue(id, both).error().reason, Reason::kSAME_PERSON);
  EXPECT_EQ(world.ApproveIssue(id, kOther).error().reason, Reason::kNOT_FOUND);
  const Certificate issued = world.ApproveIssue(id).value();
  EXPECT_EQ(issued.state, CertificateState::kValid);
  EXPECT_TRUE(IsCertificateNumber(issued.issued.number));
  EXPECT_EQ(issued.issued.number.substr(6, 11), "20261000001");  // refusals took no number
  EXPECT_EQ(world.ApproveIssue(id).error().reason, Reason::kWRONG_STATE);
  const auto again = world.Do([&](storage::Txn& txn) {
    return world.app_.CreateCertificate(txn, kClerk, "deals/d1", CertificateType::kTxn);
  });
  EXPECT_EQ(again.error().reason, Reason::kCERTIFICATE_EXISTS);
  EXPECT_TRUE(world.app_.GetCertificate(world.kv(), kSeller, id).ok());
  EXPECT_TRUE(world.app_.GetCertificate(world.kv(), kAuthority, id).ok());
  EXPECT_EQ(world.app_.GetCertificate(world.kv(), kObjector, id).error().reason, Reason::kNOT_FOUND);
  EXPECT_TRUE(world.app_.ListCertificates(world.kv(), kObjector, "deals/d1", "", 10).items.empty());
}

TEST(DisclosureApp, AnyChangedByteFailsVerificationWithoutTheServer) {
  World world;
  const Certificate issued = world.Issue();
  const RecordKey& key = world.app_.record_key();
  const auto genuine = [&](const std::string& content) {
    return crypto::Verify(crypto::Suite::kEcdsaP256Sha256, key.public_pem, content,
                          issued.issued.signature) &&
           crypto::Sha256(content) == issued.issued.content_hash;
  };
  const std::string& content = issued.issued.content;
  EXPECT_TRUE(genuine(content));
  EXPECT_EQ(issued.issued.key_id, key.id);
  for (size_t i = 0; i < content.size(); ++i) {
    std::string changed = content;
    changed[i] = static_cast<char>(changed[i] ^ (1 << (i % 8)));
    ASSERT_FALSE(genuine(changed)) << i;
  }
  const Content parsed = ParseContent(content).value();
  for (const char* field :
       {"number", "sign_date", "transferor", "transferee", "title", "price_text", "paid_through",
        "conclusion", "project_no", "issue_date", "publicity_period", "result_notice"}) {
    EXPECT_FALSE(TextOf(parsed, field).empty()) << field;
  }
  EXPECT_EQ(std::get<int64_t>(parsed.at("price_fen")), 106'000'000);
}

TEST(DisclosureApp, VerificationTable) {
  World world;
  const Certificate valid = world.Issue("d1");
  const Certificate revoked = world.Issue("d2");
  const Certificate replaced = world.Issue("d3");
  ASSERT_EQ(world.Revoke(revoked.id, RevocationCause::kFalseMaterial).value().state,
            CertificateState::kRevoked);
  ASSERT_EQ(world.Revoke(replaced.id, RevocationCause::kReplaced).value().state,
            CertificateState::kSuperseded);
  const auto verify = [&](const std::string& number, const std::string& check) {
    const std::optional<Certificate> found = world.app_.Verify(world.kv(), number, check);
    return found ? std::string(StateName(found->state)) : std::string("NOT_FOUND");
  };
  const auto tail = [](const Certificate& certificate) {
    return Hex(certificate.issued.content_hash).substr(60);
  };
  EXPECT_EQ(verify(valid.issued.number, tail(valid)), "VALID");
  EXPECT_EQ(verify(valid.issued.number, "南京大学"), "VALID");
  EXPECT_EQ(verify(valid.issued.number, "江苏某某有限公司"), "VALID");
  EXPECT_EQ(verify(revoked.issued.number, tail(revoked)), "REVOKED");
  EXPECT_EQ(verify(replaced.issued.number, tail(replaced)), "SUPERSEDED");
  EXPECT_EQ(verify(valid.issued.number, "某大学"), "NOT_FOUND");
  EXPECT_EQ(verify(valid.issued.number, ""), "NOT_FOUND");
  const std::string unknown =
      CertificateNumber(valid.issued.number.substr(2, 4), 2026, CertificateType::kTxn, 999);
  EXPECT_EQ(verify(unknown, "南京大学"), "NOT_FOUND");
  EXPECT_EQ(verify("TX", "南京大学"), "NOT_FOUND");

  // The replaced one has a successor, which is issued like any other.
  const Certificate successor = world.Pending("d3").value();
  EXPECT_EQ(successor.supersedes, replaced.id);
  ASSERT_TRUE(world.RequestIssue(successor.id).ok());
  EXPECT_EQ(world.ApproveIssue(successor.id).value().issued.number.substr(11, 6), "000004");

  const std::vector<RevokedCertificate> revocations = ListRevocations(world.kv(), 0, 10);
  ASSERT_EQ(revocations.size(), 2u);
  EXPECT_EQ(revocations[0].certificate.issued.number, revoked.issued.number);
  EXPECT_EQ(ListRevocations(world.kv(), revocations[0].position, 10).size(), 1u);
  const Notice notice = LoadNotice(world.kv(), revocations[0].certificate.revocation_notice).value();
  EXPECT_EQ(notice.type, NoticeType::kN13);
  EXPECT_EQ(TextOf(ParseContent(notice.content).value(), "certificate_number"), revoked.issued.number);
  EXPECT_EQ(notice.content.find(Hex(revoked.issued.content_hash).substr(60)), std::string::npos);
  EXPECT_FALSE(world.Pending("d2").has_value());
}

TEST(DisclosureApp, RevocationNeedsTwoPersons) {
  World world;
  const CertificateId id = world.Issue().id;
  const auto approve = [&](const Principal& caller) {
    return world.Do([&](storage::Txn& txn) { return world.app_.ApproveRevoke(txn, caller, id, ""); });
  };
  EXPECT_EQ(approve(kOfficer).error().reason, Reason::kNOT_REQUESTED);
  ASSERT_TRUE(world
                  .Do([&](storage::Txn& txn) {
                    return world.app_.RequestRevoke(txn, kClerk, id, "", RevocationCause::kUnlawfulParty,
                                                    "因");
                  })
                  .ok());
  EXPECT_EQ(approve(Caller(kExchange, "clerk", {"EXCHANGE_OFFICER"})).error().reason, Reason::kSAME_PERSON);
  EXPECT_TRUE(approve(kOfficer).ok());
}

TEST(DisclosureApp, BadFieldsAreNamedBeforeTheResourceIsLookedUp) {
  World world;
  const auto field = [&](auto run) { return world.Do(run).error().violations.at(0).field; };
  const auto& app = world.app_;
  EXPECT_EQ(
      field([&](storage::Txn& txn) { return app.RequestCorrection(txn, kOfficer, {"x"}, "", {}, "因"); }),
      "replacements");
  EXPECT_EQ(field([&](storage::Txn& txn) { return app.DismissObjection(txn, kOfficer, {"x"}, "", ""); }),
            "reason");
  EXPECT_EQ(field([&](storage::Txn& txn) { return app.ReviewObjection(txn, kClerk, {"x"}, "", "\x01"); }),
            "answer");
  EXPECT_EQ(field([&](storage::Txn& txn) {
              return app.ProposeDecision(txn, kClerk, {"x"}, "", ObjectionState::kUpheld, "");
            }),
            "reasons");
  EXPECT_EQ(field([&](storage::Txn& txn) {
              return app.ConfirmDecision(txn, kOfficer, {"x"}, "", ObjectionState::kLate);
            }),
            "decision");
  EXPECT_EQ(field([&](storage::Txn& txn) { return app.RequestIssue(txn, kClerk, {"x"}, "", ""); }),
            "conclusion");
  EXPECT_EQ(field([&](storage::Txn& txn) { return app.RefuseCertificate(txn, kOfficer, {"x"}, "", ""); }),
            "reason");
  EXPECT_EQ(field([&](storage::Txn& txn) {
              return app.RequestRevoke(txn, kClerk, {"x"}, "", RevocationCause::kNone, "因");
            }),
            "cause");
}

TEST(DisclosureApp, ACertificateWaitsForItsExchangeWhoseCodeStandsInTheNumber) {
  World world;
  EXPECT_EQ(world.Issue().issued.number.substr(0, 17), "TXBCD520261000001");
  const auto forget = [](storage::Txn& txn) -> Status {
    txn.Delete(storage::KeyOf(Table::kExchangeCode, std::string(kExchange)));
    return {};
  };
  ASSERT_TRUE(world.Do(forget).ok());
  world.Feed(Deal("d2"));
  world.Feed(Contract("d2"));
  world.Feed(Payment("d2"));
  const CertificateId id = world.Pending("d2").value().id;
  ASSERT_TRUE(world.RequestIssue(id).ok());
  EXPECT_EQ(world.ApproveIssue(id).error().reason, Reason::kUNAVAILABLE);
  world.KnowExchange("91320505MA25TQ7C7Y");
  EXPECT_EQ(world.ApproveIssue(id).value().issued.number.substr(0, 17), "TXQ7C720261000001");
}

TEST(DisclosureApp, ABadConfigurationIsRefused) {
  SeededIds ids(1);
  DisclosureConfig config;
  EXPECT_EQ(DisclosureApp::Make(config, Published(), ids).error().reason, Reason::kBAD_CONFIGURATION);
  config.record_key_pem = RecordKeyPem();
  EXPECT_TRUE(DisclosureApp::Make(config, Published(), ids).ok());
  config.contract_window_days = 4;
  EXPECT_EQ(DisclosureApp::Make(config, Published(), ids).error().reason, Reason::kBAD_CONFIGURATION);
  config.contract_window_days = 5;
  config.result_window_days = 0;
  EXPECT_EQ(DisclosureApp::Make(config, Published(), ids).error().reason, Reason::kBAD_CONFIGURATION);
}

TEST(DisclosureApp, StaffSeeTheirOwnExchangesEventsOnly) {
  World world;
  world.Issue();
  const auto seen = [&](const Principal& caller) {
    return world.app_.ListEvents(world.kv(), caller, 0, 1000).events.size();
  };
  const size_t all = seen({"services/contract", "", "", {}});
  EXPECT_EQ(all, world.Events().size());
  EXPECT_EQ(seen(kOfficer), all);
  EXPECT_EQ(seen(kOther), 0u);
  EXPECT_EQ(seen(Principal{}), 0u);
  // Everything was looked at, though nothing is shown.
  EXPECT_EQ(world.app_.ListEvents(world.kv(), kOther, 0, 1).last_sequence, all);
}

// --- Crash: numbers and positions have no gaps, whatever is refused and wherever the process dies ----------

RC_GTEST_PROP(DisclosureApp, NumbersAndPositionsHaveNoGapsOverCrashes, ()) {
  storage::MemKv disk;
  const int deals = *rc::gen::inRange(1, 6);
  const int fates = *rc::gen::inRange(1, 6);
  for (int life = 0; life <= fates; ++life) {
    const uint64_t dies_at = static_cast<uint64_t>(*rc::gen::inRange(0, 25));
    const bool last = life == fates;
    const WriteFate fate = *rc::gen::arbitrary<bool>() ? WriteFate::kLoseAndFail : WriteFate::kCommitAndFail;
    World world({}, std::make_unique<FaultyKv>(
                        disk, [=](uint64_t n) { return !last && n == dies_at ? fate : WriteFate::kCommit; }));
    world.ids_ = SeededIds(static_cast<uint64_t>(life) + 100);
    for (int i = 0; i < deals && !world.failed_; ++i) {
      const std::string id = "d" + std::to_string(i);
      // Commands of a dead process answer UNAVAILABLE; the next life goes on from what is on disk.
      (void)world.Do([&](storage::Txn& txn) { return world.app_.OnDealDetermined(txn, Deal(id)); });
      if (world.failed_) break;
      (void)world.Do([&](storage::Txn& txn) { return world.app_.OnContractEffective(txn, Contract(id)); });
      if (world.failed_) break;
      (void)world.Do([&](storage::Txn& txn) { return world.app_.OnSettlementPaid(txn, Payment(id)); });
      if (world.failed_) break;
      const std::optional<Certificate> pending = world.Pending(id);
      if (!pending) continue;
      (void)world.RequestIssue(pending->id);
      if (world.failed_) break;
      (void)world.ApproveIssue(pending->id, kClerk);  // refused: takes no number
      if (world.failed_) break;
      (void)world.ApproveIssue(pending->id);
    }
  }
  std::set<std::string> numbers;
  for (const Certificate& certificate : ListCertificates(disk, "", "", "", 1000)) {
    RC_ASSERT(certificate.state == CertificateState::kValid);
    RC_ASSERT(numbers.insert(certificate.issued.number.substr(11, 6)).second);
  }
  RC_ASSERT(numbers.size() == static_cast<size_t>(deals));
  RC_ASSERT(*numbers.rbegin() == std::string(6 - std::to_string(deals).size(), '0') + std::to_string(deals));
  int64_t position = 0;
  std::string chain(32, '\0');
  for (const Notice& notice : ListNotices(disk, std::nullopt, "", 0, 1000)) {
    RC_ASSERT(notice.position == ++position);
    chain = crypto::Sha256("TTX-NOTICE-1|" + chain + notice.content_hash);
    RC_ASSERT(notice.log_hash == chain);
  }
  RC_ASSERT(position == 2 * deals);
}

}  // namespace
}  // namespace ttx::disclosure
