#pragma once

#include <array>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/core/calendar.h"
#include "libs/core/result.h"
#include "services/contract/domain/contract.h"
#include "services/contract/domain/manifest.h"

namespace ttx::contract {

using RegistrationId = Id<struct RegistrationTag>;

/// Where a registration (合同登记) stands (domain.md 6.6).
enum class RegistrationState { kApplied, kSupplement, kAccepted, kRegistered, kRefused };
inline constexpr std::array<std::string_view, 5> kRegistrationStateNames = {
    "APPLIED", "SUPPLEMENT", "ACCEPTED", "REGISTERED", "REFUSED"};
constexpr const auto& NamesOf(RegistrationState) { return kRegistrationStateNames; }

/// Why a registry refuses (domain.md 6.6).
enum class RefusalCode {
  kUnspecified,
  kNotTechContract,
  kIncomplete,
  kOral,
  kPartiesUnclear,
  kObjectUnclear,
  kIllegalOrMonopoly,
  kDuplicate,
  kWrongRegistry,
  kStateSecretUncleared,
  kFalse,
};
inline constexpr std::array<std::string_view, 11> kRefusalCodeNames = {"REFUSAL_CODE_UNSPECIFIED",
                                                                       "NOT_TECH_CONTRACT",
                                                                       "INCOMPLETE",
                                                                       "ORAL",
                                                                       "PARTIES_UNCLEAR",
                                                                       "OBJECT_UNCLEAR",
                                                                       "ILLEGAL_OR_MONOPOLY",
                                                                       "DUPLICATE",
                                                                       "WRONG_REGISTRY",
                                                                       "STATE_SECRET_UNCLEARED",
                                                                       "FALSE"};
constexpr const auto& NamesOf(RefusalCode) { return kRefusalCodeNames; }

/// Time limits of a registry (domain.md 6.5): they differ by region and are waiting for the final text of the
/// rule.
struct RegistrationRules {
  int32_t decide_workdays = 15;
  int32_t large_decide_workdays = 30;
  Fen large_technical{
      500'000'000};  // from this technical amount on: a panel of experts, and the longer limit
};

struct Registration {
  RegistrationId id;
  ContractId contract;
  DealId deal;
  std::string listing;
  std::string exchange;
  std::string seller;
  std::string buyer;
  std::string contract_hash;  // SHA-256 of the contract's canonical bytes, hexadecimal
  std::string contract_type;  // TECHNOLOGY_TRANSFER | TECHNOLOGY_LICENSE | DEVELOPMENT | CONSULTING | SERVICE
  RegistrationState state = RegistrationState::kApplied;
  std::vector<LineItem> items;
  Amounts amounts;
  std::string applicant;  // "people/{id}"
  std::string registry;   // "organizations/{id}", from the first act of a registry on
  std::string registrar;  // "people/{id}" of the last act
  std::string supplement_request;
  std::string supplement_note;
  Time accept_time;
  Deadline decide_by;  // since ACCEPTED
  std::string number;  // given by the registry
  std::string panel_record_sha256;
  RefusalCode refusal_code = RefusalCode::kUnspecified;
  std::string refusal_note;
  Time create_time;
  Time update_time;
  int64_t version = 0;
  bool operator==(const Registration&) const = default;
};
template <FieldsOf<Registration> S, class V>
void Visit(S& s, V&& visit) {
  visit("id", s.id);
  visit("contract", s.contract);
  visit("deal", s.deal);
  visit("listing", s.listing);
  visit("exchange", s.exchange);
  visit("seller", s.seller);
  visit("buyer", s.buyer);
  visit("contract_hash", s.contract_hash);
  visit("contract_type", s.contract_type);
  visit("state", s.state);
  visit("items", s.items);
  visit("amounts", s.amounts);
  visit("applicant", s.applicant);
  visit("registry", s.registry);
  visit("registrar", s.registrar);
  visit("supplement_request", s.supplement_request);
  visit("supplement_note", s.supplement_note);
  visit("accept_time", s.accept_time);
  visit("decide_by", s.decide_by);
  visit("number", s.number);
  visit("panel_record_sha256", s.panel_record_sha256);
  visit("refusal_code", s.refusal_code);
  visit("refusal_note", s.refusal_note);
  visit("create_time", s.create_time);
  visit("update_time", s.update_time);
  visit("version", s.version);
}

// --- Events

struct RegistrationApplied {
  static constexpr const char* kName = "registration_applied";
  RegistrationId id;
  ContractId contract;
  DealId deal;
  std::string listing;
  std::string exchange;
  std::string seller;
  std::string buyer;
  std::string contract_hash;
  std::string contract_type;
  std::vector<LineItem> items;
  std::string person;
  bool operator==(const RegistrationApplied&) const = default;
};
template <FieldsOf<RegistrationApplied> S, class V>
void Visit(S& s, V&& visit) {
  visit("id", s.id);
  visit("contract", s.contract);
  visit("deal", s.deal);
  visit("listing", s.listing);
  visit("exchange", s.exchange);
  visit("seller", s.seller);
  visit("buyer", s.buyer);
  visit("contract_hash", s.contract_hash);
  visit("contract_type", s.contract_type);
  visit("items", s.items);
  visit("person", s.person);
}

struct RegistrationAccepted {
  static constexpr const char* kName = "registration_accepted";
  std::string registry;
  std::string person;
  Deadline decide_by;
  bool operator==(const RegistrationAccepted&) const = default;
};
template <FieldsOf<RegistrationAccepted> S, class V>
void Visit(S& s, V&& visit) {
  visit("registry", s.registry);
  visit("person", s.person);
  visit("decide_by", s.decide_by);
}

struct SupplementRequested {
  static constexpr const char* kName = "supplement_requested";
  std::string registry;
  std::string person;
  std::string request;
  bool operator==(const SupplementRequested&) const = default;
};
template <FieldsOf<SupplementRequested> S, class V>
void Visit(S& s, V&& visit) {
  visit("registry", s.registry);
  visit("person", s.person);
  visit("request", s.request);
}

struct Supplemented {
  static constexpr const char* kName = "supplemented";
  std::string note;
  std::vector<LineItem> items;
  std::string person;
  bool operator==(const Supplemented&) const = default;
};
template <FieldsOf<Supplemented> S, class V>
void Visit(S& s, V&& visit) {
  visit("note", s.note);
  visit("items", s.items);
  visit("person", s.person);
}

struct ContractRegistered {
  static constexpr const char* kName = "contract_registered";
  std::string number;
  std::string panel_record_sha256;
  std::string person;
  bool operator==(const ContractRegistered&) const = default;
};
template <FieldsOf<ContractRegistered> S, class V>
void Visit(S& s, V&& visit) {
  visit("number", s.number);
  visit("panel_record_sha256", s.panel_record_sha256);
  visit("person", s.person);
}

struct RegistrationRefused {
  static constexpr const char* kName = "registration_refused";
  RefusalCode code = RefusalCode::kUnspecified;
  std::string note;
  std::string person;
  bool operator==(const RegistrationRefused&) const = default;
};
template <FieldsOf<RegistrationRefused> S, class V>
void Visit(S& s, V&& visit) {
  visit("code", s.code);
  visit("note", s.note);
  visit("person", s.person);
}

struct RegistrationEvent {
  Time time;
  std::variant<RegistrationApplied, RegistrationAccepted, SupplementRequested, Supplemented,
               ContractRegistered, RegistrationRefused>
      payload;
  bool operator==(const RegistrationEvent&) const = default;
};

// --- Commands

struct ApplyForRegistration {
  RegistrationId id;
  std::vector<LineItem> items;
  std::string person;
};
struct AcceptRegistration {
  std::string registry;
  std::string person;
  Deadline decide_by;  // by RegistrationRules
};
struct RequestSupplement {
  std::string registry;
  std::string person;
  std::string request;
};
struct SupplementRegistration {
  std::string note;
  std::vector<LineItem> items;  // empty: as before
  std::string person;
};
/// The amounts are what the registry found; they must be those of the application.
struct RegisterContract {
  std::string registry;
  std::string person;
  std::string number;
  Amounts amounts;
  std::string panel_record_sha256;
};
struct RefuseRegistration {
  std::string registry;
  std::string person;
  RefusalCode code = RefusalCode::kUnspecified;
  std::string note;
};

struct RegistrationDecision {
  Registration next;
  std::vector<RegistrationEvent> events;
};

/// WRONG_STATE unless the contract is EFFECTIVE, DEAL_SUSPENDED, DEADLINE_PASSED after the contract's last
/// day, INVALID_FIELD (items), ITEMS_MISMATCH with each field unless they are the contract's, OUT_OF_RANGE
/// unless 0 < T.
Result<RegistrationDecision> Decide(const Contract& contract, const Deal& deal,
                                    const ApplyForRegistration& command, Time now);
// A registry's act. Precedence: WRONG_STATE (of the registration, then of the contract, which must be
// EFFECTIVE or COMPLETED), DEAL_SUSPENDED where it says so, REGISTRY_IS_PARTY, SAME_PERSON, then its own
// rules. NOT_FOUND for another registry than the one that took the case is the app's.
/// APPLIED. DEAL_SUSPENDED.
Result<RegistrationDecision> Decide(const Registration& state, const AcceptRegistration& command,
                                    const Contract& contract, const Deal& deal, Time now);
/// APPLIED.
Result<RegistrationDecision> Decide(const Registration& state, const RequestSupplement& command,
                                    const Contract& contract, Time now);
/// ACCEPTED. DEAL_SUSPENDED; BAD_FORMAT, AMOUNTS_MISMATCH, PANEL_RECORD_REQUIRED.
Result<RegistrationDecision> Decide(const Registration& state, const RegisterContract& command,
                                    const Contract& contract, const Deal& deal,
                                    const RegistrationRules& rules, Time now);
/// ACCEPTED, whatever became of the contract.
Result<RegistrationDecision> Decide(const Registration& state, const RefuseRegistration& command, Time now);
/// SUPPLEMENT. INVALID_FIELD and ITEMS_MISMATCH as when applying.
Result<RegistrationDecision> Decide(const Registration& state, const SupplementRegistration& command,
                                    const Contract& contract, Time now);

[[nodiscard]] Registration Apply(Registration state, const RegistrationEvent& event);
std::optional<std::string> Check(const Registration& registration);

/// The time a registry has from `accept_date` on.
Deadline DecideBy(const Calendar& calendar, const RegistrationRules& rules, Fen technical, Date accept_date);
/// 14 or 16 digits: whose they are is the registry's matter (domain.md 6.6).
bool IsRegistrationNumber(std::string_view number);
/// The type a kind of domain.md 3.1 is registered as.
std::string ContractType(std::string_view kind);

}  // namespace ttx::contract
