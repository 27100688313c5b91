#include "services/contract/domain/registration.h"

#include <algorithm>

#include "libs/core/encoding.h"
#include "libs/core/text.h"
#include "services/contract/domain/limits.h"

namespace ttx::contract {
namespace {

class Recorder {
 public:
  Recorder(Registration state, Time now) : now_(now) { decision_.next = std::move(state); }

  RegistrationDecision Add(decltype(RegistrationEvent::payload) payload) {
    RegistrationEvent event{now_, std::move(payload)};
    decision_.next = Apply(std::move(decision_.next), event);
    decision_.events.push_back(std::move(event));
    return std::move(decision_);
  }

 private:
  const Time now_;
  RegistrationDecision decision_;
};

Error WrongState(const std::string& resource, std::string state, const char* command) {
  return Error(Reason::kWRONG_STATE,
               {{"resource", resource}, {"state", std::move(state)}, {"command", command}});
}

Error WrongState(const Registration& registration, const char* command) {
  return WrongState("registrations/" + registration.id.text, NameOf(registration.state), command);
}

std::optional<Error> RefuseContract(const Contract& contract, const char* command) {
  if (contract.state == ContractState::kEffective || contract.state == ContractState::kCompleted)
    return std::nullopt;
  return WrongState("contracts/" + contract.id.text, NameOf(contract.state), command);
}

std::optional<Error> RefuseDeal(const Deal& deal) {
  if (!deal.suspended()) return std::nullopt;
  return Error(Reason::kDEAL_SUSPENDED, {{"objection", deal.objections.front()}});
}

std::optional<Error> RefuseRegistrar(const Registration& state, const std::string& registry,
                                     const std::string& person) {
  if (registry == state.seller || registry == state.buyer) return Error(Reason::kREGISTRY_IS_PARTY);
  if (person == state.applicant) return Error(Reason::kSAME_PERSON);
  return std::nullopt;
}

// A registry judges the price as the parties signed it: name, kind and amount of every item, in their order.
std::vector<FieldViolation> ItemDifferences(const std::vector<LineItem>& items,
                                            const std::vector<LineItem>& signed_items) {
  if (items.size() != signed_items.size()) {
    return {{"items", Reason::kITEMS_MISMATCH, std::to_string(signed_items.size())}};
  }
  std::vector<FieldViolation> violations;
  for (size_t i = 0; i < items.size(); ++i) {
    const LineItem& expected = signed_items[i];
    const std::string path = "items[" + std::to_string(i) + "]";
    const auto differs = [&](const char* field, std::string limit) {
      violations.push_back({path + field, Reason::kITEMS_MISMATCH, std::move(limit)});
    };
    if (items[i].description != expected.description) differs(".description", expected.description);
    if (items[i].kind != expected.kind) differs(".kind", NameOf(expected.kind));
    if (items[i].amount != expected.amount) differs(".amount_fen", std::to_string(expected.amount.value));
  }
  return violations;
}

Status RefuseItems(const std::vector<LineItem>& items, const Manifest& manifest) {
  std::vector<FieldViolation> violations;
  CheckItems(items, "items", violations);
  if (!violations.empty())
    return Error(Reason::kINVALID_FIELD, {{"field", violations.front().field}}, violations);
  if (violations = ItemDifferences(items, manifest.items); !violations.empty()) {
    return Error(Reason::kITEMS_MISMATCH, {{"field", violations.front().field}}, violations);
  }
  if (AmountsOf(items).technical.value <= 0) {
    return InvalidField("items", Reason::kOUT_OF_RANGE, "0 < technical");
  }
  return {};
}

}  // namespace

Deadline DecideBy(const Calendar& calendar, const RegistrationRules& rules, Fen technical, Date accept_date) {
  const bool large = technical >= rules.large_technical;
  return MakeDeadline(calendar, accept_date, large ? rules.large_decide_workdays : rules.decide_workdays);
}

bool IsRegistrationNumber(std::string_view number) {
  return (number.size() == 14 || number.size() == 16) &&
         std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string ContractType(std::string_view kind) {
  if (kind.starts_with("LICENSE_")) return "TECHNOLOGY_LICENSE";
  if (kind.starts_with("DEVELOPMENT_")) return "DEVELOPMENT";
  if (kind == "CONSULTING") return "CONSULTING";
  if (kind == "SERVICE") return "SERVICE";
  return "TECHNOLOGY_TRANSFER";
}

Result<RegistrationDecision> Decide(const Contract& contract, const Deal& deal,
                                    const ApplyForRegistration& command, Time now) {
  if (contract.state != ContractState::kEffective) {
    return WrongState("contracts/" + contract.id.text, NameOf(contract.state), "applyForRegistration");
  }
  if (const auto refusal = RefuseDeal(deal)) return *refusal;
  TTX_TRY(const Date last, ParseDate(contract.manifest.valid_until, "manifest.valid_until"));
  if (now >= EndOfDay(last))
    return Error(Reason::kDEADLINE_PASSED, {{"date", contract.manifest.valid_until}});
  TTX_RETURN_IF_ERROR(RefuseItems(command.items, contract.manifest));
  return Recorder({}, now).Add(
      RegistrationApplied{command.id, contract.id, contract.deal, contract.listing, contract.exchange,
                          contract.seller, contract.buyer, contract.hashes.sha256,
                          ContractType(contract.manifest.object.kind), command.items, command.person});
}

Result<RegistrationDecision> Decide(const Registration& state, const AcceptRegistration& command,
                                    const Contract& contract, const Deal& deal, Time now) {
  if (state.state != RegistrationState::kApplied) return WrongState(state, "accept");
  if (const auto refusal = RefuseContract(contract, "accept")) return *refusal;
  if (const auto refusal = RefuseDeal(deal)) return *refusal;
  if (const auto refusal = RefuseRegistrar(state, command.registry, command.person)) return *refusal;
  return Recorder(state, now).Add(RegistrationAccepted{command.registry, command.person, command.decide_by});
}

Result<RegistrationDecision> Decide(const Registration& state, const RequestSupplement& command,
                                    const Contract& contract, Time now) {
  if (state.state != RegistrationState::kApplied) return WrongState(state, "requestSupplement");
  if (const auto refusal = RefuseContract(contract, "requestSupplement")) return *refusal;
  if (const auto refusal = RefuseRegistrar(state, command.registry, command.person)) return *refusal;
  TTX_RETURN_IF_ERROR(CheckText(command.request, 1, kMaxClauseChars, "request", Lines::kMultiple));
  return Recorder(state, now).Add(SupplementRequested{command.registry, command.person, command.request});
}

Result<RegistrationDecision> Decide(const Registration& state, const SupplementRegistration& command,
                                    const Contract& contract, Time now) {
  if (state.state != RegistrationState::kSupplement) return WrongState(state, "supplement");
  if (const auto refusal = RefuseContract(contract, "supplement")) return *refusal;
  TTX_RETURN_IF_ERROR(CheckText(command.note, 1, kMaxClauseChars, "note", Lines::kMultiple));
  const std::vector<LineItem>& items = command.items.empty() ? state.items : command.items;
  TTX_RETURN_IF_ERROR(RefuseItems(items, contract.manifest));
  return Recorder(state, now).Add(Supplemented{command.note, items, command.person});
}

Result<RegistrationDecision> Decide(const Registration& state, const RegisterContract& command,
                                    const Contract& contract, const Deal& deal,
                                    const RegistrationRules& rules, Time now) {
  if (state.state != RegistrationState::kAccepted) return WrongState(state, "register");
  if (const auto refusal = RefuseContract(contract, "register")) return *refusal;
  if (const auto refusal = RefuseDeal(deal)) return *refusal;
  if (const auto refusal = RefuseRegistrar(state, command.registry, command.person)) return *refusal;
  if (!IsRegistrationNumber(command.number)) {
    return InvalidField("number", Reason::kBAD_FORMAT, "14 or 16 digits");
  }
  const std::pair<const char*, std::pair<Fen, Fen>> amounts[] = {
      {"total_fen", {command.amounts.total, state.amounts.total}},
      {"technical_fen", {command.amounts.technical, state.amounts.technical}},
      {"non_technical_fen", {command.amounts.non_technical, state.amounts.non_technical}}};
  std::vector<FieldViolation> violations;
  for (const auto& [field, values] : amounts) {
    if (values.first != values.second) {
      violations.push_back({field, Reason::kAMOUNTS_MISMATCH, std::to_string(values.second.value)});
    }
  }
  if (!violations.empty()) {
    return Error(Reason::kAMOUNTS_MISMATCH, {{"expected", violations.front().limit}}, violations);
  }
  const std::string& digest = command.panel_record_sha256;
  if (digest.empty() ? state.amounts.technical >= rules.large_technical
                     : (digest.size() != 64 || !FromHex(digest))) {
    if (digest.empty()) return Error(Reason::kPANEL_RECORD_REQUIRED);
    return InvalidField("panel_record_sha256", Reason::kBAD_FORMAT, "64 hexadecimal digits");
  }
  return Recorder(state, now).Add(ContractRegistered{command.number, digest, command.person});
}

Result<RegistrationDecision> Decide(const Registration& state, const RefuseRegistration& command, Time now) {
  if (state.state != RegistrationState::kAccepted) return WrongState(state, "refuse");
  if (const auto refusal = RefuseRegistrar(state, command.registry, command.person)) return *refusal;
  if (command.code == RefusalCode::kUnspecified) return InvalidField("code", Reason::kREQUIRED);
  TTX_RETURN_IF_ERROR(CheckText(command.note, 1, kMaxClauseChars, "note", Lines::kMultiple));
  return Recorder(state, now).Add(RegistrationRefused{command.code, command.note, command.person});
}

namespace {

Registration Applied(Registration, const RegistrationApplied& event, Time time) {
  Registration state;
  state.id = event.id;
  state.contract = event.contract;
  state.deal = event.deal;
  state.listing = event.listing;
  state.exchange = event.exchange;
  state.seller = event.seller;
  state.buyer = event.buyer;
  state.contract_hash = event.contract_hash;
  state.contract_type = event.contract_type;
  state.items = event.items;
  state.amounts = AmountsOf(event.items);
  state.applicant = event.person;
  state.create_time = time;
  return state;
}

Registration Applied(Registration state, const RegistrationAccepted& event, Time time) {
  state.state = RegistrationState::kAccepted;
  state.registry = event.registry;
  state.registrar = event.person;
  state.accept_time = time;
  state.decide_by = event.decide_by;
  return state;
}

Registration Applied(Registration state, const SupplementRequested& event, Time) {
  state.state = RegistrationState::kSupplement;
  state.registry = event.registry;
  state.registrar = event.person;
  state.supplement_request = event.request;
  return state;
}

Registration Applied(Registration state, const Supplemented& event, Time) {
  state.state = RegistrationState::kApplied;
  state.supplement_note = event.note;
  state.items = event.items;
  state.amounts = AmountsOf(event.items);
  state.applicant = event.person;
  return state;
}

Registration Applied(Registration state, const ContractRegistered& event, Time) {
  state.state = RegistrationState::kRegistered;
  state.number = event.number;
  state.panel_record_sha256 = event.panel_record_sha256;
  state.registrar = event.person;
  return state;
}

Registration Applied(Registration state, const RegistrationRefused& event, Time) {
  state.state = RegistrationState::kRefused;
  state.refusal_code = event.code;
  state.refusal_note = event.note;
  state.registrar = event.person;
  return state;
}

}  // namespace

Registration Apply(Registration state, const RegistrationEvent& event) {
  const int64_t version = state.version;
  state = std::visit([&](const auto& payload) { return Applied(std::move(state), payload, event.time); },
                     event.payload);
  state.version = version + 1;
  state.update_time = event.time;
  return state;
}

std::optional<std::string> Check(const Registration& registration) {
  const auto fail = [&](const char* what) {
    return std::optional("registration " + registration.id.text + ": " + what);
  };
  if (registration.amounts != AmountsOf(registration.items))
    return fail("amounts that are not those of the items");
  if (registration.amounts.technical.value <= 0) return fail("nothing technical");
  if ((registration.state == RegistrationState::kRegistered) != !registration.number.empty()) {
    return fail("a number without a registration, or a registration without a number");
  }
  if ((registration.state == RegistrationState::kRefused) !=
      (registration.refusal_code != RefusalCode::kUnspecified)) {
    return fail("a refusal without a code, or a code without a refusal");
  }
  if (registration.registry == registration.seller || registration.registry == registration.buyer) {
    return fail("registered by a party");
  }
  return std::nullopt;
}

}  // namespace ttx::contract
