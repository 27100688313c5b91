#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "libs/storage/codec.h"
#include "services/auction/store/record.pb.h"
#include "services/contract/store/record.pb.h"
#include "services/settlement/store/record.pb.h"
#include "tests/sim/workload.h"

namespace ttx::sim {
namespace {

// How many seeds a run of the tests looks at, and from which on.
constexpr uint64_t kFaultlessRuns = 4;
constexpr uint64_t kFaultyRuns = 24;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

uint64_t FirstSeed() { return FromEnvironment("TTX_SIM_SEED", 1); }
uint64_t Runs(uint64_t otherwise) { return FromEnvironment("TTX_SIM_RUNS", otherwise); }

// Everything a seed stands for.
class Simulation {
 public:
  Simulation(uint64_t seed, Faults faults, WorkloadOptions options)
      : crypto(seed),
        world(seed, faults),
        services(world),
        auditor(world, services),
        workload(world, services, auditor, options) {}

  std::vector<std::string> Violations() const {
    std::vector<std::string> all = world.violations;
    all.insert(all.end(), auditor.violations().begin(), auditor.violations().end());
    return all;
  }

  std::string Summary() const {
    std::string text = std::to_string(workload.steps()) + " steps, " + std::to_string(world.requests) +
                       " requests, " + std::to_string(world.crashes) + " crashes, " +
                       std::to_string(auditor.checks()) + " checks, now " + FormatTime(world.clock.Now());
    for (const DealPlan& deal : workload.deals()) text += "\n  " + workload.Describe(deal);
    for (const auto& [what, count] : workload.refusals())
      text += "\n  refused " + what + " x" + std::to_string(count);
    return text;
  }

  SeededCrypto crypto;
  World world;
  Installation services;
  Auditor auditor;
  Workload workload;
};

Faults FaultsOf(uint64_t seed) {
  std::mt19937_64 random(seed * 7919);
  Faults faults;
  faults.crash_per_write = random() % 30;
  faults.lost_fetch = random() % 250;
  faults.duplicated_fetch = random() % 250;
  faults.reordered_fetch = random() % 150;
  faults.duplicated_command = random() % 250;
  return faults;
}

std::string HowToReplay(uint64_t seed) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  return "replay: TTX_SIM_SEED=" + std::to_string(seed) +
         " TTX_SIM_RUNS=1 ttx_sim_test --gtest_filter=" + test->test_suite_name() + "." + test->name() +
         "   (in the root of the repository)";
}

void Report(const Simulation& run, uint64_t seed) {
  if (std::getenv("TTX_SIM_VERBOSE") != nullptr) std::printf("seed %lu: %s\n", seed, run.Summary().c_str());
}

TEST(Simulation, CarriesEveryDealToItsEndWithoutFaults) {
  for (uint64_t seed = FirstSeed(); seed < FirstSeed() + Runs(kFaultlessRuns); ++seed) {
    SCOPED_TRACE(HowToReplay(seed));
    Simulation run(seed, {}, {.deals = 5, .mischief = false});
    run.workload.Run();
    Report(run, seed);
    EXPECT_THAT(run.Violations(), ::testing::IsEmpty()) << run.Summary();
    EXPECT_GT(run.auditor.checks(), 1000u);
    size_t complete = 0;
    for (const DealPlan& deal : run.workload.deals()) {
      const listing::Listing listing = run.workload.ListingOf(deal);
      if (deal.bidders.empty()) {
        EXPECT_EQ(listing.state, listing::ListingState::kExpired) << run.workload.Describe(deal);
      } else if (!run.workload.IsComplete(deal)) {
        ADD_FAILURE() << "a deal did not reach its end: " << run.Summary();
      } else {
        ++complete;
      }
    }
    EXPECT_GT(complete, 0u);
  }
}

TEST(Simulation, KeepsEveryInvariantUnderFaultsAndMischief) {
  uint64_t crashes = 0;
  Workload::Defaults defaults;
  size_t over = 0;
  size_t all = 0;
  for (uint64_t seed = FirstSeed(); seed < FirstSeed() + Runs(kFaultyRuns); ++seed) {
    SCOPED_TRACE(HowToReplay(seed));
    Simulation run(seed, FaultsOf(seed), {.deals = 5});
    run.workload.Run();
    Report(run, seed);
    EXPECT_THAT(run.Violations(), ::testing::IsEmpty()) << run.Summary();
    crashes += run.world.crashes;
    defaults.before_close += run.workload.defaults().before_close;
    defaults.after_close += run.workload.defaults().after_close;
    for (const DealPlan& deal : run.workload.deals()) {
      ++all;
      over += run.workload.IsOver(deal) ? 1 : 0;
      EXPECT_TRUE(run.workload.IsOver(deal)) << "S10 a deal hangs: " << run.workload.Describe(deal) << "\n"
                                             << run.Summary();
    }
  }
  // A single seed may be lucky.
  if (std::getenv("TTX_SIM_SEED") == nullptr) {
    EXPECT_GT(crashes, 50u) << "the faults are no faults";
    EXPECT_GT(defaults.before_close, 5);
    EXPECT_GT(defaults.after_close, 5);
  }
  EXPECT_EQ(over, all);
}

TEST(Simulation, DoesTheSameForTheSameSeed) {
  const uint64_t seed = FirstSeed() + 1000;
  SCOPED_TRACE(HowToReplay(seed - 1000));
  std::string digests[2];
  uint64_t writes[2];
  for (int i = 0; i < 2; ++i) {
    Simulation run(seed, FaultsOf(seed), {.deals = 3});
    run.workload.Run();
    digests[i] = run.world.Digest();
    writes[i] = run.world.writes;
  }
  EXPECT_EQ(writes[0], writes[1]);
  EXPECT_EQ(digests[0], digests[1]);
  Simulation other(seed + 1, FaultsOf(seed), {.deals = 3, .max_steps = 50});
  other.workload.Run();
  EXPECT_NE(other.world.Digest(), digests[0]);
}

// --- The auditor sees ----------------------------------------------------------------------------

// One finished run without faults; each test damages its disks, looks, and puts back what was there.
class AuditorTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    run_ = new Simulation(11, {}, {.deals = 4, .mischief = false});
    run_->workload.Run();
    ASSERT_THAT(run_->Violations(), ::testing::IsEmpty()) << run_->Summary();
  }
  static void TearDownTestSuite() {
    delete run_;
    run_ = nullptr;
  }

  void TearDown() override {
    for (auto it = undo_.rbegin(); it != undo_.rend(); ++it) Set(it->node, it->key, it->value);
    undo_.clear();
    Auditor auditor = run_->auditor;
    auditor.Audit();
    EXPECT_THAT(auditor.violations(), ::testing::IsEmpty()) << "the damage was not undone";
  }

  static storage::Kv& Disk(const std::string& node) { return run_->world.node(node).disk_for_damage(); }

  void Damage(const std::string& node, const std::string& key, std::optional<std::string> value) {
    undo_.push_back({node, key, Disk(node).Get(key)});
    Set(node, key, std::move(value));
  }

  // What the auditor says of the damaged disks.
  static std::vector<std::string> Findings() {
    Auditor auditor = run_->auditor;
    auditor.Audit();
    auditor.AuditAtRest();
    return auditor.violations();
  }

  template <class Table>
  static std::vector<storage::Entry> Entries(const std::string& node, Table table) {
    return Disk(node).Scan(storage::PrefixRange(std::string(1, static_cast<char>(table))), 100'000);
  }

  // The first event of the auctions that `wanted` takes, with its outbox entry.
  struct AuctionEntry {
    storage::Entry entry;
    auction::store::EventRecord record;
  };
  template <class Wanted>
  static AuctionEntry FindAuctionEvent(Wanted wanted) {
    for (const storage::Entry& entry : Entries("auction", storage::ShellTable::kOutbox)) {
      AuctionEntry found{entry, {}};
      TTX_CHECK(found.record.ParseFromString(entry.value.substr(8)), "an event that cannot be read");
      if (wanted(found.record)) return found;
    }
    TTX_CHECK(false, "the run has no such event: choose another seed");
  }

  static Simulation* run_;

 private:
  struct Undo {
    std::string node;
    std::string key;
    std::optional<std::string> value;
  };
  static void Set(const std::string& node, const std::string& key, std::optional<std::string> value) {
    storage::WriteBatch batch;
    value ? batch.Put(key, *std::move(value)) : batch.Delete(key);
    ASSERT_TRUE(Disk(node).Write(batch).ok());
  }

  std::vector<Undo> undo_;
};
Simulation* AuditorTest::run_ = nullptr;

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::StartsWith;

TEST_F(AuditorTest, SeesAnAcceptedBidThatIsDropped) {
  const auto bid = FindAuctionEvent([](const auto& event) { return event.has_bid_accepted(); });
  Damage("auction", bid.entry.key, std::nullopt);
  const auto findings = Findings();
  EXPECT_THAT(findings, Contains(StartsWith("S3 the events of auction have a gap")));
  EXPECT_THAT(findings, Contains(StartsWith("S1 the acknowledged bid")));
}

TEST_F(AuditorTest, SeesABidWhosePriceIsChanged) {
  auto bid = FindAuctionEvent(
      [](const auto& event) { return event.has_bid_accepted() && event.bid_accepted().bid().number() == 2; });
  bid.record.mutable_bid_accepted()->mutable_bid()->set_price_fen(1);
  Damage("auction", bid.entry.key, bid.entry.value.substr(0, 8) + bid.record.SerializeAsString());
  EXPECT_THAT(Findings(), Contains(StartsWith("A3 a bid below the start price")));
}

TEST_F(AuditorTest, SeesABidThatIsInTheLogAndNotInTheTable) {
  const storage::Entry bid = Entries("auction", auction::Table::kBid).front();
  Damage("auction", bid.key, std::nullopt);
  EXPECT_THAT(Findings(), Contains(StartsWith("A1 the bids of auctions/")));
}

TEST_F(AuditorTest, SeesBidsThatAreNotNumberedWithoutGaps) {
  auto bid = FindAuctionEvent(
      [](const auto& event) { return event.has_bid_accepted() && event.bid_accepted().bid().number() == 2; });
  bid.record.mutable_bid_accepted()->mutable_bid()->set_number(3);
  Damage("auction", bid.entry.key, bid.entry.value.substr(0, 8) + bid.record.SerializeAsString());
  EXPECT_THAT(Findings(), Contains(StartsWith("A1 bids are not numbered without gaps")));
}

TEST_F(AuditorTest, SeesALaterBidWithAnEarlierNumber) {
  const auto bid = FindAuctionEvent([](const auto& event) { return event.has_bid_accepted(); });
  const auto& first = bid.record.bid_accepted().bid();
  Auditor auditor = run_->auditor;
  auditor.RememberBid(bid.record.auction(), first.number(), first.code(), first.price_fen());
  auditor.Audit();
  EXPECT_THAT(auditor.violations(),
              Contains(StartsWith("A2 a later bid of auctions/" + bid.record.auction())));
}

TEST_F(AuditorTest, SeesALeaderWhoDidNotBidMost) {
  for (const storage::Entry& entry : Entries("auction", auction::Table::kAuction)) {
    auction::store::AuctionRecord record;
    ASSERT_TRUE(record.ParseFromString(entry.value));
    if (!record.has_rival()) continue;
    // The second takes the first one's place, and nothing else changes.
    const std::string leader = record.leading().code();
    record.mutable_leading()->set_code(record.rival().code());
    record.mutable_rival()->set_code(leader);
    Damage("auction", entry.key, record.SerializeAsString());
    EXPECT_THAT(Findings(), Contains("A4 the leader of auctions/" + record.id() + " is not its best bid"));
    return;
  }
  FAIL() << "the run has no session of two bidders: choose another seed";
}

TEST_F(AuditorTest, SeesABidAtTheEndOfItsPhase) {
  auto bid = FindAuctionEvent([](const auto& event) {
    return event.has_bid_accepted() && event.bid_accepted().bid().number() == 1 &&
           event.bid_accepted().cycle_number() == 0;
  });
  auto* accepted = bid.record.mutable_bid_accepted()->mutable_bid();
  const auto damage_with_time = [&](int64_t time_ns) {
    accepted->set_time_ns(time_ns);
    Damage("auction", bid.entry.key, bid.entry.value.substr(0, 8) + bid.record.SerializeAsString());
    return Findings();
  };
  const auto outside = StartsWith("A5 a bid was taken outside a phase");
  EXPECT_THAT(damage_with_time(accepted->phase_end_ns()), Contains(outside));
  EXPECT_THAT(damage_with_time(accepted->phase_end_ns() - 1), ::testing::Not(Contains(outside)));
}

TEST_F(AuditorTest, SeesASwappedWinner) {
  const auto scheduled_of = [](const std::string& auction) {
    return FindAuctionEvent([&](const auto& event) { return event.has_scheduled() && event.auction() == auction; });
  };
  auto closed = FindAuctionEvent([&](const auto& event) {
    return event.has_closed() && event.closed().has_winner() &&
           scheduled_of(event.auction()).record.scheduled().bidders_size() > 1;
  });
  const auto scheduled = scheduled_of(closed.record.auction());
  auto* winner = closed.record.mutable_closed()->mutable_winner();
  const std::string rightful = winner->code();
  for (const auto& bidder : scheduled.record.scheduled().bidders()) {
    if (bidder.code() != rightful) winner->set_code(bidder.code());
  }
  ASSERT_NE(winner->code(), rightful);
  Damage("auction", closed.entry.key, closed.entry.value.substr(0, 8) + closed.record.SerializeAsString());
  const auto findings = Findings();
  EXPECT_THAT(findings, Contains(StartsWith("A9 the winner is not the highest bid")));
  EXPECT_THAT(findings, Contains(StartsWith("C4 deals/")));
}

TEST_F(AuditorTest, SeesAJournalThatIsPostedTwice) {
  const storage::Entry last = Entries("settlement", settlement::Table::kJournal).back();
  settlement::store::JournalRecord journal;
  ASSERT_TRUE(journal.ParseFromString(last.value));
  journal.set_number(journal.number() + 1);
  Damage("settlement",
         storage::Key(static_cast<uint8_t>(settlement::Table::kJournal))
             .Text(journal.exchange())
             .U64(static_cast<uint64_t>(journal.number()))
             .str(),
         journal.SerializeAsString());
  const auto findings = Findings();
  EXPECT_THAT(findings, Contains(StartsWith("E6 journal")));
  EXPECT_THAT(findings, Contains(StartsWith("E2 the balance")));
}

TEST_F(AuditorTest, SeesAJournalThatDoesNotBalance) {
  const storage::Entry first = Entries("settlement", settlement::Table::kJournal).front();
  settlement::store::JournalRecord journal;
  ASSERT_TRUE(journal.ParseFromString(first.value));
  for (auto& line : *journal.mutable_lines()) {
    if (line.debit_fen() > 0) line.set_debit_fen(line.debit_fen() + 1);
  }
  Damage("settlement", first.key, journal.SerializeAsString());
  EXPECT_THAT(Findings(), Contains(StartsWith("E1 journal")));
}

TEST_F(AuditorTest, SeesAClientAccountBelowZero) {
  for (const storage::Entry& entry : Entries("settlement", settlement::Table::kJournal)) {
    settlement::store::JournalRecord journal;
    ASSERT_TRUE(journal.ParseFromString(entry.value));
    const bool takes = std::any_of(journal.lines().begin(), journal.lines().end(), [](const auto& line) {
      return line.account() >= 2000 && line.account() < 3000 && line.debit_fen() > 0;
    });
    if (!takes) continue;
    for (auto& line : *journal.mutable_lines()) {
      if (line.debit_fen() > 0) line.set_debit_fen(line.debit_fen() + 1'000'000'000'000);
      if (line.credit_fen() > 0) line.set_credit_fen(line.credit_fen() + 1'000'000'000'000);
    }
    Damage("settlement", entry.key, journal.SerializeAsString());
    EXPECT_THAT(Findings(), Contains(StartsWith("E3 client account")));
    return;
  }
  FAIL() << "the run has no such journal: choose another seed";
}

TEST_F(AuditorTest, SeesABalanceThatIsChanged) {
  const storage::Entry first = Entries("settlement", settlement::Table::kBalance).front();
  settlement::store::BalanceRecord balance;
  ASSERT_TRUE(balance.ParseFromString(first.value));
  balance.set_credit_fen(balance.credit_fen() + 1);
  Damage("settlement", first.key, balance.SerializeAsString());
  EXPECT_THAT(Findings(), Contains(StartsWith("E2 the balance")));
}

TEST_F(AuditorTest, SeesADepositThatGivesOutMoreThanItHeld) {
  for (const storage::Entry& entry : Entries("settlement", settlement::Table::kJournal)) {
    settlement::store::JournalRecord journal;
    ASSERT_TRUE(journal.ParseFromString(entry.value));
    if (journal.template_() != TemplateName(settlement::Template::kDepositConverted)) continue;
    for (auto& line : *journal.mutable_lines()) {
      if (line.debit_fen() > 0) {
        line.set_debit_fen(line.debit_fen() + 1);
      } else {
        line.set_credit_fen(line.credit_fen() + 1);
      }
    }
    Damage("settlement", entry.key, journal.SerializeAsString());
    break;
  }
  const auto findings = Findings();
  EXPECT_THAT(findings, Contains(AllOf(StartsWith("E4 deposits/"), EndsWith(" gave out more than it held"))));
  EXPECT_THAT(findings, Contains(EndsWith(" and the journals name different amounts")));
}

TEST_F(AuditorTest, SeesADepositOfWhichTooMuchOrTooLittleWentBack) {
  for (const int64_t difference : {1, -1}) {
    for (const storage::Entry& entry : Entries("settlement", settlement::Table::kPayout)) {
      settlement::store::PayoutRecord payout;
      ASSERT_TRUE(payout.ParseFromString(entry.value));
      if (!payout.subject().starts_with("deposits/")) continue;
      payout.set_amount_fen(payout.amount_fen() + difference);
      Damage("settlement", entry.key, payout.SerializeAsString());
      EXPECT_THAT(Findings(),
                  Contains(difference > 0 ? "E4 " + payout.subject() + " gave out more than it held"
                                          : "E4 " + payout.subject() + " is over and some of it is left"));
      Damage("settlement", entry.key, entry.value);
      break;
    }
  }
}

TEST_F(AuditorTest, SeesADepositThatEndsTwice) {
  for (const auto change : {settlement::DepositChange::kConverted, settlement::DepositChange::kRefunded}) {
    settlement::store::EventRecord record;
    std::string again;
    for (const storage::Entry& entry : Entries("settlement", storage::ShellTable::kOutbox)) {
      ASSERT_TRUE(record.ParseFromString(entry.value.substr(8)));
      if (record.has_deposit() && record.change() == static_cast<int>(change)) {
        again = entry.value;
        break;
      }
    }
    ASSERT_FALSE(again.empty()) << "the run has no such event: choose another seed";
    const std::string key = storage::Key(static_cast<uint8_t>(storage::ShellTable::kOutbox))
                                .U64(storage::LastSequence(Disk("settlement")) + 1)
                                .str();
    Damage("settlement", key, again);
    EXPECT_THAT(Findings(), Contains("E4 deposits/" + record.deposit().id() + " did not end once"));
    Damage("settlement", key, std::nullopt);
  }
}

TEST_F(AuditorTest, SeesAnAcknowledgedAnswerThatIsLost) {
  const Acknowledged& last = run_->world.acknowledged.back();
  const std::string key = storage::Key(static_cast<uint8_t>(storage::ShellTable::kAnswer))
                              .Text(last.caller.subject)
                              .Text(last.method)
                              .Text(last.request_id)
                              .str();
  ASSERT_TRUE(last.node->disk().Get(key).has_value());
  Damage(last.node->name(), key, std::nullopt);
  EXPECT_THAT(Findings(), Contains(StartsWith("A18 the answer to")));
}

TEST_F(AuditorTest, SeesAManifestThatIsChangedAfterItWasSigned) {
  for (const storage::Entry& entry : Entries("contract", contract::Table::kContract)) {
    contract::store::ContractRecord record;
    ASSERT_TRUE(record.ParseFromString(entry.value));
    if (record.signatures().empty()) continue;
    record.mutable_manifest()->set_content("别的内容");
    Damage("contract", entry.key, record.SerializeAsString());
  }
  const auto findings = Findings();
  EXPECT_THAT(findings, Contains(StartsWith("C3 the manifest of contracts/")));
  EXPECT_THAT(findings, Contains(::testing::EndsWith("changed after its first signature")));
}

TEST_F(AuditorTest, SeesARegisteredContractThatOnePartySigned) {
  for (const storage::Entry& entry : Entries("contract", contract::Table::kContract)) {
    contract::store::ContractRecord record;
    ASSERT_TRUE(record.ParseFromString(entry.value));
    if (record.signatures_size() != 2) continue;
    record.mutable_signatures(0)->set_organization(record.signatures(1).organization());
    Damage("contract", entry.key, record.SerializeAsString());
  }
  EXPECT_THAT(Findings(),
              Contains(AllOf(StartsWith("C2 contracts/"), EndsWith("is registered but not signed by both"))));
}

TEST_F(AuditorTest, SeesASignatureThatIsNotTheSigners) {
  const storage::Entry entry = Entries("contract", contract::Table::kContract).front();
  contract::store::ContractRecord record;
  ASSERT_TRUE(record.ParseFromString(entry.value));
  ASSERT_EQ(record.signatures_size(), 2);
  std::swap(*record.mutable_signatures(0)->mutable_value(), *record.mutable_signatures(1)->mutable_value());
  Damage("contract", entry.key, record.SerializeAsString());
  EXPECT_THAT(Findings(), Contains(StartsWith("C1 a signature of contracts/")));
}

TEST_F(AuditorTest, SeesAnEventThatWasTakenTwiceOrNever) {
  const std::string key =
      storage::Key(static_cast<uint8_t>(storage::ShellTable::kFeedCursor)).Text("listing").str();
  std::string back;
  storage::AppendU64(back, rpc::FeedCursor(Disk("contract"), "listing") - 1);
  Damage("contract", key, back);
  EXPECT_THAT(Findings(), Contains(StartsWith("S4 contract has gone back")));
  std::string ahead;
  storage::AppendU64(ahead, storage::LastSequence(Disk("listing")) + 1);
  Damage("contract", key, ahead);
  EXPECT_THAT(Findings(), Contains(StartsWith("S3 contract has taken more events of listing")));
}

TEST_F(AuditorTest, SeesAResourceThatItsEventsDoNotGive) {
  const storage::Entry entry = Entries("settlement", settlement::Table::kNotice).front();
  Damage("settlement", entry.key, std::nullopt);
  const auto findings = Findings();
  EXPECT_THAT(findings, Contains(StartsWith("S5 bankNotices/")));
  EXPECT_THAT(findings, Contains(StartsWith("S1 bank notice")));
}

}  // namespace
}  // namespace ttx::sim
