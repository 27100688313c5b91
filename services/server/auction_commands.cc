#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "libs/config/config.h"
#include "libs/storage/rocks_kv.h"
#include "services/auction/replay/history.h"
#include "services/auction/replay/rules_file.h"
#include "services/auction/replay/session.h"
#include "services/server/commands.h"
#include "services/server/export_client.h"
#include "services/server/files.h"

namespace ttx::server {
namespace {

namespace replay = auction::replay;

constexpr int kExitUnreadable = 2;  // a script tells it from a difference

constexpr const char* kHelp =
    "Usage: ttx auction export NAME --server URL [--ca FILE] [--out FILE]\n"
    "       ttx auction export NAME [--config FILE | --data DIR] [--out FILE]\n"
    "       ttx auction replay FILE [--json]\n"
    "       ttx auction replay --rules R.textproto --auctions A.csv --bids B.csv [--json] [--progress]\n"
    "\n"
    "export writes a session, \"auctions/{id}\", as JSON Lines: its rules, what was asked and when, what was "
    "decided,\n"
    "the result. From a server it takes a session that is over; without --server it reads the data folder of an "
    "auction\n"
    "service that is not running. Bidders appear by code only.\n"
    "\n"
    "replay FILE decides the commands of an export anew, without a server, and compares every decision, the "
    "hash of the\n"
    "log and the result. The first difference is named with its line.\n"
    "\n"
    "replay --rules decides the bids of an exchange's own past by the rules in R (ttx.type.v1.BiddingRules in "
    "protobuf text\n"
    "format). A: auction,start_fen,open_ms,end_ms. B: auction,time_ms,bidder,amount_fen, by time within each "
    "auction;\n"
    "\"-\" is standard input. Lines that cannot be used are named on standard error and counted. See "
    "docs/replay.md.\n"
    "\n"
    "  --server URL   the address of a gateway, https://...\n"
    "  --ca FILE      the only authority that is trusted, PEM (default: the system's)\n"
    "  --config FILE  where the data folder is (default var/ttx.conf)\n"
    "  --data DIR     the data folder itself, or the one given to `ttx init`\n"
    "  --secrets-key FILE  the installation's secrets key (default: as configured, or DIR/keys/secrets.key)\n"
    "  --out FILE     write there, a new file, instead of to standard output\n"
    "  --json         one object a line: decisions and result, or auctions and summary\n"
    "  --progress     a line on standard error every second, also when that is no terminal\n"
    "\n"
    "Exit status: 0 done, also when lines could not be used; 1 the replay of an export differs, or there is "
    "no such\n"
    "session; 2 a file cannot be read or written, or is not what it should be; 64 wrong use.\n";

int WrongUse(const std::string& what) {
  std::fprintf(stderr, "ttx: %s\n\n%s", what.c_str(), kHelp);
  return kExitUsage;
}

int Unusable(const std::string& what) {
  std::fprintf(stderr, "ttx: %s\n", what.c_str());
  return kExitUnreadable;
}

int Refuse(const Error& error) {
  std::string text = error.message();
  for (const FieldViolation& violation : error.violations) {
    text += "; " + violation.field + ": " + std::string(ReasonName(violation.reason));
    if (!violation.limit.empty()) text += " (" + violation.limit + ")";
  }
  std::fprintf(stderr, "ttx: %s: %s\n", std::string(ReasonName(error.reason)).c_str(), text.c_str());
  const bool absent = error.reason == Reason::kNOT_FOUND || error.reason == Reason::kWRONG_STATE;
  return absent ? kExitFailed : kExitUnreadable;
}

void PrintLine(const std::string& text) { std::printf("%s\n", text.c_str()); }

// --- Export -----------------------------------------------------------------------------------------------

Result<std::string> DataFolder(const Arguments& arguments) {
  const std::string data = arguments.Get("data", "");
  if (!data.empty()) return data;
  TTX_TRY(const config::Config config, config::Load(arguments.Get("config", kDefaultConfig)));
  return config.data_directory();
}

// The installation's secrets key, with which the store keeps reserve prices and bidders until the close.
Result<std::string> SecretsKey(const Arguments& arguments) {
  const std::string file = arguments.Get("secrets-key", "");
  if (!file.empty()) return ReadFile(file);
  const std::string data = arguments.Get("data", "");
  if (!data.empty()) return ReadFile(data + "/keys/secrets.key");
  TTX_TRY(const config::Config config, config::Load(arguments.Get("config", kDefaultConfig)));
  return ReadFile(config.secrets_key_file());
}

// The session of a stopped server.
Status ExportFolder(std::ostream& out, const std::string& folder, const std::string& secrets_key,
                    const std::string& id) {
  if (::access((folder + "/CURRENT").c_str(), R_OK) != 0) {
    return Error(Reason::kCANNOT_OPEN_FILE, {{"path", folder}, {"detail", "no store of an auction service"}});
  }
  TTX_TRY(const std::unique_ptr<storage::Kv> store, storage::OpenRocksKv({.path = folder}));
  replay::SessionWriter writer([&](const std::string& line) { out << line; });
  return replay::ExportSession(*store, secrets_key, {id}, writer);
}

// The store below a data folder, or below the folder of an installation that `ttx init` made.
std::string StoreBelow(const std::string& folder) {
  const std::string made_by_init = folder + "/data/auction/rocksdb";
  const bool is_installation = ::access((made_by_init + "/CURRENT").c_str(), R_OK) == 0;
  return is_installation ? made_by_init : folder + "/auction/rocksdb";
}

Status ExportTo(std::ostream& out, const Arguments& arguments, const std::string& id) {
  std::string url = arguments.Get("server", "");
  while (url.ends_with('/')) url.pop_back();
  if (arguments.Has("server")) {
    TTX_RETURN_IF_ERROR(ExportFromServer(url, arguments.Get("ca", ""), id, out));
  } else {
    TTX_TRY(const std::string folder, DataFolder(arguments));
    TTX_TRY(const std::string secrets_key, SecretsKey(arguments));
    if (secrets_key.size() != 32) {
      return Error(Reason::kCANNOT_OPEN_FILE, {{"path", "the secrets key"}, {"detail", "it has 32 bytes"}});
    }
    TTX_RETURN_IF_ERROR(ExportFolder(out, StoreBelow(folder), secrets_key, id));
  }
  out.flush();
  if (out) return {};
  return Error(Reason::kCANNOT_OPEN_FILE, {{"path", "the output"}, {"detail", "cannot be written"}});
}

int Export(const Arguments& arguments) {
  if (arguments.rest().size() != 2) return WrongUse("name one session");
  const bool online = arguments.Has("server");
  if (online && (arguments.Has("config") || arguments.Has("data") || arguments.Has("secrets-key"))) {
    return WrongUse("a session is exported from a server or from a data folder");
  }
  if (arguments.Has("ca") && !online) return WrongUse("--ca goes with --server");
  std::string id = arguments.rest()[1];
  if (id.starts_with("auctions/")) id.erase(0, std::string_view("auctions/").size());
  const std::string path = arguments.Get("out", "");
  if (path.empty()) {
    const Status status = ExportTo(std::cout, arguments, id);
    return status.ok() ? kExitOk : Refuse(status.error());
  }
  if (::access(path.c_str(), F_OK) == 0) return Unusable(path + " is there already");
  std::ofstream file(path, std::ios::binary);
  if (!file) return Unusable("cannot write " + path);
  const Status status = ExportTo(file, arguments, id);
  if (status.ok()) return kExitOk;
  ::unlink(path.c_str());
  return Refuse(status.error());
}

// --- Replay of an export ----------------------------------------------------------------------------------

void PrintDecisions(const replay::ReplayReport& report, bool json) {
  int64_t number = 0;
  for (const replay::DecisionLine& line : report.decisions) {
    ++number;
    if (json) {
      PrintLine(replay::DecisionObject(line, number));
    } else {
      const std::string moved = line.extension > Duration{}
                                    ? "  (end + " + std::to_string(line.extension.ns / 1'000'000) + " ms)"
                                    : "";
      std::printf("%6lld  %s%s\n", static_cast<long long>(number), line.event.c_str(), moved.c_str());
    }
  }
}

void PrintResult(const replay::ReplayReport& report) {
  if (report.result) {
    const replay::SessionResult& result = *report.result;
    std::printf("\n%s: %s", result.auction.c_str(), std::string(OutcomeName(result.outcome)).c_str());
    if (!result.winner.empty()) {
      std::printf(" %s at %lld fen", result.winner.c_str(), static_cast<long long>(result.price.value));
    }
    std::printf(", %s %s, %lld accepted, %lld refused, %lld extensions\nlog hash %s\n",
                std::string(StateName(result.state)).c_str(), FormatTime(result.end).c_str(),
                static_cast<long long>(result.accepted), static_cast<long long>(result.refused),
                static_cast<long long>(result.extensions), result.log_hash.c_str());
  }
  if (!report.difference) {
    PrintLine("the same as in the file");
    return;
  }
  std::printf("line %lld differs\n  expected: %s\n  found:    %s\n",
              static_cast<long long>(report.difference->line), report.difference->expected.c_str(),
              report.difference->found.c_str());
}

int ReplayExport(const std::string& path, bool json) {
  const Result<replay::InputFile> file = replay::InputFile::Open(path);
  if (!file.ok()) return Refuse(file.error());
  replay::LineReader lines(file->descriptor(), replay::kMaxSessionLineBytes);
  const Result<replay::ReplayReport> report = replay::ReplaySession(lines);
  if (!report.ok()) return Refuse(report.error());
  PrintDecisions(*report, json);
  if (json) {
    PrintLine(replay::ToJson(*report));
  } else {
    PrintResult(*report);
  }
  return report->difference ? kExitFailed : kExitOk;
}

// --- Replay of a history ----------------------------------------------------------------------------------

// A line a second on standard error.
class Progress {
 public:
  explicit Progress(bool wanted) : wanted_(wanted) {}
  void Rows(int64_t rows) {
    const Clock::time_point now = Clock::now();
    if (!wanted_ || now - printed_ < std::chrono::seconds(1)) return;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - begun_).count();
    std::fprintf(stderr, "%lld rows, %lld a second\n", static_cast<long long>(rows),
                 static_cast<long long>(rows * 1000 / std::max<int64_t>(ms, 1)));
    printed_ = now;
  }

 private:
  using Clock = std::chrono::steady_clock;
  const bool wanted_;
  const Clock::time_point begun_ = Clock::now();
  Clock::time_point printed_ = begun_;
};

void PrintTable(const replay::History& history) {
  std::printf("%-24s %-16s %-20s %18s %15s %9s %10s\n", "auction", "result", "winner", "price_fen", "end_ms",
              "accepted", "extensions");
  for (size_t i = 0; i < history.size(); ++i) {
    const replay::Ending ending = history.ending(i);
    const bool won = ending.outcome == auction::Outcome::kWinner;
    std::printf("%-24s %-16s %-20s %18s %15lld %9lld %10lld\n", ending.auction.c_str(),
                std::string(OutcomeName(ending.outcome)).c_str(), won ? ending.winner.c_str() : "-",
                won ? std::to_string(ending.price.value).c_str() : "-", static_cast<long long>(ending.end_ms),
                static_cast<long long>(ending.accepted), static_cast<long long>(ending.extensions));
  }
}

void PrintSummary(const replay::Summary& summary) {
  std::printf("\n%lld auctions, %lld of them extended, %lld extensions; %lld bids accepted\n",
              static_cast<long long>(summary.auctions), static_cast<long long>(summary.extended_auctions),
              static_cast<long long>(summary.extensions), static_cast<long long>(summary.accepted));
  for (const auto& [reason, count] : summary.rejected) {
    std::printf("%12lld refused: %s\n", static_cast<long long>(count), std::string(reason).c_str());
  }
  if (summary.unusable_rows > 0) {
    std::printf("%12lld rows could not be used\n", static_cast<long long>(summary.unusable_rows));
  }
}

Status RunHistory(const Arguments& arguments, replay::History& history) {
  const std::string auctions_path = arguments.Get("auctions", "");
  const std::string bids_path = arguments.Get("bids", "");
  TTX_TRY(const replay::InputFile auctions, replay::InputFile::Open(auctions_path));
  TTX_TRY(const replay::InputFile bids, replay::InputFile::Open(bids_path));
  replay::LineReader auction_lines(auctions.descriptor(), replay::kMaxRowBytes);
  TTX_RETURN_IF_ERROR(history.ReadAuctions(auction_lines, auctions_path));
  replay::LineReader bid_lines(bids.descriptor(), replay::kMaxRowBytes);
  Progress progress(arguments.Has("progress") || ::isatty(STDERR_FILENO) == 1);
  TTX_RETURN_IF_ERROR(history.ReadBids(bid_lines, bids_path, [&](int64_t rows) { progress.Rows(rows); }));
  history.Finish();
  return {};
}

int ReplayHistory(const Arguments& arguments) {
  if (arguments.Get("auctions", "").empty() || arguments.Get("bids", "").empty()) {
    return WrongUse("--rules, --auctions and --bids belong together");
  }
  const Result<auction::Rules> rules = replay::ReadRulesFile(arguments.Get("rules", ""));
  if (!rules.ok()) return Refuse(rules.error());
  if (const Status status = replay::History::CheckCommonRules(*rules); !status.ok())
    return Refuse(status.error());
  replay::Problems problems([](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); });
  replay::History history(*rules, problems);
  if (const Status status = RunHistory(arguments, history); !status.ok()) return Refuse(status.error());
  if (problems.count() > replay::Problems::kPrinted) {
    std::fprintf(stderr, "%lld unusable rows in all\n", static_cast<long long>(problems.count()));
  }
  if (!arguments.Has("json")) {
    PrintTable(history);
    PrintSummary(history.summary());
    return kExitOk;
  }
  for (size_t i = 0; i < history.size(); ++i) PrintLine(replay::ToJson(history.ending(i)));
  PrintLine(replay::ToJson(history.summary()));
  return kExitOk;
}

}  // namespace

int AuctionCommand(const std::vector<std::string>& words) {
  const Arguments arguments(words, {"json", "progress"},
                            {"config", "data", "out", "rules", "auctions", "bids", "secrets-key", "server", "ca"});
  if (arguments.Has("help")) {
    std::fputs(kHelp, stdout);
    return kExitOk;
  }
  if (!arguments.error().empty()) return WrongUse(arguments.error());
  const std::vector<std::string>& rest = arguments.rest();
  if (!rest.empty() && rest[0] == "export") return Export(arguments);
  if (rest.empty() || rest[0] != "replay") return WrongUse("say export or replay");
  if (arguments.Has("rules") || arguments.Has("auctions") || arguments.Has("bids")) {
    return rest.size() == 1 ? ReplayHistory(arguments)
                            : WrongUse("an export and a history are replayed separately");
  }
  return rest.size() == 2 ? ReplayExport(rest[1], arguments.Has("json")) : WrongUse("name one file");
}

}  // namespace ttx::server
