#include "services/server/demo/key_holders.h"

#include <algorithm>

#include "libs/core/check.h"
#include "libs/core/encoding.h"
#include "libs/crypto/random.h"
#include "libs/crypto/signature.h"
#include "libs/sealed/close_proof.h"
#include "libs/sealed/opening.h"
#include "libs/sealed/share_report.h"

namespace ttx::demo {
namespace {

constexpr sealed::Suite kSuite = sealed::Suite::kTtxSb1;
constexpr const char* kNames[] = {"notary", "regulator", "trustee", "auditor", "arbiter"};

}  // namespace

KeyHolders MakeKeyHolders() {
  std::vector<sealed::HolderKey> keys;
  std::vector<sealed::Holder> holders;
  for (const char* name : kNames) {
    const std::string signing_pem = crypto::GenerateKey(sealed::SignatureSuite(kSuite)).private_pem;
    Result<sealed::HolderKey> key =
        sealed::MakeHolderKey(kSuite, name, crypto::RandomBytes(sealed::kSeedBytes), signing_pem);
    TTX_CHECK(key.ok(), "a holder's key cannot be made");
    holders.push_back(key->holder);
    keys.push_back(std::move(key).value());
  }
  Result<sealed::HolderSet> set = sealed::HolderSet::Make(kSuite, kSharesNeeded, std::move(holders));
  TTX_CHECK(set.ok(), "the list of key holders cannot be made");
  return {std::move(keys), std::move(set).value()};
}

Result<SealedPrice> SealPrice(const Address& address, const KeyHolders& holders, const std::string& code,
                              uint32_t version, int64_t fen) {
  TTX_TRY(const sealed::HolderSet published, sealed::HolderSet::Parse(address.holder_set));
  if (published.id() != holders.set.id()) return Error(Reason::kWRONG_HOLDER_SET);
  const sealed::Context context{.suite = published.suite(),
                                .origin = address.origin,
                                .auction = address.auction,
                                .lot = address.round,
                                .bidder = code,
                                .version = version,
                                .rules_hash = FromHex(address.rules_hash_hex).value_or(""),
                                .holder_set_id = published.id()};
  SealedPrice price;
  price.seed = crypto::RandomBytes(sealed::kSeedBytes);
  TTX_TRY(price.bytes,
          sealed::Seal(price.seed, context, published, sealed::Part::kPrice, sealed::FormatPrice({fen})));
  TTX_TRY(const sealed::Envelope envelope, sealed::ParseEnvelope(price.bytes));
  price.digest = envelope.digest;
  return price;
}

Result<std::string> ReportShares(const KeyHolders& holders, size_t holder, const ClosedRound& round, Time now) {
  TTX_TRY(const sealed::CloseStatement statement, sealed::VerifyCloseProof(round.proof, round.record_key_pem));
  std::vector<sealed::Envelope> envelopes;
  std::vector<std::string> digests;
  for (const std::string& bytes : round.envelopes) {
    TTX_TRY(sealed::Envelope envelope, sealed::ParseEnvelope(bytes));
    digests.push_back(envelope.digest);
    envelopes.push_back(std::move(envelope));
  }
  std::sort(digests.begin(), digests.end());
  std::sort(envelopes.begin(), envelopes.end(),
            [](const sealed::Envelope& a, const sealed::Envelope& b) { return a.digest < b.digest; });
  TTX_RETURN_IF_ERROR(sealed::CheckClosed(statement, round.auction, holders.set, digests, now));
  sealed::ShareReport report{round.auction, sealed::CloseProofDigest(kSuite, round.proof),
                             static_cast<int>(holder) + 1, {}};
  for (const sealed::Envelope& envelope : envelopes) {
    TTX_RETURN_IF_ERROR(sealed::CheckCounted(statement, holders.set, digests, envelope));
    TTX_TRY(sealed::Share share, sealed::OpenShare(holders.keys[holder], holders.set, envelope));
    report.lines.push_back({envelope.digest, std::move(share.value)});
  }
  TTX_TRY(const sealed::SecretBytes text, sealed::SignShareReport(report, holders.set, holders.keys[holder]));
  return std::string(text.view());
}

Result<int64_t> VerifyOpened(const KeyHolders& holders, const std::string& bytes, const std::string& seed) {
  TTX_TRY(const sealed::Envelope envelope, sealed::ParseEnvelope(bytes));
  TTX_TRY(const sealed::Verdict verdict, sealed::Reveal(envelope, holders.set, seed, {}));
  if (verdict.outcome != sealed::Outcome::kValid) return Error(Reason::kMALFORMED_BODY);
  TTX_TRY(const Fen price, sealed::ParsePrice(verdict.content));
  return price.value;
}

}  // namespace ttx::demo
