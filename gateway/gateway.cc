#include "gateway/gateway.h"

#include "gateway/openapi.h"

#include "gateway/calls.h"
#include "gateway/dispatcher.h"
#include "gateway/https/server.h"
#include "gateway/limits.h"
#include "gateway/transcode/router.h"

namespace ttx::gateway {
namespace {

// For the answers to calls that were cancelled at the end of a drain.
constexpr Duration kLastAnswers = Milliseconds(200);

ServerOptions MakeServerOptions(const GatewayConfig& config) {
  ServerOptions options;
  options.io_threads = config.io_threads;
  options.requests_per_connection = config.requests_per_connection;
  options.handshake_timeout = config.handshake_timeout;
  options.header_timeout = config.header_timeout;
  options.body_timeout = config.body_timeout;
  options.body_grace = config.body_grace;
  options.body_bytes_per_second_min = config.body_bytes_per_second_min;
  options.write_stall_timeout = config.write_stall_timeout;
  options.idle_timeout = config.idle_timeout;
  options.linger_timeout = config.linger_timeout;
  options.heartbeat_interval = config.heartbeat_interval;
  options.stream_open_delay = config.stream_open_delay;
  options.timer_tick = config.timer_tick;
  return options;
}

Result<TlsContext> MakeTls(const GatewayConfig& config) {
  if (config.listen_address.empty() || config.certificate_file.empty()) return TlsContext();
  return MakeTlsContext(config.certificate_file, config.private_key_file);
}

}  // namespace

/// Declared in the order they are needed, so destroyed after whatever uses them.
struct Gateway::Parts {
  Parts(GatewayConfig c, GatewayHooks h, Router r, const rpc::Directory& directory)
      : config(std::move(c)),
        hooks(std::move(h)),
        router(std::move(r)),
        dispatcher(config, hooks, router, directory, calls),
        admin(hooks) {}

  GatewayConfig config;
  GatewayHooks hooks;
  Router router;
  Calls calls;
  Dispatcher dispatcher;
  AdminDispatcher admin;
  std::unique_ptr<Server> server;
  bool accepting = true;
  bool drained = false;
};

Status Gateway::Check(const GatewayConfig& config) {
  TTX_TRY(const Router router, Router::Build(config.services));
  TTX_TRY(const TlsContext tls, MakeTls(config));
  return {};
}

Result<std::unique_ptr<Gateway>> Gateway::Start(GatewayConfig config, const rpc::Directory& directory,
                                                GatewayHooks hooks) {
  TTX_TRY(Router router, Router::Build(config.services));
  TTX_TRY(TlsContext tls, MakeTls(config));
  auto parts = std::make_unique<Parts>(std::move(config), std::move(hooks), std::move(router), directory);
  std::vector<ListenerOptions> listeners;
  if (!parts->config.listen_address.empty()) {
    listeners.push_back({.address = parts->config.listen_address,
                         .tls = std::move(tls),
                         .handler = &parts->dispatcher,
                         .allowed_hosts = parts->config.allowed_hosts,
                         .max_connections = parts->config.max_connections,
                         .max_connections_per_peer = parts->config.max_connections_per_peer});
  }
  if (!parts->config.admin_address.empty()) {
    listeners.push_back({.address = parts->config.admin_address,
                         .tls = nullptr,
                         .handler = &parts->admin,
                         .allowed_hosts = {},
                         .max_connections = kAdminConnectionsMax,
                         .max_connections_per_peer = kAdminConnectionsMax,
                         .own_thread = true});
  }
  TTX_TRY(parts->server, Server::Start(MakeServerOptions(parts->config), listeners));
  return std::unique_ptr<Gateway>(new Gateway(std::move(parts)));
}

Gateway::Gateway(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Gateway::~Gateway() {
  StopAccepting();
  Drain(Duration{});
}

uint16_t Gateway::port() const { return parts_->config.listen_address.empty() ? 0 : parts_->server->port(0); }

uint16_t Gateway::admin_port() const {
  if (parts_->config.admin_address.empty()) return 0;
  return parts_->server->port(parts_->config.listen_address.empty() ? 0 : 1);
}

int Gateway::connections() const { return parts_->server->connections(); }

void Gateway::StopAccepting() {
  if (!parts_->accepting) return;
  parts_->accepting = false;
  parts_->server->StopAccepting();
}

void Gateway::Drain(Duration deadline) {
  if (parts_->drained) return;
  parts_->drained = true;
  StopAccepting();
  parts_->server->Drain(deadline);
  parts_->calls.CloseAndCancel();
  parts_->server->Drain(kLastAnswers);
  parts_->server->Close();
  parts_->calls.CloseAndWait();
}

Result<std::string> OpenApiDocument(const std::vector<std::string>& services, std::string_view descriptors) {
  TTX_TRY(const Router router, Router::Build(services));
  return MakeOpenApi(router, {.descriptors = descriptors});
}

Status CheckTlsFiles(const std::string& certificate_file, const std::string& private_key_file,
                     const std::string& authority_file) {
  if (!certificate_file.empty()) {
    TTX_TRY(const TlsContext context, MakeTlsContext(certificate_file, private_key_file));
  }
  return authority_file.empty() ? Status() : CheckAuthorityFile(authority_file);
}

}  // namespace ttx::gateway
