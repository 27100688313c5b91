#include "services/auction/replay/command.h"

#include <algorithm>
#include <type_traits>

#include "services/auction/domain/limits.h"
#include "services/auction/replay/json_archive.h"

namespace ttx::auction::replay {
namespace {

constexpr Choices<Act, 6> kActs = {{{"SUSPEND", Act::kSuspend},
                                    {"CONTINUE", Act::kContinue},
                                    {"RESTART_PHASE", Act::kRestartPhase},
                                    {"ANNUL", Act::kAnnul},
                                    {"OPEN", Act::kOpen},
                                    {"DECLARE_DEFAULT", Act::kDeclareDefault}}};
constexpr Choices<ForfeitCause, 4> kForfeitCauses = {
    {{"WITHDREW", ForfeitCause::kWithdrew},
     {"NO_SINGLE_QUOTE", ForfeitCause::kNoSingleQuote},
     {"ALL_SILENT", ForfeitCause::kAllSilent},
     {"MISCONDUCT", ForfeitCause::kMisconduct}}};

constexpr std::string_view kKinds[] = {"Advance",          "AddBidder",      "PlaceBid",     "SetProxy",
                                       "NoteOutage",       "MoveFreeEnd",    "RequestAct",   "ConfirmAct",
                                       "WithdrawAct",      "AnswerPriority", "DrawLot",      "SubmitEnvelope",
                                       "WithdrawEnvelope", "FixScores",      "HandInShares", "RevealEnvelope",
                                       "OpenEnvelopes",    "AskAgain",       "NoteObjection", "EndWithListing",
                                       "ReportTender"};
static_assert(std::size(kKinds) == std::variant_size_v<Command>);

// --- The members of each command --------------------------------------------------------------------------

template <class A>
void Visit(A&, Advance&) {}
template <class A>
void Visit(A& a, AddBidder& c) {
  a.Text("bidder", c.bidder.code);
  a.Integer("rank", c.bidder.rank);
  a.Integer("share", c.bidder.share);
  if (std::is_same_v<A, JsonReader> || c.qualify_time) a.Instant("qualify_time", c.qualify_time);
}
template <class A>
void Visit(A& a, PlaceBid& c) {
  a.Who("bidder", c.bidder);
  a.Amount("price_fen", c.price);
  a.Flag("confirm", c.confirm);
  a.Text("claimed_code", c.claimed_code);
}
template <class A>
void Visit(A& a, SetProxy& c) {
  a.Who("bidder", c.bidder);
  a.Amount("maximum_fen", c.maximum);
}
template <class A>
void Visit(A& a, NoteOutage& c) {
  a.Instant("since", c.since);
}
template <class A>
void Visit(A& a, MoveFreeEnd& c) {
  a.Instant("end", c.end);
}
template <class A>
void Visit(A& a, NoteObjection& c) {
  a.Flag("open", c.open);
}
template <class A>
void Visit(A& a, EndWithListing& c) {
  a.Text("reason", c.reason);
}
template <class A>
void Visit(A& a, RequestAct& c) {
  a.Choice("act", c.act, kActs);
  a.Text("person", c.person);
  a.Text("reason", c.reason);
  a.Instant("resume_time", c.resume_time);
  if (c.act != Act::kDeclareDefault) return;
  a.Text("bidder", c.code);
  a.Choice("cause", c.cause, kForfeitCauses);
}
template <class A>
void Visit(A& a, ConfirmAct& c) {
  a.Choice("act", c.act, kActs);
  a.Text("person", c.person);
}
template <class A>
void Visit(A& a, WithdrawAct& c) {
  a.Text("person", c.person);
}
template <class A>
void Visit(A& a, AnswerPriority& c) {
  a.Who("bidder", c.bidder);
  a.Flag("exercise", c.exercise);
}
template <class A>
void Visit(A& a, DrawLot& c) {
  a.Bytes("digest", c.digest);
}
template <class A>
void Visit(A& a, SubmitEnvelope& c) {
  a.Who("bidder", c.bidder);
  a.Bytes("digest", c.digest);
  a.Integer("submitted", c.submitted);
  a.Flag("standing", c.standing);
  std::string unfit(c.unfit ? ReasonName(c.unfit->reason) : "");
  a.OptionalText("unfit", unfit);
  if (const ReasonInfo* info = FindReason(unfit)) c.unfit = Error(static_cast<Reason>(info - &AllReasons()[0]));
}
template <class A>
void Visit(A& a, WithdrawEnvelope& c) {
  a.Who("bidder", c.bidder);
  a.Flag("standing", c.standing);
}
template <class A>
void Visit(A& a, FixScores& c) {
  a.List("scores", c.scores, [](auto& b, NonPriceScore& score) {
    b.Text("bidder", score.code);
    b.Integer("score", score.score);
  });
}
template <class A>
void Visit(A& a, HandInShares& c) {
  a.Integer("holder", c.holder);
}
template <class A>
void Visit(A& a, RevealEnvelope& c) {
  a.Who("bidder", c.bidder);
  a.Flag("standing", c.standing);
  a.Flag("revealed", c.revealed);
  // Named only where it counts: files of sessions in which it never does are as they always were.
  if (std::is_same_v<A, JsonReader> || c.last) a.Flag("last", c.last);
}
template <class A>
void Visit(A& a, OpenEnvelopes& c) {
  a.List("envelopes", c.envelopes, [](auto& b, EnvelopeContent& content) {
    b.Text("bidder", content.bidder.code);
    b.Instant("time", content.time);
    b.OptionalAmount("price_fen", content.price);
    std::string unreadable(ReasonName(content.unreadable));
    b.Text("unreadable", unreadable);
    if (const ReasonInfo* info = FindReason(unreadable))
      content.unreadable = static_cast<Reason>(info - &AllReasons()[0]);
  });
}
template <class A>
void Visit(A&, AskAgain&) {}

template <class A>
void Visit(A& a, ReportTender& c) {
  a.List("committee", c.committee, [](auto& b, Expert& member) {
    b.Text("member", member.name);
    b.Flag("is_expert", member.is_expert);
  });
  a.List("sheets", c.sheets, [](auto& b, ScoreSheet& sheet) {
    b.Integer("member", sheet.member);
    b.Text("bidder", sheet.code);
    b.Integers("points", sheet.points);
  });
  a.List("risks", c.risks, [](auto& b, RiskFlags& risk) {
    b.Text("bidder", risk.code);
    b.Integer("count", risk.count);
  });
}

template <size_t I = 0>
Command Named(std::string_view kind, bool& known) {
  if constexpr (I < std::variant_size_v<Command>) {
    if (kKinds[I] == kind) return Command(std::in_place_index<I>);
    return Named<I + 1>(kind, known);
  } else {
    known = false;
    return Advance{};
  }
}

std::string Line(std::string_view kind, const Auction& auction, Time time,
                 const std::vector<std::string>& fields) {
  std::string line = std::string(kind) + "|" + auction.id().text + "|" + std::to_string(time.ns);
  for (const std::string& field : fields) line += "|" + field;
  return line;
}

// --- From decisions back to a command ---------------------------------------------------------------------

struct Candidates {
  Auction before;  // the event
  Time time;
  std::vector<Command> found = {};
  Fen automatic = {};  // what the leader's proxy bid, if it did

  static std::optional<Bidder> Who(const std::string& code) {
    return code.empty() ? std::nullopt : std::optional(BidderOf(code));
  }

  void operator()(const BidAccepted& e) {
    if (e.bid.automatic) {
      automatic = e.bid.price;
      return;
    }
    for (const bool confirm : {false, true}) {
      PlaceBid command;
      command.bidder = BidderOf(e.bid.code);
      command.price = e.bid.price;
      command.confirm = confirm;
      found.emplace_back(command);
    }
  }
  void operator()(const BidRefused& e) {
    // No amount: that of a maximum or an envelope, also where the mode takes neither, or an answer without one.
    const bool is_secret = e.price == Fen{};
    if (is_secret && IsSealed(before.rules().mode)) RefusedEnvelope(e);
    if (is_secret) RefusedProxy(e);
    for (const bool confirm : {false, true}) {
      PlaceBid command;
      command.bidder = Who(e.code);
      command.price = e.price;
      command.confirm = confirm;
      found.emplace_back(command);
    }
    PlaceBid other;
    other.bidder = Who(e.code);
    other.price = e.price;
    other.claimed_code = "?";
    found.emplace_back(other);
    if (is_secret && !IsSealed(before.rules().mode)) RefusedEnvelope(e);
    if (is_secret) found.emplace_back(AnswerPriority{Who(e.code), "", false});
  }
  // A proxy's maximum, which nobody learns: any that is refused for the same reason.
  void RefusedProxy(const BidRefused& e) {
    const Rules& rules = before.rules();
    const Fen current = before.leading ? before.leading->price : rules.start_price;
    const Fen step = StepAt(rules, std::max(automatic, current));
    const Fen above_cap = rules.cap ? *rules.cap + step : current;
    for (const Fen maximum : {automatic, automatic - step, Fen{}, current, current + Fen{1}, current - step,
                              current + step, above_cap}) {
      SetProxy command;
      command.bidder = Who(e.code);
      command.maximum = maximum;
      found.emplace_back(command);
    }
  }
  void RefusedEnvelope(const BidRefused& e) {
    SubmitEnvelope submit;
    submit.bidder = Who(e.code);
    submit.digest.assign(32, '\0');
    found.emplace_back(submit);
    submit.submitted = before.rules().sealed.submissions;
    found.emplace_back(submit);
    submit.submitted = 0;
    submit.unfit = Error(e.reason);
    found.emplace_back(submit);
    submit.unfit.reset();
    submit.digest.clear();
    found.emplace_back(submit);
    for (const bool standing : {false, true}) {
      WithdrawEnvelope withdraw;
      withdraw.bidder = Who(e.code);
      withdraw.standing = standing;
      found.emplace_back(withdraw);
    }
  }
  void operator()(const BidderAdded& e) {
    found.emplace_back(AddBidder{e.bidder});
    if (before.free_end) found.emplace_back(AddBidder{e.bidder, before.free_end - Nanoseconds(1)});
  }
  void operator()(const ProxySet& e) {
    SetProxy command;
    command.bidder = BidderOf(e.code);
    command.maximum = e.maximum;
    found.emplace_back(command);
  }
  void operator()(const Suspended& e) {
    found.emplace_back(NoteOutage{e.time});
    found.emplace_back(NoteOutage{e.time - Nanoseconds(1)});
    // Away since before the start: what followed tells whether it was for long.
    found.emplace_back(NoteOutage{time - kMaxOutage - Nanoseconds(1)});
    found.emplace_back(NoteOutage{time - before.rules().suspension.outage_notice});
  }
  void operator()(const Extended& e) {
    const Duration moved = e.end - before.phase_end;
    const Duration added = before.rules().mode == Mode::kDutch ? Duration{} : before.rules().cycle;
    found.emplace_back(MoveFreeEnd{e.end});
    found.emplace_back(NoteOutage{time - (moved - added)});
    found.emplace_back(NoteOutage{time - kMaxOutage});  // away since before the start
  }
  void operator()(const ActRequested& e) {
    found.emplace_back(
        RequestAct{e.act.act, e.act.person, e.act.reason, e.act.resume_time, e.act.code, e.act.cause});
  }
  void operator()(const ActConfirmed& e) { found.emplace_back(ConfirmAct{e.act, e.person}); }
  void operator()(const ActWithdrawn& e) { found.emplace_back(WithdrawAct{e.person}); }
  void operator()(const PriorityAnswered& e) {
    found.emplace_back(AnswerPriority{BidderOf(e.code), "", e.exercise});
  }
  void operator()(const LotDrawn& e) { found.emplace_back(DrawLot{e.digest}); }
  void operator()(const EnvelopeAccepted& e) {
    SubmitEnvelope command;
    command.bidder = BidderOf(e.code);
    command.digest = e.digest;
    command.submitted = e.replaces ? 1 : 0;
    command.standing = e.replaces;
    found.emplace_back(command);
  }
  void operator()(const EnvelopeWithdrawn& e) {
    WithdrawEnvelope command;
    command.bidder = BidderOf(e.code);
    command.standing = true;
    found.emplace_back(command);
  }
  void operator()(const ScoresFixed& e) { found.emplace_back(FixScores{e.scores}); }
  void operator()(const SharesReceived& e) { found.emplace_back(HandInShares{e.holder}); }
  void operator()(const EnvelopeRevealed& e) {
    RevealEnvelope command;
    command.bidder = BidderOf(e.code);
    command.standing = true;
    found.emplace_back(command);
    command.last = true;
    found.emplace_back(command);
  }
  void operator()(const Opened& e) {
    OpenEnvelopes command;
    for (const OpenedBid& opened : e.bids) {
      EnvelopeContent content;
      content.bidder = BidderOf(opened.bid.code);
      content.time = opened.bid.time;
      if (opened.bid.price > Fen{}) content.price = opened.bid.price;
      if (opened.invalid) content.unreadable = *opened.invalid;
      command.envelopes.push_back(std::move(content));
    }
    found.emplace_back(std::move(command));
  }
  void operator()(const Evaluated& e) {
    ReportTender command;
    for (const bool is_expert : e.experts) {
      command.committee.push_back({"E" + std::to_string(command.committee.size() + 1), is_expert});
    }
    command.sheets = e.sheets;
    for (const OpenedBid& bid : e.ranking) {
      if (bid.risk_flags > 0) command.risks.push_back({bid.bid.code, bid.risk_flags});
    }
    found.emplace_back(std::move(command));
  }
  void operator()(const PhaseStarted&) {
    if (before.state == State::kOpening) found.emplace_back(AskAgain{});
  }
  // What follows from time or from one of the above.
  void operator()(const Scheduled&) {}
  void operator()(const Resumed&) {}
  void operator()(const ResumptionPlanned&) {}
  void operator()(const LotOpened&) {}
  void operator()(const PriorityAsked&) {}
  void operator()(const RequoteCalled&) {}
  void operator()(const LeaderNamed&) {}
  void operator()(const Forfeited&) {}
  void operator()(const BidsVoided&) {}
  void operator()(const ObjectionNoted& e) { found.emplace_back(NoteObjection{e.open}); }
  void operator()(const Closed& e) {
    if (e.outcome == Outcome::kAnnulled) found.emplace_back(EndWithListing{e.reason});
  }
};

// A confirmation with what is left of the bids, where it is one of a default.
ConfirmAct WithLeft(const Auction& state, SessionBids bids, ConfirmAct command, Time now) {
  const Decision advanced = auction::Decide(state, Advance{}, now);
  const std::optional<PendingAct>& pending = advanced.next.pending;
  if (!pending || pending->act != Act::kDeclareDefault) return command;
  bids.Add(advanced.events);
  BidSearch search(advanced.next, pending->code);
  for (const Bid& bid : bids.FromLast()) search.Look(bid);
  command.left = search.left();
  return command;
}

bool LeadsTo(const Auction& before, const SessionBids& bids, const TimedCommand& timed,
             const std::vector<Event>& events) {
  const Decision decision = Decide(before, bids, timed);
  if (decision.events.size() != events.size()) return false;
  Auction state = before;
  for (size_t i = 0; i < events.size(); ++i) {
    if (EventText(state, decision.events[i]) != EventText(state, events[i])) return false;
    state = Apply(std::move(state), decision.events[i]);
  }
  return true;
}

}  // namespace

std::string ToJson(const TimedCommand& timed, int64_t number) {
  JsonWriter writer;
  writer.Text("line", "command");
  writer.Integer("number", number);
  writer.Instant("time", timed.time);
  writer.Text("kind", std::string(kKinds[timed.command.index()]));
  Command copy = timed.command;
  std::visit([&](auto& command) { Visit(writer, command); }, copy);
  return writer.Object();
}

std::optional<TimedCommand> ParseCommand(const std::string& json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject()) return std::nullopt;
  JsonReader reader(document);
  std::string kind;
  reader.Text("kind", kind);
  bool known = true;
  TimedCommand timed{{}, Named(kind, known)};
  if (!known) return std::nullopt;
  reader.Instant("time", timed.time);
  std::visit([&](auto& command) { Visit(reader, command); }, timed.command);
  return timed;
}

std::string BidderOf(const Command& command) {
  return std::visit(
      [](const auto& any) -> std::string {
        if constexpr (requires { any.bidder->code; }) {
          return any.bidder ? any.bidder->code : "";
        } else {
          return "";
        }
      },
      command);
}

void SessionBids::Add(const std::vector<Event>& events) {
  for (const Event& event : events) {
    if (const auto* accepted = std::get_if<BidAccepted>(&event.payload)) {
      latest_.insert_or_assign(accepted->bid.code, accepted->bid);
    } else if (const auto* opened = std::get_if<Opened>(&event.payload)) {
      for (const OpenedBid& bid : opened->bids) {
        if (!bid.invalid) opened_.push_back(bid.bid);
      }
    } else if (std::holds_alternative<PhaseStarted>(event.payload)) {
      base_ = latest_;
    } else if (const auto* resumed = std::get_if<Resumed>(&event.payload); resumed && resumed->restart) {
      latest_ = base_;
    }
  }
}

std::vector<Bid> SessionBids::FromLast() const {
  std::map<int64_t, Bid> by_number;
  for (const auto* bids : {&latest_, &base_}) {
    for (const auto& [code, bid] : *bids) by_number.emplace(bid.number, bid);
  }
  for (const Bid& bid : opened_) by_number.emplace(bid.number, bid);
  std::vector<Bid> found;
  for (auto it = by_number.rbegin(); it != by_number.rend(); ++it) found.push_back(it->second);
  return found;
}

Decision Decide(const Auction& state, const SessionBids& bids, const TimedCommand& timed) {
  if (const auto* confirm = std::get_if<ConfirmAct>(&timed.command)) {
    return auction::Decide(state, WithLeft(state, bids, *confirm, timed.time), timed.time);
  }
  return std::visit([&](const auto& command) { return auction::Decide(state, command, timed.time); },
                    timed.command);
}

bool IsLogged(const Auction& before, const Event& event) {
  const Audience audience = AudienceOf(event);
  return before.state != State::kClosed &&
         (audience == Audience::kPublic || audience == Audience::kAfterOpening);
}

std::string EventText(const Auction& auction, const Event& event) {
  if (const auto* e = std::get_if<BidRefused>(&event.payload)) {
    return Line("BidRefused", auction, event.time,
                {e->code, std::to_string(e->price.value), std::string(ReasonName(e->reason))});
  }
  if (const auto* e = std::get_if<ProxySet>(&event.payload)) {
    return Line("ProxySet", auction, event.time, {e->code, std::to_string(e->maximum.value)});
  }
  if (const auto* e = std::get_if<ActRequested>(&event.payload)) {
    std::vector<std::string> fields = {std::string(ActName(e->act.act)), e->act.person, e->act.reason,
                                       std::to_string(e->act.resume_time.ns)};
    if (e->act.act == Act::kDeclareDefault) {
      fields.insert(fields.end(), {e->act.code, std::string(ForfeitCauseName(e->act.cause))});
    }
    return Line("ActRequested", auction, event.time, fields);
  }
  if (const auto* e = std::get_if<ActConfirmed>(&event.payload)) {
    return Line("ActConfirmed", auction, event.time, {std::string(ActName(e->act)), e->person});
  }
  if (const auto* e = std::get_if<ActWithdrawn>(&event.payload)) {
    return Line("ActWithdrawn", auction, event.time, {std::string(ActName(e->act)), e->person});
  }
  if (const auto* e = std::get_if<ObjectionNoted>(&event.payload)) {
    return Line("ObjectionNoted", auction, event.time, {e->open ? "OPEN" : "CLOSED"});
  }
  return CanonicalLine(auction, event);
}

Command CommandOf(const Auction& before, const SessionBids& bids, const std::vector<Event>& events) {
  const Time time = events.front().time;
  Candidates candidates{before, time};
  for (const Event& event : events) {
    std::visit(candidates, event.payload);
    candidates.before = Apply(std::move(candidates.before), event);
  }
  candidates.found.emplace_back(Advance{});
  for (const Command& command : candidates.found) {
    if (LeadsTo(before, bids, {time, command}, events)) return command;
  }
  return candidates.found.front();
}

}  // namespace ttx::auction::replay
