#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/auction/domain/auction.h"

namespace ttx::sim {

using AuctionLog = std::vector<auction::Event>;

/// The rules of bidding (domain.md 5), once more and naively: walks through the log of one session, of any
/// mode, and says what is wrong with it.
class Referee {
 public:
  using State = auction::State;
  using Complain = std::function<void(const std::string&)>;
  explicit Referee(Complain complain) : complain_(std::move(complain)) {}

  void Run(const AuctionLog& log);

  struct Accepted {
    std::string code;
    int64_t fen;
  };
  const std::map<int64_t, Accepted>& bids() const { return bids_; }
  /// Who leads after all of it: the highest bid, of equal ones the first, unless a lot or an opening named
  /// another.
  const std::optional<auction::Bid>& leader() const { return leader_; }
  const auction::Scheduled& scheduled() const { return scheduled_; }
  const std::optional<auction::Closed>& closed() const { return closed_; }

 private:
  void Require(bool holds, const char* violation) const {
    if (!holds) complain_(violation);
  }
  const auction::Rules& rules() const { return scheduled_.terms->rules; }
  bool TakesPrices() const;
  Duration LengthOf(State phase) const;
  int64_t DutchPriceAt(Time time) const;
  void JudgeRise(const auction::Bid& bid) const;
  void JudgeWinner(const auction::Closed& event) const;
  int64_t HighestBid() const;

  // What moves nothing.
  template <class Payload>
  void Take(const Payload&) {}
  void Take(const auction::Scheduled& event);
  void Take(const auction::BidderAdded& event) { scheduled_.bidders.push_back(event.bidder); }
  void Take(const auction::PhaseStarted& event);
  void Take(const auction::Suspended& event);
  void Take(const auction::Resumed& event);
  void Take(const auction::Extended& event);
  void Take(const auction::BidAccepted& event);
  void Take(const auction::EnvelopeAccepted& event);
  void Take(const auction::EnvelopeWithdrawn& event);
  void Take(const auction::LeaderNamed& event) { leader_ = event.bid; }
  void Take(const auction::Forfeited& event);
  void Take(const auction::BidsVoided& event);
  void Take(const auction::Closed& event);

  const Complain complain_;
  auction::Scheduled scheduled_;
  std::map<int64_t, Accepted> bids_;
  std::set<std::string> barred_;  // before the close
  std::optional<auction::Bid> leader_;
  std::optional<auction::Closed> closed_;
  Time now_;  // of the event
  State phase_ = State::kScheduled;
  State before_suspension_ = State::kScheduled;
  Duration remaining_;
  Time end_;
  int64_t last_number_ = 0;
  Time last_time_;
};

}  // namespace ttx::sim
