#include "services/auction/replay/session.h"

#include <algorithm>
#include <set>

#include "libs/crypto/digest.h"
#include "services/auction/replay/json_archive.h"

namespace ttx::auction::replay {
namespace {

constexpr std::string_view kFormat = "ttx-auction-session";
constexpr int64_t kVersion = 1;
constexpr std::string_view kChainMember = ",\"chain\":\"";
constexpr Time kLastTime{7'258'118'400'000'000'000};  // the year 2200
constexpr size_t kHexDigits = 2 * crypto::kDigestBytes;

std::string FirstChain() { return std::string(kHexDigits, '0'); }

std::string NextChain(const std::string& chain, std::string_view object) {
  return Hex(crypto::Sha256(chain + "|" + std::string(object)));
}

struct Header {
  ScheduleAuction schedule;
  Time time;
};

std::optional<Header> ParseHeader(const std::string& json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject()) return std::nullopt;
  Header header;
  JsonReader reader(document);
  reader.Instant("time", header.time);
  reader.Nested("schedule", header.schedule,
                [](auto& a, ScheduleAuction& schedule) { VisitSchedule(a, schedule); });
  for (Bidder& bidder : header.schedule.bidders) {
    bidder.organization = BidderOf(bidder.code).organization;
  }
  return header;
}

std::string ErrorText(const Error& error) {
  std::string text(ReasonName(error.reason));
  for (const FieldViolation& violation : error.violations) {
    text += " " + violation.field + " " + std::string(ReasonName(violation.reason)) + " " + violation.limit;
  }
  return text;
}

}  // namespace

// --- Deciding anew ----------------------------------------------------------------------------------------

Result<Session> Session::Start(const ScheduleAuction& schedule, Time now) {
  TTX_TRY(const Decision decision, auction::Decide(schedule, now));
  Session session;
  session.log_hash_.assign(crypto::kDigestBytes, '\0');
  session.Record(decision.events);
  return session;
}

void Session::Run(const TimedCommand& timed) {
  const Decision decision = Decide(auction_, bids_, timed);
  ++commands_;
  Record(decision.events);
}

void Session::Take(const std::vector<Event>& events) {
  ++commands_;
  Record(events);
}

void Session::Record(const std::vector<Event>& events) {
  const Auction before = auction_;
  bids_.Add(events);
  for (const Event& event : events) {
    const Time end_before = auction_.phase_end;
    auction_ = Apply(std::move(auction_), event);
    DecisionLine line{commands_, EventText(auction_, event), "", {}};
    if (IsLogged(before, event)) {
      log_hash_ = crypto::Sha256(log_hash_ + CanonicalLine(auction_, event));
      line.log_hash = Hex(log_hash_);
    }
    if (const auto* accepted = std::get_if<BidAccepted>(&event.payload)) {
      ++accepted_;
      if (accepted->phase_end > end_before) {
        ++extensions_;
        line.extension = accepted->phase_end - end_before;
      }
    } else if (std::holds_alternative<BidRefused>(event.payload)) {
      ++refused_;
    }
    lines_.push_back(std::move(line));
  }
}

SessionResult Session::result() const {
  const bool won = auction_.outcome == Outcome::kWinner && auction_.leading;
  return {auction_.id().text,
          auction_.state,
          auction_.outcome,
          won ? auction_.leading->code : "",
          won ? auction_.leading->price : Fen{},
          auction_.phase_end,
          accepted_,
          refused_,
          extensions_,
          Hex(log_hash_)};
}

// --- Lines ------------------------------------------------------------------------------------------------

std::string HeaderLine(const ScheduleAuction& schedule, Time schedule_time) {
  ScheduleAuction copy = schedule;
  JsonWriter writer;
  writer.Text("line", "header");
  writer.Text("format", std::string(kFormat));
  writer.Integer("version", kVersion);
  writer.Instant("time", schedule_time);
  writer.Nested("schedule", copy, [](auto& a, ScheduleAuction& terms) { VisitSchedule(a, terms); });
  return writer.Object();
}

std::string DecisionObject(const DecisionLine& line, int64_t number) {
  JsonWriter writer;
  writer.Text("line", "decision");
  writer.Integer("number", number);
  writer.Integer("command", line.command);
  writer.Text("event", line.event);
  if (!line.log_hash.empty()) writer.Text("log_hash", line.log_hash);
  if (line.extension > Duration{}) writer.Length("extension", line.extension);
  return writer.Object();
}

std::string ResultLine(const SessionResult& result) {
  JsonWriter writer;
  writer.Text("line", "result");
  writer.Text("auction", result.auction);
  writer.Text("state", std::string(StateName(result.state)));
  writer.Text("result", std::string(OutcomeName(result.outcome)));
  writer.Text("winner", result.winner);
  writer.Amount("price_fen", result.price);
  writer.Instant("end", result.end);
  writer.Integer("accepted", result.accepted);
  writer.Integer("refused", result.refused);
  writer.Integer("extensions", result.extensions);
  writer.Text("log_hash", result.log_hash);
  return writer.Object();
}

std::string ToJson(const ReplayReport& report) {
  JsonWriter writer;
  if (report.result) {
    const SessionResult& result = *report.result;
    const bool won = result.outcome == Outcome::kWinner;
    writer.Text("auction", result.auction);
    writer.Text("result", std::string(OutcomeName(result.outcome)));
    writer.Member("winner", won ? JsonText(result.winner) : "null");
    writer.Member("price_fen", won ? std::to_string(result.price.value) : "null");
    writer.Integer("end_ms", result.end.ns / 1'000'000);
    writer.Integer("accepted", result.accepted);
    writer.Integer("extensions", result.extensions);
    writer.Integer("refused", result.refused);
    writer.Text("log_hash", result.log_hash);
  }
  writer.Flag("same", !report.difference);
  if (report.difference) {
    Difference difference = *report.difference;
    writer.Nested("difference", difference, [](auto& a, const Difference& d) {
      a.Integer("line", d.line);
      a.Text("expected", d.expected);
      a.Text("found", d.found);
    });
  }
  return writer.Object();
}

Chain::Chain() : hash_(FirstChain()) {}

std::string Chain::Link(const std::string& object) {
  hash_ = NextChain(hash_, object);
  return object.substr(0, object.size() - 1) + std::string(kChainMember) + hash_ + "\"}";
}

SessionWriter::SessionWriter(std::function<void(const std::string&)> sink) : sink_(std::move(sink)) {}

void SessionWriter::Write(const std::string& object) { sink_(chain_.Link(object) + "\n"); }

SessionReader::SessionReader(LineReader& lines) : lines_(lines), chain_(FirstChain()) {}

SessionReader::Found SessionReader::Broken(std::string expected, std::string found) {
  expected_ = std::move(expected);
  found_ = std::move(found);
  return Found::kBroken;
}

SessionReader::Found SessionReader::Next(std::string& object) {
  std::string_view line;
  const LineReader::Found got = lines_.Next(line);
  if (got == LineReader::Found::kEnd) {
    ++line_number_;
    return Found::kEnd;
  }
  line_number_ = lines_.line_number();
  if (got == LineReader::Found::kFailed) return Broken("a line", "a file that cannot be read on");
  if (got == LineReader::Found::kOverlong) return Broken("a line of at most 2 MiB", "a longer one");
  if (!lines_.terminated()) return Broken("a line feed at the end of the line", std::string(line));
  const size_t tail = kChainMember.size() + kHexDigits + 2;  // ,"chain":"...64..."}
  const std::string chain_text = "a line that ends with its chain";
  if (line.size() <= tail || !line.ends_with("\"}")) return Broken(chain_text, std::string(line));
  const size_t split = line.size() - tail;
  if (line.substr(split, kChainMember.size()) != kChainMember) return Broken(chain_text, std::string(line));
  object = std::string(line.substr(0, split)) + "}";
  chain_ = NextChain(chain_, object);
  const std::string_view given = line.substr(split + kChainMember.size(), kHexDigits);
  if (given != chain_) return Broken("chain " + chain_, "chain " + std::string(given));
  return Found::kLine;
}

// --- Comparing --------------------------------------------------------------------------------------------

namespace {

// The first member says what a line is.
bool IsLine(const std::string& object, std::string_view kind) {
  return object.starts_with("{\"line\":\"" + std::string(kind) + "\"");
}

// Reads one file from its first line to its last and stops at the first difference.
class Comparison {
 public:
  explicit Comparison(LineReader& lines) : reader_(lines) {}

  ReplayReport Run() {
    std::string object;
    if (ReadHeader(object) && ReadCommands(object) && ReadDecisions(object)) ReadResult(object);
    if (session_) report_.decisions = session_->lines();
    return std::move(report_);
  }

 private:
  bool Differs(std::string expected, std::string found) {
    report_.difference = Difference{reader_.line_number(), std::move(expected), std::move(found)};
    return false;
  }
  // The next line, which has to be there.
  bool Next(std::string& object) {
    switch (reader_.Next(object)) {
      case SessionReader::Found::kLine:
        return true;
      case SessionReader::Found::kEnd:
        return Differs("another line", "the end of the file");
      case SessionReader::Found::kBroken:
        return Differs(reader_.expected(), reader_.found());
    }
    TTX_CHECK(false, "unreachable");
  }

  bool ReadHeader(std::string& object) {
    if (!Next(object)) return false;
    const std::optional<Header> header = ParseHeader(object);
    const std::string written = header ? HeaderLine(header->schedule, header->time) : "a header";
    if (object != written) return Differs(written, object);
    if (header->time.ns < 0 || std::max(header->time, header->schedule.start_time) > kLastTime) {
      return Differs("times before the year 2200", object);
    }
    if (const auto lie = CheckSecrets(header->schedule)) return Differs(*lie, object);
    Result<Session> session = Session::Start(header->schedule, header->time);
    if (!session.ok()) return Differs("rules that can be run: " + ErrorText(session.error()), object);
    session_ = std::move(*session);
    for (const Bidder& bidder : header->schedule.bidders) codes_.insert(bidder.code);
    return Next(object);
  }

  // What was revealed must be what was committed to.
  static std::optional<std::string> CheckSecrets(const ScheduleAuction& schedule) {
    const auto& reserve = schedule.reserve;
    if (reserve && !reserve->salt.empty()) {
      const std::string material = reserve->salt + "TTX-RESERVE-1|" + std::to_string(reserve->price.value);
      if (crypto::Sha256(material) != reserve->commitment) return "a reserve price that opens its commitment";
    }
    const auto& draw = schedule.draw_seed;
    if (draw && !draw->seed.empty() && crypto::Sha256("TTX-DRAW-SEED-1|" + draw->seed) != draw->commitment) {
      return "a seed that opens its commitment";
    }
    return std::nullopt;
  }

  bool ReadCommands(std::string& object) {
    Time last = session_->auction().update_time;
    for (int64_t number = 1; IsLine(object, "command"); ++number) {
      const std::optional<TimedCommand> timed = ParseCommand(object);
      const std::string written = timed ? replay::ToJson(*timed, number) : "a command";
      if (object != written) return Differs(written, object);
      // A lot is drawn at the instant at which it was found to be needed.
      const bool draws = std::holds_alternative<DrawLot>(timed->command);
      if (timed->time < last || (timed->time == last && !draws)) {
        return Differs("a time after that of the command before", object);
      }
      if (!IsInRange(*timed)) return Differs("times and amounts that the engine knows", object);
      if (const auto* draw = std::get_if<DrawLot>(&timed->command); draw && !IsDraw(*draw)) {
        return Differs("the digest of the seed and the codes", object);
      }
      if (const auto* added = std::get_if<AddBidder>(&timed->command)) codes_.insert(added->bidder.code);
      if (const std::string code = CodeIn(timed->command); !code.empty() && !codes_.contains(code)) {
        return Differs("a bidder of the session", object);
      }
      last = timed->time;
      session_->Run(*timed);
      if (!Next(object)) return false;
    }
    report_.result = session_->result();
    return true;
  }

  // The bidder that gave the command, or that it is about.
  static std::string CodeIn(const Command& command) {
    const auto* act = std::get_if<RequestAct>(&command);
    return act != nullptr ? act->code : BidderOf(command);
  }

  // A service checks what it is asked before it decides; so must whoever reads it from a file.
  static bool IsInRange(const TimedCommand& timed) {
    const auto is_time = [](Time time) { return time.ns >= 0 && time <= kLastTime; };
    const auto is_amount = [](Fen amount) { return amount >= Fen{0} && amount.value <= kMaxFen; };
    if (!is_time(timed.time)) return false;
    if (const auto* bid = std::get_if<PlaceBid>(&timed.command)) return is_amount(bid->price);
    if (const auto* proxy = std::get_if<SetProxy>(&timed.command)) return is_amount(proxy->maximum);
    if (const auto* outage = std::get_if<NoteOutage>(&timed.command)) return is_time(outage->since);
    if (const auto* moved = std::get_if<MoveFreeEnd>(&timed.command)) return is_time(moved->end);
    if (const auto* act = std::get_if<RequestAct>(&timed.command)) return is_time(act->resume_time);
    if (const auto* added = std::get_if<AddBidder>(&timed.command)) return is_time(added->qualify_time);
    return true;
  }

  bool IsDraw(const DrawLot& command) const {
    return command.digest == crypto::Sha256(DrawMaterial(session_->auction()));
  }

  bool ReadDecisions(std::string& object) {
    int64_t number = 0;
    for (const DecisionLine& line : session_->lines()) {
      const std::string decided = DecisionObject(line, ++number);
      if (object != decided) return Differs(decided, object);
      if (!Next(object)) return false;
    }
    return true;
  }

  void ReadResult(std::string& object) {
    const std::string result = ResultLine(*report_.result);
    if (object != result) {
      Differs(result, object);
      return;
    }
    switch (reader_.Next(object)) {
      case SessionReader::Found::kEnd:
        return;
      case SessionReader::Found::kLine:
        Differs("the end of the file", object);
        return;
      case SessionReader::Found::kBroken:
        Differs("the end of the file", reader_.found());
        return;
    }
  }

  SessionReader reader_;
  std::set<std::string> codes_;
  std::optional<Session> session_;
  ReplayReport report_;
};

}  // namespace

Result<ReplayReport> ReplaySession(LineReader& lines) { return Comparison(lines).Run(); }

}  // namespace ttx::auction::replay
