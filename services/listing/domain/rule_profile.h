#pragma once

#include <string>

#include "libs/core/money.h"
#include "libs/core/time.h"

namespace ttx::listing {

/// What a profile demands of a price below the appraisal (domain.md 4.1, 4.4). The numbers are those of profiles.
enum class PriceCutRule : int32_t {
  kFree = 0,
  kOwner = 1,         // below 90%: the owner's decision
  kApprovalBody = 2,  // below 100%: the owner's decision; below 90%: the approving body's written consent
};

/// `single_bidder_rule` of a profile in which the only bidder quotes where the notice does not say what holds (domain.md
/// 5.8: AGREEMENT_AT_QUOTE). 0: START_PRICE_SALE.
inline constexpr int32_t kQuoteRule = 1;

/// The numbers of one legal regime (domain.md 0.6, 4.1, 4.5); read from deploy/profiles, where each has its
/// source.
struct RuleProfile {
  std::string name;  // "PUBLIC_RDI"
  int32_t version = 0;
  Date effective_from;
  int32_t project_digit = 0;  // 1..9: the profile digit of project numbers (domain.md 9.3)

  int32_t disclosure_workdays_min = 0;
  int32_t disclosure_workdays_default = 0;
  int32_t relisting_workdays_min = 0;
  Ppm relisting_of_first;
  int32_t extension_workdays_min = 0;
  int32_t extension_workdays_default = 0;
  int32_t extension_cycles_max = 0;
  int32_t redo_process_months = 0;
  int32_t resume_workdays_min = 0;
  int32_t suspension_days_max = 0;
  Ppm deposit_cap;
  Ppm deposit_default;
  int32_t deposit_workdays = 0;
  int32_t opinion_workdays = 0;
  int32_t owner_reply_workdays = 0;
  int32_t dispute_workdays = 0;
  int32_t quote_workdays = 0;
  int32_t single_bidder_rule = 0;
  int32_t bidding_notice_workdays_min =
      0;  // whole working days between calling the bidders and the first bid
  int32_t free_period_seconds_min = 0;
  int32_t cycle_seconds_min = 0;
  int32_t result_notice_workdays = 0;
  int32_t price_cut_rule = 0;               // a PriceCutRule
  int32_t priority_notice_days = 0;         // from the notice to a holder of a priority right to the publication
  int32_t priority_public_notice_days = 0;  // until a public notice counts as received

  bool operator==(const RuleProfile&) const = default;
};

}  // namespace ttx::listing
