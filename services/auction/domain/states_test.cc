// Every state answers every command: one row per command, one column per state.

#include <gtest/gtest.h>

#include <functional>

#include "services/auction/domain/engine.h"
#include "services/auction/domain/test_session.h"

namespace ttx::auction {
namespace {

using testing::At;
using testing::BidderOf;
using testing::Session;
using testing::SessionOf;
using testing::Yuan;

ScheduleAuction Rich(Mode mode) {
  ScheduleAuction command = SessionOf(mode, Yuan(1'000), Yuan(10));
  command.bidders = {BidderOf("B01"), BidderOf("B02"), BidderOf("B03"), BidderOf("H1", 1)};
  command.draw_seed = DrawSeed{std::string(32, 'r'), std::string(32, 'c')};
  command.rules.dutch = {Yuan(10), {}, Seconds(60), Yuan(500)};
  command.rules.scoring.price_weight = {1'000'000};
  command.rules.min_bidders = mode == Mode::kTender ? 3 : 1;
  command.rules.sealed.may_withdraw = true;
  command.rules.suspension.resume_notice = {};
  return command;
}

struct StateCase {
  State state;
  Session session;
  Time now;
};

Session Submitted(Mode mode) {
  Session session(Rich(mode));
  for (const char* code : {"B01", "B02", "B03"}) session.Submit(code, At(9, 10) + Seconds(code[2]));
  session.AdvanceTo(At(10, 0));
  return session;
}

OpenEnvelopes Opening() {
  OpenEnvelopes opening;
  for (const char* code : {"B01", "B02", "B03"}) {
    opening.envelopes.push_back(
        {.bidder = BidderOf(code), .time = At(9, 10) + Seconds(code[2]), .price = Yuan(1'000 + code[2])});
  }
  return opening;
}

ReportTender Report() {
  ReportTender report;
  for (int i = 0; i < 5; ++i) report.committee.push_back({"e", true});
  return report;
}

class Cases {
 public:
  void Add(State state, Session session, Time now) {
    EXPECT_EQ(session.state().state, state) << StateName(state);
    cases_.push_back({state, std::move(session), now});
  }
  std::vector<StateCase> Take() { return std::move(cases_); }

 private:
  std::vector<StateCase> cases_;
};

void AddMulti(Cases& cases) {
  ScheduleAuction multi = Rich(Mode::kMulti);
  multi.rules.preparation = Minutes(15);
  multi.rules.proxy_bids = true;
  cases.Add(State::kScheduled, Session(multi), At(8, 30));
  Session free(multi);
  free.Bid("B01", Yuan(1'000), At(9, 10));
  cases.Add(State::kFree, free, At(9, 20));
  Session preparing = free;
  preparing.AdvanceTo(At(10, 0));
  cases.Add(State::kPreparing, preparing, At(10, 1));
  Session limited = free;
  limited.AdvanceTo(At(10, 15));
  cases.Add(State::kLimited, limited, At(10, 16));
  Session suspended = limited;
  suspended.ByTwo(Act::kSuspend, "OBJECTION", At(10, 16));
  cases.Add(State::kSuspended, suspended, At(10, 17));
  Session closed = limited;
  closed.AdvanceTo(At(10, 20));
  cases.Add(State::kClosed, closed, At(10, 21));
}

void AddOtherPrices(Cases& cases) {
  Session english(Rich(Mode::kEnglish));
  english.Bid("B01", Yuan(1'000), At(9, 10));
  cases.Add(State::kEnglish, english, At(9, 20));
  Session dutch(Rich(Mode::kDutch));
  dutch.AdvanceTo(At(9, 0));
  cases.Add(State::kDutch, dutch, At(9, 0, 30));
  ScheduleAuction lottery = Rich(Mode::kMulti);
  lottery.rules.cap = Yuan(1'010);
  lottery.rules.cap_policy = CapPolicy::kLotteryAtCap;
  Session declaring(lottery);
  declaring.Bid("B01", Yuan(1'010), At(9, 10));
  cases.Add(State::kCapDeclaring, declaring, At(9, 11));
  Session drawing = declaring;
  drawing.Bid("B02", Yuan(1'010), At(9, 12));
  drawing.AdvanceTo(At(9, 15));
  cases.Add(State::kDrawing, drawing, At(9, 16));
  ScheduleAuction asking = Rich(Mode::kMulti);
  asking.rules.priority = {PriorityMode::kAskAtEnd, EqualRank::kEarliest, Minutes(5), true};
  Session exercise(asking);
  exercise.Bid("B01", Yuan(1'000), At(9, 10));
  exercise.AdvanceTo(At(10, 5));
  cases.Add(State::kPriorityExercise, exercise, At(10, 6));
  Session raise = exercise;
  raise.Answer("H1", true, At(10, 6));
  cases.Add(State::kRaise, raise, At(10, 7));
}

void AddSealed(Cases& cases) {
  Session submitting(Rich(Mode::kSealed));
  submitting.Submit("B01", At(9, 10));
  cases.Add(State::kSubmitting, submitting, At(9, 20));
  Session to_open = Submitted(Mode::kTender);
  cases.Add(State::kClosedForOpening, Submitted(Mode::kWeighted), At(10, 1));
  Session requested = to_open;
  requested.Do(RequestAct{Act::kOpen, "people/p1", "time has come", {}}, At(10, 1));
  cases.Add(State::kOpeningRequested, requested, At(10, 2));
  Session collecting = to_open;
  collecting.ByTwo(Act::kOpen, "time has come", At(10, 1));
  cases.Add(State::kSharesCollecting, collecting, At(10, 2));
  Session revealing = collecting;
  revealing.AdvanceTo(At(10, 1, 1) + Hours(96));
  cases.Add(State::kSelfRevealing, revealing, At(10, 2) + Hours(96));
  Session opening = to_open;
  opening.Collect(At(10, 1));
  cases.Add(State::kOpening, opening, At(10, 2));
  Session evaluating = opening;
  evaluating.Do(Opening(), At(10, 2));
  cases.Add(State::kEvaluating, evaluating, At(10, 3));
  Session publicity = evaluating;
  publicity.Do(Report(), At(10, 3));
  cases.Add(State::kPublicity, publicity, At(10, 4));
}

std::vector<StateCase> AllStates() {
  Cases cases;
  AddMulti(cases);
  AddOtherPrices(cases);
  AddSealed(cases);
  return cases.Take();
}

using Command = std::function<std::optional<Reason>(Session&, Time)>;

std::vector<std::pair<const char*, Command>> AllCommands() {
  const Bidder b02 = BidderOf("B02");
  return {
      {"AddBidder", [](Session& s, Time now) { return s.Do(AddBidder{BidderOf("B09")}, now); }},
      {"Advance", [](Session& s, Time now) { return s.Do(Advance{}, now); }},
      {"PlaceBid", [](Session& s, Time now) { return s.Bid("B02", Yuan(1'010), now); }},
      {"SetProxy", [](Session& s, Time now) { return s.Proxy("B02", Yuan(1'100), now); }},
      {"NoteOutage", [](Session& s, Time now) { return s.Do(NoteOutage{now - Seconds(1)}, now); }},
      {"MoveFreeEnd", [](Session& s, Time now) { return s.Do(MoveFreeEnd{now + Hours(9)}, now); }},
      {"Suspend", [](Session& s, Time now) { return s.ByTwo(Act::kSuspend, "OBJECTION", now); }},
      {"Continue",
       [](Session& s, Time now) { return s.ByTwo(Act::kContinue, "OBJECTION", now, now + Hours(1)); }},
      {"Restart",
       [](Session& s, Time now) { return s.ByTwo(Act::kRestartPhase, "OBJECTION", now, now + Hours(1)); }},
      {"Annul", [](Session& s, Time now) { return s.ByTwo(Act::kAnnul, "OBJECTION", now); }},
      {"Open", [](Session& s, Time now) { return s.ByTwo(Act::kOpen, "OBJECTION", now); }},
      {"ConfirmOpen",
       [](Session& s, Time now) {
         return s.Do(ConfirmAct{Act::kOpen, "people/p2"}, now);
       }},
      {"WithdrawAct", [](Session& s, Time now) { return s.Do(WithdrawAct{"people/p1"}, now); }},
      {"AnswerPriority", [](Session& s, Time now) { return s.Answer("H1", true, now); }},
      {"DrawLot", [](Session& s, Time now) { return s.Do(DrawLot{std::string(32, '\0')}, now); }},
      {"SubmitEnvelope", [](Session& s, Time now) { return s.Submit("B02", now); }},
      {"WithdrawEnvelope",
       [=](Session& s, Time now) {
         return s.Do(WithdrawEnvelope{b02, b02.organization, true}, now);
       }},
      {"FixScores",
       [](Session& s, Time now) {
         return s.Do(FixScores{{{"B01", 1}, {"B02", 2}, {"B03", 3}, {"H1", 4}}}, now);
       }},
      {"HandInShares", [](Session& s, Time now) { return s.Do(HandInShares{4}, now); }},
      {"RevealEnvelope",
       [=](Session& s, Time now) {
         return s.Do(RevealEnvelope{b02, b02.organization, true, false}, now);
       }},
      {"OpenEnvelopes", [](Session& s, Time now) { return s.Do(Opening(), now); }},
      {"Objected", [](Session& s, Time now) { return s.Do(NoteObjection{true}, now); }},
      {"EndWithListing", [](Session& s, Time now) { return s.Do(EndWithListing{"OBJECTION"}, now); }},
      {"AskAgain", [](Session& s, Time now) { return s.Do(AskAgain{}, now); }},
      {"ReportTender", [](Session& s, Time now) { return s.Do(Report(), now); }},
      {"Withdrew", [](Session& s, Time now) { return s.Default("B01", now, ForfeitCause::kWithdrew); }},
      {"Misconduct", [](Session& s, Time now) { return s.Default("B02", now); }},
  };
}

// Reasons by one or two letters, "." for an accepted command.
std::string Short(std::optional<Reason> reason) {
  if (!reason) return ".";
  switch (*reason) {
    case Reason::kWRONG_STATE:
      return "s";
    case Reason::kWRONG_MODE:
      return "m";
    case Reason::kNOT_OPEN:
      return "n";
    case Reason::kPHASE_CLOSED:
      return "c";
    case Reason::kAUCTION_SUSPENDED:
      return "u";
    case Reason::kRULE_OFF:
      return "r";
    case Reason::kNOT_ASKED:
      return "a";
    case Reason::kPROPOSAL_DIFFERS:
      return "d";
    case Reason::kSCORES_NOT_FIXED:
      return "f";
    case Reason::kQUORUM_NOT_REACHED:
      return "q";
    case Reason::kPRICE_MISMATCH:
      return "p";
    default:
      return std::string(ReasonName(*reason));
  }
}

// Columns: SCHEDULED FREE PREPARING LIMITED SUSPENDED CLOSED ENGLISH DUTCH CAP_DECLARING DRAWING
// PRIORITY_EXERCISE RAISE SUBMITTING CLOSED_FOR_OPENING (WEIGHTED) OPENING_REQUESTED SHARES_COLLECTING
// SELF_REVEALING OPENING EVALUATING PUBLICITY (TENDER all).
constexpr std::string_view kAnswers = R"(
AddBidder        . s s s s s s s s s s s s s s s s s s s
Advance          . . . . . . . . . . . . . . . . . . . .
PlaceBid         n . n . u c . p . c c a m c c c c c c c
SetProxy         n . n . u c r m r r r r m m m m m m m m
NoteOutage       . . . . . . . . . . . . . . . . . . . .
MoveFreeEnd      m m m m m m m m m m m m m m m m m m m m
Suspend          s . . . s s . . . s . . . s d . . s s .
Continue         s s s s . s s s s s s s s s d s s s s s
Restart          s s s s . s s s s s s s s s d s s s s s
Annul            . . . . . s . . . . . . . . . . . . . .
Open             m m m m m m m m m m m m s f d s s s s s
ConfirmOpen      s s s s s s s s s s s s s s . s s s s s
WithdrawAct      s s s s s s s s s s s s s s . s s s s s
AnswerPriority   a a a a u c a a a a . a a a a a a a a a
DrawLot          s s s s s s s s s . s s s s s s s s s s
SubmitEnvelope   m m m m m m m m m m m m . c c c c c c c
WithdrawEnvelope m m m m m m m m m m m m . c c c c c c c
FixScores        m m m m m m m m m m m m m . m m m m m m
HandInShares     m m m m m m m m m m m m s s s . s . s s
RevealEnvelope   m m m m m m m m m m m m s s s s . s s s
OpenEnvelopes    m m m m m m m m m m m m s s s q s . s s
Objected         . . . . . . . . . . . . . . . . . . . .
EndWithListing   . . . . . . . . . . . . . . . . . . . .
AskAgain         m m m m m m m m m m m m s s s s s . s s
ReportTender     m m m m m m m m m m m m m m s s s s . s
Withdrew         . . . . . s . . . . . . . . d . . . . .
Misconduct       . . . . . . . . . . . . . . d . . . . .
)";

std::string TableOf(const std::vector<StateCase>& states) {
  std::string table = "\n";
  for (const auto& [name, command] : AllCommands()) {
    std::string row = name;
    row.resize(16, ' ');
    for (const StateCase& state : states) {
      Session session = state.session;
      row += " " + Short(command(session, state.now));
    }
    table += row + "\n";
  }
  return table;
}

TEST(States, EveryStateAnswersEveryCommand) {
  const std::vector<StateCase> states = AllStates();
  ASSERT_EQ(states.size(), 20u);
  for (size_t i = 0; i < states.size(); ++i) EXPECT_EQ(states[i].state, static_cast<State>(i));
  EXPECT_EQ(TableOf(states), kAnswers);
}

// --- The same by mode: what a state answers in another mode, or suspended in another phase

// The session suspended where it is, and a minute to look at it.
void AddSuspended(Cases& cases, const Session& session, Time now) {
  Session suspended = session;
  suspended.ByTwo(Act::kSuspend, "OBJECTION", now);
  cases.Add(State::kSuspended, suspended, now + Minutes(1));
}

// SCHEDULED FREE LIMITED SUSPENDED(FREE) SUSPENDED(LIMITED) CLOSED
std::vector<StateCase> DynamicStates() {
  Cases cases;
  const Session scheduled(Rich(Mode::kDynamic));
  cases.Add(State::kScheduled, scheduled, At(8, 30));
  Session free = scheduled;
  free.Bid("B01", Yuan(1'000), At(9, 10));
  cases.Add(State::kFree, free, At(9, 20));
  Session limited = free;
  limited.AdvanceTo(At(10, 0));
  cases.Add(State::kLimited, limited, At(10, 1));
  AddSuspended(cases, free, At(9, 20));
  AddSuspended(cases, limited, At(10, 1));
  Session closed = limited;
  closed.AdvanceTo(At(10, 5));
  cases.Add(State::kClosed, closed, At(10, 6));
  return cases.Take();
}

// SCHEDULED ENGLISH SUSPENDED CLOSED, and the same of DUTCH
std::vector<StateCase> EnglishAndDutchStates() {
  Cases cases;
  for (const Mode mode : {Mode::kEnglish, Mode::kDutch}) {
    const Session scheduled(Rich(mode));
    cases.Add(State::kScheduled, scheduled, At(8, 30));
    Session running = scheduled;
    running.AdvanceTo(At(9, 0));
    cases.Add(mode == Mode::kEnglish ? State::kEnglish : State::kDutch, running, At(9, 0, 30));
    AddSuspended(cases, running, At(9, 0, 30));
    Session closed = running;
    closed.Bid("B01", Yuan(1'000), At(9, 0, 30));
    closed.AdvanceTo(At(10, 0));
    cases.Add(State::kClosed, closed, At(10, 1));
  }
  return cases.Take();
}

// SCHEDULED SUBMITTING SUSPENDED(SUBMITTING) CLOSED_FOR_OPENING OPENING_REQUESTED SHARES_COLLECTING
// SUSPENDED(SHARES_COLLECTING) SELF_REVEALING SUSPENDED(SELF_REVEALING) OPENING
std::vector<StateCase> EnvelopeStates(Mode mode) {
  Cases cases;
  const Session scheduled(Rich(mode));
  cases.Add(State::kScheduled, scheduled, At(8, 30));
  Session submitting = scheduled;
  submitting.Submit("B01", At(9, 10));
  cases.Add(State::kSubmitting, submitting, At(9, 20));
  AddSuspended(cases, submitting, At(9, 20));
  Session closed = Submitted(mode);
  if (mode == Mode::kWeighted) {
    closed.Do(FixScores{{{"B01", 1}, {"B02", 2}, {"B03", 3}, {"H1", 4}}}, At(10, 0, 30));
  }
  cases.Add(State::kClosedForOpening, closed, At(10, 1));
  Session requested = closed;
  requested.Do(RequestAct{Act::kOpen, "people/p1", "time has come", {}}, At(10, 1));
  cases.Add(State::kOpeningRequested, requested, At(10, 2));
  Session collecting = closed;
  collecting.ByTwo(Act::kOpen, "time has come", At(10, 1));
  cases.Add(State::kSharesCollecting, collecting, At(10, 2));
  AddSuspended(cases, collecting, At(10, 2));
  Session revealing = collecting;
  revealing.AdvanceTo(At(10, 1, 1) + Hours(96));
  cases.Add(State::kSelfRevealing, revealing, At(10, 2) + Hours(96));
  AddSuspended(cases, revealing, At(10, 2) + Hours(96));
  Session opening = closed;
  opening.Collect(At(10, 1));
  cases.Add(State::kOpening, opening, At(10, 2));
  return cases.Take();
}

// CLOSED of SEALED, CLOSED of WEIGHTED; PRIORITY_EXERCISE and SUSPENDED in it of SEALED; DRAWING,
// SUSPENDED(PUBLICITY) and CLOSED of TENDER
std::vector<StateCase> OpenedStates() {
  Cases cases;
  Session sealed = Submitted(Mode::kSealed);
  sealed.Collect(At(10, 1));
  sealed.Do(Opening(), At(10, 2));
  cases.Add(State::kClosed, sealed, At(10, 3));
  Session weighted = Submitted(Mode::kWeighted);
  weighted.Do(FixScores{{{"B01", 1}, {"B02", 2}, {"B03", 3}, {"H1", 4}}}, At(10, 0, 30));
  weighted.Collect(At(10, 1));
  weighted.Do(Opening(), At(10, 2));
  cases.Add(State::kClosed, weighted, At(10, 3));
  ScheduleAuction asking = Rich(Mode::kSealed);
  asking.rules.priority.mode = PriorityMode::kAskAtEnd;
  Session exercise(asking);
  for (const char* code : {"B01", "B02", "B03"}) exercise.Submit(code, At(9, 10) + Seconds(code[2]));
  exercise.AdvanceTo(At(10, 0));
  exercise.Collect(At(10, 1));
  exercise.Do(Opening(), At(10, 2));
  cases.Add(State::kPriorityExercise, exercise, At(10, 3));
  AddSuspended(cases, exercise, At(10, 3));
  Session tender = Submitted(Mode::kTender);
  tender.Collect(At(10, 1));
  OpenEnvelopes equal = Opening();
  for (EnvelopeContent& content : equal.envelopes) content.price = Yuan(1'000);
  Session drawing = tender;
  drawing.Do(equal, At(10, 2));
  drawing.Do(Report(), At(10, 3));
  cases.Add(State::kDrawing, drawing, At(10, 4));
  tender.Do(Opening(), At(10, 2));
  tender.Do(Report(), At(10, 3));
  AddSuspended(cases, tender, At(10, 4));
  tender.AdvanceTo(At(10, 3, 0, 0, 3));
  cases.Add(State::kClosed, tender, At(10, 4, 0, 0, 3));
  return cases.Take();
}

constexpr std::string_view kDynamicAnswers = R"(
AddBidder        . . s . s s
Advance          . . . . . .
PlaceBid         n . . u u c
SetProxy         r r r r r r
NoteOutage       . . . . . .
MoveFreeEnd      s . s . s s
Suspend          s . . s s s
Continue         s s s . . s
Restart          s s s . . s
Annul            . . . . . s
Open             m m m m m m
ConfirmOpen      s s s s s s
WithdrawAct      s s s s s s
AnswerPriority   a a a u u c
DrawLot          s s s s s s
SubmitEnvelope   m m m m m m
WithdrawEnvelope m m m m m m
FixScores        m m m m m m
HandInShares     m m m m m m
RevealEnvelope   m m m m m m
OpenEnvelopes    m m m m m m
Objected         . . . . . .
EndWithListing   . . . . . .
AskAgain         m m m m m m
ReportTender     m m m m m m
Withdrew         . . . . . s
Misconduct       . . . . . .
)";

constexpr std::string_view kEnglishAndDutchAnswers = R"(
AddBidder        . s s s . s s s
Advance          . . . . . . . .
PlaceBid         n . u c n p u c
SetProxy         r r r r m m m m
NoteOutage       . . . . . . . .
MoveFreeEnd      m m m m m m m m
Suspend          s . s s s . s s
Continue         s s . s s s . s
Restart          s s . s s s s s
Annul            . . . s . . . s
Open             m m m m m m m m
ConfirmOpen      s s s s s s s s
WithdrawAct      s s s s s s s s
AnswerPriority   a a u c a a u c
DrawLot          s s s s s s s s
SubmitEnvelope   m m m m m m m m
WithdrawEnvelope m m m m m m m m
FixScores        m m m m m m m m
HandInShares     m m m m m m m m
RevealEnvelope   m m m m m m m m
OpenEnvelopes    m m m m m m m m
Objected         . . . . . . . .
EndWithListing   . . . . . . . .
AskAgain         m m m m m m m m
ReportTender     m m m m m m m m
Withdrew         . . . s . . . s
Misconduct       . . . . . . . .
)";

constexpr std::string_view kSealedAnswers = R"(
AddBidder        . s s s s s s s s s
Advance          . . . . . . . . . .
PlaceBid         n m u c c c u c u c
SetProxy         m m m m m m m m m m
NoteOutage       . . . . . . . . . .
MoveFreeEnd      m m m m m m m m m m
Suspend          s . s s d . s . s s
Continue         s s . s d s . s . s
Restart          s s . s d s s s s s
Annul            . . . . . . . . . .
Open             s s s . d s s s s s
ConfirmOpen      s s s s . s s s s s
WithdrawAct      s s s s . s s s s s
AnswerPriority   a a u a a a u a u a
DrawLot          s s s s s s s s s s
SubmitEnvelope   n . u c c c u c u c
WithdrawEnvelope n . u c c c u c u c
FixScores        m m m m m m m m m m
HandInShares     s s s s s . s s s .
RevealEnvelope   s s s s s s s . s s
OpenEnvelopes    s s s s s q s s s .
Objected         . . . . . . . . . .
EndWithListing   . . . . . . . . . .
AskAgain         s s s s s s s s s .
ReportTender     m m m m m m m m m m
Withdrew         . . . . d . . . . .
Misconduct       . . . . d . . . . .
)";

constexpr std::string_view kWeightedAnswers = R"(
AddBidder        . s s s s s s s s s
Advance          . . . . . . . . . .
PlaceBid         n m u c c c u c u c
SetProxy         m m m m m m m m m m
NoteOutage       . . . . . . . . . .
MoveFreeEnd      m m m m m m m m m m
Suspend          s . s s d . s . s s
Continue         s s . s d s . s . s
Restart          s s . s d s s s s s
Annul            . . . . . . . . . .
Open             s s s . d s s s s s
ConfirmOpen      s s s s . s s s s s
WithdrawAct      s s s s . s s s s s
AnswerPriority   a a u a a a u a u a
DrawLot          s s s s s s s s s s
SubmitEnvelope   n . u c c c u c u c
WithdrawEnvelope n . u c c c u c u c
FixScores        s s s s s s s s s s
HandInShares     s s s s s . s s s .
RevealEnvelope   s s s s s s s . s s
OpenEnvelopes    s s s s s q s s s .
Objected         . . . . . . . . . .
EndWithListing   . . . . . . . . . .
AskAgain         s s s s s s s s s .
ReportTender     m m m m m m m m m m
Withdrew         . . . . d . . . . .
Misconduct       . . . . d . . . . .
)";

constexpr std::string_view kTenderAnswers = R"(
AddBidder        . s s s s s s s s s
Advance          . . . . . . . . . .
PlaceBid         n m u c c c u c u c
SetProxy         m m m m m m m m m m
NoteOutage       . . . . . . . . . .
MoveFreeEnd      m m m m m m m m m m
Suspend          s . s s d . s . s s
Continue         s s . s d s . s . s
Restart          s s . s d s s s s s
Annul            . . . . . . . . . .
Open             s s s . d s s s s s
ConfirmOpen      s s s s . s s s s s
WithdrawAct      s s s s . s s s s s
AnswerPriority   a a u a a a u a u a
DrawLot          s s s s s s s s s s
SubmitEnvelope   n . u c c c u c u c
WithdrawEnvelope n . u c c c u c u c
FixScores        m m m m m m m m m m
HandInShares     s s s s s . s s s .
RevealEnvelope   s s s s s s s . s s
OpenEnvelopes    s s s s s q s s s .
Objected         . . . . . . . . . .
EndWithListing   . . . . . . . . . .
AskAgain         s s s s s s s s s .
ReportTender     s s s s s s s s s s
Withdrew         . . . . d . . . . .
Misconduct       . . . . d . . . . .
)";

constexpr std::string_view kOpenedAnswers = R"(
AddBidder        s s s s s s s
Advance          . . . . . . .
PlaceBid         c c c u c u c
SetProxy         m m m m m m m
NoteOutage       . . . . . . .
MoveFreeEnd      m m m m m m m
Suspend          s s . s s s s
Continue         s s s . s . s
Restart          s s s s s s s
Annul            s s . . . . s
Open             s s s s s s s
ConfirmOpen      s s s s s s s
WithdrawAct      s s s s s s s
AnswerPriority   c c . u a u c
DrawLot          s s s s . s s
SubmitEnvelope   c c c u c u c
WithdrawEnvelope c c c u c u c
FixScores        m s m m m m m
HandInShares     s s s s s s s
RevealEnvelope   s s s s s s s
OpenEnvelopes    s s s s s s s
Objected         . . . . . . .
EndWithListing   . . . . . . .
AskAgain         s s s s s s s
ReportTender     m m m m s s s
Withdrew         s s . . . . s
Misconduct       . . . . . . .
)";

// The sessions of all tables.
std::vector<StateCase> EverySession() {
  std::vector<StateCase> all = AllStates();
  for (auto&& cases : {DynamicStates(), EnglishAndDutchStates(), EnvelopeStates(Mode::kSealed),
                       EnvelopeStates(Mode::kWeighted), EnvelopeStates(Mode::kTender), OpenedStates()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

TEST(States, AnEndedListingAnnulsItsSessionWhereverItStands) {
  for (StateCase& at : EverySession()) {
    Session& session = at.session;
    session.AdvanceTo(at.now);
    const Auction before = session.state();
    EXPECT_EQ(session.Do(EndWithListing{"FALSE_MATERIAL"}, at.now + Nanoseconds(1)), std::nullopt);
    const Auction& after = session.state();
    EXPECT_EQ(after.state, State::kClosed) << StateName(at.state);
    if (before.state == State::kClosed) {
      EXPECT_EQ(after, before) << "what is decided stays";
      continue;
    }
    EXPECT_EQ(after.outcome, Outcome::kAnnulled) << StateName(at.state);
    EXPECT_EQ(session.Last<Closed>().reason, "FALSE_MATERIAL");
    EXPECT_EQ(session.Last<Closed>().winner, std::nullopt);
    EXPECT_EQ(session.Count<Forfeited>(), 0) << "nobody loses a deposit by it";
    EXPECT_EQ(NextChange(after), std::nullopt);
    EXPECT_FALSE(KeepsEnvelopesSecret(after)) << "who handed in is part of the log hash";
    EXPECT_EQ(EnvelopesAreOpen(after), EnvelopesAreOpen(before))
        << "it opens nothing: " << ModeName(after.rules().mode) << " " << StateName(PhaseOf(before));
  }
}

TEST(States, TwoPersonsAnnulASessionWhereverItStands) {
  for (StateCase& at : EverySession()) {
    Session& session = at.session;
    session.AdvanceTo(at.now);
    const Auction before = session.state();
    const Time now = at.now + Nanoseconds(1);
    if (before.state == State::kClosed) {
      EXPECT_EQ(session.ByTwo(Act::kAnnul, "COURT_OR_SUPERVISORY_ORDER", now), Reason::kWRONG_STATE);
      EXPECT_EQ(session.state(), before) << "what is decided stays";
      continue;
    }
    const RequestAct request{Act::kAnnul, "people/p3", "because", {}};
    EXPECT_EQ(session.Do(request, now), Reason::kINVALID_FIELD) << "its reason is published (domain.md 4.6)";
    EXPECT_EQ(session.ByTwo(Act::kAnnul, "COURT_OR_SUPERVISORY_ORDER", now + Nanoseconds(1)), std::nullopt);
    EXPECT_EQ(session.state().outcome, Outcome::kAnnulled) << StateName(at.state);
    EXPECT_EQ(session.Last<Closed>().reason, "COURT_OR_SUPERVISORY_ORDER");
    EXPECT_EQ(session.Last<Closed>().winner, std::nullopt);
    EXPECT_EQ(session.Count<Forfeited>(), 0) << "nobody loses a deposit by it";
    EXPECT_EQ(NextChange(session.state()), std::nullopt);
  }
}

TEST(States, AnOpenObjectionHoldsASessionWhereverItStands) {
  for (StateCase& at : EverySession()) {
    Session& session = at.session;
    session.AdvanceTo(at.now);
    const Auction before = session.state();
    const Time now = at.now + Nanoseconds(1);
    EXPECT_EQ(session.Do(NoteObjection{true}, now), std::nullopt);
    const size_t noted = session.events().size();
    EXPECT_EQ(session.Do(NoteObjection{true}, now + Nanoseconds(1)), std::nullopt);
    EXPECT_EQ(session.events().size(), noted) << "a second one changes nothing";
    const State state = before.state;
    if (state == State::kClosed) {
      EXPECT_EQ(session.state(), before);
      continue;
    }
    EXPECT_TRUE(session.state().objected);
    const bool runs = NextChange(before).has_value() && state != State::kScheduled && state != State::kDrawing;
    EXPECT_EQ(session.state().state, runs ? State::kSuspended : state) << StateName(at.state);
    // Neither persons nor time bring it on; what waits for neither stays where it is.
    const Time later = now + Hours(24 * 30);
    for (const Act act : {Act::kContinue, Act::kRestartPhase, Act::kOpen}) {
      EXPECT_NE(session.ByTwo(act, "OBJECTION", later, later + Hours(1)), std::nullopt) << ActName(act);
    }
    if (state == State::kOpeningRequested) {
      EXPECT_EQ(session.Do(ConfirmAct{Act::kOpen, "people/p2"}, later + Hours(1)), Reason::kOBJECTION_OPEN);
    }
    EXPECT_NE(session.Do(Opening(), later + Hours(1)), std::nullopt);
    EXPECT_NE(session.Do(Report(), later + Hours(1)), std::nullopt);
    session.AdvanceTo(later + Hours(2));
    if (state == State::kScheduled) {
      EXPECT_EQ(session.state().state, State::kSuspended) << "it begins, and stops";
      EXPECT_EQ(session.state().remaining, FullLength(session.state(), session.state().suspended_state));
      EXPECT_EQ(session.state().suspend_time, session.state().terms->start_time);
    }
  }
}

TEST(States, EveryModeAnswersEveryCommandInItsStates) {
  EXPECT_EQ(TableOf(DynamicStates()), kDynamicAnswers);
  EXPECT_EQ(TableOf(EnglishAndDutchStates()), kEnglishAndDutchAnswers);
  EXPECT_EQ(TableOf(EnvelopeStates(Mode::kSealed)), kSealedAnswers);
  EXPECT_EQ(TableOf(EnvelopeStates(Mode::kWeighted)), kWeightedAnswers);
  EXPECT_EQ(TableOf(EnvelopeStates(Mode::kTender)), kTenderAnswers);
  EXPECT_EQ(TableOf(OpenedStates()), kOpenedAnswers);
}

}  // namespace
}  // namespace ttx::auction
