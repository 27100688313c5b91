// What everybody reads of a session has numbers of its own: they tell nothing of other sessions, nor of envelopes
// before the opening (domain.md 5.10, reliability.md A13 and N102).

#include <gtest/gtest.h>

#include <map>

#include "libs/core/encoding.h"
#include "libs/crypto/digest.h"
#include "services/auction/app/test_app.h"
#include "services/auction/app/test_envelopes.h"

namespace ttx::auction {
namespace {

using testing::At;
using testing::BidderClient;
using testing::EnvelopeKit;
using testing::Officer;
using testing::TestApp;
using testing::Yuan;

constexpr std::optional<Reason> kAccepted = std::nullopt;

// Two sealed sessions, a1 and a2.
class SealedRun {
 public:
  explicit SealedRun(TieRule tie_rule = TieRule::kPriorityThenTime) {
    ScheduleAuction command = kit_.SessionFor(Mode::kSealed);
    command.rules.tie_rule = tie_rule;
    world_.Schedule(command);
    command.id = {"a2"};
    world_.Schedule(command);
    world_.MoveTo(At(9, 0));
  }

  /// A well-formed envelope, or anything.
  std::optional<Reason> Submit(const std::string& auction, const std::string& code, const std::string& envelope,
                               Time time) {
    return TestApp::ReasonOf(world_.At(time, [&](storage::Txn& txn) {
      return world_.app.SubmitEnvelope(txn, BidderClient(code), {{auction}, envelope});
    }));
  }
  std::string Seal(const std::string& auction, const std::string& code, Fen price, uint32_t version = 1) const {
    return kit_.Seal(world_.app.Get(world_.shell.kv(), {auction})->auction, code, price, version);
  }
  std::optional<Reason> Withdraw(const std::string& auction, const std::string& code, Time time) {
    return TestApp::ReasonOf(world_.At(time, [&](storage::Txn& txn) {
      return world_.app.WithdrawEnvelope(txn, BidderClient(code), {auction});
    }));
  }
  /// Two minutes later, with `how`.
  void SuspendAndGoOn(Time time, Act how = Act::kContinue) {
    for (const Act act : {Act::kSuspend, how}) {
      const auto asked = world_.At(time, [&](storage::Txn& txn) {
        const Time resume = act == Act::kSuspend ? Time{} : time + Minutes(2);
        return world_.app.RequestAct(txn, Officer("people/o1"), {{"a1"}, act, "OBJECTION", resume});
      });
      ASSERT_TRUE(asked.ok()) << asked.error().message();
      Confirm(act, ActEtag(*asked), time + Seconds(1));
      time = time + Seconds(10);
    }
    world_.MoveTo(time + Minutes(3));
  }
  void Confirm(Act act, const std::string& etag, Time time) {
    const auto confirmed = world_.At(time, [&](storage::Txn& txn) {
      return world_.app.ConfirmAct(txn, Officer("people/o2"), {{"a1"}, act, etag});
    });
    ASSERT_TRUE(confirmed.ok()) << confirmed.error().message();
  }
  void AskForOpening(Time time) {
    world_.MoveTo(time);
    const auto asked = world_.At(time, [&](storage::Txn& txn) {
      return world_.app.RequestAct(txn, Officer("people/o1"), {{"a1"}, Act::kOpen, "time has come", {}});
    });
    ASSERT_TRUE(asked.ok()) << asked.error().message();
    Confirm(Act::kOpen, ActEtag(*asked), time + Seconds(1));
  }
  void HandIn(int holder, Time time) {
    std::vector<std::string> envelopes;
    const auto listed = *world_.app.ListEnvelopes(world_.shell.kv(), Officer(), {"a1"}, "", 10);
    for (const AuctionApp::Envelope& envelope : listed) envelopes.push_back(envelope.bytes);
    const std::string proof = *world_.app.GetCloseProof(world_.shell.kv(), Officer(), {"a1"});
    const std::string shares = kit_.Report(holder, proof, envelopes);
    const auto taken = world_.At(time, [&](storage::Txn& txn) {
      return world_.app.HandInShares(txn, Officer(), {{"a1"}, shares});
    });
    ASSERT_TRUE(taken.ok()) << taken.error().message();
  }

  std::vector<StoredEvent> Public(uint64_t after = 0, size_t limit = 1000) const {
    return world_.app.WatchEvents(world_.shell.kv(), {"a1"}, after, limit)->events;
  }
  /// Everything that a reader is told of a session, but for its time.
  std::string Stream(const std::string& auction = "a1") const {
    std::string text;
    const StoredAuction stored = *world_.app.Get(world_.shell.kv(), {auction});
    std::vector<StoredEvent> events = world_.app.WatchEvents(world_.shell.kv(), {auction}, 0, 1000)->events;
    for (StoredEvent& event : events) {
      event.event.time = {};
      text += std::to_string(event.sequence) + " " + std::to_string(event.previous_milestone) + " " +
              std::to_string(event.log_number) + " " + CanonicalLine(stored.auction, event.event) + "\n";
    }
    return text;
  }
  TestApp& world() { return world_; }
  const TestApp& world() const { return world_; }

 private:
  const EnvelopeKit kit_;
  TestApp world_{At(8, 0), kit_.Options()};
};

TEST(NumberingTest, StreamsTellNothingOfHowManyEnvelopesThereAre) {
  SealedRun one, two;
  EXPECT_EQ(one.Submit("a1", "B01", one.Seal("a1", "B01", Yuan(1'100)), At(9, 1)), kAccepted);
  EXPECT_EQ(one.Submit("a1", "B02", one.Seal("a1", "B02", Yuan(1'300)), At(9, 2)), kAccepted);
  // In the other run: more of everything, in this session and in another one.
  for (const char* code : {"B01", "B02", "B03"}) {
    for (const char* auction : {"a1", "a2"}) {
      EXPECT_EQ(two.Submit(auction, code, two.Seal(auction, code, Yuan(1'200)), At(9, 1)), kAccepted);
    }
  }
  EXPECT_EQ(two.Submit("a1", "B01", "garbage", At(9, 2)), Reason::kENVELOPE_MALFORMED);
  EXPECT_EQ(two.Submit("a1", "B01", two.Seal("a1", "B01", Yuan(1'250), 2), At(9, 3)), kAccepted);
  EXPECT_EQ(two.Withdraw("a1", "B03", At(9, 4)), kAccepted);
  EXPECT_EQ(two.Withdraw("a2", "B03", At(9, 4)), kAccepted);
  EXPECT_NE(storage::LastSequence(one.world().shell.kv()), storage::LastSequence(two.world().shell.kv()));
  EXPECT_EQ(one.Stream(), two.Stream()) << "SUBMITTING";
  for (SealedRun* run : {&one, &two}) run->SuspendAndGoOn(At(9, 10));
  EXPECT_EQ(one.Stream(), two.Stream()) << "suspended, and goes on";
  for (SealedRun* run : {&one, &two}) run->world().MoveTo(At(11, 0));
  EXPECT_EQ(one.Stream(), two.Stream()) << "CLOSED_FOR_OPENING";
  for (SealedRun* run : {&one, &two}) run->AskForOpening(At(11, 1));
  for (SealedRun* run : {&one, &two}) run->HandIn(1, At(11, 10));
  ASSERT_EQ(one.world().Now().state, State::kSharesCollecting);
  EXPECT_EQ(one.Stream(), two.Stream()) << "one share fewer than needed";
  EXPECT_EQ(one.Stream().find(" B0"), std::string::npos);
  for (SealedRun* run : {&one, &two}) run->HandIn(2, At(11, 11));
  for (SealedRun* run : {&one, &two}) run->world().RunSteps(20);
  ASSERT_EQ(one.world().Now().state, State::kClosed);
  EXPECT_NE(one.Stream(), two.Stream()) << "the comparison can fail";
}

// One that reads on after the last number it has, and keeps what it got, as it got it.
class Follower {
 public:
  explicit Follower(const SealedRun& run) : run_(run) {}

  /// As far as it goes, two at a time.
  void Follow() {
    for (size_t before = SIZE_MAX; before != followed_.size();) {
      before = followed_.size();
      for (StoredEvent& event : run_.Public(before, 2)) {
        ASSERT_EQ(event.sequence, followed_.size() + 1);
        followed_.push_back(std::move(event));
      }
    }
  }
  /// How many of them tell of envelopes, their opening apart.
  int OfEnvelopes() const {
    int count = 0;
    for (const StoredEvent& event : followed_) count += AudienceOf(event.event) == Audience::kAfterOpening ? 1 : 0;
    return count;
  }
  /// The log hash from them alone, as docs/formats.md says: those with a place take it, the others what is left.
  std::string LogHash(const Auction& auction) const {
    std::map<uint64_t, Event> chain;
    for (const StoredEvent& event : followed_) {
      if (event.log_number > 0) chain.emplace(event.log_number, event.event);
    }
    EXPECT_LT(chain.size(), followed_.size()) << "some was read while envelopes were secret";
    uint64_t next = 1;
    for (const StoredEvent& event : followed_) {
      if (event.log_number > 0) continue;
      while (chain.contains(next)) ++next;
      chain.emplace(next, event.event);
    }
    EXPECT_EQ(chain.rbegin()->first, followed_.size());
    std::string hash(32, '\0');
    for (const auto& [number, event] : chain) hash = crypto::Sha256(hash + CanonicalLine(auction, event));
    return Hex(hash);
  }
  /// The session is closed: nothing is missing, of `held` events about envelopes neither.
  void ExpectWhole(int held) {
    const StoredAuction stored = *run_.world().app.Get(run_.world().shell.kv(), {"a1"});
    ASSERT_EQ(stored.auction.state, State::kClosed);
    const size_t before = followed_.size();
    EXPECT_EQ(OfEnvelopes(), 0) << "so far";
    Follow();
    EXPECT_GT(followed_.size(), before);
    EXPECT_EQ(followed_.size(), run_.Public().size());
    EXPECT_TRUE(std::holds_alternative<Closed>(followed_.back().event.payload)) << "nothing follows the result";
    EXPECT_EQ(OfEnvelopes(), held);
    EXPECT_EQ(LogHash(stored.auction), Hex(stored.log_hash));
  }

 private:
  const SealedRun& run_;
  std::vector<StoredEvent> followed_;
};

TEST(NumberingTest, WhoGoesOnAfterTheLastNumberMissesNothing) {
  SealedRun run;
  Follower reader(run);
  EXPECT_EQ(run.Submit("a1", "B01", run.Seal("a1", "B01", Yuan(1'100)), At(9, 1)), kAccepted);
  reader.Follow();
  run.SuspendAndGoOn(At(9, 10));
  EXPECT_EQ(run.Submit("a1", "B02", run.Seal("a1", "B02", Yuan(1'300)), At(9, 20)), kAccepted);
  EXPECT_EQ(run.Withdraw("a1", "B01", At(9, 21)), kAccepted);
  EXPECT_EQ(run.Submit("a1", "B01", run.Seal("a1", "B01", Yuan(1'200), 2), At(9, 22)), kAccepted);
  reader.Follow();
  run.world().MoveTo(At(11, 0));
  run.AskForOpening(At(11, 1));
  run.HandIn(1, At(11, 10));
  run.HandIn(2, At(11, 11));
  run.world().RunSteps(20);
  reader.ExpectWhole(4);
}

TEST(NumberingTest, NorDoesItWhereEqualPricesAreQuotedAgain) {
  SealedRun run(TieRule::kRequote);
  Follower reader(run);
  EXPECT_EQ(run.Submit("a1", "B01", run.Seal("a1", "B01", Yuan(1'100)), At(9, 1)), kAccepted);
  EXPECT_EQ(run.Submit("a1", "B02", run.Seal("a1", "B02", Yuan(1'100)), At(9, 2)), kAccepted);
  reader.Follow();
  for (const Time close : {At(10, 0), At(14, 0)}) {
    run.world().MoveTo(close);
    run.AskForOpening(close + Minutes(1));
    reader.Follow();
    run.HandIn(1, close + Minutes(2));
    run.HandIn(2, close + Minutes(3));
    run.world().RunSteps(20);
    if (close != At(10, 0)) continue;
    ASSERT_EQ(run.world().Now().state, State::kSubmitting);
    reader.Follow();
    const Time again = close + Minutes(5);
    EXPECT_EQ(run.Submit("a1", "B01", run.Seal("a1", "B01", Yuan(1'150)), again), kAccepted);
    EXPECT_EQ(run.Submit("a1", "B02", run.Seal("a1", "B02", Yuan(1'200)), again + Minutes(1)), kAccepted);
    reader.Follow();
  }
  EXPECT_EQ(run.world().Now().leading->code, "B02");
  reader.ExpectWhole(4);
}

TEST(NumberingTest, NorWhereEnvelopesAreHandedInAnew) {
  SealedRun run;
  Follower reader(run);
  EXPECT_EQ(run.Submit("a1", "B01", run.Seal("a1", "B01", Yuan(1'100)), At(9, 1)), kAccepted);
  reader.Follow();
  run.SuspendAndGoOn(At(9, 10), Act::kRestartPhase);
  ASSERT_EQ(run.world().Now().envelopes.round, 2);
  reader.Follow();
  EXPECT_EQ(run.Submit("a1", "B01", run.Seal("a1", "B01", Yuan(1'200)), At(9, 20)), kAccepted);
  EXPECT_EQ(run.Submit("a1", "B02", run.Seal("a1", "B02", Yuan(1'300)), At(9, 21)), kAccepted);
  reader.Follow();
  run.world().MoveTo(At(11, 0));
  run.AskForOpening(At(11, 1));
  run.HandIn(1, At(11, 10));
  run.HandIn(2, At(11, 11));
  run.world().RunSteps(20);
  reader.ExpectWhole(3);
}

TEST(NumberingTest, NorWhereASessionClosesWithoutAnOpening) {
  SealedRun run;
  Follower reader(run);
  EXPECT_EQ(run.Submit("a1", "B01", run.Seal("a1", "B01", Yuan(1'100)), At(9, 1)), kAccepted);
  EXPECT_EQ(run.Submit("a1", "B02", run.Seal("a1", "B02", Yuan(1'200)), At(9, 2)), kAccepted);
  run.world().MoveTo(At(11, 0));
  run.AskForOpening(At(11, 1));
  for (int date = 0; date < 4 && run.world().Now().state != State::kClosed; ++date) {
    reader.Follow();
    run.world().MoveTo(run.world().Now().phase_end);
  }
  ASSERT_EQ(run.world().Now().outcome, Outcome::kNotOpened);
  reader.ExpectWhole(2);
}

// A number that tells everybody when persons began to do something would tell what nobody else may see.
TEST(NumberingTest, WhatPersonsDoCountsWhenItIsPublic) {
  SealedRun run;
  EXPECT_EQ(run.Submit("a1", "B01", run.Seal("a1", "B01", Yuan(1'100)), At(9, 1)), kAccepted);
  run.world().MoveTo(At(11, 0));
  ASSERT_EQ(run.world().Now().state, State::kClosedForOpening);
  const auto read = [&] { return *run.world().app.Get(run.world().shell.kv(), {"a1"}); };
  const StoredAuction before = read();
  const auto expect_same = [&](const char* what) {
    EXPECT_EQ(read().revision, before.revision) << what;
    EXPECT_EQ(read().revision_time, before.revision_time) << what;
    EXPECT_EQ(read().public_count, before.public_count) << what;
  };
  const auto told = storage::LastSequence(run.world().shell.kv());
  const auto ask = [&](Act act, const std::string& code, Time time) {
    const auto asked = run.world().At(time, [&](storage::Txn& txn) {
      return run.world().app.RequestAct(
          txn, Officer("people/o1"), {{"a1"}, act, "its letter", {}, code, ForfeitCause::kMisconduct});
    });
    ASSERT_TRUE(asked.ok()) << asked.error().message();
  };
  const auto withdraw = [&](Time time) {
    const auto withdrawn = run.world().At(time, [&](storage::Txn& txn) {
      return run.world().app.WithdrawAct(txn, Officer("people/o1"), {"a1"});
    });
    ASSERT_TRUE(withdrawn.ok()) << withdrawn.error().message();
  };
  ask(Act::kDeclareDefault, "B01", At(11, 1));
  expect_same("asked for");
  withdraw(At(11, 2));
  expect_same("withdrawn");
  for (const bool open : {true, false}) {
    const auto noted = run.world().At(At(11, open ? 3 : 4), [&](storage::Txn& txn) {
      return run.world().app.NoteObjection(txn, {"a1"}, open);
    });
    ASSERT_TRUE(noted.ok()) << noted.error().message();
    expect_same(open ? "an objection" : "an objection closed");
  }
  EXPECT_EQ(storage::LastSequence(run.world().shell.kv()), told + 4) << "each was noted";
  ask(Act::kOpen, "", At(11, 5));
  ASSERT_EQ(run.world().Now().state, State::kOpeningRequested);
  EXPECT_EQ(read().revision, before.revision + 1) << "everybody sees the state";
  withdraw(At(11, 6));
  EXPECT_EQ(read().revision, before.revision + 2);
}

TEST(NumberingTest, OfSessionsWithoutEnvelopesTheNumbersAreThePlacesInTheChain) {
  TestApp world(At(8, 0));
  world.Schedule(testing::SessionOf(Mode::kMulti, Yuan(1'000'000), Yuan(10'000)));
  EXPECT_EQ(world.Bid("B01", Yuan(1'000'000), At(9, 1)), std::nullopt);
  EXPECT_EQ(world.Bid("B01", Yuan(1'000'000), At(9, 2)), Reason::kNOT_HIGHER);
  EXPECT_EQ(world.Bid("B02", Yuan(1'010'000), At(9, 3)), std::nullopt);
  uint64_t number = 0;
  for (const StoredEvent& event : world.Public()) {
    EXPECT_EQ(event.sequence, ++number);
    EXPECT_EQ(event.log_number, number);
    EXPECT_EQ(event.previous_milestone, 0u);
  }
  EXPECT_EQ(number, 4u);
  for (const StoredEvent& event : world.app.ListEvents(world.shell.kv(), Officer(), 0, 100, false).events) {
    EXPECT_EQ(event.log_number, 0u) << "it would count envelopes";
  }
  const auto at_end = *world.app.WatchEvents(world.shell.kv(), {"a1"}, 4, 10);
  EXPECT_TRUE(at_end.events.empty());
  EXPECT_EQ(at_end.last_sequence, 4u);
  EXPECT_FALSE(at_end.more);
  EXPECT_TRUE(world.app.WatchEvents(world.shell.kv(), {"a1"}, 0, 3)->more);
  for (const uint64_t past : {uint64_t{5}, uint64_t{INT64_MAX}}) {
    const auto refused = world.app.WatchEvents(world.shell.kv(), {"a1"}, past, 3);
    ASSERT_FALSE(refused.ok()) << "who waits there misses what comes before";
    EXPECT_EQ(refused.error().reason, Reason::kINVALID_FIELD);
    EXPECT_EQ(refused.error().violations.at(0).field, "after_sequence");
    EXPECT_EQ(refused.error().violations.at(0).reason, Reason::kOUT_OF_RANGE);
  }
}

}  // namespace
}  // namespace ttx::auction
