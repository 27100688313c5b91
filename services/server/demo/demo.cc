#include <curl/curl.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "libs/config/config.h"
#include "services/server/commands.h"
#include "services/server/demo/bidding.h"

namespace ttx::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDemoHelp =
    "Usage: ttx demo [--config FILE] [options]\n"
    "\n"
    "Carries one deal through all seven verbs on a running sandbox, over HTTPS, as everybody who takes part: a\n"
    "university, two enterprises, the exchange's staff, a bank, a registry and the administrator. Each step is a\n"
    "line; every figure is checked to the fen. It may run again on the same server: organizations are new each time.\n"
    "\n"
    "  --config FILE  the server's configuration (default var/ttx.conf)\n"
    "  --admin FILE   credentials of an administrator (default admin.json beside the configuration)\n"
    "  --second FILE  credentials of another one (default second-admin.json beside the first)\n"
    "  --url URL      the server (default gateway.public_url of the configuration, or of gateway.conf beside it)\n"
    "  --ca FILE      the authority its certificate comes from (default certs/ca.pem beside the configuration)\n"
    "  --mode MODE    how the bidding goes (default MULTI): MULTI, DYNAMIC, ENGLISH, SEALED, WEIGHTED, DUTCH, TENDER\n"
    "  --lang zh|en   the language of the steps (default zh)\n"
    "  --json         one JSON object a line\n"
    "\n"
    "Exit status: 0 every step succeeded, 1 one did not (it says why), 64 wrong use, 78 a file cannot be used.\n";

int Refuse(const std::string& what) {
  std::fprintf(stderr, "ttx demo: %s\n", what.c_str());
  return kExitConfig;
}

// The address of the gateway as its configuration says, or empty when a configuration that can be read names none.
// Of an installation with a process a service, the gateway's configuration stands beside the others.
Result<std::string> ConfiguredUrl(const fs::path& config_file) {
  const Result<config::Config> config = config::Load(config_file);
  if (config.ok() && config->gateway().has_public_url()) return config->gateway().public_url();
  const fs::path beside = config_file.parent_path() / "gateway.conf";
  if (!fs::exists(beside)) return config.ok() ? Result<std::string>("") : config.error();
  TTX_TRY(const config::Config gateway, config::Load(beside));
  return gateway.gateway().public_url();
}

bool ReadAdministrator(const std::string& file, demo::Actor& administrator) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream content;
  content << in.rdbuf();
  const demo::Json json = demo::Json::parse(content.str(), nullptr, false);
  if (json.is_discarded()) return false;
  administrator = {demo::Text(json, "/organization"), demo::Text(json, "/person"), demo::Text(json, "/client_id"),
                   demo::Text(json, "/client_secret"), ""};
  return !administrator.client_id.empty() && !administrator.client_secret.empty();
}

int RunDeal(const std::string& url, const std::string& ca_file, const demo::Actor& administrator,
            const demo::Actor& second_administrator, const demo::BiddingMode& mode, bool english, bool json) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  demo::Printer printer(english ? demo::Language::kEnglish : demo::Language::kChinese, json);
  demo::HttpClient http(url, ca_file);
  demo::Market market(http, printer);
  demo::Deal deal;
  deal.mode = &mode;
  deal.administrator = administrator;
  deal.second_administrator = second_administrator;
  for (const auto verb : {demo::SetUp, demo::List, demo::Qualify, demo::Bid, demo::Sign, demo::Register, demo::Pay,
                          demo::Disclose, demo::Certify, demo::Release, demo::VerifyAll}) {
    verb(market, deal);
  }
  return market.ok() ? kExitOk : kExitFailed;
}

}  // namespace

int Demo(const std::vector<std::string>& words) {
  const Arguments arguments(words, {"json"}, {"config", "admin", "second", "url", "ca", "lang", "mode"});
  if (arguments.Has("help")) {
    std::fputs(kDemoHelp, stdout);
    return kExitOk;
  }
  const std::string language = arguments.Get("lang", "zh");
  if (!arguments.error().empty() || !arguments.rest().empty() || (language != "zh" && language != "en")) {
    std::fprintf(stderr, "ttx: %s\n\n%s", arguments.error().empty() ? "wrong arguments" : arguments.error().c_str(),
                 kDemoHelp);
    return kExitUsage;
  }
  const demo::BiddingMode* mode = demo::FindMode(arguments.Get("mode", "MULTI"));
  if (mode == nullptr) {
    std::fprintf(stderr, "ttx: no mode %s; say one of %s\n\n%s", arguments.Get("mode", "").c_str(),
                 demo::ModeNames().c_str(), kDemoHelp);
    return kExitUsage;
  }
  const fs::path config = fs::absolute(arguments.Get("config", kDefaultConfig));
  const fs::path folder = config.parent_path();
  const std::string admin_file = arguments.Get("admin", (folder / "admin.json").string());
  const std::string ca_file = arguments.Get("ca", (folder / "certs/ca.pem").string());
  std::string url = arguments.Get("url", "");
  if (url.empty()) {
    const Result<std::string> configured = ConfiguredUrl(config);
    if (!configured.ok()) return Refuse(configured.error().message() + "; say --config or --url");
    if (configured->empty()) return Refuse("no gateway.public_url in " + config.string() + "; say --url");
    url = *configured;
  }
  while (url.ends_with('/')) url.pop_back();
  if (!fs::exists(ca_file)) return Refuse("no authority in " + ca_file + "; say --ca");
  demo::Actor administrator;
  if (!ReadAdministrator(admin_file, administrator)) return Refuse("no credentials in " + admin_file + "; say --admin");
  const std::string second_file =
      arguments.Get("second", (fs::path(admin_file).parent_path() / "second-admin.json").string());
  demo::Actor second;
  if (!ReadAdministrator(second_file, second)) return Refuse("no credentials in " + second_file + "; say --second");
  return RunDeal(url, ca_file, administrator, second, *mode, language == "en", arguments.Has("json"));
}

}  // namespace ttx::server
