#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/core/result.h"
#include "libs/storage/kv.h"
#include "services/auction/replay/command.h"
#include "services/auction/replay/line_reader.h"

namespace ttx::auction::replay {

/// A session as a file of JSON Lines (docs/formats.md "Session export"): what it was announced with, then
/// what was asked and when, then what was decided, then how it ended.

/// A line of a session file is at most this long.
inline constexpr size_t kMaxSessionLineBytes = 2 << 20;

/// One decision, as it is compared: the text of its event and the log's hash after it, empty for an event
/// outside.
struct DecisionLine {
  int64_t command = 0;  // the number of the command that led to it, from 1; 0 for the scheduling
  std::string event;
  std::string log_hash;  // hexadecimal
  Duration extension;    // by how much an accepted bid moved the end
  bool operator==(const DecisionLine&) const = default;
};

/// How a session stands after its last command.
struct SessionResult {
  std::string auction;
  State state = State::kScheduled;
  Outcome outcome = Outcome::kNone;
  std::string winner;  // its code
  Fen price;
  Time end;  // of the current phase; of the session once closed
  int64_t accepted = 0;
  int64_t refused = 0;
  int64_t extensions = 0;
  std::string log_hash;  // hexadecimal
  bool operator==(const SessionResult&) const = default;
};

/// Decides a session anew: the engine, with the log's hash beside it.
class Session {
 public:
  /// INVALID_FIELD when the announcement breaks the rules.
  static Result<Session> Start(const ScheduleAuction& schedule, Time now);

  /// Decides one command. Its decisions are appended to `lines()`.
  void Run(const TimedCommand& timed);
  /// Takes events as they were decided elsewhere, all at one time.
  void Take(const std::vector<Event>& events);

  const Auction& auction() const { return auction_; }
  const SessionBids& bids() const { return bids_; }
  const std::vector<DecisionLine>& lines() const { return lines_; }
  /// The lines so far, which are then no longer kept.
  std::vector<DecisionLine> TakeLines() { return std::exchange(lines_, {}); }
  SessionResult result() const;

 private:
  Session() = default;
  void Record(const std::vector<Event>& events);

  Auction auction_;
  SessionBids bids_;
  std::string log_hash_;
  int64_t commands_ = 0;
  int64_t accepted_ = 0;
  int64_t refused_ = 0;
  int64_t extensions_ = 0;
  std::vector<DecisionLine> lines_;
};

/// Ties each line of a file to all before it.
class Chain {
 public:
  Chain();
  /// The next line, without its line feed: `object`, a JSON object, and as its last member the "chain".
  std::string Link(const std::string& object);

 private:
  std::string hash_;  // hexadecimal
};

/// Writes lines, each with the chain hash that ties it to all before it.
class SessionWriter {
 public:
  explicit SessionWriter(std::function<void(const std::string&)> sink);
  /// `object` is a JSON object; the line written ends with its member "chain".
  void Write(const std::string& object);

 private:
  std::function<void(const std::string&)> sink_;
  Chain chain_;
};

/// Reads them back.
class SessionReader {
 public:
  explicit SessionReader(LineReader& lines);
  enum class Found { kLine, kEnd, kBroken };
  /// `object` is the line without its chain. kBroken: see `expected` and `found`.
  Found Next(std::string& object);
  int64_t line_number() const { return line_number_; }
  const std::string& expected() const { return expected_; }
  const std::string& found() const { return found_; }

 private:
  Found Broken(std::string expected, std::string found);

  LineReader& lines_;
  std::string chain_;
  int64_t line_number_ = 0;
  std::string expected_;
  std::string found_;
};

std::string HeaderLine(const ScheduleAuction& schedule, Time schedule_time);
std::string DecisionObject(const DecisionLine& line, int64_t number);
std::string ResultLine(const SessionResult& result);

/// Where a replay and its file part.
struct Difference {
  int64_t line = 0;
  std::string expected;  // by the rules, the chain or the format
  std::string found;     // in the file
};

struct ReplayReport {
  std::vector<DecisionLine> decisions;
  std::optional<SessionResult>
      result;  // as replayed; nothing when the file broke off before its last command
  std::optional<Difference> difference;
};

/// Decides the commands of a session file anew and compares each decision, the hash of the log and the
/// result. Memory grows with the session. CANNOT_OPEN_FILE when reading fails; anything wrong with the
/// content is a difference.
Result<ReplayReport> ReplaySession(LineReader& lines);

/// Writes the session `id` of an auction service's store. Bidders appear by code only, persons as P1, P2,
/// ..., members of a committee as E1, E2, ...; acts that nobody confirmed and free text do not; the reserve price and
/// the seed of a lot only once the session's log shows them. Memory does not grow with the session. NOT_FOUND;
/// WRONG_STATE for what cannot be told before the close (proxy bids).
Status ExportSession(const storage::Reader& reader, std::string_view secrets_key, const AuctionId& id,
                     SessionWriter& writer);

/// The same from the events of a session, the first of them its scheduling, and the hash (32 bytes) that the
/// service keeps of its log.
Status ExportEvents(const std::vector<Event>& events, const std::string& log_hash, SessionWriter& writer);

/// The object of `ttx auction replay FILE --json` for the end of a session.
std::string ToJson(const ReplayReport& report);

}  // namespace ttx::auction::replay
