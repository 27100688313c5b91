#include "services/contract/app/contract_app.h"

#include <algorithm>

#include "libs/core/etag.h"
#include "libs/core/text.h"
#include "libs/core/uscc.h"
#include "libs/crypto/digest.h"
#include "libs/crypto/signature.h"
#include "libs/storage/exchange_codes.h"
#include "libs/storage/table.h"
#include "services/contract/domain/limits.h"

namespace ttx::contract {
namespace {

// How often a deadline that waits for the next holiday table is looked at again.
constexpr Duration kProvisionalRecheck = Hours(24);

DocumentHashes HashesOf(const std::string& text) {
  return {crypto::Hex(crypto::Sha256(text)), crypto::Hex(crypto::Sm3(text))};
}

bool IsStaff(const Principal& caller) {
  return caller.HasRole("EXCHANGE_CLERK") || caller.HasRole("EXCHANGE_OFFICER");
}
bool IsRegistry(const Principal& caller) { return caller.HasRole("REGISTRY"); }

bool IsInsider(const Principal& caller, const std::string& seller, const std::string& buyer,
               const std::string& exchange) {
  if (caller.organization.empty()) return false;
  return caller.organization == seller || caller.organization == buyer ||
         (caller.organization == exchange && IsStaff(caller));
}

// The seller's or the buyer's side; the exchange's staff are no party.
Result<Side> PartySide(const Principal& caller, const Contract& contract) {
  if (caller.organization == contract.seller) return Side::kSeller;
  if (caller.organization == contract.buyer) return Side::kBuyer;
  return Error(Reason::kPERMISSION_DENIED);
}

Status NeedSeller(const Principal& caller, const std::string& seller) {
  if (caller.organization == seller) return {};
  return Error(Reason::kPERMISSION_DENIED);
}

Status NeedExchange(const Principal& caller, const std::string& exchange) {
  if (caller.organization == exchange && IsStaff(caller)) return {};
  return Error(Reason::kPERMISSION_DENIED);
}

// Finds out what the decision needs to know about a signature over `text`, the document of `resource`.
SignAttempt MakeAttempt(const storage::Reader& reader, const Principal& caller, Side side,
                        const SignatureInput& input, const std::string& text, const std::string& resource) {
  SignAttempt attempt{.side = side,
                      .organization = caller.organization,
                      .person = caller.person,
                      .key_id = input.key_id,
                      .key = LoadSigningKey(reader, input.key_id),
                      .suite = input.suite,
                      .document_hash = input.document_hash,
                      .value = input.value};
  const std::optional<std::string> document = FindDocument(reader, input.document_hash);
  attempt.other_document = document && *document != resource;
  const std::optional<crypto::Suite> suite = crypto::ParseSuite(input.suite);
  attempt.verified = suite && attempt.key && attempt.key->suite == input.suite &&
                     crypto::Verify(*suite, attempt.key->public_key_pem, text, input.value);
  return attempt;
}

bool IsOpen(const Contract& contract) {
  switch (contract.state) {
    case ContractState::kDrafted:
    case ContractState::kNegotiating:
    case ContractState::kReady:
    case ContractState::kPartial:
      return true;
    case ContractState::kSigned:
    case ContractState::kEffective:
    case ContractState::kCompleted:
    case ContractState::kExpired:
    case ContractState::kTerminated:
      return false;
  }
  TTX_CHECK(false, "unreachable");
}

std::optional<Contract> ContractOf(const storage::Reader& reader, const DealId& deal) {
  const std::optional<ContractId> id = FindContractOfDeal(reader, deal);
  if (!id) return std::nullopt;
  std::optional<Contract> contract = LoadContract(reader, *id);
  TTX_CHECK(contract.has_value(), "an indexed contract is missing");
  return contract;
}

// The last one that was applied for.
std::optional<Registration> RegistrationOf(const storage::Reader& reader, const Contract& contract) {
  const std::optional<RegistrationId> id = FindRegistrationOfHash(reader, contract.hashes.sha256);
  if (!id) return std::nullopt;
  std::optional<Registration> registration = LoadRegistration(reader, *id);
  TTX_CHECK(registration.has_value(), "an indexed registration is missing");
  return registration;
}

// A registry sees its own cases and those no registry has taken.
bool IsCompetent(const Principal& caller, const std::optional<Registration>& registration) {
  return IsRegistry(caller) && registration &&
         (registration->registry.empty() || registration->registry == caller.organization);
}

Deal DealOf(const storage::Reader& reader, const Contract& contract) {
  std::optional<Deal> deal = LoadDeal(reader, contract.deal);
  TTX_CHECK(deal.has_value(), "a contract without its deal");
  return *std::move(deal);
}

// What the index `by_party` lists for the caller's organization, as far as the caller may see it.
template <class State, class Load, class Visible>
storage::ListPage<State> ListVisible(const storage::Reader& reader, const Principal& caller, Table by_party,
                                     std::string_view after, size_t limit, Load load, Visible visible) {
  if (caller.organization.empty()) return {};
  return storage::LookAtList<State>(
      after, limit,
      [&](const std::string& last, size_t most) {
        return storage::LoadEach(ListByParty(reader, by_party, caller.organization, last, most),
                                 [&](const std::string& id) { return load(reader, {id}); });
      },
      [](const State& state) { return state.id.text; }, visible);
}

}  // namespace

// --- Finding and showing

Result<Deal> ContractApp::FindDeal(const storage::Reader& reader, const Principal& caller,
                                   const DealId& id) const {
  std::optional<Deal> deal = LoadDeal(reader, id);
  if (!deal || !IsInsider(caller, deal->facts.seller, deal->facts.buyer, deal->facts.exchange)) {
    return NotFound("deals/" + id.text);
  }
  return *std::move(deal);
}

Result<Contract> ContractApp::FindContract(const storage::Reader& reader, const Principal& caller,
                                           const ContractId& id) const {
  std::optional<Contract> contract = LoadContract(reader, id);
  if (!contract) return NotFound("contracts/" + id.text);
  const bool shown = IsInsider(caller, contract->seller, contract->buyer, contract->exchange) ||
                     IsCompetent(caller, RegistrationOf(reader, *contract));
  if (!shown) return NotFound("contracts/" + id.text);
  return *std::move(contract);
}

Result<Registration> ContractApp::FindRegistration(const storage::Reader& reader, const Principal& caller,
                                                   const RegistrationId& id) const {
  std::optional<Registration> registration = LoadRegistration(reader, id);
  if (!registration) return NotFound("registrations/" + id.text);
  if (!IsCompetent(caller, registration) &&
      !IsInsider(caller, registration->seller, registration->buyer, registration->exchange)) {
    return NotFound("registrations/" + id.text);
  }
  return *std::move(registration);
}

ContractView ContractApp::ViewOf(const storage::Reader& reader, Contract contract) const {
  ContractView view;
  view.text = contract.frozen_text.empty()
                  ? CanonicalText(contract.id, DealOf(reader, contract), contract.manifest)
                  : contract.frozen_text;
  const std::optional<RegistrationId> registration = FindRegistrationOfHash(reader, contract.hashes.sha256);
  if (registration) view.registration = "registrations/" + registration->text;
  view.contract = std::move(contract);
  return view;
}

Time ContractApp::PaymentDue(const Manifest& manifest, Time now) const {
  return EndOfDay(MakeDeadline(calendar_, DateInShanghai(now), manifest.payment.due_workdays).date);
}

// --- Deals

namespace {

DealView ViewOf(const storage::Reader& reader, Deal deal) {
  const std::optional<ContractId> contract = FindContractOfDeal(reader, deal.id);
  return {std::move(deal), contract ? "contracts/" + contract->text : ""};
}

}  // namespace

Result<DealView> ContractApp::SignConfirmation(storage::Txn& txn, const Principal& caller, const DealId& id,
                                               const SignatureInput& input) const {
  TTX_TRY(const Deal deal, FindDeal(txn, caller, id));
  const std::optional<Side> side = SideOf(deal.facts, caller.organization);
  if (side == Side::kSeller) return Error(Reason::kPERMISSION_DENIED);
  if (side == Side::kExchange && !caller.HasRole("EXCHANGE_OFFICER"))
    return Error(Reason::kPERMISSION_DENIED);
  const Deadline renewed = MakeDeadline(calendar_, DateInShanghai(txn.now()), rules_.contract_workdays);
  TTX_TRY(const DealDecision decision,
          Decide(deal,
                 contract::SignConfirmation{
                     MakeAttempt(txn, caller, *side, input, deal.confirmation, "deals/" + id.text), renewed},
                 txn.now()));
  SaveDecision(txn, &deal, decision);
  return contract::ViewOf(txn, decision.next);
}

Result<DealView> ContractApp::GetDeal(const storage::Reader& reader, const Principal& caller,
                                      const DealId& id) const {
  TTX_TRY(Deal deal, FindDeal(reader, caller, id));
  return contract::ViewOf(reader, std::move(deal));
}

storage::ListPage<DealView> ContractApp::ListDeals(const storage::Reader& reader, const Principal& caller,
                                                   std::string_view after, size_t limit) const {
  const auto page = ListVisible<Deal>(
      reader, caller, Table::kDealByParty, after, limit, LoadDeal,
      [&](const Deal& deal) {
        return IsInsider(caller, deal.facts.seller, deal.facts.buyer, deal.facts.exchange);
      });
  storage::ListPage<DealView> views{{}, page.last, page.more};
  for (const Deal& deal : page.items) views.items.push_back(contract::ViewOf(reader, deal));
  return views;
}

// --- Contracts

Result<ContractView> ContractApp::Create(storage::Txn& txn, const Principal& caller, const DealId& deal_id,
                                         const Manifest& manifest) const {
  TTX_TRY(const Deal deal, FindDeal(txn, caller, deal_id));
  TTX_RETURN_IF_ERROR(NeedSeller(caller, deal.facts.seller));
  if (const auto existing = FindContractOfDeal(txn, deal_id)) {
    return Error(Reason::kCONTRACT_EXISTS, {{"resource", "contracts/" + existing->text}});
  }
  const ContractId id{ids_.Next(txn.now())};
  TTX_TRY(
      const ContractDecision decision,
      Decide(deal, DraftContract{id, manifest, HashesOf(CanonicalText(id, deal, manifest)), caller.person},
             txn.now()));
  SaveDecision(txn, static_cast<const Contract*>(nullptr), decision);
  return ViewOf(txn, decision.next);
}

Result<ContractView> ContractApp::Update(storage::Txn& txn, const Principal& caller, const ContractId& id,
                                         const Manifest& manifest, const std::string& etag) const {
  TTX_TRY(const Contract contract, FindContract(txn, caller, id));
  TTX_RETURN_IF_ERROR(NeedSeller(caller, contract.seller));
  TTX_RETURN_IF_ERROR(CheckEtag(contract.version, etag));
  const DocumentHashes hashes = HashesOf(CanonicalText(id, DealOf(txn, contract), manifest));
  TTX_TRY(const ContractDecision decision,
          Decide(contract, UpdateContract{manifest, hashes, caller.person}, txn.now()));
  SaveDecision(txn, &contract, decision);
  return ViewOf(txn, decision.next);
}

Result<ContractView> ContractApp::AcceptText(storage::Txn& txn, const Principal& caller, const ContractId& id,
                                             const std::string& text_hash) const {
  TTX_TRY(const Contract contract, FindContract(txn, caller, id));
  TTX_TRY(const Side side, PartySide(caller, contract));
  TTX_TRY(const ContractDecision decision,
          Decide(contract, contract::AcceptText{side, text_hash, caller.person}, txn.now()));
  SaveDecision(txn, &contract, decision);
  return ViewOf(txn, decision.next);
}

Result<ContractView> ContractApp::Freeze(storage::Txn& txn, const Principal& caller, const ContractId& id,
                                         const std::string& etag) const {
  TTX_TRY(const Contract contract, FindContract(txn, caller, id));
  if (!IsInsider(caller, contract.seller, contract.buyer, contract.exchange))
    return Error(Reason::kPERMISSION_DENIED);
  TTX_RETURN_IF_ERROR(CheckEtag(contract.version, etag));
  TTX_TRY(const ContractDecision decision,
          Decide(contract, FreezeContract{caller.person}, DealOf(txn, contract), txn.now()));
  SaveDecision(txn, &contract, decision);
  return ViewOf(txn, decision.next);
}

Result<ContractView> ContractApp::Sign(storage::Txn& txn, const Principal& caller, const ContractId& id,
                                       const SignatureInput& input) const {
  TTX_TRY(const Contract contract, FindContract(txn, caller, id));
  TTX_TRY(const Side side, PartySide(caller, contract));
  const SignContract command{
      MakeAttempt(txn, caller, side, input, contract.frozen_text, "contracts/" + id.text),
      PaymentDue(contract.manifest, txn.now())};
  TTX_TRY(const ContractDecision decision, Decide(contract, command, DealOf(txn, contract), txn.now()));
  SaveDecision(txn, &contract, decision);
  return ViewOf(txn, decision.next);
}

Result<ContractView> ContractApp::MeetCondition(storage::Txn& txn, const Principal& caller,
                                                const ContractId& id, const std::string& evidence,
                                                const std::string& etag) const {
  TTX_RETURN_IF_ERROR(CheckText(evidence, 1, kMaxClauseChars, "evidence", Lines::kMultiple));
  return Propose(txn, caller, id, {ProposedAct::kMeetCondition, "", evidence, caller.person}, etag);
}

Result<ContractView> ContractApp::Complete(storage::Txn& txn, const Principal& caller, const ContractId& id,
                                           const std::string& note, const std::string& etag) const {
  TTX_RETURN_IF_ERROR(CheckText(note, 1, kMaxClauseChars, "note", Lines::kMultiple));
  TTX_TRY(const Contract contract, FindContract(txn, caller, id));
  TTX_RETURN_IF_ERROR(NeedExchange(caller, contract.exchange));
  TTX_RETURN_IF_ERROR(CheckEtag(contract.version, etag));
  const std::optional<Registration> registration = RegistrationOf(txn, contract);
  const CompleteContract command{note, caller.person,
                                 registration && registration->state == RegistrationState::kRegistered};
  TTX_TRY(const ContractDecision decision, Decide(contract, command, txn.now()));
  SaveDecision(txn, &contract, decision);
  return ViewOf(txn, decision.next);
}

Result<ContractView> ContractApp::Terminate(storage::Txn& txn, const Principal& caller, const ContractId& id,
                                            const std::string& reason, const std::string& note,
                                            const std::string& etag) const {
  if (reason != "AGREEMENT" && reason != "RESCISSION" && reason != "JUDGMENT") {
    return InvalidField("reason", Reason::kUNKNOWN_VALUE, "AGREEMENT, RESCISSION or JUDGMENT");
  }
  TTX_RETURN_IF_ERROR(CheckText(note, 1, kMaxClauseChars, "note", Lines::kMultiple));
  return Propose(txn, caller, id, {ProposedAct::kTerminate, reason, note, caller.person}, etag);
}

Result<ContractView> ContractApp::Propose(storage::Txn& txn, const Principal& caller, const ContractId& id,
                                          const ProposeAct& command, const std::string& etag) const {
  TTX_TRY(const Contract contract, FindContract(txn, caller, id));
  TTX_RETURN_IF_ERROR(NeedExchange(caller, contract.exchange));
  TTX_RETURN_IF_ERROR(CheckEtag(contract.version, etag));
  TTX_TRY(const ContractDecision decision, Decide(contract, command, DealOf(txn, contract), txn.now()));
  SaveDecision(txn, &contract, decision);
  return ViewOf(txn, decision.next);
}

Result<ContractView> ContractApp::Confirm(storage::Txn& txn, const Principal& caller, const ContractId& id,
                                          const std::string& etag) const {
  TTX_TRY(const Contract contract, FindContract(txn, caller, id));
  TTX_RETURN_IF_ERROR(NeedExchange(caller, contract.exchange));
  TTX_RETURN_IF_ERROR(CheckEtag(contract.version, etag));
  const Deal deal = DealOf(txn, contract);
  const ConfirmAct command{caller.person, PaymentDue(contract.manifest, txn.now())};
  TTX_TRY(const ContractDecision decision, Decide(contract, command, deal, txn.now()));
  if (decision.next.state == ContractState::kTerminated && !HasTakenEffect(contract)) {
    SaveDecision(txn, &deal, Decide(deal, CancelDeal{"contracts/" + id.text}, txn.now()));
  }
  SaveDecision(txn, &contract, decision);
  return ViewOf(txn, decision.next);
}

Result<ContractView> ContractApp::GetContract(const storage::Reader& reader, const Principal& caller,
                                              const ContractId& id) const {
  TTX_TRY(Contract contract, FindContract(reader, caller, id));
  return ViewOf(reader, std::move(contract));
}

storage::ListPage<ContractView> ContractApp::ListContracts(const storage::Reader& reader,
                                                           const Principal& caller, std::string_view after,
                                                           size_t limit) const {
  const auto page = ListVisible<Contract>(
      reader, caller, Table::kContractByParty, after, limit, LoadContract,
      [&](const Contract& contract) {
        return IsInsider(caller, contract.seller, contract.buyer, contract.exchange);
      });
  storage::ListPage<ContractView> views{{}, page.last, page.more};
  for (const Contract& contract : page.items) views.items.push_back(ViewOf(reader, contract));
  return views;
}

// --- Registrations

Result<Registration> ContractApp::Apply(storage::Txn& txn, const Principal& caller,
                                        const ContractId& contract_id,
                                        const std::vector<LineItem>& items) const {
  TTX_TRY(const Contract contract, FindContract(txn, caller, contract_id));
  TTX_RETURN_IF_ERROR(NeedSeller(caller, contract.seller));
  const ApplyForRegistration command{
      {ids_.Next(txn.now())}, items.empty() ? contract.manifest.items : items, caller.person};
  const std::optional<Registration> before = RegistrationOf(txn, contract);
  if (before && before->state != RegistrationState::kRefused) {
    return Error(Reason::kCONTRACT_REGISTERED_ALREADY, {{"resource", "registrations/" + before->id.text}});
  }
  TTX_TRY(const RegistrationDecision decision, Decide(contract, DealOf(txn, contract), command, txn.now()));
  SaveDecision(txn, static_cast<const Registration*>(nullptr), decision);
  return decision.next;
}

namespace {

struct Case {
  Registration registration;
  Contract contract;
  Deal deal;
};

Case CaseOf(const storage::Reader& reader, Registration registration) {
  std::optional<Contract> contract = LoadContract(reader, registration.contract);
  TTX_CHECK(contract.has_value(), "a registration without its contract");
  Deal deal = DealOf(reader, *contract);
  return {std::move(registration), *std::move(contract), std::move(deal)};
}

Status NeedRegistry(const Principal& caller) {
  if (IsRegistry(caller)) return {};
  return Error(Reason::kPERMISSION_DENIED);
}

}  // namespace

Result<Registration> ContractApp::AcceptCase(storage::Txn& txn, const Principal& caller,
                                             const RegistrationId& id, const std::string& etag) const {
  TTX_TRY(Registration found, FindRegistration(txn, caller, id));
  TTX_RETURN_IF_ERROR(NeedRegistry(caller));
  TTX_RETURN_IF_ERROR(CheckEtag(found.version, etag));
  const Case now = CaseOf(txn, std::move(found));
  const AcceptRegistration command{caller.organization, caller.person,
                                   DecideBy(calendar_, rules_.registration,
                                            now.registration.amounts.technical, DateInShanghai(txn.now()))};
  TTX_TRY(const RegistrationDecision decision,
          Decide(now.registration, command, now.contract, now.deal, txn.now()));
  SaveDecision(txn, &now.registration, decision);
  return decision.next;
}

Result<Registration> ContractApp::RequestSupplement(storage::Txn& txn, const Principal& caller,
                                                    const RegistrationId& id, const std::string& request,
                                                    const std::string& etag) const {
  TTX_TRY(Registration found, FindRegistration(txn, caller, id));
  TTX_RETURN_IF_ERROR(NeedRegistry(caller));
  TTX_RETURN_IF_ERROR(CheckEtag(found.version, etag));
  const Case now = CaseOf(txn, std::move(found));
  const contract::RequestSupplement command{caller.organization, caller.person, request};
  TTX_TRY(const RegistrationDecision decision, Decide(now.registration, command, now.contract, txn.now()));
  SaveDecision(txn, &now.registration, decision);
  return decision.next;
}

Result<Registration> ContractApp::Supplement(storage::Txn& txn, const Principal& caller,
                                             const RegistrationId& id, const std::string& note,
                                             const std::vector<LineItem>& items,
                                             const std::string& etag) const {
  TTX_TRY(Registration found, FindRegistration(txn, caller, id));
  TTX_RETURN_IF_ERROR(NeedSeller(caller, found.seller));
  TTX_RETURN_IF_ERROR(CheckEtag(found.version, etag));
  const Case now = CaseOf(txn, std::move(found));
  TTX_TRY(
      const RegistrationDecision decision,
      Decide(now.registration, SupplementRegistration{note, items, caller.person}, now.contract, txn.now()));
  SaveDecision(txn, &now.registration, decision);
  return decision.next;
}

Result<Registration> ContractApp::Register(storage::Txn& txn, const Principal& caller,
                                           const RegistrationId& id, const RegisterInput& input,
                                           const std::string& etag) const {
  TTX_TRY(Registration found, FindRegistration(txn, caller, id));
  TTX_RETURN_IF_ERROR(NeedRegistry(caller));
  TTX_RETURN_IF_ERROR(CheckEtag(found.version, etag));
  const Case now = CaseOf(txn, std::move(found));
  const RegisterContract command{caller.organization, caller.person, input.number, input.amounts,
                                 input.panel_record_sha256};
  TTX_TRY(const RegistrationDecision decision,
          Decide(now.registration, command, now.contract, now.deal, rules_.registration, txn.now()));
  if (FindRegistrationNumber(txn, input.number)) {
    return Error(Reason::kREGISTRATION_NUMBER_TAKEN, {{"number", input.number}});
  }
  SaveDecision(txn, &now.registration, decision);
  return decision.next;
}

Result<Registration> ContractApp::Refuse(storage::Txn& txn, const Principal& caller, const RegistrationId& id,
                                         RefusalCode code, const std::string& note,
                                         const std::string& etag) const {
  TTX_TRY(const Registration found, FindRegistration(txn, caller, id));
  TTX_RETURN_IF_ERROR(NeedRegistry(caller));
  TTX_RETURN_IF_ERROR(CheckEtag(found.version, etag));
  TTX_TRY(const RegistrationDecision decision,
          Decide(found, RefuseRegistration{caller.organization, caller.person, code, note}, txn.now()));
  SaveDecision(txn, &found, decision);
  return decision.next;
}

Result<Registration> ContractApp::GetRegistration(const storage::Reader& reader, const Principal& caller,
                                                  const RegistrationId& id) const {
  return FindRegistration(reader, caller, id);
}

storage::ListPage<Registration> ContractApp::ListRegistrations(const storage::Reader& reader,
                                                               const Principal& caller, std::string_view after,
                                                               size_t limit) const {
  if (!IsRegistry(caller)) {
    return ListVisible<Registration>(
        reader, caller, Table::kRegistrationByParty, after, limit, LoadRegistration,
        [&](const Registration& registration) {
          return IsInsider(caller, registration.seller, registration.buyer, registration.exchange);
        });
  }
  return storage::LookAtList<Registration>(
      after, limit,
      [&](const std::string& last, size_t most) {
        return storage::LoadEach(ListForRegistry(reader, caller.organization, last, most),
                                 [&](const std::string& id) { return LoadRegistration(reader, {id}); });
      },
      [](const Registration& registration) { return registration.id.text; },
      [&](const Registration& registration) { return IsCompetent(caller, registration); });
}

// --- Feeds

Status ContractApp::OnDealDetermined(storage::Txn& txn, const DealId& id, const DealFacts& facts) const {
  if (LoadDeal(txn, id)) return {};
  const Date today = DateInShanghai(txn.now());
  const std::optional<std::string> code = storage::FindExchangeCode(txn, Table::kExchangeCode, facts.exchange);
  // Party's feed has not told of the exchange yet: the event waits and comes again.
  if (!code) return Error(Reason::kUNAVAILABLE, {{"exchange", facts.exchange}});
  CreateDeal command;
  command.id = id;
  command.facts = facts;
  command.confirmation_deadline = MakeDeadline(calendar_, today, rules_.confirmation_workdays);
  command.contract_deadline = MakeDeadline(calendar_, today, rules_.contract_workdays);
  TTX_TRY(const int64_t sequence, TakeDealSequence(txn, *code, YearOf(today)));
  command.number = DealNumber(*code, YearOf(today), sequence);
  command.confirmation = ConfirmationText(command, txn.now());
  command.hashes = HashesOf(command.confirmation);
  TTX_TRY(const DealDecision created, Decide(command, txn.now()));
  SaveDecision(txn, static_cast<const Deal*>(nullptr), created);
  // Objections may have come first: the feeds of two services keep no order between them.
  Deal deal = created.next;
  for (const std::string& subject : {"deals/" + id.text, facts.listing}) {
    for (const KnownObjection& known : ListObjections(txn, subject)) {
      if (known.state == ObjectionState::kUpheld && subject == facts.listing) continue;
      const DealDecision suspended = Decide(deal, OpenObjection{known.objection}, txn.now());
      SaveDecision(txn, &deal, suspended);
      deal = suspended.next;
      if (known.state != ObjectionState::kUpheld) continue;
      CloseObjectionOn(txn, deal, known.objection, true);
      return {};
    }
  }
  return {};
}

Status ContractApp::OnExchangeActivated(storage::Txn& txn, const std::string& exchange,
                                        const std::string& uscc) const {
  return storage::GiveExchangeCode(txn, Table::kExchangeCode, Table::kExchangeByCode, exchange, uscc);
}

Status ContractApp::OnSigningKeyAdded(storage::Txn& txn, SigningKey key) const {
  key.add_time = txn.now();
  key.revoke_time = {};
  SaveSigningKey(txn, key);
  return {};
}

Status ContractApp::OnSigningKeyRevoked(storage::Txn& txn, const std::string& key_id) const {
  std::optional<SigningKey> key = LoadSigningKey(txn, key_id);
  if (!key) return Error(Reason::kSIGNING_KEY_UNKNOWN, {{"key_id", key_id}});
  if (key->revoke_time) return {};
  key->revoke_time = txn.now();
  SaveSigningKey(txn, *key);
  return {};
}

namespace {

// The deals an objection is about. One to a notice without a deal concerns those that follow from the
// listing.
std::vector<Deal> DealsOf(const storage::Reader& reader, const std::string& deal,
                          const std::string& listing) {
  std::vector<DealId> ids;
  if (deal.empty()) {
    ids = ListDealsOfListing(reader, listing);
  } else if (const Result<std::string> id = ParseName(deal, "deals", "deal"); id.ok()) {
    ids = {{*id}};
  }
  std::vector<Deal> deals;
  for (const DealId& id : ids) {
    if (std::optional<Deal> found = LoadDeal(reader, id)) deals.push_back(*std::move(found));
  }
  return deals;
}

}  // namespace

Status ContractApp::OnObjectionAccepted(storage::Txn& txn, const std::string& objection,
                                        const std::string& deal, const std::string& listing) const {
  SaveObjection(txn, deal.empty() ? listing : deal, {objection, ObjectionState::kOpen});
  for (const Deal& found : DealsOf(txn, deal, listing)) {
    SaveDecision(txn, &found, Decide(found, OpenObjection{objection}, txn.now()));
  }
  return {};
}

Status ContractApp::OnObjectionClosed(storage::Txn& txn, const std::string& objection,
                                      const std::string& deal, const std::string& listing,
                                      bool upheld) const {
  SaveObjection(txn, deal.empty() ? listing : deal,
                {objection, upheld ? ObjectionState::kUpheld : ObjectionState::kClosed});
  for (const Deal& found : DealsOf(txn, deal, listing)) CloseObjectionOn(txn, found, objection, upheld);
  return {};
}

void ContractApp::CloseObjectionOn(storage::Txn& txn, const Deal& deal, const std::string& objection,
                                   bool upheld) const {
  CloseObjection command{objection, upheld, deal.confirmation_deadline, deal.contract_deadline};
  if (deal.suspended()) {
    const Date since = DateInShanghai(deal.suspend_time);
    const Date today = DateInShanghai(txn.now());
    command.confirmation_deadline = Resume(calendar_, deal.confirmation_deadline, since, today);
    command.contract_deadline = Resume(calendar_, deal.contract_deadline, since, today);
  }
  const DealDecision decision = Decide(deal, command, txn.now());
  SaveDecision(txn, &deal, decision);
  if (decision.next.state != DealState::kCancelled || deal.state == DealState::kCancelled) return;
  const std::optional<Contract> contract = ContractOf(txn, deal.id);
  if (!contract) return;
  const Result<ContractDecision> end =
      Decide(*contract, TerminateContract{"OBJECTION_UPHELD", objection}, txn.now());
  if (end.ok()) SaveDecision(txn, &*contract, *end);
}

// --- Timers

void ContractApp::OnDue(storage::Txn& txn, const std::string& deal_id) const {
  std::optional<Deal> deal = LoadDeal(txn, {deal_id});
  TTX_CHECK(deal.has_value(), "a timer of a deal that does not exist");
  if (!NextChange(*deal)) return;
  const SetDeadlines recomputed{
      deal->confirmation_deadline.provisional ? Recompute(calendar_, deal->confirmation_deadline)
                                              : deal->confirmation_deadline,
      deal->contract_deadline.provisional ? Recompute(calendar_, deal->contract_deadline)
                                          : deal->contract_deadline};
  const DealDecision moved = Decide(*deal, recomputed, txn.now());
  SaveDecision(txn, &*deal, moved);

  const std::optional<Contract> contract = ContractOf(txn, deal->id);
  CloseDealIfDue command;
  command.concluded = contract && !IsOpen(*contract);
  command.contract_defaulter = contract ? MissingSide(*contract) : Defaulter::kTransferor;
  if (contract) command.contract = "contracts/" + contract->id.text;
  const DealDecision closed = Decide(moved.next, command, txn.now());
  SaveDecision(txn, &moved.next, closed);
  if (closed.next.state == DealState::kExpired) {
    if (!contract || !IsOpen(*contract)) return;
    const Result<ContractDecision> expired =
        Decide(*contract, ExpireContract{closed.next.defaulter}, txn.now());
    TTX_CHECK(expired.ok(), "an open contract did not expire");
    SaveDecision(txn, &*contract, *expired);
  } else if (const std::optional<Time> due = NextChange(closed.next);
             due && *due <= txn.now() && !command.concluded) {
    txn.SetDue(txn.now() + kProvisionalRecheck, deal_id);
  }
}

// --- Events

namespace {

EventView EventViewOf(const storage::Reader& reader, const StoredEvent& stored) {
  EventView view;
  view.stored = stored;
  const auto* contract = std::get_if<ContractEvent>(&stored.event);
  if (contract != nullptr && std::holds_alternative<ContractEffective>(contract->payload)) {
    view.deal = LoadDeal(reader, stored.deal);
    view.contract = LoadContract(reader, stored.contract);
  }
  const auto* registration = std::get_if<RegistrationEvent>(&stored.event);
  if (registration != nullptr && std::holds_alternative<ContractRegistered>(registration->payload)) {
    view.registration = LoadRegistration(reader, stored.registration);
  }
  return view;
}

}  // namespace

storage::LogPage<EventView> ContractApp::ListEvents(const storage::Reader& reader, const Principal& caller,
                                                    uint64_t after_sequence, size_t limit) const {
  const auto page = storage::LookAtLog<StoredEvent>(
      after_sequence, limit,
      [&](uint64_t after, size_t most) { return contract::ListEvents(reader, after, most); },
      [&](const StoredEvent& event) {
        return caller.service() || (!caller.organization.empty() && event.exchange == caller.organization);
      });
  return storage::MapPage(page, [&](const StoredEvent& stored) { return EventViewOf(reader, stored); });
}

}  // namespace ttx::contract
