// Sends bids over keep-alive TLS connections in a closed loop, one request in flight on each. One thread, one
// epoll set and OpenSSL, to leave the machine to the server. Prints one line of JSON (tests/bench/README.md).
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "tests/bench/load.h"

namespace ttx::bench {
namespace {

// The head and length of an HTTP/1.1 answer, once all of it has arrived.
struct Answer {
  int status = 0;
  bool close = false;
  size_t bytes = 0;
};

std::string_view HeaderValue(std::string_view head, std::string_view name) {
  for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        strncasecmp(line.data(), name.data(), name.size()) == 0) {
      std::string_view value = line.substr(name.size() + 1);
      while (value.starts_with(' ')) value.remove_prefix(1);
      return value;
    }
  }
  return {};
}

std::optional<Answer> ParseAnswer(std::string_view in) {
  const size_t head_end = in.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return std::nullopt;
  const std::string_view head = in.substr(0, head_end);
  const std::string length(HeaderValue(head, "Content-Length"));
  Answer answer;
  answer.status = head.size() > 12 ? std::atoi(std::string(head.substr(9, 3)).c_str()) : 0;
  const std::string connection(HeaderValue(head, "Connection"));
  answer.close = strncasecmp(connection.c_str(), "close", 5) == 0;
  answer.bytes = head_end + 4 + static_cast<size_t>(std::atoll(length.c_str()));
  if (in.size() < answer.bytes) return std::nullopt;
  return answer;
}

enum class Phase { kHandshake, kSending, kReceiving };

struct Connection {
  int socket = -1;
  SSL* ssl = nullptr;
  Phase phase = Phase::kHandshake;
  std::string authorization;
  std::string out;
  std::string in;
  SteadyClock::time_point sent;
};

class Loader {
 public:
  explicit Loader(const Options& options)
      : port_(static_cast<uint16_t>(options.GetInt("port", 0))),
        host_("127.0.0.1:" + std::to_string(port_)),
        tokens_(ReadLines(options.Must("tokens"))),
        auctions_(ReadLines(options.Must("auctions"))),
        next_number_(options.GetInt("first-number", 1)),
        poll_(epoll_create1(EPOLL_CLOEXEC)),
        context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_, TLS1_3_VERSION);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
    const int64_t count = options.GetInt("in-flight", 64);
    for (int64_t i = 0; i < count; ++i) {
      connections_.push_back(std::make_unique<Connection>());
      connections_.back()->authorization = tokens_[i % tokens_.size()];
      Connect(*connections_.back());
    }
  }

  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;
  ~Loader() {
    for (auto& connection : connections_) Close(*connection);
    SSL_CTX_free(context_);
    close(poll_);
  }

  // Requests that are in flight at the end of the warm-up count as soon as they end; connections stay open.
  Summary Run(double warm_up_seconds, double seconds) {
    RunUntil(SteadyClock::now() + Seconds(warm_up_seconds));
    tally_ = {};
    connects_ = 0;
    RunUntil(SteadyClock::now() + Seconds(seconds));
    return {.kind = "https",
            .in_flight = static_cast<int64_t>(connections_.size()),
            .seconds = seconds,
            .total = tally_,
            .next_number = next_number_,
            .connects = connects_,
            .marks = {}};
  }

 private:
  static SteadyClock::duration Seconds(double seconds) {
    return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
  }

  void Connect(Connection& connection) {
    ++connects_;
    connection.socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(connection.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 &&
        errno != EINPROGRESS) {
      Die("load_https: cannot connect: " + std::string(std::strerror(errno)));
    }
    connection.ssl = SSL_new(context_);
    SSL_set_fd(connection.ssl, connection.socket);
    SSL_set_connect_state(connection.ssl);
    connection.phase = Phase::kHandshake;
    connection.in.clear();
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP, .data = {.ptr = &connection}};
    epoll_ctl(poll_, EPOLL_CTL_ADD, connection.socket, &event);
  }

  static void Close(Connection& connection) {
    SSL_free(connection.ssl);
    connection.ssl = nullptr;
    close(connection.socket);
  }

  void RunUntil(SteadyClock::time_point end) {
    end_ = end;
    for (auto& connection : connections_) Advance(*connection);
    epoll_event events[256];
    while (SteadyClock::now() < end_) {
      const int ready = epoll_wait(poll_, events, 256, 100);
      for (int i = 0; i < ready; ++i) Advance(*static_cast<Connection*>(events[i].data.ptr));
    }
  }

  // As far as the connection goes without waiting. Edge-triggered: it goes on until OpenSSL wants to wait.
  void Advance(Connection& connection) {
    while (true) {
      ERR_clear_error();
      const int result = Step(connection);
      if (result > 0) continue;
      const int error = SSL_get_error(connection.ssl, result);
      if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
      // The server closed. Between requests it may; within one the request has failed.
      if (connection.phase == Phase::kHandshake) Die("load_https: the TLS handshake failed");
      if (connection.phase == Phase::kReceiving) Fail("the connection ended within a request");
      Close(connection);
      Connect(connection);
    }
  }

  int Step(Connection& connection) {
    switch (connection.phase) {
      case Phase::kHandshake: {
        const int result = SSL_do_handshake(connection.ssl);
        if (result > 0) Prepare(connection);
        return result;
      }
      case Phase::kSending: {
        const int result =
            SSL_write(connection.ssl, connection.out.data(), static_cast<int>(connection.out.size()));
        if (result > 0) connection.phase = Phase::kReceiving;
        return result;
      }
      case Phase::kReceiving: {
        char buffer[4096];
        const int result = SSL_read(connection.ssl, buffer, sizeof buffer);
        if (result > 0) {
          connection.in.append(buffer, static_cast<size_t>(result));
          Receive(connection);
        }
        return result;
      }
    }
    Die("unreachable");
  }

  void Prepare(Connection& connection) {
    const PlannedBid bid = PlanBid(next_number_++, auctions_.size());
    const std::string body = "{\"price_fen\":\"" + std::to_string(bid.price_fen) + "\"}";
    connection.out = "POST /v1/" + auctions_[bid.auction] + "/bids HTTP/1.1\r\nHost: " + host_ +
                     "\r\nAuthorization: Bearer " + connection.authorization +
                     "\r\nIdempotency-Key: " + bid.request_id +
                     "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
                     "\r\n\r\n" + body;
    connection.phase = Phase::kSending;
    connection.sent = SteadyClock::now();
  }

  void Receive(Connection& connection) {
    const std::optional<Answer> answer = ParseAnswer(connection.in);
    if (!answer) return;
    Count(connection, *answer);
    connection.in.erase(0, answer->bytes);
    if (answer->close) {
      Close(connection);
      Connect(connection);
    } else {
      Prepare(connection);
    }
  }

  void Count(const Connection& connection, const Answer& answer) {
    const SteadyClock::time_point now = SteadyClock::now();
    if (now >= end_) return;
    if (answer.status != 200 && answer.status != 409) {
      Fail(connection.in.substr(0, 1000));
      return;
    }
    ++(answer.status == 200 ? tally_.accepted : tally_.refused);
    tally_.latencies_us.push_back(
        static_cast<uint32_t>((now - connection.sent) / std::chrono::microseconds(1)));
  }

  void Fail(const std::string& why) {
    ++tally_.failed;
    if (!reported_) std::fprintf(stderr, "load_https: %s\n", why.c_str());
    reported_ = true;
  }

  const uint16_t port_;
  const std::string host_;
  const std::vector<std::string> tokens_;
  const std::vector<std::string> auctions_;
  int64_t next_number_;
  const int poll_;
  SSL_CTX* const context_;
  std::vector<std::unique_ptr<Connection>> connections_;
  SteadyClock::time_point end_;
  int64_t connects_ = 0;
  Tally tally_;
  bool reported_ = false;
};

int Main(int argc, char** argv) {
  const Options options(argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  Loader loader(options);
  const Summary summary = loader.Run(options.GetSeconds("warm-up", 1), options.GetSeconds("seconds", 5));
  std::puts(ToJson(summary).c_str());
  return summary.total.accepted > 0 && summary.total.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ttx::bench

int main(int argc, char** argv) { return ttx::bench::Main(argc, argv); }
