#pragma once

#include <array>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/core/result.h"
#include "services/contract/domain/deal.h"
#include "services/contract/domain/manifest.h"
#include "services/contract/domain/signature.h"

namespace ttx::contract {

using ContractId = Id<struct ContractTag>;

/// Where a contract stands (domain.md 6.4).
enum class ContractState {
  kDrafted,      // elements are missing
  kNegotiating,  // complete; the text may still change
  kReady,        // frozen
  kPartial,      // one party signed
  kSigned,       // both signed; an agreed or required condition is open
  kEffective,
  kCompleted,
  kExpired,
  kTerminated,
};
inline constexpr std::array<std::string_view, 9> kContractStateNames = {
    "DRAFTED",   "NEGOTIATING", "READY",   "PARTIAL",   "SIGNED",
    "EFFECTIVE", "COMPLETED",   "EXPIRED", "TERMINATED"};
constexpr const auto& NamesOf(ContractState) { return kContractStateNames; }

/// A party agrees to one text.
struct TextAcceptance {
  Side side = Side::kSeller;
  std::string person;
  std::string text_hash;
  Time accept_time;
  bool operator==(const TextAcceptance&) const = default;
};
template <FieldsOf<TextAcceptance> S, class V>
void Visit(S& s, V&& visit) {
  visit("side", s.side);
  visit("person", s.person);
  visit("text_hash", s.text_hash);
  visit("accept_time", s.accept_time);
}

/// What one person of the exchange states and another confirms: it makes the contract effective, or ends it.
enum class ProposedAct { kNone, kMeetCondition, kTerminate };
inline constexpr std::array<std::string_view, 3> kProposedActNames = {"NONE", "MEET_CONDITION", "TERMINATE"};
constexpr const auto& NamesOf(ProposedAct) { return kProposedActNames; }

struct Proposal {
  ProposedAct act = ProposedAct::kNone;
  std::string reason;  // of a termination: AGREEMENT | RESCISSION | JUDGMENT
  std::string note;    // what shows it; for kMeetCondition the evidence of the approval
  std::string person;  // "people/{id}"
  Time propose_time;
  bool operator==(const Proposal&) const = default;
};
template <FieldsOf<Proposal> S, class V>
void Visit(S& s, V&& visit) {
  visit("act", s.act);
  visit("reason", s.reason);
  visit("note", s.note);
  visit("person", s.person);
  visit("propose_time", s.propose_time);
}

struct Contract {
  ContractId id;
  DealId deal;
  std::string listing;
  std::string exchange;
  std::string seller;
  std::string buyer;
  Manifest manifest;
  DocumentHashes hashes;  // of the canonical bytes of the present text
  ContractState state = ContractState::kDrafted;
  std::vector<TextAcceptance> acceptances;  // of the present text
  std::string frozen_text;                  // the canonical bytes everybody signs; empty before READY
  std::vector<Signature> signatures;
  Proposal proposal;               // waits for a second person
  std::string condition_evidence;  // of the approval that `approval_required` waits for
  Time effective_time;
  Time payment_due_time;
  Defaulter defaulter = Defaulter::kNone;
  std::string end_reason;  // AGREEMENT | RESCISSION | JUDGMENT | OBJECTION_UPHELD
  std::string end_note;
  std::string drafter;  // "people/{id}"
  Time create_time;
  Time update_time;
  int64_t version = 0;
  bool operator==(const Contract&) const = default;
};
template <FieldsOf<Contract> S, class V>
void Visit(S& s, V&& visit) {
  visit("id", s.id);
  visit("deal", s.deal);
  visit("listing", s.listing);
  visit("exchange", s.exchange);
  visit("seller", s.seller);
  visit("buyer", s.buyer);
  visit("manifest", s.manifest);
  visit("hashes", s.hashes);
  visit("state", s.state);
  visit("acceptances", s.acceptances);
  visit("frozen_text", s.frozen_text);
  visit("signatures", s.signatures);
  visit("proposal", s.proposal);
  visit("condition_evidence", s.condition_evidence);
  visit("effective_time", s.effective_time);
  visit("payment_due_time", s.payment_due_time);
  visit("defaulter", s.defaulter);
  visit("end_reason", s.end_reason);
  visit("end_note", s.end_note);
  visit("drafter", s.drafter);
  visit("create_time", s.create_time);
  visit("update_time", s.update_time);
  visit("version", s.version);
}

// --- Events

struct ContractDrafted {
  static constexpr const char* kName = "contract_drafted";
  ContractId id;
  DealId deal;
  std::string listing;
  std::string exchange;
  std::string seller;
  std::string buyer;
  Manifest manifest;
  DocumentHashes hashes;
  std::string person;
  bool operator==(const ContractDrafted&) const = default;
};
template <FieldsOf<ContractDrafted> S, class V>
void Visit(S& s, V&& visit) {
  visit("id", s.id);
  visit("deal", s.deal);
  visit("listing", s.listing);
  visit("exchange", s.exchange);
  visit("seller", s.seller);
  visit("buyer", s.buyer);
  visit("manifest", s.manifest);
  visit("hashes", s.hashes);
  visit("person", s.person);
}

/// Every acceptance of the text before falls.
struct ContractUpdated {
  static constexpr const char* kName = "contract_updated";
  Manifest manifest;
  DocumentHashes hashes;
  std::string person;
  bool operator==(const ContractUpdated&) const = default;
};
template <FieldsOf<ContractUpdated> S, class V>
void Visit(S& s, V&& visit) {
  visit("manifest", s.manifest);
  visit("hashes", s.hashes);
  visit("person", s.person);
}

struct TextAccepted {
  static constexpr const char* kName = "text_accepted";
  TextAcceptance acceptance;
  bool operator==(const TextAccepted&) const = default;
};
template <FieldsOf<TextAccepted> S, class V>
void Visit(S& s, V&& visit) {
  visit("acceptance", s.acceptance);
}

struct ContractFrozen {
  static constexpr const char* kName = "contract_frozen";
  std::string text;
  std::string person;
  bool operator==(const ContractFrozen&) const = default;
};
template <FieldsOf<ContractFrozen> S, class V>
void Visit(S& s, V&& visit) {
  visit("text", s.text);
  visit("person", s.person);
}

/// The second one makes the contract SIGNED.
struct ContractSigned {
  static constexpr const char* kName = "contract_signed";
  Signature signature;
  bool operator==(const ContractSigned&) const = default;
};
template <FieldsOf<ContractSigned> S, class V>
void Visit(S& s, V&& visit) {
  visit("signature", s.signature);
}

/// Takes the place of an earlier proposal.
struct ActProposed {
  static constexpr const char* kName = "act_proposed";
  Proposal proposal;
  bool operator==(const ActProposed&) const = default;
};
template <FieldsOf<ActProposed> S, class V>
void Visit(S& s, V&& visit) {
  visit("proposal", s.proposal);
}

struct ContractEffective {
  static constexpr const char* kName = "contract_effective";
  Time payment_due_time;
  std::string condition_evidence;  // empty when there was no condition
  std::string person;
  bool operator==(const ContractEffective&) const = default;
};
template <FieldsOf<ContractEffective> S, class V>
void Visit(S& s, V&& visit) {
  visit("payment_due_time", s.payment_due_time);
  visit("condition_evidence", s.condition_evidence);
  visit("person", s.person);
}

struct ContractCompleted {
  static constexpr const char* kName = "contract_completed";
  std::string note;
  std::string person;
  bool operator==(const ContractCompleted&) const = default;
};
template <FieldsOf<ContractCompleted> S, class V>
void Visit(S& s, V&& visit) {
  visit("note", s.note);
  visit("person", s.person);
}

struct ContractExpired {
  static constexpr const char* kName = "contract_expired";
  Defaulter defaulter = Defaulter::kNone;
  bool operator==(const ContractExpired&) const = default;
};
template <FieldsOf<ContractExpired> S, class V>
void Visit(S& s, V&& visit) {
  visit("defaulter", s.defaulter);
}

struct ContractTerminated {
  static constexpr const char* kName = "contract_terminated";
  std::string reason;
  std::string note;
  std::string person;  // who confirmed it; empty when an objection did it
  bool operator==(const ContractTerminated&) const = default;
};
template <FieldsOf<ContractTerminated> S, class V>
void Visit(S& s, V&& visit) {
  visit("reason", s.reason);
  visit("note", s.note);
  visit("person", s.person);
}

struct ContractEvent {
  Time time;
  std::variant<ContractDrafted, ContractUpdated, TextAccepted, ContractFrozen, ContractSigned, ActProposed,
               ContractEffective, ContractCompleted, ContractExpired, ContractTerminated>
      payload;
  bool operator==(const ContractEvent&) const = default;
};

// --- Commands

/// `hashes` are those of CanonicalText of the same values.
struct DraftContract {
  ContractId id;
  Manifest manifest;
  DocumentHashes hashes;
  std::string person;
};
struct UpdateContract {
  Manifest manifest;
  DocumentHashes hashes;
  std::string person;
};
struct AcceptText {
  Side side = Side::kSeller;
  std::string text_hash;  // SHA-256 of the text the party saw
  std::string person;
};
struct FreezeContract {
  std::string person;
};
struct SignContract {
  SignAttempt attempt;
  Time payment_due_time;  // if the contract becomes effective now
};
/// By one person of the exchange. `act` is not kNone.
struct ProposeAct {
  ProposedAct act = ProposedAct::kTerminate;
  std::string reason;
  std::string note;
  std::string person;
};
/// By another one.
struct ConfirmAct {
  std::string person;
  Time payment_due_time;  // if the contract becomes effective now
};
/// `registered`: a registry has registered this text.
struct CompleteContract {
  std::string note;
  std::string person;
  bool registered = false;
};
/// Because an objection was upheld: no person of the exchange decides here.
struct TerminateContract {
  std::string reason;
  std::string note;
};
struct ExpireContract {
  Defaulter defaulter = Defaulter::kBoth;
};

struct ContractDecision {
  Contract next;
  std::vector<ContractEvent> events;
};

/// WRONG_STATE when the deal is over; INVALID_FIELD (CheckShape).
Result<ContractDecision> Decide(const Deal& deal, const DraftContract& command, Time now);
// Total: every state answers. Each checks the state first (WRONG_STATE), then, where it says so, the deal
// (DEAL_SUSPENDED, DEADLINE_PASSED), then its own rules.
/// DRAFTED, NEGOTIATING. INVALID_FIELD.
Result<ContractDecision> Decide(const Contract& state, const UpdateContract& command, Time now);
/// NEGOTIATING. MANIFEST_INCOMPLETE (DRAFTED, with every missing element), TEXT_CHANGED. Accepting again
/// changes nothing.
Result<ContractDecision> Decide(const Contract& state, const AcceptText& command, Time now);
/// NEGOTIATING. MANIFEST_INCOMPLETE (DRAFTED), the deal, DEAL_NOT_CONFIRMED, DEAL_MISMATCH with each field
/// (invariant C4), PAYMENT_FORM_UNSUPPORTED (only lump sums are settled), TEXT_NOT_ACCEPTED.
Result<ContractDecision> Decide(const Contract& state, const FreezeContract& command, const Deal& deal,
                                Time now);
/// READY, PARTIAL. The deal, ALREADY_SIGNED, then RefuseAttempt. The second signature concludes the contract
/// (Civil Code art. 502): EFFECTIVE at once unless an approval is required.
Result<ContractDecision> Decide(const Contract& state, const SignContract& command, const Deal& deal,
                                Time now);
/// To meet the condition: SIGNED, the deal (DEAL_SUSPENDED only). To terminate: every state but COMPLETED,
/// EXPIRED and TERMINATED.
Result<ContractDecision> Decide(const Contract& state, const ProposeAct& command, const Deal& deal, Time now);
/// NO_PROPOSAL, SAME_PERSON (also for nobody), then what ProposeAct refuses: the state may be another one by
/// now.
Result<ContractDecision> Decide(const Contract& state, const ConfirmAct& command, const Deal& deal, Time now);
/// EFFECTIVE. CONTRACT_NOT_REGISTERED: a contract that is done takes no application any more.
Result<ContractDecision> Decide(const Contract& state, const CompleteContract& command, Time now);
/// Every state but COMPLETED, EXPIRED and TERMINATED.
Result<ContractDecision> Decide(const Contract& state, const TerminateContract& command, Time now);
/// DRAFTED, NEGOTIATING, READY, PARTIAL.
Result<ContractDecision> Decide(const Contract& state, const ExpireContract& command, Time now);

[[nodiscard]] Contract Apply(Contract state, const ContractEvent& event);

/// What must hold of every contract at rest; names the first violation.
std::optional<std::string> Check(const Contract& contract);

/// EFFECTIVE, or it was once: what ends it now ends no deal that could still come about.
bool HasTakenEffect(const Contract& contract);

/// The canonical bytes of a contract's text: what its parties accept, freeze and sign.
std::string CanonicalText(const ContractId& id, const Deal& deal, const Manifest& manifest);

/// Whether every party has signed.
bool IsConcluded(const Contract& contract);
/// Whose act the contract lacks (domain.md 6.4): of a frozen one, a signature; before, the acceptance of the
/// text, or, when both accepted, both signatures.
Defaulter MissingSide(const Contract& contract);

}  // namespace ttx::contract
