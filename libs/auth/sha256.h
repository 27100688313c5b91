#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ttx::auth {

using Sha256Digest = std::array<uint8_t, 32>;

Sha256Digest Sha256(std::string_view bytes);

}  // namespace ttx::auth
