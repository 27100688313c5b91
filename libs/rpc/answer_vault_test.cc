#include "libs/rpc/answer_vault.h"

#include <gtest/gtest.h>

#include <set>

#include "libs/storage/mem_kv.h"
#include "libs/testing/manual_clock.h"

namespace ttx::rpc {
namespace {

using ttx::testing::ManualClock;

const std::string kKey(32, 'k');

TEST(AnswerVaultTest, NamesAndFingerprintsDependOnEverythingAndOnTheKey) {
  const AnswerVault vault(kKey, "ttx.auction.v1.AuctionService");
  std::set<std::string> names = {
      vault.NameOf("apiClients/a", "PlaceBid", "r1"), vault.NameOf("apiClients/b", "PlaceBid", "r1"),
      vault.NameOf("apiClients/a", "SetProxy", "r1"), vault.NameOf("apiClients/a", "PlaceBid", "r2"),
      vault.NameOf("apiClients/aPlaceBid", "", "r1"), vault.Fingerprint("r1"), vault.Fingerprint("r2"),
      AnswerVault(std::string(32, 'l'), "ttx.auction.v1.AuctionService").NameOf("apiClients/a", "PlaceBid", "r1"),
      AnswerVault(kKey, "ttx.party.v1.PartyService").NameOf("apiClients/a", "PlaceBid", "r1"),
      AnswerVault(kKey, "ttx.party.v1.PartyService").Fingerprint("r1")};
  EXPECT_EQ(names.size(), 10u);
  const AnswerVault restarted(kKey, "ttx.auction.v1.AuctionService");
  EXPECT_EQ(restarted.NameOf("apiClients/a", "PlaceBid", "r1"), vault.NameOf("apiClients/a", "PlaceBid", "r1"));
  EXPECT_EQ(restarted.Fingerprint("r1"), vault.Fingerprint("r1"));
  EXPECT_NE(vault.Fingerprint("r1"), crypto::Sha256("r1"));
  EXPECT_EQ(vault.NameOf("apiClients/a", "PlaceBid", "r1").find('\0'), std::string::npos) << "a part of a key";
}

// A writer whose answers are sealed, as it is after each restart.
class SealedWriter {
 public:
  explicit SealedWriter(storage::Kv& kv) : kv_(kv) {}

  storage::Answer Ask(const std::string& request_id, const std::string& request, const Result<std::string>& body) {
    AnswerVault vault(kKey, "ttx.auction.v1.AuctionService");
    storage::Writer writer(kv_, clock_, {}, [](const Error&) { FAIL(); });
    storage::Answer answer{Error(Reason::kINTERNAL)};
    storage::Command command;
    command.request_id = vault.NameOf("apiClients/secret", "PlaceBid", request_id);
    command.fingerprint = vault.Fingerprint(request);
    command.seal = &vault;
    command.run = [&](storage::Txn&) { return body; };
    command.done = [&](storage::Answer given) { answer = std::move(given); };
    writer.Submit(std::move(command));
    writer.Step();
    return answer;
  }

 private:
  storage::Kv& kv_;
  ManualClock clock_{Time{1}};
};

TEST(AnswerVaultTest, AnswersAreReplayedAndTheStoreTellsNothingOfThem) {
  storage::MemKv kv;
  SealedWriter writer(kv);
  const Error refusal(Reason::kNOT_HIGHER, {{"min_acceptable_fen", "123456"}});
  EXPECT_EQ(*writer.Ask("request-1", "content-1", std::string("bidder B07")).body, "bidder B07");
  EXPECT_EQ(writer.Ask("request-2", "content-2", refusal).body.error(), refusal);
  const storage::Answer again = writer.Ask("request-1", "content-1", std::string("another"));
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(*again.body, "bidder B07");
  EXPECT_EQ(writer.Ask("request-2", "content-2", std::string("another")).body.error(), refusal);
  EXPECT_EQ(writer.Ask("request-1", "content-2", std::string("another")).body.error().reason,
            Reason::kREQUEST_ID_REUSED);
  std::string stored;
  for (const auto& entry : kv.Scan({"", "\xff"}, 1000, storage::Direction::kForward)) {
    stored += entry.key + entry.value;
  }
  for (const std::string& secret :
       {std::string("B07"), std::string("apiClients"), std::string("secret"), std::string("PlaceBid"),
        std::string("request-1"), std::string("123456"), std::string("NOT_HIGHER"), crypto::Sha256("content-1"),
        crypto::Sha256("content-2")}) {
    EXPECT_EQ(stored.find(secret), stored.npos) << secret;
  }
}

}  // namespace
}  // namespace ttx::rpc
