#include <charconv>
#include <cstdio>
#include <filesystem>
#include <string>

#include "libs/crypto/random.h"
#include "libs/crypto/signature.h"
#include "libs/storage/shell.h"
#include "services/party/module.h"
#include "services/server/clocks.h"
#include "services/server/commands.h"
#include "services/server/files.h"
#include "services/server/host.h"
#include "services/server/services.h"

namespace ttx::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kInitHelp =
    "Usage: ttx init [--data DIR] (--sandbox | --production) [options]\n"
    "\n"
    "Makes a new installation in DIR: keys, configuration, an empty store with the operator organization and "
    "its two\n"
    "administrators, whose credentials go to DIR/admin.json and DIR/second-admin.json: hand them to two persons,\n"
    "because what one of them makes the other one approves. Refuses a folder that has been initialized.\n"
    "TLS certificates are yours to put into DIR/certs (deploy/dev-certificates makes some for development).\n"
    "\n"
    "  --data DIR          where (default var)\n"
    "  --sandbox           for demonstrations and integrators: its clock can be advanced\n"
    "  --production        for real deals\n"
    "  --split             one configuration per role, for one process each with mutual TLS between them\n"
    "  --https-port N      of the gateway (default 8443)\n"
    "  --admin-port N      of health and metrics (default 9090; with --split of the gateway, the services "
    "follow)\n"
    "  --grpc-port N       of gRPC (default 9443; with --split of the first service, the others follow)\n"
    "  --host NAME         the name clients use (default localhost)\n"
    "  --share DIR         where calendars, profiles and fee tables are (default deploy)\n"
    "  --operator-name S   legal name of the operator organization\n"
    "  --operator-uscc S   its unified social credit code\n";

struct Edge {
  std::string host;
  int https;
  int admin;
  int grpc;
};

constexpr std::string_view kRecordKey = "record_key_file: \"keys/record.pem\"\n";
constexpr std::string_view kSecretsKey = "secrets_key_file: \"keys/secrets.key\"\n";

std::string CommonConfig(bool sandbox, const std::string& share) {
  std::string text = "mode: " + std::string(sandbox ? "SANDBOX" : "PRODUCTION") + "\n";
  text += "data_directory: \"data\"\n";
  text += "calendar_directory: \"" + share + "/calendar\"\n";
  text += "profile_directory: \"" + share + "/profiles\"\n";
  text += "fee_directory: \"" + share + "/fees\"\n";
  text += "token { issuer: \"ttx\" audience: \"ttx\" lifetime_seconds: 600 }\n";
  return text;
}

std::string GatewaySection(const Edge& edge) {
  const std::string port = std::to_string(edge.https);
  std::string text = "gateway {\n";
  text += "  listen_address: \"127.0.0.1:" + port + "\"\n";
  text += "  admin_address: \"127.0.0.1:" + std::to_string(edge.admin) + "\"\n";
  text += "  certificate_file: \"certs/gateway.pem\"\n";
  text += "  private_key_file: \"certs/gateway.key\"\n";
  text += "  allowed_hosts: \"" + edge.host + "\"\n";
  text += "  public_url: \"https://" + edge.host + ":" + port + "\"\n";
  return text + "}\n";
}

std::string SplitConfig(std::string_view role, const std::string& common, const Edge& edge) {
  std::string text = common + "roles: \"" + std::string(role) + "\"\n";
  // A process gets the keys its role uses and no others.
  if (role == "disclosure" || role == "auction") text += kRecordKey;
  if (role == "party" || role == "listing" || role == "auction") text += kSecretsKey;
  if (role == "gateway") text += GatewaySection(edge);
  for (int i = 0; i < 6; ++i) {
    if (role != kServices[i]) continue;
    text += "gateway { admin_address: \"127.0.0.1:" + std::to_string(edge.admin + 1 + i) + "\" }\n";
  }
  text += "grpc {\n";
  for (int i = 0; i < 6; ++i) {
    if (role == kServices[i])
      text += "  listen_address: \"127.0.0.1:" + std::to_string(edge.grpc + i) + "\"\n";
  }
  const std::string name = "certs/" + std::string(role);
  text += "  certificate_file: \"" + name + ".pem\"\n  private_key_file: \"" + name +
          ".key\"\n  client_ca_file: \"certs/ca.pem\"\n}\n";
  for (int i = 0; i < 6; ++i) {
    if (role == kServices[i]) continue;
    text += "peers { service: \"" + std::string(kServices[i]) +
            "\" address: \"127.0.0.1:" + std::to_string(edge.grpc + i) + "\" }\n";
  }
  return text;
}

Status WriteConfigs(const fs::path& folder, bool sandbox, bool split, const std::string& share,
                    const Edge& edge) {
  const std::string common = CommonConfig(sandbox, share);
  if (!split) {
    return WriteNewFile(folder / "ttx.conf",
                        common + std::string(kRecordKey) + std::string(kSecretsKey) + GatewaySection(edge) +
                            "grpc { listen_address: \"127.0.0.1:" + std::to_string(edge.grpc) +
                            "\" reflection: " + (sandbox ? "true" : "false") + " }\n");
  }
  for (const char* service : kServices) {
    TTX_RETURN_IF_ERROR(
        WriteNewFile(folder / (std::string(service) + ".conf"), SplitConfig(service, common, edge)));
  }
  return WriteNewFile(folder / "gateway.conf", SplitConfig("gateway", common, edge));
}

Result<party::Bootstrapped> BootstrapParty(const fs::path& folder, bool sandbox,
                                           const std::string& secrets_key, const std::string& name,
                                           const std::string& uscc) {
  config::Config config;
  config.set_mode(sandbox ? config::Config::SANDBOX : config::Config::PRODUCTION);
  config.set_data_directory(folder / "data");
  // Marked, they are this installation's: a start takes no other folder.
  for (const std::string& service : HostedServices(config)) {
    TTX_RETURN_IF_ERROR(storage::ClaimFolder(ServiceFolder(config, service), FolderOwner(config, service)));
  }
  TTX_TRY(const std::unique_ptr<storage::Kv> kv, OpenStore(config, "party"));
  const SystemClock clock;
  crypto::OsIds ids;
  party::BootstrapInput input;
  input.profile.uscc = uscc;
  input.profile.legal_name = name;
  input.profile.kind = party::Kind::kEnterprise;
  input.profile.domicile = "-";
  input.profile.region_code = "110000";
  input.profile.licence_digest = std::string(64, '0');
  input.profile.legal_representative = "-";
  input.profile.bank_account = {name, "00000000", "-"};
  input.person_display_name = "First administrator";
  input.second_person_display_name = "Second administrator";
  input.client_display_name = "ttx init";
  return party::Bootstrap(*kv, clock, ids, secrets_key, input);
}

Result<int> ReadPort(const Arguments& arguments, std::string_view option, std::string_view otherwise) {
  const std::string text = arguments.Get(option, otherwise);
  int port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failed != std::errc() || end != text.data() + text.size() || port < 1 || port > 65'000) {
    return InvalidField("--" + std::string(option), Reason::kOUT_OF_RANGE, "1..65000");
  }
  return port;
}

Result<Edge> ReadEdge(const Arguments& arguments) {
  Edge edge;
  edge.host = arguments.Get("host", "localhost");
  if (edge.host.empty() ||
      edge.host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") != std::string::npos) {
    return InvalidField("--host", Reason::kBAD_FORMAT, "a name in lower case");
  }
  TTX_TRY(edge.https, ReadPort(arguments, "https-port", "8443"));
  TTX_TRY(edge.admin, ReadPort(arguments, "admin-port", "9090"));
  TTX_TRY(edge.grpc, ReadPort(arguments, "grpc-port", "9443"));
  return edge;
}

std::string CredentialsOf(const party::Bootstrapped& made, const party::BootstrappedClient& client) {
  return "{\"organization\": \"" + made.organization + "\", \"person\": \"" + client.person +
         "\", \"client_id\": \"" + client.client_id + "\", \"client_secret\": \"" + client.client_secret + "\"}\n";
}

// Everything of an installation but its configuration, which is written last: what has none was never in use.
Status MakeContents(const fs::path& folder, const Arguments& arguments) {
  std::error_code failed;
  fs::create_directories(folder / "keys", failed);
  if (!failed) fs::create_directories(folder / "data", failed);
  if (failed)
    return Error(Reason::kDATA_UNREADABLE, {{"path", folder.string()}, {"detail", failed.message()}});
  const std::string secrets_key = crypto::RandomBytes(32);
  TTX_RETURN_IF_ERROR(WriteNewFile(folder / "keys/secrets.key", secrets_key));
  TTX_RETURN_IF_ERROR(WriteNewFile(folder / "keys/record.pem",
                                   crypto::GenerateKey(crypto::Suite::kEcdsaP256Sha256).private_pem));
  TTX_TRY(const party::Bootstrapped made,
          BootstrapParty(folder, arguments.Has("sandbox"), secrets_key,
                         arguments.Get("operator-name", "TTX Operator"),
                         arguments.Get("operator-uscc", "91110108MA01ABCD5T")));
  TTX_RETURN_IF_ERROR(WriteNewFile(folder / "admin.json", CredentialsOf(made, made.first)));
  return WriteNewFile(folder / "second-admin.json", CredentialsOf(made, made.second));
}

void RemoveContents(const fs::path& folder) {
  std::error_code ignored;
  fs::remove_all(folder / "keys", ignored);
  fs::remove_all(folder / "data", ignored);
  fs::remove(folder / "admin.json", ignored);
  fs::remove(folder / "second-admin.json", ignored);
}

Status MakeInstallation(const Arguments& arguments) {
  const fs::path folder = fs::absolute(arguments.Get("data", "var"));
  TTX_TRY(const Edge edge, ReadEdge(arguments));
  if (fs::exists(folder / "ttx.conf") || fs::exists(folder / "gateway.conf")) {
    return Error(Reason::kDATA_MISMATCH,
                 {{"path", folder.string()}, {"found", "an installation"}, {"expected", "a new one"}});
  }
  RemoveContents(folder);  // of an init that was cut short
  Status made = MakeContents(folder, arguments);
  if (made.ok()) {
    made = WriteConfigs(folder, arguments.Has("sandbox"), arguments.Has("split"),
                        fs::absolute(arguments.Get("share", "deploy")).string(), edge);
  }
  if (!made.ok()) {
    RemoveContents(folder);
    return made;
  }
  std::printf("installation   %s\nadministrators %s\n               %s\n", folder.c_str(),
              (folder / "admin.json").c_str(), (folder / "second-admin.json").c_str());
  return {};
}

}  // namespace

int Init(const std::vector<std::string>& words) {
  const Arguments arguments(
      words, {"sandbox", "production", "split"},
      {"data", "https-port", "admin-port", "grpc-port", "share", "host", "operator-name", "operator-uscc"});
  if (arguments.Has("help")) {
    std::fputs(kInitHelp, stdout);
    return kExitOk;
  }
  if (!arguments.error().empty() || !arguments.rest().empty() ||
      arguments.Has("sandbox") == arguments.Has("production")) {
    std::fprintf(stderr, "ttx: %s\n\n%s",
                 arguments.error().empty() ? "say --sandbox or --production" : arguments.error().c_str(),
                 kInitHelp);
    return kExitUsage;
  }
  if (const Status made = MakeInstallation(arguments); !made.ok()) {
    std::fprintf(stderr, "ttx: %s: %s\n", std::string(ReasonName(made.error().reason)).c_str(),
                 made.error().message().c_str());
    return kExitConfig;
  }
  return kExitOk;
}

}  // namespace ttx::server
