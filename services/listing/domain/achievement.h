#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/listing/domain/common.h"

namespace ttx::listing {

// The numbers of all enums here are those of the API and of records: do not renumber.

/// Where an achievement stands (domain.md 2.2).
enum class AchievementState : int32_t {
  kDraft = 1,
  kSecrecyReview = 2,
  kRightsCheck = 3,
  kRegistered = 4,
  kPublished = 5,
  kListed = 6,
  kTransferred = 7,
  kSealed = 8,
  kWithdrawn = 9,
};

enum class AchievementType : int32_t {
  kUnspecified = 0,
  kAppliedTechnology = 1,
  kBasicTheory = 2,
  kSoftScience = 3
};
enum class Attribute : int32_t { kUnspecified = 0, kOriginal = 1, kAbsorbed = 2, kRedeveloped = 3 };
enum class Stage : int32_t { kUnspecified = 0, kEarly = 1, kPilot = 2, kMature = 3 };
enum class Assessor : int32_t { kUnspecified = 0, kSelf = 1, kThirdParty = 2, kPeer = 3 };

/// What a secrecy review found (domain.md 2.6).
enum class Secrecy : int32_t {
  kUnspecified = 0,
  kNonSecret = 1,
  kTradeSecretRedacted = 2,
  kWorkSecret = 3,
  kStateSecret = 4,
};

/// A technology readiness rating (domain.md 2.5). Level 0: not rated.
struct ReadinessLevel {
  int32_t level = 0;
  std::string standard;
  Assessor assessor_type = Assessor::kUnspecified;
  std::string assessor;
  std::string assess_date;
  std::string valid_until_date;
  std::vector<Attachment> evidence;
  bool operator==(const ReadinessLevel&) const = default;
};

struct CompletingUnit {
  std::string uscc;
  std::string display_name;
  int32_t share_ppm = 0;
  bool operator==(const CompletingUnit&) const = default;
};

struct Inventor {
  std::string display_name;
  std::string affiliation;
  std::string rank;
  int32_t contribution_ppm = 0;
  std::string person;
  bool operator==(const Inventor&) const = default;
};

enum class IpKind : int32_t {
  kUnspecified = 0,
  kInvention = 1,
  kUtilityModel = 2,
  kDesign = 3,
  kApplication = 4,
  kSoftwareCopyright = 5,
  kIcLayout = 6,
  kPlantVariety = 7,
  kKnowHow = 8,
  kOther = 9,
};
enum class IpStatus : int32_t {
  kUnspecified = 0,
  kPending = 1,
  kGranted = 2,
  kLapsedFee = 3,
  kInvalidated = 4,
  kExpired = 5,
  kRevoked = 6,
};

/// An intellectual property right with its legal facts (domain.md 2.3).
struct IpItem {
  IpKind kind = IpKind::kUnspecified;
  std::string number;  // of patents and applications in the form PatentNumber::Display gives
  std::string title;
  IpStatus status = IpStatus::kUnspecified;
  std::vector<std::string> owners;
  std::string filing_date;
  std::string grant_date;
  std::string expiry_date;
  std::string fee_paid_through_date;
  std::vector<std::string> licences;
  bool pledged = false;
  bool preserved = false;
  bool invalidation_pending = false;
  bool open_licence = false;
  bool operator==(const IpItem&) const = default;
};

enum class OwnershipNature : int32_t {
  kUnspecified = 0,
  kService = 1,
  kNonService = 2,
  kCommissioned = 3,
  kCooperative = 4,
};
enum class Empowerment : int32_t { kNone = 0, kPartialOwnership = 1, kFullOwnership = 2, kLongTermUse = 3 };
enum class ConsentParty : int32_t { kUnspecified = 0, kCoOwner = 1, kPledgee = 2, kFunder = 3 };

struct Owner {
  std::string holder;  // a USCC, or the name of a natural person
  int32_t share_ppm = 0;
  bool operator==(const Owner&) const = default;
};

struct Consent {
  ConsentParty party = ConsentParty::kUnspecified;
  std::string display_name;
  Attachment document;
  std::string holder;  // of a co-owner: as it stands in `owners`
  bool operator==(const Consent&) const = default;
};

/// Whose right it is (domain.md 2.7).
struct Ownership {
  OwnershipNature nature = OwnershipNature::kUnspecified;
  std::vector<Owner> owners;
  Empowerment empowerment = Empowerment::kNone;
  bool separate_management = false;
  bool negative_list = false;
  std::vector<Consent> consents;
  bool operator==(const Ownership&) const = default;
};

enum class EncumbranceKind : int32_t {
  kUnspecified = 0,
  kLicence = 1,
  kPledge = 2,
  kLitigation = 3,
  kPreservation = 4,
  kShareSold = 5
};

struct Encumbrance {
  EncumbranceKind kind = EncumbranceKind::kUnspecified;
  std::string description;
  bool operator==(const Encumbrance&) const = default;
};

/// What the owner says about an achievement (domain.md 2.2).
struct AchievementContent {
  std::string reg_no;
  std::string title;
  std::vector<std::string> keywords;
  std::string abstract_public;
  std::vector<Attachment> detail_restricted;
  AchievementType achievement_type = AchievementType::kUnspecified;
  Attribute attribute = Attribute::kUnspecified;
  Stage stage = Stage::kUnspecified;
  ReadinessLevel trl;
  std::string tech_field;
  std::string industry;
  int32_t sei = 0;
  std::vector<std::string> ipc;
  std::vector<std::string> scenarios;
  std::vector<std::string> target_regions;
  std::string fund_source;
  std::vector<CompletingUnit> completing_units;
  std::vector<Inventor> inventors;
  std::vector<IpItem> ip_items;
  Ownership ownership;
  std::vector<Encumbrance> encumbrances;
  std::vector<Kind> desired_kinds;
  Fen ask_price;
  std::string price_basis;
  std::string expected_result;
  bool operator==(const AchievementContent&) const = default;
};

/// A listing that offers a part of the rights.
struct RightLock {
  std::string listing;
  RightScope scope;
  bool operator==(const RightLock&) const = default;
};

struct Achievement {
  AchievementId id;
  std::string owner;         // "organizations/{id}"
  std::string maker_person;  // who wrote it last, "people/{id}"
  std::string submitter_person;
  std::string exchange;  // whose reviewers check it; empty before the first submission
  AchievementContent content;
  AchievementState state = AchievementState::kDraft;
  Secrecy secrecy = Secrecy::kUnspecified;
  std::string review_note;
  std::string secrecy_reviewer;
  std::string rights_reviewer;
  std::vector<RightLock> locks;
  Time create_time;
  Time update_time;
  int64_t version = 0;
  bool operator==(const Achievement&) const = default;
};

enum class AchievementEventType : int32_t {
  kCreated = 1,
  kUpdated = 2,
  kSubmitted = 3,
  kCleared = 4,
  kClassified = 5,
  kRightsPassed = 6,
  kRightsFailed = 7,
  kPublished = 8,
  kAttached = 9,
  kDetached = 10,
  kTransferred = 11,
  kLicensed = 12,
  kWithdrawn = 13,
  kShareSold = 14,
};

/// One decision. Which fields count depends on `type`: the rest is empty.
struct AchievementEvent {
  Time time;
  AchievementEventType type = AchievementEventType::kCreated;
  AchievementState state = AchievementState::kDraft;  // the state after it: always
  AchievementId id;                                   // CREATED
  std::string owner;                                  // CREATED; the new owner of TRANSFERRED
  std::string person;                                 // who did it, where a person did
  std::string exchange;                               // SUBMITTED
  std::optional<AchievementContent> content;          // CREATED, UPDATED
  Secrecy secrecy = Secrecy::kUnspecified;            // CLEARED, CLASSIFIED
  std::string text;     // CLEARED: the redacted abstract; RIGHTS_FAILED: the note;
                        // LICENSED: the description of the new burden
  std::string listing;  // ATTACHED, DETACHED, TRANSFERRED, LICENSED
  RightScope scope;     // ATTACHED
  bool operator==(const AchievementEvent&) const = default;
};

struct AchievementDecision {
  Achievement next;
  std::vector<AchievementEvent> events;
};

// --- Commands. The caller has been found to be the owner or staff of the exchange.

struct CreateAchievement {
  AchievementId id;
  std::string owner;
  std::string person;
  AchievementContent content;
};
struct UpdateAchievement {
  std::string person;
  AchievementContent content;
};
struct SubmitAchievement {
  std::string person;
  std::string exchange;
  std::string owner_uscc;  // of the caller's organization
};
struct ClearAchievement {
  std::string person;
  Secrecy secrecy = Secrecy::kUnspecified;
  std::string redacted_abstract;
};
struct ClassifyAchievement {
  std::string person;
  Secrecy secrecy = Secrecy::kUnspecified;
};
struct PassRights {
  std::string person;
  std::string owner_uscc;    // of the organization that submitted it
  std::string taken_number;  // a right that another live achievement holds; empty when there is none
};
struct FailRights {
  std::string person;
  std::string note;
};
struct PublishAchievement {
  std::string person;
};
struct WithdrawAchievement {
  std::string person;
};
struct AttachListing {
  std::string listing;
  RightScope scope;
};
/// The listing ended without a deal.
struct DetachListing {
  std::string listing;
};
/// The deals of the listing are done: title moves to `buyer`, or a licence is added to the burdens. Where a share
/// of the title stays with the owner, what was sold is added to the burdens and the owner may offer the rest.
struct CompleteDeal {
  std::string listing;
  std::string buyer;
  std::string description;  // of the licence, or of the shares that were sold
  bool is_partial = false;
};

/// Each is total: every state answers. Precedence: state, then persons (SAME_PERSON), then fields, then
/// facts.
Result<AchievementDecision> Decide(const CreateAchievement& command, Time now);
Result<AchievementDecision> Decide(const Achievement& state, const UpdateAchievement& command, Time now);
Result<AchievementDecision> Decide(const Achievement& state, const SubmitAchievement& command, Time now);
Result<AchievementDecision> Decide(const Achievement& state, const ClearAchievement& command, Time now);
Result<AchievementDecision> Decide(const Achievement& state, const ClassifyAchievement& command, Time now);
Result<AchievementDecision> Decide(const Achievement& state, const PassRights& command, Time now);
Result<AchievementDecision> Decide(const Achievement& state, const FailRights& command, Time now);
Result<AchievementDecision> Decide(const Achievement& state, const PublishAchievement& command, Time now);
Result<AchievementDecision> Decide(const Achievement& state, const WithdrawAchievement& command, Time now);
Result<AchievementDecision> Decide(const Achievement& state, const AttachListing& command, Time now);
Result<AchievementDecision> Decide(const Achievement& state, const DetachListing& command, Time now);
Result<AchievementDecision> Decide(const Achievement& state, const CompleteDeal& command, Time now);

/// The state after an event; folding all events gives the achievement, always.
[[nodiscard]] Achievement Apply(Achievement state, const AchievementEvent& event);

/// What must hold of every achievement at rest; names the first violation, or nothing.
std::optional<std::string> Check(const Achievement& achievement);

/// INVALID_FIELD for the first field that is wrong (domain.md 2.2-2.7). Patent numbers are put into their
/// normal form and USCCs normalised first: the result is what is stored.
Result<AchievementContent> NormalizeContent(AchievementContent content);

/// Whether everybody may see it.
bool IsPublic(AchievementState state);
/// Whether it is offered or may be: passed by the rights reviewer and neither sold nor withdrawn.
bool IsLive(AchievementState state);

/// A copy without what the public must not see: restricted (R) and internal (I) fields of domain.md 2.2.
AchievementContent PublicPart(const AchievementContent& content);

/// The numbers of its rights, for deals and contracts.
std::vector<std::string> IpNumbers(const AchievementContent& content);
/// What tells the right from others in its register: a patent and its application share it. Empty without a
/// number.
std::string IpIdentity(const IpItem& item);

std::string_view StateName(AchievementState state);
std::string_view TypeName(AchievementEventType type);

}  // namespace ttx::listing
