// Sealed modes: domain.md 5.5 SEALED, 5.6 WEIGHTED, 5.7 TENDER; the opening of reliability.md 4.1.

#include <gtest/gtest.h>

#include "services/auction/domain/sealed.h"
#include "services/auction/domain/tender.h"
#include "services/auction/domain/test_session.h"
#include "services/auction/domain/weighted.h"

namespace ttx::auction {
namespace {

using testing::At;
using testing::BidderOf;
using testing::Session;
using testing::SessionOf;
using testing::Yuan;

constexpr std::optional<Reason> kAccepted = std::nullopt;

ScheduleAuction SealedSession() {
  ScheduleAuction command = SessionOf(Mode::kSealed, Yuan(33'000), Yuan(1'000));
  command.bidders = {BidderOf("A"), BidderOf("B"), BidderOf("C"), BidderOf("D"), BidderOf("H", 1)};
  return command;
}

EnvelopeContent Content(const std::string& code, Time time, std::optional<Fen> price) {
  return {.bidder = BidderOf(code), .time = time, .price = price};
}

// --- SEALED

TEST(Sealed, Section5_5) {
  Session session(SealedSession());
  EXPECT_EQ(session.Submit("A", At(9, 0, 1)), kAccepted);
  EXPECT_EQ(session.Submit("B", At(9, 20)), kAccepted);
  session.AdvanceTo(At(10, 0));
  EXPECT_EQ(session.state().state, State::kClosedForOpening);
  session.Collect(At(10, 5));
  EXPECT_EQ(session.state().state, State::kOpening);
  EXPECT_EQ(session.Do(OpenEnvelopes{{Content("A", At(9, 0, 1), Yuan(61'000)),
                                      Content("B", At(9, 20), Yuan(100'000))}},
                       At(10, 6)),
            kAccepted);
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.LeaderCode(), "B");
  EXPECT_EQ(session.state().leading->price, Yuan(100'000));
  EXPECT_EQ(session.Last<Opened>().bids.size(), 2u);
}

// Submits for each, collects and opens.
Session OpenedWith(const ScheduleAuction& command, const std::vector<EnvelopeContent>& envelopes) {
  Session session(command);
  for (const EnvelopeContent& content : envelopes) {
    EXPECT_EQ(session.Submit(content.bidder.code, content.time), kAccepted);
  }
  session.AdvanceTo(At(10, 0));
  session.Collect(At(10, 5));
  EXPECT_EQ(session.Do(OpenEnvelopes{envelopes}, At(10, 6)), kAccepted);
  return session;
}

TEST(Sealed, Section5_5_TieGoesToTheEarlier) {
  const Session session = OpenedWith(SealedSession(), {Content("D", At(9, 10, 0, 99), Yuan(88'000)),
                                                       Content("C", At(9, 10, 0, 100), Yuan(88'000))});
  EXPECT_EQ(session.LeaderCode(), "D");
}

TEST(Sealed, ATieGoesToThePriorityHolderFirst) {
  const Session session = OpenedWith(
      SealedSession(), {Content("D", At(9, 10), Yuan(88'000)), Content("H", At(9, 50), Yuan(88'000))});
  EXPECT_EQ(session.LeaderCode(), "H");
}

TEST(Sealed, InvalidEnvelopesAreDiscardedWithTheirReason) {
  ScheduleAuction command = SealedSession();
  command.rules.sealed.check_multiple = true;
  const Session session =
      OpenedWith(command, {Content("A", At(9, 1), std::nullopt), Content("B", At(9, 2), Yuan(32'999)),
                           Content("C", At(9, 3), Yuan(99'500)), Content("D", At(9, 4), Yuan(50'000)),
                           Content("H", At(9, 5), Fen{kMaxFen + 1})});
  EXPECT_EQ(session.LeaderCode(), "D");
  std::vector<std::optional<Reason>> reasons;
  for (const OpenedBid& bid : session.Last<Opened>().bids) reasons.push_back(bid.invalid);
  const std::vector<std::optional<Reason>> expected = {Reason::kENVELOPE_UNREADABLE, Reason::kBELOW_START,
                                                       Reason::kNOT_MULTIPLE, std::nullopt,
                                                       Reason::kOUT_OF_RANGE};
  EXPECT_EQ(reasons, expected);
}

TEST(Sealed, NothingValidIsNoBid) {
  EXPECT_EQ(OpenedWith(SealedSession(), {Content("A", At(9, 1), std::nullopt)}).state().outcome,
            Outcome::kNoBid);
}

TEST(Sealed, BelowTheReserve) {
  ScheduleAuction command = SealedSession();
  command.reserve = Reserve{Yuan(60'000), "salt", "commitment"};
  EXPECT_EQ(OpenedWith(command, {Content("A", At(9, 1), Yuan(59'999))}).state().outcome,
            Outcome::kBelowReserve);
}

TEST(Sealed, ASecondRoundAmongTheTied) {
  ScheduleAuction command = SealedSession();
  command.rules.tie_rule = TieRule::kRequote;
  Session session =
      OpenedWith(command, {Content("D", At(9, 10), Yuan(88'000)), Content("C", At(9, 20), Yuan(88'000)),
                           Content("A", At(9, 30), Yuan(70'000))});
  EXPECT_EQ(session.state().state, State::kSubmitting);
  EXPECT_EQ(session.Last<RequoteCalled>().codes, (std::vector<std::string>{"C", "D"}));
  EXPECT_EQ(session.Submit("A", At(10, 10)), Reason::kNOT_ASKED);
  EXPECT_EQ(session.Submit("C", At(10, 20)), kAccepted);
  EXPECT_EQ(session.Submit("D", At(10, 30)), kAccepted);
  session.AdvanceTo(At(11, 6));
  session.Collect(At(11, 10));
  EXPECT_EQ(session.Do(OpenEnvelopes{{Content("C", At(10, 20), Yuan(90'000)),
                                      Content("D", At(10, 30), Yuan(87'999))}},
                       At(11, 20)),
            kAccepted);
  EXPECT_EQ(session.LeaderCode(), "C");
  EXPECT_EQ(session.Last<Opened>().bids[1].invalid, Reason::kBELOW_START) << "the tied price is the start";
  EXPECT_EQ(session.Last<Opened>().bids[0].bid.number, 4);
}

TEST(Sealed, ASecondRoundWithoutEnvelopesLeavesTheFirstOnesOrder) {
  ScheduleAuction command = SealedSession();
  command.rules.tie_rule = TieRule::kRequote;
  Session session =
      OpenedWith(command, {Content("D", At(9, 10), Yuan(88'000)), Content("C", At(9, 20), Yuan(88'000))});
  session.AdvanceTo(At(11, 6));
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.LeaderCode(), "D");
}

TEST(Sealed, ASecondRoundThatNobodyOpensLeavesTheFirstOnesOrder) {
  ScheduleAuction command = SealedSession();
  command.rules.tie_rule = TieRule::kRequote;
  for (const bool reveals : {true, false}) {
    if (!reveals) command.rules.sealed.second_period = command.rules.sealed.reveal_period = {};
    Session session =
        OpenedWith(command, {Content("D", At(9, 10), Yuan(88'000)), Content("C", At(9, 20), Yuan(88'000))});
    EXPECT_EQ(session.Submit("C", At(10, 20)), kAccepted);
    session.AdvanceTo(At(11, 6));
    session.ByTwo(Act::kOpen, "time has come", At(11, 10));
    session.AdvanceTo(At(11, 10) + Hours(24 * 30));
    EXPECT_EQ(session.state().outcome, Outcome::kWinner);
    EXPECT_EQ(session.LeaderCode(), "D");
  }
}

TEST(Sealed, EnvelopesAreTakenOnlyAsTheRulesSay) {
  Session session(SealedSession());
  EXPECT_EQ(session.Submit("A", At(8, 59)), Reason::kNOT_OPEN);
  EXPECT_EQ(session.Submit("stranger", At(9, 0)), Reason::kNOT_QUALIFIED);
  EXPECT_EQ(session.Submit("A", At(9, 1)), kAccepted);
  EXPECT_EQ(session.Submit("A", At(9, 2), 1), Reason::kALREADY_SUBMITTED) << "once only";
  EXPECT_EQ(session.Do(SubmitEnvelope{BidderOf("B"), "organizations/B", "short", 0, false}, At(9, 3)),
            Reason::kINVALID_FIELD);
  EXPECT_EQ(session.Do(WithdrawEnvelope{BidderOf("A"), "organizations/A", true}, At(9, 4)),
            Reason::kRULE_OFF);
  EXPECT_EQ(session.Bid("B", Yuan(99'000), At(9, 5)), Reason::kWRONG_MODE);
  EXPECT_EQ(session.Last<BidRefused>().price, Fen{}) << "an open price is not recorded";
  EXPECT_EQ(session.Submit("B", At(10, 0) - Nanoseconds(1)), kAccepted);
  EXPECT_EQ(session.Submit("C", At(10, 0)), Reason::kPHASE_CLOSED) << "half-open";
  Session multi(testing::WorkedSession());
  EXPECT_EQ(multi.Submit("B01", At(9, 30)), Reason::kWRONG_MODE);
}

TEST(Sealed, OfSeveralEnvelopesTheLastStandsAndMayBeWithdrawn) {
  ScheduleAuction command = SealedSession();
  command.rules.sealed.submissions = 3;  // the 1+2 model
  command.rules.sealed.may_withdraw = true;
  Session session(command);
  EXPECT_EQ(session.Do(WithdrawEnvelope{BidderOf("A"), "organizations/A", false}, At(9, 1)),
            Reason::kNOT_SUBMITTED);
  EXPECT_EQ(session.Submit("A", At(9, 2), 0), kAccepted);
  EXPECT_EQ(session.Submit("A", At(9, 3), 1), kAccepted);
  EXPECT_EQ(session.state().envelopes.count, 1);
  EXPECT_EQ(session.Do(WithdrawEnvelope{BidderOf("A"), "organizations/A", true}, At(9, 4)), kAccepted);
  EXPECT_EQ(session.state().envelopes.count, 0);
  EXPECT_EQ(
      session.Do(SubmitEnvelope{BidderOf("A"), "organizations/A", std::string(32, 'e'), 2, false}, At(9, 5)),
      kAccepted);
  EXPECT_EQ(session.Submit("A", At(9, 6), 3), Reason::kALREADY_SUBMITTED);
  EXPECT_EQ(session.state().envelopes.count, 1);
}

TEST(Sealed, NoEnvelopeIsNoBid) {
  Session session(SealedSession());
  session.AdvanceTo(At(10, 0));
  EXPECT_EQ(session.state().outcome, Outcome::kNoBid);
}

TEST(Sealed, TooFewAreNotOpened) {
  ScheduleAuction command = SealedSession();
  command.rules.min_bidders = 2;
  Session session(command);
  session.Submit("A", At(9, 30));
  session.AdvanceTo(At(10, 0));
  EXPECT_EQ(session.state().outcome, Outcome::kTooFewBidders);
  EXPECT_EQ(session.Count<Opened>(), 0);
}

// --- The opening

Session ClosedForOpening(ScheduleAuction command = SealedSession()) {
  Session session(command);
  session.Submit("A", At(9, 10));
  session.Submit("B", At(9, 20));
  session.AdvanceTo(At(10, 0));
  return session;
}

const OpenEnvelopes kBoth = {{Content("A", At(9, 10), Yuan(40'000)), Content("B", At(9, 20), Yuan(50'000))}};

TEST(Opening, NotBeforeTheEndNotByOnePersonNotWithoutShares) {  // reliability.md N94
  Session early(SealedSession());
  early.Submit("A", At(9, 10));
  EXPECT_EQ(early.Do(RequestAct{Act::kOpen, "people/p1", "why not", {}}, At(9, 59)), Reason::kWRONG_STATE);
  EXPECT_EQ(early.Do(OpenEnvelopes{}, At(9, 59, 1)), Reason::kWRONG_STATE);
  Session session = ClosedForOpening();
  EXPECT_EQ(session.Do(HandInShares{0}, At(10, 1)), Reason::kWRONG_STATE);
  EXPECT_EQ(session.Do(RequestAct{Act::kOpen, "people/p1", "", {}}, At(10, 2)), Reason::kINVALID_FIELD);
  EXPECT_EQ(session.Do(RequestAct{Act::kOpen, "people/p1", "time has come", {}}, At(10, 3)), kAccepted);
  EXPECT_EQ(session.state().state, State::kOpeningRequested);
  EXPECT_EQ(session.Do(ConfirmAct{Act::kOpen, "people/p1"}, At(10, 4)), Reason::kSAME_PERSON);
  EXPECT_EQ(session.Do(WithdrawAct{"people/p1"}, At(10, 5)), kAccepted);
  EXPECT_EQ(session.state().state, State::kClosedForOpening);
  EXPECT_EQ(session.ByTwo(Act::kOpen, "time has come", At(10, 6)), kAccepted);
  EXPECT_EQ(session.state().state, State::kSharesCollecting);
  EXPECT_EQ(session.Do(HandInShares{5}, At(10, 7)), Reason::kINVALID_FIELD) << "no such holder";
  EXPECT_EQ(session.Do(HandInShares{-1}, At(10, 7, 1)), Reason::kINVALID_FIELD);
  EXPECT_EQ(session.Do(HandInShares{4}, At(10, 8)), kAccepted);
  EXPECT_EQ(session.Do(HandInShares{4}, At(10, 9)), Reason::kINVALID_FIELD) << "twice";
  EXPECT_EQ(session.Do(kBoth, At(10, 10)), Reason::kQUORUM_NOT_REACHED);
  EXPECT_EQ(session.last().refusal->metadata.at("count"), "1");
  session.Do(HandInShares{0}, At(10, 11));
  EXPECT_EQ(session.state().state, State::kSharesCollecting);
  session.Do(HandInShares{2}, At(10, 12));
  EXPECT_EQ(session.state().state, State::kOpening);
  EXPECT_EQ(session.Do(OpenEnvelopes{{kBoth.envelopes[0]}}, At(10, 13)), Reason::kINVALID_FIELD)
      << "all or none";
  EXPECT_EQ(session.Do(OpenEnvelopes{{kBoth.envelopes[0], kBoth.envelopes[0]}}, At(10, 14)),
            Reason::kINVALID_FIELD);
  EXPECT_EQ(session.Do(kBoth, At(10, 15)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "B");
}

TEST(Opening, QuorumNotReachedThenSecondDateThenSelfRevealThenVoid) {  // reliability.md N100
  Session session = ClosedForOpening();
  session.ByTwo(Act::kOpen, "time has come", At(10, 0));
  const Time first = session.state().phase_end;
  EXPECT_EQ(first, At(10, 0, 1) + Hours(24));
  session.Do(HandInShares{0}, At(11, 0));
  session.AdvanceTo(first);
  EXPECT_EQ(session.state().state, State::kSharesCollecting);
  EXPECT_EQ(session.state().phase_end, first + Hours(72));
  EXPECT_EQ(session.Do(HandInShares{0}, first + Seconds(1)), Reason::kINVALID_FIELD) << "what is in stays in";
  session.AdvanceTo(first + Hours(72));
  EXPECT_EQ(session.state().state, State::kSelfRevealing);
  const auto reveal = [&](const std::string& code, bool standing, bool revealed, Time now) {
    return session.Do(RevealEnvelope{BidderOf(code), "organizations/" + code, standing, revealed}, now);
  };
  const Time revealing = first + Hours(73);
  EXPECT_EQ(reveal("C", false, false, revealing), Reason::kNOT_SUBMITTED);
  EXPECT_EQ(reveal("A", true, false, revealing + Seconds(1)), kAccepted);
  EXPECT_EQ(reveal("A", true, true, revealing + Seconds(2)), Reason::kINVALID_FIELD);
  EXPECT_EQ(session.Do(kBoth, revealing + Seconds(3)), Reason::kWRONG_STATE) << "the others have time left";
  Session all = session;
  EXPECT_EQ(all.Do(RevealEnvelope{BidderOf("B"), "organizations/B", true, false}, revealing + Seconds(4)),
            kAccepted);
  EXPECT_EQ(all.state().state, State::kOpening) << "everybody revealed";
  session.AdvanceTo(first + Hours(144));
  EXPECT_EQ(session.state().state, State::kOpening);
  EXPECT_EQ(session.Do(OpenEnvelopes{{kBoth.envelopes[0], Content("B", At(9, 20), std::nullopt)}},
                       first + Hours(145)),
            kAccepted);
  EXPECT_EQ(session.LeaderCode(), "A");
}

// --- Shares that do not open every envelope (reliability.md 4.1, N99)

// Three of five holders have come, and not every envelope opens.
Session OpeningInVain(const ScheduleAuction& command = SealedSession()) {
  Session session = ClosedForOpening(command);
  session.Collect(At(10, 0));
  return session;
}

TEST(AskAgain, CollectingGoesOnToItsOwnEndWhileAHolderIsMissing) {
  Session session = OpeningInVain();
  const Time end = At(10, 0, 1) + Hours(24);
  EXPECT_EQ(session.state().envelopes.collect_end, end);
  EXPECT_TRUE(MayAskAgain(session.state(), At(10, 5)));
  EXPECT_EQ(session.Do(AskAgain{}, At(10, 5)), kAccepted);
  EXPECT_EQ(session.state().state, State::kSharesCollecting);
  EXPECT_EQ(session.state().phase_end, end) << "not a minute longer";
  EXPECT_EQ(session.state().envelopes.date, 1);
  EXPECT_EQ(session.Do(AskAgain{}, At(10, 6)), Reason::kWRONG_STATE) << "nobody has come since";
  EXPECT_EQ(session.Do(HandInShares{1}, At(10, 7)), Reason::kINVALID_FIELD) << "it has come";
  EXPECT_EQ(session.Do(HandInShares{3}, At(10, 8)), kAccepted);
  EXPECT_EQ(session.state().state, State::kOpening) << "one more is a try more";
  EXPECT_EQ(session.Do(kBoth, At(10, 9)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "B");
}

TEST(AskAgain, AHolderMayComeWhileEnvelopesAreJudged) {
  Session session = OpeningInVain();
  EXPECT_EQ(session.Do(HandInShares{3}, At(10, 5)), kAccepted);
  EXPECT_EQ(session.Do(HandInShares{3}, At(10, 6)), Reason::kINVALID_FIELD) << "once";
  EXPECT_EQ(session.state().state, State::kOpening);
  EXPECT_EQ(session.Do(HandInShares{4}, At(10, 7)), kAccepted);
  EXPECT_EQ(session.Do(AskAgain{}, At(10, 8)), kAccepted);
  EXPECT_EQ(session.state().state, State::kSelfRevealing) << "no holder is missing: no second date";
  EXPECT_EQ(session.state().phase_end, At(10, 8) + Hours(72));
}

TEST(AskAgain, AfterTheEndASecondDateThenTheBiddersThenWhatIsOpen) {
  Session session = OpeningInVain();
  session.Do(AskAgain{}, At(10, 5));
  const Time first = session.state().phase_end;
  session.AdvanceTo(first);
  EXPECT_EQ(session.state().state, State::kSharesCollecting);
  EXPECT_EQ(session.state().envelopes.date, 2);
  EXPECT_EQ(session.state().phase_end, first + Hours(72));
  EXPECT_EQ(session.Do(HandInShares{3}, first + Hours(1)), kAccepted);
  EXPECT_EQ(session.Do(AskAgain{}, first + Hours(2)), kAccepted);
  EXPECT_EQ(session.state().phase_end, first + Hours(72)) << "the second date's own end";
  EXPECT_EQ(session.state().envelopes.date, 2);
  session.AdvanceTo(first + Hours(72));
  ASSERT_EQ(session.state().state, State::kSelfRevealing);
  EXPECT_EQ(session.Do(HandInShares{4}, first + Hours(73)), Reason::kWRONG_STATE);
  Session silent = session;
  silent.AdvanceTo(first + Hours(144));
  EXPECT_EQ(silent.state().state, State::kOpening) << "the holders have opened the others";
  EXPECT_FALSE(MayAskAgain(silent.state(), first + Hours(145)));
  EXPECT_EQ(silent.Do(AskAgain{}, first + Hours(145)), Reason::kWRONG_STATE);
  EXPECT_EQ(silent.Do(HandInShares{4}, first + Hours(146)), Reason::kWRONG_STATE);
  EXPECT_EQ(silent.Do(OpenEnvelopes{{kBoth.envelopes[0], Content("B", At(9, 20), std::nullopt)}},
                      first + Hours(147)),
            kAccepted);
  EXPECT_EQ(silent.LeaderCode(), "A");
  EXPECT_EQ(session.Do(RevealEnvelope{.bidder = BidderOf("B"),
                                      .organization = "organizations/B",
                                      .standing = true,
                                      .revealed = false,
                                      .last = true},
                       first + Hours(74)),
            kAccepted);
  EXPECT_EQ(session.state().state, State::kOpening) << "the other one is open already";
  EXPECT_EQ(session.Do(kBoth, first + Hours(75)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "B");
}

TEST(AskAgain, AnOpeningThatOutlastsTheCollectingGoesToTheSecondDate) {
  Session session = OpeningInVain();
  const Time late = At(10, 0, 1) + Hours(24);
  EXPECT_EQ(session.Do(AskAgain{}, late), kAccepted);
  EXPECT_EQ(session.state().state, State::kSharesCollecting);
  EXPECT_EQ(session.state().phase_end, late + Hours(72));
  EXPECT_EQ(session.state().envelopes.date, 2);
}

TEST(AskAgain, WithoutASecondDateOrASelfRevealWhatOpensCounts) {
  ScheduleAuction command = SealedSession();
  command.rules.sealed.second_period = {};
  Session asked = OpeningInVain(command);
  asked.Do(AskAgain{}, At(10, 5));
  asked.AdvanceTo(asked.state().phase_end);
  EXPECT_EQ(asked.state().state, State::kSelfRevealing);
  command.rules.sealed.reveal_period = {};
  Session session = OpeningInVain(command);
  EXPECT_EQ(session.Do(AskAgain{}, At(10, 5)), kAccepted);
  session.AdvanceTo(session.state().phase_end);
  EXPECT_EQ(session.state().state, State::kOpening);
  EXPECT_FALSE(MayAskAgain(session.state(), session.state().update_time));
  session.Do(HandInShares{3}, session.state().update_time + Seconds(1));
  EXPECT_EQ(session.state().state, State::kOpening) << "who comes while it is judged still counts";
  EXPECT_EQ(session.Do(kBoth, session.state().update_time + Seconds(2)), kAccepted);
  EXPECT_EQ(session.LeaderCode(), "B");
}

TEST(AskAgain, ASecondRoundBeginsAnew) {
  ScheduleAuction command = SealedSession();
  command.rules.tie_rule = TieRule::kRequote;
  Session session = OpeningInVain(command);
  session.Do(AskAgain{}, At(10, 5));
  session.Do(HandInShares{3}, At(10, 6));
  session.Do(OpenEnvelopes{{Content("A", At(9, 10), Yuan(50'000)), kBoth.envelopes[1]}}, At(10, 7));
  ASSERT_EQ(session.state().envelopes.round, 2);
  EXPECT_EQ(session.state().envelopes.collect_end, Time{});
  EXPECT_EQ(session.state().envelopes.date, 0);
}

TEST(Opening, NobodyCanOpen) {
  ScheduleAuction command = SealedSession();
  Session revealed = ClosedForOpening(command);
  revealed.ByTwo(Act::kOpen, "time has come", At(10, 0));
  revealed.AdvanceTo(At(10, 0) + Hours(24 * 30));
  EXPECT_EQ(revealed.state().outcome, Outcome::kNotOpened);
  EXPECT_EQ(revealed.state().phase_end, At(10, 0, 1) + Hours(24 + 72 + 72));
  command.rules.sealed.second_period = {};
  command.rules.sealed.reveal_period = {};
  Session at_once = ClosedForOpening(command);
  at_once.ByTwo(Act::kOpen, "time has come", At(10, 0));
  at_once.AdvanceTo(At(10, 0) + Hours(24 * 30));
  EXPECT_EQ(at_once.state().phase_end, At(10, 0, 1) + Hours(24));
  EXPECT_EQ(at_once.state().outcome, Outcome::kNotOpened);
}

TEST(Opening, ARestartOfSubmittingVoidsTheEnvelopes) {
  Session session(SealedSession());
  session.Submit("A", At(9, 10));
  session.ByTwo(Act::kSuspend, "SECRECY_RISK", At(9, 20));
  session.ByTwo(Act::kRestartPhase, "SECRECY_RISK", At(9, 30), At(10, 0, 0, 0, 1));
  session.AdvanceTo(At(10, 0, 0, 0, 1));
  EXPECT_EQ(session.state().state, State::kSubmitting);
  EXPECT_EQ(session.state().envelopes.count, 0);
  EXPECT_EQ(session.state().envelopes.round, 2);
  EXPECT_EQ(session.Submit("A", At(10, 10, 0, 0, 1)), kAccepted);
}

TEST(Opening, NothingPublicTellsOfAnEnvelopeBeforeTheOpening) {
  const auto lines = [](int envelopes) {
    Session session(SealedSession());
    session.AdvanceTo(At(9, 0));
    if (envelopes > 0) session.Submit("A", At(9, 10));
    if (envelopes > 1) session.Submit("B", At(9, 20));
    session.Submit("C", At(9, 30));
    session.AdvanceTo(At(10, 0));
    std::string text;
    for (const Event& event : session.events()) {
      if (AudienceOf(event) == Audience::kPublic) text += CanonicalLine(session.state(), event) + "\n";
    }
    return text;
  };
  EXPECT_EQ(lines(0), lines(2));
}

// --- WEIGHTED

ScheduleAuction WeightedSession() {
  ScheduleAuction command = SessionOf(Mode::kWeighted, Yuan(1'000'000), Yuan(10'000));
  command.rules.scoring.price_weight = {600'000};
  return command;
}

TEST(Weighted, Section5_6) {
  Session session(WeightedSession());
  for (const char* code : {"B01", "B02", "B03"}) session.Submit(code, At(9, 10) + Seconds(code[2]));
  session.AdvanceTo(At(10, 0));
  EXPECT_EQ(session.Do(RequestAct{Act::kOpen, "people/p1", "time has come", {}}, At(10, 1)),
            Reason::kSCORES_NOT_FIXED);
  EXPECT_EQ(session.Do(FixScores{{{"B01", 800'000}, {"B03", 700'000}, {"B02", 950'000}}}, At(10, 2)),
            kAccepted);
  EXPECT_EQ(session.Do(FixScores{{{"B01", 900'000}}}, At(10, 3)), Reason::kWRONG_STATE) << "fixed";
  session.Collect(At(10, 5));
  EXPECT_EQ(session.Do(FixScores{{{"B01", 900'000}}}, At(10, 5, 30)), Reason::kWRONG_STATE);
  EXPECT_EQ(session.Do(OpenEnvelopes{{Content("B01", At(9, 11), Yuan(1'200'000)),
                                      Content("B02", At(9, 12), Yuan(1'080'000)),
                                      Content("B03", At(9, 13), Yuan(1'260'000))}},
                       At(10, 6)),
            kAccepted);
  std::vector<int64_t> totals;
  for (const OpenedBid& bid : session.Last<Opened>().bids) totals.push_back(bid.total);
  EXPECT_EQ(totals, (std::vector<int64_t>{891'429, 894'286, 880'000}));
  EXPECT_EQ(session.LeaderCode(), "B02");
  EXPECT_EQ(session.state().leading->price, Yuan(1'080'000)) << "pays its own price";
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
}

TEST(Weighted, ScoresOfThePriceRoundHalfUp) {
  EXPECT_EQ(PriceScore(Yuan(1'200'000), Yuan(1'260'000)), 952'381);
  EXPECT_EQ(PriceScore(Yuan(1'080'000), Yuan(1'260'000)), 857'143);
  EXPECT_EQ(PriceScore(Yuan(1'260'000), Yuan(1'260'000)), 1'000'000);
  EXPECT_EQ(WeightedTotal(1, 0, {500'000}), 1) << "half up";
  EXPECT_EQ(WeightedTotal(1, 0, {499'999}), 0);
}

TEST(Weighted, AnInvalidPriceIsNotTheHighest) {
  ScheduleAuction command = WeightedSession();
  command.rules.sealed.check_multiple = true;
  Session session(command);
  for (const char* code : {"B01", "B02", "B03"}) session.Submit(code, At(9, 10) + Seconds(code[2]));
  session.AdvanceTo(At(10, 0));
  session.Do(FixScores{{{"B01", 800'000}, {"B02", 900'000}, {"B03", 1'000'000}}}, At(10, 2));
  session.Collect(At(10, 5));
  session.Do(
      OpenEnvelopes{{Content("B01", At(9, 11), Yuan(1'200'000)), Content("B02", At(9, 12), Yuan(1'080'000)),
                     Content("B03", At(9, 13), Yuan(2'400'000) + Fen{1})}},
      At(10, 6));
  const auto& bids = session.Last<Opened>().bids;
  ASSERT_EQ(bids.size(), 3u);
  EXPECT_EQ(bids[2].invalid, Reason::kNOT_MULTIPLE);
  EXPECT_EQ(bids[0].total, 920'000) << "100 points for the highest of the valid prices";
  EXPECT_EQ(bids[1].total, 900'000);
  EXPECT_EQ(session.LeaderCode(), "B01");
}

TEST(Weighted, TiesGoToTheHigherPriceThenTheEarlier) {
  const auto winner = [](Fen first, int64_t first_score, Fen second, int64_t second_score) {
    Session session(WeightedSession());
    session.Submit("B01", At(9, 10));
    session.Submit("B02", At(9, 20));
    session.AdvanceTo(At(10, 0));
    session.Do(FixScores{{{"B01", first_score}, {"B02", second_score}, {"B03", 1'000'000}}}, At(10, 2));
    session.Collect(At(10, 5));
    session.Do(OpenEnvelopes{{Content("B01", At(9, 10), first), Content("B02", At(9, 20), second)}},
               At(10, 6));
    return session.LeaderCode();
  };
  EXPECT_EQ(winner(Yuan(1'000'000), 500'000, Yuan(1'000'000), 500'000), "B01");
  EXPECT_EQ(winner(Yuan(1'000'000), 800'000, Yuan(2'000'000), 50'000), "B02") << "62.0 against 62.0";
}

TEST(Weighted, EveryBidderHasOneScoreBeforePricesOpen) {
  Session session(WeightedSession());
  session.Submit("B01", At(9, 10));
  session.AdvanceTo(At(10, 0));
  const auto refused = [&](const std::vector<NonPriceScore>& scores) {
    const Decision decision = Decide(session.state(), FixScores{scores}, At(10, 1));
    if (!decision.refusal) return std::string("accepted");
    const FieldViolation& violation = decision.refusal->violations.at(0);
    return violation.field + " " + std::string(ReasonName(violation.reason));
  };
  EXPECT_EQ(refused({}), "scores REQUIRED");
  EXPECT_EQ(refused({{"B01", 1}, {"B02", 2}}), "scores REQUIRED") << "who handed in nothing has one too";
  EXPECT_EQ(refused({{"B01", 1}, {"B02", 2}, {"B03", 3}, {"B04", 4}}), "scores TOO_MANY");
  EXPECT_EQ(refused({{"B03", 1}, {"B02", 1'000'001}, {"B01", 3}}), "scores[1].score OUT_OF_RANGE");
  EXPECT_EQ(refused({{"B01", 1}, {"B02", 2}, {"B03", -1}}), "scores[2].score OUT_OF_RANGE");
  EXPECT_EQ(refused({{"B01", 1}, {"B02", 2}, {"B01", 3}}), "scores[2].bidder_code DUPLICATE");
  EXPECT_EQ(refused({{"B01", 0}, {"B02", 1'000'000}, {"B03", 3}}), "accepted");
}

// The session knows how many bidders it has, not who: a score that is nobody's leaves one bid without.
TEST(Weighted, ABidWithoutAScoreDoesNotCountAndOpensAllTheSame) {
  Session session(WeightedSession());
  for (const char* code : {"B01", "B02", "B03"}) session.Submit(code, At(9, 10) + Seconds(code[2]));
  session.AdvanceTo(At(10, 0));
  EXPECT_EQ(session.Do(FixScores{{{"B01", 500'000}, {"B02", 400'000}, {"B09", 1'000'000}}}, At(10, 2)),
            kAccepted);
  session.Collect(At(10, 6));
  EXPECT_EQ(session.Do(OpenEnvelopes{{Content("B01", At(9, 11), Yuan(1'000'000)),
                                      Content("B02", At(9, 12), Yuan(1'000'000)),
                                      Content("B03", At(9, 13), Yuan(9'000'000))}},
                       At(10, 7)),
            kAccepted);
  const auto& bids = session.Last<Opened>().bids;
  EXPECT_EQ(bids[2].invalid, Reason::kSCORES_NOT_FIXED);
  EXPECT_EQ(bids[0].total, 800'000) << "100 points for the highest of the prices that count";
  EXPECT_EQ(session.state().state, State::kClosed);
  EXPECT_EQ(session.LeaderCode(), "B01");
}

// --- TENDER

// Documents 2026-11-23, deadline and opening 2026-12-14 10:00.
ScheduleAuction TenderSession() {
  ScheduleAuction command = SessionOf(Mode::kTender, Yuan(1'000'000), Yuan(10'000));
  command.rules.min_bidders = 3;
  command.rules.free_period = At(10, 0, 0, 0, 21) - At(9, 0);
  command.rules.scoring.price_weight = {400'000};
  command.rules.scoring.criteria = {{"technology", {350'000}}, {"team", {250'000}}};
  command.draw_seed = DrawSeed{std::string(32, 'r'), std::string(32, 'c')};
  return command;
}

Session InEvaluation(std::vector<Fen> prices) {
  Session session(TenderSession());
  std::vector<EnvelopeContent> envelopes;
  for (size_t i = 0; i < prices.size(); ++i) {
    const std::string code = "B0" + std::to_string(i + 1);
    const Time time = At(10, static_cast<int>(i), 0, 0, 7);
    EXPECT_EQ(session.Submit(code, time), kAccepted);
    envelopes.push_back(Content(code, time, prices[i]));
  }
  session.AdvanceTo(At(10, 0, 0, 0, 21));
  session.Collect(At(10, 1, 0, 0, 21));
  EXPECT_EQ(session.Do(OpenEnvelopes{envelopes}, At(10, 30, 0, 0, 21)), kAccepted);
  return session;
}

std::vector<Expert> Committee(size_t members, size_t experts) {
  std::vector<Expert> committee;
  for (size_t i = 0; i < members; ++i) committee.push_back({"e" + std::to_string(i), i < experts});
  return committee;
}

// Every member gives each bidder its pair of points.
ReportTender Report(size_t members, const std::vector<std::pair<int64_t, int64_t>>& points) {
  ReportTender report{Committee(members, members), {}, {}};
  for (size_t member = 0; member < members; ++member) {
    for (size_t i = 0; i < points.size(); ++i) {
      report.sheets.push_back({member, "B0" + std::to_string(i + 1), {points[i].first, points[i].second}});
    }
  }
  return report;
}

TEST(Tender, Section5_7) {
  Session session = InEvaluation({Yuan(1'000'000), Yuan(1'250'000), Yuan(1'100'000)});
  EXPECT_EQ(session.state().state, State::kEvaluating);
  EXPECT_EQ(NextChange(session.state()), std::nullopt);
  const Time report = At(9, 0, 0, 0, 24);  // 12-17: candidates published
  EXPECT_EQ(session.Do(Report(5, {{900'000, 900'000}, {700'000, 600'000}, {800'000, 800'000}}), report),
            kAccepted);
  // B01: price 80.0000 * 0.4 + 90 * 0.35 + 90 * 0.25 = 86.0000; B02: 40 + 24.5 + 15 = 79.5; B03: 35.2 + 48
  // = 83.2.
  const std::vector<OpenedBid>& ranking = session.Last<Evaluated>().ranking;
  EXPECT_EQ(ranking[0].bid.code, "B01");
  EXPECT_EQ(ranking[0].total, 860'000);
  EXPECT_EQ(ranking[1].bid.code, "B03");
  EXPECT_EQ(ranking[1].total, 832'000);
  EXPECT_EQ(ranking[2].total, 795'000);
  EXPECT_EQ(session.state().state, State::kPublicity);
  EXPECT_EQ(session.state().phase_end, report + Hours(72))
      << "three days at least; the calendar is the caller's";
  session.AdvanceTo(report + Hours(72));
  EXPECT_EQ(session.state().outcome, Outcome::kWinner);
  EXPECT_EQ(session.state().leading->price, Yuan(1'000'000));
}

TEST(Tender, FewerThanThreeIsRepeated) {
  Session session(TenderSession());
  session.Submit("B01", At(10, 0, 0, 0, 1));
  session.Submit("B02", At(10, 0, 0, 0, 2));
  session.AdvanceTo(At(10, 0, 0, 0, 21));
  EXPECT_EQ(session.state().outcome, Outcome::kTooFewBidders);
  EXPECT_EQ(session.Count<Opened>(), 0) << "unopened";
  EXPECT_EQ(InEvaluation({Yuan(1'000'000), Yuan(1), Yuan(1'000'000)}).state().outcome,
            Outcome::kTooFewBidders)
      << "three envelopes, two of them valid";
}

TEST(Tender, FromSevenMembersOnTheExtremesAreDropped) {
  EXPECT_EQ(MeanScore({10, 20, 30, 40, 1000}), 220);
  EXPECT_EQ(MeanScore({0, 20, 20, 20, 20, 21, 1000}), 20) << "rounded down";
  EXPECT_EQ(MeanScore({5, 5, 5, 5, 5, 5, 5}), 5);
}

TEST(Tender, TheCommitteeIsOddAtLeastFiveAndMostlyExperts) {
  Session session = InEvaluation({Yuan(1'000'000), Yuan(1'000'000), Yuan(1'000'000)});
  const std::vector<std::pair<int64_t, int64_t>> points(3, {1, 1});
  int second = 0;
  const auto reported = [&](size_t members, size_t experts) {
    ReportTender report = Report(members, points);
    report.committee = Committee(members, experts);
    return Session(session).Do(report, At(11, 0, ++second, 0, 21));
  };
  EXPECT_EQ(reported(3, 3), Reason::kINVALID_FIELD);
  EXPECT_EQ(reported(6, 6), Reason::kINVALID_FIELD);
  EXPECT_EQ(reported(5, 3), Reason::kINVALID_FIELD);
  EXPECT_EQ(reported(5, 4), kAccepted);
  EXPECT_EQ(reported(9, 6), kAccepted);
}

TEST(Tender, AReportMustBeWhole) {
  const Session session = InEvaluation({Yuan(1'000'000), Yuan(1'000'000), Yuan(1'000'000)});
  const ReportTender whole = Report(5, std::vector<std::pair<int64_t, int64_t>>(3, {1, 1}));
  const auto field = [&](auto change) {
    ReportTender report = whole;
    change(report);
    Session copy = session;
    EXPECT_EQ(copy.Do(report, At(11, 0, 0, 0, 21)), Reason::kINVALID_FIELD);
    return copy.last().refusal->violations.at(0).field;
  };
  EXPECT_EQ(field([](auto& r) { r.sheets.pop_back(); }), "sheets");
  EXPECT_EQ(field([](auto& r) { r.sheets[0].member = 5; }), "sheets[0].member");
  EXPECT_EQ(field([](auto& r) { r.sheets[0].code = "B09"; }), "sheets[0].bidder_code");
  EXPECT_EQ(field([](auto& r) { r.sheets[0].points = {1}; }), "sheets[0].points");
  EXPECT_EQ(field([](auto& r) { r.sheets[0].points = {1, 1'000'001}; }), "sheets[0].points");
  EXPECT_EQ(field([](auto& r) { r.sheets.push_back(r.sheets[0]); }), "sheets[15]");
}

TEST(Tender, TiesGoToFewerRiskFlagsThenHigherPriceThenALot) {
  Session risks = InEvaluation({Yuan(1'000'000), Yuan(1'000'000), Yuan(1'000'000)});
  ReportTender report = Report(5, std::vector<std::pair<int64_t, int64_t>>(3, {500'000, 500'000}));
  report.risks = {{"B01", 1}, {"B03", 2}};
  EXPECT_EQ(risks.Do(report, At(11, 0, 0, 0, 21)), kAccepted);
  EXPECT_EQ(risks.LeaderCode(), "B02");
  Session lot = InEvaluation({Yuan(1'000'000), Yuan(1'000'000), Yuan(1'000'000)});
  report.risks = {{"B01", 1}};
  EXPECT_EQ(lot.Do(report, At(11, 0, 0, 0, 21)), kAccepted);
  EXPECT_EQ(lot.state().state, State::kDrawing);
  EXPECT_EQ(lot.state().lot, (std::vector<std::string>{"B02", "B03"}));
  EXPECT_EQ(lot.Do(DrawLot{std::string(31, '\0') + '\x01'}, At(11, 1, 0, 0, 21)), kAccepted);
  EXPECT_EQ(lot.LeaderCode(), "B03");
  EXPECT_EQ(lot.state().state, State::kPublicity);
}

TEST(Tender, AnObjectionSuspendsThePublicity) {
  Session session = InEvaluation({Yuan(1'000'000), Yuan(1'250'000), Yuan(1'100'000)});
  session.Do(Report(5, {{900'000, 900'000}, {700'000, 600'000}, {800'000, 800'000}}), At(9, 0, 0, 0, 24));
  EXPECT_EQ(session.ByTwo(Act::kSuspend, "OBJECTION", At(9, 0, 0, 0, 25)), kAccepted);
  session.AdvanceTo(At(9, 0, 0, 0, 28));
  EXPECT_EQ(session.state().state, State::kSuspended);
  EXPECT_EQ(session.ByTwo(Act::kContinue, "OBJECTION", At(9, 0, 0, 0, 28), At(10, 0, 0, 0, 29)), kAccepted);
  session.AdvanceTo(At(10, 0, 0, 0, 29));
  EXPECT_EQ(session.state().state, State::kPublicity);
  EXPECT_EQ(session.state().phase_end, At(10, 0, 0, 0, 29) + Hours(48) - Seconds(1)) << "what was left";
}

}  // namespace
}  // namespace ttx::auction
