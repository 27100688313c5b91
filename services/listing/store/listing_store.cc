#include "services/listing/store/listing_store.h"

#include <set>

#include "libs/core/encoding.h"
#include "libs/crypto/digest.h"
#include "libs/storage/table.h"
#include "services/listing/store/fields.h"
#include "services/listing/store/record.pb.h"

namespace ttx::listing {
namespace {

using storage::In;
using storage::KeyOf;
using storage::ListTexts;
using storage::Load;
using storage::MustHold;

constexpr size_t kSealedPiece = 48 * 1024;  // below what one seal holds

// --- Sealed content

std::string PieceContext(std::string_view id, int piece) {
  return "achievements/" + std::string(id) + "/content/" + std::to_string(piece);
}

template <class Repeated>
void SealContent(const Vault& vault, std::string_view key, std::string_view id,
                 const AchievementContent& content, Repeated* to) {
  store::AchievementContentRecord record;
  fields::Put(content, record);
  const std::string plain = record.SerializeAsString();
  int piece = 0;
  for (size_t at = 0; at < plain.size() || piece == 0; at += kSealedPiece, ++piece) {
    *to->Add() = vault.Seal(key, std::string_view(plain).substr(at, kSealedPiece), PieceContext(id, piece));
  }
}

template <class Repeated>
AchievementContent OpenContent(const Vault& vault, std::string_view key, std::string_view id,
                               const Repeated& from) {
  std::string plain;
  int piece = 0;
  for (const std::string& sealed : from) plain += vault.Open(key, sealed, PieceContext(id, piece++));
  return fields::GetAchievementContent(storage::ParseRecord<store::AchievementContentRecord>(plain));
}

std::string AchievementKeyKey(std::string_view id) { return KeyOf(Table::kAchievementKey, id); }

// --- Achievement

store::AchievementRecord ToRecord(const Achievement& from) {
  store::AchievementRecord to;
  to.set_id(from.id.text);
  to.set_owner(from.owner);
  to.set_maker_person(from.maker_person);
  to.set_submitter_person(from.submitter_person);
  to.set_exchange(from.exchange);
  to.set_state(static_cast<int>(from.state));
  to.set_secrecy(static_cast<int>(from.secrecy));
  to.set_review_note(from.review_note);
  to.set_secrecy_reviewer(from.secrecy_reviewer);
  to.set_rights_reviewer(from.rights_reviewer);
  for (const RightLock& lock : from.locks) {
    auto* item = to.add_locks();
    item->set_listing(lock.listing);
    fields::Put(lock.scope, *item->mutable_scope());
  }
  to.set_create_time_ns(from.create_time.ns);
  to.set_update_time_ns(from.update_time.ns);
  to.set_version(from.version);
  return to;
}

Achievement FromRecord(const store::AchievementRecord& from) {
  Achievement to;
  to.id = {from.id()};
  to.owner = from.owner();
  to.maker_person = from.maker_person();
  to.submitter_person = from.submitter_person();
  to.exchange = from.exchange();
  to.state = static_cast<AchievementState>(from.state());
  to.secrecy = static_cast<Secrecy>(from.secrecy());
  to.review_note = from.review_note();
  to.secrecy_reviewer = from.secrecy_reviewer();
  to.rights_reviewer = from.rights_reviewer();
  for (const auto& lock : from.locks())
    to.locks.push_back({lock.listing(), fields::GetRightScope(lock.scope())});
  to.create_time = {from.create_time_ns()};
  to.update_time = {from.update_time_ns()};
  to.version = from.version();
  return to;
}

store::AchievementEventRecord ToRecord(const AchievementEvent& from, std::string_view achievement) {
  store::AchievementEventRecord to;
  to.set_achievement(std::string(achievement));
  to.set_time_ns(from.time.ns);
  to.set_type(static_cast<int>(from.type));
  to.set_state(static_cast<int>(from.state));
  to.set_id(from.id.text);
  to.set_owner(from.owner);
  to.set_person(from.person);
  to.set_exchange(from.exchange);
  to.set_secrecy(static_cast<int>(from.secrecy));
  to.set_text(from.text);
  to.set_listing(from.listing);
  if (from.scope != RightScope{}) fields::Put(from.scope, *to.mutable_scope());
  return to;
}

AchievementEvent FromRecord(const storage::Reader& reader, const Vault& vault,
                            const store::AchievementEventRecord& from) {
  AchievementEvent to;
  to.time = {from.time_ns()};
  to.type = static_cast<AchievementEventType>(from.type());
  to.state = static_cast<AchievementState>(from.state());
  to.id = {from.id()};
  to.owner = from.owner();
  to.person = from.person();
  to.exchange = from.exchange();
  to.secrecy = static_cast<Secrecy>(from.secrecy());
  to.text = from.text();
  to.listing = from.listing();
  to.scope = fields::GetRightScope(from.scope());
  if (from.sealed_content_size() > 0) {
    // What was sealed under a destroyed key reads as nothing.
    const auto key = reader.Get(AchievementKeyKey(from.achievement()));
    to.content =
        key ? OpenContent(vault, *key, from.achievement(), from.sealed_content()) : AchievementContent{};
  }
  return to;
}

// Numbers that are not published yet do not stand in keys.
std::string IdentityDigest(std::string_view identity) { return Hex(crypto::Sha256(identity)); }

std::set<std::string> IndexKeys(const Achievement& achievement) {
  std::set<std::string> keys;
  const std::string state(StateName(achievement.state));
  for (const std::string& organization : {achievement.owner, achievement.exchange}) {
    if (organization.empty()) continue;
    for (const std::string& by_state : {std::string(), state}) {
      keys.insert(KeyOf(Table::kAchievementOf, organization, by_state, achievement.id.text));
    }
  }
  if (IsLive(achievement.state)) {
    for (const IpItem& item : achievement.content.ip_items) {
      const std::string identity = IpIdentity(item);
      if (identity.empty()) continue;
      keys.insert(KeyOf(Table::kIpIdentity, IdentityDigest(identity), achievement.id.text));
    }
  }
  if (!IsPublic(achievement.state)) return keys;
  for (const std::string& by_state : {std::string(), state}) {
    for (const std::string& by_field : {std::string(), achievement.content.tech_field}) {
      keys.insert(KeyOf(Table::kPublicAchievement, by_state, by_field, achievement.id.text));
    }
  }
  return keys;
}

// --- Listing

void Put(const Proposal& from, store::ProposalRecord& to) {
  to.set_action(static_cast<int>(from.action));
  to.set_reason(from.reason);
  to.set_note(from.note);
  to.set_person(from.person);
}
Proposal FromRecord(const store::ProposalRecord& from) {
  return {static_cast<Action>(from.action()), from.reason(), from.note(), from.person()};
}

void Put(const SealedReserve& from, store::ReserveRecord& to) {
  to.set_sealed(from.sealed);
  to.set_commitment(from.commitment);
}

void Put(const Deal& from, store::DealRecord& to) {
  to.set_id(from.id);
  to.set_intent(from.intent);
  to.set_buyer(from.buyer);
  to.set_buyer_legal_name(from.buyer_legal_name);
  to.set_bidder_code(from.bidder_code);
  to.set_price_fen(from.price.value);
  to.set_deposit_fen(from.deposit.value);
  to.set_method(static_cast<int>(from.method));
  to.set_log_hash(from.log_hash);
  to.set_bid_count(from.bid_count);
  to.set_share_ppm(from.share_ppm);
  to.set_listed_price_fen(from.listed_price.value);
}
Deal FromRecord(const store::DealRecord& from) {
  return {from.id(),          from.intent(),      from.buyer(),         from.buyer_legal_name(),
          from.bidder_code(), {from.price_fen()}, {from.deposit_fen()}, static_cast<Method>(from.method()),
          from.log_hash(),    from.bid_count(),   from.share_ppm(),     {from.listed_price_fen()},
          static_cast<DealState>(from.state()), from.end_reason(), from.settled(), from.certified()};
}

DealState StateOfOnlyDeal(ListingState state) {
  if (state == ListingState::kDefaulted) return DealState::kDefaulted;
  return state == ListingState::kDealPending ? DealState::kPending : DealState::kSigned;
}

// A deal of the whole stands as it did before there were portions: how far it is, the listing says.
void PutDeals(const Listing& from, store::ListingRecord& to) {
  if (from.deals.empty()) return;
  if (from.deals.front().share_ppm == 0) {
    Put(from.deals.front(), *to.mutable_deal());
    to.set_settled(from.deals.front().settled);
    to.set_certified(from.deals.front().certified);
    return;
  }
  for (const Deal& deal : from.deals) {
    store::DealRecord* portion = to.add_portions();
    Put(deal, *portion);
    portion->set_state(static_cast<int>(deal.state));
    portion->set_end_reason(deal.end_reason);
    portion->set_settled(deal.settled);
    portion->set_certified(deal.certified);
  }
}
std::vector<Deal> GetDeals(const store::ListingRecord& from) {
  std::vector<Deal> deals;
  if (from.has_deal()) {
    Deal& deal = deals.emplace_back(FromRecord(from.deal()));
    deal.state = StateOfOnlyDeal(static_cast<ListingState>(from.state()));
    if (deal.state == DealState::kDefaulted) deal.end_reason = from.reason();
    deal.settled = from.settled();
    deal.certified = from.certified();
  }
  for (const auto& portion : from.portions()) deals.push_back(FromRecord(portion));
  return deals;
}

void Put(const Previous& from, store::PreviousRecord& to) {
  to.set_listed_price_fen(from.listed_price.value);
  to.set_first_date_days(from.first_date.days);
  to.set_first_days(from.first_days);
}
Previous FromRecord(const store::PreviousRecord& from) {
  return {{from.listed_price_fen()}, {from.first_date_days()}, from.first_days()};
}

void Put(const PriorityNotice& from, store::PriorityNoticeRecord& to) {
  to.set_method(static_cast<int>(from.method));
  to.set_date_days(from.date.days);
  if (from.evidence != Attachment{}) fields::Put(from.evidence, *to.mutable_evidence());
  to.set_person(from.person);
  to.set_answer(static_cast<int>(from.answer));
  to.set_answer_person(from.answer_person);
}
PriorityNotice FromRecord(const store::PriorityNoticeRecord& from) {
  return {static_cast<NoticeMethod>(from.method()),   {from.date_days()},  fields::GetAttachment(from.evidence()),
          from.person(), static_cast<PriorityAnswer>(from.answer()), from.answer_person()};
}

void PutPeriod(const Listing& from, store::ListingRecord& to) {
  to.set_notice_version(from.notice_version);
  to.set_content_hash(from.content_hash);
  to.set_start_time_ns(from.start_time.ns);
  to.set_period_from_days(from.period_from.days);
  to.set_period_days(from.period_days);
  to.set_end_date_days(from.end_date.days);
  to.set_end_provisional(from.end_provisional);
  to.set_end_time_ns(from.end_time.ns);
  to.set_extension_count(from.extension_count);
  to.set_remaining_days(from.remaining_days);
  to.set_suspend_time_ns(from.suspend_time.ns);
  to.set_single_intent(from.single_intent);
  to.set_single_date_days(from.single_date.days);
  to.set_quote_due_time_ns(from.quote_due_time.ns);
  to.set_quote_due_provisional(from.quote_due_provisional);
}
void GetPeriod(const store::ListingRecord& from, Listing& to) {
  to.notice_version = from.notice_version();
  to.content_hash = from.content_hash();
  to.start_time = {from.start_time_ns()};
  to.period_from = {from.period_from_days()};
  to.period_days = from.period_days();
  to.end_date = {from.end_date_days()};
  to.end_provisional = from.end_provisional();
  to.end_time = {from.end_time_ns()};
  to.extension_count = from.extension_count();
  to.remaining_days = from.remaining_days();
  to.suspend_time = {from.suspend_time_ns()};
  to.single_intent = from.single_intent();
  to.single_date = {from.single_date_days()};
  to.quote_due_time = {from.quote_due_time_ns()};
  to.quote_due_provisional = from.quote_due_provisional();
}

store::ListingRecord ToRecord(const Listing& from) {
  store::ListingRecord to;
  to.set_id(from.id.text);
  to.set_exchange(from.exchange);
  to.set_owner(from.owner);
  to.set_owner_legal_name(from.owner_legal_name);
  to.set_achievement(from.achievement);
  to.set_tech_field(from.tech_field);
  to.set_profile(from.profile);
  to.set_profile_version(from.profile_version);
  fields::Put(from.content, *to.mutable_content());
  if (from.reserve != SealedReserve{}) Put(from.reserve, *to.mutable_reserve());
  to.set_state(static_cast<int>(from.state));
  to.set_maker_person(from.maker_person);
  to.set_submitter_person(from.submitter_person);
  to.set_business_reviewer(from.business_reviewer);
  to.set_compliance_reviewer(from.compliance_reviewer);
  to.set_project_no(from.project_no);
  if (from.proposal != Proposal{}) Put(from.proposal, *to.mutable_proposal());
  to.set_reason(from.reason);
  to.set_note(from.note);
  PutPeriod(from, to);
  to.set_auction(from.auction);
  to.set_bidding_start_time_ns(from.bidding_start_time.ns);
  PutDeals(from, to);
  to.set_create_time_ns(from.create_time.ns);
  to.set_update_time_ns(from.update_time.ns);
  to.set_version(from.version);
  to.set_low_quotes(from.low_quotes);
  if (from.previous != Previous{}) Put(from.previous, *to.mutable_previous());
  for (const PriorityNotice& notice : from.priority_notices) Put(notice, *to.add_priority_notices());
  fields::PutTexts(from.objections, to.mutable_objections());
  to.set_suspended_by_objection(from.suspended_by_objection);
  return to;
}

Listing FromRecord(const store::ListingRecord& from) {
  Listing to;
  to.id = {from.id()};
  to.exchange = from.exchange();
  to.owner = from.owner();
  to.owner_legal_name = from.owner_legal_name();
  to.achievement = from.achievement();
  to.tech_field = from.tech_field();
  to.profile = from.profile();
  to.profile_version = from.profile_version();
  to.content = fields::GetListingContent(from.content());
  to.reserve = {from.reserve().sealed(), from.reserve().commitment()};
  to.state = static_cast<ListingState>(from.state());
  to.maker_person = from.maker_person();
  to.submitter_person = from.submitter_person();
  to.business_reviewer = from.business_reviewer();
  to.compliance_reviewer = from.compliance_reviewer();
  to.project_no = from.project_no();
  to.proposal = FromRecord(from.proposal());
  to.reason = from.reason();
  to.note = from.note();
  GetPeriod(from, to);
  to.auction = from.auction();
  to.bidding_start_time = {from.bidding_start_time_ns()};
  to.deals = GetDeals(from);
  to.low_quotes = from.low_quotes();
  to.previous = FromRecord(from.previous());
  for (const auto& notice : from.priority_notices()) to.priority_notices.push_back(FromRecord(notice));
  to.objections = fields::GetTexts(from.objections());
  to.suspended_by_objection = from.suspended_by_objection();
  to.create_time = {from.create_time_ns()};
  to.update_time = {from.update_time_ns()};
  to.version = from.version();
  return to;
}

store::ListingEventRecord ToRecord(const ListingEvent& from) {
  store::ListingEventRecord to;
  to.set_time_ns(from.time.ns);
  to.set_type(static_cast<int>(from.type));
  to.set_state(static_cast<int>(from.state));
  to.set_person(from.person);
  to.set_id(from.id.text);
  to.set_exchange(from.exchange);
  to.set_owner(from.owner);
  to.set_owner_legal_name(from.owner_legal_name);
  to.set_achievement(from.achievement);
  to.set_profile(from.profile);
  if (from.content) fields::Put(*from.content, *to.mutable_content());
  if (from.reserve) Put(*from.reserve, *to.mutable_reserve());
  to.set_tech_field(from.tech_field);
  to.set_review(static_cast<int>(from.review));
  to.set_project_no(from.project_no);
  to.set_profile_version(from.profile_version);
  to.set_content_hash(from.content_hash);
  if (from.proposal != Proposal{}) Put(from.proposal, *to.mutable_proposal());
  to.set_reason(from.reason);
  to.set_note(from.note);
  to.set_from_days(from.from.days);
  to.set_days(from.days);
  to.set_end_date_days(from.end.date.days);
  to.set_end_provisional(from.end.provisional);
  to.set_intent(from.intent);
  to.set_auction(from.auction);
  to.set_start_ns(from.start.ns);
  to.set_objection(from.objection);
  if (from.previous != Previous{}) Put(from.previous, *to.mutable_previous());
  to.set_holder(from.holder);
  if (from.notice != PriorityNotice{}) Put(from.notice, *to.mutable_notice());
  if (from.deal != Deal{}) Put(from.deal, *to.mutable_deal());
  return to;
}

ListingEvent FromRecord(const store::ListingEventRecord& from) {
  ListingEvent to;
  to.time = {from.time_ns()};
  to.type = static_cast<ListingEventType>(from.type());
  to.state = static_cast<ListingState>(from.state());
  to.person = from.person();
  to.id = {from.id()};
  to.exchange = from.exchange();
  to.owner = from.owner();
  to.owner_legal_name = from.owner_legal_name();
  to.achievement = from.achievement();
  to.profile = from.profile();
  if (from.has_content()) to.content = fields::GetListingContent(from.content());
  if (from.has_reserve()) to.reserve = SealedReserve{from.reserve().sealed(), from.reserve().commitment()};
  to.tech_field = from.tech_field();
  to.review = static_cast<Review>(from.review());
  to.project_no = from.project_no();
  to.profile_version = from.profile_version();
  to.content_hash = from.content_hash();
  to.proposal = FromRecord(from.proposal());
  to.reason = from.reason();
  to.note = from.note();
  to.from = {from.from_days()};
  to.days = from.days();
  to.end = {{from.end_date_days()}, from.end_provisional()};
  to.intent = from.intent();
  to.auction = from.auction();
  to.start = {from.start_ns()};
  to.objection = from.objection();
  to.previous = FromRecord(from.previous());
  to.holder = from.holder();
  to.notice = FromRecord(from.notice());
  to.deal = FromRecord(from.deal());
  return to;
}

std::set<std::string> IndexKeys(const Listing& listing) {
  std::set<std::string> keys;
  const std::string state(StateName(listing.state));
  for (const std::string& by_state : {std::string(), state}) {
    for (const std::string& organization : {listing.owner, listing.exchange}) {
      keys.insert(KeyOf(Table::kListingOf, organization, by_state, listing.id.text));
    }
    if (!IsPublic(listing)) continue;
    for (const std::string& by_exchange : {std::string(), listing.exchange}) {
      for (const std::string& by_field : {std::string(), listing.tech_field}) {
        keys.insert(KeyOf(Table::kPublicListing, by_exchange, by_state, by_field, listing.id.text));
      }
    }
  }
  return keys;
}

// --- Intent

store::IntentRecord ToRecord(const Intent& from) {
  store::IntentRecord to;
  to.set_id(from.id.text);
  to.set_listing(from.listing);
  to.set_exchange(from.exchange);
  to.set_owner(from.owner);
  to.set_organization(from.organization);
  to.set_legal_name(from.legal_name);
  to.set_person(from.person);
  fields::Put(from.content, *to.mutable_content());
  to.set_deposit_fen(from.deposit.value);
  to.set_state(static_cast<int>(from.state));
  to.set_opinion_qualified(from.opinion_qualified);
  to.set_opinion(from.opinion);
  to.set_opinion_person(from.opinion_person);
  to.set_opinion_date_days(from.opinion_date.days);
  to.set_reply_due_time_ns(from.reply_due_time.ns);
  to.set_reply_due_provisional(from.reply_due_provisional);
  to.set_objection(from.objection);
  to.set_decision(from.decision);
  to.set_deposit_due_time_ns(from.deposit_due_time.ns);
  to.set_deposit_due_provisional(from.deposit_due_provisional);
  to.set_reference(from.reference);
  to.set_bidder_code(from.bidder_code);
  to.set_end_reason(from.end_reason);
  to.set_priority_confirmed(from.priority_confirmed);
  to.set_is_entitled_only(from.is_entitled_only);
  to.set_create_time_ns(from.create_time.ns);
  to.set_update_time_ns(from.update_time.ns);
  to.set_version(from.version);
  return to;
}

Intent FromRecord(const store::IntentRecord& from) {
  Intent to;
  to.id = {from.id()};
  to.listing = from.listing();
  to.exchange = from.exchange();
  to.owner = from.owner();
  to.organization = from.organization();
  to.legal_name = from.legal_name();
  to.person = from.person();
  to.content = fields::GetIntentContent(from.content());
  to.deposit = {from.deposit_fen()};
  to.state = static_cast<IntentState>(from.state());
  to.opinion_qualified = from.opinion_qualified();
  to.opinion = from.opinion();
  to.opinion_person = from.opinion_person();
  to.opinion_date = {from.opinion_date_days()};
  to.reply_due_time = {from.reply_due_time_ns()};
  to.reply_due_provisional = from.reply_due_provisional();
  to.objection = from.objection();
  to.decision = from.decision();
  to.deposit_due_time = {from.deposit_due_time_ns()};
  to.deposit_due_provisional = from.deposit_due_provisional();
  to.reference = from.reference();
  to.bidder_code = from.bidder_code();
  to.end_reason = from.end_reason();
  to.priority_confirmed = from.priority_confirmed();
  to.is_entitled_only = from.is_entitled_only();
  to.create_time = {from.create_time_ns()};
  to.update_time = {from.update_time_ns()};
  to.version = from.version();
  return to;
}

store::IntentEventRecord ToRecord(const IntentEvent& from) {
  store::IntentEventRecord to;
  to.set_time_ns(from.time.ns);
  to.set_type(static_cast<int>(from.type));
  to.set_state(static_cast<int>(from.state));
  to.set_person(from.person);
  to.set_id(from.id.text);
  to.set_listing(from.listing);
  to.set_exchange(from.exchange);
  to.set_owner(from.owner);
  to.set_organization(from.organization);
  to.set_legal_name(from.legal_name);
  if (from.content) fields::Put(*from.content, *to.mutable_content());
  to.set_deposit_fen(from.deposit.value);
  to.set_qualified(from.qualified);
  to.set_text(from.text);
  to.set_date_days(from.date.days);
  to.set_due_date_days(from.due.date.days);
  to.set_due_provisional(from.due.provisional);
  to.set_reference(from.reference);
  to.set_bidder_code(from.bidder_code);
  to.set_reason(from.reason);
  to.set_priority_confirmed(from.priority_confirmed);
  to.set_is_entitled_only(from.is_entitled_only);
  to.set_is_barred(from.is_barred);
  if (from.decided_priority) to.set_decided_priority(*from.decided_priority);
  return to;
}

IntentEvent FromRecord(const store::IntentEventRecord& from) {
  IntentEvent to;
  to.time = {from.time_ns()};
  to.type = static_cast<IntentEventType>(from.type());
  to.state = static_cast<IntentState>(from.state());
  to.person = from.person();
  to.id = {from.id()};
  to.listing = from.listing();
  to.exchange = from.exchange();
  to.owner = from.owner();
  to.organization = from.organization();
  to.legal_name = from.legal_name();
  if (from.has_content()) to.content = fields::GetIntentContent(from.content());
  to.deposit = {from.deposit_fen()};
  to.qualified = from.qualified();
  to.text = from.text();
  to.date = {from.date_days()};
  to.due = {{from.due_date_days()}, from.due_provisional()};
  to.reference = from.reference();
  to.bidder_code = from.bidder_code();
  to.reason = from.reason();
  to.priority_confirmed = from.priority_confirmed();
  to.is_entitled_only = from.is_entitled_only();
  to.is_barred = from.is_barred();
  if (from.has_decided_priority()) to.decided_priority = from.decided_priority();
  return to;
}

std::string_view ListingIdOf(const Intent& intent) {
  return std::string_view(intent.listing).substr(std::string_view("listings/").size());
}

// --- Announcement

void Put(const Announcement& from, store::AnnouncementRecord& to) {
  to.set_type(static_cast<int>(from.type));
  if (from.listing) *to.mutable_listing() = ToRecord(*from.listing);
  if (from.intent) *to.mutable_intent() = ToRecord(*from.intent);
  to.set_achievement(from.achievement);
  to.set_owner(from.owner);
  to.set_title(from.title);
  to.set_text(from.text);
  fields::PutTexts(from.ip_numbers, to.mutable_ip_numbers());
  for (const Bidder& bidder : from.bidders) {
    auto* item = to.add_bidders();
    item->set_code(bidder.code);
    item->set_organization(bidder.organization);
    item->set_intent(bidder.intent);
    item->set_rank(bidder.rank);
    item->set_capital_share(bidder.capital_share);
  }
  to.set_resource(from.resource);
  to.set_reason(from.reason);
  to.set_due_time_ns(from.due_time.ns);
  to.set_auction(from.auction);
  to.set_deal(from.deal);
  fields::PutTexts(from.barred_organizations, to.mutable_barred_organizations());
}

Announcement FromRecord(const store::AnnouncementRecord& from) {
  Announcement to;
  to.type = static_cast<AnnouncementType>(from.type());
  if (from.has_listing()) to.listing = FromRecord(from.listing());
  if (from.has_intent()) to.intent = FromRecord(from.intent());
  to.achievement = from.achievement();
  to.owner = from.owner();
  to.title = from.title();
  to.text = from.text();
  to.ip_numbers = fields::GetTexts(from.ip_numbers());
  for (const auto& bidder : from.bidders()) {
    to.bidders.push_back(
        {bidder.code(), bidder.organization(), bidder.intent(), bidder.rank(), bidder.capital_share()});
  }
  to.resource = from.resource();
  to.reason = from.reason();
  to.due_time = {from.due_time_ns()};
  to.auction = from.auction();
  to.deal = from.deal();
  to.barred_organizations = fields::GetTexts(from.barred_organizations());
  return to;
}

// --- Shared

void MoveIndex(storage::Txn& txn, const std::set<std::string>& before, const std::set<std::string>& after) {
  for (const std::string& key : before) {
    if (!after.contains(key)) txn.Delete(key);
  }
  for (const std::string& key : after) {
    if (!before.contains(key)) txn.Put(key, "");
  }
}

StoredEvent FromOutbox(const storage::Reader& reader, const Vault& vault,
                       const storage::OutboxEvent& stored) {
  const auto record = storage::ParseRecord<store::EventRecord>(stored.payload);
  StoredEvent event{stored.sequence, stored.time, record.resource(), record.exchange(), {}};
  switch (record.payload_case()) {
    case store::EventRecord::kAchievement:
      event.payload = FromRecord(reader, vault, record.achievement());
      break;
    case store::EventRecord::kListing:
      event.payload = FromRecord(record.listing());
      break;
    case store::EventRecord::kIntent:
      event.payload = FromRecord(record.intent());
      break;
    case store::EventRecord::kAnnouncement:
      event.payload = FromRecord(record.announcement());
      break;
    case store::EventRecord::PAYLOAD_NOT_SET:
      TTX_CHECK(false, "an event record without a payload");
  }
  return event;
}

}  // namespace

bool IsInternal(AnnouncementType type) {
  switch (type) {
    case AnnouncementType::kIntentConfirmed:
    case AnnouncementType::kIntentQualified:
    case AnnouncementType::kIntentLost:
    case AnnouncementType::kIntentReleased:
    case AnnouncementType::kBidderDefaulted:
      return true;
    case AnnouncementType::kAchievementPublished:
    case AnnouncementType::kListingPublished:
    case AnnouncementType::kListingExtended:
    case AnnouncementType::kBiddingScheduled:
    case AnnouncementType::kDealDetermined:
    case AnnouncementType::kListingExpired:
    case AnnouncementType::kListingDefaulted:
    case AnnouncementType::kListingClosed:
    case AnnouncementType::kDeadlinePassed:
    case AnnouncementType::kPortionDefaulted:
    case AnnouncementType::kListingObjected:
      return false;
  }
  TTX_CHECK(false, "unreachable");
}

std::optional<Achievement> LoadAchievement(const storage::Reader& reader, const Vault& vault,
                                           std::string_view id) {
  const auto record = storage::FindRecord<store::AchievementRecord>(reader, KeyOf(Table::kAchievement, id));
  if (!record) return std::nullopt;
  Achievement achievement = FromRecord(*record);
  if (record->sealed_content_size() > 0) {
    const auto key = reader.Get(AchievementKeyKey(id));
    TTX_CHECK(key.has_value(), "the key of an achievement is missing");
    achievement.content = OpenContent(vault, *key, id, record->sealed_content());
  }
  MustHold(achievement);
  return achievement;
}

std::optional<Listing> LoadListing(const storage::Reader& reader, std::string_view id) {
  return Load<store::ListingRecord>(reader, KeyOf(Table::kListing, id), FromRecord);
}

std::optional<Intent> LoadIntent(const storage::Reader& reader, std::string_view listing_id,
                                 std::string_view id) {
  return Load<store::IntentRecord>(reader, KeyOf(Table::kIntent, listing_id, id), FromRecord);
}

void SaveDecision(storage::Txn& txn, const Vault& vault, const Achievement* before,
                  const AchievementDecision& decision) {
  if (decision.events.empty()) return;
  const Achievement& next = decision.next;
  MustHold(next);
  const std::string& id = next.id.text;
  std::optional<std::string> key = txn.Get(AchievementKeyKey(id));
  if (!key) {
    key = vault.NewKey("achievements/" + id);
    txn.Put(AchievementKeyKey(id), *key);
  }
  for (const AchievementEvent& event : decision.events) {
    store::EventRecord record;
    record.set_resource("achievements/" + id);
    record.set_exchange(next.exchange);
    *record.mutable_achievement() = ToRecord(event, id);
    if (event.content)
      SealContent(vault, *key, id, *event.content, record.mutable_achievement()->mutable_sealed_content());
    txn.Emit(record.SerializeAsString());
  }
  store::AchievementRecord record = ToRecord(next);
  if (next.secrecy == Secrecy::kStateSecret) {
    txn.Delete(AchievementKeyKey(id));
  } else {
    SealContent(vault, *key, id, next.content, record.mutable_sealed_content());
  }
  txn.Put(KeyOf(Table::kAchievement, id), record.SerializeAsString());
  MoveIndex(txn, before == nullptr ? std::set<std::string>{} : IndexKeys(*before), IndexKeys(next));
}

void SaveDecision(storage::Txn& txn, const Listing* before, const ListingDecision& decision) {
  if (decision.events.empty()) return;
  const Listing& next = decision.next;
  MustHold(next);
  for (const ListingEvent& event : decision.events) {
    store::EventRecord record;
    record.set_resource("listings/" + next.id.text);
    record.set_exchange(next.exchange);
    *record.mutable_listing() = ToRecord(event);
    txn.Emit(record.SerializeAsString());
  }
  txn.Put(KeyOf(Table::kListing, next.id.text), ToRecord(next).SerializeAsString());
  MoveIndex(txn, before == nullptr ? std::set<std::string>{} : IndexKeys(*before), IndexKeys(next));
}

void SaveDecision(storage::Txn& txn, const Intent* before, const IntentDecision& decision) {
  if (decision.events.empty()) return;
  const Intent& next = decision.next;
  MustHold(next);
  for (const IntentEvent& event : decision.events) {
    store::EventRecord record;
    record.set_resource(next.name());
    record.set_exchange(next.exchange);
    *record.mutable_intent() = ToRecord(event);
    txn.Emit(record.SerializeAsString());
  }
  const std::string_view listing = ListingIdOf(next);
  txn.Put(KeyOf(Table::kIntent, listing, next.id.text), ToRecord(next).SerializeAsString());
  if (before == nullptr) {
    txn.Put(KeyOf(Table::kIntentByOrganization, listing, next.organization), next.id.text);
    return;
  }
  if (before->reference.empty() && !next.reference.empty()) {
    txn.Put(KeyOf(Table::kReference, next.reference), next.name());
  }
  if (before->bidder_code.empty() && !next.bidder_code.empty()) {
    txn.Put(KeyOf(Table::kBidderCode, listing, next.bidder_code), next.id.text);
  }
}

void Announce(storage::Txn& txn, std::string_view resource, std::string_view exchange,
              const Announcement& announcement) {
  store::EventRecord record;
  record.set_resource(std::string(resource));
  record.set_exchange(std::string(exchange));
  Put(announcement, *record.mutable_announcement());
  txn.Emit(record.SerializeAsString());
}

std::vector<std::string> ListPublicAchievements(const storage::Reader& reader, const Filter& filter,
                                                std::string_view after, size_t limit) {
  return ListTexts(reader, In(Table::kPublicAchievement, filter.state, filter.tech_field), after, limit);
}

std::vector<std::string> ListAchievementsOf(const storage::Reader& reader, std::string_view organization,
                                            std::string_view state, std::string_view after, size_t limit) {
  return ListTexts(reader, In(Table::kAchievementOf, organization, state), after, limit);
}

std::vector<std::string> ListPublicListings(const storage::Reader& reader, const Filter& filter,
                                            std::string_view after, size_t limit) {
  return ListTexts(reader, In(Table::kPublicListing, filter.exchange, filter.state, filter.tech_field), after,
                   limit);
}

std::vector<std::string> ListListingsOf(const storage::Reader& reader, std::string_view organization,
                                        std::string_view state, std::string_view after, size_t limit) {
  return ListTexts(reader, In(Table::kListingOf, organization, state), after, limit);
}

std::vector<std::string> ListHoldersOfRight(const storage::Reader& reader, std::string_view identity,
                                            size_t limit) {
  return ListTexts(reader, In(Table::kIpIdentity, IdentityDigest(identity)), "", limit);
}

std::vector<Intent> ListIntents(const storage::Reader& reader, std::string_view listing_id,
                                std::string_view after, size_t limit) {
  return storage::LoadEach(ListTexts(reader, In(Table::kIntent, listing_id), after, limit),
                           [&](const std::string& id) { return LoadIntent(reader, listing_id, id); });
}

std::optional<Intent> FindIntentOf(const storage::Reader& reader, std::string_view listing_id,
                                   std::string_view organization) {
  const auto id = reader.Get(KeyOf(Table::kIntentByOrganization, listing_id, organization));
  return id ? LoadIntent(reader, listing_id, *id) : std::nullopt;
}

std::optional<Intent> FindIntentByCode(const storage::Reader& reader, std::string_view listing_id,
                                       std::string_view code) {
  const auto id = reader.Get(KeyOf(Table::kBidderCode, listing_id, code));
  return id ? LoadIntent(reader, listing_id, *id) : std::nullopt;
}

bool IsReferenceFree(const storage::Reader& reader, std::string_view reference) {
  return !reader.Get(KeyOf(Table::kReference, reference));
}

std::optional<Organization> LoadOrganization(const storage::Reader& reader, std::string_view name) {
  const auto record =
      storage::FindRecord<store::OrganizationRecord>(reader, KeyOf(Table::kOrganization, name));
  if (!record) return std::nullopt;
  return Organization{record->legal_name(), record->uscc(), record->active()};
}

void SaveOrganization(storage::Txn& txn, std::string_view name, const Organization& organization) {
  store::OrganizationRecord record;
  record.set_legal_name(organization.legal_name);
  record.set_uscc(organization.uscc);
  record.set_active(organization.active);
  txn.Put(KeyOf(Table::kOrganization, name), record.SerializeAsString());
}

void Bar(storage::Txn& txn, std::string_view achievement, std::string_view organization,
         std::string_view listing) {
  txn.Put(KeyOf(Table::kBarred, achievement, organization), std::string(listing));
}

bool IsBarred(const storage::Reader& reader, std::string_view achievement, std::string_view organization) {
  return reader.Get(KeyOf(Table::kBarred, achievement, organization)).has_value();
}

void SaveAdmitted(storage::Txn& txn, std::string_view listing_id, std::string_view code) {
  txn.Put(KeyOf(Table::kAdmitted, listing_id, code), "");
}

bool IsAdmitted(const storage::Reader& reader, std::string_view listing_id, std::string_view code) {
  return reader.Get(KeyOf(Table::kAdmitted, listing_id, code)).has_value();
}

void SaveHeldDefault(storage::Txn& txn, std::string_view listing_id, std::string_view intent_id,
                     const HeldDefault& held) {
  store::HeldDefaultRecord record;
  record.set_cause(held.cause);
  record.set_is_barred(held.is_barred);
  txn.Put(KeyOf(Table::kHeldDefault, listing_id, intent_id), record.SerializeAsString());
}

std::optional<HeldDefault> FindHeldDefault(const storage::Reader& reader, std::string_view listing_id,
                                           std::string_view intent_id) {
  const auto record =
      storage::FindRecord<store::HeldDefaultRecord>(reader, KeyOf(Table::kHeldDefault, listing_id, intent_id));
  if (!record) return std::nullopt;
  return HeldDefault{record->cause(), record->is_barred()};
}

void ClearHeldDefault(storage::Txn& txn, std::string_view listing_id, std::string_view intent_id) {
  txn.Delete(KeyOf(Table::kHeldDefault, listing_id, intent_id));
}

std::vector<std::string> ListBarred(const storage::Reader& reader, std::string_view achievement, size_t limit) {
  return ListTexts(reader, In(Table::kBarred, achievement), "", limit);
}

int64_t LastProjectSequence(const storage::Reader& reader, std::string_view series) {
  return static_cast<int64_t>(storage::FindNumber(reader, KeyOf(Table::kProjectSequence, series)));
}

void SaveProjectSequence(storage::Txn& txn, std::string_view series, int64_t sequence) {
  txn.Put(KeyOf(Table::kProjectSequence, series), storage::NumberValue(static_cast<uint64_t>(sequence)));
}

std::vector<StoredEvent> ListEvents(const storage::Reader& reader, const Vault& vault,
                                    uint64_t after_sequence, size_t limit) {
  return storage::ReadEvents(reader, after_sequence, limit, [&](const storage::OutboxEvent& stored) {
    return FromOutbox(reader, vault, stored);
  });
}

}  // namespace ttx::listing
