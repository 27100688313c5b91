#pragma once

#include <string>

#include "libs/core/watched_clock.h"

namespace ttx::auction {

/// What an installation sets for the service.
struct AuctionOptions {
  // Hold sessions when the server was stopped or its clock jumped for longer than kMaxSilence, or nothing was
  // written for longer than a heartbeat and kMaxSilence (reliability.md G8, G17). Off where a person sets the
  // clock: a sandbox.
  bool hold_after_silence = true;
  // The clock that the service's shell looks at, with kMaxSilence; outlives the service. Without one a jump
  // is noticed only when it is longer than what is left until the next heartbeat.
  const WatchedClock* clock = nullptr;
  // Names the installation in every envelope: visible ASCII, 1..255. Without one, and without the record key,
  // no session of envelopes is taken.
  std::string origin = {};
  // The installation's record key (PKCS#8, ECDSA P-256): signs the proof that a session has closed.
  std::string record_key_pem = {};
};

}  // namespace ttx::auction
