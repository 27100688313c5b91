#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/calendar.h"
#include "libs/core/id.h"
#include "libs/core/principal.h"
#include "libs/core/result.h"
#include "libs/storage/log_page.h"
#include "libs/storage/txn.h"
#include "services/contract/domain/contract.h"
#include "services/contract/domain/deal.h"
#include "services/contract/domain/registration.h"
#include "services/contract/store/contract_store.h"

namespace ttx::contract {

/// Time limits of the exchange's rules (domain.md 6.1) and of registries (domain.md 6.5).
struct ContractRules {
  int32_t confirmation_workdays = 1;
  int32_t contract_workdays = 5;
  RegistrationRules registration;
};

/// A deal with what is shown besides.
struct DealView {
  Deal deal;
  std::string contract;  // "contracts/{id}", empty before it is drafted
};
struct ContractView {
  Contract contract;
  std::string text;          // the canonical bytes of the present text
  std::string registration;  // "registrations/{id}", empty before it is applied for
};
/// An event with the resources its API form is made of, where it needs them.
struct EventView {
  StoredEvent stored;
  std::optional<Deal> deal;
  std::optional<Contract> contract;
  std::optional<Registration> registration;
};

/// A detached signature as a client hands it in.
struct SignatureInput {
  std::string document_hash;
  std::string key_id;
  std::string suite;
  std::string value;
};

/// The contract service's use cases: one method per RPC, timer and event. Commands run on the writer's
/// thread, queries on any. What a caller may not see is NOT_FOUND; what it may see but not do is
/// PERMISSION_DENIED.
class ContractApp {
 public:
  /// `ids` and `calendar` must outlive the object.
  ContractApp(IdSource& ids, const Calendar& calendar, ContractRules rules = {})
      : ids_(ids), calendar_(calendar), rules_(rules) {}

  // --- Deals

  Result<DealView> SignConfirmation(storage::Txn& txn, const Principal& caller, const DealId& id,
                                    const SignatureInput& input) const;
  Result<DealView> GetDeal(const storage::Reader& reader, const Principal& caller, const DealId& id) const;
  storage::ListPage<DealView> ListDeals(const storage::Reader& reader, const Principal& caller,
                                        std::string_view after, size_t limit) const;

  // --- Contracts

  /// An empty etag is not checked.
  Result<ContractView> Create(storage::Txn& txn, const Principal& caller, const DealId& deal,
                              const Manifest& manifest) const;
  Result<ContractView> Update(storage::Txn& txn, const Principal& caller, const ContractId& id,
                              const Manifest& manifest, const std::string& etag) const;
  Result<ContractView> AcceptText(storage::Txn& txn, const Principal& caller, const ContractId& id,
                                  const std::string& text_hash) const;
  Result<ContractView> Freeze(storage::Txn& txn, const Principal& caller, const ContractId& id,
                              const std::string& etag) const;
  Result<ContractView> Sign(storage::Txn& txn, const Principal& caller, const ContractId& id,
                            const SignatureInput& input) const;
  /// States that the approval was given; another person confirms it.
  Result<ContractView> MeetCondition(storage::Txn& txn, const Principal& caller, const ContractId& id,
                                     const std::string& evidence, const std::string& etag) const;
  Result<ContractView> Complete(storage::Txn& txn, const Principal& caller, const ContractId& id,
                                const std::string& note, const std::string& etag) const;
  /// States why it is to end; another person confirms it.
  Result<ContractView> Terminate(storage::Txn& txn, const Principal& caller, const ContractId& id,
                                 const std::string& reason, const std::string& note,
                                 const std::string& etag) const;
  /// Confirms what MeetCondition or Terminate proposed. A termination before the effect cancels the deal with
  /// it.
  Result<ContractView> Confirm(storage::Txn& txn, const Principal& caller, const ContractId& id,
                               const std::string& etag) const;
  Result<ContractView> GetContract(const storage::Reader& reader, const Principal& caller,
                                   const ContractId& id) const;
  storage::ListPage<ContractView> ListContracts(const storage::Reader& reader, const Principal& caller,
                                                std::string_view after, size_t limit) const;

  // --- Registrations

  /// Without items, those of the contract.
  Result<Registration> Apply(storage::Txn& txn, const Principal& caller, const ContractId& contract,
                             const std::vector<LineItem>& items) const;
  Result<Registration> AcceptCase(storage::Txn& txn, const Principal& caller, const RegistrationId& id,
                                  const std::string& etag) const;
  Result<Registration> RequestSupplement(storage::Txn& txn, const Principal& caller, const RegistrationId& id,
                                         const std::string& request, const std::string& etag) const;
  Result<Registration> Supplement(storage::Txn& txn, const Principal& caller, const RegistrationId& id,
                                  const std::string& note, const std::vector<LineItem>& items,
                                  const std::string& etag) const;
  struct RegisterInput {
    std::string number;
    Amounts amounts;
    std::string panel_record_sha256;
  };
  Result<Registration> Register(storage::Txn& txn, const Principal& caller, const RegistrationId& id,
                                const RegisterInput& input, const std::string& etag) const;
  Result<Registration> Refuse(storage::Txn& txn, const Principal& caller, const RegistrationId& id,
                              RefusalCode code, const std::string& note, const std::string& etag) const;
  Result<Registration> GetRegistration(const storage::Reader& reader, const Principal& caller,
                                       const RegistrationId& id) const;
  /// Those of a party or exchange; for a registry, its own and those no registry has taken.
  storage::ListPage<Registration> ListRegistrations(const storage::Reader& reader, const Principal& caller,
                                                    std::string_view after, size_t limit) const;

  // --- Feeds and timers: each may come twice and changes nothing the second time

  /// UNAVAILABLE until party's feed has told of the exchange, whose code stands in the deal's number.
  Status OnDealDetermined(storage::Txn& txn, const DealId& id, const DealFacts& facts) const;
  /// Gives the exchange its code (libs/storage/exchange_codes.h).
  Status OnExchangeActivated(storage::Txn& txn, const std::string& exchange, const std::string& uscc) const;
  Status OnSigningKeyAdded(storage::Txn& txn, SigningKey key) const;
  Status OnSigningKeyRevoked(storage::Txn& txn, const std::string& key_id) const;
  /// `deal` is empty for an objection to a listing's notice, which then suspends the deals of the listing.
  Status OnObjectionAccepted(storage::Txn& txn, const std::string& objection, const std::string& deal,
                             const std::string& listing) const;
  Status OnObjectionClosed(storage::Txn& txn, const std::string& objection, const std::string& deal,
                           const std::string& listing, bool upheld) const;
  /// A timer came due for the deal with this id.
  void OnDue(storage::Txn& txn, const std::string& deal_id) const;

  /// What `caller` may see of the events after `after_sequence`: services see all, staff their own
  /// exchange's.
  storage::LogPage<EventView> ListEvents(const storage::Reader& reader, const Principal& caller,
                                         uint64_t after_sequence, size_t limit) const;

 private:
  Result<Deal> FindDeal(const storage::Reader& reader, const Principal& caller, const DealId& id) const;
  Result<Contract> FindContract(const storage::Reader& reader, const Principal& caller,
                                const ContractId& id) const;
  Result<Registration> FindRegistration(const storage::Reader& reader, const Principal& caller,
                                        const RegistrationId& id) const;
  ContractView ViewOf(const storage::Reader& reader, Contract contract) const;
  Result<ContractView> Propose(storage::Txn& txn, const Principal& caller, const ContractId& id,
                               const ProposeAct& command, const std::string& etag) const;
  Time PaymentDue(const Manifest& manifest, Time now) const;
  void CloseObjectionOn(storage::Txn& txn, const Deal& deal, const std::string& objection, bool upheld) const;

  IdSource& ids_;
  const Calendar& calendar_;
  const ContractRules rules_;
};

}  // namespace ttx::contract
