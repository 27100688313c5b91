#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ttx {

/// The one text of a JSON value (RFC 8785): UTF-8, members in byte order of their names (which are ASCII), no
/// white space. What is hashed or signed is written with these; elements and members are JSON already.

/// A string: only ", \ and control characters are escaped, in the shortest form.
std::string JsonText(std::string_view utf8);
std::string JsonArray(const std::vector<std::string>& elements);
std::string JsonObject(const std::map<std::string, std::string>& members);

}  // namespace ttx
