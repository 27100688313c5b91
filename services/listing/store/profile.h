#pragma once

#include <string_view>

#include "libs/core/result.h"
#include "services/listing/domain/rule_profile.h"

namespace ttx::listing {

/// Reads deploy/profiles/*.textproto. Every key must be known, given once, in range and have a source;
/// BAD_PROFILE says in `detail` what is wrong.
Result<RuleProfile> ParseRuleProfile(std::string_view text);

}  // namespace ttx::listing
