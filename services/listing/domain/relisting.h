#pragma once

#include <string>

#include "libs/core/money.h"
#include "libs/core/result.h"
#include "libs/core/time.h"
#include "services/listing/domain/common.h"
#include "services/listing/domain/rule_profile.h"

namespace ttx::listing {

// Re-listing (重新挂牌, domain.md 4.3, 4.4, 5.7, 5.12): what was listed once without a deal that held is listed anew, for
// less if the rules allow it.

/// What a price below the appraisal needs (domain.md 4.4). The numbers are those of the API and of records.
enum class PriceCutEvidence : int32_t {
  kNone = 0,
  kOwnerDecision = 1,
  kApprovalBodyWrittenConsent = 2,
};

/// What the owner says about it.
struct Relisting {
  std::string previous_listing;  // "listings/{id}"; empty: listed for the first time
  Fen appraisal;                 // the filed or approved result; 0: none
  PriceCutEvidence evidence = PriceCutEvidence::kNone;
  Attachment document;  // of the evidence
  bool operator==(const Relisting&) const = default;
};

/// What is known of the listings before it.
struct Previous {
  Fen listed_price;  // of the one before
  Date first_date;   // of the first disclosure
  int32_t first_days = 0;
  bool operator==(const Previous&) const = default;
};

/// What a price needs, given the appraisal: from 90% of it on, less than below.
PriceCutEvidence NeededEvidence(Fen appraisal, Fen price, PriceCutRule rule);

/// The profile as it holds for this round: a re-listing for less has a least period of its own (domain.md 4.1).
RuleProfile ProfileOfRound(RuleProfile profile, const Relisting& relisting, const Previous& previous, Fen price);

/// INVALID_FIELD for what is missing or was not asked for, on "previous_listing", "appraisal_fen", "listed_price_fen",
/// "price_cut". Of the facts about the listing before, only that there is one is taken for granted.
Status CheckRelisting(const Relisting& relisting, Fen price, const RuleProfile& profile);
/// REDO_APPRAISAL when the first disclosure is too long ago.
Status CheckFirstDisclosure(const Relisting& relisting, const Previous& previous, const RuleProfile& profile,
                            Date today);

}  // namespace ttx::listing
