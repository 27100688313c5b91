#include "services/settlement/store/fee_file.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include "services/settlement/store/fee_table.pb.h"

namespace ttx::settlement {
namespace {

Error BadTable(const std::string& table, std::string detail) {
  return Error(Reason::kBAD_FEE_TABLE, {{"table", table}, {"detail", std::move(detail)}});
}

class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (text_.empty()) text_ = std::to_string(line + 1) + ":" + std::to_string(column + 1) + ": " + message;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

FeeBase BaseOf(store::FeeBaseField base) {
  if (base == store::LISTED_PRICE) return FeeBase::kListedPrice;
  return base == store::PREMIUM ? FeeBase::kPremium : FeeBase::kDealPrice;
}

FeeCondition ConditionOf(store::FeeConditionField condition) {
  if (condition == store::BID) return FeeCondition::kBid;
  return condition == store::AGREEMENT ? FeeCondition::kAgreement : FeeCondition::kAny;
}

FeeRule RuleOf(const store::FeeRuleField& from) {
  FeeRule rule;
  rule.id = from.id();
  rule.payer = from.payer() == store::TRANSFEROR ? FeePayer::kTransferor : FeePayer::kTransferee;
  rule.base = BaseOf(from.base());
  rule.condition = ConditionOf(from.condition());
  rule.listed_above = {from.listed_above_fen()};
  if (from.has_listed_up_to_fen()) rule.listed_up_to = Fen{from.listed_up_to_fen()};
  for (const auto& band : from.bands()) {
    rule.bands.push_back(
        {band.has_upper_fen() ? std::optional(Fen{band.upper_fen()}) : std::nullopt, {band.rate_ppm()}});
  }
  rule.min = {from.min_fen()};
  if (from.has_max_fen()) rule.max = Fen{from.max_fen()};
  return rule;
}

}  // namespace

Result<FeeTable> ParseFeeTable(std::string_view text) {
  store::FeeTableFile file;
  FirstError errors;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  if (!parser.ParseFromString(std::string(text), &file)) return BadTable(file.name(), errors.text());
  FeeTable table;
  table.name = file.name();
  table.title = file.title();
  table.source = file.source();
  const Result<Date> from = ParseDate(file.effective_from(), "effective_from");
  if (!from.ok()) return BadTable(table.name, "effective_from is not a day");
  table.effective_from = *from;
  for (const auto& rule : file.rules()) {
    if (rule.payer() == store::PAYER_UNSPECIFIED || rule.base() == store::BASE_UNSPECIFIED) {
      return BadTable(table.name, rule.id() + ": payer and base are needed");
    }
    table.rules.push_back(RuleOf(rule));
  }
  TTX_RETURN_IF_ERROR(CheckFeeTable(table));
  return table;
}

}  // namespace ttx::settlement
