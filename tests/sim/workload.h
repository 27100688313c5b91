#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/auditor.h"
#include "tests/sim/cast.h"

namespace ttx::sim {

struct WorkloadOptions {
  size_t deals = 4;
  /// Whether parties misbehave, chance interferes and the clock leaps. Without it every deal with a bidder
  /// reaches its end.
  bool mischief = true;
  int max_steps = 4000;
  /// Every so many steps the auditor looks at everything.
  int steps_per_audit = 60;
};

/// How somebody pays.
enum class Paying {
  kProperly,
  kNever,
  kLate,
  kShort,
  kOtherName,
  kOtherReference,
  kTwice,
  kInParts,
  kTooMuch
};
/// Who does not sign what.
enum class Unsigned { kNothing, kConfirmation, kDraft, kBySeller, kByBuyer };
enum class Objecting { kNot, kDismissed, kRejected, kUpheld, kWithdrawn };

struct BidderPlan {
  size_t enterprise = 0;
  Paying paying = Paying::kProperly;
  bool qualified = true;
  bool owner_objects = false;
  bool owner_silent = false;
  bool withdraws = false;
  int notices = 0;  // sent to the bank's system so far
  int bids = 1;     // still to be made
};

/// One deal: what its people intend, and the names of what came of it so far.
struct DealPlan {
  size_t exchange = 0;
  size_t university = 0;
  int64_t price = 0;
  int64_t step = 0;
  listing::Mode mode = listing::Mode::kMulti;  // the sealed modes are in closing_test.cc
  int64_t reserve = 0;                         // 0: none
  bool suspends = false;
  /// What a bidder is accused of before the session closes, and after it (domain.md 5.12).
  std::optional<auction::ForfeitCause> default_before;
  std::optional<auction::ForfeitCause> default_after;
  bool withdraws = false;
  bool quotes = true;
  std::vector<BidderPlan> bidders;
  Unsigned leaves_unsigned = Unsigned::kNothing;
  Paying paying = Paying::kProperly;
  bool registry_refuses = false;
  bool registry_asks = false;
  Objecting objecting = Objecting::kNot;
  disclosure::NoticeType objects_to = disclosure::NoticeType::kN7;
  size_t objector = 0;

  std::string achievement;  // ids
  std::string listing;
  std::string objection;
  bool proposed_resume = false;
  bool refused_once = false;
  bool asked_once = false;
  int price_notices = 0;
  int fee_notices = 0;
  Time asleep;                          // does nothing before
  std::map<std::string, Time> refused;  // what was refused is not tried again before
};

/// Several deals at once. Each looks at what is committed and takes one of the steps that are open to it; the
/// seed says which deal, which step and how.
class Workload {
 public:
  Workload(World& world, Installation& services, Auditor& auditor, WorkloadOptions options);

  /// Runs until all deals are over or the steps are used up, with audits on the way and at the end.
  void Run();

  const std::vector<DealPlan>& deals() const { return deals_; }
  listing::Listing ListingOf(const DealPlan& deal) const;
  /// "CLOSED", or why not: for the messages of tests.
  std::string Describe(const DealPlan& deal) const;
  /// Whether the deal is closed and its certificate valid.
  bool IsComplete(const DealPlan& deal) const;
  bool IsOver(const DealPlan& deal) const;
  /// Method and reason -> how often.
  const std::map<std::string, int>& refusals() const { return refusals_; }
  /// Defaults that a second person confirmed, while the session was open and after its close.
  struct Defaults {
    int before_close = 0;
    int after_close = 0;
  };
  const Defaults& defaults() const { return defaults_; }
  int steps() const { return steps_; }
  const Cast& cast() const { return cast_; }

 private:
  struct Action {
    std::string name;
    std::function<bool()> run;  // whether it was accepted
  };
  using Actions = std::vector<Action>;

  DealPlan MakePlan();
  BidderPlan MakeBidder(size_t enterprise);
  bool StepOnce();
  void Pass();
  bool Try(DealPlan& deal);
  void Interfere();

  Actions OpenTo(DealPlan& deal);
  void OnAchievement(DealPlan& deal, Actions& out);
  void OnApplication(DealPlan& deal, const listing::Listing& listing, Actions& out);
  void OnPeriod(DealPlan& deal, const listing::Listing& listing, Actions& out);
  void OnIntents(DealPlan& deal, const listing::Listing& listing, Actions& out);
  void OnIntent(DealPlan& deal, const listing::Listing& listing, BidderPlan& bidder,
                const listing::Intent& intent, Actions& out);
  void OnDeposit(DealPlan& deal, BidderPlan& bidder, const listing::Intent& intent, Actions& out);
  void OnBidding(DealPlan& deal, const listing::Listing& listing, Actions& out);
  void OnSold(DealPlan& deal, const listing::Listing& listing, Actions& out);
  void OnDefault(DealPlan& deal, const auction::Auction& session, Actions& out);
  void OnConfirmation(DealPlan& deal, const listing::Listing& listing, Actions& out);
  void OnContract(DealPlan& deal, const contract::Deal& facts, const contract::Contract& contract,
                  Actions& out);
  void OnRegistration(DealPlan& deal, const contract::Contract& contract, Actions& out);
  void OnSettlement(DealPlan& deal, const listing::Listing& listing, Actions& out);
  void OnObjection(DealPlan& deal, const listing::Listing& listing, Actions& out);
  void OnCertificate(DealPlan& deal, const listing::Listing& listing, Actions& out);
  void OnText(DealPlan& deal, const contract::Deal& facts, const contract::Contract& contract, Actions& out);
  void AddSigning(const Member& member, const contract::Contract& contract, Actions& out);
  Actions OpenToTreasury();
  void OnPayout(const settlement::Payout& payout, Actions& out);
  void OnUnmatched(const Exchange& exchange, const settlement::Notice& notice, Actions& out);
  std::string ReferenceFor(const Exchange& exchange, const std::string& payer_name) const;

  bool CreateAchievement(DealPlan& deal);
  bool CreateListing(DealPlan& deal);
  bool PlaceBid(DealPlan& deal, BidderPlan& bidder, const std::string& auction_id);
  bool Pay(DealPlan& deal, const std::string& payer_name, settlement::Escrow account, int64_t fen,
           const std::string& reference, Duration ago, Paying paying);
  bool Draft(DealPlan& deal, const contract::Deal& facts);
  bool FileObjection(DealPlan& deal, const disclosure::NoticeId& notice);
  void RememberSignature(const contract::ContractId& id, const std::string& organization);

  // Sends a command; `run(txn)` gives a Result and `text(value)` what the answer says of it.
  template <class Run, class Text>
  Result<std::string> Ask(const char* node, const Principal& caller, const std::string& method, Run run,
                          Text text) {
    const Result<std::string> answer = world_.Request(world_.node(node), caller, method,
                                                      [run, text](storage::Txn& txn) -> Result<std::string> {
                                                        TTX_TRY(const auto value, run(txn));
                                                        return text(value);
                                                      });
    if (!answer.ok()) ++refusals_[method + " " + std::string(ReasonName(answer.error().reason))];
    return answer;
  }
  // The same when only acceptance matters.
  template <class Run>
  bool Do(const char* node, const Principal& caller, const std::string& method, Run run) {
    return Ask(node, caller, method, run, [](const auto&) { return std::string(); }).ok();
  }

  const storage::Kv& Disk(const char* node) const { return world_.node(node).disk(); }
  bool Mischief(uint64_t permille) { return options_.mischief && world_.Chance(permille); }
  const Exchange& ExchangeOf(const DealPlan& deal) const { return cast_.exchanges[deal.exchange]; }
  const Member& SellerOf(const DealPlan& deal) const { return cast_.universities[deal.university]; }
  const Member* Enterprise(const std::string& organization) const;
  contract::SignatureInput Sign(const Key& key, const std::string& text) const;

  World& world_;
  Installation& services_;
  Auditor& auditor_;
  const WorkloadOptions options_;
  const Cast cast_;
  std::vector<DealPlan> deals_;
  std::map<std::string, int> refusals_;
  std::map<std::string, Time> treasury_refused_;
  Defaults defaults_;
  uint64_t next_number_ = 1;
  int steps_ = 0;
  int idle_ = 0;
};

}  // namespace ttx::sim
