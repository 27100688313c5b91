#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ttx {

/// Two lower-case digits a byte.
std::string Hex(std::string_view bytes);
/// The inverse; accepts both cases. Nothing when `text` is not a whole number of bytes in hexadecimal.
std::optional<std::string> FromHex(std::string_view text);

/// RFC 4648 section 5 without padding.
std::string Base64Url(std::string_view bytes);
/// The inverse, strict: no padding, no other symbols, unused bits zero, so that one value has exactly one
/// text.
std::optional<std::string> FromBase64Url(std::string_view text);

}  // namespace ttx
