#include "services/contract/store/contract_store.h"

#include "libs/storage/codec.h"
#include "services/contract/domain/limits.h"
#include "services/contract/domain/message_fields.h"
#include "services/contract/store/record.pb.h"

namespace ttx::contract {
namespace {

using google::protobuf::Message;
using storage::Key;

constexpr uint8_t Id8(Table table) { return static_cast<uint8_t>(table); }

std::string KeyOf(Table table, std::string_view text) { return Key(Id8(table)).Text(text).str(); }
std::string KeyOf(Table table, std::string_view first, std::string_view second) {
  return Key(Id8(table)).Text(first).Text(second).str();
}

template <class Record>
Record Parse(const std::string& bytes) {
  Record record;
  TTX_CHECK(record.ParseFromString(bytes), "a record cannot be parsed");
  return record;
}

template <class Record, class Value>
std::string Serialize(const Value& value) {
  Record record;
  Visit(value, MessageWriter<Message>(record));
  return record.SerializeAsString();
}

template <class Record, class Value>
Value Deserialize(const std::string& bytes) {
  const auto record = Parse<Record>(bytes);
  Value value;
  Visit(value, MessageReader<Message>(record));
  return value;
}

template <class Record, class Value>
std::optional<Value> Load(const storage::Reader& reader, Table table, std::string_view id) {
  const auto bytes = reader.Get(KeyOf(table, id));
  if (!bytes) return std::nullopt;
  auto value = Deserialize<Record, Value>(*bytes);
  const auto violation = Check(value);
  TTX_CHECK(!violation, violation.value_or(""));
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
  const auto record = Parse<store::EventRecord>(stored.payload);
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

template <class Value>
void CheckBeforeWrite(const Value& value) {
  const auto violation = Check(value);
  TTX_CHECK(!violation, violation.value_or(""));
}

void IndexParties(storage::Txn& txn, Table table, std::initializer_list<std::string_view> organizations,
                  std::string_view id) {
  for (const std::string_view organization : organizations) txn.Put(KeyOf(table, organization, id), "");
}

void IndexDocument(storage::Txn& txn, const DocumentHashes& hashes, const std::string& resource) {
  txn.Put(KeyOf(Table::kDocument, hashes.sha256), resource);
  txn.Put(KeyOf(Table::kDocument, hashes.sm3), resource);
}

std::optional<std::string> GetText(const storage::Reader& reader, Table table, std::string_view key) {
  return reader.Get(KeyOf(table, key));
}

// The last text of each key of `range` after the key of `after`.
std::vector<std::string> LastTexts(const storage::Reader& reader, const Key& prefix, Table table, int skip,
                                   std::string_view after, size_t limit) {
  storage::KeyRange range = storage::PrefixRange(prefix.str());
  if (!after.empty()) range.begin = Key(prefix).Text(after).str() + '\0';
  std::vector<std::string> texts;
  for (const storage::Entry& entry : reader.Scan(range, limit)) {
    storage::KeyReader key(entry.key, Id8(table));
    for (int i = 0; i < skip; ++i) key.Text();
    texts.push_back(key.Text());
  }
  return texts;
}

}  // namespace

std::optional<Deal> LoadDeal(const storage::Reader& reader, const DealId& id) {
  return Load<store::DealRecord, Deal>(reader, Table::kDeal, id.text);
}

std::optional<Contract> LoadContract(const storage::Reader& reader, const ContractId& id) {
  return Load<store::ContractRecord, Contract>(reader, Table::kContract, id.text);
}

std::optional<Registration> LoadRegistration(const storage::Reader& reader, const RegistrationId& id) {
  return Load<store::RegistrationRecord, Registration>(reader, Table::kRegistration, id.text);
}

std::optional<ContractId> FindContractOfDeal(const storage::Reader& reader, const DealId& deal) {
  const auto id = GetText(reader, Table::kContractByDeal, deal.text);
  return id ? std::optional(ContractId{*id}) : std::nullopt;
}

std::optional<RegistrationId> FindRegistrationOfHash(const storage::Reader& reader,
                                                     std::string_view contract_hash) {
  const auto id = GetText(reader, Table::kRegistrationByHash, contract_hash);
  return id ? std::optional(RegistrationId{*id}) : std::nullopt;
}

std::optional<RegistrationId> FindRegistrationNumber(const storage::Reader& reader, std::string_view number) {
  const auto id = GetText(reader, Table::kRegistrationByNumber, number);
  return id ? std::optional(RegistrationId{*id}) : std::nullopt;
}

std::optional<std::string> FindDocument(const storage::Reader& reader, std::string_view hash) {
  return GetText(reader, Table::kDocument, hash);
}

void SaveDecision(storage::Txn& txn, const Deal* before, const DealDecision& decision) {
  const Deal& deal = decision.next;
  CheckBeforeWrite(deal);
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
  const std::optional<Time> old_due = before != nullptr ? NextChange(*before) : std::nullopt;
  const std::optional<Time> new_due = NextChange(deal);
  if (old_due == new_due) return;
  if (old_due) txn.ClearDue(*old_due, deal.id.text);
  if (new_due) txn.SetDue(*new_due, deal.id.text);
}

void SaveDecision(storage::Txn& txn, const Contract* before, const ContractDecision& decision) {
  const Contract& contract = decision.next;
  CheckBeforeWrite(contract);
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
  CheckBeforeWrite(registration);
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
  if (!registration.number.empty() && (before == nullptr || before->number.empty())) {
    txn.Put(KeyOf(Table::kRegistrationByNumber, registration.number), id);
  }
}

std::vector<std::string> ListByParty(const storage::Reader& reader, Table by_party,
                                     std::string_view organization, std::string_view after, size_t limit) {
  return LastTexts(reader, Key(Id8(by_party)).Text(organization), by_party, 1, after, limit);
}

std::vector<std::string> ListRegistrations(const storage::Reader& reader, std::string_view after,
                                           size_t limit) {
  return LastTexts(reader, Key(Id8(Table::kRegistration)), Table::kRegistration, 0, after, limit);
}

std::vector<DealId> ListDealsOfListing(const storage::Reader& reader, std::string_view listing) {
  constexpr size_t kMostDeals = 1000;
  std::vector<DealId> deals;
  for (std::string& id : LastTexts(reader, Key(Id8(Table::kDealByListing)).Text(listing),
                                   Table::kDealByListing, 1, "", kMostDeals)) {
    deals.push_back({std::move(id)});
  }
  return deals;
}

std::vector<StoredEvent> ListEvents(const storage::Reader& reader, uint64_t after_sequence, size_t limit) {
  std::vector<StoredEvent> events;
  for (const storage::OutboxEvent& stored : storage::ReadOutbox(reader, after_sequence, limit)) {
    events.push_back(FromOutbox(stored));
  }
  return events;
}

std::optional<SigningKey> LoadSigningKey(const storage::Reader& reader, std::string_view key_id) {
  const auto bytes = GetText(reader, Table::kSigningKey, key_id);
  if (!bytes) return std::nullopt;
  return Deserialize<store::SigningKeyRecord, SigningKey>(*bytes);
}

void SaveSigningKey(storage::Txn& txn, const SigningKey& key) {
  txn.Put(KeyOf(Table::kSigningKey, key.key_id), Serialize<store::SigningKeyRecord>(key));
}

std::optional<std::string> LoadOrganizationCode(const storage::Reader& reader,
                                                std::string_view organization) {
  return GetText(reader, Table::kOrganizationCode, organization);
}

void SaveOrganizationCode(storage::Txn& txn, std::string_view organization, const std::string& uscc) {
  txn.Put(KeyOf(Table::kOrganizationCode, organization), uscc);
}

std::vector<KnownObjection> ListObjections(const storage::Reader& reader, std::string_view subject) {
  std::vector<KnownObjection> objections;
  const Key prefix = Key(Id8(Table::kObjection)).Text(subject);
  for (const storage::Entry& entry : reader.Scan(storage::PrefixRange(prefix.str()), kMaxOpenObjections)) {
    storage::KeyReader key(entry.key, Id8(Table::kObjection));
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
  const std::string key =
      Key(Id8(Table::kDealNumber)).Text(exchange_code).U64(static_cast<uint64_t>(year)).str();
  uint64_t last = 0;
  if (const auto bytes = txn.Get(key)) {
    std::string_view rest = *bytes;
    const auto stored = storage::TakeU64(rest);
    TTX_CHECK(stored.has_value() && rest.empty(), "a number series is damaged");
    last = *stored;
  }
  if (last >= static_cast<uint64_t>(kMaxDealSequence)) {
    return Error(Reason::kDEAL_NUMBERS_EXHAUSTED, {{"year", std::to_string(year)}});
  }
  std::string value;
  storage::AppendU64(value, last + 1);
  txn.Put(key, value);
  return static_cast<int64_t>(last + 1);
}

}  // namespace ttx::contract
