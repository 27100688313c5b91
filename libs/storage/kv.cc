#include "libs/storage/kv.h"

namespace ttx::storage {

KeyRange PrefixRange(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<uint8_t>(end.back()) == 0xff) end.pop_back();
  TTX_CHECK(!end.empty(), "a prefix must have an upper bound");
  end.back() = static_cast<char>(static_cast<uint8_t>(end.back()) + 1);
  return {std::string(prefix), std::move(end)};
}

}  // namespace ttx::storage
