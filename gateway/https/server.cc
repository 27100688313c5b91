#include "gateway/https/server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <future>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_set>

#include "gateway/limits.h"

namespace ttx::gateway {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;
using Instant = std::chrono::steady_clock::time_point;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr auto kNever = Instant::max();
constexpr size_t kReadBytes = 16 * 1024;
constexpr int kWatchReadsMax = 64;

constexpr std::string_view kFixedHeaders =
    "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Cache-Control: no-store\r\n";

Instant After(Duration duration) {
  return std::chrono::steady_clock::now() + std::chrono::nanoseconds(duration.ns);
}

std::string_view StatusLine(int status) {
  switch (status) {
    case 200:
      return "HTTP/1.1 200 OK\r\n";
    case 204:
      return "HTTP/1.1 204 No Content\r\n";
    case 400:
      return "HTTP/1.1 400 Bad Request\r\n";
    case 401:
      return "HTTP/1.1 401 Unauthorized\r\n";
    case 403:
      return "HTTP/1.1 403 Forbidden\r\n";
    case 404:
      return "HTTP/1.1 404 Not Found\r\n";
    case 405:
      return "HTTP/1.1 405 Method Not Allowed\r\n";
    case 408:
      return "HTTP/1.1 408 Request Timeout\r\n";
    case 409:
      return "HTTP/1.1 409 Conflict\r\n";
    case 412:
      return "HTTP/1.1 412 Precondition Failed\r\n";
    case 413:
      return "HTTP/1.1 413 Content Too Large\r\n";
    case 414:
      return "HTTP/1.1 414 URI Too Long\r\n";
    case 415:
      return "HTTP/1.1 415 Unsupported Media Type\r\n";
    case 417:
      return "HTTP/1.1 417 Expectation Failed\r\n";
    case 421:
      return "HTTP/1.1 421 Misdirected Request\r\n";
    case 429:
      return "HTTP/1.1 429 Too Many Requests\r\n";
    case 431:
      return "HTTP/1.1 431 Request Header Fields Too Large\r\n";
    case 499:
      return "HTTP/1.1 499 Client Closed Request\r\n";
    case 501:
      return "HTTP/1.1 501 Not Implemented\r\n";
    case 503:
      return "HTTP/1.1 503 Service Unavailable\r\n";
    case 504:
      return "HTTP/1.1 504 Gateway Timeout\r\n";
    case 505:
      return "HTTP/1.1 505 HTTP Version Not Supported\r\n";
    default:
      return "HTTP/1.1 500 Internal Server Error\r\n";
  }
}

std::string DateHeader() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[64];
  const size_t size = std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
  return std::string(text, size);
}

std::string ResponseHead(const Response& response, std::string_view date, bool keep_alive) {
  std::string out;
  out.reserve(512 + response.headers.size() + response.body.size());
  out += StatusLine(response.status);
  out += date;
  if (!response.content_type.empty()) {
    out += "Content-Type: ";
    out += response.content_type;
    out += "\r\n";
  }
  if (response.stream == nullptr && response.status != 204) {
    out += "Content-Length: ";
    out += std::to_string(response.body.size());
    out += "\r\n";
  }
  out += kFixedHeaders;
  out += response.headers;
  if (!keep_alive) out += "Connection: close\r\n";
  out += "\r\n";
  return out;
}

class Session;

// One io thread: its sessions, a clock tick that looks after their deadlines, the current Date header.
struct Worker {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  asio::steady_timer ticker{context};
  std::unordered_set<Session*> sessions;
  std::string date = DateHeader();
  std::thread thread;
};

// Counts connections, in all and by peer.
class Census {
 public:
  Census(int total_max, int per_peer_max) : total_max_(total_max), per_peer_max_(per_peer_max) {}

  bool Enter(const std::string& peer) {
    const std::lock_guard lock(mutex_);
    if (total_ >= total_max_) return false;
    int& count = peers_[peer];
    if (count >= per_peer_max_) return false;
    ++count;
    ++total_;
    return true;
  }
  void Leave(const std::string& peer) {
    const std::lock_guard lock(mutex_);
    const auto it = peers_.find(peer);
    if (--it->second == 0) peers_.erase(it);
    if (--total_ == 0) empty_.notify_all();
  }
  int total() const {
    const std::lock_guard lock(mutex_);
    return total_;
  }
  bool WaitEmpty(std::optional<Duration> timeout) {
    std::unique_lock lock(mutex_);
    const auto is_empty = [this] { return total_ == 0; };
    if (timeout) return empty_.wait_for(lock, std::chrono::nanoseconds(timeout->ns), is_empty);
    empty_.wait(lock, is_empty);
    return true;
  }

 private:
  const int total_max_;
  const int per_peer_max_;
  mutable std::mutex mutex_;
  std::condition_variable empty_;
  int total_ = 0;
  std::map<std::string, int> peers_;
};

struct Shared {
  const ServerOptions options;
  std::atomic<bool> draining{false};
};

// A port, and what all its sessions share.
struct Listener {
  Listener(tcp::acceptor a, ListenerOptions o, uint16_t p)
      : acceptor(std::move(a)),
        options(std::move(o)),
        port(p),
        census(options.max_connections, options.max_connections_per_peer) {
    for (std::string& host : options.allowed_hosts) host = PlainHost(host);
  }
  tcp::acceptor acceptor;
  ListenerOptions options;
  const uint16_t port;
  Census census;
  std::vector<Worker*> workers;  // that serve it; the first one accepts
};

// Where a session is; decides what a passed deadline and a drain do to it.
enum class Phase { kHandshake, kIdle, kReading, kHandling, kWriting, kStreaming, kClosing };

/// One connection. Lives on one worker's thread; shared with its own pending operations.
class Session final : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Worker& worker, const Shared& shared, Listener& listener, std::string peer)
      : socket_(std::move(socket)),
        connection_(socket_.native_handle(), listener.options.tls),
        worker_(worker),
        shared_(shared),
        listener_(listener),
        handler_(*listener.options.handler),
        peer_(std::move(peer)),
        wake_(worker.context) {}
  ~Session() { listener_.census.Leave(peer_); }

  awaitable<void> Run() {
    const Registration registration(worker_, this);
    if (co_await Handshake()) {
      for (int served = 1; co_await ServeOne(served); ++served) {
      }
      co_await Shutdown();
    }
    CloseSocket();
  }

  void CheckDeadline(Instant now) {
    if (now < deadline_) return;
    deadline_ = kNever;
    if (phase_ == Phase::kReading || phase_ == Phase::kIdle) {
      timed_out_ = true;
      error_code ignored;
      socket_.cancel(ignored);
    } else {
      ResetSocket();
    }
  }

  void OnDrain() {
    if (phase_ == Phase::kIdle) {
      timed_out_ = true;
      error_code ignored;
      socket_.cancel(ignored);
    }
    Wake();
  }

  void CloseSocket() {
    error_code ignored;
    socket_.close(ignored);
    Wake();
  }

 private:
  // Among the worker's sessions for as long as Run runs, however it ends.
  struct Registration {
    Registration(Worker& w, Session* s) : worker(w), session(s) { worker.sessions.insert(session); }
    ~Registration() { worker.sessions.erase(session); }
    Worker& worker;
    Session* session;
  };

  const ServerOptions& options() const { return shared_.options; }
  const std::vector<std::string>& allowed_hosts() const { return listener_.options.allowed_hosts; }

  void Enter(Phase phase, Instant deadline) {
    phase_ = phase;
    deadline_ = deadline;
  }

  // A peer that does not read must not keep our send buffer: no lingering in the kernel.
  void ResetSocket() {
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    CloseSocket();
  }

  void Wake() {
    woken_ = true;
    wake_.cancel();
  }

  // Waits until an attempt may be repeated; false when there is nothing to wait for.
  awaitable<bool> Await(Progress progress) {
    if (progress != Progress::kWaitRead && progress != Progress::kWaitWrite) co_return false;
    const auto what = progress == Progress::kWaitRead ? tcp::socket::wait_read : tcp::socket::wait_write;
    const auto [error] = co_await socket_.async_wait(what, kToken);
    co_return !error;
  }

  awaitable<bool> Handshake() {
    Enter(Phase::kHandshake, After(options().handshake_timeout));
    Attempt attempt = connection_.Handshake();
    while (attempt.progress != Progress::kDone) {
      if (!co_await Await(attempt.progress)) co_return false;
      attempt = connection_.Handshake();
    }
    co_return true;
  }

  /// False when the connection is to end.
  awaitable<bool> ServeOne(int served) {
    request_ = std::make_shared<Request>();
    request_->peer = peer_;
    refusal_.reset();
    if (!co_await ReadHead()) co_return false;
    if (!refusal_) refusal_ = CheckServerName();
    if (!refusal_ && !co_await ReadBody()) co_return false;
    if (refusal_) {
      const bool judged = !request_->head.host.empty();
      const Response response = handler_.Refuse(*refusal_, judged ? &request_->head : nullptr, peer_);
      co_await Write(ResponseHead(response, worker_.date, false) + response.body);
      linger_ = true;
      co_return false;
    }
    const bool head_only = request_->head.verb == Verb::kHead;
    bool keep_alive = request_->head.keep_alive && served < options().requests_per_connection;
    Enter(Phase::kHandling, kNever);
    Response response = co_await CallHandler(std::move(request_));
    if (response.stream != nullptr) {
      std::optional<Response> failure = co_await ServeStream(response, head_only);
      if (!failure) co_return false;
      response = std::move(*failure);
    }
    keep_alive = keep_alive && !shared_.draining.load(std::memory_order_relaxed);
    std::string bytes = ResponseHead(response, worker_.date, keep_alive);
    if (!head_only) bytes += response.body;
    co_return co_await Write(std::move(bytes)) && keep_alive;
  }

  /// Reads what is there, at most `size`; false when the peer has gone or the wait was cut. Whoever waits for the
  /// first byte of a request holds no buffer.
  awaitable<bool> ReadSome(size_t size) {
    while (true) {
      const Attempt attempt = connection_.Read(buffer_.prepare(size).data(), size);
      if (attempt.progress == Progress::kDone) {
        buffer_.commit(attempt.count);
        co_return true;
      }
      if (buffer_.size() == 0) buffer_.shrink_to_fit();
      if (!co_await Await(attempt.progress)) co_return false;
    }
  }

  std::string_view Buffered() const {
    return {static_cast<const char*>(buffer_.data().data()), buffer_.data().size()};
  }

  /// Reads one head into `request_`, or sets `refusal_`; its bytes stay in `buffer_`. False when the peer has
  /// gone or stayed idle.
  awaitable<bool> ReadHead() {
    const bool waiting = buffer_.size() == 0;
    if (waiting && shared_.draining) co_return false;
    Enter(waiting ? Phase::kIdle : Phase::kReading,
          After(waiting ? options().idle_timeout : options().header_timeout));
    size_t position = 0;
    while (true) {
      switch (buffer_.size() == 0 ? HeadScan::kIncomplete : ScanHead(Buffered(), position)) {
        case HeadScan::kComplete: {
          request_->head_bytes = Buffered().substr(0, position);
          auto verdict = JudgeHead(request_->head_bytes, allowed_hosts());
          if (const auto* refused = std::get_if<Refusal>(&verdict)) {
            refusal_ = *refused;
            co_return true;
          }
          request_->head = std::get<RequestHead>(verdict);
          request_->path = *DecodePath(request_->head.path);
          co_return true;
        }
        case HeadScan::kMalformed:
          refusal_ = {400, Reason::kMALFORMED_REQUEST, "a line ending"};
          co_return true;
        case HeadScan::kTooLong:
          refusal_ = TooLong(Buffered());
          co_return true;
        case HeadScan::kIncomplete:
          break;
      }
      const bool first = buffer_.size() == 0;
      if (!co_await ReadSome(kReadBytes)) {
        if (timed_out_ && !first) refusal_ = {408, Reason::kREQUEST_TIMEOUT, ""};
        co_return refusal_.has_value();
      }
      if (first) Enter(Phase::kReading, After(options().header_timeout));
    }
  }

  // The name the client asked TLS for must be one of ours, whatever its Host header says.
  std::optional<Refusal> CheckServerName() {
    const std::string_view name = connection_.server_name();
    const auto& allowed = allowed_hosts();
    if (name.empty() || allowed.empty() ||
        std::find(allowed.begin(), allowed.end(), PlainHost(name)) != allowed.end()) {
      return std::nullopt;
    }
    return Refusal{421, Reason::kMISDIRECTED_REQUEST, ""};
  }

  /// Feeds the judged head and what follows it to Beast's parser. False when the peer has gone.
  awaitable<bool> ReadBody() {
    const RequestHead& head = request_->head;
    const bool expected = head.chunked || head.content_length.value_or(0) > 0;
    const size_t limit = expected ? handler_.BodyLimit(*request_) : 0;
    const Refusal too_large{413, Reason::kBODY_TOO_LARGE, ""};
    if (head.content_length.value_or(0) > limit) {
      refusal_ = too_large;
      co_return true;
    }
    http::request_parser<http::string_body> parser;
    parser.header_limit(static_cast<uint32_t>(kHeadBytesMax + 1));
    parser.body_limit(limit);
    parser.eager(true);
    // Extensions carry nothing for us and have been used to hide bytes from other parsers.
    bool extended = false;
    auto on_chunk = [&extended](uint64_t, auto extension, error_code&) {
      extended = extended || !extension.empty();
    };
    parser.on_chunk_header(on_chunk);

    const Instant start = std::chrono::steady_clock::now();
    size_t received = 0;
    bool continued = !head.expect_continue;
    while (true) {
      error_code error;
      while (buffer_.size() > 0 && !parser.is_done()) {
        const size_t used = parser.put(buffer_.data(), error);
        buffer_.consume(used);
        if (error == http::error::need_more) error = {};
        if (error || used == 0) break;
      }
      if (error == http::error::body_limit) {
        refusal_ = too_large;
      } else if (error || extended) {
        refusal_ = {400, Reason::kMALFORMED_REQUEST, "the body"};
      }
      if (refusal_ || parser.is_done()) break;
      if (buffer_.size() > kChunkedOverheadBytesMax) {
        refusal_ = {400, Reason::kMALFORMED_REQUEST, "a chunk header"};
        co_return true;
      }
      if (!continued) {
        continued = true;
        if (!co_await Write("HTTP/1.1 100 Continue\r\n\r\n")) co_return false;
      }
      Enter(Phase::kReading, BodyDeadline(start, received));
      const size_t before = buffer_.size();
      if (!co_await ReadSome(kWriteBytesMax)) {
        if (timed_out_) refusal_ = {408, Reason::kREQUEST_TIMEOUT, ""};
        co_return refusal_.has_value();
      }
      received += buffer_.size() - before;
    }
    if (!refusal_ && head.chunked) {
      const auto& fields = parser.get();
      const auto count = static_cast<size_t>(std::distance(fields.begin(), fields.end()));
      if (count != head.header_count) refusal_ = {400, Reason::kMALFORMED_REQUEST, "a trailer"};
    }
    if (!refusal_) request_->body = std::move(parser.get().body());
    co_return true;
  }

  // Moves on with what arrives: at least the minimum rate after a grace, and never past the total.
  Instant BodyDeadline(Instant start, size_t received) const {
    const auto total = std::chrono::nanoseconds(options().body_timeout.ns);
    const auto earned = std::chrono::nanoseconds(options().body_grace.ns) +
                        std::chrono::milliseconds(static_cast<int64_t>(received) * 1000 /
                                                  options().body_bytes_per_second_min);
    return start + std::min<std::chrono::nanoseconds>(total, earned);
  }

  awaitable<Response> CallHandler(std::shared_ptr<const Request> request) {
    auto initiate = [](auto completion, Handler* handler, auto executor,
                       std::shared_ptr<const Request> subject) {
      auto held = std::make_shared<decltype(completion)>(std::move(completion));
      handler->Handle(std::move(subject), [held, executor](Response response) {
        asio::post(executor, [held, answer = std::move(response)]() mutable {
          auto resume = std::move(*held);
          std::move(resume)(std::move(answer));
        });
      });
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(Response)>(
        initiate, asio::use_awaitable, &handler_, worker_.context.get_executor(), std::move(request));
  }

  awaitable<bool> Write(std::string bytes) {
    size_t part_end = 0;
    for (size_t sent = 0; sent < bytes.size();) {
      if (sent >= part_end) {
        Enter(Phase::kWriting, After(options().write_stall_timeout));
        part_end = sent + kWriteBytesMax;
      }
      const Attempt attempt = connection_.Write(bytes.data() + sent, std::min(kWriteBytesMax, bytes.size() - sent));
      sent += attempt.count;
      if (attempt.progress == Progress::kDone) continue;
      if (!co_await Await(attempt.progress)) co_return false;
    }
    co_return true;
  }

  /// Waits for Wake or until `limit` has passed; false when it passed.
  awaitable<bool> WaitForWake(Duration limit) {
    Enter(Phase::kStreaming, kNever);
    if (!woken_) {
      wake_.expires_after(std::chrono::nanoseconds(limit.ns));
      co_await wake_.async_wait(kToken);
    }
    const bool woken = woken_;
    woken_ = false;
    co_return woken;
  }

  // Notices that a stream's client has gone while there is nothing to write to it. What it says is not listened to,
  // and one that says much is taken for gone.
  void WatchPeer() {
    socket_.async_wait(tcp::socket::wait_read, [self = this->shared_from_this()](error_code error) {
      std::array<char, 256> ignored;
      Attempt attempt;
      for (int reads = 0; !error && reads < kWatchReadsMax; ++reads) {
        attempt = self->connection_.Read(ignored.data(), ignored.size());
        if (attempt.progress != Progress::kDone) break;
      }
      if (attempt.progress == Progress::kWaitRead) {
        self->WatchPeer();
        return;
      }
      self->peer_gone_ = true;
      self->Wake();
    });
  }

  /// Serves Server-Sent Events until either side ends; an answer to send instead when it never began.
  awaitable<std::optional<Response>> ServeStream(Response response, bool head_only) {
    const std::shared_ptr<BodyStream> stream = response.stream;
    buffer_.clear();  // the connection ends with the stream: nothing more is read as a request
    buffer_.shrink_to_fit();
    stream->Open([weak = this->weak_from_this(), executor = worker_.context.get_executor()] {
      asio::post(executor, [weak] {
        if (const auto self = weak.lock()) self->Wake();
      });
    });
    std::string out;
    bool open = stream->Take(out);
    // g++ 12 awaits the last operand of a loop's condition even when an earlier one is false, so it stands inside.
    while (out.empty() && open) {
      if (!co_await WaitForWake(options().stream_open_delay)) break;
      open = stream->Take(out);
      if (shared_.draining || !socket_.is_open()) break;
    }
    if (std::optional<Response> failure = stream->Failure()) co_return failure;
    bool alive = co_await Write(ResponseHead(response, worker_.date, false) + out) && !head_only;
    if (alive) WatchPeer();
    while (alive && open && !peer_gone_ && !shared_.draining && socket_.is_open()) {
      std::string().swap(out);  // whoever waits for an event holds no buffer
      open = stream->Take(out);
      if (out.empty() && open) {
        if (co_await WaitForWake(options().heartbeat_interval)) continue;
        out = ":\n\n";
      }
      alive = co_await Write(std::move(out));
    }
    stream->Cancel();
    co_return std::nullopt;
  }

  awaitable<void> Shutdown() {
    if (!socket_.is_open()) co_return;
    Enter(Phase::kClosing, After(options().linger_timeout));
    Attempt attempt = connection_.Shutdown();
    while (attempt.progress != Progress::kDone) {
      if (!co_await Await(attempt.progress)) break;
      attempt = connection_.Shutdown();
    }
    if (!linger_ || !socket_.is_open()) co_return;
    // Closing with unread bytes would reset the connection and take the answer with it.
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    buffer_.clear();
    for (size_t total = 0; total < kLingerBytesMax;) {
      const auto [error, count] = co_await socket_.async_read_some(buffer_.prepare(kReadBytes), kToken);
      if (error) break;
      total += count;
    }
  }

  tcp::socket socket_;
  Connection connection_;
  Worker& worker_;
  const Shared& shared_;
  Listener& listener_;
  Handler& handler_;
  const std::string peer_;
  boost::beast::flat_buffer buffer_;
  std::shared_ptr<Request> request_;  // being read
  std::optional<Refusal> refusal_;    // of the request being read
  Phase phase_ = Phase::kIdle;
  Instant deadline_ = kNever;
  bool timed_out_ = false;  // our own deadline or drain ended the read
  bool linger_ = false;
  // While streaming:
  asio::steady_timer wake_;
  bool woken_ = false;
  bool peer_gone_ = false;
};

awaitable<void> RunSession(std::shared_ptr<Session> session) {
  co_await session->Run();
}

Result<std::unique_ptr<Listener>> Listen(asio::io_context& context, const ListenerOptions& options) {
  const auto fail = [&](std::string detail) {
    return Error(Reason::kLISTEN_FAILED, {{"address", options.address}, {"detail", std::move(detail)}});
  };
  const size_t colon = options.address.rfind(':');
  if (colon == std::string::npos) return fail("it is not of the form address:port");
  std::string host = options.address.substr(0, colon);
  const std::string port_text = options.address.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  int port = 0;
  const auto [end, failure] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (failure != std::errc() || end != port_text.data() + port_text.size() || port < 0 || port > 65535) {
    return fail("the port is not a number up to 65535");
  }
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (error) return fail("the address is not an IP address");
  const tcp::endpoint endpoint(address, static_cast<uint16_t>(port));
  tcp::acceptor acceptor(context);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return fail(error.message());
  const uint16_t bound = acceptor.local_endpoint(error).port();
  return std::make_unique<Listener>(std::move(acceptor), options, bound);
}

class BeastServer final : public Server {
 public:
  explicit BeastServer(const ServerOptions& options) : shared_{options} {
    for (int i = 0; i < std::max(1, options.io_threads); ++i) workers_.push_back(std::make_unique<Worker>());
    for (const auto& worker : workers_) pool_.push_back(worker.get());
  }
  ~BeastServer() override {
    if (running_) {
      StopAccepting();
      Drain(Duration{});
      Close();
    }
    for (const auto& worker : workers_) worker->context.stop();
    for (const auto& worker : workers_) {
      if (worker->thread.joinable()) worker->thread.join();
    }
  }

  Status Open(const std::vector<ListenerOptions>& listeners) {
    for (const ListenerOptions& options : listeners) {
      std::vector<Worker*> serving = pool_;
      if (options.own_thread) {
        workers_.push_back(std::make_unique<Worker>());
        serving = {workers_.back().get()};
      }
      TTX_TRY(std::unique_ptr<Listener> listener, Listen(serving[0]->context, options));
      listener->workers = std::move(serving);
      listeners_.push_back(std::move(listener));
    }
    for (const auto& listener : listeners_) {
      asio::co_spawn(listener->workers[0]->context, Accept(listener.get()), asio::detached);
    }
    for (const auto& worker : workers_) {
      asio::co_spawn(worker->context, Tick(worker.get()), asio::detached);
      worker->thread = std::thread([context = &worker->context] { context->run(); });
    }
    running_ = true;
    return Status();
  }

  uint16_t port(size_t listener) const override { return listeners_.at(listener)->port; }
  int connections() const override {
    int total = 0;
    for (const auto& listener : listeners_) total += listener->census.total();
    return total;
  }

  void StopAccepting() override {
    for (const auto& listener : listeners_) {
      OnWorker(*listener->workers[0], [&listener] {
        error_code ignored;
        listener->acceptor.close(ignored);
      });
    }
  }

  bool Drain(Duration deadline) override {
    shared_.draining = true;
    ForEachSession(&Session::OnDrain);
    const Instant end = After(deadline);
    bool empty = true;
    for (const auto& listener : listeners_) {
      const auto left = end - std::chrono::steady_clock::now();
      empty = listener->census.WaitEmpty(Nanoseconds(left / std::chrono::nanoseconds(1))) && empty;
    }
    return empty;
  }

  void Close() override {
    shared_.draining = true;
    ForEachSession(&Session::CloseSocket);
    for (const auto& listener : listeners_) listener->census.WaitEmpty(std::nullopt);
  }

 private:
  template <class Work>
  void OnWorker(Worker& worker, Work work) {
    std::promise<void> done;
    asio::post(worker.context, [&work, &done] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  void ForEachSession(void (Session::*action)()) {
    for (const auto& worker : workers_) {
      OnWorker(*worker, [&worker, action] {
        for (Session* session : worker->sessions) (session->*action)();
      });
    }
  }

  awaitable<void> Tick(Worker* worker) {
    while (true) {
      worker->ticker.expires_after(std::chrono::nanoseconds(shared_.options.timer_tick.ns));
      const auto [error] = co_await worker->ticker.async_wait(kToken);
      if (error) co_return;
      const Instant now = std::chrono::steady_clock::now();
      for (Session* session : worker->sessions) session->CheckDeadline(now);
      worker->date = DateHeader();
    }
  }

  awaitable<void> Accept(Listener* listener) {
    const std::vector<Worker*>& workers = listener->workers;
    asio::steady_timer pause(workers[0]->context);
    for (size_t next = 0; listener->acceptor.is_open(); next = (next + 1) % workers.size()) {
      Worker& worker = *workers[next];
      auto [error, socket] = co_await listener->acceptor.async_accept(worker.context, kToken);
      if (error == asio::error::operation_aborted) co_return;
      if (error) {
        // Out of descriptors, most likely: the connection waits in the backlog.
        pause.expires_after(std::chrono::milliseconds(100));
        co_await pause.async_wait(kToken);
        continue;
      }
      Admit(std::move(socket), worker, *listener);
    }
  }

  void Admit(tcp::socket socket, Worker& worker, Listener& listener) {
    error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    if (error) return;
    socket.native_non_blocking(true, error);
    if (error) return;
    std::string peer = endpoint.address().to_string();
    if (!listener.census.Enter(peer)) return;
    socket.set_option(tcp::no_delay(true), error);
    auto session = std::make_shared<Session>(std::move(socket), worker, shared_, listener, std::move(peer));
    asio::co_spawn(worker.context, RunSession(std::move(session)), asio::detached);
  }

  Shared shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Worker*> pool_;  // those of no listener's own
  std::vector<std::unique_ptr<Listener>> listeners_;
  bool running_ = false;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                              const std::vector<ListenerOptions>& listeners) {
  try {
    auto server = std::make_unique<BeastServer>(options);
    TTX_RETURN_IF_ERROR(server->Open(listeners));
    return std::unique_ptr<Server>(std::move(server));
  } catch (const std::exception& failure) {
    // Threads, event descriptors and OpenSSL contexts report the want of resources this way only.
    return Error(Reason::kLISTEN_FAILED, {{"address", "-"}, {"detail", failure.what()}});
  }
}

}  // namespace ttx::gateway
