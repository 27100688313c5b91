#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/error.h"
#include "libs/core/result.h"
#include "services/contract/domain/deal.h"
#include "services/contract/domain/fields.h"

namespace ttx::contract {

/// How the price is paid (Civil Code art. 846).
enum class PaymentForm { kUnspecified, kLumpSum, kInstalments, kRoyalty, kRoyaltyWithEntryFee };
inline constexpr std::array<std::string_view, 5> kPaymentFormNames = {
    "PAYMENT_FORM_UNSPECIFIED", "LUMP_SUM", "INSTALMENTS", "ROYALTY", "ROYALTY_WITH_ENTRY_FEE"};
constexpr const auto& NamesOf(PaymentForm) { return kPaymentFormNames; }

enum class RoyaltyBase { kUnspecified, kPrice, kAddedOutput, kProfit, kSales };
inline constexpr std::array<std::string_view, 5> kRoyaltyBaseNames = {
    "ROYALTY_BASE_UNSPECIFIED", "PRODUCT_PRICE", "ADDED_OUTPUT_VALUE", "PROFIT", "SALES"};
constexpr const auto& NamesOf(RoyaltyBase) { return kRoyaltyBaseNames; }

enum class RoyaltyRate { kUnspecified, kFixed, kRising, kFalling };
inline constexpr std::array<std::string_view, 4> kRoyaltyRateNames = {"ROYALTY_RATE_UNSPECIFIED", "FIXED",
                                                                      "RISING", "FALLING"};
constexpr const auto& NamesOf(RoyaltyRate) { return kRoyaltyRateNames; }

/// What a sum is paid for (domain.md 6.6): only technical sums and reasonable carriers of the technology
/// count.
enum class ItemKind { kUnspecified, kTechnical, kNonTechnical, kCarrier };
inline constexpr std::array<std::string_view, 4> kItemKindNames = {"ITEM_KIND_UNSPECIFIED", "TECHNICAL",
                                                                   "NON_TECHNICAL", "CARRIER"};
constexpr const auto& NamesOf(ItemKind) { return kItemKindNames; }

struct Party {
  std::string organization;
  std::string legal_name;
  std::string domicile;
  std::string representative;
  bool operator==(const Party&) const = default;
};
template <FieldsOf<Party> S, class V>
void Visit(S& s, V&& visit) {
  visit("organization", s.organization);
  visit("legal_name", s.legal_name);
  visit("domicile", s.domicile);
  visit("representative", s.representative);
}

struct Object {
  std::string listing;
  int64_t listing_version = 0;
  std::string title;
  std::string kind;
  std::string right_scope;
  std::vector<std::string> ip_numbers;
  std::string quantity;
  std::string quality;
  Share share = {};
  bool operator==(const Object&) const = default;
};
template <FieldsOf<Object> S, class V>
void Visit(S& s, V&& visit) {
  visit("listing", s.listing);
  visit("listing_version", s.listing_version);
  visit("title", s.title);
  visit("kind", s.kind);
  visit("right_scope", s.right_scope);
  visit("ip_numbers", s.ip_numbers);
  visit("quantity", s.quantity);
  visit("quality", s.quality);
  visit("share_ppm", s.share);
}

/// The particulars of one patent or application (Civil Code art. 845).
struct Patent {
  std::string ip_number;  // as in the object
  std::string invention_name;
  std::string applicant;
  std::string patentee;  // of granted patents
  std::string filing_date;
  std::string application_number;
  std::string patent_number;  // of granted patents
  std::string term_end_date;  // of granted patents
  bool operator==(const Patent&) const = default;
};
template <FieldsOf<Patent> S, class V>
void Visit(S& s, V&& visit) {
  visit("ip_number", s.ip_number);
  visit("invention_name", s.invention_name);
  visit("applicant", s.applicant);
  visit("patentee", s.patentee);
  visit("filing_date", s.filing_date);
  visit("application_number", s.application_number);
  visit("patent_number", s.patent_number);
  visit("term_end_date", s.term_end_date);
}

struct LineItem {
  std::string description;
  ItemKind kind = ItemKind::kUnspecified;
  Fen amount;
  bool operator==(const LineItem&) const = default;
};
template <FieldsOf<LineItem> S, class V>
void Visit(S& s, V&& visit) {
  visit("description", s.description);
  visit("kind", s.kind);
  visit("amount_fen", s.amount);
}

struct Instalment {
  std::string condition;
  Fen amount;
  bool operator==(const Instalment&) const = default;
};
template <FieldsOf<Instalment> S, class V>
void Visit(S& s, V&& visit) {
  visit("condition", s.condition);
  visit("amount_fen", s.amount);
}

struct Payment {
  PaymentForm form = PaymentForm::kUnspecified;
  int32_t due_workdays = 0;  // the first or only payment, after the contract takes effect
  std::vector<Instalment> instalments;
  Fen entry_fee;
  RoyaltyBase royalty_base = RoyaltyBase::kUnspecified;
  RoyaltyRate royalty_rate = RoyaltyRate::kUnspecified;
  int32_t royalty_ppm = 0;
  std::string books_inspection;  // how the books may be inspected
  bool operator==(const Payment&) const = default;
};
template <FieldsOf<Payment> S, class V>
void Visit(S& s, V&& visit) {
  visit("form", s.form);
  visit("due_workdays", s.due_workdays);
  visit("instalments", s.instalments);
  visit("entry_fee_fen", s.entry_fee);
  visit("royalty_base", s.royalty_base);
  visit("royalty_rate", s.royalty_rate);
  visit("royalty_ppm", s.royalty_ppm);
  visit("books_inspection", s.books_inspection);
}

/// A file that belongs to the contract, by the digest of its bytes.
struct Attachment {
  std::string title;
  std::string sha256;
  bool operator==(const Attachment&) const = default;
};
template <FieldsOf<Attachment> S, class V>
void Visit(S& s, V&& visit) {
  visit("title", s.title);
  visit("sha256", s.sha256);
}

/// What the parties agree on: the mandatory elements of domain.md 6.3.
struct Manifest {
  std::string project_name;
  Party seller;
  Party buyer;
  Object object;
  std::string content;
  std::string scope;
  std::string requirements;
  std::string schedule;
  std::string place;
  std::string method;
  std::string confidentiality;
  std::string result_ownership;
  std::string result_sharing;
  std::string acceptance_standard;
  std::string acceptance_method;
  std::string glossary;
  std::string breach_liability;
  std::string dispute_resolution;
  std::vector<Patent> patents;
  Fen price;
  std::string currency_code;
  std::vector<LineItem> items;
  Payment payment;
  std::string valid_until;  // the last day of the contract
  bool approval_required = false;
  std::vector<Attachment> attachments;
  bool operator==(const Manifest&) const = default;
};
template <FieldsOf<Manifest> S, class V>
void Visit(S& s, V&& visit) {
  visit("project_name", s.project_name);
  visit("seller", s.seller);
  visit("buyer", s.buyer);
  visit("object", s.object);
  visit("content", s.content);
  visit("scope", s.scope);
  visit("requirements", s.requirements);
  visit("schedule", s.schedule);
  visit("place", s.place);
  visit("method", s.method);
  visit("confidentiality", s.confidentiality);
  visit("result_ownership", s.result_ownership);
  visit("result_sharing", s.result_sharing);
  visit("acceptance_standard", s.acceptance_standard);
  visit("acceptance_method", s.acceptance_method);
  visit("glossary", s.glossary);
  visit("breach_liability", s.breach_liability);
  visit("dispute_resolution", s.dispute_resolution);
  visit("patents", s.patents);
  visit("price_fen", s.price);
  visit("currency_code", s.currency_code);
  visit("items", s.items);
  visit("payment", s.payment);
  visit("valid_until", s.valid_until);
  visit("approval_required", s.approval_required);
  visit("attachments", s.attachments);
}

/// Everything in a draft that could never be right (lengths, characters, dates, digests, amounts below zero),
/// all in one answer: INVALID_FIELD with paths from "manifest.". A missing element is no such thing.
Status CheckShape(const Manifest& manifest);

/// Every mandatory element of domain.md 6.3 that the draft lacks, all in one answer, with paths from
/// "manifest.": REQUIRED, or AMOUNTS_MISMATCH where items or instalments do not add up to the price.
std::vector<FieldViolation> MissingElements(const Manifest& manifest);

/// Where the draft departs from the deal (invariant C4): parties, object, price. Empty when it does not.
std::vector<FieldViolation> DealDifferences(const Manifest& manifest, const DealFacts& facts);

/// The total of non-technical items is N, of all items G, and T = G - N (domain.md 6.6).
struct Amounts {
  Fen total;
  Fen technical;
  Fen non_technical;
  bool operator==(const Amounts&) const = default;
};
template <FieldsOf<Amounts> S, class V>
void Visit(S& s, V&& visit) {
  visit("total_fen", s.total);
  visit("technical_fen", s.technical);
  visit("non_technical_fen", s.non_technical);
}
/// The items must have passed CheckItems.
Amounts AmountsOf(const std::vector<LineItem>& items);
/// Adds what is wrong with items at `path`: too many, no description, no kind, an amount below 1 fen.
void CheckItems(const std::vector<LineItem>& items, const std::string& path,
                std::vector<FieldViolation>& out);

}  // namespace ttx::contract
