#pragma once

#include <vector>

namespace ttx::party {

/// Everything that will be written, and nothing else: the state after the events, and the events.
template <class State, class Event>
struct Decision {
  State next;
  std::vector<Event> events;
};

}  // namespace ttx::party
