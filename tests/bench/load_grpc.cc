// Places bids over gRPC in a closed loop: a fixed number of calls is in flight, and the end of one starts the
// next. Prints one line of JSON (tests/bench/README.md).
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>

#include "tests/bench/load.h"
#include "ttx/auction/v1/auction.grpc.pb.h"

namespace ttx::bench {
namespace {

namespace v1 = ttx::auction::v1;

class Loader {
 public:
  Loader(const Options& options)
      : tokens_(ReadLines(options.Must("tokens"))),
        next_number_(options.GetInt("first-number", 1)),
        window_(options.GetInt("window", 10'000)),
        server_pid_(options.GetInt("server-pid", 0)) {
    const int64_t channels = options.GetInt("channels", 1);
    for (int64_t i = 0; i < channels; ++i) {
      grpc::ChannelArguments arguments;
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection for each
      auto channel =
          grpc::CreateCustomChannel(options.Must("target"), grpc::InsecureChannelCredentials(), arguments);
      if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(5))) {
        Die("cannot connect to " + options.Must("target"));
      }
      stubs_.push_back(v1::AuctionService::NewStub(channel));
    }
    for (int64_t i = 0; i < options.GetInt("in-flight", 64); ++i) {
      auto slot = std::make_unique<Slot>();
      slot->stub = stubs_[i % stubs_.size()].get();
      slot->authorization = "Bearer " + tokens_[i % tokens_.size()];
      slots_.push_back(std::move(slot));
    }
  }

  // Runs until the limit; returns when no call is in flight any more.
  Summary Run(const std::vector<std::string>& auctions, Limit limit) {
    auctions_ = &auctions;
    limit_ = limit;
    accepted_ = 0;
    stopping_ = false;
    marks_.assign(limit.count == 0 ? 1 : static_cast<size_t>(limit.count / window_) + 1, Mark{});
    for (auto& slot : slots_) slot->tally = {};
    in_flight_ = slots_.size();
    start_ = SteadyClock::now();
    marks_[0].cpu_seconds = CpuSeconds(server_pid_);
    end_ = start_ +
           std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(limit.seconds));
    for (auto& slot : slots_) Issue(*slot);
    {
      std::unique_lock lock(mutex_);
      idle_.wait(lock, [this] { return in_flight_ == 0; });
    }
    const bool counted = limit.count > 0 && accepted_ >= limit.count;
    if (limit.count > 0)
      marks_.resize(static_cast<size_t>(std::min<int64_t>(accepted_, limit.count) / window_) + 1);
    Summary summary{.kind = "grpc",
                    .in_flight = static_cast<int64_t>(slots_.size()),
                    .seconds = counted ? marks_.back().seconds : limit.seconds,
                    .total = {},
                    .next_number = next_number_,
                    .connects = 0,
                    .marks = limit.count == 0 ? std::vector<Mark>() : marks_};
    for (const auto& slot : slots_) Add(summary.total, slot->tally);
    return summary;
  }

 private:
  struct Slot {
    v1::AuctionService::Stub* stub;
    std::string authorization;
    std::optional<grpc::ClientContext> context;
    v1::PlaceBidRequest request;
    v1::Bid response;
    SteadyClock::time_point sent;
    Tally tally;
  };

  // Numbers are taken and calls are sent under one lock, so that higher prices do not overtake lower ones
  // here. A completion may run on the thread that sends, hence a recursive lock.
  void Issue(Slot& slot) {
    const std::lock_guard lock(order_);
    const PlannedBid bid = PlanBid(next_number_++, auctions_->size());
    slot.request.set_parent((*auctions_)[bid.auction]);
    slot.request.set_price_fen(bid.price_fen);
    slot.request.set_request_id(bid.request_id);
    slot.context.emplace();
    slot.context->AddMetadata("authorization", slot.authorization);
    slot.sent = SteadyClock::now();
    slot.stub->async()->PlaceBid(&*slot.context, &slot.request, &slot.response,
                                 [this, &slot](const grpc::Status& status) { Done(slot, status); });
  }

  void Done(Slot& slot, const grpc::Status& status) {
    const SteadyClock::time_point now = SteadyClock::now();
    Count(slot, status, now);
    if (!stopping_ && now < end_) {
      Issue(slot);
      return;
    }
    const std::lock_guard lock(mutex_);
    if (--in_flight_ == 0) idle_.notify_all();
  }

  void Count(Slot& slot, const grpc::Status& status, SteadyClock::time_point now) {
    if (stopping_ || now >= end_) return;
    if (!status.ok() && status.error_code() != grpc::StatusCode::FAILED_PRECONDITION) {
      if (slot.tally.failed++ == 0 && !reported_.exchange(true)) {
        std::fprintf(stderr, "load_grpc: %d %s\n", status.error_code(), status.error_message().c_str());
      }
      return;
    }
    slot.tally.latencies_us.push_back(
        static_cast<uint32_t>((now - slot.sent) / std::chrono::microseconds(1)));
    if (!status.ok()) {
      ++slot.tally.refused;
      return;
    }
    ++slot.tally.accepted;
    const int64_t accepted = ++accepted_;
    if (limit_.count == 0) return;
    if (accepted % window_ == 0 && accepted <= limit_.count) {
      marks_[static_cast<size_t>(accepted / window_)] = {std::chrono::duration<double>(now - start_).count(),
                                                         CpuSeconds(server_pid_)};
    }
    if (accepted >= limit_.count) stopping_ = true;
  }

  const std::vector<std::string> tokens_;
  std::vector<std::unique_ptr<v1::AuctionService::Stub>> stubs_;
  std::vector<std::unique_ptr<Slot>> slots_;

  std::recursive_mutex order_;
  int64_t next_number_;

  const int64_t window_;
  const int64_t server_pid_;
  const std::vector<std::string>* auctions_ = nullptr;
  Limit limit_;
  SteadyClock::time_point start_;
  SteadyClock::time_point end_;
  std::atomic<int64_t> accepted_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> reported_ = false;
  std::vector<Mark> marks_;

  std::mutex mutex_;
  std::condition_variable idle_;
  size_t in_flight_ = 0;
};

int Main(int argc, char** argv) {
  const Options options(argc, argv);
  const std::vector<std::string> auctions = ReadLines(options.Must("auctions"));
  const std::string warm_up = options.Get("warm-up-auctions", "");
  Loader loader(options);
  loader.Run(warm_up.empty() ? auctions : ReadLines(warm_up), {.seconds = options.GetSeconds("warm-up", 1)});
  const Summary summary = loader.Run(
      auctions, {.seconds = options.GetSeconds("seconds", 5), .count = options.GetInt("count", 0)});
  std::puts(ToJson(summary).c_str());
  return summary.total.accepted > 0 && summary.total.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ttx::bench

int main(int argc, char** argv) { return ttx::bench::Main(argc, argv); }
