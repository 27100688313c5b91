#include "services/listing/app/listing_app.h"

#include <algorithm>

#include "libs/core/encoding.h"
#include "libs/core/etag.h"
#include "libs/crypto/digest.h"
#include "libs/crypto/seal.h"
#include "libs/sealed/rules.h"
#include "libs/storage/exchange_codes.h"
#include "services/listing/domain/limits.h"

namespace ttx::listing {
namespace {

// Listings that one command judges by a new calendar.
constexpr size_t kRecomputePage = 50;
constexpr std::string_view kRecompute = "recompute/";
constexpr std::string_view kExtension = "extension/";
constexpr std::string_view kListings = "listings/";

std::string IdOf(std::string_view name) { return std::string(name.substr(name.find('/') + 1)); }
std::string NameOf(const Listing& listing) { return std::string(kListings) + listing.id.text; }

// The auction service takes no session whose key holders it cannot read.
Status CheckHolders(const Listing& listing) {
  const Rules& rules = listing.content.rules;
  if (!IsSealed(rules.mode)) return {};
  TTX_TRY([[maybe_unused]] const sealed::HolderSet holders, sealed::HoldersOf(rules));
  return {};
}

Announcement Telling(AnnouncementType type) {
  Announcement announcement;
  announcement.type = type;
  return announcement;
}
Announcement About(AnnouncementType type, const Listing& listing, std::string reason = "") {
  Announcement announcement = Telling(type);
  announcement.listing = listing;
  announcement.reason = std::move(reason);
  return announcement;
}

void Tell(storage::Txn& txn, const Listing& listing, const Announcement& announcement) {
  Announce(txn, NameOf(listing), listing.exchange, announcement);
}

Sight SightOf(const Principal& caller, const Achievement& achievement) {
  if (achievement.state == AchievementState::kSealed) {
    // Only the reviewer may read it (domain.md 2.2).
    const bool reviewer = caller.organization == achievement.exchange && caller.HasRole("SECRECY_REVIEWER");
    return reviewer ? Sight::kStaff : Sight::kPublic;
  }
  if (!caller.organization.empty() && caller.organization == achievement.owner) return Sight::kOwner;
  if (!caller.organization.empty() && caller.organization == achievement.exchange) return Sight::kStaff;
  return Sight::kPublic;
}

Sight SightOf(const Principal& caller, const Listing& listing) {
  if (caller.organization.empty()) return Sight::kPublic;
  if (caller.organization == listing.owner) return Sight::kOwner;
  if (caller.organization == listing.exchange && listing.state != ListingState::kDraft) return Sight::kStaff;
  const auto bought = [&](const Deal& deal) { return deal.buyer == caller.organization; };
  const bool buyer = std::any_of(listing.deals.begin(), listing.deals.end(), bought);
  return buyer ? Sight::kBuyer : Sight::kPublic;
}

// One of several buyers sees of the others how far they are and what share they take.
void HideOtherDeals(const Principal& caller, Listing& listing) {
  for (Deal& deal : listing.deals) {
    if (deal.buyer == caller.organization) continue;
    Deal shown;
    shown.share_ppm = deal.share_ppm;
    shown.state = deal.state;
    shown.end_reason = deal.end_reason;
    shown.settled = deal.settled;
    shown.certified = deal.certified;
    deal = std::move(shown);
  }
}

Sight SightOf(const Principal& caller, const Intent& intent) {
  if (caller.organization.empty()) return Sight::kPublic;
  if (caller.organization == intent.organization) return Sight::kBuyer;
  if (caller.organization == intent.exchange) return Sight::kStaff;
  if (caller.organization == intent.owner && OwnerSees(intent)) return Sight::kOwner;
  return Sight::kPublic;
}

std::vector<std::pair<Time, std::string>> DuesOf(const Listing& listing) {
  if (listing.state == ListingState::kListed) {
    std::vector<std::pair<Time, std::string>> dues = {{listing.end_time, "period/" + listing.id.text}};
    if (const auto due = ExtensionDue(listing)) dues.emplace_back(*due, std::string(kExtension) + listing.id.text);
    return dues;
  }
  if (listing.state == ListingState::kSingleBidder)
    return {{listing.quote_due_time, "quote/" + listing.id.text}};
  return {};
}

// An exchange lists what its own reviewers have passed.
Status CheckReviewedBy(const Achievement& achievement, const std::string& exchange) {
  if (!IsLive(achievement.state) || achievement.exchange == exchange) return {};
  return InvalidField("listing.exchange", Reason::kOUT_OF_RANGE,
                      "the exchange that reviewed the achievement");
}

// Who is behind a bidder code nobody else learns before the auction has closed, and then only of the winner
// (domain.md 5.10). The deposit reference stands in the bank's statements.
Intent Shown(Intent intent, const Principal& caller, const Listing& listing) {
  if (caller.organization == intent.organization) return intent;
  intent.reference.clear();
  if (!HasWon(listing, intent.name())) intent.bidder_code.clear();
  return intent;
}

void Anonymize(StoredEvent& event) {
  if (auto* change = std::get_if<IntentEvent>(&event.payload)) {
    change->bidder_code.clear();
    change->reference.clear();
  } else if (auto* announcement = std::get_if<Announcement>(&event.payload)) {
    announcement->bidders.clear();
    announcement->barred_organizations.clear();
  }
}

constexpr auto kEveryIntent = [](const Intent&) { return true; };

Time Tomorrow(Time now) { return StartOfDay(DateInShanghai(now) + 1); }

}  // namespace

// Each achievement's content is sealed under a key of its own, which is itself sealed under the
// installation's key.
class ListingApp::KeyVault : public Vault {
 public:
  KeyVault(const std::string& secrets_key, IdSource& ids) : secrets_key_(secrets_key), ids_(ids) {}

  std::string NewKey(std::string_view) const override {
    return crypto::Seal(secrets_key_, ids_.RandomBytes(crypto::kSealKeyBytes), kKeyContext);
  }
  std::string Seal(std::string_view key, std::string_view plain, std::string_view context) const override {
    return crypto::Seal(Must(crypto::Open(secrets_key_, key, kKeyContext)), plain, context);
  }
  std::string Open(std::string_view key, std::string_view sealed, std::string_view context) const override {
    return Must(crypto::Open(Must(crypto::Open(secrets_key_, key, kKeyContext)), sealed, context));
  }

 private:
  static constexpr std::string_view kKeyContext = "achievement-key";

  static std::string Must(Result<std::string> opened) {
    TTX_CHECK(opened.ok(), "sealed content does not open: another secrets key, or damage");
    return std::move(opened).value();
  }

  const std::string& secrets_key_;
  IdSource& ids_;
};

std::pair<std::string, std::string> SplitIntentName(std::string_view name) {
  const size_t split = name.find("/intents/");
  if (!name.starts_with(kListings) || split == name.npos) return {};
  return {std::string(name.substr(kListings.size(), split - kListings.size())),
          std::string(name.substr(split + 9))};
}

ListingApp::ListingApp(const Calendar& calendar, IdSource& ids, std::vector<RuleProfile> profiles,
                       std::string secrets_key)
    : calendar_(calendar),
      ids_(ids),
      profiles_(std::move(profiles)),
      secrets_key_(std::move(secrets_key)),
      vault_(std::make_unique<KeyVault>(secrets_key_, ids)) {}

ListingApp::~ListingApp() = default;

// The version a listing was approved under; before that, the newest one in force.
const RuleProfile* ListingApp::FindProfile(std::string_view name, int32_t version, Time now) const {
  const RuleProfile* found = nullptr;
  for (const RuleProfile& profile : profiles_) {
    if (profile.name != name) continue;
    if (profile.version == version) return &profile;
    const bool newer = found == nullptr || profile.version > found->version;
    if (version == 0 && profile.effective_from <= DateInShanghai(now) && newer) found = &profile;
  }
  return found;
}

Result<Regime> ListingApp::RegimeOf(const Listing& listing, Time now) const {
  const RuleProfile* profile = FindProfile(listing.profile, listing.profile_version, now);
  if (profile == nullptr) return Error(Reason::kUNKNOWN_PROFILE, {{"profile", listing.profile}});
  return Regime{calendar_, *profile};
}

// --- Achievements

Result<Achievement> ListingApp::CreateAchievement(storage::Txn& txn, const Principal& caller,
                                                  const AchievementContent& content) const {
  TTX_TRY(
      const AchievementDecision decision,
      Decide(listing::CreateAchievement{{ids_.Next(txn.now())}, caller.organization, caller.person, content},
             txn.now()));
  const auto organization = LoadOrganization(txn, caller.organization);
  if (!organization || !organization->active) {
    return Error(Reason::kORGANIZATION_NOT_ACTIVE, {{"organization", caller.organization}});
  }
  SaveDecision(txn, *vault_, nullptr, decision);
  return decision.next;
}

template <class Command>
Result<Achievement> ListingApp::ChangeAchievement(storage::Txn& txn, const Principal& caller,
                                                  const Target& target, Sight side,
                                                  const Command& command) const {
  const std::optional<Achievement> before = LoadAchievement(txn, *vault_, target.id);
  if (!before || (side == Sight::kOwner ? before->owner : before->exchange) != caller.organization) {
    return NotFound("achievements/" + target.id);
  }
  TTX_RETURN_IF_ERROR(CheckEtag(before->version, target.etag));
  TTX_TRY(const AchievementDecision decision, Decide(*before, command, txn.now()));
  SaveDecision(txn, *vault_, &*before, decision);
  return decision.next;
}

Result<Achievement> ListingApp::UpdateAchievement(storage::Txn& txn, const Principal& caller,
                                                  const Target& target,
                                                  const AchievementContent& content) const {
  return ChangeAchievement(txn, caller, target, Sight::kOwner,
                           listing::UpdateAchievement{caller.person, content});
}

Result<Achievement> ListingApp::SubmitAchievement(storage::Txn& txn, const Principal& caller,
                                                  const Target& target, const std::string& exchange) const {
  const auto organization = LoadOrganization(txn, caller.organization);
  const std::string uscc = organization && organization->active ? organization->uscc : "";
  Result<Achievement> result = ChangeAchievement(txn, caller, target, Sight::kOwner,
                                                 listing::SubmitAchievement{caller.person, exchange, uscc});
  if (!result.ok() && result.error().reason == Reason::kNOT_COMPLETING_UNIT && uscc.empty()) {
    return Error(Reason::kORGANIZATION_NOT_ACTIVE, {{"organization", caller.organization}});
  }
  return result;
}

Result<Achievement> ListingApp::ClearAchievement(storage::Txn& txn, const Principal& caller,
                                                 const Target& target, Secrecy secrecy,
                                                 const std::string& redacted_abstract) const {
  return ChangeAchievement(txn, caller, target, Sight::kStaff,
                           listing::ClearAchievement{caller.person, secrecy, redacted_abstract});
}

Result<Achievement> ListingApp::ClassifyAchievement(storage::Txn& txn, const Principal& caller,
                                                    const Target& target, Secrecy secrecy) const {
  return ChangeAchievement(txn, caller, target, Sight::kStaff,
                           listing::ClassifyAchievement{caller.person, secrecy});
}

Result<Achievement> ListingApp::PassRights(storage::Txn& txn, const Principal& caller,
                                           const Target& target) const {
  listing::PassRights command{caller.person, "", ""};
  if (const auto achievement = LoadAchievement(txn, *vault_, target.id)) {
    if (const auto owner = LoadOrganization(txn, achievement->owner)) command.owner_uscc = owner->uscc;
    command.taken_number = TakenNumber(txn, *achievement);
  }
  return ChangeAchievement(txn, caller, target, Sight::kStaff, command);
}

std::string ListingApp::TakenNumber(const storage::Reader& reader, const Achievement& achievement) const {
  for (const IpItem& item : achievement.content.ip_items) {
    const std::string identity = IpIdentity(item);
    if (!identity.empty() && !ListHoldersOfRight(reader, identity, 1).empty()) return item.number;
  }
  return "";
}

Result<Achievement> ListingApp::FailRights(storage::Txn& txn, const Principal& caller, const Target& target,
                                           const std::string& note) const {
  return ChangeAchievement(txn, caller, target, Sight::kStaff, listing::FailRights{caller.person, note});
}

Result<Achievement> ListingApp::PublishAchievement(storage::Txn& txn, const Principal& caller,
                                                   const Target& target) const {
  TTX_TRY(Achievement achievement,
          ChangeAchievement(txn, caller, target, Sight::kOwner, listing::PublishAchievement{caller.person}));
  Announcement announcement = Telling(AnnouncementType::kAchievementPublished);
  announcement.achievement = "achievements/" + achievement.id.text;
  announcement.owner = achievement.owner;
  announcement.title = achievement.content.title;
  announcement.text = achievement.content.abstract_public;
  Announce(txn, announcement.achievement, achievement.exchange, announcement);
  return achievement;
}

Result<Achievement> ListingApp::WithdrawAchievement(storage::Txn& txn, const Principal& caller,
                                                    const Target& target) const {
  return ChangeAchievement(txn, caller, target, Sight::kOwner, listing::WithdrawAchievement{caller.person});
}

// --- Listings: application and review

SealedReserve ListingApp::SealReserve(const ListingId& id, Fen price) const {
  if (price == Fen{}) return {};
  const std::string salt = ids_.RandomBytes(16);
  const std::string digits = std::to_string(price.value);
  return {crypto::Seal(secrets_key_, Hex(salt) + ":" + digits, "listings/" + id.text + "/reserve"),
          Hex(crypto::Sha256(salt + "TTX-RESERVE-1|" + digits))};
}

std::optional<ListingApp::Reserve> ListingApp::OpenReserve(const Listing& listing) const {
  if (listing.reserve.sealed.empty()) return std::nullopt;
  const Result<std::string> opened =
      crypto::Open(secrets_key_, listing.reserve.sealed, NameOf(listing) + "/reserve");
  TTX_CHECK(opened.ok(), "a sealed reserve price does not open: another secrets key, or damage");
  const size_t colon = opened->find(':');
  return Reserve{{std::stoll(opened->substr(colon + 1))}, opened->substr(0, colon)};
}

// What a re-listing has to know of the one that it names.
Result<Previous> ListingApp::PreviousOf(const storage::Reader& reader, const std::string& owner,
                                        const std::string& achievement, const Relisting& relisting) const {
  constexpr std::string_view kField = "listing.previous_listing";
  if (relisting.previous_listing.empty()) return Previous{};
  TTX_TRY(const std::string id, ParseName(relisting.previous_listing, "listings", kField));
  const std::optional<Listing> previous = LoadListing(reader, id);
  const bool fits = previous && previous->owner == owner && previous->achievement == achievement &&
                    MayBeRelisted(*previous);
  if (fits) return AsPrevious(*previous);
  return InvalidField(std::string(kField), Reason::kOUT_OF_RANGE,
                      "a public listing of the same achievement that is EXPIRED, DEFAULTED or TERMINATED");
}

Result<Listing> ListingApp::CreateListing(storage::Txn& txn, const Principal& caller,
                                          const CreateListingInput& input) const {
  const RuleProfile* profile = FindProfile(input.profile, 0, txn.now());
  if (profile == nullptr) return Error(Reason::kUNKNOWN_PROFILE, {{"profile", input.profile}});
  const auto achievement = LoadAchievement(txn, *vault_, input.achievement);
  if (!achievement || achievement->owner != caller.organization)
    return NotFound("achievements/" + input.achievement);
  const auto organization = LoadOrganization(txn, caller.organization);
  if (!organization || !organization->active) {
    return Error(Reason::kORGANIZATION_NOT_ACTIVE, {{"organization", caller.organization}});
  }
  TTX_RETURN_IF_ERROR(CheckReviewedBy(*achievement, input.exchange));
  listing::CreateListing command{{ids_.Next(txn.now())},
                                 input.exchange,
                                 caller.organization,
                                 organization->legal_name,
                                 "achievements/" + input.achievement,
                                 caller.person,
                                 input.content,
                                 {},
                                 {}};
  command.reserve = SealReserve(command.id, input.reserve);
  TTX_TRY(command.previous, PreviousOf(txn, command.owner, command.achievement, input.content.relisting));
  TTX_TRY(const ListingDecision decision, Decide(command, Regime{calendar_, *profile}, txn.now()));
  TTX_RETURN_IF_ERROR(CheckHolders(decision.next));
  if (input.reserve != Fen{}) TTX_RETURN_IF_ERROR(CheckReserve(decision.next.content, input.reserve));
  Commit(txn, nullptr, decision);
  return decision.next;
}

// Loads a listing for the side that may command it. A period that is over is ended first, so that no command
// meets a state that time has already changed.
Result<Listing> ListingApp::LoadForChange(storage::Txn& txn, const Principal& caller, const Target& target,
                                          Sight side) const {
  std::optional<Listing> listing = LoadListing(txn, target.id);
  if (!listing) return NotFound("listings/" + target.id);
  const Sight sight = SightOf(caller, *listing);
  const bool allowed = side == Sight::kBuyer ? IsPublic(*listing) : sight == side;
  if (!allowed) return NotFound("listings/" + target.id);
  if (listing->state == ListingState::kListed && !TakesIntents(*listing, txn.now())) {
    EndPeriodOf(txn, *listing);
    listing = LoadListing(txn, target.id);
  }
  TTX_RETURN_IF_ERROR(CheckEtag(listing->version, target.etag));
  return *listing;
}

template <class Command>
Result<Listing> ListingApp::ChangeListing(storage::Txn& txn, const Principal& caller, const Target& target,
                                          Sight side, const Command& command) const {
  TTX_TRY(const Listing before, LoadForChange(txn, caller, target, side));
  TTX_TRY(const Regime regime, RegimeOf(before, txn.now()));
  TTX_TRY(const ListingDecision decision, Decide(before, command, regime, txn.now()));
  Commit(txn, &before, decision);
  return decision.next;
}

Result<Listing> ListingApp::UpdateListing(storage::Txn& txn, const Principal& caller, const Target& target,
                                          const ListingContent& content, std::optional<Fen> reserve) const {
  listing::UpdateListing command{caller.person, content, std::nullopt, {}};
  if (const auto draft = LoadListing(txn, target.id); draft && draft->owner == caller.organization) {
    TTX_TRY(command.previous, PreviousOf(txn, draft->owner, draft->achievement, content.relisting));
  }
  if (reserve) command.reserve = SealReserve({target.id}, *reserve);
  TTX_TRY(Listing next, ChangeListing(txn, caller, target, Sight::kOwner, command));
  TTX_RETURN_IF_ERROR(CheckHolders(next));
  const std::optional<Reserve> kept = OpenReserve(next);
  if (kept) TTX_RETURN_IF_ERROR(CheckReserve(next.content, kept->price));
  return next;
}

Status ListingApp::CheckOwnerActive(const storage::Reader& reader, const Listing& listing) const {
  const auto owner = LoadOrganization(reader, listing.owner);
  if (owner && owner->active) return {};
  return Error(Reason::kORGANIZATION_NOT_ACTIVE, {{"organization", listing.owner}});
}

Status ListingApp::Lock(storage::Txn& txn, const Listing& listing) const {
  const auto achievement = LoadAchievement(txn, *vault_, IdOf(listing.achievement));
  if (!achievement || achievement->owner != listing.owner) return NotFound(listing.achievement);
  TTX_TRY(const AchievementDecision decision,
          Decide(*achievement, AttachListing{NameOf(listing), listing.content.right_scope}, txn.now()));
  SaveDecision(txn, *vault_, &*achievement, decision);
  return {};
}

// Does nothing for a listing that holds no lock: one that was never submitted.
void ListingApp::Unlock(storage::Txn& txn, const Listing& listing) const {
  const auto achievement = LoadAchievement(txn, *vault_, IdOf(listing.achievement));
  TTX_CHECK(achievement.has_value(), "a listing without its achievement");
  const auto decision = Decide(*achievement, DetachListing{NameOf(listing)}, txn.now());
  if (decision.ok()) SaveDecision(txn, *vault_, &*achievement, *decision);
}

void ListingApp::CompleteDeal(storage::Txn& txn, const Listing& listing) const {
  const auto achievement = LoadAchievement(txn, *vault_, IdOf(listing.achievement));
  TTX_CHECK(achievement.has_value(), "a listing without its achievement");
  listing::CompleteDeal command{NameOf(listing), "", listing.content.title};
  // Of several owners, the one with the largest share speaks for the achievement.
  int32_t largest_ppm = -1;
  for (const Deal& deal : listing.deals) {
    if (deal.state == DealState::kDefaulted || deal.share_ppm <= largest_ppm) continue;
    command.buyer = deal.buyer;
    largest_ppm = deal.share_ppm;
  }
  const int32_t unsold_ppm = UnsoldShareOf(listing);
  command.is_partial = unsold_ppm > 0;
  if (command.is_partial) command.description += "（已转让份额 " + std::to_string(1'000'000 - unsold_ppm) + " ppm）";
  const auto decision = Decide(*achievement, command, txn.now());
  TTX_CHECK(decision.ok(), "a closed listing did not hold its right scope");
  SaveDecision(txn, *vault_, &*achievement, *decision);
}

Result<Listing> ListingApp::SubmitListing(storage::Txn& txn, const Principal& caller,
                                          const Target& target) const {
  TTX_TRY(const Listing before, LoadForChange(txn, caller, target, Sight::kOwner));
  TTX_TRY(const Regime regime, RegimeOf(before, txn.now()));
  const auto achievement = LoadAchievement(txn, *vault_, IdOf(before.achievement));
  TTX_CHECK(achievement.has_value(), "a listing without its achievement");
  TTX_TRY(const ListingDecision decision,
          Decide(before, listing::SubmitListing{caller.person, achievement->content.tech_field}, regime,
                 txn.now()));
  TTX_RETURN_IF_ERROR(CheckHolders(before));
  TTX_RETURN_IF_ERROR(CheckReviewedBy(*achievement, before.exchange));
  TTX_RETURN_IF_ERROR(Lock(txn, before));
  Commit(txn, &before, decision);
  return decision.next;
}

Result<Listing> ListingApp::AcceptListing(storage::Txn& txn, const Principal& caller,
                                          const Target& target) const {
  return ChangeListing(txn, caller, target, Sight::kStaff, listing::AcceptListing{caller.person});
}

Result<Listing> ListingApp::ReturnListing(storage::Txn& txn, const Principal& caller, const Target& target,
                                          const std::string& note) const {
  return ChangeListing(txn, caller, target, Sight::kStaff, listing::ReturnListing{caller.person, note});
}

Result<Listing> ListingApp::ApproveListing(storage::Txn& txn, const Principal& caller, const Target& target,
                                           Review review) const {
  TTX_TRY(const Listing before, LoadForChange(txn, caller, target, Sight::kStaff));
  TTX_TRY(const Regime regime, RegimeOf(before, txn.now()));
  const std::optional<std::string> code = storage::FindExchangeCode(txn, Table::kExchangeCode, before.exchange);
  // Party's feed has not told of the exchange yet.
  if (!code) return Error(Reason::kUNAVAILABLE, {{"exchange", before.exchange}});
  const int year = YearOf(DateInShanghai(txn.now()));
  const std::string series = *code + std::to_string(year) + std::to_string(regime.profile.project_digit);
  const int64_t sequence = LastProjectSequence(txn, series) + 1;
  listing::ApproveListing command{
      caller.person, review, ProjectNumber(*code, year, regime.profile.project_digit, sequence)};
  TTX_TRY(const ListingDecision decision, Decide(before, command, regime, txn.now()));
  TTX_RETURN_IF_ERROR(CheckHolders(before));
  if (decision.next.state == ListingState::kApproved) SaveProjectSequence(txn, series, sequence);
  Commit(txn, &before, decision);
  return decision.next;
}

Result<Listing> ListingApp::RejectListing(storage::Txn& txn, const Principal& caller, const Target& target,
                                          const std::string& note) const {
  return ChangeListing(txn, caller, target, Sight::kStaff, listing::RejectListing{caller.person, note});
}

// --- Listings: holders of priority rights

Result<Listing> ListingApp::RecordPriorityNotice(storage::Txn& txn, const Principal& caller,
                                                 const Target& target, int32_t holder,
                                                 const PriorityNotice& notice) const {
  listing::RecordPriorityNotice command{holder, notice};
  command.notice.person = caller.person;
  return ChangeListing(txn, caller, target, Sight::kStaff, command);
}

Result<Seen<Listing>> ListingApp::AnswerPriority(storage::Txn& txn, const Principal& caller,
                                                 const Target& target, int32_t holder,
                                                 PriorityAnswer answer) const {
  const listing::AnswerPriority command{holder, answer, caller.person};
  const std::optional<Listing> before = LoadListing(txn, target.id);
  if (!before) return NotFound("listings/" + target.id);
  if (SightOf(caller, *before) == Sight::kStaff) {
    TTX_TRY(Listing next, ChangeListing(txn, caller, target, Sight::kStaff, command));
    return Seen<Listing>{std::move(next), Sight::kStaff};
  }
  // Who has not been told knows of nothing before the publication.
  const auto index = static_cast<size_t>(holder) - 1;
  const bool is_holder = holder > 0 && index < before->content.priority_holders.size() &&
                         !caller.organization.empty() &&
                         before->content.priority_holders[index].organization == caller.organization;
  const bool is_told = is_holder && index < before->priority_notices.size() &&
                       before->priority_notices[index].method != NoticeMethod::kUnspecified;
  if (!is_told) return NotFound("listings/" + target.id);
  TTX_RETURN_IF_ERROR(CheckEtag(before->version, target.etag));
  TTX_TRY(const Regime regime, RegimeOf(*before, txn.now()));
  TTX_TRY(ListingDecision decision, Decide(*before, command, regime, txn.now()));
  Commit(txn, &*before, decision);
  return Seen<Listing>{std::move(decision.next), Sight::kPublic};
}

// --- Listings: the period

Result<Listing> ListingApp::PublishListing(storage::Txn& txn, const Principal& caller,
                                           const Target& target) const {
  TTX_TRY(const Listing before, LoadForChange(txn, caller, target, Sight::kStaff));
  TTX_TRY(const Regime regime, RegimeOf(before, txn.now()));
  TTX_TRY(
      const ListingDecision decision,
      Decide(before, listing::PublishListing{caller.person, Hex(crypto::Sha256(CanonicalContent(before))),
                                             "auctions/" + ids_.Next(txn.now())},
             regime, txn.now()));
  TTX_RETURN_IF_ERROR(CheckHolders(before));
  TTX_RETURN_IF_ERROR(CheckOwnerActive(txn, before));
  Commit(txn, &before, decision);
  return decision.next;
}

Result<Listing> ListingApp::ProposeForListing(storage::Txn& txn, const Principal& caller,
                                              const Target& target, Action action, const std::string& reason,
                                              const std::string& note) const {
  return ChangeListing(txn, caller, target, Sight::kStaff, Propose{{action, reason, note, caller.person}});
}

Result<Listing> ListingApp::ConfirmListing(storage::Txn& txn, const Principal& caller,
                                           const Target& target) const {
  return ChangeListing(txn, caller, target, Sight::kStaff, Confirm{caller.person});
}

Result<Listing> ListingApp::WithdrawListing(storage::Txn& txn, const Principal& caller,
                                            const Target& target) const {
  return ChangeListing(txn, caller, target, Sight::kOwner,
                       listing::WithdrawListing{caller.person, CountRegistered(txn, target.id) > 0});
}

Result<Listing> ListingApp::ScheduleBidding(storage::Txn& txn, const Principal& caller, const Target& target,
                                            Time start_time) const {
  TTX_TRY(Listing next, ChangeListing(txn, caller, target, Sight::kStaff,
                                      listing::ScheduleBidding{"auctions/" + ids_.Next(txn.now()), start_time,
                                                               Count(txn, target.id)}));
  TTX_RETURN_IF_ERROR(CheckHolders(next));
  TTX_RETURN_IF_ERROR(CheckOwnerActive(txn, next));
  return next;
}

Result<Listing> ListingApp::QuoteListing(storage::Txn& txn, const Principal& caller, const Target& target,
                                         Fen price) const {
  Quote command;
  if (const auto intent = FindIntentOf(txn, target.id, caller.organization)) {
    command.intent = intent->name();
    command.deal = {"deals/" + ids_.Next(txn.now()),
                    intent->name(),
                    intent->organization,
                    intent->legal_name,
                    intent->bidder_code,
                    price,
                    intent->deposit,
                    Method::kSingleBidder,
                    "",
                    0};
  }
  TTX_TRY(const Listing before, LoadForChange(txn, caller, target, Sight::kBuyer));
  TTX_TRY(const Regime regime, RegimeOf(before, txn.now()));
  if (const auto reserve = OpenReserve(before)) command.reserve = reserve->price;
  TTX_TRY(const ListingDecision decision, Decide(before, command, regime, txn.now()));
  Commit(txn, &before, decision);
  if (!IsLowQuote(decision)) return decision.next;
  txn.KeepOnError();  // that it was made counts when the time to quote is over
  return Error(Reason::kBELOW_RESERVE_QUOTE);
}

// Saves a decision about a listing with all that follows from it: locks, intents, announcements, timers.
void ListingApp::Commit(storage::Txn& txn, const Listing* before, const ListingDecision& decision) const {
  SaveDecision(txn, before, decision);
  if (before != nullptr && HasLiveAuction(*before) && !HasLiveAuction(decision.next)) BreachHeld(txn, decision.next);
  for (const ListingEvent& event : decision.events) OnListingEvent(txn, decision.next, event);
  PlanListing(txn, before, decision.next);
}

void ListingApp::PlanListing(storage::Txn& txn, const Listing* before, const Listing& after) const {
  const auto old_dues = before == nullptr ? decltype(DuesOf(after)){} : DuesOf(*before);
  const auto new_dues = DuesOf(after);
  for (const auto& due : old_dues) {
    if (std::find(new_dues.begin(), new_dues.end(), due) == new_dues.end())
      txn.ClearDue(due.first, due.second);
  }
  for (const auto& [time, subject] : new_dues) {
    if (time <= txn.now() && subject.starts_with(kExtension)) continue;  // decided, once
    // What is due but provisional is looked at again every day.
    txn.SetDue(time <= txn.now() ? Tomorrow(txn.now()) : time, subject);
  }
}

void ListingApp::OnListingEvent(storage::Txn& txn, const Listing& listing, const ListingEvent& event) const {
  using Type = ListingEventType;
  using enum AnnouncementType;
  switch (event.type) {
    case Type::kReturned:
    case Type::kRejected:
      return Unlock(txn, listing);
    case Type::kPublished:
      return Tell(txn, listing, About(kListingPublished, listing));
    case Type::kExtended:
      return Tell(txn, listing, About(kListingExtended, listing, "AUTO_EXTENDED"));
    case Type::kEndMoved:
      return Tell(txn, listing, About(kListingExtended, listing, "CALENDAR_CHANGED"));
    case Type::kResumed:
      return Tell(txn, listing, About(kListingExtended, listing, "RESUMED"));
    case Type::kSuspended:
      PlanReview(txn, listing);
      return Tell(txn, listing, About(kListingExtended, listing, "SUSPENDED"));
    case Type::kTerminated:
      return OnEnded(txn, listing, "TERMINATED", "TERMINATED");
    case Type::kWithdrawn:
      return OnEnded(txn, listing, "WITHDRAWN", "WITHDRAWN");
    case Type::kExpired:
      return OnEnded(txn, listing, listing.reason, "LOST");
    case Type::kPeriodEnded:
      if (event.state != ListingState::kBidding) return PlanOpinions(txn, listing);
      // DYNAMIC: who had not qualified when the period ended bids no more.
      return ReleaseIntents(txn, listing, "PERIOD_ENDED",
                            [](const Intent& intent) { return IsUndecided(intent.state); });
    case Type::kBiddingScheduled:
      return OnScheduled(txn, listing);
    case Type::kBiddingAnnulled:
      // DYNAMIC: the period ends with the session, and whoever registered in time may still qualify.
      return txn.now() < listing.end_time ? PlanOpinions(txn, listing) : void();
    case Type::kDealDetermined:
      return OnDealDetermined(txn, listing, event.deal.id);
    case Type::kDefaulted:
      return OnDefault(txn, listing, event);
    case Type::kClosed:
      CompleteDeal(txn, listing);
      return Tell(txn, listing, About(kListingClosed, listing));
    case Type::kCreated:
    case Type::kUpdated:
    case Type::kSubmitted:
    case Type::kAccepted:
    case Type::kReviewed:
    case Type::kApproved:
    case Type::kProposed:
    case Type::kSingleBidder:
    case Type::kQuoteDueMoved:
    case Type::kBiddingStarted:
    case Type::kDealSigned:
    case Type::kSettled:
    case Type::kCertified:
    case Type::kQuotedLow:
    case Type::kPriorityNoticed:
    case Type::kPriorityAnswered:
      return;
    case Type::kObjectionOpened:
    case Type::kObjectionClosed:
      // Of a listing that it has ended the auction hears with the end.
      if (HasLiveAuction(listing)) Tell(txn, listing, About(kListingObjected, listing));
      return;
  }
}

// In the order of the intents, which says nothing about that of the codes. Nobody's deposit is given back before.
void ListingApp::BreachHeld(storage::Txn& txn, const Listing& listing) const {
  for (const Intent& intent : listing::ListIntents(txn, listing.id.text, "", kMaxIntents)) {
    const auto held = FindHeldDefault(txn, listing.id.text, intent.id.text);
    if (!held) continue;
    ClearHeldDefault(txn, listing.id.text, intent.id.text);
    BreachIntent(txn, listing, intent.name(), {held->cause, held->is_barred});
  }
}

void ListingApp::PlanReview(storage::Txn& txn, const Listing& listing) const {
  const auto regime = RegimeOf(listing, txn.now());
  if (!regime.ok()) return;
  txn.SetDue(txn.now() + Hours(24 * regime->profile.suspension_days_max), "suspension/" + listing.id.text);
}

void ListingApp::PlanOpinions(storage::Txn& txn, const Listing& listing) const {
  const auto regime = RegimeOf(listing, txn.now());
  if (!regime.ok()) return;
  const Date end = std::min(listing.end_date, DateInShanghai(txn.now()));
  txn.SetDue(calendar_.DeadlineWorkdays(end, regime->profile.opinion_workdays).end(),
             "opinion/" + listing.id.text);
}

template <class Which>
void ListingApp::ReleaseIntents(storage::Txn& txn, const Listing& listing, const std::string& reason,
                                Which which) const {
  for (const Intent& intent : listing::ListIntents(txn, listing.id.text, "", kMaxIntents)) {
    if (IsOver(intent.state) || !which(intent)) continue;
    const auto decision =
        Decide(intent, ReleaseIntent{reason}, IntentRegime{calendar_, profiles_.front(), listing}, txn.now());
    TTX_CHECK(decision.ok(), "an open intent can be released");
    Commit(txn, listing, &intent, *decision);
  }
}

// A listing ended without a deal.
void ListingApp::OnEnded(storage::Txn& txn, const Listing& listing, const std::string& reason,
                         const std::string& reason_of_intents) const {
  Unlock(txn, listing);
  ReleaseIntents(txn, listing, reason_of_intents, kEveryIntent);
  if (IsPublic(listing)) Tell(txn, listing, About(AnnouncementType::kListingExpired, listing, reason));
}

void ListingApp::OnScheduled(storage::Txn& txn, const Listing& listing) const {
  Announcement announcement = About(AnnouncementType::kBiddingScheduled, listing);
  for (const std::string& name : Count(txn, listing.id.text).qualified) {
    const auto intent = LoadIntent(txn, listing.id.text, SplitIntentName(name).second);
    announcement.bidders.push_back({intent->bidder_code, intent->organization, name, PriorityRankOf(*intent),
                                    CapitalShareOf(*intent)});
  }
  // Who qualified here before it broke its word elsewhere, with another licence of the same achievement, still bids.
  for (std::string& organization : ListBarred(txn, listing.achievement, kMaxBarred)) {
    const bool bids = std::any_of(announcement.bidders.begin(), announcement.bidders.end(),
                                  [&](const Bidder& bidder) { return bidder.organization == organization; });
    if (!bids) announcement.barred_organizations.push_back(std::move(organization));
  }
  Tell(txn, listing, announcement);
}

void ListingApp::OnDealDetermined(storage::Txn& txn, const Listing& listing, const std::string& deal) const {
  Announcement announcement = About(AnnouncementType::kDealDetermined, listing);
  if (listing.deals.size() > 1) announcement.deal = deal;
  const auto achievement = LoadAchievement(txn, *vault_, IdOf(listing.achievement));
  if (achievement) announcement.ip_numbers = IpNumbers(achievement->content);
  Tell(txn, listing, announcement);
  if (deal != listing.deals.back().id) return;
  ReleaseIntents(txn, listing, "LOST", [&](const Intent& intent) { return !HasWon(listing, intent.name()); });
}

// Who did not keep its word loses; who did not cause it gets the deposit back (domain.md 5.12).
void ListingApp::OnDefault(storage::Txn& txn, const Listing& listing, const ListingEvent& event) const {
  // Of several deals the others are kept; when none is, nothing of the right is sold.
  const bool ended = listing.state == ListingState::kDefaulted;
  if (ended) Unlock(txn, listing);
  const Deal* deal = event.deal.id.empty() ? nullptr : FindDeal(listing, event.deal.id);
  if (deal == nullptr && !listing.deals.empty()) deal = &listing.deals.front();
  const std::string& name = deal == nullptr ? listing.single_intent : deal->intent;
  if (event.reason == "TRANSFEROR" || event.reason == "CANCELLED" || event.reason == "CONTRACT_TERMINATED") {
    ReleaseIntents(txn, listing, event.reason, [&](const Intent& intent) { return intent.name() == name; });
  } else {
    BreachIntent(txn, listing, name, {event.reason});
  }
  using enum AnnouncementType;
  Announcement announcement = About(ended ? kListingDefaulted : kPortionDefaulted, listing, event.reason);
  announcement.deal = event.deal.id;
  Tell(txn, listing, announcement);
}

// --- Intents

// The owner, the exchange, and who wrote for them.
bool ListingApp::IsRelated(const Principal& caller, const Listing& listing,
                           const std::optional<Achievement>& sold) {
  if (caller.organization == listing.owner || caller.organization == listing.exchange) return true;
  if (caller.person == listing.maker_person || caller.person == listing.submitter_person) return true;
  return sold && (caller.person == sold->maker_person || caller.person == sold->submitter_person);
}

// Related by what a priority right comes from (domain.md 4.7): an inventor, a completing unit, a co-owner.
bool ListingApp::IsEntitled(const storage::Reader& reader, const Principal& caller, const Achievement& sold) const {
  const AchievementContent& content = sold.content;
  for (const Inventor& inventor : content.inventors) {
    if (!inventor.person.empty() && inventor.person == caller.person) return true;
  }
  const auto organization = LoadOrganization(reader, caller.organization);
  if (!organization || organization->uscc.empty()) return false;
  for (const CompletingUnit& unit : content.completing_units) {
    if (unit.uscc == organization->uscc) return true;
  }
  for (const Owner& owner : content.ownership.owners) {
    if (owner.holder == organization->uscc) return true;
  }
  return false;
}

Result<Intent> ListingApp::CreateIntent(storage::Txn& txn, const Principal& caller,
                                        const std::string& listing_id, const IntentContent& content) const {
  TTX_TRY(const Listing listing, LoadForChange(txn, caller, {listing_id, ""}, Sight::kBuyer));
  TTX_TRY(const Regime regime, RegimeOf(listing, txn.now()));
  const auto organization = LoadOrganization(txn, caller.organization);
  RegisterIntent command;
  command.id = {ids_.Next(txn.now())};
  command.organization = caller.organization;
  command.legal_name = organization ? organization->legal_name : "";
  command.person = caller.person;
  command.content = content;
  command.active = organization && organization->active;
  const auto sold = LoadAchievement(txn, *vault_, IdOf(listing.achievement));
  command.related = IsRelated(caller, listing, sold);
  command.entitled = sold && IsEntitled(txn, caller, *sold);
  command.barred = IsBarred(txn, listing.achievement, caller.organization);
  command.registered = FindIntentOf(txn, listing_id, caller.organization).has_value();
  command.intent_count = listing::ListIntents(txn, listing_id, "", kMaxIntents).size();
  TTX_TRY(const IntentDecision decision,
          Decide(command, IntentRegime{calendar_, regime.profile, listing}, txn.now()));
  Commit(txn, listing, nullptr, decision);
  return decision.next;
}

template <class Command>
Result<Intent> ListingApp::ChangeIntent(storage::Txn& txn, const Principal& caller,
                                        const IntentTarget& target, Sight side,
                                        const Command& command) const {
  EndIfOver(txn, target.listing);
  const std::optional<Intent> before = LoadIntent(txn, target.listing, target.id);
  if (!before || SightOf(caller, *before) != side) {
    return NotFound("listings/" + target.listing + "/intents/" + target.id);
  }
  TTX_RETURN_IF_ERROR(CheckEtag(before->version, target.etag));
  const std::optional<Listing> listing = LoadListing(txn, target.listing);
  TTX_CHECK(listing.has_value(), "an intent without its listing");
  TTX_TRY(const Regime regime, RegimeOf(*listing, txn.now()));
  if (side == Sight::kOwner || std::is_same_v<Command, ObjectToOpinion>) {
    TTX_TRY(const bool late, EndLateReply(txn, *listing, *before));
    if (late) return Error(Reason::kREPLY_TOO_LATE);
  }
  TTX_TRY(const IntentDecision decision,
          Decide(*before, command, IntentRegime{calendar_, regime.profile, *listing}, txn.now()));
  Commit(txn, *listing, &*before, decision);
  Requalify(txn, target.listing);
  return Shown(decision.next, caller, *listing);
}

// What the owner says after its time meets what its silence has already decided, whether or not the timer has
// run.
Result<bool> ListingApp::EndLateReply(storage::Txn& txn, const Listing& listing, const Intent& intent) const {
  TTX_TRY(const Regime regime, RegimeOf(listing, txn.now()));
  TTX_TRY(const IntentDecision silence, Decide(intent, EndReply{NewReference(txn)},
                                               IntentRegime{calendar_, regime.profile, listing}, txn.now()));
  if (silence.next.state == intent.state) return false;
  Commit(txn, listing, &intent, silence);
  Requalify(txn, listing.id.text);
  txn.KeepOnError();
  return true;
}

Result<Intent> ListingApp::GiveOpinion(storage::Txn& txn, const Principal& caller, const IntentTarget& target,
                                       bool qualified, const std::string& opinion,
                                       bool priority_confirmed) const {
  return ChangeIntent(txn, caller, target, Sight::kStaff,
                      listing::GiveOpinion{caller.person, qualified, opinion, priority_confirmed});
}

Result<Intent> ListingApp::ConsentIntent(storage::Txn& txn, const Principal& caller,
                                         const IntentTarget& target) const {
  return ChangeIntent(txn, caller, target, Sight::kOwner, ConsentToOpinion{caller.person, NewReference(txn)});
}

Result<Intent> ListingApp::ObjectIntent(storage::Txn& txn, const Principal& caller,
                                        const IntentTarget& target, const std::string& note) const {
  const std::optional<Intent> intent = LoadIntent(txn, target.listing, target.id);
  const bool by_owner = !intent || intent->organization != caller.organization;
  return ChangeIntent(txn, caller, target, by_owner ? Sight::kOwner : Sight::kBuyer,
                      ObjectToOpinion{caller.person, note, by_owner});
}

Result<Intent> ListingApp::DecideDispute(storage::Txn& txn, const Principal& caller,
                                         const IntentTarget& target, bool qualified,
                                         const std::string& note,
                                         std::optional<bool> priority_confirmed) const {
  return ChangeIntent(txn, caller, target, Sight::kStaff,
                      listing::DecideDispute{caller.person, qualified, note, NewReference(txn), priority_confirmed});
}

Result<Intent> ListingApp::WithdrawIntent(storage::Txn& txn, const Principal& caller,
                                          const IntentTarget& target) const {
  return ChangeIntent(txn, caller, target, Sight::kBuyer, listing::WithdrawIntent{caller.person});
}

void ListingApp::Commit(storage::Txn& txn, const Listing& listing, const Intent* before,
                        const IntentDecision& decision) const {
  using enum AnnouncementType;
  SaveDecision(txn, before, decision);
  const Intent& intent = decision.next;
  const std::string subject = listing.id.text + "/" + intent.id.text;
  const auto tell = [&](AnnouncementType type) {
    Announcement announcement = Telling(type);
    announcement.intent = intent;
    announcement.reason = intent.end_reason;
    if (type == kIntentQualified) announcement.auction = listing.auction;
    Announce(txn, intent.name(), intent.exchange, announcement);
  };
  for (const IntentEvent& event : decision.events) {
    switch (event.type) {
      case IntentEventType::kOpinionGiven:
      case IntentEventType::kReplyDueMoved:
        txn.SetDue(std::max(intent.reply_due_time, txn.now()), "reply/" + subject);
        break;
      case IntentEventType::kObjected: {
        const auto regime = RegimeOf(listing, txn.now());
        if (regime.ok()) {
          txn.SetDue(
              calendar_.DeadlineWorkdays(DateInShanghai(txn.now()), regime->profile.dispute_workdays).end(),
              "dispute/" + subject);
        }
        break;
      }
      case IntentEventType::kConfirmed:
        tell(kIntentConfirmed);
        break;
      case IntentEventType::kQualified:
        tell(kIntentQualified);
        break;
      case IntentEventType::kReleased:
        tell(intent.end_reason == "LOST" ? kIntentLost : kIntentReleased);
        break;
      case IntentEventType::kAbandoned:
        // Money may still be on its way when the intent was given up by its own organization.
        if (intent.end_reason != "DEPOSIT_MISSED") tell(kIntentReleased);
        break;
      case IntentEventType::kBreached:
        if (event.is_barred) Bar(txn, listing.achievement, intent.organization, NameOf(listing));
        tell(kBidderDefaulted);
        break;
      case IntentEventType::kRegistered:
      case IntentEventType::kDisqualified:
        break;
    }
  }
}

void ListingApp::TellReleased(storage::Txn& txn, const Intent& intent) const {
  Announcement announcement = Telling(AnnouncementType::kIntentReleased);
  announcement.intent = intent;
  announcement.reason = intent.end_reason;
  Announce(txn, intent.name(), intent.exchange, announcement);
}

void ListingApp::BreachIntent(storage::Txn& txn, const Listing& listing, const std::string& name,
                              const listing::BreachIntent& breach) const {
  const auto intent = LoadIntent(txn, listing.id.text, SplitIntentName(name).second);
  TTX_CHECK(intent.has_value(), "a bidder without an intent");
  const auto decision =
      Decide(*intent, breach, IntentRegime{calendar_, profiles_.front(), listing}, txn.now());
  if (decision.ok()) Commit(txn, listing, &*intent, *decision);
}

Qualification ListingApp::Count(const storage::Reader& reader, const std::string& listing_id) const {
  Qualification count;
  for (const Intent& intent : listing::ListIntents(reader, listing_id, "", kMaxIntents)) {
    if (IsUndecided(intent.state)) ++count.undecided;
    if (intent.state == IntentState::kQualified) count.qualified.push_back(intent.name());
  }
  return count;
}

size_t ListingApp::CountRegistered(const storage::Reader& reader, const std::string& listing_id) const {
  const Qualification count = Count(reader, listing_id);
  return count.undecided + count.qualified.size();
}

// When every intent is decided: nobody, one, or an auction to be scheduled by the exchange.
void ListingApp::Requalify(storage::Txn& txn, const std::string& listing_id) const {
  const auto listing = LoadListing(txn, listing_id);
  if (!listing || listing->state != ListingState::kQualifying) return;
  const auto regime = RegimeOf(*listing, txn.now());
  if (!regime.ok()) return;
  const auto decision = Decide(*listing, Count(txn, listing_id), *regime, txn.now());
  if (decision.ok() && !decision->events.empty()) Commit(txn, &*listing, *decision);
}

std::string ListingApp::NewReference(const storage::Reader& reader) const {
  std::string reference = ReferenceFrom(ids_.RandomBytes(8));
  while (!IsReferenceFree(reader, reference)) reference = ReferenceFrom(ids_.RandomBytes(8));
  return reference;
}

// At most kMaxIntents of 100 000 codes are taken, so this ends soon.
std::string ListingApp::NewBidderCode(const storage::Reader& reader, const std::string& listing_id) const {
  std::string code = BidderCodeFrom(ids_.RandomBytes(4));
  while (FindIntentByCode(reader, listing_id, code)) code = BidderCodeFrom(ids_.RandomBytes(4));
  return code;
}

// --- Timers

void ListingApp::EndPeriodOf(storage::Txn& txn, const Listing& listing) const {
  const auto regime = RegimeOf(listing, txn.now());
  if (!regime.ok()) {
    txn.SetDue(Tomorrow(txn.now()), "period/" + listing.id.text);
    return;
  }
  const auto decision = Decide(listing, EndPeriod{CountRegistered(txn, listing.id.text)}, *regime, txn.now());
  TTX_CHECK(decision.ok(), "the end of a period is always decided");
  Commit(txn, &listing, *decision);
  Requalify(txn, listing.id.text);
}

// A listing whose bidders qualify until its end takes nobody at the end, whether or not the timer has run.
void ListingApp::EndIfOver(storage::Txn& txn, const std::string& listing_id) const {
  const std::optional<Listing> listing = LoadListing(txn, listing_id);
  if (listing && BidsWhileListed(*listing) && !TakesIntents(*listing, txn.now())) EndPeriodOf(txn, *listing);
}

void ListingApp::OnDue(storage::Txn& txn, const std::string& subject) const {
  if (subject.starts_with(kRecompute)) return Recompute(txn, subject.substr(kRecompute.size()));
  const size_t slash = subject.find('/');
  const std::string kind = subject.substr(0, slash);
  const std::string rest = subject.substr(slash + 1);
  const std::string listing_id = rest.substr(0, rest.find('/'));
  const std::optional<Listing> listing = LoadListing(txn, listing_id);
  TTX_CHECK(listing.has_value(), "a timer of a listing that does not exist");
  if (kind == "period" || kind == "extension") {
    EndPeriodOf(txn, *listing);
  } else if (kind == "quote") {
    const auto regime = RegimeOf(*listing, txn.now());
    if (!regime.ok()) return txn.SetDue(Tomorrow(txn.now()), subject);
    const auto decision = Decide(*listing, EndQuote{}, *regime, txn.now());
    if (decision.ok()) Commit(txn, &*listing, *decision);
  } else if (kind == "reply") {
    const std::string name = NameOf(*listing) + "/intents/" + rest.substr(rest.find('/') + 1);
    const Status done = ApplyToIntent(txn, name, EndReply{NewReference(txn)});
    const auto intent = LoadIntent(txn, listing_id, rest.substr(rest.find('/') + 1));
    const bool open = intent && intent->state == IntentState::kOpinionSent;
    if (!done.ok() || (open && intent->reply_due_time <= txn.now())) txn.SetDue(Tomorrow(txn.now()), subject);
  } else {
    Remind(txn, subject);
  }
}

// Deadlines of the exchange: they close nothing, but are announced when they pass.
void ListingApp::Remind(storage::Txn& txn, const std::string& subject) const {
  const std::string rest = subject.substr(subject.find('/') + 1);
  const std::string listing_id = rest.substr(0, rest.find('/'));
  const std::optional<Listing> listing = LoadListing(txn, listing_id);
  Announcement announcement = Telling(AnnouncementType::kDeadlinePassed);
  announcement.resource = NameOf(*listing);
  announcement.due_time = txn.now();
  if (subject.starts_with("opinion/")) {
    const std::vector<Intent> intents = listing::ListIntents(txn, listing_id, "", kMaxIntents);
    const bool open = std::any_of(intents.begin(), intents.end(), [](const Intent& intent) {
      return intent.state == IntentState::kRegistered;
    });
    if (listing->state != ListingState::kQualifying || !open) return;
    announcement.reason = "OPINION_DUE";
  } else if (subject.starts_with("suspension/")) {
    if (listing->state != ListingState::kSuspended) return;
    announcement.reason = "SUSPENSION_REVIEW_DUE";
  } else {
    const auto intent = LoadIntent(txn, listing_id, rest.substr(rest.find('/') + 1));
    if (!intent || intent->state != IntentState::kDisputed) return;
    announcement.resource = intent->name();
    announcement.reason = "DISPUTE_DUE";
  }
  Tell(txn, *listing, announcement);
}

void ListingApp::Recompute(storage::Txn& txn, const std::string& after) const {
  const std::vector<std::string> ids = ListPublicListings(txn, {"", "LISTED", ""}, after, kRecomputePage);
  for (const std::string& id : ids) {
    const auto listing = LoadListing(txn, id);
    if (listing && listing->end_provisional) EndPeriodOf(txn, *listing);
  }
  if (ids.size() == kRecomputePage) txn.SetDue(txn.now(), std::string(kRecompute) + ids.back());
}

// --- Other services' events

Status ListingApp::OnOrganizationActivated(storage::Txn& txn, const std::string& name,
                                           const std::string& legal_name, const std::string& uscc) const {
  SaveOrganization(txn, name, {legal_name, uscc, true});
  return {};
}

Status ListingApp::OnExchangeActivated(storage::Txn& txn, const std::string& exchange,
                                       const std::string& uscc) const {
  return storage::GiveExchangeCode(txn, Table::kExchangeCode, Table::kExchangeByCode, exchange, uscc);
}

Status ListingApp::OnOrganizationChanged(storage::Txn& txn, const std::string& name, bool active) const {
  auto organization = LoadOrganization(txn, name);
  if (!organization) return {};  // it was never admitted
  organization->active = active;
  SaveOrganization(txn, name, *organization);
  return {};
}

template <class Command>
Status ListingApp::Apply(storage::Txn& txn, const std::string& name, const Command& command) const {
  const std::optional<Listing> before = LoadListing(txn, IdOf(name));
  if (!before) return NotFound(name);
  TTX_TRY(const Regime regime, RegimeOf(*before, txn.now()));
  TTX_TRY(const ListingDecision decision, Decide(*before, command, regime, txn.now()));
  Commit(txn, &*before, decision);
  return {};
}

template <class Command>
Status ListingApp::ApplyToIntent(storage::Txn& txn, const std::string& name, const Command& command) const {
  const auto [listing_id, id] = SplitIntentName(name);
  EndIfOver(txn, listing_id);
  const std::optional<Intent> before = LoadIntent(txn, listing_id, id);
  if (!before) return NotFound(name);
  // It was withdrawn or released while the fact was on its way. Money that came for it goes back; what a
  // bidder who broke its word has paid is settlement's to keep.
  if (IsOver(before->state)) {
    if (std::is_same_v<Command, DepositEffective> && before->state != IntentState::kBreached) {
      TellReleased(txn, *before);
    }
    return {};
  }
  const std::optional<Listing> listing = LoadListing(txn, listing_id);
  TTX_CHECK(listing.has_value(), "an intent without its listing");
  TTX_TRY(const Regime regime, RegimeOf(*listing, txn.now()));
  TTX_TRY(const IntentDecision decision,
          Decide(*before, command, IntentRegime{calendar_, regime.profile, *listing}, txn.now()));
  Commit(txn, *listing, &*before, decision);
  Requalify(txn, listing_id);
  return {};
}

Status ListingApp::OnBiddingStarted(storage::Txn& txn, const std::string& listing, bool is_free) const {
  return Apply(txn, listing, StartBidding{is_free});
}

Status ListingApp::OnAuctionClosed(storage::Txn& txn, const AuctionResult& result) const {
  if (!result.won) {
    TTX_RETURN_IF_ERROR(Apply(txn, result.listing, AuctionFailed{result.reason}));
    Requalify(txn, IdOf(result.listing));  // after an annulled session: who broke its word there is gone
    return {};
  }
  std::vector<AuctionResult::Portion> portions = result.portions;
  if (portions.empty()) portions.push_back({result.winner_code, 0, result.price});
  AuctionWon command;
  for (const AuctionResult::Portion& portion : portions) {
    const auto intent = FindIntentByCode(txn, IdOf(result.listing), portion.code);
    if (!intent) return NotFound(result.listing + "/intents/-");
    command.deals.push_back({"deals/" + ids_.Next(txn.now()), intent->name(), intent->organization,
                             intent->legal_name, intent->bidder_code, portion.price, intent->deposit,
                             Method::kAuction, result.log_hash, result.bid_count, portion.share_ppm});
  }
  return Apply(txn, result.listing, command);
}

Status ListingApp::OnAuctionDefault(storage::Txn& txn, const AuctionDefault& broken) const {
  const std::optional<Listing> listing = LoadListing(txn, IdOf(broken.listing));
  if (!listing) return NotFound(broken.listing);
  std::vector<Intent> intents;
  if (broken.bidder_code.empty()) {
    intents = listing::ListIntents(txn, listing->id.text, "", kMaxIntents);
  } else if (auto intent = FindIntentByCode(txn, listing->id.text, broken.bidder_code)) {
    intents.push_back(*std::move(intent));
  } else {
    return NotFound(broken.listing + "/intents/-");
  }
  const bool as_they_come = BiddersJoinedOneByOne(*listing);
  for (const Intent& intent : intents) {
    if (intent.bidder_code.empty()) continue;
    const bool is_bidder = !as_they_come || IsAdmitted(txn, listing->id.text, intent.bidder_code);
    if (broken.bidder_code.empty() && !is_bidder) continue;
    const bool is_held = FindHeldDefault(txn, listing->id.text, intent.id.text).has_value();
    const bool loses = !HasWon(*listing, intent.name()) && intent.state == IntentState::kQualified && !is_held;
    const bool is_pairing = !broken.bidder_code.empty() && HasLiveAuction(*listing);
    if (loses && is_pairing) {
      SaveHeldDefault(txn, listing->id.text, intent.id.text, {broken.cause, broken.is_barred});
    } else if (loses) {
      BreachIntent(txn, *listing, intent.name(), {broken.cause, broken.is_barred});
    }
    if (broken.is_barred) {
      Bar(txn, listing->achievement, intent.organization, NameOf(*listing));
    }
  }
  return {};
}

Status ListingApp::OnBidderAdded(storage::Txn& txn, const std::string& listing,
                                 const std::string& bidder_code) const {
  if (!LoadListing(txn, IdOf(listing))) return NotFound(listing);
  SaveAdmitted(txn, IdOf(listing), bidder_code);
  return {};
}

Status ListingApp::OnDepositEffective(storage::Txn& txn, const std::string& intent) const {
  return ApplyToIntent(txn, intent, DepositEffective{NewBidderCode(txn, SplitIntentName(intent).first)});
}

Status ListingApp::OnDepositMissed(storage::Txn& txn, const std::string& intent) const {
  return ApplyToIntent(txn, intent, DepositMissed{});
}

Status ListingApp::OnContractEffective(storage::Txn& txn, const std::string& listing,
                                       const std::string& deal) const {
  return Apply(txn, listing, ContractEffective{deal});
}

Status ListingApp::OnDealDefaulted(storage::Txn& txn, const std::string& listing, const std::string& deal,
                                   const std::string& reason) const {
  return Apply(txn, listing, DealDefaulted{deal, reason});
}

Status ListingApp::OnSettled(storage::Txn& txn, const std::string& listing, const std::string& deal) const {
  return Apply(txn, listing, DealSettled{deal});
}

Status ListingApp::OnCertified(storage::Txn& txn, const std::string& listing, const std::string& deal) const {
  return Apply(txn, listing, DealCertified{deal});
}

Status ListingApp::OnObjectionAccepted(storage::Txn& txn, const std::string& name,
                                       const std::string& objection) const {
  const std::optional<Listing> listing = LoadListing(txn, IdOf(name));
  if (listing && listing->state == ListingState::kListed && !TakesIntents(*listing, txn.now())) {
    EndPeriodOf(txn, *listing);
  }
  return Apply(txn, name, OpenObjection{objection});
}

Status ListingApp::OnObjectionClosed(storage::Txn& txn, const std::string& name, const std::string& objection,
                                     bool upheld) const {
  return Apply(txn, name, CloseObjection{objection, upheld});
}

// --- Queries

Result<Seen<Achievement>> ListingApp::GetAchievement(const storage::Reader& reader, const Principal& caller,
                                                     std::string_view id) const {
  std::optional<Achievement> achievement = LoadAchievement(reader, *vault_, id);
  if (!achievement) return NotFound("achievements/" + std::string(id));
  const Sight sight = SightOf(caller, *achievement);
  if (sight == Sight::kPublic) {
    if (!IsPublic(achievement->state)) return NotFound("achievements/" + std::string(id));
    achievement->content = PublicPart(achievement->content);
  }
  return Seen<Achievement>{*std::move(achievement), sight};
}

Result<Seen<Listing>> ListingApp::GetListing(const storage::Reader& reader, const Principal& caller,
                                             std::string_view id) const {
  std::optional<Listing> listing = LoadListing(reader, id);
  if (!listing) return NotFound("listings/" + std::string(id));
  const Sight sight = SightOf(caller, *listing);
  if (sight == Sight::kPublic && !IsPublic(*listing)) return NotFound("listings/" + std::string(id));
  if (sight == Sight::kBuyer) HideOtherDeals(caller, *listing);
  return Seen<Listing>{*std::move(listing), sight};
}

Result<Intent> ListingApp::GetIntent(const storage::Reader& reader, const Principal& caller,
                                     std::string_view listing_id, std::string_view id) const {
  std::optional<Intent> intent = LoadIntent(reader, listing_id, id);
  if (!intent || SightOf(caller, *intent) == Sight::kPublic) {
    return NotFound("listings/" + std::string(listing_id) + "/intents/" + std::string(id));
  }
  const std::optional<Listing> listing = LoadListing(reader, listing_id);
  TTX_CHECK(listing.has_value(), "an intent without its listing");
  return Shown(*std::move(intent), caller, *listing);
}

namespace {

// What `get` lets through of the ids that `read_ids(from, most)` gives.
template <class T, class ReadIds, class Get>
storage::ListPage<Seen<T>> Gather(std::string_view after, size_t limit, ReadIds read_ids, Get get) {
  using Looked = std::pair<std::string, Result<Seen<T>>>;
  storage::ListPage<Looked> looked = storage::LookAtList<Looked>(
      after, limit,
      [&](const std::string& from, size_t most) {
        std::vector<Looked> page;
        for (const std::string& id : read_ids(from, most)) page.emplace_back(id, get(id));
        return page;
      },
      [](const Looked& item) { return item.first; }, [](const Looked& item) { return item.second.ok(); });
  storage::ListPage<Seen<T>> page{{}, std::move(looked.last), looked.more};
  for (Looked& item : looked.items) page.items.push_back(std::move(item.second).value());
  return page;
}

}  // namespace

storage::ListPage<Seen<Achievement>> ListingApp::ListAchievements(const storage::Reader& reader,
                                                                  const Principal& caller, bool mine,
                                                                  const Filter& filter,
                                                                  std::string_view after,
                                                                  size_t limit) const {
  if (mine && caller.organization.empty()) return {};
  return Gather<Achievement>(
      after, limit,
      [&](const std::string& from, size_t most) {
        return mine ? ListAchievementsOf(reader, caller.organization, filter.state, from, most)
                    : ListPublicAchievements(reader, filter, from, most);
      },
      [&](const std::string& id) { return GetAchievement(reader, mine ? caller : Principal{}, id); });
}

storage::ListPage<Seen<Listing>> ListingApp::ListListings(const storage::Reader& reader,
                                                          const Principal& caller, bool mine,
                                                          const Filter& filter, std::string_view after,
                                                          size_t limit) const {
  if (mine && caller.organization.empty()) return {};
  return Gather<Listing>(
      after, limit,
      [&](const std::string& from, size_t most) {
        return mine ? ListListingsOf(reader, caller.organization, filter.state, from, most)
                    : ListPublicListings(reader, filter, from, most);
      },
      [&](const std::string& id) { return GetListing(reader, mine ? caller : Principal{}, id); });
}

Result<storage::ListPage<Intent>> ListingApp::ListIntents(const storage::Reader& reader,
                                                          const Principal& caller,
                                                          std::string_view listing_id, std::string_view after,
                                                          size_t limit) const {
  TTX_TRY(const Seen<Listing> listing, GetListing(reader, caller, listing_id));
  storage::ListPage<Intent> page = storage::LookAtList<Intent>(
      after, limit,
      [&](const std::string& from, size_t most) {
        return listing::ListIntents(reader, listing_id, from, most);
      },
      [](const Intent& intent) { return intent.id.text; },
      [&](const Intent& intent) { return SightOf(caller, intent) != Sight::kPublic; });
  for (Intent& intent : page.items) intent = Shown(std::move(intent), caller, listing.value);
  return page;
}

storage::LogPage<StoredEvent> ListingApp::ListEvents(const storage::Reader& reader, const Principal& caller,
                                                     uint64_t after_sequence, size_t limit) const {
  const auto visible = [&](const StoredEvent& event) {
    if (caller.service()) return true;
    if (caller.organization.empty() || event.exchange != caller.organization) return false;
    const auto* announcement = std::get_if<Announcement>(&event.payload);
    return announcement == nullptr || !IsInternal(announcement->type);
  };
  storage::LogPage<StoredEvent> page = storage::LookAtLog<StoredEvent>(
      after_sequence, limit,
      [&](uint64_t after, size_t most) { return listing::ListEvents(reader, *vault_, after, most); }, visible);
  if (caller.service()) return page;
  for (StoredEvent& event : page.events) Anonymize(event);
  return page;
}

}  // namespace ttx::listing
