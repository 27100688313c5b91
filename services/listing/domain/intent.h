#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/calendar.h"
#include "services/listing/domain/common.h"
#include "services/listing/domain/listing.h"

namespace ttx::listing {

// The numbers of all enums here are those of the API and of records: do not renumber.

/// Where an intent stands (domain.md 4.5).
enum class IntentState : int32_t {
  kRegistered = 1,
  kOpinionSent = 2,
  kDisputed = 3,
  kConfirmed = 4,
  kDisqualified = 5,
  kQualified = 6,
  kAbandoned = 7,
  kReleased = 8,
  kBreached = 9,
};

/// What the organization says.
struct IntentContent {
  std::string statement;
  std::string contact;
  std::vector<Attachment> attachments;
  std::optional<PriorityClaim> priority = {};
  bool operator==(const IntentContent&) const = default;
};

/// An organization's intent to buy (意向登记).
struct Intent {
  IntentId id;
  std::string listing;  // "listings/{id}"
  std::string exchange;
  std::string owner;  // of the listing
  std::string organization;
  std::string legal_name;
  std::string person;  // who registered it
  IntentContent content;
  Fen deposit;  // required by the listing
  IntentState state = IntentState::kRegistered;
  bool is_entitled_only = false;  // related to what is sold: may bid by its priority right alone

  bool priority_confirmed = false;
  bool opinion_qualified = false;
  std::string opinion;
  std::string opinion_person;
  Date opinion_date;
  Time reply_due_time;
  bool reply_due_provisional = false;
  std::string objection;
  std::string decision;

  Time deposit_due_time;
  bool deposit_due_provisional = false;
  std::string reference;  // the text the payer must give
  std::string bidder_code;
  std::string end_reason;

  Time create_time;
  Time update_time;
  int64_t version = 0;

  std::string name() const { return listing + "/intents/" + id.text; }
  bool operator==(const Intent&) const = default;
};

enum class IntentEventType : int32_t {
  kRegistered = 1,
  kOpinionGiven = 2,
  kReplyDueMoved = 3,
  kObjected = 4,
  kConfirmed = 5,
  kDisqualified = 6,
  kQualified = 7,
  kAbandoned = 8,
  kReleased = 9,
  kBreached = 10,
};

/// One decision. Which fields count depends on `type`: the rest is empty.
struct IntentEvent {
  Time time;
  IntentEventType type = IntentEventType::kRegistered;
  IntentState state = IntentState::kRegistered;  // the state after it: always
  std::string person;                            // who did it, where a person did
  // REGISTERED
  IntentId id;
  std::string listing;
  std::string exchange;
  std::string owner;
  std::string organization;
  std::string legal_name;
  std::optional<IntentContent> content;
  Fen deposit;
  bool is_entitled_only = false;    // REGISTERED
  bool priority_confirmed = false;  // OPINION_GIVEN
  bool qualified = false;   // OPINION_GIVEN
  std::string text;         // OPINION_GIVEN, OBJECTED; CONFIRMED, DISQUALIFIED: the decision of a dispute
  Date date;                // OPINION_GIVEN
  LegalDate due;            // OPINION_GIVEN, REPLY_DUE_MOVED, CONFIRMED
  std::string reference;    // CONFIRMED
  std::string bidder_code;  // QUALIFIED
  std::string reason;       // DISQUALIFIED, ABANDONED, RELEASED, BREACHED
  bool is_barred = false;   // BREACHED: from the same achievement (domain.md 5.12)
  std::optional<bool> decided_priority;  // CONFIRMED in a dispute that was about it: whether the right was confirmed
  bool operator==(const IntentEvent&) const = default;
};

struct IntentDecision {
  Intent next;
  std::vector<IntentEvent> events;  // empty: nothing changed
};

/// What an intent's steps are judged against.
struct IntentRegime {
  const Calendar& calendar;
  const RuleProfile& profile;
  const Listing& listing;
};

// --- Commands. The caller has been found to be the one who may give them.

struct RegisterIntent {
  IntentId id;
  std::string organization;
  std::string legal_name;
  std::string person;
  IntentContent content;
  // What the store knows, in the order in which they refuse.
  bool active = false;      // the organization
  bool related = false;     // to the owner
  bool entitled = false;    // related only by what a priority right comes from
  bool barred = false;      // from this achievement after a default
  bool registered = false;  // already
  size_t intent_count = 0;  // of the listing
};
struct GiveOpinion {
  std::string person;
  bool qualified = false;
  std::string opinion;
  bool priority_confirmed = false;
};
struct ConsentToOpinion {
  std::string person;
  std::string reference;  // used when the intent is confirmed
};
/// By the owner; or by the organization itself, against an opinion that it does not qualify or holds no right.
struct ObjectToOpinion {
  std::string person;
  std::string note;
  bool by_owner = true;
};
struct DecideDispute {
  std::string person;
  bool qualified = false;
  std::string note;
  std::string reference;  // used when the intent is confirmed
  std::optional<bool> priority_confirmed = {};  // absent: as the opinion said
};
/// The timer of the owner's reply: silence is consent (domain.md 4.5 step 2).
struct EndReply {
  std::string reference;
};
struct DepositEffective {
  std::string bidder_code;
};
struct DepositMissed {};
struct WithdrawIntent {
  std::string person;
};
/// The listing ended, or somebody else won; every state but the final ones.
struct ReleaseIntent {
  std::string reason;
};
/// The winner or only bidder did not keep its word.
struct BreachIntent {
  std::string reason;
  bool is_barred = true;  // from the same achievement
};

/// Each is total: every state answers. Precedence: state, then persons, then fields and facts.
Result<IntentDecision> Decide(const RegisterIntent& command, const IntentRegime& regime, Time now);
Result<IntentDecision> Decide(const Intent& state, const GiveOpinion& command, const IntentRegime& regime,
                              Time now);
Result<IntentDecision> Decide(const Intent& state, const ConsentToOpinion& command,
                              const IntentRegime& regime, Time now);
Result<IntentDecision> Decide(const Intent& state, const ObjectToOpinion& command, const IntentRegime& regime,
                              Time now);
Result<IntentDecision> Decide(const Intent& state, const DecideDispute& command, const IntentRegime& regime,
                              Time now);
Result<IntentDecision> Decide(const Intent& state, const EndReply& command, const IntentRegime& regime,
                              Time now);
Result<IntentDecision> Decide(const Intent& state, const DepositEffective& command,
                              const IntentRegime& regime, Time now);
Result<IntentDecision> Decide(const Intent& state, const DepositMissed& command, const IntentRegime& regime,
                              Time now);
Result<IntentDecision> Decide(const Intent& state, const WithdrawIntent& command, const IntentRegime& regime,
                              Time now);
Result<IntentDecision> Decide(const Intent& state, const ReleaseIntent& command, const IntentRegime& regime,
                              Time now);
Result<IntentDecision> Decide(const Intent& state, const BreachIntent& command, const IntentRegime& regime,
                              Time now);

/// The state after an event; folding all events gives the intent, always.
[[nodiscard]] Intent Apply(Intent state, const IntentEvent& event);

/// What must hold of every intent at rest; names the first violation, or nothing.
std::optional<std::string> Check(const Intent& intent);

/// The rank of its confirmed priority right; 0: none.
int32_t PriorityRankOf(const Intent& intent);
/// The weight of its capital share among holders of equal rank; 0 without a confirmed right.
int64_t CapitalShareOf(const Intent& intent);

/// Whether it still may become a bidder but is none yet.
bool IsUndecided(IntentState state);
/// Whether it will never change again.
bool IsOver(IntentState state);
/// Whether the owner of the listing may see it: the exchange has given its opinion.
bool OwnerSees(const Intent& intent);

/// "TTX" and eight symbols without look-alikes, from eight random bytes.
std::string ReferenceFrom(std::string_view random);
/// Five digits from four random bytes.
std::string BidderCodeFrom(std::string_view random);

std::string_view StateName(IntentState state);
std::string_view TypeName(IntentEventType type);

}  // namespace ttx::listing
