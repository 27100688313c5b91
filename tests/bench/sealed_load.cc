// Hands in sealed envelopes over gRPC in a closed loop, as load_grpc.cc does bids: a fixed number of calls is
// in flight, and the end of one starts the next. Every bidder's envelopes for every auction are sealed
// before, for the holders and the rules the server names. Prints one line of JSON (tests/bench/README.md).
#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
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

// The envelope of one bidder, its `version`-th for the auction.
std::string SealFor(const v1::Auction& auction, size_t bidder, int64_t version) {
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
  const Fen price{kStartPriceFen + static_cast<int64_t>(bidder) * kStepFen};
  Result<std::string> envelope = sealed::Seal(crypto::RandomBytes(sealed::kSeedBytes), context, *holders,
                                              sealed::Part::kPrice, sealed::FormatPrice(price));
  if (!envelope.ok()) Die("sealed_load: sealing failed: " + envelope.error().message());
  return std::move(envelope).value();
}

// One envelope of one bidder for one auction.
struct Submission {
  std::string parent;
  size_t bidder = 0;
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
            slots_[slot].submissions.push_back({auction.name(), bidder, SealFor(auction, bidder, version)});
          }
        }
      }
    };
    std::thread other(seal, 1);
    seal(0);
    other.join();
  }

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
};

int Main(int argc, char** argv) {
  const Options options(argc, argv);
  Loader loader(options);
  loader.Prepare(ReadLines(options.Must("auctions")), options.GetInt("versions", 2));
  const Summary summary = loader.Run();
  std::puts(ToJson(summary).c_str());
  return summary.total.accepted > 0 && summary.total.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ttx::bench

int main(int argc, char** argv) { return ttx::bench::Main(argc, argv); }
