#pragma once

#include <string>
#include <vector>

#include "libs/crypto/digest.h"
#include "libs/sealed/envelope.h"
#include "libs/sealed/opening.h"

namespace ttx::sealed {

/// Holders with their keys, a context addressed to them, and short cuts: for tests only.
struct TestParties {
  std::vector<HolderKey> keys;
  HolderSet holders;
  Context context;

  std::string MustSeal(std::string_view seed, Part part, std::string_view content) const {
    return Seal(seed, context, holders, part, content).value();
  }
  /// What all holders say of an envelope.
  std::vector<Share> AllShares(const Envelope& envelope) const {
    std::vector<Share> shares;
    for (const HolderKey& key : keys) shares.push_back(OpenShare(key, holders, envelope).value());
    return shares;
  }
};

/// 32 bytes that follow from a text.
inline std::string TestSeed(std::string_view text) { return crypto::Sha256(text); }

/// `count` holders of whom `threshold` open. The signing keys are made once for each suite.
inline TestParties MakeTestParties(Suite suite, int threshold, int count, std::string_view which = "") {
  static std::vector<std::string> signing_keys[2];
  std::vector<std::string>& pems = signing_keys[suite == Suite::kTtxSbSm ? 1 : 0];
  while (pems.size() < static_cast<size_t>(count)) {
    pems.push_back(crypto::GenerateKey(SignatureSuite(suite)).private_pem);
  }
  std::vector<HolderKey> keys;
  std::vector<Holder> holders;
  for (int i = 0; i < count; ++i) {
    const std::string name = "holder-" + std::to_string(i + 1);
    const std::string seed = TestSeed(name + std::string(which));
    keys.push_back(MakeHolderKey(suite, name, seed, pems[static_cast<size_t>(i)]).value());
    holders.push_back(keys.back().holder);
  }
  HolderSet set = HolderSet::Make(suite, threshold, holders).value();
  Context context{.suite = suite,
                  .origin = "ttx.example.org",
                  .auction = "auctions/01jd",
                  .lot = "1",
                  .bidder = "40217",
                  .version = 1,
                  .rules_hash = TestSeed("rules"),
                  .holder_set_id = set.id()};
  return {std::move(keys), std::move(set), std::move(context)};
}

/// Every choice of `count` of the shares.
inline std::vector<std::vector<Share>> Subsets(const std::vector<Share>& shares, int count) {
  std::vector<std::vector<Share>> subsets;
  for (unsigned int mask = 0; mask < 1U << shares.size(); ++mask) {
    if (__builtin_popcount(mask) != count) continue;
    std::vector<Share> subset;
    for (size_t i = 0; i < shares.size(); ++i) {
      if ((mask >> i & 1U) != 0) subset.push_back(shares[i]);
    }
    subsets.push_back(std::move(subset));
  }
  return subsets;
}

}  // namespace ttx::sealed
