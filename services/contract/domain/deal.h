#pragma once

#include <array>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/core/calendar.h"
#include "libs/core/result.h"
#include "services/contract/domain/fields.h"
#include "services/contract/domain/signature.h"

namespace ttx::contract {

using DealId = Id<struct DealTag>;

/// Where a deal stands: its confirmation (成交确认书) until CONFIRMED (domain.md 6.1).
enum class DealState { kPending, kPartial, kConfirmed, kExpired, kCancelled };
inline constexpr std::array<std::string_view, 5> kDealStateNames = {"PENDING", "PARTIAL", "CONFIRMED",
                                                                    "EXPIRED", "CANCELLED"};
constexpr const auto& NamesOf(DealState) { return kDealStateNames; }

/// Who let a deadline pass (悔约, domain.md 5.12, 6.4).
enum class Defaulter { kNone, kTransferee, kTransferor, kBoth };
inline constexpr std::array<std::string_view, 4> kDefaulterNames = {"NONE", "TRANSFEREE", "TRANSFEROR",
                                                                    "BOTH"};
constexpr const auto& NamesOf(Defaulter) { return kDefaulterNames; }

/// What the listing service decided; it never changes.
struct DealFacts {
  std::string listing;
  int64_t listing_version = 0;
  std::string exchange;
  std::string achievement;
  std::string title;
  std::string kind;  // domain.md 3.1
  std::string right_scope;
  std::vector<std::string> ip_numbers;
  std::string seller;
  std::string seller_legal_name;
  std::string buyer;
  std::string buyer_legal_name;
  std::string intent;
  std::string bidder_code;
  Fen price;
  Fen listed_price;  // of a portion, its part
  Fen deposit;
  std::string method;  // "AUCTION" | "SINGLE_BIDDER"
  std::string auction;
  std::string log_hash;
  int64_t bid_count = 0;
  std::string profile;
  std::string listing_start_date;
  std::string listing_end_date;
  Share share = {};  // several winners of one auction take a portion each (domain.md 5.9)
  bool operator==(const DealFacts&) const = default;
};
template <FieldsOf<DealFacts> S, class V>
void Visit(S& s, V&& visit) {
  visit("listing", s.listing);
  visit("listing_version", s.listing_version);
  visit("exchange", s.exchange);
  visit("achievement", s.achievement);
  visit("title", s.title);
  visit("kind", s.kind);
  visit("right_scope", s.right_scope);
  visit("ip_numbers", s.ip_numbers);
  visit("seller", s.seller);
  visit("seller_legal_name", s.seller_legal_name);
  visit("buyer", s.buyer);
  visit("buyer_legal_name", s.buyer_legal_name);
  visit("intent", s.intent);
  visit("bidder_code", s.bidder_code);
  visit("price_fen", s.price);
  visit("listed_price_fen", s.listed_price);
  visit("deposit_fen", s.deposit);
  visit("method", s.method);
  visit("auction", s.auction);
  visit("log_hash", s.log_hash);
  visit("bid_count", s.bid_count);
  visit("profile", s.profile);
  visit("listing_start_date", s.listing_start_date);
  visit("listing_end_date", s.listing_end_date);
  visit("share_ppm", s.share);
}

/// A legal period with what is needed to compute it anew while it is provisional (domain.md 0.4).
struct Deadline {
  Date base;         // the day of the event, not counted
  int32_t days = 0;  // working days
  Date date;         // the last day
  bool provisional = false;
  bool operator==(const Deadline&) const = default;
};
template <FieldsOf<Deadline> S, class V>
void Visit(S& s, V&& visit) {
  visit("base", s.base);
  visit("days", s.days);
  visit("date", s.date);
  visit("provisional", s.provisional);
}

/// `days` working days after `base`.
Deadline MakeDeadline(const Calendar& calendar, Date base, int32_t days);
/// The same period by this calendar.
inline Deadline Recompute(const Calendar& calendar, const Deadline& deadline) {
  return MakeDeadline(calendar, deadline.base, deadline.days);
}
/// The period after a suspension since `since` that ends on the day `today`: the working days that were left
/// then, at least one (domain.md 8.2).
Deadline Resume(const Calendar& calendar, const Deadline& deadline, Date since, Date today);
/// Whether the period is over. A provisional one never is.
bool HasPassed(const Deadline& deadline, Time now);

struct Deal {
  DealId id;
  std::string number;  // "DC" + exchange(4) + year(4) + type digit + sequence(6) + check symbol
  DealFacts facts;
  DealState state = DealState::kPending;
  std::string confirmation;  // the canonical bytes both sign
  DocumentHashes hashes;     // of `confirmation`
  Deadline confirmation_deadline;
  Deadline contract_deadline;
  std::vector<Signature> signatures;
  std::vector<std::string> objections;  // accepted and not closed: while there is one, the deal is suspended
  Time suspend_time;                    // since the first of them
  Defaulter defaulter = Defaulter::kNone;
  std::string cancel_reason;  // the objection that was upheld, or the contract that was terminated
  Time create_time;
  Time update_time;
  int64_t version = 0;

  bool suspended() const { return !objections.empty(); }
  bool operator==(const Deal&) const = default;
};
template <FieldsOf<Deal> S, class V>
void Visit(S& s, V&& visit) {
  visit("id", s.id);
  visit("number", s.number);
  visit("facts", s.facts);
  visit("state", s.state);
  visit("confirmation", s.confirmation);
  visit("hashes", s.hashes);
  visit("confirmation_deadline", s.confirmation_deadline);
  visit("contract_deadline", s.contract_deadline);
  visit("signatures", s.signatures);
  visit("objections", s.objections);
  visit("suspend_time", s.suspend_time);
  visit("defaulter", s.defaulter);
  visit("cancel_reason", s.cancel_reason);
  visit("create_time", s.create_time);
  visit("update_time", s.update_time);
  visit("version", s.version);
}

// --- Events

struct DealCreated {
  static constexpr const char* kName = "deal_created";
  DealId id;
  std::string number;
  DealFacts facts;
  std::string confirmation;
  DocumentHashes hashes;
  Deadline confirmation_deadline;
  Deadline contract_deadline;
  bool operator==(const DealCreated&) const = default;
};
template <FieldsOf<DealCreated> S, class V>
void Visit(S& s, V&& visit) {
  visit("id", s.id);
  visit("number", s.number);
  visit("facts", s.facts);
  visit("confirmation", s.confirmation);
  visit("hashes", s.hashes);
  visit("confirmation_deadline", s.confirmation_deadline);
  visit("contract_deadline", s.contract_deadline);
}

/// The second one makes the deal CONFIRMED.
struct ConfirmationSigned {
  static constexpr const char* kName = "confirmation_signed";
  Signature signature;
  bool operator==(const ConfirmationSigned&) const = default;
};
template <FieldsOf<ConfirmationSigned> S, class V>
void Visit(S& s, V&& visit) {
  visit("signature", s.signature);
}

struct DeadlinesSet {
  static constexpr const char* kName = "deadlines_set";
  Deadline confirmation_deadline;
  Deadline contract_deadline;
  bool operator==(const DeadlinesSet&) const = default;
};
template <FieldsOf<DeadlinesSet> S, class V>
void Visit(S& s, V&& visit) {
  visit("confirmation_deadline", s.confirmation_deadline);
  visit("contract_deadline", s.contract_deadline);
}

struct DealSuspended {
  static constexpr const char* kName = "deal_suspended";
  std::string objection;
  bool operator==(const DealSuspended&) const = default;
};
template <FieldsOf<DealSuspended> S, class V>
void Visit(S& s, V&& visit) {
  visit("objection", s.objection);
}

/// The objection is closed; the deal goes on when it was the last one.
struct ObjectionEnded {
  static constexpr const char* kName = "objection_ended";
  std::string objection;
  bool operator==(const ObjectionEnded&) const = default;
};
template <FieldsOf<ObjectionEnded> S, class V>
void Visit(S& s, V&& visit) {
  visit("objection", s.objection);
}

struct DealExpired {
  static constexpr const char* kName = "deal_expired";
  Defaulter defaulter = Defaulter::kNone;
  std::string contract;  // "contracts/{id}", empty when none was drafted
  bool operator==(const DealExpired&) const = default;
};
template <FieldsOf<DealExpired> S, class V>
void Visit(S& s, V&& visit) {
  visit("defaulter", s.defaulter);
  visit("contract", s.contract);
}

/// Exactly one of the two did it.
struct DealCancelled {
  static constexpr const char* kName = "deal_cancelled";
  std::string objection;  // that was upheld
  std::string contract;   // "contracts/{id}" that was terminated before it took effect
  bool operator==(const DealCancelled&) const = default;
};
template <FieldsOf<DealCancelled> S, class V>
void Visit(S& s, V&& visit) {
  visit("objection", s.objection);
  visit("contract", s.contract);
}

struct DealEvent {
  Time time;
  std::variant<DealCreated, ConfirmationSigned, DeadlinesSet, DealSuspended, ObjectionEnded, DealExpired,
               DealCancelled>
      payload;
  bool operator==(const DealEvent&) const = default;
};

// --- Commands

struct CreateDeal {
  DealId id;
  std::string number;
  DealFacts facts;
  std::string confirmation;  // ConfirmationText of the same values
  DocumentHashes hashes;
  Deadline confirmation_deadline;
  Deadline contract_deadline;
};
/// `contract_deadline` replaces the deal's when the exchange completes the confirmation after its deadline.
struct SignConfirmation {
  SignAttempt attempt;
  Deadline contract_deadline;
};
struct SetDeadlines {
  Deadline confirmation_deadline;
  Deadline contract_deadline;
};
struct OpenObjection {
  std::string objection;
};
/// The deadlines are those of a deal that goes on now.
struct CloseObjection {
  std::string objection;
  bool upheld = false;
  Deadline confirmation_deadline;
  Deadline contract_deadline;
};
/// The contract was terminated before it took effect.
struct CancelDeal {
  std::string contract;  // "contracts/{id}"
};
/// A deadline may have passed. `concluded`: the contract has all signatures; `contract_defaulter`: whose act
/// it lacks otherwise.
struct CloseDealIfDue {
  bool concluded = false;
  Defaulter contract_defaulter = Defaulter::kNone;
  std::string contract;
};

struct DealDecision {
  Deal next;
  std::vector<DealEvent> events;
};

/// Each is total: every state answers.
Result<DealDecision> Decide(const CreateDeal& command, Time now);
/// Precedence: WRONG_STATE (PENDING and PARTIAL take signatures), DEAL_SUSPENDED, ALREADY_SIGNED,
/// DEADLINE_PASSED (for the winner only: the exchange being late takes nothing from the winner), then
/// RefuseAttempt.
Result<DealDecision> Decide(const Deal& state, const SignConfirmation& command, Time now);
DealDecision Decide(const Deal& state, const SetDeadlines& command, Time now);
/// An objection that is open already, or a deal that is over, changes nothing.
DealDecision Decide(const Deal& state, const OpenObjection& command, Time now);
/// An objection that is not open changes nothing.
DealDecision Decide(const Deal& state, const CloseObjection& command, Time now);
/// CANCELLED, also while suspended. A deal that is over does not change.
DealDecision Decide(const Deal& state, const CancelDeal& command, Time now);
/// EXPIRED when the winner did not sign the confirmation in time (TRANSFEREE), or when the confirmed deal has
/// no contract by its deadline. Nothing while suspended.
DealDecision Decide(const Deal& state, const CloseDealIfDue& command, Time now);

[[nodiscard]] Deal Apply(Deal state, const DealEvent& event);

/// What must hold of every deal at rest; names the first violation.
std::optional<std::string> Check(const Deal& deal);

/// When the deal next changes by itself; nothing when it does not.
std::optional<Time> NextChange(const Deal& deal);
/// EXPIRED and CANCELLED.
bool IsOver(const Deal& deal);
/// Who an organization is in a deal.
std::optional<Side> SideOf(const DealFacts& facts, std::string_view organization);

/// The last number of a series: the number of a deal has six digits for it.
inline constexpr int64_t kMaxDealSequence = 999'999;
/// "DC" + `exchange_code` (4 symbols) + year + "1" + six digits of `sequence` + the check symbol of GB 32100.
std::string DealNumber(std::string_view exchange_code, int year, int64_t sequence);
/// The canonical bytes of the confirmation (domain.md 6.1). Only an auction has a reserve that was met.
std::string ConfirmationText(const CreateDeal& deal, Time now);

}  // namespace ttx::contract
