// Hands in sealed envelopes over gRPC in a closed loop, as load_grpc.cc does bids: a fixed number of calls is
// in flight, and the end of one starts the next. Every bidder's envelopes for every auction are sealed
// before, for the holders and the rules the server names. Prints one line of JSON (tests/bench/README.md).
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <random>
#include <thread>

#include "libs/core/encoding.h"
#include "libs/crypto/random.h"
#include "libs/sealed/envelope.h"
#include "tests/bench/load.h"
#include "ttx/auction/v1/auction.grpc.pb.h"

namespace ttx::bench {
namespace {

namespace v1 = ttx::auction::v1;

std::string BidderCode(size_t bidder) {  // as seed.cc gives them
  char code[24];
  std::snprintf(code, sizeof code, "B%04zu", bidder);
  return code;
}

v1::Auction Get(v1::AuctionService::Stub& stub, const std::string& name) {
  grpc::ClientContext context;
  v1::GetAuctionRequest request;
  request.set_name(name);
  v1::Auction auction;
  if (const grpc::Status status = stub.GetAuction(&context, request, &auction); !status.ok()) {
    Die("sealed_load: " + name + ": " + status.error_message());
  }
  return auction;
}

// An amount for the `index`-th envelope, the same in every run: of one to sixteen digits, each as likely.
Fen AmountOf(size_t index) {
  std::mt19937_64 random(index);
  const auto digits = static_cast<double>(random() % 16);
  const double part = static_cast<double>(random() >> 11) * 0x1p-53;
  return {static_cast<int64_t>(std::pow(10.0, digits) * (1 + 8.9 * part))};
}

// The places of the values in ascending order; equal ones share the mean of theirs.
std::vector<double> RanksOf(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = static_cast<double>(begin + end - 1) / 2;
    begin = end;
  }
  return ranks;
}

// Spearman's rank correlation, and how likely one as large is where there is none (normal approximation, which is
// good from some hundred pairs on).
struct Correlation {
  double rho = 0;
  double p = 1;
};

Correlation RankCorrelation(const std::vector<double>& one, const std::vector<double>& other) {
  const std::vector<double> x = RanksOf(one);
  const std::vector<double> y = RanksOf(other);
  const double mean = (static_cast<double>(x.size()) - 1) / 2;
  double xx = 0;
  double yy = 0;
  double xy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
    xy += (x[i] - mean) * (y[i] - mean);
  }
  if (xx == 0 || yy == 0) return {};
  const double rho = xy / std::sqrt(xx * yy);
  return {rho, std::erfc(std::abs(rho) * std::sqrt(static_cast<double>(x.size()) - 1) / std::sqrt(2.0))};
}

// The envelope of one bidder, its `version`-th for the auction.
std::string SealFor(const v1::Auction& auction, size_t bidder, int64_t version, Fen price) {
  const Result<sealed::HolderSet> holders = sealed::HolderSet::Parse(auction.rules().sealed().holder_set());
  if (!holders.ok()) Die("sealed_load: the key holders of " + auction.name() + " cannot be read");
  const sealed::Context context{.suite = holders->suite(),
                                .origin = auction.origin(),
                                .auction = auction.name(),
                                .lot = std::to_string(auction.round()),
                                .bidder = BidderCode(bidder),
                                .version = static_cast<uint32_t>(version),
                                .rules_hash = FromHex(auction.rules_hash()).value_or(""),
                                .holder_set_id = holders->id()};
  Result<std::string> envelope = sealed::Seal(crypto::RandomBytes(sealed::kSeedBytes), context, *holders,
                                              sealed::Part::kPrice, sealed::FormatPrice(price));
  if (!envelope.ok()) Die("sealed_load: sealing failed: " + envelope.error().message());
  return std::move(envelope).value();
}

// One envelope of one bidder for one auction.
struct Submission {
  std::string parent;
  size_t bidder = 0;
  Fen amount;
  std::string content;
};

class Loader {
 public:
  explicit Loader(const Options& options)
      : tokens_(ReadLines(options.Must("tokens"))),
        warm_up_(options.GetInt("warm-up", 2000)),
        slots_(static_cast<size_t>(options.GetInt("in-flight", 64))) {
    auto channel = grpc::CreateChannel(options.Must("target"), grpc::InsecureChannelCredentials());
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(5))) {
      Die("cannot connect to " + options.Must("target"));
    }
    stub_ = v1::AuctionService::NewStub(channel);
  }

  // Seals `versions` envelopes of every bidder for every auction, on two threads. A bidder's
  // envelopes for an auction are all of one slot, in order: each names its version.
  void Prepare(const std::vector<std::string>& names, int64_t versions) {
    std::vector<v1::Auction> auctions;
    for (const std::string& name : names) auctions.push_back(Get(*stub_, name));
    const auto seal = [&](size_t first) {
      for (size_t slot = first; slot < slots_.size(); slot += 2) {
        for (int64_t version = 1; version <= versions; ++version) {
          for (size_t pair = slot; pair < auctions.size() * tokens_.size(); pair += slots_.size()) {
            const v1::Auction& auction = auctions[pair / tokens_.size()];
            const size_t bidder = pair % tokens_.size();
            const Fen amount = AmountOf(pair * static_cast<size_t>(versions) + static_cast<size_t>(version));
            slots_[slot].submissions.push_back(
                {auction.name(), bidder, amount, SealFor(auction, bidder, version, amount)});
          }
        }
      }
    };
    std::thread other(seal, 1);
    seal(0);
    other.join();
  }

  // Of the amounts and the times their answers took (reliability.md N93).
  Correlation AmountAndTime() const { return RankCorrelation(amounts_, times_); }

  // Hands everything in; returns when no call is in flight any more.
  Summary Run() {
    in_flight_ = slots_.size();
    for (Slot& slot : slots_) Issue(slot);
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [this] { return in_flight_ == 0; });
    if (!start_) Die("sealed_load: fewer envelopes than the warm-up takes");
    return {.kind = "sealed",
            .in_flight = static_cast<int64_t>(slots_.size()),
            .seconds = std::chrono::duration<double>(SteadyClock::now() - *start_).count(),
            .total = tally_,
            .next_number = 0,
            .connects = 0,
            .marks = {}};
  }

 private:
  struct Slot {
    std::vector<Submission> submissions;
    size_t next = 0;
    std::optional<grpc::ClientContext> context;
    v1::SubmitEnvelopeRequest request;
    v1::Envelope response;
    SteadyClock::time_point sent;
  };

  void Issue(Slot& slot) {
    if (slot.next == slot.submissions.size()) {
      const std::lock_guard lock(mutex_);
      if (--in_flight_ == 0) idle_.notify_all();
      return;
    }
    Submission& submission = slot.submissions[slot.next++];
    slot.request.set_parent(submission.parent);
    slot.request.set_content(submission.content);
    slot.request.set_request_id("envelope-" + std::to_string(&slot - slots_.data()) + "-" +
                                std::to_string(slot.next));
    slot.context.emplace();
    slot.context->AddMetadata("authorization", "Bearer " + tokens_[submission.bidder]);
    slot.sent = SteadyClock::now();
    stub_->async()->SubmitEnvelope(&*slot.context, &slot.request, &slot.response,
                                   [this, &slot](const grpc::Status& status) {
                                     Count(slot, status);
                                     Issue(slot);
                                   });
  }

  void Count(const Slot& slot, const grpc::Status& status) {
    const SteadyClock::time_point now = SteadyClock::now();
    const std::lock_guard lock(mutex_);
    if (!status.ok() && tally_.failed++ == 0) {
      std::fprintf(stderr, "sealed_load: %d %s\n", status.error_code(), status.error_message().c_str());
    }
    if (!status.ok()) return;
    if (++answered_ <= warm_up_) {
      if (answered_ == warm_up_) start_ = now;
      return;
    }
    ++tally_.accepted;
    tally_.latencies_us.push_back(static_cast<uint32_t>((now - slot.sent) / std::chrono::microseconds(1)));
    amounts_.push_back(static_cast<double>(slot.submissions[slot.next - 1].amount.value));
    times_.push_back(static_cast<double>((now - slot.sent) / std::chrono::nanoseconds(1)));
  }

  const std::vector<std::string> tokens_;
  const int64_t warm_up_;
  std::unique_ptr<v1::AuctionService::Stub> stub_;
  std::vector<Slot> slots_;

  std::mutex mutex_;
  std::condition_variable idle_;
  size_t in_flight_ = 0;
  int64_t answered_ = 0;
  std::optional<SteadyClock::time_point> start_;  // of what counts
  Tally tally_;
  std::vector<double> amounts_;  // fen, of each answer that counts
  std::vector<double> times_;    // ns
};

int Main(int argc, char** argv) {
  const Options options(argc, argv);
  Loader loader(options);
  loader.Prepare(ReadLines(options.Must("auctions")), options.GetInt("versions", 2));
  const Summary summary = loader.Run();
  std::string json = ToJson(summary);
  const Correlation correlation = loader.AmountAndTime();
  char text[80];
  std::snprintf(text, sizeof text, ", \"n93_rho\": %.6f, \"n93_p\": %.6f}", correlation.rho, correlation.p);
  json.replace(json.size() - 1, 1, text);
  std::puts(json.c_str());
  return summary.total.accepted > 0 && summary.total.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ttx::bench

int main(int argc, char** argv) { return ttx::bench::Main(argc, argv); }
