#pragma once

#include "libs/bidding/rules.h"

// The rules of a session are those of its listing: libs/bidding.
namespace ttx::auction {

using bidding::Anonymity;
using bidding::CapPolicy;
using bidding::CheckRules;
using bidding::Criterion;
using bidding::DefaultIncrement;
using bidding::DutchRules;
using bidding::EqualRank;
using bidding::Increment;
using bidding::IsSealed;
using bidding::LimitedEntry;
using bidding::Mode;
using bidding::ModeName;
using bidding::MultipleBase;
using bidding::PriorityMode;
using bidding::PriorityRules;
using bidding::Rules;
using bidding::ScoringRules;
using bidding::SealedRules;
using bidding::SingleBidder;
using bidding::SuspensionRules;
using bidding::TieRule;

}  // namespace ttx::auction
