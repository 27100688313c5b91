#include "services/listing/domain/relisting.h"

#include <algorithm>

namespace ttx::listing {
namespace {

// The same day so many months later, or the last day of a shorter month.
Date AddMonths(Date date, int32_t months) {
  const std::string text = FormatDate(date);  // YYYY-MM-DD
  const int32_t month = std::stoi(text.substr(5, 2)) - 1 + months;
  const int32_t year = std::stoi(text.substr(0, 4)) + month / 12;
  const Date first = MakeDate(year, month % 12 + 1, 1);
  const Date next = MakeDate(year + (month % 12 == 11 ? 1 : 0), (month % 12 + 1) % 12 + 1, 1);
  return std::min(first + (std::stoi(text.substr(8, 2)) - 1), next + (-1));
}

PriceCutRule RuleOf(const RuleProfile& profile) { return static_cast<PriceCutRule>(profile.price_cut_rule); }

}  // namespace

PriceCutEvidence NeededEvidence(Fen appraisal, Fen price, PriceCutRule rule) {
  if (rule == PriceCutRule::kFree || price >= appraisal) return PriceCutEvidence::kNone;
  const bool from_90_percent = price.value * 10 >= appraisal.value * 9;
  if (rule == PriceCutRule::kOwner) {
    return from_90_percent ? PriceCutEvidence::kNone : PriceCutEvidence::kOwnerDecision;
  }
  return from_90_percent ? PriceCutEvidence::kOwnerDecision : PriceCutEvidence::kApprovalBodyWrittenConsent;
}

RuleProfile ProfileOfRound(RuleProfile profile, const Relisting& relisting, const Previous& previous, Fen price) {
  if (relisting.previous_listing.empty() || price >= previous.listed_price) return profile;
  const int64_t whole = 1'000'000;
  const int64_t part = int64_t{previous.first_days} * profile.relisting_of_first.value;
  const auto of_first = static_cast<int32_t>((part + whole - 1) / whole);
  profile.disclosure_workdays_min = std::max(profile.relisting_workdays_min, of_first);
  profile.disclosure_workdays_default =
      std::max(profile.disclosure_workdays_default, profile.disclosure_workdays_min);
  return profile;
}

Status CheckRelisting(const Relisting& relisting, Fen price, const RuleProfile& profile) {
  const bool is_first = relisting.previous_listing.empty();
  if (relisting.appraisal != Fen{}) TTX_RETURN_IF_ERROR(CheckAmount(relisting.appraisal, Fen{1}, "appraisal_fen"));
  if (RuleOf(profile) == PriceCutRule::kApprovalBody) {
    if (relisting.appraisal == Fen{}) return InvalidField("appraisal_fen", Reason::kREQUIRED);
    // The first price is no cut.
    if (is_first && price < relisting.appraisal) {
      return InvalidField("listed_price_fen", Reason::kOUT_OF_RANGE,
                          ">= " + std::to_string(relisting.appraisal.value));
    }
  }
  const PriceCutEvidence needed =
      is_first ? PriceCutEvidence::kNone : NeededEvidence(relisting.appraisal, price, RuleOf(profile));
  if (relisting.evidence < PriceCutEvidence::kNone ||
      relisting.evidence > PriceCutEvidence::kApprovalBodyWrittenConsent) {
    return InvalidField("price_cut.evidence", Reason::kUNKNOWN_VALUE);
  }
  // A consent of the body that approves the transfer is more than the owner's own decision.
  if (relisting.evidence < needed) {
    const bool owner = needed == PriceCutEvidence::kOwnerDecision;
    return InvalidField("price_cut.evidence", Reason::kREQUIRED,
                        owner ? "OWNER_DECISION" : "APPROVAL_BODY_WRITTEN_CONSENT");
  }
  if (relisting.evidence == PriceCutEvidence::kNone) {
    if (relisting.document == Attachment{}) return {};
    return InvalidField("price_cut.evidence", Reason::kREQUIRED, "what the document is");
  }
  return CheckAttachment(relisting.document, "price_cut.document");
}

Status CheckFirstDisclosure(const Relisting& relisting, const Previous& previous, const RuleProfile& profile,
                            Date today) {
  if (relisting.previous_listing.empty() || RuleOf(profile) == PriceCutRule::kFree) return {};
  const Date last = AddMonths(previous.first_date, profile.redo_process_months);
  if (today <= last) return {};
  return Error(Reason::kREDO_APPRAISAL, {{"date", FormatDate(last)}});
}

}  // namespace ttx::listing
