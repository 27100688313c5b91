#pragma once

#include "libs/core/time.h"

namespace ttx {

/// Where time comes from. Everything that decides takes a Time argument; only shells ask a Clock.
/// Implementations are safe to call from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  /// The wall clock. May step in either direction; the Writer makes it strictly increasing.
  virtual Time Now() const = 0;
};

}  // namespace ttx
