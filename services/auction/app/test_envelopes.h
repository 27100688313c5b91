#pragma once

// Envelopes of a session with key holders, by default two who open together, for tests only.

#include <algorithm>
#include <string>
#include <vector>

#include "libs/crypto/signature.h"
#include "libs/sealed/test_parties.h"
#include "services/auction/app/auction_app.h"
#include "services/auction/app/opening.h"
#include "services/auction/domain/test_session.h"

namespace ttx::auction::testing {

class EnvelopeKit {
 public:
  explicit EnvelopeKit(int needed = 2, int total = 2)
      : parties_(sealed::MakeTestParties(sealed::Suite::kTtxSb1, needed, total)) {}

  AuctionOptions Options() const {
    return {.hold_after_silence = false,
            .origin = parties_.context.origin,
            .record_key_pem = RecordKey().private_pem};
  }

  /// A session of three bidders from 1 000.00, open from 09:00 to 10:00.
  ScheduleAuction SessionFor(Mode mode) const {
    ScheduleAuction command = SessionOf(mode, Yuan(1'000), Yuan(10));
    command.rules.sealed.submissions = 2;
    command.rules.sealed.may_withdraw = true;
    command.rules.sealed.shares_needed = parties_.holders.threshold();
    command.rules.sealed.shares_total = parties_.holders.size();
    command.rules.sealed.holder_set = parties_.holders.text();
    command.rules.suspension.resume_notice = {};
    if (mode == Mode::kWeighted) command.rules.scoring.price_weight = {600'000};
    if (mode == Mode::kTender) {
      command.rules.min_bidders = 3;
      command.rules.scoring.price_weight = {600'000};
      command.rules.scoring.criteria = {{"technology", {400'000}}};
    }
    return command;
  }

  static std::string Seed(const std::string& code, uint32_t version = 1) {
    return sealed::TestSeed(code + std::to_string(version));
  }

  /// What the bidder makes on a machine of its own.
  std::string Seal(const Auction& auction, const std::string& code, Fen price, uint32_t version = 1) const {
    const sealed::Context context{.suite = sealed::Suite::kTtxSb1,
                                  .origin = parties_.context.origin,
                                  .auction = "auctions/" + auction.id().text,
                                  .lot = std::to_string(auction.envelopes.round),
                                  .bidder = code,
                                  .version = version,
                                  .rules_hash = RulesHash(*auction.terms),
                                  .holder_set_id = parties_.holders.id()};
    return sealed::Seal(Seed(code, version), context, parties_.holders, sealed::Part::kPrice,
                        sealed::FormatPrice(price))
        .value();
  }

  /// What holder `holder`, from 1, says of these envelopes of `auctions/a1`.
  std::string Report(int holder, const std::string& proof, const std::vector<std::string>& envelopes) const {
    return Sign(Shares(holder, proof, envelopes));
  }
  sealed::ShareReport Shares(int holder, const std::string& proof, const std::vector<std::string>& envelopes) const {
    const sealed::HolderKey& key = parties_.keys[static_cast<size_t>(holder - 1)];
    sealed::ShareReport report{
        "auctions/a1", sealed::CloseProofDigest(sealed::Suite::kTtxSb1, proof), holder, {}};
    for (const std::string& bytes : envelopes) {
      const sealed::Envelope envelope = sealed::ParseEnvelope(bytes).value();
      report.lines.push_back({envelope.digest, OpenShare(key, parties_.holders, envelope).value().value});
    }
    std::sort(report.lines.begin(), report.lines.end(),
              [](const auto& a, const auto& b) { return a.envelope_digest < b.envelope_digest; });
    return report;
  }
  std::string Sign(const sealed::ShareReport& report) const {
    const sealed::HolderKey& key = parties_.keys[static_cast<size_t>(report.holder - 1)];
    return std::string(sealed::SignShareReport(report, parties_.holders, key).value().view());
  }

 private:
  static const crypto::KeyPair& RecordKey() {
    static const crypto::KeyPair key = crypto::GenerateKey(crypto::Suite::kEcdsaP256Sha256);
    return key;
  }

  const sealed::TestParties parties_;
};

}  // namespace ttx::auction::testing
