#pragma once

#include <optional>
#include <vector>

#include "libs/core/time.h"
#include "services/settlement/domain/ledger.h"

namespace ttx::settlement {

/// One step of an aggregate: what happened, and the whole state that it led to. Versions rise by one per
/// event, so that a lost event shows.
template <class State, class Change>
struct Event {
  Change change;
  State after;
  bool operator==(const Event&) const = default;
};

/// Everything that will be written, and nothing else: the state, its events, and what they post to the
/// ledger.
template <class State, class Change>
struct Decision {
  State next;
  std::vector<Event<State, Change>> events;
  std::vector<Journal> journals;
};

/// The state after an event; `before` is the default state for the first one. An event that does not follow
/// stops the process: the log is damaged.
template <class State, class Change>
[[nodiscard]] State Apply(const State& before, const Event<State, Change>& event) {
  TTX_CHECK(event.after.version == before.version + 1, "an event is missing from the log");
  return event.after;
}

/// Collects the steps of one decision.
template <class State, class Change>
class Recorder {
 public:
  Recorder(State state, Time now) : now_(now) { decision_.next = std::move(state); }

  /// The state to change before Record.
  State& state() { return decision_.next; }
  void Record(Change change) {
    decision_.next.version += 1;
    decision_.next.update_time = now_;
    decision_.events.push_back({change, decision_.next});
  }
  void Post(std::optional<Journal> journal) {
    if (journal) decision_.journals.push_back(*std::move(journal));
  }
  Time now() const { return now_; }
  Decision<State, Change> Take() { return std::move(decision_); }

 private:
  const Time now_;
  Decision<State, Change> decision_;
};

}  // namespace ttx::settlement
