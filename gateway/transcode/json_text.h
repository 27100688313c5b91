#pragma once

#include <string>
#include <string_view>

namespace ttx::gateway {

/// Appends `text` as a JSON string with its quotes. `text` must be valid UTF-8.
void AppendJsonString(std::string_view text, std::string& out);

/// Strict UTF-8: no overlong forms, no surrogates, nothing past U+10FFFF.
bool IsValidUtf8(std::string_view text);

/// Standard base64 with padding.
std::string EncodeBase64(std::string_view bytes);
/// False unless `text` is canonical padded base64; then `out` is replaced.
bool DecodeBase64(std::string_view text, std::string& out);

}  // namespace ttx::gateway
