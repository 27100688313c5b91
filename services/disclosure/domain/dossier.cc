#include "services/disclosure/domain/dossier.h"

#include "services/disclosure/domain/masks.h"

namespace ttx::disclosure {
namespace {

// An empty text says nothing, so it is not published.
void PutText(Content& content, std::string key, const std::string& value) {
  if (!value.empty()) content.emplace(std::move(key), value);
}

void PutList(Content& content, std::string key, const std::vector<std::string>& values) {
  if (!values.empty()) content.emplace(std::move(key), values);
}

// What is sold whole is not said to be.
void PutShare(Content& content, int64_t share_ppm) {
  if (share_ppm > 0) content["share_ppm"] = share_ppm;
}

// The days a window runs over: "2026-11-23/2026-11-27".
std::string Days(const Notice& notice) {
  return FormatDate(DateInShanghai(notice.publish_time)) + "/" +
         FormatDate(DateInShanghai(notice.window.end - Nanoseconds(1)));
}

}  // namespace

std::vector<std::string> MissingConditions(const Dossier& dossier, bool require_registration) {
  std::vector<std::string> missing;
  if (!dossier.contract) missing.push_back("CONTRACT_EFFECTIVE");
  if (dossier.ended) missing.push_back("CONTRACT_IN_FORCE");
  if (!dossier.payment) missing.push_back("SETTLEMENT_PAID");
  if (require_registration && !dossier.registration) missing.push_back("CONTRACT_REGISTERED");
  const bool deal_differs =
      dossier.contract && dossier.result && dossier.contract->price != dossier.result->price;
  const bool paid_differs =
      dossier.contract && dossier.payment && dossier.contract->price != dossier.payment->price;
  if (deal_differs || paid_differs) missing.push_back("PRICES_AGREE");
  return missing;
}

Content ContentOf(const AchievementFacts& facts) {
  Content content;
  PutText(content, "achievement", facts.achievement);
  PutText(content, "title", facts.title);
  PutText(content, "abstract", facts.abstract_public);
  return content;
}

Content ContentOf(const ListingFacts& facts) {
  Content content;
  PutText(content, "listing", facts.listing);
  PutText(content, "project_no", facts.project_no);
  content["listing_version"] = facts.version;
  PutText(content, "transferor", PublicName(facts.owner_legal_name));
  PutText(content, "title", facts.title);
  PutText(content, "kind", facts.kind);
  content["listed_price_fen"] = facts.listed_price.value;
  content["deposit_fen"] = facts.deposit.value;
  content["start_time"] = FormatTime(facts.start_time);
  content["end_time"] = FormatTime(facts.end_time);
  PutText(content, "mode", facts.mode);
  PutText(content, "terms", facts.terms);
  PutText(content, "listing_content_hash", facts.content_hash);
  return content;
}

Content ContentOfExtension(const std::string& listing, Time end_time, const std::string& reason) {
  Content content;
  PutText(content, "listing", listing);
  const bool named = reason == "SUSPENDED" || reason == "RESUMED";
  content["change"] = named ? reason : std::string("EXTENDED");
  content["end_time"] = FormatTime(end_time);
  PutText(content, "reason", reason);
  return content;
}

Content ContentOfEnd(const std::string& listing, const std::string& change, const std::string& reason) {
  Content content;
  PutText(content, "listing", listing);
  content["change"] = change;
  PutText(content, "reason", reason);
  return content;
}

Content ContentOf(const PortionFacts& facts) {
  Content content = ContentOfEnd(facts.listing, "PORTION_DEFAULTED", facts.reason);
  PutText(content, "deal", facts.deal);
  PutShare(content, facts.share_ppm);
  content["unsold_share_ppm"] = facts.unsold_share_ppm;
  return content;
}

Content ContentOf(const BiddingFacts& facts) {
  Content content;
  PutText(content, "listing", facts.listing);
  PutText(content, "auction", facts.auction);
  PutText(content, "title", facts.title);
  content["start_time"] = FormatTime(facts.start_time);
  content["start_price_fen"] = facts.start_price.value;
  PutList(content, "increments", facts.increments);
  content["free_period_s"] = facts.free_period_s;
  content["preparation_s"] = facts.preparation_s;
  content["cycle_s"] = facts.cycle_s;
  PutText(content, "limited_entry", facts.limited_entry);
  if (facts.cap.value > 0) content["cap_fen"] = facts.cap.value;
  PutText(content, "reserve_commitment", facts.reserve_commitment);
  content["bidder_count"] = facts.bidder_count;
  return content;
}

Content ContentOf(const DealFacts& facts) {
  Content content;
  PutText(content, "deal", facts.deal);
  PutText(content, "listing", facts.listing);
  content["listing_version"] = facts.listing_version;
  PutText(content, "project_no", facts.project_no);
  PutText(content, "title", facts.title);
  PutText(content, "kind", facts.kind);
  PutText(content, "right_scope", facts.right_scope);
  PutList(content, "ip_numbers", facts.ip_numbers);
  PutText(content, "transferor", PublicName(facts.seller_legal_name));
  PutText(content, "transferee",
          facts.buyer_legal_name);  // the winner's name is to be published (domain.md 8.3)
  content["price_fen"] = facts.price.value;
  content["listed_price_fen"] = facts.listed_price.value;
  PutText(content, "method", facts.method);
  PutText(content, "auction", facts.auction);
  PutText(content, "bid_log_hash", facts.log_hash);
  content["bid_count"] = facts.bid_count;
  PutShare(content, facts.share_ppm);
  PutText(content, "listing_start_date", facts.listing_start_date);
  PutText(content, "listing_end_date", facts.listing_end_date);
  return content;
}

Content ContentOf(const ContractFacts& facts) {
  Content content;
  PutText(content, "deal", facts.deal);
  PutText(content, "listing", facts.listing);
  PutText(content, "contract", facts.contract);
  PutText(content, "title", facts.title);
  PutText(content, "kind", facts.kind);
  PutText(content, "right_scope", facts.right_scope);
  PutList(content, "ip_numbers", facts.ip_numbers);
  PutText(content, "transferor", PublicName(facts.seller_legal_name));
  PutText(content, "transferee", facts.buyer_legal_name);
  content["price_fen"] = facts.price.value;
  content["listed_price_fen"] = facts.listed_price.value;
  PutText(content, "method", facts.method);
  PutText(content, "bid_log_hash", facts.log_hash);
  PutShare(content, facts.share_ppm);
  content["effective_date"] = FormatDate(DateInShanghai(facts.effective_time));
  return content;
}

Content ContentOfRevocation(const Certificate& certificate) {
  Content content;
  content["certificate_number"] = certificate.issued.number;
  content["certificate_type"] = std::string(TypeName(certificate.type));
  content["issue_date"] = FormatDate(DateInShanghai(certificate.issue_time));
  content["title"] = certificate.title;
  content["cause"] = std::string(CauseName(certificate.revocation->cause));
  content["statement"] = certificate.revocation->statement;
  return content;
}

Content NoticeContent(Content content, const PublishNotice& notice, const Calendar& calendar, Time now) {
  content["format"] = std::string("ttx-notice/1");
  content["notice"] = NameOf(notice.id);
  content["type"] = std::string(TypeName(notice.type));
  content["version"] = int64_t{notice.version};
  content["position"] = notice.position;
  content["publish_time"] = FormatTime(now);
  PutText(content, "exchange", notice.subject.exchange);
  if (!notice.corrects.empty()) content["corrects"] = NameOf(notice.corrects);
  content.erase("window_end_time");
  content.erase("window_workdays");
  if (const std::optional<Window> window = WindowFor(notice, calendar, now)) {
    content["window_end_time"] = FormatTime(window->end);
    if (window->days > 0) content["window_workdays"] = int64_t{window->days};
  }
  return content;
}

Content CertificateContent(const Dossier& dossier, const Certificate& certificate, const std::string& number,
                           const std::string& key_id, const std::optional<Notice>& result, Time now) {
  TTX_CHECK(dossier.contract && dossier.payment, "a certificate without its conditions");
  const ContractFacts& contract = *dossier.contract;
  Content content;
  content["format"] = std::string("ttx-certificate/1");
  content["type"] = std::string(TypeName(certificate.type));
  content["number"] = number;
  content["certificate"] = NameOf(certificate.id);
  PutText(content, "exchange", certificate.exchange);
  PutText(content, "listing", contract.listing);
  if (dossier.result) {
    PutText(content, "project_no", dossier.result->project_no);
    PutText(content, "payment_terms", dossier.result->payment_terms);
  }
  PutText(content, "deal", dossier.deal);
  PutText(content, "contract", contract.contract);
  content["sign_date"] = FormatDate(DateInShanghai(contract.effective_time));
  PutText(content, "listing_start_date", contract.listing_start_date);
  PutText(content, "listing_end_date", contract.listing_end_date);
  PutText(content, "transferor", contract.seller_legal_name);
  PutText(content, "transferee", contract.buyer_legal_name);
  PutText(content, "title", contract.title);
  PutText(content, "kind", contract.kind);
  PutText(content, "right_scope", contract.right_scope);
  PutList(content, "ip_numbers", contract.ip_numbers);
  PutText(content, "method", contract.method);
  PutShare(content, contract.share_ppm);
  content["listed_price_fen"] = contract.listed_price.value;
  content["price_fen"] = contract.price.value;
  content["price_text"] = FormatYuanCapital(contract.price);
  content["paid_through"] = std::string("SETTLEMENT_ACCOUNT");
  content["paid_date"] = FormatDate(DateInShanghai(dossier.payment->paid_time));
  PutText(content, "settlement", dossier.payment->settlement);
  PutText(content, "manifest_hash", contract.manifest_hash);
  PutText(content, "bid_log_hash", contract.log_hash);
  if (dossier.registration) {
    PutText(content, "registration_number", dossier.registration->registration_number);
    content["registered_total_fen"] = dossier.registration->total.value;
    content["registered_technical_fen"] = dossier.registration->technical.value;
  }
  if (result) {
    content["result_notice"] = NameOf(result->id);
    content["publicity_period"] = Days(*result);
  }
  content["conclusion"] = certificate.issue_request->conclusion;
  content["issue_time"] = FormatTime(now);
  content["issue_date"] = FormatDate(DateInShanghai(now));
  content["key_id"] = key_id;
  if (!certificate.supersedes.empty()) content["supersedes"] = NameOf(certificate.supersedes);
  return content;
}

}  // namespace ttx::disclosure
