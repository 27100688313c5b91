#include "services/auction/replay/history.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <random>
#include <set>

#include "services/auction/replay/rules_file.h"

namespace ttx::auction::replay {
namespace {

constexpr const char* kAuctions = "auction,start_fen,open_ms,end_ms\n";
constexpr const char* kBids = "auction,time_ms,bidder,amount_fen\n";

// A file that is gone with the object.
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

struct Outputs {
  std::vector<Ending> endings;
  Summary summary;
  std::vector<std::string> problems;
  std::optional<Error> error;
};

Outputs Replay(const Rules& rules, const std::string& auctions, const std::string& bids) {
  Outputs outputs;
  Problems problems([&](const std::string& line) { outputs.problems.push_back(line); });
  History history(rules, problems);
  const TemporaryFile auctions_file(auctions);
  const TemporaryFile bids_file(bids);
  LineReader auction_lines(auctions_file.descriptor(), kMaxRowBytes);
  LineReader bid_lines(bids_file.descriptor(), kMaxRowBytes);
  Status status = history.ReadAuctions(auction_lines, "A");
  if (status.ok()) status = history.ReadBids(bid_lines, "B", {});
  if (!status.ok()) outputs.error = status.error();
  history.Finish();
  for (size_t i = 0; i < history.size(); ++i) outputs.endings.push_back(history.ending(i));
  outputs.summary = history.summary();
  return outputs;
}

Rules Multi() {
  Rules rules;
  rules.increments = {{{1}, {100}}};
  rules.max_steps_per_bid = 0;
  rules.cycle = Seconds(10);
  return rules;
}

int64_t Rejected(const Summary& summary, std::string_view reason) {
  for (const auto& [name, count] : summary.rejected) {
    if (name == reason) return count;
  }
  return 0;
}

// domain.md 5.3's timeline in milliseconds from 09:00.
TEST(HistoryTest, Section5_3_Multi) {
  Rules rules = Multi();
  rules.increments = {{{1}, {1'000'000}}};
  rules.cycle = Seconds(300);
  const Outputs outputs = Replay(rules, std::string(kAuctions) + "T,100000000,0,3600000\n",
                                 std::string(kBids) +
                                     "T,300000,B01,100000000\n"
                                     "T,1200000,B02,101000000\n"
                                     "T,1260000,B02,102000000\n"
                                     "T,3598000,B03,101500000\n"
                                     "T,3600000,B01,103000000\n"
                                     "T,3899999,B03,106000000\n"
                                     "T,4199999,B01,107000000\n");
  ASSERT_EQ(outputs.endings.size(), 1u);
  EXPECT_EQ(outputs.endings[0], (Ending{"T", Outcome::kWinner, "B03", {106'000'000}, 4'199'999, 4, 1}))
      << "the first limited bid comes at the instant the cycle begins and moves nothing";
  EXPECT_EQ(Rejected(outputs.summary, "SELF_LEADING"), 1);
  EXPECT_EQ(Rejected(outputs.summary, "NOT_MULTIPLE"), 1);
  EXPECT_EQ(Rejected(outputs.summary, "PHASE_CLOSED"), 1);
}

TEST(HistoryTest, Section5_7_English) {
  Rules rules = Multi();
  rules.mode = Mode::kEnglish;
  rules.increments = {{{1}, {500'000}}};
  rules.cycle = Minutes(5);
  const int64_t end = 86'400'000;
  const auto at = [&](int64_t before_end_ms) { return std::to_string(end - before_end_ms); };
  const Outputs outputs = Replay(rules, std::string(kAuctions) + "E,50000000,0," + at(0) + "\n",
                                 std::string(kBids) + "E," + at(301'000) + ",B1,50000000\n" +  //
                                     "E," + at(240'000) + ",B2,50500000\n" +                   //
                                     "E," + at(-30'000) + ",B1,52000000\n" +                   //
                                     "E," + at(-330'000) + ",B2,52500000\n");
  EXPECT_EQ(outputs.endings[0], (Ending{"E", Outcome::kWinner, "B1", {52'000'000}, end + 330'000, 3, 2}));
}

TEST(HistoryTest, Section5_5_Sealed) {
  Rules rules = Multi();
  rules.mode = Mode::kSealed;
  const Outputs outputs =
      Replay(rules, std::string(kAuctions) + "S,3300000,1000,5000\nTie,100,1000,5000\nNone,100,1,2000\n",
             std::string(kBids) +
                 "S,1001,A,6100000\n"
                 "S,1002,A,9900000\n"
                 "S,2000,B,10000000\n"
                 "S,3000,C,100\n"
                 "Tie,1100,C,8800\n"
                 "Tie,1099,Late,8800\n"
                 "Tie,4999,D,8800\n"
                 "S,5000,D,99000000\n");
  EXPECT_EQ(outputs.endings[0], (Ending{"S", Outcome::kWinner, "B", {10'000'000}, 5000, 2, 0}));
  EXPECT_EQ(outputs.endings[1], (Ending{"Tie", Outcome::kWinner, "C", {8800}, 5000, 2, 0}));
  EXPECT_EQ(outputs.endings[2].outcome, Outcome::kNoBid);
  EXPECT_EQ(Rejected(outputs.summary, "ALREADY_SUBMITTED"), 1);
  EXPECT_EQ(Rejected(outputs.summary, "BELOW_START"), 1) << "found at the opening";
  EXPECT_EQ(Rejected(outputs.summary, "PHASE_CLOSED"), 1);
  EXPECT_EQ(outputs.problems, std::vector<std::string>{"B:7: earlier than the bid before it in its auction"});
}

TEST(HistoryTest, Section5_7_Dutch) {
  Rules rules = Multi();
  rules.mode = Mode::kDutch;
  rules.dutch = {{2'000'000}, {}, Seconds(60), {140'000'000}};
  const Outputs outputs = Replay(rules, std::string(kAuctions) + "D,200000000,0,86400000\n",
                                 std::string(kBids) +
                                     "D,719999,B1,176000000\n"
                                     "D,720000,B1,176000000\n"
                                     "D,720001,B2,176000000\n");
  EXPECT_EQ(outputs.endings[0], (Ending{"D", Outcome::kWinner, "B1", {176'000'000}, 720'000, 1, 0}));
  EXPECT_EQ(Rejected(outputs.summary, "PRICE_MISMATCH"), 1);
  EXPECT_EQ(Rejected(outputs.summary, "PHASE_CLOSED"), 1);
}

TEST(HistoryTest, ALotAtTheCapIsDrawnAmongThoseWhoDeclared) {
  Rules rules = Multi();
  rules.cap = Fen{1000};
  rules.cap_policy = CapPolicy::kLotteryAtCap;
  const Outputs outputs =
      Replay(rules, std::string(kAuctions) + "L,100,0,60000\n",
             std::string(kBids) + "L,1,B1,1000\nL,2,B2,1000\nL,3,B3,900\nL,20000,B4,1000\n");
  EXPECT_EQ(outputs.endings[0].outcome, Outcome::kWinner);
  EXPECT_TRUE(outputs.endings[0].winner == "B1" || outputs.endings[0].winner == "B2");
  EXPECT_EQ(outputs.endings[0].accepted, 2);
}

TEST(HistoryTest, EveryUnusableRowIsNamedAndCountedAndTheRestGoesOn) {
  const std::string overlong(5000, 'x');
  const std::string auctions = std::string(kAuctions) +
                               "G,100,0,10000\n"
                               "G,100,0,10000\n"
                               "H,100,0\n"
                               "H,100,10000,0\n"
                               "H,-1,0,10000\n"
                               "H,0,0,10000\n"
                               "H,1e3,0,10000\n"
                               "H,100,0,99999999999999999999\n"
                               "\"H\",100,0,10000\n"
                               "H,100,0,10\n"
                               ",100,0,10000\n";
  const std::string bids = std::string(kBids) + "G,1,B1,100\n" +  //
                           "X,2,B1,200\n" +                       //
                           "G,0,B1,200\n" +                       //
                           "G,3,B2\n" +                           //
                           "G,3,B2,200,\n" +                      //
                           "G,3,\"B2\",200\n" +                   //
                           "G,3,,200\n" +                         //
                           "G, 3,B2,200\n" +                      //
                           "G,3,B2,+200\n" +                      //
                           "G,3,B2,200\r\n" +                     //
                           std::string("G,3,B\0,200\n", 11) +     //
                           "G,3,B\xff,200\n" +                    //
                           "\xEF\xBB\xBFG,3,B2,200\n" +           //
                           "G,3,B2,9000000000000001\n" +          //
                           overlong + "\n" +                      //
                           "\n" +                                 //
                           "G,4,\xE7\x94\xB2,200";
  const Outputs outputs = Replay(Multi(), auctions, bids);
  EXPECT_EQ(outputs.endings.size(), 1u);
  EXPECT_EQ(outputs.endings[0].winner, "\xE7\x94\xB2") << "the last row, without a line feed";
  EXPECT_EQ(outputs.summary.accepted, 2);
  EXPECT_EQ(outputs.summary.unusable_rows, 10 + 15);
  ASSERT_EQ(outputs.problems.size(), 20u) << "no more are printed";
  EXPECT_EQ(outputs.problems[0], "A:3: this auction was there before");
  EXPECT_EQ(outputs.problems[1], "A:4: a column is missing");
  EXPECT_EQ(outputs.problems[2], "A:5: it ends before it opens");
  EXPECT_EQ(outputs.problems[8], "A:11: the rules do not fit it: rules.free_period must be 1s..5184000s");
  EXPECT_EQ(outputs.problems[10], "B:3: an unknown auction");
  EXPECT_EQ(outputs.problems[11], "B:4: earlier than the bid before it in its auction");
}

TEST(HistoryTest, AFileMayEndItsLinesWithCarriageReturnsAndBeginWithAByteOrderMark) {
  const Outputs outputs = Replay(Multi(),
                                 "\xEF\xBB\xBF"
                                 "auction,start_fen,open_ms,end_ms\r\nG,100,0,10000\r\n",
                                 "auction,time_ms,bidder,amount_fen\r\nG,1,B1,100\r\n");
  EXPECT_EQ(outputs.summary.unusable_rows, 0);
  EXPECT_EQ(outputs.endings[0].price, Fen{100});
}

TEST(HistoryTest, AnotherHeaderIsRefused) {
  const Outputs outputs = Replay(Multi(), "auction,start,open,end\n", kBids);
  ASSERT_TRUE(outputs.error.has_value());
  EXPECT_EQ(outputs.error->violations.at(0),
            (FieldViolation{"A:1", Reason::kBAD_FORMAT, "auction,start_fen,open_ms,end_ms"}));
  EXPECT_TRUE(Replay(Multi(), "", kBids).error.has_value());
}

TEST(HistoryTest, IncrementsBeginAtTheStartPriceAndMoveUpToTheLadder) {
  Rules common;
  common.increments = {{{1}, {10}}, {{1000}, {300}}, {{2000}, {500}}};
  EXPECT_EQ(RulesOf(common, {95}, Hours(1)).increments,
            (std::vector<Increment>{{{95}, {10}}, {{1005}, {300}}, {{2205}, {500}}}));
  EXPECT_EQ(RulesOf(common, {1500}, Hours(1)).increments,
            (std::vector<Increment>{{{1500}, {300}}, {{2100}, {500}}}));
  EXPECT_EQ(RulesOf(common, {5000}, Hours(1)).increments, (std::vector<Increment>{{{5000}, {500}}}));
  EXPECT_EQ(RulesOf({}, {1'000'000}, Hours(1)).increments, (std::vector<Increment>{{{1'000'000}, {10'000}}}));
}

TEST(HistoryTest, RulesThatNeedMoreThanBidsAreRefused) {
  Rules rules = Multi();
  rules.mode = Mode::kWeighted;
  EXPECT_EQ(History::CheckCommonRules(rules).error().violations.at(0).field, "rules.mode");
  rules = Multi();
  rules.cycle = {};
  EXPECT_EQ(History::CheckCommonRules(rules).error().violations.at(0).field, "rules.cycle");
  rules = Multi();
  rules.increments[0].step = {};
  EXPECT_EQ(History::CheckCommonRules(rules).error().violations.at(0).field, "rules.increments[0]");
  rules = Multi();
  rules.cap = Fen{1000};
  rules.cap_policy = CapPolicy::kLotteryAtCap;
  EXPECT_TRUE(History::CheckCommonRules(rules).ok());
  rules = Multi();
  rules.mode = Mode::kDutch;
  rules.dutch = {{}, {10'000}, Seconds(60), {500}};
  EXPECT_TRUE(History::CheckCommonRules(rules).ok());
  EXPECT_TRUE(History::CheckCommonRules(Multi()).ok());
}

TEST(RulesFileTest, ReadsTheParametersByTheirNamesInTheApi) {
  const Result<Rules> rules = ParseRules(
      "mode: ENGLISH increments { from_fen: 1 step_fen: 500 } multiple_base: FROM_CURRENT cycle { seconds: "
      "240 nanos: 5 }"
      " self_outbid: true cap_fen: 900 sealed { submissions: 2 } next_best_allowed: true",
      "R");
  ASSERT_TRUE(rules.ok());
  EXPECT_EQ(rules->mode, Mode::kEnglish);
  EXPECT_EQ(rules->increments, (std::vector<Increment>{{{1}, {500}}}));
  EXPECT_EQ(rules->multiple_base, MultipleBase::kFromCurrent);
  EXPECT_EQ(rules->cycle, Seconds(240) + Nanoseconds(5));
  EXPECT_TRUE(rules->self_outbid);
  EXPECT_EQ(rules->cap, Fen{900});
  EXPECT_TRUE(rules->next_best_allowed);
  EXPECT_EQ(rules->sealed.submissions, 2);
  EXPECT_EQ(rules->sealed.shares_needed, SealedRules().shares_needed) << "left out: the default";
  EXPECT_EQ(rules->max_steps_per_bid, 0) << "0 means any rise";
}

TEST(RulesFileTest, AnUnknownFieldIsNamedWithItsPlace) {
  const Result<Rules> rules = ParseRules("mode: MULTI\n  cycles: 3\n", "R");
  ASSERT_FALSE(rules.ok());
  EXPECT_EQ(rules.error().metadata.at("detail").substr(0, 6), "R:2:9:")
      << rules.error().metadata.at("detail");
  EXPECT_FALSE(ParseRules("cycle { seconds: -1 }", "R").ok());
  EXPECT_FALSE(ParseRules("mode: BARTER", "R").ok());
}

// --- Against a model that shares no code with the engine --------------------------------------------------

struct ModelBid {
  size_t auction;
  int64_t time_ms;
  std::string bidder;
  int64_t amount;
};

struct ModelAuction {
  int64_t start, open, end;
  Ending ending;
  std::string leader;
  int64_t price = 0;
  bool closed = false;
};

// MULTI with FROM_START, one increment, no preparation, always limited; ENGLISH with its soft close.
class Model {
 public:
  Model(bool english, int64_t step, int64_t cycle) : english_(english), step_(step), cycle_(cycle) {}
  void Bid(ModelAuction& a, const ModelBid& bid, std::map<std::string, int64_t>& rejected) const {
    const int64_t free_end = a.end;
    if (!english_ && !a.closed && !limited_.contains(&a) && bid.time_ms >= free_end) {
      limited_.insert(&a);
      a.end = free_end + cycle_;
    }
    const auto reject = [&](const char* why) { ++rejected[why]; };
    if (bid.time_ms < a.open) return reject("NOT_OPEN");
    if (bid.time_ms >= a.end) return reject("PHASE_CLOSED");
    if (bid.amount < a.start) return reject("BELOW_START");
    if ((bid.amount - a.start) % step_ != 0) return reject("NOT_MULTIPLE");
    if (!a.leader.empty() && bid.amount <= a.price) return reject("NOT_HIGHER");
    if (a.leader == bid.bidder) return reject("SELF_LEADING");
    a.leader = bid.bidder;
    a.price = bid.amount;
    ++a.ending.accepted;
    const bool moves = english_ ? a.end - bid.time_ms <= cycle_ : limited_.contains(&a);
    if (moves && bid.time_ms + cycle_ > a.end) ++a.ending.extensions;
    if (moves) a.end = bid.time_ms + cycle_;
  }
  void Close(ModelAuction& a) const {
    if (!english_ && !limited_.contains(&a)) a.end += cycle_;
    a.ending.end_ms = a.end;
    a.ending.outcome = a.leader.empty() ? Outcome::kNoBid : Outcome::kWinner;
    a.ending.winner = a.leader;
    a.ending.price = {a.price};
  }

 private:
  const bool english_;
  const int64_t step_;
  const int64_t cycle_;
  mutable std::set<const ModelAuction*> limited_;
};

void AgreesWithTheModel(bool english, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); };
  constexpr int64_t kStep = 100;
  constexpr int64_t kCycle = 5000;
  std::vector<ModelAuction> auctions(static_cast<size_t>(1 + below(8)));
  std::string auctions_csv = kAuctions;
  for (size_t i = 0; i < auctions.size(); ++i) {
    ModelAuction& a = auctions[i];
    a.start = 100 + below(1000);
    a.open = below(5000);
    a.end = a.open + 1000 + below(20'000);
    a.ending.auction = "N" + std::to_string(i);
    auctions_csv += a.ending.auction + "," + std::to_string(a.start) + "," + std::to_string(a.open) + "," +
                    std::to_string(a.end) + "\n";
  }
  Rules rules = Multi();
  if (english) rules.mode = Mode::kEnglish;
  rules.increments = {{{1}, {kStep}}};
  rules.cycle = Milliseconds(kCycle);
  const Model model(english, kStep, kCycle);
  std::string bids_csv = kBids;
  std::map<std::string, int64_t> rejected;
  std::vector<int64_t> now(auctions.size(), 0);
  for (int64_t count = below(300); count > 0; --count) {
    const auto i = static_cast<size_t>(below(static_cast<int64_t>(auctions.size())));
    now[i] += below(kCycle / 2);
    const int64_t base = std::max(auctions[i].price, auctions[i].start);
    const int64_t amount = std::max<int64_t>(0, base + (below(6) - 2) * kStep + (below(8) == 0 ? 1 : 0));
    const ModelBid bid{i, now[i], "B" + std::to_string(below(4)), amount};
    bids_csv += auctions[i].ending.auction + "," + std::to_string(bid.time_ms) + "," + bid.bidder + "," +
                std::to_string(bid.amount) + "\n";
    model.Bid(auctions[i], bid, rejected);
  }
  const Outputs outputs = Replay(rules, auctions_csv, bids_csv);
  RC_ASSERT(outputs.summary.unusable_rows == 0);
  std::map<std::string, int64_t> replayed;
  for (const auto& [reason, times] : outputs.summary.rejected) replayed[std::string(reason)] = times;
  RC_ASSERT(replayed == rejected);
  for (size_t i = 0; i < auctions.size(); ++i) {
    model.Close(auctions[i]);
    RC_ASSERT(ToJson(outputs.endings[i]) == ToJson(auctions[i].ending));
  }
}

RC_GTEST_PROP(HistoryProperty, MultiAgreesWithANaiveModel, ()) {
  AgreesWithTheModel(/*english=*/false, *rc::gen::arbitrary<uint64_t>());
}

RC_GTEST_PROP(HistoryProperty, EnglishAgreesWithANaiveModel, ()) {
  AgreesWithTheModel(/*english=*/true, *rc::gen::arbitrary<uint64_t>());
}

RC_GTEST_PROP(HistoryProperty, NoBytesStopIt, ()) {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  constexpr char kBytes[] = "0123456789,,,,\n\n\n-\"\rGB\0\xff\xef ";
  std::string auctions = std::string(kAuctions) + "G,100,0,10000\n";
  std::string bids = kBids;
  for (std::string* file : {&auctions, &bids}) {
    for (uint64_t count = random() % 2000; count > 0; --count)
      *file += kBytes[random() % (sizeof(kBytes) - 1)];
  }
  const Outputs outputs = Replay(Multi(), auctions, bids);
  const auto rows =
      std::count(bids.begin(), bids.end(), '\n') + std::count(auctions.begin(), auctions.end(), '\n');
  RC_ASSERT(outputs.summary.unusable_rows <= rows);
  RC_ASSERT(outputs.summary.auctions >= 1);
}

}  // namespace
}  // namespace ttx::auction::replay
