#include "gateway/transcode/path_template.h"

#include <algorithm>

namespace ttx::gateway {
namespace {

Error Bad(std::string_view text, std::string_view why) {
  return Error(Reason::kAPI_DEFINITION_INVALID,
               {{"detail", "path template " + std::string(text) + ": " + std::string(why)}});
}

bool IsLiteral(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

// Adds the segments of "a/*/b"; false when one is neither a literal nor "*".
bool AddSegments(std::string_view text, std::vector<std::string>& segments) {
  while (true) {
    const size_t slash = text.find('/');
    const std::string_view segment = text.substr(0, slash);
    if (segment != "*" && !IsLiteral(segment)) return false;
    segments.emplace_back(segment);
    if (slash == text.npos) return true;
    text.remove_prefix(slash + 1);
  }
}

}  // namespace

Result<PathTemplate> ParsePathTemplate(std::string_view text) {
  PathTemplate out;
  if (text.empty() || text[0] != '/') return Bad(text, "it does not start with /");
  std::string_view rest = text.substr(1);
  while (true) {
    if (!rest.empty() && rest[0] == '{') {
      const size_t close = rest.find('}');
      if (close == rest.npos) return Bad(text, "an open brace");
      const std::string_view inside = rest.substr(1, close - 1);
      const size_t equals = inside.find('=');
      const size_t first = out.segments.size();
      if (!AddSegments(equals == inside.npos ? "*" : inside.substr(equals + 1), out.segments)) {
        return Bad(text, "a segment that is neither a literal nor *");
      }
      const std::string_view field = inside.substr(0, equals);
      if (!IsLiteral(field)) return Bad(text, "the name of a variable");
      out.variables.push_back({std::string(field), first, out.segments.size() - 1});
      rest.remove_prefix(close + 1);
    } else {
      const std::string_view segment = rest.substr(0, rest.find_first_of("/:"));
      if (!AddSegments(segment, out.segments)) return Bad(text, "a segment that is neither a literal nor *");
      rest.remove_prefix(segment.size());
    }
    if (rest.empty()) return out;
    const char next = rest[0];
    rest.remove_prefix(1);
    if (next == ':') {
      if (!IsLiteral(rest)) return Bad(text, "the verb");
      out.verb = rest;
      return out;
    }
    if (next != '/') return Bad(text, "text after a variable");
  }
}

SplitPath SplitRequestPath(std::string_view path) {
  SplitPath out;
  if (!path.empty() && path[0] == '/') path.remove_prefix(1);
  const size_t last = path.rfind('/');
  const size_t colon = path.rfind(':');
  if (colon != path.npos && (last == path.npos || colon > last)) {
    out.verb = path.substr(colon + 1);
    path = path.substr(0, colon);
    // "x:" has an empty verb; no template has one, so it must not match the plain resource.
    if (out.verb.empty()) out.verb = ":";
  }
  while (true) {
    const size_t slash = path.find('/');
    out.segments.push_back(path.substr(0, slash));
    if (slash == path.npos) return out;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace ttx::gateway
