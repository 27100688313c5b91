// Every kind of event and every part of the state comes back from its bytes as it was.

#include "services/auction/store/record_codec.h"

#include <gtest/gtest.h>

#include <set>

#include "services/auction/domain/test_session.h"

namespace ttx::auction {
namespace {

using testing::At;
using testing::BidderOf;
using testing::Session;
using testing::SessionOf;
using testing::Yuan;

// Runs sessions and, after each command, sends state and events through their bytes.
class Trip {
 public:
  explicit Trip(const ScheduleAuction& command) : session_(command) { Compare(); }

  template <class Command>
  Trip& Do(const Command& command, Time now) {
    session_.Do(command, now);
    Compare();
    return *this;
  }
  Trip& Bid(const std::string& code, Fen price, Time now) {
    session_.Bid(code, price, now, true);
    Compare();
    return *this;
  }
  Trip& Submit(const std::string& code, Time now) {
    session_.Submit(code, now);
    Compare();
    return *this;
  }
  Trip& ByTwo(Act act, Time now, Time resume_time = {}) {
    Do(RequestAct{act, "people/p1", "OBJECTION", resume_time}, now);
    return Do(ConfirmAct{act, "people/p2"}, now + Seconds(1));
  }
  Session& session() { return session_; }

  /// Indices of the event kinds that were compared.
  static std::set<size_t>& seen() {
    static std::set<size_t> kinds;
    return kinds;
  }

 private:
  void Compare() {
    const StoredAuction stored{session_.state(), "log hash", session_.state().phase_end};
    const StoredAuction read = DecodeAuction(EncodeAuction(stored));
    EXPECT_EQ(read.auction, stored.auction) << StateName(stored.auction.state);
    EXPECT_EQ(read.log_hash, stored.log_hash);
    EXPECT_EQ(read.due, stored.due);
    for (const Event& event : session_.last().events) {
      const StoredEvent again = DecodeEvent(7, EncodeEvent(session_.state(), event, "hash", 3));
      EXPECT_EQ(again.event, event) << event.payload.index();
      EXPECT_EQ(again.auction, session_.state().id());
      EXPECT_EQ(again.previous_milestone, 3u);
      seen().insert(event.payload.index());
    }
  }

  Session session_;
};

ScheduleAuction Rich(Mode mode) {
  ScheduleAuction command = SessionOf(mode, Yuan(1'000), Yuan(10));
  command.bidders = {BidderOf("B01"), BidderOf("B02"), BidderOf("B03"), BidderOf("H1", 1, 60),
                     BidderOf("H2", 1, 40)};
  command.draw_seed = DrawSeed{std::string(32, 'r'), std::string(32, 'c')};
  command.barred_organizations = {"organizations/barred"};
  command.rules.dutch = {Yuan(10), {}, Seconds(60), Yuan(500)};
  command.rules.scoring = {{600'000}, {{"technology", {400'000}}}, Hours(24)};
  command.rules.min_bidders = mode == Mode::kTender ? 3 : 1;
  command.rules.sealed = {2, true, true, 1, 3, Hours(1), Hours(2), Hours(3)};
  command.rules.suspension = {Minutes(31), Duration{}, Hours(100)};
  command.rules.warnings = {};
  command.rules.max_total = Hours(9);
  return command;
}

void PricesProxiesSuspensionsAndRestarts() {
  ScheduleAuction command = Rich(Mode::kMulti);
  command.rules.proxy_bids = true;
  command.reserve = Reserve{Yuan(1'010), "salt", "commitment"};
  Trip trip(command);
  trip.Do(AddBidder{BidderOf("H3", 1, 5)}, At(8, 30))
      .Bid("B01", Yuan(1'000), At(9, 1))
      .Bid("stranger", Yuan(1'000), At(9, 2))
      .Do(SetProxy{BidderOf("B01"), "", Yuan(1'200)}, At(9, 3))
      .Bid("B02", Yuan(1'050), At(9, 4))
      .Do(NoteOutage{At(9, 5)}, At(9, 5, 1))
      .Do(RequestAct{Act::kSuspend, "people/p1", "OBJECTION", {}}, At(9, 6))
      .Do(WithdrawAct{"people/p1"}, At(9, 7))
      .ByTwo(Act::kSuspend, At(9, 8))
      .ByTwo(Act::kRestartPhase, At(9, 9), At(9, 20))
      .Bid("B03", Yuan(1'000), At(9, 21))
      .Do(DeclareDefault{"B02", ForfeitCause::kMisconduct}, At(9, 22))
      .ByTwo(Act::kSuspend, At(9, 23))
      .ByTwo(Act::kAnnul, At(9, 24));
  EXPECT_EQ(trip.session().state().outcome, Outcome::kAnnulled);
}

void PriorityRightsAndLots() {
  ScheduleAuction command = Rich(Mode::kEnglish);
  command.rules.priority = {PriorityMode::kAskAtEnd, EqualRank::kProRata, Minutes(7), false};
  Trip shares(command);
  shares.Bid("B01", Yuan(1'000), At(9, 59))
      .Do(Advance{}, At(10, 4))
      .Do(AnswerPriority{BidderOf("H1"), "", true}, At(10, 5))
      .Do(AnswerPriority{BidderOf("H2"), "", true}, At(10, 6));
  EXPECT_EQ(shares.session().Last<Closed>().portions.size(), 2u);
  command = Rich(Mode::kMulti);
  command.rules.cap = Yuan(1'010);
  command.rules.cap_policy = CapPolicy::kLotteryAtCap;
  Trip lottery(command);
  lottery.Bid("B01", Yuan(1'010), At(9, 1))
      .Bid("B02", Yuan(1'010), At(9, 2))
      .Do(Advance{}, At(9, 6))
      .Do(DrawLot{std::string(32, 'd')}, At(9, 7));
  EXPECT_EQ(lottery.session().state().outcome, Outcome::kWinner);
  Trip dutch(Rich(Mode::kDutch));
  dutch.Do(Advance{}, At(9, 1)).Bid("B01", Yuan(990), At(9, 1, 1));
  EXPECT_EQ(dutch.session().state().outcome, Outcome::kWinner);
}

OpenEnvelopes Opening(Fen b03) {
  return {{{.bidder = BidderOf("B01"), .time = At(9, 1), .price = Yuan(1'100)},
           {.bidder = BidderOf("B02"), .time = At(9, 2), .price = Yuan(1'100)},
           {.bidder = BidderOf("B03"), .time = At(9, 3), .price = b03}}};
}

Trip Submitted(const ScheduleAuction& command) {
  Trip trip(command);
  trip.Submit("B01", At(9, 1)).Submit("B02", At(9, 2)).Submit("B03", At(9, 3)).Submit("H1", At(9, 4));
  trip.Do(WithdrawEnvelope{BidderOf("H1"), "", true}, At(9, 5)).Do(Advance{}, At(10, 0));
  return trip;
}

void EnvelopesAndTheirOpening() {
  ScheduleAuction command = Rich(Mode::kSealed);
  command.rules.tie_rule = TieRule::kRequote;
  Trip sealed = Submitted(command);
  sealed.ByTwo(Act::kOpen, At(10, 1)).Do(HandInShares{2}, At(10, 2)).Do(Opening(Fen{1}), At(10, 3));
  EXPECT_EQ(sealed.session().state().envelopes.tied.size(), 2u);
  Trip weighted = Submitted(Rich(Mode::kWeighted));
  weighted.Do(FixScores{{{"B01", 1}, {"B02", 2}, {"B03", 3}}}, At(10, 1)).ByTwo(Act::kOpen, At(10, 2));
  weighted.Do(Advance{}, At(23, 0)).Do(RevealEnvelope{BidderOf("B01"), "", true, false}, At(23, 0, 1));
  EXPECT_EQ(weighted.session().state().envelopes.revealed, 0) << "too late: nobody revealed in time";
  Trip revealing = Submitted(Rich(Mode::kSealed));
  revealing.ByTwo(Act::kOpen, At(10, 1)).Do(RevealEnvelope{BidderOf("B01"), "", true, false}, At(13, 30));
  EXPECT_EQ(revealing.session().state().envelopes.revealed, 1);
}

void TheTendersReport() {
  Trip tender = Submitted(Rich(Mode::kTender));
  ReportTender report{std::vector<Expert>(5, Expert{"e", true}), {}, {{"B03", 1}}};
  for (size_t member = 0; member < 5; ++member) {
    for (const char* code : {"B01", "B02", "B03"}) report.sheets.push_back({member, code, {500'000}});
  }
  tender.ByTwo(Act::kOpen, At(10, 1))
      .Do(HandInShares{0}, At(10, 2))
      .Do(Opening(Yuan(1'100)), At(10, 3))
      .Do(report, At(10, 4))
      .Do(DrawLot{std::string(32, 'd')}, At(10, 5));
  EXPECT_EQ(tender.session().state().state, State::kPublicity);
}

TEST(RecordCodec, EveryKindOfEvent) {
  PricesProxiesSuspensionsAndRestarts();
  PriorityRightsAndLots();
  EnvelopesAndTheirOpening();
  TheTendersReport();
  for (size_t kind = 0; kind < std::variant_size_v<Payload>; ++kind)
    EXPECT_TRUE(Trip::seen().contains(kind)) << kind;
}

}  // namespace
}  // namespace ttx::auction
