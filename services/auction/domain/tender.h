#pragma once

#include "services/auction/domain/engine.h"

namespace ttx::auction {

/// domain.md 5.7 TENDER: what the members gave for one criterion, without one highest and one lowest from
/// seven on, as the mean rounded down.
int64_t MeanScore(std::vector<int64_t> points);

/// The candidate in first place: it leads, and the publicity period runs.
void NameCandidate(Recorder& recorder, const std::string& code);
/// The best of the report that counts: by lot among equals; nobody when none does, and the session closes.
void NameBest(Recorder& recorder);

}  // namespace ttx::auction
