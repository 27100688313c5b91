#include <algorithm>

#include "services/server/commands.h"

namespace ttx::server {

Arguments::Arguments(const std::vector<std::string>& words, std::vector<std::string_view> flags,
                     std::vector<std::string_view> options) {
  flags.push_back("help");
  const auto holds = [](const std::vector<std::string_view>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with("--")) {
      rest_.push_back(words[i]);
      continue;
    }
    const size_t equals = words[i].find('=');
    const std::string name = words[i].substr(2, equals == std::string::npos ? equals : equals - 2);
    if (holds(flags, name) && equals == std::string::npos) {
      given_.emplace_back(name, "");
    } else if (holds(options, name) && equals != std::string::npos) {
      given_.emplace_back(name, words[i].substr(equals + 1));
    } else if (holds(options, name) && i + 1 < words.size()) {
      given_.emplace_back(name, words[++i]);
    } else {
      error_ = holds(options, name) ? "--" + name + " needs a value" : "unknown option \"" + words[i] + "\"";
      return;
    }
  }
}

bool Arguments::Has(std::string_view flag) const {
  return std::any_of(given_.begin(), given_.end(), [&](const auto& option) { return option.first == flag; });
}

std::string Arguments::Get(std::string_view option, std::string_view otherwise) const {
  const auto it = std::find_if(given_.begin(), given_.end(), [&](const auto& given) { return given.first == option; });
  return it == given_.end() ? std::string(otherwise) : it->second;
}

}  // namespace ttx::server
