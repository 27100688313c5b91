#include "services/auction/replay/history.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>

#include "libs/core/canonical_json.h"
#include "libs/core/text.h"
#include "libs/crypto/digest.h"

namespace ttx::auction::replay {
namespace {

constexpr std::string_view kAuctionsHeader = "auction,start_fen,open_ms,end_ms";
constexpr std::string_view kBidsHeader = "auction,time_ms,bidder,amount_fen";
constexpr size_t kColumns = 4;
constexpr size_t kMaxNameBytes = 128;
constexpr int64_t kRowsPerProgress = 1 << 15;

// The engine takes time 0 for "none"; a history may begin there. All times are moved by this and moved back.
constexpr int64_t kShiftMs = 1'000'000;
constexpr int64_t kNsPerMs = 1'000'000;

Time Instant(int64_t ms) { return {(ms + kShiftMs) * kNsPerMs}; }
int64_t MillisecondsOf(Time time) { return time.ns / kNsPerMs - kShiftMs; }

constexpr std::string_view kBadNumber = "not a number of 0 or more";

// Whole columns only: no sign, no space, no quotes.
bool ParseNumber(std::string_view text, int64_t& value) {
  const char* end = text.data() + text.size();
  const auto [stopped, failed] = std::from_chars(text.data(), end, value);
  return failed == std::errc() && stopped == end && text[0] != '-';
}

// Empty, or what is wrong with the row.
std::string_view Split(std::string_view line, std::array<std::string_view, kColumns>& columns) {
  for (size_t i = 0; i + 1 < kColumns; ++i) {
    const auto* comma = static_cast<const char*>(std::memchr(line.data(), ',', line.size()));
    if (comma == nullptr) return "a column is missing";
    columns[i] = {line.data(), static_cast<size_t>(comma - line.data())};
    line.remove_prefix(columns[i].size() + 1);
  }
  if (std::memchr(line.data(), ',', line.size()) != nullptr) return "too many columns";
  columns[kColumns - 1] = line;
  return {};
}

// Names are text that reads the same everywhere; quotes would have to be undone first.
std::string_view CheckName(std::string_view name) {
  if (name.empty()) return "an empty name";
  if (name.size() > kMaxNameBytes) return "a name of more than 128 bytes";
  bool plain = true;
  for (const char c : name) {
    if (c == '"') return "quotes are not understood";
    plain = plain && c > ' ' && c < '\x7f';
  }
  if (plain) return {};
  return CheckText(name, 1, kMaxNameBytes, "name").ok() ? std::string_view()
                                                        : "a name that is not plain UTF-8 text";
}

const Increment& TierAt(const std::vector<Increment>& tiers, Fen price) {
  const Increment* found = &tiers.front();
  for (const Increment& tier : tiers) {
    if (tier.from <= price) found = &tier;
  }
  return *found;
}

Fen UpToLadder(const Increment& below, Fen price) {
  if (below.step.value <= 0) return price;
  const int64_t steps = ((price - below.from).value + below.step.value - 1) / below.step.value;
  return {below.from.value + steps * below.step.value};
}

}  // namespace

Rules RulesOf(const Rules& common, Fen start_price, Duration first_phase) {
  Rules rules = common;
  rules.start_price = start_price;
  rules.free_period = first_phase;
  rules.increments.clear();
  if (common.increments.empty()) {
    rules.increments.push_back({start_price, DefaultIncrement(start_price)});
    return rules;
  }
  rules.increments.push_back({start_price, TierAt(common.increments, start_price).step});
  for (const Increment& tier : common.increments) {
    if (tier.from <= start_price) continue;
    const Increment moved{UpToLadder(rules.increments.back(), tier.from), tier.step};
    if (moved.from == rules.increments.back().from) {
      rules.increments.back().step = tier.step;
    } else {
      rules.increments.push_back(moved);
    }
  }
  return rules;
}

void Problems::Add(std::string_view file, int64_t line, std::string_view what) {
  if (count_++ < kPrinted) print_(std::string(file) + ":" + std::to_string(line) + ": " + std::string(what));
}

// --- State of the auctions --------------------------------------------------------------------------------

struct History::Running {
  struct Envelope {
    int32_t round = 0;
    int32_t submitted = 0;  // in that round
    Fen price;
    Time time;
  };
  Auction auction;
  std::map<std::string, Envelope, std::less<>> envelopes;  // SEALED
};

History::History(Rules rules, Problems& problems)
    : rules_(std::move(rules)), problems_(problems), rejected_(AllReasons().size()) {
  command_.bidder.emplace();
  command_.confirm = false;
}

History::~History() = default;

Status History::CheckCommonRules(const Rules& rules) {
  if (rules.mode == Mode::kWeighted || rules.mode == Mode::kTender) {
    return InvalidField("rules.mode", Reason::kUNKNOWN_VALUE, "MULTI, DYNAMIC, ENGLISH, SEALED, DUTCH");
  }
  for (size_t i = 0; i < rules.increments.size(); ++i) {
    const bool rises = i == 0 || rules.increments[i - 1].from < rules.increments[i].from;
    const Increment& tier = rules.increments[i];
    const bool in_range = tier.step >= Fen{1} && tier.step.value <= kMaxFen && tier.from.value <= kMaxFen;
    if (!in_range || tier.from < Fen{0} || !rises) {
      return InvalidField("rules.increments[" + std::to_string(i) + "]", Reason::kOUT_OF_RANGE,
                          "by rising from_fen, steps > 0");
    }
  }
  TTX_RETURN_IF_ERROR(CheckAmount(rules.dutch.floor, Fen{0}, "rules.dutch.floor_fen"));
  TTX_RETURN_IF_ERROR(CheckAmount(rules.dutch.decrement, Fen{0}, "rules.dutch.decrement_fen"));
  // Whether a price fits the increments, the cap and the floor shows auction by auction.
  Rules without_prices = rules;
  without_prices.cap.reset();
  without_prices.cap_policy = CapPolicy::kEndAtCap;
  without_prices.increments.clear();
  const Fen start_price = rules.mode == Mode::kDutch
                              ? std::min(rules.dutch.floor + rules.dutch.decrement, Fen{kMaxFen})
                              : Fen{1'000'000};
  return CheckRules(RulesOf(without_prices, start_price, Hours(24)));
}

// --- Reading ----------------------------------------------------------------------------------------------

Status History::ReadHeader(LineReader& lines, const std::string& file, std::string_view expected) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  std::string_view line;
  const LineReader::Found found = lines.Next(line);
  if (found == LineReader::Found::kFailed) {
    return Error(Reason::kCANNOT_OPEN_FILE, {{"path", file}, {"detail", "cannot be read"}});
  }
  if (found == LineReader::Found::kLine) {
    if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
    carriage_returns_ = line.ends_with('\r');
    if (carriage_returns_) line.remove_suffix(1);
    if (line == expected) return {};
  }
  return InvalidField(file + ":1", Reason::kBAD_FORMAT, std::string(expected));
}

std::string_view History::ParseAuction(std::string_view line, Session& session) {
  std::array<std::string_view, kColumns> columns;
  if (const auto problem = Split(line, columns); !problem.empty()) return problem;
  if (const auto problem = CheckName(columns[0]); !problem.empty()) return problem;
  session.name = columns[0];
  if (!ParseNumber(columns[1], session.start_price.value) || !ParseNumber(columns[2], session.open_ms) ||
      !ParseNumber(columns[3], session.end_ms)) {
    return kBadNumber;
  }
  if (session.end_ms < session.open_ms) return "it ends before it opens";
  if (session.end_ms > kMaxTimeMs) return "a time after the year 2200";
  if (session.start_price < Fen{1} || session.start_price.value > kMaxFen)
    return "a start price out of range";
  return {};
}

std::string_view History::ParseBid(std::string_view line, BidRow& row) {
  std::array<std::string_view, kColumns> columns;
  if (const auto problem = Split(line, columns); !problem.empty()) return problem;
  row.auction = columns[0];
  row.bidder = columns[2];
  if (!ParseNumber(columns[1], row.time_ms) || !ParseNumber(columns[3], row.amount_fen)) return kBadNumber;
  if (const auto problem = CheckName(row.bidder); !problem.empty()) return problem;
  if (row.time_ms > kMaxTimeMs) return "a time after the year 2200";
  if (row.amount_fen > kMaxFen) return "an amount out of range";
  return {};
}

std::string History::TakeAuction(std::string_view line) {
  Session session;
  if (const auto problem = ParseAuction(line, session); !problem.empty()) return std::string(problem);
  if (by_name_.contains(session.name)) return "this auction was there before";
  const Duration first_phase = Milliseconds(session.end_ms - session.open_ms);
  if (const Status status = CheckRules(RulesOf(rules_, session.start_price, first_phase)); !status.ok()) {
    const FieldViolation& violation = status.error().violations.at(0);
    return "the rules do not fit it: " + violation.field + " must be " + violation.limit;
  }
  sessions_.push_back(std::move(session));
  by_name_.emplace(sessions_.back().name, &sessions_.back());
  return "";
}

std::string_view History::TakeBid(std::string_view line) {
  BidRow row;
  if (const auto problem = ParseBid(line, row); !problem.empty()) return problem;
  Session* session = Find(row.auction);
  if (session == nullptr) return "an unknown auction";
  if (row.time_ms < session->last_ms) return "earlier than the bid before it in its auction";
  session->last_ms = row.time_ms;
  Bid(*session, row);
  return {};
}

template <class Take>
Status History::ReadRows(LineReader& lines, const std::string& file, Take take,
                         const std::function<void(int64_t)>& on_progress) {
  std::string_view line;
  for (;;) {
    switch (lines.Next(line)) {
      case LineReader::Found::kEnd:
        return {};
      case LineReader::Found::kFailed:
        return Error(Reason::kCANNOT_OPEN_FILE, {{"path", file}, {"detail", "cannot be read"}});
      case LineReader::Found::kOverlong:
        problems_.Add(file, lines.line_number(), "a line of more than 4096 bytes");
        break;
      case LineReader::Found::kLine:
        if (carriage_returns_ && line.ends_with('\r')) line.remove_suffix(1);
        if (const auto problem = take(line); !problem.empty()) {
          problems_.Add(file, lines.line_number(), problem);
        }
        break;
    }
    if (on_progress && lines.line_number() % kRowsPerProgress == 0) on_progress(lines.line_number() - 1);
  }
}

Status History::ReadAuctions(LineReader& lines, const std::string& file) {
  TTX_RETURN_IF_ERROR(ReadHeader(lines, file, kAuctionsHeader));
  return ReadRows(lines, file, [this](std::string_view line) { return TakeAuction(line); }, {});
}

Status History::ReadBids(LineReader& lines, const std::string& file,
                         const std::function<void(int64_t)>& on_progress) {
  TTX_RETURN_IF_ERROR(ReadHeader(lines, file, kBidsHeader));
  return ReadRows(
      lines, file, [this](std::string_view line) { return TakeBid(line); }, on_progress);
}

History::Session* History::Find(std::string_view name) {
  if (last_ != nullptr && last_->name == name) return last_;
  const auto it = by_name_.find(name);
  if (it == by_name_.end()) return nullptr;
  return last_ = it->second;
}

// --- Deciding ---------------------------------------------------------------------------------------------

// Who was qualified is not part of a history: as many as the rules ask for, and never only one.
void History::Start(Session& session) {
  ScheduleAuction command;
  command.id = {session.name};
  command.rules = RulesOf(rules_, session.start_price, Milliseconds(session.end_ms - session.open_ms));
  command.start_time = Instant(session.open_ms);
  command.draw_seed = DrawSeed{crypto::Sha256("TTX-REPLAY-1|" + session.name), ""};
  const int32_t bidders = std::max(2, command.rules.min_bidders);
  for (int32_t i = 0; i < bidders; ++i) {
    const std::string name = std::to_string(i);
    command.bidders.push_back({.code = name, .organization = name, .intent = ""});
  }
  Result<Decision> decision = Decide(command, Instant(session.open_ms) - Milliseconds(1));
  TTX_CHECK(decision.ok(), "rules that passed CheckRules cannot be scheduled");
  session.running = std::make_unique<Running>();
  session.running->auction = std::move(decision->next);
}

// Counts what was decided and keeps the state that follows.
void History::Decided(Session& session, Decision decision) {
  Auction& auction = session.running->auction;
  Time end = auction.phase_end;
  for (const Event& event : decision.events) {
    if (const auto* accepted = std::get_if<BidAccepted>(&event.payload)) {
      ++session.accepted;
      if (accepted->phase_end > end) ++session.extensions;
      end = accepted->phase_end;
    } else if (const auto* started = std::get_if<PhaseStarted>(&event.payload)) {
      end = started->end;
    } else if (const auto* refused = std::get_if<BidRefused>(&event.payload)) {
      Refused(refused->reason);
    } else if (std::holds_alternative<EnvelopeAccepted>(event.payload)) {
      ++session.accepted;
    } else if (const auto* opened = std::get_if<Opened>(&event.payload)) {
      for (const OpenedBid& bid : opened->bids) {
        if (!bid.invalid) continue;
        --session.accepted;
        Refused(*bid.invalid);
      }
    } else if (const auto* closed = std::get_if<Closed>(&event.payload)) {
      session.outcome = closed->outcome;
      session.close_ms = MillisecondsOf(closed->time);
      if (closed->winner) {
        session.winner = closed->winner->code;
        session.price = closed->winner->price;
      }
    }
  }
  auction = std::move(decision.next);
}

// What people and key holders do at the end of SEALED, and the drawing of a lot: at once.
void History::Settle(Session& session, Time now) {
  const Auction& auction = session.running->auction;
  if (auction.state == State::kClosedForOpening) Open(session, now);
  if (auction.state == State::kDrawing) {
    Decided(session, Decide(auction, DrawLot{crypto::Sha256(DrawMaterial(auction))}, now));
  }
}

void History::Open(Session& session, Time now) {
  Running& running = *session.running;
  Decided(session, Decide(running.auction, RequestAct{Act::kOpen, "first", "replay", {}}, now));
  Decided(session, Decide(running.auction, ConfirmAct{Act::kOpen, "second"}, now));
  for (int32_t holder = 0; running.auction.state == State::kSharesCollecting; ++holder) {
    Decided(session, Decide(running.auction, HandInShares{holder}, now));
  }
  OpenEnvelopes command;
  for (const auto& [code, envelope] : running.envelopes) {
    if (envelope.round != running.auction.envelopes.round) continue;
    command.envelopes.push_back(
        {{.code = code, .organization = "", .intent = ""}, envelope.time, envelope.price});
  }
  Decided(session, Decide(running.auction, command, now));
}

// Ends phases at their own instants up to `now`, and drops the session once it is closed.
void History::AdvanceTo(Session& session, Time now) {
  while (session.running) {
    const std::optional<Time> change = NextChange(session.running->auction);
    TTX_CHECK(change.has_value(), "a session that waits for somebody");
    if (*change > now) return;
    Decided(session, Decide(session.running->auction, Advance{}, *change));
    Settle(session, *change);
    if (session.running->auction.state == State::kClosed) session.running.reset();
  }
}

void History::Bid(Session& session, const BidRow& row) {
  ++decisions_;
  const Time now = Instant(row.time_ms);
  if (session.outcome == Outcome::kNone && !session.running) Start(session);
  if (session.running && session.running->auction.phase_end <= now) AdvanceTo(session, now);
  if (!session.running) {
    Refused(Reason::kPHASE_CLOSED);
  } else if (rules_.mode == Mode::kSealed) {
    HandInEnvelope(session, row, now);
  } else {
    PlacePrice(session, row, now);
  }
}

void History::PlacePrice(Session& session, const BidRow& row, Time now) {
  command_.bidder->code.assign(row.bidder);
  command_.price = {row.amount_fen};
  Decided(session, Decide(session.running->auction, command_, now));
  Settle(session, now);
  if (session.running->auction.state == State::kClosed) session.running.reset();
}

void History::HandInEnvelope(Session& session, const BidRow& row, Time now) {
  Running& running = *session.running;
  auto it = running.envelopes.find(row.bidder);
  if (it == running.envelopes.end()) it = running.envelopes.emplace(row.bidder, Running::Envelope{}).first;
  Running::Envelope& envelope = it->second;
  const int32_t round = running.auction.envelopes.round;
  const bool standing = envelope.round == round && envelope.submitted > 0;
  SubmitEnvelope command;
  command.bidder = Bidder{.code = it->first, .organization = "", .intent = ""};
  command.digest.assign(crypto::kDigestBytes, '\0');
  command.submitted = standing ? envelope.submitted : 0;
  command.standing = standing;
  Decision decision = Decide(running.auction, command, now);
  if (!decision.refusal) envelope = {round, command.submitted + 1, {row.amount_fen}, now};
  Decided(session, std::move(decision));
}

void History::Finish() {
  for (Session& session : sessions_) {
    if (session.outcome != Outcome::kNone) continue;
    if (!session.running) Start(session);
    AdvanceTo(session, Time{INT64_MAX});
  }
}

// --- Results ----------------------------------------------------------------------------------------------

Ending History::ending(size_t index) const {
  const Session& session = sessions_[index];
  return {session.name,     session.outcome,  session.winner,    session.price,
          session.close_ms, session.accepted, session.extensions};
}

Summary History::summary() const {
  Summary summary;
  for (const Session& session : sessions_) {
    ++summary.auctions;
    summary.accepted += session.accepted;
    summary.extensions += session.extensions;
    if (session.extensions > 0) ++summary.extended_auctions;
  }
  for (size_t i = 0; i < rejected_.size(); ++i) {
    if (rejected_[i] > 0) summary.rejected.emplace_back(AllReasons()[i].name, rejected_[i]);
  }
  std::sort(summary.rejected.begin(), summary.rejected.end());
  summary.unusable_rows = problems_.count();
  return summary;
}

std::string ToJson(const Ending& ending) {
  const bool won = ending.outcome == Outcome::kWinner;
  std::string json = "{\"auction\":" + JsonText(ending.auction);
  json += ",\"result\":\"" + std::string(OutcomeName(ending.outcome)) + "\"";
  json += ",\"winner\":" + (won ? JsonText(ending.winner) : "null");
  json += ",\"price_fen\":" + (won ? std::to_string(ending.price.value) : "null");
  json += ",\"end_ms\":" + std::to_string(ending.end_ms);
  json += ",\"accepted\":" + std::to_string(ending.accepted);
  return json + ",\"extensions\":" + std::to_string(ending.extensions) + "}";
}

std::string ToJson(const Summary& summary) {
  std::string rejected;
  for (const auto& [reason, count] : summary.rejected) {
    if (!rejected.empty()) rejected += ",";
    rejected += "\"" + std::string(reason) + "\":" + std::to_string(count);
  }
  return "{\"auctions\":" + std::to_string(summary.auctions) +
         ",\"accepted\":" + std::to_string(summary.accepted) + ",\"rejected\":{" + rejected +
         "},\"extended_auctions\":" + std::to_string(summary.extended_auctions) +
         ",\"extensions\":" + std::to_string(summary.extensions) +
         ",\"unusable_rows\":" + std::to_string(summary.unusable_rows) + "}";
}

}  // namespace ttx::auction::replay
