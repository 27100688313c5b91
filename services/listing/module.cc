#include "services/listing/module.h"

#include <set>

#include "libs/rpc/service_module.h"
#include "services/listing/app/listing_app.h"
#include "services/listing/rpc/feeds.h"
#include "services/listing/rpc/listing_service.h"
#include "services/listing/store/profile.h"

namespace ttx::listing {
namespace {

constexpr std::string_view kServiceName = "ttx.listing.v1.ListingService";

class ListingModule : public rpc::ServiceModule {
 public:
  ListingModule(rpc::ModuleDeps module_deps, std::vector<RuleProfile> profiles)
      : ServiceModule(kServiceName, std::move(module_deps)),
        app_(deps().calendar, deps().ids, std::move(profiles), deps().secrets_key) {
    Subscribe("party", "ttx.party.v1.PartyService", OnPartyEvent);
    Subscribe("auction", "ttx.auction.v1.AuctionService", OnAuctionEvent);
    Subscribe("settlement", "ttx.settlement.v1.SettlementService", OnSettlementEvent);
    Subscribe("contract", "ttx.contract.v1.ContractService", OnContractEvent);
    Subscribe("disclosure", "ttx.disclosure.v1.DisclosureService", OnDisclosureEvent);
  }

  Status Init() {
    TTX_RETURN_IF_ERROR(MakeHandler());
    service_ = std::make_unique<ListingService>(app_, handler());
    return {};
  }

  grpc::Service& service() override { return *service_; }

 private:
  using Take = Status (*)(const ListingApp&, storage::Txn&, const rpc::FeedEvent&);

  void Subscribe(const char* source, const char* service, Take take) {
    AddFeed(source, service,
            [this, take](storage::Txn& txn, const rpc::FeedEvent& event) { return take(app_, txn, event); });
  }

  // Ends that were provisional are judged by the calendar of this start.
  void BeforeStart() override {
    SubmitOwn([this](storage::Txn& txn) { app_.Recompute(txn); });
  }

  void OnDue(storage::Txn& txn, const std::string& subject) override { app_.OnDue(txn, subject); }

  ListingApp app_;
  std::unique_ptr<ListingService> service_;
};

}  // namespace

Result<std::unique_ptr<rpc::Module>> MakeListingModule(rpc::ModuleDeps deps,
                                                       const std::vector<std::string>& profiles) {
  if (profiles.empty()) return Error(Reason::kBAD_PROFILE, {{"detail", "no rule profile is configured"}});
  std::vector<RuleProfile> parsed;
  std::set<std::pair<std::string, int32_t>> seen;
  for (const std::string& text : profiles) {
    TTX_TRY(RuleProfile profile, ParseRuleProfile(text));
    if (!seen.emplace(profile.name, profile.version).second) {
      return Error(Reason::kBAD_PROFILE, {{"detail", profile.name + " is given twice in one version"}});
    }
    parsed.push_back(std::move(profile));
  }
  auto module = std::make_unique<ListingModule>(std::move(deps), std::move(parsed));
  TTX_RETURN_IF_ERROR(module->Init());
  return std::unique_ptr<rpc::Module>(std::move(module));
}

}  // namespace ttx::listing
