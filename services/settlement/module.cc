#include "services/settlement/module.h"

#include "libs/rpc/service_module.h"
#include "services/settlement/app/settlement_app.h"
#include "services/settlement/rpc/feeds.h"
#include "services/settlement/rpc/settlement_service.h"
#include "services/settlement/store/fee_file.h"

namespace ttx::settlement {
namespace {

constexpr std::string_view kServiceName = "ttx.settlement.v1.SettlementService";

class SettlementModule : public rpc::ServiceModule {
 public:
  SettlementModule(rpc::ModuleDeps module_deps, Options options, std::vector<FeeTable> tables,
                   std::string fee_table)
      : ServiceModule(kServiceName, std::move(module_deps)),
        app_(options, std::move(tables), std::move(fee_table), deps().calendar, deps().ids) {
    using Take = Status (*)(const SettlementApp&, storage::Txn&, const rpc::FeedEvent&);
    const auto feed = [this](const char* source, const char* service, Take take) {
      AddFeed(source, service, [this, take](storage::Txn& txn, const rpc::FeedEvent& event) {
        return take(app_, txn, event);
      });
    };
    feed("listing", "ttx.listing.v1.ListingService", OnListingEvent);
    feed("contract", "ttx.contract.v1.ContractService", OnContractEvent);
    feed("disclosure", "ttx.disclosure.v1.DisclosureService", OnDisclosureEvent);
    feed("party", "ttx.party.v1.PartyService", OnPartyEvent);
  }

  Status Init() {
    TTX_RETURN_IF_ERROR(MakeHandler());
    service_ = std::make_unique<SettlementService>(app_, handler());
    return {};
  }

  grpc::Service& service() override { return *service_; }

 private:
  void OnDue(storage::Txn& txn, const std::string& subject) override { app_.OnDue(txn, subject); }

  SettlementApp app_;
  std::unique_ptr<SettlementService> service_;
};

}  // namespace

Result<std::unique_ptr<rpc::Module>> MakeSettlementModule(rpc::ModuleDeps deps, ModuleConfig config) {
  std::vector<FeeTable> tables;
  for (const std::string& text : config.fee_tables) {
    TTX_TRY(FeeTable table, ParseFeeTable(text));
    tables.push_back(std::move(table));
  }
  const Date today = DateInShanghai(deps.clock.Now());
  if (TableInForce(tables, config.fee_table, today) == nullptr) {
    return Error(Reason::kFEE_TABLE_MISSING, {{"table", config.fee_table}, {"date", FormatDate(today)}});
  }
  auto module = std::make_unique<SettlementModule>(std::move(deps), config.options, std::move(tables),
                                                   std::move(config.fee_table));
  TTX_RETURN_IF_ERROR(module->Init());
  return std::unique_ptr<rpc::Module>(std::move(module));
}

}  // namespace ttx::settlement
