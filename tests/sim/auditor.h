#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/installation.h"

namespace ttx::sim {

/// Looks at what is durable with rules of its own and names what does not hold, by invariant: A auctions, E escrow,
/// C contracts, S system.
class Auditor {
 public:
  Auditor(const World& world, const Installation& services) : world_(world), services_(services) {}

  /// Something that was acknowledged and must be true for ever (S1). `check` says what is wrong, or nothing.
  void Remember(std::string what, std::function<std::optional<std::string>()> check) {
    facts_.push_back({std::move(what), std::move(check)});
  }
  /// The answer to a bid, in the order in which bidders heard of it (A2).
  void RememberBid(const std::string& auction_id, int64_t number, const std::string& code, int64_t fen);

  /// What must hold at any time.
  void Audit();
  /// What must hold besides when nothing is on its way any more.
  void AuditAtRest();

  const std::vector<std::string>& violations() const { return violations_; }
  /// How many things were looked at: an audit that sees nothing is no audit.
  uint64_t checks() const { return checks_; }

 private:
  struct RememberedFact {
    std::string what;
    std::function<std::optional<std::string>()> check;
  };
  struct Heard {
    int64_t number;
    std::string code;
    int64_t fen;
  };
  // What was seen of a contract when it had its first signature.
  struct SignedText {
    std::string frozen;
    std::string canonical;
  };

  template <class... Parts>
  void Expect(bool holds, const Parts&... parts) {
    ++checks_;
    if (holds) return;
    std::string violation;
    ((violation += parts), ...);
    if (reported_.insert(violation).second) violations_.push_back(violation);
  }
  const storage::Kv& Disk(const std::string& node) const {
    return const_cast<World&>(world_).node(node).disk();
  }

  void AuditAnswers();
  void AuditFacts();
  void AuditOutboxes();
  void AuditAuctions();
  struct Sums {
    int64_t debits = 0;
    int64_t credits = 0;
    bool operator==(const Sums&) const = default;
  };
  // By account and dimension; an empty dimension is the account as a whole.
  using Accounts = std::map<std::pair<int64_t, std::string>, Sums>;

  Accounts SumJournals(const std::string& exchange);
  void CompareBalances(const std::string& exchange, const Accounts& computed);
  void AuditLedger(const std::string& exchange);
  void AuditDeposits();
  void AuditSettlements();
  void AuditContracts();
  void AuditDeals();
  void FoldListings();
  void FoldAuctions();
  void FoldContracts();
  void FoldSettlements();
  void FoldDisclosure();
  void FoldParty();
  void AuditEffects();

  const World& world_;
  const Installation& services_;
  std::vector<RememberedFact> facts_;
  std::map<std::string, std::vector<Heard>> heard_;
  std::map<std::string, SignedText> signed_texts_;
  std::map<std::string, std::pair<uint64_t, std::string>>
      outboxes_;                             // node -> length and digest of what was seen
  std::map<std::string, uint64_t> cursors_;  // consumer and source -> position
  std::set<std::string> reported_;
  std::vector<std::string> violations_;
  uint64_t checks_ = 0;
};

}  // namespace ttx::sim
