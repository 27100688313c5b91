#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libs/core/money.h"
#include "libs/core/result.h"
#include "libs/core/time.h"

namespace ttx::settlement {

enum class FeePayer { kTransferor, kTransferee };
/// What a fee is a share of.
enum class FeeBase {
  kDealPrice,
  kListedPrice,
  kPremium
};  // the premium is the deal price above the listed one
/// For which way of finding the buyer a rule holds.
enum class FeeCondition { kAny, kBid, kAgreement };

/// The share of the part of the base that lies in the band.
struct FeeBand {
  std::optional<Fen> upper;  // inclusive; the last band has none
  Ppm rate;
  bool operator==(const FeeBand&) const = default;
};

struct FeeRule {
  std::string id;
  FeePayer payer = FeePayer::kTransferor;
  FeeBase base = FeeBase::kDealPrice;
  FeeCondition condition = FeeCondition::kAny;
  // The rule holds for listed prices above `listed_above` up to `listed_up_to`.
  Fen listed_above;
  std::optional<Fen> listed_up_to;
  std::vector<FeeBand> bands;  // by rising upper; progressive (分段累进)
  Fen min;
  std::optional<Fen> max;
  bool operator==(const FeeRule&) const = default;
};

/// A published table of fees (domain.md 7.4): data, never code.
struct FeeTable {
  std::string name;   // "changsha-2022-09"
  std::string title;  // what the exchange calls it
  std::string source;
  Date effective_from;
  std::vector<FeeRule> rules;
  bool operator==(const FeeTable&) const = default;
};

struct FeeInput {
  Fen deal_price;
  Fen listed_price;
  bool competitive = false;  // found by bidding, not by agreement with the only one interested
};

struct Fees {
  Fen transferor;
  Fen transferee;
  bool operator==(const Fees&) const = default;
};

/// BAD_FEE_TABLE with `table` and `detail` for a table that cannot be applied: no rules, bands that do not
/// rise, a last band with an end, rates outside 0..100%, a minimum above the maximum, an id given twice.
Status CheckFeeTable(const FeeTable& table);

/// The fee of one rule: the sum over bands, each rounded half up to the fen, then kept between minimum and
/// maximum. Nothing when the rule does not hold for the input; a premium of 0 costs nothing.
std::optional<Fen> FeeOf(const FeeRule& rule, const FeeInput& input);

/// What each side pays: the sum of the rules that hold (E11).
Fees FeesOf(const FeeTable& table, const FeeInput& input);

/// The newest table of this name that is in force on `day`, or nullptr.
const FeeTable* TableInForce(std::span<const FeeTable> tables, std::string_view name, Date day);

}  // namespace ttx::settlement
