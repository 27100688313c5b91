#pragma once

#include <string_view>

#include "services/settlement/domain/fees.h"

namespace ttx::settlement {

/// Reads one fee table (fee_table.proto in text format). BAD_FEE_TABLE says what is wrong.
Result<FeeTable> ParseFeeTable(std::string_view text);

}  // namespace ttx::settlement
