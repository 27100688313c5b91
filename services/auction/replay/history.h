#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libs/core/result.h"
#include "services/auction/domain/auction.h"
#include "services/auction/replay/line_reader.h"

namespace ttx::auction::replay {

/// What an exchange's own past would have been under other rules: auctions and bids from two CSV files,
/// decided by the engine of the server (docs/replay.md).

/// Lines of the two files that could not be used.
class Problems {
 public:
  /// Each of the first `kPrinted` goes to `print` as "file:line: what is wrong".
  explicit Problems(std::function<void(const std::string&)> print) : print_(std::move(print)) {}
  void Add(std::string_view file, int64_t line, std::string_view what);
  int64_t count() const { return count_; }
  static constexpr int64_t kPrinted = 20;

 private:
  std::function<void(const std::string&)> print_;
  int64_t count_ = 0;
};

/// How one auction of the past ends under the rules.
struct Ending {
  std::string auction;
  Outcome outcome = Outcome::kNone;
  std::string winner;  // empty without one
  Fen price;
  int64_t end_ms = 0;
  int64_t accepted = 0;
  int64_t extensions = 0;  // accepted bids that moved the end
  bool operator==(const Ending&) const = default;
};

struct Summary {
  int64_t auctions = 0;
  int64_t accepted = 0;
  std::vector<std::pair<std::string_view, int64_t>> rejected;  // by the reason's name
  int64_t extended_auctions = 0;
  int64_t extensions = 0;
  int64_t unusable_rows = 0;
};

/// Rows are at most this long; more is unusable.
inline constexpr size_t kMaxRowBytes = 4096;
/// Times are milliseconds since 1970, up to the year 2200.
inline constexpr int64_t kMaxTimeMs = 7'258'118'400'000;

/// The rules of one auction of the past: `common` with its start price and its first phase. The increments
/// begin at the start price with the tier that holds there; later tiers move up to the next step of the tier
/// below; without any, the increment is DefaultIncrement. Not checked yet.
Rules RulesOf(const Rules& common, Fen start_price, Duration first_phase);

/// Replays bids over auctions. Memory grows with the number of auctions (and in SEALED with that of bidders
/// of open auctions), not with that of bids.
class History {
 public:
  /// INVALID_FIELD when the rules cannot be run for a history at all: WEIGHTED and TENDER need scores, which
  /// bids do not hold; so do rules that no auction could have.
  static Status CheckCommonRules(const Rules& rules);

  /// `rules` passed CheckCommonRules.
  History(Rules rules, Problems& problems);
  History(const History&) = delete;
  ~History();

  /// Header "auction,start_fen,open_ms,end_ms". BAD_FORMAT for another one, CANNOT_OPEN_FILE when reading
  /// fails.
  Status ReadAuctions(LineReader& lines, const std::string& file);
  /// Header "auction,time_ms,bidder,amount_fen", by time within each auction. `on_progress` is called now and
  /// then with the number of rows so far.
  Status ReadBids(LineReader& lines, const std::string& file,
                  const std::function<void(int64_t)>& on_progress);
  /// Ends all auctions. Once, after the bids.
  void Finish();

  /// In the order of the auctions file.
  size_t size() const { return sessions_.size(); }
  Ending ending(size_t index) const;
  Summary summary() const;
  /// Bids decided so far.
  int64_t decisions() const { return decisions_; }

 private:
  struct Running;  // an open session of the engine
  struct Session {
    std::string name;
    Fen start_price;
    int64_t open_ms = 0;
    int64_t end_ms = 0;
    int64_t last_ms = 0;               // of its latest bid
    std::unique_ptr<Running> running;  // from the first bid to the close
    Outcome outcome = Outcome::kNone;
    std::string winner;
    Fen price;
    int64_t close_ms = 0;
    int64_t accepted = 0;
    int64_t extensions = 0;
  };
  struct BidRow {
    std::string_view auction;
    int64_t time_ms = 0;
    std::string_view bidder;
    int64_t amount_fen = 0;
  };

  Status ReadHeader(LineReader& lines, const std::string& file, std::string_view expected);
  // `take` says what is wrong with a row, or nothing.
  template <class Take>
  Status ReadRows(LineReader& lines, const std::string& file, Take take,
                  const std::function<void(int64_t)>& on_progress);
  static std::string_view ParseAuction(std::string_view line, Session& session);
  static std::string_view ParseBid(std::string_view line, BidRow& row);
  std::string TakeAuction(std::string_view line);
  std::string_view TakeBid(std::string_view line);
  Session* Find(std::string_view name);
  void Start(Session& session);
  void Decided(Session& session, Decision decision);
  void AdvanceTo(Session& session, Time now);
  void Settle(Session& session, Time now);
  void Open(Session& session, Time now);
  void Bid(Session& session, const BidRow& row);
  void PlacePrice(Session& session, const BidRow& row, Time now);
  void HandInEnvelope(Session& session, const BidRow& row, Time now);
  void Refused(Reason reason) { ++rejected_[static_cast<size_t>(reason)]; }

  const Rules rules_;
  Problems& problems_;
  std::deque<Session> sessions_;
  std::unordered_map<std::string_view, Session*> by_name_;
  Session* last_ = nullptr;  // rows of one auction often follow each other
  std::vector<int64_t> rejected_;
  int64_t decisions_ = 0;
  bool carriage_returns_ = false;  // the file being read ends its lines with CR LF
  PlaceBid command_;
};

/// One object as text, exactly with the keys auction, result, winner, price_fen, end_ms, accepted,
/// extensions; `winner` and `price_fen` are null without a winner.
std::string ToJson(const Ending& ending);
std::string ToJson(const Summary& summary);

}  // namespace ttx::auction::replay
