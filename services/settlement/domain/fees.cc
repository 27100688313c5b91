#include "services/settlement/domain/fees.h"

#include <algorithm>
#include <set>

#include "services/settlement/domain/limits.h"

namespace ttx::settlement {
namespace {

constexpr Ppm kWhole{1'000'000};

Error BadTable(const FeeTable& table, std::string detail) {
  return Error(Reason::kBAD_FEE_TABLE, {{"table", table.name}, {"detail", std::move(detail)}});
}

std::optional<std::string> FaultOf(const FeeRule& rule) {
  if (rule.bands.empty() || rule.bands.size() > kMaxFeeBands) return "bands: 1..32 are needed";
  Fen lower;
  for (size_t i = 0; i < rule.bands.size(); ++i) {
    const FeeBand& band = rule.bands[i];
    const bool last = i + 1 == rule.bands.size();
    if (last == band.upper.has_value()) return "the last band, and only it, has no upper end";
    if (band.upper && (*band.upper <= lower || band.upper->value > kMaxFen)) return "bands must rise";
    if (band.rate < Ppm{} || band.rate > kWhole) return "rates lie between 0 and 1000000 ppm";
    if (band.upper) lower = *band.upper;
  }
  if (rule.min < Fen{} || rule.min.value > kMaxFen) return "min_fen is out of range";
  if (rule.max && (*rule.max < rule.min || rule.max->value > kMaxFen)) return "max_fen lies below min_fen";
  if (rule.listed_above < Fen{}) return "listed_above_fen is negative";
  if (rule.listed_up_to && *rule.listed_up_to <= rule.listed_above)
    return "listed_up_to_fen lies below listed_above_fen";
  return std::nullopt;
}

bool Holds(const FeeRule& rule, const FeeInput& input) {
  if (rule.condition == FeeCondition::kBid && !input.competitive) return false;
  if (rule.condition == FeeCondition::kAgreement && input.competitive) return false;
  if (input.listed_price <= rule.listed_above && rule.listed_above > Fen{}) return false;
  return !rule.listed_up_to || input.listed_price <= *rule.listed_up_to;
}

Fen BaseOf(const FeeRule& rule, const FeeInput& input) {
  switch (rule.base) {
    case FeeBase::kDealPrice:
      return input.deal_price;
    case FeeBase::kListedPrice:
      return input.listed_price;
    case FeeBase::kPremium:
      return std::max(Fen{}, input.deal_price - input.listed_price);
  }
  TTX_CHECK(false, "unreachable");
}

}  // namespace

Status CheckFeeTable(const FeeTable& table) {
  if (table.name.empty()) return BadTable(table, "it has no name");
  if (table.source.empty()) return BadTable(table, "it names no source");
  if (table.rules.empty() || table.rules.size() > kMaxFeeRules)
    return BadTable(table, "rules: 1..64 are needed");
  std::set<std::string> ids;
  for (const FeeRule& rule : table.rules) {
    if (rule.id.empty() || !ids.insert(rule.id).second)
      return BadTable(table, "rule ids must differ: " + rule.id);
    if (const auto fault = FaultOf(rule)) return BadTable(table, rule.id + ": " + *fault);
  }
  return {};
}

std::optional<Fen> FeeOf(const FeeRule& rule, const FeeInput& input) {
  if (!Holds(rule, input)) return std::nullopt;
  const Fen base = BaseOf(rule, input);
  if (rule.base == FeeBase::kPremium && base == Fen{}) return Fen{};
  Fen fee;
  Fen lower;
  for (const FeeBand& band : rule.bands) {
    const Fen upper = band.upper ? std::min(*band.upper, base) : base;
    if (upper <= lower) break;
    fee += MulPpm(upper - lower, band.rate);
    lower = upper;
  }
  fee = std::max(fee, rule.min);
  return rule.max ? std::min(fee, *rule.max) : fee;
}

Fees FeesOf(const FeeTable& table, const FeeInput& input) {
  Fees fees;
  for (const FeeRule& rule : table.rules) {
    const std::optional<Fen> fee = FeeOf(rule, input);
    if (!fee) continue;
    (rule.payer == FeePayer::kTransferor ? fees.transferor : fees.transferee) += *fee;
  }
  return fees;
}

const FeeTable* TableInForce(std::span<const FeeTable> tables, std::string_view name, Date day) {
  const FeeTable* found = nullptr;
  for (const FeeTable& table : tables) {
    if (table.name != name || table.effective_from > day) continue;
    if (found == nullptr || found->effective_from < table.effective_from) found = &table;
  }
  return found;
}

}  // namespace ttx::settlement
