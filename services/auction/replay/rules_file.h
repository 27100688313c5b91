#pragma once

#include <string>

#include "libs/core/result.h"
#include "services/auction/domain/rules.h"

namespace ttx::auction::replay {

/// The rules in a file of ttx.type.v1.BiddingRules in protobuf text format. What the file leaves out has the
/// default of domain.md 5.1, but for max_steps_per_bid, whose 0 means any rise. CANNOT_OPEN_FILE;
/// BAD_CONFIGURATION with a "detail" of lines "file:line:column: what is wrong".
Result<Rules> ReadRulesFile(const std::string& path);

/// The same from text; `name` stands for the file.
Result<Rules> ParseRules(const std::string& text, const std::string& name);

}  // namespace ttx::auction::replay
