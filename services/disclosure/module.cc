#include "services/disclosure/module.h"

#include "libs/rpc/service_module.h"
#include "services/disclosure/app/disclosure_app.h"
#include "services/disclosure/rpc/disclosure_service.h"
#include "services/disclosure/rpc/feeds.h"

namespace ttx::disclosure {
namespace {

constexpr std::string_view kServiceName = "ttx.disclosure.v1.DisclosureService";

class DisclosureModule : public rpc::ServiceModule {
 public:
  DisclosureModule(rpc::ModuleDeps deps, DisclosureApp app)
      : ServiceModule(kServiceName, std::move(deps)), app_(std::move(app)) {
    AddFeed(
        "listing", "ttx.listing.v1.ListingService",
        [this](storage::Txn& txn, const rpc::FeedEvent& event) { return OnListingEvent(app_, txn, event); });
    AddFeed(
        "contract", "ttx.contract.v1.ContractService",
        [this](storage::Txn& txn, const rpc::FeedEvent& event) { return OnContractEvent(app_, txn, event); });
    AddFeed("party", "ttx.party.v1.PartyService", [this](storage::Txn& txn, const rpc::FeedEvent& event) {
      return OnPartyEvent(app_, txn, event);
    });
    AddFeed("settlement", "ttx.settlement.v1.SettlementService",
            [this](storage::Txn& txn, const rpc::FeedEvent& event) {
              return OnSettlementEvent(app_, txn, event);
            });
  }

  Status Init() {
    TTX_RETURN_IF_ERROR(MakeHandler());
    service_ = std::make_unique<DisclosureService>(app_, handler());
    return {};
  }

  grpc::Service& service() override { return *service_; }

 private:
  void OnDue(storage::Txn& txn, const std::string& subject) override { app_.OnDue(txn, subject); }

  DisclosureApp app_;
  std::unique_ptr<DisclosureService> service_;
};

}  // namespace

Result<std::unique_ptr<rpc::Module>> MakeDisclosureModule(rpc::ModuleDeps deps, DisclosureOptions options) {
  TTX_TRY(DisclosureApp app,
          DisclosureApp::Make(
              {std::move(options.record_key_pem), options.result_window_days, options.contract_window_days,
               options.require_registration},
              deps.calendar, deps.ids));
  auto module = std::make_unique<DisclosureModule>(std::move(deps), std::move(app));
  TTX_RETURN_IF_ERROR(module->Init());
  return std::unique_ptr<rpc::Module>(std::move(module));
}

}  // namespace ttx::disclosure
