#pragma once

#include "services/auction/domain/engine.h"

namespace ttx::auction {

/// Several are equal and a lot decides (domain.md 5.7 CAP and TENDER, 5.9): the winner's place among the
/// sorted codes is the digest of the seed and the codes, as a number, modulo their count. The seed was
/// committed to before the start and is revealed with the draw.
void OpenLot(Recorder& recorder, std::vector<std::string> codes);
/// A number of 256 bits, big-endian, modulo `count`.
size_t DrawIndex(std::string_view digest, size_t count);

}  // namespace ttx::auction
