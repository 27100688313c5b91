#include "services/auction/store/auction_store.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "libs/core/encoding.h"
#include "libs/crypto/digest.h"
#include "libs/storage/mem_kv.h"
#include "services/auction/store/random_session.h"

namespace ttx::auction {
namespace {

const Vault kVault(std::string(32, 'k'));

ScheduleAuction Session() {
  ScheduleAuction command;
  command.id = {"a1"};
  command.listing = "listings/l1";
  command.exchange = "organizations/x1";
  command.title = "t";
  command.rules.start_price = {100};
  command.rules.increments = {{{100}, {10}}};
  command.rules.cap = Fen{1000};
  command.reserve = Reserve{{200}, "salt", "commitment"};
  command.start_time = Time{1'000'000'000};
  command.bidders = {
      {.code = "11111", .organization = "organizations/b1", .intent = "listings/l1/intents/i1"},
      {.code = "22222", .organization = "organizations/b2", .intent = "listings/l1/intents/i2"}};
  return command;
}

const std::unordered_map<std::string, std::optional<std::string>> kNothing;

// Commits what a transaction staged.
void Commit(storage::MemKv& kv, const storage::Txn& txn) {
  storage::WriteBatch batch;
  for (const auto& [key, value] : txn.staged()) value ? batch.Put(key, *value) : batch.Delete(key);
  ASSERT_TRUE(kv.Write(batch).ok());
}

class Stored {
 public:
  explicit Stored(std::string id = "a1") : id_{std::move(id)} {}

  // Decides and saves as the app does.
  template <class Decider>
  StoredAuction Run(int64_t now_ns, Decider decide) {
    const storage::Overlay none;
    storage::Txn txn(kv, none, kNothing, Time{now_ns}, storage::LastSequence(kv) + 1);
    const std::optional<StoredAuction> before = LoadAuction(txn, kVault, id_, &cache_);
    const StoredAuction after = SaveDecision(txn, kVault, before, decide(before, Time{now_ns}));
    Commit(kv, txn);
    return after;
  }
  StoredAuction Schedule(const ScheduleAuction& command = Session(), Time now = {5}) {
    return Run(now.ns, [&](const auto&, Time at) { return Decide(command, at).value(); });
  }
  StoredAuction Bid(int64_t now_ns, const std::string& organization, int64_t price) {
    return Run(now_ns, [&](const auto& before, Time now) {
      return Decide(before->auction,
                    PlaceBid{FindBidder(kv, kVault, id_, organization), organization, "", {price}, true},
                    now);
    });
  }
  // The timer that is due comes, as the shell runs it.
  void Fire(int64_t now_ns) {
    const storage::Overlay none;
    storage::Txn txn(kv, none, kNothing, Time{now_ns}, storage::LastSequence(kv) + 1);
    txn.ClearDue(*storage::NextDue(kv), id_.text);
    const StoredAuction before = *Load();
    SaveDueDecision(txn, kVault, before, Decide(before.auction, Advance{}, Time{now_ns}));
    Commit(kv, txn);
  }
  std::optional<StoredAuction> Load() const { return LoadAuction(kv, kVault, id_); }
  std::vector<StoredEvent> Events() const { return ListEvents(kv, kVault, 0, 10'000); }
  std::vector<StoredEvent> PublicEvents() const {
    return ListPublicEvents(kv, kVault, *Load(), 0, 10'000);
  }

  storage::MemKv kv;

 private:
  const AuctionId id_;
  TermsCache cache_;
};

// Whether any value on disk shows `text`.
bool OnDisk(const storage::MemKv& kv, std::string_view text) {
  for (const auto& entry : kv.Scan({"", std::string(1, '\xff')}, SIZE_MAX, storage::Direction::kForward)) {
    if (entry.key.find(text) != std::string::npos || entry.value.find(text) != std::string::npos) return true;
  }
  return false;
}

TEST(AuctionStoreTest, WhatIsSavedIsLoaded) {
  Stored stored;
  const StoredAuction scheduled = stored.Schedule();
  EXPECT_EQ(stored.Load()->auction, scheduled.auction);
  const StoredAuction bid = stored.Bid(1'000'000'001, "organizations/b1", 110);
  EXPECT_EQ(stored.Load()->auction, bid.auction);
  EXPECT_EQ(stored.Load()->log_hash, bid.log_hash);
  EXPECT_EQ(LoadBid(stored.kv, {"a1"}, 1)->price, Fen{110});
  EXPECT_EQ(FindBidder(stored.kv, kVault, {"a1"}, "organizations/b2")->code, "22222");
  EXPECT_EQ(FindBidderByCode(stored.kv, kVault, {"a1"}, "22222")->organization, "organizations/b2");
  EXPECT_FALSE(FindBidder(stored.kv, kVault, {"a1"}, "organizations/b3").has_value());
  EXPECT_EQ(ListAuctions(stored.kv, kVault, "organizations/x1", "", 10).size(), 1u);
  EXPECT_EQ(ListAuctions(stored.kv, kVault, "organizations/x2", "", 10).size(), 0u);
  EXPECT_EQ(ListAuctions(stored.kv, kVault, "", "", 10).size(), 1u);
  EXPECT_EQ(ListAuctions(stored.kv, kVault, "", "a1", 10).size(), 0u);
}

TEST(AuctionStoreTest, TheStoredEventsRebuildTheAuction) {
  Stored stored;
  stored.Schedule();
  stored.Bid(1'000'000'001, "organizations/b1", 110);
  stored.Bid(1'000'000'002, "organizations/b1", 120);   // refused: leads already
  stored.Bid(1'000'000'003, "organizations/b2", 1000);  // the cap: closes
  Auction folded;
  const auto events = stored.Events();
  for (const StoredEvent& event : events) folded = Apply(std::move(folded), event.event);
  EXPECT_EQ(folded, stored.Load()->auction);
  EXPECT_EQ(folded.state, State::kClosed);
  EXPECT_EQ(events.back().log_hash, stored.Load()->log_hash);
  const RefusedBid refused = ListRefusedBids(stored.kv, {"a1"}, {}, 10).at(0);
  EXPECT_EQ(refused.refusal.reason, Reason::kSELF_LEADING);
  EXPECT_EQ(refused.refusal.organization, "") << "only its digest is kept";
  EXPECT_EQ(refused.organization_digest, kVault.OrganizationDigest({"a1"}, "organizations/b1"));
  const auto refused_of = [&](const char* organization, Time after) {
    return ListRefusedBidsOf(stored.kv, {"a1"}, kVault.OrganizationDigest({"a1"}, organization), after, 10);
  };
  ASSERT_EQ(refused_of("organizations/b1", {}).size(), 1u);
  EXPECT_EQ(refused_of("organizations/b1", {}).at(0).time, refused.time);
  EXPECT_EQ(refused_of("organizations/b1", {}).at(0).refusal, refused.refusal);
  EXPECT_TRUE(refused_of("organizations/b1", refused.time).empty());
  EXPECT_TRUE(refused_of("organizations/b2", {}).empty());
  EXPECT_TRUE(ListRefusedBids(stored.kv, {"a1"}, Time{INT64_MAX}, 10).empty());
  EXPECT_TRUE(ListOpen(stored.kv, "", 10).empty());
  EXPECT_EQ(CountOpen(stored.kv), 0u);
  EXPECT_FALSE(storage::NextDue(stored.kv).has_value());
  for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].sequence, i + 1);
}

TEST(AuctionStoreTest, MilestonesLeaveOutBidsAndNameTheOneBefore) {
  Stored stored;
  stored.Schedule();
  stored.Bid(1'000'000'001, "organizations/b1", 110);
  stored.Bid(1'000'000'002, "organizations/b1", 120);   // refused
  stored.Bid(1'000'000'003, "organizations/b2", 1000);  // closes
  std::vector<std::pair<uint64_t, uint64_t>> found;
  for (const StoredEvent& event : ListMilestones(stored.kv, kVault, 0, 100)) {
    found.emplace_back(event.previous_milestone, event.sequence);
  }
  const std::vector<std::pair<uint64_t, uint64_t>> scheduled_begun_closed = {{0, 1}, {1, 2}, {2, 6}};
  EXPECT_EQ(found, scheduled_begun_closed);
  EXPECT_EQ(ListMilestones(stored.kv, kVault, 2, 100).size(), 1u);
  EXPECT_EQ(ListMilestones(stored.kv, kVault, 0, 1).size(), 1u);
}

TEST(AuctionStoreTest, RefusedBidsAreNoPartOfThePublicLog) {
  Stored stored;
  stored.Schedule();
  const StoredAuction before = stored.Bid(1'000'000'001, "organizations/b1", 110);
  const StoredAuction refused = stored.Bid(1'000'000'002, "organizations/b1", 120);
  EXPECT_EQ(refused.log_hash, before.log_hash);
  EXPECT_EQ(refused.revision, before.revision) << "nobody else notices";
  EXPECT_EQ(refused.revision_time, before.revision_time);
  EXPECT_EQ(stored.Events().size(), 4u);
  EXPECT_EQ(stored.PublicEvents().size(), 3u);
  const std::string closed = stored.Bid(1'000'000'003, "organizations/b2", 1000).log_hash;
  EXPECT_NE(closed, before.log_hash);
  EXPECT_EQ(stored.Bid(1'000'000'004, "organizations/b1", 1000).log_hash, closed)
      << "nothing after the close";
}

TEST(AuctionStoreTest, BidsAreListedFromTheLastBack) {
  Stored stored;
  stored.Schedule();
  stored.Bid(1'000'000'001, "organizations/b1", 110);
  stored.Bid(1'000'000'002, "organizations/b2", 120);
  stored.Bid(1'000'000'003, "organizations/b1", 130);
  const auto numbers = [&](int64_t before, size_t limit) {
    std::vector<int64_t> found;
    for (const auction::Bid& bid : ListBidsBefore(stored.kv, {"a1"}, before, limit)) found.push_back(bid.number);
    return found;
  };
  EXPECT_EQ(numbers(4, 10), (std::vector<int64_t>{3, 2, 1}));
  EXPECT_EQ(numbers(4, 2), (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(numbers(2, 2), std::vector<int64_t>{1});
  EXPECT_TRUE(numbers(1, 2).empty());
  EXPECT_TRUE(ListBidsBefore(stored.kv, {"a0"}, 4, 10).empty());
}

TEST(AuctionStoreTest, ATimerThatComesEarlyPlansItselfAnew) {
  Stored stored;
  stored.Schedule();
  EXPECT_EQ(storage::NextDue(stored.kv), Time{1'000'000'000});
  stored.Bid(1'000'000'001, "organizations/b1", 110);
  EXPECT_EQ(storage::NextDue(stored.kv), Time{1'000'000'000}) << "a bid leaves it where it is";
  stored.Fire(1'000'000'002);
  EXPECT_EQ(storage::NextDue(stored.kv), Time{1'000'000'000} + Hours(1));
  EXPECT_EQ(stored.Load()->due, storage::NextDue(stored.kv));
  EXPECT_EQ(storage::ReadDue(stored.kv, Time{INT64_MAX - 1}, 10).size(), 1u);
}

TEST(AuctionStoreTest, NoSecretStandsInTheClearBeforeTheClose) {
  Stored stored;
  ScheduleAuction command = Session();
  command.rules.cap.reset();
  command.rules.proxy_bids = true;
  command.reserve = Reserve{{77'777'777}, "sixteen-byte-sal", std::string(32, 'c')};
  command.draw_seed = DrawSeed{"the-seed-that-lots-are-drawn-with", std::string(32, 'd')};
  command.barred_organizations = {"organizations/barred"};
  stored.Schedule(command);
  stored.Run(1'000'000'001, [&](const auto& before, Time now) {
    return Decide(
        before->auction,
        SetProxy{FindBidder(stored.kv, kVault, {"a1"}, "organizations/b1"), "organizations/b1", {9'000}},
        now);
  });
  stored.Bid(1'000'000'002, "organizations/b2", 130);
  stored.Bid(1'000'000'003, "organizations/b3", 130);  // no bidder at all
  EXPECT_EQ(stored.Load()->auction.proxy->maximum, Fen{9'000});
  EXPECT_EQ(stored.Load()->auction.terms->reserve->price, Fen{77'777'777});
  for (const char* secret :
       {"organizations/b1", "organizations/b2", "organizations/b3", "organizations/barred", "intents/i1",
        "77777777", "sixteen-byte-sal", "the-seed-that"}) {
    EXPECT_FALSE(OnDisk(stored.kv, secret)) << secret;
  }
  // As protobuf and the key codec would write the amounts.
  EXPECT_FALSE(OnDisk(stored.kv, std::string("\x28\x23", 2).insert(0, 6, '\0')));
  EXPECT_FALSE(OnDisk(stored.kv, "\xa8\x46")) << "9000 as a varint";
}

TEST(AuctionStoreTest, AValueSealedForAnotherAuctionOrFieldDoesNotOpen) {
  const std::string sealed = kVault.Seal({"a1"}, "reserve", "secret");
  EXPECT_EQ(kVault.Open({"a1"}, "reserve", sealed), "secret");
  EXPECT_DEATH(kVault.Open({"a2"}, "reserve", sealed), "does not open");
  EXPECT_DEATH(kVault.Open({"a1"}, "proxy", sealed), "does not open");
  EXPECT_DEATH(Vault(std::string(32, 'l')).Open({"a1"}, "reserve", sealed), "does not open");
  EXPECT_NE(kVault.OrganizationDigest({"a1"}, "organizations/b1"),
            kVault.OrganizationDigest({"a2"}, "organizations/b1"));
}

TEST(AuctionStoreTest, EnvelopesAndSharesAreKeptByRound) {
  storage::MemKv kv;
  const storage::Overlay none;
  storage::Txn txn(kv, none, kNothing, Time{5}, 1);
  const EnvelopeEntry entry{"11111", std::string(32, 'd'), {7}, 2, true, false};
  SaveEnvelope(txn, {"a1"}, 1, entry);
  SaveEnvelopeBytes(txn, {"a1"}, 1, "11111", "bytes");
  SaveShares(txn, kVault, {"a1"}, 1, 3, 0, "holder 3 says");
  SaveShares(txn, kVault, {"a1"}, 1, 3, 1, "and besides");
  SaveShares(txn, kVault, {"a1"}, 1, 5, 0, "holder 5 says");
  Commit(kv, txn);
  EXPECT_EQ(LoadEnvelope(kv, {"a1"}, 1, "11111"), entry);
  EXPECT_EQ(LoadEnvelope(kv, {"a1"}, 2, "11111"), (EnvelopeEntry{.code = "11111", .digest = "", .time = {}}));
  EXPECT_EQ(ListEnvelopes(kv, {"a1"}, 1, "", 10), std::vector{entry});
  EXPECT_EQ(ListEnvelopes(kv, {"a1"}, 1, "11111", 10).size(), 0u);
  EXPECT_EQ(LoadEnvelopeBytes(kv, {"a1"}, 1, "11111"), "bytes");
  EXPECT_FALSE(LoadEnvelopeBytes(kv, {"a1"}, 2, "11111").has_value());
  EXPECT_EQ(LoadShares(kv, kVault, {"a1"}, 1, 3), (std::vector<std::string>{"holder 3 says", "and besides"}));
  EXPECT_EQ(LoadShares(kv, kVault, {"a1"}, 1, 4).size(), 0u);
  EXPECT_EQ(LoadShares(kv, kVault, {"a1"}, 1, 5), (std::vector<std::string>{"holder 5 says"}));
  EXPECT_FALSE(OnDisk(kv, "and besides"));
  EXPECT_FALSE(OnDisk(kv, "holder 3 says"));
}

// The log hash of the events in the order of `chain`.
std::string HashOf(const Auction& auction, const std::map<uint64_t, Event>& chain) {
  std::string hash(32, '\0');
  for (const auto& [number, event] : chain) hash = crypto::Sha256(hash + CanonicalLine(auction, event));
  return hash;
}

// Every mode, every command, at random: what is stored is what was decided, and the log rebuilds it.
RC_GTEST_PROP(AuctionStoreProperty, EverySessionOfEveryModeIsKeptWhole, ()) {
  const auto seed = *rc::gen::arbitrary<uint64_t>();
  const auto mode = static_cast<Mode>(seed % 7);
  testing::RandomSession session(seed, mode);
  Stored stored;
  stored.Schedule(session.Schedule(), testing::At(8, 0));
  Time now = testing::At(9, 0);
  for (int i = 0; i < 60; ++i) {
    now = now + Milliseconds(1 + static_cast<int64_t>(session.Below(60'000)));
    session.Step(stored.Load()->auction, now, [&](const auto& command) {
      Decision taken{};
      const StoredAuction after = stored.Run(now.ns, [&](const auto& before, Time at) {
        taken = Decide(before->auction, command, at);
        return taken;
      });
      RC_ASSERT(stored.Load()->auction == after.auction);
      return taken;
    });
  }
  Auction folded;
  for (const StoredEvent& event : stored.Events()) folded = Apply(std::move(folded), event.event);
  RC_ASSERT(folded == stored.Load()->auction);
  RC_ASSERT(!OnDisk(stored.kv, "organizations/B0"));
  // What is public has the places in the chain that what is held back leaves, each once.
  const StoredAuction last = *stored.Load();
  std::map<uint64_t, Event> chain;
  const std::vector<StoredEvent> open = stored.PublicEvents();
  size_t after_close = 0;  // no part of the chain
  for (const StoredEvent& event : open) {
    if (event.log_number == 0) {
      ++after_close;
    } else {
      RC_ASSERT(after_close == 0);
      chain.emplace(event.log_number, event.event);
    }
  }
  RC_ASSERT(after_close == 0 || last.auction.state == State::kClosed);
  const uint64_t held = last.first_released > 0 ? 0 : last.held_count;
  RC_ASSERT(open.size() == last.public_count);
  RC_ASSERT(chain.size() + after_close == open.size() && chain.rbegin()->first <= last.log_count);
  RC_ASSERT(last.public_count + held == last.log_count + after_close);
  RC_ASSERT(held == 0 || KeepsEnvelopesSecret(last.auction));
  for (uint64_t after = 0; after < open.size(); ++after) {
    const std::vector<StoredEvent> page = ListPublicEvents(stored.kv, kVault, last, after, 2);
    RC_ASSERT(page.size() == std::min<size_t>(2, open.size() - after));
    RC_ASSERT(page[0].sequence == open[after].sequence);
  }
  RC_ASSERT(held > 0 || HashOf(last.auction, chain) == last.log_hash);
}

TEST(AuctionStoreTest, GoldenBytes) {
  Stored stored;
  stored.Schedule();
  EXPECT_EQ(Hex(AuctionKey({"a1"})), "10613100");
  const StoredAuction bid = stored.Bid(1'000'000'001, "organizations/b1", 110);
  EXPECT_EQ(Hex(bid.log_hash), "9231898f0e6a2107cd7cf0290d29ba433379f3cb896b748188294e7c8b475dc7");
  std::string keys;
  for (const auto& entry :
       stored.kv.Scan({std::string(1, '\x10'), std::string(1, '\x20')}, 100, storage::Direction::kForward)) {
    keys += Hex(entry.key) + "\n";
  }
  EXPECT_EQ(keys,
            "10613100\n"
            "116131000000000000000001\n"
            "12613100333635373535333539346261386465666131366239333933646236353235303100\n"
            "12613100353662393431656635336630373235663236636236643431323261636665396400\n"
            "13613100313131313100\n"
            "13613100323232323200\n"
            "146131000000000000000001\n"
            "146131000000000000000002\n"
            "146131000000000000000003\n"
            "15613100\n"
            "166f7267616e697a6174696f6e732f783100613100\n"
            "19\n"
            "1b0000000000000001\n"
            "1b0000000000000002\n"
            "1c613100\n");
  EXPECT_EQ(
      Hex(*stored.kv.Get(AuctionKey({"a1"}))),
      "0a02613140014880d4cde2e66858016211080112053131313131186e208194ebdc0388010590018194ebdc03980103a20120"
      "9231898f0e6a2107cd7cf0290d29ba433379f3cb896b748188294e7c8b475dc7"
      "a8018094ebdc03b00102980203a0028194ebdc03c00203c80203");
  EXPECT_EQ(Hex(*stored.kv.Get(std::string("\x11"
                                           "a1\0\0\0\0\0\0\0\0\1",
                                           12))),
            "080112053131313131186e208194ebdc032880d4cde2e668");
}

}  // namespace
}  // namespace ttx::auction
