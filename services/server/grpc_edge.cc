#include "services/server/grpc_edge.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "libs/rpc/identity.h"
#include "services/server/files.h"

namespace ttx::server {
namespace {

constexpr int kMaxMessageBytes = 4 << 20;
// A page of large resources may be more than a request ever is.
constexpr int kMaxAnswerBytes = 128 << 20;

std::shared_ptr<grpc::ServerCredentials> Credentials(const TlsFiles& tls) {
  if (tls.certificate.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = tls.client_ca;
  options.pem_key_cert_pairs.push_back({tls.private_key, tls.certificate});
  return grpc::SslServerCredentials(options);
}

// Linking the reflection library turns it on for every server; a server that is not told to reflect must not.
class NoReflection : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    std::erase_if(*plugins, [](const auto& plugin) { return plugin->name() == "proto_server_reflection"; });
  }
};

// gRPC removes a socket that exists before it binds its own: right for one that a stopped server has left, not for one
// that is in use. `path` fits into sockaddr_un (config::ParseAddress).
Status CheckFreeSocket(const std::string& address, const std::string& path) {
  const auto refuse = [&address](const char* why) {
    return Error(Reason::kLISTEN_FAILED, {{"address", address}, {"detail", why}});
  };
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return refuse(std::strerror(errno));
  }
  if (!S_ISSOCK(found.st_mode)) return refuse("a file that is no socket");
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  path.copy(to.sun_path, sizeof to.sun_path - 1);
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const bool answered = ::connect(probe, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  const int failed = errno;
  ::close(probe);
  if (answered || failed == EAGAIN) return refuse("a running server answers there");
  return failed == ECONNREFUSED ? Status() : refuse(std::strerror(failed));
}

}  // namespace

Result<TlsFiles> ReadTls(const config::Grpc& grpc) {
  TlsFiles files;
  if (grpc.certificate_file().empty()) return files;
  TTX_TRY(files.certificate, ReadFile(grpc.certificate_file()));
  TTX_TRY(files.private_key, ReadFile(grpc.private_key_file()));
  TTX_TRY(files.client_ca, ReadFile(grpc.client_ca_file()));
  return files;
}

Result<Listening> StartGrpcServer(const config::Grpc& grpc, const TlsFiles& tls,
                                  const std::vector<grpc::Service*>& services) {
  grpc::EnableDefaultHealthCheckService(true);
  if (grpc.reflection()) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  if (!grpc.reflection()) builder.SetOption(std::make_unique<NoReflection>());
  Listening listening;
  builder.AddListeningPort(grpc.listen_address(), Credentials(tls), &listening.port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  for (grpc::Service* service : services) builder.RegisterService(service);
  listening.server = builder.BuildAndStart();
  if (listening.server == nullptr) {
    return Error(Reason::kLISTEN_FAILED, {{"address", grpc.listen_address()}, {"detail", "gRPC"}});
  }
  return listening;
}

std::shared_ptr<grpc::Channel> InProcessChannel(grpc::Server& server) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  return server.InProcessChannel(arguments);
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

Status CheckFree(const std::string& address) {
  TTX_TRY(const config::Address parsed, config::ParseAddress(address, "listen_address"));
  if (!parsed.unix_path.empty()) return CheckFreeSocket(address, parsed.unix_path);
  if (parsed.port == 0) return {};
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

}  // namespace ttx::server
