#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/result.h"
#include "libs/core/time.h"
#include "libs/sealed/envelope.h"

namespace ttx::sealed {

/// No auction has more envelopes.
inline constexpr int64_t kMaxEnvelopes = 1'000'000;

/// What an installation states when an auction has closed: from then on its envelopes may be opened, and only
/// those counted here.
struct CloseStatement {
  Suite suite = Suite::kTtxSb1;  // of the envelopes; also the digest of the tree
  std::string origin;            // the installation
  std::string auction;
  std::string lot;
  std::string rules_hash;     // 32 bytes
  std::string holder_set_id;  // 32 bytes
  Time close_time;
  std::string log_hash;  // 32 bytes, the hash of the auction's log with its Closed event
  int64_t envelope_count = 0;
  std::string envelopes_root;  // 32 bytes, EnvelopesRoot of their digests

  bool operator==(const CloseStatement&) const = default;
};

/// The root of the RFC 6962 tree (with the suite's digest) whose leaves are the envelopes' digests in
/// ascending byte order: it does not depend on, or tell, the order in which they came.
std::string EnvelopesRoot(Suite suite, std::vector<std::string> digests);

/// The statement with the signature of the installation's record key, a text. The first line names the kind
/// of proof, so that another (a checkpoint with inclusion proof and cosignatures of witnesses) can take its
/// place. UNSUPPORTED_KEY on `private_key`; INVALID_FIELD on a field that no envelope could carry.
Result<std::string> SignCloseStatement(const CloseStatement& statement, crypto::Suite signature_suite,
                                       std::string_view record_private_pem);

/// The statement of a proof whose signature is that of `record_public_pem`, the key the holder was given
/// beforehand. NOT_PROVEN_CLOSED otherwise.
Result<CloseStatement> VerifyCloseProof(std::string_view proof, std::string_view record_public_pem);

/// Whether, at `now` by the holder's own clock, `statement` lets the holders of this set open the envelopes
/// of `auction` of which `digests` are all the digests. NOT_PROVEN_CLOSED otherwise (reliability.md N94).
Status CheckClosed(const CloseStatement& statement, std::string_view auction, const HolderSet& holders,
                   const std::vector<std::string>& digests, Time now);

/// Whether a closed auction counts `envelope` among its own. `digests` have passed CheckClosed and are
/// sorted. ENVELOPE_MISADDRESSED, WRONG_HOLDER_SET, or NOT_PROVEN_CLOSED when its digest is none of them.
Status CheckCounted(const CloseStatement& statement, const HolderSet& holders,
                    const std::vector<std::string>& sorted_digests, const Envelope& envelope);

/// 32 bytes: names the proof in what the holders sign.
std::string CloseProofDigest(Suite suite, std::string_view proof);

}  // namespace ttx::sealed
