#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "libs/core/result.h"

namespace ttx {

enum class Lines { kSingle, kMultiple };

/// Accepts text people may enter and others will read: valid UTF-8 (no overlong forms, surrogates or
/// noncharacters) of `min_chars`..`max_chars` code points without control characters, bidirectional
/// overrides, zero-width or tag characters, all of which let two texts look alike. Lines::kMultiple also
/// admits \n and \t. On `field`: REQUIRED (shorter than `min_chars`, or only white space though something is
/// required), TOO_LONG, BAD_TEXT.
Status CheckText(std::string_view utf8, size_t min_chars, size_t max_chars, std::string_view field,
                 Lines lines = Lines::kSingle);

/// Full-width ASCII forms (U+FF01..FF5E) and the ideographic space to their ASCII counterparts; everything
/// else, also bytes that are not UTF-8, stays.
std::string ToHalfWidth(std::string_view utf8);

/// The form in which two names of organisations are compared (payer name == organisation name): half-width,
/// ASCII letters in lower case, white space trimmed and collapsed, Chinese brackets as ASCII ones. Not for
/// display.
std::string FoldName(std::string_view utf8);

}  // namespace ttx
