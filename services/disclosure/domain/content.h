#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ttx::disclosure {

/// What a field of published content holds. Numbers are integers within +-2^53, so that every reader of JSON
/// agrees.
using Value = std::variant<int64_t, std::string, std::vector<std::string>>;
/// The content of a notice or certificate: one flat object.
using Content = std::map<std::string, Value, std::less<>>;

/// The one text of a content: RFC 8785 restricted to the values above, with ASCII keys (docs/formats.md).
/// Texts must be UTF-8.
std::string Canonical(const Content& content);

/// The inverse: nothing unless `text` is exactly what Canonical writes for some content.
std::optional<Content> ParseContent(std::string_view text);

/// The text of a field, empty when it is missing or holds something else.
std::string TextOf(const Content& content, std::string_view key);

}  // namespace ttx::disclosure
