#include "services/auction/domain/english.h"

namespace ttx::auction {

Time SoftClose(const Rules& rules, Time end, Time bid_time) {
  const bool is_late = end - bid_time <= rules.cycle;
  return is_late ? bid_time + rules.cycle : end;
}

}  // namespace ttx::auction
