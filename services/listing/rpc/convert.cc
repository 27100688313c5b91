#include "services/listing/rpc/convert.h"

#include "libs/bidding/rules_proto.h"
#include "libs/rpc/proto_time.h"
#include "services/listing/store/fields.h"

namespace ttx::listing {
namespace {

std::string NameOf(const Listing& listing) { return "listings/" + listing.id.text; }

// Leaves a field absent when there is no time.
template <class Mutable>
void PutTimeIfAny(Time from, Mutable mutable_field) {
  if (from) *mutable_field() = rpc::ToProtoTime(from);
}

v1::RightScope::Exclusivity ExclusivityOf(Kind kind) {
  switch (kind) {
    case Kind::kLicenseExclusive:
      return v1::RightScope::EXCLUSIVE;
    case Kind::kLicenseSole:
      return v1::RightScope::SOLE;
    case Kind::kLicenseOrdinary:
      return v1::RightScope::NON_EXCLUSIVE;
    case Kind::kUnspecified:
    case Kind::kTransferPatent:
    case Kind::kTransferApplication:
    case Kind::kTransferKnowhow:
    case Kind::kTransferOtherIp:
    case Kind::kEquityContribution:
      return v1::RightScope::EXCLUSIVITY_UNSPECIFIED;
  }
  TTX_CHECK(false, "unreachable");
}

void PutScope(const RightScope& from, v1::RightScope* to) {
  fields::Put(from, *to);
  to->set_exclusivity(ExclusivityOf(from.kind));
}

v1::RightScope::Kind KindOf(const Listing& listing) {
  return static_cast<v1::RightScope::Kind>(listing.content.right_scope.kind);
}

// The public terms in words, for the notice.
std::string TermsOf(const ListingContent& content) {
  std::string terms;
  const auto add = [&](const char* head, const std::string& text) {
    if (!text.empty()) terms += std::string(terms.empty() ? "" : "\n") + head + text;
  };
  add("受让方条件：", content.buyer_conditions);
  add("付款方式：", content.payment_terms);
  add("重大事项：", content.important_disclosures);
  add("保证内容：", content.deposit.guarantee);
  add("保证金处置：", content.deposit.disposal);
  add("联系方式：", content.contact);
  return terms;
}

void Put(const Announcement& from, v1::ListingPublished* to) {
  const Listing& listing = *from.listing;
  to->set_listing(NameOf(listing));
  to->set_version(listing.notice_version);
  to->set_exchange(listing.exchange);
  to->set_owner(listing.owner);
  to->set_owner_legal_name(listing.owner_legal_name);
  to->set_title(listing.content.title);
  to->set_kind(KindOf(listing));
  to->set_listed_price_fen(listing.content.listed_price.value);
  to->set_deposit_fen(listing.content.deposit.amount.value);
  *to->mutable_start_time() = rpc::ToProtoTime(listing.start_time);
  *to->mutable_end_time() = rpc::ToProtoTime(listing.end_time);
  to->set_mode(bidding::ToProto(listing.content.rules).mode());
  to->set_terms(TermsOf(listing.content));
  to->set_content_hash(listing.content_hash);
  to->set_achievement(listing.achievement);
  to->set_project_no(listing.project_no);
  to->set_end_provisional(listing.end_provisional);
  to->set_previous_listing(listing.content.relisting.previous_listing);
}

void Put(const Announcement& from, v1::IntentConfirmed* to) {
  const Intent& intent = *from.intent;
  to->set_intent(intent.name());
  to->set_listing(intent.listing);
  to->set_exchange(intent.exchange);
  to->set_organization(intent.organization);
  to->set_legal_name(intent.legal_name);
  to->set_deposit_fen(intent.deposit.value);
  *to->mutable_deposit_due_time() = rpc::ToProtoTime(intent.deposit_due_time);
  to->set_reference(intent.reference);
  to->set_deposit_due_provisional(intent.deposit_due_provisional);
}

void Put(const Announcement& from, bool internal, const std::optional<ListingApp::Reserve>& reserve,
         v1::BiddingScheduled* to) {
  const Listing& listing = *from.listing;
  to->set_listing(NameOf(listing));
  to->set_exchange(listing.exchange);
  to->set_title(listing.content.title);
  to->set_auction(listing.auction);
  *to->mutable_start_time() = rpc::ToProtoTime(listing.bidding_start_time);
  *to->mutable_rules() = bidding::ToProto(AuctionRulesOf(listing));
  to->set_reserve_commitment(listing.reserve.commitment);
  if (!internal) return;
  if (reserve) {
    to->set_reserve_fen(reserve->price.value);
    to->set_reserve_salt(reserve->salt);
  }
  for (const Bidder& bidder : from.bidders) {
    auto* item = to->add_bidders();
    item->set_code(bidder.code);
    item->set_organization(bidder.organization);
    item->set_intent(bidder.intent);
    item->set_priority_rank(bidder.rank);
    item->set_capital_share(bidder.capital_share);
  }
  fields::PutTexts(from.barred_organizations, to->mutable_barred_organizations());
}

void Put(const Announcement& from, v1::ListingExpired* to) {
  to->set_listing(NameOf(*from.listing));
  to->set_reason(from.reason);
  to->set_auction(from.listing->auction);
  if (from.listing->state == ListingState::kTerminated) to->set_cause(from.listing->reason);
}

void Put(const Announcement& from, v1::ListingObjected* to) {
  to->set_listing(NameOf(*from.listing));
  to->set_auction(from.listing->auction);
  to->set_open(!from.listing->objections.empty());
}

// The one it is about: of several deals, it names one.
const Deal* DealOf(const Announcement& from) {
  if (from.listing->deals.empty()) return nullptr;
  return from.deal.empty() ? &from.listing->deals.front() : FindDeal(*from.listing, from.deal);
}

void Put(const Announcement& from, bool internal, v1::DealDetermined* to) {
  const Listing& listing = *from.listing;
  const Deal& deal = *DealOf(from);
  const bool whole = deal.share_ppm == 0;
  to->set_deal(deal.id);
  to->set_listing(NameOf(listing));
  to->set_listing_version(listing.notice_version);
  to->set_exchange(listing.exchange);
  to->set_achievement(listing.achievement);
  to->set_title(listing.content.title);
  to->set_kind(KindOf(listing));
  PutScope(listing.content.right_scope, to->mutable_right_scope());
  fields::PutTexts(from.ip_numbers, to->mutable_ip_numbers());
  to->set_seller(listing.owner);
  to->set_seller_legal_name(listing.owner_legal_name);
  to->set_bidder_code(deal.bidder_code);
  to->set_price_fen(deal.price.value);
  to->set_listed_price_fen((whole ? listing.content.listed_price : deal.listed_price).value);
  to->set_share_ppm(deal.share_ppm);
  to->set_deposit_fen(deal.deposit.value);
  to->set_method(static_cast<v1::DealDetermined::Method>(deal.method));
  to->set_auction(listing.auction);
  to->set_log_hash(deal.log_hash);
  to->set_bid_count(deal.bid_count);
  to->set_profile(listing.profile);
  to->set_profile_version(listing.profile_version);
  to->set_listing_start_date(FormatDate(DateInShanghai(listing.start_time)));
  to->set_listing_end_date(FormatDate(listing.end_date));
  to->set_project_no(listing.project_no);
  to->set_payment_terms(listing.content.payment_terms);
  if (!internal) return;
  to->set_buyer(deal.buyer);
  to->set_buyer_legal_name(deal.buyer_legal_name);
  to->set_intent(deal.intent);
}

void Put(const Announcement& from, v1::ListingDefaulted* to) {
  to->set_listing(NameOf(*from.listing));
  if (const Deal* deal = DealOf(from)) to->set_deal(deal->id);
  to->set_reason(from.reason);
}

void Put(const Announcement& from, v1::PortionDefaulted* to) {
  const Deal& deal = *DealOf(from);
  to->set_listing(NameOf(*from.listing));
  to->set_deal(deal.id);
  to->set_reason(from.reason);
  to->set_share_ppm(deal.share_ppm);
  to->set_unsold_share_ppm(UnsoldShareOf(*from.listing));
}

void Put(const Announcement& from, v1::ListingClosed* to) {
  to->set_listing(NameOf(*from.listing));
  for (const Deal& deal : from.listing->deals) {
    if (deal.state == DealState::kDefaulted) continue;
    if (to->deal().empty()) to->set_deal(deal.id);
    to->add_deals(deal.id);
  }
  to->set_unsold_share_ppm(UnsoldShareOf(*from.listing));
}

template <class Message>
void PutIntent(const Intent& intent, Message* to) {
  to->set_intent(intent.name());
  to->set_listing(intent.listing);
  to->set_organization(intent.organization);
}

void Put(const Announcement& from, bool internal, const std::optional<ListingApp::Reserve>& reserve,
         v1::Event& to) {
  using enum AnnouncementType;
  switch (from.type) {
    case kAchievementPublished: {
      auto* event = to.mutable_achievement_published();
      event->set_achievement(from.achievement);
      event->set_owner(from.owner);
      event->set_title(from.title);
      event->set_abstract_public(from.text);
      return;
    }
    case kListingPublished:
      return Put(from, to.mutable_listing_published());
    case kListingExtended: {
      auto* event = to.mutable_listing_extended();
      event->set_listing(NameOf(*from.listing));
      *event->mutable_end_time() = rpc::ToProtoTime(from.listing->end_time);
      event->set_reason(from.reason);
      event->set_end_provisional(from.listing->end_provisional);
      event->set_auction(from.listing->auction);
      return;
    }
    case kIntentConfirmed:
      return Put(from, to.mutable_intent_confirmed());
    case kIntentQualified:
      to.mutable_intent_qualified()->set_intent(from.intent->name());
      to.mutable_intent_qualified()->set_listing(from.intent->listing);
      to.mutable_intent_qualified()->set_bidder_code(from.intent->bidder_code);
      to.mutable_intent_qualified()->set_auction(from.auction);
      to.mutable_intent_qualified()->set_organization(from.intent->organization);
      to.mutable_intent_qualified()->set_priority_rank(PriorityRankOf(*from.intent));
      to.mutable_intent_qualified()->set_capital_share(CapitalShareOf(*from.intent));
      return;
    case kIntentLost:
      return PutIntent(*from.intent, to.mutable_intent_lost());
    case kIntentReleased:
      PutIntent(*from.intent, to.mutable_intent_released());
      to.mutable_intent_released()->set_reason(from.reason);
      return;
    case kBidderDefaulted:
      PutIntent(*from.intent, to.mutable_bidder_defaulted());
      to.mutable_bidder_defaulted()->set_reason(from.reason);
      to.mutable_bidder_defaulted()->set_deposit_fen(from.intent->deposit.value);
      return;
    case kBiddingScheduled:
      return Put(from, internal, reserve, to.mutable_bidding_scheduled());
    case kDealDetermined:
      return Put(from, internal, to.mutable_deal_determined());
    case kListingExpired:
      return Put(from, to.mutable_listing_expired());
    case kListingObjected:
      return Put(from, to.mutable_listing_objected());
    case kListingDefaulted:
      return Put(from, to.mutable_listing_defaulted());
    case kPortionDefaulted:
      return Put(from, to.mutable_portion_defaulted());
    case kListingClosed:
      return Put(from, to.mutable_listing_closed());
    case kDeadlinePassed:
      to.mutable_deadline_passed()->set_resource(from.resource);
      to.mutable_deadline_passed()->set_type(from.reason);
      *to.mutable_deadline_passed()->mutable_due_time() = rpc::ToProtoTime(from.due_time);
      return;
  }
}

v1::Listing::Portion::State StateOf(const Deal& deal) {
  switch (deal.state) {
    case DealState::kPending:
      return v1::Listing::Portion::PENDING;
    case DealState::kSigned:
      return IsOver(deal) ? v1::Listing::Portion::DONE : v1::Listing::Portion::SIGNED;
    case DealState::kDefaulted:
      return v1::Listing::Portion::DEFAULTED;
  }
  TTX_CHECK(false, "unreachable");
}

// The deals of others are hidden from one of several buyers before they come here.
void PutPortions(const Listing& from, Sight sight, v1::Listing& to) {
  for (const Deal& deal : from.deals) {
    if (deal.share_ppm == 0) return;
    v1::Listing::Portion* portion = to.add_portions();
    portion->set_share_ppm(deal.share_ppm);
    portion->set_state(StateOf(deal));
    portion->set_reason(deal.end_reason);
    if (sight == Sight::kPublic) continue;
    portion->set_deal(deal.id);
    portion->set_price_fen(deal.price.value);
    portion->set_buyer(deal.buyer);
  }
  to.set_unsold_share_ppm(UnsoldShareOf(from));
}

// Who holds priority rights, and what each was told and answered, is for the owner and the exchange; that there are
// such rights is for everybody who would bid.
void PutNotices(const Listing& from, Sight sight, v1::Listing& to) {
  for (int i = 0; i < to.priority_holders_size(); ++i) {
    auto& holder = *to.mutable_priority_holders(i);
    if (sight == Sight::kPublic || sight == Sight::kBuyer) {
      holder.clear_display_name();
      holder.clear_organization();
      continue;
    }
    if (static_cast<size_t>(i) >= from.priority_notices.size()) continue;
    const PriorityNotice& notice = from.priority_notices[static_cast<size_t>(i)];
    holder.set_answer(static_cast<v1::Listing::PriorityHolder::Answer>(notice.answer));
    if (notice.method == NoticeMethod::kUnspecified) continue;
    holder.set_notice_method(static_cast<v1::Listing::PriorityHolder::NoticeMethod>(notice.method));
    holder.set_notice_date(FormatDate(notice.date));
    fields::Put(notice.evidence, *holder.mutable_notice_evidence());
  }
}

// What only the owner, the buyer and the exchange's staff see of a listing. Where there are several deals, a buyer's
// is its own, and the others read `portions`.
void PutPrivate(const Listing& from, Sight sight, v1::Listing& to) {
  if (sight == Sight::kPublic) return;
  for (const Deal& deal : from.deals) {
    if (deal.id.empty() || (from.deals.size() > 1 && sight != Sight::kBuyer)) continue;
    to.set_deal(deal.id);
    to.set_deal_price_fen(deal.price.value);
    to.set_buyer(deal.buyer);
  }
  if (sight == Sight::kBuyer) return;
  to.set_note(from.note);
  PutTimeIfAny(from.quote_due_time, [&] { return to.mutable_quote_due_time(); });
  if (sight == Sight::kOwner) return;
  to.set_business_reviewer(from.business_reviewer);
  to.set_compliance_reviewer(from.compliance_reviewer);
  if (from.proposal.action == Action::kNone) return;
  auto* proposal = to.mutable_proposal();
  proposal->set_action(static_cast<v1::Listing::Proposal::Action>(from.proposal.action));
  proposal->set_reason(from.proposal.reason);
  proposal->set_note(from.proposal.note);
  proposal->set_person(from.proposal.person);
}

}  // namespace

Result<Target> ParseTarget(const std::string& name, const std::string& etag, std::string_view collection) {
  TTX_TRY(std::string id, ParseName(name, collection, "name"));
  return Target{std::move(id), etag};
}

Result<IntentTarget> ParseIntentTarget(const std::string& name, const std::string& etag) {
  constexpr std::string_view kForm = "listings/{id}/intents/{id}";
  const size_t split = name.find("/intents/");
  if (split == name.npos) return InvalidField("name", Reason::kBAD_FORMAT, std::string(kForm));
  TTX_TRY(std::string listing, ParseName(std::string_view(name).substr(0, split), "listings", "name"));
  TTX_TRY(std::string id, ParseName(std::string_view(name).substr(split + 1), "intents", "name"));
  return IntentTarget{std::move(listing), std::move(id), etag};
}

Status CheckCurrency(const std::string& currency_code, std::string_view field) {
  if (currency_code.empty() || currency_code == "CNY") return {};
  return InvalidField(std::string(field), Reason::kUNSUPPORTED_CURRENCY, "CNY");
}

Result<Fen> ParseReserve(int64_t fen) {
  TTX_RETURN_IF_ERROR(CheckAmount({fen}, Fen{0}, "reserve_fen"));
  return Fen{fen};
}

Result<AchievementContent> FromProto(const v1::Achievement& from) {
  TTX_RETURN_IF_ERROR(CheckCurrency(from.currency_code(), "achievement.currency_code"));
  return fields::GetAchievementContent(from);
}

Result<ListingContent> FromProto(const v1::Listing& from) {
  TTX_RETURN_IF_ERROR(CheckCurrency(from.currency_code(), "listing.currency_code"));
  TTX_RETURN_IF_ERROR(bidding::CheckMessage(from.rules()));
  ListingContent content = fields::GetListingContent(from);
  content.is_single_bidder_open =
      from.rules().single_bidder() == type::v1::BiddingRules::SINGLE_BIDDER_UNSPECIFIED;
  return content;
}

Result<ListingApp::CreateListingInput> FromProto(const v1::CreateListingRequest& from) {
  ListingApp::CreateListingInput input;
  TTX_TRY(input.content, FromProto(from.listing()));
  TTX_TRY(input.achievement, ParseName(from.listing().achievement(), "achievements", "listing.achievement"));
  TTX_TRY(input.reserve, ParseReserve(from.reserve_fen()));
  input.exchange = from.listing().exchange();
  input.profile = from.listing().profile();
  if (input.profile.empty()) return InvalidField("listing.profile", Reason::kREQUIRED);
  return input;
}

Result<PriorityNotice> FromProto(const v1::RecordPriorityNoticeRequest& from) {
  PriorityNotice notice;
  notice.method = static_cast<NoticeMethod>(from.method());
  TTX_TRY(notice.date, ParseDate(from.notice_date(), "notice_date"));
  notice.evidence = fields::GetAttachment(from.evidence());
  return notice;
}

IntentContent FromProto(const v1::Intent& from) { return fields::GetIntentContent(from); }

v1::Achievement ToProto(const Achievement& from, Sight sight) {
  v1::Achievement to;
  fields::Put(from.content, to);
  to.set_name("achievements/" + from.id.text);
  to.set_uid(from.id.text);
  to.set_owner(from.owner);
  to.set_state(static_cast<v1::Achievement::State>(from.state));
  to.set_currency_code("CNY");
  *to.mutable_create_time() = rpc::ToProtoTime(from.create_time);
  *to.mutable_update_time() = rpc::ToProtoTime(from.update_time);
  to.set_etag(std::to_string(from.version));
  if (sight == Sight::kPublic) return to;
  to.set_exchange(from.exchange);
  to.set_secrecy(static_cast<v1::Achievement::Secrecy>(from.secrecy));
  to.set_review_note(from.review_note);
  for (const RightLock& lock : from.locks) to.add_listings(lock.listing);
  return to;
}

v1::Listing ToProto(const Listing& from, Sight sight) {
  v1::Listing to;
  fields::Put(from.content, to);
  PutScope(from.content.right_scope, (to.clear_right_scope(), to.mutable_right_scope()));
  to.set_name(NameOf(from));
  to.set_uid(from.id.text);
  to.set_owner(from.owner);
  to.set_owner_legal_name(from.owner_legal_name);
  to.set_exchange(from.exchange);
  to.set_state(static_cast<v1::Listing::State>(from.state));
  to.set_profile(from.profile);
  to.set_profile_version(from.profile_version);
  to.set_project_no(from.project_no);
  to.set_achievement(from.achievement);
  to.set_reserve_commitment(from.reserve.commitment);
  PutTimeIfAny(from.start_time, [&] { return to.mutable_start_time(); });
  PutTimeIfAny(from.end_time, [&] { return to.mutable_end_time(); });
  if (IsPublic(from)) to.set_end_date(FormatDate(from.end_date));
  to.set_end_provisional(from.end_provisional);
  to.set_extension_count(from.extension_count);
  to.set_notice_version(from.notice_version);
  to.set_content_hash(from.content_hash);
  to.set_tech_field(from.tech_field);
  to.set_reason(from.reason);
  to.set_auction(from.auction);
  PutTimeIfAny(from.bidding_start_time, [&] { return to.mutable_bidding_start_time(); });
  PutPortions(from, sight, to);
  PutPrivate(from, sight, to);
  PutNotices(from, sight, to);
  to.set_currency_code("CNY");
  *to.mutable_create_time() = rpc::ToProtoTime(from.create_time);
  *to.mutable_update_time() = rpc::ToProtoTime(from.update_time);
  to.set_etag(std::to_string(from.version));
  return to;
}

v1::Intent ToProto(const Intent& from) {
  v1::Intent to;
  fields::Put(from.content, to);
  to.set_name(from.name());
  to.set_uid(from.id.text);
  to.set_state(static_cast<v1::Intent::State>(from.state));
  to.set_organization(from.organization);
  to.set_legal_name(from.legal_name);
  *to.mutable_register_time() = rpc::ToProtoTime(from.create_time);
  to.set_opinion_qualified(from.opinion_qualified);
  to.set_priority_confirmed(from.priority_confirmed);
  to.set_opinion(from.opinion);
  PutTimeIfAny(from.reply_due_time, [&] { return to.mutable_reply_due_time(); });
  to.set_objection(from.objection);
  to.set_decision(from.decision);
  to.set_deposit_fen(from.deposit.value);
  PutTimeIfAny(from.deposit_due_time, [&] { return to.mutable_deposit_due_time(); });
  to.set_reference(from.reference);
  to.set_bidder_code(from.bidder_code);
  to.set_end_reason(from.end_reason);
  to.set_currency_code("CNY");
  *to.mutable_update_time() = rpc::ToProtoTime(from.update_time);
  to.set_etag(std::to_string(from.version));
  return to;
}

v1::Event ToProto(const StoredEvent& stored, bool internal,
                  const std::optional<ListingApp::Reserve>& reserve) {
  v1::Event to;
  to.set_sequence(static_cast<int64_t>(stored.sequence));
  *to.mutable_event_time() = rpc::ToProtoTime(stored.time);
  to.set_exchange(stored.exchange);
  if (const auto* announcement = std::get_if<Announcement>(&stored.payload)) {
    Put(*announcement, internal, reserve, to);
    return to;
  }
  auto* changed = to.mutable_resource_changed();
  changed->set_resource(stored.resource);
  std::visit(
      [&](const auto& event) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(event)>, Announcement>) {
          changed->set_type(std::string(TypeName(event.type)));
          changed->set_state(std::string(StateName(event.state)));
        }
      },
      stored.payload);
  return to;
}

}  // namespace ttx::listing
