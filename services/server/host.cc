#include "services/server/host.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "gateway/gateway.h"
#include "libs/auth/token.h"
#include "libs/core/encoding.h"
#include "libs/crypto/random.h"
#include "libs/obs/log.h"
#include "libs/obs/metrics.h"
#include "libs/rpc/directory.h"
#include "libs/rpc/module.h"
#include "libs/rpc/reader_pool.h"
#include "libs/storage/mem_kv.h"
#include "libs/storage/rocks_kv.h"
#include "libs/storage/shell.h"
#include "services/server/call_log.h"
#include "services/server/clocks.h"
#include "services/server/feed_report.h"
#include "services/server/files.h"
#include "services/server/grpc_edge.h"
#include "services/server/modules.h"
#include "services/server/sandbox_service.h"
#include "services/server/services.h"
#include "services/server/verification_follower.h"
#include "ttx/api/v1/descriptors.h"

namespace ttx::server {
namespace {

constexpr int kReaderThreads = 2;
constexpr size_t kReaderQueue = 4096;
constexpr Duration kDrainTime = Seconds(10);
constexpr std::chrono::seconds kServerShutdown{5};
constexpr int kSandboxYears = 50;
// In a service's folder.
constexpr const char* kStore = "/rocksdb";
constexpr const char* kOpenedMarker = "/OPENED";

bool IsSandbox(const config::Config& config) { return config.mode() == config::Config::SANDBOX; }

void StopOnFailedWrite(const Error& error) {
  const auto detail = error.metadata.find("detail");
  obs::Log(obs::Level::kError, "write_failed",
           {{"detail", detail == error.metadata.end() ? "" : detail->second}});
  obs::Flush();
  std::abort();
}

void LogRefusedEvent(const std::string& source, uint64_t sequence, const Error& error) {
  obs::MakeCounter("ttx_feed_refusals_total", "Events of other services without effect", {{"source", source}})
      .Add();
  obs::Log(obs::Level::kError, "feed_event_refused",
           {{"source", source},
            {"sequence", sequence},
            {"reason", ReasonName(error.reason)},
            {"message", error.message()}});
}

void LogRequest(const gateway::RequestLog& request) {
  obs::Log(obs::Level::kInfo, "request",
           {{"method", request.method},
            {"route", request.route},
            {"peer", request.peer},
            {"trace", request.trace_id},
            {"status", request.status},
            {"reason", request.reason},
            {"latency_us", request.duration.ns / 1000}});
}

// One step of a stop, so that the log shows where one that takes long hangs.
void LogStage(std::string_view stage) { obs::Log(obs::Level::kInfo, "stop_stage", {{"stage", stage}}); }

}  // namespace

std::string ServiceFolder(const config::Config& config, std::string_view service) {
  return config.data_directory() + "/" + std::string(service);
}

std::string FolderOwner(const config::Config& config, std::string_view service) {
  return storage::FolderOwner(service, IsSandbox(config) ? "sandbox" : "production");
}

std::vector<std::string> HostedServices(const config::Config& config) {
  std::vector<std::string> hosted;
  for (const char* service : kServices) {
    if (config::HasRole(config, service)) hosted.push_back(service);
  }
  if (IsSandbox(config) && config::HasRole(config, "party")) hosted.push_back("sandbox");
  return hosted;
}

Status CheckStoreIsThere(const config::Config& config, std::string_view service) {
  const std::string folder = ServiceFolder(config, service);
  std::error_code failed;
  if (!std::filesystem::exists(folder + kOpenedMarker, failed) ||
      std::filesystem::exists(folder + kStore + "/CURRENT", failed)) {
    return {};
  }
  return Error(Reason::kDATA_DAMAGED,
               {{"path", folder + kStore}, {"detail", "it was opened before, and CURRENT is missing now"}});
}

Result<std::unique_ptr<storage::Kv>> OpenStore(const config::Config& config, std::string_view service) {
  TTX_RETURN_IF_ERROR(CheckStoreIsThere(config, service));
  const std::string folder = ServiceFolder(config, service);
  TTX_TRY(std::unique_ptr<storage::Kv> kv,
          storage::OpenRocksKv({.path = folder + kStore,
                                .block_cache_bytes = int64_t{config.storage().block_cache_mb()} << 20,
                                .write_buffer_bytes = int64_t{config.storage().write_buffer_mb()} << 20}));
  std::error_code failed;
  if (!std::filesystem::exists(folder + kOpenedMarker, failed)) {
    TTX_RETURN_IF_ERROR(WriteNewFile(folder + kOpenedMarker, "The store beside this file has been in use.\n"));
  }
  return kv;
}

struct Host::Parts {
  explicit Parts(const config::Config& from) : config(from) {}

  const config::Config config;
  std::unique_ptr<Clock> clock;
  SandboxClock* sandbox_clock = nullptr;
  std::optional<Calendar> calendar;
  crypto::OsIds ids;
  std::string secrets_key;
  std::string secret = Hex(crypto::RandomBytes(32));
  CallLog call_log;
  rpc::Directory directory;
  std::unique_ptr<rpc::ReaderPool> readers;
  std::unique_ptr<auth::TokenVerifier> verifier;
  std::unique_ptr<VerificationFollower> follower;
  std::vector<std::unique_ptr<rpc::Module>> modules;
  std::map<std::string, const storage::Kv*> stores;  // the modules', by service
  std::unique_ptr<grpc::Server> server;
  int grpc_port = 0;
  std::unique_ptr<gateway::Gateway> gateway;
  std::atomic<bool> ready = false;
  bool stopped = false;
  std::mutex reached_mutex;
  std::set<std::string> reached;  // peers that have been connected to

  bool Hosts(std::string_view service) const { return config::HasRole(config, service); }
  std::vector<std::string> Hosted() const { return HostedServices(config); }
  // The default address is the gateway's process's; others have a listener where the configuration names one.
  std::string AdminAddress() const {
    return Hosts("gateway") || config.gateway().has_admin_address() ? config.gateway().admin_address() : "";
  }

  Status Load();
  Status OpenClock();
  rpc::ModuleDeps Deps(std::string_view service, std::unique_ptr<storage::Kv> kv);
  Result<Principal> Authenticate(std::string_view token);
  Status CheckAddresses() const;
  Status CheckFiles();
  Status CheckFolders() const;
  Status MakeModules();
  Status StartServer();
  void FillDirectory(const TlsFiles& tls);
  gateway::GatewayConfig EdgeConfig() const;
  Status StartGateway();
  bool PeersReachable();
  bool Ready() { return ready.load() && follower->ready() && call_log.Writable() && PeersReachable(); }
  void SetServing(bool serving);
  void Stop();
};

// Whether every service that runs elsewhere has been reached and has not been lost since. A channel that was
// not used for long goes idle and is as good as connected.
bool Host::Parts::PeersReachable() {
  const std::lock_guard lock(reached_mutex);
  return std::all_of(config.peers().begin(), config.peers().end(), [this](const config::Peer& peer) {
    const std::shared_ptr<grpc::Channel> channel =
        Hosts(peer.service()) ? nullptr : directory.Channel(peer.service());
    if (channel == nullptr) return Hosts(peer.service());
    const grpc_connectivity_state state = channel->GetState(/*try_to_connect=*/true);
    if (state == GRPC_CHANNEL_READY) reached.insert(peer.service());
    return state == GRPC_CHANNEL_READY || (state == GRPC_CHANNEL_IDLE && reached.contains(peer.service()));
  });
}

// For the standard health service: of the server as a whole and of each service.
void Host::Parts::SetServing(bool serving) {
  if (server == nullptr) return;
  server->GetHealthCheckService()->SetServingStatus(serving);
  for (const auto& module : modules) {
    server->GetHealthCheckService()->SetServingStatus(std::string(module->service_name()), serving);
  }
}

// What the configuration names and every service needs. Changes nothing.
Status Host::Parts::Load() {
  TTX_TRY(calendar, ReadCalendar(config.calendar_directory(), IsSandbox(config) ? kSandboxYears : 0));
  if (config::NeedsSecretsKey(config)) {
    TTX_TRY(secrets_key, ReadFile(config.secrets_key_file()));
  }
  clock = std::make_unique<SystemClock>();
  readers = std::make_unique<rpc::ReaderPool>(kReaderThreads, kReaderQueue);
  verifier = std::make_unique<auth::TokenVerifier>(config.token().issuer(), config.token().audience());
  const std::vector<std::string> hosted = Hosted();
  const std::string self = hosted.empty() ? "gateway" : hosted.front();
  follower = std::make_unique<VerificationFollower>(directory, rpc::ServiceIdentity{self, secret}, *verifier);
  return {};
}

Status Host::Parts::OpenClock() {
  if (!IsSandbox(config)) return {};
  TTX_TRY(std::unique_ptr<SandboxClock> opened, SandboxClock::Open(config.data_directory() + "/sandbox_clock"));
  sandbox_clock = opened.get();
  clock = std::move(opened);
  return {};
}

Result<Principal> Host::Parts::Authenticate(std::string_view token) {
  // A process that does not know the token keys yet must not call a good token bad.
  if (!call_log.Writable() || !follower->ready()) return Error(Reason::kUNAVAILABLE);
  return verifier->Verify(token, clock->Now());
}

rpc::ModuleDeps Host::Parts::Deps(std::string_view service, std::unique_ptr<storage::Kv> kv) {
  return rpc::ModuleDeps{
      .kv = std::move(kv),
      .clock = *clock,
      .ids = ids,
      .calendar = *calendar,
      .handler = {.clock = clock.get(),
                  .authenticate = [this](std::string_view token) { return Authenticate(token); },
                  .service_secret = secret,
                  .on_call =
                      [this](const rpc::CallRecord& call, std::function<void()> answer) {
                        call_log.Record(call, std::move(answer));
                      },
                  .can_audit = [this] { return call_log.Writable(); },
                  // The others may run where there is no key, and would not find what they stored with one.
                  .answers_key = config::KeepsSecrets(service) ? secrets_key : ""},
      .readers = *readers,
      .directory = directory,
      .identity = {std::string(service), secret},
      .secrets_key = secrets_key,
      .on_failure = StopOnFailedWrite,
      .on_feed_refusal = LogRefusedEvent,
  };
}

Status Host::Parts::CheckAddresses() const {
  if (Hosts("gateway")) TTX_RETURN_IF_ERROR(CheckFree(config.gateway().listen_address()));
  if (!AdminAddress().empty()) TTX_RETURN_IF_ERROR(CheckFree(AdminAddress()));
  const bool serves =
      std::any_of(std::begin(kServices), std::end(kServices), [this](const char* s) { return Hosts(s); });
  if (serves) TTX_RETURN_IF_ERROR(CheckFree(config.grpc().listen_address()));
  return {};
}

// Everything a start would read but the stores: the modules are made over empty memory and thrown away.
Status Host::Parts::CheckFiles() {
  TTX_RETURN_IF_ERROR(Load());
  for (const std::string& service : Hosted()) {
    if (service == "sandbox") continue;  // reads nothing
    TTX_TRY(const std::unique_ptr<rpc::Module> module,
            MakeModule(service, config, Deps(service, std::make_unique<storage::MemKv>())));
  }
  TTX_RETURN_IF_ERROR(gateway::CheckTlsFiles(config.grpc().certificate_file(), config.grpc().private_key_file(),
                                             config.grpc().client_ca_file()));
  return gateway::Gateway::Check(EdgeConfig());
}

// `ttx init` marks the folder of every service: without a mark this is a mistyped path or a disk that is not mounted,
// and an empty market must not be served in place of the real one. All are checked before any is touched.
Status Host::Parts::CheckFolders() const {
  for (const std::string& service : Hosted()) {
    const std::string folder = ServiceFolder(config, service);
    const std::string owner = FolderOwner(config, service);
    TTX_RETURN_IF_ERROR(storage::CheckFolder(folder, owner));
    std::error_code ignored;
    if (!std::filesystem::exists(folder + "/TTX", ignored)) {
      return Error(Reason::kDATA_MISMATCH, {{"path", folder}, {"found", "nobody"}, {"expected", owner}});
    }
    TTX_RETURN_IF_ERROR(CheckStoreIsThere(config, service));
  }
  return {};
}

Status Host::Parts::MakeModules() {
  for (const std::string& service : Hosted()) {
    TTX_TRY(std::unique_ptr<storage::Kv> kv, OpenStore(config, service));
    stores[service] = kv.get();
    rpc::ModuleDeps deps = Deps(service, std::move(kv));
    TTX_TRY(std::unique_ptr<rpc::Module> module,
            service == "sandbox" ? MakeSandboxModule(std::move(deps), *sandbox_clock)
                                 : MakeModule(service, config, std::move(deps)));
    modules.push_back(std::move(module));
  }
  return {};
}

Status Host::Parts::StartServer() {
  TTX_TRY(const TlsFiles tls, ReadTls(config.grpc()));
  if (!modules.empty()) {
    std::vector<grpc::Service*> services;
    for (const auto& module : modules) services.push_back(&module->service());
    for (const auto& module : modules) module->Start();
    TTX_TRY(Listening listening, StartGrpcServer(config.grpc(), tls, services));
    server = std::move(listening.server);
    grpc_port = listening.port;
  }
  FillDirectory(tls);
  for (const auto& module : modules) module->StartFeeds();
  follower->Start();
  return {};
}

void Host::Parts::FillDirectory(const TlsFiles& tls) {
  if (server != nullptr) {
    const std::shared_ptr<grpc::Channel> in_process = InProcessChannel(*server);
    for (const auto& module : modules) {
      directory.Set(std::string(rpc::ShortServiceName(module->service_name())), in_process);
    }
  }
  for (const config::Peer& peer : config.peers()) {
    if (!Hosts(peer.service())) directory.Set(peer.service(), PeerChannel(peer, tls), /*in_process=*/false);
    if (peer.service() == "party" && IsSandbox(config) && !Hosts("party")) {
      directory.Set("sandbox", PeerChannel(peer, tls), /*in_process=*/false);
    }
  }
}

// Every process has its admin listener; HTTPS is the gateway's.
gateway::GatewayConfig Host::Parts::EdgeConfig() const {
  const config::Gateway& from = config.gateway();
  gateway::GatewayConfig to;
  to.admin_address = AdminAddress();
  to.listen_address = "";
  if (!Hosts("gateway")) return to;
  to.listen_address = from.listen_address();
  to.certificate_file = from.certificate_file();
  to.private_key_file = from.private_key_file();
  to.allowed_hosts.assign(from.allowed_hosts().begin(), from.allowed_hosts().end());
  to.services = PublicServices(IsSandbox(config));
  to.public_url = from.public_url();
  to.descriptors = api::v1::Descriptors();
  to.max_connections = static_cast<int>(from.max_connections());
  to.max_connections_per_peer = static_cast<int>(from.max_connections_per_peer());
  to.requests_per_second_per_principal = static_cast<int>(from.requests_per_second_per_principal());
  return to;
}

Status Host::Parts::StartGateway() {
  gateway::GatewayConfig edge = EdgeConfig();
  if (edge.listen_address.empty() && edge.admin_address.empty()) return {};
  gateway::GatewayHooks hooks;
  hooks.ready = [this] { return Ready(); };
  hooks.metrics_text = obs::MetricsText;
  hooks.feeds_json = [this] { return FeedReport(stores); };
  hooks.on_request = LogRequest;
  TTX_TRY(gateway, gateway::Gateway::Start(std::move(edge), directory, std::move(hooks)));
  return {};
}

void Host::Parts::Stop() {
  if (stopped) return;
  stopped = true;
  // A start that was refused says why in one line and nothing else.
  const bool served = ready.exchange(false);
  const auto log_stage = [served](std::string_view stage) {
    if (served) LogStage(stage);
  };
  SetServing(false);
  call_log.Stop();  // nobody waits for the audit log any more
  log_stage("gateway");
  if (gateway != nullptr) {
    gateway->StopAccepting();
    gateway->Drain(kDrainTime);
  }
  log_stage("feeds");
  for (const auto& module : modules) module->StopFeeds();
  if (follower != nullptr) follower->Stop();
  log_stage("channels");
  gateway.reset();
  directory.Clear();
  for (const auto& module : modules) module->CloseStreams();
  log_stage("grpc");
  if (server != nullptr) {
    server->Shutdown(std::chrono::system_clock::now() + kServerShutdown);
    server->Wait();
  }
  if (readers != nullptr) readers->Stop();
  log_stage("writers");
  for (const auto& module : modules) module->Drain();
  log_stage("stores");
  stores.clear();
  modules.clear();
}

Host::Host(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Host::~Host() { Stop(); }

Status Host::Check(const config::Config& config) { return Parts(config).CheckFiles(); }

Result<std::unique_ptr<Host>> Host::Start(const config::Config& config) {
  TTX_RETURN_IF_ERROR(Check(config));
  std::unique_ptr<Host> host(new Host(std::make_unique<Parts>(config)));
  Parts& parts = *host->parts_;
  TTX_RETURN_IF_ERROR(parts.CheckAddresses());
  TTX_RETURN_IF_ERROR(parts.CheckFolders());
  TTX_RETURN_IF_ERROR(parts.Load());
  TTX_RETURN_IF_ERROR(parts.OpenClock());
  TTX_RETURN_IF_ERROR(parts.MakeModules());
  TTX_RETURN_IF_ERROR(parts.StartServer());
  TTX_RETURN_IF_ERROR(parts.StartGateway());
  parts.ready.store(true);
  parts.SetServing(true);
  return host;
}

void Host::Stop() { parts_->Stop(); }

uint16_t Host::https_port() const { return parts_->gateway == nullptr ? 0 : parts_->gateway->port(); }
uint16_t Host::admin_port() const { return parts_->gateway == nullptr ? 0 : parts_->gateway->admin_port(); }
int Host::grpc_port() const { return parts_->grpc_port; }

}  // namespace ttx::server
