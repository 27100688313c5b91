#include "libs/sealed/opening.h"

#include <algorithm>

#include "libs/core/check.h"
#include "libs/core/encoding.h"
#include "libs/sealed/shamir.h"

namespace ttx::sealed {
namespace {

Status CheckHolders(const Envelope& envelope, const HolderSet& holders) {
  if (envelope.context.suite == holders.suite() && envelope.context.holder_set_id == holders.id() &&
      envelope.boxes.size() == holders.holders().size()) {
    return {};
  }
  return Error(Reason::kWRONG_HOLDER_SET, {{"expected", Hex(holders.id())}});
}

Status CheckShares(const HolderSet& holders, const std::vector<Share>& shares) {
  std::vector<bool> seen(static_cast<size_t>(holders.size()) + 1);
  for (const Share& share : shares) {
    if (share.holder < 1 || share.holder > holders.size()) {
      return InvalidField("shares", Reason::kOUT_OF_RANGE, "1.." + std::to_string(holders.size()));
    }
    const auto index = static_cast<size_t>(share.holder);
    if (seen[index]) return InvalidField("shares", Reason::kDUPLICATE);
    seen[index] = true;
    if (share.value && share.value->size() != kShareBytes) {
      return InvalidField("shares", Reason::kBAD_FORMAT, "32 bytes");
    }
  }
  return {};
}

// Whether a seed is the one the envelope commits to.
bool Committed(const Envelope& envelope, std::string_view context, std::string_view seed) {
  return internal::Commitment(envelope.context.suite, context, seed) == envelope.commitment;
}

// Tries every choice of t shares until one gives the committed seed. At most C(15, 7) = 6435 choices.
std::optional<SecretBytes> FindSeed(const Envelope& envelope, const HolderSet& holders,
                                    const std::vector<Share>& shares) {
  std::vector<IndexedShare> readable;
  for (const Share& share : shares) {
    if (share.value) readable.push_back({share.holder, *share.value});
  }
  const auto threshold = static_cast<size_t>(holders.threshold());
  if (readable.size() < threshold) return std::nullopt;
  const std::string context = internal::EncodeContext(envelope.context);
  std::vector<bool> chosen(readable.size(), false);
  std::fill_n(chosen.begin(), threshold, true);
  do {
    std::vector<const IndexedShare*> choice;
    for (size_t i = 0; i < readable.size(); ++i) {
      if (chosen[i]) choice.push_back(&readable[i]);
    }
    SecretBytes seed = Interpolate(choice);
    if (Committed(envelope, context, seed.view())) return seed;
  } while (std::prev_permutation(chosen.begin(), chosen.end()));
  return std::nullopt;
}

// Sets the flaw of a verdict whose seed is known, and the content when there is none.
void JudgeBody(const Envelope& envelope, const HolderSet& holders, Verdict& verdict) {
  const std::optional<SecretBytes> padded = internal::ReadBody(envelope, verdict.seed);
  if (!padded) {
    verdict.flaw = Flaw::kBodyNotAuthentic;
    return;
  }
  verdict.flaw = Flaw::kNotReproducible;
  const std::optional<std::string_view> content = internal::Unpad(padded->view());
  if (!content) return;
  const Result<std::string> again = Seal(verdict.seed, envelope.context, holders, envelope.part, *content);
  if (!again.ok() || *again != envelope.bytes) return;
  verdict.outcome = Outcome::kValid;
  verdict.flaw = Flaw::kNone;
  verdict.content = std::string(*content);
}

// A holder lied when its box is the one that follows from the seed, so that its true share is known, and it
// said something else. Of a box that does not follow from the seed nothing is known.
std::vector<int> FindLiars(const Envelope& envelope, const HolderSet& holders, std::string_view seed,
                           const std::vector<Share>& shares) {
  const internal::Derived derived =
      internal::Derive(seed, internal::EncodeContext(envelope.context), holders);
  std::vector<int> liars;
  for (const Share& share : shares) {
    const auto at = static_cast<size_t>(share.holder - 1);
    if (share.value && *share.value == derived.shares[at]) continue;
    if (internal::MakeBox(seed, derived, holders, share.holder) == envelope.boxes[at])
      liars.push_back(share.holder);
  }
  std::sort(liars.begin(), liars.end());
  return liars;
}

Verdict Judge(const Envelope& envelope, const HolderSet& holders, std::string_view seed,
              const std::vector<Share>& shares) {
  Verdict verdict;
  verdict.seed = std::string(seed);
  JudgeBody(envelope, holders, verdict);
  verdict.liars = FindLiars(envelope, holders, seed, shares);
  return verdict;
}

}  // namespace

std::string_view FlawName(Flaw flaw) {
  switch (flaw) {
    case Flaw::kNone:
      return "";
    case Flaw::kSeedNotRecovered:
      return "SEED_NOT_RECOVERED";
    case Flaw::kBodyNotAuthentic:
      return "BODY_NOT_AUTHENTIC";
    case Flaw::kNotReproducible:
      return "NOT_REPRODUCIBLE";
  }
  return "";
}

Result<Share> OpenShare(const HolderKey& key, const HolderSet& holders, const Envelope& envelope) {
  TTX_RETURN_IF_ERROR(CheckHolders(envelope, holders));
  const int index = holders.IndexOf(key);
  if (index == 0) return Error(Reason::kWRONG_HOLDER_SET, {{"expected", Hex(holders.id())}});
  return Share{index, internal::ReadBox(envelope, key.box_private, holders.holder(index).box_key, index)};
}

Result<Verdict> Combine(const Envelope& envelope, const HolderSet& holders,
                        const std::vector<Share>& shares) {
  TTX_RETURN_IF_ERROR(CheckHolders(envelope, holders));
  TTX_RETURN_IF_ERROR(CheckShares(holders, shares));
  if (shares.size() < static_cast<size_t>(holders.threshold())) {
    return Error(Reason::kQUORUM_NOT_REACHED, {{"count", std::to_string(shares.size())},
                                               {"threshold", std::to_string(holders.threshold())}});
  }
  const std::optional<SecretBytes> seed = FindSeed(envelope, holders, shares);
  if (!seed) return Verdict{};
  return Judge(envelope, holders, seed->view(), shares);
}

Result<Verdict> Reveal(const Envelope& envelope, const HolderSet& holders, std::string_view seed,
                       const std::vector<Share>& shares) {
  TTX_RETURN_IF_ERROR(CheckHolders(envelope, holders));
  TTX_RETURN_IF_ERROR(CheckShares(holders, shares));
  if (seed.size() != kSeedBytes || !Committed(envelope, internal::EncodeContext(envelope.context), seed)) {
    return Verdict{};
  }
  return Judge(envelope, holders, seed, shares);
}

}  // namespace ttx::sealed
