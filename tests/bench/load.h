#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ttx::bench {

using SteadyClock = std::chrono::steady_clock;

/// What every auction of the benchmarks has in common; bids.py gives PostgreSQL the same numbers.
inline constexpr int64_t kStartPriceFen = 10'000;
inline constexpr int64_t kStepFen = 100;

/// A command line of "--name value" pairs. Stops the program on anything else.
class Options {
 public:
  Options(int argc, char** argv);
  /// The value; `otherwise` when not given.
  std::string Get(std::string_view name, std::string_view otherwise) const;
  int64_t GetInt(std::string_view name, int64_t otherwise) const;
  double GetSeconds(std::string_view name, double otherwise) const;
  /// The value; stops the program when not given.
  std::string Must(std::string_view name) const;

 private:
  std::map<std::string, std::string, std::less<>> given_;
};

/// The lines of a file; stops the program when there are none.
std::vector<std::string> ReadLines(const std::string& path);

/// Prints to standard error and exits with status 1.
[[noreturn]] void Die(const std::string& message);

/// The n-th bid of a run. Numbers are handed out in the order bids are sent and never again, over all runs on
/// one store, so prices rise and request ids are new.
struct PlannedBid {
  int64_t number = 0;
  int64_t price_fen = 0;
  size_t auction = 0;  // pseudo-random of `auction_count`, the same for the same number
  std::string request_id;
};
PlannedBid PlanBid(int64_t number, size_t auction_count);

/// How one worker's requests ended within the measured time.
struct Tally {
  int64_t accepted = 0;
  int64_t refused = 0;                 // decided and stored, but not accepted
  int64_t failed = 0;                  // anything else
  std::vector<uint32_t> latencies_us;  // of decided ones
};

/// When a run ends: after `seconds`, or before that with the `count`-th accepted bid if `count` is not 0.
struct Limit {
  double seconds = 0;
  int64_t count = 0;
};

/// The state of the measured process when a window of accepted bids was full.
struct Mark {
  double seconds = 0;      // since the start of the run
  double cpu_seconds = 0;  // user and system time of the process so far
};

/// User and system time a process has used; 0 when `pid` is 0.
double CpuSeconds(int64_t pid);

/// One run, ready to be printed.
struct Summary {
  std::string kind;
  int64_t in_flight = 0;
  double seconds = 0;
  Tally total;
  int64_t next_number = 0;
  int64_t connects = 0;
  std::vector<Mark> marks;  // of a run with a count: its start, then the end of each full window
};
/// One JSON object on one line.
std::string ToJson(Summary summary);

void Add(Tally& total, const Tally& part);

}  // namespace ttx::bench
