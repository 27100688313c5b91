#include "libs/core/error.h"

#include <unordered_map>
#include <utility>

namespace ttx {

const std::vector<ReasonInfo>& AllReasons() {
  static const std::vector<ReasonInfo> kTable = {
#define REASON(name, code, zh, en) {#name, Code::code, zh, en},
#include "libs/core/reasons.def"
#undef REASON
  };
  return kTable;
}

const ReasonInfo& Info(Reason reason) { return AllReasons()[static_cast<size_t>(reason)]; }

const ReasonInfo* FindReason(std::string_view name) {
  static const auto kByName = [] {
    std::unordered_map<std::string_view, const ReasonInfo*> map;
    for (const ReasonInfo& info : AllReasons()) map.emplace(info.name, &info);
    return map;
  }();
  const auto it = kByName.find(name);
  return it == kByName.end() ? nullptr : it->second;
}

std::string RenderReason(const ReasonInfo& info, const std::map<std::string, std::string>& metadata,
                         Language language) {
  std::string_view text = language == Language::kChinese ? info.zh : info.en;
  std::string out;
  while (!text.empty()) {
    const size_t open = text.find('{');
    const size_t close = open == text.npos ? text.npos : text.find('}', open);
    if (close == text.npos) {
      out += text;
      break;
    }
    out += text.substr(0, open);
    const auto it = metadata.find(std::string(text.substr(open + 1, close - open - 1)));
    out += it == metadata.end() ? "?" : it->second;
    text.remove_prefix(close + 1);
  }
  return out;
}

Error InvalidField(std::string field, Reason reason, std::string limit) {
  Error error(Reason::kINVALID_FIELD, {{"field", field}});
  error.violations.push_back({std::move(field), reason, std::move(limit)});
  return error;
}

Error NotFound(std::string resource) {
  return Error(Reason::kNOT_FOUND, {{"resource", std::move(resource)}});
}

}  // namespace ttx
