#pragma once

// The service without its wire, for tests only: shell, app and a clock that the test moves.

#include <gtest/gtest.h>

#include <string>

#include "libs/crypto/digest.h"
#include "libs/storage/mem_kv.h"
#include "libs/storage/shell.h"
#include "services/auction/app/auction_app.h"
#include "services/auction/domain/test_session.h"

namespace ttx::auction::testing {

inline Principal BidderClient(const std::string& code) {
  return {"apiClients/" + code, "organizations/" + code, "people/" + code, {"BIDDER"}};
}
inline Principal Officer(const std::string& person = "people/o1") {
  return {"apiClients/" + person, "organizations/x", person, {"EXCHANGE_OFFICER"}};
}
inline Principal ForeignOfficer() {
  return {"apiClients/f", "organizations/other", "people/f", {"EXCHANGE_OFFICER"}};
}

/// A clock that moves only when told to.
class SetClock : public Clock {
 public:
  explicit SetClock(Time now) : now_(now) {}
  Time Now() const override { return now_; }
  void Set(Time now) { now_ = now; }

 private:
  Time now_;
};

/// The same bytes in every run.
class CountedIds : public IdSource {
 public:
  std::string RandomBytes(size_t count) override { return std::string(count, static_cast<char>(++counter_)); }

 private:
  int counter_ = 0;
};

class TestApp {
 public:
  explicit TestApp(Time start, AuctionOptions options = {.hold_after_silence = false},
                   std::unique_ptr<storage::Kv> kv = std::make_unique<storage::MemKv>())
      : clock(start),
        app(std::string(32, 'k'), ids_, std::move(options)),
        shell(std::move(kv), clock, {},
              {.on_due = [this](storage::Txn& txn, const std::string& subject) { app.OnDue(txn, subject); },
               .on_failure = [](const Error&) { FAIL(); }}) {}

  /// Runs one command to its end. `run(txn)` gives a Result or a Status.
  template <class Run>
  auto Do(Run run) {
    using Answer = decltype(run(std::declval<storage::Txn&>()));
    std::optional<Answer> answer;
    storage::Command command;
    command.run = [&](storage::Txn& txn) -> Result<std::string> {
      answer = run(txn);
      if (!answer->ok()) return answer->error();
      return std::string();
    };
    shell.writer().Submit(std::move(command));
    Drain();
    return *answer;
  }
  /// The same at a time, to the nanosecond, with the timers that are due before.
  template <class Run>
  auto At(Time time, Run run) {
    MoveTo(time - Nanoseconds(1000));  // the writer gives each command a time of its own
    clock.Set(time);
    return Do(run);
  }

  void Schedule(const ScheduleAuction& command) {
    const Status status = Do([&](storage::Txn& txn) { return app.Schedule(txn, command); });
    ASSERT_TRUE(status.ok()) << status.error().message();
  }
  /// The reason of a refusal, or nothing.
  std::optional<Reason> Bid(const std::string& code, Fen price, Time time, bool confirm = true) {
    return ReasonOf(At(time, [&](storage::Txn& txn) {
      return app.PlaceBid(txn, BidderClient(code), {{"a1"}, price, "", confirm});
    }));
  }
  std::optional<Reason> Answer(const std::string& code, bool exercise, Time time) {
    return ReasonOf(At(time, [&](storage::Txn& txn) {
      return app.AnswerPriority(txn, BidderClient(code), {{"a1"}, exercise});
    }));
  }

  template <class Answer>
  static std::optional<Reason> ReasonOf(const Answer& answer) {
    return answer.ok() ? std::nullopt : std::optional(answer.error().reason);
  }

  void MoveTo(Time time) {
    clock.Set(time);
    Settle();
  }
  void Settle() {
    for (int i = 0; i < 10; ++i) Tick();
  }
  /// The clock goes on by so many milliseconds: what goes in steps makes one with each.
  void RunSteps(int count) {
    for (int i = 0; i < count; ++i) {
      clock.Set(clock.Now() + Milliseconds(1));
      Tick();
    }
  }
  void Tick() {
    shell.Tick();
    Drain();
  }
  void Drain() {
    while (shell.writer().Step() > 0) {
    }
  }

  Auction Now() const { return app.Get(shell.kv(), {"a1"})->auction; }
  /// What everybody may read of it.
  std::vector<StoredEvent> Public() const { return app.WatchEvents(shell.kv(), {"a1"}, 0, 1000)->events; }
  /// What a server finds that starts where this one was killed.
  std::unique_ptr<storage::Kv> Survived() const {
    storage::WriteBatch batch;
    for (const auto& [key, value] : shell.kv().Scan({"", "\xff"}, SIZE_MAX, storage::Direction::kForward)) {
      batch.Put(key, value);
    }
    auto kv = std::make_unique<storage::MemKv>();
    EXPECT_TRUE(kv->Write(batch).ok());
    return kv;
  }
  /// Everything that is stored but what every command changes.
  std::string Everything() const {
    std::string all;
    for (const auto& entry :
         shell.kv().Scan({std::string(1, '\x02'), "\xff"}, SIZE_MAX, storage::Direction::kForward)) {
      all += entry.key + '\x01' + entry.value + '\x02';
    }
    return all;
  }
  bool OnDisk(std::string_view text) const { return Everything().find(text) != std::string::npos; }

 private:
  CountedIds ids_;

 public:
  SetClock clock;
  const AuctionApp app;
  storage::Shell shell;
};

}  // namespace ttx::auction::testing
