#include "services/contract/store/contract_store.h"

#include <algorithm>

#include "libs/storage/table.h"
#include "services/contract/domain/limits.h"
#include "services/contract/domain/message_fields.h"
#include "services/contract/store/record.pb.h"

namespace ttx::contract {
namespace {

using google::protobuf::Message;
using storage::FindId;
using storage::In;
using storage::KeyOf;
using storage::Load;

template <class Record, class Value>
std::string Serialize(const Value& value) {
  Record record;
  Visit(value, MessageWriter<Message>(record));
  return record.SerializeAsString();
}

template <class Record, class Value>
Value FromRecord(const Record& record) {
  Value value;
  Visit(value, MessageReader<Message>(record));
  return value;
}

// Writes an event of any of the three aggregates into the field of the record that has its name.
template <class Event>
void PutPayload(const Event& event, store::EventRecord& record) {
  record.set_time_ns(event.time.ns);
  std::visit(
      [&](const auto& payload) {
        using Payload = std::remove_cvref_t<decltype(payload)>;
        const auto* field = record.GetDescriptor()->FindFieldByName(Payload::kName);
        TTX_CHECK(field != nullptr, "the event record lacks a payload");
        Visit(payload, MessageWriter<Message>(*record.GetReflection()->MutableMessage(&record, field)));
      },
      event.payload);
}

// The alternative of `Variant` with this name, filled from `message`.
template <class Variant, size_t kIndex = 0>
std::optional<Variant> TakePayload(const std::string& name, const Message& message) {
  if constexpr (kIndex == std::variant_size_v<Variant>) {
    return std::nullopt;
  } else {
    using Payload = std::variant_alternative_t<kIndex, Variant>;
    if (name != Payload::kName) return TakePayload<Variant, kIndex + 1>(name, message);
    Payload payload;
    Visit(payload, MessageReader<Message>(message));
    return Variant(std::move(payload));
  }
}

StoredEvent FromOutbox(const storage::OutboxEvent& stored) {
  const auto record = storage::ParseRecord<store::EventRecord>(stored.payload);
  const auto* const chosen = record.GetReflection()->GetOneofFieldDescriptor(
      record, record.GetDescriptor()->FindOneofByName("payload"));
  TTX_CHECK(chosen != nullptr, "an event record without a payload");
  const Message& message = record.GetReflection()->GetMessage(record, chosen);
  StoredEvent event{stored.sequence,         {record.time_ns()}, {record.deal()},   {record.contract()},
                    {record.registration()}, record.listing(),   record.exchange(), {}};
  if (auto deal = TakePayload<decltype(DealEvent::payload)>(chosen->name(), message)) {
    event.event = DealEvent{event.time, std::move(*deal)};
  } else if (auto contract = TakePayload<decltype(ContractEvent::payload)>(chosen->name(), message)) {
    event.event = ContractEvent{event.time, std::move(*contract)};
  } else if (auto registration = TakePayload<decltype(RegistrationEvent::payload)>(chosen->name(), message)) {
    event.event = RegistrationEvent{event.time, std::move(*registration)};
  } else {
    TTX_CHECK(false, "an event record of no aggregate");
  }
  return event;
}

void IndexParties(storage::Txn& txn, Table table, std::initializer_list<std::string_view> organizations,
                  std::string_view id) {
  for (const std::string_view organization : organizations) txn.Put(KeyOf(table, organization, id), "");
}

void IndexDocument(storage::Txn& txn, const DocumentHashes& hashes, const std::string& resource) {
  txn.Put(KeyOf(Table::kDocument, hashes.sha256), resource);
  txn.Put(KeyOf(Table::kDocument, hashes.sm3), resource);
}

}  // namespace

std::optional<Deal> LoadDeal(const storage::Reader& reader, const DealId& id) {
  return Load(reader, KeyOf(Table::kDeal, id.text), FromRecord<store::DealRecord, Deal>);
}

std::optional<Contract> LoadContract(const storage::Reader& reader, const ContractId& id) {
  return Load(reader, KeyOf(Table::kContract, id.text), FromRecord<store::ContractRecord, Contract>);
}

std::optional<Registration> LoadRegistration(const storage::Reader& reader, const RegistrationId& id) {
  return Load(reader, KeyOf(Table::kRegistration, id.text),
              FromRecord<store::RegistrationRecord, Registration>);
}

std::optional<ContractId> FindContractOfDeal(const storage::Reader& reader, const DealId& deal) {
  return FindId<ContractId>(reader, KeyOf(Table::kContractByDeal, deal.text));
}

std::optional<RegistrationId> FindRegistrationOfHash(const storage::Reader& reader,
                                                     std::string_view contract_hash) {
  return FindId<RegistrationId>(reader, KeyOf(Table::kRegistrationByHash, contract_hash));
}

std::optional<RegistrationId> FindRegistrationNumber(const storage::Reader& reader, std::string_view number) {
  return FindId<RegistrationId>(reader, KeyOf(Table::kRegistrationByNumber, number));
}

std::optional<std::string> FindDocument(const storage::Reader& reader, std::string_view hash) {
  return reader.Get(KeyOf(Table::kDocument, hash));
}

void SaveDecision(storage::Txn& txn, const Deal* before, const DealDecision& decision) {
  const Deal& deal = decision.next;
  storage::MustHold(deal);
  if (decision.events.empty()) return;
  for (const DealEvent& event : decision.events) {
    store::EventRecord record;
    record.set_deal(deal.id.text);
    record.set_listing(deal.facts.listing);
    record.set_exchange(deal.facts.exchange);
    PutPayload(event, record);
    txn.Emit(record.SerializeAsString());
  }
  txn.Put(KeyOf(Table::kDeal, deal.id.text), Serialize<store::DealRecord>(deal));
  if (before == nullptr) {
    IndexParties(txn, Table::kDealByParty, {deal.facts.seller, deal.facts.buyer, deal.facts.exchange},
                 deal.id.text);
    txn.Put(KeyOf(Table::kDealByListing, deal.facts.listing, deal.id.text), "");
    IndexDocument(txn, deal.hashes, "deals/" + deal.id.text);
  }
  storage::MoveDue(txn, deal.id.text, before != nullptr ? NextChange(*before) : std::nullopt,
                   NextChange(deal));
}

void SaveDecision(storage::Txn& txn, const Contract* before, const ContractDecision& decision) {
  const Contract& contract = decision.next;
  storage::MustHold(contract);
  if (decision.events.empty()) return;
  for (const ContractEvent& event : decision.events) {
    store::EventRecord record;
    record.set_deal(contract.deal.text);
    record.set_contract(contract.id.text);
    record.set_listing(contract.listing);
    record.set_exchange(contract.exchange);
    PutPayload(event, record);
    txn.Emit(record.SerializeAsString());
  }
  txn.Put(KeyOf(Table::kContract, contract.id.text), Serialize<store::ContractRecord>(contract));
  if (before == nullptr) {
    IndexParties(txn, Table::kContractByParty, {contract.seller, contract.buyer, contract.exchange},
                 contract.id.text);
    txn.Put(KeyOf(Table::kContractByDeal, contract.deal.text), contract.id.text);
  }
  if (!contract.frozen_text.empty() && (before == nullptr || before->frozen_text.empty())) {
    IndexDocument(txn, contract.hashes, "contracts/" + contract.id.text);
  }
}

void SaveDecision(storage::Txn& txn, const Registration* before, const RegistrationDecision& decision) {
  const Registration& registration = decision.next;
  storage::MustHold(registration);
  if (decision.events.empty()) return;
  for (const RegistrationEvent& event : decision.events) {
    store::EventRecord record;
    record.set_deal(registration.deal.text);
    record.set_contract(registration.contract.text);
    record.set_registration(registration.id.text);
    record.set_listing(registration.listing);
    record.set_exchange(registration.exchange);
    PutPayload(event, record);
    txn.Emit(record.SerializeAsString());
  }
  const std::string& id = registration.id.text;
  txn.Put(KeyOf(Table::kRegistration, id), Serialize<store::RegistrationRecord>(registration));
  if (before == nullptr) {
    IndexParties(txn, Table::kRegistrationByParty,
                 {registration.seller, registration.buyer, registration.exchange}, id);
    txn.Put(KeyOf(Table::kRegistrationByHash, registration.contract_hash), id);
  }
  if (before == nullptr || before->registry != registration.registry) {
    if (before != nullptr) txn.Delete(KeyOf(Table::kRegistrationByRegistry, before->registry, id));
    txn.Put(KeyOf(Table::kRegistrationByRegistry, registration.registry, id), "");
  }
  if (!registration.number.empty() && (before == nullptr || before->number.empty())) {
    txn.Put(KeyOf(Table::kRegistrationByNumber, registration.number), id);
  }
}

std::vector<std::string> ListByParty(const storage::Reader& reader, Table by_party,
                                     std::string_view organization, std::string_view after, size_t limit) {
  return storage::ListTexts(reader, In(by_party, organization), after, limit);
}

std::vector<std::string> ListForRegistry(const storage::Reader& reader, std::string_view registry,
                                         std::string_view after, size_t limit) {
  std::vector<std::string> ids =
      storage::ListTexts(reader, In(Table::kRegistrationByRegistry, registry), after, limit);
  if (registry.empty()) return ids;
  const std::vector<std::string> untaken =
      storage::ListTexts(reader, In(Table::kRegistrationByRegistry, ""), after, limit);
  const auto middle = ids.insert(ids.end(), untaken.begin(), untaken.end());
  std::inplace_merge(ids.begin(), middle, ids.end());
  if (ids.size() > limit) ids.resize(limit);
  return ids;
}

std::vector<DealId> ListDealsOfListing(const storage::Reader& reader, std::string_view listing) {
  constexpr size_t kMostDeals = 1000;
  std::vector<DealId> deals;
  for (std::string& id : storage::ListTexts(reader, In(Table::kDealByListing, listing), "", kMostDeals)) {
    deals.push_back({std::move(id)});
  }
  return deals;
}

std::vector<StoredEvent> ListEvents(const storage::Reader& reader, uint64_t after_sequence, size_t limit) {
  return storage::ReadEvents(reader, after_sequence, limit, FromOutbox);
}

std::optional<SigningKey> LoadSigningKey(const storage::Reader& reader, std::string_view key_id) {
  const auto record = storage::FindRecord<store::SigningKeyRecord>(reader, KeyOf(Table::kSigningKey, key_id));
  return record ? std::optional(FromRecord<store::SigningKeyRecord, SigningKey>(*record)) : std::nullopt;
}

void SaveSigningKey(storage::Txn& txn, const SigningKey& key) {
  txn.Put(KeyOf(Table::kSigningKey, key.key_id), Serialize<store::SigningKeyRecord>(key));
}

std::vector<KnownObjection> ListObjections(const storage::Reader& reader, std::string_view subject) {
  std::vector<KnownObjection> objections;
  const storage::KeyRange range = storage::PrefixRange(KeyOf(Table::kObjection, subject));
  for (const storage::Entry& entry : reader.Scan(range, kMaxOpenObjections)) {
    storage::KeyReader key(entry.key, static_cast<uint8_t>(Table::kObjection));
    key.Text();
    TTX_CHECK(entry.value.size() == 1, "an objection's state is one byte");
    objections.push_back({key.Text(), static_cast<ObjectionState>(entry.value.front())});
  }
  return objections;
}

void SaveObjection(storage::Txn& txn, std::string_view subject, const KnownObjection& objection) {
  const std::string key = KeyOf(Table::kObjection, subject, objection.objection);
  if (objection.state == ObjectionState::kClosed) {
    txn.Delete(key);
  } else {
    txn.Put(key, std::string(1, static_cast<char>(objection.state)));
  }
}

Result<int64_t> TakeDealSequence(storage::Txn& txn, std::string_view exchange_code, int year) {
  const std::string key = In(Table::kDealNumber, exchange_code).U64(static_cast<uint64_t>(year)).str();
  const uint64_t last = storage::FindNumber(txn, key);
  if (last >= static_cast<uint64_t>(kMaxDealSequence)) {
    return Error(Reason::kDEAL_NUMBERS_EXHAUSTED, {{"year", std::to_string(year)}});
  }
  txn.Put(key, storage::NumberValue(last + 1));
  return static_cast<int64_t>(last + 1);
}

}  // namespace ttx::contract
