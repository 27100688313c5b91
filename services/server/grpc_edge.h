#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/config/config.h"
#include "libs/core/result.h"

namespace grpc {
class Channel;
class Server;
class Service;
}  // namespace grpc

namespace ttx::server {

/// What stands in the files of the grpc section; all empty when it names none.
struct TlsFiles {
  std::string certificate;
  std::string private_key;
  std::string client_ca;
};
Result<TlsFiles> ReadTls(const config::Grpc& grpc);

/// A server that listens, and the port it got (0 on a unix socket).
struct Listening {
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};
/// With the standard health service, and reflection only when configured. LISTEN_FAILED. `services` must outlive it.
Result<Listening> StartGrpcServer(const config::Grpc& grpc, const TlsFiles& tls,
                                  const std::vector<grpc::Service*>& services);

std::shared_ptr<grpc::Channel> InProcessChannel(grpc::Server& server);
/// To a service of another process; with TLS, only to one that shows that service's certificate.
std::shared_ptr<grpc::Channel> PeerChannel(const config::Peer& peer, const TlsFiles& tls);

/// Whether the address can be listened on now: asked before any store is opened, so that a port in use stops the
/// start with nothing touched. LISTEN_FAILED.
Status CheckFree(const std::string& address);

}  // namespace ttx::server
