#include "services/auction/replay/session.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <random>
#include <sstream>
#include <type_traits>

#include "libs/core/encoding.h"
#include "libs/crypto/digest.h"
#include "services/auction/domain/limits.h"
#include "services/auction/domain/test_session.h"

namespace ttx::auction::replay {
namespace {

constexpr Time kNow{1'800'000'000'000'000'000};
constexpr Time kStart = kNow + Hours(1);

class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) : file_(std::tmpfile()) {
    std::fwrite(content.data(), 1, content.size(), file_);
    std::fflush(file_);
    std::rewind(file_);
  }
  ~TemporaryFile() { std::fclose(file_); }
  TemporaryFile(const TemporaryFile&) = delete;
  int descriptor() const { return ::fileno(file_); }

 private:
  std::FILE* file_;
};

Bidder BidderNumber(int number) {
  const std::string code = std::to_string(11'111 * number);
  return {
      .code = code, .organization = "organizations/secret" + code, .intent = "listings/l/intents/" + code};
}

// A session of a service: what it decided, and the hash it keeps.
struct Recorded {
  Auction auction;
  std::vector<Event> events;
  std::string log_hash = std::string(crypto::kDigestBytes, '\0');

  void Take(Decision decision) {
    const bool was_closed = auction.state == State::kClosed;
    for (Event& event : decision.events) {
      auction = Apply(std::move(auction), event);
      const std::string line = CanonicalLine(auction, event);
      if (!was_closed && !line.empty()) log_hash = crypto::Sha256(log_hash + line);
      events.push_back(std::move(event));
    }
  }
  template <class Command>
  void Run(const Command& command, Time now) {
    if constexpr (std::is_same_v<Command, ConfirmAct>) {
      std::vector<auction::Bid> bids;
      auction::testing::AddBids(events, bids);
      ConfirmAct confirmed = command;
      confirmed.left = auction::testing::LeftAt(auction, std::move(bids), now);
      Take(auction::Decide(auction, confirmed, now));
    } else {
      Take(auction::Decide(auction, command, now));
    }
  }
  void Bid(int bidder, int64_t price, Time now, bool confirm = false) {
    PlaceBid command;
    if (bidder > 0) command.bidder = BidderNumber(bidder);
    command.organization = "organizations/secret-caller";
    command.price = {price};
    command.confirm = confirm;
    Run(command, now);
  }
};

ScheduleAuction Announced(Mode mode) {
  ScheduleAuction schedule;
  schedule.id = {"a1"};
  schedule.listing = "listings/l1";
  schedule.exchange = "organizations/exchange";
  schedule.title = "一种“装置”\\";
  schedule.rules.mode = mode;
  schedule.rules.start_price = {1000};
  schedule.rules.increments = {{{1000}, {100}}};
  schedule.start_time = kStart;
  Reserve reserve{{1500}, std::string(16, 's'), ""};
  reserve.commitment = crypto::Sha256(reserve.salt + "TTX-RESERVE-1|1500");
  schedule.reserve = reserve;
  schedule.bidders = {BidderNumber(1), BidderNumber(2), BidderNumber(3)};
  return schedule;
}

Recorded Begin(const ScheduleAuction& schedule) {
  Recorded session;
  Result<Decision> decision = auction::Decide(schedule, kNow);
  EXPECT_TRUE(decision.ok());
  session.Take(std::move(*decision));
  return session;
}

// Every kind of bid, an outage, a suspension by two persons, a late bid.
Recorded Eventful() {
  Recorded session = Begin(Announced(Mode::kMulti));
  session.Bid(1, 1000, kNow + Minutes(1));
  session.Bid(1, 1000, kStart + Minutes(1));
  session.Bid(2, 1050, kStart + Minutes(2));
  session.Bid(0, 1100, kStart + Minutes(3));
  session.Bid(2, 9000, kStart + Minutes(4));
  session.Bid(2, 9000, kStart + Minutes(5), /*confirm=*/true);
  session.Run(NoteOutage{kStart + Minutes(6)}, kStart + Minutes(6) + Seconds(1));
  session.Run(NoteOutage{kStart + Minutes(7)}, kStart + Minutes(8));
  session.Bid(3, 9100, kStart + Minutes(9));
  session.Run(RequestAct{Act::kSuspend, "people/anna", "OBJECTION", {}}, kStart + Minutes(10));
  session.Run(ConfirmAct{Act::kSuspend, "people/bert"}, kStart + Minutes(11));
  const Time resume = kStart + Hours(26);
  session.Run(RequestAct{Act::kContinue, "people/bert", "OBJECTION", resume}, kStart + Minutes(12));
  session.Run(ConfirmAct{Act::kContinue, "people/anna"}, kStart + Minutes(13));
  session.Run(Advance{}, resume);
  session.Run(Advance{}, session.auction.phase_end + Milliseconds(3));
  session.Bid(1, 9300, session.auction.phase_end - Milliseconds(1));
  session.Run(Advance{}, session.auction.phase_end);
  session.Bid(2, 9400, session.auction.phase_end + Milliseconds(7));
  return session;
}

std::string ExportOf(const Recorded& session) {
  std::string file;
  SessionWriter writer([&](const std::string& line) { file += line; });
  const Status status = ExportEvents(session.events, session.log_hash, writer);
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message());
  return file;
}

ReplayReport ReplayOf(const std::string& file) {
  const TemporaryFile temporary(file);
  LineReader lines(temporary.descriptor(), kMaxSessionLineBytes);
  Result<ReplayReport> report = ReplaySession(lines);
  EXPECT_TRUE(report.ok());
  return *std::move(report);
}

std::string Describe(const ReplayReport& report) {
  if (!report.difference) return "";
  return std::to_string(report.difference->line) + "\n" + report.difference->expected + "\n" +
         report.difference->found;
}

std::vector<std::string> LinesOf(const std::string& file) {
  std::vector<std::string> lines;
  std::istringstream in(file);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string file;
  for (const std::string& line : lines) file += line + "\n";
  return file;
}

// The object of a line without its chain, and the file with the chains of all lines made to fit again.
std::string ObjectOf(const std::string& line) { return line.substr(0, line.rfind(",\"chain\":")) + "}"; }
std::string Rechained(const std::vector<std::string>& objects) {
  std::string file;
  SessionWriter writer([&](const std::string& line) { file += line; });
  for (const std::string& object : objects) writer.Write(object);
  return file;
}

// The timeline of domain.md 5.3; 2026-12-01 09:00 in Shanghai.
Recorded Section5_3() {
  const Time nine = *ParseTime("2026-12-01T01:00:00Z", "start");
  ScheduleAuction schedule = Announced(Mode::kMulti);
  schedule.id = {"2026-12-01-a"};
  schedule.listing = "listings/2026-11-a";
  schedule.title = "一种传感器的专利权";
  schedule.rules.start_price = {100'000'000};
  schedule.rules.increments = {{{100'000'000}, {1'000'000}}};
  schedule.start_time = nine;
  schedule.reserve->price = {105'000'000};
  schedule.reserve->commitment = crypto::Sha256(schedule.reserve->salt + "TTX-RESERVE-1|105000000");
  Recorded session;
  session.Take(*auction::Decide(schedule, nine - Hours(24)));
  const auto at = [&](int64_t ms) { return nine + Milliseconds(ms); };
  session.Run(Advance{}, at(1));
  session.Bid(1, 100'000'000, at(300'000));
  session.Bid(2, 101'000'000, at(1'200'000));
  session.Bid(2, 102'000'000, at(1'260'000));
  session.Bid(3, 101'500'000, at(3'598'000));
  session.Bid(1, 103'000'000, at(3'600'000));
  session.Bid(3, 106'000'000, at(3'899'999));
  session.Bid(1, 107'000'000, at(4'199'999));
  return session;
}

TEST(SessionTest, TheSampleIsTheTimelineOfSection5_3) {
  std::ifstream file("tests/replay/sample/session.jsonl", std::ios::binary);
  std::ostringstream sample;
  sample << file.rdbuf();
  EXPECT_EQ(sample.str(), ExportOf(Section5_3()));
}

TEST(SessionTest, AnExportReplaysToTheSame) {
  const Recorded session = Eventful();
  ASSERT_EQ(session.auction.state, State::kClosed);
  const ReplayReport report = ReplayOf(ExportOf(session));
  EXPECT_EQ(Describe(report), "");
  ASSERT_TRUE(report.result.has_value());
  EXPECT_EQ(report.result->winner, "11111");
  EXPECT_EQ(report.result->price, Fen{9300});
  EXPECT_EQ(report.result->log_hash, Hex(session.log_hash));
  EXPECT_EQ(report.result->accepted, 4);
  EXPECT_EQ(report.result->refused, 5);
  EXPECT_EQ(report.result->extensions, 1);
  EXPECT_EQ(report.decisions.size(), session.events.size());
}

TEST(SessionTest, NoIdentityIsInAnExport) {
  const std::string file = ExportOf(Eventful());
  for (const char* secret : {"secret", "intents", "people/", "anna", "bert"}) {
    EXPECT_EQ(file.find(secret), file.npos) << secret;
  }
  EXPECT_NE(file.find("\"P2\""), file.npos) << "persons have numbers";
}

TEST(SessionTest, TheReservePriceOfARunningSessionIsNotInItsExport) {
  Recorded session = Begin(Announced(Mode::kMulti));
  session.Bid(1, 1000, kStart + Minutes(1));
  const std::string file = ExportOf(session);
  EXPECT_EQ(file.find("1500"), file.npos);
  EXPECT_EQ(file.find(Hex(std::string(16, 's'))), file.npos);
  EXPECT_EQ(Describe(ReplayOf(file)), "");
}

TEST(SessionTest, AnyChangeOfAnyLineIsFoundAtThatLine) {
  const std::vector<std::string> lines = LinesOf(ExportOf(Eventful()));
  std::mt19937_64 random(7);
  for (size_t i = 0; i < lines.size(); ++i) {
    const auto expect_found = [&](const std::vector<std::string>& changed, const std::string& how) {
      const ReplayReport report = ReplayOf(Joined(changed));
      ASSERT_TRUE(report.difference.has_value()) << how << " line " << i + 1;
      EXPECT_EQ(report.difference->line, static_cast<int64_t>(i + 1)) << how;
      EXPECT_NE(report.difference->expected, report.difference->found) << how;
    };
    std::vector<std::string> changed = lines;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    expect_found(changed, "without");
    changed = lines;
    changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(i), i == 0 ? "{}" : lines[i - 1]);
    expect_found(changed, "twice the line before");
    for (int times = 0; times < 20; ++times) {
      changed = lines;
      char& byte = changed[i][random() % changed[i].size()];
      byte = byte == '1' ? '2' : '1';
      expect_found(changed, "one byte of");
    }
    changed = lines;
    changed[i] += " ";
    expect_found(changed, "a space after");
    changed = lines;
    changed[i].clear();
    expect_found(changed, "nothing in");
  }
}

TEST(SessionTest, ATruncatedOrContinuedFileIsFound) {
  const std::string file = ExportOf(Eventful());
  EXPECT_TRUE(ReplayOf(file.substr(0, file.size() - 1)).difference.has_value()) << "the last line feed";
  EXPECT_TRUE(ReplayOf(file + "\n").difference.has_value());
  EXPECT_TRUE(ReplayOf(file + "{}").difference.has_value());
  EXPECT_TRUE(ReplayOf("").difference.has_value());
}

// Whoever makes the chain fit again is found by the rules, the decisions, the hash of the log or the result.
TEST(SessionTest, AChangeWithAChainThatFitsIsFoundByTheRules) {
  std::vector<std::string> objects;
  for (const std::string& line : LinesOf(ExportOf(Eventful()))) objects.push_back(ObjectOf(line));
  ASSERT_EQ(Describe(ReplayOf(Rechained(objects))), "");
  for (size_t i = 0; i < objects.size(); ++i) {
    for (size_t at = 0; at < objects[i].size(); ++at) {
      if (objects[i][at] < '0' || objects[i][at] > '9') continue;
      std::vector<std::string> changed = objects;
      changed[i][at] = changed[i][at] == '1' ? '2' : '1';
      // What clients are told and what decides nothing in MULTI: outside the log, only the chain protects it.
      static constexpr const char* kOutside[] = {"warnings_ns", "max_total_ns", "share\":", "since_ns"};
      bool outside = false;
      for (const char* name : kOutside) {
        const size_t member = changed[i].rfind(name, at);
        outside =
            outside || (member != std::string::npos && changed[i].find_first_of("{}", member) > at &&
                        changed[i].find("\":", member) + 2 <= at && changed[i].find(",\"", member) > at);
      }
      if (outside) continue;
      EXPECT_TRUE(ReplayOf(Rechained(changed)).difference.has_value())
          << "line " << i + 1 << " byte " << at << ": " << changed[i].substr(at > 30 ? at - 30 : 0, 60);
    }
  }
}

TEST(SessionTest, NumbersNoServiceTakesAreFoundAndStopNothing) {
  std::vector<std::string> objects;
  for (const std::string& line : LinesOf(ExportOf(Eventful()))) objects.push_back(ObjectOf(line));
  int changes = 0;
  for (const std::string member : {"\"price_fen\":", "\"time_ns\":", "\"since_ns\":", "\"resume_time_ns\":",
                                   "\"start_time_ns\":", "\"step_fen\":", "\"cycle_ns\":", "\"rank\":"}) {
    for (const char* number :
         {"9223372036854775807", "-9223372036854775808", "-1", "9223372036854775808", "1e3"}) {
      for (size_t i = 0; i < objects.size(); ++i) {
        const size_t at = objects[i].find(member);
        if (at == std::string::npos) continue;
        std::vector<std::string> changed = objects;
        const size_t digits = at + member.size();
        changed[i].replace(digits, changed[i].find_first_of(",}", digits) - digits, number);
        EXPECT_TRUE(ReplayOf(Rechained(changed)).difference.has_value()) << changed[i];
        ++changes;
      }
    }
  }
  EXPECT_GT(changes, 100);
}

TEST(SessionTest, AProxyIsExportedWithoutItsMaximum) {
  ScheduleAuction schedule = Announced(Mode::kMulti);
  schedule.rules.proxy_bids = true;
  schedule.reserve.reset();
  Recorded session = Begin(schedule);
  SetProxy proxy;
  proxy.bidder = BidderNumber(1);
  proxy.maximum = {2700};
  session.Run(proxy, kStart + Minutes(1));
  session.Bid(2, 1300, kStart + Minutes(2));
  session.Bid(2, 1600, kStart + Minutes(3));
  EXPECT_FALSE([&] {
    SessionWriter writer([](const std::string&) {});
    return ExportEvents(session.events, session.log_hash, writer).ok();
  }()) << "not before the close";
  session.Run(Advance{}, kStart + Hours(3));
  const std::string file = ExportOf(session);
  EXPECT_EQ(file.find("2700"), file.npos);
  const ReplayReport report = ReplayOf(file);
  EXPECT_EQ(Describe(report), "");
  EXPECT_EQ(report.result->winner, "11111");
  EXPECT_EQ(report.result->price, session.auction.leading->price);
}

// domain.md 5.12: the bids of a barred leader are void, and what is left follows from the bids in the file.
TEST(SessionTest, ASessionWithABarredLeaderReplays) {
  ScheduleAuction schedule = Announced(Mode::kMulti);
  schedule.rules.proxy_bids = true;
  schedule.reserve.reset();
  Recorded session = Begin(schedule);
  session.Bid(3, 1000, kStart + Minutes(1));
  session.Bid(2, 1100, kStart + Minutes(2));
  SetProxy proxy;
  proxy.bidder = BidderNumber(1);
  proxy.maximum = {2700};
  session.Run(proxy, kStart + Minutes(3));
  session.Bid(2, 1500, kStart + Minutes(4));
  const auto ask = [&](int bidder, Time now) {
    session.Run(RequestAct{Act::kDeclareDefault, "people/anna", "its letter", {}, BidderNumber(bidder).code,
                           ForfeitCause::kWithdrew},
                now);
  };
  ask(3, kStart + Minutes(5));
  session.Run(RequestAct{Act::kSuspend, "people/anna", "OBJECTION", {}}, kStart + Minutes(6));
  session.Run(WithdrawAct{"people/bert"}, kStart + Minutes(7));
  ask(1, kStart + Minutes(8));
  ASSERT_EQ(session.auction.leading->code, "11111");
  session.Run(ConfirmAct{Act::kDeclareDefault, "people/bert"}, kStart + Minutes(9));
  ASSERT_EQ(session.auction.leading->code, "22222");
  ASSERT_EQ(session.auction.rival->code, "33333");
  session.Bid(1, 1900, kStart + Minutes(10));
  session.Run(Advance{}, kStart + Hours(3));
  ASSERT_EQ(session.auction.state, State::kClosed);
  ask(2, kStart + Hours(4));  // too late to withdraw
  session.Run(
      RequestAct{Act::kDeclareDefault, "people/anna", "a forged licence", {}, "22222", ForfeitCause::kMisconduct},
      kStart + Hours(5));
  session.Run(ConfirmAct{Act::kDeclareDefault, "people/bert"}, kStart + Hours(6));
  ASSERT_EQ(session.auction.barred.size(), 2u);
  const std::string file = ExportOf(session);
  EXPECT_EQ(file.find("2700"), file.npos) << "nobody outbid the maximum";
  EXPECT_EQ(file.find("anna"), file.npos);
  const ReplayReport report = ReplayOf(file);
  EXPECT_EQ(Describe(report), "");
  EXPECT_EQ(report.result->winner, "22222");
  EXPECT_EQ(report.result->price, Fen{1500});
  EXPECT_EQ(report.result->log_hash, Hex(session.log_hash)) << "final with the close";
  // A default of somebody who was no bidder of the session.
  std::vector<std::string> changed;
  for (const std::string& line : LinesOf(file)) changed.push_back(ObjectOf(line));
  for (std::string& object : changed) {
    const size_t at = object.find("\"act\":\"DECLARE_DEFAULT\"");
    const size_t code = object.find("\"bidder\":\"11111\"");
    if (at != std::string::npos && code != std::string::npos) object.replace(code + 10, 5, "99999");
  }
  EXPECT_EQ(ReplayOf(Rechained(changed)).difference->expected, "a bidder of the session");
}

TEST(SessionTest, WhatNobodyConfirmedAndWhatStaffWroteIsNotInAnExport) {
  ScheduleAuction schedule = Announced(Mode::kMulti);
  schedule.reserve.reset();
  Recorded session = Begin(schedule);
  const auto accuse = [&](int bidder, const std::string& person, Time now) {
    session.Run(RequestAct{Act::kDeclareDefault, person, "Yellow River Ltd. paid them", {}, BidderNumber(bidder).code,
                           ForfeitCause::kMisconduct},
                now);
    EXPECT_TRUE(std::holds_alternative<ActRequested>(session.events.back().payload));
  };
  session.Bid(1, 1000, kStart + Minutes(1));
  accuse(3, "people/anna", kStart + Minutes(2));
  session.Bid(2, 1100, kStart + Minutes(3));
  session.Run(WithdrawAct{"people/carl"}, kStart + Minutes(4));
  accuse(3, "people/anna", kStart + Minutes(5));
  session.Run(RequestAct{Act::kSuspend, "people/bert", "COLLUSION_SUSPECTED", {}}, kStart + Minutes(6));
  session.Run(ConfirmAct{Act::kSuspend, "people/dora"}, kStart + Minutes(7));
  const Time resume = kStart + Hours(26);
  session.Run(RequestAct{Act::kRestartPhase, "people/anna", "THIRD_PARTY_CLAIM", resume}, kStart + Minutes(8));
  session.Run(WithdrawAct{"people/anna"}, kStart + Minutes(9));
  session.Run(RequestAct{Act::kContinue, "people/bert", "COLLUSION_SUSPECTED", resume}, kStart + Minutes(10));
  session.Run(ConfirmAct{Act::kContinue, "people/dora"}, kStart + Minutes(11));
  session.Run(Advance{}, resume);
  accuse(1, "people/bert", resume + Minutes(1));
  session.Run(ConfirmAct{Act::kDeclareDefault, "people/dora"}, resume + Minutes(2));
  // Asked for at the instant at which the free bidding turns out to be over: the end is told, the act is not.
  const Time end = session.auction.phase_end + Hours(1);
  accuse(3, "people/anna", end);
  ASSERT_GE(session.events.size(), 2u);
  ASSERT_EQ((session.events.end() - 2)->time, end);
  while (session.auction.state != State::kClosed)
    session.Run(Advance{}, std::max(*NextChange(session.auction), session.auction.update_time) + Seconds(1));
  accuse(3, "people/anna", session.auction.update_time + Hours(1));

  const std::string file = ExportOf(session);
  for (const char* untold : {"Yellow", "33333|MISCONDUCT", "THIRD_PARTY_CLAIM", "RESTART_PHASE", "Withdraw", "anna",
                             "\"P3\"", "|P3"}) {
    EXPECT_EQ(file.find(untold), file.npos) << untold;
  }
  EXPECT_EQ(file.find("\"bidder\":\"33333\",\"cause\""), file.npos);
  EXPECT_NE(file.find("|DECLARE_DEFAULT|P1|-|0|11111|MISCONDUCT"), file.npos);
  EXPECT_NE(file.find("|SUSPEND|P1|COLLUSION_SUSPECTED|0"), file.npos);
  EXPECT_NE(file.find("|CONTINUE|P2"), file.npos);
  const ReplayReport report = ReplayOf(file);
  EXPECT_EQ(Describe(report), "");
  EXPECT_EQ(report.result->winner, "22222");
  EXPECT_EQ(report.result->log_hash, Hex(session.log_hash));
}

TEST(SessionTest, ThatAnOpeningWasAskedForIsToldWithoutWords) {
  Recorded session = Begin(Announced(Mode::kSealed));
  SubmitEnvelope command;
  command.bidder = BidderNumber(1);
  command.digest = crypto::Sha256("1");
  session.Run(command, kStart + Minutes(1));
  const Time end = session.auction.phase_end;
  session.Run(RequestAct{Act::kOpen, "people/anna", "Yellow River Ltd. waits", {}}, end + Minutes(1));
  session.Run(WithdrawAct{"people/anna"}, end + Minutes(2));
  session.Run(RequestAct{Act::kOpen, "people/anna", "Yellow River Ltd. waits", {}}, end + Minutes(3));
  ASSERT_EQ(session.auction.state, State::kOpeningRequested);
  session.Run(EndWithListing{"WITHDRAWN"}, end + Minutes(4));
  const std::string file = ExportOf(session);
  EXPECT_EQ(file.find("Yellow"), file.npos);
  EXPECT_NE(file.find("|OPEN|P1|-|0"), file.npos);
  EXPECT_NE(file.find("ActWithdrawn"), file.npos);
  EXPECT_EQ(Describe(ReplayOf(file)), "");
}

TEST(SessionTest, ASessionWithABidderThatWasToldOfLateReplays) {
  ScheduleAuction schedule = Announced(Mode::kDynamic);
  Recorded session = Begin(schedule);
  session.Bid(1, 1600, kStart + Minutes(1));
  session.Run(Advance{}, kStart + Hours(1));
  ASSERT_EQ(session.auction.state, State::kLimited);
  session.Run(AddBidder{BidderNumber(4), kStart + Minutes(59)}, kStart + Hours(1) + Seconds(1));
  session.Bid(4, 1700, kStart + Hours(1) + Seconds(2));
  session.Run(Advance{}, kStart + Hours(3));
  const ReplayReport report = ReplayOf(ExportOf(session));
  EXPECT_EQ(Describe(report), "");
  EXPECT_EQ(report.result->winner, "44444");
}

TEST(SessionTest, ASealedSessionReplays) {
  ScheduleAuction schedule = Announced(Mode::kSealed);
  schedule.rules.tie_rule = TieRule::kRequote;
  Recorded session = Begin(schedule);
  Time now = kStart;
  const auto next = [&] { return now = now + Seconds(1); };
  for (const int bidder : {1, 2, 3, 3}) {
    SubmitEnvelope command;
    command.bidder = BidderNumber(bidder);
    command.standing = session.auction.envelopes.count == 3;
    command.submitted = command.standing ? 1 : 0;
    command.digest = crypto::Sha256(std::to_string(bidder));
    session.Run(command, next());
  }
  for (const Reason unfit :
       {Reason::kENVELOPE_MALFORMED, Reason::kENVELOPE_MISADDRESSED, Reason::kWRONG_HOLDER_SET}) {
    SubmitEnvelope command;
    command.bidder = BidderNumber(1);
    command.unfit = Error(unfit);
    session.Run(command, next());
    ASSERT_EQ(std::get<BidRefused>(session.events.back().payload).reason, unfit);
  }
  now = kStart + Hours(1);
  session.Run(RequestAct{Act::kOpen, "people/anna", "opening", {}}, next());
  session.Run(ConfirmAct{Act::kOpen, "people/bert"}, next());
  for (int32_t holder = 0; holder < 3; ++holder) session.Run(HandInShares{holder}, next());
  OpenEnvelopes open;
  for (const int bidder : {1, 2, 3}) {
    EnvelopeContent content;
    content.bidder = BidderNumber(bidder);
    content.time = kStart + Seconds(bidder);
    if (bidder < 3) content.price = Fen{1700 + bidder};
    open.envelopes.push_back(content);
  }
  ASSERT_EQ(session.auction.envelopes.count, 3);
  session.Run(open, next());
  ASSERT_EQ(session.auction.state, State::kClosed);
  const ReplayReport report = ReplayOf(ExportOf(session));
  EXPECT_EQ(Describe(report), "");
  EXPECT_EQ(report.result->winner, "22222");
}

// False shares: collecting goes on, a holder comes while envelopes are judged, and a bidder reveals its own.
TEST(SessionTest, ASealedSessionInWhichAHolderLiedReplays) {
  ScheduleAuction schedule = Announced(Mode::kSealed);
  schedule.rules.sealed.holder_set = "the list of key holders";
  Recorded session = Begin(schedule);
  Time now = kStart;
  const auto next = [&] { return now = now + Seconds(1); };
  OpenEnvelopes open;
  for (const int bidder : {1, 2}) {
    SubmitEnvelope command;
    command.bidder = BidderNumber(bidder);
    command.digest = crypto::Sha256(std::to_string(bidder));
    session.Run(command, next());
    open.envelopes.push_back({.bidder = BidderNumber(bidder), .time = now, .price = Fen{1700 + bidder}});
  }
  now = kStart + Hours(1);
  session.Run(RequestAct{Act::kOpen, "people/anna", "opening", {}}, next());
  session.Run(ConfirmAct{Act::kOpen, "people/bert"}, next());
  for (int32_t holder = 0; holder < 3; ++holder) session.Run(HandInShares{holder}, next());
  session.Run(AskAgain{}, next());
  ASSERT_EQ(session.auction.state, State::kSharesCollecting);
  session.Run(HandInShares{3}, next());
  session.Run(HandInShares{4}, next());
  session.Run(AskAgain{}, next());
  ASSERT_EQ(session.auction.state, State::kSelfRevealing);
  RevealEnvelope reveal;
  reveal.bidder = BidderNumber(2);
  reveal.standing = true;
  reveal.last = true;
  session.Run(reveal, next());
  session.Run(open, next());
  ASSERT_EQ(session.auction.state, State::kClosed);
  const std::string file = ExportOf(session);
  const ReplayReport report = ReplayOf(file);
  EXPECT_EQ(Describe(report), "");
  EXPECT_EQ(report.result->winner, "22222");
  EXPECT_NE(file.find("AskAgain"), file.npos);
  std::vector<std::string> changed;
  for (const std::string& line : LinesOf(file)) changed.push_back(ObjectOf(line));
  for (std::string& object : changed) {
    const size_t at = object.find(",\"last\":true");
    if (at != std::string::npos) object.erase(at, 12);
  }
  EXPECT_TRUE(ReplayOf(Rechained(changed)).difference.has_value()) << "the reveal then decides nothing";
}

// What a mode does not take is refused and recorded, and a secret amount does not tell what it was.
TEST(SessionTest, RequestsThatBelongToOtherModesReplay) {
  for (const Mode mode : {Mode::kMulti, Mode::kDynamic, Mode::kEnglish, Mode::kDutch, Mode::kSealed,
                          Mode::kWeighted, Mode::kTender}) {
    for (const bool proxy_bids : {false, true}) {
      ScheduleAuction schedule = Announced(mode);
      schedule.reserve.reset();
      schedule.rules.dutch = {{10}, {}, Seconds(60), {500}};
      schedule.rules.proxy_bids = proxy_bids && (mode == Mode::kMulti || mode == Mode::kEnglish);
      schedule.rules.scoring.price_weight = {1'000'000};
      if (mode == Mode::kTender) schedule.rules.min_bidders = 3;
      schedule.draw_seed =
          DrawSeed{std::string(32, 'r'), crypto::Sha256("TTX-DRAW-SEED-1|" + std::string(32, 'r'))};
      Recorded session = Begin(schedule);
      Time now = kStart;
      for (int round = 0; round < 2; ++round) {
        for (const int bidder : {0, 1}) {
          SubmitEnvelope submit;
          WithdrawEnvelope withdraw;
          SetProxy proxy;
          AnswerPriority answer;
          if (bidder > 0) answer.bidder = proxy.bidder = withdraw.bidder = submit.bidder = BidderNumber(bidder);
          submit.digest = crypto::Sha256("");
          proxy.maximum = {1050};
          session.Run(submit, now = now + Seconds(1));
          session.Run(withdraw, now = now + Seconds(1));
          session.Run(proxy, now = now + Seconds(1));
          session.Run(answer, now = now + Seconds(1));
          session.Bid(bidder, 0, now = now + Seconds(1));
          session.Bid(bidder, 970, now = now + Seconds(1));
        }
        now = now + Hours(3);
        session.Run(Advance{}, now);
      }
      EXPECT_EQ(Describe(ReplayOf(ExportOf(session))), "") << static_cast<int>(mode) << proxy_bids;
    }
  }
}

// Envelopes of three bidders, opened at these prices.
Recorded Opened(const ScheduleAuction& schedule, const std::vector<int64_t>& prices,
                const std::vector<NonPriceScore>& scores = {}) {
  Recorded session = Begin(schedule);
  Time now = kStart;
  const auto next = [&] { return now = now + Seconds(1); };
  OpenEnvelopes open;
  for (int bidder = 1; bidder <= static_cast<int>(prices.size()); ++bidder) {
    SubmitEnvelope command;
    command.bidder = BidderNumber(bidder);
    command.digest = crypto::Sha256(std::to_string(bidder));
    session.Run(command, next());
    open.envelopes.push_back(
        {.bidder = BidderNumber(bidder), .time = now, .price = Fen{prices[static_cast<size_t>(bidder - 1)]}});
  }
  now = kStart + Hours(1);
  if (!scores.empty()) session.Run(FixScores{scores}, next());
  session.Run(RequestAct{Act::kOpen, "people/anna", "opening", {}}, next());
  session.Run(ConfirmAct{Act::kOpen, "people/bert"}, next());
  for (int32_t holder = 0; holder < 3; ++holder) session.Run(HandInShares{holder}, next());
  session.Run(open, next());
  return session;
}

// A drawn lot follows its decision at once, as the service does it.
void DrawIfWaiting(Recorded& session, Time now) {
  if (session.auction.state != State::kDrawing) return;
  session.Run(DrawLot{crypto::Sha256(DrawMaterial(session.auction))}, now);
}

ScheduleAuction AnnouncedTender() {
  ScheduleAuction schedule = Announced(Mode::kTender);
  schedule.rules.min_bidders = 3;
  schedule.rules.scoring.price_weight = {400'000};
  schedule.rules.scoring.criteria = {{"technology", {500'000}}, {"team", {100'000}}};
  schedule.draw_seed = DrawSeed{std::string(32, 'r'), crypto::Sha256("TTX-DRAW-SEED-1|" + std::string(32, 'r'))};
  return schedule;
}

// Seven members; `points(member, bidder)` for each criterion.
template <class Points>
ReportTender ReportOf(Points points) {
  ReportTender report;
  for (size_t member = 0; member < 7; ++member) {
    report.committee.push_back({"secret expert " + std::to_string(member), member != 3});
    for (int bidder = 1; bidder <= 3; ++bidder) {
      report.sheets.push_back({member, BidderNumber(bidder).code, points(static_cast<int64_t>(member), bidder)});
    }
  }
  return report;
}

TEST(SessionTest, ATenderReplaysFromTheScoreSheetsOfItsCommittee) {
  Recorded session = Opened(AnnouncedTender(), {1600, 1900, 1700});
  ASSERT_EQ(session.auction.state, State::kEvaluating);
  ReportTender report = ReportOf([](int64_t member, int bidder) -> std::vector<int64_t> {
    return {500'000 + 10'007 * member * bidder, 1'000'000 - 31'337 * member};
  });
  report.risks = {{BidderNumber(2).code, 3}, {BidderNumber(1).code, 0}};
  session.Run(report, session.auction.update_time + Hours(1));
  ASSERT_EQ(session.auction.state, State::kPublicity);
  const std::string evaluated = ExportOf(session);
  EXPECT_EQ(Describe(ReplayOf(evaluated)), "");
  session.Run(Advance{}, session.auction.phase_end);
  ASSERT_EQ(session.auction.outcome, Outcome::kWinner);
  const std::string file = ExportOf(session);
  const ReplayReport replayed = ReplayOf(file);
  EXPECT_EQ(Describe(replayed), "");
  EXPECT_EQ(replayed.result->winner, session.auction.leading->code);
  EXPECT_EQ(file.find("secret"), file.npos);
  EXPECT_NE(file.find("{\"member\":\"E7\",\"is_expert\":true}"), file.npos);
  EXPECT_NE(file.find("{\"member\":\"E4\",\"is_expert\":false}"), file.npos);

  std::vector<std::string> objects;
  for (const std::string& line : LinesOf(file)) objects.push_back(ObjectOf(line));
  const auto command = std::find_if(objects.begin(), objects.end(), [](const std::string& object) {
    return object.find("\"kind\":\"ReportTender\"") != object.npos;
  });
  ASSERT_NE(command, objects.end());
  const size_t at = command->find("520014");  // the third member's for the first bidder
  ASSERT_NE(at, command->npos);
  command->replace(at, 6, "920014");
  EXPECT_TRUE(ReplayOf(Rechained(objects)).difference.has_value()) << "the totals follow from the sheets";
}

TEST(SessionTest, TheLargestReportFitsIntoALine) {
  const std::string code(16, '9');
  ReportTender report;
  for (size_t i = 1; i <= kMaxCommittee; ++i) report.committee.push_back({"E" + std::to_string(i), false});
  for (size_t i = 0; i < kMaxSheetPoints; ++i) report.sheets.push_back({kMaxCommittee - 1, code, {kFullScore}});
  for (size_t i = 0; i < kMaxBidders; ++i) report.risks.push_back({code, 1000});
  const std::string line = Chain().Link(ToJson(TimedCommand{kStart, report}, 1'000'000));
  EXPECT_LT(line.size(), kMaxSessionLineBytes);
  EXPECT_GT(line.size(), kMaxSessionLineBytes / 2) << "the limit is not far from what a line holds";
}

TEST(SessionTest, ATenderThatALotDecidedReplays) {
  Recorded session = Opened(AnnouncedTender(), {1800, 1800, 1700});
  const Time now = session.auction.update_time + Hours(1);
  session.Run(ReportOf([](int64_t, int) -> std::vector<int64_t> { return {900'000, 900'000}; }), now);
  ASSERT_EQ(session.auction.state, State::kDrawing);
  DrawIfWaiting(session, now);
  ASSERT_EQ(session.auction.state, State::kPublicity);
  session.Run(Advance{}, session.auction.phase_end);
  const std::string file = ExportOf(session);
  EXPECT_EQ(Describe(ReplayOf(file)), "");
  EXPECT_NE(file.find("\"kind\":\"DrawLot\""), file.npos);
}

TEST(SessionTest, ALotAtTheCapReplays) {
  ScheduleAuction schedule = Announced(Mode::kMulti);
  schedule.rules.cap = Fen{2000};
  schedule.rules.cap_policy = CapPolicy::kLotteryAtCap;
  schedule.draw_seed = AnnouncedTender().draw_seed;
  Recorded session = Begin(schedule);
  session.Bid(1, 1000, kStart + Minutes(1));
  session.Bid(2, 2000, kStart + Minutes(2));
  ASSERT_EQ(session.auction.state, State::kCapDeclaring);
  session.Bid(1, 2000, kStart + Minutes(3));
  const Time end = session.auction.phase_end;
  session.Run(Advance{}, end);
  ASSERT_EQ(session.auction.state, State::kDrawing);
  DrawIfWaiting(session, end);
  ASSERT_EQ(session.auction.outcome, Outcome::kWinner);
  const std::string file = ExportOf(session);
  const ReplayReport report = ReplayOf(file);
  EXPECT_EQ(Describe(report), "");
  EXPECT_EQ(report.result->winner, session.auction.leading->code);
}

TEST(SessionTest, AWeightedSessionReplays) {
  ScheduleAuction schedule = Announced(Mode::kWeighted);
  schedule.rules.scoring.price_weight = {600'000};
  const Recorded session = Opened(schedule, {1600, 1900, 1700},
                                  {{"11111", 950'000}, {"22222", 300'000}, {"33333", 800'000}});
  ASSERT_EQ(session.auction.outcome, Outcome::kWinner);
  const std::string file = ExportOf(session);
  EXPECT_EQ(Describe(ReplayOf(file)), "");
  EXPECT_EQ(ReplayOf(file).result->winner, "11111");
}

TEST(SessionTest, ADutchSessionReplays) {
  ScheduleAuction schedule = Announced(Mode::kDutch);
  schedule.reserve.reset();
  schedule.rules.dutch = {{10}, {}, Seconds(60), {500}};
  Recorded session = Begin(schedule);
  session.Bid(1, 1000, kStart + Minutes(2));
  ASSERT_EQ(session.auction.state, State::kDutch) << "the price has fallen";
  session.Bid(2, 980, kStart + Minutes(2) + Seconds(1));
  ASSERT_EQ(session.auction.outcome, Outcome::kWinner);
  const ReplayReport report = ReplayOf(ExportOf(session));
  EXPECT_EQ(Describe(report), "");
  EXPECT_EQ(report.result->price, Fen{980});
}

RC_GTEST_PROP(SessionProperty, ARandomSessionReplaysAndAnyChangedLineIsFound, ()) {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  const auto below = [&](uint64_t n) { return static_cast<int64_t>(random() % n); };
  ScheduleAuction schedule =
      Announced(std::array{Mode::kMulti, Mode::kDynamic, Mode::kEnglish}[random() % 3]);
  schedule.rules.preparation = Seconds(below(100));
  schedule.rules.cycle = Seconds(1 + below(500));
  schedule.rules.free_period = Seconds(1 + below(3000));
  schedule.rules.limited_entry = static_cast<LimitedEntry>(below(3));
  schedule.rules.self_outbid = below(2) == 0;
  if (below(2) == 0) schedule.rules.cap = Fen{3000};
  schedule.rules.proxy_bids = below(2) == 0;
  schedule.reserve->price = {1500};
  Recorded session = Begin(schedule);
  Time now = kStart - Minutes(1);
  for (int64_t count = below(60); count > 0; --count) {
    now = now + Seconds(1 + below(200)) + Nanoseconds(below(1'000'000'000));
    const int64_t price = (session.auction.leading ? session.auction.leading->price.value : 1000) +
                          below(5) * 100 - 100 + (below(5) == 0 ? 7 : 0);
    switch (below(9)) {
      case 0:
        session.Run(Advance{}, now);
        break;
      case 8:
        session.Run(RequestAct{Act::kDeclareDefault, "people/a", "words", {},
                               BidderNumber(static_cast<int>(1 + below(3))).code, ForfeitCause::kMisconduct},
                    now);
        now = now + Seconds(1);
        session.Run(ConfirmAct{Act::kDeclareDefault, "people/b"}, now);
        break;
      case 1:
        session.Run(NoteOutage{now - Milliseconds(below(4000))}, now);
        break;
      case 2: {
        SetProxy command;
        command.bidder = BidderNumber(static_cast<int>(1 + below(3)));
        command.maximum = {price + below(5) * 100};
        session.Run(command, now);
        break;
      }
      default:
        session.Bid(static_cast<int>(below(4)), price, now, below(2) == 0);
    }
  }
  while (session.auction.state != State::kClosed)
    session.Run(Advance{}, *NextChange(session.auction) + Seconds(1));
  const std::string file = ExportOf(session);
  const ReplayReport report = ReplayOf(file);
  if (report.difference) RC_FAIL(Describe(report) + "\n" + file);
  RC_ASSERT(report.result->log_hash == Hex(session.log_hash));
  std::vector<std::string> lines = LinesOf(file);
  const size_t i = random() % lines.size();
  char& byte = lines[i][random() % lines[i].size()];
  byte = static_cast<char>(byte ^ static_cast<char>(1 + below(127)));
  if (byte != '\n') RC_ASSERT(ReplayOf(Joined(lines)).difference->line == static_cast<int64_t>(i + 1));
}

}  // namespace
}  // namespace ttx::auction::replay
