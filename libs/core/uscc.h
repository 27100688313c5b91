#pragma once

#include <string>
#include <string_view>

#include "libs/core/result.h"

namespace ttx {

/// The unified social credit code of an organisation, 统一社会信用代码 (GB 32100-2015, domain.md 2.1).

/// As people type it to as it is stored: trimmed, half-width, upper case. Does not judge.
std::string NormalizeUscc(std::string_view text);

/// The normalised code of 18 symbols; on `field` REQUIRED, BAD_FORMAT (also for the old 9-symbol organisation
/// codes and 15-digit registration numbers, which are not padded) or BAD_CHECK_DIGIT.
Result<std::string> ParseUscc(std::string_view text, std::string_view field);

/// Whether every symbol is one of the 31 of GB 32100: digits and capital letters without I, O, S, V and Z.
bool InUsccAlphabet(std::string_view text);

/// The check symbol over exactly 17 symbols of the alphabet. Certificate and project numbers use it too
/// (domain.md 9.3).
char UsccCheckSymbol(std::string_view seventeen);

/// The four symbols that stand for an exchange in the numbers of projects, deals and certificates
/// (domain.md 9.3): those before the check symbol of its normalised unified social credit code, which end the
/// number of the organisation itself. As ParseUscc refuses on `uscc`. Two exchanges may share them: an
/// installation gives the later one NextExchangeCode (libs/storage/exchange_codes.h).
Result<std::string> ExchangeCode(std::string_view uscc);

/// The code after `code` in the order of the alphabet; "0000" after the last.
std::string NextExchangeCode(std::string_view code);

}  // namespace ttx
