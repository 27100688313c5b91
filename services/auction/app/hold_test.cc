// Sessions lose nothing when the server was stopped, its clock jumped or its disk stood still (domain.md 5.2;
// reliability.md A8, G8, G17, N106-N108): every one is told, once, in bounded steps, before anything else
// happens to it.

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "libs/storage/codec.h"
#include "services/auction/app/test_app.h"
#include "services/auction/domain/limits.h"

namespace ttx::auction {
namespace {

using testing::At;
using testing::BidderClient;
using testing::BidderOf;
using testing::SessionOf;
using testing::Yuan;

constexpr Duration kTick = Milliseconds(10);
constexpr Duration Ticks(int64_t count) { return {kTick.ns * count}; }
constexpr Duration kCycle = Seconds(10);
constexpr Duration kFree = Seconds(60);
constexpr size_t kSessionsPerStep = 100;

// A disk that survives the processes using it, takes its time, and counts what each write changes.
class Disk : public storage::Kv {
 public:
  std::optional<std::string> Get(std::string_view key) const override { return kv_.Get(key); }
  std::vector<std::optional<std::string>> MultiGet(const std::vector<std::string>& keys) const override {
    return kv_.MultiGet(keys);
  }
  std::vector<storage::Entry> Scan(const storage::KeyRange& range, size_t limit,
                                   storage::Direction direction) const override {
    return kv_.Scan(range, limit, direction);
  }
  std::unique_ptr<storage::Reader> Snapshot() const override { return kv_.Snapshot(); }
  Status Write(const storage::WriteBatch& batch) override {
    size_t sessions = 0;
    for (const auto& [key, value] : batch.changes()) {
      sessions += key[0] == static_cast<char>(Table::kAuction) ? 1 : 0;
    }
    most_sessions = std::max(most_sessions, sessions);
    if (on_write) on_write();
    return kv_.Write(batch);
  }

  size_t most_sessions = 0;
  std::function<void()> on_write;

 private:
  storage::MemKv kv_;
};

// What a shell owns of a disk.
class Opened : public storage::Kv {
 public:
  explicit Opened(Disk& disk) : disk_(disk) {}
  std::optional<std::string> Get(std::string_view key) const override { return disk_.Get(key); }
  std::vector<std::optional<std::string>> MultiGet(const std::vector<std::string>& keys) const override {
    return disk_.MultiGet(keys);
  }
  std::vector<storage::Entry> Scan(const storage::KeyRange& range, size_t limit,
                                   storage::Direction direction) const override {
    return disk_.Scan(range, limit, direction);
  }
  std::unique_ptr<storage::Reader> Snapshot() const override { return disk_.Snapshot(); }
  Status Write(const storage::WriteBatch& batch) override { return disk_.Write(batch); }

 private:
  Disk& disk_;
};

// The service as its module wires it.
struct Process {
  Process(Disk& disk, const Clock& clock)
      : watch(clock, kMaxSilence),
        app(std::string(32, 'k'), ids, {.hold_after_silence = true, .clock = &watch}),
        shell(std::make_unique<Opened>(disk), watch, {},
              {.on_due = [this](storage::Txn& txn, const std::string& subject) { app.OnDue(txn, subject); },
               .on_failure = [](const Error&) { FAIL(); }}) {
    const Time since = shell.writer().last_time();
    std::optional<std::string> cursor = "";
    while (cursor) {
      Own([&](storage::Txn& txn) { cursor = app.Recover(txn, since, *cursor); });
    }
    Own([&](storage::Txn& txn) { app.Heartbeat(txn); });
  }

  void Own(std::function<void(storage::Txn&)> run) {
    storage::Command command;
    command.run = [run = std::move(run)](storage::Txn& txn) -> Result<std::string> {
      run(txn);
      return std::string();
    };
    shell.writer().Submit(std::move(command));
    shell.writer().Step();
  }

  WatchedClock watch;
  testing::CountedIds ids;
  const AuctionApp app;
  storage::Shell shell;
};

class HoldTest : public ::testing::Test {
 protected:
  void Start() { process_ = std::make_unique<Process>(disk_, clock_); }
  void Crash() { process_.reset(); }

  void Schedule(const std::string& id, Time start = At(9, 0)) {
    ScheduleAuction command = SessionOf(Mode::kMulti, Yuan(1'000'000), Yuan(10'000));
    command.id = {id};
    command.start_time = start;
    command.rules.free_period = kFree;
    command.rules.cycle = kCycle;
    process_->Own([&](storage::Txn& txn) { ASSERT_TRUE(process_->app.Schedule(txn, command).ok()); });
  }

  // One look of the timers and what they submitted.
  void Tick() {
    process_->shell.Tick();
    while (process_->shell.writer().Step() > 0) {
    }
  }
  // Time goes by with the server at work.
  void LiveUntil(Time time) {
    while (clock_.Now() < time) {
      clock_.Set(std::min(time, clock_.Now() + kTick));
      Tick();
    }
  }
  void Live(Duration time) { LiveUntil(clock_.Now() + time); }
  // The clock jumps, or the process stands still: nobody looks at the clock meanwhile, but right before and
  // after.
  void Jump(Duration by) {
    if (process_) process_->watch.Now();
    clock_.Set(clock_.Now() + by);
    if (process_) process_->watch.Now();
  }

  std::optional<Error> Bid(const std::string& id, const std::string& code, Fen price) {
    std::optional<Error> refused;
    storage::Command command;
    command.run = [&](storage::Txn& txn) -> Result<std::string> {
      TTX_TRY(const auto placed,
              process_->app.PlaceBid(txn, BidderClient(code), {{id}, price, "", /*confirm=*/true}));
      return placed.bid.code;
    };
    command.done = [&](storage::Answer answer) {
      if (!answer.body.ok()) refused = answer.body.error();
    };
    process_->shell.writer().Submit(std::move(command));
    process_->shell.writer().Step();
    return refused;
  }

  Auction Now(const std::string& id = "a") const { return process_->app.Get(disk_, {id})->auction; }
  template <class T>
  std::vector<T> All(const std::string& id = "a") const {
    std::vector<T> found;
    for (const StoredEvent& event : ListSessionEvents(disk_, process_->app.vault(), {id}, 0, 10'000)) {
      if (const auto* payload = std::get_if<T>(&event.event.payload)) found.push_back(*payload);
    }
    return found;
  }

  Disk disk_;
  testing::SetClock clock_{At(8, 59, 59)};
  std::unique_ptr<Process> process_;
};

TEST_F(HoldTest, AJumpIsSeenWhereverItFallsBetweenTwoHeartbeats) {
  Start();
  int number = 0;
  for (const int64_t jump : {240, 260, 500, 749, 751, 2000, 5000}) {
    for (const int64_t after_heartbeat : {0, 100, 250, 480}) {
      const std::string id = "a" + std::to_string(++number);
      Schedule(id, clock_.Now() + Milliseconds(50));
      Live(Milliseconds(1000));
      LiveUntil(*PlannedHeartbeat(disk_) + Milliseconds(after_heartbeat));
      const Time end = Now(id).phase_end;
      Jump(Milliseconds(jump));
      Live(Milliseconds(700));
      SCOPED_TRACE(std::to_string(jump) + " ms, " + std::to_string(after_heartbeat) +
                   " ms after a heartbeat");
      ASSERT_EQ(Now(id).state, State::kFree);
      if (jump <= 250) {
        EXPECT_EQ(Now(id).phase_end, end);
      } else if (jump <= 2000) {
        EXPECT_EQ(Now(id).phase_end, end + Milliseconds(jump) + kCycle);
        EXPECT_TRUE(All<Suspended>(id).empty());
      } else {
        const auto suspended = All<Suspended>(id);
        ASSERT_EQ(suspended.size(), 1u);
        EXPECT_EQ(suspended[0].reason, "SYSTEM_FAILURE");
        EXPECT_EQ(suspended[0].remaining, end - suspended[0].time);
        EXPECT_GE(Now(id).phase_end, end + Milliseconds(jump));
        EXPECT_LT(Now(id).phase_end, end + Milliseconds(jump) + kHeartbeat + Ticks(3))
            << "a heartbeat tells it";
      }
      EXPECT_EQ(All<Extended>(id).size(), jump > 250 && jump <= 2000 ? 1u : 0u) << "once";
      // The next one starts with a clean sheet.
      LiveUntil(Now(id).phase_end + kCycle + kTick);
      ASSERT_EQ(Now(id).state, State::kClosed);
    }
  }
}

TEST_F(HoldTest, AClockThatGoesBackHoldsNothingAndMovesNoTimeBack) {
  Start();
  Schedule("a");
  LiveUntil(At(9, 0, 1));
  ASSERT_EQ(Bid("a", "B01", Yuan(1'000'000)), std::nullopt);
  const Time first = Now().leading->time;
  Jump(Minutes(-10));
  Live(Seconds(2));
  EXPECT_EQ(Bid("a", "B02", Yuan(1'010'000)), std::nullopt);
  EXPECT_GT(Now().leading->time, first);
  EXPECT_EQ(Now().phase_end, At(9, 1));
  EXPECT_TRUE(All<Extended>().empty());
  Jump(Minutes(10));  // set right again: the two seconds were lost to nobody's clock but ours
  Live(Milliseconds(700));
  EXPECT_EQ(Now().state, State::kFree);
  EXPECT_GE(Now().phase_end, At(9, 1));
}

TEST_F(HoldTest, TheCommandRightAfterASlowHoldDoesNotHoldAgain) {
  Start();
  Schedule("a");
  LiveUntil(At(9, 0, 1));
  int slow_writes = 2;  // that sessions are to be told, and that they were
  disk_.on_write = [&] {
    if (slow_writes-- <= 0) return;
    for (int i = 0; i < 150; ++i) {  // 1.5 s, in which the timers go on looking
      clock_.Set(clock_.Now() + kTick);
      process_->shell.Tick();
    }
  };
  const Time end = Now().phase_end;
  Jump(Milliseconds(300));
  EXPECT_EQ(Bid("a", "B01", Yuan(1'000'000))->metadata.at("cause"), "CLOCK_HOLD") << "it noticed";
  EXPECT_EQ(Bid("a", "B01", Yuan(1'000'000)), std::nullopt) << "decided";
  Tick();
  Live(Seconds(1));
  EXPECT_LE(slow_writes, 0);
  EXPECT_EQ(All<Extended>().size(), 1u) << "told once, though each of its writes took 1.5 s";
  EXPECT_EQ(Now().phase_end, end + Milliseconds(300) + kCycle);
}

TEST_F(HoldTest, AnEventOfTheListingThatNoticesTheSilenceComesAgain) {
  Start();
  Schedule("a");
  LiveUntil(At(9, 0, 1));
  const Time end = Now().phase_end;
  const auto add_late = [&] {
    storage::Command command;
    std::optional<Reason> refused;
    command.run = [&](storage::Txn& txn) -> Result<std::string> {
      TTX_RETURN_IF_ERROR(process_->app.AddBidder(txn, {"a"}, BidderOf("B99"), txn.now()));
      return std::string();
    };
    command.done = [&](storage::Answer answer) {
      if (!answer.body.ok()) refused = answer.body.error().reason;
    };
    process_->shell.writer().Submit(std::move(command));
    process_->shell.writer().Step();
    return refused;
  };
  Jump(Milliseconds(400));
  EXPECT_EQ(add_late(), Reason::kUNAVAILABLE);
  EXPECT_EQ(add_late(), Reason::kWRONG_STATE);
  Live(kTick);
  EXPECT_EQ(Now().phase_end, end + Milliseconds(400) + kCycle) << "whatever became of the event";
}

TEST_F(HoldTest, ADiskThatStandsStillIsASilenceToo) {
  Start();
  Schedule("a");
  LiveUntil(At(9, 0, 1));
  int slow_writes = 1;
  disk_.on_write = [&] {
    if (slow_writes-- != 1) return;
    for (int i = 0; i < 500; ++i) {
      clock_.Set(clock_.Now() + kTick);
      process_->shell.Tick();
    }
  };
  while (slow_writes > 0) Live(kTick);
  Live(Seconds(1));
  EXPECT_EQ(All<Suspended>().size(), 1u) << "5 s without a write";
  EXPECT_EQ(Now().state, State::kFree) << "and on at once";
}

TEST_F(HoldTest, AThousandSessionsAreToldInStepsEachOnce) {
  Start();
  constexpr int kSessions = 1000;
  for (int i = 0; i < kSessions; ++i) Schedule("s" + std::to_string(i));
  LiveUntil(At(9, 0, 1));
  const Time end = Now("s0").phase_end;
  disk_.most_sessions = 0;
  Jump(Milliseconds(400));
  while (All<Extended>("s0").empty()) Live(kTick);
  EXPECT_TRUE(LoadRecovery(disk_).has_value()) << "not all at once";
  Live(Ticks(20));
  EXPECT_FALSE(LoadRecovery(disk_).has_value());
  EXPECT_LE(disk_.most_sessions, kSessionsPerStep);
  for (int i = 0; i < kSessions; ++i) {
    const std::string id = "s" + std::to_string(i);
    EXPECT_EQ(All<Extended>(id).size(), 1u) << id;
    EXPECT_EQ(Now(id).phase_end, end + Milliseconds(400) + kCycle) << id << ": the wait is not counted";
  }
}

TEST_F(HoldTest, ACrashBetweenTwoStepsForgetsNobodyAndTellsNobodyTwice) {
  Start();
  constexpr int kSessions = 250;
  const auto id_of = [](int i) { return "s" + std::to_string(1000 + i); };
  for (int i = 0; i < kSessions; ++i) Schedule(id_of(i));
  LiveUntil(At(9, 0, 1));
  const Time end = Now(id_of(0)).phase_end;
  Jump(Milliseconds(400));
  const Time noticed = clock_.Now();
  while (!LoadRecovery(disk_) || LoadRecovery(disk_)->cursor.empty()) Live(kTick);
  const Time since = LoadRecovery(disk_)->since;
  ASSERT_EQ(since, noticed - Milliseconds(400));
  Crash();
  const Time last = clock_.Now();
  Jump(Milliseconds(700));
  const Time back = clock_.Now();
  Start();
  EXPECT_FALSE(LoadRecovery(disk_).has_value());
  LiveUntil(back + Seconds(1));
  for (int i = 0; i < kSessions; ++i) {
    const bool told = i < static_cast<int>(kSessionsPerStep);
    const auto extended = All<Extended>(id_of(i));
    ASSERT_EQ(extended.size(), told ? 2u : 1u) << id_of(i);
    const Duration lost = told ? Milliseconds(400) + (back - last) + kCycle : back - since;
    EXPECT_GE(Now(id_of(i)).phase_end, end + lost + kCycle) << id_of(i);
    EXPECT_LT(Now(id_of(i)).phase_end, end + lost + kCycle + Milliseconds(1)) << id_of(i);
  }
}

TEST_F(HoldTest, ABidOnASessionThatWaitsToBeToldIsDecidedWithTheMovedEnd) {
  Start();
  constexpr int kSessions = 300;
  for (int i = 0; i < kSessions; ++i) Schedule("s" + std::to_string(i));
  LiveUntil(At(9, 0, 1));
  for (int i = 0; i < kSessions; ++i) {
    ASSERT_EQ(Bid("s" + std::to_string(i), "B01", Yuan(1'000'000)), std::nullopt);
  }
  const Time end = At(9, 1);  // of FREE; the jump goes over it and over the cycle that would follow
  ASSERT_EQ(Now("s0").phase_end, end);
  LiveUntil(end - kTick);
  Jump(Milliseconds(1900));
  EXPECT_EQ(Bid("s1", "B02", Yuan(1'010'000))->metadata.at("cause"), "CLOCK_HOLD");
  EXPECT_EQ(Bid("s299", "B02", Yuan(1'010'000)), std::nullopt);
  EXPECT_EQ(Bid("s299", "B03", Yuan(1'020'000)), std::nullopt) << "told already";
  EXPECT_EQ(Now("s299").phase_end, end + Milliseconds(1900) + kCycle);
  EXPECT_EQ(Now("s298").phase_end, end) << "the others wait";
  EXPECT_EQ(Now("s298").state, State::kFree);
  Live(Ticks(10));
  for (int i = 0; i < kSessions; ++i) {
    const std::string id = "s" + std::to_string(i);
    EXPECT_EQ(All<Extended>(id).size(), 1u) << id;
    EXPECT_GE(Now(id).phase_end, end + Milliseconds(1900) + kCycle) << id;
    EXPECT_LE(Now(id).phase_end, end + Milliseconds(1900) + kCycle + Ticks(10))
        << id << ": with its wait at most";
    EXPECT_EQ(Now(id).state, State::kFree) << id;
  }
}

TEST_F(HoldTest, ATimerThatComesDueBeforeItsSessionIsToldClosesNothing) {
  Start();
  constexpr int kSessions = 350;  // four steps
  for (int i = 0; i < kSessions; ++i) Schedule("s" + std::to_string(1000 + i));
  LiveUntil(At(9, 0, 1));
  LiveUntil(At(9, 1) - Milliseconds(500));
  Jump(Milliseconds(490));  // the end of all comes while they are told
  Live(Seconds(1));
  for (int i = 0; i < kSessions; ++i) {
    const std::string id = "s" + std::to_string(1000 + i);
    EXPECT_EQ(Now(id).state, State::kFree) << id;
    EXPECT_EQ(All<Extended>(id).size(), 1u) << id;
    EXPECT_GE(Now(id).phase_end, At(9, 1) + Milliseconds(490) + kCycle) << id;
    EXPECT_LE(Now(id).phase_end, At(9, 1) + Milliseconds(490) + kHeartbeat + kCycle + kTick) << id;
  }
}

TEST_F(HoldTest, WhoHasNotBegunIsMovedOnlyWhenItsStartWasMissed) {
  Start();
  Schedule("later", At(9, 10));
  Schedule("missed", At(9, 0, 2));
  LiveUntil(At(9, 0, 1));
  Jump(Milliseconds(1500));
  const Time until = clock_.Now();
  Live(Milliseconds(700));
  EXPECT_TRUE(All<Extended>("later").empty());
  EXPECT_EQ(Now("later").phase_end, At(9, 10));
  ASSERT_EQ(Now("missed").state, State::kFree);
  EXPECT_EQ(All<Extended>("missed").size(), 1u);
  EXPECT_GE(Now("missed").phase_end, At(9, 0, 2) + kFree + (until - At(9, 0, 2)) + kCycle);
}

TEST_F(HoldTest, ASecondSilenceBeforeAllWereToldOfTheFirstIsToldToAll) {
  Start();
  constexpr int kSessions = 250;
  const auto id_of = [](int i) { return "s" + std::to_string(1000 + i); };
  for (int i = 0; i < kSessions; ++i) Schedule(id_of(i));
  LiveUntil(At(9, 0, 1));
  const Time end = Now(id_of(0)).phase_end;
  Jump(Milliseconds(400));
  while (!LoadRecovery(disk_) || LoadRecovery(disk_)->cursor.empty()) Live(kTick);
  const Time since = LoadRecovery(disk_)->since;
  Jump(Milliseconds(600));
  const Time until = clock_.Now();
  Live(Seconds(1));
  EXPECT_FALSE(LoadRecovery(disk_).has_value());
  for (int i = 0; i < kSessions; ++i) {
    const bool told = i < static_cast<int>(kSessionsPerStep);
    EXPECT_EQ(All<Extended>(id_of(i)).size(), told ? 2u : 1u) << id_of(i);
    EXPECT_EQ(Now(id_of(i)).phase_end,
              end + kCycle + (told ? Milliseconds(400 + 600) + kCycle : until - since))
        << id_of(i);
  }
}

TEST_F(HoldTest, ARecoveryIsReadBackAndSoIsOneThatOnlyNamesItsBeginning) {
  Start();
  const Recovery recovery{At(9, 0), At(9, 1), At(9, 2), At(9, 3), "s17"};
  process_->Own([&](storage::Txn& txn) { SaveRecovery(txn, recovery); });
  EXPECT_EQ(LoadRecovery(disk_), recovery);
  std::string begun;
  storage::AppendU64(begun, static_cast<uint64_t>(At(9, 0).ns));
  process_->Own([&](storage::Txn& txn) {
    SaveRecovery(txn, std::nullopt);
    EXPECT_EQ(LoadRecovery(txn), std::nullopt);
    txn.Put(std::string(1, static_cast<char>(Table::kRecovery)), begun);
  });
  EXPECT_EQ(LoadRecovery(disk_), (Recovery{At(9, 0), At(9, 0), At(9, 0), At(9, 0), ""}));
}

TEST(WatchedClock, NoticesOnlyWhatIsLongerThanItIsToldTo) {
  testing::SetClock clock(At(9, 0));
  const WatchedClock watch(clock, kMaxSilence);
  EXPECT_EQ(watch.Now(), At(9, 0));
  clock.Set(At(9, 0, 0, 250));
  EXPECT_EQ(watch.Now(), At(9, 0, 0, 250));
  EXPECT_FALSE(watch.TakeGap().has_value());
  clock.Set(At(9, 0, 0, 501));
  watch.Now();
  clock.Set(At(9, 0, 2));
  watch.Now();
  const auto gap = watch.TakeGap();
  ASSERT_TRUE(gap.has_value());
  EXPECT_EQ(gap->since, At(9, 0, 0, 250));
  EXPECT_EQ(gap->until, At(9, 0, 2)) << "two are one";
  EXPECT_FALSE(watch.TakeGap().has_value()) << "told once";
  clock.Set(At(8, 0));
  EXPECT_EQ(watch.Now(), At(8, 0));
  clock.Set(At(9, 0, 2, 100));
  watch.Now();
  EXPECT_FALSE(watch.TakeGap().has_value()) << "back, and where it was";
}

}  // namespace
}  // namespace ttx::auction
