#include "libs/rpc/feed.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <random>

#include "libs/rpc/testdata/probe.h"
#include "libs/testing/faulty_kv.h"
#include "libs/testing/manual_clock.h"

namespace ttx::rpc {
namespace {

using namespace testdata;  // NOLINT: the probe's vocabulary
using storage::MemKv;
using storage::Shell;
using testing::FaultyKv;
using testing::ManualClock;
using testing::WriteFate;

constexpr const char* kSource = "probe";

FeedEvent MakeEvent(uint64_t sequence, bool bad) {
  return {sequence, (bad ? "bad" : "good") + std::to_string(sequence)};
}

std::string EffectKey(uint64_t sequence) { return storage::Key(0x10).U64(sequence).str(); }

std::string RefusalKey(uint64_t sequence) {
  return storage::Key(static_cast<uint8_t>(storage::ShellTable::kFeedRefusal)).Text(kSource).U64(sequence).str();
}

// The consumer: counts each event in a record of its own and tells so in an event of its own. Bad events are refused
// after they have staged the same.
Status Consume(storage::Txn& txn, const FeedEvent& event) {
  const std::string key = EffectKey(event.sequence);
  txn.Put(key, std::to_string(std::stoi(txn.Get(key).value_or("0")) + 1));
  txn.Emit(event.bytes);
  if (event.bytes.starts_with("bad") || event.bytes.starts_with("end")) {
    txn.KeepOnError();
    return Error(Reason::kWRONG_STATE);
  }
  return {};
}

// Events up to the cursor have had their effect once, in order; those after it none.
void CheckEffects(const storage::Reader& reader, const std::vector<FeedEvent>& log) {
  const uint64_t cursor = FeedCursor(reader, kSource);
  RC_ASSERT(cursor <= log.size());
  std::vector<std::string> told;
  for (const FeedEvent& event : log) {
    const bool bad = event.bytes.starts_with("bad");
    const bool taken = event.sequence <= cursor;
    const auto only_if = [](bool there, const char* value) {
      return there ? std::optional<std::string>(value) : std::nullopt;
    };
    RC_ASSERT(reader.Get(EffectKey(event.sequence)) == only_if(taken && !bad, "1"));
    RC_ASSERT(reader.Get(RefusalKey(event.sequence)) == only_if(taken && bad, "WRONG_STATE"));
    if (taken && !bad) told.push_back(event.bytes);
  }
  const std::vector<storage::OutboxEvent> own = storage::ReadOutbox(reader, 0, 10'000);
  RC_ASSERT(own.size() == told.size());
  for (size_t i = 0; i < told.size(); ++i) RC_ASSERT(own[i].payload == told[i] && own[i].sequence == i + 1);
}

// A log behind a bad network: sometimes right, sometimes with duplicates, gaps, another order, or not at all.
class BadSource : public FeedSource {
 public:
  BadSource(const std::vector<FeedEvent>& log, uint64_t seed) : log_(log), random_(seed) {}

  Result<std::vector<FeedEvent>> Fetch(uint64_t after, int32_t limit, Duration) override {
    const uint64_t mode = random_() % 8;
    if (mode == 0) return Error(Reason::kUNAVAILABLE);
    const uint64_t from = mode == 1 ? after - std::min<uint64_t>(after, random_() % 4)      // again
                          : mode == 2 ? std::min<uint64_t>(after + 1, log_.size()) : after;  // a gap first
    std::vector<FeedEvent> events(log_.begin() + static_cast<long>(from), log_.end());
    if (events.size() > static_cast<size_t>(limit)) events.resize(static_cast<size_t>(limit));
    if (mode == 3) std::shuffle(events.begin(), events.end(), random_);
    if (mode == 4 && events.size() > 2) events.erase(events.begin() + 1);
    if (mode == 5) {
      const std::vector<FeedEvent> copy = events;
      events.insert(events.end(), copy.begin(), copy.end());
    }
    return events;
  }
  void Cancel() override {}

 private:
  const std::vector<FeedEvent>& log_;
  std::mt19937_64 random_;
};

// One life of the consumer on `disk`, until it dies or has nothing more to do within `steps`.
void Live(storage::Kv& disk, const std::vector<FeedEvent>& log, uint64_t seed, size_t batch_commands, int steps,
          std::function<WriteFate(uint64_t)> fate, std::vector<uint64_t>* refused = nullptr) {
  ManualClock clock(Time{1'000'000'000'000});
  FaultyKv kv(disk, std::move(fate));
  Shell shell(std::make_unique<BorrowedKv>(kv), clock, {.batch_commands = batch_commands},
              {.on_due = [](storage::Txn&, const std::string&) {}, .on_failure = [](const Error&) {}});
  Feed feed(kSource, std::make_unique<BadSource>(log, seed), shell, Consume,
            [refused](const std::string&, uint64_t sequence, const Error&) {
              if (refused != nullptr) refused->push_back(sequence);
            });
  for (int i = 0; i < steps && !kv.dead() && FeedCursor(disk, kSource) < log.size(); ++i) {
    feed.Step(1 + static_cast<int32_t>(seed % 7));
    while (!kv.dead() && shell.writer().Step() > 0) {
    }
  }
}

WriteFate Commit(uint64_t) { return WriteFate::kCommit; }

std::vector<FeedEvent> MakeLog(size_t count, std::mt19937_64& random) {
  std::vector<FeedEvent> log;
  for (uint64_t sequence = 1; sequence <= count; ++sequence) log.push_back(MakeEvent(sequence, random() % 5 == 0));
  return log;
}

// reliability.md G4: whatever the network does and wherever the consumer dies, effects equal events.
RC_GTEST_PROP(Feed, EffectsEqualEvents, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  const std::vector<FeedEvent> log = MakeLog(random() % 30, random);
  MemKv disk;
  for (int life = 0; life < 6; ++life) {
    const uint64_t dies_at = random() % 4;
    const WriteFate end = random() % 2 == 0 ? WriteFate::kLoseAndFail : WriteFate::kCommitAndFail;
    Live(disk, log, random(), 1 + random() % 5, 50,
         [=](uint64_t write) { return write < dies_at ? WriteFate::kCommit : end; });
    CheckEffects(disk, log);
  }
  Live(disk, log, random(), 4, 5000, Commit);
  RC_ASSERT(FeedCursor(disk, kSource) == log.size());
  CheckEffects(disk, log);
}

TEST(Feed, AnyCrashPointIsHarmless) {
  std::mt19937_64 random(3);
  const std::vector<FeedEvent> log = MakeLog(8, random);
  EXPECT_TRUE(rc::check("each write dies once, before and after it reached the disk", [&] {
    for (uint64_t dies_at = 0; dies_at < 9; ++dies_at) {
      for (const WriteFate end : {WriteFate::kLoseAndFail, WriteFate::kCommitAndFail}) {
        MemKv disk;
        const auto fate = [=](uint64_t write) { return write < dies_at ? WriteFate::kCommit : end; };
        Live(disk, log, 5, 1, 200, fate);
        CheckEffects(disk, log);
        Live(disk, log, 6, 1, 5000, Commit);
        RC_ASSERT(FeedCursor(disk, kSource) == log.size());
        CheckEffects(disk, log);
      }
    }
  }));
}

TEST(Feed, ARefusedEventIsRecordedAndDoesNotBlock) {
  const std::vector<FeedEvent> log = {MakeEvent(1, false), MakeEvent(2, true), MakeEvent(3, false)};
  MemKv disk;
  std::vector<uint64_t> refused;
  Live(disk, log, 1, 10, 1000, Commit, &refused);
  EXPECT_EQ(FeedCursor(disk, kSource), 3u);
  EXPECT_EQ(refused, std::vector<uint64_t>{2});
  EXPECT_EQ(disk.Get(RefusalKey(2)), "WRONG_STATE");
  EXPECT_EQ(NewestRefusals(disk, kSource, 10), (std::vector<FeedRefusal>{{2, "WRONG_STATE", "", ""}}));
  EXPECT_EQ(disk.Get(EffectKey(2)), std::nullopt);
  EXPECT_EQ(disk.Get(EffectKey(3)), "1");
}

TEST(Feed, AnEventThatCannotBeTakenYetWaitsAndComesAgain) {
  const std::vector<FeedEvent> log = {MakeEvent(1, false), MakeEvent(2, false), MakeEvent(3, false)};
  ManualClock clock(Time{1'000'000'000'000});
  MemKv disk;
  Shell shell(std::make_unique<BorrowedKv>(disk), clock, {},
              {.on_due = [](storage::Txn&, const std::string&) {}, .on_failure = [](const Error&) {}});
  int left = 3;
  int told = 0;
  Feed feed(
      kSource, std::make_unique<BadSource>(log, 1), shell,
      [&left](storage::Txn& txn, const FeedEvent& event) -> Status {
        if (event.sequence == 2 && left > 0) {
          if (left == 1) {
            txn.Put("kept", "yes");
            txn.KeepOnError();
          } else {
            txn.Put("dropped", "yes");
          }
          --left;
          return Error(Reason::kUNAVAILABLE);
        }
        return Consume(txn, event);
      },
      [&told](const std::string&, uint64_t, const Error&) { ++told; });
  for (int i = 0; i < 1000 && FeedCursor(disk, kSource) < 3; ++i) {
    feed.Step(10);
    while (shell.writer().Step() > 0) {
    }
    if (left > 0) {
      EXPECT_LE(FeedCursor(disk, kSource), 1u);
    }
  }
  EXPECT_EQ(left, 0);
  EXPECT_EQ(told, 0);
  EXPECT_EQ(disk.Get("dropped"), std::nullopt);
  EXPECT_TRUE(disk.Get("kept").has_value());
  EXPECT_EQ(FeedCursor(disk, kSource), 3u);
  EXPECT_EQ(disk.Get(RefusalKey(2)), std::nullopt);
  EXPECT_EQ(disk.Get(EffectKey(2)), "1");
  EXPECT_EQ(storage::LastSequence(disk), 3u);
}

TEST(Feed, SourcesHaveCursorsOfTheirOwn) {
  const std::vector<FeedEvent> log = {MakeEvent(1, false)};
  MemKv disk;
  Live(disk, log, 1, 10, 1000, Commit);
  EXPECT_EQ(FeedCursor(disk, kSource), 1u);
  EXPECT_EQ(FeedCursor(disk, "prob"), 0u);
  EXPECT_EQ(FeedCursor(disk, "probes"), 0u);
}

// A consumer with threads, fed by the real ListEvents of a probe.
class FeedOverGrpc : public ::testing::Test {
 protected:
  FeedOverGrpc() {
    directory_.Set("probe", host_.channel());
    consumer_.Start();
  }
  ~FeedOverGrpc() override { directory_.Clear(); }

  std::unique_ptr<Feed> MakeFeed(std::string secret = std::string(kServiceSecret)) {
    return std::make_unique<Feed>(
        kSource, MakeGrpcFeedSource(directory_, std::string(kProbeService), {"listing", std::move(secret)}), consumer_,
        [](storage::Txn& txn, const FeedEvent& event) -> Status {
          v1::Event proto;
          if (!proto.ParseFromString(event.bytes)) return Error(Reason::kINTERNAL);
          return Consume(txn, {event.sequence, proto.payload()});
        },
        nullptr);
  }
  uint64_t Cursor() { return FeedCursor(consumer_.kv(), kSource); }

  ManualClock clock_{Time{1'000'000'000'000}};
  ProbeHost host_{clock_};
  Directory directory_;
  Shell consumer_{std::make_unique<MemKv>(),
                  clock_,
                  {},
                  {.on_due = [](storage::Txn&, const std::string&) {}, .on_failure = [](const Error&) {}}};
};

TEST_F(FeedOverGrpc, EverythingArrivesOnceWhatIsThereAndWhatComes) {
  for (int i = 1; i <= 450; ++i) host_.Emit("good" + std::to_string(i));  // more than two pages
  const std::unique_ptr<Feed> feed = MakeFeed();
  feed->Start();
  for (int i = 451; i <= 600; ++i) host_.Emit("good" + std::to_string(i));
  EXPECT_TRUE(Eventually([&] { return Cursor() == 600; }));
  host_.Emit("good601");  // the poll sleeps by now, or soon
  EXPECT_TRUE(Eventually([&] { return Cursor() == 601; }));
  feed->Stop();
  const std::vector<storage::OutboxEvent> own = storage::ReadOutbox(consumer_.kv(), 0, 1000);
  ASSERT_EQ(own.size(), 601u);
  for (size_t i = 0; i < own.size(); ++i) EXPECT_EQ(own[i].payload, "good" + std::to_string(i + 1));
}

TEST_F(FeedOverGrpc, ARefusalSaysWhatTheEventWasAbout) {
  for (const char* text : {"bad1", "good2", "end3"}) host_.Emit(text);
  const std::unique_ptr<Feed> feed = MakeFeed();
  feed->Start();
  EXPECT_TRUE(Eventually([&] { return Cursor() == 3; }));
  feed->Stop();
  const std::vector<FeedRefusal> refused = {{3, "WRONG_STATE", "counter_ended", "counters/1"},
                                            {1, "WRONG_STATE", "counter_changed", "people/1"}};
  EXPECT_EQ(NewestRefusals(consumer_.kv(), kSource, 10), refused);
  EXPECT_EQ(NewestRefusals(consumer_.kv(), kSource, 1), std::vector<FeedRefusal>{refused[0]});
  EXPECT_EQ(NewestRefusals(consumer_.kv(), "prob", 10), std::vector<FeedRefusal>{});
}

TEST_F(FeedOverGrpc, ARestartedFeedGoesOnWhereItWas) {
  for (int restart = 1; restart <= 3; ++restart) {
    const std::unique_ptr<Feed> feed = MakeFeed();
    feed->Start();
    for (int i = 0; i < 50; ++i) host_.Emit("good");
    EXPECT_TRUE(Eventually([&] { return Cursor() == static_cast<uint64_t>(restart) * 50; }));
    feed->Stop();
    feed->Stop();
  }
  EXPECT_EQ(storage::LastSequence(consumer_.kv()), 150u);
}

TEST_F(FeedOverGrpc, AStopEndsAWaitingPoll) {
  const std::unique_ptr<Feed> feed = MakeFeed();
  feed->Start();
  ASSERT_TRUE(Eventually([&] { return host_.service().looks.load() >= 1; }));
  const auto start = std::chrono::steady_clock::now();
  feed->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));  // it would wait for 20
}

TEST_F(FeedOverGrpc, ASourceThatIsAwayIsAskedAgain) {
  directory_.Clear();
  const std::unique_ptr<Feed> feed = MakeFeed();
  EXPECT_EQ(feed->Step(10), 0u);
  feed->Start();
  host_.Emit("good1");
  directory_.Set("probe", host_.channel());
  EXPECT_TRUE(Eventually([&] { return Cursor() == 1; }));
  feed->Stop();
}

TEST_F(FeedOverGrpc, AConsumerWithoutTheSecretGetsNothing) {
  host_.Emit("good1");
  EXPECT_EQ(MakeFeed("wrong")->Step(10), 0u);
  EXPECT_EQ(MakeFeed("")->Step(10), 0u);
  EXPECT_EQ(Cursor(), 0u);
  const std::unique_ptr<Feed> feed = MakeFeed();
  EXPECT_EQ(feed->Step(10), 1u);
  EXPECT_TRUE(Eventually([&] { return Cursor() == 1; }));
  consumer_.Drain();  // what was submitted refers to the feed
}

// A source that always leaves out the event that is due.
class GapSource : public FeedSource {
 public:
  explicit GapSource(std::atomic<int>& fetches) : fetches_(fetches) {}
  Result<std::vector<FeedEvent>> Fetch(uint64_t after, int32_t, Duration) override {
    ++fetches_;
    return std::vector<FeedEvent>{MakeEvent(after + 2, false)};
  }
  void Cancel() override {}

 private:
  std::atomic<int>& fetches_;
};

// A source that is asked for some of a log only.
class SparseSource : public FeedSource {
 public:
  explicit SparseSource(std::vector<FeedEvent> log) : log_(std::move(log)) {}
  Result<std::vector<FeedEvent>> Fetch(uint64_t after, int32_t limit, Duration) override {
    std::vector<FeedEvent> events;
    for (const FeedEvent& event : log_) {
      if (event.sequence > after && events.size() < static_cast<size_t>(limit)) events.push_back(event);
    }
    return events;
  }
  void Cancel() override {}

 private:
  const std::vector<FeedEvent> log_;
};

TEST(Feed, WhatIsLeftOutOnPurposeIsNoGapButAMissingEventIs) {
  const FeedEvent first{3, "good3", 0}, second{7, "good7", 3}, third{8, "good8", 7};
  MemKv disk;
  const auto take = [&](std::vector<FeedEvent> log) {
    ManualClock clock(Time{1'000'000'000'000});
    Shell shell(std::make_unique<BorrowedKv>(disk), clock, {},
                {.on_due = [](storage::Txn&, const std::string&) {}, .on_failure = [](const Error&) {}});
    Feed feed(kSource, std::make_unique<SparseSource>(std::move(log)), shell, Consume, nullptr);
    feed.Step(10);
    while (shell.writer().Step() > 0) {
    }
    return FeedCursor(disk, kSource);
  };
  EXPECT_EQ(take({first, third}), 3u) << "7 is missing";
  EXPECT_EQ(take({first, second, third}), 8u);
  EXPECT_EQ(storage::LastSequence(disk), 3u);
}

TEST_F(FeedOverGrpc, ASourceWithAGapHasNoEffectAndIsNotAskedInARush) {
  std::atomic<int> fetches = 0;
  Feed feed(kSource, std::make_unique<GapSource>(fetches), consumer_, Consume, nullptr);
  const auto start = std::chrono::steady_clock::now();
  feed.Start();
  ASSERT_TRUE(Eventually([&] { return fetches.load() >= 4; }));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(500));
  feed.Stop();
  EXPECT_EQ(Cursor(), 0u);
  EXPECT_EQ(storage::LastSequence(consumer_.kv()), 0u);
}

}  // namespace
}  // namespace ttx::rpc
