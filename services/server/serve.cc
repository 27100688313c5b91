#include <pthread.h>
#include <signal.h>

#include <cstdio>
#include <filesystem>

#include "libs/config/config.h"
#include "libs/obs/log.h"
#include "services/server/clocks.h"
#include "services/server/commands.h"
#include "services/server/host.h"

namespace ttx::server {
namespace {

constexpr const char* kServeHelp =
    "Usage: ttx serve [ROLE...] [--config FILE] [--sandbox]\n"
    "\n"
    "Runs the roles party, listing, auction, contract, settlement, disclosure and gateway in one process, or "
    "only\n"
    "those named. SIGTERM and SIGINT drain: what was acknowledged is kept, what waits is finished.\n"
    "\n"
    "  --config FILE  the configuration (default var/ttx.conf; `ttx init` makes one)\n"
    "  --sandbox      refuse anything but a sandbox, whose clock an administrator may advance\n"
    "\n"
    "Exit status: 0 stopped by a signal, 64 wrong use, 78 refused to start (one line says why).\n";

constexpr const char* kCheckHelp =
    "Usage: ttx config check [--config FILE]\n"
    "\n"
    "Reads a configuration and the files it names, and says everything that is wrong. Exit status 0 or 78.\n";

int Refuse(const Error& error) {
  std::fprintf(stderr, "ttx: %s: %s\n", std::string(ReasonName(error.reason)).c_str(),
               error.message().c_str());
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

// The signals that end the process are taken by one thread, this one, and by no other.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

Result<config::Config> LoadValid(const std::string& path) {
  TTX_TRY(config::Config config, config::Load(path));
  TTX_RETURN_IF_ERROR(config::Validate(config));
  return config;
}

}  // namespace

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
  const sigset_t signals = BlockStopSignals();
  const SystemClock log_clock;
  const Status logging =
      obs::InitLog({.file = config->log().file(), .level = LevelOf(config->log().level())}, log_clock);
  if (!logging.ok()) return Refuse(logging.error());
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
      int signal = 0;
      sigwait(&signals, &signal);
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
  std::puts("ok");
  return kExitOk;
}

}  // namespace ttx::server
