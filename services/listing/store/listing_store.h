#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/storage/txn.h"
#include "services/listing/domain/achievement.h"
#include "services/listing/domain/intent.h"
#include "services/listing/domain/listing.h"

namespace ttx::listing {

/// Tables of the listing key space. Part of the format on disk: do not renumber.
enum class Table : uint8_t {
  kAchievement = 0x10,        // text id -> AchievementRecord
  kAchievementKey = 0x11,     // text id -> the wrapped key its content is sealed under; gone once erased
  kPublicAchievement = 0x12,  // text state or "", text tech field or "", text id -> nothing
  kAchievementOf = 0x13,      // text organization, text state or "", text id -> nothing
  kListing = 0x14,            // text id -> ListingRecord
  kPublicListing = 0x15,  // text exchange or "", text state or "", text tech field or "", text id -> nothing
  kListingOf = 0x16,      // text organization, text state or "", text id -> nothing
  kIntent = 0x17,         // text listing id, text intent id -> IntentRecord
  kIntentByOrganization = 0x18,  // text listing id, text organization -> intent id
  kBidderCode = 0x19,            // text listing id, text code -> intent id
  kReference = 0x1a,             // text reference -> intent name
  kOrganization = 0x1b,          // text name -> OrganizationRecord
  kBarred = 0x1c,                // text achievement, text organization -> listing
  kProjectSequence = 0x1d,       // text exchange code and year and digit -> u64 of the last number
  kIpIdentity = 0x1e,  // text digest of a right's identity, text id of a live achievement -> nothing
  kExchangeCode = 0x1f,    // text exchange -> its code (libs/storage/exchange_codes.h)
  kExchangeByCode = 0x20,  // text code -> exchange
  kAdmitted = 0x22,        // text listing id, text code -> nothing, while a DYNAMIC session runs or ran
  kHeldDefault = 0x23,     // text listing id, text intent id -> HeldDefaultRecord, until the session has closed
};

/// Seals the content of achievements, each under a key of its own, so that a state secret is erased with its
/// key (domain.md 2.6). Implemented by the app.
class Vault {
 public:
  virtual ~Vault() = default;
  /// A fresh key, itself sealed for keeping.
  virtual std::string NewKey(std::string_view context) const = 0;
  virtual std::string Seal(std::string_view key, std::string_view plain, std::string_view context) const = 0;
  virtual std::string Open(std::string_view key, std::string_view sealed, std::string_view context) const = 0;
};

/// What party's feed told about an organization.
struct Organization {
  std::string legal_name;
  std::string uscc;
  bool active = false;
  bool operator==(const Organization&) const = default;
};

/// What other services are told.
enum class AnnouncementType : int32_t {
  kAchievementPublished = 1,
  kListingPublished = 2,
  kListingExtended = 3,
  kIntentConfirmed = 4,
  kIntentQualified = 5,
  kIntentLost = 6,
  kIntentReleased = 7,
  kBidderDefaulted = 8,
  kBiddingScheduled = 9,
  kDealDetermined = 10,
  kListingExpired = 11,
  kListingDefaulted = 12,
  kListingClosed = 13,
  kDeadlinePassed = 14,
  kListingObjected = 15,
  kPortionDefaulted = 30,
};

struct Bidder {
  std::string code;
  std::string organization;
  std::string intent;
  int32_t rank = 0;           // of its confirmed priority right; 0: none
  int64_t capital_share = 0;  // among holders of equal rank
  bool operator==(const Bidder&) const = default;
};

/// Holds the resources it is about as they were. Which fields count depends on `type`.
struct Announcement {
  AnnouncementType type = AnnouncementType::kAchievementPublished;
  std::optional<Listing> listing;
  std::optional<Intent> intent;
  std::string achievement;  // ACHIEVEMENT_PUBLISHED: its name, owner, title, abstract
  std::string owner;
  std::string title;
  std::string text;
  std::vector<std::string> ip_numbers;  // DEAL_DETERMINED
  std::vector<Bidder> bidders;          // BIDDING_SCHEDULED
  std::vector<std::string> barred_organizations;  // BIDDING_SCHEDULED
  std::string resource;                 // DEADLINE_PASSED
  std::string auction;                  // INTENT_QUALIFIED: that runs while the listing does; empty: none
  std::string deal;                     // DEAL_DETERMINED, LISTING_DEFAULTED, PORTION_DEFAULTED; empty: the only one
  std::string reason;
  Time due_time;
  bool operator==(const Announcement&) const = default;
};

/// Whether only services of the installation are told.
bool IsInternal(AnnouncementType type);

/// One entry of the event log.
struct StoredEvent {
  uint64_t sequence = 0;
  Time time;
  std::string resource;  // "listings/{id}"
  std::string exchange;  // empty when none
  std::variant<AchievementEvent, ListingEvent, IntentEvent, Announcement> payload;
};

// --- Aggregates. Checked after reading and before writing: damage stops the process.

std::optional<Achievement> LoadAchievement(const storage::Reader& reader, const Vault& vault,
                                           std::string_view id);
std::optional<Listing> LoadListing(const storage::Reader& reader, std::string_view id);
std::optional<Intent> LoadIntent(const storage::Reader& reader, std::string_view listing_id,
                                 std::string_view id);

/// Stages everything a decision writes: state, indices, events; nothing when it has no events. `before` is
/// the state it started from, nullptr for a new one. A state secret's key is destroyed.
void SaveDecision(storage::Txn& txn, const Vault& vault, const Achievement* before,
                  const AchievementDecision& decision);
void SaveDecision(storage::Txn& txn, const Listing* before, const ListingDecision& decision);
void SaveDecision(storage::Txn& txn, const Intent* before, const IntentDecision& decision);

void Announce(storage::Txn& txn, std::string_view resource, std::string_view exchange,
              const Announcement& announcement);

/// What a list is filtered by; empty: everything.
struct Filter {
  std::string exchange;
  std::string state;  // its name
  std::string tech_field;
};
/// At most `limit` ids after `after` by index, oldest first.
std::vector<std::string> ListPublicAchievements(const storage::Reader& reader, const Filter& filter,
                                                std::string_view after, size_t limit);
std::vector<std::string> ListAchievementsOf(const storage::Reader& reader, std::string_view organization,
                                            std::string_view state, std::string_view after, size_t limit);
std::vector<std::string> ListPublicListings(const storage::Reader& reader, const Filter& filter,
                                            std::string_view after, size_t limit);
std::vector<std::string> ListListingsOf(const storage::Reader& reader, std::string_view organization,
                                        std::string_view state, std::string_view after, size_t limit);
/// The live achievements that hold a right, by its identity.
std::vector<std::string> ListHoldersOfRight(const storage::Reader& reader, std::string_view identity,
                                            size_t limit);
/// At most `limit` intents of a listing with ids after `after`.
std::vector<Intent> ListIntents(const storage::Reader& reader, std::string_view listing_id,
                                std::string_view after, size_t limit);
std::optional<Intent> FindIntentOf(const storage::Reader& reader, std::string_view listing_id,
                                   std::string_view organization);
std::optional<Intent> FindIntentByCode(const storage::Reader& reader, std::string_view listing_id,
                                       std::string_view code);
/// Whether no intent has been given this reference yet.
bool IsReferenceFree(const storage::Reader& reader, std::string_view reference);

std::optional<Organization> LoadOrganization(const storage::Reader& reader, std::string_view name);
void SaveOrganization(storage::Txn& txn, std::string_view name, const Organization& organization);

void Bar(storage::Txn& txn, std::string_view achievement, std::string_view organization,
         std::string_view listing);
bool IsBarred(const storage::Reader& reader, std::string_view achievement, std::string_view organization);
/// At most `limit` organizations that may not take part in the sale of this achievement.
std::vector<std::string> ListBarred(const storage::Reader& reader, std::string_view achievement, size_t limit);

/// The session of a DYNAMIC listing has taken the bidder with this code.
void SaveAdmitted(storage::Txn& txn, std::string_view listing_id, std::string_view code);
bool IsAdmitted(const storage::Reader& reader, std::string_view listing_id, std::string_view code);

/// What a bidder did in a session that runs: nobody learns here whose it was before the session has closed
/// (domain.md 5.10).
struct HeldDefault {
  std::string cause;
  bool is_barred = false;
  bool operator==(const HeldDefault&) const = default;
};
/// A later one replaces it.
void SaveHeldDefault(storage::Txn& txn, std::string_view listing_id, std::string_view intent_id,
                     const HeldDefault& held);
std::optional<HeldDefault> FindHeldDefault(const storage::Reader& reader, std::string_view listing_id,
                                           std::string_view intent_id);
void ClearHeldDefault(storage::Txn& txn, std::string_view listing_id, std::string_view intent_id);

/// The last number given in a series, 0 at first.
int64_t LastProjectSequence(const storage::Reader& reader, std::string_view series);
void SaveProjectSequence(storage::Txn& txn, std::string_view series, int64_t sequence);

/// At most `limit` events after `after_sequence`.
std::vector<StoredEvent> ListEvents(const storage::Reader& reader, const Vault& vault,
                                    uint64_t after_sequence, size_t limit);

}  // namespace ttx::listing
