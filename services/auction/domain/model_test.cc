// The engine against models that are written once more, naively: plain numbers, no phases, no events. Times
// are coarse, so that bids often fall on the very end of a phase.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include "services/auction/domain/test_session.h"

namespace ttx::auction {
namespace {

using testing::BidderOf;
using testing::Session;
using testing::SessionOf;
using testing::Yuan;

struct Attempt {
  int64_t second;  // since the start
  int bidder;
  int64_t price;  // yuan
};

std::vector<Attempt> RandomAttempts(std::mt19937_64& random, int64_t seconds) {
  std::vector<Attempt> attempts;
  const auto below = [&](uint64_t bound) { return static_cast<int64_t>(random() % bound); };
  int64_t level = 100;
  for (int64_t second = below(5); second < seconds; second += 1 + below(10)) {
    attempts.push_back({second, static_cast<int>(below(3)), level + 5 * (below(8) - 2)});
    level = std::max(level, attempts.back().price);
    if (below(6) == 0) level += 10;
  }
  return attempts;
}

struct Result {
  std::vector<size_t> accepted;  // which attempts
  int64_t end = 0;               // second of the close
  int winner = -1;
  int64_t price = 0;
  bool operator==(const Result&) const = default;
};

constexpr int64_t kStart = 100;
constexpr int64_t kStep = 10;
constexpr int64_t kFree = 60;
constexpr int64_t kCycle = 10;

// Somebody is declared in default; before the attempts of the same second.
struct Break {
  int64_t second;
  int bidder;
};

std::vector<Break> RandomBreaks(std::mt19937_64& random) {
  std::vector<Break> breaks;
  for (int bidder = 0; bidder < 3; ++bidder) {
    if (random() % 3 == 0) breaks.push_back({static_cast<int64_t>(1 + random() % 120), bidder});
  }
  std::sort(breaks.begin(), breaks.end(),
            [](const Break& a, const Break& b) { return a.second < b.second; });
  return breaks;
}

// All bids over again, without those of the barred.
void FindLeader(const std::vector<Attempt>& attempts, const std::set<int>& barred, Result& result) {
  result.winner = -1;
  result.price = 0;
  for (const size_t i : result.accepted) {
    const Attempt& bid = attempts[i];
    if (barred.contains(bid.bidder) || bid.price <= result.price) continue;
    result.winner = bid.bidder;
    result.price = bid.price;
  }
}

// Rising bids: `end_after` says where the end lies after an accepted bid, `end_with` where at least once the leader
// has fallen out.
template <class EndAfter, class EndWith>
Result NaiveRise(const std::vector<Attempt>& attempts, std::vector<Break> breaks, int64_t first_end,
                 EndAfter end_after, EndWith end_with) {
  Result result{{}, first_end, -1, 0};
  std::set<int> barred;
  const auto break_until = [&](int64_t second) {
    while (!breaks.empty() && breaks.front().second <= second && breaks.front().second < result.end) {
      const Break broken = breaks.front();
      breaks.erase(breaks.begin());
      barred.insert(broken.bidder);
      const bool falls = broken.bidder == result.winner;
      FindLeader(attempts, barred, result);
      if (falls) result.end = end_with(broken.second, result.end);
    }
  };
  for (size_t i = 0; i < attempts.size(); ++i) {
    const Attempt& bid = attempts[i];
    break_until(bid.second);
    if (bid.second >= result.end) break;
    if (barred.contains(bid.bidder)) continue;
    if (bid.price < kStart || (bid.price - kStart) % kStep != 0 || bid.price <= result.price) continue;
    if (bid.bidder == result.winner) continue;
    result.accepted.push_back(i);
    result.winner = bid.bidder;
    result.price = bid.price;
    result.end = end_after(bid.second, result.end);
  }
  break_until(INT64_MAX);
  return result;
}

std::string CodeOf(int bidder) { return "B0" + std::to_string(bidder + 1); }

Result RunEngine(Mode mode, const std::vector<Attempt>& attempts, std::vector<Break> breaks) {
  ScheduleAuction command = SessionOf(mode, Yuan(kStart), Yuan(kStep));
  command.rules.free_period = Seconds(kFree);
  command.rules.cycle = Seconds(kCycle);
  command.rules.max_steps_per_bid = 0;
  Session session(command);
  const Time start = command.start_time;
  Result result;
  int barred = 0;  // before the close
  const auto break_until = [&](int64_t second) {
    for (; !breaks.empty() && breaks.front().second <= second; breaks.erase(breaks.begin())) {
      const Time now = start + Seconds(breaks.front().second);
      RC_ASSERT(!session.AskDefault(CodeOf(breaks.front().bidder), now - Nanoseconds(1)));
      const auto refused = session.ConfirmDefault(now);
      // The session may close in between, and what waits is gone with it.
      RC_ASSERT(!refused || session.state().state == State::kClosed);
      if (session.state().state != State::kClosed) ++barred;
    }
  };
  for (size_t i = 0; i < attempts.size(); ++i) {
    break_until(attempts[i].second);
    const Time now = start + Seconds(attempts[i].second);
    if (!session.Bid(CodeOf(attempts[i].bidder), Yuan(attempts[i].price), now)) result.accepted.push_back(i);
  }
  break_until(INT64_MAX);
  session.AdvanceTo(start + Hours(24));
  result.end = (session.state().phase_end - start).ns / 1'000'000'000;
  if (session.state().leading) {
    result.winner = session.state().leading->code[2] - '1';
    result.price = session.state().leading->price.value / 100;
  }
  RC_ASSERT(session.Count<Closed>() == 1);
  const Outcome unsold = barred < 3 ? Outcome::kNoBid : Outcome::kTooFewBidders;
  RC_ASSERT(session.state().outcome == (result.winner < 0 ? unsold : Outcome::kWinner));
  return result;
}

RC_GTEST_PROP(Model, Multi, ()) {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  const std::vector<Attempt> attempts = RandomAttempts(random, 200);
  const std::vector<Break> breaks = RandomBreaks(random);
  int64_t free_end = kFree;
  const Result expected = NaiveRise(
      attempts, breaks, kFree + kCycle,
      [&](int64_t bid, int64_t end) { return bid < free_end ? end : std::max(end, bid + kCycle); },
      [&](int64_t broken, int64_t end) {
        if (broken >= free_end) return std::max(end, broken + kCycle);
        free_end = std::max(free_end, broken + kCycle);
        return free_end + kCycle;
      });
  RC_ASSERT(RunEngine(Mode::kMulti, attempts, breaks) == expected);
}

RC_GTEST_PROP(Model, English, ()) {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  const std::vector<Attempt> attempts = RandomAttempts(random, 200);
  const std::vector<Break> breaks = RandomBreaks(random);
  const auto at_least_a_cycle = [](int64_t second, int64_t end) { return std::max(end, second + kCycle); };
  const Result expected = NaiveRise(attempts, breaks, kFree, at_least_a_cycle, at_least_a_cycle);
  RC_ASSERT(RunEngine(Mode::kEnglish, attempts, breaks) == expected);
}

// --- SEALED: the last envelope of each counts; best price, then rank, then time

struct Envelope {
  int64_t second;
  int64_t price;
};

// Barred in SUBMITTING, after it or, last of all, before the opening is asked for.
void BarSome(Session& session, std::set<int>& barred, std::mt19937_64& random, Time now) {
  if (random() % 6 != 0) return;
  const int bidder = static_cast<int>(random() % 4);
  const auto refused = session.AskDefault(CodeOf(bidder), now);
  RC_ASSERT(!refused == !barred.contains(bidder));
  if (refused) return;
  RC_ASSERT(!session.ConfirmDefault(now));
  barred.insert(bidder);
}

RC_GTEST_PROP(Model, Sealed, ()) {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  const auto below = [&](uint64_t bound) { return static_cast<int64_t>(random() % bound); };
  const bool with_reserve = below(2) == 0;
  ScheduleAuction command = SessionOf(Mode::kSealed, Yuan(kStart), Yuan(kStep));
  command.rules.free_period = Seconds(kFree);
  command.rules.sealed.submissions = 2;
  command.rules.min_bidders = static_cast<int32_t>(1 + below(2));
  command.bidders = {BidderOf("B01"), BidderOf("B02"), BidderOf("B03", 2), BidderOf("B04", 1)};
  if (with_reserve) command.reserve = Reserve{Yuan(kStart + 2), "salt", "commitment"};
  Session session(command);
  const Time start = command.start_time;
  std::map<int, Envelope> standing;
  std::map<int, int32_t> submitted;
  std::set<int> barred;
  for (int64_t second = below(5); second < kFree + 10; second += 1 + below(12)) {
    BarSome(session, barred, random, start + Seconds(second) - Nanoseconds(1));
    const int bidder = static_cast<int>(below(4));
    const Envelope envelope{second, kStart - 1 + below(4)};
    const auto refused = session.Do(SubmitEnvelope{command.bidders[bidder], "", std::string(32, 'd'),
                                                   submitted[bidder], standing.contains(bidder)},
                                    start + Seconds(second));
    const bool taken = second < kFree && submitted[bidder] < 2 && !barred.contains(bidder);
    RC_ASSERT(!refused == taken);
    if (!taken) continue;
    ++submitted[bidder];
    standing[bidder] = envelope;
  }
  session.AdvanceTo(start + Seconds(kFree + 20));
  const auto fewest = static_cast<size_t>(command.rules.min_bidders);
  RC_ASSERT((session.state().state == State::kClosed) == (standing.empty() || standing.size() < fewest));
  if (session.state().state == State::kClosed) return;
  BarSome(session, barred, random, start + Minutes(4));
  session.Collect(start + Minutes(5));
  OpenEnvelopes opening;
  int winner = -1;
  for (const auto& [bidder, envelope] : standing) {
    opening.envelopes.push_back({.bidder = command.bidders[bidder],
                                 .time = start + Seconds(envelope.second),
                                 .price = Yuan(envelope.price)});
    const auto rank = [](int who) { return who == 3 ? 0 : who == 2 ? 1 : 2; };
    if (envelope.price < kStart || barred.contains(bidder)) continue;
    if (winner < 0) {
      winner = bidder;
      continue;
    }
    const Envelope& best = standing[winner];
    const bool better = envelope.price != best.price   ? envelope.price > best.price
                        : rank(bidder) != rank(winner) ? rank(bidder) < rank(winner)
                                                       : envelope.second < best.second;
    if (better) winner = bidder;
  }
  RC_ASSERT(!session.Do(opening, start + Minutes(10)));
  const auto count = static_cast<size_t>(std::count_if(
      standing.begin(), standing.end(), [&](const auto& entry) { return !barred.contains(entry.first); }));
  const Outcome expected = count < fewest                                        ? Outcome::kTooFewBidders
                           : winner < 0                                          ? Outcome::kNoBid
                           : with_reserve && standing[winner].price < kStart + 2 ? Outcome::kBelowReserve
                                                                                 : Outcome::kWinner;
  RC_ASSERT(session.state().outcome == expected);
  if (winner >= 0 && count >= fewest) RC_ASSERT(session.LeaderCode() == CodeOf(winner));
}

// --- DUTCH: the price never rises, one acceptance (A12)

RC_GTEST_PROP(Model, Dutch, ()) {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  const auto below = [&](uint64_t bound) { return static_cast<int64_t>(random() % bound); };
  ScheduleAuction command = SessionOf(Mode::kDutch, Yuan(1000 + below(500)), Yuan(1));
  command.rules.dutch = {Yuan(1 + below(90)), {}, Seconds(10), Yuan(200 + below(300))};
  Session session(command);
  const Time start = command.start_time;
  const int64_t step = command.rules.dutch.decrement.value;
  const Fen floor = command.rules.dutch.floor;
  Fen last = command.rules.start_price;
  for (int64_t second = 0;; second += 1 + below(8)) {
    const Time now = start + Seconds(second);
    session.AdvanceTo(now);
    const Fen price{std::max(floor.value, command.rules.start_price.value - step * (second / 10))};
    const bool over =
        last == floor && second / 10 > (command.rules.start_price.value - floor.value + step - 1) / step;
    RC_ASSERT((session.state().state == State::kClosed) == over);
    if (over) break;
    RC_ASSERT(MinAcceptable(session.state(), now) == price);
    RC_ASSERT(price <= last);
    last = price;
    if (below(30) == 0) {
      RC_ASSERT(!session.Bid("B01", price, now + Nanoseconds(1)));
      RC_ASSERT(session.Bid("B02", price, now + Nanoseconds(2)) == Reason::kPHASE_CLOSED);
      RC_ASSERT(session.state().leading->price == price);
      return;
    }
  }
  RC_ASSERT(session.state().outcome == Outcome::kNoBid);
}

// --- Any commands in any order

class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}
  int64_t Below(uint64_t bound) { return static_cast<int64_t>(random_() % bound); }
  bool Toss() { return Below(2) == 0; }

 private:
  std::mt19937_64 random_;
};

ScheduleAuction AnySession(Dice& dice) {
  const auto mode = static_cast<Mode>(dice.Below(7));
  ScheduleAuction command = SessionOf(mode, Yuan(kStart), Yuan(kStep));
  command.draw_seed = DrawSeed{std::string(32, 'r'), std::string(32, 'c')};
  command.bidders = {BidderOf("B01"), BidderOf("B02"), BidderOf("B03", 1), BidderOf("B04", 1)};
  command.rules.dutch = {Yuan(1), {}, Seconds(10), Yuan(50)};
  command.rules.scoring.price_weight = {1'000'000};
  command.rules.min_bidders = mode == Mode::kTender ? 3 : 1;
  command.rules.proxy_bids = IsAscending(mode) && dice.Toss();
  command.rules.suspension.resume_notice = {};
  const bool may_ask = mode != Mode::kWeighted && mode != Mode::kTender;
  if (may_ask && !command.rules.proxy_bids && dice.Toss()) {
    const auto equal_rank = static_cast<EqualRank>(dice.Below(3));
    const bool may_raise = IsAscending(mode) && equal_rank != EqualRank::kProRata;
    command.rules.priority = {PriorityMode::kAskAtEnd, equal_rank, Minutes(5), may_raise};
  } else if (IsAscending(mode)) {
    command.rules.cap = Yuan(kStart + 200);
    if (!command.rules.proxy_bids) command.rules.cap_policy = static_cast<CapPolicy>(dice.Below(2));
  }
  if (mode == Mode::kSealed && dice.Toss()) command.rules.tie_rule = TieRule::kRequote;
  command.rules.next_best_allowed = dice.Toss();
  return command;
}

OpenEnvelopes AnyOpening(const Session& session, const ScheduleAuction& command, Fen price, Time now) {
  OpenEnvelopes opening;
  for (int32_t n = 0; n < std::min(session.state().envelopes.count, 4); ++n) {
    opening.envelopes.push_back({.bidder = command.bidders[n], .time = now, .price = price});
  }
  return opening;
}

void AnyCommand(Session& session, const ScheduleAuction& command, Dice& dice, Time now) {
  const std::string& code = command.bidders[dice.Below(4)].code;
  const Fen price = Yuan(kStart + kStep * dice.Below(25));
  const auto any_act = static_cast<Act>(dice.Below(5));
  switch (dice.Below(18)) {
    case 0:
    case 1:
      session.Bid(code, MinAcceptable(session.state(), now).value_or(price), now, true);
      return;
    case 2:
      session.Bid(code, price, now, true);
      return;
    case 3:
      session.Proxy(code, price, now);
      return;
    case 4:
      session.Outage(now - Milliseconds(dice.Below(10'000)), now);
      return;
    case 5:
      session.Do(RequestAct{any_act, "people/p1", "OBJECTION", now + Minutes(1 + dice.Below(60))}, now);
      return;
    case 6:
      session.Do(ConfirmAct{session.state().pending ? session.state().pending->act : any_act, "people/p2"},
                 now);
      return;
    case 7:
      session.Answer(code, dice.Toss(), now);
      return;
    case 8:
      session.Do(DrawLot{std::string(32, static_cast<char>(dice.Below(256)))}, now);
      return;
    case 9:
      session.Submit(code, now, 0);
      return;
    case 10:
      session.Do(HandInShares{static_cast<int32_t>(dice.Below(5))}, now);
      return;
    case 11:
      session.Do(FixScores{{{"B01", 1}, {"B02", 2}, {"B03", 3}, {"B04", 4}}}, now);
      return;
    case 12:
      session.Do(AnyOpening(session, command, price, now), now);
      return;
    case 13:
      session.Do(AskAgain{}, now);
      return;
    case 14:
      session.Do(NoteObjection{!session.state().objected && dice.Toss()}, now);
      return;
    case 15:
      if (dice.Below(10) == 0) session.Do(EndWithListing{"FALSE_MATERIAL"}, now);
      return;
    case 16:
      session.AskDefault(code, now);
      return;
    case 17:
      session.ConfirmDefault(now);
      return;
  }
}

// Session checks after each command that the events rebuild the state and that the invariants hold.
RC_GTEST_PROP(Model, AnyCommandsInAnyOrder, ()) {
  Dice dice(*rc::gen::arbitrary<uint64_t>());
  const ScheduleAuction command = AnySession(dice);
  Session session(command);
  Time now = command.start_time;
  for (int i = 0; i < 80; ++i) {
    now = now + Milliseconds(1 + dice.Below(dice.Toss() ? 60'000 : 1'200'000));
    const Auction before = session.state();
    AnyCommand(session, command, dice, now);
    const bool closed = session.state().state == State::kClosed;
    RC_ASSERT(session.Count<Closed>() == (closed ? 1 : 0));
    if (before.state == State::kClosed) RC_ASSERT(session.state().outcome == before.outcome);
    if (session.state().outcome != Outcome::kWinner || before.state == State::kClosed) continue;
    const std::vector<std::string>& barred = session.state().barred;
    const auto is_barred = [&](const std::string& code) {
      return std::find(barred.begin(), barred.end(), code) != barred.end();
    };
    RC_ASSERT(!is_barred(session.LeaderCode()));
    const std::vector<Portion>& portions = session.Last<Closed>().portions;
    RC_ASSERT(std::none_of(portions.begin(), portions.end(),
                           [&](const Portion& portion) { return is_barred(portion.code); }));
    const auto sum = std::accumulate(portions.begin(), portions.end(), Fen{},
                                     [](Fen so_far, const Portion& portion) { return so_far + portion.price; });
    RC_ASSERT(portions.empty() || sum == session.state().leading->price);
  }
}

// What holders are asked about costs no less without whoever is barred, or is not sold, unless the rules let the next
// best take the place. Who raised above a holder may fall out, and the holder has the object at its own bid.
RC_GTEST_PROP(Model, ADefaultAfterTheBiddingLowersNoPrice, ()) {
  Dice dice(*rc::gen::arbitrary<uint64_t>());
  ScheduleAuction command = AnySession(dice);
  command.rules.next_best_allowed = false;
  Session session(command);
  Time now = command.start_time;
  for (int i = 0; i < 80; ++i) {
    now = now + Milliseconds(1 + dice.Below(dice.Toss() ? 60'000 : 1'200'000));
    const Auction before = session.state();
    AnyCommand(session, command, dice, now);
    const bool is_over = before.state == State::kPriorityExercise || before.state == State::kRaise;
    if (!is_over || session.state().outcome == Outcome::kAnnulled) continue;
    RC_ASSERT(before.exercise.displaced.empty() || before.rival.has_value());
    const Fen asked = before.exercise.displaced.empty() ? before.leading->price : before.rival->price;
    RC_ASSERT(session.state().leading && session.state().leading->price >= asked);
  }
}

}  // namespace
}  // namespace ttx::auction
