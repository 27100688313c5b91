// The last nanosecond of a phase, in every mode: commands, restarts and jumps of the clock land on the end,
// one before it and one after it, and a referee reads the log (reliability.md G8, A5-A8, N104-N108).
// TTX_SIM_SEED and TTX_SIM_RUNS say which runs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "libs/core/watched_clock.h"
#include "libs/sealed/test_parties.h"
#include "services/auction/app/opening.h"
#include "services/auction/domain/engine.h"
#include "services/auction/domain/limits.h"
#include "services/auction/domain/test_session.h"
#include "services/auction/replay/command.h"
#include "tests/sim/installation.h"
#include "tests/sim/referee.h"

namespace ttx::sim {
namespace {

using auction::Auction;
using auction::Mode;
using auction::State;

constexpr uint64_t kRuns = 140;  // twenty of each mode
constexpr int kEventsPerRun = 40;
constexpr Mode kModes[] = {Mode::kMulti,  Mode::kEnglish,  Mode::kDutch, Mode::kDynamic,
                           Mode::kSealed, Mode::kWeighted, Mode::kTender};
constexpr const char* kBidders[] = {"B01", "B02", "B03", "B04"};
constexpr const char* kOrigin = "ttx.example.org";
constexpr Duration kCycle = Seconds(3);
constexpr Duration kNotice = Seconds(20);
constexpr Duration kLook = Milliseconds(50);  // how often a living server looks at its clock
// Commands at one instant are a nanosecond apart, and the last of them is a sign of life too.
constexpr Duration kNanosecondsOfCommands = Nanoseconds(1000);
// When the last sign of life was: a heartbeat and what it takes to see that it is due.
constexpr Duration kSlack = auction::kHeartbeat + Milliseconds(100);

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

const sealed::TestParties& Parties() {
  static const auto parties = sealed::MakeTestParties(sealed::Suite::kTtxSb1, 3, 5);
  return parties;
}
const std::string& RecordKey() {
  static const std::string pem = crypto::GenerateKey(crypto::Suite::kEcdsaP256Sha256).private_pem;
  return pem;
}

Principal Bidder(const std::string& code) {
  return {"apiClients/" + code, "organizations/" + code, "people/" + code, {"BIDDER"}};
}

auction::ScheduleAuction SessionIn(Mode mode, const std::string& id, Time start) {
  auction::ScheduleAuction command = auction::testing::SessionOf(mode, {100'000'000}, {1'000'000});
  command.id = {id};
  command.start_time = start;
  command.bidders.clear();
  for (const char* code : kBidders) command.bidders.push_back(auction::testing::BidderOf(code));
  auction::Rules& rules = command.rules;
  rules.free_period = Seconds(9);
  rules.cycle = kCycle;
  rules.max_steps_per_bid = 0;
  rules.suspension.outage_notice = kNotice;
  if (mode == Mode::kDutch) rules.dutch = {{10'000'000}, {}, Seconds(2), {65'000'000}};
  if (mode == Mode::kWeighted) rules.scoring.price_weight = {600'000};
  if (mode == Mode::kTender) {
    rules.min_bidders = 3;
    rules.scoring.price_weight = {400'000};
    rules.scoring.criteria = {{"technology", {350'000}}, {"team", {250'000}}};
    command.draw_seed = auction::DrawSeed{std::string(32, 'r'), std::string(32, 'c')};
  }
  if (auction::IsSealed(mode)) {
    rules.sealed.submissions = 16;
    rules.sealed.may_withdraw = true;
    rules.sealed.holder_set = Parties().holders.text();
  }
  return command;
}

// What a seed did to its sessions.
struct Tally {
  int accepted_before_end = 0;
  int accepted_at_end = 0;  // ... or after it, in the phase that follows
  int refused_at_end = 0;
  int extended = 0;
  int suspended = 0;
};

// A server without others, three sessions on it, and somebody who knows when they end.
class ClosingRun {
 public:
  ClosingRun(uint64_t seed, Faults faults)
      : mode_(kModes[seed % std::size(kModes)]),
        world_(seed, faults),
        secrets_(world_.ids.RandomBytes(32)),
        node_(world_.Add(
            "auction", [this](Node& node) { return MakeProcess(node); },
            [](const storage::Reader&, uint64_t, size_t) { return std::vector<rpc::FeedEvent>(); })) {
    Time start = world_.clock.Now() + Seconds(2);
    for (int i = 0; i < 3; ++i) {
      const Mode mode = i == 0 ? mode_ : kModes[world_.Below(std::size(kModes))];
      ids_.push_back("s" + std::to_string(i));
      const auto command = SessionIn(mode, ids_.back(), start);
      while (!Load(ids_.back())) {
        Own([&](storage::Txn& txn) { ASSERT_TRUE(app_->Schedule(txn, command).ok()); });
        Pump();
      }
      start = start + Nanoseconds(static_cast<int64_t>(world_.Below(4'000'000'000)));
    }
  }

  void Run() {
    for (int i = 0; i < kEventsPerRun && !AllOver(); ++i) Happen();
    const Time late = world_.clock.Now() + Hours(2);
    while (!AllOver() && world_.clock.Now() < late) LiveUntil(world_.clock.Now() + Seconds(1));
    Pump();
    Judge();
  }

  std::vector<std::string> violations;
  Tally tally;
  uint64_t crashes() const { return world_.crashes; }

 private:
  // The server was away, or its clock leapt, from `since` to `until`.
  struct Silence {
    Time since;
    Time until;
    bool restart;
  };

  Node::Process MakeProcess(Node& node) {
    app_.reset();
    watch_ = std::make_unique<WatchedClock>(world_.clock, auction::kMaxSilence);
    app_ = std::make_unique<auction::AuctionApp>(secrets_, world_.ids,
                                                 auction::AuctionOptions{.hold_after_silence = true,
                                                                         .clock = watch_.get(),
                                                                         .origin = kOrigin,
                                                                         .record_key_pem = RecordKey()});
    Node::Process process;
    process.clock = watch_.get();
    process.on_due = [this](storage::Txn& txn, const std::string& subject) { app_->OnDue(txn, subject); };
    process.recover = [this, &node](storage::Shell& shell, Time since) {
      std::optional<std::string> cursor = "";
      while (cursor && !node.crashed()) {
        Submit(shell, [&](storage::Txn& txn) { cursor = app_->Recover(txn, since, *cursor); });
      }
      Submit(shell, [this](storage::Txn& txn) { app_->Heartbeat(txn); });
    };
    return process;
  }

  static void Submit(storage::Shell& shell, std::function<void(storage::Txn&)> run) {
    storage::Command command;
    command.run = [run = std::move(run)](storage::Txn& txn) -> Result<std::string> {
      run(txn);
      return std::string();
    };
    shell.writer().Submit(std::move(command));
    shell.writer().Step();
  }
  void Own(std::function<void(storage::Txn&)> run) { Submit(node_.shell(), std::move(run)); }

  std::optional<Auction> Load(const std::string& id) const {
    const auto stored = auction::LoadAuction(node_.disk(), app_->vault(), {id});
    return stored ? std::optional(stored->auction) : std::nullopt;
  }
  static bool IsOver(const Auction& session) {
    return session.state == State::kClosed || session.state == State::kClosedForOpening;
  }
  bool AllOver() const {
    return std::all_of(ids_.begin(), ids_.end(), [this](const std::string& id) { return IsOver(*Load(id)); });
  }

  // --- Time

  void Pump() {
    node_.Pump();
    node_.Pump();
  }
  // A server that lives sees each moment go by. At `time` itself it has looked at the clock and done nothing
  // yet.
  void LiveUntil(Time time) {
    while (world_.clock.Now() < time) {
      world_.clock.Set(std::min(time, world_.clock.Now() + kLook));
      watch_->Now();
      if (world_.clock.Now() < time) Pump();
    }
  }
  void Boot(Duration away) {
    const Time since = world_.clock.Now();
    world_.clock.Advance(away);
    silences_.push_back({since, world_.clock.Now(), true});
    node_.Boot();
  }
  void Jump(Time to) {
    watch_->Now();
    silences_.push_back({world_.clock.Now(), to, false});
    world_.clock.Set(to);
  }
  Duration SomeAbsence() {
    const Duration kAbsences[] = {Nanoseconds(1),       Milliseconds(240),
                                  auction::kMaxSilence, auction::kMaxSilence + Nanoseconds(1),
                                  Milliseconds(260),    Milliseconds(500),
                                  Milliseconds(749),    Milliseconds(751),
                                  auction::kMaxOutage,  auction::kMaxOutage + Nanoseconds(1),
                                  Milliseconds(5000),   kNotice + Seconds(1)};
    return kAbsences[world_.Below(std::size(kAbsences))];
  }

  // --- What happens

  void Happen() {
    const std::string& id = ids_[world_.Below(ids_.size())];
    const std::optional<Time> end = auction::NextChange(*Load(id));
    const Time now = world_.clock.Now();
    if (!end || *end <= now + Nanoseconds(1)) {
      LiveUntil(now + Milliseconds(1 + static_cast<int64_t>(world_.Below(100))));
      Pump();
      return;
    }
    Time at = *end + Nanoseconds(static_cast<int64_t>(world_.Below(3)) - 1);
    if (world_.Chance(250))
      at = now + Nanoseconds(1 + static_cast<int64_t>(world_.Below(static_cast<uint64_t>((*end - now).ns))));
    switch (world_.Below(6)) {
      case 0:
      case 1:
      case 2:
        LiveUntil(at);
        return SomeCommands(id);
      case 3:
        LiveUntil(at);
        if (world_.Chance(500)) Pump();
        Boot(SomeAbsence());
        return AfterSilence(id);
      case 4: {  // a jump that ends there, or begins there
        const Duration by = SomeAbsence();
        LiveUntil(world_.Chance(500) && at - by > now ? at - by : at);
        if (world_.Chance(500)) Pump();
        Jump(world_.clock.Now() + by);
        return AfterSilence(id);
      }
      case 5:  // the clock goes back, and nobody tells it
        LiveUntil(at);
        Pump();
        world_.clock.Set(at - Milliseconds(static_cast<int64_t>(world_.Below(1000))));
        SomeCommands(id);
        return LiveUntil(at + Nanoseconds(1));
    }
  }
  void AfterSilence(const std::string& id) {
    if (world_.Chance(500)) SomeCommands(id);
    const Time told = world_.clock.Now() + kSlack + Milliseconds(100);
    while (world_.clock.Now() < told) LiveUntil(world_.clock.Now() + kLook), Pump();
  }

  void SomeCommands(const std::string& id) {
    const bool timers_first = world_.Chance(500);
    if (timers_first) Pump();
    for (uint64_t i = 1 + world_.Below(3); i > 0; --i) {
      const std::string code = kBidders[world_.Below(std::size(kBidders))];
      auction::IsSealed(Load(id)->rules().mode) ? HandIn(id, code) : Bid(id, code);
    }
    Pump();
  }

  template <class Run>
  void Send(const std::string& id, Run run) {
    const Auction before = *Load(id);
    const Time end = before.phase_end;
    std::optional<bool> accepted;
    storage::Command command;
    Time time;
    command.run = [&](storage::Txn& txn) -> Result<std::string> {
      time = txn.now();
      TTX_TRY(const auto value, run(txn));
      (void)value;
      return std::string();
    };
    command.done = [&](storage::Answer answer) {
      const bool known = answer.body.ok() || answer.body.error().code() != Code::kUnavailable;
      if (known) accepted = answer.body.ok();
    };
    node_.shell().writer().Submit(std::move(command));
    while (!node_.crashed() && node_.shell().writer().Step() > 0) {
    }
    if (!accepted || !auction::IsTimed(before.state)) return;
    if (time < end && *accepted) ++tally.accepted_before_end;
    if (time >= end) ++(*accepted ? tally.accepted_at_end : tally.refused_at_end);
  }

  void Bid(const std::string& id, const std::string& code) {
    const Auction session = *Load(id);
    const Fen price =
        auction::MinAcceptable(session, world_.clock.Now()).value_or(session.rules().start_price);
    Send(id, [&](storage::Txn& txn) {
      return app_->PlaceBid(txn, Bidder(code), {{id}, price, "", /*confirm=*/true});
    });
  }

  void HandIn(const std::string& id, const std::string& code) {
    if (world_.Chance(200)) {
      return Send(id, [&](storage::Txn& txn) { return app_->WithdrawEnvelope(txn, Bidder(code), {id}); });
    }
    const Auction session = *Load(id);
    const auto entry = auction::LoadEnvelope(node_.disk(), {id}, session.envelopes.round, code);
    const sealed::Context context{.suite = sealed::Suite::kTtxSb1,
                                  .origin = kOrigin,
                                  .auction = "auctions/" + id,
                                  .lot = std::to_string(session.envelopes.round),
                                  .bidder = code,
                                  .version = static_cast<uint32_t>(entry.submitted + 1),
                                  .rules_hash = auction::RulesHash(*session.terms),
                                  .holder_set_id = Parties().holders.id()};
    const std::string envelope =
        sealed::Seal(sealed::TestSeed(code + std::to_string(entry.submitted)), context, Parties().holders,
                     sealed::Part::kPrice, sealed::FormatPrice(session.rules().start_price))
            .value();
    Send(id, [&](storage::Txn& txn) { return app_->SubmitEnvelope(txn, Bidder(code), {{id}, envelope}); });
  }

  // --- What is found

  void Judge() {
    for (const std::string& id : ids_) {
      const Auction session = *Load(id);
      const auto complain = [&](const std::string& violation) {
        violations.push_back(violation + " in " + id + " " +
                             std::string(auction::ModeName(session.rules().mode)));
      };
      AuctionLog log;
      for (const auto& stored : auction::ListSessionEvents(node_.disk(), app_->vault(), {id}, 0, 100'000)) {
        log.push_back(stored.event);
      }
      Referee referee(complain);
      referee.Run(log);
      if (!IsOver(session))
        complain("S10 a session hangs in " + std::string(auction::StateName(session.state)));
      const auto& best = referee.leader();
      const bool same =
          session.leading.has_value() == best.has_value() && (!best || *best == *session.leading);
      if (!same) complain("A4 the leader is not the best bid");
      JudgeSilences(log, complain);
      JudgeCommands(log, complain);
    }
  }

  // What was decided at one time follows from one command (A16): an export can tell it, and a replay repeat
  // it.
  static void JudgeCommands(const AuctionLog& log, const Referee::Complain& complain) {
    Auction state;
    auction::replay::SessionBids bids;
    for (auto from = log.begin(); from != log.end();) {
      const auto to = std::find_if(from, log.end(),
                                   [&](const auction::Event& event) { return event.time != from->time; });
      const AuctionLog group(from, to);
      if (from != log.begin()) {
        const auto decision =
            auction::replay::Decide(state, bids, {from->time, auction::replay::CommandOf(state, bids, group)});
        const bool same =
            std::equal(group.begin(), group.end(), decision.events.begin(), decision.events.end(),
                       [&](const auction::Event& a, const auction::Event& b) {
                         return auction::replay::EventText(state, a) == auction::replay::EventText(state, b);
                       });
        if (!same) complain("A16 no command leads to " + auction::replay::EventText(state, group.back()));
      }
      for (const auction::Event& event : group) state = auction::Apply(std::move(state), event);
      bids.Add(group);
      from = to;
    }
  }

  // Where a session stood at a time, as its log says.
  struct Standing {
    State phase = State::kScheduled;
    Time end;
    bool IsOpenAfter(Time time) const {
      return phase != State::kScheduled && phase != State::kSuspended && phase != State::kClosed &&
             end > time;
    }
    void Follow(const auction::Event& event) {
      if (const auto* started = std::get_if<auction::PhaseStarted>(&event.payload))
        *this = {started->state, started->end};
      if (const auto* resumed = std::get_if<auction::Resumed>(&event.payload))
        *this = {resumed->state, resumed->end};
      if (const auto* extended = std::get_if<auction::Extended>(&event.payload)) end = extended->end;
      if (const auto* bid = std::get_if<auction::BidAccepted>(&event.payload)) end = bid->phase_end;
      if (std::holds_alternative<auction::Suspended>(event.payload)) phase = State::kSuspended;
      if (std::holds_alternative<auction::Closed>(event.payload)) phase = State::kClosed;
    }
  };

  // Nothing ended while the server was away; whoever was open then was told, once, and got back what it lost.
  void JudgeSilences(const AuctionLog& log, const Referee::Complain& complain) {
    for (size_t i = 0; i < silences_.size(); ++i) {
      const Time until_next = i + 1 < silences_.size() ? silences_[i + 1].since : Time{INT64_MAX};
      if (silences_[i].until - silences_[i].since > auction::kMaxSilence + kNanosecondsOfCommands) {
        JudgeSilence(log, silences_[i], until_next, complain);
      }
    }
  }

  void JudgeSilence(const AuctionLog& log, const Silence& silence, Time until_next,
                    const Referee::Complain& complain) {
    const Time start = std::get<auction::Scheduled>(log.front().payload).terms->start_time;
    auto event = log.begin();
    Standing standing;
    for (; event != log.end() && event->time <= silence.since; ++event) standing.Follow(*event);
    const bool open = standing.IsOpenAfter(silence.since);
    int told = 0;
    for (; event != log.end() && event->time < until_next; ++event) {
      const auto* started = std::get_if<auction::PhaseStarted>(&event->payload);
      const auto* closed = std::get_if<auction::Closed>(&event->payload);
      const auto* extended = std::get_if<auction::Extended>(&event->payload);
      const auto* suspended = std::get_if<auction::Suspended>(&event->payload);
      const Time instant = started != nullptr ? started->start : closed != nullptr ? closed->time : start;
      const bool within = instant > silence.since && instant <= silence.until && instant != start;
      if (within) complain("A8 a phase ended while the server was away");
      told += extended != nullptr || suspended != nullptr ? 1 : 0;
      tally.extended += extended != nullptr ? 1 : 0;
      tally.suspended += suspended != nullptr ? 1 : 0;
      if (open && told == 1 && extended != nullptr) {
        JudgeExtension(log, event->time, standing.end, *extended, silence, complain);
      }
      standing.Follow(*event);
    }
    if (!exact() || !open || told == 1) return;
    complain(told == 0 ? "A8 a session was not told of a silence"
                       : "A8 a session was told twice of a silence");
  }

  void JudgeExtension(const AuctionLog& log, Time told, Time end, const auction::Extended& extended,
                      const Silence& silence, const Referee::Complain& complain) const {
    if (!exact()) return;
    const auto& rules = std::get<auction::Scheduled>(log.front().payload).terms->rules;
    const Duration lost = extended.end - end - (rules.mode == Mode::kDutch ? Duration{} : rules.cycle);
    const Duration away = silence.until - silence.since;
    const Duration slack = silence.restart ? kSlack : kLook;
    // Its end may come while it waits to be told: it is then told of that time too.
    const bool ended = end <= told;
    const Duration most = ended ? told - silence.since + slack : away + slack;
    if (lost + kNanosecondsOfCommands >= away && lost <= most) return;
    complain("A6 a " + std::string(silence.restart ? "restart" : "jump") + " of " + std::to_string(away.ns) +
             " ns moved the end by " + std::to_string(lost.ns) + " ns");
  }

  // Without crashes of its own a run knows every silence.
  bool exact() const { return world_.faults.crash_per_write == 0; }

  const Mode mode_;
  World world_;
  const std::string secrets_;
  std::unique_ptr<WatchedClock> watch_;
  std::unique_ptr<auction::AuctionApp> app_;
  std::vector<Silence> silences_;
  std::vector<std::string> ids_;
  Node& node_;
};

class Closing : public ::testing::Test {
 protected:
  static void RunAll(Faults faults, Tally& all, uint64_t& crashes) {
    const uint64_t first = FromEnvironment("TTX_SIM_SEED", 1);
    for (uint64_t seed = first; seed < first + FromEnvironment("TTX_SIM_RUNS", kRuns); ++seed) {
      ClosingRun run(seed, faults);
      run.Run();
      EXPECT_THAT(run.violations, ::testing::IsEmpty())
          << "replay: TTX_SIM_SEED=" << seed << " TTX_SIM_RUNS=1";
      all.accepted_before_end += run.tally.accepted_before_end;
      all.accepted_at_end += run.tally.accepted_at_end;
      all.refused_at_end += run.tally.refused_at_end;
      all.extended += run.tally.extended;
      all.suspended += run.tally.suspended;
      crashes += run.crashes();
    }
  }
};

TEST_F(Closing, LandsOnTheNanosecondInEveryMode) {
  Tally all;
  uint64_t crashes = 0;
  RunAll({}, all, crashes);
  if (std::getenv("TTX_SIM_SEED") != nullptr) return;  // a single seed may be lucky
  EXPECT_GT(all.accepted_before_end, 100);
  EXPECT_GT(all.accepted_at_end, 10);
  EXPECT_GT(all.refused_at_end, 50);
  EXPECT_GT(all.extended, 100);
  EXPECT_GT(all.suspended, 50);
}

TEST_F(Closing, HoldsThoughWritesAreLostInIt) {
  Tally all;
  uint64_t crashes = 0;
  RunAll({.crash_per_write = 20}, all, crashes);
  if (std::getenv("TTX_SIM_SEED") != nullptr) return;
  EXPECT_GT(crashes, 50u);
  EXPECT_GT(all.extended, 50);
}

}  // namespace
}  // namespace ttx::sim
