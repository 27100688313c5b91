#include "services/server/modules.h"

#include "services/auction/module.h"
#include "services/contract/module.h"
#include "services/disclosure/module.h"
#include "services/listing/module.h"
#include "services/party/module.h"
#include "services/server/files.h"
#include "services/settlement/module.h"

namespace ttx::server {
namespace {

settlement::Options SettlementOptions(const config::Settlement& from) {
  settlement::Options options{.deposit_grace = Minutes(from.deposit_grace_minutes()),
                              .refund_workdays = static_cast<int>(from.refund_workdays()),
                              .release_workdays = static_cast<int>(from.release_workdays()),
                              .payment_workdays = static_cast<int>(from.payment_workdays()),
                              .overdue_workdays = static_cast<int>(from.overdue_workdays())};
  for (const config::EscrowBank& entry : from.escrow_banks()) options.escrow_banks[entry.exchange()] = entry.bank();
  return options;
}

Result<std::unique_ptr<rpc::Module>> MakeDisclosure(const config::Config& config, rpc::ModuleDeps deps) {
  const config::Disclosure& from = config.disclosure();
  disclosure::DisclosureOptions options;
  TTX_TRY(options.record_key_pem, ReadFile(config.record_key_file()));
  options.result_window_days = static_cast<int>(from.result_window_days());
  options.contract_window_days = static_cast<int>(from.contract_window_days());
  options.require_registration = from.require_registration();
  return disclosure::MakeDisclosureModule(std::move(deps), std::move(options));
}

}  // namespace

Result<std::unique_ptr<rpc::Module>> MakeModule(std::string_view service, const config::Config& config,
                                                rpc::ModuleDeps deps) {
  if (service == "party") {
    return party::MakePartyModule(std::move(deps),
                                  {.issuer = config.token().issuer(),
                                   .audience = config.token().audience(),
                                   .token_lifetime = Seconds(config.token().lifetime_seconds()),
                                   .enrolment_lifetime = Hours(config.token().enrolment_hours())});
  }
  if (service == "listing") {
    TTX_TRY(const std::vector<std::string> profiles, ReadFolder(config.profile_directory(), ".textproto"));
    return listing::MakeListingModule(std::move(deps), profiles);
  }
  if (service == "auction") {
    auction::AuctionOptions options;
    options.hold_after_silence = config.mode() != config::Config::SANDBOX;  // a person sets a sandbox's clock
    options.origin = config.token().issuer();
    TTX_TRY(options.record_key_pem, ReadFile(config.record_key_file()));
    return auction::MakeAuctionModule(std::move(deps), std::move(options));
  }
  if (service == "contract") return contract::MakeContractModule(std::move(deps));
  if (service == "settlement") {
    TTX_TRY(const std::vector<std::string> fee_tables, ReadFolder(config.fee_directory(), ".textproto"));
    return settlement::MakeSettlementModule(std::move(deps), {.fee_tables = fee_tables,
                                                              .fee_table = config.fee_table(),
                                                              .options = SettlementOptions(config.settlement())});
  }
  TTX_CHECK(service == "disclosure", "no such service");
  return MakeDisclosure(config, std::move(deps));
}

}  // namespace ttx::server
