#include "services/contract/domain/deal.h"

#include <algorithm>

#include "libs/core/uscc.h"
#include "services/contract/domain/canonical_json.h"
#include "services/contract/domain/limits.h"

namespace ttx::contract {
namespace {

// Collects events while keeping the state that follows from them.
class Recorder {
 public:
  Recorder(Deal state, Time now) : now_(now) { decision_.next = std::move(state); }

  void Add(decltype(DealEvent::payload) payload) {
    DealEvent event{now_, std::move(payload)};
    decision_.next = Apply(std::move(decision_.next), event);
    decision_.events.push_back(std::move(event));
  }
  const Deal& state() const { return decision_.next; }
  DealDecision Take() { return std::move(decision_); }

 private:
  const Time now_;
  DealDecision decision_;
};

bool HasSigned(const Deal& deal, Side side) {
  return std::any_of(deal.signatures.begin(), deal.signatures.end(),
                     [&](const Signature& signature) { return signature.side == side; });
}

// What the confirmation says.
struct Confirmation {
  std::string format = "TTX-DEAL-1";
  std::string number;
  std::string deal;
  DealFacts facts;
  bool reserve_met = false;
  std::string price_capital;
  std::string currency_code = "CNY";
  std::string deposit_handling = "CONVERTED_TO_PRICE";
  Time determine_time;
  Deadline confirmation_deadline;
  Deadline contract_deadline;
};
template <FieldsOf<Confirmation> S, class V>
void Visit(S& s, V&& visit) {
  visit("format", s.format);
  visit("number", s.number);
  visit("deal", s.deal);
  Visit(s.facts, visit);
  visit("reserve_met", s.reserve_met);
  visit("price_capital", s.price_capital);
  visit("currency_code", s.currency_code);
  visit("deposit_handling", s.deposit_handling);
  visit("determine_time", s.determine_time);
  visit("confirmation_date", s.confirmation_deadline.date);
  visit("confirmation_workdays", s.confirmation_deadline.days);
  visit("contract_date", s.contract_deadline.date);
  visit("contract_workdays", s.contract_deadline.days);
}

}  // namespace

Deadline MakeDeadline(const Calendar& calendar, Date base, int32_t days) {
  const LegalDate last = calendar.DeadlineWorkdays(base, days);
  return {base, days, last.date, last.provisional};
}

Deadline Resume(const Calendar& calendar, const Deadline& deadline, Date since, Date today) {
  int32_t left = 0;
  for (Date day = since + 1; day <= deadline.date; day = day + 1) left += calendar.IsWorkday(day) ? 1 : 0;
  return MakeDeadline(calendar, today, std::max(left, 1));
}

bool HasPassed(const Deadline& deadline, Time now) {
  return !deadline.provisional && now >= EndOfDay(deadline.date);
}

std::optional<Side> SideOf(const DealFacts& facts, std::string_view organization) {
  if (organization.empty()) return std::nullopt;
  if (organization == facts.seller) return Side::kSeller;
  if (organization == facts.buyer) return Side::kBuyer;
  if (organization == facts.exchange) return Side::kExchange;
  return std::nullopt;
}

bool IsOver(const Deal& deal) {
  return deal.state == DealState::kExpired || deal.state == DealState::kCancelled;
}

std::optional<Time> NextChange(const Deal& deal) {
  if (IsOver(deal) || deal.suspended()) return std::nullopt;
  if (deal.state == DealState::kConfirmed) return EndOfDay(deal.contract_deadline.date);
  if (HasSigned(deal, Side::kBuyer)) return std::nullopt;  // only the exchange is missing
  return EndOfDay(deal.confirmation_deadline.date);
}

std::string DealNumber(std::string_view exchange_code, int year, int64_t sequence) {
  TTX_CHECK(exchange_code.size() == 4 && InUsccAlphabet(exchange_code), "an exchange code has 4 symbols");
  TTX_CHECK(year >= 1970 && year <= 9999 && sequence >= 1 && sequence <= kMaxDealSequence,
            "out of deal numbers");
  std::string digits = std::to_string(sequence);
  digits.insert(0, 6 - digits.size(), '0');
  const std::string body = "DC" + std::string(exchange_code) + std::to_string(year) + "1" + digits;
  return body + UsccCheckSymbol(body);
}

std::string ConfirmationText(const CreateDeal& deal, Time now) {
  Confirmation confirmation;
  confirmation.number = deal.number;
  confirmation.deal = "deals/" + deal.id.text;
  confirmation.facts = deal.facts;
  confirmation.reserve_met = deal.facts.method == "AUCTION";
  confirmation.price_capital = FormatYuanCapital(deal.facts.price);
  confirmation.determine_time = now;
  confirmation.confirmation_deadline = deal.confirmation_deadline;
  confirmation.contract_deadline = deal.contract_deadline;
  return CanonicalJson(confirmation);
}

Result<DealDecision> Decide(const CreateDeal& command, Time now) {
  TTX_RETURN_IF_ERROR(CheckAmount(command.facts.price, Fen{1}, "price_fen"));
  TTX_RETURN_IF_ERROR(CheckAmount(command.facts.deposit, Fen{0}, "deposit_fen"));
  if (command.facts.seller.empty()) return InvalidField("seller", Reason::kREQUIRED);
  if (command.facts.buyer.empty()) return InvalidField("buyer", Reason::kREQUIRED);
  if (command.facts.exchange.empty()) return InvalidField("exchange", Reason::kREQUIRED);
  if (command.facts.seller == command.facts.buyer) return InvalidField("buyer", Reason::kDUPLICATE);
  if (command.facts.ip_numbers.size() > kMaxIpNumbers) {
    return InvalidField("ip_numbers", Reason::kTOO_MANY, std::to_string(kMaxIpNumbers));
  }
  Recorder recorder({}, now);
  recorder.Add(DealCreated{command.id, command.number, command.facts, command.confirmation, command.hashes,
                           command.confirmation_deadline, command.contract_deadline});
  return recorder.Take();
}

Result<DealDecision> Decide(const Deal& state, const SignConfirmation& command, Time now) {
  const std::map<std::string, std::string> details = {{"resource", "deals/" + state.id.text},
                                                      {"state", NameOf(state.state)},
                                                      {"command", "signConfirmation"}};
  switch (state.state) {
    case DealState::kPending:
    case DealState::kPartial:
      break;
    case DealState::kConfirmed:
    case DealState::kExpired:
    case DealState::kCancelled:
      return Error(Reason::kWRONG_STATE, details);
  }
  if (state.suspended()) return Error(Reason::kDEAL_SUSPENDED, {{"objection", state.objections.front()}});
  const Side side = command.attempt.side;
  TTX_CHECK(side != Side::kSeller, "the seller does not sign the confirmation");
  if (HasSigned(state, side)) return Error(Reason::kALREADY_SIGNED, {{"side", NameOf(side)}});
  const bool late = HasPassed(state.confirmation_deadline, now);
  if (late && side == Side::kBuyer) {
    return Error(Reason::kDEADLINE_PASSED, {{"date", FormatDate(state.confirmation_deadline.date)}});
  }
  if (const auto refusal = RefuseAttempt(command.attempt, state.hashes)) return *refusal;
  Recorder recorder(state, now);
  recorder.Add(ConfirmationSigned{Accept(command.attempt, now)});
  if (late && recorder.state().state == DealState::kConfirmed) {
    recorder.Add(DeadlinesSet{state.confirmation_deadline, command.contract_deadline});
  }
  return recorder.Take();
}

DealDecision Decide(const Deal& state, const SetDeadlines& command, Time now) {
  Recorder recorder(state, now);
  if (!IsOver(state) && (command.confirmation_deadline != state.confirmation_deadline ||
                         command.contract_deadline != state.contract_deadline)) {
    recorder.Add(DeadlinesSet{command.confirmation_deadline, command.contract_deadline});
  }
  return recorder.Take();
}

DealDecision Decide(const Deal& state, const OpenObjection& command, Time now) {
  Recorder recorder(state, now);
  const bool known = std::find(state.objections.begin(), state.objections.end(), command.objection) !=
                     state.objections.end();
  if (!IsOver(state) && !known && state.objections.size() < kMaxOpenObjections) {
    recorder.Add(DealSuspended{command.objection});
  }
  return recorder.Take();
}

DealDecision Decide(const Deal& state, const CloseObjection& command, Time now) {
  Recorder recorder(state, now);
  const bool known = std::find(state.objections.begin(), state.objections.end(), command.objection) !=
                     state.objections.end();
  if (IsOver(state) || !known) return recorder.Take();
  if (command.upheld) {
    recorder.Add(DealCancelled{command.objection, ""});
    return recorder.Take();
  }
  recorder.Add(ObjectionEnded{command.objection});
  if (!recorder.state().suspended()) {
    recorder.Add(DeadlinesSet{command.confirmation_deadline, command.contract_deadline});
  }
  return recorder.Take();
}

DealDecision Decide(const Deal& state, const CancelDeal& command, Time now) {
  Recorder recorder(state, now);
  if (!IsOver(state)) recorder.Add(DealCancelled{"", command.contract});
  return recorder.Take();
}

DealDecision Decide(const Deal& state, const CloseDealIfDue& command, Time now) {
  Recorder recorder(state, now);
  if (state.suspended()) return recorder.Take();
  switch (state.state) {
    case DealState::kPending:
    case DealState::kPartial:
      if (!HasSigned(state, Side::kBuyer) && HasPassed(state.confirmation_deadline, now)) {
        recorder.Add(DealExpired{Defaulter::kTransferee, command.contract});
      }
      break;
    case DealState::kConfirmed:
      if (!command.concluded && HasPassed(state.contract_deadline, now)) {
        recorder.Add(DealExpired{command.contract_defaulter, command.contract});
      }
      break;
    case DealState::kExpired:
    case DealState::kCancelled:
      break;
  }
  return recorder.Take();
}

namespace {

Deal Applied(Deal, const DealCreated& event, Time time) {
  Deal state;
  state.id = event.id;
  state.number = event.number;
  state.facts = event.facts;
  state.confirmation = event.confirmation;
  state.hashes = event.hashes;
  state.confirmation_deadline = event.confirmation_deadline;
  state.contract_deadline = event.contract_deadline;
  state.create_time = time;
  return state;
}

Deal Applied(Deal state, const ConfirmationSigned& event, Time) {
  state.signatures.push_back(event.signature);
  state.state = state.signatures.size() == 2 ? DealState::kConfirmed : DealState::kPartial;
  return state;
}

Deal Applied(Deal state, const DeadlinesSet& event, Time) {
  state.confirmation_deadline = event.confirmation_deadline;
  state.contract_deadline = event.contract_deadline;
  return state;
}

Deal Applied(Deal state, const DealSuspended& event, Time time) {
  if (state.objections.empty()) state.suspend_time = time;
  state.objections.push_back(event.objection);
  return state;
}

Deal Applied(Deal state, const ObjectionEnded& event, Time) {
  std::erase(state.objections, event.objection);
  if (state.objections.empty()) state.suspend_time = {};
  return state;
}

Deal Applied(Deal state, const DealExpired& event, Time) {
  state.state = DealState::kExpired;
  state.defaulter = event.defaulter;
  return state;
}

Deal Applied(Deal state, const DealCancelled& event, Time) {
  state.state = DealState::kCancelled;
  state.objections.clear();
  state.suspend_time = {};
  state.cancel_reason = event.objection.empty() ? event.contract : event.objection;
  return state;
}

}  // namespace

Deal Apply(Deal state, const DealEvent& event) {
  const int64_t version = state.version;
  state = std::visit([&](const auto& payload) { return Applied(std::move(state), payload, event.time); },
                     event.payload);
  state.version = version + 1;
  state.update_time = event.time;
  return state;
}

std::optional<std::string> Check(const Deal& deal) {
  const auto fail = [&](const char* what) { return std::optional("deal " + deal.id.text + ": " + what); };
  if (deal.facts.seller == deal.facts.buyer) return fail("a deal with oneself");
  if (deal.signatures.size() > 2) return fail("more than two signatures");
  if (deal.state == DealState::kPending && !deal.signatures.empty()) return fail("PENDING with a signature");
  if (deal.state == DealState::kPartial && deal.signatures.size() != 1)
    return fail("PARTIAL without one signature");
  if (deal.state == DealState::kConfirmed && deal.signatures.size() != 2)
    return fail("CONFIRMED without signatures");
  for (const Signature& signature : deal.signatures) {
    if (signature.side == Side::kSeller) return fail("signed by the seller");
    if (signature.document_hash != deal.hashes.sha256 && signature.document_hash != deal.hashes.sm3) {
      return fail("a signature over another document");
    }
  }
  if (deal.signatures.size() == 2 && deal.signatures[0].side == deal.signatures[1].side)
    return fail("one side signed twice");
  if ((deal.state == DealState::kExpired) != (deal.defaulter != Defaulter::kNone))
    return fail("a default without an end");
  if ((deal.state == DealState::kCancelled) != !deal.cancel_reason.empty())
    return fail("CANCELLED without a reason, or a reason without it");
  if (deal.suspended() != static_cast<bool>(deal.suspend_time)) return fail("suspended without a time");
  if (IsOver(deal) && deal.suspended()) return fail("suspended after the end");
  return std::nullopt;
}

}  // namespace ttx::contract
