#include "services/contract/domain/manifest.h"

#include <algorithm>

#include "libs/core/encoding.h"
#include "libs/core/text.h"
#include "services/contract/domain/limits.h"

namespace ttx::contract {
namespace {

using Violations = std::vector<FieldViolation>;

std::string At(const std::string& list, size_t index) { return list + "[" + std::to_string(index) + "]"; }

void Take(const Status& status, Violations& out) {
  if (status.ok()) return;
  const auto& violations = status.error().violations;
  out.insert(out.end(), violations.begin(), violations.end());
}

bool IsDateField(std::string_view name) { return name.ends_with("_date") || name == "valid_until"; }

// Visits every field of a draft, at any depth, and notes what could never be right.
class ShapeCheck {
 public:
  ShapeCheck(std::string path, Violations& out) : path_(std::move(path)), out_(out) {}

  template <class Field>
  void operator()(const char* name, const Field& field) {
    const std::string path = path_ + "." + name;
    if constexpr (std::same_as<Field, std::string>) {
      Text(name, path, field);
    } else if constexpr (std::same_as<Field, Fen>) {
      Take(CheckAmount(field, Fen{0}, path), out_);
    } else if constexpr (kIsVector<Field>) {
      if (field.size() > kMaxElements)
        out_.push_back({path, Reason::kTOO_MANY, std::to_string(kMaxElements)});
      for (size_t i = 0; i < field.size() && i < kMaxElements; ++i) Element(At(path, i), field[i]);
    } else if constexpr (HasFields<const Field>) {
      Visit(field, ShapeCheck(path, out_));
    }
  }

 private:
  template <class T>
  void Element(const std::string& path, const T& element) {
    if constexpr (std::same_as<T, std::string>) {
      Take(CheckText(element, 1, kMaxShortChars, path), out_);
    } else {
      Visit(element, ShapeCheck(path, out_));
    }
  }

  void Text(std::string_view name, const std::string& path, const std::string& text) {
    if (text.empty()) return;
    if (IsDateField(name)) {
      if (const auto date = ParseDate(text, path); !date.ok())
        out_.push_back({path, Reason::kBAD_FORMAT, "YYYY-MM-DD"});
    } else if (name == "sha256") {
      if (text.size() != 64 || !FromHex(text))
        out_.push_back({path, Reason::kBAD_FORMAT, "64 hexadecimal digits"});
    } else {
      Take(CheckText(text, 0, kMaxClauseChars, path, Lines::kMultiple), out_);
    }
  }

  const std::string path_;
  Violations& out_;
};

// Notes which of the named elements are missing.
class Needed {
 public:
  explicit Needed(Violations& out) : out_(out) {}
  void Text(const std::string& path, const std::string& text) {
    if (text.find_first_not_of(" \t\n") == std::string::npos) Missing(path);
  }
  void Missing(const std::string& path) { out_.push_back({path, Reason::kREQUIRED, ""}); }
  void Mismatch(const std::string& path, Fen expected) {
    out_.push_back({path, Reason::kAMOUNTS_MISMATCH, std::to_string(expected.value)});
  }

 private:
  Violations& out_;
};

void NeedParty(const Party& party, const std::string& path, Needed& need) {
  need.Text(path + ".organization", party.organization);
  need.Text(path + ".legal_name", party.legal_name);
  need.Text(path + ".domicile", party.domicile);
}

void NeedPatents(const Manifest& manifest, Needed& need) {
  for (const std::string& number : manifest.object.ip_numbers) {
    const bool present = std::any_of(manifest.patents.begin(), manifest.patents.end(),
                                     [&](const Patent& patent) { return patent.ip_number == number; });
    if (!present) need.Missing("manifest.patents[" + number + "]");
  }
  for (size_t i = 0; i < manifest.patents.size(); ++i) {
    const Patent& patent = manifest.patents[i];
    const std::string path = At("manifest.patents", i);
    need.Text(path + ".ip_number", patent.ip_number);
    need.Text(path + ".invention_name", patent.invention_name);
    need.Text(path + ".applicant", patent.applicant);
    need.Text(path + ".filing_date", patent.filing_date);
    need.Text(path + ".application_number", patent.application_number);
    if (!patent.ip_number.starts_with("ZL")) continue;
    need.Text(path + ".patentee", patent.patentee);
    need.Text(path + ".patent_number", patent.patent_number);
    need.Text(path + ".term_end_date", patent.term_end_date);
  }
}

void NeedItems(const Manifest& manifest, Needed& need, Violations& out) {
  if (manifest.items.empty()) {
    need.Missing("manifest.items");
    return;
  }
  const size_t before = out.size();
  CheckItems(manifest.items, "manifest.items", out);
  if (out.size() == before && AmountsOf(manifest.items).total != manifest.price) {
    need.Mismatch("manifest.items", manifest.price);
  }
}

void NeedRoyalty(const Payment& payment, Needed& need) {
  if (payment.royalty_base == RoyaltyBase::kUnspecified) need.Missing("manifest.payment.royalty_base");
  if (payment.royalty_rate == RoyaltyRate::kUnspecified) need.Missing("manifest.payment.royalty_rate");
  if (payment.royalty_ppm <= 0) need.Missing("manifest.payment.royalty_ppm");
  need.Text("manifest.payment.books_inspection", payment.books_inspection);
}

void NeedPayment(const Manifest& manifest, Needed& need) {
  const Payment& payment = manifest.payment;
  if (payment.due_workdays <= 0) need.Missing("manifest.payment.due_workdays");
  switch (payment.form) {
    case PaymentForm::kUnspecified:
      need.Missing("manifest.payment.form");
      break;
    case PaymentForm::kLumpSum:
      break;
    case PaymentForm::kInstalments: {
      if (payment.instalments.empty()) need.Missing("manifest.payment.instalments");
      Fen sum;
      for (size_t i = 0; i < payment.instalments.size(); ++i) {
        need.Text(At("manifest.payment.instalments", i) + ".condition", payment.instalments[i].condition);
        sum += payment.instalments[i].amount;
      }
      if (!payment.instalments.empty() && sum != manifest.price) {
        need.Mismatch("manifest.payment.instalments", manifest.price);
      }
      break;
    }
    case PaymentForm::kRoyaltyWithEntryFee:
      if (payment.entry_fee.value <= 0) need.Missing("manifest.payment.entry_fee_fen");
      NeedRoyalty(payment, need);
      break;
    case PaymentForm::kRoyalty:
      NeedRoyalty(payment, need);
      break;
  }
}

}  // namespace

Status CheckShape(const Manifest& manifest) {
  Violations violations;
  Visit(manifest, ShapeCheck("manifest", violations));
  if (!manifest.currency_code.empty() && manifest.currency_code != "CNY") {
    violations.push_back({"manifest.currency_code", Reason::kUNSUPPORTED_CURRENCY, "CNY"});
  }
  if (manifest.object.share.ppm < 0 || manifest.object.share.ppm > 1'000'000) {
    violations.push_back({"manifest.object.share_ppm", Reason::kOUT_OF_RANGE, "0..1000000"});
  }
  const Payment& payment = manifest.payment;
  if (payment.due_workdays < 0 || payment.due_workdays > kMaxPaymentWorkdays) {
    violations.push_back({"manifest.payment.due_workdays", Reason::kOUT_OF_RANGE,
                          "1.." + std::to_string(kMaxPaymentWorkdays)});
  }
  if (payment.royalty_ppm < 0 || payment.royalty_ppm > 1'000'000) {
    violations.push_back({"manifest.payment.royalty_ppm", Reason::kOUT_OF_RANGE, "1..1000000"});
  }
  if (violations.empty()) return {};
  return Error(Reason::kINVALID_FIELD, {{"field", violations.front().field}}, violations);
}

std::vector<FieldViolation> MissingElements(const Manifest& manifest) {
  Violations violations;
  Needed need(violations);
  need.Text("manifest.project_name", manifest.project_name);
  NeedParty(manifest.seller, "manifest.seller", need);
  NeedParty(manifest.buyer, "manifest.buyer", need);
  need.Text("manifest.object.title", manifest.object.title);
  need.Text("manifest.object.kind", manifest.object.kind);
  need.Text("manifest.object.right_scope", manifest.object.right_scope);
  need.Text("manifest.object.quantity", manifest.object.quantity);
  need.Text("manifest.object.quality", manifest.object.quality);
  need.Text("manifest.content", manifest.content);
  need.Text("manifest.scope", manifest.scope);
  need.Text("manifest.requirements", manifest.requirements);
  need.Text("manifest.schedule", manifest.schedule);
  need.Text("manifest.place", manifest.place);
  need.Text("manifest.method", manifest.method);
  need.Text("manifest.confidentiality", manifest.confidentiality);
  need.Text("manifest.result_ownership", manifest.result_ownership);
  need.Text("manifest.result_sharing", manifest.result_sharing);
  need.Text("manifest.acceptance_standard", manifest.acceptance_standard);
  need.Text("manifest.acceptance_method", manifest.acceptance_method);
  need.Text("manifest.glossary", manifest.glossary);
  need.Text("manifest.breach_liability", manifest.breach_liability);
  need.Text("manifest.dispute_resolution", manifest.dispute_resolution);
  need.Text("manifest.currency_code", manifest.currency_code);
  need.Text("manifest.valid_until", manifest.valid_until);
  if (manifest.price.value <= 0) need.Missing("manifest.price_fen");
  NeedPatents(manifest, need);
  NeedItems(manifest, need, violations);
  NeedPayment(manifest, need);
  return violations;
}

std::vector<FieldViolation> DealDifferences(const Manifest& manifest, const DealFacts& facts) {
  Violations violations;
  const auto same = [&](const std::string& field, const auto& mine, const auto& theirs,
                        const std::string& limit) {
    if (mine != theirs) violations.push_back({"manifest." + field, Reason::kDEAL_MISMATCH, limit});
  };
  same("seller.organization", manifest.seller.organization, facts.seller, facts.seller);
  same("seller.legal_name", manifest.seller.legal_name, facts.seller_legal_name, facts.seller_legal_name);
  same("buyer.organization", manifest.buyer.organization, facts.buyer, facts.buyer);
  same("buyer.legal_name", manifest.buyer.legal_name, facts.buyer_legal_name, facts.buyer_legal_name);
  same("object.listing", manifest.object.listing, facts.listing, facts.listing);
  same("object.listing_version", manifest.object.listing_version, facts.listing_version,
       std::to_string(facts.listing_version));
  same("object.title", manifest.object.title, facts.title, facts.title);
  same("object.kind", manifest.object.kind, facts.kind, facts.kind);
  same("object.right_scope", manifest.object.right_scope, facts.right_scope, facts.right_scope);
  same("object.ip_numbers", manifest.object.ip_numbers, facts.ip_numbers, "");
  same("object.share_ppm", manifest.object.share, facts.share, std::to_string(facts.share.ppm));
  same("price_fen", manifest.price, facts.price, std::to_string(facts.price.value));
  return violations;
}

Amounts AmountsOf(const std::vector<LineItem>& items) {
  Amounts amounts;
  for (const LineItem& item : items) {
    amounts.total += item.amount;
    if (item.kind == ItemKind::kNonTechnical) amounts.non_technical += item.amount;
  }
  amounts.technical = amounts.total - amounts.non_technical;
  return amounts;
}

void CheckItems(const std::vector<LineItem>& items, const std::string& path,
                std::vector<FieldViolation>& out) {
  if (items.empty()) out.push_back({path, Reason::kREQUIRED, ""});
  if (items.size() > kMaxElements) {
    out.push_back({path, Reason::kTOO_MANY, std::to_string(kMaxElements)});
    return;
  }
  for (size_t i = 0; i < items.size(); ++i) {
    Take(CheckText(items[i].description, 1, kMaxShortChars, At(path, i) + ".description"), out);
    if (items[i].kind == ItemKind::kUnspecified)
      out.push_back({At(path, i) + ".kind", Reason::kREQUIRED, ""});
    Take(CheckAmount(items[i].amount, Fen{1}, At(path, i) + ".amount_fen"), out);
  }
}

}  // namespace ttx::contract
