#include "services/auction/app/opening.h"

#include <algorithm>

#include "libs/core/encoding.h"
#include "libs/crypto/digest.h"
#include "libs/sealed/opening.h"
#include "libs/sealed/rules.h"
#include "services/auction/app/auction_app.h"
#include "services/auction/domain/limits.h"

namespace ttx::auction {
namespace {

static_assert(kMinPartEnvelopes <= sealed::kMaxPartLines, "a part of a holder's shares is long enough to be taken");

// A set that was checked when the session was scheduled. Envelopes of one session come after one another, and
// reading the holders' keys costs more than reading an envelope: each thread keeps the last set.
const sealed::HolderSet& MustHolders(const Auction& auction) {
  thread_local std::optional<sealed::HolderSet> last;
  if (!last || last->text() != auction.rules().sealed.holder_set) {
    Result<sealed::HolderSet> holders = sealed::HoldersOf(auction.rules());
    TTX_CHECK(holders.ok(), "the key holders of a session cannot be read");
    last = std::move(holders).value();
  }
  return *last;
}

sealed::Envelope MustParse(std::string_view bytes) {
  Result<sealed::Envelope> envelope = sealed::ParseEnvelope(bytes);
  TTX_CHECK(envelope.ok(), "an envelope that was accepted cannot be read");
  return std::move(envelope).value();
}

std::string NameOf(const Auction& auction) { return "auctions/" + auction.id().text; }

std::vector<sealed::Share> SharesOf(const std::vector<sealed::ShareReport>& reports,
                                    const sealed::Envelope& envelope) {
  std::vector<sealed::Share> shares;
  for (const sealed::ShareReport& report : reports) {
    if (auto share = sealed::ShareOf(report, envelope.digest)) shares.push_back(*std::move(share));
  }
  return shares;
}

EnvelopeVerdict FromVerdict(const Auction& auction, const sealed::Verdict& from) {
  EnvelopeVerdict verdict{
      std::nullopt, std::string(sealed::FlawName(from.flaw)), from.seed, {}, auction.envelopes.holders};
  for (const int liar : from.liars) verdict.liars.push_back(liar);
  if (from.outcome != sealed::Outcome::kValid) return verdict;
  const Result<Fen> price = sealed::ParsePrice(from.content);
  if (price.ok()) {
    verdict.price = *price;
  } else {
    verdict.flaw = "NOT_A_PRICE";
  }
  return verdict;
}

}  // namespace

std::string RulesHash(const Terms& terms) {
  Terms published = terms;
  published.holders.clear();
  Auction auction;
  auction.terms = std::move(published);
  return crypto::Sha256(CanonicalLine(auction, {Time{}, Scheduled{auction.terms, {}}}));
}

Result<sealed::Envelope> ReadEnvelope(const Auction& auction, const AuctionOptions& options,
                                      const std::string& code, int32_t version, std::string_view bytes) {
  TTX_TRY(sealed::Envelope envelope, sealed::ParseEnvelope(bytes));
  const sealed::HolderSet& holders = MustHolders(auction);
  const sealed::Context expected{.suite = holders.suite(),
                                 .origin = options.origin,
                                 .auction = NameOf(auction),
                                 .lot = std::to_string(auction.envelopes.round),
                                 .bidder = code,
                                 .version = static_cast<uint32_t>(version),
                                 .rules_hash = RulesHash(*auction.terms),
                                 .holder_set_id = holders.id()};
  TTX_RETURN_IF_ERROR(sealed::CheckAddressed(envelope, expected, holders));
  if (envelope.part != sealed::Part::kPrice)
    return Error(Reason::kENVELOPE_MALFORMED, {{"detail", "not a price"}});
  return envelope;
}

std::string MakeCloseProof(const StoredAuction& stored, const AuctionOptions& options,
                           const std::vector<EnvelopeEntry>& envelopes) {
  const Auction& auction = stored.auction;
  const sealed::HolderSet& holders = MustHolders(auction);
  std::vector<std::string> digests;
  for (const EnvelopeEntry& envelope : envelopes) digests.push_back(envelope.digest);
  const sealed::CloseStatement statement{.suite = holders.suite(),
                                         .origin = options.origin,
                                         .auction = NameOf(auction),
                                         .lot = std::to_string(auction.envelopes.round),
                                         .rules_hash = RulesHash(*auction.terms),
                                         .holder_set_id = holders.id(),
                                         .close_time = auction.phase_end,
                                         .log_hash = stored.log_hash,
                                         .envelope_count = static_cast<int64_t>(digests.size()),
                                         .envelopes_root = sealed::EnvelopesRoot(holders.suite(), digests)};
  Result<std::string> proof =
      sealed::SignCloseStatement(statement, crypto::Suite::kEcdsaP256Sha256, options.record_key_pem);
  TTX_CHECK(proof.ok(), "the close of a session cannot be signed");
  return std::move(proof).value();
}

Result<sealed::ShareReport> ReadShares(const Auction& auction, std::string_view close_proof,
                                       const std::vector<std::string>& digests, std::string_view report) {
  const sealed::HolderSet& holders = MustHolders(auction);
  TTX_TRY(sealed::ShareReport shares, sealed::VerifyShareReport(report, holders));
  const auto wrong = [&](std::string detail) {
    return Error(Reason::kWRONG_SHARE,
                 {{"holder", std::to_string(shares.holder)}, {"detail", std::move(detail)}});
  };
  if (shares.auction != NameOf(auction)) return wrong("of another auction");
  if (shares.close_digest != sealed::CloseProofDigest(holders.suite(), close_proof))
    return wrong("on another close proof");
  if (shares.lines.empty()) return wrong("about no envelope");
  for (const sealed::ShareReport::Line& line : shares.lines) {
    if (!std::binary_search(digests.begin(), digests.end(), line.envelope_digest)) {
      return wrong("about an envelope that was not counted at the close, " + Hex(line.envelope_digest));
    }
  }
  return shares;
}

sealed::ShareReport JoinShares(const Auction& auction, std::string_view close_proof, int holder,
                               const std::vector<std::string>& parts) {
  const sealed::HolderSet& holders = MustHolders(auction);
  sealed::ShareReport whole{
      NameOf(auction), sealed::CloseProofDigest(holders.suite(), close_proof), holder, {}};
  for (const std::string& text : parts) {
    const Result<sealed::ShareReport> part = sealed::VerifyShareReport(text, holders);
    TTX_CHECK(part.ok() && sealed::AddPart(whole, *part).ok(), "shares that were taken cannot be read");
  }
  return whole;
}

EnvelopeVerdict Judge(const Auction& auction, std::string_view bytes,
                      const std::vector<sealed::ShareReport>& reports) {
  const sealed::Envelope envelope = MustParse(bytes);
  const Result<sealed::Verdict> verdict =
      sealed::Combine(envelope, MustHolders(auction), SharesOf(reports, envelope));
  return FromVerdict(auction, verdict.ok() ? *verdict : sealed::Verdict{});
}

Result<EnvelopeVerdict> JudgeBySeed(const Auction& auction, std::string_view bytes, std::string_view seed,
                                    const std::vector<sealed::ShareReport>& reports) {
  const sealed::Envelope envelope = MustParse(bytes);
  TTX_TRY(const sealed::Verdict verdict,
          sealed::Reveal(envelope, MustHolders(auction), seed, SharesOf(reports, envelope)));
  if (verdict.flaw == sealed::Flaw::kSeedNotRecovered) return Error(Reason::kENVELOPE_UNREADABLE);
  return FromVerdict(auction, verdict);
}

}  // namespace ttx::auction
