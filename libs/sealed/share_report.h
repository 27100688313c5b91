#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/core/result.h"
#include "libs/sealed/opening.h"

namespace ttx::sealed {

/// A list of shares is cut after so many envelopes, so that each part passes where a request is limited to 60 KiB.
inline constexpr size_t kMaxPartLines = 400;

/// What a holder says of the envelopes of an auction, or in one part of those it names, signed with its signing key:
/// it can neither be altered on the way nor denied afterwards.
struct ShareReport {
  std::string auction;
  std::string close_digest;  // 32 bytes, CloseProofDigest of the proof the holder was shown
  int holder = 0;            // 1..n

  struct Line {
    std::string envelope_digest;       // 32 bytes
    std::optional<SecretBytes> value;  // the share, or nothing: the box cannot be read
  };
  std::vector<Line> lines;  // in ascending order of digests
};

/// The report as the text a holder hands in (docs/formats.md, "Sealed envelopes"). `key` is of the set.
Result<SecretBytes> SignShareReport(const ShareReport& report, const HolderSet& holders,
                                    const HolderKey& key);

/// Reads a report and proves that it is the holder's it names. WRONG_SHARE otherwise.
Result<ShareReport> VerifyShareReport(std::string_view text, const HolderSet& holders);

/// The report in as few parts of at most kMaxPartLines envelopes as there can be, by ascending digests. Their sizes
/// differ by one at most, so that none is too small to be handed in before the others. One part, without lines, of a
/// report without any.
std::vector<ShareReport> SplitReport(ShareReport report);

/// Adds what the same holder says in `part`, on the same close proof. False when `report` says all of it already.
/// WRONG_SHARE, and nothing added, when only some of it is new, or it says something else of an envelope, or is of
/// another holder or proof.
Result<bool> AddPart(ShareReport& report, const ShareReport& part);

/// The share for one envelope; nothing when the report does not mention it.
std::optional<Share> ShareOf(const ShareReport& report, std::string_view envelope_digest);

}  // namespace ttx::sealed
