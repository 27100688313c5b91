#include "services/contract/rpc/convert.h"

#include "libs/core/encoding.h"
#include "libs/rpc/proto_time.h"
#include "services/contract/domain/message_fields.h"

namespace ttx::contract {
namespace {

using google::protobuf::Message;

constexpr size_t kHashDigits = 64;
constexpr size_t kMaxSignatureBytes = 72;

// The API's enums have the names of the domain's.
template <class E, class Parse>
E Named(const std::string& name, Parse parse) {
  E value{};
  TTX_CHECK(parse(name, &value), "an API enum lacks " + name);
  return value;
}

template <class Value>
void Write(const Value& value, Message* message) {
  Visit(value, MessageWriter<Message>(*message));
}

template <class Value>
Value Read(const Message& message) {
  Value value;
  Visit(value, MessageReader<Message>(message));
  return value;
}

template <class Values, class Messages>
void WriteAll(const Values& values, Messages* messages) {
  for (const auto& value : values) Write(value, messages->Add());
}

void SetTime(Time time, google::protobuf::Timestamp* to) { *to = rpc::ToProtoTime(time); }

template <class Parsed>
Result<Parsed> ParseResource(std::string_view name, std::string_view collection, std::string_view field) {
  TTX_TRY(std::string id, ParseName(name, collection, field));
  return Parsed{std::move(id)};
}

v1::Defaulter ToProto(Defaulter defaulter) {
  if (defaulter == Defaulter::kNone) return v1::DEFAULTER_UNSPECIFIED;
  return Named<v1::Defaulter>(NameOf(defaulter),
                              [](const auto& n, auto* v) { return v1::Defaulter_Parse(n, v); });
}

v1::Contract::EndReason EndReasonOf(const std::string& reason) {
  if (reason.empty()) return v1::Contract::END_REASON_UNSPECIFIED;
  return Named<v1::Contract::EndReason>(
      reason, [](const auto& n, auto* v) { return v1::Contract::EndReason_Parse(n, v); });
}

v1::Registration::RefusalCode ToProto(RefusalCode code) {
  return Named<v1::Registration::RefusalCode>(
      NameOf(code), [](const auto& n, auto* v) { return v1::Registration::RefusalCode_Parse(n, v); });
}

}  // namespace

Result<DealId> ParseDealName(std::string_view name, std::string_view field) {
  return ParseResource<DealId>(name, "deals", field);
}

Result<ContractId> ParseContractName(std::string_view name, std::string_view field) {
  return ParseResource<ContractId>(name, "contracts", field);
}

Result<RegistrationId> ParseRegistrationName(std::string_view name, std::string_view field) {
  return ParseResource<RegistrationId>(name, "registrations", field);
}

Result<std::string> ParseHash(const std::string& text, std::string_view field) {
  if (text.empty()) return InvalidField(std::string(field), Reason::kREQUIRED);
  const std::optional<std::string> bytes = FromHex(text);
  if (text.size() != kHashDigits || !bytes) {
    return InvalidField(std::string(field), Reason::kBAD_FORMAT, "64 hexadecimal digits");
  }
  return Hex(*bytes);
}

Result<SignatureInput> FromProto(const v1::SignatureInput& from) {
  SignatureInput input;
  TTX_TRY(input.document_hash, ParseHash(from.document_hash(), "signature.document_hash"));
  TTX_TRY(input.key_id, ParseHash(from.key_id(), "signature.key_id"));
  if (from.suite() != "ECDSA-P256-SHA256" && from.suite() != "SM2-SM3") {
    return InvalidField("signature.suite", Reason::kUNKNOWN_VALUE, "ECDSA-P256-SHA256 or SM2-SM3");
  }
  if (from.value().empty()) return InvalidField("signature.value", Reason::kREQUIRED);
  if (from.value().size() > kMaxSignatureBytes) {
    return InvalidField("signature.value", Reason::kTOO_LONG, std::to_string(kMaxSignatureBytes) + " bytes");
  }
  input.suite = from.suite();
  input.value = from.value();
  return input;
}

Manifest FromProto(const v1::Manifest& from) { return Read<Manifest>(from); }
Amounts FromProto(const v1::Amounts& from) { return Read<Amounts>(from); }

std::vector<LineItem> FromProto(const google::protobuf::RepeatedPtrField<v1::LineItem>& from) {
  std::vector<LineItem> items;
  for (const v1::LineItem& item : from) items.push_back(Read<LineItem>(item));
  return items;
}

RefusalCode FromProto(v1::Registration::RefusalCode from) {
  return EnumNamed<RefusalCode>(v1::Registration::RefusalCode_Name(from)).value_or(RefusalCode::kUnspecified);
}

v1::Deal ToProto(const DealView& view) {
  const Deal& deal = view.deal;
  v1::Deal to;
  to.set_name("deals/" + deal.id.text);
  to.set_uid(deal.id.text);
  to.set_number(deal.number);
  to.set_state(Named<v1::Deal::State>(NameOf(deal.state),
                                      [](const auto& n, auto* v) { return v1::Deal::State_Parse(n, v); }));
  Write(deal.facts, to.mutable_facts());
  to.set_currency_code("CNY");
  to.set_confirmation(deal.confirmation);
  Write(deal.hashes, to.mutable_hashes());
  to.set_confirmation_date(FormatDate(deal.confirmation_deadline.date));
  to.set_contract_date(FormatDate(deal.contract_deadline.date));
  to.set_provisional(deal.confirmation_deadline.provisional || deal.contract_deadline.provisional);
  WriteAll(deal.signatures, to.mutable_signatures());
  for (const std::string& objection : deal.objections) to.add_objections(objection);
  to.set_contract(view.contract);
  to.set_defaulter(ToProto(deal.defaulter));
  to.set_cancel_reason(deal.cancel_reason);
  SetTime(deal.create_time, to.mutable_create_time());
  SetTime(deal.update_time, to.mutable_update_time());
  to.set_etag(std::to_string(deal.version));
  return to;
}

v1::Contract ToProto(const ContractView& view) {
  const Contract& contract = view.contract;
  v1::Contract to;
  to.set_name("contracts/" + contract.id.text);
  to.set_uid(contract.id.text);
  to.set_deal("deals/" + contract.deal.text);
  to.set_listing(contract.listing);
  to.set_exchange(contract.exchange);
  to.set_seller(contract.seller);
  to.set_buyer(contract.buyer);
  to.set_state(Named<v1::Contract::State>(
      NameOf(contract.state), [](const auto& n, auto* v) { return v1::Contract::State_Parse(n, v); }));
  Write(contract.manifest, to.mutable_manifest());
  to.set_canonical_text(view.text);
  Write(contract.hashes, to.mutable_hashes());
  for (const FieldViolation& missing : MissingElements(contract.manifest)) {
    auto* element = to.add_missing_elements();
    element->set_field(missing.field);
    element->set_reason(std::string(ReasonName(missing.reason)));
    element->set_limit(missing.limit);
  }
  WriteAll(contract.acceptances, to.mutable_acceptances());
  WriteAll(contract.signatures, to.mutable_signatures());
  if (const Proposal& proposal = contract.proposal; proposal.act != ProposedAct::kNone) {
    auto& out = *to.mutable_proposal();
    out.set_act(Named<v1::Contract::Proposal::Act>(NameOf(proposal.act), [](const auto& n, auto* v) {
      return v1::Contract::Proposal::Act_Parse(n, v);
    }));
    out.set_reason(EndReasonOf(proposal.reason));
    out.set_note(proposal.note);
    out.set_person(proposal.person);
    SetTime(proposal.propose_time, out.mutable_propose_time());
  }
  to.set_condition_evidence(contract.condition_evidence);
  if (contract.effective_time) {
    SetTime(contract.effective_time, to.mutable_effective_time());
    SetTime(contract.payment_due_time, to.mutable_payment_due_time());
  }
  to.set_defaulter(ToProto(contract.defaulter));
  to.set_end_reason(EndReasonOf(contract.end_reason));
  to.set_end_note(contract.end_note);
  to.set_registration(view.registration);
  SetTime(contract.create_time, to.mutable_create_time());
  SetTime(contract.update_time, to.mutable_update_time());
  to.set_etag(std::to_string(contract.version));
  return to;
}

v1::Registration ToProto(const Registration& registration) {
  v1::Registration to;
  to.set_name("registrations/" + registration.id.text);
  to.set_uid(registration.id.text);
  to.set_contract("contracts/" + registration.contract.text);
  to.set_deal("deals/" + registration.deal.text);
  to.set_listing(registration.listing);
  to.set_exchange(registration.exchange);
  to.set_state(Named<v1::Registration::State>(NameOf(registration.state), [](const auto& n, auto* v) {
    return v1::Registration::State_Parse(n, v);
  }));
  to.set_contract_hash(registration.contract_hash);
  to.set_contract_type(registration.contract_type);
  WriteAll(registration.items, to.mutable_items());
  Write(registration.amounts, to.mutable_amounts());
  to.set_currency_code("CNY");
  to.set_registry(registration.registry);
  to.set_supplement_request(registration.supplement_request);
  to.set_supplement_note(registration.supplement_note);
  if (registration.accept_time) {
    SetTime(registration.accept_time, to.mutable_accept_time());
    to.set_decide_by_date(FormatDate(registration.decide_by.date));
    to.set_provisional(registration.decide_by.provisional);
  }
  to.set_number(registration.number);
  to.set_panel_record_sha256(registration.panel_record_sha256);
  to.set_refusal_code(ToProto(registration.refusal_code));
  to.set_refusal_note(registration.refusal_note);
  SetTime(registration.create_time, to.mutable_create_time());
  SetTime(registration.update_time, to.mutable_update_time());
  to.set_etag(std::to_string(registration.version));
  return to;
}

namespace {

void FillEffective(const EventView& view, const ContractEffective& event, v1::ContractEffective& to) {
  TTX_CHECK(view.deal && view.contract, "a contract took effect without its resources");
  const DealFacts& facts = view.deal->facts;
  to.set_contract("contracts/" + view.stored.contract.text);
  to.set_deal("deals/" + view.stored.deal.text);
  to.set_listing(facts.listing);
  to.set_exchange(facts.exchange);
  to.set_seller(facts.seller);
  to.set_seller_legal_name(facts.seller_legal_name);
  to.set_buyer(facts.buyer);
  to.set_buyer_legal_name(facts.buyer_legal_name);
  to.set_title(facts.title);
  to.set_kind(facts.kind);
  for (const std::string& number : facts.ip_numbers) to.add_ip_numbers(number);
  to.set_right_scope(facts.right_scope);
  to.set_intent(facts.intent);
  to.set_price_fen(facts.price.value);
  to.set_deposit_fen(facts.deposit.value);
  to.set_manifest_hash(view.contract->hashes.sha256);
  SetTime(view.stored.time, to.mutable_effective_time());
  to.set_method(facts.method);
  to.set_log_hash(facts.log_hash);
  to.set_listed_price_fen(facts.listed_price.value);
  SetTime(event.payment_due_time, to.mutable_payment_due_time());
  to.set_profile(facts.profile);
  to.set_listing_start_date(facts.listing_start_date);
  to.set_listing_end_date(facts.listing_end_date);
  to.set_share_ppm(facts.share.ppm);
}

// The payloads other services act on; what is left is told as a change of a resource.
struct PayloadWriter {
  const EventView& view;
  v1::Event& to;
  std::string deal;
  std::string contract;

  void operator()(const ContractEffective& event) const {
    FillEffective(view, event, *to.mutable_contract_effective());
  }
  void operator()(const DealExpired& event) const {
    auto& out = *to.mutable_contract_expired();
    out.set_contract(event.contract);
    out.set_deal(deal);
    out.set_listing(view.stored.listing);
    out.set_defaulter(ToProto(event.defaulter));
  }
  void operator()(const DealCancelled& event) const {
    auto& out = *to.mutable_deal_cancelled();
    out.set_deal(deal);
    out.set_listing(view.stored.listing);
    out.set_objection(event.objection);
    out.set_contract(event.contract);
  }
  void operator()(const ContractTerminated& event) const {
    auto& out = *to.mutable_contract_terminated();
    out.set_contract(contract);
    out.set_deal(deal);
    out.set_listing(view.stored.listing);
    out.set_exchange(view.stored.exchange);
    out.set_reason(EndReasonOf(event.reason));
  }
  void operator()(const ContractRegistered& event) const {
    TTX_CHECK(view.registration.has_value(), "a contract was registered without its registration");
    auto& out = *to.mutable_contract_registered();
    out.set_contract(contract);
    out.set_deal(deal);
    out.set_listing(view.stored.listing);
    out.set_exchange(view.stored.exchange);
    out.set_registration_number(event.number);
    out.set_total_fen(view.registration->amounts.total.value);
    out.set_technical_fen(view.registration->amounts.technical.value);
    out.set_non_technical_fen(view.registration->amounts.non_technical.value);
  }
  void operator()(const RegistrationRefused& event) const {
    auto& out = *to.mutable_registration_refused();
    out.set_contract(contract);
    out.set_deal(deal);
    out.set_code(ToProto(event.code));
  }
  template <class Other>
  void operator()(const Other&) const {
    const StoredEvent& stored = view.stored;
    auto& out = *to.mutable_resource_changed();
    out.set_resource(!stored.registration.empty() ? "registrations/" + stored.registration.text
                     : !stored.contract.empty()   ? contract
                                                  : deal);
    out.set_change(Other::kName);
  }
};

}  // namespace

v1::Event ToProto(const EventView& view) {
  const StoredEvent& stored = view.stored;
  v1::Event to;
  to.set_sequence(static_cast<int64_t>(stored.sequence));
  SetTime(stored.time, to.mutable_event_time());
  to.set_exchange(stored.exchange);
  to.set_deal("deals/" + stored.deal.text);
  to.set_listing(stored.listing);
  const PayloadWriter writer{view, to, "deals/" + stored.deal.text, "contracts/" + stored.contract.text};
  std::visit([&](const auto& event) { std::visit(writer, event.payload); }, stored.event);
  return to;
}

}  // namespace ttx::contract
