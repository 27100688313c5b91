#include "services/server/host.h"

#include <grpc/grpc.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <set>
#include <unordered_map>
#include <vector>

#include "gateway/gateway.h"
#include "libs/auth/token.h"
#include "libs/core/encoding.h"
#include "libs/crypto/random.h"
#include "libs/crypto/signature.h"
#include "libs/obs/log.h"
#include "libs/obs/metrics.h"
#include "libs/rpc/directory.h"
#include "libs/rpc/module.h"
#include "libs/rpc/reader_pool.h"
#include "libs/storage/rocks_kv.h"
#include "libs/storage/shell.h"
#include "services/auction/module.h"
#include "services/contract/module.h"
#include "services/disclosure/module.h"
#include "services/listing/module.h"
#include "services/party/module.h"
#include "services/server/clocks.h"
#include "services/server/files.h"
#include "services/server/sandbox_service.h"
#include "services/server/services.h"
#include "services/server/verification_follower.h"
#include "services/settlement/module.h"

namespace ttx::server {
namespace {

constexpr int kReaderThreads = 2;
constexpr size_t kReaderQueue = 4096;
constexpr Duration kDrainTime = Seconds(10);
constexpr std::chrono::seconds kServerShutdown{5};
constexpr int kMaxMessageBytes = 4 << 20;
// A page of large resources may be more than a request ever is.
constexpr int kMaxAnswerBytes = 128 << 20;
constexpr int kSandboxYears = 50;

bool IsSandbox(const config::Config& config) { return config.mode() == config::Config::SANDBOX; }

// --- What happens when calls end, feeds refuse, writes fail
// ---------------------------------------------------------

// Metrics are looked up once per (service, method, code); the log line and the audit record are written here.
class CallLog {
 public:
  void Record(const rpc::CallRecord& call) {
    const Series& series = Find(call);
    series.count.Add();
    series.latency.Observe(Nanoseconds(call.latency_us * 1000));
    if (call.audit) {
      const Status written = obs::Audit("call", {{"service", call.service},
                                                 {"method", call.method},
                                                 {"subject", call.subject},
                                                 {"organization", call.organization},
                                                 {"person", call.person},
                                                 {"request_id", call.request_id},
                                                 {"trace", call.trace},
                                                 {"code", static_cast<int>(call.code)},
                                                 {"reason", call.reason},
                                                 {"replayed", call.replayed},
                                                 {"latency_us", call.latency_us}});
      TTX_CHECK(written.ok(), "the audit log cannot be written");
    } else {
      obs::Log(obs::Level::kInfo, "call",
               {{"service", call.service},
                {"method", call.method},
                {"subject", call.subject},
                {"trace", call.trace},
                {"code", static_cast<int>(call.code)},
                {"reason", call.reason},
                {"latency_us", call.latency_us}});
    }
  }

 private:
  struct Series {
    obs::Counter count;
    obs::Histogram latency;
  };

  const Series& Find(const rpc::CallRecord& call) {
    std::string key(call.service);
    key.append("/").append(call.method).append("/").append(std::to_string(static_cast<int>(call.code)));
    const std::lock_guard lock(mutex_);
    const auto it = series_.find(key);
    if (it != series_.end()) return it->second;
    const obs::Labels labels = {{"service", std::string(call.service)}, {"method", std::string(call.method)}};
    obs::Labels with_code = labels;
    with_code.emplace_back("code", std::to_string(static_cast<int>(call.code)));
    return series_
        .emplace(std::move(key),
                 Series{obs::MakeCounter("ttx_calls_total", "Finished calls", with_code),
                        obs::MakeLatencyHistogram("ttx_call_latency_seconds", "Time to answer", labels)})
        .first->second;
  }

  std::mutex mutex_;
  std::unordered_map<std::string, Series> series_;
};

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

// --- gRPC
// -----------------------------------------------------------------------------------------------------------

struct TlsFiles {
  std::string certificate;
  std::string private_key;
  std::string client_ca;
};

Result<TlsFiles> ReadTls(const config::Grpc& grpc) {
  TlsFiles files;
  if (grpc.certificate_file().empty()) return files;
  TTX_TRY(files.certificate, ReadFile(grpc.certificate_file()));
  TTX_TRY(files.private_key, ReadFile(grpc.private_key_file()));
  TTX_TRY(files.client_ca, ReadFile(grpc.client_ca_file()));
  return files;
}

std::shared_ptr<grpc::ServerCredentials> ServerCredentials(const TlsFiles& tls) {
  if (tls.certificate.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = tls.client_ca;
  options.pem_key_cert_pairs.push_back({tls.private_key, tls.certificate});
  return grpc::SslServerCredentials(options);
}

std::shared_ptr<grpc::Channel> PeerChannel(const config::Peer& peer, const TlsFiles& tls) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  if (tls.certificate.empty()) {
    return grpc::CreateCustomChannel(peer.address(), grpc::InsecureChannelCredentials(), arguments);
  }
  arguments.SetSslTargetNameOverride(rpc::CertifiedName(peer.service()));
  return grpc::CreateCustomChannel(
      peer.address(), grpc::SslCredentials({tls.client_ca, tls.private_key, tls.certificate}), arguments);
}

// Linking the reflection library turns it on for every server; a server that is not told to reflect must not.
class NoReflection : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    std::erase_if(*plugins, [](const auto& plugin) { return plugin->name() == "proto_server_reflection"; });
  }
};

// Whether the address can be listened on now: asked before any store is opened, so that a port in use stops
// the start with nothing touched.
Status CheckFree(const std::string& address) {
  TTX_TRY(const config::Address parsed, config::ParseAddress(address, "listen_address"));
  if (!parsed.unix_path.empty() || parsed.port == 0) return {};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(parsed.port);
  if (::getaddrinfo(parsed.host.c_str(), port.c_str(), &hints, &found) != 0) {
    return Error(Reason::kLISTEN_FAILED, {{"address", address}, {"detail", "no such address"}});
  }
  const int probe = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool bound = ::bind(probe, found->ai_addr, found->ai_addrlen) == 0 && ::listen(probe, 1) == 0;
  const int failed = errno;
  ::close(probe);
  ::freeaddrinfo(found);
  if (!bound) return Error(Reason::kLISTEN_FAILED, {{"address", address}, {"detail", std::strerror(failed)}});
  return {};
}

void ConfigureServer(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
}

}  // namespace

std::string ServiceFolder(const config::Config& config, std::string_view service) {
  return config.data_directory() + "/" + std::string(service);
}

std::string FolderOwner(const config::Config& config, std::string_view service) {
  return "ttx " + std::string(service) + (IsSandbox(config) ? " sandbox" : " production") + " format 1";
}

struct Host::Parts {
  config::Config config;
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
  std::unique_ptr<grpc::Server> server;
  int grpc_port = 0;
  std::unique_ptr<gateway::Gateway> gateway;
  std::atomic<bool> ready = false;
  bool stopped = false;
  std::vector<std::string> hosted;  // services, and the sandbox
  std::mutex reached_mutex;
  std::set<std::string> reached;  // peers that have been connected to

  bool Hosts(std::string_view service) const { return config::HasRole(config, service); }
  // The default address is the gateway's process's; others have a listener where the configuration names one.
  std::string AdminAddress() const {
    return Hosts("gateway") || config.gateway().has_admin_address() ? config.gateway().admin_address() : "";
  }

  Status Load();
  Result<rpc::ModuleDeps> Deps(std::string_view service);
  Result<std::unique_ptr<rpc::Module>> MakeModule(std::string_view service);
  Status CheckAddresses() const;
  Status ClaimFolders();
  Status MakeModules();
  Status StartServer();
  Status StartGateway();
  bool PeersReachable();
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

Status Host::Parts::Load() {
  if (IsSandbox(config)) {
    TTX_TRY(std::unique_ptr<SandboxClock> opened,
            SandboxClock::Open(config.data_directory() + "/sandbox_clock"));
    sandbox_clock = opened.get();
    clock = std::move(opened);
  } else {
    clock = std::make_unique<SystemClock>();
  }
  TTX_TRY(calendar, ReadCalendar(config.calendar_directory(), IsSandbox(config) ? kSandboxYears : 0));
  TTX_TRY(secrets_key, ReadFile(config.secrets_key_file()));
  readers = std::make_unique<rpc::ReaderPool>(kReaderThreads, kReaderQueue);
  verifier = std::make_unique<auth::TokenVerifier>(config.token().issuer(), config.token().audience());
  return {};
}

Result<rpc::ModuleDeps> Host::Parts::Deps(std::string_view service) {
  TTX_TRY(std::unique_ptr<storage::Kv> kv,
          storage::OpenRocksKv({.path = ServiceFolder(config, service) + "/rocksdb",
                                .block_cache_bytes = int64_t{config.storage().block_cache_mb()} << 20,
                                .write_buffer_bytes = int64_t{config.storage().write_buffer_mb()} << 20}));
  return rpc::ModuleDeps{
      .kv = std::move(kv),
      .clock = *clock,
      .ids = ids,
      .calendar = *calendar,
      .handler = {
          .clock = clock.get(),
          .authenticate = [this](std::string_view token) { return verifier->Verify(token, clock->Now()); },
          .service_secret = secret,
          .on_call = [this](const rpc::CallRecord& call) { call_log.Record(call); }},
      .readers = *readers,
      .directory = directory,
      .identity = {std::string(service), secret},
      .secrets_key = secrets_key,
      .on_failure = StopOnFailedWrite,
      .on_feed_refusal = LogRefusedEvent,
  };
}

Result<std::unique_ptr<rpc::Module>> Host::Parts::MakeModule(std::string_view service) {
  TTX_TRY(rpc::ModuleDeps deps, Deps(service));
  if (service == "party") {
    return party::MakePartyModule(std::move(deps),
                                  {.issuer = config.token().issuer(),
                                   .audience = config.token().audience(),
                                   .token_lifetime = Seconds(config.token().lifetime_seconds())});
  }
  if (service == "listing") {
    TTX_TRY(const std::vector<std::string> profiles, ReadFolder(config.profile_directory(), ".textproto"));
    return listing::MakeListingModule(std::move(deps), profiles);
  }
  if (service == "auction") return auction::MakeAuctionModule(std::move(deps));
  if (service == "contract") return contract::MakeContractModule(std::move(deps));
  if (service == "settlement") {
    TTX_TRY(const std::vector<std::string> fee_tables, ReadFolder(config.fee_directory(), ".textproto"));
    return settlement::MakeSettlementModule(
        std::move(deps), {.fee_tables = fee_tables, .fee_table = config.fee_table(), .options = {}});
  }
  TTX_CHECK(service == "disclosure", "no such service");
  TTX_TRY(const std::string record_key, ReadFile(config.record_key_file()));
  return disclosure::MakeDisclosureModule(std::move(deps),
                                          {.record_key_pem = record_key, .exchange_codes = {}});
}

Status Host::Parts::CheckAddresses() const {
  if (Hosts("gateway")) TTX_RETURN_IF_ERROR(CheckFree(config.gateway().listen_address()));
  if (!AdminAddress().empty()) TTX_RETURN_IF_ERROR(CheckFree(AdminAddress()));
  const bool serves =
      std::any_of(std::begin(kServices), std::end(kServices), [this](const char* s) { return Hosts(s); });
  if (serves) TTX_RETURN_IF_ERROR(CheckFree(config.grpc().listen_address()));
  return {};
}

Status Host::Parts::ClaimFolders() {
  // `ttx init` marks the party's folder: without it this is a mistyped path or a disk that is not mounted,
  // and an empty market must not be served in place of the real one.
  std::error_code ignored;
  if (Hosts("party") && !std::filesystem::exists(ServiceFolder(config, "party") + "/TTX", ignored)) {
    return Error(Reason::kDATA_MISMATCH, {{"path", ServiceFolder(config, "party")},
                                          {"found", "nobody"},
                                          {"expected", FolderOwner(config, "party")}});
  }
  for (const char* service : kServices) {
    if (Hosts(service)) hosted.push_back(service);
  }
  if (IsSandbox(config) && Hosts("party")) hosted.push_back("sandbox");
  // All are checked before any is touched: a folder of another mode stops the start with nothing changed.
  for (const std::string& service : hosted) {
    TTX_RETURN_IF_ERROR(storage::CheckFolder(ServiceFolder(config, service), FolderOwner(config, service)));
  }
  for (const std::string& service : hosted) {
    TTX_RETURN_IF_ERROR(storage::ClaimFolder(ServiceFolder(config, service), FolderOwner(config, service)));
  }
  return {};
}

Status Host::Parts::MakeModules() {
  for (const std::string& service : hosted) {
    if (service == "sandbox") {
      TTX_TRY(rpc::ModuleDeps deps, Deps(service));
      TTX_TRY(std::unique_ptr<rpc::Module> module, MakeSandboxModule(std::move(deps), *sandbox_clock));
      modules.push_back(std::move(module));
    } else {
      TTX_TRY(std::unique_ptr<rpc::Module> module, MakeModule(service));
      modules.push_back(std::move(module));
    }
  }
  return {};
}

Status Host::Parts::StartServer() {
  TTX_TRY(const TlsFiles tls, ReadTls(config.grpc()));
  if (!modules.empty()) {
    grpc::EnableDefaultHealthCheckService(true);
    if (config.grpc().reflection()) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    ConfigureServer(builder);
    if (!config.grpc().reflection()) builder.SetOption(std::make_unique<NoReflection>());
    builder.AddListeningPort(config.grpc().listen_address(), ServerCredentials(tls), &grpc_port);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    for (const auto& module : modules) builder.RegisterService(&module->service());
    for (const auto& module : modules) module->Start();
    server = builder.BuildAndStart();
    if (server == nullptr) {
      return Error(Reason::kLISTEN_FAILED, {{"address", config.grpc().listen_address()}, {"detail", "gRPC"}});
    }
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
    const std::shared_ptr<grpc::Channel> in_process = server->InProcessChannel(arguments);
    for (const auto& module : modules) {
      std::string_view name = module->service_name();
      name.remove_prefix(std::string_view("ttx.").size());
      directory.Set(std::string(name.substr(0, name.find('.'))), in_process);
    }
  }
  for (const config::Peer& peer : config.peers()) {
    if (!Hosts(peer.service())) directory.Set(peer.service(), PeerChannel(peer, tls), /*in_process=*/false);
    if (peer.service() == "party" && IsSandbox(config) && !Hosts("party")) {
      directory.Set("sandbox", PeerChannel(peer, tls), /*in_process=*/false);
    }
  }
  for (const auto& module : modules) module->StartFeeds();
  follower =
      std::make_unique<VerificationFollower>(directory,
                                             rpc::ServiceIdentity{modules.empty()           ? "gateway"
                                                                  : config.roles_size() > 0 ? config.roles(0)
                                                                                            : "party",
                                                                  secret},
                                             *verifier);
  follower->Start();
  return {};
}

Status Host::Parts::StartGateway() {
  // Every process has its admin listener; HTTPS is the gateway's.
  const bool edge = Hosts("gateway");
  if (!edge && AdminAddress().empty()) return {};
  gateway::GatewayConfig from;
  from.listen_address = edge ? config.gateway().listen_address() : "";
  from.certificate_file = config.gateway().certificate_file();
  from.private_key_file = config.gateway().private_key_file();
  from.admin_address = AdminAddress();
  from.allowed_hosts.assign(config.gateway().allowed_hosts().begin(), config.gateway().allowed_hosts().end());
  if (edge) from.services = PublicServices(IsSandbox(config));
  from.max_connections = static_cast<int>(config.gateway().max_connections());
  from.max_connections_per_peer = static_cast<int>(config.gateway().max_connections_per_peer());
  from.requests_per_second_per_principal =
      static_cast<int>(config.gateway().requests_per_second_per_principal());
  gateway::GatewayHooks hooks;
  hooks.ready = [this] { return ready.load() && follower->ready() && PeersReachable(); };
  hooks.metrics_text = obs::MetricsText;
  hooks.on_request = [](const gateway::RequestLog& request) {
    obs::Log(obs::Level::kInfo, "request",
             {{"method", request.method},
              {"route", request.route},
              {"peer", request.peer},
              {"trace", request.trace_id},
              {"status", request.status},
              {"reason", request.reason},
              {"latency_us", request.duration.ns / 1000}});
  };
  TTX_TRY(gateway, gateway::Gateway::Start(std::move(from), directory, std::move(hooks)));
  return {};
}

void Host::Parts::Stop() {
  if (stopped) return;
  stopped = true;
  ready.store(false);
  SetServing(false);
  if (gateway != nullptr) {
    gateway->StopAccepting();
    gateway->Drain(kDrainTime);
    gateway.reset();
  }
  for (const auto& module : modules) module->StopFeeds();
  if (follower != nullptr) follower->Stop();
  directory.Clear();
  for (const auto& module : modules) module->CloseStreams();
  if (server != nullptr) {
    server->Shutdown(std::chrono::system_clock::now() + kServerShutdown);
    server->Wait();
  }
  if (readers != nullptr) readers->Stop();
  for (const auto& module : modules) module->Drain();
  modules.clear();
}

Host::Host(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Host::~Host() { Stop(); }

Result<std::unique_ptr<Host>> Host::Start(const config::Config& config) {
  std::unique_ptr<Host> host(new Host(std::make_unique<Parts>()));
  host->parts_->config = config;
  TTX_RETURN_IF_ERROR(host->parts_->CheckAddresses());
  TTX_RETURN_IF_ERROR(host->parts_->ClaimFolders());
  TTX_RETURN_IF_ERROR(host->parts_->Load());
  TTX_RETURN_IF_ERROR(host->parts_->MakeModules());
  TTX_RETURN_IF_ERROR(host->parts_->StartServer());
  TTX_RETURN_IF_ERROR(host->parts_->StartGateway());
  host->parts_->ready.store(true);
  host->parts_->SetServing(true);
  return host;
}

void Host::Stop() { parts_->Stop(); }

uint16_t Host::https_port() const { return parts_->gateway == nullptr ? 0 : parts_->gateway->port(); }
uint16_t Host::admin_port() const { return parts_->gateway == nullptr ? 0 : parts_->gateway->admin_port(); }
int Host::grpc_port() const { return parts_->grpc_port; }

}  // namespace ttx::server
