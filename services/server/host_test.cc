#include "services/server/host.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <sstream>
#include <thread>

#include "gateway/https/test_client.h"
#include "libs/obs/log.h"
#include "libs/storage/rocks_kv.h"
#include "services/server/clocks.h"
#include "services/server/commands.h"
#include "services/server/files.h"
#include "services/server/signals.h"

namespace ttx::server {
namespace {

namespace fs = std::filesystem;
using config::Config;
using gateway::testing::HttpAnswer;
using gateway::testing::TlsClient;
using ::testing::HasSubstr;
using ::testing::Not;

// A port of this machine that somebody else listens on.
class TakenPort {
 public:
  TakenPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    TTX_CHECK(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(socket_, 1) == 0 &&
                  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0,
              "no port");
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~TakenPort() { ::close(socket_); }
  const std::string& address() const { return address_; }

 private:
  const int socket_;
  std::string address_;
};

sockaddr_un SocketAddress(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

bool Answers(const fs::path& path) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = SocketAddress(path);
  const bool answers = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(probe);
  return answers;
}

void Overwrite(const fs::path& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << bytes;
  TTX_CHECK(out.good(), "cannot write " + path.string());
}

// A sandbox as `ttx init` makes it, on free ports and without TLS.
class HostTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "ttx_host_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    ASSERT_EQ(Init({"--data", folder_.string(), "--sandbox", "--share", "deploy"}), kExitOk);
    Result<Config> config = config::Load(folder_ / "ttx.conf");
    ASSERT_TRUE(config.ok());
    config_ = std::move(config).value();
    config_.mutable_gateway()->set_listen_address("127.0.0.1:0");
    config_.mutable_gateway()->set_admin_address("127.0.0.1:0");
    config_.mutable_gateway()->clear_certificate_file();
    config_.mutable_gateway()->clear_private_key_file();
    config_.mutable_grpc()->set_listen_address("127.0.0.1:0");
    ASSERT_TRUE(config::Validate(config_).ok());
  }
  void TearDown() override {
    host_.reset();
    obs::ShutdownLog();
    fs::remove_all(folder_);
  }

  void Start() {
    Result<std::unique_ptr<Host>> host = Host::Start(config_);
    ASSERT_TRUE(host.ok()) << host.error().message();
    host_ = std::move(host).value();
    while (Ask("GET /readyz").status != 200) std::this_thread::yield();
  }

  // What stands in every file of the installation but RocksDB's own diary.
  std::map<std::string, std::string> Contents() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      if (!entry.is_regular_file() || entry.path().filename().string().starts_with("LOG")) continue;
      files[entry.path().lexically_relative(folder_)] = *ReadFile(entry.path());
    }
    return files;
  }

  // Both a check and a start are refused for this reason, and change nothing.
  void ExpectRefused(const Config& config, Reason reason, const std::string& what) {
    const auto before = Contents();
    const Status checked = Host::Check(config);
    ASSERT_FALSE(checked.ok()) << what;
    EXPECT_EQ(checked.error().reason, reason) << what << ": " << checked.error().message();
    const auto started = Host::Start(config);
    ASSERT_FALSE(started.ok()) << what;
    EXPECT_EQ(started.error(), checked.error()) << what;
    EXPECT_EQ(Contents(), before) << what;
  }

  HttpAnswer Ask(const std::string& request_line, const std::string& headers = "", const std::string& body = "") {
    const std::string length = body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return TlsClient(host_->https_port(), {.tls = false})
        .Ask(request_line + " HTTP/1.1\r\nHost: localhost\r\n" + headers + length + "\r\n" + body);
  }
  HttpAnswer AskForToken() {
    return Ask("POST /v1/token", "Content-Type: application/json\r\n",
               R"({"grant_type":"client_credentials","client_id":")" + Credential("client_id") +
                   R"(","client_secret":")" + Credential("client_secret") + "\"}");
  }
  std::string Bearer() { return "Authorization: Bearer " + Value(AskForToken().body, "access_token") + "\r\n"; }
  // Of the first administrator.
  std::string Credential(const std::string& name) const { return Value(*ReadFile(folder_ / "admin.json"), name); }
  static std::string Value(const std::string& json, const std::string& name) {
    const size_t colon = json.find(':', json.find("\"" + name + "\""));
    const size_t begin = json.find('"', colon) + 1;
    return json.substr(begin, json.find('"', begin) - begin);
  }

  fs::path folder_;
  Config config_;
  const SystemClock clock_;
  std::unique_ptr<Host> host_;
};

TEST_F(HostTest, APortInUseStopsTheStartBeforeAnythingIsTouched) {
  const TakenPort taken;
  const std::function<void(Config&)> takes[] = {
      [&](Config& c) { c.mutable_gateway()->set_listen_address(taken.address()); },
      [&](Config& c) { c.mutable_gateway()->set_admin_address(taken.address()); },
      [&](Config& c) { c.mutable_grpc()->set_listen_address(taken.address()); }};
  const auto before = Contents();
  for (const auto& take : takes) {
    Config config = config_;
    take(config);
    EXPECT_TRUE(Host::Check(config).ok());  // a check opens no port
    const auto host = Host::Start(config);
    ASSERT_FALSE(host.ok());
    EXPECT_EQ(host.error().reason, Reason::kLISTEN_FAILED);
    EXPECT_EQ(host.error().metadata.at("address"), taken.address());
    EXPECT_EQ(Contents(), before);
  }
  Start();  // nothing was left running that holds a store or a port
}

TEST_F(HostTest, AFileThatCannotBeUsedStopsTheStartAndTheCheck) {
  fs::copy("deploy/profiles", folder_ / "bad_profiles");
  Overwrite(folder_ / "bad_profiles/BAD.textproto", "name: 'x'");
  fs::copy("deploy/fees", folder_ / "bad_fees");
  Overwrite(folder_ / "bad_fees/bad.textproto", "name: 'x'");
  fs::copy("deploy/calendar", folder_ / "bad_calendar");
  Overwrite(folder_ / "bad_calendar/2027.txt", "year 2027\nwork yesterday\n");
  fs::create_directory(folder_ / "empty");
  Overwrite(folder_ / "no.pem", "nothing of the kind");
  const std::string nothing = folder_ / "no.pem";
  const std::string missing = folder_ / "missing";
  struct Case {
    const char* what;
    Reason reason;
    std::function<void(Config&)> damage;
  };
  const Case cases[] = {
      {"no secrets key", Reason::kCANNOT_OPEN_FILE, [&](Config& c) { c.set_secrets_key_file(missing); }},
      {"no record key", Reason::kCANNOT_OPEN_FILE, [&](Config& c) { c.set_record_key_file(missing); }},
      {"record key", Reason::kBAD_CONFIGURATION, [&](Config& c) { c.set_record_key_file(nothing); }},
      {"calendar", Reason::kBAD_CALENDAR, [&](Config& c) { c.set_calendar_directory(folder_ / "bad_calendar"); }},
      {"no profiles", Reason::kCANNOT_OPEN_FILE, [&](Config& c) { c.set_profile_directory(folder_ / "empty"); }},
      {"profiles", Reason::kBAD_PROFILE, [&](Config& c) { c.set_profile_directory(folder_ / "bad_profiles"); }},
      {"fees", Reason::kBAD_FEE_TABLE, [&](Config& c) { c.set_fee_directory(folder_ / "bad_fees"); }},
      {"fee table", Reason::kFEE_TABLE_MISSING, [&](Config& c) { c.set_fee_table("elsewhere"); }},
      {"certificate", Reason::kTLS_FILE_INVALID,
       [&](Config& c) {
         c.mutable_gateway()->set_certificate_file(nothing);
         c.mutable_gateway()->set_private_key_file(nothing);
       }},
      {"gRPC certificate", Reason::kTLS_FILE_INVALID,
       [&](Config& c) {
         c.mutable_grpc()->set_certificate_file(nothing);
         c.mutable_grpc()->set_private_key_file(nothing);
         c.mutable_grpc()->set_client_ca_file(nothing);
       }},
  };
  for (const Case& c : cases) {
    Config config = config_;
    c.damage(config);
    ExpectRefused(config, c.reason, c.what);
  }
  EXPECT_TRUE(Host::Check(config_).ok());
  Start();
}

TEST_F(HostTest, AProcessNeedsOnlyTheFilesOfItsRoles) {
  const auto check = [this](const std::string& role, bool record_key, bool secrets_key) {
    Config config = config_;
    config.add_roles(role);
    config.set_record_key_file(record_key ? config_.record_key_file() : "");
    config.set_secrets_key_file(secrets_key ? config_.secrets_key_file() : "");
    return config::Validate(config).ok() && Host::Check(config).ok();
  };
  for (const char* role : {"gateway", "contract", "settlement"}) {
    EXPECT_TRUE(check(role, false, false)) << role;
  }
  EXPECT_TRUE(check("auction", true, true));
  EXPECT_FALSE(check("auction", true, false));
  EXPECT_FALSE(check("auction", false, true));
  for (const char* role : {"party", "listing"}) {
    EXPECT_TRUE(check(role, false, true)) << role;
    EXPECT_FALSE(check(role, true, false)) << role;
  }
  EXPECT_TRUE(check("disclosure", true, false));
  EXPECT_FALSE(check("disclosure", false, true));
}

TEST_F(HostTest, AFolderOfAnotherModeIsLeftAlone) {
  config_.set_mode(Config::PRODUCTION);
  const auto before = Contents();
  const auto host = Host::Start(config_);
  ASSERT_FALSE(host.ok());
  EXPECT_EQ(host.error().reason, Reason::kDATA_MISMATCH);
  EXPECT_EQ(host.error().metadata.at("found"), "ttx party sandbox format 3");
  EXPECT_EQ(Contents(), before);
}

TEST_F(HostTest, AnInstallationThatWasNeverMadeIsNotServed) {
  config_.set_data_directory(folder_ / "elsewhere");
  const auto host = Host::Start(config_);
  ASSERT_FALSE(host.ok());
  EXPECT_EQ(host.error().reason, Reason::kDATA_MISMATCH);
  EXPECT_FALSE(fs::exists(folder_ / "elsewhere"));
}

// A disk that is not mounted must not become an empty market.
TEST_F(HostTest, EveryServiceNeedsTheFolderThatInitMade) {
  for (const std::string service : {"party", "listing", "auction", "contract", "settlement", "disclosure", "sandbox"}) {
    const fs::path folder = folder_ / "data" / service;
    for (const bool mount_point : {false, true}) {
      fs::rename(folder, folder_ / "away");
      if (mount_point) fs::create_directory(folder);
      const auto before = Contents();
      const auto host = Host::Start(config_);
      ASSERT_FALSE(host.ok()) << service;
      EXPECT_EQ(host.error().reason, Reason::kDATA_MISMATCH) << service;
      EXPECT_EQ(host.error().metadata.at("path"), folder);
      EXPECT_EQ(host.error().metadata.at("found"), "nobody");
      EXPECT_EQ(Contents(), before);
      EXPECT_EQ(fs::exists(folder), mount_point);
      fs::remove(folder);
      fs::rename(folder_ / "away", folder);
    }
  }
  Start();
}

TEST_F(HostTest, AStoreThatIsGoneIsDamageOnceItWasOpened) {
  Start();
  host_.reset();
  for (const std::string service : {"party", "auction", "sandbox"}) {
    const fs::path store = folder_ / "data" / service / "rocksdb";
    for (const bool empty_folder : {false, true}) {
      fs::rename(store, folder_ / "away");
      if (empty_folder) fs::create_directory(store);
      const auto before = Contents();
      const auto host = Host::Start(config_);
      ASSERT_FALSE(host.ok()) << service;
      EXPECT_EQ(host.error().reason, Reason::kDATA_DAMAGED) << service;
      EXPECT_EQ(host.error().metadata.at("path"), store);
      EXPECT_EQ(Contents(), before);
      fs::remove(store);
      fs::rename(folder_ / "away", store);
    }
  }
  Start();
}

TEST_F(HostTest, TheSocketOfARunningServerIsNotTaken) {
  const fs::path path = folder_ / "grpc.sock";
  config_.mutable_grpc()->set_listen_address("unix:" + path.string());
  Overwrite(path, "no socket");
  auto refused = Host::Start(config_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, Reason::kLISTEN_FAILED);
  EXPECT_EQ(*ReadFile(path), "no socket");
  fs::remove(path);
  Start();
  Config other = config_;
  other.set_data_directory(folder_ / "other");
  refused = Host::Start(other);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, Reason::kLISTEN_FAILED);
  EXPECT_EQ(refused.error().metadata.at("address"), "unix:" + path.string());
  EXPECT_TRUE(Answers(path));
  host_.reset();
  // What a server that was killed leaves behind is in nobody's use.
  const int left = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = SocketAddress(path);
  fs::remove(path);
  ASSERT_EQ(::bind(left, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(left);
  EXPECT_FALSE(Answers(path));
  Start();
  EXPECT_TRUE(Answers(path));
}

TEST_F(HostTest, ADamagedStoreStopsTheStartAndStaysAsItIs) {
  Start();
  host_.reset();
  const fs::path store = folder_ / "data/settlement/rocksdb";
  fs::path manifest;
  for (const auto& entry : fs::directory_iterator(store)) {
    if (entry.path().filename().string().starts_with("MANIFEST")) manifest = entry.path();
  }
  const std::string whole = *ReadFile(manifest);
  std::string damaged = whole;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x40);
  Overwrite(manifest, damaged);
  const auto settlement = [this] {
    auto files = Contents();
    std::erase_if(files, [](const auto& file) { return !file.first.starts_with("data/settlement"); });
    return files;
  };
  const auto before = settlement();
  EXPECT_TRUE(Host::Check(config_).ok());  // a check opens no store
  const auto host = Host::Start(config_);
  ASSERT_FALSE(host.ok());
  EXPECT_EQ(host.error().reason, Reason::kDATA_DAMAGED);
  EXPECT_EQ(host.error().metadata.at("path"), store);
  EXPECT_EQ(settlement(), before);
  Overwrite(manifest, whole);
  Start();  // the stores that had been opened were closed again
}

TEST_F(HostTest, ACheckBesideARunningServerDisturbsNothing) {
  Start();
  config_.mutable_gateway()->set_listen_address("127.0.0.1:" + std::to_string(host_->https_port()));
  EXPECT_TRUE(Host::Check(config_).ok());
  EXPECT_EQ(Ask("GET /readyz").status, 200);
}

// architecture.md section 7: whoever is served is served to the end, and what was acknowledged is in the store.
TEST_F(HostTest, AStopDrainsInTheOneSafeOrder) {
  ASSERT_TRUE(obs::InitLog({.file = folder_ / "log"}, clock_).ok());
  Start();
  const uint16_t port = host_->https_port();
  const std::string bearer = Bearer();
  const std::string rotation = "Content-Type: application/json\r\nIdempotency-Key: k1\r\n";
  const HttpAnswer rotated = Ask("POST /v1/tokenKeys:rotate", rotation + bearer, "{}");
  ASSERT_EQ(rotated.status, 200) << rotated.body;
  TlsClient idle(port, {.tls = false});
  TlsClient stream(port, {.tls = false});
  ASSERT_TRUE(stream.Send("GET /v1/partyEvents:stream HTTP/1.1\r\nHost: localhost\r\n" + bearer + "\r\n"));
  EXPECT_THAT(stream.ReadUntil("id: 1\n"), HasSubstr("200 OK"));
  host_->Stop();
  host_->Stop();
  EXPECT_TRUE(idle.ReadsEnd());
  EXPECT_THAT(stream.ReadUntil("event: error"), Not(HasSubstr("event: error")));  // it resumes after a restart
  EXPECT_TRUE(stream.ReadsEnd());
  EXPECT_FALSE(TlsClient(port, {.tls = false}).Send("GET / HTTP/1.1\r\n"));
  EXPECT_TRUE(storage::OpenRocksKv({.path = ServiceFolder(config_, "party") + "/rocksdb"}).ok());
  obs::Flush();
  const std::string log = *ReadFile(folder_ / "log");
  size_t at = 0;
  for (const std::string stage : {"gateway", "feeds", "channels", "grpc", "writers", "stores"}) {
    const size_t found = log.find(R"("event":"stop_stage","stage":")" + stage + "\"", at);
    ASSERT_NE(found, log.npos) << stage << " is not where it belongs";
    at = found;
  }
  Start();
  const HttpAnswer again = Ask("POST /v1/tokenKeys:rotate", rotation + Bearer(), "{}");
  EXPECT_EQ(again.body, rotated.body);  // done once, and its answer was kept
  EXPECT_EQ(again.headers.at("idempotent-replayed"), "true");
}

TEST_F(HostTest, WithoutAnAuditLogNothingIsDoneAndTheProcessLives) {
  fs::create_symlink("/dev/full", folder_ / "audit");
  ASSERT_TRUE(obs::InitLog({.file = folder_ / "log", .audit_file = folder_ / "audit"}, clock_).ok());
  Start();
  std::future<HttpAnswer> waiting =
      std::async(std::launch::async, [this] { return AskForToken(); });
  while (Ask("GET /readyz").status != 503) std::this_thread::yield();
  EXPECT_EQ(waiting.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  EXPECT_EQ(AskForToken().status, 503);  // neither is who needs no token
  const HttpAnswer refused = Ask("GET /v1/listings", "Authorization: Bearer anything\r\n");
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr(R"("reason":"UNAVAILABLE")"));
  fs::remove(folder_ / "audit");
  ASSERT_TRUE(obs::ReopenLog().ok());
  EXPECT_EQ(waiting.get().status, 200);  // what was under way is answered now
  EXPECT_EQ(Ask("GET /readyz").status, 200);
  EXPECT_EQ(Ask("GET /v1/listings", "Authorization: Bearer anything\r\n").status, 401);
  EXPECT_EQ(Ask("GET /v1/tokenKeys", Bearer()).status, 200);
  EXPECT_THAT(*ReadFile(folder_ / "audit"), HasSubstr(R"("method":"IssueToken")"));
}

TEST_F(HostTest, SighupOpensTheLogsAnew) {
  const sigset_t signals = BlockSignals();
  ASSERT_TRUE(obs::InitLog({.file = folder_ / "log", .audit_file = folder_ / "audit"}, clock_).ok());
  fs::rename(folder_ / "log", folder_ / "log.1");
  fs::rename(folder_ / "audit", folder_ / "audit.1");
  ASSERT_EQ(pthread_kill(pthread_self(), SIGHUP), 0);
  ASSERT_EQ(pthread_kill(pthread_self(), SIGTERM), 0);
  EXPECT_EQ(WaitForStop(signals), SIGTERM);
  obs::Flush();
  EXPECT_THAT(*ReadFile(folder_ / "log"), HasSubstr("log_reopened"));
  ASSERT_TRUE(obs::Audit("after").ok());
  EXPECT_THAT(*ReadFile(folder_ / "audit"), HasSubstr("after"));
}

}  // namespace
}  // namespace ttx::server
