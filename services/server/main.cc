#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "services/server/commands.h"

namespace {

constexpr const char* kHelp =
    "ttx: a technology-transaction marketplace (技术交易网络平台)\n"
    "\n"
    "Usage: ttx COMMAND [ARGUMENTS]\n"
    "\n"
    "  serve [ROLE...]   run the services and the gateway, or only the roles named\n"
    "  init              make keys, a configuration and the first two administrators\n"
    "  demo              carry one deal from listing to certificate on a running sandbox\n"
    "  openapi           print the OpenAPI 3.1 document of the HTTPS API\n"
    "  config check      say what is wrong with a configuration\n"
    "  auction           export a session; replay an export, or the past of an exchange under other rules\n"
    "  seal              seal a bid that nobody can open early (bidders, offline)\n"
    "  holder            keygen, set, open: the tools of a key holder of sealed bids (offline)\n"
    "  sealed verify     open published envelopes again and say what each holds (anybody, offline)\n"
    "\n"
    "Every command explains itself with --help.\n";

int Config(std::vector<std::string> words) {
  const std::string first = words.empty() ? "" : words[0];
  if (first == "check") {
    words.erase(words.begin());
    return ttx::server::CheckConfig(words);
  }
  if (first == "--help") return ttx::server::CheckConfig({first});
  std::fprintf(stderr, "ttx: say check\n\nUsage: ttx config check [--config FILE]\n");
  return ttx::server::kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  umask(077);  // data, logs and keys are the operator's alone
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    std::fputs(kHelp, words.empty() ? stderr : stdout);
    return words.empty() ? ttx::server::kExitUsage : ttx::server::kExitOk;
  }
  const std::string command = words[0];
  words.erase(words.begin());
  if (command == "serve") return ttx::server::Serve(words);
  if (command == "init") return ttx::server::Init(words);
  if (command == "demo") return ttx::server::Demo(words);
  if (command == "openapi") return ttx::server::PrintOpenApi(words);
  if (command == "config") return Config(words);
  if (command == "auction") return ttx::server::AuctionCommand(words);
  if (command == "seal") return ttx::server::SealBid(words);
  if (command == "holder") return ttx::server::HolderTools(words);
  if (command == "sealed") return ttx::server::SealedTools(words);
  std::fprintf(stderr, "ttx: unknown command \"%s\"; see ttx --help\n", command.c_str());
  return ttx::server::kExitUsage;
}
