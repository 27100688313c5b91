#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/https/strict_http.h"
#include "gateway/https/tls.h"
#include "libs/core/result.h"
#include "libs/core/time.h"

namespace ttx::gateway {

/// One request that passed the filter. `head` points into `head_bytes`.
struct Request {
  RequestHead head;
  std::string head_bytes;
  std::string path;  // decoded
  std::string body;
  std::string peer;  // address without port
};

class BodyStream;

struct Response {
  int status = 200;
  std::string content_type;  // empty: no body
  std::string headers;       // further lines, each ending in CRLF
  std::string body;
  std::shared_ptr<BodyStream> stream;  // instead of `body`
};

/// A body that arrives in pieces. Made by the handler, driven by the session that serves it.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  /// Starts it. `wake` is called from any thread after every change; it never blocks and may be called after
  /// the session has gone.
  virtual void Open(std::function<void()> wake) = 0;
  /// The answer to send instead when the stream ended badly before its first byte.
  virtual std::optional<Response> Failure() = 0;
  /// Appends what has arrived; false once nothing more will.
  virtual bool Take(std::string& out) = 0;
  /// Asks it to end. Safe to repeat and after its end.
  virtual void Cancel() = 0;
};

/// What a listener does with requests. Called on io threads; must not block.
class Handler {
 public:
  virtual ~Handler() = default;
  /// The largest body this request may bring, asked before the body is read.
  virtual size_t BodyLimit(const Request& request) = 0;
  /// Calls `done` exactly once, at once or later from any thread.
  virtual void Handle(std::shared_ptr<const Request> request, std::function<void(Response)> done) = 0;
  /// The answer to a request that is not handled; `head` is what is known of it, or nullptr.
  virtual Response Refuse(const Refusal& refusal, const RequestHead* head, const std::string& peer) = 0;
};

/// Each listener counts its own connections: what one of them is flooded with shuts nobody out of another.
struct ListenerOptions {
  std::string address;           // "127.0.0.1:8443", "[::1]:0"
  TlsContext tls;                // none: in the clear
  Handler* handler = nullptr;
  std::vector<std::string> allowed_hosts;  // Host and TLS server name, in any case and with any port; empty: any
  int max_connections = 4096;
  int max_connections_per_peer = 64;
  bool own_thread = false;  // served even while the io threads are busy with others
};

/// The limits of reliability.md 3.3.
struct ServerOptions {
  int io_threads = 1;
  int requests_per_connection = 1000;
  Duration handshake_timeout = Seconds(5);
  Duration header_timeout = Seconds(5);
  Duration body_timeout = Seconds(30);
  Duration body_grace = Seconds(5);  // before the rate below counts
  int64_t body_bytes_per_second_min = 1024;
  Duration write_stall_timeout = Seconds(10);
  Duration idle_timeout = Seconds(30);
  Duration linger_timeout = Seconds(1);
  Duration heartbeat_interval = Seconds(15);
  Duration stream_open_delay =
      Seconds(1);  // how long a stream may stay silent before its answer starts with 200
  Duration timer_tick = Milliseconds(100);  // how exactly the above are kept
};

/// TLS and plain listeners with one session per connection, on `io_threads` threads of its own and one more for each
/// listener that wants one.
class Server {
 public:
  /// LISTEN_FAILED. The handlers must outlive the server.
  static Result<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                               const std::vector<ListenerOptions>& listeners);
  /// Needs Drain and Close first when handlers may still be at work.
  virtual ~Server() = default;
  virtual uint16_t port(size_t listener) const = 0;
  virtual int connections() const = 0;
  /// No connection is accepted once it returns. Never call it or the next two from an io thread.
  virtual void StopAccepting() = 0;
  /// Ends idle connections and streams, lets requests finish; true when no connection is left before the
  /// deadline.
  virtual bool Drain(Duration deadline) = 0;
  /// Closes every socket and waits until every session is gone: all handlers must be answering.
  virtual void Close() = 0;
};

}  // namespace ttx::gateway
