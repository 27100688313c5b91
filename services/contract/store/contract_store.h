#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/storage/txn.h"
#include "services/contract/domain/contract.h"
#include "services/contract/domain/deal.h"
#include "services/contract/domain/registration.h"

namespace ttx::contract {

/// Tables of the contract key space. Part of the format on disk: do not renumber.
enum class Table : uint8_t {
  kDeal = 0x10,                  // text id -> DealRecord
  kContract = 0x11,              // text id -> ContractRecord
  kRegistration = 0x12,          // text id -> RegistrationRecord
  kDealByParty = 0x13,           // text organization, text id -> nothing (seller, buyer, exchange)
  kContractByParty = 0x14,       // text organization, text id -> nothing
  kRegistrationByParty = 0x15,   // text organization, text id -> nothing
  kContractByDeal = 0x16,        // text deal id -> contract id
  kRegistrationByHash = 0x17,    // text contract hash -> id of its latest registration
  kRegistrationByNumber = 0x18,  // text number -> registration id
  kDealByListing = 0x19,         // text listing, text deal id -> nothing
  kSigningKey = 0x1a,            // text key id -> SigningKeyRecord
  // 0x1b was: text organization -> unified social credit code
  kObjection = 0x1c,   // text subject (deal or listing), text objection -> its ObjectionState, one byte
  kDealNumber = 0x1d,  // text exchange code, u64 year -> u64 last sequence
  kDocument =
      0x1e,  // text hash (SHA-256 or SM3) of a document to be signed -> "deals/{id}" | "contracts/{id}"
  kRegistrationByRegistry = 0x1f,  // text registry ("" until one takes the case), text id -> nothing
  kExchangeCode = 0x20,            // text exchange -> its code (libs/storage/exchange_codes.h)
  kExchangeByCode = 0x21,          // text code -> exchange
};

/// One entry of the event log with what readers need besides.
struct StoredEvent {
  uint64_t sequence = 0;
  Time time;
  DealId deal;
  ContractId contract;          // empty for events of a deal
  RegistrationId registration;  // empty for events of a deal or contract
  std::string listing;
  std::string exchange;
  std::variant<DealEvent, ContractEvent, RegistrationEvent> event;
};

/// Where an objection stands as the disclosure service told it.
enum class ObjectionState : char { kOpen = 'O', kClosed = 'C', kUpheld = 'U' };

// Resources. What is read is checked: damage stops the process.
std::optional<Deal> LoadDeal(const storage::Reader& reader, const DealId& id);
std::optional<Contract> LoadContract(const storage::Reader& reader, const ContractId& id);
std::optional<Registration> LoadRegistration(const storage::Reader& reader, const RegistrationId& id);
std::optional<ContractId> FindContractOfDeal(const storage::Reader& reader, const DealId& deal);
std::optional<RegistrationId> FindRegistrationOfHash(const storage::Reader& reader,
                                                     std::string_view contract_hash);
std::optional<RegistrationId> FindRegistrationNumber(const storage::Reader& reader, std::string_view number);
/// The resource whose document has this hash, "deals/{id}" or "contracts/{id}".
std::optional<std::string> FindDocument(const storage::Reader& reader, std::string_view hash);

// Each stages all that a decision writes: the state, its indices, its timer, its events. `before` is the
// stored state the decision started from (nullptr for a new one).
void SaveDecision(storage::Txn& txn, const Deal* before, const DealDecision& decision);
void SaveDecision(storage::Txn& txn, const Contract* before, const ContractDecision& decision);
void SaveDecision(storage::Txn& txn, const Registration* before, const RegistrationDecision& decision);

/// At most `limit` ids after `after` of the table `by_party`, for one organization.
std::vector<std::string> ListByParty(const storage::Reader& reader, Table by_party,
                                     std::string_view organization, std::string_view after, size_t limit);
/// At most `limit` ids of registrations after `after` that `registry` has taken or none has, in order.
std::vector<std::string> ListForRegistry(const storage::Reader& reader, std::string_view registry,
                                         std::string_view after, size_t limit);
std::vector<DealId> ListDealsOfListing(const storage::Reader& reader, std::string_view listing);

/// At most `limit` events after `after_sequence`.
std::vector<StoredEvent> ListEvents(const storage::Reader& reader, uint64_t after_sequence, size_t limit);

// What feeds tell.
std::optional<SigningKey> LoadSigningKey(const storage::Reader& reader, std::string_view key_id);
void SaveSigningKey(storage::Txn& txn, const SigningKey& key);
struct KnownObjection {
  std::string objection;
  ObjectionState state;
};
std::vector<KnownObjection> ListObjections(const storage::Reader& reader, std::string_view subject);
void SaveObjection(storage::Txn& txn, std::string_view subject, const KnownObjection& objection);

/// The next number of the series of an exchange and year: 1, 2, 3 ... without gaps. DEAL_NUMBERS_EXHAUSTED
/// after kMaxDealSequence; then nothing is written.
Result<int64_t> TakeDealSequence(storage::Txn& txn, std::string_view exchange_code, int year);

}  // namespace ttx::contract
