#pragma once

#include <string>

namespace ttx::auction {

/// What an installation sets for the service.
struct AuctionOptions {
  // Hold sessions when nothing was written for longer than a heartbeat and kMaxSilence: the server was away
  // or its clock jumped (reliability.md G8, G17). Off where a person sets the clock: a sandbox.
  bool hold_after_silence = true;
  // Names the installation in every envelope: visible ASCII, 1..255. Without one, and without the record key,
  // no session of envelopes is taken.
  std::string origin = {};
  // The installation's record key (PKCS#8, ECDSA P-256): signs the proof that a session has closed.
  std::string record_key_pem = {};
};

}  // namespace ttx::auction
