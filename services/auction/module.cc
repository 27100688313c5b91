#include "services/auction/module.h"

#include "libs/rpc/service_module.h"
#include "services/auction/app/auction_app.h"
#include "services/auction/domain/limits.h"
#include "services/auction/rpc/auction_service.h"
#include "services/auction/rpc/feeds.h"

namespace ttx::auction {
namespace {

constexpr std::string_view kServiceName = "ttx.auction.v1.AuctionService";

// The clock of the shell and of the app: made before the one, outlives both.
struct Watched {
  WatchedClock watch;
};

AuctionOptions With(const WatchedClock& clock, AuctionOptions options) {
  options.clock = &clock;
  return options;
}

class AuctionModule : private Watched, public rpc::ServiceModule {
 public:
  AuctionModule(rpc::ModuleDeps from, AuctionOptions options)
      : Watched{{from.clock, kMaxSilence}},
        ServiceModule(kServiceName, {.kv = std::move(from.kv),
                                     .clock = watch,
                                     .ids = from.ids,
                                     .calendar = from.calendar,
                                     .handler = std::move(from.handler),
                                     .readers = from.readers,
                                     .directory = from.directory,
                                     .identity = std::move(from.identity),
                                     .secrets_key = std::move(from.secrets_key),
                                     .on_failure = std::move(from.on_failure),
                                     .on_feed_refusal = std::move(from.on_feed_refusal)}),
        app_(deps().secrets_key, deps().ids, With(watch, std::move(options))) {
    AddFeed(
        "listing", "ttx.listing.v1.ListingService",
        [this](storage::Txn& txn, const rpc::FeedEvent& event) { return OnListingEvent(app_, txn, event); });
    NameTopics(AuctionOf);  // WatchAuction waits for its own auction only
  }

  Status Init() {
    TTX_RETURN_IF_ERROR(MakeHandler());
    service_ = std::make_unique<AuctionService>(app_, handler(), clock());
    return {};
  }

  grpc::Service& service() override { return *service_; }

 private:
  // Sessions that were open while the server was away are suspended before any bid is taken (domain.md 5.2),
  // so this runs to its end on the caller's thread, before the writer has one of its own.
  void BeforeStart() override {
    const Time since = shell().writer().last_time();
    std::optional<std::string> cursor = "";
    while (cursor) {
      SubmitOwn([&](storage::Txn& txn) { cursor = app_.Recover(txn, since, *cursor); });
      shell().writer().Step();
    }
    SubmitOwn([this](storage::Txn& txn) { app_.Heartbeat(txn); });
  }

  void OnDue(storage::Txn& txn, const std::string& subject) override { app_.OnDue(txn, subject); }

  const AuctionApp app_;
  std::unique_ptr<AuctionService> service_;
};

}  // namespace

Result<std::unique_ptr<rpc::Module>> MakeAuctionModule(rpc::ModuleDeps deps, AuctionOptions options) {
  auto module = std::make_unique<AuctionModule>(std::move(deps), std::move(options));
  TTX_RETURN_IF_ERROR(module->Init());
  return std::unique_ptr<rpc::Module>(std::move(module));
}

}  // namespace ttx::auction
