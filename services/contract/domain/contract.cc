#include "services/contract/domain/contract.h"

#include <algorithm>

#include "services/contract/domain/canonical_json.h"
#include "services/contract/domain/limits.h"

namespace ttx::contract {
namespace {

class Recorder {
 public:
  Recorder(Contract state, Time now) : now_(now) { decision_.next = std::move(state); }

  void Add(decltype(ContractEvent::payload) payload) {
    ContractEvent event{now_, std::move(payload)};
    decision_.next = Apply(std::move(decision_.next), event);
    decision_.events.push_back(std::move(event));
  }
  const Contract& state() const { return decision_.next; }
  ContractDecision Take() { return std::move(decision_); }

 private:
  const Time now_;
  ContractDecision decision_;
};

Error WrongState(const Contract& contract, const char* command) {
  return Error(Reason::kWRONG_STATE, {{"resource", "contracts/" + contract.id.text},
                                      {"state", NameOf(contract.state)},
                                      {"command", command}});
}

// In which states a command may run, by the order of ContractState.
enum class Act { kUpdate, kAccept, kFreeze, kSign, kMeetCondition, kComplete, kTerminate, kExpire };

// The act that a proposal stands for.
Act ActOf(ProposedAct act) {
  return act == ProposedAct::kMeetCondition ? Act::kMeetCondition : Act::kTerminate;
}

bool Allows(ContractState state, Act act) {
  switch (state) {
    case ContractState::kDrafted:
      return act == Act::kUpdate || act == Act::kTerminate || act == Act::kExpire;
    case ContractState::kNegotiating:
      return act == Act::kUpdate || act == Act::kAccept || act == Act::kFreeze || act == Act::kTerminate ||
             act == Act::kExpire;
    case ContractState::kReady:
    case ContractState::kPartial:
      return act == Act::kSign || act == Act::kTerminate || act == Act::kExpire;
    case ContractState::kSigned:
      return act == Act::kMeetCondition || act == Act::kTerminate;
    case ContractState::kEffective:
      return act == Act::kComplete || act == Act::kTerminate;
    case ContractState::kCompleted:
    case ContractState::kExpired:
    case ContractState::kTerminated:
      return false;
  }
  TTX_CHECK(false, "unreachable");
}

std::optional<Error> RefuseForDeal(const Deal& deal, bool timely, Time now) {
  if (deal.suspended()) return Error(Reason::kDEAL_SUSPENDED, {{"objection", deal.objections.front()}});
  if (timely && HasPassed(deal.contract_deadline, now)) {
    return Error(Reason::kDEADLINE_PASSED, {{"date", FormatDate(deal.contract_deadline.date)}});
  }
  return std::nullopt;
}

// Why the act of a proposal is not to be, now.
std::optional<Error> RefuseAct(const Contract& state, ProposedAct act, const Deal& deal, Time now) {
  const bool meets = act == ProposedAct::kMeetCondition;
  if (!Allows(state.state, ActOf(act))) return WrongState(state, meets ? "meetCondition" : "terminate");
  return meets ? RefuseForDeal(deal, false, now) : std::nullopt;
}

Error Incomplete(const Contract& contract) {
  return Error(Reason::kMANIFEST_INCOMPLETE, {{"resource", "contracts/" + contract.id.text}},
               MissingElements(contract.manifest));
}

Status CheckSize(size_t canonical_bytes) {
  if (canonical_bytes <= kMaxCanonicalBytes) return {};
  return InvalidField("manifest", Reason::kTOO_LONG, std::to_string(kMaxCanonicalBytes));
}

bool HasSigned(const Contract& contract, Side side) {
  return std::any_of(contract.signatures.begin(), contract.signatures.end(),
                     [&](const Signature& signature) { return signature.side == side; });
}

bool HasAccepted(const Contract& contract, Side side) {
  return std::any_of(contract.acceptances.begin(), contract.acceptances.end(),
                     [&](const TextAcceptance& acceptance) { return acceptance.side == side; });
}

Defaulter DefaulterOf(bool seller_acted, bool buyer_acted) {
  if (seller_acted == buyer_acted) return Defaulter::kBoth;
  return seller_acted ? Defaulter::kTransferee : Defaulter::kTransferor;
}

// What the parties sign.
struct ContractText {
  std::string format = "TTX-CONTRACT-1";
  std::string contract;
  std::string deal;
  std::string deal_number;
  std::string exchange;
  std::string method;
  std::string auction;
  std::string log_hash;
  std::string price_capital;
  Manifest manifest;
};
template <FieldsOf<ContractText> S, class V>
void Visit(S& s, V&& visit) {
  visit("format", s.format);
  visit("contract", s.contract);
  visit("deal", s.deal);
  visit("deal_number", s.deal_number);
  visit("exchange", s.exchange);
  visit("method", s.method);
  visit("auction", s.auction);
  visit("log_hash", s.log_hash);
  visit("price_capital", s.price_capital);
  visit("manifest", s.manifest);
}

}  // namespace

std::string CanonicalText(const ContractId& id, const Deal& deal, const Manifest& manifest) {
  ContractText text;
  text.contract = "contracts/" + id.text;
  text.deal = "deals/" + deal.id.text;
  text.deal_number = deal.number;
  text.exchange = deal.facts.exchange;
  text.method = deal.facts.method;
  text.auction = deal.facts.auction;
  text.log_hash = deal.facts.log_hash;
  text.price_capital = manifest.price.value > 0 ? FormatYuanCapital(manifest.price) : "";
  text.manifest = manifest;
  return CanonicalJson(text);
}

bool HasTakenEffect(const Contract& contract) { return static_cast<bool>(contract.effective_time); }

bool IsConcluded(const Contract& contract) { return contract.signatures.size() == 2; }

Defaulter MissingSide(const Contract& contract) {
  if (!contract.frozen_text.empty()) {
    return DefaulterOf(HasSigned(contract, Side::kSeller), HasSigned(contract, Side::kBuyer));
  }
  return DefaulterOf(HasAccepted(contract, Side::kSeller), HasAccepted(contract, Side::kBuyer));
}

Result<ContractDecision> Decide(const Deal& deal, const DraftContract& command, Time now) {
  if (IsOver(deal)) {
    return Error(Reason::kWRONG_STATE, {{"resource", "deals/" + deal.id.text},
                                        {"state", NameOf(deal.state)},
                                        {"command", "createContract"}});
  }
  TTX_RETURN_IF_ERROR(CheckShape(command.manifest));
  TTX_RETURN_IF_ERROR(CheckSize(CanonicalText(command.id, deal, command.manifest).size()));
  Recorder recorder({}, now);
  recorder.Add(ContractDrafted{command.id, deal.id, deal.facts.listing, deal.facts.exchange,
                               deal.facts.seller, deal.facts.buyer, command.manifest, command.hashes,
                               command.person});
  return recorder.Take();
}

Result<ContractDecision> Decide(const Contract& state, const UpdateContract& command, Time now) {
  if (!Allows(state.state, Act::kUpdate)) return WrongState(state, "update");
  TTX_RETURN_IF_ERROR(CheckShape(command.manifest));
  TTX_RETURN_IF_ERROR(CheckSize(CanonicalJson(command.manifest).size()));
  Recorder recorder(state, now);
  recorder.Add(ContractUpdated{command.manifest, command.hashes, command.person});
  return recorder.Take();
}

Result<ContractDecision> Decide(const Contract& state, const AcceptText& command, Time now) {
  TTX_CHECK(command.side != Side::kExchange, "only parties accept the text");
  if (state.state == ContractState::kDrafted) return Incomplete(state);
  if (!Allows(state.state, Act::kAccept)) return WrongState(state, "acceptText");
  if (command.text_hash != state.hashes.sha256) {
    return Error(Reason::kTEXT_CHANGED, {{"text_hash", state.hashes.sha256}});
  }
  Recorder recorder(state, now);
  if (!HasAccepted(state, command.side)) {
    recorder.Add(TextAccepted{{command.side, command.person, command.text_hash, now}});
  }
  return recorder.Take();
}

Result<ContractDecision> Decide(const Contract& state, const FreezeContract& command, const Deal& deal,
                                Time now) {
  if (state.state == ContractState::kDrafted) return Incomplete(state);
  if (!Allows(state.state, Act::kFreeze)) return WrongState(state, "freeze");
  if (const auto refusal = RefuseForDeal(deal, true, now)) return *refusal;
  if (deal.state != DealState::kConfirmed) {
    return Error(Reason::kDEAL_NOT_CONFIRMED,
                 {{"resource", "deals/" + deal.id.text}, {"state", NameOf(deal.state)}});
  }
  if (const auto differences = DealDifferences(state.manifest, deal.facts); !differences.empty()) {
    return Error(Reason::kDEAL_MISMATCH, {{"field", differences.front().field}}, differences);
  }
  if (const PaymentForm form = state.manifest.payment.form; form != PaymentForm::kLumpSum) {
    return Error(Reason::kPAYMENT_FORM_UNSUPPORTED, {{"form", NameOf(form)}},
                 {{"manifest.payment.form", Reason::kPAYMENT_FORM_UNSUPPORTED, "LUMP_SUM"}});
  }
  if (!HasAccepted(state, Side::kSeller) || !HasAccepted(state, Side::kBuyer)) {
    return Error(Reason::kTEXT_NOT_ACCEPTED, {{"text_hash", state.hashes.sha256}});
  }
  Recorder recorder(state, now);
  recorder.Add(ContractFrozen{CanonicalText(state.id, deal, state.manifest), command.person});
  return recorder.Take();
}

Result<ContractDecision> Decide(const Contract& state, const SignContract& command, const Deal& deal,
                                Time now) {
  if (!Allows(state.state, Act::kSign)) return WrongState(state, "sign");
  if (const auto refusal = RefuseForDeal(deal, true, now)) return *refusal;
  const Side side = command.attempt.side;
  TTX_CHECK(side != Side::kExchange, "only parties sign the contract");
  if (HasSigned(state, side)) return Error(Reason::kALREADY_SIGNED, {{"side", NameOf(side)}});
  if (const auto refusal = RefuseAttempt(command.attempt, state.hashes)) return *refusal;
  Recorder recorder(state, now);
  recorder.Add(ContractSigned{Accept(command.attempt, now)});
  if (recorder.state().state == ContractState::kSigned && !state.manifest.approval_required) {
    recorder.Add(ContractEffective{command.payment_due_time, "", command.attempt.person});
  }
  return recorder.Take();
}

Result<ContractDecision> Decide(const Contract& state, const ProposeAct& command, const Deal& deal,
                                Time now) {
  TTX_CHECK(command.act != ProposedAct::kNone, "a proposal of nothing");
  if (const auto refusal = RefuseAct(state, command.act, deal, now)) return *refusal;
  Recorder recorder(state, now);
  recorder.Add(ActProposed{{command.act, command.reason, command.note, command.person, now}});
  return recorder.Take();
}

Result<ContractDecision> Decide(const Contract& state, const ConfirmAct& command, const Deal& deal,
                                Time now) {
  const Proposal& proposal = state.proposal;
  if (proposal.act == ProposedAct::kNone) return Error(Reason::kNO_PROPOSAL);
  if (command.person.empty() || command.person == proposal.person) return Error(Reason::kSAME_PERSON);
  if (const auto refusal = RefuseAct(state, proposal.act, deal, now)) return *refusal;
  Recorder recorder(state, now);
  if (proposal.act == ProposedAct::kMeetCondition) {
    recorder.Add(ContractEffective{command.payment_due_time, proposal.note, command.person});
  } else {
    recorder.Add(ContractTerminated{proposal.reason, proposal.note, command.person});
  }
  return recorder.Take();
}

Result<ContractDecision> Decide(const Contract& state, const CompleteContract& command, Time now) {
  if (!Allows(state.state, Act::kComplete)) return WrongState(state, "complete");
  if (!command.registered) {
    return Error(Reason::kCONTRACT_NOT_REGISTERED, {{"resource", "contracts/" + state.id.text}});
  }
  Recorder recorder(state, now);
  recorder.Add(ContractCompleted{command.note, command.person});
  return recorder.Take();
}

Result<ContractDecision> Decide(const Contract& state, const TerminateContract& command, Time now) {
  if (!Allows(state.state, Act::kTerminate)) return WrongState(state, "terminate");
  Recorder recorder(state, now);
  recorder.Add(ContractTerminated{command.reason, command.note, ""});
  return recorder.Take();
}

Result<ContractDecision> Decide(const Contract& state, const ExpireContract& command, Time now) {
  if (!Allows(state.state, Act::kExpire)) return WrongState(state, "expire");
  Recorder recorder(state, now);
  recorder.Add(ContractExpired{command.defaulter});
  return recorder.Take();
}

namespace {

ContractState StateOfText(const Manifest& manifest) {
  return MissingElements(manifest).empty() ? ContractState::kNegotiating : ContractState::kDrafted;
}

Contract Applied(Contract, const ContractDrafted& event, Time time) {
  Contract state;
  state.id = event.id;
  state.deal = event.deal;
  state.listing = event.listing;
  state.exchange = event.exchange;
  state.seller = event.seller;
  state.buyer = event.buyer;
  state.manifest = event.manifest;
  state.hashes = event.hashes;
  state.drafter = event.person;
  state.state = StateOfText(event.manifest);
  state.create_time = time;
  return state;
}

Contract Applied(Contract state, const ContractUpdated& event, Time) {
  state.manifest = event.manifest;
  state.hashes = event.hashes;
  state.drafter = event.person;
  state.acceptances.clear();
  state.state = StateOfText(event.manifest);
  return state;
}

Contract Applied(Contract state, const TextAccepted& event, Time) {
  state.acceptances.push_back(event.acceptance);
  return state;
}

Contract Applied(Contract state, const ContractFrozen& event, Time) {
  state.frozen_text = event.text;
  state.state = ContractState::kReady;
  return state;
}

Contract Applied(Contract state, const ContractSigned& event, Time) {
  state.signatures.push_back(event.signature);
  state.state = IsConcluded(state) ? ContractState::kSigned : ContractState::kPartial;
  return state;
}

Contract Applied(Contract state, const ActProposed& event, Time) {
  state.proposal = event.proposal;
  return state;
}

Contract Applied(Contract state, const ContractEffective& event, Time time) {
  state.proposal = {};
  state.state = ContractState::kEffective;
  state.effective_time = time;
  state.payment_due_time = event.payment_due_time;
  state.condition_evidence = event.condition_evidence;
  return state;
}

Contract Applied(Contract state, const ContractCompleted& event, Time) {
  state.proposal = {};
  state.state = ContractState::kCompleted;
  state.end_note = event.note;
  return state;
}

Contract Applied(Contract state, const ContractExpired& event, Time) {
  state.proposal = {};
  state.state = ContractState::kExpired;
  state.defaulter = event.defaulter;
  return state;
}

Contract Applied(Contract state, const ContractTerminated& event, Time) {
  state.proposal = {};
  state.state = ContractState::kTerminated;
  state.end_reason = event.reason;
  state.end_note = event.note;
  return state;
}

}  // namespace

Contract Apply(Contract state, const ContractEvent& event) {
  const int64_t version = state.version;
  state = std::visit([&](const auto& payload) { return Applied(std::move(state), payload, event.time); },
                     event.payload);
  state.version = version + 1;
  state.update_time = event.time;
  return state;
}

std::optional<std::string> Check(const Contract& contract) {
  const auto fail = [&](const char* what) {
    return std::optional("contract " + contract.id.text + ": " + what);
  };
  const bool frozen = !contract.frozen_text.empty();
  const size_t signatures = contract.signatures.size();
  if (contract.acceptances.size() > 2 || signatures > 2) return fail("more than two parties");
  if (!frozen && signatures > 0) return fail("signatures on a text that is not frozen");
  for (const TextAcceptance& acceptance : contract.acceptances) {
    if (acceptance.text_hash != contract.hashes.sha256) return fail("an acceptance of another text");
  }
  for (const Signature& signature : contract.signatures) {
    if (signature.side == Side::kExchange) return fail("signed by the exchange");
    if (signature.document_hash != contract.hashes.sha256 && signature.document_hash != contract.hashes.sm3) {
      return fail("a signature over another text");
    }
  }
  if (signatures == 2 && contract.signatures[0].side == contract.signatures[1].side)
    return fail("one party signed twice");
  switch (contract.state) {
    case ContractState::kDrafted:
    case ContractState::kNegotiating:
      if (frozen) return fail("a frozen text in negotiation");
      break;
    case ContractState::kReady:
      if (!frozen || signatures != 0) return fail("READY with signatures or without a text");
      break;
    case ContractState::kPartial:
      if (signatures != 1) return fail("PARTIAL without one signature");
      break;
    case ContractState::kSigned:
    case ContractState::kEffective:
    case ContractState::kCompleted:
      if (signatures != 2) return fail("concluded without both signatures");
      break;
    case ContractState::kExpired:
      if (signatures == 2 || contract.defaulter == Defaulter::kNone)
        return fail("EXPIRED though concluded, or by nobody");
      break;
    case ContractState::kTerminated:
      if (contract.end_reason.empty()) return fail("TERMINATED without a reason");
      break;
  }
  const bool over = contract.state == ContractState::kCompleted ||
                    contract.state == ContractState::kExpired || contract.state == ContractState::kTerminated;
  if (over && contract.proposal.act != ProposedAct::kNone) return fail("something waits though all is over");
  if (contract.effective_time && signatures != 2) return fail("effective without both signatures");
  return std::nullopt;
}

}  // namespace ttx::contract
