#include "libs/storage/read_cache.h"

namespace ttx::storage {
namespace {

size_t TableOf(std::string_view key) { return key.empty() ? 0 : static_cast<uint8_t>(key.front()); }

}  // namespace

std::optional<std::string> ReadCache::Get(std::string_view key) const {
  if (const auto it = young_.find(key); it != young_.end()) return it->second;
  if (const auto it = old_.find(key); it != old_.end()) {
    auto node = old_.extract(it);
    std::string value = node.mapped();
    Keep(std::move(node.key()), std::move(node.mapped()));
    return value;
  }
  std::optional<std::string> value = base_.Get(key);
  if (value && value->size() <= value_bytes_) Keep(std::string(key), *value);
  return value;
}

void ReadCache::Keep(std::string key, std::string value) const {
  if (young_.size() >= generation_keys_) {
    old_ = std::move(young_);
    young_.clear();
  }
  tables_.set(TableOf(key));
  young_.insert_or_assign(std::move(key), std::move(value));
}

void ReadCache::Apply(const Changes& changes) {
  for (Generation* generation : {&young_, &old_}) {
    if (generation->empty()) continue;
    for (const auto& [key, value] : changes) {
      if (!tables_.test(TableOf(key))) continue;
      const auto it = generation->find(key);
      if (it == generation->end()) continue;
      if (value && value->size() <= value_bytes_) {
        it->second = *value;
      } else {
        generation->erase(it);
      }
    }
  }
}

}  // namespace ttx::storage
