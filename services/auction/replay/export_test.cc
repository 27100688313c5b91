#include <gtest/gtest.h>

#include <cstdio>
#include <tuple>
#include <unordered_map>

#include "libs/core/encoding.h"
#include "libs/storage/mem_kv.h"
#include "services/auction/replay/session.h"
#include "services/auction/store/auction_store.h"

namespace ttx::auction::replay {
namespace {

const std::unordered_map<std::string, std::optional<std::string>> kNothing;
const std::string kSecretsKey(32, 'k');
const Vault kVault(kSecretsKey);

// Two sessions of one service, decided and saved as the app does, their events mixed in its log.
class ExportTest : public ::testing::Test {
 protected:
  ExportTest() {
    for (const char* id : {"a1", "a2"}) {
      ScheduleAuction schedule;
      schedule.id = {id};
      schedule.listing = "listings/l1";
      schedule.exchange = "organizations/x1";
      schedule.rules.start_price = {100};
      schedule.rules.increments = {{{100}, {10}}};
      schedule.start_time = Time{1'000'000'000};
      schedule.bidders = {{.code = "11111", .organization = "organizations/b1", .intent = "i1"},
                          {.code = "22222", .organization = "organizations/b2", .intent = "i2"}};
      Save(id, Decide(schedule, Next()).value());
    }
    now_ = Time{1'000'000'000};
    for (const auto& [id, organization, price] : {std::tuple{"a1", "b1", 100},
                                                  {"a2", "b2", 500},
                                                  {"a1", "b1", 110},
                                                  {"a1", "stranger", 120},
                                                  {"a2", "b1", 505},
                                                  {"a1", "b2", 130}}) {
      PlaceBid bid;
      bid.organization = std::string("organizations/") + organization;
      bid.bidder = FindBidder(kv_, kVault, {id}, bid.organization);
      bid.price = {price};
      bid.confirm = true;
      Save(id, Decide(LoadAuction(kv_, kVault, {id})->auction, bid, Next()));
    }
  }

  Time Next() { return now_ = now_ + Milliseconds(1); }

  void Save(const std::string& id, const Decision& decision) {
    const storage::Overlay none;
    storage::Txn txn(kv_, none, kNothing, now_, storage::LastSequence(kv_) + 1);
    SaveDecision(txn, kVault, LoadAuction(txn, kVault, {id}), decision);
    storage::WriteBatch batch;
    for (const auto& [key, value] : txn.staged()) value ? batch.Put(key, *value) : batch.Delete(key);
    ASSERT_TRUE(kv_.Write(batch).ok());
  }

  ReplayReport ExportAndReplay(const std::string& id) {
    std::FILE* file = std::tmpfile();
    SessionWriter writer([&](const std::string& line) { std::fwrite(line.data(), 1, line.size(), file); });
    EXPECT_TRUE(ExportSession(kv_, kSecretsKey, {id}, writer).ok());
    std::fflush(file);
    std::rewind(file);
    LineReader lines(::fileno(file), kMaxSessionLineBytes);
    Result<ReplayReport> report = ReplaySession(lines);
    std::fclose(file);
    return *std::move(report);
  }

  storage::MemKv kv_;
  Time now_{5};
};

TEST_F(ExportTest, ARunningSessionAndAClosedOneReplayToTheHashTheServiceKeeps) {
  Save("a1", Decide(LoadAuction(kv_, kVault, {"a1"})->auction, Advance{}, now_ = now_ + Hours(5)));
  for (const char* id : {"a1", "a2"}) {
    const ReplayReport report = ExportAndReplay(id);
    EXPECT_FALSE(report.difference.has_value()) << id << " " << report.difference->expected;
    ASSERT_TRUE(report.result.has_value());
    EXPECT_EQ(report.result->log_hash, Hex(LoadAuction(kv_, kVault, {id})->log_hash));
  }
  EXPECT_EQ(ExportAndReplay("a1").result->winner, "22222");
  EXPECT_EQ(ExportAndReplay("a1").result->refused, 2);
  EXPECT_EQ(ExportAndReplay("a2").result->outcome, Outcome::kNone);
}

TEST_F(ExportTest, AHashThatIsNotThatOfTheLogIsFoundInTheLastLine) {
  // The entry of the log with the last accepted bid.
  const std::string hash = LoadAuction(kv_, kVault, {"a1"})->log_hash;
  storage::WriteBatch batch;
  for (storage::Entry& entry : kv_.Scan({"\x02", "\x03"}, 100, storage::Direction::kForward)) {
    const size_t at = entry.value.find(hash);
    if (at == std::string::npos) continue;
    entry.value[at] = static_cast<char>(entry.value[at] ^ 1);
    batch.Put(entry.key, entry.value);
  }
  ASSERT_FALSE(batch.changes().empty());
  ASSERT_TRUE(kv_.Write(batch).ok());
  const ReplayReport report = ExportAndReplay("a1");
  ASSERT_TRUE(report.difference.has_value());
  EXPECT_NE(report.difference->found.find("\"line\":\"result\""), std::string::npos);
}

TEST_F(ExportTest, AnUnknownSessionIsNotFound) {
  SessionWriter writer([](const std::string&) { FAIL(); });
  EXPECT_EQ(ExportSession(kv_, kSecretsKey, {"a3"}, writer).error().reason, Reason::kNOT_FOUND);
}

}  // namespace
}  // namespace ttx::auction::replay
