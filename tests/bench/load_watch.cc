// Watches auctions over HTTPS and bids on them over gRPC at a fixed rate, in one process, so that every
// receipt is measured with the clock that timed the bid. Prints "ready" when every stream is open, begins to
// bid with the first line from standard input, prints one line of JSON (tests/bench/README.md) when every bid
// is answered and received, and keeps the streams open until standard input ends.
#include <arpa/inet.h>
#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>
#include <mutex>
#include <thread>

#include "tests/bench/load.h"
#include "ttx/auction/v1/auction.grpc.pb.h"

namespace ttx::bench {
namespace {

namespace v1 = ttx::auction::v1;

constexpr int kConnectSeconds = 30;
constexpr int kAnswerSeconds = 30;
// How long after the last answer the last receipts may take.
constexpr double kReceiveSeconds = 10;
// For so long nothing may arrive before bids begin: what a stream begins with has then been read.
constexpr double kQuietSeconds = 2;

SteadyClock::duration ToDuration(double seconds) {
  return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
}

// One watcher learnt of the bid with this number.
struct Receipt {
  int64_t number = 0;
  SteadyClock::time_point time;
};

// The number of the bid an event tells of; 0 when it tells of something else. PlanBid gives every bid of a
// store a price of its own, so the price names it.
int64_t NumberOfBid(std::string_view event) {
  constexpr std::string_view kPrice = "\"price_fen\":\"";
  const size_t accepted = event.find("\"bid_accepted\"");
  if (accepted == std::string_view::npos) return 0;
  const size_t price = event.find(kPrice, accepted);
  if (price == std::string_view::npos) return 0;
  return (std::atoll(event.data() + price + kPrice.size()) - kStartPriceFen) / kStepFen;
}

// Event streams over TLS, `per_auction` for each auction, read by one thread.
class Watchers {
 public:
  Watchers(uint16_t port, const std::vector<std::string>& auctions, int64_t per_auction)
      : port_(port), poll_(epoll_create1(EPOLL_CLOEXEC)), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_, TLS1_3_VERSION);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS);
    for (const std::string& auction : auctions) {
      for (int64_t i = 0; i < per_auction; ++i) streams_.push_back(Open(auction));
    }
    last_read_ = SteadyClock::now();
    thread_ = std::thread([this] { Read(); });
  }
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;
  ~Watchers() {
    Stop();
    for (const auto& stream : streams_) {
      SSL_free(stream->ssl);
      close(stream->socket);
    }
    SSL_CTX_free(context_);
    close(poll_);
  }

  // Returns when every stream has been answered and nothing more arrives; forgets the bids that were history
  // by then.
  void WaitUntilQuiet() {
    const SteadyClock::time_point end = SteadyClock::now() + std::chrono::seconds(kConnectSeconds);
    while (SteadyClock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      const std::lock_guard lock(mutex_);
      if (closed_ > 0) Die("load_watch: the server ended " + std::to_string(closed_) + " streams at once");
      if (answered_ < streams_.size() || SteadyClock::now() - last_read_ < ToDuration(kQuietSeconds))
        continue;
      receipts_.clear();
      return;
    }
    const std::lock_guard lock(mutex_);
    Die("load_watch: " + std::to_string(answered_) + " of " + std::to_string(streams_.size()) +
        " streams were opened within " + std::to_string(kConnectSeconds) + " s");
  }

  // Returns when `count` receipts came, or after kReceiveSeconds.
  void WaitForReceipts(size_t count) {
    const SteadyClock::time_point end = SteadyClock::now() + ToDuration(kReceiveSeconds);
    while (SteadyClock::now() < end) {
      {
        const std::lock_guard lock(mutex_);
        if (receipts_.size() >= count) return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  std::vector<Receipt> receipts() const {
    const std::lock_guard lock(mutex_);
    return receipts_;
  }
  int64_t closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  size_t size() const { return streams_.size(); }

 private:
  struct Stream {
    int socket = -1;
    SSL* ssl = nullptr;
    bool answered = false;
    std::string in;  // what has arrived of the head or of the next event
  };

  // One after the other: how fast connections are made is not measured here.
  std::unique_ptr<Stream> Open(const std::string& auction) {
    auto stream = std::make_unique<Stream>();
    stream->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (stream->socket < 0) {
      Die("load_watch: no socket after " + std::to_string(streams_.size()) +
          " connections: " + std::strerror(errno));
    }
    const timeval patience{kConnectSeconds, 0};
    setsockopt(stream->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const int on = 1;
    setsockopt(stream->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(stream->socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      Die("load_watch: connection " + std::to_string(streams_.size() + 1) +
          " was refused: " + std::strerror(errno));
    }
    stream->ssl = SSL_new(context_);
    SSL_set_fd(stream->ssl, stream->socket);
    const std::string request = "GET /v1/" + auction +
                                "/events HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) +
                                "\r\nAccept: text/event-stream\r\n\r\n";
    if (SSL_connect(stream->ssl) != 1 ||
        SSL_write(stream->ssl, request.data(), static_cast<int>(request.size())) <= 0) {
      Die("load_watch: the TLS handshake of connection " + std::to_string(streams_.size() + 1) + " failed");
    }
    fcntl(stream->socket, F_SETFL, fcntl(stream->socket, F_GETFL) | O_NONBLOCK);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = stream.get()}};
    epoll_ctl(poll_, EPOLL_CTL_ADD, stream->socket, &event);
    return stream;
  }

  void Stop() {
    stopping_ = true;
    thread_.join();
  }

  void Read() {
    epoll_event events[256];
    while (!stopping_) {
      const int ready = epoll_wait(poll_, events, 256, 100);
      if (ready <= 0) continue;
      const std::lock_guard lock(mutex_);
      for (int i = 0; i < ready; ++i) Advance(*static_cast<Stream*>(events[i].data.ptr));
    }
  }

  void Advance(Stream& stream) {
    char buffer[16384];
    ERR_clear_error();
    int count = 0;
    while ((count = SSL_read(stream.ssl, buffer, sizeof buffer)) > 0) {
      stream.in.append(buffer, static_cast<size_t>(count));
    }
    last_read_ = SteadyClock::now();
    const int error = SSL_get_error(stream.ssl, count);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      ++closed_;
      epoll_ctl(poll_, EPOLL_CTL_DEL, stream.socket, nullptr);
    }
    if (!stream.answered && !TakeHead(stream)) return;
    size_t begin = 0;
    for (size_t end = 0; (end = stream.in.find("\n\n", begin)) != std::string::npos; begin = end + 2) {
      const int64_t number = NumberOfBid(std::string_view(stream.in).substr(begin, end - begin));
      if (number > 0) receipts_.push_back({number, last_read_});
    }
    stream.in.erase(0, begin);
    if (stream.in.empty()) stream.in.shrink_to_fit();
  }

  bool TakeHead(Stream& stream) {
    const size_t end = stream.in.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    if (!stream.in.starts_with("HTTP/1.1 200 ")) Die("load_watch: " + stream.in.substr(0, 1000));
    stream.in.erase(0, end + 4);
    stream.answered = true;
    ++answered_;
    return true;
  }

  const uint16_t port_;
  const int poll_;
  SSL_CTX* const context_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::atomic<bool> stopping_ = false;

  mutable std::mutex mutex_;
  size_t answered_ = 0;
  int64_t closed_ = 0;
  SteadyClock::time_point last_read_;
  std::vector<Receipt> receipts_;

  std::thread thread_;
};

enum class Answer { kNone, kAccepted, kRefused, kFailed };

// What became of one bid.
struct BidRecord {
  SteadyClock::time_point due;
  SteadyClock::time_point answered;
  Answer answer = Answer::kNone;
};

// Bids in an open loop: they are sent when they are due, whether or not those before them were answered.
class Bidder {
 public:
  explicit Bidder(const Options& options) : tokens_(ReadLines(options.Must("tokens"))) {
    auto channel = grpc::CreateChannel(options.Must("target"), grpc::InsecureChannelCredentials());
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(5))) {
      Die("cannot connect to " + options.Must("target"));
    }
    stub_ = v1::AuctionService::NewStub(channel);
  }

  // Returns when every bid has its answer; the first record is that of `first_number`.
  std::vector<BidRecord> Run(const std::vector<std::string>& auctions, double rate, double seconds,
                             int64_t first_number) {
    std::vector<BidRecord> records(static_cast<size_t>(rate * seconds));
    in_flight_ = static_cast<int64_t>(records.size());
    const SteadyClock::time_point start = SteadyClock::now() + std::chrono::milliseconds(10);
    for (size_t i = 0; i < records.size(); ++i) {
      records[i].due = start + ToDuration(static_cast<double>(i) / rate);
      std::this_thread::sleep_until(records[i].due);
      Send(PlanBid(first_number + static_cast<int64_t>(i), auctions.size()), auctions, records[i]);
    }
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return in_flight_ == 0; });
    return records;
  }

 private:
  struct Call {
    grpc::ClientContext context;
    v1::PlaceBidRequest request;
    v1::Bid response;
  };

  void Send(const PlannedBid& bid, const std::vector<std::string>& auctions, BidRecord& record) {
    auto owned = std::make_unique<Call>();
    Call* const call = owned.get();
    call->request.set_parent(auctions[bid.auction]);
    call->request.set_price_fen(bid.price_fen);
    call->request.set_request_id(bid.request_id);
    call->context.AddMetadata("authorization",
                              "Bearer " + tokens_[static_cast<size_t>(bid.number) % tokens_.size()]);
    call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(kAnswerSeconds));
    stub_->async()->PlaceBid(&call->context, &call->request, &call->response,
                             [this, &record, call = owned.release()](const grpc::Status& status) {
                               const std::unique_ptr<Call> done(call);
                               Done(record, status);
                             });
  }

  void Done(BidRecord& record, const grpc::Status& status) {
    record.answered = SteadyClock::now();
    record.answer = status.ok()                                                    ? Answer::kAccepted
                    : status.error_code() == grpc::StatusCode::FAILED_PRECONDITION ? Answer::kRefused
                                                                                   : Answer::kFailed;
    const std::lock_guard lock(mutex_);
    if (record.answer == Answer::kFailed && !reported_) {
      reported_ = true;
      std::fprintf(stderr, "load_watch: %d %s\n", status.error_code(), status.error_message().c_str());
    }
    if (--in_flight_ == 0) idle_.notify_all();
  }

  const std::vector<std::string> tokens_;
  std::unique_ptr<v1::AuctionService::Stub> stub_;
  std::mutex mutex_;
  std::condition_variable idle_;
  int64_t in_flight_ = 0;
  bool reported_ = false;
};

double Milliseconds(SteadyClock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// `part` of the values lie at or below the result; 0 when there are none.
double Percentile(std::vector<double>& values, double part) {
  if (values.empty()) return 0;
  const size_t at =
      std::min(static_cast<size_t>(part * static_cast<double>(values.size())), values.size() - 1);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

// One line of JSON. Only receipts of accepted bids that were due after the warm-up count.
void Print(const std::vector<BidRecord>& records, const Watchers& watchers, int64_t per_auction,
           int64_t first_number, double warm_up) {
  const SteadyClock::time_point begin = records.front().due + ToDuration(warm_up);
  int64_t answers[4] = {};
  SteadyClock::time_point end = begin;
  for (const BidRecord& record : records) {
    if (record.due < begin) continue;
    ++answers[static_cast<size_t>(record.answer)];
    end = std::max(end, record.answered);
  }
  std::vector<double> from_due;
  std::vector<double> from_answer;
  std::vector<int64_t> receipts(records.size());
  for (const Receipt& receipt : watchers.receipts()) {
    const int64_t index = receipt.number - first_number;
    if (index < 0 || index >= static_cast<int64_t>(records.size())) continue;
    const BidRecord& record = records[static_cast<size_t>(index)];
    if (record.due < begin || record.answer != Answer::kAccepted) continue;
    ++receipts[static_cast<size_t>(index)];
    from_due.push_back(Milliseconds(receipt.time - record.due));
    from_answer.push_back(Milliseconds(receipt.time - record.answered));
  }
  int64_t missed = 0;
  for (size_t i = 0; i < records.size(); ++i) {
    if (records[i].due < begin || records[i].answer != Answer::kAccepted || receipts[i] == per_auction)
      continue;
    if (missed == 0) {
      std::fprintf(stderr, "load_watch: bid %lld reached %lld of %lld watchers\n",
                   static_cast<long long>(first_number) + static_cast<long long>(i),
                   static_cast<long long>(receipts[i]), static_cast<long long>(per_auction));
    }
    missed += per_auction - receipts[i];
  }
  const int64_t accepted = answers[static_cast<size_t>(Answer::kAccepted)];
  const auto received = static_cast<int64_t>(from_due.size());
  std::printf(
      "{\"connections\": %zu, \"closed\": %lld, \"accepted\": %lld, \"refused\": %lld, \"failed\": %lld, "
      "\"bids_per_second\": %.3f, \"received\": %lld, \"missed\": %lld, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
      "\"max_ms\": %.3f, \"after_answer_p50_ms\": %.3f, \"after_answer_p99_ms\": %.3f, \"next_number\": "
      "%lld}\n",
      watchers.size(), static_cast<long long>(watchers.closed()), static_cast<long long>(accepted),
      static_cast<long long>(answers[static_cast<size_t>(Answer::kRefused)]),
      static_cast<long long>(answers[static_cast<size_t>(Answer::kFailed)]),
      static_cast<double>(accepted) * 1e3 / std::max(Milliseconds(end - begin), 1.0),
      static_cast<long long>(received), static_cast<long long>(missed), Percentile(from_due, 0.50),
      Percentile(from_due, 0.99), Percentile(from_due, 1), Percentile(from_answer, 0.50),
      Percentile(from_answer, 0.99),
      static_cast<long long>(first_number + static_cast<int64_t>(records.size())));
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  const Options options(argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<std::string> auctions = ReadLines(options.Must("auctions"));
  const int64_t per_auction = options.GetInt("watchers-per-auction", 10);
  const int64_t first_number = options.GetInt("first-number", 1);
  const double warm_up = options.GetSeconds("warm-up", 2);
  const double seconds = options.GetSeconds("seconds", 10);
  const double rate = options.GetSeconds("rate", 1000);
  if (rate < 1 || seconds < 1 || warm_up < 0) Die("--rate and --seconds must be at least 1, --warm-up 0");
  Bidder bidder(options);
  Watchers watchers(static_cast<uint16_t>(options.GetInt("port", 0)), auctions, per_auction);
  watchers.WaitUntilQuiet();
  std::puts("ready");
  std::fflush(stdout);
  std::string line;
  if (!std::getline(std::cin, line)) return 1;
  const std::vector<BidRecord> records = bidder.Run(auctions, rate, warm_up + seconds, first_number);
  const auto accepted = std::count_if(records.begin(), records.end(), [](const BidRecord& record) {
    return record.answer == Answer::kAccepted;
  });
  watchers.WaitForReceipts(static_cast<size_t>(accepted * per_auction));
  Print(records, watchers, per_auction, first_number, warm_up);
  while (std::getline(std::cin, line)) {
  }
  return accepted > 0 ? 0 : 1;
}

}  // namespace
}  // namespace ttx::bench

int main(int argc, char** argv) { return ttx::bench::Main(argc, argv); }
