#include "services/contract/module.h"

#include "libs/rpc/service_module.h"
#include "services/contract/app/contract_app.h"
#include "services/contract/rpc/contract_service.h"
#include "services/contract/rpc/feeds.h"

namespace ttx::contract {
namespace {

constexpr std::string_view kServiceName = "ttx.contract.v1.ContractService";

class ContractModule : public rpc::ServiceModule {
 public:
  explicit ContractModule(rpc::ModuleDeps module_deps)
      : ServiceModule(kServiceName, std::move(module_deps)), app_(deps().ids, deps().calendar) {
    AddFeed(
        "listing", "ttx.listing.v1.ListingService",
        [this](storage::Txn& txn, const rpc::FeedEvent& event) { return OnListingEvent(app_, txn, event); });
    AddFeed("party", "ttx.party.v1.PartyService", [this](storage::Txn& txn, const rpc::FeedEvent& event) {
      return OnPartyEvent(app_, txn, event);
    });
    AddFeed("disclosure", "ttx.disclosure.v1.DisclosureService",
            [this](storage::Txn& txn, const rpc::FeedEvent& event) {
              return OnDisclosureEvent(app_, txn, event);
            });
  }

  Status Init() {
    TTX_RETURN_IF_ERROR(MakeHandler());
    service_ = std::make_unique<ContractService>(app_, handler());
    return {};
  }

  grpc::Service& service() override { return *service_; }

 private:
  void OnDue(storage::Txn& txn, const std::string& subject) override { app_.OnDue(txn, subject); }

  const ContractApp app_;
  std::unique_ptr<ContractService> service_;
};

}  // namespace

Result<std::unique_ptr<rpc::Module>> MakeContractModule(rpc::ModuleDeps deps) {
  auto module = std::make_unique<ContractModule>(std::move(deps));
  TTX_RETURN_IF_ERROR(module->Init());
  return std::unique_ptr<rpc::Module>(std::move(module));
}

}  // namespace ttx::contract
