#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <cstdio>
#include <filesystem>

#include "libs/config/config.h"
#include "libs/obs/log.h"
#include "services/server/clocks.h"
#include "services/server/commands.h"
#include "services/server/host.h"
#include "services/server/signals.h"

namespace ttx::server {
namespace {

constexpr const char* kServeHelp =
    "Usage: ttx serve [ROLE...] [--config FILE] [--sandbox]\n"
    "\n"
    "Runs the roles party, listing, auction, contract, settlement, disclosure and gateway in one process, or "
    "only\n"
    "those named. SIGTERM and SIGINT drain: what was acknowledged is kept, what waits is finished. SIGHUP opens\n"
    "the log files anew, after they were moved away.\n"
    "\n"
    "  --config FILE  the configuration (default var/ttx.conf; `ttx init` makes one)\n"
    "  --sandbox      refuse anything but a sandbox, whose clock an administrator may advance\n"
    "\n"
    "Exit status: 0 stopped by a signal, 64 wrong use, 78 refused to start (one line says why).\n";

constexpr const char* kCheckHelp =
    "Usage: ttx config check [--config FILE]\n"
    "\n"
    "Reads a configuration and says everything that is wrong with it; then reads the files it names as `ttx serve`\n"
    "would, up to the first one that cannot be used. Touches no data and no port. Exit status 0 or 78.\n";

// One line, however much is wrong.
int Refuse(const Error& error) {
  std::string text = error.message();
  for (size_t at; (at = text.find('\n')) != text.npos;) text.replace(at, 1, "; ");
  std::fprintf(stderr, "ttx: %s: %s\n", std::string(ReasonName(error.reason)).c_str(), text.c_str());
  return kExitConfig;
}

int WrongUse(const std::string& what, const char* help) {
  std::fprintf(stderr, "ttx: %s\n\n%s", what.c_str(), help);
  return kExitUsage;
}

obs::Level LevelOf(config::Log::Level level) {
  switch (level) {
    case config::Log::DEBUG:
      return obs::Level::kDebug;
    case config::Log::INFO:
      return obs::Level::kInfo;
    case config::Log::WARNING:
      return obs::Level::kWarning;
    case config::Log::ERROR:
      return obs::Level::kError;
  }
  TTX_CHECK(false, "unreachable");
}

// A connection is a descriptor; the usual soft limit of 1024 is for programs that use select.
void RaiseFileLimit(const config::Config& config) {
  constexpr rlim_t kOwnFiles = 1024;  // tables, logs, channels between processes
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t wanted = kOwnFiles + (config::HasRole(config, "gateway") ? config.gateway().max_connections() : 0);
  if (limit.rlim_max >= wanted) return;
  obs::Log(obs::Level::kWarning, "few_file_descriptors", {{"limit", limit.rlim_max}, {"wanted", wanted}});
}

Result<config::Config> LoadValid(const std::string& path) {
  TTX_TRY(config::Config config, config::Load(path));
  TTX_RETURN_IF_ERROR(config::Validate(config));
  return config;
}

}  // namespace

sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int WaitForStop(const sigset_t& signals) {
  while (true) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) return signal;
    const Status reopened = obs::ReopenLog();
    if (reopened.ok()) {
      obs::Log(obs::Level::kInfo, "log_reopened");
    } else {
      std::fprintf(stderr, "ttx: %s\n", reopened.error().message().c_str());
      obs::Log(obs::Level::kError, "log_not_reopened", {{"detail", reopened.error().message()}});
    }
  }
}

int Serve(const std::vector<std::string>& words) {
  const Arguments arguments(words, {"sandbox"}, {"config"});
  if (!arguments.error().empty()) return WrongUse(arguments.error(), kServeHelp);
  if (arguments.Has("help")) {
    std::fputs(kServeHelp, stdout);
    return kExitOk;
  }
  Result<config::Config> config = config::Load(arguments.Get("config", kDefaultConfig));
  if (!config.ok()) return Refuse(config.error());
  if (!arguments.rest().empty()) {
    config->clear_roles();
    for (const std::string& role : arguments.rest()) config->add_roles(role);
  }
  if (const Status valid = config::Validate(*config); !valid.ok()) return Refuse(valid.error());
  if (arguments.Has("sandbox") && config->mode() != config::Config::SANDBOX) {
    return Refuse(Error(Reason::kSANDBOX_ONLY));
  }
  const sigset_t signals = BlockSignals();
  const SystemClock log_clock;
  const Status logging = obs::InitLog({.file = config->log().file(),
                                       .audit_file = config->log().audit_file(),
                                       .level = LevelOf(config->log().level())},
                                      log_clock);
  if (!logging.ok()) return Refuse(logging.error());
  RaiseFileLimit(*config);
  int status = kExitOk;
  {
    Result<std::unique_ptr<Host>> host = Host::Start(*config);
    if (!host.ok()) {
      status = Refuse(host.error());
    } else {
      std::printf("ready https=%d admin=%d grpc=%d\n", (*host)->https_port(), (*host)->admin_port(),
                  (*host)->grpc_port());
      std::fflush(stdout);
      obs::Log(obs::Level::kInfo, "started", {{"https_port", (*host)->https_port()}});
      const int signal = WaitForStop(signals);
      obs::Log(obs::Level::kInfo, "stopping", {{"signal", signal}});
      (*host)->Stop();
    }
  }
  obs::ShutdownLog();
  return status;
}

int CheckConfig(const std::vector<std::string>& words) {
  const Arguments arguments(words, {}, {"config"});
  if (!arguments.error().empty()) return WrongUse(arguments.error(), kCheckHelp);
  if (arguments.Has("help")) {
    std::fputs(kCheckHelp, stdout);
    return kExitOk;
  }
  const Result<config::Config> config = LoadValid(arguments.Get("config", kDefaultConfig));
  if (!config.ok()) return Refuse(config.error());
  if (const Status files = Host::Check(*config); !files.ok()) return Refuse(files.error());
  std::puts("ok");
  return kExitOk;
}

}  // namespace ttx::server
