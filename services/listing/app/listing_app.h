#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/core/calendar.h"
#include "libs/core/id.h"
#include "libs/core/principal.h"
#include "libs/core/result.h"
#include "libs/storage/log_page.h"
#include "libs/storage/txn.h"
#include "services/listing/domain/achievement.h"
#include "services/listing/domain/intent.h"
#include "services/listing/domain/listing.h"
#include "services/listing/store/listing_store.h"

namespace ttx::listing {

/// The resource a command is for, and the version it is based on (unchecked when empty).
struct Target {
  std::string id;
  std::string etag;
};
struct IntentTarget {
  std::string listing;
  std::string id;
  std::string etag;
};

/// How much of a resource a caller may see.
enum class Sight { kPublic, kBuyer, kOwner, kStaff };

template <class T>
struct Seen {
  T value;
  Sight sight = Sight::kPublic;
};

/// The listing service's use cases: one method per RPC, timer and event. Commands run on the writer's thread,
/// queries on any. What belongs to another organization or exchange is NOT_FOUND.
class ListingApp {
 public:
  /// `calendar` and `ids` must outlive the object; `secrets_key` has 32 bytes. At least one profile.
  ListingApp(const Calendar& calendar, IdSource& ids, std::vector<RuleProfile> profiles,
             std::string secrets_key);
  ~ListingApp();

  // --- Achievements

  Result<Achievement> CreateAchievement(storage::Txn& txn, const Principal& caller,
                                        const AchievementContent& content) const;
  Result<Achievement> UpdateAchievement(storage::Txn& txn, const Principal& caller, const Target& target,
                                        const AchievementContent& content) const;
  Result<Achievement> SubmitAchievement(storage::Txn& txn, const Principal& caller, const Target& target,
                                        const std::string& exchange) const;
  Result<Achievement> ClearAchievement(storage::Txn& txn, const Principal& caller, const Target& target,
                                       Secrecy secrecy, const std::string& redacted_abstract) const;
  Result<Achievement> ClassifyAchievement(storage::Txn& txn, const Principal& caller, const Target& target,
                                          Secrecy secrecy) const;
  Result<Achievement> PassRights(storage::Txn& txn, const Principal& caller, const Target& target) const;
  Result<Achievement> FailRights(storage::Txn& txn, const Principal& caller, const Target& target,
                                 const std::string& note) const;
  Result<Achievement> PublishAchievement(storage::Txn& txn, const Principal& caller,
                                         const Target& target) const;
  Result<Achievement> WithdrawAchievement(storage::Txn& txn, const Principal& caller,
                                          const Target& target) const;

  // --- Listings

  struct CreateListingInput {
    std::string exchange;
    std::string profile;
    std::string achievement;  // its id
    ListingContent content;
    Fen reserve;  // 0: none
  };
  Result<Listing> CreateListing(storage::Txn& txn, const Principal& caller,
                                const CreateListingInput& input) const;
  /// `reserve`: kept when absent, removed when 0.
  Result<Listing> UpdateListing(storage::Txn& txn, const Principal& caller, const Target& target,
                                const ListingContent& content, std::optional<Fen> reserve) const;
  Result<Listing> SubmitListing(storage::Txn& txn, const Principal& caller, const Target& target) const;
  Result<Listing> AcceptListing(storage::Txn& txn, const Principal& caller, const Target& target) const;
  Result<Listing> ReturnListing(storage::Txn& txn, const Principal& caller, const Target& target,
                                const std::string& note) const;
  Result<Listing> ApproveListing(storage::Txn& txn, const Principal& caller, const Target& target,
                                 Review review) const;
  Result<Listing> RejectListing(storage::Txn& txn, const Principal& caller, const Target& target,
                                const std::string& note) const;
  /// How a declared holder of a priority right was told; `holder` is 1 for the first one.
  Result<Listing> RecordPriorityNotice(storage::Txn& txn, const Principal& caller, const Target& target,
                                       int32_t holder, const PriorityNotice& notice) const;
  /// By the exchange for the holder, or by the holder's own organization once it was told.
  Result<Seen<Listing>> AnswerPriority(storage::Txn& txn, const Principal& caller, const Target& target,
                                       int32_t holder, PriorityAnswer answer) const;
  Result<Listing> PublishListing(storage::Txn& txn, const Principal& caller, const Target& target) const;
  Result<Listing> ProposeForListing(storage::Txn& txn, const Principal& caller, const Target& target,
                                    Action action, const std::string& reason, const std::string& note) const;
  Result<Listing> ConfirmListing(storage::Txn& txn, const Principal& caller, const Target& target) const;
  Result<Listing> WithdrawListing(storage::Txn& txn, const Principal& caller, const Target& target) const;
  Result<Listing> ScheduleBidding(storage::Txn& txn, const Principal& caller, const Target& target,
                                  Time start_time) const;
  Result<Listing> QuoteListing(storage::Txn& txn, const Principal& caller, const Target& target,
                               Fen price) const;

  // --- Intents

  Result<Intent> CreateIntent(storage::Txn& txn, const Principal& caller, const std::string& listing_id,
                              const IntentContent& content) const;
  Result<Intent> GiveOpinion(storage::Txn& txn, const Principal& caller, const IntentTarget& target,
                             bool qualified, const std::string& opinion, bool priority_confirmed = false) const;
  Result<Intent> ConsentIntent(storage::Txn& txn, const Principal& caller, const IntentTarget& target) const;
  Result<Intent> ObjectIntent(storage::Txn& txn, const Principal& caller, const IntentTarget& target,
                              const std::string& note) const;
  Result<Intent> DecideDispute(storage::Txn& txn, const Principal& caller, const IntentTarget& target,
                               bool qualified, const std::string& note,
                               std::optional<bool> priority_confirmed = {}) const;
  Result<Intent> WithdrawIntent(storage::Txn& txn, const Principal& caller, const IntentTarget& target) const;

  // --- Timers and other services' events

  /// A planned call came due. What has become moot changes nothing.
  void OnDue(storage::Txn& txn, const std::string& subject) const;
  /// Once after a start: listings whose end was provisional are judged by the calendar of this start, a page
  /// of them in this command and each further page in one of its own (OnDue). `after` is the last of the page
  /// before.
  void Recompute(storage::Txn& txn, const std::string& after = "") const;

  Status OnOrganizationActivated(storage::Txn& txn, const std::string& name, const std::string& legal_name,
                                 const std::string& uscc) const;
  /// Gives the exchange its code (libs/storage/exchange_codes.h).
  Status OnExchangeActivated(storage::Txn& txn, const std::string& exchange, const std::string& uscc) const;
  /// Suspended, closed or reinstated.
  Status OnOrganizationChanged(storage::Txn& txn, const std::string& name, bool active) const;

  /// The auction began a phase; `is_free`: FREE is not over by it, that is FREE or CAP_DECLARING.
  Status OnBiddingStarted(storage::Txn& txn, const std::string& listing, bool is_free) const;
  struct AuctionResult {
    std::string listing;
    bool won = false;
    std::string reason;  // NO_BID, BELOW_RESERVE, ANNULLED ... when not won
    std::string winner_code;
    Fen price;
    int64_t bid_count = 0;
    std::string log_hash;
    /// What each of several winners takes (domain.md 5.9, PRO_RATA); empty for one.
    struct Portion {
      std::string code;
      int32_t share_ppm = 0;
      Fen price;
    };
    std::vector<Portion> portions = {};
  };
  Status OnAuctionClosed(storage::Txn& txn, const AuctionResult& result) const;
  struct AuctionDefault {
    std::string listing;
    std::string bidder_code;  // empty: every bidder of the session
    std::string cause;        // such as MISCONDUCT
    bool is_barred = false;   // from what is sold
  };
  /// Bidders broke their word in the auction (domain.md 5.12): who has lost its deposit before the close is in breach,
  /// who is barred may not register for the same achievement again. The contract tells of a deal that falls through.
  Status OnAuctionDefault(storage::Txn& txn, const AuctionDefault& broken) const;
  /// The session of a DYNAMIC listing has taken a bidder that qualified while it ran. Who qualified so late that
  /// bidding was closed is none: it lost nothing by that, and is released with the others.
  Status OnBidderAdded(storage::Txn& txn, const std::string& listing, const std::string& bidder_code) const;
  Status OnDepositEffective(storage::Txn& txn, const std::string& intent) const;
  Status OnDepositMissed(storage::Txn& txn, const std::string& intent) const;
  Status OnContractEffective(storage::Txn& txn, const std::string& listing, const std::string& deal) const;
  /// `reason`: TRANSFEREE, TRANSFEROR, BOTH, PAYMENT, CANCELLED or CONTRACT_TERMINATED.
  Status OnDealDefaulted(storage::Txn& txn, const std::string& listing, const std::string& deal,
                         const std::string& reason) const;
  Status OnSettled(storage::Txn& txn, const std::string& listing, const std::string& deal) const;
  Status OnCertified(storage::Txn& txn, const std::string& listing, const std::string& deal) const;
  /// About an objection to a notice of the listing itself.
  Status OnObjectionAccepted(storage::Txn& txn, const std::string& listing,
                             const std::string& objection) const;
  Status OnObjectionClosed(storage::Txn& txn, const std::string& listing, const std::string& objection,
                           bool upheld) const;

  // --- Queries

  Result<Seen<Achievement>> GetAchievement(const storage::Reader& reader, const Principal& caller,
                                           std::string_view id) const;
  Result<Seen<Listing>> GetListing(const storage::Reader& reader, const Principal& caller,
                                   std::string_view id) const;
  /// Bidder code and deposit reference are there for the intent's own organization only; the winner's code
  /// for everybody who sees the intent once there is a deal (domain.md 5.10). The same holds of every other
  /// answer.
  Result<Intent> GetIntent(const storage::Reader& reader, const Principal& caller,
                           std::string_view listing_id, std::string_view id) const;
  /// By index, in bounded looks: the public's, or with `mine` those of the caller's organization or exchange.
  storage::ListPage<Seen<Achievement>> ListAchievements(const storage::Reader& reader,
                                                        const Principal& caller, bool mine,
                                                        const Filter& filter, std::string_view after,
                                                        size_t limit) const;
  storage::ListPage<Seen<Listing>> ListListings(const storage::Reader& reader, const Principal& caller,
                                                bool mine, const Filter& filter, std::string_view after,
                                                size_t limit) const;
  /// Those the caller may see, in bounded looks.
  Result<storage::ListPage<Intent>> ListIntents(const storage::Reader& reader, const Principal& caller,
                                                std::string_view listing_id, std::string_view after,
                                                size_t limit) const;
  /// What `caller` may see of the events after `after_sequence`: services see all, staff their own exchange's
  /// without internal ones and without what tells who is behind a bidder code (domain.md 5.10).
  storage::LogPage<StoredEvent> ListEvents(const storage::Reader& reader, const Principal& caller,
                                           uint64_t after_sequence, size_t limit) const;

  struct Reserve {
    Fen price;
    std::string salt;  // hex
  };
  /// The reserve price in the clear, for the auction service only; nothing when there is none.
  std::optional<Reserve> OpenReserve(const Listing& listing) const;

 private:
  class KeyVault;

  const RuleProfile* FindProfile(std::string_view name, int32_t version, Time now) const;
  Result<Regime> RegimeOf(const Listing& listing, Time now) const;

  template <class Command>
  Result<Achievement> ChangeAchievement(storage::Txn& txn, const Principal& caller, const Target& target,
                                        Sight side, const Command& command) const;
  template <class Command>
  Result<Listing> ChangeListing(storage::Txn& txn, const Principal& caller, const Target& target, Sight side,
                                const Command& command) const;
  template <class Command>
  Result<Intent> ChangeIntent(storage::Txn& txn, const Principal& caller, const IntentTarget& target,
                              Sight side, const Command& command) const;
  template <class Command>
  Status Apply(storage::Txn& txn, const std::string& listing, const Command& command) const;
  template <class Command>
  Status ApplyToIntent(storage::Txn& txn, const std::string& intent, const Command& command) const;

  Result<Listing> LoadForChange(storage::Txn& txn, const Principal& caller, const Target& target,
                                Sight side) const;
  std::string TakenNumber(const storage::Reader& reader, const Achievement& achievement) const;
  Result<Previous> PreviousOf(const storage::Reader& reader, const std::string& owner,
                              const std::string& achievement, const Relisting& relisting) const;
  Status CheckOwnerActive(const storage::Reader& reader, const Listing& listing) const;
  Result<bool> EndLateReply(storage::Txn& txn, const Listing& listing, const Intent& intent) const;
  void TellReleased(storage::Txn& txn, const Intent& intent) const;
  Status Lock(storage::Txn& txn, const Listing& listing) const;
  void Unlock(storage::Txn& txn, const Listing& listing) const;
  void CompleteDeal(storage::Txn& txn, const Listing& listing) const;

  void Commit(storage::Txn& txn, const Listing* before, const ListingDecision& decision) const;
  void OnListingEvent(storage::Txn& txn, const Listing& listing, const ListingEvent& event) const;
  void PlanReview(storage::Txn& txn, const Listing& listing) const;
  void PlanOpinions(storage::Txn& txn, const Listing& listing) const;
  void OnEnded(storage::Txn& txn, const Listing& listing, const std::string& reason,
               const std::string& reason_of_intents) const;
  void OnScheduled(storage::Txn& txn, const Listing& listing) const;
  void OnDealDetermined(storage::Txn& txn, const Listing& listing, const std::string& deal) const;
  void OnDefault(storage::Txn& txn, const Listing& listing, const ListingEvent& event) const;
  void PlanListing(storage::Txn& txn, const Listing* before, const Listing& after) const;
  void Commit(storage::Txn& txn, const Listing& listing, const Intent* before,
              const IntentDecision& decision) const;
  template <class Which>
  void ReleaseIntents(storage::Txn& txn, const Listing& listing, const std::string& reason, Which which) const;
  void BreachIntent(storage::Txn& txn, const Listing& listing, const std::string& intent,
                    const listing::BreachIntent& breach) const;
  void Requalify(storage::Txn& txn, const std::string& listing_id) const;
  Qualification Count(const storage::Reader& reader, const std::string& listing_id) const;
  size_t CountRegistered(const storage::Reader& reader, const std::string& listing_id) const;
  void EndPeriodOf(storage::Txn& txn, const Listing& listing) const;
  void EndIfOver(storage::Txn& txn, const std::string& listing_id) const;
  void Remind(storage::Txn& txn, const std::string& subject) const;

  SealedReserve SealReserve(const ListingId& id, Fen price) const;
  static bool IsRelated(const Principal& caller, const Listing& listing, const std::optional<Achievement>& sold);
  bool IsEntitled(const storage::Reader& reader, const Principal& caller, const Achievement& sold) const;
  std::string NewReference(const storage::Reader& reader) const;
  std::string NewBidderCode(const storage::Reader& reader, const std::string& listing_id) const;

  const Calendar& calendar_;
  IdSource& ids_;
  const std::vector<RuleProfile> profiles_;
  const std::string secrets_key_;
  const std::unique_ptr<KeyVault> vault_;
};

/// The two ids of "listings/{id}/intents/{id}"; empty when it is not such a name.
std::pair<std::string, std::string> SplitIntentName(std::string_view name);

}  // namespace ttx::listing
