#include "libs/storage/writer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>

#include "libs/storage/codec.h"
#include "libs/storage/mem_kv.h"
#include "libs/storage/shell.h"
#include "libs/testing/faulty_kv.h"
#include "libs/testing/manual_clock.h"

namespace ttx::storage {
namespace {

using testing::FaultyKv;
using testing::ManualClock;
using testing::WriteFate;

constexpr Time kStart{1'000'000'000'000};

// A counter service: "Add" adds one to a key and answers the new value.
int64_t Counter(const Reader& reader) {
  const auto value = reader.Get("counter");
  return value ? std::stoll(*value) : 0;
}

Command Add(std::string request_id, std::vector<std::pair<std::string, Answer>>& answers,
            std::string fingerprint = "f") {
  Command command;
  command.principal = "p";
  command.method = "Add";
  command.request_id = request_id;
  command.fingerprint = std::move(fingerprint);
  command.run = [](Txn& txn) -> Result<std::string> {
    const std::string next = std::to_string(Counter(txn) + 1);
    txn.Put("counter", next);
    txn.Emit("added " + next);
    return next;
  };
  command.done = [request_id, &answers](Answer answer) {
    answers.emplace_back(request_id, std::move(answer));
  };
  return command;
}

class WriterTest : public ::testing::Test {
 protected:
  MemKv kv_;
  ManualClock clock_{kStart};
  std::vector<std::pair<std::string, Answer>> answers_;
  int failures_ = 0;
  Writer writer_{kv_, clock_, {}, [this](const Error&) { ++failures_; }};
};

TEST_F(WriterTest, CommandsOfABatchSeeEachOtherAndAreAnsweredInOrder) {
  for (const char* id : {"a", "b", "c"}) writer_.Submit(Add(id, answers_));
  EXPECT_EQ(writer_.Step(), 3u);
  ASSERT_EQ(answers_.size(), 3u);
  EXPECT_EQ(*answers_[2].second.body, "3");
  EXPECT_EQ(Counter(kv_), 3);
  EXPECT_EQ(LastSequence(kv_), 3u);
}

TEST_F(WriterTest, ARequestIdHasOneEffectAndOneAnswer) {
  writer_.Submit(Add("a", answers_));
  writer_.Submit(Add("a", answers_));  // in the same batch
  writer_.Step();
  writer_.Submit(Add("a", answers_));  // in a later one
  writer_.Step();
  ASSERT_EQ(answers_.size(), 3u);
  for (const auto& [id, answer] : answers_) EXPECT_EQ(*answer.body, "1");
  EXPECT_FALSE(answers_[0].second.replayed);
  EXPECT_TRUE(answers_[1].second.replayed);
  EXPECT_TRUE(answers_[2].second.replayed);
  EXPECT_EQ(Counter(kv_), 1);
}

TEST_F(WriterTest, AnotherRequestUnderTheSameIdIsRefused) {
  writer_.Submit(Add("a", answers_));
  writer_.Submit(Add("a", answers_, "other"));
  writer_.Step();
  EXPECT_EQ(answers_[1].second.body.error().reason, Reason::kREQUEST_ID_REUSED);
  EXPECT_EQ(Counter(kv_), 1);
}

TEST_F(WriterTest, PrincipalsAndMethodsDoNotShareIds) {
  Command other = Add("a", answers_);
  other.principal = "q";
  Command method = Add("a", answers_);
  method.method = "Sub";
  writer_.Submit(Add("a", answers_));
  writer_.Submit(std::move(other));
  writer_.Submit(std::move(method));
  writer_.Step();
  EXPECT_EQ(Counter(kv_), 3);
}

TEST_F(WriterTest, ARefusalIsStoredAndChangesNothing) {
  Command refused = Add("a", answers_);
  refused.run = [](Txn& txn) -> Result<std::string> {
    txn.Put("counter", "99");
    txn.Emit("never");
    return Error(Reason::kNOT_FOUND, {{"resource", "x"}}, {{"f", Reason::kREQUIRED, "1"}});
  };
  writer_.Submit(std::move(refused));
  writer_.Submit(Add("b", answers_));
  writer_.Step();
  writer_.Submit(Add("a", answers_));  // would succeed now, but the id has its answer
  writer_.Step();
  EXPECT_EQ(answers_[2].second.body.error(), answers_[0].second.body.error());
  EXPECT_TRUE(answers_[2].second.replayed);
  EXPECT_EQ(Counter(kv_), 1);
  EXPECT_EQ(ReadOutbox(kv_, 0, 10).at(0).payload, "added 1");
}

TEST_F(WriterTest, ARefusalMayKeepWhatItRecorded) {
  Command recorded = Add("a", answers_);
  recorded.run = [](Txn& txn) -> Result<std::string> {
    txn.Emit("refused");
    txn.KeepOnError();
    return Error(Reason::kWRONG_STATE);
  };
  writer_.Submit(std::move(recorded));
  writer_.Step();
  EXPECT_FALSE(answers_[0].second.body.ok());
  EXPECT_EQ(ReadOutbox(kv_, 0, 10).at(0).payload, "refused");
}

TEST_F(WriterTest, TransientRefusalsAreNotStored) {
  for (const Reason reason :
       {Reason::kUNAVAILABLE, Reason::kDEADLINE_EXCEEDED, Reason::kQUEUE_FULL, Reason::kINTERNAL}) {
    Command command = Add("a", answers_);
    command.run = [reason](Txn&) -> Result<std::string> { return Error(reason); };
    writer_.Submit(std::move(command));
    writer_.Step();
  }
  writer_.Submit(Add("a", answers_));
  writer_.Step();
  EXPECT_EQ(*answers_.back().second.body, "1");
  EXPECT_FALSE(answers_.back().second.replayed);
}

TEST_F(WriterTest, AbandonedCommandsHaveNoEffectAndBurnNoId) {
  Command late = Add("a", answers_);
  late.abandoned = [] { return true; };
  writer_.Submit(std::move(late));
  writer_.Step();
  EXPECT_EQ(answers_[0].second.body.error().reason, Reason::kDEADLINE_EXCEEDED);
  EXPECT_EQ(Counter(kv_), 0);
  writer_.Submit(Add("a", answers_));
  writer_.Step();
  EXPECT_EQ(*answers_[1].second.body, "1");
}

TEST_F(WriterTest, TimeStrictlyIncreasesWhateverTheClockDoes) {
  std::vector<Time> times;
  auto stamp = [&times](Txn& txn) -> Result<std::string> {
    times.push_back(txn.now());
    txn.Put("k", "v");
    return std::string();
  };
  for (const int64_t jump : {0, 0, -3600, 5, -1, 7200, -9000}) {
    clock_.Advance(Seconds(jump));
    Command command;
    command.run = stamp;
    writer_.Submit(std::move(command));
    writer_.Step();
  }
  Writer restarted(kv_, clock_, {}, [](const Error&) {});
  Command command;
  command.run = stamp;
  restarted.Submit(std::move(command));
  restarted.Step();
  for (size_t i = 1; i < times.size(); ++i) EXPECT_LT(times[i - 1], times[i]);
}

TEST_F(WriterTest, TheQueueIsBounded) {
  Writer small(kv_, clock_, {.queue_commands = 2}, [](const Error&) {});
  for (const char* id : {"a", "b", "c"}) small.Submit(Add(id, answers_));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].first, "c");
  EXPECT_EQ(answers_[0].second.body.error().reason, Reason::kQUEUE_FULL);
  EXPECT_EQ(small.Step(), 2u);
}

TEST_F(WriterTest, ABatchIsBoundedInCommandsAndBytes) {
  Writer few(kv_, clock_, {.batch_commands = 2}, [](const Error&) {});
  for (const char* id : {"a", "b", "c"}) few.Submit(Add(id, answers_));
  EXPECT_EQ(few.Step(), 2u);
  EXPECT_EQ(few.Step(), 1u);
  Writer light(kv_, clock_, {.batch_bytes = 1}, [](const Error&) {});
  for (const char* id : {"d", "e", "f"}) light.Submit(Add(id, answers_));
  EXPECT_EQ(light.Step(), 1u);
  EXPECT_EQ(light.Step(), 1u);
  EXPECT_EQ(light.Step(), 1u);
  ASSERT_EQ(answers_.size(), 6u);
  EXPECT_EQ(*answers_[5].second.body, "6");
  EXPECT_EQ(answers_[4].first, "e");
}

TEST_F(WriterTest, OldAnswersAreRemovedInBoundedSteps) {
  for (int i = 0; i < 4; ++i) {
    writer_.Submit(Add(std::to_string(i), answers_));
    writer_.Step();
  }
  for (int i = 4; i < 20; ++i) writer_.Submit(Add(std::to_string(i), answers_));
  writer_.Step();
  clock_.Advance(kAnswerRetention + Seconds(1));
  std::vector<size_t> removed;
  for (int i = 0; i < 4; ++i) {
    Command sweep;
    sweep.run = [&removed](Txn& txn) -> Result<std::string> {
      removed.push_back(Writer::RemoveAnswers(txn, txn.now() - kAnswerRetention, 3));
      return std::string();
    };
    writer_.Submit(std::move(sweep));
    writer_.Step();
  }
  EXPECT_EQ(removed, (std::vector<size_t>{3, 1 + 16, 0, 0}));  // what one batch answered goes as a whole
  for (const char* id : {"0", "19"}) {
    writer_.Submit(Add(id, answers_));
    writer_.Step();
    EXPECT_FALSE(answers_.back().second.replayed);
  }
}

TEST_F(WriterTest, AfterAFailedWriteEverythingIsUnknownAndNothingMoreIsTaken) {
  FaultyKv faulty(kv_, [](uint64_t) { return WriteFate::kCommitAndFail; });
  int failures = 0;
  Writer writer(faulty, clock_, {}, [&failures](const Error&) { ++failures; });
  writer.Submit(Add("a", answers_));
  writer.Step();
  EXPECT_EQ(answers_[0].second.body.error().reason, Reason::kOUTCOME_UNKNOWN);
  EXPECT_EQ(failures, 1);
  writer.Submit(Add("b", answers_));
  EXPECT_EQ(answers_[1].second.body.error().reason, Reason::kUNAVAILABLE);
}

TEST_F(WriterTest, CommitListenersHearOfEventsOnly) {
  std::vector<uint64_t> heard;
  writer_.OnCommit([&heard](uint64_t last) { heard.push_back(last); });
  Command silent;
  silent.run = [](Txn& txn) -> Result<std::string> {
    txn.Put("x", "y");
    return std::string();
  };
  writer_.Submit(std::move(silent));
  writer_.Step();
  EXPECT_TRUE(heard.empty());
  writer_.Submit(Add("a", answers_));
  writer_.Submit(Add("b", answers_));
  writer_.Step();
  EXPECT_EQ(heard, std::vector<uint64_t>{2});
}

// Crash at every write, before or after it reached the disk, then retry everything with the same ids:
// each id has exactly one effect, acknowledged answers never change, the event log has no gap.
RC_GTEST_PROP(WriterProperty, EveryCrashPointKeepsEveryAcknowledgement, ()) {
  MemKv disk;
  ManualClock clock(kStart);
  const int commands = *rc::gen::inRange(1, 12);
  std::map<std::string, std::string> acknowledged;
  for (int life = 0; life < 6; ++life) {
    const auto crash_at = static_cast<uint64_t>(*rc::gen::inRange(0, 5));
    const bool committed = *rc::gen::arbitrary<bool>();
    FaultyKv kv(disk, [&](uint64_t write) {
      if (write < crash_at || life == 5) return WriteFate::kCommit;
      return committed ? WriteFate::kCommitAndFail : WriteFate::kLoseAndFail;
    });
    Writer writer(kv, clock, {.batch_commands = static_cast<size_t>(*rc::gen::inRange(1, 5))},
                  [](const Error&) {});
    std::vector<std::pair<std::string, Answer>> answers;
    for (int i = 0; i < commands; ++i) writer.Submit(Add(std::to_string(i), answers));
    while (!kv.dead() && writer.Step() > 0) {
    }
    for (const auto& [id, answer] : answers) {
      if (!answer.body.ok()) continue;
      const auto [it, first] = acknowledged.emplace(id, *answer.body);
      RC_ASSERT(first || it->second == *answer.body);
    }
  }
  RC_ASSERT(acknowledged.size() == static_cast<size_t>(commands));
  std::set<std::string> distinct;
  for (const auto& [id, body] : acknowledged) distinct.insert(body);
  RC_ASSERT(distinct.size() == static_cast<size_t>(commands));
  RC_ASSERT(Counter(disk) == commands);
  const auto events = ReadOutbox(disk, 0, 1000);
  RC_ASSERT(events.size() == static_cast<size_t>(commands));
  for (size_t i = 0; i < events.size(); ++i) {
    RC_ASSERT(events[i].sequence == i + 1);
    RC_ASSERT(events[i].payload == "added " + std::to_string(i + 1));
    if (i > 0) RC_ASSERT(events[i - 1].time < events[i].time);  // the macro would evaluate both sides of ||
  }
}

TEST(WriterThread, ManyProducersOneOrder) {
  MemKv kv;
  ManualClock clock(kStart);
  Writer writer(kv, clock, {}, [](const Error&) {});
  writer.Start();
  std::atomic<int> done = 0;
  std::vector<std::thread> producers;
  for (int p = 0; p < 4; ++p) {
    producers.emplace_back([&, p] {
      for (int i = 0; i < 200; ++i) {
        Command command;
        command.principal = std::to_string(p);
        command.method = "Add";
        command.request_id = std::to_string(i);
        command.run = [](Txn& txn) -> Result<std::string> {
          txn.Put("counter", std::to_string(Counter(txn) + 1));
          return std::string();
        };
        command.done = [&done](Answer answer) { done += answer.body.ok() ? 1 : 0; };
        writer.Submit(std::move(command));
      }
    });
  }
  for (std::thread& producer : producers) producer.join();
  writer.Stop();  // completes what is queued
  EXPECT_EQ(done.load(), 800);
  EXPECT_EQ(Counter(kv), 800);
}

// A writer of batches of one command, with ten commands waiting. The first answer is given only when `release` is
// called; `runs` counts the decisions.
class SlowAnswer : public ::testing::Test {
 protected:
  static constexpr int kCommands = 10;

  SlowAnswer() {
    for (int i = 0; i < kCommands; ++i) {
      Command command;
      command.run = [this](Txn&) -> Result<std::string> {
        const std::lock_guard lock(mutex_);
        ++runs_;
        changed_.notify_all();
        return std::string();
      };
      command.done = [this, first = i == 0](const Answer&) {
        std::unique_lock lock(mutex_);
        if (first) changed_.wait(lock, [this] { return released_; });
        ++answered_;
      };
      writer_.Submit(std::move(command));
    }
  }

  // False when so many decisions are not made while the first answer is held back.
  bool RunsReach(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return runs_ >= count; });
  }

  // How many decisions were made until then.
  int Release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
    return runs_;
  }

  MemKv kv_;
  ManualClock clock_{kStart};
  std::mutex mutex_;
  std::condition_variable changed_;
  int runs_ = 0;
  int answered_ = 0;
  bool released_ = false;
  Writer writer_{kv_, clock_, {.batch_commands = 1, .answered_batches = 2}, [](const Error&) {}};
};

TEST_F(SlowAnswer, TheNextBatchIsDecidedMeanwhile) {
  writer_.Start();
  EXPECT_TRUE(RunsReach(2));
  Release();
  writer_.Stop();
  EXPECT_EQ(answered_, kCommands);
}

TEST_F(SlowAnswer, TheWriterWaitsWhenTooManyAnswersDo) {
  writer_.Start();
  const int given = 1, waiting = 2, held_by_the_writer = 1;
  EXPECT_TRUE(RunsReach(given + waiting + held_by_the_writer));
  EXPECT_EQ(Release(), given + waiting + held_by_the_writer);
  writer_.Stop();
  EXPECT_EQ(answered_, kCommands);
}

TEST(Shell, DueCallsRunOnceAtTheirTime) {
  ManualClock clock(kStart);
  std::vector<std::string> called;
  Shell shell(std::make_unique<MemKv>(), clock, {},
              {.on_due =
                   [&called](Txn& txn, const std::string& subject) {
                     called.push_back(subject);
                     if (subject == "again" && called.size() < 3) txn.SetDue(txn.now() + Seconds(5), "again");
                   },
               .on_failure = [](const Error&) {}});
  Command plan;
  plan.run = [](Txn& txn) -> Result<std::string> {
    txn.SetDue(kStart + Seconds(10), "again");
    txn.SetDue(kStart + Seconds(20), "later");
    return std::string();
  };
  shell.writer().Submit(std::move(plan));
  shell.writer().Step();
  const auto run = [&] {
    shell.Tick();
    while (shell.writer().Step() > 0) {
    }
  };
  run();
  EXPECT_TRUE(called.empty());
  clock.Set(kStart + Seconds(10));
  run();
  run();
  EXPECT_EQ(called, (std::vector<std::string>{"again"}));
  clock.Set(kStart + Seconds(30));
  run();
  run();
  EXPECT_EQ(called, (std::vector<std::string>{"again", "again", "later"}));
}

TEST(Shell, OldAnswersAreRemovedUntilNoneIsLeft) {
  ManualClock clock(kStart);
  Shell shell(std::make_unique<MemKv>(), clock, {.batch_commands = 7},
              {.on_due = {}, .on_failure = [](const Error&) {}});
  std::vector<std::pair<std::string, Answer>> answers;
  for (int i = 0; i < 2500; ++i) shell.writer().Submit(Add(std::to_string(i), answers));
  const auto run = [&] {
    while (shell.writer().Step() > 0) {
    }
  };
  run();
  clock.Advance(kAnswerRetention + Seconds(1));
  for (int i = 0; i < 4; ++i) {  // 1,000 or a few more at a time, one after the other
    shell.Tick();
    run();
  }
  const KeyRange all = PrefixRange(Key(static_cast<uint8_t>(ShellTable::kAnswer)).str());
  EXPECT_TRUE(shell.kv().Scan(all, 1, Direction::kForward).empty());
}

}  // namespace
}  // namespace ttx::storage
