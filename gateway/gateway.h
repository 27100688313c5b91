#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/result.h"
#include "libs/core/time.h"

namespace ttx::rpc {
class Directory;
}  // namespace ttx::rpc

namespace ttx::gateway {

/// How the HTTPS edge is set up. The defaults are those of reliability.md 3.3.
struct GatewayConfig {
  std::string listen_address = "127.0.0.1:8443";  // "address:port"; port 0 takes a free one; empty: admin only
  std::string certificate_file;                   // PEM, with its chain; empty: in the clear
  std::string private_key_file;                   // PEM
  std::string admin_address;                      // plain HTTP for /metrics, /feeds, health; empty: none
  std::vector<std::string> allowed_hosts;  // Host and SNI must be among them, any case and port; empty admits any
  std::vector<std::string> services;       // full names, such as "ttx.auction.v1.AuctionService"
  std::string public_url;                  // for /openapi.json; empty: wherever it was read from
  std::string_view descriptors;            // for /openapi.json (see OpenApiDocument); must outlive the gateway

  int io_threads = 1;
  int max_connections = 4096;
  int max_connections_per_peer = 64;
  int requests_per_connection = 1000;
  int requests_per_second_per_principal = 0;  // also the burst; 0: no limit

  size_t body_bytes_max = 1024 * 1024;
  std::map<std::string, size_t> body_bytes_max_by_method;  // by "ttx.x.v1.XService/Method"

  Duration handshake_timeout = Seconds(5);
  Duration header_timeout = Seconds(5);
  Duration body_timeout = Seconds(30);
  Duration body_grace = Seconds(5);
  int64_t body_bytes_per_second_min = 1024;
  Duration write_stall_timeout = Seconds(10);
  Duration idle_timeout = Seconds(30);
  Duration linger_timeout = Seconds(1);
  Duration timer_tick = Milliseconds(100);
  Duration call_timeout = Seconds(10);  // deadline of a call; a long poll gets wait_time + long_poll_margin
  Duration long_poll_margin = Seconds(5);
  Duration stream_lifetime = Hours(1);  // a Server-Sent Events client reconnects after it
  Duration stream_open_delay = Seconds(1);
  Duration heartbeat_interval = Seconds(15);
};

/// One line of an access log.
struct RequestLog {
  std::string method;  // HTTP verb, or empty when the request could not be read
  std::string route;   // the path template; empty when no route was found
  std::string rpc;     // "ttx.x.v1.XService/Method", or empty
  std::string peer;    // address
  std::string trace_id;
  std::string reason;  // of a refusal
  int status = 0;      // HTTP
  Duration duration;
  size_t request_bytes = 0;   // body
  size_t response_bytes = 0;  // body
};

/// What the gateway asks of its host. Called from any thread, concurrently; must not block.
struct GatewayHooks {
  std::function<bool()> ready;
  std::function<std::string()> metrics_text;
  std::function<std::string()> feeds_json;  // of the admin listener alone: may read the stores
  std::function<void(const RequestLog&)> on_request;
};

/// The HTTPS edge: HTTP/1.1 with JSON in front, one gRPC call per request behind (architecture.md sections 5,
/// 9).
///
/// Routes, permissions and OpenAPI come from the descriptors of `services`; the gateway knows no service by
/// itself. Stop order (architecture.md section 7): StopAccepting, Drain, and only then may channels be
/// dropped and servers shut down: when Drain returns, no call is in flight and none will start.
class Gateway {
 public:
  /// Everything that could be wrong with a configuration but the ports, which are left alone:
  /// API_DEFINITION_INVALID, TLS_FILE_INVALID.
  static Status Check(const GatewayConfig& config);
  /// API_DEFINITION_INVALID, TLS_FILE_INVALID or LISTEN_FAILED. `directory` must outlive the gateway.
  static Result<std::unique_ptr<Gateway>> Start(GatewayConfig config, const rpc::Directory& directory,
                                                GatewayHooks hooks);
  /// Does what is left of StopAccepting and Drain(0).
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  uint16_t port() const;
  /// 0 without an admin listener.
  uint16_t admin_port() const;
  int connections() const;

  void StopAccepting();
  /// Lets requests finish until the deadline, ends streams and idle connections, then cancels what is left
  /// and waits for it to end.
  void Drain(Duration deadline);

 private:
  struct Parts;
  explicit Gateway(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// The OpenAPI 3.1 document of these services, as GET /openapi.json answers it without a public_url.
/// `descriptors`: a serialized google.protobuf.FileDescriptorSet, whose comments it shows; empty: no prose.
/// API_DEFINITION_INVALID.
Result<std::string> OpenApiDocument(const std::vector<std::string>& services, std::string_view descriptors);

/// TLS_FILE_INVALID unless the certificate and the key fit each other and, when it is named, the authority's file
/// holds certificates. No names at all are right too.
Status CheckTlsFiles(const std::string& certificate_file, const std::string& private_key_file,
                     const std::string& authority_file);

}  // namespace ttx::gateway
