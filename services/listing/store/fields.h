#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

#include "libs/bidding/rules_proto.h"
#include "services/listing/domain/achievement.h"
#include "services/listing/domain/intent.h"
#include "services/listing/domain/listing.h"
#include "ttx/type/v1/bidding_rules.pb.h"

// Fields that records and API messages share by name: one template each way serves both, so that they cannot
// drift apart. Enums have the same numbers on both sides and in the domain.
namespace ttx::listing::fields {

template <class To, class From>
To Cast(From value) {
  return static_cast<std::decay_t<To>>(static_cast<int32_t>(value));
}

template <class Repeated>
void PutTexts(const std::vector<std::string>& from, Repeated* to) {
  for (const std::string& text : from) *to->Add() = text;
}
template <class Repeated>
std::vector<std::string> GetTexts(const Repeated& from) {
  return {from.begin(), from.end()};
}

inline void PutTime(Time from, google::protobuf::Timestamp* to) {
  int64_t seconds = from.ns / 1'000'000'000;
  int64_t nanos = from.ns % 1'000'000'000;
  if (nanos < 0) {
    --seconds;
    nanos += 1'000'000'000;
  }
  to->set_seconds(seconds);
  to->set_nanos(static_cast<int32_t>(nanos));
}
inline Time GetTime(const google::protobuf::Timestamp& from) {
  constexpr int64_t kMost = 9'000'000'000;  // the year 2255
  return Time{std::clamp<int64_t>(from.seconds(), 0, kMost) * 1'000'000'000 + from.nanos()};
}

template <class M>
void Put(const Attachment& from, M& to) {
  to.set_name(from.name);
  to.set_sha256(from.sha256);
  to.set_size(from.size);
}
template <class M>
Attachment GetAttachment(const M& from) {
  return {from.name(), from.sha256(), from.size()};
}
template <class Repeated>
void PutAttachments(const std::vector<Attachment>& from, Repeated* to) {
  for (const Attachment& attachment : from) Put(attachment, *to->Add());
}
template <class Repeated>
std::vector<Attachment> GetAttachments(const Repeated& from) {
  std::vector<Attachment> to;
  for (const auto& attachment : from) to.push_back(GetAttachment(attachment));
  return to;
}

template <class M>
void Put(const RightScope& from, M& to) {
  to.set_kind(Cast<decltype(to.kind())>(from.kind));
  PutTexts(from.territories, to.mutable_territories());
  PutTexts(from.fields, to.mutable_fields());
  to.set_term_start_date(from.term_start_date);
  to.set_term_end_date(from.term_end_date);
}
template <class M>
RightScope GetRightScope(const M& from) {
  return {Cast<Kind>(from.kind()), GetTexts(from.territories()), GetTexts(from.fields()),
          from.term_start_date(), from.term_end_date()};
}

template <class M>
void Put(const ReadinessLevel& from, M& to) {
  to.set_level(from.level);
  to.set_standard(from.standard);
  to.set_assessor_type(Cast<decltype(to.assessor_type())>(from.assessor_type));
  to.set_assessor(from.assessor);
  to.set_assess_date(from.assess_date);
  to.set_valid_until_date(from.valid_until_date);
  PutAttachments(from.evidence, to.mutable_evidence());
}
template <class M>
ReadinessLevel GetReadiness(const M& from) {
  return {from.level(),       from.standard(),         Cast<Assessor>(from.assessor_type()), from.assessor(),
          from.assess_date(), from.valid_until_date(), GetAttachments(from.evidence())};
}

template <class M>
void Put(const IpItem& from, M& to) {
  to.set_kind(Cast<decltype(to.kind())>(from.kind));
  to.set_number(from.number);
  to.set_title(from.title);
  to.set_status(Cast<decltype(to.status())>(from.status));
  PutTexts(from.owners, to.mutable_owners());
  to.set_filing_date(from.filing_date);
  to.set_grant_date(from.grant_date);
  to.set_expiry_date(from.expiry_date);
  to.set_fee_paid_through_date(from.fee_paid_through_date);
  PutTexts(from.licences, to.mutable_licences());
  to.set_pledged(from.pledged);
  to.set_preserved(from.preserved);
  to.set_invalidation_pending(from.invalidation_pending);
  to.set_open_licence(from.open_licence);
}
template <class M>
IpItem GetIpItem(const M& from) {
  IpItem to;
  to.kind = Cast<IpKind>(from.kind());
  to.number = from.number();
  to.title = from.title();
  to.status = Cast<IpStatus>(from.status());
  to.owners = GetTexts(from.owners());
  to.filing_date = from.filing_date();
  to.grant_date = from.grant_date();
  to.expiry_date = from.expiry_date();
  to.fee_paid_through_date = from.fee_paid_through_date();
  to.licences = GetTexts(from.licences());
  to.pledged = from.pledged();
  to.preserved = from.preserved();
  to.invalidation_pending = from.invalidation_pending();
  to.open_licence = from.open_licence();
  return to;
}

template <class M>
void Put(const Ownership& from, M& to) {
  to.set_nature(Cast<decltype(to.nature())>(from.nature));
  for (const Owner& owner : from.owners) {
    auto* item = to.add_owners();
    item->set_holder(owner.holder);
    item->set_share_ppm(owner.share_ppm);
  }
  to.set_empowerment(Cast<decltype(to.empowerment())>(from.empowerment));
  to.set_separate_management(from.separate_management);
  to.set_negative_list(from.negative_list);
  for (const Consent& consent : from.consents) {
    auto* item = to.add_consents();
    item->set_party(Cast<decltype(item->party())>(consent.party));
    item->set_display_name(consent.display_name);
    Put(consent.document, *item->mutable_document());
    item->set_holder(consent.holder);
  }
}
template <class M>
Ownership GetOwnership(const M& from) {
  Ownership to;
  to.nature = Cast<OwnershipNature>(from.nature());
  for (const auto& owner : from.owners()) to.owners.push_back({owner.holder(), owner.share_ppm()});
  to.empowerment = Cast<Empowerment>(from.empowerment());
  to.separate_management = from.separate_management();
  to.negative_list = from.negative_list();
  for (const auto& consent : from.consents()) {
    to.consents.push_back({Cast<ConsentParty>(consent.party()), consent.display_name(),
                           GetAttachment(consent.document()), consent.holder()});
  }
  return to;
}

template <class M>
void PutPeople(const AchievementContent& from, M& to) {
  for (const CompletingUnit& unit : from.completing_units) {
    auto* item = to.add_completing_units();
    item->set_uscc(unit.uscc);
    item->set_display_name(unit.display_name);
    item->set_share_ppm(unit.share_ppm);
  }
  for (const Inventor& inventor : from.inventors) {
    auto* item = to.add_inventors();
    item->set_display_name(inventor.display_name);
    item->set_affiliation(inventor.affiliation);
    item->set_rank(inventor.rank);
    item->set_contribution_ppm(inventor.contribution_ppm);
    item->set_person(inventor.person);
  }
}

template <class M>
void Put(const AchievementContent& from, M& to) {
  to.set_reg_no(from.reg_no);
  to.set_title(from.title);
  PutTexts(from.keywords, to.mutable_keywords());
  to.set_abstract_public(from.abstract_public);
  PutAttachments(from.detail_restricted, to.mutable_detail_restricted());
  to.set_achievement_type(Cast<decltype(to.achievement_type())>(from.achievement_type));
  to.set_attribute(Cast<decltype(to.attribute())>(from.attribute));
  to.set_stage(Cast<decltype(to.stage())>(from.stage));
  if (from.trl != ReadinessLevel{}) Put(from.trl, *to.mutable_trl());
  to.set_tech_field(from.tech_field);
  to.set_industry(from.industry);
  to.set_sei(from.sei);
  PutTexts(from.ipc, to.mutable_ipc());
  PutTexts(from.scenarios, to.mutable_scenarios());
  PutTexts(from.target_regions, to.mutable_target_regions());
  to.set_fund_source(from.fund_source);
  PutPeople(from, to);
  for (const IpItem& item : from.ip_items) Put(item, *to.add_ip_items());
  if (from.ownership != Ownership{}) Put(from.ownership, *to.mutable_ownership());
  for (const Encumbrance& encumbrance : from.encumbrances) {
    auto* item = to.add_encumbrances();
    item->set_kind(Cast<decltype(item->kind())>(encumbrance.kind));
    item->set_description(encumbrance.description);
  }
  for (const Kind kind : from.desired_kinds) to.add_desired_kinds(Cast<decltype(to.desired_kinds(0))>(kind));
  to.set_ask_price_fen(from.ask_price.value);
  to.set_price_basis(from.price_basis);
  to.set_expected_result(from.expected_result);
}
template <class M>
AchievementContent GetAchievementContent(const M& from) {
  AchievementContent to;
  to.reg_no = from.reg_no();
  to.title = from.title();
  to.keywords = GetTexts(from.keywords());
  to.abstract_public = from.abstract_public();
  to.detail_restricted = GetAttachments(from.detail_restricted());
  to.achievement_type = Cast<AchievementType>(from.achievement_type());
  to.attribute = Cast<Attribute>(from.attribute());
  to.stage = Cast<Stage>(from.stage());
  to.trl = GetReadiness(from.trl());
  to.tech_field = from.tech_field();
  to.industry = from.industry();
  to.sei = from.sei();
  to.ipc = GetTexts(from.ipc());
  to.scenarios = GetTexts(from.scenarios());
  to.target_regions = GetTexts(from.target_regions());
  to.fund_source = from.fund_source();
  for (const auto& unit : from.completing_units()) {
    to.completing_units.push_back({unit.uscc(), unit.display_name(), unit.share_ppm()});
  }
  for (const auto& person : from.inventors()) {
    to.inventors.push_back({person.display_name(), person.affiliation(), person.rank(),
                            person.contribution_ppm(), person.person()});
  }
  for (const auto& item : from.ip_items()) to.ip_items.push_back(GetIpItem(item));
  to.ownership = GetOwnership(from.ownership());
  for (const auto& item : from.encumbrances()) {
    to.encumbrances.push_back({Cast<EncumbranceKind>(item.kind()), item.description()});
  }
  for (const auto kind : from.desired_kinds()) to.desired_kinds.push_back(Cast<Kind>(kind));
  to.ask_price = {from.ask_price_fen()};
  to.price_basis = from.price_basis();
  to.expected_result = from.expected_result();
  return to;
}

template <class M>
void PutClaim(const PriorityClaim& from, M& to) {
  to.set_right(Cast<decltype(to.right())>(from.right));
  to.set_rank(from.rank);
  to.set_capital_share(from.capital_share);
}
template <class M>
PriorityClaim GetClaim(const M& from) {
  return {Cast<PriorityRight>(from.right()), from.rank(), from.capital_share()};
}

template <class M>
void PutRound(const ListingContent& from, M& to) {
  to.set_previous_listing(from.relisting.previous_listing);
  to.set_appraisal_fen(from.relisting.appraisal.value);
  if (from.relisting.evidence != PriceCutEvidence::kNone) {
    auto* cut = to.mutable_price_cut();
    cut->set_evidence(Cast<decltype(cut->evidence())>(from.relisting.evidence));
    Put(from.relisting.document, *cut->mutable_document());
  }
  for (const PriorityHolder& holder : from.priority_holders) {
    auto* item = to.add_priority_holders();
    item->set_display_name(holder.display_name);
    item->set_organization(holder.organization);
    PutClaim(holder.claim, *item);
  }
}
template <class M>
void GetRound(const M& from, ListingContent& to) {
  to.relisting = {from.previous_listing(),
                  {from.appraisal_fen()},
                  Cast<PriceCutEvidence>(from.price_cut().evidence()),
                  GetAttachment(from.price_cut().document())};
  for (const auto& item : from.priority_holders()) {
    to.priority_holders.push_back({item.display_name(), item.organization(), GetClaim(item)});
  }
}

template <class M>
void Put(const ListingContent& from, M& to) {
  to.set_title(from.title);
  Put(from.right_scope, *to.mutable_right_scope());
  to.set_listed_price_fen(from.listed_price.value);
  to.set_listing_days(from.listing_days);
  if (from.earliest_start) PutTime(from.earliest_start, to.mutable_earliest_start_time());
  to.set_closing_hour(from.closing_hour);
  auto* extend = to.mutable_auto_extend();
  extend->set_enabled(from.auto_extend.enabled);
  extend->set_trigger_intents(from.auto_extend.trigger_intents);
  extend->set_cycle_days(from.auto_extend.cycle_days);
  extend->set_max_cycles(from.auto_extend.max_cycles);
  *to.mutable_rules() = bidding::ToProto(from.rules);
  if (!from.names_suspension) to.mutable_rules()->clear_suspension();
  auto* deposit = to.mutable_deposit();
  deposit->set_amount_fen(from.deposit.amount.value);
  deposit->set_pay_days(from.deposit.pay_days);
  deposit->set_guarantee(from.deposit.guarantee);
  deposit->set_disposal(from.deposit.disposal);
  to.set_buyer_conditions(from.buyer_conditions);
  to.set_joint_bid_allowed(from.joint_bid_allowed);
  to.set_important_disclosures(from.important_disclosures);
  to.set_payment_terms(from.payment_terms);
  to.set_contact(from.contact);
  PutAttachments(from.attachments, to.mutable_attachments());
  PutRound(from, to);
}
template <class M>
ListingContent GetListingContent(const M& from) {
  ListingContent to;
  to.title = from.title();
  to.right_scope = GetRightScope(from.right_scope());
  to.listed_price = {from.listed_price_fen()};
  to.listing_days = from.listing_days();
  if (from.has_earliest_start_time()) to.earliest_start = GetTime(from.earliest_start_time());
  to.closing_hour = from.closing_hour();
  to.auto_extend = {from.auto_extend().enabled(), from.auto_extend().trigger_intents(),
                    from.auto_extend().cycle_days(), from.auto_extend().max_cycles()};
  to.rules = bidding::FromProto(from.rules());
  to.names_suspension = from.rules().has_suspension();
  to.deposit = {{from.deposit().amount_fen()},
                from.deposit().pay_days(),
                from.deposit().guarantee(),
                from.deposit().disposal()};
  to.buyer_conditions = from.buyer_conditions();
  to.joint_bid_allowed = from.joint_bid_allowed();
  to.important_disclosures = from.important_disclosures();
  to.payment_terms = from.payment_terms();
  to.contact = from.contact();
  to.attachments = GetAttachments(from.attachments());
  GetRound(from, to);
  return to;
}

template <class M>
void Put(const IntentContent& from, M& to) {
  to.set_statement(from.statement);
  to.set_contact(from.contact);
  PutAttachments(from.attachments, to.mutable_attachments());
  if (!from.priority) return;
  PutClaim(*from.priority, *to.mutable_priority_claim());
}
template <class M>
IntentContent GetIntentContent(const M& from) {
  IntentContent to{from.statement(), from.contact(), GetAttachments(from.attachments()), std::nullopt};
  if (!from.has_priority_claim()) return to;
  to.priority = GetClaim(from.priority_claim());
  return to;
}

}  // namespace ttx::listing::fields
